/* SPDX-License-Identifier: Apache-2.0
 * The way from the configuration to running gateways: what the parent prepares, what each child
 * starts from it, and what the parent still writes when all children have ended. */
#include "process/runtime.h"

#include <string.h>
#include <unistd.h>

#include <ap_mpm.h>
#include <http_core.h>
#include <http_main.h>
#include <mpm_common.h>

#include <apr_file_io.h>
#include <apr_shm.h>
#include <apr_strings.h>

#include "cfg/secret.h"
#include "cfg/user.h"
#include "gateway/apps/reads.h"
#include "gateway/share.h"
#include "process/database.h"
#include "process/log.h"
#include "process/prepare.h"
#include "process/shared.h"
#include "process/watch.h"
#include "util/compiler.h"

#define READS_PATIENCE_US apr_time_from_sec(2)
#define KNOWN_US          apr_time_from_sec(10)
#define MACHINE_ID_MAX    64

/* What post_config made and child_init needs; inherited by the children. Of prepared_t. */
static apr_array_header_t *prepared;
/* Where the children keep what they have logged; NULL: each for itself. */
static apr_shm_t *log_memory;
/* Of dygw_runtime_t *; this child's. */
static apr_array_header_t *runtimes;

typedef struct prepared_t {
    dygw_cfg_t *cfg;
    server_rec *server;
    dygw_shared_t shared;
    dygw_database_state_e database; /* as it was found; all else is for the children to find */
} prepared_t;

int dygw_runtime_register(apr_pool_t *pconf)
{
    return dygw_shared_register(pconf);
}

static int is_prepared(const dygw_cfg_t *cfg)
{
    int i;

    for (i = 0; i < prepared->nelts; i++) {
        if (APR_ARRAY_IDX(prepared, i, prepared_t).cfg == cfg) {
            return 1;
        }
    }
    return 0;
}

/* Why a gateway cannot run at all, in a word; NULL: it can. What is wrong is in the log. */
static const char *why_not_started(const dygw_cfg_t *cfg, server_rec *server, int can_call)
{
    if (cfg->client_secret == dygw_secret_unread) {
        return "secret"; /* logged when the directive was read */
    }
    if (cfg->seal == &dygw_seal_unread) {
        return "key";
    }
    if (dygw_crypto_check() != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server,
                     DYGWNO(0356) "OpenSSL offers no SHA-256 or AES-256-GCM: look into its "
                                  "configuration (openssl.cnf), and restart");
        return "openssl";
    }
    return can_call ? NULL : "libcurl";
}

/* What requests and /health say until the background has looked for itself. */
static void share_state(const prepared_t *p)
{
    dygw_lock_take(p->shared.host_lock);
    p->shared.host->tick_at = dygw_steady_now();
    p->shared.host->database_state = p->database;
    dygw_lock_release(p->shared.host_lock);
}

/* Whether the generation before has just found that the server does not answer. To try once more
 * would only take the time of connecting, in which nobody is served. */
static int is_known_to_be_away(const prepared_t *p)
{
    int known;

    dygw_lock_take(p->shared.host_lock);
    known = p->shared.host->database_state == DYGW_DB_UNREACHABLE && p->shared.host->tick_at != 0
            && dygw_steady_now() - p->shared.host->tick_at < KNOWN_US;
    dygw_lock_release(p->shared.host_lock);
    return known;
}

static int prepare_gateway(dygw_cfg_t *cfg, server_rec *server, apr_pool_t *pconf,
                           apr_pool_t *ptemp)
{
    prepared_t *p = apr_array_push(prepared);
    apr_status_t rv;
    int rc;

    p->cfg = cfg;
    p->server = server;
    rv = dygw_shared_get(cfg, server, &p->shared, pconf);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, server,
                     DYGWNO(0300) "%s: shared memory cannot be made; the gateway answers 503 "
                                  "until a restart can make it",
                     dygw_cfg_where(ptemp, server));
        cfg->not_started = "memory";
        apr_array_pop(prepared);
        return OK;
    }
    p->database = is_known_to_be_away(p) ? DYGW_DB_UNREACHABLE : DYGW_DB_OK;
    rc = dygw_database_prepare(cfg, server, ptemp, &p->database);
    share_state(p);
    return rc;
}

