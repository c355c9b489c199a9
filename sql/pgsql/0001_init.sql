-- SPDX-License-Identifier: Apache-2.0
-- The tables of mod_dygw, version 1, for PostgreSQL 11 and later. By hand: psql -f 0001_init.sql
-- Times are ms since 1970 UTC, money is fen. Running it twice does no harm.

BEGIN;

-- Two hosts that start at once: the second waits, and then finds everything made.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(1685681015);

-- One value each: schema_version, apps_version (raised with every change of an app), douyin_client_key.
CREATE TABLE IF NOT EXISTS dygw_meta (
    name  VARCHAR(64) NOT NULL PRIMARY KEY,
    value VARCHAR(255) NOT NULL
);

-- The verifier apps. Secrets are sealed with DygwMasterKey; poi_ids is a JSON array, NULL = all stores.
CREATE TABLE IF NOT EXISTS dygw_apps (
    id                BIGINT NOT NULL PRIMARY KEY,
    name              VARCHAR(64) NOT NULL,
    code              VARCHAR(32),
    description       VARCHAR(255),
    client_key        VARCHAR(64) NOT NULL,
    secret_sealed     VARCHAR(1024) NOT NULL,
    old_secret_sealed VARCHAR(1024),
    old_secret_until  BIGINT,
    status            VARCHAR(16) NOT NULL,
    allow_token_read  SMALLINT NOT NULL DEFAULT 0,
    poi_ids           TEXT,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    last_used_at      BIGINT,
    CONSTRAINT dygw_apps_client_key UNIQUE (client_key),
    CONSTRAINT dygw_apps_code UNIQUE (code)
);

-- The one Douyin access token, sealed, and who is renewing it.
CREATE TABLE IF NOT EXISTS dygw_tokens (
    id          BIGINT NOT NULL PRIMARY KEY,
    version     BIGINT NOT NULL DEFAULT 0,
    sealed      VARCHAR(4096),
    obtained_at BIGINT,
    expires_at  BIGINT,
    claim_owner VARCHAR(128),
    claim_until BIGINT NOT NULL DEFAULT 0
);

-- Which child of which host does the background work; by the clock of the database.
CREATE TABLE IF NOT EXISTS dygw_leases (
    name       VARCHAR(64) NOT NULL PRIMARY KEY,
    owner      VARCHAR(128),
    until_at   BIGINT NOT NULL DEFAULT 0,
    renewed_at BIGINT
);

-- One row a coupon, or a use of a times card. attempt_key: SHA-256 of verify_token, encrypted_code and item_no.
CREATE TABLE IF NOT EXISTS dygw_verifications (
    id                     BIGINT NOT NULL PRIMARY KEY,
    app_id                 BIGINT NOT NULL,
    app_name               VARCHAR(64),
    poi_id                 VARCHAR(64),
    verify_status          VARCHAR(16) NOT NULL,
    error_code             BIGINT NOT NULL DEFAULT 0,
    error_description      VARCHAR(512),
    certificate_id         VARCHAR(64),
    encrypted_code         VARCHAR(2048),
    origin_code            VARCHAR(64),
    coupon_status          VARCHAR(32),
    product_id             VARCHAR(64),
    product_name           VARCHAR(255),
    sku_id                 VARCHAR(64),
    sku_name               VARCHAR(255),
    verify_records_count   BIGINT,
    verify_id              VARCHAR(64),
    order_id               VARCHAR(64),
    source_order_id        VARCHAR(64),
    ext_order_id           VARCHAR(64),
    order_status           BIGINT,
    pay_amount             BIGINT,
    receipt_amount         BIGINT,
    discount_amount        BIGINT,
    enrichment_status      VARCHAR(16) NOT NULL,
    enrichment_retry_count BIGINT NOT NULL DEFAULT 0,
    douyin_response        TEXT,
    expire_time            BIGINT,
    verify_time            BIGINT,
    create_order_time      BIGINT,
    pay_time               BIGINT,
    created_at             BIGINT NOT NULL,
    updated_at             BIGINT NOT NULL,
    mode                   VARCHAR(16) NOT NULL,
    operator_name          VARCHAR(64),
    device                 VARCHAR(64),
    cancelable_until       BIGINT,
    confirmed_by           VARCHAR(16),
    request_id             VARCHAR(64),
    verify_token           VARCHAR(256),
    item_no                SMALLINT NOT NULL DEFAULT 0,
    item_count             SMALLINT NOT NULL DEFAULT 1,
    first_id               BIGINT NOT NULL,
    attempts               BIGINT NOT NULL DEFAULT 0,
    lease_until            BIGINT NOT NULL DEFAULT 0,
    next_run_at            BIGINT,
    attempt_key            VARCHAR(64),
    CONSTRAINT dygw_verifications_verify_id UNIQUE (verify_id),
    CONSTRAINT dygw_verifications_attempt_key UNIQUE (attempt_key)
);
CREATE INDEX IF NOT EXISTS dygw_verifications_created_at ON dygw_verifications (created_at, id);
CREATE INDEX IF NOT EXISTS dygw_verifications_app ON dygw_verifications (app_id, id);
CREATE INDEX IF NOT EXISTS dygw_verifications_poi ON dygw_verifications (poi_id, id);
CREATE INDEX IF NOT EXISTS dygw_verifications_next_run ON dygw_verifications (next_run_at) WHERE next_run_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS dygw_verifications_first ON dygw_verifications (first_id);
CREATE INDEX IF NOT EXISTS dygw_verifications_order ON dygw_verifications (order_id);
CREATE INDEX IF NOT EXISTS dygw_verifications_certificate ON dygw_verifications (certificate_id);

-- Spent nonces, with `DygwNonceStore dbd`.
CREATE TABLE IF NOT EXISTS dygw_nonces (
    nonce_key  VARCHAR(64) NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS dygw_nonces_expires ON dygw_nonces (expires_at);

INSERT INTO dygw_meta (name, value) VALUES ('apps_version', '1') ON CONFLICT DO NOTHING;
INSERT INTO dygw_tokens (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING;
INSERT INTO dygw_leases (name) VALUES ('worker') ON CONFLICT DO NOTHING;
INSERT INTO dygw_meta (name, value) VALUES ('schema_version', '0') ON CONFLICT DO NOTHING;
UPDATE dygw_meta SET value = '1' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 1;

COMMIT;
