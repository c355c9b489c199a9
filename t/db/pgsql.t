# SPDX-License-Identifier: Apache-2.0
# The store's contract on PostgreSQL, and what the server sees of a redemption.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use Dygw::DbSuite;

use constant REDEMPTIONS => 20;

my $database = Dygw::DbSuite::contract('pgsql');
Dygw::DbSuite::memory($database, 5000);

# Every statement that reaches the server is in its log, those of a new session included.
my $admin = $database->admin_command;
system("$admin -c \"ALTER ROLE dygw SET log_statement = 'all'\"") == 0 or BAIL_OUT('no log');
my $log = $database->log_file;
my $from = -s $log;
my (undef, $ended) = Dygw::DbSuite::run($database, 'redeem', REDEMPTIONS);
ok($ended, 'pgsql: redemptions are recorded');

open my $handle, '<', $log or BAIL_OUT("$log: $!");
seek $handle, $from, 0;
my @sent = map { /LOG:  (?:statement: |execute )(\S+)/ ? $1 : () } <$handle>;
close $handle;
my $first = 0;
$first++ while $first < @sent && $sent[$first] !~ /^dygw_verification_settle/;
my @later = @sent[ $first + 1 .. $#sent ];
my @redemption = ('dygw_verification_insert:', 'dygw_verification_settle:');
is_deeply(\@later, [ (@redemption) x (REDEMPTIONS - 1) ],
          'pgsql: once all is prepared, a redemption is two statements and nothing else');

Dygw::DbSuite::migrations('pgsql');
Dygw::DbSuite::upgrade('pgsql');
Dygw::DbSuite::go_on_meanwhile('pgsql');
Dygw::DbSuite::by_hand_before('0005_merchants');
Dygw::DbSuite::by_hand_before('0006_office');
Dygw::DbSuite::by_hand_before('0007_finished');
done_testing();
