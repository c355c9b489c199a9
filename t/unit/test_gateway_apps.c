/* SPDX-License-Identifier: Apache-2.0
 * Apps: the cache that requests use, and what administrators do.
 * links: gateway/apps/admin.c gateway/apps/key.c gateway/apps/apps.c gateway/ask.c gateway/apps/audit.c
 * links: gateway/apps/declare.c gateway/declared.c gateway/host.c gateway/token.c gateway/db_work.c
 * helpers: fake_world.c fake_store.c fake_apps.c fake_declarations.c fake_holders.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "gateway/host.h"
#include "gateway/apps/apps.h"
#include "util/compiler.h"

#define READ_ALL "open apps close"

static dygw_gateway_t *gateway;
static dygw_apps_t *apps;
static dygw_known_app_t *known;
static dygw_result_t out;
static const dygw_actor_t actor = { "zhang", "192.0.2.7", "request-1" };

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    fake_store_while_reading_apps = NULL;
    assert_int_equal(dygw_apps_create(&apps, pool), APR_SUCCESS);
    return 0;
}

static const char *sealed(const char *client_key, const char *secret)
{
    const char *text;

    assert_int_equal(dygw_seal(gateway->seal, dygw_app_seal_purpose(pool, client_key), secret, pool, &text),
                     APR_SUCCESS);
    return text;
}

static void add(apr_int64_t id, const char *client_key)
{
    dygw_app_t app = {
        .id = id,
        .name = "till",
        .client_key = client_key,
        .allow_token_read = 1,
        .secret_sealed = sealed(client_key, apr_pstrcat(pool, "secret of ", client_key, NULL)),
        .old_secret_until = DYGW_NO_TIME,
    };

    fake_store_add_app(&app);
}

static apr_status_t find(const char *client_key)
{
    return dygw_apps_find(FAKE_CTX(gateway, pool), apps, client_key, &known);
}

/* What the background thread does when it sees another version of the table. */
static void tick(apr_int64_t version)
{
    gateway->host->apps_version = version;
}

/* The background has looked just now. */
static void see_version(void)
{
    dygw_host_apps_seen(gateway, 2, dygw_now());
}

/* --- the cache --- */

static void an_app_is_found_with_its_secret_open(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_true(known->id == 1);
    assert_string_equal(known->name, "till");
    assert_string_equal(known->client_key, "key-1");
    assert_string_equal(known->secret, "secret of key-1");
    assert_null(known->old_secret);
    assert_int_equal(known->allow_token_read, 1);
    assert_null(known->poi_ids);
}

static void neither_known_nor_unknown_keys_cost_a_query(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    find("key-1");
    assert_string_equal(fake_trace(), READ_ALL);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(find("key-1"), APR_SUCCESS);
        assert_int_equal(find("nobody"), APR_NOTFOUND);
    }
    assert_string_equal(fake_trace(), "");
    assert_int_equal(fake_host_locks(), 0);
}

static void a_version_seen_by_the_host_is_read_once(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    find("key-1");
    fake_store_app(0)->status = DYGW_APP_DISABLED;
    find("key-1");
    assert_int_equal(known->status, DYGW_APP_ACTIVE);
    fake_trace();
    tick(7);
    find("key-1");
    assert_int_equal(known->status, DYGW_APP_DISABLED);
    find("key-1");
    assert_string_equal(fake_trace(), READ_ALL);
}

/* Another host changes an app, and the background of this one is held up. */
static void when_the_background_does_not_look_a_request_does(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    see_version();
    find("key-1");
    fake_store_app(0)->status = DYGW_APP_DISABLED;
    fake_store_raise_apps_version();
    fake_clock_advance(1700);
    fake_trace();
    find("key-1");
    assert_string_equal(fake_trace(), "");
    assert_int_equal(known->status, DYGW_APP_ACTIVE);
    fake_clock_advance(1);
    find("key-1");
    assert_string_equal(fake_trace(), "open version close " READ_ALL);
    assert_int_equal(known->status, DYGW_APP_DISABLED);
    find("key-1");
    assert_string_equal(fake_trace(), "");
}

