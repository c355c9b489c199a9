/* SPDX-License-Identifier: Apache-2.0
 * Tables dygw_reconciliations, one row a business day and account, and dygw_reconciliation_items:
 * what did not match.
 *
 * A day that is to be reconciled has a next_run_at. The items of a run have its generation, the
 * generated_at that the row gets when all of them are there; so readers see one run or another,
 * never half of one. */
#ifndef DYGW_STORE_RECONCILIATION_H
#define DYGW_STORE_RECONCILIATION_H

#include <apr_tables.h>

#include "store/audit.h"
#include "store/db/db.h"

typedef struct dygw_reconciliation_t {
    const char *day; /* YYYY-MM-DD */
    const char *account_id;
    dygw_ms_t wanted_at;    /* when it was asked for last */
    dygw_ms_t generated_at; /* DYGW_NO_TIME: not yet */
    const char *counts;     /* JSON objects by class; NULL: not yet */
    const char *amounts;
    const char *last_error; /* of the last try, in words; NULL: none, or it worked */
    dygw_ms_t next_run_at;  /* DYGW_NO_TIME: not wanted, or given up */
    int tries;              /* that came to nothing since it is wanted */
    /* Of the shown generation. DYGW_NO_TIME: it has the whole day, or an older version made it. */
    dygw_ms_t compared_until;
    const char *left_out; /* with compared_until: a JSON object of what lies behind it */
} dygw_reconciliation_t;

/* A part of dygw_reconciliation_t. */
typedef struct dygw_reconciliation_day_t {
    const char *day;
    dygw_ms_t wanted_at;
    dygw_ms_t generated_at;
} dygw_reconciliation_day_t;

/* What came of a run; the members are those of dygw_reconciliation_t. */
typedef struct dygw_reconciliation_made_t {
    dygw_ms_t generated_at;
    const char *counts;
    const char *amounts;
    dygw_ms_t compared_until;
    const char *left_out;
    dygw_ms_t next_run_at; /* when it is to be done again; DYGW_NO_TIME: it is final */
} dygw_reconciliation_made_t;

/* APR_NOTFOUND. */
apr_status_t dygw_store_reconciliation_get(dygw_db_t *db, const char *day, const char *account_id,
                                           dygw_reconciliation_t **found, apr_pool_t *pool);

/* The one that is due longest at `now`. APR_NOTFOUND: none. */
apr_status_t dygw_store_reconciliation_due(dygw_db_t *db, dygw_ms_t now,
                                           dygw_reconciliation_t **found, apr_pool_t *pool);

/* The days of an account from `first` to `last` (both included) that are known, the last one
 * first. days: of dygw_reconciliation_day_t. */
apr_status_t dygw_store_reconciliation_days(dygw_db_t *db, const char *account_id,
                                            const char *first, const char *last,
                                            apr_array_header_t **days, apr_pool_t *pool);

/* Makes a day that has ended wanted at `now`, for each account for which it was wanted before its
 * `end` and not made since `ready`: whatever came of it, it was not the whole day. */
apr_status_t dygw_store_reconciliation_close(dygw_db_t *db, const char *day, dygw_ms_t now,
                                             dygw_ms_t end, dygw_ms_t ready);

/* Makes those due at `now` that lie beyond `beyond`: they were put there before a clock was set
 * back. *count: how many. */
apr_status_t dygw_store_reconciliation_recall(dygw_db_t *db, dygw_ms_t now, dygw_ms_t beyond,
                                              int *count);

/* Makes the day wanted, unless it is known. */
apr_status_t dygw_store_reconciliation_add(dygw_db_t *db, const char *day, const char *account_id,
                                           dygw_ms_t now, dygw_ms_t run_at);

/* Makes the day wanted, known or not, with an entry of the audit trail (NULL: none), in one
 * commit. */
apr_status_t dygw_store_reconciliation_want(dygw_db_t *db, const char *day, const char *account_id,
                                            dygw_ms_t now, dygw_ms_t run_at,
                                            const dygw_audit_entry_t *entry);

/* --- a run's, of the row as it was read when the run began --- */

/* Adds items, numbered from first_no on, in one commit. Doing it twice does no harm. */
apr_status_t dygw_store_reconciliation_put_items(dygw_db_t *db, const dygw_reconciliation_t *run,
                                                 dygw_ms_t generation, int first_no,
                                                 const char *const *items, int count);

/* All items are there: shows what was made, unless a later generation is shown already. Wanted
 * again meanwhile, it stays wanted. */
apr_status_t dygw_store_reconciliation_done(dygw_db_t *db, const dygw_reconciliation_t *run,
                                            const dygw_reconciliation_made_t *made);

/* The run came to nothing: when to try again (DYGW_NO_TIME: not), and how many tries came to
 * nothing; unless it is wanted anew. */
apr_status_t dygw_store_reconciliation_failed(dygw_db_t *db, const dygw_reconciliation_t *run,
                                              dygw_ms_t next_run_at, int tries,
                                              const char *last_error);

/* Removes items of a day that are of none of two generations, about `limit` of them; *removed: how
 * many. */
apr_status_t dygw_store_reconciliation_tidy(dygw_db_t *db, const dygw_reconciliation_t *run,
                                            dygw_ms_t generation, dygw_ms_t other, int limit,
                                            int *removed);

/* --- reading --- */

typedef struct dygw_reconciliation_item_t {
    int item_no;
    const char *item; /* JSON object */
} dygw_reconciliation_item_t;

/* The items of a run behind number after_no (-1: from the first on), in order, at most limit.
 * items: of dygw_reconciliation_item_t. */
apr_status_t dygw_store_reconciliation_items(dygw_db_t *db, const dygw_reconciliation_t *shown,
                                             int after_no, int limit, apr_array_header_t **items,
                                             apr_pool_t *pool);

/* --- retention --- */

/* Removes reconciliations of days before `day`, first about `limit` of their items; *removed: how
 * many rows of either table. 0: none is left. */
apr_status_t dygw_store_reconciliation_purge(dygw_db_t *db, const char *day, int limit,
                                             int *removed);

#endif
