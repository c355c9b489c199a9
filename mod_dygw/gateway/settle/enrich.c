/* SPDX-License-Identifier: Apache-2.0
 * The job that enriches `success` rows with their order, and with the coupon as it looks after the
 * redemption.
 *
 * One run is one attempt: it asks for the order of each row, then for each coupon whose order was
 * found. If all was learned, the rows are filled in and done. If not, the attempt is counted and
 * made again after a pause, until the time for it is over; then the rows are filled in with what
 * there is.
 *
 * A `success` without verify_id gets its verify_id here, and its coupon is asked for even if the
 * order is not found: without a verify_id nobody can cancel the redemption, and other verifications
 * may take it for their own. */
#include <string.h>

#include "gateway/account.h"
#include "gateway/db_work.h"
#include "gateway/record.h"
#include "gateway/settle/amounts.h"
#include "gateway/settle/attribution.h"
#include "gateway/settle/sale.h"
#include "gateway/settle/settle.h"
#include "util/text.h"

#define US_PER_MS        1000
#define EXT_ORDER_ID_MAX 64 /* characters, the most that the table keeps */

/* What the attempt learned of one row. */
typedef struct learned_t {
    int wanted;   /* the row is to be enriched */
    int nameless; /* it is `success` and has no verify_id */
    int clashed;  /* the verify_id that was learned is another
                   * verification's */
    int asked_order;
    int asked_coupon;
    const dygw_order_reply_t *order;    /* NULL: not asked for, or not found */
    const dygw_coupons_reply_t *answer; /* the answer to get; NULL likewise */
    const dygw_seen_coupon_t *coupon;   /* the coupon in this answer; NULL likewise */
    const char *error;                  /* why the attempt comes to nothing; NULL: it does not */
} learned_t;

static learned_t *learned_of(const dygw_job_t *job)
{
    return job->state;
}

/* Returns the order that was paid. A coupon that was given away belongs to two orders, and the
 * first was paid. */
static const char *paid_order_of(const dygw_verification_t *v)
{
    return v->source_order_id ? v->source_order_id : v->order_id;
}

/* --- filling in --- */

static void replace_text(const char **member, const char *news)
{
    *member = news ? news : *member;
}

static void replace_time(dygw_ms_t *member, dygw_ms_t news)
{
    *member = news != DYGW_NO_TIME ? news : *member;
}

static void fill_text(const char **member, const char *news)
{
    *member = *member ? *member : news;
}

static void fill_from_order(dygw_verification_t *v, const dygw_order_reply_t *order,
                            apr_pool_t *pool)
{
    if (order->order_status >= 0) {
        v->order_status = order->order_status;
    }
    replace_time(&v->create_order_time, order->create_order_time);
    replace_time(&v->pay_time, order->pay_time);
    replace_text(&v->product_id, order->product_id);
    replace_text(&v->product_name, order->product_name);
    replace_text(&v->sku_id, order->sku_id);
    replace_text(&v->sku_name, order->sku_name);
    fill_text(&v->source_order_id, order->order_id);
    if (order->ext_order_id && dygw_characters(order->ext_order_id) <= EXT_ORDER_ID_MAX) {
        fill_text(&v->ext_order_id, order->ext_order_id);
    }
    dygw_record_replace_response(v, "order", &order->reply, pool);
}

/* Douyin may end the time in which it accepts a cancel earlier than our clock does. */
static void shorten_cancelable(dygw_verification_t *v, const dygw_seen_coupon_t *coupon)
{
    dygw_ms_t now = dygw_now();
    int i;

    for (i = 0; i < coupon->verifies->nelts; i++) {
        const dygw_seen_verify_t *seen = &APR_ARRAY_IDX(coupon->verifies, i, dygw_seen_verify_t);

        if (dygw_text_same(seen->verify_id, v->verify_id) && seen->can_cancel == 0
            && v->cancelable_until > now) {
            v->cancelable_until = now;
        }
    }
}

static void fill_from_coupon(dygw_verification_t *v, const dygw_seen_coupon_t *coupon)
{
    const dygw_certificate_t *certificate = &coupon->certificate;

    dygw_record_look(v, coupon);
    dygw_sale_note_coupon(v, coupon);
    fill_text(&v->product_id, certificate->product_id);
    fill_text(&v->product_name, certificate->sku_name);
    fill_text(&v->sku_id, certificate->sku_id);
    fill_text(&v->sku_name, certificate->sku_name);
    if (v->expire_time == DYGW_NO_TIME) {
        v->expire_time = certificate->expire_time;
    }
    shorten_cancelable(v, coupon);
}

static void enrich_fill(dygw_verification_t *v, const learned_t *learned, apr_pool_t *pool)
{
    if (learned->order) {
        fill_from_order(v, learned->order, pool);
    }
    if (learned->coupon) {
        fill_from_coupon(v, learned->coupon);
        dygw_record_replace_response(v, "get", &learned->answer->reply, pool);
    }
    dygw_amounts_fill(v, learned->order, learned->coupon);
}

