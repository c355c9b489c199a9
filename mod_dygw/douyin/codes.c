/* SPDX-License-Identifier: Apache-2.0
 * Douyin's error codes and what they mean to us. */
#include "douyin/codes.h"

#include <string.h>

#include <apr_strings.h>

#include "util/metrics.h"

typedef struct code_t {
    apr_int64_t code;
    dygw_reply_class_e kind;
} code_t;

/* In any call, on any level. A coupon's number is here for a count of its own. */
static const code_t codes[] = {
    /* fulfilment: the coupon's, with others among them */
    { DYGW_CODE_ALREADY_DONE, DYGW_REPLY_COUPON },
    { DYGW_CODE_ALREADY_VERIFIED, DYGW_REPLY_COUPON },
    { 1212, DYGW_REPLY_COUPON },        /* no such code, or another merchant's */
    { 1221, DYGW_REPLY_COUPON },        /* the encrypted code cannot be decrypted */
    { 1228, DYGW_REPLY_COUPON },        /* another store's */
    { DYGW_CODE_RISK_REVIEW, DYGW_REPLY_REVIEW },   /* ends by itself within 48 h if all is well */
    { DYGW_CODE_NO_USES_LEFT, DYGW_REPLY_COUPON },
    { 1250, DYGW_REPLY_COUPON },        /* not valid any more */
    { 1263, DYGW_REPLY_COUPON },        /* no such fulfilment order */
    { 1265, DYGW_REPLY_COUPON },        /* cancelled coupons among them */
    { 1502, DYGW_REPLY_REQUEST },       /* neither code nor encrypted_data */
    { DYGW_CODE_MERCHANT, DYGW_REPLY_SETUP },
    { 200002, DYGW_REPLY_REQUEST },     /* body cannot be read */
    { 3000001, DYGW_REPLY_COUPON },     /* the catch-all */
    { 3000002, DYGW_REPLY_COUPON },     /* a store that the product is not for */
    { DYGW_CODE_MERCHANT_OF_STORES, DYGW_REPLY_SETUP },
    { 3000005, DYGW_REPLY_REQUEST },    /* no selection */
    { 3100101, DYGW_REPLY_COUPON },     /* no such order */
    { 4000001, DYGW_REPLY_REQUEST },    /* neither encrypted_code nor order_id */
    { 4000002, DYGW_REPLY_REQUEST },    /* cursor needed */
    { 4001601, DYGW_REPLY_BUSY },       /* held back during a load test */
    { 5000001, DYGW_REPLY_BUSY },
    { 6001001, DYGW_REPLY_BUSY },       /* server is dozing */
    { 45002002, DYGW_REPLY_BUSY },
    { 45005117, DYGW_REPLY_COUPON },    /* the dynamic code has ended */
    { 1033000519, DYGW_REPLY_COUPON },  /* no such voucher */
    { 2034000910, DYGW_REPLY_COUPON },  /* too late to cancel */

    /* the platform's gateways, where coupons' numbers are the exception */
    { DYGW_CODE_UNKNOWN_ERROR, DYGW_REPLY_BUSY },
    { 2100004, DYGW_REPLY_BUSY },       /* system busy */
    { 2100005, DYGW_REPLY_REQUEST },    /* parameter wrong */
    { DYGW_CODE_ADDRESS_OR_RIGHT, DYGW_REPLY_SETUP },
    { DYGW_CODE_BANNED, DYGW_REPLY_SETUP },
    { 2119001, DYGW_REPLY_REQUEST },    /* parameter wrong */
    { 2119002, DYGW_REPLY_BUSY },       /* system busy */
    { 2119003, DYGW_REPLY_BUSY },       /* too many requests */
    { DYGW_CODE_MERCHANT_AT_GATEWAY, DYGW_REPLY_SETUP },
    { 2119006, DYGW_REPLY_COUPON },     /* is being given away */
    { 2119007, DYGW_REPLY_COUPON },     /* ordered with, and not paid yet */
    { DYGW_CODE_PUNISHED, DYGW_REPLY_SETUP },
    { DYGW_CODE_TAKEN_DOWN, DYGW_REPLY_SETUP },
    { DYGW_CODE_ADDRESS, DYGW_REPLY_SETUP },
    { DYGW_CODE_QUOTA, DYGW_REPLY_BUSY },
    { 2190002, DYGW_REPLY_TOKEN },      /* access_token invalid */
    { 2190004, DYGW_REPLY_SETUP },      /* the application lacks the permission */
    { DYGW_CODE_MERCHANT_AT_PLATFORM, DYGW_REPLY_SETUP },
    { 2190008, DYGW_REPLY_TOKEN },      /* access_token expired, or superseded */

    /* the new gateway */
    { 28001003, DYGW_REPLY_TOKEN },     /* access_token invalid */
    { 28001005, DYGW_REPLY_BUSY },      /* system busy */
    { 28001006, DYGW_REPLY_BUSY },      /* trouble within its network */
    { 28001007, DYGW_REPLY_REQUEST },   /* parameter wrong */
    { 28001008, DYGW_REPLY_TOKEN },     /* access_token expired */
    { 28001010, DYGW_REPLY_BUSY },      /* unknown error */
    { 28001012, DYGW_REPLY_SETUP },     /* wants a user's token */
    { 28001013, DYGW_REPLY_SETUP },
    { 28001014, DYGW_REPLY_SETUP },     /* the application has no ability at all, */
    { 28001015, DYGW_REPLY_SETUP },
    { DYGW_CODE_APP_BANNED, DYGW_REPLY_SETUP },
    { 28001017, DYGW_REPLY_SETUP },     /* unknown URI */
    { 28001018, DYGW_REPLY_SETUP },     /* or lacks this one */
    { DYGW_CODE_ABILITY_BANNED, DYGW_REPLY_SETUP },
    { 28001020, DYGW_REPLY_SETUP },     /* a test application that is not bound, */
    { 28001021, DYGW_REPLY_SETUP },     /* or has ended */
    { 28001024, DYGW_REPLY_SETUP },
    { 28001029, DYGW_REPLY_REQUEST },
    { 28001042, DYGW_REPLY_SETUP },     /* a scope is missing */
    { 28001045, DYGW_REPLY_SETUP },     /* about a user, as the next two */
    { 28001046, DYGW_REPLY_SETUP },
    { 28001047, DYGW_REPLY_SETUP },
    { 28001052, DYGW_REPLY_BUSY },      /* a risk of its own, "try again" */
    { DYGW_CODE_API_GONE, DYGW_REPLY_SETUP },
    { DYGW_CODE_QUOTA_AT_GATEWAY, DYGW_REPLY_BUSY },
    { 28003018, DYGW_REPLY_BUSY },      /* too many requests */
    { 28003036, DYGW_REPLY_REQUEST },
    { 28004020, DYGW_REPLY_SETUP },     /* a scope that this way of authorising has not */
    { 28005001, DYGW_REPLY_REQUEST },
    { 28007004, DYGW_REPLY_REQUEST }
};

