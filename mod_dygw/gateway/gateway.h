/* SPDX-License-Identifier: Apache-2.0
 * The gateway: what one Douyin application needs to redeem coupons, and to keep what the API
 * promises. gateway/ knows coupons; it knows neither HTTP nor SQL. Each child of httpd has one
 * gateway for each virtual host, which all threads of the child share.
 *
 * The top of gateway/ has what several of its rooms use: the gateway itself, the host's state
 * (host.h), what httpd.conf declares (declared.h), the merchants' accounts (account.h), units of
 * work (db_work.h), the access token (token.h), calls to Douyin (ask.h), a redeem request
 * (redemption.h), what Douyin's answers make of its verifications (record.h), and whether a coupon
 * may be used now (usable.h).
 * It may call store/, douyin/ and util/, and no room below it. Each of those rooms may call the
 * top and what the top may call; redeem/, settle/, reports/ and diagnosis/ call one other room
 * besides, see build/guards. */
#ifndef DYGW_GATEWAY_GATEWAY_H
#define DYGW_GATEWAY_GATEWAY_H

#include <apr_pools.h>

#include "douyin/douyin.h"
#include "gateway/declared.h"
#include "store/app.h"
#include "store/db/db.h"
#include "store/verification/verification.h"
#include "util/crypto.h"
#include "util/metrics.h"

/* Why a call failed: the `code` of the API's errors. process/code.c has the HTTP status of each. A
 * new one comes last: what was counted before a reload stays the others'. */
typedef enum {
    DYGW_OK,
    DYGW_INVALID_JSON,
    DYGW_INVALID_REQUEST,
    DYGW_MISSING_CREDENTIALS,
    DYGW_INVALID_CREDENTIALS,
    DYGW_STALE_TIMESTAMP,
    DYGW_REPLAYED_NONCE,
    DYGW_OPERATOR_REQUIRED,
    DYGW_APP_DISABLED_ERROR,
    DYGW_TOKEN_READ_FORBIDDEN,
    DYGW_STORE_FORBIDDEN,
    DYGW_NOT_FOUND,
    DYGW_METHOD_NOT_ALLOWED,
    DYGW_REQUEST_IN_PROGRESS,
    DYGW_CONFLICT,
    DYGW_NOT_ENOUGH_COUPONS,
    DYGW_BODY_TOO_LARGE,
    DYGW_UNSUPPORTED_MEDIA_TYPE,
    DYGW_IDEMPOTENCY_KEY_REUSED,
    DYGW_RATE_LIMITED,
    DYGW_INTERNAL_ERROR,
    DYGW_UPSTREAM_REFUSED,
    DYGW_UPSTREAM_ERROR,
    DYGW_DATABASE_UNAVAILABLE,
    DYGW_TOKEN_UNAVAILABLE,
    DYGW_KEY_UNAVAILABLE,
    DYGW_UPSTREAM_UNAVAILABLE,
    DYGW_NONCE_STORE_FULL,
    DYGW_UPSTREAM_TIMEOUT,
    DYGW_FORBIDDEN, /* by httpd itself */
    DYGW_APP_DECLARED
} dygw_code_e;

/* How a call of the gateway ended, for the reply to the caller. A result of zeros is DYGW_OK. */
typedef struct dygw_result_t {
    dygw_code_e code;
    const char *message;       /* for the caller: what is wrong, what to do; has no secret */
    const char *field;         /* NULL, or the field that is wrong */
    const char *reason;        /* why, as a word of reasons.h, where the code does not tell; NULL:
                                * it does, or nothing does */
    int retry_after;           /* s; 0 = none */
    int available;             /* with DYGW_NOT_ENOUGH_COUPONS: how many coupons there are */
    int upstream_spoke;        /* the body of the error has the member `douyin`: what `reply`
                                * says, null when `reply` is NULL */
    const dygw_reply_t *reply; /* what Douyin answered; NULL: nothing to show */
} dygw_result_t;

/* The host's state: what all children of a host share. The glue keeps it in shared memory. Its
 * atomic members are read and written at any time, all others only between dygw_host_lock and
 * dygw_host_unlock. */
