/* SPDX-License-Identifier: Apache-2.0
 * dygw_apps: whose an app is, the database's or the configuration's, and how it changes hands. */
#include "suite.h"

#include "util/compiler.h"

static dygw_app_t *new_app(void)
{
    dygw_app_t *app = apr_pcalloc(suite_pool, sizeof(*app));

    app->name = "pos";
    app->code = suite_unique_text("code_");
    app->client_key = suite_unique_text("key-");
    app->secret_sealed = "v1.abcd.sealed";
    app->old_secret_until = DYGW_NO_TIME;
    app->created_at = app->updated_at = T0;
    app->last_used_at = DYGW_NO_TIME;
    return app;
}

static int audit_insert(DYGW_UNUSED void *baton, DYGW_UNUSED dygw_app_t *app, dygw_audit_entry_t *entry)
{
    *entry = (dygw_audit_entry_t){ .id = suite_unique(), .at = T0, .actor = "config:h", .action = "app.declare" };
    return 1;
}

static dygw_app_t *insert(dygw_app_t *app)
{
    dygw_db_t *db = suite_open(0);
    const char *taken;

    assert_int_equal(dygw_store_app_insert(db, app, audit_insert, NULL, &taken), APR_SUCCESS);
    dygw_db_close(db);
    return app;
}

static dygw_app_t *read_app(apr_int64_t id)
{
    dygw_db_t *db = suite_open(1);
    dygw_app_t *app = NULL;

    assert_int_equal(dygw_store_app_get(db, id, &app, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    return app;
}

static void test_a_declared_app_comes_back_with_its_place_and_without_a_secret(DYGW_UNUSED void **state)
{
    dygw_app_t *app = new_app();
    dygw_app_t *back;

    app->source = DYGW_APP_OF_CONFIG;
    app->declared_in = "/etc/dygw/apps/pos.conf:12";
    app->secret_sealed = "";
    insert(app);
    back = read_app(app->id);
    assert_int_equal(back->source, DYGW_APP_OF_CONFIG);
    assert_string_equal(back->declared_in, "/etc/dygw/apps/pos.conf:12");
    assert_string_equal(back->secret_sealed, "");
    back = read_app(insert(new_app())->id);
    assert_int_equal(back->source, DYGW_APP_OF_DATABASE);
    assert_null(back->declared_in);
}

/* A host of an older version goes on while others know of declared apps. */
static void test_an_app_of_an_older_version_is_the_databases(DYGW_UNUSED void **state)
{
    const apr_int64_t id = suite_unique();
    dygw_app_t *back;

    suite_ask(1, apr_psprintf(suite_pool,
                              "INSERT INTO dygw_apps (id, name, client_key, secret_sealed, status, "
                              "created_at, updated_at) VALUES (%" APR_INT64_T_FMT ", 'old', '%s', "
                              "'x', 'active', 1, 1)",
                              id, suite_unique_text("key-")));
    back = read_app(id);
    assert_int_equal(back->source, DYGW_APP_OF_DATABASE);
    assert_null(back->declared_in);
}

/* As a taking over does, and the way back. */
static int take_over(void *baton, dygw_app_t *app, dygw_audit_entry_t *entry)
{
    const dygw_app_t *as = baton;

    *entry = (dygw_audit_entry_t){ .id = suite_unique(), .at = T0, .actor = "config:h", .action = "app.declare" };
    app->code = as->code;
    app->client_key = as->client_key;
    app->source = as->source;
    app->declared_in = as->declared_in;
    app->secret_sealed = as->secret_sealed;
    return 1;
}

static void test_a_change_writes_key_code_and_owner(DYGW_UNUSED void **state)
{
    dygw_app_t *app = insert(new_app());
    dygw_app_t *as = new_app();
    dygw_app_t *changed, *back;
    int round;

    for (round = 0; round < 2; round++) {
        dygw_db_t *db = suite_open(0);

        as->source = round == 0 ? DYGW_APP_OF_CONFIG : DYGW_APP_OF_DATABASE;
        as->declared_in = round == 0 ? "/etc/dygw.conf:7" : NULL;
        as->secret_sealed = round == 0 ? "" : "v1.again";
        assert_int_equal(dygw_store_app_change(db, app->id, take_over, as, &changed, suite_pool), APR_SUCCESS);
        dygw_db_close(db);
        back = read_app(app->id);
        assert_string_equal(back->code, as->code);
        assert_string_equal(back->client_key, as->client_key);
        assert_int_equal(back->source, as->source);
        assert_true(round == 0 ? strcmp(back->declared_in, as->declared_in) == 0 : !back->declared_in);
        assert_string_equal(back->secret_sealed, as->secret_sealed);
        assert_string_equal(back->name, app->name);
        assert_int_equal(back->created_at, app->created_at);
    }
}

void suite_apps_declared(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_a_declared_app_comes_back_with_its_place_and_without_a_secret),
        SUITE_TEST(test_an_app_of_an_older_version_is_the_databases),
        SUITE_TEST(test_a_change_writes_key_code_and_owner),
    };

    SUITE_ADD(tests);
}
