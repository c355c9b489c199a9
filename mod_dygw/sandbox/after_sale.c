/* SPDX-License-Identifier: Apache-2.0
 * Refunds that customers ask for after the redemption: the call akte/after_sale/order_detail/get,
 * and the request "after_sale" of the control interface, in which customer, merchant and Douyin do
 * what they do. serve.c and control.c call this file. */
#include <string.h>

#include <apr_strings.h>

#include "sandbox/caller.h"
#include "sandbox/handlers.h"
#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"
#include "util/json.h"

#define SALE_ID_LEN  20
#define MESSAGE_SIZE 1024

/* Douyin's refund_status. */
enum {
    SALE_WAITING = 10,
    SALE_AGREED = 20,
    SALE_REFUSED = 25,
    SALE_ARBITRATION = 30,
    SALE_WITHDRAWN = 40,
    SALE_REFUNDED = 50,
    SALE_FAILED = 59
};

/* The status of a coupon while its customer wants his money back, and afterwards. */
enum {
    COUPON_REFUND_REQUESTED = 3,
    COUPON_REFUNDED = 4,
    COUPON_REFUND_FAILED = 5,
    COUPON_REFUNDING = 6
};

static void sale_id(int index, char *id)
{
    apr_snprintf(id, SALE_ID_LEN + 1, "7600000000%09d", index + 1);
}

/* Whether the customer wants back all that was paid. */
static int is_whole(const dygw_sandbox_sale_t *sale)
{
    return sale->amount >= dygw_sandbox_order(dygw_sandbox_coupon(sale->coupon)->order)->pay_amount;
}

/* --- Douyin's call --- */

static void write_refund(dygw_sandbox_call_t *call, const dygw_sandbox_sale_t *sale)
{
    dygw_jsonw_t *w = &call->w;
    char id[DYGW_SANDBOX_ID_LEN + 1];

    dygw_jsonw_array(w, "refund_info_list");
    dygw_jsonw_object(w, NULL);
    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, sale->coupon, id);
    dygw_jsonw_string(w, "certificate_id", id);
    dygw_jsonw_int(w, "refund_status", sale->refund_status);
    dygw_jsonw_bool(w, "is_verified", 1);
    dygw_jsonw_int(w, "refund_amount", sale->amount);
    dygw_jsonw_int(w, "apply_time", sale->asked_at);
    dygw_jsonw_end_object(w);
    dygw_jsonw_end_array(w);
}

static void write_sale(dygw_sandbox_call_t *call, int index)
{
    const dygw_sandbox_sale_t *sale = &dygw_sandbox_state()->sale[index];
    const dygw_sandbox_order_t *order
        = dygw_sandbox_order(dygw_sandbox_coupon(sale->coupon)->order);
    const char *account = dygw_sandbox_order_account(order)->id;
    dygw_jsonw_t *w = &call->w;
    char id[SALE_ID_LEN + 1];

    sale_id(index, id);
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_string(w, "after_sale_id", id);
    dygw_jsonw_int(w, "status", 1);
    dygw_jsonw_string(w, "order_id", sale->order_id);
    dygw_jsonw_int(w, "refund_amount", sale->amount);
    dygw_jsonw_int(w, "real_refund_amount",
                   sale->refund_status == SALE_REFUNDED ? sale->amount : 0);
    if (account[strspn(account, "0123456789")] == '\0') {
        dygw_jsonw_raw(w, "merchant_account_id", account, strlen(account));
    }
    dygw_jsonw_int(w, "create_time", sale->asked_at / 1000);
    dygw_jsonw_int(w, "update_time", sale->changed_at / 1000);
    dygw_jsonw_object(w, "reason");
    dygw_jsonw_string(w, "desc", sale->words);
    dygw_jsonw_end_object(w);
    write_refund(call, sale);
    dygw_jsonw_end_object(w);
}

static int sale_fits(const dygw_sandbox_call_t *call, const dygw_sandbox_sale_t *sale)
{
    const char *certificate_id = dygw_sandbox_param(call, "certificate_id");
    char id[DYGW_SANDBOX_ID_LEN + 1];

    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, sale->coupon, id);
    return strcmp(sale->order_id, dygw_sandbox_param(call, "order_id")) == 0
           && (!certificate_id || strcmp(certificate_id, id) == 0)
           && dygw_sandbox_caller_owns(
               call, dygw_sandbox_order(dygw_sandbox_coupon(sale->coupon)->order));
}

