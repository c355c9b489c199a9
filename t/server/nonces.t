#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A nonce that is spent stays spent: over restarts, for all children and hosts, and when there is no more room.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Client;
use Dygw::Expect;
use Dygw::Gateway;

my $TOKEN = '/douyin/access-token';

sub is_replay {
    my ($answer, $name) = @_;
    return error_is($answer, 401, 'replayed_nonce', $name);
}

# --- shared memory ---

my $gateway = Dygw::Gateway->new(directives => { DygwNonceStore => 'shm 1000' }, children => 3);
$gateway->start(allow_token_read => JSON::PP::true);
my $client = $gateway->client;
my $spent = $client->message(GET => $TOKEN);
is($client->raw($spent)->{status}, 200, 'a request');
$gateway->graceful;
is_replay($client->raw($spent), 'replayed after a graceful restart');
my $between = $client->message(GET => $TOKEN);
is($client->raw($between)->{status}, 200, 'another request');
$gateway->graceful;
is_replay($client->raw($_), 'replayed after a second one') for $spent, $between;
$gateway->restart;
is_replay($client->raw($spent), 'replayed after a restart');
$gateway->set(DygwNonceStore => 'shm 2000');
$gateway->graceful;
is_replay($client->raw($spent), 'replayed after the table has grown');

$gateway->server->announce('DYGW0200');
my $accepted = 0;
my $full;
for (1 .. 2500) {
    my $answer = $client->call(GET => $TOKEN);
    $full = $answer if $answer->{status} != 200;
    last if $full;
    $accepted++;
}
SKIP: {
    skip 'the table never filled', 5 if !ok($full, 'a full table refuses');
    error_is($full, 503, 'nonce_store_full', 'with 503');
    cmp_ok($accepted, '>=', 1000, "after $accepted requests");
    cmp_ok($accepted, '<=', 2000, 'which is no more than it was given room for');
    cmp_ok($full->{headers}{'retry-after'}, '<=', 600, 'Retry-After is within the life of a nonce');
    is_replay($client->raw($spent), 'and what was spent long before is still refused');
}
$gateway->finish;

# --- the database ---

my $database = Dygw::Database->new('sqlite3');
my %option = (database => $database, directives => { DygwNonceStore => 'dbd' });
my $here = Dygw::Gateway->new(%option)->start(allow_token_read => JSON::PP::true);
my $there = Dygw::Gateway->new(%option, sandbox => $here->sandbox);
$there->server->start;
$there->wait_healthy;
my $elsewhere = Dygw::Client->new(%{ $here->client }, port => $there->server->port, socket => undef);

$spent = $here->client->message(GET => $TOKEN);
is($here->client->raw($spent)->{status}, 200, 'with the database: a request');
is($here->rows('dygw_nonces'), 1, 'its nonce is there');
is_replay($here->client->raw($spent), 'replayed');
is_replay($elsewhere->raw($spent), 'replayed to another host');
$here->graceful;
is_replay($here->client->raw($spent), 'replayed after a graceful restart');
my ($nonce) = $spent =~ /X-Nonce: (\S+)/;
is_replay($here->client->call(GET => $TOKEN, undef, timestamp => time - 60, nonce => $nonce),
    'a nonce is spent whatever the timestamp');
is($elsewhere->call(GET => $TOKEN)->{status}, 200, 'the other host accepts what is new');
$elsewhere->disconnect;
$there->server->check_log;
$here->finish;
done_testing;
