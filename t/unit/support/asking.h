/* SPDX-License-Identifier: Apache-2.0
 * Calls that nobody waits for, made to a scripted server. */
#ifndef DYGW_T_ASKING_H
#define DYGW_T_ASKING_H

#include "upstream.h"

#define PATIENCE    apr_time_from_sec(10)

extern const dygw_question_t asking_query;

/* In the pool of u. */
dygw_douyin_async_t *async_of(upstream_t *u);

/* Begins asking_query, in the pool of u. */
void begin_query(upstream_t *u, dygw_douyin_async_t *async, void *baton);

/* The reply of the next call that is completed; baton NULL: it does not matter. */
const dygw_reply_t *next_reply(dygw_douyin_async_t *async, void **baton);
dygw_reply_class_e next_kind(dygw_douyin_async_t *async);

/* Asks one question of a Douyin that answers it with this body. */
dygw_answer_t answer_to(upstream_t *u, const dygw_question_t *question, const char *body);

#endif