#define DYGW_TOKEN_MAX     1024
#define DYGW_CLOSED_APPS   8 /* that are named */
#define DYGW_APP_LABEL_MAX 64
#define DYGW_STALE_KEPT    16
typedef struct dygw_host_t {
    apr_int64_t token_version; /* 0 = there has never been a token */
    dygw_ms_t token_obtained_at;
    dygw_ms_t token_expires_at;
    int token_refused;           /* Douyin refused this version, and there is no newer one yet */
    char token[DYGW_TOKEN_MAX];  /* ends with NUL; empty = the host holds no token */
    dygw_ms_t renew_pause_until; /* a renewal has failed: this host tries none before then */
    dygw_ms_t rejected_at;       /* when an app's ?rejected= last led to a renewal */
    _Atomic apr_int64_t apps_version; /* the apps version that this host last read from the
                                       * database */
    _Atomic dygw_ms_t apps_seen_at;   /* when the host began to read that version; 0 = never */
    _Atomic apr_int64_t apps_changes; /* how many changes of apps were made on this host: they
                                       * count here before the version is read again */
    _Atomic apr_int64_t last_id;      /* newest verification id given out on this host */
    /* What /health says, as the background of this host found it last. */
    apr_time_t tick_at;            /* when it looked at the database, by the steady clock;
                                 * 0 = never */
    _Atomic int database_state;    /* a dygw_database_state_e */
    _Atomic apr_int64_t work;      /* raised when a request of this host leaves work to the
                                 * background */
    dygw_ms_t lease_renewed_at;    /* when any host renewed the background's lease, by this host's
                                 * clock; 0 = never */
    dygw_ms_t diagnosed_at;        /* when the last diagnosis began; 0 = never */
    dygw_db_shared_t database;     /* without the lock */
    _Atomic apr_int64_t key_tried; /* what came of trying which master key, see host.c; 0: none
                                    * was tried */
    int closed_count;              /* apps whose secret does not open with it */
    char closed_apps[DYGW_CLOSED_APPS][DYGW_APP_LABEL_MAX + 1]; /* the first of them */
    _Atomic apr_int64_t sales_refused; /* the error_code with which Douyin refuses to tell what
                                        * becomes of refunds, as the log has it; 0: none */
    _Atomic apr_int64_t upstream_seen; /* what answers for Douyin, see douyin/client.c */
    apr_time_t lease_seen_at;          /* when it last found that lease renewed in time, by the
                                 * steady clock */
    _Atomic dygw_ms_t clock_wrong;     /* how far this host's clock is ahead of Douyin's, where
                                    * that is too much; 0 = it is not, or nobody knows */
    /* What was seen of other clocks last, see dygw_clock_seen_t. */
    struct {
        _Atomic dygw_ms_t ahead;
        _Atomic apr_time_t at;
        _Atomic int doubted; /* it has to be heard anew before it tells that ours is wrong */
    } clocks[DYGW_CLOCKS];
    _Atomic int generation;    /* the latest whose background has begun, see dygw_gateway_t */
    _Atomic apr_int64_t stale; /* requests with a stale timestamp, and */
    _Atomic apr_int64_t stale_off[DYGW_STALE_KEPT]; /* how far the last ones were ahead, s */
} dygw_host_t;

typedef enum {
    DYGW_DB_OK,
    DYGW_DB_UNREACHABLE,
    /* The others are certain, so that no request needs to try (dygw_host_is_shut). */
    DYGW_DB_SCHEMA,  /* tables are missing */
    DYGW_DB_FOREIGN, /* another Douyin application's */
    DYGW_DB_FILES,   /* SQLite: the User may not work with the file or its directory */
    DYGW_DB_DAMAGED, /* SQLite: the file is damaged, or is no database */
    DYGW_DB_STATES
} dygw_database_state_e;

typedef enum { DYGW_KEY_NOT_TRIED, DYGW_KEY_OPENS, DYGW_KEY_WRONG } dygw_key_state_e;

typedef struct dygw_reads_t dygw_reads_t; /* gateway/apps/reads.h */
typedef struct dygw_meter_t dygw_meter_t; /* gateway/apps/meter.h */
typedef struct dygw_share_t dygw_share_t; /* gateway/share.h */

typedef struct dygw_gateway_t {
    const char *client_key;               /* of the application at Douyin */
    const char *account_id;               /* Douyin's merchant account of stores that declare none;
                                           * NULL = not configured. See account.h */
    const dygw_declared_t *declared;      /* apps and stores of httpd.conf; NULL = none */
    apr_interval_time_t upstream_timeout; /* us: of one upstream call */
    apr_interval_time_t enrich_first;     /* us: the first pause between tries to enrich */
    apr_interval_time_t enrich_max;       /* us: the longest pause, pauses grow to this */
    apr_interval_time_t enrich_give_up;   /* us: enriching is given up after this time */
    int order_rate;                       /* order queries a second; 0 = no limit */
    int rate_per_second;                  /* requests a second of each app; 0 = no limit */
    int rate_burst;                       /* how many requests of an app may come at once */
    int use_cancel_token;                 /* a cancel is sent with a cancel_token */
    apr_interval_time_t retention;        /* us: older verifications are removed; 0 = never */
    apr_interval_time_t signature_window; /* us: so far a caller's clock may be off ours */
    int time_zone;                        /* of business days, in minutes east of UTC */
    dygw_db_source_t *db;
    dygw_douyin_t *douyin;
    const dygw_seal_t *seal;
    dygw_host_t *host; /* shared memory; locked as host.h says */
    void (*lock_host)(void *baton);
    void (*unlock_host)(void *baton);
    void *host_baton;
    dygw_reads_t *reads;           /* in shared memory, see apps/reads.h; NULL = each read of
                                    * the token is written to the database at once */
    dygw_meter_t *meter;           /* in shared memory, see apps/meter.h */
    const dygw_metrics_t *metrics; /* in shared memory; NULL = nothing is counted */
    dygw_share_t *inserting;       /* where requests wait that share commits, see share.h; NULL =
                                    * each writes alone */
    dygw_share_t *settling;
    const char *owner;   /* names this child in leases and claims */
    const char *host_id; /* names this httpd among all that share the database, over
                                    * restarts, too; at most DYGW_HOST_MAX characters */
    int generation;      /* of httpd's children: the later, the higher */
} dygw_gateway_t;

/* What every piece of work needs. All members are set, and live longer than the work. Results are
 * allocated from pool. */
typedef struct dygw_ctx_t {
    dygw_gateway_t *gateway;
    const dygw_log_t *log;
    apr_pool_t *pool;
} dygw_ctx_t;

/* Returns the context of the same work with another pool, of a shorter life. */
static inline dygw_ctx_t dygw_ctx_with_pool(const dygw_ctx_t *ctx, apr_pool_t *pool)
{
    return (dygw_ctx_t){ ctx->gateway, ctx->log, pool };
}

#endif
