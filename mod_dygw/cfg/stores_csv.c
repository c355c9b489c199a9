/* SPDX-License-Identifier: Apache-2.0
 * Reads the content of a file of stores. The effort for a line does not grow with the file: it may
 * have thousands. */
#include "cfg/stores_csv.h"

#include <string.h>

#include <apr_strings.h>

#include "cfg/parse.h"
#include "gateway/declared.h"
#include "util/csv_read.h"

/* How many mistakes of a file are told one by one. */
#define TOLD_MAX 10

enum { STORE, POI_ID, ACCOUNT_ID, NAME, COLUMNS };
static const char *const column_names[COLUMNS + 1]
    = { "store", "poi_id", "account_id", "name", NULL };

typedef struct reading_t {
    dygw_csv_reader_t csv;
    const char *path;
    apr_pool_t *pool;    /* for messages */
    int column[COLUMNS]; /* which cell it is in; -1: none */
    int cells;           /* of a row */
    const char *told;    /* what is wrong; NULL: nothing yet */
    int mistakes;
} reading_t;

static void tell(reading_t *reading, const char *what)
{
    if (reading->mistakes++ < TOLD_MAX) {
        const char *line
            = apr_psprintf(reading->pool, "%s:%d: %s", reading->path, reading->csv.line, what);

        reading->told
            = reading->told ? apr_pstrcat(reading->pool, reading->told, "; ", line, NULL) : line;
    }
}

/* --- the first line --- */

static int column_of(const char *name)
{
    int i = 0;

    while (i < COLUMNS && strcmp(column_names[i], name) != 0) {
        i++;
    }
    return i;
}

static void take_header(reading_t *reading, char **cells)
{
    for (int i = 0; i < reading->cells && !reading->mistakes; i++) {
        int column = column_of(cells[i]);

        if (column == COLUMNS) {
            tell(reading, apr_psprintf(reading->pool,
                                       "there is no column '%.40s': the first line names the "
                                       "columns store, poi_id, account_id and name",
                                       cells[i]));
        }
        else if (reading->column[column] >= 0) {
            tell(reading, apr_psprintf(reading->pool, "the column %s is there twice", cells[i]));
        }
        else {
            reading->column[column] = i;
        }
    }
    if (!reading->mistakes && (reading->column[STORE] < 0 || reading->column[POI_ID] < 0)) {
        tell(reading, "the columns store and poi_id are needed, named in the first line");
    }
}

static void read_header(reading_t *reading)
{
    char *cells[COLUMNS + 1];

    for (int i = 0; i < COLUMNS; i++) {
        reading->column[i] = -1;
    }
    reading->cells = dygw_csv_read_row(&reading->csv, cells, COLUMNS + 1);
    if (reading->cells == DYGW_CSV_END) {
        reading->csv.line = 1;
        tell(reading, "the file is empty: the first line names the columns store, poi_id, "
                      "account_id and name");
    }
    else if (reading->cells == DYGW_CSV_FAULT) {
        tell(reading, reading->csv.fault);
    }
    else if (reading->cells > COLUMNS) {
        tell(reading, apr_psprintf(reading->pool,
                                   "there are %d columns: store, poi_id, account_id and name are "
                                   "known, separated by commas",
                                   reading->cells));
    }
    else {
        take_header(reading, cells);
    }
}

/* --- the stores --- */

/* The text of a column; NULL: it is empty, or there is no such column. */
static const char *cell_of(const reading_t *reading, char **cells, int column)
{
    int i = reading->column[column];

    return i >= 0 && *cells[i] ? cells[i] : NULL;
}

static const char *read_store(const reading_t *reading, char **cells, dygw_declared_store_t *store,
                              apr_pool_t *pool)
{
    const char *code = cell_of(reading, cells, STORE), *poi_id = cell_of(reading, cells, POI_ID);
    const char *account_id = cell_of(reading, cells, ACCOUNT_ID);
    const char *name = cell_of(reading, cells, NAME);
    dygw_parse_t parser = { pool, column_names[STORE] };
    const char *error
        = dygw_parse_code(&parser, code ? code : "", 1, DYGW_STORE_CODE_MAX, &store->code);

    if (!error) {
        parser.directive = column_names[POI_ID];
        error
            = dygw_parse_code(&parser, poi_id ? poi_id : "", 1, DYGW_STORE_POI_MAX, &store->poi_id);
    }
    if (!error && account_id) {
        parser.directive = column_names[ACCOUNT_ID];
        error = dygw_parse_code(&parser, account_id, 1, DYGW_STORE_ACCOUNT_MAX, &store->account_id);
    }
    if (!error && name) {
        parser.directive = column_names[NAME];
        error = dygw_parse_name(&parser, name, DYGW_STORE_NAME_MAX, &store->name);
    }
    return error;
}

static void take_row(reading_t *reading, char **cells, apr_array_header_t *stores)
{
    dygw_declared_store_t *store = apr_pcalloc(stores->pool, sizeof *store);
    const char *error = read_store(reading, cells, store, stores->pool);

    if (error) {
        tell(reading, error);
        return;
    }
    store->place = apr_psprintf(stores->pool, "%s:%d", reading->path, reading->csv.line);
    APR_ARRAY_PUSH(stores, const dygw_declared_store_t *) = store;
}

static void read_rows(reading_t *reading, apr_array_header_t *stores)
{
    char *cells[COLUMNS];
    int count;

    while ((count = dygw_csv_read_row(&reading->csv, cells, COLUMNS)) != DYGW_CSV_END) {
        if (count == DYGW_CSV_FAULT) {
            tell(reading, reading->csv.fault);
        }
        else if (count != reading->cells) {
            tell(reading, apr_psprintf(reading->pool,
                                       "there are %d cells, and the first line has "
                                       "%d",
                                       count, reading->cells));
        }
        else {
            take_row(reading, cells, stores);
        }
    }
}

const char *dygw_stores_read(char *text, apr_size_t len, const char *path,
                             apr_array_header_t *stores, apr_pool_t *pool)
{
    reading_t reading = { .path = path, .pool = pool };

    if (memchr(text, '\0', len)) {
        return apr_psprintf(pool, "%s: it is not in UTF-8: save it as CSV in UTF-8", path);
    }
    dygw_csv_read(&reading.csv, text, len);
    read_header(&reading);
    if (!reading.mistakes) {
        read_rows(&reading, stores);
    }
    return reading.mistakes > TOLD_MAX
               ? apr_psprintf(pool, "%s; and %d more", reading.told, reading.mistakes - TOLD_MAX)
               : reading.told;
}
