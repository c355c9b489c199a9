/* SPDX-License-Identifier: Apache-2.0
 * A look that is waited for, made of one that is not. */
#include "fake_look.h"

#include "fake_world.h"

static apr_interval_time_t look_patience;

apr_interval_time_t fake_look_patience(void)
{
    return look_patience;
}

dygw_coupons_reply_t *dygw_douyin_look(dygw_douyin_t *douyin, const dygw_question_t *question, const char *access_token,
                                       const dygw_log_t *log, apr_pool_t *pool)
{
    dygw_douyin_async_t *async;
    dygw_answer_t answer;
    void *baton;

    assert_true(question->patience > 0);
    look_patience = question->patience;
    dygw_douyin_async_create(&async, douyin, pool);
    dygw_douyin_async_begin(async, question, access_token, log, pool, NULL);
    assert_int_equal(dygw_douyin_async_next(async, 0, &baton, &answer), 1);
    return (dygw_coupons_reply_t *)answer.coupons;
}
