#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Who is refused spends nothing, and no app shuts out another: nonces, and what an app may call.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Expect;
use Dygw::Gateway;
use Dygw::Metrics;
use Dygw::Server qw(poll);

use constant { ENTRIES => 1000, FLOOD => 1700 };    # more than all may hold together

my $TOKEN = '/douyin/access-token';
my %READS = (allow_token_read => JSON::PP::true);

my $gateway = Dygw::Gateway->new(directives => { DygwNonceStore => 'shm ' . ENTRIES })->start(%READS);
my $client = $gateway->client;

sub used { return Dygw::Metrics->scrape($gateway)->total('dygw_nonces_used') }

sub set_status {
    my ($app, $client, $status) = @_;
    $gateway->internal->call(PATCH => "/apps/$app->{id}", { status => $status });
    my $wanted = $status eq 'active' ? 200 : 403;
    poll { $client->call(GET => $TOKEN)->{status} == $wanted } or die "$status has no effect\n";
    return;
}

# How the answers to so many calls come out, by code.
sub flood {
    my ($by, $calls) = @_;
    my %got;
    $got{ $_->{json}{code} // 'ok' }++ for map { $by->call(GET => $TOKEN) } 1 .. $calls;
    $by->disconnect;
    return \%got;
}

# --- one that is disabled ---

my ($disabled, $their_app) = $gateway->create_app(%READS);
my $spent = $disabled->message(GET => $TOKEN);
is($disabled->raw($spent)->{status}, 200, 'an app calls');
set_status($their_app, $disabled, 'disabled');
my $before = used();
is_deeply(flood($disabled, FLOOD), { app_disabled => FLOOD }, '... and is disabled, and calls on');
is(used(), $before, 'which spends nothing');
error_is($disabled->raw($spent), 401, 'replayed_nonce', 'what it called before is a replay first of all');
is($client->call(GET => $TOKEN)->{status}, 200, 'others are served');

# --- one that calls too often ---

$gateway->set(DygwRateLimit => '1 5');
$gateway->graceful;
my $fast = $gateway->create_app(%READS);
$before = used();
my $got = flood($fast, FLOOD);
is($got->{ok} + $got->{rate_limited}, FLOOD, 'an app calls too often');
cmp_ok($got->{ok}, '<', FLOOD / 2, '... and is refused');
cmp_ok(used() - $before, '<=', $got->{ok}, 'which spends nothing');

my $slow = $gateway->create_app(%READS);
$spent = $slow->message(GET => $TOKEN);
is($slow->raw($spent)->{status}, 200, 'an app that may call five times');
error_is($slow->raw($spent), 401, 'replayed_nonce', "... is replayed, time $_") for 1 .. 8;
is_deeply([ map { $slow->call(GET => $TOKEN)->{status} } 1 .. 4 ], [ (200) x 4 ], 'which takes nothing of its rate');
$gateway->set(DygwRateLimit => undef);
$gateway->disconnect;
$gateway->graceful;

# --- one that takes all it can ---

$gateway->server->announce('DYGW0200');
my $greedy = $gateway->create_app(%READS);
$got = flood($greedy, FLOOD);
cmp_ok($got->{nonce_store_full} // 0, '>=', FLOOD - ENTRIES, 'an app takes all it can');
cmp_ok($got->{ok}, '>=', ENTRIES / 2, '... which is most of it');
my $late = $gateway->create_app(%READS);
is_deeply(flood($late, 100), { ok => 100 }, 'and another one that comes then is served');
is($client->call(GET => $TOKEN)->{status}, 200, 'as is the first');
error_is($greedy->call(GET => $TOKEN), 503, 'nonce_store_full', 'while the greedy one has to wait');
$gateway->server->log_like(qr/DYGW0200: app \d+ has its share/, 'the log says which');
$gateway->disconnect;
$_->disconnect for $greedy, $late, $slow;

# --- the same in the database ---

$gateway->set(DygwNonceStore => 'dbd', DygwRateLimit => '1 5');
$gateway->graceful;
my $app;
($disabled, $app) = $gateway->create_app(%READS);
$spent = $disabled->message(GET => $TOKEN);
is($disabled->raw($spent)->{status}, 200, 'with the database: an app calls');
set_status($app, $disabled, 'disabled');
my $rows = $gateway->rows('dygw_nonces');
is_deeply(flood($disabled, 20), { app_disabled => 20 }, '... is disabled, and calls on');
error_is($disabled->raw($spent), 401, 'replayed_nonce', 'what it called before is a replay');
is($gateway->rows('dygw_nonces'), $rows, 'nothing was spent');
$fast = $gateway->create_app(%READS);
$spent = $fast->message(GET => $TOKEN);
is($fast->raw($spent)->{status}, 200, 'another app calls');
$rows = $gateway->rows('dygw_nonces');
$got = flood($fast, 50);
cmp_ok($got->{rate_limited}, '>', 0, '... and too often');
is($gateway->rows('dygw_nonces') - $rows, $got->{ok}, 'what is refused is not spent');
error_is($fast->raw($spent), 401, 'replayed_nonce', 'a replay is told as one then, too');
$gateway->finish;
done_testing;
