/* SPDX-License-Identifier: Apache-2.0
 * The access token: renewed exactly once for everybody, and healed whatever happened to it.
 * links: gateway/host.c gateway/token.c gateway/db_work.c
 * helpers: fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <apr_time.h>

#include "gateway/token.h"
#include "util/compiler.h"

#define THREADS     16
#define NO_PATIENCE 0
#define PATIENCE_US 30000000 /* far more than needed: no test waits for its end */
#define LIFE_MS     FAKE_LIFE_MS

static dygw_gateway_t *gateway;
static dygw_token_t token;

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    return 0;
}

static apr_status_t renew(apr_int64_t version, dygw_renew_e why)
{
    return dygw_token_renew(FAKE_CTX(gateway, pool), version, why, NO_PATIENCE, &token);
}

static void check_held(const char *text, apr_int64_t version)
{
    assert_int_equal(dygw_token_held(gateway, &token, pool), APR_SUCCESS);
    assert_string_equal(token.access_token, text);
    assert_true(token.version == version);
}

static void check_none_held(void)
{
    assert_int_equal(dygw_token_held(gateway, &token, pool), APR_NOTFOUND);
}

/* Like a host that has just started. */
static void forget(void)
{
    memset((void *)gateway->host, 0, sizeof(*gateway->host));
}

/* --- holding --- */

static void it_is_held_until_it_ends(DYGW_UNUSED void **state)
{
    fake_clock_advance(LIFE_MS - 1);
    check_held("tok-1", 1);
    fake_clock_advance(1);
    check_none_held();
    assert_true(token.version == 1);
    assert_string_equal(fake_trace(), "");
}

static void another_hosts_is_loaded(DYGW_UNUSED void **state)
{
    fake_store_set_token(gateway->seal, "tok-9", 9, FAKE_START_MS, FAKE_START_MS + LIFE_MS);
    assert_int_equal(dygw_token_load(FAKE_CTX(gateway, pool)), APR_SUCCESS);
    check_held("tok-9", 9);
    assert_true(token.expires_at == FAKE_START_MS + LIFE_MS);
    assert_true(gateway->host->token_obtained_at == FAKE_START_MS);
}

static void it_is_due_well_before_its_end(DYGW_UNUSED void **state)
{
    assert_true(dygw_token_due_at(1000, 1000 + 100000, 0.0) == 81000);
    assert_true(dygw_token_due_at(1000, 1000 + 100000, 1.0) == 89000);
    assert_true(dygw_token_due_at(1000, 11000, 1.0) == 9000);
    assert_true(dygw_token_due_at(0, 0, 0.5) <= 0); /* none held: at once */
}

/* --- renewing --- */

static void a_renewal_is_stored_sealed_and_published(DYGW_UNUSED void **state)
{
    const char *text;

    fake_clock_advance(1000);
    assert_int_equal(renew(1, 0), APR_SUCCESS);
    assert_string_equal(token.access_token, "tok-2");
    check_held("tok-2", 2);
    assert_true(token.expires_at == FAKE_START_MS + 1000 + LIFE_MS);
    assert_true(fake_store_token()->version == 2);
    assert_null(strstr(fake_store_token()->sealed, "tok-2"));
    assert_int_equal(dygw_unseal(gateway->seal, "access-token", fake_store_token()->sealed, pool, &text, NULL),
                     APR_SUCCESS);
    assert_string_equal(text, "tok-2");
    assert_string_equal(fake_trace(), "open claim close token open put close");
    assert_int_equal(fake_logged("tok-"), 0);
}

static void the_first_ever_is_fetched(DYGW_UNUSED void **state)
{
    forget();
    fake_store_set_token(gateway->seal, NULL, 0, DYGW_NO_TIME, DYGW_NO_TIME);
    assert_int_equal(renew(0, 0), APR_SUCCESS);
    check_held("tok-2", 1);
}

static void a_version_that_is_past_needs_no_call(DYGW_UNUSED void **state)
{
    assert_int_equal(renew(1, 0), APR_SUCCESS);
    fake_trace();
    assert_int_equal(renew(1, 1), APR_SUCCESS);
    assert_true(token.version == 2);
    assert_string_equal(fake_trace(), "");
    assert_int_equal(fake_token_calls(), 1);
}

