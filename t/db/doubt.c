/* SPDX-License-Identifier: Apache-2.0
 * Commits whose answer was lost: that what they wrote is seen is no proof that it stays, and a
 * write that is answered is. SQLite shows nothing before it is safe. */
#include "records.h"

#include "store/audit.h"
#include "util/compiler.h"

#define TTL_MS 60000

/* What is done, with the same rows each time. */
typedef apr_status_t done_fn(dygw_db_t *db, void *what);

static int confirmed;

static void note_confirmed(void)
{
    confirmed++;
}

static int has_server(void)
{
    return suite_host[0].dialect != DYGW_SQLITE3;
}

static apr_status_t in_a_unit(done_fn *done, void *what)
{
    dygw_db_t *db = suite_open(0);
    apr_status_t rv = done(db, what);

    dygw_db_close(db);
    return rv;
}

/* `lost` is the statement that is done and has no answer. */
static void assert_in_doubt(const char *lost, done_fn *done, void *what)
{
    wire_lose_answer(lost);
    wire_refuse("dygw_confirm_put", 1, 1);
    assert_int_equal(in_a_unit(done, what), APR_INCOMPLETE);
}

/* It is there already, and is made certain of before it is called done. */
static void assert_made_certain(done_fn *done, void *what)
{
    confirmed = 0;
    wire_before("dygw_confirm_remove", note_confirmed);
    assert_int_equal(in_a_unit(done, what), APR_SUCCESS);
    assert_int_equal(confirmed, 1);
}

static void assert_looks_are_not_believed(const char *lost, done_fn *done, void *what)
{
    assert_in_doubt(lost, done, what);
    assert_made_certain(done, what);
}

/* --- verifications --- */

static apr_status_t insert_one(dygw_db_t *db, void *what)
{
    return record_insert(db, what);
}

static apr_status_t insert_three(dygw_db_t *db, void *what)
{
    return record_insert_three(db, what);
}

static apr_status_t settle_one(dygw_db_t *db, void *what)
{
    return record_settle(db, what);
}

static apr_status_t settle_three(dygw_db_t *db, void *what)
{
    int clash;

    return dygw_store_verification_settle(db, what, 3, &clash);
}

static apr_status_t update_one(dygw_db_t *db, void *what)
{
    return dygw_store_verification_update_one(db, what);
}

static apr_status_t update_three(dygw_db_t *db, void *what)
{
    int clash;

    return dygw_store_verification_update(db, what, 3, &clash);
}

/* The statements of a single row are prepared, so that it is the row's own that is lost. */
static dygw_verification_t *inserted(void)
{
    dygw_verification_t *v = record_processing();

    assert_int_equal(in_a_unit(insert_one, v), APR_SUCCESS);
    return v;
}

static void test_a_row_that_is_seen_is_not_yet_recorded(DYGW_UNUSED void **state)
{
    if (!has_server()) {
        skip();
    }
    inserted();
    assert_looks_are_not_believed("dygw_verification_insert", insert_one, record_processing());
    assert_looks_are_not_believed(record_end_of_three(), insert_three, record_three());
}

static void test_an_outcome_that_is_seen_is_not_yet_recorded(DYGW_UNUSED void **state)
{
    const dygw_verification_t **rows = record_three();
    const dygw_verification_t *outcome[3];
    int i;

    if (!has_server()) {
        skip();
    }
    assert_int_equal(in_a_unit(settle_one, record_succeeded(inserted())), APR_SUCCESS);
    assert_looks_are_not_believed("dygw_verification_settle", settle_one, record_succeeded(inserted()));
    assert_int_equal(in_a_unit(insert_three, rows), APR_SUCCESS);
    for (i = 0; i < 3; i++) {
        outcome[i] = record_succeeded(rows[i]);
    }
    assert_looks_are_not_believed("COMMIT", settle_three, outcome);
}

static void test_a_change_that_is_seen_is_not_yet_made(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = inserted();
    const dygw_verification_t **rows = record_three();
    dygw_verification_t *changed[3];
    int i;

    if (!has_server()) {
        skip();
    }
    assert_int_equal(in_a_unit(update_one, v), APR_SUCCESS);
    v->cancel_since = T0;
    assert_looks_are_not_believed("dygw_verification_update", update_one, v);
    assert_int_equal(v->revision, 2);
    assert_int_equal(in_a_unit(insert_three, rows), APR_SUCCESS);
    for (i = 0; i < 3; i++) {
        changed[i] = apr_pmemdup(suite_pool, rows[i], sizeof(*changed[i]));
        changed[i]->repeats = 1;
    }
    assert_in_doubt("COMMIT", update_three, changed);
    assert_int_equal(changed[0]->revision, 0);
    assert_int_equal(in_a_unit(update_three, changed), APR_SUCCESS);
    assert_int_equal(changed[2]->revision, 1);
}

