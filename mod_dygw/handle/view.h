/* SPDX-License-Identifier: Apache-2.0
 * What callers see of a verification: one list for its JSON (view.c) and its CSV (view_csv.c), in
 * the contract's order.
 *
 * A line is X(kind, key, member): the key in JSON is the head of the column in CSV. The kind says
 * how both write the value: ID and INT_ID are what a spreadsheet must not take for a number;
 * TEXT_OR_EMPTY is "" in JSON where it is absent, not null; INT_OR_NULL is null, or an empty cell,
 * at DYGW_NO_INT; TIME is RFC 3339 in JSON and local time in CSV; an enum is its dygw_*_word().
 * REASON, RETRYABLE (true or false) and ADVICE are what gateway/reasons.h says of the whole, absent
 * where it says nothing. JSON_ONLY(kind, key, member) is not in CSV. */
#ifndef DYGW_HANDLE_VIEW_H
#define DYGW_HANDLE_VIEW_H

#define DYGW_VIEW(X, JSON_ONLY) \
    X(INT_ID, "id", id) \
    X(INT_ID, "app_id", app_id) \
    X(TEXT, "app_name", app_name) \
    X(ID, "poi_id", poi_id) \
    X(VERIFY_STATUS, "verify_status", verify_status) \
    X(INT, "error_code", error_code) \
    X(TEXT_OR_EMPTY, "error_description", error_description) \
    X(ID, "certificate_id", certificate_id) \
    X(ID, "encrypted_code", encrypted_code) \
    X(ID, "origin_code", origin_code) \
    X(COUPON_STATUS, "coupon_status", coupon_status) \
    X(ID, "product_id", product_id) \
    X(TEXT, "product_name", product_name) \
    X(ID, "sku_id", sku_id) \
    X(TEXT, "sku_name", sku_name) \
    X(INT_OR_NULL, "verify_records_count", verify_records_count) \
    X(ID, "verify_id", verify_id) \
    X(ID, "order_id", order_id) \
    X(ID, "source_order_id", source_order_id) \
    X(ID, "ext_order_id", ext_order_id) \
    X(INT_OR_NULL, "order_status", order_status) \
    X(INT_OR_NULL, "pay_amount", pay_amount) \
    X(INT_OR_NULL, "receipt_amount", receipt_amount) \
    X(INT_OR_NULL, "discount_amount", discount_amount) \
    X(ENRICH_STATUS, "enrichment_status", enrichment_status) \
    X(INT, "enrichment_retry_count", enrichment_retry_count) \
    JSON_ONLY(RAW, "douyin_response", douyin_response) \
    X(TIME, "expire_time", expire_time) \
    X(TIME, "verify_time", verify_time) \
    X(TIME, "create_order_time", create_order_time) \
    X(TIME, "pay_time", pay_time) \
    X(TIME, "created_at", created_at) \
    X(TIME, "updated_at", updated_at) \
    X(MODE, "mode", mode) \
    X(ID, "operator", operator_name) \
    X(ID, "device", device) \
    X(TIME, "cancelable_until", cancelable_until) \
    X(CONFIRMED_BY, "confirmed_by", confirmed_by) \
    X(ID, "request_id", request_id) \
    X(ID, "store", store) \
    X(ID, "account_id", account_id) \
    X(AFTER_SALE, "after_sale", after_sale) \
    X(REASON, "reason", reason) \
    X(RETRYABLE, "retryable", reason) \
    X(ADVICE, "advice", reason)

/* What CSV has behind it: fen as yuan. */
#define DYGW_VIEW_YUAN(X) \
    X("pay_amount_yuan", pay_amount) \
    X("receipt_amount_yuan", receipt_amount) \
    X("discount_amount_yuan", discount_amount)

#endif
