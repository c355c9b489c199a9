/* SPDX-License-Identifier: Apache-2.0
 * What a diagnosis makes of the database, and of what is kept there.
 * links: gateway/diagnosis/apps.c gateway/diagnosis/database.c gateway/diagnosis/finding.c gateway/declared.c
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

#include "gateway/host.h"
#include "gateway/apps/apps.h"
#include "gateway/apps/declarations.h"
#include "gateway/apps/declare.h"
#include "store/lease.h"
#include "store/token.h"
#include "store/db/schema.h"
#include "util/compiler.h"

#define NOW      APR_INT64_C(1767225600000)
#define WANTED   3
#define TOO_SLOW apr_time_from_msec(101)

/* --- the database, as a test wants it --- */

static struct {
    apr_pool_t *pool;
    apr_status_t open, schema, token, tick; /* what these give */
    int version;
    dygw_db_writes_e writes;
    int slow_trips;  /* so many round trips take TOO_SLOW */
    dygw_ms_t ahead; /* of its clock */
    int connections, max_connections;
    dygw_ms_t lease_age_ms;
    dygw_ms_t now;
    dygw_host_t host;
    dygw_declared_t *declared;
    const char *in_the_way; /* an app of the database has the code of this declared one */
    const char *other_host; /* that declares otherwise */
} world;

apr_status_t dygw_db_open(dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source, DYGW_UNUSED const dygw_log_t *log,
                          apr_pool_t *pool)
{
    *db = apr_palloc(pool, 1); /* nobody looks into it */
    return world.open;
}

void dygw_db_close(DYGW_UNUSED dygw_db_t *db)
{
}

apr_pool_t *dygw_db_pool(DYGW_UNUSED const dygw_db_t *db)
{
    return world.pool;
}

const char *dygw_dialect_word(DYGW_UNUSED dygw_dialect_e dialect)
{
    return "pgsql";
}

int dygw_schema_wanted(void)
{
    return WANTED;
}

apr_status_t dygw_schema_version(DYGW_UNUSED dygw_db_t *db, int *version)
{
    *version = world.version;
    return world.schema;
}

const char *dygw_schema_next_file(DYGW_UNUSED dygw_dialect_e dialect, int version)
{
    return apr_psprintf(world.pool, "pgsql/%04d_more.sql", version + 1);
}

apr_status_t dygw_store_server(DYGW_UNUSED dygw_db_t *db, dygw_server_t *server)
{
    if (world.slow_trips-- > 0) {
        apr_sleep(TOO_SLOW);
    }
    *server = (dygw_server_t){ apr_time_as_msec(apr_time_now()) + world.ahead, world.max_connections };
    return APR_SUCCESS;
}

dygw_db_writes_e dygw_host_writes(DYGW_UNUSED const dygw_gateway_t *gateway)
{
    return world.writes;
}

apr_status_t dygw_store_token_get(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED dygw_token_row_t *row,
                                  DYGW_UNUSED apr_pool_t *pool)
{
    return world.token;
}

apr_status_t dygw_store_app_each(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED apr_int64_t *version,
                                 DYGW_UNUSED dygw_store_app_fn *each, DYGW_UNUSED void *baton)
{
    return APR_SUCCESS;
}

const char *dygw_app_seal_purpose(DYGW_UNUSED apr_pool_t *pool, const char *client_key)
{
    return client_key;
}

int dygw_declared_signs_for(DYGW_UNUSED const dygw_declared_t *declared, DYGW_UNUSED const dygw_app_t *app)
{
    return 0;
}

apr_status_t dygw_declared_each_trouble(DYGW_UNUSED const dygw_ctx_t *ctx, DYGW_UNUSED dygw_db_t *db,
                                        dygw_declared_trouble_fn *each, void *baton)
{
    for (int i = 0; i < world.declared->apps->nelts; i++) {
        dygw_declared_trouble_t trouble = { .app = APR_ARRAY_IDX(world.declared->apps, i, dygw_declared_app_t *) };

        if (!trouble.app->secret) {
            trouble.state = DYGW_DECLARED_UNREAD;
        }
        if (world.in_the_way && strcmp(trouble.app->code, world.in_the_way) == 0) {
            trouble.state = DYGW_DECLARED_CONFLICT;
            trouble.field = "code";
            trouble.other = "the other one";
            trouble.other_id = 5;
        }
        each(baton, &trouble);
    }
    return APR_SUCCESS;
}

