/* SPDX-License-Identifier: Apache-2.0
 * What a diagnosis asks of Douyin about several accounts and thousands of declared stores, and what it tells of them.
 * links: douyin/codes.c gateway/account.c gateway/declared.c gateway/diagnosis/answers.c gateway/diagnosis/asking.c
 * links: gateway/diagnosis/conclusion.c gateway/diagnosis/douyin.c gateway/diagnosis/finding.c gateway/diagnosis/merchants.c
 * links: gateway/diagnosis/stores.c
 * helpers: diagnosing.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/diagnosing.h"

#include "gateway/token.h"
#include "util/compiler.h"

#define MERCHANTS_MAX 80
#define NOW           APR_INT64_C(1767225600000)

/* --- Douyin, as a test wants it --- */

/* A merchant has the stores first, first + 1, ... first + count - 1. */
typedef struct merchant_t {
    const char *account_id;
    int first;
    int count;
    apr_int64_t refused[DYGW_QUESTIONS]; /* error codes; 0: none */
} merchant_t;

static struct {
    apr_pool_t *pool;
    merchant_t merchants[MERCHANTS_MAX];
    int merchant_count;
    int tells_no_total;
    int is_dead; /* the token */
    dygw_declared_t *declared;
    const char *own_account; /* DygwAccountId */
    int asked[DYGW_QUESTIONS];
    int asked_alone;
    int under_way, most_under_way;
    apr_time_t clock, tick; /* the steady clock, and by how much it goes on with each look */
} world;

struct dygw_douyin_async_t {
    apr_array_header_t *begun; /* of asked_t */
    int completed;
};

typedef struct asked_t {
    const dygw_question_t *question;
    apr_pool_t *pool;
    void *baton;
} asked_t;

static dygw_ms_t now(void)
{
    return NOW;
}

static apr_time_t steady(void)
{
    return world.clock += world.tick;
}

apr_status_t dygw_token_held(DYGW_UNUSED dygw_gateway_t *gateway, dygw_token_t *token, DYGW_UNUSED apr_pool_t *pool)
{
    *token = (dygw_token_t){ .access_token = "held", .version = 7, .expires_at = NOW + 60000 };
    return APR_SUCCESS;
}

int dygw_douyin_is_sandbox(DYGW_UNUSED const dygw_douyin_t *douyin)
{
    return 0;
}

int dygw_douyin_token_is_stable(DYGW_UNUSED const dygw_douyin_t *douyin)
{
    return 1;
}

dygw_token_reply_t *dygw_douyin_token(DYGW_UNUSED dygw_douyin_t *douyin, DYGW_UNUSED const dygw_log_t *log,
                                      DYGW_UNUSED apr_pool_t *pool)
{
    static dygw_token_reply_t fresh;

    fresh = (dygw_token_reply_t){
        .reply
        = { .kind = DYGW_REPLY_OK, .http_status = 200, .description = "", .logid = "", .date = NOW, .ended_at = NOW },
        .access_token = "held"
    };
    return &fresh;
}

apr_status_t dygw_douyin_async_create(dygw_douyin_async_t **async, DYGW_UNUSED dygw_douyin_t *douyin, apr_pool_t *pool)
{
    *async = apr_pcalloc(pool, sizeof(**async));
    (*async)->begun = apr_array_make(pool, 8, sizeof(asked_t));
    return APR_SUCCESS;
}

void dygw_douyin_async_begin(dygw_douyin_async_t *async, const dygw_question_t *question,
                             DYGW_UNUSED const char *access_token, DYGW_UNUSED const dygw_log_t *log, apr_pool_t *pool,
                             void *baton)
{
    APR_ARRAY_PUSH(async->begun, asked_t) = (asked_t){ question, pool, baton };
    world.asked[question->what]++;
    world.asked_alone += question->poi_id != NULL;
    if (++world.under_way > world.most_under_way) {
        world.most_under_way = world.under_way;
    }
}

int dygw_douyin_async_count(const dygw_douyin_async_t *async)
{
    return async->begun->nelts - async->completed;
}

static merchant_t *merchant_of(const char *account_id)
{
    for (int i = 0; account_id && i < world.merchant_count; i++) {
        if (strcmp(world.merchants[i].account_id, account_id) == 0) {
            return &world.merchants[i];
        }
    }
    return NULL;
}

static const char *item_of(const merchant_t *merchant, int poi, apr_pool_t *pool)
{
    return apr_psprintf(pool, "{\"poi\":{\"poi_id\":\"%d\"},\"root_account\":{\"account_id\":\"%s\"}}", poi,
                        merchant->account_id);
}

