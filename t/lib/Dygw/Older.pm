# SPDX-License-Identifier: Apache-2.0
# Makes of a database that a gateway has filled what a gateway of an older version of the schema would have made of it.
#
#   Dygw::Older::make($gateway->database, 5);      # while no gateway uses it
package Dygw::Older;

use strict;
use warnings;

use constant PRESENT => 6;

my $ON = 'ON dygw_verifications (created_at, poi_id, app_id, product_id';
my $STATUS = 'CREATE INDEX dygw_verifications_status ON dygw_verifications (verify_status, id)';
my $AMOUNTS = 'verify_status, pay_amount, receipt_amount, discount_amount)';

sub drop_indexes {
    my ($driver, @names) = @_;
    my $on = $driver eq 'mysql' ? ' ON dygw_verifications' : '';
    return map { "DROP INDEX dygw_verifications_$_$on" } @names;
}

sub drop_columns { my ($table, @names) = @_; return map { "ALTER TABLE $table DROP COLUMN $_" } @names }

# What undoes the file of a version.
my %UNDO = (
    6 => sub {
        my ($driver) = @_;
        my %own = (sqlite3 => ['totals'], pgsql => [qw(totals unusual)], mysql => ['sums']);
        return (
            drop_indexes($driver, qw(number request ext_order operator device error reason after_sale),
                         @{ $own{$driver} }),
            "CREATE INDEX dygw_verifications_sums $ON, store, account_id, $AMOUNTS",
            ($driver eq 'pgsql' ? $STATUS : ()),
            ($driver eq 'mysql' ? drop_columns(dygw_verifications => 'code_backwards') : ()),
            drop_columns(dygw_verifications => qw(reason after_sale after_sale_since)),
            drop_columns(dygw_reconciliations => qw(compared_until left_out compared_of)), 'DROP TABLE dygw_payouts',
        );
    },
    5 => sub {
        my ($driver) = @_;
        return (
            drop_indexes($driver, qw(sums of_account)), "CREATE INDEX dygw_verifications_report $ON, $AMOUNTS",
            drop_columns(dygw_verifications => qw(store account_id)), drop_columns(dygw_apps => qw(source declared_in)),
            'DROP TABLE dygw_declarations',
        );
    },
);

sub make {
    my ($database, $version) = @_;
    for my $undone (reverse $version + 1 .. PRESENT) {
        $database->query($_) for $UNDO{$undone}->($database->driver);
    }
    $database->query("UPDATE dygw_meta SET value = '$version' WHERE name = 'schema_version'");
    return;
}

1;
