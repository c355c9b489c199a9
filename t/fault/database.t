#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The database goes away at each step of a redemption, loses its connections, is not there at the start, or keeps a
# table locked: callers hear what is recorded, in time, nothing is redeemed that is not, and all heals without a
# restart.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Handle;
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(patience poll);
use Dygw::Traffic;
use Dygw::Truth;

use constant AT_ONCE       => 12;
use constant IN_TIME       => 3;    # seconds: a connection that is tried for one, the token, a busy machine
use constant HOLD_MS       => 2500;
use constant PROCESSES     => 4;
use constant KILLS         => 6;
use constant TABLES        => qw(dygw_meta dygw_apps dygw_tokens dygw_leases dygw_verifications dygw_nonces
    dygw_idempotency dygw_webhooks);

my $sandbox = Dygw::Sandbox->start_new(threads => 32);
my ($gateway, $truth, $database, $driver);

# How long a statement waits for a lock: as DBDParams of the tests says, and as the module says.
my %LOCK_WAIT = (pgsql => 2, mysql => 5);

sub in_time {
    my ($began, $name, $lock_wait) = @_;
    cmp_ok(time - $began, '<', patience(IN_TIME) + ($lock_wait // 0), "$name: in time");
    return;
}

sub redeems {
    my ($name) = @_;
    my $coupon = $sandbox->mint_coupon;
    my $attempt = $truth->verify($coupon, code => $coupon->{code});
    $truth->agrees($attempt, "$name: redeemed", status => 200, verify_status => 'success', applied => 1);
    return;
}

# Many redemptions while the database cannot do it: refused, in time, and Douyin was asked nothing that redeems.
sub all_refused {
    my ($name, $lock_wait) = @_;
    my $verifies = $sandbox->count('verify');
    my $began = time;
    my @attempts = map { my $coupon = $sandbox->mint_coupon; $truth->begin($coupon, code => $coupon->{code}) }
        1 .. AT_ONCE;
    $truth->finish($_) for @attempts;
    in_time($began, $name, $lock_wait);
    my %heard;
    $heard{ $_->{answer} ? "$_->{answer}{status} $_->{answer}{json}{code}" : 'nothing' }++ for @attempts;
    is_deeply(\%heard, { '503 database_unavailable' => AT_ONCE }, "$name: 503 database_unavailable, all of them");
    is($sandbox->count('verify'), $verifies, "$name: no verify was sent");
    return @attempts;
}

sub nothing_recorded {
    my ($name, @attempts) = @_;
    is(scalar map({ @{ $truth->rows_of($_) } } @attempts), 0, "$name: nothing was recorded");
    return;
}

# Begins a redemption that Douyin has done and does not answer yet.
sub in_between {
    my $coupon = $sandbox->mint_coupon;
    $sandbox->fault(call => 'verify', fault => 'hang', ms => HOLD_MS);
    my $attempt = $truth->begin($coupon, code => $coupon->{code});
    poll { $sandbox->coupon($coupon->{code})->{status} == 2 } or die "no verify arrives\n";
    return $attempt;
}

sub is_processing {
    my ($attempt, $name) = @_;
    my $answer = $attempt->{answer};
    is($answer ? $answer->{status} : 'none', 202, "$name: 202") or diag($answer ? $answer->{body} : '');
    is($answer->{json}{data}{verify_status}, 'processing', "$name: processing");
    return;
}

# Another session that locks a table until the handle is closed.
sub lock_table {
    my ($table) = @_;
    my $lock = $driver eq 'pgsql' ? "BEGIN; LOCK TABLE $table" : "LOCK TABLES $table WRITE";
    return $database->hold("$lock; SELECT 'held'");
}

# --- the cases ---

sub stopped_before {
    my $name = "$driver: stopped before the record";
    $database->stop;
    my @attempts = all_refused($name);
    my $degraded = poll { my $health = $gateway->health; $health->{status} == 503 ? $health : undef };
    is($degraded->{json}{checks}{database}, 'unreachable', "$name: health says so");
    $database->start;
    nothing_recorded($name, @attempts);
    redeems("$name, and back: the first request");
    is($gateway->wait_healthy->{status}, 200, "$name, and back: healthy");
    return;
}

sub stopped_between {
    my $name = "$driver: stopped between record and outcome";
    my $attempt = in_between();
    $database->stop;
    my $began = time;
    $truth->finish($attempt);
    in_time($began, $name, HOLD_MS / 1000);
    is_processing($attempt, $name);
    $database->start;
    $truth->agrees($attempt, "$name, and back: the record says the same", status => 202,
        verify_status => 'processing', applied => 1);
    redeems("$name, and back: the first request");
    return;
}

sub killed_connections {
    for my $round (1 .. 3) {
        $database->kill_connections;
        redeems("$driver: connections killed, round $round: request $_") for 1 .. 3;
    }
    my @coupons = map { $_->{coupons}[0] } map { $sandbox->mint(orders => 900) } 1 .. 3;
    my $turn = 0;
    $gateway->disconnect;       # each caller has a connection of its own
    my $traffic = Dygw::Traffic->start(PROCESSES, sub {
        my ($process) = @_;
        my $coupon = $coupons[ PROCESSES * $turn++ + $process ] or return sleep 0.1;
        my $answer = $gateway->client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} });
        die "$answer->{status} $answer->{body}\n" if $answer->{status} != 200;
        die "$answer->{body}\n" if $answer->{json}{data}{verify_status} ne 'success';
    });
    for (1 .. KILLS) {
        $traffic->go_on(25);
        $database->kill_connections;
    }
    $traffic->go_on(25);
    my ($calls, @failures) = $traffic->stop;
    splice @failures, 5 if @failures > 5;
    is("@failures", '', "$driver: connections killed under traffic: none of $calls requests fails");
    return;
}

