/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_audit. Rows are added and, when they are old enough, removed; none is ever changed.
 *
 * Each host draws ids by itself, so that two may draw the same. Then the later entry takes the next
 * id that is free: an entry must not be lost, nor be there twice when its insert is repeated. */
#include "store/audit.h"

#include "store/db/catalogue.h"
#include "store/db/confirm.h"
#include "store/db/kinds.h"

#define ACTOR_CHARS  128 /* of the columns */
#define TEXT_CHARS   64
#define TARGET_CHARS 128
#define END_OF_TIME  APR_INT64_C(253402300800000) /* the year 10000 */
#define INSERT_LOOKS 100                          /* ids that others have in a row */

/* All text is clipped before, by clipped_entry: is_entry_there compares what was written. */
#define AUDIT_COLUMNS(FIRST, X) \
    FIRST(INT64, id) \
    X(TIME, at) \
    X(TEXT, actor) \
    X(TEXT, action) \
    X(TEXT, target) \
    X(TEXT, before_state) \
    X(TEXT, after_state) \
    X(TEXT, address) \
    X(TEXT, request_id)

#define COLUMNS DYGW_NAMES(AUDIT_COLUMNS)

static const dygw_stmt_t audit_insert = {
    "dygw_audit_insert",
    DYGW_SQL_INSERT_NEW("dygw_audit (" COLUMNS ") VALUES (" DYGW_PARAMETERS(AUDIT_COLUMNS) ")"),
};

static const dygw_stmt_t audit_get = {
    "dygw_audit_get",
    DYGW_SQL("SELECT " COLUMNS " FROM dygw_audit WHERE id = %lld"),
};

/* Several rows in one statement. Few sizes, each a text of its own that a connection prepares once.
 * SQLite of old takes 999 parameters. */
#define ROW     "(" DYGW_PARAMETERS(AUDIT_COLUMNS) ")"
#define ROWS_4  ROW ", " ROW ", " ROW ", " ROW
#define ROWS_8  ROWS_4 ", " ROWS_4
#define ROWS_32 ROWS_8 ", " ROWS_8 ", " ROWS_8 ", " ROWS_8
#define ROWS_64 ROWS_32 ", " ROWS_32

#define MANY_MAX 64

typedef struct many_t {
    int rows;
    dygw_stmt_t stmt;
} many_t;

/* The longest first. */
static const many_t audit_insert_many[] = {
    { MANY_MAX,
      { "dygw_audit_insert_64", DYGW_SQL_INSERT_NEW("dygw_audit (" COLUMNS ") VALUES " ROWS_64) } },
    { 8,
      { "dygw_audit_insert_8", DYGW_SQL_INSERT_NEW("dygw_audit (" COLUMNS ") VALUES " ROWS_8) } },
};

/* --- writing --- */

#define READ(kind, name)     entry->name = DYGW_READ_##kind(rows, column++, pool);
#define ARGUMENT(kind, name) args[count++] = DYGW_ARG_##kind(db, entry->name);

static void read_entry(dygw_rows_t *rows, dygw_audit_entry_t *entry, apr_pool_t *pool)
{
    int column = 0;

    AUDIT_COLUMNS(READ, READ)
}

/* As the columns take it. */
static dygw_audit_entry_t clipped_entry(const dygw_audit_entry_t *entry, apr_pool_t *pool)
{
    dygw_audit_entry_t cut = *entry;

    cut.actor = dygw_text_clip(entry->actor, ACTOR_CHARS, pool);
    cut.action = dygw_text_clip(entry->action, TEXT_CHARS, pool);
    cut.target = dygw_text_clip(entry->target, TARGET_CHARS, pool);
    cut.address = dygw_text_clip(entry->address, TEXT_CHARS, pool);
    cut.request_id = dygw_text_clip(entry->request_id, TEXT_CHARS, pool);
    return cut;
}

/* The id is taken: by this very entry? APR_EEXIST: by another. */
static apr_status_t is_entry_there(dygw_db_t *db, const void *what)
{
    const dygw_audit_entry_t *entry = what;
    const char *args[] = { dygw_db_int(db, entry->id) };
    dygw_audit_entry_t found;
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &audit_get, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_EEXIST : rv;
    }
    read_entry(rows, &found, dygw_db_pool(db));
    return found.at == entry->at && dygw_text_equal(found.actor, entry->actor)
                   && dygw_text_equal(found.action, entry->action)
                   && dygw_text_equal(found.target, entry->target)
                   && dygw_text_equal(found.request_id, entry->request_id)
               ? APR_SUCCESS
               : APR_EEXIST;
}

/* Returns how many. */
static int fill_args(dygw_db_t *db, const dygw_audit_entry_t *entry, const char **args)
{
    int count = 0;

    AUDIT_COLUMNS(ARGUMENT, ARGUMENT)
    return count;
}

static apr_status_t insert_entry(dygw_db_t *db, const dygw_audit_entry_t *entry)
{
    const char *args[DYGW_LENGTH(AUDIT_COLUMNS)];
    int nrows = 0;
    apr_status_t rv;

    fill_args(db, entry, args);
    rv = dygw_db_exec(db, &audit_insert, &nrows, args);
    return rv == APR_SUCCESS && nrows == 0 ? dygw_store_was_done(db, is_entry_there, entry) : rv;
}

apr_status_t dygw_store_audit_insert(dygw_db_t *db, const dygw_audit_entry_t *entry)
{
    dygw_audit_entry_t cut = clipped_entry(entry, dygw_db_pool(db));
    int looks = INSERT_LOOKS;
    apr_status_t rv;

    while ((rv = insert_entry(db, &cut)) == APR_EEXIST && --looks > 0) {
        cut.id++;
    }
    return rv;
}

