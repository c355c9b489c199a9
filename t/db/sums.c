/* SPDX-License-Identifier: Apache-2.0
 * Sums: by every combination of keys they are those that a plain loop over the records finds, and each group is told
 * with its keys. */
#include "records.h"

#include "store/report.h"
#include "store/verification/id.h"
#include "util/compiler.h"
#include "util/day.h"

#define COUNT     64
#define APART_MS  7200000 /* two hours: more than five days of records */
#define YEAR_MS   (APR_INT64_C(300) * DYGW_DAY_MS)
#define YEARS_ON  4 /* later than the records of other tests */
#define WEEK      7 /* of a test: its records are the only ones in there */
#define CHINA     480
#define GROUPS    (DYGW_BY_ALL + 1)
#define MINUTE_MS APR_INT64_C(60000)
#define HOUR_MS   APR_INT64_C(3600000)

static dygw_verification_t *made[COUNT];
static dygw_ms_t began; /* the first ms of a day in China, and of the first record */
static const char *pois[2], *accounts[2];
static apr_int64_t apps[2];

/* A record that failed has its reason, or none where an older version wrote it. One that is under way has one where
 * Douyin would not hear of the verify at all; what a repetition was refused for is none. */
static void explain(dygw_verification_t *v, int i)
{
    static const char *const reasons[] = { "expired", "risk_review", NULL };

    if (v->verify_status == DYGW_FAILED) {
        v->reason = reasons[i % 3];
        v->error_code = i % 3 == 0 ? 1208 : 1234 + i / 16;
        v->error_description = i % 2 ? "it's over" : "";
    }
    else if (v->verify_status == DYGW_PROCESSING) {
        v->review_since = i % 3 == 1 ? v->created_at : DYGW_NO_TIME;
        v->reason = i % 3 == 0 ? "not_permitted" : NULL;
        v->refused_code = i % 2 ? 1250 : DYGW_NO_INT;
        v->refused_description = i % 2 ? "not any more" : NULL;
    }
    else if (v->verify_status == DYGW_SUCCESS && i % 3 == 0) {
        v->reason = "cancel_too_late";
        v->error_code = 3000001;
    }
}

static dygw_verification_t *record(int i)
{
    dygw_verification_t *v = record_processing();

    v->created_at = v->updated_at = began + (apr_int64_t)i * APART_MS;
    v->id = v->first_id = dygw_id_at(v->created_at) + i;
    v->poi_id = pois[i & 1];
    v->app_id = apps[(i >> 1) & 1];
    v->verify_status = (dygw_verify_status_e)((i >> 2) & 3);
    v->product_id = i % 3 ? i % 3 == 1 ? "p1" : "p2" : NULL;
    v->pay_amount = i % 5 ? 1000 + i : DYGW_NO_INT;
    v->receipt_amount = 900 + i;
    v->discount_amount = APR_INT64_C(3000000000);
    v->store = i % 4 ? i % 4 == 1 ? "7001" : "7002" : NULL;
    v->account_id = i % 7 ? accounts[i % 7 < 4] : NULL; /* NULL: of an older version */
    v->operator_name = i % 5 ? i % 5 == 1 ? "o'neil" : "7" : NULL;
    explain(v, i);
    return v;
}

static void insert(const dygw_verification_t *v)
{
    dygw_db_t *db = suite_open(0);

    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    dygw_db_close(db);
}

static int make_records(void **state)
{
    static int round;
    int i;

    suite_setup(state);
    began = DYGW_ID_EPOCH_MS - DYGW_ID_EPOCH_MS % DYGW_DAY_MS - CHINA * MINUTE_MS + YEARS_ON * YEAR_MS
            + (suite_unique() % YEAR_MS) / DYGW_DAY_MS * DYGW_DAY_MS + DYGW_DAY_MS * WEEK * round++;
    for (i = 0; i < 2; i++) {
        pois[i] = suite_unique_text("poi");
        accounts[i] = suite_unique_text("a");
        apps[i] = suite_unique();
    }
    for (i = 0; i < COUNT; i++) {
        made[i] = record(i);
        insert(made[i]);
    }
    return 0;
}

/* --- what is expected --- */

