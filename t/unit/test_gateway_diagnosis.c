/* SPDX-License-Identifier: Apache-2.0
 * What a diagnosis asks of Douyin, and what it makes of the answers.
 * links: douyin/codes.c gateway/account.c gateway/declared.c gateway/diagnosis/answers.c gateway/diagnosis/asking.c
 * links: gateway/diagnosis/conclusion.c gateway/diagnosis/douyin.c gateway/diagnosis/finding.c
 * links: gateway/diagnosis/merchants.c gateway/diagnosis/stores.c
 * links: gateway/reasons.c
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

#define ACCOUNT "7014065493820573710"
#define OTHERS  "7014065493820573711"
#define NOW     APR_INT64_C(1767225600000)

/* --- Douyin and the token, as a test wants them --- */

static struct {
    apr_pool_t *pool;
    const char *held; /* NULL: none */
    int held_refused;
    int had_one; /* that has ended */
    int is_sandbox;
    int stable;
    dygw_token_reply_t fresh; /* of the token call */
    int token_calls;
    const char *dead_token; /* refused with 2190002 */
    const char *listed;     /* JSON of the account's stores */
    const char *alone;      /* JSON of a store that is asked for by itself */
    int under_way, most_under_way;
    const char *asked; /* "token what account poi; " each */
} world;

/* Calls under way are completed in the order in which they were begun. */
struct dygw_douyin_async_t {
    apr_array_header_t *begun; /* of asked_t */
    int completed;
};

typedef struct asked_t {
    const dygw_question_t *question;
    const char *token;
    void *baton;
} asked_t;

static dygw_ms_t now(void)
{
    return NOW;
}

apr_status_t dygw_token_held(DYGW_UNUSED dygw_gateway_t *gateway, dygw_token_t *token, DYGW_UNUSED apr_pool_t *pool)
{
    *token = (dygw_token_t){ .access_token = world.held,
                             .version = world.held || world.had_one ? 7 : 0,
                             .expires_at = NOW + 60000,
                             .refused = world.held_refused };
    return world.held ? APR_SUCCESS : APR_NOTFOUND;
}

int dygw_douyin_is_sandbox(DYGW_UNUSED const dygw_douyin_t *douyin)
{
    return world.is_sandbox;
}

int dygw_douyin_token_is_stable(DYGW_UNUSED const dygw_douyin_t *douyin)
{
    return world.stable;
}

dygw_token_reply_t *dygw_douyin_token(DYGW_UNUSED dygw_douyin_t *douyin, DYGW_UNUSED const dygw_log_t *log,
                                      DYGW_UNUSED apr_pool_t *pool)
{
    world.token_calls++;
    return &world.fresh;
}

apr_status_t dygw_douyin_async_create(dygw_douyin_async_t **async, DYGW_UNUSED dygw_douyin_t *douyin, apr_pool_t *pool)
{
    *async = apr_pcalloc(pool, sizeof(**async));
    (*async)->begun = apr_array_make(pool, 8, sizeof(asked_t));
    return APR_SUCCESS;
}

void dygw_douyin_async_begin(dygw_douyin_async_t *async, const dygw_question_t *question, const char *access_token,
                             DYGW_UNUSED const dygw_log_t *log, apr_pool_t *pool, void *baton)
{
    static const char *const words[] = { [DYGW_QUESTION_GET] = "get",
                                         [DYGW_QUESTION_ORDER] = "order",
                                         [DYGW_QUESTION_RECORDS] = "records",
                                         [DYGW_QUESTION_STORES] = "stores",
                                         [DYGW_QUESTION_LEDGER] = "ledger" };

    APR_ARRAY_PUSH(async->begun, asked_t) = (asked_t){ question, access_token, baton };
    world.asked = apr_pstrcat(pool, world.asked, access_token, " ", words[question->what], " ",
                              question->account_id ? question->account_id : "-", " ",
                              question->poi_id ? question->poi_id : "-", "; ", NULL);
    if (++world.under_way > world.most_under_way) {
        world.most_under_way = world.under_way;
    }
}

