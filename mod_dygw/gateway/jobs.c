/* SPDX-License-Identifier: Apache-2.0
 * Runs the background's jobs, many at once, in one thread.
 *
 *   fetch    due rows are read, each group of them becomes a job. Never two of one group and kind.
 *   ask      the job's question is sent; order queries wait in a queue for their place in the rate.
 *   answer   goes to the job, which gives the next question, or is at its end.
 *   rest     a job that could not write its rows stays for a second, so that they are not fetched
 *            again at once, and Douyin asked again and again.
 *
 * Settling and errands have slots of their own, so that no mass of orders to look up is in their
 * way. Every job has a pool; all of these pools share an allocator that is this thread's alone. */
#include "gateway/jobs.h"

#include <apr_hash.h>

#include "gateway/ask.h"
#include "gateway/job.h"
#include "util/pool.h"

#define KINDS               3
#define SHARE               4           /* this part of the slots has to be free before a fetch */
#define REST_MS             1000
#define FETCH_PAUSE_MS      50          /* after a fetch that found nothing, while jobs run */
#define ORDERS_AHEAD_MS     2000        /* no more to enrich is fetched than so many wait */
#define ORDER_MARGIN_MS     2           /* over the even distance: Douyin counts arrivals */
#define KEEP_FREE_BYTES     4194304U   /* of memory that no job needs now */

static const dygw_job_kind_t *const kinds[KINDS] = {
    &dygw_settle_job, &dygw_errand_job, &dygw_enrich_job
};

typedef enum { URGENT, ENRICH, CLASSES } class_e;

static const int slots[CLASSES] = { 32, 96 };

/* Without padding: it is hashed. */
typedef struct job_key_t {
    apr_int64_t first_id;
    apr_int64_t due;
} job_key_t;

typedef struct running_t {
    dygw_job_t job;
    job_key_t key;
    dygw_log_t log;                     /* the job's, with its rows' request id */
    const dygw_question_t *question;
    dygw_token_t token;                 /* it was asked with */
    int renewed;                        /* that token was refused, and a newer one used */
    dygw_ms_t rests_until;
    struct running_t *next;             /* in the list that it is in */
} running_t;

typedef struct list_t {
    running_t *first;
    running_t *last;
    int count;
} list_t;

struct dygw_jobs_t {
    dygw_gateway_t *gateway;
    const dygw_log_t *log;
    apr_pool_t *pool;
    apr_pool_t *flight_pool;
    dygw_flight_t *flight;
    apr_hash_t *running;                /* job_key_t to running_t */
    int busy[CLASSES];
    int rows[KINDS];                    /* of the jobs that run */
    list_t orders;                      /* that wait for their place */
    list_t resting;
    dygw_ms_t order_at;                 /* when the next may be sent */
    dygw_ms_t fetch_at;                 /* and the next fetch be made */
    int fetch_waits;
    int caught_up;
};

static class_e class_of(dygw_due_e due)
{
    return due == DYGW_DUE_ENRICH ? ENRICH : URGENT;
}

/* --- lists --- */

static void append(list_t *list, running_t *r)
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

static running_t *take_first(list_t *list)
{
    running_t *r = list->first;

    list->first = r->next;
    if (!list->first) {
        list->last = NULL;
    }
    list->count--;
    return r;
}

/* How long it is until `at`, which was at most `longest` ahead when it was set: a clock that was
 * put back keeps nothing waiting. 0: it is over. */
static dygw_ms_t left_until(dygw_ms_t at, dygw_ms_t longest)
{
    dygw_ms_t left = at - dygw_now();

    return left > 0 && left <= longest ? left : 0;
}

/* --- the life of a job --- */

static running_t *job_new(dygw_jobs_t *jobs, const dygw_job_kind_t *kind,
                          const dygw_verification_t *row)
{
    apr_pool_t *pool;
    running_t *r;

    apr_pool_create(&pool, jobs->pool);
    apr_pool_tag(pool, "dygw_job");
    r = apr_pcalloc(pool, sizeof(*r));
    r->key = (job_key_t){ row->first_id, kind->due };
    r->job = (dygw_job_t){
        .kind = kind, .gateway = jobs->gateway, .log = &r->log, .pool = pool
    };
    return r;
}

