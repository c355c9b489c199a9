/* SPDX-License-Identifier: Apache-2.0
 * The reads of the access token on their way into the audit trail.
 *
 * An app can read the token while the database is away, and still every read gets into the audit
 * trail. Before the token is given, an entry is put into a ring in shared memory. The child with
 * the background thread of the host writes the entries of the ring each time it looks at the
 * database. When a child dies its entries stay in the ring, and a restart of httpd keeps the
 * memory. When the ring is full, because the database is away or reads come faster than the
 * background looks, a read writes the oldest entries of the ring together, or where somebody does
 * so already, its own entry; when that fails the read is refused.
 *
 * An entry leaves the ring only when it is known that it is committed. So an entry may be written
 * twice, also when two children write at once: the store recognises it by its id and content, and
 * keeps one.
 *
 * The children of a host end one by one. A child that is told to end first closes the ring for
 * itself, and then writes all entries of the ring. So no entry is left: the child that put it there
 * writes the ring later. Entries of children that were killed are written by the parent when it
 * ends. */
#include "gateway/apps/reads.h"

#include <stdatomic.h>

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "gateway/apps/audit.h"
#include "util/compiler.h"
#include "util/lock.h"

#define BATCH          256 /* entries in one commit; a multiple of the store's statement of 64 */
/* Who writes a batch tells the others. They do not wait for one that died meanwhile. */
#define WRITING_US     apr_time_from_sec(2)
#define TURN_US        apr_time_from_msec(100)
#define LOOK_US        apr_time_from_msec(2)
#define KEY_LEN        64
#define ADDRESS_LEN    63
#define REQUEST_ID_LEN 64

typedef struct entry_t {
    apr_int64_t id;
    dygw_ms_t at;
    apr_int64_t app_id;
    char client_key[KEY_LEN + 1];
    char address[ADDRESS_LEN + 1];
    char request_id[REQUEST_ID_LEN + 1];
} entry_t;

/* Entries are numbered from 0. Those from `written` to the one before `end` wait to be written. */
typedef struct ring_t {
    dygw_lock_t lock;
    apr_uint64_t written;
    _Atomic apr_uint64_t end; /* raised when the entry is complete: its child may die */
    apr_time_t writing_until; /* somebody writes a batch, by the steady clock; 0: nobody */
    entry_t entries[DYGW_READS_MAX];
} ring_t;

struct dygw_reads_t {
    ring_t *ring;
    _Atomic int closed; /* this child puts nothing in; set with the ring's lock held */
};

apr_size_t dygw_reads_size(void)
{
    return sizeof(ring_t);
}

apr_status_t dygw_reads_format(void *memory)
{
    ring_t *ring = memory;

    ring->written = 0;
    ring->writing_until = 0;
    atomic_init(&ring->end, 0);
    return dygw_lock_init(&ring->lock);
}

apr_status_t dygw_reads_attach(dygw_reads_t **reads, void *memory, apr_pool_t *pool)
{
    *reads = apr_pcalloc(pool, sizeof(**reads));
    (*reads)->ring = memory;
    return APR_SUCCESS;
}

/* --- putting entries in --- */

/* 0: the ring is full, or closed for this child. */
static int ring_put(dygw_reads_t *reads, const entry_t *entry)
{
    ring_t *ring = reads->ring;
    apr_uint64_t end;
    int done;

    dygw_lock_take(&ring->lock);
    end = atomic_load(&ring->end);
    done = !reads->closed && end - ring->written < DYGW_READS_MAX;
    if (done) {
        ring->entries[end % DYGW_READS_MAX] = *entry;
        atomic_store_explicit(&ring->end, end + 1, memory_order_release);
    }
    dygw_lock_release(&ring->lock);
    return done;
}

static void copy_clipped(char *to, const char *text, apr_size_t len)
{
    apr_cpystrn(to, text ? text : "", len + 1);
}

static const char *text_or_null(const char *text)
{
    return *text ? text : NULL;
}

