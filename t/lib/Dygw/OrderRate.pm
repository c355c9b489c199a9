# SPDX-License-Identifier: Apache-2.0
# Whether order queries kept to DygwOrderRate, as Douyin counts them: by when they arrive.
#
#   keeps_order_rate($sandbox, 20, 'a name', @gateways);            # the hosts that may have sent them; a test
#   my @ms = order_times($sandbox);                                 # of all that the sandbox remembers
#   my @when = took_over_ms($gateway);                              # when children of it began to lead
package Dygw::OrderRate;

use strict;
use warnings;

use Exporter qw(import);
use List::Util qw(max);
use POSIX qw(floor mktime);
use Test::More ();

our @EXPORT = qw(keeps_order_rate order_times took_over_ms);

use constant SECOND_MS => 1050;     # what the gateway spreads a second's queries over
use constant ROUNDING  => 1;        # ms
use constant STOOD_STILL_MS => 5000;    # more than a call may take: its process was stopped meanwhile

my %MONTH = map { (qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec))[$_] => $_ } 0 .. 11;

# The longest order query in ms, by the gateways' logs: none was longer on its way than this. One whose process stood
# still is long, and tells nothing of the way.
sub longest_ms {
    my (@gateways) = @_;
    my @us = map { $_->server->log_text =~ /DYGW0502: Douyin's order query: .* (\d+) us/g } @gateways;
    return max(0, grep { $_ < STOOD_STILL_MS } map { $_ / 1000 } @us);
}

# They leave at their distance. That the first of n is late by as much as the longest took, and the last is not, is all
# that can bring them closer together.
sub most_in_a_second {
    my ($rate, @gateways) = @_;
    my $distance = floor(SECOND_MS / $rate) - ROUNDING;
    return 1 + floor((1000 + ROUNDING + longest_ms(@gateways)) / $distance);
}

sub keeps_order_rate {
    my ($sandbox, $rate, $name, @gateways) = @_;
    return Test::More::cmp_ok($sandbox->state->{order_queries_peak}, '<=', most_in_a_second($rate, @gateways), $name);
}

sub order_times { return sort { $a <=> $b } map { $_->{at_ms} } $_[0]->calls(call => 'orders') }

sub took_over_ms {
    my ($gateway) = @_;
    my @when;
    for my $line (grep { /DYGW0313/ } split /\n/, $gateway->server->log_text) {
        my ($month, $day, $h, $m, $s, $us, $year) = $line =~ /^\[\w+ (\w+) +(\d+) (\d+):(\d+):(\d+)\.(\d+) (\d+)\]/;
        push @when, 1000 * mktime($s, $m, $h, $day, $MONTH{$month}, $year - 1900, 0, 0, -1) + $us / 1000;
    }
    return @when;
}

1;
