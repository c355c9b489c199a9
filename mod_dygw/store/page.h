/* SPDX-License-Identifier: Apache-2.0
 * A page of a list. */
#ifndef DYGW_STORE_PAGE_H
#define DYGW_STORE_PAGE_H

#include <apr_tables.h>

typedef struct dygw_page_t {
    apr_array_header_t *rows;
    apr_int64_t total; /* of all pages */
} dygw_page_t;

#endif
