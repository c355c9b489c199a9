#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Who may call /open: the signature, and the order in which a request is checked.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::SHA qw(sha256_hex);
use Test::More;

use Dygw::Client qw(signature nonce);
use Dygw::Expect;
use Dygw::Gateway qw(POI);

my $gateway = Dygw::Gateway->new(children => 2);
$gateway->start(allow_token_read => JSON::PP::true);
my $client = $gateway->client;
my $port = $gateway->server->port;
my $TOKEN = '/douyin/access-token';
my $VERIFY = '/coupons/verify';

# A body that is right but for its coupon, which is no 8 digits: it ends with 400, last of all.
my $hopeless = { poi_id => POI, code => '1' };

# --- the contract's vectors ---

my $secret = 'sk_test_5f0c6f0e9d1b4f2a8c7e3d2b1a0f9e8d';
my $body = '{"poi_id":"7012345678901234567","code":"123456789012"}';
is(sha256_hex($body), '682d86c28e44c1e5556f8deba257499610b5e9cb41fc9e33b70e8df0482fd8fc', 'the vector\'s body');
is(signature($secret, 'POST', '/v1/open/coupons/verify', 1767225600, 'b7f1c2d3e4a5968712345678', $body),
    'b3072fcd39aed657e9d7eb0fb88ef7055e01a77e45344ceb4f7e3abd1632652e', 'the vector of a POST');
is(signature($secret, 'GET', '/v1/open/douyin/stores?poi_id=7012345678901234567&page=1', 1767225600,
        '0123456789abcdef', ''),
    'a34a75aff5f73e57890592ad76aeca9751d1eca85914d1ed052cccca52e5c96a', 'the vector of a GET');
is($client->call(GET => $TOKEN)->{status}, 200, 'the server accepts what is made the same way');

my $vector = Dygw::Client->new(port => $port, key => $client->{key}, secret => $secret);
error_is($vector->call(POST => $VERIFY, $body, timestamp => 1767225600, nonce => 'b7f1c2d3e4a5968712345678'),
    401, 'stale_timestamp', 'the vector itself is too old');

# --- every step of the order, with all later ones wrong ---

my $nobody = Dygw::Client->new(port => $port);
my %bad = ('X-Client-Key' => 'no such key!', 'X-Timestamp' => 'x', 'X-Nonce' => 'x', 'X-Signature' => 'x');

error_is($nobody->call(DELETE => '/no/such/route', 'x' x 70000, type => 'text/plain'), 404, 'not_found',
    '404 before everything');
error_is($nobody->call(DELETE => $VERIFY, 'x' x 70000, type => 'text/plain'), 405, 'method_not_allowed',
    '405 before credentials');
is($nobody->call(GET => $VERIFY)->{headers}{allow}, 'POST', 'Allow names the method of a POST route');
like($nobody->call(POST => $TOKEN, {})->{headers}{allow}, qr/\bGET\b/, 'Allow names the method of a GET route');

for my $missing (sort keys %bad) {
    my %with = (%bad, $missing => undef);
    error_is($nobody->call(POST => $VERIFY, 'x' x 70000, headers => \%with), 401, 'missing_credentials',
        "$missing absent: missing, though the others are malformed");
}

my %malformed = (
    'X-Client-Key' => [ 'a b', 'schl%C3%BCssel', 'x' x 65, "k\xc3\xa9y-12345" ],
    'X-Timestamp'  => [ 'x', '12a', '-5', '+5', '1e9', '1.5', '0x10', '1 2' ],
    'X-Nonce'      => [ 'x' x 15, 'x' x 65, 'has a blank in it', 'slash/slash/slash', "caf\xc3\xa9" x 4 ],
    'X-Signature'  => [ 'x', 'a' x 63, 'a' x 65, 'g' x 64, 'A' x 64 ],
);
for my $header (sort keys %malformed) {
    for my $value (@{ $malformed{$header} }) {
        error_is($client->call(POST => $VERIFY, 'x' x 70000, headers => { $header => $value }), 400,
            'invalid_request', "$header: $value is malformed", field => $header);
    }
}
my $message_twice = $client->message(GET => $TOKEN);
for my $header (sort keys %malformed) {
    my $twice = $client->raw($message_twice =~ s/($header: .*\r\n)/$1$1/r);
    error_is($twice, 400, 'invalid_request', "$header twice is refused", field => $header);
    like($twice->{json}{message}, qr/came twice/, "$header: saying so");
}
is($client->raw($message_twice)->{status}, 200, 'once, all are accepted');

