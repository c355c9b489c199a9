/* SPDX-License-Identifier: Apache-2.0
 * Get and query: what became of a coupon, or of the coupons of an order, and how each was verified.
 * (Douyin's pages certificate.get and certificate.query.)
 *
 * Calls client.c, envelope.c and certificate.c. */
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "douyin/certificate.h"
#include "douyin/envelope.h"
#include "douyin/questions.h"
#include "util/compiler.h"
#include "util/json.h"

#define OPEN_PLATFORM "开放平台API" /* verifier_unique_id of that type */
#define CLOCKS_MS     120000        /* what Douyin's clock and ours may differ by, unsaid */
#define NONSENSE_MS   86400000      /* no difference of clocks, whatever the answer says */
#define SECOND_MS     1000          /* Douyin's clock is told in whole ones */

/* --- verifications --- */

/* Where Douyin leaves the type at "default" or out, the name of who verified may tell it. */
static int verify_type_of(const json_t *verify)
{
    int type = dygw_douyin_read_small(verify, "verify_type", -1);
    const char *who = dygw_json_str(verify, "verifier_unique_id");

    return type <= DYGW_VERIFY_TYPE_UNSAID && who && strcmp(who, OPEN_PLATFORM) == 0
               ? DYGW_VERIFY_TYPE_OPEN_PLATFORM
               : type;
}

static int can_cancel(const json_t *verify)
{
    const json_t *member = json_object_get(verify, "can_cancel");

    return json_is_boolean(member)   ? json_is_true(member)
           : json_is_integer(member) ? json_integer_value(member) != 0
                                     : -1;
}

static int is_cancelled(const json_t *record)
{
    return dygw_json_int(record, "cancel_time", 0) > 0
           || dygw_json_int(record, "status", 0) == DYGW_VERIFY_STATUS_CANCELLED;
}

/* Whether a record of the verification says that it is cancelled, wherever else it is shown. */
static int has_cancelled_record(const json_t *records, const char *verify_id, apr_pool_t *pool)
{
    for (size_t i = 0; i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        const char *id = dygw_douyin_verify_id(record, pool);

        if (id && strcmp(id, verify_id) == 0 && is_cancelled(record)) {
            return 1;
        }
    }
    return 0;
}

static int is_seen(const apr_array_header_t *verifies, const char *verify_id)
{
    for (int i = 0; i < verifies->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(verifies, i, dygw_seen_verify_t).verify_id, verify_id) == 0) {
            return 1;
        }
    }
    return 0;
}

static void read_verify(apr_array_header_t *verifies, const json_t *verify, const json_t *records,
                        apr_pool_t *pool)
{
    const char *id = dygw_douyin_verify_id(verify, pool);
    dygw_seen_verify_t *seen;

    if (!id || is_cancelled(verify) || has_cancelled_record(records, id, pool)
        || is_seen(verifies, id)) {
        return;
    }
    seen = apr_array_push(verifies);
    seen->verify_id = id;
    seen->verify_time = dygw_time_from_douyin(dygw_json_int(verify, "verify_time", 0));
    seen->verify_type = verify_type_of(verify);
    seen->poi_id = dygw_json_id(verify, "poi_id", pool);
    seen->serial = dygw_douyin_read_times(verify, "times_card_serial_num");
    seen->can_cancel = can_cancel(verify);
}

static apr_array_header_t *read_verifies(const json_t *item, apr_pool_t *pool)
{
    apr_array_header_t *verifies = apr_array_make(pool, 1, sizeof(dygw_seen_verify_t));
    const json_t *records = json_object_get(item, "verify_records");

    read_verify(verifies, json_object_get(item, "verify"), records, pool);
    for (size_t i = 0; i < json_array_size(records); i++) {
        read_verify(verifies, json_array_get(records, i), records, pool);
    }
    return verifies;
}

/* --- coupons --- */

static apr_int64_t common_amount_of_use(const json_t *card)
{
    const json_t *list = json_object_get(card, "serial_amount_list");
    apr_int64_t common = -1;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *amount = json_object_get(json_array_get(list, i), "amount");
        apr_int64_t pay_amount = dygw_json_int(amount, "pay_amount", -1);

        if (pay_amount < 0 || (i > 0 && pay_amount != common)) {
            return -1;
        }
        common = pay_amount;
    }
    return common;
}

static void read_coupon(apr_array_header_t *coupons, const json_t *item, apr_pool_t *pool)
{
    const json_t *card = json_object_get(item, "time_card");
    dygw_seen_coupon_t *coupon;

    if (json_object_size(item) == 0) {
        return;
    }
    coupon = apr_array_push(coupons);
    dygw_douyin_read_certificate(&coupon->certificate, item, pool);
    coupon->verifies = read_verifies(item, pool);
    coupon->amount_of_use = common_amount_of_use(card);
    coupon->times_count = dygw_douyin_read_times(card, "times_count");
    coupon->times_used = dygw_douyin_read_times(card, "times_used");
}

