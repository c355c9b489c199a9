/* SPDX-License-Identifier: Apache-2.0
 * The judge against a world that knows better: histories of one coupon, a letter a step. Requests of
 * ours are made, Douyin applies their verifies at once, late or never and loses answers, others redeem
 * and cancel, and each request is judged and repeated as the background does it. The world knows whose
 * each redemption is.
 *
 *   the first two letters   a..d: uses of the coupon, 1 is a plain one; and i: Douyin takes a
 *                           repetition for the same verify for ever, f: for ten minutes only
 *   A B C       a request is sent, its answer is lost, and Douyin applies it: at once, when time has
 *               passed (for its length see `t`), never
 *   1 2 3       the request of that number is judged
 *   g G         the caller gives the last request up; the first
 *   o p u       somebody else redeems: by Douyin's app; in another store; as we would (then it cannot
 *               be known whose it is)
 *   x           and takes it back
 *   r           what is left of the coupon is refunded
 *   n q         the next answer is lost; the next repetition is refused, which says nothing of the coupon
 *   N           the next look finds nothing
 *   s m l t     time passes: 1 s, 40 s, 9 min, 16 min
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "gateway/settle/judge.h"

#define POI           "7012345678901234567"
#define REQUESTS_MAX  3
#define DONE_MAX      8
#define STEPS_MAX     64
#define CLOCKS_MS     4000   /* what is done so long before a request may be taken for its */
#define SAME_MS       600000 /* so long Douyin surely knows a verify again */
#define LATE_MAX_MS   840000 /* and nothing is applied later than that */
#define OPEN_PLATFORM 4
#define OTHER         (-1)    /* who is no request of ours */
#define REFUSED       3000001 /* the catch-all */

typedef struct done_t {
    const char *verify_id;
    int by; /* a request, or OTHER */
    int looks_like_ours;
    int taken_back;
    dygw_seen_verify_t shown;
} done_t;

typedef struct request_t {
    dygw_verification_t row;
    int applied;           /* index of what Douyin did for it; -1: nothing */
    dygw_ms_t applied_at;  /* when it will; DYGW_NO_TIME: not any more */
    dygw_ms_t known_until; /* Douyin takes a repetition for the same verify */
} request_t;

typedef struct world_t {
    apr_pool_t *pool;
    dygw_ms_t now;
    int uses;
    int for_ever; /* a repetition is the same verify, however late it comes */
    int refunded;
    int lose_answer, refuse, show_nothing;
    done_t done[DONE_MAX];
    int done_count;
    request_t requests[REQUESTS_MAX];
    int request_count;
} world_t;

/* --- Douyin --- */

static int uses_left(const world_t *w)
{
    int left = w->refunded ? 0 : w->uses;
    int i;

    for (i = 0; i < w->done_count; i++) {
        left -= !w->done[i].taken_back;
    }
    return left;
}

/* The index of the redemption; -1: there is nothing left to redeem. */
static int redeem(world_t *w, int by, int type, const char *poi_id)
{
    done_t *done = &w->done[w->done_count];

    if (uses_left(w) <= 0 || w->done_count == DONE_MAX) {
        return -1;
    }
    done->verify_id = apr_psprintf(w->pool, "verify-%d", w->done_count);
    done->by = by;
    done->looks_like_ours = type == OPEN_PLATFORM && strcmp(poi_id, POI) == 0;
    done->shown = (dygw_seen_verify_t){ .verify_id = done->verify_id,
                                        .verify_time = w->now,
                                        .verify_type = type,
                                        .poi_id = poi_id,
                                        .serial = w->uses > 1 ? w->done_count + 1 : 0,
                                        .can_cancel = 1 };
    return w->done_count++;
}