my $now = time;
for my $off (-310, 310, -86400 * 365) {
    error_is($client->call(POST => $VERIFY, 'x' x 70000, timestamp => $now + $off, type => 'text/plain'), 401,
        'stale_timestamp', "a timestamp $off s away is stale, whatever the body");
}
for my $off (-290, 290) {
    error_is($client->call(POST => $VERIFY, $hopeless, timestamp => $now + $off), 400, 'invalid_request',
        "a timestamp $off s away is accepted");
}

my $wrong = 'a' x 64;
error_is($client->call(POST => $VERIFY, 'x' x 65537, signature => $wrong, type => 'text/plain'), 413,
    'body_too_large', '413 before the type and the signature');
error_is($client->call(POST => $VERIFY, 'x' x 65536, signature => $wrong, type => 'text/plain'), 415,
    'unsupported_media_type', '415 before the signature, at exactly the largest size');
error_is($client->call(POST => $VERIFY, '{}', headers => { 'Content-Type' => undef }), 415,
    'unsupported_media_type', 'a body without a type');
for my $type ('application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"') {
    error_is($client->call(POST => $VERIFY, $hopeless, type => $type), 400, 'invalid_request', "$type is accepted");
}
for my $type ('application/jsonx', 'text/json', 'application/json-patch+json', 'json') {
    error_is($client->call(POST => $VERIFY, $hopeless, type => $type), 415, 'unsupported_media_type',
        "$type is not");
}

my $stranger = Dygw::Client->new(port => $port, key => 'ck_nobody_knows_me', secret => $client->{secret});
error_is($stranger->call(POST => $VERIFY, '}'), 401, 'invalid_credentials', 'an unknown key');
error_is($client->call(POST => $VERIFY, '}', signature => $wrong), 401, 'invalid_credentials', 'a wrong signature');

# --- what is signed ---

