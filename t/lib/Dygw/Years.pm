# SPDX-License-Identifier: Apache-2.0
# Years of verifications for benchmarks, made in the database itself, which has its tables.
#
#   my $years = Dygw::Years->new(5_000_000);
#   $years->fill($database);
#   $years->fill_payouts($database);                    # a line of the ledger for each that was redeemed
#   $years->{start}, $years->{end}, $years->{step}      # ms: of the first, after the last, between two
#   $years->some('origin_code')                         # what one of them has in that column; also device, ...
package Dygw::Years;

use strict;
use warnings;

use Time::HiRes qw(time);

use constant STORES => 500;
use constant ACCOUNTS => qw(7014065493820573710 7014065493820573711 7014065493820573712);
use constant DAYS   => 730;
use constant DAY    => 86_400_000;
use constant PIECE  => 1_000_000;     # rows of one INSERT
use constant OPERATORS => 50;
use constant DEVICES   => 30;
use constant CODES     => 899_999_999_981;   # a prime: each row has a number of its own

# Why coupons are refused: number, reason, and how many of 32 refused ones.
my @REFUSED = ([ 1208, 'already_used', 12 ], [ 1212, 'wrong_code', 8 ], [ 1228, 'wrong_store', 5 ],
    [ 1250, 'expired', 4 ], [ 45005117, 'qr_expired', 2 ], [ 2119006, 'being_given_away', 1 ]);

# They end at a midnight in China.
sub new {
    my ($class, $rows) = @_;
    my $end = int(time / 86_400) * DAY - 8 * 3_600_000;
    my $step = int(DAYS * DAY / $rows);
    return bless { rows => $rows, end => $end, step => $step, start => $end - $rows * $step }, $class;
}

# What row n has, and whether it was refused, or cancelled, in SQL and here.
sub status_of { my ($n) = @_; return $n % 97 < 91 ? 'success' : $n % 97 < 94 ? 'failed' : 'cancelled' }

# The column of @REFUSED that a refused row has.
sub refusal {
    my ($column, $quote) = @_;
    my $below = 0;
    my @when = map { $below += $_->[2]; "WHEN n / 97 % 32 < $below THEN $quote$_->[$column]$quote" } @REFUSED;
    return "CASE @when END";
}

sub error_codes { return map { $_->[0] } @REFUSED }

sub reasons { return map { $_->[1] } @REFUSED }

my %OF_ROW = (
    origin_code => sub { return 100_000_000_000 + $_[0] * 48_271 % CODES },
    verify_id => sub { return 7_400_000_000_000_000_000 + $_[0] }, request_id => sub { return "r$_[0]" },
    ext_order_id => sub { return 'E' . (20_000_000 + $_[0]) },
    operator_name => sub { return 'op' . $_[0] * 31 % OPERATORS },
    device => sub { return 'pos-' . $_[0] * 17 % DEVICES }, store => sub { return 's' . $_[0] * 7919 % STORES },
);

sub some {
    my ($self, $column) = @_;
    my $n = 1 + int rand $self->{rows};
    $n-- while status_of($n) eq 'failed' || $n % 3;   # one that has them all
    return $OF_ROW{$column}->($n || 3);
}

# Of row n, in SQL that SQLite and PostgreSQL know.
# A store is of the first account (seven in ten), of the second, or, a single
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
        error_code => 'CASE WHEN n % 97 BETWEEN 91 AND 93 THEN ' . refusal(0, '') . ' ELSE 0 END',
        reason => 'CASE WHEN n % 97 BETWEEN 91 AND 93 THEN ' . refusal(1, "'") . ' END',
        after_sale => "CASE WHEN n % 97 < 91 AND n % 400 = 7 THEN CASE n % 3 WHEN 0 THEN 'requested' "
            . "WHEN 1 THEN 'refused' ELSE 'refunded' END END",
        after_sale_since => "CASE WHEN n % 97 < 91 AND n % 400 = 7 THEN $start + n * $step + 7200000 END",
        certificate_id => 'CAST(7300000000000000000 + n AS TEXT)',
        encrypted_code => "'CyA' || CAST(n * 7919 AS TEXT) || 'aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBjb2Rl'",
        origin_code => "CAST(100000000000 + n * 48271 % @{[CODES]} AS TEXT)", coupon_status => "'used'",
        product_id => 'CAST(1700000000000000 + (n * 31) % 200 AS TEXT)', product_name => "'Milk tea, large'",
        sku_id => "'1700000000000001'", sku_name => "'Milk tea'", verify_records_count => '1',
        verify_id => 'CASE WHEN n % 97 NOT BETWEEN 91 AND 93 THEN CAST(7400000000000000000 + n AS TEXT) END',
        ext_order_id => "CASE WHEN n % 3 = 0 THEN 'E' || CAST(20000000 + n AS TEXT) END",
        order_id => 'CAST(1000000000000000000 + n / 2 AS TEXT)', order_status => '201', pay_amount => '500 + n % 9500',
        receipt_amount => '500 + n % 9500', discount_amount => 'n % 300', enrichment_status => "'success'",
        douyin_response => q('{"verify":{"description":"success","error_code":0,"verify_results":[{"code":"')
            . q( || CAST(n AS TEXT) || '","result":0,"msg":"success","verify_id":"7400000000000000000",')
            . q( || '"certificate_id":"7300000000000000000"}]},"order":{}}'),
        expire_time => "$end", verify_time => "$start + n * $step", create_order_time => "$start + n * $step - 1000",
        pay_time => "$start + n * $step", created_at => "$start + n * $step", updated_at => "$start + n * $step",
        mode => "'code'", operator_name => "'op' || CAST(n * 31 % @{[OPERATORS]} AS TEXT)",
        device => "'pos-' || CAST(n * 17 % @{[DEVICES]} AS TEXT)", request_id => "'r' || CAST(n AS TEXT)",
    );
}

