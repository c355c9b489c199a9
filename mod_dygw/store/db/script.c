/* SPDX-License-Identifier: Apache-2.0
 * Migrations: statements that run once, unprepared, without a limit. */
#include "store/db/inside.h"

#include <apr_strings.h>

#include "store/db/db.h"
#include "store/db/dialect.h"

#define TRIES 10 /* of a statement, SQLite only */
#define PAUSE apr_time_from_msec(50)

/* One statement of a migration. SQLite fails, and does not wait, where two hosts make the same file
 * at once. */
static int run_plain(dygw_db_t *db, const char *statement)
{
    dygw_dialect_e dialect = db->source->dialect;
    int tries = dialect == DYGW_SQLITE3 ? TRIES : 1;
    const char *ignored;
    int code;

    while ((code = dygw_session_ask(&db->dbd, statement, &ignored, db->pool)) != 0) {
        const char *text = apr_dbd_error(db->dbd.driver, db->dbd.handle, code);

        if (dygw_dialect_there_already(dialect, text)) {
            return 0;
        }
        if (--tries <= 0) {
            break;
        }
        apr_sleep(PAUSE);
    }
    return code;
}

/* How long a migration takes depends on what there is to migrate: the session's limit is not for
 * it, nor is the guard. */
static void lift_limit(dygw_db_t *db, int lift)
{
    const dygw_dialect_t *dialect = dygw_dialect(db->source->dialect);
    const char *sql = lift ? dialect->unlimited : dialect->limited;
    const char *ignored;

    if (sql && dygw_session_ask(&db->dbd, sql, &ignored, db->pool) != 0) {
        dygw_log(db->log, DEBUG, 0, DYGWNO(0613) "the time limit of statements stays as it was");
    }
}

apr_status_t dygw_db_script(dygw_db_t *db, const char *name, const char *const *statements,
                            int count)
{
    apr_status_t rv = dygw_db_lock(db);
    int code = 0;
    int i;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    lift_limit(db, 1);
    db->in_transaction = 1;
    for (i = 0; code == 0 && i < count; i++) {
        code = run_plain(db, statements[i]);
    }
    if (code != 0) {
        dygw_db_note_failure(db, apr_psprintf(db->pool, "statement %d of %s", i, name), code);
        dygw_db_report(db);
        dygw_db_rollback(db);
        lift_limit(db, 0);
        return APR_EGENERAL;
    }
    db->in_transaction = 0;
    lift_limit(db, 0);
    if (db->source->dialect == DYGW_SQLITE3) {
        dygw_db_drop_session(db); /* the schema's change has broken its statements */
    }
    dygw_db_unlock(db);
    return APR_SUCCESS;
}
