/* SPDX-License-Identifier: Apache-2.0
 * GET /reports/reconciliation: our verifications of a business day against Douyin's records, as the
 * background has stored the reconciliation. The reply is JSON, or the items as CSV. Items are read
 * in pieces, and each piece is sent before the next one is read: neither many items nor a slow
 * client occupy memory or a connection to the database. */
#include "handle/internal/reconciliation_csv.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/account.h"
#include "gateway/reports/reconciliation.h"
#include "handle/stream.h"
#include "handle/internal/internal.h"
#include "handle/internal/report_query.h"
#include "util/day.h"

#define PIECE           200   /* items in a piece */
#define PIECE_SIZE      65536 /* bytes of a piece, about */
#define RETRY_AFTER_SEC 1     /* a day is reconciled in some seconds */

static const char *const known_parameters[]
    = { "date", "account_id", "refresh", "export", "bom", "raw", NULL };

/* What the query asks for. */
typedef struct reconciliation_query_t {
    dygw_reconciliation_wanted_t what;
    int csv;
    int bom;
    int raw;
} reconciliation_query_t;

/* --- the query --- */

static const char *read_reconciliation_day(const dygw_call_t *call, const apr_table_t *query,
                                           dygw_result_t *out)
{
    const int zone = call->runtime->gateway.time_zone;
    const dygw_ms_t now = dygw_now();
    const char *day = apr_table_get(query, "date");
    dygw_ms_t start;

    if (!day) {
        return dygw_day_of(now - DYGW_DAY_MS, zone, call->r->pool);
    }
    if (dygw_day_start(day, zone, &start) != APR_SUCCESS) {
        dygw_invalid(out, "date", "date must be a date, like 2026-01-31");
    }
    else if (start > now) {
        dygw_invalid(out, "date", "that day has not begun yet");
    }
    return day;
}

/* Returns DygwAccountId, else the only account that the declared stores have. */
static const char *default_account(const dygw_call_t *call, dygw_result_t *out)
{
    const dygw_gateway_t *gateway = call->ctx.gateway;
    const apr_array_header_t *accounts = dygw_accounts(gateway, call->r->pool);

    if (gateway->account_id || accounts->nelts == 1) {
        return APR_ARRAY_IDX(accounts, 0, const char *);
    }
    dygw_invalid(out, "account_id",
                 accounts->nelts == 0
                     ? "account_id is required: the gateway has no DygwAccountId"
                     : "account_id is required: the gateway's stores have several accounts, and it "
                       "has no DygwAccountId");
    return NULL;
}

static const char *read_reconciliation_account(const dygw_call_t *call, const apr_table_t *query,
                                               dygw_result_t *out)
{
    const char *account_id = dygw_query_account(query, out);

    return account_id ? account_id : default_account(call, out);
}

static void read_reconciliation_query(dygw_call_t *call, reconciliation_query_t *wanted,
                                      dygw_result_t *out)
{
    apr_table_t *query = dygw_read_query(call, known_parameters, out);
    const char *format = apr_table_get(query, "export");

    wanted->csv = format != NULL;
    if (format && strcmp(format, "csv") != 0) {
        dygw_invalid(out, "export", "export must be csv");
    }
    wanted->what.day = read_reconciliation_day(call, query, out);
    wanted->what.account_id = read_reconciliation_account(call, query, out);
    wanted->what.refresh = dygw_query_int(query, "refresh", 0, 1, 0, out);
    wanted->bom = dygw_report_read_switch(call, query, "bom", wanted->csv, out);
    wanted->raw = dygw_report_read_switch(call, query, "raw", wanted->csv, out);
}

/* --- the reply --- */

typedef struct reconciliation_writer_t {
    dygw_call_t *call;
    const dygw_reconciliation_t *shown;
    const reconciliation_query_t *wanted;
    dygw_stream_t stream;
    dygw_jsonw_t json;
    dygw_csv_t csv;
} reconciliation_writer_t;

/* Writes what is stored as a JSON object. */
static void put_stored_object(dygw_jsonw_t *w, const char *key, const char *object)
{
    dygw_jsonw_raw(w, key, object, object ? strlen(object) : 0);
}

static void write_reconciliation_head(reconciliation_writer_t *w)
{
    if (w->wanted->csv) {
        if (w->wanted->bom) {
            dygw_csv_bom(&w->csv);
        }
        dygw_reconciliation_csv_head(&w->csv);
        return;
    }
    dygw_jsonw_object(&w->json, NULL);
    dygw_jsonw_object(&w->json, "data");
    dygw_jsonw_string(&w->json, "date", w->shown->day);
    dygw_jsonw_string(&w->json, "account_id", w->shown->account_id);
    dygw_jsonw_time(&w->json, "generated_at", w->shown->generated_at);
    dygw_jsonw_time(&w->json, "compared_until", w->shown->compared_until);
    put_stored_object(&w->json, "counts", w->shown->counts);
    put_stored_object(&w->json, "amounts", w->shown->amounts);
    put_stored_object(&w->json, "left_out", w->shown->left_out);
    dygw_jsonw_array(&w->json, "items");
}

