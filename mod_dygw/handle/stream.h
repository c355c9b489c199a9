/* SPDX-License-Identifier: Apache-2.0
 * Replies of any length, sent piece by piece: a piece has left for the client, or httpd keeps it,
 * before the next piece is made. */
#ifndef DYGW_HANDLE_STREAM_H
#define DYGW_HANDLE_STREAM_H

#include "handle/handle.h"

typedef struct dygw_stream_t {
    dygw_call_t *call;
    apr_bucket_brigade *brigade;
} dygw_stream_t;

/* Starts a reply. type: its Content-Type. */
void dygw_stream_begin(dygw_stream_t *stream, dygw_call_t *call, int status, const char *type);

/* Sends a piece, and returns when its memory may be used again. 0: the client is gone. */
int dygw_stream_send(dygw_stream_t *stream, const char *text, apr_size_t len);

/* Ends the reply. whole 0: something is missing, so the connection is cut in a way that the client
 * notices. For the endpoint to return. */
int dygw_stream_end(dygw_stream_t *stream, int whole);

#endif
