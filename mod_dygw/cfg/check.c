/* SPDX-License-Identifier: Apache-2.0
 * Checks a configuration whose directives have all been read: what is missing, and which directives
 * do not fit together. A mistake in one directive alone is found by its setter (set.c). */
#include "cfg/cfg.h"

#include <string.h>

#include <apr_strings.h>

#include <ap_mpm.h>

#include "cfg/declare.h"
#include "cfg/mounts.h"
#include "cfg/secret.h"
#include "cfg/tree.h"
#include "cfg/user.h"
#include "util/log.h"

/* One connection for a request, and one for the background thread. */
#define MIN_CONNECTIONS 2

/* One server under examination. All mistakes are reported, not only the first one. */
typedef struct check_t {
    apr_pool_t *pool;
    const server_rec *log; /* the main server; virtual hosts have no log yet */
    const server_rec *server;
    const dygw_cfg_t *cfg;
    const char *where;
    int mistakes;
} check_t;

#define refuse(check, ...) \
    do { \
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, (check)->log, __VA_ARGS__); \
        (check)->mistakes++; \
    } while (0)

/* --- what is required --- */

static int has_what_is_required(const dygw_cfg_t *cfg)
{
    return cfg->client_key && cfg->client_secret && cfg->seal;
}

/* The main server may have the directives that its virtual hosts share, and be no gateway. */
static int is_only_a_base(const server_rec *main_server)
{
    if (dygw_cfg_get(main_server)->client_key) {
        return 0;
    }
    for (const server_rec *s = main_server->next; s; s = s->next) {
        if (has_what_is_required(dygw_cfg_get(s))) {
            return 1;
        }
    }
    return 0;
}

static void report_missing(check_t *check, const ap_directive_t *use, const char *directive,
                           const char *remedy)
{
    refuse(check, DYGWNO(0110) "%s is missing in %s, where %s (%s:%d) is used: %s", directive,
           check->where, use ? use->directive : "the gateway", use ? use->filename : "-",
           use ? use->line_num : 0, remedy);
}

static void check_required(check_t *check)
{
    const ap_directive_t *use = dygw_tree_gateway_use(check->server, check->pool);
    const dygw_cfg_t *cfg = check->cfg;

    if (has_what_is_required(cfg)
        || (use == NULL && (cfg->client_key == NULL || cfg->server != check->server))
        || (!check->server->is_virtual && is_only_a_base(check->server))) {
        return;
    }
    if (!cfg->client_key) {
        report_missing(check, use, "DygwClientKey",
                       "add the key of the application in Douyin's console");
    }
    if (!cfg->client_secret) {
        report_missing(check, use, "DygwClientSecret",
                       "add `DygwClientSecret file:/path` with the application's secret in that "
                       "file");
    }
    if (!cfg->seal) {
        report_missing(check, use, "DygwMasterKey",
                       "add `DygwMasterKey file:/path`, and make the file with `openssl rand -hex "
                       "32`");
    }
}

/* Whether there are declared stores, each with an account of its own. */
static int have_stores_accounts(const dygw_declared_t *declared)
{
    int count = declared ? declared->stores->nelts : 0;
    int i;

    for (i = 0; i < count; i++) {
        if (!APR_ARRAY_IDX(declared->stores, i, const dygw_declared_store_t *)->account_id) {
            return 0;
        }
    }
    return count > 0;
}

static void check_account(const check_t *check)
{
    if (!check->cfg->account_id && !have_stores_accounts(check->cfg->declared)
        && dygw_cfg_should_warn()) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, check->log,
                     DYGWNO(0121) "DygwAccountId is not set in %s: verifications are not enriched "
                                  "with their orders without it, but for stores with a "
                                  "DygwStoreAccount: add the root account's id",
                     check->where);
    }
}

/* --- the database --- */

/* The start makes the file and the directory of the file, but no directory above that one. */
static void check_sqlite_path(check_t *check, const char *path)
{
    const char *fault;

    if (*path != '/') {
        refuse(check,
               DYGWNO(0119) "DBDParams '%s' of %s is not an absolute path: give SQLite's file as "
                            "/directory/file, on a local disk",
               path, check->where);
        return;
    }
    fault = dygw_cfg_is_test() ? dygw_user_fault(path, check->pool) : NULL;
    if (fault) {
        refuse(check, DYGWNO(0120) "DBDParams of %s: %s", check->where, fault);
    }
}

