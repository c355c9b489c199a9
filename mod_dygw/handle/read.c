/* SPDX-License-Identifier: Apache-2.0
 * What comes with a request: the body, as far as it is within the limit, and the query.
 *
 * A body is read whatever the method, because the signature covers it. Its type is checked only
 * where somebody will look at the content, so not with GET, where a body has no meaning. */
#include "handle/handle.h"

#include <limits.h>
#include <string.h>

#include <http_protocol.h>

#include <apr_strings.h>

#include "handle/route.h"
#include "util/compiler.h"
#include "util/spelling.h"

#define FIRST_SIZE  4096 /* for a body that does not say how long it is */
#define READ_SIZE   8192
#define UNREAD_MAX  65536
#define FIRST_PAUSE apr_time_from_msec(1) /* between looks at a stream */
#define LAST_PAUSE  apr_time_from_msec(16)
#define STREAM_MAX \
    1048576 /* what is read of a stream's body for nothing, unless DygwMaxBody is more */

/* --- the body --- */

typedef struct buffer_t {
    apr_pool_t *pool;
    char *text;
    apr_size_t len;
    apr_size_t size;
    apr_size_t max;
    int drops; /* what comes is only counted */
} buffer_t;

static void append_data(buffer_t *b, const char *data, apr_size_t len)
{
    if (b->size - b->len <= len) {
        char *larger;

        while (b->size - b->len <= len) {
            b->size *= 2;
        }
        larger = apr_palloc(b->pool, b->size);
        memcpy(larger, b->text, b->len);
        b->text = larger;
    }
    memcpy(b->text + b->len, data, len);
    b->len += len;
}

static void refuse_size(const dygw_call_t *call, dygw_result_t *out)
{
    out->code = DYGW_BODY_TOO_LARGE;
    out->message = apr_psprintf(call->r->pool,
                                "the body is too long, at most %" APR_OFF_T_FMT " bytes are taken",
                                call->runtime->cfg->max_body);
}

static void explain_read(dygw_call_t *call, apr_status_t rv, dygw_result_t *out)
{
    if (rv == APR_ENOSPC) {
        refuse_size(call, out); /* LimitRequestBody is lower than DygwMaxBody */
        return;
    }
    dygw_invalid(out, NULL,
                 APR_STATUS_IS_TIMEUP(rv) ? "the body did not arrive in time"
                                          : "the body did not arrive in one piece");
}

/* APR_EOF: the end is reached. */
static apr_status_t take_buckets(buffer_t *b, apr_bucket_brigade *brigade)
{
    apr_bucket *bucket;

    for (bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t len;
        apr_status_t rv;

        if (APR_BUCKET_IS_EOS(bucket)) {
            return APR_EOF;
        }
        if (APR_BUCKET_IS_METADATA(bucket)) {
            continue;
        }
        rv = apr_bucket_read(bucket, &data, &len, APR_BLOCK_READ);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        if (len > b->max - b->len) {
            return APR_ENOSPC;
        }
        if (b->drops) {
            b->len += len;
        }
        else {
            append_data(b, data, len);
        }
    }
    return APR_SUCCESS;
}

/* The output filter while a body is read: httpd answers a broken body or its own LimitRequestBody
 * by itself, with a page in HTML, through the filters of the output. Its verdict becomes an error
 * here, and the answer ours. */
static apr_status_t catch_verdict(DYGW_UNUSED ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    const apr_bucket *first = APR_BRIGADE_FIRST(brigade);
    int status = first != APR_BRIGADE_SENTINEL(brigade) && AP_BUCKET_IS_ERROR(first)
                     ? ((const ap_bucket_error *)first->data)->status
                     : HTTP_BAD_REQUEST;

    return status == HTTP_REQUEST_ENTITY_TOO_LARGE ? APR_ENOSPC : APR_EGENERAL;
}

/* Whether it came over HTTP/2, in a stream. An answer that is whole before its request is makes
 * mod_http2 reset the stream, and many a client forgets the answer over that. */
static int is_stream(const request_rec *r)
{
    return r->connection->master != NULL;
}

/* A stream has nothing to wait at but its next read, which nobody can end: so it is asked again and
 * again, until the deadline. */
