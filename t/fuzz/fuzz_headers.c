/* SPDX-License-Identifier: Apache-2.0
 * The headers of a request, a line each, "Name: value": who calls, the operator, the key, the type of
 * the body. */
#include "fuzz.h"

#include <string.h>

#include <apr_strings.h>

#include "auth/auth.h"
#include "handle/handle.h"
#include "handle/route.h"

#define WINDOW_SEC 300
#define WORD       FUZZ_LETTERS FUZZ_DIGITS
#define HEX        "0123456789abcdef"
#define PRINTABLE  WORD " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

module AP_MODULE_DECLARE_DATA dygw_module;

/* httpd's, whose words do not matter here. */
AP_DECLARE(char *) ap_escape_logitem(apr_pool_t *p, const char *str)
{
    return apr_pstrcat(p, *str ? "an" : "no", " odd name", NULL);
}

static apr_table_t *read_headers(fuzz_input_t *in)
{
    apr_table_t *headers = apr_table_make(in->pool, 8);

    while (in->len > 0) {
        const char *line = fuzz_line(in);
        const char *colon = strchr(line, ':');

        if (colon) {
            /* as httpd does with those that come twice */
            apr_table_mergen(headers, apr_pstrmemdup(in->pool, line, (apr_size_t)(colon - line)),
                             colon + 1 + strspn(colon + 1, " "));
        }
    }
    return headers;
}

static const char *header(const dygw_call_t *call, const char *name)
{
    return apr_table_get(call->r->headers_in, name);
}

/* What is let through is as the contract spells it. */
static void check_signed(dygw_call_t *call)
{
    dygw_result_t out = { 0 };
    apr_int64_t off;

    dygw_auth_headers(call, &out);
    if (out.code != DYGW_OK) {
        FUZZ_ASSERT(out.code == DYGW_MISSING_CREDENTIALS || out.code == DYGW_INVALID_REQUEST
                    || out.code == DYGW_STALE_TIMESTAMP);
        FUZZ_ASSERT(out.message);
        FUZZ_ASSERT((out.code == DYGW_INVALID_REQUEST) == (out.field != NULL));
        return;
    }
    FUZZ_ASSERT(fuzz_consists(header(call, "X-Client-Key"), 1, 64, WORD "_-"));
    FUZZ_ASSERT(fuzz_consists(header(call, "X-Timestamp"), 1, 12, FUZZ_DIGITS));
    FUZZ_ASSERT(fuzz_consists(header(call, "X-Nonce"), 16, 64, WORD "._~-"));
    FUZZ_ASSERT(fuzz_consists(header(call, "X-Signature"), 64, 64, HEX));
    off = apr_atoi64(header(call, "X-Timestamp")) - FUZZ_NOW / 1000;
    FUZZ_ASSERT(call->timestamp - FUZZ_NOW / 1000 == off);
    FUZZ_ASSERT(off >= -WINDOW_SEC && off <= WINDOW_SEC);
    FUZZ_ASSERT(strcmp(call->signed_nonce, header(call, "X-Nonce")) == 0);
}

static void check_operator(dygw_call_t *call)
{
    dygw_result_t out = { 0 };

    dygw_auth_operator(call, &out);
    FUZZ_ASSERT((out.code == DYGW_OK) == (call->actor != NULL));
    if (call->actor) {
        FUZZ_ASSERT(fuzz_is_utf8(call->actor, strlen(call->actor)));
        FUZZ_ASSERT(call->r->user || fuzz_is_absent_or_text(call->actor, 64));
        FUZZ_ASSERT(strcspn(call->actor, "\n\r\t\x1b\x7f") == strlen(call->actor));
    }
}

static void check_key(const char *key)
{
    dygw_result_t out = { 0 };
    int fits = dygw_key_check(key, "Idempotency-Key", &out);

    FUZZ_ASSERT(fits == fuzz_consists(key, 1, 255, PRINTABLE));
    FUZZ_ASSERT(fits == (out.code == DYGW_OK));
}

/* Case and blanks between its parts do not matter. */
static void check_type(const char *type, apr_pool_t *pool)
{
    int is_json = dygw_is_json_type(type, pool);
    char *upper = apr_pstrdup(pool, type);
    char *c;

    for (c = upper; *c; c++) {
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    }
    FUZZ_ASSERT(dygw_is_json_type(upper, pool) == is_json);
    FUZZ_ASSERT(dygw_is_json_type(apr_pstrcat(pool, " ", type, "\t ", NULL), pool) == is_json);
    FUZZ_ASSERT(!is_json || strstr(upper, "APPLICATION/JSON"));
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    fuzz_input_t in = { data, len, pool };
    dygw_cfg_t cfg = { .signature_window = apr_time_from_sec(WINDOW_SEC), .operator_header = "X-XTJ-UID" };
    dygw_host_t host = { 0 };
    dygw_runtime_t runtime = { .cfg = &cfg, .gateway = { .host = &host } };
    request_rec r = { .pool = pool };
    dygw_call_t call = { .r = &r, .runtime = &runtime };
    const char *type;

    r.headers_in = read_headers(&in);
    r.user = (char *)apr_table_get(r.headers_in, "User");
    check_signed(&call);
    check_operator(&call);
    check_key(apr_table_get(r.headers_in, "Idempotency-Key") ? apr_table_get(r.headers_in, "Idempotency-Key") : "");
    type = apr_table_get(r.headers_in, "Content-Type");
    check_type(type ? type : "", pool);
}
