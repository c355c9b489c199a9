/* SPDX-License-Identifier: Apache-2.0
 * Hosts, and what they declare: dygw_declarations, and the rows of hosts in dygw_leases. */
#include "suite.h"

#include "store/declaration.h"
#include "util/compiler.h"

#define LATE_MS 100 /* what the tests themselves may take is more than enough time for the rest */

static const char *host_name(const char *prefix)
{
    return suite_unique_text(prefix);
}

static apr_array_header_t *declared(int count, const char *fingerprint)
{
    apr_array_header_t *all = apr_array_make(suite_pool, count, sizeof(dygw_declaration_t));
    int i;

    for (i = 0; i < count; i++) {
        APR_ARRAY_PUSH(all, dygw_declaration_t) = (dygw_declaration_t){
            .client_key = apr_psprintf(suite_pool, "key-%d", i),
            .code = apr_psprintf(suite_pool, "code-%d", i),
            .fingerprint = fingerprint,
            .declared_in = i ? "/etc/dygw.conf:7" : NULL,
        };
    }
    return all;
}

static apr_status_t declares(int site, const char *host, const char *digest, const apr_array_header_t *declarations)
{
    dygw_db_t *db = suite_open(site);
    apr_status_t rv = dygw_store_host_declares(db, host, digest, declarations);

    dygw_db_close(db);
    return rv;
}

/* NULL: there is none. */
static const dygw_host_row_t *host_row(const char *host)
{
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *hosts;
    int i;

    assert_int_equal(dygw_store_hosts(db, &hosts, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    for (i = 0; i < hosts->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(hosts, i, dygw_host_row_t).host, host) == 0) {
            return &APR_ARRAY_IDX(hosts, i, dygw_host_row_t);
        }
    }
    return NULL;
}

/* What the host declares, in the order of client_keys. */
static apr_array_header_t *of_host(const char *host)
{
    apr_array_header_t *of = apr_array_make(suite_pool, 1, sizeof(dygw_declaration_t));
    apr_array_header_t *all;
    dygw_db_t *db = suite_open(0);
    int i;

    assert_int_equal(dygw_store_declarations(db, &all, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    for (i = 0; i < all->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(all, i, dygw_declaration_t).host, host) == 0) {
            APR_ARRAY_PUSH(of, dygw_declaration_t) = APR_ARRAY_IDX(all, i, dygw_declaration_t);
        }
    }
    return of;
}

static int holders(const char *client_key, const char *code)
{
    dygw_db_t *db = suite_open(0);
    int live = -1;

    assert_int_equal(dygw_store_declaration_holders(db, client_key, code, &live), APR_SUCCESS);
    dygw_db_close(db);
    return live;
}

/* As if so much time had passed since the host was seen. */
static void let_pass(const char *host, dygw_ms_t ms)
{
    suite_do(apr_psprintf(suite_pool,
                          "UPDATE dygw_leases SET until_at = until_at - %" APR_INT64_T_FMT " WHERE name = 'host:%s'",
                          ms, host));
}

static void test_a_host_declares_and_is_live(DYGW_UNUSED void **state)
{
    const char *host = host_name("web-");
    const dygw_declaration_t *d;
    apr_array_header_t *of;

    assert_null(host_row(host));
    assert_int_equal(declares(0, host, "digest", declared(2, "print")), APR_SUCCESS);
    assert_true(host_row(host)->is_live);
    assert_string_equal(host_row(host)->digest, "digest");
    assert_false(host_row(host)->is_forgotten);
    of = of_host(host);
    assert_int_equal(of->nelts, 2);
    d = &APR_ARRAY_IDX(of, 1, dygw_declaration_t);
    assert_string_equal(d->client_key, "key-1");
    assert_string_equal(d->code, "code-1");
    assert_string_equal(d->fingerprint, "print");
    assert_string_equal(d->declared_in, "/etc/dygw.conf:7");
    assert_true(d->is_live);
    assert_null(APR_ARRAY_IDX(of, 0, dygw_declaration_t).declared_in);
}

static void test_what_it_declares_next_replaces_that(DYGW_UNUSED void **state)
{
    const char *host = host_name("web-");
    const char *other = host_name("other-");

    assert_int_equal(declares(0, host, "digest", declared(3, "print")), APR_SUCCESS);
    assert_int_equal(declares(0, other, "digest", declared(3, "print")), APR_SUCCESS);
    assert_int_equal(declares(0, host, "another", declared(1, "changed")), APR_SUCCESS);
    assert_string_equal(host_row(host)->digest, "another");
    assert_int_equal(of_host(host)->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(of_host(host), 0, dygw_declaration_t).fingerprint, "changed");
    assert_int_equal(of_host(other)->nelts, 3);
    assert_int_equal(declares(0, host, "none", declared(0, NULL)), APR_SUCCESS);
    assert_int_equal(of_host(host)->nelts, 0);
    assert_true(host_row(host)->is_live);
}