static apr_status_t poll_stream(request_rec *r, apr_bucket_brigade *brigade)
{
    apr_interval_time_t pause = FIRST_PAUSE;
    apr_status_t rv;

    while ((rv = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_NONBLOCK_READ,
                                READ_SIZE)),
           APR_STATUS_IS_EAGAIN(rv) || (rv == APR_SUCCESS && APR_BRIGADE_EMPTY(brigade))) {
        if (dygw_deadline_passed(r)) {
            return APR_TIMEUP;
        }
        apr_sleep(pause);
        pause = pause < LAST_PAUSE ? 2 * pause : LAST_PAUSE;
    }
    return rv;
}

static apr_status_t next_buckets(request_rec *r, apr_bucket_brigade *brigade)
{
    return is_stream(r) ? poll_stream(r, brigade)
                        : ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES,
                                         APR_BLOCK_READ, READ_SIZE);
}

static apr_status_t read_buckets(request_rec *r, buffer_t *b)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_status_t rv;

    do {
        rv = next_buckets(r, brigade);
        if (rv == APR_SUCCESS) {
            rv = take_buckets(b, brigade);
        }
        else if (rv == APR_EOF) {
            rv = APR_INCOMPLETE; /* the caller left; the end of a body is a bucket */
        }
        apr_brigade_cleanup(brigade);
        if (rv == APR_SUCCESS && dygw_deadline_passed(r)) {
            rv = APR_TIMEUP;
        }
    } while (rv == APR_SUCCESS);
    return rv;
}

/* What is too much is read as well where nobody would hear of it otherwise. */
static apr_status_t read_or_drop(request_rec *r, buffer_t *b)
{
    apr_status_t rv = read_buckets(r, b);

    if (rv == APR_ENOSPC && is_stream(r) && !b->drops && b->max < STREAM_MAX) {
        b->max = STREAM_MAX;
        b->drops = 1;
        read_buckets(r, b);
    }
    return rv;
}

/* APR_EOF: all of it is read. */
static apr_status_t read_in_time(request_rec *r, buffer_t *b)
{
    ap_filter_rec_t rec = { .name = "dygw-verdict",
                            .filter_func.out_func = catch_verdict,
                            .ftype = AP_FTYPE_RESOURCE };
    ap_filter_t verdict = { .frec = &rec, .c = r->connection };
    ap_filter_t *filters = r->output_filters;
    apr_status_t rv;

    r->output_filters = &verdict;
    dygw_deadline_begin(r);
    rv = read_or_drop(r, b);
    dygw_deadline_end(r);
    r->output_filters = filters;
    if (rv != APR_EOF) {
        dygw_hang_up(r->connection);
    }
    return rv;
}

static void read_all(dygw_call_t *call, buffer_t *b, dygw_result_t *out)
{
    apr_status_t rv = read_in_time(call->r, b);

    call->is_read = 1;
    if (rv != APR_EOF) {
        explain_read(call, rv, out);
        return;
    }
    b->text[b->len] = '\0';
    call->body = b->text;
    call->body_len = b->len;
}

/* The length that the request announces; -1 when it does not. Httpd has refused what is no number.
 */
static apr_off_t announced_length(const request_rec *r)
{
    const char *text = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t len;

    if (!text || apr_strtoff(&len, text, NULL, 10) != APR_SUCCESS) {
        return -1;
    }
    return len;
}

void dygw_read_body(dygw_call_t *call, dygw_result_t *out)
{
    request_rec *r = call->r;
    apr_off_t max = call->runtime->cfg->max_body;
    apr_off_t len = announced_length(r);
    buffer_t b = { .pool = r->pool, .max = (apr_size_t)max };

    if (len <= 0 && !apr_table_get(r->headers_in, "Transfer-Encoding")) {
        return;
    }
    if (len > max) {
        refuse_size(call, out);
        return;
    }
    b.size = len > 0 ? (apr_size_t)len + 1 : FIRST_SIZE;
    b.text = apr_palloc(r->pool, b.size);
    read_all(call, &b, out);
}

void dygw_read_json_body(dygw_call_t *call, dygw_result_t *out)
{
    const request_rec *r = call->r;

    dygw_read_body(call, out);
    if (out->code == DYGW_OK && call->body_len > 0 && r->method_number != M_GET
        && !dygw_is_json_type(apr_table_get(r->headers_in, "Content-Type"), r->pool)) {
        out->code = DYGW_UNSUPPORTED_MEDIA_TYPE;
        out->message = "the body must be JSON in UTF-8, with Content-Type: application/json";
    }
}

