/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: one row a coupon, or a use of a times card. */
#ifndef DYGW_STORE_VERIFICATION_VERIFICATION_H
#define DYGW_STORE_VERIFICATION_VERIFICATION_H

#include <apr_tables.h>

#include "store/db/db.h"

typedef enum { DYGW_PROCESSING, DYGW_SUCCESS, DYGW_FAILED, DYGW_CANCELLED } dygw_verify_status_e;
typedef enum {
    DYGW_ENRICH_PENDING,
    DYGW_ENRICH_SUCCESS,
    DYGW_ENRICH_FAILED,
    DYGW_ENRICH_SKIPPED
} dygw_enrich_status_e;
typedef enum { DYGW_MODE_SHORT_LINK, DYGW_MODE_CODE, DYGW_MODE_ENCRYPTED_CODE } dygw_mode_e;
typedef enum {
    DYGW_BY_NOBODY,
    DYGW_BY_RESPONSE,
    DYGW_BY_REPLAY,
    DYGW_BY_STATUS_QUERY,
    DYGW_BY_WEBHOOK
} dygw_confirmed_by_e;

/* What Douyin tells of a coupon; a word in the table. UNKNOWN: nothing that we know. */
typedef enum {
    DYGW_COUPON_UNKNOWN = -1,
    DYGW_COUPON_INITIAL,
    DYGW_COUPON_UNUSED,
    DYGW_COUPON_USED,
    DYGW_COUPON_REFUND_REQUESTED,
    DYGW_COUPON_REFUNDED,
    DYGW_COUPON_REFUND_FAILED,
    DYGW_COUPON_REFUNDING
} dygw_coupon_status_e;

/* Our own outcome codes in error_code. */
#define DYGW_OUTCOME_NO_COUPON      (-1)    /* no usable coupon in the order */
#define DYGW_OUTCOME_GIVEN_UP       (-2)    /* cancelled by the caller while processing */
#define DYGW_OUTCOME_NOT_REDEEMED   (-3)    /* no repetition is left, and the coupon unused */
#define DYGW_OUTCOME_NOT_OURS       (-4)    /* another verification has that redemption */

/* An amount or a number that has no value yet. */
#define DYGW_NO_INT ((apr_int64_t)-9007199254740991)

/* Whose the redemption is that Douyin shows, as far as repetitions of the verify tell. */
#define DYGW_ALREADY_OPEN   0       /* one may still tell */
#define DYGW_ALREADY_SILENT 1       /* none can be sent, or it told nothing */
#define DYGW_ALREADY_USED   2       /* one was answered "already used" */

/* Why a row is looked at: bits of `news`. */
#define DYGW_NEWS_WEBHOOK   1       /* Douyin told of a change; always set when anybody did */
#define DYGW_NEWS_LATE      2       /* settled: Douyin may still apply a verify of its request */
#define DYGW_NEWS_ORPHAN    4       /* it did, and that is to be, or is being, cancelled */
#define DYGW_NEWS_LOOK      8       /* a look at it for the sake of another row of the request */

/* Text members are NULL when absent. Money in fen. In JSON and in the table the enums are the
 * contract's words: dygw_*_word() below. */
