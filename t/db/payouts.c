/* SPDX-License-Identifier: Apache-2.0
 * dygw_payouts: rows for redemptions and for nothing else, what is due, what the ledger said. Reports of it
 * are in payouts_reports.c. */
#include "payouts.h"

#include "douyin/douyin.h"
#include "util/compiler.h"
#include "util/day.h"

#define YEAR_MS (APR_INT64_C(300) * DYGW_DAY_MS)
#define LATE_MS 3600000 /* by so much the last redemption was settled later than it was made */

payouts_values_t payouts_values;
dygw_verification_t *payouts_made[PAYOUTS];
dygw_payout_t payouts_said[PAYOUTS];
dygw_ms_t payouts_began;

static dygw_verification_t *record(int i)
{
    static const dygw_verify_status_e status[]
        = { DYGW_SUCCESS, DYGW_SUCCESS, DYGW_CANCELLED, DYGW_FAILED, DYGW_SUCCESS, DYGW_PROCESSING };
    dygw_verification_t *v = record_processing();
    dygw_ms_t t = payouts_began + (apr_int64_t)i * PAYOUTS_APART_MS;

    v->id = v->first_id = dygw_id_at(t) + i;
    v->created_at = v->updated_at = t;
    v->verify_time = i == PAYOUTS - 2 ? t + LATE_MS : t;
    v->verify_status = status[i % 6];
    v->poi_id = payouts_values.pois[i & 1];
    v->app_id = payouts_values.apps[i >> 1 & 1];
    v->certificate_id = i == 4 ? NULL : payouts_values.certificates[i >> 2 & 1];
    v->verify_id = suite_unique_text("v");
    v->product_id = i % 3 ? i % 3 == 1 ? "p1" : "p2" : NULL;
    v->store = i % 4 ? i % 4 == 1 ? "7001" : "7002" : NULL;
    v->account_id = i % 7 ? payouts_values.accounts[i % 7 < 4] : NULL;
    v->pay_amount = i % 5 ? 1000 + i : DYGW_NO_INT;
    v->operator_name = i % 4 < 2 ? payouts_values.operators[i & 1] : NULL;
    v->device = payouts_values.devices[i % 3 == 0];
    v->request_id = i % 8 ? "r-other" : payouts_values.request;
    v->ext_order_id = i % 5 ? NULL : payouts_values.ext_order;
    v->origin_code = apr_psprintf(suite_pool, "%s%04d", payouts_values.code, i % 12 * 1001);
    v->after_sale = i % 6 == 4 ? DYGW_AFTER_SALE_REQUESTED : DYGW_AFTER_SALE_NONE;
    return v;
}

static int is_redeemed(const dygw_verification_t *v)
{
    return v->verify_status == DYGW_SUCCESS;
}

int payouts_make(void **state)
{
    static int round;
    dygw_db_t *db;

    suite_setup(state);
    suite_do("DELETE FROM dygw_payouts");
    memset(payouts_said, 0, sizeof(payouts_said));
    payouts_began = DYGW_ID_EPOCH_MS - DYGW_ID_EPOCH_MS % DYGW_DAY_MS - PAYOUTS_ZONE * APR_INT64_C(60000)
                    + (suite_unique() % YEAR_MS) / DYGW_DAY_MS * DYGW_DAY_MS + 2 * YEAR_MS
                    + DYGW_DAY_MS * PAYOUTS_DAYS * round++;
    for (int i = 0; i < 2; i++) {
        payouts_values.pois[i] = suite_unique_text("poi");
        payouts_values.certificates[i] = suite_unique_text("c");
        payouts_values.accounts[i] = suite_unique_text("a");
        payouts_values.operators[i] = suite_unique_text("o");
        payouts_values.devices[i] = suite_unique_text("d");
        payouts_values.apps[i] = suite_unique();
    }
    payouts_values.request = suite_unique_text("r");
    payouts_values.ext_order = suite_unique_text("e");
    payouts_values.code = apr_psprintf(suite_pool, "%08d", (int)(suite_unique() % 100000000));
    db = suite_open(0);
    for (int i = 0; i < PAYOUTS; i++) {
        payouts_made[i] = record(i);
        assert_int_equal(record_insert(db, payouts_made[i]), APR_SUCCESS);
    }
    dygw_db_close(db);
    return 0;
}

static apr_int64_t number(const char *sql)
{
    apr_array_header_t *found = suite_ask(1, sql);

    return found->nelts > 0 ? apr_atoi64(APR_ARRAY_IDX(found, 0, const char *)) : -1;
}

/* --- making rows --- */

static apr_int64_t add(apr_int64_t after, apr_int64_t below, int limit, int *added)
{
    dygw_db_t *db = suite_open(0);
    apr_int64_t last = -1;

    assert_int_equal(dygw_store_payout_add(db, &(dygw_payout_piece_t){ after, below, limit }, &last, added),
                     APR_SUCCESS);
    dygw_db_close(db);
    return last;
}

