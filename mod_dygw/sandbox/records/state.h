/* SPDX-License-Identifier: Apache-2.0
 * The state of the sandbox: one piece of shared memory with one lock. Of the room this file uses
 * account.h and terms.h only.
 *
 * The records are orders, coupons and verifications, each in an array; their ids are computed from
 * their indexes (ids.h). The coupons of an order follow each other. All verifications are kept, in
 * the order of their time; those of one order are also a list, the newest first. The lock is held
 * while records are read or changed, never while a thread sleeps or sends an answer. */
#ifndef DYGW_SANDBOX_STATE_H
#define DYGW_SANDBOX_STATE_H

#include <apr_pools.h>

#include "sandbox/records/account.h"
#include "sandbox/records/terms.h"
#include "util/clock.h"

#define DYGW_SANDBOX_POI_SET_MAX   16   /* stores of one list */
#define DYGW_SANDBOX_POI_SETS      64   /* different lists; the first one is empty */
#define DYGW_SANDBOX_TERM_SETS     64   /* different terms; the first ones restrict nothing */
#define DYGW_SANDBOX_CODES_MAX     50   /* codes in one verify or cancel */
#define DYGW_SANDBOX_ORDER_COUPONS 10   /* Douyin's own limit */
#define DYGW_SANDBOX_TIMES_MAX     1000 /* uses of a times card */
#define DYGW_SANDBOX_CLIENTS       16
#define DYGW_SANDBOX_KEY_MAX       64   /* characters of a client_key */
#define DYGW_SANDBOX_TOKENS        256  /* access tokens that are remembered */
#define DYGW_SANDBOX_TOKEN_CALLS   500  /* client_token calls in five minutes */
#define DYGW_SANDBOX_QPS_MAX       64   /* order queries a second that can be counted */
#define DYGW_SANDBOX_FAULTS        64   /* faults in the queue */
#define DYGW_SANDBOX_LATE          512  /* late changes that wait */
#define DYGW_SANDBOX_RING          1000 /* calls that are remembered */
#define DYGW_SANDBOX_ARGS_MAX      2048 /* bytes of the arguments of such a call */
#define DYGW_SANDBOX_SALES         1024 /* refunds that are asked for after the redemption */
#define DYGW_SANDBOX_TEXT_MAX      256
#define DYGW_SANDBOX_URL_MAX       1024

/* --- coupons --- */

typedef enum {
    DYGW_SANDBOX_GROUPON = 1, /* the numbers are Douyin's groupon_type */
    DYGW_SANDBOX_VOUCHER,
    DYGW_SANDBOX_TIMES_CARD
} dygw_sandbox_kind_e;

enum { DYGW_SANDBOX_UNUSED = 1, DYGW_SANDBOX_USED = 2, DYGW_SANDBOX_STATUS_MAX = 6 };

/* What keeps a coupon from being redeemed for the time being, with its word in the control
 * interface. Its status does not show it. */
#define DYGW_SANDBOX_BLOCK_TABLE(X) \
    X(NONE, "none") \
    X(GIVEN_AWAY, "given_away") /* its owner gives it to somebody, who has not taken it yet */ \
    X(ORDERING, "ordering")     /* its owner orders with it, and has not paid yet */ \
    X(NO_CODE, "no_code")       /* it is prepared by the link alone, not by its code */ \
    X(QR_ENDED, "qr_ended")     /* or by its code alone: the link has ended */

#define DYGW_SANDBOX_BLOCK_NUMBER(block, word) DYGW_SANDBOX_BLOCK_##block,
typedef enum {
    DYGW_SANDBOX_BLOCK_TABLE(DYGW_SANDBOX_BLOCK_NUMBER) DYGW_SANDBOX_BLOCKS
} dygw_sandbox_block_e;

