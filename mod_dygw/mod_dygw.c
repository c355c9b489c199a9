/* SPDX-License-Identifier: Apache-2.0
 * The door: the module record, the hooks, and the order of start, fork and stop. Nothing else.
 *
 *   1  pre_config       names our mutexes
 *   2  configuration    cfg/ reads the directives
 *   3  check_config     cfg/check.c refuses mistakes: of the configuration at a start, a restart
 *                       and in configtest; of files and libraries in configtest alone
 *   4  post_config      real pass only: libcurl, shared memory (kept over restarts), mutexes, the
 *                       databases' schema. What fails here is the gateway's, and never httpd's: the
 *                       gateway answers 503, and heals in the background where it can
 *   5  child_init       after mod_dbd's: the runtime of each virtual host with the watch over its
 *                       database, then the background thread
 *   6  requests         threshold.c keeps the site out, dispatch.c finds the endpoint, in handle/
 *   7  child_stopping   tells the thread, does not wait: requests may still be running
 *   8  the child's pool goes: pre-cleanups join the two threads before mod_dbd's connections are
 *                       destroyed
 */
#include "cfg/module.h"

#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mpm_common.h>

#include "auth/auth.h"
#include "cfg/cfg.h"
#include "cfg/secret.h"
#include "dispatch.h"
#include "douyin/douyin.h"
#include "handle/handle.h"
#include "handle/status.h"
#include "process/log.h"
#include "process/runtime.h"
#include "threshold.h"
#include "util/compiler.h"
#include "util/log.h"
#include "util/versions.h"
#include "worker/worker.h"

static int pre_config(apr_pool_t *pconf, DYGW_UNUSED apr_pool_t *plog, apr_pool_t *ptemp)
{
    dygw_log_set_writer(dygw_log_to_httpd);
    dygw_cfg_name_driver(ptemp);
    return dygw_runtime_register(pconf); /* 1 */
}

static int has_libcurl(const server_rec *s)
{
    const char *version = dygw_douyin_old_libcurl();

    if (version) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     DYGWNO(0003) "libcurl %s is loaded, and %d.%d.%d or later is needed: "
                                  "install it",
                     version, DYGW_LIBCURL >> 16, DYGW_LIBCURL >> 8 & 0xff, DYGW_LIBCURL & 0xff);
    }
    return !version;
}

static int check_config(DYGW_UNUSED apr_pool_t *pconf, DYGW_UNUSED apr_pool_t *plog,
                        apr_pool_t *ptemp, server_rec *s)
{
    int found = dygw_cfg_check(ptemp, s); /* 3 */

    return found == OK && dygw_cfg_is_test() && !has_libcurl(s) ? HTTP_INTERNAL_SERVER_ERROR
                                                                : found;
}

static int can_call(apr_pool_t *pconf, const server_rec *s)
{
    if (!has_libcurl(s)) {
        return 0;
    }
    if (dygw_douyin_global_init(pconf) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, DYGWNO(0001) "libcurl cannot be initialised");
        return 0;
    }
    return 1;
}

static int post_config(apr_pool_t *pconf, DYGW_UNUSED apr_pool_t *plog, apr_pool_t *ptemp,
                       server_rec *s)
{
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    return dygw_runtime_prepare(pconf, ptemp, s, can_call(pconf, s)); /* 4 */
}

static void child_init(apr_pool_t *pchild, server_rec *s)
{
    apr_status_t rv = dygw_runtime_start(pchild, s); /* 5 */
    apr_status_t worked = dygw_worker_start(pchild, s);

    rv = rv == APR_SUCCESS ? worked : rv;
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, s,
                     DYGWNO(0002) "this child cannot serve the gateway as it should: it answers "
                                  "503 there, or leaves the background to others");
    }
}

static void child_stopping(DYGW_UNUSED apr_pool_t *pchild, DYGW_UNUSED int graceful)
{
    dygw_worker_stopping(); /* 7 */
}

static int show_signature(request_rec *r, DYGW_UNUSED int lookup)
{
    return dygw_auth_show(r);
}

static void register_hooks(DYGW_UNUSED apr_pool_t *pool)
{
    static const char *const with_mod_dbd[] = { "mod_dbd.c", NULL };

    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_LAST);
    ap_hook_post_config(post_config, NULL, with_mod_dbd, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, with_mod_dbd, NULL, APR_HOOK_LAST);
    ap_hook_child_stopping(child_stopping, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_read_request(dygw_auth_hide, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_quick_handler(show_signature, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(dygw_dispatch, NULL, NULL, APR_HOOK_MIDDLE);
    dygw_threshold_register();
    dygw_deadline_register();
    dygw_status_register();
}

/* The one symbol that this module exports. */
extern module AP_MODULE_DECLARE_DATA dygw_module __attribute__((visibility("default")));

module AP_MODULE_DECLARE_DATA dygw_module = {
    STANDARD20_MODULE_STUFF,
    NULL,
    NULL,
    dygw_cfg_create,
    dygw_cfg_merge,
    dygw_cfg_directives,
    register_hooks,
    AP_MODULE_FLAG_NONE,
};
