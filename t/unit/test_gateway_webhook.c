/* SPDX-License-Identifier: Apache-2.0
 * What Douyin tells of its own accord. The table of messages is played here.
 * links: gateway/ask.c gateway/host.c gateway/token.c gateway/settle/webhook.c gateway/db_work.c
 * links: gateway/account.c gateway/declared.c douyin/codes.c
 * helpers: fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/host.h"
#include "gateway/settle/webhook.h"
#include "store/webhook.h"
#include "util/compiler.h"
#include "util/crypto.h"

#define CERTIFICATE \
    "{\"order_id\":\"1061449651423386211\"," \
    "\"certificate_id\":7382420130108424203,\"account_id\":\"6943233382746834985\"}"
#define CONTENT "{\"action\":\"refund_success\",\"msg_time\":1742975316,\"certificate\":" CERTIFICATE "}"
#define MESSAGE \
    "{\"event\":\"life_trade_certificate_notify\",\"client_key\":\"another\"," \
    "\"content\":" CONTENT ",\"msg_id\":\"msg-of-the-body\"}"
#define AS_TEXT \
    "{\"event\":\"life_trade_certificate_notify\",\"content\":" \
    "\"{\\\"action\\\":\\\"verify\\\",\\\"certificate\\\":" \
    "{\\\"certificate_id\\\":\\\"7382420130108424203\\\"}}\"}"
#define DAMAGED_TEXT \
    "{\"event\":\"life_trade_certificate_notify\",\"content\":\"{\\\"t\\\":\\\"\\\\ud83c\\\"," \
    "\\\"certificate\\\":{\\\"certificate_id\\\":\\\"7382420130108424203\\\"}}\"}"

static dygw_gateway_t *gateway;
static dygw_result_t out;
static const char *answer;

static dygw_webhook_t kept;
static int inserts, records;
static apr_status_t insert_gives;

apr_status_t dygw_store_webhook_insert(DYGW_UNUSED dygw_db_t *db, dygw_webhook_t *message)
{
    assert_int_equal(fake_store_open_units(), 1);
    inserts++;
    kept = *message;
    kept.msg_id = apr_pstrdup(pool, message->msg_id);
    message->records = insert_gives == APR_SUCCESS ? records : 0;
    return insert_gives;
}

/* The account that a record of the coupon has; NULL: none is recorded. */
static const char *recorded;
static int looks;

apr_status_t dygw_store_verification_other_account(DYGW_UNUSED dygw_db_t *db, const char *certificate_id,
                                                   const char *account_id, const char **other,
                                                   DYGW_UNUSED apr_pool_t *in)
{
    assert_int_equal(fake_store_open_units(), 1);
    assert_string_equal(certificate_id, "7382420130108424203");
    looks++;
    if (!recorded || strcmp(recorded, account_id) == 0) {
        return APR_NOTFOUND;
    }
    *other = recorded;
    return APR_SUCCESS;
}

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    recorded = NULL;
    looks = 0;
    memset(&kept, 0, sizeof(kept));
    inserts = 0;
    records = 1;
    insert_gives = APR_SUCCESS;
    return 0;
}

static void receive(const char *msg_id, const char *body)
{
    dygw_webhook_receive(FAKE_CTX(gateway, pool), msg_id, body, strlen(body), &answer, &out);
}

static void a_change_is_kept_and_its_work_announced(DYGW_UNUSED void **state)
{
    apr_int64_t work = dygw_host_work(gateway);

    receive("msg-1", MESSAGE);
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(answer, "{}");
    assert_string_equal(kept.event, "life_trade_certificate_notify");
    assert_string_equal(kept.action, "refund_success");
    assert_true(kept.msg_time == APR_INT64_C(1742975316000));
    assert_true(kept.received_at == FAKE_START_MS);
    assert_string_equal(kept.certificate_id, "7382420130108424203");
    assert_string_equal(kept.order_id, "1061449651423386211");
    assert_string_equal(kept.account_id, "6943233382746834985");
    assert_true(dygw_host_work(gateway) != work);
    assert_int_equal(fake_logged("7382420130108424203: refund_success; 1 records"), 1);
}

