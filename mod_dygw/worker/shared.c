/* SPDX-License-Identifier: Apache-2.0
 * Shared memory, locks and mutexes.
 *
 * Children of two generations run side by side during a graceful restart, and a nonce that one has
 * spent must be refused by the other. So memory and the mutexes that guard it belong to the process
 * pool and are found again through httpd's retained data: the module itself is unloaded and loaded
 * anew at each restart.
 *
 * What a new configuration no longer asks for is kept all the same, until the last nonce in it is
 * worth nothing: the generation before still uses it, and the configuration may come back. The
 * first restart after that frees it: the segments, not the few bytes here that describe them. They
 * are the process pool's own and in none of its sub-pools, which would go before pconf, whose end
 * still needs them.
 */
#include "worker/shared.h"

#include <http_core.h>
#include <util_mutex.h>

#include <apr_hash.h>
#include <apr_shm.h>
#include <apr_strings.h>

#include "auth/nonce.h"
#include "cfg/limits.h"
#include "gateway/meter.h"
#include "gateway/reads.h"
#include "util/log.h"
#include "util/metrics.h"
#include "worker/log_httpd.h"

/* Raise the number when retained_t, memory_t, common_t, the nonce table, the ring of reads, the
 * meter or the metrics change their layout: a graceful restart into a new build must not find the
 * old one's. */
#define RETAINED_KEY "mod_dygw-shared-10"

/* How long what nothing asks for is kept: the longest life of a nonce. */
#define KEPT_US (2 * DYGW_MAX_SIGNATURE_WINDOW)

static const char *const mutex_names[DYGW_MUTEXES] = {
    "dygw-writer", "dygw-leader"
};

/* The locks outlive the tables that they are for. */
typedef struct common_t {
    dygw_lock_t cell_lock;
    dygw_lock_t nonces_lock;
    dygw_cell_t cell;
} common_t;

typedef struct nonces_t {
    apr_shm_t *shm;
    int entries;
    apr_time_t left_at;         /* since when no configuration has asked for it; 0: one does */
    struct nonces_t *next;
} nonces_t;

