/* SPDX-License-Identifier: Apache-2.0
 * URLs taken apart, by libcurl's own parser: as a request takes them.
 *
 * Calls libcurl. */
#include <curl/curl.h>

#include <apr_strings.h>

#include "douyin/http.h"

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
