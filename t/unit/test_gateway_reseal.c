/* SPDX-License-Identifier: Apache-2.0
 * The change of the master key: what the old key has sealed is sealed anew.
 * links: gateway/apps/apps.c gateway/apps/declare.c gateway/apps/audit.c gateway/declared.c gateway/ask.c
 * links: gateway/host.c gateway/apps/reseal.c gateway/token.c gateway/db_work.c
 * helpers: fake_world.c fake_store.c fake_apps.c fake_declarations.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/token.h"
#include "gateway/apps/apps.h"
#include "gateway/apps/reseal.h"
#include "util/compiler.h"

#define MANY 101 /* more than are done at once */

static dygw_gateway_t *gateway;
static dygw_seal_t old_seal, both, new_seal;
static int left;

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    old_seal = *gateway->seal;
    memset(new_seal.key, 9, sizeof(new_seal.key));
    both = new_seal;
    memcpy(both.old_key, old_seal.key, sizeof(both.old_key));
    both.has_old = 1;
    gateway->seal = &both;
    return 0;
}

static const char *sealed(const dygw_seal_t *seal, const char *client_key, const char *secret)
{
    const char *text;

    assert_int_equal(dygw_seal(seal, dygw_app_seal_purpose(pool, client_key), secret, pool, &text), APR_SUCCESS);
    return text;
}

static void add(apr_int64_t id, const char *client_key, const char *secret_sealed, const char *old_secret_sealed)
{
    dygw_app_t app = { .id = id,
                       .name = "till",
                       .client_key = client_key,
                       .secret_sealed = secret_sealed,
                       .old_secret_sealed = old_secret_sealed,
                       .old_secret_until = DYGW_NO_TIME };

    fake_store_add_app(&app);
}

/* Whether the new key alone opens it. */
static int is_new(const char *purpose, const char *text, const char *expected)
{
    const char *opened;

    return dygw_unseal(&new_seal, purpose, text, pool, &opened, NULL) == APR_SUCCESS && strcmp(opened, expected) == 0;
}

static apr_status_t reseal(void)
{
    return dygw_reseal(FAKE_CTX(gateway, pool), &left);
}

static void both_secrets_of_an_app_and_the_token_are_sealed_anew(DYGW_UNUSED void **state)
{
    const char *purpose = dygw_app_seal_purpose(pool, "key-1");

    add(1, "key-1", sealed(&old_seal, "key-1", "now"), sealed(&old_seal, "key-1", "before"));
    assert_int_equal(reseal(), APR_SUCCESS);
    assert_int_equal(left, 0);
    assert_true(is_new(purpose, fake_store_app(0)->secret_sealed, "now"));
    assert_true(is_new(purpose, fake_store_app(0)->old_secret_sealed, "before"));
    assert_true(is_new(DYGW_TOKEN_SEAL_PURPOSE, fake_store_token()->sealed, "tok-1"));
    assert_int_equal(fake_logged("3 secrets"), 1);
}

static void what_is_new_already_stays(DYGW_UNUSED void **state)
{
    const char *text = sealed(&new_seal, "key-1", "now");

    add(1, "key-1", text, NULL);
    reseal();
    assert_string_equal(fake_store_app(0)->secret_sealed, text);
    fake_trace();
    assert_int_equal(reseal(), APR_SUCCESS);
    assert_string_equal(fake_trace(), "open apps token_get close");
    assert_int_equal(fake_logged("DYGW0461"), 1); /* the token's */
}

static void what_neither_key_opens_stays(DYGW_UNUSED void **state)
{
    dygw_seal_t other = { .has_old = 0 };
    const char *text = sealed(&other, "key-1", "now");

    add(1, "key-1", text, "nonsense");
    assert_int_equal(reseal(), APR_SUCCESS);
    assert_string_equal(fake_store_app(0)->secret_sealed, text);
    assert_string_equal(fake_store_app(0)->old_secret_sealed, "nonsense");
}

static void rotate_meanwhile(void)
{
    fake_store_while_reading_apps = NULL;
    fake_store_app(0)->secret_sealed = "another";
}

static void a_secret_that_changed_meanwhile_stays_as_it_is_now(DYGW_UNUSED void **state)
{
    add(1, "key-1", sealed(&old_seal, "key-1", "now"), NULL);
    fake_store_while_reading_apps = rotate_meanwhile;
    assert_int_equal(reseal(), APR_SUCCESS);
    assert_string_equal(fake_store_app(0)->secret_sealed, "another");
}

static void many_are_done_in_several_calls(DYGW_UNUSED void **state)
{
    int i;

    for (i = 0; i < MANY; i++) {
        const char *key = apr_psprintf(pool, "key-%d", i);

        add(i + 1, key, sealed(&old_seal, key, "now"), NULL);
    }
    assert_int_equal(reseal(), APR_SUCCESS);
    assert_int_equal(left, 1);
    assert_int_equal(reseal(), APR_SUCCESS);
    assert_int_equal(left, 0);
    for (i = 0; i < MANY; i++) {
        const dygw_app_t *app = fake_store_app(i);

        assert_true(is_new(dygw_app_seal_purpose(pool, app->client_key), app->secret_sealed, "now"));
    }
}

static void a_failure_is_told(DYGW_UNUSED void **state)
{
    add(1, "key-1", sealed(&old_seal, "key-1", "now"), NULL);
    fake_store_fail(FAKE_APP_RESEAL, 0, 1, APR_EGENERAL, 0);
    assert_int_equal(reseal(), APR_EGENERAL);
    assert_int_equal(reseal(), APR_SUCCESS);
    assert_true(is_new(dygw_app_seal_purpose(pool, "key-1"), fake_store_app(0)->secret_sealed, "now"));
}

static void one_key_costs_no_query(DYGW_UNUSED void **state)
{
    gateway->seal = &new_seal;
    add(1, "key-1", sealed(&old_seal, "key-1", "now"), NULL);
    assert_int_equal(reseal(), APR_SUCCESS);
    assert_string_equal(fake_trace(), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_secrets_of_an_app_and_the_token_are_sealed_anew),
        TEST(what_is_new_already_stays),
        TEST(what_neither_key_opens_stays),
        TEST(a_secret_that_changed_meanwhile_stays_as_it_is_now),
        TEST(many_are_done_in_several_calls),
        TEST(a_failure_is_told),
        TEST(one_key_costs_no_query),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_reseal", tests, NULL, NULL);
}
