/* SPDX-License-Identifier: Apache-2.0
 * The directives' setters: parse, store, nothing else. */
#include "cfg/directives.h"

#include <apr_file_io.h>
#include <apr_strings.h>

#include "cfg/limits.h"
#include "cfg/parse.h"
#include "cfg/secret.h"
#include "util/compiler.h"

static dygw_cfg_t *cfg_of(const cmd_parms *cmd)
{
    return dygw_cfg_get(cmd->server);
}

static dygw_parse_t parser(const cmd_parms *cmd)
{
    dygw_parse_t p = { cmd->pool, cmd->cmd->name };

    return p;
}

/* --- the application --- */

const char *dygw_cfg_set_client_key(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);

    return dygw_parse_id(&p, arg, DYGW_MAX_ID_LEN, &cfg_of(cmd)->client_key);
}

const char *dygw_cfg_set_client_secret(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    return dygw_secret_read(cmd, arg, &cfg_of(cmd)->client_secret);
}

const char *dygw_cfg_set_account_id(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);

    return dygw_parse_id(&p, arg, DYGW_MAX_ID_LEN, &cfg_of(cmd)->account_id);
}

static const char *read_key(cmd_parms *cmd, const char *arg, unsigned char *key)
{
    const char *text;
    const char *error = dygw_secret_read(cmd, arg, &text);

    if (!error && dygw_master_key_decode(text, key) != APR_SUCCESS) {
        error = apr_psprintf(cmd->pool,
                             "%s: the key is not %d bytes in hex or base64: make one with `openssl "
                             "rand -hex %d`",
                             cmd->cmd->name, DYGW_MASTER_KEY_LEN, DYGW_MASTER_KEY_LEN);
    }
    return error;
}

const char *dygw_cfg_set_master_key(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg,
                                    const char *old)
{
    dygw_seal_t *seal = apr_pcalloc(cmd->pool, sizeof *seal);
    const char *error = read_key(cmd, arg, seal->key);

    if (!error && old) {
        error = read_key(cmd, old, seal->old_key);
        seal->has_old = 1;
    }
    if (!error) {
        cfg_of(cmd)->seal = seal;
    }
    return error;
}

/* --- the way to Douyin --- */

const char *dygw_cfg_set_upstream(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);

    return dygw_parse_upstream(&p, arg, &cfg_of(cmd)->upstream);
}

static const char *parse_timeout(const dygw_parse_t *p, const char *arg, apr_interval_time_t *time)
{
    return dygw_parse_time(p, arg, DYGW_MIN_TIMEOUT, DYGW_MAX_TIMEOUT, time);
}

const char *dygw_cfg_set_upstream_timeout(cmd_parms *cmd, DYGW_UNUSED void *dummy,
                                          const char *connect, const char *total)
{
    dygw_cfg_t *cfg = cfg_of(cmd);
    dygw_parse_t p = parser(cmd);
    const char *error = parse_timeout(&p, connect, &cfg->connect_timeout);

    error = error ? error : parse_timeout(&p, total, &cfg->total_timeout);
    if (!error && cfg->connect_timeout > cfg->total_timeout) {
        error = apr_psprintf(cmd->pool,
                             "%s: the connection may take longer (%s) than the whole call (%s): "
                             "give the shorter time first",
                             p.directive, connect, total);
    }
    return error;
}

const char *dygw_cfg_set_upstream_ca_file(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    const char *path = ap_server_root_relative(cmd->pool, arg);
    apr_file_t *file;
    apr_finfo_t info;
    int ok = path && apr_stat(&info, path, APR_FINFO_TYPE, cmd->temp_pool) == APR_SUCCESS
             && info.filetype == APR_REG
             && apr_file_open(&file, path, APR_FOPEN_READ, 0, cmd->temp_pool) == APR_SUCCESS;

    if (!ok) {
        return apr_psprintf(
            cmd->pool, "%s: cannot read the file '%s': give a PEM file of certificate authorities",
            cmd->cmd->name, path ? path : arg);
    }
    apr_file_close(file);
    cfg_of(cmd)->ca_file = path;
    return NULL;
}

const char *dygw_cfg_set_upstream_proxy(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);

    return dygw_parse_proxy(&p, arg, &cfg_of(cmd)->proxy);
}

const char *dygw_cfg_set_token_endpoint(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    static const char *const words[] = { "stable", "client", NULL };
    dygw_parse_t p = parser(cmd);

    return dygw_parse_word(&p, arg, words, &cfg_of(cmd)->use_client_token);
}

const char *dygw_cfg_set_short_link_host(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_cfg_t *cfg = cfg_of(cmd);
    dygw_parse_t p = parser(cmd);
    const char *host;
    const char *error = dygw_parse_link_host(&p, arg, &host);

    if (error) {
        return error;
    }
    if (cfg->link_hosts == NULL) {
        cfg->link_hosts = apr_array_make(cmd->pool, 4, sizeof(const char *));
    }
    APR_ARRAY_PUSH(cfg->link_hosts, const char *) = host;
    return NULL;
}

/* --- the callers --- */

const char *dygw_cfg_set_signature_window(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);

    return dygw_parse_time(&p, arg, DYGW_MIN_SIGNATURE_WINDOW, DYGW_MAX_SIGNATURE_WINDOW,
                           &cfg_of(cmd)->signature_window);
}