static void content_may_be_a_text(DYGW_UNUSED void **state)
{
    receive("msg-1", AS_TEXT);
    assert_string_equal(kept.certificate_id, "7382420130108424203");
    assert_string_equal(kept.action, "verify");
    assert_true(kept.msg_time == DYGW_NO_TIME);
    assert_null(kept.order_id);
}

/* What is kept as its name: the signed bytes, whatever the header and the body call themselves. */
static void a_message_is_what_its_body_is(DYGW_UNUSED void **state)
{
    static const char *const ids[] = { NULL, "", "msg-1", "msg-2", "a b", "a\tb", "a\x80" };
    char hash[DYGW_SHA256_HEX_LEN + 1];
    const char *name;

    dygw_sha256_hex(MESSAGE, strlen(MESSAGE), hash);
    name = apr_pstrcat(pool, "sha256:", hash, NULL);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        receive(ids[i], MESSAGE);
        assert_string_equal(kept.msg_id, name);
    }
    receive("msg-1", MESSAGE " ");
    assert_string_not_equal(kept.msg_id, name);
    receive("msg-1", AS_TEXT);
    assert_string_not_equal(kept.msg_id, name);
}

static void damaged_text_does_not_hide_what_has_changed(DYGW_UNUSED void **state)
{
    static const char *const messages[] = {
        "\xEF\xBB\xBF" MESSAGE,
        "{\"title\":\"\\ud83c\",\"event\":\"life_trade_certificate_notify\",\"content\":" CONTENT "}",
        "{\"title\":\"\xE6\xB5\",\"event\":\"life_trade_certificate_notify\",\"content\":" CONTENT "}",
        DAMAGED_TEXT,
    };

    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        kept.certificate_id = NULL;
        receive("msg-1", messages[i]);
        assert_int_equal(out.code, DYGW_OK);
        assert_string_equal(kept.certificate_id, "7382420130108424203");
    }
}

static void the_log_tells_its_msg_id(DYGW_UNUSED void **state)
{
    char long_id[130];

    receive("msg-1", MESSAGE);
    assert_int_equal(fake_logged("(Msg-Id msg-1)"), 1);
    memset(long_id, 'x', sizeof(long_id) - 1);
    long_id[129] = '\0';
    receive(long_id, MESSAGE);
    receive("a\nb", MESSAGE);
    receive(NULL, MESSAGE);
    assert_int_equal(fake_logged("(Msg-Id ?)"), 3);
}

/* --- whose it is --- */

#define OF_CONTENT(more) \
    "{\"event\":\"life_trade_certificate_notify\",\"content\":{\"certificate\":" \
    "{\"certificate_id\":\"7382420130108424203\"" more "}}"
#define STRANGER "DYGW0761"
#define DIFFERS  "DYGW0762"

static void a_cancel_is_told_with_its_time(DYGW_UNUSED void **state)
{
    receive("msg-1", OF_CONTENT("},\"action\":\"verify_cancel\",\"msg_time\":1742975316"));
    assert_true(kept.cancelled_at == APR_INT64_C(1742975316999)); /* the whole second */
    receive("msg-2", OF_CONTENT("},\"action\":\"verify_cancel\""));
    assert_true(kept.cancelled_at == FAKE_START_MS);
    receive("msg-3", OF_CONTENT("},\"action\":\"refund_success\",\"msg_time\":1742975316"));
    assert_int_equal(kept.cancelled_at, 0);
}

