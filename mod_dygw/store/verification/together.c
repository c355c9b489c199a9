/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: several rows in one statement, of one text however many they are. The
 * rows are its only large parameter, a JSON array of objects, in which a column without a value is
 * left out. */
#include "store/verification/together.h"

#include "store/db/catalogue.h"
#include "store/verification/columns.h"
#include "util/jsonw.h"

#define ROW_ROOM 4096 /* bytes, which most rows need */

#define ROWS "json_populate_recordset(CAST(NULL AS dygw_verifications), CAST(%s AS json))"

/* A row that is there already makes all of it fail. The clock is looked at once, so that none is
 * late alone. */
/* clang-format off */
static const dygw_stmt_t insert_together = {
    "dygw_insert_together",
    { NULL,
      "INSERT INTO dygw_verifications (" DYGW_NAMES(DYGW_VERIFICATION_ALL) ", attempt_key) "
          "SELECT " DYGW_NAMES(DYGW_VERIFICATION_ALL) ", attempt_key FROM " ROWS " "
          "WHERE (SELECT " DYGW_NOW_PGSQL " < %lld)",
      NULL },
};
/* clang-format on */

#define SET_FROM_V(kind, name)     #name " = v." #name
#define AND_SET_FROM_V(kind, name) ", " #name " = v." #name

/* As verification_settle of change.c. The limit of `repeats` and the time of the follow-up are the
 * members of that name. item_count is 1 in all; the planner takes few rows to have it, and no index
 * has what stands in the CASE: so each row is found by its primary key, whatever is known of the
 * table, and not among all that are `processing`. */
/* clang-format off */
static const dygw_stmt_t settle_together = {
    "dygw_settle_together",
    { NULL,
      "UPDATE dygw_verifications AS t SET "
          DYGW_VERIFICATION_SETTLED(SET_FROM_V, AND_SET_FROM_V) ", "
          "errand_at = CASE WHEN t.cancel_since IS NOT NULL OR t.news <> 0 THEN v.errand_at "
          "ELSE t.errand_at END, revision = t.revision + 1 "
          "FROM " ROWS " AS v WHERE t.id = v.id AND v.item_count = 1 "
          "AND CASE WHEN t.verify_status = 'processing' THEN t.repeats <= v.repeats "
          "ELSE FALSE END",
      NULL },
};
/* clang-format on */

#define COLUMN_NAME(kind, name) #name,

static const char *const all_names[]
    = { DYGW_VERIFICATION_ALL(COLUMN_NAME, COLUMN_NAME) "attempt_key" };
static const char *const settled_names[]
    = { DYGW_VERIFICATION_SETTLED(COLUMN_NAME, COLUMN_NAME) "errand_at", "id", "repeats",
        "item_count" };

int dygw_store_has_together(const dygw_db_t *db)
{
    return dygw_db_dialect(db) == DYGW_PGSQL;
}

static void begin_rows(dygw_jsonw_t *w, dygw_db_t *db, int count)
{
    dygw_jsonw_init(w, dygw_db_pool(db), (apr_size_t)count * ROW_ROOM);
    dygw_jsonw_array(w, NULL);
}

static void add_row(dygw_jsonw_t *w, const char *const *names, const char *const *args, int count)
{
    int i;

    dygw_jsonw_object(w, NULL);
    for (i = 0; i < count; i++) {
        if (args[i]) {
            dygw_jsonw_string(w, names[i], args[i]);
        }
    }
    dygw_jsonw_end_object(w);
}

apr_status_t dygw_store_insert_together(dygw_db_t *db, const dygw_verification_t *const *rows,
                                        const char *const *attempt_keys, int count)
{
    const char *args[DYGW_LENGTH(DYGW_VERIFICATION_ALL) + 1];
    const char *statement_args[2];
    dygw_jsonw_t w;
    apr_status_t rv;
    int nrows;
    int i;

    begin_rows(&w, db, count);
    for (i = 0; i < count; i++) {
        int columns = dygw_store_verification_args_all(db, rows[i], args);

        args[columns++] = attempt_keys[i];
        add_row(&w, all_names, args, columns);
    }
    dygw_jsonw_end_array(&w);
    statement_args[0] = w.text;
    rv = dygw_db_deadline(db, &statement_args[1]);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = dygw_db_exec_quiet(db, &insert_together, &nrows, statement_args);
    return rv == APR_SUCCESS && nrows == 0 ? APR_EEXIST : rv;
}

apr_status_t dygw_store_settle_together(dygw_db_t *db, const dygw_verification_t *const *rows,
                                        int count)
{
    const char *args[DYGW_LENGTH(DYGW_VERIFICATION_SETTLED) + DYGW_SETTLE_ARGS + 1];
    const char *statement_args[1];
    dygw_jsonw_t w;
    apr_status_t rv;
    int nrows;
    int i;

    begin_rows(&w, db, count);
    for (i = 0; i < count; i++) {
        int columns = dygw_store_verification_args_to_settle(db, rows[i], args);

        args[columns++] = "1";
        add_row(&w, settled_names, args, columns);
    }
    dygw_jsonw_end_array(&w);
    statement_args[0] = w.text;
    rv = dygw_db_exec_quiet(db, &settle_together, &nrows, statement_args);
    return rv == APR_SUCCESS && nrows < count ? APR_NOTFOUND : rv;
}
