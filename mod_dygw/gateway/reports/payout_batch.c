/* SPDX-License-Identifier: Apache-2.0
 * Asks the settlement ledger about some coupons of one account, and writes what it says, in one
 * commit. What a crash loses is asked for again.
 *
 * The calls are the application's, which Douyin allows 300 a second of, for all who use it: two
 * are enough for a hundred coupons a second. */
#include "gateway/reports/payouts_state.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "gateway/reports/payout_lines.h"
#include "util/compiler.h"
#include "util/day.h"

#define ASK_PAUSE_MS   500
/* A line may change for days after the redemption; then it is asked for no more. */
#define ASKED_FOR_MS   (7 * DYGW_DAY_MS)
/* The pause after calls that failed; it doubles up to the longest one, which comes at once where a
 * quota is used up. */
#define FIRST_PAUSE_MS APR_INT64_C(60000)
#define DOUBLINGS_MAX  6
/* Until an account whose ledger Douyin does not show is asked about again. */
#define REFUSED_MS     APR_INT64_C(3600000)
/* Its rows that were put off the same second come back over so long. */
#define SPREAD_MS      APR_INT64_C(3600000)
#define NO_ACCOUNT     ""

static dygw_payout_ask_t *ask_at(const apr_array_header_t *batch, int i)
{
    return APR_ARRAY_IDX(batch, i, dygw_payout_ask_t *);
}

/* --- the rows of a batch --- */

static int is_same_account(const char *a, const char *b)
{
    return strcmp(a ? a : NO_ACCOUNT, b ? b : NO_ACCOUNT) == 0;
}

static int is_coupon_in(const dygw_question_t *question, const char *certificate_id)
{
    for (int i = 0; i < question->count; i++) {
        if (strcmp(question->codes[i], certificate_id) == 0) {
            return 1;
        }
    }
    return 0;
}

static void take(dygw_payouts_t *p, const char **codes, dygw_payout_ask_t *ask)
{
    ask->is_taken = 1;
    APR_ARRAY_PUSH(p->batch, dygw_payout_ask_t *) = ask;
    if (!is_coupon_in(&p->question, ask->row->certificate_id)) {
        codes[p->question.count++] = ask->row->certificate_id;
    }
}

/* The first row that nobody has taken; NULL: there is none. */
static dygw_payout_ask_t *first_left(const dygw_payouts_t *p)
{
    for (int i = 0; p->due && i < p->due->nelts; i++) {
        dygw_payout_ask_t *ask = &APR_ARRAY_IDX(p->due, i, dygw_payout_ask_t);

        if (!ask->is_taken) {
            return ask;
        }
    }
    return NULL;
}

/* With it, others of its account: all uses of a times card are asked about as one coupon. */
static void fill_batch(dygw_payouts_t *p, dygw_payout_ask_t *first)
{
    const char **codes = apr_palloc(p->batch_pool, DYGW_LEDGER_COUPONS * sizeof(*codes));

    p->batch = apr_array_make(p->batch_pool, DYGW_LEDGER_COUPONS, sizeof(dygw_payout_ask_t *));
    p->question = (dygw_question_t){ .what = DYGW_QUESTION_LEDGER,
                                     .account_id = first->account_id,
                                     .codes = codes };
    take(p, codes, first);
    for (int i = 0; !first->is_alone && i < p->due->nelts; i++) {
        dygw_payout_ask_t *ask = &APR_ARRAY_IDX(p->due, i, dygw_payout_ask_t);

        if (!ask->is_taken && !ask->is_alone && is_same_account(ask->account_id, first->account_id)
            && (p->question.count < DYGW_LEDGER_COUPONS
                || is_coupon_in(&p->question, ask->row->certificate_id))) {
            take(p, codes, ask);
        }
    }
}

/* --- writing --- */

static dygw_ms_t redeemed_at(const dygw_payout_due_t *row)
{
    return row->verify_time == DYGW_NO_TIME ? row->created_at : row->verify_time;
}

static int is_over(const dygw_payout_due_t *row, dygw_ms_t now)
{
    return now - redeemed_at(row) > ASKED_FOR_MS;
}

/* The next day, for a week; DYGW_NO_TIME: nothing changes any more. */
static dygw_ms_t next_ask_at(const dygw_payout_due_t *row, const dygw_payout_t *payout)
{
    const dygw_ms_t now = dygw_sure_now();
    const int is_done
        = payout->ledger_lines > 0 && payout->ledger_status >= DYGW_LEDGER_STATUS_SETTLED;

    return is_done || is_over(row, now) ? DYGW_NO_TIME : now + DYGW_DAY_MS;
}

static apr_status_t write_payouts(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    return dygw_store_payout_put(db, baton);
}

/* Ends the batch. Where its rows cannot be written they are still due, and read again later. */
static void write_batch(dygw_payouts_t *p, apr_array_header_t *payouts)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(&p->ctx, p->batch_pool);

    if (dygw_db_work(&ctx, write_payouts, payouts, DYGW_DB_ONCE) != APR_SUCCESS) {
        p->due = NULL;
        p->look_at = dygw_now() + FIRST_PAUSE_MS;
    }
}

