#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every MPM, and `httpd -X`: it redeems and settles; a nonce is accepted once by two generations that serve side by
# side; and children that end and begin all the time do no harm.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(poll slurp);
use Dygw::Traffic;

use constant PROCESSES   => 4;
use constant CONNECTIONS => 50;     # that a child serves
use constant CALLS       => 400;
use constant LOST        => 5;      # redemptions that Douyin carries out without saying so
use constant SETTLE_SEC  => 20;
use constant BURST       => 120;

my $TOKEN = '/douyin/access-token';
my %CLOSE = (headers => { Connection => 'close' });
my $sandbox = Dygw::Sandbox->start_new(threads => 32);

# Redemptions that are answered 202, because Douyin's answer does not arrive; their paths.
sub lose {
    my ($gateway, $count) = @_;
    my @paths;
    for (1 .. $count) {
        $sandbox->fault(call => 'verify', fault => 'status_after', times => -1);
        my $answer = $gateway->verify(code => $sandbox->mint_coupon->{code});
        $sandbox->clear;
        push @paths, "/verifications/$answer->{json}{data}{id}" if $answer->{status} == 202;
    }
    return @paths;
}

sub is_settled {
    my ($gateway, $name, @paths) = @_;
    my $began = time;
    my $settled = poll { !$gateway->rows('dygw_verifications', "verify_status <> 'success'") } SETTLE_SEC;
    return ok($settled && @paths, sprintf '%s: %d that were answered 202 are settled by the background in %.1f s',
        $name, scalar @paths, time - $began);
}

# --- two generations ---

# Bytes that are sent in two parts, the first of which a child has taken in.
sub begin_slowly {
    my ($gateway, $message) = @_;
    my $socket = $gateway->client->connection;
    print {$socket} substr $message, 0, 20;
    my $ends = sprintf '0100007F:%04X 0100007F:%04X', $gateway->server->port, $socket->sockport;
    # The kernel gives a connection an inode when it is accepted.
    poll { slurp('/proc/net/tcp') =~ /: \Q$ends\E (?:\S+ +){6,7}([1-9]\d*) / } or die "nobody accepts\n";
    return { socket => $socket, rest => substr $message, 20 };
}

sub finish_slowly {
    my ($request) = @_;
    my $socket = $request->{socket};
    print {$socket} $request->{rest};
    return Dygw::Client::Handle::read_answer($socket, 'GET') // die "no answer\n";
}

sub nonces_are_spent_once {
    my ($gateway, $name) = @_;
    my $client = $gateway->client;
    my ($before, $newer, $older) = map { $client->message(GET => $TOKEN, undef, %CLOSE) } 1 .. 3;
    is($client->raw($before)->{status}, 200, "$name: a request");
    my %old = map { $_ => 1 } $gateway->server->child_pids;
    my @slow = map { begin_slowly($gateway, $_) } $before, $newer, $older;
    $gateway->graceful(overlap => 1);
    is($client->raw($newer)->{status}, 200, "$name: another, of the new generation");
    ok((grep { $old{$_} } $gateway->server->child_pids) ? 1 : 0, "$name: the generation before serves on");
    error_is(finish_slowly($slow[0]), 401, 'replayed_nonce', "$name: it refuses what it has spent");
    error_is(finish_slowly($slow[1]), 401, 'replayed_nonce', "$name: and what the new one has spent");
    is(finish_slowly($slow[2])->{status}, 200, "$name: it spends a nonce");
    error_is($client->raw($_), 401, 'replayed_nonce', "$name: the new one refuses it") for $before, $newer, $older;
    poll { !grep { $old{$_} } $gateway->server->child_pids } or die "old children stay\n";
    error_is($client->raw($_), 401, 'replayed_nonce', "$name: and still does") for $before, $newer, $older;
    return;
}

# --- children that end all the time ---

