/* SPDX-License-Identifier: Apache-2.0
 * Reads <DygwApp> and <DygwStore>. Httpd calls the setter of a section with its first line, and the
 * setter has httpd call those of the directives inside, with the app or the store at hand: as
 * httpd's own sections do, it is what our module has in the "directory" of the section. Everywhere
 * else our module has nothing there. */
#include "cfg/sections.h"

#include <string.h>

#include <apr_strings.h>

#include "cfg/parse.h"
#include "cfg/secret.h"
#include "cfg/stores_csv.h"
#include "cfg/tree.h"
#include "util/compiler.h"

#define CODE_MAX       32
#define NAME_MAX_LEN   64
#define CLIENT_KEY_MIN 8
#define CLIENT_KEY_MAX 64
#define SECRET_MIN     16
#define SECRET_MAX     128

#define PARSER(cmd) (&(dygw_parse_t){ (cmd)->pool, (cmd)->cmd->name })

dygw_written_t *dygw_cfg_written(const cmd_parms *cmd)
{
    dygw_cfg_t *cfg = dygw_cfg_get(cmd->server);
    dygw_written_t *written = cfg->written;

    if (!written) {
        written = apr_pcalloc(cmd->pool, sizeof *written);
        written->first = apr_psprintf(cmd->pool, "%s%s (%s)", cmd->cmd->name,
                                      *cmd->cmd->name == '<' ? ">" : "",
                                      dygw_cfg_place(cmd->pool, cmd->directive));
        written->apps = apr_array_make(cmd->pool, 4, sizeof(const dygw_declared_app_t *));
        written->stores = apr_array_make(cmd->pool, 4, sizeof(const dygw_declared_store_t *));
        written->files = apr_array_make(cmd->pool, 1, sizeof(dygw_stores_file_t));
        cfg->written = written;
        cfg->declared = dygw_declared_create(cmd->pool);
    }
    return written;
}

/* --- sections --- */

#define NAME(name, arguments, setter, help) #name,

typedef struct section_t {
    const char *name;                 /* of its directive */
    const char *example;              /* of a code */
    const char *const *inside;        /* the directives that stand in it, NULL ended */
    const char *const (*required)[2]; /* those that must, and what to add; NULL ended */
} section_t;

static const char *const app_directives[] = { DYGW_APP_DIRECTIVES(NAME) NULL };
static const char *const app_required[][2]
    = { { "DygwAppClientKey", "`DygwAppClientKey KEY`, the key that the app signs in with" },
        { "DygwAppSecret", "`DygwAppSecret file:/path`, with the app's secret in that file" },
        { NULL, NULL } };
static const section_t app_section = { "<DygwApp", "pos", app_directives, app_required };

static const char *const store_directives[] = { DYGW_STORE_DIRECTIVES(NAME) NULL };
static const char *const store_required[][2]
    = { { "DygwStorePoi", "`DygwStorePoi ID`, the store's poi_id at Douyin" }, { NULL, NULL } };
static const section_t store_section = { "<DygwStore", "7001", store_directives, store_required };

/* The code in the first line: what follows the directive, up to the ">" that ends the line. */
static const char *read_code(const cmd_parms *cmd, const section_t *section, const char *arg,
                             const char **code)
{
    const char *end = ap_strrchr_c(arg, '>');
    const char *rest = apr_pstrmemdup(cmd->temp_pool, arg, end ? (apr_size_t)(end - arg) : 0);
    const char *word = ap_getword_conf(cmd->temp_pool, &rest);

    if (*arg && (!end || end[1])) {
        return apr_psprintf(cmd->pool, "%s: the line does not end with >: write %s %s>",
                            section->name, section->name, section->example);
    }
    if (!*word) {
        return apr_psprintf(cmd->pool, "%s> has no code: write it like %s %s>", section->name,
                            section->name, section->example);
    }
    if (*rest) {
        return apr_psprintf(cmd->pool, "%s %s: there is '%s' behind the code: write it like %s %s>",
                            section->name, word, rest, section->name, section->example);
    }
    return dygw_parse_code(&(dygw_parse_t){ cmd->pool, section->name }, word, 1, CODE_MAX, code);
}

static const ap_directive_t *first_of(const ap_directive_t *node, const char *name)
{
    while (node && !dygw_tree_is(node, name)) {
        node = node->next;
    }
    return node;
}

static int is_inside(const ap_directive_t *node, const section_t *section)
{
    const char *const *name = section->inside;

    while (*name && !dygw_tree_is(node, *name)) {
        name++;
    }
    return *name != NULL;
}

static const char *list_of(const char *const *names, apr_pool_t *pool)
{
    const char *list = names[0];

    for (int i = 1; names[i]; i++) {
        list = apr_pstrcat(pool, list, names[i + 1] ? ", " : " and ", names[i], NULL);
    }
    return list;
}