static void a_look_in_vain_is_not_repeated_at_once(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    see_version();
    find("key-1");
    fake_clock_advance(2000);
    fake_store_fail(FAKE_APP_VERSION, 0, 9, APR_EGENERAL, 0);
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_int_equal(fake_store_calls(FAKE_APP_VERSION), 1);
    fake_clock_advance(1000);
    find("key-1");
    assert_int_equal(fake_store_calls(FAKE_APP_VERSION), 2);
}

static void a_database_that_is_known_to_be_away_is_not_asked(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    see_version();
    find("key-1");
    gateway->host->database_state = DYGW_DB_UNREACHABLE;
    fake_clock_advance(60000);
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_int_equal(fake_store_calls(FAKE_APP_VERSION), 0);
}

static void an_answer_that_was_asked_for_earlier_is_no_news(DYGW_UNUSED void **state)
{
    dygw_host_apps_seen(gateway, 5, dygw_now());
    dygw_host_apps_seen(gateway, 4, dygw_now() - 1);
    assert_true(gateway->host->apps_version == 5);
    fake_clock_advance(-60000); /* the clock was set back */
    assert_true(dygw_host_apps_unseen(gateway));
    dygw_host_apps_seen(gateway, 6, dygw_now());
    assert_true(gateway->host->apps_version == 6);
    assert_false(dygw_host_apps_unseen(gateway));
}

static void a_version_that_went_back_is_read_too(DYGW_UNUSED void **state)
{
    tick(9);
    add(1, "key-1");
    find("key-1");
    add(2, "key-2");
    tick(3); /* a backup was restored */
    assert_int_equal(find("key-2"), APR_SUCCESS);
    fake_trace();
    find("key-2");
    assert_string_equal(fake_trace(), "");
}

static void without_database_the_old_apps_serve(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    find("key-1");
    fake_trace();
    tick(2);
    fake_store_fail(FAKE_OPEN, 0, 1, APR_EGENERAL, 0);
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_int_equal(find("nobody"), APR_NOTFOUND);
    assert_string_equal(fake_trace(), "open!"); /* and it is left alone for a while */
    fake_clock_advance(999);
    find("key-1");
    assert_string_equal(fake_trace(), "");
    fake_clock_advance(1);
    find("key-1");
    find("key-1");
    assert_string_equal(fake_trace(), READ_ALL);
}

static void without_database_from_the_start_there_is_no_answer_until_it_is_there(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    fake_store_fail(FAKE_APP_EACH, 0, 1, APR_EGENERAL, 0);
    assert_int_equal(find("key-1"), APR_EGENERAL);
    assert_string_equal(fake_trace(), "open apps! close");
    assert_int_equal(find("key-1"), APR_SUCCESS);
}

static void a_clock_set_back_does_not_prolong_the_pause(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    fake_store_fail(FAKE_OPEN, 0, 1, APR_EGENERAL, 0);
    find("key-1");
    fake_clock_advance(-APR_INT64_C(3600000));
    assert_int_equal(find("key-1"), APR_SUCCESS);
}

static void find_another(void)
{
    dygw_known_app_t *other;

    fake_store_while_reading_apps = NULL;
    assert_int_equal(dygw_apps_find(FAKE_CTX(gateway, pool), apps, "key-1", &other), APR_SUCCESS);
    assert_true(other->id == 1);
}

static void others_go_on_with_the_old_apps_while_one_reads(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    find("key-1");
    fake_trace();
    tick(2);
    /* In the middle of reading, as another thread would: a lock held would never be had. */
    fake_store_while_reading_apps = find_another;
    assert_int_equal(find("key-1"), APR_SUCCESS);
    assert_string_equal(fake_trace(), READ_ALL);
}

static apr_status_t found_new, found_nobody;

static void *APR_THREAD_FUNC finding_new(DYGW_UNUSED apr_thread_t *thread, DYGW_UNUSED void *data)
{
    dygw_known_app_t *other;

    found_new = dygw_apps_find(FAKE_CTX(gateway, pool), apps, "key-2", &other);
    found_nobody = dygw_apps_find(FAKE_CTX(gateway, pool), apps, "nobody", &other);
    return NULL;
}