static int prepare_server(server_rec *server, apr_pool_t *pconf, apr_pool_t *ptemp, int can_call)
{
    dygw_cfg_t *cfg = dygw_cfg_get(server);

    /* Virtual hosts without directives of ours share the configuration of the main server. */
    if (!cfg->client_key || is_prepared(cfg)) {
        return OK;
    }
    dygw_cfg_set_defaults(cfg);
    if (!cfg->not_started) {
        cfg->not_started = why_not_started(cfg, server, can_call);
    }
    return cfg->not_started ? OK : prepare_gateway(cfg, server, pconf, ptemp);
}

/* What no child could write any more, as it was killed or cut off. It is written as the User, so
 * that no file of root's is left beside SQLite's. */
static void finish_reads(const prepared_t *p, apr_pool_t *pool)
{
    dygw_gateway_t gateway = { 0 };
    dygw_log_t log = dygw_log_of(p->server);
    const dygw_ctx_t ctx = { &gateway, &log, pool };
    dygw_root_t root;

    (void)dygw_user_become(&root, pool);
    if (dygw_database_direct(&gateway.db, p->server, pool) == APR_SUCCESS
        && dygw_reads_attach(&gateway.reads, p->shared.reads, pool) == APR_SUCCESS) {
        dygw_reads_flush(&ctx, READS_PATIENCE_US);
    }
    (void)dygw_user_leave(&root, p->server);
    dygw_reads_report(p->shared.reads, &log);
}

/* The parent ends: its children have ended already. They go through here too, each with its own
 * end, and leave it to the parent. */
static apr_status_t finish_all_reads(DYGW_UNUSED void *data)
{
    int ends = ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_EXITING;
    apr_pool_t *pool;
    int i;

    for (i = 0; ends && i < prepared->nelts; i++) {
        const prepared_t *p = &APR_ARRAY_IDX(prepared, i, prepared_t);

        if (p->shared.reads && apr_pool_create(&pool, NULL) == APR_SUCCESS) {
            finish_reads(p, pool);
            apr_pool_destroy(pool);
        }
    }
    return APR_SUCCESS;
}

static void start_none(server_rec *main_server)
{
    server_rec *server;

    for (server = main_server; server; server = server->next) {
        dygw_cfg_get(server)->not_started = "memory";
    }
}

int dygw_runtime_prepare(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server,
                         int can_call)
{
    server_rec *server;
    apr_status_t rv = dygw_shared_prepare(main_server);
    int rc = OK;

    if (apr_shm_create(&log_memory, dygw_log_memory_size(), NULL, pconf) == APR_SUCCESS) {
        memset(apr_shm_baseaddr_get(log_memory), 0, dygw_log_memory_size());
    }
    else {
        log_memory = NULL;
    }
    prepared = apr_array_make(pconf, 1, sizeof(prepared_t));
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, main_server,
                     DYGWNO(0301) "mutexes cannot be made; the gateway answers 503 until a "
                                  "restart can make them");
        start_none(main_server);
    }
    apr_pool_pre_cleanup_register(pconf, NULL, finish_all_reads);
    for (server = main_server; server && rc == OK; server = server->next) {
        rc = prepare_server(server, pconf, ptemp, can_call);
    }
    return rc;
}

