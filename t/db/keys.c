/* SPDX-License-Identifier: Apache-2.0
 * dygw_idempotency: one key is one request, and then its records; and one signed request makes its
 * records once. */
#include "records.h"

#include "util/compiler.h"

#define RUNNING_MS 60000
#define KEPT_MS    86400000
#define EXPIRED    (T0 + KEPT_MS + 1)

static dygw_idempotency_t wanted_by(const char *key, const char *owner, dygw_ms_t now)
{
    dygw_idempotency_t wanted = {
        .key = key,
        .fingerprint = owner,
        .owner = owner,
        .running_until = now + RUNNING_MS,
        .expires_at = now + KEPT_MS,
    };

    return wanted;
}

static apr_status_t claim(dygw_db_t *db, const char *key, const char *owner, dygw_ms_t now)
{
    dygw_idempotency_t wanted = wanted_by(key, owner, now);
    dygw_idempotency_t *held;

    return dygw_store_idempotency_claim(db, &wanted, now, &held, suite_pool);
}

/* Expired or not. */
static dygw_idempotency_t *get(dygw_db_t *db, const char *key)
{
    dygw_idempotency_t *held = NULL;

    assert_int_equal(dygw_store_idempotency_get(db, key, 0, &held, suite_pool), APR_SUCCESS);
    return held;
}

static apr_status_t tie(dygw_db_t *db, const char *key, const char *owner, apr_int64_t first_id)
{
    return dygw_store_idempotency_tie(db, key, owner, first_id);
}

