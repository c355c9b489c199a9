/* SPDX-License-Identifier: Apache-2.0
 * Reading the members of a JSON body: each reader tells what the member may be. */
#include "handle/handle.h"

#include <math.h>
#include <string.h>

#include <apr_strings.h>

#include "util/spelling.h"
#include "util/text.h"

#define KEY_MAX     255                /* characters of an Idempotency-Key */
#define EXACT_REALS 9007199254740992.0 /* 2^53 */

void dygw_invalid_field(const dygw_fields_t *f, const char *field, const char *problem)
{
    if (f->out->code == DYGW_OK) {
        dygw_invalid(f->out, field, apr_pstrcat(f->pool, field, " ", problem, NULL));
    }
}

int dygw_fields_parse(dygw_fields_t *f, const char *text, apr_size_t len, apr_pool_t *pool,
                      dygw_result_t *out)
{
    const char *error = NULL;

    f->pool = pool;
    f->out = out;
    f->object = dygw_json_parse(text, len, DYGW_JSON_STRICT, pool, &error);
    if (!f->object) {
        out->code = DYGW_INVALID_JSON;
        out->message = error;
        return 0;
    }
    if (!json_is_object(f->object)) {
        dygw_invalid(out, NULL, "the body must be a JSON object");
        return 0;
    }
    return 1;
}

void dygw_fields_known(const dygw_fields_t *f, const char *const *known)
{
    const char *name;
    json_t *value;

    /* Jansson iterates over objects that it takes as changeable. */
    json_object_foreach((json_t *)f->object, name, value)
    {
        if (!dygw_is_one_of(name, known)) {
            dygw_invalid(f->out, name, "there is no such field here");
            return;
        }
    }
}

int dygw_field_given(const dygw_fields_t *f, const char *name)
{
    const json_t *value = json_object_get(f->object, name);

    return value && !json_is_null(value)
           && !(json_is_string(value) && json_string_length(value) == 0);
}

void dygw_field_require(const dygw_fields_t *f, const char *name)
{
    if (!dygw_field_given(f, name)) {
        dygw_invalid_field(f, name, "is required");
    }
}

/* NULL is a mistake only when something else is there. */
const char *dygw_field_text(const dygw_fields_t *f, const char *name)
{
    const json_t *value = json_object_get(f->object, name);

    if (f->out->code != DYGW_OK || !dygw_field_given(f, name)) {
        return NULL;
    }
    if (!json_is_string(value)) {
        dygw_invalid_field(f, name, "must be a string");
        return NULL;
    }
    return json_string_value(value);
}

const char *dygw_field_string(const dygw_fields_t *f, const char *name, int min, int max)
{
    const char *text = dygw_field_text(f, name);
    apr_size_t n = text ? dygw_characters(text) : 0;

    if (!text) {
        return NULL;
    }
    if (n < (apr_size_t)min || n > (apr_size_t)max) {
        dygw_invalid_field(f, name,
                           apr_psprintf(f->pool, "must have %d to %d characters", min, max));
        return NULL;
    }
    if (dygw_has_controls(text)) {
        dygw_invalid_field(f, name, "must not have control characters");
        return NULL;
    }
    return text;
}

const char *dygw_field_word(const dygw_fields_t *f, const char *name, int min, int max)
{
    const char *text = dygw_field_text(f, name);

    if (text && !dygw_spelled(text, (apr_size_t)min, (apr_size_t)max, "_-")) {
        dygw_invalid_field(f, name,
                           apr_psprintf(f->pool, "must be %d to %d of A-Za-z0-9_-", min, max));
        return NULL;
    }
    return text;
}

/* Some programs know no numbers but reals, and write 1.0. Above 2^53 a real has lost digits. */
static int whole_number(const json_t *value, apr_int64_t *number)
{
    double real = json_real_value(value);

    if (json_is_integer(value)) {
        *number = json_integer_value(value);
        return 1;
    }
    if (!json_is_real(value) || !(fabs(real) < EXACT_REALS) || floor(real) != real) {
        return 0;
    }
    *number = (apr_int64_t)real;
    return 1;
}

apr_int64_t dygw_field_int(const dygw_fields_t *f, const char *name, apr_int64_t min,
                           apr_int64_t max, apr_int64_t if_absent)
{
    const json_t *value = json_object_get(f->object, name);
    apr_int64_t number = 0;

    if (!dygw_field_given(f, name)) {
        return if_absent;
    }
    if (!whole_number(value, &number) || number < min || number > max) {
        dygw_invalid_field(f, name,
                           apr_psprintf(f->pool,
                                        "must be an integer from %" APR_INT64_T_FMT
                                        " to %" APR_INT64_T_FMT,
                                        min, max));
        return if_absent;
    }
    return number;
}

int dygw_field_bool(const dygw_fields_t *f, const char *name, int if_absent)
{
    const json_t *value = json_object_get(f->object, name);

    if (!dygw_field_given(f, name)) {
        return if_absent;
    }
    if (!json_is_boolean(value)) {
        dygw_invalid_field(f, name, "must be true or false");
        return if_absent;
    }
    return json_is_true(value);
}

int dygw_key_check(const char *key, const char *field, dygw_result_t *out)
{
    apr_size_t len;

    for (len = 0; key[len] >= ' ' && key[len] <= '~'; len++) {}
    if (key[len] == '\0' && len > 0 && len <= KEY_MAX) {
        return 1;
    }
    dygw_invalid(out, field, "an idempotency key has 1 to 255 printable ASCII characters");
    return 0;
}