typedef struct dygw_verification_t {
    apr_int64_t id;
    apr_int64_t app_id;
    const char *app_name;           /* as it was at the time */
    const char *poi_id;
    dygw_verify_status_e verify_status;
    apr_int64_t error_code;
    const char *error_description;
    const char *certificate_id;
    const char *encrypted_code;
    const char *origin_code;
    dygw_coupon_status_e coupon_status;
    const char *product_id;
    const char *product_name;
    const char *sku_id;
    const char *sku_name;
    apr_int64_t verify_records_count;
    const char *verify_id;
    const char *order_id;
    const char *source_order_id;
    const char *ext_order_id;
    apr_int64_t order_status;
    apr_int64_t pay_amount;
    apr_int64_t receipt_amount;
    apr_int64_t discount_amount;
    dygw_enrich_status_e enrichment_status;
    apr_int64_t enrichment_retry_count;
    const char *douyin_response;    /* JSON object of raw answers by call; NULL = none yet. Of more
                                     * than 1,000,000 bytes only {"omitted":true} is kept. */
    dygw_ms_t expire_time;
    dygw_ms_t verify_time;
    dygw_ms_t create_order_time;
    dygw_ms_t pay_time;
    dygw_ms_t created_at;
    dygw_ms_t updated_at;
    dygw_mode_e mode;
    const char *operator_name;
    const char *device;
    dygw_ms_t cancelable_until;
    dygw_confirmed_by_e confirmed_by;
    const char *request_id;

    /* Not shown: what settling needs. */
    const char *verify_token;
    int item_no;                    /* 0..n-1 within one request */
    int item_count;                 /* coupons of the request; all were sent in one verify */
    apr_int64_t first_id;           /* id of item 0 of the request; its own id for item 0 */
    int attempts;                   /* verify calls sent */
    dygw_ms_t lease_until;          /* a verify of it may be under way until then, its request's or
                                     * a repetition: nobody else works on it */
    dygw_ms_t next_run_at;          /* when the background settles or enriches it next;
                                     * DYGW_NO_TIME = never */
    dygw_ms_t sent_at;              /* the last verify request, at the latest then */
    int repeats;                    /* of the verify, sent by the background */
    int asks;                       /* looks at the coupon's status */
    int already;                    /* DYGW_ALREADY_*: what repetitions told */
    dygw_ms_t review_since;         /* Douyin's risk review; DYGW_NO_TIME = none */
    dygw_ms_t cancel_since;         /* the caller wants it cancelled; DYGW_NO_TIME = no */
    int cancels;                    /* cancel requests that may have reached Douyin */
    int news;                       /* what was not looked into yet: DYGW_NEWS_* */
    dygw_ms_t errand_at;            /* when the background looks at a settled row because of a
                                     * cancel or of news; DYGW_NO_TIME = never */
    dygw_ms_t enrich_since;         /* first try to enrich it; DYGW_NO_TIME = none yet */
    const char *last_error;         /* of the background's work on it; no secret; NULL = none */
    apr_int64_t revision;           /* counts the changes; see dygw_store_verification_update */
    const char *request_key;        /* SHA-256 of app and nonce, in item 0; NULL = none */
    apr_int64_t refused_code;       /* what a repetition was refused with while it is processing; */
    const char *refused_description;    /* DYGW_NO_INT and NULL = it was not */
} dygw_verification_t;

const char *dygw_verify_status_word(dygw_verify_status_e status);
const char *dygw_enrich_status_word(dygw_enrich_status_e status);
const char *dygw_mode_word(dygw_mode_e mode);
const char *dygw_confirmed_by_word(dygw_confirmed_by_e by);           /* NULL for DYGW_BY_NOBODY */
const char *dygw_coupon_status_word(dygw_coupon_status_e status);     /* NULL for unknown */

/* A record with every member at its "no value yet". */
void dygw_verification_init(dygw_verification_t *v);

/* Inserts the rows of one request, all or none, in one commit (a single row without a key: one
 * statement, one round trip). key (NULL: none) and owner: the idempotency key that this request has
 * claimed; it is tied to the rows in the same commit. APR_EBUSY: another request has taken the key
 * over, nothing was written. APR_EEXIST: that verify_token with that encrypted_code is recorded
 * already, see dygw_store_verification_find. APR_EACCES: a request with this request_key has made
 * other rows. APR_EAGAIN: an id is taken (by another host), make new
 * ids and try again. APR_TIMEUP: the database kept it waiting too long, nothing was written.
 * APR_INCOMPLETE: it failed, and it is not certain whether they are written all the same, or will
 * still be: to insert them once more tells. Only records with a verify_token are compared. */
apr_status_t dygw_store_verification_insert(dygw_db_t *db, const dygw_verification_t *const *rows,
                                            int count, const char *key, const char *owner);

/* For the request that made the rows: writes the outcome of those that are still `processing`:
 * everything that a verify answer can tell, and when the background is to look again. An outcome
 * other than success is written only while the background has repeated nothing. A success that its
 * caller has given up meanwhile, or of which there is news, gets an errand. All or none, in one
 * commit. APR_EEXIST: a verify_id is another record's, *clash is the index of the row whose it is,
 * nothing was written. APR_NOTFOUND: a row was not `processing` any more, or the background has
 * repeated its verify; nothing was written. APR_TIMEUP: the database kept it waiting too long;
 * APR_INCOMPLETE: as with insert. */
apr_status_t dygw_store_verification_settle(dygw_db_t *db, const dygw_verification_t *const *rows,
                                            int count, int *clash);

