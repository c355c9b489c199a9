/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: one row a coupon, or a use of a times card.
 *
 * A single row is inserted and settled by one statement each, in one round trip; why one of them
 * changed nothing is found out afterwards, by further queries. Both may have been done already, by
 * ourselves, when the answer was lost and the statement repeated: a row that is as we wanted it is
 * a success. */
#include "store/verification.h"

#include <string.h>

#include <apr_strings.h>

#include "store/catalogue.h"
#include "store/verification_columns.h"
#include "store/verification_words.h"
#include "util/crypto.h"

#define MAX_ITEMS       10      /* coupons of one request, as the contract allows */
#define DEADLOCK_TRIES  5       /* of a transaction of several rows */

#define INSERT \
    "INSERT INTO dygw_verifications (" DYGW_VERIFICATION_COLUMNS ", attempt_key) " \
    "VALUES (" DYGW_VERIFICATION_VALUES ", %s)"

#define SELECT "SELECT " DYGW_VERIFICATION_COLUMNS " FROM dygw_verifications "

/* MySQL's INSERT IGNORE would also cut what is too long; there a duplicate is an error, which is
 * looked into. */
static const dygw_stmt_t verification_insert = {
    "dygw_verification_insert",
    { INSERT " ON CONFLICT DO NOTHING", INSERT " ON CONFLICT DO NOTHING", INSERT }
};

static const dygw_stmt_t verification_settle = {
    "dygw_verification_settle",
    DYGW_SQL("UPDATE dygw_verifications SET " DYGW_VERIFICATION_SETTLED
             " WHERE id = %lld AND verify_status = 'processing'")
};

static const dygw_stmt_t verification_get = {
    "dygw_verification_get", DYGW_SQL(SELECT "WHERE id = %lld")
};

static const dygw_stmt_t verification_items = {
    "dygw_verification_items", DYGW_SQL(SELECT "WHERE first_id = %lld ORDER BY item_no LIMIT 100")
};

static const dygw_stmt_t verification_find = {
    "dygw_verification_find",
    DYGW_SQL(SELECT "WHERE attempt_key IN (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
             "ORDER BY item_no LIMIT 1")
};

/* What tells one record from another. */
#define IDENTITY \
    "SELECT id, request_id, created_at, verify_status, verify_id, updated_at " \
    "FROM dygw_verifications "

static const dygw_stmt_t identity_by_key = {
    "dygw_identity_by_key", DYGW_SQL(IDENTITY "WHERE attempt_key = %s")
};

static const dygw_stmt_t identity_by_id = {
    "dygw_identity_by_id", DYGW_SQL(IDENTITY "WHERE id = %lld")
};

static const dygw_stmt_t identity_by_verify_id = {
    "dygw_identity_by_verify_id", DYGW_SQL(IDENTITY "WHERE verify_id = %s")
};

void dygw_verification_init(dygw_verification_t *v)
{
    *v = (dygw_verification_t){
        .coupon_status = DYGW_COUPON_UNKNOWN,
        .verify_records_count = DYGW_NO_INT,
        .order_status = DYGW_NO_INT,
        .pay_amount = DYGW_NO_INT,
        .receipt_amount = DYGW_NO_INT,
        .discount_amount = DYGW_NO_INT,
        .expire_time = DYGW_NO_TIME,
        .verify_time = DYGW_NO_TIME,
        .create_order_time = DYGW_NO_TIME,
        .pay_time = DYGW_NO_TIME,
        .cancelable_until = DYGW_NO_TIME,
        .item_count = 1,
        .next_run_at = DYGW_NO_TIME
    };
}

/* --- keys --- */

/* Stands for the token, the code and the item, whose own lengths no index takes. */
static const char *attempt_key(const char *verify_token, const char *encrypted_code, int item_no,
                               apr_pool_t *pool)
{
    char *hex = apr_palloc(pool, DYGW_SHA256_HEX_LEN + 1);
    const char *text = apr_psprintf(pool, "%s\n%s\n%d", verify_token,
                                    encrypted_code ? encrypted_code : "", item_no);

    dygw_sha256_hex(text, strlen(text), hex);
    return hex;
}

static const char *key_of(dygw_db_t *db, const dygw_verification_t *v)
{
    if (!v->verify_token) {
        return NULL;
    }
    return attempt_key(v->verify_token, v->encrypted_code, v->item_no, dygw_db_pool(db));
}

/* --- what is there --- */

typedef struct identity_t {
    apr_int64_t id;
    const char *request_id;
    dygw_ms_t created_at;
    int verify_status;
    const char *verify_id;
    dygw_ms_t updated_at;
} identity_t;

