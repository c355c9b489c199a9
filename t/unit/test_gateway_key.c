/* SPDX-License-Identifier: Apache-2.0
 * A master key that opens all, some or none of what the database holds.
 * links: gateway/apps/admin.c gateway/apps/key.c gateway/apps/apps.c gateway/ask.c gateway/apps/audit.c
 * links: gateway/apps/declare.c gateway/declared.c gateway/host.c gateway/token.c gateway/db_work.c
 * helpers: fake_world.c fake_store.c fake_apps.c fake_declarations.c fake_holders.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/host.h"
#include "gateway/token.h"
#include "gateway/apps/apps.h"
#include "gateway/apps/key.h"
#include "util/compiler.h"

static dygw_gateway_t *gateway;
static dygw_key_watch_t watch;
static apr_int64_t version;
static dygw_seal_t another_key;

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    watch = (dygw_key_watch_t){ .looked_at = -1 };
    another_key = *gateway->seal;
    another_key.key[0] ^= 1;
    return 0;
}

static void add_app(apr_int64_t id, const char *client_key, const dygw_seal_t *seal)
{
    dygw_app_t app = { .id = id, .name = "till", .client_key = client_key, .old_secret_until = DYGW_NO_TIME };

    assert_int_equal(dygw_seal(seal, dygw_app_seal_purpose(pool, client_key), "a secret", pool, &app.secret_sealed),
                     APR_SUCCESS);
    fake_store_add_app(&app);
}

static dygw_key_state_e look(void)
{
    dygw_key_turn(FAKE_CTX(gateway, pool), &watch, ++version);
    return dygw_host_key(gateway);
}

static void a_key_that_opens_all_is_silent(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_host_key(gateway), DYGW_KEY_NOT_TRIED);
    assert_int_equal(look(), DYGW_KEY_OPENS); /* there is nothing yet */
    add_app(1, "key-1", gateway->seal);
    assert_int_equal(look(), DYGW_KEY_OPENS);
    assert_int_equal(fake_logged("DYGW"), 0);
}

static void a_key_that_opens_nothing_is_said_once_until_it_opens_something(DYGW_UNUSED void **state)
{
    add_app(1, "key-1", &another_key);
    add_app(2, "key-2", &another_key);
    assert_int_equal(look(), DYGW_KEY_WRONG);
    assert_int_equal(look(), DYGW_KEY_WRONG);
    assert_int_equal(fake_logged("DYGW0372"), 1);
    assert_int_equal(gateway->host->closed_count, 2);
    add_app(3, "key-3", gateway->seal);
    assert_int_equal(look(), DYGW_KEY_OPENS);
    assert_int_equal(fake_logged("DYGW0373"), 1);
    assert_int_equal(fake_logged("DYGW0374: the secrets of 2 of 3 apps"), 1);
    assert_int_equal(fake_logged("key-1, key-2"), 1);
}

static void the_key_is_not_tried_again_while_no_app_has_changed(DYGW_UNUSED void **state)
{
    add_app(1, "key-1", gateway->seal);
    look();
    fake_trace();
    dygw_key_turn(FAKE_CTX(gateway, pool), &watch, version);
    assert_string_equal(fake_trace(), "");
}

static void a_damaged_secret_says_nothing_about_the_key(DYGW_UNUSED void **state)
{
    dygw_app_t *app;
    char *sealed;

    add_app(1, "key-1", gateway->seal);
    app = fake_store_app(0);
    app->code = "till-7";
    sealed = apr_pstrdup(pool, app->secret_sealed);
    sealed[strlen(sealed) - 2] = sealed[strlen(sealed) - 2] == 'A' ? 'B' : 'A';
    app->secret_sealed = sealed;
    assert_int_equal(look(), DYGW_KEY_OPENS);
    assert_int_equal(fake_logged("till-7"), 1);
    assert_string_equal(gateway->host->closed_apps[0], "till-7");
    assert_int_equal(look(), DYGW_KEY_OPENS);
    assert_int_equal(fake_logged("DYGW0374"), 1);
    app->secret_sealed = NULL;
    assert_int_equal(dygw_seal(gateway->seal, dygw_app_seal_purpose(pool, "key-1"), "x", pool, &app->secret_sealed),
                     APR_SUCCESS);
    look();
    assert_int_equal(gateway->host->closed_count, 0);
    assert_int_equal(fake_logged("DYGW0375"), 1);
}

