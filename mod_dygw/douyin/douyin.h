/* SPDX-License-Identifier: Apache-2.0
 * The upstream: Douyin's life-services API. One function a call; what the codes mean; libcurl in
 * the files http* alone. Thread-safe: connections are kept alive in handles that one
 * thread has at a time. */
#ifndef DYGW_DOUYIN_DOUYIN_H
#define DYGW_DOUYIN_DOUYIN_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <jansson.h>

#include "util/clock.h"
#include "util/log.h"
#include "util/metrics.h"

typedef struct dygw_douyin_config_t {
    const char *base_url;               /* no slash at the end */
    const char *client_key;
    const char *client_secret;
    const char *account_id;             /* NULL = none */
    const char *ca_file;                /* NULL = the system's */
    const char *proxy;                  /* NULL = none */
    apr_interval_time_t connect_timeout;    /* us */
    apr_interval_time_t total_timeout;      /* us, per call */
    int use_client_token; /* /oauth/client_token/ instead of /oauth/stable_client_token/ */
    apr_array_header_t *link_hosts;     /* of const char *, as DygwShortLinkHosts takes them */
    const dygw_metrics_t *metrics;      /* NULL: calls are not counted */
} dygw_douyin_config_t;

typedef struct dygw_douyin_t dygw_douyin_t;

/* Once a process (libcurl's own set-up), before threads; undone with pool. */
apr_status_t dygw_douyin_global_init(apr_pool_t *pool);

/* NULL, or which libcurl is loaded when it is older than util/versions.h says. */
const char *dygw_douyin_old_libcurl(void);

/* A client for one Douyin application. Config and client live as long as pool, which must outlive
 * all calls. */
apr_status_t dygw_douyin_create(dygw_douyin_t **douyin, const dygw_douyin_config_t *config,
                                apr_pool_t *pool);

/* What an answer means to us. The numbers behind it: codes.c. */
typedef enum {
    DYGW_REPLY_OK,              /* error_code 0 on both levels */
    DYGW_REPLY_COUPON,          /* refused because of the coupon: final */
    DYGW_REPLY_SETUP,           /* refused because of permission, authorisation or address, or by a
                                 * number of the platform's that nobody knows */
    DYGW_REPLY_REQUEST,         /* Douyin says that our request is wrong */
    DYGW_REPLY_TOKEN,           /* access token refused; nothing was done */
    DYGW_REPLY_BUSY,            /* "try again", HTTP 5xx: on verify, may have been done or not */
    DYGW_REPLY_REVIEW,          /* risk review, may be redeemed by Douyin within 48 h */
    DYGW_REPLY_GARBLED,         /* an answer that cannot be understood */
    DYGW_REPLY_TIMEOUT,         /* no whole answer within the total time-out */
    DYGW_REPLY_LOST,            /* the connection broke after the request may have been sent */
    DYGW_REPLY_UNREACHABLE      /* no connection: certainly nothing was sent */
} dygw_reply_class_e;

/* Where a call without an answer failed on its way. */
typedef enum {
    DYGW_TROUBLE_NONE,
    DYGW_TROUBLE_PROXY_NAME,    /* the proxy's name is not known */
    DYGW_TROUBLE_NAME,          /* Douyin's is not, or the name server did not answer in time */
    DYGW_TROUBLE_CONNECT,       /* refused, or there is no way */
    DYGW_TROUBLE_CONNECT_TIME,  /* no connection in time */
    DYGW_TROUBLE_PROXY,         /* the proxy does not let it through */
    DYGW_TROUBLE_CA_FILE,       /* the certificate authorities cannot be read */
    DYGW_TROUBLE_CERTIFICATE,   /* not trusted, or for another name */
    DYGW_TROUBLE_EXPIRED,       /* the certificate is, or will be valid only later */
    DYGW_TROUBLE_TLS,           /* no TLS for another reason */
    DYGW_TROUBLE_TIME,          /* connected, but no whole answer in time */
    DYGW_TROUBLE_BROKEN,        /* connected, then the connection broke */
    DYGW_TROUBLE_UNREADABLE     /* no HTTP, or an answer over the limit */
} dygw_trouble_e;

