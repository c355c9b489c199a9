/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: rows of dygw_verifications written in one commit, and how to tell afterwards
 * what is there. */
#ifndef DYGW_STORE_VERIFICATION_WRITE_H
#define DYGW_STORE_VERIFICATION_WRITE_H

#include "store/verification/record.h"

/* What tells one record from another. */
typedef struct dygw_identity_t {
    apr_int64_t id;
    const char *request_id;
    dygw_ms_t created_at;
    int verify_status;
    const char *verify_id;
    dygw_ms_t updated_at;
} dygw_identity_t;

/* APR_NOTFOUND when there is none. */
apr_status_t dygw_store_identity_by_id(dygw_db_t *db, apr_int64_t id, dygw_identity_t *found);
apr_status_t dygw_store_identity_by_attempt(dygw_db_t *db, const char *attempt_key,
                                            dygw_identity_t *found);
apr_status_t dygw_store_identity_by_request(dygw_db_t *db, const char *request_key,
                                            dygw_identity_t *found);
apr_status_t dygw_store_identity_by_verify_id(dygw_db_t *db, const char *verify_id,
                                              dygw_identity_t *found);

/* The attempt_key: it stands for the token, the code and the item, whose own lengths no index
 * takes. */
const char *dygw_store_attempt_key(const char *verify_token, const char *encrypted_code,
                                   int item_no, apr_pool_t *pool);

typedef apr_status_t dygw_row_fn(dygw_db_t *db, const dygw_verification_t *v);
typedef apr_status_t dygw_rows_fn(dygw_db_t *db, const dygw_verification_t *const *rows, int count);

/* Makes certain, as store/db/confirm.h does, of rows that `is_done` has found written by an earlier
 * try. APR_INCOMPLETE: they are not certain. */
apr_status_t dygw_store_rows_confirm(dygw_db_t *db, const dygw_verification_t *const *rows,
                                     int count, dygw_row_fn *is_done);

/* A write has changed nothing: was it done by an earlier try, and for certain? APR_NOTFOUND: not as
 * far as is seen; APR_INCOMPLETE: nobody knows. */
apr_status_t dygw_store_row_was_done(dygw_db_t *db, const dygw_verification_t *v,
                                     dygw_row_fn *is_done);

typedef struct dygw_batch_t {
    const dygw_verification_t *const *rows;
    int count;
    dygw_row_fn *write;     /* one row */
    dygw_row_fn *is_done;   /* tells whether a row is written, when the answer to the commit was
                           * lost; NULL: the caller finds out by itself */
    dygw_rows_fn *together; /* several rows without a key in one statement, which is a transaction
                             * by itself; NULL: there is none */
    int in_time;            /* written while the caller waits, or not at all */
    const char *key;        /* an idempotency key, tied to the rows in the same commit; or NULL */
    const char *owner;
} dygw_batch_t;

/* Writes all rows or none; with a key or several rows in a transaction of their own, which is done
 * again when it lost a deadlock. APR_EBUSY: the key is not owner's. APR_INCOMPLETE: they may be
 * written, or still be. */
apr_status_t dygw_store_batch_write(dygw_db_t *db, const dygw_batch_t *batch);

#endif