static int matches(const dygw_report_filter_t *f, const dygw_verification_t *v)
{
    return (f->start_time == DYGW_NO_TIME || v->created_at >= f->start_time)
           && (f->end_time == DYGW_NO_TIME || v->created_at < f->end_time)
           && (!f->poi_id || strcmp(f->poi_id, v->poi_id) == 0)
           && (f->status == DYGW_ANY_STATUS || f->status == (int)v->verify_status)
           && (!f->account_id || (v->account_id && strcmp(f->account_id, v->account_id) == 0));
}

static dygw_report_filter_t between(dygw_ms_t start, dygw_ms_t end)
{
    dygw_report_filter_t f;

    dygw_report_filter_init(&f);
    f.start_time = start;
    f.end_time = end;
    return f;
}

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

static int same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static dygw_sums_value_t a_number(apr_int64_t number)
{
    return (dygw_sums_value_t){ .number = number };
}

static dygw_sums_value_t a_text(const char *text)
{
    return (dygw_sums_value_t){ .number = DYGW_NO_INT, .text = text };
}

static const char *reason_of(const dygw_verification_t *v)
{
    if (v->verify_status == DYGW_PROCESSING) {
        return v->review_since != DYGW_NO_TIME ? "risk_review" : v->reason ? v->reason : "waiting";
    }
    return v->reason;
}

/* The number that tells the reason where none is recorded; 0: none does. */
static apr_int64_t code_of(const dygw_verification_t *v)
{
    return v->verify_status == DYGW_PROCESSING || v->reason ? 0 : v->error_code;
}

/* What a record has of a key, with a day and an hour that are counted by division here. A new key needs its case. */
static dygw_sums_value_t value_of(int key, const dygw_verification_t *v, int zone)
{
    const dygw_ms_t local = v->created_at + zone * MINUTE_MS;

    switch (key) {
    case DYGW_KEY_DAY:
        return a_number(local / DYGW_DAY_MS);
    case DYGW_KEY_HOUR:
        return a_number(local % DYGW_DAY_MS / HOUR_MS);
    case DYGW_KEY_POI:
        return a_text(v->poi_id);
    case DYGW_KEY_STORE:
        return a_text(v->store);
    case DYGW_KEY_ACCOUNT:
        return a_text(v->account_id);
    case DYGW_KEY_APP:
        return a_number(v->app_id);
    case DYGW_KEY_PRODUCT:
        return a_text(v->product_id);
    case DYGW_KEY_OPERATOR:
        return a_text(v->operator_name);
    case DYGW_KEY_REASON:
        return a_text(reason_of(v));
    default:
        fail_msg("key %d has no expectation", key);
        return a_text(NULL);
    }
}

static int same_value(dygw_sums_value_t a, dygw_sums_value_t b)
{
    return a.number == b.number && same_text(a.text, b.text);
}

static apr_int64_t told_code(const dygw_sums_row_t *row)
{
    return row->error_code == DYGW_NO_INT ? 0 : row->error_code;
}

static int is_of(const dygw_sums_row_t *row, const dygw_sums_by_t *by, const dygw_verification_t *v)
{
    int same = 1;
    int key;

    for (key = 0; key < DYGW_KEYS; key++) {
        same &= !(by->keys & 1 << key) || same_value(row->keys[key], value_of(key, v, by->zone));
    }
    if (by->keys & DYGW_BY_REASON) {
        same &= told_code(row) == code_of(v)
                && (code_of(v) == 0 || same_text(row->error_description, v->error_description));
    }
    return same;
}

/* Whether two rows are the same group, which may be told in parts. */
static int same_group(const dygw_sums_row_t *a, const dygw_sums_row_t *b)
{
    int same
        = told_code(a) == told_code(b) && (told_code(a) == 0 || same_text(a->error_description, b->error_description));
    int key;

    for (key = 0; key < DYGW_KEYS; key++) {
        same &= same_value(a->keys[key], b->keys[key]);
    }
    return same;
}