static void apps_that_httpd_conf_declares_say_nothing_about_the_key(DYGW_UNUSED void **state)
{
    dygw_app_t app = { .id = 2, .client_key = "key-2", .source = DYGW_APP_OF_CONFIG, .secret_sealed = "" };

    add_app(1, "key-1", gateway->seal);
    fake_store_add_app(&app);
    assert_int_equal(look(), DYGW_KEY_OPENS);
    assert_int_equal(gateway->host->closed_count, 0);
    assert_int_equal(fake_logged("DYGW"), 0);
}

static dygw_declared_app_t *declare(const char *code, const char *client_key)
{
    dygw_declared_t *declared = dygw_declared_create(pool);
    dygw_declared_app_t *app = apr_pcalloc(pool, sizeof(*app));
    const char *field;

    app->code = app->name = code;
    app->client_key = client_key;
    app->secret = "declared";
    assert_null(dygw_declared_add_app(declared, app, &field));
    gateway->declared = declared;
    return app;
}

/* The master key was lost, and the app was taken over: its stored secret stays closed until it is erased. */
static void nor_does_what_is_still_stored_of_them(DYGW_UNUSED void **state)
{
    dygw_apps_t *apps;
    dygw_known_app_t *known;

    declare("till", "key-1");
    add_app(1, "key-1", &another_key);
    fake_store_app(0)->code = "till";
    fake_store_app(0)->source = DYGW_APP_OF_CONFIG;
    assert_int_equal(look(), DYGW_KEY_OPENS);
    assert_int_equal(gateway->host->closed_count, 0);
    assert_int_equal(dygw_apps_create(&apps, pool), APR_SUCCESS);
    assert_int_equal(dygw_apps_find(FAKE_CTX(gateway, pool), apps, "key-1", &known), APR_SUCCESS);
    assert_int_equal(fake_logged("DYGW"), 0);
    gateway->declared = NULL; /* but where it is not declared it is needed */
    assert_int_equal(look(), DYGW_KEY_WRONG);
}

static void the_old_key_is_as_good(DYGW_UNUSED void **state)
{
    dygw_seal_t both = another_key;

    add_app(1, "key-1", gateway->seal);
    memcpy(both.old_key, gateway->seal->key, sizeof both.old_key);
    both.has_old = 1;
    gateway->seal = &both;
    assert_int_equal(look(), DYGW_KEY_OPENS);
    assert_int_equal(fake_logged("DYGW"), 0);
}

static void what_is_known_of_one_key_is_not_believed_of_another(DYGW_UNUSED void **state)
{
    add_app(1, "key-1", gateway->seal);
    assert_int_equal(look(), DYGW_KEY_OPENS);
    gateway->seal = &another_key; /* a restart, with the host's state of before */
    assert_int_equal(dygw_host_key(gateway), DYGW_KEY_NOT_TRIED);
}

static void nothing_is_sealed_with_a_wrong_key(DYGW_UNUSED void **state)
{
    const dygw_actor_t actor = { "zhang", "192.0.2.7", "request-1" };
    const dygw_new_app_t wanted = { .name = "kiosk" };
    dygw_token_t token;
    dygw_result_t out;
    dygw_app_t *app;
    const char *secret;
    const char *sealed = fake_store_token()->sealed;

    add_app(1, "key-1", &another_key);
    dygw_app_create(FAKE_CTX(gateway, pool), &actor, &wanted, &app, &secret, &out); /* before the first look */
    assert_int_equal(out.code, DYGW_KEY_UNAVAILABLE);
    assert_int_equal(fake_store_entries(), 0);
    look();
    assert_int_equal(dygw_token_renew(FAKE_CTX(gateway, pool), 1, DYGW_RENEW_REFUSED, 0, &token), APR_EGENERAL);
    assert_ptr_equal(fake_store_token()->sealed, sealed);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)
    const struct CMUnitTest tests[] = {
        TEST(a_key_that_opens_all_is_silent),
        TEST(a_key_that_opens_nothing_is_said_once_until_it_opens_something),
        TEST(the_key_is_not_tried_again_while_no_app_has_changed),
        TEST(a_damaged_secret_says_nothing_about_the_key),
        TEST(apps_that_httpd_conf_declares_say_nothing_about_the_key),
        TEST(nor_does_what_is_still_stored_of_them),
        TEST(the_old_key_is_as_good),
        TEST(what_is_known_of_one_key_is_not_believed_of_another),
        TEST(nothing_is_sealed_with_a_wrong_key),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    failed = cmocka_run_group_tests_name("gateway_key", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
