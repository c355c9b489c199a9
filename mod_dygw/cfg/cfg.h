/* SPDX-License-Identifier: Apache-2.0
 * The configuration of a server: what the directives said. This room has the table of the
 * directives (directives.h), their setters (set.c), parsers (parse.c) and secrets (secret.c),
 * the sections of apps and stores (sections.c, stores_file.c, stores_csv.c), merging and defaults
 * (cfg.c), a look at the configuration as it was written (tree.c, reach.c), and what configtest
 * says (check.c, declare.c, mounts.c). The room calls util/ and httpd, fills
 * gateway/declared.h, and calls no other room.
 */
#ifndef DYGW_CFG_CFG_H
#define DYGW_CFG_CFG_H

#include "cfg/module.h"

#include "cfg/directives.h"
#include "gateway/declared.h"
#include "util/crypto.h"

typedef struct dygw_runtime_t dygw_runtime_t; /* process/runtime.h */
typedef struct dygw_written_t dygw_written_t; /* cfg/sections.h */

/* In the order of the words of DygwNonceStore. */
typedef enum { DYGW_NONCES_SHM, DYGW_NONCES_DBD } dygw_nonce_store_e;

/* One for each server. The members that directives set are the values of the table; another member
 * would be neither unset nor merged. Units and meaning stand in the table, and "off" is 0. */
typedef struct dygw_cfg_t {
    const server_rec *server; /* the server whose directives it has */
#define DYGW_MEMBER(kind, member, default_value, accepts) DYGW_TYPE_##kind member;
    DYGW_DIRECTIVES(DYGW_NO_ROW, DYGW_MEMBER)
#undef DYGW_MEMBER
    dygw_declared_t *declared; /* <DygwApp>, <DygwStore>, DygwStores; NULL: none. An application of
                                * its own does not take over the main server's. Filled by the check
                                * of the configuration */
    dygw_written_t *written;   /* the sections of this very server, for the check; not merged */
    dygw_runtime_t *runtime;   /* made in child_init; not configuration, not merged */
    const char *not_started;   /* why there is no runtime, in a word of /health; so, too */
} dygw_cfg_t;

/* For the module record. */
extern const command_rec dygw_cfg_directives[];
void *dygw_cfg_create(apr_pool_t *pool, server_rec *server);
void *dygw_cfg_merge(apr_pool_t *pool, void *base, void *add);

/* The configuration of a server. The server is a gateway when client_key is set. */
dygw_cfg_t *dygw_cfg_get(const server_rec *server);

/* Puts the defaults into what is still unset. For post_config, once for each configuration that is
 * in use. */
void dygw_cfg_set_defaults(dygw_cfg_t *cfg);

/* "file:line" of a directive, of 512 characters at most; from pool. */
const char *dygw_cfg_place(apr_pool_t *pool, const ap_directive_t *node);

/* "name (file:line)" of a virtual host, for messages; from pool. */
const char *dygw_cfg_where(apr_pool_t *pool, const server_rec *server);

/* Fills what is declared, and refuses every mistake that configtest can see: logs directive,
 * virtual host and remedy. OK or HTTP_INTERNAL_SERVER_ERROR. Calls no network and no database. For
 * the hook check_config, which runs at a start, at a restart and in `apachectl configtest`; the
 * latter runs no post_config. Mistakes of the configuration are refused by all three; what is wrong
 * with files, with libraries, or with two hosts that share a database, by configtest alone. */
int dygw_cfg_check(apr_pool_t *ptemp, server_rec *main_server);

/* Names the Debian package of a database driver that is not there. For the hook pre_config: mod_dbd
 * refuses the driver next, in fewer words. */
void dygw_cfg_name_driver(apr_pool_t *ptemp);

/* What is before the last slash of an absolute path; "/" at least; from pool. */
const char *dygw_cfg_directory_of(const char *path, apr_pool_t *pool);

#endif
