/* SPDX-License-Identifier: Apache-2.0
 * dygw_verifications: what goes in comes out, and no two records share what must be unique. */
#include "records.h"

#include "util/compiler.h"

#define LARGEST_ANSWER ((size_t)1000000) /* bytes that are kept */
#define LONG_WORDS     ((size_t)600)     /* characters of four bytes */
#define MYSQL_DEADLOCK 1213

static void test_insert_keeps_every_member(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_full();
    dygw_verification_t *back;

    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    back = record_get(db, v->id);
    assert_same_origin(back, v);
    assert_same_outcome(back, v);
    assert_same_work(back, v);
    assert_int_equal(back->revision, 0);
    dygw_db_close(db);
}

static void test_what_has_no_value_comes_back_as_such(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t v;
    dygw_verification_t *back;

    dygw_verification_init(&v);
    v.id = v.first_id = suite_unique();
    assert_int_equal(record_insert(db, &v), APR_SUCCESS);
    back = record_get(db, v.id);
    assert_same_origin(back, &v);
    assert_same_outcome(back, &v);
    assert_same_work(back, &v);
    assert_null(back->poi_id);
    assert_int_equal(back->pay_amount, DYGW_NO_INT);
    assert_int_equal(back->next_run_at, DYGW_NO_TIME);
    dygw_db_close(db);
}

static void test_get_knows_the_app(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *back;

    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_get(db, v->id, 7, &back, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_get(db, v->id, 8, &back, suite_pool), APR_NOTFOUND);
    assert_int_equal(dygw_store_verification_get(db, suite_unique(), 7, &back, suite_pool), APR_NOTFOUND);
    dygw_db_close(db);
}

static void test_the_same_insert_again_is_a_success(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *without = record_processing();

    without->verify_token = NULL;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_insert(db, without), APR_SUCCESS);
    assert_int_equal(record_insert(db, without), APR_SUCCESS);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_the_same_token_and_code_are_one_record(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *again = record_processing();
    dygw_verification_t *found;

    again->verify_token = v->verify_token;
    again->encrypted_code = v->encrypted_code;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_insert(db, again), APR_EEXIST);
    assert_int_equal(record_find(db, v->verify_token, v->encrypted_code, &found), APR_SUCCESS);
    assert_int_equal(found->id, v->id);
    assert_int_equal(record_find(db, v->verify_token, "other", &found), APR_NOTFOUND);
    assert_int_equal(dygw_store_verification_get(db, again->id, 0, &found, suite_pool), APR_NOTFOUND);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_records_without_a_token_are_not_compared(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *again = record_processing();

    v->verify_token = again->verify_token = NULL;
    again->encrypted_code = v->encrypted_code;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_insert(db, again), APR_SUCCESS);
    dygw_db_close(db);
}

static void test_an_id_of_another_host_asks_for_new_ids(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *other = record_processing();

    other->id = other->first_id = v->id;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_insert(db, other), APR_EAGAIN);
    assert_string_equal(record_get(db, v->id)->request_id, v->request_id);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_rows_of_one_request_are_read_in_order(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t **rows = record_three();
    apr_array_header_t *items;
    int i;

    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    items = record_items(db, rows[0]->first_id);
    assert_int_equal(items->nelts, 3);
    for (i = 0; i < 3; i++) {
        assert_same_origin(APR_ARRAY_IDX(items, i, dygw_verification_t *), rows[i]);
    }
    assert_int_equal(record_items(db, suite_unique())->nelts, 0);
    dygw_db_close(db);
}

static void test_rows_of_one_request_are_inserted_all_or_none(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t **rows = record_three();
    dygw_verification_t *stranger = record_processing();
    dygw_verification_t *found;
    apr_array_header_t *items;

    stranger->id = rows[2]->id;
    assert_int_equal(record_insert(db, stranger), APR_SUCCESS);
    assert_int_equal(record_insert_three(db, rows), APR_EAGAIN);
    items = record_items(db, rows[0]->first_id);
    assert_int_equal(items->nelts, 0);

    ((dygw_verification_t *)rows[2])->id = suite_unique();
    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    assert_int_equal(record_find(db, rows[0]->verify_token, rows[0]->encrypted_code, &found), APR_SUCCESS);
    assert_int_equal(found->id, rows[0]->id);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_settle_writes_the_outcome(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *outcome = record_full();
    dygw_verification_t *back;

    outcome->id = v->id;
    outcome->verify_status = DYGW_SUCCESS;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_settle(db, outcome), APR_SUCCESS);
    back = record_get(db, v->id);
    assert_same_origin(back, v);
    assert_same_outcome(back, outcome);
    assert_same_work(back, v);
    assert_int_equal(back->revision, 1);
    dygw_db_close(db);
}