/* Where the driver reconnects by itself, the first transaction after a lost connection fails. The
 * driver has no parameter for a time-out: the option file sets one, in the group that group= names.
 */
static void check_mysql_params(const check_t *check, const char *params)
{
    if (!ap_strcasestr(params, "group=") && dygw_cfg_should_warn()) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, check->log,
                     DYGWNO(0612) "DBDParams of %s lacks group=, without which connecting has no "
                                  "time-out: add group=dygw, and connect-timeout=3 under [dygw] "
                                  "in the option file",
                     check->where);
    }
    if (!ap_strcasestr(params, "reconnect=0") && dygw_cfg_should_warn()) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, check->log,
                     DYGWNO(0124) "DBDParams of %s lacks reconnect=0, without which a request "
                                  "fails whenever the server has closed a connection: add it",
                     check->where);
    }
}

static void check_driver(check_t *check, const dygw_dbd_settings_t *dbd)
{
    static const char *const drivers[] = { "sqlite3", "pgsql", "mysql", NULL };
    int i = 0;

    if (!dbd->driver) {
        refuse(check,
               DYGWNO(0112) "DBDriver is not set for %s: the gateway keeps its records in a "
                            "database; add DBDriver sqlite3, pgsql or mysql, and DBDParams",
               check->where);
        return;
    }
    while (drivers[i] && strcmp(drivers[i], dbd->driver) != 0) {
        i++;
    }
    if (!drivers[i]) {
        refuse(check,
               DYGWNO(0113) "DBDriver %s of %s is not supported: use sqlite3, pgsql or mysql",
               dbd->driver, check->where);
        return;
    }
    if (!dbd->params || !*dbd->params) {
        refuse(check, DYGWNO(0114) "DBDParams is not set for %s: add the %s", check->where,
               i == 0 ? "absolute path of SQLite's file" : "parameters of the connection");
    }
    else if (i == 0) {
        check_sqlite_path(check, dbd->params);
    }
    else if (strcmp(dbd->driver, "mysql") == 0) {
        check_mysql_params(check, dbd->params);
    }
}

/* Sizes that apr_reslist would refuse when the first child starts, and sizes with which requests
 * would wait for connections. */
static void check_pool(check_t *check, const dygw_dbd_settings_t *dbd)
{
    int threads = 1;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    if (dbd->max < MIN_CONNECTIONS) {
        refuse(check,
               DYGWNO(0117) "DBDMax %d of %s leaves no connection for the background thread: leave "
                            "DBDMax out, or give at least %d",
               dbd->max, check->where, dygw_cfg_dbd_enough(threads));
    }
    else if (dbd->max < dygw_cfg_dbd_enough(threads) && dygw_cfg_should_warn()) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, check->log,
                     DYGWNO(0118) "DBDMax %d of %s is so small that requests wait for each other's "
                                  "connections: leave DBDMax out, or give at least %d",
                     dbd->max, check->where, dygw_cfg_dbd_enough(threads));
    }
    if (dbd->keep > dbd->max) {
        refuse(check,
               DYGWNO(0115) "DBDKeep %d (2 unless given) is over DBDMax %d of %s, with which no "
                            "connection can be opened: raise DBDMax or lower DBDKeep",
               dbd->keep, dbd->max, check->where);
    }
    if (dbd->min > dbd->keep) {
        refuse(check,
               DYGWNO(0116) "DBDMin %d (1 unless given) is over DBDKeep %d (2 unless given) of %s, "
                            "with which no connection can be opened: raise DBDKeep or lower DBDMin",
               dbd->min, dbd->keep, check->where);
    }
}

/* This host is for its database one host, which declares an app in one way. At a start each serves
 * what it declares, but what the database has of that is of one of them. Returns whether there is a
 * mistake. */
static int check_same_declared(check_t *check, const server_rec *s)
{
    const char *apart
        = dygw_cfg_declared_apart(dygw_cfg_get(s)->declared, check->cfg->declared, check->pool);

    if (apart && dygw_cfg_should_tell()) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, check->log,
                     DYGWNO(0705) "%s and %s are one application on one database, and do not "
                                  "declare the same: %s differs. Put DygwClientKey and the "
                                  "sections into the main server, or Include the same sections in "
                                  "both",
                     dygw_cfg_where(check->pool, s), check->where, apart);
        check->mistakes += dygw_cfg_is_test();
    }
    return apart != NULL;
}