static apr_array_header_t *make_payouts(const dygw_payouts_t *p)
{
    return apr_array_make(p->batch_pool, p->batch->nelts, sizeof(dygw_payout_t));
}

static void write_lines(dygw_payouts_t *p, const apr_array_header_t *lines)
{
    apr_array_header_t *payouts = make_payouts(p);

    for (int i = 0; i < p->batch->nelts; i++) {
        dygw_payout_t *payout = apr_array_push(payouts);

        dygw_payout_of_lines(ask_at(p->batch, i)->row, lines, payout, p->batch_pool);
        payout->next_ask_at = next_ask_at(ask_at(p->batch, i)->row, payout);
    }
    write_batch(p, payouts);
}

/* --- accounts that Douyin does not show us --- */

static const char *account_word(const char *account_id)
{
    return account_id ? account_id : "(none)";
}

static const char *remedy(const dygw_reply_t *reply)
{
    switch (dygw_douyin_obstacle(reply->error_code)) {
    case DYGW_OBSTACLE_MERCHANT:
        return "let the merchant authorise the application";
    case DYGW_OBSTACLE_ADDRESS:
        return "put this host's address on the application's list";
    case DYGW_OBSTACLE_PUNISHED:
    case DYGW_OBSTACLE_TAKEN_DOWN:
        return "ask Douyin";
    default:
        return "apply for life.capacity.billing in the console of the application";
    }
}

void dygw_payouts_show_refused(const dygw_payouts_t *p)
{
    dygw_gauge(p->ctx.gateway->metrics, DYGW_GAUGE_LEDGER_REFUSED, apr_hash_count(p->refused));
}

/* What the batch's account was refused; NULL: nothing. */
static dygw_payout_refused_t *refused_of(const dygw_payouts_t *p)
{
    const char *key = p->question.account_id ? p->question.account_id : NO_ACCOUNT;

    return apr_hash_get(p->refused, key, APR_HASH_KEY_STRING);
}

/* When a row of a refused account is due again. Only the probe comes back within the hour, so that
 * the others are written once a day, and for a week. */
static dygw_ms_t put_off_until(const dygw_payout_due_t *row, const dygw_payout_refused_t *refused)
{
    const dygw_ms_t now = dygw_sure_now();

    if (is_over(row, now)) {
        return DYGW_NO_TIME;
    }
    return row->verification_id == refused->probe
               ? now + dygw_left_until(refused->until, REFUSED_MS)
               : now + DYGW_DAY_MS - row->verification_id % SPREAD_MS;
}

/* The rows were not asked about, or not answered: their asks do not count. */
static void put_off(dygw_payouts_t *p, const dygw_payout_refused_t *refused)
{
    apr_array_header_t *payouts = make_payouts(p);

    for (int i = 0; i < p->batch->nelts; i++) {
        const dygw_payout_due_t *row = ask_at(p->batch, i)->row;

        APR_ARRAY_PUSH(payouts, dygw_payout_t)
            = (dygw_payout_t){ .verification_id = row->verification_id,
                               .next_ask_at = put_off_until(row, refused),
                               .ledger_asks = row->ledger_asks };
    }
    p->ask_at = dygw_now() + ASK_PAUSE_MS;
    write_batch(p, payouts);
}

/* The newest, which is asked about for longest. */
static apr_int64_t choose_probe(const dygw_payouts_t *p)
{
    apr_int64_t newest = 0;

    for (int i = 0; i < p->batch->nelts; i++) {
        const apr_int64_t id = ask_at(p->batch, i)->row->verification_id;

        newest = id > newest ? id : newest;
    }
    return newest;
}

/* Said once, until it is shown again. */
static void refuse_account(dygw_payouts_t *p, const dygw_reply_t *reply)
{
    const char *key = p->question.account_id ? p->question.account_id : NO_ACCOUNT;
    dygw_payout_refused_t *refused = refused_of(p);

    if (!refused) {
        refused = apr_palloc(p->ctx.pool, sizeof(*refused));
        apr_hash_set(p->refused, apr_pstrdup(p->ctx.pool, key), APR_HASH_KEY_STRING, refused);
        dygw_payouts_show_refused(p);
        dygw_log(
            p->ctx.log, WARN, 0,
            DYGWNO(0860) "Douyin does not show what will be paid out to account %s: error_code "
                         "%" APR_INT64_T_FMT ", logid %s: %s; %s. Redemptions are not "
                         "concerned, and it is asked again each hour",
            account_word(p->question.account_id), reply->error_code, reply->logid,
            reply->description, remedy(reply));
    }
    refused->until = dygw_now() + REFUSED_MS;
    refused->probe = choose_probe(p);
    put_off(p, refused);
}

