/* SPDX-License-Identifier: Apache-2.0
 * Certificates, which is Douyin's word for coupons: what each call shows of one; and get and query,
 * which also show how it was verified. Get gives times in milliseconds, the others in seconds. */
#include <limits.h>
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "douyin/client.h"
#include "util/compiler.h"
#include "util/json.h"

#define TIMES_CARD          3           /* sku.groupon_type */
#define MAX_TIMES           1000000     /* far over any card; fits an int */
#define TYPE_OPEN_PLATFORM  4           /* verify_type */
#define OPEN_PLATFORM       "开放平台API"    /* verifier_unique_id of the same */
#define RECORD_CANCELLED    2           /* status of a record */
#define CLOCKS_MS           120000      /* what Douyin's clock and ours may differ by, unsaid */
#define NONSENSE_MS         86400000    /* no difference of clocks, whatever the answer says */
#define SECOND_MS           1000        /* its clock is told in whole ones */

/* --- what every call shows --- */

/* Numbers that are for comparing only: what does not fit is as good as the largest. */
static int small(const json_t *object, const char *key, int fallback)
{
    apr_int64_t number = dygw_json_int(object, key, fallback);

    return number >= INT_MIN && number <= INT_MAX ? (int)number : INT_MAX;
}

static int times(const json_t *card, const char *key)
{
    apr_int64_t number = dygw_json_int(card, key, 0);

    return number < 0 ? 0 : number > MAX_TIMES ? MAX_TIMES : (int)number;
}

static void read_times(dygw_certificate_t *certificate, const json_t *item, const json_t *sku)
{
    const json_t *card = json_object_get(item, "time_card");
    int count = times(card, "times_count");
    int used = times(card, "times_used");

    certificate->is_times_card
        = count > 0 || dygw_json_int(sku, "groupon_type", 0) == TIMES_CARD;
    /* Listed without figures: it has a use left, how many more is unknown. */
    certificate->times_left = count == 0 ? 1 : count > used ? count - used : 0;
}

void dygw_douyin_read_certificate(dygw_certificate_t *certificate, const json_t *item,
                                  apr_pool_t *pool)
{
    const json_t *sku = json_object_get(item, "sku");
    const char *code = dygw_json_str(item, "encrypted_code");

    certificate->encrypted_code = code && *code ? code : NULL;
    certificate->certificate_id = dygw_json_id(item, "certificate_id", pool);
    certificate->status = small(item, "status", -1);
    certificate->expire_time = dygw_time_from_douyin(dygw_json_int(item, "expire_time", 0));
    certificate->sku_id = dygw_json_id(sku, "sku_id", pool);
    certificate->sku_name = dygw_json_str(sku, "title");
    certificate->product_id = dygw_json_id(sku, "product_id", pool);
    certificate->pay_amount = dygw_json_int(json_object_get(item, "amount"), "pay_amount", -1);
    read_times(certificate, item, sku);
}

/* --- verifications --- */

const char *dygw_douyin_verify_id(const json_t *verify, apr_pool_t *pool)
{
    const char *id = dygw_json_id(verify, "verify_id", pool);

    return id && strcmp(id, "0") != 0 ? id : NULL;
}

/* What Douyin leaves at "default" or out, the name of who verified may tell all the same. */
static int verify_type_of(const json_t *verify)
{
    int type = small(verify, "verify_type", -1);
    const char *who = dygw_json_str(verify, "verifier_unique_id");

    return type <= 0 && who && strcmp(who, OPEN_PLATFORM) == 0 ? TYPE_OPEN_PLATFORM : type;
}

static int can_cancel(const json_t *verify)
{
    const json_t *member = json_object_get(verify, "can_cancel");

    return json_is_boolean(member) ? json_is_true(member)
                                   : json_is_integer(member) ? json_integer_value(member) != 0 : -1;
}

static int is_cancelled(const json_t *record)
{
    return dygw_json_int(record, "cancel_time", 0) > 0
           || dygw_json_int(record, "status", 0) == RECORD_CANCELLED;
}

/* Whether the verification is known to be cancelled by its record, wherever else it is shown. */
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
    seen->serial = times(verify, "times_card_serial_num");
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

/* --- get and query --- */

static apr_int64_t amount_of_use(const json_t *card)
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
    coupon->amount_of_use = amount_of_use(card);
    coupon->times_count = times(card, "times_count");
    coupon->times_used = times(card, "times_used");
}

static dygw_coupons_reply_t *make_reply(const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_coupons_reply_t *seen = apr_palloc(pool, sizeof(*seen));

    seen->reply = *reply;
    seen->coupons = apr_array_make(pool, 1, sizeof(dygw_seen_coupon_t));
    return seen;
}

/* Between our request and its answer, Douyin's clock was at the date, or up to a second later. */
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

void dygw_douyin_put_get(DYGW_UNUSED const dygw_douyin_t *douyin, const dygw_question_t *question,
                         dygw_douyin_call_t *call, apr_pool_t *pool)
{
    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_OTHER, .counted_as = DYGW_UPSTREAM_GET,
                                  .name = "get" };
    call->target = apr_pstrcat(pool, DYGW_PATH_OF_CERTIFICATES "get/?encrypted_code=",
                               apr_pescape_urlencoded(pool, question->encrypted_code), NULL);
}

dygw_coupons_reply_t *dygw_douyin_read_get(const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_coupons_reply_t *seen = make_reply(reply, pool);
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

void dygw_douyin_put_query(DYGW_UNUSED const dygw_douyin_t *douyin,
                           const dygw_question_t *question, dygw_douyin_call_t *call,
                           apr_pool_t *pool)
{
    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_OTHER, .counted_as = DYGW_UPSTREAM_QUERY,
                                  .name = "query" };
    call->target = apr_pstrcat(pool, DYGW_PATH_OF_CERTIFICATES "query/?order_id=",
                               apr_pescape_urlencoded(pool, question->order_id), NULL);
}

dygw_coupons_reply_t *dygw_douyin_read_query(const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_coupons_reply_t *seen = make_reply(reply, pool);
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
