# SPDX-License-Identifier: Apache-2.0
# A storm from its beginning to its end, as tests and figures: when all is well again all is settled, and says what
# Douyin says.
#
#   Dygw::StormTest::run($storm);
#   Dygw::StormTest::over_hosts(3, 'pgsql', 600, child => 0.2, host => 0.05);     # with hosts of its own
package Dygw::StormTest;

use strict;
use warnings;

use Test::More ();
use Time::HiRes qw(time);

use Dygw::Database;
use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Storm;
use Dygw::Truth;

use constant QUICK_SEC  => 60;
use constant ROUNDS     => 6;
use constant ROUND_SEC  => 30;
use constant QUARTER_MS => 901_000;
use constant REVIEW_MS  => 49 * 3_600_000 + 1000;

my $OPEN = "verify_status = 'processing'";
my $GIVEN_UP = "$OPEN AND (cancel_since IS NOT NULL OR refused_code IS NOT NULL)";
my $SOON = "$Dygw::Truth::ERRAND OR $OPEN AND COALESCE(encrypted_code, '') NOT IN " .
    "(SELECT encrypted_code FROM dygw_verifications WHERE $GIVEN_UP AND encrypted_code IS NOT NULL)";

# What is unused and may not be sent again (given up, refused, or answered "used" once) is only sure a quarter of an
# hour later, what is under review after 49 hours, and so are those that fight with it: that time is made to pass.
sub make_time_pass {
    my ($gateway) = @_;
    $gateway->database->query('UPDATE dygw_verifications SET sent_at = sent_at - ' . QUARTER_MS .
        ', review_since = review_since - ' . REVIEW_MS . ", next_run_at = 1, revision = revision + 1 WHERE $OPEN");
    return;
}

# One that is settled leaves others of its coupon that wait anew.
sub await_settled {
    my ($truth, $seconds) = @_;
    my $gateway = $truth->gateway;
    $truth->await_none($SOON, $seconds);
    my ($open, $given_up) = map { scalar $gateway->rows('dygw_verifications', $_) } $OPEN, $GIVEN_UP;
    Test::More::diag("$given_up of $open that wait are given up or refused") if $open;
    for (1 .. ROUNDS) {
        make_time_pass($gateway);
        return 1 if $truth->await_settled(ROUND_SEC);
    }
    return 0;
}

# DYGW_TEST_SEED repeats the choices of a run.
sub seed {
    my $seed = $ENV{DYGW_TEST_SEED} || int(time * 1000) % 1_000_000_000;
    Test::More::diag("DYGW_TEST_SEED=$seed");
    return $seed;
}

sub sandbox {
    my ($seconds) = @_;
    my $coupons = 1000 + Dygw::Storm::CALLERS * Dygw::Storm::PER_SEC * $seconds;
    return Dygw::Sandbox->new(threads => 96, conf => "DygwSandboxCoupons $coupons");
}

# What a gateway may say: to failing Douyin, to a database that goes and that is away at a start, to children that die.
sub announce {
    my ($gateway) = @_;
    $gateway->server->announce(qw(DYGW0210 DYGW0402 DYGW0404 DYGW0415 DYGW0500 DYGW0501 DYGW0511),
        qw(DYGW0310 DYGW0370 DYGW0411 DYGW0413 DYGW0414 DYGW0454 DYGW0455 DYGW0600 DYGW0601 AH00629 AH00639 AH02655),
        qw(DYGW0346 DYGW0456 AH00633 AH00636), 'AH10392');
    return;
}

# So many hosts on one durable database, with what befalls them, see Dygw::Trouble.
sub over_hosts {
    my ($count, $driver, $seconds, %trouble) = @_;
    my $seed = seed();
    my %common = (database => Dygw::Database->new($driver, durable => 1), sandbox => sandbox($seconds), children => 2,
        threads => 12, directives => { DygwUpstreamTimeout => '500ms 600ms', DygwNonceStore => 'dbd' });
    my @hosts = map { Dygw::Gateway->new(%common, name => "host $_") } 1 .. $count;
    $hosts[0]->start;
    $_->start_beside($hosts[0]) for @hosts[ 1 .. $#hosts ];
    announce($_) for @hosts;
    run(Dygw::Storm->new(hosts => \@hosts, truth => Dygw::Truth->new($hosts[0]), seconds => $seconds, seed => $seed,
        cancels => 0.1, truthful => 1, trouble => \%trouble));
    $_->disconnect for @hosts;
    $_->server->check_log for @hosts[ 1 .. $#hosts ];
    $hosts[0]->finish;
    return;
}

sub run {
    my ($storm) = @_;
    my ($calls, @failures) = $storm->run;
    Test::More::is(scalar @failures, 0, "$calls turns of callers")
        or Test::More::diag(map { "$_\n" } @failures[ 0 .. ($#failures > 9 ? 9 : -1) ]);
    my $began = time;
    my $settled = await_settled($storm->{truth}, $storm->{seconds} < QUICK_SEC ? $storm->{seconds} : QUICK_SEC);
    my $took = time - $began;
    $storm->take_verifies;
    my @wrong = $storm->compare('final_faults');
    my ($changed, $repeated) = $storm->changed_repetitions;
    my $state = $storm->sandbox->state;

    figures($storm, $state, $took, $repeated, @wrong);
    Test::More::ok($settled, 'all is settled when all is well again');
    Test::More::is(scalar @wrong, 0, 'every record says what Douyin says');
    splice @wrong, 20 if @wrong > 20;
    Test::More::diag(map({ "$_\n" } @wrong), $storm->evidence(2)) if @wrong;
    Test::More::is_deeply($changed, [], 'what was sent again was the same to the last byte');
    Test::More::cmp_ok($storm->{tokens_sent}, '<=', $state->{calls}{prepare}, 'each verify had a prepare of its own');
    Test::More::is($state->{double_redemptions}, 0, 'no coupon was redeemed twice');
    return;
}

sub figures {
    my ($storm, $state, $took, $repeated, @wrong) = @_;
    my %records = %{ $storm->{records} };
    my @lines = (
        sprintf('%d answers: %s', $storm->{answers},
            join ', ', map { "$storm->{statuses}{$_} x $_" } sort keys %{ $storm->{statuses} }),
        "$storm->{replays} of them replays",
        'records: ' . join(', ', map { "$records{$_} $_" } sort keys %records),
        sprintf('%s; settled %.0f s after the storm', $storm->trouble->summary, $took),
        sprintf('%d prepares, %d verify_tokens sent, %d verifies, %d of them repetitions', $state->{calls}{prepare},
            $storm->{tokens_sent}, $state->{calls}{verify}, $repeated),
        "at most $state->{order_queries_peak} order queries in a second",
        'double: ' . grep({ /more than once|times for this record/ } @wrong),
        'lost: ' . grep({ /failed, and Douyin redeemed it|redeemed, with/ } @wrong),
        'false: ' . grep({ /and Douyin has/ } @wrong),
        'left in processing: ' . ($records{processing} // 0),
    );
    Test::More::diag($_) for @lines;
    return;
}

1;
