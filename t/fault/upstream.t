#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Whatever Douyin does to a redemption, the answer, the record and the coupon agree: never `failed` where Douyin
# redeemed, never `success` where it did not, nothing recorded where nothing was attempted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(time);

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(patience poll);
use Dygw::Truth;

use constant TIMEOUT_MS => 800;
use constant SLACK      => 4;       # seconds that a busy machine may take beside

my @MODES  = qw(code short_link encrypted_code);
my @BUSY   = (2100001, 2100004, 2119002, 2119003, 5000001, 6001001);
my $BUSY   = $BUSY[1];
my $REVIEW = 1229;

my $gateway = Dygw::Gateway->new(driver => 'pgsql', idle => 1,
    directives => { DygwUpstreamTimeout => '500ms ' . TIMEOUT_MS . 'ms' });
$gateway->start;
my $sandbox = $gateway->sandbox;
my $truth = Dygw::Truth->new($gateway);
# No answer from Douyin, one that cannot be understood, no new token, a link without an answer.
$gateway->server->announce(qw(DYGW0402 DYGW0500 DYGW0501 DYGW0511));

sub records  { return scalar $gateway->rows('dygw_verifications') }
sub verifies { return $sandbox->count('verify') }

# Redeems a new coupon in a mode while Douyin misbehaves; {seconds} is what the gateway took.
sub redeem {
    my ($mode, @faults) = @_;
    my $coupon = $sandbox->mint_coupon;
    my %fields = $truth->fields($mode, $coupon);
    $sandbox->fault(%$_) for @faults;
    my $after = $sandbox->last_seq;
    my $began = time;
    my $attempt = $truth->verify($coupon, %fields);
    $attempt->{seconds} = time - $began;
    $attempt->{after} = $after;
    $attempt->{fields} = \%fields;
    $sandbox->clear;
    return $attempt;
}

sub in_time {
    my ($attempt, $calls, $name) = @_;
    cmp_ok($attempt->{seconds}, '<', patience($calls * TIMEOUT_MS / 1000 + SLACK), $name);
    return;
}

# --- prepare: nothing can have been redeemed, so nothing is recorded ---

my @prepare = (
    [ 'silence',                 { fault => 'hang', ms => 1300 }, 504, 'upstream_timeout' ],
    [ 'an answer that is late',  { fault => 'latency', ms => 1300 }, 504, 'upstream_timeout' ],
    [ 'a lost connection',       { fault => 'drop_before' }, 503, 'upstream_unavailable' ],
    [ 'a connection lost later', { fault => 'drop_after' }, 503, 'upstream_unavailable' ],
    [ 'HTTP 503',                { fault => 'status', http_status => 503 }, 503, 'upstream_unavailable' ],
    [ 'HTTP 500 after the work', { fault => 'status_after', http_status => 500 }, 503, 'upstream_unavailable' ],
    [ 'half an answer',          { fault => 'truncated' }, 503, 'upstream_unavailable' ],
    [ 'no JSON',                 { fault => 'garbage' }, 502, 'upstream_error' ],
    (map { [ "busy $_",          { fault => 'error', error_code => $_ }, 503, 'upstream_unavailable' ] } @BUSY),
    [ 'busy after the work',     { fault => 'error_after', error_code => $BUSY }, 503, 'upstream_unavailable' ],
);
my ($records, $verifies) = (records(), verifies());
for my $case (@prepare) {
    my ($what, $fault, $status, $code) = @$case;
    for my $mode (qw(code short_link)) {
        my $attempt = redeem($mode, { call => 'prepare', times => -1, %$fault });
        error_is($attempt->{answer}, $status, $code, "prepare, $mode: $what: $code");
        in_time($attempt, 2, "prepare, $mode: $what: in time");
        is($sandbox->coupon($attempt->{coupon}{code})->{status}, 1, "prepare, $mode: $what: the coupon is unused");
    }
}
is(records(), $records, 'prepare: none of these is recorded');
is(verifies(), $verifies, 'prepare: none of these is verified');

