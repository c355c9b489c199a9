/* SPDX-License-Identifier: Apache-2.0
 * What administrators see of apps that httpd.conf declares, and what they may do with them.
 * links: gateway/apps/admin.c gateway/apps/key.c gateway/apps/apps.c gateway/ask.c gateway/apps/audit.c
 * links: gateway/apps/declare.c gateway/declared.c gateway/host.c gateway/token.c gateway/db_work.c
 * helpers: declaring.c fake_world.c fake_store.c fake_apps.c fake_declarations.c fake_holders.c
 * helpers: fake_douyin.c own_pool.c */
#include "support/declaring.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "util/compiler.h"

static dygw_result_t out;
static const dygw_actor_t actor = { "zhang", "192.0.2.7", "request-1" };

static void set_token_read(apr_int64_t id)
{
    dygw_app_set_token_read(FAKE_CTX(gateway, pool), &actor, id, 1, &out);
}

static void new_secret(apr_int64_t id, dygw_app_t **app)
{
    dygw_new_secret_t secret = { "a new secret", 3600000 };

    dygw_app_new_secret(FAKE_CTX(gateway, pool), &actor, id, &secret, app, &out);
}

static void a_declared_app_is_shown_with_its_place_here(DYGW_UNUSED void **state)
{
    dygw_app_filter_t all = { -1, NULL };
    dygw_page_t list;
    dygw_app_t *app;

    declare("pos", "key-1");
    leave_row(1, "pos", "key-1");
    leave_row(2, "kiosk", "key-2");
    dygw_app_read(FAKE_CTX(gateway, pool), 1, &app, &out);
    assert_int_equal(app->source, DYGW_APP_OF_CONFIG);
    assert_string_equal(app->declared_in, "/etc/dygw.conf:12");
    dygw_app_read(FAKE_CTX(gateway, pool), 2, &app, &out);
    assert_string_equal(app->declared_in, "/etc/old.conf:7");
    dygw_app_list(FAKE_CTX(gateway, pool), &all, 1, 20, &list, &out);
    assert_string_equal(APR_ARRAY_IDX(list.rows, 0, dygw_app_t *)->declared_in, "/etc/dygw.conf:12");
}

static void a_declared_app_is_changed_in_the_file_alone(DYGW_UNUSED void **state)
{
    dygw_app_change_t change = { .name = "kiosk" };
    dygw_app_t *app;

    declare("pos", "key-1");
    declare_apps();
    dygw_app_change(FAKE_CTX(gateway, pool), &actor, 1, &change, &app, &out);
    assert_int_equal(out.code, DYGW_APP_DECLARED);
    assert_non_null(strstr(out.message, "declared in /etc/dygw.conf:12 on this host"));
    set_token_read(1);
    assert_int_equal(out.code, DYGW_APP_DECLARED);
    new_secret(1, &app);
    assert_int_equal(out.code, DYGW_APP_DECLARED);
    assert_int_equal(fake_store_entries(), 1);
    assert_string_equal(fake_store_app(0)->name, "till");
}

static void so_is_one_that_is_not_taken_over_yet(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    record(1, "pos", "key-1");
    set_token_read(1);
    assert_int_equal(out.code, DYGW_APP_DECLARED);
}

static void an_app_in_conflict_is_still_the_databases(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    record(1, "pos", "key-2");
    set_token_read(1);
    assert_int_equal(out.code, DYGW_OK);
}

static void while_another_host_declares_it_it_is_left_alone(DYGW_UNUSED void **state)
{
    dygw_app_t *app;

    leave_row(1, "pos", "key-1");
    fake_store_set_holders(1);
    set_token_read(1);
    assert_int_equal(out.code, DYGW_APP_DECLARED);
    assert_non_null(strstr(out.message, "declared in /etc/old.conf:7 on another host"));
    new_secret(1, &app);
    assert_int_equal(out.code, DYGW_APP_DECLARED);
    assert_int_equal(fake_store_entries(), 0);
}

static void an_app_that_is_gone_is_handed_back_by_a_new_secret(DYGW_UNUSED void **state)
{
    dygw_app_t *app;

    leave_row(1, "pos", "key-1")->status = DYGW_APP_DISABLED;
    set_token_read(1);
    assert_int_equal(out.code, DYGW_APP_DECLARED);
    assert_non_null(strstr(out.message, "POST /apps/1/secret"));
    new_secret(1, &app);
    assert_int_equal(out.code, DYGW_OK);
    assert_int_equal(app->source, DYGW_APP_OF_DATABASE);
    assert_null(app->declared_in);
    assert_int_equal(app->status, DYGW_APP_ACTIVE);
    assert_null(app->old_secret_sealed); /* there was none to keep */
    assert_int_equal(fake_store_entries(), 1);
    assert_string_equal(fake_store_entry(0)->action, "app.secret");
    assert_string_equal(fake_store_entry(0)->actor, "zhang");
    assert_string_equal(fake_store_entry(0)->before_state,
                        "{\"status\":\"disabled\",\"source\":\"config\",\"old_secret_until\":null}");
    assert_string_equal(fake_store_entry(0)->after_state,
                        "{\"status\":\"active\",\"source\":\"database\",\"old_secret_until\":null}");
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_string_equal(known->secret, "a new secret");
    set_token_read(1);
    assert_int_equal(out.code, DYGW_OK);
}

static void without_knowing_who_declares_it_nothing_is_handed_back(DYGW_UNUSED void **state)
{
    dygw_app_t *app;

    leave_row(1, "pos", "key-1");
    fake_store_fail(FAKE_HOLDERS, 0, 1, APR_EGENERAL, 0);
    new_secret(1, &app);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(fake_store_entries(), 0);
}

static void what_a_declared_app_has_is_taken(DYGW_UNUSED void **state)
{
    dygw_new_app_t wanted = { .name = "kiosk", .code = "pos" };
    dygw_app_t *app;
    const char *secret;

    declare("pos", "key-1"); /* without a row as yet */
    dygw_app_create(FAKE_CTX(gateway, pool), &actor, &wanted, &app, &secret, &out);
    assert_int_equal(out.code, DYGW_CONFLICT);
    assert_string_equal(out.field, "code");
    wanted.client_key = "key-1";
    dygw_app_create(FAKE_CTX(gateway, pool), &actor, &wanted, &app, &secret, &out);
    assert_int_equal(out.code, DYGW_CONFLICT);
    assert_string_equal(out.field, "client_key");
    assert_int_equal(fake_store_entries(), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_declared_app_is_shown_with_its_place_here),
        TEST(a_declared_app_is_changed_in_the_file_alone),
        TEST(so_is_one_that_is_not_taken_over_yet),
        TEST(an_app_in_conflict_is_still_the_databases),
        TEST(while_another_host_declares_it_it_is_left_alone),
        TEST(an_app_that_is_gone_is_handed_back_by_a_new_secret),
        TEST(without_knowing_who_declares_it_nothing_is_handed_back),
        TEST(what_a_declared_app_has_is_taken),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_declare_admin", tests, NULL, NULL);
}
