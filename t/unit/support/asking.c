/* SPDX-License-Identifier: Apache-2.0
 * Questions that are completed in the background, asked of a scripted server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "asking.h"

const dygw_question_t asking_query = { .what = DYGW_QUESTION_QUERY, .order_id = "1061449651423386211" };

dygw_douyin_async_t *async_of(upstream_t *u)
{
    dygw_douyin_async_t *async;

    assert_int_equal(dygw_douyin_async_create(&async, u->douyin, u->pool), APR_SUCCESS);
    return async;
}

void begin_query(upstream_t *u, dygw_douyin_async_t *async, void *baton)
{
    dygw_douyin_async_begin(async, &asking_query, TOKEN, &u->log, u->pool, baton);
}

const dygw_reply_t *next_reply(dygw_douyin_async_t *async, void **baton)
{
    dygw_answer_t answer;
    void *unused;

    assert_int_equal(dygw_douyin_async_next(async, PATIENCE, baton ? baton : &unused, &answer), 1);
    assert_non_null(answer.reply);
    return answer.reply;
}

dygw_reply_class_e next_kind(dygw_douyin_async_t *async)
{
    return next_reply(async, NULL)->kind;
}

dygw_answer_t answer_to(upstream_t *u, const dygw_question_t *question, const char *body)
{
    dygw_douyin_async_t *async;
    dygw_answer_t answer;
    void *baton;

    upstream_answer(u, body);
    async = async_of(u);
    dygw_douyin_async_begin(async, question, TOKEN, &u->log, u->pool, NULL);
    assert_int_equal(dygw_douyin_async_next(async, PATIENCE, &baton, &answer), 1);
    return answer;
}