/* In another thread, while this one waits in the middle of its reading. */
static void find_new(void)
{
    apr_thread_t *thread;
    apr_status_t rv;

    fake_store_while_reading_apps = NULL;
    assert_int_equal(apr_thread_create(&thread, NULL, finding_new, NULL, pool), APR_SUCCESS);
    apr_thread_join(&rv, thread);
}

static void an_app_just_made_is_known_while_another_reads(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    find("key-1");
    add(2, "key-2");
    fake_trace();
    tick(2);
    fake_store_while_reading_apps = find_new;
    assert_int_equal(find("key-2"), APR_SUCCESS);
    assert_int_equal(found_new, APR_SUCCESS);
    assert_int_equal(found_nobody, APR_NOTFOUND);
    assert_string_equal(fake_trace(), "open apps open apps close close");
}

static void change_meanwhile(void)
{
    fake_store_while_reading_apps = NULL;
    fake_store_app(0)->status = DYGW_APP_DISABLED;
    tick(3);
}

static void a_change_while_one_reads_is_not_missed(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    find("key-1");
    tick(2);
    fake_store_while_reading_apps = change_meanwhile;
    find("key-1");
    find("key-1");
    assert_int_equal(known->status, DYGW_APP_DISABLED);
}

static void a_secret_that_does_not_open_refuses_that_app_only(DYGW_UNUSED void **state)
{
    dygw_app_t app = { .id = 1, .name = "till", .client_key = "key-1" };

    app.secret_sealed = sealed("key-2", "somebody else's");
    fake_store_add_app(&app);
    add(2, "key-2");
    assert_int_equal(find("key-1"), APR_EACCES);
    assert_int_equal(find("key-2"), APR_SUCCESS);
    assert_int_equal(find("key-3"), APR_NOTFOUND);
    assert_int_equal(fake_logged("DYGW0420"), 1);
    assert_int_equal(fake_logged("somebody"), 0);
}

static void a_secret_of_before_is_opened_too(DYGW_UNUSED void **state)
{
    add(1, "key-1");
    fake_store_app(0)->old_secret_sealed = sealed("key-1", "the old one");
    fake_store_app(0)->old_secret_until = FAKE_START_MS + 5;
    find("key-1");
    assert_string_equal(known->old_secret, "the old one");
    assert_true(known->old_secret_until == FAKE_START_MS + 5);
}

