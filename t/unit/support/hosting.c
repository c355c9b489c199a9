/* SPDX-License-Identifier: Apache-2.0
 * Two hosts that declare apps. */
#include "hosting.h"

#include <apr_strings.h>

#include "gateway/apps/declare.h"
#include "util/compiler.h"

/* --- the store, faked: hosts and what they declare --- */

hosted_t hosted[HOSTED];
int hosts_declares, hosts_renewals, hosts_mirrored, hosts_erased, hosts_forgotten;
apr_status_t hosts_store_fails, hosts_mirror_fails;
apr_time_t hosts_steady;
void (*hosts_before_holders)(void);

dygw_ms_t host_left(const hosted_t *row)
{
    return row->until - hosts_steady / 1000;
}

hosted_t *host_row(const char *host)
{
    int i;

    for (i = 0; i < HOSTED; i++) {
        if (hosted[i].host && strcmp(hosted[i].host, host) == 0) {
            return &hosted[i];
        }
    }
    return NULL;
}

hosted_t *host_make_row(const char *host)
{
    hosted_t *row = host_row(host);
    int i;

    for (i = 0; !row; i++) {
        assert_true(i < HOSTED);
        if (!hosted[i].host) {
            row = &hosted[i];
            row->host = host;
        }
    }
    return row;
}

apr_status_t dygw_store_hosts(DYGW_UNUSED dygw_db_t *db, apr_array_header_t **hosts, apr_pool_t *p)
{
    int i;

    *hosts = apr_array_make(p, HOSTED, sizeof(dygw_host_row_t));
    for (i = 0; i < HOSTED; i++) {
        if (hosted[i].host) {
            APR_ARRAY_PUSH(*hosts, dygw_host_row_t) = (dygw_host_row_t){
                hosted[i].host,
                hosted[i].digest,
                host_left(&hosted[i]) > 0,
                host_left(&hosted[i]) < -DYGW_HOST_KEPT_MS,
            };
        }
    }
    return hosts_store_fails;
}

apr_status_t dygw_store_declarations(DYGW_UNUSED dygw_db_t *db, apr_array_header_t **found, apr_pool_t *p)
{
    int i, k;

    *found = apr_array_make(p, HOSTED, sizeof(dygw_declaration_t));
    for (i = 0; i < HOSTED; i++) {
        for (k = 0; hosted[i].host && k < hosted[i].declarations->nelts; k++) {
            dygw_declaration_t d = APR_ARRAY_IDX(hosted[i].declarations, k, dygw_declaration_t);

            d.host = hosted[i].host;
            d.is_live = host_left(&hosted[i]) > 0;
            APR_ARRAY_PUSH(*found, dygw_declaration_t) = d;
        }
    }
    return hosts_store_fails;
}

apr_status_t dygw_store_host_renew(DYGW_UNUSED dygw_db_t *db, const char *host)
{
    host_row(host)->until = hosts_steady / 1000 + DYGW_HOST_TTL_MS;
    hosts_renewals++;
    return hosts_store_fails;
}

apr_status_t dygw_store_host_declares(DYGW_UNUSED dygw_db_t *db, const char *host, const char *digest,
                                      const apr_array_header_t *declarations)
{
    hosted_t *row = host_make_row(host);

    row->digest = digest;
    row->until = hosts_steady / 1000 + DYGW_HOST_TTL_MS;
    row->declarations = apr_array_copy(pool, declarations);
    hosts_declares++;
    fake_event("declares");
    return hosts_store_fails;
}

apr_status_t dygw_store_host_forget(DYGW_UNUSED dygw_db_t *db, const char *host)
{
    memset(host_row(host), 0, sizeof(hosted_t));
    hosts_forgotten++;
    return APR_SUCCESS;
}

