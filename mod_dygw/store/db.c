/* SPDX-License-Identifier: Apache-2.0
 * The wrapper over apr_dbd.
 *
 * Servers end connections, drivers reconnect behind our back, and SQLite forgets statements when
 * anybody changes the schema; in each case the marker of the session (store/session.h) is another
 * afterwards. So when a statement fails outside a transaction, the connection is checked, and if
 * its session is a new one (or the connection is, because the old one was beyond repair) everything
 * is set up again and the statement tried once more. A statement that failed for a reason of its
 * own finds the marker as it was, and the failure stands.
 *
 * apr_dbd's transactions are not used: starting one on a dead PostgreSQL connection crashes, and
 * what they leave open is committed. */
#include "store/db.h"

#include <string.h>

#include <apr_atomic.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "store/catalogue.h"
#include "store/dberror.h"
#include "store/dialect.h"
#include "store/session.h"

/* Dead pooled connections fail at once, hosts that are gone do not. */
#define OPEN_PATIENCE   apr_time_from_sec(1)

#define DEADLOCK_TRIES  3       /* of a statement that is a transaction by itself */
#define SCRIPT_TRIES    10      /* of a statement of a migration, SQLite only */
#define SCRIPT_PAUSE    apr_time_from_msec(50)

struct dygw_db_t {
    apr_pool_t *pool;       /* the opener's, until the connection is given back */
    apr_pool_t *scratch;    /* rows and what they gave out: gone before */
    apr_pool_t *rows;       /* of the present query; NULL before the first */
    dygw_db_source_t *source;
    const dygw_log_t *log;
    dygw_dbd_t dbd;
    dygw_session_t *session;    /* of dbd; NULL: not looked for yet */
    int connected;
    int in_transaction;
    int failed;             /* a statement of the transaction did */
    int locked;             /* the writer's lock is ours */
    int deadlock;           /* the last statement lost one */
    int timed_out;          /* the last statement was */
    int repeated;           /* the last statement was, on another connection */
    const char *error;      /* the last failure, for dygw_db_report */
};

struct dygw_rows_t {
    dygw_db_t *db;
    const char *label;
    apr_dbd_results_t *results;
    apr_dbd_row_t *row;
    int number;             /* of the row, from 1: the only way of reading that all drivers have */
};

/* One statement to run: a prepared one, or plain text. */
typedef struct job_t {
    const dygw_stmt_t *stmt;
    const char *plain;
    const char **args;
    int nrows;
    apr_dbd_results_t **results;    /* NULL: it gives no rows */
} job_t;

/* --- failures --- */

static void note_failure(dygw_db_t *db, const char *what, int code)
{
    const char *text = apr_dbd_error(db->dbd.driver, db->dbd.handle, code);

    db->error = apr_pstrcat(db->pool, what, ": ", dygw_db_error_text(db->pool, text, code), NULL);
    db->deadlock = dygw_dialect_deadlock(db->source->dialect, code, text);
    db->timed_out = dygw_dialect_timed_out(db->source->dialect, code, text);
}

int dygw_db_lost_deadlock(const dygw_db_t *db)
{
    return db->deadlock;
}

int dygw_db_timed_out(const dygw_db_t *db)
{
    return db->timed_out;
}

int dygw_db_repeated(const dygw_db_t *db)
{
    return db->repeated;
}

void dygw_db_report(dygw_db_t *db)
{
    if (db->error) {
        dygw_count(db->source->metrics, DYGW_COUNT_DB_ERRORS, 0);
        dygw_log(db->log, ERR, 0, DYGWNO(0601) "the database failed at %s", db->error);
        db->error = NULL;
    }
}

/* --- the session of a connection --- */

static int ask(dygw_db_t *db, const char *sql, const char **answer)
{
    return dygw_session_ask(&db->dbd, sql, answer, db->pool);
}

static void drop_session(dygw_db_t *db)
{
    dygw_session_drop(&db->dbd);
    db->session = NULL;
}

static int make_session(dygw_db_t *db)
{
    int rv = dygw_session_make(&db->dbd, db->source->dialect, db->in_transaction, &db->session);

    if (rv != 0 && db->source->dialect == DYGW_SQLITE3) {
        /* Another process may just have changed the schema: the statement that meets it fails. */
        rv = dygw_session_make(&db->dbd, db->source->dialect, db->in_transaction, &db->session);
    }
    if (rv != 0) {
        note_failure(db, "the session's set-up", rv);
    }
    return rv;
}

