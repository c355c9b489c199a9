/* SPDX-License-Identifier: Apache-2.0
 * Checks the apps that httpd.conf declares: what gateway/apps/ says of each, and in what other
 * hosts differ. */
#include "gateway/diagnosis/apps.h"

#include "gateway/apps/declarations.h"
#include "gateway/apps/declare.h"

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

static void write_trouble(void *baton, const dygw_declared_trouble_t *trouble)
{
    troubles_t *troubles = baton;
    dygw_jsonw_t *w = &troubles->d->findings->w;

    if (trouble->state == DYGW_DECLARED_UNREAD
        && begin_trouble(troubles, trouble->app, DYGW_WHY_UNREADABLE_SECRET)) {
        dygw_finding_end(troubles->d->findings);
    }
    if (trouble->state == DYGW_DECLARED_CONFLICT
        && begin_trouble(troubles, trouble->app, DYGW_WHY_CONFLICT)) {
        dygw_jsonw_string(w, "field", trouble->field);
        dygw_jsonw_string(w, "other", trouble->other);
        dygw_jsonw_int(w, "other_id", trouble->other_id);
        dygw_finding_end(troubles->d->findings);
    }
}

static void find_unread_secrets(troubles_t *troubles, const dygw_declared_t *declared)
{
    int i;

    for (i = 0; i < declared->apps->nelts; i++) {
        const dygw_declared_app_t *app
            = APR_ARRAY_IDX(declared->apps, i, const dygw_declared_app_t *);

        if (!app->secret) {
            write_trouble(troubles,
                          &(dygw_declared_trouble_t){ .app = app, .state = DYGW_DECLARED_UNREAD });
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

static void examine_apps(const dygw_diagnosis_t *d, dygw_db_t *db, dygw_why_e why_not)
{
    const dygw_declared_t *declared = d->ctx->gateway->declared;
    troubles_t troubles = { .d = d };

    if (!declared || declared->apps->nelts == 0) {
        return;
    }
    if (db && dygw_declared_each_trouble(d->ctx, db, write_trouble, &troubles) == APR_SUCCESS) {
        why_not = DYGW_WHY_NONE;
    }
    else {
        find_unread_secrets(&troubles, declared);
    }
    write_summary(&troubles, declared->apps->nelts, why_not);
}

/* A finding for each live host that differs from this one. While hosts are reloaded one after the
 * other they do, so this is no failure by itself. */
static void compare_hosts(const dygw_diagnosis_t *d, dygw_db_t *db)
{
    apr_array_header_t *differences;
    int i;

    if (dygw_declarations_differ(d->ctx, db, &differences) != APR_SUCCESS) {
        return;
    }
    for (i = 0; i < differences->nelts; i++) {
        const dygw_difference_t *difference = &APR_ARRAY_IDX(differences, i, dygw_difference_t);

        dygw_finding(d->findings, DYGW_CHECK_DECLARED_HOST, DYGW_WARN, DYGW_WHY_DIFFERS);
        dygw_jsonw_string(&d->findings->w, "host", difference->host);
        dygw_jsonw_int(&d->findings->w, "wrong", difference->count);
        dygw_jsonw_string(&d->findings->w, "apps", difference->names);
        dygw_finding_end(d->findings);
    }
}

void dygw_diagnose_apps(const dygw_diagnosis_t *d, dygw_db_t *db, dygw_why_e why_not)
{
    examine_apps(d, db, why_not);
    if (db) {
        compare_hosts(d, db);
    }
}
