/* SPDX-License-Identifier: Apache-2.0
 * The call settle/ledger/query_record_by_cert: what the merchant is to get for coupons, a line for
 * each use of them, some time after it. Coupons without a line are left out, and so are those of
 * another account. serve.c calls it.
 *
 * The amounts are made up, and agree with each other: of what was paid the platform takes 2.5 %
 * (0.6 % of it for the payment), the talent 3 % and the agent 0.5 %. With the switch
 * ledger_two_lines a use has two lines, as that of a voucher for several products has. */
#include <string.h>

#include <apr_strings.h>

#include "sandbox/caller.h"
#include "sandbox/certificate.h"
#include "sandbox/handlers.h"
#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"

#define COUPONS_MAX 50 /* Douyin's own limit */
#define FIRST_SHARE 60 /* per cent of a use that the first of two lines has */

enum { LINE_VOID = 4 }; /* Douyin's status */

/* One line: so many per cent of a use, from so many on. */
typedef struct ledger_line_t {
    const dygw_sandbox_snapshot_t *coupon;
    const dygw_sandbox_recorded_t *record;
    int number; /* from 1 */
    int from, to;
} ledger_line_t;

/* What is of the line of an amount of the coupon: the parts of all lines and uses add up to it. */
static apr_int64_t share_of_line(const ledger_line_t *line, apr_int64_t amount)
{
    const int times = line->coupon->order.times;
    const int use = line->record->verification.serial - 1;
    const apr_int64_t of_use = amount * (use + 1) / times - amount * use / times;

    return of_use * line->to / 100 - of_use * line->from / 100;
}

/* --- writing --- */

static void write_fen(const dygw_sandbox_call_t *call, dygw_jsonw_t *w, const char *key,
                      apr_int64_t fen)
{
    if (call->switches.ledger_text) {
        dygw_jsonw_string(w, key, apr_psprintf(call->pool, "%" APR_INT64_T_FMT, fen));
    }
    else {
        dygw_jsonw_int(w, key, fen);
    }
}

static void write_paid(dygw_sandbox_call_t *call, const ledger_line_t *line)
{
    const dygw_sandbox_order_t *order = &line->coupon->order;
    const apr_int64_t original = share_of_line(line, order->original_amount);
    const apr_int64_t pay = share_of_line(line, order->pay_amount);
    dygw_jsonw_t *w = &call->w;

    write_fen(call, w, "original", original);
    write_fen(call, w, "pay", pay);
    write_fen(call, w, "pay_discount", 0);
    write_fen(call, w, "merchant_ticket", original - pay);
    write_fen(call, w, "ledger_total", pay);
    if (!call->switches.ledger_hides_platform) {
        write_fen(call, w, "total_operation_agent", 0);
    }
}

static void write_goes(dygw_sandbox_call_t *call, const ledger_line_t *line)
{
    const apr_int64_t pay = share_of_line(line, line->coupon->order.pay_amount);
    const apr_int64_t platform = pay * 25 / 1000;
    const apr_int64_t talent = pay * 30 / 1000;
    const apr_int64_t agent = pay * 5 / 1000;
    dygw_jsonw_t *w = &call->w;

    write_fen(call, w, "goods", pay - platform - talent - agent);
    write_fen(call, w, "pay_handling", pay * 6 / 1000);
    if (!call->switches.ledger_hides_platform) {
        write_fen(call, w, "total_merchant_platform_service", platform);
        write_fen(call, w, "talent_commission", talent);
        write_fen(call, w, "total_agent_merchant", agent);
    }
}

/* As the page's sample has the two maps, or as its table has them. */
static void write_amounts(dygw_sandbox_call_t *call, const ledger_line_t *line)
{
    dygw_jsonw_t *w = &call->w;

    dygw_jsonw_object(w, "amount");
    if (call->switches.ledger_shape == DYGW_SANDBOX_LEDGER_NESTED) {
        dygw_jsonw_object(w, "amount");
        write_paid(call, line);
        dygw_jsonw_end_object(w);
    }
    else {
        write_paid(call, line);
        dygw_jsonw_end_object(w);
    }
    dygw_jsonw_object(w, "fund_amount");
    write_goes(call, line);
    dygw_jsonw_end_object(w);
    if (call->switches.ledger_shape == DYGW_SANDBOX_LEDGER_NESTED) {
        dygw_jsonw_end_object(w);
    }
}

