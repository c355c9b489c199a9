/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: which columns of dygw_verifications a statement has, and how a record becomes
 * its arguments and is read back. The columns themselves are in record.h. */
#ifndef DYGW_STORE_VERIFICATION_COLUMNS_H
#define DYGW_STORE_VERIFICATION_COLUMNS_H

#include "store/db/kinds.h"
#include "store/verification/record.h"
#include "store/verification/words.h"

/* What an outcome sets; what any later change sets; all. Each begins with the one before. */
#define DYGW_VERIFICATION_SETTLED(FIRST, X) \
    DYGW_VERIFICATION_OUTCOME(FIRST, X) DYGW_VERIFICATION_ANSWERS(X)
#define DYGW_VERIFICATION_CHANGED(FIRST, X) \
    DYGW_VERIFICATION_SETTLED(FIRST, X) DYGW_VERIFICATION_LATER(X)
#define DYGW_VERIFICATION_ALL(FIRST, X) \
    DYGW_VERIFICATION_CHANGED(FIRST, X) DYGW_VERIFICATION_FIXED(X)

#define DYGW_PARAMETER_ANSWERS "%s"
#define DYGW_NONE_ANSWERS      NULL

/* A member that has no value yet, in an initializer. */
#define DYGW_NO_VALUE(kind, name) .name = DYGW_NONE_##kind,

/* What a SELECT reads; the same with NULL in the place of Douyin's answers, which are most of a
 * row. */
#define DYGW_VERIFICATION_COLUMNS DYGW_NAMES(DYGW_VERIFICATION_ALL)
#define DYGW_VERIFICATION_COLUMNS_BRIEF \
    DYGW_VERIFICATION_OUTCOME(DYGW_NAME, DYGW_AND_NAME) \
    ", NULL" DYGW_VERIFICATION_LATER(DYGW_AND_NAME) DYGW_VERIFICATION_FIXED(DYGW_AND_NAME)

#define DYGW_VERIFICATION_COLUMN_COUNT DYGW_LENGTH(DYGW_VERIFICATION_ALL)

/* Each writes the arguments for the list of that name, which hold until the unit ends, and gives
 * their number: DYGW_VERIFICATION_COLUMN_COUNT at most. */
int dygw_store_verification_args_settled(dygw_db_t *db, const dygw_verification_t *v,
                                         const char **args);
/* Those of the settled, and what stands behind them in a statement that settles: when the follow-up
 * is due that news or a cancel calls for (NULL: none), the id, and up to how many repetitions by
 * the background the outcome is written. */
int dygw_store_verification_args_to_settle(dygw_db_t *db, const dygw_verification_t *v,
                                           const char **args);
#define DYGW_SETTLE_ARGS 3 /* besides the columns */

int dygw_store_verification_args_changed(dygw_db_t *db, const dygw_verification_t *v,
                                         const char **args);
int dygw_store_verification_args_all(dygw_db_t *db, const dygw_verification_t *v,
                                     const char **args);

/* The record in the present row of a query for DYGW_VERIFICATION_COLUMNS or _BRIEF. From pool. */
dygw_verification_t *dygw_store_verification_read(dygw_rows_t *rows, apr_pool_t *pool);

#endif
