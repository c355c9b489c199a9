/* SPDX-License-Identifier: Apache-2.0
 * How requests ask for a reconciliation: when a day becomes wanted, what the audit trail hears of
 * it, which state a day is in, and whether more is coming.
 * links: gateway/reports/match.c gateway/reports/match_edge.c gateway/reports/match_item.c
 * links: gateway/reports/reconcile.c gateway/reports/reconciliation.c
 * links: gateway/reports/reconcile_days.c gateway/reports/reconcile_fetch.c gateway/reports/reconcile_steps.c
 * links: store/verification/words.c gateway/db_work.c gateway/account.c gateway/declared.c
 * helpers: reconciling.c own_pool.c */
#include "support/own_pool.h"
#include "support/reconciling.h"

#include <apr_general.h>

#include "gateway/reports/reconciliation.h"
#include "util/compiler.h"
#include "util/day.h"

#define CHINA     480
#define MINUTE_MS APR_INT64_C(60000)
#define HOUR_MS   APR_INT64_C(3600000)
#define T0        APR_INT64_C(1764050400000) /* 2025-11-25T14:00+08:00 */
#define TODAY     "2025-11-25"
#define YESTERDAY "2025-11-24"
#define END       (T0 + 10 * HOUR_MS)
#define READY     (END + 2 * HOUR_MS)

static dygw_gateway_t gateway;
static dygw_log_t log;
static dygw_reconciliation_t row; /* what the table has */
static int known, wishes, entries;
static dygw_ms_t wanted_for;

/* --- the table --- */

apr_status_t dygw_store_reconciliation_get(DYGW_UNUSED dygw_db_t *db, const char *day, const char *account_id,
                                           dygw_reconciliation_t **found, apr_pool_t *p)
{
    if (!known) {
        return APR_NOTFOUND;
    }
    row.day = apr_pstrdup(p, day);
    row.account_id = apr_pstrdup(p, account_id);
    *found = apr_pmemdup(p, &row, sizeof(row));
    return APR_SUCCESS;
}

apr_status_t dygw_store_reconciliation_want(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED const char *day,
                                            DYGW_UNUSED const char *account_id, dygw_ms_t now, dygw_ms_t run_at,
                                            const dygw_audit_entry_t *entry)
{
    known = 1;
    wishes++;
    entries += entry != NULL;
    wanted_for = run_at;
    row.wanted_at = now;
    row.next_run_at = run_at;
    row.tries = 0;
    return APR_SUCCESS;
}

apr_status_t dygw_store_reconciliation_items(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED const dygw_reconciliation_t *shown,
                                             DYGW_UNUSED int after_no, DYGW_UNUSED int limit,
                                             DYGW_UNUSED apr_array_header_t **items, DYGW_UNUSED apr_pool_t *p)
{
    return APR_SUCCESS;
}

void dygw_audit_fill(DYGW_UNUSED dygw_gateway_t *g, DYGW_UNUSED const dygw_actor_t *actor,
                     DYGW_UNUSED dygw_audit_entry_t *entry)
{
}

void dygw_explain_database(DYGW_UNUSED dygw_result_t *out)
{
}

/* --- asking --- */

static int set_up(void **state)
{
    make_pool(state);
    world_begin(T0);
    gateway = (dygw_gateway_t){ .account_id = "acc", .time_zone = CHINA };
    row = (dygw_reconciliation_t){ .generated_at = DYGW_NO_TIME,
                                   .next_run_at = DYGW_NO_TIME,
                                   .compared_until = DYGW_NO_TIME };
    known = wishes = entries = 0;
    return 0;
}

static int tear_down(void **state)
{
    destroy_pool(state);
    world_end();
    return 0;
}

static dygw_reconciliation_t *ask(const char *day, int refresh)
{
    const dygw_reconciliation_wanted_t wanted = { day, "acc", refresh };
    const dygw_actor_t actor = { .name = "zhang" };
    const dygw_ctx_t ctx = { &gateway, &log, pool };
    dygw_reconciliation_t *shown = NULL;
    dygw_result_t out;

    dygw_reconciliation_read(&ctx, &wanted, &actor, &shown, &out);
    assert_non_null(shown);
    return shown;
}

static void made(dygw_ms_t began, dygw_ms_t ended)
{
    row.generated_at = ended;
    row.compared_until = began - 5 * MINUTE_MS;
    row.next_run_at = READY;
    row.tries = 0;
    row.last_error = NULL;
}

static void wishes_and_entries(int wishes_wanted, int entries_wanted)
{
    assert_int_equal(wishes, wishes_wanted);
    assert_int_equal(entries, entries_wanted);
}

static void is_state(const char *day, const char *state)
{
    row.day = day;
    assert_string_equal(dygw_reconciliation_state(&gateway, &row), state);
}

static int is_coming(void)
{
    return dygw_reconciliation_is_coming(&gateway, &row);
}

static void today_is_wanted_at_once_and_entered(DYGW_UNUSED void **state)
{
    ask(TODAY, 0);
    wishes_and_entries(1, 1);
    assert_true(wanted_for <= T0);
    assert_true(is_coming());
}

/* A wish goes before what became due tonight, and not before what has waited since yesterday. */
static void today_goes_before_what_is_due_by_itself(DYGW_UNUSED void **state)
{
    ask(TODAY, 0);
    assert_in_range(T0 - wanted_for, HOUR_MS, 12 * HOUR_MS);
}

static void who_polls_while_it_runs_wants_nothing_more(DYGW_UNUSED void **state)
{
    int i;

    ask(TODAY, 0);
    for (i = 0; i < 5; i++) {
        world.now_ms += 1000;
        ask(TODAY, i % 2);
        assert_true(is_coming());
    }
    wishes_and_entries(1, 1);
}

