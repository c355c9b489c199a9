#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Douyin remembers a verify_token for a short time only: a verify that was lost on its way may redeem a coupon whose
# record is cancelled or failed by then. Nobody wants that redemption, and it is taken back, or said loudly. And what
# Douyin redeems without naming it is one redemption all the same, which can be cancelled.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Gateway qw(POI);
use Dygw::Metrics;
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant { ON => JSON::PP::true, OFF => JSON::PP::false };
use constant SOON       => 40;          # seconds
use constant APPLIED_MS => 10_000;      # after it was lost
use constant LATE_MS    => 900_000;     # so long Douyin may apply a verify that was lost
use constant NOT_OURS   => -4;
use constant UNUSED     => 1;           # Douyin's status of a coupon

my $sandbox = Dygw::Sandbox->new(threads => 16);
my $gateway = Dygw::Gateway->new(driver => 'pgsql', sandbox => $sandbox, idle => 1,
    directives => { DygwEnrichRetry => '1s 2s 1h' });
$gateway->start;
$gateway->server->announce(qw(DYGW0442 DYGW0444));

sub view   { return $gateway->client->call(GET => "/verifications/$_[0]")->{json}{data} }
sub status { my $v = view($_[0]); return "$v->{verify_status} $v->{error_code}" }
sub cancel { return $gateway->client->call(POST => '/coupons/cancel', { verification_id => $_[0] }) }
sub truth  { return $sandbox->coupon($_[0]{code}) }

sub cancels {
    my ($outcome) = @_;
    return Dygw::Metrics->scrape($gateway)->total('dygw_cancels_total', outcome => $outcome);
}

# Redeems a coupon: the HTTP status, and the id of the record.
sub redeem {
    my ($coupon) = @_;
    my $answer = $gateway->verify(code => $coupon->{code});
    return ($answer->{status}, $answer->{json}{data}{id});
}

# Redeems it while the verify fails so; the id of the record, which is open.
sub lose {
    my ($name, $coupon, %fault) = @_;
    $sandbox->fault(call => 'verify', %fault);
    my ($status, $id) = redeem($coupon);
    is($status, 202, "$name: the verify is lost");
    return $id;
}

# The same, and it will be applied when all is settled, and Douyin has forgotten the token.
sub lose_for_long {
    my ($name, $coupon) = @_;
    return lose($name, $coupon, fault => 'apply_late', anew => ON, ms => APPLIED_MS);
}

sub cancel_when_settled {
    my ($name, $id) = @_;
    ok((poll { sleep 0.1; view($id)->{verify_status} eq 'success' } SOON), "$name: a repetition redeems it");
    my $answer = cancel($id);
    is("$answer->{status} $answer->{json}{data}{verify_status}", '200 cancelled', "$name: it is cancelled");
    return;
}

# --- one redemption that Douyin does not name ---

my $nameless = $sandbox->mint_coupon;
my $lost = lose('another record', $nameless, fault => 'status', http_status => 503);
$sandbox->switch(hide_verify_id => ON);
my ($status, $named_later) = redeem($nameless);
$sandbox->switch(hide_verify_id => OFF);
is($status, 200, 'a redemption that Douyin does not name');
is(view($named_later)->{verify_id}, undef, 'has no verify_id at first');

# --- lost, repeated, cancelled, and applied ---

$gateway->work(1);
my $coupon = $sandbox->mint_coupon;
my $cancelled = lose_for_long('cancelled', $coupon);
my $shared = $sandbox->mint_coupon;
my $failed = lose_for_long('failed', $shared);
my (undef, $first) = redeem($shared);
my $kept = $sandbox->mint_coupon;
my $left = lose('left', $kept, fault => 'status', http_status => 503);

cancel_when_settled('cancelled', $cancelled);
cancel_when_settled('left', $left);
ok((poll { sleep 0.1; status($failed) eq 'failed ' . NOT_OURS } SOON), 'failed: another request has redeemed it');
is(cancel($first)->{status}, 200, 'failed: which is cancelled');
is(truth($_)->{status}, UNUSED, 'the coupon is free') for $coupon, $shared, $kept;

for my $case ([ cancelled => $coupon, $cancelled, 'cancelled 0' ],
    [ failed => $shared, $failed, 'failed ' . NOT_OURS ]) {
    my ($name, $of, $id, $expected) = @$case;
    ok((poll { sleep 0.1; $gateway->server->log_text =~ /DYGW0443: verification $id:/ } SOON),
        "$name: the lost verify redeems the coupon after all, and that is taken back");
    my $truth = truth($of);
    is("$truth->{status} $truth->{times_used} $truth->{cancelled}", UNUSED . ' 0 2', "$name: the coupon is free again");
    is(status($id), $expected, "$name: the record stays as it was told");
}
is(cancels('orphan'), 2, 'what was taken back is counted');

# --- Douyin cancels nothing any more, and lateness is over soon ---

$sandbox->switch(cancel_window_ms => 1);
$sandbox->set_coupon($kept->{code}, used_elsewhere => { poi_id => POI, verify_type => 4 });
my $sent_at = int(1000 * time) - LATE_MS + 3000;
$gateway->database->query(
    "UPDATE dygw_verifications SET sent_at = $sent_at, errand_at = 1, revision = revision + 1 WHERE id = $left");
ok((poll { sleep 0.1; $gateway->server->log_text =~ /DYGW0444: verification $left / } SOON),
    'left: what cannot be taken back is said loudly');
is(status($left), 'cancelled 0', 'left: the record stays as it was told');
is(view($left)->{coupon_status}, 'used', 'left: but says what became of the coupon');
is(cancels('orphan_left'), 1, 'left: it is counted');
$sandbox->switch(cancel_window_ms => 3_600_000);

# --- the other parts ---

ok((poll { sleep 0.1; view($named_later)->{verify_id} } SOON), 'the verify_id is learned afterwards');
is(view($named_later)->{verify_id}, truth($nameless)->{verifications}[0]{verify_id}, 'the right one');
ok((poll { sleep 0.1; status($lost) ne 'processing 0' } SOON), 'the other record is settled');
is(status($lost), 'failed ' . NOT_OURS, 'and the redemption is not its own');
my $answer = cancel($named_later);
is("$answer->{status} $answer->{json}{data}{verify_status}", '200 cancelled', 'it can be cancelled');
is(truth($nameless)->{status}, UNUSED, 'and is');

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
