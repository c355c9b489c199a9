/* SPDX-License-Identifier: Apache-2.0
 * What lies further ahead than anybody puts it was put there before a clock was set back, and keeps
 * nothing waiting for it. */
#include "records.h"

#include "store/reconciliation.h"
#include "util/compiler.h"

#define TTL_MS 12000
#define FAR_MS APR_INT64_C(86400000) /* the clock was set back by a day */
#define BEYOND (T0 + 60000)
#define LIMIT  100

static apr_status_t take_lease(const char *owner, dygw_ms_t ttl)
{
    dygw_db_t *db = suite_open(0);
    apr_status_t rv = dygw_store_lease_take(db, DYGW_LEASE_WORKER, owner, ttl);

    dygw_db_close(db);
    return rv;
}

static void test_a_lease_that_ends_too_late_is_free(DYGW_UNUSED void **state)
{
    assert_int_equal(take_lease("before", DYGW_LEASE_LEFT_MAX(TTL_MS)), APR_SUCCESS);
    assert_int_equal(take_lease("now", TTL_MS), APR_EBUSY);
    assert_int_equal(take_lease("before", FAR_MS), APR_SUCCESS);
    assert_int_equal(take_lease("now", TTL_MS), APR_SUCCESS);
    assert_int_equal(take_lease("before", TTL_MS), APR_EBUSY);
    suite_do("UPDATE dygw_leases SET until_at = 0");
}

static apr_status_t claim_token(apr_int64_t version, const char *owner, dygw_ms_t ttl)
{
    dygw_db_t *db = suite_open(0);
    apr_status_t rv = dygw_store_token_claim(db, version, owner, ttl);

    dygw_db_close(db);
    return rv;
}

static void test_a_claim_of_the_token_that_ends_too_late_is_over(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_token_row_t row;

    assert_int_equal(dygw_store_token_get(db, &row, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(claim_token(row.version, "before", DYGW_TOKEN_CLAIM_MAX_MS), APR_SUCCESS);
    assert_int_equal(claim_token(row.version, "now", TTL_MS), APR_EBUSY);
    assert_int_equal(claim_token(row.version, "before", FAR_MS), APR_SUCCESS);
    assert_int_equal(claim_token(row.version, "now", TTL_MS), APR_SUCCESS);
    suite_do("UPDATE dygw_tokens SET claim_owner = NULL, claim_until = 0");
}

static apr_status_t claim_key(dygw_db_t *db, const char *key, const char *owner, dygw_ms_t until)
{
    dygw_idempotency_t wanted = {
        .key = key,
        .fingerprint = "f",
        .owner = owner,
        .running_until = until,
        .expires_at = until + FAR_MS,
    };
    dygw_idempotency_t *held;

    return dygw_store_idempotency_claim(db, &wanted, T0, &held, suite_pool);
}

static void test_a_claim_of_a_key_that_ends_too_late_is_over(DYGW_UNUSED void **state)
{
    const dygw_ms_t last = T0 + DYGW_IDEMPOTENCY_CLAIM_MAX_MS;
    dygw_db_t *db = suite_open(0);
    const char *running = suite_unique_text("k");
    const char *left = suite_unique_text("k");
    const char *recorded = suite_unique_text("k");

    assert_int_equal(claim_key(db, running, "before", last), APR_SUCCESS);
    assert_int_equal(claim_key(db, running, "now", T0 + 1), APR_EEXIST);
    assert_int_equal(claim_key(db, left, "before", last + 1), APR_SUCCESS);
    assert_int_equal(claim_key(db, left, "now", T0 + 1), APR_SUCCESS);
    assert_int_equal(claim_key(db, recorded, "before", last + 1), APR_SUCCESS);
    assert_int_equal(dygw_store_idempotency_tie(db, recorded, "before", 5), APR_SUCCESS);
    assert_int_equal(claim_key(db, recorded, "now", T0 + 1), APR_EEXIST);
    dygw_db_close(db);
}

/* Douyin's clock tells that this host's is a day ahead. */
static void test_a_key_is_not_over_by_a_clock_that_is_ahead(DYGW_UNUSED void **state)
{
    static const dygw_clock_seen_t unseen;
    const dygw_clock_seen_t seen = dygw_clock_see(T0);
    const dygw_ms_t ahead = T0 + 2 * FAR_MS;
    const char *key = suite_unique_text("k");
    dygw_idempotency_t *held;
    dygw_db_t *db = suite_open(0);

    assert_int_equal(claim_key(db, key, "first", T0 + 1), APR_SUCCESS);
    assert_int_equal(dygw_store_idempotency_tie(db, key, "first", 5), APR_SUCCESS);
    assert_int_equal(dygw_store_idempotency_get(db, key, ahead, &held, suite_pool), APR_NOTFOUND);
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &seen);
    assert_int_equal(dygw_store_idempotency_get(db, key, ahead, &held, suite_pool), APR_SUCCESS);
    assert_int_equal(held->first_id, 5);
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &unseen);
    dygw_db_close(db);
}

