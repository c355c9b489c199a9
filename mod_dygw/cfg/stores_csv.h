/* SPDX-License-Identifier: Apache-2.0
 * The content of a file of stores. */
#ifndef DYGW_CFG_STORES_CSV_H
#define DYGW_CFG_STORES_CSV_H

#include <apr_tables.h>

/* Limits of what a store is declared with. */
#define DYGW_STORE_CODE_MAX    32
#define DYGW_STORE_POI_MAX     32
#define DYGW_STORE_ACCOUNT_MAX 64
#define DYGW_STORE_NAME_MAX    64

/* Reads CSV of len bytes, with a NUL behind them, which is changed: a line with the names of its
 * columns, store and poi_id and maybe account_id and name, and one for each store. The stores
 * (dygw_declared_store_t *, from the array's pool) are added to `stores`; path is the first part of
 * their place. Returns NULL; or, from pool, all that is wrong, with its lines: then some stores may
 * have been added. */
const char *dygw_stores_read(char *text, apr_size_t len, const char *path,
                             apr_array_header_t *stores, apr_pool_t *pool);

#endif
