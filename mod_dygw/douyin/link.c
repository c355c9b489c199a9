/* SPDX-License-Identifier: Apache-2.0
 * From what a scanner read to encrypted_data, which is the query argument object_id of the long
 * link that a short link redirects to. Anybody can put anything into a QR code, so a link is
 * followed by hand: each host must be on the list before anything is sent there, each address
 * public before it is connected to, and nothing but Location is looked at. */
#include <string.h>

#include <apr_cstr.h>
#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "douyin/client.h"

#define MAX_REQUESTS        5
#define MAX_OBJECT_ID_LEN   2048
#define OBJECT_ID           "object_id="

#define HTTP_TOO_MANY       429
#define HTTP_SERVER_ERROR   500
#define DELETE              0x7f

/* One link on its way. */
typedef struct hunt_t {
    dygw_douyin_t *douyin;
    const dygw_log_t *log;
    apr_pool_t *pool;
    apr_time_t deadline;
    int tried_again;
    const char **why;
} hunt_t;

/* --- which hosts --- */

#define HOST_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

static void read_rule(dygw_link_rule_t *rule, const char *word, apr_pool_t *pool)
{
    *rule = (dygw_link_rule_t){ .host = word };
    if (strncmp(word, "*.", 2) == 0) {
        rule->host = word + 1;      /* with the dot */
        rule->below = 1;
    }
    else if (strstr(word, "://")) {
        const dygw_url_t *origin = dygw_http_url(NULL, word, pool);

        rule->host = origin ? origin->host : "";
        rule->port = origin ? origin->port : "";
    }
}

apr_array_header_t *dygw_douyin_link_rules(const apr_array_header_t *words, apr_pool_t *pool)
{
    int count = words ? words->nelts : 0;
    apr_array_header_t *rules = apr_array_make(pool, count, sizeof(dygw_link_rule_t));

    for (int i = 0; i < count; i++) {
        dygw_link_rule_t *rule = apr_array_push(rules);

        read_rule(rule, APR_ARRAY_IDX(words, i, const char *), pool);
    }
    return rules;
}

static int host_matches(const dygw_link_rule_t *rule, const char *host)
{
    size_t len = strlen(host);
    size_t suffix = strlen(rule->host);

    if (rule->below) {
        return len > suffix && apr_cstr_casecmp(host + len - suffix, rule->host) == 0
               && strspn(host, HOST_CHARS) == len;
    }
    return apr_cstr_casecmp(host, rule->host) == 0;
}

static int rule_allows(const dygw_link_rule_t *rule, const dygw_url_t *url)
{
    const char *scheme = rule->port ? "http" : "https";
    const char *port = rule->port ? rule->port : "443";

    return strcmp(url->scheme, scheme) == 0 && strcmp(url->port, port) == 0
           && host_matches(rule, url->host);
}

static const dygw_link_rule_t *find_rule(const dygw_douyin_t *douyin, const dygw_url_t *url)
{
    const dygw_link_rule_t *rules = (const dygw_link_rule_t *)douyin->link_rules->elts;

    for (int i = 0; i < douyin->link_rules->nelts; i++) {
        if (rule_allows(&rules[i], url)) {
            return &rules[i];
        }
    }
    return NULL;
}

/* --- object_id --- */

/* The value as it stands in the query; NULL when there is none, or an empty one. */
static const char *find_object_id(const char *query, apr_pool_t *pool)
{
    while (query) {
        const char *end = strchr(query, '&');

        if (strncmp(query, OBJECT_ID, strlen(OBJECT_ID)) == 0) {
            const char *value = query + strlen(OBJECT_ID);
            size_t len = end ? (size_t)(end - value) : strlen(value);

            if (len > 0) {
                return apr_pstrmemdup(pool, value, len);
            }
        }
        query = end ? end + 1 : NULL;
    }
    return NULL;
}

/* Decoded once. A '+' stays: the value may be base64, and can have no blank, so nobody can have
 * meant one. NULL: no value that Douyin can have given. */
static const char *decode(const char *value, apr_pool_t *pool)
{
    const char *decoded = apr_punescape_url(pool, value, NULL, NULL, 0);
    const char *c = decoded;

    while (c && apr_isascii(*c) && apr_isgraph(*c)) {
        c++;
    }
    return c && *c == '\0' && c - decoded <= MAX_OBJECT_ID_LEN ? decoded : NULL;
}

/* --- following --- */

static dygw_link_e refuse(const hunt_t *hunt, dygw_link_e kind, const char *why)
{
    *hunt->why = why;
    return kind;
}

static dygw_http_answer_t *request_once(hunt_t *hunt, const dygw_url_t *url,
                                        const dygw_link_rule_t *rule)
{
    dygw_http_request_t request = { .url = url->text,
                                    .timeout = hunt->deadline - apr_time_now(),
                                    .direct = rule->port != NULL,
                                    .guarded = rule->port == NULL };
    dygw_http_answer_t *answer = dygw_http_call(hunt->douyin->links, &request, hunt->pool);

    dygw_douyin_count_end(hunt->douyin, DYGW_UPSTREAM_SHORT_LINK, answer);
    return answer;
}

static int is_worth_another_try(const dygw_http_answer_t *answer)
{
    return !answer->address_refused && !answer->aborted
           && (answer->end == DYGW_HTTP_LOST || answer->end == DYGW_HTTP_UNREACHABLE
               || answer->status >= HTTP_SERVER_ERROR);
}

