/* SPDX-License-Identifier: Apache-2.0
 * Tries the master key on the secrets of all apps. The key is wrong when it opens none of them,
 * and at least one names another key as its own: a secret that was only damaged says nothing about
 * the key. The sealed token does not count. One that does not open is replaced by a new one. */
#include "gateway/apps/key.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/db_work.h"
#include "gateway/host.h"
#include "gateway/apps/apps.h"
#include "gateway/apps/declare.h"

typedef struct key_trial_t {
    const dygw_seal_t *seal;
    const dygw_declared_t *declared;
    apr_pool_t *scratch; /* cleared after each app */
    int opened;
    int foreign;                                          /* sealed by another key */
    int closed;                                           /* do not open, for whatever reason */
    char names[DYGW_CLOSED_APPS][DYGW_APP_LABEL_MAX + 1]; /* of the first of these */
} key_trial_t;

static void try_key_on_app(void *baton, const dygw_app_t *app)
{
    key_trial_t *trial = baton;
    const char *purpose = dygw_app_seal_purpose(trial->scratch, app->client_key);
    const char *text;

    if (dygw_declared_signs_for(trial->declared, app)) {
        return;
    }
    if (dygw_unseal(trial->seal, purpose, app->secret_sealed, trial->scratch, &text, NULL)
        == APR_SUCCESS) {
        trial->opened++;
    }
    else {
        if (trial->closed < DYGW_CLOSED_APPS) {
            apr_cpystrn(trial->names[trial->closed], dygw_app_label(app), DYGW_APP_LABEL_MAX + 1);
        }
        trial->closed++;
        trial->foreign += dygw_sealed_by_another_key(trial->seal, app->secret_sealed);
    }
    apr_pool_clear(trial->scratch);
}

static apr_status_t try_key_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    key_trial_t *trial = baton;
    apr_int64_t version;

    memset(trial, 0, sizeof(*trial));
    trial->seal = ctx->gateway->seal;
    trial->declared = ctx->gateway->declared;
    apr_pool_create(&trial->scratch, dygw_db_pool(db));
    return dygw_store_app_each(db, &version, try_key_on_app, trial);
}

static void share_key_trial(dygw_gateway_t *gateway, const key_trial_t *trial)
{
    dygw_host_t *host = dygw_host_lock(gateway);

    host->closed_count = trial->closed;
    memcpy(host->closed_apps, trial->names, sizeof(host->closed_apps));
    dygw_host_unlock(gateway);
    dygw_host_set_key(gateway, !trial->opened && trial->foreign ? DYGW_KEY_WRONG : DYGW_KEY_OPENS);
}

static apr_status_t try_key(const dygw_ctx_t *ctx, key_trial_t *trial)
{
    apr_status_t rv = dygw_db_work(ctx, try_key_with, trial, DYGW_DB_ONCE);

    if (rv == APR_SUCCESS) {
        share_key_trial(ctx->gateway, trial);
    }
    return rv;
}

/* --- what the log is told --- */

/* "one, another" */
static void join_names(const key_trial_t *trial, char *text, apr_size_t size)
{
    apr_size_t len = 0;
    int i;

    text[0] = '\0';
    for (i = 0; i < trial->closed && i < DYGW_CLOSED_APPS; i++) {
        len += (apr_size_t)apr_snprintf(text + len, size - len, "%s%s", i ? ", " : "",
                                        trial->names[i]);
    }
}

static void tell_closed(const dygw_ctx_t *ctx, const key_trial_t *trial, const char *names)
{
    if (trial->closed > 0) {
        dygw_log(ctx->log, ERR, 0,
                 DYGWNO(0374) "the secrets of %d of %d apps do not open with DygwMasterKey, and "
                              "these are refused with 503: %s%s",
                 trial->closed, trial->closed + trial->opened, names,
                 trial->closed > DYGW_CLOSED_APPS ? ", and others" : "");
    }
    else {
        dygw_log(ctx->log, NOTICE, 0,
                 DYGWNO(0375) "the secrets of all apps open with DygwMasterKey again");
    }
}

static void tell_key(const dygw_ctx_t *ctx, dygw_key_watch_t *watch, const key_trial_t *trial)
{
    dygw_key_state_e now = dygw_host_key(ctx->gateway);
    char names[sizeof watch->told_text];

    join_names(trial, names, sizeof names);
    if (now == DYGW_KEY_WRONG && watch->told != DYGW_KEY_WRONG) {
        dygw_log(ctx->log, ERR, 0,
                 DYGWNO(0372) "DygwMasterKey is not the key that has sealed the secrets of the "
                              "apps: none of %d opens. Apps are refused with 503, and nothing is "
                              "sealed, until that key is there",
                 trial->closed);
    }
    else if (now == DYGW_KEY_OPENS && watch->told == DYGW_KEY_WRONG) {
        dygw_log(ctx->log, NOTICE, 0, DYGWNO(0373) "DygwMasterKey opens the secrets of apps");
    }
    if (now == DYGW_KEY_OPENS && strcmp(names, watch->told_text) != 0) {
        tell_closed(ctx, trial, names);
        apr_cpystrn(watch->told_text, names, sizeof watch->told_text);
    }
    watch->told = now;
}

/* --- all of it --- */

void dygw_key_turn(const dygw_ctx_t *ctx, dygw_key_watch_t *watch, apr_int64_t apps_version)
{
    key_trial_t trial;

    if (apps_version != watch->looked_at && try_key(ctx, &trial) == APR_SUCCESS) {
        watch->looked_at = apps_version;
        tell_key(ctx, watch, &trial);
    }
}

int dygw_key_may_seal(const dygw_ctx_t *ctx)
{
    key_trial_t trial;

    if (dygw_host_key(ctx->gateway) == DYGW_KEY_NOT_TRIED) {
        (void)try_key(ctx, &trial); /* where the database is away, nothing is written either */
    }
    return dygw_host_key(ctx->gateway) != DYGW_KEY_WRONG;
}
