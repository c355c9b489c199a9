/* SPDX-License-Identifier: Apache-2.0
 * The apps that httpd.conf declares, and their rows. See declare.h.
 *
 * All rows are read twice where something is to be written: the second time within the transaction
 * that keeps all other hosts from changing apps, so that what is written fits what is there,
 * however many hosts do it at once. */
#include "gateway/apps/declare.h"

#include <apr_network_io.h>
#include <apr_strings.h>

#include "gateway/db_work.h"
#include "gateway/host.h"
#include "gateway/apps/audit.h"
#include "gateway/apps/declarations.h"
#include "util/text.h"

#define ACTION    "app.declare"
#define HOST_LEN  "64"
#define PLACE_LEN 512 /* characters of the column declared_in */

/* --- how rows and declared apps belong together --- */

/* What the table has for one declared app. */
typedef struct found_t {
    dygw_declared_trouble_t trouble;
    const dygw_app_t *of_code; /* the row with its code; NULL: none */
    const dygw_app_t *of_key;  /* the row with its client_key */
    const dygw_app_t *own;
    const dygw_app_t *leaves; /* a row that has this one's client_key as yet, and leaves it: another
                               * declared app's own, or one that nobody is served by; NULL: none */
} found_t;

struct dygw_declared_rows_t {
    const dygw_declared_t *declared;
    apr_pool_t *pool;
    apr_hash_t *by_key; /* client_key, as it is declared -> found_t */
    found_t *all;
    int count;
};

dygw_declared_rows_t *dygw_declared_rows_create(const dygw_declared_t *declared, apr_pool_t *pool)
{
    dygw_declared_rows_t *rows = apr_pcalloc(pool, sizeof(*rows));
    int i;

    rows->declared = declared;
    rows->pool = pool;
    rows->by_key = apr_hash_make(pool);
    rows->count = declared ? declared->apps->nelts : 0;
    rows->all = apr_pcalloc(pool, sizeof(*rows->all) * (apr_size_t)rows->count);
    for (i = 0; i < rows->count; i++) {
        const dygw_declared_app_t *app
            = APR_ARRAY_IDX(declared->apps, i, const dygw_declared_app_t *);

        rows->all[i].trouble.app = app;
        apr_hash_set(rows->by_key, app->client_key, APR_HASH_KEY_STRING, &rows->all[i]);
    }
    return rows;
}

static found_t *found_of(const dygw_declared_rows_t *rows, const dygw_declared_app_t *app)
{
    return app ? apr_hash_get(rows->by_key, app->client_key, APR_HASH_KEY_STRING) : NULL;
}

static const dygw_declared_app_t *app_of_code(const dygw_declared_t *declared,
                                              const dygw_app_t *row)
{
    return row->code ? dygw_declared_app_of_code(declared, row->code) : NULL;
}

static dygw_app_t *copy_row(const dygw_app_t *from, apr_pool_t *pool)
{
    dygw_app_t *to = apr_pmemdup(pool, from, sizeof(*to));

    to->name = apr_pstrdup(pool, from->name);
    to->code = apr_pstrdup(pool, from->code);
    to->description = apr_pstrdup(pool, from->description);
    to->client_key = apr_pstrdup(pool, from->client_key);
    to->secret_sealed = apr_pstrdup(pool, from->secret_sealed);
    to->old_secret_sealed = apr_pstrdup(pool, from->old_secret_sealed);
    to->poi_ids = dygw_texts_copy(from->poi_ids, pool);
    to->declared_in = apr_pstrdup(pool, from->declared_in);
    return to;
}

void dygw_declared_rows_see(dygw_declared_rows_t *rows, const dygw_app_t *app)
{
    found_t *of_code = found_of(rows, app_of_code(rows->declared, app));
    found_t *of_key = found_of(rows, dygw_declared_app(rows->declared, app->client_key));
    const dygw_app_t *copy = of_code || of_key ? copy_row(app, rows->pool) : NULL;

    if (of_code) {
        of_code->of_code = copy;
    }
    if (of_key) {
        of_key->of_key = copy;
    }
}

