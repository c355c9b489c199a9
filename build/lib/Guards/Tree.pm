# SPDX-License-Identifier: Apache-2.0
# The files of the tree, and finding something in them.
package Guards::Tree;
use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Find qw(find);

our @EXPORT_OK = qw(read_tree %text paths c_files room unit without_comments without_strings places
                    search);

our %text;    # by path, below the root

# Goes to the root and reads what is ours; what is built, fetched or git's is not.
sub read_tree {
    chdir dirname(abs_path(__FILE__)) . '/../../..' or die "$!\n";
    binmode $_, ':encoding(UTF-8)' for *STDOUT, *STDERR;
    find({ no_chdir => 1, preprocess => sub { grep { !/\A(\.git|\.out.*)\z/ } @_ }, wanted => sub {
        return if !-f || -B && -s;
        open my $file, '<:encoding(UTF-8)', $_ or die "$_: $!\n";
        local $/;
        $text{ s{\A\./}{}r } = <$file> // '';
    } }, '.');
    return;
}

sub paths {
    my ($pattern) = @_;
    return grep { /$pattern/ } sort keys %text;
}

sub c_files { return paths(qr{\Amod_dygw/.*\.[ch]\z}) }

# The folder, below mod_dygw.
sub room { return $_[0] =~ m{\Amod_dygw/(.+)/[^/]+\z} ? $1 : '.' }

# A source and its header are one: the path below mod_dygw, without its end.
sub unit { return $_[0] =~ s{\Amod_dygw/|\.[ch]\z}{}gr }

# What C takes for a string or a character, and for a comment.
my $STRING = qr/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/;
my $COMMENT = qr{/\*.*?\*/|//[^\n]*}s;

my %bare;    # by the text: many rules ask for the same

# The text without comments; lines and strings stay.
sub without_comments {
    my ($c) = @_;
    return $bare{$c} //= $c =~ s{($STRING)|($COMMENT)}{$1 // "\n" x ($2 =~ tr/\n//)}ger;
}

# The text without what strings say; lines and comments stay.
sub without_strings {
    my ($c) = @_;
    return $c =~ s{($COMMENT)|$STRING}{$1 // '""'}ger;
}

# "path:line: found" for each place of the text that matches.
sub places {
    my ($path, $c, $pattern) = @_;
    my @found;
    while ($c =~ /$pattern/g) {
        my $line = 1 + substr($c, 0, $-[0]) =~ tr/\n//;
        push @found, "$path:$line: " . (substr($c, $-[0], $+[0] - $-[0]) =~ s/\s+/ /gr);
    }
    return @found;
}

sub search {
    my ($pattern, @paths) = @_;
    return map { places($_, without_comments($text{$_}), $pattern) } @paths;
}

1;
