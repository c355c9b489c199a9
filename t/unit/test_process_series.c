/* SPDX-License-Identifier: Apache-2.0
 * The identity of the list of series: another list, another identity.
 * links: process/series.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/reasons.h"
#include "process/code.h"
#include "process/series.h"
#include "util/compiler.h"
#include "util/crypto.h"

#define CODES 5

static apr_pool_t *pool;

/* --- whose words the series have --- */

static const char *refusals[CODES];
static const char *kinds[CODES];
static const char *codes[CODES];

const char *dygw_code_word(int code)
{
    return code < CODES ? codes[code] : NULL;
}

int dygw_code_status(DYGW_UNUSED int code)
{
    return 400;
}

int dygw_douyin_series_words(int series, const char **code, const char **kind, DYGW_UNUSED apr_pool_t *in)
{
    if (series >= CODES || !refusals[series]) {
        return 0;
    }
    *code = refusals[series];
    *kind = kinds[series];
    return 1;
}

const char *dygw_douyin_range_word(DYGW_UNUSED apr_int64_t error_code)
{
    return "other";
}

const char *dygw_reason_word(DYGW_UNUSED dygw_reason_e reason)
{
    return "why";
}

dygw_act_e dygw_reason_act(DYGW_UNUSED dygw_reason_e reason)
{
    return DYGW_ACT_NOBODY;
}

static int begin(DYGW_UNUSED void **state)
{
    static const char *const some[] = { "1208", "1226", "2119005", "other", NULL };
    static const char *const words[] = { "ok", "a", "b", "c", NULL };
    int i;

    for (i = 0; i < CODES; i++) {
        refusals[i] = some[i];
        kinds[i] = "coupon";
        codes[i] = words[i];
    }
    return 0;
}

/* --- */

static const char *identity(void)
{
    return dygw_series_identity(pool);
}

static void the_same_list_has_the_same_identity(DYGW_UNUSED void **state)
{
    assert_int_equal(strlen(identity()), DYGW_SHA256_HEX_LEN);
    assert_string_equal(identity(), identity());
}

static void another_list_has_another_identity(DYGW_UNUSED void **state)
{
    const char *before = identity();
    const char *first = refusals[0];

    refusals[0] = refusals[1];
    refusals[1] = first;
    assert_string_not_equal(identity(), before); /* in another order */
    begin(NULL);
    refusals[4] = "1033000519";
    assert_string_not_equal(identity(), before); /* one more at the end, */
    refusals[3] = "1212";
    assert_string_not_equal(identity(), before); /* or in the middle */
    begin(NULL);
    refusals[3] = NULL;
    assert_string_not_equal(identity(), before); /* one less */
    begin(NULL);
    kinds[2] = "setup";
    assert_string_not_equal(identity(), before); /* another label */
    begin(NULL);
    codes[3] = "d";
    assert_string_not_equal(identity(), before);
    begin(NULL);
    assert_string_equal(identity(), before);
}

static void names_do_not_run_into_each_other(DYGW_UNUSED void **state)
{
    const char *before;

    refusals[0] = "12";
    kinds[0] = "34";
    before = identity();
    refusals[0] = "123";
    kinds[0] = "4";
    assert_string_not_equal(identity(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_same_list_has_the_same_identity, begin),
        cmocka_unit_test_setup(another_list_has_another_identity, begin),
        cmocka_unit_test_setup(names_do_not_run_into_each_other, begin),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests_name("process_series", tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
