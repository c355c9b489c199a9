-- SPDX-License-Identifier: Apache-2.0
-- What keeps a request from being repeated and a refusal from being forgotten, version 4, for PostgreSQL 11 and later.
-- By hand: psql -f 0004_once.sql
-- Running it twice does no harm. Hosts of version 3 may go on meanwhile: what is new may be NULL.

BEGIN;

-- Two hosts that start at once: the second waits, and then finds everything made.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(1685681015);

-- request_key: SHA-256 of app and nonce of the request that made the row, in its item 0: a signed request redeems once, whatever
-- became of the nonces that were spent. refused_code, refused_description: what the last repetition of the verify was refused with,
-- while the row is still `processing`.
ALTER TABLE dygw_verifications
    ADD COLUMN IF NOT EXISTS request_key         VARCHAR(64),
    ADD COLUMN IF NOT EXISTS refused_code        BIGINT,
    ADD COLUMN IF NOT EXISTS refused_description VARCHAR(512);

CREATE UNIQUE INDEX IF NOT EXISTS dygw_verifications_request_key ON dygw_verifications (request_key);

UPDATE dygw_meta SET value = '4' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 4;

COMMIT;