static void its_account_is_found_wherever_it_stands(DYGW_UNUSED void **state)
{
    static const char *const messages[] = {
        OF_CONTENT(",\"account_id\":\"71\"}"),
        OF_CONTENT(",\"account_id\":71}"),
        OF_CONTENT("},\"order\":{\"account_id\":\"71\"}"),
        OF_CONTENT("},\"account_id\":\"71\""),
        OF_CONTENT("},\"account_id\":71"),
        OF_CONTENT(",\"account_id\":\"71\"},\"account_id\":\"72\""),
    };

    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        receive("msg-1", messages[i]);
        assert_int_equal(out.code, DYGW_OK);
        assert_string_equal(kept.account_id, "71");
    }
    receive("msg-1", OF_CONTENT("}"));
    assert_null(kept.account_id);
}

static void declare(const char *poi_id, const char *account_id)
{
    dygw_declared_store_t *store = apr_pcalloc(pool, sizeof(*store));
    dygw_declared_t *declared = dygw_declared_create(pool);
    const char *field;

    store->code = "s";
    store->poi_id = poi_id;
    store->account_id = account_id;
    dygw_declared_add_store(declared, store, &field);
    gateway->declared = declared;
}

/* Douyin would give the address up for all merchants, were it refused. */
static void another_merchants_is_accepted_and_its_coupon_decides(DYGW_UNUSED void **state)
{
    apr_int64_t work = dygw_host_work(gateway);

    gateway->account_id = "70";
    declare("1", "71");
    receive("msg-1", OF_CONTENT(",\"account_id\":\"79\"}"));
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(answer, "{}");
    assert_string_equal(kept.account_id, "79");
    assert_int_equal(fake_logged(STRANGER), 1);
    assert_int_equal(fake_logged("account 79"), 1);
    assert_true(dygw_host_work(gateway) != work);
    receive("msg-1", "{\"event\":\"life_trade_order_notify\",\"content\":{\"order\":{\"account_id\":\"80\"}}}");
    receive("msg-1", "{\"event\":\"life_x\",\"content\":{\"account_id\":\"a b\"}}");
    assert_int_equal(fake_logged(STRANGER), 3);
    assert_int_equal(fake_logged("account 80"), 1);
    assert_int_equal(fake_logged("account ?"), 1);
    assert_int_equal(fake_logged("a b"), 0);
    assert_int_equal(looks, 0);
}

static void our_own_are_no_strangers(DYGW_UNUSED void **state)
{
    receive("msg-1", MESSAGE); /* no account is configured: any is as good */
    gateway->account_id = "70";
    declare("1", "6943233382746834985");
    receive("msg-1", MESSAGE);
    receive("msg-1", OF_CONTENT(",\"account_id\":70}"));
    receive("msg-1", OF_CONTENT("}"));
    assert_int_equal(fake_logged(STRANGER), 0);
}

static void a_record_of_another_account_is_told_and_due_all_the_same(DYGW_UNUSED void **state)
{
    apr_int64_t work = dygw_host_work(gateway);

    gateway->account_id = "70";
    declare("1", "6943233382746834985");
    recorded = "70";
    receive("msg-1", MESSAGE);
    assert_int_equal(out.code, DYGW_OK);
    assert_int_equal(fake_logged(DIFFERS), 1);
    assert_int_equal(fake_logged("of account 6943233382746834985, which is recorded with account 70"), 1);
    assert_true(dygw_host_work(gateway) != work);
    recorded = "6943233382746834985";
    receive("msg-1", MESSAGE);
    recorded = NULL;
    receive("msg-1", MESSAGE);
    assert_int_equal(fake_logged(DIFFERS), 1);
    assert_int_equal(looks, 3);
}

static void one_account_alone_is_not_compared(DYGW_UNUSED void **state)
{
    gateway->account_id = "6943233382746834985";
    receive("msg-1", MESSAGE);
    declare("1", "71");
    records = 0;
    receive("msg-1", MESSAGE);
    insert_gives = APR_EEXIST;
    receive("msg-1", MESSAGE);
    assert_int_equal(looks, 0);
}

/* --- a refund is asked for --- */

#define REFUND \
    "\"refund_amount\":19400,\"refund_time\":1743061716,\"apply_reason\":{\"code\":[101]," \
    "\"reason_items\":[{\"code\":101,\"msg\":\"words\"}],\"additional_msg\":\"in my own words\"}"
