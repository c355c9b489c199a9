/* SPDX-License-Identifier: Apache-2.0
 * Flights: the calls that one thread has under way, in one multi handle of libcurl, which keeps
 * their connections. Each call has a line for as long as it is under way; lines are used again.
 *
 * All that libcurl does, it does inside of dygw_flight_start and dygw_flight_land, in the thread of
 * the flight. Another thread only aborts: it sets a flag and wakes the multi handle.
 */
#include <curl/curl.h>

#include <apr_strings.h>

#include "douyin/client.h"
#include "douyin/http_easy.h"

#define CONNECTIONS_KEPT 128L

typedef struct flying_t flying_t;

/* A call under way, in its own pool. */
struct flying_t {
    dygw_line_t *line;          /* NULL: it was not sent */
    const dygw_question_t *question;
    dygw_douyin_call_t call;
    dygw_http_request_t request;
    dygw_http_answer_t answer;
    const dygw_log_t *log;
    apr_pool_t *pool;
    void *baton;
    flying_t *next;             /* of those that were not sent */
};

struct dygw_flight_t {
    dygw_douyin_t *douyin;
    dygw_http_t *http;
    dygw_waker_t waker;         /* with the multi handle; NULL when none is needed */
    apr_pool_t *lines;          /* their memory; cleared when all are closed */
    dygw_line_ring_t idle;
    dygw_line_ring_t busy;
    flying_t *unsent;
    int count;
    int broken;                 /* libcurl does not go on: what is under way is lost */
    dygw_ms_t idle_since;       /* when the last call landed */
};

/* --- questions --- */

static void put_question(const dygw_douyin_t *douyin, const dygw_question_t *question,
                         dygw_douyin_call_t *call, apr_pool_t *pool)
{
    static void (*const put[])(const dygw_douyin_t *, const dygw_question_t *,
                               dygw_douyin_call_t *, apr_pool_t *)
        = { [DYGW_ASK_GET] = dygw_douyin_put_get,
            [DYGW_ASK_QUERY] = dygw_douyin_put_query,
            [DYGW_ASK_REPEAT] = dygw_douyin_put_verify,
            [DYGW_ASK_CANCEL] = dygw_douyin_put_cancel,
            [DYGW_ASK_ORDER] = dygw_douyin_put_order,
            [DYGW_ASK_RECORDS] = dygw_douyin_put_records,
            [DYGW_ASK_STORES] = dygw_douyin_put_stores };

    put[question->what](douyin, question, call, pool);
}

static dygw_answer_t read_reply(const dygw_douyin_t *douyin, const dygw_question_t *question,
                                const dygw_reply_t *reply, const dygw_log_t *log, apr_pool_t *pool)
{
    dygw_answer_t answer = { .reply = NULL };

    switch (question->what) {
    case DYGW_ASK_GET:
        answer.coupons = dygw_douyin_read_get(reply, pool);
        break;
    case DYGW_ASK_QUERY:
        answer.coupons = dygw_douyin_read_query(reply, pool);
        break;
    case DYGW_ASK_REPEAT:
        answer.verified = dygw_douyin_read_verify(douyin, question, reply, log, pool);
        break;
    case DYGW_ASK_CANCEL:
        answer.cancelled = dygw_douyin_read_cancel(reply, pool);
        break;
    case DYGW_ASK_ORDER:
        answer.order = dygw_douyin_read_order(question, reply, pool);
        break;
    case DYGW_ASK_RECORDS:
        answer.records = dygw_douyin_read_records(reply, pool);
        break;
    case DYGW_ASK_STORES:
        answer.reply = apr_pmemdup(pool, reply, sizeof(*reply));
        break;
    }
    return answer;
}

/* --- lines --- */

static void close_lines(dygw_line_ring_t *lines, CURLM *multi)
{
    while (!APR_RING_EMPTY(lines, dygw_line_t, ring)) {
        dygw_line_t *line = APR_RING_FIRST(lines);

        APR_RING_REMOVE(line, ring);
        curl_multi_remove_handle(multi, line->easy);
        dygw_line_close(line);
    }
}

