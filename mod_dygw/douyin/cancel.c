/* SPDX-License-Identifier: Apache-2.0
 * Cancel: takes one verification back. Douyin allows it for an hour at most, and success needs both
 * levels of its answer (page certificate.cancel).
 *
 * Calls client.c. */
#include "douyin/questions.h"
#include "util/compiler.h"
#include "util/json.h"
#include "util/jsonw.h"

#define BODY_HINT 256

void dygw_douyin_put_cancel(const dygw_question_t *question, dygw_douyin_call_t *call,
                            apr_pool_t *pool)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, BODY_HINT);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_string(&w, "verify_id", question->verify_id);
    dygw_jsonw_string(&w, "certificate_id", question->certificate_id);
    if (question->cancel_token) {
        dygw_jsonw_string(&w, "cancel_token", question->cancel_token);
    }
    if (dygw_douyin_named_account(question)) {
        dygw_jsonw_string(&w, "account_id", dygw_douyin_named_account(question));
    }
    dygw_jsonw_end_object(&w);
    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_OTHER,
                                  .counted_as = DYGW_UPSTREAM_CANCEL,
                                  .name = "cancel",
                                  .account_id = question->account_id,
                                  .target = DYGW_PATH_OF_CERTIFICATES "cancel/",
                                  .body = w.text,
                                  .body_len = w.len,
                                  .both_levels = 1 };
}

/* Documented for several verifications at once; of one, it would say the same as the levels. */
static int refuses_something(const json_t *data)
{
    const json_t *results = json_object_get(data, "cancel_results");

    for (size_t i = 0; i < json_array_size(results); i++) {
        if (dygw_json_int(json_array_get(results, i), "result_code", 0) != 0) {
            return 1;
        }
    }
    return 0;
}

dygw_cancel_reply_t *dygw_douyin_read_cancel(const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_cancel_reply_t *cancelled = apr_palloc(pool, sizeof(*cancelled));

    cancelled->reply = *reply;
    if (reply->kind == DYGW_REPLY_OK && refuses_something(reply->data)) {
        cancelled->reply.kind = DYGW_REPLY_GARBLED;
    }
    return cancelled;
}

dygw_cancel_reply_t *dygw_douyin_cancel(dygw_douyin_t *douyin, const dygw_question_t *question,
                                        const char *access_token, const dygw_log_t *log,
                                        apr_pool_t *pool)
{
    dygw_douyin_call_t call;
    dygw_reply_t reply;

    dygw_douyin_put_cancel(question, &call, pool);
    call.access_token = access_token;
    dygw_douyin_call(douyin, &call, &reply, log, pool);
    return dygw_douyin_read_cancel(&reply, pool);
}
