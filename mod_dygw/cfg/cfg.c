/* SPDX-License-Identifier: Apache-2.0
 * The configuration of a server is made, merged, and completed with the defaults. */
#include "cfg/cfg.h"

#include <string.h>

#include <apr_strings.h>

#include "cfg/tree.h"
#include "util/spelling.h"
#include "util/text.h"

/* Of the name of a file, which with macros is a sentence: with a line it has to fit into the
 * database. */
#define PLACE_MAX 480

void *dygw_cfg_create(apr_pool_t *pool, server_rec *server)
{
    dygw_cfg_t *cfg = apr_pcalloc(pool, sizeof *cfg);

    cfg->server = server;
#define START_UNSET(kind, member, default_value, accepts) cfg->member = DYGW_UNSET_##kind;
    DYGW_DIRECTIVES(DYGW_NO_ROW, START_UNSET)
#undef START_UNSET
    return cfg;
}

void *dygw_cfg_merge(apr_pool_t *pool, void *base_cfg, void *add_cfg)
{
    const dygw_cfg_t *base = base_cfg, *add = add_cfg;
    dygw_cfg_t *cfg = apr_pcalloc(pool, sizeof *cfg);

    cfg->server = add->server;
#define MERGE(kind, member, default_value, accepts) \
    cfg->member = add->member != DYGW_UNSET_##kind ? add->member : base->member;
    DYGW_DIRECTIVES(DYGW_NO_ROW, MERGE)
#undef MERGE
    cfg->declared = add->client_key || add->declared ? add->declared : base->declared;
    cfg->written = add->written;
    return cfg;
}

dygw_cfg_t *dygw_cfg_get(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &dygw_module);
}

/* --- defaults --- */

static apr_pool_t *pool_of(const dygw_cfg_t *cfg)
{
    return cfg->server->process->pconf;
}

static apr_array_header_t *default_link_hosts(const dygw_cfg_t *cfg)
{
    static const char *const hosts[] = { "v.douyin.com", "*.douyin.com", "*.iesdouyin.com" };
    apr_array_header_t *list = apr_array_make(pool_of(cfg), 3, sizeof(const char *));

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        APR_ARRAY_PUSH(list, const char *) = hosts[i];
    }
    return list;
}

static int is_sqlite(const dygw_cfg_t *cfg)
{
    dygw_dbd_settings_t settings;

    return dygw_cfg_dbd(cfg->server, pool_of(cfg), &settings) == APR_SUCCESS && settings.driver
           && strcmp(settings.driver, "sqlite3") == 0;
}

void dygw_cfg_set_defaults(dygw_cfg_t *cfg)
{
#define SET_DEFAULT(kind, member, default_value, accepts) \
    cfg->member = cfg->member != DYGW_UNSET_##kind ? cfg->member : (default_value);
    DYGW_DIRECTIVES(DYGW_NO_ROW, SET_DEFAULT)
#undef SET_DEFAULT
}

/* --- for messages --- */

/* A name in another encoding than UTF-8, which no database takes. */
static void to_ascii(char *text)
{
    for (; *text; text++) {
        if (*text < 0x20 || *text > 0x7E) {
            *text = '?';
        }
    }
}

const char *dygw_cfg_place(apr_pool_t *pool, const ap_directive_t *node)
{
    char *file = apr_pstrdup(pool, dygw_text_clip(node->filename, PLACE_MAX, pool));

    if (!dygw_is_printable(file, 0, PLACE_MAX)) {
        to_ascii(file);
    }
    return apr_psprintf(pool, "%s:%d", file, node->line_num);
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
