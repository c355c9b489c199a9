-- SPDX-License-Identifier: Apache-2.0
-- What keeps a request from being repeated and a refusal from being forgotten, version 4, for SQLite 3.24 and later.
-- By hand: sqlite3 dygw.db < 0004_once.sql
-- Hosts of version 3 may go on meanwhile: what is new may be NULL. SQLite cannot add a column only where it is not there: run
-- twice, each ADD COLUMN says "duplicate column name" and changes nothing, the rest is done (with -bail: nothing is).

-- Two hosts that start at once: the second waits, and then finds everything made.
PRAGMA busy_timeout = 10000;

BEGIN IMMEDIATE;

-- SHA-256 of app and nonce of the request that made the row, in its item 0: a signed request redeems once, whatever became of the
-- nonces that were spent.
ALTER TABLE dygw_verifications ADD COLUMN request_key TEXT;
-- What the last repetition of the verify was refused with, while the row is still `processing`.
ALTER TABLE dygw_verifications ADD COLUMN refused_code BIGINT;
ALTER TABLE dygw_verifications ADD COLUMN refused_description TEXT;

CREATE UNIQUE INDEX IF NOT EXISTS dygw_verifications_request_key ON dygw_verifications (request_key);

UPDATE dygw_meta SET value = '4' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 4;

COMMIT;
