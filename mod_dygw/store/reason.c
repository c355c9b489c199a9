/* SPDX-License-Identifier: Apache-2.0
 * Reasons that older versions have not recorded. The index by error_code has few rows: a redemption
 * that succeeds is not in it. */
#include "store/reason.h"

#include "store/db/catalogue.h"
#include "store/verification/words.h"

#define MARK "reasons_filled"

/* "<> 0" is what the index of two databases is limited to. */
static const dygw_stmt_t reason_read = {
    "dygw_reason_read",
    DYGW_SQL("SELECT id, reason, error_description, verify_status FROM dygw_verifications "
             "WHERE error_code = %lld AND error_code <> 0 AND id > %lld ORDER BY id LIMIT %lld"),
};

static const dygw_stmt_t reason_next_code = {
    "dygw_reason_next_code",
    DYGW_SQL("SELECT error_code FROM dygw_verifications "
             "WHERE error_code > %lld AND error_code <> 0 ORDER BY error_code LIMIT 1"),
};

static const dygw_stmt_t reason_fill = {
    "dygw_reason_fill",
    DYGW_SQL("UPDATE dygw_verifications SET reason = %s WHERE id = %lld AND error_code = %lld "
             "AND reason IS NULL AND verify_status <> 'processing'"),
};

static const dygw_stmt_t reason_mark = {
    "dygw_reason_mark",
    DYGW_SQL("SELECT value FROM dygw_meta WHERE name = '" MARK "'"),
};

static const dygw_stmt_t reason_mark_new = {
    "dygw_reason_mark_new",
    DYGW_SQL_INSERT_NEW("dygw_meta (name, value) VALUES ('" MARK "', %s)"),
};

static const dygw_stmt_t reason_mark_set = {
    "dygw_reason_mark_set",
    DYGW_SQL("UPDATE dygw_meta SET value = %s WHERE name = '" MARK "'"),
};

apr_status_t dygw_store_reason_read(dygw_db_t *db, dygw_reason_piece_t *piece, apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, piece->error_code), dygw_db_int(db, piece->after),
                           dygw_db_int(db, piece->limit) };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &reason_read, &rows, args);

    piece->count = 0;
    piece->last_id = piece->after;
    piece->unexplained = apr_array_make(pool, 1, sizeof(dygw_unexplained_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        piece->count++;
        piece->last_id = dygw_row_int(rows, 0, 0);
        if (!dygw_row_text(rows, 1, dygw_db_pool(db))) {
            APR_ARRAY_PUSH(piece->unexplained, dygw_unexplained_t) = (dygw_unexplained_t){
                .id = piece->last_id,
                .error_description = dygw_row_text(rows, 2, pool),
                .verify_status = DYGW_READ_VERIFY_STATUS(rows, 3, pool),
            };
        }
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_reason_next_code(dygw_db_t *db, apr_int64_t after, apr_int64_t *error_code)
{
    const char *args[] = { dygw_db_int(db, after) };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &reason_next_code, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv == APR_SUCCESS) {
        *error_code = dygw_row_int(rows, 0, 0);
        dygw_rows_end(rows);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
}

apr_status_t dygw_store_reason_mark(dygw_db_t *db, const char **mark, apr_pool_t *pool)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &reason_mark, &rows, NULL);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv == APR_SUCCESS) {
        *mark = dygw_row_text(rows, 0, pool);
        dygw_rows_end(rows);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
}

static apr_status_t fill_piece(dygw_db_t *db, const dygw_reason_piece_t *piece)
{
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; rv == APR_SUCCESS && i < piece->unexplained->nelts; i++) {
        const dygw_unexplained_t *row = &APR_ARRAY_IDX(piece->unexplained, i, dygw_unexplained_t);
        const char *args[]
            = { row->reason, dygw_db_int(db, row->id), dygw_db_int(db, piece->error_code) };

        rv = row->reason ? dygw_db_exec(db, &reason_fill, NULL, args) : APR_SUCCESS;
    }
    return rv;
}

static apr_status_t set_mark(dygw_db_t *db, const char *mark)
{
    const char *args[] = { mark };
    apr_status_t rv = dygw_db_exec(db, &reason_mark_new, NULL, args);

    return rv == APR_SUCCESS ? dygw_db_exec(db, &reason_mark_set, NULL, args) : rv;
}

apr_status_t dygw_store_reason_fill(dygw_db_t *db, const dygw_reason_piece_t *piece,
                                    const char *mark)
{
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = fill_piece(db, piece);
    }
    if (rv == APR_SUCCESS && mark) {
        rv = set_mark(db, mark);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        return rv;
    }
    return dygw_db_commit(db);
}
