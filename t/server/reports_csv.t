#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Reports as CSV: read by a parser of others, and by a spreadsheet, it says what the rows of the table say; of any
# length, for readers of any speed.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Encode qw(decode_utf8 encode_utf8);
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Expect qw(@VIEW_KEYS error_is);
use Dygw::Gateway qw(POI ACCOUNT);
use Dygw::Reasons;
use Dygw::Records qw(local_time sums);
use Dygw::Server qw(poll spew);
use Text::CSV;

use constant MIDNIGHT => 1_764_000_000_000;     # 2025-11-25 in China begins
use constant MANY     => 1700;                  # more than three pieces
use constant STALLED  => 3;                     # readers that stop, more than there are connections
use constant BULK     => 20_000;                # rows, more than the sockets between hold
use constant OPENS    => 60;                    # seconds for the spreadsheet

my @YUAN = map { "${_}_yuan" } qw(pay_amount receipt_amount discount_amount);
my @COLUMNS = ((grep { $_ ne 'douyin_response' } @VIEW_KEYS), @YUAN);
my @IDS = qw(id app_id poi_id certificate_id encrypted_code origin_code product_id sku_id verify_id order_id
    source_order_id ext_order_id operator device request_id store account_id);
my %IS_ID = map { $_ => 1 } @IDS;
my %IS_TIME = map { $_ => 1 } qw(expire_time verify_time create_order_time pay_time created_at updated_at
    cancelable_until);

my %said = Dygw::Reasons::sentences();

my $gateway = Dygw::Gateway->new(driver => 'pgsql', children => 1,
    directives => { DBDMin => 1, DBDKeep => 2, DBDMax => 2 });
$gateway->server->announce('DYGW0118');     # there are fewer connections than threads
$gateway->start;
my $internal = $gateway->internal;
my $database = $gateway->database;
my $records = Dygw::Records->new($database);

# Cells that a careless writer or a spreadsheet spoils.
my @nasty = ('=1+1', '+86 10', '-2', '@SUM(A1)', "\t=1", "\r=1", 'a,b', 'say "no"', '"', "two\nlines",
    "two\r\nlines", ' blank ', '', '007', '1e5', '2025-11-25', '奶茶·大杯', "it's", "'quoted", ';',
    '=HYPERLINK("http://x","y")', '一,"二"', '＝1+1', '＋86', '－2', '＠SUM(A1)', '＜1', '−1');
for my $i (0 .. MANY - 1) {
    my $nasty = encode_utf8($nasty[ $i % @nasty ]);
    $records->add(
        created_at => MIDNIGHT - 3 + $i, product_name => $nasty, operator_name => $nasty, ext_order_id => $nasty,
        verify_status => $i % 7 ? 'success' : 'failed', error_code => $i % 7 ? 0 : -3, error_description => $nasty,
        reason => $i % 14 ? undef : 'not_yet_valid',
        app_name => encode_utf8('收银'), poi_id => POI, store => (undef, '7001', 'east-1')[ $i % 3 ],
        account_id => $i % 2 ? ACCOUNT : undef, verify_id => "7300000000000$i",
        origin_code => "0012345678$i",
        pay_amount => $i % 3 ? $i : undef, receipt_amount => 100 * $i + 5, expire_time => MIDNIGHT - 1,
        verify_time => $i % 7 ? MIDNIGHT + $i : undef, encrypted_code => "CyA+/=$i", coupon_status => 'used',
        order_status => 201, douyin_response => '{}'
    );
}
$records->write;

sub csv { my ($query) = @_; return $internal->call(GET => "/reports/verifications?export=csv&$query") }

# What is in a file: (names of the columns, rows as arrays), as an independent parser has it.
sub parse {
    my ($text) = @_;
    my $parser = Text::CSV->new({ binary => 1, strict => 1, auto_diag => 0, eol => "\r\n" });
    open my $handle, '<:encoding(UTF-8)', \$text or die;
    my @rows;
    while (my $row = $parser->getline($handle)) {
        push @rows, $row;
    }
    die 'no CSV: ' . $parser->error_diag if !$parser->eof;
    return (shift @rows, @rows);
}

# --- the raw file ---

# Where nothing is recorded the number tells: all that failed here were not redeemed.
sub told {
    my ($reason, $name) = @_;
    $reason //= 'not_redeemed';
    return $name eq 'reason' ? $reason : $name eq 'advice' ? $said{$reason}{zh}
        : $said{$reason}{retryable} ? 'true' : 'false';
}

