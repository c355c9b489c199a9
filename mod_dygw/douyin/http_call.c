/* SPDX-License-Identifier: Apache-2.0
 * Blocking calls: a thread takes an easy handle for the time of its call. URLs, taken apart by
 * libcurl's own parser: as a request takes them. And libcurl's own set-up.
 *
 * Calls libcurl, http_handles.c, http_easy.c and http_outcome.c. */
#include "douyin/http.h"

#include <apr_strings.h>

#include "douyin/http_handles.h"
#include "util/compiler.h"
#include "util/versions.h"

/* --- a call --- */

static CURLcode result_of_transfer(const dygw_http_easy_t *easy)
{
    int left;
    CURLMsg *message = curl_multi_info_read(easy->multi, &left);

    return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}

static CURLcode perform_transfer(dygw_http_t *http, dygw_http_easy_t *easy)
{
    int running = 1;
    CURLMcode rv = curl_multi_add_handle(easy->multi, easy->curl);
    CURLcode result;

    while (rv == CURLM_OK && running && !dygw_http_is_aborted(http)) {
        rv = curl_multi_perform(easy->multi, &running);
        if (rv == CURLM_OK && running) {
            rv = curl_multi_poll(easy->multi, NULL, 0, DYGW_HTTP_SLEEP_MAX_MS, NULL);
        }
    }
    easy->answer->aborted = running && dygw_http_is_aborted(http);
    result = result_of_transfer(easy);
    curl_multi_remove_handle(easy->multi, easy->curl);
    return result;
}

dygw_http_answer_t *dygw_http_call(dygw_http_t *http, const dygw_http_request_t *request,
                                   apr_pool_t *pool)
{
    dygw_http_answer_t *answer = apr_pcalloc(pool, sizeof(*answer));
    dygw_http_easy_t *easy = dygw_http_handles_take(http);
    CURLcode result;

    answer->end = DYGW_HTTP_UNREACHABLE;
    answer->problem = "out of memory";
    if (!easy) {
        return answer;
    }
    result = dygw_http_easy_begin(easy, request, answer, pool) ? perform_transfer(http, easy)
                                                               : CURLE_OUT_OF_MEMORY;
    dygw_http_easy_end(easy, result);
    dygw_http_handles_give_back(http, easy, result == CURLE_OK);
    return answer;
}

/* --- URLs --- */

static const char *url_part(CURLU *url, CURLUPart which, unsigned int flags, apr_pool_t *pool)
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
        parts->text = url_part(url, CURLUPART_URL, 0, pool);
        parts->scheme = url_part(url, CURLUPART_SCHEME, 0, pool);
        parts->host = url_part(url, CURLUPART_HOST, 0, pool);
        parts->port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, pool);
        parts->query = url_part(url, CURLUPART_QUERY, 0, pool);
    }
    curl_url_cleanup(url);
    return parts && parts->text && parts->scheme && parts->host && parts->port ? parts : NULL;
}

/* --- libcurl itself --- */

static apr_status_t clean_up_libcurl(DYGW_UNUSED void *data)
{
    curl_global_cleanup();
    return APR_SUCCESS;
}

apr_status_t dygw_http_global_init(apr_pool_t *pool)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return APR_EGENERAL;
    }
    apr_pool_cleanup_register(pool, NULL, clean_up_libcurl, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

const char *dygw_http_old_libcurl(void)
{
    const curl_version_info_data *loaded = curl_version_info(CURLVERSION_NOW);

    return loaded->version_num < DYGW_LIBCURL ? loaded->version : NULL;
}
