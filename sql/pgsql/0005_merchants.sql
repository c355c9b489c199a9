-- SPDX-License-Identifier: Apache-2.0
-- What apps and stores that are declared in httpd.conf need, and several merchants behind one application, version 5, for
-- PostgreSQL 11 and later. By hand: psql -f 0005_merchants.sql
-- Running it twice does no harm. Hosts of version 4 may go on meanwhile: what is new may be NULL, or has defaults.

BEGIN;

-- Two hosts that start at once: the second waits, and then finds everything made.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(1685681015);
-- Behind a long reader, as pg_dump is, redemptions would wait for as long as this file does: then it gives up, and runs again later.
SET LOCAL lock_timeout = '2s';

-- store: the shop's own code of the store that redeemed, where one was declared. account_id: the merchant's account at Douyin.
ALTER TABLE dygw_verifications
    ADD COLUMN IF NOT EXISTS store      VARCHAR(32),
    ADD COLUMN IF NOT EXISTS account_id VARCHAR(64);

-- source: who owns the app, `database` or `config`; declared_in: file and line of the latter, which has an empty secret_sealed.
ALTER TABLE dygw_apps
    ADD COLUMN IF NOT EXISTS source      VARCHAR(16) NOT NULL DEFAULT 'database',
    ADD COLUMN IF NOT EXISTS declared_in VARCHAR(512);

-- Sums by store and account, too, without a look at the rows themselves.
CREATE INDEX IF NOT EXISTS dygw_verifications_sums ON dygw_verifications
    (created_at, poi_id, app_id, product_id, store, account_id, verify_status, pay_amount, receipt_amount, discount_amount);
DROP INDEX IF EXISTS dygw_verifications_report;

-- Lists of an account, counted without a look at the rows.
CREATE INDEX IF NOT EXISTS dygw_verifications_of_account ON dygw_verifications (account_id, id, app_id, verify_status)
    WHERE account_id IS NOT NULL;

-- Which apps each host declares, for as long as its row `host:<host>` in dygw_leases is renewed. fingerprint: keyed, of all that is
-- declared of the app.
CREATE TABLE IF NOT EXISTS dygw_declarations (
    host        VARCHAR(128) NOT NULL,
    client_key  VARCHAR(64) NOT NULL,
    code        VARCHAR(32) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    declared_in VARCHAR(512),
    PRIMARY KEY (host, client_key)
);

UPDATE dygw_meta SET value = '5' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 5;

COMMIT;