typedef struct memory_t {
    apr_shm_t *common;
    apr_shm_t *reads;
    apr_shm_t *meter;
    apr_shm_t *metrics;
    nonces_t *nonces;           /* of all sizes that are in use, or kept */
    apr_time_t left_at;         /* as above */
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

static int has_lapsed(apr_time_t left_at, apr_time_t now)
{
    return left_at && now - left_at > KEPT_US;
}

static void free_memory(memory_t *memory)
{
    nonces_t *table;

    for (table = memory->nonces; table; table = table->next) {
        apr_shm_destroy(table->shm);
    }
    apr_shm_destroy(memory->common);
    apr_shm_destroy(memory->reads);
    apr_shm_destroy(memory->meter);
    apr_shm_destroy(memory->metrics);
}

static void leave_nonces(memory_t *memory, apr_time_t now)
{
    nonces_t **link = &memory->nonces;

    while (*link) {
        nonces_t *table = *link;

        if (has_lapsed(table->left_at, now)) {
            *link = table->next;
            apr_shm_destroy(table->shm);
            continue;
        }
        if (!table->left_at) {
            table->left_at = now;
        }
        link = &table->next;
    }
}

/* All of them are left until the new configuration asks for them. */
static void leave_memories(server_rec *main_server, apr_time_t now)
{
    apr_hash_index_t *i;

    for (i = apr_hash_first(NULL, retained->memory); i; i = apr_hash_next(i)) {
        memory_t *memory = apr_hash_this_val(i);

        if (has_lapsed(memory->left_at, now)) {
            dygw_log_t log = dygw_log_of(main_server);

            dygw_reads_report(apr_shm_baseaddr_get(memory->reads), &log);
            apr_hash_set(retained->memory, apr_hash_this_key(i), APR_HASH_KEY_STRING, NULL);
            free_memory(memory);
            continue;
        }
        if (!memory->left_at) {
            memory->left_at = now;
        }
        leave_nonces(memory, now);
    }
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
    leave_memories(main_server, apr_time_now());
    for (i = 0; i < DYGW_MUTEXES && rv == APR_SUCCESS; i++) {
        if (!retained->mutexes[i]) {
            rv = ap_global_mutex_create(&retained->mutexes[i], NULL, mutex_names[i], NULL,
                                        main_server, pool, 0);
        }
    }
    return rv;
}

/* --- the memory of one gateway --- */

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

static apr_status_t make_metrics(memory_t *memory, apr_pool_t *pool)
{
    apr_status_t rv = apr_shm_create(&memory->metrics, dygw_metrics_size(), NULL, pool);

    if (rv == APR_SUCCESS) {
        dygw_metrics_format(apr_shm_baseaddr_get(memory->metrics));
    }
    return rv;
}

static apr_status_t make_memory(memory_t **made, const char *client_key, apr_pool_t *pool)
{
    memory_t *memory = *made = apr_pcalloc(pool, sizeof(*memory));
    apr_status_t rv = make_common(memory, pool);

    if (rv == APR_SUCCESS) {
        rv = make_reads(memory, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = make_meter(memory, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = make_metrics(memory, pool);
    }
    if (rv == APR_SUCCESS) {
        apr_hash_set(retained->memory, apr_pstrdup(pool, client_key), APR_HASH_KEY_STRING, memory);
    }
    return rv;
}

/* --- its tables of nonces --- */

static apr_status_t make_nonces(memory_t *memory, int entries, apr_pool_t *pool)
{
    nonces_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t rv = apr_shm_create(&made->shm, dygw_nonces_size(entries), NULL, pool);

    if (rv == APR_SUCCESS) {
        rv = dygw_nonces_format(apr_shm_baseaddr_get(made->shm), entries);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (memory->nonces) {
        dygw_nonces_follow(apr_shm_baseaddr_get(made->shm),
                           apr_shm_baseaddr_get(memory->nonces->shm));
    }
    made->entries = entries;
    made->next = memory->nonces;
    memory->nonces = made;
    return APR_SUCCESS;
}

static nonces_t *nonces_of(const memory_t *memory, int entries)
{
    nonces_t *table = memory->nonces;

    while (table && table->entries != entries) {
        table = table->next;
    }
    return table;
}

/* The addresses of all tables, that of the configured size first. */
static apr_array_header_t *addresses_of(const memory_t *memory, const nonces_t *used,
                                        apr_pool_t *pool)
{
    apr_array_header_t *tables = apr_array_make(pool, 1, sizeof(void *));
    const nonces_t *table;

    APR_ARRAY_PUSH(tables, void *) = apr_shm_baseaddr_get(used->shm);
    for (table = memory->nonces; table; table = table->next) {
        if (table != used) {
            APR_ARRAY_PUSH(tables, void *) = apr_shm_baseaddr_get(table->shm);
        }
    }
    return tables;
}

static apr_status_t use_nonces(apr_array_header_t **tables, memory_t *memory, int entries,
                               apr_pool_t *pconf, apr_pool_t *pool)
{
    nonces_t *used = nonces_of(memory, entries);
    apr_status_t rv = used ? APR_SUCCESS : make_nonces(memory, entries, pool);

    if (rv == APR_SUCCESS) {
        used = nonces_of(memory, entries);
        used->left_at = 0;
        *tables = addresses_of(memory, used, pconf);
    }
    return rv;
}

apr_status_t dygw_shared_get(const dygw_cfg_t *cfg, server_rec *server, dygw_shared_t *shared,
                             apr_pool_t *pconf)
{
    apr_pool_t *pool = server->process->pool;
    memory_t *memory = apr_hash_get(retained->memory, cfg->client_key, APR_HASH_KEY_STRING);
    apr_status_t rv = memory ? APR_SUCCESS : make_memory(&memory, cfg->client_key, pool);
    common_t *common;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    memory->left_at = 0;
    if (cfg->nonce_store == DYGW_NONCES_SHM) {
        rv = use_nonces(&shared->nonces, memory, cfg->nonce_entries, pconf, pool);
    }
    common = apr_shm_baseaddr_get(memory->common);
    shared->cell = &common->cell;
    shared->cell_lock = &common->cell_lock;
    shared->nonces_lock = &common->nonces_lock;
    shared->reads = apr_shm_baseaddr_get(memory->reads);
    shared->meter = apr_shm_baseaddr_get(memory->meter);
    shared->metrics = apr_shm_baseaddr_get(memory->metrics);
    return rv;
}

/* --- children --- */

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
