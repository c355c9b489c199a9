/* SPDX-License-Identifier: Apache-2.0
 * Reports of payouts, compared with a plain loop over what was written. */
#include "payouts.h"

#include "douyin/douyin.h"
#include "store/payout_report.h"
#include "store/report.h"
#include "util/compiler.h"
#include "util/day.h"

/* --- lists --- */

static int is_wanted(const char *wanted, const char *is)
{
    return !wanted || (is && strcmp(wanted, is) == 0);
}

static int ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static int is_shown(const dygw_report_filter_t *f, int i)
{
    const dygw_verification_t *v = payouts_made[i];

    return (v->verify_status == DYGW_SUCCESS
            || (v->verify_status == DYGW_CANCELLED && payouts_said[i].ledger_lines > 0))
           && (f->end_time == DYGW_NO_TIME || v->created_at < f->end_time) && v->created_at >= f->start_time
           && (!f->poi_id || strcmp(f->poi_id, v->poi_id) == 0) && (!f->app_id || f->app_id == v->app_id)
           && (!f->account_id || (v->account_id && strcmp(f->account_id, v->account_id) == 0))
           && (f->status == DYGW_ANY_STATUS || f->status == (int)v->verify_status)
           && is_wanted(f->certificate_id, v->certificate_id) && is_wanted(f->verify_id, v->verify_id)
           && is_wanted(f->request_id, v->request_id) && is_wanted(f->ext_order_id, v->ext_order_id)
           && is_wanted(f->operator_name, v->operator_name) && is_wanted(f->device, v->device)
           && (!f->code || ends_with(v->origin_code, f->code))
           && (f->after_sale == DYGW_AFTER_SALE_NONE || f->after_sale == v->after_sale)
           /* a redemption has neither a number nor a reason */
           && (f->error_code == DYGW_NO_INT || f->error_code == 0) && !f->reason && f->open_reason == DYGW_OPEN_NONE;
}

static dygw_payout_state_e state_of(int i)
{
    if (payouts_said[i].ledger_lines == 0) {
        return DYGW_PAYOUT_NONE;
    }
    return payouts_made[i]->verify_status == DYGW_CANCELLED ? DYGW_PAYOUT_VOID
                                                            : (dygw_payout_state_e)(payouts_said[i].ledger_status + 1);
}

static dygw_report_filter_t filter_of(int number)
{
    dygw_report_filter_t f;

    dygw_report_filter_init(&f);
    f.start_time = payouts_began;
    f.end_time = number & 32 ? payouts_began + 30 * PAYOUTS_APART_MS : payouts_began + PAYOUTS_DAYS * DYGW_DAY_MS;
    f.poi_id = number & 1 ? payouts_values.pois[1] : NULL;
    f.app_id = number & 2 ? payouts_values.apps[1] : 0;
    f.account_id = number & 4 ? payouts_values.accounts[1] : NULL;
    f.certificate_id = number & 8 ? payouts_values.certificates[0] : NULL;
    f.status = number & 16 ? number & 1 ? DYGW_CANCELLED : DYGW_SUCCESS : DYGW_ANY_STATUS;
    return f;
}
#define FILTERS 64

/* Each filter of reports that filter_of has not, one by one. 0: there are no more. */
static int set_filter(dygw_report_filter_t *f, int number)
{
    switch (number) {
    case 0:
        f->verify_id = payouts_made[6]->verify_id;
        return 1;
    case 1:
        f->request_id = payouts_values.request;
        return 1;
    case 2:
        f->ext_order_id = payouts_values.ext_order;
        return 1;
    case 3:
        f->operator_name = payouts_values.operators[1];
        return 1;
    case 4:
        f->device = payouts_values.devices[1];
        return 1;
    case 5:
        f->code = payouts_made[6]->origin_code;
        return 1;
    case 6:
        f->code = payouts_made[6]->origin_code + 8;
        f->code_is_tail = 1;
        return 1;
    case 7:
        f->after_sale = DYGW_AFTER_SALE_REQUESTED;
        return 1;
    case 8:
        f->error_code = 0;
        return 1;
    case 9:
        f->error_code = 1212;
        return 1;
    case 10:
        f->reason = "expired";
        return 1;
    case 11:
        f->open_reason = DYGW_OPEN_WAITING;
        return 1;
    case 12:
        f->open_reason = DYGW_OPEN_REVIEW;
        return 1;
    default:
        return 0;
    }
}

static void check_row(const dygw_payout_row_t *row, int i)
{
    assert_int_equal(row->id, payouts_made[i]->id);
    assert_int_equal(row->created_at, payouts_made[i]->created_at);
    assert_int_equal(row->verify_status, payouts_made[i]->verify_status);
    assert_string_equal(row->poi_id, payouts_made[i]->poi_id);
    assert_string_equal(row->verify_id, payouts_made[i]->verify_id);
    assert_int_equal(row->pay_amount, payouts_made[i]->pay_amount);
    assert_int_equal(row->state, state_of(i));
    assert_int_equal(row->ledger_lines, payouts_said[i].ledger_lines);
    assert_int_equal(row->ledger_at, payouts_said[i].ledger_lines ? payouts_said[i].ledger_at : DYGW_NO_TIME);
#define CHECK(member, name) \
    assert_int_equal(row->expected.member, payouts_said[i].ledger_lines ? payouts_said[i].amounts.member : DYGW_NO_INT);
    DYGW_PAYOUT_AMOUNTS(CHECK)
#undef CHECK
}

