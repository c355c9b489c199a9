/* SPDX-License-Identifier: Apache-2.0
 * What a cashier hears of each error of /open, in which language, and of which errors nothing.
 * links: handle/advice.c gateway/reasons.c douyin/codes.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "handle/handle.h"
#include "util/compiler.h"

static apr_pool_t *pool;
static request_rec r;
static dygw_call_t call;

static int begin(DYGW_UNUSED void **state)
{
    apr_pool_clear(pool);
    r = (request_rec){ .pool = pool, .headers_in = apr_table_make(pool, 1), .headers_out = apr_table_make(pool, 1) };
    call = (dygw_call_t){ .r = &r, .api = DYGW_API_OPEN };
    return 0;
}

static const char *reason_of(const dygw_result_t *result)
{
    return dygw_reason_word(dygw_advice_reason(&call, result));
}

/* In the order of dygw_code_e; NULL: a cashier does not meet it, or the code alone does not tell. */
static const char *const reasons[] = {
    [DYGW_STORE_FORBIDDEN] = "store_not_allowed",
    [DYGW_REQUEST_IN_PROGRESS] = "in_progress",
    [DYGW_CONFLICT] = "bad_request", /* records that were removed */
    [DYGW_NOT_ENOUGH_COUPONS] = "not_enough",
    [DYGW_RATE_LIMITED] = "busy",
    [DYGW_UPSTREAM_REFUSED] = "busy", /* without Douyin's answer */
    [DYGW_UPSTREAM_ERROR] = "busy",
    [DYGW_DATABASE_UNAVAILABLE] = "unavailable",
    [DYGW_TOKEN_UNAVAILABLE] = "token",
    [DYGW_KEY_UNAVAILABLE] = "unavailable",
    [DYGW_UPSTREAM_UNAVAILABLE] = "busy",
    [DYGW_NONCE_STORE_FULL] = "unavailable",
    [DYGW_UPSTREAM_TIMEOUT] = "busy",
    [DYGW_APP_DECLARED] = NULL,
};

static void each_error_has_its_reason(DYGW_UNUSED void **state)
{
    for (int code = DYGW_OK; code <= DYGW_APP_DECLARED; code++) {
        const dygw_result_t result = { .code = (dygw_code_e)code };
        const char *word = reason_of(&result);

        if (!word != !reasons[code] || (word && strcmp(word, reasons[code]) != 0)) {
            fail_msg("%d is %s", code, word ? word : "none");
        }
    }
}

static void the_office_meets_no_cashier(DYGW_UNUSED void **state)
{
    const dygw_result_t result = { .code = DYGW_DATABASE_UNAVAILABLE };
    const dygw_result_t told = { .code = DYGW_CONFLICT, .reason = "not_ours" };

    call.api = DYGW_API_INTERNAL;
    assert_null(reason_of(&result));
    assert_null(reason_of(&told));
    call.api = DYGW_API_NONE;
    assert_null(reason_of(&result));
}

static void of_mistakes_in_a_request_only_what_was_scanned_is_a_cashiers(DYGW_UNUSED void **state)
{
    dygw_result_t result = { .code = DYGW_INVALID_REQUEST, .field = "code" };

    assert_string_equal(reason_of(&result), "wrong_code");
    result.field = "short_link";
    assert_string_equal(reason_of(&result), "wrong_code");
    result.reason = "qr_expired";
    assert_string_equal(reason_of(&result), "qr_expired");
    result.reason = NULL;
    result.field = "count";
    assert_null(reason_of(&result));
    result.field = NULL;
    assert_null(reason_of(&result));
}

static void what_douyin_said_is_told_by_its_number(DYGW_UNUSED void **state)
{
    static const struct {
        apr_int64_t code;
        const char *description;
        const char *word;
    } answers[] = { { 1508, "x", "not_authorised" },
                    { 2190004, "x", "not_permitted" },
                    { 2119013, "x", "address_not_allowed" },
                    { 2100007, "IP不在白名单，请开通权限", "address_not_allowed" },
                    { 2100007, "无权限操作", "not_permitted" },
                    { 2119099, "x", "not_permitted" },
                    { 1212, "x", "wrong_code" },
                    { 3000001, "该券不可使用券码查询", "code_not_allowed" },
                    { 1502, "x", "bad_request" },
                    { 0, "", "busy" } };

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const dygw_reply_t reply = { .error_code = answers[i].code, .description = answers[i].description };
        const dygw_result_t refused = { .code = DYGW_UPSTREAM_REFUSED, .reply = &reply };
        const dygw_result_t error = { .code = DYGW_UPSTREAM_ERROR, .reply = &reply };

        assert_string_equal(reason_of(&refused), answers[i].word);
        assert_string_equal(reason_of(&error), answers[i].word);
    }
}

static void the_language_is_the_callers_and_the_answer_says_that_it_varies(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_advice_language(&call), DYGW_LANG_ZH);
    assert_string_equal(apr_table_get(r.headers_out, "Vary"), "Accept-Language");
    begin(NULL);
    apr_table_setn(r.headers_in, "Accept-Language", "en-GB, zh;q=0.5");
    assert_int_equal(dygw_advice_language(&call), DYGW_LANG_EN);
    assert_string_equal(apr_table_get(r.headers_out, "Vary"), "Accept-Language");
}

static void what_varies_already_goes_on_to(DYGW_UNUSED void **state)
{
    apr_table_setn(r.headers_out, "Vary", "Origin");
    dygw_advice_language(&call);
    assert_string_equal(apr_table_get(r.headers_out, "Vary"), "Origin, Accept-Language");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_error_has_its_reason, begin),
        cmocka_unit_test_setup(the_office_meets_no_cashier, begin),
        cmocka_unit_test_setup(of_mistakes_in_a_request_only_what_was_scanned_is_a_cashiers, begin),
        cmocka_unit_test_setup(what_douyin_said_is_told_by_its_number, begin),
        cmocka_unit_test_setup(the_language_is_the_callers_and_the_answer_says_that_it_varies, begin),
        cmocka_unit_test_setup(what_varies_already_goes_on_to, begin),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests_name("handle_advice", tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
