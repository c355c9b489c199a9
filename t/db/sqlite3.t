# SPDX-License-Identifier: Apache-2.0
# The store's contract on SQLite.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use Dygw::DbSuite;

my $database = Dygw::DbSuite::contract('sqlite3');
Dygw::DbSuite::memory($database, 5000);
Dygw::DbSuite::migrations('sqlite3');
Dygw::DbSuite::upgrade('sqlite3');
Dygw::DbSuite::go_on_meanwhile('sqlite3');
done_testing();
