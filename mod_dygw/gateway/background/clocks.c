/* SPDX-License-Identifier: Apache-2.0
 * Watches the clock of this host.
 *
 * It was set when it has not gone as the steady clock has since the turn before. Then what was
 * heard of Douyin's clock is doubted: the steady clock does not run while a machine is suspended.
 * Douyin is asked anew, and again from time to time while the clock is wrong or callers are
 * refused: for then nobody else asks. */
#include "gateway/background/clocks.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "gateway/host.h"

#define AT_ONCE_US    apr_time_from_msec(100)
#define MINUTE_US     apr_time_from_sec(60)
#define HOUR_US       apr_time_from_sec(3600)
#define WELL          0
#define OFF           1 /* more than it should be */
#define WRONG         2 /* so much that callers are refused */
#define SAME_WITHIN_S 10

/* Both clocks are read at the same time: a thread that stands still in between would see a step. */
static dygw_ms_t ms_apart(void)
{
    apr_time_t before;
    dygw_ms_t now;

    do {
        before = dygw_steady_now();
        now = dygw_now();
    } while (dygw_steady_now() - before > AT_ONCE_US);
    return now - apr_time_as_msec(before);
}

/* "3h 0m 12s" */
static const char *words_for(dygw_ms_t ms, apr_pool_t *pool)
{
    const long sec = (long)((llabs(ms) + 500) / 1000);

    if (sec < 60) {
        return apr_psprintf(pool, "%.1fs", (double)llabs(ms) / 1000);
    }
    return sec < 3600 ? apr_psprintf(pool, "%ldm %lds", sec / 60, sec % 60)
                      : apr_psprintf(pool, "%ldh %ldm %lds", sec / 3600, sec / 60 % 60, sec % 60);
}

/* --- whether it was set --- */

static int look_for_step(const dygw_ctx_t *ctx, dygw_clocks_t *state)
{
    const dygw_ms_t apart = ms_apart();
    const dygw_ms_t step = state->turned_at != 0 ? apart - state->apart : 0;

    state->turned_at = dygw_steady_now();
    state->apart = apart;
    if (llabs(step) <= DYGW_CLOCKS_APART_MS) {
        return 0;
    }
    dygw_host_clock_doubt(ctx->gateway, DYGW_CLOCK_DOUYIN);
    state->asked_at = 0;
    if (step > 0) {
        dygw_log(ctx->log, NOTICE, 0,
                 DYGWNO(0361) "this host's clock was set forward by %s, or the host was suspended",
                 words_for(step, ctx->pool));
        return DYGW_CLOCKS_ASK;
    }
    state->was_set_back = 1;
    dygw_log(ctx->log, WARN, 0,
             DYGWNO(0360) "this host's clock was set back by %s; what was put off by the clock "
                          "before is looked at now",
             words_for(step, ctx->pool));
    return DYGW_CLOCKS_SET_BACK | DYGW_CLOCKS_ASK;
}

/* --- whether it is right --- */

static void report_clock(const dygw_ctx_t *ctx, int wrong, dygw_ms_t ahead)
{
    const char *far = words_for(ahead, ctx->pool);
    const char *where = ahead > 0 ? "ahead of" : "behind";

    if (wrong == WRONG) {
        dygw_log(ctx->log, ERR, 0,
                 DYGWNO(0362) "this host's clock is %s %s Douyin's: callers whose clocks are right "
                              "are refused, or soon will be; set it, and keep it by NTP",
                 far, where);
    }
    else if (wrong == OFF) {
        dygw_log(ctx->log, WARN, 0,
                 DYGWNO(0363) "this host's clock is %s %s Douyin's; keep it by NTP", far, where);
    }
    else {
        dygw_log(ctx->log, NOTICE, 0, DYGWNO(0364) "this host's clock agrees with Douyin's again");
    }
}

