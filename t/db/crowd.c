/* SPDX-License-Identifier: Apache-2.0
 * Several processes at once, all after the same things: one of them gets each, nobody an error. */
#include "records.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_atomic.h>
#include <apr_shm.h>
#include <apr_time.h>

#include "util/compiler.h"

#define CHILDREN   4
#define COUPONS    200
#define GROUPS     40 /* of GROUP_ROWS rows that are inserted together */
#define GROUP_ROWS 3
#define RENEWALS   15
#define NONCES     50
#define LEASES     25
#define KEYS       40
#define KEY_MS     1000
#define RAISES     25 /* of one row, by each */
#define MESSAGES   20
#define DRAWS      40 /* of the same ids, by all */
#define PATIENCE   apr_time_from_sec(60)

#define CLAIM_MS 60000

/* What the children count together. */
typedef struct tally_t {
    apr_uint32_t ready;
    apr_uint32_t bad;
    int bad_line;
    int bad_status;
    char error[512];
    apr_uint32_t recorded[COUPONS];
    apr_uint32_t redeemed[COUPONS / 2];
    apr_uint32_t grouped[GROUPS];
    apr_uint32_t settled[GROUPS];
    apr_uint32_t renewed[RENEWALS];
    apr_uint32_t spent[NONCES];
    apr_uint32_t claimed[KEYS];
    apr_uint32_t claimed_again[KEYS];
    apr_uint32_t received[MESSAGES];
    apr_uint32_t drawing[DRAWS];
    apr_uint32_t first_drawn[DRAWS];
    apr_uint32_t apps;
    apr_uint32_t holders;
} tally_t;

typedef struct child_t {
    tally_t *tally;
    int number;
    apr_int64_t run;           /* tells this run's keys from those of others */
    apr_int64_t token_version; /* when it began */
    apr_int64_t shared_id;     /* of the record that all change */
    apr_int64_t drawn;         /* the first of the ids that all draw */
} child_t;

static void complain(const child_t *child, int line, apr_status_t rv)
{
    if (apr_atomic_inc32(&child->tally->bad) == 0) {
        child->tally->bad_line = line;
        child->tally->bad_status = rv;
    }
}

#define EXPECT(child, condition, rv) \
    do { \
        if (!(condition)) { \
            complain((child), __LINE__, (rv)); \
        } \
    } while (0)

static dygw_db_t *open_unit(const child_t *child)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, &suite_host[child->number % HOSTS], &suite_log, suite_pool);

    EXPECT(child, rv == APR_SUCCESS, rv);
    return db;
}

static const char *key(const child_t *child, const char *what, int number)
{
    return apr_psprintf(suite_pool, "%s%d-%" APR_INT64_T_FMT, what, number, child->run);
}

/* --- coupons: four callers with the same token and code; two coupons with one verify_id --- */

static void redeem(const child_t *child, dygw_verification_t *v, int coupon)
{
    dygw_verification_t *outcome = record_succeeded(v);
    dygw_db_t *db = open_unit(child);
    apr_status_t rv;

    outcome->verify_id = key(child, "v", coupon / 2);
    rv = record_settle(db, outcome);
    if (rv == APR_SUCCESS) {
        apr_atomic_inc32(&child->tally->redeemed[coupon / 2]);
    }
    else {
        EXPECT(child, rv == APR_EEXIST, rv);
        outcome->verify_id = NULL;
        outcome->verify_status = DYGW_FAILED;
        rv = record_settle(db, outcome);
        EXPECT(child, rv == APR_SUCCESS, rv);
    }
    dygw_db_close(db);
}

static void record_coupon(const child_t *child, int coupon)
{
    dygw_verification_t *v = record_processing();
    dygw_db_t *db = open_unit(child);
    apr_status_t rv;

    v->verify_token = key(child, "t", coupon);
    v->encrypted_code = "code";
    rv = record_insert(db, v);
    dygw_db_close(db);
    if (rv == APR_SUCCESS) {
        apr_atomic_inc32(&child->tally->recorded[coupon]);
        redeem(child, v, coupon);
    }
    EXPECT(child, rv == APR_SUCCESS || rv == APR_EEXIST, rv);
}

/* --- several rows of one request --- */

static apr_status_t insert_group(dygw_db_t *db, const dygw_verification_t **rows)
{
    apr_status_t rv;
    int draws = 20;
    int i;

    while ((rv = dygw_store_verification_insert(db, rows, GROUP_ROWS, NULL, NULL)) == APR_EAGAIN && draws-- > 0) {
        for (i = 0; i < GROUP_ROWS; i++) {
            ((dygw_verification_t *)rows[i])->id = suite_unique();
        }
    }
    return rv;
}

