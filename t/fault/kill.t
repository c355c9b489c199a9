#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# kill -9 of a child, or of the whole server, at each step of a redemption: what is needed to settle it is recorded
# before it can have been redeemed, nothing is before, and what is left serves on: no lock is stuck, no nonce, app or
# token forgotten.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep);

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(poll);
use Dygw::Traffic;
use Dygw::Truth;

use constant HOLD_MS   => 3000;     # a step is held so long, and in doubt longer than it takes to kill
use constant AT_ONCE   => 16;
use constant PROCESSES => 6;
use constant KILLS     => 6;

my $sandbox = Dygw::Sandbox->start_new(threads => 48);
my ($gateway, $truth, $name);

# Which child serves a request: its log lines name both.
sub child_of {
    my ($attempt) = @_;
    my $pid;
    poll { ($pid) = $gateway->server->log_text =~ /\[pid (\d+)[^\n]*\[request \Q$attempt->{request_id}\E\]/ }
        or die "$name: no child says that it serves the request\n";
    return $pid;
}

# Begins a redemption and waits until Douyin holds it at that step.
sub held_at {
    my ($call, $fault) = @_;
    my $coupon = $sandbox->mint_coupon;
    my $after = $sandbox->count($call);
    $sandbox->fault(call => $call, fault => $fault, ms => HOLD_MS);
    my $attempt = $truth->begin($coupon, code => $coupon->{code});
    poll { $sandbox->count($call) > $after } or die "$name: no $call arrives\n";
    poll { $sandbox->coupon($coupon->{code})->{status} == 2 } if $call eq 'verify' && $fault eq 'hang';
    return $attempt;
}

# The three steps: Douyin holds prepare; it has the verify and has not done it; it has done it and does not say so.
my @STEPS = (
    [ 'before the answer to prepare',      prepare => 'hang',    '',           0 ],
    [ 'before Douyin does the verify',     verify  => 'latency', 'processing', 0 ],
    [ 'after Douyin has done the verify',  verify  => 'hang',    'processing', 1 ],
);

sub is_recorded {
    my ($attempt, $what, $status, $applied) = @_;
    $truth->finish($attempt);
    is($attempt->{answer}, undef, "$what: the caller hears nothing");
    $truth->agrees($attempt, "$what: " . ($status ? 'the record is there, complete' : 'nothing is recorded'),
        verify_status => $status, applied => $applied);
    return if !$status || $applied;
    poll { $sandbox->coupon($attempt->{coupon}{code})->{status} == 2 };
    $truth->agrees($attempt, "$what: then it is redeemed, and can be settled", verify_status => $status, applied => 1);
    return;
}

# Many at once get their answers: whatever the dead held is free again.
sub serves_on {
    my ($what, $tokens) = @_;
    my @attempts = map { my $coupon = $sandbox->mint_coupon; $truth->begin($coupon, code => $coupon->{code}) }
        1 .. AT_ONCE;
    my @bad = grep { !$_ || $_->{status} != 200 || $_->{json}{data}{verify_status} ne 'success' }
        map { $truth->finish($_)->{answer} } @attempts;
    is(@bad, 0, "$what: it serves on") or diag(map { $_ ? "$_->{status} $_->{body}\n" : "no answer\n" } @bad);
    is($sandbox->count('stable_client_token'), $tokens, "$what: with the token it had");
    return;
}

# Callers all the while, and one child after another dies.
sub storm {
    my $server = $gateway->server;
    my @coupons = map { +{ %{ $_->{coupons}[0] }, order => $_ } } map { $sandbox->mint(orders => 900) } 1 .. 2;
    my $turn = 0;
    my $before = $gateway->rows('dygw_verifications');
    my $traffic = Dygw::Traffic->start(PROCESSES, sub {
        my ($process) = @_;
        my $coupon = $coupons[ PROCESSES * $turn++ + $process ] or return sleep 0.1;
        $gateway->client->disconnect;
        my $answer = $gateway->client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
            headers => { Connection => 'close' });
        die "$answer->{status} $answer->{body}\n" if $answer->{status} != 200;
    });
    for (1 .. KILLS) {
        $traffic->go_on(20);
        my @pids = $server->child_pids;
        $server->kill_child($pids[ rand @pids ]);
    }
    $traffic->go_on(20);
    my ($calls, @failures) = $traffic->stop;
    my @strange = grep { !/closed without an answer|no connection|Connection reset/ } @failures;
    is("@strange", '', "$name: of $calls calls those that failed (" . @failures . ') were cut off');

    my (%by_token, @wrong);
    for my $row ($truth->rows_where("verify_token <> ''")) {
        $by_token{ $row->{verify_token} }{$row->{id}} = $row;
        push @wrong, map { "record $row->{id}: $_" } Dygw::Truth::incomplete($row)
            if $row->{verify_status} eq 'processing';
    }
    for my $coupon (@coupons) {
        my @redeemed = @{ $sandbox->coupon($coupon->{code})->{verifications} } or next;
        my @rows = map { values %{ $by_token{ $_->{verify_token} // '' } // {} } } @redeemed;
        push @wrong, "$coupon->{code}: redeemed " . @redeemed . ' times, with ' . @rows . ' records'
            if @redeemed != 1 || @rows != 1 || $rows[0]{verify_status} eq 'failed';
    }
    is("@wrong", '', "$name: no redemption is without its record");
    cmp_ok($gateway->rows('dygw_verifications') - $before, '>', 20 * KILLS, "$name: there were redemptions");
    return;
}

for my $with ([ event => 'pgsql' ], [ prefork => 'sqlite3' ]) {
    my ($mpm, $driver) = @$with;
    $gateway = Dygw::Gateway->new(mpm => $mpm, driver => $driver, sandbox => $sandbox, children => 3, threads => 8,
        log_level => 'warn dygw:trace8', directives => { DygwUpstreamTimeout => '1s 20s' });
    $gateway->start;
    $gateway->server->announce('AH10392');       # "children are killed successively!"
    $truth = Dygw::Truth->new($gateway);
    my $tokens = $sandbox->count('stable_client_token');
    my $server = $gateway->server;

    for my $step (@STEPS) {
        my ($when, $call, $fault, $status, $applied) = @$step;
        $name = "$mpm, a child is killed $when";
        my @spent = (timestamp => int time, nonce => Dygw::Client::nonce());
        my $first = $gateway->client->call(GET => '/verifications/1', undef, @spent);
        error_is($first, 404, 'not_found', "$name: a nonce is spent");

        my $attempt = held_at($call, $fault);
        $server->kill_child(child_of($attempt));
        is_recorded($attempt, $name, $status, $applied);
        serves_on($name, $tokens);
        $gateway->client->disconnect;
        my $again = $gateway->client->call(GET => '/verifications/1', undef, @spent);
        error_is($again, 401, 'replayed_nonce', "$name: the nonce is still spent");
    }

    $name = "$mpm, all children are killed";
    my $attempt = held_at(verify => 'hang');
    $gateway->disconnect;
    $server->kill_child($server->child_pids);
    is_recorded($attempt, $name, 'processing', 1);
    is($gateway->wait_healthy->{status}, 200, "$name: healthy");
    serves_on($name, $tokens);

    $name = "$mpm, children are killed under traffic";
    storm();
    serves_on($name, $tokens);

    for my $step (@STEPS) {
        my ($when, $call, $fault, $status, $applied) = @$step;
        $name = "$mpm, the server is killed $when";
        my $attempt = held_at($call, $fault);
        $gateway->disconnect;
        $server->kill;
        is_recorded($attempt, $name, $status, $applied);
        $server->start;
        is($gateway->wait_healthy->{status}, 200, "$name: it starts again, healthy");
        serves_on($name, $tokens);
    }
    $gateway->disconnect;
    $server->check_log("$mpm: nobody was killed but by us, and nothing else was wrong");
}

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
