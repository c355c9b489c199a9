/* SPDX-License-Identifier: Apache-2.0
 * The code on the customer's screen is a short link. It redirects to a long link, which names the
 * order by its object_id. serve.c calls this file. */
#include "sandbox/link.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "sandbox/handlers.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"

#define SHORT_PATH "/s/"
#define LONG_PATH  "/share/commerce/coupon/"
#define PAGE \
    "<!DOCTYPE html>\n<html><head><title>抖音团购券</title></head>\n" \
    "<body><p>请打开抖音查看</p></body></html>\n"

int dygw_sandbox_is_long_link(const request_rec *r)
{
    return strncmp(r->uri, LONG_PATH, strlen(LONG_PATH)) == 0;
}

int dygw_sandbox_long_link(request_rec *r)
{
    return dygw_sandbox_send(r, HTTP_OK, "text/html; charset=utf-8", PAGE, strlen(PAGE));
}

/* The path of the link has the object_id too, but in another alphabet of base64, so that only the
 * parameter object_id can be used. */
static const char *long_link_of(request_rec *r, apr_uint32_t order, int blank)
{
    static const char *const titles[] = { "", "&title=a b", "&title=a\tb" };
    char object_id[DYGW_SANDBOX_CIPHER_LEN + 1];
    char *in_path;

    dygw_sandbox_cipher(DYGW_SANDBOX_CIPHER_ORDER, order, object_id);
    in_path = apr_pstrdup(r->pool, object_id);
    for (char *p = in_path; *p; p++) {
        if (*p == '+') {
            *p = '-';
        }
        else if (*p == '/') {
            *p = '_';
        }
    }
    in_path[strcspn(in_path, "=")] = '\0';
    return apr_pstrcat(r->pool, dygw_sandbox_origin(r), LONG_PATH, in_path, "/?schema_type=13",
                       titles[blank], "&object_id=", apr_pescape_urlencoded(r->pool, object_id),
                       "&utm_campaign=client_scan_share&app=aweme&utm_medium=ios"
                       "&tt_from=scan_share&iid=&utm_source=scan_share",
                       NULL);
}

/* Whether there is such an order. Only a reset removes records. */
static int link_order_exists(apr_uint32_t order)
{
    int found;

    dygw_sandbox_lock();
    found = dygw_sandbox_order(order) != NULL;
    dygw_sandbox_unlock();
    return found;
}

void dygw_sandbox_short_link(dygw_sandbox_call_t *call)
{
    const char *rest = call->r->uri + strlen(SHORT_PATH);
    const char *key = apr_pstrmemdup(call->pool, rest, strcspn(rest, "/"));
    const apr_uint32_t order = dygw_sandbox_key_index(key);
    const apr_int64_t hop = dygw_sandbox_param_int(call, "hop", 1);

    if (order == DYGW_SANDBOX_NONE || !link_order_exists(order)) {
        dygw_sandbox_reply_text(call, HTTP_NOT_FOUND, "text/html; charset=utf-8",
                                "<html><body>404</body></html>\n");
        return;
    }
    dygw_sandbox_reply_text(call, call->switches.redirect_status, "text/html; charset=utf-8", "");
    if (hop < call->switches.redirects) {
        call->location = apr_psprintf(call->pool, "%s%s%s?hop=%d", dygw_sandbox_origin(call->r),
                                      SHORT_PATH, key, (int)hop + 1);
    }
    else if (call->switches.link_target[0]) {
        call->location = apr_pstrdup(call->pool, call->switches.link_target);
    }
    else {
        call->location = long_link_of(call->r, order, call->switches.link_blank);
    }
}
