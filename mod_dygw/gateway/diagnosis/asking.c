/* SPDX-License-Identifier: Apache-2.0
 * Sends the probes of a diagnosis, at a pace at which Douyin's limits are the tills': it allows
 * small applications 20 calls a second of an interface, all merchants and hosts together. (Douyin's
 * page on limits.) A shop of one account needs no more than the burst, and does not wait. */
#include <apr_time.h>

#include "gateway/diagnosis/probes.h"

#define AT_ONCE           5
#define BURST             20
#define PER_SECOND        10
#define AWAIT_PATIENCE_US apr_time_from_sec(1)
#define PAUSE_US          apr_time_from_msec(10)

/* No question is sent later: what is under way then still has the time of one call, and the doctor
 * is answered before it stops waiting. */
#define TIME_US apr_time_from_sec(18)

/* Takes one reply, when one comes in time. */
static void take_reply(dygw_probes_t *probes, apr_interval_time_t patience)
{
    dygw_answer_t answer;
    void *baton;
    dygw_probe_t *probe;

    if (!dygw_douyin_async_next(probes->async, patience, &baton, &answer)) {
        return;
    }
    probe = baton;
    probe->reply = answer.reply;
    if (probe->read) {
        probe->read(probes, probe);
    }
}

void dygw_probes_await(dygw_probes_t *probes)
{
    while (dygw_douyin_async_count(probes->async) > 0) {
        take_reply(probes, AWAIT_PATIENCE_US);
    }
}

static apr_interval_time_t passed(const dygw_probes_t *probes)
{
    return dygw_steady_now() - probes->began;
}

static int is_too_fast(const dygw_probes_t *probes)
{
    return probes->asked >= BURST + passed(probes) * PER_SECOND / APR_USEC_PER_SEC;
}

static void await_turn(dygw_probes_t *probes)
{
    while (dygw_douyin_async_count(probes->async) >= AT_ONCE) {
        take_reply(probes, AWAIT_PATIENCE_US);
    }
    while (is_too_fast(probes)) {
        if (dygw_douyin_async_count(probes->async) > 0) {
            take_reply(probes, PAUSE_US);
        }
        else {
            apr_sleep(PAUSE_US);
        }
    }
}

static dygw_why_e why_no_token(const dygw_probes_t *probes)
{
    int was_answered = !probes->fresh || dygw_probe_is_answer(&probes->fresh->reply);

    if (probes->refusal) {
        return DYGW_WHY_TOKEN_REFUSED;
    }
    return was_answered ? DYGW_WHY_NO_TOKEN : DYGW_WHY_NO_ANSWER;
}

void dygw_probe_begin(dygw_probes_t *probes, dygw_probe_t *probe)
{
    apr_pool_t *pool = probe->pool ? probe->pool : probes->d->ctx->pool;

    if (!probes->token) {
        probe->why_not = why_no_token(probes);
        return;
    }
    if (probe->why_not != DYGW_WHY_NONE) {
        return;
    }
    await_turn(probes);
    if (passed(probes) > TIME_US) {
        probe->why_not = DYGW_WHY_LEFT_OUT;
        return;
    }
    probes->asked++;
    dygw_douyin_async_begin(probes->async, &probe->question, probes->token, probes->d->ctx->log,
                            pool, probe);
}
