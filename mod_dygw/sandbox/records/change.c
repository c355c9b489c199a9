/* SPDX-License-Identifier: Apache-2.0
 * Verifies and cancels, after the texts of a request have become indexes. The caller always holds
 * the lock. This file uses the records only; the calls verify and cancel, the control interface and
 * the lock (call.c) use it. */
#include "sandbox/records/change.h"

#include <string.h>

#include <apr_strings.h>

#include "sandbox/records/codes.h"

/* Returns how often a coupon is among the first n coupons of a change. */
static int occurrences(const dygw_sandbox_change_t *change, int n, apr_uint32_t coupon)
{
    int found = 0;

    for (int i = 0; i < n; i++) {
        found += change->records[i] == coupon;
    }
    return found;
}

/* --- verify --- */

/* Why the terms of an order do not let it be redeemed now, in words to the catch-all; NULL: they
 * do. */
static const char *forbidden_by_terms(const dygw_sandbox_order_t *order, dygw_ms_t now)
{
    if (now < order->starts) {
        return "该券未到可使用时间";
    }
    return dygw_sandbox_terms_allow(&dygw_sandbox_state()->terms[order->terms], now)
               ? NULL
               : "该券当前时间不可使用,请查看使用规则";
}

apr_int64_t dygw_sandbox_code_of_block(const dygw_sandbox_coupon_t *coupon)
{
    return coupon->block == DYGW_SANDBOX_BLOCK_GIVEN_AWAY ? DYGW_SANDBOX_GIVEN_AWAY
           : coupon->block == DYGW_SANDBOX_BLOCK_ORDERING ? DYGW_SANDBOX_ORDERING
                                                          : 0;
}

/* Returns 0, or the code that says why the i-th coupon cannot be verified, after those before it
 * have been; *text: other words to it than the usual ones, or NULL. */
static apr_int64_t judge_code(const dygw_sandbox_change_t *change, int i, dygw_ms_t now,
                              const char **text)
{
    const dygw_sandbox_coupon_t *coupon = dygw_sandbox_coupon(change->records[i]);
    const dygw_sandbox_order_t *order = dygw_sandbox_order(coupon->order);

    *text = NULL;
    if (coupon->status == DYGW_SANDBOX_USED) {
        return DYGW_SANDBOX_ALREADY_VERIFIED;
    }
    if (coupon->status != DYGW_SANDBOX_UNUSED || now > order->expires) {
        return DYGW_SANDBOX_DEAD_COUPON;
    }
    if (dygw_sandbox_code_of_block(coupon) != 0) {
        return dygw_sandbox_code_of_block(coupon);
    }
    if (!dygw_sandbox_poi_fits(order, change->poi_id)) {
        return DYGW_SANDBOX_WRONG_STORE;
    }
    *text = forbidden_by_terms(order, now);
    if (*text) {
        return DYGW_SANDBOX_REFUSED;
    }
    if (coupon->used + occurrences(change, i, change->records[i]) >= order->times) {
        return order->kind == DYGW_SANDBOX_TIMES_CARD ? DYGW_SANDBOX_TIMES_USED_UP
                                                      : DYGW_SANDBOX_ALREADY_VERIFIED;
    }
    return 0;
}

/* Adds one use to a coupon. Returns the index of its verification, which is made from model. */
static apr_uint32_t use_coupon(apr_uint32_t index, dygw_sandbox_verification_t *model)
{
    dygw_sandbox_coupon_t *coupon = dygw_sandbox_coupon(index);
    const dygw_sandbox_order_t *order = dygw_sandbox_order(coupon->order);

    model->coupon = index;
    model->serial = ++coupon->used;
    model->cancelled_at = DYGW_NO_TIME;
    if (coupon->used > order->times) {
        dygw_sandbox_state()->double_redemptions++;
    }
    if (coupon->used >= order->times) {
        dygw_sandbox_set_status(coupon, DYGW_SANDBOX_USED);
    }
    return dygw_sandbox_verification_add(model);
}

static void fill_item(dygw_sandbox_item_t *item, apr_uint32_t index)
{
    item->result = 0;
    item->text = NULL;
    item->index = index;
    item->verification = *dygw_sandbox_verification(index);
}

/* Whether a verification was made with the verify_token of a change, and so short a time ago that
 * the token is not forgotten. */
