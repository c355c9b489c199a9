#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Callers all the while, and the database restarts, crashes, is replaced by another server, stands still, or cannot be
# reached, and SQLite's file is locked: every caller is answered in time, with an outcome that is true or with 503 and
# when to come again; no child dies; and the first request after it is back succeeds.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Database;
use Dygw::Gateway;
use Dygw::Outage;
use Dygw::Relay;
use Dygw::Sandbox;
use Dygw::Server qw(patience poll slurp);
use Dygw::Traffic;
use Dygw::Truth;

use constant CALLERS  => 6;
use constant AT_ONCE  => 16;
use constant LIMIT    => 2;         # seconds: DygwDatabaseTimeout
use constant CONNECT  => 3;         # the connect time-out of the tests' DBDParams
use constant LOOK     => 1;         # between two looks of the watch
use constant SLACK    => 4;         # a busy machine
use constant HOLD     => 8;         # longer than it takes to give up and to fail to find out
use constant SCHEMA   => { pgsql => 'to_regclass', mysql => 'information_schema' };     # what the parent asks first
use constant CALLS_BETWEEN => 20;
use constant OUTAGES  => 6;
use constant CALLS    => 80;        # at most, of one caller in an outage
use constant MINT     => 720;       # at a time

# A request that looks at the apps' version, records, and finds out whether it has: for each a connection that does not
# answer, and a new one that is tried.
use constant BOUND    => 3 * (LIMIT + LOOK + CONNECT) + SLACK;

my $sandbox = Dygw::Sandbox->start_new(threads => 32);
my ($driver, $relay, $database, $gateway, $truth, $dir, @coupons);

# --- the callers ---

my ($log, $turn);

# Over a connection of its own: a client would send it again over another when a kept one breaks.
sub call_once {
    my ($caller) = @_;
    if (!$log) {
        open $log, '>>', "$dir/$caller" or die "$dir/$caller: $!";
        $log->autoflush(1);
    }
    my $coupon = $turn++ < CALLS ? $coupons[ CALLERS * ($turn - 1) + $caller ] : undef;
    return sleep 0.1 if !$coupon;
    my $attempt = $truth->attempt($coupon, code => $coupon->{code});
    $gateway->client->disconnect;
    my $began = time;
    my $answer = eval { $gateway->client->call(@{ $attempt->{call} }) };
    print {$log} encode_json({ request_id => $attempt->{request_id}, code => $coupon->{code}, took => time - $began,
        outcome($answer) }), "\n";
    sleep 0.05 if !$answer || $answer->{status} != 200;
    return;
}

sub outcome {
    my ($answer) = @_;
    return (status => 0) if !$answer;
    return (status => $answer->{status}, body => $answer->{json}, retry_after => $answer->{headers}{'retry-after'});
}

sub heard { return map { map { decode_json($_) } split /\n/, slurp("$dir/$_") } 0 .. CALLERS - 1 }

sub is_proper {
    my ($call) = @_;
    return 1 if $call->{status} == 200 || $call->{status} == 202;
    return $call->{status} == 503 && $call->{retry_after}
        && $call->{body}{code} =~ /\A(?:database|token)_unavailable\z/;
}

# What callers heard during an outage.
sub answers_are_proper {
    my ($name, @calls) = @_;
    my @bad = grep { !is_proper($_) } @calls;
    is(@bad, 0, "$name: each of " . @calls . ' calls is answered, with an outcome or with 503 and Retry-After')
        or diag(explain([ splice @bad, 0, 3 ]));
    my ($longest) = sort { $b <=> $a } map { $_->{took} } @calls;
    cmp_ok($longest, '<', patience(BOUND), "$name: in time");
    my %count;
    $count{ $_->{status} }++ for @calls;
    diag(sprintf '%s: %s; the longest took %.1f s', $name, join(', ', map { "$count{$_} x $_" } sort keys %count),
        $longest);
    return;
}