for my $case (grep { $_->[2] == 503 } @prepare) {
    my ($what, $fault) = @$case;
    my $attempt = redeem('code', { call => 'prepare', %$fault });
    $truth->agrees($attempt, "prepare: $what once: it is asked again, and redeemed", status => 200,
        verify_status => 'success', applied => 1);
}
my $attempt = redeem('short_link', { call => 'short_link', fault => 'hang', ms => 1300, times => -1 });
error_is($attempt->{answer}, 504, 'upstream_timeout', 'the short link: silence');
is(records(), $records + grep({ $_->[2] == 503 } @prepare), 'the short link: nothing is recorded');

# --- verify: what is unclear stays `processing`, whether it was redeemed or not ---

my @unclear = (     # applied: undef where it is yet to come
    [ 'silence after the work',  { fault => 'hang', ms => 1300 }, 1 ],
    [ 'late work',               { fault => 'latency', ms => 1300 }, undef ],
    [ 'a connection lost before', { fault => 'drop_before' }, 0 ],
    [ 'a connection lost after', { fault => 'drop_after' }, 1 ],
    [ 'HTTP 503 before',         { fault => 'status', http_status => 503 }, 0 ],
    [ 'HTTP 502 after',          { fault => 'status_after', http_status => 502 }, 1 ],
    [ 'half an answer',          { fault => 'truncated' }, 1 ],
    [ 'no JSON',                 { fault => 'garbage' }, 0 ],
    [ "busy $BUSY",              { fault => 'error', error_code => $BUSY }, 0 ],
    [ 'busy after the work',     { fault => 'error_after', error_code => $BUSY }, 1 ],
    [ 'work after "busy"',       { fault => 'apply_late', ms => 1300 }, undef ],
    [ 'risk review',             { fault => 'error', error_code => $REVIEW }, 0 ],
    [ 'risk review of the item', { fault => 'result', result => $REVIEW, msg => 'risk' }, 0 ],
);
my @late;

