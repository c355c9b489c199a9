# SPDX-License-Identifier: Apache-2.0
# The store's contract on MariaDB.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use Dygw::DbSuite;

my $database = Dygw::DbSuite::contract('mysql');
Dygw::DbSuite::memory($database, 5000);
Dygw::DbSuite::migrations('mysql');
Dygw::DbSuite::upgrade('mysql');
Dygw::DbSuite::go_on_meanwhile('mysql');
done_testing();
