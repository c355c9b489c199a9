/* SPDX-License-Identifier: Apache-2.0
 * The call trade/order/query: one order, or the orders of a range of time, the newest first, in
 * pages. serve.c calls it. */
#include <string.h>

#include "sandbox/caller.h"
#include "sandbox/certificate.h"
#include "sandbox/handlers.h"
#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"

#define PAGE_SIZE_MAX 100
#define ITEM_ID_END   "40082000"
#define ITEM_ID_LEN   (DYGW_SANDBOX_ID_LEN + (int)sizeof ITEM_ID_END - 1)
#define REACH_MAX     10000 /* page_num * page_size; beyond it only cursor works */

/* Which orders are asked for, and those that are found. */
typedef struct order_page_t {
    apr_int64_t num, size;
    apr_int64_t from, to; /* ms, of creation; `to` is included; 0: no limit */
    apr_int64_t status;   /* -1: any */
    apr_uint32_t before;  /* the cursor: only orders with a lower index */
    apr_int64_t skip;
    apr_int64_t total;
    int count;
    apr_uint32_t order[PAGE_SIZE_MAX];
} order_page_t;

/* Douyin's order_status. */
enum { ORDER_DONE = 1, ORDER_CLOSED = 101, ORDER_TO_BE_USED = 201 };

/* Douyin's sub_order_type. */
enum { SUB_ORDER_PRODUCT = 100 };
/* Douyin's item_status. */
enum { ITEM_TO_BE_USED = 100, ITEM_REFUNDING = 300, ITEM_REFUNDED = 301, ITEM_FULFILLED = 401 };

/* Returns the status of a coupon as its order shows it. With the switch order_delay_ms, the order
 * shows a verification only after that time. */
static int item_status(const dygw_sandbox_call_t *call, apr_uint32_t index)
{
    static const int by_status[]
        = { ITEM_TO_BE_USED, ITEM_TO_BE_USED, ITEM_FULFILLED, ITEM_REFUNDING,
            ITEM_REFUNDED,   ITEM_TO_BE_USED, ITEM_REFUNDING };
    const int status = dygw_sandbox_coupon(index)->status;
    apr_uint32_t latest;

    if (status != DYGW_SANDBOX_USED || call->switches.order_delay_ms == 0) {
        return by_status[status];
    }
    latest = dygw_sandbox_latest(index);
    if (latest != DYGW_SANDBOX_NONE
        && call->began < dygw_sandbox_verification(latest)->at + call->switches.order_delay_ms) {
        return ITEM_TO_BE_USED;
    }
    return ITEM_FULFILLED;
}

static int order_status(const dygw_sandbox_call_t *call, const dygw_sandbox_order_t *order)
{
    int open = 0, done = 0;

    for (int i = 0; i < order->coupons; i++) {
        const int status = item_status(call, order->first_coupon + (apr_uint32_t)i);

        open += status == ITEM_TO_BE_USED || status == ITEM_REFUNDING;
        done += status == ITEM_FULFILLED;
    }
    return open ? ORDER_TO_BE_USED : done ? ORDER_DONE : ORDER_CLOSED;
}

static int is_order_visible(const dygw_sandbox_call_t *call, const dygw_sandbox_order_t *order)
{
    return order && dygw_sandbox_caller_owns(call, order)
           && call->began >= order->created + order->visible_after;
}

/* --- writing: the lock is held, for the orders of one page --- */

/* The id of an item is the certificate_id of its coupon, with more digits. */
static void item_id(apr_uint32_t coupon, char *id)
{
    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, coupon, id);
    memcpy(id + DYGW_SANDBOX_ID_LEN, ITEM_ID_END, sizeof ITEM_ID_END);
}

static void write_order_items(dygw_sandbox_call_t *call, const dygw_sandbox_order_t *order)
{
    dygw_jsonw_t *w = &call->w;
    char id[ITEM_ID_LEN + 1];

    dygw_jsonw_array(w, "certificate");
    for (int i = 0; i < order->coupons; i++) {
        const apr_uint32_t index = order->first_coupon + (apr_uint32_t)i;
        const int status = item_status(call, index);

        dygw_jsonw_object(w, NULL);
        dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, index, id);
        dygw_jsonw_string(w, "certificate_id", id);
        item_id(index, id);
        dygw_jsonw_string(w, "order_item_id", id);
        dygw_jsonw_int(w, "item_status", status);
        dygw_jsonw_int(w, "item_update_time", order->changed / 1000);
        dygw_jsonw_int(w, "refund_amount", status == ITEM_REFUNDED ? order->pay_amount : 0);
        dygw_jsonw_int(w, "refund_time", status == ITEM_REFUNDED ? order->changed / 1000 : 0);
        dygw_jsonw_end_object(w);
    }
    dygw_jsonw_end_array(w);
}

