/* SPDX-License-Identifier: Apache-2.0
 * Who acts on /internal. */
#include "auth/auth.h"

#include <limits.h>

#include <apr_strings.h>

#include "auth/spelling.h"
#include "handle/handle.h"

#define OPERATOR_MAX 64

static const char *from_header(const dygw_call_t *call, const char *name, dygw_result_t *out)
{
    const char *value = *name ? apr_table_get(call->r->headers_in, name) : NULL;

    return value && dygw_header_once(value, name, call->r->pool, out)
                   && dygw_is_printable(value, 1, OPERATOR_MAX)
               ? value
               : NULL;
}

/* Apache's user is whatever a module of it says; logs and the audit trail want text. */
static const char *from_apache(const request_rec *r)
{
    return !r->user || dygw_is_printable(r->user, 0, INT_MAX) ? r->user
                                                              : ap_escape_logitem(r->pool, r->user);
}

void dygw_auth_operator(dygw_call_t *call, dygw_result_t *out)
{
    const char *header = call->runtime->cfg->operator_header;

    call->actor = call->r->user ? from_apache(call->r) : from_header(call, header, out);
    if (!call->actor && out->code == DYGW_OK) {
        out->code = DYGW_OPERATOR_REQUIRED;
        out->message = *header ? apr_pstrcat(call->r->pool,
                                             "Apache authenticated nobody, and the header ", header,
                                             " does not name an operator in 1 to 64 printable "
                                             "characters",
                                             NULL)
                               : "Apache authenticated nobody";
    }
}
