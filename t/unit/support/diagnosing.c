/* SPDX-License-Identifier: Apache-2.0
 * What a part of a diagnosis finds, read from its JSON. */
#include "diagnosing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_strings.h>

json_t *diagnosing(dygw_diagnosis_t *d, void (*part)(const dygw_diagnosis_t *d))
{
    dygw_jsonw_t *w = &d->findings->w;
    const char *error;
    json_t *checks;

    dygw_jsonw_init(w, d->ctx->pool, 256);
    dygw_jsonw_array(w, NULL);
    part(d);
    dygw_jsonw_end_array(w);
    checks = dygw_json_parse(w->text, w->len, DYGW_JSON_STRICT, d->ctx->pool, &error);
    assert_non_null(checks);
    return checks;
}

static const json_t *check_of(const json_t *checks, const char *name)
{
    const json_t *check;
    size_t i;

    json_array_foreach(checks, i, check)
    {
        if (strcmp(dygw_json_str(check, "name"), name) == 0) {
            return check;
        }
    }
    fail_msg("there is no check %s", name);
    return NULL;
}

const char *diagnosing_verdict(const json_t *checks, const char *name, apr_pool_t *pool)
{
    const json_t *check = check_of(checks, name);
    const char *why = dygw_json_str(check, "reason");

    return apr_pstrcat(pool, dygw_json_str(check, "state"), why ? " " : NULL, why, NULL);
}

const char *diagnosing_detail(const json_t *checks, const char *name, const char *key, apr_pool_t *pool)
{
    return dygw_json_id(json_object_get(check_of(checks, name), "detail"), key, pool);
}
