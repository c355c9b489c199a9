#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The background's child is restarted or killed in the middle of its work: another goes on, nothing is lost, and
# nothing is sent that was not counted. Its thread stops at once, whatever it waits for; and it works only where it
# may.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server qw(patience poll);
use Dygw::Truth;

use constant MANY      => 30;
use constant TAKE_OVER => 15;       # seconds until another works, of which the lease's life is 12
use constant STOP      => 3;        # seconds
use constant HANG_MS   => 15_000;
use constant STEP_SEC  => 20;       # until the background has come so far

my $sandbox = Dygw::Sandbox->start_new(threads => 48);
my $gateway = Dygw::Gateway->new(driver => 'pgsql', sandbox => $sandbox, children => 3, threads => 8, idle => 1,
    directives => { DygwUpstreamTimeout => '1s 20s', DygwEnrichRetry => '1s 5s 1h' });
$gateway->start;
$gateway->server->announce(qw(DYGW0402 DYGW0404 AH10392));
my $truth = Dygw::Truth->new($gateway);

# Redemptions whose outcome is lost, every second of them done by Douyin.
sub lose {
    my ($count) = @_;
    my @attempts;
    for my $i (1 .. $count) {
        my $coupon = $sandbox->mint_coupon;
        $sandbox->fault(call => 'verify', fault => $i % 2 ? 'status' : 'status_after', times => -1);
        push @attempts, $truth->verify($coupon, code => $coupon->{code});
        $sandbox->clear;
    }
    return @attempts;
}

sub in_processing { return $gateway->rows('dygw_verifications', "verify_status = 'processing'") }

sub all_are_done {
    my ($name, @attempts) = @_;
    ok($truth->await_settled, "$name: all is settled");
    my (@wrong, @uncounted);
    for my $attempt (@attempts) {
        my $rows = $truth->rows_of($attempt);
        my $coupon = $sandbox->coupon($attempt->{coupon}{code});
        push @wrong, $truth->final_faults($attempt, $rows, $coupon);
        push @wrong, "verify_status is $rows->[0]{verify_status}" if $rows->[0]{verify_status} ne 'success';
        push @uncounted, "$coupon->{verify_calls} verifies, $rows->[0]{attempts} counted"
            if $coupon->{verify_calls} > $rows->[0]{attempts};
    }
    is_deeply(\@wrong, [], "$name: nothing is lost");
    is_deeply(\@uncounted, [], "$name: every verify was counted before it was sent");
    my $enriched = poll { sleep 0.2; !$gateway->rows('dygw_verifications', "enrichment_status = 'pending'") } 40;
    ok($enriched, "$name: and all is enriched");
    return;
}

# --- a host that may not work ---

my @attempts = lose(3);
my $orders = $sandbox->count('orders');
my $verifies = $sandbox->count('verify');
is($gateway->verify(code => $sandbox->mint_coupon->{code})->{status}, 200, 'DygwWorker off: it serves');
sleep 8;        # the first repetition would come after 5
is(in_processing(), 3, 'DygwWorker off: nothing is settled');
is($sandbox->count('orders') - $orders, 0, 'DygwWorker off: nothing is enriched');
is($sandbox->count('verify') - $verifies, 1, 'DygwWorker off: nothing is repeated');
is($gateway->leader_pid, undef, 'DygwWorker off: nobody holds the lease');

# --- graceful restarts in the middle of the work ---

push @attempts, lose(MANY);
$gateway->work(1);
for my $turn (1 .. 4) {
    my $before = in_processing();
    poll { sleep 0.1; in_processing() < $before } STEP_SEC if $before;
    $gateway->graceful(overlap => $turn % 2);
}
all_are_done('graceful restarts', @attempts);

# --- the child that works is killed ---

$gateway->work(0);
@attempts = lose(MANY);
$gateway->work(1);
poll { $gateway->leader_pid } or die "nobody leads\n";
poll { sleep 0.05; in_processing() < MANY } STEP_SEC;
my $killed = $gateway->leader_pid;
$gateway->server->kill_child($killed);
my $began = time;
my $next;
poll { sleep 0.1; $next = $gateway->leader_pid; $next && $next != $killed } TAKE_OVER + 15;
cmp_ok(time - $began, '<', patience(TAKE_OVER), sprintf 'killed: another child works after %.1f s', time - $began);
all_are_done('killed', @attempts);

# --- stopping, whatever the thread waits for ---

sub stops_at_once {
    my ($name) = @_;
    $gateway->disconnect;
    my $took = $gateway->server->stop;
    cmp_ok($took, '<', patience(STOP + 1), sprintf "it stops at once %s: %.1f s", $name, $took);
    $gateway->server->start;
    $gateway->wait_healthy;
    return;
}

stops_at_once('while it waits for work');
for my $call (qw(query verify orders)) {
    $gateway->work(0);
    my ($attempt) = lose(1);
    my $before = $sandbox->count($call);
    my @held = $call eq 'query' ? qw(query get) : $call;
    $sandbox->fault(call => $_, fault => 'hang', ms => HANG_MS, times => -1) for @held;
    $gateway->work(1);
    ok((poll { sleep 0.05; $sandbox->count($call) > $before } 2 * STEP_SEC), "the background asks Douyin: $call");
    stops_at_once("while Douyin does not answer: $call");
    $sandbox->clear;
    all_are_done("stopped at $call", $attempt);
}

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
