# SPDX-License-Identifier: Apache-2.0
# A migration that does not exist yet: what one may do, done to a database that hosts of this version use.
#
#   Dygw::NextSchema::apply($database);     # by hand, as an administrator would
package Dygw::NextSchema;

use strict;
use warnings;

use Dygw::Server qw(spew);

my @ADDITIONS = (
    'ALTER TABLE dygw_verifications ADD COLUMN of_tomorrow VARCHAR(64)',
    'ALTER TABLE dygw_verifications ADD COLUMN counts_tomorrow BIGINT NOT NULL DEFAULT 0',
    'ALTER TABLE dygw_apps ADD COLUMN of_tomorrow BIGINT',
    'ALTER TABLE dygw_tokens ADD COLUMN of_tomorrow BIGINT NOT NULL DEFAULT 7',
    'ALTER TABLE dygw_leases ADD COLUMN of_tomorrow BIGINT',
    'CREATE INDEX dygw_verifications_tomorrow ON dygw_verifications (counts_tomorrow, id)',
    'CREATE TABLE dygw_tomorrow (id BIGINT NOT NULL PRIMARY KEY, value VARCHAR(255) NOT NULL)',
    q(INSERT INTO dygw_tomorrow (id, value) VALUES (1, 'a value')),
    q(UPDATE dygw_meta SET value = '99' WHERE name = 'schema_version'),
);

# MariaDB commits each by itself.
sub text {
    my ($driver) = @_;
    my @frame = $driver eq 'mysql' ? ([], []) : (['BEGIN'], ['COMMIT']);
    return join '', map { "$_;\n" } @{ $frame[0] }, @ADDITIONS, @{ $frame[1] };
}

sub apply {
    my ($database) = @_;
    $database->sql_file(spew($database->dir . '/0099_tomorrow.sql', text($database->driver), 0644));
    return;
}

1;
