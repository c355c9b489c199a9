/* SPDX-License-Identifier: Apache-2.0
 * What a reconciliation found not to match, as CSV. */
#ifndef DYGW_HANDLE_INTERNAL_RECONCILIATION_CSV_H
#define DYGW_HANDLE_INTERNAL_RECONCILIATION_CSV_H

#include "util/csv.h"

/* The line with the columns' names. */
void dygw_reconciliation_csv_head(dygw_csv_t *csv);

/* An item as it is stored, a JSON object, as a line. */
void dygw_reconciliation_csv_item(dygw_csv_t *csv, const char *item, apr_pool_t *pool);

#endif
