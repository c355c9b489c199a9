/* SPDX-License-Identifier: Apache-2.0
 * Who is calling: the four headers, the signature, the nonce, the app; and the operator. The apps,
 * the nonce table and the database are played by a few lines.
 * links: auth/headers.c auth/signature.c auth/operator.c auth/spelling.c handle/fields.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "auth/auth.h"
#include "gateway/ask.h"
#include "store/nonce.h"
#include "util/compiler.h"

#define NOW         APR_INT64_C(1767225600000)
#define KEY         "ck_test_0001"
#define SECRET      "sk_test_5f0c6f0e9d1b4f2a8c7e3d2b1a0f9e8d"
#define BODY        "{\"poi_id\":\"7012345678901234567\",\"code\":\"123456789012\"}"
#define SIGNED      "b3072fcd39aed657e9d7eb0fb88ef7055e01a77e45344ceb4f7e3abd1632652e"
#define GET_TARGET  "/v1/open/douyin/stores?poi_id=7012345678901234567&page=1"
#define GET_SIGNED  "a34a75aff5f73e57890592ad76aeca9751d1eca85914d1ed052cccca52e5c96a"

module AP_MODULE_DECLARE_DATA dygw_module;

static apr_pool_t *pool;

/* --- what stands for the rest of the gateway --- */

static dygw_known_app_t app;
static apr_status_t find_rv;        /* when not success, instead of the app */
static int is_memory;               /* nonces in shared memory, or in the database */
static apr_status_t spend_rv;
static int spends;
static char spent[200];
static dygw_ms_t spent_until;

apr_status_t dygw_apps_find(DYGW_UNUSED dygw_apps_t *apps, const char *client_key,
                            DYGW_UNUSED const dygw_log_t *log, apr_pool_t *p,
                            dygw_known_app_t **found)
{
    if (find_rv != APR_SUCCESS) {
        return find_rv;
    }
    if (strcmp(client_key, app.client_key) != 0) {
        return APR_NOTFOUND;
    }
    *found = apr_pmemdup(p, &app, sizeof app);
    return APR_SUCCESS;
}

/* httpd's, whose words do not matter here. */
AP_DECLARE(char *) ap_escape_logitem(apr_pool_t *p, DYGW_UNUSED const char *str)
{
    return apr_pstrdup(p, "escaped");
}

void dygw_explain_database(dygw_result_t *out)
{
    out->code = DYGW_DATABASE_UNAVAILABLE;
}

apr_status_t dygw_nonces_spend(DYGW_UNUSED dygw_nonces_t *nonces, const char *client_key,
                               const char *nonce, dygw_ms_t now, dygw_ms_t expires_at,
                               dygw_ms_t *free_at)
{
    spends++;
    apr_snprintf(spent, sizeof spent, "%s %s", client_key, nonce);
    spent_until = expires_at;
    *free_at = now + 1500;
    return spend_rv;
}

void dygw_nonce_key(const char *client_key, const char *nonce, char out[33])
{
    apr_snprintf(spent, sizeof spent, "%s %s", client_key, nonce);
    apr_cpystrn(out, "key", 33);
}

apr_status_t dygw_db_open(DYGW_UNUSED dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source,
                          DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED apr_pool_t *p)
{
    return APR_SUCCESS;
}

void dygw_db_close(DYGW_UNUSED dygw_db_t *db)
{
}

apr_status_t dygw_store_nonce_spend(DYGW_UNUSED dygw_db_t *db, const char *key,
                                    dygw_ms_t expires_at)
{
    assert_string_equal(key, "key");
    spends++;
    spent_until = expires_at;
    return spend_rv;
}

static dygw_ms_t frozen(void)
{
    return NOW;
}

/* --- a call --- */

static dygw_cfg_t cfg;
static dygw_runtime_t runtime;
static request_rec request;
static dygw_call_t call;
static dygw_result_t out;

static void header(const char *name, const char *value)
{
    if (value) {
        apr_table_set(request.headers_in, name, value);
    }
    else {
        apr_table_unset(request.headers_in, name);
    }
}