static int token_stands_for(const dygw_sandbox_verification_t *v,
                            const dygw_sandbox_change_t *change, dygw_ms_t now)
{
    const int window = dygw_sandbox_state()->switches.token_window_ms;

    return v->token == change->token && (window == 0 || now - v->at <= window);
}

/* Returns the nth verification (from 0, the oldest) of a coupon that was made with the token of a
 * change; NONE: there is none. */
static apr_uint32_t made_by_token(const dygw_sandbox_change_t *change, apr_uint32_t coupon, int nth,
                                  dygw_ms_t now)
{
    apr_uint32_t found[DYGW_SANDBOX_CODES_MAX] = { 0 };
    apr_uint32_t i = dygw_sandbox_order(change->order)->last_verification;
    int n = 0;

    while (i != DYGW_SANDBOX_NONE) {
        const dygw_sandbox_verification_t *v = dygw_sandbox_verification(i);

        if (token_stands_for(v, change, now) && v->coupon == coupon && n < DYGW_SANDBOX_CODES_MAX) {
            found[n++] = i;
        }
        i = v->previous;
    }
    return nth < n ? found[n - 1 - nth] : DYGW_SANDBOX_NONE;
}

static void repeat_verify(const dygw_sandbox_change_t *change, dygw_ms_t now,
                          dygw_sandbox_outcome_t *outcome)
{
    dygw_sandbox_state()->verify_repeated++;
    for (int i = 0; i < change->count; i++) {
        const apr_uint32_t coupon = change->records[i];
        const apr_uint32_t made
            = made_by_token(change, coupon, occurrences(change, i, coupon), now);

        if (made != DYGW_SANDBOX_NONE) {
            fill_item(&outcome->items[i], made);
            continue;
        }
        outcome->items[i].result = judge_code(change, i, now, &outcome->items[i].text);
        if (outcome->items[i].result == 0) { /* a code refused before is refused again */
            outcome->items[i].result = DYGW_SANDBOX_DEAD_COUPON;
        }
    }
}

/* Judges all codes before any of them is used. Returns 0 where the whole call is refused. */
static int may_redeem(const dygw_sandbox_change_t *change, dygw_ms_t now,
                      dygw_sandbox_outcome_t *outcome)
{
    const dygw_sandbox_state_t *s = dygw_sandbox_state();

    if (s->verifications + (apr_uint32_t)change->count > s->verification_capacity) {
        outcome->error_code = DYGW_SANDBOX_BUSY;
        outcome->description = "sandbox: no room for another verification, reset it";
        return 0;
    }
    for (int i = 0; i < change->count; i++) {
        outcome->items[i].result = judge_code(change, i, now, &outcome->items[i].text);
        if (outcome->items[i].result != 0
            && outcome->items[i].result != DYGW_SANDBOX_ALREADY_VERIFIED
            && s->switches.refusal_level == DYGW_SANDBOX_REFUSE_DATA) {
            outcome->error_code = outcome->items[i].result;
            outcome->description = outcome->items[i].text;
            return 0;
        }
    }
    return 1;
}

static void redeem_codes(const dygw_sandbox_change_t *change, dygw_ms_t now,
                         dygw_sandbox_outcome_t *outcome)
{
    dygw_sandbox_verification_t model = {
        .at = now,
        .token = change->token,
        .request = change->request,
        .type = DYGW_SANDBOX_BY_API,
    };
    int applied = 0;

    if (!may_redeem(change, now, outcome)) {
        return;
    }
    memcpy(model.poi_id, change->poi_id, sizeof model.poi_id);
    for (int i = 0; i < change->count; i++) {
        if (outcome->items[i].result == 0) {
            fill_item(&outcome->items[i], use_coupon(change->records[i], &model));
            applied = 1;
        }
    }
    dygw_sandbox_state()->verify_applied += (apr_uint32_t)applied;
}

/* Returns a verification that was made with the token of a change; NULL: there is none. */
static const dygw_sandbox_verification_t *use_of_token(const dygw_sandbox_change_t *change,
                                                       dygw_ms_t now)
{
    apr_uint32_t i = dygw_sandbox_order(change->order)->last_verification;
    const dygw_sandbox_verification_t *v;

    while (i != DYGW_SANDBOX_NONE) {
        v = dygw_sandbox_verification(i);
        if (token_stands_for(v, change, now)) {
            return v;
        }
        i = v->previous;
    }
    return NULL;
}

