/* SPDX-License-Identifier: Apache-2.0
 * Reads the query of a report. A filter that makes no sense is refused and never ignored: nobody
 * could see from the report that it has other verifications than were meant. */
#include "handle/internal/report_query.h"

#include <string.h>

#include <apr_strings.h>

#include "util/spelling.h"

#define ID_DIGITS  18
#define SOUGHT_MAX 64 /* characters of the numbers that Douyin and callers give */
#define CSV_SIZE   65536

#define PAGE_MAX      1000000
#define PAGE_SIZE     20
#define PAGE_SIZE_MAX 200

/* Digits of a coupon's number, and of the last ones of it that are enough where times are given. */
#define CODE_MIN 8
#define CODE_MAX 20
#define TAIL_MIN 4
#define TAIL_MAX 12

apr_int64_t dygw_query_id(const apr_table_t *query, const char *name, dygw_result_t *out)
{
    const char *text = apr_table_get(query, name);
    apr_size_t digits = text ? strspn(text, "0123456789") : 0;

    if (!text) {
        return 0;
    }
    if (digits == 0 || digits > ID_DIGITS || text[digits] != '\0' || *text == '0') {
        dygw_invalid(out, name, "that id is not a positive integer");
        return 0;
    }
    return apr_atoi64(text);
}

static int read_status_filter(const apr_table_t *query, dygw_result_t *out)
{
    const char *word = apr_table_get(query, "status");
    int status;

    for (status = DYGW_PROCESSING; word && status <= DYGW_CANCELLED; status++) {
        if (strcmp(word, dygw_verify_status_word((dygw_verify_status_e)status)) == 0) {
            return status;
        }
    }
    if (word) {
        dygw_invalid(out, "status", "status must be processing, success, failed or cancelled");
    }
    return DYGW_ANY_STATUS;
}

/* A store that was declared since has verifications without its code: its poi_id finds them, too.
 */
static const char *read_store_filter(const dygw_call_t *call, const apr_table_t *query,
                                     dygw_result_t *out)
{
    dygw_named_store_t named;

    dygw_query_store(query, call->ctx.gateway, &named, out);
    return named.poi_id;
}

static const char *read_text_filter(const apr_table_t *query, const char *name, dygw_result_t *out)
{
    const char *value = apr_table_get(query, name);

    if (value && !dygw_is_printable(value, 1, SOUGHT_MAX)) {
        dygw_invalid(
            out, name,
            apr_pstrcat(apr_table_elts(query)->pool, name, " must have 1 to 64 characters", NULL));
    }
    return value;
}

static void read_error_filter(const apr_table_t *query, dygw_report_filter_t *filter,
                              dygw_result_t *out)
{
    const char *text = apr_table_get(query, "error_code");
    apr_size_t digits;

    if (!text) {
        return;
    }
    digits = strspn(text + (*text == '-'), "0123456789");
    if (digits == 0 || digits > ID_DIGITS - 3 || text[digits + (*text == '-')] != '\0') {
        dygw_invalid(out, "error_code", "error_code must be an integer of at most 15 digits");
        return;
    }
    filter->error_code = apr_atoi64(text);
}

static void read_reason_filter(const apr_table_t *query, dygw_report_filter_t *filter,
                               dygw_result_t *out)
{
    const char *word = apr_table_get(query, "reason");

    if (word && !dygw_report_filter_reason(filter, word)) {
        dygw_invalid(out, "reason", "reason must be a word of the catalogue of reasons");
    }
}

static dygw_after_sale_e read_after_sale_filter(const apr_table_t *query, dygw_result_t *out)
{
    const char *word = apr_table_get(query, "after_sale");
    int after_sale;

    for (after_sale = 0; word && after_sale <= DYGW_AFTER_SALE_CLOSED; after_sale++) {
        if (strcmp(word, dygw_after_sale_word((dygw_after_sale_e)after_sale)) == 0) {
            return (dygw_after_sale_e)after_sale;
        }
    }
    if (word) {
        dygw_invalid(out, "after_sale",
                     "after_sale must be requested, agreed, refused, refunded or closed");
    }
    return DYGW_AFTER_SALE_NONE;
}

/* Fewer than 8 digits are the last ones of a coupon's number, and with a time up to 12 are. Only a
 * time makes few of what has the same last digits. */
static void read_code_filter(const apr_table_t *query, dygw_report_filter_t *filter,
                             dygw_result_t *out)
{
    const int timed = filter->start_time != DYGW_NO_TIME || filter->end_time != DYGW_NO_TIME;
    const char *typed = apr_table_get(query, "code");
    apr_size_t digits;
    char *code;

    if (!typed) {
        return;
    }
    code = apr_pstrdup(apr_table_elts(query)->pool, typed);
    dygw_drop_joints(code);
    digits = strspn(code, "0123456789");
    if (code[digits] != '\0' || digits < TAIL_MIN || digits > CODE_MAX) {
        dygw_invalid(out, "code",
                     "code must be the 8 to 20 digits of a coupon's number, or its last 4 to 12");
    }
    else if (digits < CODE_MIN && !timed) {
        dygw_invalid(out, "code",
                     "fewer than 8 digits are the last ones of a coupon's number: give start_time "
                     "or end_time with them, or the whole number");
    }
    filter->code = code;
    filter->code_is_tail = timed && digits <= TAIL_MAX;
}

