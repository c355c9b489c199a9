/* SPDX-License-Identifier: Apache-2.0
 * What a cashier hears of an error, by the catalogue of gateway/reasons.h. */
#include "handle/handle.h"

#include <string.h>

#include "util/language.h"

#define ACCEPT_LANGUAGE "Accept-Language"

dygw_lang_e dygw_advice_language(const dygw_call_t *call)
{
    apr_table_mergen(call->r->headers_out, "Vary", ACCEPT_LANGUAGE);
    return dygw_prefers_english(apr_table_get(call->r->headers_in, ACCEPT_LANGUAGE)) ? DYGW_LANG_EN
                                                                                     : DYGW_LANG_ZH;
}

/* What Douyin said; where it cannot be understood the next answer may be. */
static dygw_reason_e reason_of_upstream(const dygw_result_t *result)
{
    const dygw_reason_e reason
        = result->reply ? dygw_reason_of_reply(result->reply) : DYGW_REASON_NONE;

    return reason == DYGW_REASON_NONE ? DYGW_REASON_BUSY : reason;
}

/* Of mistakes in a request only those are a cashier's that are in what was scanned or typed. */
static dygw_reason_e reason_of_field(const char *field)
{
    return field && (strcmp(field, "short_link") == 0 || strcmp(field, "code") == 0)
               ? DYGW_REASON_WRONG_CODE
               : DYGW_REASON_NONE;
}

static dygw_reason_e reason_of_error(const dygw_result_t *result)
{
    switch (result->code) {
    case DYGW_INVALID_REQUEST:
        return reason_of_field(result->field);
    case DYGW_STORE_FORBIDDEN:
        return DYGW_REASON_STORE_NOT_ALLOWED;
    case DYGW_REQUEST_IN_PROGRESS:
        return DYGW_REASON_IN_PROGRESS;
    case DYGW_NOT_ENOUGH_COUPONS:
        return DYGW_REASON_NOT_ENOUGH;
    case DYGW_CONFLICT: /* all others are told with their reason */
        return DYGW_REASON_BAD_REQUEST;
    case DYGW_UPSTREAM_REFUSED:
    case DYGW_UPSTREAM_ERROR:
        return reason_of_upstream(result);
    case DYGW_TOKEN_UNAVAILABLE:
        return DYGW_REASON_TOKEN;
    case DYGW_DATABASE_UNAVAILABLE:
    case DYGW_KEY_UNAVAILABLE:
    case DYGW_NONCE_STORE_FULL:
        return DYGW_REASON_UNAVAILABLE;
    case DYGW_RATE_LIMITED:
    case DYGW_UPSTREAM_UNAVAILABLE:
    case DYGW_UPSTREAM_TIMEOUT:
        return DYGW_REASON_BUSY;
    default:
        return DYGW_REASON_NONE;
    }
}

dygw_reason_e dygw_advice_reason(const dygw_call_t *call, const dygw_result_t *result)
{
    if (call->api != DYGW_API_OPEN) {
        return DYGW_REASON_NONE;
    }
    return result->reason ? dygw_reason_of_word(result->reason) : reason_of_error(result);
}