#define REFUND_EVENT "{\"event\":\"life_hermes_akte_after_sale_audit\",\"content\":"

static void a_refund_that_is_asked_for_is_kept_and_looked_at_a_minute_later(DYGW_UNUSED void **state)
{
    static const char *const bodies[] = {
        REFUND_EVENT "{\"account_id\":\"6943233382746834985\",\"order_id\":\"1061449651423386211\","
                     "\"certificate_id\":\"7382420130108424203\"," REFUND "}}",
        REFUND_EVENT "{\"account_id\":6943233382746834985,\"order_id\":1061449651423386211,"
                     "\"certificate_id\":7382420130108424203,\"refund_time\":\"1743061716000\"}}",
        REFUND_EVENT "\"{\\\"account_id\\\":\\\"6943233382746834985\\\","
                     "\\\"order_id\\\":\\\"1061449651423386211\\\","
                     "\\\"certificate_id\\\":7382420130108424203,\\\"refund_time\\\":1743061716}\"}",
    };
    apr_int64_t work = dygw_host_work(gateway);

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        memset(&kept, 0, sizeof(kept));
        receive("msg-1", bodies[i]);
        assert_int_equal(out.code, DYGW_OK);
        assert_string_equal(answer, "{}");
        assert_string_equal(kept.event, "life_hermes_akte_after_sale_audit");
        assert_null(kept.action);
        assert_true(kept.msg_time == APR_INT64_C(1743061716000));
        assert_string_equal(kept.certificate_id, "7382420130108424203");
        assert_string_equal(kept.order_id, "1061449651423386211");
        assert_string_equal(kept.account_id, "6943233382746834985");
        assert_true(kept.sale_look_at == kept.received_at + 60000);
    }
    assert_true(dygw_host_work(gateway) == work); /* nothing is to be done now */
    assert_int_equal(fake_logged("DYGW0880"), 3);
    assert_int_equal(fake_logged("own words"), 0);
}

static void a_refund_of_nothing_is_of_no_use(DYGW_UNUSED void **state)
{
    receive("msg-1", REFUND_EVENT "{" REFUND "}}");
    assert_int_equal(out.code, DYGW_OK);
    receive("msg-1", REFUND_EVENT "null}");
    assert_int_equal(out.code, DYGW_OK);
    assert_int_equal(inserts, 0);
}

/* --- what else may come --- */

static void a_message_counts_once(DYGW_UNUSED void **state)
{
    apr_int64_t work = dygw_host_work(gateway);

    insert_gives = APR_EEXIST;
    receive("msg-1", MESSAGE);
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(answer, "{}");
    assert_true(dygw_host_work(gateway) == work);
}

static void a_coupon_of_others_makes_no_work(DYGW_UNUSED void **state)
{
    apr_int64_t work = dygw_host_work(gateway);

    records = 0;
    receive("msg-1", MESSAGE);
    assert_int_equal(out.code, DYGW_OK);
    assert_true(dygw_host_work(gateway) == work);
}

static void without_database_douyin_is_to_send_it_again(DYGW_UNUSED void **state)
{
    insert_gives = APR_EGENERAL;
    receive("msg-1", MESSAGE);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    fake_store_fail(FAKE_OPEN, 0, 1, APR_EGENERAL, 0);
    receive("msg-1", MESSAGE);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(inserts, 1);
}

#define NOTIFY "{\"event\":\"life_trade_certificate_notify\",\"content\":"

static void what_is_of_no_use_is_accepted(DYGW_UNUSED void **state)
{
    static const char *const bodies[] = {
        "{}",
        "[]",
        "null",
        "17",
        "\"verify_webhook\"",
        "{\"event\":17}",
        "{\"event\":\"life_trade_order_notify\",\"content\":" CONTENT "}",
        "{\"event\":\"life_trade_certificate_notify\"}",
        NOTIFY "null}",
        NOTIFY "\"{\"}",
        NOTIFY "\"[1]\"}",
        NOTIFY "{\"certificate\":[]}}",
        NOTIFY "{\"certificate\":{\"certificate_id\":\"\"}}}",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        receive("msg-1", bodies[i]);
        assert_int_equal(out.code, DYGW_OK);
        assert_string_equal(answer, "{}");
    }
    assert_int_equal(inserts, 0);
}

