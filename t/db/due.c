/* SPDX-License-Identifier: Apache-2.0
 * dygw_verifications: what the background finds to do, when, and what it has to know for it. */
#include "records.h"

#include "store/backlog.h"
#include "store/verification/id.h"
#include "util/compiler.h"

#define LIMIT 100

/* What other tests left is none of ours. */
static dygw_db_t *open_with_nothing_due(void)
{
    suite_do("UPDATE dygw_verifications SET next_run_at = NULL, errand_at = NULL");
    return suite_open(0);
}

static dygw_verification_t *processing_at(dygw_db_t *db, dygw_ms_t next_run_at)
{
    dygw_verification_t *v = record_processing();

    v->next_run_at = next_run_at;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static dygw_verification_t *settled_at(dygw_db_t *db, dygw_verify_status_e status, dygw_enrich_status_e enrichment,
                                       dygw_ms_t next_run_at, dygw_ms_t errand_at)
{
    dygw_verification_t *v = record_processing();

    v->verify_status = status;
    v->enrichment_status = enrichment;
    v->next_run_at = next_run_at;
    v->errand_at = errand_at;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

/* A settled row with this news, of which a cancel is wanted since then. */
static dygw_verification_t *sale_at(dygw_db_t *db, dygw_verify_status_e status, int news, dygw_ms_t cancel_since,
                                    dygw_ms_t errand_at)
{
    dygw_verification_t *v = record_processing();

    v->verify_status = status;
    v->enrichment_status = DYGW_ENRICH_SKIPPED;
    v->next_run_at = DYGW_NO_TIME;
    v->news = news;
    v->cancel_since = cancel_since;
    v->errand_at = errand_at;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static apr_array_header_t *due(dygw_db_t *db, dygw_due_e what, dygw_ms_t now, int limit)
{
    apr_array_header_t *rows;

    assert_int_equal(dygw_store_verification_due(db, what, now, limit, &rows, suite_pool), APR_SUCCESS);
    return rows;
}

static void assert_row(apr_array_header_t *rows, int number, const dygw_verification_t *v)
{
    assert_true(number < rows->nelts);
    assert_int_equal(APR_ARRAY_IDX(rows, number, dygw_due_row_t).id, v->id);
    assert_int_equal(APR_ARRAY_IDX(rows, number, dygw_due_row_t).first_id, v->first_id);
    assert_int_equal(APR_ARRAY_IDX(rows, number, dygw_due_row_t).item_count, v->item_count);
    assert_int_equal(APR_ARRAY_IDX(rows, number, dygw_due_row_t).lease_until, v->lease_until);
}

static dygw_verification_t *due_at_time(dygw_db_t *db, dygw_due_e what, dygw_ms_t at)
{
    switch (what) {
    case DYGW_DUE_SETTLE:
        return processing_at(db, at);
    case DYGW_DUE_FOLLOW_UP:
        return settled_at(db, DYGW_SUCCESS, DYGW_ENRICH_SUCCESS, DYGW_NO_TIME, at);
    case DYGW_DUE_SALE:
        return sale_at(db, DYGW_SUCCESS, DYGW_NEWS_SALE, DYGW_NO_TIME, at);
    default:
        return settled_at(db, DYGW_SUCCESS, DYGW_ENRICH_PENDING, at, DYGW_NO_TIME);
    }
}

static void assert_longest_due_first(dygw_db_t *db, dygw_due_e what)
{
    dygw_verification_t *late = due_at_time(db, what, T0 + 30);
    dygw_verification_t *early = due_at_time(db, what, T0 + 10);
    dygw_verification_t *middle = due_at_time(db, what, T0 + 20);
    apr_array_header_t *rows = due(db, what, T0 + 20, LIMIT);

    assert_int_equal(rows->nelts, 2);
    assert_row(rows, 0, early);
    assert_row(rows, 1, middle);
    assert_int_equal(due(db, what, T0 + 9, LIMIT)->nelts, 0);
    rows = due(db, what, T0 + 99, LIMIT);
    assert_int_equal(rows->nelts, 3);
    assert_row(rows, 2, late);
    rows = due(db, what, T0 + 99, 1);
    assert_int_equal(rows->nelts, 1);
    assert_row(rows, 0, early);
}

static void test_what_is_due_longest_comes_first(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_with_nothing_due();

    processing_at(db, DYGW_NO_TIME);
    assert_longest_due_first(db, DYGW_DUE_SETTLE);
    assert_longest_due_first(db, DYGW_DUE_FOLLOW_UP);
    assert_longest_due_first(db, DYGW_DUE_ENRICH);
    suite_do("UPDATE dygw_verifications SET next_run_at = NULL, errand_at = NULL");
    assert_longest_due_first(db, DYGW_DUE_SALE);
    dygw_db_close(db);
}

static void test_each_kind_of_work_finds_its_own_rows(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_with_nothing_due();
    dygw_verification_t *open = processing_at(db, T0);
    dygw_verification_t *enrich = settled_at(db, DYGW_SUCCESS, DYGW_ENRICH_PENDING, T0, DYGW_NO_TIME);
    dygw_verification_t *follow_up = settled_at(db, DYGW_CANCELLED, DYGW_ENRICH_SKIPPED, T0, T0);

    settled_at(db, DYGW_SUCCESS, DYGW_ENRICH_SUCCESS, T0, DYGW_NO_TIME);
    settled_at(db, DYGW_FAILED, DYGW_ENRICH_PENDING, T0, DYGW_NO_TIME);
    settled_at(db, DYGW_PROCESSING, DYGW_ENRICH_PENDING, DYGW_NO_TIME, T0);
    assert_int_equal(due(db, DYGW_DUE_SETTLE, T0, LIMIT)->nelts, 1);
    assert_row(due(db, DYGW_DUE_SETTLE, T0, LIMIT), 0, open);
    assert_int_equal(due(db, DYGW_DUE_ENRICH, T0, LIMIT)->nelts, 1);
    assert_row(due(db, DYGW_DUE_ENRICH, T0, LIMIT), 0, enrich);
    assert_int_equal(due(db, DYGW_DUE_FOLLOW_UP, T0, LIMIT)->nelts, 1);
    assert_row(due(db, DYGW_DUE_FOLLOW_UP, T0, LIMIT), 0, follow_up);
    dygw_db_close(db);
}

/* What a follow-up has to do comes first; a refund alone is none. */
static void test_a_refund_that_is_all_is_no_follow_up(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_with_nothing_due();
    dygw_verification_t *sale = sale_at(db, DYGW_SUCCESS, DYGW_NEWS_SALE, DYGW_NO_TIME, T0);
    dygw_verification_t *cancelled = sale_at(db, DYGW_CANCELLED, DYGW_NEWS_SALE, T0, T0 + 1);
    dygw_verification_t *news = sale_at(db, DYGW_SUCCESS, DYGW_NEWS_SALE | DYGW_NEWS_WEBHOOK, DYGW_NO_TIME, T0);
    dygw_verification_t *cancel = sale_at(db, DYGW_SUCCESS, DYGW_NEWS_SALE, T0, T0 + 1);
    dygw_backlog_t backlog;

    sale_at(db, DYGW_PROCESSING, DYGW_NEWS_SALE, DYGW_NO_TIME, T0);
    assert_int_equal(due(db, DYGW_DUE_SALE, T0 + 1, LIMIT)->nelts, 2);
    assert_row(due(db, DYGW_DUE_SALE, T0 + 1, LIMIT), 0, sale);
    assert_row(due(db, DYGW_DUE_SALE, T0 + 1, LIMIT), 1, cancelled);
    assert_int_equal(due(db, DYGW_DUE_FOLLOW_UP, T0 + 1, LIMIT)->nelts, 2);
    assert_row(due(db, DYGW_DUE_FOLLOW_UP, T0 + 1, LIMIT), 0, news);
    assert_row(due(db, DYGW_DUE_FOLLOW_UP, T0 + 1, LIMIT), 1, cancel);
    assert_int_equal(dygw_store_backlog(db, &backlog), APR_SUCCESS);
    assert_int_equal(backlog.to_cancel, 2);
    dygw_db_close(db);
}

static void test_a_refund_that_is_put_off_too_far_is_recalled_alone(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_with_nothing_due();
    dygw_verification_t *sale = sale_at(db, DYGW_SUCCESS, DYGW_NEWS_SALE, DYGW_NO_TIME, T0 + 1000);
    dygw_verification_t *news = sale_at(db, DYGW_SUCCESS, DYGW_NEWS_WEBHOOK, DYGW_NO_TIME, T0 + 1000);
    int count;

    assert_int_equal(dygw_store_verification_recall(db, DYGW_DUE_SALE, T0, T0 + 999, LIMIT, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    assert_int_equal(record_get(db, sale->id)->errand_at, T0);
    assert_int_equal(record_get(db, news->id)->errand_at, T0 + 1000);
    assert_int_equal(dygw_store_verification_recall(db, DYGW_DUE_FOLLOW_UP, T0 + 1, T0 - 1, LIMIT, &count),
                     APR_SUCCESS);
    assert_int_equal(count, 1);
    assert_int_equal(record_get(db, sale->id)->errand_at, T0);
    dygw_db_close(db);
}

/* --- the tick --- */

static dygw_ms_t due_at(dygw_db_t *db)
{
    dygw_tick_t tick;

    assert_int_equal(dygw_store_tick(db, &tick, suite_pool), APR_SUCCESS);
    return tick.due_at;
}

static void test_the_tick_tells_when_work_is_due_next(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_with_nothing_due();

    assert_int_equal(due_at(db), DYGW_NO_TIME);
    settled_at(db, DYGW_SUCCESS, DYGW_ENRICH_SUCCESS, T0, DYGW_NO_TIME);
    settled_at(db, DYGW_PROCESSING, DYGW_ENRICH_PENDING, DYGW_NO_TIME, T0);
    assert_int_equal(due_at(db), DYGW_NO_TIME);
    settled_at(db, DYGW_SUCCESS, DYGW_ENRICH_PENDING, T0 + 50, DYGW_NO_TIME);
    assert_int_equal(due_at(db), T0 + 50);
    processing_at(db, T0 + 40);
    processing_at(db, T0 + 45);
    assert_int_equal(due_at(db), T0 + 40);
    settled_at(db, DYGW_SUCCESS, DYGW_ENRICH_PENDING, T0 + 60, T0 + 30);
    assert_int_equal(due_at(db), T0 + 30);
    sale_at(db, DYGW_SUCCESS, DYGW_NEWS_SALE, DYGW_NO_TIME, T0 + 20);
    assert_int_equal(due_at(db), T0 + 20);
    dygw_db_close(db);
}

static void test_the_tick_is_one_call(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_with_nothing_due();

    due_at(db);
    wire_calls = 0;
    due_at(db);
    assert_int_equal(wire_calls, 1);
    dygw_db_close(db);
}

/* --- one coupon --- */

static dygw_verification_t *of_coupon(dygw_db_t *db, const char *certificate_id, dygw_verify_status_e status)
{
    dygw_verification_t *v = record_processing();

    v->certificate_id = certificate_id;
    v->verify_status = status;
    if (status == DYGW_SUCCESS) {
        v->verify_id = suite_unique_text("v");
    }
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static const dygw_rival_t *find_rival(const apr_array_header_t *rivals, const dygw_verification_t *v)
{
    int i;

    for (i = 0; i < rivals->nelts; i++) {
        if (APR_ARRAY_IDX(rivals, i, dygw_rival_t).id == v->id) {
            return &APR_ARRAY_IDX(rivals, i, dygw_rival_t);
        }
    }
    fail_msg("no such rival");
    return NULL;
}

static void test_the_records_of_a_coupon_are_its_rivals(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *certificate_id = suite_unique_text("7");
    dygw_verification_t *first = of_coupon(db, certificate_id, DYGW_PROCESSING);
    dygw_verification_t *second = of_coupon(db, certificate_id, DYGW_SUCCESS);
    dygw_verification_t *read = record_get(db, first->id);
    apr_array_header_t *rivals;
    const dygw_rival_t *rival;

    of_coupon(db, suite_unique_text("7"), DYGW_PROCESSING);
    read->already = DYGW_ALREADY_SILENT;
    read->cancel_since = T0;
    assert_int_equal(record_update(db, read), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_rivals(db, certificate_id, NULL, &rivals, suite_pool), APR_SUCCESS);
    assert_int_equal(rivals->nelts, 2);
    rival = find_rival(rivals, second);
    assert_int_equal(rival->first_id, second->first_id);
    assert_int_equal(rival->verify_status, DYGW_SUCCESS);
    assert_string_equal(rival->verify_id, second->verify_id);
    assert_int_equal(rival->already, DYGW_ALREADY_OPEN);
    assert_false(rival->given_up);
    rival = find_rival(rivals, first);
    assert_int_equal(rival->verify_status, DYGW_PROCESSING);
    assert_null(rival->verify_id);
    assert_int_equal(rival->already, DYGW_ALREADY_SILENT);
    assert_true(rival->given_up);
    assert_true(rival->created_at == first->created_at);
    assert_true(rival->verify_time == DYGW_NO_TIME);
    dygw_db_close(db);
}

/* A record of the order whose code is this one (NULL: none); `of`: the number of the coupon in its request. */
static dygw_verification_t *of_code_and_number(dygw_db_t *db, const char *order_id, const char *code, int of,
                                               dygw_verify_status_e status)
{
    dygw_verification_t *v = record_processing();

    v->item_no = of;
    v->order_id = order_id;
    v->origin_code = code;
    v->verify_status = status;
    v->certificate_id = suite_unique_text("7");
    v->coupon_status = DYGW_COUPON_USED;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static dygw_verification_t *of_code(dygw_db_t *db, const char *order_id, const char *code, dygw_verify_status_e status)
{
    return of_code_and_number(db, order_id, code, 0, status);
}

/* The code that was typed for several coupons is that of each while it is open; only the first stands for it. */
static void test_of_several_by_one_code_the_first_stands_for_it_until_they_are_redeemed(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *order_id = suite_unique_text("8");
    const char *code = "100000000003";
    apr_array_header_t *rows;

    of_code_and_number(db, order_id, code, 1, DYGW_PROCESSING);
    assert_int_equal(dygw_store_verification_of_code(db, order_id, code, &rows, suite_pool), APR_SUCCESS);
    assert_int_equal(rows->nelts, 0);
    of_code_and_number(db, order_id, code, 0, DYGW_PROCESSING);
    of_code_and_number(db, order_id, code, 2, DYGW_SUCCESS);
    assert_int_equal(dygw_store_verification_of_code(db, order_id, code, &rows, suite_pool), APR_SUCCESS);
    assert_int_equal(rows->nelts, 2);
    dygw_db_close(db);
}

static void test_the_records_of_a_code_are_its_redemptions_and_what_may_become_one(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *order_id = suite_unique_text("8");
    const char *code = "100000000001";
    dygw_verification_t *open = of_code(db, order_id, code, DYGW_PROCESSING);
    dygw_verification_t *done = of_code(db, order_id, code, DYGW_SUCCESS);
    apr_array_header_t *rows;
    const dygw_code_row_t *first;
    const dygw_code_row_t *second;

    of_code(db, order_id, code, DYGW_FAILED);
    of_code(db, order_id, code, DYGW_CANCELLED);
    of_code(db, order_id, "100000000002", DYGW_SUCCESS);
    of_code(db, order_id, NULL, DYGW_PROCESSING);
    of_code(db, suite_unique_text("8"), code, DYGW_SUCCESS);
    assert_int_equal(dygw_store_verification_of_code(db, order_id, code, &rows, suite_pool), APR_SUCCESS);
    assert_int_equal(rows->nelts, 2);
    first = &APR_ARRAY_IDX(rows, APR_ARRAY_IDX(rows, 0, dygw_code_row_t).id == open->id ? 0 : 1, dygw_code_row_t);
    second = &APR_ARRAY_IDX(rows, first == (void *)rows->elts ? 1 : 0, dygw_code_row_t);
    assert_int_equal(first->id, open->id);
    assert_int_equal(first->first_id, open->first_id);
    assert_int_equal(first->verify_status, DYGW_PROCESSING);
    assert_string_equal(first->certificate_id, open->certificate_id);
    assert_int_equal(first->attempts, open->attempts);
    assert_int_equal(second->id, done->id);
    assert_int_equal(second->verify_status, DYGW_SUCCESS);
    assert_int_equal(second->coupon_status, DYGW_COUPON_USED);
    assert_int_equal(dygw_store_verification_of_code(db, suite_unique_text("8"), code, &rows, suite_pool), APR_SUCCESS);
    assert_int_equal(rows->nelts, 0);
    dygw_db_close(db);
}

static void test_of_a_success_that_douyin_did_not_name_the_records_tell_when_and_where(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_succeeded(record_processing());
    apr_array_header_t *rivals;
    const dygw_rival_t *rival;

    v->verify_id = NULL;
    v->certificate_id = suite_unique_text("7");
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_rivals(db, v->certificate_id, NULL, &rivals, suite_pool), APR_SUCCESS);
    rival = find_rival(rivals, v);
    assert_int_equal(rival->verify_status, DYGW_SUCCESS);
    assert_null(rival->verify_id);
    assert_true(v->verify_time != DYGW_NO_TIME && rival->verify_time == v->verify_time);
    assert_string_equal(rival->poi_id, v->poi_id);
    dygw_db_close(db);
}

static void test_a_record_without_certificate_is_a_rival_by_its_code(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *certificate_id = suite_unique_text("7");
    dygw_verification_t *known = of_coupon(db, certificate_id, DYGW_PROCESSING);
    dygw_verification_t *unknown = record_processing();
    apr_array_header_t *rivals;

    unknown->certificate_id = NULL;
    assert_int_equal(record_insert(db, unknown), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_rivals(db, certificate_id, unknown->encrypted_code, &rivals, suite_pool),
                     APR_SUCCESS);
    assert_int_equal(rivals->nelts, 2);
    find_rival(rivals, unknown);
    find_rival(rivals, known);
    assert_int_equal(dygw_store_verification_rivals(db, certificate_id, known->encrypted_code, &rivals, suite_pool),
                     APR_SUCCESS);
    assert_int_equal(rivals->nelts, 1);
    dygw_db_close(db);
}

static int notify(dygw_db_t *db, const char *certificate_id, dygw_ms_t now)
{
    int count = -1;

    assert_int_equal(dygw_store_verification_notify(db, certificate_id, now, DYGW_NO_TIME, &count), APR_SUCCESS);
    return count;
}

static void test_a_row_is_woken_unless_its_request_works_on_it(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *certificate_id = suite_unique_text("7");
    dygw_verification_t *v = record_get(db, of_coupon(db, certificate_id, DYGW_PROCESSING)->id);
    dygw_ms_t due = v->lease_until + 100;

    v->next_run_at = due;
    assert_int_equal(record_update(db, v), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_wake(db, v->id, v->lease_until - 1), APR_SUCCESS);
    assert_int_equal(record_get(db, v->id)->next_run_at, due);
    assert_int_equal(dygw_store_verification_wake(db, v->id, due + 1), APR_SUCCESS);
    assert_int_equal(record_get(db, v->id)->next_run_at, due);
    assert_int_equal(dygw_store_verification_wake(db, v->id, v->lease_until + 1), APR_SUCCESS);
    assert_int_equal(record_get(db, v->id)->next_run_at, v->lease_until + 1);
    assert_true(record_get(db, v->id)->revision > v->revision);
    dygw_db_close(db);
}

static void test_news_makes_settled_rows_a_follow_up(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *certificate_id = suite_unique_text("7");
    dygw_verification_t *success = of_coupon(db, certificate_id, DYGW_SUCCESS);
    dygw_verification_t *cancelled = of_coupon(db, certificate_id, DYGW_CANCELLED);
    dygw_verification_t *failed = of_coupon(db, certificate_id, DYGW_FAILED);
    dygw_verification_t *back;

    assert_int_equal(notify(db, certificate_id, T0 + 70), 2);
    back = record_get(db, success->id);
    assert_int_equal(back->news, 1);
    assert_int_equal(back->errand_at, T0 + 70);
    assert_int_equal(back->next_run_at, success->next_run_at);
    assert_int_equal(record_get(db, cancelled->id)->errand_at, T0 + 70);
    assert_int_equal(record_get(db, failed->id)->news, 0);
    assert_int_equal(record_get(db, failed->id)->errand_at, DYGW_NO_TIME);
    assert_int_equal(notify(db, suite_unique_text("7"), T0), 0);
    dygw_db_close(db);
}

/* A verify that was lost may have been applied to its coupon: that is to be looked into at once. */
static void test_news_reaches_a_failed_row_of_which_something_may_still_come(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *certificate_id = suite_unique_text("7");
    dygw_verification_t *v = record_get(db, of_coupon(db, certificate_id, DYGW_FAILED)->id);

    v->news = DYGW_NEWS_LATE;
    v->errand_at = T0 + 1000;
    assert_int_equal(record_update(db, v), APR_SUCCESS);
    assert_int_equal(notify(db, certificate_id, T0 + 70), 1);
    v = record_get(db, v->id);
    assert_int_equal(v->news, DYGW_NEWS_LATE | DYGW_NEWS_WEBHOOK);
    assert_int_equal(v->errand_at, T0 + 70);
    assert_int_equal(notify(db, certificate_id, T0 + 80), 1);
    assert_int_equal(record_get(db, v->id)->news, DYGW_NEWS_LATE | DYGW_NEWS_WEBHOOK);
    dygw_db_close(db);
}

static void test_news_of_an_open_row_waits_for_its_request(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *certificate_id = suite_unique_text("7");
    dygw_verification_t *v = of_coupon(db, certificate_id, DYGW_PROCESSING);

    assert_int_equal(notify(db, certificate_id, v->lease_until - 1), 1);
    assert_int_equal(record_get(db, v->id)->next_run_at, v->lease_until);
    assert_int_equal(notify(db, certificate_id, v->lease_until + 1), 1);
    assert_int_equal(record_get(db, v->id)->next_run_at, v->lease_until + 1);
    assert_int_equal(record_get(db, v->id)->errand_at, DYGW_NO_TIME);
    dygw_db_close(db);
}

static void test_news_is_a_change_of_the_row(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *certificate_id = suite_unique_text("7");
    dygw_verification_t *v = of_coupon(db, certificate_id, DYGW_SUCCESS);
    dygw_verification_t *read = record_get(db, v->id);

    assert_int_equal(notify(db, certificate_id, T0), 1);
    assert_int_equal(record_update(db, read), APR_NOTFOUND);
    assert_int_equal(record_get(db, v->id)->news, 1);
    dygw_db_close(db);
}

/* --- the backlog --- */

static dygw_backlog_t backlog(dygw_db_t *db)
{
    dygw_backlog_t counted = { 0 };

    assert_int_equal(dygw_store_backlog(db, &counted), APR_SUCCESS);
    return counted;
}

static void test_the_backlog_counts_what_is_left_to_do(DYGW_UNUSED void **state)
{
    dygw_db_t *db = open_with_nothing_due();
    dygw_backlog_t none = backlog(db);
    dygw_backlog_t some;

    processing_at(db, T0);
    processing_at(db, T0 + 1000);
    settled_at(db, DYGW_SUCCESS, DYGW_ENRICH_PENDING, T0, DYGW_NO_TIME);
    settled_at(db, DYGW_SUCCESS, DYGW_ENRICH_SUCCESS, DYGW_NO_TIME, T0);
    settled_at(db, DYGW_SUCCESS, DYGW_ENRICH_PENDING, T0, T0);
    settled_at(db, DYGW_FAILED, DYGW_ENRICH_SKIPPED, DYGW_NO_TIME, DYGW_NO_TIME);
    some = backlog(db);
    assert_int_equal(none.to_settle + none.to_cancel + none.to_enrich, 0);
    assert_int_equal(some.to_settle, 2);
    assert_int_equal(some.to_cancel, 2);
    assert_int_equal(some.to_enrich, 2);
    dygw_db_close(db);
}

static void test_the_backlog_knows_the_oldest_that_is_processing(DYGW_UNUSED void **state)
{
    dygw_db_t *db;
    dygw_verification_t *v;

    suite_do("UPDATE dygw_verifications SET verify_status = 'failed', next_run_at = NULL "
             "WHERE verify_status = 'processing'");
    db = suite_open(0);
    assert_int_equal(backlog(db).oldest_at, 0);
    v = processing_at(db, T0);
    processing_at(db, T0);
    assert_int_equal(backlog(db).oldest_at, dygw_id_time(v->id));
    dygw_db_close(db);
}

static void test_the_backlog_is_one_call(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);

    backlog(db);
    wire_calls = 0;
    backlog(db);
    assert_int_equal(wire_calls, 1);
    dygw_db_close(db);
}

static dygw_apps_count_t count_apps(void)
{
    dygw_apps_count_t count;
    dygw_db_t *db = suite_open(0);

    assert_int_equal(dygw_store_apps_count(db, &count), APR_SUCCESS);
    dygw_db_close(db);
    return count;
}

static void test_apps_are_counted_by_source_and_status(DYGW_UNUSED void **state)
{
    dygw_apps_count_t count;
    int all;

    suite_do("UPDATE dygw_apps SET status = 'active', source = 'database'");
    count = count_apps();
    all = count.of[DYGW_APP_OF_DATABASE][DYGW_APP_ACTIVE];
    assert_true(all > 1);
    assert_int_equal(count.of[DYGW_APP_OF_DATABASE][DYGW_APP_DISABLED], 0);
    suite_do("UPDATE dygw_apps SET status = 'disabled'");
    suite_do("UPDATE dygw_apps SET source = 'config' WHERE id = 1");
    count = count_apps();
    assert_int_equal(count.of[DYGW_APP_OF_DATABASE][DYGW_APP_ACTIVE], 0);
    assert_int_equal(count.of[DYGW_APP_OF_DATABASE][DYGW_APP_DISABLED], all - 1);
    assert_int_equal(count.of[DYGW_APP_OF_CONFIG][DYGW_APP_ACTIVE], 0);
    assert_int_equal(count.of[DYGW_APP_OF_CONFIG][DYGW_APP_DISABLED], 1);
    suite_do("UPDATE dygw_apps SET source = 'database' WHERE id = 1");
}

void suite_due(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_what_is_due_longest_comes_first),
        SUITE_TEST(test_each_kind_of_work_finds_its_own_rows),
        SUITE_TEST(test_a_refund_that_is_all_is_no_follow_up),
        SUITE_TEST(test_a_refund_that_is_put_off_too_far_is_recalled_alone),
        SUITE_TEST(test_the_tick_tells_when_work_is_due_next),
        SUITE_TEST(test_the_tick_is_one_call),
        SUITE_TEST(test_the_records_of_a_coupon_are_its_rivals),
        SUITE_TEST(test_the_records_of_a_code_are_its_redemptions_and_what_may_become_one),
        SUITE_TEST(test_of_several_by_one_code_the_first_stands_for_it_until_they_are_redeemed),
        SUITE_TEST(test_of_a_success_that_douyin_did_not_name_the_records_tell_when_and_where),
        SUITE_TEST(test_a_record_without_certificate_is_a_rival_by_its_code),
        SUITE_TEST(test_a_row_is_woken_unless_its_request_works_on_it),
        SUITE_TEST(test_news_makes_settled_rows_a_follow_up),
        SUITE_TEST(test_news_of_an_open_row_waits_for_its_request),
        SUITE_TEST(test_news_reaches_a_failed_row_of_which_something_may_still_come),
        SUITE_TEST(test_news_is_a_change_of_the_row),
        SUITE_TEST(test_the_backlog_counts_what_is_left_to_do),
        SUITE_TEST(test_the_backlog_knows_the_oldest_that_is_processing),
        SUITE_TEST(test_the_backlog_is_one_call),
        SUITE_TEST(test_apps_are_counted_by_source_and_status),
    };

    SUITE_ADD(tests);
}
