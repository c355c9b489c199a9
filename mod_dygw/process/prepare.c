/* SPDX-License-Identifier: Apache-2.0
 * What is done to a database before children are there: its tables are made or brought up to date,
 * it is seen to belong to this application, and SQLite's files become the User's, as whom children
 * run. What cannot be done is said, and left to the background of a child, which tries again. */
#include "process/prepare.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unixd.h>

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "cfg/tree.h"
#include "cfg/user.h"
#include "process/database.h"
#include "process/log.h"
#include "store/db/guard.h"
#include "store/db/schema.h"
#include "util/step.h"

#define CONNECT_TIMEOUT     "PGCONNECT_TIMEOUT"
#define CONNECT_TIMEOUT_SEC "3"

/* A server that comes back meanwhile answers again, and yet may have dropped what was under way. */
#define PREPARE_TRIES 2

/* A database that is being prepared. */
typedef struct preparing_t {
    const dygw_cfg_t *cfg;
    server_rec *server;
    apr_pool_t *pool;
    int is_lost; /* root could not become root again */
} preparing_t;

static const char *where_of(const preparing_t *p)
{
    return dygw_cfg_where(p->pool, p->server);
}

/* --- the schema --- */

static dygw_database_state_e tell_schema(const preparing_t *p, dygw_dialect_e dialect, int version)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, p->server,
                 DYGWNO(0340) "%s: the database has schema version %d, this module "
                              "needs %d: run sql/%s, or set `DygwSchema auto`",
                 where_of(p), version, dygw_schema_wanted(),
                 dygw_schema_next_file(dialect, version));
    return DYGW_DB_SCHEMA;
}

void dygw_database_tell_files(const apr_array_header_t *done, const server_rec *server,
                              apr_pool_t *pool)
{
    int i;

    for (i = 0; i < done->nelts; i++) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server, DYGWNO(0342) "%s: ran sql/%s",
                     dygw_cfg_where(pool, server), APR_ARRAY_IDX(done, i, const char *));
    }
}

static apr_status_t migrate_schema(dygw_db_t *db, const preparing_t *p)
{
    apr_array_header_t *done;
    apr_status_t rv = dygw_schema_migrate(db, &done, p->pool);

    dygw_database_tell_files(done, p->server, p->pool);
    return rv;
}

static apr_status_t claim_database(dygw_db_t *db, const preparing_t *p,
                                   dygw_database_state_e *state)
{
    const char *owner = NULL;
    apr_status_t rv = dygw_schema_claim(db, p->cfg->client_key, &owner, p->pool);

    if (rv == APR_EEXIST) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, p->server,
                     DYGWNO(0343) "%s: this database belongs to the Douyin "
                                  "application %s, not to %s: each needs a database of its own "
                                  "(DBDParams in its <VirtualHost>)",
                     where_of(p), owner, p->cfg->client_key);
        *state = DYGW_DB_FOREIGN;
        return APR_SUCCESS;
    }
    return rv;
}

/* *state: what the database says, logged. An error: it has said nothing. */
static apr_status_t prepare_schema(dygw_db_t *db, const preparing_t *p,
                                   dygw_database_state_e *state)
{
    int version;
    apr_status_t rv = dygw_schema_version(db, &version);

    *state = DYGW_DB_OK;
    if (rv == APR_SUCCESS && version < dygw_schema_wanted()) {
        if (!p->cfg->schema_auto) {
            *state = tell_schema(p, dygw_db_dialect(db), version);
            return APR_SUCCESS;
        }
        rv = migrate_schema(db, p);
    }
    return rv == APR_SUCCESS ? claim_database(db, p, state) : rv;
}

static dygw_database_state_e tell_no_answer(const preparing_t *p, int is_file)
{
    ap_log_error(APLOG_MARK, is_file ? APLOG_ERR : APLOG_WARNING, 0, p->server,
                 DYGWNO(0346) "%s: the database of DBDParams does not %s; it will be tried again",
                 where_of(p),
                 is_file ? "open: does the directory exist, and is it writable?" : "answer");
    return is_file ? DYGW_DB_FILES : DYGW_DB_UNREACHABLE;
}

static dygw_database_state_e tell_failure(const preparing_t *p, int is_file)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, p->server,
                 DYGWNO(0341) "%s: the schema of the database could not be read or brought up to "
                              "date; it will be tried again%s",
                 where_of(p),
                 is_file ? ": is the file of DBDParams a database of SQLite, and whole? If not, "
                           "put back a copy of it"
                         : "");
    return is_file ? DYGW_DB_DAMAGED : DYGW_DB_SCHEMA;
}

