#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# One of all children of all hosts does the background work. When it dies another takes over; it hands over when it is
# asked to go; and whoever leads, there is one token, renewed once for everybody.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Database;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(patience poll);

use constant TAKE_OVER => 15;   # seconds until another leads, of which the lease's life is 12
use constant HAND_OVER => 5;    # seconds: a look at the database, a busy machine
use constant NEWS      => 2;    # seconds until a change is known to other hosts
use constant AT_ONCE   => 12;

my $sandbox = Dygw::Sandbox->start_new(threads => 32);
my $database = Dygw::Database->new('pgsql');

sub gateway_named {
    my ($name) = @_;
    return Dygw::Gateway->new(name => $name, database => $database, sandbox => $sandbox, children => 3, threads => 8);
}

my $one = gateway_named('the first host');

sub lease { return $one->lease }

# Waits until somebody else than `before` holds the lease: the lease, and the seconds it took.
sub next_lease {
    my ($before, $seconds) = @_;
    my $began = time;
    my $lease = poll { my $now = lease(); $now && $now->{owner} ne $before->{owner} ? $now : undef } $seconds + 15;
    return ($lease, time - $began);
}

# How often a token was asked for; Douyin may give the same one again.
sub token_calls { return $sandbox->count('stable_client_token') }

# Many prepares at once through gateways; how many of them were not answered with 200.
sub failures_at_once {
    my (@gateways) = @_;
    my @handles = map {
        my $gateway = $gateways[ $_ % @gateways ];
        $gateway->client->begin(POST => '/coupons/prepare', { poi_id => POI, code => $sandbox->mint_coupon->{code} });
    } 1 .. AT_ONCE;
    return scalar grep { $_->{status} != 200 } map { $_->finish } @handles;
}

$one->start(allow_token_read => JSON::PP::true);
my $server = $one->server;

# --- three children of one host ---

is(token_calls(), 1, 'three children start with one token');
my $lease = poll { lease() };
my %child = map { $_ => 1 } $server->child_pids;
ok($child{ $lease->{pid} }, 'one of the children holds the lease');
like($server->log_text, qr/\[pid $lease->{pid}:tid \d+\] DYGW0313: /, 'and says so');
my $renewed = poll { my $now = lease(); $now && $now->{renewed_at} > $lease->{renewed_at} ? $now : undef };
is($renewed->{owner}, $lease->{owner}, 'it renews it');

$sandbox->kill_tokens;
is(failures_at_once($one), 0, 'the token is refused while three children serve: nobody notices');
is(token_calls(), 2, 'and it is renewed exactly once');
sleep 2;    # two looks of the background
is(token_calls(), 2, 'the background leaves it at that');

$server->kill_child($lease->{pid});
my ($next, $seconds) = next_lease($lease, TAKE_OVER);
ok($next, 'the child that leads is killed: another takes the lease') or die "nobody leads\n";
cmp_ok($seconds, '<', patience(TAKE_OVER), sprintf 'within %d s: %.1f', TAKE_OVER, $seconds);
%child = map { $_ => 1 } $server->child_pids;
ok($child{ $next->{pid} } && $next->{pid} != $lease->{pid}, 'it is one of the children that live');
$renewed = poll { my $now = lease(); $now && $now->{renewed_at} > $next->{renewed_at} ? $now : undef };
is($renewed->{owner}, $next->{owner}, 'and renews it');
is($one->health->{status}, 200, 'the host was well all the time');
$sandbox->kill_tokens;
is(failures_at_once($one), 0, 'under the new one the token is renewed for everybody');
is(token_calls(), 3, 'once');

my $before = lease();
my $began = time;
$one->graceful(overlap => 1);
($next) = next_lease($before, HAND_OVER);
$seconds = time - $began;
cmp_ok($seconds, '<', patience(HAND_OVER), sprintf 'graceful restart: the lease is handed over in %.1f s', $seconds);
poll { !kill 0, $before->{pid} };
%child = map { $_ => 1 } $server->child_pids;
ok($child{ $next->{pid} }, 'to a child of the new generation');

# --- two hosts on one database ---

my $two = gateway_named('the second host');
$two->{server}->start;
$two->wait_healthy;
# The same app, through the other host.
$two->{client} = Dygw::Client->new(%{ $one->client }, port => $two->server->port);
my $read = sub { my ($gateway) = @_; return $gateway->client->call(GET => '/douyin/access-token') };

is(lease()->{owner}, $next->{owner}, 'a second host does not take the lease');
is(token_calls(), 3, 'nor a token of its own');
my @tokens = map { $read->($_)->{json}{data}{access_token} } $one, $two;
like($tokens[0], qr/\Aclt\./, 'the first has the token');
is($tokens[1], $tokens[0], 'the second the same');

$sandbox->kill_tokens;
is(failures_at_once($one, $two), 0, 'the token is refused while both hosts serve: nobody notices');
is(token_calls(), 4, 'and it is renewed exactly once');
@tokens = ();
poll { @tokens = map { $read->($_)->{json}{data}{access_token} } $one, $two; $tokens[0] eq $tokens[1] };
is($tokens[1], $tokens[0], 'both have the same new one');

my $id = $one->app->{id};
for my $allowed (JSON::PP::false, JSON::PP::true) {
    my $status = $allowed ? 200 : 403;
    my $answer = $one->internal->call(PATCH => "/apps/$id/token-access", { allow_token_read => $allowed });
    $began = time;
    is($answer->{status}, 200, 'an app is changed at the first host');
    poll { $read->($two)->{status} == $status };
    $seconds = time - $began;
    cmp_ok($seconds, '<', patience(NEWS), sprintf 'the second knows after %.2f s', $seconds);
}

$before = lease();
$_->disconnect for $one, $two;
my ($holder, $other) = (grep { $_ == $before->{pid} } $one->server->child_pids) ? ($one, $two) : ($two, $one);
$holder->server->kill;
($next, $seconds) = next_lease($before, TAKE_OVER);
cmp_ok($seconds, '<', patience(TAKE_OVER), sprintf 'the leading host is killed: the other leads in %.1f s', $seconds);
ok((grep { $_ == $next->{pid} } $other->server->child_pids) ? 1 : 0, 'with one of its children');
$sandbox->kill_tokens;
is(failures_at_once($other), 0, 'and it serves');
is(token_calls(), 5, 'with a token that was renewed once');

$holder->server->start;
is($holder->wait_healthy->{status}, 200, 'the dead host comes back, healthy');
is(failures_at_once($one, $two), 0, 'both serve');
is(lease()->{owner}, $next->{owner}, 'the lease stays where it is');
is(token_calls(), 5, 'and so does the token');

$two->disconnect;
$two->server->check_log;
$one->finish;
done_testing;
