/* SPDX-License-Identifier: Apache-2.0
 * The world of payouts under test: store, token and Douyin. */
#include "payouts_world.h"

#include "util/compiler.h"

world_t world;

static dygw_ms_t present(void)
{
    return world.now_ms;
}

static void note_log(DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED const dygw_log_place_t *place,
                     DYGW_UNUSED apr_status_t rv, const char *fmt, va_list args)
{
    const apr_size_t len = strlen(world.said);

    apr_vsnprintf(world.said + len, sizeof(world.said) - len - 1, fmt, args);
    strcat(world.said, "\n");
}

/* --- the store --- */

struct dygw_db_t {
    apr_pool_t *pool;
};

apr_status_t dygw_db_open(dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source, DYGW_UNUSED const dygw_log_t *l,
                          apr_pool_t *p)
{
    if (world.db_away) {
        return APR_EGENERAL;
    }
    assert_int_equal(world.units++, 0);
    *db = apr_palloc(p, sizeof(**db));
    apr_pool_create(&(*db)->pool, p);
    return APR_SUCCESS;
}

void dygw_db_close(dygw_db_t *db)
{
    world.units--;
    apr_pool_destroy(db->pool);
}

apr_status_t dygw_store_payout_add(DYGW_UNUSED dygw_db_t *db, const dygw_payout_piece_t *piece, apr_int64_t *last,
                                   int *added)
{
    const int here = world.left_to_walk < piece->limit ? world.left_to_walk : piece->limit;

    assert_true(piece->after < piece->below);
    if (world.pieces++ == 0) {
        world.first_after = piece->after;
    }
    world.last_below = piece->below;
    world.left_to_walk -= here;
    *last = here > 0 ? piece->below - 1 - world.left_to_walk : 0;
    *added = here;
    return APR_SUCCESS;
}

apr_status_t dygw_store_payout_due(DYGW_UNUSED dygw_db_t *db, dygw_ms_t now, int limit, apr_array_header_t **rows,
                                   apr_pool_t *p)
{
    *rows = apr_array_make(p, 1, sizeof(dygw_payout_due_t));
    for (int i = 0; i < world.row_count && (*rows)->nelts < limit; i++) {
        if (world.rows[i].next_ask_at != DYGW_NO_TIME && world.rows[i].next_ask_at <= now) {
            APR_ARRAY_PUSH(*rows, dygw_payout_due_t) = world.rows[i].due;
        }
    }
    return APR_SUCCESS;
}

static world_row_t *row_of(apr_int64_t id)
{
    for (int i = 0; i < world.row_count; i++) {
        if (world.rows[i].due.verification_id == id) {
            return &world.rows[i];
        }
    }
    fail_msg("no row %d", (int)id);
    return NULL;
}

apr_status_t dygw_store_payout_put(DYGW_UNUSED dygw_db_t *db, const apr_array_header_t *payouts)
{
    if (world.cannot_write) {
        return APR_EGENERAL;
    }
    world.transactions++;
    for (int i = 0; i < payouts->nelts; i++) {
        const dygw_payout_t *payout = &APR_ARRAY_IDX(payouts, i, const dygw_payout_t);
        world_row_t *row = row_of(payout->verification_id);

        row->last = *payout;
        row->last.ledger_records = NULL;
        row->next_ask_at = payout->next_ask_at;
        row->due.ledger_asks = payout->ledger_asks;
        row->writes++;
    }
    return APR_SUCCESS;
}

/* --- the token --- */

apr_status_t dygw_token_held(DYGW_UNUSED dygw_gateway_t *g, dygw_token_t *token, apr_pool_t *p)
{
    *token = (dygw_token_t){ .access_token = apr_pstrdup(p, "tok"), .version = 1 };
    return world.no_token ? APR_NOTFOUND : APR_SUCCESS;
}

void dygw_ask_note_token(DYGW_UNUSED dygw_gateway_t *g, DYGW_UNUSED const dygw_token_t *token,
                         DYGW_UNUSED const dygw_reply_t *reply)
{
}

apr_status_t dygw_ask_renew(DYGW_UNUSED const dygw_ctx_t *ctx, DYGW_UNUSED const dygw_reply_t *reply,
                            DYGW_UNUSED apr_interval_time_t patience, dygw_token_t *token)
{
    world.renewals++;
    token->access_token = "newer";
    return APR_SUCCESS;
}

/* --- Douyin --- */