static void for_a_minute_everybody_sees_the_same(DYGW_UNUSED void **state)
{
    known = 1;
    made(T0 - 4000, T0);
    world.now_ms = T0 + MINUTE_MS - 1;
    ask(TODAY, 0);
    wishes_and_entries(0, 0);
    assert_false(is_coming());
    world.now_ms = T0 + MINUTE_MS;
    ask(TODAY, 0);
    wishes_and_entries(1, 0);
    assert_true(is_coming());
}

static void a_run_that_takes_longer_than_a_minute_is_seen(DYGW_UNUSED void **state)
{
    known = 1;
    made(T0 - 3 * MINUTE_MS, T0);
    ask(TODAY, 0);
    wishes_and_entries(0, 0);
}

/* What was made before lies in the future by then, and each generation is later than it. */
static void after_the_clock_was_set_back_what_is_made_is_seen(DYGW_UNUSED void **state)
{
    known = 1;
    made(T0 + HOUR_MS, T0 + HOUR_MS);
    ask(TODAY, 0);
    wishes_and_entries(1, 0);
    made(T0, T0 + HOUR_MS + 1);
    ask(TODAY, 0);
    wishes_and_entries(1, 0);
    assert_false(is_coming());
}

/* The host that leads has a clock that is ahead by ten seconds. */
static void what_a_host_made_whose_clock_is_ahead_is_seen(DYGW_UNUSED void **state)
{
    ask(TODAY, 0);
    world.now_ms += 3000;
    made(T0 + 11000, T0 + 13000);
    ask(TODAY, 0);
    wishes_and_entries(1, 1);
    assert_false(is_coming());
}

static void whoever_refreshes_gets_it_anew_and_is_entered(DYGW_UNUSED void **state)
{
    known = 1;
    made(T0 - 4000, T0);
    ask(TODAY, 1);
    wishes_and_entries(1, 1);
}

static void what_has_failed_waits_for_its_next_try_or_a_refresh(DYGW_UNUSED void **state)
{
    known = 1;
    made(T0 - HOUR_MS, T0 - HOUR_MS);
    row.tries = 1;
    row.last_error = "no scope";
    row.next_run_at = T0 + MINUTE_MS;
    ask(TODAY, 0);
    wishes_and_entries(0, 0);
    assert_false(is_coming());
    ask(TODAY, 1);
    wishes_and_entries(1, 1);
}

/* Where a host of an older version leads, nothing else comes; it does not say how far it goes. */
static void what_an_older_version_made_of_today_is_seen_for_a_minute(DYGW_UNUSED void **state)
{
    known = 1;
    made(T0, T0);
    row.compared_until = DYGW_NO_TIME;
    ask(TODAY, 0);
    wishes_and_entries(0, 0);
    world.now_ms = T0 + MINUTE_MS;
    ask(TODAY, 0);
    wishes_and_entries(1, 0);
}

static void a_day_that_has_ended_is_made_once(DYGW_UNUSED void **state)
{
    known = 1;
    row.generated_at = T0 - HOUR_MS;
    ask(YESTERDAY, 0);
    wishes_and_entries(0, 0);
    known = 0;
    ask(YESTERDAY, 0);
    wishes_and_entries(1, 1);
    assert_int_equal(wanted_for, T0);
}

static void a_day_is_open_until_its_end(DYGW_UNUSED void **state)
{
    is_state(TODAY, "open");
    made(T0 - 4000, T0);
    is_state(TODAY, "open");
    world.now_ms = END - 1;
    is_state(TODAY, "open");
    world.now_ms = END;
    is_state(TODAY, "pending");
}

static void a_day_is_done_when_it_was_compared_as_a_whole(DYGW_UNUSED void **state)
{
    world.now_ms = READY + HOUR_MS;
    made(T0 - 4000, T0);
    is_state(TODAY, "pending");
    row.generated_at = READY + 5;
    row.compared_until = DYGW_NO_TIME;
    row.next_run_at = DYGW_NO_TIME;
    is_state(TODAY, "done");
    row.next_run_at = READY + HOUR_MS; /* somebody wants it anew */
    is_state(TODAY, "pending");
}

static void a_day_that_is_given_up_is_done_only_if_it_was_compared_as_a_whole(DYGW_UNUSED void **state)
{
    world.now_ms = READY + 24 * HOUR_MS;
    is_state(TODAY, "pending");
    row.last_error = "no scope";
    row.generated_at = T0;
    is_state(TODAY, "pending");
    row.generated_at = READY;
    is_state(TODAY, "done");
    row.compared_until = T0;
    is_state(TODAY, "pending");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(today_is_wanted_at_once_and_entered),
        TEST(today_goes_before_what_is_due_by_itself),
        TEST(who_polls_while_it_runs_wants_nothing_more),
        TEST(for_a_minute_everybody_sees_the_same),
        TEST(a_run_that_takes_longer_than_a_minute_is_seen),
        TEST(after_the_clock_was_set_back_what_is_made_is_seen),
        TEST(what_a_host_made_whose_clock_is_ahead_is_seen),
        TEST(whoever_refreshes_gets_it_anew_and_is_entered),
        TEST(what_has_failed_waits_for_its_next_try_or_a_refresh),
        TEST(what_an_older_version_made_of_today_is_seen_for_a_minute),
        TEST(a_day_that_has_ended_is_made_once),
        TEST(a_day_is_open_until_its_end),
        TEST(a_day_is_done_when_it_was_compared_as_a_whole),
        TEST(a_day_that_is_given_up_is_done_only_if_it_was_compared_as_a_whole),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("gateway_reconciliation", tests, NULL, NULL);
}
