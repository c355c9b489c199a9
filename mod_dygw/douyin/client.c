/* SPDX-License-Identifier: Apache-2.0
 * A client for one Douyin application: its connections and headers, and the way of every call, on
 * which it is counted and logged.
 *
 * Calls transport, envelope.c, link_hosts.c and codes.c. */
#include "douyin/client.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_escape.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_uri.h>

#include "douyin/envelope.h"
#include "douyin/link_hosts.h"
#include "util/spelling.h"

#define MAX_BODY       ((apr_size_t)1024 * 1024) /* bytes */
#define MAX_LINK_BODY  ((apr_size_t)64 * 1024)
#define USER_AGENT     "User-Agent: mod_dygw"
#define PLAIN_ENCODING "Accept-Encoding: identity"
#define PLAIN_SCHEME   "http:"
#define SUBJECT_LEN    16
#define ACCOUNT_MAX    64  /* characters */
#define STATUS_OK      200 /* Douyin says in the body what is wrong */

static void log_call_failure(const dygw_douyin_call_t *call, const dygw_http_answer_t *answer,
                             const dygw_log_t *log)
{
    static const char *const ends[] = {
        [DYGW_HTTP_UNREADABLE] = "an answer that is no HTTP or too large",
        [DYGW_HTTP_TIMEOUT] = "no answer in time",
        [DYGW_HTTP_LOST] = "the connection broke",
        [DYGW_HTTP_UNREACHABLE] = "no connection",
    };

    char subject[SUBJECT_LEN];

    if (answer->was_dead) {
        dygw_log(log, DEBUG, 0,
                 DYGWNO(0665) "Douyin's %s: a kept connection was dead; it may be made again",
                 call->name);
    }
    else if (!answer->aborted) {
        apr_snprintf(subject, sizeof subject, "%d %d", (int)answer->end, (int)call->counted_as);
        dygw_log_rarely(log, WARN, subject, 0, DYGWNO(0500) "Douyin's %s: %s (%s)", call->name,
                        ends[answer->end], answer->problem);
    }
}

static void log_reply(const dygw_douyin_call_t *call, const dygw_reply_t *reply,
                      const dygw_log_t *log)
{
    if (reply->kind == DYGW_REPLY_GARBLED) {
        dygw_log_rarely(log, WARN, call->name, 0,
                        DYGWNO(0501) "Douyin's %s: an answer that cannot be understood, HTTP "
                                     "status %d, %" APR_SIZE_T_FMT " bytes",
                        call->name, reply->http_status, reply->raw_len);
    }
    dygw_log(log, DEBUG, 0,
             DYGWNO(0502) "Douyin's %s: HTTP status %d, error_code %" APR_INT64_T_FMT
                          ", logid %s, %" APR_INT64_T_FMT " us%s",
             call->name, reply->http_status, reply->error_code, reply->logid,
             (apr_int64_t)reply->took, reply->sent_twice ? ", sent twice" : "");
}

static dygw_reply_class_e kind_of_end(dygw_http_end_e end)
{
    switch (end) {
    case DYGW_HTTP_TIMEOUT:
        return DYGW_REPLY_TIMEOUT;
    case DYGW_HTTP_LOST:
        return DYGW_REPLY_LOST;
    case DYGW_HTTP_UNREACHABLE:
        return DYGW_REPLY_UNREACHABLE;
    default:
        return DYGW_REPLY_GARBLED;
    }
}

/* --- counting --- */

static void count_call_error(const dygw_douyin_t *douyin, dygw_upstream_e call,
                             dygw_call_error_e error)
{
    dygw_count(douyin->config.metrics, DYGW_COUNT_CALL_ERRORS,
               (int)call * DYGW_CALL_ERRORS + (int)error);
}

void dygw_douyin_count_end(const dygw_douyin_t *douyin, dygw_upstream_e call,
                           const dygw_http_answer_t *answer)
{
    static const dygw_call_error_e errors[] = {
        [DYGW_HTTP_UNREADABLE] = DYGW_CALL_GARBLED,
        [DYGW_HTTP_TIMEOUT] = DYGW_CALL_TIMEOUT,
        [DYGW_HTTP_LOST] = DYGW_CALL_LOST,
        [DYGW_HTTP_UNREACHABLE] = DYGW_CALL_UNREACHABLE,
    };

    if (answer->aborted) {
        return;
    }
    if (answer->end != DYGW_HTTP_UNREACHABLE) {
        dygw_observe(douyin->config.metrics, call, answer->took);
    }
    if (answer->end != DYGW_HTTP_ANSWERED) {
        count_call_error(douyin, call, errors[answer->end]);
    }
}

/* A number of the platform's that the table lacks is counted as itself, as long as there is room:
 * the administrator needs to know which it is. */
static int series_of_refusal(const dygw_metrics_t *metrics, apr_int64_t error_code,
                             dygw_reply_class_e kind)
{
    int place = -1;

    if (!dygw_douyin_is_known(error_code) && dygw_douyin_is_platform(error_code)) {
        place = dygw_metrics_place(metrics, error_code);
    }
    return place >= 0 ? DYGW_REFUSAL_CODES + place : dygw_douyin_code_series(error_code, kind);
}