static dygw_database_state_e prepare_with(dygw_db_source_t *source, const preparing_t *p)
{
    int is_file = source->dialect == DYGW_SQLITE3;
    dygw_log_t log = dygw_log_of(p->server);
    int tries = PREPARE_TRIES;
    dygw_database_state_e state;
    apr_status_t rv;
    dygw_db_t *db;

    do {
        if (dygw_db_open(&db, source, &log, p->pool) != APR_SUCCESS) {
            return tell_no_answer(p, is_file);
        }
        rv = prepare_schema(db, p, &state);
        if (rv != APR_SUCCESS && !is_file && !dygw_db_answers(db)) {
            state = tell_no_answer(p, 0);
            rv = APR_SUCCESS;
        }
        dygw_db_close(db);
    } while (rv != APR_SUCCESS && --tries > 0);
    return rv == APR_SUCCESS ? state : tell_failure(p, is_file);
}

/* --- SQLite's files --- */

/* Gives a file to the User, unless it is a link of any kind: in a directory where children may
 * write, one of them could have made it point at somebody else's. Absent is well. */
static int give_file(const char *file)
{
    int fd = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int error = fd < 0 ? errno : 0;
    struct stat info;

    if (fd < 0) {
        return error == ENOENT || error == ELOOP ? 0 : error;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1
        && info.st_uid != ap_unixd_config.user_id
        && fchown(fd, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        error = errno;
    }
    close(fd);
    return error;
}

/* What is there already, whoever has made it. */
static int own_sqlite_files(const preparing_t *p, const char *path)
{
    static const char *const suffixes[] = { DYGW_SQLITE_SUFFIXES };
    size_t i;

    if (geteuid() != 0) {
        return 1;
    }
    for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        const char *file = apr_pstrcat(p->pool, path, suffixes[i], NULL);
        int error = give_file(file);

        if (error) {
            ap_log_error(APLOG_MARK, APLOG_ERR, error, p->server,
                         DYGWNO(0344) "%s cannot be given to the User that "
                                      "children run as",
                         file);
            return 0;
        }
    }
    return 1;
}

/* Root works as the User from here on; 0: it cannot. */
static int become_user(const preparing_t *p, dygw_root_t *root)
{
    if (dygw_user_become(root, p->pool)) {
        return 1;
    }
    ap_log_error(APLOG_MARK, APLOG_ERR, errno, p->server,
                 DYGWNO(0640) "root cannot become the User that children run as");
    return 0;
}

static int become_root(preparing_t *p, const dygw_root_t *root)
{
    p->is_lost = !dygw_user_leave(root, p->server);
    return !p->is_lost;
}

static apr_status_t make_as_user(preparing_t *p, const char *dir)
{
    apr_status_t rv = APR_EGENERAL;
    dygw_root_t root;

    if (become_user(p, &root)) {
        rv = apr_dir_make(dir, DYGW_SQLITE_DIRECTORY_MODE, p->pool);
        dygw_step("directory_made");
    }
    return become_root(p, &root) ? rv : APR_EGENERAL;
}

/* What was made is given away by its descriptor, and only if it is still what was made: by now its
 * name may be a link to somebody else's directory. */
static apr_status_t give_directory(const char *dir, const server_rec *server)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int error = fd < 0 ? errno : 0;
    struct stat info;

    if (fd >= 0 && (fstat(fd, &info) != 0 || info.st_uid != geteuid() || info.st_nlink > 2)) {
        error = EEXIST;
    }
    if (error) {
        ap_log_error(APLOG_MARK, APLOG_ERR, error, server,
                     DYGWNO(0349) "somebody replaced the directory %s of the database while it was "
                                  "made: nobody else may write to the directory above it",
                     dir);
    }
    else if (fchown(fd, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        error = errno;
    }
    if (fd >= 0) {
        close(fd);
    }
    return error ? APR_FROM_OS_ERROR(error) : APR_SUCCESS;
}

/* Where the User may make it himself, root has nothing to give away; elsewhere only root can. */
static apr_status_t make_for_user(preparing_t *p, const char *dir)
{
    apr_status_t rv = make_as_user(p, dir);

    if (!APR_STATUS_IS_EACCES(rv) || p->is_lost) {
        return rv;
    }
    rv = apr_dir_make(dir, DYGW_SQLITE_DIRECTORY_MODE, p->pool);
    dygw_step("directory_made_by_root");
    return rv == APR_SUCCESS ? give_directory(dir, p->server) : rv;
}