/* A call's outcome; in the pool of the call. */
typedef struct dygw_reply_t {
    dygw_reply_class_e kind;
    dygw_trouble_e trouble;     /* NONE when there was an answer */
    int http_status;            /* 0 when there was no answer */
    apr_int64_t error_code;     /* the first non-zero of data and extra */
    const char *description;    /* never NULL */
    apr_int64_t sub_error_code;
    const char *logid;          /* never NULL */
    const char
        *raw; /* the body as it came; NULL when there was none. Valid JSON unless GARBLED or BUSY */
    apr_size_t raw_len;
    json_t *data;               /* member "data" of the body, borrowed; NULL when there is none */
    apr_interval_time_t took;   /* us */
    dygw_ms_t date;             /* Douyin's clock, to the second: Date, else extra's "now";
                                 * DYGW_NO_TIME when absent */
    dygw_ms_t ended_at;         /* ours at that moment */
    int sent_twice; /* a kept-alive connection was dead and libcurl sent the request anew on
                     * another: the first may have arrived all the same, so "already used" may be
                     * our own doing */
    int was_dead;   /* LOST: the same, of an order query, which libcurl must not send anew: Douyin
                     * counts them, so each has to wait for its turn */
} dygw_reply_t;

/* --- token --- */
typedef struct dygw_token_reply_t {
    dygw_reply_t reply;
    const char *access_token;   /* NULL unless reply.kind is OK */
    apr_int64_t expires_in;     /* s; 0: less than one is left of a stable token */
} dygw_token_reply_t;

/* Whether the configured token call gives the same token until it ends, so that asking it spoils no
 * token that somebody uses. */
int dygw_douyin_token_is_stable(const dygw_douyin_t *douyin);

/* Asks the configured token call. POST JSON {client_key, client_secret, grant_type}. */
dygw_token_reply_t *dygw_douyin_token(dygw_douyin_t *douyin, const dygw_log_t *log,
                                      apr_pool_t *pool);

/* --- prepare --- */
typedef struct dygw_certificate_t {
    const char *encrypted_code;     /* never NULL or empty: items without one are left out */
    const char *certificate_id;     /* NULL when absent */
    int status;                     /* Douyin's, -1 when absent */
    dygw_ms_t expire_time;
    const char *sku_id;
    const char *sku_name;           /* sku.title */
    const char *product_id;
    apr_int64_t pay_amount;         /* fen of this coupon; -1 when absent */
    int times_left;                 /* uses of a times card that are left; 1 for other coupons */
    int is_times_card;
} dygw_certificate_t;

typedef struct dygw_prepare_reply_t {
    dygw_reply_t reply;
    const char *verify_token; /* never NULL when OK (an OK without one is GARBLED, unless the list
                                 is empty) */
    const char *order_id;               /* NULL when absent */
    apr_array_header_t
        *certificates; /* of dygw_certificate_t; empty for [], null and absent alike */
} dygw_prepare_reply_t;

/* Exactly one of encrypted_data and code is set; both are percent-encoded here. */
dygw_prepare_reply_t *dygw_douyin_prepare(dygw_douyin_t *douyin, const char *access_token,
                                          const char *poi_id, const char *encrypted_data,
                                          const char *code, const dygw_log_t *log,
                                          apr_pool_t *pool);

/* --- verify --- */
typedef struct dygw_verify_item_t {
    dygw_reply_class_e kind;        /* OK, COUPON, SETUP, REQUEST, BUSY or REVIEW; GARBLED: the
                                     * answer does not speak of this code */
    int already;                    /* redeemed, but is it ours? kind is COUPON */
    apr_int64_t result;
    const char *msg;                /* never NULL */
    const char *verify_id;          /* NULL when absent or empty, and so on */
    const char *certificate_id;
    const char *origin_code;
    const char *order_id;
    const char *product_id;
    apr_int64_t pay_amount;         /* fen of this use of a times card; -1 when absent */
} dygw_verify_item_t;

typedef struct dygw_verify_reply_t {
    dygw_reply_t reply;
    dygw_verify_item_t
        *items; /* one for each code sent, in its order, when reply.kind is OK; else NULL */
} dygw_verify_reply_t;

/* The identical call may be made again with the same arguments: Douyin takes it as the same
 * verification. Who cannot send it by then (0: at any time), being held up, answers UNREACHABLE. */
dygw_verify_reply_t *dygw_douyin_verify(dygw_douyin_t *douyin, const char *access_token,
                                        const char *poi_id, const char *verify_token,
                                        const char *const *encrypted_codes, int count,
                                        dygw_ms_t send_by, const dygw_log_t *log,
                                        apr_pool_t *pool);

