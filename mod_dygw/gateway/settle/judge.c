/* SPDX-License-Identifier: Apache-2.0
 * The rules of settling. The rows of one request are judged one after the other, each by the coupon
 * as Douyin shows it now, and by our other verifications of that coupon (its rivals).
 *
 * A redemption fits a row if its time, store and kind are those that the row asked for (fit.c). A
 * redemption is free if no other verification has its verify_id.
 *
 * Douyin shows          verdict
 *
 * a free redemption     REPEAT, while the verify may be repeated: the answer tells whose the
 * that fits             redemption is. Then OURS, if there are enough free redemptions for all
 *                       verifications that are `processing`. If there are not, the row that is
 *                       judged first is not the one that must have it: all WAIT until a repetition
 *                       has told something to each of them. Then those come first that were not
 *                       answered "already used", and among these the nearest in time.
 *
 * the coupon used,      REPEAT or WAIT, while Douyin may hide something. Then REPEAT once more, to
 * nothing free fits     hear that no redemption is ours; then FAILED.
 *
 * the coupon refunded   FAILED.
 *
 * the coupon unused,    REPEAT, by Douyin's schedule. When repetitions are used up, forbidden, or
 * or in another state   refused because of the coupon: WAIT for what Douyin may apply late of a
 *                       verify that was never answered; then FAILED.
 *
 * no such coupon        REPEAT, while that cannot take a second use of a times card; then WAIT for
 *                       two days; then FAILED.
 *
 * Under risk review, a row waits for two days instead of being repeated. A row that was given up
 * before anything was sent has FAILED, whatever is shown. */
#include "gateway/settle/judge.h"

#include <string.h>

#include "douyin/codes.h"
#include "util/text.h"

/* So long Douyin surely takes a repetition for the same verify, also of a times card. */
#define CONFIRM_CARD_MS APR_INT64_C(600000)
#define FOLLOW_MS       APR_INT64_C(176400000) /* 49 h: Douyin's risk review lasts up to 48 h */

static int is_given_up(const dygw_verification_t *v)
{
    return v->cancel_since != DYGW_NO_TIME;
}

/* Rows that earlier versions have made may have no sent_at. */
dygw_ms_t dygw_last_sent(const dygw_verification_t *v)
{
    return v->sent_at > 0 ? v->sent_at : v->created_at;
}

/* Whether a repetition was refused because of the coupon, and for another reason than "already
 * used". */
static int is_refused(const dygw_verification_t *v)
{
    return v->refused_code != DYGW_NO_INT;
}

static int forbids_repeating(const dygw_verification_t *v)
{
    return is_given_up(v) || v->verify_status == DYGW_CANCELLED || !v->encrypted_code;
}

/* Whether the row is under review, or was repeated as often as Douyin asks for. */
static int has_to_rest(const dygw_verification_t *v)
{
    return v->verify_status == DYGW_PROCESSING
           && (v->review_since != DYGW_NO_TIME || v->repeats >= DYGW_REPEATS_MAX);
}

static int is_whole_request(dygw_verification_t *const *rows, int count)
{
    return count == rows[0]->item_count && count <= DYGW_COUNT_MAX && rows[0]->verify_token;
}

int dygw_may_repeat(dygw_verification_t *const *rows, int count)
{
    int i;

    if (!is_whole_request(rows, count)) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        if (forbids_repeating(rows[i]) || has_to_rest(rows[i])) {
            return 0;
        }
    }
    return 1;
}

int dygw_may_repeat_unseen(const dygw_verification_t *v, dygw_ms_t now)
{
    return now <= v->created_at + CONFIRM_CARD_MS;
}

static int is_times_card(const dygw_seen_coupon_t *seen)
{
    return seen->certificate.is_times_card || seen->times_count > 0;
}

static int is_used_up(const dygw_seen_coupon_t *seen)
{
    return seen && seen->certificate.status == DYGW_CERTIFICATE_USED && !is_times_card(seen);
}

int dygw_may_repeat_or_confirm(const dygw_evidence_t *e)
{
    int i;

    if (!is_whole_request(e->rows, e->count)) {
        return 0;
    }
    for (i = 0; i < e->count; i++) {
        if (forbids_repeating(e->rows[i])
            || (has_to_rest(e->rows[i])
                && (!is_used_up(e->seen[i])
                    || e->rows[i]->repeats >= DYGW_REPEATS_MAX + DYGW_CONFIRMS_MAX))) {
            return 0;
        }
    }
    return 1;
}

/* --- whose is a redemption? --- */

static const dygw_rival_t *rival_at(const dygw_evidence_t *e, int i, int n)
{
    return &APR_ARRAY_IDX(e->rivals[i], n, dygw_rival_t);
}

static int rival_count(const dygw_evidence_t *e, int i)
{
    return e->rivals[i] ? e->rivals[i]->nelts : 0;
}