static apr_status_t read_rows(running_t *r, dygw_db_t *db, const dygw_verification_t *row)
{
    apr_array_header_t *items;
    apr_status_t rv;

    if (row->item_count > 1) {
        rv = dygw_store_verification_items(db, row->first_id, &items, r->job.pool);
        if (rv == APR_SUCCESS) {
            r->job.rows = (dygw_verification_t **)items->elts;
            r->job.count = items->nelts;
        }
    }
    else {
        r->job.rows = apr_pcalloc(r->job.pool, sizeof(*r->job.rows));
        r->job.count = 1;
        rv = dygw_store_verification_get(db, row->id, 0, r->job.rows, r->job.pool);
    }
    return rv == APR_SUCCESS && r->job.count == 0 ? APR_NOTFOUND : rv;
}

static void job_add(dygw_jobs_t *jobs, running_t *r)
{
    r->log = (dygw_log_t){ jobs->log->where, r->job.rows[0]->request_id };
    apr_hash_set(jobs->running, &r->key, sizeof(r->key), r);
    jobs->busy[class_of(r->job.kind->due)]++;
    jobs->rows[r->job.kind->due] += r->job.count;
}

static void job_end(dygw_jobs_t *jobs, running_t *r)
{
    apr_hash_set(jobs->running, &r->key, sizeof(r->key), NULL);
    jobs->busy[class_of(r->job.kind->due)]--;
    jobs->rows[r->job.kind->due] -= r->job.count;
    apr_pool_destroy(r->job.pool);
}

static void job_done(dygw_jobs_t *jobs, running_t *r)
{
    if (r->job.written) {
        job_end(jobs, r);
        return;
    }
    r->rests_until = dygw_now() + REST_MS;
    append(&jobs->resting, r);
}

static void end_rests(dygw_jobs_t *jobs)
{
    while (jobs->resting.first && left_until(jobs->resting.first->rests_until, REST_MS) == 0) {
        job_end(jobs, take_first(&jobs->resting));
    }
}

/* --- asking --- */

/* Between two order queries; 0: they come as they like. */
static dygw_ms_t order_distance(const dygw_jobs_t *jobs)
{
    int rate = jobs->gateway->order_rate;

    return rate > 0 ? 1000 / rate + ORDER_MARGIN_MS : 0;
}

/* What a job hears while there is no token: certainly nothing was sent. */
static dygw_answer_t not_asked(const running_t *r)
{
    static const dygw_reply_t reply = {
        .kind = DYGW_REPLY_UNREACHABLE, .description = "", .logid = ""
    };
    apr_pool_t *pool = r->job.pool;
    dygw_coupons_reply_t *coupons;
    dygw_order_reply_t *order;

    switch (r->question->what) {
    case DYGW_ASK_GET:
    case DYGW_ASK_QUERY:
        coupons = apr_pcalloc(pool, sizeof(*coupons));
        coupons->reply = reply;
        coupons->coupons = apr_array_make(pool, 0, sizeof(dygw_seen_coupon_t));
        return (dygw_answer_t){ .coupons = coupons };
    case DYGW_ASK_ORDER:
        order = apr_pcalloc(pool, sizeof(*order));
        order->reply = reply;
        order->coupons = apr_array_make(pool, 0, sizeof(dygw_order_coupon_t));
        return (dygw_answer_t){ .order = order };
    case DYGW_ASK_REPEAT: {
        dygw_verify_reply_t *verified = apr_pcalloc(pool, sizeof(*verified));

        verified->reply = reply;
        return (dygw_answer_t){ .verified = verified };
    }
    default:
        return (dygw_answer_t){ .reply = &reply };
    }
}

static void set_question(running_t *r, const dygw_question_t *question)
{
    r->question = question;
    r->renewed = 0;
}

/* 0: there is no token. */
static int start(dygw_jobs_t *jobs, running_t *r)
{
    if (dygw_token_held(jobs->gateway, &r->token, r->job.pool) != APR_SUCCESS) {
        return 0;
    }
    dygw_flight_start(jobs->flight, r->question, r->token.access_token, &r->log, r->job.pool, r);
    return 1;
}

