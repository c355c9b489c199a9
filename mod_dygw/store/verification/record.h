/* SPDX-License-Identifier: Apache-2.0
 * What is recorded of one coupon, or one use of a times card: a row of dygw_verifications. Its
 * words, its columns, and the struct that the columns make. */
#ifndef DYGW_STORE_VERIFICATION_RECORD_H
#define DYGW_STORE_VERIFICATION_RECORD_H

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

/* What became of a refund that was asked for after the redemption; a word in the table. */
typedef enum {
    DYGW_AFTER_SALE_NONE = -1,
    DYGW_AFTER_SALE_REQUESTED,
    DYGW_AFTER_SALE_AGREED,
    DYGW_AFTER_SALE_REFUSED,
    DYGW_AFTER_SALE_REFUNDED,
    DYGW_AFTER_SALE_CLOSED /* withdrawn */
} dygw_after_sale_e;

/* Our own outcome codes in error_code. */
#define DYGW_OUTCOME_NO_COUPON    (-1) /* no usable coupon in the order */
#define DYGW_OUTCOME_GIVEN_UP     (-2) /* cancelled by the caller while processing */
#define DYGW_OUTCOME_NOT_REDEEMED (-3) /* no repetition is left, and the coupon unused */
#define DYGW_OUTCOME_NOT_OURS     (-4) /* another verification has that redemption */

/* What repetitions of the verify have told about whose redemption it is that Douyin shows. */
#define DYGW_ALREADY_OPEN   0 /* nothing yet: one may still tell */
#define DYGW_ALREADY_SILENT 1 /* nothing: none can be sent, or one did not tell */
#define DYGW_ALREADY_USED   2 /* one was answered "already used" */

/* Why a row is looked at: bits of `news`. */
#define DYGW_NEWS_WEBHOOK 1  /* Douyin told of a change; always set when anybody did */
#define DYGW_NEWS_LATE    2  /* settled: Douyin may still apply a verify of its request */
#define DYGW_NEWS_ORPHAN  4  /* Douyin did, and that is to be, or is being, cancelled */
#define DYGW_NEWS_LOOK    8  /* another row of the request needs a look at this one */
#define DYGW_NEWS_SALE    16 /* a refund was asked for; what becomes of it is asked */
#define DYGW_NEWS_CANCEL  32 /* with WEBHOOK: what Douyin told of is a cancel of a redemption */

/* --- the columns ---
 *
 * A column is one line in one of the lists below, and a member of the struct under the same name.
 * The lists make the struct and, in store/verification/columns.h, the statements. So a new column
 * is a line here and a migration (sql/).
 *
 * A line is X(kind, name); the line that all lists together begin with is FIRST(kind, name), see
 * store/db/kinds.h. The kind says which type the member has, and how its value is kept. Text is
 * NULL when absent, money is in fen. */
#define DYGW_RECORD_TEXT          const char * /* whole: one that is too long is an error */
#define DYGW_RECORD_CLIPPED_255   const char * /* words of others: their first characters */
#define DYGW_RECORD_CLIPPED_512   const char *
#define DYGW_RECORD_ANSWERS       const char * /* JSON, as much as every driver reads back */
#define DYGW_RECORD_INT           int
#define DYGW_RECORD_INT64         apr_int64_t
#define DYGW_RECORD_INT64_OR_NULL apr_int64_t /* DYGW_NO_INT is NULL in the table */
#define DYGW_RECORD_TIME          dygw_ms_t
#define DYGW_RECORD_TIME_OR_NULL  dygw_ms_t            /* DYGW_NO_TIME is NULL in the table */
#define DYGW_RECORD_VERIFY_STATUS dygw_verify_status_e /* enums: the contract's words */
#define DYGW_RECORD_ENRICH_STATUS dygw_enrich_status_e
#define DYGW_RECORD_MODE          dygw_mode_e
#define DYGW_RECORD_CONFIRMED_BY  dygw_confirmed_by_e
#define DYGW_RECORD_COUPON_STATUS dygw_coupon_status_e
#define DYGW_RECORD_AFTER_SALE    dygw_after_sale_e

/* What an outcome may change: insert, settle and update write it. */
#define DYGW_VERIFICATION_OUTCOME(FIRST, X) \
    FIRST(VERIFY_STATUS, verify_status) \
    X(INT64, error_code) \
    X(CLIPPED_512, error_description) \
    X(TEXT, certificate_id) \
    X(TEXT, origin_code) \
    X(COUPON_STATUS, coupon_status) \
    X(TEXT, product_id) \
    X(CLIPPED_255, product_name) \
    X(TEXT, sku_id) \
    X(CLIPPED_255, sku_name) \
    X(INT64_OR_NULL, verify_records_count) \
    X(TEXT, verify_id) \
    X(TEXT, order_id) \
    X(TEXT, source_order_id) \
    X(INT64_OR_NULL, pay_amount) \
    X(INT64_OR_NULL, receipt_amount) \
    X(INT64_OR_NULL, discount_amount) \
    X(ENRICH_STATUS, enrichment_status) \
    X(TIME_OR_NULL, expire_time) \
    X(TIME_OR_NULL, verify_time) \
    X(TIME, updated_at) \
    X(TIME_OR_NULL, cancelable_until) \
    X(CONFIRMED_BY, confirmed_by) \
    X(TEXT, reason)      /* a word of gateway/reasons.h; NULL: there is nothing to explain, \
                                   * or it waits, or an older version wrote it */ \
    X(INT, attempts)     /* verify calls sent */ \
    X(TIME, lease_until) /* a verify of it may be under way until then, its \
                                   * request's or a repetition: nobody else works on it */ \
    X(TIME_OR_NULL, next_run_at)  /* when the background settles or enriches it next; \
                                   * DYGW_NO_TIME = never */ \
    X(TIME_OR_NULL, sent_at)      /* the last verify request, at the latest then */ \
    X(TIME_OR_NULL, review_since) /* Douyin's risk review; DYGW_NO_TIME = none */

