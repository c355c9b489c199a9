/* SPDX-License-Identifier: Apache-2.0
 * Keeps signatures out of httpd's own log: at trace4 it writes down every header of a request,
 * between the two hooks here. */
#include "auth/auth.h"

#define SIGNATURE   "X-Signature"
#define NOTE        "dygw-hidden-signature"

int dygw_auth_hide(request_rec *r)
{
    const char *signature = apr_table_get(r->headers_in, SIGNATURE);

    if (signature) {
        apr_table_setn(r->notes, NOTE, signature);
        apr_table_unset(r->headers_in, SIGNATURE);
    }
    return DECLINED;
}

int dygw_auth_show(request_rec *r)
{
    const char *signature = apr_table_get(r->notes, NOTE);

    if (signature) {
        apr_table_setn(r->headers_in, SIGNATURE, signature);
        apr_table_unset(r->notes, NOTE);
    }
    return DECLINED;
}
