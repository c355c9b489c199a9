/* SPDX-License-Identifier: Apache-2.0
 * The world of a reconciliation under test: a clock that the test moves, a store, a token and a
 * Douyin with numbered records, all in this process. */
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

#define ASKED_MAX 2000

typedef struct world_t {
    dygw_ms_t now_ms;
    /* the store */
    int units;                      /* that are open */
    int db_away;
    const char *known_day;          /* the last one in the table; NULL: none */
    int began;                      /* there are verifications */
    char added[1024];               /* the days that became wanted, each with a blank behind */
    dygw_reconciliation_t *due_row; /* NULL: none is; goes when a run ends */
    int items_put;
    int done_calls;
    int done_early;
    char done_counts[256];
    int failed_calls;
    dygw_ms_t failed_next;
    char failed_why[512];
    int tidied;
    /* the token */
    int no_token;
    int renewals;
    /* Douyin */
    int records;                    /* that it has */
    int repeat_pages;               /* it always gives the first */
    int held;                       /* it does not answer */
    int failing;                    /* so many calls fail with */
    dygw_reply_class_e failure;
    int asked;
    dygw_ms_t asked_at[ASKED_MAX];
    char cursors[1024];             /* each with a blank behind; "-": none */
    dygw_question_t last_question;
} world_t;

extern world_t world;

/* Everything is forgotten. */
void world_begin(dygw_ms_t now_ms);
void world_end(void);

#endif