static void what_is_no_json_is_refused(DYGW_UNUSED void **state)
{
    receive("msg-1", "");
    assert_int_equal(out.code, DYGW_INVALID_JSON);
    assert_non_null(out.message);
    receive("msg-1", "{\"event\":");
    assert_int_equal(out.code, DYGW_INVALID_JSON);
}

static int is_check(const char *body)
{
    return dygw_webhook_is_url_check(body, strlen(body), pool);
}

static void assert_echo(const char *content, const char *expected)
{
    const char *body = apr_pstrcat(pool,
                                   "{\"event\":\"verify_webhook\",\"client_key\":\"\","
                                   "\"content\":",
                                   content, "}", NULL);

    assert_true(is_check(body));
    receive(NULL, body);
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(answer, expected);
}

static void the_check_of_the_url_gets_its_challenge_back(DYGW_UNUSED void **state)
{
    assert_echo("{\"challenge\":12345}", "{\"challenge\":12345}");
    assert_echo("{\"challenge\":-9223372036854775808}", "{\"challenge\":-9223372036854775808}");
    assert_echo("{\"challenge\":\"12345\"}", "{\"challenge\":\"12345\"}");
    assert_echo("\"{\\\"challenge\\\":7}\"", "{\"challenge\":7}");
    assert_echo("{\"challenge\":\"a\\\"<\\u4f60\"}", "{\"challenge\":\"a\\\"<\xe4\xbd\xa0\"}");
    assert_int_equal(inserts, 0);
}

static void nothing_else_is_a_check_of_the_url(DYGW_UNUSED void **state)
{
    char *huge = apr_psprintf(pool,
                              "{\"event\":\"verify_webhook\",\"content\":{\"challenge\":"
                              "\"%0300d\"}}",
                              1);

    assert_false(is_check(""));
    assert_false(is_check("{}"));
    assert_false(is_check(MESSAGE));
    assert_false(is_check("{\"event\":\"verify_webhook\"}"));
    assert_false(is_check("{\"event\":\"verify_webhook\",\"content\":{}}"));
    assert_false(is_check("{\"event\":\"verify_webhook\",\"content\":{\"challenge\":[1]}}"));
    assert_false(is_check("{\"event\":\"verify_webhook\",\"content\":{\"challenge\":1.5}}"));
    assert_false(is_check(huge));
    receive(NULL, huge);
    assert_string_equal(answer, "{}");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_change_is_kept_and_its_work_announced),
        TEST(content_may_be_a_text),
        TEST(a_message_is_what_its_body_is),
        TEST(the_log_tells_its_msg_id),
        TEST(damaged_text_does_not_hide_what_has_changed),
        TEST(a_cancel_is_told_with_its_time),
        TEST(its_account_is_found_wherever_it_stands),
        TEST(another_merchants_is_accepted_and_its_coupon_decides),
        TEST(our_own_are_no_strangers),
        TEST(a_record_of_another_account_is_told_and_due_all_the_same),
        TEST(one_account_alone_is_not_compared),
        TEST(a_refund_that_is_asked_for_is_kept_and_looked_at_a_minute_later),
        TEST(a_refund_of_nothing_is_of_no_use),
        TEST(a_message_counts_once),
        TEST(a_coupon_of_others_makes_no_work),
        TEST(without_database_douyin_is_to_send_it_again),
        TEST(what_is_of_no_use_is_accepted),
        TEST(what_is_no_json_is_refused),
        TEST(the_check_of_the_url_gets_its_challenge_back),
        TEST(nothing_else_is_a_check_of_the_url),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_webhook", tests, NULL, NULL);
}
