/* SPDX-License-Identifier: Apache-2.0
 * One job from its rows to its end.
 *
 *   ask      the job's question is sent; order queries wait in a queue for their place in the rate.
 *   answer   goes to the job, which gives the next question, or is at its end.
 *   rest     a job that could not write its rows stays for a second, so that they are not fetched
 *            again at once, and Douyin asked again and again. */
#include "gateway/background/running.h"

#include "gateway/ask.h"

#define RATE_MS             1050        /* a second, and what the way may bunch: Douyin counts
                                         * arrivals */

dygw_jobs_class_e dygw_jobs_class_of(dygw_due_e due)
{
    return due == DYGW_DUE_ENRICH ? DYGW_JOBS_ENRICH : DYGW_JOBS_URGENT;
}

/* --- lists --- */

void dygw_running_append(dygw_running_list_t *list, dygw_running_t *r)
{
    r->next = NULL;
    if (list->last) {
        list->last->next = r;
    }
    else {
        list->first = r;
    }
    list->last = r;
    list->count++;
}

dygw_running_t *dygw_running_take_first(dygw_running_list_t *list)
{
    dygw_running_t *r = list->first;

    list->first = r->next;
    if (!list->first) {
        list->last = NULL;
    }
    list->count--;
    return r;
}

/* --- the life of a job --- */

static dygw_running_t *empty_job(dygw_jobs_t *jobs, const dygw_job_kind_t *kind,
                                 const dygw_due_row_t *row)
{
    apr_pool_t *pool;
    dygw_running_t *r;

    apr_pool_create(&pool, jobs->ctx.pool);
    apr_pool_tag(pool, "dygw_job");
    r = apr_pcalloc(pool, sizeof(*r));
    r->key = (dygw_job_key_t){ row->first_id, kind->due };
    r->job = (dygw_job_t){ .kind = kind, .ctx = { jobs->ctx.gateway, &r->log, pool } };
    return r;
}

static apr_status_t read_rows(dygw_running_t *r, dygw_db_t *db, const dygw_due_row_t *row)
{
    apr_array_header_t *items;
    apr_status_t rv;

    if (row->item_count > 1) {
        rv = dygw_store_verification_items(db, row->first_id, &items, r->job.ctx.pool);
        if (rv == APR_SUCCESS) {
            r->job.rows = (dygw_verification_t **)items->elts;
            r->job.count = items->nelts;
        }
    }
    else {
        r->job.rows = apr_pcalloc(r->job.ctx.pool, sizeof(*r->job.rows));
        r->job.count = 1;
        rv = dygw_store_verification_get(db, row->id, 0, r->job.rows, r->job.ctx.pool);
    }
    return rv == APR_SUCCESS && r->job.count == 0 ? APR_NOTFOUND : rv;
}

static void job_add(dygw_jobs_t *jobs, dygw_running_t *r)
{
    r->log = (dygw_log_t){ jobs->ctx.log->where, r->job.rows[0]->request_id };
    apr_hash_set(jobs->running, &r->key, sizeof(r->key), r);
    jobs->busy[dygw_jobs_class_of(r->job.kind->due)]++;
    r->rows = r->job.count;
    jobs->rows[r->job.kind->due] += r->rows;
}

apr_status_t dygw_running_new(dygw_running_t **r, dygw_jobs_t *jobs, dygw_db_t *db,
                              const dygw_job_kind_t *kind, const dygw_due_row_t *row)
{
    dygw_running_t *made = empty_job(jobs, kind, row);
    apr_status_t rv = read_rows(made, db, row);

    if (rv != APR_SUCCESS) {
        apr_pool_destroy(made->job.ctx.pool);
        return rv;
    }
    job_add(jobs, made);
    *r = made;
    return APR_SUCCESS;
}

static void job_end(dygw_jobs_t *jobs, dygw_running_t *r)
{
    apr_hash_set(jobs->running, &r->key, sizeof(r->key), NULL);
    jobs->busy[dygw_jobs_class_of(r->job.kind->due)]--;
    jobs->rows[r->job.kind->due] -= r->rows;
    apr_pool_destroy(r->job.ctx.pool);
}

static void job_done(dygw_jobs_t *jobs, dygw_running_t *r)
{
    if (r->job.written) {
        job_end(jobs, r);
        return;
    }
    r->rests_until = dygw_now() + DYGW_JOB_REST_MS;
    dygw_running_append(&jobs->resting, r);
}

void dygw_jobs_end_rests(dygw_jobs_t *jobs)
{
    while (jobs->resting.first
           && dygw_left_until(jobs->resting.first->rests_until, DYGW_JOB_REST_MS) == 0) {
        job_end(jobs, dygw_running_take_first(&jobs->resting));
    }
}

/* --- asking --- */