/* APR_NOTFOUND when there is none. */
static apr_status_t identify(dygw_db_t *db, const dygw_stmt_t *stmt, const char *key,
                             identity_t *found)
{
    const char *args[] = { key };
    apr_pool_t *pool = dygw_db_pool(db);
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, stmt, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    found->id = dygw_row_int(rows, 0, 0);
    found->request_id = dygw_row_text(rows, 1, pool);
    found->created_at = dygw_row_int(rows, 2, 0);
    found->verify_status = dygw_store_word_value(DYGW_WORDS_VERIFY, dygw_row_text(rows, 3, pool),
                                                 -1);
    found->verify_id = dygw_row_text(rows, 4, pool);
    found->updated_at = dygw_row_int(rows, 5, 0);
    return APR_SUCCESS;
}

static int same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Did an earlier try of ours make it? */
static int is_ours(const identity_t *found, const dygw_verification_t *v)
{
    return found->id == v->id && found->created_at == v->created_at
           && same_text(found->request_id, v->request_id);
}

/* --- several rows in one commit --- */

typedef apr_status_t row_fn(dygw_db_t *db, const dygw_verification_t *v);

static apr_status_t for_each_row(dygw_db_t *db, const dygw_verification_t *const *rows, int count,
                                 row_fn *fn)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; rv == APR_SUCCESS && i < count; i++) {
        rv = fn(db, rows[i]);
    }
    return rv;
}

/* is_done, when there is one, tells of a row that was written already: the commit may have been
 * done and its answer lost. */
static apr_status_t write_once(dygw_db_t *db, const dygw_verification_t *const *rows, int count,
                               row_fn *write, row_fn *is_done)
{
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = for_each_row(db, rows, count, write);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        return rv;
    }
    rv = dygw_db_commit(db);
    if (rv != APR_SUCCESS && is_done && for_each_row(db, rows, count, is_done) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return rv;
}

static apr_status_t write_rows(dygw_db_t *db, const dygw_verification_t *const *rows, int count,
                               row_fn *write, row_fn *is_done)
{
    int tries = DEADLOCK_TRIES;
    apr_status_t rv;

    do {
        rv = write_once(db, rows, count, write, is_done);
    } while (rv != APR_SUCCESS && dygw_db_lost_deadlock(db) && --tries > 0);
    return rv;
}

/* --- insert --- */

/* Why a row is not inserted. APR_SUCCESS: it is, by an earlier try; APR_NOTFOUND: nothing stands in
 * its way. */
static apr_status_t why_not_inserted(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *key = key_of(db, v);
    identity_t found;
    apr_status_t rv = key ? identify(db, &identity_by_key, key, &found) : APR_NOTFOUND;

    if (rv == APR_SUCCESS) {
        return is_ours(&found, v) ? APR_SUCCESS : APR_EEXIST;
    }
    if (rv == APR_NOTFOUND) {
        rv = identify(db, &identity_by_id, dygw_db_int(db, v->id), &found);
    }
    if (rv == APR_SUCCESS) {
        return !key && is_ours(&found, v) ? APR_SUCCESS : APR_EAGAIN;
    }
    return rv;
}

/* The same for all rows: the worst of the reasons. */
static apr_status_t why_none_inserted(dygw_db_t *db, const dygw_verification_t *const *rows,
                                      int count)
{
    int ours = 0;
    int taken = 0;
    int i;

    for (i = 0; i < count; i++) {
        apr_status_t rv = why_not_inserted(db, rows[i]);

        ours += rv == APR_SUCCESS;
        taken += rv == APR_EAGAIN;
        if (rv != APR_SUCCESS && rv != APR_EAGAIN && rv != APR_NOTFOUND) {
            return rv;
        }
    }
    if (ours == count) {
        return APR_SUCCESS;
    }
    return taken > 0 ? APR_EAGAIN : APR_NOTFOUND;
}

/* APR_EEXIST: some key of it is taken; APR_EGENERAL: it failed, perhaps for the same reason. */
static apr_status_t insert_row(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *args[DYGW_VERIFICATION_COLUMN_COUNT + 1];
    int count = dygw_store_verification_args(db, v, DYGW_VERIFICATION_WHOLE, args);
    apr_status_t rv;
    int nrows;

    args[count] = key_of(db, v);
    rv = dygw_db_exec_quiet(db, &verification_insert, &nrows, args);
    return rv == APR_SUCCESS && nrows == 0 ? APR_EEXIST : rv;
}

