/* SPDX-License-Identifier: Apache-2.0
 * GET /reports/payouts: what Douyin's settlement ledger says will be paid out for the redemptions
 * that match the filters; a page of them, or sums by group_by; all of either as CSV. */
#include "handle/internal/payouts.h"

#include <string.h>

#include <apr_strings.h>

#include "util/day.h"

#define PAGE_MAX      1000000
#define PAGE_SIZE     20
#define PAGE_SIZE_MAX 200
#define ROW_SIZE      1024

static const char *const known_parameters[]
    = { DYGW_REPORT_PARAMETERS, "page", "page_size", "after_id", "group_by", NULL };

#define NAME(name, word) [DYGW_PAYOUT_BY_##name] = #word,

static const char *const key_names[] = { DYGW_PAYOUT_KEYS(NAME) };

/* --- the query --- */

/* Returns the bit of a word of group_by; 0: it is none. */
static int key_of_word(const char *word)
{
    for (int i = 0; i < DYGW_PAYOUT_KEYS_COUNT; i++) {
        if (strcmp(word, key_names[i]) == 0) {
            return 1 << i;
        }
    }
    return 0;
}

static int read_keys(const char *text, apr_pool_t *pool, dygw_result_t *out)
{
    char *rest = apr_pstrdup(pool, text);
    int keys = 0;

    while (rest) {
        char *word = rest;
        int key;

        rest = strchr(word, ',');
        if (rest) {
            *rest++ = '\0';
        }
        key = key_of_word(word);
        if (!key || keys & key) {
            dygw_invalid(out, "group_by",
                         "group_by must be some of day, poi_id, store, account_id, app_id and "
                         "product_id, each once, with commas between");
            return 0;
        }
        keys |= key;
    }
    return keys;
}

/* Groups and CSV come as a whole: parameters of a page are a mistake then. */
static void check_paging(const apr_table_t *query, const dygw_payout_query_t *wanted,
                         dygw_result_t *out)
{
    static const char *const paging[] = { "page", "page_size", "after_id" };

    if (wanted->after_id && apr_table_get(query, "page")) {
        dygw_invalid(out, "after_id", "after_id and page exclude each other");
    }
    for (size_t i = 0; i < sizeof(paging) / sizeof(*paging); i++) {
        if ((wanted->csv.csv || wanted->is_grouped) && apr_table_get(query, paging[i])) {
            dygw_invalid(out, paging[i], "export=csv and group_by have no pages, they give all");
        }
    }
}

static void read_payout_query(dygw_call_t *call, dygw_payout_query_t *wanted, dygw_result_t *out)
{
    apr_table_t *query = dygw_read_query(call, known_parameters, out);
    const char *group_by = apr_table_get(query, "group_by");

    dygw_report_read_filter(call, query, &wanted->filter, out);
    dygw_report_read_export(call, query, &wanted->csv, out);
    wanted->is_grouped = group_by != NULL;
    wanted->keys = group_by ? read_keys(group_by, call->r->pool, out) : 0;
    wanted->page = dygw_query_int(query, "page", 1, PAGE_MAX, 1, out);
    wanted->page_size = dygw_query_int(query, "page_size", 1, PAGE_SIZE_MAX, PAGE_SIZE, out);
    wanted->after_id = dygw_query_id(query, "after_id", out);
    check_paging(query, wanted, out);
}

/* --- JSON --- */

static void put_int(dygw_jsonw_t *w, const char *key, apr_int64_t value)
{
    if (value == DYGW_NO_INT) {
        dygw_jsonw_null(w, key);
        return;
    }
    dygw_jsonw_int(w, key, value);
}

#define JSON_ID(key, value)            dygw_jsonw_string(w, key, value)
#define JSON_INT_ID(key, value)        dygw_jsonw_int(w, key, value)
#define JSON_TEXT(key, value)          dygw_jsonw_string(w, key, value)
#define JSON_INT(key, value)           dygw_jsonw_int(w, key, value)
#define JSON_INT_OR_NULL(key, value)   put_int(w, key, value)
#define JSON_TIME(key, value)          dygw_jsonw_time(w, key, value)
#define JSON_VERIFY_STATUS(key, value) dygw_jsonw_string(w, key, dygw_verify_status_word(value))
#define JSON_STATE(key, value)         dygw_jsonw_string(w, key, dygw_payout_state_word(value))

#define PUT(kind, key, member)     JSON_##kind(key, row->member);
#define PUT_AMOUNT(member, number) put_int(w, #member, amounts->member);
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
                         const dygw_payout_page_t *found)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, call->r->pool, ROW_SIZE * ((apr_size_t)found->rows->nelts + 1));
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "data");
    for (int i = 0; i < found->rows->nelts; i++) {
        view_payout(&w, &APR_ARRAY_IDX(found->rows, i, const dygw_payout_row_t));
    }
    dygw_jsonw_end_array(&w);
    if (!wanted->after_id) {
        dygw_jsonw_int(&w, "page", wanted->page);
    }
    dygw_jsonw_int(&w, "page_size", wanted->page_size);
    if (!wanted->after_id) {
        dygw_jsonw_int(&w, "total", found->total);
    }
    put_int(&w, "next_after_id", found->next_after_id ? found->next_after_id : DYGW_NO_INT);
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

static void put_key(dygw_jsonw_t *w, const dygw_payout_group_t *group, int key, int zone)
{
    const char *value = group->keys[key];

    switch (key) {
    case DYGW_PAYOUT_BY_DAY:
        dygw_jsonw_string(w, key_names[key], dygw_day_of(apr_atoi64(value), zone, w->pool));
        break;
    case DYGW_PAYOUT_BY_APP:
        dygw_jsonw_int(w, key_names[key], apr_atoi64(value));
        dygw_jsonw_string(w, "app_name", group->app_name);
        break;
    default:
        dygw_jsonw_string(w, key_names[key], value);
        break;
    }
}

static int reply_groups(dygw_call_t *call, const dygw_payout_query_t *wanted,
                        const dygw_payout_summary_t *summary)
{
    const int zone = call->runtime->gateway.time_zone;
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, call->r->pool, ROW_SIZE * ((apr_size_t)summary->rows->nelts + 1));
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "data");
    for (int i = 0; i < summary->rows->nelts; i++) {
        const dygw_payout_group_t *group
            = APR_ARRAY_IDX(summary->rows, i, const dygw_payout_group_t *);

        dygw_jsonw_object(&w, NULL);
        for (int key = 0; key < DYGW_PAYOUT_KEYS_COUNT; key++) {
            if (wanted->keys & 1 << key) {
                put_key(&w, group, key, zone);
            }
        }
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
    dygw_payout_page_t found = { 0 };
    dygw_result_t out;

    if (wanted->after_id) {
        dygw_payout_report_after(&call->ctx, &wanted->filter, wanted->after_id, wanted->page_size,
                                 &found, &out);
    }
    else {
        dygw_payout_report_page(&call->ctx, &wanted->filter, wanted->page, wanted->page_size,
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