/* Httpd would do what any other directive says as if it stood outside. */
static const char *check_inside(cmd_parms *cmd, const section_t *section, const char *code)
{
    const ap_directive_t *const inside = cmd->directive->first_child;

    for (const ap_directive_t *node = inside; node; node = node->next) {
        const ap_directive_t *first = first_of(inside, node->directive);

        if (!is_inside(node, section)) {
            cmd->err_directive = node;
            return apr_psprintf(cmd->pool, "%s%s may not stand in %s %s>, which takes %s",
                                node->directive, *node->directive == '<' ? ">" : "", section->name,
                                code, list_of(section->inside, cmd->pool));
        }
        if (first != node) {
            cmd->err_directive = node;
            return apr_psprintf(
                cmd->pool, "%s stands twice in %s %s>, first at %s: remove one of them",
                node->directive, section->name, code, dygw_cfg_place(cmd->pool, first));
        }
    }
    for (int i = 0; section->required[i][0]; i++) {
        if (!first_of(inside, section->required[i][0])) {
            return apr_psprintf(cmd->pool, "%s %s> has no %s: add %s", section->name, code,
                                section->required[i][0], section->required[i][1]);
        }
    }
    return NULL;
}

/* Reads a section into `made`, which has the values for what does not stand there. */
static const char *read_section(cmd_parms *cmd, const section_t *section, const char *arg,
                                void *made, const char **code)
{
    ap_directive_t *node = cmd->directive;
    ap_conf_vector_t *vector = ap_create_per_dir_config(cmd->temp_pool);
    const char *error = read_code(cmd, section, arg, code);

    error = error ? error : check_inside(cmd, section, *code);
    if (!error) {
        ap_set_module_config(vector, &dygw_module, made);
        error = ap_walk_config(node->first_child, cmd, vector);
        cmd->directive = node;
    }
    return error;
}

static const char *stands_outside(const cmd_parms *cmd, const section_t *section)
{
    return apr_psprintf(cmd->pool, "%s stands in %s %s> only", cmd->cmd->name, section->name,
                        section->example);
}

/* --- <DygwApp> --- */

const char *dygw_set_app(cmd_parms *cmd, DYGW_UNUSED void *outer, const char *arg)
{
    dygw_written_t *written = dygw_cfg_written(cmd);
    dygw_declared_app_t *app = apr_pcalloc(cmd->pool, sizeof *app);
    const char *error;

    app->place = dygw_cfg_place(cmd->pool, cmd->directive);
    app->rate_per_second = DYGW_RATE_OF_ALL;
    error = read_section(cmd, &app_section, arg, app, &app->code);
    if (!error) {
        app->name = app->name ? app->name : app->code;
        APR_ARRAY_PUSH(written->apps, const dygw_declared_app_t *) = app;
    }
    return error;
}

const char *dygw_set_app_name(cmd_parms *cmd, void *made, const char *arg)
{
    dygw_declared_app_t *app = made;

    return app ? dygw_parse_name(PARSER(cmd), arg, NAME_MAX_LEN, &app->name)
               : stands_outside(cmd, &app_section);
}

const char *dygw_set_app_client_key(cmd_parms *cmd, void *made, const char *arg)
{
    dygw_declared_app_t *app = made;

    return app ? dygw_parse_code(PARSER(cmd), arg, CLIENT_KEY_MIN, CLIENT_KEY_MAX, &app->client_key)
               : stands_outside(cmd, &app_section);
}

/* *secret: NULL where it is not to be had, which is tolerated. */
static const char *take_app_secret(cmd_parms *cmd, const char *arg, const char *effect,
                                   const char **secret)
{
    const char *text;
    const char *error = dygw_secret_read(cmd, arg, effect, &text);
    apr_size_t len = error ? 0 : strlen(text);
    int unread;

    *secret = NULL;
    if (error || text == dygw_secret_unread) {
        return error;
    }
    if (len < SECRET_MIN || len > SECRET_MAX) {
        error = apr_psprintf(cmd->pool,
                             "%s: the secret has %d characters, and %d to %d of printable ASCII "
                             "are needed: make one with `openssl rand -hex 32`",
                             cmd->cmd->name, (int)len, SECRET_MIN, SECRET_MAX);
        return dygw_secret_tolerate(cmd, arg, error, effect, &unread);
    }
    *secret = text;
    return NULL;
}

