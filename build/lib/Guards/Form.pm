# SPDX-License-Identifier: Apache-2.0
# The form of all files: of lines, heads and words; and what belongs together by its name.
package Guards::Form;
use strict;
use warnings;

use Exporter qw(import);
use Guards::Tree qw(%text paths places);

our @EXPORT_OK = qw(LINE_MAX TEST_LINE_MAX);

use constant {
    LINE_MAX      => 100,    # columns
    TEST_LINE_MAX => 120,
};

sub code { return paths(qr{\.(?:[ch]|pm|pl|t)\z|\A(?:build|t)/|\A\.ci/}) }

sub wide_lines_of {
    my ($path, $max) = @_;
    my $wide = $max + 1;
    return places($path, $text{$path}, qr/^.{$wide,}/m);
}

sub wide_lines {
    return map { wide_lines_of($_, m{\At/} ? TEST_LINE_MAX : LINE_MAX) } code();
}

sub blanks {
    # Tabs are Go's own form, which gofmt makes.
    return (map { places($_, $text{$_}, qr/[ \t]+$/m) } sort keys %text),
        map { places($_, $text{$_}, qr/\t/) } grep { !m{\Abuild/debian/rules\z|[.]go\z} } code();
}

sub without_licence {
    my $debians = qr{\Abuild/debian/(?:copyright|source/format|[\w-]+\.README\.Debian)\z};
    return grep { substr($text{$_}, 0, 200) !~ /SPDX-License-Identifier: Apache-2\.0/
                      && $_ !~ $debians } code();
}

# httpd's own, which comments name as ours.
my %HTTPDS = map { $_ => 1 } qw(mod_dbd.c ap_mmn.h);

# A comment names a source by its path, or the end of it.
sub unknown_sources {
    my %known;
    for my $path (paths(qr{\.[ch]\z})) {
        my @names = split m{/}, $path;
        $known{ join '/', @names[$_ .. $#names] } = 1 for 0 .. $#names;
    }
    my @findings;
    for my $path (paths(qr{\A(?:mod_dygw|t)/.*\.[ch]\z})) {
        for my $comment ($text{$path} =~ m{(/\*.*?\*/)}sg) {
            push @findings, map { "$path: $_ does not exist" } grep { !$known{$_} && !$HTTPDS{$_} }
                $comment =~ m{(?<![<\w/.])((?:\w+/)*[a-z_0-9]+\.[ch])\b}g;
        }
    }
    return @findings;
}

# The functions whose place a fuzzer takes (a line "wraps:") are there, if they are ours, and so is
# what takes it.
sub without_wrap {
    my %defined = map { $_ => 1 } map { $text{$_} =~ /^\w[^;\n]*\b(\w+)\(/mg } paths(qr{\.c\z});
    return map {
        my $path = $_;
        my @wrapped = map { split ' ' } $text{$path} =~ /\bwraps: *([\w ]*\w)/g;
        map { "$path: nothing is called $_" } grep { !$defined{$_} }
            (grep { /\Adygw_/ } @wrapped), map { "__wrap_$_" } @wrapped;
    } paths(qr{\At/fuzz/fuzz_\w+\.c\z});
}

# Spelt so that this file does not find itself; the X of templates for temporary names are more.
sub unfinished {
    my $pattern = qr{/wor[k]\b|\.\./share[d]|\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b};
    return map { places($_, $text{$_}, $pattern) } sort keys %text;
}

# What is wrong with a migration, whose hosts of the version before go on: it takes something away,
# or makes something that they do not fill in. Indexes may go; a new table may have what it likes,
# and so may a column that is new, may be NULL and so is as hosts of before leave it.
my %NOT_ADDED = (
    'is taken away' => qr/\b(?:DROP\s+(?!INDEX\b|KEY\b)\w+|TRUNCATE\b|DELETE\s+FROM)[^;\n]*/,
    'is changed'    => qr/\b(?:RENAME|MODIFY|CHANGE|ALTER\s+COLUMN)\b[^;\n]*/,
    'is narrower'   => qr/\b(?:CREATE\s+UNIQUE|ADD\s+(?:UNIQUE|CONSTRAINT|CHECK|FOREIGN))\b[^;\n]*/,
    'has no default' => qr/\bADD\s+COLUMN\b(?![^,;]*\bDEFAULT\b)[^,;]*\bNOT\s+NULL\b/,
);

sub migrations {
    my @findings;
    for my $path (paths(qr{\Asql/\w+/(?!0001_)\d+_\w+\.sql\z})) {
        my $sql = $text{$path} =~ s/^--.*$//mgr;
        for my $new ($sql =~ /\bADD\s+COLUMN\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)/g) {
            $sql =~ s/\bUNIQUE\s+(?:INDEX|KEY)\b([^;(]*\($new\))/INDEX$1/g;
        }
        for my $why (sort keys %NOT_ADDED) {
            push @findings, map { "$_: $why" } places($path, $sql, $NOT_ADDED{$why});
        }
    }
    return @findings;
}

# What a fuzzer starts from, by its name.
sub seeds {
    my %fuzzer = map { m{\At/fuzz/fuzz_(\w+)\.c\z} ? ($1 => 1) : () } keys %text;
    return (map { "t/fuzz/corpus/$_.txt is missing" }
            grep { !exists $text{"t/fuzz/corpus/$_.txt"} } sort keys %fuzzer),
        grep { m{\At/fuzz/(?:corpus/(\w+)\.txt|(\w+)\.dict)\z} && !$fuzzer{ $1 // $2 } }
        sort keys %text;
}

# What `make install` takes is what has a page.
sub without_page {
    return map { "build/$_" } grep { !exists $text{"build/man/$_.1"} }
        map { m{\Abuild/(dygw-\w+)\z} } sort keys %text;
}

1;
