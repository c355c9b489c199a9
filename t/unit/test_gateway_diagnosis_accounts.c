/* SPDX-License-Identifier: Apache-2.0
 * What a diagnosis asks of Douyin about several accounts and thousands of declared stores, and what it tells of them.
 * links: douyin/codes.c gateway/account.c gateway/declared.c gateway/diagnosis/answers.c gateway/diagnosis/asking.c
 * links: gateway/diagnosis/conclusion.c gateway/diagnosis/douyin.c gateway/diagnosis/finding.c
 * links: gateway/diagnosis/merchants.c gateway/diagnosis/stores.c
 * links: gateway/reasons.c
 * helpers: diagnosing.c fake_merchants.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/diagnosing.h"
#include "support/fake_merchants.h"

#include "util/compiler.h"

/* --- the shop, as a test wants it --- */

static struct {
    apr_pool_t *pool;
    dygw_declared_t *declared;
    const char *own_account; /* DygwAccountId */
} shop;

/* Declares the stores from first on, count of them, by codes "s" and the number. */
static void declares(const char *account_id, int first, int count)
{
    for (int poi = first; poi < first + count; poi++) {
        dygw_declared_store_t *store = apr_pcalloc(shop.pool, sizeof(*store));
        const char *field;

        store->code = apr_psprintf(shop.pool, "s%d", poi);
        store->poi_id = apr_psprintf(shop.pool, "%d", poi);
        store->account_id = account_id;
        store->place = apr_psprintf(shop.pool, "stores.csv:%d", poi);
        assert_null(dygw_declared_add_store(shop.declared, store, &field));
    }
}

static int setup(void **state)
{
    memset(&shop, 0, sizeof shop);
    apr_pool_create(&shop.pool, NULL);
    shop.declared = dygw_declared_create(shop.pool);
    fake_merchants_begin();
    *state = NULL;
    return 0;
}

static int teardown(DYGW_UNUSED void **state)
{
    fake_merchants_end();
    apr_pool_destroy(shop.pool);
    return 0;
}

static json_t *diagnose_named(const char *const *names)
{
    static const dygw_log_t log = { 0 };
    dygw_gateway_t gateway = { .account_id = shop.own_account, .declared = shop.declared };
    dygw_findings_t findings = { 0 };
    const dygw_ctx_t ctx = { &gateway, &log, shop.pool };
    apr_array_header_t *stores = apr_array_make(shop.pool, 1, sizeof(const char *));
    dygw_diagnosis_t d = { .ctx = &ctx, .findings = &findings, .stores = stores };

    for (; names && *names; names++) {
        APR_ARRAY_PUSH(stores, const char *) = *names;
    }
    return diagnosing(&d, dygw_diagnose_douyin);
}

static json_t *diagnose(void)
{
    return diagnose_named(NULL);
}

/* The check of that name whose detail has that value; NULL: there is none. */
static const json_t *check_with(const json_t *checks, const char *name, const char *key, const char *value)
{
    const json_t *check;
    size_t i;

    json_array_foreach(checks, i, check)
    {
        const char *has = dygw_json_id(json_object_get(check, "detail"), key, shop.pool);

        if (strcmp(dygw_json_str(check, "name"), name) == 0 && has && strcmp(has, value) == 0) {
            return check;
        }
    }
    return NULL;
}

static const char *verdict_of(const json_t *checks, const char *name, const char *key, const char *value)
{
    const json_t *check = check_with(checks, name, key, value);
    const char *why = check ? dygw_json_str(check, "reason") : NULL;

    return check ? apr_pstrcat(shop.pool, dygw_json_str(check, "state"), why ? " " : NULL, why, NULL) : "absent";
}

static const char *account(const json_t *checks, const char *account_id)
{
    return verdict_of(checks, "authorisation", "account_id", account_id);
}

static const char *declared(const json_t *checks, int poi)
{
    return verdict_of(checks, "declared_store", "poi_id", apr_itoa(shop.pool, poi));
}

static const char *detail_of(const json_t *checks, const char *name, int poi, const char *key)
{
    const json_t *check = check_with(checks, name, "poi_id", apr_itoa(shop.pool, poi));

    return check ? dygw_json_id(json_object_get(check, "detail"), key, shop.pool) : NULL;
}

