/* SPDX-License-Identifier: Apache-2.0
 * A test of whether the database can be written. What is written stands among the items of
 * reconciliations, under a day that is none; it is removed before it is committed, so that nobody
 * sees it and nobody waits for it. */
#include "store/writing.h"

#include "store/db/catalogue.h"
#include "util/crypto.h"

#define MARK_LEN 24

static const dygw_stmt_t writing_put = {
    "dygw_writing_put",
    DYGW_SQL("INSERT INTO dygw_reconciliation_items (day, account_id, generation, item_no, item) "
             "VALUES ('writing', %s, 0, 0, %s)"),
};

static const dygw_stmt_t writing_remove = {
    "dygw_writing_remove",
    DYGW_SQL("DELETE FROM dygw_reconciliation_items WHERE day = 'writing' AND account_id = %s "
             "AND generation = 0 AND item_no = 0"),
};

apr_status_t dygw_store_test_writing(dygw_db_t *db, int size)
{
    apr_pool_t *pool = dygw_db_pool(db);
    /* Random, so that no database makes it smaller than it is. */
    const char *args[]
        = { dygw_random_text(pool, MARK_LEN), dygw_random_text(pool, (apr_size_t)size) };
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = dygw_db_exec(db, &writing_put, NULL, args);
    }
    if (rv == APR_SUCCESS) {
        rv = dygw_db_exec(db, &writing_remove, NULL, args);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        return rv;
    }
    return dygw_db_commit(db);
}
