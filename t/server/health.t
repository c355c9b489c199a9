#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# /health tells the truth, cheaply, and /health/live that the server serves. And what a database that is away means.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(time);

use Dygw::Client qw(keys_in_order);
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Metrics;
use Dygw::Server qw(poll slurp);

my $database = Dygw::Database->new('pgsql');
my $gateway = Dygw::Gateway->new(database => $database, children => 2)->start;
my $sandbox = $gateway->sandbox;
my $plain = $gateway->plain;

my $health = $plain->call(GET => '/health');
is($health->{status}, 200, 'healthy');
is_deeply(keys_in_order($health->{body}), [qw(status version checks upstream)], 'status, version and checks');
is($health->{json}{upstream}, 'sandbox', 'and that Douyin is the sandbox');
$gateway->server->log_like(qr/DYGW0376: DygwUpstream is not Douyin but the sandbox/, '... as the log says');
is(Dygw::Metrics->scrape($gateway)->total('dygw_upstream_sandbox'), 1, '... and the metrics');
is_deeply(keys_in_order($health->{body}, 'checks'), [qw(database token worker)], 'three checks');
is_deeply([ $health->{json}{status}, @{ $health->{json}{checks} }{qw(database token worker)} ],
    [ ('ok') x 4 ], 'all is well');
like($health->{json}{version}, qr/\A\d+\.\d+/, 'with a version');
like($health->{headers}{'content-type'}, qr{\Aapplication/json}, 'JSON');
like($health->{headers}{'x-request-id'}, qr/./, 'with a request id');
unlike($health->{body}, qr/127\.0\.0\.1|localhost|clt\.|${\ Dygw::Sandbox::CLIENT_KEY}/, 'no secret, no host name');
is($plain->call(GET => '/health/live')->{status}, 200, 'live');
my $head = $plain->call(HEAD => '/health');
is("$head->{status} $head->{body}", '200 ', 'HEAD is answered without a body');
error_is($plain->call(POST => '/health', {}), 405, 'method_not_allowed', 'POST is not');
error_is($plain->call(GET => '/health/other'), 404, 'not_found', 'nor is another path');

# --- cheap ---

my $admin = $database->admin_command;
`$admin -c "ALTER SYSTEM SET log_statement = 'all'" -c 'SELECT pg_reload_conf()' 2>&1`;
sub statements { return scalar(() = slurp($database->log_file) =~ /^.*LOG:\s+(?:statement|execute)/mg) }
poll { $database->query('SELECT 1'); statements() > 0 };
my ($before, $began) = (statements(), time);
my $calls = $sandbox->last_seq;
is(scalar(grep { $plain->call(GET => '/health')->{status} != 200 } 1 .. 500), 0, '500 times healthy');
my $seconds = time - $began;
cmp_ok(statements() - $before, '<=', 10 + 10 * $seconds, sprintf 'without 500 queries (%.1f s)', $seconds);
is($sandbox->last_seq, $calls, 'without asking Douyin');

# --- the database goes and comes back ---

my $client = $gateway->client;
my $coupon = $sandbox->mint_coupon;
# What mod_dbd and the module say of it.
$gateway->server->announce(qw(AH00629 AH00632 AH00633 AH00636 AH00639 AH02655 DYGW0310 DYGW0600 DYGW0601));
$database->stop;
poll { ($health = $gateway->health)->{status} == 503 };
is($health->{status}, 503, 'without its database: not healthy');
is($health->{json}{status}, 'degraded', 'degraded');
is($health->{json}{checks}{database}, 'unreachable', 'for want of the database');
is($plain->call(GET => '/health/live')->{status}, 200, 'but alive');
error_is($client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} }), 503,
    'database_unavailable', 'nothing is redeemed');
is($sandbox->coupon($coupon->{code})->{verify_calls}, 0, 'Douyin was not asked to');
error_is($gateway->internal->call(GET => '/apps'), 503, 'database_unavailable', 'no apps are listed');
error_is($client->call(GET => '/verifications/1'), 503, 'database_unavailable', 'no verification is read');
$database->start;
is($gateway->wait_healthy->{json}{checks}{database}, 'ok', 'the database is back: healthy again');
view_is($client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} }),
    'and the coupon is redeemed', verify_status => 'success');
$database->kill_connections;
$coupon = $sandbox->mint_coupon;
view_is($gateway->verify(code => $coupon->{code}), 'also on connections that had died', verify_status => 'success');

# --- a start without the database ---

$gateway->stop;
$database->stop;
$gateway->server->announce(qw(DYGW0346));
$gateway->server->start;
is($gateway->plain->call(GET => '/health/live')->{status}, 200, 'it starts without its database');
is($gateway->health->{json}{checks}{database}, 'unreachable', 'and says so');
error_is($client->call(POST => '/coupons/verify', { poi_id => POI, code => '123456789012' }), 503,
    'database_unavailable', 'nobody can be known');
$database->start;
$gateway->wait_healthy;
$coupon = $sandbox->mint_coupon;
view_is($gateway->verify(code => $coupon->{code}), 'it heals by itself', verify_status => 'success');
$gateway->finish;
done_testing;
