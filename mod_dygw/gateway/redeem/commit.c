/* SPDX-License-Identifier: Apache-2.0
 * The two commits of a redeem request: its verifications before the verify, and the outcome
 * afterwards. A request of one coupon shares them with others that are at the same point
 * (gateway/share.h); what its own outcome is, if they do not go through for all, it finds out
 * alone. Refusals are few and larger, and requests of several coupons are batches already: they go
 * alone, too. */
#include <stdlib.h>

#include "gateway/db_work.h"
#include "gateway/host.h"
#include "gateway/record.h"
#include "gateway/redeem/redeem_state.h"
#include "gateway/share.h"
#include "store/verification/id.h"
#include "util/compiler.h"

#define ID_DRAWS    3
#define PATIENCE_MS 5000 /* for a database that went away during our commit */

/* The first verification of each of the requests. */
static const dygw_verification_t *const *commit_rows(void *const *batons, int count,
                                                     const dygw_verification_t **rows)
{
    int i;

    for (i = 0; i < count; i++) {
        const dygw_redeem_t *r = batons[i];

        rows[i] = r->out->verifications[0];
    }
    return rows;
}

/* --- the verifications --- */

static void commit_assign_ids(dygw_redeem_t *r)
{
    apr_int64_t first = dygw_host_next_ids(r->ctx->gateway, r->out->count);
    int i;

    for (i = 0; i < r->out->count; i++) {
        r->out->verifications[i]->id = first + i;
        r->out->verifications[i]->first_id = first;
        r->out->verifications[i]->created_at = dygw_id_time(first + i);
    }
}

static apr_status_t insert_alone(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_redeem_t *r = baton;
    const dygw_verification_t *const *rows
        = (const dygw_verification_t *const *)r->out->verifications;
    apr_status_t rv;
    int draw = 1;

    while ((rv = dygw_store_verification_insert(db, rows, r->out->count, r->request->key_hash,
                                                r->request->key_owner))
               == APR_EAGAIN
           && draw++ < ID_DRAWS) {
        commit_assign_ids(r);
        r->redrawn = 1;
    }
    if (rv == APR_INCOMPLETE) {
        r->in_doubt = 1;
    }
    else if (rv == APR_SUCCESS || rv == APR_EEXIST || rv == APR_EBUSY || rv == APR_EACCES) {
        r->in_doubt = 0;
    }
    if (rv == APR_SUCCESS) {
        dygw_redeem_look_again(r, db);
    }
    return rv;
}

static apr_status_t insert_together(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db,
                                    void *const *batons, int count)
{
    const dygw_verification_t *rows[DYGW_SHARE_MAX];

    return dygw_store_verification_insert(db, commit_rows(batons, count, rows), count, NULL, NULL);
}

static apr_status_t insert_look_again(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_redeem_look_again(baton, db);
    return APR_SUCCESS;
}

/* Only where the batch surely wrote nothing are the rows out of doubt: why another row was in its
 * way is that one's matter. */
static void insert_told(const dygw_ctx_t *ctx, void *baton, apr_status_t rv)
{
    dygw_redeem_t *r = baton;

    r->in_doubt = rv != APR_SUCCESS && rv != APR_TIMEUP && rv != APR_EGENERAL;
    if (rv == APR_SUCCESS && dygw_redeem_must_look_again(r)) {
        (void)dygw_db_work(ctx, insert_look_again, r, DYGW_DB_ONCE);
    }
}

static int insert_is_shared(const dygw_redeem_t *r)
{
    return r->out->count == 1 && !r->request->key_hash
           && r->out->verifications[0]->verify_status == DYGW_PROCESSING;
}

apr_status_t dygw_redeem_insert(dygw_redeem_t *r)
{
    static const apr_status_t ends[]
        = { APR_EEXIST, APR_EBUSY, APR_EACCES, APR_EAGAIN, APR_TIMEUP, APR_SUCCESS };
    static const dygw_db_rules_t rules = { ends, PATIENCE_MS };
    static const dygw_share_job_t job = { insert_alone, &rules, insert_together, insert_told };

    commit_assign_ids(r);
    return dygw_share_work(r->ctx, insert_is_shared(r) ? r->ctx->gateway->inserting : NULL, &job,
                           r);
}

/* --- the outcome --- */

/* Douyin answered with a redemption that another verification has: v becomes `failed`. */
static void fail_as_not_ours(dygw_redeem_t *r, dygw_verification_t *v)
{
    dygw_log(r->ctx->log, WARN, 0,
             DYGWNO(0410) "verification %" APR_INT64_T_FMT " was answered with the verify_id of "
                          "another record; it is recorded as failed",
             v->id);
    v->verify_id = NULL;
    v->confirmed_by = DYGW_BY_NOBODY;
    v->verify_time = v->cancelable_until = DYGW_NO_TIME;
    dygw_record_fail(v, DYGW_OUTCOME_NOT_OURS,
                     "that redemption is recorded as another verification");
}

static apr_status_t settle_alone(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_redeem_t *r = baton;
    const dygw_verification_t *const *rows
        = (const dygw_verification_t *const *)r->out->verifications;
    apr_status_t rv;
    int clash = 0;
    int left = r->out->count;

    while ((rv = dygw_store_verification_settle(db, rows, r->out->count, &clash)) == APR_EEXIST
           && left-- > 0) {
        fail_as_not_ours(r, r->out->verifications[clash]);
    }
    return rv;
}

/* By their ids, so that two hosts lock rows in one order. */
static int settle_compare(const void *a, const void *b)
{
    const dygw_verification_t *const *x = a;
    const dygw_verification_t *const *y = b;

    return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

static apr_status_t settle_together(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db,
                                    void *const *batons, int count)
{
    const dygw_verification_t *rows[DYGW_SHARE_MAX];
    int clash;

    commit_rows(batons, count, rows);
    qsort(rows, (size_t)count, sizeof(*rows), settle_compare);
    return dygw_store_verification_settle(db, rows, count, &clash);
}

static void settle_told(DYGW_UNUSED const dygw_ctx_t *ctx, DYGW_UNUSED void *baton,
                        DYGW_UNUSED apr_status_t rv)
{
}

apr_status_t dygw_redeem_settle(dygw_redeem_t *r)
{
    static const apr_status_t ends[] = { APR_NOTFOUND, APR_TIMEUP, APR_SUCCESS };
    static const dygw_db_rules_t rules = { .ends = ends };
    static const dygw_share_job_t job = { settle_alone, &rules, settle_together, settle_told };

    return dygw_share_work(r->ctx, r->out->count == 1 ? r->ctx->gateway->settling : NULL, &job, r);
}
