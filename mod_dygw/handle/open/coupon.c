/* SPDX-License-Identifier: Apache-2.0
 * How a body names the store and the coupon: what verify and prepare have in common. */
#include "handle/open/open.h"

#include <string.h>

#include <apr_strings.h>

#include "util/spelling.h"
#include "util/text.h"

#define POI_ID         "poi_id"
#define STORE          "store"
#define SHORT_LINK     "short_link"
#define CODE           "code"
#define ENCRYPTED_CODE "encrypted_code"

#define LINK_MAX           2048
#define ENCRYPTED_CODE_MAX 2048
#define CODE_DIGITS_MIN    8
#define CODE_DIGITS_MAX    20

const char *const dygw_coupon_modes[4] = { SHORT_LINK, CODE, ENCRYPTED_CODE, NULL };
const char *const dygw_prepare_modes[3] = { SHORT_LINK, CODE, NULL };

/* Returns a member that names a store; what is no text names none, and is a mistake. */
static const char *store_member(const dygw_fields_t *f, const char *name)
{
    return dygw_field_given(f, name) ? dygw_json_str(f->object, name) : NULL;
}

int dygw_coupon_store_allowed(const dygw_fields_t *f, const dygw_gateway_t *gateway,
                              const dygw_known_app_t *app)
{
    return dygw_store_allowed(gateway, app, store_member(f, POI_ID), store_member(f, STORE),
                              f->out);
}

/* Returns the one mode that the body has; NULL after a mistake. */
static const char *coupon_mode_given(const dygw_fields_t *f, const char *const *modes)
{
    const char *found = NULL;
    const char *const *mode;
    int n = 0;

    for (mode = modes; *mode; mode++) {
        if (dygw_field_given(f, *mode)) {
            found = found ? found : *mode;
            n++;
        }
    }
    if (n == 1) {
        return found;
    }
    dygw_invalid(f->out, found ? found : *modes,
                 n == 0 ? (modes == dygw_coupon_modes
                               ? "one of short_link, code and encrypted_code is required"
                               : "short_link or code is required")
                        : "short_link, code and encrypted_code exclude each other");
    return NULL;
}

/* Returns a copy of text without the blanks at its start and its end. */
static const char *trim_blanks(const char *text, apr_pool_t *pool)
{
    const char *end, *c;
    apr_size_t len;

    while ((len = dygw_blank(text)) > 0) {
        text += len;
    }
    for (c = end = text; *c; c += len) {
        len = dygw_blank(c);
        if (len == 0) {
            len = 1;
            end = c + 1;
        }
    }
    return apr_pstrmemdup(pool, text, (apr_size_t)(end - text));
}

/* Blanks around the link are dropped before the link is checked, because a scanner may add a line
 * end. */
static const char *read_short_link(const dygw_fields_t *f)
{
    const char *text = dygw_field_text(f, SHORT_LINK);

    if (!text) {
        return NULL;
    }
    text = trim_blanks(text, f->pool);
    if (!*text || dygw_characters(text) > LINK_MAX || dygw_has_controls(text)) {
        dygw_invalid_field(f, SHORT_LINK, "must be a link of at most 2048 characters");
    }
    return text;
}

static const char *read_code(const dygw_fields_t *f)
{
    const char *typed = dygw_field_text(f, CODE);
    apr_size_t digits;
    char *code;

    if (!typed) {
        return NULL;
    }
    code = apr_pstrdup(f->pool, typed);
    dygw_drop_joints(code);
    digits = strspn(code, "0123456789");
    if (code[digits] != '\0' || digits < CODE_DIGITS_MIN || digits > CODE_DIGITS_MAX) {
        dygw_invalid_field(f, CODE, "must be 8 to 20 digits");
    }
    return code;
}

static void read_coupon_of(const dygw_fields_t *f, const char *mode, dygw_redeem_request_t *request)
{
    if (strcmp(mode, SHORT_LINK) == 0) {
        request->mode = DYGW_MODE_SHORT_LINK;
        request->short_link = read_short_link(f);
    }
    else if (strcmp(mode, CODE) == 0) {
        request->mode = DYGW_MODE_CODE;
        request->code = read_code(f);
    }
    else {
        request->mode = DYGW_MODE_ENCRYPTED_CODE;
        request->encrypted_code = dygw_field_string(f, ENCRYPTED_CODE, 1, ENCRYPTED_CODE_MAX);
    }
}

static void read_store(const dygw_fields_t *f, const dygw_gateway_t *gateway,
                       dygw_redeem_request_t *request)
{
    dygw_named_store_t named;

    if (!dygw_field_given(f, POI_ID) && !dygw_field_given(f, STORE)) {
        dygw_invalid(f->out, POI_ID, "poi_id or store is required");
    }
    dygw_field_store(f, gateway, &named);
    request->poi_id = named.poi_id;
    request->store = named.store;
    request->store_named = named.named;
    request->account_id = named.account_id;
}

void dygw_coupon_read(const dygw_fields_t *f, const dygw_gateway_t *gateway,
                      const char *const *modes, dygw_redeem_request_t *request)
{
    const char *mode;

    read_store(f, gateway, request);
    mode = f->out->code == DYGW_OK ? coupon_mode_given(f, modes) : NULL;
    if (mode) {
        read_coupon_of(f, mode, request);
    }
}
