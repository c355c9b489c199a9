/* SPDX-License-Identifier: Apache-2.0
 * Changes that come later than their answer: Douyin was busy, or has a verify under review. The
 * lock is held throughout. */
#include "sandbox/change.h"

#include "sandbox/codes.h"

int dygw_sandbox_change_later(const dygw_sandbox_change_t *change, dygw_ms_t ms, int is_review)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();

    if (s->lates == DYGW_SANDBOX_LATE) {
        return 0;
    }
    s->late[s->lates].due = dygw_now() + ms;
    s->late[s->lates].is_review = is_review;
    s->late[s->lates].change = *change;
    s->lates++;
    return 1;
}

static int share_a_coupon(const dygw_sandbox_change_t *a, const dygw_sandbox_change_t *b)
{
    for (int i = 0; i < a->count; i++) {
        for (int j = 0; j < b->count; j++) {
            if (a->records[i] == b->records[j]) {
                return 1;
            }
        }
    }
    return 0;
}

int dygw_sandbox_is_under_review(const dygw_sandbox_change_t *change)
{
    const dygw_sandbox_state_t *s = dygw_sandbox_state();

    for (int i = 0; i < s->lates; i++) {
        if (s->late[i].is_review && share_a_coupon(&s->late[i].change, change)) {
            return 1;
        }
    }
    return 0;
}

void dygw_sandbox_review(const dygw_sandbox_change_t *change, dygw_ms_t ms,
                         dygw_sandbox_outcome_t *outcome)
{
    const dygw_ms_t now = dygw_now();

    if (dygw_sandbox_was_verified(change, now)) {
        dygw_sandbox_change(change, now, outcome);
        return;
    }
    if (!dygw_sandbox_is_under_review(change)) {
        dygw_sandbox_change_later(change, ms, 1);
    }
    dygw_sandbox_refuse_all(change, DYGW_SANDBOX_UNDER_REVIEW, outcome);
}

static int earliest(const dygw_sandbox_state_t *s)
{
    int first = 0;

    for (int i = 1; i < s->lates; i++) {
        if (s->late[i].due < s->late[first].due) {
            first = i;
        }
    }
    return first;
}

void dygw_sandbox_apply_due(dygw_ms_t now)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();

    while (s->lates > 0) {
        const int first = earliest(s);
        const dygw_sandbox_late_t late = s->late[first];
        dygw_sandbox_outcome_t outcome;

        if (late.due > now) {
            return;
        }
        s->late[first] = s->late[--s->lates];       /* before it is done: its review is over */
        dygw_sandbox_change(&late.change, late.due, &outcome);
    }
}
