# SPDX-License-Identifier: Apache-2.0
# Makes of a database that a gateway has filled what a gateway of an older version of the schema would have made of it.
#
#   Dygw::Older::make($gateway->database, 5);      # while no gateway uses it
package Dygw::Older;

use strict;
use warnings;

use constant PRESENT => 7;

my $ON = 'ON dygw_verifications (created_at, poi_id, app_id, product_id';
my $STATUS = 'CREATE INDEX dygw_verifications_status ON dygw_verifications (verify_status, id)';
my $AMOUNTS = 'verify_status, pay_amount, receipt_amount, discount_amount)';

sub drop_indexes {
    my ($driver, @names) = @_;
    my $on = $driver eq 'mysql' ? ' ON dygw_verifications' : '';
    return map { "DROP INDEX dygw_verifications_$_$on" } @names;
}

sub drop_columns { my ($table, @names) = @_; return map { "ALTER TABLE $table DROP COLUMN $_" } @names }

# PostgreSQL's indexes of finished rows, and what version 6 had instead.
my @FINISHED = (
    [ number => '((reverse(origin_code) COLLATE "C"), id) WHERE origin_code IS NOT NULL' ],
    [ request => '(request_id)' ], [ ext_order => '(ext_order_id) WHERE ext_order_id IS NOT NULL' ],
    [ operator => '(operator_name, id) WHERE operator_name IS NOT NULL' ],
    [ device => '(device, id) WHERE device IS NOT NULL' ], [ poi => '(poi_id, id, app_id, verify_status)' ],
    [ app => '(app_id, id, verify_status)' ],
    [ account => '(account_id, id, app_id, verify_status) WHERE account_id IS NOT NULL' ],
    [ totals => '(created_at, poi_id, app_id, product_id, store, account_id, operator_name, reason, verify_status, '
        . 'pay_amount, receipt_amount, discount_amount)' ],
);

sub unfinished {
    my ($name, $of) = @{ $_[0] };
    my $old = $name =~ /\A(?:poi|app|account)\z/ ? "of_$name" : $name;
    return ("DROP INDEX dygw_finished_$name", "CREATE INDEX dygw_verifications_$old ON dygw_verifications $of");
}

# What undoes the file of a version.
my %UNDO = (
    7 => sub {
        my ($driver) = @_;
        my %undo = (
            sqlite3 => [], mysql => [ 'ALTER TABLE dygw_verifications DROP KEY dygw_verifications_reason, '
                . 'ADD KEY dygw_verifications_reason (reason, id)' ],
            pgsql => [ (map { unfinished($_) } @FINISHED),
                'CREATE INDEX dygw_verifications_first ON dygw_verifications (first_id)' ],
        );
        return @{ $undo{$driver} };
    },
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
