/* SPDX-License-Identifier: Apache-2.0
 * GET /reports/payouts: what Douyin's settlement ledger says will be paid out for the redemptions
 * that match the filters; a page of them, or sums by group_by; all of either as CSV. */
#include "handle/internal/payouts.h"

#include "handle/internal/group_by.h"

#define ROW_SIZE 1024
#define NO_PAGES "export=csv and group_by have no pages, they give all"

static const char *const known_parameters[]
    = { DYGW_REPORT_PARAMETERS, DYGW_PAGING_PARAMETERS, "group_by", NULL };

/* --- the query --- */

static void read_payout_query(dygw_call_t *call, dygw_payout_query_t *wanted, dygw_result_t *out)
{
    apr_table_t *query = dygw_read_query(call, known_parameters, out);
    const char *group_by = apr_table_get(query, "group_by");

    dygw_report_read_filter(call, query, &wanted->filter, out);
    dygw_report_read_export(call, query, &wanted->csv, out);
    wanted->is_grouped = group_by != NULL;
    wanted->keys
        = group_by ? dygw_group_by_read(group_by, DYGW_PAYOUT_BY_ANY, call->r->pool, out) : 0;
    dygw_report_read_paging(query, wanted->csv.csv || wanted->is_grouped ? NO_PAGES : NULL,
                            &wanted->paging, out);
}

/* --- JSON --- */

#define JSON_ID(key, value)            dygw_jsonw_string(w, key, value)
#define JSON_INT_ID(key, value)        dygw_jsonw_int(w, key, value)
#define JSON_TEXT(key, value)          dygw_jsonw_string(w, key, value)
#define JSON_INT(key, value)           dygw_jsonw_int(w, key, value)
#define JSON_INT_OR_NULL(key, value)   dygw_view_int(w, key, value)
#define JSON_TIME(key, value)          dygw_jsonw_time(w, key, value)
#define JSON_VERIFY_STATUS(key, value) dygw_jsonw_string(w, key, dygw_verify_status_word(value))
#define JSON_STATE(key, value)         dygw_jsonw_string(w, key, dygw_payout_state_word(value))

#define PUT(kind, key, member)     JSON_##kind(key, row->member);
#define PUT_AMOUNT(member, number) dygw_view_int(w, #member, amounts->member);
#define PUT_COUNT(name, word)      put_count(w, #word "_count", sums, DYGW_PAYOUT_##name);

static void put_count(dygw_jsonw_t *w, const char *key, const dygw_payout_sums_t *sums,
                      dygw_payout_state_e state)
{
    dygw_jsonw_int(w, key, sums->count_of[state]);
}

static void put_expected(dygw_jsonw_t *w, const dygw_payout_amounts_t *amounts)
{
    dygw_jsonw_object(w, "expected");
    DYGW_PAYOUT_AMOUNTS(PUT_AMOUNT)
    dygw_jsonw_end_object(w);
}

static void view_payout(dygw_jsonw_t *w, const dygw_payout_row_t *row)
{
    dygw_jsonw_object(w, NULL);
    DYGW_PAYOUT_VIEW(PUT)
    put_expected(w, &row->expected);
    dygw_jsonw_end_object(w);
}

static int reply_payouts(dygw_call_t *call, const dygw_payout_query_t *wanted,
                         const dygw_report_page_t *found)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, call->r->pool, ROW_SIZE * ((apr_size_t)found->rows->nelts + 1));
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "data");
    for (int i = 0; i < found->rows->nelts; i++) {
        view_payout(&w, &APR_ARRAY_IDX(found->rows, i, const dygw_payout_row_t));
    }
    dygw_jsonw_end_array(&w);
    dygw_report_put_paging(&w, &wanted->paging, found->total, found->next_after_id);
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

static void view_payout_sums(dygw_jsonw_t *w, const dygw_payout_sums_t *sums)
{
    dygw_jsonw_int(w, "count", sums->count);
    DYGW_PAYOUT_STATES(PUT_COUNT)
    dygw_jsonw_int(w, "pay_amount", sums->pay_amount);
    put_expected(w, &sums->expected);
}

static int reply_groups(dygw_call_t *call, const dygw_payout_query_t *wanted,
                        const dygw_payout_summary_t *summary)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, call->r->pool, ROW_SIZE * ((apr_size_t)summary->rows->nelts + 1));
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "data");
    for (int i = 0; i < summary->rows->nelts; i++) {
        const dygw_payout_group_t *group
            = APR_ARRAY_IDX(summary->rows, i, const dygw_payout_group_t *);

        dygw_jsonw_object(&w, NULL);
        dygw_group_by_view(&w, wanted->keys, group->keys, group->app_name);
        view_payout_sums(&w, &group->sums);
        dygw_jsonw_end_object(&w);
    }
    dygw_jsonw_end_array(&w);
    dygw_jsonw_object(&w, "total");
    view_payout_sums(&w, &summary->total);
    dygw_jsonw_end_object(&w);
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

/* --- the endpoint --- */

static int answer_groups(dygw_call_t *call, const dygw_payout_query_t *wanted)
{
    dygw_payout_summary_t summary;
    dygw_result_t out;

    dygw_payout_report_sums(&call->ctx, &wanted->filter, wanted->keys, &summary, &out);
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    return wanted->csv.csv ? dygw_payouts_reply_groups_csv(call, wanted, &summary)
                           : reply_groups(call, wanted, &summary);
}

static int answer_page(dygw_call_t *call, const dygw_payout_query_t *wanted)
{
    const dygw_paging_t *paging = &wanted->paging;
    dygw_report_page_t found = { 0 };
    dygw_result_t out;

    if (paging->after_id) {
        dygw_payout_report_after(&call->ctx, &wanted->filter, paging->after_id, paging->page_size,
                                 &found, &out);
    }
    else {
        dygw_payout_report_page(&call->ctx, &wanted->filter, paging->page, paging->page_size,
                                &found, &out);
    }
    return out.code == DYGW_OK ? reply_payouts(call, wanted, &found) : dygw_reply_error(call, &out);
}

int dygw_handle_payouts(dygw_call_t *call)
{
    dygw_result_t out = { 0 };
    dygw_payout_query_t wanted;

    read_payout_query(call, &wanted, &out);
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    if (wanted.is_grouped) {
        return answer_groups(call, &wanted);
    }
    return wanted.csv.csv ? dygw_payouts_reply_csv(call, &wanted) : answer_page(call, &wanted);
}
