/* SPDX-License-Identifier: Apache-2.0
 * What the wrapper has to know about each database. */
#include "store/db/dialect.h"

#include <string.h>

#include "store/db/catalogue.h"

#define SQLITE3_BUSY     5    /* SQLITE_BUSY: somebody else writes to the file */
#define SQLITE3_READONLY 8    /* SQLITE_READONLY */
#define SQLITE3_IOERR    10   /* SQLITE_IOERR */
#define SQLITE3_FULL     13   /* SQLITE_FULL */
#define MYSQL_DEADLOCK   1213 /* ER_LOCK_DEADLOCK */
#define MYSQL_LOCK_WAIT  1205 /* ER_LOCK_WAIT_TIMEOUT */
#define MYSQL_TOO_LONG   1969 /* MariaDB's ER_STATEMENT_TIMEOUT */

#define MYSQL_DISK_FULL    1021 /* ER_DISK_FULL */
#define MYSQL_TABLE_FULL   1114 /* ER_RECORD_FILE_FULL: InnoDB's word for a full disk */
#define MYSQL_OPTION       1290 /* ER_OPTION_PREVENTS_STATEMENT: --read-only */
#define MYSQL_READ_ONLY    1836 /* ER_READ_ONLY_MODE: --innodb-read-only */
#define MYSQL_READ_ONLY_TX 1792 /* ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION */

static const dygw_dialect_t dialects[DYGW_DIALECTS] = {
    /* FULL: what is committed stays committed when the power fails. The first look at the file may
     * meet somebody who opens or closes it alone; later a busy_timeout would only wait with the
     * driver's one mutex held. No pragma that is a flag (foreign_keys): setting one spoils the
     * statements that others have prepared on the connection. The marker is asked for before the
     * schema is read, so that it is never newer than the schema. */
    { "sqlite3",
      { "PRAGMA busy_timeout = 2000", "PRAGMA synchronous = FULL",
        "SELECT COUNT(*) FROM sqlite_master", "PRAGMA busy_timeout = 0" },
      "PRAGMA schema_version",
      1,
      "BEGIN IMMEDIATE",
      "COMMIT",
      NULL,
      NULL,
      NULL },
    /* Time limits only where the administrator has set none. Statements have names, of the session:
     * the driver connects again by itself, so that some may have been prepared since, in what was
     * taken for the session before. */
    { "pgsql",
      { "SELECT set_config('dygw.session', '1', false), "
        "set_config('statement_timeout', CASE current_setting('statement_timeout') "
        "WHEN '0' THEN '8s' ELSE current_setting('statement_timeout') END, false), "
        "set_config('lock_timeout', CASE current_setting('lock_timeout') WHEN '0' THEN '5s' "
        "ELSE current_setting('lock_timeout') END, false)" },
      "SELECT current_setting('dygw.session', true)",
      1,
      "BEGIN",
      "SELECT 1 / CAST(" DYGW_NOW_PGSQL " < %s AS INTEGER); COMMIT",
      "DEALLOCATE ALL",
      "SELECT set_config('dygw.statement_timeout', current_setting('statement_timeout'), false), "
      "set_config('statement_timeout', '0', false)",
      "SELECT set_config('statement_timeout', current_setting('dygw.statement_timeout'), false)" },
    /* lock_wait_timeout: a statement that meets an ALTER TABLE would wait for a day. What only one
     * of the two knows is a comment for the other; MySQL's limit is for queries alone. */
    { "mysql",
      { "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        "SET SESSION sql_mode = "
        "'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SESSION innodb_lock_wait_timeout = 5, lock_wait_timeout = 5, time_zone = '+00:00' "
        "/*M!100108 , max_statement_time = IF(@@max_statement_time = 0, 8, @@max_statement_time) "
        "*/ /*!50708 , max_execution_time = IF(@@max_execution_time = 0, 8000, "
        "@@max_execution_time) */ , @dygw_session = 1" },
      "SELECT @dygw_session",
      4,
      "START TRANSACTION",
      "/*M!100203 EXECUTE IMMEDIATE IF(" DYGW_NOW_MYSQL " < %s, 'COMMIT', "
      "'ROLLBACK TO SAVEPOINT dygw_too_late') */ /*!50700 COMMIT */",
      NULL,
      "SET @dygw_limit = 0 /*M!100108 , @dygw_limit = @@max_statement_time, "
      "SESSION max_statement_time = 0 */",
      "SET @dygw_limit = @dygw_limit /*M!100108 , SESSION max_statement_time = @dygw_limit */" },
};

