/* SPDX-License-Identifier: Apache-2.0
 * The wrapper over apr_dbd.
 *
 * Servers end connections, drivers reconnect behind our back, and SQLite forgets statements when
 * anybody changes the schema; in each case the marker of the session (session.h) is another
 * afterwards. So when a statement fails outside a transaction, the connection is checked, and if
 * its session is a new one (or the connection is, because the old one was beyond repair) everything
 * is set up again and the statement tried once more. A statement that failed for a reason of its
 * own finds the marker as it was, and the failure stands.
 *
 * apr_dbd's transactions are not used: starting one on a dead PostgreSQL connection crashes, and
 * what they leave open is committed. */
#include "store/db/db.h"

#include <string.h>

#include <apr_atomic.h>
#include <apr_strings.h>

#include "store/db/catalogue.h"
#include "store/db/dialect.h"
#include "store/db/inside.h"
#include "store/db/notice.h"

#define DEADLOCK_TRIES 3    /* of a statement that is a transaction by itself */
#define DONE_ALONE     (-1) /* no driver's code */

/* --- the session of a connection --- */

static int ask_session(dygw_db_t *db, const char *sql, const char **answer)
{
    return dygw_session_ask(&db->dbd, sql, answer, db->pool);
}

void dygw_db_drop_session(dygw_db_t *db)
{
    dygw_session_drop(&db->dbd, &db->wait);
    db->session = NULL;
}

