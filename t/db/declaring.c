/* SPDX-License-Identifier: Apache-2.0
 * dygw_apps and dygw_declarations: many apps changed as one, and who declares an app. */
#include "suite.h"

#include "store/declaration.h"
#include "util/compiler.h"

static dygw_app_t *declared_app(void)
{
    dygw_app_t *app = apr_pcalloc(suite_pool, sizeof(*app));

    app->name = "till";
    app->code = suite_unique_text("code_");
    app->client_key = suite_unique_text("key-");
    app->secret_sealed = "";
    app->old_secret_until = DYGW_NO_TIME;
    app->source = DYGW_APP_OF_CONFIG;
    app->declared_in = "/etc/httpd/\xe6\x94\xb6\xe9\x93\xb6.conf:12";
    app->created_at = app->updated_at = T0;
    app->last_used_at = DYGW_NO_TIME;
    return app;
}

static apr_status_t get_app(apr_int64_t id, dygw_app_t **app)
{
    dygw_db_t *db = suite_open(1);
    apr_status_t rv = dygw_store_app_get(db, id, app, suite_pool);

    dygw_db_close(db);
    return rv;
}

static apr_int64_t version_now(void)
{
    dygw_db_t *db = suite_open(1);
    apr_int64_t version;

    assert_int_equal(dygw_store_app_version(db, &version), APR_SUCCESS);
    dygw_db_close(db);
    return version;
}

/* Adds both, and changes the first. */
static void write_two(dygw_db_t *db, dygw_app_t *one, dygw_app_t *two)
{
    const dygw_audit_entry_t entry
        = { .id = suite_unique(), .at = T0, .actor = "config:host", .action = "app.declare" };

    assert_int_equal(dygw_store_apps_begin(db), APR_SUCCESS);
    assert_int_equal(dygw_store_app_add(db, one), APR_SUCCESS);
    assert_int_equal(dygw_store_app_add(db, two), APR_SUCCESS);
    one->source = DYGW_APP_OF_DATABASE;
    one->declared_in = NULL;
    one->client_key = suite_unique_text("key-");
    one->code = suite_unique_text("code_");
    assert_int_equal(dygw_store_app_put(db, one), APR_SUCCESS);
    assert_int_equal(dygw_store_audit_insert(db, &entry), APR_SUCCESS);
}

static void test_many_changes_are_one(DYGW_UNUSED void **state)
{
    dygw_app_t *one = declared_app(), *two = declared_app(), *back;
    apr_int64_t version = version_now();
    dygw_db_t *db = suite_open(0);

    write_two(db, one, two);
    assert_int_equal(dygw_store_apps_end(db, APR_SUCCESS), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(two->id, one->id + 1);
    assert_int_equal(version_now(), version + 1);
    assert_int_equal(get_app(one->id, &back), APR_SUCCESS);
    assert_int_equal(back->source, DYGW_APP_OF_DATABASE);
    assert_null(back->declared_in);
    assert_string_equal(back->client_key, one->client_key);
    assert_string_equal(back->code, one->code);
    assert_int_equal(get_app(two->id, &back), APR_SUCCESS);
    assert_int_equal(back->source, DYGW_APP_OF_CONFIG);
    assert_string_equal(back->declared_in, two->declared_in);
    assert_string_equal(back->secret_sealed, "");
    assert_false(dygw_app_has_secret(back));
}

static void test_what_failed_leaves_nothing(DYGW_UNUSED void **state)
{
    dygw_app_t *one = declared_app(), *two = declared_app(), *back;
    apr_int64_t version = version_now();
    dygw_db_t *db = suite_open(0);

    write_two(db, one, two);
    assert_int_equal(dygw_store_apps_end(db, APR_EGENERAL), APR_EGENERAL);
    dygw_db_close(db);
    assert_int_equal(version_now(), version);
    assert_int_equal(get_app(one->id, &back), APR_NOTFOUND);
    assert_int_equal(suite_errors, 0);
}

static void test_what_is_taken_fails_as_a_whole(DYGW_UNUSED void **state)
{
    dygw_app_t *one = declared_app(), *two = declared_app(), *back;
    dygw_db_t *db = suite_open(0);
    apr_status_t rv;

    two->client_key = one->client_key;
    assert_int_equal(dygw_store_apps_begin(db), APR_SUCCESS);
    assert_int_equal(dygw_store_app_add(db, one), APR_SUCCESS);
    rv = dygw_store_app_add(db, two);
    assert_int_not_equal(rv, APR_SUCCESS);
    assert_int_equal(dygw_store_apps_end(db, rv), rv);
    dygw_db_close(db);
    suite_errors = 0;
    assert_int_equal(get_app(one->id, &back), APR_NOTFOUND);
}

/* --- who declares an app --- */

/* Its lease ends in so many ms. */
static void add_host(const char *host, int left_ms)
{
    static const char *const now[DYGW_DIALECTS] = {
        [DYGW_SQLITE3] = DYGW_NOW_SQLITE3,
        [DYGW_PGSQL] = DYGW_NOW_PGSQL,
        [DYGW_MYSQL] = DYGW_NOW_MYSQL,
    };

    suite_do(apr_psprintf(suite_pool,
                          "INSERT INTO dygw_leases (name, owner, until_at) VALUES ('host:%s', 'x', %s + (%d))", host,
                          now[suite_host[0].dialect], left_ms));
}

static void add_declaration(const char *host, const char *client_key, const char *code)
{
    suite_do(apr_psprintf(suite_pool,
                          "INSERT INTO dygw_declarations (host, client_key, code, fingerprint) "
                          "VALUES ('%s', '%s', '%s', 'f')",
                          host, client_key, code));
}

static int holders(const char *client_key, const char *code)
{
    dygw_db_t *db = suite_open(0);
    int live = -1;

    assert_int_equal(dygw_store_declaration_holders(db, client_key, code, &live), APR_SUCCESS);
    dygw_db_close(db);
    return live;
}

static void test_live_hosts_are_counted(DYGW_UNUSED void **state)
{
    const char *live = suite_unique_text("live"), *another = suite_unique_text("another");
    const char *dead = suite_unique_text("dead"), *silent = suite_unique_text("silent");
    const char *key = suite_unique_text("key-"), *code = suite_unique_text("code_");

    assert_int_equal(holders(key, code), 0);
    add_host(dead, -1);
    add_declaration(dead, key, code);
    add_declaration(silent, key, code); /* it has no lease at all */
    assert_int_equal(holders(key, code), 0);
    add_host(live, 50000);
    add_declaration(live, key, code);
    add_declaration(live, suite_unique_text("key-"), suite_unique_text("code_"));
    assert_int_equal(holders(key, code), 1);
    add_host(another, 50000);
    add_declaration(another, key, suite_unique_text("code_"));
    assert_int_equal(holders(key, code), 2);
    assert_int_equal(holders(suite_unique_text("key-"), code), 1);
    assert_int_equal(holders(key, NULL), 2);
    suite_do("DELETE FROM dygw_leases WHERE name <> 'worker'");
    suite_do("DELETE FROM dygw_declarations");
}

void suite_declaring(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_many_changes_are_one),
        SUITE_TEST(test_what_failed_leaves_nothing),
        SUITE_TEST(test_what_is_taken_fails_as_a_whole),
        SUITE_TEST(test_live_hosts_are_counted),
    };

    SUITE_ADD(tests);
}
