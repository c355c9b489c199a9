#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What goes on for long is said once and tried seldom: a database that refuses connections, with callers and without,
# a Douyin that is away, floods of requests that are refused. What is well again is said as well.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Client;
use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Relay;
use Dygw::Server qw(poll);
use Dygw::Webhook qw(douyin_signature);

use constant IDLE_SEC   => 6;
use constant TICK_SEC   => 1.3;     # from one look of the background at the database to the next
use constant CALLS      => 60;      # of a flood
use constant AT_ONCE    => 12;
use constant PAUSE_SEC  => 0.3;     # in which nobody tries to connect again
use constant OF_A_KIND  => 2;       # lines at most, where a minute ends in between

my $relay = Dygw::Relay->new;
my $database = Dygw::Database->new('pgsql', through => $relay);
$relay->target($database->socket_path);
# As an administrator has it who wants to know more than warnings.
my $gateway = Dygw::Gateway->new(database => $database, children => 2, log_level => 'warn dygw:info',
    timeout => 1, directives => { DBDMin => 1 })->start;
my ($server, $sandbox, $client, $plain) = ($gateway->server, $gateway->sandbox, $gateway->client, $gateway->plain);
$server->announce(qw(AH00629 AH00632 AH00633 AH00636 AH00638 AH00639 AH02655));
$server->announce(qw(DYGW0310 DYGW0500 DYGW0402 DYGW0600 DYGW0601));

sub lines { return split /\n/, $server->log_text }
sub get   { return $client->call(GET => '/verifications/1', undef, @_) }
sub verify { return $client->call(POST => '/coupons/verify', { poi_id => POI, code => '123456789012' }) }

# The lines that were written since there were `before`, by their codes.
sub lines_since {
    my ($before) = @_;
    my @lines = lines();
    my %count;
    $count{ /\b((?:DYGW|AH)\d+):/ ? $1 : 'other' }++ for @lines[ $before .. $#lines ];
    return \%count;
}

# One test: no code stands in more than so many of the lines since then.
sub quiet_since {
    my ($before, $limit, $name) = @_;
    my $count = lines_since($before);
    my @loud = grep { $count->{$_} > $limit } sort keys %$count;
    return ok(!@loud, $name) || diag join ', ', map { "$count->{$_} times $_" } @loud;
}

# --- the database refuses connections ---

my $start = lines();
my $tries = $relay->count;
$relay->drop;
poll { $gateway->health->{status} == 503 };
sleep TICK_SEC;
cmp_ok($relay->count - $tries, '<=', 8, 'a database that refuses connections: few tries until that is known');
cmp_ok(lines() - $start, '<=', 10, '... and few lines');
like(join("\n", lines()), qr/DYGW0310: /, '... of which one says it');

my ($lines, $began) = (scalar(lines()), time);
$tries = $relay->count;
sleep IDLE_SEC;
my $rounds = (time - $began) / TICK_SEC + 1;
cmp_ok($relay->count - $tries, '<=', $rounds, sprintf 'an idle gateway tries once a round, of which there are %.1f',
    $rounds);
cmp_ok(lines() - $lines, '<=', 1, '... and is silent') or diag join "\n", (lines())[ $lines .. lines() - 1 ];

($lines, $began) = (scalar(lines()), time);
$tries = $relay->count;
my @answers = map {
    map { $_->finish } map { $client->begin(POST => '/coupons/verify', { poi_id => POI, code => '123456789012' }) }
        1 .. AT_ONCE
} 1 .. CALLS / AT_ONCE;
is(scalar(grep { $_->{status} == 503 && $_->{json}{code} eq 'database_unavailable' } @answers), CALLS,
    'with callers: 503 for each');
my $limit = 2 * ((time - $began) / PAUSE_SEC + 1);    # of two children
cmp_ok($relay->count - $tries, '<=', $limit, sprintf '... and %d tries at most', $limit);
quiet_since($lines, OF_A_KIND, '... no line of theirs is repeated');

$relay->pass;
$gateway->wait_healthy;
$server->log_like(qr/DYGW0312: the database answers again, after (?!0 )\d+ s/,
    'the database is back: how long it was away');
view_is($gateway->verify(code => $sandbox->mint_coupon->{code}), '... and redemptions work',
    verify_status => 'success');

# --- Douyin is away ---

$sandbox->fault(call => 'prepare', fault => 'drop_before', times => -1);
$lines = lines();
@answers = map { verify() } 1 .. CALLS;
is(scalar(grep { $_->{status} == 503 && $_->{json}{code} eq 'upstream_unavailable' } @answers), CALLS,
    'Douyin is away: 503 for each call');
quiet_since($lines, OF_A_KIND, '... no line of theirs is repeated');
$sandbox->clear;
view_is($gateway->verify(code => $sandbox->mint_coupon->{code}), 'Douyin is back', verify_status => 'success');

# --- floods ---

my $webhook = Dygw::Webhook->new($gateway);
my $nonce = 'a-nonce-that-is-used-again';
my @floods = (
    [ 'wrong signatures of webhooks', 401,
        sub { $webhook->send('{}', 'X-Douyin-Signature' => douyin_signature('no', '{}')) } ],
    [ 'wrong signatures of apps', 401, sub { get(signature => 'a' x 64) } ],
    [ 'timestamps of yesterday', 401, sub { get(timestamp => int(time) - 86400) } ],
    [ 'nonces that are repeated', 401, sub { get(nonce => $nonce) } ],
    [ 'paths that are none', 404, sub { $client->call(GET => '/nothing') } ],
    [ 'coupons without a store', 400, sub { $client->call(POST => '/coupons/verify', {}) } ],
);
for my $flood (@floods) {
    my ($name, $status, $call) = @$flood;
    $call->();
    $lines = lines();
    @answers = map { $call->() } 1 .. CALLS;
    is(scalar(grep { $_->{status} == $status } @answers), CALLS, "$name: $status for each") or diag $answers[0]{status};
    quiet_since($lines, OF_A_KIND, '... and no line of theirs is repeated');
}
$webhook->disconnect;
$gateway->finish;
done_testing;