const dygw_dialect_t *dygw_dialect(dygw_dialect_e dialect)
{
    return &dialects[dialect];
}

apr_status_t dygw_dialect_of(const char *driver, dygw_dialect_e *dialect)
{
    int i;

    for (i = 0; i < DYGW_DIALECTS; i++) {
        if (strcmp(dialects[i].driver, driver) == 0) {
            *dialect = (dygw_dialect_e)i;
            return APR_SUCCESS;
        }
    }
    return APR_ENOTIMPL;
}

const char *dygw_dialect_word(dygw_dialect_e dialect)
{
    return dialects[dialect].driver;
}

/* PostgreSQL's driver has one code for all failures. */
int dygw_dialect_deadlock(dygw_dialect_e dialect, int code, const char *text)
{
    switch (dialect) {
    case DYGW_PGSQL:
        return text && strstr(text, "deadlock detected") != NULL;
    case DYGW_MYSQL:
        return code == MYSQL_DEADLOCK;
    default:
        return 0;
    }
}

int dygw_dialect_timed_out(dygw_dialect_e dialect, int code, const char *text)
{
    switch (dialect) {
    case DYGW_PGSQL:
        return text
               && (strstr(text, "due to lock timeout") || strstr(text, "due to statement timeout"));
    case DYGW_MYSQL:
        return code == MYSQL_LOCK_WAIT || code == MYSQL_TOO_LONG;
    default:
        /* A query's driver has another code for it. */
        return code == SQLITE3_BUSY || (text && strstr(text, "database is locked"));
    }
}

/* What the operating system says to the server, which passes it on. */
static int is_storage_trouble(const char *text)
{
    static const char *const words[]
        = { "No space left on device", "Disk quota exceeded", "Input/output error",
            "File too large", "Read-only file system" };
    size_t i = 0;

    while (i < sizeof words / sizeof *words && !(text && strstr(text, words[i]))) {
        i++;
    }
    return i < sizeof words / sizeof *words;
}

static dygw_db_writes_e sqlite3_cannot_write(int code, const char *text)
{
    if (code == SQLITE3_READONLY || (text && strstr(text, "readonly database"))) {
        return DYGW_WRITES_READONLY;
    }
    return code == SQLITE3_FULL || code == SQLITE3_IOERR
                   || (text && (strstr(text, "disk is full") || strstr(text, "disk I/O error")))
               ? DYGW_WRITES_FAIL
               : DYGW_WRITES_WORK;
}

dygw_db_writes_e dygw_dialect_cannot_write(dygw_dialect_e dialect, int code, const char *text)
{
    switch (dialect) {
    case DYGW_PGSQL:
        if (text && (strstr(text, "read-only transaction") || strstr(text, "during recovery"))) {
            return DYGW_WRITES_READONLY;
        }
        break;
    case DYGW_MYSQL:
        if (code == MYSQL_OPTION || code == MYSQL_READ_ONLY || code == MYSQL_READ_ONLY_TX) {
            return DYGW_WRITES_READONLY;
        }
        if (code == MYSQL_DISK_FULL || code == MYSQL_TABLE_FULL) {
            return DYGW_WRITES_FAIL;
        }
        break;
    default:
        return sqlite3_cannot_write(code, text);
    }
    return is_storage_trouble(text) ? DYGW_WRITES_FAIL : DYGW_WRITES_WORK;
}

/* SQLite alone has no way to add a column only where it is not there. */
int dygw_dialect_there_already(dygw_dialect_e dialect, const char *text)
{
    return dialect == DYGW_SQLITE3 && text && strstr(text, "duplicate column name") != NULL;
}
