/* SPDX-License-Identifier: Apache-2.0
 * The gateway: what one Douyin application needs to redeem coupons, and the promises. Knows
 * coupons; knows neither HTTP nor SQL. One a virtual host and child, shared by its threads. */
#ifndef DYGW_GATEWAY_GATEWAY_H
#define DYGW_GATEWAY_GATEWAY_H

#include <apr_pools.h>

#include "douyin/douyin.h"
#include "store/app.h"
#include "store/db/db.h"
#include "store/verification/verification.h"
#include "util/crypto.h"
#include "util/metrics.h"

/* Why a call came to nothing; the contract's `code`. process/code.c knows each HTTP status. */
typedef enum {
    DYGW_OK,
    DYGW_INVALID_JSON, DYGW_INVALID_REQUEST,
    DYGW_MISSING_CREDENTIALS, DYGW_INVALID_CREDENTIALS, DYGW_STALE_TIMESTAMP, DYGW_REPLAYED_NONCE,
    DYGW_OPERATOR_REQUIRED,
    DYGW_APP_DISABLED_ERROR, DYGW_TOKEN_READ_FORBIDDEN, DYGW_STORE_FORBIDDEN,
    DYGW_NOT_FOUND, DYGW_METHOD_NOT_ALLOWED,
    DYGW_REQUEST_IN_PROGRESS, DYGW_CONFLICT, DYGW_NOT_ENOUGH_COUPONS,
    DYGW_BODY_TOO_LARGE, DYGW_UNSUPPORTED_MEDIA_TYPE,
    DYGW_IDEMPOTENCY_KEY_REUSED, DYGW_RATE_LIMITED,
    DYGW_INTERNAL_ERROR,
    DYGW_UPSTREAM_REFUSED, DYGW_UPSTREAM_ERROR,
    DYGW_DATABASE_UNAVAILABLE, DYGW_TOKEN_UNAVAILABLE, DYGW_UPSTREAM_UNAVAILABLE,
    DYGW_NONCE_STORE_FULL,
    DYGW_UPSTREAM_TIMEOUT
} dygw_code_e;

/* How a call ended: the same object feeds the reply, the log and the record. Zeroed = DYGW_OK. */
typedef struct dygw_result_t {
    dygw_code_e code;
    const char *message;        /* for the caller: what is wrong, what to do; no secret */
    const char *field;          /* NULL, or the field that is wrong */
    int retry_after;            /* s; 0 = none */
    int available;              /* with DYGW_NOT_ENOUGH_COUPONS: how many there are */
    int upstream_spoke;         /* the error body has `douyin`: reply, or null when reply is NULL */
    const dygw_reply_t *reply;  /* Douyin's own words, NULL when none */
} dygw_result_t;

/* What all children of a host share; the glue keeps it in shared memory. Read and written between
 * dygw_host_lock and dygw_host_unlock, but the atomic members at any time. */
#define DYGW_TOKEN_MAX 1024
typedef struct dygw_host_t {
    apr_int64_t token_version;      /* 0 = never had one */
    dygw_ms_t token_obtained_at;
    dygw_ms_t token_expires_at;
    int token_refused;              /* Douyin refused this version, and no newer one is there yet */
    char token[DYGW_TOKEN_MAX];     /* NUL ended; empty = none held */
    dygw_ms_t renew_pause_until;    /* a renewal came to nothing: no other before then */
    dygw_ms_t rejected_at;          /* when a reader's ?rejected= led to a renewal last */
    _Atomic apr_int64_t apps_version;   /* of the table, as the host saw it last, */
    _Atomic dygw_ms_t apps_seen_at;     /* and when it asked for that; 0 = never */
    _Atomic apr_int64_t apps_changes;   /* made on this host, which need not wait for that */
    _Atomic apr_int64_t last_id;        /* newest verification id given out on this host */
    /* what /health says, as the host's last look at the database found it */
    dygw_ms_t tick_at;              /* 0 = never */
    _Atomic int database_state;     /* dygw_database_state_e */
    _Atomic apr_int64_t work;       /* counts what requests of this host left to the background */
    dygw_ms_t lease_renewed_at;     /* by any host, on this host's clock; 0 = never */
    dygw_ms_t diagnosed_at;         /* when a diagnosis began last; 0 = never */
} dygw_host_t;

typedef enum { DYGW_DB_OK, DYGW_DB_UNREACHABLE, DYGW_DB_SCHEMA } dygw_database_state_e;

typedef struct dygw_reads_t dygw_reads_t;       /* gateway/apps/reads.h */
typedef struct dygw_meter_t dygw_meter_t;       /* gateway/apps/meter.h */

typedef struct dygw_gateway_t {
    const char *client_key;             /* Douyin's application */
    const char *account_id;             /* NULL = none configured */
    apr_interval_time_t upstream_timeout;   /* us: of one upstream call */
    apr_interval_time_t enrich_first;   /* us: first pause between tries to enrich, */
    apr_interval_time_t enrich_max;     /* to which it grows, */
    apr_interval_time_t enrich_give_up; /* and when it is given up */
    int order_rate;                     /* order queries a second; 0 = no limit */
    int rate_per_second;                /* requests of each app; 0 = no limit */
    int rate_burst;                     /* that may come at once */
    int use_cancel_token;               /* cancel_token is sent with cancels */
    apr_interval_time_t retention;      /* us: older records are removed; 0 = never */
    int time_zone;                      /* minutes east: whose days are business days */
    dygw_db_source_t *db;
    dygw_douyin_t *douyin;
    const dygw_seal_t *seal;
    dygw_host_t *host;                  /* shared; see host.h */
    void (*lock_host)(void *baton);
    void (*unlock_host)(void *baton);
    void *host_baton;
    dygw_reads_t *reads;                /* shared, see reads.h; NULL = each is written at once */
    dygw_meter_t *meter;                /* shared, see meter.h */
    const dygw_metrics_t *metrics;      /* shared, see util/metrics.h; NULL: nothing is counted */
    const char *owner;                  /* names this child in leases and claims */
} dygw_gateway_t;

/* What every piece of work needs. All of it is set, and outlives the work; results come from
 * pool. */
typedef struct dygw_ctx_t {
    dygw_gateway_t *gateway;
    const dygw_log_t *log;
    apr_pool_t *pool;
} dygw_ctx_t;

/* The same work, with a pool of a shorter life. */
static inline dygw_ctx_t dygw_ctx_with_pool(const dygw_ctx_t *ctx, apr_pool_t *pool)
{
    return (dygw_ctx_t){ ctx->gateway, ctx->log, pool };
}

#endif
