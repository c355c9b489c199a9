/* SPDX-License-Identifier: Apache-2.0
 * The table of apps in memory: the part of fake_store.h that only tests of apps link. It is also the
 * only table that has transactions. */
#include "fake_store.h"

#include <string.h>

#include <apr_strings.h>

#include "fake_world.h"
#include "util/compiler.h"

#define APPS_MAX    600
#define ENTRIES_MAX 600

void (*fake_store_while_reading_apps)(void);

static dygw_app_t apps[APPS_MAX];
static int app_count;
static apr_int64_t apps_version;
static dygw_audit_entry_t entries[ENTRIES_MAX];
static int entry_count;
static int seen_resets;
/* As it was when the present change of several apps began. */
static dygw_app_t apps_before[APPS_MAX];
static int app_count_before, entry_count_before;
static apr_int64_t apps_version_before;

static int same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* As the store is reset, so is this. */
static void keep_up(void)
{
    if (seen_resets != fake_store_resets()) {
        seen_resets = fake_store_resets();
        app_count = 0;
        entry_count = 0;
        apps_version = 1;
    }
}

/* fake_store_enter, for apps. */
static int enter(fake_step_e step, apr_status_t *rv)
{
    if (!fake_store_enter(step, rv)) {
        return 0;
    }
    keep_up();
    return 1;
}

void fake_store_add_app(const dygw_app_t *app)
{
    keep_up();
    apps[app_count++] = *app;
    apps_version++;
}

void fake_store_raise_apps_version(void)
{
    apps_version++;
}

dygw_app_t *fake_store_app(int number)
{
    assert_true(number < app_count);
    return &apps[number];
}

int fake_store_entries(void)
{
    return entry_count;
}

const dygw_audit_entry_t *fake_store_entry(int number)
{
    assert_true(number < entry_count);
    return &entries[number];
}

apr_status_t dygw_store_app_each(DYGW_UNUSED dygw_db_t *db, apr_int64_t *version, dygw_store_app_fn *each, void *baton)
{
    dygw_app_t copies[APPS_MAX];
    apr_status_t rv;
    int count;
    int i;

    if (!enter(FAKE_APP_EACH, &rv)) {
        return rv;
    }
    *version = apps_version;
    count = app_count;
    memcpy(copies, apps, sizeof(copies));
    fake_store_leave(rv, rv);
    if (fake_store_while_reading_apps) {
        fake_store_while_reading_apps();
    }
    for (i = 0; i < count; i++) {
        each(baton, &copies[i]);
    }
    return rv;
}

apr_status_t dygw_store_app_version(DYGW_UNUSED dygw_db_t *db, apr_int64_t *version)
{
    apr_status_t rv;

    if (!enter(FAKE_APP_VERSION, &rv)) {
        return rv;
    }
    *version = apps_version;
    return fake_store_leave(rv, rv);
}

apr_status_t dygw_store_app_insert(DYGW_UNUSED dygw_db_t *db, dygw_app_t *app, dygw_store_app_edit_fn *edit,
                                   void *baton, const char **taken)
{
    apr_status_t rv;
    int i;

    if (!enter(FAKE_APP_INSERT, &rv)) {
        return rv;
    }
    for (i = 0; i < app_count; i++) {
        *taken = same(apps[i].client_key, app->client_key) ? "client_key"
                 : same(apps[i].code, app->code)           ? "code"
                                                           : NULL;
        if (*taken) {
            return fake_store_leave(rv, APR_EEXIST);
        }
    }
    app->id = app_count + 1;
    fake_store_add_app(app);
    edit(baton, app, &entries[entry_count++]);
    return fake_store_leave(rv, APR_SUCCESS);
}

static dygw_app_t *app_of(apr_int64_t id)
{
    return id >= 1 && id <= app_count ? &apps[id - 1] : NULL;
}

apr_status_t dygw_store_app_get(DYGW_UNUSED dygw_db_t *db, apr_int64_t id, dygw_app_t **app, apr_pool_t *pool)
{
    apr_status_t rv;

    if (!enter(FAKE_APP_GET, &rv)) {
        return rv;
    }
    if (!app_of(id)) {
        return fake_store_leave(rv, APR_NOTFOUND);
    }
    *app = apr_pmemdup(pool, app_of(id), sizeof(**app));
    return fake_store_leave(rv, APR_SUCCESS);
}

apr_status_t dygw_store_app_list(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED const dygw_app_filter_t *filter, int offset,
                                 int limit, dygw_page_t *found, apr_pool_t *pool)
{
    apr_status_t rv;
    int i;

    if (!enter(FAKE_APP_LIST, &rv)) {
        return rv;
    }
    found->total = app_count;
    found->rows = apr_array_make(pool, 1, sizeof(dygw_app_t *));
    for (i = offset; i < app_count && i < offset + limit; i++) {
        APR_ARRAY_PUSH(found->rows, dygw_app_t *) = &apps[i];
    }
    return fake_store_leave(rv, APR_SUCCESS);
}

apr_status_t dygw_store_app_change(DYGW_UNUSED dygw_db_t *db, apr_int64_t id, dygw_store_app_edit_fn *edit, void *baton,
                                   dygw_app_t **app, apr_pool_t *pool)
{
    dygw_audit_entry_t entry = { 0 };
    apr_status_t rv;

    if (!enter(FAKE_APP_CHANGE, &rv)) {
        return rv;
    }
    if (!app_of(id)) {
        return fake_store_leave(rv, APR_NOTFOUND);
    }
    *app = apr_pmemdup(pool, app_of(id), sizeof(**app));
    if (edit(baton, *app, &entry)) {
        *app_of(id) = **app;
        entries[entry_count++] = entry;
        apps_version++;
    }
    return fake_store_leave(rv, APR_SUCCESS);
}