static void write_line(dygw_sandbox_call_t *call, const ledger_line_t *line)
{
    const dygw_sandbox_verification_t *v = &line->record->verification;
    const int is_void = v->cancelled_at != DYGW_NO_TIME;
    dygw_jsonw_t *w = &call->w;
    char id[DYGW_SANDBOX_ID_LEN + 1];

    dygw_sandbox_id(DYGW_SANDBOX_ID_VERIFY, line->record->index, id);
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_string(w, "cursor", id);
    dygw_jsonw_string(w, "ledger_id", apr_psprintf(call->pool, "%s%d", id, line->number));
    dygw_jsonw_string(w, "verify_id", id);
    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, line->coupon->index, id);
    dygw_jsonw_string(w, "certificate_id", id);
    dygw_sandbox_id(DYGW_SANDBOX_ID_ORDER, line->coupon->coupon.order, id);
    dygw_jsonw_string(w, "order_id", id);
    dygw_jsonw_int(w, "verify_time", v->at / 1000);
    dygw_jsonw_int(w, "status", is_void ? LINE_VOID : call->switches.ledger_status);
    dygw_sandbox_code(line->coupon->index, id);
    dygw_jsonw_string(w, "code", id);
    dygw_jsonw_bool(w, "is_mall_store", 0);
    dygw_sandbox_write_sku(w, "sku", &line->coupon->order);
    write_amounts(call, line);
    dygw_jsonw_end_object(w);
}

/* Nothing of a use that is too recent, or was cancelled before it had a line. */
static int has_line(const dygw_sandbox_call_t *call, const dygw_sandbox_verification_t *v)
{
    const dygw_ms_t made = v->at + call->switches.ledger_delay_ms;

    return call->began >= made && (v->cancelled_at == DYGW_NO_TIME || v->cancelled_at >= made);
}

static void write_lines_of(dygw_sandbox_call_t *call, const dygw_sandbox_snapshot_t *coupon)
{
    const int is_double = call->switches.ledger_two_lines;

    for (int i = coupon->records->nelts - 1; i >= 0; i--) { /* oldest first */
        const dygw_sandbox_recorded_t *record
            = &APR_ARRAY_IDX(coupon->records, i, const dygw_sandbox_recorded_t);
        const int middle = is_double ? FIRST_SHARE : 100;

        if (has_line(call, &record->verification)) {
            write_line(call, &(ledger_line_t){ coupon, record, 1, 0, middle });
        }
        if (is_double && has_line(call, &record->verification)) {
            write_line(call, &(ledger_line_t){ coupon, record, 2, middle, 100 });
        }
    }
}

/* --- reading --- */

/* Whether the call may see the coupon; one that nobody has authorised for it looks as one that was
 * not redeemed. The caller holds the lock. */
static int may_see(const dygw_sandbox_call_t *call, apr_uint32_t coupon)
{
    const dygw_sandbox_order_t *order
        = coupon == DYGW_SANDBOX_NONE || !dygw_sandbox_coupon(coupon)
              ? NULL
              : dygw_sandbox_order(dygw_sandbox_coupon(coupon)->order);

    return order && dygw_sandbox_caller_owns(call, order)
           && dygw_sandbox_order_account(order)->authorised;
}

/* The ids of a list with commas; NULL: there are none, or too many. */
static apr_array_header_t *read_ids(dygw_sandbox_call_t *call)
{
    const char *list = dygw_sandbox_param(call, "certificate_ids");
    apr_array_header_t *ids = apr_array_make(call->pool, COUPONS_MAX, sizeof(const char *));
    char *rest = apr_pstrdup(call->pool, list ? list : "");
    char *state;

    for (char *id = apr_strtok(rest, ",", &state); id; id = apr_strtok(NULL, ",", &state)) {
        APR_ARRAY_PUSH(ids, const char *) = id;
    }
    return ids->nelts > 0 && ids->nelts <= COUPONS_MAX ? ids : NULL;
}

void dygw_sandbox_ledger(dygw_sandbox_call_t *call)
{
    const apr_array_header_t *ids = read_ids(call);
    apr_array_header_t *coupons
        = apr_array_make(call->pool, COUPONS_MAX, sizeof(dygw_sandbox_snapshot_t));

    if (!ids) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_BAD_ARGUMENT, NULL);
        return;
    }
    dygw_sandbox_lock();
    for (int i = 0; i < ids->nelts; i++) {
        const apr_uint32_t coupon = dygw_sandbox_id_index(DYGW_SANDBOX_ID_CERTIFICATE,
                                                          APR_ARRAY_IDX(ids, i, const char *));

        if (may_see(call, coupon)) {
            dygw_sandbox_snapshot(coupon, call->pool, apr_array_push(coupons));
        }
    }
    dygw_sandbox_unlock();
    dygw_sandbox_reply_begin(call);
    dygw_sandbox_begin_list(call, "records");
    for (int i = 0; i < coupons->nelts; i++) {
        write_lines_of(call, &APR_ARRAY_IDX(coupons, i, const dygw_sandbox_snapshot_t));
    }
    dygw_jsonw_end_array(&call->w);
    dygw_sandbox_reply_end(call);
}
