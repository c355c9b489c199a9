/* SPDX-License-Identifier: Apache-2.0
 * The directives' names: used by the table and by every message, so that a misspelled one does not
 * compile. */
#ifndef DYGW_CFG_DIRECTIVES_H
#define DYGW_CFG_DIRECTIVES_H

#include "cfg/cfg.h"

#define DygwClientKey           "DygwClientKey"
#define DygwClientSecret        "DygwClientSecret"
#define DygwAccountId           "DygwAccountId"
#define DygwMasterKey           "DygwMasterKey"
#define DygwUpstream            "DygwUpstream"
#define DygwUpstreamTimeout     "DygwUpstreamTimeout"
#define DygwUpstreamCAFile      "DygwUpstreamCAFile"
#define DygwUpstreamProxy       "DygwUpstreamProxy"
#define DygwTokenEndpoint       "DygwTokenEndpoint"
#define DygwShortLinkHosts      "DygwShortLinkHosts"
#define DygwSignatureWindow     "DygwSignatureWindow"
#define DygwNonceStore          "DygwNonceStore"
#define DygwOperatorHeader      "DygwOperatorHeader"
#define DygwMaxBody             "DygwMaxBody"
#define DygwRateLimit           "DygwRateLimit"
#define DygwTimeZone            "DygwTimeZone"
#define DygwSchema              "DygwSchema"
#define DygwDatabaseTimeout     "DygwDatabaseTimeout"
#define DygwWorker              "DygwWorker"
#define DygwEnrichRetry         "DygwEnrichRetry"
#define DygwOrderRate           "DygwOrderRate"
#define DygwCancelToken         "DygwCancelToken"
#define DygwRetention           "DygwRetention"

/* The setters, one a directive, in set.c: NULL, or what is wrong and the remedy. */
const char *dygw_cfg_set_client_key(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_client_secret(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_account_id(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_master_key(cmd_parms *cmd, void *dummy, const char *arg, const char *old);
const char *dygw_cfg_set_upstream(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_upstream_timeout(cmd_parms *cmd, void *dummy, const char *connect,
                                          const char *total);
const char *dygw_cfg_set_upstream_ca_file(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_upstream_proxy(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_token_endpoint(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_short_link_host(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_signature_window(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_nonce_store(cmd_parms *cmd, void *dummy, const char *store,
                                     const char *entries);
const char *dygw_cfg_set_operator_header(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_max_body(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_rate_limit(cmd_parms *cmd, void *dummy, const char *rate,
                                    const char *burst);
const char *dygw_cfg_set_time_zone(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_schema(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_database_timeout(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_worker(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_enrich_retry(cmd_parms *cmd, void *dummy, const char *first,
                                      const char *max, const char *give_up);
const char *dygw_cfg_set_order_rate(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_cancel_token(cmd_parms *cmd, void *dummy, const char *arg);
const char *dygw_cfg_set_retention(cmd_parms *cmd, void *dummy, const char *arg);

#endif