/* Whether another verification than the i-th row has this redemption. */
static int has_other_owner(const dygw_evidence_t *e, int i, const char *verify_id)
{
    int n;

    for (n = 0; n < rival_count(e, i); n++) {
        if (rival_at(e, i, n)->id != e->rows[i]->id
            && dygw_text_same(rival_at(e, i, n)->verify_id, verify_id)) {
            return 1;
        }
    }
    for (n = 0; n < e->count; n++) {
        if (n != i && dygw_text_same(e->rows[n]->verify_id, verify_id)) {
            return 1;
        }
    }
    for (n = 0; e->foreign && n < e->foreign->nelts; n++) {
        if (dygw_text_same(APR_ARRAY_IDX(e->foreign, n, const char *), verify_id)) {
            return 1;
        }
    }
    return 0;
}

static int is_taken_before(const dygw_verdict_t *verdicts, int i, const char *verify_id)
{
    int j;

    for (j = 0; j < i; j++) {
        if (verdicts[j].verify && dygw_text_same(verdicts[j].verify->verify_id, verify_id)) {
            return 1;
        }
    }
    return 0;
}

static int is_earlier_redemption(const dygw_seen_verify_t *a, const dygw_seen_verify_t *b)
{
    return a->verify_time != b->verify_time ? a->verify_time < b->verify_time
                                            : a->serial < b->serial;
}

static dygw_fit_e fit_of(const dygw_evidence_t *e, int i, const dygw_seen_verify_t *verify)
{
    return dygw_fit_precedes(e->rows[i], verify, e->prepared_at[i])
               ? DYGW_FIT_NO
               : dygw_fit_verify(e->rows[i], verify, e->now);
}

static int is_free_fit(const dygw_evidence_t *e, int i, const dygw_seen_verify_t *verify)
{
    return fit_of(e, i, verify) == DYGW_FIT_YES && !has_other_owner(e, i, verify->verify_id);
}

/* Returns the first redemption that fits the i-th row, that no other verification has, and that was
 * not found for a row before; NULL: none. */
static const dygw_seen_verify_t *first_free_fit(const dygw_evidence_t *e, int i,
                                                const dygw_verdict_t *verdicts)
{
    const apr_array_header_t *verifies = e->seen[i]->verifies;
    const dygw_seen_verify_t *first = NULL;
    int n;

    for (n = 0; n < verifies->nelts; n++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(verifies, n, dygw_seen_verify_t);

        if (is_free_fit(e, i, verify) && !is_taken_before(verdicts, i, verify->verify_id)
            && (!first || is_earlier_redemption(verify, first))) {
            first = verify;
        }
    }
    return first;
}

/* --- are there enough redemptions for all? --- */

static int is_open_rival(const dygw_evidence_t *e, const dygw_rival_t *rival)
{
    return rival->verify_status == DYGW_PROCESSING && rival->first_id != e->rows[0]->first_id;
}

static int count_free_fits(const dygw_evidence_t *e, int i)
{
    const apr_array_header_t *verifies = e->seen[i]->verifies;
    int free_ones = 0;
    int n;

    for (n = 0; n < verifies->nelts; n++) {
        free_ones += is_free_fit(e, i, &APR_ARRAY_IDX(verifies, n, dygw_seen_verify_t));
    }
    return free_ones;
}

/* Counts the `processing` rows among the first `limit` of this request that are about the coupon of
 * the i-th row. */
static int count_wanting_rows(const dygw_evidence_t *e, int i, int limit)
{
    int wanting = 0;
    int j;

    for (j = 0; j < limit; j++) {
        wanting += e->rows[j]->verify_status == DYGW_PROCESSING
                   && (e->seen[j] == e->seen[i]
                       || dygw_text_same(e->rows[j]->encrypted_code, e->rows[i]->encrypted_code));
    }
    return wanting;
}

/* The lower the rank, the likelier the redemption is this verification's own. "Already used" speaks
 * against a verification. One that was given up was not repeated, so it was not told that; it ranks
 * between, because its redemption, unless certainly another's, is better taken back than left. */
static int claim_rank(int already, int given_up)
{
    return (already == DYGW_ALREADY_USED ? 2 : 0) + (given_up ? 1 : 0);
}

/* Returns how far apart the making of a verification and a redemption are, in ms. The difference of
 * the clocks is known within limits, and is taken as their middle. */
static dygw_ms_t time_distance(dygw_ms_t created_at, const dygw_seen_verify_t *verify)
{
    dygw_ms_t done_at = verify->verify_time - (verify->ahead_least + verify->ahead_most) / 2;

    return created_at > done_at ? created_at - done_at : done_at - created_at;
}

/* Whether a rival has a better claim to a redemption than v. Among equals the nearest in time has
 * it, because most redemptions are done as soon as they are asked for. */
