/* SPDX-License-Identifier: Apache-2.0
 * The upstream: Douyin's life-services API, as the gateway asks for it. The room knows coupons as
 * far as Douyin's answers show them, and nothing of records, callers or httpd. It calls util/ only.
 *
 * Its files, from top to bottom. A file calls those below it, none beside it unless that is said:
 *
 *   async.c                         questions put at once, by one thread, answered as they come
 *   prepare.c verify.c cancel.c     one file a call (coupons.c: get and query): what is requested,
 *   coupons.c order.c records.c     and what the answer says (records.c: stores, too)
 *   ledger.c token.c link.c
 *   client.c                        one Douyin application: the way of every call, counts, log
 *   envelope.c certificate.c        what all answers have in common, what answers show of a
 *   link_hosts.c                    coupon, where links may lead
 *   codes.c                         Douyin's numbers
 *   http_call.c http_multi.c        transport: requests that are waited for, and many at once
 *   http_handles.c http_easy.c      the handles of libcurl: each file calls those after it
 *   http_outcome.c
 *   address.c
 *
 * libcurl is called in the files http* alone. Pages of Douyin's that comments name are below
 * https://developer.open-douyin.com/docs/resource/zh-CN/, most of them in
 * local-life/develop/OpenAPI/general-capabilities/.
 *
 * Thread-safe: connections are kept alive in handles that one thread has at a time. */
#ifndef DYGW_DOUYIN_DOUYIN_H
#define DYGW_DOUYIN_DOUYIN_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "douyin/codes.h"
#include "douyin/reply.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/metrics.h"

typedef struct dygw_douyin_config_t {
    const char *base_url; /* no slash at the end */
    const char *client_key;
    const char *client_secret;
    const char *ca_file;                 /* NULL = the system's */
    const char *proxy;                   /* NULL = none */
    apr_interval_time_t connect_timeout; /* us */
    apr_interval_time_t total_timeout;   /* us, per call */
    int use_client_token;                /* /oauth/client_token/, not /oauth/stable_client_token/ */
    apr_array_header_t *link_hosts;      /* of const char *, as DygwShortLinkHosts takes them */
    const dygw_metrics_t *metrics;       /* NULL: calls are not counted */
    _Atomic apr_int64_t *upstream_seen;  /* where what answered is noted, for all children; NULL:
                                          * it is not */
} dygw_douyin_config_t;

typedef struct dygw_douyin_t dygw_douyin_t;

/* libcurl's own set-up: once a process, before it has threads; undone with pool. APR_EGENERAL:
 * libcurl cannot be set up. */
apr_status_t dygw_douyin_global_init(apr_pool_t *pool);

/* The version of the libcurl that is loaded, when it is older than util/versions.h asks for; NULL:
 * it is new enough. */
const char *dygw_douyin_old_libcurl(void);

/* Whether what answers is not Douyin but the sandbox, as the last answer showed; before there was
 * one, whether it is on this machine. */
int dygw_douyin_is_sandbox(const dygw_douyin_t *douyin);

/* A client for one Douyin application. Config and client live as long as pool, which must outlive
 * all calls. */
apr_status_t dygw_douyin_create(dygw_douyin_t **douyin, const dygw_douyin_config_t *config,
                                apr_pool_t *pool);

/* --- replies --- */

/* Douyin says that the coupon has been verified before; by whom, it does not say. */
static inline int dygw_douyin_reply_is_already(const dygw_reply_t *reply)
{
    return dygw_douyin_is_already(reply->error_code);
}

/* Douyin is busy for so long that asking again within seconds is of no use. */
static inline int dygw_douyin_reply_wants_rest(const dygw_reply_t *reply)
{
    return dygw_douyin_wants_rest(reply->error_code);
}

/* What stands in the way at Douyin, of a reply whose kind is SETUP. */
static inline dygw_obstacle_e dygw_douyin_reply_obstacle(const dygw_reply_t *reply)
{
    return dygw_douyin_obstacle(reply->error_code);
}

