/* SPDX-License-Identifier: Apache-2.0
 * Answers of any length, sent piece by piece: each is with the client, or in httpd's hands, before
 * the next is made. */
#ifndef DYGW_HANDLE_STREAM_H
#define DYGW_HANDLE_STREAM_H

#include "handle/handle.h"

typedef struct dygw_stream_t {
    dygw_call_t *call;
    apr_bucket_brigade *brigade;
} dygw_stream_t;

/* type: the Content-Type. */
void dygw_stream_begin(dygw_stream_t *stream, dygw_call_t *call, int status, const char *type);

/* Sends a piece, and waits until it may be forgotten. 0: nobody listens any more. */
int dygw_stream_send(dygw_stream_t *stream, const char *text, apr_size_t len);

/* The end. What is not whole is cut off, so that the client can tell. For the handler to return. */
int dygw_stream_end(dygw_stream_t *stream, int whole);

#endif
