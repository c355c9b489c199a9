#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Idempotency-Key: one key, one redemption, however often, however much at once, on every database.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant AT_ONCE => 50;

my $sandbox = Dygw::Sandbox->start_new;

sub keyed { my ($key, @more) = @_; return (headers => { 'Idempotency-Key' => $key, @more }) }

sub redeem {
    my ($client, $key, %fields) = @_;
    return $client->call(POST => '/coupons/verify', { poi_id => POI, %fields }, keyed($key));
}

sub replays {
    my ($answer, $first, $name) = @_;
    is($answer->{headers}{'idempotency-replayed'}, 'true', "$name: a replay") or diag $answer->{body};
    return is($answer->{json}{data}{id}, $first->{json}{data}{id}, "$name: of the same record");
}

# --- at once ---

sub at_once {
    my ($on, $gateway) = @_;
    my $coupon = $sandbox->mint_coupon;
    my $client = $gateway->client;
    my @call = (POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} }, keyed("at once on $on"));
    my @answers = map { $_->finish } map { $client->begin(@call) } 1 .. AT_ONCE;
    my @done = grep { $_->{status} == 200 || $_->{status} == 202 } @answers;
    my @running = grep { $_->{status} == 409 && $_->{json}{code} eq 'request_in_progress' } @answers;
    is(@done + @running, AT_ONCE, "$on: each is answered, or told to come again")
        or diag map { "$_->{status} $_->{body}\n" } @answers;
    is(scalar(grep { !$_->{headers}{'idempotency-replayed'} } @done), 1, "$on: one of them redeemed");
    is(scalar(grep { ($_->{headers}{'retry-after'} // '') !~ /\A[1-9]/ } @running), 0, "$on: and when to come");
    my %ids = map { $_->{json}{data}{id} => 1 } @done, map { $client->call(@call) } @running;
    is(scalar(keys %ids), 1, "$on: all hear of one record");
    is($sandbox->coupon($coupon->{code})->{verify_calls}, 1, "$on: Douyin was asked once");
    is($gateway->rows('dygw_verifications', "origin_code = '$coupon->{code}'"), 1, "$on: one record");
    return;
}

for my $driver (qw(sqlite3 pgsql mysql)) {
    my $gateway = Dygw::Gateway->new(database => Dygw::Database->new($driver), sandbox => $sandbox, children => 3,
        threads => 16);
    $gateway->start;
    at_once($driver, $gateway);
    $gateway->disconnect;
    $gateway->server->check_log("$driver: a clean log");
}

# --- one after the other ---

my $gateway = Dygw::Gateway->new(sandbox => $sandbox, timeout => 1);
$gateway->start;
my $client = $gateway->client;

my $coupon = $sandbox->mint_coupon;
my $first = redeem($client, 'k1', code => $coupon->{code}, operator => 'wang');
view_is($first, 'the first redeems', verify_status => 'success');
is($first->{headers}{'idempotency-replayed'}, undef, 'and is no replay');
replays(redeem($client, 'k1', code => $coupon->{code}, operator => 'wang'), $first, 'the same again');
my $spelled = join '-', unpack '(a4)*', $coupon->{code};
replays(redeem($client, 'k1', code => $spelled, operator => 'wang', count => 1, device => ''), $first,
    'the same, written differently');
my %empty = map { $_ => '' } qw(short_link encrypted_code verify_token order_id certificate_id device ext_order_id);
replays(redeem($client, 'k1', code => "$coupon->{code}\r\n", operator => 'wang', %empty), $first, 'empty and absent');
my $with_real = qq({"poi_id":"${\POI}","code":"$coupon->{code}","operator":"wang","count":1.0});
replays($client->call(POST => '/coupons/verify', $with_real, keyed('k1')), $first, '1 and 1.0');
is($sandbox->coupon($coupon->{code})->{verify_calls}, 1, 'Douyin was asked once');

my $doubled = $client->message(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code},
    operator => 'wang' }, keyed('k1')) =~ s/(Idempotency-Key: .*\r\n)/$1$1/r;
error_is($client->raw($doubled), 400, 'invalid_request', 'a key that comes twice is no other key',
    field => 'Idempotency-Key');
is($gateway->rows('dygw_verifications', "origin_code = '$coupon->{code}'"), 1, 'and redeems nothing');

my $another = $sandbox->mint_coupon;
my %changes = (
    code => { code => $another->{code} }, operator => { operator => 'li' }, device => { device => 'till-2' },
    ext_order_id => { ext_order_id => 'A-2' }, count => { count => 2 }, poi_id => { poi_id => '7000000000000000001' },
    mode => { code => undef, short_link => $another->{order}{short_link} }
);
for my $what (sort keys %changes) {
    error_is(redeem($client, 'k1', code => $coupon->{code}, operator => 'wang', %{ $changes{$what} }), 422,
        'idempotency_key_reused', "another $what");
}
is($sandbox->coupon($another->{code})->{status}, 1, 'redeems nothing');

my ($other) = $gateway->create_app;
my $its = redeem($other, 'k1', code => $another->{code});
view_is($its, 'another app has keys of its own', verify_status => 'success');
isnt($its->{json}{data}{id}, $first->{json}{data}{id}, 'and records of its own');

# --- refusals are outcomes, errors are none ---

my $used = redeem($client, 'k2', code => $coupon->{code});
view_is($used, 'a used coupon', verify_status => 'failed');
replays(redeem($client, 'k2', code => $coupon->{code}), $used, 'a refusal');

my $fresh = $sandbox->mint_coupon;
$gateway->server->announce('DYGW0500');
$sandbox->fault(call => 'prepare', fault => 'latency', ms => $gateway->too_long, times => 2);
error_is(redeem($client, 'k3', code => $fresh->{code}), 504, 'upstream_timeout', 'Douyin\'s prepare is silent');
$sandbox->clear;
view_is(redeem($client, 'k3', code => $fresh->{code}), 'the same key is free again', verify_status => 'success');
my $few = $sandbox->mint;
error_is(redeem($client, 'k4', short_link => $few->{short_link}, count => 2), 409, 'not_enough_coupons', 'too many');
view_is(redeem($client, 'k4', short_link => $few->{short_link}), 'the key is free for other fields, too',
    verify_status => 'success');
error_is(redeem($client, 'k5', code => 'x'), 400, 'invalid_request', 'a mistake');
is(redeem($client, 'k5', code => $sandbox->mint_coupon->{code})->{status}, 200, 'uses up no key');

# --- by verify_token ---

my $mine = $sandbox->mint_coupon;
my $prepared = $client->call(POST => '/coupons/prepare', { poi_id => POI, code => $mine->{code} })->{json}{data};
my %prepared = (encrypted_code => $mine->{encrypted_code}, verify_token => $prepared->{verify_token});
my $unkeyed = $client->call(POST => '/coupons/verify', { poi_id => POI, %prepared });
my $keyed = redeem($client, 'k6', %prepared);
replays($keyed, $unkeyed, 'the same verify_token under a key');
my %anew = (%prepared, verify_token => 'another-token');
replays(redeem($client, 'k6', %anew), $unkeyed, 'then the key counts, whatever the token');

# --- while it runs ---

my $slow = $sandbox->mint_coupon;
$sandbox->fault(call => 'prepare', fault => 'latency', ms => 600);
my $calls = $sandbox->count('prepare');
my $handle = $client->begin(POST => '/coupons/verify', { poi_id => POI, code => $slow->{code} }, keyed('k7'));
poll { $sandbox->count('prepare') > $calls };
error_is(redeem($client, 'k7', code => $coupon->{code}), 422, 'idempotency_key_reused', 'other fields meanwhile');
my $meanwhile = redeem($client, 'k7', code => $slow->{code});
if ($meanwhile->{status} == 409) {
    error_is($meanwhile, 409, 'request_in_progress', 'the same meanwhile');
    like($meanwhile->{headers}{'retry-after'}, qr/\A[1-9]/, 'and when to come again');
}
my $slowly = $handle->finish;
view_is($slowly, 'the first is done', verify_status => 'success');
replays(redeem($client, 'k7', code => $slow->{code}), $slowly, 'then the same');

# --- what is not known yet ---

my $order = $sandbox->mint(coupons => 2);
$sandbox->fault(call => 'verify', fault => 'drop_after', times => -1);
my $lost = redeem($client, 'k8', short_link => $order->{short_link}, count => 2);
is($lost->{status}, 202, 'an answer that is lost') or diag $lost->{body};
my $again = redeem($client, 'k8', short_link => $order->{short_link}, count => 2);
is($again->{status}, 202, 'is not known at the second request either') or diag $again->{body};
replays($again, $lost, 'processing');
is($again->{headers}{location}, "/v1/open/verifications/$lost->{json}{data}{id}", 'its Location');
is(scalar(@{ $again->{json}{items} // [] }), 2, 'both items');
$sandbox->clear;
my $settled;
poll { ($settled = redeem($client, 'k8', short_link => $order->{short_link}, count => 2))->{status} == 200 } 60;
replays($settled, $lost, 'settled meanwhile');
view_is($settled, "item $_ is told as it is now", item => $_, verify_status => 'success') for 0, 1;
is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');

# --- other endpoints do not know it ---

for my $call ([ GET => "/verifications/$first->{json}{data}{id}" ], [ GET => '/douyin/stores' ],
    [ POST => '/coupons/cancel', { verification_id => $used->{json}{data}{id} } ]) {
    my ($method, $path, $body) = @$call;
    my $plain = $client->call($method, $path, $body);
    my $with = $client->call($method, $path, $body, keyed('x' x 300));
    is($with->{status}, $plain->{status}, "$method $path: the header is ignored");
}

# --- the table holds no key ---

my @rows = $gateway->database->query('SELECT * FROM dygw_idempotency');
ok(@rows > 5 && !grep({ "@$_" =~ /\bk\d\b/ } @rows), 'keys are kept as hashes');

$other->disconnect;
$gateway->finish;
done_testing;
