/* SPDX-License-Identifier: Apache-2.0
 * The order query: what was paid for an order and for each coupon of it. Douyin shows an order some
 * time after its coupons. (Douyin's page order.query/query.) And the after-sale orders of an order:
 * what became of a refund that was asked for after the redemption. (Page
 * groupon-refund/after-sale-order-detail.)
 *
 * Calls client.c. */
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "douyin/questions.h"
#include "util/json.h"

#define PATH            "/goodlife/v1/trade/order/query/"
#define AFTER_SALE_PATH "/goodlife/v1/akte/after_sale/order_detail/get/"
#define MAX_COUNT       1000000 /* coupons, and any number of a state: far over all; fits an int */

void dygw_douyin_put_order(const dygw_question_t *question, dygw_douyin_call_t *call,
                           apr_pool_t *pool)
{
    *call = (dygw_douyin_call_t){
        .what = DYGW_CALL_OTHER,
        .counted_as = DYGW_UPSTREAM_ORDER,
        .name = "order query",
        .account_id = question->account_id,
        .once = 1,
    };
    call->target
        = apr_pstrcat(pool, PATH "?page_num=1&page_size=10",
                      dygw_douyin_argument("account_id", dygw_douyin_named_account(question), pool),
                      dygw_douyin_argument("order_id", question->order_id, pool), NULL);
}

static apr_int64_t amount_of_order(const json_t *object, const char *key)
{
    apr_int64_t fen = dygw_json_int(object, key, -1);

    return fen < 0 ? -1 : fen;
}

static const char *text_of_order(const json_t *object, const char *key)
{
    const char *value = dygw_json_str(object, key);

    return value && *value ? value : NULL;
}

static dygw_ms_t time_of_order(const json_t *object, const char *key)
{
    return dygw_time_from_douyin(dygw_json_int(object, key, 0));
}

/* --- coupons --- */

/* The figures of one coupon; NULL where the order has figures as a whole only. */
static const json_t *figures_of_coupon(const json_t *order, const char *item_id, apr_pool_t *pool)
{
    const json_t *infos = json_object_get(order, "sub_order_amount_infos");

    for (size_t i = 0; item_id && i < json_array_size(infos); i++) {
        const json_t *info = json_array_get(infos, i);
        const char *id = dygw_json_id(info, "sub_order_id", pool);

        if (id && strcmp(id, item_id) == 0
            && dygw_json_int(info, "sub_order_type", 0) == DYGW_SUB_ORDER_TYPE_PRODUCT) {
            return info;
        }
    }
    return NULL;
}

static void read_coupons(apr_array_header_t *coupons, const json_t *order, apr_pool_t *pool)
{
    const json_t *list = json_object_get(order, "certificate");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        dygw_order_coupon_t *coupon;
        const json_t *figures;

        if (!json_is_object(item)) {
            continue;
        }
        coupon = apr_array_push(coupons);
        coupon->certificate_id = dygw_json_id(item, "certificate_id", pool);
        coupon->order_item_id = dygw_json_id(item, "order_item_id", pool);
        figures = figures_of_coupon(order, coupon->order_item_id, pool);
        coupon->pay_amount = amount_of_order(figures, "pay_amount");
        coupon->receipt_amount = amount_of_order(figures, "receipt_amount");
        coupon->discount_amount = amount_of_order(figures, "discount_amount");
    }
}

/* --- the order --- */

/* Under which name answers have it is not documented. */
static const char *ext_order_id(const json_t *order)
{
    static const char *const names[] = { "ext_order_id", "third_order_id", "out_order_no" };
    const char *id = NULL;

    for (apr_size_t i = 0; !id && i < sizeof names / sizeof *names; i++) {
        id = text_of_order(order, names[i]);
    }
    return id;
}

static int count_of_order(const json_t *order)
{
    apr_int64_t count = dygw_json_int(order, "count", 0);

    return count < 0 ? 0 : count > MAX_COUNT ? MAX_COUNT : (int)count;
}

/* Coupons of one order are of one product. */
static void read_product(dygw_order_reply_t *out, const json_t *order, apr_pool_t *pool)
{
    const json_t *product = json_array_get(json_object_get(order, "products"), 0);

    out->sku_id = dygw_json_id(order, "sku_id", pool);
    if (!out->sku_id) {
        out->sku_id = dygw_json_id(product, "sku_id", pool);
    }
    out->sku_name = text_of_order(order, "sku_name");
    out->product_id = dygw_json_id(product, "product_id", pool);
    out->product_name = text_of_order(product, "product_name");
}

/* order NULL: all of it is absent. */
static void read_order(dygw_order_reply_t *out, const json_t *order, apr_pool_t *pool)
{
    out->found = order != NULL;
    out->order_id = dygw_json_id(order, "order_id", pool);
    out->ext_order_id = ext_order_id(order);
    out->order_status = dygw_json_int(order, "order_status", -1);
    out->pay_amount = amount_of_order(order, "pay_amount");
    out->receipt_amount = amount_of_order(order, "receipt_amount");
    out->discount_amount = amount_of_order(order, "discount_amount");
    out->create_order_time = time_of_order(order, "create_order_time");
    out->pay_time = time_of_order(order, "pay_time");
    out->count = count_of_order(order);
    read_product(out, order, pool);
    read_coupons(out->coupons, order, pool);
}

