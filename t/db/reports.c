/* SPDX-License-Identifier: Apache-2.0
 * Reports: every combination of filters lists, counts and sums exactly the records that a plain
 * loop over them finds. */
#include "records.h"

#include "store/report.h"
#include "store/verification/id.h"
#include "util/compiler.h"
#include "util/day.h"

#define COUNT    64
#define APART_MS 7200000 /* two hours: more than five days of records */
#define YEAR_MS  (APR_INT64_C(300) * DYGW_DAY_MS)
#define WEEK     7 /* of a test: its records are the only ones in there */
#define CHINA    480
#define FILTERS  64

static dygw_verification_t *made[COUNT];
static dygw_ms_t began; /* the first ms of a day in China, and of the first record */
static const char *pois[2], *certificates[2], *orders[2], *accounts[2];
static apr_int64_t apps[2];

/* Each of the filters lets half of the records through, the status a quarter. */
static dygw_verification_t *record(int i)
{
    dygw_verification_t *v = record_processing();
    dygw_ms_t t = began + (apr_int64_t)i * APART_MS;

    v->id = v->first_id = dygw_id_at(t) + i;
    v->created_at = v->updated_at = t;
    v->poi_id = pois[i & 1];
    v->app_id = apps[(i >> 1) & 1];
    v->verify_status = (dygw_verify_status_e)((i >> 2) & 3);
    v->certificate_id = certificates[(i >> 4) & 1];
    v->order_id = orders[(i >> 5) & 1];
    v->product_id = i % 3 ? i % 3 == 1 ? "p1" : "p2" : NULL;
    v->pay_amount = i % 5 ? 1000 + i : DYGW_NO_INT;
    v->receipt_amount = 900 + i;
    v->store = i % 4 ? i % 4 == 1 ? "7001" : "7002" : NULL;
    v->account_id = i % 7 ? accounts[i % 7 < 4] : NULL; /* NULL: of an older version */
    v->discount_amount = APR_INT64_C(3000000000);
    v->douyin_response = "{\"verify\":{}}";
    return v;
}

static int make_records(void **state)
{
    static int round;
    int i;

    suite_setup(state);
    began = DYGW_ID_EPOCH_MS - DYGW_ID_EPOCH_MS % DYGW_DAY_MS - CHINA * APR_INT64_C(60000)
            + (suite_unique() % YEAR_MS) / DYGW_DAY_MS * DYGW_DAY_MS + DYGW_DAY_MS * WEEK * round++;
    for (i = 0; i < 2; i++) {
        pois[i] = suite_unique_text("poi");
        certificates[i] = suite_unique_text("c");
        orders[i] = suite_unique_text("o");
        accounts[i] = suite_unique_text("a");
        apps[i] = suite_unique();
    }
    for (i = 0; i < COUNT; i++) {
        dygw_db_t *db = suite_open(0);

        made[i] = record(i);
        assert_int_equal(record_insert(db, made[i]), APR_SUCCESS);
        dygw_db_close(db);
    }
    return 0;
}

/* --- what is expected --- */

static int matches(const dygw_report_filter_t *f, const dygw_verification_t *v)
{
    return (f->start_time == DYGW_NO_TIME || v->created_at >= f->start_time)
           && (f->end_time == DYGW_NO_TIME || v->created_at < f->end_time)
           && (!f->poi_id || strcmp(f->poi_id, v->poi_id) == 0) && (!f->app_id || f->app_id == v->app_id)
           && (f->status == DYGW_ANY_STATUS || f->status == (int)v->verify_status)
           && (!f->certificate_id || strcmp(f->certificate_id, v->certificate_id) == 0)
           && (!f->order_id || strcmp(f->order_id, v->order_id) == 0)
           && (!f->account_id || (v->account_id && strcmp(f->account_id, v->account_id) == 0));
}