sub tampered {
    my ($name, $change) = @_;
    my $message = $client->message(POST => $VERIFY, $hopeless);
    my $changed = $change->($message);
    isnt($changed, $message, "$name: something is changed");
    error_is($client->raw($changed), 401, 'invalid_credentials', "$name is signed");
    return;
}
tampered('the body', sub { $_[0] =~ s/"1"/"2"/r });
tampered('the query', sub { $_[0] =~ s{$VERIFY}{$VERIFY?}r });
tampered('the path as sent', sub { $_[0] =~ s{/verify}{/%76erify}r });
tampered('the prefix', sub { $_[0] =~ s{ /v1/}{ /v1//}r });
tampered('the timestamp', sub { $_[0] =~ s/(X-Timestamp: \d+)(\d)/$1 . ($2 + 1) % 10/er });
tampered('the nonce', sub { $_[0] =~ s/(X-Nonce: )n/${1}m/r });
error_is($client->raw($client->message(POST => $VERIFY, $hopeless, signature => signature($client->{secret}, 'PUT',
            '/v1/open' . $VERIFY, time, 'n' x 20, '{}'))), 401, 'invalid_credentials', 'the method is signed');
my $other = $gateway->create_app;
error_is(Dygw::Client->new(port => $port, key => $client->{key}, secret => $other->{secret})
        ->call(GET => $TOKEN), 401, 'invalid_credentials', 'another app\'s secret');
is($client->call(GET => '/douyin/%61ccess-token')->{status}, 200, 'a percent-encoded path is signed as it is sent');

# --- the nonce ---

for my $good ('x' x 16, 'y' x 64, '0123456789._~-AZ') {
    is($client->call(GET => $TOKEN, undef, nonce => $good)->{status}, 200, "nonce $good");
}
error_is($client->call(GET => $TOKEN, undef, nonce => 'x' x 16), 401, 'replayed_nonce', 'a nonce is spent once');
error_is($other->call(GET => $TOKEN, undef, nonce => 'x' x 16), 403, 'token_read_forbidden',
    'the same nonce of another app is another one');
my $unspent = nonce();
error_is($client->call(POST => $VERIFY, '}', nonce => $unspent, signature => $wrong), 401, 'invalid_credentials',
    'a wrong signature ...');
error_is($client->call(POST => $VERIFY, 'x' x 65537, nonce => $unspent), 413, 'body_too_large',
    '... or a body that is too large ...');
error_is($client->call(POST => $VERIFY, '}', nonce => $unspent, timestamp => $now - 400), 401, 'stale_timestamp',
    '... or a stale request ...');
error_is($client->call(POST => $VERIFY, '}', nonce => $unspent), 400, 'invalid_json', '... spends no nonce');
error_is($client->call(POST => $VERIFY, '}', nonce => $unspent), 401, 'replayed_nonce',
    'a request that is wrong after its signature does');

my $message = $client->message(GET => $TOKEN);
is($client->raw($message)->{status}, 200, 'a request');
my @again = map { $client->raw($message) } 1 .. 20;
is(scalar(grep { $_->{status} == 401 && $_->{json}{code} eq 'replayed_nonce' } @again), 20,
    'replayed to every child, it is refused');

# --- after the signature ---

error_is($other->call(GET => "$TOKEN?bogus=1"), 403, 'token_read_forbidden', 'permission comes before the content');
my $local = $gateway->create_app(poi_ids => ['7000000000000000001']);
error_is($local->call(POST => $VERIFY, { poi_id => POI, code => '123456789012' }), 403, 'store_forbidden',
    'a store that the app is not for');
error_is($local->call(POST => '/coupons/prepare', { poi_id => POI, code => '123456789012' }), 403,
    'store_forbidden', 'nor to prepare');
error_is($local->call(POST => $VERIFY, { poi_id => '7000000000000000001', code => '1' }), 400, 'invalid_request',
    'a store that it is for', field => 'code');
my $homeless = $gateway->create_app(poi_ids => []);
error_is($homeless->call(POST => $VERIFY, { poi_id => POI, code => '123456789012' }), 403, 'store_forbidden',
    'an app for no store at all');

# --- beside the bodies ---

is($client->call(GET => $TOKEN, undef, headers => { 'X-Request-Id' => 'Case-7._x' })->{headers}{'x-request-id'},
    'Case-7._x', 'the caller\'s request id comes back');
for my $id ('', 'x' x 65, 'has blank', '<script>', "caf\xc3\xa9") {
    like($client->call(GET => $TOKEN, undef, headers => { 'X-Request-Id' => $id })->{headers}{'x-request-id'},
        qr/\A(?!\Q$id\E\z)[A-Za-z0-9._-]{1,64}\z/, "one that is not acceptable is replaced: '$id'");
}
my $two_ids = $client->raw($client->message(GET => $TOKEN) =~ s/\r\n/\r\nX-Request-Id: a1\r\nX-Request-Id: a1\r\n/r);
is($two_ids->{status}, 200, 'two request ids are no mistake');
like($two_ids->{headers}{'x-request-id'}, qr/\A[A-Za-z0-9]{20}\z/, 'and none of the caller\'s: one is generated');
is(scalar(keys %{ { map { $_->{headers}{'x-request-id'} => 1 } map { $nobody->call(GET => $TOKEN) } 1 .. 20 } }), 20,
    'generated ids differ');

is($gateway->rows('dygw_verifications'), 0, 'nothing was recorded by all this');
is($gateway->sandbox->count('verify'), 0, 'nor was Douyin asked to verify');

$other->disconnect;
$gateway->finish;
done_testing;