static void record_group(const child_t *child, int group)
{
    const dygw_verification_t **rows = record_three();
    dygw_db_t *db = open_unit(child);
    apr_status_t rv;
    int clash;
    int i;

    for (i = 0; i < GROUP_ROWS; i++) {
        ((dygw_verification_t *)rows[i])->verify_token = key(child, "g", group);
        ((dygw_verification_t *)rows[i])->encrypted_code = "code";
    }
    rv = insert_group(db, rows);
    if (rv == APR_SUCCESS) {
        const dygw_verification_t *outcome[GROUP_ROWS];

        apr_atomic_inc32(&child->tally->grouped[group]);
        for (i = 0; i < GROUP_ROWS; i++) {
            outcome[i] = record_succeeded(rows[i]);
        }
        rv = dygw_store_verification_settle(db, outcome, GROUP_ROWS, &clash);
        if (rv == APR_SUCCESS) {
            apr_atomic_inc32(&child->tally->settled[group]);
        }
    }
    EXPECT(child, rv == APR_SUCCESS || rv == APR_EEXIST, rv);
    dygw_db_close(db);
}

/* --- hosts that draw the same ids at the same moment, every other time for several rows --- */

static int rows_of_draw(int number)
{
    return number % 2 ? GROUP_ROWS : 1;
}

static void take_ids(const dygw_verification_t **rows, int count, apr_int64_t first)
{
    int i;

    for (i = 0; i < count; i++) {
        ((dygw_verification_t *)rows[i])->id = first + i;
        ((dygw_verification_t *)rows[i])->first_id = first;
    }
}

static void await_all(apr_uint32_t *arrived)
{
    apr_atomic_inc32(arrived);
    while (apr_atomic_read32(arrived) < CHILDREN) {
        apr_sleep(10);
    }
}

static void draw_id(const child_t *child, int number)
{
    const char *token = key(child, apr_psprintf(suite_pool, "i%d.", child->number), number);
    const dygw_verification_t **rows = record_three();
    int count = rows_of_draw(number);
    dygw_db_t *db = open_unit(child);
    apr_status_t rv;
    int i;

    for (i = 0; i < GROUP_ROWS; i++) {
        ((dygw_verification_t *)rows[i])->verify_token = token;
    }
    take_ids(rows, count, child->drawn + number * GROUP_ROWS);
    await_all(&child->tally->drawing[number]);
    rv = dygw_store_verification_insert(db, rows, count, NULL, NULL);
    if (rv == APR_SUCCESS) {
        apr_atomic_inc32(&child->tally->first_drawn[number]);
    }
    else {
        EXPECT(child, rv == APR_EAGAIN, rv);
        take_ids(rows, count, suite_unique_range(count));
        rv = dygw_store_verification_insert(db, rows, count, NULL, NULL);
        EXPECT(child, rv == APR_SUCCESS, rv);
    }
    dygw_db_close(db);
}

/* --- the token, nonces, apps, the lease --- */

static void renew(const child_t *child, int number)
{
    apr_int64_t version = child->token_version + number;
    const char *owner = key(child, "child", child->number);
    apr_time_t until = apr_time_now() + PATIENCE;
    apr_status_t rv = APR_EBUSY;

    while (rv == APR_EBUSY && apr_time_now() < until) {
        dygw_db_t *db = open_unit(child);

        rv = dygw_store_token_claim(db, version, owner, CLAIM_MS);
        if (rv == APR_SUCCESS) {
            rv = dygw_store_token_put(db, version, owner, T0, T0 + CLAIM_MS);
            apr_atomic_add32(&child->tally->renewed[number], rv == APR_SUCCESS);
        }
        dygw_db_close(db);
    }
    EXPECT(child, rv == APR_SUCCESS || rv == APR_EEXIST, rv);
}

static void spend(const child_t *child, int number)
{
    dygw_db_t *db = open_unit(child);
    apr_status_t rv = dygw_store_nonce_spend(db, key(child, "n", number), T0);

    apr_atomic_add32(&child->tally->spent[number], rv == APR_SUCCESS);
    EXPECT(child, rv == APR_SUCCESS || rv == APR_EEXIST, rv);
    dygw_db_close(db);
}

static int note_app(DYGW_UNUSED void *baton, dygw_app_t *app, dygw_audit_entry_t *entry)
{
    *entry = (dygw_audit_entry_t){
        .id = app->id,
        .at = T0,
        .actor = "crowd",
        .action = "app.create",
        .request_id = app->client_key,
    };
    return 1;
}