sub redeems {
    my ($name) = @_;
    my $coupon = $sandbox->mint_coupon;
    $gateway->disconnect;
    my $began = time;
    my $attempt = $truth->verify($coupon, code => $coupon->{code});
    my $took = time - $began;
    $truth->agrees($attempt, $name, status => 200, verify_status => 'success', applied => 1);
    return $took;
}

# A cancel that the server carries out when nobody waits for it any more: the caller must not have heard that nothing
# was done. Gives the record's id: the background cancels it, later.
sub cancel_late {
    my $name = "$driver: a cancel whose record waits for a lock";
    my $coupon = $sandbox->mint_coupon;
    my $id = $truth->verify($coupon, code => $coupon->{code})->{answer}{json}{data}{id};
    poll { !$gateway->rows('dygw_verifications', "id = $id AND enrichment_status = 'pending'") };
    my $session = $database->hold("BEGIN; SELECT 'held' FROM dygw_verifications WHERE id = $id FOR UPDATE");
    my $began = time;
    my $answer = $gateway->client->call(POST => '/coupons/cancel', { verification_id => $id });
    cmp_ok(time - $began, '<', patience(BOUND), "$name: is answered in time");
    is("$answer->{status} " . ($answer->{headers}{location} // ''), "202 /v1/open/verifications/$id",
        "$name: with 202, and where to look");
    close $session;
    ok(scalar(poll { $gateway->rows('dygw_verifications', "id = $id AND cancel_since IS NOT NULL") }),
        "$name: it is recorded when the lock is gone");
    return $id;
}

# An outage under traffic.
sub outage {
    my ($outage) = @_;
    my $name = "$driver: $outage->{name}";
    my %before = map { $_->{request_id} => 1 } heard();
    ($log, $turn) = (undef, 0);
    $gateway->disconnect;
    my $traffic = Dygw::Traffic->start(CALLERS, \&call_once);
    $traffic->go_on(CALLS_BETWEEN);
    $outage->{break}->();
    sleep $outage->{hold};
    my $told = grep { !$before{ $_->{request_id} } && $_->{status} =~ /503|202/ } heard();
    ok($told, "$name: callers are told while it lasts") if $outage->{is_told};
    $outage->{repair}->();
    my $took = redeems("$name: the first request after it succeeds");
    diag(sprintf '%s: %.2f s from there to the first success', $name, $took);
    $traffic->go_on(CALLS_BETWEEN);
    my (undef, @failures) = $traffic->stop;
    is("@failures", '', "$name: the callers themselves are well");
    splice @coupons, 0, CALLERS * CALLS;
    my @calls = grep { !$before{ $_->{request_id} } } heard();
    cmp_ok(scalar @calls, '>=', 2 * CALLS_BETWEEN, "$name: there were calls");
    answers_are_proper($name, @calls);
    return;
}

# Many at once find a network without a way to the server: none of them waits for the others' turns.
sub nowhere {
    my $name = "$driver: no way to the server";
    $gateway->graceful;     # the new children have hardly a connection yet
    redeems("$name: at first there is one");
    $relay->vanish;
    my $began = time;
    my @attempts = map { my $coupon = $sandbox->mint_coupon; $truth->begin($coupon, code => $coupon->{code}) }
        1 .. AT_ONCE;
    my @heard = map { my $answer = $truth->finish($_)->{answer}; +{ took => time - $began, outcome($answer) } }
        @attempts;
    answers_are_proper($name, @heard);
    is(scalar(grep { $_->{status} == 503 || $_->{status} == 202 } @heard), AT_ONCE, "$name: 503 or 202, all of them");
    $relay->pass;
    redeems("$name, and then there is: the first request");
    return;
}

# It goes while httpd restarts, between connecting and the first question of the parent. httpd goes on, and in time.
sub away_at_restart {
    my ($how) = @_;
    my $name = "$driver: the server goes while httpd restarts ($how)";
    $relay->trap($how => SCHEMA->{$driver});
    my $began = time;
    ok(eval { $gateway->graceful(overlap => 1); 1 }, "$name: httpd goes on") or diag($@);
    cmp_ok(time - $began, '<', patience(LIMIT + LOOK + CONNECT + SLACK), "$name: in time");
    $relay->pass;
    redeems("$name: the first request after it is back");
    return;
}

sub is_cancelled {
    my ($id) = @_;
    $gateway->disconnect;
    my $view = $gateway->client->call(GET => "/verifications/$id")->{json}{data};
    is($view->{verify_status}, 'cancelled', "$driver: the late cancel is carried out");
    return;
}

sub all_is_true {
    ok($truth->await_settled, "$driver: what was left open is settled");
    my %rows;
    push @{ $rows{ $_->{request_id} } }, $_ for $truth->rows_where('1 = 1');
    my @wrong;
    my %in_doubt = map { $_ => 1 } $gateway->in_doubt;     # then there may be no record after 202, either
    for my $call (heard()) {
        next if $call->{status} == 202 && $in_doubt{ $call->{request_id} } && !$rows{ $call->{request_id} };
        my $attempt = { request_id => $call->{request_id} };
        $attempt->{answer} = { status => $call->{status}, json => $call->{body} } if $call->{status};
        push @wrong, map { "$call->{request_id} ($call->{status}): $_" }
            $truth->final_faults($attempt, $rows{ $call->{request_id} } // [], $sandbox->coupon($call->{code}));
    }
    is(@wrong, 0, "$driver: what callers heard agrees with records and coupons") or diag(join "\n", @wrong);
    return;
}

# A gateway on that database.
sub begin {
    $dir = tempdir('dygw-heard-XXXXXX', DIR => '/tmp', CLEANUP => 1);
    @coupons = map { @{ $_->{coupons} } } map { $sandbox->mint(orders => MINT) } 1 .. OUTAGES * CALLERS * CALLS / MINT;
    # A lock is waited for longer than an answer.
    my $params = $database->params =~ s/lock_timeout=2000/lock_timeout=5000/r;
    $gateway = Dygw::Gateway->new(database => $database, sandbox => $sandbox, children => 2, threads => 8,
        directives => { DBDParams => qq("$params"), DygwUpstreamTimeout => '1s 5s',
                        DygwDatabaseTimeout => LIMIT . 's' });
    $gateway->start;
    $gateway->server->announce(qw(DYGW0310 DYGW0370 DYGW0311 DYGW0320 DYGW0346 DYGW0411 DYGW0413 DYGW0414 DYGW0456),
        qw(DYGW0500 DYGW0600 DYGW0601 DYGW0610));
    # What mod_dbd says when it has no connection.
    $gateway->server->announce(qw(AH00629 AH00633 AH00636 AH00639 AH02655));
    $truth = Dygw::Truth->new($gateway);
    return;
}

sub end {
    my (@cancelled) = @_;
    all_is_true();
    is_cancelled($_) for @cancelled;
    $gateway->disconnect;
    $gateway->server->check_log("$driver: no child died, and nothing else was wrong");
    $database->destroy;
    return;
}

for (qw(pgsql mysql)) {
    $driver = $_;
    $relay = Dygw::Relay->new;
    $database = Dygw::Database->new($driver, durable => 1, through => $relay);
    $relay->target($database->socket_path);
    begin();
    my $cancelled = cancel_late();
    outage($_) for Dygw::Outage::of($database, HOLD);
    nowhere();
    away_at_restart($_) for qw(cut refuse freeze);
    end($cancelled);
}

$driver = 'sqlite3';
$database = Dygw::Database->new($driver);
begin();
$gateway->server->announce('DYGW0603');
outage($_) for Dygw::Outage::of($database, HOLD);
end();

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