/* The ids of those that match, the newest first; gives their number. */
static int expected(const dygw_report_filter_t *f, apr_int64_t *ids)
{
    int count = 0;
    int i;

    for (i = COUNT - 1; i >= 0; i--) {
        if (matches(f, made[i])) {
            ids[count++] = made[i]->id;
        }
    }
    return count;
}

/* The filters of a mask, about records of `which`; without times only where something else keeps
 * other tests' records out. */
static dygw_report_filter_t filter_of(int mask, int which, dygw_ms_t start, dygw_ms_t end)
{
    dygw_report_filter_t f;

    dygw_report_filter_init(&f);
    f.start_time = start;
    f.end_time = end;
    f.poi_id = mask & 1 ? pois[which & 1] : NULL;
    f.app_id = mask & 2 ? apps[which & 1] : 0;
    f.status = mask & 4 ? which & 3 : DYGW_ANY_STATUS;
    f.certificate_id = mask & 8 ? certificates[which & 1] : NULL;
    f.order_id = mask & 16 ? orders[which & 1] : NULL;
    f.account_id = mask & 32 ? accounts[which & 1] : NULL;
    return f;
}

/* --- lists --- */

static void assert_ids(const apr_array_header_t *rows, const apr_int64_t *ids, int count)
{
    int i;

    assert_int_equal(rows->nelts, count);
    for (i = 0; i < count; i++) {
        assert_int_equal(APR_ARRAY_IDX(rows, i, dygw_verification_t *)->id, ids[i]);
    }
}

static void check_list(const dygw_report_filter_t *f)
{
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;
    apr_int64_t ids[COUNT + 1] = { 0 };
    apr_int64_t total = -1;
    int count = expected(f, ids);
    int skip = count / 3 + 1;
    int rest = count > skip ? count - skip : 0;

    assert_int_equal(dygw_store_report_page(db, f, 0, 1000, &rows, suite_pool), APR_SUCCESS);
    assert_ids(rows, ids, count);
    assert_int_equal(dygw_store_report_page(db, f, skip, 1000, &rows, suite_pool), APR_SUCCESS);
    assert_ids(rows, ids + skip, rest);
    assert_int_equal(dygw_store_report_page(db, f, 0, 2, &rows, suite_pool), APR_SUCCESS);
    assert_ids(rows, ids, count < 2 ? count : 2);
    assert_int_equal(dygw_store_report_below(db, f, &(dygw_report_part_t){ ids[0], 1000, 1 }, &rows, suite_pool),
                     APR_SUCCESS);
    assert_ids(rows, ids + 1, count > 0 ? count - 1 : 0);
    assert_int_equal(dygw_store_report_count(db, f, &total), APR_SUCCESS);
    assert_int_equal(total, count);
    dygw_db_close(db);
}

static void test_every_combination_of_filters_lists_what_matches(DYGW_UNUSED void **state)
{
    int mask;

    for (mask = 0; mask < FILTERS; mask++) {
        dygw_report_filter_t f = filter_of(mask, mask, began, began + DYGW_DAY_MS * WEEK);

        check_list(&f);
        f = filter_of(mask, mask + 1, began + DYGW_DAY_MS, began + DYGW_DAY_MS * 3);
        check_list(&f);
        if (mask & ~4) { /* a status alone is any shop's */
            f = filter_of(mask, mask + 1, DYGW_NO_TIME, DYGW_NO_TIME);
            check_list(&f);
        }
    }
}

static void test_the_edges_of_the_time_are_exact(DYGW_UNUSED void **state)
{
    dygw_report_filter_t f;
    dygw_ms_t from, until;

    for (from = made[20]->created_at - 1; from <= made[20]->created_at + 1; from++) {
        for (until = made[30]->created_at - 1; until <= made[30]->created_at + 1; until++) {
            f = filter_of(0, 0, from, until);
            check_list(&f);
            f = filter_of(1, 0, from, until);
            check_list(&f);
        }
    }
    f = filter_of(0, 0, made[20]->created_at, made[20]->created_at);
    check_list(&f);
    f = filter_of(1, 1, made[20]->created_at, DYGW_NO_TIME);
    check_list(&f);
    f = filter_of(1, 1, DYGW_NO_TIME, made[20]->created_at);
    check_list(&f);
}

