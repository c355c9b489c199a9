/* SPDX-License-Identifier: Apache-2.0
 * The table of directives, nothing else. The last words of each line are what `apachectl -L`
 * prints. */
#include "cfg/directives.h"

#define TAKE1(name, set, help)   AP_INIT_TAKE1(name, set, NULL, RSRC_CONF, help)
#define TAKE12(name, set, help)  AP_INIT_TAKE12(name, set, NULL, RSRC_CONF, help)
#define TAKE2(name, set, help)   AP_INIT_TAKE2(name, set, NULL, RSRC_CONF, help)
#define TAKE3(name, set, help)   AP_INIT_TAKE3(name, set, NULL, RSRC_CONF, help)
#define ITERATE(name, set, help) AP_INIT_ITERATE(name, set, NULL, RSRC_CONF, help)

const command_rec dygw_cfg_directives[] = {
    TAKE1(DygwClientKey, dygw_cfg_set_client_key, "the key of the Douyin application; required"),
    TAKE1(DygwClientSecret, dygw_cfg_set_client_secret,
          "its secret: file:/path, exec:/path args, env:NAME, or the value itself; required"),
    TAKE1(DygwAccountId, dygw_cfg_set_account_id,
          "the root account at Douyin; needed for stores, enrichment and reconciliation"),
    TAKE12(DygwMasterKey, dygw_cfg_set_master_key,
           "32 bytes in hex or base64 that seal secrets at rest, written like DygwClientSecret, "
           "and optionally the key before it; required"),
    TAKE1(DygwUpstream, dygw_cfg_set_upstream,
          "the URL of Douyin's open platform; https://open.douyin.com unless given"),
    TAKE2(DygwUpstreamTimeout, dygw_cfg_set_upstream_timeout,
          "how long to wait for a connection, and for a whole call; 2s 5s unless given"),
    TAKE1(DygwUpstreamCAFile, dygw_cfg_set_upstream_ca_file,
          "a PEM file with the certificate authorities to trust instead of the system's"),
    TAKE1(DygwUpstreamProxy, dygw_cfg_set_upstream_proxy,
          "the URL of the proxy through which Douyin is called"),
    TAKE1(DygwTokenEndpoint, dygw_cfg_set_token_endpoint,
          "which of Douyin's token calls to use: stable (unless given) or client"),
    ITERATE(
        DygwShortLinkHosts, dygw_cfg_set_short_link_host,
        "hosts to which a scanned link may lead: host, *.domain, or http://host:port for tests"),
    TAKE1(DygwSignatureWindow, dygw_cfg_set_signature_window,
          "accepted difference between X-Timestamp and the clock; 300s unless given"),
    TAKE12(DygwNonceStore, dygw_cfg_set_nonce_store,
           "where spent nonces are kept: shm [entries] (shm 100000 unless given) or dbd"),
    TAKE1(DygwOperatorHeader, dygw_cfg_set_operator_header,
          "the header that names the operator on /internal, or none; X-XTJ-UID unless given"),
    TAKE1(DygwMaxBody, dygw_cfg_set_max_body,
          "the largest request body in bytes; 65536 unless given"),
    TAKE12(DygwRateLimit, dygw_cfg_set_rate_limit,
           "requests per second and burst for each verifier app, or off (unless given)"),
    TAKE1(DygwTimeZone, dygw_cfg_set_time_zone,
          "the offset from UTC of days in reports and times in CSV; +08:00 unless given"),
    TAKE1(DygwSchema, dygw_cfg_set_schema,
          "auto creates and migrates the tables at start, check only looks; auto on SQLite, else "
          "check"),
    TAKE1(DygwDatabaseTimeout, dygw_cfg_set_database_timeout,
          "how long to wait for a connection to the database, and for a statement; 10s unless "
          "given"),
    TAKE1(DygwWorker, dygw_cfg_set_worker,
          "whether this host does background work: on (unless given) or off"),
    TAKE3(DygwEnrichRetry, dygw_cfg_set_enrich_retry,
          "first and longest pause between attempts to fetch an order, and when to give up; 2s 1h "
          "24h unless given"),
    TAKE1(DygwOrderRate, dygw_cfg_set_order_rate,
          "order queries a second, or off for no limit; 20 unless given"),
    TAKE1(DygwCancelToken, dygw_cfg_set_cancel_token,
          "whether a cancel_token is sent with cancels: on or off (unless given)"),
    TAKE1(DygwRetention, dygw_cfg_set_retention,
          "how long finished verifications and the audit trail are kept, like 730d, or off (unless "
          "given)"),
    { .name = NULL }
};
