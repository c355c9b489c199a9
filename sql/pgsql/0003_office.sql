-- SPDX-License-Identifier: Apache-2.0
-- What reports, reconciliation and the audit trail need, version 3, for PostgreSQL 11 and later. By hand: psql -f 0003_office.sql
-- Running it twice does no harm. Hosts of version 2 may go on meanwhile.

BEGIN;

-- Two hosts that start at once: the second waits, and then finds everything made.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(1685681015);

-- created_at is the time that the id holds, to the millisecond: ranges of time are ranges of ids. Version 2 took the two one after
-- the other.
UPDATE dygw_verifications SET created_at = 1704067200000 + id / 4096
    WHERE created_at <> 1704067200000 + id / 4096 AND ABS(created_at - 1704067200000 - id / 4096) < 10000;

-- Lists by status, and sums without a look at the rows themselves.
CREATE INDEX IF NOT EXISTS dygw_verifications_status ON dygw_verifications (verify_status, id);
CREATE INDEX IF NOT EXISTS dygw_verifications_report ON dygw_verifications
    (created_at, poi_id, app_id, product_id, verify_status, pay_amount, receipt_amount, discount_amount);
DROP INDEX IF EXISTS dygw_verifications_created_at;

-- Lists of a store and of an app, counted without a look at the rows whatever else is asked for.
CREATE INDEX IF NOT EXISTS dygw_verifications_of_poi ON dygw_verifications (poi_id, id, app_id, verify_status);
CREATE INDEX IF NOT EXISTS dygw_verifications_of_app ON dygw_verifications (app_id, id, verify_status);
DROP INDEX IF EXISTS dygw_verifications_poi;
DROP INDEX IF EXISTS dygw_verifications_app;

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
    request_id   VARCHAR(64)
);
CREATE INDEX IF NOT EXISTS dygw_audit_at ON dygw_audit (at, id);
CREATE INDEX IF NOT EXISTS dygw_audit_actor ON dygw_audit (actor, at, id);
CREATE INDEX IF NOT EXISTS dygw_audit_action ON dygw_audit (action, at, id);
CREATE INDEX IF NOT EXISTS dygw_audit_target ON dygw_audit (target, at, id);

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
    PRIMARY KEY (day, account_id)
);
CREATE INDEX IF NOT EXISTS dygw_reconciliations_due ON dygw_reconciliations (next_run_at);

-- All of a day that did not match, as JSON: class, ours, douyin. generation: the generated_at it belongs to.
CREATE TABLE IF NOT EXISTS dygw_reconciliation_items (
    day        VARCHAR(10) NOT NULL,
    account_id VARCHAR(64) NOT NULL,
    generation BIGINT NOT NULL,
    item_no    BIGINT NOT NULL,
    item       TEXT NOT NULL,
    PRIMARY KEY (day, account_id, generation, item_no)
);

UPDATE dygw_meta SET value = '3' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 3;

COMMIT;
