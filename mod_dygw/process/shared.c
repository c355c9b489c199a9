/* SPDX-License-Identifier: Apache-2.0
 * Shared memory and mutexes.
 *
 * Children of two generations run side by side during a graceful restart, and a nonce that one
 * child has spent must be refused by the others. So the memory and the mutexes that guard it belong
 * to the process pool, and are found again through httpd's retained data: the module itself is
 * unloaded and loaded anew at each restart.
 *
 * The next generation may be another build. So each gateway's memory is a list of segments, each
 * with a name that says what is in it and how it is laid out: a build finds what it knows, and
 * makes anew only what it has in another layout.
 *
 * A segment that a new configuration does not ask for is kept, until the last nonce in it is worth
 * nothing: the generation before still uses it, and the configuration may come back. The first
 * restart after that time frees the segment, and keeps the few bytes here that describe it.
 * Segments are allocated in the process pool itself: a sub-pool of it would go before pconf, whose
 * end still needs them. */
#include "process/shared.h"

#include <http_core.h>
#include <util_mutex.h>

#include <apr_hash.h>
#include <apr_shm.h>
#include <apr_strings.h>

#include "layouts.inc"
#include "gateway/apps/meter.h"
#include "gateway/apps/reads.h"
#include "process/log.h"
#include "process/nonce.h"
#include "process/series.h"
#include "util/log.h"
#include "util/metrics.h"

/* What another build finds: lists of what is named. Should these three structures ever change,
 * raise the number; nothing that is shared outlives a restart into that build. */
#define RETAINED_KEY "mod_dygw-shared-10"

/* How long what nothing asks for is kept: the longest life of a nonce. */
#define KEPT_US (2 * DYGW_MAX_SIGNATURE_WINDOW)

static const char *const mutex_names[DYGW_MUTEXES] = {
    "dygw-writer",
    "dygw-leader",
};

typedef struct segment_t {
    const char *name;
    apr_shm_t *shm;
    apr_time_t left_at; /* since when no configuration has asked for it; 0: one does */
    struct segment_t *next;
} segment_t;

typedef struct memory_t {
    segment_t *segments; /* the newest first */
} memory_t;

typedef struct retained_t {
    apr_hash_t *mutexes;  /* name -> apr_global_mutex_t */
    apr_hash_t *memories; /* Douyin client_key -> memory_t */
} retained_t;

/* Found again after each load of the module; the children inherit it. */
static retained_t *retained;
static apr_global_mutex_t *mutexes[DYGW_MUTEXES];

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

/* --- segments --- */

/* A gateway that asks for its memory. */
typedef struct asking_t {
    memory_t *memory;
    apr_pool_t *pool; /* the process's */
    apr_pool_t *pconf;
    apr_status_t rv; /* the first thing that went wrong */
} asking_t;

typedef apr_status_t format_fn(void *memory);

static const char *name_of(const char *content, apr_size_t size, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s %" APR_SIZE_T_FMT, content, size);
}

static segment_t *find_segment(const memory_t *memory, const char *name)
{
    segment_t *segment = memory->segments;

    while (segment && strcmp(segment->name, name) != 0) {
        segment = segment->next;
    }
    return segment;
}

static apr_status_t make_segment(segment_t **made, const char *name, apr_size_t size,
                                 apr_pool_t *pool)
{
    *made = apr_pcalloc(pool, sizeof(**made));
    (*made)->name = apr_pstrdup(pool, name);
    return apr_shm_create(&(*made)->shm, size, NULL, pool);
}

static void add_segment(memory_t *memory, segment_t *segment)
{
    segment->next = memory->segments;
    memory->segments = segment;
}

/* What is there under that name, or is made and formatted now; NULL once something went wrong. */
static void *use_segment(asking_t *asking, const char *content, apr_size_t size, format_fn *format)
{
    const char *name = name_of(content, size, asking->pconf);
    segment_t *segment = find_segment(asking->memory, name);

    if (asking->rv != APR_SUCCESS) {
        return NULL;
    }
    if (!segment) {
        asking->rv = make_segment(&segment, name, size, asking->pool);
        if (asking->rv == APR_SUCCESS) {
            asking->rv = format(apr_shm_baseaddr_get(segment->shm));
        }
        if (asking->rv != APR_SUCCESS) {
            return NULL;
        }
        add_segment(asking->memory, segment);
    }
    segment->left_at = 0;
    return apr_shm_baseaddr_get(segment->shm);
}