typedef struct dygw_sandbox_order_t {
    dygw_ms_t created;
    dygw_ms_t changed;
    dygw_ms_t starts;
    dygw_ms_t expires;
    apr_uint32_t first_coupon;
    apr_uint32_t last_verification; /* DYGW_SANDBOX_NONE: none */
    apr_uint32_t verify_tokens;     /* issued by prepare, numbered from 1 */
    apr_uint32_t visible_after;     /* ms after created, when the order query shows it */
    apr_int32_t pay_amount;         /* fen, of each coupon */
    apr_int32_t original_amount;
    apr_int32_t receipt_amount; /* fen, of the whole order */
    apr_uint16_t coupons;
    apr_uint16_t times;        /* uses of each coupon */
    unsigned char kind;        /* dygw_sandbox_kind_e */
    unsigned char poi_set;     /* the stores that may redeem it; of an empty list: all may */
    unsigned char not_poi_set; /* the stores that may not */
    unsigned char terms;
    unsigned char account; /* its index */
} dygw_sandbox_order_t;

typedef struct dygw_sandbox_coupon_t {
    apr_uint32_t order;
    apr_uint32_t verify_calls;
    apr_uint16_t used;
    apr_uint16_t cancelled;
    unsigned char status; /* Douyin's, 1 to 6 */
    unsigned char block;  /* dygw_sandbox_block_e */
} dygw_sandbox_coupon_t;

enum { DYGW_SANDBOX_BY_SCAN = 2, DYGW_SANDBOX_BY_API = 4 }; /* Douyin's verify_type */

typedef struct dygw_sandbox_verification_t {
    dygw_ms_t at;
    dygw_ms_t cancelled_at; /* DYGW_NO_TIME: it is not cancelled */
    apr_uint32_t coupon;
    apr_uint32_t previous;     /* verification of the same order; NONE: none */
    apr_uint32_t token;        /* number of the verify_token; 0: made elsewhere */
    apr_uint32_t request;      /* hash of store, account_id and codes of the request */
    apr_uint32_t cancel_token; /* hash of the cancel_token; 0: none */
    apr_uint16_t serial;       /* which use of a times card, from 1 */
    unsigned char type;
    char poi_id[DYGW_SANDBOX_POI_MAX + 1];
} dygw_sandbox_verification_t;

typedef struct dygw_sandbox_poi_set_t {
    int count;
    char ids[DYGW_SANDBOX_POI_SET_MAX][DYGW_SANDBOX_POI_MAX + 1];
} dygw_sandbox_poi_set_t;

/* A refund that a customer asks for after the redemption. */
typedef struct dygw_sandbox_sale_t {
    dygw_ms_t asked_at;
    dygw_ms_t changed_at;
    apr_uint32_t coupon;
    apr_int32_t amount;                /* fen */
    apr_int32_t refund_status;         /* Douyin's */
    char order_id[32];                 /* under which it is found */
    char words[DYGW_SANDBOX_TEXT_MAX]; /* the customer's own */
} dygw_sandbox_sale_t;

/* --- access tokens --- */

typedef struct dygw_sandbox_access_t {
    dygw_ms_t expires;
    dygw_ms_t superseded; /* when newer tokens end it; DYGW_NO_TIME: never */
    apr_uint32_t number;  /* of the token; 0: this place is free */
    int killed;           /* the token counts as unknown */
} dygw_sandbox_access_t;

typedef struct dygw_sandbox_client_t {
    char key[DYGW_SANDBOX_KEY_MAX + 1];
    apr_uint32_t stable;                        /* token of stable_client_token; 0: none */
    apr_uint32_t newest, before;                /* the last two of client_token; 0: none */
    apr_uint32_t calls;                         /* of client_token */
    dygw_ms_t called[DYGW_SANDBOX_TOKEN_CALLS]; /* when the last calls of it came */
} dygw_sandbox_client_t;

/* --- calls, faults, switches --- */

/* All calls of Douyin's API, with their names in the control interface. */
#define DYGW_SANDBOX_CALL_TABLE(X) \
    X(CLIENT_TOKEN, "client_token") \
    X(STABLE_TOKEN, "stable_client_token") \
    X(SHORT_LINK, "short_link") \
    X(PREPARE, "prepare") \
    X(VERIFY, "verify") \
    X(CANCEL, "cancel") \
    X(GET, "get") \
    X(QUERY, "query") \
    X(RECORD, "verify_record") \
    X(STORES, "stores") \
    X(ORDERS, "orders") \
    X(LEDGER, "ledger") \
    X(AFTER_SALE, "after_sale")

#define DYGW_SANDBOX_CALL_NUMBER(call, name) DYGW_SANDBOX_CALL_##call,

