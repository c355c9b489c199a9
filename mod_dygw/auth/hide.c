/* SPDX-License-Identifier: Apache-2.0
 * Keeps signatures out of httpd's own log. At the level trace4 httpd writes down every header of a
 * request; that happens between the two hooks here, and there the signatures are notes. */
#include "auth/auth.h"

typedef struct hidden_t {
    const char *header;
    const char *note;
} hidden_t;

static const hidden_t signatures[] = {
    { "X-Signature", "dygw-hidden-signature" },
    { "X-Douyin-Signature", "dygw-hidden-douyin-signature" },
};

static void move_header(apr_table_t *from, const char *name, apr_table_t *to, const char *new_name)
{
    const char *value = apr_table_get(from, name);

    if (value) {
        apr_table_setn(to, new_name, value);
        apr_table_unset(from, name);
    }
}

int dygw_auth_hide(request_rec *r)
{
    size_t i;

    for (i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        move_header(r->headers_in, signatures[i].header, r->notes, signatures[i].note);
    }
    return DECLINED;
}

int dygw_auth_show(request_rec *r)
{
    size_t i;

    for (i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        move_header(r->notes, signatures[i].note, r->headers_in, signatures[i].header);
    }
    return DECLINED;
}
