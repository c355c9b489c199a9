/* SPDX-License-Identifier: Apache-2.0
 * A server's configuration: made, merged, completed with the defaults. */
#include "cfg/cfg.h"

#include <limits.h>
#include <string.h>

#include <apr_strings.h>

#include "cfg/limits.h"
#include "cfg/tree.h"

#define UNSET_ZONE  INT_MIN

void *dygw_cfg_create(apr_pool_t *pool, server_rec *server)
{
    dygw_cfg_t *cfg = apr_pcalloc(pool, sizeof *cfg);

    cfg->server = server;
    cfg->connect_timeout = DYGW_UNSET;
    cfg->total_timeout = DYGW_UNSET;
    cfg->use_client_token = DYGW_UNSET;
    cfg->signature_window = DYGW_UNSET;
    cfg->nonce_store = DYGW_UNSET;
    cfg->nonce_entries = DYGW_UNSET;
    cfg->max_body = DYGW_UNSET;
    cfg->rate_per_second = DYGW_UNSET;
    cfg->rate_burst = DYGW_UNSET;
    cfg->time_zone = UNSET_ZONE;
    cfg->schema_auto = DYGW_UNSET;
    cfg->database_timeout = DYGW_UNSET;
    cfg->worker = DYGW_UNSET;
    cfg->enrich_first = DYGW_UNSET;
    cfg->enrich_max = DYGW_UNSET;
    cfg->enrich_give_up = DYGW_UNSET;
    cfg->order_rate = DYGW_UNSET;
    cfg->use_cancel_token = DYGW_UNSET;
    cfg->retention = DYGW_UNSET;
    return cfg;
}

#define MERGE(member, unset) \
    cfg->member = add->member != (unset) ? add->member : base->member

void *dygw_cfg_merge(apr_pool_t *pool, void *base_cfg, void *add_cfg)
{
    const dygw_cfg_t *base = base_cfg, *add = add_cfg;
    dygw_cfg_t *cfg = apr_pcalloc(pool, sizeof *cfg);

    cfg->server = add->server;
    MERGE(client_key, NULL);
    MERGE(client_secret, NULL);
    MERGE(account_id, NULL);
    MERGE(seal, NULL);
    MERGE(upstream, NULL);
    MERGE(connect_timeout, DYGW_UNSET);
    MERGE(total_timeout, DYGW_UNSET);
    MERGE(ca_file, NULL);
    MERGE(proxy, NULL);
    MERGE(use_client_token, DYGW_UNSET);
    MERGE(link_hosts, NULL);
    MERGE(signature_window, DYGW_UNSET);
    MERGE(nonce_store, DYGW_UNSET);
    MERGE(nonce_entries, DYGW_UNSET);
    MERGE(operator_header, NULL);
    MERGE(max_body, DYGW_UNSET);
    MERGE(rate_per_second, DYGW_UNSET);
    MERGE(rate_burst, DYGW_UNSET);
    MERGE(time_zone, UNSET_ZONE);
    MERGE(schema_auto, DYGW_UNSET);
    MERGE(database_timeout, DYGW_UNSET);
    MERGE(worker, DYGW_UNSET);
    MERGE(enrich_first, DYGW_UNSET);
    MERGE(enrich_max, DYGW_UNSET);
    MERGE(enrich_give_up, DYGW_UNSET);
    MERGE(order_rate, DYGW_UNSET);
    MERGE(use_cancel_token, DYGW_UNSET);
    MERGE(retention, DYGW_UNSET);
    return cfg;
}

dygw_cfg_t *dygw_cfg_get(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &dygw_module);
}

static apr_array_header_t *default_link_hosts(apr_pool_t *pool)
{
    static const char *const hosts[] = { "v.douyin.com", "*.douyin.com", "*.iesdouyin.com" };
    apr_array_header_t *list = apr_array_make(pool, 3, sizeof(const char *));

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        APR_ARRAY_PUSH(list, const char *) = hosts[i];
    }
    return list;
}

static int is_sqlite(const server_rec *server, apr_pool_t *pool)
{
    dygw_dbd_settings_t settings;

    return dygw_cfg_dbd(server, pool, &settings) == APR_SUCCESS && settings.driver
           && strcmp(settings.driver, "sqlite3") == 0;
}

#define DEFAULT(member, unset, value) \
    cfg->member = cfg->member != (unset) ? cfg->member : (value)

void dygw_cfg_set_defaults(dygw_cfg_t *cfg)
{
    apr_pool_t *pool = cfg->server->process->pconf;

    DEFAULT(upstream, NULL, DYGW_DEFAULT_UPSTREAM);
    DEFAULT(connect_timeout, DYGW_UNSET, DYGW_DEFAULT_CONNECT);
    DEFAULT(total_timeout, DYGW_UNSET, DYGW_DEFAULT_TOTAL);
    DEFAULT(use_client_token, DYGW_UNSET, 0);
    DEFAULT(link_hosts, NULL, default_link_hosts(pool));
    DEFAULT(signature_window, DYGW_UNSET, DYGW_DEFAULT_SIGNATURE_WINDOW);
    DEFAULT(nonce_store, DYGW_UNSET, DYGW_NONCES_SHM);
    DEFAULT(nonce_entries, DYGW_UNSET, DYGW_DEFAULT_NONCES);
    DEFAULT(operator_header, NULL, DYGW_DEFAULT_OPERATOR_HEADER);
    DEFAULT(max_body, DYGW_UNSET, DYGW_DEFAULT_BODY);
    DEFAULT(rate_per_second, DYGW_UNSET, 0);
    DEFAULT(rate_burst, DYGW_UNSET, 0);
    DEFAULT(time_zone, UNSET_ZONE, DYGW_DEFAULT_TIME_ZONE);
    DEFAULT(schema_auto, DYGW_UNSET, is_sqlite(cfg->server, pool));
    DEFAULT(database_timeout, DYGW_UNSET, DYGW_DEFAULT_DATABASE);
    DEFAULT(worker, DYGW_UNSET, 1);
    DEFAULT(enrich_first, DYGW_UNSET, DYGW_DEFAULT_ENRICH_FIRST);
    DEFAULT(enrich_max, DYGW_UNSET, DYGW_DEFAULT_ENRICH_MAX);
    DEFAULT(enrich_give_up, DYGW_UNSET, DYGW_DEFAULT_ENRICH_GIVE_UP);
    DEFAULT(order_rate, DYGW_UNSET, DYGW_DEFAULT_ORDER_RATE);
    DEFAULT(use_cancel_token, DYGW_UNSET, 0);
    DEFAULT(retention, DYGW_UNSET, 0);
}

const char *dygw_cfg_where(apr_pool_t *pool, const server_rec *server)
{
    const char *name = server->server_hostname ? server->server_hostname : "_default_";

    if (!server->is_virtual) {
        return "the main server";
    }
    return apr_psprintf(pool, "%s (%s:%u)", name, server->defn_name ? server->defn_name : "?",
                        server->defn_line_number);
}

const char *dygw_cfg_directory_of(const char *path, apr_pool_t *pool)
{
    const char *slash = strrchr(path, '/');

    return slash && slash != path ? apr_pstrmemdup(pool, path, (apr_size_t)(slash - path)) : "/";
}
