-- SPDX-License-Identifier: Apache-2.0
-- What settling, cancelling and enriching need, version 2, for MariaDB 10.6 and MySQL 8.0 and later.
-- By hand: mariadb dygw < 0002_settlement.sql
-- Running it twice does no harm. Hosts of version 1 may go on meanwhile: what is new has defaults.

-- Two hosts that start at once: the second waits, and then finds everything made.
DO GET_LOCK(CONCAT('dygw_schema ', DATABASE()), 60);

-- sent_at, repeats, asks: when the verify was sent last (NULL: by version 1), how often by the background, and how often the
-- coupon's status was asked. already: a repetition was answered "already used". review_since: Douyin reviews it.
-- cancel_since, cancels: its caller wants it cancelled; cancels that were sent. news: a webhook told of a change.
-- errand_at: when a settled row is looked at because of a cancel or of news. revision counts the changes of a row.
-- One statement does all of it or nothing, and only where it is not done: MySQL has no ADD COLUMN IF NOT EXISTS.
SET @dygw_alter = 'ALTER TABLE dygw_verifications
    ADD COLUMN sent_at      BIGINT,
    ADD COLUMN repeats      BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN asks         BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN already      SMALLINT NOT NULL DEFAULT 0,
    ADD COLUMN review_since BIGINT,
    ADD COLUMN cancel_since BIGINT,
    ADD COLUMN cancels      BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN news         SMALLINT NOT NULL DEFAULT 0,
    ADD COLUMN errand_at    BIGINT,
    ADD COLUMN enrich_since BIGINT,
    ADD COLUMN last_error   VARCHAR(255),
    ADD COLUMN revision     BIGINT NOT NULL DEFAULT 0,
    ADD KEY dygw_verifications_due (verify_status, next_run_at),
    ADD KEY dygw_verifications_errand (errand_at),
    ADD KEY dygw_verifications_code (encrypted_code(128)),
    DROP KEY dygw_verifications_next_run';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND column_name = 'revision') = 0, @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

-- Which request an Idempotency-Key stands for. key_hash: SHA-256 of app and key; first_id NULL: no records yet.
CREATE TABLE IF NOT EXISTS dygw_idempotency (
    key_hash      VARCHAR(64) NOT NULL PRIMARY KEY,
    fingerprint   VARCHAR(64) NOT NULL,
    owner         VARCHAR(128) NOT NULL,
    first_id      BIGINT,
    running_until BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    KEY dygw_idempotency_expires (expires_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

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
    records        BIGINT NOT NULL DEFAULT 0,
    KEY dygw_webhooks_certificate (certificate_id),
    KEY dygw_webhooks_received (received_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

UPDATE dygw_meta SET value = '2' WHERE name = 'schema_version' AND CAST(value AS SIGNED) < 2;
DO RELEASE_LOCK(CONCAT('dygw_schema ', DATABASE()));