/* Whether the token of a change was used once, is forgotten now, and is refused for this. */
static int is_token_spent(const dygw_sandbox_change_t *change)
{
    apr_uint32_t i = dygw_sandbox_order(change->order)->last_verification;

    if (dygw_sandbox_state()->switches.forgotten_token == DYGW_SANDBOX_FORGOTTEN_NEW) {
        return 0;
    }
    while (i != DYGW_SANDBOX_NONE && dygw_sandbox_verification(i)->token != change->token) {
        i = dygw_sandbox_verification(i)->previous;
    }
    return i != DYGW_SANDBOX_NONE;
}

/* Returns why the token of a change cannot be used for its coupons; NULL: it can. */
static const char *misfit_of_token(const dygw_sandbox_change_t *change)
{
    const dygw_sandbox_order_t *order = dygw_sandbox_order(change->order);

    if (!order || change->token == 0 || change->token > order->verify_tokens) {
        return "verify_token无效,请重新进行验券准备";
    }
    for (int i = 0; i < change->count; i++) {
        const dygw_sandbox_coupon_t *coupon = dygw_sandbox_coupon(change->records[i]);

        if (!coupon || coupon->order != change->order) {
            return "verify_token与券码不属于同一订单";
        }
    }
    return NULL;
}

/* Refuses all codes of a verify with the same code: the call or each item, as the switch
 * refusal_level says. */
static void refuse_all_codes(const dygw_sandbox_change_t *change, apr_int64_t code,
                             dygw_sandbox_outcome_t *outcome)
{
    if (dygw_sandbox_state()->switches.refusal_level == DYGW_SANDBOX_REFUSE_DATA) {
        outcome->error_code = code;
        return;
    }
    for (int i = 0; i < change->count; i++) {
        outcome->items[i].result = code;
        outcome->items[i].text = NULL;
    }
}

static void verify_codes(const dygw_sandbox_change_t *change, dygw_ms_t now,
                         dygw_sandbox_outcome_t *outcome)
{
    const dygw_sandbox_verification_t *before;

    outcome->description = misfit_of_token(change);
    if (outcome->description) {
        outcome->error_code = DYGW_SANDBOX_REFUSED;
        return;
    }
    outcome->order = *dygw_sandbox_order(change->order);
    before = change->anew ? NULL : use_of_token(change, now);
    if (dygw_sandbox_is_under_review(change)) {
        refuse_all_codes(change, DYGW_SANDBOX_UNDER_REVIEW, outcome);
    }
    else if (!before && !change->anew && is_token_spent(change)) {
        outcome->error_code = DYGW_SANDBOX_REFUSED;
        outcome->description = "verify_token无效,请重新进行验券准备";
    }
    else if (!before) {
        redeem_codes(change, now, outcome);
    }
    else if (before->request == change->request) {
        repeat_verify(change, now, outcome);
    }
    else {
        outcome->error_code = DYGW_SANDBOX_REFUSED;
        outcome->description = "verify_token已用于其他核销请求";
    }
}

int dygw_sandbox_use_elsewhere(apr_uint32_t index, const char *poi_id, int verify_type,
                               dygw_ms_t now)
{
    dygw_sandbox_verification_t model = { .at = now, .type = (unsigned char)verify_type };
    const dygw_sandbox_coupon_t *coupon = dygw_sandbox_coupon(index);
    const dygw_sandbox_state_t *s = dygw_sandbox_state();

    if (coupon->status != DYGW_SANDBOX_UNUSED || s->verifications == s->verification_capacity) {
        return 0;
    }
    apr_cpystrn(model.poi_id, poi_id, sizeof model.poi_id);
    use_coupon(index, &model);
    return 1;
}

/* --- cancel --- */

static int is_cancel_repeated(const dygw_sandbox_verification_t *v,
                              const dygw_sandbox_change_t *change)
{
    return v->cancelled_at != DYGW_NO_TIME
           && (dygw_sandbox_state()->switches.cancel_again == DYGW_SANDBOX_AGAIN_SUCCESS
               || (change->token != 0 && v->cancel_token == change->token));
}

