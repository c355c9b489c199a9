#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Douyin's oddities, one by one: the same coupon is redeemed whichever way it writes its answers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);

my $gateway = Dygw::Gateway->new;
$gateway->start;
my $sandbox = $gateway->sandbox;
my $usual = $sandbox->switch;

sub redeems {
    my ($name, %switch) = @_;
    $sandbox->switch(%switch);
    my $coupon = $sandbox->mint_coupon;
    my $answer = $gateway->verify(short_link => $coupon->{order}{short_link});
    view_is($answer, $name, verify_status => 'success', certificate_id => $coupon->{certificate_id},
        origin_code => $coupon->{code}, order_id => $coupon->{order}{order_id});
    is($sandbox->coupon($coupon->{code})->{status}, 2, "$name: redeemed");
    $sandbox->switch(map { $_ => $usual->{$_} } keys %switch);
    return ($answer, $coupon);
}

# --- identifiers, to the last digit ---

for my $kind (qw(number string)) {
    my ($answer, $coupon) = redeems("certificate_id as $kind", certificate_id => $kind);
    my $quote = $kind eq 'number' ? '' : '"';
    my ($raw) = $answer->{body} =~ /"douyin_response":(\{.*)/s;
    like($raw, qr/"certificate_id":\s*$quote\Q$coupon->{certificate_id}\E$quote[,}\s]/,
        "certificate_id as $kind: douyin_response keeps it as it was written");
    like($answer->{body}, qr/"certificate_id":\s*"\Q$coupon->{certificate_id}\E",/,
        "certificate_id as $kind: ours is a text");
}

my ($answer, $coupon) = redeems('the usual way');
is_deeply([ sort keys %{ $answer->{json}{data}{douyin_response} } ], [qw(prepare verify)], 'both answers are kept');
my $seen = $answer->{json}{data}{douyin_response};
is($seen->{verify}{data}{verify_results}[0]{verify_id}, $answer->{json}{data}{verify_id}, 'as Douyin gave them');
unlike($answer->{body}, qr/clt\./, 'without the access token');

# --- money and times ---

my $paid = $sandbox->mint_coupon(pay_amount => 12345, original_amount => 20000, expire_time => 1893456000);
view_is($gateway->verify(code => $paid->{code}), 'what was paid, and until when it was good',
    pay_amount => 12345, expire_time => '2030-01-01T00:00:00.000Z', sku_id => qr/./, sku_name => qr/./);
$sandbox->switch(times_in_ms => JSON::PP::true);
my $in_ms = $sandbox->mint_coupon(expire_time => 1893456000);
view_is($gateway->verify(code => $in_ms->{code}), 'the same in milliseconds',
    expire_time => '2030-01-01T00:00:00.000Z', verify_status => 'success');
$sandbox->switch(times_in_ms => $usual->{times_in_ms});

# --- words, lists, levels ---

redeems("description $_ on success", description => $_) for qw(success empty);
for my $level (qw(data result)) {
    $sandbox->switch(refusal_level => $level);
    my $elsewhere = $sandbox->mint_coupon(poi_ids => ['7000000000000000001']);
    view_is($gateway->verify(code => $elsewhere->{code}), "a wrong store, told at the level of $level",
        verify_status => 'failed', error_code => qr/\A[1-9]\d*\z/, error_description => qr/./, verify_id => undef);
    is($sandbox->coupon($elsewhere->{code})->{status}, 1, "$level: not redeemed");
    my $elsewhere_used = $sandbox->mint_coupon;
    $sandbox->set_coupon($elsewhere_used->{code}, used_elsewhere => JSON::PP::true);
    view_is($gateway->verify(code => $elsewhere_used->{code}), "$level: used at another till",
        verify_status => 'failed', verify_id => undef, confirmed_by => undef);
    my $expired = $sandbox->mint_coupon(expire_time => time - 86400);
    view_is($gateway->verify(code => $expired->{code}), "$level: expired", verify_status => 'failed',
        error_code => qr/\A-?[1-9]/, verify_id => undef);
}
$sandbox->switch(refusal_level => $usual->{refusal_level});
for my $kind (qw(groupon voucher)) {
    my $minted = $sandbox->mint_coupon(kind => $kind);
    view_is($gateway->verify(code => $minted->{code}), "a $kind", verify_status => 'success',
        coupon_status => 'used');
}

# --- short links ---

for my $redirects (1 .. 3) {
    redeems("$redirects redirects of $_", redirects => $redirects, redirect_status => $_) for 301, 302, 307;
}

# --- times cards ---

my $card = $sandbox->mint_coupon(kind => 'times_card', times => 4, pay_amount => 40000);
my $two = $gateway->verify(code => $card->{code}, count => 2);
is($two->{status}, 200, 'two uses of a times card') or diag $two->{body};
for my $use (0, 1) {
    view_is($two, "use $use", item => $use, verify_status => 'success', coupon_status => 'unused',
        certificate_id => $card->{certificate_id}, origin_code => $card->{code});
}
isnt($two->{json}{items}[0]{verify_id}, $two->{json}{items}[1]{verify_id}, 'each has a verify_id of its own');
is($sandbox->coupon($card->{code})->{times_used}, 2, 'two uses are gone');
my $too_many = $gateway->verify(code => $card->{code}, count => 3);
error_is($too_many, 409, 'not_enough_coupons', 'three more are too many');
is($too_many->{json}{available}, 2, 'two are left');
view_is($gateway->verify(code => $card->{code}), 'one more', verify_status => 'success', coupon_status => 'unused');
view_is($gateway->verify(code => $card->{code}), 'and the last', verify_status => 'success', coupon_status => 'used');
view_is($gateway->verify(code => $card->{code}), 'then none', verify_status => 'failed');
is($sandbox->coupon($card->{code})->{times_used}, 4, 'four uses in all');

# --- an order of several coupons ---

my $order = $sandbox->mint(coupons => 10);
my $all = $gateway->verify(short_link => $order->{short_link}, count => 10);
is($all->{status}, 200, 'ten coupons at once') or diag $all->{body};
is(scalar(@{ $all->{json}{items} }), 10, 'ten records');
is_deeply([ map { $_->{origin_code} } @{ $all->{json}{items} } ], [ map { $_->{code} } @{ $order->{coupons} } ],
    'in Douyin\'s order');
my ($call) = reverse $sandbox->calls(call => 'verify', after => 0);
is(scalar(@{ $call->{codes} }), 10, 'in one call');
my $read = $gateway->client->call(GET => "/verifications/$all->{json}{items}[3]{id}");
is(scalar(@{ $read->{json}{items} // [] }), 10, 'each reads with the others of its call');
$gateway->server->announce('DYGW0500');
my $half = $sandbox->mint(coupons => 2);
$sandbox->fault(call => 'verify', fault => 'drop_after', times => -1);
my $lost = $gateway->verify(short_link => $half->{short_link}, count => 2);
$sandbox->clear;
is($lost->{status}, 202, 'two whose answer is lost') or diag $lost->{body};
view_is($lost, "item $_", item => $_, verify_status => 'processing') for 0, 1;

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
