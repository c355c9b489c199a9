/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: the end of its rows. */
#include "store/db/catalogue.h"
#include "store/verification/verification.h"

/* Nothing is to be done about it any more. */
#define FINISHED(of) \
    of "verify_status <> 'processing' AND " of "enrichment_status <> 'pending' " \
    "AND " of "errand_at IS NULL"

/* A request's rows are worked on together: while there is work for one, the others stay. */
#define OLDEST(hint) \
    "SELECT c.id FROM dygw_verifications c WHERE c.created_at < %lld AND c.updated_at < %lld " \
    "AND " FINISHED("c.") " AND NOT EXISTS (SELECT 1 FROM dygw_verifications o " hint \
    "WHERE o.first_id = c.first_id AND NOT (" FINISHED("o.") ")) " \
    "ORDER BY c.created_at LIMIT %lld"

/* Looks again at what it removes: a webhook may just have made work for it. */
#define PURGE "DELETE FROM dygw_verifications WHERE id IN (" OLDEST("") ") AND " FINISHED("")
/* MariaDB's estimates of a small table let it read all of it for each row. */
#define PURGE_MYSQL \
    "DELETE v FROM dygw_verifications v JOIN (" \
    OLDEST("FORCE INDEX (dygw_verifications_first) ") \
    ") x ON x.id = v.id WHERE " FINISHED("v.")

static const dygw_stmt_t verification_purge = {
    "dygw_verification_purge", { PURGE, PURGE, PURGE_MYSQL }
};

apr_status_t dygw_store_verification_purge(dygw_db_t *db, dygw_ms_t before, int limit,
                                           int *removed)
{
    const char *at = dygw_db_int(db, before);
    const char *args[] = { at, at, dygw_db_int(db, limit) };

    return dygw_db_exec(db, &verification_purge, removed, args);
}
