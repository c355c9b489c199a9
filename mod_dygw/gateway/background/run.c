/* SPDX-License-Identifier: Apache-2.0
 * A run: one job from its rows to its end. Its states:
 *
 *   asking   Its question is sent to Douyin and not answered yet. The answer goes to the job, which
 *            gives the next question, or is done.
 *   waiting  Its question is an order query, which waits for its turn: the number of order queries
 *            a second is limited.
 *   resting  The job is done, but has not written its rows. The run stays for a second, so that the
 *            same rows are not fetched again at once, and Douyin is not asked over and over.
 *
 * If there is no access token, a question is not sent: the job gets the answer "unreachable". */
#include "gateway/background/run.h"

#include "gateway/ask.h"
#include "gateway/host.h"

/* A second and a little: Douyin counts arrivals, and the network may bring queries closer
 * together. */
#define RATE_MS 1050

dygw_job_class_e dygw_job_class_of(dygw_due_e due)
{
    return due == DYGW_DUE_ENRICH ? DYGW_JOB_CLASS_ENRICH
           : due == DYGW_DUE_SALE ? DYGW_JOB_CLASS_SALE
                                  : DYGW_JOB_CLASS_URGENT;
}

/* --- lists --- */

void dygw_run_append(dygw_run_list_t *list, dygw_run_t *r)
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

dygw_run_t *dygw_run_take_first(dygw_run_list_t *list)
{
    dygw_run_t *r = list->first;

    list->first = r->next;
    if (!list->first) {
        list->last = NULL;
    }
    list->count--;
    return r;
}

/* --- the life of a job --- */

static dygw_run_t *run_without_rows(dygw_scheduler_t *scheduler, const dygw_job_kind_t *kind,
                                    const dygw_due_row_t *row)
{
    apr_pool_t *pool;
    dygw_run_t *r;

    apr_pool_create(&pool, scheduler->ctx.pool);
    apr_pool_tag(pool, "dygw_job");
    r = apr_pcalloc(pool, sizeof(*r));
    r->key = (dygw_job_key_t){ row->first_id, kind->due };
    r->job = (dygw_job_t){ .kind = kind, .ctx = { scheduler->ctx.gateway, &r->log, pool } };
    return r;
}

static apr_status_t run_read_rows(dygw_run_t *r, dygw_db_t *db, const dygw_due_row_t *row)
{
    apr_array_header_t *found_rows;
    apr_status_t rv;

    if (row->item_count > 1) {
        rv = dygw_store_verification_items(db, row->first_id, &found_rows, r->job.ctx.pool);
        if (rv == APR_SUCCESS) {
            r->job.rows = (dygw_verification_t **)found_rows->elts;
            r->job.count = found_rows->nelts;
        }
    }
    else {
        r->job.rows = apr_pcalloc(r->job.ctx.pool, sizeof(*r->job.rows));
        r->job.count = 1;
        rv = dygw_store_verification_get(db, row->id, 0, r->job.rows, r->job.ctx.pool);
    }
    return rv == APR_SUCCESS && r->job.count == 0 ? APR_NOTFOUND : rv;
}

static void run_add(dygw_scheduler_t *scheduler, dygw_run_t *r)
{
    r->log = (dygw_log_t){ scheduler->ctx.log->where, r->job.rows[0]->request_id };
    apr_hash_set(scheduler->running, &r->key, sizeof(r->key), r);
    scheduler->busy[dygw_job_class_of(r->job.kind->due)]++;
    r->rows = r->job.count;
    scheduler->rows[r->job.kind->due] += r->rows;
}

apr_status_t dygw_run_new(dygw_run_t **r, dygw_scheduler_t *scheduler, dygw_db_t *db,
                          const dygw_job_kind_t *kind, const dygw_due_row_t *row)
{
    dygw_run_t *made = run_without_rows(scheduler, kind, row);
    apr_status_t rv = run_read_rows(made, db, row);

    if (rv != APR_SUCCESS) {
        apr_pool_destroy(made->job.ctx.pool);
        return rv;
    }
    run_add(scheduler, made);
    *r = made;
    return APR_SUCCESS;
}

static void run_end(dygw_scheduler_t *scheduler, dygw_run_t *r)
{
    apr_hash_set(scheduler->running, &r->key, sizeof(r->key), NULL);
    scheduler->busy[dygw_job_class_of(r->job.kind->due)]--;
    scheduler->rows[r->job.kind->due] -= r->rows;
    apr_pool_destroy(r->job.ctx.pool);
}

static void run_finish(dygw_scheduler_t *scheduler, dygw_run_t *r)
{
    if (r->job.written) {
        run_end(scheduler, r);
        return;
    }
    r->rests_until = dygw_now() + DYGW_JOB_REST_MS;
    dygw_run_append(&scheduler->resting, r);
}