/* The contract's first vector. */
static int begin(DYGW_UNUSED void **state)
{
    apr_pool_clear(pool);
    cfg = (dygw_cfg_t){ .signature_window = apr_time_from_sec(300),
                        .operator_header = "X-XTJ-UID" };
    app = (dygw_known_app_t){ .client_key = KEY, .secret = SECRET, .status = DYGW_APP_ACTIVE };
    is_memory = 1;
    find_rv = spend_rv = APR_SUCCESS;
    spends = 0;
    request = (request_rec){ .pool = pool, .method = "POST",
                             .unparsed_uri = (char *)"/v1/open/coupons/verify",
                             .headers_in = apr_table_make(pool, 8) };
    header("X-Client-Key", KEY);
    header("X-Timestamp", "1767225600");
    header("X-Nonce", "b7f1c2d3e4a5968712345678");
    header("X-Signature", SIGNED);
    call = (dygw_call_t){ .r = &request, .runtime = &runtime, .body = BODY,
                          .body_len = sizeof BODY - 1 };
    out = (dygw_result_t){ 0 };
    dygw_clock_set(frozen);
    return 0;
}

static dygw_code_e authenticate(void)
{
    /* never looked into by what stands for the table */
    runtime = (dygw_runtime_t){ .cfg = &cfg, .nonces = is_memory ? (dygw_nonces_t *)&cfg : NULL };
    out = (dygw_result_t){ 0 };
    dygw_auth_headers(&call, &out);
    if (out.code == DYGW_OK) {
        dygw_auth_signature(&call, &out);
    }
    return out.code;
}

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
    text = apr_pstrcat(pool, "POST\n/v1/open/coupons/verify\n1767225600\n"
                             "b7f1c2d3e4a5968712345678\n", body_hash, "\n", NULL);
    dygw_hmac_sha256_hex(secret, sizeof secret - 1, text, strlen(text), signature);
    header("X-Signature", signature);
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    header("X-Client-Key", "ck_unknown");
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    app.secret = secret;
    header("X-Client-Key", KEY);
    assert_int_equal(authenticate(), DYGW_OK);      /* so this is the signature in question */
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

static void without_apps_nobody_is_refused_for_good(DYGW_UNUSED void **state)
{
    find_rv = APR_EGENERAL;
    assert_int_equal(authenticate(), DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(spends, 0);
}

static void a_disabled_app_is_told_so_only_after_all_else(DYGW_UNUSED void **state)
{
    app.status = DYGW_APP_DISABLED;
    assert_int_equal(authenticate(), DYGW_APP_DISABLED_ERROR);
    assert_int_equal(spends, 1);
    header("X-Signature", GET_SIGNED);
    assert_int_equal(authenticate(), DYGW_INVALID_CREDENTIALS);
    begin(NULL);
    app.status = DYGW_APP_DISABLED;
    spend_rv = APR_EEXIST;
    assert_int_equal(authenticate(), DYGW_REPLAYED_NONCE);
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
    refuses("X-Nonce", "0123456789\xC3\xA4" "bcdef");
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
    header("X-Timestamp", "1767225299");
    assert_int_equal(authenticate(), DYGW_STALE_TIMESTAMP);
    header("X-Timestamp", "1767225901");
    assert_int_equal(authenticate(), DYGW_STALE_TIMESTAMP);
    header("X-Timestamp", "999999999999");
    assert_int_equal(authenticate(), DYGW_STALE_TIMESTAMP);
    cfg.signature_window = apr_time_from_sec(5);
    header("X-Timestamp", "1767225594");
    assert_int_equal(authenticate(), DYGW_STALE_TIMESTAMP);
}

/* --- nonces --- */

static void a_nonce_is_kept_until_its_timestamp_leaves_the_window(DYGW_UNUSED void **state)
{
    assert_int_equal(authenticate(), DYGW_OK);
    assert_true(spent_until == NOW + 300000);
    is_memory = 0;
    assert_int_equal(authenticate(), DYGW_OK);
    assert_true(spent_until > NOW + 300000);    /* and a little for clocks of other hosts */
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
    header("X-XTJ-UID", "a\xC2\x85" "b");
    assert_int_equal(operator_code(), DYGW_OPERATOR_REQUIRED);
    header("X-XTJ-UID", "a\xFF" "b");
    assert_int_equal(operator_code(), DYGW_OPERATOR_REQUIRED);
    header("X-XTJ-UID", "alice");
    cfg.operator_header = "";
    assert_int_equal(operator_code(), DYGW_OPERATOR_REQUIRED);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

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
        TEST(without_apps_nobody_is_refused_for_good),
        TEST(a_disabled_app_is_told_so_only_after_all_else),
        TEST(each_header_has_to_be_there),
        TEST(malformed_headers_are_named),
        TEST(the_widest_nonce_is_accepted),
        TEST(the_window_has_two_ends),
        TEST(a_nonce_is_kept_until_its_timestamp_leaves_the_window),
        TEST(a_spent_nonce_is_refused),
        TEST(a_full_table_refuses_and_says_for_how_long),
        TEST(a_nonce_that_cannot_be_kept_is_no_reason_to_go_on),
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