struct dygw_douyin_async_t {
    const dygw_question_t *question; /* NULL: none is under way */
    apr_pool_t *pool;
    void *baton;
};

apr_status_t dygw_douyin_async_create(dygw_douyin_async_t **async, DYGW_UNUSED dygw_douyin_t *douyin, apr_pool_t *p)
{
    *async = apr_pcalloc(p, sizeof(**async));
    return APR_SUCCESS;
}

void dygw_douyin_async_begin(dygw_douyin_async_t *async, const dygw_question_t *question,
                             DYGW_UNUSED const char *access_token, DYGW_UNUSED const dygw_log_t *l, apr_pool_t *p,
                             void *baton)
{
    assert_int_equal(world.units, 0);
    assert_null(async->question);
    assert_in_range(world.asked, 0, ASKED_MAX - 1);
    assert_int_equal(question->what, DYGW_QUESTION_LEDGER);
    assert_in_range(question->count, 1, DYGW_LEDGER_COUPONS);
    async->question = question;
    async->pool = p;
    async->baton = baton;
    world.accounts[world.asked] = question->account_id ? *question->account_id : '-';
    world.asked_count[world.asked] = question->count;
    world.asked_at[world.asked++] = world.now_ms;
}

static int has_coupon(const dygw_question_t *question, const char *certificate_id)
{
    for (int i = 0; certificate_id && i < question->count; i++) {
        if (strcmp(question->codes[i], certificate_id) == 0) {
            return 1;
        }
    }
    return 0;
}

static int is_refused(const dygw_question_t *question)
{
    if (world.failing > 0) {
        world.failing--;
        return 1;
    }
    return has_coupon(question, world.poison)
           || (world.refused_account && question->account_id
               && strcmp(question->account_id, world.refused_account) == 0);
}

static void fill_lines(dygw_ledger_reply_t *ledger, const dygw_question_t *question)
{
    for (int i = 0; world.status >= 0 && i < question->count; i++) {
        dygw_ledger_line_t *line = apr_array_push(ledger->lines);

        *line = (dygw_ledger_line_t){ .certificate_id = question->codes[i], .status = world.status, .raw = "{}" };
        for (int n = 0; n < DYGW_LEDGER_AMOUNTS; n++) {
            line->amounts[n] = DYGW_LEDGER_NOT_TOLD;
        }
        line->amounts[DYGW_LEDGER_GOODS] = 77;
    }
}

int dygw_douyin_async_next(dygw_douyin_async_t *async, DYGW_UNUSED apr_interval_time_t patience, void **baton,
                           dygw_answer_t *answer)
{
    const dygw_question_t *question = async->question;
    dygw_ledger_reply_t *ledger;

    if (!question || world.held) {
        return 0;
    }
    ledger = apr_pcalloc(async->pool, sizeof(*ledger));
    ledger->reply = (dygw_reply_t){ .kind = DYGW_REPLY_OK, .description = "", .logid = "" };
    ledger->lines = apr_array_make(async->pool, 1, sizeof(dygw_ledger_line_t));
    if (is_refused(question)) {
        ledger->reply.kind = world.failure;
        ledger->reply.error_code = world.error_code;
    }
    else {
        fill_lines(ledger, question);
    }
    answer->ledger = ledger;
    *baton = async->baton;
    async->question = NULL;
    return 1;
}

world_row_t *world_redeemed(const char *certificate_id, const char *account_id, dygw_ms_t at)
{
    world_row_t *row = &world.rows[world.row_count++];

    assert_in_range(world.row_count, 1, ROWS_MAX);
    row->due = (dygw_payout_due_t){ .verification_id = world.row_count,
                                    .certificate_id = certificate_id,
                                    .account_id = account_id,
                                    .store = account_id ? "s" : NULL,
                                    .poi_id = "p",
                                    .verify_time = at - DYGW_PAYOUT_AFTER_MS,
                                    .created_at = at - DYGW_PAYOUT_AFTER_MS,
                                    .uses = 1 };
    row->next_ask_at = at;
    return row;
}

void world_begin(dygw_ms_t now_ms)
{
    memset(&world, 0, sizeof(world));
    world.now_ms = now_ms;
    world.status = DYGW_LEDGER_STATUS_SETTLING;
    dygw_clock_set(present);
    dygw_log_set_writer(note_log);
}

void world_end(void)
{
    dygw_log_set_writer(NULL);
    dygw_clock_set(NULL);
}
