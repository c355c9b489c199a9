#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The settlement ledger is being asked when the child that does it is killed, Apache is stopped, or the database goes
# away: another begins anew, and each redemption has its lines once. Two hosts ask as often as one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use List::Util qw(sum);
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Gateway;
use Dygw::Ledger;
use Dygw::Sandbox;
use Dygw::Server qw(patience poll);

use constant COUPONS => 120;        # three calls
use constant SLOW_MS => 900;        # for a call
use constant HANG_MS => 15_000;
use constant STOP    => 3;          # seconds
use constant SOON    => 60;
use constant QUIET   => 12;         # longer than the background looks at the table without being told

my $sandbox = Dygw::Sandbox->start_new(threads => 32);
my $gateway = Dygw::Gateway->new(driver => 'pgsql', sandbox => $sandbox, children => 2, threads => 8,
    directives => { DygwUpstreamTimeout => '1s 20s' });
$gateway->start;
$gateway->server->announce(qw(DYGW0310 DYGW0601 DYGW0602 AH10392));
my $ledger = Dygw::Ledger->new($gateway, days_ago => 1);
my $database = $gateway->database;

for my $i (1 .. COUPONS) {
    $ledger->here($ledger->there(at => 60 * $i, pay_amount => 1000 + $i));
}
my $verifications = verifications();

sub verifications { return join "\n", map { join '|', @$_ }
    $database->query('SELECT * FROM dygw_verifications ORDER BY id') }

# All are to be asked about, as if for the first time.
sub begin_anew {
    $database->query('UPDATE dygw_payouts SET next_ask_at = 1, ledger_asks = 0, ledger_lines = 0, ledger_at = NULL');
    return;
}

# The background is in the middle of the three calls.
sub begin_slowly {
    my $before = $sandbox->count('ledger');
    $sandbox->switch(latency_ms => SLOW_MS);
    begin_anew();
    ok((poll { sleep 0.05; $sandbox->count('ledger') > $before + 1 } SOON), 'the ledger is being asked');
    return;
}

sub known { return $gateway->rows('dygw_payouts', 'ledger_lines = 1 AND ledger_asks = 1') }

sub ends_well {
    my ($name, $host) = @_;
    $sandbox->switch(latency_ms => 0);
    ok((poll { sleep 0.2; known() == COUPONS } SOON), "$name: each redemption has its line once");
    my $total = ($host // $gateway)->internal->call(GET => '/reports/payouts?group_by=day')->{json}{total};
    is("$total->{count} $total->{settling_count} $total->{expected}{pay}",
        join(' ', COUPONS, COUPONS, sum(map { 1000 + $_ } 1 .. COUPONS)), "$name: and counts once");
    is(verifications(), $verifications, "$name: no verification has changed");
    return;
}

# --- killed ---

$gateway->restart;
$gateway->wait_healthy;
ok((poll { sleep 0.2; known() == COUPONS } SOON), 'all is known');
begin_slowly();
my $killed = $gateway->leader_pid;
$gateway->server->kill_child($killed);
ok((poll { sleep 0.1; my $next = $gateway->leader_pid; $next && $next != $killed } SOON),
   'killed: another child takes over');
ends_well('killed');

# --- restarted ---

begin_slowly();
$gateway->graceful;
ends_well('restarted');

# --- the database goes away ---

begin_slowly();
$database->kill_connections;
ends_well('connections gone');

# --- stopped while Douyin does not answer ---

my $calls = $sandbox->count('ledger');
$sandbox->fault(call => 'ledger', fault => 'hang', ms => HANG_MS, times => -1);
begin_anew();
ok((poll { sleep 0.05; $sandbox->count('ledger') > $calls } SOON), 'Douyin is asked, and does not answer');
$gateway->disconnect;
my $took = $gateway->server->stop;
cmp_ok($took, '<', patience(STOP + 1), sprintf 'it stops at once: %.1f s', $took);
$sandbox->clear;

# --- two hosts ---

my $two = Dygw::Gateway->new(driver => 'pgsql', database => $database, sandbox => $sandbox, threads => 8);
$two->server->announce(qw(DYGW0310));
$gateway->server->start;
$gateway->wait_healthy;
$two->start_beside($gateway);
ends_well('started again', $two);
$calls = $sandbox->count('ledger');
begin_anew();
ends_well('two hosts', $two);
sleep QUIET;
is($sandbox->count('ledger') - $calls, 3, 'two hosts ask as often as one');
$gateway->server->kill;
$calls = $sandbox->count('ledger');
begin_anew();
ok((poll { sleep 0.2; known() == COUPONS } SOON), 'the other one goes on when the first is dead');
is($sandbox->count('ledger') - $calls, 3, 'with three calls again');
$two->disconnect;
$two->server->check_log;
$gateway->server->forget_log;
$sandbox->check_log;
done_testing;
