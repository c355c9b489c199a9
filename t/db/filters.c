/* SPDX-License-Identifier: Apache-2.0
 * What a verification is found by: each filter alone, and each two of them together, list, count and sum exactly the
 * records that a plain loop over them finds. Those of place and time: reports.c. */
#include "records.h"

#include "store/report.h"
#include "store/verification/id.h"
#include "util/compiler.h"
#include "util/day.h"

#define COUNT       48
#define APART_MS    3600000
#define DAYS        3
#define APART_YEARS (APR_INT64_C(400) * DYGW_DAY_MS)

enum {
    BY_VERIFY,
    BY_CODE,
    BY_TAIL,
    BY_REQUEST,
    BY_EXT_ORDER,
    BY_OPERATOR,
    BY_DEVICE,
    BY_AFTER_SALE,
    BY_REASON,
    BY_WAITING,
    BY_REVIEW,
    BY_ERROR,
    BY_NO_ERROR,
    BY_STATUS,
    BY_SUCCESS,
    BY_CERTIFICATE,
    BY_ORDER,
    BY_POI,
    BY_ACCOUNT,
    BY_APP,
    FILTERS
};

/* What a report tells the database by itself, so that other tests' records need no time to be kept out. */
static const int is_own[FILTERS] = {
    [BY_VERIFY] = 1, [BY_CODE] = 1, [BY_REQUEST] = 1, [BY_EXT_ORDER] = 1, [BY_OPERATOR] = 1, [BY_DEVICE] = 1,
};

static dygw_verification_t *made[COUNT];
static dygw_ms_t began;
static const char *name; /* what only these records have */
static apr_int64_t app;

static const char *text(const char *what, int n)
{
    return apr_psprintf(suite_pool, "%s-%s-%d", name, what, n);
}

/* Of 8, 12, 15 and 20 digits; those of a row and the next but three end alike. */
static const char *code_of(int i)
{
    static const int digits[] = { 8, 12, 15, 20 };
    const char *all = apr_psprintf(suite_pool, "%014" APR_INT64_T_FMT "%06d", began % APR_INT64_C(1000000000000),
                                   i % 4 * 100 + i % 3);

    return all + 20 - digits[i % 4];
}

static dygw_verification_t *record(int i)
{
    dygw_verification_t *v = record_processing();

    v->id = v->first_id = dygw_id_at(began + (apr_int64_t)i * APART_MS) + i;
    v->created_at = v->updated_at = began + (apr_int64_t)i * APART_MS;
    v->verify_status = (dygw_verify_status_e)(i % 4);
    v->verify_id = i % 3 ? text("v", i) : NULL;
    v->origin_code = i % 7 ? code_of(i) : NULL;
    v->request_id = text("r", i / 3);
    v->ext_order_id = i % 5 ? text("x", i % 5) : NULL;
    v->operator_name = i % 2 ? text("o", i % 3) : NULL;
    v->device = i % 6 ? text("d", i % 2) : NULL;
    v->after_sale = i % 9 < 5 ? (dygw_after_sale_e)(i % 9) : DYGW_AFTER_SALE_NONE;
    v->error_code = i % 4 == 2 ? (i % 8 < 4 ? 1208 : -1) : 0;
    v->reason = i % 4 == 2 ? (i % 8 < 4 ? "already_used" : "risk_review") : NULL;
    v->review_since = i % 16 == 0 ? v->created_at : DYGW_NO_TIME;
    v->certificate_id = text("c", i / 2);
    v->order_id = text("b", i / 4);
    v->poi_id = text("p", i % 2);
    v->account_id = i % 3 ? text("a", i % 3) : NULL;
    v->app_id = app + i % 2;
    v->pay_amount = 100 + i;
    v->receipt_amount = v->discount_amount = i;
    return v;
}

/* Once for all tests: they only read. */
static int make_records(void **state)
{
    int i;

    suite_setup(state);
    if (name) {
        return 0;
    }
    name = apr_pstrdup(apr_pool_parent_get(suite_pool), suite_unique_text("f"));
    began = DYGW_ID_EPOCH_MS + APART_YEARS + suite_unique() % DYGW_DAY_MS;
    app = suite_unique();
    for (i = 0; i < COUNT; i++) {
        dygw_db_t *db = suite_open(0);
        dygw_verification_t *v = record(i);

        assert_int_equal(record_insert(db, v), APR_SUCCESS);
        dygw_db_close(db);
    }
    return 0;
}

static void read_records(void)
{
    int i;

    for (i = 0; i < COUNT; i++) {
        made[i] = record(i);
    }
}

/* --- what is expected --- */

static int is_text(const char *wanted, const char *value)
{
    return !wanted || (value && strcmp(wanted, value) == 0);
}

