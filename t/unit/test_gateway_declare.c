/* SPDX-License-Identifier: Apache-2.0
 * Apps that httpd.conf declares: how they sign in, their rows, and whose way they are in.
 * links: gateway/apps/apps.c gateway/ask.c gateway/apps/audit.c
 * links: gateway/apps/declare.c gateway/declared.c gateway/host.c gateway/token.c gateway/db_work.c
 * helpers: declaring.c fake_world.c fake_store.c fake_apps.c fake_declarations.c fake_douyin.c own_pool.c */
#include "support/declaring.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/host.h"
#include "util/compiler.h"

#define MANY 500

/* --- signing in --- */

static void with_the_database_away_a_declared_app_is_found(DYGW_UNUSED void **state)
{
    dygw_declared_app_t *app = declare("pos", "key-1");

    app->old_secret = "the one before";
    app->allow_token_read = 1;
    fake_store_fail(FAKE_OPEN, 0, 99, APR_EGENERAL, 0);
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_true(known->id == 0);
    assert_string_equal(known->name, "till");
    assert_string_equal(known->client_key, "key-1");
    assert_string_equal(known->secret, "declared secret of key-1");
    assert_string_equal(known->old_secret, "the one before");
    assert_true(known->is_declared);
    assert_true(known->allow_token_read);
    assert_null(known->poi_ids);
    assert_int_equal(known->rate_per_second, 5);
    assert_int_equal(known->rate_burst, 10);
    assert_int_equal(find("nobody"), APR_EGENERAL);
}

static void a_database_that_is_away_is_tried_once_a_second_for_declared_apps(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    fake_store_fail(FAKE_OPEN, 0, 2, APR_EGENERAL, 0);
    find("key-1");
    find("key-1");
    assert_int_equal(fake_store_calls(FAKE_OPEN), 1);
    fake_clock_advance(1000);
    find("key-1");
    assert_int_equal(fake_store_calls(FAKE_OPEN), 2);
    fake_clock_advance(1000);
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_true(known->id == 1);
}

static void find_meanwhile(void)
{
    dygw_known_app_t *other;

    fake_store_while_reading_apps = NULL;
    assert_int_equal(dygw_apps_find(FAKE_CTX(gateway, pool), apps, "key-1", &other), APR_SUCCESS);
    assert_true(other->id == 0);
}

/* A unit of database work of its own would fail this test. */
static void while_one_waits_for_a_database_that_is_away_others_do_not(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    gateway->host->database_state = DYGW_DB_UNREACHABLE;
    fake_store_while_reading_apps = find_meanwhile;
    assert_int_equal(find("key-1"), APR_SUCCESS);
}

static void the_first_request_makes_the_row(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_true(known->id == 1);
    fake_trace();
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_int_equal(find("nobody"), APR_NOTFOUND);
    assert_string_equal(fake_trace(), "");
}

/* Else the host that looks after what is gone would take the app for that. */
static void what_this_host_declares_is_stored_before_the_row(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    find("nobody");
    fake_trace();
    find("key-1");
    assert_string_equal(fake_trace(), "open apps declarations apps_begin apps app_add apps_end close open apps close");
}

/* Other hosts are not reloaded yet, and this one has not told what it declares. */
static void a_request_takes_no_app_over(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    record(1, "pos", "key-1");
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_true(known->id == 1);
    assert_int_equal(fake_store_app(0)->source, DYGW_APP_OF_DATABASE);
    assert_int_equal(fake_store_entries(), 0);
}

/* A request that was under way when Apache was reloaded. */
static void a_child_of_an_earlier_generation_makes_no_rows(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    gateway->host->generation = gateway->generation + 1;
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_true(known->id == 0);
    assert_int_equal(fake_store_entries(), 0);
}

static void the_row_that_another_host_has_made_is_found(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    find("nobody");
    leave_row(1, "pos", "key-1");
    find("key-1");
    assert_true(known->id == 1);
    assert_int_equal(fake_store_entries(), 0);
}

static void a_row_that_cannot_be_made_refuses_nobody_and_is_tried_once_a_second(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    fake_store_fail(FAKE_APP_ADD, 0, 2, APR_EGENERAL, 0); /* a second unit is tried, too */
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_true(known->id == 0);
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_int_equal(fake_store_calls(FAKE_APP_ADD), 2);
    fake_clock_advance(1000);
    find("key-1");
    assert_true(known->id == 1);
}