/* What is not known does not change what was logged. */
static int compare_with_douyin(const dygw_ctx_t *ctx, dygw_clocks_t *state)
{
    dygw_clock_seen_t seen;
    dygw_ms_t ahead;
    int wrong, was_ahead;

    if (!dygw_host_clock(ctx->gateway, DYGW_CLOCK_DOUYIN, &seen)) {
        return 0;
    }
    ahead = dygw_clock_ahead(&seen);
    wrong = ctx->gateway->host->clock_wrong != 0 ? WRONG
            : llabs(ahead) > DYGW_CLOCK_WELL_MS  ? OFF
                                                 : WELL;
    if (wrong != state->wrong) {
        report_clock(ctx, wrong, ahead);
    }
    state->wrong = wrong;
    was_ahead = wrong == WELL && state->was_set_back;
    state->was_set_back = 0;
    return was_ahead ? DYGW_CLOCKS_RIGHT : 0;
}

/* --- callers whose clocks differ --- */

static int compare_offsets(const void *a, const void *b)
{
    const apr_int64_t left = *(const apr_int64_t *)a;
    const apr_int64_t right = *(const apr_int64_t *)b;

    return left < right ? -1 : left > right;
}

/* Callers that all are off by the same seconds are right, and this host is wrong: this is the only
 * sign of it where Douyin is not heard. */
static void report_stale(const dygw_ctx_t *ctx, apr_int64_t more, apr_int64_t total)
{
    apr_int64_t off[DYGW_STALE_KEPT] = { 0 };
    const int known = (int)(more < DYGW_STALE_KEPT ? more : DYGW_STALE_KEPT);
    int i;

    for (i = 0; i < known; i++) {
        off[i] = ctx->gateway->host->stale_off[(total - 1 - i) % DYGW_STALE_KEPT];
    }
    qsort(off, (size_t)known, sizeof(*off), compare_offsets);
    dygw_log(ctx->log, WARN, 0,
             DYGWNO(0365) "%" APR_INT64_T_FMT " requests were refused since the last such line "
                          "because their X-Timestamp is stale: %" APR_INT64_T_FMT " s ahead in the "
                          "middle, %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT " (negative: "
                          "behind)%s",
             more, off[known / 2], off[0], off[known - 1],
             known > 2 && off[known - 1] - off[0] <= SAME_WITHIN_S
                 ? "; all are off by the same: is this host's clock right?"
                 : "");
}

/* Told after a minute at the earliest, and then less and less often while it goes on. */
static void count_stale(const dygw_ctx_t *ctx, dygw_clocks_t *state)
{
    const apr_int64_t total = ctx->gateway->host->stale;
    const apr_time_t now = dygw_steady_now();

    if (state->told_at == 0) {
        state->stale = total < state->stale ? total : state->stale;
        state->told_at = now;
        state->tell_pause = MINUTE_US;
    }
    if (now - state->told_at < state->tell_pause) {
        return;
    }
    if (total != state->stale) {
        report_stale(ctx, total - state->stale, total);
        state->tell_pause = state->tell_pause < HOUR_US ? 2 * state->tell_pause : HOUR_US;
    }
    else {
        state->tell_pause = MINUTE_US;
    }
    state->stale = total;
    state->told_at = now;
}

/* --- all of it --- */

static int must_ask(const dygw_ctx_t *ctx, const dygw_clocks_t *state)
{
    const apr_time_t now = dygw_steady_now();
    const int doubted = state->wrong != WELL || ctx->gateway->host->stale != state->stale;
    dygw_clock_seen_t seen;

    if (!doubted || (state->asked_at != 0 && now - state->asked_at < DYGW_CLOCKS_ASK_US)) {
        return 0;
    }
    return !dygw_host_clock(ctx->gateway, DYGW_CLOCK_DOUYIN, &seen)
           || now - seen.at >= DYGW_CLOCKS_ASK_US;
}

int dygw_clocks_turn(const dygw_ctx_t *ctx, dygw_clocks_t *state)
{
    int to_do = look_for_step(ctx, state);

    ctx->gateway->host->clock_wrong = dygw_host_clock_wrong(ctx->gateway);
    to_do |= compare_with_douyin(ctx, state);
    if (must_ask(ctx, state)) {
        to_do |= DYGW_CLOCKS_ASK;
    }
    if (to_do & DYGW_CLOCKS_ASK) {
        state->asked_at = dygw_steady_now();
    }
    count_stale(ctx, state);
    return to_do;
}
