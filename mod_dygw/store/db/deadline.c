/* SPDX-License-Identifier: Apache-2.0
 * Until when a statement may be carried out. The database's clock is looked at once a minute on
 * each connection; between two looks it goes as the steady clock does, whatever our own is set to.
 */
#include "store/db/inside.h"

#include <apr_strings.h>

#include "store/db/catalogue.h"
#include "store/db/db.h"

#define LOOK_AGAIN_MS 60000
#define NEVER         "9223372036854775807"

static const dygw_stmt_t clock_read = { "dygw_clock_read", DYGW_SQL_NOW("SELECT ", "") };

static dygw_session_t *session_of(dygw_db_t *db)
{
    return db->session || !db->connected ? db->session : dygw_session_find(&db->dbd);
}

static apr_status_t look_at_clock(dygw_db_t *db)
{
    dygw_ms_t before = dygw_steady_ms();
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &clock_read, &rows, NULL);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv == APR_SUCCESS) {
        db->session->ahead = dygw_row_int(rows, 0, before) - before;
        db->session->ahead_since = before;
    }
    return rv;
}

apr_status_t dygw_db_deadline(dygw_db_t *db, const char **deadline)
{
    dygw_session_t *session = session_of(db);
    dygw_ms_t now = dygw_steady_ms();
    apr_status_t rv = APR_SUCCESS;

    *deadline = NEVER;
    if (!db->source->guard) {
        return APR_SUCCESS;
    }
    if (!session || session->ahead_since == 0 || now - session->ahead_since > LOOK_AGAIN_MS) {
        rv = look_at_clock(db);
        session = db->session;
    }
    if (rv == APR_SUCCESS) {
        apr_time_t half = dygw_guard_limit(db->source->guard) / 2;

        *deadline = dygw_db_int(db, now + session->ahead + apr_time_as_msec(half));
    }
    return rv;
}

void dygw_db_doubt_clock(dygw_db_t *db)
{
    dygw_session_t *session = session_of(db);

    if (session) {
        session->ahead_since = 0;
    }
}
