-- SPDX-License-Identifier: Apache-2.0
-- What settling, cancelling and enriching need, version 2, for SQLite 3.24 and later. By hand: sqlite3 dygw.db < 0002_settlement.sql
-- Hosts of version 1 may go on meanwhile: what is new has defaults. SQLite cannot add a column only where it is not there: run
-- twice, each ADD COLUMN says "duplicate column name" and changes nothing, the rest is done (with -bail: nothing is).

-- Two hosts that start at once: the second waits, and then finds everything made.
PRAGMA busy_timeout = 10000;

-- Here, so that it is done even where the rest stops: 0001 makes it each time.
DROP INDEX IF EXISTS dygw_verifications_next_run;

BEGIN IMMEDIATE;

-- When the verify was sent last (NULL: by version 1), how often by the background, and how often the coupon's status was asked.
ALTER TABLE dygw_verifications ADD COLUMN sent_at BIGINT;
ALTER TABLE dygw_verifications ADD COLUMN repeats BIGINT NOT NULL DEFAULT 0;
ALTER TABLE dygw_verifications ADD COLUMN asks BIGINT NOT NULL DEFAULT 0;
-- A repetition was answered "already used"; since when Douyin reviews it.
ALTER TABLE dygw_verifications ADD COLUMN already SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE dygw_verifications ADD COLUMN review_since BIGINT;
-- Since when its caller wants it cancelled, and the cancels that were sent.
ALTER TABLE dygw_verifications ADD COLUMN cancel_since BIGINT;
ALTER TABLE dygw_verifications ADD COLUMN cancels BIGINT NOT NULL DEFAULT 0;
-- A webhook told of a change; when a settled row is looked at because of that or of a cancel.
ALTER TABLE dygw_verifications ADD COLUMN news SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE dygw_verifications ADD COLUMN errand_at BIGINT;
ALTER TABLE dygw_verifications ADD COLUMN enrich_since BIGINT;
ALTER TABLE dygw_verifications ADD COLUMN last_error TEXT;
-- Counts the changes of a row.
ALTER TABLE dygw_verifications ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

CREATE INDEX IF NOT EXISTS dygw_verifications_due ON dygw_verifications (verify_status, next_run_at) WHERE next_run_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_errand ON dygw_verifications (errand_at) WHERE errand_at IS NOT NULL;
-- For coupons whose certificate_id is not known yet.
CREATE INDEX IF NOT EXISTS dygw_verifications_code ON dygw_verifications (encrypted_code) WHERE certificate_id IS NULL;

-- Which request an Idempotency-Key stands for. key_hash: SHA-256 of app and key; first_id NULL: no records yet.
CREATE TABLE IF NOT EXISTS dygw_idempotency (
    key_hash      TEXT NOT NULL PRIMARY KEY,
    fingerprint   TEXT NOT NULL,
    owner         TEXT NOT NULL,
    first_id      BIGINT,
    running_until BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS dygw_idempotency_expires ON dygw_idempotency (expires_at);

-- Douyin's messages, each once. records: how many verifications of ours it was about.
CREATE TABLE IF NOT EXISTS dygw_webhooks (
    msg_id         TEXT NOT NULL PRIMARY KEY,
    received_at    BIGINT NOT NULL,
    event          TEXT,
    action         TEXT,
    msg_time       BIGINT,
    certificate_id TEXT,
    order_id       TEXT,
    account_id     TEXT,
    records        BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS dygw_webhooks_certificate ON dygw_webhooks (certificate_id);
CREATE INDEX IF NOT EXISTS dygw_webhooks_received ON dygw_webhooks (received_at);

UPDATE dygw_meta SET value = '2' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 2;

COMMIT;