# The same in MariaDB's SQL.
sub for_mysql {
    my ($sql) = @_;
    return $sql =~ s/AS TEXT\)/AS CHAR)/gr =~ s{ / }{ DIV }gr;
}

sub run {
    my ($database, $sql) = @_;
    return $database->query($sql) if $database->driver ne 'mysql';
    return $database->query("SET SESSION sql_mode = 'PIPES_AS_CONCAT'; " . for_mysql($sql));
}

sub insert {
    my ($self, $database, $from, $until) = @_;
    my %value = $self->values_of;
    my @columns = sort keys %value;
    my %numbers = (
        pgsql => "generate_series($from\::bigint, $until) n", mysql => "(SELECT seq n FROM seq_${from}_to_$until) s",
        sqlite3 => "(WITH RECURSIVE s(n) AS (SELECT $from UNION ALL SELECT n + 1 FROM s WHERE n < $until) "
            . 'SELECT n FROM s) s',
    );
    my $values = join ', ', map { $value{$_} } @columns;
    run($database, 'INSERT INTO dygw_verifications (' . join(', ', @columns) . ') '
        . "SELECT $values FROM $numbers{ $database->driver }");
    return;
}

# Once the rows are there, as the server would do by itself in time.
sub look_at {
    my ($database, $table) = @_;
    my %how = (pgsql => "VACUUM ANALYZE $table", mysql => "ANALYZE TABLE $table", sqlite3 => 'PRAGMA optimize');
    $database->query($how{ $database->driver });
    return;
}

# What Douyin pays out is what was paid, less three hundredths, and is known.
sub fill_payouts {
    my ($self, $database) = @_;
    my $fee = 'pay_amount * 3 / 100';
    run($database, 'INSERT INTO dygw_payouts ('
        . 'verification_id, ledger_asks, ledger_at, ledger_status, ledger_lines, expected_original, expected_pay, '
        . 'expected_pay_discount, expected_merchant_discount, expected_total, expected_goods, expected_platform_fee, '
        . 'ledger_records) SELECT id, 2, created_at + 3600000, 1, 1, '
        . "pay_amount + discount_amount, pay_amount, 0, discount_amount, pay_amount, pay_amount - $fee, $fee, "
        . q('[{"ledger_id":"7500000000000000000","status":1}]' )
        . q(FROM dygw_verifications WHERE verify_status = 'success'));
    look_at($database, 'dygw_payouts');
    return;
}

# What takes its indexes away, and what makes them again. MariaDB makes all of them in one go over the table.
sub indexes {
    my ($database) = @_;
    if ($database->driver ne 'mysql') {
        my @make = map { $_->[0] } $database->query($database->driver eq 'pgsql'
            ? q(SELECT indexdef FROM pg_indexes WHERE tablename = 'dygw_verifications' AND indexdef NOT LIKE '%UNIQUE%')
            : q(SELECT replace(sql, char(10), ' ') FROM sqlite_master WHERE tbl_name = 'dygw_verifications' )
                . q(AND type = 'index' AND sql IS NOT NULL));
        return ([ map { /INDEX (?:IF NOT EXISTS )?(\w+)/ ? "DROP INDEX $1" : () } @make ], \@make);
    }
    my @keys = $database->query(q{SELECT index_name, GROUP_CONCAT(CONCAT(column_name, IF(sub_part IS NULL, '', }
        . q{CONCAT('(', sub_part, ')'))) ORDER BY seq_in_index) FROM information_schema.statistics WHERE non_unique }
        . q{AND table_schema = DATABASE() AND table_name = 'dygw_verifications' GROUP BY index_name});
    my $alter = 'ALTER TABLE dygw_verifications ';
    return ([ $alter . join ', ', map { "DROP KEY $_->[0]" } @keys ],
        [ $alter . join ', ', map { "ADD KEY $_->[0] ($_->[1])" } @keys ]);
}

# Indexes are made when the rows are there, which is how one would fill a table.
sub fill {
    my ($self, $database) = @_;
    my ($drop, $make) = indexes($database);
    $database->query($_) for @$drop;
    for (my $from = 1; $from <= $self->{rows}; $from += PIECE) {
        my $until = $from + PIECE - 1;
        $self->insert($database, $from, $until < $self->{rows} ? $until : $self->{rows});
    }
    $database->query($_) for @$make;
    look_at($database, 'dygw_verifications');
    return;
}

1;
