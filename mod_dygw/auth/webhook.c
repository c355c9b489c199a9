/* SPDX-License-Identifier: Apache-2.0
 * Whether a message is Douyin's: signed with the application's secret, over the bytes as they came.
 * The check of the URL is answered without a signature too, for Douyin does not say whether it has
 * one; it changes nothing and gets back what it brought. */
#include "auth/auth.h"

#include <string.h>

#include "gateway/settle/webhook.h"
#include "util/crypto.h"

#define SIGNATURE   "X-Douyin-Signature"

void dygw_auth_webhook(dygw_call_t *call, dygw_result_t *out)
{
    const char *signature = apr_table_get(call->r->headers_in, SIGNATURE);
    const char *secret = call->runtime->cfg->client_secret;
    char expected[DYGW_SHA1_HEX_LEN + 1];

    if (!signature) {
        if (!dygw_webhook_is_url_check(call->body, call->body_len, call->r->pool)) {
            out->code = DYGW_MISSING_CREDENTIALS;
            out->message = "the header " SIGNATURE " is missing";
        }
    }
    else if (dygw_sha1_hex(secret, strlen(secret), call->body, call->body_len, expected)
             != APR_SUCCESS) {
        out->code = DYGW_INTERNAL_ERROR;
        out->message = "OpenSSL offers no SHA-1 here, with which Douyin signs";
    }
    else if (!dygw_equal_secret(expected, signature)) {
        out->code = DYGW_INVALID_CREDENTIALS;
        out->message = "the signature is wrong";
    }
}