static int make_session(dygw_db_t *db)
{
    int rv = dygw_session_make(&db->dbd, db->source->dialect, db->in_transaction, &db->wait,
                               &db->session);

    if (rv != 0 && db->source->dialect == DYGW_SQLITE3) {
        /* Another process may just have changed the schema: the statement that meets it fails. */
        rv = dygw_session_make(&db->dbd, db->source->dialect, db->in_transaction, &db->wait,
                               &db->session);
    }
    if (rv != 0) {
        dygw_db_note_failure(db, "the session's set-up", rv);
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

/* Is the session that the connection has now another one than ours? Then ours is dropped. */
static int has_new_session(dygw_db_t *db)
{
    const char *forget = dygw_dialect(db->source->dialect)->forget;
    const char *had = db->session->marker;
    const char *has;

    if (ask_session(db, dygw_dialect(db->source->dialect)->marker, &has) != 0
        || (has && had && strcmp(has, had) == 0)) {
        return 0;
    }
    dygw_db_drop_session(db);
    return !forget || ask_session(db, forget, &has) == 0;
}

/* A transaction may still be open, or the connection have been made anew by the driver, which
 * nobody would notice before it is too late. */
static int end_what_is_unended(dygw_db_t *db)
{
    roll_back(db);
    if (db->session->unended) {
        db->error = "the end of a transaction that was left open";
        return APR_EGENERAL;
    }
    return has_new_session(db) || !db->session ? make_session(db) : 0;
}

/* Finds the session of the connection, or makes it. */
static int find_session(dygw_db_t *db)
{
    if (!db->session) {
        db->session = dygw_session_find(&db->dbd);
        if (!db->session) {
            return make_session(db);
        }
        dygw_wait_use(&db->wait, db->session->watched, &db->dbd);
    }
    return db->session->unended ? end_what_is_unended(db) : 0;
}

/* A dump of another application may have been restored while we were cut off. What a session has
 * once found out holds as long as the session; the background looks at the table again and again.
 */
static int refuse_foreign(dygw_db_t *db)
{
    const char *ours = db->source->application;
    const char *had = db->session->application;
    const char *owner;

    if (!ours || db->in_transaction || (had && strcmp(had, ours) == 0)) {
        return 0;
    }
    owner = dygw_session_owner(&db->dbd, db->pool);
    if (!owner || strcmp(owner, ours) == 0) {
        db->session->application = owner ? ours : NULL;
        return 0;
    }
    db->foreign = owner;
    db->error = NULL; /* the background says it, once */
    return APR_EGENERAL;
}

static int have_session(dygw_db_t *db)
{
    int rv = find_session(db);

    return rv == 0 ? refuse_foreign(db) : rv;
}

const char *dygw_db_foreign(const dygw_db_t *db)
{
    return db->foreign;
}

int dygw_db_answers(dygw_db_t *db)
{
    const char *ignored;
    int answers;

    if (!db->connected || db->cut) {
        return 0;
    }
    dygw_wait_begin(&db->wait);
    answers = ask_session(db, dygw_dialect(db->source->dialect)->marker, &ignored) == 0;
    dygw_wait_end(&db->wait);
    return answers;
}

/* --- connections --- */

static apr_status_t take_connection(dygw_db_t *db)
{
    apr_status_t rv = dygw_guard_take(db->source, &db->wait, db->pool, &db->dbd);

    db->connected = rv == APR_SUCCESS;
    return rv;
}

static void give_connection_back(dygw_db_t *db)
{
    if (db->connected) {
        dygw_guard_give(db->source, &db->wait, &db->dbd);
        db->connected = 0;
        db->session = NULL;
    }
}

/* After a failure: is there a working session now that is not the one which failed? */
static int is_session_renewed(dygw_db_t *db)
{
    int is_new = !db->session; /* it failed before there was one */
    apr_time_t began = dygw_steady_now();
    int works;

    dygw_wait_begin(&db->wait);
    works = apr_dbd_check_conn(db->dbd.driver, db->pool, db->dbd.handle) == APR_SUCCESS;
    if (works && db->session) {
        dygw_wait_use(&db->wait, db->session->watched, &db->dbd);
        is_new = has_new_session(db);
    }
    dygw_wait_end(&db->wait);
    if (works) {
        return is_new;
    }
    if (db->session) {
        dygw_db_drop_session(db); /* what the driver may make of it later is another */
    }
    give_connection_back(db);
    if (dygw_steady_now() - began > DYGW_OPEN_PATIENCE) {
        db->timed_out = 1;
        return 0;
    }
    return take_connection(db) == APR_SUCCESS;
}

/* --- statements --- */

static int have_statement(dygw_db_t *db, const dygw_stmt_t *stmt, apr_dbd_prepared_t **prepared)
{
    return dygw_session_statement(db->session, &db->dbd, stmt->label,
                                  stmt->sql[db->source->dialect], prepared);
}

static const char *job_name(const dygw_dbjob_t *job)
{
    return job->stmt ? job->stmt->label : job->plain;
}

static int carry_out_job(dygw_db_t *db, dygw_dbjob_t *job)
{
    apr_dbd_prepared_t *prepared = NULL;
    const apr_dbd_driver_t *driver = db->dbd.driver;
    int rv = have_session(db);

    if (rv != 0) {
        return rv;
    }
    if (!job->stmt) {
        rv = apr_dbd_query(driver, db->dbd.handle, &job->nrows, job->plain);
    }
    else if (job->once) {
        rv = dygw_db_ask_once(db, job);
    }
    else if ((rv = have_statement(db, job->stmt, &prepared)) == 0) {
        rv = job->results ? apr_dbd_pselect(driver, db->rows, db->dbd.handle, job->results,
                                            prepared, 1, 0, job->args)
                          : apr_dbd_pquery(driver, db->scratch, db->dbd.handle, &job->nrows,
                                           prepared, 0, job->args);
    }
    if (rv != 0) {
        dygw_db_note_failure(db, job_name(job), rv);
    }
    return rv;
}

static int run_job_once(dygw_db_t *db, dygw_dbjob_t *job)
{
    int was_cut;
    int rv;

    dygw_wait_begin(&db->wait);
    dygw_notice_forget();
    rv = carry_out_job(db, job);
    was_cut = dygw_wait_end(&db->wait);
    db->alone = rv == 0 && dygw_notice_is_alone();
    if (db->alone) {
        db->error = apr_pstrcat(db->pool, job_name(job), ": not waited for the standby", NULL);
        return DONE_ALONE;
    }
    if (rv != 0 && was_cut && db->source->dialect != DYGW_SQLITE3) {
        db->cut = 1;
        db->timed_out = 1;
        if (db->session) {
            db->session->unended = 1;
        }
        db->error = apr_pstrcat(db->pool, job_name(job),
                                ": no answer within the time limit, so that the connection was "
                                "given up",
                                NULL);
    }
    return rv;
}

/* A statement that fails inside a transaction takes the transaction along, but for SQLite, which
 * undoes only it. One that took too long would only take as long again. */
static int may_repeat_job(const dygw_db_t *db)
{
    return db->connected && !db->cut && !db->foreign
           && (!db->in_transaction || db->source->dialect == DYGW_SQLITE3);
}

/* What it changes, if it does, is changed for good. */
static int job_would_last(const dygw_db_t *db, const dygw_dbjob_t *job)
{
    return job->stmt && !job->results && !db->in_transaction;
}

static int run_job_again(dygw_db_t *db, dygw_dbjob_t *job)
{
    if (job->results) {
        *job->results = NULL;
    }
    return run_job_once(db, job);
}

/* SQLite's driver says after 1.6 s that somebody else has the file's lock. It is waited for as long
 * as for any database, the host's own lock included, and nothing is done meanwhile. */
static int run_job_in_turn(dygw_db_t *db, dygw_dbjob_t *job)
{
    apr_time_t since = db->locked ? db->locks_since : dygw_steady_now();
    apr_time_t until = since + dygw_guard_limit(db->source->guard);
    int rv = run_job_once(db, job);

    while (rv != 0 && db->timed_out && db->source->dialect == DYGW_SQLITE3
           && dygw_steady_now() < until) {
        db->timed_out = 0;
        rv = run_job_again(db, job);
    }
    return rv;
}

apr_status_t dygw_db_run(dygw_db_t *db, dygw_dbjob_t *job)
{
    int tries = DEADLOCK_TRIES;
    int rv;

    db->deadlock = 0;
    db->timed_out = 0;
    db->in_doubt = 0;
    db->repeated = 0;
    if (!db->connected) {
        db->failed = 1;
        db->error = "the connection, which is lost";
        return APR_EGENERAL;
    }
    rv = run_job_in_turn(db, job);
    while (rv != 0 && db->deadlock && !db->in_transaction && --tries > 0) {
        db->deadlock = 0;
        rv = run_job_again(db, job);
    }
    if (rv != 0 && may_repeat_job(db) && is_session_renewed(db)) {
        apr_atomic_inc32(&db->source->repairs);
        dygw_count(db->source->metrics, DYGW_COUNT_DB_REPAIRS, 0);
        dygw_log_rarely(db->log, INFO, NULL, 0,
                        DYGWNO(0602) "a database connection was renewed after it failed at %s",
                        db->error);
        db->repeated = 1;
        rv = run_job_again(db, job);
    }
    if (rv != 0) {
        db->failed = 1;
        if (!job->results) {
            dygw_db_note_failed_write(db);
        }
        db->in_doubt
            = job_would_last(db, job) && (db->cut || db->alone || db->repeated || !db->connected);
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

apr_status_t dygw_db_lock(dygw_db_t *db)
{
    apr_status_t rv = APR_SUCCESS;

    if (db->source->lock_writer && !db->locked) {
        db->locks_since = dygw_steady_now();
        rv = db->source->lock_writer(db->source->baton);
        db->locked = rv == APR_SUCCESS;
    }
    if (rv != APR_SUCCESS) {
        db->timed_out = 1;
        db->in_doubt = 0;
        dygw_log_rarely(db->log, ERR, NULL, rv,
                        DYGWNO(0603) "the lock of the one writer cannot be had");
    }
    return rv;
}

void dygw_db_unlock(dygw_db_t *db)
{
    if (db->locked) {
        db->source->unlock_writer(db->source->baton);
        db->locked = 0;
    }
}

/* --- the unit of work --- */

static void report_no_connection(const dygw_log_t *log, apr_status_t rv)
{
    if (rv == APR_EBUSY) {
        dygw_log_rarely(
            log, ERR, NULL, 0,
            DYGWNO(0610) "all database connections of this child are in use, and none became "
                         "free in time: raise DBDMax, or look for what is slow");
        return;
    }
    dygw_log_rarely(log, ERR, NULL, 0, DYGWNO(0600) "the database cannot be reached");
}

apr_status_t dygw_db_open(dygw_db_t **db, dygw_db_source_t *source, const dygw_log_t *log,
                          apr_pool_t *pool)
{
    apr_pool_t *own;
    dygw_db_t *made;
    apr_status_t rv;

    *db = NULL;
    apr_pool_create(&own, pool);
    made = apr_pcalloc(own, sizeof(*made));
    made->pool = own;
    made->source = source;
    made->log = log;
    made->wait.guard = source->guard;
    rv = take_connection(made);
    if (rv != APR_SUCCESS) {
        dygw_count(source->metrics, DYGW_COUNT_DB_UNREACHABLE, 0);
        report_no_connection(log, rv);
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
    give_connection_back(db);
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
    dygw_dbjob_t job = { .plain = dygw_dialect(db->source->dialect)->begin };
    apr_status_t rv = dygw_db_lock(db);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = dygw_db_run(db, &job);
    if (rv != APR_SUCCESS) {
        dygw_db_report(db);
        dygw_db_unlock(db);
        return rv;
    }
    db->in_transaction = 1;
    db->failed = 0;
    return APR_SUCCESS;
}

void dygw_db_rollback(dygw_db_t *db)
{
    if (db->in_transaction && db->connected) {
        dygw_wait_begin(&db->wait);
        roll_back(db);
        dygw_wait_end(&db->wait);
    }
    db->in_transaction = 0;
    db->failed = 0;
    dygw_db_unlock(db);
}

/* Is the connection that a COMMIT failed on, and that was rolled back since, beyond that? */
static int is_lost(dygw_db_t *db)
{
    int is_new;

    if (db->cut || !db->session || db->session->unended) {
        return 1;
    }
    dygw_wait_begin(&db->wait);
    is_new = has_new_session(db);
    dygw_wait_end(&db->wait);
    return is_new;
}

static apr_status_t commit_with(dygw_db_t *db, const char *text)
{
    dygw_dbjob_t job = { .plain = text };
    int sent = db->in_transaction && !db->failed;
    apr_status_t rv = APR_EGENERAL;

    if (sent) {
        /* Not repeated whatever the driver: the work that it commits would be missing. */
        rv = run_job_once(db, &job) == 0 ? APR_SUCCESS : APR_EGENERAL;
        if (rv == APR_SUCCESS) {
            db->in_transaction = 0;
        }
        else {
            dygw_db_note_failed_write(db);
            dygw_db_report(db);
        }
    }
    dygw_db_rollback(db);
    db->in_doubt = sent && rv != APR_SUCCESS && (db->alone || is_lost(db));
    return rv;
}

int dygw_db_in_transaction(const dygw_db_t *db)
{
    return db->in_transaction;
}

apr_status_t dygw_db_commit(dygw_db_t *db)
{
    return commit_with(db, "COMMIT");
}

apr_status_t dygw_db_commit_before(dygw_db_t *db, const char *deadline)
{
    if (!db->source->guard) {
        return dygw_db_commit(db);
    }
    return commit_with(
        db, apr_psprintf(db->scratch, dygw_dialect(db->source->dialect)->commit_before, deadline));
}

apr_status_t dygw_db_exec_quiet(dygw_db_t *db, const dygw_stmt_t *stmt, int *nrows,
                                const char **args)
{
    dygw_dbjob_t job = { .stmt = stmt, .args = args };
    int alone = !db->in_transaction;
    apr_status_t rv = dygw_db_lock(db);

    db->error = NULL;
    if (rv == APR_SUCCESS) {
        rv = dygw_db_run(db, &job);
    }
    if (alone) {
        dygw_db_unlock(db);
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