static void what_another_host_fetched_is_taken(DYGW_UNUSED void **state)
{
    fake_store_set_token(gateway->seal, "tok-9", 9, FAKE_START_MS, FAKE_START_MS + LIFE_MS);
    assert_int_equal(renew(1, 1), APR_SUCCESS);
    assert_string_equal(token.access_token, "tok-9");
    assert_int_equal(fake_token_calls(), 0);
    assert_int_equal(gateway->host->token_refused, 0);
}

static void a_claim_held_by_others_is_waited_for(DYGW_UNUSED void **state)
{
    fake_store_claimed_until(FAKE_START_MS + 6000);
    assert_int_equal(renew(1, 0), APR_TIMEUP);
    assert_int_equal(fake_token_calls(), 0);
    assert_int_equal(dygw_token_renew(FAKE_CTX(gateway, pool), 1, 0, 50000, &token), APR_TIMEUP);
    fake_clock_advance(6001); /* its owner died */
    assert_int_equal(renew(1, 0), APR_SUCCESS);
    assert_int_equal(fake_token_calls(), 1);
}

static void store_another(const char *call)
{
    if (strcmp(call, "token") == 0) {
        fake_store_set_token(gateway->seal, "tok-7", 2, FAKE_START_MS, FAKE_START_MS + LIFE_MS);
    }
}

static void a_successor_stored_meanwhile_wins(DYGW_UNUSED void **state)
{
    fake_douyin_meanwhile = store_another;
    assert_int_equal(renew(1, 0), APR_SUCCESS);
    assert_string_equal(token.access_token, "tok-7");
    check_held("tok-7", 2);
}

/* --- what fails --- */

static void what_failed_is_not_tried_again_before_the_claim_ends(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[] = {
        DYGW_REPLY_SETUP,
        DYGW_REPLY_BUSY,
        DYGW_REPLY_TIMEOUT,
        DYGW_REPLY_GARBLED,
    };

    for (int i = 0; i < 4; i++) {
        gateway = fake_world(pool);
        fake_token(kinds[i], NULL, 0);
        assert_int_equal(renew(1, 0), APR_EGENERAL);
        assert_int_equal(fake_logged(kinds[i] == DYGW_REPLY_SETUP ? "DYGW0401" : "DYGW0402"), 1);
        fake_trace();
        /* Nobody on this host waits for it either. */
        assert_int_equal(dygw_token_renew(FAKE_CTX(gateway, pool), 1, 0, PATIENCE_US, &token), APR_EGENERAL);
        assert_string_equal(fake_trace(), "");
        check_held("tok-1", 1);
        fake_clock_advance(6000);
        assert_int_equal(renew(1, 0), APR_SUCCESS);
    }
}

static void a_clock_set_back_does_not_prolong_the_pause(DYGW_UNUSED void **state)
{
    fake_token(DYGW_REPLY_BUSY, NULL, 0);
    assert_int_equal(renew(1, 0), APR_EGENERAL);
    fake_clock_advance(-APR_INT64_C(3600000));
    fake_store_claimed_until(0);
    assert_int_equal(renew(1, 0), APR_SUCCESS);
}

static void a_database_that_fails_at_any_step_fails_the_renewal_only(DYGW_UNUSED void **state)
{
    static const fake_step_e steps[] = { FAKE_OPEN, FAKE_TOKEN_CLAIM, FAKE_TOKEN_PUT };

    for (int i = 0; i < 3; i++) {
        gateway = fake_world(pool);
        fake_store_fail(steps[i], 0, 1, APR_EGENERAL, 0);
        assert_int_equal(renew(1, 0), APR_EGENERAL);
        check_held("tok-1", 1);
        fake_clock_advance(6000);
        assert_int_equal(renew(1, 0), APR_SUCCESS);
    }
    gateway = fake_world(pool);
    fake_store_fail(FAKE_OPEN, 1, 1, APR_EGENERAL, 0); /* after the call */
    assert_int_equal(renew(1, 0), APR_EGENERAL);
    assert_int_equal(fake_token_calls(), 1);
    check_held("tok-1", 1);
}