static const char *verdict(const json_t *checks, const char *name)
{
    return diagnosing_verdict(checks, name, shop.pool);
}

static const char *detail(const json_t *checks, const char *name, const char *key)
{
    return diagnosing_detail(checks, name, key, shop.pool);
}

static int count_of(const json_t *checks, const char *name)
{
    const json_t *check;
    size_t i;
    int count = 0;

    json_array_foreach(checks, i, check)
    {
        count += strcmp(dygw_json_str(check, "name"), name) == 0;
    }
    return count;
}

/* Three merchants, A's being DygwAccountId. */
static void has_three_merchants(void)
{
    shop.own_account = "A";
    fake_merchant_new("A", 1000, 3);
    fake_merchant_new("B", 2000, 3);
    fake_merchant_new("C", 3000, 3);
    declares("A", 1000, 1);
    declares("B", 2000, 1);
    declares("C", 3000, 1);
}

/* --- accounts --- */

static void each_account_has_a_finding_of_its_own(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    fake_merchant("B")->refused[DYGW_QUESTION_STORES] = 3000004;
    fake_merchant("C")->refused[DYGW_QUESTION_ORDER] = 2119005;
    checks = diagnose();
    assert_string_equal(account(checks, "A"), "pass");
    assert_string_equal(account(checks, "B"), "fail not_authorised");
    assert_string_equal(account(checks, "C"), "fail not_authorised");
    assert_int_equal(count_of(checks, "authorisation"), 3);
    assert_string_equal(verdict(checks, "scope_store"), "pass");
    assert_string_equal(verdict(checks, "scope_order"), "pass");
    assert_string_equal(verdict(checks, "scope_billing"), "pass");
    assert_string_equal(verdict(checks, "scope_ledger"), "pass");
}

static void what_needs_no_account_is_asked_once(DYGW_UNUSED void **state)
{
    has_three_merchants();
    diagnose();
    assert_int_equal(merchants.asked[DYGW_QUESTION_GET], 1);
    assert_int_equal(merchants.asked[DYGW_QUESTION_ORDER], 3);
    assert_int_equal(merchants.asked[DYGW_QUESTION_RECORDS], 3);
    assert_int_equal(merchants.asked[DYGW_QUESTION_STORES], 3);
    assert_true(merchants.most_under_way <= 5);
}

static void a_permission_that_one_account_withholds_is_told_of_that_account(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    fake_merchant("A")->refused[DYGW_QUESTION_ORDER] = 2190004;
    checks = diagnose();
    assert_string_equal(account(checks, "A"), "fail no_permission");
    assert_string_equal(detail(checks, "authorisation", "scope"), "life.capacity.order.query");
    assert_string_equal(detail(checks, "authorisation", "error_code"), "2190004");
    assert_string_equal(account(checks, "B"), "pass");
    assert_string_equal(verdict(checks, "scope_order"), "pass");
}

static void a_permission_that_the_application_lacks_is_told_once(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    for (int i = 0; i < merchants.count; i++) {
        merchants.list[i].refused[DYGW_QUESTION_ORDER] = 2190004;
    }
    checks = diagnose();
    assert_string_equal(verdict(checks, "scope_order"), "fail no_permission");
    assert_string_equal(account(checks, "A"), "pass");
    assert_string_equal(account(checks, "B"), "pass");
}

static void a_permission_is_judged_by_an_account_that_has_authorised(DYGW_UNUSED void **state)
{
    has_three_merchants();
    fake_merchant("A")->refused[DYGW_QUESTION_RECORDS] = 1508;
    fake_merchant("B")->refused[DYGW_QUESTION_RECORDS] = 2190004;
    fake_merchant("C")->refused[DYGW_QUESTION_RECORDS] = 2190004;
    assert_string_equal(verdict(diagnose(), "scope_billing"), "fail no_permission");
}

static void a_dead_token_is_not_tried_with_every_account(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    merchants.is_dead = 1;
    checks = diagnose();
    assert_string_equal(verdict(checks, "token"), "fail token_refused");
    assert_int_equal(merchants.asked[DYGW_QUESTION_STORES], 1);
    assert_string_equal(verdict(checks, "declared_stores"), "skipped token_refused");
    assert_string_equal(account(checks, "C"), "skipped no_answer");
}

