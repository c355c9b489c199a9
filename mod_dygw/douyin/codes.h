/* SPDX-License-Identifier: Apache-2.0
 * Douyin's numbers. Each that means something to the module has one name, and that is here; what
 * every error code means to us is told here and in codes.c. build/guards reads this file and looks
 * for the same numbers everywhere else.
 *
 * Sources, below https://developer.open-douyin.com/docs/resource/zh-CN/: the codes are those of
 * local-life/connect/returns-a-status-code and of dop/develop/openapi/status-code; some are from
 * Douyin's forum and from programs of others. Statuses and types are those of the pages of the
 * calls.
 *
 * Calls nothing but util/. */
#ifndef DYGW_DOUYIN_CODES_H
#define DYGW_DOUYIN_CODES_H

#include "douyin/reply.h"

/* --- error codes --- */

/* X(name, number, what it means: a DYGW_REPLY_*), whatever the call and the level of its answer. An
 * unknown number would often be taken as a coupon's, too: those are in the list so that each is
 * counted by itself. Metrics know a code by its place in the list. */
#define DYGW_DOUYIN_CODES(X) \
    /* fulfilment: the coupon's, with others among them */ \
    X(ALREADY_DONE, 2, COUPON) /* as `result`; what else it means is not said */ \
    X(ALREADY_VERIFIED, 1208, COUPON) \
    X(NO_SUCH_COUPON, 1212, COUPON)  /* or it is another merchant's */ \
    X(CODE_UNREADABLE, 1221, COUPON) /* the encrypted code cannot be decrypted */ \
    X(OTHER_STORE, 1228, COUPON)     /* the coupon is another store's */ \
    X(RISK_REVIEW, 1229, REVIEW)     /* ends by itself within 48 h if all is well */ \
    X(NO_USES_LEFT, 1241, COUPON)    /* of a times card */ \
    X(NOT_VALID_ANY_MORE, 1250, COUPON) \
    X(NO_FULFILMENT, 1263, COUPON)    /* no such fulfilment order */ \
    X(CANCELLED_COUPON, 1265, COUPON) /* cancelled coupons are among them */ \
    X(NO_CODE, 1502, REQUEST)         /* neither code nor encrypted_data was sent */ \
    X(MERCHANT, 1508, SETUP)          /* has not authorised the application */ \
    X(BODY_UNREADABLE, 200002, REQUEST) \
    X(REFUSED, 3000001, COUPON)               /* the catch-all; the description tells why */ \
    X(STORE_WITHOUT_PRODUCT, 3000002, COUPON) /* the product is not for this store */ \
    X(MERCHANT_OF_STORES, 3000004, SETUP)     /* as MERCHANT */ \
    X(NO_SELECTION, 3000005, REQUEST) \
    X(NO_SUCH_ORDER, 3100101, COUPON) \
    X(NO_COUPON_NAMED, 4000001, REQUEST) /* neither encrypted_code nor order_id was sent */ \
    X(CURSOR_NEEDED, 4000002, REQUEST) \
    X(LOAD_TEST, 4001601, BUSY) /* held back during a load test */ \
    X(SERVER_ERROR, 5000001, BUSY) \
    X(SERVER_DOZING, 6001001, BUSY) \
    X(BUSY_UNSAID, 45002002, BUSY) /* not documented; other programs try again */ \
    X(DYNAMIC_CODE_ENDED, 45005117, COUPON) \
    X(NO_SUCH_VOUCHER, 1033000519, COUPON) \
    X(TOO_LATE_TO_CANCEL, 2034000910, COUPON) \
    /* the platform's gateways, where coupons' numbers are the exception */ \
    X(UNKNOWN_ERROR, 2100001, BUSY) \
    X(SYSTEM_BUSY, 2100004, BUSY) \
    X(PARAMETER, 2100005, REQUEST) \
    X(ADDRESS_OR_RIGHT, 2100007, SETUP) /* our address is not on the application's list, as a \
                                         * rule; or "no permission" */ \
    X(BANNED, 2100009, SETUP) \
    X(PARAMETER_AT_GATEWAY, 2119001, REQUEST) \
    X(SYSTEM_BUSY_AT_GATEWAY, 2119002, BUSY) \
    X(TOO_MANY_REQUESTS, 2119003, BUSY) \
    X(MERCHANT_AT_GATEWAY, 2119005, SETUP) /* as MERCHANT */ \
    X(BEING_GIVEN_AWAY, 2119006, COUPON)   /* by its owner to somebody else */ \
    X(ORDERING, 2119007, COUPON)           /* its owner orders with it, and has not paid yet */ \
    X(PUNISHED, 2119008, SETUP) \
    X(TAKEN_DOWN, 2119010, SETUP) \
    X(ADDRESS, 2119013, SETUP) /* our address is not on the application's list */ \
    X(QUOTA, 2190001, BUSY)    /* is used up */ \
    X(TOKEN_INVALID, 2190002, TOKEN) \
    X(NO_PERMISSION, 2190004, SETUP)        /* the application lacks it */ \
    X(MERCHANT_AT_PLATFORM, 2190005, SETUP) /* as MERCHANT */ \
    X(TOKEN_EXPIRED, 2190008, TOKEN)        /* or superseded */ \
    /* the new gateway; NEW_ where another one has a code of the same meaning */ \
    X(NEW_TOKEN_INVALID, 28001003, TOKEN) \
    X(NEW_SYSTEM_BUSY, 28001005, BUSY) \
    X(NEW_NETWORK, 28001006, BUSY) /* trouble within Douyin's network */ \
    X(NEW_PARAMETER, 28001007, REQUEST) \
    X(NEW_TOKEN_EXPIRED, 28001008, TOKEN) \
    X(NEW_UNKNOWN_ERROR, 28001010, BUSY) \
    X(WANTS_USER_TOKEN, 28001012, SETUP) \
    X(USER_NOT_AUTHORISED, 28001013, SETUP) \
    X(NO_ABILITY, 28001014, SETUP) /* the application has none at all */ \
    X(TOKEN_OF_OTHER_USER, 28001015, SETUP) \
    X(APP_BANNED, 28001016, SETUP) \
    X(UNKNOWN_URI, 28001017, SETUP) \
    X(NO_SUCH_ABILITY, 28001018, SETUP) /* the application lacks this one */ \
    X(ABILITY_BANNED, 28001019, SETUP) \
    X(TEST_APP_NOT_BOUND, 28001020, SETUP) \
    X(TEST_APP_ENDED, 28001021, SETUP) \
    X(CLIENT_TICKET, 28001024, SETUP) \
    X(MESSAGE_PARAMETER, 28001029, REQUEST) \
    X(SCOPE_MISSING, 28001042, SETUP) \
    X(USER_CANCELLED, 28001045, SETUP) \
    X(USER_BANNED, 28001046, SETUP) \
    X(USER_PRIVATE, 28001047, SETUP) \
    X(NEW_RISK, 28001052, BUSY) /* a risk that Douyin says to try again after */ \
    X(API_GONE, 28001056, SETUP) \
    X(QUOTA_AT_GATEWAY, 28003017, BUSY) /* as QUOTA */ \
    X(NEW_TOO_MANY_REQUESTS, 28003018, BUSY) \
    X(NEW_PARAMETER_STRANGE, 28003036, REQUEST) \
    X(SCOPE_OF_OTHER_WAY, 28004020, SETUP) /* this way of authorising does not have the scope */ \
    X(NEW_PARAMETER_UNREADABLE, 28005001, REQUEST) \
    X(NEW_PARAMETER_WRONG, 28007004, REQUEST)

