/* SPDX-License-Identifier: Apache-2.0
 * Verify: the one call that redeems. Its answer has three levels: the envelope's two say whether
 * the call was carried out, verify_results what became of each code. (Douyin's page
 * certificate.verify.)
 *
 * Calls client.c, certificate.c and codes.c. */
#include <string.h>

#include "douyin/certificate.h"
#include "douyin/questions.h"
#include "util/compiler.h"
#include "util/json.h"
#include "util/jsonw.h"

#define BODY_HINT 512
#define CALL_NAME "verify"

void dygw_douyin_put_verify(const dygw_question_t *question, dygw_douyin_call_t *call,
                            apr_pool_t *pool)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, BODY_HINT + strlen(question->codes[0]) * (apr_size_t)question->count);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_string(&w, "verify_token", question->verify_token);
    dygw_jsonw_string(&w, "poi_id", question->poi_id);
    dygw_jsonw_array(&w, "encrypted_codes");
    for (int i = 0; i < question->count; i++) {
        dygw_jsonw_string(&w, NULL, question->codes[i]);
    }
    dygw_jsonw_end_array(&w);
    if (dygw_douyin_named_account(question)) {
        dygw_jsonw_string(&w, "account_id", dygw_douyin_named_account(question));
    }
    dygw_jsonw_end_object(&w);
    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_VERIFY,
                                  .counted_as = DYGW_UPSTREAM_VERIFY,
                                  .name = CALL_NAME,
                                  .account_id = question->account_id,
                                  .target = DYGW_PATH_OF_CERTIFICATES "verify/",
                                  .body = w.text,
                                  .body_len = w.len,
                                  .send_by = question->send_by };
}

/* result is NULL where the answer does not speak of the code. */
static void read_verify_item(dygw_verify_item_t *item, const json_t *result, apr_pool_t *pool)
{
    const char *msg = dygw_json_str(result, "msg");

    item->msg = msg ? msg : "";
    item->pay_amount = -1;
    item->result = dygw_json_int(result, "result", APR_INT64_MIN);
    if (item->result == APR_INT64_MIN) {
        item->result = 0;
        item->kind = DYGW_REPLY_GARBLED;
        return;
    }
    item->kind = dygw_douyin_classify(DYGW_CALL_VERIFY, item->result, item->msg);
    item->already = dygw_douyin_is_already(item->result);
    item->verify_id = dygw_douyin_verify_id(result, pool);
    item->certificate_id = dygw_json_id(result, "certificate_id", pool);
    item->origin_code = dygw_json_id(result, "origin_code", pool);
    item->order_id = dygw_json_id(result, "order_id", pool);
    item->product_id = dygw_json_id(result, "product_id", pool);
    item->pay_amount = dygw_douyin_amount_of_use(result);
}

/* The result of codes[i]; NULL: there is none. A code that was sent several times has several
 * results: its own is the one with the same rank among them, so that the order of the others does
 * not matter. */
static const json_t *result_of_code(const json_t *results, const char *const *codes, int i)
{
    int rank = 0;
    size_t n;

    for (int before = 0; before < i; before++) {
        rank += strcmp(codes[before], codes[i]) == 0;
    }
    for (n = 0; n < json_array_size(results); n++) {
        const json_t *result = json_array_get(results, n);
        const char *code = dygw_json_str(result, "code");

        if (code && strcmp(code, codes[i]) == 0 && rank-- == 0) {
            return result;
        }
    }
    return NULL;
}

/* Results that do not name their code are taken in the order of the codes, if none is missing. */
static const json_t *nameless_result(const json_t *results, int count, int i)
{
    const json_t *result = json_array_get(results, (size_t)i);
    const char *code = dygw_json_str(result, "code");

    return json_array_size(results) == (size_t)count && (!code || !*code) ? result : NULL;
}

/* Where the token is refused for every code, it is refused for the call. Where it is refused for
 * some of them, these are BUSY: the identical request will tell. */
static void lift_token(dygw_verify_reply_t *verified, int count)
{
    int refused = 0;

    for (int i = 0; i < count; i++) {
        if (verified->items[i].kind == DYGW_REPLY_TOKEN) {
            verified->items[i].kind = DYGW_REPLY_BUSY;
            refused++;
        }
    }
    if (refused == count) {
        verified->reply.kind = DYGW_REPLY_TOKEN;
        verified->reply.error_code = verified->items[0].result;
        verified->reply.description = verified->items[0].msg;
        verified->items = NULL;
    }
}

static void read_verify_items(const dygw_douyin_t *douyin, dygw_verify_reply_t *verified,
                              const char *const *codes, int count, const dygw_log_t *log,
                              apr_pool_t *pool)
{
    const json_t *results = json_object_get(verified->reply.data, "verify_results");

    verified->items = apr_pcalloc(pool, (apr_size_t)count * sizeof(*verified->items));
    for (int i = 0; i < count; i++) {
        const json_t *result = result_of_code(results, codes, i);

        read_verify_item(&verified->items[i], result ? result : nameless_result(results, count, i),
                         pool);
        if (verified->items[i].result != 0) {
            dygw_douyin_note_refusal(douyin, CALL_NAME, verified->items[i].result,
                                     verified->items[i].kind, verified->reply.logid, log);
        }
    }
    lift_token(verified, count);
}

static int redeems_something(const json_t *data)
{
    const json_t *results = json_object_get(data, "verify_results");

    for (size_t i = 0; i < json_array_size(results); i++) {
        if (dygw_json_int(json_array_get(results, i), "result", -1) == 0) {
            return 1;
        }
    }
    return 0;
}

dygw_verify_reply_t *dygw_douyin_read_verify(const dygw_douyin_t *douyin,
                                             const dygw_question_t *question,
                                             const dygw_reply_t *reply, const dygw_log_t *log,
                                             apr_pool_t *pool)
{
    dygw_verify_reply_t *verified = apr_pcalloc(pool, sizeof(*verified));

    verified->reply = *reply;
    if (reply->kind == DYGW_REPLY_OK) {
        read_verify_items(douyin, verified, question->codes, question->count, log, pool);
    }
    else if (redeems_something(reply->data)) {
        /* Refused as a whole, and yet done in part: only asking again can tell. */
        verified->reply.kind = DYGW_REPLY_GARBLED;
    }
    return verified;
}

dygw_verify_reply_t *dygw_douyin_verify(dygw_douyin_t *douyin, const dygw_question_t *question,
                                        const char *access_token, const dygw_log_t *log,
                                        apr_pool_t *pool)
{
    dygw_douyin_call_t call;
    dygw_reply_t reply;

    dygw_douyin_put_verify(question, &call, pool);
    call.access_token = access_token;
    dygw_douyin_call(douyin, &call, &reply, log, pool);
    return dygw_douyin_read_verify(douyin, question, &reply, log, pool);
}
