/* SPDX-License-Identifier: Apache-2.0
 * What Douyin's answers make of verifications. */
#include "gateway/record.h"

#include <string.h>

#include <apr_strings.h>

#include "douyin/codes.h"
#include "gateway/reasons.h"
#include "util/json.h"
#include "util/jsonw.h"

#define CANCEL_WINDOW_MS APR_INT64_C(3600000) /* Douyin: cancel within one hour of the verify */
#define FIRST_REPEAT_MS  5000                 /* Douyin: repeat an unclear verify after 5 s */
#define REST_MS          40000                /* the same when a quota at Douyin is used up */
#define MEMBER_ROOM      64                   /* more bytes than embedding an answer adds */

dygw_verification_t *dygw_record_new(const dygw_redeem_request_t *request, apr_pool_t *pool)
{
    dygw_verification_t *v = apr_palloc(pool, sizeof(*v));

    dygw_verification_init(v);
    v->app_id = request->app_id;
    v->app_name = request->app_name;
    v->poi_id = request->poi_id;
    v->store = request->store;
    v->account_id = request->account_id;
    v->mode = request->mode;
    v->operator_name = request->operator_name;
    v->device = request->device;
    v->ext_order_id = request->ext_order_id;
    v->request_id = request->request_id;
    v->item_count = 1;
    v->created_at = v->updated_at = dygw_now();
    return v;
}

void dygw_record_set_certificate(dygw_verification_t *v, const dygw_certificate_t *certificate)
{
    v->encrypted_code = certificate->encrypted_code;
    v->certificate_id = certificate->certificate_id;
    v->expire_time = certificate->expire_time;
    v->sku_id = certificate->sku_id;
    v->sku_name = certificate->sku_name;
    v->product_id = certificate->product_id;
    v->product_name = certificate->sku_name; /* prepare names the product by its SKU's title */
    v->coupon_status = DYGW_COUPON_UNUSED;
    /* The amount paid for a times card was paid for all of its uses. */
    if (certificate->pay_amount >= 0 && !certificate->is_times_card) {
        v->pay_amount = certificate->pay_amount;
    }
}

void dygw_record_error(dygw_verification_t *v, apr_int64_t error_code, const char *description)
{
    v->error_code = error_code;
    v->error_description = description;
    dygw_reason_record(v);
}

void dygw_record_fail(dygw_verification_t *v, apr_int64_t error_code, const char *description)
{
    v->verify_status = DYGW_FAILED;
    dygw_record_error(v, error_code, description);
    v->coupon_status = DYGW_COUPON_UNKNOWN;
    v->enrichment_status = DYGW_ENRICH_SKIPPED;
    v->lease_until = 0;
    v->next_run_at = DYGW_NO_TIME;
}

void dygw_record_stay_open(dygw_verification_t *v)
{
    v->lease_until = 0;
    v->next_run_at = v->updated_at + FIRST_REPEAT_MS;
}

static dygw_coupon_status_e coupon_status_after(const dygw_verify_item_t *item, int times_left)
{
    if (times_left == DYGW_TIMES_LEFT_UNKNOWN) {
        /* An answer has an amount only for a use of a times card; whether uses remain is then not
         * known. */
        return item->pay_amount >= 0 ? DYGW_COUPON_UNKNOWN : DYGW_COUPON_USED;
    }
    return times_left > 0 ? DYGW_COUPON_UNUSED : DYGW_COUPON_USED;
}

/* Sets what every success has, in whatever way it became known. The code that was typed for several
 * coupons is the number of one of them at most: of a redeemed one Douyin tells its own, or nobody
 * knows it. What is refused keeps the typed one, to be found by it. */
