/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: reasons that older versions have not recorded, to be filled in. */
#ifndef DYGW_STORE_REASON_H
#define DYGW_STORE_REASON_H

#include <apr_tables.h>

#include "store/db/db.h"
#include "store/verification/record.h"

/* A row with an error_code and without a reason. */
typedef struct dygw_unexplained_t {
    apr_int64_t id;
    const char *error_description;
    const char *reason; /* NULL when it is read, and where it has none; for dygw_store_reason_fill
                         */
    dygw_verify_status_e verify_status;
} dygw_unexplained_t;

/* The rows of one error_code, in the order of their ids. */
typedef struct dygw_reason_piece_t {
    apr_int64_t error_code;          /* not 0 */
    apr_int64_t after;               /* only rows with a greater id */
    int limit;                       /* so many rows are read at most */
    int count;                       /* so many were; less than limit: that was the last of them */
    apr_int64_t last_id;             /* of the last row that was read; `after`: there was none */
    apr_array_header_t *unexplained; /* of dygw_unexplained_t: those without a reason among them */
} dygw_reason_piece_t;

/* Reads a piece: the first three members are given, the others filled in. From pool. */
apr_status_t dygw_store_reason_read(dygw_db_t *db, dygw_reason_piece_t *piece, apr_pool_t *pool);

/* The least error_code above `after` that any row has, 0 excepted. APR_NOTFOUND: there is none. */
apr_status_t dygw_store_reason_next_code(dygw_db_t *db, apr_int64_t after, apr_int64_t *error_code);

/* Fills in the reasons of a piece, and sets the mark unless it is NULL, in one commit. A row that
 * has got another error_code meanwhile, or a reason, is left as it is. Neither updated_at nor
 * revision change: the outcome is what it was, and who works on the row may write it. */
apr_status_t dygw_store_reason_fill(dygw_db_t *db, const dygw_reason_piece_t *piece,
                                    const char *mark);

/* The mark: how far that has come, in words of the caller's; it is one for all hosts. APR_NOTFOUND:
 * none was set yet. */
apr_status_t dygw_store_reason_mark(dygw_db_t *db, const char **mark, apr_pool_t *pool);

#endif
