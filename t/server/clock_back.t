#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The clock of a host, and of its database, is set back by hours: the background goes on at once, /health is not fooled,
# and nothing waits until the clock has caught up.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(time);

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(poll spew);

use constant AHEAD_SEC  => 3 * 3600;
use constant SOON_SEC   => 20;      # for what the background does in a few rounds

my $sandbox = Dygw::Sandbox->new;
my $database = Dygw::Database->new('sqlite3');
my $clock = $database->dir . '/clock';
my $gateway = Dygw::Gateway->new(database => $database, sandbox => $sandbox, clock => $clock,
    directives => { DygwUpstreamTimeout => '500ms 1s' });

# Douyin's as well: that this host's differs from it is another test's.
sub set_clock {
    my ($hours) = @_;
    $sandbox->switch(clock_ahead_s => $hours * 3600);
    spew($clock, '+' . $hours . "h\n", 0644);
    return;
}

sub verify_at {
    my ($ahead, $coupon, %with) = @_;
    return $gateway->client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
        timestamp => int(time + $ahead), %with);
}

# Whose the lease is; when it was renewed, in seconds before now, and how many are left.
sub lease {
    my ($row) = $database->query("SELECT owner, renewed_at, until_at FROM dygw_leases WHERE name = 'worker'");
    return { owner => $row->[0], renewed => time - $row->[1] / 1000, left => $row->[2] / 1000 - time };
}

sub record {
    my ($id) = @_;
    my ($row) = $database->query('SELECT verify_status, COALESCE(next_run_at, 0) FROM dygw_verifications ' .
        "WHERE id = $id");
    return { status => $row->[0], next => $row->[1] / 1000 - time };
}

# One test: it comes to that.
sub soon {
    my ($name, $come) = @_;
    my $has_come = poll { $come->() } SOON_SEC;
    ok($has_come, $name);
    return;
}

$sandbox->start;
set_clock(AHEAD_SEC / 3600);
$gateway->start;
$gateway->server->announce(qw(DYGW0500 DYGW0360 DYGW0362 DYGW0632 DYGW0633));

# A redemption that is lost.
$sandbox->fault(call => 'verify', fault => 'drop_before', times => -1);
my $answer = verify_at(AHEAD_SEC, $sandbox->mint_coupon);
is($answer->{status}, 202, 'redeemed by a clock that is ahead, and lost');
my $id = $answer->{json}{data}{id};
cmp_ok(record($id)->{next}, '>', AHEAD_SEC / 2, '... to be looked at when the clock says so');
soon('the background works by that clock', sub { abs(lease()->{renewed} + AHEAD_SEC) < 60 });

my $token = $database->query('SELECT version FROM dygw_tokens');
set_clock(0);
$sandbox->clear;
soon('set back: the lease is renewed by the clock as it is',
    sub { my $lease = lease(); $lease->{left} > 0 && $lease->{left} < 60 && abs $lease->{renewed} < 60 });
soon('set back: what was lost before is settled', sub { record($id)->{status} eq 'success' });
soon('set back: the token, which would seem to live for hours more than it does, is renewed',
    sub { $database->query('SELECT version FROM dygw_tokens') > $token });
is($gateway->wait_healthy->{json}{checks}{worker}, 'ok', 'set back: healthy, as the background works');
my $next = verify_at(0, $sandbox->mint_coupon);
is("$next->{status} $next->{json}{data}{verify_status}", '200 success', 'set back: the next redemption');
like($gateway->server->log_text, qr/DYGW0632/, 'set back: the log tells of it');

# Another host had it, and died.
$database->query("UPDATE dygw_leases SET owner = 'a host that died', until_at = until_at + 1000 * " . AHEAD_SEC .
    " WHERE name = 'worker'");
soon('a lease of somebody else that lies ahead is taken over', sub { lease()->{owner} ne 'a host that died' });
like($gateway->server->log_text, qr/DYGW0633/, '... and the log tells of it');

# Nobody works, and what was noted lies ahead.
$token = $database->query('SELECT version FROM dygw_tokens');
set_clock(AHEAD_SEC / 3600);
soon('set forward: the background goes on', sub { abs(lease()->{renewed} + AHEAD_SEC) < 60 });
soon('set forward: the token, which is over by then, is renewed',
    sub { $database->query('SELECT version FROM dygw_tokens') > $token });
$gateway->work(0);
is($gateway->health->{json}{checks}{worker}, 'ok', 'the background has just worked: healthy');
set_clock(0);
soon('set back, and nobody works: /health says so', sub { $gateway->health->{json}{checks}{worker} eq 'stalled' });
$gateway->work(1);
is($gateway->health->{json}{checks}{worker}, 'ok', 'and somebody does: healthy');

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
