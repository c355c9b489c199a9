/* SPDX-License-Identifier: Apache-2.0
 * Whether a request that is authentic may go on: timestamp, nonce, app, rate.
 * helpers: authenticating.c
 * links: auth/headers.c auth/signature.c auth/admit.c gateway/db_work.c */
#include "support/authenticating.h"

#include <apr_general.h>

#include "util/compiler.h"

/* --- nonces --- */

static void a_nonce_is_kept_until_its_timestamp_leaves_the_window(DYGW_UNUSED void **state)
{
    assert_int_equal(authenticate(), DYGW_OK);
    assert_true(spent_until == NOW + 300000);
    is_memory = 0;
    assert_int_equal(authenticate(), DYGW_OK);
    assert_true(spent_until > NOW + 300000); /* and a little for clocks of other hosts */
    assert_string_equal(spent, KEY " b7f1c2d3e4a5968712345678");
}

static void a_spent_nonce_is_refused(DYGW_UNUSED void **state)
{
    spend_rv = APR_EEXIST;
    assert_int_equal(authenticate(), DYGW_REPLAYED_NONCE);
    is_memory = 0;
    assert_int_equal(authenticate(), DYGW_REPLAYED_NONCE);
}

static void a_full_table_refuses_and_says_for_how_long(DYGW_UNUSED void **state)
{
    spend_rv = APR_ENOSPC;
    assert_int_equal(authenticate(), DYGW_NONCE_STORE_FULL);
    assert_int_equal(out.retry_after, 2);
}

static void a_nonce_that_cannot_be_kept_is_no_reason_to_go_on(DYGW_UNUSED void **state)
{
    is_memory = 0;
    spend_rv = APR_EGENERAL;
    assert_int_equal(authenticate(), DYGW_DATABASE_UNAVAILABLE);
}

static void a_request_is_judged_when_its_nonce_is_spent(DYGW_UNUSED void **state)
{
    for (is_memory = 0; is_memory < 2; is_memory++) {
        now = NOW;
        assert_int_equal(authenticate_after(300000), DYGW_OK);
        assert_int_equal(spends, 1);
        now = NOW;
        assert_int_equal(authenticate_after(300001), DYGW_STALE_TIMESTAMP);
        assert_int_equal(spends, 1);
        assert_int_equal(metered, 1);
        now = NOW;
        header("X-Signature", GET_SIGNED); /* nobody else is told anything by it */
        assert_int_equal(authenticate_after(300001), DYGW_INVALID_CREDENTIALS);
        header("X-Signature", SIGNED);
        spends = metered = 0;
    }
}

static void a_database_that_keeps_a_request_beyond_its_window_has_no_say(DYGW_UNUSED void **state)
{
    is_memory = 0;
    now = NOW + 290000;
    spend_ms = 10000;
    assert_int_equal(authenticate(), DYGW_OK);
    now = NOW + 290000;
    spend_ms = 10001;
    assert_int_equal(authenticate(), DYGW_STALE_TIMESTAMP);
}

static void a_row_outlives_the_window_by_what_clocks_may_differ(DYGW_UNUSED void **state)
{
    is_memory = 0;
    assert_int_equal(authenticate(), DYGW_OK);
    assert_true(spent_until == NOW + 300000 + 600000);
}

static void a_refused_request_spends_nothing(DYGW_UNUSED void **state)
{
    for (is_memory = 0; is_memory < 2; is_memory++) {
        app.status = DYGW_APP_DISABLED;
        assert_int_equal(authenticate(), DYGW_APP_DISABLED_ERROR);
        assert_int_equal(metered, 0);
        app.status = DYGW_APP_ACTIVE;
        wait_sec = 3;
        assert_int_equal(authenticate(), DYGW_RATE_LIMITED);
        assert_int_equal(out.retry_after, 3);
        assert_int_equal(spends, 0);
        wait_sec = metered = 0;
    }
}

static void a_replay_is_called_one_before_anything_else(DYGW_UNUSED void **state)
{
    spend_rv = APR_EEXIST;
    for (is_memory = 0; is_memory < 2; is_memory++) {
        app.status = DYGW_APP_DISABLED;
        assert_int_equal(authenticate(), DYGW_REPLAYED_NONCE);
        app.status = DYGW_APP_ACTIVE;
        wait_sec = 3;
        assert_int_equal(authenticate(), DYGW_REPLAYED_NONCE);
        assert_int_equal(out.retry_after, 0);
        wait_sec = 0;
        assert_int_equal(authenticate(), DYGW_REPLAYED_NONCE);
    }
}

static void a_replay_takes_nothing_of_the_apps_rate_in_memory(DYGW_UNUSED void **state)
{
    spend_rv = APR_EEXIST;
    assert_int_equal(authenticate(), DYGW_REPLAYED_NONCE);
    assert_int_equal(metered, 0);
    assert_int_equal(spends, 0);
}

static void in_the_database_a_good_request_is_one_statement(DYGW_UNUSED void **state)
{
    is_memory = 0;
    assert_int_equal(authenticate(), DYGW_OK);
    assert_int_equal(looks, 0);
    assert_int_equal(spends, 1);
}

static void what_is_refused_anyway_needs_no_database(DYGW_UNUSED void **state)
{
    is_memory = 0;
    spend_rv = APR_EGENERAL;
    wait_sec = 1;
    assert_int_equal(authenticate(), DYGW_RATE_LIMITED);
    assert_int_equal(looks, 1);
}

static void a_disabled_app_is_told_so_only_after_all_else(DYGW_UNUSED void **state)
{
    app.status = DYGW_APP_DISABLED;
    assert_int_equal(authenticate(), DYGW_APP_DISABLED_ERROR);
    header("X-Signature", GET_SIGNED);
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    begin(NULL);
    app.status = DYGW_APP_DISABLED;
    spend_rv = APR_EEXIST;
    assert_int_equal(authenticate(), DYGW_REPLAYED_NONCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_nonce_is_kept_until_its_timestamp_leaves_the_window),
        TEST(a_spent_nonce_is_refused),
        TEST(a_full_table_refuses_and_says_for_how_long),
        TEST(a_nonce_that_cannot_be_kept_is_no_reason_to_go_on),
        TEST(a_request_is_judged_when_its_nonce_is_spent),
        TEST(a_database_that_keeps_a_request_beyond_its_window_has_no_say),
        TEST(a_row_outlives_the_window_by_what_clocks_may_differ),
        TEST(a_refused_request_spends_nothing),
        TEST(a_replay_is_called_one_before_anything_else),
        TEST(a_replay_takes_nothing_of_the_apps_rate_in_memory),
        TEST(in_the_database_a_good_request_is_one_statement),
        TEST(what_is_refused_anyway_needs_no_database),
        TEST(a_disabled_app_is_told_so_only_after_all_else),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests_name("auth_admit", tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