static void an_app_may_use_its_stores(DYGW_UNUSED void **state)
{
    apr_array_header_t *none = apr_array_make(pool, 1, sizeof(const char *));
    apr_array_header_t *one = apr_array_make(pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(one, const char *) = "poi-1";
    add(1, "all");
    add(2, "none");
    add(3, "one");
    fake_store_app(1)->poi_ids = none;
    fake_store_app(2)->poi_ids = one;
    find("all");
    assert_true(dygw_app_may_use_store(known, "poi-2", NULL));
    find("none");
    assert_false(dygw_app_may_use_store(known, "poi-1", NULL));
    find("one");
    assert_true(dygw_app_may_use_store(known, "poi-1", NULL));
    assert_false(dygw_app_may_use_store(known, "poi-2", NULL));
    assert_false(dygw_app_may_use_store(known, "poi-", NULL));
}

/* A poi_id that no store is declared for has no code, and a code that is not declared no poi_id. */
static void an_entry_of_an_apps_stores_is_a_poi_id_or_a_code(DYGW_UNUSED void **state)
{
    apr_array_header_t *both = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(both, const char *) = "poi-1";
    APR_ARRAY_PUSH(both, const char *) = "7002";
    add(1, "both");
    add(2, "all");
    fake_store_app(0)->poi_ids = both;
    find("both");
    assert_true(dygw_app_may_use_store(known, "poi-1", "7001"));
    assert_true(dygw_app_may_use_store(known, "poi-2", "7002"));
    assert_false(dygw_app_may_use_store(known, "poi-3", "7003"));
    assert_false(dygw_app_may_use_store(known, "poi-2", NULL));
    assert_true(dygw_app_may_use_store(known, NULL, "7002"));
    assert_false(dygw_app_may_use_store(known, NULL, "7003"));
    find("all");
    assert_true(dygw_app_may_use_store(known, NULL, "7003"));
}

/* --- what administrators do --- */

static void a_new_app_works_at_once(DYGW_UNUSED void **state)
{
    dygw_new_app_t wanted = { .name = "till" };
    dygw_app_t *app;
    const char *secret;

    find("nobody");
    dygw_app_create(FAKE_CTX(gateway, pool), &actor, &wanted, &app, &secret, &out);
    assert_int_equal(out.code, DYGW_OK);
    assert_int_equal(strlen(app->client_key), 3 + 24);
    assert_int_equal(strlen(secret), 3 + 43);
    assert_null(strstr(app->secret_sealed, secret));
    assert_int_equal(find(app->client_key), APR_SUCCESS);
    assert_string_equal(known->secret, secret);
    fake_trace();
    tick(2); /* the host sees it in the table, too */
    find(app->client_key);
    find(app->client_key);
    assert_string_equal(fake_trace(), READ_ALL);
}

static void a_given_key_and_secret_are_taken(DYGW_UNUSED void **state)
{
    dygw_new_app_t wanted = {
        .name = "till",
        .code = "T1",
        .client_key = "key-of-mine",
        .secret = "secret-of-mine",
    };
    dygw_app_t *app;
    const char *secret;

    dygw_app_create(FAKE_CTX(gateway, pool), &actor, &wanted, &app, &secret, &out);
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(secret, "secret-of-mine");
    find("key-of-mine");
    assert_string_equal(known->secret, "secret-of-mine");
    dygw_app_create(FAKE_CTX(gateway, pool), &actor, &wanted, &app, &secret, &out);
    assert_int_equal(out.code, DYGW_CONFLICT);
    assert_string_equal(out.field, "client_key");
    wanted.client_key = NULL;
    dygw_app_create(FAKE_CTX(gateway, pool), &actor, &wanted, &app, &secret, &out);
    assert_int_equal(out.code, DYGW_CONFLICT);
    assert_string_equal(out.field, "code");
}

static void an_app_that_is_disabled_is_so_at_once(DYGW_UNUSED void **state)
{
    dygw_app_change_t change = { .set_status = 1, .status = DYGW_APP_DISABLED };
    dygw_app_t *app;

    add(1, "key-1");
    find("key-1");
    dygw_app_change(FAKE_CTX(gateway, pool), &actor, 1, &change, &app, &out);
    assert_int_equal(out.code, DYGW_OK);
    assert_int_equal(app->status, DYGW_APP_DISABLED);
    assert_string_equal(app->name, "till");
    find("key-1");
    assert_int_equal(known->status, DYGW_APP_DISABLED);
}

static void what_is_set_is_changed_and_nothing_else(DYGW_UNUSED void **state)
{
    dygw_app_change_t change = { .name = "kiosk" };
    dygw_app_t *app;

    add(1, "key-1");
    fake_store_app(0)->description = "by the door";
    dygw_app_change(FAKE_CTX(gateway, pool), &actor, 1, &change, &app, &out);
    assert_string_equal(fake_store_app(0)->name, "kiosk");
    assert_string_equal(fake_store_app(0)->description, "by the door");
    change = (dygw_app_change_t){ .set_description = 1 };
    dygw_app_change(FAKE_CTX(gateway, pool), &actor, 1, &change, &app, &out);
    assert_string_equal(fake_store_app(0)->name, "kiosk");
    assert_null(fake_store_app(0)->description);
    dygw_app_set_token_read(FAKE_CTX(gateway, pool), &actor, 1, 0, &out);
    assert_int_equal(out.code, DYGW_OK);
    find("key-1");
    assert_int_equal(known->allow_token_read, 0);
}

static void an_app_that_is_not_there_is_not_found(DYGW_UNUSED void **state)
{
    dygw_app_change_t change = { .name = "kiosk" };
    dygw_app_t *app;

    dygw_app_read(FAKE_CTX(gateway, pool), 1, &app, &out);
    assert_int_equal(out.code, DYGW_NOT_FOUND);
    dygw_app_change(FAKE_CTX(gateway, pool), &actor, 1, &change, &app, &out);
    assert_int_equal(out.code, DYGW_NOT_FOUND);
    dygw_app_set_token_read(FAKE_CTX(gateway, pool), &actor, 1, 1, &out);
    assert_int_equal(out.code, DYGW_NOT_FOUND);
}

static void without_database_administrators_hear_so(DYGW_UNUSED void **state)
{
    dygw_new_app_t wanted = { .name = "till" };
    dygw_app_change_t change = { .name = "kiosk" };
    dygw_app_filter_t all = { -1, NULL };
    dygw_page_t list;
    dygw_app_t *app;
    const char *secret;

    fake_store_fail(FAKE_OPEN, 0, 100, APR_EGENERAL, 0);
    dygw_app_create(FAKE_CTX(gateway, pool), &actor, &wanted, &app, &secret, &out);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    dygw_app_list(FAKE_CTX(gateway, pool), &all, 1, 20, &list, &out);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    dygw_app_read(FAKE_CTX(gateway, pool), 1, &app, &out);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    dygw_app_change(FAKE_CTX(gateway, pool), &actor, 1, &change, &app, &out);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    dygw_app_set_token_read(FAKE_CTX(gateway, pool), &actor, 1, 1, &out);
    assert_int_equal(out.code, DYGW_DATABASE_UNAVAILABLE);
    assert_true(out.retry_after > 0);
}

static void apps_are_listed_by_pages(DYGW_UNUSED void **state)
{
    dygw_app_filter_t all = { -1, NULL };
    dygw_page_t list;
    dygw_app_t *app;

    add(1, "key-1");
    add(2, "key-2");
    add(3, "key-3");
    dygw_app_list(FAKE_CTX(gateway, pool), &all, 2, 2, &list, &out);
    assert_int_equal(out.code, DYGW_OK);
    assert_true(list.total == 3);
    assert_int_equal(list.rows->nelts, 1);
    dygw_app_read(FAKE_CTX(gateway, pool), 3, &app, &out);
    assert_string_equal(app->client_key, "key-3");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_app_is_found_with_its_secret_open),
        TEST(neither_known_nor_unknown_keys_cost_a_query),
        TEST(a_version_seen_by_the_host_is_read_once),
        TEST(when_the_background_does_not_look_a_request_does),
        TEST(a_look_in_vain_is_not_repeated_at_once),
        TEST(a_database_that_is_known_to_be_away_is_not_asked),
        TEST(an_answer_that_was_asked_for_earlier_is_no_news),
        TEST(a_version_that_went_back_is_read_too),
        TEST(without_database_the_old_apps_serve),
        TEST(without_database_from_the_start_there_is_no_answer_until_it_is_there),
        TEST(a_clock_set_back_does_not_prolong_the_pause),
        TEST(others_go_on_with_the_old_apps_while_one_reads),
        TEST(an_app_just_made_is_known_while_another_reads),
        TEST(a_change_while_one_reads_is_not_missed),
        TEST(a_secret_that_does_not_open_refuses_that_app_only),
        TEST(a_secret_of_before_is_opened_too),
        TEST(an_app_may_use_its_stores),
        TEST(an_entry_of_an_apps_stores_is_a_poi_id_or_a_code),
        TEST(a_new_app_works_at_once),
        TEST(a_given_key_and_secret_are_taken),
        TEST(an_app_that_is_disabled_is_so_at_once),
        TEST(what_is_set_is_changed_and_nothing_else),
        TEST(an_app_that_is_not_there_is_not_found),
        TEST(without_database_administrators_hear_so),
        TEST(apps_are_listed_by_pages),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_apps", tests, NULL, NULL);
}
