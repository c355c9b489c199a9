/* SPDX-License-Identifier: Apache-2.0
 * From what a scanner read to encrypted_data, which is the query argument object_id of the long
 * link that a short link redirects to (Douyin's page certificate.prepare). Anybody can put anything
 * into a QR code, so libcurl follows no redirect by itself: each host must be on the list before
 * anything is sent there, each address public before it is connected to, and nothing but Location
 * is looked at.
 *
 * Calls client.c (to count), link_hosts.c and transport. */
#include <string.h>

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "douyin/client.h"
#include "douyin/link_hosts.h"

#define MAX_REQUESTS      5
#define MAX_OBJECT_ID_LEN 2048
#define OBJECT_ID         "object_id="

#define HTTP_CLIENT_ERROR 400
#define HTTP_TOO_MANY     429
#define HTTP_SERVER_ERROR 500
#define DELETE            0x7f

/* The walk along the redirects of one link. */
typedef struct walk_t {
    dygw_douyin_t *douyin;
    const dygw_log_t *log;
    apr_pool_t *pool;
    apr_time_t deadline;
    int tried_again;
    const char **why;
} walk_t;

/* --- object_id --- */

/* The value of object_id as it stands in the query; NULL: there is none, or it is empty. */
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

/* Decodes the percent-encoding once. A '+' stays: the value may be base64, where no blank can have
 * been meant. NULL: no value that Douyin can have given. */
static const char *decode_object_id(const char *value, apr_pool_t *pool)
{
    const char *decoded = apr_punescape_url(pool, value, NULL, NULL, 0);
    const char *c = decoded;

    while (c && apr_isascii(*c) && apr_isgraph(*c)) {
        c++;
    }
    return c && *c == '\0' && c - decoded <= MAX_OBJECT_ID_LEN ? decoded : NULL;
}

/* --- following --- */

static dygw_link_e end_walk(const walk_t *walk, dygw_link_e kind, const char *why)
{
    *walk->why = why;
    return kind;
}

static dygw_http_answer_t *request_link_once(walk_t *walk, const dygw_url_t *url,
                                             const dygw_link_rule_t *rule)
{
    dygw_http_request_t request = { .url = url->text,
                                    .timeout = walk->deadline - dygw_steady_now(),
                                    .direct = rule->port != NULL,
                                    .guarded = rule->port == NULL };
    dygw_http_answer_t *answer = dygw_http_call(walk->douyin->links, &request, walk->pool);

    dygw_douyin_count_end(walk->douyin, DYGW_UPSTREAM_SHORT_LINK, answer);
    return answer;
}

static int is_worth_another_try(const dygw_http_answer_t *answer)
{
    return !answer->address_refused && !answer->aborted
           && (answer->end == DYGW_HTTP_LOST || answer->end == DYGW_HTTP_UNREACHABLE
               || answer->status >= HTTP_SERVER_ERROR);
}

/* One request; one more for the whole link if the server seems to be in trouble. */
static dygw_http_answer_t *request_link(walk_t *walk, const dygw_url_t *url,
                                        const dygw_link_rule_t *rule)
{
    dygw_http_answer_t *answer = request_link_once(walk, url, rule);

    if (is_worth_another_try(answer) && !walk->tried_again && dygw_steady_now() < walk->deadline) {
        walk->tried_again = 1;
        answer = request_link_once(walk, url, rule);
    }
    return answer;
}

static dygw_link_e explain_link_failure(const walk_t *walk, const dygw_http_answer_t *answer)
{
    if (answer->address_refused && answer->end == DYGW_HTTP_UNREACHABLE) {
        dygw_log_rarely(walk->log, WARN, NULL, 0,
                        DYGWNO(0510) "an allowed host of a short link has no public address");
        return end_walk(walk, DYGW_LINK_BAD, "the link leads to an address that is not public");
    }
    if (answer->end == DYGW_HTTP_TIMEOUT || dygw_steady_now() >= walk->deadline) {
        return end_walk(walk, DYGW_LINK_TIMEOUT, "the link's server did not answer in time");
    }
    return end_walk(walk, DYGW_LINK_UNAVAILABLE,
                    "the link's server is busy or cannot be reached; try again");
}

static void log_link_failure(const walk_t *walk, const dygw_http_answer_t *answer)
{
    if (!answer->aborted && !answer->address_refused) {
        dygw_log_rarely(walk->log, WARN, NULL, 0,
                        DYGWNO(0511) "a short link's server gave no answer: %s", answer->problem);
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

static const char *trim_link(const char *link, apr_pool_t *pool)
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
static const char *tidy_location(const char *location, apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *text = trim_link(location, pool);
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
static dygw_link_e next_url(walk_t *walk, const dygw_url_t **url, const dygw_link_rule_t *rule)
{
    const dygw_http_answer_t *answer = request_link(walk, *url, rule);

    /* With a body over the limit the headers are known, and nothing else is wanted. */
    if (answer->status == 0) {
        log_link_failure(walk, answer);
        return explain_link_failure(walk, answer);
    }
    if (answer->status >= HTTP_SERVER_ERROR || answer->status == HTTP_TOO_MANY) {
        return explain_link_failure(walk, answer);
    }
    if (is_redirect(answer)) {
        *url = dygw_http_url((*url)->text, tidy_location(answer->location, walk->pool), walk->pool);
        return DYGW_LINK_OK;
    }
    if (answer->status >= HTTP_CLIENT_ERROR) {
        return end_walk(walk, DYGW_LINK_DEAD,
                        "the link is dead; the user should show a fresh QR code");
    }
    return end_walk(walk, DYGW_LINK_BAD, "the link does not lead to a coupon");
}

static dygw_link_e follow_link(walk_t *walk, const dygw_url_t *url, const char **object_id)
{
    for (int requests = 0;; requests++) {
        const dygw_link_rule_t *rule
            = url ? dygw_douyin_link_rule(walk->douyin->link_rules, url) : NULL;
        const char *value;
        dygw_link_e step;

        if (!url) {
            return end_walk(walk, DYGW_LINK_BAD, "this is no link, or it leads to something else");
        }
        if (!rule) {
            return end_walk(walk, DYGW_LINK_BAD, "the link leads to a host that is not allowed");
        }
        value = find_object_id(url->query, walk->pool);
        if (value) {
            *object_id = decode_object_id(value, walk->pool);
            return *object_id ? DYGW_LINK_OK
                              : end_walk(walk, DYGW_LINK_BAD, "the link's object_id is damaged");
        }
        if (requests == MAX_REQUESTS) {
            return end_walk(walk, DYGW_LINK_BAD, "the link redirects too often");
        }
        step = next_url(walk, &url, rule);
        if (step != DYGW_LINK_OK) {
            return step;
        }
    }
}

dygw_link_e dygw_douyin_short_link(dygw_douyin_t *douyin, const char *link, const char **object_id,
                                   const char **why, const dygw_log_t *log, apr_pool_t *pool)
{
    walk_t walk = { .douyin = douyin,
                    .log = log,
                    .pool = pool,
                    .deadline = dygw_steady_now() + douyin->config.total_timeout,
                    .why = why };

    *object_id = NULL;
    *why = NULL;
    return follow_link(&walk, dygw_http_url(NULL, trim_link(link, pool), pool), object_id);
}
