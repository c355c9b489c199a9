/* SPDX-License-Identifier: Apache-2.0
 * For gateway/reports/ only: matches our verifications of a business day with Douyin's records, one
 * redemption after the other. It calls neither the database nor Douyin.
 *
 * A pair is one record of Douyin's and one verification of ours for the same redemption. Partners
 * are found by verify_id; a verification without a verify_id finds its partner by certificate_id.
 * A pair belongs to the day of Douyin's verify_time, a verification without a partner to the day of
 * its own verify_time. So each redemption is counted in one day only, even when our clock and
 * Douyin's differ at midnight. For this, Douyin's records from shortly before and after the day are
 * needed too. */
#ifndef DYGW_GATEWAY_REPORTS_MATCH_H
#define DYGW_GATEWAY_REPORTS_MATCH_H

#include <apr_hash.h>

#include "douyin/douyin.h"
#include "store/match.h"

typedef enum {
    DYGW_MATCHED,             /* both sides redeemed, for the same amount; or both cancelled */
    DYGW_ONLY_HERE,           /* Douyin has no record of our verification */
    DYGW_ONLY_AT_DOUYIN,      /* we have no verification of it, or one that is not `success` */
    DYGW_CANCELLED_AT_DOUYIN, /* our verification is `success`, Douyin's record is cancelled */
    DYGW_AMOUNT_DIFFERS,      /* both sides redeemed, but pay_amount differs */
    DYGW_MATCH_CLASSES
} dygw_match_class_e;

/* The word for the class in JSON; a constant string. */
const char *dygw_match_class_word(dygw_match_class_e class);

/* What a match of a day that may still change leaves out, as no difference: see match_edge.c. */
typedef enum {
    DYGW_RECENT_HERE,      /* ours, of the last minutes: Douyin does not show it yet */
    DYGW_RECENT_AT_DOUYIN, /* Douyin's, of the last minutes: we do not have it yet */
    DYGW_UNSETTLED,        /* ours, `processing`, or being cancelled */
    DYGW_LEFT_OUTS
} dygw_left_out_e;

/* A pair, or one side of it that has no partner. Both pointers live as long as the match. */
typedef struct dygw_match_pair_t {
    dygw_match_class_e class;
    const dygw_match_row_t *ours;       /* our verification; NULL: none */
    const dygw_verify_record_t *douyin; /* Douyin's record; NULL: none */
} dygw_match_pair_t;

typedef struct dygw_match_t {
    apr_pool_t *pool;
    dygw_ms_t start;             /* of the day, inclusive */
    dygw_ms_t end;               /* exclusive */
    int whole;                   /* the account has all redemptions that are added as ours */
    apr_array_header_t *records; /* Douyin's; of match_record_t *, see match.c */
    apr_hash_t *record_of;       /* verify_id -> match_record_t */
    apr_array_header_t *ours;    /* our verifications of the day; of const dygw_match_row_t * */
    apr_hash_t *ours_of;         /* verify_id -> dygw_match_row_t */
    apr_hash_t *ours_of_coupon;  /* those without a verify_id: certificate_id -> array of
                                  * const dygw_match_row_t * */
    apr_hash_t *taken;           /* ids of our verifications that have a partner */
    dygw_ms_t until;             /* only one side may have what is later yet; DYGW_NO_TIME: the
                                  * day is whole, nothing is left out */
    apr_hash_t *unsettled;       /* id -> what is known of ours that is `processing` */
    /* set by dygw_match_classify: */
    apr_array_header_t *pairs; /* of dygw_match_pair_t, without those of DYGW_MATCHED */
    apr_int64_t counts[DYGW_MATCH_CLASSES];
    /* fen, by class: the sum of what Douyin's records say was paid; for DYGW_ONLY_HERE and
     * DYGW_CANCELLED_AT_DOUYIN, the sum of what our verifications say. What is cancelled on both
     * sides, or on the only side that has it, adds 0. */
    apr_int64_t amounts[DYGW_MATCH_CLASSES];
    apr_int64_t left_out[DYGW_LEFT_OUTS];
} dygw_match_t;

/* A match without verifications and records, from pool. start and end: of the day, in ms. whole: a
 * verification that Douyin has no record of counts as DYGW_ONLY_HERE; 0: it is not counted. */
dygw_match_t *dygw_match_make(dygw_ms_t start, dygw_ms_t end, int whole, apr_pool_t *pool);

/* Adds a copy of `read`, one of Douyin's records. A record whose verify_id was added before is left
 * out. */
void dygw_match_add_record(dygw_match_t *match, const dygw_verify_record_t *read);

/* Adds a copy of `read`, a verification of ours, if its verify_time is in the day and it redeemed
 * its coupon (`success` or `cancelled`). One that is `processing` is noted where `until` is set. */
void dygw_match_add_verification(dygw_match_t *match, const dygw_match_row_t *read);

/* Finds partners among all that was added; call it once, when everything is added. */
void dygw_match_pairs(dygw_match_t *match);

/* Returns the next of Douyin's records of the day that has no partner yet, and sets *position
 * behind that record. Begin with *position 0. NULL: there are no more. */
const dygw_verify_record_t *dygw_match_next_open(const dygw_match_t *match, int *position);

/* Give the match what the database has for the record that dygw_match_next_open returned last
 * (position: as that call set it): our verification with the record's verify_id; or all our
 * verifications of the record's coupon, the newest first (of const dygw_match_row_t *). They must
 * live as long as the match. */
void dygw_match_found(dygw_match_t *match, int position, const dygw_match_row_t *ours);
void dygw_match_found_coupon(dygw_match_t *match, int position,
                             const apr_array_header_t *candidates);

/* Puts each pair, and each side without a partner, into its class: sets pairs, counts, amounts. */
void dygw_match_classify(dygw_match_t *match);

/* --- the edge of a day that may still change; `until` is to be set before anything is added --- */

/* Notes a verification of ours that is not settled, if it was made in the day. */
void dygw_match_add_unsettled(dygw_match_t *match, const dygw_match_row_t *read);

/* Whether the pair, which is not DYGW_MATCHED, is left out; then it counts in left_out. */
int dygw_match_leave_out(dygw_match_t *match, const dygw_match_pair_t *pair);

/* Counts what is not settled and has not turned out to have a partner. */
void dygw_match_count_unsettled(dygw_match_t *match);

/* left_out as a JSON object, from pool; NULL where the day is whole. recent_here is null where the
 * match is not whole. */
const char *dygw_match_left_out(const dygw_match_t *match, apr_pool_t *pool);

/* --- JSON --- */

/* A pair as a JSON object, from pool. message: Douyin's last webhook message about the coupon;
 * NULL: none. */
const char *dygw_match_item(const dygw_match_pair_t *pair, const dygw_webhook_t *message,
                            apr_pool_t *pool);

/* figures, which are the match's counts or amounts, as a JSON object by class, from pool.
 * `only_here` is null where the match is not whole. */
const char *dygw_match_figures(const dygw_match_t *match, const apr_int64_t *figures,
                               apr_pool_t *pool);

#endif
