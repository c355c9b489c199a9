/* SPDX-License-Identifier: Apache-2.0
 * Our records of a business day against Douyin's. Calls nobody. */
#include "gateway/reports/match.h"

#include <string.h>

#include <apr_strings.h>

typedef struct entry_t {
    dygw_verify_record_t record;
    const dygw_match_row_t *partner;
    const dygw_match_row_t *shown;     /* no partner, but a row that tells something of it */
} entry_t;

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
    match->entries = apr_array_make(pool, DYGW_RECORDS_PER_PAGE, sizeof(entry_t *));
    match->entry_of = apr_hash_make(pool);
    match->rows = apr_array_make(pool, DYGW_RECORDS_PER_PAGE, sizeof(dygw_match_row_t *));
    match->row_of = apr_hash_make(pool);
    match->loose = apr_hash_make(pool);
    match->taken = apr_hash_make(pool);
    match->pairs = apr_array_make(pool, DYGW_RECORDS_PER_PAGE, sizeof(dygw_match_pair_t));
    return match;
}

static int is_of_the_day(const dygw_match_t *match, dygw_ms_t t)
{
    return t >= match->start && t < match->end;
}

/* --- what there is --- */

static const char *copy(apr_pool_t *pool, const char *text)
{
    return text ? apr_pstrdup(pool, text) : NULL;
}

void dygw_match_add_record(dygw_match_t *match, const dygw_verify_record_t *record)
{
    entry_t *entry;

    if (record->verify_id
        && apr_hash_get(match->entry_of, record->verify_id, APR_HASH_KEY_STRING)) {
        return;
    }
    entry = apr_pcalloc(match->pool, sizeof(*entry));
    entry->record = *record;
    entry->record.verify_id = copy(match->pool, record->verify_id);
    entry->record.certificate_id = copy(match->pool, record->certificate_id);
    entry->record.sku_name = copy(match->pool, record->sku_name);
    APR_ARRAY_PUSH(match->entries, entry_t *) = entry;
    if (entry->record.verify_id) {
        apr_hash_set(match->entry_of, entry->record.verify_id, APR_HASH_KEY_STRING, entry);
    }
}

/* It says, or said, that a coupon was redeemed. */
static int has_redeemed(const dygw_match_row_t *row)
{
    return row->verify_status == DYGW_SUCCESS || row->verify_status == DYGW_CANCELLED;
}

static void add_loose(dygw_match_t *match, const dygw_match_row_t *row)
{
    apr_array_header_t *rows = apr_hash_get(match->loose, row->certificate_id,
                                            APR_HASH_KEY_STRING);

    if (!rows) {
        rows = apr_array_make(match->pool, 1, sizeof(dygw_match_row_t *));
        apr_hash_set(match->loose, row->certificate_id, APR_HASH_KEY_STRING, rows);
    }
    APR_ARRAY_PUSH(rows, const dygw_match_row_t *) = row;
}

static dygw_match_row_t *copy_row(apr_pool_t *pool, const dygw_match_row_t *row)
{
    dygw_match_row_t *made = apr_pmemdup(pool, row, sizeof(*row));

    made->app_name = copy(pool, row->app_name);
    made->poi_id = copy(pool, row->poi_id);
    made->certificate_id = copy(pool, row->certificate_id);
    made->verify_id = copy(pool, row->verify_id);
    made->order_id = copy(pool, row->order_id);
    made->ext_order_id = copy(pool, row->ext_order_id);
    made->product_name = copy(pool, row->product_name);
    return made;
}

void dygw_match_add_row(dygw_match_t *match, const dygw_match_row_t *read)
{
    const dygw_match_row_t *row;

    if (!has_redeemed(read) || !is_of_the_day(match, read->verify_time)) {
        return;
    }
    row = copy_row(match->pool, read);
    APR_ARRAY_PUSH(match->rows, const dygw_match_row_t *) = row;
    if (row->verify_id) {
        apr_hash_set(match->row_of, row->verify_id, APR_HASH_KEY_STRING, row);
    }
    else if (row->certificate_id) {
        add_loose(match, row);
    }
}

/* --- partners --- */

static int is_taken(const dygw_match_t *match, const dygw_match_row_t *row)
{
    return apr_hash_get(match->taken, &row->id, sizeof(row->id)) != NULL;
}

static void take(const dygw_match_t *match, entry_t *entry, const dygw_match_row_t *row)
{
    entry->partner = row;
    apr_hash_set(match->taken, &row->id, sizeof(row->id), row);
}

static apr_int64_t distance(dygw_ms_t a, dygw_ms_t b)
{
    return a < b ? b - a : a - b;
}

