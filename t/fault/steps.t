#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# At every step of a redemption, of a cancel and of settling: the child is killed there, the whole server is, the
# database stops, or the step takes longer than its request has. Afterwards all is settled by itself, each coupon was
# redeemed at most once, and record and Douyin agree.
#
# Each of the four has a gateway, a database and a sandbox of its own, in which several coupons stand at different steps
# when it happens; they wait for the settling at the same time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep);

use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server qw(poll);
use Dygw::Steps;
use Dygw::Truth;

use constant SETTLED_MS => 60_000;      # until all has to be settled
use constant HELD_MS    => 3000;        # by Douyin, longer than the gateway waits

my @REDEMPTION = qw(before_insert after_insert before_verify after_verify after_settle);
my @CANCEL     = qw(cancel_committed cancel_sent);
my @SETTLING   = qw(settle_committed settle_answered);

# Where Douyin holds a redemption: prepare is not answered, the verify is not done, it is done and not answered.
my @AT_DOUYIN = ([ prepare => 'hang' ], [ verify => 'latency' ], [ verify => 'hang' ]);

# What happens there.
my %HIT = (
    'a child is killed' => sub {
        my ($case) = @_;
        my $server = $case->{gateway}->server;
        $server->kill_child($server->child_pids);
    },
    'the server is killed' => sub {
        my ($case) = @_;
        $case->{gateway}->server->kill;
        $case->{gateway}->server->start;
    },
    'the database stops' => sub {
        my ($case, @steps) = @_;
        $case->{gateway}->database->stop;
        $case->{steps}->release(@steps);
        sleep 1;
        $case->{gateway}->database->start;
    },
    'it takes too long' => sub {
        my ($case, @steps) = @_;
        $case->{held} = \@steps;        # released when the background has settled what it can
    },
);

sub start_case {
    my ($what) = @_;
    my $steps = Dygw::Steps->new;
    my $gateway = Dygw::Gateway->new(driver => 'pgsql', name => "the gateway where $what", children => 2, threads => 24,
        steps => $steps, sandbox => Dygw::Sandbox->new(threads => 48),
        directives => { DygwUpstreamTimeout => '500ms 1s' });
    $gateway->start;
    # What it says of a Douyin that does not answer, of a database that is away, of children that die.
    $gateway->server->announce(qw(DYGW0402 DYGW0404 DYGW0413 DYGW0454 DYGW0500 DYGW0501 AH10392));
    $gateway->server->announce(qw(DYGW0310 DYGW0370 DYGW0411 DYGW0600 DYGW0601));
    $gateway->server->announce(qw(AH00629 AH00633 AH00636 AH00639 AH02655));
    return { what => $what, gateway => $gateway, steps => $steps, truth => Dygw::Truth->new($gateway) };
}

# Begins a redemption that stops at a step.
sub at_step {
    my ($case, $step) = @_;
    my $coupon = $case->{gateway}->sandbox->mint_coupon;
    $case->{steps}->arm($step);
    my $attempt = $case->{truth}->begin($coupon, code => $coupon->{code});
    $case->{steps}->reached($step);
    return { at => $step, attempt => $attempt, none => $step eq 'before_insert' };
}

# Begins one that Douyin holds.
sub at_douyin {
    my ($case, $call, $fault) = @_;
    my $sandbox = $case->{gateway}->sandbox;
    my $coupon = $sandbox->mint_coupon;
    my $before = $sandbox->count($call);
    $sandbox->fault(call => $call, fault => $fault, ms => HELD_MS);
    my $attempt = $case->{truth}->begin($coupon, code => $coupon->{code});
    poll { $sandbox->count($call) > $before } or die "no $call arrives\n";
    return { at => "Douyin's $call, $fault", attempt => $attempt, any => $call eq 'prepare' };
}

