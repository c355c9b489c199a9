/* SPDX-License-Identifier: Apache-2.0
 * Between the store and apr_dbd. */
#include "wire.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "suite.h"

#define STATEMENTS_MAX 8192
#define ENTRIES_MAX    16384

typedef int prepare_fn(const apr_dbd_driver_t *, apr_pool_t *, apr_dbd_t *, const char *, const char *,
                       apr_dbd_prepared_t **);
typedef int pquery_fn(const apr_dbd_driver_t *, apr_pool_t *, apr_dbd_t *, int *, apr_dbd_prepared_t *, int,
                      const char **);
typedef int pselect_fn(const apr_dbd_driver_t *, apr_pool_t *, apr_dbd_t *, apr_dbd_results_t **, apr_dbd_prepared_t *,
                       int, int, const char **);
typedef int query_fn(const apr_dbd_driver_t *, apr_dbd_t *, int *, const char *);
typedef int select_fn(const apr_dbd_driver_t *, apr_pool_t *, apr_dbd_t *, apr_dbd_results_t **, const char *, int);

typedef struct statement_t {
    char *label;
    char *sql;
} statement_t;

typedef struct entry_t {
    const apr_dbd_t *handle;
    const apr_dbd_prepared_t *prepared;
    const char *label;
    int failed; /* something on that connection did */
    int once;   /* it is not kept */
} entry_t;

int wire_calls;
int wire_prepared_twice;
int wire_kept;

static statement_t statements[STATEMENTS_MAX];
static int statement_count;
static entry_t entries[ENTRIES_MAX];
static int entry_count;
static const char *lost;
static const char *refused;
static int refused_code;
static int refused_times;
static const char *awaited;
static void (*before_it)(void);

static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found) {
        abort();
    }
    return found;
}

void wire_forget(const apr_dbd_t *handle)
{
    int kept = 0;
    int i;

    for (i = 0; i < entry_count; i++) {
        if (handle && entries[i].handle != handle) {
            entries[kept++] = entries[i];
        }
    }
    entry_count = kept;
}

void wire_lose_answer(const char *what)
{
    lost = what;
}

void wire_refuse(const char *what, int code, int times)
{
    refused = what;
    refused_code = code;
    refused_times = times;
}

void wire_before(const char *what, void (*done)(void))
{
    awaited = what;
    before_it = done;
}

int wire_idle(void)
{
    return !lost && refused_times == 0 && !awaited;
}

const char *wire_statement(int number, const char **sql)
{
    if (number >= statement_count) {
        return NULL;
    }
    *sql = statements[number].sql;
    return statements[number].label;
}

/* The lasting copy of a label. */
static const char *remember(const char *label, const char *sql)
{
    int i;

    for (i = 0; i < statement_count; i++) {
        if (strcmp(statements[i].label, label) == 0) {
            return statements[i].label;
        }
    }
    if (statement_count == STATEMENTS_MAX) {
        abort();
    }
    statements[i].label = strdup(label);
    statements[i].sql = strdup(sql);
    statement_count++;
    return statements[i].label;
}

/* The label that a text has in a comment before it, as those have that are not kept; NULL: none. */
static const char *label_in(const char *sql)
{
    static char label[128];
    const char *end = strncmp(sql, "/* ", 3) == 0 ? strstr(sql, " */ ") : NULL;

    if (!end || end - sql - 3 >= (long)sizeof(label)) {
        return NULL;
    }
    memcpy(label, sql + 3, (size_t)(end - sql - 3));
    label[end - sql - 3] = '\0';
    return label;
}

/* Memory of a statement that is gone may be another's now. */
static void forget_prepared(const apr_dbd_prepared_t *prepared)
{
    int kept = 0;
    int i;

    for (i = 0; i < entry_count; i++) {
        if (entries[i].prepared != prepared || !entries[i].once) {
            entries[kept++] = entries[i];
        }
    }
    entry_count = kept;
}

static const char *label_of(const apr_dbd_prepared_t *prepared)
{
    int i = entry_count;

    while (i-- > 0) {
        if (entries[i].prepared == prepared) {
            return entries[i].label;
        }
    }
    return "";
}

static int is_refused(const char *what)
{
    if (refused_times == 0 || strcmp(what, refused) != 0) {
        return 0;
    }
    refused_times--;
    return 1;
}

static void announce(const char *what)
{
    if (awaited && strcmp(what, awaited) == 0) {
        awaited = NULL; /* what is done has statements, too */
        before_it();
    }
}

