/* SPDX-License-Identifier: Apache-2.0
 * How a body names the store and the coupon: what verify and prepare have in common. */
#include "handle/open/open.h"

#include <string.h>

#include <apr_strings.h>

#include "util/spelling.h"
#include "util/text.h"

#define SHORT_LINK     "short_link"
#define CODE           "code"
#define ENCRYPTED_CODE "encrypted_code"

#define LINK_MAX           2048
#define ENCRYPTED_CODE_MAX 2048
#define CODE_DIGITS_MIN    8
#define CODE_DIGITS_MAX    20

const char *const dygw_coupon_modes[4] = { SHORT_LINK, CODE, ENCRYPTED_CODE, NULL };
const char *const dygw_prepare_modes[3] = { SHORT_LINK, CODE, NULL };

int dygw_coupon_store_allowed(const dygw_fields_t *f, const dygw_known_app_t *app)
{
    const char *poi_id = dygw_json_str(f->object, "poi_id");

    if (!poi_id || dygw_app_may_use_store(app, poi_id)) {
        return 1;
    }
    f->out->code = DYGW_STORE_FORBIDDEN;
    f->out->message = "this app may not use this store";
    return 0;
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

/* Reads the code without the blanks and hyphens that scanners, input methods and clipboards add. */
static const char *read_code(const dygw_fields_t *f)
{
    const char *typed = dygw_field_text(f, CODE);
    char *code, *end;

    if (!typed) {
        return NULL;
    }
    code = end = apr_palloc(f->pool, strlen(typed) + 1);
    while (*typed) {
        apr_size_t len = dygw_blank(typed);

        len = len ? len : dygw_hyphen(typed);
        if (len == 0) {
            *end++ = *typed++;
        }
        typed += len;
    }
    *end = '\0';
    if (strspn(code, "0123456789") != (apr_size_t)(end - code) || end - code < CODE_DIGITS_MIN
        || end - code > CODE_DIGITS_MAX) {
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

void dygw_coupon_read(const dygw_fields_t *f, const char *const *modes,
                      dygw_redeem_request_t *request)
{
    const char *mode;

    dygw_field_require(f, "poi_id");
    request->poi_id = dygw_field_word(f, "poi_id", 1, DYGW_POI_MAX);
    mode = f->out->code == DYGW_OK ? coupon_mode_given(f, modes) : NULL;
    if (mode) {
        read_coupon_of(f, mode, request);
    }
}
