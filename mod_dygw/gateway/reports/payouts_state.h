/* SPDX-License-Identifier: Apache-2.0
 * For gateway/reports/ only: the work on payouts while it goes on. payouts.c takes the turns, makes
 * rows and reads those that are due; payout_batch.c asks Douyin about some of them. */
#ifndef DYGW_GATEWAY_REPORTS_PAYOUTS_STATE_H
#define DYGW_GATEWAY_REPORTS_PAYOUTS_STATE_H

#include <apr_hash.h>

#include "gateway/token.h"
#include "store/payout.h"

typedef struct dygw_payouts_t dygw_payouts_t; /* as payouts.h has it */

/* The longest pause between two calls. */
#define DYGW_PAYOUTS_PAUSE_MS APR_INT64_C(3600000)

/* A row that is due. */
typedef struct dygw_payout_ask_t {
    const dygw_payout_due_t *row;
    const char *account_id; /* NULL: none is configured */
    int is_taken;           /* it is in a batch, or done with */
    int is_alone;           /* it is asked about by itself: Douyin has refused a batch with it */
} dygw_payout_ask_t;

/* An account whose ledger Douyin does not show. */
typedef struct dygw_payout_refused_t {
    dygw_ms_t until;   /* it is not asked before then, */
    apr_int64_t probe; /* and then about this verification, and what else is due; 0: about that */
} dygw_payout_refused_t;

struct dygw_payouts_t {
    dygw_ctx_t ctx;
    dygw_douyin_async_t *async;
    /* making rows */
    apr_int64_t cursor;     /* verifications up to this id have been looked at; 0: none has */
    apr_int64_t walk_until; /* the walk that goes on ends before this id; 0: none goes on */
    dygw_ms_t walk_at;      /* when the next walk begins */
    dygw_ms_t look_back_at; /* when those of the last days are looked at again */
    dygw_ms_t look_at;      /* when the database is looked at next */
    /* rows that are due */
    apr_pool_t *due_pool;    /* cleared when they are read anew */
    apr_array_header_t *due; /* of dygw_payout_ask_t; NULL: to be read */
    int is_due_full;         /* there may be more of them */
    /* the batch that is asked about */
    apr_pool_t *batch_pool;
    apr_array_header_t *batch; /* of dygw_payout_ask_t * */
    dygw_question_t question;
    dygw_token_t token;
    int under_way;    /* a call to Douyin is */
    int renewed;      /* Douyin refused the token, and a newer one is used */
    dygw_ms_t ask_at; /* no call is made before then */
    int failures;     /* in a row */
    /* accounts whose ledger Douyin does not show: account_id, or "", to a dygw_payout_refused_t */
    apr_hash_t *refused;
};

/* Shows in the metrics how many accounts are refused. */
void dygw_payouts_show_refused(const dygw_payouts_t *p);

/* Takes rows that are due and of one account into the batch, and begins the call, unless the
 * account is not to be asked now: then they are put off. Returns whether there was any row. */
int dygw_payouts_begin_batch(dygw_payouts_t *p);

/* Waits up to patience (us) for the answer, and does what it says. Returns whether the call is
 * still under way. */
int dygw_payouts_await_batch(dygw_payouts_t *p, apr_interval_time_t patience);

/* The same for what nobody waits for any more. */
int dygw_payouts_drop_batch(dygw_payouts_t *p, apr_interval_time_t patience);

#endif
