/* SPDX-License-Identifier: Apache-2.0
 * Who is calling: the four headers, the signature, the app behind it; and the operator.
 * helpers: authenticating.c
 * links: auth/headers.c auth/signature.c auth/admit.c auth/operator.c gateway/db_work.c */
#include "support/authenticating.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "util/compiler.h"

/* --- signatures --- */

static void the_contracts_post_is_accepted(DYGW_UNUSED void **state)
{
    assert_int_equal(authenticate(), DYGW_OK);
    assert_string_equal(call.app->client_key, KEY);
    assert_string_equal(request.user, KEY);
    assert_int_equal(spends, 1);
    assert_string_equal(spent, KEY " b7f1c2d3e4a5968712345678");
}

static void the_contracts_get_is_accepted(DYGW_UNUSED void **state)
{
    request.method = "GET";
    request.unparsed_uri = (char *)GET_TARGET;
    header("X-Nonce", "0123456789abcdef");
    header("X-Signature", GET_SIGNED);
    call.body = "";
    call.body_len = 0;
    assert_int_equal(authenticate(), DYGW_OK);
}

static void every_part_of_the_request_is_signed(DYGW_UNUSED void **state)
{
    request.method = "PUT";
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    begin(NULL);
    request.unparsed_uri = (char *)"/v1/open/coupons/verify?";
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    begin(NULL);
    header("X-Timestamp", "1767225601");
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    begin(NULL);
    header("X-Nonce", "b7f1c2d3e4a5968712345679");
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    begin(NULL);
    call.body_len--;
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    begin(NULL);
    app.secret = SECRET "0";
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    assert_int_equal(spends, 0);
}

static void a_redirected_request_counts_as_it_was_sent(DYGW_UNUSED void **state)
{
    request_rec redirected = request;

    redirected.prev = &request;
    redirected.method = "GET";
    redirected.unparsed_uri = (char *)"/elsewhere";
    call.r = &redirected;
    assert_int_equal(authenticate(), DYGW_OK);
}

static void an_unknown_key_and_a_wrong_signature_look_alike(DYGW_UNUSED void **state)
{
    const char *message;

    header("X-Client-Key", "ck_unknown");
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    message = out.message;
    begin(NULL);
    header("X-Signature", GET_SIGNED);
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    assert_string_equal(out.message, message);
    assert_null(out.field);
    assert_null(request.user);
}

static void nobody_gets_in_with_the_secret_that_stands_for_none(DYGW_UNUSED void **state)
{
    static const char secret[] = "sk_0000000000000000000000000000000000000000000";
    char body_hash[DYGW_SHA256_HEX_LEN + 1], signature[DYGW_SHA256_HEX_LEN + 1];
    const char *text;

    dygw_sha256_hex(BODY, sizeof BODY - 1, body_hash);
    text = apr_pstrcat(pool,
                       "POST\n/v1/open/coupons/verify\n1767225600\n"
                       "b7f1c2d3e4a5968712345678\n",
                       body_hash, "\n", NULL);
    dygw_hmac_sha256_hex(secret, sizeof secret - 1, text, strlen(text), signature);
    header("X-Signature", signature);
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    header("X-Client-Key", "ck_unknown");
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    app.secret = secret;
    header("X-Client-Key", KEY);
    assert_int_equal(authenticate(), DYGW_OK); /* so this is the signature in question */
}

static void the_secret_before_counts_within_its_grace(DYGW_UNUSED void **state)
{
    app.secret = "sk_the_new_one_that_nobody_has_yet";
    app.old_secret = SECRET;
    app.old_secret_until = NOW + 1;
    assert_int_equal(authenticate(), DYGW_OK);
    app.old_secret_until = NOW;
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
}

static void two_secrets_of_httpd_conf_count_without_end(DYGW_UNUSED void **state)
{
    app.secret = "sk_the_new_one_that_nobody_has_yet";
    app.old_secret = SECRET;
    app.old_secret_until = DYGW_NO_TIME;
    app.is_declared = 1;
    assert_int_equal(authenticate(), DYGW_OK);
    app.secret = SECRET;
    app.old_secret = NULL;
    assert_int_equal(authenticate(), DYGW_OK);
}

static void without_apps_nobody_is_refused_for_good(DYGW_UNUSED void **state)
{
    find_rv = APR_EGENERAL;
    assert_int_equal(authenticate(), DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(spends, 0);
}

/* --- headers --- */

static void each_header_has_to_be_there(DYGW_UNUSED void **state)
{
    static const char *const names[] = { "X-Client-Key", "X-Timestamp", "X-Nonce", "X-Signature" };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        begin(NULL);
        header(names[i], NULL);
        /* what is missing comes before what is malformed */
        header(names[(i + 1) % 4], "!");
        assert_int_equal(authenticate(), DYGW_MISSING_CREDENTIALS);
        assert_non_null(strstr(out.message, names[i]));
    }
}

static void refuses(const char *name, const char *value)
{
    begin(NULL);
    header(name, value);
    if (authenticate() != DYGW_INVALID_REQUEST || strcmp(out.field, name) != 0) {
        fail_msg("%s: \"%s\" is not refused as malformed", name, value);
    }
}

