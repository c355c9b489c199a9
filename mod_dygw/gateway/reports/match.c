/* SPDX-License-Identifier: Apache-2.0
 * Matches our verifications of a business day with Douyin's records. The file works in memory: it
 * calls neither the database nor Douyin. */
#include "gateway/reports/match.h"

#include <string.h>

#include <apr_strings.h>

/* One of Douyin's records. */
typedef struct match_record_t {
    dygw_verify_record_t douyin;
    const dygw_match_row_t *partner; /* our verification that belongs to the record; or NULL */
    const dygw_match_row_t *shown;   /* without a partner: our newest verification of the same
                                      * coupon, which did not redeem; or NULL */
} match_record_t;

const char *dygw_match_class_word(dygw_match_class_e class)
{
    static const char *const words[] = {
        [DYGW_MATCHED] = "matched",
        [DYGW_ONLY_HERE] = "only_here",
        [DYGW_ONLY_AT_DOUYIN] = "only_at_douyin",
        [DYGW_CANCELLED_AT_DOUYIN] = "cancelled_at_douyin",
        [DYGW_AMOUNT_DIFFERS] = "amount_differs",
    };

    return words[class];
}

dygw_match_t *dygw_match_make(dygw_ms_t start, dygw_ms_t end, int whole, apr_pool_t *pool)
{
    dygw_match_t *match = apr_pcalloc(pool, sizeof(*match));

    match->pool = pool;
    match->start = start;
    match->end = end;
    match->whole = whole;
    match->records = apr_array_make(pool, DYGW_RECORDS_PER_PAGE, sizeof(match_record_t *));
    match->record_of = apr_hash_make(pool);
    match->ours = apr_array_make(pool, DYGW_RECORDS_PER_PAGE, sizeof(dygw_match_row_t *));
    match->ours_of = apr_hash_make(pool);
    match->ours_of_coupon = apr_hash_make(pool);
    match->taken = apr_hash_make(pool);
    match->until = DYGW_NO_TIME;
    match->unsettled = apr_hash_make(pool);
    match->pairs = apr_array_make(pool, DYGW_RECORDS_PER_PAGE, sizeof(dygw_match_pair_t));
    return match;
}

static int is_of_day(const dygw_match_t *match, dygw_ms_t t)
{
    return t >= match->start && t < match->end;
}

/* --- what is matched --- */

static const char *copy_text(apr_pool_t *pool, const char *text)
{
    return text ? apr_pstrdup(pool, text) : NULL;
}

void dygw_match_add_record(dygw_match_t *match, const dygw_verify_record_t *read)
{
    match_record_t *added;

    if (read->verify_id && apr_hash_get(match->record_of, read->verify_id, APR_HASH_KEY_STRING)) {
        return;
    }
    added = apr_pcalloc(match->pool, sizeof(*added));
    added->douyin = *read;
    added->douyin.verify_id = copy_text(match->pool, read->verify_id);
    added->douyin.certificate_id = copy_text(match->pool, read->certificate_id);
    added->douyin.sku_name = copy_text(match->pool, read->sku_name);
    APR_ARRAY_PUSH(match->records, match_record_t *) = added;
    if (added->douyin.verify_id) {
        apr_hash_set(match->record_of, added->douyin.verify_id, APR_HASH_KEY_STRING, added);
    }
}

/* Whether the verification redeemed its coupon, even if the redemption was cancelled later. */
static int has_redeemed(const dygw_match_row_t *ours)
{
    return ours->verify_status == DYGW_SUCCESS || ours->verify_status == DYGW_CANCELLED;
}

static void add_without_verify_id(dygw_match_t *match, const dygw_match_row_t *ours)
{
    apr_array_header_t *candidates
        = apr_hash_get(match->ours_of_coupon, ours->certificate_id, APR_HASH_KEY_STRING);

    if (!candidates) {
        candidates = apr_array_make(match->pool, 1, sizeof(dygw_match_row_t *));
        apr_hash_set(match->ours_of_coupon, ours->certificate_id, APR_HASH_KEY_STRING, candidates);
    }
    APR_ARRAY_PUSH(candidates, const dygw_match_row_t *) = ours;
}