static void has_many_merchants(int count)
{
    for (int i = 0; i < count; i++) {
        const char *account_id = apr_psprintf(shop.pool, "M%d", i);

        fake_merchant_new(account_id, 1000 * i, 1);
        declares(account_id, 1000 * i, 1);
    }
}

static void of_many_accounts_some_are_left_out_and_counted(DYGW_UNUSED void **state)
{
    const char *const names[] = { "s59000", NULL };
    const json_t *checks;

    has_many_merchants(60);
    checks = diagnose_named(names);
    assert_string_equal(verdict(checks, "accounts"), "warn left_out");
    assert_string_equal(detail(checks, "accounts", "accounts"), "60");
    assert_string_equal(detail(checks, "accounts", "unasked"), "20");
    assert_int_equal(count_of(checks, "authorisation"), 40);
    assert_string_equal(account(checks, "M59"), "pass");
    assert_string_equal(verdict(checks, "declared_stores"), "warn left_out");
    assert_string_equal(detail(checks, "declared_stores", "right"), "40");
    assert_string_equal(detail(checks, "declared_stores", "unasked"), "20");
}

static void no_question_is_begun_when_the_time_is_over(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_many_merchants(30);
    merchants.tick = 500000;
    checks = diagnose();
    assert_string_equal(verdict(checks, "accounts"), "warn left_out");
    assert_true(count_of(checks, "authorisation") < 30);
    assert_int_equal(count_of(checks, "authorisation") + (int)apr_atoi64(detail(checks, "accounts", "unasked")), 30);
    assert_true(merchants.asked[DYGW_QUESTION_STORES] < 30);
    assert_string_equal(verdict(checks, "scope_store"), "pass");
}

static void few_questions_are_sent_a_second(DYGW_UNUSED void **state)
{
    apr_time_t began;

    has_many_merchants(40);
    began = merchants.clock;
    diagnose();
    /* 121 questions, of which 20 may come at once */
    assert_true(merchants.clock - began >= apr_time_from_sec(10));
    assert_true(merchants.most_under_way <= 5);
}

/* --- declared stores --- */

static void thousands_of_stores_are_looked_for_by_pages(DYGW_UNUSED void **state)
{
    const json_t *checks;

    fake_merchant_new("A", 10000, 1667);
    fake_merchant_new("B", 20000, 1667);
    fake_merchant_new("C", 30000, 1666);
    declares("A", 10000, 1667);
    declares("B", 20000, 1667);
    declares("C", 30000, 1666);
    checks = diagnose();
    assert_string_equal(verdict(checks, "declared_stores"), "pass");
    assert_string_equal(detail(checks, "declared_stores", "right"), "5000");
    assert_int_equal(count_of(checks, "declared_store"), 0);
    assert_int_equal(merchants.asked[DYGW_QUESTION_STORES], 34 + 34 + 34);
    assert_int_equal(merchants.asked_alone, 0);
}

static void a_list_without_a_total_is_read_until_a_page_is_short(DYGW_UNUSED void **state)
{
    const json_t *checks;

    fake_merchant_new("A", 1000, 100);
    declares("A", 1000, 101);
    merchants.tells_no_total = 1;
    checks = diagnose();
    assert_string_equal(declared(checks, 1100), "fail unknown_store");
    assert_string_equal(detail(checks, "declared_stores", "right"), "100");
    assert_int_equal(merchants.asked[DYGW_QUESTION_STORES], 3 + 1);
}

static void a_list_is_read_no_further_than_needed(DYGW_UNUSED void **state)
{
    fake_merchant_new("A", 1000, 5000);
    declares("A", 1049, 2);
    assert_string_equal(verdict(diagnose(), "declared_stores"), "pass");
    assert_true(merchants.asked[DYGW_QUESTION_STORES] <= 8);
}