static void apply_late_ones(world_t *w)
{
    int i;

    for (i = 0; i < w->request_count; i++) {
        request_t *r = &w->requests[i];

        if (r->applied_at != DYGW_NO_TIME && r->applied_at <= w->now) {
            r->applied = redeem(w, i, OPEN_PLATFORM, POI);
            r->applied_at = DYGW_NO_TIME;
            r->known_until = w->now + SAME_MS;
        }
    }
}

static void pass(world_t *w, dygw_ms_t ms)
{
    w->now += ms;
    apply_late_ones(w);
}

static dygw_seen_coupon_t *show(const world_t *w)
{
    dygw_seen_coupon_t *seen = apr_pcalloc(w->pool, sizeof(*seen));
    int i;

    seen->certificate.certificate_id = "certificate";
    seen->certificate.encrypted_code = "code";
    seen->certificate.is_times_card = w->uses > 1;
    seen->certificate.status = w->refunded        ? DYGW_COUPON_REFUNDED
                               : uses_left(w) > 0 ? DYGW_COUPON_UNUSED
                                                  : DYGW_COUPON_USED;
    seen->verifies = apr_array_make(w->pool, DONE_MAX, sizeof(dygw_seen_verify_t));
    for (i = 0; i < w->done_count; i++) {
        if (!w->done[i].taken_back) {
            APR_ARRAY_PUSH(seen->verifies, dygw_seen_verify_t) = w->done[i].shown;
        }
    }
    seen->amount_of_use = -1;
    seen->times_count = w->uses > 1 ? w->uses : 0;
    seen->times_used = w->uses > 1 ? seen->verifies->nelts : 0;
    return seen;
}

/* --- our side, as the background does it --- */

static void ask_for(world_t *w, char how)
{
    request_t *r = &w->requests[w->request_count];

    if (w->request_count == REQUESTS_MAX) {
        return;
    }
    dygw_verification_init(&r->row);
    r->row.id = r->row.first_id = 100 * (w->request_count + 1);
    r->row.item_count = 1;
    r->row.poi_id = POI;
    r->row.mode = DYGW_MODE_CODE;
    r->row.certificate_id = "certificate";
    r->row.encrypted_code = "code";
    r->row.verify_token = apr_psprintf(w->pool, "token-%d", w->request_count);
    r->row.created_at = r->row.sent_at = w->now;
    r->row.attempts = 1;
    r->applied = how == 'A' ? redeem(w, w->request_count, OPEN_PLATFORM, POI) : -1;
    r->applied_at = how == 'B' ? w->now + LATE_MAX_MS : DYGW_NO_TIME;
    r->known_until = w->now + SAME_MS;
    w->request_count++;
}

static apr_array_header_t *records_of(const world_t *w)
{
    apr_array_header_t *records = apr_array_make(w->pool, REQUESTS_MAX, sizeof(dygw_rival_t));
    int i;

    for (i = 0; i < w->request_count; i++) {
        const dygw_verification_t *v = &w->requests[i].row;

        APR_ARRAY_PUSH(records, dygw_rival_t) = (dygw_rival_t){
            .id = v->id,
            .first_id = v->first_id,
            .verify_status = v->verify_status,
            .verify_id = v->verify_id,
            .already = v->already,
            .given_up = v->cancel_since != DYGW_NO_TIME,
            .created_at = v->created_at,
        };
    }
    return records;
}

/* What is shown of ours tells nothing where somebody else may have done it, or another request of
 * ours is in the way. */
static int is_clear(const world_t *w)
{
    int clear = w->request_count == 1;
    int i;

    for (i = 0; i < w->done_count; i++) {
        clear &= w->done[i].by != OTHER || !w->done[i].looks_like_ours
                 || w->done[i].shown.verify_time < w->requests[0].row.created_at - CLOCKS_MS;
    }
    return clear;
}