static dygw_match_row_t *copy_ours(apr_pool_t *pool, const dygw_match_row_t *ours)
{
    dygw_match_row_t *made = apr_pmemdup(pool, ours, sizeof(*ours));

    made->app_name = copy_text(pool, ours->app_name);
    made->poi_id = copy_text(pool, ours->poi_id);
    made->certificate_id = copy_text(pool, ours->certificate_id);
    made->verify_id = copy_text(pool, ours->verify_id);
    made->order_id = copy_text(pool, ours->order_id);
    made->ext_order_id = copy_text(pool, ours->ext_order_id);
    made->product_name = copy_text(pool, ours->product_name);
    made->store = copy_text(pool, ours->store);
    made->account_id = copy_text(pool, ours->account_id);
    return made;
}

void dygw_match_add_verification(dygw_match_t *match, const dygw_match_row_t *read)
{
    const dygw_match_row_t *ours;

    if (read->verify_status == DYGW_PROCESSING) {
        dygw_match_add_unsettled(match, read);
    }
    if (!has_redeemed(read) || !is_of_day(match, read->verify_time)) {
        return;
    }
    ours = copy_ours(match->pool, read);
    APR_ARRAY_PUSH(match->ours, const dygw_match_row_t *) = ours;
    if (ours->verify_id) {
        apr_hash_set(match->ours_of, ours->verify_id, APR_HASH_KEY_STRING, ours);
    }
    else if (ours->certificate_id) {
        add_without_verify_id(match, ours);
    }
}

/* --- partners --- */

static int has_partner(const dygw_match_t *match, const dygw_match_row_t *ours)
{
    return apr_hash_get(match->taken, &ours->id, sizeof(ours->id)) != NULL;
}

static void set_partner(const dygw_match_t *match, match_record_t *record,
                        const dygw_match_row_t *ours)
{
    record->partner = ours;
    apr_hash_set(match->taken, &ours->id, sizeof(ours->id), ours);
}

static apr_int64_t time_apart(dygw_ms_t a, dygw_ms_t b)
{
    return a < b ? b - a : a - b;
}

/* Returns, of the verifications that redeemed and have neither a verify_id nor a partner, the one
 * whose verify_time is nearest to `at`; NULL when there is none. */
static const dygw_match_row_t *nearest_in_time(const dygw_match_t *match, dygw_ms_t at,
                                               const apr_array_header_t *candidates)
{
    const dygw_match_row_t *best = NULL;
    int i;

    for (i = 0; candidates && i < candidates->nelts; i++) {
        const dygw_match_row_t *ours = APR_ARRAY_IDX(candidates, i, const dygw_match_row_t *);

        if (!ours->verify_id && has_redeemed(ours) && !has_partner(match, ours)
            && (!best || time_apart(ours->verify_time, at) < time_apart(best->verify_time, at))) {
            best = ours;
        }
    }
    return best;
}

static void pair_by_verify_id(dygw_match_t *match, match_record_t *record)
{
    const dygw_match_row_t *ours = NULL;

    if (record->douyin.verify_id) {
        ours = apr_hash_get(match->ours_of, record->douyin.verify_id, APR_HASH_KEY_STRING);
    }
    if (ours) {
        set_partner(match, record, ours);
    }
}

static void pair_by_coupon(dygw_match_t *match, match_record_t *record)
{
    const apr_array_header_t *candidates = NULL;
    const dygw_match_row_t *ours;

    if (!record->partner && record->douyin.certificate_id) {
        candidates = apr_hash_get(match->ours_of_coupon, record->douyin.certificate_id,
                                  APR_HASH_KEY_STRING);
    }
    ours = nearest_in_time(match, record->douyin.verify_time, candidates);
    if (ours) {
        set_partner(match, record, ours);
    }
}

void dygw_match_pairs(dygw_match_t *match)
{
    int i;

    for (i = 0; i < match->records->nelts; i++) {
        pair_by_verify_id(match, APR_ARRAY_IDX(match->records, i, match_record_t *));
    }
    for (i = 0; i < match->records->nelts; i++) {
        pair_by_coupon(match, APR_ARRAY_IDX(match->records, i, match_record_t *));
    }
}

/* Whether the record belongs to the day. A record without a time does, because Douyin was asked for
 * the records of the day. */
static int is_record_of_day(const dygw_match_t *match, const match_record_t *record)
{
    return record->douyin.verify_time == DYGW_NO_TIME
           || is_of_day(match, record->douyin.verify_time);
}

const dygw_verify_record_t *dygw_match_next_open(const dygw_match_t *match, int *position)
{
    while (*position < match->records->nelts) {
        const match_record_t *record
            = APR_ARRAY_IDX(match->records, (*position)++, match_record_t *);

        if (!record->partner && is_record_of_day(match, record)) {
            return &record->douyin;
        }
    }
    return NULL;
}