static void make_app(const child_t *child)
{
    dygw_app_t app = { .name = "crowd",
                       .secret_sealed = "s",
                       .created_at = T0,
                       .updated_at = T0,
                       .last_used_at = DYGW_NO_TIME,
                       .old_secret_until = DYGW_NO_TIME };
    dygw_db_t *db = open_unit(child);
    const char *taken;
    apr_status_t rv;

    app.client_key = key(child, "crowd", 0);
    rv = dygw_store_app_insert(db, &app, note_app, NULL, &taken);
    apr_atomic_add32(&child->tally->apps, rv == APR_SUCCESS);
    EXPECT(child, rv == APR_SUCCESS || rv == APR_EEXIST, rv);
    dygw_db_close(db);
}

static void hold_lease(const child_t *child)
{
    const char *owner = key(child, "child", child->number);
    dygw_db_t *db = open_unit(child);
    apr_status_t rv = dygw_store_lease_take(db, DYGW_LEASE_WORKER, owner, CLAIM_MS);

    if (rv == APR_SUCCESS) {
        EXPECT(child, apr_atomic_inc32(&child->tally->holders) == 0, rv);
        apr_atomic_dec32(&child->tally->holders);
        rv = dygw_store_lease_release(db, DYGW_LEASE_WORKER, owner);
    }
    EXPECT(child, rv == APR_SUCCESS || rv == APR_EBUSY, rv);
    dygw_db_close(db);
}

/* --- keys: one claims it, ties it to its rows, and when it expired one claims it again --- */

/* APR_EBUSY: by the clock of another child it expired before that. */
static void tie_key(const child_t *child, dygw_db_t *db, const char *name, const char *owner)
{
    const dygw_verification_t *v = record_processing();
    apr_status_t rv = APR_EAGAIN;
    int draws = 20;

    while (rv == APR_EAGAIN && draws-- > 0) {
        rv = dygw_store_verification_insert(db, &v, 1, name, owner);
        if (rv == APR_EAGAIN) {
            v = record_processing();
        }
    }
    EXPECT(child, rv == APR_SUCCESS || rv == APR_EBUSY, rv);
}

static void claim_key(const child_t *child, int number, dygw_ms_t now, apr_uint32_t *won)
{
    const char *owner = key(child, "child", child->number);
    dygw_idempotency_t wanted = { .key = key(child, "k", number),
                                  .fingerprint = "f",
                                  .owner = owner,
                                  .running_until = now + KEY_MS,
                                  .expires_at = now + KEY_MS };
    dygw_db_t *db = open_unit(child);
    dygw_idempotency_t *held;
    apr_status_t rv = dygw_store_idempotency_claim(db, &wanted, now, &held, suite_pool);

    if (rv == APR_SUCCESS) {
        apr_atomic_inc32(won);
        tie_key(child, db, wanted.key, owner);
    }
    EXPECT(child, rv == APR_SUCCESS || rv == APR_EEXIST, rv);
    dygw_db_close(db);
}

/* --- one record that everybody reads and writes; messages about it --- */

static void raise_asks(const child_t *child)
{
    apr_time_t until = apr_time_now() + PATIENCE;
    apr_status_t rv = APR_NOTFOUND;
    int clash;

    while (rv == APR_NOTFOUND && apr_time_now() < until) {
        dygw_db_t *db = open_unit(child);
        dygw_verification_t *v;

        rv = dygw_store_verification_get(db, child->shared_id, 0, &v, suite_pool);
        EXPECT(child, rv == APR_SUCCESS, rv);
        v->asks++;
        v->last_error = key(child, "child", child->number);
        rv = dygw_store_verification_update(db, &v, 1, &clash);
        dygw_db_close(db);
    }
    EXPECT(child, rv == APR_SUCCESS, rv);
}

static void receive(const child_t *child, int number)
{
    dygw_webhook_t message = { .msg_id = key(child, "m", number),
                               .received_at = T0 + child->number,
                               .msg_time = DYGW_NO_TIME,
                               .certificate_id = key(child, "c", 0) };
    dygw_db_t *db = open_unit(child);
    apr_status_t rv = dygw_store_webhook_insert(db, &message);

    apr_atomic_add32(&child->tally->received[number], rv == APR_SUCCESS);
    EXPECT(child, rv == APR_SUCCESS || rv == APR_EEXIST, rv);
    dygw_db_close(db);
}

/* --- the crowd --- */

static void work(const child_t *child)
{
    int i;

    make_app(child);
    for (i = 0; i < COUPONS; i++) {
        record_coupon(child, i);
    }
    for (i = 0; i < GROUPS; i++) {
        record_group(child, i);
    }
    for (i = 0; i < DRAWS; i++) {
        draw_id(child, i);
    }
    for (i = 0; i < RENEWALS; i++) {
        renew(child, i);
    }
    for (i = 0; i < NONCES; i++) {
        spend(child, i);
    }
    for (i = 0; i < LEASES; i++) {
        hold_lease(child);
    }
    for (i = 0; i < KEYS; i++) {
        claim_key(child, i, T0, &child->tally->claimed[i]);
        claim_key(child, i, T0 + KEY_MS + 1, &child->tally->claimed_again[i]);
    }
    for (i = 0; i < RAISES; i++) {
        raise_asks(child);
    }
    for (i = 0; i < MESSAGES; i++) {
        receive(child, i);
    }
}

