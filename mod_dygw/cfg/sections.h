/* SPDX-License-Identifier: Apache-2.0
 * The sections <DygwApp> and <DygwStore>, what stands in them, and DygwStores. Their setters add to
 * what is written for their server; the check puts it together (declare.h). */
#ifndef DYGW_CFG_SECTIONS_H
#define DYGW_CFG_SECTIONS_H

#include "cfg/cfg.h"

/* The directives that stand in a section and nowhere else; the columns as in directives.h. */
#define DYGW_APP_DIRECTIVES(DIRECTIVE) \
    DIRECTIVE(DygwAppName, TAKE1, dygw_set_app_name, "the app's name; its code unless given") \
    DIRECTIVE(DygwAppClientKey, TAKE1, dygw_set_app_client_key, \
              "the key that the app signs in with; required") \
    DIRECTIVE(DygwAppSecret, TAKE12, dygw_set_app_secret, \
              "the secret that it signs with, written like DygwClientSecret, and optionally the " \
              "secret before it; required") \
    DIRECTIVE(DygwAppStores, RAW_ARGS, dygw_set_app_stores, \
              "the stores that it may redeem at, codes or poi_ids, or none; all unless given") \
    DIRECTIVE(DygwAppTokenRead, TAKE1, dygw_set_app_token_read, \
              "whether it may read Douyin's access token: on or off (unless given)") \
    DIRECTIVE(DygwAppStatus, TAKE1, dygw_set_app_status, "active (unless given) or disabled") \
    DIRECTIVE(DygwAppRateLimit, TAKE12, dygw_set_app_rate_limit, \
              "its requests per second and burst, or off; DygwRateLimit unless given")

#define DYGW_STORE_DIRECTIVES(DIRECTIVE) \
    DIRECTIVE(DygwStorePoi, TAKE1, dygw_set_store_poi, "the store's poi_id at Douyin; required") \
    DIRECTIVE(DygwStoreAccount, TAKE1, dygw_set_store_account, \
              "the account of its merchant; DygwAccountId unless given") \
    DIRECTIVE(DygwStoreName, TAKE1, dygw_set_store_name, "the store's name")

/* For the list of commands. `made` is the app or the store whose section it stands in; NULL: it
 * stands elsewhere. */
const char *dygw_set_app(cmd_parms *cmd, void *outer, const char *arg);
const char *dygw_set_app_name(cmd_parms *cmd, void *made, const char *arg);
const char *dygw_set_app_client_key(cmd_parms *cmd, void *made, const char *arg);
const char *dygw_set_app_secret(cmd_parms *cmd, void *made, const char *arg, const char *old);
const char *dygw_set_app_stores(cmd_parms *cmd, void *made, const char *args);
const char *dygw_set_app_token_read(cmd_parms *cmd, void *made, const char *arg);
const char *dygw_set_app_status(cmd_parms *cmd, void *made, const char *arg);
const char *dygw_set_app_rate_limit(cmd_parms *cmd, void *made, const char *rate,
                                    const char *burst);
const char *dygw_set_store(cmd_parms *cmd, void *outer, const char *arg);
const char *dygw_set_store_poi(cmd_parms *cmd, void *made, const char *arg);
const char *dygw_set_store_account(cmd_parms *cmd, void *made, const char *arg);
const char *dygw_set_store_name(cmd_parms *cmd, void *made, const char *arg);
const char *dygw_set_stores(cmd_parms *cmd, void *outer, const char *arg);

/* What stands in one server, in the order of the configuration. */
struct dygw_written_t {
    const char *first;          /* of it, "directive (file:line)" */
    apr_array_header_t *apps;   /* of dygw_declared_app_t * */
    apr_array_header_t *stores; /* of dygw_declared_store_t *: those of <DygwStore> */
    apr_array_header_t *files;  /* of dygw_stores_file_t */
};

typedef struct dygw_stores_file_t {
    const char *path;
    const char *place; /* of its DygwStores */
    apr_array_header_t *stores;
} dygw_stores_file_t;

/* Of the server of a directive; made when there is nothing yet. */
dygw_written_t *dygw_cfg_written(const cmd_parms *cmd);

#endif