static void malformed_headers_are_named(DYGW_UNUSED void **state)
{
    refuses("X-Client-Key", "");
    refuses("X-Client-Key", "ck test");
    refuses("X-Client-Key", KEY ", " KEY);
    refuses("X-Client-Key", "0123456789012345678901234567890123456789012345678901234567890123x");
    refuses("X-Timestamp", "");
    refuses("X-Timestamp", "-1767225600");
    refuses("X-Timestamp", "+1767225600");
    refuses("X-Timestamp", "1767225600.0");
    refuses("X-Timestamp", "1767225600 ");
    refuses("X-Timestamp", "0x6955b900");
    refuses("X-Timestamp", "1767225600, 1767225600");
    refuses("X-Timestamp", "1767225600000000000000000000");
    refuses("X-Nonce", "0123456789abcde");
    refuses("X-Nonce", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0");
    refuses("X-Nonce", "0123456789abcdef+");
    refuses("X-Nonce", "0123456789\xC3\xA4"
                       "bcdef");
    refuses("X-Signature", "abc");
    refuses("X-Signature", SIGNED "0");
    refuses("X-Signature", "B3072FCD39AED657E9D7EB0FB88EF7055E01A77E45344CEB4F7E3ABD1632652E");
}

static void the_widest_nonce_is_accepted(DYGW_UNUSED void **state)
{
    header("X-Nonce", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456._~-x");
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
}

static void the_window_has_two_ends(DYGW_UNUSED void **state)
{
    header("X-Timestamp", "1767225300");
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    header("X-Timestamp", "1767225900");
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    assert_int_equal(stale, 0);
    header("X-Timestamp", "1767225299");
    assert_int_equal(authenticate(), DYGW_STALE_TIMESTAMP);
    assert_string_equal(out.message,
                        "X-Timestamp is 301 s behind the server's clock, which says 1767225600; 300 s are allowed");
    assert_int_equal(stale, 1);
    assert_int_equal(stale_sec, -301);
    header("X-Timestamp", "1767225901");
    assert_int_equal(authenticate(), DYGW_STALE_TIMESTAMP);
    header("X-Timestamp", "999999999999");
    assert_int_equal(authenticate(), DYGW_STALE_TIMESTAMP);
    cfg.signature_window = apr_time_from_sec(5);
    header("X-Timestamp", "1767225594");
    assert_int_equal(authenticate(), DYGW_STALE_TIMESTAMP);
}

/* --- operators --- */

static dygw_code_e operator_code(void)
{
    runtime.cfg = &cfg;
    out = (dygw_result_t){ 0 };
    dygw_auth_operator(&call, &out);
    return out.code;
}

static void the_operator_is_apaches_user_or_else_the_headers(DYGW_UNUSED void **state)
{
    header("X-XTJ-UID", "\xE5\xBC\xA0\xE4\xB8\x89 (cashier)");
    assert_int_equal(operator_code(), DYGW_OK);
    assert_string_equal(call.actor, "\xE5\xBC\xA0\xE4\xB8\x89 (cashier)");
    request.user = (char *)"alice";
    assert_int_equal(operator_code(), DYGW_OK);
    assert_string_equal(call.actor, "alice");
    request.user = (char *)"alice\nbob";
    assert_int_equal(operator_code(), DYGW_OK);
    assert_string_equal(call.actor, "escaped");
}

static void without_an_operator_nobody_acts(DYGW_UNUSED void **state)
{
    assert_int_equal(operator_code(), DYGW_OPERATOR_REQUIRED);
    header("X-XTJ-UID", "");
    assert_int_equal(operator_code(), DYGW_OPERATOR_REQUIRED);
    header("X-XTJ-UID", "0123456789012345678901234567890123456789012345678901234567890123x");
    assert_int_equal(operator_code(), DYGW_OPERATOR_REQUIRED);
    header("X-XTJ-UID", "a\tb");
    assert_int_equal(operator_code(), DYGW_OPERATOR_REQUIRED);
    header("X-XTJ-UID", "a\xC2\x85"
                        "b");
    assert_int_equal(operator_code(), DYGW_OPERATOR_REQUIRED);
    header("X-XTJ-UID", "a\xFF"
                        "b");
    assert_int_equal(operator_code(), DYGW_OPERATOR_REQUIRED);
    header("X-XTJ-UID", "alice");
    cfg.operator_header = "";
    assert_int_equal(operator_code(), DYGW_OPERATOR_REQUIRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_contracts_post_is_accepted),
        TEST(the_contracts_get_is_accepted),
        TEST(every_part_of_the_request_is_signed),
        TEST(a_redirected_request_counts_as_it_was_sent),
        TEST(an_unknown_key_and_a_wrong_signature_look_alike),
        TEST(nobody_gets_in_with_the_secret_that_stands_for_none),
        TEST(the_secret_before_counts_within_its_grace),
        TEST(two_secrets_of_httpd_conf_count_without_end),
        TEST(without_apps_nobody_is_refused_for_good),
        TEST(each_header_has_to_be_there),
        TEST(malformed_headers_are_named),
        TEST(the_widest_nonce_is_accepted),
        TEST(the_window_has_two_ends),
        TEST(the_operator_is_apaches_user_or_else_the_headers),
        TEST(without_an_operator_nobody_acts),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests_name("auth_signature", tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