/* Whether a verification can be cancelled; if not, outcome says why. */
static int can_be_undone(const dygw_sandbox_verification_t *v, dygw_ms_t now,
                         dygw_sandbox_outcome_t *outcome)
{
    const int status = dygw_sandbox_coupon(v->coupon)->status;
    const int again = dygw_sandbox_state()->switches.cancel_again;

    if (v->cancelled_at != DYGW_NO_TIME) {
        outcome->error_code = again == DYGW_SANDBOX_AGAIN_1265 ? DYGW_SANDBOX_ALREADY_CANCELLED
                                                               : DYGW_SANDBOX_REFUSED;
    }
    else if (now - v->at > dygw_sandbox_state()->switches.cancel_window_ms) {
        outcome->error_code = DYGW_SANDBOX_REFUSED;
        outcome->description = "已超过可撤销时限，无法撤销核销";
        outcome->sub_error_code = DYGW_SANDBOX_TOO_LATE_SUB;
    }
    else if (status != DYGW_SANDBOX_USED && status != DYGW_SANDBOX_UNUSED) {
        outcome->error_code = DYGW_SANDBOX_REFUSED;
        outcome->description = "当前券状态不支持撤销核销";
    }
    return outcome->error_code == 0;
}

static void undo_verification(dygw_sandbox_verification_t *v, apr_uint32_t cancel_token,
                              dygw_ms_t now)
{
    dygw_sandbox_coupon_t *coupon = dygw_sandbox_coupon(v->coupon);

    v->cancelled_at = now;
    v->cancel_token = cancel_token;
    coupon->used--;
    coupon->cancelled++;
    dygw_sandbox_set_status(coupon, DYGW_SANDBOX_UNUSED);
    dygw_sandbox_order(coupon->order)->changed = now;
}

int dygw_sandbox_cancel_elsewhere(apr_uint32_t index, dygw_ms_t now)
{
    const apr_uint32_t latest = dygw_sandbox_latest(index);

    if (latest == DYGW_SANDBOX_NONE) {
        return 0;
    }
    undo_verification(dygw_sandbox_verification(latest), 0, now);
    return 1;
}

/* Cancels all verifications of a change, or none of them. */
static void cancel_verifications(const dygw_sandbox_change_t *change, dygw_ms_t now,
                                 dygw_sandbox_outcome_t *outcome)
{
    for (int i = 0; i < change->count; i++) {
        const dygw_sandbox_verification_t *v = dygw_sandbox_verification(change->records[i]);

        if (!v) {
            outcome->error_code = DYGW_SANDBOX_REFUSED;
            return;
        }
        if (!is_cancel_repeated(v, change) && !can_be_undone(v, now, outcome)) {
            return;
        }
    }
    for (int i = 0; i < change->count; i++) {
        dygw_sandbox_verification_t *v = dygw_sandbox_verification(change->records[i]);

        if (v->cancelled_at == DYGW_NO_TIME) {
            undo_verification(v, change->token, now);
        }
    }
}

void dygw_sandbox_change(const dygw_sandbox_change_t *change, dygw_ms_t now,
                         dygw_sandbox_outcome_t *outcome)
{
    outcome->error_code = 0;
    outcome->description = NULL;
    outcome->sub_error_code = 0;
    if (change->is_cancel) {
        cancel_verifications(change, now, outcome);
    }
    else {
        verify_codes(change, now, outcome);
    }
}

/* --- late changes --- */

void dygw_sandbox_review(const dygw_sandbox_change_t *change, dygw_ms_t ms,
                         dygw_sandbox_outcome_t *outcome)
{
    const dygw_ms_t now = dygw_now();

    if (dygw_sandbox_order(change->order) && use_of_token(change, now)) {
        dygw_sandbox_change(change, now, outcome);
        return;
    }
    if (!dygw_sandbox_is_under_review(change)) {
        dygw_sandbox_late_add(change, ms, 1);
    }
    refuse_all_codes(change, DYGW_SANDBOX_UNDER_REVIEW, outcome);
}

void dygw_sandbox_apply_due(dygw_ms_t now)
{
    dygw_sandbox_late_t late;
    dygw_sandbox_outcome_t outcome;

    /* A change is taken out before it is made, so that its own review does not refuse it. */
    while (dygw_sandbox_late_take(now, &late)) {
        dygw_sandbox_change(&late.change, late.due, &outcome);
    }
}
