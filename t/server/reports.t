#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Reports: lists by every filter and by pages, sums by every grouping, recomputed here from the rows themselves.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use List::Util qw(uniq);
use Test::More;

use Dygw::Client qw(keys_in_order);
use Dygw::Expect;
use Dygw::Gateway qw(POI ACCOUNT);
use Dygw::Records qw(utc sums);

use constant DAY      => 86_400_000;
use constant MIDNIGHT => 1_764_000_000_000;     # 2025-11-25 in China begins; 2025-11-24T16:00:00Z
use constant OTHER    => '7012345678901234568';
use constant RANDOM   => 150;                   # random filters
use constant FIGURES  => qw(total_count success_count failed_count processing_count cancelled_count pay_amount
    receipt_amount discount_amount);

my $seed = $ENV{DYGW_TEST_SEED} // time;
srand $seed;

my $gateway = Dygw::Gateway->new;
$gateway->start;
my $internal = $gateway->internal;
my ($till, $bar) = map { scalar(($gateway->create_app(name => $_))[1]) } qw(till bar);
my $records = Dygw::Records->new($gateway->database);

# --- the rows: three days around midnight in China, some of them within the last and the first millisecond ---

my @statuses = qw(success success success failed processing cancelled);
for my $i (0 .. 299) {
    my $status = $statuses[ rand @statuses ];
    my $app = rand() < 0.7 ? $till : $bar;
    $records->add(
        created_at => $i < 4 ? MIDNIGHT - 2 + $i : MIDNIGHT - DAY + int(rand(3 * DAY)), verify_status => $status,
        app_id => $app->{id}, app_name => $app->{name}, poi_id => rand() < 0.5 ? POI : OTHER,
        store => (undef, '7001', 'east-1')[ rand 3 ], account_id => (undef, ACCOUNT, '7014')[ rand 3 ],
        certificate_id => '70' . int(rand 40), order_id => '80' . int(rand 40),
        product_id => (undef, 'p1', 'p2')[ rand 3 ], error_code => $status eq 'failed' ? 1208 : 0,
        pay_amount => (undef, int(rand 100_000))[ rand() < 0.9 ], receipt_amount => int(rand 100_000),
        discount_amount => 3_000_000_000 + $i, douyin_response => '{"verify":{"id":7012345678901234567}}',
    );
}
$records->write;

sub query { my (%p) = @_; return join '&', map { "$_=" . Dygw::Sandbox::escape($p{$_}) } sort keys %p }

sub list { my (%p) = @_; return $internal->call(GET => '/reports/verifications?' . query(%p)) }

sub summary { my (%p) = @_; return $internal->call(GET => '/reports/summary?' . query(%p)) }

sub ids { return join ' ', map { $_->{id} } @_ }

