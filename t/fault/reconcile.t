#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A day is being reconciled when the child that does it is killed or stopped, or the database goes away: another
# begins anew, and in the end every record is counted once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Gateway;
use Dygw::Ledger;
use Dygw::Sandbox;
use Dygw::Server qw(patience poll);

use constant RECORDS   => 130;      # seven pages
use constant OTHERS    => 120;      # of them are somebody else's
use constant SLOW_MS   => 400;      # for a page
use constant HANG_MS   => 15_000;
use constant STOP      => 3;        # seconds
use constant SOON      => 40;

my $sandbox = Dygw::Sandbox->start_new(threads => 32);
my $gateway = Dygw::Gateway->new(driver => 'pgsql', sandbox => $sandbox, children => 2, threads => 8,
    directives => { DygwUpstreamTimeout => '1s 20s' });
$gateway->start;
$gateway->server->announce(qw(DYGW0481 DYGW0310 DYGW0601 DYGW0602 AH10392));
my $ledger = Dygw::Ledger->new($gateway, days_ago => 3);
my $database = $gateway->database;

for my $i (1 .. RECORDS) {
    my $v = $ledger->there(at => 300 * $i, pay_amount => $i);
    $ledger->here($v) if $i > OTHERS;
}

# Begins, and is in the middle of Douyin's pages.
sub begin_slowly {
    my $before = $sandbox->count('verify_record');
    $sandbox->switch(latency_ms => SLOW_MS);
    my $answer = $ledger->get(refresh => 1);
    is($answer->{status}, 202, 'it is asked for');
    ok((poll { sleep 0.05; $sandbox->count('verify_record') > $before + 2 } SOON), 'and begins');
    return $answer->{json}{data}{generated_at} // '';
}

sub ends_well {
    my ($name, $before) = @_;
    $sandbox->switch(latency_ms => 0);
    my $data = $ledger->await;
    ok($data && $data->{generated_at} gt $before, "$name: the day is reconciled") or return;
    is("$data->{counts}{matched} $data->{counts}{only_at_douyin} $data->{counts}{only_here}",
        (RECORDS - OTHERS) . ' ' . OTHERS . ' 0', "$name: every record is counted once");
    my %seen;
    $seen{ $_->{douyin}{verify_id} }++ for @{ $data->{items} };
    is(scalar(grep { $_ == 1 } values %seen), OTHERS, "$name: and listed once");
    my $generations = 'SELECT COUNT(DISTINCT generation) FROM dygw_reconciliation_items';
    ok((poll { sleep 0.1; $database->query($generations) <= 2 } SOON), "$name: what is old is tidied away");
    return;
}

# --- killed ---

my $before = begin_slowly();
my $killed = $gateway->leader_pid;
$gateway->server->kill_child($killed);
ok((poll { sleep 0.1; my $next = $gateway->leader_pid; $next && $next != $killed } SOON),
   'killed: another child takes over');
ends_well('killed', $before);

# --- restarted ---

$before = begin_slowly();
$gateway->graceful;
ends_well('restarted', $before);

# --- stopped while Douyin does not answer ---

$before = $ledger->get->{json}{data}{generated_at};
my $calls = $sandbox->count('verify_record');
$sandbox->fault(call => 'verify_record', fault => 'hang', ms => HANG_MS, times => -1);
$ledger->get(refresh => 1);
ok((poll { sleep 0.05; $sandbox->count('verify_record') > $calls } SOON), 'Douyin is asked, and does not answer');
$gateway->disconnect;
my $took = $gateway->server->stop;
cmp_ok($took, '<', patience(STOP + 1), sprintf 'it stops at once: %.1f s', $took);
$sandbox->clear;
$gateway->server->start;
$gateway->wait_healthy;
ends_well('stopped', $before);

# --- the database ends every connection, again and again ---

$before = begin_slowly();
$sandbox->switch(latency_ms => 0);
for (1 .. 10) {
    $database->kill_connections;
    sleep 0.1;
}
$ledger->get(refresh => 1);     # what failed meanwhile would be tried again in a minute
ends_well('connections lost', $before);

$gateway->finish;
done_testing;