const char *dygw_cfg_set_nonce_store(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *store,
                                     const char *entries)
{
    static const char *const words[] = { "shm", "dbd", NULL };   /* as in dygw_nonce_store_e */
    dygw_cfg_t *cfg = cfg_of(cmd);
    dygw_parse_t p = parser(cmd);
    apr_int64_t number = DYGW_DEFAULT_NONCES;
    const char *error = dygw_parse_word(&p, store, words, &cfg->nonce_store);

    if (!error && entries && cfg->nonce_store == DYGW_NONCES_DBD) {
        error = apr_psprintf(cmd->pool, "%s: the database counts no entries: write dbd alone",
                             p.directive);
    }
    if (!error && entries) {
        error = dygw_parse_int(&p, entries, DYGW_MIN_NONCES, DYGW_MAX_NONCES, &number);
    }
    cfg->nonce_entries = (int)number;
    return error;
}

const char *dygw_cfg_set_operator_header(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);

    if (ap_cstr_casecmp(arg, "none") == 0) {
        cfg_of(cmd)->operator_header = "";
        return NULL;
    }
    return dygw_parse_header(&p, arg, &cfg_of(cmd)->operator_header);
}

const char *dygw_cfg_set_max_body(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);
    apr_int64_t number;
    const char *error = dygw_parse_int(&p, arg, DYGW_MIN_BODY, DYGW_MAX_BODY, &number);

    cfg_of(cmd)->max_body = (apr_off_t)number;
    return error;
}

const char *dygw_cfg_set_rate_limit(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *rate,
                                    const char *burst)
{
    dygw_cfg_t *cfg = cfg_of(cmd);
    dygw_parse_t p = parser(cmd);
    apr_int64_t per_second = 0, at_once = 0;
    const char *error = NULL;

    if (burst == NULL) {
        if (ap_cstr_casecmp(rate, "off")) {
            error = apr_psprintf(
                cmd->pool,
                "%s: '%s' is neither off nor two numbers: write requests per second and burst, "
                "like 50 100",
                p.directive, rate);
        }
    }
    else {
        error = dygw_parse_int(&p, rate, 1, DYGW_MAX_RATE, &per_second);
        error = error ? error : dygw_parse_int(&p, burst, 1, DYGW_MAX_RATE, &at_once);
    }
    cfg->rate_per_second = (int)per_second;
    cfg->rate_burst = (int)at_once;
    return error;
}

/* --- the rest --- */

const char *dygw_cfg_set_time_zone(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);

    return dygw_parse_offset(&p, arg, &cfg_of(cmd)->time_zone);
}

const char *dygw_cfg_set_schema(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    static const char *const words[] = { "check", "auto", NULL };
    dygw_parse_t p = parser(cmd);

    return dygw_parse_word(&p, arg, words, &cfg_of(cmd)->schema_auto);
}

const char *dygw_cfg_set_database_timeout(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);

    return dygw_parse_time(&p, arg, DYGW_MIN_DATABASE, DYGW_MAX_DATABASE,
                           &cfg_of(cmd)->database_timeout);
}

const char *dygw_cfg_set_worker(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    static const char *const words[] = { "off", "on", NULL };
    dygw_parse_t p = parser(cmd);

    return dygw_parse_word(&p, arg, words, &cfg_of(cmd)->worker);
}

static const char *parse_retry(const dygw_parse_t *p, const char *arg, apr_interval_time_t *time)
{
    return dygw_parse_time(p, arg, DYGW_MIN_RETRY, DYGW_MAX_RETRY, time);
}

const char *dygw_cfg_set_enrich_retry(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *first,
                                      const char *max, const char *give_up)
{
    dygw_cfg_t *cfg = cfg_of(cmd);
    dygw_parse_t p = parser(cmd);
    const char *error = parse_retry(&p, first, &cfg->enrich_first);

    error = error ? error : parse_retry(&p, max, &cfg->enrich_max);
    error = error ? error : parse_retry(&p, give_up, &cfg->enrich_give_up);
    if (!error && (cfg->enrich_first > cfg->enrich_max || cfg->enrich_max > cfg->enrich_give_up)) {
        error = apr_psprintf(
            cmd->pool,
            "%s: '%s %s %s' do not grow: give the first pause, the longest, and the time to give "
            "up, like 2s 1h 24h",
            p.directive, first, max, give_up);
    }
    return error;
}

const char *dygw_cfg_set_order_rate(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);
    apr_int64_t number = 0;
    const char *error = NULL;

    if (ap_cstr_casecmp(arg, "off")) {
        error = dygw_parse_int(&p, arg, 1, DYGW_MAX_ORDER_RATE, &number);
    }
    cfg_of(cmd)->order_rate = (int)number;
    return error ? apr_pstrcat(cmd->pool, error, ", nor off", NULL) : NULL;
}

const char *dygw_cfg_set_cancel_token(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    static const char *const words[] = { "off", "on", NULL };
    dygw_parse_t p = parser(cmd);

    return dygw_parse_word(&p, arg, words, &cfg_of(cmd)->use_cancel_token);
}

const char *dygw_cfg_set_retention(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg)
{
    dygw_parse_t p = parser(cmd);
    const char *error;

    if (ap_cstr_casecmp(arg, "off") == 0) {
        cfg_of(cmd)->retention = 0;
        return NULL;
    }
    error = dygw_parse_time(&p, arg, DYGW_MIN_RETENTION, DYGW_MAX_RETENTION,
                            &cfg_of(cmd)->retention);
    return error ? apr_pstrcat(cmd->pool, error, ", or off", NULL) : NULL;
}
