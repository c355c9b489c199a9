#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The storm of Dygw::Storm for ten minutes, with cancels, and with the background at work all the time. At the end
# Douyin is well, all is settled, and says what Douyin says.
#   DYGW_TEST_SEED=n repeats the choices of a run, DYGW_TEST_SECONDS=n runs shorter or longer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(time);

use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Storm;
use Dygw::Truth;

use constant SECONDS    => $ENV{DYGW_TEST_SECONDS} || 600;
use constant QUICK_SEC  => 60;
use constant SETTLE_SEC => 150;     # as in t/fault/random.t
use constant QUARTER_MS => 901_000;

my $seed = $ENV{DYGW_TEST_SEED} || int(time * 1000) % 1_000_000_000;
diag("DYGW_TEST_SEED=$seed");

my $coupons = 1000 + Dygw::Storm::CALLERS * Dygw::Storm::PER_SEC * SECONDS;
my $sandbox = Dygw::Sandbox->new(threads => 96, conf => "DygwSandboxCoupons $coupons");
my $gateway = Dygw::Gateway->new(driver => $ENV{DYGW_TEST_DRIVER} || 'pgsql', sandbox => $sandbox, children => 3,
    threads => 24, directives => { DygwUpstreamTimeout => '500ms 600ms' });
$gateway->start;
$gateway->server->announce(qw(DYGW0210 DYGW0402 DYGW0404 DYGW0500 DYGW0501 DYGW0511 AH10392));
$gateway->server->announce(qw(DYGW0310 DYGW0411 DYGW0600 DYGW0601 AH00629 AH00639 AH02655));
my $truth = Dygw::Truth->new($gateway);
my $storm = Dygw::Storm->new(gateway => $gateway, truth => $truth, seconds => SECONDS, seed => $seed,
    cancels => 0.1, truthful => 1, kill => 0.05, cut => 0.1);

# What its caller has given up, and is unused, is only sure a quarter of an hour later, and so are those that fight
# with it: that time is made to pass.
sub await_settled {
    return 1 if $truth->await_settled(QUICK_SEC);
    my $left = "verify_status = 'processing'";
    my ($open, $given_up) = map { scalar $gateway->rows('dygw_verifications', $_) } $left,
        "$left AND cancel_since IS NOT NULL";
    diag("$given_up of $open open after ${\ QUICK_SEC} s are given up");
    $gateway->database->query('UPDATE dygw_verifications SET sent_at = sent_at - ' . QUARTER_MS .
        ", next_run_at = 1, revision = revision + 1 WHERE $left");
    return $truth->await_settled(SETTLE_SEC);
}

my ($calls, @failures) = $storm->run;
is(scalar @failures, 0, "$calls turns of callers") or diag(map { "$_\n" } @failures[ 0 .. ($#failures > 9 ? 9 : -1) ]);
my $began = time;
my $settled = await_settled();
$storm->take_verifies;
my $took = time - $began;
my @wrong = $storm->compare('final_faults');
my ($changed, $repeated) = $storm->changed_repetitions;
my $state = $sandbox->state;
my %records = %{ $storm->{records} };

diag(sprintf '%d answers: %s', $storm->{answers},
    join ', ', map { "$storm->{statuses}{$_} x $_" } sort keys %{ $storm->{statuses} });
diag('records: ' . join ', ', map { "$records{$_} $_" } sort keys %records);
diag(sprintf '%d children killed; settled %.0f s after the storm', $storm->killed, $took);
diag(sprintf '%d prepares, %d verify_tokens sent, %d verifies, %d of them repetitions', $state->{calls}{prepare},
    $storm->{tokens_sent}, $state->{calls}{verify}, $repeated);
diag("at most $state->{order_queries_peak} order queries in a second, with those that libcurl sent again");
diag('double: ' . grep { /more than once|times for this record/ } @wrong);
diag('lost: ' . grep { /failed, and Douyin redeemed it|redeemed, with/ } @wrong);
diag('false: ' . grep { /and Douyin has/ } @wrong);
diag('left in processing: ' . ($records{processing} // 0));

ok($settled, 'all is settled when Douyin is well again');
is(scalar @wrong, 0, 'every record says what Douyin says');
splice @wrong, 20 if @wrong > 20;
diag(map({ "$_\n" } @wrong), $storm->evidence(2)) if @wrong;
is_deeply($changed, [], 'what was sent again was the same to the last byte');
cmp_ok($storm->{tokens_sent}, '<=', $state->{calls}{prepare}, 'each verify had a prepare of its own');
is($state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
