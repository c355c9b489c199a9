# SPDX-License-Identifier: Apache-2.0
# Whether an answer is as conf/openapi.yaml describes it: a status of its operation, the headers, and every field of
# the body. Dygw::Client asks about each answer of the gateway.
#
#   my @faults = Dygw::Contract::faults('GET /v1/open/verifications/7 HTTP/1.1', $answer);
#   Dygw::Contract::check($request_line, $answer);      # a failed test for an answer that is not
package Dygw::Contract;

use strict;
use warnings;

use JSON::PP;
use Scalar::Util qw(looks_like_number);
use Test::More ();

use Dygw::Needs;
use Dygw::Server qw(slurp);

# What httpd says in pages of its own to what it does not take for a request.
use constant HTTPDS_OWN => qr/\A(?:400|501|505)\z/;
use constant ANYWHERE   => {
    404 => 'NotFound', 405 => 'MethodNotAllowed', 500 => 'InternalError', 403 => 'Forbidden',
    map { $_ => 'BadRequest' } 400, 408, 411, 414, 417, 431
};

Dygw::Needs::module('JSON::Validator');

my ($document, $schema, @routes);
my $checked = 0;
my $owner = $$;

# The document of the build under test; read when the first answer comes.
sub document {
    return $document if $document;
    # 2019-09 knows all that the description uses of 2020-12.
    require JSON::Validator::Schema::Draft201909;
    my $out = Dygw::Server->out;
    my $path = Dygw::Needs::built("$out/openapi.json", Dygw::Needs::make($out, 'all'));
    $document = JSON::PP->new->utf8->decode(slurp($path));
    $schema = JSON::Validator::Schema::Draft201909->new($document);
    $schema->formats->{int64} = sub { return };     # of `integer`, which is looked at anyway
    my $paths = $document->{paths};
    # A path without a parameter goes before one that has some.
    @routes = map {
        my $pattern = join '[1-9][0-9]*', map { quotemeta } split /\{\w+\}/, $_, -1;
        [ qr/\A$pattern\z/, $paths->{$_} ];
    } sort { ($a =~ tr/{//) <=> ($b =~ tr/{//) } keys %$paths;
    return $document;
}

sub component {
    my ($value) = @_;
    return $value if !ref $value || !defined $value->{'$ref'};
    my $found = document();
    $found = $found->{$_} for grep { $_ ne '#' } split m{/}, $value->{'$ref'};
    return component($found);
}

# A path as httpd hands it on.
sub plain {
    my ($path) = @_;
    $path =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
    $path =~ s{//+}{/}g;
    1 while $path =~ s{/(?:\.|(?!\.\./)[^/]+/\.\.)(?=/)}{};
    return $path;
}

# The operations of a path by method; undef for none of ours.
sub operations {
    my ($path) = @_;
    document();
    for (@routes) {
        return $_->[1] if $path =~ $_->[0];
    }
    return;
}

sub media_type { return lc(($_[0]{headers}{'content-type'} // '') =~ s/\s*;.*//sr) }

sub header_faults {
    my ($headers, $answer) = @_;
    my @faults;
    for my $name (sort keys %{ $headers // {} }) {
        my $header = component($headers->{$name});
        my $value = $answer->{headers}{ lc $name };
        if (!defined $value) {
            push @faults, "no header $name" if $header->{required};
            next;
        }
        $value += 0 if $header->{schema}{type} eq 'integer' && looks_like_number($value);
        push @faults, map { "header $name: $_" } $schema->validate($value, $header->{schema});
    }
    return @faults;
}

sub body_faults {
    my ($content, $answer) = @_;
    my $type = media_type($answer);
    my $described = $content->{$type} or return "the type $type is not described";
    return if $type ne 'application/json';
    return 'the body is not JSON' if !defined $answer->{json};
    return map { "$_" } $schema->validate($answer->{json}, $described->{schema});
}

sub response_faults {
    my ($response, $answer, $method) = @_;
    return (header_faults($response->{headers}, $answer),
            $method eq 'HEAD' || !$answer->{whole} ? () : body_faults($response->{content}, $answer));
}

# The response that an operation has for this status; without an operation, that of a path or method that is none.
sub described {
    my ($operation, $status) = @_;
    my $response = $operation ? $operation->{responses}{$status} : undef;
    my $anywhere = ANYWHERE->{$status};
    return component($response) if $response;
    return $document->{components}{responses}{$anywhere}
        if $anywhere && (!$operation || $status =~ /405|408|41[147]|431/);
    return;
}

# What is wrong with an answer; nothing about servers and paths that are not the gateway's.
sub faults {
    my ($request_line, $answer) = @_;
    my ($method, $path) = $request_line =~ m{\A([A-Z]+) ([^?#\s]*)\S* HTTP/1\.[01]\r?\z} or return;
    return if plain($path) !~ m{\A/v1/(?:open|internal)/|\A/health(?:/|\z)};
    # Httpd does not take a path for what it spells where a slash is written as %2F.
    my $is_lost = $answer->{status} == 404 && plain($path) ne $path;
    return if media_type($answer) eq 'text/html' && ($answer->{status} =~ HTTPDS_OWN || $is_lost);
    my $operations = $is_lost ? undef : operations(plain($path));
    my $operation = $operations ? $operations->{ $method eq 'HEAD' ? 'get' : lc $method } : undef;
    my $response = described($operation, $answer->{status})
        or return "the status $answer->{status} is not described";
    $checked++;
    return response_faults($response, $answer, $method);
}

# How many answers were held against the description.
sub checked { return $checked }

sub check {
    my ($request_line, $answer) = @_;
    my @faults = faults($request_line, $answer) or return;
    my $text = join "\n", "$request_line: this answer is not as conf/openapi.yaml describes it:", @faults,
        $answer->{head}, $answer->{body};
    # A child of a test has no tests of its own.
    die "$text\n" if $$ != $owner;
    Test::More::fail('an answer is as conf/openapi.yaml describes it');
    Test::More::diag($text);
    return;
}

1;
