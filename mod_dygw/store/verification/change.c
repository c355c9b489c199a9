/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: what rows become, by their own request and by anybody later.
 *
 * A single row is one statement, in one round trip; why it changed nothing is found out afterwards.
 * It may have been done already, by ourselves, when the answer was lost and the statement repeated:
 * a row that is as we wanted it is a success, once that is confirmed (store/db/confirm.h). */
#include "store/db/catalogue.h"
#include "store/verification/columns.h"
#include "store/verification/together.h"
#include "store/verification/verification.h"
#include "store/verification/write.h"
#include "util/text.h"

/* Its request may say that a coupon was redeemed whatever the background did meanwhile; anything
 * else it can say is about its own requests only. What came while it was at work, a cancel or news,
 * is looked at afterwards. */
/* clang-format off */
static const dygw_stmt_t verification_settle = {
    "dygw_verification_settle",
    DYGW_SQL("UPDATE dygw_verifications SET " DYGW_SETS(DYGW_VERIFICATION_SETTLED) ", "
             "errand_at = CASE WHEN cancel_since IS NOT NULL OR news <> 0 THEN %lld "
             "ELSE errand_at END, revision = revision + 1 "
             "WHERE id = %lld AND verify_status = 'processing' AND repeats <= %lld"),
};
/* clang-format on */

static const dygw_stmt_t verification_update = {
    "dygw_verification_update",
    DYGW_SQL("UPDATE dygw_verifications SET " DYGW_SETS(
        DYGW_VERIFICATION_CHANGED) ", "
                                   "revision = revision + 1 WHERE id = %lld AND revision = %lld"),
};

#define UPDATE_ARGS 2 /* besides the columns */

/* --- by its request --- */

static apr_status_t is_settled(dygw_db_t *db, const dygw_verification_t *v)
{
    dygw_identity_t found;
    apr_status_t rv = dygw_store_identity_by_id(db, v->id, &found);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return found.verify_status == (int)v->verify_status && found.updated_at == v->updated_at
                   && dygw_text_equal(found.verify_id, v->verify_id)
               ? APR_SUCCESS
               : APR_NOTFOUND;
}

static apr_status_t settle_row(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *args[DYGW_VERIFICATION_COLUMN_COUNT + DYGW_SETTLE_ARGS];
    apr_status_t rv;
    int nrows;

    dygw_store_verification_args_to_settle(db, v, args);
    rv = dygw_db_exec_quiet(db, &verification_settle, &nrows, args);
    return rv == APR_SUCCESS && nrows == 0 ? dygw_store_row_was_done(db, v, is_settled) : rv;
}

/* --- later --- */

static apr_status_t is_updated(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *wanted[DYGW_VERIFICATION_COLUMN_COUNT];
    const char *there[DYGW_VERIFICATION_COLUMN_COUNT];
    dygw_verification_t *found;
    apr_status_t rv = dygw_store_verification_get(db, v->id, 0, &found, dygw_db_pool(db));
    int same = rv == APR_SUCCESS && found->revision == v->revision + 1;
    int count;
    int i;

    if (!same) {
        return rv == APR_SUCCESS ? APR_NOTFOUND : rv;
    }
    count = dygw_store_verification_args_changed(db, v, wanted);
    dygw_store_verification_args_changed(db, found, there);
    for (i = 0; i < count; i++) {
        same &= dygw_text_equal(wanted[i], there[i]);
    }
    return same ? APR_SUCCESS : APR_NOTFOUND;
}

static apr_status_t update_row(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *args[DYGW_VERIFICATION_COLUMN_COUNT + UPDATE_ARGS];
    int count = dygw_store_verification_args_changed(db, v, args);
    apr_status_t rv;
    int nrows;

    args[count++] = dygw_db_int(db, v->id);
    args[count] = dygw_db_int(db, v->revision);
    rv = dygw_db_exec_quiet(db, &verification_update, &nrows, args);
    return rv == APR_SUCCESS && nrows == 0 ? dygw_store_row_was_done(db, v, is_updated) : rv;
}

/* --- both --- */

/* Which row has a verify_id that another record has, be it in the table or before it in the batch;
 * APR_NOTFOUND: none. */
static apr_status_t find_clash(dygw_db_t *db, const dygw_batch_t *batch, int *clash)
{
    const dygw_verification_t *const *rows = batch->rows;
    dygw_identity_t found;
    int i;
    int k;

    for (i = 0; i < batch->count; i++) {
        apr_status_t rv;

        *clash = i;
        for (k = 0; k < i && rows[i]->verify_id; k++) {
            if (dygw_text_equal(rows[k]->verify_id, rows[i]->verify_id)) {
                return APR_EEXIST;
            }
        }
        rv = rows[i]->verify_id ? dygw_store_identity_by_verify_id(db, rows[i]->verify_id, &found)
                                : APR_NOTFOUND;
        if (rv == APR_SUCCESS && found.id != rows[i]->id) {
            return APR_EEXIST;
        }
        if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
            return rv;
        }
    }
    return APR_NOTFOUND;
}

static apr_status_t change_rows(dygw_db_t *db, const dygw_batch_t *batch, int *clash)
{
    apr_status_t rv = dygw_store_batch_write(db, batch);
    int in_doubt = rv == APR_INCOMPLETE || dygw_db_in_doubt(db);

    *clash = 0;
    if (rv == APR_SUCCESS || rv == APR_NOTFOUND) {
        return rv;
    }
    if (rv != APR_INCOMPLETE && dygw_db_timed_out(db)) {
        dygw_db_report(db);
        return APR_TIMEUP;
    }
    if (rv != APR_INCOMPLETE && find_clash(db, batch, clash) == APR_EEXIST) {
        return APR_EEXIST;
    }
    *clash = 0;
    dygw_db_report(db);
    return in_doubt ? APR_INCOMPLETE : APR_EGENERAL;
}

/* Each of a request of its own: then it is settled whatever becomes of the others. */
static int are_of_many(const dygw_verification_t *const *rows, int count)
{
    int i;

    for (i = 0; i < count && rows[i]->item_count == 1; i++) {}
    return i == count;
}

apr_status_t dygw_store_verification_settle(dygw_db_t *db, const dygw_verification_t *const *rows,
                                            int count, int *clash)
{
    const dygw_batch_t batch = {
        .rows = rows,
        .count = count,
        .write = settle_row,
        .is_done = is_settled,
        .together = dygw_store_has_together(db) && are_of_many(rows, count)
                        ? dygw_store_settle_together
                        : NULL,
    };

    return change_rows(db, &batch, clash);
}

apr_status_t dygw_store_verification_update(dygw_db_t *db, dygw_verification_t *const *rows,
                                            int count, int *clash)
{
    const dygw_batch_t batch = {
        .rows = (const dygw_verification_t *const *)rows,
        .count = count,
        .write = update_row,
        .is_done = is_updated,
    };
    apr_status_t rv = change_rows(db, &batch, clash);
    int i;

    for (i = 0; rv == APR_SUCCESS && i < count; i++) {
        rows[i]->revision++;
    }
    return rv;
}

apr_status_t dygw_store_verification_update_one(dygw_db_t *db, dygw_verification_t *row)
{
    int clash;
    apr_status_t rv = dygw_store_verification_update(db, &row, 1, &clash);

    return rv == APR_TIMEUP && dygw_db_in_doubt(db) ? APR_INCOMPLETE : rv;
}
