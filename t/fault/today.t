#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Today is compared for who asks, whichever host leads: at once, a thousand coupons in seconds. When the child or the
# host that does it is killed in the middle, another begins anew, and every record is counted once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Database;
use Dygw::Gateway;
use Dygw::Ledger;
use Dygw::Sandbox;
use Dygw::Server qw(patience poll);

use constant HOUR    => 3600;
use constant DAY     => 86_400;
use constant RECORDS => 1000;
use constant OTHERS  => 40;     # of them are somebody else's
use constant ASKED   => 80;     # ms that Douyin takes for a page
use constant SLOW    => 400;
use constant BEGINS  => 3;      # seconds
use constant ENDS    => 10;
use constant TAKE_OVER => 40;

# A time zone in which it is afternoon, whenever this runs.
my $zone = 14 * HOUR - int(time % DAY / HOUR) * HOUR;
$zone -= DAY if $zone > 12 * HOUR;

my $sandbox = Dygw::Sandbox->start_new(threads => 32);
my $database = Dygw::Database->new('pgsql');

sub host {
    my ($name) = @_;
    return Dygw::Gateway->new(name => $name, database => $database, sandbox => $sandbox, children => 2, threads => 8,
        directives => { DygwTimeZone => sprintf '%s%02d:00', $zone < 0 ? '-' : '+', abs($zone) / HOUR });
}

my ($one, $two) = map { host("the $_ host") } qw(first second);
$one->start;
$two->start_beside($one);
my ($there, $ledger) = map { Dygw::Ledger->new($_, days_ago => 0, zone => $zone) } $one, $two;

my @ours;
for my $i (1 .. RECORDS) {
    my $v = $there->there(at => $i, pay_amount => $i);
    push @ours, { $there->row($v, at => $i) } if $i > OTHERS;
}
delete $_->{coupon} for @ours;
$there->insert(@ours);

sub asked_for { return $sandbox->count('verify_record') }

# Begins, on the host that does not lead.
sub begin {
    my ($name) = @_;
    my ($pages, $began) = (asked_for(), time);
    is($ledger->get(refresh => 1)->{status}, 202, "$name: it is asked for");
    ok((poll { sleep 0.05; asked_for() > $pages } 20), "$name: and begins");
    my $took = time - $began;
    cmp_ok($took, '<', patience(BEGINS), sprintf "$name: at once, in %.1f s", $took);
    return $began;
}

sub ends_well {
    my ($name, $began) = @_;
    my $answer;
    ok((poll { sleep 0.1; $answer = $ledger->get; $answer->{status} == 200 } TAKE_OVER), "$name: today is compared")
        or return;
    my $took = time - $began;
    my $data = $answer->{json}{data};
    is("$data->{state} $data->{counts}{matched} $data->{counts}{only_at_douyin} $data->{counts}{only_here}",
        'open ' . (RECORDS - OTHERS) . ' ' . OTHERS . ' 0', "$name: every record is counted once");
    my %seen;
    $seen{ $_->{douyin}{verify_id} }++ for @{ $data->{items} };
    is(scalar(grep { $_ == 1 } values %seen), OTHERS, "$name: and listed once");
    my $final = $database->query('SELECT COUNT(*) FROM dygw_reconciliations WHERE next_run_at > generated_at');
    is($final, 1, "$name: and it will be made anew");
    return $took;
}

$sandbox->switch(latency_ms => ASKED);
my $took = ends_well('the other host leads', begin('the other host leads'));
cmp_ok($took, '<', patience(ENDS), sprintf '%d coupons at %d ms a page take %.1f s', RECORDS, ASKED, $took);

# --- the child is killed ---

$sandbox->switch(latency_ms => SLOW);
my $began = begin('its child is killed');
sleep 1;
my $killed = $one->leader_pid;
ok($killed, 'the first host leads');
$one->server->kill_child($killed);
ok((poll { sleep 0.1; my $next = $one->leader_pid // $two->leader_pid; $next && $next != $killed } TAKE_OVER),
    'another child takes over');
$sandbox->switch(latency_ms => 0);
ends_well('its child is killed', $began);

# --- the host that leads goes ---

$sandbox->switch(latency_ms => SLOW);
$began = begin('its host is stopped');
sleep 1;
$one->stop;
$sandbox->switch(latency_ms => 0);
ends_well('its host is stopped', $began);
my $lease = poll { $two->leader_pid };
ok($lease, 'by the second host, which leads by then');

$one->server->check_log;
$two->finish;
done_testing;