/* --- what is in them --- */

/* No number has to be raised: the names have hashes of the structures (build/embed-layouts) and the
 * sizes, that of the metrics the list of their series, too. What changes begins anew, alone. The
 * lock of the tables of nonces is a segment of its own: it is for all of them. */
#define HOST    "host-" DYGW_LAYOUT_HOST
#define LOCK    "nonces-lock-" DYGW_LAYOUT_LOCK
#define READS   "reads-" DYGW_LAYOUT_READS
#define METER   "meter-" DYGW_LAYOUT_METER
#define METRICS "metrics-" DYGW_LAYOUT_METRICS "-"

typedef struct host_t {
    dygw_lock_t lock;
    dygw_host_t host;
} host_t;

static apr_status_t format_host(void *memory)
{
    host_t *host = memory;

    memset((void *)host, 0, sizeof(*host));
    return dygw_lock_init(&host->lock);
}

static apr_status_t format_lock(void *memory)
{
    return dygw_lock_init(memory);
}

static apr_status_t format_metrics(void *memory)
{
    dygw_metrics_format(memory);
    return APR_SUCCESS;
}

/* --- the tables of nonces --- */

/* What the names of all tables begin with that we can read. */
static const char *nonces_name(apr_pool_t *pool)
{
    return apr_pstrcat(pool, "nonces-", dygw_nonces_layout(pool), " ", NULL);
}

/* The next of them. */
static segment_t *next_nonces(segment_t *segment, const char *begin)
{
    while (segment && strncmp(segment->name, begin, strlen(begin)) != 0) {
        segment = segment->next;
    }
    return segment;
}

