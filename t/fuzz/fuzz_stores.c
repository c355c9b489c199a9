/* SPDX-License-Identifier: Apache-2.0
 * A file of stores: what is taken of it is within the limits, at a line that there is, and is taken
 * again when it is written out; what is not is told with its line. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "cfg/stores_csv.h"
#include "gateway/declared.h"
#include "util/csv.h"

#define PATH "stores.csv"
#define ID   FUZZ_LETTERS FUZZ_DIGITS "_-"

static const char *read_stores(const char *data, apr_size_t len, apr_array_header_t **stores, apr_pool_t *pool)
{
    *stores = apr_array_make(pool, 1, sizeof(const dygw_declared_store_t *));
    return dygw_stores_read(apr_pstrmemdup(pool, data, len), len, PATH, *stores, pool);
}

static const dygw_declared_store_t *store_at(const apr_array_header_t *stores, int i)
{
    return APR_ARRAY_IDX(stores, i, const dygw_declared_store_t *);
}

static int lines_of(const char *data, apr_size_t len)
{
    int lines = 1;

    while (len-- > 0) {
        lines += data[len] == '\n';
    }
    return lines;
}

static void check_place(const char *place, int lines)
{
    int line;

    FUZZ_ASSERT(strncmp(place, PATH ":", sizeof(PATH)) == 0);
    line = atoi(place + sizeof(PATH));
    FUZZ_ASSERT(line >= 1 && line <= lines);
}

static void check_store(const dygw_declared_store_t *store, int lines)
{
    FUZZ_ASSERT(fuzz_consists(store->code, 1, 32, ID));
    FUZZ_ASSERT(fuzz_consists(store->poi_id, 1, 32, ID));
    FUZZ_ASSERT(!store->account_id || fuzz_consists(store->account_id, 1, 64, ID));
    FUZZ_ASSERT(fuzz_is_absent_or_text(store->name, 64));
    FUZZ_ASSERT(!store->name || !strpbrk(store->name, "\r\n\t"));
    check_place(store->place, lines);
}

static int is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void write_and_read(const apr_array_header_t *stores, apr_pool_t *pool)
{
    apr_array_header_t *again;
    dygw_csv_t csv;
    int i;

    dygw_csv_init(&csv, pool, 1, 0, 1);
    for (i = -1; i < stores->nelts; i++) {
        const dygw_declared_store_t *store = i < 0 ? NULL : store_at(stores, i);

        dygw_csv_text(&csv, store ? store->name : "name");
        dygw_csv_text(&csv, store ? store->account_id : "account_id");
        dygw_csv_text(&csv, store ? store->poi_id : "poi_id");
        dygw_csv_text(&csv, store ? store->code : "store");
        dygw_csv_end_row(&csv);
    }
    FUZZ_ASSERT(read_stores(csv.text, csv.len, &again, pool) == NULL);
    FUZZ_ASSERT(again->nelts == stores->nelts);
    for (i = 0; i < stores->nelts; i++) {
        const dygw_declared_store_t *a = store_at(stores, i), *b = store_at(again, i);

        FUZZ_ASSERT(is_same(a->code, b->code) && is_same(a->poi_id, b->poi_id) && is_same(a->name, b->name)
                    && is_same(a->account_id, b->account_id));
    }
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    apr_array_header_t *stores;
    const char *error = read_stores(data, len, &stores, pool);
    int lines = lines_of(data, len), i;

    if (error) {
        FUZZ_ASSERT(strncmp(error, PATH ":", sizeof(PATH)) == 0);
        FUZZ_ASSERT(memchr(data, '\0', len) || atoi(error + sizeof(PATH)) <= lines);
        FUZZ_ASSERT(strlen(error) < 4096);
        return;
    }
    FUZZ_ASSERT(stores->nelts < lines);
    for (i = 0; i < stores->nelts; i++) {
        check_store(store_at(stores, i), lines);
    }
    write_and_read(stores, pool);
}