static void the_lists_are_read_up_to_a_bound(DYGW_UNUSED void **state)
{
    const json_t *checks;

    fake_merchant_new("A", 100000, 20000);
    fake_merchant_new("B", 200000, 50);
    declares("A", 99999, 2);
    declares("B", 200000, 50);
    checks = diagnose();
    assert_string_equal(verdict(checks, "declared_stores"), "warn left_out");
    assert_string_equal(detail(checks, "declared_stores", "unasked"), "1");
    assert_string_equal(detail(checks, "declared_stores", "right"), "51");
    assert_int_equal(merchants.asked[DYGW_QUESTION_STORES], 2 + 150);
    assert_int_equal(merchants.asked_alone, 0);
}

static void each_store_that_is_wrong_is_told_with_both_accounts(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    fake_merchant_new("of others", 4000, 1);
    declares("A", 2001, 1); /* B's */
    declares("C", 4000, 1);
    declares("C", 5000, 1); /* nobody's */
    checks = diagnose();
    assert_string_equal(declared(checks, 2001), "fail other_account");
    assert_string_equal(detail_of(checks, "declared_store", 2001, "store"), "s2001");
    assert_string_equal(detail_of(checks, "declared_store", 2001, "account_id"), "B");
    assert_string_equal(detail_of(checks, "declared_store", 2001, "expected_account_id"), "A");
    assert_string_equal(detail_of(checks, "declared_store", 2001, "declared_in"), "stores.csv:2001");
    assert_string_equal(declared(checks, 4000), "fail other_account");
    assert_string_equal(detail_of(checks, "declared_store", 4000, "account_id"), "of others");
    assert_string_equal(declared(checks, 5000), "fail unknown_store");
    assert_string_equal(detail(checks, "declared_stores", "right"), "3");
    assert_string_equal(detail(checks, "declared_stores", "wrong"), "3");
    /* B's list has shown whose 2001 is. */
    assert_int_equal(merchants.asked_alone, 2);
}

static void a_store_of_no_list_is_unknown_where_an_account_is_needed(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    declares("A", 5000, 1);
    merchants.needs_account = 1;
    checks = diagnose();
    assert_string_equal(declared(checks, 5000), "fail unknown_store");
    assert_string_equal(detail(checks, "declared_stores", "right"), "3");
}

static void the_root_account_tells_whose_a_store_of_the_list_is(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    fake_merchant("A")->root = "the root of A";
    checks = diagnose();
    assert_string_equal(declared(checks, 1000), "fail other_account");
    assert_string_equal(detail_of(checks, "declared_store", 1000, "account_id"), "the root of A");
}

static void of_many_wrong_stores_the_first_are_told_and_the_others_counted(DYGW_UNUSED void **state)
{
    const json_t *checks;

    fake_merchant_new("A", 1000, 10);
    declares("A", 1000, 100);
    checks = diagnose();
    assert_int_equal(count_of(checks, "declared_store"), 20);
    assert_string_equal(verdict(checks, "declared_stores"), "fail more");
    assert_string_equal(detail(checks, "declared_stores", "more"), "70");
    assert_string_equal(detail(checks, "declared_stores", "right"), "10");
    assert_int_equal(merchants.asked_alone, 20);
}

static void each_file_of_stores_that_is_left_out_is_told(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    assert_int_equal(count_of(diagnose(), "declared_file"), 0);
    APR_ARRAY_PUSH(shop.declared->left_out, dygw_left_out_t) = (dygw_left_out_t){ "/gone.csv", "a.conf:3", 0 };
    APR_ARRAY_PUSH(shop.declared->left_out, dygw_left_out_t) = (dygw_left_out_t){ "/again.csv", "a.conf:4", 2 };
    checks = diagnose();
    assert_string_equal(verdict_of(checks, "declared_file", "file", "/gone.csv"), "fail unreadable");
    assert_string_equal(verdict_of(checks, "declared_file", "declared_in", "a.conf:3"), "fail unreadable");
    assert_string_equal(verdict_of(checks, "declared_file", "file", "/again.csv"), "fail conflict");
    assert_string_equal(verdict_of(checks, "declared_file", "wrong", "2"), "fail conflict");
    assert_int_equal(count_of(checks, "declared_file"), 2);
    assert_string_equal(verdict(checks, "declared_stores"), "pass");
}

