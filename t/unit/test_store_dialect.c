/* SPDX-License-Identifier: Apache-2.0
 * What the databases say when they cannot be written.
 * links: store/db/dialect.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/db/dialect.h"
#include "util/compiler.h"

typedef struct saying_t {
    dygw_dialect_e dialect;
    int code;
    const char *text;
} saying_t;

#define assert_all(sayings, expected) assert_each(sayings, sizeof sayings / sizeof *sayings, expected)

static void assert_each(const saying_t *sayings, size_t count, dygw_db_writes_e expected)
{
    size_t i;

    for (i = 0; i < count; i++) {
        assert_int_equal(dygw_dialect_cannot_write(sayings[i].dialect, sayings[i].code, sayings[i].text), expected);
    }
}

static void a_database_that_may_only_be_read_is_known(DYGW_UNUSED void **state)
{
    static const saying_t sayings[] = {
        { DYGW_SQLITE3, 8, "attempt to write a readonly database" },
        { DYGW_SQLITE3, 1, "attempt to write a readonly database" },
        { DYGW_PGSQL, 7, "ERROR:  cannot execute INSERT in a read-only transaction\n" },
        { DYGW_PGSQL, 7, "ERROR:  cannot execute LOCK TABLE during recovery\n" },
        { DYGW_MYSQL, 1290, "The MariaDB server is running with the --read-only option" },
        { DYGW_MYSQL, 1836, "Running in read-only mode" },
        { DYGW_MYSQL, 1792, "Cannot execute statement in a READ ONLY transaction" },
    };

    assert_all(sayings, DYGW_WRITES_READONLY);
}

static void a_disk_that_takes_nothing_is_known(DYGW_UNUSED void **state)
{
    static const saying_t sayings[] = {
        { DYGW_SQLITE3, 13, "database or disk is full" },
        { DYGW_SQLITE3, 10, "disk I/O error" },
        { DYGW_SQLITE3, 1, "database or disk is full" },
        { DYGW_PGSQL, 7, "ERROR:  could not extend file \"base/5/16384\": No space left on device\n" },
        { DYGW_PGSQL, 7, "ERROR:  could not write block 7: Disk quota exceeded" },
        { DYGW_PGSQL, 7, "PANIC:  could not fdatasync: Input/output error" },
        { DYGW_MYSQL, 1021, "Disk full (/tmp); waiting for someone to free some space" },
        { DYGW_MYSQL, 1114, "The table 'dygw_verifications' is full" },
        { DYGW_MYSQL, 1030, "Got error 28 \"No space left on device\" from storage engine InnoDB" },
    };

    assert_all(sayings, DYGW_WRITES_FAIL);
}

static void other_failures_say_nothing_about_writing(DYGW_UNUSED void **state)
{
    static const saying_t sayings[] = {
        { DYGW_SQLITE3, 5, "database is locked" },
        { DYGW_SQLITE3, 19, "UNIQUE constraint failed: dygw_apps.code" },
        { DYGW_SQLITE3, 1, NULL },
        { DYGW_PGSQL, 7, "ERROR:  deadlock detected" },
        { DYGW_PGSQL, 7, "ERROR:  canceling statement due to lock timeout" },
        { DYGW_PGSQL, 7, NULL },
        { DYGW_MYSQL, 1213, "Deadlock found when trying to get lock" },
        { DYGW_MYSQL, 2013, "Lost connection to server during query" },
    };

    assert_all(sayings, DYGW_WRITES_WORK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_that_may_only_be_read_is_known),
        cmocka_unit_test(a_disk_that_takes_nothing_is_known),
        cmocka_unit_test(other_failures_say_nothing_about_writing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("store_dialect", tests, NULL, NULL);
}
