/* SPDX-License-Identifier: Apache-2.0
 * Which lines of the settlement ledger are of a redemption, and their sum.
 * links: gateway/reports/payout_lines.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "support/own_pool.h"
#include "gateway/reports/payout_lines.h"
#include "util/compiler.h"

static apr_array_header_t *lines;
static dygw_payout_due_t row;

static int set_up(void **state)
{
    make_pool(state);
    lines = apr_array_make(pool, 4, sizeof(dygw_ledger_line_t));
    row = (dygw_payout_due_t){ .verification_id = 7, .certificate_id = "c", .verify_id = "v", .uses = 1 };
    return 0;
}

static dygw_ledger_line_t *add(const char *certificate_id, const char *verify_id, int status, apr_int64_t goods)
{
    dygw_ledger_line_t *line = apr_array_push(lines);

    *line = (dygw_ledger_line_t){
        .certificate_id = certificate_id, .verify_id = verify_id, .status = status, .raw = "{\"a\":1}"
    };
    for (int i = 0; i < DYGW_LEDGER_AMOUNTS; i++) {
        line->amounts[i] = DYGW_LEDGER_NOT_TOLD;
    }
    line->amounts[DYGW_LEDGER_GOODS] = goods;
    return line;
}

static dygw_payout_t sum(void)
{
    dygw_payout_t payout;

    dygw_payout_of_lines(&row, lines, &payout, pool);
    assert_int_equal(payout.verification_id, 7);
    return payout;
}

static void no_line_is_nothing(DYGW_UNUSED void **state)
{
    add("other", "w", 1, 5);
    assert_int_equal(sum().ledger_lines, 0);
    assert_int_equal(sum().amounts.goods, DYGW_NO_INT);
}

static void lines_of_one_verify_id_are_added_up(DYGW_UNUSED void **state)
{
    dygw_payout_t payout;

    add("c", "v", 1, 5);
    add("c", "other", 1, 1000);
    add("c", "v", 1, 7)->amounts[DYGW_LEDGER_PAY] = 9;
    payout = sum();
    assert_int_equal(payout.ledger_lines, 2);
    assert_int_equal(payout.amounts.goods, 12);
    assert_int_equal(payout.amounts.pay, 9);
    assert_string_equal(payout.ledger_records, "[{\"a\":1},{\"a\":1}]");
}

static void what_no_line_shows_is_not_zero(DYGW_UNUSED void **state)
{
    dygw_payout_t payout;

    add("c", "v", 1, 0);
    payout = sum();
    assert_int_equal(payout.amounts.goods, 0);
    assert_int_equal(payout.amounts.platform_fee, DYGW_NO_INT);
}

static void each_use_of_a_card_has_its_own_line(DYGW_UNUSED void **state)
{
    row.uses = 3;
    add("c", "u", 1, 1);
    add("c", "v", 1, 2);
    add("c", "w", 1, 4);
    assert_int_equal(sum().amounts.goods, 2);
}

static void a_redemption_without_verify_id_has_the_line_of_its_coupon(DYGW_UNUSED void **state)
{
    row.verify_id = NULL;
    add("c", "u", 1, 3);
    add("c", "u", 1, 4);
    assert_int_equal(sum().amounts.goods, 7);
}

static void but_not_where_it_was_redeemed_more_than_once(DYGW_UNUSED void **state)
{
    row.verify_id = NULL;
    row.uses = 2;
    add("c", "u", 1, 3);
    assert_int_equal(sum().ledger_lines, 0);
    row.uses = 1;
    add("c", "w", 1, 3);
    assert_int_equal(sum().ledger_lines, 0);
}

static void a_line_without_verify_id_is_of_the_only_redemption(DYGW_UNUSED void **state)
{
    add("c", NULL, 1, 3);
    assert_int_equal(sum().amounts.goods, 3);
    row.uses = 2;
    assert_int_equal(sum().ledger_lines, 0);
}

static int status_of(int a, int b)
{
    apr_array_clear(lines);
    add("c", "v", a, 1);
    add("c", "v", b, 1);
    return sum().ledger_status;
}

static void two_lines_are_as_far_as_the_one_that_is_least_far(DYGW_UNUSED void **state)
{
    assert_int_equal(status_of(1, 2), 1);
    assert_int_equal(status_of(2, 0), 0);
    assert_int_equal(status_of(2, 2), 2);
    assert_int_equal(status_of(3, 2), 3);
    assert_int_equal(status_of(1, 3), 1);
    assert_int_equal(status_of(4, 4), 4);
}

static void what_is_void_counts_only_alone(DYGW_UNUSED void **state)
{
    assert_int_equal(status_of(4, 1), 1);
    assert_int_equal(sum().amounts.goods, 1);
    assert_int_equal(sum().ledger_lines, 1);
    assert_int_equal(status_of(4, 4), 4);
    assert_int_equal(sum().amounts.goods, 2);
}

static void a_status_that_nobody_knows_may_still_change(DYGW_UNUSED void **state)
{
    assert_int_equal(status_of(-1, 2), 0);
    assert_int_equal(status_of(9, 2), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_line_is_nothing),
        TEST(lines_of_one_verify_id_are_added_up),
        TEST(what_no_line_shows_is_not_zero),
        TEST(each_use_of_a_card_has_its_own_line),
        TEST(a_redemption_without_verify_id_has_the_line_of_its_coupon),
        TEST(but_not_where_it_was_redeemed_more_than_once),
        TEST(a_line_without_verify_id_is_of_the_only_redemption),
        TEST(two_lines_are_as_far_as_the_one_that_is_least_far),
        TEST(what_is_void_counts_only_alone),
        TEST(a_status_that_nobody_knows_may_still_change),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("gateway_payout_lines", tests, NULL, NULL);
}