/* The same, apart because it is most of a row: a JSON object of raw answers by call; NULL = none
 * yet. Of more than 1,000,000 bytes only {"omitted":true} is kept. */
#define DYGW_VERIFICATION_ANSWERS(X) X(ANSWERS, douyin_response)

/* What the background, a cancel or news may change besides: insert and update write it. */
#define DYGW_VERIFICATION_LATER(X) \
    X(TEXT, ext_order_id) \
    X(INT64_OR_NULL, order_status) \
    X(INT64, enrichment_retry_count) \
    X(TIME_OR_NULL, create_order_time) \
    X(TIME_OR_NULL, pay_time) \
    X(INT, repeats)                /* of the verify, sent by the background */ \
    X(INT, asks)                   /* looks at the coupon's status */ \
    X(INT, already)                /* DYGW_ALREADY_*: what repetitions told */ \
    X(AFTER_SALE, after_sale)      /* a refund that was asked for after the redemption */ \
    X(TIME_OR_NULL, cancel_since)  /* the caller wants it cancelled; DYGW_NO_TIME = no */ \
    X(INT, cancels)                /* cancel requests that may have reached Douyin */ \
    X(INT, news)                   /* what was not looked into yet: DYGW_NEWS_* */ \
    X(TIME_OR_NULL, errand_at)     /* when the background looks at a settled row because of a \
                                    * cancel or of news; DYGW_NO_TIME = never */ \
    X(TIME_OR_NULL, enrich_since)  /* first try to enrich it; DYGW_NO_TIME = none yet */ \
    X(CLIPPED_255, last_error)     /* of the background's work on it; no secret; NULL = none */ \
    X(INT64_OR_NULL, refused_code) /* what a repetition was refused with while it is processing; \
                                    * DYGW_NO_INT and NULL = it was not */ \
    X(CLIPPED_512, refused_description) \
    X(TIME_OR_NULL, after_sale_since) /* when Douyin told of it; DYGW_NO_TIME = never */

/* What the insert alone writes. */
#define DYGW_VERIFICATION_FIXED(X) \
    X(INT64, id) \
    X(INT64, app_id) \
    X(TEXT, app_name) /* as it was at the time */ \
    X(TEXT, poi_id) \
    X(TEXT, store)      /* the code of the declared store that poi_id is; NULL = none */ \
    X(TEXT, account_id) /* of the merchant, sent with all calls about the coupon; NULL = none */ \
    X(TEXT, encrypted_code) \
    X(TIME, created_at) \
    X(MODE, mode) \
    X(TEXT, operator_name) \
    X(TEXT, device) \
    X(TEXT, request_id) \
    X(TEXT, request_key) /* SHA-256 of app and nonce, in item 0; NULL = none */ \
    X(TEXT, verify_token) \
    X(INT, item_no)    /* 0..n-1 within one request */ \
    X(INT, item_count) /* coupons of the request; all were sent in one verify */ \
    X(INT64, first_id) /* id of item 0 of the request; its own id for item 0 */ \
    X(INT64, revision) /* the database counts the changes in it; see \
                        * dygw_store_verification_update */

#define DYGW_RECORD_MEMBER(kind, name) DYGW_RECORD_##kind name;
typedef struct dygw_verification_t {
    DYGW_VERIFICATION_FIXED(DYGW_RECORD_MEMBER)
    DYGW_VERIFICATION_OUTCOME(DYGW_RECORD_MEMBER, DYGW_RECORD_MEMBER)
    DYGW_VERIFICATION_ANSWERS(DYGW_RECORD_MEMBER)
    DYGW_VERIFICATION_LATER(DYGW_RECORD_MEMBER)
} dygw_verification_t;
#undef DYGW_RECORD_MEMBER

const char *dygw_verify_status_word(dygw_verify_status_e status);
const char *dygw_enrich_status_word(dygw_enrich_status_e status);
const char *dygw_mode_word(dygw_mode_e mode);
const char *dygw_confirmed_by_word(dygw_confirmed_by_e by);       /* NULL for DYGW_BY_NOBODY */
const char *dygw_coupon_status_word(dygw_coupon_status_e status); /* NULL for unknown */
const char *dygw_after_sale_word(dygw_after_sale_e after_sale);   /* NULL for none */

/* A record with every member at its "no value yet". */
void dygw_verification_init(dygw_verification_t *v);

#endif