dygw_douyin_t *dygw_runtime_douyin(const dygw_cfg_t *cfg, const dygw_gateway_t *gateway,
                                   apr_pool_t *pool)
{
    dygw_douyin_t *douyin;
    dygw_douyin_config_t config = { .base_url = cfg->upstream,
                                    .client_key = cfg->client_key,
                                    .client_secret = cfg->client_secret,
                                    .ca_file = cfg->ca_file,
                                    .proxy = cfg->proxy,
                                    .connect_timeout = cfg->connect_timeout,
                                    .total_timeout = cfg->total_timeout,
                                    .use_client_token = cfg->use_client_token,
                                    .link_hosts = cfg->link_hosts,
                                    .metrics = gateway->metrics,
                                    .upstream_seen = &gateway->host->upstream_seen };

    return dygw_douyin_create(&douyin, apr_pmemdup(pool, &config, sizeof(config)), pool)
                   == APR_SUCCESS
               ? douyin
               : NULL;
}

static const char *host_name(apr_pool_t *pool)
{
    char host[APRMAXHOSTLEN + 1] = "host";

    apr_gethostname(host, sizeof(host), pool);
    return apr_pstrdup(pool, host);
}

/* Names this child among all children of all hosts. */
static const char *owner_name(apr_pool_t *pool)
{
    return apr_psprintf(pool, "%.64s-%" APR_PID_T_FMT "-%s", host_name(pool), getpid(),
                        dygw_random_text(pool, 8));
}

/* What tells this machine from others of the same name; empty: nothing does. */
static const char *machine_id(apr_pool_t *pool)
{
    char *id = apr_pcalloc(pool, MACHINE_ID_MAX + 1);
    apr_size_t len = MACHINE_ID_MAX;
    apr_file_t *file;

    if (apr_file_open(&file, "/etc/machine-id", APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool)
        == APR_SUCCESS) {
        (void)apr_file_read(file, id, &len);
        apr_file_close(file);
    }
    id[strcspn(id, "\r\n")] = '\0';
    return id;
}

/* Names this httpd among all of all hosts: several may run on one, each with a PidFile of its
 * own. The hash has the name, too, of which only the beginning may have room. */
static const char *host_id(apr_pool_t *pool)
{
    const char *host = host_name(pool);
    const char *all = apr_pstrcat(pool, host, "\n", machine_id(pool), "\n", ap_server_root, "\n",
                                  ap_pid_fname, NULL);
    char hash[DYGW_SHA256_HEX_LEN + 1];

    dygw_sha256_hex(all, strlen(all), hash);
    return apr_psprintf(pool, "%.48s-%.8s", host, hash);
}

static int generation(void)
{
    int number = 0;

    ap_mpm_query(AP_MPMQ_GENERATION, &number);
    return number;
}

static apr_status_t share_commits(dygw_gateway_t *gateway, apr_pool_t *pool)
{
    apr_status_t rv
        = dygw_share_create(&gateway->inserting, DYGW_BATCH_INSERT, gateway->metrics, pool);

    if (rv == APR_SUCCESS) {
        rv = dygw_share_create(&gateway->settling, DYGW_BATCH_SETTLE, gateway->metrics, pool);
    }
    return rv;
}

