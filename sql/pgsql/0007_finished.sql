-- SPDX-License-Identifier: Apache-2.0
-- Indexes for reports that a redemption is entered in once, version 7, for PostgreSQL 11 and later.
-- By hand: psql -f 0007_finished.sql
-- Running it twice does no harm. Hosts of version 6 may go on meanwhile; those that ask for what these indexes have (reports, and the
-- removal of what is older than DygwRetention) read the table for it.

BEGIN;

-- Two hosts that start at once: the second waits, and then finds everything made.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(1685681015);
-- Behind a long reader, as pg_dump is, redemptions would wait for as long as this file does: then it gives up, and runs again later.
SET LOCAL lock_timeout = '2s';

-- PostgreSQL writes a row anew when it is recorded, settled and enriched, and enters it in each index each time. These have it when
-- nothing is due any more; the others are few, and are in dygw_verifications_due.
CREATE INDEX IF NOT EXISTS dygw_finished_number ON dygw_verifications ((reverse(origin_code) COLLATE "C"), id)
    WHERE origin_code IS NOT NULL AND next_run_at IS NULL;
CREATE INDEX IF NOT EXISTS dygw_finished_request ON dygw_verifications (request_id) WHERE next_run_at IS NULL;
CREATE INDEX IF NOT EXISTS dygw_finished_ext_order ON dygw_verifications (ext_order_id)
    WHERE ext_order_id IS NOT NULL AND next_run_at IS NULL;
CREATE INDEX IF NOT EXISTS dygw_finished_operator ON dygw_verifications (operator_name, id)
    WHERE operator_name IS NOT NULL AND next_run_at IS NULL;
CREATE INDEX IF NOT EXISTS dygw_finished_device ON dygw_verifications (device, id)
    WHERE device IS NOT NULL AND next_run_at IS NULL;
CREATE INDEX IF NOT EXISTS dygw_finished_poi ON dygw_verifications (poi_id, id, app_id, verify_status)
    WHERE next_run_at IS NULL;
CREATE INDEX IF NOT EXISTS dygw_finished_app ON dygw_verifications (app_id, id, verify_status) WHERE next_run_at IS NULL;
CREATE INDEX IF NOT EXISTS dygw_finished_account ON dygw_verifications (account_id, id, app_id, verify_status)
    WHERE account_id IS NOT NULL AND next_run_at IS NULL;
CREATE INDEX IF NOT EXISTS dygw_finished_totals ON dygw_verifications
    (created_at, poi_id, app_id, product_id, store, account_id, operator_name, reason, verify_status, pay_amount, receipt_amount,
     discount_amount) WHERE next_run_at IS NULL;

DROP INDEX IF EXISTS dygw_verifications_number;
DROP INDEX IF EXISTS dygw_verifications_request;
DROP INDEX IF EXISTS dygw_verifications_ext_order;
DROP INDEX IF EXISTS dygw_verifications_operator;
DROP INDEX IF EXISTS dygw_verifications_device;
DROP INDEX IF EXISTS dygw_verifications_of_poi;
DROP INDEX IF EXISTS dygw_verifications_of_app;
DROP INDEX IF EXISTS dygw_verifications_of_account;
DROP INDEX IF EXISTS dygw_verifications_totals;

-- The rows of a request are found by the primary key.
DROP INDEX IF EXISTS dygw_verifications_first;

UPDATE dygw_meta SET value = '7' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 7;

COMMIT;