/* --- certificate get and query: what became of coupons --- */
/* One verification of a coupon, as Douyin shows it. */
typedef struct dygw_seen_verify_t {
    const char *verify_id;          /* never NULL: those without are left out */
    dygw_ms_t verify_time;          /* by Douyin's clock; DYGW_NO_TIME when absent */
    dygw_ms_t ahead_least;          /* ms that this clock is ahead of ours (behind: below 0), as */
    dygw_ms_t ahead_most;           /* the answer tells: between these; else 120 s each way */
    int verify_type;                /* Douyin's: 4 = open platform, which verifier_unique_id tells
                                     * too; -1 when absent */
    const char *poi_id;             /* NULL when absent */
    int serial;                     /* which use of a times card, from 1; 0 when absent */
    int can_cancel;                 /* -1 when absent */
} dygw_seen_verify_t;

typedef struct dygw_seen_coupon_t {
    dygw_certificate_t certificate; /* encrypted_code may be NULL here */
    apr_array_header_t *verifies;   /* of dygw_seen_verify_t: verify{} and verify_records[], each
                                     * verify_id once; cancelled ones are not in it. Never NULL */
    apr_int64_t amount_of_use;      /* fen paid for each use of a times card where all cost the
                                     * same; -1 when unknown */
    int times_count;                /* uses of a times card; 0: none, or unknown */
    int times_used;
} dygw_seen_coupon_t;

typedef struct dygw_coupons_reply_t {
    dygw_reply_t reply;
    apr_array_header_t *coupons;    /* of dygw_seen_coupon_t; exactly one for a get that is OK.
                                     * Never NULL */
} dygw_coupons_reply_t;

/* --- cancel --- */
typedef struct dygw_cancel_reply_t {
    dygw_reply_t reply;             /* OK: cancelled */
} dygw_cancel_reply_t;

/* Takes a verification back. cancel_token NULL: none is sent (Douyin forbids it where stores settle
 * separately). */
dygw_cancel_reply_t *dygw_douyin_cancel(dygw_douyin_t *douyin, const char *access_token,
                                        const char *verify_id, const char *certificate_id,
                                        const char *cancel_token, const dygw_log_t *log,
                                        apr_pool_t *pool);

/* --- order query --- */
/* Amounts in fen, -1 when absent. */
typedef struct dygw_order_coupon_t {
    const char *certificate_id;     /* NULL when absent or empty */
    const char *order_item_id;
    apr_int64_t pay_amount;         /* of this coupon alone, from sub_order_amount_infos; -1 when
                                     * there are no figures of its own */
    apr_int64_t receipt_amount;
    apr_int64_t discount_amount;
} dygw_order_coupon_t;

typedef struct dygw_order_reply_t {
    dygw_reply_t reply;
    int found;                      /* 0: Douyin does not know the order (yet): no order in the
                                     * answer, or 3100101 */
    const char *order_id;
    const char *ext_order_id;       /* the third party's; NULL when absent */
    apr_int64_t order_status;       /* -1 when absent */
    apr_int64_t pay_amount;         /* of the whole order */
    apr_int64_t receipt_amount;
    apr_int64_t discount_amount;
    dygw_ms_t create_order_time;
    dygw_ms_t pay_time;             /* 0 = not paid becomes DYGW_NO_TIME */
    const char *sku_id;
    const char *sku_name;
    const char *product_id;
    const char *product_name;
    int count;                      /* coupons; 0 when absent */
    apr_array_header_t *coupons;    /* of dygw_order_coupon_t, in Douyin's order. Never NULL */
} dygw_order_reply_t;

/* --- verify records: Douyin's ledger of an account --- */
#define DYGW_RECORDS_PER_PAGE 20

/* One verification, whoever made it. */
typedef struct dygw_verify_record_t {
    const char *verify_id;          /* NULL when absent, and so on */
    const char *certificate_id;
    dygw_ms_t verify_time;
    dygw_ms_t cancel_time;          /* DYGW_NO_TIME when absent */
    int cancelled;
    int verify_type;                /* Douyin's: 4 = open platform; -1 when absent */
    apr_int64_t pay_amount;         /* fen paid for this coupon or use; -1 when absent */
    const char *sku_name;
} dygw_verify_record_t;

typedef struct dygw_records_reply_t {
    dygw_reply_t reply;
    apr_array_header_t *records;    /* of dygw_verify_record_t, in Douyin's order. Never NULL */
    const char *cursor;             /* of the next page; NULL: this is the last */
} dygw_records_reply_t;

