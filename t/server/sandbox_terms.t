#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Coupons of the sandbox that may be used on certain days, at certain hours, in certain stores, or later: prepare, get
# and query show it, and a verify that breaks it is refused.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use POSIX qw(strftime);
use Test::More;

use Dygw::Douyin;
use Dygw::Sandbox;

use constant { HOUR => 3600, DAY => 86400, CHINA => 8 * 3600 };
use constant { ON => JSON::PP::true, OFF => JSON::PP::false };
use constant { EARLY => '该券未到可使用时间', NOT_NOW => '该券当前时间不可使用,请查看使用规则' };

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

my $sandbox = Dygw::Sandbox->start_new;
talk_to($sandbox);
set_token(new_token());

# Seconds from now as "HH:MM" of China, and as the day of its week.
sub clock_in { return strftime('%H:%M', gmtime(time + CHINA + $_[0])) }
sub weekday_in { return strftime('%u', gmtime(time + CHINA + $_[0])) + 0 }

# The first coupon of an order, as prepare shows it.
sub shown { my ($order) = @_; return data(prepare(encrypted_data => $order->{object_id}))->{certificates}[0] }

# --- what is shown ---

my $now = time;
my $bare = shown($sandbox->mint);
is_deeply([ grep { exists $bare->{$_} } qw(not_available_time_info use_time_info not_available_poi_list) ], [],
    'a coupon without terms shows none');
cmp_ok($now - $bare->{start_time}, '>', 3600, 'and is valid already');
my $order = $sandbox->mint(start_time => $now - DAY, weekdays => [ 7, 1 ], dates => [ [ $now + DAY, $now + 2 * DAY ] ],
    hours => [ [ '09:30', '14:00' ], [ '22:00', '02:00' ] ], not_poi_ids => [ '71', '72' ]);
my $coupon = shown($order);
is($coupon->{start_time}, $now - DAY, 'the beginning of its validity');
is_deeply($coupon->{not_available_time_info}, { fulfil_enable => ON, can_no_use_week_day => [ 1, 7 ],
    can_no_use_date => [ { start_time => $now + DAY, end_time => $now + 2 * DAY } ] }, 'days and dates');
is_deeply($coupon->{use_time_info}{time_period_list}, [
    { start_time => '09:30', end_time => '14:00', end_time_is_next_day => OFF },
    { start_time => '22:00', end_time => '02:00', end_time_is_next_day => ON }
], 'hours, also past midnight');
is_deeply($coupon->{not_available_poi_list}, [ '71', '72' ], 'and stores');
my ($queried) = @{ data(get(FULFIL . '/query/', order_id => $order->{order_id}))->{certificates} };
is_deeply($queried->{$_}, $coupon->{$_}, "query shows the same $_")
    for qw(start_time not_available_time_info use_time_info not_available_poi_list);
$sandbox->switch(times_in_ms => ON, copies => 'v2');
my $in_ms = data(prepare(encrypted_data => $order->{object_id}))->{certificates_v2}[0];
is($in_ms->{start_time}, ($now - DAY) * 1000, 'times in ms, in the second copy');
is($in_ms->{not_available_time_info}{can_no_use_date}[0]{end_time}, ($now + 2 * DAY) * 1000, 'dates, too');
$sandbox->switch(times_in_ms => OFF, copies => 'first');

# --- what a verify says to it ---

my %refused = (
    'not yet' => [ 3000001, EARLY, start_time => $now + DAY ],
    'no day' => [ 3000001, NOT_NOW, weekdays => [ 1 .. 7 ] ],
    'this day' => [ 3000001, NOT_NOW, weekdays => [ weekday_in(0), weekday_in(HOUR) ] ],
    'these dates' => [ 3000001, NOT_NOW, dates => [ [ 1, 2 ], [ $now - DAY, $now + DAY ] ] ],
    'other hours' => [ 3000001, NOT_NOW, hours => [ [ clock_in(2 * HOUR), clock_in(4 * HOUR) ] ] ],
    'this store' => [ 3000002, '所选门店不在商品适用门店内', not_poi_ids => [POI] ],
);
for my $level (qw(data result)) {
    $sandbox->switch(refusal_level => $level);
    for my $what (sort keys %refused) {
        my ($code, $text, %terms) = @{ $refused{$what} };
        my $of = $sandbox->mint(%terms);
        my ($answer) = verify($of);
        if ($level eq 'data') {
            refused($answer, $code, "$what: $code as error_code", qr/\A\Q$text\E\z/);
        }
        else {
            my ($item) = @{ data($answer)->{verify_results} };
            is("$item->{result} $item->{msg}", "$code $text", "$what: $code as result");
        }
        is($sandbox->coupon($of->{coupons}[0]{code})->{status}, 1, "$what: not redeemed");
    }
}
$sandbox->switch(refusal_level => 'data');
my %allowed = (
    'another day' => { weekdays => [ weekday_in(3 * DAY) ] },
    'other dates' => { dates => [ [ $now - 2 * DAY, $now - DAY ], [ $now + DAY, $now + 2 * DAY ] ] },
    'these hours' => { hours => [ [ clock_in(-2 * HOUR), clock_in(2 * HOUR) ] ] },
    'a night that began yesterday' => { hours => [ [ clock_in(HOUR), clock_in(HOUR / 2) ] ] },
    'another store' => { not_poi_ids => ['71'] },
);
for my $what (sort keys %allowed) {
    my ($answer) = verify($sandbox->mint(%{ $allowed{$what} }));
    is_deeply(results($answer), [0], "$what: verified");
}

# --- a list of all coupons; what cannot be minted ---

my $two = $sandbox->mint(coupons => 2);
$sandbox->set_coupon($two->{coupons}[0]{code}, status => 4);
is_deeply([ map { $_->{status} } @{ data(prepare(encrypted_data => $two->{object_id}))->{certificates} } ], [1],
    'prepare lists unused coupons');
$sandbox->switch(list_all => ON);
is_deeply([ map { $_->{status} } @{ data(prepare(encrypted_data => $two->{object_id}))->{certificates} } ], [ 4, 1 ],
    'or all of them, if switched so');
for my $wrong (
    { weekdays => [0] }, { weekdays => [8] }, { weekdays => ['1'] }, { dates => [1] }, { dates => [ [1] ] },
    { dates => [ [ 2, 1 ] ] }, { dates => [ [ 0, 1 ] ] }, { dates => [ map { [ 1, 2 ] } 1 .. 9 ] }, { dates => 'x' },
    { hours => [ [ '9:30', '10:00' ] ] }, { hours => [ [ '09:60', '10:00' ] ] }, { hours => [ [ '24:00', '10:00' ] ] },
    { hours => [ ['09:30'] ] }, { hours => [ [ 9, 10 ] ] }, { hours => {} }, { not_poi_ids => [1] },
    { not_poi_ids => 'x' }, { start_time => 0 }, { start_time => '1' }
) {
    my $answer = post('/_sandbox/mint', $wrong);
    is($answer->{status}, 400, 'not minted: ' . encode_json($wrong)) or diag $answer->{content};
}
$sandbox->mint(weekdays => [1], hours => [ [ sprintf('%02d:%02d', $_ / 60, $_ % 60), '23:59' ] ]) for 1 .. 20;
$sandbox->mint(weekdays => [1], hours => [ [ '00:07', '23:59' ] ]) for 1 .. 70;
pass('the same terms are kept once');

$sandbox->check_log;
done_testing;
