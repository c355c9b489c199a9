#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Summaries by each key and by combinations of them, recomputed from the list of verifications, on each database.
#
# No two groups may be taken for one: for each key there are records that differ in that key alone, on both sides of a
# boundary between two pieces in which the time is read. A key that has no such records here is a failure.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use List::Util qw(shuffle sum0 uniq);
use Test::More;

use Dygw::Client;
use Dygw::Gateway qw(ACCOUNT);
use Dygw::Records qw(utc);
use Text::CSV;

use constant MINUTE => 60_000;
use constant HOUR   => 3_600_000;
use constant DAY    => 86_400_000;
use constant FIRST  => 1_764_000_900_000;           # the first record: a quarter past the hour in China
use constant PIECE  => 8 * DAY;                     # so long is the first piece
use constant RANDOM => 250;                         # records of a year
use constant COMBINATIONS => 25;
use constant FIGURES => qw(total_count success_count failed_count processing_count cancelled_count pay_amount
    receipt_amount discount_amount);

my $seed = $ENV{DYGW_TEST_SEED} // time;
srand $seed;

# How a record is made another one that differs in that key alone.
my %VARIANT = (
    day => sub { $_[0]{created_at} += DAY }, hour => sub { $_[0]{created_at} += HOUR },
    poi_id => sub { $_[0]{poi_id} = '7012345678901234999' }, store => sub { $_[0]{store} = undef },
    account_id => sub { $_[0]{account_id} = '7014' }, app_id => sub { $_[0]{app_id} = 77 },
    product_id => sub { $_[0]{product_id} = 'p 2' }, operator => sub { $_[0]{operator_name} = '8' },
    reason => sub { $_[0]{reason} = 'wrong_store' },
);
my %BASE = (verify_status => 'failed', error_code => 1234, reason => 'expired', app_id => 76, app_name => 'till',
    poi_id => '7012345678901230000', store => '7001', account_id => ACCOUNT, product_id => 'p1', operator_name => '7');

# What a record says of why: what is recorded with it, and the reason that it has.
my @WHY = (
    [ { verify_status => 'success' }, '' ], [ { verify_status => 'cancelled' }, '' ],
    [ { verify_status => 'failed', error_code => 1250, reason => 'expired' }, 'expired' ],
    [ { verify_status => 'failed', error_code => 3000001, reason => 'wrong_store' }, 'wrong_store' ],
    [ { verify_status => 'failed', error_code => 1229, reason => 'risk_review' }, 'risk_review' ],
    # of an older version
    [ { verify_status => 'failed', error_code => 45005117 }, 'qr_expired' ],
    [ { verify_status => 'failed', error_code => -2 }, 'given_up' ],
    [ { verify_status => 'processing' }, 'waiting' ],
    [ { verify_status => 'processing', review_since => FIRST }, 'risk_review' ],
    [ { verify_status => 'processing', review_since => FIRST, refused_code => 2119005 }, 'risk_review' ],
    [ { verify_status => 'processing', reason => 'not_permitted' }, 'not_permitted' ],
    # a repetition was refused, which settles nothing
    [ { verify_status => 'processing', refused_code => 1250, refused_description => 'no' }, 'waiting' ],
    [ { verify_status => 'success', error_code => 3000001, reason => 'cancel_too_late' }, 'cancel_too_late' ],
);

sub one_of { return $_[ rand @_ ] }

# The reason of a record, by its id; and whether it is one of an older version, which recorded none.
my (%reason, %is_old);

sub add {
    my ($records, $reason, %row) = @_;
    my $id = $records->add(discount_amount => 3, %row)->{id};
    $reason{$id} = $reason;
    $is_old{$id} = $row{verify_status} && $row{verify_status} eq 'failed' && !$row{reason};
    return;
}

# The boundary is a quarter past, or to, the hour: ten minutes before and after it are in the same hour.
sub add_pairs {
    my ($records) = @_;
    for my $key (sort keys %VARIANT) {
        for my $at (FIRST + PIECE - 10 * MINUTE, FIRST + PIECE + 10 * MINUTE) {
            my %row = (%BASE, created_at => $at, certificate_id => "pair-$key");
            add($records, $row{reason}, %row);
            $VARIANT{$key}->(\%row);
            add($records, $row{reason}, %row);
        }
    }
    return;
}