static int has_code(const dygw_report_filter_t *f, const dygw_verification_t *v)
{
    const char *code = v->origin_code;

    if (!f->code || !code) {
        return !f->code;
    }
    if (f->code_is_tail && strlen(f->code) < strlen(code)) {
        code += strlen(code) - strlen(f->code);
    }
    return strcmp(f->code, code) == 0;
}

static int has_reason(const dygw_report_filter_t *f, const dygw_verification_t *v)
{
    const int open = v->verify_status == DYGW_PROCESSING;
    const int reviewed = v->review_since != DYGW_NO_TIME;

    switch (f->open_reason) {
    case DYGW_OPEN_WAITING:
        return open && !reviewed && !v->reason;
    case DYGW_OPEN_REVIEW:
        return (open && reviewed) || is_text("risk_review", v->reason);
    default:
        return is_text(f->reason, v->reason);
    }
}

static int matches(const dygw_report_filter_t *f, const dygw_verification_t *v)
{
    return (f->start_time == DYGW_NO_TIME || v->created_at >= f->start_time)
           && (f->end_time == DYGW_NO_TIME || v->created_at < f->end_time) && is_text(f->verify_id, v->verify_id)
           && is_text(f->request_id, v->request_id) && is_text(f->ext_order_id, v->ext_order_id)
           && is_text(f->operator_name, v->operator_name) && is_text(f->device, v->device)
           && is_text(f->certificate_id, v->certificate_id) && is_text(f->order_id, v->order_id)
           && is_text(f->poi_id, v->poi_id) && is_text(f->account_id, v->account_id)
           && (!f->app_id || f->app_id == v->app_id) && has_code(f, v) && has_reason(f, v)
           && (f->status == DYGW_ANY_STATUS || f->status == (int)v->verify_status)
           && (f->error_code == DYGW_NO_INT || f->error_code == v->error_code)
           && (f->after_sale == DYGW_AFTER_SALE_NONE || f->after_sale == v->after_sale);
}

/* Adds the filter `by`, so that the record `of` matches where it has such a thing. */
static void add(dygw_report_filter_t *f, int by, const dygw_verification_t *of)
{
    const char *tail = of && of->origin_code ? of->origin_code : "12345678";

    switch (by) {
    case BY_VERIFY:
        f->verify_id = of->verify_id ? of->verify_id : "none";
        break;
    case BY_CODE:
        f->code = tail;
        break;
    case BY_TAIL:
        f->code = tail + strlen(tail) - 4;
        f->code_is_tail = 1;
        break;
    case BY_REQUEST:
        f->request_id = of->request_id;
        break;
    case BY_EXT_ORDER:
        f->ext_order_id = of->ext_order_id ? of->ext_order_id : "none";
        break;
    case BY_OPERATOR:
        f->operator_name = of->operator_name ? of->operator_name : "none";
        break;
    case BY_DEVICE:
        f->device = of->device ? of->device : "none";
        break;
    case BY_AFTER_SALE:
        f->after_sale = of->after_sale == DYGW_AFTER_SALE_NONE ? DYGW_AFTER_SALE_REFUNDED : of->after_sale;
        break;
    case BY_REASON:
        f->reason = of->reason ? of->reason : "already_used";
        break;
    case BY_WAITING:
        f->open_reason = DYGW_OPEN_WAITING;
        break;
    case BY_REVIEW:
        f->open_reason = DYGW_OPEN_REVIEW;
        break;
    case BY_ERROR:
        f->error_code = of->error_code ? of->error_code : -1;
        break;
    case BY_NO_ERROR:
        f->error_code = 0;
        break;
    case BY_STATUS:
        f->status = of->verify_status == DYGW_SUCCESS ? DYGW_FAILED : (int)of->verify_status;
        break;
    case BY_SUCCESS:
        f->status = DYGW_SUCCESS;
        break;
    case BY_CERTIFICATE:
        f->certificate_id = of->certificate_id;
        break;
    case BY_ORDER:
        f->order_id = of->order_id;
        break;
    case BY_POI:
        f->poi_id = of->poi_id;
        break;
    case BY_ACCOUNT:
        f->account_id = of->account_id ? of->account_id : "none";
        break;
    default:
        f->app_id = of->app_id;
    }
}

static void assert_found(const dygw_report_filter_t *f)
{
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;
    dygw_sums_row_t *sums;
    apr_int64_t total = -1;
    int found = 0;
    int i;

    assert_int_equal(dygw_store_report_page(db, f, 0, 1000, &rows, suite_pool), APR_SUCCESS);
    for (i = COUNT - 1; i >= 0; i--) {
        if (matches(f, made[i])) {
            assert_in_range(rows->nelts, found + 1, COUNT);
            assert_int_equal(APR_ARRAY_IDX(rows, found, dygw_verification_t *)->id, made[i]->id);
            found++;
        }
    }
    assert_int_equal(rows->nelts, found);
    assert_int_equal(dygw_store_report_count(db, f, &total), APR_SUCCESS);
    assert_int_equal(total, found);
    assert_int_equal(dygw_store_report_sums(db, f, &(dygw_sums_by_t){ 0, 0 }, 10, &rows, suite_pool), APR_SUCCESS);
    sums = &APR_ARRAY_IDX(rows, 0, dygw_sums_row_t);
    assert_int_equal(rows->nelts == 0 ? 0 : sums->sums.total_count, found);
    dygw_db_close(db);
}

