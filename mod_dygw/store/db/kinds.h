/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: columns that several texts of a table must have in one order are written once,
 * as a list of macros. The list makes the statements, their arguments and the reading of a row, so
 * that no value can get into the column of another.
 *
 * A list is LIST(FIRST, X). Its first line is FIRST(kind, name), the others are X(kind, name); the
 * two differ where a comma stands between two lines. The name is that of the column and of the
 * member of the struct. The kind tells how the one becomes the other. Kinds that more than one
 * table has are below; a table may add kinds of its own, by the same four macros. */
#ifndef DYGW_STORE_DB_KINDS_H
#define DYGW_STORE_DB_KINDS_H

#include "store/db/db.h"
#include "util/text.h"

/* --- parts of statements, as constant text --- */

/* "id, name, status" */
#define DYGW_NAMES(LIST)          LIST(DYGW_NAME, DYGW_AND_NAME)
#define DYGW_NAME(kind, name)     #name
#define DYGW_AND_NAME(kind, name) ", " #name

/* "%lld, %s, %s" */
#define DYGW_PARAMETERS(LIST)          LIST(DYGW_PARAMETER, DYGW_AND_PARAMETER)
#define DYGW_PARAMETER(kind, name)     DYGW_PARAMETER_##kind
#define DYGW_AND_PARAMETER(kind, name) ", " DYGW_PARAMETER_##kind

/* "id = %lld, name = %s, status = %s" */
#define DYGW_SETS(LIST)          LIST(DYGW_SET, DYGW_AND_SET)
#define DYGW_SET(kind, name)     #name " = " DYGW_PARAMETER_##kind
#define DYGW_AND_SET(kind, name) ", " #name " = " DYGW_PARAMETER_##kind

/* How many lines a list has. */
#define DYGW_LENGTH(LIST)    sizeof((char[]){ LIST(DYGW_ONE, DYGW_ONE) })
#define DYGW_ONE(kind, name) 1,

/* --- kinds ---
 *
 * DYGW_PARAMETER_kind: what stands for a value in a statement. DYGW_ARG_kind: a member as an
 * argument, which holds until the unit ends. DYGW_READ_kind: a column of the present row as a
 * member, text from pool. DYGW_NONE_kind: what a member is that has no value yet. */

#define DYGW_PARAMETER_TEXT                "%s"
#define DYGW_ARG_TEXT(db, member)          (member)
#define DYGW_READ_TEXT(rows, column, pool) dygw_row_text(rows, column, pool)
#define DYGW_NONE_TEXT                     NULL

/* Text of which as many characters are kept as the column holds. */
#define DYGW_PARAMETER_CLIPPED_64                "%s"
#define DYGW_ARG_CLIPPED_64(db, member)          dygw_text_clip(member, 64, dygw_db_pool(db))
#define DYGW_READ_CLIPPED_64(rows, column, pool) dygw_row_text(rows, column, pool)
#define DYGW_NONE_CLIPPED_64                     NULL

#define DYGW_PARAMETER_CLIPPED_128                "%s"
#define DYGW_ARG_CLIPPED_128(db, member)          dygw_text_clip(member, 128, dygw_db_pool(db))
#define DYGW_READ_CLIPPED_128(rows, column, pool) dygw_row_text(rows, column, pool)
#define DYGW_NONE_CLIPPED_128                     NULL

#define DYGW_PARAMETER_CLIPPED_255                "%s"
#define DYGW_ARG_CLIPPED_255(db, member)          dygw_text_clip(member, 255, dygw_db_pool(db))
#define DYGW_READ_CLIPPED_255(rows, column, pool) dygw_row_text(rows, column, pool)
#define DYGW_NONE_CLIPPED_255                     NULL

#define DYGW_PARAMETER_CLIPPED_512                "%s"
#define DYGW_ARG_CLIPPED_512(db, member)          dygw_text_clip(member, 512, dygw_db_pool(db))
#define DYGW_READ_CLIPPED_512(rows, column, pool) dygw_row_text(rows, column, pool)
#define DYGW_NONE_CLIPPED_512                     NULL

#define DYGW_PARAMETER_INT                "%lld"
#define DYGW_ARG_INT(db, member)          dygw_db_int(db, member)
#define DYGW_READ_INT(rows, column, pool) ((int)dygw_row_int(rows, column, 0))
#define DYGW_NONE_INT                     0

#define DYGW_PARAMETER_INT64                "%lld"
#define DYGW_ARG_INT64(db, member)          dygw_db_int(db, member)
#define DYGW_READ_INT64(rows, column, pool) dygw_row_int(rows, column, 0)
#define DYGW_NONE_INT64                     0

/* NULL in the table is DYGW_NO_INT. */
#define DYGW_PARAMETER_INT64_OR_NULL                "%lld"
#define DYGW_ARG_INT64_OR_NULL(db, member)          dygw_db_int_or_null(db, member, DYGW_NO_INT)
#define DYGW_READ_INT64_OR_NULL(rows, column, pool) dygw_row_int(rows, column, DYGW_NO_INT)
#define DYGW_NONE_INT64_OR_NULL                     DYGW_NO_INT

/* Milliseconds since 1970. */
#define DYGW_PARAMETER_TIME                "%lld"
#define DYGW_ARG_TIME(db, member)          dygw_db_int(db, member)
#define DYGW_READ_TIME(rows, column, pool) dygw_row_int(rows, column, 0)
#define DYGW_NONE_TIME                     0

/* NULL in the table is DYGW_NO_TIME. */
#define DYGW_PARAMETER_TIME_OR_NULL                "%lld"
#define DYGW_ARG_TIME_OR_NULL(db, member)          dygw_db_int_or_null(db, member, DYGW_NO_TIME)
#define DYGW_READ_TIME_OR_NULL(rows, column, pool) dygw_row_int(rows, column, DYGW_NO_TIME)
#define DYGW_NONE_TIME_OR_NULL                     DYGW_NO_TIME

static inline const char *dygw_db_int_or_null(dygw_db_t *db, apr_int64_t value, apr_int64_t null)
{
    return value == null ? NULL : dygw_db_int(db, value);
}

#endif
