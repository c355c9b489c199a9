/* SPDX-License-Identifier: Apache-2.0
 * The least that a handler can do: prints a constant. What the gateway's answers are measured
 * against; never installed. */
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>

#include <string.h>

#define ANSWER "{\"data\":{\"access_token\":\"constant\",\"expires_at\":null,\"expires_in\":0}}"

static int print_constant(request_rec *r)
{
    if (strcmp(r->handler, "constant") != 0) {
        return DECLINED;
    }
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, strlen(ANSWER));
    ap_rputs(ANSWER, r);
    return OK;
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_handler(print_constant, NULL, NULL, APR_HOOK_MIDDLE);
}

extern module AP_MODULE_DECLARE_DATA constant_module __attribute__((visibility("default")));

AP_DECLARE_MODULE(constant) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, AP_MODULE_FLAG_NONE,
};