/* Of rows without a verify_id the one that fits and is next in time; NULL: none. */
static const dygw_match_row_t *nearest(const dygw_match_t *match, dygw_ms_t at,
                                       const apr_array_header_t *rows)
{
    const dygw_match_row_t *best = NULL;
    int i;

    for (i = 0; rows && i < rows->nelts; i++) {
        const dygw_match_row_t *row = APR_ARRAY_IDX(rows, i, const dygw_match_row_t *);

        if (!row->verify_id && has_redeemed(row) && !is_taken(match, row)
            && (!best || distance(row->verify_time, at) < distance(best->verify_time, at))) {
            best = row;
        }
    }
    return best;
}

static void match_by_verify_id(dygw_match_t *match, entry_t *entry)
{
    const dygw_match_row_t *row = NULL;

    if (entry->record.verify_id) {
        row = apr_hash_get(match->row_of, entry->record.verify_id, APR_HASH_KEY_STRING);
    }
    if (row) {
        take(match, entry, row);
    }
}

static void match_by_coupon(dygw_match_t *match, entry_t *entry)
{
    const apr_array_header_t *rows = NULL;
    const dygw_match_row_t *row;

    if (!entry->partner && entry->record.certificate_id) {
        rows = apr_hash_get(match->loose, entry->record.certificate_id, APR_HASH_KEY_STRING);
    }
    row = nearest(match, entry->record.verify_time, rows);
    if (row) {
        take(match, entry, row);
    }
}

void dygw_match_pairs(dygw_match_t *match)
{
    int i;

    for (i = 0; i < match->entries->nelts; i++) {
        match_by_verify_id(match, APR_ARRAY_IDX(match->entries, i, entry_t *));
    }
    for (i = 0; i < match->entries->nelts; i++) {
        match_by_coupon(match, APR_ARRAY_IDX(match->entries, i, entry_t *));
    }
}

/* A record without a time was asked for by the day, so it is of it. */
static int counts_today(const dygw_match_t *match, const entry_t *entry)
{
    return entry->record.verify_time == DYGW_NO_TIME
           || is_of_the_day(match, entry->record.verify_time);
}

const dygw_verify_record_t *dygw_match_next_open(const dygw_match_t *match, int *position)
{
    while (*position < match->entries->nelts) {
        const entry_t *entry = APR_ARRAY_IDX(match->entries, (*position)++, entry_t *);

        if (!entry->partner && counts_today(match, entry)) {
            return &entry->record;
        }
    }
    return NULL;
}

void dygw_match_found(dygw_match_t *match, int position, const dygw_match_row_t *row)
{
    take(match, APR_ARRAY_IDX(match->entries, position - 1, entry_t *), row);
}

/* A row that did not redeem, or does not say so yet. */
static const dygw_match_row_t *newest_other(const apr_array_header_t *rows)
{
    int i;

    for (i = 0; i < rows->nelts; i++) {
        const dygw_match_row_t *row = APR_ARRAY_IDX(rows, i, const dygw_match_row_t *);

        if (!row->verify_id && !has_redeemed(row)) {
            return row;
        }
    }
    return NULL;
}

void dygw_match_found_coupon(dygw_match_t *match, int position, const apr_array_header_t *rows)
{
    entry_t *entry = APR_ARRAY_IDX(match->entries, position - 1, entry_t *);
    const dygw_match_row_t *row = nearest(match, entry->record.verify_time, rows);

    if (row) {
        take(match, entry, row);
    }
    else {
        entry->shown = newest_other(rows);
    }
}

/* --- the judgement --- */

static int same_amount(const dygw_match_row_t *ours, const dygw_verify_record_t *douyin)
{
    return ours->pay_amount == DYGW_NO_INT ? douyin->pay_amount < 0
                                           : ours->pay_amount == douyin->pay_amount;
}

static dygw_match_class_e class_of(const dygw_match_row_t *ours,
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

static void count(dygw_match_t *match, const dygw_match_row_t *ours,
                  const dygw_verify_record_t *douyin)
{
    dygw_match_pair_t pair = { class_of(ours, douyin), ours, douyin };

    match->counts[pair.class]++;
    match->amounts[pair.class] += amount_of(&pair);
    if (pair.class != DYGW_MATCHED) {
        APR_ARRAY_PUSH(match->pairs, dygw_match_pair_t) = pair;
    }
}

void dygw_match_classify(dygw_match_t *match)
{
    int i;

    for (i = 0; i < match->entries->nelts; i++) {
        const entry_t *entry = APR_ARRAY_IDX(match->entries, i, entry_t *);

        if (counts_today(match, entry)) {
            count(match, entry->partner ? entry->partner : entry->shown, &entry->record);
        }
    }
    for (i = 0; match->whole && i < match->rows->nelts; i++) {
        const dygw_match_row_t *row = APR_ARRAY_IDX(match->rows, i, const dygw_match_row_t *);

        if (!is_taken(match, row)) {
            count(match, row, NULL);
        }
    }
}