static void check_group(const dygw_report_filter_t *f, const dygw_sums_by_t *by, const apr_array_header_t *rows, int i)
{
    const dygw_sums_row_t *row = &APR_ARRAY_IDX(rows, i, dygw_sums_row_t);
    dygw_sums_t wanted = { 0 };
    dygw_sums_t told = { 0 };
    int k;

    for (k = 0; k < COUNT; k++) {
        if (matches(f, made[k]) && is_of(row, by, made[k])) {
            add_up(&wanted, made[k]);
        }
    }
    for (k = 0; k < rows->nelts; k++) {
        const dygw_sums_row_t *other = &APR_ARRAY_IDX(rows, k, dygw_sums_row_t);
        const apr_int64_t *part = (const apr_int64_t *)&other->sums;
        int n;

        for (n = 0; same_group(row, other) && n < (int)(sizeof(told) / sizeof(*part)); n++) {
            ((apr_int64_t *)&told)[n] += part[n];
        }
        /* Only what has no reason in the index is told apart. */
        assert_true(k == i || !same_group(row, other) || by->keys & DYGW_BY_REASON);
    }
    assert_memory_equal(&told, &wanted, sizeof(wanted));
    for (k = 0; k < DYGW_KEYS; k++) {
        assert_true(by->keys & 1 << k || (row->keys[k].number == DYGW_NO_INT && !row->keys[k].text));
    }
}

static void check_sums_in(const dygw_report_filter_t *f, int group_by, int zone)
{
    const dygw_sums_by_t by = { group_by, zone };
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;
    apr_int64_t sum = 0;
    int i;

    assert_int_equal(dygw_store_report_sums(db, f, &by, 1000, &rows, suite_pool), APR_SUCCESS);
    for (i = 0; i < rows->nelts; i++) {
        check_group(f, &by, rows, i);
        sum += APR_ARRAY_IDX(rows, i, dygw_sums_row_t).sums.total_count;
    }
    for (i = 0; i < COUNT; i++) {
        sum -= matches(f, made[i]);
    }
    assert_int_equal(sum, 0);
    dygw_db_close(db);
}

static void check_sums(const dygw_report_filter_t *f, int group_by)
{
    check_sums_in(f, group_by, CHINA);
}

/* --- tests --- */

static void test_sums_are_those_of_the_records_by_every_combination_of_keys(DYGW_UNUSED void **state)
{
    int i;

    for (i = 0; i < GROUPS; i++) {
        dygw_report_filter_t f = between(began, began + DYGW_DAY_MS * WEEK);

        check_sums(&f, i);
        if (i & (i - 1) && i != DYGW_BY_ALL) {
            continue; /* with filters: by single keys, and by all */
        }
        f.account_id = accounts[1];
        check_sums(&f, i);
        f.status = DYGW_PROCESSING;
        check_sums(&f, i);
        f.poi_id = pois[1];
        check_sums(&f, i);
        f = between(DYGW_NO_TIME, DYGW_NO_TIME);
        f.poi_id = pois[1];
        check_sums(&f, i);
    }
}

static void test_without_records_there_are_no_groups(DYGW_UNUSED void **state)
{
    dygw_report_filter_t f = between(began - DYGW_DAY_MS, began);

    check_sums(&f, DYGW_BY_DAY);
    check_sums(&f, DYGW_BY_REASON);
    check_sums(&f, 0);
}

static void test_a_day_ends_at_midnight_of_the_zone(DYGW_UNUSED void **state)
{
    dygw_report_filter_t f = between(began, began + 2 * DYGW_DAY_MS);
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;

    assert_int_equal(dygw_store_report_sums(db, &f, &(dygw_sums_by_t){ DYGW_BY_DAY, CHINA }, 1000, &rows, suite_pool),
                     APR_SUCCESS);
    assert_int_equal(rows->nelts, 2);
    assert_int_equal(APR_ARRAY_IDX(rows, 0, dygw_sums_row_t).sums.total_count, 12);
    /* A minute further west the first ms of the day is still the day before. */
    assert_int_equal(
        dygw_store_report_sums(db, &f, &(dygw_sums_by_t){ DYGW_BY_DAY, CHINA - 1 }, 1000, &rows, suite_pool),
        APR_SUCCESS);
    assert_int_equal(rows->nelts, 3);
    dygw_db_close(db);
}

