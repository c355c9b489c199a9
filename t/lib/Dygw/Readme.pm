# SPDX-License-Identifier: Apache-2.0
# What README tells to type: the commands of a section, as they stand there.
#
#   my @blocks = Dygw::Readme::blocks('README', 'Installation on Debian');    # texts, without their indentation
#   my @same = Dygw::Readme::blocks('README.zh', 4);                          # or by the number of the section
#   my $text = Dygw::Readme::without_comments($block);
package Dygw::Readme;

use strict;
use warnings;

use Cwd qw(abs_path);

my $ROOT = abs_path(__FILE__) =~ s{/t/lib/Dygw/[^/]+\z}{}r;

# [heading, text] of each section; what stands before the first heading has none.
sub sections {
    my ($name) = @_;
    open my $file, '<:raw', "$ROOT/$name" or die "$name: $!\n";
    my ($before, @parts) = split /^(\S.*)\n====*\n/m, do { local $/; <$file> };
    my @sections;
    while (my ($heading, $text) = splice @parts, 0, 2) {
        push @sections, [$heading, $text];
    }
    return @sections;
}

sub section {
    my ($name, $which) = @_;
    my @sections = sections($name);
    my ($found) = $which =~ /\A\d+\z/ ? $sections[$which] : grep { $_->[0] eq $which } @sections;
    return $found->[1] // die "$name has no section $which\n";
}

# A block is what stands indented between two paragraphs, with the empty lines within.
sub blocks {
    my ($name, $which) = @_;
    my @blocks = section($name, $which) =~ /((?:^ {4}.*\n(?:\n(?= {4}))*)+)/mg;
    return map { s/^ {4}//mgr } @blocks;
}

sub without_comments { return $_[0] =~ s/\s+#\s.*$//mgr }

1;
