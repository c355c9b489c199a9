/* SPDX-License-Identifier: Apache-2.0
 * For the files of /reports/payouts only: what its replies have, written once for JSON and for
 * CSV. */
#ifndef DYGW_HANDLE_INTERNAL_PAYOUTS_H
#define DYGW_HANDLE_INTERNAL_PAYOUTS_H

#include "gateway/reports/payout_report.h"
#include "handle/internal/report_query.h"

/* X(kind, key, member of dygw_payout_row_t): a redemption, in the order of the columns. Behind
 * them, `expected` has the amounts. */
#define DYGW_PAYOUT_VIEW(X) \
    X(INT_ID, "id", id) \
    X(TIME, "created_at", created_at) \
    X(TIME, "verify_time", verify_time) \
    X(ID, "poi_id", poi_id) \
    X(ID, "store", store) \
    X(ID, "account_id", account_id) \
    X(INT_ID, "app_id", app_id) \
    X(TEXT, "app_name", app_name) \
    X(ID, "order_id", order_id) \
    X(ID, "certificate_id", certificate_id) \
    X(ID, "verify_id", verify_id) \
    X(ID, "product_id", product_id) \
    X(TEXT, "product_name", product_name) \
    X(ID, "sku_id", sku_id) \
    X(TEXT, "sku_name", sku_name) \
    X(VERIFY_STATUS, "verify_status", verify_status) \
    X(INT_OR_NULL, "pay_amount", pay_amount) \
    X(STATE, "state", state) \
    X(TIME, "ledger_at", ledger_at) \
    X(INT, "lines", ledger_lines)

/* What the query asks for. */
typedef struct dygw_payout_query_t {
    dygw_report_filter_t filter;
    dygw_csv_wanted_t csv;
    int keys; /* of group_by; 0: redemptions one by one */
    int is_grouped;
    dygw_paging_t paging;
} dygw_payout_query_t;

/* Reply with all redemptions that match, or with the groups, as CSV in pieces. Return what the
 * endpoint returns. */
int dygw_payouts_reply_csv(dygw_call_t *call, const dygw_payout_query_t *wanted);
int dygw_payouts_reply_groups_csv(dygw_call_t *call, const dygw_payout_query_t *wanted,
                                  const dygw_payout_summary_t *summary);

#endif