typedef enum {
    DYGW_SANDBOX_CALL_TABLE(DYGW_SANDBOX_CALL_NUMBER) DYGW_SANDBOX_CALLS,
    DYGW_SANDBOX_CALL_TOKEN = DYGW_SANDBOX_CALLS, /* in faults: either token call */
    DYGW_SANDBOX_CALL_ANY
} dygw_sandbox_call_e;

typedef enum {
    DYGW_SANDBOX_NO_FAULT,
    DYGW_SANDBOX_LATENCY,
    DYGW_SANDBOX_HANG,
    DYGW_SANDBOX_DROP_BEFORE,
    DYGW_SANDBOX_DROP_AFTER,
    DYGW_SANDBOX_STATUS,
    DYGW_SANDBOX_STATUS_AFTER,
    DYGW_SANDBOX_TRUNCATED,
    DYGW_SANDBOX_GARBAGE,
    DYGW_SANDBOX_ERROR,
    DYGW_SANDBOX_ERROR_AFTER,
    DYGW_SANDBOX_RESULT,
    DYGW_SANDBOX_APPLY_LATE,
    DYGW_SANDBOX_REVIEW,
    DYGW_SANDBOX_DAMAGE,
    DYGW_SANDBOX_COMPRESS,
    DYGW_SANDBOX_FAULT_KINDS
} dygw_sandbox_fault_e;

typedef struct dygw_sandbox_fault_t {
    dygw_sandbox_fault_e kind;
    dygw_sandbox_call_e call;
    int times;   /* how often it happens; -1: until it is cleared */
    int percent; /* the chance that it happens */
    int ms;      /* of latency, hang, apply_late and review */
    int http_status;
    apr_int64_t error_code;
    apr_int64_t sub_error_code;
    apr_int64_t result;
    int anew;                                /* see dygw_sandbox_change_t */
    int item;                                /* of result: which code, from 0; -1: all codes */
    char description[DYGW_SANDBOX_TEXT_MAX]; /* of error, empty: the usual text of the code;
                                              * of result: msg; of damage: how */
} dygw_sandbox_fault_t;

/* A call that is remembered. */
typedef struct dygw_sandbox_seen_t {
    apr_uint64_t seq;
    dygw_ms_t at;
    apr_int64_t error_code;
    int http_status; /* 0: the connection was closed without an answer */
    dygw_sandbox_call_e call;
    dygw_sandbox_fault_e fault;
    int token_ok;                                      /* -1: the call needs none */
    char account_header[DYGW_SANDBOX_ACCOUNT_MAX + 1]; /* empty: none; cut where it is longer */
    apr_size_t args_len;
    char args[DYGW_SANDBOX_ARGS_MAX];
} dygw_sandbox_seen_t;

/* A change: a verify or a cancel, with all that is needed to make it now or later. */
typedef struct dygw_sandbox_change_t {
    int is_cancel;
    int anew; /* verify: as if its token had not been used before */
    apr_uint32_t order;
    apr_uint32_t token;   /* verify: number of the verify_token; cancel: hash of the
                           * cancel_token, 0: none */
    apr_uint32_t request; /* verify: hash of store, account_id and codes */
    int count;
    apr_uint32_t records[DYGW_SANDBOX_CODES_MAX]; /* indexes: verify: of the coupons; cancel: of
                                                   * the verifications */
    char poi_id[DYGW_SANDBOX_POI_MAX + 1];
} dygw_sandbox_change_t;

/* A late change: one that is made later than its answer is sent. */
typedef struct dygw_sandbox_late_t {
    dygw_ms_t due;
    int is_review; /* until then its coupons cannot be verified */
    dygw_sandbox_change_t change;
} dygw_sandbox_late_t;

