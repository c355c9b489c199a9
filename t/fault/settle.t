#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Whatever Douyin did to a redemption, and whatever became of its coupon meanwhile: the background settles it by itself,
# says how it was confirmed, and redeems nothing twice.
#
# While there is no background work, redemptions are lost in all ways at random turns, and their coupons are changed;
# then it begins, and has a minute.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use List::Util qw(shuffle);
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Truth;

use constant SETTLED_SEC => 60;
use constant TOO_LONG_MS => 1300;       # for the gateway
use constant REVIEW_MS   => 9000;
use constant QUARTER_MS  => 900_000;    # so long after the last verify an unused coupon counts as not redeemed
use constant NOT_OURS    => -4;
use constant NOT_DONE    => -3;
use constant GIVEN_UP    => -2;
use constant REFUNDED    => -1;
use constant ON          => JSON::PP::true;

my $BUSY = 2100004;
my %BEFORE = (fault => 'status', http_status => 503);       # Douyin has not done it,
my %AFTER  = (fault => 'status_after', http_status => 502); # or it has
my %SUCCESS = (verify_status => 'success', error_code => 0);

my $seed = $ENV{DYGW_TEST_SEED} || int(time * 1000) % 1_000_000_000;
diag("DYGW_TEST_SEED=$seed");
srand $seed;

my $gateway = Dygw::Gateway->new(driver => 'pgsql', sandbox => Dygw::Sandbox->new(threads => 32), idle => 1,
    directives => { DygwUpstreamTimeout => '500ms 800ms' });
$gateway->start;
$gateway->server->announce(qw(DYGW0402 DYGW0404 DYGW0500 DYGW0501 DYGW0511));
my $sandbox = $gateway->sandbox;
my $truth = Dygw::Truth->new($gateway);

# --- losing them ---

# Redeems while every verify fails so, which must leave it `processing`.
sub lose {
    my ($name, $coupon, $fault, %fields) = @_;
    $sandbox->fault(call => 'verify', times => -1, %$fault);
    my $attempt = $truth->verify($coupon, %fields ? %fields : (code => $coupon->{code}));
    $sandbox->clear;
    is($attempt->{answer}{status}, 202, "$name: lost") or diag($attempt->{answer}{body});
    return $attempt;
}

sub refund         { $sandbox->set_coupon($_[0]{coupon}{code}, status => 4); return }
sub use_elsewhere  { $sandbox->set_coupon($_[0]{coupon}{code}, used_elsewhere => ON); return }
sub use_over_api   { $sandbox->set_coupon($_[0]{coupon}{code},
                         used_elsewhere => { poi_id => '6601', verify_type => 4 }); return }

# Its caller gives it up.
sub give_up {
    my ($attempt) = @_;
    my $id = $attempt->{answer}{json}{data}{id};
    my $answer = $gateway->client->call(POST => '/coupons/cancel', { verification_id => $id });
    is("$answer->{status} $answer->{json}{data}{verify_status}", '202 processing', 'a processing one is given up')
        or diag($answer->{body});
    return;
}

# Another request for the same coupon, which succeeds.
sub redeem_anew {
    my ($attempt) = @_;
    my $answer = $gateway->verify(code => $attempt->{coupon}{code});
    is("$answer->{status} $answer->{json}{data}{verify_status}", '200 success', 'another request redeems it');
    return;
}

