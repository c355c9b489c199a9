/* SPDX-License-Identifier: Apache-2.0
 * What Douyin has of an account, page by page: its verifications in a span of time, whoever made
 * them (Douyin's page certificate.verifyrecord.query), of which a page that is not full is the
 * last; and the stores that it has claimed (page shop.query).
 *
 * Calls client.c, envelope.c and certificate.c. */
#include <limits.h>

#include <apr_strings.h>

#include "douyin/certificate.h"
#include "douyin/envelope.h"
#include "douyin/questions.h"
#include "util/compiler.h"
#include "util/json.h"

#define FIRST_PAGE  "0"
#define STORES_PATH "/goodlife/v1/shop/poi/query/"

/* --- verify records --- */

void dygw_douyin_put_records(const dygw_question_t *question, dygw_douyin_call_t *call,
                             apr_pool_t *pool)
{
    const char *cursor = question->cursor ? question->cursor : FIRST_PAGE;

    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_OTHER,
                                  .counted_as = DYGW_UPSTREAM_RECORDS,
                                  .name = "verify records",
                                  .account_id = question->account_id };
    call->target = apr_psprintf(
        pool,
        DYGW_PATH_OF_CERTIFICATES "verify_record/query/?size=%d%s%s"
                                  "&start_time=%" APR_INT64_T_FMT "&end_time=%" APR_INT64_T_FMT,
        DYGW_RECORDS_PER_PAGE,
        dygw_douyin_argument("account_id", dygw_douyin_named_account(question), pool),
        dygw_douyin_argument("cursor", cursor, pool), question->start_time / 1000,
        question->end_time / 1000);
}

static apr_int64_t amount_of_record(const json_t *item)
{
    apr_int64_t fen = dygw_douyin_amount_of_use(item);

    /* The other figure of a times card is about all of its uses. */
    if (fen < 0 && !dygw_douyin_is_times_card(json_object_get(item, "sku"))) {
        fen = dygw_json_int(json_object_get(item, "amount"), "pay_amount", -1);
    }
    return fen < 0 ? -1 : fen;
}

static int verify_type_of_record(const json_t *item)
{
    apr_int64_t type = dygw_json_int(item, "verify_type", -1);

    return type < 0 || type > INT_MAX ? -1 : (int)type;
}

static void read_verify_record(dygw_verify_record_t *record, const json_t *item, apr_pool_t *pool)
{
    record->verify_id = dygw_json_id(item, "verify_id", pool);
    record->certificate_id = dygw_json_id(item, "certificate_id", pool);
    record->verify_time = dygw_time_from_douyin(dygw_json_int(item, "verify_time", 0));
    record->cancel_time = dygw_time_from_douyin(dygw_json_int(item, "cancel_time", 0));
    record->cancelled = dygw_json_int(item, "status", 0) == DYGW_VERIFY_STATUS_CANCELLED
                        || record->cancel_time != DYGW_NO_TIME;
    record->verify_type = verify_type_of_record(item);
    record->pay_amount = amount_of_record(item);
    record->sku_name = dygw_json_str(json_object_get(item, "sku"), "title");
}

/* 0: it is no list of records, or does not tell how to go on. */
static int read_record_list(dygw_records_reply_t *page, const json_t *list, apr_pool_t *pool)
{
    const size_t count = json_array_size(list);
    const json_t *last = count > 0 ? json_array_get(list, count - 1) : NULL;

    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);

        if (json_object_size(item) == 0) {
            return 0;
        }
        read_verify_record(apr_array_push(page->records), item, pool);
    }
    if (count >= DYGW_RECORDS_PER_PAGE) {
        page->cursor = dygw_json_id(last, "cursor", pool);
    }
    return count < DYGW_RECORDS_PER_PAGE || page->cursor;
}

dygw_records_reply_t *dygw_douyin_read_records(const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_records_reply_t *page = apr_pcalloc(pool, sizeof(*page));
    int strange;
    const json_t *list = dygw_douyin_copy(reply->data, "records", JSON_ARRAY, &strange, pool);

    page->reply = *reply;
    page->records = apr_array_make(pool, DYGW_RECORDS_PER_PAGE, sizeof(dygw_verify_record_t));
    if (reply->kind != DYGW_REPLY_OK) {
        return page;
    }
    if (list ? !read_record_list(page, list, pool) : strange) {
        page->reply.kind = DYGW_REPLY_GARBLED;
        page->cursor = NULL;
        apr_array_clear(page->records);
    }
    return page;
}

/* --- stores --- */

void dygw_douyin_put_stores(const dygw_question_t *question, dygw_douyin_call_t *call,
                            apr_pool_t *pool)
{
    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_OTHER,
                                  .counted_as = DYGW_UPSTREAM_STORES,
                                  .name = "stores",
                                  .account_id = question->account_id };
    call->target = apr_psprintf(
        pool, STORES_PATH "?page=%d&size=%d%s%s", question->page, question->size,
        dygw_douyin_argument("account_id", dygw_douyin_named_account(question), pool),
        dygw_douyin_argument("poi_id", question->poi_id, pool));
}

dygw_reply_t *dygw_douyin_stores(dygw_douyin_t *douyin, const dygw_question_t *question,
                                 const char *access_token, const dygw_log_t *log, apr_pool_t *pool)
{
    dygw_reply_t *reply = apr_palloc(pool, sizeof(*reply));
    dygw_douyin_call_t call;

    dygw_douyin_put_stores(question, &call, pool);
    call.access_token = access_token;
    dygw_douyin_call(douyin, &call, reply, log, pool);
    return reply;
}