static int add_all(void)
{
    int added = -1;

    assert_int_equal(add(payouts_made[0]->id - 1, payouts_made[PAYOUTS - 1]->id + 1, 1000, &added),
                     payouts_made[PAYOUTS - 1]->id);
    return added;
}

static int count_redeemed(void)
{
    int count = 0;

    for (int i = 0; i < PAYOUTS; i++) {
        count += is_redeemed(payouts_made[i]) && payouts_made[i]->certificate_id;
    }
    return count;
}

static void test_each_redemption_gets_a_row_once(DYGW_UNUSED void **state)
{
    assert_int_equal(add_all(), count_redeemed());
    assert_int_equal(add_all(), 0);
    assert_int_equal(number("SELECT COUNT(*) FROM dygw_payouts"), count_redeemed());
}

static void test_a_piece_ends_at_its_limit_and_its_bounds(DYGW_UNUSED void **state)
{
    int added;

    assert_int_equal(add(payouts_made[0]->id, payouts_made[10]->id, 5, &added), payouts_made[5]->id);
    assert_int_equal(added, 1); /* the second one, as the first is not in it, and the fifth has no coupon */
    assert_int_equal(add(payouts_made[5]->id, payouts_made[7]->id, 5, &added), payouts_made[6]->id);
    assert_int_equal(added, 1);
    assert_int_equal(add(payouts_made[6]->id, payouts_made[7]->id, 5, &added), 0);
    assert_int_equal(added, 0);
}