static apr_status_t start_gateway(dygw_runtime_t *runtime, const prepared_t *p, apr_pool_t *pool)
{
    dygw_gateway_t *gateway = &runtime->gateway;
    apr_status_t rv;

    gateway->client_key = p->cfg->client_key;
    gateway->account_id = p->cfg->account_id;
    gateway->declared = p->cfg->declared;
    gateway->upstream_timeout = p->cfg->total_timeout;
    gateway->enrich_first = p->cfg->enrich_first;
    gateway->enrich_max = p->cfg->enrich_max;
    gateway->enrich_give_up = p->cfg->enrich_give_up;
    gateway->order_rate = p->cfg->order_rate;
    gateway->rate_per_second = p->cfg->rate_per_second;
    gateway->rate_burst = p->cfg->rate_burst;
    gateway->use_cancel_token = p->cfg->use_cancel_token;
    gateway->retention = p->cfg->retention;
    gateway->signature_window = p->cfg->signature_window;
    gateway->time_zone = p->cfg->time_zone;
    gateway->seal = p->cfg->seal;
    gateway->host = p->shared.host;
    gateway->lock_host = dygw_lock_take;
    gateway->unlock_host = dygw_lock_release;
    gateway->host_baton = p->shared.host_lock;
    gateway->meter = p->shared.meter;
    gateway->metrics = dygw_metrics_attach(p->shared.metrics, pool);
    gateway->host_id = host_id(pool);
    gateway->owner = owner_name(pool);
    gateway->generation = generation();
    gateway->douyin = dygw_runtime_douyin(p->cfg, gateway, pool);
    if (!gateway->douyin) {
        return APR_EGENERAL;
    }
    rv = dygw_database_source(&gateway->db, p->server, pool);
    if (rv == APR_SUCCESS) {
        gateway->db->metrics = gateway->metrics;
        gateway->db->application = p->cfg->client_key;
        gateway->db->shared = &gateway->host->database;
        rv = share_commits(gateway, pool);
    }
    return rv;
}

static apr_status_t start_runtime(const prepared_t *p, apr_pool_t *pool)
{
    dygw_runtime_t *runtime = apr_pcalloc(pool, sizeof(*runtime));
    apr_status_t rv;

    runtime->server = p->server;
    runtime->cfg = p->cfg;
    runtime->database = p->database;
    rv = start_gateway(runtime, p, pool);
    if (rv == APR_SUCCESS) {
        rv = dygw_reads_attach(&runtime->gateway.reads, p->shared.reads, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = dygw_apps_create(&runtime->apps, pool);
    }
    if (rv == APR_SUCCESS && p->cfg->nonce_store == DYGW_NONCES_SHM) {
        rv = dygw_nonces_attach(
            &runtime->nonces, (void *const *)p->shared.nonces->elts, p->shared.nonces->nelts,
            &(const dygw_nonces_lock_t){ dygw_lock_take, dygw_lock_release, p->shared.nonces_lock },
            pool);
    }
    if (rv == APR_SUCCESS) {
        p->cfg->runtime = runtime;
        APR_ARRAY_PUSH(runtimes, dygw_runtime_t *) = runtime;
    }
    return rv;
}

static apr_status_t start_watch(apr_pool_t *pchild)
{
    apr_array_header_t *sources
        = apr_array_make(pchild, runtimes->nelts, sizeof(dygw_db_source_t *));
    int i;

    for (i = 0; i < runtimes->nelts; i++) {
        APR_ARRAY_PUSH(sources, dygw_db_source_t *)
            = APR_ARRAY_IDX(runtimes, i, dygw_runtime_t *)->gateway.db;
    }
    return sources->nelts > 0 ? dygw_watch_start(sources, pchild) : APR_SUCCESS;
}

apr_status_t dygw_runtime_start(apr_pool_t *pchild, server_rec *main_server)
{
    apr_status_t shared
        = prepared->nelts > 0 ? dygw_shared_child_init(pchild, main_server) : APR_SUCCESS;
    apr_status_t rv = shared;
    apr_status_t found;
    int i;

    dygw_log_share(log_memory ? apr_shm_baseaddr_get(log_memory) : NULL);
    runtimes = apr_array_make(pchild, prepared->nelts, sizeof(dygw_runtime_t *));
    for (i = 0; i < prepared->nelts; i++) {
        const prepared_t *p = &APR_ARRAY_IDX(prepared, i, prepared_t);

        found = shared == APR_SUCCESS ? start_runtime(p, pchild) : shared;
        p->cfg->not_started = found == APR_SUCCESS ? NULL : "child";
        rv = rv == APR_SUCCESS ? found : rv;
    }
    found = start_watch(pchild);
    return rv == APR_SUCCESS ? found : rv;
}

const apr_array_header_t *dygw_runtimes(void)
{
    return runtimes;
}
