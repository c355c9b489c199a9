/* SPDX-License-Identifier: Apache-2.0
 * Replies of any length. */
#include "handle/stream.h"

#include <http_protocol.h>

void dygw_stream_begin(dygw_stream_t *stream, dygw_call_t *call, int status, const char *type)
{
    request_rec *r = call->r;

    stream->call = call;
    stream->brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    r->status = status;
    ap_set_content_type(r, type);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    dygw_note_code(call, DYGW_OK);
}

static int pass_brigade(dygw_stream_t *stream)
{
    request_rec *r = stream->call->r;
    apr_status_t rv = ap_pass_brigade(r->output_filters, stream->brigade);

    apr_brigade_cleanup(stream->brigade);
    return rv == APR_SUCCESS && !r->connection->aborted;
}

int dygw_stream_send(dygw_stream_t *stream, const char *text, apr_size_t len)
{
    apr_bucket_alloc_t *buckets = stream->call->r->connection->bucket_alloc;

    APR_BRIGADE_INSERT_TAIL(stream->brigade, apr_bucket_transient_create(text, len, buckets));
    APR_BRIGADE_INSERT_TAIL(stream->brigade, apr_bucket_flush_create(buckets));
    return pass_brigade(stream);
}

/* This error makes httpd leave out the last chunk, and close the connection. */
int dygw_stream_end(dygw_stream_t *stream, int whole)
{
    request_rec *r = stream->call->r;
    apr_bucket_alloc_t *buckets = r->connection->bucket_alloc;

    if (!whole) {
        r->connection->keepalive = AP_CONN_CLOSE;
        APR_BRIGADE_INSERT_TAIL(stream->brigade,
                                ap_bucket_error_create(HTTP_BAD_GATEWAY, NULL, r->pool, buckets));
    }
    APR_BRIGADE_INSERT_TAIL(stream->brigade, apr_bucket_eos_create(buckets));
    pass_brigade(stream);
    return OK;
}