static void find_own(const dygw_declared_t *declared, found_t *found)
{
    const dygw_app_t *of_code = found->of_code;
    const dygw_app_t *of_key = found->of_key;

    if (of_code && (of_code == of_key || of_code->source == DYGW_APP_OF_CONFIG)) {
        found->own = of_code;
    }
    else if (of_key && of_key->source == DYGW_APP_OF_CONFIG && !app_of_code(declared, of_key)) {
        found->own = of_key;
    }
    found->trouble.id = found->own ? found->own->id : 0;
}

static void set_conflict(found_t *found, const char *field, const dygw_app_t *other)
{
    found->trouble.state = DYGW_DECLARED_CONFLICT;
    found->trouble.field = field;
    found->trouble.other_id = other->id;
    found->trouble.other = dygw_app_label(other);
}

/* Whether a row can do without its client_key: its app is declared, and gets another one; or no
 * host that does not declare it can serve it. */
static int may_leave(const dygw_declared_t *declared, const dygw_app_t *row)
{
    return row->source == DYGW_APP_OF_CONFIG
           && (app_of_code(declared, row) || !dygw_app_has_secret(row));
}

static void find_trouble(const dygw_declared_t *declared, found_t *found)
{
    const dygw_app_t *of_key = found->of_key;

    found->trouble.state = found->trouble.app->secret ? DYGW_DECLARED_SERVED : DYGW_DECLARED_UNREAD;
    if (found->of_code && found->of_code != found->own) {
        set_conflict(found, "code", found->of_code);
    }
    else if (of_key && of_key != found->own) {
        if (may_leave(declared, of_key)) {
            found->leaves = of_key;
        }
        else {
            set_conflict(found, "client_key", of_key);
        }
    }
}

/* A row that would leave a client_key to another app stays when its own app is in conflict. Returns
 * whether anything was found. */
static int stay_in_conflict(dygw_declared_rows_t *rows)
{
    int any = 0;
    int i;

    for (i = 0; i < rows->count; i++) {
        found_t *found = &rows->all[i];
        const found_t *other
            = found->leaves ? found_of(rows, app_of_code(rows->declared, found->leaves)) : NULL;

        if (other && found->trouble.state != DYGW_DECLARED_CONFLICT
            && other->trouble.state == DYGW_DECLARED_CONFLICT) {
            set_conflict(found, "client_key", found->leaves);
            any = 1;
        }
    }
    return any;
}

/* After the last row. */
static void match_rows(dygw_declared_rows_t *rows)
{
    int i;

    for (i = 0; i < rows->count; i++) {
        find_own(rows->declared, &rows->all[i]);
        find_trouble(rows->declared, &rows->all[i]);
    }
    while (stay_in_conflict(rows)) {}
}

void dygw_declared_rows_each(dygw_declared_rows_t *rows, dygw_declared_row_fn *each, void *baton)
{
    int i;

    match_rows(rows);
    for (i = 0; i < rows->count; i++) {
        each(baton, &rows->all[i].trouble, rows->all[i].own);
    }
}

const dygw_declared_app_t *dygw_declared_of_row(const dygw_declared_t *declared,
                                                const dygw_app_t *app)
{
    const dygw_declared_app_t *of_code = app_of_code(declared, app);
    const dygw_declared_app_t *of_key = dygw_declared_app(declared, app->client_key);

    if (app->source == DYGW_APP_OF_CONFIG) {
        return of_code ? of_code : of_key;
    }
    return of_code == of_key ? of_code : NULL;
}

int dygw_declared_signs_for(const dygw_declared_t *declared, const dygw_app_t *app)
{
    return app->source == DYGW_APP_OF_CONFIG
           && (!dygw_app_has_secret(app) || dygw_declared_of_row(declared, app));
}

static void see_row(void *rows, const dygw_app_t *app)
{
    dygw_declared_rows_see(rows, app);
}