sub cell {
    my ($row, $name) = @_;
    my $column = $name eq 'operator' ? 'operator_name' : $name;
    my $value = $row->{$column};
    return $row->{error_code} ? told($row->{reason}, $name) : '' if $name =~ /\A(?:reason|retryable|advice)\z/;
    return defined $row->{$1} ? sprintf('%.2f', $row->{$1} / 100) : '' if $name =~ /\A(.*)_yuan\z/;
    return '' if !defined $value;
    return $IS_TIME{$name} ? local_time($value) : decode_utf8($value);
}

# What keeps a spreadsheet from guessing, by the letter of the contract.
sub kept {
    my ($name, $value) = @_;
    return qq(="$value") if $IS_ID{$name} && $value =~ /\A[0-9]+\z/;
    return $value =~ /\A[=+\-@\t\r＝＋－＠]/ ? "'$value" : $value;
}

sub differences {
    my ($file, $rows, $kept) = @_;
    my ($names, @got) = parse($file);
    my @wrong = "@$names" eq "@COLUMNS" ? () : "columns @$names";
    push @wrong, scalar(@got) . ' rows, not ' . @$rows if @got != @$rows;
    for my $i (0 .. $#got) {
        for my $k (0 .. $#COLUMNS) {
            my $value = cell($rows->[$i], $COLUMNS[$k]);
            $value = kept($COLUMNS[$k], $value) if $kept;
            push @wrong, "row $i, $COLUMNS[$k]: $got[$i][$k], not $value" if $got[$i][$k] ne $value;
        }
    }
    return @wrong;
}

sub file_is {
    my ($file, $kept, $name, %filter) = @_;
    my @wrong = eval { differences($file, [ $records->matching(%filter) ], $kept) };
    push @wrong, $@ if $@;
    return is(scalar @wrong, 0, $name) || diag encode_utf8(join "\n", grep { defined } @wrong[ 0 .. 4 ]);
}

my $raw = csv('raw=1');
is($raw->{status}, 200, 'CSV') or diag $raw->{body};
is($raw->{headers}{'content-type'}, 'text/csv; charset=utf-8', 'says that it is');
is($raw->{headers}{'content-disposition'}, 'attachment; filename="verifications.csv"', 'and how it is called');
is($raw->{headers}{'cache-control'}, 'no-store', 'nobody keeps it');
like($raw->{headers}{'x-request-id'}, qr/\A\w+\z/, 'with a request id');
ok($raw->{whole}, 'it is whole');
file_is($raw->{body}, 0, 'raw=1: all rows, newest first, as they are');
unlike($raw->{body} =~ s/"[^"]*"//gr, qr/(?<!\r)\n/, 'lines end with CRLF');

# --- the usual file ---

