/* SPDX-License-Identifier: Apache-2.0
 * The bodies of callers: what is taken as a coupon or as an app is as the contract has it. */
#include "fuzz.h"

#include <string.h>

#include <apr_strings.h>

#include "handle/internal/internal.h"
#include "handle/open/open.h"

#define WORD FUZZ_LETTERS FUZZ_DIGITS "_-"

module AP_MODULE_DECLARE_DATA dygw_module;

static dygw_result_t out;
static const dygw_gateway_t gateway; /* nothing is declared */

static int parse(dygw_fields_t *f, const char *data, apr_size_t len, apr_pool_t *pool)
{
    out = (dygw_result_t){ 0 };
    if (dygw_fields_parse(f, data, len, pool, &out)) {
        FUZZ_ASSERT(json_is_object(f->object) && out.code == DYGW_OK);
        return 1;
    }
    FUZZ_ASSERT((out.code == DYGW_INVALID_JSON || out.code == DYGW_INVALID_REQUEST) && out.message);
    return 0;
}

/* No control characters; no more than max characters. */
static int is_plain(const char *text, apr_size_t max)
{
    return fuzz_is_absent_or_text(text, max) && (!text || strcspn(text, "\n\r\t\x1b\x7f") == strlen(text));
}

static void check_coupon(const dygw_fields_t *f)
{
    dygw_redeem_request_t request = { 0 };

    dygw_coupon_read(f, &gateway, dygw_coupon_modes, &request);
    if (out.code != DYGW_OK) {
        FUZZ_ASSERT(out.code == DYGW_INVALID_REQUEST && out.field && out.message);
        return;
    }
    FUZZ_ASSERT(!!request.short_link + !!request.code + !!request.encrypted_code == 1);
    FUZZ_ASSERT((request.mode == DYGW_MODE_SHORT_LINK) == !!request.short_link);
    FUZZ_ASSERT((request.mode == DYGW_MODE_CODE) == !!request.code);
    FUZZ_ASSERT(request.poi_id && !request.store_named && !request.store);
    FUZZ_ASSERT(fuzz_consists(request.poi_id, 1, 32, WORD));
    FUZZ_ASSERT(!request.code || fuzz_consists(request.code, 8, 20, FUZZ_DIGITS));
    FUZZ_ASSERT(is_plain(request.short_link, 2048));
    FUZZ_ASSERT(!request.short_link || strchr(request.short_link, ' ') != request.short_link);
    FUZZ_ASSERT(is_plain(request.encrypted_code, 2048));
}

static void check_members(const dygw_fields_t *f)
{
    apr_int64_t number = dygw_field_int(f, "count", 1, 10, 1);
    const char *text = dygw_field_string(f, "operator", 0, 64);

    FUZZ_ASSERT(number >= 1 && number <= 10);
    FUZZ_ASSERT(is_plain(text, 64));
    dygw_field_bool(f, "allow_token_read", 0);
    FUZZ_ASSERT(out.code == DYGW_OK || (out.code == DYGW_INVALID_REQUEST && out.field));
}

static void check_app(const dygw_fields_t *f)
{
    dygw_new_app_t app = { 0 };
    int i;

    dygw_app_fields_create(f, &app);
    if (out.code != DYGW_OK) {
        return;
    }
    FUZZ_ASSERT(app.name && is_plain(app.name, 64) && is_plain(app.description, 255));
    FUZZ_ASSERT(!app.code || fuzz_consists(app.code, 1, 32, WORD));
    FUZZ_ASSERT(!app.client_key || fuzz_consists(app.client_key, 8, 64, WORD));
    FUZZ_ASSERT(!app.secret || (strlen(app.secret) >= 16 && strlen(app.secret) <= 128));
    for (i = 0; app.poi_ids && i < app.poi_ids->nelts; i++) {
        FUZZ_ASSERT(fuzz_consists(APR_ARRAY_IDX(app.poi_ids, i, const char *), 1, 32, WORD));
    }
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    dygw_fields_t f;
    dygw_app_change_t change = { 0 };
    apr_int64_t grace = -1;

    if (!parse(&f, data, len, pool)) {
        return;
    }
    check_coupon(&f);
    parse(&f, data, len, pool);
    check_members(&f);
    parse(&f, data, len, pool);
    check_app(&f);
    parse(&f, data, len, pool);
    dygw_app_fields_change(&f, &change);
    parse(&f, data, len, pool);
    dygw_app_fields_secret(&f, &grace);
    FUZZ_ASSERT(grace >= 0 && grace <= 604800);
}
