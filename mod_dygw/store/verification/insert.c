/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: a request records what it is about to redeem.
 *
 * A single row is one statement, in one round trip; why it changed nothing is found out afterwards,
 * by further queries. It may have been done already, by ourselves, when the answer was lost and the
 * statement repeated: a row that is as we wanted it is a success, once that is confirmed
 * (store/db/confirm.h): what is recorded may be redeemed. That no row is seen does not tell that
 * none will be: while the server is at a commit that nobody waits for, others do not see it. */
#include "store/db/catalogue.h"
#include "store/verification/columns.h"
#include "store/verification/together.h"
#include "store/verification/verification.h"
#include "store/verification/write.h"
#include "util/text.h"

#define INSERT \
    "INSERT INTO dygw_verifications (" DYGW_NAMES( \
        DYGW_VERIFICATION_ALL) ", attempt_key) " \
                               "SELECT " DYGW_PARAMETERS(DYGW_VERIFICATION_ALL) ", %s "

/* Not when the request has been answered that nothing was done: the background would redeem it.
 * MySQL's INSERT IGNORE would also cut what is too long; there a duplicate is an error, which is
 * looked into. */
static const dygw_stmt_t verification_insert = {
    "dygw_verification_insert",
    { INSERT "WHERE " DYGW_NOW_SQLITE3 " < CAST(%lld AS INTEGER) ON CONFLICT DO NOTHING",
      INSERT "WHERE " DYGW_NOW_PGSQL " < %lld ON CONFLICT DO NOTHING",
      INSERT "FROM DUAL WHERE " DYGW_NOW_MYSQL " < CAST(%lld AS SIGNED)" },
};

static const char *attempt_key_of(dygw_db_t *db, const dygw_verification_t *v)
{
    if (!v->verify_token) {
        return NULL;
    }
    return dygw_store_attempt_key(v->verify_token, v->encrypted_code, v->item_no, dygw_db_pool(db));
}

/* Did an earlier try of ours make it? */
static int is_our_row(const dygw_identity_t *found, const dygw_verification_t *v)
{
    return found->id == v->id && found->created_at == v->created_at
           && dygw_text_equal(found->request_id, v->request_id);
}

/* APR_EACCES: the request itself has made rows before, other ones. */
static apr_status_t is_request_repeated(dygw_db_t *db, const dygw_verification_t *v)
{
    dygw_identity_t found;
    apr_status_t rv = v->request_key ? dygw_store_identity_by_request(db, v->request_key, &found)
                                     : APR_NOTFOUND;

    if (rv == APR_SUCCESS && !is_our_row(&found, v)) {
        return APR_EACCES;
    }
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

/* Why a row is not inserted. APR_SUCCESS: it is, by an earlier try; APR_NOTFOUND: nothing stands in
 * its way. */
static apr_status_t why_not_inserted(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *key = attempt_key_of(db, v);
    dygw_identity_t found;
    apr_status_t repeated = is_request_repeated(db, v); /* first: its row may be the attempt's */
    apr_status_t rv = key ? dygw_store_identity_by_attempt(db, key, &found) : APR_NOTFOUND;

    if (rv == APR_SUCCESS) {
        return is_our_row(&found, v) ? APR_SUCCESS : APR_EEXIST;
    }
    if (repeated != APR_SUCCESS) {
        return repeated;
    }
    if (rv == APR_NOTFOUND) {
        rv = dygw_store_identity_by_id(db, v->id, &found);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (key && is_our_row(&found, v)) {
        /* It looks as if our commit had come just now; then the key is there as well. */
        rv = dygw_store_identity_by_attempt(db, key, &found);
    }
    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        return rv;
    }
    return rv == APR_SUCCESS && is_our_row(&found, v) ? APR_SUCCESS : APR_EAGAIN;
}

/* The same for all rows: the worst of the reasons. APR_INCOMPLETE: it cannot be found out. */
static apr_status_t why_none_inserted(dygw_db_t *db, const dygw_batch_t *batch)
{
    int ours = 0;
    int taken = 0;
    int i;

    for (i = 0; i < batch->count; i++) {
        apr_status_t rv = why_not_inserted(db, batch->rows[i]);

        ours += rv == APR_SUCCESS;
        taken += rv == APR_EAGAIN;
        if (rv != APR_SUCCESS && rv != APR_EAGAIN && rv != APR_NOTFOUND) {
            return rv == APR_EEXIST || rv == APR_EACCES ? rv : APR_INCOMPLETE;
        }
    }
    if (ours == batch->count) {
        return dygw_store_rows_confirm(db, batch->rows, batch->count, why_not_inserted);
    }
    return taken > 0 ? APR_EAGAIN : APR_NOTFOUND;
}

/* APR_EEXIST: some key of it is taken; APR_EGENERAL: it failed, perhaps for the same reason. */
static apr_status_t insert_row(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *args[DYGW_VERIFICATION_COLUMN_COUNT + 2];
    int count = dygw_store_verification_args_all(db, v, args);
    apr_status_t rv;
    int nrows;

    args[count] = attempt_key_of(db, v);
    rv = dygw_db_deadline(db, &args[count + 1]);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = dygw_db_exec_quiet(db, &verification_insert, &nrows, args);
    return rv == APR_SUCCESS && nrows == 0 ? APR_EEXIST : rv;
}

static apr_status_t insert_rows(dygw_db_t *db, const dygw_verification_t *const *rows, int count)
{
    const apr_size_t room = (apr_size_t)count * sizeof(const char *);
    const char **keys = apr_palloc(dygw_db_pool(db), room);
    int i;

    for (i = 0; i < count; i++) {
        keys[i] = attempt_key_of(db, rows[i]);
    }
    return dygw_store_insert_together(db, rows, keys, count);
}

apr_status_t dygw_store_verification_insert(dygw_db_t *db, const dygw_verification_t *const *rows,
                                            int count, const char *key, const char *owner)
{
    const dygw_batch_t batch = {
        .rows = rows,
        .count = count,
        .write = insert_row,
        .together = dygw_store_has_together(db) ? insert_rows : NULL,
        .in_time = 1,
        .key = key,
        .owner = owner,
    };
    apr_status_t rv = dygw_store_batch_write(db, &batch);
    int in_doubt = dygw_db_in_doubt(db);
    apr_status_t why;

    if (rv == APR_SUCCESS || rv == APR_EBUSY) {
        return rv;
    }
    if (dygw_db_timed_out(db)) {
        dygw_db_report(db);
        return in_doubt ? APR_INCOMPLETE : APR_TIMEUP;
    }
    why = why_none_inserted(db, &batch);
    if (why != APR_NOTFOUND) {
        return why;
    }
    if (rv == APR_EEXIST) {
        dygw_db_doubt_clock(db);
        return APR_EAGAIN; /* what stood in the way has gone meanwhile, or it was too late */
    }
    dygw_db_report(db);
    return in_doubt ? APR_INCOMPLETE : APR_EGENERAL;
}
