/* SPDX-License-Identifier: Apache-2.0
 * The functions that all answers need: the lock, reading, sending. This file uses the records, and
 * change.h, which makes the late changes that are due. */
#include "sandbox/call.h"

#include <string.h>

#include <http_protocol.h>

#include <apr_strings.h>

#include "sandbox/records/change.h"

#define BODY_MAX 1048576
#define CHUNK    8192

#define NAME_OF(call, name) [DYGW_SANDBOX_CALL_##call] = (name),

const char *const dygw_sandbox_call_names[DYGW_SANDBOX_CALLS]
    = { DYGW_SANDBOX_CALL_TABLE(NAME_OF) };

void dygw_sandbox_lock(void)
{
    dygw_sandbox_state_lock();
    if (dygw_sandbox_state()->lates) {
        dygw_sandbox_apply_due(dygw_now());
    }
}

void dygw_sandbox_unlock(void)
{
    dygw_sandbox_state_unlock();
}

int dygw_sandbox_read_body(request_rec *r, const char **body, apr_size_t *len)
{
    apr_size_t size = CHUNK;
    char *text;
    long n;
    int rc = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);

    *body = "";
    *len = 0;
    if (rc != OK || !ap_should_client_block(r)) {
        return rc;
    }
    text = apr_palloc(r->pool, size + 1);
    while ((n = ap_get_client_block(r, text + *len, size - *len)) > 0) {
        *len += (apr_size_t)n;
        if (*len == size) {
            char *larger;

            size *= 2;
            larger = apr_palloc(r->pool, size + 1);
            memcpy(larger, text, *len);
            text = larger;
        }
        if (*len > BODY_MAX) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
    }
    text[*len] = '\0';
    *body = text;
    return n < 0 ? HTTP_BAD_REQUEST : OK;
}

apr_table_t *dygw_sandbox_args(apr_pool_t *pool, const char *args)
{
    apr_table_t *table = apr_table_make(pool, 8);
    const char *rest = args ? args : "";

    while (*rest) {
        char *value = ap_getword(pool, &rest, '&');
        char *name = ap_getword(pool, (const char **)&value, '=');

        if (ap_unescape_urlencoded(name) == OK && ap_unescape_urlencoded(value) == OK) {
            apr_table_setn(table, name, value);
        }
    }
    return table;
}

const char *dygw_sandbox_param(const dygw_sandbox_call_t *call, const char *name)
{
    const char *value = apr_table_get(call->query, name);

    return value && *value ? value : NULL;
}

apr_int64_t dygw_sandbox_param_int(const dygw_sandbox_call_t *call, const char *name,
                                   apr_int64_t fallback)
{
    const char *text = dygw_sandbox_param(call, name);
    char *end;
    apr_int64_t value;

    if (!text) {
        return fallback;
    }
    value = apr_strtoi64(text, &end, 10);
    return *end == '\0' && value >= 0 ? value : -1;
}

const char *dygw_sandbox_unknown_key(const json_t *object, const char *const *known,
                                     apr_pool_t *pool)
{
    void *i;

    for (i = json_object_iter((json_t *)object); i;
         i = json_object_iter_next((json_t *)object, i)) {
        const char *const *k = known;

        while (*k && strcmp(*k, json_object_iter_key(i)) != 0) {
            k++;
        }
        if (!*k) {
            return apr_psprintf(pool, "unknown key %s", json_object_iter_key(i));
        }
    }
    return NULL;
}

const char *dygw_sandbox_origin(request_rec *r)
{
    const conn_rec *c = r->connection;
    const int is_v6 = strchr(c->local_ip, ':') != NULL;

    return apr_psprintf(r->pool, "http://%s%s%s:%d", is_v6 ? "[" : "", c->local_ip,
                        is_v6 ? "]" : "", c->local_addr->port);
}

int dygw_sandbox_send(request_rec *r, int status, const char *type, const char *body,
                      apr_size_t len)
{
    r->status = status;
    r->status_line = ap_get_status_line(status);
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)len);
    ap_rwrite(body, (int)len, r);
    return OK;
}
