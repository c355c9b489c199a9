/* SPDX-License-Identifier: Apache-2.0
 * dygw_reconciliations and its items: what is wanted and due, runs that end well or not, and what
 * readers see meanwhile. */
#include "records.h"

#include "store/reconciliation.h"
#include "util/compiler.h"

#define DAY      "2025-11-24"
#define NEXT_DAY "2025-11-25"

static dygw_db_t *open_empty(void)
{
    suite_do("DELETE FROM dygw_reconciliations");
    suite_do("DELETE FROM dygw_reconciliation_items");
    return suite_open(0);
}

static void want(dygw_db_t *db, const char *day, dygw_ms_t now, dygw_ms_t run_at)
{
    assert_int_equal(dygw_store_reconciliation_want(db, day, "acc", now, run_at, NULL), APR_SUCCESS);
}

static void add(dygw_db_t *db, const char *day, dygw_ms_t now, dygw_ms_t run_at)
{
    assert_int_equal(dygw_store_reconciliation_add(db, day, "acc", now, run_at), APR_SUCCESS);
}

static dygw_reconciliation_t *get(dygw_db_t *db, const char *day)
{
    dygw_reconciliation_t *r = NULL;

    assert_int_equal(dygw_store_reconciliation_get(db, day, "acc", &r, suite_pool), APR_SUCCESS);
    return r;
}

/* NULL: none is. */
static dygw_reconciliation_t *due(dygw_db_t *db, dygw_ms_t now)
{
    dygw_reconciliation_t *r = NULL;
    apr_status_t rv = dygw_store_reconciliation_due(db, now, &r, suite_pool);

    assert_int_equal(rv, r ? APR_SUCCESS : APR_NOTFOUND);
    return r;
}

static void test_a_day_is_unknown_until_it_is_wanted(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();
    dygw_reconciliation_t *r;

    assert_int_equal(dygw_store_reconciliation_get(db, DAY, "acc", &r, suite_pool), APR_NOTFOUND);
    want(db, DAY, T0, T0 + 5);
    r = get(db, DAY);
    assert_string_equal(r->day, DAY);
    assert_string_equal(r->account_id, "acc");
    assert_int_equal(r->wanted_at, T0);
    assert_int_equal(r->next_run_at, T0 + 5);
    assert_int_equal(r->generated_at, DYGW_NO_TIME);
    assert_null(r->counts);
    assert_null(r->amounts);
    assert_null(r->last_error);
    assert_int_equal(r->tries, 0);
    assert_int_equal(dygw_store_reconciliation_get(db, DAY, "other", &r, suite_pool), APR_NOTFOUND);
    dygw_db_close(db);
}

static void test_adding_changes_nothing_that_is_known_and_wanting_does(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();

    add(db, DAY, T0, T0 + 5);
    add(db, DAY, T0 + 1, T0 + 6);
    assert_int_equal(get(db, DAY)->wanted_at, T0);
    assert_int_equal(get(db, DAY)->next_run_at, T0 + 5);
    want(db, DAY, T0 + 2, T0 + 7);
    assert_int_equal(get(db, DAY)->wanted_at, T0 + 2);
    assert_int_equal(get(db, DAY)->next_run_at, T0 + 7);
    dygw_db_close(db);
}

static void test_what_is_due_longest_is_next(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();

    assert_null(due(db, T0));
    add(db, DAY, T0, T0 + 20);
    add(db, NEXT_DAY, T0, T0 + 10);
    assert_null(due(db, T0 + 9));
    assert_string_equal(due(db, T0 + 10)->day, NEXT_DAY);
    assert_string_equal(due(db, T0 + 99)->day, NEXT_DAY);
    dygw_db_close(db);
}

static void test_the_tick_tells_when_a_day_is_due(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();
    dygw_tick_t tick;

    assert_int_equal(dygw_store_tick(db, &tick, suite_pool), APR_SUCCESS);
    assert_int_equal(tick.reconcile_at, DYGW_NO_TIME);
    add(db, DAY, T0, T0 + 20);
    add(db, NEXT_DAY, T0, T0 + 10);
    assert_int_equal(dygw_store_tick(db, &tick, suite_pool), APR_SUCCESS);
    assert_int_equal(tick.reconcile_at, T0 + 10);
    dygw_db_close(db);
}

