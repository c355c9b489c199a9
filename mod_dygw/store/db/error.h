/* SPDX-License-Identifier: Apache-2.0
 * What a database says about a failure, fit for a log. */
#ifndef DYGW_STORE_DB_ERROR_H
#define DYGW_STORE_DB_ERROR_H

#include <apr_pools.h>

/* The first line of text; databases quote values in their messages, and what is quoted and not
 * plainly a name of the schema is left out. A driver that says nothing: its code. From pool. */
const char *dygw_db_error_text(apr_pool_t *pool, const char *text, int code);

#endif
