/* SPDX-License-Identifier: Apache-2.0
 * Douyin's codes with which the sandbox refuses calls. This file uses no other file of the
 * room. */
#ifndef DYGW_SANDBOX_CODES_H
#define DYGW_SANDBOX_CODES_H

#include <apr.h>

#define DYGW_SANDBOX_NOT_FOUND         1212
#define DYGW_SANDBOX_CANNOT_DECRYPT    1221
#define DYGW_SANDBOX_UNDER_REVIEW      1229
#define DYGW_SANDBOX_TIMES_USED_UP     1241
#define DYGW_SANDBOX_DEAD_COUPON       1250
#define DYGW_SANDBOX_ALREADY_CANCELLED 1265
#define DYGW_SANDBOX_ALREADY_VERIFIED  1208 /* a result, not an error_code */
#define DYGW_SANDBOX_NO_CODE           1502
#define DYGW_SANDBOX_NOT_AUTHORISED    1508 /* what prepare says */
#define DYGW_SANDBOX_BAD_CLIENT_KEY    10003
#define DYGW_SANDBOX_MISSING_PARAMETER 10002
#define DYGW_SANDBOX_BAD_CLIENT_SECRET 10013
#define DYGW_SANDBOX_TOO_MANY_TOKENS   10020
#define DYGW_SANDBOX_BUSY              2100004
#define DYGW_SANDBOX_BAD_REQUEST       2100005
#define DYGW_SANDBOX_BAD_ARGUMENT      2119001
#define DYGW_SANDBOX_TOO_OFTEN         2119003
#define DYGW_SANDBOX_APP_UNAUTHORISED  2119005 /* what most calls say */
#define DYGW_SANDBOX_GIVEN_AWAY        2119006
#define DYGW_SANDBOX_ORDERING          2119007
#define DYGW_SANDBOX_BAD_TOKEN         2190002
#define DYGW_SANDBOX_NO_PERMISSION     2190004
#define DYGW_SANDBOX_OLD_TOKEN         2190008
#define DYGW_SANDBOX_REFUSED           3000001 /* the description says why */
#define DYGW_SANDBOX_WRONG_STORE       3000002
#define DYGW_SANDBOX_SHOP_UNAUTHORISED 3000004 /* what the stores' call says */
#define DYGW_SANDBOX_NO_ORDER          3100101
#define DYGW_SANDBOX_NO_SELECTION      4000001
#define DYGW_SANDBOX_USE_CURSOR        4000002
#define DYGW_SANDBOX_QR_ENDED          45005117
#define DYGW_SANDBOX_TOO_LATE_SUB      2034000910 /* sub_error_code */

/* The usual text of a code of Douyin's, or a general text for an unknown code; a constant
 * string. */
const char *dygw_sandbox_text_of(apr_int64_t code);

#endif