apr_status_t dygw_declarations_differ(const dygw_ctx_t *ctx, DYGW_UNUSED dygw_db_t *db,
                                      apr_array_header_t **differences)
{
    *differences = apr_array_make(ctx->pool, 1, sizeof(dygw_difference_t));
    if (world.other_host) {
        APR_ARRAY_PUSH(*differences, dygw_difference_t)
            = (dygw_difference_t){ .host = world.other_host, .count = 2, .names = "pos (differs), kiosk (only here)" };
    }
    return APR_SUCCESS;
}

apr_status_t dygw_store_tick(DYGW_UNUSED dygw_db_t *db, dygw_tick_t *tick, DYGW_UNUSED apr_pool_t *pool)
{
    tick->lease_age_ms = world.lease_age_ms;
    return world.tick;
}

dygw_host_t *dygw_host_lock(DYGW_UNUSED dygw_gateway_t *gateway)
{
    return &world.host;
}

void dygw_host_unlock(DYGW_UNUSED dygw_gateway_t *gateway)
{
}

static dygw_ms_t now(void)
{
    return world.now;
}

/* --- diagnosing --- */

static int setup(DYGW_UNUSED void **state)
{
    memset(&world, 0, sizeof world);
    apr_pool_create(&world.pool, NULL);
    world.version = WANTED;
    world.connections = 10;
    world.max_connections = 100;
    world.lease_age_ms = 3000;
    world.now = NOW;
    dygw_clock_set(now);
    return 0;
}

static int teardown(DYGW_UNUSED void **state)
{
    dygw_clock_set(NULL);
    apr_pool_destroy(world.pool);
    return 0;
}

static json_t *diagnose_all(void)
{
    static const dygw_log_t log = { 0 };
    dygw_db_source_t source = { .dialect = DYGW_PGSQL };
    dygw_gateway_t gateway = { .db = &source, .declared = world.declared };
    dygw_findings_t findings = { 0 };
    const dygw_ctx_t ctx = { &gateway, &log, world.pool };
    dygw_diagnosis_t d = { .ctx = &ctx, .findings = &findings, .connections = world.connections };

    return diagnosing(&d, dygw_diagnose_database);
}

/* Of a gateway that declares no apps. */
static json_t *diagnose(void)
{
    json_t *checks = diagnose_all();

    assert_int_equal(json_array_size(checks), 6);
    return checks;
}

/* Of one check of a new diagnosis. */
static const char *verdict(const char *name)
{
    return diagnosing_verdict(diagnose(), name, world.pool);
}

static const char *detail(const char *name, const char *key)
{
    return diagnosing_detail(diagnose(), name, key, world.pool);
}

/* --- the server --- */

static void a_database_that_answers_slowly_is_told(DYGW_UNUSED void **state)
{
    assert_string_equal(verdict("database"), "pass");
    world.slow_trips = 2; /* the first is slow as a rule, the quickest counts */
    assert_string_equal(verdict("database"), "pass");
    world.slow_trips = 3;
    assert_string_equal(verdict("database"), "warn slow");
}

static void a_database_that_cannot_be_used_is_not_asked(DYGW_UNUSED void **state)
{
    world.host.database_state = DYGW_DB_FOREIGN;
    assert_string_equal(verdict("database"), "fail foreign");
    world.host.database_state = DYGW_DB_FILES;
    assert_string_equal(verdict("database"), "fail files");
    world.host.database_state = DYGW_DB_DAMAGED;
    assert_string_equal(verdict("database"), "fail damaged");
    assert_string_equal(verdict("schema"), "skipped no_database");
    world.host.database_state = DYGW_DB_SCHEMA;
    assert_string_equal(verdict("database"), "pass");
}

static void a_database_that_cannot_be_written_is_told(DYGW_UNUSED void **state)
{
    world.slow_trips = 3;
    world.writes = DYGW_WRITES_READONLY;
    assert_string_equal(verdict("database"), "fail readonly");
    world.writes = DYGW_WRITES_FAIL;
    assert_string_equal(verdict("database"), "fail unwritable");
    world.open = APR_EGENERAL;
    assert_string_equal(verdict("database"), "fail unreachable");
}

