/* SPDX-License-Identifier: Apache-2.0
 * The setters of the directives, and the list of commands for httpd.
 *
 * The kind of each value in the table (directives.h) makes a function read_<member> here, which
 * reads one argument and writes that member. It is the setter of a directive with one value; a
 * directive with several values, or with words of its own, has a setter by hand (set_...), which
 * calls the readers of its values. All of them return NULL, or a message for configtest. */
#include "cfg/cfg.h"

#include <apr_file_io.h>
#include <apr_strings.h>

#include "cfg/parse.h"
#include "cfg/secret.h"
#include "cfg/sections.h"
#include "util/compiler.h"

static dygw_cfg_t *cfg_of(const cmd_parms *cmd)
{
    return dygw_cfg_get(cmd->server);
}

#define PARSER(cmd) (&(dygw_parse_t){ (cmd)->pool, (cmd)->cmd->name })

/* --- kinds of values that are not for parse.c, because they need more of httpd --- */

static const char *take_path(cmd_parms *cmd, const char *arg, const char *what, const char **value)
{
    const char *path = ap_server_root_relative(cmd->pool, arg);
    apr_file_t *file;
    apr_finfo_t info;
    int ok = path && apr_stat(&info, path, APR_FINFO_TYPE, cmd->temp_pool) == APR_SUCCESS
             && info.filetype == APR_REG
             && apr_file_open(&file, path, APR_FOPEN_READ, 0, cmd->temp_pool) == APR_SUCCESS;

    *value = path ? path : arg;
    if (!ok) {
        return dygw_cfg_tolerate(cmd,
                                 apr_psprintf(cmd->pool, "%s: cannot read the file '%s': give %s",
                                              cmd->cmd->name, *value, what),
                                 "; calls to Douyin fail until it is there");
    }
    apr_file_close(file);
    return NULL;
}

typedef const char *text_parser_fn(const dygw_parse_t *p, const char *arg, const char **text);

static const char *add_to_list(cmd_parms *cmd, const char *arg, text_parser_fn *parse,
                               apr_array_header_t **list)
{
    const char *text;
    const char *error = (*parse)(PARSER(cmd), arg, &text);

    if (error) {
        return error;
    }
    if (*list == NULL) {
        *list = apr_array_make(cmd->pool, 4, sizeof(const char *));
    }
    APR_ARRAY_PUSH(*list, const char *) = text;
    return NULL;
}

/* *unread: the key could not be had, which is tolerated. */
static const char *take_master_key(cmd_parms *cmd, const char *arg, unsigned char *key, int *unread)
{
    const char *text;
    const char *error = dygw_secret_read(cmd, arg, dygw_secret_shuts_gateway, &text);

    *unread = !error && text == dygw_secret_unread;
    if (!error && !*unread && dygw_master_key_decode(text, key) != APR_SUCCESS) {
        error = apr_psprintf(cmd->pool,
                             "%s: the key is not %d bytes in hex or base64: make one with `openssl "
                             "rand -hex %d`",
                             cmd->cmd->name, DYGW_MASTER_KEY_LEN, DYGW_MASTER_KEY_LEN);
        error = dygw_secret_tolerate(cmd, arg, error, dygw_secret_shuts_gateway, unread);
    }
    return error;
}

static const char *take_seal(cmd_parms *cmd, const char *arg, dygw_seal_t **seal)
{
    dygw_seal_t *made = apr_pcalloc(cmd->pool, sizeof *made);
    int unread;
    const char *error = take_master_key(cmd, arg, made->key, &unread);

    *seal = unread ? &dygw_seal_unread : made;
    return error;
}

/* --- the readers: what each does with cmd, arg and value depends on the kind --- */

#define WITHOUT_PARENTHESES(...) __VA_ARGS__
#define ACCEPTED(accepts)        WITHOUT_PARENTHESES accepts
#define LEAST(least, most)       (least)
#define MOST(least, most)        (most)

#define READ_NUMBER(parse, default_value, accepts) \
    _Static_assert((default_value) == DYGW_OFF \
                       || ((default_value) >= LEAST accepts && (default_value) <= MOST accepts), \
                   "the default is outside the limits"); \
    return parse(PARSER(cmd), arg, ACCEPTED(accepts), value)

#define READ_COUNT(default_value, accepts) READ_NUMBER(dygw_parse_count, default_value, accepts)
#define READ_COUNT_OR_OFF(default_value, accepts) \
    READ_NUMBER(dygw_parse_count_or_off, default_value, accepts)
#define READ_BYTES(default_value, accepts) READ_NUMBER(dygw_parse_bytes, default_value, accepts)
#define READ_TIME(default_value, accepts)  READ_NUMBER(dygw_parse_time, default_value, accepts)
#define READ_TIME_OR_OFF(default_value, accepts) \
    READ_NUMBER(dygw_parse_time_or_off, default_value, accepts)
#define READ_OFFSET(default_value, accepts) return dygw_parse_offset(PARSER(cmd), arg, value)
#define READ_WORD(default_value, accepts) \
    static const char *const words[] = { ACCEPTED(accepts), NULL }; \
    return dygw_parse_word(PARSER(cmd), arg, words, value)
#define READ_ID(default_value, accepts) \
    return dygw_parse_id(PARSER(cmd), arg, ACCEPTED(accepts), value)
#define READ_SECRET(default_value, accepts) \
    return dygw_secret_read(cmd, arg, dygw_secret_shuts_gateway, value)
