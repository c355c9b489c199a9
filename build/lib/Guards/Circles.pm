# SPDX-License-Identifier: Apache-2.0
# Circles: among files by what they include, among objects by the symbols that they use.
package Guards::Circles;
use strict;
use warnings;

use Guards::Tree qw(%text c_files unit);

# What each unit uses of each other: {user}{used} = one thing of it. Arguments: triples of these.
sub uses {
    my %uses;
    $uses{ $_->[0] }{ $_->[1] } //= $_->[2] for grep { $_->[0] ne $_->[1] } @_;
    return \%uses;
}

sub include_uses {
    my @uses;
    for my $path (c_files()) {
        while ($text{$path} =~ /^#include "([^"]+)"/mg) {
            push @uses, [unit($path), unit("mod_dygw/$1"), $1] if exists $text{"mod_dygw/$1"};
        }
    }
    return uses(@uses);
}

# What none of the objects defines is httpd's or a library's. A module's record is httpd's key to
# what is ours: who takes its address calls nothing through it.
sub symbol_uses {
    my @symbols = grep { $_->[2] !~ /\Adygw_(?:sandbox_)?module\z/ } @_;
    my %home = map { $_->[2] => unit($_->[0]) } grep { $_->[1] !~ /[Uwv]/ } @symbols;
    return uses(map { [unit($_->[0]), $home{ $_->[2] }, $_->[2]] }
                grep { $_->[1] =~ /[Uwv]/ && $home{ $_->[2] } } @symbols);
}

# The shortest way from one unit to each that it uses, at first or at last hand: {unit} = the unit
# before it.
sub ways {
    my ($uses, $from) = @_;
    my (%before, @next);
    for (@next = ($from); @next;) {
        my $unit = shift @next;
        for my $used (sort keys %{ $uses->{$unit} // {} }) {
            next if exists $before{$used};
            $before{$used} = $unit;
            push @next, $used;
        }
    }
    return \%before;
}

# Each circle as an array of its members: those that use each other, at first or at last hand.
sub circles {
    my ($uses) = @_;
    my %ways = map { $_ => ways($uses, $_) } keys %$uses;
    my (@circles, %done);
    for my $unit (grep { exists $ways{$_}{$_} } sort keys %ways) {
        next if $done{$unit};
        my @members = grep { exists $ways{$_} && exists $ways{$_}{$unit} }
            sort keys %{ $ways{$unit} };
        $done{$_} = 1 for @members;
        push @circles, \@members;
    }
    return @circles;
}

# A shortest way round a circle from its first member, and what is used at each step.
sub way_round {
    my ($uses, $first) = @_;
    my $before = ways($uses, $first);
    my ($unit, $way) = ($first, $first);
    do {
        my $user = $before->{$unit};
        $way = "$user > ($uses->{$user}{$unit}) $way";
        $unit = $user;
    } until $unit eq $first;
    return $way;
}

sub told {
    my ($uses) = @_;
    return 'nothing uses anything' if !%$uses;
    return map { 'a circle of ' . @$_ . ": @$_; " . way_round($uses, $_->[0]) } circles($uses);
}

sub of_includes { return told(include_uses()) }

# Arguments: as Guards::Objects::symbols gives them.
sub of_symbols { return told(symbol_uses(@_)) }

1;
