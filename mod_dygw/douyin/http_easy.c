/* SPDX-License-Identifier: Apache-2.0
 * One easy handle of libcurl: opening it, its options and callbacks, and putting a request into it.
 * What came of the request is read in http_outcome.c.
 *
 * Whether something may have been sent is not guessed from error codes: libcurl calls note_sending
 * when a connection stands and the request is about to be written to it. If it was never called,
 * nothing was sent. If it was called twice, a kept connection turned out to be dead and libcurl
 * sent the request again.
 *
 * Calls libcurl and address.c. */
#include "douyin/http_easy.h"

#include <string.h>
#include <sys/socket.h>

#include <apr_strings.h>

#include "douyin/address.h"
#include "util/compiler.h"
#include "util/text.h"

#define FIRST_BODY_ROOM        4096 /* bytes, for a body of unknown length */
#define TOKEN_HEADER           "access-token: "
#define ACCOUNT_HEADER         "Rpc-Transit-Life-Account: "
#define MAX_LIFE_SEC           300 /* of a connection, so that changes of DNS are noticed */
#define STALL_SEC              30  /* without a single byte */
#define KEEPALIVE_IDLE_SEC     30
#define KEEPALIVE_INTERVAL_SEC 15
#define UPLOAD_BUFFER          16384 /* bytes, libcurl's least; most requests have less */

/* --- options --- */

static const struct {
    CURLoption option;
    long value;
} fixed_options[] = {
    { CURLOPT_NOSIGNAL, 1 },
    { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 }, /* version 2 would gain nothing here */
    { CURLOPT_FOLLOWLOCATION, 0 },
    { CURLOPT_SSL_VERIFYPEER, 1 },
    { CURLOPT_SSL_VERIFYHOST, 2 },
    { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
    { CURLOPT_LOW_SPEED_LIMIT, 1 },
    { CURLOPT_LOW_SPEED_TIME, STALL_SEC },
    { CURLOPT_MAXAGE_CONN, DYGW_HTTP_IDLE_MAX_SEC },
    { CURLOPT_MAXLIFETIME_CONN, MAX_LIFE_SEC },
    { CURLOPT_TCP_KEEPALIVE, 1 },
    { CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_SEC },
    { CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SEC },
    { CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER }, /* taken anew for each request over TLS */
    { CURLOPT_QUICK_EXIT, 1 }, /* a request that ends does not wait for the name server */
};

/* At least 1, because 0 means "no limit" to libcurl. */
static long whole_ms(apr_interval_time_t us)
{
    return us < 1000 ? 1 : (long)(us / 1000);
}

static int set_fixed_options(CURL *curl)
{
    for (apr_size_t i = 0; i < sizeof fixed_options / sizeof *fixed_options; i++) {
        if (curl_easy_setopt(curl, fixed_options[i].option, fixed_options[i].value) != CURLE_OK) {
            return 0;
        }
    }
    return 1;
}

static int set_settings(CURL *curl, const dygw_http_settings_t *s)
{
    long connect_ms = whole_ms(s->connect_timeout);

    /* An empty string keeps the environment's proxies out. ACCEPT_ENCODING, once it is set at all,
     * has libcurl decode whatever encoding comes; what it asks for, the header of the settings says
     * in its place. */
    return curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, s->schemes) == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_PROXY, s->proxy ? s->proxy : "") == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_NOPROXY, "") == CURLE_OK
           && (!s->decode
               || curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "identity") == CURLE_OK)
           && (!s->ca_file || curl_easy_setopt(curl, CURLOPT_CAINFO, s->ca_file) == CURLE_OK);
}

/* libcurl takes the URL of each request apart, puts it together again and copies its parts, byte by
 * byte, unless it has it taken apart. */
static int set_origin(dygw_http_easy_t *easy)
{
    const char *origin = easy->settings->origin;

    if (!origin) {
        return 1;
    }
    easy->origin = curl_url();
    return easy->origin && curl_url_set(easy->origin, CURLUPART_URL, origin, 0) == CURLUE_OK
           && curl_easy_setopt(easy->curl, CURLOPT_CURLU, easy->origin) == CURLE_OK;
}

/* --- callbacks --- */

static int note_sending(void *baton, DYGW_UNUSED char *remote_ip, DYGW_UNUSED char *local_ip,
                        DYGW_UNUSED int remote_port, DYGW_UNUSED int local_port)
{
    dygw_http_easy_t *easy = baton;

    if (easy->request->send_by > 0 && dygw_now() > easy->request->send_by) {
        return CURL_PREREQFUNC_ABORT;
    }
    if (easy->request->once && easy->times_sent > 0) {
        easy->answer->was_dead = 1;
        return CURL_PREREQFUNC_ABORT;
    }
    easy->times_sent++;
    return CURL_PREREQFUNC_OK;
}

/* Sockets are closed on exec, so that no CGI program inherits them. A guarded request gets none to
 * an address that is not public. */
