/* SPDX-License-Identifier: Apache-2.0
 * What Douyin's error codes mean to us: the table of those that are known, the ranges of the
 * others, and their series for counting.
 *
 * Calls nothing but util/. */
#include "douyin/codes.h"

#include <string.h>

#include <apr_strings.h>

#include "util/metrics.h"

typedef struct code_t {
    apr_int64_t code;
    dygw_reply_class_e kind;
} code_t;

#define CODE(name, number, kind) { number, DYGW_REPLY_##kind },
static const code_t codes[] = { DYGW_DOUYIN_CODES(CODE) };
static const code_t token_codes[] = { DYGW_DOUYIN_TOKEN_CODES(CODE) };
#undef CODE

/* What a number is that the table lacks; the first range that has it counts. A number in none of
 * them is nobody's, so it is not the coupon's fault. Douyin documents no ranges: these are drawn
 * around the codes that it documents. */
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
    { APR_INT64_C(2034000000), APR_INT64_C(2034999999), DYGW_REPLY_COUPON, 0 },
};

/* For counting: the classes that a number may have which is not known. */
static const dygw_reply_class_e kinds[] = { DYGW_REPLY_SETUP, DYGW_REPLY_COUPON, DYGW_REPLY_REQUEST,
                                            DYGW_REPLY_BUSY, DYGW_REPLY_TOKEN };

#define LEN(table) ((int)(sizeof(table) / sizeof *(table)))
#define CODES      LEN(codes)
#define KNOWN      (CODES + LEN(token_codes))
#define OTHERS     LEN(kinds)

_Static_assert(KNOWN + OTHERS <= DYGW_REFUSAL_CODES, "each code needs a series");

/* "Busy" and "try again", as Douyin spells them, whatever the number. */
static const char *const try_again[]
    = { "请稍后", "请稍候", "稍后重试", "稍候重试", "稍后再试", "稍候再试", "频繁", "繁忙" };
#define OF_THE_TOKEN "access_token"

static const code_t *find_code(const code_t *table, int count, apr_int64_t code)
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

/* The place of a number among the ranges; -1: it is in none of them. */
static int range_of_code(apr_int64_t code)
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
    int range = range_of_code(code);

    return range < 0 ? DYGW_REPLY_SETUP : ranges[range].kind;
}

dygw_reply_class_e dygw_douyin_classify(dygw_call_e call, apr_int64_t error_code,
                                        const char *description)
{
    const code_t *known = find_code(codes, CODES, error_code);

    if (error_code == 0) {
        return DYGW_REPLY_OK;
    }
    if (!known && call == DYGW_CALL_OTHER) {
        known = find_code(token_codes, LEN(token_codes), error_code);
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
    return find_code(codes, CODES, error_code)
           || find_code(token_codes, LEN(token_codes), error_code);
}

dygw_obstacle_e dygw_douyin_obstacle(apr_int64_t error_code)
{
    switch (error_code) {
    case DYGW_CODE_ADDRESS_OR_RIGHT:
    case DYGW_CODE_ADDRESS:
        return DYGW_OBSTACLE_ADDRESS;
    case DYGW_CODE_MERCHANT:
    case DYGW_CODE_MERCHANT_AT_GATEWAY:
    case DYGW_CODE_MERCHANT_AT_PLATFORM:
    case DYGW_CODE_MERCHANT_OF_STORES:
        return DYGW_OBSTACLE_MERCHANT;
    case DYGW_CODE_BANNED:
    case DYGW_CODE_PUNISHED:
    case DYGW_CODE_APP_BANNED:
        return DYGW_OBSTACLE_PUNISHED;
    case DYGW_CODE_TAKEN_DOWN:
    case DYGW_CODE_ABILITY_BANNED:
    case DYGW_CODE_API_GONE:
        return DYGW_OBSTACLE_TAKEN_DOWN;
    default:
        return DYGW_OBSTACLE_PERMISSION;
    }
}

const char *dygw_douyin_refusal_text(apr_int64_t error_code, const char *account_id,
                                     apr_pool_t *pool)
{
    if (account_id && dygw_douyin_obstacle(error_code) == DYGW_OBSTACLE_MERCHANT) {
        return apr_psprintf(pool, "%" APR_INT64_T_FMT " (account %s)", error_code, account_id);
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, error_code);
}

/* --- for counting --- */

static const code_t *code_of_series(int series)
{
    return series < CODES ? &codes[series] : &token_codes[series - CODES];
}

int dygw_douyin_code_series(apr_int64_t error_code, dygw_reply_class_e kind)
{
    int series = 0;
    int other = 0;

    while (series < KNOWN && code_of_series(series)->code != error_code) {
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
        *code = apr_psprintf(pool, "%" APR_INT64_T_FMT, code_of_series(series)->code);
        *kind = dygw_douyin_kind_word(code_of_series(series)->kind);
    }
    return 1;
}

int dygw_douyin_is_platform(apr_int64_t error_code)
{
    int range = range_of_code(error_code);

    return range >= 0 && ranges[range].is_platform;
}

const char *dygw_douyin_range_word(apr_int64_t error_code)
{
    return dygw_douyin_kind_word(kind_of_range(error_code));
}