static dygw_audit_entry_t audit_entry(const entry_t *e, apr_pool_t *pool)
{
    return (dygw_audit_entry_t){
        .id = e->id,
        .at = e->at,
        .action = "token.read",
        .actor = apr_pstrcat(pool, "app:", e->client_key, NULL),
        .target = apr_psprintf(pool, "app:%" APR_INT64_T_FMT, e->app_id),
        .address = text_or_null(e->address),
        .request_id = text_or_null(e->request_id),
    };
}

static apr_status_t insert_read(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const dygw_audit_entry_t entry = audit_entry(baton, dygw_db_pool(db));

    return dygw_store_audit_insert(db, &entry);
}

void dygw_reads_close(dygw_gateway_t *gateway)
{
    dygw_reads_t *reads = gateway->reads;

    if (reads) {
        dygw_lock_take(&reads->ring->lock);
        reads->closed = 1;
        dygw_lock_release(&reads->ring->lock);
    }
}

/* --- writing entries to the database --- */

typedef struct read_batch_t {
    apr_uint64_t from; /* the number of its first entry */
    int count;
    entry_t *entries;
} read_batch_t;

/* Copies the first entries that wait. */
static void ring_peek(ring_t *ring, read_batch_t *batch)
{
    apr_uint64_t next;

    dygw_lock_take(&ring->lock);
    batch->count = 0;
    batch->from = next = ring->written;
    while (batch->count < BATCH && next < atomic_load(&ring->end)) {
        batch->entries[batch->count++] = ring->entries[next++ % DYGW_READS_MAX];
    }
    dygw_lock_release(&ring->lock);
}

/* Removes the entries before `end`, which are in the database now. */
static void ring_drop(ring_t *ring, apr_uint64_t end)
{
    dygw_lock_take(&ring->lock);
    if (ring->written < end) {
        ring->written = end;
    }
    dygw_lock_release(&ring->lock);
}

/* A single one is a transaction by itself. */
static apr_status_t insert_batch(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const read_batch_t *batch = baton;
    dygw_audit_entry_t *entries;
    apr_status_t rv;
    int i;

    if (batch->count == 1) {
        return insert_read(ctx, db, batch->entries);
    }
    entries = apr_palloc(dygw_db_pool(db), (apr_size_t)batch->count * sizeof(*entries));
    for (i = 0; i < batch->count; i++) {
        entries[i] = audit_entry(&batch->entries[i], dygw_db_pool(db));
    }
    rv = dygw_db_begin(db);
    if (rv == APR_SUCCESS) {
        rv = dygw_store_audit_insert_many(db, entries, batch->count);
    }
    return rv == APR_SUCCESS ? dygw_db_commit(db) : rv;
}

static int ring_is_empty(ring_t *ring)
{
    int empty;

    dygw_lock_take(&ring->lock);
    empty = ring->written == atomic_load(&ring->end);
    dygw_lock_release(&ring->lock);
    return empty;
}

/* --- one writer at a time, as a rule: two would write the same entries --- */

/* Returns what ends it; 0: somebody else writes. Forced: he is not heeded. */
static apr_time_t begin_writing(ring_t *ring, int forced)
{
    apr_time_t now = dygw_steady_now();
    apr_time_t until = 0;

    dygw_lock_take(&ring->lock);
    if (forced || ring->writing_until <= now || ring->writing_until > now + WRITING_US) {
        ring->writing_until = until = now + WRITING_US;
    }
    dygw_lock_release(&ring->lock);
    return until;
}

static void end_writing(ring_t *ring, apr_time_t until)
{
    dygw_lock_take(&ring->lock);
    if (ring->writing_until == until) {
        ring->writing_until = 0;
    }
    dygw_lock_release(&ring->lock);
}

static apr_time_t await_turn(ring_t *ring)
{
    apr_time_t deadline = dygw_steady_now() + TURN_US;
    apr_time_t until;

    while ((until = begin_writing(ring, 0)) == 0 && dygw_steady_now() < deadline) {
        apr_sleep(LOOK_US);
    }
    return until ? until : begin_writing(ring, 1);
}

