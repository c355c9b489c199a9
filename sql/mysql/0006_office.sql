-- SPDX-License-Identifier: Apache-2.0
-- Reasons, more numbers to find a verification by, payouts and refunds, version 6, for MariaDB 10.6 and MySQL 8.0 and later.
-- By hand: mariadb dygw < 0006_office.sql
-- Running it twice does no harm. Hosts of version 5 may go on meanwhile: what is new may be NULL, or has defaults.

-- Two hosts that start at once: the second waits, and then finds everything made.
DO GET_LOCK(CONCAT('dygw_schema ', DATABASE()), 60);

-- reason: a word of the catalogue, NULL where there is nothing to explain, and for what older versions wrote until the background
-- has filled it in. after_sale: what became of a refund that was asked for after the redemption, and when Douyin told of it.
-- Only where it is not done: MySQL has no ADD COLUMN IF NOT EXISTS. By itself, as then no row is looked at.
SET @dygw_alter = 'ALTER TABLE dygw_verifications
    ADD COLUMN reason           VARCHAR(32),
    ADD COLUMN after_sale       VARCHAR(16),
    ADD COLUMN after_sale_since BIGINT';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND column_name = 'after_sale_since') = 0, @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

-- origin_code backwards: its last digits are enough to find a verification. It is computed, and kept in the index alone.
SET @dygw_alter = 'ALTER TABLE dygw_verifications
    ADD COLUMN code_backwards VARCHAR(64) GENERATED ALWAYS AS (REVERSE(origin_code)) VIRTUAL';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND column_name = 'code_backwards') = 0, @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

-- Numbers that a verification is found by, what was refused, and refunds. Redemptions go on while these are made.
SET @dygw_alter = 'ALTER TABLE dygw_verifications
    ADD KEY dygw_verifications_number (code_backwards, id),
    ADD KEY dygw_verifications_request (request_id),
    ADD KEY dygw_verifications_ext_order (ext_order_id),
    ADD KEY dygw_verifications_operator (operator_name, id),
    ADD KEY dygw_verifications_device (device, id),
    ADD KEY dygw_verifications_error (error_code, id),
    ADD KEY dygw_verifications_reason (reason, id),
    ADD KEY dygw_verifications_after_sale (after_sale, id)';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND index_name = 'dygw_verifications_number') = 0, @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

-- Sums by operator and reason, too, without a look at the rows themselves.
SET @dygw_alter = 'ALTER TABLE dygw_verifications
    DROP KEY dygw_verifications_sums,
    ADD KEY dygw_verifications_sums
        (created_at, poi_id, app_id, product_id, store, account_id, operator_name, reason, verify_status, pay_amount,
         receipt_amount, discount_amount)';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND index_name = 'dygw_verifications_sums' AND column_name = 'reason') = 0,
    @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

-- How far a day has been compared whose last run is still to come (NULL: the whole day), and what was left out: a JSON object.
-- compared_of: the generated_at that these belong to; hosts of version 5 make a comparison without them.
SET @dygw_alter = 'ALTER TABLE dygw_reconciliations
    ADD COLUMN compared_until BIGINT,
    ADD COLUMN left_out       TEXT,
    ADD COLUMN compared_of    BIGINT';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = 'dygw_reconciliations' AND column_name = 'compared_of') = 0, @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

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
    ledger_records             MEDIUMTEXT,
    KEY dygw_payouts_due (next_ask_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

UPDATE dygw_meta SET value = '6' WHERE name = 'schema_version' AND CAST(value AS SIGNED) < 6;
DO RELEASE_LOCK(CONCAT('dygw_schema ', DATABASE()));