static void test_a_key_is_one_request_s(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *key = suite_unique_text("k");
    dygw_idempotency_t wanted = wanted_by(key, "second", T0);
    dygw_idempotency_t *held;

    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    assert_int_equal(dygw_store_idempotency_claim(db, &wanted, T0 + 1, &held, suite_pool), APR_EEXIST);
    assert_string_equal(held->key, key);
    assert_string_equal(held->owner, "first");
    assert_string_equal(held->fingerprint, "first");
    assert_int_equal(held->first_id, 0);
    assert_int_equal(held->running_until, T0 + RUNNING_MS);
    assert_int_equal(held->expires_at, T0 + KEPT_MS);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_a_key_whose_request_died_is_taken_over(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *key = suite_unique_text("k");

    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    assert_int_equal(claim(db, key, "second", T0 + RUNNING_MS), APR_EEXIST);
    assert_int_equal(claim(db, key, "second", T0 + RUNNING_MS + 1), APR_SUCCESS);
    assert_string_equal(get(db, key)->owner, "second");
    assert_string_equal(get(db, key)->fingerprint, "second");
    assert_int_equal(tie(db, key, "first", 1), APR_EBUSY);
    assert_int_equal(tie(db, key, "second", 2), APR_SUCCESS);
    dygw_db_close(db);
}

static void test_a_key_with_records_stays_until_it_expires(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *key = suite_unique_text("k");
    dygw_idempotency_t *held;

    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    assert_int_equal(tie(db, key, "first", 5), APR_SUCCESS);
    assert_int_equal(claim(db, key, "first", T0), APR_EEXIST);
    assert_int_equal(claim(db, key, "second", EXPIRED - 1), APR_EEXIST);
    assert_int_equal(get(db, key)->first_id, 5);
    assert_int_equal(dygw_store_idempotency_get(db, key, EXPIRED - 1, &held, suite_pool), APR_SUCCESS);
    assert_int_equal(dygw_store_idempotency_get(db, key, EXPIRED, &held, suite_pool), APR_NOTFOUND);
    assert_int_equal(claim(db, key, "second", EXPIRED), APR_SUCCESS);
    assert_int_equal(get(db, key)->first_id, 0);
    dygw_db_close(db);
}

static void test_a_key_is_tied_once(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *key = suite_unique_text("k");

    assert_int_equal(tie(db, key, "first", 5), APR_EBUSY);
    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    assert_int_equal(tie(db, key, "first", 5), APR_SUCCESS);
    assert_int_equal(tie(db, key, "first", 5), APR_SUCCESS);
    assert_int_equal(tie(db, key, "first", 6), APR_EBUSY);
    assert_int_equal(tie(db, key, "second", 5), APR_EBUSY);
    assert_int_equal(get(db, key)->first_id, 5);
    dygw_db_close(db);
}

static void test_a_key_without_records_can_be_freed_by_its_owner(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *key = suite_unique_text("k");

    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    assert_int_equal(dygw_store_idempotency_free(db, key, "second"), APR_SUCCESS);
    assert_int_equal(claim(db, key, "second", T0), APR_EEXIST);
    assert_int_equal(dygw_store_idempotency_free(db, key, "first"), APR_SUCCESS);
    assert_int_equal(claim(db, key, "second", T0), APR_SUCCESS);
    assert_int_equal(tie(db, key, "second", 5), APR_SUCCESS);
    assert_int_equal(dygw_store_idempotency_free(db, key, "second"), APR_SUCCESS);
    assert_int_equal(get(db, key)->first_id, 5);
    dygw_db_close(db);
}

static void test_key_answers_that_are_lost(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *key = suite_unique_text("k");

    assert_int_equal(claim(db, suite_unique_text("k"), "warm", T0), APR_SUCCESS);
    wire_lose_answer("dygw_idempotency_new");
    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    wire_lose_answer("dygw_idempotency_take");
    assert_int_equal(claim(db, key, "second", EXPIRED), APR_SUCCESS);
    wire_lose_answer("dygw_idempotency_tie");
    assert_int_equal(tie(db, key, "second", 5), APR_SUCCESS);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static int purge(dygw_db_t *db, dygw_ms_t now, int limit)
{
    int removed = -1;

    assert_int_equal(dygw_store_idempotency_purge(db, now, limit, &removed), APR_SUCCESS);
    return removed;
}

static void test_keys_are_purged_when_they_expired_and_at_most_so_many(DYGW_UNUSED void **state)
{
    dygw_ms_t old = 1000; /* what other tests left is newer */
    dygw_db_t *db = suite_open(0);
    const char *kept = suite_unique_text("k");
    int i;

    assert_int_equal(claim(db, kept, "first", old + 1), APR_SUCCESS);
    for (i = 0; i < 3; i++) {
        assert_int_equal(claim(db, suite_unique_text("k"), "first", old), APR_SUCCESS);
    }
    assert_int_equal(purge(db, old + KEPT_MS + 1, 2), 2);
    assert_int_equal(purge(db, old + KEPT_MS + 1, 2), 1);
    assert_int_equal(purge(db, old + KEPT_MS + 1, 2), 0);
    assert_string_equal(get(db, kept)->owner, "first");
    assert_int_equal(purge(db, old + KEPT_MS + 2, 2), 1);
    dygw_db_close(db);
}

/* --- with the records --- */

static apr_status_t insert_with_key(dygw_db_t *db, const dygw_verification_t **rows, int count, const char *key,
                                    const char *owner)
{
    return dygw_store_verification_insert(db, rows, count, key, owner);
}

static void test_rows_and_their_key_are_one_commit(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t **rows = record_three();
    const dygw_verification_t *single = record_processing();
    const char *key = suite_unique_text("k");
    const char *other = suite_unique_text("k");

    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    assert_int_equal(claim(db, other, "first", T0), APR_SUCCESS);
    assert_int_equal(insert_with_key(db, rows, 3, key, "first"), APR_SUCCESS);
    assert_int_equal(get(db, key)->first_id, rows[0]->id);
    assert_int_equal(insert_with_key(db, rows, 3, key, "first"), APR_SUCCESS);
    assert_int_equal(insert_with_key(db, &single, 1, other, "first"), APR_SUCCESS);
    assert_int_equal(get(db, other)->first_id, single->id);
    assert_int_equal(record_get(db, single->id)->verify_status, DYGW_PROCESSING);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_rows_are_not_inserted_under_the_key_of_another(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t **rows = record_three();
    const dygw_verification_t *single = record_processing();
    const char *key = suite_unique_text("k");
    dygw_verification_t *found;

    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    assert_int_equal(claim(db, key, "second", T0 + RUNNING_MS + 1), APR_SUCCESS);
    assert_int_equal(insert_with_key(db, rows, 3, key, "first"), APR_EBUSY);
    assert_int_equal(insert_with_key(db, &single, 1, key, "first"), APR_EBUSY);
    assert_int_equal(record_items(db, rows[0]->first_id)->nelts, 0);
    assert_int_equal(dygw_store_verification_get(db, single->id, 0, &found, suite_pool), APR_NOTFOUND);
    assert_int_equal(get(db, key)->first_id, 0);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_a_key_stays_free_of_rows_that_are_not_inserted(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_processing();
    const dygw_verification_t *row = v;
    dygw_verification_t *recorded = record_processing();
    const char *key = suite_unique_text("k");

    assert_int_equal(record_insert(db, recorded), APR_SUCCESS);
    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    v->id = v->first_id = recorded->id;
    assert_int_equal(insert_with_key(db, &row, 1, key, "first"), APR_EAGAIN);
    assert_int_equal(get(db, key)->first_id, 0);
    v->id = v->first_id = suite_unique();
    v->verify_token = recorded->verify_token;
    v->encrypted_code = recorded->encrypted_code;
    assert_int_equal(insert_with_key(db, &row, 1, key, "first"), APR_EEXIST);
    assert_int_equal(get(db, key)->first_id, 0);
    assert_int_equal(tie(db, key, "first", recorded->id), APR_SUCCESS);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

/* SQLite's connection cannot be lost inside a transaction. */
static void test_rows_with_a_key_whose_commit_s_answer_is_lost(DYGW_UNUSED void **state)
{
    dygw_db_t *db;
    const dygw_verification_t *single = record_processing();
    const char *key = suite_unique_text("k");

    if (suite_host[0].dialect == DYGW_SQLITE3) {
        skip();
    }
    db = suite_open(0);
    assert_int_equal(claim(db, key, "first", T0), APR_SUCCESS);
    wire_lose_answer("COMMIT");
    assert_int_equal(insert_with_key(db, &single, 1, key, "first"), APR_SUCCESS);
    assert_int_equal(get(db, key)->first_id, single->id);
    assert_int_equal(record_get(db, single->id)->verify_status, DYGW_PROCESSING);
    dygw_db_close(db);
}

/* --- the key of a signed request, in its records --- */

/* Of another request, with another token, about another coupon. */
static dygw_verification_t *record_signed(const char *request_key)
{
    dygw_verification_t *v = record_processing();

    v->request_key = request_key;
    return v;
}

static void test_a_signed_request_makes_its_records_once(DYGW_UNUSED void **state)
{
    const char *signed_by = suite_unique_text("0123456789abcdef");
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_signed(signed_by);
    dygw_verification_t *failed = record_signed(signed_by);
    const dygw_verification_t **three = record_three();
    dygw_verification_t *first = apr_pmemdup(suite_pool, three[0], sizeof(*first));

    failed->verify_token = NULL;
    first->request_key = signed_by;
    three[0] = first;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_string_equal(record_get(db, v->id)->request_key, signed_by);
    assert_int_equal(record_insert(db, record_signed(signed_by)), APR_EACCES);
    assert_int_equal(record_insert(db, failed), APR_EACCES);
    assert_int_equal(record_insert_three(db, three), APR_EACCES);
    assert_int_equal(record_items(db, first->first_id)->nelts, 0);
    assert_int_equal(record_insert(db, record_signed(suite_unique_text("0"))), APR_SUCCESS);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_an_attempt_that_is_recorded_is_told_before_its_request(DYGW_UNUSED void **state)
{
    const char *signed_by = suite_unique_text("0123456789abcdef");
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_signed(signed_by);
    dygw_verification_t *again = record_signed(signed_by);

    again->verify_token = v->verify_token;
    again->encrypted_code = v->encrypted_code;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    assert_int_equal(record_insert(db, again), APR_EEXIST);
    dygw_db_close(db);
}

static void test_a_signed_insert_whose_answer_is_lost_is_no_repetition(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_signed(suite_unique_text("0123456789abcdef"));
    dygw_verification_t *failed = record_signed(suite_unique_text("fedcba9876543210"));

    failed->verify_token = NULL;
    wire_lose_answer("dygw_verification_insert");
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    wire_lose_answer("dygw_verification_insert");
    assert_int_equal(record_insert(db, failed), APR_SUCCESS);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_a_key_is_not_tied_by_a_request_that_comes_again(DYGW_UNUSED void **state)
{
    const char *signed_by = suite_unique_text("0123456789abcdef");
    const char *key = suite_unique_text("k");
    dygw_db_t *db = suite_open(0);
    const dygw_verification_t *first = record_signed(signed_by);
    const dygw_verification_t *again = record_signed(signed_by);

    assert_int_equal(record_insert(db, first), APR_SUCCESS);
    assert_int_equal(claim(db, key, "me", T0), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_insert(db, &again, 1, key, "me"), APR_EACCES);
    assert_int_equal(get(db, key)->first_id, 0);
    dygw_db_close(db);
}

void suite_keys(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_a_key_is_one_request_s),
        SUITE_TEST(test_a_key_whose_request_died_is_taken_over),
        SUITE_TEST(test_a_key_with_records_stays_until_it_expires),
        SUITE_TEST(test_a_key_is_tied_once),
        SUITE_TEST(test_a_key_without_records_can_be_freed_by_its_owner),
        SUITE_TEST(test_key_answers_that_are_lost),
        SUITE_TEST(test_keys_are_purged_when_they_expired_and_at_most_so_many),
        SUITE_TEST(test_rows_and_their_key_are_one_commit),
        SUITE_TEST(test_rows_are_not_inserted_under_the_key_of_another),
        SUITE_TEST(test_a_key_stays_free_of_rows_that_are_not_inserted),
        SUITE_TEST(test_rows_with_a_key_whose_commit_s_answer_is_lost),
        SUITE_TEST(test_a_signed_request_makes_its_records_once),
        SUITE_TEST(test_an_attempt_that_is_recorded_is_told_before_its_request),
        SUITE_TEST(test_a_signed_insert_whose_answer_is_lost_is_no_repetition),
        SUITE_TEST(test_a_key_is_not_tied_by_a_request_that_comes_again),
    };

    SUITE_ADD(tests);
}