/* --- token --- */
typedef struct dygw_token_reply_t {
    dygw_reply_t reply;
    const char *access_token; /* NULL unless reply.kind is OK */
    apr_int64_t expires_in;   /* s, at most 30 days; 0: less than one is left of a stable token */
} dygw_token_reply_t;

/* Whether the configured token call is stable_client_token, which gives the same token until that
 * ends, so that a call spoils no token that somebody uses. After client_token, the token before
 * lives for five minutes more (Douyin's pages client_token and generate-stable-client-token). */
int dygw_douyin_token_is_stable(const dygw_douyin_t *douyin);

/* Makes the configured token call. Never NULL; in pool. reply has no body, as the token would be in
 * it. */
dygw_token_reply_t *dygw_douyin_token(dygw_douyin_t *douyin, const dygw_log_t *log,
                                      apr_pool_t *pool);

/* --- questions --- */

/* Which call. What it takes of the question -> what the answer is. */
typedef enum {
    DYGW_QUESTION_GET,       /* encrypted_code -> coupons */
    DYGW_QUESTION_QUERY,     /* order_id -> coupons */
    DYGW_QUESTION_VERIFY,    /* poi_id, verify_token, codes, count, send_by -> verified */
    DYGW_QUESTION_CANCEL,    /* verify_id, certificate_id, cancel_token -> cancelled */
    DYGW_QUESTION_ORDER,     /* account_id, order_id -> order */
    DYGW_QUESTION_RECORDS,   /* account_id, start_time, end_time, cursor -> records: one page */
    DYGW_QUESTION_STORES,    /* account_id or poi_id, page, size -> reply: one page */
    DYGW_QUESTION_LEDGER,    /* account_id, codes, count: certificate_ids -> ledger */
    DYGW_QUESTION_AFTER_SALE /* account_id, order_id, certificate_id -> after_sale */
} dygw_question_e;
#define DYGW_QUESTIONS (DYGW_QUESTION_AFTER_SALE + 1)

/* What a call needs, whether its answer is waited for or not. Who waits calls the function of the
 * call, which does not look at `what`. */
typedef struct dygw_question_t {
    dygw_question_e what;
    /* The merchant's root account, in any call: in the header Rpc-Transit-Life-Account, and as
     * account_id, which all of these take. NULL: in neither. */
    const char *account_id;
    /* The header alone has it. For a verify of a store that is not declared, and to ask for one
     * store, as account_id wins over poi_id (page shop.query). */
    int account_in_header_only;
    const char *encrypted_code;
    const char *order_id;
    const char *poi_id; /* of stores: that store alone; NULL: all of them */
    const char *verify_token;
    const char *const *codes; /* `count` of them: encrypted codes, or certificate_ids */
    int count;
    dygw_ms_t send_by; /* of a verify: see dygw_douyin_verify */
    const char *verify_id;
    const char *certificate_id;
    const char *cancel_token;     /* NULL: none is sent */
    dygw_ms_t start_time;         /* inclusive; to the second */
    dygw_ms_t end_time;           /* whether Douyin includes it is not documented */
    const char *cursor;           /* NULL: the first page */
    int page;                     /* of stores, from 1 */
    int size;                     /* most stores of a page, up to DYGW_STORES_PER_PAGE */
    apr_interval_time_t patience; /* us: of a look that is waited for, see dygw_douyin_look */
} dygw_question_t;

#define DYGW_STORES_PER_PAGE 50 /* the most that Douyin gives (page shop.query) */

/* --- prepare --- */
typedef struct dygw_certificate_t {
    const char *encrypted_code; /* never NULL or empty: items without one are left out */
    const char *certificate_id; /* NULL when absent */
    int status;                 /* a DYGW_CERTIFICATE_*, or a number that is none of them */
    dygw_ms_t start_time;       /* DYGW_NO_TIME when absent, as the next */
    dygw_ms_t expire_time;
    const char *sku_id;   /* NULL when absent, as the next two */
    const char *sku_name; /* sku.title */
    const char *product_id;
    apr_int64_t pay_amount; /* fen of this coupon; -1 when absent */
    int times_left;         /* uses of a times card that are left; 1 for other coupons */
    int is_times_card;
    const json_t *item; /* Douyin's own, for dygw_douyin_terms; as long as the reply */
} dygw_certificate_t;

