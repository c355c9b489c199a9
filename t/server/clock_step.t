#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The clock of a host is set while its threads sleep: nobody sleeps for as long as the clock was set back.
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

use constant HOURS_SEC => 3 * 3600;
use constant SOON_SEC  => 15;      # for what the background does in a few rounds

my $database = Dygw::Database->new('sqlite3');
my $ahead = $database->dir . '/ahead';
my $library = $database->dir . '/clock_step.so';
is(system($ENV{CC} // 'cc', '-shared', '-fPIC', '-o', $library, "$FindBin::Bin/clock_step.c", '-ldl', '-lpthread'), 0,
    'what sets the clock is compiled') or BAIL_OUT('no compiler');
my $gateway = Dygw::Gateway->new(database => $database, children => 2,
    env => { LD_PRELOAD => $library, DYGW_CLOCK_AHEAD => $ahead });

# Of the host, and Douyin's with it, unless that is said. In place: no reader finds half of it.
sub set_clock {
    my ($sec, $douyin) = @_;
    $gateway->sandbox->switch(clock_ahead_s => $douyin // $sec);
    spew("$ahead.new", "$sec\n", 0644);
    rename "$ahead.new", $ahead or die "rename: $!";
    return;
}

sub soon {
    my ($name, $come) = @_;
    my $has_come = poll { $come->() } SOON_SEC;
    ok($has_come, $name);
    return;
}

# How far the clock by which the lease was renewed last is ahead of ours, in seconds.
sub renewed_ahead {
    return $database->query("SELECT renewed_at FROM dygw_leases WHERE name = 'worker'") / 1000 - time;
}

sub is_by_our_clock { return abs(renewed_ahead()) < 30 }

sub verify_at {
    my ($sec) = @_;
    return $gateway->client->call(POST => '/coupons/verify',
        { poi_id => POI, code => $gateway->sandbox->mint_coupon->{code} }, timestamp => int(time + $sec));
}

$gateway->sandbox->start;
set_clock(HOURS_SEC);
$gateway->start;
$gateway->server->announce(qw(DYGW0360 DYGW0362 DYGW0632 DYGW0633));
soon('the background works by a clock that is ahead', sub { abs(renewed_ahead() - HOURS_SEC) < 30 });

set_clock(0);
my %health;
soon('set back by hours: the background works on',
    sub { my $seen = $gateway->health; $health{$seen->{body}} = 1 if $seen->{status} != 200; is_by_our_clock() });
is_deeply([ keys %health ], [], '... and was healthy all the time');
is($gateway->wait_healthy->{json}{checks}{worker}, 'ok', '... and is healthy');
is(verify_at(0)->{json}{data}{verify_status}, 'success', '... and a coupon is redeemed');
$gateway->server->log_like(qr/DYGW0360: .*set back by 3h/, '... and the log tells it, and by how much');
is(scalar(() = $gateway->server->log_text =~ /DYGW0360/g), 1, '... once');

# While the leader sleeps, each child, and the parent.
set_clock(HOURS_SEC);
soon('set forward: the background works on', sub { abs(renewed_ahead() - HOURS_SEC) < 30 });
set_clock(0);
my $began = time;
$gateway->stop;
cmp_ok(time - $began, '<', SOON_SEC, 'set back by hours, and stopped at once: it ends');

$gateway->finish;
done_testing;