static void test_what_fails_half_way_changes_nothing(DYGW_UNUSED void **state)
{
    const char *host = host_name("web-");
    apr_array_header_t *twice = declared(2, "changed");

    assert_int_equal(declares(0, host, "digest", declared(2, "print")), APR_SUCCESS);
    APR_ARRAY_IDX(twice, 1, dygw_declaration_t).client_key = "key-0";
    assert_int_not_equal(declares(0, host, "another", twice), APR_SUCCESS);
    assert_string_equal(host_row(host)->digest, "digest");
    assert_int_equal(of_host(host)->nelts, 2);
}

static void test_two_hosts_at_once(DYGW_UNUSED void **state)
{
    const char *first = host_name("web-");
    const char *second = host_name("web-");

    assert_int_equal(declares(0, first, "digest", declared(2, "print")), APR_SUCCESS);
    assert_int_equal(declares(1, second, "digest", declared(2, "print")), APR_SUCCESS);
    assert_int_equal(declares(1, first, "digest", declared(1, "print")), APR_SUCCESS);
    assert_int_equal(of_host(first)->nelts, 1);
    assert_int_equal(of_host(second)->nelts, 2);
}

static apr_status_t renew(const char *host)
{
    dygw_db_t *db = suite_open(0);
    apr_status_t rv = dygw_store_host_renew(db, host);

    dygw_db_close(db);
    return rv;
}

static void test_a_host_that_is_not_renewed_is_not_live(DYGW_UNUSED void **state)
{
    const char *host = host_name("web-");

    assert_int_equal(renew(host), APR_NOTFOUND);
    assert_int_equal(declares(0, host, "digest", declared(1, "print")), APR_SUCCESS);
    let_pass(host, DYGW_HOST_TTL_MS + LATE_MS);
    assert_false(host_row(host)->is_live);
    assert_false(APR_ARRAY_IDX(of_host(host), 0, dygw_declaration_t).is_live);
    assert_int_equal(renew(host), APR_SUCCESS);
    assert_true(host_row(host)->is_live);
    assert_string_equal(host_row(host)->digest, "digest");
    assert_int_equal(of_host(host)->nelts, 1);
}

/* It was renewed before the database's clock was set back. */
static void test_a_host_that_is_live_for_too_long_is_not(DYGW_UNUSED void **state)
{
    const char *host = host_name("web-");
    const char *key = suite_unique_text("key-");
    apr_array_header_t *apps = declared(1, "print");

    APR_ARRAY_IDX(apps, 0, dygw_declaration_t).client_key = key;
    assert_int_equal(declares(0, host, "digest", apps), APR_SUCCESS);
    assert_int_equal(holders(key, "none"), 1);
    let_pass(host, -DYGW_HOST_TTL_MS - LATE_MS);
    assert_false(host_row(host)->is_live);
    assert_int_equal(holders(key, "none"), 0);
}

static void test_holders_are_live_hosts_that_have_the_key_or_the_code(DYGW_UNUSED void **state)
{
    const char *first = host_name("web-");
    const char *second = host_name("web-");
    apr_array_header_t *apps = declared(2, "print");
    const char *key = suite_unique_text("key-");
    const char *code = suite_unique_text("code-");

    APR_ARRAY_IDX(apps, 0, dygw_declaration_t).client_key = key;
    APR_ARRAY_IDX(apps, 1, dygw_declaration_t).code = code;
    assert_int_equal(holders(key, code), 0);
    assert_int_equal(declares(0, first, "digest", apps), APR_SUCCESS);
    assert_int_equal(declares(0, second, "digest", apps), APR_SUCCESS);
    assert_int_equal(holders(key, code), 2);
    assert_int_equal(holders(key, "none"), 2);
    assert_int_equal(holders("none", code), 2);
    assert_int_equal(holders(key, NULL), 2);
    assert_int_equal(holders("none", "none"), 0);
    let_pass(first, DYGW_HOST_TTL_MS + LATE_MS);
    assert_int_equal(holders(key, code), 1);
    let_pass(second, DYGW_HOST_TTL_MS + LATE_MS);
    assert_int_equal(holders(key, code), 0);
}

