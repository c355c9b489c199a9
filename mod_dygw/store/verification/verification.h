/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: one row a coupon, or a use of a times card. What is done with its
 * rows; what they are is in record.h. */
#ifndef DYGW_STORE_VERIFICATION_VERIFICATION_H
#define DYGW_STORE_VERIFICATION_VERIFICATION_H

#include <apr_tables.h>

#include "store/verification/record.h"

/* Inserts the rows of one request, or one row each of several, all or none, in one commit (without
 * a key one statement, one round trip, where there is a single row or the database is PostgreSQL).
 * key (NULL: none) and owner: the idempotency key that this request has claimed; it is tied to the
 * rows in the same commit. Where nothing was written:
 *   APR_EBUSY: another request has taken the key over.
 *   APR_EEXIST: that verify_token with that encrypted_code is recorded already, see
 *     dygw_store_verification_find. Records without a verify_token are not compared.
 *   APR_EACCES: a request with this request_key has made other rows.
 *   APR_EAGAIN: an id is taken, by another host; make new ids and try again.
 *   APR_TIMEUP: the database kept the insert waiting too long.
 * APR_INCOMPLETE: the insert failed, and the rows may be written all the same, or still be. To
 * insert them once more tells. */
apr_status_t dygw_store_verification_insert(dygw_db_t *db, const dygw_verification_t *const *rows,
                                            int count, const char *key, const char *owner);

/* For the request that made the rows: writes the outcome of those that are still `processing`:
 * everything that a verify answer can tell, and when the background is to look again. An outcome
 * other than success is written only while the background has repeated nothing. A success that its
 * caller has given up meanwhile, or of which there is news, gets a follow-up. All or none, in one
 * commit; of rows of several requests (item_count 1 in each) some may be written, and each finds
 * its own when it is settled once more. Where nothing was written:
 *   APR_EEXIST: another record has the verify_id of a row; *clash is the index of that row.
 *   APR_NOTFOUND: a row is not `processing` any more, or the background has repeated its verify;
 *     of several requests: that is so of some, and the others are written.
 *   APR_TIMEUP: the database kept the update waiting too long.
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

/* The same for one row, where somebody is told what became of it. APR_INCOMPLETE: the row may be
 * written, or still be; to write the very same once more is no error, and tells. Any other failure:
 * nothing was written. */
apr_status_t dygw_store_verification_update_one(dygw_db_t *db, dygw_verification_t *row);

typedef enum {
    DYGW_DUE_SETTLE,    /* `processing`, by next_run_at */
    DYGW_DUE_FOLLOW_UP, /* settled, by errand_at */
    DYGW_DUE_ENRICH,    /* `success` and enrichment pending, by next_run_at */
    DYGW_DUE_SALE       /* settled, a refund is all that is followed, by errand_at: they are no
                         * follow-ups, so that many of them are in no cancel's way */
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

/* Makes such work due at `now` whose time lies beyond `beyond`, at most limit rows: no work is put
 * off so long, so a clock was set back. For the same reason a lease that ends beyond `beyond` is
 * over, and a verify that was sent beyond it counts as sent now. *count: how many rows. */
apr_status_t dygw_store_verification_recall(dygw_db_t *db, dygw_due_e what, dygw_ms_t now,
                                            dygw_ms_t beyond, int limit, int *count);

/* Makes the looks at refunds due at `now` that are to be done, but never: a host of an older
 * version has taken them for something else and ended them. At most limit rows; *count: how
 * many. */
apr_status_t dygw_store_verification_resume_sales(dygw_db_t *db, dygw_ms_t now, int limit,
                                                  int *count);

/* What else is recorded of a coupon. */
typedef struct dygw_rival_t {
    apr_int64_t id;
    apr_int64_t first_id;
    dygw_verify_status_e verify_status;
    const char *verify_id;
    int already;
    int given_up;
    dygw_ms_t created_at;
    dygw_ms_t verify_time; /* DYGW_NO_TIME = none */
    const char *poi_id;
} dygw_rival_t;

/* The records of one coupon, at most 1,000, in any order: those of its certificate_id, and of
 * its encrypted_code (NULL: none) where the certificate_id is not known yet. rivals: of
 * dygw_rival_t. */
apr_status_t dygw_store_verification_rivals(dygw_db_t *db, const char *certificate_id,
                                            const char *encrypted_code, apr_array_header_t **rivals,
                                            apr_pool_t *pool);

/* What is recorded of a coupon's plain code, of any app: a redemption, or what may become one. */
typedef struct dygw_code_row_t {
    apr_int64_t id;
    apr_int64_t first_id;
    dygw_verify_status_e verify_status; /* `success` or `processing` */
    const char *certificate_id;
    dygw_coupon_status_e coupon_status;
    int attempts;
} dygw_code_row_t;

/* The records of an order, by the order_id of prepare, that have this origin_code and are `success`
 * or `processing`; at most 1,000, in any order. rows: of dygw_code_row_t.
 * APR_TIMEUP: the database kept the look waiting too long. */
apr_status_t dygw_store_verification_of_code(dygw_db_t *db, const char *order_id, const char *code,
                                             apr_array_header_t **rows, apr_pool_t *pool);

/* Makes the settling of a row due, if it is `processing` and no request is at work on it. */
apr_status_t dygw_store_verification_wake(dygw_db_t *db, apr_int64_t id, dygw_ms_t now);

/* A webhook told of a change of this coupon: marks its records, but for `failed` ones of which
 * nothing can come any more, and makes their work due: now, or when the lease of the request at
 * work ends. cancelled_at: by Douyin's clock, if it told that a redemption was cancelled, which the
 * records of redemptions until then are told (DYGW_NEWS_CANCEL); else DYGW_NO_TIME. *count: how
 * many. */
apr_status_t dygw_store_verification_notify(dygw_db_t *db, const char *certificate_id,
                                            dygw_ms_t now, dygw_ms_t cancelled_at, int *count);

/* A webhook told that a refund of this coupon was asked for after the redemption: its `success`
 * records have after_sale `requested`, but where it is `agreed` or `refunded` already; what becomes
 * of it is asked at look_at, or when the record is looked at before. Those that are `processing`
 * are marked, too. *count: how many. */
apr_status_t dygw_store_verification_notify_sale(dygw_db_t *db, const char *certificate_id,
                                                 dygw_ms_t now, dygw_ms_t look_at, int *count);

/* Finds a record of this coupon that has an account other than this one; a record without an
 * account is none. *other: its account, from pool. APR_NOTFOUND. */
apr_status_t dygw_store_verification_other_account(dygw_db_t *db, const char *certificate_id,
                                                   const char *account_id, const char **other,
                                                   apr_pool_t *pool);

/* --- retention --- */

/* Removes at most limit rows made and changed last before `before`, of requests that nothing is to
 * be done about any more; *removed: how many. */
apr_status_t dygw_store_verification_purge(dygw_db_t *db, dygw_ms_t before, int limit,
                                           int *removed);

#endif