static apr_status_t read_rows(const dygw_ctx_t *ctx, dygw_db_t *db, dygw_declared_rows_t **rows)
{
    apr_int64_t version;
    apr_status_t rv;

    *rows = dygw_declared_rows_create(ctx->gateway->declared, dygw_db_pool(db));
    rv = dygw_store_app_each(db, &version, see_row, *rows);
    match_rows(*rows);
    return rv;
}

/* --- what is wrong --- */

apr_status_t dygw_declared_each_trouble(const dygw_ctx_t *ctx, dygw_db_t *db,
                                        dygw_declared_trouble_fn *each, void *baton)
{
    dygw_declared_rows_t *rows;
    apr_status_t rv = read_rows(ctx, db, &rows);
    int i;

    for (i = 0; rv == APR_SUCCESS && i < rows->count; i++) {
        each(baton, &rows->all[i].trouble);
    }
    return rv;
}

static void tell_conflicts(const dygw_ctx_t *ctx, const dygw_declared_rows_t *rows)
{
    int i;

    for (i = 0; i < rows->count; i++) {
        const dygw_declared_trouble_t *t = &rows->all[i].trouble;

        if (t->state == DYGW_DECLARED_CONFLICT) {
            dygw_log_rarely(ctx->log, ERR, t->app->client_key, 0,
                            DYGWNO(0720) "<DygwApp %s> (%s) is not served: another app, %s (id "
                                         "%" APR_INT64_T_FMT "), has its %s, and goes on as it is; "
                                         "give the section another one, or both the code and the "
                                         "client_key of that app, which it then takes over",
                            t->app->code, t->app->place, t->other, t->other_id, t->field);
        }
    }
}

static void count_conflict(void *count, const dygw_declared_trouble_t *trouble)
{
    *(int *)count += trouble->state == DYGW_DECLARED_CONFLICT;
}

static apr_status_t count_conflicts(const dygw_ctx_t *ctx, dygw_db_t *db, void *count)
{
    *(int *)count = 0;
    return dygw_declared_each_trouble(ctx, db, count_conflict, count);
}

void dygw_declared_look(const dygw_ctx_t *ctx, apr_int64_t *looked_at, apr_int64_t apps_version)
{
    const dygw_declared_t *declared = ctx->gateway->declared;
    int count = 0;

    if (apps_version == *looked_at || !dygw_host_is_latest(ctx->gateway)) {
        return;
    }
    if (declared && declared->apps->nelts > 0
        && dygw_db_work(ctx, count_conflicts, &count, DYGW_DB_ONCE) != APR_SUCCESS) {
        return;
    }
    *looked_at = apps_version;
    dygw_gauge(ctx->gateway->metrics, DYGW_GAUGE_CONFLICTS, count);
}

/* --- writing the rows --- */

typedef struct written_t {
    int made;
    int taken_over;
    int refreshed;
} written_t;

typedef struct declaring_t {
    const dygw_ctx_t *ctx;
    dygw_db_t *db;
    dygw_actor_t actor;
    int units;                  /* that were tried */
    int is_row_bad;             /* the last transaction failed at a row */
    dygw_declared_rows_t *rows; /* as they were read last */
    written_t written;
} declaring_t;

/* An app of the database is not taken over without its secret: the section may be taken away again,
 * and other hosts may serve the app. */
static int is_to_be_left(const found_t *found)
{
    return found->trouble.state == DYGW_DECLARED_UNREAD && found->own
           && found->own->source != DYGW_APP_OF_CONFIG;
}

static int is_to_write(const found_t *found)
{
    const dygw_declared_app_t *app = found->trouble.app;
    const dygw_app_t *row = found->own;

    if (found->trouble.state == DYGW_DECLARED_CONFLICT || is_to_be_left(found)) {
        return 0;
    }
    return !row || row->source != DYGW_APP_OF_CONFIG || strcmp(row->name, app->name) != 0
           || !dygw_text_same(row->code, app->code) || strcmp(row->client_key, app->client_key) != 0
           || (row->status == DYGW_APP_DISABLED) != !!app->is_disabled
           || !row->allow_token_read != !app->allow_token_read
           || !dygw_texts_equal(row->poi_ids, app->stores);
}

