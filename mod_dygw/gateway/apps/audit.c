/* SPDX-License-Identifier: Apache-2.0
 * The entries of the audit trail. The entry about a change of an app has the fields that differ, as
 * /internal shows them, before and after. A secret is never in an entry: a new secret shows as the
 * time until which the old one is valid. */
#include "gateway/apps/audit.h"

#include <apr_strings.h>

#include "gateway/host.h"
#include "util/jsonw.h"
#include "util/text.h"

#define SIZE_HINT 256

void dygw_audit_fill(dygw_gateway_t *gateway, const dygw_actor_t *actor, dygw_audit_entry_t *entry)
{
    entry->id = dygw_host_next_ids(gateway, 1);
    entry->at = dygw_now();
    entry->actor = actor->name;
    entry->address = actor->address;
    entry->request_id = actor->request_id;
}

const char *const dygw_audit_actions[] = {
    "app.create",    "app.change", "app.token_access",       "app.secret", "app.declare",
    "app.undeclare", "token.read", "reconciliation.refresh", NULL,
};

/* --- apps --- */

/* The app before and after a change, as two JSON objects that are written side by side. */
typedef struct pair_t {
    dygw_jsonw_t before;
    dygw_jsonw_t after;
    int all; /* fields that do not differ are written, too */
    int differs;
} pair_t;

/* Returns whether a field is to be written, and notes whether it differs. */
static int pair_is_written(pair_t *pair, int is_same)
{
    pair->differs |= !is_same;
    return pair->all || !is_same;
}

static void pair_put_text(pair_t *pair, const char *key, const char *before, const char *after)
{
    if (pair_is_written(pair, dygw_text_equal(before, after))) {
        dygw_jsonw_string(&pair->before, key, before);
        dygw_jsonw_string(&pair->after, key, after);
    }
}

static void pair_put_bool(pair_t *pair, const char *key, int before, int after)
{
    if (pair_is_written(pair, !before == !after)) {
        dygw_jsonw_bool(&pair->before, key, before);
        dygw_jsonw_bool(&pair->after, key, after);
    }
}

static const char *list_as_json(const apr_array_header_t *list, apr_pool_t *pool)
{
    dygw_jsonw_t w;
    int i;

    if (!list) {
        return "null";
    }
    dygw_jsonw_init(&w, pool, SIZE_HINT);
    dygw_jsonw_array(&w, NULL);
    for (i = 0; i < list->nelts; i++) {
        dygw_jsonw_string(&w, NULL, APR_ARRAY_IDX(list, i, const char *));
    }
    dygw_jsonw_end_array(&w);
    return w.text;
}

static void pair_put_list(pair_t *pair, const char *key, const apr_array_header_t *before,
                          const apr_array_header_t *after)
{
    const char *old_text = list_as_json(before, pair->before.pool);
    const char *new_text = list_as_json(after, pair->after.pool);

    if (pair_is_written(pair, dygw_text_equal(old_text, new_text))) {
        dygw_jsonw_raw(&pair->before, key, old_text, strlen(old_text));
        dygw_jsonw_raw(&pair->after, key, new_text, strlen(new_text));
    }
}

/* Every sealing gives another text: a new secret differs even when it is the same as the old
 * one. */
static void pair_put_secret(pair_t *pair, const dygw_app_t *before, const dygw_app_t *after)
{
    if (!pair->all
        && pair_is_written(pair, dygw_text_equal(before->secret_sealed, after->secret_sealed))) {
        dygw_jsonw_time(&pair->before, "old_secret_until", before->old_secret_until);
        dygw_jsonw_time(&pair->after, "old_secret_until", after->old_secret_until);
    }
}

static void pair_put_fields(pair_t *pair, const dygw_app_t *before, const dygw_app_t *after)
{
    pair_put_text(pair, "name", before->name, after->name);
    pair_put_text(pair, "code", before->code, after->code);
    pair_put_text(pair, "description", before->description, after->description);
    pair_put_text(pair, "client_key", before->client_key, after->client_key);
    pair_put_text(pair, "status", dygw_app_status_word(before->status),
                  dygw_app_status_word(after->status));
    pair_put_bool(pair, "allow_token_read", before->allow_token_read, after->allow_token_read);
    pair_put_list(pair, "poi_ids", before->poi_ids, after->poi_ids);
    pair_put_text(pair, "source", dygw_app_source_word(before->source),
                  dygw_app_source_word(after->source));
    pair_put_secret(pair, before, after);
}

int dygw_audit_fill_app(const dygw_ctx_t *ctx, const dygw_actor_t *actor, const char *action,
                        const dygw_app_t *before, const dygw_app_t *after,
                        dygw_audit_entry_t *entry)
{
    static const dygw_app_t nothing;
    pair_t pair = { .all = before == NULL, .differs = before == NULL };

    dygw_jsonw_init(&pair.before, ctx->pool, SIZE_HINT);
    dygw_jsonw_init(&pair.after, ctx->pool, SIZE_HINT);
    dygw_jsonw_object(&pair.before, NULL);
    dygw_jsonw_object(&pair.after, NULL);
    pair_put_fields(&pair, before ? before : &nothing, after);
    dygw_jsonw_end_object(&pair.before);
    dygw_jsonw_end_object(&pair.after);
    dygw_audit_fill(ctx->gateway, actor, entry);
    entry->action = action;
    entry->target = apr_psprintf(ctx->pool, "app:%" APR_INT64_T_FMT, after->id);
    entry->before_state = before ? pair.before.text : NULL;
    entry->after_state = pair.after.text;
    return pair.differs;
}