static void record_success(dygw_verification_t *v, dygw_confirmed_by_e by, const char *verify_id,
                           dygw_ms_t verify_time)
{
    v->origin_code = v->item_no == 0 ? v->origin_code : NULL;
    v->verify_status = DYGW_SUCCESS;
    dygw_record_error(v, 0, NULL);
    v->confirmed_by = by;
    v->verify_id = verify_id;
    v->verify_time = verify_time;
    v->cancelable_until = verify_time + CANCEL_WINDOW_MS;
    v->enrichment_status = DYGW_ENRICH_PENDING;
    v->lease_until = 0;
    v->next_run_at = v->updated_at;
}

static void record_verify_item(dygw_verification_t *v, const dygw_verify_item_t *item)
{
    v->certificate_id = item->certificate_id ? item->certificate_id : v->certificate_id;
    v->origin_code = item->origin_code ? item->origin_code : v->origin_code;
    v->order_id = v->order_id ? v->order_id : item->order_id;
    v->source_order_id = item->order_id;
    v->product_id = item->product_id ? item->product_id : v->product_id;
    if (item->pay_amount >= 0) {
        v->pay_amount = item->pay_amount;
    }
}

void dygw_record_review(dygw_verification_t *v)
{
    v->reason = NULL; /* whatever it waited for before */
    if (v->review_since == DYGW_NO_TIME) {
        v->review_since = dygw_now();
    }
}

static void record_success_by_response(dygw_verification_t *v, const dygw_verify_item_t *item,
                                       int times_left)
{
    record_success(v, DYGW_BY_RESPONSE, item->verify_id, v->updated_at);
    record_verify_item(v, item);
    v->coupon_status = coupon_status_after(item, times_left);
}

/* Whether the first of two verify calls may have redeemed the coupon, or taken the last use of a
 * times card, so that the second was refused. */
static int refusal_may_be_our_doing(const dygw_verification_t *v, const dygw_verify_item_t *item)
{
    return v->attempts > 1 && (item->already || dygw_douyin_item_is_used_up(item));
}

/* Puts the next repetition off where Douyin will be busy for longer than seconds. */
static void record_rest(dygw_verification_t *v, int wants_rest)
{
    if (v->verify_status == DYGW_PROCESSING && wants_rest) {
        v->next_run_at = v->updated_at + REST_MS;
    }
}

void dygw_record_apply_item(dygw_verification_t *v, const dygw_verify_item_t *item, int times_left)
{
    switch (item->kind) {
    case DYGW_REPLY_OK:
        record_success_by_response(v, item, times_left);
        break;
    case DYGW_REPLY_COUPON:
        if (refusal_may_be_our_doing(v, item)) {
            dygw_record_stay_open(v);
        }
        else {
            dygw_record_fail(v, item->result, item->msg);
        }
        break;
    case DYGW_REPLY_REVIEW:
        dygw_record_review(v);
        dygw_record_stay_open(v);
        break;
    default:
        dygw_record_stay_open(v);
        dygw_reason_record_wait(v, item->result, item->msg);
    }
    record_rest(v, dygw_douyin_item_wants_rest(item));
}

void dygw_record_apply_reply(dygw_verification_t *v, const dygw_reply_t *reply)
{
    switch (reply->kind) {
    case DYGW_REPLY_COUPON:
        if (v->attempts > 1) {
            dygw_record_stay_open(v);
        }
        else {
            dygw_record_fail(v, reply->error_code, reply->description);
        }
        break;
    case DYGW_REPLY_REVIEW:
        dygw_record_review(v);
        dygw_record_stay_open(v);
        break;
    default:
        dygw_record_stay_open(v);
        dygw_reason_record_wait(v, reply->error_code, reply->description);
    }
    record_rest(v, dygw_douyin_reply_wants_rest(reply));
}

