/* SPDX-License-Identifier: Apache-2.0
 * Headers that decide something, and among them the four of a signed request, as far as they can be
 * judged before the body is read. */
#include "auth/auth.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "gateway/host.h"
#include "util/spelling.h"

#define CLIENT_KEY "X-Client-Key"
#define TIMESTAMP  "X-Timestamp"
#define NONCE      "X-Nonce"
#define SIGNATURE  "X-Signature"

#define CLIENT_KEY_MAX   64
#define TIMESTAMP_DIGITS 12
#define NONCE_MIN        16
#define NONCE_MAX        64

void dygw_invalid(dygw_result_t *out, const char *field, const char *message)
{
    if (out->code == DYGW_OK) {
        out->code = DYGW_INVALID_REQUEST;
        out->field = field;
        out->message = message;
    }
}

int dygw_header_once(const char *value, const char *header, apr_pool_t *pool, dygw_result_t *out)
{
    if (!strstr(value, ", ")) {
        return 1;
    }
    dygw_invalid(
        out, header,
        apr_pstrcat(pool, header, " came twice, or contains a comma followed by a blank", NULL));
    return 0;
}

/* --- the four headers --- */

/* The header; NULL when it is missing. */
static const char *read_header(const dygw_call_t *call, const char *name, dygw_result_t *out)
{
    const char *value = apr_table_get(call->r->headers_in, name);

    if (!value && out->code == DYGW_OK) {
        out->code = DYGW_MISSING_CREDENTIALS;
        out->message = apr_pstrcat(call->r->pool, "the header ", name, " is missing", NULL);
    }
    return value;
}

static int is_decimal(const char *text)
{
    apr_size_t n = strspn(text, "0123456789");

    return n > 0 && n <= TIMESTAMP_DIGITS && text[n] == '\0';
}

static int are_single(const dygw_call_t *call, dygw_result_t *out)
{
    apr_pool_t *pool = call->r->pool;

    return dygw_header_once(call->signed_key, CLIENT_KEY, pool, out)
           && dygw_header_once(call->signed_timestamp, TIMESTAMP, pool, out)
           && dygw_header_once(call->signed_nonce, NONCE, pool, out)
           && dygw_header_once(call->signature, SIGNATURE, pool, out);
}

static void check_form(const dygw_call_t *call, dygw_result_t *out)
{
    if (!are_single(call, out)) {
        return;
    }
    if (!dygw_spelled(call->signed_key, 1, CLIENT_KEY_MAX, "_-")) {
        dygw_invalid(out, CLIENT_KEY, CLIENT_KEY " must be the client_key of an app");
    }
    else if (!is_decimal(call->signed_timestamp)) {
        dygw_invalid(out, TIMESTAMP, TIMESTAMP " must be a Unix time in seconds, decimal");
    }
    else if (!dygw_spelled(call->signed_nonce, NONCE_MIN, NONCE_MAX, "._~-")) {
        dygw_invalid(out, NONCE, NONCE " must be 16 to 64 characters of A-Za-z0-9._~-");
    }
    else if (!dygw_is_hex(call->signature, DYGW_SHA256_HEX_LEN)) {
        dygw_invalid(out, SIGNATURE, SIGNATURE " must be 64 lowercase hex digits");
    }
}

void dygw_auth_timestamp(dygw_call_t *call, dygw_result_t *out)
{
    dygw_ms_t off;

    call->timestamp = apr_atoi64(call->signed_timestamp);
    off = dygw_now() - call->timestamp * 1000;
    if (llabs(off) > call->runtime->cfg->signature_window / 1000) {
        dygw_host_stale(&call->runtime->gateway, -off / 1000);
        out->code = DYGW_STALE_TIMESTAMP;
        out->message = apr_psprintf(
            call->r->pool,
            TIMESTAMP " is %" APR_INT64_T_FMT " s %s the server's clock, which says "
                      "%" APR_INT64_T_FMT "; %" APR_INT64_T_FMT " s are allowed",
            (apr_int64_t)llabs(off) / 1000, off > 0 ? "behind" : "ahead of", dygw_now() / 1000,
            (apr_int64_t)apr_time_sec(call->runtime->cfg->signature_window));
    }
}

void dygw_auth_headers(dygw_call_t *call, dygw_result_t *out)
{
    call->signed_key = read_header(call, CLIENT_KEY, out);
    call->signed_timestamp = read_header(call, TIMESTAMP, out);
    call->signed_nonce = read_header(call, NONCE, out);
    call->signature = read_header(call, SIGNATURE, out);
    if (out->code == DYGW_OK) {
        check_form(call, out);
    }
    if (out->code == DYGW_OK) {
        dygw_auth_timestamp(call, out);
    }
}
