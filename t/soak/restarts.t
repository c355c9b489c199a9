#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A thousand graceful restarts, with a redemption now and then: what the parent and a child take before and after.
# Beside it the same httpd with nothing but mod_dbd, which shows what of it is httpd's own.
#   DYGW_TEST_RESTARTS=n: another number; DYGW_TEST_DRIVER=pgsql: another database.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(time);

use Dygw::Footprint;
use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant RESTARTS => $ENV{DYGW_TEST_RESTARTS} || 1000;
use constant WARM     => 10;
use constant REDEEM   => 100;       # after so many
use constant SLACK    => (anonymous_kib => 256, children => 2);     # an allocator's; a spare one

my $sandbox = Dygw::Sandbox->start_new;

sub footprints {
    my ($server) = @_;
    poll { $server->child_pids <= $server->{children} } or die "old children stay\n";
    my ($child) = $server->child_pids;
    return (Dygw::Footprint->of($server->pid), Dygw::Footprint->of($child));
}

sub restart_often {
    my ($server, $name, $between) = @_;
    my $began = time;
    my ($first, @then);
    for my $count (1 .. RESTARTS) {
        my $looks = $count == WARM || $count == RESTARTS;
        $server->graceful(overlap => !$looks);
        $between->() if $looks || $count % REDEEM == 0;
        next if !$looks;
        my ($parent, $child) = footprints($server);
        diag("$name after $count: parent: ", $parent->text);
        diag("$name after $count: a child: ", $child->text);
        $first //= $parent;
        $parent->is_no_more_than($first, "$name: $count graceful restarts", SLACK);
    }
    diag(sprintf '%s: %d restarts in %.0f s', $name, RESTARTS, time - $began);
    return;
}

for my $mpm (qw(event prefork)) {
    my %option = (mpm => $mpm, threads => 4, log_level => 'notice');
    my $bare = Dygw::Server->new(%option, modules => ['dbd'], conf => "DBDriver sqlite3\n")->start;
    restart_often($bare, "$mpm without the gateway", sub { });
    $bare->check_log("$mpm without the gateway: a clean log");

    my $gateway = Dygw::Gateway->new(%option, driver => $ENV{DYGW_TEST_DRIVER} || 'sqlite3', sandbox => $sandbox);
    $gateway->start;
    $gateway->server->announce('DYGW0402');     # a restart may cut a call off
    my @redeemed;
    restart_often($gateway->server, $mpm, sub {
        push @redeemed, $gateway->verify(code => $sandbox->mint_coupon->{code})->{status};
        $gateway->disconnect;
    });
    is_deeply([ grep { $_ != 200 } @redeemed ], [], "$mpm: it redeems all the time");
    $gateway->wait_healthy;
    $gateway->disconnect;
    $gateway->server->check_log("$mpm: a clean log");
}

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