/* --- work --- */

/* A record whose work of that kind is due at that time. */
static dygw_verification_t *work_at(dygw_db_t *db, dygw_due_e what, dygw_ms_t at)
{
    dygw_verification_t *v = record_processing();

    v->verify_status = what == DYGW_DUE_SETTLE ? DYGW_PROCESSING : DYGW_SUCCESS;
    v->next_run_at = what == DYGW_DUE_FOLLOW_UP ? DYGW_NO_TIME : at;
    v->errand_at = what == DYGW_DUE_FOLLOW_UP ? at : DYGW_NO_TIME;
    v->lease_until = v->sent_at = at;
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v;
}

static int due_at(dygw_db_t *db, dygw_due_e what, dygw_ms_t now)
{
    apr_array_header_t *rows;

    assert_int_equal(dygw_store_verification_due(db, what, now, LIMIT, &rows, suite_pool), APR_SUCCESS);
    return rows->nelts;
}

static int recall(dygw_db_t *db, dygw_due_e what, int limit)
{
    int count = -1;

    assert_int_equal(dygw_store_verification_recall(db, what, T0, BEYOND, limit, &count), APR_SUCCESS);
    return count;
}

static void assert_recalled(dygw_db_t *db, dygw_due_e what)
{
    const dygw_verification_t *near = work_at(db, what, BEYOND);
    const dygw_verification_t *far = work_at(db, what, BEYOND + FAR_MS);
    const dygw_verification_t *farther = work_at(db, what, BEYOND + 2 * FAR_MS);
    const dygw_verification_t *now;

    assert_int_equal(due_at(db, what, T0), 0);
    assert_int_equal(recall(db, what, 1), 1);
    assert_int_equal(recall(db, what, LIMIT), 1);
    assert_int_equal(recall(db, what, LIMIT), 0);
    assert_int_equal(due_at(db, what, T0), 2);
    now = record_get(db, far->id);
    assert_int_equal(now->lease_until, 0);
    assert_int_equal(now->sent_at, T0);
    assert_int_equal(now->revision, 1);
    assert_int_equal(record_get(db, farther->id)->revision, 1);
    now = record_get(db, near->id);
    assert_int_equal(now->lease_until, BEYOND);
    assert_int_equal(now->sent_at, BEYOND);
    assert_int_equal(now->revision, 0);
}

static void test_work_that_lies_too_far_ahead_is_due(DYGW_UNUSED void **state)
{
    dygw_db_t *db;

    suite_do("UPDATE dygw_verifications SET next_run_at = NULL, errand_at = NULL");
    db = suite_open(0);
    assert_recalled(db, DYGW_DUE_SETTLE);
    assert_recalled(db, DYGW_DUE_FOLLOW_UP);
    assert_recalled(db, DYGW_DUE_ENRICH);
    dygw_db_close(db);
    suite_do("UPDATE dygw_verifications SET next_run_at = NULL, errand_at = NULL");
}

static void test_a_day_that_lies_too_far_ahead_is_due(DYGW_UNUSED void **state)
{
    dygw_reconciliation_t *due;
    dygw_db_t *db;
    int count;

    suite_do("DELETE FROM dygw_reconciliations");
    db = suite_open(0);
    assert_int_equal(dygw_store_reconciliation_add(db, "2025-11-24", "acc", T0, BEYOND), APR_SUCCESS);
    assert_int_equal(dygw_store_reconciliation_add(db, "2025-11-25", "acc", T0, BEYOND + 1), APR_SUCCESS);
    assert_int_equal(dygw_store_reconciliation_recall(db, T0, BEYOND, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    assert_int_equal(dygw_store_reconciliation_due(db, T0, &due, suite_pool), APR_SUCCESS);
    assert_string_equal(due->day, "2025-11-25");
    dygw_db_close(db);
    suite_do("DELETE FROM dygw_reconciliations");
}

void suite_ahead(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_a_lease_that_ends_too_late_is_free),
        SUITE_TEST(test_a_claim_of_the_token_that_ends_too_late_is_over),
        SUITE_TEST(test_a_claim_of_a_key_that_ends_too_late_is_over),
        SUITE_TEST(test_a_key_is_not_over_by_a_clock_that_is_ahead),
        SUITE_TEST(test_work_that_lies_too_far_ahead_is_due),
        SUITE_TEST(test_a_day_that_lies_too_far_ahead_is_due),
    };

    SUITE_ADD(tests);
}