apr_status_t dygw_store_verification_insert(dygw_db_t *db, const dygw_verification_t *const *rows,
                                            int count)
{
    apr_status_t rv = count == 1 ? insert_row(db, rows[0])
                                 : write_rows(db, rows, count, insert_row, NULL);
    apr_status_t why;

    if (rv == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    if (dygw_db_timed_out(db)) {
        dygw_db_report(db);
        return APR_TIMEUP;
    }
    why = why_none_inserted(db, rows, count);
    if (why != APR_NOTFOUND) {
        return why;
    }
    if (rv == APR_EEXIST) {
        return APR_EAGAIN;      /* what stood in the way has gone meanwhile */
    }
    dygw_db_report(db);
    return APR_EGENERAL;
}

/* --- settle --- */

static apr_status_t is_settled(dygw_db_t *db, const dygw_verification_t *v)
{
    identity_t found;
    apr_status_t rv = identify(db, &identity_by_id, dygw_db_int(db, v->id), &found);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return found.verify_status == (int)v->verify_status && found.updated_at == v->updated_at
           && same_text(found.verify_id, v->verify_id) ? APR_SUCCESS : APR_NOTFOUND;
}

static apr_status_t settle_row(dygw_db_t *db, const dygw_verification_t *v)
{
    const char *args[DYGW_VERIFICATION_COLUMN_COUNT + 1];
    int count = dygw_store_verification_args(db, v, DYGW_VERIFICATION_OUTCOME, args);
    apr_status_t rv;
    int nrows;

    args[count] = dygw_db_int(db, v->id);
    rv = dygw_db_exec_quiet(db, &verification_settle, &nrows, args);
    return rv == APR_SUCCESS && nrows == 0 ? is_settled(db, v) : rv;
}

/* Which row has a verify_id that another record has, be it in the table or before it in rows;
 * APR_NOTFOUND: none. */
static apr_status_t find_clash(dygw_db_t *db, const dygw_verification_t *const *rows, int count,
                               int *clash)
{
    apr_status_t rv;
    identity_t found;
    int i;
    int k;

    for (i = 0; i < count; i++) {
        *clash = i;
        for (k = 0; k < i && rows[i]->verify_id; k++) {
            if (same_text(rows[k]->verify_id, rows[i]->verify_id)) {
                return APR_EEXIST;
            }
        }
        rv = rows[i]->verify_id
                 ? identify(db, &identity_by_verify_id, rows[i]->verify_id, &found)
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

apr_status_t dygw_store_verification_settle(dygw_db_t *db, const dygw_verification_t *const *rows,
                                            int count, int *clash)
{
    apr_status_t rv = count == 1 ? settle_row(db, rows[0])
                                 : write_rows(db, rows, count, settle_row, is_settled);

    if (rv == APR_SUCCESS || rv == APR_NOTFOUND) {
        return rv;
    }
    if (dygw_db_timed_out(db)) {
        *clash = 0;
        dygw_db_report(db);
        return APR_TIMEUP;
    }
    if (find_clash(db, rows, count, clash) == APR_EEXIST) {
        return APR_EEXIST;
    }
    *clash = 0;
    dygw_db_report(db);
    return APR_EGENERAL;
}

/* --- reading --- */

static apr_status_t one_row(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args,
                            dygw_verification_t **v, apr_pool_t *pool)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, stmt, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    *v = dygw_store_verification_read(rows, pool);
    return APR_SUCCESS;
}

apr_status_t dygw_store_verification_get(dygw_db_t *db, apr_int64_t id, apr_int64_t app_id,
                                         dygw_verification_t **v, apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, id) };
    apr_status_t rv = one_row(db, &verification_get, args, v, pool);

    return rv == APR_SUCCESS && app_id != 0 && (*v)->app_id != app_id ? APR_NOTFOUND : rv;
}

apr_status_t dygw_store_verification_items(dygw_db_t *db, apr_int64_t first_id,
                                           apr_array_header_t **items, apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, first_id) };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &verification_items, &rows, args);

    *items = apr_array_make(pool, 1, sizeof(dygw_verification_t *));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*items, dygw_verification_t *) = dygw_store_verification_read(rows, pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_verification_find(dygw_db_t *db, const char *verify_token,
                                          const char *encrypted_code, dygw_verification_t **v,
                                          apr_pool_t *pool)
{
    const char *args[MAX_ITEMS];
    int i;

    for (i = 0; i < MAX_ITEMS; i++) {
        args[i] = attempt_key(verify_token, encrypted_code, i, dygw_db_pool(db));
    }
    return one_row(db, &verification_find, args, v, pool);
}
