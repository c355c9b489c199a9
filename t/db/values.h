/* SPDX-License-Identifier: Apache-2.0
 * A table of the suite's own, for what the wrapper does with any. */
#ifndef DYGW_T_DB_VALUES_H
#define DYGW_T_DB_VALUES_H

#include "suite.h"

extern const dygw_stmt_t values_put; /* id, t, n */
extern const dygw_stmt_t values_set; /* n, id */
extern const dygw_stmt_t values_get; /* t, n of id */

/* Makes the table; it may be there. */
int values_setup(void **state);

apr_status_t values_insert(dygw_db_t *db, apr_int64_t id, const char *t, const char *n);

/* Whether another host finds it, in a unit of its own. */
int values_found(int host, apr_int64_t id);

#endif
