/* SPDX-License-Identifier: Apache-2.0
 * What this host declares of its apps, as other hosts can compare it; and in what they differ.
 *
 * A fingerprint is keyed by the master key, so that the database tells nobody whether two apps have
 * the same secret, or whether a secret was guessed right. */
#include "gateway/apps/declarations.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "util/jsonw.h"
#include "util/text.h"

#define PURPOSE   "dygw declarations"
#define UNREAD    "-unread" /* behind a fingerprint; the column has room for it */
#define SIZE_HINT 512
#define NAMED     8 /* apps that are named for each host */

/* --- what this host declares --- */

static void write_stores(dygw_jsonw_t *w, const apr_array_header_t *stores)
{
    int i;

    if (!stores) {
        dygw_jsonw_null(w, NULL);
        return;
    }
    dygw_jsonw_array(w, NULL);
    for (i = 0; i < stores->nelts; i++) {
        dygw_jsonw_string(w, NULL, APR_ARRAY_IDX(stores, i, const char *));
    }
    dygw_jsonw_end_array(w);
}

/* All that is declared of it but for the place. */
static void write_declared(dygw_jsonw_t *w, const dygw_declared_app_t *app)
{
    dygw_jsonw_array(w, NULL);
    dygw_jsonw_string(w, NULL, app->code);
    dygw_jsonw_string(w, NULL, app->name);
    dygw_jsonw_string(w, NULL, app->client_key);
    dygw_jsonw_string(w, NULL, app->secret);
    dygw_jsonw_string(w, NULL, app->old_secret);
    write_stores(w, app->stores);
    dygw_jsonw_bool(w, NULL, app->allow_token_read);
    dygw_jsonw_bool(w, NULL, app->is_disabled);
    dygw_jsonw_int(w, NULL, app->rate_per_second);
    dygw_jsonw_int(w, NULL, app->rate_burst);
    dygw_jsonw_end_array(w);
}

/* The fingerprint of what was written, which is wiped: there may be secrets in it. */
static const char *fingerprint_of(const dygw_ctx_t *ctx, dygw_jsonw_t *w)
{
    char *out = apr_palloc(ctx->pool, DYGW_FINGERPRINT_LEN + 1);
    apr_status_t rv = dygw_seal_fingerprint(ctx->gateway->seal, PURPOSE, w->text, w->len, out);

    dygw_wipe(w->text, w->len);
    if (rv != APR_SUCCESS) {
        dygw_log_rarely(ctx->log, ERR, NULL, rv,
                        DYGWNO(0735) "OpenSSL gives no HMAC-SHA256: what this host declares cannot "
                                     "be compared with other hosts");
        return NULL;
    }
    return out;
}

static int by_client_key(const void *a, const void *b)
{
    return strcmp(((const dygw_declaration_t *)a)->client_key,
                  ((const dygw_declaration_t *)b)->client_key);
}

apr_array_header_t *dygw_declarations_own(const dygw_ctx_t *ctx)
{
    const dygw_declared_t *declared = ctx->gateway->declared;
    int count = declared ? declared->apps->nelts : 0;
    apr_array_header_t *own
        = apr_array_make(ctx->pool, count ? count : 1, sizeof(dygw_declaration_t));
    int i;

    for (i = 0; i < count; i++) {
        const dygw_declared_app_t *app
            = APR_ARRAY_IDX(declared->apps, i, const dygw_declared_app_t *);
        dygw_declaration_t d
            = { .client_key = app->client_key, .code = app->code, .declared_in = app->place };
        dygw_jsonw_t w;

        dygw_jsonw_init(&w, ctx->pool, SIZE_HINT);
        write_declared(&w, app);
        d.fingerprint = fingerprint_of(ctx, &w);
        if (!d.fingerprint) {
            return NULL;
        }
        if (!app->secret) {
            d.fingerprint = apr_pstrcat(ctx->pool, d.fingerprint, UNREAD, NULL);
        }
        APR_ARRAY_PUSH(own, dygw_declaration_t) = d;
    }
    qsort(own->elts, (size_t)own->nelts, sizeof(dygw_declaration_t), by_client_key);
    return own;
}

int dygw_declaration_is_unread(const dygw_declaration_t *d)
{
    size_t len = strlen(d->fingerprint);

    return len >= strlen(UNREAD) && strcmp(d->fingerprint + len - strlen(UNREAD), UNREAD) == 0;
}

const char *dygw_declarations_digest(const dygw_ctx_t *ctx, const apr_array_header_t *own)
{
    dygw_jsonw_t w;
    int i;

    dygw_jsonw_init(&w, ctx->pool, SIZE_HINT);
    dygw_jsonw_array(&w, NULL);
    for (i = 0; i < own->nelts; i++) {
        const dygw_declaration_t *d = &APR_ARRAY_IDX(own, i, dygw_declaration_t);

        dygw_jsonw_string(&w, NULL, d->fingerprint);
    }
    dygw_jsonw_end_array(&w);
    return fingerprint_of(ctx, &w);
}