/* A quarter of the zones that there are is half an hour or three quarters off. */
static void test_hours_and_days_are_those_of_the_zone(DYGW_UNUSED void **state)
{
    static const int zones[] = { CHINA, 0, 330, 345, -210, -720, 840, 765, 1, -1 };
    dygw_report_filter_t f = between(began + 1, began + DYGW_DAY_MS * WEEK);
    size_t i;

    for (i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
        check_sums_in(&f, DYGW_BY_HOUR, zones[i]);
        check_sums_in(&f, DYGW_BY_DAY | DYGW_BY_HOUR, zones[i]);
    }
}

static void test_an_hour_ends_with_its_last_millisecond(DYGW_UNUSED void **state)
{
    /* Midnight in China is 13:30 in this zone. */
    const dygw_sums_by_t by = { DYGW_BY_HOUR, -150 };
    const dygw_ms_t edge = began + DYGW_DAY_MS * 6 + HOUR_MS / 2;
    dygw_report_filter_t f = between(edge - 1, edge + HOUR_MS + 1);
    apr_array_header_t *rows;
    dygw_db_t *db;
    int i;

    for (i = 0; i < 3; i++) {
        dygw_verification_t *v = record(i);

        v->created_at = i < 2 ? edge - 1 + i : edge + HOUR_MS;
        v->id = v->first_id = dygw_id_at(v->created_at);
        insert(v);
    }
    db = suite_open(0);
    assert_int_equal(dygw_store_report_sums(db, &f, &by, 1000, &rows, suite_pool), APR_SUCCESS);
    assert_int_equal(rows->nelts, 3);
    for (i = 0; i < 3; i++) {
        const dygw_sums_row_t *row = &APR_ARRAY_IDX(rows, i, dygw_sums_row_t);

        assert_in_range(row->keys[DYGW_KEY_HOUR].number, 13, 15);
        assert_int_equal(row->sums.total_count, 1);
    }
    dygw_db_close(db);
}

/* There are more combinations of filters and keys than a server could keep statements. */
static void test_groups_are_limited(DYGW_UNUSED void **state)
{
    dygw_report_filter_t f = between(began, began + DYGW_DAY_MS * WEEK);
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;

    assert_int_equal(dygw_store_report_sums(db, &f, &(dygw_sums_by_t){ DYGW_BY_DAY, CHINA }, 2, &rows, suite_pool),
                     APR_SUCCESS);
    assert_int_equal(rows->nelts, 2);
    dygw_db_close(db);
}

static void test_the_present_name_of_an_app_is_told(DYGW_UNUSED void **state)
{
    dygw_report_filter_t f = between(began, began + DYGW_DAY_MS * WEEK);
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;

    f.app_id = apps[0];
    suite_ask(1, apr_psprintf(suite_pool,
                              "INSERT INTO dygw_apps (id, name, client_key, secret_sealed, status, "
                              "created_at, updated_at) VALUES (%" APR_INT64_T_FMT ", 'bar', '%s', "
                              "'x', 'active', 1, 1)",
                              apps[0], suite_unique_text("ck")));
    assert_int_equal(dygw_store_report_sums(db, &f, &(dygw_sums_by_t){ DYGW_BY_APP, CHINA }, 2, &rows, suite_pool),
                     APR_SUCCESS);
    assert_int_equal(rows->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(rows, 0, dygw_sums_row_t).app_name, "bar");
    dygw_db_close(db);
}

#define SUMS_TEST(f) cmocka_unit_test_setup_teardown(f, make_records, suite_teardown)

void suite_sums(void)
{
    const struct CMUnitTest tests[] = {
        SUMS_TEST(test_sums_are_those_of_the_records_by_every_combination_of_keys),
        SUMS_TEST(test_without_records_there_are_no_groups),
        SUMS_TEST(test_a_day_ends_at_midnight_of_the_zone),
        SUMS_TEST(test_hours_and_days_are_those_of_the_zone),
        SUMS_TEST(test_an_hour_ends_with_its_last_millisecond),
        SUMS_TEST(test_groups_are_limited),
        SUMS_TEST(test_the_present_name_of_an_app_is_told),
    };

    SUITE_ADD(tests);
}
