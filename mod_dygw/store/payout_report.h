/* SPDX-License-Identifier: Apache-2.0
 * What will be paid out, as reports read it: our redemptions, each with what the settlement ledger
 * says of it (table dygw_payouts, if it has a row); cancelled ones where the ledger has lines.
 *
 * Which of them, the filter of reports tells; its columns are those of dygw_verifications, and no
 * column of dygw_payouts has the name of one of them. */
#ifndef DYGW_STORE_PAYOUT_REPORT_H
#define DYGW_STORE_PAYOUT_REPORT_H

#include "store/payout.h"
#include "store/report_filter.h"
#include "store/report_keys.h"

/* How far a redemption has come, X(name, word). */
#define DYGW_PAYOUT_STATES(X) \
    X(NONE, none)         /* the ledger was not asked yet, or has no line of it */ \
    X(INITIAL, initial)   /* Douyin's words from here on: there is a line, */ \
    X(SETTLING, settling) /* it is being divided, */ \
    X(SETTLED, settled)   /* and was: not yet withdrawn */ \
    X(FAILED, failed)     /* dividing failed */ \
    X(VOID, void)         /* it counts no more, or we know that the redemption is cancelled */

#define DYGW_PAYOUT_STATE(name, word) DYGW_PAYOUT_##name,
typedef enum { DYGW_PAYOUT_STATES(DYGW_PAYOUT_STATE) DYGW_PAYOUT_STATES_COUNT } dygw_payout_state_e;
#undef DYGW_PAYOUT_STATE

const char *dygw_payout_state_word(dygw_payout_state_e state);

/* --- lists --- */

/* A redemption; texts that nobody knows are NULL. */
typedef struct dygw_payout_row_t {
    apr_int64_t id;
    dygw_ms_t created_at;
    dygw_ms_t verify_time; /* DYGW_NO_TIME: not known */
    int verify_status;
    const char *poi_id;
    const char *store;
    const char *account_id;
    apr_int64_t app_id;
    const char *app_name;
    const char *order_id;
    const char *certificate_id;
    const char *verify_id;
    const char *product_id;
    const char *product_name;
    const char *sku_id;
    const char *sku_name;
    apr_int64_t pay_amount; /* fen; DYGW_NO_INT: not known */
    dygw_payout_state_e state;
    dygw_ms_t ledger_at; /* when the ledger showed this; DYGW_NO_TIME: never */
    apr_int64_t ledger_lines;
    dygw_payout_amounts_t expected;
} dygw_payout_row_t;

/* The newest first, those with a lower id than below_id (DYGW_BELOW_ALL of report.h: all), at most
 * limit. rows: of dygw_payout_row_t. */
apr_status_t dygw_store_payout_below(dygw_db_t *db, const dygw_report_filter_t *filter,
                                     apr_int64_t below_id, int limit, apr_array_header_t **rows,
                                     apr_pool_t *pool);

/* The same, `offset` of them left out instead. */
apr_status_t dygw_store_payout_page(dygw_db_t *db, const dygw_report_filter_t *filter, int offset,
                                    int limit, apr_array_header_t **rows, apr_pool_t *pool);

/* How many there are. */
apr_status_t dygw_store_payout_count(dygw_db_t *db, const dygw_report_filter_t *filter,
                                     apr_int64_t *total);

/* --- sums --- */

/* By what of store/report_keys.h sums can be grouped: a redemption has no reason. */
#define DYGW_PAYOUT_BY_ANY (DYGW_BY_ALL & ~DYGW_BY_REASON)

typedef struct dygw_payout_sums_t {
    apr_int64_t count;
    apr_int64_t count_of[DYGW_PAYOUT_STATES_COUNT];
    apr_int64_t pay_amount;         /* ours, over what is not void */
    dygw_payout_amounts_t expected; /* over the same; DYGW_NO_INT: none of them shows it */
} dygw_payout_sums_t;

typedef struct dygw_payout_group_t {
    dygw_sums_value_t keys[DYGW_KEYS];
    const char *app_name; /* the present one, of the key APP */
    dygw_payout_sums_t sums;
} dygw_payout_group_t;

/* The groups that there are, in no order, at most limit. One statement, which reads each redemption
 * of the filter: ask for a long time in pieces. Without keys there is one row, of nothing too.
 * rows: of dygw_payout_group_t. */
apr_status_t dygw_store_payout_sums(dygw_db_t *db, const dygw_report_filter_t *filter,
                                    const dygw_sums_by_t *by, int limit, apr_array_header_t **rows,
                                    apr_pool_t *pool);

#endif