sub locked_table {
    my $name = "$driver: the records are locked";
    # No connection that died unnoticed: what was sent over it would be in doubt, and answered 202.
    $gateway->graceful;
    my $session = lock_table('dygw_verifications');
    my @attempts = all_refused($name, $LOCK_WAIT{$driver});
    close $session;
    nothing_recorded($name, @attempts);
    redeems("$name, and free again");

    $name = "$driver: the records are locked between record and outcome";
    my $attempt = in_between();
    $session = lock_table('dygw_verifications');
    my $began = time;
    $truth->finish($attempt);
    in_time($began, $name, HOLD_MS / 1000 + $LOCK_WAIT{$driver});
    is_processing($attempt, $name);
    close $session;
    $truth->agrees($attempt, "$name: the record says the same", status => 202, verify_status => 'processing',
        applied => 1);
    redeems("$name, and free again");
    return;
}

sub absent_at_start {
    my $name = "$driver: not there at the start";
    $gateway->stop;
    $database->stop;
    $gateway->server->start;
    my $health = poll { my $answer = $gateway->health; $answer->{json}{status} ? $answer : undef };
    is("$health->{status} $health->{json}{status} $health->{json}{checks}{database}", '503 degraded unreachable',
        "$name: httpd serves, health says so");
    is($gateway->plain->call(GET => '/health/live')->{status}, 200, "$name: it lives");
    all_refused($name);
    $database->start;
    is($gateway->wait_healthy->{status}, 200, "$name, and then there: healthy without a restart");
    redeems("$name, and then there");
    return;
}

sub empty_and_absent_at_start {
    my $name = "$driver: not there at the start, and empty";
    $gateway->stop;
    $database->query("DROP TABLE $_") for TABLES;
    $database->stop;
    $gateway->server->start;
    is($gateway->health->{status}, 503, "$name: httpd serves");
    $database->start;
    is($gateway->wait_healthy->{status}, 200, "$name: the tables are made when it comes");
    ($gateway->{client}) = $gateway->create_app;
    redeems($name);
    return;
}

for (qw(pgsql mysql)) {
    $driver = $_;
    $gateway = Dygw::Gateway->new(driver => $driver, sandbox => $sandbox, children => 2, threads => 8,
        directives => { DygwUpstreamTimeout => '1s 5s' });
    $gateway->start;
    $gateway->server->announce(qw(DYGW0310 DYGW0370 DYGW0311 DYGW0346 DYGW0411 DYGW0600 DYGW0601));
    # While the background waits for a lock, its calls to Douyin wait for it, up to their time-out.
    $gateway->server->announce(qw(DYGW0500));
    # What mod_dbd says when it has no connection.
    $gateway->server->announce(qw(AH00629 AH00633 AH00636 AH00639 AH02655));
    $truth = Dygw::Truth->new($gateway);
    $database = $gateway->database;
    stopped_before();
    stopped_between();
    killed_connections();
    locked_table();
    absent_at_start();
    empty_and_absent_at_start();
    $gateway->disconnect;
    $gateway->server->check_log("$driver: the log tells of the database, and of nothing else");
    $database->destroy;
}

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
