-- SPDX-License-Identifier: Apache-2.0
-- What was refused in a store is found by an index alone, version 7, for MariaDB 10.6 and MySQL 8.0 and later.
-- By hand: mariadb dygw < 0007_finished.sql
-- Running it twice does no harm. Hosts of version 6 may go on meanwhile.

-- Two hosts that start at once: the second waits, and then finds everything made.
DO GET_LOCK(CONCAT('dygw_schema ', DATABASE()), 60);

-- With the store, for those of one store. Redemptions go on while this is made.
SET @dygw_alter = 'ALTER TABLE dygw_verifications
    DROP KEY dygw_verifications_reason,
    ADD KEY dygw_verifications_reason (reason, id, poi_id)';
SET @dygw_alter = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
    AND table_name = 'dygw_verifications' AND index_name = 'dygw_verifications_reason' AND column_name = 'poi_id') = 0,
    @dygw_alter, 'DO 0');
PREPARE dygw_alter FROM @dygw_alter;
EXECUTE dygw_alter;
DEALLOCATE PREPARE dygw_alter;

UPDATE dygw_meta SET value = '7' WHERE name = 'schema_version' AND CAST(value AS SIGNED) < 7;
DO RELEASE_LOCK(CONCAT('dygw_schema ', DATABASE()));