/* Each row is found done within a transaction, which must not commit nothing. */
static void test_rows_found_done_in_a_transaction_are_made_certain_by_it(DYGW_UNUSED void **state)
{
    const dygw_verification_t **rows = record_three();
    const dygw_verification_t *outcome[3];
    int i;

    if (!has_server()) {
        skip();
    }
    assert_int_equal(in_a_unit(insert_three, rows), APR_SUCCESS);
    for (i = 0; i < 3; i++) {
        outcome[i] = record_succeeded(rows[i]);
    }
    assert_int_equal(in_a_unit(settle_three, outcome), APR_SUCCESS);
    wire_refuse("dygw_confirm_put", 1, 1);
    assert_int_equal(in_a_unit(settle_three, outcome), APR_INCOMPLETE);
    assert_made_certain(settle_three, outcome);
}

/* --- the other tables --- */

static apr_status_t put_token(dygw_db_t *db, void *what)
{
    const apr_int64_t *version = what;

    return dygw_store_token_put(db, *version, "v1.doubt", T0, T0 + 1);
}

static apr_status_t claim_key(dygw_db_t *db, void *what)
{
    dygw_idempotency_t *held;

    return dygw_store_idempotency_claim(db, what, T0, &held, suite_pool);
}

static apr_status_t append(dygw_db_t *db, void *what)
{
    return dygw_store_audit_insert(db, what);
}

static apr_status_t keep_message(dygw_db_t *db, void *what)
{
    return dygw_store_webhook_insert(db, what);
}

static void test_a_token_that_is_seen_is_not_yet_stored(DYGW_UNUSED void **state)
{
    dygw_token_row_t row;
    dygw_db_t *db;

    if (!has_server()) {
        skip();
    }
    db = suite_open(0);
    assert_int_equal(dygw_store_token_get(db, &row, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(in_a_unit(put_token, &row.version), APR_SUCCESS);
    row.version++;
    assert_looks_are_not_believed("dygw_token_put", put_token, &row.version);
}

static void test_a_key_that_is_seen_is_not_yet_claimed(DYGW_UNUSED void **state)
{
    dygw_idempotency_t wanted = {
        .key = suite_unique_text("k"),
        .fingerprint = "f",
        .owner = "o",
        .running_until = T0 + TTL_MS,
        .expires_at = T0 + TTL_MS,
    };

    if (!has_server()) {
        skip();
    }
    assert_int_equal(in_a_unit(claim_key, &wanted), APR_SUCCESS);
    wanted.key = suite_unique_text("k");
    assert_looks_are_not_believed("dygw_idempotency_new", claim_key, &wanted);
}

static void test_an_entry_that_is_seen_is_not_yet_kept(DYGW_UNUSED void **state)
{
    dygw_audit_entry_t entry = { .id = suite_unique(), .at = T0, .actor = "a", .action = "b" };

    if (!has_server()) {
        skip();
    }
    assert_int_equal(in_a_unit(append, &entry), APR_SUCCESS);
    entry.id = suite_unique();
    assert_looks_are_not_believed("dygw_audit_insert", append, &entry);
}

static void test_a_message_that_is_seen_is_not_yet_kept(DYGW_UNUSED void **state)
{
    dygw_webhook_t message = {
        .msg_id = suite_unique_text("m"),
        .received_at = T0,
        .event = "e",
        .action = "verify",
        .msg_time = T0,
    };

    if (!has_server()) {
        skip();
    }
    assert_in_doubt("COMMIT", keep_message, &message);
    assert_int_equal(in_a_unit(keep_message, &message), APR_EEXIST);
}

void suite_doubt(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_a_row_that_is_seen_is_not_yet_recorded),
        SUITE_TEST(test_an_outcome_that_is_seen_is_not_yet_recorded),
        SUITE_TEST(test_a_change_that_is_seen_is_not_yet_made),
        SUITE_TEST(test_rows_found_done_in_a_transaction_are_made_certain_by_it),
        SUITE_TEST(test_a_token_that_is_seen_is_not_yet_stored),
        SUITE_TEST(test_a_key_that_is_seen_is_not_yet_claimed),
        SUITE_TEST(test_an_entry_that_is_seen_is_not_yet_kept),
        SUITE_TEST(test_a_message_that_is_seen_is_not_yet_kept),
    };

    SUITE_ADD(tests);
}
