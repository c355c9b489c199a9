-- SPDX-License-Identifier: Apache-2.0
-- What settling, cancelling and enriching need, version 2, for PostgreSQL 11 and later. By hand: psql -f 0002_settlement.sql
-- Running it twice does no harm. Hosts of version 1 may go on meanwhile: what is new has defaults.

BEGIN;

-- Two hosts that start at once: the second waits, and then finds everything made.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(1685681015);

-- sent_at, repeats, asks: when the verify was sent last (NULL: by version 1), how often by the background, and how often the
-- coupon's status was asked. already: a repetition was answered "already used". review_since: Douyin reviews it.
-- cancel_since, cancels: its caller wants it cancelled; cancels that were sent. news: a webhook told of a change.
-- errand_at: when a settled row is looked at because of a cancel or of news. revision counts the changes of a row.
ALTER TABLE dygw_verifications
    ADD COLUMN IF NOT EXISTS sent_at      BIGINT,
    ADD COLUMN IF NOT EXISTS repeats      BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS asks         BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS already      SMALLINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS review_since BIGINT,
    ADD COLUMN IF NOT EXISTS cancel_since BIGINT,
    ADD COLUMN IF NOT EXISTS cancels      BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS news         SMALLINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS errand_at    BIGINT,
    ADD COLUMN IF NOT EXISTS enrich_since BIGINT,
    ADD COLUMN IF NOT EXISTS last_error   VARCHAR(255),
    ADD COLUMN IF NOT EXISTS revision     BIGINT NOT NULL DEFAULT 0;

DROP INDEX IF EXISTS dygw_verifications_next_run;
CREATE INDEX IF NOT EXISTS dygw_verifications_due ON dygw_verifications (verify_status, next_run_at) WHERE next_run_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_errand ON dygw_verifications (errand_at) WHERE errand_at IS NOT NULL;
-- For coupons whose certificate_id is not known yet.
CREATE INDEX IF NOT EXISTS dygw_verifications_code ON dygw_verifications (encrypted_code) WHERE certificate_id IS NULL;

-- Which request an Idempotency-Key stands for. key_hash: SHA-256 of app and key; first_id NULL: no records yet.
CREATE TABLE IF NOT EXISTS dygw_idempotency (
    key_hash      VARCHAR(64) NOT NULL PRIMARY KEY,
    fingerprint   VARCHAR(64) NOT NULL,
    owner         VARCHAR(128) NOT NULL,
    first_id      BIGINT,
    running_until BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS dygw_idempotency_expires ON dygw_idempotency (expires_at);

-- Douyin's messages, each once. records: how many verifications of ours it was about.
CREATE TABLE IF NOT EXISTS dygw_webhooks (
    msg_id         VARCHAR(128) NOT NULL PRIMARY KEY,
    received_at    BIGINT NOT NULL,
    event          VARCHAR(64),
    action         VARCHAR(64),
    msg_time       BIGINT,
    certificate_id VARCHAR(64),
    order_id       VARCHAR(64),
    account_id     VARCHAR(64),
    records        BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS dygw_webhooks_certificate ON dygw_webhooks (certificate_id);
CREATE INDEX IF NOT EXISTS dygw_webhooks_received ON dygw_webhooks (received_at);

UPDATE dygw_meta SET value = '2' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 2;

COMMIT;