static void test_lists_have_what_a_plain_loop_finds(DYGW_UNUSED void **state)
{
    payouts_say_all();
    for (int number = 0; number < FILTERS; number++) {
        const dygw_report_filter_t f = filter_of(number);
        dygw_db_t *db = suite_open(0);
        apr_array_header_t *rows;
        apr_int64_t total = -1;
        int at = 0;

        assert_int_equal(dygw_store_payout_page(db, &f, 0, PAYOUTS, &rows, suite_pool), APR_SUCCESS);
        assert_int_equal(dygw_store_payout_count(db, &f, &total), APR_SUCCESS);
        dygw_db_close(db);
        for (int i = PAYOUTS - 1; i >= 0; i--) {
            if (is_shown(&f, i)) {
                assert_true(at < rows->nelts);
                check_row(&APR_ARRAY_IDX(rows, at++, const dygw_payout_row_t), i);
            }
        }
        assert_int_equal(rows->nelts, at);
        assert_int_equal(total, at);
    }
}

/* Returns how many there are. */
static int check_filter(const dygw_report_filter_t *f)
{
    const dygw_sums_by_t by = { DYGW_BY_OPERATOR | DYGW_BY_HOUR, PAYOUTS_ZONE };
    apr_array_header_t *rows, *second, *sums;
    dygw_db_t *db = suite_open(0);
    apr_int64_t total = -1;
    int at = 0, count = 0;

    assert_int_equal(dygw_store_payout_page(db, f, 0, PAYOUTS, &rows, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_payout_page(db, f, 1, PAYOUTS, &second, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_payout_count(db, f, &total), APR_SUCCESS);
    assert_int_equal(dygw_store_payout_sums(db, f, &by, 1000, &sums, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    for (int i = PAYOUTS - 1; i >= 0; i--) {
        if (is_shown(f, i)) {
            assert_true(at < rows->nelts);
            check_row(&APR_ARRAY_IDX(rows, at++, const dygw_payout_row_t), i);
        }
    }
    for (int i = 0; i < sums->nelts; i++) {
        count += (int)APR_ARRAY_IDX(sums, i, const dygw_payout_group_t).sums.count;
    }
    assert_int_equal(rows->nelts, at);
    assert_int_equal(second->nelts, at > 0 ? at - 1 : 0);
    assert_int_equal(total, at);
    assert_int_equal(count, at);
    return at;
}

static void test_each_filter_of_reports_is_one_of_payouts(DYGW_UNUSED void **state)
{
    static const int found[] = { 1, 6, 6, 4, 8, 4, 4, 8, 31, 0, 0, 0, 0 };
    dygw_report_filter_t f;

    payouts_say_all();
    for (int number = 0; f = filter_of(0), set_filter(&f, number); number++) {
        assert_int_equal(check_filter(&f), found[number]);
        f.poi_id = payouts_values.pois[0];
        check_filter(&f);
        f.status = DYGW_SUCCESS;
        check_filter(&f);
        f.status = DYGW_CANCELLED;
        f.app_id = payouts_values.apps[0];
        check_filter(&f);
    }
}

static void test_pages_are_parts_of_the_list(DYGW_UNUSED void **state)
{
    const dygw_report_filter_t f = filter_of(0);
    apr_array_header_t *all, *part;
    dygw_db_t *db;

    payouts_say_all();
    db = suite_open(0);
    assert_int_equal(dygw_store_payout_page(db, &f, 0, PAYOUTS, &all, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_payout_page(db, &f, 7, 5, &part, suite_pool), APR_SUCCESS);
    assert_int_equal(part->nelts, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(APR_ARRAY_IDX(part, i, dygw_payout_row_t).id, APR_ARRAY_IDX(all, i + 7, dygw_payout_row_t).id);
    }
    assert_int_equal(dygw_store_payout_below(db, &f, APR_ARRAY_IDX(all, 9, dygw_payout_row_t).id, 2, &part, suite_pool),
                     APR_SUCCESS);
    assert_int_equal(part->nelts, 2);
    assert_int_equal(APR_ARRAY_IDX(part, 0, dygw_payout_row_t).id, APR_ARRAY_IDX(all, 10, dygw_payout_row_t).id);
    assert_int_equal(dygw_store_payout_page(db, &f, PAYOUTS, 5, &part, suite_pool), APR_SUCCESS);
    assert_int_equal(part->nelts, 0);
    dygw_db_close(db);
}

/* --- sums --- */

/* What the key of a redemption is, said in a plain way. */
static dygw_sums_value_t key_of(int i, int key)
{
    const dygw_verification_t *v = payouts_made[i];
    const apr_int64_t here = v->created_at + PAYOUTS_ZONE * APR_INT64_C(60000);

    switch (key) {
    case DYGW_KEY_DAY:
        return (dygw_sums_value_t){ here / DYGW_DAY_MS, NULL };
    case DYGW_KEY_HOUR:
        return (dygw_sums_value_t){ here % DYGW_DAY_MS / 3600000, NULL };
    case DYGW_KEY_APP:
        return (dygw_sums_value_t){ v->app_id, NULL };
    case DYGW_KEY_POI:
        return (dygw_sums_value_t){ DYGW_NO_INT, v->poi_id };
    case DYGW_KEY_STORE:
        return (dygw_sums_value_t){ DYGW_NO_INT, v->store };
    case DYGW_KEY_ACCOUNT:
        return (dygw_sums_value_t){ DYGW_NO_INT, v->account_id };
    case DYGW_KEY_OPERATOR:
        return (dygw_sums_value_t){ DYGW_NO_INT, v->operator_name };
    default:
        return (dygw_sums_value_t){ DYGW_NO_INT, v->product_id };
    }
}

static int is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int is_of_group(int i, const dygw_payout_group_t *group, int keys)
{
    for (int key = 0; key < DYGW_KEYS; key++) {
        const dygw_sums_value_t is = keys & 1 << key ? key_of(i, key) : (dygw_sums_value_t){ DYGW_NO_INT, NULL };

        if (is.number != group->keys[key].number || !is_same_text(is.text, group->keys[key].text)) {
            return 0;
        }
    }
    return 1;
}

static void plus(apr_int64_t *sum, apr_int64_t more)
{
    *sum = more == DYGW_NO_INT ? *sum : *sum == DYGW_NO_INT ? more : *sum + more;
}

#define NOT_SHOWN(member, name) .member = DYGW_NO_INT,

static int check_group(const dygw_payout_group_t *group, const dygw_report_filter_t *f, int keys)
{
    dygw_payout_sums_t sums = { .expected = { DYGW_PAYOUT_AMOUNTS(NOT_SHOWN) } };

    for (int i = 0; i < PAYOUTS; i++) {
        if (!is_shown(f, i) || !is_of_group(i, group, keys)) {
            continue;
        }
        sums.count++;
        sums.count_of[state_of(i)]++;
        if (state_of(i) == DYGW_PAYOUT_VOID) {
            continue;
        }
        sums.pay_amount += payouts_made[i]->pay_amount == DYGW_NO_INT ? 0 : payouts_made[i]->pay_amount;
        if (payouts_said[i].ledger_lines) {
#define PLUS(member, name) plus(&sums.expected.member, payouts_said[i].amounts.member);
            DYGW_PAYOUT_AMOUNTS(PLUS)
#undef PLUS
        }
    }
    assert_memory_equal(&group->sums, &sums, sizeof(sums));
    return (int)sums.count;
}

static int check_sums(int filter, int keys)
{
    const dygw_report_filter_t f = filter_of(filter);
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;
    int count = 0, all = 0;

    assert_int_equal(dygw_store_payout_sums(db, &f, &(dygw_sums_by_t){ keys, PAYOUTS_ZONE }, 1000, &rows, suite_pool),
                     APR_SUCCESS);
    dygw_db_close(db);
    for (int i = 0; i < rows->nelts; i++) {
        count += check_group(&APR_ARRAY_IDX(rows, i, const dygw_payout_group_t), &f, keys);
    }
    for (int i = 0; i < PAYOUTS; i++) {
        all += is_shown(&f, i);
    }
    assert_int_equal(count, all); /* each redemption is in one group */
    return rows->nelts;
}

static void test_sums_are_those_of_a_plain_loop(DYGW_UNUSED void **state)
{
    static const int groups[DYGW_KEYS] = {
        [DYGW_KEY_DAY] = 4,     [DYGW_KEY_HOUR] = 8, [DYGW_KEY_POI] = 2,     [DYGW_KEY_STORE] = 3,
        [DYGW_KEY_ACCOUNT] = 3, [DYGW_KEY_APP] = 2,  [DYGW_KEY_PRODUCT] = 3, [DYGW_KEY_OPERATOR] = 3,
    };

    payouts_say_all();
    for (int key = 0; key < DYGW_KEY_REASON; key++) {
        assert_int_equal(check_sums(0, 1 << key), groups[key]);
    }
    assert_int_equal(check_sums(0, 0), 1);
    for (int filter = 0; filter < FILTERS; filter += 5) {
        check_sums(filter, 1 << filter % DYGW_KEY_REASON | 1 << (filter + 2) % DYGW_KEY_REASON);
        check_sums(filter, DYGW_PAYOUT_BY_ANY);
    }
}

void suite_payouts_reports(void)
{
    const struct CMUnitTest tests[] = {
        PAYOUT_TEST(test_lists_have_what_a_plain_loop_finds),
        PAYOUT_TEST(test_each_filter_of_reports_is_one_of_payouts),
        PAYOUT_TEST(test_pages_are_parts_of_the_list),
        PAYOUT_TEST(test_sums_are_those_of_a_plain_loop),
    };

    SUITE_ADD(tests);
}
