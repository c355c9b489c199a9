/* SPDX-License-Identifier: Apache-2.0
 * What a scanner reads: the link in the first line, then a line for each answer, "302 Location".
 * Whatever it is, nothing is sent to where it may not be.
 * wraps: dygw_http_call */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "douyin/client.h"
#include "util/compiler.h"

#define PLAIN         "http://127.0.0.1:8090"
#define HOST_ENDS     ":/?#"
#define HOST_CHARS    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
#define REQUESTS_MAX  6 /* with the one that is made again */
#define OBJECT_ID_MAX 2048

static dygw_douyin_t *douyin;
static fuzz_input_t in;
static int requests;

static int ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);

    return len > strlen(end) && apr_cstr_casecmp(text + len - strlen(end), end) == 0;
}

/* By the text of the URL alone. */
static void check_url(const dygw_http_request_t *request, apr_pool_t *pool)
{
    const char *url = request->url;
    const char *host, *rest;

    if (strncmp(url, PLAIN, strlen(PLAIN)) == 0) {
        rest = url + strlen(PLAIN);
        FUZZ_ASSERT(request->direct && !request->guarded);
    }
    else {
        FUZZ_ASSERT(strncmp(url, "https://", 8) == 0 && request->guarded && !request->direct);
        rest = url + 8 + strcspn(url + 8, HOST_ENDS);
        host = apr_pstrmemdup(pool, url + 8, (apr_size_t)(rest - url - 8));
        FUZZ_ASSERT(strspn(host, HOST_CHARS) == strlen(host));
        FUZZ_ASSERT(apr_cstr_casecmp(host, "v.douyin.com") == 0 || ends_with(host, ".douyin.com")
                    || ends_with(host, ".iesdouyin.com"));
        rest += strncmp(rest, ":443", 4) == 0 ? 4 : 0;
    }
    FUZZ_ASSERT(*rest == '\0' || strchr("/?#", *rest));
    FUZZ_ASSERT(!request->access_token && !request->body);
    FUZZ_ASSERT(++requests <= REQUESTS_MAX);
}

/* The network's place. */
dygw_http_answer_t *__wrap_dygw_http_call(dygw_http_t *http, const dygw_http_request_t *request, apr_pool_t *pool);
dygw_http_answer_t *__wrap_dygw_http_call(DYGW_UNUSED dygw_http_t *http, const dygw_http_request_t *request,
                                          apr_pool_t *pool)
{
    dygw_http_answer_t *answer = apr_pcalloc(pool, sizeof(*answer));
    const char *line = fuzz_line(&in);
    const char *blank = strchr(line, ' ');

    check_url(request, pool);
    answer->status = atoi(line) % 600;
    answer->end = answer->status >= 100 ? DYGW_HTTP_ANSWERED : *line == 't' ? DYGW_HTTP_TIMEOUT : DYGW_HTTP_UNREACHABLE;
    answer->status = answer->end == DYGW_HTTP_ANSWERED ? answer->status : 0;
    answer->address_refused = *line == 'a';
    answer->location = blank ? blank + 1 : NULL;
    answer->body = answer->end == DYGW_HTTP_ANSWERED ? "" : NULL;
    answer->problem = "played";
    return answer;
}

void fuzz_start(apr_pool_t *pool)
{
    static const char *const hosts[] = { "v.douyin.com", "*.douyin.com", "*.iesdouyin.com", PLAIN };
    dygw_douyin_config_t config = { .base_url = "https://open.douyin.com",
                                    .client_key = "ck",
                                    .client_secret = "secret",
                                    .connect_timeout = 1,
                                    .total_timeout = apr_time_from_sec(3600) };
    size_t i;

    config.link_hosts = apr_array_make(pool, 4, sizeof(const char *));
    for (i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        APR_ARRAY_PUSH(config.link_hosts, const char *) = hosts[i];
    }
    FUZZ_ASSERT(dygw_douyin_global_init(pool) == APR_SUCCESS);
    FUZZ_ASSERT(dygw_douyin_create(&douyin, &config, pool) == APR_SUCCESS);
}

static const char *follow(const char *link, dygw_link_e *end, apr_pool_t *pool)
{
    const char *object_id = "unset";
    const char *why = "unset";
    const char *c;

    requests = 0;
    *end = dygw_douyin_short_link(douyin, link, &object_id, &why, &fuzz_log, pool);
    FUZZ_ASSERT((*end == DYGW_LINK_OK) == (object_id != NULL));
    FUZZ_ASSERT((*end == DYGW_LINK_OK) == (why == NULL));
    for (c = object_id; c && *c; c++) {
        FUZZ_ASSERT(*c > ' ' && *c <= '~');
    }
    FUZZ_ASSERT(!object_id || (*object_id && strlen(object_id) <= OBJECT_ID_MAX));
    return object_id;
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    fuzz_input_t kept;
    const char *link, *first, *second;
    dygw_link_e end, again;

    in = (fuzz_input_t){ data, len, pool };
    link = fuzz_line(&in);
    kept = in;
    first = follow(link, &end, pool);
    in = kept;
    /* what a scanner adds around it changes nothing */
    second = follow(apr_pstrcat(pool, "\r\n \t", link, " \r\n", NULL), &again, pool);
    FUZZ_ASSERT(end == again && (!first || strcmp(first, second) == 0));
}
