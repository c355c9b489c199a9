/* SPDX-License-Identifier: Apache-2.0
 * Accept-Language: who prefers English to Chinese. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/compiler.h"
#include "util/language.h"

static void assert_english(const char *const *headers, int english)
{
    for (; *headers; headers++) {
        if (dygw_prefers_english(*headers) != english) {
            fail_msg("'%s' is %s", *headers, english ? "Chinese" : "English");
        }
    }
}

static void without_a_wish_it_is_chinese(DYGW_UNUSED void **state)
{
    static const char *const headers[] = { "", " ", ",", "*", "fr", "fr, de;q=0.5", "yue", "cmn", NULL };

    assert_int_equal(dygw_prefers_english(NULL), 0);
    assert_english(headers, 0);
}

static void a_language_is_known_in_all_its_kinds(DYGW_UNUSED void **state)
{
    static const char *const english[]
        = { "en", "EN", "en-GB", "en-US-x-shop", "en_US", "en ", "\ten", " en ;q=0.1", "fr, en", "en-US,en", NULL };
    static const char *const chinese[]
        = { "zh", "ZH-cn", "zh-Hans-CN", "zh_CN", "zh-TW, en;q=0.9", "english", "eng", "e", "en*", NULL };

    assert_english(english, 1);
    assert_english(chinese, 0);
}

static void what_is_liked_more_counts_whatever_the_order(DYGW_UNUSED void **state)
{
    static const char *const english[] = { "en;q=0.9, zh;q=0.8",
                                           "zh;q=0.8, en;q=0.9",
                                           "zh;q=0.899,en;q=0.9",
                                           "zh;q=0.9, en",
                                           "zh;q=0.5, en;q=0.4, en-GB;q=0.6",
                                           "zh;q=0.001,en;q=1.0",
                                           "fr, en;q=0.2, zh;q=0.1",
                                           NULL };
    static const char *const chinese[] = { "zh;q=0.9, en;q=0.8",
                                           "en;q=0.8, zh;q=0.9",
                                           "zh-CN,zh;q=0.9,en;q=0.8",
                                           "en;q=0.999, zh;q=1",
                                           "en;q=0.5, zh-TW;q=0.6, zh;q=0.1",
                                           NULL };

    assert_english(english, 1);
    assert_english(chinese, 0);
}

static void of_two_that_are_liked_as_much_the_first_counts(DYGW_UNUSED void **state)
{
    static const char *const english[] = { "en, zh", "en;q=0.5, zh;q=0.50", "fr, en, zh", NULL };
    static const char *const chinese[] = { "zh, en", "zh;q=0.5,en;q=0.5", NULL };

    assert_english(english, 1);
    assert_english(chinese, 0);
}

static void nought_is_not_wanted(DYGW_UNUSED void **state)
{
    static const char *const english[] = { "zh;q=0, en;q=0.1", "zh;q=0, *", "zh;q=0.0,*;q=0.1", NULL };
    static const char *const chinese[] = { "en;q=0", "en;q=0, *", "en;q=0.000, fr", "en;q=0, zh;q=0", NULL };

    assert_english(english, 1);
    assert_english(chinese, 0);
}

static void the_star_is_every_language_that_is_not_named(DYGW_UNUSED void **state)
{
    static const char *const english[] = { "en, *;q=0.5", "*;q=0.5, en", "zh;q=0.2, *;q=0.3", NULL };
    static const char *const chinese[] = { "*, en;q=0.5", "en;q=0.2, *", "fr, *;q=0.1", "*, zh;q=0.9, en;q=0.1", NULL };

    assert_english(english, 1);
    assert_english(chinese, 0);
}

static void what_cannot_be_read_is_passed_over(DYGW_UNUSED void **state)
{
    static const char *const english[] = { "zh;q=2, en",
                                           "zh;q=x, en;q=0.1",
                                           "zh;q=, en",
                                           "zh;q=0.1234, en;q=0.1",
                                           "zh;level=1, en",
                                           "zh;, en",
                                           "zh;q, en",
                                           "zh;q=-1, en",
                                           "zh;q=1.1, en;q=0.1",
                                           ";;;,=,q=,en",
                                           "zh;q=0.5.5, en;q=0.1",
                                           "\xff\xfe, en",
                                           NULL };
    static const char *const chinese[]
        = { "en;q=2", "en;q=", "en;q", "en;", "en;q=1.001", ";q=1", "q=1", "en;x=1", NULL };

    assert_english(english, 1);
    assert_english(chinese, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_wish_it_is_chinese),
        cmocka_unit_test(a_language_is_known_in_all_its_kinds),
        cmocka_unit_test(what_is_liked_more_counts_whatever_the_order),
        cmocka_unit_test(of_two_that_are_liked_as_much_the_first_counts),
        cmocka_unit_test(nought_is_not_wanted),
        cmocka_unit_test(the_star_is_every_language_that_is_not_named),
        cmocka_unit_test(what_cannot_be_read_is_passed_over),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("util_language", tests, NULL, NULL);
}