static void check_owner(const world_t *w, int k)
{
    const dygw_verification_t *v = &w->requests[k].row;
    const done_t *done = NULL;
    int i;

    for (i = 0; i < w->done_count; i++) {
        done = strcmp(w->done[i].verify_id, v->verify_id) == 0 ? &w->done[i] : done;
    }
    FUZZ_ASSERT(done && done->looks_like_ours && !done->taken_back);
    FUZZ_ASSERT(done->by == k || !is_clear(w));
    for (i = 0; i < w->request_count; i++) {
        FUZZ_ASSERT(i == k || !w->requests[i].row.verify_id || strcmp(w->requests[i].row.verify_id, v->verify_id) != 0);
    }
}

/* Nothing ends as failed that was redeemed, or that Douyin may still redeem unasked; but for what was
 * refused, and is not shown when all that may come late has come. */
static void check_loss(const world_t *w, int k, int was_shown)
{
    const request_t *r = &w->requests[k];

    if (is_clear(w) && (was_shown || r->row.refused_code == DYGW_NO_INT)) {
        FUZZ_ASSERT(r->applied < 0 || w->done[r->applied].taken_back);
        FUZZ_ASSERT(r->applied_at == DYGW_NO_TIME || uses_left(w) <= 0);
    }
}

static void succeed(world_t *w, int k, const char *verify_id)
{
    w->requests[k].row.verify_status = DYGW_SUCCESS;
    w->requests[k].row.verify_id = verify_id;
    check_owner(w, k);
}

static void fail(world_t *w, int k, int was_shown)
{
    w->requests[k].row.verify_status = DYGW_FAILED;
    check_loss(w, k, was_shown);
}

static int has_verify_id(const world_t *w, const char *verify_id)
{
    int i;

    for (i = 0; i < w->request_count; i++) {
        if (w->requests[i].row.verify_id && !strcmp(w->requests[i].row.verify_id, verify_id)) {
            return 1;
        }
    }
    return 0;
}

/* Whether Douyin still remembers the verify_token; it does so anew with each time that it is sent. */
static int is_in_mind(const world_t *w, const request_t *r)
{
    return w->for_ever || w->now <= r->known_until;
}

/* Whether it takes a repetition for the verify that it has carried out. */
static int is_known_again(const world_t *w, const request_t *r)
{
    return r->applied >= 0 && !w->done[r->applied].taken_back && is_in_mind(w, r);
}

/* How often we have redeemed. */
static int ours(const world_t *w)
{
    int n = 0;
    int i;

    for (i = 0; i < w->done_count; i++) {
        n += w->done[i].by != OTHER && !w->done[i].taken_back;
    }
    return n;
}

static int hear_refusal(dygw_verification_t *v, int already)
{
    v->already = already ? DYGW_ALREADY_USED : v->already;
    v->refused_code = already ? DYGW_NO_INT : REFUSED;
    v->refused_description = already ? NULL : "refused";
    return 1;
}

/* Redeems anew what Douyin does not know again. Whether there is anything to be redeemed. */
static int carry_out(world_t *w, int k)
{
    request_t *r = &w->requests[k];
    int done;

    r->applied_at = DYGW_NO_TIME;
    if (!is_known_again(w, r)) {
        done = redeem(w, k, OPEN_PLATFORM, POI);
        if (done < 0) {
            return 0;
        }
        r->applied = done;
        FUZZ_ASSERT(ours(w) <= w->request_count);
    }
    r->known_until = w->now + SAME_MS;
    return 1;
}

/* The same verify once more. Gives whether the coupon is to be looked at because of it. */
static int repeat(world_t *w, int k)
{
    request_t *r = &w->requests[k];
    int lost = w->lose_answer;
    int refused = w->refuse;

    w->lose_answer = w->refuse = 0;
    r->row.repeats++;
    r->row.attempts++;
    r->row.sent_at = w->now;
    r->known_until = is_in_mind(w, r) ? w->now + SAME_MS : r->known_until;
    if (refused) {
        return lost ? 0 : hear_refusal(&r->row, 0);
    }
    if (!carry_out(w, k)) {
        return lost ? 0 : hear_refusal(&r->row, !w->refunded);
    }
    if (lost) {
        return 0;
    }
    if (has_verify_id(w, w->done[r->applied].verify_id)) {
        r->row.verify_status = DYGW_FAILED; /* another record's */
    }
    else {
        succeed(w, k, w->done[r->applied].verify_id);
    }
    return 0;
}