int dygw_douyin_async_count(const dygw_douyin_async_t *async)
{
    return async->begun->nelts - async->completed;
}

static dygw_reply_t *answer_of(const asked_t *asked, apr_pool_t *pool)
{
    dygw_reply_t *reply = apr_pcalloc(pool, sizeof(*reply));
    const char *text = "{}", *error;

    *reply = (dygw_reply_t){ .http_status = 200, .description = "", .logid = "", .date = NOW };
    if (world.dead_token && strcmp(asked->token, world.dead_token) == 0) {
        reply->kind = DYGW_REPLY_TOKEN;
        reply->error_code = 2190002;
    }
    else if (asked->question->what == DYGW_QUESTION_STORES) {
        text = asked->question->poi_id ? world.alone : world.listed;
    }
    reply->data = dygw_json_parse(text, strlen(text), DYGW_JSON_STRICT, pool, &error);
    return reply;
}

int dygw_douyin_async_next(dygw_douyin_async_t *async, DYGW_UNUSED apr_interval_time_t patience, void **baton,
                           dygw_answer_t *answer)
{
    const asked_t *asked = &APR_ARRAY_IDX(async->begun, async->completed++, asked_t);

    world.under_way--;
    *baton = asked->baton;
    answer->reply = answer_of(asked, world.pool);
    return 1;
}

/* --- diagnosing --- */

static int setup(void **state)
{
    memset(&world, 0, sizeof world);
    apr_pool_create(&world.pool, NULL);
    world.held = "held";
    world.stable = 1;
    world.fresh = (dygw_token_reply_t){
        .reply
        = { .kind = DYGW_REPLY_OK, .http_status = 200, .description = "", .logid = "", .date = NOW, .ended_at = NOW },
        .access_token = "held",
    };
    world.listed = "{\"pois\":[{\"poi\":{\"poi_id\":\"71\"}}],\"total\":1}";
    world.alone = "{\"pois\":[]}";
    world.asked = "";
    dygw_clock_set(now);
    *state = NULL;
    return 0;
}

static int teardown(DYGW_UNUSED void **state)
{
    dygw_clock_set(NULL);
    apr_pool_destroy(world.pool);
    return 0;
}

/* The checks; about the stores that are named, NULL ended. */
static json_t *diagnose(const char *const *poi_ids)
{
    static const dygw_log_t log = { 0 };
    dygw_gateway_t gateway = { .account_id = ACCOUNT };
    dygw_findings_t findings = { 0 };
    const dygw_ctx_t ctx = { &gateway, &log, world.pool };
    dygw_diagnosis_t d
        = { .ctx = &ctx, .findings = &findings, .stores = apr_array_make(world.pool, 1, sizeof(const char *)) };

    for (; poi_ids && *poi_ids; poi_ids++) {
        APR_ARRAY_PUSH((apr_array_header_t *)d.stores, const char *) = *poi_ids;
    }
    return diagnosing(&d, dygw_diagnose_douyin);
}

static const char *verdict(const json_t *checks, const char *name)
{
    return diagnosing_verdict(checks, name, world.pool);
}

static const char *detail(const json_t *checks, const char *name, const char *key)
{
    return diagnosing_detail(checks, name, key, world.pool);
}

/* --- who answers --- */

static void that_douyin_is_the_sandbox_is_told(DYGW_UNUSED void **state)
{
    world.is_sandbox = 1;
    assert_string_equal(verdict(diagnose(NULL), "upstream"), "warn sandbox");
    assert_string_equal(verdict(diagnose(NULL), "douyin_connection"), "pass");
}

/* --- the token --- */