static void without_a_database_there_is_nothing_to_be_found(DYGW_UNUSED void **state)
{
    static const char *const others[] = { "database_clock", "schema", "connections", "master_key", "worker" };
    size_t i;

    world.open = APR_EGENERAL;
    assert_string_equal(verdict("database"), "fail unreachable");
    world.open = APR_SUCCESS;
    world.schema = APR_EGENERAL;
    assert_string_equal(verdict("database"), "fail unreachable");
    for (i = 0; i < sizeof others / sizeof *others; i++) {
        assert_string_equal(verdict(others[i]), "skipped no_database");
    }
}

static void its_clock_may_be_a_little_off(DYGW_UNUSED void **state)
{
    static const struct {
        dygw_ms_t ahead;
        const char *verdict;
    } cases[] = { { 0, "pass" },
                  { 500, "pass" },
                  { -500, "pass" },
                  { 1500, "warn clock_off" },
                  { -1500, "warn clock_off" },
                  { 59000, "warn clock_off" },
                  { 61000, "fail clock_off" },
                  { -3600000, "fail clock_off" } };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        world.ahead = cases[i].ahead;
        assert_string_equal(verdict("database_clock"), cases[i].verdict);
    }
}

static void a_server_has_to_have_the_connections(DYGW_UNUSED void **state)
{
    static const struct {
        int needed;
        const char *verdict;
    } cases[] = { { 80, "pass" }, { 81, "warn nearly_full" }, { 100, "warn nearly_full" }, { 101, "fail too_many" } };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        world.connections = cases[i].needed;
        assert_string_equal(verdict("connections"), cases[i].verdict);
    }
    world.max_connections = 0;
    assert_string_equal(verdict("connections"), "skipped no_server");
}

/* --- what is kept there --- */

static void a_schema_that_is_behind_is_told_with_its_next_file(DYGW_UNUSED void **state)
{
    world.version = 1;
    assert_string_equal(verdict("schema"), "fail behind");
    assert_string_equal(detail("schema", "next_file"), "pgsql/0002_more.sql");
    assert_string_equal(verdict("master_key"), "skipped no_schema");
    assert_string_equal(verdict("worker"), "skipped no_schema");
    world.version = WANTED + 1; /* a newer one has all of it */
    assert_string_equal(verdict("schema"), "pass");
}

static void the_background_is_at_work_while_its_lease_is_renewed(DYGW_UNUSED void **state)
{
    static const struct {
        dygw_ms_t age;
        const char *verdict;
    } cases[] = { { 0, "pass" },
                  { DYGW_LEASE_STALLED_MS, "pass" },
                  { DYGW_LEASE_STALLED_MS + 1, "fail stalled" },
                  { -1, "fail stalled" } };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        world.lease_age_ms = cases[i].age;
        assert_string_equal(verdict("worker"), cases[i].verdict);
    }
    assert_null(detail("worker", "age_ms")); /* it never was */
}

static void tables_that_cannot_be_read_tell_nothing(DYGW_UNUSED void **state)
{
    world.token = world.tick = APR_EGENERAL;
    assert_string_equal(verdict("database"), "pass");
    assert_string_equal(verdict("master_key"), "skipped no_database");
    assert_string_equal(verdict("worker"), "skipped no_database");
}

/* --- declared apps --- */

static dygw_declared_app_t *declares(const char *code)
{
    dygw_declared_app_t *app = apr_pcalloc(world.pool, sizeof(*app));
    const char *field;

    app->code = code;
    app->client_key = apr_pstrcat(world.pool, "key-of-", code, NULL);
    app->secret = "sk-of-a-test-4711";
    app->place = apr_pstrcat(world.pool, code, ".conf:7", NULL);
    assert_null(dygw_declared_add_app(world.declared, app, &field));
    return app;
}

static void declared_apps_are_told_where_there_are_any(DYGW_UNUSED void **state)
{
    world.declared = dygw_declared_create(world.pool);
    diagnose();
    declares("pos");
    declares("kiosk");
    assert_string_equal(diagnosing_verdict(diagnose_all(), "declared_apps", world.pool), "pass");
    assert_string_equal(diagnosing_detail(diagnose_all(), "declared_apps", "declared", world.pool), "2");
}

