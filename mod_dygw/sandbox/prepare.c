/* SPDX-License-Identifier: Apache-2.0
 * The call prepare: the usable coupons of an order, and the verify_token to verify them with.
 * serve.c calls it. */
#include "sandbox/caller.h"
#include "sandbox/certificate.h"
#include "sandbox/handlers.h"
#include "sandbox/records/change.h"
#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"

/* The usable coupons of an order, and the number of the new verify_token. */
typedef struct usable_t {
    apr_uint32_t order;
    apr_uint32_t token;
    apr_uint32_t coupon;   /* whose code was given; NONE: the order's link was */
    apr_int64_t refusal;   /* what stands in the way of all of them; 0: nothing */
    const char *its_words; /* NULL: the usual ones of that code */
    int count;
    dygw_sandbox_snapshot_t coupons[DYGW_SANDBOX_ORDER_COUPONS];
} usable_t;

typedef enum { NO_ORDER, ORDER_OF_OTHERS, ORDER_BLOCKED, ORDER_TAKEN } taken_e;

/* Finds what keeps a coupon from being listed. Of a link: whatever the first such coupon has. */
static void look_at_block(usable_t *usable, apr_uint32_t index)
{
    const dygw_sandbox_coupon_t *coupon = dygw_sandbox_coupon(index);
    const int by_code = usable->coupon == index;

    if (usable->refusal || (usable->coupon != DYGW_SANDBOX_NONE && !by_code)) {
        return;
    }
    usable->refusal = dygw_sandbox_code_of_block(coupon);
    if (coupon->block == DYGW_SANDBOX_BLOCK_NO_CODE && by_code) {
        usable->refusal = DYGW_SANDBOX_REFUSED;
        usable->its_words = "该券不可使用券码查询";
    }
    else if (coupon->block == DYGW_SANDBOX_BLOCK_QR_ENDED && !by_code) {
        usable->refusal = DYGW_SANDBOX_QR_ENDED;
    }
}

/* A link lists what is left beside coupons that are given away or ordered with. */
static int is_blocked(const usable_t *usable)
{
    return usable->refusal
           && (usable->coupon != DYGW_SANDBOX_NONE || usable->count == 0
               || usable->refusal == DYGW_SANDBOX_QR_ENDED);
}

/* Coupons with status 1 are, or of any status where the switch list_all says so; none that is given
 * away or ordered with. */
static int is_listed(const dygw_sandbox_call_t *call, const dygw_sandbox_coupon_t *coupon)
{
    return (call->switches.list_all || coupon->status == DYGW_SANDBOX_UNUSED)
           && dygw_sandbox_code_of_block(coupon) == 0;
}

/* Copies the coupons that are listed, and makes a new verify_token. ORDER_OF_OTHERS: the answer is
 * written. */
static taken_e take_usable(dygw_sandbox_call_t *call, usable_t *usable)
{
    dygw_sandbox_order_t *order;
    int may;

    dygw_sandbox_lock();
    order = dygw_sandbox_order(usable->order);
    may = dygw_sandbox_caller_may(call, order);
    if (order && may) {
        usable->token = ++order->verify_tokens;
        for (int i = 0; i < order->coupons; i++) {
            look_at_block(usable, order->first_coupon + i);
            if (is_listed(call, dygw_sandbox_coupon(order->first_coupon + i))) {
                dygw_sandbox_snapshot(order->first_coupon + i, NULL,
                                      &usable->coupons[usable->count++]);
            }
        }
    }
    dygw_sandbox_unlock();
    return !may                 ? ORDER_OF_OTHERS
           : !order             ? NO_ORDER
           : is_blocked(usable) ? ORDER_BLOCKED
                                : ORDER_TAKEN;
}

static void find_by_code(usable_t *usable, const char *code)
{
    const dygw_sandbox_coupon_t *coupon;

    dygw_sandbox_lock();
    usable->coupon = dygw_sandbox_code_index(code);
    coupon = dygw_sandbox_coupon(usable->coupon);
    usable->order = coupon ? coupon->order : DYGW_SANDBOX_NONE;
    dygw_sandbox_unlock();
}

static void write_usable(dygw_sandbox_call_t *call, const usable_t *usable)
{
    char verify_token[DYGW_SANDBOX_UUID_LEN + 1];
    char order_id[DYGW_SANDBOX_ID_LEN + 1];

    dygw_sandbox_verify_token(usable->order, usable->token, verify_token);
    dygw_sandbox_id(DYGW_SANDBOX_ID_ORDER, usable->order, order_id);
    dygw_sandbox_reply_begin(call);
    dygw_jsonw_string(&call->w, "verify_token", verify_token);
    dygw_jsonw_string(&call->w, "order_id", order_id);
    if (usable->count == 0) {
        dygw_sandbox_write_no_list(call, "certificates");
    }
    else {
        dygw_sandbox_begin_list(call, "certificates");
        for (int i = 0; i < usable->count; i++) {
            dygw_sandbox_write_certificate(call, NULL, &usable->coupons[i],
                                           DYGW_SANDBOX_IN_PREPARE);
        }
        dygw_jsonw_end_array(&call->w);
    }
    dygw_sandbox_reply_end(call);
}

void dygw_sandbox_prepare(dygw_sandbox_call_t *call)
{
    const char *encrypted_data = dygw_sandbox_param(call, "encrypted_data");
    const char *code = dygw_sandbox_param(call, "code");
    usable_t usable = { .coupon = DYGW_SANDBOX_NONE };
    taken_e taken;

    if (!encrypted_data && !code) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_NO_CODE, NULL);
        return;
    }
    if (encrypted_data) {
        usable.order = dygw_sandbox_cipher_index(DYGW_SANDBOX_CIPHER_ORDER, encrypted_data);
    }
    else {
        find_by_code(&usable, code);
    }
    taken = take_usable(call, &usable);
    if (taken == ORDER_TAKEN) {
        write_usable(call, &usable);
    }
    else if (taken == ORDER_OF_OTHERS) {
        return;
    }
    else if (taken == ORDER_BLOCKED) {
        dygw_sandbox_refuse(call, usable.refusal, usable.its_words);
    }
    else if (encrypted_data) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_REFUSED, "二维码参数不合法");
    }
    else {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_NOT_FOUND, NULL);
    }
}