static void no_row_is_made_while_the_database_is_away(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    find("nobody"); /* the apps are read */
    gateway->host->database_state = DYGW_DB_UNREACHABLE;
    fake_trace();
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_true(known->id == 0);
    assert_string_equal(fake_trace(), "");
    gateway->host->database_state = DYGW_DB_OK;
    find("key-1");
    assert_true(known->id == 1);
}

static void the_files_secrets_count_and_no_other(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    record(1, "pos", "key-1");
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_true(known->id == 1);
    assert_string_equal(known->secret, "declared secret of key-1");
    assert_null(known->old_secret);
}

/* Other hosts may still need it. */
static void a_secret_that_is_kept_signs_no_more_where_the_app_is_declared(DYGW_UNUSED void **state)
{
    declare("pos", "key-2");
    record(1, "pos", "key-1")->source = DYGW_APP_OF_CONFIG;
    assert_int_equal(find("key-1"), APR_NOTFOUND);
    assert_int_equal(find("key-2"), APR_SUCCESS);
    assert_true(known->id == 1);
}

static void what_the_file_says_counts_before_the_row_is_refreshed(DYGW_UNUSED void **state)
{
    dygw_declared_app_t *app = declare("pos", "key-2");

    app->is_disabled = 1;
    app->rate_per_second = 0;
    leave_row(1, "pos", "key-1");
    assert_int_equal(find("key-2"), APR_SUCCESS);
    assert_true(known->id == 1);
    assert_int_equal(known->status, DYGW_APP_DISABLED);
    assert_int_equal(known->rate_per_second, 0);
    assert_int_equal(find("key-1"), APR_NOTFOUND);
}

static void an_app_without_its_secret_is_refused(DYGW_UNUSED void **state)
{
    declare("pos", "key-1")->secret = NULL;
    record(1, "pos", "key-1");
    assert_int_equal(find("key-1"), APR_EACCES);
    assert_true(known->is_declared);
    fake_store_fail(FAKE_OPEN, 0, 1, APR_EGENERAL, 0);
    reload();
    declare("pos", "key-1")->secret = NULL;
    assert_int_equal(find("key-1"), APR_EACCES);
}

/* Another host declares it: this one serves it as long as its old secret stands there. */
static void an_app_that_is_not_declared_here_is_served_while_it_has_a_secret(DYGW_UNUSED void **state)
{
    record(1, "pos", "key-1")->source = DYGW_APP_OF_CONFIG;
    leave_row(2, "kiosk", "key-2");
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_string_equal(known->secret, "recorded secret of key-1");
    assert_int_equal(find("key-2"), APR_NOTFOUND);
    assert_int_equal(fake_logged("DYGW0420"), 0);
}

/* --- the rows --- */