static void test_holders_within_a_transaction(DYGW_UNUSED void **state)
{
    const char *host = host_name("web-");
    dygw_db_t *db;
    int live;

    assert_int_equal(declares(0, host, "digest", declared(1, "print")), APR_SUCCESS);
    db = suite_open(0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(dygw_store_declaration_holders(db, "key-0", "code-0", &live), APR_SUCCESS);
    assert_true(live > 0);
    assert_int_equal(dygw_store_host_renew(db, host), APR_SUCCESS);
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    dygw_db_close(db);
}

static void test_a_host_that_is_gone_for_long_is_forgotten(DYGW_UNUSED void **state)
{
    const char *host = host_name("web-");
    dygw_db_t *db;

    assert_int_equal(declares(0, host, "digest", declared(2, "print")), APR_SUCCESS);
    let_pass(host, DYGW_HOST_TTL_MS + DYGW_HOST_KEPT_MS - 60000);
    assert_false(host_row(host)->is_forgotten);
    db = suite_open(0);
    assert_int_equal(dygw_store_host_forget(db, host), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(of_host(host)->nelts, 2);
    let_pass(host, 120000);
    assert_true(host_row(host)->is_forgotten);
    db = suite_open(0);
    assert_int_equal(dygw_store_host_forget(db, host), APR_SUCCESS);
    dygw_db_close(db);
    assert_null(host_row(host));
    assert_int_equal(of_host(host)->nelts, 0);
}

static void test_the_lease_of_the_work_is_no_host(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    apr_array_header_t *hosts;
    int i;

    dygw_store_lease_take(db, DYGW_LEASE_WORKER, "me", DYGW_HOST_TTL_MS);
    assert_int_equal(dygw_store_hosts(db, &hosts, suite_pool), APR_SUCCESS);
    for (i = 0; i < hosts->nelts; i++) {
        assert_string_not_equal(APR_ARRAY_IDX(hosts, i, dygw_host_row_t).host, "worker");
    }
    dygw_store_lease_release(db, DYGW_LEASE_WORKER, "me");
    dygw_db_close(db);
}

/* --- the secrets of apps that were taken over --- */

static int fill_entry(DYGW_UNUSED void *baton, DYGW_UNUSED dygw_app_t *app, dygw_audit_entry_t *entry)
{
    *entry = (dygw_audit_entry_t){ .id = suite_unique(), .at = T0, .actor = "z", .action = "app.create" };
    return 1;
}

static apr_int64_t make_app(dygw_app_source_e source, const char *sealed)
{
    dygw_app_t app = { .name = "till",
                       .client_key = suite_unique_text("erase-"),
                       .secret_sealed = sealed,
                       .old_secret_sealed = "old",
                       .old_secret_until = T0,
                       .source = source,
                       .created_at = T0,
                       .updated_at = T0,
                       .last_used_at = DYGW_NO_TIME };
    dygw_db_t *db = suite_open(0);
    const char *taken;

    assert_int_equal(dygw_store_app_insert(db, &app, fill_entry, NULL, &taken), APR_SUCCESS);
    dygw_db_close(db);
    return app.id;
}

static apr_status_t erase(apr_int64_t id, const char *from, const dygw_app_t **after, int *raised)
{
    dygw_db_t *db = suite_open(0);
    apr_int64_t before, version;
    dygw_app_t *app;
    apr_status_t rv;

    assert_int_equal(dygw_store_app_version(db, &before), APR_SUCCESS);
    dygw_db_close(db);
    db = suite_open(0);
    rv = dygw_store_app_erase(db, id, from);
    dygw_db_close(db);
    db = suite_open(0);
    assert_int_equal(dygw_store_app_get(db, id, &app, suite_pool), APR_SUCCESS);
    dygw_db_close(db);
    db = suite_open(0);
    assert_int_equal(dygw_store_app_version(db, &version), APR_SUCCESS);
    dygw_db_close(db);
    *after = app;
    *raised = version != before;
    return rv;
}

static void test_a_stored_secret_is_erased_as_it_was_read(DYGW_UNUSED void **state)
{
    apr_int64_t id = make_app(DYGW_APP_OF_CONFIG, "sealed");
    const dygw_app_t *app;
    int raised;

    assert_int_equal(erase(id, "another", &app, &raised), APR_NOTFOUND);
    assert_string_equal(app->secret_sealed, "sealed");
    assert_false(raised);
    assert_int_equal(erase(id, "sealed", &app, &raised), APR_SUCCESS);
    assert_string_equal(app->secret_sealed, "");
    assert_null(app->old_secret_sealed);
    assert_int_equal(app->old_secret_until, DYGW_NO_TIME);
    assert_true(raised);
}

static void test_the_secret_of_an_app_of_the_database_is_not_erased(DYGW_UNUSED void **state)
{
    apr_int64_t id = make_app(DYGW_APP_OF_DATABASE, "sealed");
    const dygw_app_t *app;
    int raised;

    assert_int_equal(erase(id, "sealed", &app, &raised), APR_NOTFOUND);
    assert_string_equal(app->secret_sealed, "sealed");
    assert_string_equal(app->old_secret_sealed, "old");
}

void suite_declarations(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_a_host_declares_and_is_live),
        SUITE_TEST(test_what_it_declares_next_replaces_that),
        SUITE_TEST(test_what_fails_half_way_changes_nothing),
        SUITE_TEST(test_two_hosts_at_once),
        SUITE_TEST(test_a_host_that_is_not_renewed_is_not_live),
        SUITE_TEST(test_a_host_that_is_live_for_too_long_is_not),
        SUITE_TEST(test_holders_are_live_hosts_that_have_the_key_or_the_code),
        SUITE_TEST(test_holders_within_a_transaction),
        SUITE_TEST(test_a_host_that_is_gone_for_long_is_forgotten),
        SUITE_TEST(test_the_lease_of_the_work_is_no_host),
        SUITE_TEST(test_a_stored_secret_is_erased_as_it_was_read),
        SUITE_TEST(test_the_secret_of_an_app_of_the_database_is_not_erased),
    };

    SUITE_ADD(tests);
}