/* "2025-11-24@5 2025-11-20@1+9 ", with when it was wanted and made, from T0 on. */
static const char *known(dygw_db_t *db, const char *account_id, const char *first, const char *last)
{
    apr_array_header_t *days;
    const char *text = "";
    int i;

    assert_int_equal(dygw_store_reconciliation_days(db, account_id, first, last, &days, suite_pool), APR_SUCCESS);
    for (i = 0; i < days->nelts; i++) {
        const dygw_reconciliation_day_t *day = &APR_ARRAY_IDX(days, i, const dygw_reconciliation_day_t);
        const char *made
            = day->generated_at == DYGW_NO_TIME ? "" : apr_psprintf(suite_pool, "+%d", (int)(day->generated_at - T0));

        text = apr_psprintf(suite_pool, "%s%s@%d%s ", text, day->day, (int)(day->wanted_at - T0), made);
    }
    return text;
}

static void done(dygw_db_t *db, dygw_reconciliation_t *run, dygw_ms_t at, const char *counts);

static void test_the_known_days_of_an_account_are_found(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();

    assert_string_equal(known(db, "acc", "2025-01-01", "2025-12-31"), "");
    add(db, "2025-11-20", T0 + 1, T0);
    add(db, DAY, T0 + 5, T0);
    done(db, get(db, "2025-11-20"), T0 + 9, "{}");
    assert_string_equal(known(db, "acc", "2025-01-01", "2025-12-31"), DAY "@5 2025-11-20@1+9 ");
    assert_string_equal(known(db, "acc", "2025-11-20", "2025-11-23"), "2025-11-20@1+9 ");
    assert_string_equal(known(db, "other", "2025-01-01", "2025-12-31"), "");
    dygw_db_close(db);
}

/* The end of the day is T0 + 100, and it is ready at T0 + 200. */
static void close_day(dygw_db_t *db)
{
    assert_int_equal(dygw_store_reconciliation_close(db, DAY, T0 + 300, T0 + 100, T0 + 200), APR_SUCCESS);
}

static void test_a_day_that_was_wanted_before_its_end_is_wanted_after_it(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();
    dygw_reconciliation_t *other;

    want(db, DAY, T0 + 99, T0 + 99);
    assert_int_equal(dygw_store_reconciliation_want(db, DAY, "other", T0 + 98, T0 + 98, NULL), APR_SUCCESS);
    want(db, NEXT_DAY, T0 + 99, T0 + 99);
    assert_int_equal(dygw_store_reconciliation_failed(db, get(db, DAY), DYGW_NO_TIME, 24, "no"), APR_SUCCESS);
    close_day(db);
    assert_int_equal(get(db, DAY)->wanted_at, T0 + 300);
    assert_int_equal(get(db, DAY)->next_run_at, T0 + 300);
    assert_int_equal(get(db, DAY)->tries, 0);
    assert_int_equal(dygw_store_reconciliation_get(db, DAY, "other", &other, suite_pool), APR_SUCCESS);
    assert_int_equal(other->next_run_at, T0 + 300);
    assert_int_equal(get(db, NEXT_DAY)->next_run_at, T0 + 99);
    dygw_db_close(db);
}

static void test_a_day_that_was_compared_while_it_was_open_is_wanted_again(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();

    want(db, DAY, T0 + 50, T0 + 50);
    done(db, get(db, DAY), T0 + 199, "{}");
    close_day(db);
    assert_int_equal(get(db, DAY)->next_run_at, T0 + 300);
    dygw_db_close(db);
}

static void test_a_day_that_is_made_or_given_up_after_its_end_is_left_alone(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();

    want(db, DAY, T0 + 50, T0 + 50);
    done(db, get(db, DAY), T0 + 200, "{}");
    close_day(db);
    assert_int_equal(get(db, DAY)->next_run_at, DYGW_NO_TIME);
    want(db, DAY, T0 + 100, T0 + 100);
    assert_int_equal(dygw_store_reconciliation_failed(db, get(db, DAY), DYGW_NO_TIME, 24, "no"), APR_SUCCESS);
    close_day(db);
    assert_int_equal(get(db, DAY)->next_run_at, DYGW_NO_TIME);
    dygw_db_close(db);
}