static void test_settle_happens_once(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *first = record_succeeded(v);
    dygw_verification_t *second = record_succeeded(v);

    second->updated_at++;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_settle(db, first), APR_SUCCESS);
    assert_int_equal(record_settle(db, first), APR_SUCCESS);
    assert_int_equal(record_settle(db, second), APR_NOTFOUND);
    assert_same_outcome(record_get(db, v->id), first);
    assert_int_equal(record_settle(db, record_succeeded(record_processing())), APR_NOTFOUND);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_what_stays_processing_can_be_settled_later(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *later = apr_pmemdup(suite_pool, v, sizeof(*later));

    later->updated_at = T0 + 10;
    later->lease_until = 0;
    later->next_run_at = T0 + 6000;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_settle(db, later), APR_SUCCESS);
    assert_same_outcome(record_get(db, v->id), later);
    assert_int_equal(record_settle(db, record_succeeded(v)), APR_SUCCESS);
    dygw_db_close(db);
}

static void test_one_verify_id_is_one_record(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *other = record_processing();
    dygw_verification_t *outcome = record_succeeded(v);
    dygw_verification_t *claim = record_succeeded(other);

    claim->verify_id = outcome->verify_id;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_insert(db, other), APR_SUCCESS);
    assert_int_equal(record_settle(db, outcome), APR_SUCCESS);
    assert_int_equal(record_settle(db, claim), APR_EEXIST);
    assert_int_equal(record_get(db, other->id)->verify_status, DYGW_PROCESSING);
    claim->verify_id = NULL;
    claim->verify_status = DYGW_FAILED;
    assert_int_equal(record_settle(db, claim), APR_SUCCESS);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_rows_of_one_request_are_settled_all_or_none(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t **rows = record_three();
    const dygw_verification_t *outcome[3];
    int clash = -1;
    int i;

    for (i = 0; i < 3; i++) {
        outcome[i] = record_succeeded(rows[i]);
    }
    ((dygw_verification_t *)outcome[2])->verify_id = outcome[0]->verify_id;
    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_settle(db, outcome, 3, &clash), APR_EEXIST);
    assert_int_equal(clash, 2);
    assert_int_equal(record_get(db, rows[0]->id)->verify_status, DYGW_PROCESSING);

    outcome[2] = record_succeeded(rows[2]);
    assert_int_equal(dygw_store_verification_settle(db, outcome, 3, &clash), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_settle(db, outcome, 3, &clash), APR_SUCCESS);
    for (i = 0; i < 3; i++) {
        assert_same_outcome(record_get(db, rows[i]->id), outcome[i]);
    }
    ((dygw_verification_t *)outcome[1])->updated_at++;
    assert_int_equal(dygw_store_verification_settle(db, outcome, 3, &clash), APR_NOTFOUND);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

/* --- done, but the answer was lost --- */

