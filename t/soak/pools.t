#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Server tests with an APR that watches how pools are used: one takes each allocation from malloc and poisons what is
# freed, one aborts when two threads use a pool at once. build/debug-apr makes them. And restarts under valgrind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Cwd qw(abs_path);
use Test::More;

use Dygw::Server;

my $root = abs_path("$FindBin::Bin/../..");
my $out = Dygw::Server::out() . '/apr';
my @TESTS = map { "t/$_.t" } qw(fault/settle server/mpm server/restart server/redeem server/cancel server/enrich
    server/reconcile server/reports_csv server/webhook server/apps);
my @PREFORK = map { "t/server/$_.t" } qw(redeem cancel enrich);
# Restarts, where build/check has the demo, which is one process.
my $RESTARTS = 't/server/nonces.t';
my $VALGRIND = 'valgrind -q --vgdb=no --num-callers=40 --leak-check=full --errors-for-leak-kinds=definite ' .
    "--error-exitcode=99 --suppressions=$root/build/valgrind.supp";

system('sh', "$root/build/debug-apr", $out) == 0 or BAIL_OUT('APR cannot be built');

# Whether a test passes when httpd runs under a command.
sub passes {
    my ($name, $test, %environment) = @_;
    local %ENV = (%ENV, %environment);
    my $said = `'$^X' -It/lib '$test' 2>&1 </dev/null`;
    my $ok = ok($? == 0, "$name: $test");
    diag(grep { !/\Aok/ } $said =~ /^(.*\n)/mg) if !$ok;
    return;
}

chdir $root;
for my $apr (qw(pool-debug concurrency)) {
    # What is freed or new holds the byte's pattern.
    my %with = (DYGW_TEST_WRAP => "env LD_LIBRARY_PATH=$out/$apr MALLOC_PERTURB_=165");
    # With pool debugging, the parent's lock is held while the pool of a threaded child goes: a background thread that
    # wants a connection just then cannot have it any more.
    $with{DYGW_TEST_ANNOUNCE} = 'DYGW0320' if $apr eq 'pool-debug';
    passes($apr, $_, %with) for @TESTS;
    passes("$apr, prefork", $_, %with, DYGW_TEST_MPM => 'prefork') for @PREFORK;
}
# valgrind's children need longer to end than httpd waits.
passes('valgrind', $RESTARTS, DYGW_TEST_WRAP => $VALGRIND, DYGW_TEST_ANNOUNCE => 'AH00045');
done_testing;
