#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Redemptions that share commits: under load each caller hears its own outcome, on every database; a leader that hangs
# holds up only its own batch; what a child has written when it dies, or is about to, is settled by itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Database;
use Dygw::Gateway;
use Dygw::Metrics;
use Dygw::Sandbox;
use Dygw::Steps;
use Dygw::Traffic;
use Dygw::Truth;

use constant CALLERS => 12;
use constant CALLS   => 600;
use constant SETTLED => 60;     # seconds

my $sandbox = Dygw::Sandbox->start_new(threads => 64);

sub counted {
    my ($gateway, $work) = @_;
    my $page = Dygw::Metrics->scrape($gateway);
    return map { $page->total("dygw_database_${_}_total", work => $work) // 0 } qw(batches batched);
}

# --- under load ---

sub under_load {
    my ($driver) = @_;
    my $gateway = Dygw::Gateway->new(database => Dygw::Database->new($driver), sandbox => $sandbox, children => 1,
        threads => 24, name => "the gateway on $driver")->start(allow_token_read => \1);
    my $before = $sandbox->state->{double_redemptions};
    my $traffic = Dygw::Traffic->redeem($gateway, CALLERS);
    $traffic->go_on(CALLS);
    $traffic->stop_well("$driver: " . CALLERS . ' callers');
    for my $work (qw(insert settle)) {
        my ($batches, $requests) = counted($gateway, $work);
        cmp_ok($requests, '>', $batches, "$driver: $work: commits were shared");
    }
    my ($inserted) = (counted($gateway, 'insert'))[1];
    is($gateway->rows('dygw_verifications'), $inserted, "$driver: and each request has its row");
    is($gateway->rows('dygw_verifications', "verify_status <> 'success'"), 0, "$driver: which is a success");
    is($sandbox->state->{double_redemptions}, $before, "$driver: no coupon was redeemed twice");
    # The same coupon several times at once: one redeems it, and all hear of an outcome.
    my $coupon = $sandbox->mint_coupon;
    my $truth = Dygw::Truth->new($gateway);
    my @same = map { $truth->begin($coupon, code => $coupon->{code}) } 1 .. 6;
    $truth->finish($_) for @same;
    is(scalar(grep { $_->{answer} && $_->{answer}{status} =~ /\A20[02]\z/ } @same), 6, "$driver: one coupon at once");
    ok($truth->await_settled(SETTLED), "$driver: all is settled");
    is($gateway->rows('dygw_verifications', "origin_code = '$coupon->{code}' AND verify_status = 'success'"), 1,
        "$driver: ... is redeemed once");
    is($sandbox->state->{double_redemptions}, $before, "$driver: ... at Douyin, too");
    $gateway->disconnect;
    $gateway->server->check_log("$driver: the log");
    return;
}

under_load($_) for qw(sqlite3 pgsql mysql);

# --- at the steps of a batch ---

my $steps = Dygw::Steps->new;
my $gateway = Dygw::Gateway->new(database => Dygw::Database->new('pgsql'), sandbox => $sandbox, children => 1,
    threads => 24, steps => $steps)->start(allow_token_read => \1);
my $truth = Dygw::Truth->new($gateway);

sub begin_one {
    my $coupon = $sandbox->mint_coupon;
    return $truth->begin($coupon, code => $coupon->{code});
}

# Leads and hangs; the others do not wait for it.
sub hangs_at {
    my ($step) = @_;
    $steps->arm($step);
    my $leader = begin_one();
    $steps->reached($step);
    my @others = map { begin_one() } 1 .. 4;
    $truth->finish($_) for @others;
    is(join(' ', map { $_->{answer}{json}{data}{verify_status} } @others), join(' ', ('success') x 4),
        "$step: a leader that hangs holds up nobody else");
    $steps->release($step);
    $truth->finish($leader);
    is($leader->{answer}{json}{data}{verify_status}, 'success', "$step: and it ends well itself");
    return;
}

hangs_at($_) for qw(batch_taken batch_written);

# The child dies there, once before the commit, once behind it.
sub dies_at {
    my ($step, $rows) = @_;
    $gateway->server->announce(qw(AH10392));
    $steps->arm($step);
    my $attempt = begin_one();
    $steps->reached($step);
    $gateway->disconnect;
    $gateway->server->kill_child($gateway->server->child_pids);
    $truth->finish($attempt);
    $gateway->wait_healthy;
    ok($truth->await_settled(SETTLED), "$step: the child dies: all is settled by itself");
    my @rows = @{ $truth->rows_of($attempt) };
    is(scalar @rows, $rows, "$step: $rows rows");
    my $redeemed = $sandbox->coupon($attempt->{coupon}{code})->{status} == 2;
    is($redeemed, @rows && $rows[0]{verify_status} eq 'success' ? 1 : '', "$step: as Douyin has it");
    return;
}

dies_at(batch_taken => 0);
dies_at(batch_written => 1);

# --- connections that end, and a graceful restart ---

# Batches end in the middle, some in doubt: nobody hears of an outcome that does not come.
$gateway->server->announce(qw(DYGW0411 DYGW0414 DYGW0600 DYGW0601 DYGW0602 DYGW0310 DYGW0370));
my $cut = Dygw::Traffic->redeem($gateway, CALLERS);
$cut->go_on(400, sub { $gateway->database->kill_connections });
my ($calls, @failures) = $cut->stop;
is(scalar(grep { !/\A(?:202|503) |"verify_status":"processing"/ } @failures), 0,
    "connections end under $calls calls: success, or the truth about what is not known")
    or diag(@failures[0 .. ($#failures > 3 ? 3 : $#failures)]);
ok($truth->await_settled(SETTLED), '... all is settled');
is($gateway->rows('dygw_verifications', "verify_status NOT IN ('success', 'failed')"), 0, '... to an end');
is($gateway->database->query('SELECT COUNT(*) FROM (SELECT origin_code FROM dygw_verifications ' .
    "WHERE verify_status = 'success' GROUP BY origin_code HAVING COUNT(*) > 1) AS twice"), 0, '... each code once');

my $traffic = Dygw::Traffic->redeem($gateway, 6);
$traffic->go_on(60);
$gateway->graceful;
$traffic->go_on(60);
$traffic->stop_well('a graceful restart');

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
