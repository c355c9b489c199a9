#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Restarts leave nothing behind in the parent: no memory, descriptor, segment, mapping, thread or child; whether the
# configuration stays the same or changes. t/soak/restarts.t does it a thousand times.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Database;
use Dygw::Footprint;
use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server qw(free_port poll);

use constant WARM     => 5;
use constant RESTARTS => 25;
use constant SLACK    => (anonymous_kib => 96,      # what an allocator takes at once
                          children => 2);           # a spare one, or one that httpd is about to replace
use constant CHECKS   => 5;

my $sandbox = Dygw::Sandbox->start_new(any_client => 1);

# When the generations before are gone.
sub footprint {
    my ($server) = @_;
    poll { $server->child_pids <= $server->{children} } or die "old children stay\n";
    return Dygw::Footprint->of($server->pid);
}

sub graceful_times {
    my ($server, $times) = @_;
    $server->graceful(overlap => 1) for 1 .. $times;
    return footprint($server);
}

sub nothing_is_left {
    my ($server, $name) = @_;
    my $before = graceful_times($server, WARM);
    graceful_times($server, RESTARTS)->is_no_more_than($before, "$name: " . RESTARTS . ' graceful restarts',
        SLACK);
    $server->restart for 1 .. 3;
    footprint($server)->is_no_more_than($before, "$name: and three others", SLACK);
    return;
}

# --- the same configuration ---

for my $mpm (qw(prefork event)) {
    my $gateway = Dygw::Gateway->new(mpm => $mpm, sandbox => $sandbox, threads => 4);
    $gateway->start;
    $gateway->disconnect;
    $gateway->server->announce('DYGW0402');     # a restart may cut a call off
    nothing_is_left($gateway->server, $mpm);
    $gateway->wait_healthy;
    is($gateway->verify(code => $sandbox->mint_coupon->{code})->{status}, 200, "$mpm: it redeems");
    $gateway->disconnect;
    $gateway->server->check_log("$mpm: a clean log");
}

my $douyin = Dygw::Sandbox->start_new;
nothing_is_left($douyin->server, 'the sandbox');
$douyin->check_log;

# --- configurations that change ---

my $other = Dygw::Database->new('sqlite3');
my $port = free_port();
my $second = <<"END";
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
    DygwClientKey awothermerchant1
    DBDParams "${\ $other->params}"
</VirtualHost>
END
my $gateway = Dygw::Gateway->new(sandbox => $sandbox, threads => 4);
$gateway->start;
$gateway->disconnect;
$gateway->server->announce('DYGW0402');     # a restart may cut a call off
my @changes = (
    sub { $gateway->set(DygwNonceStore => 'shm 5000') },
    sub { $gateway->{more} = $second },
    sub { $gateway->set(DygwWorker => 'off') },
    sub { $gateway->set(DygwNonceStore => 'dbd') },
    sub { $gateway->{more} = '' },
    sub { $gateway->set(DygwNonceStore => undef, DygwWorker => undef) },
);

sub change_all {
    my ($times) = @_;
    for my $turn (1 .. $times) {
        for my $change (@changes) {
            $change->();
            $gateway->graceful(overlap => 1);
        }
    }
    return footprint($gateway->server);
}

my $before = change_all(1);
change_all(4)->is_no_more_than($before, 'configurations that come and go leave nothing behind', SLACK);
$gateway->wait_healthy;
is($gateway->verify(code => $sandbox->mint_coupon->{code})->{status}, 200, 'it redeems');

# --- configtest, beside a server that runs ---

$gateway->disconnect;
$before = footprint($gateway->server);
my $failed = grep { ($gateway->server->configtest)[0] } 1 .. CHECKS;
is($failed, 0, CHECKS . ' times configtest');
footprint($gateway->server)->is_no_more_than($before, 'leave nothing behind', SLACK);
is($gateway->verify(code => $sandbox->mint_coupon->{code})->{status}, 200, 'and do not disturb');
$gateway->finish;
done_testing;
