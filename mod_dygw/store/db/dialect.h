/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: what the wrapper has to know about each database. */
#ifndef DYGW_STORE_DB_DIALECT_H
#define DYGW_STORE_DB_DIALECT_H

#include "store/db/source.h"

#define DYGW_SETUP_MAX 5

typedef struct dygw_dialect_t {
    const char *driver;                         /* as DBDriver spells it */
    const char *setup[DYGW_SETUP_MAX + 1];      /* what a new session is given, up to NULL */
    const char *marker;                         /* a query: its answer tells sessions apart */
    int marker_at;                              /* asked when so many of setup are done */
    const char *begin;
    const char *commit_before;                  /* %s: a time on the database's clock, in ms */
    const char *forget;                         /* ends all prepared statements; NULL: no need */
    const char *unlimited;                      /* statements may take as long as they like, */
    const char *limited;                        /* and as before; both NULL: they may anyway */
} dygw_dialect_t;

const dygw_dialect_t *dygw_dialect(dygw_dialect_e dialect);

/* Did a failure with that code and text end a transaction only because another one crossed it? */
int dygw_dialect_deadlock(dygw_dialect_e dialect, int code, const char *text);

/* Did the database give a statement up because a lock, or it all, took too long? */
int dygw_dialect_timed_out(dygw_dialect_e dialect, int code, const char *text);

/* Did a statement of a migration fail only because what it adds is there already? */
int dygw_dialect_there_already(dygw_dialect_e dialect, const char *text);

#endif
