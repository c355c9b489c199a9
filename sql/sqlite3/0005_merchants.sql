-- SPDX-License-Identifier: Apache-2.0
-- What apps and stores that are declared in httpd.conf need, and several merchants behind one application, version 5, for SQLite
-- 3.24 and later. By hand: sqlite3 dygw.db < 0005_merchants.sql
-- Hosts of version 4 may go on meanwhile: what is new may be NULL, or has defaults. SQLite cannot add a column only where it is not
-- there: run twice, each ADD COLUMN says "duplicate column name" and changes nothing, the rest is done (with -bail: nothing is).

-- Two hosts that start at once: the second waits, and then finds everything made.
PRAGMA busy_timeout = 10000;

-- dygw_verifications_sums takes its place. Before all else, so that it is gone even where the files are run twice.
DROP INDEX IF EXISTS dygw_verifications_report;

BEGIN IMMEDIATE;

-- The shop's own code of the store that redeemed, where one was declared.
ALTER TABLE dygw_verifications ADD COLUMN store TEXT;
-- The merchant's account at Douyin.
ALTER TABLE dygw_verifications ADD COLUMN account_id TEXT;

-- source: who owns the app, `database` or `config`; declared_in: file and line of the latter, which has an empty secret_sealed.
ALTER TABLE dygw_apps ADD COLUMN source TEXT NOT NULL DEFAULT 'database';
ALTER TABLE dygw_apps ADD COLUMN declared_in TEXT;

-- Sums by store and account, too, without a look at the rows themselves.
CREATE INDEX IF NOT EXISTS dygw_verifications_sums ON dygw_verifications
    (created_at, poi_id, app_id, product_id, store, account_id, verify_status, pay_amount, receipt_amount, discount_amount);

-- Lists of an account, counted without a look at the rows.
CREATE INDEX IF NOT EXISTS dygw_verifications_of_account ON dygw_verifications (account_id, id, app_id, verify_status)
    WHERE account_id IS NOT NULL;

-- Which apps each host declares, for as long as its row `host:<host>` in dygw_leases is renewed. fingerprint: keyed, of all that is
-- declared of the app.
CREATE TABLE IF NOT EXISTS dygw_declarations (
    host        TEXT NOT NULL,
    client_key  TEXT NOT NULL,
    code        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    declared_in TEXT,
    PRIMARY KEY (host, client_key)
);

UPDATE dygw_meta SET value = '5' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 5;

COMMIT;
