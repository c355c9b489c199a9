/* SPDX-License-Identifier: Apache-2.0
 * Rows of several requests that are written at once: what each of them becomes. */
#include "records.h"

#include <string.h>

#include "util/compiler.h"

#define ROWS         5
#define LARGE_ANSWER ((size_t)1000000)

static apr_status_t insert_all(dygw_db_t *db, dygw_verification_t **rows, int count)
{
    return dygw_store_verification_insert(db, (const dygw_verification_t *const *)rows, count, NULL, NULL);
}

static apr_status_t settle_all(dygw_db_t *db, dygw_verification_t **rows, int count)
{
    int clash;

    return dygw_store_verification_settle(db, (const dygw_verification_t *const *)rows, count, &clash);
}

static void make_rows(dygw_verification_t **rows, dygw_verification_t *(*make)(void))
{
    int i;

    for (i = 0; i < ROWS; i++) {
        rows[i] = make();
    }
}

static const char *large_answer(void)
{
    char *json = apr_palloc(suite_pool, LARGE_ANSWER + 1);

    memset(json, '"', LARGE_ANSWER);
    json[LARGE_ANSWER] = '\0';
    return json;
}

/* Texts that some quoting would spoil. */
static void make_odd(dygw_verification_t **rows)
{
    rows[0]->product_name = "{NULL,\"NULL\"} NULL";
    rows[1]->product_name = "";
    rows[1]->device = NULL;
    rows[2]->product_name = "a\\b\\\\\"c\"\n\t\r\x01\x7f'$1 %s %lld %%";
    rows[3]->product_name = "\xe5\x8f\x8c\xe4\xba\xba\xe5\xa5\x97\xe9\xa4\x90 \xf0\x9f\x8d\x9c [1,{}]";
    rows[3]->douyin_response = "{\"a\":\"\\u4e2d\\\\ \\\"\\u0000\",\"n\":12345678901234567890.10}";
    rows[4]->douyin_response = large_answer();
}

static void test_each_of_many_rows_is_inserted_as_it_is(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *rows[ROWS];
    int i;

    make_rows(rows, record_full);
    make_odd(rows);
    assert_int_equal(insert_all(db, rows, ROWS), APR_SUCCESS);
    for (i = 0; i < ROWS; i++) {
        dygw_verification_t *back = record_get(db, rows[i]->id);

        assert_same_origin(back, rows[i]);
        assert_same_outcome(back, rows[i]);
        assert_same_work(back, rows[i]);
        assert_int_equal(back->revision, 0);
    }
    assert_null(record_get(db, rows[1]->id)->device);
    assert_string_equal(record_get(db, rows[1]->id)->product_name, "");
    dygw_db_close(db);
}

static void test_many_rows_are_inserted_all_or_none(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *rows[ROWS];
    dygw_verification_t *found;
    int i;

    make_rows(rows, record_processing);
    assert_int_equal(record_insert(db, rows[3]), APR_SUCCESS);
    rows[3] = apr_pmemdup(suite_pool, rows[3], sizeof(*rows[3]));
    rows[3]->id = rows[3]->first_id = suite_unique();
    assert_int_equal(insert_all(db, rows, ROWS), APR_EEXIST);
    for (i = 0; i < ROWS; i++) {
        assert_int_equal(dygw_store_verification_get(db, rows[i]->id, 0, &found, suite_pool), APR_NOTFOUND);
    }
    assert_int_equal(insert_all(db, rows, 3), APR_SUCCESS);
    assert_int_equal(record_insert(db, rows[1]), APR_SUCCESS); /* it is there, and its own */
    dygw_db_close(db);
}

static void test_of_two_rows_for_one_coupon_none_is_inserted(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *rows[ROWS];
    dygw_verification_t *found;

    make_rows(rows, record_processing);
    rows[4]->verify_token = rows[0]->verify_token;
    rows[4]->encrypted_code = rows[0]->encrypted_code;
    assert_int_not_equal(insert_all(db, rows, ROWS), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_get(db, rows[0]->id, 0, &found, suite_pool), APR_NOTFOUND);
    assert_int_equal(record_insert(db, rows[0]), APR_SUCCESS);
    assert_int_equal(record_insert(db, rows[4]), APR_EEXIST);
    dygw_db_close(db);
}

static void make_outcomes(dygw_db_t *db, dygw_verification_t **rows)
{
    int i;

    make_rows(rows, record_processing);
    assert_int_equal(insert_all(db, rows, ROWS), APR_SUCCESS);
    for (i = 0; i < ROWS; i++) {
        rows[i] = record_succeeded(rows[i]);
    }
}

static void test_each_of_many_rows_gets_its_own_outcome(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *rows[ROWS];
    int i;

    make_outcomes(db, rows);
    make_odd(rows);
    rows[2]->verify_status = DYGW_FAILED;
    rows[2]->verify_id = NULL;
    assert_int_equal(settle_all(db, rows, ROWS), APR_SUCCESS);
    for (i = 0; i < ROWS; i++) {
        dygw_verification_t *back = record_get(db, rows[i]->id);

        assert_same_outcome(back, rows[i]);
        assert_int_equal(back->revision, 1);
        assert_int_equal(back->errand_at, DYGW_NO_TIME);
    }
    dygw_db_close(db);
}