/* The token calls' own. Where coupons are concerned these numbers mean nothing special. */
static const code_t token_codes[] = {
    { 10002, DYGW_REPLY_REQUEST },      /* parameter missing */
    { 10003, DYGW_REPLY_SETUP },        /* no such client_key */
    { 10013, DYGW_REPLY_SETUP },        /* client_key or client_secret wrong */
    { 10020, DYGW_REPLY_BUSY }          /* over 500 calls in 5 minutes */
};

/* What a number is that the table lacks; the first range that has it counts. What is in none of
 * them is nobody's, so the coupon's not. */
static const struct {
    apr_int64_t from;
    apr_int64_t to;
    dygw_reply_class_e kind;
    int is_platform;
} ranges[] = {
    { 1, 9999, DYGW_REPLY_COUPON, 0 },
    { 2100000, 2199999, DYGW_REPLY_SETUP, 1 },
    { 3000000, 3000999, DYGW_REPLY_COUPON, 0 },
    { 3100000, 3199999, DYGW_REPLY_COUPON, 0 },
    { 4000000, 4999999, DYGW_REPLY_REQUEST, 0 },
    { 5000000, 6999999, DYGW_REPLY_BUSY, 0 },
    { 28004000, 28005999, DYGW_REPLY_REQUEST, 1 },
    { 28007000, 28007999, DYGW_REPLY_REQUEST, 1 },
    { 28000000, 28999999, DYGW_REPLY_SETUP, 1 },
    { 45000000, 45999999, DYGW_REPLY_COUPON, 0 },
    { 1033000000, 1033999999, DYGW_REPLY_COUPON, 0 },
    { APR_INT64_C(2034000000), APR_INT64_C(2034999999), DYGW_REPLY_COUPON, 0 }
};

