# SPDX-License-Identifier: Apache-2.0
# What README tells to type: the commands of a section, as they stand there.
#
#   my @blocks = Dygw::Readme::blocks('README', 'Installation on Debian');    # texts, without their indentation
#   my @same = Dygw::Readme::blocks('README.zh', 4);                          # or by the number of the section
#   my $text = Dygw::Readme::without_comments($block);
#   my $script = Dygw::Readme::script(@blocks);       # what a newcomer does, for sh; it ends where something fails
#   my @steps = Dygw::Readme::steps($output);         # { command, seconds, said }, of what such a script has printed
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

# --- as a newcomer does it ---

# A command may go on over several lines.
sub commands { return map { /((?:.*\\\n)*.+\n)/g } @_ }

# Each in the same shell, with nobody at the keyboard but where a secret is waited for. Before and after each a line
# tells the time. What the doctor finds is for the test to judge.
sub script {
    my (@blocks) = @_;
    my $script = "exec 2>&1\n";
    for my $command (commands(@blocks)) {
        my $typed = $command =~ /cat >\S*secret/ ? "<<'TYPED'\nsecret-of-the-application\nTYPED\n" : "</dev/null\n";
        my $shown = $command =~ s/'/'\\''/gr;
        my $worst = $command =~ /^dygw-doctor/ ? 1 : 0;
        $script .= "printf '\\n##### %s %s' \"\$(date +%s.%N)\" '$shown'\n"
            . "{ $command} $typed"
            . "status=\$?; [ \$status -le $worst ] || { echo \"##### failed: \$status\"; exit \$status; }\n";
    }
    return $script . "printf '\\n##### %s the end\\n' \"\$(date +%s.%N)\"\n";
}

sub steps {
    my ($output) = @_;
    my (undef, @parts) = split /^##### (\d+\.\d+) /m, $output;
    my @steps;
    while (my ($time, $text) = splice @parts, 0, 2) {
        $steps[-1]{seconds} = $time - $steps[-1]{began} if @steps;
        my ($command, $said) = $text =~ /\A((?:[^\n]*\\\n)*[^\n]*\n)(.*)\z/s;
        push @steps, { began => $time, command => $command, said => $said };
    }
    pop @steps if @steps && $steps[-1]{command} eq "the end\n";
    return @steps;
}

1;
