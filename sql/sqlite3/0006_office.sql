-- SPDX-License-Identifier: Apache-2.0
-- Reasons, more numbers to find a verification by, payouts and refunds, version 6, for SQLite 3.24 and later.
-- By hand: sqlite3 dygw.db < 0006_office.sql
-- Hosts of version 5 may go on meanwhile: what is new may be NULL, or has defaults. SQLite cannot add a column only where it is not
-- there: run twice, each ADD COLUMN says "duplicate column name" and changes nothing, the rest is done (with -bail: nothing is).

-- Two hosts that start at once: the second waits, and then finds everything made.
PRAGMA busy_timeout = 10000;

-- dygw_verifications_totals takes its place. Before all else, so that it is gone even where the files are run twice.
DROP INDEX IF EXISTS dygw_verifications_sums;

BEGIN IMMEDIATE;

-- A word of the catalogue of reasons; NULL where there is nothing to explain, and for what older versions wrote until the background
-- has filled it in.
ALTER TABLE dygw_verifications ADD COLUMN reason TEXT;
-- What became of a refund that was asked for after the redemption, and when Douyin told of it.
ALTER TABLE dygw_verifications ADD COLUMN after_sale TEXT;
ALTER TABLE dygw_verifications ADD COLUMN after_sale_since INTEGER;

COMMIT;

-- Each index by itself: what is redeemed meanwhile gets its turn between two of them.

-- Numbers that a verification is found by. origin_code backwards, whose last digits are enough: SQLite has no reverse().
CREATE INDEX IF NOT EXISTS dygw_verifications_number ON dygw_verifications
    ((substr(origin_code, 20, 1) || substr(origin_code, 19, 1) || substr(origin_code, 18, 1) ||
     substr(origin_code, 17, 1) || substr(origin_code, 16, 1) || substr(origin_code, 15, 1) ||
     substr(origin_code, 14, 1) || substr(origin_code, 13, 1) || substr(origin_code, 12, 1) ||
     substr(origin_code, 11, 1) || substr(origin_code, 10, 1) || substr(origin_code, 9, 1) ||
     substr(origin_code, 8, 1) || substr(origin_code, 7, 1) || substr(origin_code, 6, 1) || substr(origin_code, 5, 1) ||
     substr(origin_code, 4, 1) || substr(origin_code, 3, 1) || substr(origin_code, 2, 1) || substr(origin_code, 1, 1)), id)
    WHERE origin_code IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_request ON dygw_verifications (request_id);
CREATE INDEX IF NOT EXISTS dygw_verifications_ext_order ON dygw_verifications (ext_order_id) WHERE ext_order_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_operator ON dygw_verifications (operator_name, id) WHERE operator_name IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_device ON dygw_verifications (device, id) WHERE device IS NOT NULL;
-- What was refused, and refunds: few rows, so that a redemption adds nothing to these.
CREATE INDEX IF NOT EXISTS dygw_verifications_error ON dygw_verifications (error_code, id) WHERE error_code <> 0;
CREATE INDEX IF NOT EXISTS dygw_verifications_reason ON dygw_verifications (reason, id) WHERE reason IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_after_sale ON dygw_verifications (after_sale, id) WHERE after_sale IS NOT NULL;

-- Sums by operator and reason, too, without a look at the rows themselves.
CREATE INDEX IF NOT EXISTS dygw_verifications_totals ON dygw_verifications
    (created_at, poi_id, app_id, product_id, store, account_id, operator_name, reason, verify_status, pay_amount, receipt_amount,
     discount_amount);

BEGIN IMMEDIATE;

-- How far a day has been compared whose last run is still to come (NULL: the whole day), and what was left out: a JSON object.
-- compared_of: the generated_at that these belong to; hosts of version 5 make a comparison without them.
ALTER TABLE dygw_reconciliations ADD COLUMN compared_until INTEGER;
ALTER TABLE dygw_reconciliations ADD COLUMN left_out TEXT;
ALTER TABLE dygw_reconciliations ADD COLUMN compared_of INTEGER;

-- What Douyin's settlement ledger says of a redemption: the sum of its lines, and the lines as they came. Amounts are NULL where
-- Douyin does not show them, ledger_at and ledger_status until it has a line. next_ask_at: when the ledger is asked next, NULL =
-- never again; ledger_asks: how often it was answered. No name is also one of dygw_verifications, which this is joined to.
CREATE TABLE IF NOT EXISTS dygw_payouts (
    verification_id            INTEGER NOT NULL PRIMARY KEY,
    next_ask_at                INTEGER,
    ledger_asks                INTEGER NOT NULL DEFAULT 0,
    ledger_at                  INTEGER,
    ledger_status              INTEGER,
    ledger_lines               INTEGER NOT NULL DEFAULT 0,
    expected_original          INTEGER,
    expected_pay               INTEGER,
    expected_pay_discount      INTEGER,
    expected_merchant_discount INTEGER,
    expected_total             INTEGER,
    expected_goods             INTEGER,
    expected_pay_fee           INTEGER,
    expected_platform_fee      INTEGER,
    expected_talent_commission INTEGER,
    expected_agent_commission  INTEGER,
    expected_operation_agent   INTEGER,
    ledger_records             TEXT
);
CREATE INDEX IF NOT EXISTS dygw_payouts_due ON dygw_payouts (next_ask_at) WHERE next_ask_at IS NOT NULL;

UPDATE dygw_meta SET value = '6' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 6;

COMMIT;