void dygw_douyin_note_refusal(const dygw_douyin_t *douyin, const char *call, apr_int64_t error_code,
                              dygw_reply_class_e kind, const char *logid, const dygw_log_t *log)
{
    const dygw_metrics_t *metrics = douyin->config.metrics;
    int series = series_of_refusal(metrics, error_code, kind);

    dygw_count(metrics, DYGW_COUNT_REFUSALS, series);
    if (!dygw_douyin_is_known(error_code) && kind != DYGW_REPLY_COUPON) {
        char subject[SUBJECT_LEN];

        apr_snprintf(subject, sizeof subject, "%d", series);
        dygw_log_rarely(log, WARN, subject, 0,
                        DYGWNO(0512) "Douyin's %s: error_code %" APR_INT64_T_FMT
                                     " is not known here, and taken as one of kind %s; logid %s",
                        call, error_code, dygw_douyin_kind_word(kind), logid);
    }
}

/* Counts what an answer says. */
static void note_reply(const dygw_douyin_t *douyin, const dygw_douyin_call_t *call,
                       const dygw_reply_t *reply, const dygw_log_t *log)
{
    if (reply->error_code != 0) {
        dygw_douyin_note_refusal(douyin, call->name, reply->error_code, reply->kind, reply->logid,
                                 log);
    }
    if (reply->kind == DYGW_REPLY_BUSY) {
        count_call_error(douyin, call->counted_as, DYGW_CALL_BUSY);
    }
    else if (reply->kind == DYGW_REPLY_GARBLED) {
        count_call_error(douyin, call->counted_as, DYGW_CALL_GARBLED);
    }
}

/* --- Douyin, or the sandbox --- */

typedef enum { UPSTREAM_UNSEEN, UPSTREAM_SANDBOX, UPSTREAM_OTHER } upstream_e;

#define UPSTREAM_BITS 2

/* An error of a proxy on the way is neither's. */
static void note_upstream(const dygw_douyin_t *douyin, const dygw_http_answer_t *answer,
                          const dygw_reply_t *reply)
{
    _Atomic apr_int64_t *seen = douyin->config.upstream_seen;
    int is_douyins = answer->status == STATUS_OK && reply->kind != DYGW_REPLY_GARBLED;
    upstream_e what = answer->is_sandbox ? UPSTREAM_SANDBOX
                      : is_douyins       ? UPSTREAM_OTHER
                                         : UPSTREAM_UNSEEN;
    apr_int64_t now = (apr_int64_t)douyin->upstream_id << UPSTREAM_BITS | (apr_int64_t)what;

    if (seen && what != UPSTREAM_UNSEEN && *seen != now) {
        *seen = now;
    }
}

int dygw_douyin_is_sandbox(const dygw_douyin_t *douyin)
{
    apr_int64_t seen = douyin->config.upstream_seen ? *douyin->config.upstream_seen : 0;

    /* What another DygwUpstream has answered says nothing of this one. */
    return seen && seen >> UPSTREAM_BITS == (apr_int64_t)douyin->upstream_id
               ? (seen & ((1 << UPSTREAM_BITS) - 1)) == UPSTREAM_SANDBOX
               : douyin->is_loopback;
}

static int is_loopback_url(const char *url, apr_pool_t *pool)
{
    apr_uri_t uri;
    const char *host
        = apr_uri_parse(pool, url, &uri) == APR_SUCCESS && uri.hostname ? uri.hostname : "";

    return apr_cstr_casecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0
           || (strncmp(host, "127.", 4) == 0 && host[strspn(host, "0123456789.")] == '\0');
}

static void look_at_base_url(dygw_douyin_t *douyin, apr_pool_t *pool)
{
    apr_ssize_t len = APR_HASH_KEY_STRING;

    douyin->upstream_id = apr_hashfunc_default(douyin->config.base_url, &len);
    douyin->is_loopback = is_loopback_url(douyin->config.base_url, pool);
}

/* --- calls --- */

/* The account for the header: of no other characters, by the configuration and by the checks of the
 * API, so that it ends no header. NULL: it is none, or none that could be. */
static const char *account_of_call(const dygw_douyin_call_t *call)
{
    const char *account = call->account_id;

    return account && dygw_spelled(account, 1, ACCOUNT_MAX, "_-") ? account : NULL;
}

static apr_interval_time_t timeout_of_call(const dygw_douyin_t *douyin,
                                           const dygw_douyin_call_t *call)
{
    apr_interval_time_t usual = douyin->config.total_timeout;

    return call->patience > 0 && call->patience < usual ? call->patience : usual;
}

void dygw_douyin_request(dygw_http_request_t *request, const dygw_douyin_t *douyin,
                         const dygw_douyin_call_t *call, apr_pool_t *pool)
{
    *request = (dygw_http_request_t){
        .url
        = douyin->origin ? NULL : apr_pstrcat(pool, douyin->config.base_url, call->target, NULL),
        .target = call->target,
        .access_token = call->access_token,
        .account_id = account_of_call(call),
        .body = call->body,
        .body_len = call->body_len,
        .send_by = call->send_by,
        .once = call->once,
        .timeout = timeout_of_call(douyin, call),
    };
}