/* What a customer has bought. */
typedef enum {
    DYGW_COUPON_OTHER, /* the answer does not tell, or in a number that nobody knows */
    DYGW_COUPON_PACKAGE,
    DYGW_COUPON_VOUCHER,
    DYGW_COUPON_TIMES_CARD
} dygw_coupon_kind_e;

/* Days on which a coupon may not be used: both ends inclusive. */
typedef struct dygw_span_t {
    dygw_ms_t from;
    dygw_ms_t to;
} dygw_span_t;

/* Hours in which a coupon may be used, in minutes of the day; the last one belongs to them. From
 * 1440 on it is the next day's. */
typedef struct dygw_hours_t {
    int from;
    int to;
} dygw_hours_t;

/* What a coupon is worth, and when and where it may be used. Amounts in fen, -1 when absent; of a
 * times card they are of the next use, and absent where Douyin tells them of the whole card
 * only. */
typedef struct dygw_terms_t {
    dygw_coupon_kind_e kind;
    apr_int64_t face_value; /* what it costs without a coupon; of a voucher, what it stands for */
    apr_int64_t pay_amount; /* what the customer paid */
    int uses_total;         /* of a times card; -1: it is none, or unknown */
    int uses_left;
    dygw_ms_t start_time;        /* DYGW_NO_TIME when absent */
    unsigned closed_weekdays;    /* bit n: not on day n, from Monday 1 to Sunday 7 */
    apr_array_header_t *closed;  /* of dygw_span_t: not on these days. Never NULL, as the next */
    apr_array_header_t *hours;   /* of dygw_hours_t: only then; empty: at any hour */
    apr_array_header_t *not_for; /* of const char *: stores in which it may not be used */
} dygw_terms_t;

/* Reads the terms of a coupon that prepare, get or query shows. What cannot be understood is left
 * out, so that it forbids nothing. In pool. */
void dygw_douyin_terms(const dygw_certificate_t *certificate, dygw_terms_t *terms,
                       apr_pool_t *pool);

typedef struct dygw_prepare_reply_t {
    dygw_reply_t reply;
    const char *verify_token;         /* never NULL when OK; "" only without any certificate */
    const char *order_id;             /* NULL when absent */
    apr_array_header_t *certificates; /* of dygw_certificate_t; empty for [], null and absent
                                       * alike. Never NULL */
} dygw_prepare_reply_t;

/* What prepare needs; it is always waited for. Exactly one of encrypted_data and code is set; both
 * are percent-encoded here. */
typedef struct dygw_prepare_question_t {
    const char *poi_id;
    const char *account_id;     /* as that of dygw_question_t */
    const char *encrypted_data; /* of a link, see dygw_douyin_short_link */
    const char *code;           /* that the customer reads out */
} dygw_prepare_question_t;

/* Which coupons an order has, and the verify_token that verifying them needs. Changes nothing at
 * Douyin. Never NULL; in pool. */
dygw_prepare_reply_t *dygw_douyin_prepare(dygw_douyin_t *douyin,
                                          const dygw_prepare_question_t *question,
                                          const char *access_token, const dygw_log_t *log,
                                          apr_pool_t *pool);

/* --- verify --- */
typedef struct dygw_verify_item_t {
    dygw_reply_class_e kind; /* OK, COUPON, SETUP, REQUEST, BUSY or REVIEW; GARBLED: the
                              * answer does not speak of this code */
    int already;             /* the code was verified before, by us or somebody else; kind is
                              * COUPON then, or BUSY if msg says so */
    apr_int64_t result;      /* Douyin's: 0, or a number as error_code */
    const char *msg;         /* never NULL */
    const char *verify_id;   /* NULL when absent or empty, and so on */
    const char *certificate_id;
    const char *origin_code;
    const char *order_id;
    const char *product_id;
    apr_int64_t pay_amount; /* fen of this use of a times card; -1 when absent */
} dygw_verify_item_t;