static void write_order_amounts(dygw_jsonw_t *w, const dygw_sandbox_order_t *order)
{
    const apr_int64_t original = (apr_int64_t)order->original_amount * order->coupons;
    const apr_int64_t pay = (apr_int64_t)order->pay_amount * order->coupons;

    dygw_jsonw_int(w, "original_amount", original);
    dygw_jsonw_int(w, "pay_amount", pay);
    dygw_jsonw_int(w, "discount_amount", original - pay);
    dygw_jsonw_int(w, "receipt_amount", order->receipt_amount);
    dygw_jsonw_int(w, "payment_discount", 0);
}

/* Writes the amounts of each coupon of the order. The last coupon also has what cannot be divided
 * equally. */
static void write_sub_orders(dygw_jsonw_t *w, const dygw_sandbox_order_t *order)
{
    const int receipt = order->receipt_amount / order->coupons;
    char id[ITEM_ID_LEN + 1];

    dygw_jsonw_array(w, "sub_order_amount_infos");
    for (int i = 0; i < order->coupons; i++) {
        const int is_last = i == order->coupons - 1;

        item_id(order->first_coupon + (apr_uint32_t)i, id);
        dygw_jsonw_object(w, NULL);
        dygw_jsonw_string(w, "sub_order_id", id);
        dygw_jsonw_int(w, "sub_order_type", SUB_ORDER_PRODUCT);
        dygw_jsonw_int(w, "origin_amount", order->original_amount);
        dygw_jsonw_int(w, "discount_amount", order->original_amount - order->pay_amount);
        dygw_jsonw_int(w, "pay_amount", order->pay_amount);
        dygw_jsonw_int(w, "receipt_amount",
                       receipt + (is_last ? order->receipt_amount % order->coupons : 0));
        dygw_jsonw_end_object(w);
    }
    dygw_jsonw_end_array(w);
}

static void write_order_product(dygw_jsonw_t *w, const dygw_sandbox_order_t *order)
{
    dygw_jsonw_array(w, "products");
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_string(w, "product_id", dygw_sandbox_sku_id(order));
    dygw_jsonw_string(w, "product_name", dygw_sandbox_sku_name(order));
    dygw_jsonw_string(w, "sku_id", dygw_sandbox_sku_id(order));
    dygw_jsonw_int(w, "num", order->coupons);
    dygw_jsonw_end_object(w);
    dygw_jsonw_end_array(w);
}

static void write_order(dygw_sandbox_call_t *call, apr_uint32_t index)
{
    const dygw_sandbox_order_t *order = dygw_sandbox_order(index);
    dygw_jsonw_t *w = &call->w;
    char id[DYGW_SANDBOX_ID_LEN + 1];

    dygw_jsonw_object(w, NULL);
    dygw_sandbox_id(DYGW_SANDBOX_ID_ORDER, index, id);
    dygw_jsonw_string(w, "order_id", id);
    dygw_jsonw_int(w, "order_status", order_status(call, order));
    dygw_jsonw_int(w, "order_type", order->kind == DYGW_SANDBOX_TIMES_CARD ? 51 : 21);
    dygw_jsonw_int(w, "count", order->coupons);
    write_order_amounts(w, order);
    if (call->switches.sub_order_amounts) {
        write_sub_orders(w, order);
    }
    dygw_jsonw_string(w, "sku_id", dygw_sandbox_sku_id(order));
    dygw_jsonw_string(w, "sku_name", dygw_sandbox_sku_name(order));
    dygw_jsonw_string(w, "third_sku_id", "");
    dygw_jsonw_int(w, "create_order_time", order->created / 1000);
    dygw_jsonw_int(w, "pay_time", order->created / 1000);
    dygw_jsonw_int(w, "update_order_time", order->changed / 1000);
    write_order_items(call, order);
    dygw_jsonw_array(w, "contacts");
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_string(w, "name", "");
    dygw_jsonw_string(w, "phone", "");
    dygw_jsonw_end_object(w);
    dygw_jsonw_end_array(w);
    write_order_product(w, order);
    dygw_jsonw_end_object(w);
}

