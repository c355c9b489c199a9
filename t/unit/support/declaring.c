/* SPDX-License-Identifier: Apache-2.0
 * A gateway that declares apps, and what the table has of them. */
#include "declaring.h"

#include <apr_strings.h>

#include "util/compiler.h"

dygw_gateway_t *gateway;
dygw_declared_t *declared;
dygw_apps_t *apps;
dygw_known_app_t *known;

int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    fake_store_while_reading_apps = NULL;
    gateway->declared = declared = dygw_declared_create(pool);
    gateway->rate_per_second = 5;
    gateway->rate_burst = 10;
    assert_int_equal(dygw_apps_create(&apps, pool), APR_SUCCESS);
    return 0;
}

void reload(void)
{
    gateway->declared = declared = dygw_declared_create(pool);
    assert_int_equal(dygw_apps_create(&apps, pool), APR_SUCCESS);
}

dygw_declared_app_t *declare(const char *code, const char *client_key)
{
    dygw_declared_app_t *app = apr_pcalloc(pool, sizeof(*app));
    const char *field;

    app->code = code;
    app->name = "till";
    app->client_key = client_key;
    app->secret = apr_pstrcat(pool, "declared secret of ", client_key, NULL);
    app->rate_per_second = DYGW_RATE_OF_ALL;
    app->place = "/etc/dygw.conf:12";
    assert_null(dygw_declared_add_app(declared, app, &field));
    return app;
}

dygw_app_t *record(apr_int64_t id, const char *code, const char *client_key)
{
    dygw_app_t app = { .id = id,
                       .name = "recorded",
                       .code = code,
                       .client_key = client_key,
                       .old_secret_until = DYGW_NO_TIME,
                       .last_used_at = FAKE_START_MS - 5 };

    assert_int_equal(dygw_seal(gateway->seal, dygw_app_seal_purpose(pool, client_key),
                               apr_pstrcat(pool, "recorded secret of ", client_key, NULL), pool, &app.secret_sealed),
                     APR_SUCCESS);
    fake_store_add_app(&app);
    return fake_store_app((int)id - 1);
}

dygw_app_t *leave_row(apr_int64_t id, const char *code, const char *client_key)
{
    dygw_app_t *app = record(id, code, client_key);

    app->name = "till";
    app->source = DYGW_APP_OF_CONFIG;
    app->declared_in = "/etc/old.conf:7";
    app->secret_sealed = "";
    return app;
}

apr_status_t find(const char *client_key)
{
    return dygw_apps_find(FAKE_CTX(gateway, pool), apps, client_key, &known);
}

void declare_apps(void)
{
    assert_int_equal(dygw_declare_apps(FAKE_CTX(gateway, pool)), APR_SUCCESS);
}
