/* SPDX-License-Identifier: Apache-2.0
 * What the endpoints of reports have in common: their filters, and how a reply is CSV. */
#ifndef DYGW_HANDLE_INTERNAL_REPORT_QUERY_H
#define DYGW_HANDLE_INTERNAL_REPORT_QUERY_H

#include "gateway/reports/report.h"
#include "handle/internal/internal.h"
#include "util/csv.h"

/* --- report_query.c --- */
/* The names of the parameters that the functions below read, for a list of known parameters. */
#define DYGW_REPORT_PARAMETERS \
    "start_time", "end_time", "poi_id", "store", "account_id", "app_id", "status", "reason", \
        "error_code", "after_sale", "code", "certificate_id", "order_id", "ext_order_id", \
        "verify_id", "request_id", "operator", "device", "export", "bom", "raw"

/* Reads the filters of a query; text is borrowed from the query and the configuration. A mistake is
 * told by *out. */
void dygw_report_read_filter(dygw_call_t *call, const apr_table_t *query,
                             dygw_report_filter_t *filter, dygw_result_t *out);

/* Returns a parameter that is an id, a positive integer; 0 when it is absent or wrong (*out). */
apr_int64_t dygw_query_id(const apr_table_t *query, const char *name, dygw_result_t *out);

/* Which part of a list the caller wants. */
#define DYGW_PAGING_PARAMETERS "page", "page_size", "after_id"
typedef struct dygw_paging_t {
    int page;
    int page_size;
    apr_int64_t after_id; /* 0: the caller asks by page */
} dygw_paging_t;

/* Reads the parameters above. no_pages: why each of them is a mistake; NULL: none is. A mistake is
 * told by *out. */
void dygw_report_read_paging(const apr_table_t *query, const char *no_pages, dygw_paging_t *paging,
                             dygw_result_t *out);

/* The members of a reply that say which part of the list it has; next_after_id 0: the last one. */
void dygw_report_put_paging(dygw_jsonw_t *w, const dygw_paging_t *paging, apr_int64_t total,
                            apr_int64_t next_after_id);

/* Whether the caller wants CSV, and which. */
typedef struct dygw_csv_wanted_t {
    int csv;          /* 0: JSON */
    int bom;          /* with a byte order mark, for Excel */
    int raw;          /* as data, not for spreadsheets: see util/csv.h */
    dygw_lang_e lang; /* of the advice */
} dygw_csv_wanted_t;

/* Reads a parameter that is 0 or 1 and only about CSV; csv: whether CSV is wanted. A mistake, such
 * as the parameter without CSV, is told by *out. */
int dygw_report_read_switch(dygw_call_t *call, const apr_table_t *query, const char *name, int csv,
                            dygw_result_t *out);

/* Reads the parameters export, bom and raw. A mistake is told by *out. */
void dygw_report_read_export(dygw_call_t *call, const apr_table_t *query, dygw_csv_wanted_t *wanted,
                             dygw_result_t *out);

/* Makes *csv a writer, which has written the BOM when one is wanted, in the request's pool. Sets
 * the file name that browsers use for the reply. */
void dygw_report_csv_init(dygw_csv_t *csv, dygw_call_t *call, const dygw_csv_wanted_t *wanted,
                          const char *file_name);

/* --- report_csv.c --- */
/* A list as CSV, in pieces. A page of it is read into *page, whose rows the writer knows. */
typedef struct dygw_export_t {
    const char *file_name;
    void (*write_head)(dygw_csv_t *csv);
    /* Reads the rows behind below_id, size of them at most. */
    void (*read)(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, apr_int64_t below_id,
                 int size, dygw_report_page_t *page, dygw_result_t *out);
    void (*write)(dygw_csv_t *csv, const dygw_report_page_t *page, int row, dygw_lang_e lang);
} dygw_export_t;

/* Replies with all that matches. Returns what the endpoint returns. */
int dygw_export_reply(dygw_call_t *call, const dygw_export_t *what,
                      const dygw_report_filter_t *filter, const dygw_csv_wanted_t *wanted);

/* Replies with all verifications that match, as CSV in pieces. Returns what the endpoint
 * returns. */
int dygw_report_reply_csv(dygw_call_t *call, const dygw_report_filter_t *filter,
                          const dygw_csv_wanted_t *wanted);

#endif
