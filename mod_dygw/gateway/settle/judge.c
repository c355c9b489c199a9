/* SPDX-License-Identifier: Apache-2.0
 * What to think of the rows of one request. In short:
 *
 *   Douyin shows a verification that fits (time, store, kind) and that no other record has: it is
 *   ours once a repetition was answered "already used", or cannot be sent any more. While other
 *   records of that coupon are `processing` too, and there is not enough for all, whoever asks
 *   first is not whose it is: all wait until all are sure. Then it is rather theirs who were not
 *   told "already used" themselves, and the nearest of them in time.
 *
 *   It shows the coupon used and nothing fits, and a repetition does not say that it is ours all
 *   the same, or refunded: failed.
 *
 *   It shows it unused: the verify is repeated, by Douyin's schedule; when that is spent, not
 *   allowed, or was refused because of the coupon, it is waited for what Douyin may apply late of
 *   what was never answered, and then it has failed.
 *
 * Where it shows nothing at all, repeating is all that can be done.
 */
#include "gateway/settle/judge.h"

#include <string.h>

#include "douyin/codes.h"
#include "util/text.h"

#define CONFIRM_CARD_MS APR_INT64_C(600000)     /* so long a repeated verify of a times card is
                                                 * surely taken for the same one */
#define FOLLOW_MS       APR_INT64_C(176400000)  /* 49 h: a review lasts up to 48 h */

static int is_given_up(const dygw_verification_t *v)
{
    return v->cancel_since != DYGW_NO_TIME;
}

/* Rows of earlier versions do not have it. */
dygw_ms_t dygw_last_sent(const dygw_verification_t *v)
{
    return v->sent_at > 0 ? v->sent_at : v->created_at;
}

/* A repetition of it was refused because of the coupon, and not for being used already. */
static int is_refused(const dygw_verification_t *v)
{
    return v->refused_code != DYGW_NO_INT;
}

static int forbids_repeating(const dygw_verification_t *v)
{
    return is_given_up(v) || v->verify_status == DYGW_CANCELLED || !v->encrypted_code;
}

/* Under review, or repeated as often as Douyin asks for. */
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

/* --- whose is a verification? --- */

static const dygw_rival_t *rival_at(const dygw_evidence_t *e, int i, int n)
{
    return &APR_ARRAY_IDX(e->rivals[i], n, dygw_rival_t);
}

static int rival_count(const dygw_evidence_t *e, int i)
{
    return e->rivals[i] ? e->rivals[i]->nelts : 0;
}

/* Whether it is recorded with another row than the i-th. */
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

static int is_before(const dygw_seen_verify_t *a, const dygw_seen_verify_t *b)
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
    return fit_of(e, i, verify) == DYGW_FIT_YES
           && !has_other_owner(e, i, verify->verify_id);
}

/* The first that fits and that no record and no row before has. */
static const dygw_seen_verify_t *first_free_fit(const dygw_evidence_t *e, int i,
                                                const dygw_verdict_t *verdicts)
{
    const apr_array_header_t *verifies = e->seen[i]->verifies;
    const dygw_seen_verify_t *first = NULL;
    int n;

    for (n = 0; n < verifies->nelts; n++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(verifies, n, dygw_seen_verify_t);

        if (is_free_fit(e, i, verify) && !is_taken_before(verdicts, i, verify->verify_id)
            && (!first || is_before(verify, first))) {
            first = verify;
        }
    }
    return first;
}

/* --- is there enough for all? --- */

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

/* Rows of this request, of the first `limit`, that want one of the same coupon. */
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

/* The lower, the likelier that the redemption is its own. One that was given up has not been
 * repeated; where it is not certainly another's, it is better taken back than left. */
static int claim_rank(int already, int given_up)
{
    return (already == DYGW_ALREADY_USED ? 2 : 0) + (given_up ? 1 : 0);
}

/* How far apart they are, as far as is known of the clocks; times may be whole seconds. */
static dygw_ms_t time_distance(dygw_ms_t created_at, const dygw_seen_verify_t *verify)
{
    dygw_ms_t done_at = verify->verify_time - (verify->ahead_least + verify->ahead_most) / 2;

    return created_at > done_at ? created_at - done_at : done_at - created_at;
}

/* Whether a rival has a better claim to a verification than v. Of equals it is the one that came
 * nearest to it: most verifications are done when they are asked for. */
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

/* Whether the i-th row, which is sure, may take its fit, or has to leave it for the time being. */
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
    if (unsure > 0 && e->now < dygw_last_sent(v) + DYGW_LATE_MS) {
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

/* A repetition tells nothing more about this row, or is out of the question. That one was refused
 * for another reason than "already used" does not tell rivals apart. */
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
    if (e->now > e->rows[i]->review_since + FOLLOW_MS) {
        judge_fail(verdict, DYGW_CODE_RISK_REVIEW,
                   "Douyin's risk review did not end with a redemption");
    }
}

static int wants_repetition(const dygw_evidence_t *e, int i)
{
    return !e->rows[i]->already && !is_refused(e->rows[i]) && dygw_may_repeat(e->rows, e->count);
}

/* Whether Douyin has not been asked yet whose a redemption is that seems to be somebody else's: a
 * clock may be wrong, and ours would be confirmed. */
static int may_still_confirm(const dygw_evidence_t *e, int i)
{
    const dygw_verification_t *v = e->rows[i];

    return v->attempts > 0 && !v->already && !is_refused(v) && dygw_may_repeat_or_confirm(e);
}

/* Used, and no verification of it can be ours, as far as they are shown. */
static void judge_used(const dygw_evidence_t *e, int i, dygw_verdict_t *verdict)
{
    const apr_array_header_t *verifies = e->seen[i]->verifies;
    int unclear = dygw_fit_is_hidden(e->seen[i]);
    int owned = 0;
    int n;

    for (n = 0; n < verifies->nelts; n++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(verifies, n, dygw_seen_verify_t);
        int has = has_other_owner(e, i, verify->verify_id);

        owned += has;
        unclear |= !has && fit_of(e, i, verify) == DYGW_FIT_SILENT;
    }
    if (unclear && e->now < dygw_last_sent(e->rows[i]) + DYGW_LATE_MS) {
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

/* Nothing is done late any more. */
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
    else if (e->now >= dygw_last_sent(v) + DYGW_LATE_MS) {
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
    else if (is_refused(v) && e->now >= dygw_last_sent(v) + DYGW_LATE_MS) {
        fail_not_redeemed(v, verdict);
    }
    else if (e->now < dygw_last_sent(v) + FOLLOW_MS) {
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
    /* What is there although nothing was sent is somebody else's. */
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