void dygw_run_end_rests(dygw_scheduler_t *scheduler)
{
    while (scheduler->resting.first
           && dygw_left_until(scheduler->resting.first->rests_until, DYGW_JOB_REST_MS) == 0) {
        run_end(scheduler, dygw_run_take_first(&scheduler->resting));
    }
}

/* --- questions --- */

dygw_ms_t dygw_run_order_distance(const dygw_scheduler_t *scheduler)
{
    int rate = scheduler->ctx.gateway->order_rate;

    return rate > 0 ? RATE_MS / rate : 0;
}

/* Returns what a job is answered while there is no token. Nothing was sent. */
static dygw_answer_t answer_without_token(const dygw_run_t *r)
{
    static const dygw_reply_t reply = {
        .kind = DYGW_REPLY_UNREACHABLE,
        .description = "",
        .logid = "",
    };
    apr_pool_t *pool = r->job.ctx.pool;
    dygw_coupons_reply_t *coupons;
    dygw_order_reply_t *order;
    dygw_verify_reply_t *verified;
    dygw_after_sale_reply_t *after_sale;

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
    case DYGW_QUESTION_AFTER_SALE:
        after_sale = apr_pcalloc(pool, sizeof(*after_sale));
        after_sale->reply = reply;
        after_sale->refund_status = DYGW_REFUND_UNSAID;
        return (dygw_answer_t){ .after_sale = after_sale };
    default:
        return (dygw_answer_t){ .reply = &reply };
    }
}

static void run_set_question(dygw_run_t *r, const dygw_question_t *question)
{
    r->question = question;
    r->renewed = 0;
}

/* Sends the question. 0: there is no token. */
static int run_send_question(dygw_scheduler_t *scheduler, dygw_run_t *r)
{
    if (dygw_token_held(scheduler->ctx.gateway, &r->token, r->job.ctx.pool) != APR_SUCCESS) {
        return 0;
    }
    dygw_douyin_async_begin(scheduler->async, r->question, r->token.access_token, &r->log,
                            r->job.ctx.pool, r);
    return 1;
}

/* Sends the run's question at once, or puts the run into the queue of order queries. Without a
 * token, the job is answered, and gives the next question. */
static void run_ask(dygw_scheduler_t *scheduler, dygw_run_t *r, int is_its_turn)
{
    while (r->question) {
        if (r->question->what == DYGW_QUESTION_ORDER && dygw_run_order_distance(scheduler) > 0
            && !is_its_turn) {
            dygw_run_append(&scheduler->orders, r);
            return;
        }
        if (run_send_question(scheduler, r)) {
            return;
        }
        run_set_question(r, r->job.kind->answered(&r->job, answer_without_token(r)));
        is_its_turn = 0;
    }
    run_finish(scheduler, r);
}

dygw_ms_t dygw_run_order_wait(const dygw_scheduler_t *scheduler)
{
    dygw_ms_t next = dygw_left_until(scheduler->order_at, dygw_run_order_distance(scheduler));
    dygw_ms_t first = dygw_left_until(scheduler->orders_from, DYGW_ORDERS_REST_MS);

    return next > first ? next : first;
}

static void drop_waiting_orders(dygw_scheduler_t *scheduler)
{
    while (scheduler->orders.count > 0) {
        run_finish(scheduler, dygw_run_take_first(&scheduler->orders));
    }
}

void dygw_run_send_order(dygw_scheduler_t *scheduler)
{
    if (dygw_now() >= scheduler->orders_until) {
        drop_waiting_orders(scheduler);
    }
    else if (scheduler->orders.count > 0 && dygw_run_order_wait(scheduler) == 0) {
        run_ask(scheduler, dygw_run_take_first(&scheduler->orders), 1);
        scheduler->order_at = dygw_now() + dygw_run_order_distance(scheduler);
    }
}

void dygw_run_begin(dygw_scheduler_t *scheduler, dygw_run_t *r)
{
    run_set_question(r, r->job.kind->begin(&r->job));
    run_ask(scheduler, r, 0);
}

/* A renewal that another thread or host is making is not waited for: all other jobs would have to
 * wait, and so would the end of the process. */
static int run_renew_token(dygw_run_t *r, const dygw_reply_t *reply)
{
    return dygw_ask_renew(&r->job.ctx, reply, 0, &r->token) == APR_SUCCESS;
}

void dygw_run_answered(dygw_scheduler_t *scheduler, dygw_run_t *r, dygw_answer_t answer)
{
    dygw_host_reply_shown(scheduler->ctx.gateway, answer.reply);
    dygw_ask_note_token(scheduler->ctx.gateway, &r->token, answer.reply);
    if (answer.reply->kind == DYGW_REPLY_TOKEN && !r->renewed && run_renew_token(r, answer.reply)) {
        r->renewed = 1;
    }
    else if (!answer.reply->was_dead) {
        run_set_question(r, r->job.kind->answered(&r->job, answer));
    }
    run_ask(scheduler, r, 0);
}
