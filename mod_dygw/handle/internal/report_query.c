/* SPDX-License-Identifier: Apache-2.0
 * Reads the query of a report. A filter that makes no sense is refused and never ignored: nobody
 * could see from the report that it has other verifications than were meant. */
#include "handle/internal/report_query.h"

#include <string.h>

#include <apr_strings.h>

#include "util/spelling.h"

#define ID_DIGITS  18
#define SOUGHT_MAX 64 /* characters of certificate_id and order_id */
#define CSV_SIZE   65536

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

static const char *read_id_filter(const apr_table_t *query, const char *name, dygw_result_t *out)
{
    const char *value = apr_table_get(query, name);

    if (value && !dygw_is_printable(value, 1, SOUGHT_MAX)) {
        dygw_invalid(out, name, "that id must have 1 to 64 characters");
    }
    return value;
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
    filter->certificate_id = read_id_filter(query, "certificate_id", out);
    filter->order_id = read_id_filter(query, "order_id", out);
    if (filter->end_time != DYGW_NO_TIME && filter->end_time <= filter->start_time) {
        dygw_invalid(out, "end_time", "end_time is not after start_time");
    }
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