my $usual = csv('bom=0&raw=0');
file_is($usual->{body}, 1, 'identifiers and what looks like a formula are kept from a spreadsheet');
like($usual->{body}, qr/"=""7012345678901234567"""/, 'an identifier is written ="..."');
like($usual->{body}, qr/,'-3,/, 'a negative number is no formula either');
my $bom = csv('bom=1');
is(substr($bom->{body}, 0, 3), "\xEF\xBB\xBF", 'bom=1: a BOM comes first');
is(substr($bom->{body}, 3), $usual->{body}, 'and else it is the same');
like($usual->{body}, qr/\Aid,app_id,app_name,/, 'without, there is none');
file_is(csv('status=failed&start_time=2025-11-25')->{body}, 1, 'filters count',
    status => 'failed', from => MIDNIGHT);
file_is(csv('poi_id=1')->{body}, 1, 'of nothing: the header line', poi_id => 1);
my $head = $internal->call(HEAD => '/reports/verifications?export=csv');
is("$head->{status} $head->{body}", '200 ', 'HEAD gives no file');

# --- the summary ---

my $summary = $internal->call(GET => '/reports/summary?export=csv&group_by=day,poi_id,app_id');
my ($names, @rows) = parse($summary->{body});
my @FIGURES = qw(total_count success_count failed_count processing_count cancelled_count pay_amount receipt_amount
    discount_amount);
is("@$names", join(' ', qw(day poi_id app_id app_name), @FIGURES, @YUAN), 'the summary as CSV');
for my $case ([ '2025-11-24', until => MIDNIGHT ], [ '2025-11-25', from => MIDNIGHT ]) {
    my ($day, @filter) = @$case;
    my $sums = sums($records->matching(@filter));
    is_deeply(shift @rows, [ $day, '="' . POI . '"', '="1"', decode_utf8($gateway->app->{name}), @$sums{@FIGURES},
        map { sprintf '%.2f', $sums->{$_} / 100 } @FIGURES[ 5 .. 7 ] ], "the row of $day");
}
is(scalar @rows, 0, 'and no other');
is($summary->{headers}{'content-disposition'}, 'attachment; filename="summary.csv"', 'with a name of its own');

# --- a spreadsheet ---

# What the spreadsheet writes has line ends of its own.
sub parse_loosely {
    my ($text) = @_;
    open my $handle, '<:encoding(UTF-8)', \$text or die;
    my $rows = Text::CSV->new({ binary => 1 })->getline_all($handle);
    return @$rows;
}

sub opened {
    my ($file) = @_;
    my $dir = $gateway->server->dir;
    spew("$dir/report.csv", $file);
    # Tokens of its CSV filter: comma, double quote, UTF-8, from line 1; formulas are evaluated, as Excel does.
    my $command = "cd $dir && HOME=$dir timeout @{[OPENS]} soffice -env:UserInstallation=file://$dir/office "
        . "--headless --infilter='CSV:44,34,76,1,,2052,false,true,false,false,false,0,true' "
        . "--convert-to 'csv:Text - txt - csv (StarCalc):44,34,76,1' --outdir out report.csv 2>&1";
    my $said = `$command`;
    my ($made) = glob "$dir/out/*.csv" or die "the spreadsheet does not open it: $said";
    return Dygw::Server::slurp($made);
}

SKIP: {
    skip 'LibreOffice (libreoffice-calc-nogui) is not installed', 3
        if !grep { -x "$_/soffice" } split /:/, $ENV{PATH};
    my ($names, @cells) = parse_loosely(opened(csv('bom=1&status=success')->{body}));
    my @expected = $records->matching(status => 'success');
    is(scalar @cells, scalar @expected, 'a spreadsheet has every row');
    my (@lost, @computed);
    for my $i (0 .. $#cells) {
        my %got;
        @got{@$names} = @{ $cells[$i] };
        push @lost, map { "row $i: $_ $got{$_}" }
            grep { $got{$_} ne cell($expected[$i], $_) } qw(id poi_id origin_code verify_id certificate_id);
        my ($formula) = cell($expected[$i], 'product_name') =~ /\A([=+\-@][^\r\n]*)/ or next;
        push @computed, "row $i: $got{product_name}" if $got{product_name} !~ /\A'?\Q$formula\E/;
    }
    is(scalar @lost, 0, 'and every digit of every identifier') or diag $lost[0];
    is(scalar @computed, 0, 'and computes nothing') or diag encode_utf8($computed[0]);
}

# --- readers that stop ---

my $poi = '7099999999999999999';
$database->query('INSERT INTO dygw_verifications (id, first_id, app_id, poi_id, verify_status, enrichment_status, '
    . 'created_at, updated_at, mode, product_name) '
    . "SELECT n * 4096, n * 4096, 1, '$poi', 'success', 'success', 1704067200000 + n, 1, 'code', repeat('x', 200) "
    . "FROM generate_series(1::bigint, @{[BULK]}) n");
my @stalled = map { $internal->begin(GET => "/reports/verifications?export=csv&poi_id=$poi") } 1 .. STALLED;
sleep 0.5;
sub working {
    return $database->query("SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'dygw' AND state <> 'idle' "
        . 'AND pid <> pg_backend_pid()');
}
ok(poll { working() == 0 }, 'while they wait, the database does nothing for them');
my $began = time;
is($internal->call(GET => '/reports/verifications')->{status}, 200, 'others are served');
cmp_ok(time - $began, '<', 5, 'at once: no connection is kept');
my @answers = map { $_->finish } @stalled;
is(scalar(grep { $_->{whole} && (() = $_->{body} =~ /\r\n/g) == BULK + 1 } @answers), STALLED,
    'and they get all they asked for');

# --- a database that goes away on the way ---

my $cut = $internal->begin(GET => "/reports/verifications?export=csv&poi_id=$poi");
sleep 0.5;
$gateway->server->announce(qw(AH00629 AH00632 AH00633 AH00636 AH00639 AH02655 DYGW0310 DYGW0470 DYGW0600 DYGW0601));
$database->stop;
my $half = $cut->finish;
is($half->{status}, 200, 'a file that had begun');
ok(!$half->{whole} && length $half->{body}, 'and cannot go on ends so that its reader can tell');
ok($gateway->server->log_like(qr/DYGW0470.* rows/), 'the log says so');
$internal->disconnect;
error_is(csv('raw=1'), 503, 'database_unavailable', 'one that cannot begin is an error');
error_is($internal->call(GET => '/reports/summary'), 503, 'database_unavailable', 'a summary too');
error_is($internal->call(GET => '/reports/verifications'), 503, 'database_unavailable', 'and a list');
$database->start;
$gateway->wait_healthy;
file_is(csv('raw=1&start_time=2025-11-24')->{body}, 0, 'afterwards all is as before');
$internal->disconnect;
$gateway->finish;
done_testing;