static void write_orders_page(dygw_sandbox_call_t *call, const order_page_t *page)
{
    dygw_jsonw_t *w = &call->w;
    char id[DYGW_SANDBOX_ID_LEN + 1];

    dygw_sandbox_reply_begin(call);
    dygw_jsonw_array(w, "orders");
    for (int i = 0; i < page->count; i++) {
        write_order(call, page->order[i]);
    }
    dygw_jsonw_end_array(w);
    dygw_jsonw_object(w, "page");
    dygw_jsonw_int(w, "page_num", page->num);
    dygw_jsonw_int(w, "page_size", page->size);
    dygw_jsonw_int(w, "total", page->total);
    dygw_jsonw_end_object(w);
    dygw_jsonw_object(w, "search_after");
    dygw_jsonw_int(w, "Size", page->count);
    dygw_jsonw_array(w, "CursorValue");
    if (page->count) {
        dygw_sandbox_id(DYGW_SANDBOX_ID_ORDER, page->order[page->count - 1], id);
        dygw_jsonw_string(w, NULL, id);
    }
    dygw_jsonw_end_array(w);
    dygw_jsonw_end_object(w);
}

/* --- choosing --- */

/* Counts an order query. Returns 0 where there were as many as the limit in the last second. */
static int may_ask_orders(const dygw_sandbox_call_t *call)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();
    const apr_uint32_t limit = (apr_uint32_t)call->switches.order_qps;
    const apr_uint32_t n = s->order_queries;

    if (limit && n >= limit
        && s->order_queried[(n - limit) % DYGW_SANDBOX_QPS_MAX] > call->began - 1000) {
        return 0;
    }
    s->order_queried[n % DYGW_SANDBOX_QPS_MAX] = call->began;
    s->order_queries++;
    return 1;
}

static int order_fits(const dygw_sandbox_call_t *call, const order_page_t *page,
                      const dygw_sandbox_order_t *order)
{
    return is_order_visible(call, order) && order->created >= page->from
           && (page->to == 0 || order->created <= page->to)
           && (page->status < 0 || page->status == order_status(call, order));
}

static void collect_orders(const dygw_sandbox_call_t *call, order_page_t *page)
{
    apr_uint32_t i = dygw_sandbox_state()->orders;

    while (i > 0 && dygw_sandbox_order(i - 1)->created >= page->from) {
        i--;
        if (!order_fits(call, page, dygw_sandbox_order(i))) {
            continue;
        }
        page->total++;
        if (i < page->before && page->skip-- <= 0 && page->count < page->size) {
            page->order[page->count++] = i;
        }
    }
}

static void answer_orders(dygw_sandbox_call_t *call, order_page_t *page)
{
    const char *order_id = dygw_sandbox_param(call, "order_id");
    const apr_uint32_t index = dygw_sandbox_id_index(DYGW_SANDBOX_ID_ORDER, order_id);

    if (!may_ask_orders(call)) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_TOO_OFTEN, NULL);
        return;
    }
    if (!order_id) {
        collect_orders(call, page);
    }
    else if (is_order_visible(call, dygw_sandbox_order(index))) {
        page->order[page->count++] = index;
        page->total = 1;
    }
    else if (call->switches.unknown_order == DYGW_SANDBOX_ORDER_REFUSED) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_NO_ORDER, NULL);
        return;
    }
    write_orders_page(call, page);
    dygw_sandbox_reply_end(call);
}

/* Reads the request. Returns 0 where the call is refused; then the answer is written. */
static int read_orders_query(dygw_sandbox_call_t *call, order_page_t *page)
{
    const char *cursor = dygw_sandbox_param(call, "cursor");

    memset(page, 0, sizeof *page);
    page->num = dygw_sandbox_param_int(call, "page_num", -1);
    page->size = dygw_sandbox_param_int(call, "page_size", -1);
    page->status = dygw_sandbox_param_int(call, "order_status", -1);
    page->from = dygw_sandbox_param_int(call, "create_order_start_time", 0) * 1000;
    page->to = dygw_sandbox_param_int(call, "create_order_end_time", 0) * 1000;
    page->before
        = cursor ? dygw_sandbox_id_index(DYGW_SANDBOX_ID_ORDER, cursor) : DYGW_SANDBOX_NONE;
    if (!dygw_sandbox_param(call, "account_id") || page->num < 1 || page->size < 1
        || page->size > PAGE_SIZE_MAX || page->from < 0 || page->to < 0
        || (cursor && page->before == DYGW_SANDBOX_NONE)) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_BAD_ARGUMENT, NULL);
        return 0;
    }
    if (!cursor && page->num * page->size > REACH_MAX) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_USE_CURSOR, NULL);
        return 0;
    }
    page->skip = cursor ? 0 : (page->num - 1) * page->size;
    return 1;
}

void dygw_sandbox_orders(dygw_sandbox_call_t *call)
{
    order_page_t page;

    if (read_orders_query(call, &page)) {
        dygw_sandbox_lock();
        answer_orders(call, &page);
        dygw_sandbox_unlock();
    }
}