/* The same of the token calls alone. Where coupons are concerned these numbers mean nothing
 * special. */
#define DYGW_DOUYIN_TOKEN_CODES(X) \
    X(TOKEN_PARAMETER, 10002, REQUEST) /* is missing */ \
    X(NO_SUCH_CLIENT, 10003, SETUP)    /* no such client_key */ \
    X(WRONG_SECRET, 10013, SETUP)      /* client_key or client_secret is wrong */ \
    X(TOO_MANY_TOKENS, 10020, BUSY)    /* over 500 calls in 5 minutes */

#define DYGW_CODE(name, number, kind) DYGW_CODE_##name = (number),
enum { DYGW_DOUYIN_CODES(DYGW_CODE) DYGW_DOUYIN_TOKEN_CODES(DYGW_CODE) };
#undef DYGW_CODE

/* --- statuses and types --- */

/* The `status` of a certificate, Douyin's word for a coupon, in prepare, get and query. */
typedef enum {
    DYGW_CERTIFICATE_UNSAID = -1, /* ours: the answer does not tell */
    DYGW_CERTIFICATE_INITIAL = 0,
    DYGW_CERTIFICATE_UNUSED = 1,
    DYGW_CERTIFICATE_USED = 2,
    DYGW_CERTIFICATE_REFUND_REQUESTED = 3,
    DYGW_CERTIFICATE_REFUNDED = 4,
    DYGW_CERTIFICATE_REFUND_FAILED = 5,
    DYGW_CERTIFICATE_REFUNDING = 6
} dygw_certificate_status_e;

/* Who verified: `verify_type`. 1 to 3 are the customer and the merchant, by scan and by hand. */
enum {
    DYGW_VERIFY_TYPE_UNSAID = 0,       /* "default" */
    DYGW_VERIFY_TYPE_OPEN_PLATFORM = 4 /* an application such as ours */
};

enum { DYGW_VERIFY_STATUS_CANCELLED = 2 }; /* `status` of a verification; 1 is verified */
/* sku.groupon_type */
enum {
    DYGW_GROUPON_TYPE_PACKAGE = 1,
    DYGW_GROUPON_TYPE_VOUCHER = 2,
    DYGW_GROUPON_TYPE_TIMES_CARD = 3
};