static const char *take_old_app_secret(cmd_parms *cmd, const char *arg, dygw_declared_app_t *app)
{
    static const char effect[] = "; the old secret does not sign until Apache is reloaded with it";
    const char *error = take_app_secret(cmd, arg, effect, &app->old_secret);
    int unread;

    if (!error && app->secret && app->old_secret && strcmp(app->secret, app->old_secret) == 0) {
        app->old_secret = NULL;
        error = apr_psprintf(cmd->pool,
                             "%s: both secrets are the same: give the new one and the one before "
                             "it, or one alone",
                             cmd->cmd->name);
        error = dygw_secret_tolerate(cmd, arg, error, effect, &unread);
    }
    return error;
}

const char *dygw_set_app_secret(cmd_parms *cmd, void *made, const char *arg, const char *old)
{
    dygw_declared_app_t *app = made;
    const char *error;

    if (!app) {
        return stands_outside(cmd, &app_section);
    }
    error = take_app_secret(cmd, arg, "; this app is refused until Apache is reloaded with it",
                            &app->secret);
    return error || !old ? error : take_old_app_secret(cmd, old, app);
}

const char *dygw_set_app_stores(cmd_parms *cmd, void *made, const char *args)
{
    dygw_declared_app_t *app = made;
    const char *error = NULL;

    if (!app) {
        return stands_outside(cmd, &app_section);
    }
    app->stores = apr_array_make(cmd->pool, 2, sizeof(const char *));
    if (!*args) {
        return apr_psprintf(cmd->pool, "%s: name stores, by code or poi_id, or write none",
                            cmd->cmd->name);
    }
    if (ap_cstr_casecmp(args, "none") == 0) {
        return NULL;
    }
    while (*args && !error) {
        const char *word = ap_getword_conf(cmd->temp_pool, &args);

        if (ap_cstr_casecmp(word, "none") == 0) {
            return apr_psprintf(cmd->pool, "%s: none stands beside stores: write none alone",
                                cmd->cmd->name);
        }
        if (app->stores->nelts == DYGW_APP_STORES_MAX) {
            return apr_psprintf(cmd->pool,
                                "%s: at most %d stores: declare an app without it for all stores, "
                                "or several apps",
                                cmd->cmd->name, DYGW_APP_STORES_MAX);
        }
        error = dygw_parse_code(PARSER(cmd), word, 1, DYGW_STORE_POI_MAX,
                                &APR_ARRAY_PUSH(app->stores, const char *));
    }
    return error;
}

const char *dygw_set_app_token_read(cmd_parms *cmd, void *made, const char *arg)
{
    static const char *const words[] = { "off", "on", NULL };
    dygw_declared_app_t *app = made;

    return app ? dygw_parse_word(PARSER(cmd), arg, words, &app->allow_token_read)
               : stands_outside(cmd, &app_section);
}

const char *dygw_set_app_status(cmd_parms *cmd, void *made, const char *arg)
{
    static const char *const words[] = { "active", "disabled", NULL };
    dygw_declared_app_t *app = made;

    return app ? dygw_parse_word(PARSER(cmd), arg, words, &app->is_disabled)
               : stands_outside(cmd, &app_section);
}

const char *dygw_set_app_rate_limit(cmd_parms *cmd, void *made, const char *rate, const char *burst)
{
    dygw_declared_app_t *app = made;

    return app ? dygw_parse_rate(PARSER(cmd), rate, burst, &app->rate_per_second, &app->rate_burst)
               : stands_outside(cmd, &app_section);
}

/* --- <DygwStore> --- */

const char *dygw_set_store(cmd_parms *cmd, DYGW_UNUSED void *outer, const char *arg)
{
    dygw_written_t *written = dygw_cfg_written(cmd);
    dygw_declared_store_t *store = apr_pcalloc(cmd->pool, sizeof *store);
    const char *error;

    store->place = dygw_cfg_place(cmd->pool, cmd->directive);
    error = read_section(cmd, &store_section, arg, store, &store->code);
    if (!error) {
        APR_ARRAY_PUSH(written->stores, const dygw_declared_store_t *) = store;
    }
    return error;
}

const char *dygw_set_store_poi(cmd_parms *cmd, void *made, const char *arg)
{
    dygw_declared_store_t *store = made;

    return store ? dygw_parse_code(PARSER(cmd), arg, 1, DYGW_STORE_POI_MAX, &store->poi_id)
                 : stands_outside(cmd, &store_section);
}

const char *dygw_set_store_account(cmd_parms *cmd, void *made, const char *arg)
{
    dygw_declared_store_t *store = made;

    return store ? dygw_parse_code(PARSER(cmd), arg, 1, DYGW_STORE_ACCOUNT_MAX, &store->account_id)
                 : stands_outside(cmd, &store_section);
}

const char *dygw_set_store_name(cmd_parms *cmd, void *made, const char *arg)
{
    dygw_declared_store_t *store = made;

    return store ? dygw_parse_name(PARSER(cmd), arg, DYGW_STORE_NAME_MAX, &store->name)
                 : stands_outside(cmd, &store_section);
}
