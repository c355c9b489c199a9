-- SPDX-License-Identifier: Apache-2.0
-- Version 7, for SQLite 3.24 and later: its indexes are those of version 6.
-- By hand: sqlite3 dygw.db < 0007_finished.sql
-- Running it twice does no harm. Hosts of version 6 may go on meanwhile.

-- Two hosts that start at once: the second waits, and then finds everything made.
PRAGMA busy_timeout = 10000;

BEGIN IMMEDIATE;

UPDATE dygw_meta SET value = '7' WHERE name = 'schema_version' AND CAST(value AS INTEGER) < 7;

COMMIT;
