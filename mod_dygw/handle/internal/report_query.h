/* SPDX-License-Identifier: Apache-2.0
 * What the endpoints of reports have in common: their filters, and CSV as the form of the reply. */
#ifndef DYGW_HANDLE_INTERNAL_REPORT_QUERY_H
#define DYGW_HANDLE_INTERNAL_REPORT_QUERY_H

#include "gateway/reports/report.h"
#include "handle/internal/internal.h"
#include "util/csv.h"

/* --- report_query.c --- */
/* The names of the filters, to begin a list of known parameters with. */
#define DYGW_REPORT_PARAMETERS \
    "start_time", "end_time", "poi_id", "app_id", "status", "certificate_id", "order_id", \
    "export", "bom", "raw"

/* Reads the filters of a query. */
void dygw_report_read_filter(dygw_call_t *call, const apr_table_t *query,
                             dygw_report_filter_t *filter, dygw_result_t *out);

/* A parameter as an id, a positive integer; 0 when absent. */
apr_int64_t dygw_query_id(const apr_table_t *query, const char *name, dygw_result_t *out);

/* The form of the reply that the caller wants. */
typedef struct dygw_csv_wanted_t {
    int csv;        /* 0: JSON */
    int bom;        /* with a byte order mark, for Excel */
    int raw;        /* see util/csv.h */
} dygw_csv_wanted_t;
void dygw_report_read_export(dygw_call_t *call, const apr_table_t *query, dygw_csv_wanted_t *wanted,
                             dygw_result_t *out);

/* Makes *csv a writer, which starts with a BOM if that is wanted, and gives the reply the file name
 * for browsers. */
void dygw_report_csv_init(dygw_csv_t *csv, dygw_call_t *call, const dygw_csv_wanted_t *wanted,
                          const char *file_name);

/* --- report_csv.c --- */
/* Replies all records that match, streamed as CSV. For the endpoint to return. */
int dygw_report_reply_csv(dygw_call_t *call, const dygw_report_filter_t *filter,
                          const dygw_csv_wanted_t *wanted);

#endif
