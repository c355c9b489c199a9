/* SPDX-License-Identifier: Apache-2.0
 * Fetches Douyin's records of a day, page after page, never faster than Douyin allows. A page that
 * fails is asked for again some times, with growing pauses. */
#include "gateway/reports/reconcile_run.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/ask.h"

#define ASK_PAUSE_MS  12               /* Douyin allows 100 calls a second */
#define PAGE_TRIES    5                /* of one page, with pauses of 1, 2, 4, 8 s: */
#define HALF_PAUSE_MS APR_INT64_C(500) /* half of the first one */
#define PAGES_MAX     100000
/* Of a list that grows at its front while it is read, a page may repeat what was on the one before;
 * so many of them in a row are no coincidence. */
#define KNOWN_MAX     5

static void begin_page_call(dygw_reconcile_run_t *run)
{
    dygw_douyin_async_begin(run->async, &run->question, run->token.access_token, run->ctx.log,
                            run->page_pool, run);
    run->under_way = 1;
    run->ask_at = dygw_now() + ASK_PAUSE_MS;
}

static void pause_before_retry(dygw_reconcile_run_t *run)
{
    run->failures++;
    run->ask_at = dygw_now() + (HALF_PAUSE_MS << run->failures);
}

static const char *why_no_page(const dygw_reply_t *reply, apr_pool_t *pool)
{
    if (reply->error_code != 0) {
        return apr_psprintf(pool,
                            "Douyin refuses its verify records: error_code %" APR_INT64_T_FMT
                            ", logid %s: %s",
                            reply->error_code, reply->logid, reply->description);
    }
    return reply->kind == DYGW_REPLY_GARBLED ? "Douyin's answer cannot be understood"
                                             : "Douyin does not answer";
}

static int is_final_reply(dygw_reply_class_e kind)
{
    return kind == DYGW_REPLY_SETUP || kind == DYGW_REPLY_REQUEST || kind == DYGW_REPLY_COUPON
           || kind == DYGW_REPLY_REVIEW;
}

static void note_page_failure(dygw_reconcile_run_t *run, const dygw_reply_t *reply)
{
    pause_before_retry(run);
    if (is_final_reply(reply->kind) || run->failures >= PAGE_TRIES) {
        run->failed = why_no_page(reply, run->ctx.pool);
    }
}

/* Whether the pages go round in circles: `cursor` is that of the next page, and the present one had
 * so many new records. */
static int are_pages_endless(dygw_reconcile_run_t *run, const char *cursor, int added)
{
    const char *asked = run->question.cursor;

    run->known_pages = added > 0 ? 0 : run->known_pages + 1;
    return ++run->pages >= PAGES_MAX || run->known_pages >= KNOWN_MAX
           || (added == 0 && asked && strcmp(asked, cursor) == 0);
}

/* Copies the records of the page, after which the memory of the call is used again. */
static void add_page(dygw_reconcile_run_t *run, const dygw_records_reply_t *page)
{
    const int before = run->match->records->nelts;
    int i;

    for (i = 0; i < page->records->nelts; i++) {
        dygw_match_add_record(run->match,
                              &APR_ARRAY_IDX(page->records, i, const dygw_verify_record_t));
    }
    run->failures = run->renewed = 0;
    if (!page->cursor) {
        run->step = DYGW_RECONCILE_READ;
    }
    else if (are_pages_endless(run, page->cursor, run->match->records->nelts - before)) {
        run->failed = "the pages of Douyin's verify records do not end";
    }
    else {
        run->question.cursor = apr_pstrdup(run->ctx.pool, page->cursor);
    }
    apr_pool_clear(run->page_pool);
}

static void handle_page_answer(dygw_reconcile_run_t *run, dygw_answer_t answer)
{
    const dygw_ctx_t of_page = dygw_ctx_with_pool(&run->ctx, run->page_pool);

    run->under_way = 0;
    dygw_ask_note_token(run->ctx.gateway, &run->token, answer.reply);
    if (answer.reply->kind == DYGW_REPLY_OK) {
        add_page(run, answer.records);
    }
    else if (answer.reply->kind == DYGW_REPLY_TOKEN && !run->renewed
             && dygw_ask_renew(&of_page, answer.reply, 0, &run->token) == APR_SUCCESS) {
        run->renewed = 1;
        begin_page_call(run);
    }
    else {
        note_page_failure(run, answer.reply);
    }
}

static void ask_for_page(dygw_reconcile_run_t *run)
{
    apr_pool_clear(run->page_pool);
    if (dygw_token_held(run->ctx.gateway, &run->token, run->page_pool) == APR_SUCCESS) {
        begin_page_call(run);
        return;
    }
    pause_before_retry(run);
    if (run->failures >= PAGE_TRIES) {
        run->failed = "there is no access token";
    }
}

int dygw_reconcile_fetch(dygw_reconcile_run_t *run, apr_interval_time_t patience)
{
    const dygw_ms_t left = dygw_left_until(run->ask_at, HALF_PAUSE_MS << PAGE_TRIES);
    dygw_answer_t answer;
    void *baton;

    if (!run->under_way && left > 0) {
        apr_sleep(left * 1000 < patience ? left * 1000 : patience);
        return left <= ASK_PAUSE_MS;
    }
    if (!run->under_way) {
        ask_for_page(run);
    }
    if (run->under_way && dygw_douyin_async_next(run->async, patience, &baton, &answer)) {
        handle_page_answer(run, answer);
    }
    return 1;
}
