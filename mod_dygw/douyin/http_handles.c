/* SPDX-License-Identifier: Apache-2.0
 * Lines. One is opened when none is idle and given back to the front of a ring, so that few of
 * them stay warm; the one at the end of the ring is closed when nobody needed it for a while. The
 * mutex guards the rings, never a call. */
#include "douyin/http_easy.h"

#include <openssl/x509_vfy.h>

#include "util/pool.h"

#define MAX_LIFE_SEC            300     /* so that changes of DNS are noticed */
#define STALL_SEC               30      /* without a single byte */
#define KEEPALIVE_IDLE_SEC      30
#define KEEPALIVE_INTERVAL_SEC  15
#define CONNECTIONS_PER_LINE    4L

/* --- lines: opening and closing --- */

static const struct {
    CURLoption option;
    long value;
} fixed_options[] = {
    { CURLOPT_NOSIGNAL, 1 },
    { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },    /* version 2 would gain nothing here */
    { CURLOPT_FOLLOWLOCATION, 0 },
    { CURLOPT_SSL_VERIFYPEER, 1 },
    { CURLOPT_SSL_VERIFYHOST, 2 },
    { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
    { CURLOPT_LOW_SPEED_LIMIT, 1 },
    { CURLOPT_LOW_SPEED_TIME, STALL_SEC },
    { CURLOPT_MAXAGE_CONN, DYGW_LINE_MAX_IDLE_SEC },
    { CURLOPT_MAXLIFETIME_CONN, MAX_LIFE_SEC },
    { CURLOPT_TCP_KEEPALIVE, 1 },
    { CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_SEC },
    { CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SEC },
    { CURLOPT_QUICK_EXIT, 1 }       /* a call that ends does not wait for the name server */
};

long dygw_line_ms(apr_interval_time_t us)
{
    return us < 1000 ? 1 : (long)(us / 1000);
}

static int set_fixed_options(CURL *easy)
{
    for (apr_size_t i = 0; i < sizeof fixed_options / sizeof *fixed_options; i++) {
        if (curl_easy_setopt(easy, fixed_options[i].option, fixed_options[i].value) != CURLE_OK) {
            return 0;
        }
    }
    return 1;
}

static int set_settings(CURL *easy, const dygw_http_settings_t *s)
{
    long connect_ms = dygw_line_ms(s->connect_timeout);

    /* An empty string keeps the environment's proxies out. Naming an encoding asks for it, and has
     * every one decoded that comes. */
    return curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, s->schemes) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_PROXY, s->proxy ? s->proxy : "") == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK
           && (!s->decode
               || curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity") == CURLE_OK)
           && (!s->ca_file || curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file) == CURLE_OK);
}

static int set_callbacks(dygw_line_t *line)
{
    CURL *easy = line->easy;

    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, dygw_line_before_sending) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_PREREQDATA, line) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, dygw_line_open_socket) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, line) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, dygw_line_receive) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_WRITEDATA, line) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_PRIVATE, line) == CURLE_OK
           && curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, line->problem) == CURLE_OK;
}

int dygw_line_open(dygw_line_t *line, const dygw_http_settings_t *settings)
{
    line->settings = settings;
    line->easy = curl_easy_init();
    return line->easy && set_fixed_options(line->easy) && set_settings(line->easy, settings)
           && set_callbacks(line);
}

static int open_with_multi(dygw_line_t *line, const dygw_http_settings_t *settings)
{
    line->multi = curl_multi_init();
    return line->multi
           && curl_multi_setopt(line->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_PER_LINE)
                  == CURLM_OK
           && dygw_line_open(line, settings);
}

void dygw_line_close(dygw_line_t *line)
{
    curl_easy_cleanup(line->easy);
    curl_multi_cleanup(line->multi);
    curl_slist_free_all(line->headers);
    line->easy = NULL;
    line->multi = NULL;
    line->headers = NULL;
    line->token = NULL;
}

/* --- lines: taking and giving back --- */

static dygw_line_t *take_idle(dygw_http_t *http)
{
    dygw_line_t *line = NULL;

    apr_thread_mutex_lock(http->mutex);
    if (!APR_RING_EMPTY(&http->idle, dygw_line_t, ring)) {
        line = APR_RING_FIRST(&http->idle);
        APR_RING_REMOVE(line, ring);
        APR_RING_INSERT_HEAD(&http->busy, line, dygw_line_t, ring);
    }
    apr_thread_mutex_unlock(http->mutex);
    return line;
}

static dygw_line_t *new_line(dygw_http_t *http)
{
    dygw_line_t *line;

    apr_thread_mutex_lock(http->mutex);
    if (!APR_RING_EMPTY(&http->closed, dygw_line_t, ring)) {
        line = APR_RING_FIRST(&http->closed);
        APR_RING_REMOVE(line, ring);
    }
    else {
        line = apr_pcalloc(http->pool, sizeof(*line));
    }
    apr_thread_mutex_unlock(http->mutex);
    return line;
}

static void insert(dygw_http_t *http, dygw_line_ring_t *where, dygw_line_t *line)
{
    apr_thread_mutex_lock(http->mutex);
    APR_RING_INSERT_HEAD(where, line, dygw_line_t, ring);
    apr_thread_mutex_unlock(http->mutex);
}

/* NULL: libcurl has no memory. */
dygw_line_t *dygw_line_take(dygw_http_t *http)
{
    dygw_line_t *line = take_idle(http);

    if (line) {
        return line;
    }
    line = new_line(http);
    if (!open_with_multi(line, &http->settings)) {
        dygw_line_close(line);
        insert(http, &http->closed, line);
        return NULL;
    }
    insert(http, &http->busy, line);
    return line;
}

