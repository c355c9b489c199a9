/* SPDX-License-Identifier: Apache-2.0
 * Many calls at once: each question is put into a call by the file of that call, and sent by
 * http_multi.c; the file of the call reads the answer, too.
 *
 * Calls the files of the calls, client.c and http_multi.c. */
#include <apr_strings.h>

#include "douyin/http_multi.h"
#include "douyin/questions.h"

/* A call under way, in its own pool. */
typedef struct asked_t {
    dygw_http_transfer_t transfer;
    const dygw_question_t *question;
    dygw_douyin_call_t call;
    const dygw_log_t *log;
    void *baton;
} asked_t;

struct dygw_douyin_async_t {
    dygw_douyin_t *douyin;
    dygw_http_multi_t *multi;
};

static void put_question(const dygw_question_t *question, dygw_douyin_call_t *call,
                         apr_pool_t *pool)
{
    static void (*const put[])(const dygw_question_t *, dygw_douyin_call_t *, apr_pool_t *)
        = { [DYGW_QUESTION_GET] = dygw_douyin_put_get,
            [DYGW_QUESTION_QUERY] = dygw_douyin_put_query,
            [DYGW_QUESTION_VERIFY] = dygw_douyin_put_verify,
            [DYGW_QUESTION_CANCEL] = dygw_douyin_put_cancel,
            [DYGW_QUESTION_ORDER] = dygw_douyin_put_order,
            [DYGW_QUESTION_RECORDS] = dygw_douyin_put_records,
            [DYGW_QUESTION_STORES] = dygw_douyin_put_stores,
            [DYGW_QUESTION_LEDGER] = dygw_douyin_put_ledger,
            [DYGW_QUESTION_AFTER_SALE] = dygw_douyin_put_after_sale };

    put[question->what](question, call, pool);
}

static dygw_answer_t read_reply(const dygw_douyin_t *douyin, const dygw_question_t *question,
                                const dygw_reply_t *reply, const dygw_log_t *log, apr_pool_t *pool)
{
    dygw_answer_t answer = { .reply = NULL };

    switch (question->what) {
    case DYGW_QUESTION_GET:
        answer.coupons = dygw_douyin_read_get(reply, pool);
        break;
    case DYGW_QUESTION_QUERY:
        answer.coupons = dygw_douyin_read_query(reply, pool);
        break;
    case DYGW_QUESTION_VERIFY:
        answer.verified = dygw_douyin_read_verify(douyin, question, reply, log, pool);
        break;
    case DYGW_QUESTION_CANCEL:
        answer.cancelled = dygw_douyin_read_cancel(reply, pool);
        break;
    case DYGW_QUESTION_ORDER:
        answer.order = dygw_douyin_read_order(question, reply, pool);
        break;
    case DYGW_QUESTION_RECORDS:
        answer.records = dygw_douyin_read_records(reply, pool);
        break;
    case DYGW_QUESTION_STORES:
        answer.reply = apr_pmemdup(pool, reply, sizeof(*reply));
        break;
    case DYGW_QUESTION_LEDGER:
        answer.ledger = dygw_douyin_read_ledger(reply, pool);
        break;
    case DYGW_QUESTION_AFTER_SALE:
        answer.after_sale = dygw_douyin_read_after_sale(question, reply, pool);
        break;
    }
    return answer;
}

apr_status_t dygw_douyin_async_create(dygw_douyin_async_t **async, dygw_douyin_t *douyin,
                                      apr_pool_t *pool)
{
    dygw_douyin_async_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t rv = dygw_http_multi_create(&made->multi, douyin->upstream, pool);

    if (rv == APR_SUCCESS) {
        made->douyin = douyin;
        *async = made;
    }
    return rv;
}

void dygw_douyin_async_begin(dygw_douyin_async_t *async, const dygw_question_t *question,
                             const char *access_token, const dygw_log_t *log, apr_pool_t *pool,
                             void *baton)
{
    asked_t *asked = apr_pcalloc(pool, sizeof(*asked));

    asked->question = question;
    asked->log = log;
    asked->baton = baton;
    asked->transfer.pool = pool;
    asked->transfer.baton = asked;
    put_question(question, &asked->call, pool);
    asked->call.access_token = access_token;
    dygw_douyin_request(&asked->transfer.request, async->douyin, &asked->call, pool);
    dygw_http_multi_begin(async->multi, &asked->transfer);
}

int dygw_douyin_async_count(const dygw_douyin_async_t *async)
{
    return dygw_http_multi_count(async->multi);
}

int dygw_douyin_async_next(dygw_douyin_async_t *async, apr_interval_time_t patience, void **baton,
                           dygw_answer_t *answer)
{
    const dygw_http_transfer_t *transfer = dygw_http_multi_next(async->multi, patience);
    const asked_t *asked;
    dygw_reply_t reply;

    if (!transfer) {
        return 0;
    }
    asked = transfer->baton;
    dygw_douyin_read_answer(&reply, async->douyin, &asked->call, &transfer->answer, asked->log,
                            transfer->pool);
    *baton = asked->baton;
    *answer = read_reply(async->douyin, asked->question, &reply, asked->log, transfer->pool);
    return 1;
}
