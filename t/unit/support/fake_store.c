/* SPDX-License-Identifier: Apache-2.0
 * The store in memory. Threads may call it at the same time, as they may call the database. */
#include "fake_store.h"

#include <pthread.h>
#include <string.h>

#include <apr_strings.h>

#include "fake_world.h"
#include "store/verification/columns.h"
#include "util/compiler.h"
#include "util/text.h"

#define ROWS_MAX 256

struct dygw_db_t {
    apr_pool_t *pool;
};

typedef struct fault_t {
    int skip, times;
    apr_status_t rv;
    int done, calls;
} fault_t;

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static apr_pool_t *store_pool;
static fault_t faults[FAKE_STEPS];
static dygw_verification_t rows[ROWS_MAX];
static int row_count;
static dygw_token_row_t token_row;
static dygw_ms_t claim_until;
static int resets;
static _Thread_local int open_units;

static const char *const step_words[FAKE_STEPS] = {
    "open",       "insert",    "settle", "get",          "items",      "find",    "update",     "due",      "rivals",
    "code",       "token_get", "claim",  "put",          "version",    "apps",    "app_insert", "app_get",  "app_list",
    "app_change", "reseal",    "used",   "token_reseal", "apps_begin", "app_add", "app_put",    "apps_end", "holders",
};

void fake_store_reset(apr_pool_t *pool)
{
    store_pool = pool;
    memset(faults, 0, sizeof(faults));
    row_count = 0;
    resets++;
    claim_until = 0;
    open_units = 0;
    memset(&token_row, 0, sizeof(token_row));
}

dygw_db_source_t *fake_store_source(void)
{
    static dygw_db_source_t source;

    return &source;
}

void fake_store_fail(fake_step_e step, int skip, int times, apr_status_t rv, int done)
{
    faults[step] = (fault_t){ skip, times, rv, done, faults[step].calls };
}

int fake_store_resets(void)
{
    return resets;
}

apr_pool_t *fake_store_pool(void)
{
    return store_pool;
}

int fake_store_calls(fake_step_e step)
{
    return faults[step].calls;
}

/* Counts the call; what it is to fail with, with *done telling whether it works all the same. */
static apr_status_t fault_of(fake_step_e step, int *done)
{
    fault_t *fault = &faults[step];

    fault->calls++;
    *done = 1;
    if (fault->skip > 0) {
        fault->skip--;
        return APR_SUCCESS;
    }
    if (fault->times > 0) {
        fault->times--;
        *done = fault->done;
        return fault->rv;
    }
    return APR_SUCCESS;
}

int fake_store_enter(fake_step_e step, apr_status_t *rv)
{
    int done;

    if (step != FAKE_OPEN) {
        assert_int_equal(open_units, 1);
    }
    pthread_mutex_lock(&guard);
    *rv = fault_of(step, &done);
    if (!done) {
        fake_event(apr_pstrcat(store_pool, step_words[step], "!", NULL));
        pthread_mutex_unlock(&guard);
        return 0;
    }
    fake_event(step_words[step]);
    return 1;
}

apr_status_t fake_store_leave(apr_status_t fault, apr_status_t rv)
{
    pthread_mutex_unlock(&guard);
    return fault != APR_SUCCESS ? fault : rv;
}

/* --- units of work --- */

apr_status_t dygw_db_open(dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source, DYGW_UNUSED const dygw_log_t *log,
                          apr_pool_t *pool)
{
    apr_status_t rv;

    if (!fake_store_enter(FAKE_OPEN, &rv)) {
        return rv;
    }
    assert_int_equal(open_units, 0);
    open_units++;
    *db = apr_palloc(pool, sizeof(**db));
    apr_pool_create(&(*db)->pool, pool);
    return fake_store_leave(APR_SUCCESS, APR_SUCCESS);
}

void dygw_db_close(dygw_db_t *db)
{
    open_units--;
    apr_pool_destroy(db->pool);
    fake_event("close");
}

apr_pool_t *dygw_db_pool(const dygw_db_t *db)
{
    return db->pool;
}

int fake_store_open_units(void)
{
    return open_units;
}

/* --- verifications --- */

void dygw_verification_init(dygw_verification_t *v)
{
    *v = (dygw_verification_t){ DYGW_VERIFICATION_ALL(DYGW_NO_VALUE, DYGW_NO_VALUE) };
    v->item_count = 1;
    v->sent_at = 0;
}

int fake_store_rows(void)
{
    return row_count;
}

dygw_verification_t *fake_store_row(int number)
{
    assert_true(number < row_count);
    return &rows[number];
}