static int is_any_to_write(const dygw_declared_rows_t *rows)
{
    int i = 0;

    while (i < rows->count && !is_to_write(&rows->all[i])) {
        i++;
    }
    return i < rows->count;
}

/* A secret is sealed for its client_key: with another one nobody could open it. */
static void forget_secrets(dygw_app_t *row)
{
    row->secret_sealed = "";
    row->old_secret_sealed = NULL;
    row->old_secret_until = DYGW_NO_TIME;
}

/* The row as it is to be. A row that is taken over keeps its secret for hosts that do not declare
 * the app yet; the background erases it later. */
static dygw_app_t *wanted_row(const found_t *found, apr_pool_t *pool)
{
    const dygw_declared_app_t *app = found->trouble.app;
    dygw_app_t *row = found->own ? apr_pmemdup(pool, found->own, sizeof(*row))
                                 : apr_pcalloc(pool, sizeof(*row));

    if (!found->own) {
        row->last_used_at = DYGW_NO_TIME;
        row->created_at = dygw_now();
    }
    if (!found->own || strcmp(row->client_key, app->client_key) != 0) {
        forget_secrets(row);
    }
    row->code = app->code;
    row->name = app->name;
    row->client_key = app->client_key;
    row->status = app->is_disabled ? DYGW_APP_DISABLED : DYGW_APP_ACTIVE;
    row->allow_token_read = app->allow_token_read;
    row->poi_ids = app->stores;
    row->source = DYGW_APP_OF_CONFIG;
    row->declared_in = dygw_text_clip(app->place, PLACE_LEN, pool);
    row->updated_at = dygw_now();
    return row;
}

static void count_written(declaring_t *d, const dygw_app_t *before)
{
    if (!before) {
        d->written.made++;
    }
    else if (before->source == DYGW_APP_OF_CONFIG) {
        d->written.refreshed++;
    }
    else {
        d->written.taken_over++;
    }
}

static apr_status_t write_row(declaring_t *d, const found_t *found)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(d->ctx, dygw_db_pool(d->db));
    dygw_app_t *row = wanted_row(found, ctx.pool);
    dygw_audit_entry_t entry = { 0 };
    apr_status_t rv = found->own ? dygw_store_app_put(d->db, row) : dygw_store_app_add(d->db, row);

    if (rv == APR_SUCCESS) {
        dygw_audit_fill_app(&ctx, &d->actor, ACTION, found->own, row, &entry);
        rv = dygw_store_audit_insert(d->db, &entry);
    }
    count_written(d, found->own);
    return rv;
}

/* The row of a declared app gets its new client_key, and its entry, afterwards. */
static apr_status_t give_up_key(declaring_t *d, const dygw_declared_t *declared,
                                const dygw_app_t *row)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(d->ctx, dygw_db_pool(d->db));
    dygw_app_t leaving = *row;
    dygw_audit_entry_t entry = { 0 };
    apr_status_t rv;

    leaving.client_key = apr_psprintf(ctx.pool, "given-up-by-%" APR_INT64_T_FMT, row->id);
    leaving.updated_at = dygw_now();
    rv = dygw_store_app_put(d->db, &leaving);
    if (rv == APR_SUCCESS && !app_of_code(declared, row)) {
        dygw_audit_fill_app(&ctx, &d->actor, ACTION, row, &leaving, &entry);
        rv = dygw_store_audit_insert(d->db, &entry);
    }
    return rv;
}

/* Apps that exchange their client_keys: those that another one gets are given up first. */
static apr_status_t give_up_keys(declaring_t *d, const dygw_declared_rows_t *rows, int from, int to)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = from; i < to && rv == APR_SUCCESS; i++) {
        if (rows->all[i].leaves && rows->all[i].trouble.state != DYGW_DECLARED_CONFLICT) {
            rv = give_up_key(d, rows->declared, rows->all[i].leaves);
        }
    }
    return rv;
}