static void be_child(child_t *child)
{
    suite_in_child(child->number);
    dygw_db_close(open_unit(child));
    apr_atomic_inc32(&child->tally->ready);
    while (apr_atomic_read32(&child->tally->ready) < CHILDREN) {
        apr_sleep(1000);
    }
    work(child);
    if (suite_errors > 0) {
        complain(child, __LINE__, suite_errors);
        memcpy(child->tally->error, suite_last_error, sizeof(suite_last_error));
    }
    suite_disconnect();
    _exit(0);
}

static int run_crowd(child_t *child)
{
    pid_t pids[CHILDREN] = { 0 };
    int ended = 0;

    for (child->number = 0; child->number < CHILDREN; child->number++) {
        pids[child->number] = fork();
        if (pids[child->number] == 0) {
            be_child(child);
        }
    }
    for (child->number = 0; child->number < CHILDREN; child->number++) {
        int status = -1;

        ended += waitpid(pids[child->number], &status, 0) > 0 && status == 0;
    }
    return ended;
}

static void assert_one_each(apr_uint32_t *counts, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        assert_int_equal(apr_atomic_read32(&counts[i]), 1);
    }
}

static apr_int64_t count_rows(const char *where, apr_int64_t run)
{
    const char *sql = apr_psprintf(suite_pool,
                                   "SELECT COUNT(*) FROM dygw_verifications WHERE %s "
                                   "AND verify_token LIKE '%%-%" APR_INT64_T_FMT "'",
                                   where, run);

    return apr_atoi64(APR_ARRAY_IDX(suite_ask(0, sql), 0, const char *));
}

static apr_int64_t insert_shared(dygw_db_t *db, const child_t *child)
{
    dygw_verification_t *v = record_processing();

    v->certificate_id = key(child, "c", 0);
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    return v->id;
}

/* No change of it was lost, and each message counted once. */
static void assert_shared(apr_int64_t id)
{
    dygw_db_t *db = suite_open(0);
    dygw_verification_t *v = record_get(db, id);

    assert_int_equal(v->asks, CHILDREN * RAISES);
    assert_int_equal(v->revision, CHILDREN * RAISES + MESSAGES);
    dygw_db_close(db);
}

static void test_of_many_that_want_the_same_one_gets_it(DYGW_UNUSED void **state)
{
    child_t child = { .run = suite_unique() };
    dygw_token_row_t row;
    dygw_db_t *db = suite_open(0);
    apr_shm_t *shm;
    tally_t *tally;

    assert_int_equal(apr_shm_create(&shm, sizeof(*tally), NULL, suite_pool), APR_SUCCESS);
    tally = child.tally = apr_shm_baseaddr_get(shm);
    memset(tally, 0, sizeof(*tally));
    assert_int_equal(dygw_store_token_get(db, &row, suite_pool), APR_SUCCESS);
    child.shared_id = insert_shared(db, &child);
    dygw_db_close(db);
    child.token_version = row.version;
    child.drawn = suite_unique_range(DRAWS * GROUP_ROWS);
    suite_disconnect();
    assert_int_equal(run_crowd(&child), CHILDREN);
    if (tally->bad) {
        fail_msg("crowd.c:%d: status %d, %u times; last message: %s", tally->bad_line, tally->bad_status, tally->bad,
                 tally->error);
    }
    assert_int_equal(tally->apps, 1);
    assert_one_each(tally->recorded, COUPONS);
    assert_one_each(tally->redeemed, COUPONS / 2);
    assert_one_each(tally->grouped, GROUPS);
    assert_one_each(tally->settled, GROUPS);
    assert_one_each(tally->first_drawn, DRAWS);
    assert_one_each(tally->renewed, RENEWALS);
    assert_one_each(tally->spent, NONCES);
    assert_one_each(tally->claimed, KEYS);
    assert_one_each(tally->claimed_again, KEYS);
    assert_one_each(tally->received, MESSAGES);
    assert_shared(child.shared_id);
    assert_int_equal(count_rows("verify_status = 'success'", child.run), COUPONS / 2 + GROUPS * GROUP_ROWS);
    assert_int_equal(count_rows("verify_status = 'failed'", child.run), COUPONS / 2);
    assert_int_equal(count_rows("verify_token LIKE 'i%'", child.run), CHILDREN * DRAWS / 2 * (1 + GROUP_ROWS));
}

void suite_crowd(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_of_many_that_want_the_same_one_gets_it),
    };

    SUITE_ADD(tests);
}
