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

# Callers that redeem one coupon after another and read the token in between; with a new connection each time,
# because one that is kept may be closed at the moment of the next request.
sub traffic_on {
    my ($gateway) = @_;
    my @codes = map { $_->{coupons}[0]{code} } $sandbox->mint(orders => 800);
    my $client = $gateway->client;
    my %close = (headers => { Connection => 'close' });
    my $calls = 0;
    return Dygw::Traffic->start(PROCESSES, sub {
        my ($process) = @_;
        my $code = $calls++ % 2 ? $codes[ PROCESSES * int($calls / 2) + $process ] : undef;
        $client->disconnect;
        my $answer = defined $code
            ? $client->call(POST => '/coupons/verify', { poi_id => POI, code => $code }, %close)
            : $client->call(GET => '/douyin/access-token', undef, %close);
        die "$answer->{status} $answer->{body}\n" if $answer->{status} != 200;
        die "$answer->{body}\n" if ($answer->{json}{data}{verify_status} // 'success') ne 'success';
    });
}

sub no_failure {
    my ($traffic, $name) = @_;
    my ($calls, @failures) = $traffic->stop;
    ok(!@failures, "$name: none of $calls requests failed");
    splice @failures, 5 if @failures > 5;
    diag("\n", map { "$_\n" } @failures) if @failures;
    return;
}

for my $mpm (qw(prefork worker event)) {
    my $gateway = Dygw::Gateway->new(mpm => $mpm, sandbox => $sandbox, children => 4, threads => 16);
    $gateway->start(allow_token_read => JSON::PP::true);
    my $server = $gateway->server;
    $server->expect_stop_race;
    # The call that a stop cuts off, or lets time out.
    $server->announce(qw(DYGW0402 DYGW0500));

    my $traffic = traffic_on($gateway);
    $traffic->go_on(100);
    $gateway->graceful(overlap => 1);
    $gateway->graceful(overlap => 1);
    $traffic->go_on(100);
    $gateway->graceful(overlap => 1);
    $traffic->go_on(100);
    no_failure($traffic, "$mpm: graceful restarts, two in a row");
    is($gateway->health->{status}, 200, "$mpm: healthy");
    is($gateway->rows('dygw_verifications', "verify_status <> 'success'"), 0, "$mpm: every redemption is a success");

    $server->expect_stop_race;
    $traffic = traffic_on($gateway);
    $traffic->go_on(50);
    $gateway->restart(overlap => 1);
    $traffic->go_on(50);
    $traffic->stop;     # requests in progress were cut off
    is($gateway->wait_healthy->{status}, 200, "$mpm: healthy after a restart");

    # Again and again with prefork, which may cut off a request anywhere.
    for (1 .. ($mpm eq 'prefork' ? 6 : 1)) {
        $traffic = traffic_on($gateway);
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