/* --- many calls at once, from one thread --- */
typedef enum {
    DYGW_ASK_GET,           /* encrypted_code -> coupons */
    DYGW_ASK_QUERY,         /* order_id -> coupons */
    DYGW_ASK_REPEAT,        /* the verify, as dygw_douyin_verify would send it -> verified */
    DYGW_ASK_CANCEL,        /* verify_id, certificate_id, cancel_token -> cancelled */
    DYGW_ASK_ORDER,         /* order_id; needs the configured account -> order */
    DYGW_ASK_RECORDS,       /* account_id, start_time, end_time, cursor -> records: one page */
    DYGW_ASK_STORES         /* account_id, poi_id, either may be NULL -> reply: one page */
} dygw_question_e;
#define DYGW_QUESTIONS  (DYGW_ASK_STORES + 1)

typedef struct dygw_question_t {
    dygw_question_e what;
    const char *encrypted_code;
    const char *order_id;
    const char *poi_id;
    const char *verify_token;
    const char *const *codes;
    int count;
    dygw_ms_t send_by;              /* of a repeat: not to be sent after that; 0: at any time */
    const char *verify_id;
    const char *certificate_id;
    const char *cancel_token;       /* NULL: none is sent */
    const char *account_id;
    dygw_ms_t start_time;           /* inclusive; to the second */
    dygw_ms_t end_time;             /* whether Douyin includes it is not documented */
    const char *cursor;             /* NULL: the first page */
} dygw_question_t;

/* The one that belongs to the question; all begin with the reply. */
typedef union dygw_answer_t {
    const dygw_reply_t *reply;      /* never NULL */
    const dygw_coupons_reply_t *coupons;
    const dygw_verify_reply_t *verified;
    const dygw_cancel_reply_t *cancelled;
    const dygw_order_reply_t *order;
    const dygw_records_reply_t *records;
} dygw_answer_t;

/* The calls that one thread has under way. Belongs to that thread; connections are kept. */
typedef struct dygw_flight_t dygw_flight_t;

/* Lives as long as pool, which is the client's or ends before that; calls under way are ended with
 * it. */
apr_status_t dygw_flight_create(dygw_flight_t **flight, dygw_douyin_t *douyin, apr_pool_t *pool);

/* Sends the question, without waiting; it, what it points to, log and pool must live until it has
 * landed. baton is given back then. What cannot be sent lands as UNREACHABLE. */
void dygw_flight_start(dygw_flight_t *flight, const dygw_question_t *question,
                       const char *access_token, const dygw_log_t *log, apr_pool_t *pool,
                       void *baton);

/* How many calls are under way. */
int dygw_flight_count(const dygw_flight_t *flight);

/* Waits up to patience (0: not at all) for an answer, in the pool of its call. 0: none landed; at
 * once when none is under way. To be called then too: it closes connections that were not needed.
 * dygw_douyin_abort makes it return at once and everything land as LOST or UNREACHABLE. */
int dygw_flight_land(dygw_flight_t *flight, apr_interval_time_t patience, void **baton,
                     dygw_answer_t *answer);

/* --- stores --- */
#define DYGW_STORES_PER_PAGE 50

/* account_id NULL: the configured one; either may be absent. */
dygw_reply_t *dygw_douyin_stores(dygw_douyin_t *douyin, const char *access_token,
                                 const char *account_id, const char *poi_id, int page, int size,
                                 const dygw_log_t *log, apr_pool_t *pool);

/* --- short link --- */
typedef enum {
    DYGW_LINK_OK,
    DYGW_LINK_BAD, /* no link, forbidden host or address, dead (404), endless, without object_id */
    DYGW_LINK_TIMEOUT,
    DYGW_LINK_UNAVAILABLE   /* no connection, 5xx */
} dygw_link_e;

/* What a scanner read, to Douyin's encrypted_data (object_id, percent-decoded once). White space
 * around is dropped; a long link that carries object_id needs no request. On anything but OK, *why
 * says what is wrong, fit for callers. */
dygw_link_e dygw_douyin_short_link(dygw_douyin_t *douyin, const char *link, const char **object_id,
                                   const char **why, const dygw_log_t *log, apr_pool_t *pool);

/* Ends the calls in progress and those to come, from any thread; they answer LOST (UNREACHABLE when
 * nothing was sent). For the background's own client, when its thread has to stop: within a second.
 */
void dygw_douyin_abort(dygw_douyin_t *douyin);

#endif
