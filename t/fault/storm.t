#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The storm of Dygw::Storm over two hosts on one database, while children, whole hosts, the database's connections and
# the database itself are killed, and hosts gracefully restarted. t/soak/hosts.t has it for longer.
#   DYGW_TEST_SEED=n repeats the choices of a run, DYGW_TEST_SECONDS=n runs longer, DYGW_TEST_DRIVER=pgsql on another.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::StormTest;

use constant SECONDS => $ENV{DYGW_TEST_SECONDS} || 20;

Dygw::StormTest::over_hosts(2, $ENV{DYGW_TEST_DRIVER} || 'mysql', SECONDS, child => 0.2, connections => 0.2,
    database => 0.1, graceful => 0.1, host => 0.1);
done_testing;
