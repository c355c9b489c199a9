/* SPDX-License-Identifier: Apache-2.0
 * A statement: a label, and its SQL by dialect. Each file of store/ defines those of its table
 * beside the functions that use them, as `static const dygw_stmt_t`.
 *
 * House style of the SQL, which the drivers force on us: parameters are %s for text and %lld for
 * integers (the arguments are text in both cases); a literal % is written %%; labels are
 * [a-z][a-z0-9_]*, unique, begin with dygw_; no RETURNING; no trailing blank or semicolon; every
 * read has a LIMIT or is by a unique key; insert-if-absent instead of catching duplicates; a
 * comparison of an expression with a parameter has a CAST. */
#ifndef DYGW_STORE_DB_CATALOGUE_H
#define DYGW_STORE_DB_CATALOGUE_H

#include "store/db/source.h"

struct dygw_stmt_t {
    const char *label;
    const char *sql[DYGW_DIALECTS];
};

/* The same text on all three. */
#define DYGW_SQL(text) \
    { \
        text, text, text \
    }

/* The database's own clock in ms, so that hosts whose clocks differ agree about leases. Text of one
 * dialect each. */
#define DYGW_NOW_SQLITE3 "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
#define DYGW_NOW_PGSQL   "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
#define DYGW_NOW_MYSQL   "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"

/* One text with the dialect's clock in the middle. */
#define DYGW_SQL_NOW(before, after) \
    { \
        before DYGW_NOW_SQLITE3 after, before DYGW_NOW_PGSQL after, before DYGW_NOW_MYSQL after \
    }

/* INSERT that does nothing when the row is there; nrows tells. */
#define DYGW_SQL_INSERT_NEW(into_values) \
    { \
        "INSERT INTO " into_values " ON CONFLICT DO NOTHING", \
            "INSERT INTO " into_values " ON CONFLICT DO NOTHING", \
            "INSERT IGNORE INTO " into_values \
    }

#endif
