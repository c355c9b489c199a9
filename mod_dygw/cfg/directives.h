/* SPDX-License-Identifier: Apache-2.0
 * The table of the directives: an entry has a line DIRECTIVE, and a line VALUE for each value that
 * the directive sets. From the table are made the members of dygw_cfg_t (cfg.h), how they start,
 * merge and get their defaults (cfg.c), how arguments are read, and the list of commands for httpd
 * (set.c). A new directive is an entry here, and its description in conf/dygw.conf and in the
 * manual's configuration.md; build/guards compares the names.
 *
 * All directives may stand in the main server and in a <VirtualHost>, and nowhere else. <DygwApp>,
 * <DygwStore>, what stands in them, and DygwStores are in sections.h: they make structures.
 *
 *   DIRECTIVE(name, arguments, setter, help)
 *     arguments      as in the name of httpd's AP_INIT_...: TAKE1, TAKE12, TAKE2, TAKE3, ITERATE
 *     setter         read_<member> for a directive of one value, which needs no code of its own; or
 *                    set_<...>, a function in set.c, for one that has several values or other words
 *     help           what `apachectl -L` prints
 *   VALUE(kind, member, default, accepts)
 *     kind           says type, unit, and how an argument is read; see the end of this file
 *     member         the name in dygw_cfg_t
 *     default        an expression, which cfg.c evaluates with cfg at hand; NULL: no default
 *     accepts        what the kind wants to know, in parentheses: (least, most), (words), ...
 *
 * What does not compile: a default that is neither off nor within the limits, a value that no
 * setter reads, a setter that takes other arguments than the entry says. */
#ifndef DYGW_CFG_DIRECTIVES_H
#define DYGW_CFG_DIRECTIVES_H

#include <limits.h>

#include <apr_time.h>

#define DYGW_MSEC(n)  apr_time_from_msec(n)
#define DYGW_SEC(n)   apr_time_from_sec(n)
#define DYGW_HOURS(n) apr_time_from_sec(APR_INT64_C(n) * 3600)
#define DYGW_DAYS(n)  apr_time_from_sec(APR_INT64_C(n) * 24 * 3600)

/* The value of a number or a time that is off. */
#define DYGW_OFF 0

/* Numbers of the table that have more uses than one. */
#define DYGW_MAX_ID_LEN           64
#define DYGW_MAX_RATE             1000000
#define DYGW_MAX_SIGNATURE_WINDOW DYGW_HOURS(1)
#define DYGW_DEFAULT_NONCES       100000