static void test_only_a_brief_list_is_without_answers(DYGW_UNUSED void **state)
{
    dygw_report_filter_t f = filter_of(1, 0, DYGW_NO_TIME, DYGW_NO_TIME);
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;
    int brief;

    for (brief = 0; brief < 2; brief++) {
        const dygw_verification_t *v;

        assert_int_equal(
            dygw_store_report_below(db, &f, &(dygw_report_part_t){ DYGW_BELOW_ALL, 1, brief }, &rows, suite_pool),
            APR_SUCCESS);
        v = APR_ARRAY_IDX(rows, 0, dygw_verification_t *);
        assert_same_origin(v, made[COUNT - 2]);
        assert_int_equal(v->pay_amount, 1000 + COUNT - 2);
        assert_true(brief ? !v->douyin_response : v->douyin_response != NULL);
    }
    dygw_db_close(db);
}

/* What other tests have made is there as well. */
static void test_without_filters_all_are_counted(DYGW_UNUSED void **state)
{
    const char *all = APR_ARRAY_IDX(suite_ask(1, "SELECT COUNT(*) FROM dygw_verifications"), 0, const char *);
    dygw_report_filter_t f = filter_of(0, 0, DYGW_NO_TIME, DYGW_NO_TIME);
    dygw_db_t *db = suite_open(0);
    apr_int64_t total;

    assert_int_equal(dygw_store_report_count(db, &f, &total), APR_SUCCESS);
    assert_int_equal(total, apr_atoi64(all));
    dygw_db_close(db);
}

/* --- sums --- */

static void add_up(dygw_sums_t *sums, const dygw_verification_t *v)
{
    sums->total_count++;
    sums->success_count += v->verify_status == DYGW_SUCCESS;
    sums->failed_count += v->verify_status == DYGW_FAILED;
    sums->processing_count += v->verify_status == DYGW_PROCESSING;
    sums->cancelled_count += v->verify_status == DYGW_CANCELLED;
    if (v->verify_status == DYGW_SUCCESS) {
        sums->pay_amount += v->pay_amount == DYGW_NO_INT ? 0 : v->pay_amount;
        sums->receipt_amount += v->receipt_amount;
        sums->discount_amount += v->discount_amount;
    }
}

/* By nothing, and by all keys: which groups those are is looked at in sums.c. */
static void check_sums(const dygw_report_filter_t *f, int group_by)
{
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;
    dygw_sums_t wanted = { 0 };
    dygw_sums_t told = { 0 };
    int i, k;

    for (i = 0; i < COUNT; i++) {
        if (matches(f, made[i])) {
            add_up(&wanted, made[i]);
        }
    }
    assert_int_equal(dygw_store_report_sums(db, f, &(dygw_sums_by_t){ group_by, CHINA }, 1000, &rows, suite_pool),
                     APR_SUCCESS);
    for (i = 0; i < rows->nelts; i++) {
        const apr_int64_t *part = (const apr_int64_t *)&APR_ARRAY_IDX(rows, i, dygw_sums_row_t).sums;

        for (k = 0; k < (int)(sizeof(told) / sizeof(*part)); k++) {
            ((apr_int64_t *)&told)[k] += part[k];
        }
    }
    assert_memory_equal(&told, &wanted, sizeof(wanted));
    dygw_db_close(db);
}

static void test_every_combination_of_filters_sums_what_matches(DYGW_UNUSED void **state)
{
    dygw_report_filter_t f;
    int mask;

    for (mask = 0; mask < FILTERS; mask++) {
        f = filter_of(mask, mask, began + DYGW_DAY_MS, began + DYGW_DAY_MS * 4);
        check_sums(&f, 0);
        check_sums(&f, DYGW_BY_ALL & ~DYGW_BY_REASON);
        check_sums(&f, DYGW_BY_ALL);
        if (mask & ~4) {
            f = filter_of(mask, mask + 1, DYGW_NO_TIME, DYGW_NO_TIME);
            check_sums(&f, DYGW_BY_ALL);
        }
    }
}

