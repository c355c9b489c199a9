/* SPDX-License-Identifier: Apache-2.0
 * What all children of this host share, and what outlives restarts: memory and mutexes. */
#ifndef DYGW_PROCESS_SHARED_H
#define DYGW_PROCESS_SHARED_H

#include <apr_global_mutex.h>

#include "cfg/cfg.h"
#include "gateway/gateway.h"
#include "util/lock.h"

/* The memory that the children share for one gateway. */
typedef struct dygw_shared_t {
    dygw_host_t *host;
    dygw_lock_t *host_lock;
    dygw_lock_t *nonces_lock;
    void *reads;                /* formatted, see gateway/apps/reads.h */
    void *meter;                /* formatted, see gateway/apps/meter.h */
    void *metrics;              /* formatted, see util/metrics.h */
    apr_array_header_t *nonces; /* of void *, as process/nonce.h attaches to; NULL with dbd */
} dygw_shared_t;

typedef enum {
    DYGW_MUTEX_WRITER, /* SQLite: one writer on this host */
    DYGW_MUTEX_LEADER, /* held by the child that looks after this host */
    DYGW_MUTEXES
} dygw_mutex_e;

/* pre_config: names the mutexes, so that `Mutex` directives can be about them. */
int dygw_shared_register(apr_pool_t *pconf);

/* post_config, real pass: makes the mutexes, or finds those of the generation before, and frees
 * memory that no configuration has asked for in a long time. */
apr_status_t dygw_shared_prepare(server_rec *main_server);

/* post_config: makes the memory of one gateway, or finds it again. The list of nonce tables is from
 * pconf, all else lives as long as the process. */
apr_status_t dygw_shared_get(const dygw_cfg_t *cfg, server_rec *server, dygw_shared_t *shared,
                             apr_pool_t *pconf);

/* child_init: opens the mutexes in this child. */
apr_status_t dygw_shared_child_init(apr_pool_t *pchild, server_rec *main_server);

/* A mutex of this process, after dygw_shared_prepare. */
apr_global_mutex_t *dygw_shared_mutex(dygw_mutex_e which);

#endif