#define DYGW_DIRECTIVES(DIRECTIVE, VALUE) \
    /* --- the application --- */ \
    DIRECTIVE(DygwClientKey, TAKE1, read_client_key, \
              "the key of the Douyin application; required") \
    VALUE(ID, client_key, NULL, (DYGW_MAX_ID_LEN)) \
    DIRECTIVE(DygwClientSecret, TAKE1, read_client_secret, \
              "its secret: file:/path, exec:/path args, env:NAME, or the value itself; required") \
    VALUE(SECRET, client_secret, NULL, ()) \
    DIRECTIVE(DygwAccountId, TAKE1, read_account_id, \
              "the root account at Douyin; needed for stores, enrichment and reconciliation") \
    VALUE(ID, account_id, NULL, (DYGW_MAX_ID_LEN)) \
    DIRECTIVE(DygwMasterKey, TAKE12, set_master_key, \
              "32 bytes in hex or base64 that seal secrets at rest, written like " \
              "DygwClientSecret, and optionally the key before it; required") \
    VALUE(SEAL, seal, NULL, ()) \
    /* --- the way to Douyin --- */ \
    DIRECTIVE(DygwUpstream, TAKE1, read_upstream, \
              "the URL of Douyin's open platform; https://open.douyin.com unless given") \
    VALUE(TEXT, upstream, "https://open.douyin.com", (dygw_parse_upstream)) \
    /* A longer call would outlive the patience of callers, and httpd's with a child that ends. */ \
    DIRECTIVE(DygwUpstreamTimeout, TAKE2, set_upstream_timeout, \
              "how long to wait for a connection, and for a whole call; 2s 5s unless given") \
    VALUE(TIME, connect_timeout, DYGW_SEC(2), (DYGW_MSEC(1), DYGW_SEC(60))) \
    VALUE(TIME, total_timeout, DYGW_SEC(5), (DYGW_MSEC(1), DYGW_SEC(60))) \
    DIRECTIVE(DygwUpstreamCAFile, TAKE1, read_ca_file, \
              "a PEM file with the certificate authorities to trust instead of the system's") \
    VALUE(PATH, ca_file, NULL, ("a PEM file of certificate authorities")) \
    DIRECTIVE(DygwUpstreamProxy, TAKE1, read_proxy, \
              "the URL of the proxy through which Douyin is called") \
    VALUE(TEXT, proxy, NULL, (dygw_parse_proxy)) \
    DIRECTIVE(DygwTokenEndpoint, TAKE1, read_use_client_token, \
              "which of Douyin's token calls to use: stable (unless given) or client") \
    VALUE(WORD, use_client_token, 0, ("stable", "client")) \
    DIRECTIVE(DygwShortLinkHosts, ITERATE, read_link_hosts, \
              "hosts to which a scanned link may lead: host, *.domain, or http://host:port for " \
              "tests") \
    VALUE(LIST, link_hosts, default_link_hosts(cfg), (dygw_parse_link_host)) \
    /* --- the callers --- */ \
    DIRECTIVE(DygwSignatureWindow, TAKE1, read_signature_window, \
              "accepted difference between X-Timestamp and the clock; 300s unless given") \
    VALUE(TIME, signature_window, DYGW_SEC(300), (DYGW_SEC(1), DYGW_MAX_SIGNATURE_WINDOW)) \
    DIRECTIVE(DygwNonceStore, TAKE12, set_nonce_store, \
              "where spent nonces are kept: shm [entries] (shm 100000 unless given) or dbd") \
    VALUE(WORD, nonce_store, DYGW_NONCES_SHM, ("shm", "dbd")) /* dygw_nonce_store_e */ \
    VALUE(COUNT, nonce_entries, DYGW_DEFAULT_NONCES, (1000, 10000000)) \
    DIRECTIVE(DygwOperatorHeader, TAKE1, set_operator_header, \
              "the header that names the operator on /internal, or none; X-XTJ-UID unless given") \
    VALUE(TEXT, operator_header, "X-XTJ-UID", (dygw_parse_header)) /* "" is none */ \
    DIRECTIVE(DygwMaxBody, TAKE1, read_max_body, \
              "the largest request body in bytes; 65536 unless given") \
    VALUE(BYTES, max_body, 65536, (1024, APR_INT64_C(16) * 1024 * 1024)) \
    DIRECTIVE(DygwRateLimit, TAKE12, set_rate_limit, \
              "requests per second and burst for each verifier app, or off (unless given)") \
    VALUE(COUNT, rate_per_second, DYGW_OFF, (1, DYGW_MAX_RATE)) \
    VALUE(COUNT, rate_burst, DYGW_OFF, (1, DYGW_MAX_RATE)) \
    /* --- records and background work --- */ \
    DIRECTIVE(DygwTimeZone, TAKE1, read_time_zone, \
              "the offset from UTC of days in reports and times in CSV; +08:00 unless given") \
    VALUE(OFFSET, time_zone, 8 * 60, ()) \
    DIRECTIVE(DygwSchema, TAKE1, read_schema_auto, \
              "auto creates and migrates the tables at start, check only looks; auto on SQLite, " \
              "else check") \
    VALUE(WORD, schema_auto, is_sqlite(cfg), ("check", "auto")) \
    /* Longer than a session's own limits (store/db/dialect.c), which should come first. */ \
    DIRECTIVE(DygwDatabaseTimeout, TAKE1, read_database_timeout, \
              "how long to wait for a connection to the database, and for a statement; 10s " \
              "unless given") \
    VALUE(TIME, database_timeout, DYGW_SEC(10), (DYGW_SEC(1), DYGW_SEC(300))) \
    DIRECTIVE(DygwWorker, TAKE1, read_worker, \
              "whether this host does background work: on (unless given) or off") \
    VALUE(WORD, worker, 1, ("off", "on")) \
    DIRECTIVE(DygwEnrichRetry, TAKE3, set_enrich_retry, \
              "first and longest pause between attempts to fetch an order, and when to give up; " \
              "2s 1h 24h unless given") \
    VALUE(TIME, enrich_first, DYGW_SEC(2), (DYGW_MSEC(1), DYGW_DAYS(30))) \
    VALUE(TIME, enrich_max, DYGW_HOURS(1), (DYGW_MSEC(1), DYGW_DAYS(30))) \
    VALUE(TIME, enrich_give_up, DYGW_HOURS(24), (DYGW_MSEC(1), DYGW_DAYS(30))) \
    /* Douyin documents 20 order queries a second. */ \
    DIRECTIVE(DygwOrderRate, TAKE1, read_order_rate, \
              "order queries a second, or off for no limit; 20 unless given") \
    VALUE(COUNT_OR_OFF, order_rate, 20, (1, 1000)) \
    DIRECTIVE(DygwCancelToken, TAKE1, read_use_cancel_token, \
              "whether a cancel_token is sent with cancels: on or off (unless given)") \
    VALUE(WORD, use_cancel_token, 0, ("off", "on")) \
    /* What is settled may be asked for again, and reconciled, for some days. */ \
    DIRECTIVE(DygwRetention, TAKE1, read_retention, \
              "how long finished verifications and the audit trail are kept, like 730d, or off " \
              "(unless given)") \
    VALUE(TIME_OR_OFF, retention, DYGW_OFF, (DYGW_DAYS(7), DYGW_DAYS(36500)))

