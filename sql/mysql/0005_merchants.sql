-- SPDX-License-Identifier: Apache-2.0
-- What apps and stores that are declared in httpd.conf need, and several merchants behind one application, version 5, for MariaDB
-- 10.6 and MySQL 8.0 and later. By hand: mariadb dygw < 0005_merchants.sql
-- Running it twice does no harm. Hosts of version 4 may go on meanwhile: what is new may be NULL, or has defaults.

-- Two hosts that start at once: the second waits, and then finds everything made.
DO GET_LOCK(CONCAT('dygw_schema ', DATABASE()), 60);

-- store: the shop's own code of the store that redeemed, where one was declared. account_id: the merchant's account at Douyin.
-- Only where it is not done: MySQL has no ADD COLUMN IF NOT EXISTS. By itself, as then no row is looked at.
SET @dygw_alter = 'ALTER TABLE dygw_verifications
    ADD COLUMN store      VARCHAR(32),
    ADD COLUMN account_id VARCHAR(64)';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND column_name = 'account_id') = 0, @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

-- Sums by store and account, too, without a look at the rows themselves. Lists of an account, counted in the same way.
-- Redemptions go on while these are made.
SET @dygw_alter = 'ALTER TABLE dygw_verifications
    ADD KEY dygw_verifications_sums
        (created_at, poi_id, app_id, product_id, store, account_id, verify_status, pay_amount, receipt_amount, discount_amount),
    ADD KEY dygw_verifications_of_account (account_id, id, app_id, verify_status)';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND index_name = 'dygw_verifications_sums') = 0, @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

SET @dygw_alter = 'ALTER TABLE dygw_verifications DROP KEY dygw_verifications_report';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND index_name = 'dygw_verifications_report') = 0, 'DO 0', @dygw_alter);
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

-- source: who owns the app, `database` or `config`; declared_in: file and line of the latter, which has an empty secret_sealed.
SET @dygw_alter = 'ALTER TABLE dygw_apps
    ADD COLUMN source      VARCHAR(16) NOT NULL DEFAULT ''database'',
    ADD COLUMN declared_in VARCHAR(512)';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = 'dygw_apps' AND column_name = 'declared_in') = 0, @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

-- Which apps each host declares, for as long as its row `host:<host>` in dygw_leases is renewed. fingerprint: keyed, of all that is
-- declared of the app.
CREATE TABLE IF NOT EXISTS dygw_declarations (
    host        VARCHAR(128) NOT NULL,
    client_key  VARCHAR(64) NOT NULL,
    code        VARCHAR(32) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    declared_in VARCHAR(512),
    PRIMARY KEY (host, client_key)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

UPDATE dygw_meta SET value = '5' WHERE name = 'schema_version' AND CAST(value AS SIGNED) < 5;
DO RELEASE_LOCK(CONCAT('dygw_schema ', DATABASE()));
