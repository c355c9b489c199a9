/* SPDX-License-Identifier: Apache-2.0
 * Questions to Douyin that are completed in the background (dygw_douyin_async_t), asked of the
 * scripted server of upstream.h. For the tests of douyin/ that ask such questions. */
#ifndef DYGW_T_ASKING_H
#define DYGW_T_ASKING_H

#include "upstream.h"

#define PATIENCE apr_time_from_sec(10) /* after which an answer is missing */

/* A question where it does not matter which: the coupons of an order. */
extern const dygw_question_t asking_query;

/* What carries the questions; it lives in the pool of u. */
dygw_douyin_async_t *async_of(upstream_t *u);

/* Begins to ask asking_query, in the pool of u; next_reply returns the baton. */
void begin_query(upstream_t *u, dygw_douyin_async_t *async, void *baton);

/* Waits for the next question that is completed, and returns its reply, or the class of the reply.
 * baton may be NULL. The test fails when no question is completed. */
const dygw_reply_t *next_reply(dygw_douyin_async_t *async, void **baton);
dygw_reply_class_e next_kind(dygw_douyin_async_t *async);

/* Starts a server that answers with this body, asks it one question, and returns the answer. */
dygw_answer_t answer_to(upstream_t *u, const dygw_question_t *question, const char *body);

#endif
