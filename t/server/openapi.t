#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The description of the API is served, each half by its handler, to anybody, as it is mounted.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Expect;
use Dygw::Gateway;

# The same two handlers at other places.
my $gateway = Dygw::Gateway->new(conf => <<'END');
<Location "/elsewhere/a b">
    SetHandler dygw-open
</Location>
<Location "/office">
    SetHandler dygw-internal
    Require local
</Location>
END
$gateway->start;

# The document, whatever headers a caller has.
sub document {
    my ($base) = @_;
    my $answer = $gateway->plain($base)->call(GET => '/openapi.json');
    is($answer->{status}, 200, "$base: served without a signature and without an operator") or diag $answer->{body};
    is($answer->{headers}{'content-type'}, 'application/json', '... as JSON');
    return $answer->{json};
}

sub operations {
    my ($document) = @_;
    my $paths = $document->{paths};
    return map { my $path = $_; map { uc . " $path" } sort keys %{ $paths->{$path} } } sort keys %$paths;
}

# Every $ref of a document.
sub refs {
    my ($value) = @_;
    return map { refs($_) } @$value if ref $value eq 'ARRAY';
    return if ref $value ne 'HASH';
    return (defined $value->{'$ref'} ? $value->{'$ref'} : (), map { refs($_) } values %$value);
}

my %half = (open => document('/v1/open'), internal => document('/v1/internal'));
for my $name (sort keys %half) {
    my $document = $half{$name};
    like($document->{openapi}, qr/\A3\.1\./, "$name: OpenAPI 3.1");
    is_deeply($document->{servers}, [{ url => "/v1/$name" }], '... says where it is mounted');
    my @refs = refs($document);
    my @missing = grep {
        my ($kind, $component) = m{\A#/components/(\w+)/(\w+)\z};
        !defined $component || !exists $document->{components}{$kind}{$component};
    } @refs;
    ok(@refs > 50, '... has parts');
    is("@missing", '', '... and all that it refers to');
    my %used = map { $_ => 1 } @refs;
    my @unused = map { my $kind = $_; grep { !$used{$_} } map { "#/components/$kind/$_" }
        keys %{ $document->{components}{$kind} } } grep { $_ ne 'securitySchemes' } keys %{ $document->{components} };
    is("@unused", '', '... and nothing else');
}
my %open = map { $_ => 1 } operations($half{open});
my %internal = map { $_ => 1 } operations($half{internal});
ok($open{'POST /coupons/verify'} && !$open{'GET /apps'}, 'the open half has the open endpoints');
ok($internal{'GET /apps'} && !$internal{'POST /coupons/verify'}, 'the internal half has the internal ones');
is_deeply([ sort keys %{ $half{internal}{components}{securitySchemes} } ], ['operator'], 'with their own security');
is_deeply([ sort keys %{ $half{open}{components}{securitySchemes} } ],
    [qw(clientKey douyinSignature nonce signature timestamp)], 'each');

is(document('/elsewhere/a%20b')->{servers}[0]{url}, '/elsewhere/a%20b', 'at another place it names that');
is(document('/office')->{servers}[0]{url}, '/office', 'so does the internal half');

for my $base ('/v1/open', '/v1/internal') {
    my $plain = $gateway->plain($base);
    error_is($plain->call(GET => '/openapi.json?page=1'), 400, 'invalid_request', "$base: takes no parameters",
        field => 'page');
    error_is($plain->call(POST => '/openapi.json', {}), 405, 'method_not_allowed', 'and no other method');
    error_is($plain->call(GET => '/openapi.yaml'), 404, 'not_found', 'there is no other spelling');
    my $head = $plain->call(HEAD => '/openapi.json');
    is("$head->{status} $head->{body}", '200 ', 'HEAD has no body');
    my $length = length $plain->call(GET => '/openapi.json')->{body};
    is($head->{headers}{'content-length'}, $length, 'and the length of GET');
}

$gateway->finish;
done_testing;
