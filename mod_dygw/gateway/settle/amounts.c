/* SPDX-License-Identifier: Apache-2.0
 * Which part of an order's money belongs to one verification. An order has coupons, and a times
 * card has uses; a verification is about one coupon, or about one use. */
#include "gateway/settle/amounts.h"

#include <string.h>

/* Which part of the order v is: the use number `use` of `uses`, of the coupon number `coupon` of
 * `coupons`. Numbers begin at 0. */
typedef struct place_t {
    int coupon;
    int coupons;
    int use;
    int uses;
    const dygw_order_coupon_t *figures; /* of this coupon; NULL: the order does not list it */
} place_t;

apr_int64_t dygw_amounts_share(apr_int64_t total, apr_int64_t parts, apr_int64_t position)
{
    return total / parts + (position < total % parts ? 1 : 0);
}

static int max_of(int a, int b)
{
    return a > b ? a : b;
}

static int coupon_index_of(const dygw_order_reply_t *order, const char *certificate_id)
{
    int i;

    for (i = 0; certificate_id && i < order->coupons->nelts; i++) {
        const char *id = APR_ARRAY_IDX(order->coupons, i, dygw_order_coupon_t).certificate_id;

        if (id && strcmp(id, certificate_id) == 0) {
            return i;
        }
    }
    return -1;
}

static int use_serial_of(const dygw_seen_coupon_t *coupon, const char *verify_id)
{
    int i;

    for (i = 0; verify_id && i < coupon->verifies->nelts; i++) {
        const dygw_seen_verify_t *seen = &APR_ARRAY_IDX(coupon->verifies, i, dygw_seen_verify_t);

        if (strcmp(seen->verify_id, verify_id) == 0) {
            return seen->serial;
        }
    }
    return 0;
}

/* If Douyin does not number the use, the uses of one request are taken to be the first ones, in
 * order. */
static void find_use(place_t *place, const dygw_verification_t *v, const dygw_seen_coupon_t *coupon)
{
    int serial = use_serial_of(coupon, v->verify_id);

    place->use = serial > 0 ? serial - 1 : v->item_no;
    place->uses = max_of(coupon->times_count, place->use + 1);
}

/* If Douyin's order does not list the coupon, the coupons are numbered in the order of the
 * request. */
static void find_coupon(place_t *place, const dygw_verification_t *v,
                        const dygw_order_reply_t *order, int is_times_card)
{
    int index = coupon_index_of(order, v->certificate_id);
    int guess = is_times_card ? 0 : v->item_no;

    place->coupon = index >= 0 ? index : guess;
    place->coupons = max_of(max_of(order->count, order->coupons->nelts), place->coupon + 1);
    if (index >= 0) {
        place->figures = &APR_ARRAY_IDX(order->coupons, index, dygw_order_coupon_t);
    }
}

static place_t find_place(const dygw_verification_t *v, const dygw_order_reply_t *order,
                          const dygw_seen_coupon_t *coupon)
{
    place_t place = { 0, 1, 0, 1, NULL };
    int is_times_card = coupon && (coupon->times_count > 0 || coupon->certificate.is_times_card);

    if (is_times_card) {
        find_use(&place, v, coupon);
    }
    if (order) {
        find_coupon(&place, v, order, is_times_card);
    }
    return place;
}

/* Returns v's share of the coupon's amount, else of the order's amount. An amount below 0 is
 * absent; DYGW_NO_INT: both are. */
static apr_int64_t amount_of(const place_t *place, apr_int64_t of_coupon, apr_int64_t of_order)
{
    if (of_coupon >= 0) {
        return dygw_amounts_share(of_coupon, place->uses, place->use);
    }
    if (of_order >= 0) {
        apr_int64_t uses = place->uses; /* uses of all coupons together may be more than an int
                                         * holds */

        return dygw_amounts_share(of_order, place->coupons * uses,
                                  place->coupon * uses + place->use);
    }
    return DYGW_NO_INT;
}

static apr_int64_t paid_for(const place_t *place, const dygw_order_reply_t *order,
                            const dygw_seen_coupon_t *coupon)
{
    apr_int64_t of_coupon = place->figures ? place->figures->pay_amount : -1;

    if (coupon && coupon->amount_of_use >= 0) {
        return coupon->amount_of_use;
    }
    if (of_coupon < 0 && coupon) {
        of_coupon = coupon->certificate.pay_amount;
    }
    return amount_of(place, of_coupon, order ? order->pay_amount : -1);
}

void dygw_amounts_fill(dygw_verification_t *v, const dygw_order_reply_t *order,
                       const dygw_seen_coupon_t *coupon)
{
    place_t place = find_place(v, order, coupon);
    const dygw_order_coupon_t *own = place.figures;

    if (v->pay_amount == DYGW_NO_INT) {
        v->pay_amount = paid_for(&place, order, coupon);
    }
    if (order && v->receipt_amount == DYGW_NO_INT) {
        v->receipt_amount
            = amount_of(&place, own ? own->receipt_amount : -1, order->receipt_amount);
    }
    if (order && v->discount_amount == DYGW_NO_INT) {
        v->discount_amount
            = amount_of(&place, own ? own->discount_amount : -1, order->discount_amount);
    }
}