static dygw_report_filter_t of_all(int timed)
{
    dygw_report_filter_t f;

    dygw_report_filter_init(&f);
    f.start_time = timed ? began : DYGW_NO_TIME;
    f.end_time = timed ? began + DAYS * DYGW_DAY_MS : DYGW_NO_TIME;
    return f;
}

static void test_each_filter_finds_what_has_it(DYGW_UNUSED void **state)
{
    int by, i;

    read_records();
    for (by = 0; by < FILTERS; by++) {
        for (i = 1; i < 20; i += 3) {
            dygw_report_filter_t f = of_all(1);

            add(&f, by, made[i]);
            assert_found(&f);
            if (is_own[by]) {
                f = of_all(0);
                add(&f, by, made[i]);
                assert_found(&f);
            }
            f.start_time = began + 5 * APART_MS;
            f.end_time = began + 15 * APART_MS;
            assert_found(&f);
        }
    }
}

static void test_each_two_filters_find_what_has_both(DYGW_UNUSED void **state)
{
    int a, b, i;

    read_records();
    for (a = 0; a < FILTERS; a++) {
        for (b = a + 1; b < FILTERS; b++) {
            for (i = a + b; i < COUNT; i += 17) {
                dygw_report_filter_t f = of_all(1);

                add(&f, a, made[i]);
                add(&f, b, made[i]);
                assert_found(&f);
            }
        }
    }
}

static void test_all_filters_together_find_their_record(DYGW_UNUSED void **state)
{
    dygw_report_filter_t f = of_all(1);
    int by;

    read_records();
    assert_non_null(made[10]->reason); /* which has all */
    for (by = 0; by < FILTERS; by++) {
        if (by != BY_TAIL && by != BY_WAITING && by != BY_REVIEW && by != BY_NO_ERROR && by != BY_SUCCESS
            && by != BY_OPERATOR && by != BY_EXT_ORDER) {
            add(&f, by, made[10]);
        }
    }
    assert_true(matches(&f, made[10]));
    assert_found(&f);
}

/* Two codes that end alike are told apart by one digit more, and a code is no tail of itself with a digit before. */
static void test_a_code_is_found_by_as_many_last_digits_as_are_given(DYGW_UNUSED void **state)
{
    const char *code;
    apr_size_t digits;

    read_records();
    code = made[17]->origin_code; /* of 12 digits */
    for (digits = 4; digits <= strlen(code); digits++) {
        dygw_report_filter_t f = of_all(1);

        f.code = code + strlen(code) - digits;
        f.code_is_tail = 1;
        assert_true(matches(&f, made[17]));
        assert_found(&f);
        f.code_is_tail = 0;
        assert_found(&f);
        f.code = apr_pstrcat(suite_pool, "9", code, NULL);
        assert_false(matches(&f, made[17]));
        assert_found(&f);
    }
}

/* What other tests have made is counted, too: nearly all, and the others, are all. */
static void test_what_nearly_all_have_is_counted_without_times(DYGW_UNUSED void **state)
{
    static const char *const questions[] = { "SELECT COUNT(*) FROM dygw_verifications WHERE verify_status = 'success'",
                                             "SELECT COUNT(*) FROM dygw_verifications WHERE error_code = 0" };
    dygw_db_t *db = suite_open(0);
    int i;

    for (i = 0; i < 2; i++) {
        const char *all = APR_ARRAY_IDX(suite_ask(1, questions[i]), 0, const char *);
        dygw_report_filter_t f = of_all(0);
        apr_int64_t total;

        add(&f, i == 0 ? BY_SUCCESS : BY_NO_ERROR, NULL);
        assert_int_equal(dygw_store_report_count(db, &f, &total), APR_SUCCESS);
        assert_int_equal(total, apr_atoi64(all));
    }
    dygw_db_close(db);
}

#define FILTER_TEST(f) cmocka_unit_test_setup_teardown(f, make_records, suite_teardown)

void suite_filters(void)
{
    const struct CMUnitTest tests[] = {
        FILTER_TEST(test_each_filter_finds_what_has_it),
        FILTER_TEST(test_each_two_filters_find_what_has_both),
        FILTER_TEST(test_all_filters_together_find_their_record),
        FILTER_TEST(test_a_code_is_found_by_as_many_last_digits_as_are_given),
        FILTER_TEST(test_what_nearly_all_have_is_counted_without_times),
    };

    SUITE_ADD(tests);
}
