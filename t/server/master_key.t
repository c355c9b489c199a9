#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The master key: one that opens nothing is an outage that everything tells, and nothing is sealed with it; one that
# opens some of it is trouble of these apps alone; one that is changed goes on; and a token that does not open is
# replaced.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep);

use Dygw::Client qw(keys_in_order);
use Dygw::Expect;
use Dygw::Gateway qw(POI MASTER_KEY);
use Dygw::Metrics;
use Dygw::Server qw(poll);

use constant ANOTHER_KEY => 'ff' x 32;
use constant ROUND_SEC   => 1.3;    # between two looks of the background

my $gateway = Dygw::Gateway->new(children => 2)->start(code => 'till-1');
my ($server, $database, $sandbox) = ($gateway->server, $gateway->database, $gateway->sandbox);
$server->announce(qw(DYGW0372 DYGW0374 DYGW0400));
my $first = $gateway->client;
my ($second, $second_app) = $gateway->create_app(name => 'another till');

sub keys_are { return DygwMasterKey => join ' ', map { 'file:' . $gateway->secret_file("key-$_", $_) } @_ }

sub reconfigured {
    my (%to) = @_;
    $_->disconnect for $first, $second;
    $gateway->set(%to);
    $gateway->graceful;
    return;
}

sub redeem {
    my ($client) = @_;
    return $client->call(POST => '/coupons/verify', { poi_id => POI, code => $sandbox->mint_coupon->{code} });
}

sub sealed {
    return join "\n", map { join ' ', @$_ } $database->query('SELECT secret_sealed FROM dygw_apps ORDER BY id'),
        $database->query('SELECT sealed, version FROM dygw_tokens');
}

sub metric { return Dygw::Metrics->scrape($gateway)->total(@_) }
sub said   { my ($code) = @_; return scalar(() = $server->log_text =~ /$code: /g) }

# --- a key that opens nothing ---

my $before = sealed();
my $tokens = $sandbox->count('stable_client_token');
reconfigured(keys_are(ANOTHER_KEY));
error_is(redeem($_), 503, 'key_unavailable', 'a key that opens nothing: 503, and not 401') for $first, $second;
my $health;
poll { ($health = $gateway->health)->{status} == 503 };
is("$health->{status} $health->{json}{checks}{key}", '503 wrong', '... /health says so');
is($health->{json}{checks}{database}, 'ok', '... and that it is not the database');
is(metric('dygw_health', check => 'key'), 0, '... the metrics too');
$server->log_like(qr/\[dygw:error\].*DYGW0372: DygwMasterKey is not the key/, '... and the log, as an error');
error_is($gateway->internal->call(POST => '/apps', { name => 'sealed by mistake' }), 503, 'key_unavailable',
    '... no app is sealed with it');
my $stranger = Dygw::Client->new(%$first, key => 'ck_of_nobody_here', socket => undef);
error_is($stranger->call(GET => '/verifications/1'), 401, 'invalid_credentials', '... who is unknown is unknown');
sleep 3 * ROUND_SEC;
is(sealed(), $before, '... and nothing is sealed anew, the token neither');
is($sandbox->count('stable_client_token'), $tokens, '... of which none is fetched');
is(said('DYGW0372'), 1, '... the log has said it once');

$gateway->stop;    # what the host still knew of the token is gone
$server->start;
poll { ($health = $gateway->health)->{json}{checks}{key} };
is("$health->{status} $health->{json}{checks}{key}", '503 wrong', 'a start with such a key: /health says so');
error_is(redeem($first), 503, 'key_unavailable', '... 503');
sleep 2 * ROUND_SEC;
is(sealed(), $before, '... and nothing is sealed anew');
reconfigured(keys_are(MASTER_KEY));
$gateway->wait_healthy;
is(metric('dygw_health', check => 'key'), 1, 'the right key is there: healthy');
is_deeply(keys_in_order($gateway->health->{body}, 'checks'), [qw(database token worker)], '... and no word of the key');
view_is(redeem($_), '... and redemptions work', verify_status => 'success') for $first, $second;

# --- a key that is changed ---

reconfigured(keys_are(ANOTHER_KEY, MASTER_KEY));
view_is(redeem($_), 'a new key, and the old one is given: redemptions go on', verify_status => 'success')
    for $first, $second;
is($gateway->wait_healthy->{status}, 200, '... healthy');
$server->log_like(qr/DYGW0461: /, '... what the old one had sealed is sealed anew');
reconfigured(keys_are(ANOTHER_KEY));
view_is(redeem($_), '... and the old one can go', verify_status => 'success') for $first, $second;
is($gateway->wait_healthy->{status}, 200, '... healthy');

# --- one secret that does not open ---

$database->query("UPDATE dygw_apps SET secret_sealed = " .
    "substr(secret_sealed, 1, length(secret_sealed) - 8) || 'AAAAAAAA' WHERE code = 'till-1'");
$database->query("UPDATE dygw_meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'apps_version'");
$server->log_like(qr/\[dygw:error\].*DYGW0374: the secrets of 1 of 2 apps do not open.*: till-1\b/,
    'a secret that is damaged: the log names the app');
error_is(redeem($first), 503, 'key_unavailable', '... which is answered 503');
view_is(redeem($second), '... while others redeem', verify_status => 'success');
is($gateway->health->{status}, 200, '... and the host stays healthy');
is(metric('dygw_secret_closed', app => 'till-1'), 1, '... the metrics name the app');
my ($finding) = grep { $_->{name} eq 'master_key' }
    @{ $gateway->internal->call(GET => '/diagnosis')->{json}{data}{checks} };
is_deeply([ @$finding{qw(state reason)}, $finding->{detail}{apps} ], [qw(fail closed_secret till-1)],
    '... and the diagnosis');
my $id = $gateway->app->{id};
my $fresh = $gateway->internal->call(POST => "/apps/$id/secret", {})->{json}{data}{secret};
$first = Dygw::Client->new(%$first, secret => $fresh, socket => undef);
view_is(redeem($first), 'with a new secret it redeems', verify_status => 'success');
$server->log_like(qr/DYGW0375: /, '... the log says so');
is(metric('dygw_secret_closed'), undef, '... and the metrics');
is(said('DYGW0374'), 1, '... the log has said it once');

# --- a token that does not open ---

$_->disconnect for $first, $second;
$gateway->stop;
$database->query("UPDATE dygw_tokens SET sealed = 'v1.00000000.' || substr(sealed, 13)");
$server->start;
$gateway->wait_healthy;
view_is(redeem($first), 'a token that does not open is replaced, and redemptions go on', verify_status => 'success');
unlike(sealed(), qr/v1\.00000000/, '... the new one is sealed with the key');
$first->disconnect;
$gateway->finish;
done_testing;