/* --- the end of an attempt --- */

static void enrich_end_success(dygw_verification_t *v, const learned_t *learned, apr_pool_t *pool)
{
    enrich_fill(v, learned, pool);
    v->enrichment_status = DYGW_ENRICH_SUCCESS;
    v->next_run_at = DYGW_NO_TIME;
    v->last_error = NULL;
}

static void enrich_end_failed(dygw_verification_t *v, const dygw_job_t *job,
                              const learned_t *learned)
{
    enrich_fill(v, learned, job->ctx.pool);
    v->enrichment_status = DYGW_ENRICH_FAILED;
    v->next_run_at = DYGW_NO_TIME;
    dygw_log(job->ctx.log, WARN, 0,
             DYGWNO(0440) "verification %" APR_INT64_T_FMT ": its order could not be had in all "
                          "the time there was, and is given up: %s",
             v->id, v->last_error);
}

static void enrich_end_last(dygw_verification_t *v, const dygw_job_t *job, const learned_t *learned)
{
    if (learned->error) {
        enrich_end_failed(v, job, learned);
        return;
    }
    enrich_end_success(v, learned, job->ctx.pool);
    dygw_log(job->ctx.log, WARN, 0,
             DYGWNO(0447) "verification %" APR_INT64_T_FMT ": Douyin did not say which of the "
                          "coupon's verifications it is, and it cannot be cancelled here",
             v->id);
}

/* Counts the attempt and sets when the next is due. The last attempt is made at the end of the
 * time, not before. */
static void enrich_put_off(dygw_verification_t *v, const dygw_job_t *job, const learned_t *learned)
{
    const dygw_gateway_t *gateway = job->ctx.gateway;
    dygw_ms_t now = dygw_now();
    int tries = (int)v->enrichment_retry_count;
    dygw_ms_t ends_at;

    if (v->enrich_since <= 0) {
        v->enrich_since = now;
    }
    ends_at = v->enrich_since + gateway->enrich_give_up / US_PER_MS;
    v->enrichment_retry_count++;
    v->last_error
        = learned->error ? learned->error : "certificate/get: the redemption is not shown yet";
    if (now >= ends_at && dygw_sure_now() >= ends_at) {
        enrich_end_last(v, job, learned);
        return;
    }
    v->next_run_at = now
                     + dygw_job_pause(tries, gateway->enrich_first / US_PER_MS,
                                      gateway->enrich_max / US_PER_MS);
    if (v->next_run_at > ends_at && ends_at > now) {
        v->next_run_at = ends_at;
    }
}

static void enrich_apply(const dygw_job_t *job, int *changed)
{
    int i;

    for (i = 0; i < job->count; i++) {
        const learned_t *learned = &learned_of(job)[i];
        dygw_verification_t *v = job->rows[i];

        changed[i] = learned->wanted;
        if (!learned->wanted) {
            continue;
        }
        if (!learned->error && (!learned->nameless || v->verify_id)) {
            enrich_end_success(v, learned, job->ctx.pool);
            continue;
        }
        if (!learned->error) {
            enrich_fill(v, learned, job->ctx.pool);
        }
        enrich_put_off(v, job, learned);
    }
}

static apr_status_t learn_verify_ids_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_job_t *job = baton;
    int i;

    for (i = 0; i < job->count; i++) {
        const learned_t *learned = &learned_of(job)[i];

        if (learned->nameless && learned->coupon && !learned->clashed) {
            apr_status_t rv = dygw_attribution_learn(db, job->rows[i], learned->coupon, ctx->pool);

            if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
                return rv;
            }
        }
    }
    return APR_SUCCESS;
}

/* Sets the verify_ids of rows that have none. 0: the database does not tell. */
static int learn_verify_ids(dygw_job_t *job)
{
    int needed = 0;
    int i;

    for (i = 0; i < job->count; i++) {
        needed |= learned_of(job)[i].nameless && learned_of(job)[i].coupon;
    }
    return !needed
           || dygw_db_work(&job->ctx, learn_verify_ids_with, job, DYGW_DB_ONCE) == APR_SUCCESS;
}

/* Fills in and writes the rows. If a verify_id turns out to be another verification's, it is not
 * set. */
static void enrich_write(dygw_job_t *job)
{
    const apr_size_t room = (apr_size_t)job->count;
    int *changed = apr_pcalloc(job->ctx.pool, room * sizeof(*changed));
    dygw_verification_t *kept = apr_palloc(job->ctx.pool, room * sizeof(*kept));
    int clash = -1;
    int i;

    for (i = 0; i < job->count; i++) {
        kept[i] = *job->rows[i];
    }
    while (learn_verify_ids(job)) {
        enrich_apply(job, changed);
        if (dygw_job_write(job, changed, &clash) || clash < 0) {
            break;
        }
        for (i = 0; i < job->count; i++) {
            *job->rows[i] = kept[i];
        }
        learned_of(job)[clash].clashed = 1;
    }
}