/* What came meanwhile is looked at; only a success is settled once a verify was repeated; and what somebody else has
 * settled stays as it is. */
static void test_many_rows_are_settled_by_the_rules_of_one(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *rows[ROWS];
    dygw_verification_t *other;

    make_outcomes(db, rows);
    suite_do(apr_psprintf(suite_pool, "UPDATE dygw_verifications SET cancel_since = 5 WHERE id = %" APR_INT64_T_FMT,
                          rows[0]->id));
    suite_do(apr_psprintf(suite_pool,
                          "UPDATE dygw_verifications SET repeats = 1 WHERE id = %" APR_INT64_T_FMT
                          " OR id = %" APR_INT64_T_FMT,
                          rows[1]->id, rows[2]->id));
    other = record_succeeded(rows[3]);
    other->verify_id = suite_unique_text("v");
    assert_int_equal(record_settle(db, other), APR_SUCCESS);
    rows[2]->verify_status = DYGW_FAILED;
    rows[2]->verify_id = NULL;
    assert_int_not_equal(settle_all(db, rows, ROWS), APR_SUCCESS);
    assert_int_equal(record_settle(db, rows[0]), APR_SUCCESS);
    assert_int_equal(record_get(db, rows[0]->id)->errand_at, rows[0]->updated_at);
    assert_int_equal(record_settle(db, rows[1]), APR_SUCCESS);
    assert_int_equal(record_settle(db, rows[2]), APR_NOTFOUND);
    assert_int_equal(record_get(db, rows[2]->id)->verify_status, DYGW_PROCESSING);
    assert_int_equal(record_settle(db, rows[3]), APR_NOTFOUND);
    assert_string_equal(record_get(db, rows[3]->id)->verify_id, other->verify_id);
    assert_int_equal(record_settle(db, rows[4]), APR_SUCCESS);
    assert_int_equal(record_get(db, rows[4]->id)->revision, 1);
    dygw_db_close(db);
}

static void test_a_verify_id_that_another_has_keeps_many_rows_open(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *rows[ROWS];

    make_outcomes(db, rows);
    rows[3]->verify_id = rows[1]->verify_id;
    assert_int_equal(settle_all(db, rows, ROWS), APR_EEXIST);
    assert_int_equal(record_get(db, rows[0]->id)->verify_status, DYGW_PROCESSING);
    assert_int_equal(record_settle(db, rows[0]), APR_SUCCESS);
    dygw_db_close(db);
}

static void lose_answers_of_many(const char *inserted, const char *settled)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *rows[ROWS];
    int i;

    make_rows(rows, record_processing);
    wire_lose_answer(inserted);
    assert_int_equal(insert_all(db, rows, ROWS), APR_SUCCESS);
    for (i = 0; i < ROWS; i++) {
        rows[i] = record_succeeded(rows[i]);
    }
    wire_lose_answer(settled);
    (void)settle_all(db, rows, ROWS);
    for (i = 0; i < ROWS; i++) {
        assert_int_equal(record_settle(db, rows[i]), APR_SUCCESS);
        assert_int_equal(record_get(db, rows[i]->id)->revision, 1);
    }
    dygw_db_close(db);
}

static void test_many_rows_whose_answer_is_lost_are_written_once(DYGW_UNUSED void **state)
{
    switch (suite_host[0].dialect) {
    case DYGW_PGSQL:
        lose_answers_of_many("dygw_insert_together", "dygw_settle_together");
        break;
    case DYGW_MYSQL:
        lose_answers_of_many("COMMIT", "COMMIT");
        break;
    default:
        skip();
    }
}

static void test_many_rows_are_one_round_trip(DYGW_UNUSED void **state)
{
    dygw_db_t *db;
    dygw_verification_t *rows[ROWS];
    int before;

    if (suite_host[0].dialect != DYGW_PGSQL) {
        skip();
    }
    db = suite_open(0);
    make_outcomes(db, rows);
    assert_int_equal(settle_all(db, rows, ROWS), APR_SUCCESS); /* both are prepared now */
    before = wire_calls;
    make_outcomes(db, rows);
    assert_int_equal(settle_all(db, rows, ROWS), APR_SUCCESS);
    assert_int_equal(wire_calls - before, 2);
    dygw_db_close(db);
}

void suite_together(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_each_of_many_rows_is_inserted_as_it_is),
        SUITE_TEST(test_many_rows_are_inserted_all_or_none),
        SUITE_TEST(test_of_two_rows_for_one_coupon_none_is_inserted),
        SUITE_TEST(test_each_of_many_rows_gets_its_own_outcome),
        SUITE_TEST(test_many_rows_are_settled_by_the_rules_of_one),
        SUITE_TEST(test_a_verify_id_that_another_has_keeps_many_rows_open),
        SUITE_TEST(test_many_rows_whose_answer_is_lost_are_written_once),
        SUITE_TEST(test_many_rows_are_one_round_trip),
    };

    SUITE_ADD(tests);
}