dygw_ms_t dygw_jobs_order_distance(const dygw_jobs_t *jobs)
{
    int rate = jobs->ctx.gateway->order_rate;

    return rate > 0 ? RATE_MS / rate : 0;
}

/* What a job hears while there is no token: certainly nothing was sent. */
static dygw_answer_t not_asked(const dygw_running_t *r)
{
    static const dygw_reply_t reply = {
        .kind = DYGW_REPLY_UNREACHABLE, .description = "", .logid = ""
    };
    apr_pool_t *pool = r->job.ctx.pool;
    dygw_coupons_reply_t *coupons;
    dygw_order_reply_t *order;
    dygw_verify_reply_t *verified;

    switch (r->question->what) {
    case DYGW_QUESTION_GET:
    case DYGW_QUESTION_QUERY:
        coupons = apr_pcalloc(pool, sizeof(*coupons));
        coupons->reply = reply;
        coupons->coupons = apr_array_make(pool, 0, sizeof(dygw_seen_coupon_t));
        return (dygw_answer_t){ .coupons = coupons };
    case DYGW_QUESTION_ORDER:
        order = apr_pcalloc(pool, sizeof(*order));
        order->reply = reply;
        order->coupons = apr_array_make(pool, 0, sizeof(dygw_order_coupon_t));
        return (dygw_answer_t){ .order = order };
    case DYGW_QUESTION_VERIFY:
        verified = apr_pcalloc(pool, sizeof(*verified));
        verified->reply = reply;
        return (dygw_answer_t){ .verified = verified };
    default:
        return (dygw_answer_t){ .reply = &reply };
    }
}

static void set_question(dygw_running_t *r, const dygw_question_t *question)
{
    r->question = question;
    r->renewed = 0;
}

/* 0: there is no token. */
static int start(dygw_jobs_t *jobs, dygw_running_t *r)
{
    if (dygw_token_held(jobs->ctx.gateway, &r->token, r->job.ctx.pool) != APR_SUCCESS) {
        return 0;
    }
    dygw_douyin_async_begin(jobs->async, r->question, r->token.access_token, &r->log,
                            r->job.ctx.pool, r);
    return 1;
}

/* Asks the job's question: at once, or when its turn comes, if it has to wait for one. */
static void ask(dygw_jobs_t *jobs, dygw_running_t *r, int is_its_turn)
{
    while (r->question) {
        if (r->question->what == DYGW_QUESTION_ORDER && dygw_jobs_order_distance(jobs) > 0
            && !is_its_turn) {
            dygw_running_append(&jobs->orders, r);
            return;
        }
        if (start(jobs, r)) {
            return;
        }
        set_question(r, r->job.kind->answered(&r->job, not_asked(r)));
        is_its_turn = 0;
    }
    job_done(jobs, r);
}

dygw_ms_t dygw_jobs_order_wait(const dygw_jobs_t *jobs)
{
    dygw_ms_t next = dygw_left_until(jobs->order_at, dygw_jobs_order_distance(jobs));
    dygw_ms_t first = dygw_left_until(jobs->orders_from, DYGW_ORDERS_REST_MS);

    return next > first ? next : first;
}

static void let_orders_go(dygw_jobs_t *jobs)
{
    while (jobs->orders.count > 0) {
        job_done(jobs, dygw_running_take_first(&jobs->orders));
    }
}

void dygw_jobs_send_order(dygw_jobs_t *jobs)
{
    if (dygw_now() >= jobs->orders_until) {
        let_orders_go(jobs);
    }
    else if (jobs->orders.count > 0 && dygw_jobs_order_wait(jobs) == 0) {
        ask(jobs, dygw_running_take_first(&jobs->orders), 1);
        jobs->order_at = dygw_now() + dygw_jobs_order_distance(jobs);
    }
}

void dygw_running_begin(dygw_jobs_t *jobs, dygw_running_t *r)
{
    set_question(r, r->job.kind->begin(&r->job));
    ask(jobs, r, 0);
}

/* What another thread or host is at is not waited for: all other jobs would wait, and a stop. */
static int renew(dygw_running_t *r, const dygw_reply_t *reply)
{
    return dygw_ask_renew(&r->job.ctx, reply, 0, &r->token) == APR_SUCCESS;
}

void dygw_running_answered(dygw_jobs_t *jobs, dygw_running_t *r, dygw_answer_t answer)
{
    dygw_ask_heard(jobs->ctx.gateway, &r->token, answer.reply);
    if (answer.reply->kind == DYGW_REPLY_TOKEN && !r->renewed && renew(r, answer.reply)) {
        r->renewed = 1;
    }
    else if (!answer.reply->was_dead) {
        set_question(r, r->job.kind->answered(&r->job, answer));
    }
    ask(jobs, r, 0);
}