static const char *page_of(const merchant_t *merchant, const dygw_question_t *question, apr_pool_t *pool)
{
    const char *text = "{\"pois\":[";
    int from = (question->page - 1) * question->size;
    int to = from + question->size < merchant->count ? from + question->size : merchant->count;

    for (int i = from; i < to; i++) {
        text = apr_pstrcat(pool, text, i > from ? "," : "", item_of(merchant, merchant->first + i, pool), NULL);
    }
    return apr_pstrcat(pool, text, "]",
                       world.tells_no_total ? "" : apr_psprintf(pool, ",\"total\":%d", merchant->count), "}", NULL);
}

/* A store that is asked for by itself. */
static const char *store_alone(const char *poi_id, apr_pool_t *pool)
{
    int poi = (int)apr_atoi64(poi_id);

    for (int i = 0; i < world.merchant_count; i++) {
        const merchant_t *merchant = &world.merchants[i];

        if (poi >= merchant->first && poi < merchant->first + merchant->count) {
            return apr_pstrcat(pool, "{\"pois\":[", item_of(merchant, poi, pool), "]}", NULL);
        }
    }
    return "{\"pois\":[]}";
}

static dygw_reply_t *answer_of(const asked_t *asked)
{
    const dygw_question_t *question = asked->question;
    const merchant_t *merchant = merchant_of(question->account_id);
    dygw_reply_t *reply = apr_pcalloc(asked->pool, sizeof(*reply));
    const char *text = "{}", *error;

    *reply = (dygw_reply_t){ .http_status = 200, .description = "", .logid = "", .date = NOW };
    if (world.is_dead) {
        reply->kind = DYGW_REPLY_TOKEN;
        reply->error_code = 2190002;
    }
    else if (question->account_id && (!merchant || merchant->refused[question->what])) {
        reply->error_code = merchant ? merchant->refused[question->what] : 1508;
        reply->kind = dygw_douyin_classify(DYGW_CALL_OTHER, reply->error_code, "");
    }
    else if (question->what == DYGW_QUESTION_STORES) {
        text = question->poi_id ? store_alone(question->poi_id, asked->pool) : page_of(merchant, question, asked->pool);
    }
    reply->data = dygw_json_parse(text, strlen(text), DYGW_JSON_STRICT, asked->pool, &error);
    return reply;
}

int dygw_douyin_async_next(dygw_douyin_async_t *async, DYGW_UNUSED apr_interval_time_t patience, void **baton,
                           dygw_answer_t *answer)
{
    const asked_t *asked = &APR_ARRAY_IDX(async->begun, async->completed++, asked_t);

    world.under_way--;
    *baton = asked->baton;
    answer->reply = answer_of(asked);
    return 1;
}

/* --- the shop, as a test wants it --- */

static merchant_t *has_merchant(const char *account_id, int first, int count)
{
    merchant_t *merchant = &world.merchants[world.merchant_count++];

    *merchant = (merchant_t){ .account_id = account_id, .first = first, .count = count };
    return merchant;
}

/* Declares the stores from first on, count of them, by codes "s" and the number. */
static void declares(const char *account_id, int first, int count)
{
    for (int poi = first; poi < first + count; poi++) {
        dygw_declared_store_t *store = apr_pcalloc(world.pool, sizeof(*store));
        const char *field;

        store->code = apr_psprintf(world.pool, "s%d", poi);
        store->poi_id = apr_psprintf(world.pool, "%d", poi);
        store->account_id = account_id;
        store->place = apr_psprintf(world.pool, "stores.csv:%d", poi);
        assert_null(dygw_declared_add_store(world.declared, store, &field));
    }
}

static int setup(void **state)
{
    memset(&world, 0, sizeof world);
    apr_pool_create(&world.pool, NULL);
    world.declared = dygw_declared_create(world.pool);
    world.tick = 40000;
    dygw_clock_set(now);
    dygw_steady_set(steady);
    *state = NULL;
    return 0;
}

static int teardown(DYGW_UNUSED void **state)
{
    dygw_clock_set(NULL);
    dygw_steady_set(NULL);
    apr_pool_destroy(world.pool);
    return 0;
}

static json_t *diagnose_named(const char *const *names)
{
    static const dygw_log_t log = { 0 };
    dygw_gateway_t gateway = { .account_id = world.own_account, .declared = world.declared };
    dygw_findings_t findings = { 0 };
    const dygw_ctx_t ctx = { &gateway, &log, world.pool };
    apr_array_header_t *stores = apr_array_make(world.pool, 1, sizeof(const char *));
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
        const char *has = dygw_json_id(json_object_get(check, "detail"), key, world.pool);

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

    return check ? apr_pstrcat(world.pool, dygw_json_str(check, "state"), why ? " " : NULL, why, NULL) : "absent";
}

