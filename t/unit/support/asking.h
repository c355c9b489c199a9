/* SPDX-License-Identifier: Apache-2.0
 * Calls that nobody waits for, made to a scripted server. */
#ifndef DYGW_T_ASKING_H
#define DYGW_T_ASKING_H

#include "upstream.h"

/* The whole of an HTTP answer whose body has that length. */
#define LENGTH_AND(length, body)                                                   \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " length \
    "\r\n\r\n" body
#define GOOD        LENGTH_AND("26", "{\"data\":{\"error_code\":0}}\n")
#define PATIENCE    apr_time_from_sec(10)

extern const dygw_question_t asking_query;

/* In the pool of u. */
dygw_douyin_async_t *async_of(upstream_t *u);

/* Begins asking_query, in the pool of u. */
void begin_query(upstream_t *u, dygw_douyin_async_t *async, void *baton);

/* The reply of the next call that is completed; baton NULL: it does not matter. */
const dygw_reply_t *next_reply(dygw_douyin_async_t *async, void **baton);
dygw_reply_class_e next_kind(dygw_douyin_async_t *async);

#endif
