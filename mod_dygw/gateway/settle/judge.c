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

static int is_same_request(dygw_verification_t *const *rows, int count)
{
    return count == rows[0]->item_count && count <= DYGW_COUNT_MAX && rows[0]->verify_token;
}

int dygw_may_repeat(dygw_verification_t *const *rows, int count)
{
    int i;

    if (!is_same_request(rows, count)) {
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

static int is_card(const dygw_seen_coupon_t *seen)
{
    return seen->certificate.is_times_card || seen->times_count > 0;
}

static int is_used_up(const dygw_seen_coupon_t *seen)
{
    return seen && seen->certificate.status == DYGW_CERTIFICATE_USED && !is_card(seen);
}

int dygw_may_hear(const dygw_evidence_t *h)
{
    int i;

    if (!is_same_request(h->rows, h->count)) {
        return 0;
    }
    for (i = 0; i < h->count; i++) {
        if (forbids_repeating(h->rows[i])
            || (has_to_rest(h->rows[i])
                && (!is_used_up(h->seen[i])
                    || h->rows[i]->repeats >= DYGW_REPEATS_MAX + DYGW_CONFIRMS_MAX))) {
            return 0;
        }
    }
    return 1;
}

/* --- whose is a verification? --- */

static const dygw_rival_t *record_at(const dygw_evidence_t *h, int i, int n)
{
    return &APR_ARRAY_IDX(h->records[i], n, dygw_rival_t);
}

static int records_of(const dygw_evidence_t *h, int i)
{
    return h->records[i] ? h->records[i]->nelts : 0;
}

/* Whether it is recorded with another row than the i-th. */
static int has_owner(const dygw_evidence_t *h, int i, const char *verify_id)
{
    int n;

    for (n = 0; n < records_of(h, i); n++) {
        if (record_at(h, i, n)->id != h->rows[i]->id
            && dygw_text_same(record_at(h, i, n)->verify_id, verify_id)) {
            return 1;
        }
    }
    for (n = 0; n < h->count; n++) {
        if (n != i && dygw_text_same(h->rows[n]->verify_id, verify_id)) {
            return 1;
        }
    }
    for (n = 0; h->foreign && n < h->foreign->nelts; n++) {
        if (dygw_text_same(APR_ARRAY_IDX(h->foreign, n, const char *), verify_id)) {
            return 1;
        }
    }
    return 0;
}

static int is_taken(const dygw_verdict_t *verdicts, int i, const char *verify_id)
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

static dygw_fit_e fits(const dygw_evidence_t *h, int i, const dygw_seen_verify_t *verify)
{
    return dygw_fit_precedes(h->rows[i], verify, h->prepared_at[i])
               ? DYGW_FIT_NO
               : dygw_fit_verify(h->rows[i], verify, h->now);
}

static int is_free_fit(const dygw_evidence_t *h, int i, const dygw_seen_verify_t *verify)
{
    return fits(h, i, verify) == DYGW_FIT_YES
           && !has_owner(h, i, verify->verify_id);
}

/* The first that fits and that no record and no row before has. */
static const dygw_seen_verify_t *find_fit(const dygw_evidence_t *h, int i,
                                          const dygw_verdict_t *verdicts)
{
    const apr_array_header_t *verifies = h->seen[i]->verifies;
    const dygw_seen_verify_t *first = NULL;
    int n;

    for (n = 0; n < verifies->nelts; n++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(verifies, n, dygw_seen_verify_t);

        if (is_free_fit(h, i, verify) && !is_taken(verdicts, i, verify->verify_id)
            && (!first || is_before(verify, first))) {
            first = verify;
        }
    }
    return first;
}

/* --- is there enough for all? --- */

static int is_rival(const dygw_evidence_t *h, const dygw_rival_t *record)
{
    return record->verify_status == DYGW_PROCESSING && record->first_id != h->rows[0]->first_id;
}

static int count_free_fits(const dygw_evidence_t *h, int i)
{
    const apr_array_header_t *verifies = h->seen[i]->verifies;
    int free_ones = 0;
    int n;

    for (n = 0; n < verifies->nelts; n++) {
        free_ones += is_free_fit(h, i, &APR_ARRAY_IDX(verifies, n, dygw_seen_verify_t));
    }
    return free_ones;
}

/* Rows of this request, of the first `limit`, that want one of the same coupon. */
static int count_siblings(const dygw_evidence_t *h, int i, int limit)
{
    int siblings = 0;
    int j;

    for (j = 0; j < limit; j++) {
        siblings += h->rows[j]->verify_status == DYGW_PROCESSING
                    && (h->seen[j] == h->seen[i]
                        || dygw_text_same(h->rows[j]->encrypted_code, h->rows[i]->encrypted_code));
    }
    return siblings;
}

/* The lower, the likelier that the redemption is its own. One that was given up has not been
 * repeated; where it is not certainly another's, it is better taken back than left. */
static int rank(int already, int given_up)
{
    return (already == DYGW_ALREADY_USED ? 2 : 0) + (given_up ? 1 : 0);
}

/* How far apart they are, as far as is known of the clocks; times may be whole seconds. */
static dygw_ms_t distance(dygw_ms_t created_at, const dygw_seen_verify_t *verify)
{
    dygw_ms_t done_at = verify->verify_time - (verify->ahead_least + verify->ahead_most) / 2;

    return created_at > done_at ? created_at - done_at : done_at - created_at;
}

/* Whether a rival has a better claim to a verification than v. Of equals it is the one that came
 * nearest to it: most verifications are done when they are asked for. */
static int goes_first(const dygw_rival_t *rival, const dygw_verification_t *v,
                      const dygw_seen_verify_t *verify)
{
    int its = rank(rival->already, rival->given_up);
    int ours = rank(v->already, is_given_up(v));
    dygw_ms_t its_distance = distance(rival->created_at, verify);
    dygw_ms_t our_distance = distance(v->created_at, verify);

    if (its != ours) {
        return its < ours;
    }
    return its_distance != our_distance ? its_distance < our_distance : rival->id < v->id;
}

/* Whether the i-th row, which is sure, may take its fit, or has to leave it for the time being. */
static int may_take(const dygw_evidence_t *h, int i, const dygw_seen_verify_t *verify)
{
    const dygw_verification_t *v = h->rows[i];
    int free_ones = count_free_fits(h, i);
    int unsure = 0;
    int rivals = 0;
    int before = 0;
    int n;

    for (n = 0; n < records_of(h, i); n++) {
        const dygw_rival_t *record = record_at(h, i, n);

        if (is_rival(h, record)) {
            rivals++;
            unsure += !record->already && !record->given_up;
            before += goes_first(record, v, verify);
        }
    }
    if (rivals == 0 || rivals + count_siblings(h, i, h->count) <= free_ones) {
        return 1;
    }
    if (unsure > 0 && h->now < dygw_last_sent(v) + DYGW_LATE_MS) {
        return 0;
    }
    return before + count_siblings(h, i, i) < free_ones;
}

/* --- verdicts --- */

static void decide(dygw_verdict_t *verdict, dygw_verdict_e what)
{
    verdict->what = what;
}

static void fail(dygw_verdict_t *verdict, apr_int64_t error_code, const char *description)
{
    verdict->what = DYGW_VERDICT_FAILED;
    verdict->error_code = error_code;
    verdict->description = description;
}

static void fail_given_up(dygw_verdict_t *verdict)
{
    fail(verdict, DYGW_OUTCOME_GIVEN_UP, "given up by the caller; nothing was redeemed");
}

static int has_rivals(const dygw_evidence_t *h, int i)
{
    int n;

    for (n = 0; n < records_of(h, i); n++) {
        if (is_rival(h, record_at(h, i, n))) {
            return 1;
        }
    }
    return 0;
}

/* A repetition tells nothing more about this row, or is out of the question. That one was refused
 * for another reason than "already used" does not tell rivals apart. */
static int is_sure(const dygw_evidence_t *h, int i)
{
    const dygw_verification_t *v = h->rows[i];

    return v->already || (is_refused(v) && !has_rivals(h, i)) || !dygw_may_hear(h)
           || (is_card(h->seen[i]) && h->now > v->created_at + CONFIRM_CARD_MS);
}

static void judge_fit(const dygw_evidence_t *h, int i, dygw_verdict_t *verdict)
{
    if (!is_sure(h, i)) {
        decide(verdict, DYGW_VERDICT_REPEAT);
    }
    else if (may_take(h, i, verdict->verify)) {
        decide(verdict, DYGW_VERDICT_OURS);
    }
    else {
        verdict->silent = 1;
    }
}

static void judge_review(const dygw_evidence_t *h, int i, dygw_verdict_t *verdict)
{
    if (h->now > h->rows[i]->review_since + FOLLOW_MS) {
        fail(verdict, DYGW_CODE_RISK_REVIEW,
             "Douyin's risk review did not end with a redemption");
    }
}

static int wants_repetition(const dygw_evidence_t *h, int i)
{
    return !h->rows[i]->already && !is_refused(h->rows[i]) && dygw_may_repeat(h->rows, h->count);
}

/* Whether Douyin has not been asked yet whose a redemption is that seems to be somebody else's: a
 * clock may be wrong, and ours would be confirmed. */
static int may_be_heard(const dygw_evidence_t *h, int i)
{
    const dygw_verification_t *v = h->rows[i];

    return v->attempts > 0 && !v->already && !is_refused(v) && dygw_may_hear(h);
}

/* Used, and no verification of it can be ours, as far as they are shown. */
static void judge_used(const dygw_evidence_t *h, int i, dygw_verdict_t *verdict)
{
    const apr_array_header_t *verifies = h->seen[i]->verifies;
    int unclear = dygw_fit_is_hidden(h->seen[i]);
    int owned = 0;
    int n;

    for (n = 0; n < verifies->nelts; n++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(verifies, n, dygw_seen_verify_t);
        int has = has_owner(h, i, verify->verify_id);

        owned += has;
        unclear |= !has && fits(h, i, verify) == DYGW_FIT_SILENT;
    }
    if (unclear && h->now < dygw_last_sent(h->rows[i]) + DYGW_LATE_MS) {
        decide(verdict, wants_repetition(h, i) ? DYGW_VERDICT_REPEAT : DYGW_VERDICT_WAIT);
    }
    else if (owned > 0 && owned == verifies->nelts) {
        fail(verdict, DYGW_OUTCOME_NOT_OURS, "that redemption is recorded as another verification");
    }
    else if (may_be_heard(h, i)) {
        decide(verdict, DYGW_VERDICT_REPEAT);
    }
    else {
        fail(verdict, DYGW_CODE_ALREADY_VERIFIED, "the coupon was used by somebody else");
    }
}

/* Nothing is done late any more. */
static void fail_unused(const dygw_verification_t *v, dygw_verdict_t *verdict)
{
    if (is_given_up(v)) {
        fail_given_up(verdict);
    }
    else if (is_refused(v)) {
        fail(verdict, v->refused_code, v->refused_description);
    }
    else {
        fail(verdict, DYGW_OUTCOME_NOT_REDEEMED,
             "the coupon was not redeemed, and the verify is not repeated any more");
    }
}

static void judge_unused(const dygw_evidence_t *h, int i, dygw_verdict_t *verdict)
{
    const dygw_verification_t *v = h->rows[i];

    if (v->review_since != DYGW_NO_TIME) {
        judge_review(h, i, verdict);
    }
    else if (wants_repetition(h, i)) {
        decide(verdict, DYGW_VERDICT_REPEAT);
    }
    else if (h->now >= dygw_last_sent(v) + DYGW_LATE_MS) {
        fail_unused(v, verdict);
    }
}

static void judge_unseen(const dygw_evidence_t *h, int i, dygw_verdict_t *verdict)
{
    const dygw_verification_t *v = h->rows[i];
    const dygw_reply_t *said = h->unseen[i];

    if (v->review_since != DYGW_NO_TIME) {
        judge_review(h, i, verdict);
    }
    else if (wants_repetition(h, i) && dygw_may_repeat_unseen(v, h->now)) {
        decide(verdict, DYGW_VERDICT_REPEAT);
    }
    else if (is_refused(v) && h->now >= dygw_last_sent(v) + DYGW_LATE_MS) {
        fail_unused(v, verdict);
    }
    else if (h->now < dygw_last_sent(v) + FOLLOW_MS) {
        decide(verdict, DYGW_VERDICT_WAIT);
    }
    else if (is_given_up(v)) {
        fail_given_up(verdict);
    }
    else if (said && said->error_code != 0) {
        fail(verdict, said->error_code, said->description);
    }
    else {
        fail(verdict, DYGW_OUTCOME_NOT_REDEEMED, "Douyin does not show the coupon");
    }
}

static void judge_row(const dygw_evidence_t *h, int i, dygw_verdict_t *verdicts)
{
    const dygw_verification_t *v = h->rows[i];
    const dygw_seen_coupon_t *seen = h->seen[i];
    dygw_verdict_t *verdict = &verdicts[i];

    if (v->attempts == 0 && is_given_up(v)) {
        fail_given_up(verdict);
        return;
    }
    /* What is there although nothing was sent is somebody else's. */
    verdict->verify = seen && v->attempts > 0 ? find_fit(h, i, verdicts) : NULL;
    if (verdict->verify) {
        judge_fit(h, i, verdict);
    }
    else if (!seen || seen->certificate.status < DYGW_CERTIFICATE_INITIAL) {
        judge_unseen(h, i, verdict);
    }
    else if (seen->certificate.status == DYGW_CERTIFICATE_REFUNDED) {
        fail(verdict, DYGW_OUTCOME_NO_COUPON, "the coupon was refunded");
    }
    else if (seen->certificate.status == DYGW_CERTIFICATE_USED) {
        judge_used(h, i, verdict);
    }
    else {
        judge_unused(h, i, verdict);
    }
}

void dygw_judge(const dygw_evidence_t *h, dygw_verdict_t *verdicts)
{
    int i;

    memset(verdicts, 0, (apr_size_t)h->count * sizeof(*verdicts));
    for (i = 0; i < h->count; i++) {
        if (h->rows[i]->verify_status == DYGW_PROCESSING) {
            judge_row(h, i, verdicts);
        }
    }
}
