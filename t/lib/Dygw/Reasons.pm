# SPDX-License-Identifier: Apache-2.0
# The catalogue of reasons as the tests have it: the tables of t/unit/test_gateway_reasons.c, which are written down
# apart from the gateway's own.
#
#   my %reason = Dygw::Reasons::numbers();       # number => {word, open}: a look at the coupon may tell another word
#   my %said = Dygw::Reasons::sentences();       # word => {retryable, help, zh, en}
#   reason_is($answer->{json}, 'wrong_code', 'en', 'name');
package Dygw::Reasons;

use strict;
use warnings;

use Encode qw(decode_utf8);
use Exporter qw(import);
use Test::More ();

use Dygw::Server qw(slurp);

our @EXPORT_OK = qw(numbers sentences reason_is);

my $tests = __FILE__ =~ s{/lib/Dygw/[^/]+\z}{}r;
my %sentences;

# The lines between the braces of a table.
sub table {
    my ($name) = @_;
    my ($table) = decode_utf8(slurp("$tests/unit/test_gateway_reasons.c")) =~ /^\} $name\[\] = \{\n(.*?)^\};/ms
        or die "no table $name";
    return $table =~ s/"\s+"//gr;
}

sub numbers { return map { /\{ (-?\d+), "(\w+)", ([01]) \}/ ? ($1 => { word => $2, open => $3 }) : () }
    split /\n/, table('numbers') }

sub sentences {
    my $table = table('sentences');
    my %found;
    $found{$1} = { retryable => $2, help => lc $3, zh => $4, en => $5 }
        while $table =~ /\{\s*"(\w+)",\s*([01]),\s*DYGW_ACT_(\w+),\s*"([^"]*)",\s*"([^"]*)"\s*\}/g;
    return %found;
}

# One test: a view or the body of an error has this reason, or one of these, and all that the catalogue says of it.
# undef: none at all.
sub reason_is {
    my ($json, $word, $language, $name) = @_;
    %sentences = sentences() if !%sentences;
    my @words = ref $word ? @$word : $word;
    my $got = $json->{reason};
    my @wrong;
    if (!defined $words[0]) {
        push @wrong, map { "$_ is $json->{$_}" } grep { defined $json->{$_} } qw(reason retryable advice);
    }
    elsif (!grep { $_ eq ($got // '') } @words) {
        push @wrong, 'reason is ' . ($got // 'null') . ", not @words";
    }
    else {
        my $said = $sentences{$got} or die "no sentence for $got";
        push @wrong, "retryable is not $said->{retryable}" if !$json->{retryable} ne !$said->{retryable};
        push @wrong, "advice is $json->{advice}" if $json->{advice} ne $said->{$language};
    }
    my $ok = Test::More::ok(!@wrong, $name);
    Test::More::diag(Encode::encode_utf8(join '; ', @wrong)) if !$ok;
    return $ok;
}

1;