static void a_row_mirrors_all_but_the_secret(DYGW_UNUSED void **state)
{
    dygw_declared_app_t *app = declare("pos", "key-1");
    const dygw_app_t *row;
    const dygw_audit_entry_t *entry;

    app->stores = apr_array_make(pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(app->stores, const char *) = "7001";
    app->allow_token_read = 1;
    declare_apps();
    row = fake_store_app(0);
    assert_string_equal(row->code, "pos");
    assert_string_equal(row->name, "till");
    assert_string_equal(row->client_key, "key-1");
    assert_string_equal(row->secret_sealed, "");
    assert_null(row->old_secret_sealed);
    assert_int_equal(row->source, DYGW_APP_OF_CONFIG);
    assert_string_equal(row->declared_in, "/etc/dygw.conf:12");
    assert_string_equal(APR_ARRAY_IDX(row->poi_ids, 0, const char *), "7001");
    assert_true(row->created_at == FAKE_START_MS && row->last_used_at == DYGW_NO_TIME);
    entry = fake_store_entry(0);
    assert_string_equal(entry->action, "app.declare");
    assert_string_equal(entry->actor, dygw_declare_actor(pool));
    assert_memory_equal(entry->actor, "config:", 7);
    assert_string_equal(entry->target, "app:1");
    assert_null(entry->before_state);
    assert_string_equal(entry->after_state,
                        "{\"name\":\"till\",\"code\":\"pos\",\"description\":null,\"client_key\":\"key-1\","
                        "\"status\":\"active\",\"allow_token_read\":true,\"poi_ids\":[\"7001\"],"
                        "\"source\":\"config\"}");
}

static void where_nothing_differs_nothing_is_written(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    declare_apps();
    fake_trace();
    declare_apps();
    reload();
    declare("pos", "key-1")->place = "/etc/dygw.conf:99"; /* moved down, and otherwise the same */
    declare_apps();
    assert_string_equal(fake_trace(), "open apps close open apps close");
    assert_int_equal(fake_store_entries(), 1);
}

static void five_hundred_apps_are_one_transaction(DYGW_UNUSED void **state)
{
    int i;

    for (i = 0; i < MANY; i++) {
        declare(apr_psprintf(pool, "pos-%d", i), apr_psprintf(pool, "key-%d", i));
    }
    declare_apps();
    assert_int_equal(fake_store_entries(), MANY);
    assert_int_equal(fake_store_calls(FAKE_APPS_BEGIN), 1);
    assert_int_equal(fake_store_calls(FAKE_APP_EACH), 2);
}

static void an_app_of_the_database_with_code_and_key_is_taken_over(DYGW_UNUSED void **state)
{
    const dygw_app_t *row;
    const char *sealed;

    declare("pos", "key-2");
    record(1, "other", "key-1");
    sealed = record(2, "pos", "key-2")->secret_sealed;
    fake_store_app(1)->description = "by the door";
    declare_apps();
    row = fake_store_app(1);
    assert_true(row->id == 2 && row->last_used_at == FAKE_START_MS - 5);
    assert_string_equal(row->secret_sealed, sealed); /* other hosts may need it yet */
    assert_string_equal(row->description, "by the door");
    assert_int_equal(row->source, DYGW_APP_OF_CONFIG);
    assert_string_equal(fake_store_entry(0)->before_state, "{\"name\":\"recorded\",\"source\":\"database\"}");
    assert_string_equal(fake_store_entry(0)->after_state, "{\"name\":\"till\",\"source\":\"config\"}");
    assert_int_equal(fake_store_app(0)->source, DYGW_APP_OF_DATABASE);
}

/* It may be a mistake, and the app of the database is all that there is. */
static void a_section_without_its_secret_takes_nothing_over(DYGW_UNUSED void **state)
{
    declare("pos", "key-1")->secret = NULL;
    record(1, "pos", "key-1");
    declare_apps();
    assert_int_equal(fake_store_app(0)->source, DYGW_APP_OF_DATABASE);
    assert_int_equal(fake_store_entries(), 0);
    assert_int_equal(find("key-1"), APR_EACCES);
}

static void the_row_follows_a_new_code(DYGW_UNUSED void **state)
{
    leave_row(1, "old", "key-1");
    declare("new", "key-1");
    declare_apps();
    assert_string_equal(fake_store_app(0)->code, "new");
    assert_int_equal(fake_store_entries(), 1);
    assert_string_equal(fake_store_entry(0)->before_state, "{\"code\":\"old\"}");
}

/* A secret that is still there was sealed for the old key. */
static void the_row_follows_a_new_client_key_and_drops_its_secrets(DYGW_UNUSED void **state)
{
    dygw_app_t *row = record(1, "pos", "key-1");

    row->source = DYGW_APP_OF_CONFIG;
    row->old_secret_sealed = row->secret_sealed;
    row->old_secret_until = FAKE_START_MS + 9;
    declare("pos", "key-2");
    declare_apps();
    row = fake_store_app(0);
    assert_string_equal(row->client_key, "key-2");
    assert_string_equal(row->secret_sealed, "");
    assert_null(row->old_secret_sealed);
    assert_true(row->old_secret_until == DYGW_NO_TIME);
}

static void apps_may_exchange_their_client_keys(DYGW_UNUSED void **state)
{
    leave_row(1, "pos", "key-1");
    leave_row(2, "kiosk", "key-2");
    leave_row(3, "web", "key-3");
    declare("pos", "key-2");
    declare("kiosk", "key-3");
    declare("web", "key-1");
    declare("new", "key-4");
    assert_int_equal(find("key-2"), APR_SUCCESS);
    assert_true(known->id == 1);
    declare_apps();
    assert_string_equal(fake_store_app(0)->client_key, "key-2");
    assert_string_equal(fake_store_app(1)->client_key, "key-3");
    assert_string_equal(fake_store_app(2)->client_key, "key-1");
    assert_string_equal(fake_store_app(3)->client_key, "key-4");
    assert_int_equal(fake_logged("DYGW0720"), 0);
}

/* Its row was that of a section that is gone. */
static void an_app_gets_the_client_key_that_another_section_left(DYGW_UNUSED void **state)
{
    leave_row(1, "pos", "key-1");
    leave_row(2, "kiosk", "key-2")->status = DYGW_APP_DISABLED;
    declare("pos", "key-2");
    declare_apps();
    assert_string_equal(fake_store_app(0)->client_key, "key-2");
    assert_string_equal(fake_store_app(1)->client_key, "given-up-by-2");
    assert_int_equal(fake_store_app(1)->status, DYGW_APP_DISABLED);
    assert_int_equal(fake_logged("DYGW0720"), 0);
    assert_int_equal(fake_store_entries(), 2);
    assert_string_equal(fake_store_entry(0)->action, "app.declare");
    assert_string_equal(fake_store_entry(0)->target, "app:2");
    assert_string_equal(fake_store_entry(0)->before_state, "{\"client_key\":\"key-2\"}");
    assert_string_equal(fake_store_entry(0)->after_state, "{\"client_key\":\"given-up-by-2\"}");
    assert_string_equal(fake_store_entry(1)->target, "app:1");
    assert_int_equal(find("key-2"), APR_SUCCESS);
    assert_true(known->id == 1);
    fake_trace();
    declare_apps();
    assert_string_equal(fake_trace(), "open apps close");
}

/* Hosts that do not declare either app serve it from the database. */
static void it_does_not_while_the_other_has_a_stored_secret(DYGW_UNUSED void **state)
{
    leave_row(1, "pos", "key-1");
    record(2, "kiosk", "key-2")->source = DYGW_APP_OF_CONFIG;
    declare("pos", "key-2");
    declare_apps();
    assert_string_equal(fake_store_app(1)->client_key, "key-2");
    assert_int_equal(fake_logged("DYGW0720"), 1);
}

static void an_app_that_was_gone_comes_back_as_declared(DYGW_UNUSED void **state)
{
    leave_row(1, "pos", "key-1")->status = DYGW_APP_DISABLED;
    declare("pos", "key-1");
    declare_apps();
    assert_int_equal(fake_store_app(0)->status, DYGW_APP_ACTIVE);
    assert_string_equal(fake_store_entry(0)->after_state, "{\"status\":\"active\"}");
}

static void what_fails_leaves_nothing_half_done(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    declare("kiosk", "key-2");
    fake_store_fail(FAKE_APP_ADD, 1, 1, APR_EGENERAL, 0);
    fake_store_fail(FAKE_APPS_BEGIN, 1, 1, APR_EGENERAL, 0);
    assert_int_equal(dygw_declare_apps(FAKE_CTX(gateway, pool)), APR_EGENERAL);
    assert_int_equal(fake_store_entries(), 0);
    declare_apps();
    assert_int_equal(fake_store_entries(), 2);
}

static void a_row_that_cannot_be_written_holds_no_other_up(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    declare("kiosk", "key-2");
    declare("web", "key-3");
    fake_store_fail(FAKE_APP_ADD, 0, 4, APR_EGENERAL, 0); /* two units, one for the first two, and for the first */
    assert_int_equal(dygw_declare_apps(FAKE_CTX(gateway, pool)), APR_EGENERAL);
    assert_int_equal(fake_store_entries(), 2);
    assert_int_equal(fake_logged("DYGW0743"), 1);
    assert_int_equal(fake_logged("DYGW0743: the row of <DygwApp pos> (/etc/dygw.conf:12) cannot be written"), 1);
    assert_int_equal(fake_logged("DYGW0721: apps declared in httpd.conf: 2 are new"), 1);
    find("key-3");
    assert_true(known->id > 0);
}

/* --- conflicts --- */

static dygw_metrics_t *make_metrics(void)
{
    void *memory = apr_palloc(pool, dygw_metrics_size());

    dygw_metrics_format(memory);
    return dygw_metrics_attach(memory, pool);
}

static void conflicts_are_counted_when_the_apps_have_changed(DYGW_UNUSED void **state)
{
    apr_int64_t looked_at = -1;
    dygw_app_t *other;

    gateway->metrics = make_metrics();
    declare("pos", "key-1");
    declare("till", "key-2");
    declare("kiosk", "key-3")->secret = NULL; /* counted elsewhere */
    other = record(1, "pos", "another-key");
    record(2, "tills", "key-2");
    dygw_declared_look(FAKE_CTX(gateway, pool), &looked_at, 1);
    assert_int_equal(dygw_gauged(gateway->metrics, DYGW_GAUGE_CONFLICTS), 2);
    other->code = "office";
    fake_trace();
    dygw_declared_look(FAKE_CTX(gateway, pool), &looked_at, 1);
    assert_string_equal(fake_trace(), "");
    fake_store_fail(FAKE_OPEN, 0, 1, APR_EGENERAL, 0);
    dygw_declared_look(FAKE_CTX(gateway, pool), &looked_at, 2);
    assert_int_equal(dygw_gauged(gateway->metrics, DYGW_GAUGE_CONFLICTS), 2);
    dygw_declared_look(FAKE_CTX(gateway, pool), &looked_at, 2);
    assert_int_equal(dygw_gauged(gateway->metrics, DYGW_GAUGE_CONFLICTS), 1);
}

static void where_nothing_is_declared_nothing_is_in_conflict(DYGW_UNUSED void **state)
{
    apr_int64_t looked_at = -1;

    gateway->metrics = make_metrics();
    dygw_gauge(gateway->metrics, DYGW_GAUGE_CONFLICTS, 3); /* of the generation before */
    gateway->declared = NULL;
    fake_trace();
    dygw_declared_look(FAKE_CTX(gateway, pool), &looked_at, 1);
    assert_string_equal(fake_trace(), "");
    assert_int_equal(dygw_gauged(gateway->metrics, DYGW_GAUGE_CONFLICTS), 0);
}

static void a_code_of_another_app_is_a_conflict(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    declare("kiosk", "key-3");
    record(1, "pos", "key-2");
    declare_apps();
    assert_int_equal(fake_logged("DYGW0720"), 1);
    assert_int_equal(fake_logged("<DygwApp pos> (/etc/dygw.conf:12) is not served: another app, pos (id 1), has its "
                                 "code"),
                     1);
    assert_int_equal(find("key-1"), APR_NOTFOUND);
    assert_int_equal(find("key-2"), APR_SUCCESS);
    assert_string_equal(known->secret, "recorded secret of key-2");
    assert_int_equal(find("key-3"), APR_SUCCESS); /* the rest is served */
    assert_true(known->id == 2);
    assert_string_equal(fake_store_app(0)->name, "recorded");
}

static void a_client_key_of_another_app_is_a_conflict_and_goes_on_there(DYGW_UNUSED void **state)
{
    declare("pos", "key-1");
    record(1, "kiosk", "key-1");
    declare_apps();
    assert_int_equal(fake_logged("another app, kiosk (id 1), has its client_key"), 1);
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_string_equal(known->secret, "recorded secret of key-1");
    assert_string_equal(known->name, "recorded");
    assert_int_equal(fake_store_entries(), 0);
    fake_trace();
    find("key-1");
    assert_string_equal(fake_trace(), "");
}

static void a_new_key_that_another_app_has_is_a_conflict(DYGW_UNUSED void **state)
{
    leave_row(1, "pos", "key-1");
    record(2, "kiosk", "key-2");
    declare("pos", "key-2");
    declare_apps();
    assert_string_equal(fake_store_app(0)->client_key, "key-1");
    assert_int_equal(find("key-1"), APR_NOTFOUND);
    assert_int_equal(find("key-2"), APR_SUCCESS);
    assert_true(known->id == 2);
}

/* The row of kiosk cannot move out of the way. */
static void a_conflict_holds_those_that_wait_for_its_key(DYGW_UNUSED void **state)
{
    leave_row(1, "pos", "key-1");
    leave_row(2, "kiosk", "key-2");
    record(3, "web", "key-3");
    declare("pos", "key-2");
    declare("kiosk", "key-3");
    declare_apps();
    assert_int_equal(fake_logged("DYGW0720"), 2);
    assert_string_equal(fake_store_app(0)->client_key, "key-1");
    assert_string_equal(fake_store_app(1)->client_key, "key-2");
}

static char troubles[400];

static void note_trouble(DYGW_UNUSED void *baton, const dygw_declared_trouble_t *t)
{
    static const char *const words[] = { "served", "conflict", "unread" };
    size_t len = strlen(troubles);

    apr_snprintf(troubles + len, sizeof(troubles) - len, "%s %s %d %s %s %d; ", t->app->code, words[t->state],
                 (int)t->id, t->field ? t->field : "-", t->other ? t->other : "-", (int)t->other_id);
}

static void troubles_are_told_app_by_app(DYGW_UNUSED void **state)
{
    dygw_db_t *db;

    declare("pos", "key-1");
    declare("kiosk", "key-2")->secret = NULL;
    declare("web", "key-3");
    leave_row(1, "pos", "key-1");
    record(2, NULL, "key-3");
    troubles[0] = '\0';
    assert_int_equal(dygw_db_open(&db, gateway->db, &fake_log, pool), APR_SUCCESS);
    assert_int_equal(dygw_declared_each_trouble(FAKE_CTX(gateway, pool), db, note_trouble, NULL), APR_SUCCESS);
    dygw_db_close(db);
    assert_string_equal(troubles, "pos served 1 - - 0; kiosk unread 0 - - 0; web conflict 0 client_key key-3 2; ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(with_the_database_away_a_declared_app_is_found),
        TEST(a_database_that_is_away_is_tried_once_a_second_for_declared_apps),
        TEST(while_one_waits_for_a_database_that_is_away_others_do_not),
        TEST(the_first_request_makes_the_row),
        TEST(what_this_host_declares_is_stored_before_the_row),
        TEST(a_request_takes_no_app_over),
        TEST(a_child_of_an_earlier_generation_makes_no_rows),
        TEST(the_row_that_another_host_has_made_is_found),
        TEST(a_row_that_cannot_be_made_refuses_nobody_and_is_tried_once_a_second),
        TEST(no_row_is_made_while_the_database_is_away),
        TEST(the_files_secrets_count_and_no_other),
        TEST(a_secret_that_is_kept_signs_no_more_where_the_app_is_declared),
        TEST(what_the_file_says_counts_before_the_row_is_refreshed),
        TEST(an_app_without_its_secret_is_refused),
        TEST(an_app_that_is_not_declared_here_is_served_while_it_has_a_secret),
        TEST(a_row_mirrors_all_but_the_secret),
        TEST(where_nothing_differs_nothing_is_written),
        TEST(five_hundred_apps_are_one_transaction),
        TEST(an_app_of_the_database_with_code_and_key_is_taken_over),
        TEST(a_section_without_its_secret_takes_nothing_over),
        TEST(the_row_follows_a_new_code),
        TEST(the_row_follows_a_new_client_key_and_drops_its_secrets),
        TEST(apps_may_exchange_their_client_keys),
        TEST(an_app_gets_the_client_key_that_another_section_left),
        TEST(it_does_not_while_the_other_has_a_stored_secret),
        TEST(an_app_that_was_gone_comes_back_as_declared),
        TEST(what_fails_leaves_nothing_half_done),
        TEST(a_row_that_cannot_be_written_holds_no_other_up),
        TEST(conflicts_are_counted_when_the_apps_have_changed),
        TEST(where_nothing_is_declared_nothing_is_in_conflict),
        TEST(a_code_of_another_app_is_a_conflict),
        TEST(a_client_key_of_another_app_is_a_conflict_and_goes_on_there),
        TEST(a_new_key_that_another_app_has_is_a_conflict),
        TEST(a_conflict_holds_those_that_wait_for_its_key),
        TEST(troubles_are_told_app_by_app),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_declare", tests, NULL, NULL);
}
