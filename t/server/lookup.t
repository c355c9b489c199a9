#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Verifications found again by their Idempotency-Key.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;

my $gateway = Dygw::Gateway->new;
$gateway->start;
my $sandbox = $gateway->sandbox;
my $client = $gateway->client;
my ($other) = $gateway->create_app;

sub look_up { my ($who, $key) = @_; return $who->call(GET => '/verifications?idempotency_key=' . $key) }

sub redeem {
    my ($key, %fields) = @_;
    return $client->call(POST => '/coupons/verify', { poi_id => POI, %fields },
        headers => { 'Idempotency-Key' => $key });
}

for my $key ('plain', 'a b', '100%', 'a&b=c', 'k+k', 'x' x 255, q('"<>;\\/?#), '~') {
    my $coupon = $sandbox->mint_coupon;
    my $made = redeem($key, code => $coupon->{code});
    is($made->{json}{data}{verify_status}, 'success', "redeemed with the key $key") or diag $made->{body};
    my $found = look_up($client, Dygw::Sandbox::escape($key));
    is($found->{status}, 200, 'and found by it') or diag $found->{body};
    is($found->{json}{data}{id}, $made->{json}{data}{id}, 'the same record');
    ok(!exists $found->{json}{items}, 'one is not listed');
    is($found->{headers}{'idempotency-replayed'}, undef, 'looking is no replay');
    error_is(look_up($other, Dygw::Sandbox::escape($key)), 404, 'not_found', 'another app does not find it');
}
is(look_up($client, 'a+b')->{status}, 200, 'a plus is a blank in a query');
error_is(look_up($client, 'PLAIN'), 404, 'not_found', 'keys differ by case');
error_is(look_up($client, 'unheard'), 404, 'not_found', 'a key that was never used');

my $order = $sandbox->mint(coupons => 3);
my $three = redeem('three', short_link => $order->{short_link}, count => 3);
is($three->{status}, 200, 'three coupons') or diag $three->{body};
my $all = look_up($client, 'three');
is_deeply([ map { $_->{id} } @{ $all->{json}{items} } ], [ map { $_->{id} } @{ $three->{json}{items} } ],
    'are found together');
view_is($all, 'each with all its keys', item => 2, verify_status => 'success');

my $refused = redeem('too many', short_link => $sandbox->mint->{short_link}, count => 2);
error_is($refused, 409, 'not_enough_coupons', 'a request that came to nothing');
error_is(look_up($client, 'too%20many'), 404, 'not_found', 'has left nothing');

my %bad = (
    '' => 'idempotency_key', 'idempotency_key' => 'idempotency_key', 'idempotency_key=' => 'idempotency_key',
    'idempotency_key=' . 'x' x 256 => 'idempotency_key', 'idempotency_key=%e6%94%b6' => 'idempotency_key',
    'idempotency_key=%00' => 'idempotency_key', 'idempotency_key=%0a' => 'idempotency_key',
    'idempotency_key=%zz' => 'idempotency_key', 'idempotency_key=a&idempotency_key=a' => 'idempotency_key',
    'idempotency_key=plain&bogus=1' => 'bogus', 'bogus=1&idempotency_key=plain' => 'bogus', 'key=plain' => 'key'
);
for my $query (sort keys %bad) {
    error_is($client->call(GET => "/verifications?$query"), 400, 'invalid_request', "?$query", field => $bad{$query});
}
error_is($client->call(GET => '/verifications'), 400, 'invalid_request', 'no query', field => 'idempotency_key');
error_is($client->call(GET => '/verifications/'), 404, 'not_found', 'a slash too many');
error_is($client->call(POST => '/verifications', {}), 405, 'method_not_allowed', 'POST');
error_is($gateway->plain('/v1/open')->call(GET => '/verifications?idempotency_key=plain'), 401, 'missing_credentials',
    'unsigned');

$other->disconnect;
$gateway->finish;
done_testing;
