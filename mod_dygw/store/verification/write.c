/* SPDX-License-Identifier: Apache-2.0
 * Rows of dygw_verifications written in one commit, and how to tell afterwards what is there. */
#include "store/verification/write.h"

#include <string.h>

#include <apr_strings.h>

#include "store/db/catalogue.h"
#include "store/db/confirm.h"
#include "store/verification/idempotency.h"
#include "store/verification/words.h"
#include "util/crypto.h"

#define DEADLOCK_TRIES 5
#define ROWS_PATIENCE  apr_time_from_sec(5)

#define IDENTITY_COLUMNS(FIRST, X) \
    FIRST(INT64, id) \
    X(TEXT, request_id) \
    X(TIME, created_at) \
    X(TEXT, verify_id) \
    X(TIME, updated_at)

#define IDENTITY "SELECT " DYGW_NAMES(IDENTITY_COLUMNS) ", verify_status FROM dygw_verifications "

static const dygw_stmt_t identity_by_attempt = {
    "dygw_identity_by_attempt",
    DYGW_SQL(IDENTITY "WHERE attempt_key = %s"),
};

static const dygw_stmt_t identity_by_request = {
    "dygw_identity_by_request",
    DYGW_SQL(IDENTITY "WHERE request_key = %s"),
};

static const dygw_stmt_t identity_by_id = {
    "dygw_identity_by_id",
    DYGW_SQL(IDENTITY "WHERE id = %lld"),
};

static const dygw_stmt_t identity_by_verify_id = {
    "dygw_identity_by_verify_id",
    DYGW_SQL(IDENTITY "WHERE verify_id = %s"),
};

/* --- what is there --- */

#define READ(kind, name) found->name = DYGW_READ_##kind(rows, column++, pool);

static apr_status_t read_identity(dygw_db_t *db, const dygw_stmt_t *stmt, const char *key,
                                  dygw_identity_t *found)
{
    const char *args[] = { key };
    apr_pool_t *pool = dygw_db_pool(db);
    dygw_rows_t *rows;
    int column = 0;
    apr_status_t rv = dygw_db_select(db, stmt, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    IDENTITY_COLUMNS(READ, READ)
    found->verify_status
        = dygw_store_word_value(DYGW_WORDS_VERIFY, dygw_row_text(rows, column, pool), -1);
    return APR_SUCCESS;
}

apr_status_t dygw_store_identity_by_id(dygw_db_t *db, apr_int64_t id, dygw_identity_t *found)
{
    return read_identity(db, &identity_by_id, dygw_db_int(db, id), found);
}

apr_status_t dygw_store_identity_by_attempt(dygw_db_t *db, const char *attempt_key,
                                            dygw_identity_t *found)
{
    return read_identity(db, &identity_by_attempt, attempt_key, found);
}

apr_status_t dygw_store_identity_by_request(dygw_db_t *db, const char *request_key,
                                            dygw_identity_t *found)
{
    return read_identity(db, &identity_by_request, request_key, found);
}

apr_status_t dygw_store_identity_by_verify_id(dygw_db_t *db, const char *verify_id,
                                              dygw_identity_t *found)
{
    return read_identity(db, &identity_by_verify_id, verify_id, found);
}

const char *dygw_store_attempt_key(const char *verify_token, const char *encrypted_code,
                                   int item_no, apr_pool_t *pool)
{
    char *hex = apr_palloc(pool, DYGW_SHA256_HEX_LEN + 1);
    const char *text = apr_psprintf(pool, "%s\n%s\n%d", verify_token,
                                    encrypted_code ? encrypted_code : "", item_no);

    dygw_sha256_hex(text, strlen(text), hex);
    return hex;
}

/* --- what an earlier try has done --- */

typedef struct batch_rows_t {
    const dygw_verification_t *const *rows;
    int count;
    dygw_row_fn *fn;
} batch_rows_t;

/* Each row may be kept waiting for a lock; all together no longer than for ROWS_PATIENCE more. */
static apr_status_t for_each_row(dygw_db_t *db, const batch_rows_t *r)
{
    const apr_time_t until = dygw_steady_now() + ROWS_PATIENCE;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; rv == APR_SUCCESS && i < r->count; i++) {
        rv = i > 0 && dygw_steady_now() > until ? APR_EGENERAL : r->fn(db, r->rows[i]);
    }
    return rv;
}

static apr_status_t are_rows_done(dygw_db_t *db, const void *what)
{
    return for_each_row(db, what);
}

apr_status_t dygw_store_rows_confirm(dygw_db_t *db, const dygw_verification_t *const *rows,
                                     int count, dygw_row_fn *is_done)
{
    const batch_rows_t all = { rows, count, is_done };

    return dygw_store_confirm(db, are_rows_done, &all);
}

apr_status_t dygw_store_row_was_done(dygw_db_t *db, const dygw_verification_t *v,
                                     dygw_row_fn *is_done)
{
    apr_status_t rv = is_done(db, v);

    if (rv == APR_SUCCESS) {
        return dygw_store_rows_confirm(db, &v, 1, is_done);
    }
    return rv == APR_NOTFOUND ? rv : APR_INCOMPLETE;
}

/* --- several rows in one commit --- */

static apr_status_t write_batch_rows(dygw_db_t *db, const dygw_batch_t *batch)
{
    const batch_rows_t all = { batch->rows, batch->count, batch->write };
    apr_status_t rv = APR_SUCCESS;

    if (batch->key) {
        rv = dygw_store_idempotency_tie(db, batch->key, batch->owner, batch->rows[0]->first_id);
    }
    return rv == APR_SUCCESS ? for_each_row(db, &all) : rv;
}

/* The commit failed. Where that is in doubt, a look may tell that it was done, but not that it was
 * not: it may be done later than the look. */
static apr_status_t was_batch_committed(dygw_db_t *db, const dygw_batch_t *batch,
                                        apr_status_t failure)
{
    const batch_rows_t all = { batch->rows, batch->count, batch->is_done };

    if (!batch->is_done || !dygw_db_in_doubt(db) || dygw_db_timed_out(db)) {
        return failure;
    }
    if (for_each_row(db, &all) != APR_SUCCESS) {
        return APR_INCOMPLETE;
    }
    return dygw_store_rows_confirm(db, batch->rows, batch->count, batch->is_done);
}

static apr_status_t commit_batch(dygw_db_t *db, const dygw_batch_t *batch)
{
    const char *deadline;
    apr_status_t rv = batch->in_time ? dygw_db_deadline(db, &deadline) : APR_SUCCESS;

    if (rv == APR_SUCCESS) {
        rv = batch->in_time ? dygw_db_commit_before(db, deadline) : dygw_db_commit(db);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        dygw_db_doubt_clock(db);
    }
    return rv;
}

static apr_status_t write_batch_once(dygw_db_t *db, const dygw_batch_t *batch)
{
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = write_batch_rows(db, batch);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        return rv;
    }
    rv = commit_batch(db, batch);
    return rv == APR_SUCCESS ? rv : was_batch_committed(db, batch, rv);
}

apr_status_t dygw_store_batch_write(dygw_db_t *db, const dygw_batch_t *batch)
{
    int tries = DEADLOCK_TRIES;
    apr_status_t rv;

    if (batch->count == 1 && !batch->key) {
        return batch->write(db, batch->rows[0]);
    }
    if (batch->together && !batch->key) {
        return batch->together(db, batch->rows, batch->count);
    }
    do {
        rv = write_batch_once(db, batch);
    } while (rv != APR_SUCCESS && dygw_db_lost_deadlock(db) && --tries > 0);
    return rv;
}