static curl_socket_t open_socket(void *baton, DYGW_UNUSED curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    dygw_http_easy_t *easy = baton;
    int through_proxy = easy->settings->proxy && !easy->request->direct;

    if (easy->request->guarded && !through_proxy
        && !dygw_douyin_address_is_public(&address->addr)) {
        easy->answer->address_refused = 1;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Room for the announced length and the NUL, or for twice what is needed. */
static apr_size_t new_body_room(dygw_http_easy_t *easy, apr_size_t needed)
{
    curl_off_t announced = -1;
    apr_size_t room = FIRST_BODY_ROOM;

    if (easy->room) { /* the body is compressed, or its length is unknown */
        return 2 * needed;
    }
    curl_easy_getinfo(easy->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced >= 0 && (apr_size_t)announced <= easy->settings->max_body) {
        room = (apr_size_t)announced + 1;
    }
    return room < needed ? needed : room;
}

static size_t receive_body(char *data, DYGW_UNUSED size_t one, size_t len, void *baton)
{
    dygw_http_easy_t *easy = baton;
    apr_size_t have = easy->answer->body_len;

    if (len > easy->settings->max_body - have) {
        easy->too_large = 1;
        return 0;
    }
    if (have + len + 1 > easy->room) {
        apr_size_t room = new_body_room(easy, have + len + 1);
        char *body = apr_palloc(easy->pool, room);

        if (have) {
            memcpy(body, easy->body, have);
        }
        easy->body = body;
        easy->room = room;
    }
    memcpy(easy->body + have, data, len);
    easy->body[have + len] = '\0';
    easy->answer->body_len = have + len;
    return len;
}

/* --- opening and closing --- */

static int set_callbacks(dygw_http_easy_t *easy)
{
    CURL *curl = easy->curl;

    return curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, note_sending) == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_PREREQDATA, easy) == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, easy) == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_body) == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_WRITEDATA, easy) == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_PRIVATE, easy) == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, easy->problem) == CURLE_OK;
}

int dygw_http_easy_open(dygw_http_easy_t *easy, const dygw_http_settings_t *settings)
{
    easy->settings = settings;
    easy->curl = curl_easy_init();
    return easy->curl && set_fixed_options(easy->curl) && set_settings(easy->curl, settings)
           && set_origin(easy) && set_callbacks(easy);
}

void dygw_http_easy_close(dygw_http_easy_t *easy)
{
    curl_easy_cleanup(easy->curl);
    curl_multi_cleanup(easy->multi);
    curl_url_cleanup(easy->origin);
    curl_slist_free_all(easy->headers);
    easy->curl = NULL;
    easy->multi = NULL;
    easy->origin = NULL;
    easy->headers = NULL;
    easy->token = NULL;
    easy->account = NULL;
}

/* --- a request --- */

static int add_header(struct curl_slist **headers, const char *header)
{
    struct curl_slist *longer = curl_slist_append(*headers, header);

    if (longer) {
        *headers = longer;
    }
    return longer != NULL;
}

/* Adds a header that not every request has, unless value is NULL. *kept: the value in the list. */
static int add_header_of(dygw_http_easy_t *easy, struct curl_slist **headers, const char *name,
                         const char *value, const char **kept)
{
    struct curl_slist *last;

    *kept = NULL;
    if (!value) {
        return 1;
    }
    if (!add_header(headers, apr_pstrcat(easy->pool, name, value, NULL))) {
        return 0;
    }
    for (last = *headers; last->next; last = last->next) {}
    *kept = last->data + strlen(name);
    return 1;
}

/* libcurl keeps a pointer to the list, so the handle keeps the list until another token comes,
 * which is a few times a day, or another account. */
static int set_headers(dygw_http_easy_t *easy)
{
    const dygw_http_request_t *request = easy->request;
    const char *const *fixed = easy->settings->headers;
    struct curl_slist *headers = NULL;
    const char *token, *account = NULL;
    int ok;

    if (easy->headers && dygw_text_equal(request->access_token, easy->token)
        && dygw_text_equal(request->account_id, easy->account)) {
        return 1;
    }
    ok = add_header_of(easy, &headers, TOKEN_HEADER, request->access_token, &token);
    while (ok && *fixed) {
        ok = add_header(&headers, *fixed++);
    }
    if (!ok || !add_header_of(easy, &headers, ACCOUNT_HEADER, request->account_id, &account)
        || curl_easy_setopt(easy->curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK) {
        curl_slist_free_all(headers);
        return 0;
    }
    curl_slist_free_all(easy->headers);
    easy->headers = headers;
    easy->token = token;
    easy->account = account;
    return 1;
}

static int set_method(CURL *curl, const dygw_http_request_t *request)
{
    if (!request->body) {
        return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    }
    return curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body) == CURLE_OK
           && curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->body_len) == CURLE_OK;
}

static int set_url(const dygw_http_easy_t *easy)
{
    const dygw_http_request_t *request = easy->request;

    if (easy->origin) {
        return curl_easy_setopt(easy->curl, CURLOPT_REQUEST_TARGET, request->target) == CURLE_OK;
    }
    return curl_easy_setopt(easy->curl, CURLOPT_URL, request->url) == CURLE_OK;
}

/* All other options of a handle never change. */
static int set_request(dygw_http_easy_t *easy)
{
    const dygw_http_request_t *request = easy->request;
    const char *proxy = easy->settings->proxy;
    CURL *curl = easy->curl;

    return set_url(easy)
           && curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, whole_ms(request->timeout)) == CURLE_OK
           && (!proxy
               || curl_easy_setopt(curl, CURLOPT_PROXY, request->direct ? "" : proxy) == CURLE_OK)
           && set_method(curl, request) && set_headers(easy);
}

int dygw_http_easy_begin(dygw_http_easy_t *easy, const dygw_http_request_t *request,
                         dygw_http_answer_t *answer, apr_pool_t *pool)
{
    easy->request = request;
    easy->answer = answer;
    easy->pool = pool;
    easy->body = NULL;
    easy->room = 0;
    easy->too_large = 0;
    easy->times_sent = 0;
    easy->problem[0] = '\0';
    return set_request(easy);
}
