/* SPDX-License-Identifier: Apache-2.0
 * The endpoints /apps: administrators list, read, create and change the verifier apps. */
#include "handle/internal/internal.h"

#include <apr_strings.h>

#define APP_SIZE      512
#define PAGE_MAX      1000000
#define PAGE_SIZE     20
#define PAGE_SIZE_MAX 200
#define ANY_STATUS    (-1)

static int reply_app(dygw_call_t *call, const dygw_app_t *app)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, call->r->pool, APP_SIZE);
    dygw_jsonw_object(&w, NULL);
    dygw_view_app(&w, "data", app);
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

static dygw_actor_t actor_of(const dygw_call_t *call)
{
    return (dygw_actor_t){ .name = call->actor,
                           .address = call->r->useragent_ip,
                           .request_id = call->log.request_id };
}

static void report_change(const dygw_call_t *call, apr_int64_t id, const char *what)
{
    dygw_log(&call->log, INFO, 0, DYGWNO(0220) "app %" APR_INT64_T_FMT " %s by %s", id, what,
             call->actor);
}

/* Only here a reply has the secret in plain text: it cannot be read again. */
static int reply_secret(dygw_call_t *call, int status, const dygw_app_t *app, const char *secret)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, call->r->pool, APP_SIZE);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_object(&w, "data");
    dygw_view_app(&w, "app", app);
    dygw_jsonw_string(&w, "secret", secret);
    dygw_jsonw_end_object(&w);
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, status, w.text, w.len);
}

/* --- create --- */

static int reply_created(dygw_call_t *call, const dygw_app_t *app, const char *secret)
{
    apr_pool_t *pool = call->r->pool;

    report_change(call, app->id, "created");
    apr_table_setn(call->r->headers_out, "Location",
                   apr_psprintf(pool, "%s/apps/%" APR_INT64_T_FMT,
                                ap_os_escape_path(pool, call->mount, 1), app->id));
    return reply_secret(call, HTTP_CREATED, app, secret);
}

int dygw_handle_app_create(dygw_call_t *call)
{
    dygw_actor_t actor = actor_of(call);
    dygw_new_app_t wanted = { 0 };
    dygw_result_t out = { 0 };
    const char *secret = NULL;
    dygw_app_t *app = NULL;
    dygw_fields_t f;

    dygw_read_no_query(call, &out);
    if (out.code == DYGW_OK
        && dygw_fields_parse(&f, call->body, call->body_len, call->r->pool, &out)) {
        dygw_app_fields_create(&f, &wanted);
    }
    if (out.code == DYGW_OK) {
        dygw_app_create(&call->ctx, &actor, &wanted, &app, &secret, &out);
    }
    return out.code == DYGW_OK ? reply_created(call, app, secret) : dygw_reply_error(call, &out);
}

/* --- list and read --- */

typedef struct app_query_t {
    dygw_app_filter_t filter;
    int page;
    int page_size;
} app_query_t;

static void read_app_query(dygw_call_t *call, app_query_t *wanted, dygw_result_t *out)
{
    static const char *const known[] = { "page", "page_size", "status", "q", NULL };
    apr_table_t *query = dygw_read_query(call, known, out);
    const char *word = apr_table_get(query, "status");
    const char *q = apr_table_get(query, "q");
    dygw_app_status_e status;

    wanted->page = dygw_query_int(query, "page", 1, PAGE_MAX, 1, out);
    wanted->page_size = dygw_query_int(query, "page_size", 1, PAGE_SIZE_MAX, PAGE_SIZE, out);
    wanted->filter.q = q && *q ? q : NULL;
    wanted->filter.status = ANY_STATUS;
    if (word && dygw_app_status_parse(word, &status) != APR_SUCCESS) {
        dygw_invalid(out, "status", "status must be active or disabled");
    }
    else if (word) {
        wanted->filter.status = (int)status;
    }
}

static int reply_app_list(dygw_call_t *call, const app_query_t *wanted, const dygw_page_t *found)
{
    const apr_array_header_t *apps = found->rows;
    dygw_jsonw_t w;
    int i;

    dygw_jsonw_init(&w, call->r->pool, APP_SIZE * (apr_size_t)(apps->nelts + 1));
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "data");
    for (i = 0; i < apps->nelts; i++) {
        dygw_view_app(&w, NULL, APR_ARRAY_IDX(apps, i, const dygw_app_t *));
    }
    dygw_jsonw_end_array(&w);
    dygw_jsonw_int(&w, "page", wanted->page);
    dygw_jsonw_int(&w, "page_size", wanted->page_size);
    dygw_jsonw_int(&w, "total", found->total);
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