static void write_reconciliation_tail(reconciliation_writer_t *w)
{
    if (w->wanted->csv) {
        return;
    }
    dygw_jsonw_end_array(&w->json);
    dygw_jsonw_string(&w->json, "state", dygw_reconciliation_state(w->call->ctx.gateway, w->shown));
    dygw_jsonw_string(&w->json, "last_error", w->shown->last_error);
    dygw_jsonw_end_object(&w->json);
    dygw_jsonw_end_object(&w->json);
}

static void write_reconciliation_items(reconciliation_writer_t *w, const apr_array_header_t *items,
                                       apr_pool_t *pool)
{
    int i;

    for (i = 0; i < items->nelts; i++) {
        const char *item = APR_ARRAY_IDX(items, i, const dygw_reconciliation_item_t).item;

        if (w->wanted->csv) {
            dygw_reconciliation_csv_item(&w->csv, item, pool);
        }
        else {
            put_stored_object(&w->json, NULL, item);
        }
    }
}

/* Sends what was written; the memory is used again for the next piece. 0: the client is gone. */
static int send_reconciliation_piece(reconciliation_writer_t *w)
{
    int listening = w->wanted->csv ? dygw_stream_send(&w->stream, w->csv.text, w->csv.len)
                                   : dygw_stream_send(&w->stream, w->json.text, w->json.len);

    dygw_csv_rewind(&w->csv);
    w->json.len = 0;
    return listening;
}

/* Reads the next piece of items; there are none before the day is reconciled for the first time. */
static apr_array_header_t *read_reconciliation_items(reconciliation_writer_t *w, int after_no,
                                                     apr_pool_t *pool, dygw_result_t *out)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(&w->call->ctx, pool);
    apr_array_header_t *items = apr_array_make(pool, 1, sizeof(dygw_reconciliation_item_t));

    if (w->shown->generated_at != DYGW_NO_TIME) {
        dygw_reconciliation_items(&ctx, w->shown, after_no, PIECE, &items, out);
    }
    return items;
}

static int reply_reconciliation_pieces(reconciliation_writer_t *w, const apr_array_header_t *items,
                                       apr_pool_t *pool)
{
    dygw_result_t out = { 0 };
    int after_no = -1;

    write_reconciliation_head(w);
    while (out.code == DYGW_OK && items->nelts > 0) {
        int full = items->nelts >= PIECE;

        write_reconciliation_items(w, items, pool);
        after_no = APR_ARRAY_IDX(items, items->nelts - 1, dygw_reconciliation_item_t).item_no;
        if (!full) {
            break;
        }
        if (!send_reconciliation_piece(w)) {
            return dygw_stream_end(&w->stream, 0);
        }
        apr_pool_clear(pool);
        items = read_reconciliation_items(w, after_no, pool, &out);
    }
    write_reconciliation_tail(w);
    return dygw_stream_end(&w->stream, out.code == DYGW_OK && send_reconciliation_piece(w));
}

/* The first piece is read before the status of the reply is sent, so that an error can be
 * replied. */
static int reply_reconciliation(reconciliation_writer_t *w, int status)
{
    apr_pool_t *root = w->call->r->pool;
    dygw_result_t out = { 0 };
    apr_array_header_t *items;
    apr_pool_t *pool;

    apr_pool_create(&pool, root);
    items = read_reconciliation_items(w, -1, pool, &out);
    if (out.code != DYGW_OK) {
        return dygw_reply_error(w->call, &out);
    }
    dygw_jsonw_init(&w->json, root, PIECE_SIZE);
    dygw_csv_init(&w->csv, root, PIECE_SIZE, w->call->runtime->gateway.time_zone, w->wanted->raw);
    dygw_stream_begin(&w->stream, w->call, status,
                      w->wanted->csv ? "text/csv; charset=utf-8" : "application/json");
    return reply_reconciliation_pieces(w, items, pool);
}

/* --- the endpoint --- */

/* Tells the client when to ask again. */
static void set_retry_after(const dygw_call_t *call, const dygw_reconciliation_t *shown)
{
    dygw_ms_t left = shown->next_run_at - dygw_now();

    apr_table_setn(call->r->headers_out, "Retry-After",
                   apr_psprintf(call->r->pool, "%" APR_INT64_T_FMT,
                                RETRY_AFTER_SEC + (left > 0 ? left / 1000 : 0)));
}

int dygw_handle_reconciliation(dygw_call_t *call)
{
    dygw_actor_t actor = { call->actor, call->r->useragent_ip, call->log.request_id };
    dygw_reconciliation_t *shown = NULL;
    dygw_result_t out = { 0 };
    reconciliation_query_t wanted;
    reconciliation_writer_t w;

    read_reconciliation_query(call, &wanted, &out);
    if (out.code == DYGW_OK) {
        dygw_reconciliation_read(&call->ctx, &wanted.what, &actor, &shown, &out);
    }
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    w = (reconciliation_writer_t){ .call = call, .shown = shown, .wanted = &wanted };
    if (!wanted.what.refresh && !dygw_reconciliation_is_coming(call->ctx.gateway, shown)) {
        return reply_reconciliation(&w, HTTP_OK);
    }
    set_retry_after(call, shown);
    wanted.csv = 0;
    return reply_reconciliation(&w, HTTP_ACCEPTED);
}
