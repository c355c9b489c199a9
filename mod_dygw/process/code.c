/* SPDX-License-Identifier: Apache-2.0
 * The table of the contract's codes. */
#include "process/code.h"

#include <httpd.h>

#include "gateway/gateway.h"

typedef struct code_t {
    int status;
    const char *word;
} code_t;

static const code_t codes[] = {
    [DYGW_OK] = { HTTP_OK, "ok" },
    [DYGW_INVALID_JSON] = { HTTP_BAD_REQUEST, "invalid_json" },
    [DYGW_INVALID_REQUEST] = { HTTP_BAD_REQUEST, "invalid_request" },
    [DYGW_MISSING_CREDENTIALS] = { HTTP_UNAUTHORIZED, "missing_credentials" },
    [DYGW_INVALID_CREDENTIALS] = { HTTP_UNAUTHORIZED, "invalid_credentials" },
    [DYGW_STALE_TIMESTAMP] = { HTTP_UNAUTHORIZED, "stale_timestamp" },
    [DYGW_REPLAYED_NONCE] = { HTTP_UNAUTHORIZED, "replayed_nonce" },
    [DYGW_OPERATOR_REQUIRED] = { HTTP_UNAUTHORIZED, "operator_required" },
    [DYGW_APP_DISABLED_ERROR] = { HTTP_FORBIDDEN, "app_disabled" },
    [DYGW_TOKEN_READ_FORBIDDEN] = { HTTP_FORBIDDEN, "token_read_forbidden" },
    [DYGW_STORE_FORBIDDEN] = { HTTP_FORBIDDEN, "store_forbidden" },
    [DYGW_FORBIDDEN] = { HTTP_FORBIDDEN, "forbidden" },
    [DYGW_NOT_FOUND] = { HTTP_NOT_FOUND, "not_found" },
    [DYGW_METHOD_NOT_ALLOWED] = { HTTP_METHOD_NOT_ALLOWED, "method_not_allowed" },
    [DYGW_REQUEST_IN_PROGRESS] = { HTTP_CONFLICT, "request_in_progress" },
    [DYGW_APP_DECLARED] = { HTTP_CONFLICT, "app_declared" },
    [DYGW_CONFLICT] = { HTTP_CONFLICT, "conflict" },
    [DYGW_NOT_ENOUGH_COUPONS] = { HTTP_CONFLICT, "not_enough_coupons" },
    [DYGW_BODY_TOO_LARGE] = { HTTP_REQUEST_ENTITY_TOO_LARGE, "body_too_large" },
    [DYGW_UNSUPPORTED_MEDIA_TYPE] = { HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type" },
    [DYGW_IDEMPOTENCY_KEY_REUSED] = { HTTP_UNPROCESSABLE_ENTITY, "idempotency_key_reused" },
    [DYGW_RATE_LIMITED] = { HTTP_TOO_MANY_REQUESTS, "rate_limited" },
    [DYGW_INTERNAL_ERROR] = { HTTP_INTERNAL_SERVER_ERROR, "internal_error" },
    [DYGW_UPSTREAM_REFUSED] = { HTTP_BAD_GATEWAY, "upstream_refused" },
    [DYGW_UPSTREAM_ERROR] = { HTTP_BAD_GATEWAY, "upstream_error" },
    [DYGW_DATABASE_UNAVAILABLE] = { HTTP_SERVICE_UNAVAILABLE, "database_unavailable" },
    [DYGW_TOKEN_UNAVAILABLE] = { HTTP_SERVICE_UNAVAILABLE, "token_unavailable" },
    [DYGW_KEY_UNAVAILABLE] = { HTTP_SERVICE_UNAVAILABLE, "key_unavailable" },
    [DYGW_UPSTREAM_UNAVAILABLE] = { HTTP_SERVICE_UNAVAILABLE, "upstream_unavailable" },
    [DYGW_NONCE_STORE_FULL] = { HTTP_SERVICE_UNAVAILABLE, "nonce_store_full" },
    [DYGW_UPSTREAM_TIMEOUT] = { HTTP_GATEWAY_TIME_OUT, "upstream_timeout" },
};

_Static_assert(sizeof codes / sizeof *codes <= DYGW_REQUEST_CODES, "each code needs a series");

const char *dygw_code_word(int code)
{
    return code < (int)(sizeof codes / sizeof *codes) ? codes[code].word : NULL;
}

int dygw_code_status(int code)
{
    return codes[code].status;
}
