/* SPDX-License-Identifier: Apache-2.0
 * What is done to a database before children are there: its tables are made or brought up to date,
 * it is seen to belong to this application, and SQLite's files become the User's, as whom children
 * run. */
#include "process/prepare.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unixd.h>

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "cfg/tree.h"
#include "process/database.h"
#include "process/log.h"
#include "store/db/guard.h"
#include "store/db/schema.h"
#include "util/step.h"

#define DIRECTORY_MODE (APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE)

#define CONNECT_TIMEOUT     "PGCONNECT_TIMEOUT"
#define CONNECT_TIMEOUT_SEC "3"

/* A server that comes back meanwhile answers again, and yet may have dropped what was under way. */
#define PREPARE_TRIES 2

/* --- the schema --- */

static int refuse_schema(server_rec *server, apr_pool_t *ptemp, dygw_dialect_e dialect, int version)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, server,
                 DYGWNO(0340) "%s: the database has schema version %d, this module "
                              "needs %d: run sql/%s, or set `DygwSchema auto`",
                 dygw_cfg_where(ptemp, server), version, dygw_schema_wanted(),
                 dygw_schema_next_file(dialect, version));
    return HTTP_INTERNAL_SERVER_ERROR;
}

static apr_status_t migrate_schema(dygw_db_t *db, server_rec *server, apr_pool_t *ptemp)
{
    apr_array_header_t *done;
    apr_status_t rv = dygw_schema_migrate(db, &done, ptemp);
    int i;

    for (i = 0; i < done->nelts; i++) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server, DYGWNO(0342) "%s: ran sql/%s",
                     dygw_cfg_where(ptemp, server), APR_ARRAY_IDX(done, i, const char *));
    }
    return rv;
}

static apr_status_t claim_database(dygw_db_t *db, const dygw_cfg_t *cfg, server_rec *server,
                                   apr_pool_t *ptemp, int *rc)
{
    const char *owner = NULL;
    apr_status_t rv = dygw_schema_claim(db, cfg->client_key, &owner, ptemp);

    if (rv == APR_EEXIST) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server,
                     DYGWNO(0343) "%s: this database belongs to the Douyin "
                                  "application %s, not to %s: each needs a database of its own "
                                  "(DBDParams in its <VirtualHost>)",
                     dygw_cfg_where(ptemp, server), owner, cfg->client_key);
        *rc = HTTP_INTERNAL_SERVER_ERROR;
        return APR_SUCCESS;
    }
    return rv;
}

/* *rc: what the database says, logged. An error: it has said nothing. */
static apr_status_t prepare_schema(dygw_db_t *db, const dygw_cfg_t *cfg, server_rec *server,
                                   apr_pool_t *ptemp, int *rc)
{
    int version;
    apr_status_t rv = dygw_schema_version(db, &version);

    *rc = OK;
    if (rv == APR_SUCCESS && version < dygw_schema_wanted()) {
        if (!cfg->schema_auto) {
            *rc = refuse_schema(server, ptemp, dygw_db_dialect(db), version);
            return APR_SUCCESS;
        }
        rv = migrate_schema(db, server, ptemp);
    }
    return rv == APR_SUCCESS ? claim_database(db, cfg, server, ptemp, rc) : rv;
}

/* A database server that is away is no error, whenever it went: httpd would end at a restart. */
static int tell_no_answer(int is_fatal, server_rec *server, apr_pool_t *ptemp)
{
    ap_log_error(APLOG_MARK, is_fatal ? APLOG_ERR : APLOG_WARNING, 0, server,
                 DYGWNO(0346) "%s: the database of DBDParams does not %s",
                 dygw_cfg_where(ptemp, server),
                 is_fatal ? "open: does the directory exist, and is it writable?"
                          : "answer; it will be tried again");
    return is_fatal ? HTTP_INTERNAL_SERVER_ERROR : OK;
}