static void test_an_insert_whose_answer_is_lost_is_done_once(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *without = record_processing();

    without->verify_token = NULL;
    wire_lose_answer("dygw_verification_insert");
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    wire_lose_answer("dygw_verification_insert");
    assert_int_equal(record_insert(db, without), APR_SUCCESS);
    assert_same_origin(record_get(db, v->id), v);
    assert_same_origin(record_get(db, without->id), without);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_a_settle_whose_answer_is_lost_is_done_once(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *unclear = apr_pmemdup(suite_pool, v, sizeof(*unclear));
    dygw_verification_t *outcome = record_succeeded(v);

    unclear->updated_at = T0 + 10;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    wire_lose_answer("dygw_verification_settle");
    assert_int_equal(record_settle(db, unclear), APR_SUCCESS);
    wire_lose_answer("dygw_verification_settle");
    assert_int_equal(record_settle(db, outcome), APR_SUCCESS);
    assert_same_outcome(record_get(db, v->id), outcome);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

/* SQLite's connection cannot be lost inside a transaction. */
static void test_a_commit_whose_answer_is_lost_is_looked_into(DYGW_UNUSED void **state)
{
    dygw_db_t *db;
    const dygw_verification_t **rows = record_three();
    const dygw_verification_t *outcome[3];
    int clash;
    int i;

    if (suite_host[0].dialect == DYGW_SQLITE3) {
        skip();
    }
    db = suite_open(0);
    wire_lose_answer(record_end_of_three());
    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    assert_int_equal(record_items(db, rows[0]->first_id)->nelts, 3);
    for (i = 0; i < 3; i++) {
        outcome[i] = record_succeeded(rows[i]);
    }
    wire_lose_answer("COMMIT");
    assert_int_equal(dygw_store_verification_settle(db, outcome, 3, &clash), APR_SUCCESS);
    assert_same_outcome(record_get(db, rows[2]->id), outcome[2]);
    dygw_db_close(db);
}

static const dygw_verification_t *late;

static void commit_late(void)
{
    dygw_db_t *db = suite_open(1);

    assert_int_equal(record_insert(db, late), APR_SUCCESS);
    dygw_db_close(db);
}

static void test_a_commit_that_comes_while_it_is_looked_for_is_ours(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);

    late = record_processing();
    wire_refuse("dygw_verification_insert", 1, 1);
    wire_before("dygw_identity_by_id", commit_late);
    assert_int_equal(record_insert(db, late), APR_SUCCESS);
    dygw_db_close(db);
}

static void test_what_cannot_be_looked_into_is_not_called_undone(DYGW_UNUSED void **state)
{
    const dygw_verification_t **rows = record_three();
    dygw_db_t *db;

    if (suite_host[0].dialect == DYGW_SQLITE3) {
        skip();
    }
    db = suite_open(0);
    wire_lose_answer(record_end_of_three());
    wire_refuse("dygw_identity_by_attempt", 1, 1);
    assert_int_equal(record_insert_three(db, rows), APR_INCOMPLETE);
    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    assert_int_equal(record_items(db, rows[0]->first_id)->nelts, 3);
    dygw_db_close(db);
}

static void test_rows_that_lost_a_deadlock_are_tried_again(DYGW_UNUSED void **state)
{
    dygw_db_t *db;
    const dygw_verification_t **rows = record_three();
    const dygw_verification_t *outcome[3];
    int clash;
    int i;

    if (suite_host[0].dialect != DYGW_MYSQL) {
        skip();
    }
    db = suite_open(0);
    assert_int_equal(record_insert(db, record_processing()), APR_SUCCESS);
    wire_refuse("dygw_verification_insert", MYSQL_DEADLOCK, 2);
    assert_int_equal(record_insert_three(db, rows), APR_SUCCESS);
    for (i = 0; i < 3; i++) {
        outcome[i] = record_succeeded(rows[i]);
    }
    assert_int_equal(record_settle(db, record_processing()), APR_NOTFOUND);
    wire_refuse("dygw_verification_settle", MYSQL_DEADLOCK, 2);
    assert_int_equal(dygw_store_verification_settle(db, outcome, 3, &clash), APR_SUCCESS);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_a_database_that_fails_is_neither_taken_nor_recorded(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();

    assert_int_equal(record_insert(db, record_processing()), APR_SUCCESS);
    wire_refuse("dygw_verification_insert", 1, 1);
    assert_int_equal(record_insert(db, v), APR_EGENERAL);
    assert_int_equal(suite_errors, 1);
    assert_non_null(strstr(suite_last_error, "dygw_verification_insert"));
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_settle(db, record_processing()), APR_NOTFOUND);
    wire_refuse("dygw_verification_settle", 1, 1);
    assert_int_equal(record_settle(db, record_succeeded(v)), APR_EGENERAL);
    assert_int_equal(suite_errors, 2);
    assert_int_equal(record_get(db, v->id)->verify_status, DYGW_PROCESSING);
    dygw_db_close(db);
}

static void test_a_redemption_is_two_calls(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();

    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_settle(db, record_succeeded(v)), APR_SUCCESS);
    v = record_processing();
    wire_calls = 0;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_settle(db, record_succeeded(v)), APR_SUCCESS);
    assert_int_equal(wire_calls, 2);
    dygw_db_close(db);
}

/* --- what others say --- */

static const char *answer_of(size_t len)
{
    char *text = apr_palloc(suite_pool, len + 1);
    size_t i;

    for (i = 0; i < len; i++) {
        text[i] = (char)(' ' + i % 90);
    }
    text[len] = '\0';
    return text;
}

static void test_a_large_answer_comes_back_whole(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();

    v->douyin_response = answer_of(LARGEST_ANSWER);
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_string_equal(record_get(db, v->id)->douyin_response, v->douyin_response);
    dygw_db_close(db);
}