/* Closes all connections, and forgets what was under way. */
static void close_all(dygw_flight_t *flight)
{
    CURLM *multi = flight->waker.multi;

    dygw_line_set_waker(flight->http, &flight->waker, NULL);
    close_lines(&flight->busy, multi);
    close_lines(&flight->idle, multi);
    curl_multi_cleanup(multi);
    apr_pool_clear(flight->lines);
    flight->broken = 0;
}

static int has_multi(dygw_flight_t *flight)
{
    CURLM *multi = flight->waker.multi;

    if (!multi) {
        multi = curl_multi_init();
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
        dygw_line_set_waker(flight->http, &flight->waker, multi);
    }
    return multi != NULL;
}

/* NULL: libcurl has no memory. */
static dygw_line_t *take_line(dygw_flight_t *flight)
{
    dygw_line_t *line;

    if (!APR_RING_EMPTY(&flight->idle, dygw_line_t, ring)) {
        line = APR_RING_FIRST(&flight->idle);
        APR_RING_REMOVE(line, ring);
        return line;
    }
    line = apr_pcalloc(flight->lines, sizeof(*line));
    if (dygw_line_open(line, &flight->http->settings)) {
        return line;
    }
    dygw_line_close(line);
    return NULL;
}

/* --- starting --- */

/* Whether it is under way now. The clock of its time-out starts when libcurl first sees it. */
static int launch(dygw_flight_t *flight, flying_t *flying)
{
    dygw_line_t *line = has_multi(flight) ? take_line(flight) : NULL;
    int running;

    if (!line) {
        return 0;
    }
    if (!dygw_line_begin(line, &flying->request, &flying->answer, flying->pool)
        || curl_multi_add_handle(flight->waker.multi, line->easy) != CURLM_OK) {
        APR_RING_INSERT_HEAD(&flight->idle, line, dygw_line_t, ring);
        return 0;
    }
    APR_RING_INSERT_TAIL(&flight->busy, line, dygw_line_t, ring);
    line->owner = flying;
    flying->line = line;
    flight->broken |= curl_multi_perform(flight->waker.multi, &running) != CURLM_OK;
    return 1;
}

static void leave_unsent(dygw_flight_t *flight, flying_t *flying)
{
    flying->answer.end = DYGW_HTTP_UNREACHABLE;
    flying->answer.aborted = dygw_line_aborted(flight->http);
    flying->answer.problem = flying->answer.aborted ? "aborted" : "out of memory";
    flying->next = flight->unsent;
    flight->unsent = flying;
}

void dygw_flight_start(dygw_flight_t *flight, const dygw_question_t *question,
                       const char *access_token, const dygw_log_t *log, apr_pool_t *pool,
                       void *baton)
{
    flying_t *flying = apr_pcalloc(pool, sizeof(*flying));

    flying->question = question;
    flying->log = log;
    flying->pool = pool;
    flying->baton = baton;
    put_question(flight->douyin, question, &flying->call, pool);
    flying->call.access_token = access_token;
    dygw_douyin_request(&flying->request, flight->douyin, &flying->call, pool);
    flight->count++;
    if (dygw_line_aborted(flight->http) || !launch(flight, flying)) {
        leave_unsent(flight, flying);
    }
}

int dygw_flight_count(const dygw_flight_t *flight)
{
    return flight->count;
}

/* --- landing --- */

/* Takes the call off its line. A connection in an unknown state, libcurl closes by itself. */
static flying_t *take_off(dygw_flight_t *flight, dygw_line_t *line, CURLcode result)
{
    flying_t *flying = line->owner;

    curl_multi_remove_handle(flight->waker.multi, line->easy);
    dygw_line_end(line, result);
    APR_RING_REMOVE(line, ring);
    APR_RING_INSERT_HEAD(&flight->idle, line, dygw_line_t, ring);
    return flying;
}

static flying_t *take_unsent(dygw_flight_t *flight)
{
    flying_t *flying = flight->unsent;

    if (flying) {
        flight->unsent = flying->next;
    }
    return flying;
}

