#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Start, graceful restart twice in a row, restart, stop: under traffic, with every MPM. No request fails where none
# may, no child dies, and the stop is prompt.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(patience poll);
use Dygw::Traffic;

use constant PROCESSES   => 4;
use constant STOP_WITHIN => 9;      # seconds, after which httpd kills its children

my $sandbox = Dygw::Sandbox->start_new;

for my $mpm (qw(prefork worker event)) {
    my $gateway = Dygw::Gateway->new(mpm => $mpm, sandbox => $sandbox, children => 4, threads => 16);
    $gateway->start(allow_token_read => JSON::PP::true);
    my $server = $gateway->server;
    $server->expect_stop_race;
    # The call that a stop cuts off, or lets time out.
    $server->announce(qw(DYGW0402 DYGW0500));

    my $traffic = Dygw::Traffic->redeem($gateway, PROCESSES);
    $traffic->go_on(100);
    $gateway->graceful(overlap => 1);
    $gateway->graceful(overlap => 1);
    $traffic->go_on(100);
    $gateway->graceful(overlap => 1);
    $traffic->go_on(100);
    $traffic->stop_well("$mpm: graceful restarts, two in a row");
    is($gateway->health->{status}, 200, "$mpm: healthy");
    is($gateway->rows('dygw_verifications', "verify_status <> 'success'"), 0, "$mpm: every redemption is a success");

    $server->expect_stop_race;
    $traffic = Dygw::Traffic->redeem($gateway, PROCESSES);
    $traffic->go_on(50);
    $gateway->restart(overlap => 1);
    $traffic->go_on(50);
    $traffic->stop;     # requests in progress were cut off
    is($gateway->wait_healthy->{status}, 200, "$mpm: healthy after a restart");

    # Again and again with prefork, which may cut off a request anywhere.
    for (1 .. ($mpm eq 'prefork' ? 6 : 1)) {
        $traffic = Dygw::Traffic->redeem($gateway, PROCESSES);
        $traffic->go_on(50);
        my $seconds = $gateway->stop;
        cmp_ok($seconds, '<', patience(STOP_WITHIN), sprintf '%s: stops under traffic in %.2f s', $mpm, $seconds);
        $traffic->stop;
        $server->start;
        is($gateway->wait_healthy->{status}, 200, "$mpm: healthy after a new start");
    }

    # A request that waits for Douyin, and the background in the middle of a call.
    my $coupon = $sandbox->mint_coupon;
    $sandbox->fault(call => 'verify', fault => 'latency', ms => 1000);
    my $handle = $gateway->client->begin(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} });
    poll { $gateway->rows('dygw_verifications', "encrypted_code = '$coupon->{encrypted_code}'") } 5;
    $gateway->graceful(overlap => 1);
    my $answer = $handle->finish;
    view_is($answer, "$mpm: a request in progress is finished by the old generation",
        verify_status => 'success', origin_code => $coupon->{code}) or diag $server->lines_about($answer);

    $sandbox->kill_tokens;
    $sandbox->fault(call => 'token', fault => 'hang', ms => 1500, times => -1);
    my $waiting = $gateway->client->begin(POST => '/coupons/prepare', { poi_id => POI, code => $coupon->{code} });
    poll { grep { ($_->{fault} // '') eq 'hang' } $sandbox->calls(after => 0) } 1;
    my $seconds = $gateway->stop;
    cmp_ok($seconds, '<', patience(STOP_WITHIN),
        sprintf '%s: stops while Douyin is silent in %.2f s', $mpm, $seconds);
    $sandbox->clear;
    $gateway->disconnect;
    $server->check_log("$mpm: a clean log");
}

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
