-- SPDX-License-Identifier: Apache-2.0
INSERT INTO dygw_verifications (id, app_id, app_name, poi_id, verify_status, certificate_id, encrypted_code,
    origin_code, product_id, product_name, sku_id, sku_name, order_id, source_order_id, pay_amount, enrichment_status,
    expire_time, created_at, updated_at, mode, request_id, verify_token, first_id, attempts, lease_until, next_run_at,
    attempt_key, sent_at, request_key, account_id)
VALUES ($1, 1, 'app of a test', $2, 'processing', $3, $4, $5, $6, $7, $6, $7, $8, $8, $9, 'none',
    $10, $11, $11, 'code', $12, $13, $1, 1, $14, $14, $15, $11, $16, $17)
ON CONFLICT DO NOTHING
