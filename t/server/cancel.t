#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A redemption is taken back, by the app that made it: at once, later, or not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(poll);

my $sandbox = Dygw::Sandbox->start_new;
my ($gateway, $client);

sub cancel {
    my ($id, $who) = @_;
    return ($who // $client)->call(POST => '/coupons/cancel', { verification_id => $id });
}
sub record { return $client->call(GET => "/verifications/$_[0]") }
sub cancels { return $sandbox->count('cancel') }

sub redeemed {
    my $coupon = $sandbox->mint_coupon(@_);
    my $answer = $gateway->verify(code => $coupon->{code});
    is($answer->{json}{data}{verify_status}, 'success', 'a redemption') or diag $answer->{body};
    return ($coupon, $answer->{json}{data}{id});
}

sub is_unused { my ($coupon, $name) = @_; return is($sandbox->coupon($coupon->{code})->{status}, 1, $name) }
sub is_used { my ($coupon, $name) = @_; return is($sandbox->coupon($coupon->{code})->{status}, 2, $name) }

sub becomes {
    my ($id, $name, %expected) = @_;
    my $answer;
    poll {
        $answer = record($id);
        !grep { ($answer->{json}{data}{$_} // '') ne $expected{$_} } keys %expected;
    } 60;
    return view_is($answer, $name, %expected);
}

# --- on every database ---

for my $driver (qw(pgsql mysql sqlite3)) {
    $gateway = Dygw::Gateway->new(database => Dygw::Database->new($driver), sandbox => $sandbox, timeout => 1);
    $gateway->start;
    $client = $gateway->client;
    my ($coupon, $id) = redeemed();
    my $answer = cancel($id);
    is($answer->{status}, 200, "$driver: cancelled at once") or diag $answer->{body};
    view_is($answer, "$driver: and says so", id => $id, verify_status => 'cancelled', coupon_status => 'unused',
        error_code => 0, error_description => '');
    ok(!exists $answer->{json}{items}, "$driver: a single one");
    view_is(record($id), "$driver: it is recorded", verify_status => 'cancelled', coupon_status => 'unused');
    is_unused($coupon, "$driver: Douyin says so, too");
    last if $driver eq 'sqlite3';
    $gateway->disconnect;
    $gateway->server->check_log("$driver: a clean log");
}
$gateway->server->announce(qw(DYGW0500 DYGW0501));

# --- again, and not ---

my ($coupon, $id) = redeemed();
cancel($id);
my $before = cancels();
view_is(cancel($id), 'what is cancelled is cancelled', verify_status => 'cancelled');
is(cancels(), $before, 'without asking Douyin');
my $anew = $gateway->verify(code => $coupon->{code});
view_is($anew, 'the coupon can be redeemed again', verify_status => 'success');
is_used($coupon, 'and is');

my $failed = $gateway->verify(code => $coupon->{code});
view_is($failed, 'a redemption that failed', verify_status => 'failed');
error_is(cancel($failed->{json}{data}{id}), 409, 'conflict', 'cannot be cancelled');

my ($other) = $gateway->create_app;
error_is(cancel($anew->{json}{data}{id}, $other), 404, 'not_found', 'nor another app\'s');
error_is(cancel(17), 404, 'not_found', 'nor one that is not there');
is_used($coupon, 'nothing was cancelled');

my %bad = (
    'no field' => '{}', 'null' => '{"verification_id":null}', 'a text' => '{"verification_id":"1"}',
    'nought' => '{"verification_id":0}', 'less' => '{"verification_id":-1}', 'a half' => '{"verification_id":1.5}',
    'too much' => '{"verification_id":1000000000000000000}', 'an array' => '{"verification_id":[1]}',
    'true' => '{"verification_id":true}'
);
for my $what (sort keys %bad) {
    error_is($client->call(POST => '/coupons/cancel', $bad{$what}), 400, 'invalid_request', "verification_id: $what",
        field => 'verification_id');
}
error_is($client->call(POST => '/coupons/cancel', '{"verification_id":1,"force":1}'), 400, 'invalid_request',
    'a field too many', field => 'force');
error_is($client->call(POST => '/coupons/cancel?a=1', { verification_id => 1 }), 400, 'invalid_request', 'a query',
    field => 'a');
error_is($client->call(POST => '/coupons/cancel', '[1]'), 400, 'invalid_request', 'an array');
error_is($client->call(POST => '/coupons/cancel', '{'), 400, 'invalid_json', 'half an object');
error_is($client->call(GET => '/coupons/cancel'), 405, 'method_not_allowed', 'GET');

# --- Douyin refuses ---

my $too_late = $anew->{json}{data}{id};
$sandbox->fault(call => 'cancel', fault => 'error', error_code => 3000001);
my $refused = cancel($too_late);
is($refused->{status}, 200, 'Douyin refuses to cancel: 200') or diag $refused->{body};
view_is($refused, 'it stays redeemed, and says why', verify_status => 'success', coupon_status => 'used',
    error_code => 3000001, error_description => qr/./);
view_is(record($too_late), 'also later', verify_status => 'success', error_code => 3000001);
is_used($coupon, 'Douyin has it so');
my $then = cancel($too_late);
view_is($then, 'another try works, and nothing is wrong any more', verify_status => 'cancelled', error_code => 0,
    error_description => '');
is_unused($coupon, 'Douyin has cancelled it');

# --- one of several ---

my $order = $sandbox->mint(coupons => 3);
my $three = $gateway->verify(short_link => $order->{short_link}, count => 3);
my @ids = map { $_->{id} } @{ $three->{json}{items} };
view_is(cancel($ids[1]), 'the second of three', id => $ids[1], verify_status => 'cancelled');
is(join(' ', map { $_->{verify_status} } @{ record($ids[0])->{json}{items} }), 'success cancelled success',
    'the others stay');
is(join(' ', map { $sandbox->coupon($_->{code})->{status} } @{ $order->{coupons} }), '2 1 2', 'at Douyin, too');

# --- all at once ---

($coupon, $id) = redeemed();
$before = cancels();
my @answers = map { $_->finish }
    map { $client->begin(POST => '/coupons/cancel', { verification_id => $id }) } 1 .. 20;
is(scalar(grep { $_->{status} !~ /\A20[02]\z/ } @answers), 0, 'twenty want the same')
    or diag map { "$_->{status} $_->{body}\n" } @answers;
becomes($id, 'it is cancelled', verify_status => 'cancelled');
is(cancels() - $before, 1, 'Douyin was asked once');

# --- nobody knows ---

for my $fault (qw(status status_after drop_after truncated)) {
    ($coupon, $id) = redeemed();
    $sandbox->fault(call => 'cancel', fault => $fault);
    my $answer = cancel($id);
    is($answer->{status}, 202, "$fault: not known yet") or diag $answer->{body};
    is($answer->{headers}{location}, "/v1/open/verifications/$id", "$fault: and where to look");
    view_is($answer, "$fault: still redeemed for all we know", id => $id, verify_status => 'success');
    is(cancel($id)->{status}, 202, "$fault: asking again changes nothing");
    becomes($id, "$fault: is settled in the background", verify_status => 'cancelled', coupon_status => 'unused');
    is_unused($coupon, "$fault: Douyin has cancelled it");
    is(scalar(grep { $_->{cancelled} } @{ $sandbox->coupon($coupon->{code})->{verifications} }), 1, "$fault: once");
}

# --- given up ---

$coupon = $sandbox->mint_coupon;
$sandbox->fault(call => 'verify', fault => 'drop_after', times => -1);
my $lost = $gateway->verify(code => $coupon->{code});
is($lost->{status}, 202, 'a redemption whose answer is lost') or diag $lost->{body};
$id = $lost->{json}{data}{id};
my $sent = $sandbox->coupon($coupon->{code})->{verify_calls};
my $given_up = cancel($id);
is($given_up->{status}, 202, 'is given up') or diag $given_up->{body};
view_is($given_up, 'and still open', id => $id, verify_status => 'processing');
is(cancel($id)->{status}, 202, 'once more changes nothing');
becomes($id, 'it turns out to be redeemed, and is cancelled', verify_status => 'cancelled');
$sandbox->clear;
is_unused($coupon, 'Douyin has cancelled it');
is($sandbox->coupon($coupon->{code})->{verify_calls}, $sent, 'no further verify was sent');

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$other->disconnect;
$gateway->finish;
done_testing;
