/* SPDX-License-Identifier: Apache-2.0
 * Shared memory, locks and mutexes.
 *
 * Children of two generations run side by side during a graceful restart, and a nonce that one has
 * spent must be refused by the other. So memory and the mutexes that guard it belong to the process
 * pool and are found again through httpd's retained data: the module itself is unloaded and loaded
 * anew at each restart.
 */
#include "worker/shared.h"

#include <http_core.h>
#include <util_mutex.h>

#include <apr_hash.h>
#include <apr_shm.h>
#include <apr_strings.h>

#include "auth/nonce.h"
#include "gateway/meter.h"
#include "gateway/reads.h"
#include "util/clock.h"
#include "util/log.h"

/* Raise the number when retained_t, memory_t, common_t, the nonce table, the ring of reads or the
 * meter change their layout: a graceful restart into a new build must not find the old one's. */
#define RETAINED_KEY "mod_dygw-shared-6"

static const char *const mutex_names[DYGW_MUTEXES] = {
    "dygw-writer", "dygw-leader"
};

/* The locks outlive the tables that they are for. */
typedef struct common_t {
    dygw_lock_t cell_lock;
    dygw_lock_t nonces_lock;
    dygw_cell_t cell;
} common_t;

typedef struct memory_t {
    apr_shm_t *common;
    apr_shm_t *nonces;
    int nonce_entries;
    apr_shm_t *reads;
    apr_shm_t *meter;
} memory_t;

typedef struct retained_t {
    apr_global_mutex_t *mutexes[DYGW_MUTEXES];
    apr_hash_t *memory;         /* Douyin client_key -> memory_t */
} retained_t;

/* Found again after each load of the module; the children inherit it. */
static retained_t *retained;

int dygw_shared_register(apr_pool_t *pconf)
{
    int i;

    for (i = 0; i < DYGW_MUTEXES; i++) {
        if (ap_mutex_register(pconf, mutex_names[i], NULL, APR_LOCK_DEFAULT, 0) != APR_SUCCESS) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

apr_status_t dygw_shared_prepare(server_rec *main_server)
{
    apr_pool_t *pool = main_server->process->pool;
    apr_status_t rv = APR_SUCCESS;
    int i;

    retained = ap_retained_data_get(RETAINED_KEY);
    if (!retained) {
        retained = ap_retained_data_create(RETAINED_KEY, sizeof(*retained));
        retained->memory = apr_hash_make(pool);
    }
    for (i = 0; i < DYGW_MUTEXES && rv == APR_SUCCESS; i++) {
        if (!retained->mutexes[i]) {
            rv = ap_global_mutex_create(&retained->mutexes[i], NULL, mutex_names[i], NULL,
                                        main_server, pool, 0);
        }
    }
    return rv;
}

static apr_status_t make_common(memory_t *memory, apr_pool_t *pool)
{
    apr_status_t rv = apr_shm_create(&memory->common, sizeof(common_t), NULL, pool);
    common_t *common;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    common = apr_shm_baseaddr_get(memory->common);
    memset(common, 0, sizeof(*common));
    rv = dygw_lock_init(&common->cell_lock);
    return rv == APR_SUCCESS ? dygw_lock_init(&common->nonces_lock) : rv;
}

static apr_status_t make_reads(memory_t *memory, apr_pool_t *pool)
{
    apr_status_t rv = apr_shm_create(&memory->reads, dygw_reads_size(), NULL, pool);

    return rv == APR_SUCCESS ? dygw_reads_format(apr_shm_baseaddr_get(memory->reads)) : rv;
}

static apr_status_t make_meter(memory_t *memory, apr_pool_t *pool)
{
    apr_status_t rv = apr_shm_create(&memory->meter, dygw_meter_size(), NULL, pool);

    return rv == APR_SUCCESS ? dygw_meter_format(apr_shm_baseaddr_get(memory->meter)) : rv;
}

/* A table of the configured size. The one before goes on serving the old generation; its living
 * entries are copied, so that what it has seen so far stays seen. */
static apr_status_t make_nonces(memory_t *memory, int entries, apr_pool_t *pool)
{
    common_t *common = apr_shm_baseaddr_get(memory->common);
    apr_shm_t *fresh;
    apr_status_t rv = apr_shm_create(&fresh, dygw_nonces_size(entries), NULL, pool);

    if (rv == APR_SUCCESS) {
        rv = dygw_nonces_format(apr_shm_baseaddr_get(fresh), entries);
    }
    if (rv == APR_SUCCESS && memory->nonces) {
        dygw_lock_take(&common->nonces_lock);
        rv = dygw_nonces_move(apr_shm_baseaddr_get(memory->nonces), apr_shm_baseaddr_get(fresh),
                              dygw_now());
        dygw_lock_release(&common->nonces_lock);
        if (rv == APR_SUCCESS) {
            apr_shm_destroy(memory->nonces);
        }
    }
    if (rv == APR_SUCCESS) {
        memory->nonces = fresh;
        memory->nonce_entries = entries;
    }
    return rv;
}

apr_status_t dygw_shared_get(const dygw_cfg_t *cfg, server_rec *server, dygw_shared_t *shared)
{
    apr_pool_t *pool = server->process->pool;
    memory_t *memory = apr_hash_get(retained->memory, cfg->client_key, APR_HASH_KEY_STRING);
    apr_status_t rv = APR_SUCCESS;
    common_t *common;

    if (!memory) {
        memory = apr_pcalloc(pool, sizeof(*memory));
        rv = make_common(memory, pool);
        if (rv == APR_SUCCESS) {
            rv = make_reads(memory, pool);
        }
        if (rv == APR_SUCCESS) {
            rv = make_meter(memory, pool);
        }
        if (rv != APR_SUCCESS) {
            return rv;
        }
        apr_hash_set(retained->memory, apr_pstrdup(pool, cfg->client_key), APR_HASH_KEY_STRING,
                     memory);
    }
    if (cfg->nonce_store == DYGW_NONCES_SHM && memory->nonce_entries != cfg->nonce_entries) {
        rv = make_nonces(memory, cfg->nonce_entries, pool);
        if (rv == APR_ENOSPC) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, server,
                         DYGWNO(0330) "DygwNonceStore shm %d is too small for the "
                                      "nonces that are alive now; keep the larger number until "
                                      "they have expired",
                         cfg->nonce_entries);
        }
    }
    common = apr_shm_baseaddr_get(memory->common);
    shared->cell = &common->cell;
    shared->cell_lock = &common->cell_lock;
    shared->nonces_lock = &common->nonces_lock;
    shared->reads = apr_shm_baseaddr_get(memory->reads);
    shared->meter = apr_shm_baseaddr_get(memory->meter);
    shared->nonces = memory->nonces ? apr_shm_baseaddr_get(memory->nonces) : NULL;
    return rv;
}

apr_status_t dygw_shared_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < DYGW_MUTEXES && rv == APR_SUCCESS; i++) {
        apr_global_mutex_t **mutex = &retained->mutexes[i];

        rv = apr_global_mutex_child_init(mutex, apr_global_mutex_lockfile(*mutex), pchild);
        if (rv != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_ERR, rv, main_server,
                         DYGWNO(0331) "mutex %s cannot be opened in this "
                                      "child",
                         mutex_names[i]);
        }
    }
    return rv;
}

apr_global_mutex_t *dygw_shared_mutex(dygw_mutex_e which)
{
    return retained->mutexes[which];
}