/* One database serves one Douyin application. Returns whether there is a mistake. */
static int check_neighbour(check_t *check, const server_rec *s)
{
    const dygw_cfg_t *cfg = dygw_cfg_get(s);

    if (strcmp(cfg->client_key, check->cfg->client_key) != 0) {
        if (!dygw_cfg_is_test()) {
            return 1;
        }
        refuse(check,
               DYGWNO(0354) "DBDParams of %s and of %s are one database for two Douyin "
                            "applications: give each a database of its own (DBDParams in its "
                            "<VirtualHost>)",
               dygw_cfg_where(check->pool, s), check->where);
        return 1;
    }
    return check_same_declared(check, s);
}

static void check_shared_database(check_t *check, const dygw_dbd_settings_t *dbd)
{
    int found = 0;

    for (const server_rec *s = check->log; s != check->server && !found; s = s->next) {
        const dygw_cfg_t *cfg = dygw_cfg_get(s);
        dygw_dbd_settings_t other;

        found = cfg->server == s && cfg->client_key
                && dygw_cfg_dbd(s, check->pool, &other) == APR_SUCCESS
                && dygw_cfg_dbd_is_same(dbd, &other) && check_neighbour(check, s);
    }
}

static void check_database(check_t *check)
{
    dygw_dbd_settings_t dbd;

    if (dygw_cfg_dbd(check->server, check->pool, &dbd) != APR_SUCCESS) {
        refuse(check,
               DYGWNO(0111) "mod_dbd is not loaded, and %s needs a database: load it before "
                            "mod_dygw (a2enmod dbd on Debian) and set DBDriver and DBDParams",
               check->where);
        return;
    }
    check_driver(check, &dbd);
    check_pool(check, &dbd);
    check_shared_database(check, &dbd);
}

void dygw_cfg_name_driver(apr_pool_t *ptemp)
{
    const char *package;
    const ap_directive_t *node
        = ap_find_linked_module("mod_dbd.c") ? dygw_tree_missing_driver(&package, ptemp) : NULL;

    if (node) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, NULL,
                     DYGWNO(0355) "%s (%s:%d): the APR driver of the database is not there: "
                                  "install it (Debian: apt-get install %s)",
                     node->directive, node->filename, node->line_num, package);
    }
}

/* --- all servers --- */

static void check_crypto(check_t *check)
{
    if (dygw_crypto_check() != APR_SUCCESS) {
        refuse(check,
               DYGWNO(0122) "OpenSSL offers no SHA-256 or AES-256-GCM: look into its configuration "
                            "(openssl.cnf)");
    }
}

/* Without a key of its own a virtual host has the very text of the main server's. */
static void check_declared(check_t *check)
{
    const char *key = check->cfg->client_key;

    if (check->cfg->server == check->server) {
        int has_own
            = key && (!check->server->is_virtual || key != dygw_cfg_get(check->log)->client_key);

        check->mistakes += dygw_cfg_declare(check->cfg, has_own, check->log, check->pool);
    }
}

static int check_server(check_t *check, const server_rec *server)
{
    check->server = server;
    check->cfg = dygw_cfg_get(server);
    check->where = dygw_cfg_where(check->pool, server);
    check->mistakes = 0;
    check_required(check);
    check_declared(check);
    /* A virtual host without directives of its own has the configuration of the main server, which
     * has been checked already. */
    if (check->cfg->client_key && check->cfg->server == server) {
        if (dygw_cfg_is_test()) {
            check_crypto(check);
        }
        check_database(check);
        check_account(check);
    }
    return check->mistakes;
}

/* The gateway has a deadline for the body of a request; httpd has one for the headers. */
static void check_patience(const server_rec *main_server)
{
    if (!ap_find_linked_module("mod_reqtimeout.c") && dygw_cfg_should_warn()) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main_server,
                     DYGWNO(0125) "mod_reqtimeout is not loaded: whoever sends the headers of "
                                  "requests slowly takes the threads of this server without a "
                                  "signature: load it (a2enmod reqtimeout on Debian)");
    }
}

int dygw_cfg_check(apr_pool_t *ptemp, server_rec *main_server)
{
    check_t check = { .pool = ptemp, .log = main_server };
    int mistakes = dygw_cfg_check_mounts(ptemp, main_server), is_used = 0;

    for (const server_rec *s = main_server; s; s = s->next) {
        mistakes += check_server(&check, s);
        is_used = is_used || check.cfg->client_key;
    }
    if (is_used) {
        check_patience(main_server);
    }
    return mistakes ? HTTP_INTERNAL_SERVER_ERROR : OK;
}
