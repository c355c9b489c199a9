/* SPDX-License-Identifier: Apache-2.0
 * HTTP over libcurl: calls, and URLs taken apart. Their connections are in http_handles.c; many
 * calls of one thread at once, in http_multi.c.
 *
 * Whether something may have been sent is not guessed from error codes: libcurl calls
 * dygw_line_before_sending when a connection stands and the request is about to be written to it.
 * Never called means that nothing was sent; called twice means that a kept connection turned out
 * to be dead and libcurl sent the request again.
 */
#include "douyin/http.h"

#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include <apr_atomic.h>
#include <apr_date.h>
#include <apr_strings.h>

#include "douyin/address.h"
#include "douyin/douyin.h"
#include "douyin/http_easy.h"
#include "util/compiler.h"
#include "util/versions.h"

#define FIRST_ROOM      4096    /* for a body of unknown length */
#define TOKEN_HEADER    "access-token: "

int dygw_line_aborted(dygw_http_t *http)
{
    return apr_atomic_read32(&http->aborted) != 0;
}

/* --- libcurl's callbacks --- */

int dygw_line_before_sending(void *baton, DYGW_UNUSED char *remote_ip, DYGW_UNUSED char *local_ip,
                          DYGW_UNUSED int remote_port, DYGW_UNUSED int local_port)
{
    dygw_line_t *line = baton;

    if (line->request->send_by > 0 && dygw_now() > line->request->send_by) {
        return CURL_PREREQFUNC_ABORT;
    }
    if (line->request->once && line->times_sent > 0) {
        line->answer->was_dead = 1;
        return CURL_PREREQFUNC_ABORT;
    }
    line->times_sent++;
    return CURL_PREREQFUNC_OK;
}

/* Sockets are closed on exec, so that no CGI program inherits them, and led to public addresses
 * only where that is asked for. */
curl_socket_t dygw_line_open_socket(void *baton, DYGW_UNUSED curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    dygw_line_t *line = baton;
    int through_proxy = line->settings->proxy && !line->request->direct;

    if (line->request->guarded && !through_proxy
        && !dygw_douyin_address_is_public(&address->addr)) {
        line->answer->address_refused = 1;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Room for the announced length and the NUL, or for twice what is needed. */
static apr_size_t new_room(dygw_line_t *line, apr_size_t needed)
{
    curl_off_t announced = -1;
    apr_size_t room = FIRST_ROOM;

    if (line->room) {       /* it was compressed, or nothing was announced */
        return 2 * needed;
    }
    curl_easy_getinfo(line->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced >= 0 && (apr_size_t)announced <= line->settings->max_body) {
        room = (apr_size_t)announced + 1;
    }
    return room < needed ? needed : room;
}

size_t dygw_line_receive(char *data, DYGW_UNUSED size_t one, size_t len, void *baton)
{
    dygw_line_t *line = baton;
    apr_size_t have = line->answer->body_len;

    if (len > line->settings->max_body - have) {
        line->too_large = 1;
        return 0;
    }
    if (have + len + 1 > line->room) {
        apr_size_t room = new_room(line, have + len + 1);
        char *body = apr_palloc(line->pool, room);

        if (have) {
            memcpy(body, line->body, have);
        }
        line->body = body;
        line->room = room;
    }
    memcpy(line->body + have, data, len);
    line->body[have + len] = '\0';
    line->answer->body_len = have + len;
    return len;
}

/* --- a call --- */

static int add_header(struct curl_slist **headers, const char *header)
{
    struct curl_slist *longer = curl_slist_append(*headers, header);

    if (longer) {
        *headers = longer;
    }
    return longer != NULL;
}

/* The list stays with the line until another token comes, in the same memory: a few times a day. */
static int set_headers(dygw_line_t *line)
{
    const char *token = line->request->access_token;
    const char *const *fixed = line->settings->headers;
    struct curl_slist *headers = NULL;
    int ok = 1;

    if (line->headers && (token && line->token ? !strcmp(token, line->token)
                                               : token == line->token)) {
        return 1;
    }
    if (token) {
        ok = add_header(&headers, apr_pstrcat(line->pool, TOKEN_HEADER, token, NULL));
    }
    while (ok && *fixed) {
        ok = add_header(&headers, *fixed++);
    }
    if (!ok || curl_easy_setopt(line->easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK) {
        curl_slist_free_all(headers);
        return 0;
    }
    curl_slist_free_all(line->headers);
    line->headers = headers;
    line->token = token ? headers->data + strlen(TOKEN_HEADER) : NULL;
    return 1;
}

static int set_method(CURL *easy, const dygw_http_request_t *request)
{
    if (!request->body) {
        return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    }
    return curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)request->body_len) == CURLE_OK;
}

/* A line's options other than these never change. */
static int set_request(dygw_line_t *line)
{
    const dygw_http_request_t *request = line->request;
    const char *proxy = line->settings->proxy;
    CURL *easy = line->easy;

    return curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, dygw_line_ms(request->timeout)) == CURLE_OK
           && (!proxy
               || curl_easy_setopt(easy, CURLOPT_PROXY, request->direct ? "" : proxy) == CURLE_OK)
           && set_method(easy, request) && set_headers(line);
}

