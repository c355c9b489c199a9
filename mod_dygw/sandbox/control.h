/* SPDX-License-Identifier: Apache-2.0
 * The control interface, below /_sandbox/: what tests and demonstrations move the sandbox with. */
#ifndef DYGW_SANDBOX_CONTROL_H
#define DYGW_SANDBOX_CONTROL_H

#include <jansson.h>

#include "sandbox/state.h"
#include "util/compiler.h"
#include "util/jsonw.h"

#define DYGW_SANDBOX_CONTROL_PATH "/_sandbox/"

typedef struct dygw_sandbox_control_t {
    request_rec *r;
    apr_pool_t *pool;
    const json_t *body;         /* of POST: an object */
    apr_table_t *query;
    dygw_jsonw_t w;             /* the answer, an object that is open */
} dygw_sandbox_control_t;

/* NULL: done, the answer is written; or what is wrong with the request. */
typedef const char *dygw_sandbox_control_fn(dygw_sandbox_control_t *control);

/* Handler of everything below DYGW_SANDBOX_CONTROL_PATH. */
int dygw_sandbox_control(request_rec *r);

/* NULL, or the first key of an object that is not in the list (NULL ended), as an error. */
const char *dygw_sandbox_unknown_key(const dygw_sandbox_control_t *control,
                                     const char *const *known);

dygw_sandbox_control_fn dygw_sandbox_mint, dygw_sandbox_calls, dygw_sandbox_switch,
    dygw_sandbox_coupon_show, dygw_sandbox_coupon_change;

#endif