apr_status_t dygw_declarations_store(const dygw_ctx_t *ctx, dygw_db_t *db)
{
    const apr_array_header_t *own = dygw_declarations_own(ctx);
    const char *digest = own ? dygw_declarations_digest(ctx, own) : NULL;
    const dygw_host_row_t *row;
    apr_array_header_t *hosts;
    apr_status_t rv = digest ? dygw_store_hosts(db, &hosts, ctx->pool) : APR_EGENERAL;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    row = dygw_host_row(hosts, ctx->gateway->host_id);
    if (row && row->is_live && dygw_text_same(row->digest, digest)) {
        return APR_SUCCESS;
    }
    return dygw_store_host_declares(db, ctx->gateway->host_id, digest, own);
}

/* --- in what hosts differ --- */

typedef struct comparing_t {
    apr_pool_t *pool;
    apr_hash_t *own;    /* code -> dygw_declaration_t */
    apr_hash_t *differ; /* the codes that differ on any host */
} comparing_t;

static apr_hash_t *by_code(const apr_array_header_t *declarations, const char *host,
                           apr_pool_t *pool)
{
    apr_hash_t *found = apr_hash_make(pool);
    int i;

    for (i = 0; i < declarations->nelts; i++) {
        const dygw_declaration_t *d = &APR_ARRAY_IDX(declarations, i, dygw_declaration_t);

        if (!host || dygw_text_same(d->host, host)) {
            apr_hash_set(found, d->code, APR_HASH_KEY_STRING, d);
        }
    }
    return found;
}

static int is_same(const dygw_declaration_t *a, const dygw_declaration_t *b)
{
    return strcmp(a->client_key, b->client_key) == 0
           && (!dygw_fingerprints_comparable(a->fingerprint, b->fingerprint)
               || strcmp(a->fingerprint, b->fingerprint) == 0);
}

static void add_difference(const comparing_t *c, dygw_difference_t *difference, const char *code,
                           const char *how)
{
    if (difference->count < NAMED) {
        difference->names = apr_psprintf(c->pool, "%s%s%s (%s)", difference->names,
                                         difference->count ? ", " : "", code, how);
    }
    else if (difference->count == NAMED) {
        difference->names = apr_pstrcat(c->pool, difference->names, ", and others", NULL);
    }
    difference->count++;
    apr_hash_set(c->differ, code, APR_HASH_KEY_STRING, code);
}

static dygw_difference_t compare_host(const comparing_t *c, const char *host,
                                      const apr_array_header_t *own,
                                      const apr_array_header_t *found)
{
    dygw_difference_t difference = { host, 0, "" };
    apr_hash_t *theirs = by_code(found, host, c->pool);
    int i;

    for (i = 0; i < own->nelts; i++) {
        const dygw_declaration_t *d = &APR_ARRAY_IDX(own, i, dygw_declaration_t);
        const dygw_declaration_t *other = apr_hash_get(theirs, d->code, APR_HASH_KEY_STRING);

        if (!other) {
            add_difference(c, &difference, d->code, "only here");
        }
        else if (!is_same(d, other)) {
            add_difference(c, &difference, d->code, "differs");
        }
    }
    for (i = 0; i < found->nelts; i++) {
        const dygw_declaration_t *d = &APR_ARRAY_IDX(found, i, dygw_declaration_t);

        if (dygw_text_same(d->host, host) && !apr_hash_get(c->own, d->code, APR_HASH_KEY_STRING)) {
            add_difference(c, &difference, d->code, "only there");
        }
    }
    return difference;
}

apr_array_header_t *dygw_declarations_compare(const dygw_ctx_t *ctx, const apr_array_header_t *own,
                                              const apr_array_header_t *hosts,
                                              const apr_array_header_t *found, int *apps)
{
    const comparing_t c = { ctx->pool, by_code(own, NULL, ctx->pool), apr_hash_make(ctx->pool) };
    apr_array_header_t *differences = apr_array_make(ctx->pool, 4, sizeof(dygw_difference_t));
    int i;

    for (i = 0; i < hosts->nelts; i++) {
        const dygw_host_row_t *row = &APR_ARRAY_IDX(hosts, i, dygw_host_row_t);
        dygw_difference_t difference;

        if (!row->is_live || !row->digest || strcmp(row->host, ctx->gateway->host_id) == 0) {
            continue;
        }
        difference = compare_host(&c, row->host, own, found);
        if (difference.count > 0) {
            APR_ARRAY_PUSH(differences, dygw_difference_t) = difference;
        }
    }
    *apps = (int)apr_hash_count(c.differ);
    return differences;
}

apr_status_t dygw_declarations_differ(const dygw_ctx_t *ctx, dygw_db_t *db,
                                      apr_array_header_t **differences)
{
    apr_array_header_t *own = dygw_declarations_own(ctx);
    apr_array_header_t *hosts, *found;
    apr_status_t rv = own ? dygw_store_hosts(db, &hosts, ctx->pool) : APR_EGENERAL;
    int apps;

    if (rv == APR_SUCCESS) {
        rv = dygw_store_declarations(db, &found, ctx->pool);
    }
    if (rv == APR_SUCCESS) {
        *differences = dygw_declarations_compare(ctx, own, hosts, found, &apps);
    }
    return rv;
}