# Begins the cancel of a redemption that stops at a step.
sub cancel_at {
    my ($case, $step) = @_;
    my $coupon = $case->{gateway}->sandbox->mint_coupon;
    my $attempt = $case->{truth}->verify($coupon, code => $coupon->{code});
    my $id = $attempt->{answer}{json}{data}{id};
    $case->{steps}->arm($step);
    $attempt->{cancel} = $case->{gateway}->client->begin(POST => '/coupons/cancel', { verification_id => $id });
    $case->{steps}->reached($step);
    return { at => $step, attempt => $attempt, cancelled => 1 };
}

# Every step of what callers ask for, and then it happens.
sub hit_callers {
    my ($case) = @_;
    my @stopped = map { at_step($case, $_) } @REDEMPTION;
    push @stopped, map { cancel_at($case, $_) } @CANCEL;
    push @stopped, map { at_douyin($case, @$_) } @AT_DOUYIN;
    $case->{gateway}->disconnect;
    $HIT{ $case->{what} }->($case, @REDEMPTION, @CANCEL);
    $case->{stopped} = \@stopped;
    return;
}

# A step of settling, at which a redemption stops whose answer was lost before or after it was done.
sub hit_settling {
    my ($case, $step, $fault) = @_;
    my $sandbox = $case->{gateway}->sandbox;
    my $coupon = $sandbox->mint_coupon;
    $case->{steps}->arm($step);
    $sandbox->fault(call => 'verify', fault => $fault, http_status => 502);
    my $attempt = $case->{truth}->verify($coupon, code => $coupon->{code});
    is($attempt->{answer}{status}, 202, "$step, $case->{what}: there is something to settle");
    $case->{steps}->reached($step);
    $case->{gateway}->disconnect;
    $HIT{ $case->{what} }->($case, $step);
    $case->{stopped} = [ { at => "$step, $fault", attempt => $attempt } ];
    return;
}

# Waits until all is settled, and compares.
sub all_settled {
    my ($case) = @_;
    my ($truth, $what) = @$case{qw(truth what)};
    if (my $held = delete $case->{held}) {
        my @settling = grep { /settle_/ } @$held;
        @settling ? sleep 5 : $truth->await_settled;
        $case->{steps}->release(@$held);
    }
    my %heard = map { $_->{at} => eval { $_->{attempt}{answer} // $truth->finish($_->{attempt})->{answer} } }
        @{ $case->{stopped} };
    ok($truth->await_settled(SETTLED_MS / 1000), "$what: all is settled by itself");
    for my $stopped (@{ $case->{stopped} }) {
        my $attempt = $stopped->{attempt};
        my $name = "$what at $stopped->{at}";
        my $kept = @{ $truth->rows_of($attempt) };
        # A prepare that was held may have been asked again by a gateway that lives.
        my $none = $stopped->{none} && !($heard{ $stopped->{at} } && $kept) || $stopped->{any} && !$kept;
        my %expected = $none ? (none => 1) : (verify_status => $stopped->{cancelled} ? 'cancelled' : 'success');
        $truth->settled($attempt, $none ? "$name: nothing is recorded or redeemed" : "$name: $expected{verify_status}",
            %expected);
        my @of_coupon = @{ $case->{gateway}->sandbox->coupon($attempt->{coupon}{code})->{verifications} };
        cmp_ok(scalar @of_coupon, '<=', 1, "$name: redeemed at most once");
    }
    return;
}

my @cases = map { start_case($_) } sort keys %HIT;

hit_callers($_) for @cases;
all_settled($_) for @cases;

for my $step ([ settle_committed => 'status' ], [ settle_answered => 'status_after' ]) {
    hit_settling($_, @$step) for @cases;
    all_settled($_) for @cases;
}

for my $case (@cases) {
    my $gateway = $case->{gateway};
    is($gateway->wait_healthy->{status}, 200, "$case->{what}: healthy at the end");
    is($gateway->sandbox->state->{double_redemptions}, 0, "$case->{what}: no coupon was redeemed twice");
    $gateway->finish;
}
done_testing;