static dygw_coupons_reply_t *make_coupons_reply(const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_coupons_reply_t *seen = apr_palloc(pool, sizeof(*seen));

    seen->reply = *reply;
    seen->coupons = apr_array_make(pool, 1, sizeof(dygw_seen_coupon_t));
    return seen;
}

/* Tells what the clocks may differ by. Between our request and its answer, Douyin's clock was at
 * the date, or up to a second later. */
static void tell_clocks(const dygw_coupons_reply_t *seen)
{
    const dygw_reply_t *reply = &seen->reply;
    dygw_ms_t least = reply->date - reply->ended_at;
    int known = reply->date != DYGW_NO_TIME && least > -NONSENSE_MS && least < NONSENSE_MS;
    dygw_ms_t most = known ? least + SECOND_MS + reply->took / 1000 : CLOCKS_MS;

    least = known ? least : -CLOCKS_MS;
    for (int i = 0; i < seen->coupons->nelts; i++) {
        const apr_array_header_t *verifies
            = APR_ARRAY_IDX(seen->coupons, i, dygw_seen_coupon_t).verifies;

        for (int n = 0; n < verifies->nelts; n++) {
            APR_ARRAY_IDX(verifies, n, dygw_seen_verify_t).ahead_least = least;
            APR_ARRAY_IDX(verifies, n, dygw_seen_verify_t).ahead_most = most;
        }
    }
}

/* --- get --- */

void dygw_douyin_put_get(const dygw_question_t *question, dygw_douyin_call_t *call,
                         apr_pool_t *pool)
{
    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_OTHER,
                                  .counted_as = DYGW_UPSTREAM_GET,
                                  .name = "get",
                                  .account_id = question->account_id };
    call->target = apr_pstrcat(
        pool, DYGW_PATH_OF_CERTIFICATES "get/?encrypted_code=",
        apr_pescape_urlencoded(pool, question->encrypted_code),
        dygw_douyin_argument("account_id", dygw_douyin_named_account(question), pool), NULL);
}

dygw_coupons_reply_t *dygw_douyin_read_get(const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_coupons_reply_t *seen = make_coupons_reply(reply, pool);
    int strange;

    if (reply->kind == DYGW_REPLY_OK) {
        read_coupon(seen->coupons,
                    dygw_douyin_copy(reply->data, "certificate", JSON_OBJECT, &strange, pool),
                    pool);
        seen->reply.kind = seen->coupons->nelts == 1 ? DYGW_REPLY_OK : DYGW_REPLY_GARBLED;
        tell_clocks(seen);
    }
    return seen;
}

/* --- query --- */

void dygw_douyin_put_query(const dygw_question_t *question, dygw_douyin_call_t *call,
                           apr_pool_t *pool)
{
    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_OTHER,
                                  .counted_as = DYGW_UPSTREAM_QUERY,
                                  .name = "query",
                                  .account_id = question->account_id };
    call->target = apr_pstrcat(
        pool, DYGW_PATH_OF_CERTIFICATES "query/?order_id=",
        apr_pescape_urlencoded(pool, question->order_id),
        dygw_douyin_argument("account_id", dygw_douyin_named_account(question), pool), NULL);
}

dygw_coupons_reply_t *dygw_douyin_read_query(const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_coupons_reply_t *seen = make_coupons_reply(reply, pool);
    int strange;
    const json_t *list = dygw_douyin_copy(reply->data, "certificates", JSON_ARRAY, &strange, pool);

    if (reply->kind != DYGW_REPLY_OK) {
        return seen;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        read_coupon(seen->coupons, json_array_get(list, i), pool);
    }
    tell_clocks(seen);
    /* Absent, null and [] all mean that there is none. */
    if (!list && strange) {
        seen->reply.kind = DYGW_REPLY_GARBLED;
    }
    return seen;
}

/* --- either, for who waits --- */

dygw_coupons_reply_t *dygw_douyin_look(dygw_douyin_t *douyin, const dygw_question_t *question,
                                       const char *access_token, const dygw_log_t *log,
                                       apr_pool_t *pool)
{
    const int by_order = question->what == DYGW_QUESTION_QUERY;
    dygw_douyin_call_t call;
    dygw_reply_t reply;

    if (by_order) {
        dygw_douyin_put_query(question, &call, pool);
    }
    else {
        dygw_douyin_put_get(question, &call, pool);
    }
    call.access_token = access_token;
    call.patience = question->patience;
    dygw_douyin_call(douyin, &call, &reply, log, pool);
    return by_order ? dygw_douyin_read_query(&reply, pool) : dygw_douyin_read_get(&reply, pool);
}
