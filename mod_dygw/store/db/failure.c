/* SPDX-License-Identifier: Apache-2.0
 * What a unit of work knows of its failures: for who works with the database, for the log, and for
 * the host, whose state says whether writing works. */
#include "store/db/inside.h"

#include <apr_strings.h>

#include "store/db/db.h"
#include "store/db/dialect.h"
#include "store/db/error.h"

static void note_that_none_can_write(const dygw_db_t *db, int code, const char *text)
{
    dygw_db_shared_t *shared = db->source->shared;
    dygw_db_writes_e why = dygw_dialect_cannot_write(db->source->dialect, code, text);

    if (shared && why != DYGW_WRITES_WORK) {
        shared->failed_as = (int)why;
        shared->failed_at = dygw_steady_now();
    }
}

void dygw_db_note_failed_write(const dygw_db_t *db)
{
    if (db->source->shared) {
        db->source->shared->failures++;
    }
}

void dygw_db_note_failure(dygw_db_t *db, const char *what, int code)
{
    const char *text = apr_dbd_error(db->dbd.driver, db->dbd.handle, code);

    db->error = apr_pstrcat(db->pool, what, ": ", dygw_db_error_text(db->pool, text, code), NULL);
    db->deadlock = dygw_dialect_deadlock(db->source->dialect, code, text);
    db->timed_out = dygw_dialect_timed_out(db->source->dialect, code, text);
    note_that_none_can_write(db, code, text);
}

int dygw_db_lost_deadlock(const dygw_db_t *db)
{
    return db->deadlock;
}

int dygw_db_timed_out(const dygw_db_t *db)
{
    return db->timed_out;
}

int dygw_db_in_doubt(const dygw_db_t *db)
{
    return db->in_doubt;
}

int dygw_db_repeated(const dygw_db_t *db)
{
    return db->repeated;
}

void dygw_db_report(dygw_db_t *db)
{
    if (db->error) {
        dygw_count(db->source->metrics, DYGW_COUNT_DB_ERRORS, 0);
        dygw_log_rarely(db->log, ERR, db->error, 0, DYGWNO(0601) "the database failed at %s",
                        db->error);
        db->error = NULL;
    }
}
