/* SPDX-License-Identifier: Apache-2.0
 * Writes the findings about stores: one for each that was named, one for each declared store that
 * is wrong, one for all declared stores together, and one for each file of stores that is left
 * out. */
#include <string.h>

#include "gateway/diagnosis/probes.h"

/* How many of the declared stores turned out how. */
typedef struct tally_t {
    int right;
    int wrong;
    int unasked;
    dygw_why_e why_unasked; /* of the first one */
} tally_t;

static int is_list_whole(const dygw_probed_store_t *store)
{
    return store->account && dygw_probes_is_list_whole(store->account);
}

/* A question without an account may be refused as malformed: then what the list of the account
 * shows counts. */
static dygw_conclusion_t conclude_alone(const dygw_probed_store_t *store)
{
    const dygw_probe_t *alone = store->alone;
    dygw_conclusion_t conclusion = dygw_conclude_probe(alone);

    if (conclusion.why == DYGW_WHY_NOT_UNDERSTOOD && is_list_whole(store)) {
        return (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_UNKNOWN_STORE };
    }
    if (conclusion.state != DYGW_PASS) {
        return conclusion;
    }
    return alone->reply->kind == DYGW_REPLY_OK
               ? (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_UNKNOWN_STORE }
               : (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_REFUSED };
}

/* A store that was looked for in a list, and for which no question of its own was sent. */
static dygw_conclusion_t conclude_listed(const dygw_probed_store_t *store)
{
    dygw_conclusion_t conclusion;

    if (!store->account) {
        return (dygw_conclusion_t){ DYGW_SKIPPED, DYGW_WHY_LEFT_OUT };
    }
    if (is_list_whole(store)) {
        return (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_UNKNOWN_STORE };
    }
    conclusion = dygw_conclude_probe(&store->account->scopes[DYGW_PROBE_STORES]);
    return conclusion.state != DYGW_PASS
               ? conclusion
               : (dygw_conclusion_t){ DYGW_SKIPPED, store->account->why_not };
}

static dygw_conclusion_t conclude_store(const dygw_probed_store_t *store)
{
    if (store->is_found) {
        return store->account_id && store->owner && strcmp(store->account_id, store->owner) != 0
                   ? (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_OTHER_ACCOUNT }
                   : (dygw_conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    }
    return store->alone ? conclude_alone(store) : conclude_listed(store);
}

/* Whether the conclusion is about the store, and not about all stores of a list that could not be
 * read. */
static int is_of_store(const dygw_probed_store_t *store, dygw_conclusion_t conclusion)
{
    return conclusion.state == DYGW_PASS
           || (conclusion.state == DYGW_FAIL
               && (store->is_found || store->alone || is_list_whole(store)));
}

static const dygw_reply_t *reply_about(const dygw_probed_store_t *store)
{
    if (store->alone) {
        return store->alone->reply;
    }
    return store->account ? store->account->scopes[DYGW_PROBE_STORES].reply : NULL;
}

static void write_store_finding(const dygw_probes_t *probes, dygw_check_e check,
                                const dygw_probed_store_t *store, dygw_conclusion_t conclusion)
{
    dygw_jsonw_t *w = &probes->d->findings->w;

    dygw_finding(probes->d->findings, check, conclusion.state, conclusion.why);
    if (store->declared) {
        dygw_jsonw_string(w, "store", store->declared->code);
    }
    dygw_jsonw_string(w, "poi_id", store->poi_id);
    if (store->is_found && store->owner) {
        dygw_jsonw_string(w, "account_id", store->owner);
    }
    if (conclusion.state != DYGW_PASS) {
        if (store->account_id) {
            dygw_jsonw_string(w, "expected_account_id", store->account_id);
        }
        if (store->declared) {
            dygw_jsonw_string(w, "declared_in", store->declared->place);
        }
        dygw_findings_words(probes->d->findings, reply_about(store));
    }
    dygw_finding_end(probes->d->findings);
}

static void note_declared(const dygw_probes_t *probes, const dygw_probed_store_t *store,
                          dygw_conclusion_t conclusion, tally_t *tally)
{
    if (!is_of_store(store, conclusion)) {
        if (tally->unasked++ == 0) {
            tally->why_unasked = conclusion.why;
        }
        return;
    }
    if (conclusion.state == DYGW_PASS) {
        tally->right++;
        return;
    }
    if (tally->wrong++ < DYGW_DIAGNOSIS_SHOWN && !store->is_named) {
        write_store_finding(probes, DYGW_CHECK_DECLARED_STORE, store, conclusion);
    }
}

/* That some are wrong is said by a finding of each. */
static dygw_conclusion_t conclude_all(const tally_t *tally)
{
    if (tally->wrong > DYGW_DIAGNOSIS_SHOWN) {
        return (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_MORE };
    }
    if (tally->unasked > 0) {
        return (dygw_conclusion_t){ tally->why_unasked == DYGW_WHY_LEFT_OUT ? DYGW_WARN
                                                                            : DYGW_SKIPPED,
                                    tally->why_unasked };
    }
    return (dygw_conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
}

static void write_summary(const dygw_probes_t *probes, const tally_t *tally)
{
    dygw_jsonw_t *w = &probes->d->findings->w;
    dygw_conclusion_t conclusion = conclude_all(tally);

    dygw_finding(probes->d->findings, DYGW_CHECK_DECLARED_STORES, conclusion.state, conclusion.why);
    dygw_jsonw_int(w, "stores", tally->right + tally->wrong + tally->unasked);
    dygw_jsonw_int(w, "right", tally->right);
    dygw_jsonw_int(w, "wrong", tally->wrong);
    dygw_jsonw_int(w, "unasked", tally->unasked);
    if (conclusion.why == DYGW_WHY_MORE) {
        dygw_jsonw_int(w, "more", tally->wrong - DYGW_DIAGNOSIS_SHOWN);
    }
    dygw_finding_end(probes->d->findings);
}

static void write_left_out(const dygw_probes_t *probes)
{
    const dygw_declared_t *declared = probes->d->ctx->gateway->declared;
    dygw_jsonw_t *w = &probes->d->findings->w;
    int i;

    for (i = 0; i < dygw_declared_left_out(declared); i++) {
        const dygw_left_out_t *file = &APR_ARRAY_IDX(declared->left_out, i, dygw_left_out_t);

        dygw_finding(probes->d->findings, DYGW_CHECK_DECLARED_FILE, DYGW_FAIL,
                     file->collisions > 0 ? DYGW_WHY_CONFLICT : DYGW_WHY_UNREADABLE);
        dygw_jsonw_string(w, "file", file->path);
        dygw_jsonw_string(w, "declared_in", file->place);
        if (file->collisions > 0) {
            dygw_jsonw_int(w, "wrong", file->collisions);
        }
        dygw_finding_end(probes->d->findings);
    }
}

void dygw_probes_write_stores(const dygw_probes_t *probes)
{
    tally_t tally = { 0 };
    int i;

    for (i = 0; i < probes->stores->nelts; i++) {
        const dygw_probed_store_t *store
            = APR_ARRAY_IDX(probes->stores, i, const dygw_probed_store_t *);
        dygw_conclusion_t conclusion = conclude_store(store);

        if (store->is_named) {
            write_store_finding(probes, DYGW_CHECK_STORE, store, conclusion);
        }
        if (store->declared) {
            note_declared(probes, store, conclusion, &tally);
        }
    }
    if (tally.right + tally.wrong + tally.unasked > 0) {
        write_summary(probes, &tally);
    }
    write_left_out(probes);
}