static int tell_failure(server_rec *server, apr_pool_t *ptemp)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, server,
                 DYGWNO(0341) "%s: the schema of the database could not be read or brought up to "
                              "date",
                 dygw_cfg_where(ptemp, server));
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int prepare_with(dygw_db_source_t *source, const dygw_cfg_t *cfg, server_rec *server,
                        apr_pool_t *ptemp)
{
    int is_file = source->dialect == DYGW_SQLITE3;
    dygw_log_t log = dygw_log_of(server);
    int tries = PREPARE_TRIES;
    apr_status_t rv;
    dygw_db_t *db;
    int rc;

    do {
        if (dygw_db_open(&db, source, &log, ptemp) != APR_SUCCESS) {
            return tell_no_answer(is_file, server, ptemp);
        }
        rv = prepare_schema(db, cfg, server, ptemp, &rc);
        if (rv != APR_SUCCESS && !is_file && !dygw_db_answers(db)) {
            rc = tell_no_answer(0, server, ptemp);
            rv = APR_SUCCESS;
        }
        dygw_db_close(db);
    } while (rv != APR_SUCCESS && --tries > 0);
    return rv == APR_SUCCESS ? rc : tell_failure(server, ptemp);
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
static int own_sqlite_files(const char *path, server_rec *server, apr_pool_t *ptemp)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    size_t i;

    if (geteuid() != 0) {
        return OK;
    }
    for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        const char *file = apr_pstrcat(ptemp, path, suffixes[i], NULL);
        int error = give_file(file);

        if (error) {
            ap_log_error(APLOG_MARK, APLOG_ERR, error, server,
                         DYGWNO(0344) "%s cannot be given to the User that "
                                      "children run as",
                         file);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

/* Root works as the User from here on; 0: it cannot. */
static int become_user(server_rec *server)
{
    if (setegid(ap_unixd_config.group_id) == 0 && seteuid(ap_unixd_config.user_id) == 0) {
        return 1;
    }
    ap_log_error(APLOG_MARK, APLOG_ERR, errno, server,
                 DYGWNO(0640) "root cannot become the User that children run as");
    return 0;
}

static int become_root(gid_t group, server_rec *server)
{
    if (seteuid(0) == 0 && setegid(group) == 0) {
        return 1;
    }
    ap_log_error(APLOG_MARK, APLOG_EMERG, errno, server,
                 DYGWNO(0642) "root cannot become root again");
    return 0;
}

static apr_status_t make_as_user(const char *dir, server_rec *server, apr_pool_t *ptemp)
{
    gid_t group = getegid();
    apr_status_t rv = APR_EGENERAL;

    if (become_user(server)) {
        rv = apr_dir_make(dir, DIRECTORY_MODE, ptemp);
        dygw_step("directory_made");
    }
    return become_root(group, server) ? rv : APR_EGENERAL;
}

/* What was made is given away by its descriptor, and only if it is still what was made: by now its
 * name may be a link to somebody else's directory. */
static apr_status_t give_directory(const char *dir, server_rec *server)
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
static apr_status_t make_for_user(const char *dir, server_rec *server, apr_pool_t *ptemp)
{
    apr_status_t rv = make_as_user(dir, server, ptemp);

    if (!APR_STATUS_IS_EACCES(rv)) {
        return rv;
    }
    rv = apr_dir_make(dir, DIRECTORY_MODE, ptemp);
    dygw_step("directory_made_by_root");
    return rv == APR_SUCCESS ? give_directory(dir, server) : rv;
}

static int make_directory(const char *dir, server_rec *server, apr_pool_t *ptemp)
{
    apr_status_t rv = geteuid() == 0 ? make_for_user(dir, server, ptemp)
                                     : apr_dir_make(dir, DIRECTORY_MODE, ptemp);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, server,
                     DYGWNO(0345) "the directory %s of the database cannot be made; "
                                  "make it, owned by the User that children run as",
                     dir);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static int may_children_write(const struct stat *dir)
{
    return (dir->st_uid == ap_unixd_config.user_id && (dir->st_mode & S_IWUSR))
           || (dir->st_gid == ap_unixd_config.group_id && (dir->st_mode & S_IWGRP))
           || (dir->st_mode & S_IWOTH);
}

/* A directory that is not there yet is made, for the User alone; one that is there is the
 * administrator's, and refused here when the children's first write would fail. */
static int prepare_sqlite_directory(const char *path, server_rec *server, apr_pool_t *ptemp)
{
    const char *dir = dygw_cfg_directory_of(path, ptemp);
    struct stat info;

    if (stat(dir, &info) != 0) {
        return make_directory(dir, server, ptemp);
    }
    if (geteuid() == 0 && !may_children_write(&info)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server,
                     DYGWNO(0348) "the User that children run as may not write to the directory %s "
                                  "of the database, and SQLite has to: chown it",
                     dir);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

/* Root works on SQLite's files as the User. What it makes would be root's at first, and a child of
 * the generation before that came by then could only read it. */
static int prepare_as_user(dygw_db_source_t *source, const dygw_cfg_t *cfg, server_rec *server,
                           const char *path, apr_pool_t *ptemp)
{
    int is_root = geteuid() == 0;
    gid_t group = getegid();
    int rc = HTTP_INTERNAL_SERVER_ERROR;

    if (!is_root || become_user(server)) {
        if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0 && errno != ENOENT) {
            ap_log_error(APLOG_MARK, APLOG_ERR, errno, server,
                         DYGWNO(0641) "the User that children run as may not write to the database "
                                      "%s: chown it",
                         path);
        }
        else {
            rc = prepare_with(source, cfg, server, ptemp);
        }
    }
    if (is_root && !become_root(group, server)) {
        rc = HTTP_INTERNAL_SERVER_ERROR;
    }
    return rc;
}

/* DBDParams are the path of SQLite's file. */
static const char *sqlite_path(server_rec *server, apr_pool_t *ptemp)
{
    dygw_dbd_settings_t settings = { .params = NULL };

    (void)dygw_cfg_dbd(server, ptemp, &settings);
    return settings.params ? settings.params : "";
}

static int prepare_sqlite(dygw_db_source_t *source, const dygw_cfg_t *cfg, server_rec *server,
                          apr_pool_t *ptemp)
{
    const char *path = sqlite_path(server, ptemp);
    int rc = prepare_sqlite_directory(path, server, ptemp);

    if (rc == OK) {
        rc = own_sqlite_files(path, server, ptemp);
    }
    return rc == OK ? prepare_as_user(source, cfg, server, path, ptemp) : rc;
}

/* --- all of it --- */

static int refuse_driver(server_rec *server, apr_pool_t *ptemp)
{
    dygw_dbd_settings_t settings = { .driver = NULL };

    (void)dygw_cfg_dbd(server, ptemp, &settings);
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, server,
                 DYGWNO(0347) "%s: DBDriver %s cannot be loaded: is the package "
                              "with the APR driver installed (libaprutil1-dbd-...)?",
                 dygw_cfg_where(ptemp, server), settings.driver ? settings.driver : "(none)");
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* libpq's own default is to wait for ever; DBDParams and pg_service.conf come before this. */
static void limit_connecting(dygw_dialect_e dialect, apr_pool_t *ptemp)
{
    char *given;

    if (dialect == DYGW_PGSQL && apr_env_get(&given, CONNECT_TIMEOUT, ptemp) != APR_SUCCESS) {
        apr_env_set(CONNECT_TIMEOUT, CONNECT_TIMEOUT_SEC, ptemp);
    }
}

int dygw_database_prepare(const dygw_cfg_t *cfg, server_rec *server, apr_pool_t *ptemp)
{
    dygw_db_source_t *source;
    apr_pool_t *pool;
    int rc;

    apr_pool_create(&pool, ptemp);
    if (dygw_database_direct(&source, server, pool) != APR_SUCCESS) {
        return refuse_driver(server, ptemp);
    }
    limit_connecting(source->dialect, ptemp);
    if (!dygw_guard_can_cut(source->dialect)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     DYGWNO(0611) "%s: the driver's client library does not tell its sockets, so "
                                  "that a database server that stands still holds requests",
                     dygw_cfg_where(ptemp, server));
    }
    rc = source->dialect == DYGW_SQLITE3 ? prepare_sqlite(source, cfg, server, pool)
                                         : prepare_with(source, cfg, server, pool);
    apr_pool_destroy(pool);
    return rc;
}