void dygw_report_read_filter(dygw_call_t *call, const apr_table_t *query,
                             dygw_report_filter_t *filter, dygw_result_t *out)
{
    const int zone = call->runtime->gateway.time_zone;

    dygw_report_filter_init(filter);
    filter->start_time = dygw_query_time(query, "start_time", DYGW_EDGE_START, zone, out);
    filter->end_time = dygw_query_time(query, "end_time", DYGW_EDGE_END, zone, out);
    filter->poi_id = read_store_filter(call, query, out);
    filter->account_id = dygw_query_account(query, out);
    filter->app_id = dygw_query_id(query, "app_id", out);
    filter->status = read_status_filter(query, out);
    read_reason_filter(query, filter, out);
    read_error_filter(query, filter, out);
    filter->after_sale = read_after_sale_filter(query, out);
    read_code_filter(query, filter, out);
    filter->certificate_id = read_text_filter(query, "certificate_id", out);
    filter->order_id = read_text_filter(query, "order_id", out);
    filter->ext_order_id = read_text_filter(query, "ext_order_id", out);
    filter->verify_id = read_text_filter(query, "verify_id", out);
    filter->request_id = read_text_filter(query, "request_id", out);
    filter->operator_name = read_text_filter(query, "operator", out);
    filter->device = read_text_filter(query, "device", out);
    if (filter->end_time != DYGW_NO_TIME && filter->end_time <= filter->start_time) {
        dygw_invalid(out, "end_time", "end_time is not after start_time");
    }
}

void dygw_report_read_paging(const apr_table_t *query, const char *no_pages, dygw_paging_t *paging,
                             dygw_result_t *out)
{
    static const char *const names[] = { DYGW_PAGING_PARAMETERS };

    paging->page = dygw_query_int(query, "page", 1, PAGE_MAX, 1, out);
    paging->page_size = dygw_query_int(query, "page_size", 1, PAGE_SIZE_MAX, PAGE_SIZE, out);
    paging->after_id = dygw_query_id(query, "after_id", out);
    if (paging->after_id && apr_table_get(query, "page")) {
        dygw_invalid(out, "after_id", "after_id and page exclude each other");
    }
    for (size_t i = 0; no_pages && i < sizeof(names) / sizeof(*names); i++) {
        if (apr_table_get(query, names[i])) {
            dygw_invalid(out, names[i], no_pages);
        }
    }
}

void dygw_report_put_paging(dygw_jsonw_t *w, const dygw_paging_t *paging, apr_int64_t total,
                            apr_int64_t next_after_id)
{
    if (!paging->after_id) {
        dygw_jsonw_int(w, "page", paging->page);
    }
    dygw_jsonw_int(w, "page_size", paging->page_size);
    if (!paging->after_id) {
        dygw_jsonw_int(w, "total", total);
    }
    dygw_view_int(w, "next_after_id", next_after_id ? next_after_id : DYGW_NO_INT);
}

int dygw_report_read_switch(dygw_call_t *call, const apr_table_t *query, const char *name, int csv,
                            dygw_result_t *out)
{
    int on = dygw_query_int(query, name, 0, 1, 0, out);

    if (!csv && apr_table_get(query, name)) {
        dygw_invalid(out, name, apr_pstrcat(call->r->pool, name, " goes with export=csv", NULL));
    }
    return on;
}

void dygw_report_read_export(dygw_call_t *call, const apr_table_t *query, dygw_csv_wanted_t *wanted,
                             dygw_result_t *out)
{
    const char *format = apr_table_get(query, "export");

    wanted->csv = format != NULL;
    if (format && strcmp(format, "csv") != 0) {
        dygw_invalid(out, "export", "export must be csv");
    }
    wanted->lang = DYGW_LANG_ZH;
    wanted->bom = dygw_report_read_switch(call, query, "bom", wanted->csv, out);
    wanted->raw = dygw_report_read_switch(call, query, "raw", wanted->csv, out);
}

void dygw_report_csv_init(dygw_csv_t *csv, dygw_call_t *call, const dygw_csv_wanted_t *wanted,
                          const char *file_name)
{
    apr_table_setn(call->r->headers_out, "Content-Disposition",
                   apr_psprintf(call->r->pool, "attachment; filename=\"%s\"", file_name));
    dygw_csv_init(csv, call->r->pool, CSV_SIZE, call->runtime->gateway.time_zone, wanted->raw);
    if (wanted->bom) {
        dygw_csv_bom(csv);
    }
}