static void a_token_that_cannot_be_one_is_not_used(DYGW_UNUSED void **state)
{
    char *longer = apr_pcalloc(pool, DYGW_TOKEN_MAX + 1);
    const struct {
        const char *text;
        apr_int64_t expires_in;
    } cases[] = {
        { longer, 7200 },
        { "tok-2", -1 },
        { "tok-2", APR_INT64_MAX },
    };

    memset(longer, 'a', DYGW_TOKEN_MAX);
    for (int i = 0; i < 3; i++) {
        gateway = fake_world(pool);
        fake_token(DYGW_REPLY_OK, cases[i].text, cases[i].expires_in);
        assert_int_equal(renew(1, 0), APR_EGENERAL);
        assert_int_equal(fake_logged("DYGW0405"), 1);
        check_held("tok-1", 1);
    }
}

/* --- refused --- */

static void the_same_token_given_again_is_no_cure(DYGW_UNUSED void **state)
{
    fake_token(DYGW_REPLY_OK, "tok-1", 5000);
    assert_int_equal(renew(1, 1), APR_EGENERAL);
    assert_int_equal(gateway->host->token_refused, 1);
    assert_int_equal(fake_logged("DYGW0404"), 1);
    check_held("tok-1", 1); /* still handed out */
    assert_int_equal(token.refused, 1);
    assert_true(fake_store_token()->version == 1);
    fake_clock_advance(6000);
    assert_int_equal(renew(1, 1), APR_SUCCESS);
    assert_int_equal(gateway->host->token_refused, 0);
}

static void in_its_last_second_the_same_token_holds_until_the_next_look(DYGW_UNUSED void **state)
{
    fake_token(DYGW_REPLY_OK, "tok-1", 0);
    assert_int_equal(renew(1, 0), APR_SUCCESS);
    check_held("tok-1", 2);
    fake_clock_advance(1999);
    assert_int_equal(dygw_token_held(gateway, &token, pool), APR_SUCCESS);
}

static void a_due_renewal_may_give_the_same_again(DYGW_UNUSED void **state)
{
    fake_token(DYGW_REPLY_OK, "tok-1", 1440);
    assert_int_equal(renew(1, 0), APR_SUCCESS);
    check_held("tok-1", 2);
    assert_true(token.expires_at == FAKE_START_MS + 1440000);
}

/* One look of the background, with Douyin's stable call: the same token with the whole seconds that
 * are left of it, a new one only when it has ended. */
static void look_in_the_background(dygw_ms_t end)
{
    dygw_ms_t now = dygw_now();

    assert_int_equal(dygw_token_held(gateway, &token, pool), APR_SUCCESS);
    if (dygw_token_due_at(gateway->host->token_obtained_at, gateway->host->token_expires_at, 0.5) <= now) {
        fake_token(DYGW_REPLY_OK, now < end ? "tok-1" : "tok-new", now < end ? (end - now) / 1000 : 7200);
        assert_int_equal(renew(gateway->host->token_version, 0), APR_SUCCESS);
        fake_trace();
    }
}

static void until_its_very_end_it_is_replaced_without_a_gap(DYGW_UNUSED void **state)
{
    static const dygw_ms_t lives[] = { 7200000, 7200999, 10000, 10500, 5001, 3000 };

    for (int i = 0; i < 6; i++) {
        dygw_ms_t end = FAKE_START_MS + lives[i]; /* at Douyin */
        dygw_ms_t step;

        for (step = 900; step <= 1200; step += 25) {
            gateway = fake_world(pool);
            fake_hold_token(gateway, "tok-1", 1, lives[i] / 1000 * 1000);
            while (strcmp(gateway->host->token, "tok-new") != 0) {
                fake_clock_advance(step);
                look_in_the_background(end);
            }
            assert_true(dygw_now() - end < 2 * step);
            assert_int_equal(fake_logged("DYGW0405"), 0);
            assert_true(fake_token_calls() < 16);
        }
    }
}

static void a_refusal_of_an_older_version_marks_nothing(DYGW_UNUSED void **state)
{
    assert_int_equal(renew(1, 0), APR_SUCCESS);
    assert_int_equal(renew(1, 1), APR_SUCCESS);
    assert_int_equal(gateway->host->token_refused, 0);
    dygw_token_accepted(gateway, &token);
    assert_int_equal(gateway->host->token_refused, 0);
}

/* --- a database that knows less, or what we cannot read --- */

