# SPDX-License-Identifier: Apache-2.0
# The ways in which a Dygw::Database goes away and comes back.
#
#   for my $outage (Dygw::Outage::of($database, 8)) {     # seconds that those last which would last for ever
#       $outage->{break}->();
#       sleep $outage->{hold};
#       $outage->{repair}->();
#   }
package Dygw::Outage;

use strict;
use warnings;

use constant DOWN => 0.5;       # seconds between the end of a server and its start

# Each has a name as well, and is_told: callers hear of it before it ends. A server has to be reached `through` a relay.
sub of {
    my ($database, $hold) = @_;
    return $database->has_server ? of_server($database, $hold) : of_file($database, $hold);
}

sub of_server {
    my ($database, $hold) = @_;
    my $relay = $database->{through};
    return map { outage(@$_) }
        [ 'restarted', sub { $database->stop }, DOWN, sub { $database->start } ],
        [ 'crashed', sub { $database->kill }, DOWN, sub { $database->start } ],
        [ 'its connections killed', sub { $database->kill_connections }, 0, sub { } ],
        [ 'another server takes over', sub { $relay->refuse; $database->replace }, 0, sub { $relay->pass } ],
        [ 'the server stands still', sub { $database->freeze }, $hold, sub { $database->thaw }, 1 ],
        [ 'the network is cut', sub { $relay->freeze }, $hold, sub { $relay->pass }, 1 ];
}

sub of_file {
    my ($database, $hold) = @_;
    my $session;
    return map { outage(@$_) }
        [ 'the schema changed', sub { $database->kill_connections }, 0, sub { } ],
        [ 'the file locked', sub { $session = $database->hold(q(BEGIN IMMEDIATE; SELECT 'held')) }, $hold,
          sub { close $session }, 1 ];
}

sub outage {
    my ($name, $break, $hold, $repair, $is_told) = @_;
    return { name => $name, break => $break, hold => $hold, repair => $repair, is_told => $is_told };
}

1;