# The caller repeats what is recorded: the same record, and Douyin hears nothing.
sub replays {
    my ($attempt, $name) = @_;
    my $verifies = verifies();
    my $row = $attempt->{row} or return fail("$name: a record to repeat");
    my $again = $truth->verify($attempt->{coupon}, encrypted_code => $row->{encrypted_code},
        verify_token => $row->{verify_token})->{answer};
    my @wrong;
    push @wrong, "status $again->{status}" if $again->{status} != 202;
    push @wrong, 'no Idempotency-Replayed' if ($again->{headers}{'idempotency-replayed'} // '') ne 'true';
    push @wrong, 'another record' if ($again->{json}{data}{id} // 0) ne $row->{id};
    push @wrong, 'Douyin was asked' if verifies() != $verifies;
    ok(!@wrong, "$name: the caller's repetition is a replay") or diag("@wrong\n$again->{body}");
    return;
}

for my $case (@unclear) {
    my ($what, $fault, $applied) = @$case;
    for my $mode (@MODES) {
        my $name = "verify, $mode: $what";
        my $attempt = redeem($mode, { call => 'verify', times => -1, %$fault });
        $truth->agrees($attempt, "$name: processing", status => 202, verify_status => 'processing',
            applied => $applied);
        in_time($attempt, 3, "$name: in time");
        replays($attempt, $name);
        if (defined $applied) {
            $truth->repeats_are_identical($attempt->{coupon}, $attempt->{after}, "$name: what is repeated is the same");
        }
        else {
            push @late, [ $attempt, $name ];
        }
    }
}
for my $late (@late) {
    my ($attempt, $name) = @$late;
    my $applied = poll { $sandbox->coupon($attempt->{coupon}{code})->{status} == 2 };
    ok($applied, "$name: Douyin redeems it");
    $truth->agrees($attempt, "$name: and it is still processing", verify_status => 'processing', applied => 1);
}

# --- verify: refusals are final, unless they may be the answer to our own redemption ---

for my $mode (@MODES) {
    for my $result (1208, 2) {
        my $attempt = redeem($mode, { call => 'verify', fault => 'result', result => $result, msg => 'used' });
        $truth->agrees($attempt, "verify, $mode: result $result at the first attempt is a refusal", status => 200,
            verify_status => 'failed', applied => 0);
    }
    my $attempt = redeem($mode, { call => 'verify', fault => 'error', error_code => 1241 });
    $truth->agrees($attempt, "verify, $mode: refused as a whole", status => 200, verify_status => 'failed',
        applied => 0);
}

# A kept connection that breaks before a byte of the answer is replaced, and the request sent again: the first may
# have arrived.
for my $result (1208, 2) {
    my $attempt = redeem('code', { call => 'verify', fault => 'drop_after' },
        { call => 'verify', fault => 'result', result => $result, msg => 'used' });
    $truth->agrees($attempt, "result $result to what was sent twice may be our own doing", status => 202,
        verify_status => 'processing', applied => 1);
    is($attempt->{row}{attempts}, 2, "result $result: both are counted");
    $truth->repeats_are_identical($attempt->{coupon}, $attempt->{after}, "result $result: both are the same", 2);
}
for my $fault (qw(drop_before drop_after)) {
    my $attempt = redeem('code', { call => 'verify', fault => $fault });
    $truth->agrees($attempt, "$fault once, and the repetition's answer is clear", status => 200,
        verify_status => 'success', applied => 1);
    is(@{ $sandbox->coupon($attempt->{coupon}{code})->{verifications} }, 1, "$fault: redeemed once");
    $truth->repeats_are_identical($attempt->{coupon}, $attempt->{after}, "$fault: the repetition is the same", 2);
}

# --- the token dies between prepare and verify ---

my $tokens = $sandbox->count('stable_client_token');
for my $mode (qw(code encrypted_code)) {
    my $coupon = $sandbox->mint_coupon;
    my %fields = $truth->fields($mode, $coupon);
    my $after = $sandbox->last_seq;
    my $attempt;
    if ($mode eq 'code') {
        $sandbox->fault(call => 'prepare', fault => 'hang', ms => 500);
        $attempt = $truth->begin($coupon, %fields);
        poll { $sandbox->calls(call => 'prepare', after => $after) };
        $sandbox->kill_tokens;
        $truth->finish($attempt);
    }
    else {
        $sandbox->kill_tokens;
        $attempt = $truth->verify($coupon, %fields);
    }
    $truth->agrees($attempt, "the token is killed before the verify, $mode: renewed, redeemed", status => 200,
        verify_status => 'success', applied => 1);
    $truth->repeats_are_identical($coupon, $after, "$mode: the refused verify is repeated as it was", 2);
    is($sandbox->count('stable_client_token'), ++$tokens, "$mode: with one call for a new token");
}

# For good: no new one can be had.
my $coupon = $sandbox->mint_coupon;
my $after = $sandbox->last_seq;
$sandbox->fault(call => 'prepare', fault => 'hang', ms => 500);
my $lost = $truth->begin($coupon, code => $coupon->{code});
poll { $sandbox->calls(call => 'prepare', after => $after) };
$sandbox->fault(call => 'token', fault => 'error', error_code => $BUSY, times => -1);
$sandbox->kill_tokens;
$truth->finish($lost);
$truth->agrees($lost, 'the token is lost before the verify: processing', status => 202,
    verify_status => 'processing', applied => 0);
replays($lost, 'the token is lost');
($records, $verifies) = (records(), verifies());
error_is($gateway->verify(code => $coupon->{code}), 503, 'token_unavailable', 'without a token nothing is attempted');
is(records(), $records, 'nothing recorded');
is(verifies(), $verifies, 'nothing verified');
$sandbox->clear;
my $healed = poll { $gateway->verify(code => $sandbox->mint_coupon->{code})->{status} == 200 } 30;
ok($healed, 'it heals by itself');

# --- several coupons in one call ---

for my $case ([ 'all redeemed, the answer lost', 'drop_after', 1 ], [ 'none redeemed', 'drop_before', 0 ]) {
    my ($what, $fault, $applied) = @$case;
    my $order = $sandbox->mint(coupons => 3);
    $sandbox->fault(call => 'verify', fault => $fault, times => -1);
    my $answer = $gateway->verify(short_link => $order->{short_link}, count => 3);
    $sandbox->clear;
    is($answer->{status}, 202, "count 3, $what: processing");
    my @rows = $truth->rows_where("order_id = '$order->{order_id}'");
    my %token = map { $_->{verify_token} => 1 } @rows;
    is_deeply([ scalar @rows, scalar keys %token, map { Dygw::Truth::incomplete($_) } @rows ], [ 3, 1 ],
        "count 3, $what: three complete records with one verify_token");
    is(grep({ $sandbox->coupon($_->{code})->{status} == ($applied ? 2 : 1) } @{ $order->{coupons} }), 3,
        "count 3, $what: so Douyin has it");
}

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