void dygw_douyin_read_answer(dygw_reply_t *reply, const dygw_douyin_t *douyin,
                             const dygw_douyin_call_t *call, const dygw_http_answer_t *answer,
                             const dygw_log_t *log, apr_pool_t *pool)
{
    *reply = (dygw_reply_t){ .kind = kind_of_end(answer->end),
                             .http_status = answer->status,
                             .description = "",
                             .logid = "",
                             .account_id = call->account_id,
                             .trouble = answer->trouble,
                             .took = answer->took,
                             .date = answer->date,
                             .ended_at = answer->ended_at,
                             .sent_twice = answer->sent_twice,
                             .was_dead = answer->was_dead };
    dygw_douyin_count_end(douyin, call->counted_as, answer);
    if (answer->end != DYGW_HTTP_ANSWERED) {
        log_call_failure(call, answer, log);
        return;
    }
    if (answer->body_len > 0) {
        reply->raw = answer->body;
        reply->raw_len = answer->body_len;
    }
    dygw_douyin_read_envelope(reply, call->what, call->both_levels, pool);
    note_upstream(douyin, answer, reply);
    note_reply(douyin, call, reply, log);
    log_reply(call, reply, log);
}

void dygw_douyin_call(dygw_douyin_t *douyin, const dygw_douyin_call_t *call, dygw_reply_t *reply,
                      const dygw_log_t *log, apr_pool_t *pool)
{
    dygw_http_request_t request;

    dygw_douyin_request(&request, douyin, call, pool);
    dygw_douyin_read_answer(reply, douyin, call, dygw_http_call(douyin->upstream, &request, pool),
                            log, pool);
}

const char *dygw_douyin_argument(const char *name, const char *value, apr_pool_t *pool)
{
    return value ? apr_pstrcat(pool, "&", name, "=", apr_pescape_urlencoded(pool, value), NULL)
                 : "";
}

/* --- the client's life --- */

apr_status_t dygw_douyin_global_init(apr_pool_t *pool)
{
    return dygw_http_global_init(pool);
}

const char *dygw_douyin_old_libcurl(void)
{
    return dygw_http_old_libcurl();
}

/* The base URL, where it is nothing but an origin, as Douyin's is; NULL: requests have URLs. */
static const char *origin_of_upstream(const dygw_douyin_config_t *config, int plain)
{
    const char *host = strstr(config->base_url, "://");
    int has_path = !host || strpbrk(host + strlen("://"), "/?#") != NULL;

    return has_path || (plain && config->proxy) ? NULL : config->base_url;
}

static apr_status_t create_upstream(dygw_douyin_t *douyin, apr_pool_t *pool)
{
    const dygw_douyin_config_t *config = &douyin->config;
    int plain = apr_cstr_casecmpn(config->base_url, PLAIN_SCHEME, strlen(PLAIN_SCHEME)) == 0;
    /* libcurl waits for a "100 Continue" with bodies over a mebibyte only, which none is. */
    static const char *const headers[]
        = { USER_AGENT, "Content-Type: application/json", PLAIN_ENCODING, NULL };
    dygw_http_settings_t settings = { .schemes = plain ? "http" : "https",
                                      .origin = origin_of_upstream(config, plain),
                                      .headers = headers,
                                      .ca_file = config->ca_file,
                                      .proxy = config->proxy,
                                      .connect_timeout = config->connect_timeout,
                                      .max_body = MAX_BODY,
                                      .decode = 1 };

    douyin->origin = settings.origin;
    return dygw_http_create(&douyin->upstream, &settings, pool);
}

/* Links go through the proxy too, which may be the only way out. Of what they lead to, nothing but
 * the headers is wanted, so nothing is decoded. */
static apr_status_t create_links(dygw_douyin_t *douyin, apr_pool_t *pool)
{
    static const char *const headers[] = { USER_AGENT, PLAIN_ENCODING, NULL };
    dygw_http_settings_t settings = { .schemes = "http,https",
                                      .headers = headers,
                                      .proxy = douyin->config.proxy,
                                      .connect_timeout = douyin->config.connect_timeout,
                                      .max_body = MAX_LINK_BODY };

    douyin->link_rules = dygw_douyin_link_rules(douyin->config.link_hosts, pool);
    return dygw_http_create(&douyin->links, &settings, pool);
}

apr_status_t dygw_douyin_create(dygw_douyin_t **douyin, const dygw_douyin_config_t *config,
                                apr_pool_t *pool)
{
    apr_status_t rv;

    *douyin = apr_pcalloc(pool, sizeof(**douyin));
    (*douyin)->config = *config;
    look_at_base_url(*douyin, pool);
    rv = create_upstream(*douyin, pool);
    return rv == APR_SUCCESS ? create_links(*douyin, pool) : rv;
}

void dygw_douyin_abort(dygw_douyin_t *douyin)
{
    dygw_http_abort(douyin->upstream);
    dygw_http_abort(douyin->links);
}