static void roll_back(dygw_db_t *db)
{
    int ignored;
    int rv = apr_dbd_query(db->dbd.driver, db->dbd.handle, &ignored, "ROLLBACK");

    /* SQLite ends a transaction by itself when it must, and then has none to roll back. */
    if (db->session) {
        db->session->unended = rv != 0 && db->source->dialect != DYGW_SQLITE3;
    }
}

/* Finds the session of the connection, or makes it. */
static int have_session(dygw_db_t *db)
{
    if (!db->session) {
        db->session = dygw_session_find(&db->dbd);
    }
    if (!db->session) {
        return make_session(db);
    }
    if (db->session->unended) {
        roll_back(db);
        if (db->session->unended) {
            db->error = "the end of a transaction that was left open";
            return APR_EGENERAL;
        }
    }
    return 0;
}

/* --- connections --- */

static apr_status_t take_connection(dygw_db_t *db)
{
    apr_time_t until = apr_time_now() + OPEN_PATIENCE;
    int tries = db->source->max_opens;

    do {
        if (db->source->open(db->source->baton, db->pool, &db->dbd) == APR_SUCCESS) {
            db->connected = 1;
            return APR_SUCCESS;
        }
    } while (--tries > 0 && apr_time_now() < until);
    return APR_EGENERAL;
}

static void give_back(dygw_db_t *db)
{
    if (db->connected) {
        db->source->close(db->source->baton, &db->dbd);
        db->connected = 0;
        db->session = NULL;
    }
}

/* After a failure: is there a working session now that is not the one which failed? */
static int renewed(dygw_db_t *db)
{
    const char *had = db->session ? apr_pstrdup(db->pool, db->session->marker) : NULL;
    const char *forget = dygw_dialect(db->source->dialect)->forget;
    const char *has;

    if (apr_dbd_check_conn(db->dbd.driver, db->pool, db->dbd.handle) != APR_SUCCESS) {
        give_back(db);
        return take_connection(db) == APR_SUCCESS;
    }
    if (!db->session) {
        return 1;       /* it failed before there was one */
    }
    if (ask(db, dygw_dialect(db->source->dialect)->marker, &has) != 0
        || (has && had && strcmp(has, had) == 0)) {
        return 0;
    }
    drop_session(db);
    return !forget || ask(db, forget, &has) == 0;
}

/* --- statements --- */

static int have_statement(dygw_db_t *db, const dygw_stmt_t *stmt, apr_dbd_prepared_t **prepared)
{
    return dygw_session_statement(db->session, &db->dbd, stmt->label,
                                  stmt->sql[db->source->dialect], prepared);
}

static int run_once(dygw_db_t *db, job_t *job)
{
    apr_dbd_prepared_t *prepared = NULL;
    const apr_dbd_driver_t *driver = db->dbd.driver;
    int rv = have_session(db);

    if (rv != 0) {
        return rv;
    }
    if (job->plain) {
        rv = apr_dbd_query(driver, db->dbd.handle, &job->nrows, job->plain);
    }
    else if ((rv = have_statement(db, job->stmt, &prepared)) == 0) {
        rv = job->results ? apr_dbd_pselect(driver, db->rows, db->dbd.handle, job->results,
                                            prepared, 1, 0, job->args)
                          : apr_dbd_pquery(driver, db->scratch, db->dbd.handle, &job->nrows,
                                           prepared, 0, job->args);
    }
    if (rv != 0) {
        note_failure(db, job->plain ? job->plain : job->stmt->label, rv);
    }
    return rv;
}

/* A statement that fails inside a transaction takes the transaction along, but for SQLite, which
 * undoes only it. */
static int may_repeat(const dygw_db_t *db)
{
    return db->connected && (!db->in_transaction || db->source->dialect == DYGW_SQLITE3);
}

static int run_again(dygw_db_t *db, job_t *job)
{
    if (job->results) {
        *job->results = NULL;
    }
    return run_once(db, job);
}