static void a_database_made_anew_gets_a_token(DYGW_UNUSED void **state)
{
    fake_hold_token(gateway, "tok-8", 8, LIFE_MS);
    fake_store_set_token(gateway->seal, NULL, 0, DYGW_NO_TIME, DYGW_NO_TIME);
    assert_int_equal(renew(8, 0), APR_SUCCESS);
    check_held("tok-2", 1);
    assert_true(fake_store_token()->version == 1);
    fake_hold_token(gateway, "tok-8", 8, LIFE_MS);
    fake_store_set_token(gateway->seal, NULL, 0, DYGW_NO_TIME, DYGW_NO_TIME);
    assert_int_equal(dygw_token_load(FAKE_CTX(gateway, pool)), APR_SUCCESS);
    check_none_held();
    assert_true(token.version == 0);
}

static void seal_with_another_key(apr_int64_t version)
{
    dygw_seal_t other;

    memset(&other, 9, sizeof(other));
    fake_store_set_token(&other, "tok-x", version, FAKE_START_MS, FAKE_START_MS + LIFE_MS);
}

static void a_stored_token_that_does_not_open_is_replaced(DYGW_UNUSED void **state)
{
    forget();
    seal_with_another_key(5);
    assert_int_equal(dygw_token_load(FAKE_CTX(gateway, pool)), APR_SUCCESS);
    check_none_held();
    assert_true(token.version == 5); /* as the table says: it is not read again each second */
    assert_int_equal(fake_logged("DYGW0400"), 1);
    assert_int_equal(renew(5, 0), APR_SUCCESS);
    check_held("tok-2", 6);
    forget();
    seal_with_another_key(7);
    assert_int_equal(renew(0, 0), APR_SUCCESS);
    check_held("tok-3", 8);
}

static void until_then_the_one_held_serves(DYGW_UNUSED void **state)
{
    seal_with_another_key(5);
    assert_int_equal(dygw_token_load(FAKE_CTX(gateway, pool)), APR_SUCCESS);
    check_held("tok-1", 5);
}

static void but_not_when_douyin_refused_it(DYGW_UNUSED void **state)
{
    seal_with_another_key(5);
    assert_int_equal(renew(1, 1), APR_SUCCESS);
    check_held("tok-2", 6);
    assert_int_equal(fake_token_calls(), 1);
}

/* --- ?rejected= --- */

static const char *digest_of(const char *text)
{
    char hex[DYGW_SHA256_HEX_LEN + 1];

    dygw_sha256_hex(text, strlen(text), hex);
    return apr_pstrndup(pool, hex, 8);
}

static void reject(const char *text)
{
    dygw_token_rejected(FAKE_CTX(gateway, pool), digest_of(text));
}

static void a_reader_may_reject_the_token_held_once_a_minute(DYGW_UNUSED void **state)
{
    reject("tok-1");
    check_held("tok-2", 2);
    reject("tok-2");
    check_held("tok-2", 2);
    fake_clock_advance(59999);
    reject("tok-2");
    check_held("tok-2", 2);
    fake_clock_advance(1);
    reject("tok-2");
    check_held("tok-3", 3);
    assert_int_equal(fake_token_calls(), 2);
}

static void a_clock_that_is_set_back_keeps_no_reader_waiting(DYGW_UNUSED void **state)
{
    reject("tok-1");
    fake_clock_advance(-10 * 60000);
    reject("tok-2");
    check_held("tok-3", 3);
}

static void a_reader_cannot_reject_another_token(DYGW_UNUSED void **state)
{
    reject("tok-0");
    check_held("tok-1", 1);
    reject("tok-1"); /* and that did not begin the pause */
    check_held("tok-2", 2);
    fake_clock_advance(LIFE_MS);
    reject("tok-2");
    check_none_held();
    assert_int_equal(fake_token_calls(), 1);
}

static void a_readers_word_does_not_mark_it_refused(DYGW_UNUSED void **state)
{
    fake_token(DYGW_REPLY_TIMEOUT, NULL, 0);
    reject("tok-1");
    check_held("tok-1", 1);
    assert_int_equal(token.refused, 0);
}

/* --- many at once --- */

static int refused_by_all;
static _Atomic int entered;

