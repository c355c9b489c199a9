#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# /internal behind a reverse proxy on the same host, for which `Require local` holds whoever asks: it is said, once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Gateway;
use Dygw::Sandbox;

my $sandbox = Dygw::Sandbox->start_new;
my $pattern = qr/DYGW0214: /;

sub warnings_of { return scalar(() = $_[0]->server->log_text =~ /$pattern/g) }

sub status {
    my ($gateway, $path, %headers) = @_;
    return $gateway->internal->call(GET => $path, undef, headers => \%headers)->{status};
}

my $gateway = Dygw::Gateway->new(sandbox => $sandbox, children => 1, mpm => 'event');
$gateway->start;
is(status($gateway, '/apps'), 200, 'an operator of this host');
is(status($gateway, $_, 'X-Forwarded-For' => '192.0.2.1'), 404, "$_: what is not there") for '/no/such/endpoint';
is($gateway->plain->call(GET => '/health', undef, headers => { 'X-Forwarded-For' => '192.0.2.1' })->{status}, 200,
    'health, which is for all');
is(warnings_of($gateway), 0, 'need no warning');
$gateway->server->announce('DYGW0214');
is(status($gateway, '/metrics', 'X-Forwarded-For' => '192.0.2.1'), 200, 'through a proxy it is served');
is(warnings_of($gateway), 1, 'and warned about');
like($gateway->server->log_text, qr{DYGW0214: /v1/internal .*\(X-Forwarded-For\).*mod_remoteip}, 'with the remedy');
status($gateway, '/apps', $_ => '192.0.2.1') for ('X-Forwarded-For', 'Forwarded', 'Via') x 3;
is(warnings_of($gateway), 1, 'once, however often');
$gateway->graceful;
status($gateway, '/apps', Via => '1.1 proxy');
is(warnings_of($gateway), 2, 'and once by the next child');
$gateway->disconnect;
$gateway->server->check_log;

# --- when Apache knows who it is ---

my $knows = Dygw::Gateway->new(sandbox => $sandbox, children => 1, mpm => 'event',
    modules => [qw(dbd remoteip auth_basic authn_core authn_file authz_user)],
    conf => "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\n");
$knows->server->announce('AH01630', 'DYGW0135');     # refused by Require; who the operator is, is the header's
$knows->start;
is(status($knows, '/apps', 'X-Forwarded-For' => '192.0.2.1'), 403, 'mod_remoteip: somebody else is not local');
is(status($knows, '/apps', 'X-Forwarded-For' => '127.0.0.1'), 200, 'an operator of this host is');
is(warnings_of($knows), 0, 'neither needs a warning');
$knows->disconnect;
$knows->server->check_log;
$sandbox->check_log;
done_testing;
