/* SPDX-License-Identifier: Apache-2.0
 * The scheduler of background jobs in a fake world. */
#include "scheduler_world.h"

#include <apr_strings.h>

#include "gateway/background/job.h"
#include "util/compiler.h"

#define LATER_MS      60000
#define ENDLESS_TURNS 20000

dygw_gateway_t *gateway;
dygw_scheduler_t *scheduler;

/* --- kinds of jobs for the test: a question or two, then the rows are due a minute later --- */

int begun[DYGW_JOB_KINDS], ended[DYGW_JOB_KINDS], rows_seen, questions, writes, first_changed;
dygw_reply_class_e heard;
int write_clash;
const dygw_reply_t *last_reply;

static void put_off(dygw_verification_t *v)
{
    if (v->verify_status == DYGW_PROCESSING || v->enrichment_status == DYGW_ENRICH_PENDING) {
        v->next_run_at = dygw_now() + LATER_MS;
    }
    if (v->errand_at != DYGW_NO_TIME) {
        v->errand_at = dygw_now() + LATER_MS;
    }
}

static void finish(dygw_job_t *job)
{
    int *changed = apr_pcalloc(job->ctx.pool, (apr_size_t)job->count * sizeof(*changed));

    ended[job->kind->due]++;
    for (int i = first_changed; i < job->count; i++) {
        changed[i] = 1;
        put_off(job->rows[i]);
    }
    writes += dygw_job_write(job, changed, &write_clash);
}

static const dygw_question_t *ask_something(dygw_job_t *job)
{
    const dygw_verification_t *v = job->rows[0];

    job->question = (dygw_question_t){
        .what = job->kind->due == DYGW_DUE_ENRICH ? DYGW_QUESTION_ORDER : DYGW_QUESTION_GET,
        .encrypted_code = apr_psprintf(job->ctx.pool, "enc-%" APR_INT64_T_FMT, v->id),
        .order_id = apr_psprintf(job->ctx.pool, "order-%" APR_INT64_T_FMT, v->id),
    };
    return &job->question;
}

static const dygw_question_t *begin(dygw_job_t *job)
{
    assert_int_equal(fake_store_open_units(), 0);
    begun[job->kind->due]++;
    rows_seen += job->count;
    job->state = apr_pcalloc(job->ctx.pool, sizeof(int));
    if (questions == 0) {
        finish(job);
        return NULL;
    }
    return ask_something(job);
}

static const dygw_question_t *answered(dygw_job_t *job, dygw_answer_t answer)
{
    int *count = job->state;

    heard = answer.reply->kind;
    last_reply = answer.reply;
    if (job->question.what == DYGW_QUESTION_GET) {
        assert_non_null(answer.coupons->coupons);
    }
    if (job->question.what == DYGW_QUESTION_ORDER) {
        assert_non_null(answer.order->coupons);
    }
    if (++*count < questions) {
        return ask_something(job);
    }
    finish(job);
    return NULL;
}

static const dygw_job_kind_t settle = { "settle", DYGW_DUE_SETTLE, begin, answered };
static const dygw_job_kind_t follow_up = { "errand", DYGW_DUE_FOLLOW_UP, begin, answered };
static const dygw_job_kind_t enrich = { "enrich", DYGW_DUE_ENRICH, begin, answered };
static const dygw_job_kind_t sale = { "after_sale", DYGW_DUE_SALE, begin, answered };
static const dygw_job_kind_t *const kinds[DYGW_JOB_KINDS] = { &settle, &follow_up, &enrich, &sale };

int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    memset(begun, 0, sizeof(begun));
    memset(ended, 0, sizeof(ended));
    rows_seen = writes = first_changed = 0;
    questions = 1;
    heard = DYGW_REPLY_OK;
    assert_int_equal(dygw_scheduler_create(&scheduler, FAKE_CTX(gateway, pool), kinds), APR_SUCCESS);
    dygw_scheduler_lead(scheduler, 0, dygw_now() + A_LONG_TIME_MS);
    return 0;
}

dygw_verification_t *add_row(dygw_due_e due, apr_int64_t id)
{
    dygw_verification_t *v = fake_store_add_row(id);

    v->verify_status = due == DYGW_DUE_SETTLE ? DYGW_PROCESSING : DYGW_SUCCESS;
    v->enrichment_status = due == DYGW_DUE_ENRICH ? DYGW_ENRICH_PENDING : DYGW_ENRICH_SKIPPED;
    v->next_run_at = due == DYGW_DUE_SETTLE || due == DYGW_DUE_ENRICH ? dygw_now() : DYGW_NO_TIME;
    v->errand_at = due == DYGW_DUE_FOLLOW_UP || due == DYGW_DUE_SALE ? dygw_now() : DYGW_NO_TIME;
    v->news = due == DYGW_DUE_SALE ? DYGW_NEWS_SALE : 0;
    return v;
}

void add_rows(dygw_due_e due, int count)
{
    for (int i = 0; i < count; i++) {
        add_row(due, 1000 * ((apr_int64_t)due + 1) + i);
    }
}

void add_group(dygw_due_e due, apr_int64_t first_id, int count)
{
    for (int i = 0; i < count; i++) {
        dygw_verification_t *v = add_row(due, first_id + i);

        v->first_id = first_id;
        v->item_no = i;
        v->item_count = count;
    }
}

int turn(int may_start)
{
    return dygw_scheduler_turn(scheduler, may_start, 0);
}

/* Turns until nothing is under way and all that was due has begun. */
void run_all(void)
{
    int turns = 0;

    while (turn(1) || !dygw_scheduler_caught_up(scheduler)) {
        fake_clock_advance(1);
        assert_true(++turns < ENDLESS_TURNS);
    }
}
