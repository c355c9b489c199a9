/* SPDX-License-Identifier: Apache-2.0
 * The background thread of a child: its life is told in worker.c, its rounds are in round.c. The
 * room may call process/, cfg/, and of the gateway what works in the background. */
#ifndef DYGW_WORKER_WORKER_H
#define DYGW_WORKER_WORKER_H

#include "cfg/module.h"

/* child_init, after the runtime: starts the thread and arranges that it is joined before pchild's
 * pools go. */
apr_status_t dygw_worker_start(apr_pool_t *pchild, server_rec *main_server);

/* child_stopping: tells the thread to stop, and does not wait. May be called twice. */
void dygw_worker_stopping(void);

#endif
