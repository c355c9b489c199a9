# SPDX-License-Identifier: Apache-2.0
# How dygw-doctor shows what it found: the words of Doctor::Words with the facts of a check.
package Doctor::Show;

use strict;
use warnings;

use Exporter qw(import);

use Doctor::Words qw(%FACTS %STATES @SUMMARY %TEXTS %TITLES);

our @EXPORT_OK = qw(language show summary texts title with_words);

sub language {
    my ($wanted) = @_;
    my ($locale) = grep { length($_ // '') } $wanted, @ENV{qw(LC_ALL LC_MESSAGES LANG)}, 'C';
    return $locale =~ /\Azh/i ? 1 : 0;
}

# undef when a fact is missing.
sub fill {
    my ($text, $facts) = @_;
    my $missing = 0;
    $text =~ s/\{(\w+)\}/$facts->{$1} \/\/ ($1 eq 'internal' ? '{internal}' : $missing++ && '')/ge;
    return $missing ? undef : $text;
}

sub title { my ($check, $lang) = @_;
    return fill($TITLES{ $check->{name} }[$lang], $check->{detail})
        // $TITLES{ $check->{name} }[$lang] =~ s/[, ]*\{\w+\}//gr;
}

# Where the words of a check may be, the most special first.
sub keys_of {
    my ($name, $reason, $detail) = @_;
    return ("$name.$detail->{member}.$reason", "$name.$detail->{member}", $name)
        if defined $detail->{member};
    my $code = $detail->{error_code} // '';
    return ("$name.$reason.$code", "$name.$reason", $reason);
}

# What is wrong and what to do, in a language.
sub texts {
    my ($check, $lang) = @_;
    my ($name, $reason) = @$check{qw(name reason)};
    return ('', '') if !defined $reason;
    my @found = grep { defined } @TEXTS{ keys_of($name, $reason, $check->{detail}) };
    return ($reason, '') if !@found;
    my ($found) = (grep { defined fill($_->[ 2 * $lang ], $check->{detail}) } @found, $found[0]);
    return map { fill($_, $check->{detail}) // s/\{\w+\}/?/gr } @$found[ 2 * $lang, 2 * $lang + 1 ];
}

sub facts {
    my ($check, $lang) = @_;
    my $detail = $check->{detail};
    my $facts = $FACTS{ $check->{name} } ? fill($FACTS{ $check->{name} }[$lang], $detail) : undef;
    my $douyin = defined $detail->{error_code}
        ? "error_code $detail->{error_code} $detail->{description} logid $detail->{logid}" : undef;
    return join '; ', grep { defined } $facts, $douyin;
}

# What Douyin or a server wrote is shown in one line, and moves no cursor.
sub harmless { return $_[0] =~ s/[\x00-\x1f\x7f-\x9f]+/ /gr }

sub show {
    my ($check, $lang) = @_;
    my ($what, $remedy) = texts($check, $lang);
    my $facts = facts($check, $lang);
    my $line = "$STATES{ $check->{state} }[$lang]  " . title($check, $lang);
    $line .= ': ' . join ' - ', grep { length } $what, $facts if length "$what$facts";
    print harmless($line), "\n";
    print "      -> ", harmless($remedy), "\n" if length $remedy && $check->{state} ne 'pass';
    return;
}

# The last line, for a reader in a hurry.
sub summary {
    my ($checks, $lang) = @_;
    my %count = (fail => 0, warn => 0);
    $count{ $_->{state} }++ for @$checks;
    printf "%s\n", fill($SUMMARY[$lang], { all => scalar @$checks, %count });
    return;
}

sub with_words {
    my ($check, $lang) = @_;
    my ($what, $remedy) = texts($check, $lang);
    return { %$check, title => title($check, $lang), text => $what, remedy => $remedy };
}

1;