void dygw_match_found(dygw_match_t *match, int position, const dygw_match_row_t *ours)
{
    set_partner(match, APR_ARRAY_IDX(match->records, position - 1, match_record_t *), ours);
}

/* Returns the newest verification without a verify_id of which we do not know yet whether it
 * redeemed, else the newest that did not. NULL: none. `candidates` are sorted, the newest first. */
static const dygw_match_row_t *newest_not_redeemed(const apr_array_header_t *candidates)
{
    const dygw_match_row_t *newest = NULL;
    int i;

    for (i = 0; i < candidates->nelts; i++) {
        const dygw_match_row_t *ours = APR_ARRAY_IDX(candidates, i, const dygw_match_row_t *);

        if (!ours->verify_id && ours->verify_status == DYGW_PROCESSING) {
            return ours;
        }
        if (!newest && !ours->verify_id && !has_redeemed(ours)) {
            newest = ours;
        }
    }
    return newest;
}

void dygw_match_found_coupon(dygw_match_t *match, int position,
                             const apr_array_header_t *candidates)
{
    match_record_t *record = APR_ARRAY_IDX(match->records, position - 1, match_record_t *);
    const dygw_match_row_t *ours = nearest_in_time(match, record->douyin.verify_time, candidates);

    if (ours) {
        set_partner(match, record, ours);
    }
    else {
        record->shown = newest_not_redeemed(candidates);
    }
}

/* --- classes and sums --- */

static int same_amount(const dygw_match_row_t *ours, const dygw_verify_record_t *douyin)
{
    return ours->pay_amount == DYGW_NO_INT ? douyin->pay_amount < 0
                                           : ours->pay_amount == douyin->pay_amount;
}

static dygw_match_class_e class_of_pair(const dygw_match_row_t *ours,
                                        const dygw_verify_record_t *douyin)
{
    if (!douyin) {
        return DYGW_ONLY_HERE;
    }
    if (!ours || !has_redeemed(ours)) {
        return DYGW_ONLY_AT_DOUYIN;
    }
    if (ours->verify_status == DYGW_CANCELLED) {
        return douyin->cancelled ? DYGW_MATCHED : DYGW_ONLY_AT_DOUYIN;
    }
    if (douyin->cancelled) {
        return DYGW_CANCELLED_AT_DOUYIN;
    }
    return same_amount(ours, douyin) ? DYGW_MATCHED : DYGW_AMOUNT_DIFFERS;
}

static apr_int64_t amount_here(const dygw_match_row_t *ours)
{
    return ours && ours->verify_status == DYGW_SUCCESS && ours->pay_amount != DYGW_NO_INT
               ? ours->pay_amount
               : 0;
}

static apr_int64_t amount_there(const dygw_verify_record_t *douyin)
{
    return !douyin->cancelled && douyin->pay_amount > 0 ? douyin->pay_amount : 0;
}

static apr_int64_t amount_of(const dygw_match_pair_t *pair)
{
    return !pair->douyin || pair->class == DYGW_CANCELLED_AT_DOUYIN ? amount_here(pair->ours)
                                                                    : amount_there(pair->douyin);
}

static void count_pair(dygw_match_t *match, const dygw_match_row_t *ours,
                       const dygw_verify_record_t *douyin)
{
    dygw_match_pair_t pair = { class_of_pair(ours, douyin), ours, douyin };

    if (pair.class != DYGW_MATCHED && dygw_match_leave_out(match, &pair)) {
        return;
    }
    match->counts[pair.class]++;
    match->amounts[pair.class] += amount_of(&pair);
    if (pair.class != DYGW_MATCHED) {
        APR_ARRAY_PUSH(match->pairs, dygw_match_pair_t) = pair;
    }
}

void dygw_match_classify(dygw_match_t *match)
{
    int i;

    for (i = 0; i < match->records->nelts; i++) {
        const match_record_t *record = APR_ARRAY_IDX(match->records, i, match_record_t *);

        if (is_record_of_day(match, record)) {
            count_pair(match, record->partner ? record->partner : record->shown, &record->douyin);
        }
    }
    for (i = 0; match->whole && i < match->ours->nelts; i++) {
        const dygw_match_row_t *ours = APR_ARRAY_IDX(match->ours, i, const dygw_match_row_t *);

        if (!has_partner(match, ours)) {
            count_pair(match, ours, NULL);
        }
    }
    dygw_match_count_unsettled(match);
}
