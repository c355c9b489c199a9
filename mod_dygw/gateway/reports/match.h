/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: our records of a business day against Douyin's, coupon by coupon.
 *
 * What belongs together is found by verify_id, then by certificate_id where a record of ours has no
 * verify_id. A pair belongs to the day in which Douyin verified it, a record of ours alone to the
 * day of its own verify_time: so each is in one day only, whatever the clocks say at midnight. To
 * that end Douyin's records from around the day are looked at as well. */
#ifndef DYGW_GATEWAY_REPORTS_MATCH_H
#define DYGW_GATEWAY_REPORTS_MATCH_H

#include <apr_hash.h>

#include "douyin/douyin.h"
#include "store/match.h"

typedef enum {
    DYGW_MATCHED,               /* both count it, for the same amount; or both have it cancelled */
    DYGW_ONLY_HERE,             /* Douyin has no such verification */
    DYGW_ONLY_AT_DOUYIN,        /* we have none, or one that does not say `success` */
    DYGW_CANCELLED_AT_DOUYIN,   /* a `success` of ours */
    DYGW_AMOUNT_DIFFERS,        /* what the user paid */
    DYGW_MATCH_CLASSES
} dygw_match_class_e;

const char *dygw_match_class_word(dygw_match_class_e class);

typedef struct dygw_match_pair_t {
    dygw_match_class_e class;
    const dygw_match_row_t *ours;          /* NULL: none */
    const dygw_verify_record_t *douyin;     /* NULL: none */
} dygw_match_pair_t;

typedef struct dygw_match_t {
    apr_pool_t *pool;
    dygw_ms_t start;                /* of the day, inclusive */
    dygw_ms_t end;                  /* exclusive */
    int whole;                      /* the account has all that we verify */
    apr_array_header_t *entries;    /* match.c */
    apr_hash_t *entry_of;           /* by verify_id */
    apr_array_header_t *rows;       /* of const dygw_match_row_t *, ours of the day */
    apr_hash_t *row_of;             /* by verify_id */
    apr_hash_t *loose;              /* those without: arrays of them, by certificate_id */
    apr_hash_t *taken;              /* ids of rows that have a partner */
    /* once it is judged: */
    apr_array_header_t *pairs;      /* of dygw_match_pair_t: all but what matched */
    apr_int64_t counts[DYGW_MATCH_CLASSES];
    /* fen: what Douyin says was paid, for what it alone does not count what we say; nothing for
     * what both or the only side cancelled */
    apr_int64_t amounts[DYGW_MATCH_CLASSES];
} dygw_match_t;

dygw_match_t *dygw_match_make(dygw_ms_t start, dygw_ms_t end, int whole, apr_pool_t *pool);

/* Takes a copy of a record; one that was there is not counted twice. */
void dygw_match_add_record(dygw_match_t *match, const dygw_verify_record_t *record);

/* Takes a copy of `read`, one of our rows, if it is of the day and redeemed something. */
void dygw_match_add_row(dygw_match_t *match, const dygw_match_row_t *read);

/* Once all of both are there: finds partners among them. */
void dygw_match_pairs(dygw_match_t *match);

/* The next of Douyin's records of the day, from *position on, that has no partner yet; NULL behind
 * the last. *position moves behind it. */
const dygw_verify_record_t *dygw_match_next_open(const dygw_match_t *match, int *position);

/* What the database has for the record that was given last: our row with its verify_id, or all rows
 * of its coupon (of const dygw_match_row_t *). They live as long as the match. */
void dygw_match_found(dygw_match_t *match, int position, const dygw_match_row_t *row);
void dygw_match_found_coupon(dygw_match_t *match, int position, const apr_array_header_t *rows);

/* Puts everything into its class. */
void dygw_match_classify(dygw_match_t *match);

/* A pair as JSON, from pool. message: Douyin's last one about the coupon, NULL: none. */
const char *dygw_match_item(const dygw_match_pair_t *pair, const dygw_webhook_t *message,
                            apr_pool_t *pool);

/* Counts or amounts as a JSON object by class; what is not known of a part is null. */
const char *dygw_match_figures(const dygw_match_t *match, const apr_int64_t *figures,
                               apr_pool_t *pool);

#endif