/* The order that was asked for; one that names no id is it when it comes alone. */
static const json_t *pick_order(const json_t *orders, const char *order_id, apr_pool_t *pool)
{
    const json_t *first = json_array_get(orders, 0);

    for (size_t i = 0; i < json_array_size(orders); i++) {
        const json_t *order = json_array_get(orders, i);
        const char *id = dygw_json_id(order, "order_id", pool);

        if (id && strcmp(id, order_id) == 0) {
            return order;
        }
    }
    return json_array_size(orders) == 1 && json_object_size(first) > 0
                   && !dygw_json_id(first, "order_id", pool)
               ? first
               : NULL;
}

dygw_order_reply_t *dygw_douyin_read_order(const dygw_question_t *question,
                                           const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_order_reply_t *out = apr_pcalloc(pool, sizeof(*out));
    const json_t *orders = json_object_get(reply->data, "orders");
    int answered = reply->kind == DYGW_REPLY_OK;

    out->reply = *reply;
    out->coupons = apr_array_make(pool, 1, sizeof(dygw_order_coupon_t));
    read_order(out, answered ? pick_order(orders, question->order_id, pool) : NULL, pool);
    if (answered && orders && !json_is_null(orders) && !json_is_array(orders)) {
        out->reply.kind = DYGW_REPLY_GARBLED;
    }
    return out;
}

/* --- after-sale orders --- */

void dygw_douyin_put_after_sale(const dygw_question_t *question, dygw_douyin_call_t *call,
                                apr_pool_t *pool)
{
    const char *account = dygw_douyin_named_account(question);

    *call = (dygw_douyin_call_t){
        .what = DYGW_CALL_OTHER,
        .counted_as = DYGW_UPSTREAM_AFTER_SALE,
        .name = "after-sale order",
        .account_id = question->account_id,
        .once = 1,
    };
    call->target = apr_pstrcat(
        pool, AFTER_SALE_PATH "?order_id=", apr_pescape_urlencoded(pool, question->order_id),
        dygw_douyin_argument("certificate_id", question->certificate_id, pool),
        dygw_douyin_argument("account_id", account, pool), NULL);
}

/* A refund as far as it tells which is the newest: a coupon may have several, one after the other.
 */
typedef struct refund_t {
    dygw_ms_t asked_at; /* DYGW_NO_TIME when absent */
    const char *id;     /* of its after-sale order; NULL when absent. Later ones are greater */
    int status;
} refund_t;

static int refund_is_newer(const refund_t *a, const refund_t *b)
{
    if (a->asked_at != b->asked_at) {
        return a->asked_at > b->asked_at;
    }
    if (!a->id || !b->id || strlen(a->id) != strlen(b->id)) {
        return a->id && (!b->id || strlen(a->id) > strlen(b->id));
    }
    return strcmp(a->id, b->id) > 0;
}

/* Its number; one that no int holds is none. */
static int refund_status_of(const json_t *info)
{
    const apr_int64_t status = dygw_json_int(info, "refund_status", DYGW_REFUND_UNSAID);

    return status >= 0 && status <= MAX_COUNT ? (int)status : DYGW_REFUND_UNSAID;
}

/* The newest of the coupon's refunds in one after-sale order that is newer than *newest. */
static void read_refunds(const json_t *order, const char *certificate_id, refund_t *newest,
                         apr_pool_t *pool)
{
    const json_t *infos = json_object_get(order, "refund_info_list");
    const apr_int64_t created = dygw_json_int(order, "create_time", 0);

    for (size_t i = 0; i < json_array_size(infos); i++) {
        const json_t *info = json_array_get(infos, i);
        const char *id = dygw_json_id(info, "certificate_id", pool);
        const refund_t refund = {
            dygw_time_from_douyin(dygw_json_int(info, "apply_time", created)),
            dygw_json_id(order, "after_sale_id", pool),
            refund_status_of(info),
        };

        if (id && strcmp(id, certificate_id) == 0 && refund.status != DYGW_REFUND_UNSAID
            && (newest->status == DYGW_REFUND_UNSAID || refund_is_newer(&refund, newest))) {
            *newest = refund;
        }
    }
}

dygw_after_sale_reply_t *dygw_douyin_read_after_sale(const dygw_question_t *question,
                                                     const dygw_reply_t *reply, apr_pool_t *pool)
{
    dygw_after_sale_reply_t *out = apr_pcalloc(pool, sizeof(*out));
    const json_t *orders = json_object_get(reply->data, "after_sale_order_list");
    refund_t newest = { DYGW_NO_TIME, NULL, DYGW_REFUND_UNSAID };

    out->reply = *reply;
    for (size_t i = 0; reply->kind == DYGW_REPLY_OK && i < json_array_size(orders); i++) {
        read_refunds(json_array_get(orders, i), question->certificate_id, &newest, pool);
    }
    out->refund_status = newest.status;
    if (reply->kind == DYGW_REPLY_OK && orders && !json_is_null(orders) && !json_is_array(orders)) {
        out->reply.kind = DYGW_REPLY_GARBLED;
    }
    return out;
}