/* `status` of a line of the settlement ledger. */
enum {
    DYGW_LEDGER_STATUS_INITIAL = 0,
    DYGW_LEDGER_STATUS_SETTLING = 1,
    DYGW_LEDGER_STATUS_SETTLED = 2, /* divided, not yet withdrawn */
    DYGW_LEDGER_STATUS_FAILED = 3,
    DYGW_LEDGER_STATUS_VOID = 4
};
enum { DYGW_SUB_ORDER_TYPE_PRODUCT = 100 }; /* the others are delivery, packing, service */

/* `refund_status` of a refund that was asked for after the redemption (page
 * groupon-refund/refund-list-query has the numbers; what they mean is from programs of others). */
typedef enum {
    DYGW_REFUND_UNSAID = -1, /* ours: Douyin shows no such refund */
    DYGW_REFUND_INITIAL = 9,
    DYGW_REFUND_WAITING = 10, /* for the merchant's decision */
    DYGW_REFUND_AGREED = 20,
    DYGW_REFUND_REFUSED = 25,     /* final, unless the customer goes on to Douyin */
    DYGW_REFUND_ARBITRATION = 30, /* he has: Douyin decides */
    DYGW_REFUND_WITHDRAWN = 40,
    DYGW_REFUND_DONE = 50,
    DYGW_REFUND_FAILED = 59 /* the payment; it may be tried anew */
} dygw_refund_status_e;

/* --- what an error code means --- */

/* Which call was answered: the numbers of the token calls are known in OTHER calls alone. */
typedef enum { DYGW_CALL_PREPARE, DYGW_CALL_VERIFY, DYGW_CALL_OTHER } dygw_call_e;

/* What an error_code, or the result of one code, means. description: Douyin's words, never NULL. A
 * text that says "busy" or "try again" is believed of a number that the table has as a coupon's,
 * the catch-all above all, and of one that it lacks. Without such a text, a number that it lacks is
 * what its range is: the platform's are never the coupon's fault. */
dygw_reply_class_e dygw_douyin_classify(dygw_call_e call, apr_int64_t error_code,
                                        const char *description);

/* Whether the table has it, for any call. */
int dygw_douyin_is_known(apr_int64_t error_code);

/* "Already verified", in either of its numbers. Douyin's page of verify: as the result of a
 * repetition, both count as success. */
static inline int dygw_douyin_is_already(apr_int64_t error_code)
{
    return error_code == DYGW_CODE_ALREADY_VERIFIED || error_code == DYGW_CODE_ALREADY_DONE;
}

/* Busy for so long that asking again within seconds is of no use: a quota is used up. */
static inline int dygw_douyin_wants_rest(apr_int64_t error_code)
{
    return error_code == DYGW_CODE_QUOTA || error_code == DYGW_CODE_QUOTA_AT_GATEWAY;
}

/* What stands in the way at Douyin, where a number's class is SETUP. */
typedef enum {
    DYGW_OBSTACLE_PERMISSION, /* the application lacks one; every other number, too */
    DYGW_OBSTACLE_ADDRESS,    /* ours is not on the application's list */
    DYGW_OBSTACLE_MERCHANT,   /* has not authorised the application */
    DYGW_OBSTACLE_PUNISHED,   /* the application, or who made it, is */
    DYGW_OBSTACLE_TAKEN_DOWN  /* the call, or the ability that it needs, is */
} dygw_obstacle_e;

dygw_obstacle_e dygw_douyin_obstacle(apr_int64_t error_code);

/* The number for a log, from pool: "2119013"; with the account that the call was made for (NULL:
 * for none) where its merchant has not authorised the application, as that stops no other merchant:
 * "1508 (account 7014065493820573710)". */
const char *dygw_douyin_refusal_text(apr_int64_t error_code, const char *account_id,
                                     apr_pool_t *pool);

/* --- for counting --- */

/* What DYGW_COUNT_REFUSALS tells apart, beside numbers that get a place of their own: each known
 * code, and of the others each class. Gives the series of a code, */
int dygw_douyin_code_series(apr_int64_t error_code, dygw_reply_class_e kind);

/* and the words of a series: its number ("other") and its class, of which the number is in pool. 0:
 * there is no such series. */
int dygw_douyin_series_words(int series, const char **code, const char **kind, apr_pool_t *pool);

/* Whether a number that the table lacks is counted as itself: the platform's own are. And the word
 * of its class, then. */
int dygw_douyin_is_platform(apr_int64_t error_code);
const char *dygw_douyin_range_word(apr_int64_t error_code);

/* The word of a class, as labels and logs have it. */
const char *dygw_douyin_kind_word(dygw_reply_class_e kind);

#endif
