#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every coupon is found: in whatever way it was refused at noon, by the number that was typed or its last digits; and by
# whatever else a verification is known by, alone and together, in lists, sums and CSV, on every database.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Encode qw(encode_utf8);
use JSON::PP;
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Records qw(sums utc);
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant DAY      => 86_400_000;
use constant MIDNIGHT => 1_764_000_000_000;     # 2025-11-25 in China begins
use constant OTHER    => '7012345678901234568';
use constant RANDOM   => 60;                    # random filters
use constant FIGURES  => qw(total_count success_count failed_count processing_count cancelled_count pay_amount
    receipt_amount discount_amount);

my $seed = $ENV{DYGW_TEST_SEED} // time;
srand $seed;

my $sandbox = Dygw::Sandbox->start_new;
my ($gateway, $internal, $on);

sub query { my (%p) = @_; return join '&', map { "$_=" . Dygw::Sandbox::escape(encode_utf8($p{$_})) } sort keys %p }
sub list { my (%p) = @_; return $internal->call(GET => '/reports/verifications?' . query(page_size => 200, %p)) }
sub summary { my (%p) = @_; return $internal->call(GET => '/reports/summary?' . query(%p)) }
sub ids { return join ' ', map { $_->{id} } @_ }
sub found { my (%p) = @_; return ids(@{ list(%p)->{json}{data} // [] }) }

# The ids in a CSV file.
sub exported {
    my (%p) = @_;
    my $answer = $internal->call(GET => '/reports/verifications?' . query(%p, export => 'csv', raw => 1));
    my (undef, @lines) = split /\r\n/, $answer->{body};
    return join ' ', map { /^(\d+),/ } @lines;
}

# --- what the cashiers of today have seen ---

sub record { my ($id) = @_; return $gateway->client->call(GET => "/verifications/$id")->{json}{data} }

sub settled { my (@ids) = @_; return poll { !grep { record($_)->{verify_status} eq 'processing' } @ids } 40 }

# The ways in which a coupon is refused; each gives its answer and the number that was typed.
my %refusals = (
    'by prepare' => sub {
        my $coupon = $sandbox->mint_coupon;
        $sandbox->fault(call => 'prepare', fault => 'error', error_code => 1212, description => 'no such coupon');
        return ($gateway->verify(code => $coupon->{code}), $coupon->{code});
    },
    'as it does not exist' => sub {
        my $code = sprintf '9%011d', rand 1e11;
        return ($gateway->verify(code => $code), $code);
    },
    'as its order has none left' => sub {
        my $coupon = $sandbox->mint_coupon;
        $sandbox->set_coupon($coupon->{code}, status => 5);
        return ($gateway->verify(code => $coupon->{code}), $coupon->{code});
    },
    'as its code was used before' => sub {
        my $code = $sandbox->mint(coupons => 3)->{coupons}[0]{code};
        $gateway->verify(code => $code);
        my $again = $gateway->verify(code => $code);
        is($again->{json}{data}{error_code}, -4, "$on: a code that was used before");
        return ($again, $code, 2);
    },
    'by verify' => sub {
        my $coupon = $sandbox->mint_coupon;
        $sandbox->fault(call => 'verify', fault => 'result', result => 1208, msg => 'already used');
        return ($gateway->verify(code => $coupon->{code}), $coupon->{code});
    },
    'by verify as a whole' => sub {
        my $coupon = $sandbox->mint_coupon;
        $sandbox->fault(call => 'verify', fault => 'error', error_code => 1221, description => 'another store');
        return ($gateway->verify(code => $coupon->{code}), $coupon->{code});
    },
    'by the background' => sub {
        my $coupon = $sandbox->mint_coupon;
        $sandbox->fault(call => 'verify', fault => 'status', http_status => 502);
        my $answer = $gateway->verify(code => $coupon->{code});
        is($answer->{json}{data}{origin_code}, $coupon->{code}, "$on: while it is open, it has the number");
        $sandbox->set_coupon($coupon->{code}, status => 4);
        return ($answer, $coupon->{code});
    },
);

sub refused_at_noon {
    my @cases;
    for my $how (sort keys %refusals) {
        my ($answer, $code, $records) = $refusals{$how}->();
        push @cases, [ $how, $answer->{json}{data}{id}, $code, $records // 1 ];
    }
    ok(settled(map { $_->[1] } @cases), "$on: all are settled");
    for my $case (@cases) {
        my ($how, $id, $code, $records) = @$case;
        my $row = record($id);
        is("$row->{verify_status} $row->{origin_code}", "failed $code", "$on: refused $how: keeps the number");
        is(scalar(my @all = split / /, found(code => $code)), $records, "$on: refused $how: is found by it");
        like(found(code => $code), qr/^$id\b/, "$on: refused $how: the newest first");
        like(found(code => substr($code, -4), start_time => $row->{created_at}), qr/\b$id\b/,
             "$on: refused $how: and by its last digits");
    }
    return;
}

# Several coupons by one number: all of them are known by it, as long as Douyin has not told their own.
sub several_by_one_number {
    my $order = $sandbox->mint(coupons => 3);
    my @codes = map { $_->{code} } @{ $order->{coupons} };
    $sandbox->fault(call => 'verify', fault => 'result', result => 1250, msg => 'no more', item => 1);
    my $some = $gateway->verify(code => $codes[0], count => 3)->{json}{items};
    is(join(' ', map { "$_->{verify_status} $_->{origin_code}" } @$some),
       "success $codes[0] failed $codes[0] success $codes[2]", "$on: two of three are redeemed, each has a number");
    is(found(code => $codes[0]), ids(reverse @$some[ 0, 1 ]), "$on: the refused one the one that was typed");

    my $open = $sandbox->mint(coupons => 3);
    @codes = map { $_->{code} } @{ $open->{coupons} };
    $sandbox->fault(call => 'verify', fault => 'status_after', http_status => 502);
    my $items = $gateway->verify(code => $codes[0], count => 2)->{json}{items};
    is(join(' ', map { $_->{origin_code} } @$items), "$codes[0] $codes[0]", "$on: while two are open, too");
    ok(settled(map { $_->{id} } @$items), "$on: both are settled");
    is(record($items->[1]{id})->{verify_status}, 'success', "$on: the second is redeemed");
    isnt(record($items->[1]{id})->{origin_code} // '', $codes[0], "$on: and is not said to be the first one's");
    my $third = $gateway->verify(code => $codes[2])->{json}{data};
    is("$third->{verify_status} $third->{origin_code}", "success $codes[2]", "$on: the third is redeemed as ever");
    return;
}

# What a cashier sends is what the office finds.
sub redeemed_with_names {
    my $coupon = $sandbox->mint_coupon;
    my $answer = $gateway->client->call(POST => '/coupons/verify',
        { poi_id => POI, code => $coupon->{code}, operator => '小王 A', device => '收银台-3', ext_order_id => 'bill 7/8' },
        headers => { 'X-Request-Id' => "req.$on-1" });
    my $id = $answer->{json}{data}{id};
    my %by = (operator => '小王 A', device => '收银台-3', ext_order_id => 'bill 7/8', request_id => "req.$on-1",
              verify_id => $answer->{json}{data}{verify_id}, code => $coupon->{code});
    for my $name (sort keys %by) {
        is(found($name => $by{$name}), $id, "$on: a redemption is found by its $name");
        is(summary($name => $by{$name})->{json}{total}{success_count}, 1, "$on: and summed up");
    }
    is(found(%by), $id, "$on: and by all of these");
    is(found(%by, operator => '小王'), '', "$on: which are taken as a whole");
    my $spaced = join ' -', $coupon->{code} =~ /(.{1,4})/g;
    is(found(code => $spaced), $id, "$on: blanks and hyphens in a number do not matter");
    is(found(code => "\x{3000}$coupon->{code}\x{200b}"), $id, "$on: of whatever script");
    return;
}

# --- rows of three days ---

my @reasons = qw(already_used wrong_store other risk_review no_coupon_left);
my @sales = qw(requested agreed refused refunded closed);
my ($records, @all);

sub write_rows {
    $records = Dygw::Records->new($gateway->database);
    my (@sql, $row);
    for my $i (0 .. 239) {
        my $status = (qw(success success success failed failed processing cancelled))[ rand 7 ];
        my $failed = $status eq 'failed';
        $row = $records->add(
            created_at => MIDNIGHT - DAY + int(rand(3 * DAY)), verify_status => $status,
            poi_id => rand() < 0.5 ? POI : OTHER, certificate_id => '70' . int(rand 40),
            order_id => '80' . int(rand 40),
            origin_code => (undef, sprintf('%012d', 100_000 + $i % 50), sprintf('777%012d', 100_000 + $i % 50),
                            sprintf '%08d', $i % 60)[ rand 4 ],
            error_code => $failed ? (1208, 1212, -1)[ rand 3 ] : 0, operator_name => (undef, 'o1', 'o2')[ rand 3 ],
            device => (undef, 'pos-1', 'pos-2')[ rand 3 ], ext_order_id => (undef, 'x' . int rand 20)[ rand 2 ],
            verify_id => $status eq 'success' ? "v$on$i" : undef, request_id => "r$on" . int($i / 3),
            pay_amount => int(rand 1000), receipt_amount => $i, discount_amount => 1,
        );
        $row->{reason} = $failed && rand() < 0.9 ? $reasons[ rand @reasons ] : undef;
        $row->{review_since} = $status eq 'processing' && rand() < 0.4 ? $row->{created_at} : undef;
        $row->{after_sale} = $status eq 'success' && rand() < 0.3 ? $sales[ rand @sales ] : undef;
        push @sql, map { "UPDATE dygw_verifications SET $_ = '$row->{$_}' WHERE id = $row->{id}" }
            grep { defined $row->{$_} } qw(reason review_since after_sale);
    }
    $records->write;
    $gateway->database->query($_) for join ";\n", @sql;
    @all = sort { $b->{id} <=> $a->{id} } @{ $records->{rows} };
    return;
}

# By the contract, from the rows themselves.
my %tells = (
    code => sub {
        my ($row, $code, $timed) = @_;
        my $own = $row->{origin_code} // return 0;
        return $timed && length $code <= 12 ? $own =~ /\Q$code\E\z/ : $own eq $code;
    },
    reason => sub {
        my ($row, $word) = @_;
        my $open = $row->{verify_status} eq 'processing';
        return $word eq ($open ? $row->{review_since} ? 'risk_review' : 'waiting' : $row->{reason} // '');
    },
    operator => sub { return ($_[0]{operator_name} // '') eq $_[1] },
    status   => sub { return $_[0]{verify_status} eq $_[1] },
);

sub is_told {
    my ($row, $filter, $name) = @_;
    my $timed = exists $filter->{from} || exists $filter->{until};
    return $row->{created_at} >= $filter->{from} if $name eq 'from';
    return $row->{created_at} < $filter->{until} if $name eq 'until';
    return $tells{$name}->($row, $filter->{$name}, $timed) if $tells{$name};
    return ($row->{$name} // '') eq $filter->{$name};
}

sub matching {
    my (%filter) = @_;
    return grep { my $row = $_; !grep { !is_told($row, \%filter, $_) } keys %filter } @all;
}

sub flat { my ($x) = @_; return ref $x ? '{' . join(',', map { "$_=" . flat($x->{$_}) } sort keys %$x) . '}' : "$x" }

# What is wrong with the answers to a filter; nothing.
sub faults_of {
    my (%filter) = @_;
    my %query = %filter;
    $query{start_time} = utc(delete $query{from}) if exists $query{from};
    $query{end_time} = utc(delete $query{until}) if exists $query{until};
    my @wanted = matching(%filter);
    my ($list, $sums) = (list(%query), summary(%query, group_by => 'poi_id'));
    my %total = map { $_ => $sums->{json}{total}{$_} } FIGURES;
    my @faults;
    push @faults, 'list' if ids(@{ $list->{json}{data} // [] }) ne ids(@wanted) && @wanted <= 200;
    push @faults, 'total' if ($list->{json}{total} // -1) != @wanted;
    push @faults, 'sums' if flat(\%total) ne flat(sums(@wanted));
    push @faults, 'CSV' if exported(%query) ne ids(@wanted);
    return map { "$_ of " . query(%query) . ' ' . substr $list->{body}, 0, 300 } @faults;
}

sub every_filter {
    my %span = (from => MIDNIGHT - DAY, until => MIDNIGHT + 2 * DAY);     # what was redeemed today is not in there
    my %values = (
        code => [qw(0100 10007 100007 00100007 000000100007 777000000100007 777000000100099 00000041 1234)],
        reason => [ @reasons, 'waiting', 'given_up' ], error_code => [ 1208, 1212, -1, 0, 4 ], after_sale => \@sales,
        operator => [qw(o1 o2 o3)], device => [qw(pos-1 pos-3)], ext_order_id => [qw(x1 x7 x)],
        verify_id => [ "v$on" . 3, "v$on" . 17, 'v' ], request_id => [ "r${on}0", "r${on}9", 'r' ],
        status => [qw(success failed processing)], certificate_id => [ 701, 707 ], order_id => [803], poi_id => [OTHER],
    );
    for my $name (sort keys %values) {
        my @faults = map { faults_of(%span, $name => $_) } @{ $values{$name} };
        is("@faults", '', "$on: $name: list, total, sums and CSV agree with the rows");
    }
    my @faults;
    for (1 .. RANDOM) {
        my %filter = (%span, map { rand() < 0.2 ? ($_ => $values{$_}[ rand @{ $values{$_} } ]) : () } keys %values);
        @filter{qw(from until)} = map { MIDNIGHT - DAY + int rand 3 * DAY } 1, 2 if rand() < 0.5;
        @filter{qw(from until)} = sort { $a <=> $b } @filter{qw(from until)};
        push @faults, faults_of(%filter);
    }
    is("@faults[ 0 .. ($#faults < 2 ? $#faults : 2) ]", '', "$on: random ones together (seed $seed)");
    is(found(code => '777000000100007'), ids(matching(code => '777000000100007')), "$on: a whole number needs no time");
    is(found(code => '000000100007'), ids(grep { ($_->{origin_code} // '') eq '000000100007' } @all),
       "$on: without a time 12 digits are a whole number");
    is(found(code => '000000100007', start_time => utc($span{from}), end_time => utc($span{until})),
       ids(grep { ($_->{origin_code} // '') =~ /000000100007\z/ } @all), "$on: with one they are the last ones, too");
    return;
}

# --- what is refused ---

sub wrong_values {
    for my $case (
        [ code => '' ], [ code => '123' ], [ code => '1' x 21 ], [ code => '12a4567890' ], [ code => ' - ' ],
        [ code => '12%' ], [ code => '+12345678' ], [ error_code => '' ], [ error_code => 'x' ],
        [ error_code => '1.0' ], [ error_code => '--1' ], [ error_code => '-' ], [ error_code => '1' x 16 ],
        [ error_code => '+1' ],
        [ reason => '' ], [ reason => 'Already_used' ], [ reason => 'no_such_reason' ], [ reason => 'other,token' ],
        [ after_sale => '' ], [ after_sale => 'REFUNDED' ], [ after_sale => 'none' ],
        (map { ([ $_ => '' ], [ $_ => 'x' x 65 ], [ $_ => "a\tb" ]) }
            qw(verify_id request_id ext_order_id operator device)),
        [ operator_name => 'x' ], [ origin_code => '12345678' ],
        ) {
        my ($name, $value) = @$case;
        my %query = ($name => $value, start_time => '2025-11-25');
        error_is(list(%query), 400, 'invalid_request', "list: $name='$value'", field => $name);
        error_is(summary(%query), 400, 'invalid_request', "summary: $name='$value'", field => $name);
    }
    for my $digits (4 .. 7) {
        my $answer = list(code => '1' x $digits);
        error_is($answer, 400, 'invalid_request', "$digits digits without a time", field => 'code');
        like($answer->{json}{message}, qr/start_time or end_time/, 'and what to do is said');
        is(list(code => '1' x $digits, end_time => '2025-11-25')->{status}, 200, 'with one end of it they will do');
    }
    error_is(list(code => '1' x 13, start_time => 'x'), 400, 'invalid_request', 'a wrong time beside',
        field => 'start_time');
    return;
}

for my $driver (qw(sqlite3 pgsql mysql)) {
    $on = $driver;
    $gateway = Dygw::Gateway->new(driver => $driver, sandbox => $sandbox);
    $gateway->server->announce(qw(DYGW0415));      # no answer that tells
    $gateway->start;
    $internal = $gateway->internal;
    write_rows();
    refused_at_noon();
    several_by_one_number();
    redeemed_with_names();
    $gateway->work(0);
    every_filter();
    wrong_values() if $driver eq 'sqlite3';
    $internal->disconnect;
    $gateway->finish;
}
done_testing;
