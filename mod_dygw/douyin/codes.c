/* SPDX-License-Identifier: Apache-2.0
 * Douyin's error codes and what they mean to us. */
#include <string.h>

#include <apr_strings.h>

#include "douyin/douyin.h"

typedef struct code_t {
    apr_int64_t code;
    dygw_reply_class_e kind;
} code_t;

/* What is not listed is about the coupon, 3000001 too: Douyin's catch-all. */
static const code_t codes[] = {
    { 2190002, DYGW_REPLY_TOKEN },      /* access_token invalid */
    { 2190008, DYGW_REPLY_TOKEN },      /* access_token expired, or superseded */

    { 2100001, DYGW_REPLY_BUSY },       /* unknown error */
    { 2100004, DYGW_REPLY_BUSY },       /* system busy */
    { 2119002, DYGW_REPLY_BUSY },       /* system busy */
    { 2119003, DYGW_REPLY_BUSY },       /* too many requests */
    { 5000001, DYGW_REPLY_BUSY },
    { 6001001, DYGW_REPLY_BUSY },       /* server is dozing */

    { 1229, DYGW_REPLY_REVIEW },        /* risk review, done by itself within 48 h if all is well */

    { 1508, DYGW_REPLY_SETUP },         /* merchant has not authorised the application */
    { 2119005, DYGW_REPLY_SETUP },      /* the same */
    { 2119008, DYGW_REPLY_SETUP },      /* application is being punished */
    { 2119010, DYGW_REPLY_SETUP },      /* interface taken down */
    { 2190004, DYGW_REPLY_SETUP },      /* application lacks the permission */
    { 2100007, DYGW_REPLY_SETUP },      /* our address is not on the application's list */
    { 3000004, DYGW_REPLY_SETUP },      /* this merchant has not authorised */

    { 1502, DYGW_REPLY_REQUEST },       /* neither code nor encrypted_data */
    { 2100005, DYGW_REPLY_REQUEST },    /* parameter wrong */
    { 2119001, DYGW_REPLY_REQUEST },    /* parameter wrong */
    { 200002, DYGW_REPLY_REQUEST },     /* body cannot be read */
    { 4000001, DYGW_REPLY_REQUEST },    /* neither encrypted_code nor order_id */
    { 4000002, DYGW_REPLY_REQUEST }     /* cursor needed */
};

/* The token calls' own. Where coupons are concerned these numbers mean nothing special. */
static const code_t token_codes[] = {
    { 10002, DYGW_REPLY_REQUEST },      /* parameter missing */
    { 10003, DYGW_REPLY_SETUP },        /* no such client_key */
    { 10013, DYGW_REPLY_SETUP },        /* client_key or client_secret wrong */
    { 10020, DYGW_REPLY_BUSY }          /* over 500 calls in 5 minutes */
};

/* About coupons, and worth a count of their own. */
static const code_t coupon_codes[] = {
    { 2, DYGW_REPLY_COUPON },           /* done already, or something else */
    { 1208, DYGW_REPLY_COUPON },        /* verified already */
    { 1221, DYGW_REPLY_COUPON },        /* the encrypted code cannot be decrypted */
    { 1228, DYGW_REPLY_COUPON },        /* another store's */
    { 1241, DYGW_REPLY_COUPON },        /* no uses left */
    { 1250, DYGW_REPLY_COUPON },        /* not valid any more */
    { 1263, DYGW_REPLY_COUPON },        /* no such fulfilment order */
    { 1265, DYGW_REPLY_COUPON },        /* cancelled coupons among them */
    { 3000001, DYGW_REPLY_COUPON },     /* the catch-all */
    { 3000002, DYGW_REPLY_COUPON }      /* a store that the product is not for */
};

#define CODES           ((int)(sizeof codes / sizeof *codes))
#define TOKEN_CODES     ((int)(sizeof token_codes / sizeof *token_codes))
#define COUPON_CODES    ((int)(sizeof coupon_codes / sizeof *coupon_codes))
#define OTHERS          (CODES + TOKEN_CODES + COUPON_CODES)

_Static_assert(OTHERS < DYGW_REFUSAL_CODES, "each code needs a series");

/* "Try again later", as Douyin spells it, whatever the number. */
static const char *const try_again[] = { "稍后重试", "稍候重试", "稍后再试", "稍候再试" };

static const code_t *find(const code_t *table, apr_size_t count, apr_int64_t code)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (table[i].code == code) {
            return &table[i];
        }
    }
    return NULL;
}

static int says_try_again(const char *description)
{
    for (apr_size_t i = 0; i < sizeof try_again / sizeof *try_again; i++) {
        if (strstr(description, try_again[i])) {
            return 1;
        }
    }
    return 0;
}

dygw_reply_class_e dygw_douyin_classify(dygw_call_e call, apr_int64_t error_code,
                                        const char *description)
{
    const code_t *known = find(codes, sizeof codes / sizeof *codes, error_code);

    if (error_code == 0) {
        return DYGW_REPLY_OK;
    }
    if (!known && call == DYGW_CALL_OTHER) {
        known = find(token_codes, sizeof token_codes / sizeof *token_codes, error_code);
    }
    if (known) {
        return known->kind;
    }
    return call == DYGW_CALL_VERIFY && says_try_again(description) ? DYGW_REPLY_BUSY
                                                                   : DYGW_REPLY_COUPON;
}

/* --- for counting --- */

static const code_t *code_of(int series)
{
    if (series < CODES) {
        return &codes[series];
    }
    series -= CODES;
    return series < TOKEN_CODES ? &token_codes[series] : &coupon_codes[series - TOKEN_CODES];
}

int dygw_douyin_code_series(apr_int64_t error_code)
{
    int series = 0;

    while (series < OTHERS && code_of(series)->code != error_code) {
        series++;
    }
    return series;
}

static const char *word_of(dygw_reply_class_e kind)
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
    if (series > OTHERS) {
        return 0;
    }
    if (series == OTHERS) {
        *code = "other";
        *kind = word_of(DYGW_REPLY_COUPON);
    }
    else {
        *code = apr_psprintf(pool, "%" APR_INT64_T_FMT, code_of(series)->code);
        *kind = word_of(code_of(series)->kind);
    }
    return 1;
}