static void test_wanting_is_audited_in_the_same_commit(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();
    dygw_audit_entry_t entry
        = { .id = suite_unique(), .at = T0, .actor = "zhang", .action = "reconciliation.refresh", .target = DAY };
    dygw_audit_entry_t warm = { .id = suite_unique(), .at = T0, .actor = "w", .action = "w" };
    const char *count = apr_psprintf(suite_pool,
                                     "SELECT COUNT(*) FROM dygw_audit WHERE "
                                     "id = %" APR_INT64_T_FMT,
                                     entry.id);
    dygw_reconciliation_t *r;

    assert_int_equal(dygw_store_audit_insert(db, &warm), APR_SUCCESS);
    wire_refuse("dygw_audit_insert", 1, 1);
    assert_int_not_equal(dygw_store_reconciliation_want(db, DAY, "acc", T0, T0, &entry), APR_SUCCESS);
    assert_int_equal(dygw_store_reconciliation_get(db, DAY, "acc", &r, suite_pool), APR_NOTFOUND);
    assert_int_equal(dygw_store_reconciliation_want(db, DAY, "acc", T0, T0, &entry), APR_SUCCESS);
    assert_int_equal(get(db, DAY)->wanted_at, T0);
    dygw_db_close(db);
    assert_string_equal(APR_ARRAY_IDX(suite_ask(1, count), 0, const char *), "1");
}

/* --- runs --- */

static void put(dygw_db_t *db, dygw_ms_t generation, int first_no, int count)
{
    const char **items = apr_pcalloc(suite_pool, (apr_size_t)count * sizeof(*items));
    int i;

    for (i = 0; i < count; i++) {
        items[i] = apr_psprintf(suite_pool, "{\"no\":%d}", first_no + i);
    }
    assert_int_equal(dygw_store_reconciliation_put_items(db, get(db, DAY), generation, first_no, items, count),
                     APR_SUCCESS);
}

static void made_until(dygw_db_t *db, dygw_reconciliation_t *run, dygw_ms_t at, dygw_ms_t until, dygw_ms_t next)
{
    const dygw_reconciliation_made_t made = { .generated_at = at,
                                              .counts = "{}",
                                              .amounts = "{}",
                                              .compared_until = until,
                                              .left_out = until == DYGW_NO_TIME ? NULL : "{\"recent_here\":3}",
                                              .next_run_at = next };

    assert_int_equal(dygw_store_reconciliation_done(db, run, &made), APR_SUCCESS);
}

static void done(dygw_db_t *db, dygw_reconciliation_t *run, dygw_ms_t at, const char *counts)
{
    const dygw_reconciliation_made_t made = { .generated_at = at,
                                              .counts = counts,
                                              .amounts = "{}",
                                              .compared_until = DYGW_NO_TIME,
                                              .next_run_at = DYGW_NO_TIME };

    assert_int_equal(dygw_store_reconciliation_done(db, run, &made), APR_SUCCESS);
}

static apr_array_header_t *items_of(dygw_db_t *db, int after_no, int limit)
{
    apr_array_header_t *items;

    assert_int_equal(dygw_store_reconciliation_items(db, get(db, DAY), after_no, limit, &items, suite_pool),
                     APR_SUCCESS);
    return items;
}

static void test_a_run_is_shown_when_it_is_done(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();
    apr_array_header_t *items;

    want(db, DAY, T0, T0);
    put(db, T0 + 9, 0, 3);
    put(db, T0 + 9, 2, 2);
    assert_int_equal(items_of(db, -1, 10)->nelts, 0);
    done(db, get(db, DAY), T0 + 9, "{\"matched\":1}");
    assert_int_equal(get(db, DAY)->generated_at, T0 + 9);
    assert_string_equal(get(db, DAY)->counts, "{\"matched\":1}");
    assert_string_equal(get(db, DAY)->amounts, "{}");
    assert_int_equal(get(db, DAY)->next_run_at, DYGW_NO_TIME);
    assert_null(due(db, T0 + 99));
    items = items_of(db, -1, 3);
    assert_int_equal(items->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(items, 2, dygw_reconciliation_item_t).item, "{\"no\":2}");
    items = items_of(db, 2, 3);
    assert_int_equal(items->nelts, 1);
    assert_int_equal(APR_ARRAY_IDX(items, 0, dygw_reconciliation_item_t).item_no, 3);
    dygw_db_close(db);
}

