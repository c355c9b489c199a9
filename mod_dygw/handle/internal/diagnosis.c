/* SPDX-License-Identifier: Apache-2.0
 * GET /diagnosis: whether the gateway is set up as it must be. The reply has the findings as facts;
 * dygw-doctor has the sentences. */
#include "handle/internal/internal.h"

#include <string.h>

#include <ap_mpm.h>

#include <apr_strings.h>

#include "cfg/tree.h"
#include "gateway/diagnosis/diagnosis.h"
#include "util/spelling.h"

#define REPLY_SIZE      4096
#define PEAK_MAX        1000000 /* requests a second */
#define RETRY_AFTER_SEC 1

static const char *const known_parameters[] = { "poi_id", "peak", NULL };

/* Reads ?poi_id=: stores with commas between, "a,b,c", by poi_id or by the shop's own code. */
static apr_array_header_t *read_diagnosis_stores(const apr_table_t *query, apr_pool_t *pool,
                                                 dygw_result_t *out)
{
    apr_array_header_t *stores = apr_array_make(pool, 4, sizeof(const char *));
    const char *list = apr_table_get(query, "poi_id");

    while (list && out->code == DYGW_OK) {
        apr_size_t len = strcspn(list, ",");
        const char *store = apr_pstrmemdup(pool, list, len);

        if (!dygw_spelled(store, 1, DYGW_POI_MAX, "_-") || stores->nelts == DYGW_DIAGNOSIS_STORES) {
            dygw_invalid(out, "poi_id",
                         "poi_id must be up to 20 stores, parted by commas, each 1 "
                         "to 32 of A-Za-z0-9_-");
        }
        APR_ARRAY_PUSH(stores, const char *) = store;
        list = list[len] == ',' ? list + len + 1 : NULL;
    }
    return stores;
}

/* --- the checks that only this child can make --- */

/* Checks whether the table of nonces is large enough for `peak` requests a second. A nonce may be
 * kept for twice the window of signatures: the caller's clock may be ahead by one window, and the
 * nonce is kept for another one. */
static void check_nonce_table(const dygw_call_t *call, int peak, dygw_findings_t *findings)
{
    const dygw_runtime_t *runtime = call->runtime;
    apr_int64_t kept_for = 2 * apr_time_sec(runtime->cfg->signature_window);
    int held, capacity, is_small, is_full;

    if (!runtime->nonces) {
        dygw_finding_plain(findings, DYGW_CHECK_NONCES, DYGW_SKIPPED, DYGW_WHY_IN_DATABASE);
        return;
    }
    dygw_nonces_count(runtime->nonces, dygw_now(), &held, &capacity);
    kept_for = kept_for > 0 ? kept_for : 1;
    is_small = peak * kept_for > capacity;
    is_full = dygw_finding_is_nearly_full(held, capacity);
    dygw_finding(findings, DYGW_CHECK_NONCES,
                 is_small  ? DYGW_FAIL
                 : is_full ? DYGW_WARN
                           : DYGW_PASS,
                 is_small  ? DYGW_WHY_TOO_SMALL
                 : is_full ? DYGW_WHY_NEARLY_FULL
                           : DYGW_WHY_NONE);
    dygw_jsonw_int(&findings->w, "capacity", capacity);
    dygw_jsonw_int(&findings->w, "held", held);
    dygw_jsonw_int(&findings->w, "kept_seconds", kept_for);
    dygw_jsonw_int(&findings->w, "per_second", capacity / kept_for);
    if (peak > 0) {
        dygw_jsonw_int(&findings->w, "peak", peak);
        dygw_jsonw_int(&findings->w, "capacity_needed", peak * kept_for);
    }
    dygw_finding_end(findings);
}

/* What the pool of connections has to serve. */
typedef struct pools_t {
    dygw_dbd_settings_t dbd;
    int threads;  /* of a child */
    int children; /* of httpd, at most */
} pools_t;

static void read_pools(const dygw_call_t *call, pools_t *pools)
{
    *pools = (pools_t){ .threads = 1, .children = 1 };
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &pools->threads);
    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &pools->children);
    pools->threads = pools->threads > 1 ? pools->threads : 1;
    dygw_cfg_dbd(call->runtime->server, call->r->pool, &pools->dbd);
}

static void check_connection_pool(const pools_t *pools, dygw_findings_t *findings)
{
    int is_small = pools->dbd.max < dygw_cfg_dbd_enough(pools->threads);

    dygw_finding(findings, DYGW_CHECK_POOL, is_small ? DYGW_WARN : DYGW_PASS,
                 is_small ? DYGW_WHY_TOO_SMALL : DYGW_WHY_NONE);
    dygw_jsonw_int(&findings->w, "threads", pools->threads);
    dygw_jsonw_int(&findings->w, "children", pools->children);
    dygw_jsonw_int(&findings->w, "dbd_keep", pools->dbd.keep);
    dygw_jsonw_int(&findings->w, "dbd_max", pools->dbd.max);
    dygw_finding_end(findings);
}

/* --- the endpoint --- */

static int reply_diagnosis(dygw_call_t *call, const apr_array_header_t *stores, int peak)
{
    dygw_findings_t findings = { 0 };
    dygw_jsonw_t *w = &findings.w;
    dygw_diagnosis_t d = { .ctx = &call->ctx, .stores = stores, .findings = &findings };
    pools_t pools;

    read_pools(call, &pools);
    d.connections = pools.children * dygw_cfg_dbd_reach(&pools.dbd, pools.threads);
    dygw_jsonw_init(w, call->r->pool, REPLY_SIZE);
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_object(w, "data");
    dygw_jsonw_string(w, "version", DYGW_VERSION);
    dygw_jsonw_array(w, "checks");
    dygw_diagnose_douyin(&d);
    dygw_diagnose_database(&d);
    check_nonce_table(call, peak, &findings);
    check_connection_pool(&pools, &findings);
    dygw_jsonw_end_array(w);
    dygw_write_mounts(call, w);
    dygw_jsonw_time(w, "at", dygw_now());
    dygw_jsonw_end_object(w);
    dygw_jsonw_end_object(w);
    dygw_log(&call->log, INFO, 0,
             DYGWNO(0660) "a diagnosis for %s: %d checks passed, %d warnings, %d failed",
             call->actor, findings.count[DYGW_PASS], findings.count[DYGW_WARN],
             findings.count[DYGW_FAIL]);
    return dygw_reply_json(call, HTTP_OK, w->text, w->len);
}

int dygw_handle_diagnosis(dygw_call_t *call)
{
    dygw_result_t out = { 0 };
    apr_table_t *query = dygw_read_query(call, known_parameters, &out);
    const apr_array_header_t *stores = read_diagnosis_stores(query, call->r->pool, &out);
    int peak = dygw_query_int(query, "peak", 1, PEAK_MAX, 0, &out);

    if (out.code == DYGW_OK && !dygw_diagnosis_may_begin(&call->runtime->gateway)) {
        out.code = DYGW_RATE_LIMITED;
        out.message = "the gateway was diagnosed less than a second ago";
        out.retry_after = RETRY_AFTER_SEC;
    }
    return out.code == DYGW_OK ? reply_diagnosis(call, stores, peak) : dygw_reply_error(call, &out);
}