static void the_stable_call_is_made_with_a_token_in_hand(DYGW_UNUSED void **state)
{
    const json_t *checks = diagnose(NULL);

    assert_string_equal(verdict(checks, "secret"), "pass");
    assert_string_equal(verdict(checks, "token"), "pass");
    assert_string_equal(detail(checks, "token", "expires_in"), "60");
    assert_int_equal(world.token_calls, 1);
    assert_string_equal(world.asked, "held get " ACCOUNT " -; held stores " ACCOUNT " -; held order " ACCOUNT " -; "
                                     "held records " ACCOUNT " -; held ledger " ACCOUNT " -; ");
}

static void the_other_call_is_made_only_when_no_good_token_is_held(DYGW_UNUSED void **state)
{
    world.stable = 0;
    assert_string_equal(verdict(diagnose(NULL), "secret"), "skipped not_asked");
    assert_int_equal(world.token_calls, 0);
    world.held_refused = 1;
    assert_string_equal(verdict(diagnose(NULL), "secret"), "pass");
    assert_int_equal(world.token_calls, 1);
    world.held = NULL;
    assert_string_equal(verdict(diagnose(NULL), "token"), "fail missing");
    world.had_one = 1;
    assert_string_equal(verdict(diagnose(NULL), "token"), "fail expired");
    assert_int_equal(world.token_calls, 3);
}

static void without_a_token_nothing_is_asked(DYGW_UNUSED void **state)
{
    const char *const stores[] = { "71", NULL };
    const json_t *checks;

    world.held = NULL;
    world.fresh.access_token = NULL;
    world.fresh.reply.kind = DYGW_REPLY_SETUP;
    world.fresh.reply.error_code = 10003;
    checks = diagnose(stores);
    assert_string_equal(verdict(checks, "secret"), "fail refused");
    assert_string_equal(verdict(checks, "scope_order"), "skipped no_token");
    assert_string_equal(verdict(checks, "store"), "skipped no_token");
    assert_string_equal(verdict(checks, "authorisation"), "skipped no_answer");
    assert_string_equal(world.asked, "");
}

static void a_dead_token_is_found_and_the_new_one_asked_with(DYGW_UNUSED void **state)
{
    const char *const stores[] = { "71", NULL };
    const json_t *checks;

    world.dead_token = "held";
    world.fresh.access_token = "fresh";
    checks = diagnose(stores);
    assert_string_equal(verdict(checks, "token"), "fail token_refused");
    assert_string_equal(detail(checks, "token", "error_code"), "2190002");
    assert_string_equal(verdict(checks, "scope_store"), "pass");
    assert_string_equal(verdict(checks, "store"), "pass");
    assert_non_null(strstr(world.asked, "fresh stores " ACCOUNT " -; "));
}

static void the_same_dead_token_is_not_asked_with_again(DYGW_UNUSED void **state)
{
    const json_t *checks;

    world.dead_token = "held";
    checks = diagnose(NULL);
    assert_string_equal(verdict(checks, "token"), "fail token_refused");
    assert_string_equal(verdict(checks, "scope_store"), "skipped token_refused");
    assert_null(strstr(strstr(world.asked, "records"), "get"));
}

/* --- stores --- */

static void a_store_of_the_list_is_not_asked_for(DYGW_UNUSED void **state)
{
    const char *const stores[] = { "71", NULL };

    assert_string_equal(verdict(diagnose(stores), "store"), "pass");
    assert_null(strstr(world.asked, " 71;"));
}

