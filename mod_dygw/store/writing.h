/* SPDX-License-Identifier: Apache-2.0
 * A test of whether the database can be written. */
#ifndef DYGW_STORE_WRITING_H
#define DYGW_STORE_WRITING_H

#include "store/db/db.h"

/* Writes a row of `size` bytes that nobody else knows, removes it and commits both. A row of some
 * pages needs room that the database may have to ask its disk for, as a new verification does; a
 * small one may fit where there is room already. APR_EGENERAL: it cannot be done. */
apr_status_t dygw_store_test_writing(dygw_db_t *db, int size);

#endif
