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

use Dygw::Gateway;
use Dygw::Storm;
use Dygw::StormTest;
use Dygw::Truth;

use constant SECONDS => $ENV{DYGW_TEST_SECONDS} || 600;

my $seed = Dygw::StormTest::seed();
my $gateway = Dygw::Gateway->new(driver => $ENV{DYGW_TEST_DRIVER} || 'pgsql', children => 3, threads => 24,
    sandbox => Dygw::StormTest::sandbox(SECONDS), directives => { DygwUpstreamTimeout => '500ms 600ms' });
$gateway->start;
Dygw::StormTest::announce($gateway);
Dygw::StormTest::run(Dygw::Storm->new(hosts => [$gateway], truth => Dygw::Truth->new($gateway), seconds => SECONDS,
    seed => $seed, cancels => 0.1, truthful => 1, calm => 0.5, trouble => { child => 0.2, connections => 0.3 }));
$gateway->finish;
done_testing;
