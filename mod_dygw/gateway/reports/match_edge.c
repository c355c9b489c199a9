/* SPDX-License-Identifier: Apache-2.0
 * The edge of a day that is compared before Douyin's records of it are complete: what may be no
 * difference but only under way is left out, and counted apart. Of a redemption, or a cancel, of
 * the last minutes one side may know before the other does; what is `processing` here may stand at
 * Douyin already, at any time of the day. What both sides have is compared whenever it was. */
#include "gateway/reports/match.h"
#include "util/jsonw.h"

#define LEFT_OUT_SIZE 128

/* What is known of a verification of ours that is not settled. */
typedef struct unsettled_t {
    apr_int64_t id;
    int is_shown; /* one of Douyin's records is left out because of it */
} unsettled_t;

static unsettled_t *note_unsettled(dygw_match_t *match, apr_int64_t id)
{
    unsettled_t *noted = apr_hash_get(match->unsettled, &id, sizeof(id));

    if (!noted) {
        noted = apr_pcalloc(match->pool, sizeof(*noted));
        noted->id = id;
        apr_hash_set(match->unsettled, &noted->id, sizeof(noted->id), noted);
    }
    return noted;
}

void dygw_match_add_unsettled(dygw_match_t *match, const dygw_match_row_t *read)
{
    if (match->until != DYGW_NO_TIME && match->whole && read->created_at >= match->start
        && read->created_at < match->end) {
        note_unsettled(match, read->id);
    }
}

/* A verification that is not settled is one redemption, even where its coupon has more. */
static int is_awaited(dygw_match_t *match, const dygw_match_row_t *ours)
{
    unsettled_t *noted = note_unsettled(match, ours->id);
    const int is_first = !noted->is_shown;

    noted->is_shown = 1;
    return is_first;
}

static int is_recent(const dygw_match_t *match, dygw_ms_t at)
{
    return at != DYGW_NO_TIME && at >= match->until;
}

static int leave_out_as(dygw_match_t *match, dygw_left_out_e kind)
{
    match->left_out[kind]++;
    return 1;
}

static int leave_out_record(dygw_match_t *match, const dygw_match_pair_t *pair)
{
    const dygw_match_row_t *ours = pair->ours;

    /* It counts with the others that are not settled. */
    if (ours && ours->verify_status == DYGW_PROCESSING && is_awaited(match, ours)) {
        return 1;
    }
    if (ours && ours->verify_status == DYGW_CANCELLED) {
        return is_recent(match, ours->updated_at) && leave_out_as(match, DYGW_RECENT_HERE);
    }
    return is_recent(match, pair->douyin->verify_time)
           && leave_out_as(match, DYGW_RECENT_AT_DOUYIN);
}

static int leave_out_cancel(dygw_match_t *match, const dygw_match_pair_t *pair)
{
    if (pair->ours->cancel_since != DYGW_NO_TIME) {
        return leave_out_as(match, DYGW_UNSETTLED);
    }
    return is_recent(match, pair->douyin->cancel_time)
           && leave_out_as(match, DYGW_RECENT_AT_DOUYIN);
}

/* The amount of a redemption is known here a moment after the redemption. */
static int leave_out_amount(dygw_match_t *match, const dygw_match_pair_t *pair)
{
    return pair->ours->pay_amount == DYGW_NO_INT
           && (is_recent(match, pair->ours->verify_time)
               || is_recent(match, pair->douyin->verify_time))
           && leave_out_as(match, DYGW_RECENT_AT_DOUYIN);
}

int dygw_match_leave_out(dygw_match_t *match, const dygw_match_pair_t *pair)
{
    if (match->until == DYGW_NO_TIME) {
        return 0;
    }
    switch (pair->class) {
    case DYGW_ONLY_HERE:
        return is_recent(match, pair->ours->verify_time) && leave_out_as(match, DYGW_RECENT_HERE);
    case DYGW_ONLY_AT_DOUYIN:
        return leave_out_record(match, pair);
    case DYGW_CANCELLED_AT_DOUYIN:
        return leave_out_cancel(match, pair);
    default:
        return leave_out_amount(match, pair);
    }
}

/* One that was settled between being read and being found has a partner. */
void dygw_match_count_unsettled(dygw_match_t *match)
{
    apr_hash_index_t *i;

    for (i = apr_hash_first(match->pool, match->unsettled); i; i = apr_hash_next(i)) {
        const unsettled_t *noted = apr_hash_this_val(i);

        if (!apr_hash_get(match->taken, &noted->id, sizeof(noted->id))) {
            match->left_out[DYGW_UNSETTLED]++;
        }
    }
}

const char *dygw_match_left_out(const dygw_match_t *match, apr_pool_t *pool)
{
    static const char *const words[] = {
        [DYGW_RECENT_HERE] = "recent_here",
        [DYGW_RECENT_AT_DOUYIN] = "recent_at_douyin",
        [DYGW_UNSETTLED] = "processing",
    };
    dygw_jsonw_t w;
    int i;

    if (match->until == DYGW_NO_TIME) {
        return NULL;
    }
    dygw_jsonw_init(&w, pool, LEFT_OUT_SIZE);
    dygw_jsonw_object(&w, NULL);
    for (i = 0; i < DYGW_LEFT_OUTS; i++) {
        if (i == DYGW_RECENT_HERE && !match->whole) {
            dygw_jsonw_null(&w, words[i]);
        }
        else {
            dygw_jsonw_int(&w, words[i], match->left_out[i]);
        }
    }
    dygw_jsonw_end_object(&w);
    return w.text;
}