static void admit_account(dygw_payouts_t *p)
{
    const char *key = p->question.account_id ? p->question.account_id : NO_ACCOUNT;

    if (apr_hash_get(p->refused, key, APR_HASH_KEY_STRING)) {
        apr_hash_set(p->refused, key, APR_HASH_KEY_STRING, NULL);
        dygw_payouts_show_refused(p);
        dygw_log(p->ctx.log, NOTICE, 0,
                 DYGWNO(0861) "Douyin shows what will be paid out to account %s again",
                 account_word(p->question.account_id));
    }
}

/* --- answers --- */

/* What is due stays due. */
static void pause_all(dygw_payouts_t *p, const dygw_reply_t *reply)
{
    const int doublings = p->failures < DOUBLINGS_MAX ? p->failures : DOUBLINGS_MAX;
    dygw_ms_t pause = FIRST_PAUSE_MS << doublings;

    if (pause > DYGW_PAYOUTS_PAUSE_MS || (reply && dygw_douyin_wants_rest(reply->error_code))) {
        pause = DYGW_PAYOUTS_PAUSE_MS;
    }
    p->failures++;
    p->ask_at = p->look_at = dygw_now() + pause;
    p->due = NULL;
    dygw_log(p->ctx.log, INFO, 0,
             DYGWNO(0862) "the settlement ledger is asked again in %" APR_INT64_T_FMT
                          " s: Douyin %s",
             pause / 1000, reply && reply->error_code ? "is busy" : "did not answer");
}

/* Nobody knows which coupon it was about: each is asked about by itself, and one that is refused
 * then waits for the next day. */
static void refuse_batch(dygw_payouts_t *p, const dygw_reply_t *reply)
{
    const dygw_payout_due_t *row = ask_at(p->batch, 0)->row;

    if (p->batch->nelts == 1) {
        dygw_log(p->ctx.log, INFO, 0,
                 DYGWNO(0863) "verification %" APR_INT64_T_FMT ": Douyin does not tell what will "
                              "be paid out: error_code %" APR_INT64_T_FMT ", logid %s",
                 row->verification_id, reply->error_code, reply->logid);
        write_lines(p, apr_array_make(p->batch_pool, 1, sizeof(dygw_ledger_line_t)));
        return;
    }
    for (int i = 0; i < p->batch->nelts; i++) {
        ask_at(p->batch, i)->is_alone = 1;
        ask_at(p->batch, i)->is_taken = 0;
    }
}

static void begin_call(dygw_payouts_t *p)
{
    dygw_douyin_async_begin(p->async, &p->question, p->token.access_token, p->ctx.log,
                            p->batch_pool, p);
    p->under_way = 1;
    p->ask_at = dygw_now() + ASK_PAUSE_MS;
}

static void handle_refusal(dygw_payouts_t *p, const dygw_reply_t *reply)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(&p->ctx, p->batch_pool);

    switch (reply->kind) {
    case DYGW_REPLY_SETUP:
        refuse_account(p, reply);
        return;
    case DYGW_REPLY_REQUEST:
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_REVIEW:
    case DYGW_REPLY_GARBLED:
        refuse_batch(p, reply);
        return;
    case DYGW_REPLY_TOKEN:
        if (!p->renewed && dygw_ask_renew(&ctx, reply, 0, &p->token) == APR_SUCCESS) {
            p->renewed = 1;
            begin_call(p);
            return;
        }
        break;
    default:
        break;
    }
    pause_all(p, reply);
}

int dygw_payouts_await_batch(dygw_payouts_t *p, apr_interval_time_t patience)
{
    dygw_answer_t answer;
    void *baton;

    if (!dygw_douyin_async_next(p->async, patience, &baton, &answer)) {
        return 1;
    }
    p->under_way = 0;
    dygw_ask_note_token(p->ctx.gateway, &p->token, answer.reply);
    if (answer.reply->kind != DYGW_REPLY_OK) {
        handle_refusal(p, answer.reply);
        return p->under_way;
    }
    p->failures = 0;
    admit_account(p);
    write_lines(p, answer.ledger->lines);
    return 0;
}

int dygw_payouts_drop_batch(dygw_payouts_t *p, apr_interval_time_t patience)
{
    dygw_answer_t answer;
    void *baton;

    p->under_way = p->under_way && !dygw_douyin_async_next(p->async, patience, &baton, &answer);
    return p->under_way;
}

int dygw_payouts_begin_batch(dygw_payouts_t *p)
{
    dygw_payout_ask_t *first = first_left(p);
    const dygw_payout_refused_t *refused;

    if (!first) {
        return 0;
    }
    apr_pool_clear(p->batch_pool);
    fill_batch(p, first);
    refused = refused_of(p);
    if (refused && dygw_left_until(refused->until, REFUSED_MS) > 0) {
        put_off(p, refused);
    }
    else if (dygw_token_held(p->ctx.gateway, &p->token, p->batch_pool) == APR_SUCCESS) {
        p->renewed = 0;
        begin_call(p);
    }
    else {
        pause_all(p, NULL);
    }
    return 1;
}
