/* SPDX-License-Identifier: Apache-2.0
 * The items of a reconciliation, which are what did not match, as CSV. */
#ifndef DYGW_HANDLE_INTERNAL_RECONCILIATION_CSV_H
#define DYGW_HANDLE_INTERNAL_RECONCILIATION_CSV_H

#include "util/csv.h"

/* Writes the line with the names of the columns. */
void dygw_reconciliation_csv_head(dygw_csv_t *csv);

/* Writes a line for an item; item: the JSON object that is stored. pool: for temporary memory. */
void dygw_reconciliation_csv_item(dygw_csv_t *csv, const char *item, apr_pool_t *pool);

#endif
