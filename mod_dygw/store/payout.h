/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_payouts: what Douyin's settlement ledger says of our redemptions. A redemption writes
 * nothing here: the background makes the row some time after it, and fills it in. What reports read
 * of the table is in payout_report.h. */
#ifndef DYGW_STORE_PAYOUT_H
#define DYGW_STORE_PAYOUT_H

#include <apr_tables.h>

#include "store/db/db.h"
#include "store/verification/id.h"

/* No line of the ledger is there sooner than an hour after a redemption; ten minutes more, because
 * clocks differ. */
#define DYGW_PAYOUT_AFTER_MS 4200000

/* X(member, column, the amount's number at Douyin): the amounts, in the order of the answer. Each
 * is the sum over the lines of a redemption, in fen. */
#define DYGW_PAYOUT_AMOUNTS(X) \
    X(original, ORIGINAL) \
    X(pay, PAY) \
    X(pay_discount, PAY_DISCOUNT) \
    X(merchant_discount, MERCHANT_DISCOUNT) \
    X(total, TOTAL) \
    X(goods, GOODS) \
    X(pay_fee, PAY_FEE) \
    X(platform_fee, PLATFORM_FEE) \
    X(talent_commission, TALENT_COMMISSION) \
    X(agent_commission, AGENT_COMMISSION) \
    X(operation_agent, OPERATION_AGENT)

#define DYGW_PAYOUT_MEMBER(member, number) apr_int64_t member;
/* DYGW_NO_INT: Douyin does not show it. */
typedef struct dygw_payout_amounts_t {
    DYGW_PAYOUT_AMOUNTS(DYGW_PAYOUT_MEMBER)
} dygw_payout_amounts_t;
#undef DYGW_PAYOUT_MEMBER

/* --- making rows --- */

typedef struct dygw_payout_piece_t {
    apr_int64_t after; /* verifications with a higher id, */
    apr_int64_t below; /* and a lower one than this, */
    int limit;         /* so many of them at most */
} dygw_payout_piece_t;

/* Makes the rows that are missing for the redemptions among the verifications of a piece, each to
 * be asked about DYGW_PAYOUT_AFTER_MS after it was redeemed. *last: the last id of the piece; 0: it
 * is empty. *added: how many rows. Doing it twice does no harm. */
apr_status_t dygw_store_payout_add(dygw_db_t *db, const dygw_payout_piece_t *piece,
                                   apr_int64_t *last, int *added);

/* --- asking --- */

/* A row that is due, with what its verification has. */
typedef struct dygw_payout_due_t {
    apr_int64_t verification_id;
    apr_int64_t ledger_asks; /* how often the ledger was asked, and answered */
    apr_int64_t ledger_lines;
    const char *certificate_id;
    const char *verify_id; /* NULL: not known */
    const char *account_id;
    const char *store;
    const char *poi_id;
    dygw_ms_t verify_time; /* DYGW_NO_TIME: not known */
    dygw_ms_t created_at;
    apr_int64_t uses; /* redemptions of ours of the same coupon, this one too */
} dygw_payout_due_t;

/* Those whose next_ask_at is over, the longest first, at most limit. rows: of
 * dygw_payout_due_t. */
apr_status_t dygw_store_payout_due(dygw_db_t *db, dygw_ms_t now, int limit,
                                   apr_array_header_t **rows, apr_pool_t *pool);

/* What is written of a redemption after the ledger was asked. */
typedef struct dygw_payout_t {
    apr_int64_t verification_id;
    dygw_ms_t next_ask_at; /* DYGW_NO_TIME: never again */
    apr_int64_t ledger_asks;
    /* The rest only where there are lines. */
    dygw_ms_t ledger_at;
    int ledger_status; /* a DYGW_LEDGER_STATUS_* */
    int ledger_lines;  /* that the amounts are the sums of; 0: the ledger had nothing, and what is
                        * stored stays */
    dygw_payout_amounts_t amounts;
    const char *ledger_records; /* the lines as they came, a JSON array */
} dygw_payout_t;

/* Writes all of them, of dygw_payout_t, in one transaction. Doing it twice does no harm. */
apr_status_t dygw_store_payout_put(dygw_db_t *db, const apr_array_header_t *payouts);

/* --- retention --- */

/* Removes rows from before that time whose verifications are gone, at most limit; *removed: how
 * many. */
apr_status_t dygw_store_payout_purge(dygw_db_t *db, dygw_ms_t before, int limit, int *removed);

#endif
