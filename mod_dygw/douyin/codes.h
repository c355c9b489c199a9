/* SPDX-License-Identifier: Apache-2.0
 * Douyin's numbers: the names of those that mean something of their own to us, and what every
 * number means. The table is in codes.c; nowhere else is a number of Douyin's written. */
#ifndef DYGW_DOUYIN_CODES_H
#define DYGW_DOUYIN_CODES_H

#include "douyin/douyin.h"

#define DYGW_CODE_ALREADY_DONE      2       /* as `result`; what else it means is not said */
#define DYGW_CODE_ALREADY_VERIFIED  1208
#define DYGW_CODE_RISK_REVIEW       1229
#define DYGW_CODE_NO_USES_LEFT      1241
#define DYGW_CODE_MERCHANT          1508        /* has not authorised the application, */
#define DYGW_CODE_MERCHANT_AT_GATEWAY   2119005 /* as have these */
#define DYGW_CODE_MERCHANT_AT_PLATFORM  2190005
#define DYGW_CODE_MERCHANT_OF_STORES    3000004
#define DYGW_CODE_UNKNOWN_ERROR     2100001
#define DYGW_CODE_ADDRESS_OR_RIGHT  2100007     /* our address is not on the application's list, as
                                                 * a rule; or "no permission" */
#define DYGW_CODE_BANNED            2100009
#define DYGW_CODE_PUNISHED          2119008
#define DYGW_CODE_TAKEN_DOWN        2119010
#define DYGW_CODE_ADDRESS           2119013
#define DYGW_CODE_QUOTA             2190001     /* is used up, as is */
#define DYGW_CODE_QUOTA_AT_GATEWAY  28003017
#define DYGW_CODE_APP_BANNED        28001016
#define DYGW_CODE_ABILITY_BANNED    28001019
#define DYGW_CODE_API_GONE          28001056

/* Where a call was made: some numbers are the token calls' own. */
typedef enum { DYGW_CALL_PREPARE, DYGW_CALL_VERIFY, DYGW_CALL_OTHER } dygw_call_e;

/* Where an error_code of Douyin belongs. A text that says "busy" or "try again" is believed where
 * the table has the number as a coupon's, the catch-all above all, or lacks it. What it lacks is
 * what its range is, then: the platform's are never the coupon's fault. */
dygw_reply_class_e dygw_douyin_classify(dygw_call_e call, apr_int64_t error_code,
                                        const char *description);

/* Whether the table has it, for any call. */
int dygw_douyin_is_known(apr_int64_t error_code);

/* "Already verified", in either of its numbers. */
static inline int dygw_douyin_is_already(apr_int64_t error_code)
{
    return error_code == DYGW_CODE_ALREADY_VERIFIED || error_code == DYGW_CODE_ALREADY_DONE;
}

/* Busy for so long that asking again within seconds is of no use: a quota is used up. */
static inline int dygw_douyin_wants_rest(apr_int64_t error_code)
{
    return error_code == DYGW_CODE_QUOTA || error_code == DYGW_CODE_QUOTA_AT_GATEWAY;
}

/* --- for counting --- */

/* What DYGW_COUNT_REFUSALS tells apart, beside numbers that get a place of their own: each known
 * code, and of the others each class. Which series that is; */
int dygw_douyin_code_series(apr_int64_t error_code, dygw_reply_class_e kind);

/* what it is called, by number ("other") and by class; 0: there is no such series. */
int dygw_douyin_series_words(int series, const char **code, const char **kind, apr_pool_t *pool);

/* Whether a number that the table lacks is counted as itself: the platform's own are. The word of
 * its class, then. */
int dygw_douyin_is_platform(apr_int64_t error_code);
const char *dygw_douyin_range_word(apr_int64_t error_code);

/* The word of a class, as labels and logs have it. */
const char *dygw_douyin_kind_word(dygw_reply_class_e kind);

#endif