typedef struct dygw_verify_reply_t {
    dygw_reply_t reply;
    dygw_verify_item_t *items; /* one for each code sent, in their order; NULL unless
                                * reply.kind is OK */
} dygw_verify_reply_t;

/* As dygw_douyin_reply_wants_rest, of one code. */
static inline int dygw_douyin_item_wants_rest(const dygw_verify_item_t *item)
{
    return dygw_douyin_wants_rest(item->result);
}

/* The code was refused because its times card has no use left. */
static inline int dygw_douyin_item_is_used_up(const dygw_verify_item_t *item)
{
    return item->result == DYGW_CODE_NO_USES_LEFT;
}

/* Redeems coupons: encrypted codes of what one prepare listed, with its verify_token. The identical
 * call may be made again, with the same question: Douyin takes it as the same verification (page
 * certificate.verify: again after 5 s when the call failed; "already" is success then). A call that
 * is held up and cannot be sent until send_by (our clock; 0: at any time) is not sent, and its
 * reply is UNREACHABLE. Never NULL; in pool. */
dygw_verify_reply_t *dygw_douyin_verify(dygw_douyin_t *douyin, const dygw_question_t *question,
                                        const char *access_token, const dygw_log_t *log,
                                        apr_pool_t *pool);

/* --- certificate get and query: what became of coupons --- */
/* One verification of a coupon, as Douyin shows it. */
typedef struct dygw_seen_verify_t {
    const char *verify_id; /* never NULL: those without are left out */
    dygw_ms_t verify_time; /* by Douyin's clock; DYGW_NO_TIME when absent */
    dygw_ms_t ahead_least; /* Douyin's clock is ahead of ours by a number of ms between */
    dygw_ms_t ahead_most;  /* these two (behind: below 0), by the answer's date; when there
                            * is none, within 120 s each way */
    int verify_type;       /* a DYGW_VERIFY_TYPE_*, or a number that is none of them;
                            * OPEN_PLATFORM, too, where only verifier_unique_id tells so;
                            * -1 when absent */
    const char *poi_id;    /* NULL when absent */
    int serial;            /* which use of a times card, from 1; 0 when absent */
    int can_cancel;        /* -1 when absent */
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
    apr_array_header_t *coupons; /* of dygw_seen_coupon_t; exactly one for a get that is OK.
                                  * Never NULL */
} dygw_coupons_reply_t;

/* Get or query, as the question says, for who waits: at most for question->patience, however long
 * other calls may take. Never NULL; in pool. */
dygw_coupons_reply_t *dygw_douyin_look(dygw_douyin_t *douyin, const dygw_question_t *question,
                                       const char *access_token, const dygw_log_t *log,
                                       apr_pool_t *pool);

/* --- cancel --- */
typedef struct dygw_cancel_reply_t {
    dygw_reply_t reply; /* OK: cancelled */
} dygw_cancel_reply_t;

/* Takes a verification back, which Douyin allows for an hour at most (page certificate.cancel). A
 * cancel_token makes the identical call the same cancel; NULL: none is sent, which Douyin demands
 * where stores settle separately. Never NULL; in pool. */
dygw_cancel_reply_t *dygw_douyin_cancel(dygw_douyin_t *douyin, const dygw_question_t *question,
                                        const char *access_token, const dygw_log_t *log,
                                        apr_pool_t *pool);

/* --- order query --- */
/* Amounts in fen, -1 when absent. */
typedef struct dygw_order_coupon_t {
    const char *certificate_id; /* NULL when absent or empty */
    const char *order_item_id;
    apr_int64_t pay_amount; /* of this coupon alone, from sub_order_amount_infos; -1 when
                             * there are no figures of its own */
    apr_int64_t receipt_amount;
    apr_int64_t discount_amount;
} dygw_order_coupon_t;