static apr_status_t write_those(declaring_t *d, const dygw_declared_rows_t *rows, int from, int to)
{
    apr_status_t rv = give_up_keys(d, rows, from, to);
    int i;

    for (i = from; rv == APR_SUCCESS && i < to; i++) {
        if (is_to_write(&rows->all[i])) {
            rv = write_row(d, &rows->all[i]);
        }
    }
    d->is_row_bad = rv != APR_SUCCESS;
    return rv;
}

/* Those of the apps from..to - 1, in one transaction. */
static apr_status_t write_rows(declaring_t *d, int from, int to)
{
    const written_t before = d->written;
    apr_status_t rv = dygw_store_apps_begin(d->db);

    d->is_row_bad = 0;
    if (rv == APR_SUCCESS) {
        rv = read_rows(d->ctx, d->db, &d->rows);
    }
    if (rv == APR_SUCCESS) {
        rv = write_those(d, d->rows, from, to);
    }
    rv = dygw_store_apps_end(d->db, rv);
    d->written = rv == APR_SUCCESS ? d->written : before;
    return rv;
}

/* Whether the database refuses a row, and has not gone away. */
static int is_row_refused(const declaring_t *d)
{
    apr_int64_t version;

    return d->is_row_bad && dygw_store_app_version(d->db, &version) == APR_SUCCESS;
}

/* One row that cannot be written must not hold the others up: halves are written by themselves,
 * down to the one that it is. Returns the first error. */
static apr_status_t write_halves(declaring_t *d, const dygw_declared_rows_t *rows, int from, int to)
{
    apr_status_t rv = write_rows(d, from, to), rest;
    int middle = from + (to - from) / 2;

    if (rv == APR_SUCCESS || !is_row_refused(d)) {
        return rv;
    }
    if (to - from == 1) {
        const dygw_declared_app_t *app = rows->all[from].trouble.app;

        dygw_log_rarely(d->ctx->log, ERR, app->client_key, rv,
                        DYGWNO(0743) "the row of <DygwApp %s> (%s) cannot be written, and the app "
                                     "gets 503 for what has to be recorded; the log has the "
                                     "database's reason",
                        app->code, app->place);
        return rv;
    }
    rv = write_halves(d, rows, from, middle);
    rest = write_halves(d, rows, middle, to);
    return rv != APR_SUCCESS ? rv : rest;
}

static apr_status_t declare_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    declaring_t *d = baton;
    dygw_declared_rows_t *rows;
    apr_status_t rv = read_rows(ctx, db, &rows);

    d->db = db;
    d->rows = rows;
    d->units++;
    if (rv == APR_SUCCESS && is_any_to_write(rows)) {
        rv = dygw_declarations_store(ctx, db);
        if (rv == APR_SUCCESS) {
            rv = d->units == 1 ? write_rows(d, 0, rows->count)
                               : write_halves(d, rows, 0, rows->count);
        }
    }
    if (rv == APR_SUCCESS) {
        tell_conflicts(ctx, d->rows);
    }
    return rv;
}

const char *dygw_declare_actor(apr_pool_t *pool)
{
    char host[APRMAXHOSTLEN + 1] = "host";

    apr_gethostname(host, sizeof(host), pool);
    return apr_psprintf(pool, "config:%." HOST_LEN "s", host);
}

apr_status_t dygw_declare_apps(const dygw_ctx_t *ctx)
{
    static const apr_status_t ends[] = { APR_SUCCESS };
    const dygw_db_rules_t rules = { ends, 0 };
    declaring_t d = { .ctx = ctx };
    const written_t *w = &d.written;
    apr_status_t rv;

    if (!ctx->gateway->declared || ctx->gateway->declared->apps->nelts == 0) {
        return APR_SUCCESS;
    }
    d.actor.name = dygw_declare_actor(ctx->pool);
    rv = dygw_db_work(ctx, declare_with, &d, &rules);
    if (w->made + w->refreshed + w->taken_over > 0) {
        dygw_host_apps_changed(ctx->gateway);
        dygw_log(ctx->log, NOTICE, 0,
                 DYGWNO(0721) "apps declared in httpd.conf: %d are new in the database, %d were "
                              "taken over from /internal, %d had changed",
                 w->made, w->taken_over, w->refreshed);
    }
    return rv;
}
