-- SPDX-License-Identifier: Apache-2.0
-- The tables of mod_dygw, version 1, for SQLite 3.24 and later. By hand: sqlite3 dygw.db < 0001_init.sql
-- Times are ms since 1970 UTC, money is fen. Running it twice does no harm.

-- Two hosts that start at once: the second waits, and then finds everything made.
PRAGMA busy_timeout = 10000;

-- Stays with the file; readers and the writer do not block each other.
PRAGMA journal_mode = WAL;

BEGIN IMMEDIATE;

-- One value each: schema_version, apps_version (raised with every change of an app), douyin_client_key.
CREATE TABLE IF NOT EXISTS dygw_meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- The verifier apps. Secrets are sealed with DygwMasterKey; poi_ids is a JSON array, NULL = all stores.
CREATE TABLE IF NOT EXISTS dygw_apps (
    id                INTEGER NOT NULL PRIMARY KEY,
    name              TEXT NOT NULL,
    code              TEXT,
    description       TEXT,
    client_key        TEXT NOT NULL,
    secret_sealed     TEXT NOT NULL,
    old_secret_sealed TEXT,
    old_secret_until  BIGINT,
    status            TEXT NOT NULL,
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
    id          INTEGER NOT NULL PRIMARY KEY,
    version     BIGINT NOT NULL DEFAULT 0,
    sealed      TEXT,
    obtained_at BIGINT,
    expires_at  BIGINT,
    claim_owner TEXT,
    claim_until BIGINT NOT NULL DEFAULT 0
);

-- Which child of which host does the background work; by the clock of the database.
CREATE TABLE IF NOT EXISTS dygw_leases (
    name       TEXT NOT NULL PRIMARY KEY,
    owner      TEXT,
    until_at   BIGINT NOT NULL DEFAULT 0,
    renewed_at BIGINT
);

-- One row a coupon, or a use of a times card. attempt_key: SHA-256 of verify_token, encrypted_code and item_no.
CREATE TABLE IF NOT EXISTS dygw_verifications (
    id                     INTEGER NOT NULL PRIMARY KEY,
    app_id                 BIGINT NOT NULL,
    app_name               TEXT,
    poi_id                 TEXT,
    verify_status          TEXT NOT NULL,
    error_code             BIGINT NOT NULL DEFAULT 0,
    error_description      TEXT,
    certificate_id         TEXT,
    encrypted_code         TEXT,
    origin_code            TEXT,
    coupon_status          TEXT,
    product_id             TEXT,
    product_name           TEXT,
    sku_id                 TEXT,
    sku_name               TEXT,
    verify_records_count   BIGINT,
    verify_id              TEXT,
    order_id               TEXT,
    source_order_id        TEXT,
    ext_order_id           TEXT,
    order_status           BIGINT,
    pay_amount             BIGINT,
    receipt_amount         BIGINT,
    discount_amount        BIGINT,
    enrichment_status      TEXT NOT NULL,
    enrichment_retry_count BIGINT NOT NULL DEFAULT 0,
    douyin_response        TEXT,
    expire_time            BIGINT,
    verify_time            BIGINT,
    create_order_time      BIGINT,
    pay_time               BIGINT,
    created_at             BIGINT NOT NULL,
    updated_at             BIGINT NOT NULL,
    mode                   TEXT NOT NULL,
    operator_name          TEXT,
    device                 TEXT,
    cancelable_until       BIGINT,
    confirmed_by           TEXT,
    request_id             TEXT,
    verify_token           TEXT,
    item_no                SMALLINT NOT NULL DEFAULT 0,
    item_count             SMALLINT NOT NULL DEFAULT 1,
    first_id               BIGINT NOT NULL,
    attempts               BIGINT NOT NULL DEFAULT 0,
    lease_until            BIGINT NOT NULL DEFAULT 0,
    next_run_at            BIGINT,
    attempt_key            TEXT,
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
    nonce_key  TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS dygw_nonces_expires ON dygw_nonces (expires_at);

INSERT INTO dygw_meta (name, value) VALUES ('apps_version', '1') ON CONFLICT DO NOTHING;
INSERT INTO dygw_tokens (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING;
INSERT INTO dygw_leases (name) VALUES ('worker') ON CONFLICT DO NOTHING;
INSERT INTO dygw_meta (name, value) VALUES ('schema_version', '0') ON CONFLICT DO NOTHING;
UPDATE dygw_meta SET value = '1' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 1;

COMMIT;
