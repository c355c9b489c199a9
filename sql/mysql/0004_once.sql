-- SPDX-License-Identifier: Apache-2.0
-- What keeps a request from being repeated and a refusal from being forgotten, version 4, for MariaDB 10.6 and MySQL 8.0 and later.
-- By hand: mariadb dygw < 0004_once.sql
-- Running it twice does no harm. Hosts of version 3 may go on meanwhile: what is new may be NULL.

-- Two hosts that start at once: the second waits, and then finds everything made.
DO GET_LOCK(CONCAT('dygw_schema ', DATABASE()), 60);

-- request_key: SHA-256 of app and nonce of the request that made the row, in its item 0: a signed request redeems once, whatever
-- became of the nonces that were spent. refused_code, refused_description: what the last repetition of the verify was refused with,
-- while the row is still `processing`.
-- One statement does all of it or nothing, and only where it is not done: MySQL has no ADD COLUMN IF NOT EXISTS.
SET @dygw_alter = 'ALTER TABLE dygw_verifications
    ADD COLUMN request_key         VARCHAR(64),
    ADD COLUMN refused_code        BIGINT,
    ADD COLUMN refused_description VARCHAR(512),
    ADD UNIQUE KEY dygw_verifications_request_key (request_key)';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND column_name = 'request_key') = 0, @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

UPDATE dygw_meta SET value = '4' WHERE name = 'schema_version' AND CAST(value AS SIGNED) < 4;
DO RELEASE_LOCK(CONCAT('dygw_schema ', DATABASE()));
