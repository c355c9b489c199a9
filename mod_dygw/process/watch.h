/* SPDX-License-Identifier: Apache-2.0
 * The thread that ends what the database takes too long for (store/db/guard.h): of each child, and
 * of the parent while it prepares a database. A process has one at a time. */
#ifndef DYGW_PROCESS_WATCH_H
#define DYGW_PROCESS_WATCH_H

#include "cfg/module.h"
#include "store/db/db.h"

/* child_init, after the runtimes are there: starts it, unless there is nothing to watch. It ends
 * with pchild, before mod_dbd's connections do. */
apr_status_t dygw_watch_start(apr_pool_t *pchild);

/* The same for one source, in the parent. It ends with the pool, of which the source's connections
 * are. */
apr_status_t dygw_watch_source(dygw_db_source_t *source, apr_pool_t *pool);

/* For the guards. Never blocks. */
void dygw_watch_wake(void *baton);

#endif