static void stores_of_a_list_that_is_refused_are_not_wrong(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    fake_merchant("B")->refused[DYGW_QUESTION_STORES] = 1508;
    checks = diagnose();
    assert_int_equal(count_of(checks, "declared_store"), 0);
    assert_string_equal(verdict(checks, "declared_stores"), "skipped not_authorised");
    assert_string_equal(detail(checks, "declared_stores", "unasked"), "1");
    assert_string_equal(detail(checks, "declared_stores", "right"), "2");
    assert_int_equal(merchants.asked_alone, 0);
}

static void stores_without_any_account_are_asked_for_by_themselves(DYGW_UNUSED void **state)
{
    const json_t *checks;

    fake_merchant_new("A", 1000, 3);
    declares(NULL, 1000, 4);
    checks = diagnose();
    assert_string_equal(verdict(checks, "authorisation"), "warn no_account");
    assert_string_equal(declared(checks, 1003), "fail unknown_store");
    assert_string_equal(detail(checks, "declared_stores", "right"), "3");
    assert_int_equal(merchants.asked_alone, 4);
}

static void a_store_is_named_by_its_code_too(DYGW_UNUSED void **state)
{
    const char *const names[] = { "s2000", "1000", "2002", NULL };
    const json_t *checks;

    has_three_merchants();
    declares("A", 2001, 1);
    checks = diagnose_named(names);
    assert_string_equal(verdict_of(checks, "store", "poi_id", "2000"), "pass");
    assert_string_equal(detail_of(checks, "store", 2000, "store"), "s2000");
    assert_string_equal(detail_of(checks, "store", 2000, "account_id"), "B");
    assert_string_equal(detail_of(checks, "store", 1000, "store"), "s1000");
    /* Not declared, so it should be DygwAccountId's. */
    assert_string_equal(verdict_of(checks, "store", "poi_id", "2002"), "fail other_account");
    assert_null(detail_of(checks, "store", 2002, "store"));
    assert_string_equal(detail_of(checks, "store", 2002, "expected_account_id"), "A");
    assert_int_equal(count_of(checks, "store"), 3);
    assert_string_equal(detail(checks, "declared_stores", "stores"), "4");
}

static void a_store_that_is_named_and_wrong_is_told_once(DYGW_UNUSED void **state)
{
    const char *const names[] = { "s5000", NULL };
    const json_t *checks;

    has_three_merchants();
    declares("A", 5000, 1);
    checks = diagnose_named(names);
    assert_string_equal(verdict(checks, "store"), "fail unknown_store");
    assert_int_equal(count_of(checks, "declared_store"), 0);
    assert_string_equal(detail(checks, "declared_stores", "wrong"), "1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_account_has_a_finding_of_its_own),
        TEST(what_needs_no_account_is_asked_once),
        TEST(a_permission_that_one_account_withholds_is_told_of_that_account),
        TEST(a_permission_that_the_application_lacks_is_told_once),
        TEST(a_permission_is_judged_by_an_account_that_has_authorised),
        TEST(a_dead_token_is_not_tried_with_every_account),
        TEST(of_many_accounts_some_are_left_out_and_counted),
        TEST(no_question_is_begun_when_the_time_is_over),
        TEST(few_questions_are_sent_a_second),
        TEST(thousands_of_stores_are_looked_for_by_pages),
        TEST(a_list_without_a_total_is_read_until_a_page_is_short),
        TEST(a_list_is_read_no_further_than_needed),
        TEST(the_lists_are_read_up_to_a_bound),
        TEST(each_store_that_is_wrong_is_told_with_both_accounts),
        TEST(a_store_of_no_list_is_unknown_where_an_account_is_needed),
        TEST(the_root_account_tells_whose_a_store_of_the_list_is),
        TEST(of_many_wrong_stores_the_first_are_told_and_the_others_counted),
        TEST(each_file_of_stores_that_is_left_out_is_told),
        TEST(stores_of_a_list_that_is_refused_are_not_wrong),
        TEST(stores_without_any_account_are_asked_for_by_themselves),
        TEST(a_store_is_named_by_its_code_too),
        TEST(a_store_that_is_named_and_wrong_is_told_once),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    failed = cmocka_run_group_tests_name("gateway_diagnosis_accounts", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