/* The line that nobody has needed for so long that its connections are of no use, out of the ring;
 * or NULL. With the mutex held. */
static dygw_line_t *stale_line(dygw_http_t *http, dygw_ms_t now)
{
    dygw_line_t *line = APR_RING_LAST(&http->idle);

    if (APR_RING_EMPTY(&http->idle, dygw_line_t, ring)
        || now - line->idle_since < DYGW_LINE_MAX_IDLE_SEC * APR_INT64_C(1000)) {
        return NULL;
    }
    APR_RING_REMOVE(line, ring);
    return line;
}

void dygw_line_give_back(dygw_http_t *http, dygw_line_t *line, int usable)
{
    dygw_line_t *useless = line;

    apr_thread_mutex_lock(http->mutex);
    APR_RING_REMOVE(line, ring);
    if (usable) {
        line->idle_since = dygw_now();
        useless = stale_line(http, line->idle_since);
        APR_RING_INSERT_HEAD(&http->idle, line, dygw_line_t, ring);
    }
    apr_thread_mutex_unlock(http->mutex);
    if (useless) {
        dygw_line_close(useless);
        insert(http, &http->closed, useless);
    }
}

/* --- flights --- */

void dygw_line_add_waker(dygw_http_t *http, dygw_waker_t *waker)
{
    apr_thread_mutex_lock(http->mutex);
    APR_RING_INSERT_TAIL(&http->wakers, waker, dygw_waker_t, ring);
    apr_thread_mutex_unlock(http->mutex);
}

void dygw_line_remove_waker(dygw_http_t *http, dygw_waker_t *waker)
{
    apr_thread_mutex_lock(http->mutex);
    APR_RING_REMOVE(waker, ring);
    apr_thread_mutex_unlock(http->mutex);
}

void dygw_line_set_waker(dygw_http_t *http, dygw_waker_t *waker, CURLM *multi)
{
    apr_thread_mutex_lock(http->mutex);
    waker->multi = multi;
    apr_thread_mutex_unlock(http->mutex);
}

/* --- all of them --- */

static apr_status_t close_idle(void *baton)
{
    dygw_http_t *http = baton;

    while (!APR_RING_EMPTY(&http->idle, dygw_line_t, ring)) {
        dygw_line_t *line = APR_RING_FIRST(&http->idle);

        APR_RING_REMOVE(line, ring);
        dygw_line_close(line);
    }
    return APR_SUCCESS;
}

apr_status_t dygw_http_create(dygw_http_t **http, const dygw_http_settings_t *settings,
                              apr_pool_t *pool)
{
    dygw_http_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t rv = dygw_pool_create(&made->pool, pool);

    if (rv == APR_SUCCESS) {
        rv = apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, made->pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    made->settings = *settings;
    APR_RING_INIT(&made->idle, dygw_line_t, ring);
    APR_RING_INIT(&made->busy, dygw_line_t, ring);
    APR_RING_INIT(&made->closed, dygw_line_t, ring);
    APR_RING_INIT(&made->wakers, dygw_waker_t, ring);
    apr_pool_cleanup_register(made->pool, made, close_idle, apr_pool_cleanup_null);
    *http = made;
    return APR_SUCCESS;
}


/* --- what went wrong --- */

int dygw_line_is_unreadable(const dygw_line_t *line, CURLcode result)
{
    return line->too_large || result == CURLE_WEIRD_SERVER_REPLY
           || result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_BAD_CONTENT_ENCODING;
}

/* How far it had come when its time was over. */
static dygw_trouble_e trouble_of_time(CURL *easy, int sent)
{
    curl_off_t resolved = 0, connected = 0;

    curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
    if (sent) {
        return DYGW_TROUBLE_TIME;
    }
    return connected ? DYGW_TROUBLE_TLS : resolved ? DYGW_TROUBLE_CONNECT_TIME : DYGW_TROUBLE_NAME;
}

/* OpenSSL's number; where libcurl is made with another library, it tells less. */
static dygw_trouble_e trouble_of_certificate(CURL *easy)
{
    long verdict = 0;

    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    return verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID
               ? DYGW_TROUBLE_EXPIRED
               : DYGW_TROUBLE_CERTIFICATE;
}

/* Some refusals of a proxy look like a broken connection. */
static int refused_by_proxy(CURL *easy)
{
    long status = 0;

    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status >= 300;
}

dygw_trouble_e dygw_line_trouble(const dygw_line_t *line, CURLcode result)
{
    switch (result) {
    case CURLE_OK:
        return DYGW_TROUBLE_NONE;
    case CURLE_COULDNT_RESOLVE_PROXY:
        return DYGW_TROUBLE_PROXY_NAME;
    case CURLE_COULDNT_RESOLVE_HOST:
        return DYGW_TROUBLE_NAME;
    case CURLE_COULDNT_CONNECT:
        return DYGW_TROUBLE_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return trouble_of_time(line->easy, line->times_sent > 0);
    case CURLE_PROXY:
        return DYGW_TROUBLE_PROXY;
    case CURLE_SSL_CACERT_BADFILE:
        return DYGW_TROUBLE_CA_FILE;
    case CURLE_PEER_FAILED_VERIFICATION:
        return trouble_of_certificate(line->easy);
    case CURLE_SSL_CONNECT_ERROR:
        return DYGW_TROUBLE_TLS;
    default:
        if (line->times_sent == 0) {
            return refused_by_proxy(line->easy) ? DYGW_TROUBLE_PROXY : DYGW_TROUBLE_TLS;
        }
        return dygw_line_is_unreadable(line, result) ? DYGW_TROUBLE_UNREADABLE
                                                     : DYGW_TROUBLE_BROKEN;
    }
}
