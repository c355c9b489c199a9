#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# One healthy Douyin access token for everybody: read, renewed exactly once, shared, sealed, and healed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::SHA qw(sha256_hex);
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant CALLERS => 30;

my $TOKEN = '/douyin/access-token';
my %ALLOWED = (allow_token_read => JSON::PP::true);

sub digest { return substr sha256_hex($_[0]), 0, 8 }

# The distinct tokens that many callers get, each with a connection of its own.
sub tokens_of_all {
    my ($client) = @_;
    my %seen;
    my @handles = map { $client->begin(GET => $TOKEN) } 1 .. CALLERS;
    $seen{ $_->finish->{json}{data}{access_token} // 'none' }++ for @handles;
    return sort keys %seen;
}

for my $mpm (qw(event prefork)) {
    my $gateway = Dygw::Gateway->new(mpm => $mpm, children => 4);
    $gateway->start(%ALLOWED);
    my ($sandbox, $client) = ($gateway->sandbox, $gateway->client);
    my $renewals = sub { return $sandbox->count('stable_client_token') };

    # --- reading it ---

    my $read = $client->call(GET => $TOKEN);
    is($read->{status}, 200, "$mpm: read") or diag $read->{body};
    my $data = $read->{json}{data};
    is_deeply([ sort keys %$data ], [qw(access_token expires_at expires_in)], "$mpm: token and end");
    like($data->{access_token}, qr/\Aclt\./, "$mpm: Douyin's");
    like($data->{expires_at}, instant(), "$mpm: expires_at");
    cmp_ok(abs($data->{expires_in} - 7200), '<', 60, "$mpm: expires_in");
    error_is($gateway->create_app->call(GET => $TOKEN), 403, 'token_read_forbidden', "$mpm: not for every app");
    is($renewals->(), 1, "$mpm: asked for once at start, by all children");
    is_deeply([ tokens_of_all($client) ], [ $data->{access_token} ], "$mpm: every child has the same");
    my $stored = $gateway->database->query('SELECT sealed FROM dygw_tokens');
    unlike($stored, qr/clt\./, "$mpm: sealed in the database");
    is($gateway->plain->call(GET => $TOKEN)->{status}, 404, "$mpm: nowhere else");

    # --- a reader whose token was refused ---

    is($client->call(GET => "$TOKEN?rejected=" . digest('clt.of-yesterday'))->{status}, 200,
        "$mpm: rejected= of another token");
    is($renewals->(), 1, "$mpm: renews nothing");
    $sandbox->kill_tokens;
    my $renewed = $client->call(GET => "$TOKEN?rejected=" . digest($data->{access_token}))->{json}{data};
    isnt($renewed->{access_token}, $data->{access_token}, "$mpm: rejected= of the present one gives a new one");
    is($renewals->(), 2, "$mpm: renewed once");
    $sandbox->kill_tokens;
    my $same = $client->call(GET => "$TOKEN?rejected=" . digest($renewed->{access_token}))->{json}{data};
    is($same->{access_token}, $renewed->{access_token}, "$mpm: a second rejected= within 60 s does not renew");
    is($renewals->(), 2, "$mpm: nor ask Douyin");

    # --- Douyin refuses it: one renewal for everybody ---

    my @coupons = map { $_->{coupons}[0] } $sandbox->mint(orders => CALLERS + 1);
    my $first = pop @coupons;
    my @handles = map { $client->begin(POST => '/coupons/verify', { poi_id => POI, code => $_->{code} }) } @coupons;
    my @answers = map { $_->finish } @handles;
    is(scalar(grep { $_->{status} == 200 && $_->{json}{data}{verify_status} eq 'success' } @answers), CALLERS,
        "$mpm: Douyin refuses the token, all callers succeed")
        or diag map { "$_->{status} $_->{body}\n" } @answers;
    is($renewals->(), 3, "$mpm: with one renewal");
    my ($now, @others) = tokens_of_all($client);
    isnt($now, $same->{access_token}, "$mpm: every child has the new one");
    is_deeply(\@others, [], "$mpm: the same one");

    # --- restarts keep it ---

    $gateway->graceful;
    is_deeply([ tokens_of_all($client) ], [$now], "$mpm: it is kept over a graceful restart");
    $gateway->stop;
    $gateway->server->start;
    $gateway->wait_healthy;
    is_deeply([ tokens_of_all($client) ], [$now], "$mpm: and found again after a stop");
    is($renewals->(), 3, "$mpm: without asking Douyin");
    is($sandbox->state->{double_redemptions}, 0, "$mpm: nothing was redeemed twice");
    $gateway->finish;
}

# --- a start while Douyin is away ---

my $gateway = Dygw::Gateway->new(children => 1);
my $sandbox = $gateway->sandbox;
$gateway->server->announce(qw(DYGW0402 DYGW0500));
$gateway->server->start;
my $health;
poll { ($health = $gateway->health)->{json} && $health->{json}{checks}{database} eq 'ok' };
is($health->{status}, 503, 'Douyin is away at start: not healthy');
is($health->{json}{status}, 'degraded', 'degraded');
is($health->{json}{checks}{token}, 'missing', 'for want of a token');
is($gateway->plain->call(GET => '/health/live')->{status}, 200, 'but alive');
my $client = $gateway->create_app(%ALLOWED);
error_is($client->call(GET => $TOKEN), 503, 'token_unavailable', 'no token to read');
for my $mode ([ code => '123456789012' ], [ encrypted_code => 'x', verify_token => 'y' ]) {
    error_is($client->call(POST => '/coupons/verify', { poi_id => POI, @$mode }), 503, 'token_unavailable',
        "nor to redeem by $mode->[0]");
}
is($gateway->rows('dygw_verifications'), 0, 'nothing is recorded');
$gateway->server->log_like(qr/DYGW0402/, 'the log says why');
$sandbox->start;
is($gateway->wait_healthy->{json}{status}, 'ok', 'Douyin is back: it heals by itself');
is($client->call(GET => $TOKEN)->{status}, 200, 'and hands out a token');
$client->disconnect;
$gateway->finish;

# --- renewed well before it ends ---

$sandbox = Dygw::Sandbox->new(conf => 'DygwSandboxTokenLife 10');
$gateway = Dygw::Gateway->new(sandbox => $sandbox, children => 1)->start(%ALLOWED);
$client = $gateway->client;
my %held;
my @refused;
my $renewed = poll {
    my $answer = $client->call(GET => $TOKEN);
    push @refused, "$answer->{status} $answer->{body}" if $answer->{status} != 200;
    $held{ $answer->{json}{data}{access_token} } = 1 if $answer->{json}{data};
    return $sandbox->count('stable_client_token') >= 2 && keys %held >= 2;
} 15;
ok($renewed, 'a token is renewed before it ends');
is_deeply(\@refused, [], 'there was always one that is good');

$gateway->finish;

# --- and when Douyin is away for longer than it lasts ---

$sandbox = Dygw::Sandbox->new(conf => 'DygwSandboxTokenLife 3');
$gateway = Dygw::Gateway->new(sandbox => $sandbox, children => 1)->start(%ALLOWED);
$client = $gateway->client;
$gateway->server->announce(qw(DYGW0402 DYGW0500));
$sandbox->stop;
my @words;
ok(scalar(poll {
    my $word = $gateway->health->{json}{checks}{token};
    push @words, $word if !@words || $words[-1] ne $word;
    return $word eq 'expired';
} 15), 'Douyin stays away: the token expires') or diag "@words";
is($words[0], 'ok', 'until then it was good');
error_is($client->call(GET => $TOKEN), 503, 'token_unavailable', 'an expired token is not handed out');
$sandbox->start;
is($gateway->wait_healthy->{json}{checks}{token}, 'ok', 'Douyin is back: it heals');
$gateway->finish;

# --- refused, and no other to be had ---

$gateway = Dygw::Gateway->new(children => 1)->start(%ALLOWED);
$sandbox = $gateway->sandbox;
$client = $gateway->client;
$gateway->server->announce(qw(DYGW0402 DYGW0500));
my $coupon = $sandbox->mint_coupon;
my $prepared = $client->call(POST => '/coupons/prepare', { poi_id => POI, code => $coupon->{code} })->{json}{data};
$sandbox->kill_tokens;
$sandbox->fault(call => 'token', fault => 'status', http_status => 500, times => -1);
error_is($client->call(POST => '/coupons/prepare', { poi_id => POI, code => $coupon->{code} }), 503,
    'token_unavailable', 'prepare: the token is refused, and there is no other');
my $lost = $client->call(POST => '/coupons/verify', { poi_id => POI, verify_token => $prepared->{verify_token},
    encrypted_code => $coupon->{encrypted_code} });
is($lost->{status}, 202, 'verify: the token is lost on the way') or diag $lost->{body};
view_is($lost, 'so the outcome is open', verify_status => 'processing');
is($sandbox->coupon($coupon->{code})->{status}, 1, 'nothing was redeemed');
is($gateway->health->{json}{checks}{token}, 'refused', '/health says so');
$sandbox->clear;
is($gateway->wait_healthy->{json}{checks}{token}, 'ok', 'a new one is fetched as soon as there is one');
$gateway->finish;

# --- the other token call, and the wrong secret ---

$gateway = Dygw::Gateway->new(children => 1, directives => { DygwTokenEndpoint => 'client' })->start;
$sandbox = $gateway->sandbox;
is($sandbox->count('client_token') . ' ' . $sandbox->count('stable_client_token'), '1 0',
    'DygwTokenEndpoint client asks the other call');
$sandbox->kill_tokens;
$coupon = $sandbox->mint_coupon;
view_is($gateway->verify(code => $coupon->{code}), 'a refused token is renewed there too',
    verify_status => 'success');
is($sandbox->count('client_token'), 2, 'once');
$gateway->finish;

$gateway = Dygw::Gateway->new(children => 1);
$gateway->set(DygwClientSecret => 'file:' . $gateway->secret_file('wrong-secret', 'not-the-secret-at-all'));
$gateway->server->announce('DYGW0401');
$gateway->sandbox->start;
$gateway->server->start;
$gateway->server->log_like(qr/DYGW0401/, 'a wrong client secret: the log says so');
is($gateway->health->{json}{checks}{token}, 'missing', 'and /health');
$gateway->finish;
done_testing;