sub fill {
    my ($gateway) = @_;
    my $records = Dygw::Records->new($gateway->database);
    %reason = %is_old = ();
    add($records, '', created_at => FIRST);
    add_pairs($records);
    for (1 .. RANDOM) {
        my $why = one_of(@WHY);
        add($records, $why->[1], created_at => FIRST + int rand(365 * DAY), app_id => one_of(1, 2, 76),
            poi_id => one_of('7012345678901230000', '7012345678901234567'), store => one_of(undef, '7001', 'east-1'),
            account_id => one_of(undef, ACCOUNT, '7014'), product_id => one_of(undef, 'p1', 'p 2'),
            operator_name => one_of(undef, '7', '8', '7 8'), pay_amount => one_of(undef, int rand 1e5),
            receipt_amount => int rand 1e5, %{ $why->[0] });
    }
    $records->write;
    return;
}

# --- what is told, and what should be ---

sub parse {
    my ($text) = @_;
    open my $handle, '<:encoding(UTF-8)', \$text or die;
    my ($names, @rows) = @{ Text::CSV->new({ binary => 1, eol => "\r\n" })->getline_all($handle) };
    return map { my %row; @row{@$names} = @$_; \%row } @rows;
}

sub key_of { my ($by, $row) = @_; return join '|', map { $row->{$_} // '' } @$by }

sub figures { my ($row) = @_; return join ' ', map { $row->{$_} } FIGURES }

# The list as the office downloads it, with a day and an hour of each record.
sub listed {
    my ($internal) = @_;
    my @rows = parse($internal->call(GET => '/reports/verifications?export=csv&raw=1')->{body});
    for my $row (@rows) {
        @$row{qw(day hour)} = $row->{created_at} =~ /\A(\S+) (\d\d):/;
        $row->{hour} += 0;
        $row->{told_reason} = $row->{reason} // '';
        $row->{reason} = $reason{ $row->{id} };
    }
    return @rows;
}

sub expected {
    my ($by, @rows) = @_;
    my %group;
    for my $row (@rows) {
        my $sums = $group{ key_of($by, $row) } //= { map { $_ => 0 } FIGURES };
        $sums->{total_count}++;
        $sums->{"$row->{verify_status}_count"}++;
        next if $row->{verify_status} ne 'success';
        $sums->{$_} += $row->{$_} || 0 for qw(pay_amount receipt_amount discount_amount);
    }
    return { map { $_ => figures($group{$_}) } keys %group };
}

# As a hash; a group that comes twice is an error of its own.
sub told {
    my ($by, @rows) = @_;
    my %told;
    for my $row (@rows) {
        my $key = key_of($by, $row);
        $told{$key} = exists $told{$key} ? "$key twice" : figures($row);
    }
    return \%told;
}

# Those that the filter finds, without those of an older version.
sub found {
    my ($internal, $word) = @_;
    my @rows = parse($internal->call(GET => "/reports/verifications?export=csv&raw=1&reason=$word")->{body});
    return join ' ', sort grep { !$is_old{$_} } map { $_->{id} } @rows;
}

sub flat { my ($hash) = @_; return join "\n", map { "$_ => $hash->{$_}" } sort keys %$hash }

# Rows are in the order of their keys: numbers as numbers, null before all texts.
sub in_order {
    my ($by, @rows) = @_;
    my $compare = sub {
        my ($a, $b) = @_;
        for my $key (@$by) {
            my ($x, $y) = map { $_->{$key} } $a, $b;
            my $order = defined $x && defined $y ? $key =~ /\A(?:hour|app_id)\z/ ? $x <=> $y : $x cmp $y
                : defined($x) - defined($y);
            return $order if $order;
        }
        return 0;
    };
    return !grep { $compare->(@rows[ $_ - 1, $_ ]) >= 0 } 1 .. $#rows;
}

sub sums_of { my (@rows) = @_; return map { my $name = $_; $name => sum0(map { $_->{$name} } @rows) } FIGURES }

sub check {
    my ($internal, $name, $keys, $by, $listed, %filter) = @_;
    my $query = join '&', 'group_by=' . join(',', shuffle @$by), map { "$_=$filter{$_}" } keys %filter;
    my $answer = $internal->call(GET => "/reports/summary?$query");
    my @rows = @{ $answer->{json}{data} // [] };
    my $wanted = flat(expected($by, @$listed));
    my @by_key = grep { my $key = $_; grep { $_ eq $key } @$by } @$keys;
    my $same = flat(told($by, @rows)) eq $wanted && in_order(\@by_key, @rows)
        && figures($answer->{json}{total}) eq figures({ sums_of(@rows) });
    my @cells = parse($internal->call(GET => "/reports/summary?export=csv&raw=1&$query")->{body});
    return if $same && flat(told($by, @cells)) eq $wanted;
    is(flat(told($by, @rows)), $wanted, "$name: $query (seed $seed)");
    is(flat(told($by, @cells)), $wanted, 'and as CSV');
    ok(in_order(\@by_key, @rows), 'in order');
    return 1;
}

sub combinations {
    my ($keys) = @_;
    my @some = map { my @by = grep { rand() < 0.5 } @$keys; \@by } 1 .. COMBINATIONS;
    return ((map { [$_] } @$keys), $keys, map { my $last = $_; [ grep { $_ ne $last } @$keys ] } @$keys),
        grep { @$_ } @some;
}

for my $case ([ sqlite3 => '+05:30' ], [ pgsql => '-03:30' ], [ mysql => '+08:00' ]) {
    my ($driver, $zone) = @$case;
    my $gateway = Dygw::Gateway->new(driver => $driver, idle => 1, directives => { DygwTimeZone => $zone });
    $gateway->start;
    my $internal = $gateway->internal;
    my ($words) = $internal->call(GET => '/reports/summary?group_by=')->{json}{message}
        =~ /must be some of (.*), each once/;
    my @keys = split /, /, $words // '';
    is_deeply([ sort @keys ], [ sort keys %VARIANT ], "$driver: each key that there is has records that differ in it");

    fill($gateway);
    my @listed = listed($internal);
    is(scalar @listed, keys %reason, 'the list has them all');
    my @wrong = grep { $_->{told_reason} ne $_->{reason} } @listed;
    is(scalar @wrong, 0, 'what the list has of reasons is what it should be')
        or diag explain [ map { "$_->{id} $_->{told_reason} $_->{reason}" } @wrong ];
    for my $word (uniq grep { length } sort values %reason) {
        is(found($internal, $word), join(' ', sort grep { !$is_old{$_} && $reason{$_} eq $word } keys %reason),
            "the list of what is $word has all that are told so, and no other");
    }
    my $bad = grep { check($internal, $driver, \@keys, $_, \@listed) } combinations(\@keys);
    is($bad, 0, "$driver, $zone: each key alone, all, all but one, and @{[COMBINATIONS]} combinations");

    my $poi = $BASE{poi_id};
    my @of_store = grep { $_->{poi_id} eq $poi } @listed;
    $bad = grep { check($internal, "$driver, a store", \@keys, $_, \@of_store, poi_id => $poi) }
        map { [$_] } @keys;
    is($bad, 0, 'of a store');
    my @waiting = grep { $_->{verify_status} eq 'processing' } @listed;
    $bad = grep { check($internal, "$driver, processing", \@keys, $_, \@waiting, status => 'processing') }
        [ 'reason' ], [ 'day', 'reason' ];
    is($bad, 0, 'of what is under way');
    my $at = utc(FIRST + PIECE);
    for my $edge ([ start_time => sub { $_[0] >= FIRST + PIECE } ], [ end_time => sub { $_[0] < FIRST + PIECE } ]) {
        my ($name, $is_in) = @$edge;
        my @part = grep { $is_in->(($_->{id} / 4096 | 0) + 1_704_067_200_000) } @listed;
        is(check($internal, $driver, \@keys, [ 'hour', 'operator' ], \@part, $name => $at) // 0, 0, "with $name");
    }
    $internal->disconnect;
    $gateway->finish;
}
done_testing;
