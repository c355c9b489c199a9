# SPDX-License-Identifier: Apache-2.0
# Years of verifications for benchmarks, made in the database itself: SQLite or PostgreSQL with its tables.
#
#   my $years = Dygw::Years->new(5_000_000);
#   $years->fill($database);
#   $years->{start}, $years->{end}, $years->{step}      # ms: of the first, after the last, between two
package Dygw::Years;

use strict;
use warnings;

use Time::HiRes qw(time);

use constant STORES => 500;
use constant ACCOUNTS => qw(7014065493820573710 7014065493820573711 7014065493820573712);
use constant DAYS   => 730;
use constant DAY    => 86_400_000;
use constant PIECE  => 1_000_000;     # rows of one INSERT

# They end at a midnight in China.
sub new {
    my ($class, $rows) = @_;
    my $end = int(time / 86_400) * DAY - 8 * 3_600_000;
    my $step = int(DAYS * DAY / $rows);
    return bless { rows => $rows, end => $end, step => $step, start => $end - $rows * $step }, $class;
}

# Of row n, in SQL that both databases know. A store is of the first account (seven in ten), of the second, or, a single
# one, of the third. A text of the size of Douyin's answers without their repetitions.
sub values_of {
    my ($self) = @_;
    my ($start, $end, $step) = @$self{qw(start end step)};
    my $store = "(n * 7919) % @{[STORES]}";
    my @account = ACCOUNTS;
    return (
        id => "($start + n * $step - 1704067200000) * 4096 + n % 4096", first_id => '0',
        app_id => 'CASE WHEN n % 10 < 6 THEN 1 ELSE 2 + n % 4 END',
        app_name => "'till'", poi_id => "CAST(7012345678901230000 + $store AS TEXT)",
        store => "'s' || CAST($store AS TEXT)",
        account_id => "CASE WHEN $store < 350 THEN '$account[0]' WHEN $store < 499 THEN '$account[1]' "
            . "ELSE '$account[2]' END",
        verify_status => q(CASE WHEN n % 97 < 91 THEN 'success' WHEN n % 97 < 94 THEN 'failed' ELSE 'cancelled' END),
        error_code => 'CASE WHEN n % 97 BETWEEN 91 AND 93 THEN 1208 ELSE 0 END',
        certificate_id => 'CAST(7300000000000000000 + n AS TEXT)',
        encrypted_code => "'CyA' || CAST(n * 7919 AS TEXT) || 'aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBjb2Rl'",
        origin_code => 'CAST(100000000000 + n AS TEXT)', coupon_status => "'used'",
        product_id => 'CAST(1700000000000000 + (n * 31) % 200 AS TEXT)', product_name => "'Milk tea, large'",
        sku_id => "'1700000000000001'", sku_name => "'Milk tea'", verify_records_count => '1',
        verify_id => 'CAST(7400000000000000000 + n AS TEXT)',
        order_id => 'CAST(1000000000000000000 + n / 2 AS TEXT)', order_status => '201', pay_amount => '500 + n % 9500',
        receipt_amount => '500 + n % 9500', discount_amount => 'n % 300', enrichment_status => "'success'",
        douyin_response => q('{"verify":{"description":"success","error_code":0,"verify_results":[{"code":"')
            . q( || CAST(n AS TEXT) || '","result":0,"msg":"success","verify_id":"7400000000000000000",')
            . q( || '"certificate_id":"7300000000000000000"}]},"order":{}}'),
        expire_time => "$end", verify_time => "$start + n * $step", create_order_time => "$start + n * $step - 1000",
        pay_time => "$start + n * $step", created_at => "$start + n * $step", updated_at => "$start + n * $step",
        mode => "'code'", operator_name => "'7'", device => "'pos-1'", request_id => "'r' || CAST(n AS TEXT)",
    );
}

sub insert {
    my ($self, $database, $from, $until) = @_;
    my %value = $self->values_of;
    my @columns = sort keys %value;
    my $numbers = $database->driver eq 'pgsql' ? "generate_series($from\::bigint, $until) n"
        : "(WITH RECURSIVE s(n) AS (SELECT $from UNION ALL SELECT n + 1 FROM s WHERE n < $until) SELECT n FROM s) s";
    my $values = join ', ', map { $value{$_} } @columns;
    $database->query('INSERT INTO dygw_verifications (' . join(', ', @columns) . ") SELECT $values FROM $numbers");
    return;
}

# Indexes are made when the rows are there, which is how one would fill a table.
sub indexes {
    my ($database) = @_;
    return map { $_->[0] } $database->query($database->driver eq 'pgsql'
        ? q(SELECT indexdef FROM pg_indexes WHERE tablename = 'dygw_verifications' AND indexdef NOT LIKE '%UNIQUE%')
        : q(SELECT replace(sql, char(10), ' ') FROM sqlite_master WHERE tbl_name = 'dygw_verifications' )
            . q(AND type = 'index' AND sql IS NOT NULL));
}

sub fill {
    my ($self, $database) = @_;
    my @indexes = indexes($database);
    $database->query("DROP INDEX $_") for map { /INDEX (?:IF NOT EXISTS )?(\w+)/ } @indexes;
    for (my $from = 1; $from <= $self->{rows}; $from += PIECE) {
        my $until = $from + PIECE - 1;
        $self->insert($database, $from, $until < $self->{rows} ? $until : $self->{rows});
    }
    $database->query($_) for @indexes;
    $database->query($database->driver eq 'pgsql' ? 'VACUUM ANALYZE dygw_verifications' : 'PRAGMA optimize');
    return;
}

1;
