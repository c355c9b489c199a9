/* SPDX-License-Identifier: Apache-2.0
 * Puts together what is declared. Sections first, then the files of stores, each of them as a
 * whole: what a file has is not the configuration's mistake, and must not keep httpd from
 * starting. */
#include "cfg/declare.h"

#include <string.h>

#include <apr_strings.h>

#include "cfg/secret.h"
#include "cfg/sections.h"
#include "util/log.h"
#include "util/text.h"

/* How many collisions of a file are told one by one. */
#define TOLD_MAX 10

/* From so many digits on, what is no declared store counts as a poi_id. */
#define POI_DIGITS 10

typedef struct declaring_t {
    const dygw_cfg_t *cfg;
    const dygw_written_t *written;
    dygw_declared_t *declared;
    const server_rec *log; /* the main server; virtual hosts have no log yet */
    apr_pool_t *pool;
    int mistakes;
} declaring_t;

/* --- collisions --- */

/* The store, if any, that has what must be this one's alone. *has: what that is. */
static const dygw_declared_store_t *rival_of(const dygw_declared_t *declared,
                                             const dygw_declared_store_t *store, const char **has)
{
    const dygw_declared_store_t *other = dygw_declared_store(declared, store->code);

    *has = "the code";
    if (!other) {
        other = dygw_declared_store_of_poi(declared, store->poi_id);
        *has = "the poi_id";
    }
    if (!other) {
        other = dygw_declared_store_of_poi(declared, store->code);
        *has = "as its code the poi_id";
    }
    if (!other) {
        other = dygw_declared_store(declared, store->poi_id);
        *has = "as its poi_id the code";
    }
    return other;
}

static void tell_rival(const declaring_t *declaring, const dygw_declared_store_t *store,
                       const dygw_declared_store_t *other, const char *has)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, declaring->log,
                 DYGWNO(0702) "store %s (%s) has %s of store %s (%s): give each store a code and a "
                              "poi_id that no other has",
                 store->code, store->place, has, other->code, other->place);
}

static void add_apps(declaring_t *declaring)
{
    for (int i = 0; i < declaring->written->apps->nelts; i++) {
        const dygw_declared_app_t *app
            = APR_ARRAY_IDX(declaring->written->apps, i, const dygw_declared_app_t *);
        const char *field;
        const dygw_declared_app_t *other = dygw_declared_add_app(declaring->declared, app, &field);

        if (other) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, declaring->log,
                         DYGWNO(0701) "<DygwApp %s> (%s) has the %s of <DygwApp %s> (%s): give "
                                      "each app its own",
                         app->code, app->place, field, other->code, other->place);
            declaring->mistakes++;
        }
    }
}

static void add_stores(declaring_t *declaring)
{
    for (int i = 0; i < declaring->written->stores->nelts; i++) {
        const dygw_declared_store_t *store
            = APR_ARRAY_IDX(declaring->written->stores, i, const dygw_declared_store_t *);
        const char *has;
        const dygw_declared_store_t *other = rival_of(declaring->declared, store, &has);

        if (other) {
            tell_rival(declaring, store, other, has);
            declaring->mistakes++;
        }
        else {
            dygw_declared_add_store(declaring->declared, store, &has);
        }
    }
}

/* --- files --- */

/* Adds those stores of a file that collide with no other one to `fit`. Returns how many do. */
static int find_fit(const declaring_t *declaring, const dygw_stores_file_t *file,
                    dygw_declared_t *fit)
{
    int collisions = 0;

    for (int i = 0; i < file->stores->nelts; i++) {
        const dygw_declared_store_t *store
            = APR_ARRAY_IDX(file->stores, i, const dygw_declared_store_t *);
        const char *has;
        const dygw_declared_store_t *other = rival_of(declaring->declared, store, &has);

        other = other ? other : rival_of(fit, store, &has);
        if (!other) {
            dygw_declared_add_store(fit, store, &has);
        }
        else if (collisions++ < TOLD_MAX && dygw_cfg_should_tell()) {
            tell_rival(declaring, store, other, has);
        }
    }
    return collisions;
}

static void tell_file(declaring_t *declaring, const dygw_stores_file_t *file, int collisions)
{
    if (dygw_cfg_is_test()) {
        declaring->mistakes++;
    }
    else {
        APR_ARRAY_PUSH(declaring->declared->left_out, dygw_left_out_t)
            = (dygw_left_out_t){ file->path, file->place, collisions };
    }
    if (dygw_cfg_should_tell()) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, declaring->log,
                     DYGWNO(0704) "DygwStores (%s): %s collides with other stores in %d places%s",
                     file->place, file->path, collisions,
                     dygw_cfg_is_test() ? ""
                                        : "; none of its stores is declared until Apache is "
                                          "reloaded with it");
    }
}

static void add_file(declaring_t *declaring, const dygw_stores_file_t *file)
{
    dygw_declared_t *fit = dygw_declared_create(declaring->pool);
    int collisions = find_fit(declaring, file, fit);

    if (collisions) {
        tell_file(declaring, file, collisions);
    }
    for (int i = 0; i < fit->stores->nelts && (!collisions || dygw_cfg_is_test()); i++) {
        const char *field;

        dygw_declared_add_store(declaring->declared,
                                APR_ARRAY_IDX(fit->stores, i, const dygw_declared_store_t *),
                                &field);
    }
}

