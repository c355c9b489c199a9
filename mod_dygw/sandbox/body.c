/* SPDX-License-Identifier: Apache-2.0
 * Bodies have to be JSON, and said to be. */
#include "sandbox/body.h"

#include <string.h>

#include <apr_strings.h>

#include "sandbox/codes.h"
#include "sandbox/reply.h"
#include "util/json.h"

#define QUOTED  10      /* characters of the body that the refusal repeats */

static int is_said_to_be_json(const request_rec *r)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");

    return type && strncasecmp(type, "application/json", strlen("application/json")) == 0;
}

/* In the words of the parser that Douyin's gateway uses. */
static void refuse(dygw_sandbox_call_t *call)
{
    const char *start = apr_pstrndup(call->pool, call->body, QUOTED);
    const char *found = apr_pstrndup(call->pool, call->body, 1);

    dygw_sandbox_refuse_sub(call, DYGW_SANDBOX_BAD_REQUEST, NULL, 0,
                            apr_psprintf(call->pool,
                                         "ReadMapCB: expect { or n, but found %s, error found in "
                                         "#1 byte of ...|%s|..., bigger context ...|%s|...",
                                         found, start, start));
}

const json_t *dygw_sandbox_body(dygw_sandbox_call_t *call)
{
    const char *error;
    const json_t *body = NULL;

    if (is_said_to_be_json(call->r)) {
        body = dygw_json_parse(call->body, call->body_len, DYGW_JSON_LENIENT, call->pool, &error);
    }
    if (!json_is_object(body)) {
        refuse(call);
        return NULL;
    }
    return body;
}
