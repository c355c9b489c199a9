/* SPDX-License-Identifier: Apache-2.0
 * The calls that can be made without waiting, for async.c. The file of a call puts a question into
 * a dygw_douyin_call_t, all but the access token, and reads the reply that came. What is put or
 * read is in pool; nothing that is read is NULL. */
#ifndef DYGW_DOUYIN_QUESTIONS_H
#define DYGW_DOUYIN_QUESTIONS_H

#include "douyin/client.h"

/* The account as an argument, or as a member of a body; NULL: it is not to be there. */
static inline const char *dygw_douyin_named_account(const dygw_question_t *question)
{
    return question->account_in_header_only ? NULL : question->account_id;
}

void dygw_douyin_put_get(const dygw_question_t *question, dygw_douyin_call_t *call,
                         apr_pool_t *pool);
void dygw_douyin_put_query(const dygw_question_t *question, dygw_douyin_call_t *call,
                           apr_pool_t *pool);
void dygw_douyin_put_verify(const dygw_question_t *question, dygw_douyin_call_t *call,
                            apr_pool_t *pool);
void dygw_douyin_put_cancel(const dygw_question_t *question, dygw_douyin_call_t *call,
                            apr_pool_t *pool);
void dygw_douyin_put_order(const dygw_question_t *question, dygw_douyin_call_t *call,
                           apr_pool_t *pool);
void dygw_douyin_put_records(const dygw_question_t *question, dygw_douyin_call_t *call,
                             apr_pool_t *pool);
void dygw_douyin_put_stores(const dygw_question_t *question, dygw_douyin_call_t *call,
                            apr_pool_t *pool);
void dygw_douyin_put_ledger(const dygw_question_t *question, dygw_douyin_call_t *call,
                            apr_pool_t *pool);
void dygw_douyin_put_after_sale(const dygw_question_t *question, dygw_douyin_call_t *call,
                                apr_pool_t *pool);

dygw_coupons_reply_t *dygw_douyin_read_get(const dygw_reply_t *reply, apr_pool_t *pool);
dygw_coupons_reply_t *dygw_douyin_read_query(const dygw_reply_t *reply, apr_pool_t *pool);
dygw_verify_reply_t *dygw_douyin_read_verify(const dygw_douyin_t *douyin,
                                             const dygw_question_t *question,
                                             const dygw_reply_t *reply, const dygw_log_t *log,
                                             apr_pool_t *pool);
dygw_cancel_reply_t *dygw_douyin_read_cancel(const dygw_reply_t *reply, apr_pool_t *pool);
dygw_order_reply_t *dygw_douyin_read_order(const dygw_question_t *question,
                                           const dygw_reply_t *reply, apr_pool_t *pool);
dygw_records_reply_t *dygw_douyin_read_records(const dygw_reply_t *reply, apr_pool_t *pool);
dygw_ledger_reply_t *dygw_douyin_read_ledger(const dygw_reply_t *reply, apr_pool_t *pool);
dygw_after_sale_reply_t *dygw_douyin_read_after_sale(const dygw_question_t *question,
                                                     const dygw_reply_t *reply, apr_pool_t *pool);

#endif