/* Asks the job's question: at once, or when its turn comes, if it has to wait for one. */
static void ask(dygw_jobs_t *jobs, running_t *r, int is_its_turn)
{
    while (r->question) {
        if (r->question->what == DYGW_ASK_ORDER && order_distance(jobs) > 0 && !is_its_turn) {
            append(&jobs->orders, r);
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

/* At most one at a time: what was late is not caught up. */
static void send_order(dygw_jobs_t *jobs)
{
    dygw_ms_t distance = order_distance(jobs);

    if (jobs->orders.count > 0 && left_until(jobs->order_at, distance) == 0) {
        jobs->order_at = dygw_now() + distance;
        ask(jobs, take_first(&jobs->orders), 1);
    }
}

static void answered(dygw_jobs_t *jobs, running_t *r, dygw_answer_t answer)
{
    dygw_ask_heard(jobs->gateway, &r->token, answer.reply);
    if (answer.reply->kind == DYGW_REPLY_TOKEN && !r->renewed
        && dygw_ask_renew(jobs->gateway, answer.reply, &r->token, &r->log, r->job.pool)
           == APR_SUCCESS) {
        r->renewed = 1;
    }
    else {
        set_question(r, r->job.kind->answered(&r->job, answer));
    }
    ask(jobs, r, 0);
}

/* --- fetching --- */

static int free_slots(const dygw_jobs_t *jobs, class_e class)
{
    return slots[class] - jobs->busy[class];
}

/* A few free slots are not worth a query. */
static int is_worth_it(const dygw_jobs_t *jobs, class_e class)
{
    if (class == ENRICH && jobs->orders.count * order_distance(jobs) > ORDERS_AHEAD_MS) {
        return 0;
    }
    return jobs->busy[class] == 0 || free_slots(jobs, class) * SHARE >= slots[class];
}

/* Makes a job of a row that is due, if there is none. */
static apr_status_t take_up(dygw_jobs_t *jobs, dygw_db_t *db, const dygw_job_kind_t *kind,
                            const dygw_verification_t *row, list_t *fresh)
{
    job_key_t key = { row->first_id, kind->due };
    running_t *r;
    apr_status_t rv;

    if (apr_hash_get(jobs->running, &key, sizeof(key))
        || (kind->due == DYGW_DUE_SETTLE && row->lease_until > dygw_now())) {
        return APR_SUCCESS;
    }
    if (free_slots(jobs, class_of(kind->due)) == 0) {
        jobs->caught_up = 0;
        return APR_SUCCESS;
    }
    r = job_new(jobs, kind, row);
    rv = read_rows(r, db, row);
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(r->job.pool);
        return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
    }
    job_add(jobs, r);
    append(fresh, r);
    return APR_SUCCESS;
}

/* The rows of jobs that run are due as well, and come first. */
static apr_status_t fetch_kind(dygw_jobs_t *jobs, dygw_db_t *db, const dygw_job_kind_t *kind,
                               list_t *fresh, apr_pool_t *scratch)
{
    int room = free_slots(jobs, class_of(kind->due));
    int limit = room + jobs->rows[kind->due];
    apr_array_header_t *rows;
    apr_status_t rv;
    int i;

    if (room == 0) {
        jobs->caught_up = 0;
        return APR_SUCCESS;
    }
    rv = dygw_store_verification_due(db, kind->due, dygw_now(), limit, &rows, scratch);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    jobs->caught_up &= rows->nelts < limit;
    for (i = 0; i < rows->nelts && rv == APR_SUCCESS; i++) {
        rv = take_up(jobs, db, kind, APR_ARRAY_IDX(rows, i, const dygw_verification_t *), fresh);
    }
    return rv;
}

static apr_status_t fetch_classes(dygw_jobs_t *jobs, const int *wanted, list_t *fresh,
                                  apr_pool_t *scratch)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, jobs->gateway->db, jobs->log, scratch);
    int i;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (i = 0; i < KINDS && rv == APR_SUCCESS; i++) {
        if (wanted[class_of(kinds[i]->due)]) {
            rv = fetch_kind(jobs, db, kinds[i], fresh, scratch);
        }
    }
    dygw_db_close(db);
    return rv;
}

/* Gives whether jobs have work under way or ahead; those that rest have not. */
static int is_active(const dygw_jobs_t *jobs)
{
    return dygw_flight_count(jobs->flight) > 0 || jobs->orders.count > 0;
}