static void test_what_is_wanted_during_a_run_stays_wanted(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();
    dygw_reconciliation_t *run;

    want(db, DAY, T0, T0);
    run = get(db, DAY);
    want(db, DAY, T0 + 1, T0 + 1);
    done(db, run, T0 + 9, "{}");
    assert_int_equal(get(db, DAY)->generated_at, T0 + 9);
    assert_int_equal(get(db, DAY)->next_run_at, T0 + 1);
    assert_int_equal(dygw_store_reconciliation_failed(db, run, DYGW_NO_TIME, 1, "late"), APR_SUCCESS);
    assert_int_equal(get(db, DAY)->next_run_at, T0 + 1);
    assert_null(get(db, DAY)->last_error);
    dygw_db_close(db);
}

static void test_a_run_that_was_early_is_done_again(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();

    want(db, DAY, T0, T0);
    made_until(db, get(db, DAY), T0 + 9, T0 + 4, T0 + 50);
    assert_int_equal(get(db, DAY)->generated_at, T0 + 9);
    assert_int_equal(get(db, DAY)->next_run_at, T0 + 50);
    assert_int_equal(get(db, DAY)->compared_until, T0 + 4);
    assert_string_equal(get(db, DAY)->left_out, "{\"recent_here\":3}");
    made_until(db, due(db, T0 + 50), T0 + 60, DYGW_NO_TIME, DYGW_NO_TIME);
    assert_int_equal(get(db, DAY)->compared_until, DYGW_NO_TIME);
    assert_null(get(db, DAY)->left_out);
    assert_int_equal(get(db, DAY)->next_run_at, DYGW_NO_TIME);
    dygw_db_close(db);
}

/* A host of version 5 writes all but the new columns. */
static void test_how_far_a_day_goes_is_told_of_the_shown_generation_only(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();

    want(db, DAY, T0, T0);
    made_until(db, get(db, DAY), T0 + 9, T0 + 4, T0 + 50);
    suite_do(apr_psprintf(suite_pool, "UPDATE dygw_reconciliations SET generated_at = %" APR_INT64_T_FMT, T0 + 20));
    assert_int_equal(get(db, DAY)->generated_at, T0 + 20);
    assert_int_equal(get(db, DAY)->compared_until, DYGW_NO_TIME);
    assert_null(get(db, DAY)->left_out);
    dygw_db_close(db);
}

static void test_a_run_that_was_overtaken_is_not_shown(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();
    dygw_reconciliation_t *run;

    want(db, DAY, T0, T0);
    run = get(db, DAY);
    done(db, run, T0 + 9, "{\"matched\":2}");
    done(db, run, T0 + 8, "{\"matched\":1}");
    assert_int_equal(get(db, DAY)->generated_at, T0 + 9);
    assert_string_equal(get(db, DAY)->counts, "{\"matched\":2}");
    dygw_db_close(db);
}

