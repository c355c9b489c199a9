# SPDX-License-Identifier: Apache-2.0
# What was built: objects and their symbols, modules, unit tests.
package Guards::Objects;
use strict;
use warnings;

use Guards::Tree qw(%text c_files paths without_comments);

# [path of the source, type as nm has it, name] of each global symbol of each object.
sub symbols {
    my ($out) = @_;
    my @symbols;
    for my $path (grep { /\.c\z/ } c_files()) {
        my $object = "$out/" . ($path =~ s/c\z/o/r);
        for (split /\n/, `nm -g "$object" 2>&1`) {
            push @symbols, [$path, $1, $2] if /\b(\w) (\w+)\z/;
        }
    }
    return @symbols;
}

# What is exported for tests alone, and why.
my %FOR_TESTS = map { $_ => 'tests own the clock' } qw(dygw_clock_set dygw_steady_set);

# What a file exports and nobody of the module uses, neither another file nor itself.
sub unused {
    my (%home, %used);
    for (@_) {
        my ($path, $type, $name) = @$_;
        $used{$name} = 1 if $type eq 'U';
        $home{$name} = without_comments($text{$path}) if $type =~ /[A-TV-Z]/;
    }
    return 'no object was found' if !%home;
    return grep { !$used{$_} && !$FOR_TESTS{$_} && 1 == (() = $home{$_} =~ /\b$_\b/g) }
        sort keys %home;
}

sub tests_not_built {
    my ($out) = @_;
    return grep { my ($name) = m{\At/unit/(test_\w+)\.c\z}; !-x "$out/t/$name" }
        paths(qr{\At/unit/test_\w+\.c\z});
}

# What a module exports beside its record.
sub module_exports {
    my ($out, $module) = @_;
    my $table = `nm -D --defined-only "$out/mod_$module.so" 2>&1`;
    my @symbols = map { (split)[-1] } split /\n/, $table;
    return "@symbols" eq "${module}_module" ? () : @symbols ? "it exports: @symbols" : 'none';
}

1;
