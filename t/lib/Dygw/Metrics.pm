# SPDX-License-Identifier: Apache-2.0
# A page of /metrics, read.
#
#   my $page = Dygw::Metrics->scrape($gateway);
#   $page->total('dygw_redemptions_total', outcome => 'success');    # of all series that have these labels; undef: none
#   $page->names, $page->counters, $page->{answer}
package Dygw::Metrics;

use strict;
use warnings;

use List::Util ();

sub scrape {
    my ($class, $gateway) = @_;
    return $class->new($gateway->plain('/v1/internal')->call(GET => '/metrics'));
}

sub new {
    my ($class, $answer) = @_;
    my $self = bless { answer => $answer, series => {}, type => {} }, $class;
    for my $line (split /\n/, $answer->{body}) {
        $self->{type}{$1} = $2 if $line =~ /\A# TYPE (\S+) (\S+)\z/;
        $self->{series}{$1} = $2 if $line =~ /\A([^#\s]\S*) (\S+)\z/;
    }
    return $self;
}

sub total {
    my ($self, $name, %labels) = @_;
    my @values = map { $self->{series}{$_} } grep {
        my $series = $_;
        $series =~ /\A\Q$name\E(?:\{|\z)/ && !grep { $series !~ /[{,]$_="\Q$labels{$_}\E"[,}]/ } keys %labels;
    } keys %{ $self->{series} };
    return List::Util::sum(@values);
}

# Of metrics, not of their series.
sub names { return sort keys %{ $_[0]{type} } }

# The series that never may get less.
sub counters {
    my ($self) = @_;
    return grep {
        my ($name) = /\A([^{]+)/;
        ($self->{type}{$name} // 'histogram') ne 'gauge';
    } sort keys %{ $self->{series} };
}

1;
