/* SPDX-License-Identifier: Apache-2.0
 * dygw_payouts: rows for redemptions and for nothing else, what is due, what the ledger said; and reports of it, which
 * are compared with a plain loop over what was written. */
#include "records.h"

#include "douyin/douyin.h"
#include "store/payout.h"
#include "store/payout_report.h"
#include "store/report.h"
#include "util/compiler.h"
#include "util/day.h"

#define COUNT    48
#define APART_MS 7200000 /* two hours: four days of records */
#define YEAR_MS  (APR_INT64_C(300) * DYGW_DAY_MS)
#define WEEK     7 /* of a test: its records are the only ones in there */
#define CHINA    480
#define LATE_MS  3600000 /* by so much the last redemption was settled later than it was made */

static dygw_verification_t *made[COUNT];
static dygw_payout_t said[COUNT]; /* ledger_lines 0: nothing */
static dygw_ms_t began;           /* the first ms of a day in China, and of the first record */
static const char *pois[2], *certificates[2], *accounts[2];
static apr_int64_t apps[2];

static dygw_verification_t *record(int i)
{
    static const dygw_verify_status_e status[]
        = { DYGW_SUCCESS, DYGW_SUCCESS, DYGW_CANCELLED, DYGW_FAILED, DYGW_SUCCESS, DYGW_PROCESSING };
    dygw_verification_t *v = record_processing();
    dygw_ms_t t = began + (apr_int64_t)i * APART_MS;

    v->id = v->first_id = dygw_id_at(t) + i;
    v->created_at = v->updated_at = t;
    v->verify_time = i == COUNT - 2 ? t + LATE_MS : t;
    v->verify_status = status[i % 6];
    v->poi_id = pois[i & 1];
    v->app_id = apps[i >> 1 & 1];
    v->certificate_id = i == 4 ? NULL : certificates[i >> 2 & 1];
    v->verify_id = suite_unique_text("v");
    v->product_id = i % 3 ? i % 3 == 1 ? "p1" : "p2" : NULL;
    v->store = i % 4 ? i % 4 == 1 ? "7001" : "7002" : NULL;
    v->account_id = i % 7 ? accounts[i % 7 < 4] : NULL;
    v->pay_amount = i % 5 ? 1000 + i : DYGW_NO_INT;
    return v;
}

static int is_redeemed(const dygw_verification_t *v)
{
    return v->verify_status == DYGW_SUCCESS;
}