static int has_better_claim(const dygw_rival_t *rival, const dygw_verification_t *v,
                            const dygw_seen_verify_t *verify)
{
    int its = claim_rank(rival->already, rival->given_up);
    int ours = claim_rank(v->already, is_given_up(v));
    dygw_ms_t its_distance = time_distance(rival->created_at, verify);
    dygw_ms_t our_distance = time_distance(v->created_at, verify);

    if (its != ours) {
        return its < ours;
    }
    return its_distance != our_distance ? its_distance < our_distance : rival->id < v->id;
}

/* Whether the i-th row, about which no repetition tells more, may take the redemption that fits it
 * now. Otherwise the row has to leave it for the time being. */
static int may_take_fit(const dygw_evidence_t *e, int i, const dygw_seen_verify_t *verify)
{
    const dygw_verification_t *v = e->rows[i];
    int free_ones = count_free_fits(e, i);
    int unsure = 0;
    int rivals = 0;
    int before = 0;
    int n;

    for (n = 0; n < rival_count(e, i); n++) {
        const dygw_rival_t *rival = rival_at(e, i, n);

        if (is_open_rival(e, rival)) {
            rivals++;
            unsure += !rival->already && !rival->given_up;
            before += has_better_claim(rival, v, verify);
        }
    }
    if (rivals == 0 || rivals + count_wanting_rows(e, i, e->count) <= free_ones) {
        return 1;
    }
    if (unsure > 0 && e->sure < dygw_last_sent(v) + DYGW_LATE_MS) {
        return 0;
    }
    return before + count_wanting_rows(e, i, i) < free_ones;
}

/* --- verdicts --- */

static void judge_decide(dygw_verdict_t *verdict, dygw_verdict_e what)
{
    verdict->what = what;
}

static void judge_fail(dygw_verdict_t *verdict, apr_int64_t error_code, const char *description)
{
    verdict->what = DYGW_VERDICT_FAILED;
    verdict->error_code = error_code;
    verdict->description = description;
}

static void fail_given_up(dygw_verdict_t *verdict)
{
    judge_fail(verdict, DYGW_OUTCOME_GIVEN_UP, "given up by the caller; nothing was redeemed");
}

static int has_open_rivals(const dygw_evidence_t *e, int i)
{
    int n;

    for (n = 0; n < rival_count(e, i); n++) {
        if (is_open_rival(e, rival_at(e, i, n))) {
            return 1;
        }
    }
    return 0;
}

/* Whether no repetition can tell more about this row, or none may be made. A refusal for another
 * reason than "already used" does not tell rivals apart, so it is enough only where there are no
 * rivals. */
static int is_sure(const dygw_evidence_t *e, int i)
{
    const dygw_verification_t *v = e->rows[i];

    return v->already || (is_refused(v) && !has_open_rivals(e, i)) || !dygw_may_repeat_or_confirm(e)
           || (is_times_card(e->seen[i]) && e->now > v->created_at + CONFIRM_CARD_MS);
}

static void judge_fit(const dygw_evidence_t *e, int i, dygw_verdict_t *verdict)
{
    if (!is_sure(e, i)) {
        judge_decide(verdict, DYGW_VERDICT_REPEAT);
    }
    else if (may_take_fit(e, i, verdict->verify)) {
        judge_decide(verdict, DYGW_VERDICT_OURS);
    }
    else {
        verdict->silent = 1;
    }
}

static void judge_review(const dygw_evidence_t *e, int i, dygw_verdict_t *verdict)
{
    if (e->sure > e->rows[i]->review_since + FOLLOW_MS) {
        judge_fail(verdict, DYGW_CODE_RISK_REVIEW,
                   "Douyin's risk review did not end with a redemption");
    }
}

static int wants_repetition(const dygw_evidence_t *e, int i)
{
    return !e->rows[i]->already && !is_refused(e->rows[i]) && dygw_may_repeat(e->rows, e->count);
}

/* Whether the verify may be repeated to hear whose a redemption is that seems to be somebody
 * else's. A clock may be wrong: then the repetition confirms that the redemption is ours. */
static int may_still_confirm(const dygw_evidence_t *e, int i)
{
    const dygw_verification_t *v = e->rows[i];

    return v->attempts > 0 && !v->already && !is_refused(v) && dygw_may_repeat_or_confirm(e);
}