/* --- the stores of apps --- */

static int is_store(const dygw_declared_t *declared, const char *entry)
{
    return dygw_declared_store(declared, entry) || dygw_declared_store_of_poi(declared, entry)
           || (strlen(entry) >= POI_DIGITS && entry[strspn(entry, "0123456789")] == '\0');
}

static void check_app_stores(declaring_t *declaring, const dygw_declared_app_t *app)
{
    for (int i = 0; app->stores && i < app->stores->nelts; i++) {
        const char *entry = APR_ARRAY_IDX(app->stores, i, const char *);

        if (!is_store(declaring->declared, entry)) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, declaring->log,
                         DYGWNO(0703) "<DygwApp %s> (%s): DygwAppStores names %s, and there is no "
                                      "such store: declare it with <DygwStore %s> or in a file of "
                                      "DygwStores (a poi_id that is not declared has %d digits at "
                                      "least)",
                         app->code, app->place, entry, entry, POI_DIGITS);
            declaring->mistakes++;
        }
    }
}

/* --- two servers --- */

static int has_same_stores(const apr_array_header_t *a, const apr_array_header_t *b)
{
    int i = 0;

    if (!a || !b || a->nelts != b->nelts) {
        return a == b;
    }
    while (i < a->nelts
           && strcmp(APR_ARRAY_IDX(a, i, const char *), APR_ARRAY_IDX(b, i, const char *)) == 0) {
        i++;
    }
    return i == a->nelts;
}

static int is_same_app(const dygw_declared_app_t *a, const dygw_declared_app_t *b)
{
    return b && strcmp(a->name, b->name) == 0 && strcmp(a->client_key, b->client_key) == 0
           && dygw_text_equal(a->secret, b->secret) && dygw_text_equal(a->old_secret, b->old_secret)
           && has_same_stores(a->stores, b->stores) && a->allow_token_read == b->allow_token_read
           && a->is_disabled == b->is_disabled && a->rate_per_second == b->rate_per_second
           && a->rate_burst == b->rate_burst;
}

static int is_same_store(const dygw_declared_store_t *a, const dygw_declared_store_t *b)
{
    return b && strcmp(a->poi_id, b->poi_id) == 0 && dygw_text_equal(a->account_id, b->account_id)
           && dygw_text_equal(a->name, b->name);
}

/* What one declares, and the other one does not, or otherwise. */
static const char *missing_of(const dygw_declared_t *one, const dygw_declared_t *other,
                              apr_pool_t *pool)
{
    for (int i = 0; one && i < one->apps->nelts; i++) {
        const dygw_declared_app_t *app = APR_ARRAY_IDX(one->apps, i, const dygw_declared_app_t *);

        if (!is_same_app(app, dygw_declared_app_of_code(other, app->code))) {
            return apr_psprintf(pool, "<DygwApp %s> (%s)", app->code, app->place);
        }
    }
    for (int i = 0; one && i < one->stores->nelts; i++) {
        const dygw_declared_store_t *store
            = APR_ARRAY_IDX(one->stores, i, const dygw_declared_store_t *);

        if (!is_same_store(store, dygw_declared_store(other, store->code))) {
            return apr_psprintf(pool, "store %s (%s)", store->code, store->place);
        }
    }
    return NULL;
}

const char *dygw_cfg_declared_apart(const dygw_declared_t *one, const dygw_declared_t *other,
                                    apr_pool_t *pool)
{
    const char *missing = one == other ? NULL : missing_of(one, other, pool);

    return missing || one == other ? missing : missing_of(other, one, pool);
}

/* --- all of it --- */

static void check_application(declaring_t *declaring, int has_application)
{
    if (!has_application) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, declaring->log,
                     DYGWNO(0700) "%s stands in %s, which has no application of its own: put it "
                                  "beside DygwClientKey",
                     declaring->written->first,
                     dygw_cfg_where(declaring->pool, declaring->cfg->server));
        declaring->mistakes++;
    }
}

int dygw_cfg_declare(const dygw_cfg_t *cfg, int has_application, const server_rec *main_server,
                     apr_pool_t *ptemp)
{
    declaring_t declaring = { .cfg = cfg,
                              .written = cfg->written,
                              .declared = cfg->declared,
                              .log = main_server,
                              .pool = ptemp };

    if (!cfg->written) {
        return 0;
    }
    check_application(&declaring, has_application);
    add_apps(&declaring);
    add_stores(&declaring);
    for (int i = 0; i < cfg->written->files->nelts; i++) {
        add_file(&declaring, &APR_ARRAY_IDX(cfg->written->files, i, dygw_stores_file_t));
    }
    /* Where a file is left out nobody knows what it has. */
    for (int i = 0; i < cfg->written->apps->nelts && cfg->declared->left_out->nelts == 0; i++) {
        check_app_stores(&declaring,
                         APR_ARRAY_IDX(cfg->written->apps, i, const dygw_declared_app_t *));
    }
    return declaring.mistakes;
}