sub children_come_and_go {
    my ($gateway, $mpm) = @_;
    my %seen;
    my @lost = lose($gateway, LOST);
    $gateway->disconnect;
    my $traffic = Dygw::Traffic->redeem($gateway, PROCESSES);
    $traffic->go_on(CALLS, sub { $seen{$_}++ for $gateway->server->child_pids });
    $traffic->stop_well("$mpm: MaxConnectionsPerChild " . CONNECTIONS);
    cmp_ok(scalar keys %seen, '>=', CALLS / CONNECTIONS, "$mpm: " . keys(%seen) . ' children were seen');
    is_settled($gateway, $mpm, @lost);
    is($gateway->health->{status}, 200, "$mpm: healthy");
    return;
}

# As many as the allowance gives, whichever child counts them.
sub the_allowance_outlives_children {
    my ($gateway, $mpm) = @_;
    $gateway->set(DygwRateLimit => '1 ' . BURST);
    $gateway->graceful;
    $gateway->wait_healthy;
    my $client = $gateway->client;
    my $began = time;
    my $accepted = 0;
    for (1 .. 2 * BURST) {
        $client->disconnect;
        $accepted++ if $client->call(GET => '/verifications/1', undef, %CLOSE)->{status} != 429;
    }
    my $most = BURST + 1 + time - $began;
    ok($accepted >= BURST && $accepted <= $most,
        sprintf '%s: %d of %d requests are within the allowance, %d at least and %d at most', $mpm, $accepted,
        2 * BURST, BURST, $most);
    $gateway->set(DygwRateLimit => undef);
    return;
}

for my $mpm (qw(prefork worker event)) {
    # With mod_reqtimeout a child of prefork that is to end drops the request of which it has read a part.
    my $gateway = Dygw::Gateway->new(mpm => $mpm, sandbox => $sandbox, children => 3, threads => 8,
                                     without => ['reqtimeout']);
    $gateway->server->announce('DYGW0125');
    $gateway->start(allow_token_read => JSON::PP::true);
    $gateway->server->announce(qw(DYGW0402 DYGW0404));

    nonces_are_spent_once($gateway, "$mpm: a graceful restart");
    $gateway->set(DygwNonceStore => 'shm 5000');
    nonces_are_spent_once($gateway, "$mpm: with a smaller table");
    $gateway->set(DygwNonceStore => 'shm 200000');
    nonces_are_spent_once($gateway, "$mpm: with a larger one");

    $gateway->{more} = 'MaxConnectionsPerChild ' . CONNECTIONS . "\n";
    $gateway->graceful;
    $gateway->wait_healthy;
    children_come_and_go($gateway, $mpm);
    the_allowance_outlives_children($gateway, $mpm);
    $gateway->disconnect;
    $gateway->server->check_log("$mpm: a clean log");
}

# --- one process ---

for my $mpm (qw(prefork event)) {
    my $gateway = Dygw::Gateway->new(mpm => $mpm, sandbox => $sandbox, one_process => 1, threads => 8);
    $gateway->start(allow_token_read => JSON::PP::true);
    $gateway->server->announce(qw(DYGW0402 DYGW0404));
    is(scalar $gateway->server->child_pids, 0, "-X with $mpm: there are no children");
    is($gateway->verify(code => $sandbox->mint_coupon->{code})->{json}{data}{verify_status}, 'success',
        "-X with $mpm: it redeems");
    is($gateway->client->call(GET => $TOKEN)->{status}, 200, "-X with $mpm: the token is read");
    is_settled($gateway, "-X with $mpm", lose($gateway, 2));
    my $seconds = $gateway->stop;
    cmp_ok($seconds, '<', Dygw::Server::patience(5), sprintf '-X with %s: stops in %.2f s', $mpm, $seconds);
    is($gateway->server->{exit}, 0, "-X with $mpm: and says that all is well");
    is($gateway->rows('dygw_audit', "action = 'token.read'"), 1, "-X with $mpm: the read is in the audit trail");
    $gateway->server->check_log("-X with $mpm: a clean log");
}

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
