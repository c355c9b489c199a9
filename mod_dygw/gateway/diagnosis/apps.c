/* SPDX-License-Identifier: Apache-2.0
 * Checks the apps that httpd.conf declares. */
#include "gateway/diagnosis/apps.h"

/* What was found of them so far. */
typedef struct troubles_t {
    const dygw_diagnosis_t *d;
    int count;
} troubles_t;

/* Opens a finding about an app, when there is room for one more. */
static int begin_trouble(troubles_t *troubles, const dygw_declared_app_t *app, dygw_why_e why)
{
    if (troubles->count++ >= DYGW_DIAGNOSIS_SHOWN) {
        return 0;
    }
    dygw_finding(troubles->d->findings, DYGW_CHECK_DECLARED_APP, DYGW_FAIL, why);
    dygw_jsonw_string(&troubles->d->findings->w, "app", app->code);
    dygw_jsonw_string(&troubles->d->findings->w, "declared_in", app->place);
    return 1;
}

static void find_unread_secrets(troubles_t *troubles, const dygw_declared_t *declared)
{
    int i;

    for (i = 0; i < declared->apps->nelts; i++) {
        const dygw_declared_app_t *app
            = APR_ARRAY_IDX(declared->apps, i, const dygw_declared_app_t *);

        if (!app->secret && begin_trouble(troubles, app, DYGW_WHY_UNREADABLE_SECRET)) {
            dygw_finding_end(troubles->d->findings);
        }
    }
}

/* That some are in trouble is said by a finding of each. */
static void write_summary(const troubles_t *troubles, int all, dygw_why_e why_not)
{
    int more = troubles->count - DYGW_DIAGNOSIS_SHOWN;

    dygw_finding(troubles->d->findings, DYGW_CHECK_DECLARED_APPS,
                 more > 0  ? DYGW_FAIL
                 : why_not ? DYGW_SKIPPED
                           : DYGW_PASS,
                 more > 0 ? DYGW_WHY_MORE : why_not);
    dygw_jsonw_int(&troubles->d->findings->w, "declared", all);
    dygw_jsonw_int(&troubles->d->findings->w, "wrong", troubles->count);
    if (more > 0) {
        dygw_jsonw_int(&troubles->d->findings->w, "more", more);
    }
    dygw_finding_end(troubles->d->findings);
}

void dygw_diagnose_apps(const dygw_diagnosis_t *d, dygw_db_t *db, dygw_why_e why_not)
{
    const dygw_declared_t *declared = d->ctx->gateway->declared;
    troubles_t troubles = { .d = d };

    if (!declared || declared->apps->nelts == 0) {
        return;
    }
    find_unread_secrets(&troubles, declared);
    write_summary(&troubles, declared->apps->nelts, db ? DYGW_WHY_NONE : why_not);
}
