/* SPDX-License-Identifier: Apache-2.0
 * GET /reports/verifications: the verifications that match the filters; a page of them, or all of
 * them as CSV. */
#include "handle/internal/report_query.h"

#include <string.h>

#define VIEW_SIZE 2048 /* bytes of one verification, without Douyin's answers */
#define NO_PAGES  "export=csv has no pages, it gives all that match"

static const char *const known_parameters[]
    = { DYGW_REPORT_PARAMETERS, DYGW_PAGING_PARAMETERS, "lang", NULL };

typedef struct report_query_t {
    dygw_report_filter_t filter;
    dygw_csv_wanted_t csv;
    dygw_paging_t paging;
} report_query_t;

/* CSV is read in a spreadsheet, which sends no Accept-Language that anybody chose. */
static dygw_lang_e read_csv_language(const apr_table_t *query, const report_query_t *wanted,
                                     dygw_result_t *out)
{
    const char *lang = apr_table_get(query, "lang");

    if (lang && !wanted->csv.csv) {
        dygw_invalid(out, "lang", "lang goes with export=csv; JSON goes by Accept-Language");
    }
    else if (lang && strcmp(lang, "zh") != 0 && strcmp(lang, "en") != 0) {
        dygw_invalid(out, "lang", "lang must be zh or en");
    }
    return lang && strcmp(lang, "en") == 0 ? DYGW_LANG_EN : DYGW_LANG_ZH;
}

static void read_report_query(dygw_call_t *call, report_query_t *wanted, dygw_result_t *out)
{
    apr_table_t *query = dygw_read_query(call, known_parameters, out);

    dygw_report_read_filter(call, query, &wanted->filter, out);
    dygw_report_read_export(call, query, &wanted->csv, out);
    wanted->csv.lang = read_csv_language(query, wanted, out);
    dygw_report_read_paging(query, wanted->csv.csv ? NO_PAGES : NULL, &wanted->paging, out);
}

static apr_size_t report_page_size(const dygw_report_page_t *found)
{
    apr_size_t size = VIEW_SIZE;
    int i;

    for (i = 0; i < found->rows->nelts; i++) {
        const dygw_verification_t *v = APR_ARRAY_IDX(found->rows, i, dygw_verification_t *);

        size += VIEW_SIZE + (v->douyin_response ? strlen(v->douyin_response) : 0);
    }
    return size;
}

static int reply_report_page(dygw_call_t *call, const report_query_t *wanted,
                             const dygw_report_page_t *found)
{
    const dygw_lang_e lang = dygw_advice_language(call);
    dygw_jsonw_t w;
    int i;

    dygw_jsonw_init(&w, call->r->pool, report_page_size(found));
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "data");
    for (i = 0; i < found->rows->nelts; i++) {
        dygw_view_verification(&w, NULL, APR_ARRAY_IDX(found->rows, i, dygw_verification_t *), NULL,
                               lang);
    }
    dygw_jsonw_end_array(&w);
    dygw_report_put_paging(&w, &wanted->paging, found->total, found->next_after_id);
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

static void read_report_page(dygw_call_t *call, const report_query_t *wanted,
                             dygw_report_page_t *found, dygw_result_t *out)
{
    const dygw_paging_t *paging = &wanted->paging;
    const dygw_report_part_t part = { paging->after_id, paging->page_size, 0 };

    if (paging->after_id) {
        dygw_report_after(&call->ctx, &wanted->filter, &part, found, out);
    }
    else {
        dygw_report_page(&call->ctx, &wanted->filter, paging->page, paging->page_size, found, out);
    }
}

int dygw_handle_report(dygw_call_t *call)
{
    dygw_report_page_t found = { 0 };
    dygw_result_t out = { 0 };
    report_query_t wanted;

    read_report_query(call, &wanted, &out);
    if (out.code == DYGW_OK && wanted.csv.csv) {
        return dygw_report_reply_csv(call, &wanted.filter, &wanted.csv);
    }
    if (out.code == DYGW_OK) {
        read_report_page(call, &wanted, &found, &out);
    }
    return out.code == DYGW_OK ? reply_report_page(call, &wanted, &found)
                               : dygw_reply_error(call, &out);
}
