#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Server tests with an APR that watches how pools are used: one takes each allocation from malloc and poisons what is
# freed, one aborts when two threads use a pool at once. build/debug-apr makes them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Server;

my $root = "$FindBin::Bin/../..";
my $out = Dygw::Server::out() . '/apr';
my @TESTS = map { "t/$_.t" } qw(server/mpm server/restart server/redeem server/verify_outcomes server/cancel
    server/enrich server/reconcile server/reports_csv server/webhook server/apps server/token server/audit fault/work);
my @PREFORK = map { "t/server/$_.t" } qw(redeem cancel enrich webhook apps);

system('sh', "$root/build/debug-apr", $out) == 0 or BAIL_OUT('APR cannot be built');

# Whether a test passes when httpd runs with that APR. What is freed or new holds the byte's pattern.
sub passes {
    my ($apr, $test, %more) = @_;
    local %ENV = (%ENV, %more, DYGW_TEST_WRAP => "env LD_LIBRARY_PATH=$out/$apr MALLOC_PERTURB_=165");
    # With pool debugging, the parent's lock is held while the pool of a threaded child goes: a background thread that
    # wants a connection just then cannot have it any more.
    $ENV{DYGW_TEST_ANNOUNCE} = 'DYGW0320' if $apr eq 'pool-debug';
    chdir $root;
    my $said = `'$^X' -It/lib '$test' 2>&1 </dev/null`;
    my $ok = ok($? == 0, "$apr: $test" . join '', map { " $_" } values %more);
    diag(grep { !/\Aok/ } $said =~ /^(.*\n)/mg) if !$ok;
    return;
}

for my $apr (qw(pool-debug concurrency)) {
    passes($apr, $_) for @TESTS;
    passes($apr, $_, DYGW_TEST_MPM => 'prefork') for @PREFORK;
}
done_testing;