static void an_app_whose_secret_could_not_be_read_is_told_without_a_database_too(DYGW_UNUSED void **state)
{
    world.declared = dygw_declared_create(world.pool);
    declares("pos");
    declares("kiosk")->secret = NULL;
    for (world.open = APR_SUCCESS; world.open <= APR_EGENERAL; world.open += APR_EGENERAL) {
        const json_t *checks = diagnose_all();

        assert_string_equal(diagnosing_verdict(checks, "declared_app", world.pool), "fail unreadable_secret");
        assert_string_equal(diagnosing_detail(checks, "declared_app", "app", world.pool), "kiosk");
        assert_string_equal(diagnosing_detail(checks, "declared_app", "declared_in", world.pool), "kiosk.conf:7");
        assert_string_equal(diagnosing_detail(checks, "declared_apps", "wrong", world.pool), "1");
    }
}

static void an_app_in_the_way_of_a_declared_one_is_told(DYGW_UNUSED void **state)
{
    const json_t *checks;

    world.declared = dygw_declared_create(world.pool);
    world.in_the_way = "kiosk";
    declares("pos");
    declares("kiosk");
    checks = diagnose_all();
    assert_string_equal(diagnosing_verdict(checks, "declared_app", world.pool), "fail conflict");
    assert_string_equal(diagnosing_detail(checks, "declared_app", "app", world.pool), "kiosk");
    assert_string_equal(diagnosing_detail(checks, "declared_app", "field", world.pool), "code");
    assert_string_equal(diagnosing_detail(checks, "declared_app", "other", world.pool), "the other one");
    assert_string_equal(diagnosing_detail(checks, "declared_app", "other_id", world.pool), "5");
    world.open = APR_EGENERAL;
    assert_string_equal(diagnosing_verdict(diagnose_all(), "declared_apps", world.pool), "skipped no_database");
}

static void a_host_that_declares_otherwise_is_told(DYGW_UNUSED void **state)
{
    const json_t *checks;

    world.other_host = "b-1f2e";
    checks = diagnose_all();
    assert_string_equal(diagnosing_verdict(checks, "declared_host", world.pool), "warn differs");
    assert_string_equal(diagnosing_detail(checks, "declared_host", "host", world.pool), "b-1f2e");
    assert_string_equal(diagnosing_detail(checks, "declared_host", "wrong", world.pool), "2");
    world.version = WANTED - 1; /* nothing is known of hosts there */
    diagnose();
}

static void of_many_apps_in_trouble_the_first_are_told(DYGW_UNUSED void **state)
{
    const json_t *checks;

    world.declared = dygw_declared_create(world.pool);
    for (int i = 0; i < 25; i++) {
        declares(apr_psprintf(world.pool, "app%d", i))->secret = NULL;
    }
    checks = diagnose_all();
    assert_int_equal(json_array_size(checks), 6 + 20 + 1);
    assert_string_equal(diagnosing_verdict(checks, "declared_apps", world.pool), "fail more");
    assert_string_equal(diagnosing_detail(checks, "declared_apps", "more", world.pool), "5");
}

/* --- how often --- */

static void once_a_second_is_enough(DYGW_UNUSED void **state)
{
    dygw_gateway_t gateway = { 0 };

    assert_true(dygw_diagnosis_may_begin(&gateway));
    world.now += 999;
    assert_false(dygw_diagnosis_may_begin(&gateway));
    world.now++;
    assert_true(dygw_diagnosis_may_begin(&gateway));
    world.now -= 3600000; /* the clock was put back */
    assert_true(dygw_diagnosis_may_begin(&gateway));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_database_that_answers_slowly_is_told),
        TEST(a_database_that_cannot_be_used_is_not_asked),
        TEST(a_database_that_cannot_be_written_is_told),
        TEST(without_a_database_there_is_nothing_to_be_found),
        TEST(its_clock_may_be_a_little_off),
        TEST(a_server_has_to_have_the_connections),
        TEST(a_schema_that_is_behind_is_told_with_its_next_file),
        TEST(the_background_is_at_work_while_its_lease_is_renewed),
        TEST(tables_that_cannot_be_read_tell_nothing),
        TEST(declared_apps_are_told_where_there_are_any),
        TEST(an_app_whose_secret_could_not_be_read_is_told_without_a_database_too),
        TEST(an_app_in_the_way_of_a_declared_one_is_told),
        TEST(a_host_that_declares_otherwise_is_told),
        TEST(of_many_apps_in_trouble_the_first_are_told),
        TEST(once_a_second_is_enough),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    failed = cmocka_run_group_tests_name("gateway_diagnose_database", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
