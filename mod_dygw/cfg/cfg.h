/* SPDX-License-Identifier: Apache-2.0
 * What the directives said, one a server. Every member has an "unset" value; dygw_cfg_merge takes
 * the more specific one; the getters of members with a default apply it last. */
#ifndef DYGW_CFG_CFG_H
#define DYGW_CFG_CFG_H

#include "cfg/module.h"

#include "util/crypto.h"

typedef struct dygw_runtime_t dygw_runtime_t;   /* process/runtime.h */

typedef enum { DYGW_NONCES_SHM, DYGW_NONCES_DBD } dygw_nonce_store_e;

#define DYGW_UNSET (-1)

/* Strings: NULL is unset. Integers and times (us): DYGW_UNSET. */
typedef struct dygw_cfg_t {
    const server_rec *server;           /* the one it was made for */
    const char *client_key;             /* DygwClientKey; NULL = this server has no gateway */
    const char *client_secret;          /* DygwClientSecret, read */
    const char *account_id;             /* DygwAccountId */
    dygw_seal_t *seal;                  /* DygwMasterKey, decoded */
    const char *upstream;               /* DygwUpstream, no slash at the end */
    apr_interval_time_t connect_timeout;    /* DygwUpstreamTimeout */
    apr_interval_time_t total_timeout;
    const char *ca_file;                /* DygwUpstreamCAFile */
    const char *proxy;                  /* DygwUpstreamProxy */
    int use_client_token;               /* DygwTokenEndpoint */
    apr_array_header_t *link_hosts;     /* DygwShortLinkHosts, of const char * */
    apr_interval_time_t signature_window;   /* DygwSignatureWindow */
    int nonce_store;                    /* DygwNonceStore, dygw_nonce_store_e */
    int nonce_entries;
    const char *operator_header;        /* DygwOperatorHeader; "" = none */
    apr_off_t max_body;                 /* DygwMaxBody, bytes */
    int rate_per_second;                /* DygwRateLimit; 0 = off */
    int rate_burst;
    int time_zone;                      /* DygwTimeZone, minutes east; INT_MIN = unset */
    int schema_auto;                    /* DygwSchema */
    apr_interval_time_t database_timeout;   /* DygwDatabaseTimeout */
    int worker;                         /* DygwWorker */
    apr_interval_time_t enrich_first;   /* DygwEnrichRetry */
    apr_interval_time_t enrich_max;
    apr_interval_time_t enrich_give_up;
    int order_rate;                     /* DygwOrderRate, queries a second; 0 = off */
    int use_cancel_token;               /* DygwCancelToken */
    apr_interval_time_t retention;      /* DygwRetention; 0 = off */

    dygw_runtime_t *runtime;            /* made in child_init; not configuration, not merged */
} dygw_cfg_t;

extern const command_rec dygw_cfg_directives[];

void *dygw_cfg_create(apr_pool_t *pool, server_rec *server);
void *dygw_cfg_merge(apr_pool_t *pool, void *base, void *add);

/* The configuration of a server; a gateway is configured there when client_key is set. */
dygw_cfg_t *dygw_cfg_get(const server_rec *server);

/* Puts the defaults into what is still unset. For post_config, once a configuration that is in use.
 */
void dygw_cfg_set_defaults(dygw_cfg_t *cfg);

/* "name (file:line)" of a virtual host, for messages. */
const char *dygw_cfg_where(apr_pool_t *pool, const server_rec *server);

/* Refuses every mistake that configtest can see: logs directive, virtual host and remedy. OK or
 * HTTP_INTERNAL_SERVER_ERROR. Calls no network and no database. For the hook check_config: a
 * start, a restart and `apachectl configtest` run it, the latter without post_config. */
int dygw_cfg_check(apr_pool_t *ptemp, server_rec *main_server);

/* What is before the last slash of an absolute path; "/" at least. */
const char *dygw_cfg_directory_of(const char *path, apr_pool_t *pool);

/* The mod_dbd settings of a server, read from its configuration tree: driver, params (NULL when
 * unset), and the pool sizes with mod_dbd's defaults. */
typedef struct dygw_dbd_settings_t {
    const char *driver;
    const char *params;
    int min, keep, max;
} dygw_dbd_settings_t;
apr_status_t dygw_cfg_dbd(const server_rec *server, apr_pool_t *pool,
                          dygw_dbd_settings_t *settings);

#endif
