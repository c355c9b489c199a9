#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Apps are found without asking the database, and yet a change is known to every child of every host within 2 s.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use Dygw::Client;
use Dygw::Expect;
use Dygw::Gateway;
use Dygw::Server qw(poll patience slurp);

use constant STALE_AT_MOST => 2;    # seconds
use constant MANY => 40;            # new connections, so that every child is met

my $TOKEN = '/douyin/access-token';

# The codes that many callers get, each with a connection of its own.
sub codes {
    my ($client) = @_;
    my %seen;
    for my $handle (map { $client->begin(GET => $TOKEN) } 1 .. MANY) {
        my $answer = $handle->finish;
        $seen{ $answer->{json}{code} // $answer->{status} }++;
    }
    return join ' ', sort keys %seen;
}

# All callers get this from 2 s after a change on, three times in a row; before, some may.
sub settles_on {
    my ($client, $expected, $name) = @_;
    my $until = time + patience(STALE_AT_MOST);
    my ($codes, $late);
    my $in_a_row = 0;
    do {
        $late = time > $until;
        $codes = codes($client);
        $in_a_row = $codes eq $expected ? $in_a_row + 1 : 0;
    } until $in_a_row == 3 || $late && !$in_a_row;
    return is($codes, $expected, $name);
}

for my $mpm (qw(prefork event)) {
    my $gateway = Dygw::Gateway->new(mpm => $mpm, children => 4);
    my $other = Dygw::Gateway->new(mpm => $mpm, database => $gateway->database, sandbox => $gateway->sandbox);
    $gateway->start(allow_token_read => JSON::PP::true);
    $other->server->start;
    $other->wait_healthy;
    my $client = $gateway->client;
    my $elsewhere = Dygw::Client->new(%$client, port => $other->server->port, socket => undef);
    my $id = $gateway->app->{id};
    my $internal = $gateway->internal;
    is(codes($_), '200', "$mpm: every child knows the app") for $client, $elsewhere;

    is($internal->call(PATCH => "/apps/$id", { status => 'disabled' })->{status}, 200, "$mpm: disabled");
    settles_on($client, 'app_disabled', "$mpm: within 2 s every child refuses it");
    settles_on($elsewhere, 'app_disabled', "$mpm: on another host too");
    error_is($client->call(POST => '/coupons/verify', '}'), 403, 'app_disabled',
        "$mpm: before the body is looked at");

    is($internal->call(PATCH => "/apps/$id", { status => 'active' })->{status}, 200, "$mpm: enabled again");
    settles_on($client, '200', "$mpm: within 2 s every child accepts it");
    settles_on($elsewhere, '200', "$mpm: on another host too");

    is($internal->call(PATCH => "/apps/$id/token-access", { allow_token_read => JSON::PP::false })->{status}, 200,
        "$mpm: may no longer read the token");
    settles_on($client, 'token_read_forbidden', "$mpm: within 2 s no child hands it out");

    my $fresh = $gateway->create_app(allow_token_read => JSON::PP::true);
    settles_on($fresh, '200', "$mpm: a new app is known");
    $other->server->check_log;
    $gateway->finish;
}

# --- no database query per request ---

my $database = Dygw::Database->new('pgsql');
my $gateway = Dygw::Gateway->new(database => $database, mpm => 'event', children => 1);
$gateway->start(allow_token_read => JSON::PP::true);
my $client = $gateway->client;
is($client->call(GET => $TOKEN)->{status}, 200, 'a request');

my $admin = $database->admin_command;
`$admin -c "ALTER SYSTEM SET log_statement = 'all'" -c 'SELECT pg_reload_conf()' 2>&1`;
# Each read of the token is in the audit trail, later and in batches.
sub statements { return scalar(() = slurp($database->log_file) =~ /^.*LOG:\s+(?:statement|execute(?! dygw_audit_))/mg) }
ok(poll { $database->query('SELECT 1'); statements() > 0 }, 'the server logs its statements');
my $before = statements();
my $began = time;
is($client->call(GET => $TOKEN)->{status}, 200, 'one of many') for 1 .. 300;
my $seconds = time - $began;
my $asked = statements() - $before;
cmp_ok($asked, '<=', 10 + 10 * $seconds, "300 requests in ${\ sprintf '%.1f', $seconds} s, $asked statements");
$gateway->finish;
done_testing;