static apr_array_header_t *due(dygw_ms_t now, int limit)
{
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *rows;

    assert_int_equal(dygw_store_payout_due(db, now, limit, &rows, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    return rows;
}

static const dygw_payout_due_t *due_at(const apr_array_header_t *rows, int i)
{
    return &APR_ARRAY_IDX(rows, i, const dygw_payout_due_t);
}

static void test_a_row_is_due_seventy_minutes_after_its_redemption(DYGW_UNUSED void **state)
{
    const dygw_ms_t first = payouts_made[0]->verify_time + 70 * 60000;
    const dygw_verification_t *late = payouts_made[PAYOUTS - 2];

    add_all();
    assert_int_equal(due(first - 1, 10)->nelts, 0);
    assert_int_equal(due(first, 10)->nelts, 1);
    assert_int_equal(due_at(due(first, 10), 0)->verification_id, payouts_made[0]->id);
    assert_int_equal(due(late->created_at + 70 * 60000, 100)->nelts, count_redeemed() - 1);
    assert_int_equal(due(late->verify_time + 70 * 60000, 100)->nelts, count_redeemed());
}

static void test_what_is_due_comes_with_its_verification(DYGW_UNUSED void **state)
{
    const dygw_payout_due_t *row;
    int uses = 0;

    add_all();
    row = due_at(due(payouts_made[1]->created_at + DYGW_DAY_MS, 2), 1);
    for (int i = 0; i < PAYOUTS; i++) {
        uses += payouts_made[i]->certificate_id == payouts_made[1]->certificate_id
                && (is_redeemed(payouts_made[i]) || payouts_made[i]->verify_status == DYGW_CANCELLED);
    }
    assert_int_equal(row->verification_id, payouts_made[1]->id);
    assert_int_equal(row->ledger_asks + row->ledger_lines, 0);
    assert_string_equal(row->certificate_id, payouts_made[1]->certificate_id);
    assert_string_equal(row->verify_id, payouts_made[1]->verify_id);
    assert_string_equal(row->account_id, payouts_made[1]->account_id);
    assert_string_equal(row->store, "7001");
    assert_string_equal(row->poi_id, payouts_values.pois[1]);
    assert_int_equal(row->verify_time, payouts_made[1]->verify_time);
    assert_int_equal(row->created_at, payouts_made[1]->created_at);
    assert_int_equal(row->uses, uses);
}

/* --- what the ledger said --- */

/* Of each seventh one it says nothing; what it says has amounts that nothing else has, some unknown. */
static void say(int i)
{
    const dygw_payout_t nothing = { .verification_id = payouts_made[i]->id, .next_ask_at = T0, .ledger_asks = 1 };

    payouts_said[i] = nothing;
    if (i % 7 == 3) {
        return;
    }
    payouts_said[i].ledger_at = T0 + i;
    payouts_said[i].ledger_status = i % 5;
    payouts_said[i].ledger_lines = 1 + i % 2;
    payouts_said[i].ledger_records = "[{\"ledger_id\":\"1\"}]";
#define SAY(member, name) \
    payouts_said[i].amounts.member = i % 4 == DYGW_LEDGER_##name % 4 ? DYGW_NO_INT : 100 * i + number++;
    {
        int number = 1;

        DYGW_PAYOUT_AMOUNTS(SAY)
    }
#undef SAY
}

static void put(int first, int last)
{
    apr_array_header_t *payouts = apr_array_make(suite_pool, 1, sizeof(dygw_payout_t));
    dygw_db_t *db = suite_open(0);

    for (int i = first; i <= last; i++) {
        if (is_redeemed(payouts_made[i]) && payouts_made[i]->certificate_id) {
            APR_ARRAY_PUSH(payouts, dygw_payout_t) = payouts_said[i];
        }
    }
    assert_int_equal(dygw_store_payout_put(db, payouts), APR_SUCCESS);
    dygw_db_close(db);
}

/* What was cancelled had been redeemed before, with or without a line. */
void payouts_say_all(void)
{
    for (int i = 0; i < PAYOUTS; i++) {
        if (payouts_made[i]->verify_status == DYGW_CANCELLED) {
            suite_do(apr_psprintf(
                suite_pool, "UPDATE dygw_verifications SET verify_status = 'success' WHERE id = %" APR_INT64_T_FMT,
                payouts_made[i]->id));
            payouts_made[i]->verify_status = DYGW_SUCCESS;
        }
    }
    add_all();
    for (int i = 0; i < PAYOUTS; i++) {
        if (is_redeemed(payouts_made[i]) && payouts_made[i]->certificate_id) {
            say(i);
        }
    }
    put(0, PAYOUTS - 1);
    put(3, 9); /* twice does no harm */
    for (int i = 0; i < PAYOUTS; i++) {
        if (i % 6 == 2) {
            suite_do(apr_psprintf(suite_pool,
                                  "UPDATE dygw_verifications SET verify_status = 'cancelled' "
                                  "WHERE id = %" APR_INT64_T_FMT,
                                  payouts_made[i]->id));
            payouts_made[i]->verify_status = DYGW_CANCELLED;
        }
    }
}

static void test_an_answer_without_lines_keeps_what_there_was(DYGW_UNUSED void **state)
{
    const char *one = apr_psprintf(suite_pool,
                                   "SELECT ledger_lines, expected_goods, ledger_asks, next_ask_at IS NULL "
                                   "FROM dygw_payouts WHERE verification_id = %" APR_INT64_T_FMT,
                                   payouts_made[1]->id);

    add_all();
    say(1);
    payouts_said[1].amounts.goods = 77;
    put(1, 1);
    payouts_said[1].ledger_lines = 0;
    payouts_said[1].ledger_asks = 2;
    payouts_said[1].next_ask_at = DYGW_NO_TIME;
    put(1, 1);
    assert_non_null(strstr(APR_ARRAY_IDX(suite_ask(1, one), 0, const char *), "2|77|2|"));
    assert_int_equal(due(T0 * 2, 1000)->nelts, count_redeemed() - 1);
}

static void test_a_batch_is_written_as_a_whole_or_not_at_all(DYGW_UNUSED void **state)
{
    apr_array_header_t *payouts = apr_array_make(suite_pool, 2, sizeof(dygw_payout_t));
    dygw_db_t *db;

    add_all();
    say(0);
    say(1);
    payouts_said[1].ledger_lines = 0;
    put(0, 1);
    payouts_said[0].ledger_asks = payouts_said[1].ledger_asks = 9;
    APR_ARRAY_PUSH(payouts, dygw_payout_t) = payouts_said[0];
    APR_ARRAY_PUSH(payouts, dygw_payout_t) = payouts_said[1];
    db = suite_open(0);
    wire_refuse("dygw_payout_asked", 1, 1);
    assert_int_not_equal(dygw_store_payout_put(db, payouts), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(number("SELECT COUNT(*) FROM dygw_payouts WHERE ledger_asks = 9"), 0);
}

static void test_rows_go_when_their_verifications_are_gone(DYGW_UNUSED void **state)
{
    const dygw_ms_t later = payouts_made[20]->created_at;
    dygw_db_t *db;
    int removed = -1;

    add_all();
    suite_do(apr_psprintf(suite_pool,
                          "DELETE FROM dygw_verifications WHERE id IN (%" APR_INT64_T_FMT ", %" APR_INT64_T_FMT
                          ", %" APR_INT64_T_FMT ", %" APR_INT64_T_FMT ")",
                          payouts_made[0]->id, payouts_made[6]->id, payouts_made[7]->id, payouts_made[24]->id));
    db = suite_open(0);
    assert_int_equal(dygw_store_payout_purge(db, later, 2, &removed), APR_SUCCESS);
    assert_int_equal(removed, 2);
    assert_int_equal(dygw_store_payout_purge(db, later, 2, &removed), APR_SUCCESS);
    assert_int_equal(removed, 1);
    dygw_db_close(db);
    assert_int_equal(number("SELECT COUNT(*) FROM dygw_payouts"), count_redeemed() - 3);
}

void suite_payouts(void)
{
    const struct CMUnitTest tests[] = {
        PAYOUT_TEST(test_each_redemption_gets_a_row_once),
        PAYOUT_TEST(test_a_piece_ends_at_its_limit_and_its_bounds),
        PAYOUT_TEST(test_a_row_is_due_seventy_minutes_after_its_redemption),
        PAYOUT_TEST(test_what_is_due_comes_with_its_verification),
        PAYOUT_TEST(test_an_answer_without_lines_keeps_what_there_was),
        PAYOUT_TEST(test_a_batch_is_written_as_a_whole_or_not_at_all),
        PAYOUT_TEST(test_rows_go_when_their_verifications_are_gone),
    };

    SUITE_ADD(tests);
}
