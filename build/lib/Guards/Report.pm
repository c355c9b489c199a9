# SPDX-License-Identifier: Apache-2.0
# Tells what the rules found, as TAP: a test each; what was found goes to standard error, where a
# harness shows it.
package Guards::Report;
use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(rule note finish);

my ($tests, $failed) = (0, 0);

sub note { print STDERR "# $_[0]\n"; return }

# The rule holds if nothing was found.
sub rule {
    my ($name, @findings) = @_;
    note($_) for @findings;
    $failed++ if @findings;
    printf "%s %d - %s\n", @findings ? 'not ok' : 'ok', ++$tests, $name;
    return;
}

# The plan; what the program is to exit with.
sub finish {
    print "1..$tests\n";
    return $failed ? 1 : 0;
}

1;