static apr_status_t write_batch(const dygw_ctx_t *ctx, read_batch_t *batch)
{
    ring_t *ring = ctx->gateway->reads->ring;
    apr_status_t rv = APR_SUCCESS;

    ring_peek(ring, batch);
    if (batch->count > 0) {
        rv = dygw_db_work(ctx, insert_batch, batch, DYGW_DB_ONCE);
    }
    if (rv == APR_SUCCESS) {
        ring_drop(ring, batch->from + (apr_uint64_t)batch->count);
    }
    return rv;
}

apr_status_t dygw_reads_flush(const dygw_ctx_t *ctx, apr_interval_time_t patience)
{
    ring_t *ring = ctx->gateway->reads ? ctx->gateway->reads->ring : NULL;
    apr_time_t deadline = dygw_steady_now() + patience;
    read_batch_t batch;
    apr_time_t until;
    apr_status_t rv;

    if (!ring || ring_is_empty(ring)) {
        return APR_SUCCESS;
    }
    batch.entries = apr_palloc(ctx->pool, BATCH * sizeof(*batch.entries));
    do {
        until = await_turn(ring);
        rv = write_batch(ctx, &batch);
        end_writing(ring, until);
    } while (rv == APR_SUCCESS && batch.count == BATCH && dygw_steady_now() < deadline);
    return rv;
}

/* --- a read --- */

/* The ring takes nothing more of this child now. What makes room is no dearer than an entry of its
 * own in a commit of its own, and there is room for many reads then. */
static apr_status_t record_at_once(const dygw_ctx_t *ctx, entry_t *entry)
{
    dygw_reads_t *reads = ctx->gateway->reads;
    apr_time_t until = reads && !reads->closed ? begin_writing(reads->ring, 0) : 0;
    read_batch_t batch;
    apr_status_t rv;

    if (until) {
        batch.entries = apr_palloc(ctx->pool, BATCH * sizeof(*batch.entries));
        rv = write_batch(ctx, &batch);
        end_writing(reads->ring, until);
        if (rv != APR_SUCCESS || ring_put(reads, entry)) {
            return rv;
        }
    }
    return dygw_db_work(ctx, insert_read, entry, DYGW_DB_ONCE);
}

void dygw_reads_record(const dygw_ctx_t *ctx, const dygw_known_app_t *app, const char *address,
                       dygw_result_t *out)
{
    dygw_audit_entry_t filled = { 0 };
    dygw_actor_t actor = { NULL, address, ctx->log->request_id };
    entry_t entry = { .app_id = app->id };

    if (app->id == 0) {
        dygw_explain_database(out); /* the entry would not say whose app it is */
        return;
    }
    dygw_audit_fill(ctx->gateway, &actor, &filled);
    entry.id = filled.id;
    entry.at = filled.at;
    copy_clipped(entry.client_key, app->client_key, KEY_LEN);
    copy_clipped(entry.address, address, ADDRESS_LEN);
    copy_clipped(entry.request_id, ctx->log->request_id, REQUEST_ID_LEN);
    if ((!ctx->gateway->reads || !ring_put(ctx->gateway->reads, &entry))
        && record_at_once(ctx, &entry) != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

void dygw_reads_report(void *memory, const dygw_log_t *log)
{
    ring_t *ring = memory;
    apr_uint64_t i;

    for (i = ring->written; i < atomic_load(&ring->end); i++) {
        const entry_t *e = &ring->entries[i % DYGW_READS_MAX];
        char at[DYGW_RFC3339_LEN + 1];

        dygw_time_rfc3339_into(at, e->at);
        dygw_log(log, ERR, 0,
                 DYGWNO(0490) "not in the audit trail, because the database was away until the "
                              "end: app %" APR_INT64_T_FMT " (%s) read the token at %s from %s, "
                              "request %s",
                 e->app_id, e->client_key, at, e->address, e->request_id);
    }
}
