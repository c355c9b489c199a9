/* SPDX-License-Identifier: Apache-2.0
 * What follows the mount: a path in the first line, a query in the second. */
#include "fuzz.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "handle/handle.h"
#include "handle/route.h"

#define SIZE_MAX_OF_PAGE 200

module AP_MODULE_DECLARE_DATA dygw_module;

/* As httpd does it. */
AP_DECLARE(int) ap_unescape_urlencoded(char *query)
{
    switch (apr_unescape_url(query, query, APR_ESCAPE_STRING, NULL, NULL, 1, NULL)) {
    case APR_SUCCESS:
    case APR_NOTFOUND: /* nothing to be unescaped */
        return OK;
    case APR_BADCH:
        return HTTP_NOT_FOUND;
    default:
        return HTTP_BAD_REQUEST;
    }
}

static const dygw_route_t routes[] = {
    { .path = "", .method = M_GET },
    { .path = "/apps", .method = M_GET },
    { .path = "/apps", .method = M_POST },
    { .path = "/apps/{id}", .method = M_PATCH },
    { .path = "/apps/{id}/token-access", .method = M_PATCH },
    { .path = NULL },
};

/* The path with the id put in its place is the path that was asked for. */
static void check_route(const char *path, int method, apr_pool_t *pool)
{
    apr_int64_t id = -1;
    const char *allow = "unset";
    const dygw_route_t *route = dygw_route_find(routes, path, method, &id, &allow, pool);
    const char *place;

    if (!route) {
        FUZZ_ASSERT(!allow || fuzz_consists(allow, 3, 16, "GETHADPOSTC, "));
        return;
    }
    place = strstr(route->path, "{id}");
    FUZZ_ASSERT(route->method == method);
    FUZZ_ASSERT(place ? id > 0 : strcmp(path, route->path) == 0);
    if (place) {
        FUZZ_ASSERT(strcmp(path, apr_psprintf(pool, "%.*s%" APR_INT64_T_FMT "%s", (int)(place - route->path),
                                              route->path, id, place + 4))
                    == 0);
    }
}

static int check_parameter(void *baton, const char *name, const char *value)
{
    static const char *const all = "a start_time end_time page page_size q poi_id store account_id";

    FUZZ_ASSERT(*name && strstr(all, name));
    FUZZ_ASSERT(fuzz_is_utf8(value, strlen(value)));
    FUZZ_ASSERT(strcspn(value, "\n\r\t\x1b\x7f") == strlen(value));
    ++*(int *)baton;
    return 1;
}

static void check_times(const apr_table_t *query)
{
    dygw_result_t out = { 0 };
    dygw_ms_t start = dygw_query_time(query, "start_time", DYGW_EDGE_START, 480, &out);
    dygw_ms_t end = dygw_query_time(query, "start_time", DYGW_EDGE_END, 480, &out);
    int is_day = apr_table_get(query, "start_time") && strlen(apr_table_get(query, "start_time")) == 10;

    FUZZ_ASSERT(apr_table_get(query, "start_time") ? start >= 0 : start == DYGW_NO_TIME);
    if (out.code == DYGW_OK && start > 0) {
        FUZZ_ASSERT(end - start == (is_day ? APR_INT64_C(86400000) : 0));
    }
    FUZZ_ASSERT(out.code == DYGW_OK || strcmp(out.field, "start_time") == 0);
}

static void check_number(const apr_table_t *query)
{
    dygw_result_t out = { 0 };
    int size = dygw_query_int(query, "page_size", 1, SIZE_MAX_OF_PAGE, 20, &out);
    const char *text = apr_table_get(query, "page_size");

    FUZZ_ASSERT(size >= 1 && size <= SIZE_MAX_OF_PAGE);
    FUZZ_ASSERT(text || (size == 20 && out.code == DYGW_OK));
    if (text && out.code == DYGW_OK) {
        FUZZ_ASSERT(fuzz_consists(text, 1, 4096, FUZZ_DIGITS) && apr_atoi64(text) == size);
    }
}

/* One store is declared: what is taken is that one, or any poi_id. */
static void check_store(const apr_table_t *query, apr_pool_t *pool)
{
    static const dygw_declared_store_t store = { .code = "7", .poi_id = "70", .account_id = "a" };
    dygw_declared_t *declared = dygw_declared_create(pool);
    const dygw_gateway_t gateway = { .declared = declared };
    dygw_result_t out = { 0 };
    dygw_named_store_t named;
    const char *account_id, *field;

    dygw_declared_add_store(declared, &store, &field);
    dygw_query_store(query, &gateway, &named, &out);
    account_id = dygw_query_account(query, &out);
    if (out.code != DYGW_OK) {
        FUZZ_ASSERT(out.message && strstr("poi_id store account_id", out.field));
        return;
    }
    FUZZ_ASSERT(!named.poi_id || fuzz_consists(named.poi_id, 1, 32, FUZZ_LETTERS FUZZ_DIGITS "_-"));
    FUZZ_ASSERT(!account_id || fuzz_consists(account_id, 1, 64, FUZZ_LETTERS FUZZ_DIGITS "_-"));
    FUZZ_ASSERT(!named.store == (!named.poi_id || strcmp(named.poi_id, "70") != 0));
    FUZZ_ASSERT(!named.account_id == !named.store);
    FUZZ_ASSERT(!named.named || (named.store && strcmp(named.named, "7") == 0));
}

static void check_query(char *args, apr_pool_t *pool)
{
    static const char *const known[] = { "a", "start_time", "page_size", "q", "poi_id", "store", "account_id", NULL };
    request_rec r = { .pool = pool, .args = args };
    dygw_call_t call = { .r = &r };
    dygw_result_t out = { 0 }, again = { 0 };
    const apr_table_t *query = dygw_read_query(&call, known, &out);
    int n = 0;

    FUZZ_ASSERT(query);
    apr_table_do(check_parameter, &n, query, NULL);
    FUZZ_ASSERT(n <= 7 && n == apr_table_elts(query)->nelts);
    FUZZ_ASSERT(out.code == DYGW_OK || (out.code == DYGW_INVALID_REQUEST && out.message));
    check_times(query);
    check_number(query);
    check_store(query, pool);
    dygw_read_no_query(&call, &again);
    FUZZ_ASSERT(again.code != DYGW_OK || n == 0);
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    fuzz_input_t in = { data, len, pool };
    const char *path = fuzz_line(&in);

    check_route(path, M_GET, pool);
    check_route(path, M_PATCH, pool);
    check_route(path, M_DELETE, pool);
    check_query(apr_pstrdup(pool, fuzz_line(&in)), pool);
}