/* The coupon is used, and none of the redemptions that are shown can be the row's. */
static void judge_used(const dygw_evidence_t *e, int i, dygw_verdict_t *verdict)
{
    const apr_array_header_t *verifies = e->seen[i]->verifies;
    int unclear = dygw_fit_is_hidden(e->seen[i]);
    int owned = 0;
    int n;

    for (n = 0; n < verifies->nelts; n++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(verifies, n, dygw_seen_verify_t);
        int has_owner = has_other_owner(e, i, verify->verify_id);

        owned += has_owner;
        unclear |= !has_owner && fit_of(e, i, verify) == DYGW_FIT_SILENT;
    }
    if (unclear && e->sure < dygw_last_sent(e->rows[i]) + DYGW_LATE_MS) {
        judge_decide(verdict, wants_repetition(e, i) ? DYGW_VERDICT_REPEAT : DYGW_VERDICT_WAIT);
    }
    else if (owned > 0 && owned == verifies->nelts) {
        judge_fail(verdict, DYGW_OUTCOME_NOT_OURS,
                   "that redemption is recorded as another verification");
    }
    else if (may_still_confirm(e, i)) {
        judge_decide(verdict, DYGW_VERDICT_REPEAT);
    }
    else {
        judge_fail(verdict, DYGW_CODE_ALREADY_VERIFIED, "the coupon was used by somebody else");
    }
}

/* The coupon is not redeemed, and the time is over in which Douyin may apply a verify late. */
static void fail_not_redeemed(const dygw_verification_t *v, dygw_verdict_t *verdict)
{
    if (is_given_up(v)) {
        fail_given_up(verdict);
    }
    else if (is_refused(v)) {
        judge_fail(verdict, v->refused_code, v->refused_description);
    }
    else {
        judge_fail(verdict, DYGW_OUTCOME_NOT_REDEEMED,
                   "the coupon was not redeemed, and the verify is not repeated any more");
    }
}

static void judge_unused(const dygw_evidence_t *e, int i, dygw_verdict_t *verdict)
{
    const dygw_verification_t *v = e->rows[i];

    if (v->review_since != DYGW_NO_TIME) {
        judge_review(e, i, verdict);
    }
    else if (wants_repetition(e, i)) {
        judge_decide(verdict, DYGW_VERDICT_REPEAT);
    }
    else if (e->sure >= dygw_last_sent(v) + DYGW_LATE_MS) {
        fail_not_redeemed(v, verdict);
    }
}

static void judge_unseen(const dygw_evidence_t *e, int i, dygw_verdict_t *verdict)
{
    const dygw_verification_t *v = e->rows[i];
    const dygw_reply_t *said = e->unseen[i];

    if (v->review_since != DYGW_NO_TIME) {
        judge_review(e, i, verdict);
    }
    else if (wants_repetition(e, i) && dygw_may_repeat_unseen(v, e->now)) {
        judge_decide(verdict, DYGW_VERDICT_REPEAT);
    }
    else if (is_refused(v) && e->sure >= dygw_last_sent(v) + DYGW_LATE_MS) {
        fail_not_redeemed(v, verdict);
    }
    else if (e->sure < dygw_last_sent(v) + FOLLOW_MS) {
        judge_decide(verdict, DYGW_VERDICT_WAIT);
    }
    else if (is_given_up(v)) {
        fail_given_up(verdict);
    }
    else if (said && said->error_code != 0) {
        judge_fail(verdict, said->error_code, said->description);
    }
    else {
        judge_fail(verdict, DYGW_OUTCOME_NOT_REDEEMED, "Douyin does not show the coupon");
    }
}

static void judge_row(const dygw_evidence_t *e, int i, dygw_verdict_t *verdicts)
{
    const dygw_verification_t *v = e->rows[i];
    const dygw_seen_coupon_t *seen = e->seen[i];
    dygw_verdict_t *verdict = &verdicts[i];

    if (v->attempts == 0 && is_given_up(v)) {
        fail_given_up(verdict);
        return;
    }
    /* When nothing was sent for this row, a redemption that is shown is somebody else's. */
    verdict->verify = seen && v->attempts > 0 ? first_free_fit(e, i, verdicts) : NULL;
    if (verdict->verify) {
        judge_fit(e, i, verdict);
    }
    else if (!seen || seen->certificate.status < DYGW_CERTIFICATE_INITIAL) {
        judge_unseen(e, i, verdict);
    }
    else if (seen->certificate.status == DYGW_CERTIFICATE_REFUNDED) {
        judge_fail(verdict, DYGW_OUTCOME_NO_COUPON, "the coupon was refunded");
    }
    else if (seen->certificate.status == DYGW_CERTIFICATE_USED) {
        judge_used(e, i, verdict);
    }
    else {
        judge_unused(e, i, verdict);
    }
}

void dygw_judge(const dygw_evidence_t *e, dygw_verdict_t *verdicts)
{
    int i;

    memset(verdicts, 0, (apr_size_t)e->count * sizeof(*verdicts));
    for (i = 0; i < e->count; i++) {
        if (e->rows[i]->verify_status == DYGW_PROCESSING) {
            judge_row(e, i, verdicts);
        }
    }
}