static const char *account(const json_t *checks, const char *account_id)
{
    return verdict_of(checks, "authorisation", "account_id", account_id);
}

static const char *declared(const json_t *checks, int poi)
{
    return verdict_of(checks, "declared_store", "poi_id", apr_itoa(world.pool, poi));
}

static const char *detail_of(const json_t *checks, const char *name, int poi, const char *key)
{
    const json_t *check = check_with(checks, name, "poi_id", apr_itoa(world.pool, poi));

    return check ? dygw_json_id(json_object_get(check, "detail"), key, world.pool) : NULL;
}

static const char *verdict(const json_t *checks, const char *name)
{
    return diagnosing_verdict(checks, name, world.pool);
}

static const char *detail(const json_t *checks, const char *name, const char *key)
{
    return diagnosing_detail(checks, name, key, world.pool);
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
    world.own_account = "A";
    has_merchant("A", 1000, 3);
    has_merchant("B", 2000, 3);
    has_merchant("C", 3000, 3);
    declares("A", 1000, 1);
    declares("B", 2000, 1);
    declares("C", 3000, 1);
}

/* --- accounts --- */

static void each_account_has_a_finding_of_its_own(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    merchant_of("B")->refused[DYGW_QUESTION_STORES] = 3000004;
    merchant_of("C")->refused[DYGW_QUESTION_ORDER] = 2119005;
    checks = diagnose();
    assert_string_equal(account(checks, "A"), "pass");
    assert_string_equal(account(checks, "B"), "fail not_authorised");
    assert_string_equal(account(checks, "C"), "fail not_authorised");
    assert_int_equal(count_of(checks, "authorisation"), 3);
    assert_string_equal(verdict(checks, "scope_store"), "pass");
    assert_string_equal(verdict(checks, "scope_order"), "pass");
    assert_string_equal(verdict(checks, "scope_billing"), "pass");
}

static void what_needs_no_account_is_asked_once(DYGW_UNUSED void **state)
{
    has_three_merchants();
    diagnose();
    assert_int_equal(world.asked[DYGW_QUESTION_GET], 1);
    assert_int_equal(world.asked[DYGW_QUESTION_ORDER], 3);
    assert_int_equal(world.asked[DYGW_QUESTION_RECORDS], 3);
    assert_int_equal(world.asked[DYGW_QUESTION_STORES], 3);
    assert_true(world.most_under_way <= 5);
}

static void a_permission_that_one_account_withholds_is_told_of_that_account(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    merchant_of("A")->refused[DYGW_QUESTION_ORDER] = 2190004;
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
    for (int i = 0; i < world.merchant_count; i++) {
        world.merchants[i].refused[DYGW_QUESTION_ORDER] = 2190004;
    }
    checks = diagnose();
    assert_string_equal(verdict(checks, "scope_order"), "fail no_permission");
    assert_string_equal(account(checks, "A"), "pass");
    assert_string_equal(account(checks, "B"), "pass");
}

static void a_permission_is_judged_by_an_account_that_has_authorised(DYGW_UNUSED void **state)
{
    has_three_merchants();
    merchant_of("A")->refused[DYGW_QUESTION_RECORDS] = 1508;
    merchant_of("B")->refused[DYGW_QUESTION_RECORDS] = 2190004;
    merchant_of("C")->refused[DYGW_QUESTION_RECORDS] = 2190004;
    assert_string_equal(verdict(diagnose(), "scope_billing"), "fail no_permission");
}

static void a_dead_token_is_not_tried_with_every_account(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    world.is_dead = 1;
    checks = diagnose();
    assert_string_equal(verdict(checks, "token"), "fail token_refused");
    assert_int_equal(world.asked[DYGW_QUESTION_STORES], 1);
    assert_string_equal(verdict(checks, "declared_stores"), "skipped token_refused");
    assert_string_equal(account(checks, "C"), "skipped no_answer");
}