static void another_store_is_asked_for_by_itself(DYGW_UNUSED void **state)
{
    const char *const stores[] = { "72", NULL };
    const json_t *checks;

    world.alone = "{\"pois\":[{\"poi\":{\"poi_id\":\"72\"},\"root_account\":{\"account_id\":\"" ACCOUNT "\"}}]}";
    assert_string_equal(verdict(diagnose(stores), "store"), "pass");
    assert_non_null(strstr(world.asked, "held stores - 72; "));
    world.alone = "{\"pois\":[{\"poi\":{\"poi_id\":\"72\"}}]}";
    assert_string_equal(verdict(diagnose(stores), "store"), "pass");
    world.alone = "{\"pois\":[{\"poi\":{\"poi_id\":\"72\"},\"account\":{\"parent_account\":"
                  "{\"account_id\":\"" OTHERS "\"}}}]}";
    checks = diagnose(stores);
    assert_string_equal(verdict(checks, "store"), "fail other_account");
    assert_string_equal(detail(checks, "store", "account_id"), OTHERS);
    world.alone = "{\"pois\":[{\"poi\":{\"poi_id\":\"73\"}}]}";
    assert_string_equal(verdict(diagnose(stores), "store"), "fail unknown_store");
}

static void few_stores_are_asked_for_at_once(DYGW_UNUSED void **state)
{
    const char *stores[DYGW_DIAGNOSIS_STORES + 1] = { NULL };

    for (int i = 0; i < DYGW_DIAGNOSIS_STORES; i++) {
        stores[i] = apr_psprintf(world.pool, "%d", 100 + i);
    }
    assert_int_equal(json_array_size(diagnose(stores)), 11 + DYGW_DIAGNOSIS_STORES);
    assert_true(world.most_under_way <= 5);
    assert_non_null(strstr(world.asked, "held stores - 119; "));
}

/* --- the way --- */

static void each_trouble_has_a_reason_of_its_own(DYGW_UNUSED void **state)
{
    const char *seen = "";

    world.fresh.reply.kind = DYGW_REPLY_UNREACHABLE;
    world.fresh.reply.http_status = 0;
    for (int i = DYGW_TROUBLE_NONE; i <= DYGW_TROUBLE_UNREADABLE; i++) {
        const json_t *checks;
        const char *found;

        world.fresh.reply.trouble = (dygw_trouble_e)i;
        checks = diagnose(NULL);
        found = verdict(checks, "douyin_connection");
        assert_int_equal(strncmp(found, "fail ", 5), 0);
        assert_null(strstr(seen, apr_pstrcat(world.pool, found, ";", NULL)));
        seen = apr_pstrcat(world.pool, seen, found, ";", NULL);
        assert_string_equal(verdict(checks, "scope_store"), "skipped no_answer");
        assert_string_equal(verdict(checks, "secret"), "skipped no_answer");
    }
    assert_string_equal(world.asked, "");
}

static void clocks_may_be_a_little_apart(DYGW_UNUSED void **state)
{
    static const struct {
        dygw_ms_t ahead;
        const char *verdict;
    } cases[] = { { 0, "pass" },
                  { 4000, "pass" },
                  { -5500, "pass" },
                  { 6000, "warn clock_off" },
                  { -59000, "warn clock_off" },
                  { 61000, "fail clock_off" },
                  { -3600000, "fail clock_off" } };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world.fresh.reply.date = NOW + cases[i].ahead;
        assert_string_equal(verdict(diagnose(NULL), "douyin_clock"), cases[i].verdict);
    }
    world.fresh.reply.date = DYGW_NO_TIME;
    assert_string_equal(verdict(diagnose(NULL), "douyin_clock"), "skipped no_answer");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(that_douyin_is_the_sandbox_is_told),
        TEST(the_stable_call_is_made_with_a_token_in_hand),
        TEST(the_other_call_is_made_only_when_no_good_token_is_held),
        TEST(without_a_token_nothing_is_asked),
        TEST(a_dead_token_is_found_and_the_new_one_asked_with),
        TEST(the_same_dead_token_is_not_asked_with_again),
        TEST(a_store_of_the_list_is_not_asked_for),
        TEST(another_store_is_asked_for_by_itself),
        TEST(few_stores_are_asked_for_at_once),
        TEST(each_trouble_has_a_reason_of_its_own),
        TEST(clocks_may_be_a_little_apart),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    failed = cmocka_run_group_tests_name("gateway_diagnosis", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