static apr_status_t run(dygw_db_t *db, job_t *job)
{
    int tries = DEADLOCK_TRIES;
    int rv;

    db->deadlock = 0;
    db->timed_out = 0;
    db->repeated = 0;
    if (!db->connected) {
        db->failed = 1;
        db->error = "the connection, which is lost";
        return APR_EGENERAL;
    }
    rv = run_once(db, job);
    while (rv != 0 && db->deadlock && !db->in_transaction && --tries > 0) {
        db->deadlock = 0;
        rv = run_again(db, job);
    }
    if (rv != 0 && may_repeat(db) && renewed(db)) {
        apr_atomic_inc32(&db->source->repairs);
        dygw_count(db->source->metrics, DYGW_COUNT_DB_REPAIRS, 0);
        dygw_log(db->log, INFO, 0,
                 DYGWNO(0602) "a database connection was renewed after it failed at %s", db->error);
        db->repeated = 1;
        rv = run_again(db, job);
    }
    if (rv != 0) {
        db->failed = 1;
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

static apr_status_t lock(dygw_db_t *db)
{
    apr_status_t rv = APR_SUCCESS;

    if (db->source->lock_writer && !db->locked) {
        rv = db->source->lock_writer(db->source->baton);
        db->locked = rv == APR_SUCCESS;
    }
    if (rv != APR_SUCCESS) {
        dygw_log(db->log, ERR, rv, DYGWNO(0603) "the lock of the one writer cannot be had");
    }
    return rv;
}

static void unlock(dygw_db_t *db)
{
    if (db->locked) {
        db->source->unlock_writer(db->source->baton);
        db->locked = 0;
    }
}

/* --- the unit of work --- */

apr_status_t dygw_db_open(dygw_db_t **db, dygw_db_source_t *source, const dygw_log_t *log,
                          apr_pool_t *pool)
{
    apr_pool_t *own;
    dygw_db_t *made;

    *db = NULL;
    apr_pool_create(&own, pool);
    made = apr_pcalloc(own, sizeof(*made));
    made->pool = own;
    made->source = source;
    made->log = log;
    if (take_connection(made) != APR_SUCCESS) {
        dygw_count(source->metrics, DYGW_COUNT_DB_UNREACHABLE, 0);
        dygw_log(log, ERR, 0, DYGWNO(0600) "the database cannot be reached");
        apr_pool_destroy(own);
        return APR_EGENERAL;
    }
    apr_pool_create(&made->scratch, own);
    *db = made;
    return APR_SUCCESS;
}

void dygw_db_close(dygw_db_t *db)
{
    if (!db) {
        return;
    }
    dygw_db_rollback(db);
    apr_pool_destroy(db->scratch);
    give_back(db);
    apr_pool_destroy(db->pool);
}

apr_pool_t *dygw_db_pool(const dygw_db_t *db)
{
    return db->scratch;
}

const char *dygw_db_int(dygw_db_t *db, apr_int64_t value)
{
    return apr_psprintf(db->scratch, "%" APR_INT64_T_FMT, value);
}

dygw_dialect_e dygw_db_dialect(const dygw_db_t *db)
{
    return db->source->dialect;
}

apr_status_t dygw_db_begin(dygw_db_t *db)
{
    job_t job = { .plain = dygw_dialect(db->source->dialect)->begin };
    apr_status_t rv = lock(db);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = run(db, &job);
    if (rv != APR_SUCCESS) {
        dygw_db_report(db);
        unlock(db);
        return rv;
    }
    db->in_transaction = 1;
    db->failed = 0;
    return APR_SUCCESS;
}

void dygw_db_rollback(dygw_db_t *db)
{
    if (db->in_transaction && db->connected) {
        roll_back(db);
    }
    db->in_transaction = 0;
    db->failed = 0;
    unlock(db);
}

apr_status_t dygw_db_commit(dygw_db_t *db)
{
    job_t job = { .plain = "COMMIT" };
    apr_status_t rv = APR_EGENERAL;

    if (db->in_transaction && !db->failed) {
        /* Not repeated whatever the driver: the work that it commits would be missing. */
        rv = run_once(db, &job) == 0 ? APR_SUCCESS : APR_EGENERAL;
        if (rv == APR_SUCCESS) {
            db->in_transaction = 0;
        }
        else {
            dygw_db_report(db);
        }
    }
    dygw_db_rollback(db);
    return rv;
}

apr_status_t dygw_db_exec_quiet(dygw_db_t *db, const dygw_stmt_t *stmt, int *nrows,
                                const char **args)
{
    job_t job = { .stmt = stmt, .args = args };
    int alone = !db->in_transaction;
    apr_status_t rv = lock(db);

    db->error = NULL;
    if (rv == APR_SUCCESS) {
        rv = run(db, &job);
    }
    if (alone) {
        unlock(db);
    }
    if (nrows) {
        *nrows = rv == APR_SUCCESS ? job.nrows : 0;
    }
    return rv;
}

apr_status_t dygw_db_exec(dygw_db_t *db, const dygw_stmt_t *stmt, int *nrows, const char **args)
{
    apr_status_t rv = dygw_db_exec_quiet(db, stmt, nrows, args);

    if (rv != APR_SUCCESS) {
        dygw_db_report(db);
    }
    return rv;
}

/* One statement of a migration. SQLite fails, and does not wait, where two hosts make the same file
 * at once. */
static int run_plain(dygw_db_t *db, const char *statement)
{
    dygw_dialect_e dialect = db->source->dialect;
    int tries = dialect == DYGW_SQLITE3 ? SCRIPT_TRIES : 1;
    const char *ignored;
    int code;

    while ((code = ask(db, statement, &ignored)) != 0) {
        const char *text = apr_dbd_error(db->dbd.driver, db->dbd.handle, code);

        if (dygw_dialect_there_already(dialect, text)) {
            return 0;
        }
        if (--tries <= 0) {
            break;
        }
        apr_sleep(SCRIPT_PAUSE);
    }
    return code;
}

apr_status_t dygw_db_script(dygw_db_t *db, const char *name, const char *const *statements,
                            int count)
{
    apr_status_t rv = lock(db);
    int code = 0;
    int i;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    db->in_transaction = 1;
    for (i = 0; code == 0 && i < count; i++) {
        code = run_plain(db, statements[i]);
    }
    if (code != 0) {
        note_failure(db, apr_psprintf(db->pool, "statement %d of %s", i, name), code);
        dygw_db_report(db);
        dygw_db_rollback(db);
        return APR_EGENERAL;
    }
    db->in_transaction = 0;
    if (db->source->dialect == DYGW_SQLITE3) {
        drop_session(db);       /* the schema's change has broken its statements */
    }
    unlock(db);
    return APR_SUCCESS;
}

/* --- rows --- */

apr_status_t dygw_db_select(dygw_db_t *db, const dygw_stmt_t *stmt, dygw_rows_t **rows,
                            const char **args)
{
    job_t job = { .stmt = stmt, .args = args };
    apr_status_t rv;

    if (db->rows) {
        apr_pool_clear(db->rows);
    }
    else {
        apr_pool_create(&db->rows, db->scratch);
    }
    *rows = apr_pcalloc(db->rows, sizeof(**rows));
    (*rows)->db = db;
    (*rows)->label = stmt->label;
    job.results = &(*rows)->results;
    rv = run(db, &job);
    if (rv != APR_SUCCESS) {
        dygw_db_report(db);
    }
    return rv;
}

apr_status_t dygw_rows_next(dygw_rows_t *rows)
{
    dygw_db_t *db = rows->db;
    int rv;

    if (!rows->results) {
        return APR_EOF;
    }
    rv = apr_dbd_get_row(db->dbd.driver, db->rows, rows->results, &rows->row, ++rows->number);
    if (rv == 0) {
        return APR_SUCCESS;
    }
    rows->results = NULL;
    rows->row = NULL;
    if (rv == -1) {
        return APR_EOF;
    }
    note_failure(db, rows->label, rv);
    db->failed = 1;
    dygw_db_report(db);
    return APR_EGENERAL;
}

/* NULL for SQL NULL. datum_get and not get_entry: with PostgreSQL that cannot tell NULL from an
 * empty text. */
static const char *entry(const dygw_rows_t *rows, int column)
{
    char *text = NULL;

    if (!rows->row
        || apr_dbd_datum_get(rows->db->dbd.driver, rows->row, column, APR_DBD_TYPE_STRING, &text)
               != APR_SUCCESS) {
        return NULL;
    }
    return text;
}

const char *dygw_row_text(dygw_rows_t *rows, int column, apr_pool_t *pool)
{
    return apr_pstrdup(pool, entry(rows, column));
}

apr_int64_t dygw_row_int(dygw_rows_t *rows, int column, apr_int64_t if_null)
{
    const char *text = entry(rows, column);

    return text ? apr_atoi64(text) : if_null;
}
