/* SPDX-License-Identifier: Apache-2.0
 * What the audit trail says about changes of apps, and new secrets.
 * links: gateway/apps/admin.c gateway/apps/key.c gateway/apps/apps.c gateway/ask.c gateway/apps/audit.c
 * links: gateway/apps/declare.c gateway/declared.c gateway/host.c gateway/token.c gateway/db_work.c
 * helpers: fake_world.c fake_store.c fake_apps.c fake_declarations.c fake_holders.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/apps/apps.h"
#include "util/compiler.h"

#define HOUR_MS APR_INT64_C(3600000)

static dygw_gateway_t *gateway;
static dygw_apps_t *apps;
static dygw_app_t *app;
static const char *secret;
static dygw_result_t out;
static const dygw_actor_t actor = { "zhang", "192.0.2.7", "request-1" };

static int set_up(void **state)
{
    dygw_new_app_t wanted = { .name = "till", .client_key = "key-1", .secret = "the first secret" };

    make_pool(state);
    gateway = fake_world(pool);
    assert_int_equal(dygw_apps_create(&apps, pool), APR_SUCCESS);
    dygw_app_create(FAKE_CTX(gateway, pool), &actor, &wanted, &app, &secret, &out);
    assert_int_equal(out.code, DYGW_OK);
    return 0;
}

/* The entries so far are so many, and this is the last one. */
static void assert_recorded(int count, const char *action, const char *before, const char *after)
{
    const dygw_audit_entry_t *entry;

    assert_int_equal(fake_store_entries(), count);
    entry = fake_store_entry(count - 1);
    assert_string_equal(entry->action, action);
    assert_string_equal(entry->target, "app:1");
    assert_string_equal(entry->actor, "zhang");
    assert_string_equal(entry->address, "192.0.2.7");
    assert_string_equal(entry->request_id, "request-1");
    assert_true(entry->at == dygw_now());
    assert_string_equal(entry->after_state, after);
    if (before) {
        assert_string_equal(entry->before_state, before);
    }
    else {
        assert_null(entry->before_state);
    }
}

static void change(dygw_app_change_t wanted)
{
    dygw_app_change(FAKE_CTX(gateway, pool), &actor, 1, &wanted, &app, &out);
    assert_int_equal(out.code, DYGW_OK);
}

static void new_secret(const char *wanted, dygw_ms_t grace_ms)
{
    dygw_new_secret_t made = { wanted, grace_ms };

    dygw_app_new_secret(FAKE_CTX(gateway, pool), &actor, 1, &made, &app, &out);
    secret = made.text;
}

static dygw_known_app_t *known(void)
{
    dygw_known_app_t *found;

    assert_int_equal(dygw_apps_find(FAKE_CTX(gateway, pool), apps, "key-1", &found), APR_SUCCESS);
    return found;
}

static apr_array_header_t *stores(const char *poi_id)
{
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(const char *));

    if (poi_id) {
        APR_ARRAY_PUSH(list, const char *) = poi_id;
    }
    return list;
}

/* --- the trail --- */

static void a_new_app_is_recorded_with_all_but_its_secret(DYGW_UNUSED void **state)
{
    assert_recorded(1, "app.create", NULL,
                    "{\"name\":\"till\",\"code\":null,\"description\":null,"
                    "\"client_key\":\"key-1\",\"status\":\"active\",\"allow_token_read\":false,"
                    "\"poi_ids\":null,\"source\":\"database\"}");
}

static void what_differs_is_recorded_and_nothing_else(DYGW_UNUSED void **state)
{
    change((dygw_app_change_t){ .name = "kiosk" });
    assert_recorded(2, "app.change", "{\"name\":\"till\"}", "{\"name\":\"kiosk\"}");
    change((dygw_app_change_t){ .name = "kiosk",
                                .set_status = 1,
                                .status = DYGW_APP_DISABLED,
                                .set_description = 1,
                                .description = "by the \"door\"" });
    assert_recorded(3, "app.change", "{\"description\":null,\"status\":\"active\"}",
                    "{\"description\":\"by the \\\"door\\\"\",\"status\":\"disabled\"}");
    change((dygw_app_change_t){ .set_poi_ids = 1, .poi_ids = stores(NULL) });
    assert_recorded(4, "app.change", "{\"poi_ids\":null}", "{\"poi_ids\":[]}");
    change((dygw_app_change_t){ .set_poi_ids = 1, .poi_ids = stores("70123") });
    assert_recorded(5, "app.change", "{\"poi_ids\":[]}", "{\"poi_ids\":[\"70123\"]}");
    dygw_app_set_token_read(FAKE_CTX(gateway, pool), &actor, 1, 1, &out);
    assert_recorded(6, "app.token_access", "{\"allow_token_read\":false}", "{\"allow_token_read\":true}");
}

