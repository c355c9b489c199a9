/* SPDX-License-Identifier: Apache-2.0
 * The background thread of a child. worker.c starts and stops the thread; round.c has the rounds,
 * which are what the thread does. The room worker/ may call process/, cfg/, the gateway (of its
 * rooms apps/, background/, settle/ and reports/), and store/, douyin/ and util/. */
#ifndef DYGW_WORKER_WORKER_H
#define DYGW_WORKER_WORKER_H

#include "cfg/module.h"

/* Starts the thread, and arranges that the thread ends before the sub-pools of pchild are
 * destroyed. To be called in child_init, after the runtimes are made. */
apr_status_t dygw_worker_start(apr_pool_t *pchild, server_rec *main_server);

/* Tells the thread to stop, and does not wait. To be called in child_stopping, even more than
 * once. */
void dygw_worker_stopping(void);

#endif
