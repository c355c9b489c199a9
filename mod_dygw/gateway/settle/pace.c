/* SPDX-License-Identifier: Apache-2.0
 * How long to wait before a row is looked at again. A pause is as long as the time that has passed
 * since something was sent, within limits, so that no tries have to be counted. Each pause is made
 * a little longer or shorter by chance. */
#include "gateway/settle/pace.h"

#include "douyin/douyin.h"
#include "gateway/background/job.h"
#include "gateway/code_use.h"

#define QUICK_REPEATS 5
#define QUICK_MS      25000 /* what the quick repetitions take together */
#define SLOW_MS       40000
#define LONGEST_MS    600000
#define AFTERWARDS_MS 1000 /* so much later a time is over for certain */

static dygw_ms_t grown_pause(dygw_ms_t passed, dygw_ms_t first, dygw_ms_t longest)
{
    dygw_ms_t pause = passed < first ? first : passed > longest ? longest : passed;

    return dygw_job_pause(0, pause, longest);
}

dygw_ms_t dygw_pace_repeat(dygw_verification_t *const *rows, int count)
{
    dygw_ms_t due = 0;
    int i;

    for (i = 0; i < count; i++) {
        dygw_ms_t pause = rows[i]->repeats < QUICK_REPEATS ? DYGW_PACE_FIRST_MS : SLOW_MS;

        if (rows[i]->verify_status == DYGW_PROCESSING && dygw_last_sent(rows[i]) + pause > due) {
            due = dygw_last_sent(rows[i]) + pause;
        }
    }
    return due;
}

dygw_ms_t dygw_pace_refused(const dygw_verification_t *v, int rest, dygw_ms_t now)
{
    return now + grown_pause(now - v->created_at, rest ? SLOW_MS : DYGW_PACE_FIRST_MS, LONGEST_MS);
}

dygw_ms_t dygw_pace_late(dygw_ms_t last_sent, dygw_ms_t now)
{
    dygw_ms_t certain = last_sent + DYGW_LATE_MS + AFTERWARDS_MS;
    dygw_ms_t next = now + grown_pause(now - last_sent, DYGW_PACE_FIRST_MS, LONGEST_MS);

    return now < certain && next > certain ? certain : next;
}

dygw_ms_t dygw_pace_look(const dygw_verification_t *v, dygw_ms_t now)
{
    if (v->review_since != DYGW_NO_TIME) {
        return now + grown_pause(now - v->review_since, DYGW_PACE_FIRST_MS, LONGEST_MS);
    }
    return dygw_pace_late(dygw_last_sent(v), now);
}

dygw_ms_t dygw_pace_ask(const dygw_verification_t *v, const dygw_reply_t *reply, dygw_ms_t now)
{
    int spoke = reply->kind == DYGW_REPLY_SETUP || reply->kind == DYGW_REPLY_REQUEST
                || dygw_douyin_reply_wants_rest(reply);

    return now
           + grown_pause(now - dygw_last_sent(v), DYGW_PACE_FIRST_MS, spoke ? LONGEST_MS : SLOW_MS);
}

dygw_ms_t dygw_pace_held(const dygw_verification_t *v, dygw_ms_t now)
{
    return now + grown_pause(now - v->created_at, DYGW_CODE_FIRST_LOOK_MS, SLOW_MS);
}

dygw_ms_t dygw_pace_cancel(dygw_ms_t since, dygw_ms_t now)
{
    dygw_ms_t passed = now - since;

    return now
           + (passed < QUICK_MS ? DYGW_PACE_FIRST_MS
                                : grown_pause(passed / 2, SLOW_MS, LONGEST_MS));
}
