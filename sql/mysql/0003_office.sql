-- SPDX-License-Identifier: Apache-2.0
-- What reports, reconciliation and the audit trail need, version 3, for MariaDB 10.6 and MySQL 8.0 and later.
-- By hand: mariadb dygw < 0003_office.sql
-- Running it twice does no harm. Hosts of version 2 may go on meanwhile.

-- Two hosts that start at once: the second waits, and then finds everything made.
DO GET_LOCK(CONCAT('dygw_schema ', DATABASE()), 60);

-- created_at is the time that the id holds, to the millisecond: ranges of time are ranges of ids. Version 2 took the two one after
-- the other.
UPDATE dygw_verifications SET created_at = 1704067200000 + id DIV 4096
    WHERE created_at <> 1704067200000 + id DIV 4096 AND ABS(created_at - 1704067200000 - id DIV 4096) < 10000;

-- Lists by status, and sums without a look at the rows themselves. Lists of a store and of an app, counted in the same way whatever
-- else is asked for.
-- One statement does all of it or nothing, and only where it is not done: MySQL has no ADD KEY IF NOT EXISTS.
SET @dygw_alter = 'ALTER TABLE dygw_verifications
    ADD KEY dygw_verifications_status (verify_status, id),
    ADD KEY dygw_verifications_report
        (created_at, poi_id, app_id, product_id, verify_status, pay_amount, receipt_amount, discount_amount),
    ADD KEY dygw_verifications_of_poi (poi_id, id, app_id, verify_status),
    ADD KEY dygw_verifications_of_app (app_id, id, verify_status),
    DROP KEY dygw_verifications_created_at,
    DROP KEY dygw_verifications_poi,
    DROP KEY dygw_verifications_app';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND index_name = 'dygw_verifications_of_poi') = 0, @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

-- Who changed what, and who read the token. actor: the operator, or "app:" and a client_key; before_state and after_state are JSON
-- objects of what changed, never with a secret.
CREATE TABLE IF NOT EXISTS dygw_audit (
    id           BIGINT NOT NULL PRIMARY KEY,
    at           BIGINT NOT NULL,
    actor        VARCHAR(128) NOT NULL,
    action       VARCHAR(64) NOT NULL,
    target       VARCHAR(128),
    before_state TEXT,
    after_state  TEXT,
    address      VARCHAR(64),
    request_id   VARCHAR(64),
    KEY dygw_audit_at (at, id),
    KEY dygw_audit_actor (actor, at, id),
    KEY dygw_audit_action (action, at, id),
    KEY dygw_audit_target (target, at, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Our records of a business day against Douyin's. day: YYYY-MM-DD; generated_at NULL: not finished; wanted_at: somebody asked anew;
-- counts and amounts: JSON objects by class.
CREATE TABLE IF NOT EXISTS dygw_reconciliations (
    day          VARCHAR(10) NOT NULL,
    account_id   VARCHAR(64) NOT NULL,
    wanted_at    BIGINT NOT NULL,
    generated_at BIGINT,
    counts       TEXT,
    amounts      TEXT,
    last_error   VARCHAR(255),
    next_run_at  BIGINT,
    tries        BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (day, account_id),
    KEY dygw_reconciliations_due (next_run_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- All of a day that did not match, as JSON: class, ours, douyin. generation: the generated_at it belongs to.
CREATE TABLE IF NOT EXISTS dygw_reconciliation_items (
    day        VARCHAR(10) NOT NULL,
    account_id VARCHAR(64) NOT NULL,
    generation BIGINT NOT NULL,
    item_no    BIGINT NOT NULL,
    item       TEXT NOT NULL,
    PRIMARY KEY (day, account_id, generation, item_no)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

UPDATE dygw_meta SET value = '3' WHERE name = 'schema_version' AND CAST(value AS SIGNED) < 3;
DO RELEASE_LOCK(CONCAT('dygw_schema ', DATABASE()));
