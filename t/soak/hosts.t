#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The storm of Dygw::Storm over three hosts on one database, ten minutes on each server database, while children, whole
# hosts, the database's connections and the database itself are killed, and hosts gracefully restarted.
#   DYGW_TEST_SEED=n repeats the choices of a run, DYGW_TEST_SECONDS=n runs shorter or longer, DYGW_TEST_DRIVER=mysql
#   on that one only.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::StormTest;

use constant SECONDS => $ENV{DYGW_TEST_SECONDS} || 600;

my %trouble = (child => 0.15, connections => 0.15, database => 0.04, graceful => 0.06, host => 0.06);
for my $driver ($ENV{DYGW_TEST_DRIVER} || qw(pgsql mysql)) {
    diag("three hosts on $driver");
    Dygw::StormTest::over_hosts(3, $driver, SECONDS, %trouble);
}
done_testing;
