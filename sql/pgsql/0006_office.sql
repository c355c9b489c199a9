-- SPDX-License-Identifier: Apache-2.0
-- Reasons, more numbers to find a verification by, payouts and refunds, version 6, for PostgreSQL 11 and later.
-- By hand: psql -f 0006_office.sql
-- Running it twice does no harm. Hosts of version 5 may go on meanwhile: what is new may be NULL, or has defaults.

BEGIN;

-- Two hosts that start at once: the second waits, and then finds everything made.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(1685681015);
-- Behind a long reader, as pg_dump is, redemptions would wait for as long as this file does: then it gives up, and runs again later.
SET LOCAL lock_timeout = '2s';

-- reason: a word of the catalogue, NULL where there is nothing to explain, and for what older versions wrote until the background
-- has filled it in. after_sale: what became of a refund that was asked for after the redemption, and when Douyin told of it.
ALTER TABLE dygw_verifications
    ADD COLUMN IF NOT EXISTS reason           VARCHAR(32),
    ADD COLUMN IF NOT EXISTS after_sale       VARCHAR(16),
    ADD COLUMN IF NOT EXISTS after_sale_since BIGINT;

-- Numbers that a verification is found by. origin_code backwards: its last digits are enough.
CREATE INDEX IF NOT EXISTS dygw_verifications_number ON dygw_verifications ((reverse(origin_code) COLLATE "C"), id)
    WHERE origin_code IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_request ON dygw_verifications (request_id);
CREATE INDEX IF NOT EXISTS dygw_verifications_ext_order ON dygw_verifications (ext_order_id) WHERE ext_order_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_operator ON dygw_verifications (operator_name, id) WHERE operator_name IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_device ON dygw_verifications (device, id) WHERE device IS NOT NULL;
-- What was refused, and refunds: few rows, so that a redemption adds nothing to these. With the store, for those of one store.
CREATE INDEX IF NOT EXISTS dygw_verifications_error ON dygw_verifications (error_code, id, poi_id) WHERE error_code <> 0;
CREATE INDEX IF NOT EXISTS dygw_verifications_reason ON dygw_verifications (reason, id, poi_id) WHERE reason IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_after_sale ON dygw_verifications (after_sale, id) WHERE after_sale IS NOT NULL;

-- Lists by status, but of `success`, which nearly all have: those are read in the order of the table, and counted as what is left.
CREATE INDEX IF NOT EXISTS dygw_verifications_unusual ON dygw_verifications (verify_status, id) WHERE verify_status <> 'success';
DROP INDEX IF EXISTS dygw_verifications_status;

-- Sums by operator and reason, too, without a look at the rows themselves.
CREATE INDEX IF NOT EXISTS dygw_verifications_totals ON dygw_verifications
    (created_at, poi_id, app_id, product_id, store, account_id, operator_name, reason, verify_status, pay_amount, receipt_amount,
     discount_amount);
DROP INDEX IF EXISTS dygw_verifications_sums;

-- How far a day has been compared whose last run is still to come (NULL: the whole day), and what was left out: a JSON object.
-- compared_of: the generated_at that these belong to; hosts of version 5 make a comparison without them.
ALTER TABLE dygw_reconciliations
    ADD COLUMN IF NOT EXISTS compared_until BIGINT,
    ADD COLUMN IF NOT EXISTS left_out       TEXT,
    ADD COLUMN IF NOT EXISTS compared_of    BIGINT;

-- What Douyin's settlement ledger says of a redemption: the sum of its lines, and the lines as they came. Amounts are NULL where
-- Douyin does not show them, ledger_at and ledger_status until it has a line. next_ask_at: when the ledger is asked next, NULL =
-- never again; ledger_asks: how often it was answered. No name is also one of dygw_verifications, which this is joined to.
CREATE TABLE IF NOT EXISTS dygw_payouts (
    verification_id            BIGINT NOT NULL PRIMARY KEY,
    next_ask_at                BIGINT,
    ledger_asks                BIGINT NOT NULL DEFAULT 0,
    ledger_at                  BIGINT,
    ledger_status              SMALLINT,
    ledger_lines               SMALLINT NOT NULL DEFAULT 0,
    expected_original          BIGINT,
    expected_pay               BIGINT,
    expected_pay_discount      BIGINT,
    expected_merchant_discount BIGINT,
    expected_total             BIGINT,
    expected_goods             BIGINT,
    expected_pay_fee           BIGINT,
    expected_platform_fee      BIGINT,
    expected_talent_commission BIGINT,
    expected_agent_commission  BIGINT,
    expected_operation_agent   BIGINT,
    ledger_records             TEXT
);
CREATE INDEX IF NOT EXISTS dygw_payouts_due ON dygw_payouts (next_ask_at) WHERE next_ask_at IS NOT NULL;

UPDATE dygw_meta SET value = '6' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 6;

COMMIT;
