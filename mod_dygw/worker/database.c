/* SPDX-License-Identifier: Apache-2.0
 * What a round finds of its database, and mends. The start of httpd has done the same, if it could:
 * what it could not, and what goes wrong later, heals here, as soon as the cause is gone. */
#include "worker/database.h"

#include <string.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "cfg/user.h"
#include "process/prepare.h"
#include "store/db/schema.h"

/* Between two tries to make tables, the first of which has failed. */
#define MIGRATE_PAUSE_MS 15000

/* --- SQLite's files --- */

/* A database that was there, and is gone, is not replaced by an empty one: neither by SQLite, which
 * makes the file for a child that is just starting, nor by tables in a database that was emptied,
 * maybe for a restore. */
static const char *file_is_gone(const char *path, apr_pool_t *scratch)
{
    return apr_psprintf(scratch,
                        "the file %s is gone: put it back, or reload Apache to begin with an empty "
                        "database",
                        path);
}

static const char *file_fault(const dygw_look_t *look, const char *path, apr_pool_t *scratch)
{
    const char *fault = dygw_user_fault(path, scratch);

    if (!fault && look->claimed && access(path, F_OK) != 0) {
        fault = file_is_gone(path, scratch);
    }
    return fault;
}

dygw_database_state_e dygw_look_at_files(dygw_look_t *look, apr_pool_t *scratch)
{
    const char *path;
    const char *dir;

    if (look->runtime->gateway.db->dialect != DYGW_SQLITE3) {
        return DYGW_DB_OK;
    }
    path = dygw_database_file(look->runtime->server, scratch);
    dir = dygw_cfg_directory_of(path, scratch);
    if (!look->claimed) {
        apr_dir_make(dir, DYGW_SQLITE_DIRECTORY_MODE, scratch);
        dygw_user_make_file(path);
    }
    look->found = file_fault(look, path, scratch);
    return look->found ? DYGW_DB_FILES : DYGW_DB_OK;
}

/* --- the tables --- */

static dygw_database_state_e make_tables(dygw_look_t *look, dygw_db_t *db, apr_pool_t *scratch)
{
    apr_array_header_t *done;
    apr_status_t rv;

    if (!look->runtime->cfg->schema_auto || dygw_is_recent(look->migrated_at, MIGRATE_PAUSE_MS)) {
        return DYGW_DB_SCHEMA;
    }
    look->migrated_at = dygw_now();
    rv = dygw_schema_migrate(db, &done, scratch);
    dygw_database_tell_files(done, look->runtime->server, scratch);
    return rv == APR_SUCCESS ? DYGW_DB_OK : DYGW_DB_SCHEMA;
}

/* It has not said its version. */
static dygw_database_state_e why_no_version(dygw_look_t *look, const dygw_db_t *db,
                                            apr_pool_t *scratch)
{
    const char *owner = dygw_db_foreign(db);

    if (owner) {
        look->found = apr_pstrdup(scratch, owner);
        return DYGW_DB_FOREIGN;
    }
    if (dygw_db_dialect(db) != DYGW_SQLITE3 || dygw_db_timed_out(db)) {
        return DYGW_DB_UNREACHABLE;
    }
    look->found = dygw_database_file(look->runtime->server, scratch);
    return DYGW_DB_DAMAGED;
}

static dygw_database_state_e why_empty(dygw_look_t *look, const dygw_db_t *db, apr_pool_t *scratch)
{
    if (dygw_db_dialect(db) == DYGW_SQLITE3) {
        look->found = file_is_gone(dygw_database_file(look->runtime->server, scratch), scratch);
        return DYGW_DB_FILES;
    }
    look->found = dygw_schema_next_file(dygw_db_dialect(db), 0);
    return DYGW_DB_SCHEMA;
}

dygw_database_state_e dygw_look_why_no_tick(dygw_look_t *look, dygw_db_t *db, apr_pool_t *scratch)
{
    int version;

    if (dygw_schema_version(db, &version) != APR_SUCCESS) {
        return why_no_version(look, db, scratch);
    }
    if (version >= dygw_schema_wanted()) {
        return DYGW_DB_UNREACHABLE;
    }
    if (version == 0 && look->claimed) {
        return why_empty(look, db, scratch);
    }
    look->found = dygw_schema_next_file(dygw_db_dialect(db), version);
    return make_tables(look, db, scratch);
}

/* --- the application --- */

dygw_database_state_e dygw_look_whose(dygw_look_t *look, dygw_db_t *db, const dygw_tick_t *tick,
                                      apr_pool_t *scratch)
{
    const char *owner = tick->application;
    apr_status_t rv = APR_SUCCESS;

    if (!owner) {
        rv = dygw_schema_claim(db, look->runtime->gateway.client_key, &owner, scratch);
    }
    if (rv != APR_SUCCESS && rv != APR_EEXIST) {
        return DYGW_DB_UNREACHABLE;
    }
    look->found = owner;
    if (strcmp(owner, look->runtime->gateway.client_key) != 0) {
        return DYGW_DB_FOREIGN;
    }
    look->claimed = 1;
    return DYGW_DB_OK;
}
