/* SPDX-License-Identifier: Apache-2.0
 * The settlement ledger: what Douyin reckons that the merchant gets for redeemed coupons (Douyin's
 * page ledger.query-record-by-cert). A line is made about an hour after the redemption; coupons
 * that have none are left out of the answer, whatever the reason.
 *
 * Calls client.c and envelope.c. */
#include <limits.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "douyin/envelope.h"
#include "douyin/questions.h"
#include "util/json.h"

#define PATH "/goodlife/v1/settle/ledger/query_record_by_cert/"

/* Page and field table differ in where the two maps stand. */
#define PAID "amount"
#define GOES "fund_amount"

#define FEN_MAX APR_INT64_C(10000000000000) /* nothing costs more, and sums of it fit */

/* The keys of the maps, by dygw_ledger_amount_e. */
static const char *const keys[DYGW_LEDGER_AMOUNTS] = {
    [DYGW_LEDGER_ORIGINAL] = "original",
    [DYGW_LEDGER_PAY] = "pay",
    [DYGW_LEDGER_PAY_DISCOUNT] = "pay_discount",
    [DYGW_LEDGER_MERCHANT_DISCOUNT] = "merchant_ticket",
    [DYGW_LEDGER_TOTAL] = "ledger_total",
    [DYGW_LEDGER_GOODS] = "goods",
    [DYGW_LEDGER_PAY_FEE] = "pay_handling",
    [DYGW_LEDGER_PLATFORM_FEE] = "total_merchant_platform_service",
    [DYGW_LEDGER_TALENT_COMMISSION] = "talent_commission",
    [DYGW_LEDGER_AGENT_COMMISSION] = "total_agent_merchant",
    [DYGW_LEDGER_OPERATION_AGENT] = "total_operation_agent",
};

/* The page names no account, neither as a parameter nor in the header; clients send the header with
 * every call. */
void dygw_douyin_put_ledger(const dygw_question_t *question, dygw_douyin_call_t *call,
                            apr_pool_t *pool)
{
    const char *ids = "";

    for (int i = 0; i < question->count; i++) {
        const char *id = dygw_douyin_argument("", question->codes[i], pool) + strlen("&=");

        ids = apr_pstrcat(pool, ids, i > 0 ? "," : "", id, NULL);
    }
    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_OTHER,
                                  .counted_as = DYGW_UPSTREAM_LEDGER,
                                  .name = "ledger",
                                  .account_id = question->account_id };
    call->target = apr_pstrcat(pool, PATH "?certificate_ids=", ids, NULL);
}

/* --- lines --- */

/* The maps of a line; either may be NULL. */
typedef struct maps_t {
    const json_t *paid;
    const json_t *goes;
} maps_t;

static maps_t maps_of_line(const json_t *item)
{
    maps_t maps = { json_object_get(item, PAID), json_object_get(item, GOES) };
    const json_t *inner = json_object_get(maps.paid, PAID);

    if (json_is_object(inner)) {
        const json_t *goes = json_object_get(maps.paid, GOES);

        maps.goes = json_is_object(goes) ? goes : maps.goes;
        maps.paid = inner;
    }
    return maps;
}

/* The names of the two maps have no key in common, so that it does not matter in which one a key
 * stands. */
static apr_int64_t amount_of_line(const maps_t *maps, const char *key)
{
    apr_int64_t fen = dygw_json_int(maps->goes, key, DYGW_LEDGER_NOT_TOLD);

    if (fen == DYGW_LEDGER_NOT_TOLD) {
        fen = dygw_json_int(maps->paid, key, DYGW_LEDGER_NOT_TOLD);
    }
    return fen > FEN_MAX || fen < -FEN_MAX ? DYGW_LEDGER_NOT_TOLD : fen;
}

static int status_of_line(const json_t *item)
{
    const apr_int64_t status = dygw_json_int(item, "status", -1);

    return status < 0 || status > SHRT_MAX ? -1 : (int)status;
}

/* The line as it came, in the pool. */
static const char *text_of_line(const json_t *item, apr_pool_t *pool)
{
    const size_t len = json_dumpb(item, NULL, 0, JSON_COMPACT);
    char *text = apr_palloc(pool, len + 1);

    text[json_dumpb(item, text, len, JSON_COMPACT)] = '\0';
    return text;
}

static void read_line(dygw_ledger_line_t *line, const json_t *item, apr_pool_t *pool)
{
    const maps_t maps = maps_of_line(item);

    line->ledger_id = dygw_json_id(item, "ledger_id", pool);
    line->verify_id = dygw_json_id(item, "verify_id", pool);
    line->certificate_id = dygw_json_id(item, "certificate_id", pool);
    line->status = status_of_line(item);
    for (int i = 0; i < DYGW_LEDGER_AMOUNTS; i++) {
        line->amounts[i] = amount_of_line(&maps, keys[i]);
    }
    line->raw = text_of_line(item, pool);
}

/* A line is there once, however often it is listed. */
static int is_line_new(apr_hash_t *seen, const dygw_ledger_line_t *line)
{
    if (!line->ledger_id) {
        return 1;
    }
    if (apr_hash_get(seen, line->ledger_id, APR_HASH_KEY_STRING)) {
        return 0;
    }
    apr_hash_set(seen, line->ledger_id, APR_HASH_KEY_STRING, line->ledger_id);
    return 1;
}

/* 0: it is no list of lines. */
static int read_line_list(dygw_ledger_reply_t *ledger, const json_t *list, apr_pool_t *pool)
{
    apr_hash_t *seen = apr_hash_make(pool);

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        dygw_ledger_line_t line;

        if (json_object_size(item) == 0) {
            return 0;
        }
        read_line(&line, item, pool);
        if (is_line_new(seen, &line)) {
            APR_ARRAY_PUSH(ledger->lines, dygw_ledger_line_t) = line;
        }
    }
    return 1;
}

dygw_ledger_reply_t *dygw_douyin_read_ledger(const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_ledger_reply_t *ledger = apr_pcalloc(pool, sizeof(*ledger));
    int strange;
    const json_t *list = dygw_douyin_copy(reply->data, "records", JSON_ARRAY, &strange, pool);

    ledger->reply = *reply;
    ledger->lines = apr_array_make(pool, DYGW_LEDGER_COUPONS, sizeof(dygw_ledger_line_t));
    if (reply->kind != DYGW_REPLY_OK) {
        return ledger;
    }
    if (list ? !read_line_list(ledger, list, pool) : strange) {
        ledger->reply.kind = DYGW_REPLY_GARBLED;
        apr_array_clear(ledger->lines);
    }
    return ledger;
}