static apr_status_t insert_one_by_one(dygw_db_t *db, const dygw_audit_entry_t *entries, int count)
{
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; i < count && rv == APR_SUCCESS; i++) {
        rv = dygw_store_audit_insert(db, &entries[i]);
    }
    return rv;
}

/* Where an id is taken, each entry finds out for itself by whom: those that this statement has just
 * inserted find themselves. */
static apr_status_t insert_rows(dygw_db_t *db, const many_t *many,
                                const dygw_audit_entry_t *entries)
{
    const char *args[MANY_MAX * DYGW_LENGTH(AUDIT_COLUMNS)];
    int count = 0;
    int nrows = 0;
    apr_status_t rv;

    for (int i = 0; i < many->rows; i++) {
        dygw_audit_entry_t cut = clipped_entry(&entries[i], dygw_db_pool(db));

        count += fill_args(db, &cut, args + count);
    }
    rv = dygw_db_exec(db, &many->stmt, &nrows, args);
    return rv == APR_SUCCESS && nrows < many->rows ? insert_one_by_one(db, entries, many->rows)
                                                   : rv;
}

apr_status_t dygw_store_audit_insert_many(dygw_db_t *db, const dygw_audit_entry_t *entries,
                                          int count)
{
    apr_status_t rv = APR_SUCCESS;

    for (size_t i = 0; i < sizeof audit_insert_many / sizeof *audit_insert_many; i++) {
        const many_t *many = &audit_insert_many[i];

        for (; count >= many->rows && rv == APR_SUCCESS; count -= many->rows) {
            rv = insert_rows(db, many, entries);
            entries += many->rows;
        }
    }
    return rv == APR_SUCCESS ? insert_one_by_one(db, entries, count) : rv;
}

/* --- listing --- */

#define ACTOR  "actor = %s AND "
#define ACTION "action = %s AND "
#define TARGET "target = %s AND "
#define TIMES  "at >= %lld AND at < %lld"

#define LIST(label, where) \
    { \
        "dygw_audit_list" label, DYGW_SQL("SELECT " COLUMNS " FROM dygw_audit WHERE " where TIMES \
                                          " ORDER BY at DESC, id DESC LIMIT %lld OFFSET %lld") \
    }
#define COUNT(label, where) \
    { \
        "dygw_audit_count" label, DYGW_SQL("SELECT COUNT(*) FROM dygw_audit WHERE " where TIMES) \
    }

/* By which of actor (1), action (2) and target (4) is given. */
#define BY_FILTER(STATEMENT) \
    { \
        STATEMENT("", ""), STATEMENT("_1", ACTOR), STATEMENT("_2", ACTION), \
            STATEMENT("_3", ACTOR ACTION), STATEMENT("_4", TARGET), STATEMENT("_5", ACTOR TARGET), \
            STATEMENT("_6", ACTION TARGET), STATEMENT("_7", ACTOR ACTION TARGET) \
    }

static const dygw_stmt_t audit_list[] = BY_FILTER(LIST);
static const dygw_stmt_t audit_count[] = BY_FILTER(COUNT);

#define ARGS_MAX 7

static int given_filters(const dygw_audit_filter_t *filter)
{
    return (filter->actor ? 1 : 0) + (filter->action ? 2 : 0) + (filter->target ? 4 : 0);
}

static void fill_filter_args(dygw_db_t *db, const dygw_audit_filter_t *filter, int offset,
                             int limit, const char **args)
{
    const char *words[] = { filter->actor, filter->action, filter->target };
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (words[i]) {
            *args++ = words[i];
        }
    }
    *args++ = dygw_db_int(db, filter->start_time == DYGW_NO_TIME ? 0 : filter->start_time);
    *args++ = dygw_db_int(db, filter->end_time == DYGW_NO_TIME ? END_OF_TIME : filter->end_time);
    *args++ = dygw_db_int(db, limit);
    *args = dygw_db_int(db, offset);
}

static apr_status_t count_entries(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args,
                                  apr_int64_t *total)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, stmt, &rows, args);

    if (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        *total = dygw_row_int(rows, 0, 0);
    }
    return rv;
}

apr_status_t dygw_store_audit_list(dygw_db_t *db, const dygw_audit_filter_t *filter, int offset,
                                   int limit, dygw_page_t *found, apr_pool_t *pool)
{
    const char *args[ARGS_MAX];
    int mask = given_filters(filter);
    dygw_rows_t *rows = NULL;
    apr_status_t rv;

    fill_filter_args(db, filter, offset, limit, args);
    found->rows = apr_array_make(pool, 1, sizeof(dygw_audit_entry_t));
    rv = count_entries(db, &audit_count[mask], args, &found->total);
    if (rv == APR_SUCCESS) {
        rv = dygw_db_select(db, &audit_list[mask], &rows, args);
    }
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        read_entry(rows, apr_array_push(found->rows), pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

/* --- the end --- */

#define OLD    "at < %lld"
#define OLDEST "SELECT id FROM dygw_audit WHERE " OLD " ORDER BY at, id LIMIT %lld"

static const dygw_stmt_t audit_purge = {
    "dygw_audit_purge",
    { "DELETE FROM dygw_audit WHERE id IN (" OLDEST ")",
      "DELETE FROM dygw_audit WHERE id IN (" OLDEST ")",
      "DELETE FROM dygw_audit WHERE " OLD " ORDER BY at, id LIMIT %lld" },
};

apr_status_t dygw_store_audit_purge(dygw_db_t *db, dygw_ms_t before, int limit, int *removed)
{
    const char *args[] = { dygw_db_int(db, before), dygw_db_int(db, limit) };

    return dygw_db_exec(db, &audit_purge, removed, args);
}