/* What Douyin's documents leave open, or say in two ways; switches.c has the names. */
typedef struct dygw_sandbox_switches_t {
    int certificate_id; /* where words can be chosen, their number in switches.c */
    int empty_list;
    int description;
    int refusal_level;
    int times_in_ms; /* 0: some times are in ms, as documented; 1: all are */
    int redirects;
    int redirect_status;
    int superseded;
    int latency_ms;
    int clock_ahead_s; /* so wrong Douyin's clock is; or behind by that: */
    int clock_behind_s;
    int record_delay_ms; /* how long after it happened something is in the verify records */
    int order_delay_ms;
    int cancel_window_ms;
    int order_qps;         /* 0: no limit */
    int token_window_ms;   /* how long a used verify_token is known; 0: for ever */
    int forgotten_token;   /* what a verify_token is after that */
    int hide_poi_id;       /* "verify" does not show the store */
    int hide_verify_id;    /* the answer to a verify has no verify_id */
    int sub_order_amounts; /* orders also show the amounts of each coupon */
    int unknown_order;
    int cancel_again;
    int refuse_cancel_token;
    int list_all;        /* prepare lists all coupons, whatever their status */
    int copies;          /* which copy of a list has the items, see reply.h */
    int link_blank;      /* Location has a character that is wrong in a URL */
    int wrong_account;   /* what a coupon of another account is */
    int need_account;    /* all calls have to name their account */
    int ledger_delay_ms; /* when a use of a coupon has a line in the ledger */
    int ledger_status;   /* of all lines but those of cancelled uses, which are void */
    int ledger_shape;
    int ledger_two_lines;      /* each use has two */
    int ledger_hides_platform; /* what a service provider is not shown is left out */
    int ledger_text;           /* amounts are strings */
    int no_after_sale_permission;
    char link_target[DYGW_SANDBOX_URL_MAX];
} dygw_sandbox_switches_t;

enum { DYGW_SANDBOX_ID_NUMBER, DYGW_SANDBOX_ID_STRING };
enum { DYGW_SANDBOX_LIST_ARRAY, DYGW_SANDBOX_LIST_NULL, DYGW_SANDBOX_LIST_MISSING };
enum {
    DYGW_SANDBOX_FIRST_COPY,
    DYGW_SANDBOX_SECOND_ALONE,
    DYGW_SANDBOX_SECOND_AND_NULL,
    DYGW_SANDBOX_SECOND_AND_EMPTY
};
enum { DYGW_SANDBOX_LINK_WHOLE, DYGW_SANDBOX_LINK_BLANK, DYGW_SANDBOX_LINK_TAB };
enum { DYGW_SANDBOX_SAY_SUCCESS, DYGW_SANDBOX_SAY_NOTHING };
enum { DYGW_SANDBOX_REFUSE_DATA, DYGW_SANDBOX_REFUSE_RESULT };
enum { DYGW_SANDBOX_ORDER_REFUSED, DYGW_SANDBOX_ORDER_EMPTY };
enum { DYGW_SANDBOX_FORGOTTEN_NEW, DYGW_SANDBOX_FORGOTTEN_REFUSED };
enum { DYGW_SANDBOX_LEDGER_SIBLINGS, DYGW_SANDBOX_LEDGER_NESTED };
enum { DYGW_SANDBOX_ACCOUNT_REFUSED, DYGW_SANDBOX_ACCOUNT_EMPTY };
enum { DYGW_SANDBOX_AGAIN_1265, DYGW_SANDBOX_AGAIN_3000001, DYGW_SANDBOX_AGAIN_SUCCESS };

typedef struct dygw_sandbox_state_t {
    apr_uint64_t salt;
    dygw_sandbox_switches_t switches;

    apr_uint32_t capacity; /* coupons, and orders */
    apr_uint32_t verification_capacity;
    apr_uint32_t orders, coupons, verifications;  /* how many there are */
    apr_uint32_t used;                            /* coupons whose status is 2 */
    apr_uint32_t double_redemptions;              /* uses of coupons that had no use left */
    apr_uint32_t verify_applied, verify_repeated; /* requests */
    apr_uint32_t connections;
    apr_uint32_t calls[DYGW_SANDBOX_CALLS];

    apr_uint32_t tokens_issued;
    dygw_sandbox_access_t tokens[DYGW_SANDBOX_TOKENS]; /* by number */
    dygw_sandbox_client_t clients[DYGW_SANDBOX_CLIENTS];

    dygw_sandbox_accounts_t accounts;

    int poi_sets;
    dygw_sandbox_poi_set_t poi_set[DYGW_SANDBOX_POI_SETS];
    int term_sets;
    dygw_sandbox_terms_t terms[DYGW_SANDBOX_TERM_SETS];

    apr_uint32_t order_queries;
    dygw_ms_t order_queried[DYGW_SANDBOX_QPS_MAX]; /* when order queries were answered */
    dygw_ms_t order_asked[DYGW_SANDBOX_QPS_MAX];   /* when order queries came */
    int order_peak; /* the most order queries that came in a second */

    int sales;
    dygw_sandbox_sale_t sale[DYGW_SANDBOX_SALES]; /* the oldest first */

    int faults, lates;
    dygw_sandbox_fault_t fault[DYGW_SANDBOX_FAULTS]; /* the oldest first */
    dygw_sandbox_late_t late[DYGW_SANDBOX_LATE];

    apr_uint64_t seen;                           /* how many calls came; the last seq */
    dygw_sandbox_seen_t ring[DYGW_SANDBOX_RING]; /* by seq modulo DYGW_SANDBOX_RING */
} dygw_sandbox_state_t;