# name, how it is lost, what happens then, what it has to become
my @CASES = (
    [ 'a connection lost before',     { fault => 'drop_before' }, undef, { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'a connection lost after',      { fault => 'drop_after' },  undef, { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'silence after the work',       { fault => 'hang', ms => TOO_LONG_MS }, undef,
      { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'late work',                    { fault => 'latency', ms => TOO_LONG_MS }, undef,
      { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'HTTP 503 before',              { %BEFORE }, undef, { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'HTTP 502 after',               { %AFTER }, undef, { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'half an answer',               { fault => 'truncated' }, undef, { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'no JSON',                      { fault => 'garbage' }, undef, { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'busy',                         { fault => 'error', error_code => $BUSY }, undef,
      { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'busy after the work',          { fault => 'error_after', error_code => $BUSY }, undef,
      { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'work after "busy"',            { fault => 'apply_late', ms => TOO_LONG_MS }, undef,
      { %SUCCESS, confirmed_by => 'replay' } ],
    [ 'a review that ends',           { fault => 'review', ms => REVIEW_MS }, undef,
      { %SUCCESS, confirmed_by => qr/\A(?:replay|status_query)\z/ } ],
    [ 'not done, then refunded',      { %BEFORE }, \&refund, { verify_status => 'failed', error_code => REFUNDED } ],
    [ 'not done, then used elsewhere', { %BEFORE }, \&use_elsewhere,
      { verify_status => 'failed', error_code => 1208 } ],
    [ 'not done, then used over the API elsewhere', { %BEFORE }, \&use_over_api,
      { verify_status => 'failed', error_code => 1208 } ],
    [ 'not done, then redeemed by another request', { %BEFORE }, \&redeem_anew,
      { verify_status => 'failed', error_code => NOT_OURS } ],
    [ 'done, then given up',          { %AFTER }, \&give_up, { verify_status => 'cancelled', error_code => 0 } ],
);

my @lost;
for my $case (shuffle @CASES) {
    my ($name, $fault, $meanwhile, $expected) = @$case;
    my $coupon = $sandbox->mint_coupon;
    my $attempt = lose($name, $coupon, $fault);
    $meanwhile->($attempt) if $meanwhile;
    push @lost, [ $name, $attempt, $expected ];
}

# Two requests for one coupon: one is sent in vain, one is done, and both are lost.
my $rivals = $sandbox->mint_coupon;
my $vain = lose('the first of two', $rivals, { %BEFORE });
my $done = lose('the second of two', $rivals, { %AFTER });
push @lost, [ 'two were lost, this one was done', $done, { %SUCCESS } ],
            [ 'two were lost, this one was not', $vain,
              { verify_status => 'failed', error_code => qr/\A(?:-4|1208)\z/ } ];

# Times cards, and several coupons of an order.
my @several;
for my $case ([ 'none of three', \%BEFORE ], [ 'all of three', \%AFTER ]) {
    my ($name, $fault) = @$case;
    for my $what ([ groupon => coupons => 3 ], [ times_card => times => 5 ]) {
        my ($kind, %more) = @$what;
        my $order = $sandbox->mint(kind => $kind, %more);
        my $coupon = { %{ $order->{coupons}[0] }, order => $order };
        lose("$kind, $name", $coupon, $fault, short_link => $order->{short_link}, count => 3);
        push @several, [ "$kind, $name", $order ];
    }
}
my $partly = $sandbox->mint(coupons => 3);
lose('one of three is used elsewhere', { %{ $partly->{coupons}[0] } }, \%BEFORE,
    short_link => $partly->{short_link}, count => 3);
$sandbox->set_coupon($partly->{coupons}[1]{code}, used_elsewhere => ON);

# These cannot be settled within a minute: the coupon stays unused.
my $given_up  = lose('not done, then given up', $sandbox->mint_coupon, { %BEFORE });
give_up($given_up);
my $in_vain   = lose('not done, whatever is tried', $sandbox->mint_coupon, { %BEFORE });
my $in_review = lose('a review without an end', $sandbox->mint_coupon, { fault => 'error', error_code => 1229 });

# The token dies before the verify, and no new one can be had: the last one, because renewing it pauses then.
{
    my $coupon = $sandbox->mint_coupon;
    my $after = $sandbox->last_seq;
    $sandbox->fault(call => 'prepare', fault => 'hang', ms => 500);
    my $attempt = $truth->begin($coupon, code => $coupon->{code});
    sleep 0.01 until $sandbox->calls(call => 'prepare', after => $after);
    $sandbox->fault(call => 'token', fault => 'error', error_code => $BUSY, times => -1);
    $sandbox->kill_tokens;
    $truth->finish($attempt);
    $sandbox->clear;
    is($attempt->{answer}{status}, 202, 'the token dies: lost');
    push @lost, [ 'the token dies before the verify', $attempt, { %SUCCESS, confirmed_by => 'replay' } ];
}

# --- the background begins ---

my $verifies = $sandbox->last_seq;
$gateway->database->query("UPDATE dygw_verifications SET repeats = 14 WHERE id = $in_vain->{answer}{json}{data}{id}");
my @open = map { "'$_->{request_id}'" } $given_up, $in_vain, $in_review;
my $open = 'request_id IN (' . join(', ', @open) . ')';

# Waits until all but those that match a condition are settled.
sub await_others {
    my ($but) = @_;
    my $until = time + SETTLED_SEC;
    my $left;
    while (($left = $gateway->rows('dygw_verifications',
        "(verify_status = 'processing' OR $Dygw::Truth::ERRAND) AND NOT ($but)")) && time < $until) {
        sleep 0.25;
    }
    return !$left;
}

$gateway->work(1);
ok(await_others($open), 'all is settled by itself within a minute');
$truth->settled($_->[1], "$_->[0]: $_->[2]{verify_status}", %{ $_->[2] }) for @lost;
$truth->repeats_are_identical($_->{coupon}, 0, 'what was repeated was the same to the last byte')
    for map { $_->[1] } grep { $_->[2]{confirmed_by} } @lost;

for my $case (@several) {
    my ($name, $order) = @$case;
    my @rows = $truth->rows_where("order_id = '$order->{order_id}'");
    is_deeply([ map { $_->{verify_status} } @rows ], [ ('success') x 3 ], "$name: all are redeemed");
    is(scalar(keys %{ { map { $_->{verify_id} => 1 } @rows } }), 3, "$name: each by a verification of its own");
    my $uses = 0;
    $uses += $sandbox->coupon($_->{code})->{times_used} for @{ $order->{coupons} };
    is($uses, 3, "$name: and nothing more is");
}
is_deeply([ map { "$_->{verify_status} $_->{error_code}" } $truth->rows_where("order_id = '$partly->{order_id}'") ],
    [ 'success 0', 'failed 1208', 'success 0' ], 'of three one was used elsewhere');

# --- those that stay unused ---

for my $case ([ 'given up', $given_up ], [ 'all repetitions spent', $in_vain ], [ 'under review', $in_review ]) {
    my ($name, $attempt) = @$case;
    my ($row) = @{ $truth->rows_of($attempt) };
    is($row->{verify_status}, 'processing', "$name: still processing");
    my @sent = grep { grep { $_ eq $attempt->{coupon}{encrypted_code} } @{ $_->{codes} } }
        $sandbox->calls(call => 'verify', after => $verifies);
    is(scalar @sent, 0, "$name: no verify is sent any more");
}
$gateway->work(0);
$gateway->database->query('UPDATE dygw_verifications SET sent_at = sent_at - ' . QUARTER_MS .
    ", next_run_at = 1 WHERE verify_status = 'processing'");
$gateway->work(1);
ok(await_others("request_id = '$in_review->{request_id}'"), 'a quarter of an hour later they are settled');
$truth->settled($given_up, 'given up: failed', verify_status => 'failed', error_code => GIVEN_UP);
$truth->settled($in_vain, 'all repetitions spent: failed', verify_status => 'failed', error_code => NOT_DONE);
is($truth->rows_of($in_review)->[0]{verify_status}, 'processing', 'under review: still processing');

# --- Douyin has forgotten the token, or tells no store ---

$gateway->work(0);
my @forgotten = map { lose($_->[0], $sandbox->mint_coupon(@{ $_->[1] }), \%AFTER) }
    [ 'a forgotten token', [] ], [ 'a forgotten token, again', [] ];
my $refunded = lose('done, then refunded', $sandbox->mint_coupon, \%AFTER);
refund($refunded);
my $card = lose('a times card, late', $sandbox->mint_coupon(kind => 'times_card', times => 3), \%AFTER);
$gateway->database->query('UPDATE dygw_verifications SET created_at = created_at - ' . QUARTER_MS .
    ', sent_at = sent_at - ' . QUARTER_MS . " WHERE id = $card->{answer}{json}{data}{id}");
$sandbox->switch(token_window_ms => 100, hide_poi_id => ON);
$gateway->work(1);
ok(await_others("request_id = '$in_review->{request_id}'"), 'all is settled when Douyin has forgotten the tokens');
$truth->settled($_, 'a forgotten token: success', %SUCCESS, confirmed_by => 'status_query') for @forgotten;
$truth->settled($refunded, 'done, then refunded: success', %SUCCESS, confirmed_by => 'status_query');
$truth->settled($card, 'a times card, late: success', %SUCCESS, confirmed_by => 'status_query');
is($sandbox->coupon($card->{coupon}{code})->{times_used}, 1, 'a times card, late: no other use of it is redeemed');

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
