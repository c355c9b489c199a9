/* SPDX-License-Identifier: Apache-2.0
 * The sandbox plays Douyin, for tests, benchmarks, and people who have no account at Douyin.
 *
 * It is a module of its own. Of the gateway's code it calls util/ only, so that it cannot repeat
 * the gateway's mistakes. What is not known about Douyin is a switch (switches.c). What can go
 * wrong at Douyin goes wrong here when a test asks for it (fault.c). The sandbox serves loopback
 * addresses only, because anybody who reaches it may do anything.
 *
 * The files, from top to bottom; a file uses only files in lines below its own:
 *
 *   sandbox                the module: directives, start, the hook that takes a request
 *   serve, control         the tables of the functions that answer, and what comes before and after
 *   token, link, prepare, verify, cancel, query, verify_record, stores, orders,
 *   after_sale             the answers to Douyin's calls
 *   mint, coupon, accounts, switches, after_sale
 *                          the answers to the control interface
 *   fault, damage, caller  what goes wrong with a call, and whose call it is
 *   certificate, reply     what answers are made of
 *   call                   a request, and the functions to read and to answer it
 *   records/change         what verifying and cancelling do to the records
 *   records/ids, records/codes
 *                          the ids of the records, and the codes of Douyin
 *   records/state          the records: shared memory and its lock
 *   records/account        the accounts and their stores
 *   records/terms          when coupons may be used */
#include <string.h>

#include <ap_listen.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>

#include <apr_strings.h>

#include "sandbox/control.h"
#include "sandbox/serve.h"
#include "util/compiler.h"
#include "util/log.h"
#include "util/loopback.h"

#define HANDLER        "dygw-sandbox"
#define MARK           "X-Dygw-Sandbox" /* on all that is answered */
#define COUPONS        20000
#define COUPONS_MAX    5000000
#define TOKEN_LIFE_SEC 7200

/* The one symbol that this module exports. */
extern module AP_MODULE_DECLARE_DATA dygw_sandbox_module __attribute__((visibility("default")));
APLOG_USE_MODULE(dygw_sandbox);

static dygw_sandbox_settings_t settings;

/* --- directives --- */

static const char *set_client(cmd_parms *cmd, DYGW_UNUSED void *dir, const char *key,
                              const char *secret)
{
    if (strlen(key) > DYGW_SANDBOX_KEY_MAX) {
        return apr_psprintf(cmd->pool, "%s: a client_key has at most %d characters", cmd->cmd->name,
                            DYGW_SANDBOX_KEY_MAX);
    }
    apr_table_set(settings.clients, key, secret);
    return NULL;
}

static const char *set_number(cmd_parms *cmd, const char *text, int max, int *to)
{
    char *end;
    apr_int64_t n = apr_strtoi64(text, &end, 10);

    if (*end != '\0' || n < 1 || n > max) {
        return apr_psprintf(cmd->pool, "%s is a whole number from 1 to %d", cmd->cmd->name, max);
    }
    *to = (int)n;
    return NULL;
}

static const char *set_coupons(cmd_parms *cmd, DYGW_UNUSED void *dir, const char *text)
{
    return set_number(cmd, text, COUPONS_MAX, &settings.coupons);
}

static const char *set_token_life(cmd_parms *cmd, DYGW_UNUSED void *dir, const char *text)
{
    return set_number(cmd, text, APR_INT32_MAX, &settings.token_life);
}

static const char *set_account(cmd_parms *cmd, DYGW_UNUSED void *dir, int argc, char *const argv[])
{
    apr_array_header_t *stores = apr_array_make(cmd->temp_pool, argc, sizeof(const char *));
    dygw_sandbox_account_wish_t wish = { .count = -1, .authorised = -1 };
    const char *problem;

    for (int i = 1; i < argc; i++) {
        APR_ARRAY_PUSH(stores, const char *) = argv[i];
    }
    wish.id = argc > 0 ? argv[0] : NULL;
    wish.stores = argc > 1 ? stores : NULL;
    problem = dygw_sandbox_account_set(settings.accounts, &wish, cmd->pool);
    return problem ? apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", problem, NULL) : NULL;
}

static const command_rec directives[] = {
    AP_INIT_TAKE2("DygwSandboxClient", set_client, NULL, RSRC_CONF,
                  "client_key and client_secret that may ask for tokens; without it, any may"),
    AP_INIT_TAKE1("DygwSandboxCoupons", set_coupons, NULL, RSRC_CONF,
                  "how many coupons there is room for"),
    AP_INIT_TAKE1("DygwSandboxTokenLife", set_token_life, NULL, RSRC_CONF,
                  "seconds that an access token lives"),
    AP_INIT_TAKE_ARGV("DygwSandboxAccount", set_account, NULL, RSRC_CONF,
                      "another account that the sandbox plays, and the poi_ids of its stores"),
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL },
};