/* By id; app_id 0: any app. APR_NOTFOUND. */
apr_status_t dygw_store_verification_get(dygw_db_t *db, apr_int64_t id, apr_int64_t app_id,
                                         dygw_verification_t **v, apr_pool_t *pool);

/* The rows of one request by the id of its first, in order. items: of dygw_verification_t *. */
apr_status_t dygw_store_verification_items(dygw_db_t *db, apr_int64_t first_id,
                                           apr_array_header_t **items, apr_pool_t *pool);

/* The first record made with that token and code, of any app. APR_NOTFOUND. */
apr_status_t dygw_store_verification_find(dygw_db_t *db, const char *verify_token,
                                          const char *encrypted_code, dygw_verification_t **v,
                                          apr_pool_t *pool);

/* --- for the background, and for what changes rows after their request --- */

/* Writes all that may change of rows as they were read and then worked on, if each is still at its
 * `revision`, which is then raised (in the rows too). All or none, in one commit. APR_NOTFOUND: a
 * row was changed meanwhile, nothing was written; read it again. APR_EEXIST and clash,
 * APR_TIMEUP, APR_INCOMPLETE: as with settle. */
apr_status_t dygw_store_verification_update(dygw_db_t *db, dygw_verification_t *const *rows,
                                            int count, int *clash);

/* The same for one row, where somebody is told what became of it: any failure means that nothing
 * was written, but for APR_INCOMPLETE. Then it may be written, also later; to write the very same
 * once more is no error, and tells. */
apr_status_t dygw_store_verification_update_one(dygw_db_t *db, dygw_verification_t *row);

typedef enum {
    DYGW_DUE_SETTLE,        /* `processing`, by next_run_at */
    DYGW_DUE_ERRAND,        /* settled, by errand_at */
    DYGW_DUE_ENRICH         /* `success` and enrichment pending, by next_run_at */
} dygw_due_e;

/* What tells which rows to read. */
typedef struct dygw_due_row_t {
    apr_int64_t id;
    apr_int64_t first_id;
    int item_count;
    dygw_ms_t lease_until;
} dygw_due_row_t;

/* Rows of which such work is due at `now`, the longest due first, at most limit. rows: of
 * dygw_due_row_t. */
apr_status_t dygw_store_verification_due(dygw_db_t *db, dygw_due_e what, dygw_ms_t now, int limit,
                                         apr_array_header_t **rows, apr_pool_t *pool);

/* Makes such work due at `now` that lies beyond `beyond`, at most limit rows: it was put there
 * before a clock was set back. A request that is said to be at work on it so long is not, and its
 * verify counts as sent now where it says later. *count: how many. */
apr_status_t dygw_store_verification_recall(dygw_db_t *db, dygw_due_e what, dygw_ms_t now,
                                            dygw_ms_t beyond, int limit, int *count);

/* What else is recorded of a coupon. */
typedef struct dygw_rival_t {
    apr_int64_t id;
    apr_int64_t first_id;
    dygw_verify_status_e verify_status;
    const char *verify_id;
    int already;
    int given_up;
    dygw_ms_t created_at;
    dygw_ms_t verify_time;      /* DYGW_NO_TIME = none */
    const char *poi_id;
} dygw_rival_t;

/* The records of one coupon, at most 1,000, in any order: those of its certificate_id, and of
 * its encrypted_code (NULL: none) where the certificate_id is not known yet. rivals: of
 * dygw_rival_t. */
apr_status_t dygw_store_verification_rivals(dygw_db_t *db, const char *certificate_id,
                                            const char *encrypted_code,
                                            apr_array_header_t **rivals, apr_pool_t *pool);

/* Makes the settling of a row due, if it is `processing` and no request is at work on it. */
apr_status_t dygw_store_verification_wake(dygw_db_t *db, apr_int64_t id, dygw_ms_t now);

/* A webhook told of a change of this coupon: marks its records that are not `failed`, or are but of
 * which something may still come, and makes their work due, now or when the lease of the request
 * at work ends. *count: how many. */
apr_status_t dygw_store_verification_notify(dygw_db_t *db, const char *certificate_id,
                                            dygw_ms_t now, int *count);

/* --- retention --- */

/* Removes at most limit rows made and changed last before `before`, of requests that nothing is to
 * be done about any more; *removed: how many. */
apr_status_t dygw_store_verification_purge(dygw_db_t *db, dygw_ms_t before, int limit,
                                           int *removed);

#endif
