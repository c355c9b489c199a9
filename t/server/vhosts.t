#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Several merchants on one httpd: each virtual host is a gateway of its own, with its own database, apps, token and
# nonces; one without directives of its own shares the main server's.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Client;
use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(free_port poll);

my %ALLOWED = (allow_token_read => JSON::PP::true);
my $TOKEN = '/douyin/access-token';

my $sandbox = Dygw::Sandbox->start_new(any_client => 1);
my $other = Dygw::Database->new('sqlite3');
my ($own_port, $shared_port) = (free_port(), free_port());
my $mount = <<'END';
<Location "/v1/open">
    SetHandler dygw-open
</Location>
<Location "/v1/internal">
    SetHandler dygw-internal
</Location>
<Location "/health">
    SetHandler dygw-health
</Location>
END
my $gateway = Dygw::Gateway->new(sandbox => $sandbox, conf => <<"END");
Listen 127.0.0.1:$own_port
Listen 127.0.0.1:$shared_port
<VirtualHost 127.0.0.1:$own_port>
    DygwClientKey awothermerchant1
    DygwMaxBody 2048
    DBDParams "${\ $other->params}"
$mount</VirtualHost>
<VirtualHost 127.0.0.1:$shared_port>
$mount</VirtualHost>
END
$gateway->start(%ALLOWED);
my $client = $gateway->client;

sub at_port { my ($one, $port) = @_; return Dygw::Client->new(%$one, port => $port, socket => undef) }

my $plain = Dygw::Client->new(port => $own_port, base => '');
ok(scalar(poll { $plain->call(GET => '/health')->{status} == 200 }), 'the second merchant is healthy');

# --- what is apart ---

error_is(at_port($client, $own_port)->call(GET => $TOKEN), 401, 'invalid_credentials',
    'an app of one merchant is nobody at the other');
my $made = $plain->at('/v1/internal', 'X-XTJ-UID' => 'x')->call(POST => '/apps',
    { name => 'of the other', client_key => $client->{key}, %ALLOWED });
is($made->{status}, 201, 'which may have an app with the same key') or diag $made->{body};
my $theirs = Dygw::Client->new(port => $own_port, key => $client->{key}, secret => $made->{json}{data}{secret});
my $token = $client->call(GET => $TOKEN)->{json}{data}{access_token};
my $their_token = $theirs->call(GET => $TOKEN)->{json}{data}{access_token};
like($their_token, qr/\Aclt\./, 'it has a token');
isnt($their_token, $token, 'of its own');
is($sandbox->count('stable_client_token'), 2, 'each has asked for one');

my $nonce = Dygw::Client::nonce();
is($_->call(GET => $TOKEN, undef, nonce => $nonce)->{status}, 200, 'nonces are apart') for $client, $theirs;

my ($mine, $their_coupon) = map { $_->{coupons}[0] } $sandbox->mint(orders => 2);
view_is($gateway->verify(code => $mine->{code}), 'one redeems', verify_status => 'success');
is($gateway->rows('dygw_verifications'), 1, 'in its database');
is($other->query('SELECT COUNT(*) FROM dygw_verifications'), 0, 'not in the other\'s');
view_is($theirs->call(POST => '/coupons/verify', { poi_id => POI, code => $their_coupon->{code} }), 'the other too',
    verify_status => 'success', app_name => 'of the other');
is($other->query('SELECT COUNT(*) FROM dygw_verifications'), 1, 'in the other\'s database');
error_is($theirs->call(POST => '/coupons/verify', 'x' x 2049), 413, 'body_too_large', 'its own limits');
error_is($client->call(POST => '/coupons/verify', 'x' x 2049), 400, 'invalid_json', 'are not everybody\'s');

# --- what is shared ---

my $shared = at_port($client, $shared_port);
is($shared->call(GET => $TOKEN)->{json}{data}{access_token}, $token,
    'a virtual host without directives is the main server\'s gateway');
my $message = $client->message(GET => $TOKEN);
is($client->raw($message)->{status}, 200, 'a request to the one');
error_is($shared->raw($message), 401, 'replayed_nonce', 'is a replay at the other');

# --- and stays so ---

$_->disconnect for $shared, $theirs, $plain;
$gateway->graceful;
is($client->call(GET => $TOKEN)->{json}{data}{access_token}, $token, 'after a graceful restart: its token');
is($theirs->call(GET => $TOKEN)->{json}{data}{access_token}, $their_token, 'and the other\'s');
error_is($theirs->call(GET => $TOKEN, undef, nonce => $nonce), 401, 'replayed_nonce', 'and its nonces');
$theirs->disconnect;
$gateway->finish;
done_testing;