apr_status_t dygw_store_declaration_holders(dygw_db_t *db, const char *client_key, const char *code, int *live)
{
    apr_array_header_t *found;
    int i;

    if (hosts_before_holders) {
        hosts_before_holders();
    }
    *live = 0;
    dygw_store_declarations(db, &found, pool);
    for (i = 0; i < found->nelts; i++) {
        const dygw_declaration_t *d = &APR_ARRAY_IDX(found, i, dygw_declaration_t);

        *live += d->is_live && (strcmp(d->client_key, client_key) == 0 || strcmp(d->code, code) == 0);
    }
    return APR_SUCCESS;
}

apr_status_t dygw_store_app_erase(DYGW_UNUSED dygw_db_t *db, apr_int64_t id, const char *from)
{
    dygw_app_t *app = fake_store_app((int)id - 1);

    if (strcmp(app->secret_sealed, from) != 0) {
        return APR_NOTFOUND;
    }
    app->secret_sealed = "";
    app->old_secret_sealed = NULL;
    hosts_erased++;
    return APR_SUCCESS;
}

/* --- and the rows of declared apps --- */

apr_status_t dygw_declare_apps(DYGW_UNUSED const dygw_ctx_t *ctx)
{
    hosts_mirrored++;
    fake_event("mirror");
    return hosts_mirror_fails;
}

const char *dygw_declare_actor(DYGW_UNUSED apr_pool_t *p)
{
    return "config:web1";
}

/* --- two hosts --- */

site_t *a, *b;
apr_int64_t hosts_version;

static apr_time_t steady_now(void)
{
    return hosts_steady;
}

void pass_sec(int seconds)
{
    hosts_steady += apr_time_from_sec(seconds);
}

site_t *make_site(const dygw_gateway_t *like, const char *host)
{
    site_t *site = apr_pcalloc(pool, sizeof(*site));
    void *memory = apr_palloc(pool, dygw_metrics_size());

    dygw_metrics_format(memory);
    site->gateway = *like;
    site->gateway.host = &site->host;
    site->gateway.host_id = host;
    site->gateway.metrics = dygw_metrics_attach(memory, pool);
    site->declared = dygw_declared_create(pool);
    site->gateway.declared = site->declared;
    return site;
}

int set_up_hosts(void **state)
{
    const dygw_gateway_t *gateway;

    make_pool(state);
    gateway = fake_world(pool);
    memset(hosted, 0, sizeof(hosted));
    hosts_declares = hosts_renewals = hosts_mirrored = hosts_erased = hosts_forgotten = 0;
    hosts_store_fails = hosts_mirror_fails = APR_SUCCESS;
    hosts_before_holders = NULL;
    hosts_steady = apr_time_from_sec(5); /* the machine was just started */
    dygw_steady_set(steady_now);
    hosts_version = 1;
    a = make_site(gateway, "a");
    b = make_site(gateway, "b");
    return 0;
}

dygw_declared_app_t *declare(site_t *site, const char *code)
{
    dygw_declared_app_t *app = apr_pcalloc(pool, sizeof(*app));
    const char *field;

    app->code = app->name = code;
    app->client_key = apr_pstrcat(pool, "key-", code, NULL);
    app->secret = SECRET;
    app->rate_per_second = DYGW_RATE_OF_ALL;
    app->place = "/etc/dygw.conf:7";
    assert_null(dygw_declared_add_app(site->declared, app, &field));
    return app;
}

void turn(site_t *site)
{
    dygw_hosts_turn(FAKE_CTX(&site->gateway, pool), &site->hosts);
}

void lead(site_t *site)
{
    dygw_hosts_lead(FAKE_CTX(&site->gateway, pool), &site->hosts, hosts_version);
}

void both_for_sec(int seconds)
{
    for (; seconds > 0; seconds--) {
        turn(a);
        turn(b);
        lead(a);
        pass_sec(1);
    }
}

void reload(site_t *site)
{
    site->gateway.generation++;
    memset(&site->hosts, 0, sizeof(site->hosts));
    turn(site);
}

apr_int64_t differences(const site_t *site)
{
    return dygw_gauged(site->gateway.metrics, DYGW_GAUGE_DIFFERENCES);
}