static CURLcode result_of(const dygw_line_t *line)
{
    int left;
    CURLMsg *message = curl_multi_info_read(line->multi, &left);

    return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}

static CURLcode perform(dygw_http_t *http, dygw_line_t *line)
{
    int running = 1;
    CURLMcode rv = curl_multi_add_handle(line->multi, line->easy);
    CURLcode result;

    while (rv == CURLM_OK && running && !dygw_line_aborted(http)) {
        rv = curl_multi_perform(line->multi, &running);
        if (rv == CURLM_OK && running) {
            rv = curl_multi_poll(line->multi, NULL, 0, DYGW_LINE_LOOK_UP_MS, NULL);
        }
    }
    line->answer->aborted = running && dygw_line_aborted(http);
    result = result_of(line);
    curl_multi_remove_handle(line->multi, line->easy);
    return result;
}

static dygw_http_end_e end_of(const dygw_line_t *line, CURLcode result)
{
    if (result == CURLE_OK) {
        return DYGW_HTTP_ANSWERED;
    }
    if (line->times_sent == 0) {
        return DYGW_HTTP_UNREACHABLE;
    }
    if (dygw_line_is_unreadable(line, result)) {
        return DYGW_HTTP_UNREADABLE;
    }
    return result == CURLE_OPERATION_TIMEDOUT ? DYGW_HTTP_TIMEOUT : DYGW_HTTP_LOST;
}

static void note_failure(dygw_line_t *line, CURLcode result)
{
    const char *words = line->problem[0] ? line->problem : curl_easy_strerror(result);

    if (line->too_large) {
        words = "the answer is too large";
    }
    line->answer->problem = apr_pstrdup(line->pool, line->answer->aborted ? "aborted" : words);
}

static dygw_ms_t date_of(CURL *easy)
{
    struct curl_header *date;
    apr_time_t at = APR_DATE_BAD;

    /* With each call: libcurl's own parser, of all kinds of dates, takes ten times as long. */
    if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) {
        at = apr_date_parse_http(date->value);
    }
    return at == APR_DATE_BAD ? DYGW_NO_TIME : apr_time_as_msec(at);
}

static void note_answer(dygw_line_t *line)
{
    struct curl_header *location;
    long status = 0;

    curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, &status);
    line->answer->status = (int)status;
    line->answer->date = date_of(line->easy);
    if (curl_easy_header(line->easy, "Location", 0, CURLH_HEADER, -1, &location) == CURLHE_OK) {
        line->answer->location = apr_pstrdup(line->pool, location->value);
    }
    if (!line->too_large) {
        line->answer->body = line->body ? line->body : "";
    }
}

static void note_figures(dygw_line_t *line)
{
    curl_off_t took = 0;

    curl_easy_getinfo(line->easy, CURLINFO_TOTAL_TIME_T, &took);
    line->answer->took = took;
    line->answer->sent_twice = line->times_sent > 1;
}