int fake_store_expects(const char *verify_token, const char *const *codes, int count)
{
    int found = 0;
    int i;

    for (i = 0; i < row_count; i++) {
        const dygw_verification_t *v = &rows[i];

        found += dygw_text_same(v->verify_token, verify_token) && v->item_no < count
                 && dygw_text_same(v->encrypted_code, codes[v->item_no]) && v->verify_status == DYGW_PROCESSING;
    }
    return found == count;
}

static apr_status_t why_not(const dygw_verification_t *v)
{
    int i;

    for (i = 0; i < row_count; i++) {
        if (rows[i].id == v->id && rows[i].created_at == v->created_at
            && dygw_text_same(rows[i].request_id, v->request_id)) {
            return APR_SUCCESS;
        }
        if (dygw_text_same(rows[i].verify_token, v->verify_token)
            && dygw_text_same(rows[i].encrypted_code, v->encrypted_code) && rows[i].item_no == v->item_no) {
            return APR_EEXIST;
        }
        if (dygw_text_same(rows[i].request_key, v->request_key)) {
            return APR_EACCES;
        }
        if (rows[i].id == v->id) {
            return APR_EAGAIN;
        }
    }
    return APR_NOTFOUND;
}

static apr_status_t insert_all(const dygw_verification_t *const *fresh, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        apr_status_t rv = why_not(fresh[i]);

        if (rv != APR_NOTFOUND) {
            return rv;
        }
    }
    for (i = 0; i < count; i++) {
        rows[row_count++] = *fresh[i];
    }
    return APR_SUCCESS;
}

apr_status_t dygw_store_verification_insert(DYGW_UNUSED dygw_db_t *db, const dygw_verification_t *const *fresh,
                                            int count, DYGW_UNUSED const char *key, DYGW_UNUSED const char *owner)
{
    apr_status_t rv;

    fake_check_reasons(fresh, count);
    return fake_store_enter(FAKE_INSERT, &rv) ? fake_store_leave(rv, insert_all(fresh, count)) : rv;
}

static dygw_verification_t *row_of(apr_int64_t id)
{
    int i;

    for (i = 0; i < row_count; i++) {
        if (rows[i].id == id) {
            return &rows[i];
        }
    }
    return NULL;
}