void dygw_sandbox_after_sale(dygw_sandbox_call_t *call)
{
    const dygw_sandbox_state_t *s = dygw_sandbox_state();

    if (call->switches.no_after_sale_permission) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_NO_PERMISSION, NULL);
        return;
    }
    if (!dygw_sandbox_param(call, "order_id") || !dygw_sandbox_param(call, "account_id")) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_BAD_ARGUMENT, NULL);
        return;
    }
    dygw_sandbox_reply_begin(call);
    dygw_jsonw_bool(&call->w, "has_more", 0);
    dygw_jsonw_array(&call->w, "after_sale_order_list");
    dygw_sandbox_lock();
    for (int i = s->sales - 1; i >= 0; i--) {
        if (sale_fits(call, &s->sale[i])) {
            write_sale(call, i);
        }
    }
    dygw_sandbox_unlock();
    dygw_jsonw_end_array(&call->w);
    dygw_sandbox_reply_end(call);
}

/* --- what happens --- */

/* What somebody does, the refund_status before which it is possible (0: any that is not ended), and
 * what becomes of the refund and of its coupon (0: as it is). */
static const struct {
    const char *word;
    int before;
    int refund_status;
    int coupon_status;
} acts[] = {
    { "agree", 0, SALE_AGREED, COUPON_REFUNDING },
    { "refuse", 0, SALE_REFUSED, DYGW_SANDBOX_USED },
    { "withdraw", 0, SALE_WITHDRAWN, DYGW_SANDBOX_USED },
    { "arbitrate", SALE_REFUSED, SALE_ARBITRATION, COUPON_REFUND_REQUESTED },
    { "refund", 0, SALE_REFUNDED, COUPON_REFUNDED },
    { "fail", SALE_AGREED, SALE_FAILED, COUPON_REFUND_FAILED },
};

/* A times card keeps its status; so does a coupon of which a part is paid back, in the end. */
static void set_coupon_of(const dygw_sandbox_sale_t *sale, int status)
{
    dygw_sandbox_coupon_t *coupon = dygw_sandbox_coupon(sale->coupon);

    if (dygw_sandbox_order(coupon->order)->kind != DYGW_SANDBOX_TIMES_CARD) {
        dygw_sandbox_set_status(
            coupon, status == COUPON_REFUNDED && !is_whole(sale) ? DYGW_SANDBOX_USED : status);
    }
}

/* Returns the last refund of a coupon; NULL: none. */
static dygw_sandbox_sale_t *last_sale(apr_uint32_t coupon)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();
    int i = s->sales;

    while (--i >= 0 && s->sale[i].coupon != coupon) {}
    return i >= 0 ? &s->sale[i] : NULL;
}

static const char *apply_for_refund(const dygw_sandbox_control_t *control, apr_uint32_t coupon)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();
    const apr_uint32_t order = dygw_sandbox_coupon(coupon)->order;
    const char *order_id = dygw_json_str(control->body, "order_id");
    const char *words = dygw_json_str(control->body, "words");
    dygw_sandbox_sale_t *sale = &s->sale[s->sales];

    if (dygw_sandbox_coupon(coupon)->used == 0) {
        return "the coupon is not redeemed";
    }
    if (s->sales == DYGW_SANDBOX_SALES) {
        return "there is no room for another refund";
    }
    s->sales++;
    sale->coupon = coupon;
    sale->asked_at = sale->changed_at = dygw_now();
    sale->amount = (apr_int32_t)dygw_json_int(control->body, "amount",
                                              dygw_sandbox_order(order)->pay_amount);
    sale->refund_status = SALE_WAITING;
    dygw_sandbox_id(DYGW_SANDBOX_ID_ORDER, order, sale->order_id);
    if (order_id) {
        apr_cpystrn(sale->order_id, order_id, sizeof sale->order_id);
    }
    apr_cpystrn(sale->words, words ? words : "", sizeof sale->words);
    set_coupon_of(sale, COUPON_REFUND_REQUESTED);
    return NULL;
}

/* Does what the request says. Returns NULL, or what is wrong. The caller holds the lock. */
static const char *act_on_refund(const dygw_sandbox_control_t *control, apr_uint32_t coupon)
{
    const char *word = dygw_json_str(control->body, "do");
    dygw_sandbox_sale_t *sale = last_sale(coupon);

    if (word && strcmp(word, "apply") == 0) {
        return apply_for_refund(control, coupon);
    }
    for (size_t i = 0; word && i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(word, acts[i].word) != 0) {
            continue;
        }
        if (!sale || sale->refund_status == SALE_REFUNDED || sale->refund_status == SALE_WITHDRAWN
            || (acts[i].before && sale->refund_status != acts[i].before)) {
            return "the refund is not as far";
        }
        sale->refund_status = acts[i].refund_status;
        sale->changed_at = dygw_now();
        set_coupon_of(sale, acts[i].coupon_status);
        return NULL;
    }
    return "do is apply, agree, refuse, withdraw, arbitrate, refund or fail";
}

/* --- Douyin's messages --- */