int dygw_handle_app_list(dygw_call_t *call)
{
    dygw_page_t found = { NULL, 0 };
    dygw_result_t out = { 0 };
    app_query_t wanted;

    read_app_query(call, &wanted, &out);
    if (out.code == DYGW_OK) {
        dygw_app_list(&call->ctx, &wanted.filter, wanted.page, wanted.page_size, &found, &out);
    }
    return out.code == DYGW_OK ? reply_app_list(call, &wanted, &found)
                               : dygw_reply_error(call, &out);
}

int dygw_handle_app_read(dygw_call_t *call)
{
    dygw_result_t out = { 0 };
    dygw_app_t *app = NULL;

    dygw_read_no_query(call, &out);
    if (out.code == DYGW_OK) {
        dygw_app_read(&call->ctx, call->id, &app, &out);
    }
    return out.code == DYGW_OK ? reply_app(call, app) : dygw_reply_error(call, &out);
}

/* --- change --- */

int dygw_handle_app_change(dygw_call_t *call)
{
    dygw_actor_t actor = actor_of(call);
    dygw_app_change_t change = { 0 };
    dygw_result_t out = { 0 };
    dygw_app_t *app = NULL;
    dygw_fields_t f;

    dygw_read_no_query(call, &out);
    if (out.code == DYGW_OK
        && dygw_fields_parse(&f, call->body, call->body_len, call->r->pool, &out)) {
        dygw_app_fields_change(&f, &change);
    }
    if (out.code == DYGW_OK) {
        dygw_app_change(&call->ctx, &actor, call->id, &change, &app, &out);
    }
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    report_change(call, call->id, "changed");
    return reply_app(call, app);
}

static int reply_token_access(dygw_call_t *call, int allow)
{
    dygw_jsonw_t w;

    report_change(call, call->id,
                  allow ? "allowed to read the token" : "not allowed to read the token any more");
    dygw_jsonw_init(&w, call->r->pool, APP_SIZE);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_string(&w, "message",
                      allow ? "the app may read the access token"
                            : "the app may not read the access token");
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

int dygw_handle_app_token_access(dygw_call_t *call)
{
    static const char *const known[] = { "allow_token_read", NULL };
    dygw_actor_t actor = actor_of(call);
    dygw_result_t out = { 0 };
    dygw_fields_t f;
    int allow = 0;

    dygw_read_no_query(call, &out);
    if (out.code == DYGW_OK
        && dygw_fields_parse(&f, call->body, call->body_len, call->r->pool, &out)) {
        dygw_fields_known(&f, known);
        dygw_field_require(&f, *known);
        allow = dygw_field_bool(&f, *known, 0);
    }
    if (out.code == DYGW_OK) {
        dygw_app_set_token_read(&call->ctx, &actor, call->id, allow, &out);
    }
    return out.code == DYGW_OK ? reply_token_access(call, allow) : dygw_reply_error(call, &out);
}

/* --- a new secret --- */

static int reply_new_secret(dygw_call_t *call, const dygw_app_t *app, const char *secret)
{
    report_change(call, app->id, "given a new secret");
    return reply_secret(call, HTTP_OK, app, secret);
}

int dygw_handle_app_secret(dygw_call_t *call)
{
    dygw_actor_t actor = actor_of(call);
    apr_int64_t grace_seconds = 0;
    dygw_new_secret_t secret = { NULL, 0 };
    dygw_result_t out = { 0 };
    dygw_app_t *app = NULL;
    dygw_fields_t f;

    dygw_read_no_query(call, &out);
    if (out.code == DYGW_OK
        && dygw_fields_parse(&f, call->body, call->body_len, call->r->pool, &out)) {
        secret.text = dygw_app_fields_secret(&f, &grace_seconds);
        secret.grace_ms = grace_seconds * 1000;
    }
    if (out.code == DYGW_OK) {
        dygw_app_new_secret(&call->ctx, &actor, call->id, &secret, &app, &out);
    }
    return out.code == DYGW_OK ? reply_new_secret(call, app, secret.text)
                               : dygw_reply_error(call, &out);
}