static apr_status_t make_nonces(asking_t *asking, const char *name, int entries)
{
    const segment_t *before = next_nonces(asking->memory->segments, nonces_name(asking->pconf));
    segment_t *made;
    apr_status_t rv = make_segment(&made, name, dygw_nonces_size(entries), asking->pool);

    if (rv == APR_SUCCESS) {
        rv = dygw_nonces_format(apr_shm_baseaddr_get(made->shm), entries);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (before) {
        dygw_nonces_follow(apr_shm_baseaddr_get(made->shm), apr_shm_baseaddr_get(before->shm));
    }
    add_segment(asking->memory, made);
    return APR_SUCCESS;
}

/* The addresses of all tables, that of the configured size first. */
static apr_array_header_t *addresses_of(const memory_t *memory, const segment_t *used,
                                        apr_pool_t *pool)
{
    apr_array_header_t *tables = apr_array_make(pool, 1, sizeof(void *));
    const char *begin = nonces_name(pool);
    segment_t *segment;

    APR_ARRAY_PUSH(tables, void *) = apr_shm_baseaddr_get(used->shm);
    for (segment = next_nonces(memory->segments, begin); segment;
         segment = next_nonces(segment->next, begin)) {
        if (segment != used) {
            APR_ARRAY_PUSH(tables, void *) = apr_shm_baseaddr_get(segment->shm);
        }
    }
    return tables;
}

static apr_array_header_t *use_nonces(asking_t *asking, int entries)
{
    const char *name = apr_psprintf(asking->pconf, "%s%d", nonces_name(asking->pconf), entries);
    segment_t *used;

    if (asking->rv == APR_SUCCESS && !find_segment(asking->memory, name)) {
        asking->rv = make_nonces(asking, name, entries);
    }
    if (asking->rv != APR_SUCCESS) {
        return NULL;
    }
    used = find_segment(asking->memory, name);
    used->left_at = 0;
    return addresses_of(asking->memory, used, asking->pconf);
}

/* --- one gateway's --- */

static memory_t *memory_of(const char *client_key, apr_pool_t *pool)
{
    memory_t *memory = apr_hash_get(retained->memories, client_key, APR_HASH_KEY_STRING);

    if (!memory) {
        memory = apr_pcalloc(pool, sizeof(*memory));
        apr_hash_set(retained->memories, apr_pstrdup(pool, client_key), APR_HASH_KEY_STRING,
                     memory);
    }
    return memory;
}

apr_status_t dygw_shared_get(const dygw_cfg_t *cfg, server_rec *server, dygw_shared_t *shared,
                             apr_pool_t *pconf)
{
    apr_pool_t *pool = server->process->pool;
    asking_t asking = { memory_of(cfg->client_key, pool), pool, pconf, APR_SUCCESS };
    const char *metrics = apr_pstrcat(pconf, METRICS, dygw_series_identity(pconf), NULL);
    host_t *host = use_segment(&asking, HOST, sizeof(*host), format_host);

    shared->host = host ? &host->host : NULL;
    shared->host_lock = host ? &host->lock : NULL;
    shared->nonces_lock = use_segment(&asking, LOCK, sizeof(dygw_lock_t), format_lock);
    shared->reads = use_segment(&asking, READS, dygw_reads_size(), dygw_reads_format);
    shared->meter = use_segment(&asking, METER, dygw_meter_size(), dygw_meter_format);
    shared->metrics = use_segment(&asking, metrics, dygw_metrics_size(), format_metrics);
    if (cfg->nonce_store == DYGW_NONCES_SHM) {
        shared->nonces = use_nonces(&asking, cfg->nonce_entries);
    }
    return asking.rv;
}

/* --- what is left --- */

static int has_lapsed(apr_time_t left_at, apr_time_t now)
{
    return left_at && now - left_at > KEPT_US;
}

static void free_segment(const segment_t *segment, server_rec *main_server)
{
    const char *reads = name_of(READS, dygw_reads_size(), main_server->process->pconf);

    if (strcmp(segment->name, reads) == 0) {
        dygw_log_t log = dygw_log_of(main_server);

        dygw_reads_report(apr_shm_baseaddr_get(segment->shm), &log);
    }
    apr_shm_destroy(segment->shm);
}

static void leave_memory(memory_t *memory, server_rec *main_server, apr_time_t now)
{
    segment_t **link = &memory->segments;

    while (*link) {
        segment_t *segment = *link;

        if (has_lapsed(segment->left_at, now)) {
            *link = segment->next;
            free_segment(segment, main_server);
            continue;
        }
        if (!segment->left_at) {
            segment->left_at = now;
        }
        link = &segment->next;
    }
}

/* All of them are left until the new configuration asks for them. */
static void leave_memories(server_rec *main_server, apr_time_t now)
{
    apr_hash_index_t *i;

    for (i = apr_hash_first(NULL, retained->memories); i; i = apr_hash_next(i)) {
        leave_memory(apr_hash_this_val(i), main_server, now);
    }
}

/* --- the start of a generation --- */

static apr_status_t get_mutex(int which, server_rec *main_server)
{
    const char *name = mutex_names[which];
    apr_pool_t *pool = main_server->process->pool;
    apr_status_t rv;

    mutexes[which] = apr_hash_get(retained->mutexes, name, APR_HASH_KEY_STRING);
    if (mutexes[which]) {
        return APR_SUCCESS;
    }
    rv = ap_global_mutex_create(&mutexes[which], NULL, name, NULL, main_server, pool, 0);
    if (rv == APR_SUCCESS) {
        apr_hash_set(retained->mutexes, apr_pstrdup(pool, name), APR_HASH_KEY_STRING,
                     mutexes[which]);
    }
    return rv;
}

apr_status_t dygw_shared_prepare(server_rec *main_server)
{
    apr_pool_t *pool = main_server->process->pool;
    apr_status_t rv = APR_SUCCESS;
    int i;

    retained = ap_retained_data_get(RETAINED_KEY);
    if (!retained) {
        retained = ap_retained_data_create(RETAINED_KEY, sizeof(*retained));
        retained->mutexes = apr_hash_make(pool);
        retained->memories = apr_hash_make(pool);
    }
    leave_memories(main_server, apr_time_now());
    for (i = 0; i < DYGW_MUTEXES && rv == APR_SUCCESS; i++) {
        rv = get_mutex(i, main_server);
    }
    return rv;
}

/* --- children --- */

apr_status_t dygw_shared_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < DYGW_MUTEXES && rv == APR_SUCCESS; i++) {
        apr_global_mutex_t **mutex = &mutexes[i];

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
    return mutexes[which];
}
