/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: what the wrapper has to know about each database. */
#ifndef DYGW_STORE_DB_DIALECT_H
#define DYGW_STORE_DB_DIALECT_H

#include "store/db/source.h"

#define DYGW_SETUP_MAX 5

typedef struct dygw_dialect_t {
    const char *driver;                    /* as DBDriver spells it */
    const char *setup[DYGW_SETUP_MAX + 1]; /* what a new session is given, up to NULL */
    const char *marker;                    /* a query: its answer tells sessions apart */
    int marker_at;                         /* it is asked after so many texts of setup */
    const char *begin;
    const char *commit_before; /* %s: a time on the database's clock, in ms */
    const char *forget;        /* ends all prepared statements; NULL: no need */
    const char *unlimited;     /* lifts the limit on a statement's time, */
    const char *limited;       /* and sets it again; both NULL: it has none */
} dygw_dialect_t;

const dygw_dialect_t *dygw_dialect(dygw_dialect_e dialect);

/* Did a failure with that code and text end a transaction only because another one crossed it? */
int dygw_dialect_deadlock(dygw_dialect_e dialect, int code, const char *text);

/* Did the database give a statement up because a lock, or the whole statement, took too long? */
int dygw_dialect_timed_out(dygw_dialect_e dialect, int code, const char *text);

/* Does a failure with that code and text say that nothing can be written, and why?
 * DYGW_WRITES_WORK: it says nothing about that. */
dygw_db_writes_e dygw_dialect_cannot_write(dygw_dialect_e dialect, int code, const char *text);

/* Did a statement of a migration fail only because what it adds is there already? */
int dygw_dialect_there_already(dygw_dialect_e dialect, const char *text);

#endif