/* Returns {"call":raw}, with the members of `before` (NULL: no members) in front. */
static const char *response_with(const char *before, const char *call, const dygw_reply_t *reply,
                                 apr_pool_t *pool)
{
    struct iovec parts[3];
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, reply->raw_len + MEMBER_ROOM);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_raw(&w, call, reply->raw, reply->raw_len);
    dygw_jsonw_end_object(&w);
    if (!before) {
        return w.text;
    }
    parts[0] = (struct iovec){ (void *)before, strlen(before) - 1 }; /* no closing brace */
    parts[1] = (struct iovec){ (void *)",", 1 };
    parts[2] = (struct iovec){ w.text + 1, w.len - 1 }; /* no opening brace */
    return apr_pstrcatv(pool, parts, 3, NULL);
}

void dygw_record_add_response(dygw_verification_t *const *verifications, int count,
                              const char *call, const dygw_reply_t *reply, apr_pool_t *pool)
{
    const char *text;
    int i;

    if (!reply->raw || !reply->data) {
        return; /* the answer is no JSON */
    }
    text = response_with(verifications[0]->douyin_response, call, reply, pool);
    for (i = 0; i < count; i++) {
        verifications[i]->douyin_response = text;
    }
}

/* --- for the background --- */

/* Returns the comma or brace behind the value at s. The text is valid JSON. */
static const char *json_after_value(const char *s)
{
    int depth = 0;

    while (*s && (depth > 0 || (*s != ',' && *s != '}'))) {
        if (*s == '"') {
            s = dygw_json_after_string(s);
            continue;
        }
        depth += *s == '{' || *s == '[';
        depth -= *s == '}' || *s == ']';
        s++;
    }
    return s;
}

/* Returns the JSON object `text` without the member `call`; NULL when it has no other member. */
static const char *response_without(const char *text, const char *call, apr_pool_t *pool)
{
    apr_size_t len = strlen(call);
    const char *s = text + 1;

    while (*s == '"') {
        const char *colon = dygw_json_after_string(s);
        const char *end = json_after_value(colon + 1);

        if ((apr_size_t)(colon - s) == len + 2 && memcmp(s + 1, call, len) == 0) {
            if (*end == ',') {
                return apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(s - text)),
                                   end + 1, NULL);
            }
            return s == text + 1
                       ? NULL /* the last member: the comma before it goes, too */
                       : apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(s - 1 - text)),
                                     "}", NULL);
        }
        s = *end == ',' ? end + 1 : end;
    }
    return text;
}

void dygw_record_replace_response(dygw_verification_t *v, const char *call,
                                  const dygw_reply_t *reply, apr_pool_t *pool)
{
    if (reply->raw && reply->data && v->douyin_response) {
        v->douyin_response = response_without(v->douyin_response, call, pool);
    }
    dygw_record_add_response(&v, 1, call, reply, pool);
}

static dygw_coupon_status_e coupon_status_seen(const dygw_seen_coupon_t *seen)
{
    static const dygw_coupon_status_e statuses[] = {
        [DYGW_CERTIFICATE_INITIAL] = DYGW_COUPON_INITIAL,
        [DYGW_CERTIFICATE_UNUSED] = DYGW_COUPON_UNUSED,
        [DYGW_CERTIFICATE_USED] = DYGW_COUPON_USED,
        [DYGW_CERTIFICATE_REFUND_REQUESTED] = DYGW_COUPON_REFUND_REQUESTED,
        [DYGW_CERTIFICATE_REFUNDED] = DYGW_COUPON_REFUNDED,
        [DYGW_CERTIFICATE_REFUND_FAILED] = DYGW_COUPON_REFUND_FAILED,
        [DYGW_CERTIFICATE_REFUNDING] = DYGW_COUPON_REFUNDING,
    };
    int status = seen->certificate.status;

    return status >= DYGW_CERTIFICATE_INITIAL && status <= DYGW_CERTIFICATE_REFUNDING
               ? statuses[status]
               : DYGW_COUPON_UNKNOWN;
}