static void write_message_id(dygw_jsonw_t *w, const char *key, const char *id, int as_number)
{
    if (as_number) {
        dygw_jsonw_raw(w, key, id, strlen(id));
        return;
    }
    dygw_jsonw_string(w, key, id);
}

static void write_message_ids(dygw_jsonw_t *w, const dygw_sandbox_sale_t *sale, int as_number)
{
    const dygw_sandbox_order_t *order
        = dygw_sandbox_order(dygw_sandbox_coupon(sale->coupon)->order);
    char id[DYGW_SANDBOX_ID_LEN + 1];

    write_message_id(w, "account_id", dygw_sandbox_order_account(order)->id, as_number);
    write_message_id(w, "order_id", sale->order_id, as_number);
    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, sale->coupon, id);
    write_message_id(w, "certificate_id", id, as_number);
}

static void write_application(dygw_jsonw_t *w, const dygw_sandbox_sale_t *sale, int as_number)
{
    write_message_ids(w, sale, as_number);
    dygw_jsonw_int(w, "refund_amount", sale->amount);
    dygw_jsonw_int(w, "refund_time", sale->asked_at / 1000);
    dygw_jsonw_object(w, "apply_reason");
    dygw_jsonw_string(w, "additional_msg", sale->words);
    dygw_jsonw_end_object(w);
}

static void write_refund_success(dygw_jsonw_t *w, const dygw_sandbox_sale_t *sale, int as_number)
{
    dygw_jsonw_string(w, "action", "refund_success");
    dygw_jsonw_int(w, "msg_time", sale->changed_at / 1000);
    dygw_jsonw_object(w, "certificate");
    write_message_ids(w, sale, as_number);
    dygw_jsonw_end_object(w);
}

/* Returns the body of the message that Douyin sends now; NULL: it sends none. The sandbox does not
 * send it itself: it knows no address. ids: "number" or "string"; content: "object" or "text". */
static const char *message_of(const dygw_sandbox_control_t *control,
                              const dygw_sandbox_sale_t *sale)
{
    const char *ids = dygw_json_str(control->body, "ids");
    const char *as = dygw_json_str(control->body, "content");
    const int as_number = ids && strcmp(ids, "number") == 0;
    const int is_application = sale->refund_status == SALE_WAITING;
    dygw_jsonw_t content, w;

    if (!is_application && sale->refund_status != SALE_REFUNDED) {
        return NULL;
    }
    dygw_jsonw_init(&content, control->pool, MESSAGE_SIZE);
    dygw_jsonw_object(&content, NULL);
    (is_application ? write_application : write_refund_success)(&content, sale, as_number);
    dygw_jsonw_end_object(&content);
    dygw_jsonw_init(&w, control->pool, MESSAGE_SIZE);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_string(&w, "event",
                      is_application ? "life_hermes_akte_after_sale_audit"
                                     : "life_trade_certificate_notify");
    if (as && strcmp(as, "object") == 0) {
        dygw_jsonw_raw(&w, "content", content.text, content.len);
    }
    else {
        dygw_jsonw_string(&w, "content", content.text);
    }
    dygw_jsonw_end_object(&w);
    return w.text;
}

static apr_uint32_t coupon_of_sale(const dygw_sandbox_control_t *control)
{
    const char *code = dygw_json_str(control->body, "code");
    const apr_uint32_t coupon
        = code ? dygw_sandbox_code_index(code)
               : dygw_sandbox_id_index(DYGW_SANDBOX_ID_CERTIFICATE,
                                       dygw_json_str(control->body, "certificate_id"));

    return dygw_sandbox_coupon(coupon) ? coupon : DYGW_SANDBOX_NONE;
}

const char *dygw_sandbox_sale_change(dygw_sandbox_control_t *control)
{
    static const char *const known[]
        = { "code", "certificate_id", "do", "amount", "order_id", "words", "ids", "content", NULL };
    const char *problem = dygw_sandbox_unknown_key(control->body, known, control->pool);
    apr_uint32_t coupon;

    if (problem) {
        return problem;
    }
    dygw_sandbox_lock();
    coupon = coupon_of_sale(control);
    problem = coupon == DYGW_SANDBOX_NONE ? "no such coupon" : act_on_refund(control, coupon);
    if (!problem) {
        const dygw_sandbox_sale_t *sale = last_sale(coupon);

        dygw_jsonw_int(&control->w, "refund_status", sale->refund_status);
        dygw_jsonw_int(&control->w, "coupon_status", dygw_sandbox_coupon(coupon)->status);
        dygw_jsonw_string(&control->w, "order_id", sale->order_id);
        dygw_jsonw_string(&control->w, "message", message_of(control, sale));
    }
    dygw_sandbox_unlock();
    return problem;
}