static void judge(world_t *w, int k)
{
    dygw_verification_t *rows[1];
    dygw_evidence_t e = { .rows = rows, .count = 1 };
    dygw_verdict_t verdict;
    int again = 1;
    int looks;

    for (looks = 0; k < w->request_count && again && looks < 3; looks++) {
        rows[0] = &w->requests[k].row;
        if (rows[0]->verify_status != DYGW_PROCESSING) {
            return;
        }
        again = 0;
        e.now = e.sure = w->now;
        e.seen[0] = w->show_nothing ? NULL : show(w);
        e.rivals[0] = records_of(w);
        w->show_nothing = 0;
        dygw_judge(&e, &verdict);
        if (verdict.what == DYGW_VERDICT_OURS) {
            succeed(w, k, verdict.verify->verify_id);
        }
        else if (verdict.what == DYGW_VERDICT_FAILED) {
            fail(w, k, e.seen[0] != NULL);
        }
        else if (verdict.what == DYGW_VERDICT_REPEAT) {
            again = repeat(w, k);
        }
        else if (verdict.silent && !rows[0]->already) {
            rows[0]->already = DYGW_ALREADY_SILENT;
        }
    }
}

static void take_back(world_t *w)
{
    int i;

    for (i = w->done_count - 1; i >= 0; i--) {
        if (w->done[i].by == OTHER && !w->done[i].taken_back) {
            w->done[i].taken_back = 1;
            return;
        }
    }
}

static void give_up(world_t *w, int k)
{
    if (k >= 0 && w->requests[k].row.cancel_since == DYGW_NO_TIME) {
        w->requests[k].row.cancel_since = w->now;
    }
}

static void step(world_t *w, char c)
{
    switch (c) {
    case 'A':
    case 'B':
    case 'C':
        ask_for(w, c);
        break;
    case '1':
    case '2':
    case '3':
        judge(w, c - '1');
        break;
    case 'g':
    case 'G':
        give_up(w, c == 'G' ? 0 : w->request_count - 1);
        break;
    case 'o':
        redeem(w, OTHER, 2, POI);
        break;
    case 'p':
        redeem(w, OTHER, OPEN_PLATFORM, "7000000000000000000");
        break;
    case 'u':
        redeem(w, OTHER, OPEN_PLATFORM, POI);
        break;
    case 'x':
        take_back(w);
        break;
    case 'r':
        w->refunded |= uses_left(w) > 0;
        break;
    case 'n':
        w->lose_answer = 1;
        break;
    case 'q':
        w->refuse = 1;
        break;
    case 'N':
        w->show_nothing = 1;
        break;
    case 's':
        pass(w, 1000);
        break;
    case 'm':
        pass(w, 40000);
        break;
    case 'l':
        pass(w, 540000);
        break;
    case 't':
        pass(w, 960000);
        break;
    default:
        break;
    }
}

/* Any byte is a step. */
static char letter(int byte)
{
    static const char all[] = "ABC123gGopuxrnqNsmlt";

    return (char)(byte > 0 && strchr(all, byte) ? byte : all[byte % ((int)sizeof(all) - 1)]);
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    fuzz_input_t in = { data, len, pool };
    world_t *w = apr_pcalloc(pool, sizeof(*w));
    int steps;

    w->pool = pool;
    w->now = FUZZ_NOW;
    w->uses = 1 + (fuzz_byte(&in) + 256 - 'a') % 4;
    w->for_ever = fuzz_byte(&in) % 2;
    for (steps = 0; in.len > 0 && steps < STEPS_MAX; steps++) {
        step(w, letter(fuzz_byte(&in)));
    }
}