/* For DIRECTIVE or VALUE, where the other one alone is of interest. */
#define DYGW_NO_ROW(...)

/* --- the kinds: the type of the member, and its value as long as no directive has set it. How an
 * argument of a kind is read stands in set.c, as READ_<kind>. --- */

#define DYGW_UNSET (-1)

/* Texts. ID: letters of A-Za-z0-9_-; accepts (how many at most). SECRET: read as secret.h tells.
 * TEXT: accepts (its parser in parse.h). PATH: the path of a file that httpd can read at its start;
 * accepts (what the file is, for the message). */
#define DYGW_TYPE_ID      const char *
#define DYGW_UNSET_ID     NULL
#define DYGW_TYPE_SECRET  const char *
#define DYGW_UNSET_SECRET NULL
#define DYGW_TYPE_TEXT    const char *
#define DYGW_UNSET_TEXT   NULL
#define DYGW_TYPE_PATH    const char *
#define DYGW_UNSET_PATH   NULL

/* An array of texts (const char *); accepts (the parser of one text in parse.h). */
#define DYGW_TYPE_LIST  apr_array_header_t *
#define DYGW_UNSET_LIST NULL

/* The master key, decoded, and maybe the key before it. */
#define DYGW_TYPE_SEAL  dygw_seal_t *
#define DYGW_UNSET_SEAL NULL

/* The place of a word in the list that the kind accepts; the first word is 0. */
#define DYGW_TYPE_WORD  int
#define DYGW_UNSET_WORD DYGW_UNSET

/* Whole numbers; accept (least, most). The kinds with OR_OFF take the word off, too: DYGW_OFF. */
#define DYGW_TYPE_COUNT         int
#define DYGW_UNSET_COUNT        DYGW_UNSET
#define DYGW_TYPE_COUNT_OR_OFF  int
#define DYGW_UNSET_COUNT_OR_OFF DYGW_UNSET
#define DYGW_TYPE_BYTES         apr_off_t
#define DYGW_UNSET_BYTES        DYGW_UNSET

/* Times in us; accept (least, most). */
#define DYGW_TYPE_TIME         apr_interval_time_t
#define DYGW_UNSET_TIME        DYGW_UNSET
#define DYGW_TYPE_TIME_OR_OFF  apr_interval_time_t
#define DYGW_UNSET_TIME_OR_OFF DYGW_UNSET

/* Minutes east of UTC; one minute west is -1. */
#define DYGW_TYPE_OFFSET  int
#define DYGW_UNSET_OFFSET INT_MIN

#endif