typedef struct dygw_order_reply_t {
    dygw_reply_t reply;
    int found; /* 0: Douyin does not know the order (yet): no order in the
                * answer, or DYGW_CODE_NO_SUCH_ORDER */
    const char *order_id;
    const char *ext_order_id; /* the third party's; NULL when absent */
    apr_int64_t order_status; /* -1 when absent */
    apr_int64_t pay_amount;   /* of the whole order */
    apr_int64_t receipt_amount;
    apr_int64_t discount_amount;
    dygw_ms_t create_order_time;
    dygw_ms_t pay_time; /* 0 = not paid becomes DYGW_NO_TIME */
    const char *sku_id;
    const char *sku_name;
    const char *product_id;
    const char *product_name;
    int count;                   /* coupons; 0 when absent */
    apr_array_header_t *coupons; /* of dygw_order_coupon_t, in Douyin's order. Never NULL */
} dygw_order_reply_t;

/* --- after-sale order: a refund that was asked for after the redemption --- */
typedef struct dygw_after_sale_reply_t {
    dygw_reply_t reply;
    int refund_status; /* of the newest refund of the coupon that was asked for: a DYGW_REFUND_*, or
                        * a number that is none of them; UNSAID: Douyin shows none (yet) */
} dygw_after_sale_reply_t;

/* --- verify records: what Douyin has of an account --- */
#define DYGW_RECORDS_PER_PAGE 20 /* Douyin's most (page certificate.verifyrecord.query) */

/* One verification, whoever made it. */
typedef struct dygw_verify_record_t {
    const char *verify_id; /* NULL when absent, and so on */
    const char *certificate_id;
    dygw_ms_t verify_time;
    dygw_ms_t cancel_time; /* DYGW_NO_TIME when absent */
    int cancelled;
    int verify_type;        /* a DYGW_VERIFY_TYPE_*, or another number; -1 when absent */
    apr_int64_t pay_amount; /* fen paid for this coupon or use; -1 when absent */
    const char *sku_name;
} dygw_verify_record_t;

typedef struct dygw_records_reply_t {
    dygw_reply_t reply;
    apr_array_header_t *records; /* of dygw_verify_record_t, in Douyin's order. Never NULL */
    const char *cursor;          /* of the next page; NULL: this is the last */
} dygw_records_reply_t;

/* --- the settlement ledger: what the merchant is to get --- */
#define DYGW_LEDGER_COUPONS 50 /* Douyin's most (page ledger.query-record-by-cert) */

/* What a line tells, in fen. */
typedef enum {
    DYGW_LEDGER_ORIGINAL,
    DYGW_LEDGER_PAY,
    DYGW_LEDGER_PAY_DISCOUNT,
    DYGW_LEDGER_MERCHANT_DISCOUNT, /* no part of the settlement */
    DYGW_LEDGER_TOTAL,             /* to be settled: the base of the fees */
    DYGW_LEDGER_GOODS,             /* what the merchant gets */
    DYGW_LEDGER_PAY_FEE,
    DYGW_LEDGER_PLATFORM_FEE, /* PAY_FEE included */
    DYGW_LEDGER_TALENT_COMMISSION,
    DYGW_LEDGER_AGENT_COMMISSION,
    DYGW_LEDGER_OPERATION_AGENT,
    DYGW_LEDGER_AMOUNTS
} dygw_ledger_amount_e;

/* Douyin does not show the amount, which does not make it 0: what the platform takes is hidden from
 * service providers. */
#define DYGW_LEDGER_NOT_TOLD APR_INT64_MIN

/* One line of a coupon. A voucher that is good for several products has two with one verify_id; a
 * times card has one for each use. */
