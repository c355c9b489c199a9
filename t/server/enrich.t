#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What was redeemed is enriched in the background: with its order, its coupon, and its share of the money; again and
# again until it works, and never faster than Douyin allows.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use List::Util qw(sum);
use Test::More;
use Time::HiRes qw(time);

use Dygw::Expect;
use Dygw::Gateway;
use Dygw::OrderRate;
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant SOON   => 15;   # seconds
use constant ORDERS => 50;
use constant RATE   => 10;  # order queries a second
use constant HALF_A_SECOND => 500;

my $sandbox = Dygw::Sandbox->start_new;
my $gateway = Dygw::Gateway->new(sandbox => $sandbox, directives => { DygwEnrichRetry => '1s 2s 1h' });
$gateway->start;

sub view {
    my ($id) = @_;
    return $gateway->client->call(GET => "/verifications/$id")->{json}{data};
}

# The records, once they are enriched; as they are when that takes too long.
sub enriched {
    my (@ids) = @_;
    my @views;
    poll { @views = map { view($_) } @ids; !grep { $_->{enrichment_status} eq 'pending' } @views } SOON;
    return @views;
}

sub redeem {
    my (%fields) = @_;
    my $answer = $gateway->verify(%fields);
    die "not redeemed: $answer->{body}" if $answer->{status} != 200;
    return map { $_->{id} } $answer->{json}{items} ? @{ $answer->{json}{items} } : $answer->{json}{data};
}

sub total { my ($key, @views) = @_; return sum(map { $_->{$key} // -1_000_000 } @views) }

sub one_coupon {
    my $coupon = $sandbox->mint_coupon(pay_amount => 19_400, original_amount => 26_900, receipt_amount => 18_901);
    my ($v) = enriched(redeem(code => $coupon->{code}));
    is($v->{enrichment_status}, 'success', 'a redemption is enriched');
    is("$v->{pay_amount} $v->{receipt_amount} $v->{discount_amount}", '19400 18901 7500', 'with its amounts');
    is("$v->{order_status} $v->{coupon_status} $v->{verify_records_count}", '1 used 1', 'with what Douyin says of it');
    like($v->{$_}, instant(), "with its $_") for qw(create_order_time pay_time expire_time);
    is(join(' ', sort keys %{ $v->{douyin_response} }), 'get order prepare verify', "and Douyin's own words");
    return;
}

sub an_order_that_comes_later {
    my $coupon = $sandbox->mint_coupon(order_visible_after_ms => 2500);
    my ($v) = enriched(redeem(code => $coupon->{code}));
    is($v->{enrichment_status}, 'success', 'an order that is not there yet is asked for again');
    cmp_ok($v->{enrichment_retry_count}, '>', 0, 'and that is counted');
    return;
}

sub calls_that_fail {
    my $coupon = $sandbox->mint_coupon;
    $sandbox->fault(call => 'orders', fault => 'error', error_code => 2_119_003, description => 'too often');
    $sandbox->fault(call => 'get', fault => 'status', http_status => 502);
    my ($v) = enriched(redeem(code => $coupon->{code}));
    is("$v->{enrichment_status} $v->{enrichment_retry_count}", 'success 2', 'calls that fail are made again');
    return;
}

sub shares {
    my ($sub_orders) = @_;
    my $with = $sub_orders ? 'figures of each coupon' : 'figures of the order alone';
    $sandbox->switch(sub_order_amounts => $sub_orders ? \1 : \0);
    my $order = $sandbox->mint(coupons => 3, pay_amount => 1000, original_amount => 1500, receipt_amount => 2501);
    my @views = enriched(redeem(short_link => $order->{short_link}, count => 3));
    is(join(' ', map { $_->{pay_amount} } @views), '1000 1000 1000', "$with: what was paid for each");
    is(total(receipt_amount => @views), 2501, "$with: the shares of what is received are the order's");
    is(total(discount_amount => @views), 1500, "$with: and of the discount");
    return;
}

sub uses_of_a_times_card {
    my $card = $sandbox->mint_coupon(kind => 'times_card', times => 3, pay_amount => 999, receipt_amount => 902);
    my ($first) = enriched(redeem(code => $card->{code}));
    is($first->{coupon_status}, 'unused', 'a times card with uses left is unused');
    my @views = ($first, enriched(redeem(code => $card->{code}, count => 2)));
    is(scalar(grep { $_->{enrichment_status} eq 'success' } @views), 3, 'every use of a times card is enriched');
    is(join(' ', map { $_->{pay_amount} } @views), '333 333 333', 'with what Douyin says that it costs');
    is(join(' ', map { $_->{receipt_amount} } @views), '301 301 300', 'each use has its share of what is received');
    is($views[-1]{coupon_status}, 'used', 'after the last use it is used');
    return;
}

sub a_rate_is_kept {
    $gateway->set(DygwOrderRate => RATE);
    $gateway->graceful;
    $gateway->wait_healthy;
    $sandbox->reset;
    my @ids = map { redeem(code => $_->{coupons}[0]{code}) } $sandbox->mint(orders => ORDERS);
    my $start = time;
    my @views = enriched(@ids);
    my $took = time - $start;
    is(scalar(grep { $_->{enrichment_status} eq 'success' } @views), ORDERS, 'many are enriched');
    is(scalar(grep { $_->{enrichment_retry_count} } @views), 0, 'each at the first try');
    keeps_order_rate($sandbox, RATE, 'no second has more order queries than it may', $gateway);
    cmp_ok($took, '<=', 2 * ORDERS / RATE, 'and not many fewer');
    return;
}

# By a graceful restart, while orders wait. What the one before has sent may still arrive, but no more than that.
sub a_rate_is_kept_over_a_hand_over {
    $sandbox->reset;
    my @ids = map { redeem(code => $_->{coupons}[0]{code}) } $sandbox->mint(orders => 3 * RATE);
    poll { $sandbox->count('orders') >= RATE };
    my $leaders = took_over_ms($gateway);
    $gateway->graceful;
    my @views = enriched(@ids);
    is(scalar(grep { $_->{enrichment_status} eq 'success' } @views), scalar(@ids), 'a hand-over: all are enriched');
    my (undef, $took_over, @more) = splice @{ [ took_over_ms($gateway) ] }, $leaders - 1;
    ok($took_over && !@more, 'a hand-over: another child leads');
    my $early = grep { $_ > $took_over && $_ < $took_over + HALF_A_SECOND } order_times($sandbox);
    cmp_ok($early, '<=', 1, 'a hand-over: the new leader leaves this second to the one before');
    keeps_order_rate($sandbox, RATE, 'a hand-over: and both together keep the rate', $gateway);
    return;
}

one_coupon();
an_order_that_comes_later();
calls_that_fail();
shares($_) for 0, 1;
uses_of_a_times_card();
a_rate_is_kept();
a_rate_is_kept_over_a_hand_over();
$gateway->finish;
done_testing;
