# SPDX-License-Identifier: Apache-2.0
# Sizes: of functions, of files, of folders, of lists of parameters.
package Guards::Sizes;
use strict;
use warnings;

use Exporter qw(import);
use Guards::Tree qw(%text c_files paths room unit without_comments);

our @EXPORT_OK = qw(FILE_MAX FOLDER_MAX FUNCTION_MEDIAN FUNCTION_P90 FUNCTION_MAX PARAMETERS_MAX);

use constant {
    FILE_MAX        => 600,    # lines
    FOLDER_MAX      => 25,     # files, a source with its header counted once
    FUNCTION_MEDIAN => 12,
    FUNCTION_P90    => 35,
    FUNCTION_MAX    => 100,
    PARAMETERS_MAX  => 6,
};

sub sources { return grep { /\.c\z/ } c_files() }

# --- functions ---

# [lines, name] of each function: its body from { to } in the first column, braces included.
sub functions_of {
    my ($path) = @_;
    my (@found, $start, $name);
    my @lines = split /\n/, $text{$path};
    for my $i (0 .. $#lines) {
        $name = $1 if !defined $start && $lines[$i] =~ /\A[a-z].*?\b(\w+)\(/;
        $start = $i if $lines[$i] eq '{';
        next if $lines[$i] !~ /\A\}/ || !defined $start;
        push @found, [$i - $start + 1, "$path: " . ($name // '?')];
        undef $start;
    }
    return @found;
}

sub functions {
    return sort { $a->[0] <=> $b->[0] } map { functions_of($_) } sources();
}

sub function_figures {
    my @functions = functions();
    my ($median, $p90, $max) = map { $functions[ int($_ * $#functions) ] } 0.5, 0.9, 1;
    return scalar(@functions) . " functions: half within $median->[0] lines, nine in ten within "
        . "$p90->[0], the longest $max->[0] ($max->[1])";
}

sub spread {
    my @functions = functions();
    my ($median, $p90) = map { $functions[ int($_ * $#functions) ][0] } 0.5, 0.9;
    return ($median > FUNCTION_MEDIAN ? "half within $median" : ()),
        $p90 > FUNCTION_P90 ? "nine in ten within $p90" : ();
}

sub long_functions {
    return map { "$_->[1]: $_->[0] lines" } grep { $_->[0] > FUNCTION_MAX }
        functions(), map { functions_of($_) } paths(qr{\At/.*\.c\z});
}

# --- parameters ---

# [parameters, name] of each function that a file exports.
sub exported_by {
    my ($path) = @_;
    my $c = without_comments($text{$path});
    my @found;
    while ($c =~ /^(?!static\b)[a-z][\w *\n]*?\b(\w+)(\((?:[^(){};]++|(?2))*\))\n\{/mg) {
        my ($name, $list) = ($1, substr $2, 1, -1);
        $list =~ s/(\((?:[^()]++|(?1))*\))//g;     # those of parameters that are functions
        push @found, [$list =~ /\A\s*void\s*\z/ ? 0 : 1 + $list =~ tr/,//, "$path: $name"];
    }
    return @found;
}

sub exported { return map { exported_by($_) } sources() }

sub parameter_figures {
    my @functions = exported();
    my %count;
    $count{ $_->[0] }++ for @functions;
    return scalar(@functions) . ' exported functions: '
        . join(', ', map { "$count{$_} with $_" } sort { $a <=> $b } keys %count) . ' parameters';
}

sub many_parameters {
    return map { "$_->[1]: $_->[0]" } grep { $_->[0] > PARAMETERS_MAX } exported();
}

# --- files ---

# [lines, path], the shortest first.
sub files {
    return sort { $a->[0] <=> $b->[0] } map { [$text{$_} =~ tr/\n//, $_] }
        paths(qr{\.(?:[ch]|pm|t)\z|\Abuild/});
}

sub file_figures {
    my @files = files();
    return scalar(@files) . " files: half within $files[$#files / 2][0] lines, "
        . "the longest $files[-1][0] ($files[-1][1])";
}

sub long_files { return map { "$_->[1]: $_->[0] lines" } grep { $_->[0] > FILE_MAX } files() }

# --- folders ---

# {folder below mod_dygw} = files, a source with its header counted once.
sub folders {
    my (%files, %seen);
    $files{ room($_) }++ for grep { !$seen{ unit($_) }++ } c_files();
    return \%files;
}

sub folder_figures {
    my $files = folders();
    return 'files of a folder: ' . join ', ', map { "$_ $files->{$_}" } sort keys %$files;
}

sub full_folders {
    my $files = folders();
    return map { "mod_dygw/$_: $files->{$_} files" }
        grep { $files->{$_} > FOLDER_MAX } sort keys %$files;
}

# What a check tells of sizes, whether a limit is kept or not.
sub figures {
    return function_figures(), file_figures(), folder_figures(), parameter_figures();
}

1;
