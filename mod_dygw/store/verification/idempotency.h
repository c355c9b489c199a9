/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_idempotency: which request an Idempotency-Key stands for. */
#ifndef DYGW_STORE_VERIFICATION_IDEMPOTENCY_H
#define DYGW_STORE_VERIFICATION_IDEMPOTENCY_H

#include "store/db/db.h"

typedef struct dygw_idempotency_t {
    const char *key;         /* 64 hex digits: SHA-256 of app and key */
    const char *fingerprint; /* 64 hex digits: of the fields of the request */
    const char *owner;       /* names the request that has claimed it */
    apr_int64_t first_id;    /* of the records it stands for; 0 = none yet */
    dygw_ms_t running_until; /* without records, another request may take it over after that */
    dygw_ms_t expires_at;    /* it is forgotten after that */
} dygw_idempotency_t;

/* No request runs for longer: a claim that lies further ahead was made before a clock was set back,
 * and is over. */
#define DYGW_IDEMPOTENCY_CLAIM_MAX_MS 900000

/* Whether the request that has claimed the key may still be at work at `now`. */
static inline int dygw_store_idempotency_runs(const dygw_idempotency_t *held, dygw_ms_t now)
{
    return held->running_until > now && held->running_until <= now + DYGW_IDEMPOTENCY_CLAIM_MAX_MS;
}

/* Claims the key for this request, if it is free: unknown, expired, or left by a request that died
 * before it recorded anything. APR_EEXIST: it is not; *held says what it stands for. Atomic; done
 * twice with the same owner it succeeds twice. APR_TIMEUP: the database kept it waiting too long;
 * APR_INCOMPLETE: it may be claimed. */
apr_status_t dygw_store_idempotency_claim(dygw_db_t *db, const dygw_idempotency_t *wanted,
                                          dygw_ms_t now, dygw_idempotency_t **held,
                                          apr_pool_t *pool);

/* Ties the key to records that another request has made. APR_EBUSY: the key is not owner's. */
apr_status_t dygw_store_idempotency_tie(dygw_db_t *db, const char *key, const char *owner,
                                        apr_int64_t first_id);

/* Frees a key that has no records. Not having it is no error. */
apr_status_t dygw_store_idempotency_free(dygw_db_t *db, const char *key, const char *owner);

/* APR_NOTFOUND. */
apr_status_t dygw_store_idempotency_get(dygw_db_t *db, const char *key, dygw_ms_t now,
                                        dygw_idempotency_t **held, apr_pool_t *pool);

/* Removes at most limit expired keys; *removed: how many. */
apr_status_t dygw_store_idempotency_purge(dygw_db_t *db, dygw_ms_t now, int limit, int *removed);

#endif