void dygw_record_look(dygw_verification_t *v, const dygw_seen_coupon_t *seen)
{
    if (coupon_status_seen(seen) != DYGW_COUPON_UNKNOWN) {
        v->coupon_status = coupon_status_seen(seen);
    }
    if (seen->certificate.certificate_id) {
        v->certificate_id = seen->certificate.certificate_id;
    }
    v->verify_records_count = seen->verifies->nelts;
}

void dygw_record_seen(dygw_verification_t *v, const dygw_seen_coupon_t *seen,
                      const dygw_seen_verify_t *verify, dygw_confirmed_by_e by)
{
    v->updated_at = dygw_now();
    record_success(v, by, verify->verify_id,
                   verify->verify_time == DYGW_NO_TIME ? v->updated_at : verify->verify_time);
    dygw_record_look(v, seen);
    if (verify->can_cancel == 0 && v->cancelable_until > v->updated_at) {
        v->cancelable_until = v->updated_at;
    }
    if (seen->amount_of_use >= 0) {
        v->pay_amount = seen->amount_of_use;
    }
}

/* Returns when Douyin redeemed the coupon: as Douyin showed that redemption, else now, by this
 * repetition. */
static dygw_ms_t verify_time_seen(const dygw_seen_coupon_t *seen, const char *verify_id,
                                  dygw_ms_t now)
{
    int i;

    for (i = 0; seen && verify_id && i < seen->verifies->nelts; i++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(seen->verifies, i, dygw_seen_verify_t);

        if (strcmp(verify->verify_id, verify_id) == 0 && verify->verify_time != DYGW_NO_TIME) {
            return verify->verify_time;
        }
    }
    return now;
}

void dygw_record_replayed(dygw_verification_t *v, const dygw_verify_item_t *item,
                          const dygw_seen_coupon_t *seen)
{
    v->updated_at = dygw_now();
    record_success(v, DYGW_BY_REPLAY, item->verify_id,
                   verify_time_seen(seen, item->verify_id, v->updated_at));
    record_verify_item(v, item);
    /* `seen` shows a times card as it was before: enrichment finds out how many uses are left. */
    v->coupon_status = coupon_status_after(item, DYGW_TIMES_LEFT_UNKNOWN);
}

static const char *reply_class_text(dygw_reply_class_e kind)
{
    switch (kind) {
    case DYGW_REPLY_TIMEOUT:
        return "no answer in time";
    case DYGW_REPLY_UNREACHABLE:
        return "no connection";
    case DYGW_REPLY_GARBLED:
        return "an answer that cannot be understood";
    case DYGW_REPLY_LOST:
        return "the connection broke";
    default:
        return "nothing that tells";
    }
}

const char *dygw_record_trouble(dygw_question_e call, const dygw_reply_t *reply, apr_pool_t *pool)
{
    static const char *const names[] = {
        [DYGW_QUESTION_GET] = "certificate/get",
        [DYGW_QUESTION_QUERY] = "certificate/query",
        [DYGW_QUESTION_VERIFY] = "certificate/verify",
        [DYGW_QUESTION_CANCEL] = "certificate/cancel",
        [DYGW_QUESTION_ORDER] = "order/query",
        [DYGW_QUESTION_RECORDS] = "verify_record/query",
        [DYGW_QUESTION_STORES] = "poi/query",
        [DYGW_QUESTION_LEDGER] = "settle/ledger",
        [DYGW_QUESTION_AFTER_SALE] = "after_sale/order_detail",
    };

    _Static_assert(sizeof names / sizeof *names == DYGW_QUESTIONS, "each question has a name");

    if (reply->error_code != 0) {
        return apr_pstrcat(pool, names[call], ": error_code ",
                           dygw_douyin_refusal_text(reply->error_code, reply->account_id, pool),
                           NULL);
    }
    if (reply->http_status != 0 && reply->http_status != 200) {
        return apr_psprintf(pool, "%s: HTTP status %d", names[call], reply->http_status);
    }
    return apr_pstrcat(pool, names[call], ": ", reply_class_text(reply->kind), NULL);
}