/* Statements may be prepared again after a failure, and then only. */
static int answer(const apr_dbd_t *handle, int rv)
{
    int i;

    for (i = 0; rv != 0 && i < entry_count; i++) {
        entries[i].failed |= entries[i].handle == handle;
    }
    return rv;
}

/* What a call gives whose answer does not come. */
static int lose(const apr_dbd_driver_t *driver, apr_dbd_t *handle, const char *what, int rv)
{
    query_fn *query = (query_fn *)real("apr_dbd_query");
    int ignored;
    int broken;

    if (rv != 0 || !lost || strcmp(what, lost) != 0) {
        return answer(handle, rv);
    }
    lost = NULL;
    suite_kill();
    /* The driver must notice, too; SQLite has no connection that could break. */
    broken = query(driver, handle, &ignored, "SELECT 1 FROM dygw_none");
    return answer(handle, broken ? broken : 1);
}

int apr_dbd_prepare(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, const char *query,
                    const char *label, apr_dbd_prepared_t **statement)
{
    prepare_fn *prepare = (prepare_fn *)real("apr_dbd_prepare");
    int rv = prepare(driver, pool, handle, query, label, statement);
    const int once = !label;
    int i;

    wire_calls++;
    if (rv != 0) {
        return rv;
    }
    forget_prepared(*statement);
    wire_kept += !once;
    label = remember(once ? label_in(query) : label, query);
    for (i = 0; i < entry_count; i++) {
        wire_prepared_twice += !once && entries[i].handle == handle && entries[i].label == label && !entries[i].failed;
    }
    if (entry_count == ENTRIES_MAX) {
        abort();
    }
    entries[entry_count++] = (entry_t){ handle, *statement, label, 0, once };
    return 0;
}

int apr_dbd_pquery(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, int *nrows,
                   apr_dbd_prepared_t *statement, int nargs, const char **args)
{
    pquery_fn *pquery = (pquery_fn *)real("apr_dbd_pquery");
    const char *label = label_of(statement);

    announce(label);
    wire_calls++;
    if (is_refused(label)) {
        return refused_code;
    }
    return lose(driver, handle, label, pquery(driver, pool, handle, nrows, statement, nargs, args));
}

int apr_dbd_pselect(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, apr_dbd_results_t **res,
                    apr_dbd_prepared_t *statement, int random, int nargs, const char **args)
{
    pselect_fn *pselect = (pselect_fn *)real("apr_dbd_pselect");
    const char *label = label_of(statement);

    announce(label);
    wire_calls++;
    if (is_refused(label)) {
        return refused_code;
    }
    return lose(driver, handle, label, pselect(driver, pool, handle, res, statement, random, nargs, args));
}

int apr_dbd_query(const apr_dbd_driver_t *driver, apr_dbd_t *handle, int *nrows, const char *statement)
{
    query_fn *query = (query_fn *)real("apr_dbd_query");

    wire_calls++;
    if (is_refused(statement)) {
        return refused_code;
    }
    return lose(driver, handle, statement, query(driver, handle, nrows, statement));
}

int apr_dbd_select(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, apr_dbd_results_t **res,
                   const char *statement, int random)
{
    select_fn *select = (select_fn *)real("apr_dbd_select");

    const char *label = label_in(statement);

    wire_calls++;
    if (label) {
        label = remember(label, statement);
        announce(label);
    }
    if (is_refused(label ? label : statement)) {
        return refused_code;
    }
    return label ? lose(driver, handle, label, select(driver, pool, handle, res, statement, random))
                 : select(driver, pool, handle, res, statement, random);
}

int wire_ask(const apr_dbd_driver_t *driver, apr_dbd_t *handle, const char *sql, apr_pool_t *pool,
             apr_array_header_t **rows)
{
    select_fn *select = (select_fn *)real("apr_dbd_select");
    apr_array_header_t *found = apr_array_make(pool, 8, sizeof(const char *));
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    int rv = select(driver, pool, handle, &results, sql, 1);
    int number = 1;

    while (rv == 0 && results && apr_dbd_get_row(driver, pool, results, &row, number++) == 0) {
        int columns = apr_dbd_num_cols(driver, results);
        const char *line = "";
        int i;

        for (i = 0; i < columns; i++) {
            const char *text = apr_dbd_get_entry(driver, row, i);

            line = apr_pstrcat(pool, line, i ? "|" : "", text ? text : "NULL", NULL);
        }
        APR_ARRAY_PUSH(found, const char *) = line;
    }
    if (rows) {
        *rows = found;
    }
    return rv;
}
