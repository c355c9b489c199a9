/* SPDX-License-Identifier: Apache-2.0
 * Where connections to the database come from, and what kind of database it is. */
#ifndef DYGW_STORE_DB_SOURCE_H
#define DYGW_STORE_DB_SOURCE_H

#include <apr_dbd.h>
#include <apr_hash.h>
#include <apr_pools.h>

#include "util/clock.h"
#include "util/metrics.h"

typedef enum { DYGW_SQLITE3, DYGW_PGSQL, DYGW_MYSQL, DYGW_DIALECTS } dygw_dialect_e;

/* What mod_dbd calls ap_dbd_t: the library knows no httpd header. */
typedef struct dygw_dbd_t {
    apr_dbd_t *handle;
    const apr_dbd_driver_t *driver;
    apr_hash_t *prepared; /* of the connection; its pool and all in it go before the connection */
    void *impl;           /* the opener's */
} dygw_dbd_t;

typedef struct dygw_guard_t dygw_guard_t; /* store/db/guard.h */
typedef struct dygw_wait_t dygw_wait_t;

/* How writing goes. */
typedef enum {
    DYGW_WRITES_WORK,
    DYGW_WRITES_READONLY, /* the database says that it may only be read */
    DYGW_WRITES_FAIL      /* a full disk and the like */
} dygw_db_writes_e;

/* What the children of a host tell each other of their database, in shared memory. Times are those
 * of dygw_steady_now. */
typedef struct dygw_db_shared_t {
    _Atomic apr_int64_t refused_at;  /* when a connection could not be made, or somebody began to
                                     * try again; 0: the last try did make one */
    _Atomic apr_int64_t refused_try; /* when the last try began that made none */
    _Atomic int failed_as;           /* the last failure that says why nothing can be written: a
                                     * dygw_db_writes_e, */
    _Atomic apr_int64_t failed_at;   /* and when that was */
    _Atomic apr_uint32_t failures;   /* how many writes have failed, for whatever reason */
    _Atomic int tested_as;           /* what the background's last test of writing came to */
} dygw_db_shared_t;

/* Where connections come from, one per virtual host. The glue points it at mod_dbd, tests at
 * apr_dbd. */
typedef struct dygw_db_source_t {
    dygw_dialect_e dialect;
    int max_opens; /* how often open may be tried when it gives nothing: pooled connections + 1 */
    apr_status_t (*open)(void *baton, apr_pool_t *pool, dygw_dbd_t *dbd);
    void (*close)(void *baton, dygw_dbd_t *dbd);
    /* Makes a connection beside all others and ends it: can any be made at all? NULL: not known
     * before open is tried. */
    apr_status_t (*knock)(void *baton, apr_pool_t *pool);
    /* One writer at a time on this host: needed by SQLite only, both NULL elsewhere. */
    apr_status_t (*lock_writer)(void *baton);
    void (*unlock_writer)(void *baton);
    void *baton;
    const char *application;       /* of Douyin: a database of another is refused; NULL: none is */
    dygw_guard_t *guard;           /* NULL: one thread alone uses the source */
    dygw_db_shared_t *shared;      /* NULL: nobody else is told */
    apr_uint32_t repairs;          /* statements that had to be prepared anew; atomic */
    const dygw_metrics_t *metrics; /* NULL: nothing is counted */
} dygw_db_source_t;

typedef struct dygw_db_t dygw_db_t;     /* store/db/db.h */
typedef struct dygw_stmt_t dygw_stmt_t; /* store/db/catalogue.h */

/* "sqlite3", "pgsql", "mysql" as DBDriver spells them; APR_ENOTIMPL for any other. */
apr_status_t dygw_dialect_of(const char *driver, dygw_dialect_e *dialect);
const char *dygw_dialect_word(dygw_dialect_e dialect);

#endif
