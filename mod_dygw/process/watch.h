/* SPDX-License-Identifier: Apache-2.0
 * The watch: a thread that cuts off statements for which the database takes too long
 * (store/db/guard.h). Each child has one, and the parent while it prepares a database; a process
 * has one at a time. */
#ifndef DYGW_PROCESS_WATCH_H
#define DYGW_PROCESS_WATCH_H

#include "cfg/module.h"
#include "store/db/db.h"

/* Starts the thread for sources, an array of dygw_db_source_t *, each of which has a guard. The
 * thread ends in a pre-cleanup of `until`, so before the connections of these sources do. */
apr_status_t dygw_watch_start(const apr_array_header_t *sources, apr_pool_t *until);

/* The same for one source, whose connections are of pool. */
apr_status_t dygw_watch_source(dygw_db_source_t *source, apr_pool_t *pool);

/* Wakes the thread, when there is one; a guard calls it, from anywhere. Never blocks. */
void dygw_watch_wake(void *baton);

#endif
