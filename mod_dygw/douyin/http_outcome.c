/* SPDX-License-Identifier: Apache-2.0
 * From libcurl's result of a request to the answer: how it ended, what came, and where it failed.
 *
 * Calls libcurl. */
#include "douyin/http_easy.h"

#include <openssl/x509_vfy.h>

#include <apr_date.h>
#include <apr_strings.h>

#define HTTP_FIRST_REFUSAL 300 /* statuses from here on refuse a CONNECT */

/* --- how it ended --- */

/* What came is no HTTP, or too large. */
static int is_unreadable(const dygw_http_easy_t *easy, CURLcode result)
{
    return easy->too_large || result == CURLE_WEIRD_SERVER_REPLY
           || result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_BAD_CONTENT_ENCODING;
}

static dygw_http_end_e end_of_request(const dygw_http_easy_t *easy, CURLcode result)
{
    if (result == CURLE_OK) {
        return DYGW_HTTP_ANSWERED;
    }
    if (easy->times_sent == 0) {
        return DYGW_HTTP_UNREACHABLE;
    }
    if (is_unreadable(easy, result)) {
        return DYGW_HTTP_UNREADABLE;
    }
    return result == CURLE_OPERATION_TIMEDOUT ? DYGW_HTTP_TIMEOUT : DYGW_HTTP_LOST;
}

/* --- where it failed --- */

/* By how far the request had come when its time was over. */
static dygw_trouble_e trouble_of_time(CURL *curl, int sent)
{
    curl_off_t resolved = 0, connected = 0;

    curl_easy_getinfo(curl, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
    curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected);
    if (sent) {
        return DYGW_TROUBLE_TIME;
    }
    return connected ? DYGW_TROUBLE_TLS : resolved ? DYGW_TROUBLE_CONNECT_TIME : DYGW_TROUBLE_NAME;
}

/* The verdict is OpenSSL's number. A libcurl that is built with another TLS library tells less. */
static dygw_trouble_e trouble_of_certificate(CURL *curl)
{
    long verdict = 0;

    curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
    return verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID
               ? DYGW_TROUBLE_EXPIRED
               : DYGW_TROUBLE_CERTIFICATE;
}

/* libcurl takes some refusals of a proxy for a broken connection. */
static int refused_by_proxy(CURL *curl)
{
    long status = 0;

    curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &status);
    return status >= HTTP_FIRST_REFUSAL;
}

static dygw_trouble_e trouble_of_request(const dygw_http_easy_t *easy, CURLcode result)
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
        return trouble_of_time(easy->curl, easy->times_sent > 0);
    case CURLE_PROXY:
        return DYGW_TROUBLE_PROXY;
    case CURLE_SSL_CACERT_BADFILE:
        return DYGW_TROUBLE_CA_FILE;
    case CURLE_PEER_FAILED_VERIFICATION:
        return trouble_of_certificate(easy->curl);
    case CURLE_SSL_CONNECT_ERROR:
        return DYGW_TROUBLE_TLS;
    default:
        if (easy->times_sent == 0) {
            return refused_by_proxy(easy->curl) ? DYGW_TROUBLE_PROXY : DYGW_TROUBLE_TLS;
        }
        return is_unreadable(easy, result) ? DYGW_TROUBLE_UNREADABLE : DYGW_TROUBLE_BROKEN;
    }
}

/* --- what came --- */

static void note_failure(dygw_http_easy_t *easy, CURLcode result)
{
    const char *words = easy->problem[0] ? easy->problem : curl_easy_strerror(result);

    if (easy->too_large) {
        words = "the answer is too large";
    }
    easy->answer->problem = apr_pstrdup(easy->pool, easy->answer->aborted ? "aborted" : words);
}

/* The sandbox marks all that it answers: nobody is to take it for Douyin. */
#define SANDBOX_MARK "X-Dygw-Sandbox"

static dygw_ms_t date_of_answer(CURL *curl)
{
    struct curl_header *date;
    apr_time_t at = APR_DATE_BAD;

    /* Not libcurl's own parser: it reads all kinds of dates and takes ten times as long. */
    if (curl_easy_header(curl, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) {
        at = apr_date_parse_http(date->value);
    }
    return at == APR_DATE_BAD ? DYGW_NO_TIME : apr_time_as_msec(at);
}

static void note_answer(dygw_http_easy_t *easy)
{
    struct curl_header *location;
    struct curl_header *mark;
    long status = 0;

    curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &status);
    easy->answer->status = (int)status;
    easy->answer->date = date_of_answer(easy->curl);
    easy->answer->is_sandbox
        = curl_easy_header(easy->curl, SANDBOX_MARK, 0, CURLH_HEADER, -1, &mark) == CURLHE_OK;
    if (curl_easy_header(easy->curl, "Location", 0, CURLH_HEADER, -1, &location) == CURLHE_OK) {
        easy->answer->location = apr_pstrdup(easy->pool, location->value);
    }
    if (!easy->too_large) {
        easy->answer->body = easy->body ? easy->body : "";
    }
}

static void note_figures(dygw_http_easy_t *easy)
{
    curl_off_t took = 0;

    curl_easy_getinfo(easy->curl, CURLINFO_TOTAL_TIME_T, &took);
    easy->answer->took = took;
    easy->answer->sent_twice = easy->times_sent > 1;
}

void dygw_http_easy_end(dygw_http_easy_t *easy, CURLcode result)
{
    easy->answer->end = end_of_request(easy, result);
    easy->answer->trouble = trouble_of_request(easy, result);
    easy->answer->date = DYGW_NO_TIME;
    easy->answer->ended_at = dygw_now();
    if (result == CURLE_OK || easy->too_large) {
        note_answer(easy);
    }
    if (result != CURLE_OK) {
        note_failure(easy, result);
    }
    note_figures(easy);
}
