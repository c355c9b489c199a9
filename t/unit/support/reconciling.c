/* SPDX-License-Identifier: Apache-2.0
 * The world of a reconciliation under test: store, token and Douyin. */
#include "reconciling.h"

#include "util/compiler.h"

world_t world;

/* --- the clock, which nothing moves but the test --- */

static dygw_ms_t present(void)
{
    return world.now_ms;
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

apr_pool_t *dygw_db_pool(const dygw_db_t *db)
{
    return db->pool;
}

apr_status_t dygw_store_reconciliation_days(DYGW_UNUSED dygw_db_t *db, const char *account_id,
                                            DYGW_UNUSED const char *first, const char *last, apr_array_header_t **days,
                                            apr_pool_t *p)
{
    const int known = world.known_day && (!world.known_account || strcmp(account_id, world.known_account) == 0);

    world.looked++;
    *days = apr_array_make(p, 2, sizeof(dygw_reconciliation_day_t));
    if (world.open_day && strcmp(world.open_day, last) <= 0) {
        APR_ARRAY_PUSH(*days, dygw_reconciliation_day_t)
            = (dygw_reconciliation_day_t){ world.open_day, world.open_wanted_at, world.open_generated_at };
    }
    if (known) {
        APR_ARRAY_PUSH(*days, dygw_reconciliation_day_t)
            = (dygw_reconciliation_day_t){ world.known_day, world.now_ms, DYGW_NO_TIME };
    }
    return APR_SUCCESS;
}

apr_status_t dygw_store_reconciliation_close(DYGW_UNUSED dygw_db_t *db, const char *day, DYGW_UNUSED dygw_ms_t now,
                                             dygw_ms_t end, dygw_ms_t ready)
{
    assert_true(end < ready && ready <= world.now_ms);
    world.closed_days++;
    apr_cpystrn(world.closed_last, day, sizeof(world.closed_last));
    return APR_SUCCESS;
}

apr_status_t dygw_store_reconciliation_add(DYGW_UNUSED dygw_db_t *db, const char *day, const char *account_id,
                                           DYGW_UNUSED dygw_ms_t now, DYGW_UNUSED dygw_ms_t run_at)
{
    char *end = world.added + strlen(world.added);

    apr_snprintf(end, sizeof(world.added) - (apr_size_t)(end - world.added), "%s%s%s ",
                 strcmp(account_id, "acc") == 0 ? "" : account_id, strcmp(account_id, "acc") == 0 ? "" : ":", day);
    return APR_SUCCESS;
}

apr_status_t dygw_store_match_began_before(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED apr_int64_t id, int *yes)
{
    *yes = world.began;
    return APR_SUCCESS;
}

apr_status_t dygw_store_match_began_in_store(DYGW_UNUSED dygw_db_t *db, const char *poi_id, DYGW_UNUSED apr_int64_t id,
                                             int *yes)
{
    *yes = world.began_in && strcmp(poi_id, world.began_in) == 0;
    return APR_SUCCESS;
}

apr_status_t dygw_store_reconciliation_due(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED dygw_ms_t now,
                                           dygw_reconciliation_t **found, apr_pool_t *p)
{
    *found = world.due_row ? apr_pmemdup(p, world.due_row, sizeof(*world.due_row)) : NULL;
    return world.due_row ? APR_SUCCESS : APR_NOTFOUND;
}

apr_status_t dygw_store_match_read(DYGW_UNUSED dygw_db_t *db, const dygw_id_range_t *range, DYGW_UNUSED int limit,
                                   apr_array_header_t **rows, apr_int64_t *last_id, apr_pool_t *p)
{
    int i;

    assert_true(range->after < range->below);
    *rows = apr_array_make(p, 1, sizeof(dygw_match_row_t *));
    *last_id = 0;
    for (i = 0; i < world.ours_count; i++) {
        if (world.ours[i].id > range->after && world.ours[i].id < range->below) {
            APR_ARRAY_PUSH(*rows, dygw_match_row_t *) = &world.ours[i];
            *last_id = world.ours[i].id;
        }
    }
    return APR_SUCCESS;
}

apr_status_t dygw_store_match_find(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED const char *verify_id,
                                   DYGW_UNUSED dygw_match_row_t **row, DYGW_UNUSED apr_pool_t *p)
{
    return APR_NOTFOUND;
}

apr_status_t dygw_store_match_of_coupon(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED const char *certificate_id,
                                        apr_array_header_t **rows, apr_pool_t *p)
{
    *rows = apr_array_make(p, 1, sizeof(dygw_match_row_t *));
    return APR_SUCCESS;
}

apr_status_t dygw_store_match_webhook(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED const char *certificate_id,
                                      DYGW_UNUSED dygw_webhook_t *message, DYGW_UNUSED apr_pool_t *p)
{
    return APR_NOTFOUND;
}

apr_status_t dygw_store_reconciliation_put_items(DYGW_UNUSED dygw_db_t *db, const dygw_reconciliation_t *run,
                                                 dygw_ms_t generation, int first_no,
                                                 DYGW_UNUSED const char *const *items, int count)
{
    assert_true(generation > run->generated_at);
    assert_int_equal(first_no, world.items_put);
    world.items_put += count;
    return APR_SUCCESS;
}

apr_status_t dygw_store_reconciliation_done(DYGW_UNUSED dygw_db_t *db, const dygw_reconciliation_t *run,
                                            const dygw_reconciliation_made_t *made)
{
    assert_true(made->generated_at > run->generated_at);
    world.done_account = run->account_id ? strcpy(world.account_text, run->account_id) : NULL;
    apr_cpystrn(world.done_counts, made->counts, sizeof(world.done_counts));
    apr_cpystrn(world.done_left_out, made->left_out ? made->left_out : "", sizeof(world.done_left_out));
    world.done_calls++;
    world.done_until = made->compared_until;
    world.done_next = made->next_run_at;
    world.done_early = made->next_run_at != DYGW_NO_TIME;
    world.due_row = NULL;
    return APR_SUCCESS;
}

apr_status_t dygw_store_reconciliation_failed(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED const dygw_reconciliation_t *run,
                                              dygw_ms_t next_run_at, int tries, const char *last_error)
{
    world.failed_calls++;
    world.failed_next = next_run_at;
    world.failed_tries = tries;
    apr_cpystrn(world.failed_why, last_error, sizeof(world.failed_why));
    world.due_row = NULL;
    return APR_SUCCESS;
}

apr_status_t dygw_store_reconciliation_tidy(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED const dygw_reconciliation_t *run,
                                            DYGW_UNUSED dygw_ms_t generation, DYGW_UNUSED dygw_ms_t other, int limit,
                                            int *removed)
{
    *removed = world.tidied++ == 0 ? limit : 0;
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
    async->question = question;
    async->pool = p;
    async->baton = baton;
    world.last_question = *question;
    world.asked_at[world.asked++] = world.now_ms;
    if (strlen(world.cursors) < sizeof(world.cursors) - 32) {
        strcat(world.cursors, question->cursor ? question->cursor : "-");
        strcat(world.cursors, " ");
    }
}

/* A page of the records numbered from `first` on. */
static void fill_page(dygw_records_reply_t *page, int first, apr_pool_t *p)
{
    int i;

    for (i = first; i < world.records && i < first + DYGW_RECORDS_PER_PAGE; i++) {
        dygw_verify_record_t *record = apr_array_push(page->records);
        const int number = world.newest_first ? world.records - 1 - i : i;

        *record = (dygw_verify_record_t){ .verify_id = apr_psprintf(p, "v%d", number),
                                          .certificate_id = apr_psprintf(p, "c%d", number),
                                          .verify_time = DYGW_NO_TIME,
                                          .pay_amount = 1 };
    }
    if (i == first + DYGW_RECORDS_PER_PAGE) {
        page->cursor = apr_psprintf(p, "%d", i);
    }
}

int dygw_douyin_async_next(dygw_douyin_async_t *async, DYGW_UNUSED apr_interval_time_t patience, void **baton,
                           dygw_answer_t *answer)
{
    const dygw_question_t *question = async->question;
    dygw_records_reply_t *page;

    if (!question || world.held) {
        return 0;
    }
    page = apr_pcalloc(async->pool, sizeof(*page));
    page->reply = (dygw_reply_t){ .kind = DYGW_REPLY_OK, .description = "", .logid = "" };
    page->records = apr_array_make(async->pool, 1, sizeof(dygw_verify_record_t));
    if (world.failing > 0) {
        world.failing--;
        page->reply.kind = world.failure;
        if (world.failure == DYGW_REPLY_SETUP) {
            page->reply.error_code = 2190004;
            page->reply.description = "no scope";
        }
    }
    else {
        int first = question->cursor ? (int)apr_atoi64(question->cursor) : 0;

        fill_page(page, world.repeat_pages ? 0 : first, async->pool);
        world.records += world.growth;
        world.now_ms += world.page_ms;
    }
    answer->records = page;
    *baton = async->baton;
    async->question = NULL;
    return 1;
}

void world_begin(dygw_ms_t now_ms)
{
    memset(&world, 0, sizeof(world));
    world.now_ms = now_ms;
    dygw_clock_set(present);
}

void world_end(void)
{
    dygw_clock_set(NULL);
}
