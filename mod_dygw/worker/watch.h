/* SPDX-License-Identifier: Apache-2.0
 * The thread of each child that ends what the database takes too long for (store/guard.h). */
#ifndef DYGW_WORKER_WATCH_H
#define DYGW_WORKER_WATCH_H

#include "mod_dygw_private.h"

/* child_init, after the runtimes are there: starts it, unless there is nothing to watch. It ends
 * with pchild, before mod_dbd's connections do. */
apr_status_t dygw_watch_start(apr_pool_t *pchild);

/* For the guards. Never blocks. */
void dygw_watch_wake(void *baton);

#endif
