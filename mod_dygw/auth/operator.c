/* SPDX-License-Identifier: Apache-2.0
 * Who acts on /internal, and a warning about a proxy that makes everybody look local. */
#include "auth/auth.h"

#include <limits.h>
#include <string.h>

#include <apr_atomic.h>
#include <apr_strings.h>

#include "util/spelling.h"

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

/* --- a proxy on this host --- */

/* As `Require local` sees it, which goes by the address that mod_remoteip may have set. */
static int is_local(const request_rec *r)
{
    return strncmp(r->useragent_ip, "127.", 4) == 0 || strcmp(r->useragent_ip, "::1") == 0
           || apr_sockaddr_equal(r->connection->local_addr, r->useragent_addr);
}

static const char *forwarding_header(const request_rec *r)
{
    static const char *const names[] = { "X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", NULL };
    const char *const *name = names;

    while (*name && !apr_table_get(r->headers_in, *name)) {
        name++;
    }
    return *name;
}

void dygw_auth_notice_proxy(const dygw_call_t *call)
{
    static volatile apr_uint32_t is_said;
    const request_rec *r = call->r;
    const char *header = r->user || !is_local(r) ? NULL : forwarding_header(r);

    if (header && apr_atomic_cas32(&is_said, 1, 0) == 0) {
        dygw_log(&call->log, WARN, 0,
                 DYGWNO(0214) "%s is asked by this host itself for somebody else (%s): behind a "
                              "reverse proxy on this host `Require local` lets everybody in; have "
                              "mod_remoteip tell who it is, or do not pass it on",
                 call->mount, header);
    }
}