/* What libcurl is done with. */
static flying_t *take_done(dygw_flight_t *flight)
{
    CURLMsg *message;
    dygw_line_t *line = NULL;
    int left;

    do {
        message = curl_multi_info_read(flight->waker.multi, &left);
    } while (message && message->msg != CURLMSG_DONE);
    if (!message || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &line) != CURLE_OK) {
        return NULL;
    }
    return take_off(flight, line, message->data.result);
}

/* What libcurl will not be asked to go on with. */
static flying_t *take_hopeless(dygw_flight_t *flight)
{
    int aborted = dygw_line_aborted(flight->http);
    dygw_line_t *line = APR_RING_FIRST(&flight->busy);

    if (APR_RING_EMPTY(&flight->busy, dygw_line_t, ring) || !(aborted || flight->broken)) {
        return NULL;
    }
    line->answer->aborted = aborted;
    return take_off(flight, line, CURLE_FAILED_INIT);
}

static flying_t *take_landed(dygw_flight_t *flight)
{
    flying_t *flying = take_unsent(flight);

    if (!flying && flight->waker.multi) {
        flying = take_done(flight);
    }
    return flying ? flying : take_hopeless(flight);
}

/* Waits at most that long for something to do, and does it. */
static void go_on(dygw_flight_t *flight, apr_interval_time_t patience)
{
    apr_interval_time_t ms = (patience + 999) / 1000;
    int wait = ms > DYGW_LINE_LOOK_UP_MS ? DYGW_LINE_LOOK_UP_MS : (int)ms;
    int running;

    if ((wait > 0 && curl_multi_poll(flight->waker.multi, NULL, 0, wait, NULL) != CURLM_OK)
        || (!dygw_line_aborted(flight->http)
            && curl_multi_perform(flight->waker.multi, &running) != CURLM_OK)) {
        flight->broken = 1;
    }
}

/* The next call that landed; NULL when there is none until then. */
static flying_t *await_landed(dygw_flight_t *flight, apr_interval_time_t patience)
{
    apr_time_t until = apr_time_now() + patience;
    apr_interval_time_t wait = 0;
    flying_t *flying = take_landed(flight);

    if (flying || flight->count == 0) {
        return flying;
    }
    do {
        go_on(flight, wait);
        flying = take_landed(flight);
        wait = until - apr_time_now();
    } while (!flying && wait > 0);
    return flying;
}

/* When nobody has needed the connections for so long that they are of no use. */
static void close_useless(dygw_flight_t *flight)
{
    dygw_ms_t idle = dygw_now() - flight->idle_since;

    if (flight->waker.multi && flight->count == 0
        && (flight->broken || idle >= DYGW_LINE_MAX_IDLE_SEC * APR_INT64_C(1000))) {
        close_all(flight);
    }
}

int dygw_flight_land(dygw_flight_t *flight, apr_interval_time_t patience, void **baton,
                     dygw_answer_t *answer)
{
    flying_t *flying = await_landed(flight, patience);
    dygw_reply_t reply;

    if (!flying) {
        close_useless(flight);
        return 0;
    }
    flight->count--;
    flight->idle_since = dygw_now();
    close_useless(flight);
    dygw_douyin_read_answer(&reply, flight->douyin, &flying->call, &flying->answer, flying->log,
                            flying->pool);
    *baton = flying->baton;
    *answer = read_reply(flight->douyin, flying->question, &reply, flying->log, flying->pool);
    return 1;
}

/* --- a flight's life --- */

static apr_status_t end_flight(void *baton)
{
    dygw_flight_t *flight = baton;

    close_all(flight);
    dygw_line_remove_waker(flight->http, &flight->waker);
    return APR_SUCCESS;
}

apr_status_t dygw_flight_create(dygw_flight_t **flight, dygw_douyin_t *douyin, apr_pool_t *pool)
{
    dygw_flight_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t rv = apr_pool_create(&made->lines, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    made->douyin = douyin;
    made->http = douyin->upstream;
    APR_RING_INIT(&made->idle, dygw_line_t, ring);
    APR_RING_INIT(&made->busy, dygw_line_t, ring);
    dygw_line_add_waker(made->http, &made->waker);
    /* Before the pools below go, which the lines are in, and maybe the client. */
    apr_pool_pre_cleanup_register(pool, made, end_flight);
    *flight = made;
    return APR_SUCCESS;
}