/* Whether there is a body that nobody has read. */
static int is_unread(const dygw_call_t *call)
{
    const request_rec *r = call->r;

    return !call->is_read
           && (announced_length(r) > 0 || apr_table_get(r->headers_in, "Transfer-Encoding"));
}

static void drop_stream(dygw_call_t *call)
{
    apr_off_t max = call->runtime ? call->runtime->cfg->max_body : 0;
    buffer_t b = { .pool = call->r->pool, .max = STREAM_MAX, .drops = 1 };

    if (max > STREAM_MAX) {
        b.max = (apr_size_t)max;
    }
    call->is_read = 1;
    if (announced_length(call->r) <= (apr_off_t)b.max) {
        read_in_time(call->r, &b);
    }
}

void dygw_leave_body(dygw_call_t *call)
{
    apr_off_t len = announced_length(call->r);

    if (!is_unread(call)) {
        return;
    }
    if (is_stream(call->r)) {
        drop_stream(call);
    }
    else if (len <= 0 || len > UNREAD_MAX) {
        dygw_hang_up(call->r->connection);
    }
}

/* What was said goes out before anything is waited for. */
static void flush_reply(conn_rec *c, apr_pool_t *pool)
{
    apr_bucket_brigade *brigade = apr_brigade_create(pool, c->bucket_alloc);

    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_flush_create(c->bucket_alloc));
    ap_pass_brigade(c->output_filters, brigade);
}

void dygw_drop_body(const dygw_call_t *call)
{
    request_rec *r = call->r;
    buffer_t b = { .pool = r->pool, .max = UNREAD_MAX, .drops = 1 };

    if (!is_unread(call)) {
        return;
    }
    if (r->connection->keepalive == AP_CONN_CLOSE) {
        dygw_hang_up(r->connection);
        return;
    }
    flush_reply(r->connection, r->pool);
    read_in_time(r, &b);
}

/* --- the query --- */

/* text is "name=value", which is changed. */
static void take_parameter(apr_table_t *query, char *text, const char *const *known,
                           dygw_result_t *out)
{
    char *value = strchr(text, '=');

    if (value) {
        *value++ = '\0';
    }
    else {
        value = text + strlen(text);
    }
    if (ap_unescape_urlencoded(text) != OK || !dygw_is_one_of(text, known)) {
        dygw_invalid(out, text, "there is no such query parameter here");
    }
    else if (apr_table_get(query, text)) {
        dygw_invalid(out, text, "a query parameter was given twice");
    }
    else if (ap_unescape_urlencoded(value) != OK || !dygw_is_printable(value, 0, INT_MAX)) {
        dygw_invalid(out, text, "a query parameter must be UTF-8 without control characters");
    }
    else {
        apr_table_setn(query, text, value);
    }
}

apr_table_t *dygw_read_query(dygw_call_t *call, const char *const *known, dygw_result_t *out)
{
    apr_pool_t *pool = call->r->pool;
    apr_table_t *query = apr_table_make(pool, 4);
    char *rest, *text, *last;

    if (!call->r->args || !*call->r->args) {
        return query;
    }
    rest = apr_pstrdup(pool, call->r->args);
    for (text = apr_strtok(rest, "&", &last); text && out->code == DYGW_OK;
         text = apr_strtok(NULL, "&", &last)) {
        take_parameter(query, text, known, out);
    }
    return query;
}

void dygw_read_no_query(dygw_call_t *call, dygw_result_t *out)
{
    static const char *const none[] = { NULL };

    dygw_read_query(call, none, out);
}

int dygw_query_int(const apr_table_t *query, const char *name, int min, int max, int if_absent,
                   dygw_result_t *out)
{
    const char *text = apr_table_get(query, name);
    apr_int64_t number;
    char *end;

    if (!text) {
        return if_absent;
    }
    number = apr_strtoi64(text, &end, 10);
    if (strspn(text, "0123456789") == 0 || *end || number < min || number > max) {
        dygw_invalid(out, name,
                     apr_psprintf(apr_table_elts(query)->pool,
                                  "%s must be an integer from %d to %d", name, min, max));
        return if_absent;
    }
    return (int)number;
}