sub ids_of { return ids(@{ $_[0]{json}{data} // [] }) }

# --- pages ---

my @all = $records->matching;
my $first = list();
is($first->{status}, 200, 'a list') or diag $first->{body};
is_deeply(keys_in_order($first->{body}), [qw(data page page_size total next_after_id)], 'in the form of the contract');
is_deeply(keys_in_order($first->{body}, 'data', 0), \@VIEW_KEYS, 'every record has all its keys in order');
like($first->{body}, qr/"douyin_response":\{"verify":\{"id":7012345678901234567\}\}/, 'Douyin\'s answers as they came');
is(ids_of($first), ids(@all[ 0 .. 19 ]), 'the newest 20 first');
is("@{ $first->{json} }{qw(page page_size total next_after_id)}", "1 20 300 $all[19]{id}",
    'page, size, total, and where to go on');
is(ids_of(list(page => 3, page_size => 7)), ids(@all[ 14 .. 20 ]), 'the third page of seven');
my $last = list(page => 15);
is(ids_of($last), ids(@all[ 280 .. 299 ]), 'the last page');
is($last->{json}{next_after_id}, undef, 'is the end');
is($last->{json}{total}, 300, 'and has the total too');
my $beyond = list(page => 16);
is_deeply([ @{ $beyond->{json} }{qw(data total next_after_id)} ], [ [], 300, undef ],
    'behind the last page is nothing');
is(list(page => 1_000_000, page_size => 200)->{json}{total}, 300, 'however far');
my $half = list(page => 2, page_size => 200);
is(ids_of($half) . " $half->{json}{total}", ids(@all[ 200 .. 299 ]) . ' 300', 'a page that is not full has the total');

my (@walked, $after);
my $page = $first;
while (1) {
    push @walked, @{ $page->{json}{data} };
    $after = $page->{json}{next_after_id} // last;
    $page = list(after_id => $after, page_size => 33);
    is_deeply(keys_in_order($page->{body}), [qw(data page_size next_after_id)], 'after_id: neither page nor total')
        if @walked == 20;
}
is(ids(@walked), ids(@all), 'by next_after_id every record once');
is(ids_of(list(after_id => $all[5]{id} - 1, page_size => 1)), ids(@all[ 6 .. 6 ]), 'after_id need not be a record\'s');
is_deeply(list(after_id => 1)->{json}{data}, [], 'below the oldest is nothing');

# --- midnight ---

sub total_is {
    my ($answer, $name, %filter) = @_;
    return is($answer->{json}{total}, scalar(my @found = $records->matching(%filter)), $name);
}

total_is(list(end_time => '2025-11-24'), 'until the end of a day in China', until => MIDNIGHT);
total_is(list(start_time => '2025-11-25'), 'from its beginning on', from => MIDNIGHT);
my $day = list(start_time => '2025-11-25', end_time => '2025-11-25', page_size => 200);
is(ids_of($day), ids($records->matching(from => MIDNIGHT, until => MIDNIGHT + DAY)), 'one day whole');
for my $ms (-2 .. 2) {
    my $t = MIDNIGHT + $ms;
    total_is(list(start_time => utc($t)), utc($t) . ' is included', from => $t);
    total_is(list(end_time => utc($t)), 'or excluded', until => $t);
}
total_is(list(start_time => '2025-11-25T00:00:00+08:00'), 'offsets count', from => MIDNIGHT);
total_is($internal->call(GET => '/reports/verifications?start_time=2025-11-25T00:00:00+08:00'),
    'also where the + is not escaped', from => MIDNIGHT);
total_is(list(start_time => utc(MIDNIGHT), end_time => utc(MIDNIGHT + 1)), 'a single millisecond',
    from => MIDNIGHT, until => MIDNIGHT + 1);

# --- every filter, alone and together ---

sub random_filter {
    my $row = $all[ rand @all ];
    my $from = MIDNIGHT - DAY + int rand(2 * DAY);
    my %value = (poi_id => $row->{poi_id}, app_id => $row->{app_id}, status => $row->{verify_status},
        account_id => $row->{account_id} // ACCOUNT,
        certificate_id => $row->{certificate_id}, order_id => $row->{order_id}, from => $from,
        until => $from + 1 + int rand DAY);
    my %filter = map { rand() < 0.4 ? ($_ => $value{$_}) : () } keys %value;
    my %query = %filter;
    $query{start_time} = utc(delete $query{from}) if exists $query{from};
    $query{end_time} = utc(delete $query{until}) if exists $query{until};
    return (\%filter, \%query);
}

my @wrong;
my @KEYS = qw(day poi_id store account_id app_id product_id);

sub day_of { return substr utc($_[0]{created_at} + 8 * 3_600_000), 0, 10 }

# What a summary has to say, as a hash from its keys.
sub expected_sums {
    my ($by, @rows) = @_;
    my %group;
    for my $row (@rows) {
        my %key = (%$row, day => day_of($row));
        push @{ $group{ join ' ', map { $key{$_} // '-' } @$by } }, $row;
    }
    return { map { $_ => sums(@{ $group{$_} }) } keys %group };
}

sub told_sums {
    my ($by, $answer) = @_;
    my %told;
    for my $row (@{ $answer->{json}{data} }) {
        $told{ join ' ', map { $row->{$_} // '-' } @$by } = { map { $_ => $row->{$_} } FIGURES };
    }
    return \%told;
}

for my $try (1 .. RANDOM) {
    my ($filter, $query) = random_filter();
    my @expected = $records->matching(%$filter);
    my $answer = list(%$query, page_size => 200);
    push @wrong, 'list ' . query(%$query)
        if ids_of($answer) ne ids(@expected[ 0 .. ($#expected < 199 ? $#expected : 199) ])
            || $answer->{json}{total} != @expected;
    my @by = grep { rand() < 0.5 } @KEYS;
    @by = ('day') if !@by;
    my $sum = summary(%$query, group_by => join ',', @by);
    my $same = eval { is_deeply_quiet(told_sums(\@by, $sum), expected_sums(\@by, @expected))
        && is_deeply_quiet({ map { $_ => $sum->{json}{total}{$_} } FIGURES }, sums(@expected)) };
    push @wrong, "summary by @by " . query(%$query) . " $sum->{body}" if !$same;
}
is(scalar @wrong, 0, "random filters list, count and sum what matches (seed $seed)")
    or diag join "\n", grep { defined } @wrong[ 0 .. 2 ];

sub flat { my ($x) = @_; return ref $x ? '{' . join(',', map { "$_=" . flat($x->{$_}) } sort keys %$x) . '}' : "$x" }

sub is_deeply_quiet { return flat($_[0]) eq flat($_[1]) }

# --- summaries ---

my $usual = summary();
is($usual->{status}, 200, 'a summary') or diag $usual->{body};
is_deeply(keys_in_order($usual->{body}), [qw(data total)], 'rows and their total');
is_deeply(keys_in_order($usual->{body}, 'data', 0), [ qw(day poi_id app_id app_name), FIGURES ],
    'by day, store and app unless asked otherwise, all keys in order');
is_deeply(keys_in_order($usual->{body}, 'total'), [FIGURES], 'the total has the same figures');
is_deeply($usual->{json}{total}, sums(@all), 'the total is that of the rows of the table');
is($usual->{json}{total}{total_count}, $first->{json}{total}, 'and of the list');
my @in_order = map { join ' ', @$_{qw(day poi_id app_id)} } @{ $usual->{json}{data} };
is_deeply(\@in_order, [ sort @in_order ], 'rows are in the order of their keys');
sub app_names { return join ' ', sort(uniq(map { $_->{app_name} } @{ $_[0]{json}{data} })) }
is(app_names($usual), 'bar till', 'apps have their names');
is($internal->call(PATCH => "/apps/$bar->{id}", { name => 'new bar' })->{status}, 200, 'an app is renamed');
is(app_names(summary(group_by => 'app_id')), 'new bar till', 'which splits no sum: the present name counts');
my $all_keys = summary(group_by => 'product_id,app_id,poi_id,day');
is_deeply(keys_in_order($all_keys->{body}, 'data', 0), [ qw(day poi_id app_id app_name product_id), FIGURES ],
    'the order of group_by is no matter');
my $nothing = summary(poi_id => '1');
is_deeply($nothing->{json}, { data => [], total => sums() }, 'of nothing: no row, and a total of noughts');
sub days { return join ' ', map { $_->{day} } @{ summary(group_by => 'day', @_)->{json}{data} } }
is(days(), '2025-11-24 2025-11-25 2025-11-26', 'days are those of China');

# --- what is refused ---

my %LIST_ONLY = map { $_ => 1 } qw(page page_size after_id);
for my $case (
    [ start_time => '2025-11-31' ], [ start_time => 'yesterday' ], [ start_time => '' ],
    [ start_time => '2025-11-24T16:00:00' ], [ start_time => '1764000000' ], [ end_time => '2025-11-24T25:00:00Z' ],
    [ end_time => '2025-1-1' ], [ poi_id => '' ], [ poi_id => 'a b' ], [ poi_id => 'x' x 33 ], [ store => '' ],
    [ store => 'a b' ], [ store => '7001' ], [ account_id => '' ], [ account_id => 'x' x 65 ], [ app_id => '0' ],
    [ app_id => '-1' ], [ app_id => 'till' ], [ app_id => '1.0' ], [ app_id => '' ], [ app_id => '9' x 19 ],
    [ status => 'done' ], [ status => 'SUCCESS' ], [ status => '' ], [ certificate_id => '' ],
    [ certificate_id => 'x' x 65 ], [ order_id => "a\tb" ], [ order_id => '' ], [ page => '0' ], [ page => '-1' ],
    [ page => 'x' ], [ page => '' ], [ page => '1000001' ], [ page_size => '0' ], [ page_size => '201' ],
    [ after_id => '0' ], [ after_id => 'x' ], [ after_id => '-5' ], [ after_id => '' ], [ export => 'xlsx' ],
    [ export => '' ], [ bom => '1' ], [ raw => '1' ], [ poi => '1' ], [ offset => '1' ],
    ) {
    my ($name, $value) = @$case;
    error_is(list($name => $value), 400, 'invalid_request', "list: $name='$value'", field => $name);
    error_is(summary($name => $value), 400, 'invalid_request', "summary: $name='$value'", field => $name)
        if !$LIST_ONLY{$name};
}
for my $edges ([ '2025-11-25', '2025-11-24' ], [ utc(MIDNIGHT), utc(MIDNIGHT) ], [ '2025-11-25', utc(MIDNIGHT - 1) ]) {
    error_is(list(start_time => $edges->[0], end_time => $edges->[1]), 400, 'invalid_request',
        "from $edges->[0] until $edges->[1]", field => 'end_time');
}
error_is(list(page => 1, after_id => 5), 400, 'invalid_request', 'page and after_id together', field => 'after_id');
error_is($internal->call(GET => '/reports/verifications?status=failed&status=success'), 400, 'invalid_request',
    'a filter twice', field => 'status');
for my $name (qw(page page_size after_id)) {
    error_is(list(export => 'csv', $name => 1), 400, 'invalid_request', "a page of CSV: $name", field => $name);
    error_is(summary($name => 1), 400, 'invalid_request', "a page of a summary: $name", field => $name);
}
for my $value ('', 'month', 'day,', ',day', 'day,day', 'app_name', 'day poi_id', 'DAY', 'day,,poi_id') {
    error_is(summary(group_by => $value), 400, 'invalid_request', "group_by='$value'", field => 'group_by');
}
error_is(list(group_by => 'day'), 400, 'invalid_request', 'a list is not grouped', field => 'group_by');
error_is(summary(export => 'csv', bom => 2), 400, 'invalid_request', 'bom is 0 or 1', field => 'bom');
my $nobody = $gateway->plain('/v1/internal');
error_is($nobody->call(GET => "/reports/$_"), 401, 'operator_required', "$_: not without an operator")
    for qw(verifications summary);
error_is($internal->call(POST => '/reports/verifications', {}), 405, 'method_not_allowed', 'reports are read only');
error_is($internal->call(GET => '/reports'), 404, 'not_found', 'there is no report of all reports');

# --- years: what is summed in pieces adds up ---

$records->add(created_at => MIDNIGHT - DAY - int(rand(690 * DAY)), poi_id => 'old', app_id => $bar->{id},
    product_id => (undef, 'p1')[ rand 2 ], pay_amount => int rand 1000) for 1 .. 120;
$records->write;
for my $case ([ 'day', poi_id => 'old' ], [ 'product_id', app_id => $bar->{id} ], [ 'day' ], [ 'poi_id' ],
              [ 'app_id', status => 'success' ]) {
    my ($by, %filter) = @$case;
    my @expected = $records->matching(%filter);
    my $answer = summary(group_by => $by, %filter);
    is_deeply(told_sums([$by], $answer), expected_sums([$by], @expected), "two years by $by");
    is_deeply($answer->{json}{total}, sums(@expected), 'and their total');
}

# --- a real redemption ---

my $coupon = $gateway->sandbox->mint_coupon;
my $redeemed = $gateway->verify(code => $coupon->{code});
my $found = list(certificate_id => $redeemed->{json}{data}{certificate_id});
is($found->{json}{total}, 1, 'a redemption is found by its coupon');
is($found->{json}{data}[0]{id}, $redeemed->{json}{data}{id}, 'the same');
my ($created, $app_id) = ($found->{json}{data}[0]{created_at}, $gateway->app->{id});
is(list(end_time => $created, app_id => $app_id)->{json}{total}, 0, 'its time is excluded at the end');
is(list(start_time => $created, app_id => $app_id)->{json}{total}, 1, 'and included at the start');

# --- another time zone ---

$gateway->set(DygwTimeZone => '-03:30');
$_->disconnect for $internal, $nobody;
$gateway->graceful;
total_is(list(start_time => '2025-11-25', app_id => $till->{id}), 'days are those of DygwTimeZone',
    from => MIDNIGHT + 11.5 * 3_600_000, app_id => $till->{id});
is(days(start_time => utc(MIDNIGHT - 2), end_time => utc(MIDNIGHT + 2)), '2025-11-24', 'in summaries too');
$internal->disconnect;
$gateway->finish;
done_testing;