int dygw_line_begin(dygw_line_t *line, const dygw_http_request_t *request,
                    dygw_http_answer_t *answer, apr_pool_t *pool)
{
    line->request = request;
    line->answer = answer;
    line->pool = pool;
    line->body = NULL;
    line->room = 0;
    line->too_large = 0;
    line->times_sent = 0;
    line->problem[0] = '\0';
    return set_request(line);
}

void dygw_line_end(dygw_line_t *line, CURLcode result)
{
    line->answer->end = end_of(line, result);
    line->answer->trouble = dygw_line_trouble(line, result);
    line->answer->date = DYGW_NO_TIME;
    line->answer->ended_at = dygw_now();
    if (result == CURLE_OK || line->too_large) {
        note_answer(line);
    }
    if (result != CURLE_OK) {
        note_failure(line, result);
    }
    note_figures(line);
}

dygw_http_answer_t *dygw_http_call(dygw_http_t *http, const dygw_http_request_t *request,
                                   apr_pool_t *pool)
{
    dygw_http_answer_t *answer = apr_pcalloc(pool, sizeof(*answer));
    dygw_line_t *line = dygw_line_take(http);
    CURLcode result;

    answer->end = DYGW_HTTP_UNREACHABLE;
    answer->problem = "out of memory";
    if (!line) {
        return answer;
    }
    result = dygw_line_begin(line, request, answer, pool) ? perform(http, line)
                                                          : CURLE_OUT_OF_MEMORY;
    dygw_line_end(line, result);
    dygw_line_give_back(http, line, result == CURLE_OK);
    return answer;
}

void dygw_http_abort(dygw_http_t *http)
{
    dygw_line_t *line;
    dygw_waker_t *waker;

    apr_atomic_set32(&http->aborted, 1);
    apr_thread_mutex_lock(http->mutex);
    APR_RING_FOREACH(line, &http->busy, dygw_line_t, ring) {
        curl_multi_wakeup(line->multi);
    }
    APR_RING_FOREACH(waker, &http->wakers, dygw_waker_t, ring) {
        curl_multi_wakeup(waker->multi);    /* NULL does no harm */
    }
    apr_thread_mutex_unlock(http->mutex);
}

/* --- libcurl itself --- */

static apr_status_t clean_up(DYGW_UNUSED void *data)
{
    curl_global_cleanup();
    return APR_SUCCESS;
}

apr_status_t dygw_douyin_global_init(apr_pool_t *pool)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return APR_EGENERAL;
    }
    apr_pool_cleanup_register(pool, NULL, clean_up, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

const char *dygw_douyin_old_libcurl(void)
{
    const curl_version_info_data *loaded = curl_version_info(CURLVERSION_NOW);

    return loaded->version_num < DYGW_LIBCURL ? loaded->version : NULL;
}

/* --- URLs --- */

static const char *part(CURLU *url, CURLUPart which, unsigned int flags, apr_pool_t *pool)
{
    char *text = NULL;
    const char *copy;

    if (curl_url_get(url, which, &text, flags) != CURLUE_OK) {
        return NULL;
    }
    copy = apr_pstrdup(pool, text);
    curl_free(text);
    return copy;
}

const dygw_url_t *dygw_http_url(const char *base, const char *text, apr_pool_t *pool)
{
    dygw_url_t *parts = NULL;
    CURLU *url = curl_url();

    if (url && (!base || curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK)
        && curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK) {
        parts = apr_palloc(pool, sizeof(*parts));
        parts->text = part(url, CURLUPART_URL, 0, pool);
        parts->scheme = part(url, CURLUPART_SCHEME, 0, pool);
        parts->host = part(url, CURLUPART_HOST, 0, pool);
        parts->port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, pool);
        parts->query = part(url, CURLUPART_QUERY, 0, pool);
    }
    curl_url_cleanup(url);
    return parts && parts->text && parts->scheme && parts->host && parts->port ? parts : NULL;
}