static void test_an_answer_that_is_too_large_is_left_out(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *outcome = record_succeeded(v);

    outcome->douyin_response = answer_of(LARGEST_ANSWER + 1);
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_settle(db, outcome), APR_SUCCESS);
    assert_string_equal(record_get(db, v->id)->douyin_response, "{\"omitted\":true}");
    dygw_db_close(db);
}

/* Douyin's words may be longer than a column; a redemption must not fail to be recorded for it. */
static void test_long_words_of_others_are_cut_between_characters(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    dygw_verification_t *outcome = record_succeeded(v);
    char *text = apr_palloc(suite_pool, 4 * LONG_WORDS + 1);
    char *expected;
    size_t i;

    for (i = 0; i < LONG_WORDS; i++) {
        memcpy(text + 4 * i, "\xf0\x9f\x8e\xab", 4);
    }
    text[4 * LONG_WORDS] = '\0';
    expected = apr_pstrmemdup(suite_pool, text, (size_t)4 * 512);
    outcome->error_description = text;
    outcome->product_name = outcome->sku_name = text;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_settle(db, outcome), APR_SUCCESS);
    assert_string_equal(record_get(db, v->id)->error_description, expected);
    expected[4 * 255] = '\0';
    assert_string_equal(record_get(db, v->id)->sku_name, expected);
    dygw_db_close(db);
}

static void test_the_words_are_the_contract_s(DYGW_UNUSED void **state)
{
    assert_string_equal(dygw_verify_status_word(DYGW_PROCESSING), "processing");
    assert_string_equal(dygw_verify_status_word(DYGW_CANCELLED), "cancelled");
    assert_string_equal(dygw_enrich_status_word(DYGW_ENRICH_SKIPPED), "skipped");
    assert_string_equal(dygw_mode_word(DYGW_MODE_SHORT_LINK), "short_link");
    assert_null(dygw_confirmed_by_word(DYGW_BY_NOBODY));
    assert_string_equal(dygw_confirmed_by_word(DYGW_BY_WEBHOOK), "webhook");
    assert_null(dygw_coupon_status_word(DYGW_COUPON_UNKNOWN));
    assert_string_equal(dygw_coupon_status_word(DYGW_COUPON_REFUNDING), "refunding");
    assert_null(dygw_coupon_status_word((dygw_coupon_status_e)99));
}

void suite_verifications(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_insert_keeps_every_member),
        SUITE_TEST(test_what_has_no_value_comes_back_as_such),
        SUITE_TEST(test_get_knows_the_app),
        SUITE_TEST(test_the_same_insert_again_is_a_success),
        SUITE_TEST(test_the_same_token_and_code_are_one_record),
        SUITE_TEST(test_records_without_a_token_are_not_compared),
        SUITE_TEST(test_an_id_of_another_host_asks_for_new_ids),
        SUITE_TEST(test_rows_of_one_request_are_read_in_order),
        SUITE_TEST(test_rows_of_one_request_are_inserted_all_or_none),
        SUITE_TEST(test_settle_writes_the_outcome),
        SUITE_TEST(test_settle_happens_once),
        SUITE_TEST(test_what_stays_processing_can_be_settled_later),
        SUITE_TEST(test_one_verify_id_is_one_record),
        SUITE_TEST(test_rows_of_one_request_are_settled_all_or_none),
        SUITE_TEST(test_an_insert_whose_answer_is_lost_is_done_once),
        SUITE_TEST(test_a_settle_whose_answer_is_lost_is_done_once),
        SUITE_TEST(test_a_commit_whose_answer_is_lost_is_looked_into),
        SUITE_TEST(test_a_commit_that_comes_while_it_is_looked_for_is_ours),
        SUITE_TEST(test_what_cannot_be_looked_into_is_not_called_undone),
        SUITE_TEST(test_rows_that_lost_a_deadlock_are_tried_again),
        SUITE_TEST(test_a_database_that_fails_is_neither_taken_nor_recorded),
        SUITE_TEST(test_a_redemption_is_two_calls),
        SUITE_TEST(test_a_large_answer_comes_back_whole),
        SUITE_TEST(test_an_answer_that_is_too_large_is_left_out),
        SUITE_TEST(test_long_words_of_others_are_cut_between_characters),
        SUITE_TEST(test_the_words_are_the_contract_s),
    };

    SUITE_ADD(tests);
}