static void begin_all(dygw_jobs_t *jobs, list_t *fresh)
{
    while (fresh->first) {
        running_t *r = take_first(fresh);

        set_question(r, r->job.kind->begin(&r->job));
        ask(jobs, r, 0);
    }
}

/* Jobs begin when the database's unit of work is over: they have their own. */
static void fetch(dygw_jobs_t *jobs)
{
    int wanted[CLASSES] = { is_worth_it(jobs, URGENT), is_worth_it(jobs, ENRICH) };
    list_t fresh = { NULL, NULL, 0 };
    apr_pool_t *scratch;
    apr_status_t rv;

    jobs->caught_up = 0;
    jobs->fetch_waits = left_until(jobs->fetch_at, REST_MS) > 0;
    if (jobs->fetch_waits || (!wanted[URGENT] && !wanted[ENRICH])) {
        return;
    }
    jobs->caught_up = wanted[URGENT] && wanted[ENRICH];
    apr_pool_create(&scratch, jobs->pool);
    rv = fetch_classes(jobs, wanted, &fresh, scratch);
    apr_pool_destroy(scratch);
    if (rv != APR_SUCCESS) {
        jobs->caught_up = 0;
        jobs->fetch_at = dygw_now() + REST_MS;
    }
    else if (fresh.count == 0 && is_active(jobs)) {
        jobs->fetch_at = dygw_now() + FETCH_PAUSE_MS;
    }
    begin_all(jobs, &fresh);
}

/* --- from outside --- */

/* The flight goes first: what is under way points into the jobs' pools. */
static apr_status_t end_flight(void *data)
{
    dygw_jobs_t *jobs = data;

    apr_pool_destroy(jobs->flight_pool);
    return APR_SUCCESS;
}

apr_status_t dygw_jobs_create(dygw_jobs_t **jobs, dygw_gateway_t *gateway, const dygw_log_t *log,
                              apr_pool_t *pool)
{
    apr_pool_t *own;
    dygw_jobs_t *made;
    apr_status_t rv = dygw_pool_create(&own, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_tag(own, "dygw_jobs");
    apr_allocator_max_free_set(apr_pool_allocator_get(own), KEEP_FREE_BYTES);
    *jobs = made = apr_pcalloc(own, sizeof(*made));
    made->gateway = gateway;
    made->log = log;
    made->pool = own;
    made->running = apr_hash_make(own);
    made->caught_up = 1;
    apr_pool_create(&made->flight_pool, own);
    apr_pool_pre_cleanup_register(own, made, end_flight);
    return dygw_flight_create(&made->flight, gateway->douyin, made->flight_pool);
}

static apr_interval_time_t shorter(apr_interval_time_t patience, dygw_ms_t left)
{
    return left * 1000 < patience ? left * 1000 : patience;
}

/* Not longer than until there is something else to do. */
static apr_interval_time_t limit_patience(const dygw_jobs_t *jobs, apr_interval_time_t patience)
{
    if (jobs->orders.count > 0) {
        patience = shorter(patience, left_until(jobs->order_at, order_distance(jobs)));
    }
    if (jobs->fetch_waits) {
        patience = shorter(patience, left_until(jobs->fetch_at, REST_MS));
    }
    return patience;
}

/* Takes all that has landed, and waits for the first of it; an empty flight waits for nothing. */
static void land(dygw_jobs_t *jobs, apr_interval_time_t patience)
{
    int left = dygw_flight_count(jobs->flight);
    dygw_answer_t answer;
    void *baton;

    if (left == 0 && patience > 0) {
        apr_sleep(patience);
    }
    while (left > 0 && dygw_flight_land(jobs->flight, patience, &baton, &answer)) {
        answered(jobs, baton, answer);
        patience = 0;
        left--;
    }
}

int dygw_jobs_turn(dygw_jobs_t *jobs, int may_start, apr_interval_time_t patience)
{
    end_rests(jobs);
    jobs->fetch_waits = 0;
    if (may_start) {
        fetch(jobs);
    }
    send_order(jobs);
    if (is_active(jobs)) {
        land(jobs, limit_patience(jobs, patience));
    }
    return is_active(jobs);
}

int dygw_jobs_caught_up(const dygw_jobs_t *jobs)
{
    return jobs->caught_up;
}