static void has_many_merchants(int count)
{
    for (int i = 0; i < count; i++) {
        const char *account_id = apr_psprintf(world.pool, "M%d", i);

        has_merchant(account_id, 1000 * i, 1);
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
    world.tick = 500000;
    checks = diagnose();
    assert_string_equal(verdict(checks, "accounts"), "warn left_out");
    assert_true(count_of(checks, "authorisation") < 30);
    assert_int_equal(count_of(checks, "authorisation") + (int)apr_atoi64(detail(checks, "accounts", "unasked")), 30);
    assert_true(world.asked[DYGW_QUESTION_STORES] < 30);
    assert_string_equal(verdict(checks, "scope_store"), "pass");
}

static void few_questions_are_sent_a_second(DYGW_UNUSED void **state)
{
    apr_time_t began;

    has_many_merchants(40);
    began = world.clock;
    diagnose();
    /* 121 questions, of which 20 may come at once */
    assert_true(world.clock - began >= apr_time_from_sec(10));
    assert_true(world.most_under_way <= 5);
}

/* --- declared stores --- */

static void thousands_of_stores_are_looked_for_by_pages(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_merchant("A", 10000, 1667);
    has_merchant("B", 20000, 1667);
    has_merchant("C", 30000, 1666);
    declares("A", 10000, 1667);
    declares("B", 20000, 1667);
    declares("C", 30000, 1666);
    checks = diagnose();
    assert_string_equal(verdict(checks, "declared_stores"), "pass");
    assert_string_equal(detail(checks, "declared_stores", "right"), "5000");
    assert_int_equal(count_of(checks, "declared_store"), 0);
    assert_int_equal(world.asked[DYGW_QUESTION_STORES], 34 + 34 + 34);
    assert_int_equal(world.asked_alone, 0);
}

static void a_list_without_a_total_is_read_until_a_page_is_short(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_merchant("A", 1000, 100);
    declares("A", 1000, 101);
    world.tells_no_total = 1;
    checks = diagnose();
    assert_string_equal(declared(checks, 1100), "fail unknown_store");
    assert_string_equal(detail(checks, "declared_stores", "right"), "100");
    assert_int_equal(world.asked[DYGW_QUESTION_STORES], 3 + 1);
}

static void a_list_is_read_no_further_than_needed(DYGW_UNUSED void **state)
{
    has_merchant("A", 1000, 5000);
    declares("A", 1049, 2);
    assert_string_equal(verdict(diagnose(), "declared_stores"), "pass");
    assert_true(world.asked[DYGW_QUESTION_STORES] <= 8);
}

static void the_lists_are_read_up_to_a_bound(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_merchant("A", 100000, 20000);
    has_merchant("B", 200000, 50);
    declares("A", 99999, 2);
    declares("B", 200000, 50);
    checks = diagnose();
    assert_string_equal(verdict(checks, "declared_stores"), "warn left_out");
    assert_string_equal(detail(checks, "declared_stores", "unasked"), "1");
    assert_string_equal(detail(checks, "declared_stores", "right"), "51");
    assert_int_equal(world.asked[DYGW_QUESTION_STORES], 2 + 150);
    assert_int_equal(world.asked_alone, 0);
}

static void each_store_that_is_wrong_is_told_with_both_accounts(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    has_merchant("of others", 4000, 1);
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
    assert_int_equal(world.asked_alone, 2);
}

static void a_store_of_the_list_may_be_another_accounts_all_the_same(DYGW_UNUSED void **state)
{
    has_three_merchants();
    declares("A", 1001, 1);
    merchant_of("B")->first = 1001;
    merchant_of("A")->count = 1;
    assert_string_equal(declared(diagnose(), 1001), "fail other_account");
}

static void of_many_wrong_stores_the_first_are_told_and_the_others_counted(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_merchant("A", 1000, 10);
    declares("A", 1000, 100);
    checks = diagnose();
    assert_int_equal(count_of(checks, "declared_store"), 20);
    assert_string_equal(verdict(checks, "declared_stores"), "fail more");
    assert_string_equal(detail(checks, "declared_stores", "more"), "70");
    assert_string_equal(detail(checks, "declared_stores", "right"), "10");
    assert_int_equal(world.asked_alone, 20);
}

static void stores_of_a_list_that_is_refused_are_not_wrong(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_three_merchants();
    merchant_of("B")->refused[DYGW_QUESTION_STORES] = 1508;
    checks = diagnose();
    assert_int_equal(count_of(checks, "declared_store"), 0);
    assert_string_equal(verdict(checks, "declared_stores"), "skipped not_authorised");
    assert_string_equal(detail(checks, "declared_stores", "unasked"), "1");
    assert_string_equal(detail(checks, "declared_stores", "right"), "2");
    assert_int_equal(world.asked_alone, 0);
}

static void stores_without_any_account_are_asked_for_by_themselves(DYGW_UNUSED void **state)
{
    const json_t *checks;

    has_merchant("A", 1000, 3);
    declares(NULL, 1000, 4);
    checks = diagnose();
    assert_string_equal(verdict(checks, "authorisation"), "warn no_account");
    assert_string_equal(declared(checks, 1003), "fail unknown_store");
    assert_string_equal(detail(checks, "declared_stores", "right"), "3");
    assert_int_equal(world.asked_alone, 4);
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
        TEST(a_store_of_the_list_may_be_another_accounts_all_the_same),
        TEST(of_many_wrong_stores_the_first_are_told_and_the_others_counted),
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