/* --- asking --- */

/* Douyin may not know an order yet that was just paid. */
static void enrich_take_order(learned_t *learned, const dygw_order_reply_t *order, apr_pool_t *pool)
{
    learned->asked_order = 1;
    if (order->reply.kind == DYGW_REPLY_OK && order->found) {
        learned->order = order;
    }
    else if (order->reply.kind == DYGW_REPLY_OK) {
        learned->error = "order/query: Douyin does not know the order";
    }
    else {
        learned->error = dygw_record_trouble(DYGW_QUESTION_ORDER, &order->reply, pool);
    }
}

static void enrich_take_coupon(learned_t *learned, const dygw_coupons_reply_t *answer,
                               apr_pool_t *pool)
{
    learned->asked_coupon = 1;
    if (answer->reply.kind != DYGW_REPLY_OK) {
        learned->error = dygw_record_trouble(DYGW_QUESTION_GET, &answer->reply, pool);
    }
    else if (answer->coupons->nelts == 0) {
        learned->error = "certificate/get: no coupon in the answer";
    }
    else {
        learned->answer = answer;
        learned->coupon = &APR_ARRAY_IDX(answer->coupons, 0, dygw_seen_coupon_t);
    }
}

static const dygw_question_t *order_question(dygw_job_t *job, const dygw_verification_t *v)
{
    job->question = (dygw_question_t){
        .what = DYGW_QUESTION_ORDER,
        .account_id = dygw_account_of(job->ctx.gateway, v),
        .order_id = paid_order_of(v),
    };
    return &job->question;
}

static const dygw_question_t *coupon_question(dygw_job_t *job, const dygw_verification_t *v)
{
    job->question = (dygw_question_t){
        .what = DYGW_QUESTION_GET,
        .account_id = dygw_account_of(job->ctx.gateway, v),
        .encrypted_code = v->encrypted_code,
    };
    return &job->question;
}

static const dygw_question_t *enrich_next_question(dygw_job_t *job)
{
    int i;

    for (i = 0; i < job->count; i++) {
        const learned_t *learned = &learned_of(job)[i];

        if (learned->wanted && !learned->asked_order && paid_order_of(job->rows[i])) {
            return order_question(job, job->rows[i]);
        }
    }
    for (i = 0; i < job->count; i++) {
        const learned_t *learned = &learned_of(job)[i];

        if (learned->wanted && (!learned->error || learned->nameless) && !learned->asked_coupon
            && job->rows[i]->encrypted_code) {
            return coupon_question(job, job->rows[i]);
        }
    }
    enrich_write(job);
    return NULL;
}

static const dygw_question_t *enrich_answered(dygw_job_t *job, dygw_answer_t answer)
{
    int i;

    for (i = 0; i < job->count; i++) {
        learned_t *learned = &learned_of(job)[i];

        if (job->question.what == DYGW_QUESTION_ORDER
            && dygw_text_same(paid_order_of(job->rows[i]), job->question.order_id)) {
            enrich_take_order(learned, answer.order, job->ctx.pool);
        }
        else if (job->question.what == DYGW_QUESTION_GET
                 && dygw_text_same(job->rows[i]->encrypted_code, job->question.encrypted_code)) {
            enrich_take_coupon(learned, answer.coupons, job->ctx.pool);
        }
    }
    return enrich_next_question(job);
}

/* Returns why Douyin cannot be asked about the row; NULL: it can. */
static const char *enrich_obstacle(const dygw_job_t *job, const dygw_verification_t *v)
{
    if (!dygw_account_of(job->ctx.gateway, v)) {
        return "its store has no account: neither DygwStoreAccount nor DygwAccountId is set";
    }
    return paid_order_of(v) || v->encrypted_code ? NULL : "neither its order nor its code is known";
}

static const dygw_question_t *enrich_begin(dygw_job_t *job)
{
    learned_t *learned = apr_pcalloc(job->ctx.pool, (apr_size_t)job->count * sizeof(*learned));
    int i;

    job->state = learned;
    for (i = 0; i < job->count; i++) {
        const dygw_verification_t *v = job->rows[i];

        learned[i].wanted
            = v->verify_status == DYGW_SUCCESS && v->enrichment_status == DYGW_ENRICH_PENDING;
        learned[i].nameless = learned[i].wanted && !v->verify_id && v->encrypted_code;
        if (learned[i].wanted) {
            learned[i].error = enrich_obstacle(job, v);
            learned[i].asked_order = learned[i].error != NULL;
        }
    }
    return enrich_next_question(job);
}

const dygw_job_kind_t dygw_enrich_job = {
    "enrich",
    DYGW_DUE_ENRICH,
    enrich_begin,
    enrich_answered,
};