/* One request; one more for the whole link if the server seems to be in trouble. */
static dygw_http_answer_t *request(hunt_t *hunt, const dygw_url_t *url,
                                   const dygw_link_rule_t *rule)
{
    dygw_http_answer_t *answer = request_once(hunt, url, rule);

    if (is_worth_another_try(answer) && !hunt->tried_again && apr_time_now() < hunt->deadline) {
        hunt->tried_again = 1;
        answer = request_once(hunt, url, rule);
    }
    return answer;
}

static dygw_link_e explain_failure(const hunt_t *hunt, const dygw_http_answer_t *answer)
{
    if (answer->address_refused && answer->end == DYGW_HTTP_UNREACHABLE) {
        dygw_log(hunt->log, WARN, 0,
                 DYGWNO(0510) "an allowed host of a short link has no public address");
        return refuse(hunt, DYGW_LINK_BAD, "the link leads to an address that is not public");
    }
    if (answer->end == DYGW_HTTP_TIMEOUT || apr_time_now() >= hunt->deadline) {
        return refuse(hunt, DYGW_LINK_TIMEOUT, "the link's server did not answer in time");
    }
    return refuse(hunt, DYGW_LINK_UNAVAILABLE,
                  "the link's server is busy or cannot be reached; try again");
}

static void log_failure(const hunt_t *hunt, const dygw_http_answer_t *answer)
{
    if (!answer->aborted && !answer->address_refused) {
        dygw_log(hunt->log, WARN, 0, DYGWNO(0511) "a short link's server gave no answer: %s",
                 answer->problem);
    }
}

static int is_redirect(const dygw_http_answer_t *answer)
{
    switch (answer->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return answer->location != NULL;
    default:
        return 0;
    }
}

static const char *trim(const char *link, apr_pool_t *pool)
{
    size_t len = strlen(link);

    while (len > 0 && ((unsigned char)link[len - 1] <= ' ' || link[len - 1] == DELETE)) {
        len--;
    }
    while (len > 0 && ((unsigned char)*link <= ' ' || *link == DELETE)) {
        link++;
        len--;
    }
    return apr_pstrmemdup(pool, link, len);
}

/* A Location as browsers take it, so that a blank in another argument does not matter: blanks
 * around it, tabs and line ends go, and what a URL cannot have is percent-encoded. Nothing of what
 * tells a host from the rest is touched, and what comes out is what is checked and connected to. */
static const char *tidy(const char *location, apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *text = trim(location, pool);
    char *out = apr_palloc(pool, 3 * strlen(text) + 1);
    apr_size_t len = 0;

    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c == '\t' || c == '\r' || c == '\n') {
            continue;
        }
        if (c > ' ' && c < DELETE) {
            out[len++] = *text;
            continue;
        }
        out[len++] = '%';
        out[len++] = digits[c >> 4];
        out[len++] = digits[c & 15];
    }
    out[len] = '\0';
    return out;
}

/* Puts where *url redirects to into *url; NULL when that is no URL. */
static dygw_link_e next_url(hunt_t *hunt, const dygw_url_t **url, const dygw_link_rule_t *rule)
{
    const dygw_http_answer_t *answer = request(hunt, *url, rule);

    /* With a body over the limit the headers are known, and nothing else is wanted. */
    if (answer->status == 0) {
        log_failure(hunt, answer);
        return explain_failure(hunt, answer);
    }
    if (answer->status >= HTTP_SERVER_ERROR || answer->status == HTTP_TOO_MANY) {
        return explain_failure(hunt, answer);
    }
    if (is_redirect(answer)) {
        *url = dygw_http_url((*url)->text, tidy(answer->location, hunt->pool), hunt->pool);
        return DYGW_LINK_OK;
    }
    return refuse(hunt, DYGW_LINK_BAD,
                  answer->status >= 400 ? "the link is dead; the user should show a fresh QR code"
                                        : "the link does not lead to a coupon");
}

static dygw_link_e follow(hunt_t *hunt, const dygw_url_t *url, const char **object_id)
{
    for (int requests = 0;; requests++) {
        const dygw_link_rule_t *rule = url ? find_rule(hunt->douyin, url) : NULL;
        const char *value;
        dygw_link_e step;

        if (!url) {
            return refuse(hunt, DYGW_LINK_BAD, "this is no link, or it leads to something else");
        }
        if (!rule) {
            return refuse(hunt, DYGW_LINK_BAD, "the link leads to a host that is not allowed");
        }
        value = find_object_id(url->query, hunt->pool);
        if (value) {
            *object_id = decode(value, hunt->pool);
            return *object_id ? DYGW_LINK_OK
                              : refuse(hunt, DYGW_LINK_BAD, "the link's object_id is damaged");
        }
        if (requests == MAX_REQUESTS) {
            return refuse(hunt, DYGW_LINK_BAD, "the link redirects too often");
        }
        step = next_url(hunt, &url, rule);
        if (step != DYGW_LINK_OK) {
            return step;
        }
    }
}

dygw_link_e dygw_douyin_short_link(dygw_douyin_t *douyin, const char *link, const char **object_id,
                                   const char **why, const dygw_log_t *log, apr_pool_t *pool)
{
    hunt_t hunt = { .douyin = douyin,
                    .log = log,
                    .pool = pool,
                    .deadline = apr_time_now() + douyin->config.total_timeout,
                    .why = why };

    *object_id = NULL;
    *why = NULL;
    return follow(&hunt, dygw_http_url(NULL, trim(link, pool), pool), object_id);
}