static int make_records(void **state)
{
    static int round;
    dygw_db_t *db;

    suite_setup(state);
    suite_do("DELETE FROM dygw_payouts");
    memset(said, 0, sizeof(said));
    began = DYGW_ID_EPOCH_MS - DYGW_ID_EPOCH_MS % DYGW_DAY_MS - CHINA * APR_INT64_C(60000)
            + (suite_unique() % YEAR_MS) / DYGW_DAY_MS * DYGW_DAY_MS + 2 * YEAR_MS + DYGW_DAY_MS * WEEK * round++;
    for (int i = 0; i < 2; i++) {
        pois[i] = suite_unique_text("poi");
        certificates[i] = suite_unique_text("c");
        accounts[i] = suite_unique_text("a");
        apps[i] = suite_unique();
    }
    db = suite_open(0);
    for (int i = 0; i < COUNT; i++) {
        made[i] = record(i);
        assert_int_equal(record_insert(db, made[i]), APR_SUCCESS);
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

    assert_int_equal(add(made[0]->id - 1, made[COUNT - 1]->id + 1, 1000, &added), made[COUNT - 1]->id);
    return added;
}

static int count_redeemed(void)
{
    int count = 0;

    for (int i = 0; i < COUNT; i++) {
        count += is_redeemed(made[i]) && made[i]->certificate_id;
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

    assert_int_equal(add(made[0]->id, made[10]->id, 5, &added), made[5]->id);
    assert_int_equal(added, 1); /* the second one, as the first is not in it, and the fifth has no coupon */
    assert_int_equal(add(made[5]->id, made[7]->id, 5, &added), made[6]->id);
    assert_int_equal(added, 1);
    assert_int_equal(add(made[6]->id, made[7]->id, 5, &added), 0);
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
    const dygw_ms_t first = made[0]->verify_time + 70 * 60000;
    const dygw_verification_t *late = made[COUNT - 2];

    add_all();
    assert_int_equal(due(first - 1, 10)->nelts, 0);
    assert_int_equal(due(first, 10)->nelts, 1);
    assert_int_equal(due_at(due(first, 10), 0)->verification_id, made[0]->id);
    assert_int_equal(due(late->created_at + 70 * 60000, 100)->nelts, count_redeemed() - 1);
    assert_int_equal(due(late->verify_time + 70 * 60000, 100)->nelts, count_redeemed());
}

static void test_what_is_due_comes_with_its_verification(DYGW_UNUSED void **state)
{
    const dygw_payout_due_t *row;
    int uses = 0;

    add_all();
    row = due_at(due(made[1]->created_at + DYGW_DAY_MS, 2), 1);
    for (int i = 0; i < COUNT; i++) {
        uses += made[i]->certificate_id == made[1]->certificate_id
                && (is_redeemed(made[i]) || made[i]->verify_status == DYGW_CANCELLED);
    }
    assert_int_equal(row->verification_id, made[1]->id);
    assert_int_equal(row->ledger_asks + row->ledger_lines, 0);
    assert_string_equal(row->certificate_id, made[1]->certificate_id);
    assert_string_equal(row->verify_id, made[1]->verify_id);
    assert_string_equal(row->account_id, made[1]->account_id);
    assert_string_equal(row->store, "7001");
    assert_string_equal(row->poi_id, pois[1]);
    assert_int_equal(row->verify_time, made[1]->verify_time);
    assert_int_equal(row->created_at, made[1]->created_at);
    assert_int_equal(row->uses, uses);
}

/* --- what the ledger said --- */

/* Of each seventh one it says nothing; what it says has amounts that nothing else has, some unknown. */
static void say(int i)
{
    const dygw_payout_t nothing = { .verification_id = made[i]->id, .next_ask_at = T0, .ledger_asks = 1 };

    said[i] = nothing;
    if (i % 7 == 3) {
        return;
    }
    said[i].ledger_at = T0 + i;
    said[i].ledger_status = i % 5;
    said[i].ledger_lines = 1 + i % 2;
    said[i].ledger_records = "[{\"ledger_id\":\"1\"}]";
#define SAY(member, name) said[i].amounts.member = i % 4 == DYGW_LEDGER_##name % 4 ? DYGW_NO_INT : 100 * i + number++;
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
        if (is_redeemed(made[i]) && made[i]->certificate_id) {
            APR_ARRAY_PUSH(payouts, dygw_payout_t) = said[i];
        }
    }
    assert_int_equal(dygw_store_payout_put(db, payouts), APR_SUCCESS);
    dygw_db_close(db);
}

/* What was cancelled had been redeemed before, with or without a line. */
static void say_all(void)
{
    for (int i = 0; i < COUNT; i++) {
        if (made[i]->verify_status == DYGW_CANCELLED) {
            suite_do(apr_psprintf(
                suite_pool, "UPDATE dygw_verifications SET verify_status = 'success' WHERE id = %" APR_INT64_T_FMT,
                made[i]->id));
            made[i]->verify_status = DYGW_SUCCESS;
        }
    }
    add_all();
    for (int i = 0; i < COUNT; i++) {
        if (is_redeemed(made[i]) && made[i]->certificate_id) {
            say(i);
        }
    }
    put(0, COUNT - 1);
    put(3, 9); /* twice does no harm */
    for (int i = 0; i < COUNT; i++) {
        if (i % 6 == 2) {
            suite_do(apr_psprintf(suite_pool,
                                  "UPDATE dygw_verifications SET verify_status = 'cancelled' "
                                  "WHERE id = %" APR_INT64_T_FMT,
                                  made[i]->id));
            made[i]->verify_status = DYGW_CANCELLED;
        }
    }
}

static void test_an_answer_without_lines_keeps_what_there_was(DYGW_UNUSED void **state)
{
    const char *one = apr_psprintf(suite_pool,
                                   "SELECT ledger_lines, expected_goods, ledger_asks, next_ask_at IS NULL "
                                   "FROM dygw_payouts WHERE verification_id = %" APR_INT64_T_FMT,
                                   made[1]->id);

    add_all();
    say(1);
    said[1].amounts.goods = 77;
    put(1, 1);
    said[1].ledger_lines = 0;
    said[1].ledger_asks = 2;
    said[1].next_ask_at = DYGW_NO_TIME;
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
    said[1].ledger_lines = 0;
    put(0, 1);
    said[0].ledger_asks = said[1].ledger_asks = 9;
    APR_ARRAY_PUSH(payouts, dygw_payout_t) = said[0];
    APR_ARRAY_PUSH(payouts, dygw_payout_t) = said[1];
    db = suite_open(0);
    wire_refuse("dygw_payout_asked", 1, 1);
    assert_int_not_equal(dygw_store_payout_put(db, payouts), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(number("SELECT COUNT(*) FROM dygw_payouts WHERE ledger_asks = 9"), 0);
}

static void test_rows_go_when_their_verifications_are_gone(DYGW_UNUSED void **state)
{
    const dygw_ms_t later = made[20]->created_at;
    dygw_db_t *db;
    int removed = -1;

    add_all();
    suite_do(apr_psprintf(suite_pool,
                          "DELETE FROM dygw_verifications WHERE id IN (%" APR_INT64_T_FMT ", %" APR_INT64_T_FMT
                          ", %" APR_INT64_T_FMT ", %" APR_INT64_T_FMT ")",
                          made[0]->id, made[6]->id, made[7]->id, made[24]->id));
    db = suite_open(0);
    assert_int_equal(dygw_store_payout_purge(db, later, 2, &removed), APR_SUCCESS);
    assert_int_equal(removed, 2);
    assert_int_equal(dygw_store_payout_purge(db, later, 2, &removed), APR_SUCCESS);
    assert_int_equal(removed, 1);
    dygw_db_close(db);
    assert_int_equal(number("SELECT COUNT(*) FROM dygw_payouts"), count_redeemed() - 3);
}

/* --- lists --- */

static int is_shown(const dygw_report_filter_t *f, int i)
{
    const dygw_verification_t *v = made[i];

    return (is_redeemed(v) || (v->verify_status == DYGW_CANCELLED && said[i].ledger_lines > 0))
           && (f->end_time == DYGW_NO_TIME || v->created_at < f->end_time) && v->created_at >= f->start_time
           && (!f->poi_id || strcmp(f->poi_id, v->poi_id) == 0) && (!f->app_id || f->app_id == v->app_id)
           && (!f->account_id || (v->account_id && strcmp(f->account_id, v->account_id) == 0))
           && (f->status == DYGW_ANY_STATUS || f->status == (int)v->verify_status)
           && (!f->certificate_id || (v->certificate_id && strcmp(f->certificate_id, v->certificate_id) == 0));
}

static dygw_payout_state_e state_of(int i)
{
    if (said[i].ledger_lines == 0) {
        return DYGW_PAYOUT_NONE;
    }
    return made[i]->verify_status == DYGW_CANCELLED ? DYGW_PAYOUT_VOID
                                                    : (dygw_payout_state_e)(said[i].ledger_status + 1);
}

static dygw_report_filter_t filter_of(int number)
{
    dygw_report_filter_t f;

    dygw_report_filter_init(&f);
    f.start_time = began;
    f.end_time = number & 32 ? began + 30 * APART_MS : began + WEEK * DYGW_DAY_MS;
    f.poi_id = number & 1 ? pois[1] : NULL;
    f.app_id = number & 2 ? apps[1] : 0;
    f.account_id = number & 4 ? accounts[1] : NULL;
    f.certificate_id = number & 8 ? certificates[0] : NULL;
    f.status = number & 16 ? number & 1 ? DYGW_CANCELLED : DYGW_SUCCESS : DYGW_ANY_STATUS;
    return f;
}
#define FILTERS 64

static void check_row(const dygw_payout_row_t *row, int i)
{
    assert_int_equal(row->id, made[i]->id);
    assert_int_equal(row->created_at, made[i]->created_at);
    assert_int_equal(row->verify_status, made[i]->verify_status);
    assert_string_equal(row->poi_id, made[i]->poi_id);
    assert_string_equal(row->verify_id, made[i]->verify_id);
    assert_int_equal(row->pay_amount, made[i]->pay_amount);
    assert_int_equal(row->state, state_of(i));
    assert_int_equal(row->ledger_lines, said[i].ledger_lines);
    assert_int_equal(row->ledger_at, said[i].ledger_lines ? said[i].ledger_at : DYGW_NO_TIME);
#define CHECK(member, name) \
    assert_int_equal(row->expected.member, said[i].ledger_lines ? said[i].amounts.member : DYGW_NO_INT);
    DYGW_PAYOUT_AMOUNTS(CHECK)
#undef CHECK
}

static void test_lists_have_what_a_plain_loop_finds(DYGW_UNUSED void **state)
{
    say_all();
    for (int number = 0; number < FILTERS; number++) {
        const dygw_report_filter_t f = filter_of(number);
        dygw_db_t *db = suite_open(0);
        apr_array_header_t *rows;
        apr_int64_t total = -1;
        int at = 0;

        assert_int_equal(dygw_store_payout_page(db, &f, 0, COUNT, &rows, suite_pool), APR_SUCCESS);
        assert_int_equal(dygw_store_payout_count(db, &f, &total), APR_SUCCESS);
        dygw_db_close(db);
        for (int i = COUNT - 1; i >= 0; i--) {
            if (is_shown(&f, i)) {
                assert_true(at < rows->nelts);
                check_row(&APR_ARRAY_IDX(rows, at++, const dygw_payout_row_t), i);
            }
        }
        assert_int_equal(rows->nelts, at);
        assert_int_equal(total, at);
    }
}

static void test_pages_are_parts_of_the_list(DYGW_UNUSED void **state)
{
    const dygw_report_filter_t f = filter_of(0);
    apr_array_header_t *all, *part;
    dygw_db_t *db;

    say_all();
    db = suite_open(0);
    assert_int_equal(dygw_store_payout_page(db, &f, 0, COUNT, &all, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_payout_page(db, &f, 7, 5, &part, suite_pool), APR_SUCCESS);
    assert_int_equal(part->nelts, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(APR_ARRAY_IDX(part, i, dygw_payout_row_t).id, APR_ARRAY_IDX(all, i + 7, dygw_payout_row_t).id);
    }
    assert_int_equal(dygw_store_payout_below(db, &f, APR_ARRAY_IDX(all, 9, dygw_payout_row_t).id, 2, &part, suite_pool),
                     APR_SUCCESS);
    assert_int_equal(part->nelts, 2);
    assert_int_equal(APR_ARRAY_IDX(part, 0, dygw_payout_row_t).id, APR_ARRAY_IDX(all, 10, dygw_payout_row_t).id);
    assert_int_equal(dygw_store_payout_page(db, &f, COUNT, 5, &part, suite_pool), APR_SUCCESS);
    assert_int_equal(part->nelts, 0);
    dygw_db_close(db);
}

/* --- sums --- */

static const char *key_of(int i, int key)
{
    const dygw_verification_t *v = made[i];
    const apr_int64_t day = (v->created_at - began) / DYGW_DAY_MS;

    switch (key) {
    case DYGW_PAYOUT_BY_DAY:
        return apr_psprintf(suite_pool, "%" APR_INT64_T_FMT, began + day * DYGW_DAY_MS);
    case DYGW_PAYOUT_BY_POI:
        return v->poi_id;
    case DYGW_PAYOUT_BY_STORE:
        return v->store;
    case DYGW_PAYOUT_BY_ACCOUNT:
        return v->account_id;
    case DYGW_PAYOUT_BY_APP:
        return apr_psprintf(suite_pool, "%" APR_INT64_T_FMT, v->app_id);
    default:
        return v->product_id;
    }
}

static int is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int is_of_group(int i, const dygw_payout_group_t *group, int keys)
{
    for (int key = 0; key < DYGW_PAYOUT_KEYS_COUNT; key++) {
        if (keys & 1 << key ? !is_same_text(key_of(i, key), group->keys[key]) : group->keys[key] != NULL) {
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

    for (int i = 0; i < COUNT; i++) {
        if (!is_shown(f, i) || !is_of_group(i, group, keys)) {
            continue;
        }
        sums.count++;
        sums.count_of[state_of(i)]++;
        if (state_of(i) == DYGW_PAYOUT_VOID) {
            continue;
        }
        sums.pay_amount += made[i]->pay_amount == DYGW_NO_INT ? 0 : made[i]->pay_amount;
        if (said[i].ledger_lines) {
#define PLUS(member, name) plus(&sums.expected.member, said[i].amounts.member);
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

    assert_int_equal(dygw_store_payout_sums(db, &f, &(dygw_payout_by_t){ keys, CHINA }, 1000, &rows, suite_pool),
                     APR_SUCCESS);
    dygw_db_close(db);
    for (int i = 0; i < rows->nelts; i++) {
        count += check_group(&APR_ARRAY_IDX(rows, i, const dygw_payout_group_t), &f, keys);
    }
    for (int i = 0; i < COUNT; i++) {
        all += is_shown(&f, i);
    }
    assert_int_equal(count, all); /* each redemption is in one group */
    return rows->nelts;
}

static void test_sums_are_those_of_a_plain_loop(DYGW_UNUSED void **state)
{
    static const int groups[DYGW_PAYOUT_KEYS_COUNT] = { 4, 2, 3, 3, 2, 3 };

    say_all();
    for (int key = 0; key < DYGW_PAYOUT_KEYS_COUNT; key++) {
        assert_int_equal(check_sums(0, 1 << key), groups[key]);
    }
    assert_int_equal(check_sums(0, 0), 1);
    for (int filter = 0; filter < FILTERS; filter += 5) {
        check_sums(filter, 1 << filter % DYGW_PAYOUT_KEYS_COUNT | 1 << (filter + 2) % DYGW_PAYOUT_KEYS_COUNT);
        check_sums(filter, (1 << DYGW_PAYOUT_KEYS_COUNT) - 1);
    }
}

#define PAYOUT_TEST(f) cmocka_unit_test_setup_teardown(f, make_records, suite_teardown)

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
        PAYOUT_TEST(test_lists_have_what_a_plain_loop_finds),
        PAYOUT_TEST(test_pages_are_parts_of_the_list),
        PAYOUT_TEST(test_sums_are_those_of_a_plain_loop),
    };

    SUITE_ADD(tests);
}
