# SPDX-License-Identifier: Apache-2.0
# Words that the glossary has retired: those in `backquotes` in the last column of its table. They
# are parts of identifiers or words of comments; a plural is found by its singular. A cell
# "`word` (but `word_of_table`)" leaves the identifier word_of_table alone.
package Guards::Words;
use strict;
use warnings;

use Guards::Tree qw(%text c_files without_strings places);

use constant PAGE => 'mod_dygw/manual/architecture.md';

# [word, what it means, what is not said] of each row of a page's glossary, without the head.
sub glossary {
    my ($page, $heading) = @_;
    my ($section) = $text{$page} =~ /^## $heading\n(.*?)(?=^## |\z)/ms or return;
    my (undef, undef, @rows) = $section =~ /^\|(.*)\|$/mg;
    return map { [map { s/\A | \z//gr } split /\|/, $_, -1] } @rows;
}

sub quoted { return map { lc } $_[0] =~ /`([^`]+)`/g }

# As one word or several, however they are joined: blanks, "_", the end of a line of a comment.
sub joined { return lc($_[0]) =~ s/(?:\s|[*_])+/ /gr }

# {retired word} = what to say instead; and the identifiers that are left alone.
sub retired {
    my (%instead, @left);
    for my $row (glossary(@_)) {
        my ($not, $but) = map { s/\([^()]*\)//gr, join ' ', /\(([^()]*)\)/g } $row->[2] // '';
        $instead{ joined($_) } = $row->[0] for quoted($not);
        push @left, quoted($but);
    }
    return (\%instead, @left);
}

# Whole words, or whole parts of identifiers.
sub any_of {
    my $words = join '|', map { s/ /(?:\\s|[*_])+/gr } sort @_;
    return qr/(?<![A-Za-z])(?:$words)(?:e?s)?(?![A-Za-z])/i;
}

sub instead_of {
    my ($instead, $found) = @_;
    my $word = joined($found);
    my ($retired) = grep { exists $instead->{$_} } $word, map { $word =~ s/$_\z//r } 's', 'es';
    return $instead->{$retired};
}

sub in_code {
    my ($instead, @left) = retired(PAGE, 'Glossary');
    return PAGE . ' has no glossary that retires a word' if !%$instead;
    my $retired = any_of(keys %$instead);
    my $left = @left ? any_of(@left) : qr/(?!)/;
    return map {
        my $code = without_strings($text{$_}) =~ s/$left/ /gr;
        map { /: (.*)\z/; "$_: the glossary says " . instead_of($instead, $1) }
            places($_, $_, $retired), places($_, $code, $retired);
    } c_files();
}

# How a word is written does not depend on the language of the page.
sub differences {
    my @pages = map { my ($instead, @left) = retired(@$_); [sort keys %$instead, @left] } @_;
    return "@{ $pages[0] }" eq "@{ $pages[1] }" ? () : "@{ $pages[0] }, but @{ $pages[1] }";
}

1;