#define READ_TEXT(default_value, accepts) return ACCEPTED(accepts)(PARSER(cmd), arg, value)
#define READ_PATH(default_value, accepts) return take_path(cmd, arg, ACCEPTED(accepts), value)
#define READ_LIST(default_value, accepts) return add_to_list(cmd, arg, ACCEPTED(accepts), value)
#define READ_SEAL(default_value, accepts) return take_seal(cmd, arg, value)

#define READER(kind, member, default_value, accepts) \
    static const char *read_##member(cmd_parms *cmd, DYGW_UNUSED void *dummy, const char *arg) \
    { \
        DYGW_TYPE_##kind *value = &cfg_of(cmd)->member; \
        READ_##kind(default_value, accepts); \
    }
DYGW_DIRECTIVES(DYGW_NO_ROW, READER)

/* --- the setters by hand --- */

static const char *set_master_key(cmd_parms *cmd, void *dummy, const char *key, const char *old_key)
{
    const char *error = read_seal(cmd, dummy, key);
    dygw_seal_t *seal = cfg_of(cmd)->seal;
    int unread;

    if (!error && old_key && seal != &dygw_seal_unread) {
        seal->has_old = 1;
        error = take_master_key(cmd, old_key, seal->old_key, &unread);
        if (unread) {
            cfg_of(cmd)->seal = &dygw_seal_unread;
        }
    }
    return error;
}

static const char *set_upstream_timeout(cmd_parms *cmd, void *dummy, const char *connect,
                                        const char *total)
{
    const dygw_cfg_t *cfg = cfg_of(cmd);
    const char *error = read_connect_timeout(cmd, dummy, connect);

    error = error ? error : read_total_timeout(cmd, dummy, total);
    if (!error && cfg->connect_timeout > cfg->total_timeout) {
        error = apr_psprintf(cmd->pool,
                             "%s: the connection may take longer (%s) than the whole call (%s): "
                             "give the shorter time first",
                             cmd->cmd->name, connect, total);
    }
    return error;
}

static const char *set_nonce_store(cmd_parms *cmd, void *dummy, const char *store,
                                   const char *entries)
{
    dygw_cfg_t *cfg = cfg_of(cmd);
    const char *error = read_nonce_store(cmd, dummy, store);

    if (error) {
        return error;
    }
    if (entries && cfg->nonce_store == DYGW_NONCES_DBD) {
        return apr_psprintf(cmd->pool, "%s: the database counts no entries: write dbd alone",
                            cmd->cmd->name);
    }
    /* Without a number it is the default, whatever the main server says. */
    cfg->nonce_entries = DYGW_DEFAULT_NONCES;
    return entries ? read_nonce_entries(cmd, dummy, entries) : NULL;
}

static const char *set_operator_header(cmd_parms *cmd, void *dummy, const char *name)
{
    if (ap_cstr_casecmp(name, "none") == 0) {
        cfg_of(cmd)->operator_header = "";
        return NULL;
    }
    return read_operator_header(cmd, dummy, name);
}

static const char *set_rate_limit(cmd_parms *cmd, void *dummy, const char *rate, const char *burst)
{
    dygw_cfg_t *cfg = cfg_of(cmd);

    if (burst) {
        const char *error = read_rate_per_second(cmd, dummy, rate);

        return error ? error : read_rate_burst(cmd, dummy, burst);
    }
    return dygw_parse_rate(PARSER(cmd), rate, NULL, &cfg->rate_per_second, &cfg->rate_burst);
}

static const char *set_enrich_retry(cmd_parms *cmd, void *dummy, const char *first, const char *max,
                                    const char *give_up)
{
    const dygw_cfg_t *cfg = cfg_of(cmd);
    const char *error = read_enrich_first(cmd, dummy, first);

    error = error ? error : read_enrich_max(cmd, dummy, max);
    error = error ? error : read_enrich_give_up(cmd, dummy, give_up);
    if (!error && (cfg->enrich_first > cfg->enrich_max || cfg->enrich_max > cfg->enrich_give_up)) {
        error = apr_psprintf(
            cmd->pool,
            "%s: '%s %s %s' do not grow: give the first pause, the longest, and the time to give "
            "up, like 2s 1h 24h",
            cmd->cmd->name, first, max, give_up);
    }
    return error;
}

/* --- the list of commands; that of the sections' directives is made in the same way --- */

#define COMMAND(name, arguments, setter, help) \
    AP_INIT_##arguments(#name, setter, NULL, RSRC_CONF, help),

const command_rec dygw_cfg_directives[] = {
    DYGW_DIRECTIVES(COMMAND, DYGW_NO_ROW) DYGW_APP_DIRECTIVES(COMMAND)
        DYGW_STORE_DIRECTIVES(COMMAND)
            AP_INIT_RAW_ARGS("<DygwApp", dygw_set_app, NULL, RSRC_CONF,
                             "a verifier app: its code, and directives DygwApp... of its own"),
    AP_INIT_RAW_ARGS("<DygwStore", dygw_set_store, NULL, RSRC_CONF,
                     "a store: the shop's own code for it, and directives DygwStore..."),
    AP_INIT_TAKE1("DygwStores", dygw_set_stores, NULL, RSRC_CONF,
                  "a CSV file of stores: store, poi_id, account_id, name"),
    { .name = NULL },
};