/* Makes the shared memory, with room for capacity coupons, and its lock. To be called before the
 * children are forked. The memory lives as long as pconf. `accounts` are those at the start and
 * after each reset. */
apr_status_t dygw_sandbox_state_create(apr_pool_t *pconf, int capacity,
                                       const dygw_sandbox_accounts_t *accounts);

/* The state; NULL: the memory is not made yet. */
dygw_sandbox_state_t *dygw_sandbox_state(void);

/* Take and release the lock, and do nothing else. Requests use dygw_sandbox_lock (call.h) instead,
 * which also makes the late changes that are due. */
void dygw_sandbox_state_lock(void);
void dygw_sandbox_state_unlock(void);

/* Removes all records, and sets all back to the beginning, with a new salt. The caller holds the
 * lock, here and in all functions below. */
void dygw_sandbox_state_reset(void);

/* The record with an index; NULL: there is none. It may be used as long as the lock is held,
 * because a reset removes it. */
dygw_sandbox_order_t *dygw_sandbox_order(apr_uint32_t index);
dygw_sandbox_coupon_t *dygw_sandbox_coupon(apr_uint32_t index);
dygw_sandbox_verification_t *dygw_sandbox_verification(apr_uint32_t index);

/* Adds an order, as a copy of model, and its coupons with that status. The coupons and the tokens
 * of model are not copied. Returns the index; DYGW_SANDBOX_NONE: there is no room. */
apr_uint32_t dygw_sandbox_order_add(const dygw_sandbox_order_t *model, int status);

/* Adds a verification, as a copy of model, to its order. Returns the index; DYGW_SANDBOX_NONE:
 * there is no room. */
apr_uint32_t dygw_sandbox_verification_add(const dygw_sandbox_verification_t *model);

/* The newest verification of a coupon that is not cancelled; DYGW_SANDBOX_NONE: there is none. */
apr_uint32_t dygw_sandbox_latest(apr_uint32_t coupon);

/* Sets Douyin's status of a coupon, and counts the used coupons. */
void dygw_sandbox_set_status(dygw_sandbox_coupon_t *coupon, int status);

/* The word of a block; constant. And the block of a word; -1: it is none. */
const char *dygw_sandbox_block_word(int block);
int dygw_sandbox_block_of_word(const char *word);

/* The account of an order. */
const dygw_sandbox_account_t *dygw_sandbox_order_account(const dygw_sandbox_order_t *order);

/* Whether a store may redeem an order: one of the order's list; without a list, any store of its
 * account; and none that is excluded. A store that is in nobody's list is one of the first
 * account. */
int dygw_sandbox_poi_fits(const dygw_sandbox_order_t *order, const char *poi_id);

/* --- late changes --- */

/* Adds a late change, to be made in ms. Returns 0 where too many wait already. */
int dygw_sandbox_late_add(const dygw_sandbox_change_t *change, dygw_ms_t ms, int is_review);

/* Takes out the late change that is due first. Returns 0 where none is due by now. */
int dygw_sandbox_late_take(dygw_ms_t now, dygw_sandbox_late_t *late);

/* Whether one of the coupons of a verify is under review. */
int dygw_sandbox_is_under_review(const dygw_sandbox_change_t *change);

#endif