/* There are more combinations of filters and keys than a server could keep statements. */
static void test_no_statement_of_a_report_is_kept(DYGW_UNUSED void **state)
{
    dygw_report_filter_t f = filter_of(1 + 2 + 8, 0, began, began + DYGW_DAY_MS);
    const dygw_sums_by_t by = { DYGW_BY_HOUR | DYGW_BY_REASON, CHINA };
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;
    apr_int64_t total;
    int kept = wire_kept;

    assert_int_equal(dygw_store_report_sums(db, &f, &by, 1000, &rows, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_report_page(db, &f, 1, 1000, &rows, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_report_count(db, &f, &total), APR_SUCCESS);
    assert_int_equal(wire_kept, kept);
    dygw_db_close(db);
}

static void test_what_is_asked_for_is_taken_literally(DYGW_UNUSED void **state)
{
    static const char *const words[]
        = { "'", "''", "a' OR 'a'='a", "\\", "\\'", "100%%", "%s", "%lld", "--", "\"", "\xe6\x8a\x96" };
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
        dygw_report_filter_t f = filter_of(0, 0, DYGW_NO_TIME, DYGW_NO_TIME);
        dygw_verification_t *v = record(0);
        dygw_db_t *db;
        apr_array_header_t *rows;
        apr_int64_t total;

        v->created_at = began + DYGW_DAY_MS * 6 + (dygw_ms_t)i;
        v->order_id = apr_pstrcat(suite_pool, words[i], suite_unique_text(""), words[i], NULL);
        v->id = v->first_id = dygw_id_at(v->created_at);
        f.order_id = v->order_id;
        db = suite_open(0);
        assert_int_equal(record_insert(db, v), APR_SUCCESS);
        assert_int_equal(dygw_store_report_count(db, &f, &total), APR_SUCCESS);
        assert_int_equal(total, 1);
        assert_int_equal(dygw_store_report_page(db, &f, 0, 10, &rows, suite_pool), APR_SUCCESS);
        assert_int_equal(rows->nelts, 1);
        assert_string_equal(APR_ARRAY_IDX(rows, 0, dygw_verification_t *)->order_id, v->order_id);
        dygw_db_close(db);
    }
}

static void test_the_first_record_since_a_time_is_found(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_ms_t at = 0;

    assert_int_equal(dygw_store_report_first(db, made[3]->created_at, &at), APR_SUCCESS);
    assert_int_equal(at, made[3]->created_at);
    assert_int_equal(dygw_store_report_first(db, made[3]->created_at + 1, &at), APR_SUCCESS);
    assert_int_equal(at, made[4]->created_at);
    assert_int_equal(dygw_store_report_first(db, APR_INT64_MAX, &at), APR_NOTFOUND);
    dygw_db_close(db);
}

#define REPORT_TEST(f) cmocka_unit_test_setup_teardown(f, make_records, suite_teardown)

void suite_reports(void)
{
    const struct CMUnitTest tests[] = {
        REPORT_TEST(test_every_combination_of_filters_lists_what_matches),
        REPORT_TEST(test_the_edges_of_the_time_are_exact),
        REPORT_TEST(test_only_a_brief_list_is_without_answers),
        REPORT_TEST(test_without_filters_all_are_counted),
        REPORT_TEST(test_every_combination_of_filters_sums_what_matches),
        REPORT_TEST(test_no_statement_of_a_report_is_kept),
        REPORT_TEST(test_what_is_asked_for_is_taken_literally),
        REPORT_TEST(test_the_first_record_since_a_time_is_found),
    };

    SUITE_ADD(tests);
}