/* --- start --- */

static int pre_config(apr_pool_t *pconf, DYGW_UNUSED apr_pool_t *plog,
                      DYGW_UNUSED apr_pool_t *ptemp)
{
    settings.clients = apr_table_make(pconf, 1);
    settings.coupons = COUPONS;
    settings.token_life = TOKEN_LIFE_SEC;
    settings.accounts = apr_palloc(pconf, sizeof *settings.accounts);
    dygw_sandbox_accounts_begin(settings.accounts);
    return OK;
}

/* Checks all listeners, not only that of the sandbox: an address that is not loopback may be
 * forwarded, and a wrong <Location> is easily made. httpd calls this hook before it opens the
 * listeners. */
static int check_config(DYGW_UNUSED apr_pool_t *pconf, DYGW_UNUSED apr_pool_t *plog,
                        DYGW_UNUSED apr_pool_t *ptemp, server_rec *s)
{
    for (const ap_listen_rec *listener = ap_listeners; listener; listener = listener->next) {
        if (!dygw_is_loopback(listener->bind_addr)) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                         DYGWNO(0900) "the sandbox serves loopback addresses only: write "
                                      "`Listen 127.0.0.1:%d` for port %d, or take "
                                      "dygw_sandbox_module out of this httpd",
                         listener->bind_addr->port, listener->bind_addr->port);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

static int post_config(apr_pool_t *pconf, DYGW_UNUSED apr_pool_t *plog,
                       DYGW_UNUSED apr_pool_t *ptemp, server_rec *s)
{
    apr_status_t rv;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    rv = dygw_sandbox_state_create(pconf, settings.coupons, settings.accounts);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, s,
                     DYGWNO(0901) "no shared memory for %d coupons "
                                  "(DygwSandboxCoupons)",
                     settings.coupons);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    json_object_seed(0);
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                 DYGWNO(0902) "this httpd plays Douyin: a sandbox with room for %d coupons",
                 settings.coupons);
    return OK;
}

/* Returns the memory of a connection for dygw_sandbox_serve; it is 0 at first. */
static apr_uint64_t *connection_memory(const conn_rec *c)
{
    apr_uint64_t *connection = ap_get_module_config(c->conn_config, &dygw_sandbox_module);

    if (!connection) {
        connection = apr_pcalloc(c->pool, sizeof *connection);
        ap_set_module_config(c->conn_config, &dygw_sandbox_module, connection);
    }
    return connection;
}

static int is_ours(const char *name)
{
    return name && strcmp(name, HANDLER) == 0;
}

/* The name in SetHandler, which httpd keeps as an expression and takes in small letters later. */
static const char *handler_to_come(request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const char *error = NULL;
    char *name = core->expr_handler
                     ? apr_pstrdup(r->pool, ap_expr_str_exec(r, core->expr_handler, &error))
                     : NULL;

    if (name) {
        ap_str_tolower(name);
    }
    return name;
}

/* map_to_storage: the sandbox is no file, so that nothing is looked up, and no .htaccess of a site
 * in the DocumentRoot takes it away. */
static int map_to_storage(request_rec *r)
{
    ap_conf_vector_t *per_dir = r->per_dir_config;
    int is_sandbox
        = !r->main && !r->proxyreq && ap_location_walk(r) == OK && is_ours(handler_to_come(r));

    r->per_dir_config = per_dir;
    return is_sandbox ? OK : DECLINED;
}

static int handler(request_rec *r)
{
    if (!is_ours(r->handler)) {
        return DECLINED;
    }
    /* Errors too: a gateway tells its administrator that nothing is redeemed at Douyin. */
    apr_table_setn(r->err_headers_out, MARK, "1");
    return strncmp(r->uri, DYGW_SANDBOX_CONTROL_PATH, strlen(DYGW_SANDBOX_CONTROL_PATH)) == 0
               ? dygw_sandbox_control(r)
               : dygw_sandbox_serve(r, &settings, connection_memory(r->connection));
}

static void register_hooks(DYGW_UNUSED apr_pool_t *pool)
{
    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_map_to_storage(map_to_storage, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA dygw_sandbox_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, directives, register_hooks,
    AP_MODULE_FLAG_NONE,
};