static int owned_by_another(const dygw_verification_t *v)
{
    int i;

    for (i = 0; i < row_count; i++) {
        if (rows[i].id != v->id && dygw_text_same(rows[i].verify_id, v->verify_id)) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t settle_all(const dygw_verification_t *const *outcome, int count, int *clash)
{
    int i;

    for (i = 0; i < count; i++) {
        const dygw_verification_t *row = row_of(outcome[i]->id);

        if (!row || (row->verify_status != DYGW_PROCESSING && row->updated_at != outcome[i]->updated_at)) {
            return APR_NOTFOUND;
        }
        if (owned_by_another(outcome[i])) {
            *clash = i;
            return APR_EEXIST;
        }
    }
    for (i = 0; i < count; i++) {
        *row_of(outcome[i]->id) = *outcome[i];
    }
    return APR_SUCCESS;
}

apr_status_t dygw_store_verification_settle(DYGW_UNUSED dygw_db_t *db, const dygw_verification_t *const *outcome,
                                            int count, int *clash)
{
    apr_status_t rv;

    fake_check_reasons(outcome, count);
    return fake_store_enter(FAKE_SETTLE, &rv) ? fake_store_leave(rv, settle_all(outcome, count, clash)) : rv;
}

apr_status_t dygw_store_verification_get(DYGW_UNUSED dygw_db_t *db, apr_int64_t id, apr_int64_t app_id,
                                         dygw_verification_t **v, apr_pool_t *pool)
{
    const dygw_verification_t *row;
    apr_status_t rv;

    if (!fake_store_enter(FAKE_GET, &rv)) {
        return rv;
    }
    row = row_of(id);
    if (!row || (app_id != 0 && row->app_id != app_id)) {
        return fake_store_leave(rv, APR_NOTFOUND);
    }
    *v = apr_pmemdup(pool, row, sizeof(*row));
    return fake_store_leave(rv, APR_SUCCESS);
}

apr_status_t dygw_store_verification_items(DYGW_UNUSED dygw_db_t *db, apr_int64_t first_id, apr_array_header_t **items,
                                           apr_pool_t *pool)
{
    apr_status_t rv;
    int i;

    if (!fake_store_enter(FAKE_ITEMS, &rv)) {
        return rv;
    }
    *items = apr_array_make(pool, 1, sizeof(dygw_verification_t *));
    for (i = 0; i < row_count; i++) {
        if (rows[i].first_id == first_id) {
            APR_ARRAY_PUSH(*items, dygw_verification_t *) = apr_pmemdup(pool, &rows[i], sizeof(rows[i]));
        }
    }
    return fake_store_leave(rv, APR_SUCCESS);
}

apr_status_t dygw_store_verification_find(DYGW_UNUSED dygw_db_t *db, const char *verify_token,
                                          const char *encrypted_code, dygw_verification_t **v, apr_pool_t *pool)
{
    apr_status_t rv;
    int i;

    if (!fake_store_enter(FAKE_FIND, &rv)) {
        return rv;
    }
    for (i = 0; i < row_count; i++) {
        if (dygw_text_same(rows[i].verify_token, verify_token)
            && dygw_text_same(rows[i].encrypted_code, encrypted_code)) {
            *v = apr_pmemdup(pool, &rows[i], sizeof(rows[i]));
            return fake_store_leave(rv, APR_SUCCESS);
        }
    }
    return fake_store_leave(rv, APR_NOTFOUND);
}

/* --- for the background --- */

dygw_verification_t *fake_store_add_row(apr_int64_t id)
{
    dygw_verification_t *v = &rows[row_count++];

    assert_true(row_count <= ROWS_MAX);
    dygw_verification_init(v);
    v->id = v->first_id = id;
    v->created_at = v->updated_at = dygw_now();
    return v;
}

/* A lost answer leaves a row at the next revision that is as it was to be. */
static int may_update(const dygw_verification_t *v)
{
    const dygw_verification_t *row = row_of(v->id);

    return row
           && (row->revision == v->revision || (row->revision == v->revision + 1 && row->updated_at == v->updated_at));
}

/* What the rows point to lives with the caller's job, the table with the test. */
static const char *keep(const char *text)
{
    return text ? apr_pstrdup(store_pool, text) : NULL;
}

static void keep_texts(dygw_verification_t *v)
{
    const char **texts[] = {
        &v->error_description,
        &v->refused_description,
        &v->certificate_id,
        &v->encrypted_code,
        &v->origin_code,
        &v->product_id,
        &v->product_name,
        &v->sku_id,
        &v->sku_name,
        &v->verify_id,
        &v->order_id,
        &v->source_order_id,
        &v->ext_order_id,
        &v->douyin_response,
        &v->last_error,
        &v->verify_token,
        &v->poi_id,
        &v->app_name,
        &v->operator_name,
        &v->device,
        &v->request_id,
        &v->request_key,
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = keep(*texts[i]);
    }
}

static apr_status_t update_all(dygw_verification_t *const *changed, int count, int *clash)
{
    int i;

    for (i = 0; i < count; i++) {
        if (!may_update(changed[i])) {
            return APR_NOTFOUND;
        }
        if (owned_by_another(changed[i])) {
            *clash = i;
            return APR_EEXIST;
        }
    }
    for (i = 0; i < count; i++) {
        dygw_verification_t *row = row_of(changed[i]->id);
        apr_int64_t revision = changed[i]->revision + 1;

        *row = *changed[i];
        row->revision = revision;
        keep_texts(row);
    }
    return APR_SUCCESS;
}

apr_status_t dygw_store_verification_update(DYGW_UNUSED dygw_db_t *db, dygw_verification_t *const *changed, int count,
                                            int *clash)
{
    apr_status_t rv;
    int i;

    fake_check_reasons((const dygw_verification_t *const *)changed, count);
    if (!fake_store_enter(FAKE_UPDATE, &rv)) {
        return rv;
    }
    rv = fake_store_leave(rv, update_all(changed, count, clash));
    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        changed[i]->revision++;
    }
    return rv;
}

/* DYGW_NO_TIME when there is no such work. */
static dygw_ms_t due_at(const dygw_verification_t *v, dygw_due_e what)
{
    int is_sale = v->news == DYGW_NEWS_SALE && !(v->verify_status == DYGW_SUCCESS && v->cancel_since != DYGW_NO_TIME);

    switch (what) {
    case DYGW_DUE_SETTLE:
        return v->verify_status == DYGW_PROCESSING ? v->next_run_at : DYGW_NO_TIME;
    case DYGW_DUE_FOLLOW_UP:
    case DYGW_DUE_SALE:
        return v->verify_status != DYGW_PROCESSING && is_sale == (what == DYGW_DUE_SALE) ? v->errand_at : DYGW_NO_TIME;
    default:
        return v->verify_status == DYGW_SUCCESS && v->enrichment_status == DYGW_ENRICH_PENDING ? v->next_run_at
                                                                                               : DYGW_NO_TIME;
    }
}

/* The longest due row that is due after (at, id). */
static const dygw_verification_t *next_due(dygw_due_e what, dygw_ms_t now, dygw_ms_t at, apr_int64_t id)
{
    const dygw_verification_t *found = NULL;
    int i;

    for (i = 0; i < row_count; i++) {
        dygw_ms_t due = due_at(&rows[i], what);
        dygw_ms_t best = found ? due_at(found, what) : now + 1;

        if (due != DYGW_NO_TIME && (due > at || (due == at && rows[i].id > id))
            && (due < best || (found && due == best && rows[i].id < found->id))) {
            found = &rows[i];
        }
    }
    return found;
}

apr_status_t dygw_store_verification_due(DYGW_UNUSED dygw_db_t *db, dygw_due_e what, dygw_ms_t now, int limit,
                                         apr_array_header_t **due, apr_pool_t *pool)
{
    const dygw_verification_t *row;
    dygw_ms_t at = DYGW_NO_TIME;
    apr_int64_t id = 0;
    apr_status_t rv;

    if (!fake_store_enter(FAKE_DUE, &rv)) {
        return rv;
    }
    *due = apr_array_make(pool, 1, sizeof(dygw_due_row_t));
    while (limit-- > 0 && (row = next_due(what, now, at, id)) != NULL) {
        APR_ARRAY_PUSH(*due, dygw_due_row_t) = (dygw_due_row_t){
            row->id,
            row->first_id,
            row->item_count,
            row->lease_until,
        };
        at = due_at(row, what);
        id = row->id;
    }
    return fake_store_leave(rv, APR_SUCCESS);
}

apr_status_t dygw_store_verification_rivals(DYGW_UNUSED dygw_db_t *db, const char *certificate_id,
                                            const char *encrypted_code, apr_array_header_t **rivals, apr_pool_t *pool)
{
    apr_status_t rv;
    int i;

    if (!fake_store_enter(FAKE_RIVALS, &rv)) {
        return rv;
    }
    *rivals = apr_array_make(pool, 1, sizeof(dygw_rival_t));
    for (i = row_count - 1; i >= 0; i--) {
        const dygw_verification_t *v = &rows[i];

        if (dygw_text_same(v->certificate_id, certificate_id)
            || (!v->certificate_id && dygw_text_same(v->encrypted_code, encrypted_code))) {
            APR_ARRAY_PUSH(*rivals, dygw_rival_t) = (dygw_rival_t){
                v->id,         v->first_id,    v->verify_status,
                v->verify_id,  v->already,     v->cancel_since != DYGW_NO_TIME,
                v->created_at, v->verify_time, v->poi_id,
            };
        }
    }
    return fake_store_leave(rv, APR_SUCCESS);
}

/* --- the token --- */

void fake_store_set_token(const dygw_seal_t *seal, const char *text, apr_int64_t version, dygw_ms_t obtained_at,
                          dygw_ms_t expires_at)
{
    token_row = (dygw_token_row_t){ version, NULL, expires_at, obtained_at };
    if (text) {
        assert_int_equal(dygw_seal(seal, "access-token", text, store_pool, &token_row.sealed), APR_SUCCESS);
    }
}

dygw_token_row_t *fake_store_token(void)
{
    return &token_row;
}

void fake_store_claimed_until(dygw_ms_t until)
{
    claim_until = until;
}

apr_status_t dygw_store_token_get(DYGW_UNUSED dygw_db_t *db, dygw_token_row_t *row, apr_pool_t *pool)
{
    apr_status_t rv;

    if (!fake_store_enter(FAKE_TOKEN_GET, &rv)) {
        return rv;
    }
    *row = token_row;
    row->sealed = apr_pstrdup(pool, token_row.sealed);
    return fake_store_leave(rv, APR_SUCCESS);
}

static apr_status_t claim_token(apr_int64_t version, dygw_ms_t ttl_ms)
{
    if (version != token_row.version || claim_until > dygw_now()) {
        return version != token_row.version ? APR_EEXIST : APR_EBUSY;
    }
    claim_until = dygw_now() + ttl_ms;
    return APR_SUCCESS;
}

apr_status_t dygw_store_token_claim(DYGW_UNUSED dygw_db_t *db, apr_int64_t version, DYGW_UNUSED const char *owner,
                                    dygw_ms_t ttl_ms)
{
    apr_status_t rv;

    return fake_store_enter(FAKE_TOKEN_CLAIM, &rv) ? fake_store_leave(rv, claim_token(version, ttl_ms)) : rv;
}

apr_status_t dygw_store_token_put(DYGW_UNUSED dygw_db_t *db, apr_int64_t version, const char *sealed,
                                  dygw_ms_t obtained_at, dygw_ms_t expires_at)
{
    apr_status_t rv;

    if (!fake_store_enter(FAKE_TOKEN_PUT, &rv)) {
        return rv;
    }
    if (token_row.version != version) {
        return fake_store_leave(rv, APR_EEXIST);
    }
    /* The sealed text lives with the caller's thread, the row with the test. */
    token_row = (dygw_token_row_t){ version + 1, apr_pstrdup(store_pool, sealed), expires_at, obtained_at };
    claim_until = 0;
    return fake_store_leave(rv, APR_SUCCESS);
}
