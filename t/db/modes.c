/* SPDX-License-Identifier: Apache-2.0
 * The suite's program for other uses:
 *     db_suite migrate      what a start of httpd does to the database
 *     db_suite due          the same, and which rows are due
 *     db_suite redeem N     N times the store's part of a redemption
 *     db_suite units N      N units of work on one connection, and what they cost in memory */
#include "records.h"

#include <stdio.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static int migrate(void)
{
    printf("found version %d, ran %d\n", suite_version_before, suite_files_run);
    return 0;
}

static void print_due(dygw_db_t *db, const char *name, dygw_due_e what)
{
    apr_array_header_t *rows;
    int i;

    assert_int_equal(dygw_store_verification_due(db, what, T0 * 2, 100, &rows, suite_pool), APR_SUCCESS);
    for (i = 0; i < rows->nelts; i++) {
        apr_int64_t id = APR_ARRAY_IDX(rows, i, dygw_due_row_t).id;
        dygw_verification_t *v;

        assert_int_equal(dygw_store_verification_get(db, id, 0, &v, suite_pool), APR_SUCCESS);
        printf("%s %" APR_INT64_T_FMT " sent %" APR_INT64_T_FMT "\n", name, v->id, v->sent_at);
    }
}

static int print_all_due(void)
{
    dygw_db_t *db;

    migrate();
    suite_setup(NULL);
    db = suite_open(0);
    print_due(db, "settle", DYGW_DUE_SETTLE);
    print_due(db, "errand", DYGW_DUE_FOLLOW_UP);
    print_due(db, "enrich", DYGW_DUE_ENRICH);
    dygw_db_close(db);
    return suite_teardown(NULL);
}

static int redeem(int count)
{
    int i;

    for (i = 0; i < count; i++) {
        dygw_verification_t *v;
        dygw_db_t *db;
        apr_status_t rv;

        suite_setup(NULL);
        v = record_processing();
        db = suite_open(0);
        rv = record_insert(db, v);
        dygw_db_close(db);
        if (rv == APR_SUCCESS) {
            db = suite_open(0);
            rv = record_settle(db, record_succeeded(v));
            dygw_db_close(db);
        }
        if (rv != APR_SUCCESS || suite_teardown(NULL) != 0) {
            return 1;
        }
    }
    return 0;
}

static long resident_kib(void)
{
    FILE *statm = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (statm) {
        if (fscanf(statm, "%*d %ld", &pages) != 1) {
            pages = 0;
        }
        (void)fclose(statm);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int units(int count)
{
    long before = 0;
    int i;

    for (i = 0; i < count; i++) {
        dygw_tick_t tick;
        dygw_db_t *db;

        suite_setup(NULL);
        db = suite_open(0);
        if (dygw_store_tick(db, &tick, suite_pool) != APR_SUCCESS
            || (i % 10 == 0 && dygw_store_lease_take(db, "worker", "modes", 60000) != APR_SUCCESS)) {
            return 1;
        }
        dygw_db_close(db);
        if (suite_teardown(NULL) != 0) {
            return 1;
        }
        if (i == count / 10) {
            before = resident_kib();
        }
    }
    printf("%ld KiB after %d units, %ld KiB after %d%s\n", before, count / 10, resident_kib(), count,
           SANITIZED ? ", but a sanitizer keeps what is freed" : "");
    return 0;
}

int suite_mode(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[2]) : 1;

    if (suite_group_setup(NULL) != 0) {
        return 1;
    }
    if (strcmp(argv[1], "migrate") == 0) {
        return migrate();
    }
    if (strcmp(argv[1], "due") == 0) {
        return print_all_due();
    }
    if (strcmp(argv[1], "redeem") == 0) {
        return redeem(count);
    }
    if (strcmp(argv[1], "units") == 0) {
        return units(count);
    }
    fprintf(stderr, "db_suite: no such use: %s\n", argv[1]);
    return 2;
}