/* --- several changes as one --- */

apr_status_t dygw_store_apps_begin(DYGW_UNUSED dygw_db_t *db)
{
    apr_status_t rv;

    if (!enter(FAKE_APPS_BEGIN, &rv)) {
        return rv;
    }
    memcpy(apps_before, apps, sizeof(apps));
    app_count_before = app_count;
    entry_count_before = entry_count;
    apps_version_before = apps_version++;
    return fake_store_leave(rv, APR_SUCCESS);
}

/* Whether another row has the app's client_key or code. */
static int is_taken(const dygw_app_t *app)
{
    int i;

    for (i = 0; i < app_count; i++) {
        if (apps[i].id != app->id && (same(apps[i].client_key, app->client_key) || same(apps[i].code, app->code))) {
            return 1;
        }
    }
    return 0;
}

/* With texts of its own: those of the caller end with the unit of work. */
static dygw_app_t kept(const dygw_app_t *app)
{
    apr_pool_t *p = fake_store_pool();
    dygw_app_t copy = *app;

    copy.name = apr_pstrdup(p, app->name);
    copy.code = apr_pstrdup(p, app->code);
    copy.description = apr_pstrdup(p, app->description);
    copy.client_key = apr_pstrdup(p, app->client_key);
    copy.secret_sealed = apr_pstrdup(p, app->secret_sealed);
    copy.old_secret_sealed = apr_pstrdup(p, app->old_secret_sealed);
    copy.declared_in = apr_pstrdup(p, app->declared_in);
    copy.poi_ids = dygw_texts_copy(app->poi_ids, p);
    return copy;
}

apr_status_t dygw_store_app_add(DYGW_UNUSED dygw_db_t *db, dygw_app_t *app)
{
    apr_status_t rv;

    if (!enter(FAKE_APP_ADD, &rv)) {
        return rv;
    }
    app->id = app_count + 1;
    if (is_taken(app)) {
        return fake_store_leave(rv, APR_EGENERAL);
    }
    apps[app_count++] = kept(app);
    return fake_store_leave(rv, APR_SUCCESS);
}

apr_status_t dygw_store_app_put(DYGW_UNUSED dygw_db_t *db, const dygw_app_t *app)
{
    apr_status_t rv;

    if (!enter(FAKE_APP_PUT, &rv)) {
        return rv;
    }
    if (is_taken(app)) {
        return fake_store_leave(rv, APR_EGENERAL);
    }
    *app_of(app->id) = kept(app);
    return fake_store_leave(rv, APR_SUCCESS);
}

apr_status_t dygw_store_apps_end(DYGW_UNUSED dygw_db_t *db, apr_status_t result)
{
    apr_status_t rv = APR_SUCCESS;
    int is_done = result == APR_SUCCESS && enter(FAKE_APPS_END, &rv);

    if (is_done) {
        fake_store_leave(APR_SUCCESS, APR_SUCCESS);
    }
    else {
        memcpy(apps, apps_before, sizeof(apps));
        app_count = app_count_before;
        entry_count = entry_count_before;
        apps_version = apps_version_before;
    }
    return result == APR_SUCCESS ? rv : result;
}

apr_status_t dygw_store_audit_insert(DYGW_UNUSED dygw_db_t *db, const dygw_audit_entry_t *entry)
{
    dygw_audit_entry_t *to = &entries[entry_count++];
    apr_pool_t *p = fake_store_pool();

    *to = *entry;
    to->actor = apr_pstrdup(p, entry->actor);
    to->target = apr_pstrdup(p, entry->target);
    to->before_state = apr_pstrdup(p, entry->before_state);
    to->after_state = apr_pstrdup(p, entry->after_state);
    return APR_SUCCESS;
}

apr_status_t dygw_store_app_reseal(DYGW_UNUSED dygw_db_t *db, const dygw_app_reseal_t *secrets, int count, int *done)
{
    apr_status_t rv;
    int i;

    if (!enter(FAKE_APP_RESEAL, &rv)) {
        return rv;
    }
    for (i = 0, *done = 0; i < count; i++) {
        dygw_app_t *app = app_of(secrets[i].id);
        const char **sealed = secrets[i].is_old ? &app->old_secret_sealed : &app->secret_sealed;

        if (same(*sealed, secrets[i].from)) {
            *sealed = apr_pstrdup(fake_store_pool(), secrets[i].to);
            (*done)++;
        }
    }
    return fake_store_leave(rv, APR_SUCCESS);
}

apr_status_t dygw_store_app_used(DYGW_UNUSED dygw_db_t *db, apr_int64_t id, dygw_ms_t at)
{
    apr_status_t rv;

    if (!enter(FAKE_APP_USED, &rv)) {
        return rv;
    }
    if (app_of(id)) {
        app_of(id)->last_used_at = at;
    }
    return fake_store_leave(rv, APR_SUCCESS);
}

apr_status_t dygw_store_token_reseal(DYGW_UNUSED dygw_db_t *db, apr_int64_t version, const char *from, const char *to,
                                     int *done)
{
    dygw_token_row_t *row = fake_store_token();
    apr_status_t rv;

    if (!enter(FAKE_TOKEN_RESEAL, &rv)) {
        return rv;
    }
    *done = row->version == version && same(row->sealed, from);
    if (*done) {
        row->sealed = apr_pstrdup(fake_store_pool(), to);
    }
    return fake_store_leave(rv, APR_SUCCESS);
}

apr_status_t dygw_db_begin(DYGW_UNUSED dygw_db_t *db)
{
    fake_event("begin");
    return APR_SUCCESS;
}

apr_status_t dygw_db_commit(DYGW_UNUSED dygw_db_t *db)
{
    fake_event("commit");
    return APR_SUCCESS;
}