/* The classes that a number may have which is not known, for counting. */
static const dygw_reply_class_e kinds[] = { DYGW_REPLY_SETUP, DYGW_REPLY_COUPON, DYGW_REPLY_REQUEST,
                                            DYGW_REPLY_BUSY, DYGW_REPLY_TOKEN };

#define LEN(table)      ((int)(sizeof (table) / sizeof *(table)))
#define CODES           LEN(codes)
#define KNOWN           (CODES + LEN(token_codes))
#define OTHERS          LEN(kinds)

_Static_assert(KNOWN + OTHERS <= DYGW_REFUSAL_CODES, "each code needs a series");

/* "Busy" and "try again", as Douyin spells them, whatever the number. */
static const char *const try_again[] = { "请稍后", "请稍候", "稍后重试", "稍候重试", "稍后再试",
                                         "稍候再试", "频繁", "繁忙" };
#define OF_THE_TOKEN "access_token"

static const code_t *find(const code_t *table, int count, apr_int64_t code)
{
    for (int i = 0; i < count; i++) {
        if (table[i].code == code) {
            return &table[i];
        }
    }
    return NULL;
}

static int says_try_again(const char *description)
{
    for (int i = 0; i < LEN(try_again); i++) {
        if (strstr(description, try_again[i])) {
            return 1;
        }
    }
    return 0;
}

/* Its place among the ranges; -1: in none of them. */
static int range_of(apr_int64_t code)
{
    for (int i = 0; i < LEN(ranges); i++) {
        if (code >= ranges[i].from && code <= ranges[i].to) {
            return i;
        }
    }
    return -1;
}

static dygw_reply_class_e kind_of_range(apr_int64_t code)
{
    int range = range_of(code);

    return range < 0 ? DYGW_REPLY_SETUP : ranges[range].kind;
}

dygw_reply_class_e dygw_douyin_classify(dygw_call_e call, apr_int64_t error_code,
                                        const char *description)
{
    const code_t *known = find(codes, CODES, error_code);

    if (error_code == 0) {
        return DYGW_REPLY_OK;
    }
    if (!known && call == DYGW_CALL_OTHER) {
        known = find(token_codes, LEN(token_codes), error_code);
    }
    if (known && known->kind != DYGW_REPLY_COUPON) {
        return known->kind;
    }
    if (says_try_again(description)) {
        return DYGW_REPLY_BUSY;
    }
    if (known) {
        return DYGW_REPLY_COUPON;
    }
    return strstr(description, OF_THE_TOKEN) ? DYGW_REPLY_TOKEN : kind_of_range(error_code);
}

int dygw_douyin_is_known(apr_int64_t error_code)
{
    return find(codes, CODES, error_code)
           || find(token_codes, LEN(token_codes), error_code);
}

/* --- for counting --- */

static const code_t *code_of(int series)
{
    return series < CODES ? &codes[series] : &token_codes[series - CODES];
}

int dygw_douyin_code_series(apr_int64_t error_code, dygw_reply_class_e kind)
{
    int series = 0;
    int other = 0;

    while (series < KNOWN && code_of(series)->code != error_code) {
        series++;
    }
    if (series < KNOWN) {
        return series;
    }
    while (other < OTHERS - 1 && kinds[other] != kind) {
        other++;
    }
    return KNOWN + other;
}

const char *dygw_douyin_kind_word(dygw_reply_class_e kind)
{
    switch (kind) {
    case DYGW_REPLY_SETUP:
        return "setup";
    case DYGW_REPLY_REQUEST:
        return "request";
    case DYGW_REPLY_TOKEN:
        return "token";
    case DYGW_REPLY_BUSY:
        return "busy";
    case DYGW_REPLY_REVIEW:
        return "review";
    default:
        return "coupon";
    }
}

int dygw_douyin_series_words(int series, const char **code, const char **kind, apr_pool_t *pool)
{
    if (series >= KNOWN + OTHERS) {
        return 0;
    }
    if (series >= KNOWN) {
        *code = "other";
        *kind = dygw_douyin_kind_word(kinds[series - KNOWN]);
    }
    else {
        *code = apr_psprintf(pool, "%" APR_INT64_T_FMT, code_of(series)->code);
        *kind = dygw_douyin_kind_word(code_of(series)->kind);
    }
    return 1;
}

int dygw_douyin_is_platform(apr_int64_t error_code)
{
    int range = range_of(error_code);

    return range >= 0 && ranges[range].is_platform;
}

const char *dygw_douyin_range_word(apr_int64_t error_code)
{
    return dygw_douyin_kind_word(kind_of_range(error_code));
}