static int make_directory(preparing_t *p, const char *dir)
{
    apr_status_t rv = geteuid() == 0 ? make_for_user(p, dir)
                                     : apr_dir_make(dir, DYGW_SQLITE_DIRECTORY_MODE, p->pool);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, p->server,
                     DYGWNO(0345) "the directory %s of the database cannot be made; "
                                  "make it, owned by the User that children run as",
                     dir);
    }
    return rv == APR_SUCCESS;
}

/* A directory that is not there yet is made, for the User alone; one that is there is the
 * administrator's. */
static int prepare_sqlite_directory(preparing_t *p, const char *path)
{
    const char *dir = dygw_cfg_directory_of(path, p->pool);
    struct stat info;

    return stat(dir, &info) == 0 || errno != ENOENT || make_directory(p, dir);
}

/* Root works on SQLite's files as the User. What it makes would be root's at first, and a child of
 * the generation before that came by then could only read it. */
static dygw_database_state_e prepare_as_user(dygw_db_source_t *source, preparing_t *p,
                                             const char *path)
{
    dygw_database_state_e state = DYGW_DB_FILES;
    dygw_root_t root;

    if (become_user(p, &root)) {
        dygw_user_make_file(path);
        state = prepare_with(source, p);
        become_root(p, &root);
    }
    return state;
}

const char *dygw_database_file(const server_rec *server, apr_pool_t *pool)
{
    dygw_dbd_settings_t settings = { .params = NULL };

    (void)dygw_cfg_dbd(server, pool, &settings);
    return settings.params ? settings.params : "";
}

static dygw_database_state_e prepare_sqlite(dygw_db_source_t *source, preparing_t *p)
{
    const char *path = dygw_database_file(p->server, p->pool);
    const char *fault;

    if (!prepare_sqlite_directory(p, path) || !own_sqlite_files(p, path)) {
        return DYGW_DB_FILES;
    }
    fault = dygw_user_fault(path, p->pool);
    if (fault) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, p->server, DYGWNO(0348) "%s: %s", where_of(p),
                     fault);
        return DYGW_DB_FILES;
    }
    return prepare_as_user(source, p, path);
}

/* --- all of it --- */

static dygw_database_state_e tell_no_driver(const preparing_t *p)
{
    dygw_dbd_settings_t settings = { .driver = NULL };

    (void)dygw_cfg_dbd(p->server, p->pool, &settings);
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, p->server,
                 DYGWNO(0347) "%s: DBDriver %s cannot be loaded: is the package "
                              "with the APR driver installed (libaprutil1-dbd-...)?",
                 where_of(p), settings.driver ? settings.driver : "(none)");
    return DYGW_DB_UNREACHABLE;
}

/* libpq's own default is to wait for ever; DBDParams and pg_service.conf come before this. */
static void limit_connecting(dygw_dialect_e dialect, apr_pool_t *ptemp)
{
    char *given;

    if (dialect == DYGW_PGSQL && apr_env_get(&given, CONNECT_TIMEOUT, ptemp) != APR_SUCCESS) {
        apr_env_set(CONNECT_TIMEOUT, CONNECT_TIMEOUT_SEC, ptemp);
    }
}

int dygw_database_prepare(const dygw_cfg_t *cfg, server_rec *server, apr_pool_t *ptemp,
                          dygw_database_state_e *state)
{
    preparing_t p = { .cfg = cfg, .server = server };
    dygw_db_source_t *source;

    apr_pool_create(&p.pool, ptemp);
    if (dygw_database_direct(&source, server, p.pool) != APR_SUCCESS) {
        *state = tell_no_driver(&p);
        apr_pool_destroy(p.pool);
        return OK;
    }
    limit_connecting(source->dialect, ptemp);
    if (!dygw_guard_can_cut(source->dialect)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     DYGWNO(0611) "%s: the driver's client library does not tell its sockets, so "
                                  "that a database server that stands still holds requests",
                     where_of(&p));
    }
    *state = source->dialect == DYGW_SQLITE3 ? prepare_sqlite(source, &p)
             : *state == DYGW_DB_UNREACHABLE ? tell_no_answer(&p, 0)
                                             : prepare_with(source, &p);
    apr_pool_destroy(p.pool);
    return p.is_lost ? HTTP_INTERNAL_SERVER_ERROR : OK;
}