static void what_changes_nothing_is_not_recorded(DYGW_UNUSED void **state)
{
    fake_clock_advance(5000);
    change((dygw_app_change_t){ .name = "till", .set_status = 1, .set_poi_ids = 1, .set_description = 1 });
    assert_true(app->updated_at == FAKE_START_MS);
    dygw_app_set_token_read(FAKE_CTX(gateway, pool), &actor, 1, 0, &out);
    assert_int_equal(out.code, DYGW_OK);
    assert_int_equal(fake_store_entries(), 1);
}

static void a_change_moves_updated_at(DYGW_UNUSED void **state)
{
    fake_clock_advance(5000);
    change((dygw_app_change_t){ .name = "kiosk" });
    assert_true(app->updated_at == FAKE_START_MS + 5000);
    assert_true(fake_store_app(0)->updated_at == FAKE_START_MS + 5000);
}

static void what_failed_is_not_recorded(DYGW_UNUSED void **state)
{
    dygw_app_change_t wanted = { .name = "kiosk" };

    fake_store_fail(FAKE_APP_CHANGE, 0, 1, APR_EGENERAL, 0);
    dygw_app_change(FAKE_CTX(gateway, pool), &actor, 1, &wanted, &app, &out);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(fake_store_entries(), 1);
}

/* --- new secrets --- */

static void a_new_secret_ends_the_old_one_at_once(DYGW_UNUSED void **state)
{
    known();
    new_secret(NULL, 0);
    assert_int_equal(out.code, DYGW_OK);
    assert_int_equal(strlen(secret), 3 + 43);
    assert_string_equal(known()->secret, secret);
    assert_null(known()->old_secret);
    assert_recorded(2, "app.secret", "{\"old_secret_until\":null}", "{\"old_secret_until\":null}");
    assert_null(strstr(fake_store_app(0)->secret_sealed, secret));
}

static void the_old_secret_is_good_for_its_grace_time(DYGW_UNUSED void **state)
{
    new_secret("the second secret", HOUR_MS);
    assert_string_equal(known()->secret, "the second secret");
    assert_string_equal(known()->old_secret, "the first secret");
    assert_true(known()->old_secret_until == FAKE_START_MS + HOUR_MS);
    assert_recorded(2, "app.secret", "{\"old_secret_until\":null}",
                    "{\"old_secret_until\":\"2026-01-01T01:00:00.000Z\"}");
}

static void only_the_secret_before_has_a_grace_time(DYGW_UNUSED void **state)
{
    new_secret("the second secret", HOUR_MS);
    new_secret("the third secret", HOUR_MS);
    assert_string_equal(known()->secret, "the third secret");
    assert_string_equal(known()->old_secret, "the second secret");
    new_secret("the fourth secret", 0);
    assert_null(known()->old_secret);
    assert_true(fake_store_app(0)->old_secret_until == DYGW_NO_TIME);
}

static void other_changes_leave_the_secrets(DYGW_UNUSED void **state)
{
    new_secret("the second secret", HOUR_MS);
    change((dygw_app_change_t){ .name = "kiosk" });
    assert_string_equal(known()->secret, "the second secret");
    assert_string_equal(known()->old_secret, "the first secret");
}

static void no_app_no_secret(DYGW_UNUSED void **state)
{
    dygw_new_secret_t made = { NULL, 0 };

    dygw_app_new_secret(FAKE_CTX(gateway, pool), &actor, 2, &made, &app, &out);
    secret = made.text;
    assert_int_equal(out.code, DYGW_NOT_FOUND);
    fake_store_fail(FAKE_APP_CHANGE, 0, 1, APR_EGENERAL, 0);
    new_secret(NULL, 0);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    assert_string_equal(known()->secret, "the first secret");
    assert_int_equal(fake_store_entries(), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_app_is_recorded_with_all_but_its_secret),
        TEST(what_differs_is_recorded_and_nothing_else),
        TEST(what_changes_nothing_is_not_recorded),
        TEST(a_change_moves_updated_at),
        TEST(what_failed_is_not_recorded),
        TEST(a_new_secret_ends_the_old_one_at_once),
        TEST(the_old_secret_is_good_for_its_grace_time),
        TEST(only_the_secret_before_has_a_grace_time),
        TEST(other_changes_leave_the_secrets),
        TEST(no_app_no_secret),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_admin", tests, NULL, NULL);
}
