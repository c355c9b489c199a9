/* SPDX-License-Identifier: Apache-2.0
 * The world of a reconciliation under test: a clock that the test moves, a store, a token, and a
 * Douyin whose records are numbered from 0 on. The test sets and reads all of it in `world`. For
 * test_gateway_reconcile. */
#ifndef RECONCILING_H
#define RECONCILING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/reports/match.h"
#include "gateway/reports/reconcile.h"
#include "store/reconciliation.h"

#define ASKED_MAX 2000 /* questions to Douyin in one test */

typedef struct world_t {
    dygw_ms_t now_ms;
    /* the store */
    int units;                 /* how many units of database work are open */
    int db_away;               /* no connection can be opened */
    const char *known_day;     /* the last day in the table; NULL: there is none */
    const char *known_account; /* whose day that is; NULL: everybody's */
    const char *open_day;      /* a later day in the table, which may have been compared while it was open */
    dygw_ms_t open_wanted_at;
    dygw_ms_t open_generated_at;
    int closed_days;          /* how many days were looked at for having been compared while they were open */
    char closed_last[16];     /* the last of them */
    int looked;               /* how often the known days were looked for */
    int began;                /* there are verifications */
    const char *began_in;     /* the only store that has some; NULL: none has */
    char added[1024];         /* the days that became wanted, each followed by a blank; where
                                     * the account is not "acc", behind it and a colon */
    dygw_match_row_t ours[8]; /* our verifications, in the order of their ids */
    int ours_count;
    dygw_reconciliation_t *due_row; /* NULL: no day is due; the end of a run sets it to NULL */
    int items_put;                  /* how many items were written */
    int done_calls;                 /* how many runs ended well ... */
    int done_early;                 /* ... the last of them is to run again later */
    dygw_ms_t done_next;            /* ... and then ... */
    dygw_ms_t done_until;           /* ... how far it went ... */
    char done_counts[256];          /* ... what it counted, as JSON ... */
    char done_left_out[128];        /* ... and left out; empty: no word of that ... */
    const char *done_account;       /* ... and for which account */
    char account_text[65];
    int failed_calls;      /* how many runs failed ... */
    dygw_ms_t failed_next; /* ... when the last of them is tried again */
    int failed_tries;      /* ... after so many tries ... */
    char failed_why[512];  /* ... and why it failed */
    int tidied;            /* how often items of old runs were to go */
    /* the token */
    int no_token; /* the gateway holds none */
    int renewals; /* how often it was renewed */
    /* Douyin */
    int records;                /* how many records it has */
    int newest_first;           /* its pages begin with the newest one, and cursors count from there */
    int growth;                 /* so many are added with each page */
    int page_ms;                /* the time that a page takes */
    int repeat_pages;           /* it answers every cursor with its first page */
    int held;                   /* it does not answer */
    int failing;                /* the next so many calls fail ... */
    dygw_reply_class_e failure; /* ... with this class of answer */
    int asked;                  /* how many questions it was asked */
    dygw_ms_t asked_at[ASKED_MAX];
    char cursors[1024]; /* of the questions, each followed by a blank; "-": none */
    dygw_question_t last_question;
} world_t;

extern world_t world;

/* Forgets everything, and sets the clock; world_end gives the real clock back. */
void world_begin(dygw_ms_t now_ms);
void world_end(void);

#endif