static void test_a_run_that_failed_is_tried_again_and_given_up(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();
    char text[400];

    memset(text, 'e', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    want(db, DAY, T0, T0);
    assert_int_equal(dygw_store_reconciliation_failed(db, get(db, DAY), T0 + 50, 1, text), APR_SUCCESS);
    assert_int_equal(get(db, DAY)->tries, 1);
    assert_int_equal(get(db, DAY)->next_run_at, T0 + 50);
    assert_int_equal(strlen(get(db, DAY)->last_error), 255);
    assert_int_equal(dygw_store_reconciliation_failed(db, get(db, DAY), DYGW_NO_TIME, 2, "no"), APR_SUCCESS);
    assert_int_equal(get(db, DAY)->tries, 2);
    assert_null(due(db, T0 + 99));
    want(db, DAY, T0 + 60, T0 + 60);
    assert_int_equal(get(db, DAY)->tries, 0);
    assert_string_equal(get(db, DAY)->last_error, "no");
    done(db, get(db, DAY), T0 + 70, "{}");
    assert_null(get(db, DAY)->last_error);
    dygw_db_close(db);
}

static int tidy(dygw_db_t *db, dygw_ms_t generation, dygw_ms_t other, int limit)
{
    int removed = -1;

    assert_int_equal(dygw_store_reconciliation_tidy(db, get(db, DAY), generation, other, limit, &removed), APR_SUCCESS);
    return removed;
}

static void test_old_generations_are_removed_bit_by_bit(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();

    want(db, DAY, T0, T0);
    put(db, T0 + 1, 0, 5);
    put(db, T0 + 2, 0, 2);
    put(db, T0 + 3, 0, 2);
    done(db, get(db, DAY), T0 + 3, "{}");
    assert_int_equal(tidy(db, T0 + 3, T0 + 2, 3), 3);
    assert_int_equal(tidy(db, T0 + 3, T0 + 2, 3), 2);
    assert_int_equal(tidy(db, T0 + 3, T0 + 2, 3), 0);
    assert_int_equal(items_of(db, -1, 10)->nelts, 2);
    assert_int_equal(tidy(db, T0 + 3, T0 + 3, 3), 2);
    dygw_db_close(db);
}

static int purge(dygw_db_t *db, const char *day, int limit)
{
    int removed = -1;

    assert_int_equal(dygw_store_reconciliation_purge(db, day, limit, &removed), APR_SUCCESS);
    return removed;
}

static void test_days_of_the_past_are_purged_with_their_items(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_empty();
    dygw_reconciliation_t *r;

    want(db, DAY, T0, T0);
    put(db, T0 + 1, 0, 5);
    want(db, NEXT_DAY, T0, T0);
    assert_int_equal(purge(db, DAY, 3), 0);
    assert_int_equal(purge(db, NEXT_DAY, 3), 3);
    assert_int_equal(purge(db, NEXT_DAY, 3), 2);
    assert_int_equal(purge(db, NEXT_DAY, 3), 1);
    assert_int_equal(purge(db, NEXT_DAY, 3), 0);
    assert_int_equal(dygw_store_reconciliation_get(db, DAY, "acc", &r, suite_pool), APR_NOTFOUND);
    get(db, NEXT_DAY);
    dygw_db_close(db);
}

/* Each account has its own row of a day, and its own items. */
static void test_accounts_are_reconciled_apart(DYGW_UNUSED void **state)
{
    static const char *const items[] = { "{\"of\":1}" };
    dygw_db_t *db = open_empty();
    dygw_reconciliation_t *other = NULL;
    apr_array_header_t *found;

    add(db, DAY, T0, T0 + 20);
    assert_int_equal(dygw_store_reconciliation_add(db, DAY, "other", T0, T0 + 10), APR_SUCCESS);
    assert_string_equal(due(db, T0 + 99)->account_id, "other");
    assert_int_equal(dygw_store_reconciliation_get(db, DAY, "other", &other, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_reconciliation_put_items(db, other, T0 + 30, 0, items, 1), APR_SUCCESS);
    done(db, other, T0 + 30, "{\"matched\":3}");
    assert_string_equal(due(db, T0 + 99)->account_id, "acc");
    assert_null(get(db, DAY)->counts);
    assert_int_equal(dygw_store_reconciliation_get(db, DAY, "other", &other, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_reconciliation_items(db, other, -1, 9, &found, suite_pool), APR_SUCCESS);
    assert_int_equal(found->nelts, 1);
    done(db, get(db, DAY), T0 + 30, "{}");
    assert_int_equal(dygw_store_reconciliation_items(db, get(db, DAY), -1, 9, &found, suite_pool), APR_SUCCESS);
    assert_int_equal(found->nelts, 0);
    dygw_db_close(db);
}

void suite_reconciliations(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_a_day_is_unknown_until_it_is_wanted),
        SUITE_TEST(test_adding_changes_nothing_that_is_known_and_wanting_does),
        SUITE_TEST(test_what_is_due_longest_is_next),
        SUITE_TEST(test_the_tick_tells_when_a_day_is_due),
        SUITE_TEST(test_the_known_days_of_an_account_are_found),
        SUITE_TEST(test_a_day_that_was_wanted_before_its_end_is_wanted_after_it),
        SUITE_TEST(test_a_day_that_was_compared_while_it_was_open_is_wanted_again),
        SUITE_TEST(test_a_day_that_is_made_or_given_up_after_its_end_is_left_alone),
        SUITE_TEST(test_wanting_is_audited_in_the_same_commit),
        SUITE_TEST(test_a_run_is_shown_when_it_is_done),
        SUITE_TEST(test_what_is_wanted_during_a_run_stays_wanted),
        SUITE_TEST(test_a_run_that_was_early_is_done_again),
        SUITE_TEST(test_how_far_a_day_goes_is_told_of_the_shown_generation_only),
        SUITE_TEST(test_a_run_that_was_overtaken_is_not_shown),
        SUITE_TEST(test_a_run_that_failed_is_tried_again_and_given_up),
        SUITE_TEST(test_old_generations_are_removed_bit_by_bit),
        SUITE_TEST(test_days_of_the_past_are_purged_with_their_items),
        SUITE_TEST(test_accounts_are_reconciled_apart),
    };

    SUITE_ADD(tests);
}