typedef struct dygw_ledger_line_t {
    const char *ledger_id; /* NULL when absent, and so on */
    const char *verify_id;
    const char *certificate_id;
    int status; /* a DYGW_LEDGER_STATUS_*, or another number; -1 when absent */
    apr_int64_t amounts[DYGW_LEDGER_AMOUNTS];
    const char *raw; /* the line, a JSON object */
} dygw_ledger_line_t;

typedef struct dygw_ledger_reply_t {
    dygw_reply_t reply;
    apr_array_header_t *lines; /* of dygw_ledger_line_t, each ledger_id once. Never NULL; coupons
                                * may have none: not yet, or never */
} dygw_ledger_reply_t;

/* --- many calls at once, from one thread --- */

/* The one that belongs to the question; all begin with the reply. */
typedef union dygw_answer_t {
    const dygw_reply_t *reply; /* never NULL */
    const dygw_coupons_reply_t *coupons;
    const dygw_verify_reply_t *verified;
    const dygw_cancel_reply_t *cancelled;
    const dygw_order_reply_t *order;
    const dygw_records_reply_t *records;
    const dygw_ledger_reply_t *ledger;
    const dygw_after_sale_reply_t *after_sale;
} dygw_answer_t;

/* The calls that one thread has under way. Belongs to that thread; connections are kept. */
typedef struct dygw_douyin_async_t dygw_douyin_async_t;

/* Lives as long as pool, which is the client's or ends before that; calls under way are ended with
 * it. */
apr_status_t dygw_douyin_async_create(dygw_douyin_async_t **async, dygw_douyin_t *douyin,
                                      apr_pool_t *pool);

/* Begins the call, without waiting; question, what it points to, log and pool must live until the
 * call is completed. baton is given back then. A call that cannot be sent is completed as
 * UNREACHABLE. */
void dygw_douyin_async_begin(dygw_douyin_async_t *async, const dygw_question_t *question,
                             const char *access_token, const dygw_log_t *log, apr_pool_t *pool,
                             void *baton);

/* How many calls are under way: begun, and not given by dygw_douyin_async_next. */
int dygw_douyin_async_count(const dygw_douyin_async_t *async);

/* The next call that is completed: its baton, and its answer, which is in the pool of the call.
 * Waits for one up to patience (us; 0: not at all). 0: none is completed, which is said at once
 * when none is under way. To be called then, too: it closes connections that nobody needs. After
 * dygw_douyin_abort, it completes all calls at once, as LOST or UNREACHABLE. */
int dygw_douyin_async_next(dygw_douyin_async_t *async, apr_interval_time_t patience, void **baton,
                           dygw_answer_t *answer);

/* --- stores --- */

/* The stores that an account has claimed at Douyin, as data.pois: one page. Never NULL; in
 * pool. */
dygw_reply_t *dygw_douyin_stores(dygw_douyin_t *douyin, const dygw_question_t *question,
                                 const char *access_token, const dygw_log_t *log, apr_pool_t *pool);

/* --- short link --- */
typedef enum {
    DYGW_LINK_OK,
    DYGW_LINK_BAD,  /* no link, forbidden host or address, endless, without object_id */
    DYGW_LINK_DEAD, /* 4xx: it was one, as a rule */
    DYGW_LINK_TIMEOUT,
    DYGW_LINK_UNAVAILABLE /* no connection, 5xx */
} dygw_link_e;

/* From what a scanner read to the encrypted_data of prepare: the link's object_id, percent-decoded
 * once, as Douyin's page certificate.prepare says. White space around the link is dropped; a long
 * link that carries object_id needs no request. *object_id is in pool. On anything but OK it is
 * NULL, and *why says what is wrong, fit for callers. */
dygw_link_e dygw_douyin_short_link(dygw_douyin_t *douyin, const char *link, const char **object_id,
                                   const char **why, const dygw_log_t *log, apr_pool_t *pool);

/* Ends the calls in progress and those to come, from any thread; their replies are LOST, or
 * UNREACHABLE when nothing was sent. For the background's own client, when its thread has to stop
 * within a second. */
void dygw_douyin_abort(dygw_douyin_t *douyin);

#endif