/* The one that asks Douyin is kept there until all others have come as far as they can. */
static void wait_for_all(DYGW_UNUSED const char *call)
{
    apr_time_t deadline = apr_time_now() + apr_time_from_sec(20);

    while (entered < THREADS && apr_time_now() < deadline) {
        apr_sleep(1000);
    }
    apr_sleep(50000);
}

static void *APR_THREAD_FUNC renewing(DYGW_UNUSED apr_thread_t *thread, void *data)
{
    dygw_token_t *got = data;
    apr_allocator_t *allocator;
    apr_pool_t *own;

    apr_allocator_create(&allocator);
    apr_pool_create_unmanaged_ex(&own, NULL, allocator);
    apr_allocator_owner_set(allocator, own);
    entered++;
    if (dygw_token_renew(FAKE_CTX(gateway, own), 1, refused_by_all, PATIENCE_US, got) != APR_SUCCESS) {
        got->version = -1;
    }
    got->access_token = NULL; /* it goes with the pool */
    apr_pool_destroy(own);
    return NULL;
}

static void renew_in_threads(dygw_token_t *got)
{
    apr_thread_t *threads[THREADS];
    apr_status_t rv;
    int i;

    entered = 0;
    for (i = 0; i < THREADS; i++) {
        got[i].version = 0;
        assert_int_equal(apr_thread_create(&threads[i], NULL, renewing, &got[i], pool), APR_SUCCESS);
    }
    for (i = 0; i < THREADS; i++) {
        apr_thread_join(&rv, threads[i]);
    }
}

static void all_threads_share_one_renewal(DYGW_UNUSED void **state)
{
    dygw_token_t got[THREADS];

    for (refused_by_all = 0; refused_by_all < 2; refused_by_all++) {
        gateway = fake_world(pool);
        fake_douyin_meanwhile = wait_for_all;
        renew_in_threads(got);
        assert_int_equal(fake_token_calls(), 1);
        for (int i = 0; i < THREADS; i++) {
            assert_true(got[i].version == 2);
        }
        assert_true(fake_store_token()->version == 2);
    }
}

static void all_threads_hear_at_once_that_it_failed(DYGW_UNUSED void **state)
{
    apr_time_t began = apr_time_now();
    dygw_token_t got[THREADS];

    fake_token(DYGW_REPLY_LOST, NULL, 0);
    fake_douyin_meanwhile = wait_for_all;
    refused_by_all = 1;
    renew_in_threads(got);
    assert_int_equal(fake_token_calls(), 1);
    for (int i = 0; i < THREADS; i++) {
        assert_true(got[i].version == -1);
    }
    assert_true(apr_time_now() - began < PATIENCE_US);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_held_until_it_ends),
        TEST(another_hosts_is_loaded),
        TEST(it_is_due_well_before_its_end),
        TEST(a_renewal_is_stored_sealed_and_published),
        TEST(the_first_ever_is_fetched),
        TEST(a_version_that_is_past_needs_no_call),
        TEST(what_another_host_fetched_is_taken),
        TEST(a_claim_held_by_others_is_waited_for),
        TEST(a_successor_stored_meanwhile_wins),
        TEST(what_failed_is_not_tried_again_before_the_claim_ends),
        TEST(a_clock_set_back_does_not_prolong_the_pause),
        TEST(a_database_that_fails_at_any_step_fails_the_renewal_only),
        TEST(a_token_that_cannot_be_one_is_not_used),
        TEST(the_same_token_given_again_is_no_cure),
        TEST(in_its_last_second_the_same_token_holds_until_the_next_look),
        TEST(a_due_renewal_may_give_the_same_again),
        TEST(until_its_very_end_it_is_replaced_without_a_gap),
        TEST(a_refusal_of_an_older_version_marks_nothing),
        TEST(a_database_made_anew_gets_a_token),
        TEST(a_stored_token_that_does_not_open_is_replaced),
        TEST(until_then_the_one_held_serves),
        TEST(but_not_when_douyin_refused_it),
        TEST(a_reader_may_reject_the_token_held_once_a_minute),
        TEST(a_reader_cannot_reject_another_token),
        TEST(a_clock_that_is_set_back_keeps_no_reader_waiting),
        TEST(a_readers_word_does_not_mark_it_refused),
        TEST(all_threads_share_one_renewal),
        TEST(all_threads_hear_at_once_that_it_failed),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_token", tests, NULL, NULL);
}
