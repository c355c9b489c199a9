#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What /coupons/verify, /coupons/prepare and /coupons/preview refuse to read, field by field, and what they accept.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);

my ($true, $null) = (JSON::PP::true, undef);
my $gateway = Dygw::Gateway->new(children => 1);
$gateway->start;
my $sandbox = $gateway->sandbox;

my %code = (code => '123456789012');
my %encrypted = (encrypted_code => 'CgwIARDh', verify_token => '78a23d74-d0f5-4235-a491-5f68f8c23825');

# what, field that the answer names, the body's fields beside a good poi_id
my @refused = (
    [ 'no poi_id',                  poi_id => { %code, poi_id => $null } ],
    [ 'an empty poi_id',            poi_id => { %code, poi_id => '' } ],
    [ 'a long poi_id',              poi_id => { %code, poi_id => '7' x 33 } ],
    [ 'a poi_id with a slash',      poi_id => { %code, poi_id => '70/12' } ],
    [ 'a poi_id of full-width digits', poi_id => { %code, poi_id => '７０１２' } ],
    [ 'a number as poi_id',         poi_id => { %code, poi_id => 70123 } ],
    [ 'none of the modes',          short_link => {} ],
    [ 'two modes',                  short_link => { %code, short_link => 'https://v.douyin.com/x/' } ],
    [ 'three modes',                short_link => { %code, %encrypted, short_link => 'https://v.douyin.com/x/' } ],
    [ 'a short code',               code => { code => '1234567' } ],
    [ 'a long code',                code => { code => '1' x 21 } ],
    [ 'a code with a letter',       code => { code => '12345678a012' } ],
    [ 'a code of full-width digits', code => { code => '１２３４５６７８９０１２' } ],
    [ 'a code of blanks',           code => { code => ' - - - - - - ' } ],
    [ 'a code with a dot',          code => { code => '123456.789012' } ],
    [ 'an empty code',              short_link => { code => '' } ],
    [ 'three empty modes',          short_link => { short_link => '', code => '', encrypted_code => '' } ],
    [ 'a number as code',           code => { code => 123456789012 } ],
    [ 'a list as code',             code => { code => ['123456789012'] } ],
    [ 'a long link',                short_link => { short_link => 'https://v.douyin.com/' . 'x' x 2048 } ],
    [ 'a number as link',           short_link => { short_link => 1 } ],
    [ 'a link that is none',        short_link => { short_link => 'no link' } ],
    [ 'a long encrypted_code',      encrypted_code => { %encrypted, encrypted_code => 'x' x 2049 } ],
    [ 'a number as encrypted_code', encrypted_code => { %encrypted, encrypted_code => 1 } ],
    [ 'encrypted_code alone',       verify_token => { encrypted_code => 'CgwIARDh' } ],
    [ 'an empty verify_token',      verify_token => { %encrypted, verify_token => '' } ],
    [ 'a long verify_token',        verify_token => { %encrypted, verify_token => 'x' x 257 } ],
    [ 'verify_token with a code',   verify_token => { %code, verify_token => 'x' } ],
    [ 'a long order_id',            order_id => { %encrypted, order_id => '1' x 65 } ],
    [ 'a number as order_id',       order_id => { %encrypted, order_id => 1 } ],
    [ 'a long certificate_id',      certificate_id => { %encrypted, certificate_id => '1' x 65 } ],
    [ 'count 0',                    count => { %code, count => 0 } ],
    [ 'count -1',                   count => { %code, count => -1 } ],
    [ 'count 11',                   count => { %code, count => 11 } ],
    [ 'count 1.5',                  count => { %code, count => 1.5 } ],
    [ 'count "2"',                  count => { %code, count => '2' } ],
    [ 'count true',                 count => { %code, count => $true } ],
    [ 'count 2 with encrypted_code', count => { %encrypted, count => 2 } ],
    [ 'a long operator',            operator => { %code, operator => '收' x 65 } ],
    [ 'an operator with a line end', operator => { %code, operator => "a\r\nX-Evil: 1" } ],
    [ 'an operator with DEL',       operator => { %code, operator => "a\x7fb" } ],
    [ 'an object as device',        device => { %code, device => {} } ],
    [ 'a long device',              device => { %code, device => 'd' x 65 } ],
    [ 'a number as ext_order_id',   ext_order_id => { %code, ext_order_id => 5 } ],
    [ 'a long ext_order_id',        ext_order_id => { %code, ext_order_id => 'e' x 65 } ],
    [ 'an unknown field',           bogus => { %code, bogus => 1 } ],
    [ 'a field in other letters',   Code => { Code => '123456789012' } ],
);
for (@refused) {
    my ($what, $field, $fields) = @$_;
    error_is($gateway->verify(%$fields), 400, 'invalid_request', "verify refuses $what", field => $field);
}
my %number = ('1.5' => 400, '1e400' => 400, '1e30' => 400, '11.0' => 400, '0.0' => 400, '"1.0"' => 400);
for my $count (sort keys %number) {
    is($gateway->client->call(POST => '/coupons/verify', qq({"poi_id":"${\POI}","code":"123456789012","count":$count}))
            ->{status}, $number{$count}, "verify refuses count $count");
}
for my $body ('[]', '"text"', '1', 'null', 'true', '[{"poi_id":"1"}]') {
    error_is($gateway->client->call(POST => '/coupons/verify', $body), 400, 'invalid_request',
        "verify refuses $body, which is no object");
}
like($gateway->verify(%code, encrypted_code => 'x')->{json}{field}, qr/\A(?:short_link|code|verify_token)\z/,
    'code and encrypted_code together');

my @refused_by_prepare = (
    [ 'no poi_id',       poi_id => { %code, poi_id => $null } ],
    [ 'neither',         short_link => {} ],
    [ 'both',            short_link => { %code, short_link => 'https://v.douyin.com/x/' } ],
    [ 'a short code',    code => { code => '1' } ],
    [ 'encrypted_code',  encrypted_code => { encrypted_code => 'x', verify_token => 'x' } ],
    [ 'count',           count => { %code, count => 1 } ],
    [ 'operator',        operator => { %code, operator => 'x' } ],
);
for (@refused_by_prepare) {
    my ($what, $field, $fields) = @$_;
    my $body = { poi_id => POI, %$fields };
    for my $call (qw(prepare preview)) {
        error_is($gateway->client->call(POST => "/coupons/$call", $body), 400, 'invalid_request',
            "$call refuses $what", field => $field eq 'encrypted_code' ? undef : $field);
    }
}

my %keys = (
    'an empty key' => '', 'a key of 256 characters' => 'k' x 256, 'a key in Chinese' => "\xe6\x94\xb6",
    'a key with a tab' => "a\tb", 'a key of Latin-1' => "caf\xe9"
);
for my $what (sort keys %keys) {
    error_is($gateway->client->call(POST => '/coupons/verify', { poi_id => POI, %code },
        headers => { 'Idempotency-Key' => $keys{$what} }), 400, 'invalid_request', $what,
        field => 'Idempotency-Key');
}

is($gateway->rows('dygw_verifications'), 0, 'nothing was recorded');
is_deeply([ grep { $_->{call} !~ /token/ } $sandbox->calls(after => 0) ], [], 'and Douyin was not asked');

# --- and what is accepted ---

sub accepts {
    my ($name, $change, %fields) = @_;
    my $coupon = $sandbox->mint_coupon;
    my %with = (type => delete $fields{type});
    my $answer = $gateway->client->call(POST => '/coupons/verify',
        { poi_id => POI, code => $change->($coupon->{code}), %fields }, %with);
    view_is($answer, $name, verify_status => 'success', origin_code => $coupon->{code});
    return $answer;
}
sub same { return $_[0] }

accepts('blanks and hyphens in a code', sub { " $1-$2 $3 " if $_[0] =~ /(....)(...)(.*)/ });
accepts('what scanners, input methods and clipboards add', sub {
    my ($code) = @_;
    return "\x{feff}\t" . substr($code, 0, 4) . "\x{3000}\x{a0}-" . substr($code, 4, 4) . "\x{2013}\x{200b}" .
        substr($code, 8) . "\r\n";
});
accepts('"" beside a code', \&same, map { $_ => '' } qw(short_link encrypted_code verify_token order_id certificate_id
    count operator device ext_order_id));
accepts("a body of $_", \&same, type => $_) for 'application/json;charset=utf8', 'application/json; charset="UTF-8"';
accepts('every optional field at its longest', \&same, operator => '收' x 64, device => 'd' x 64,
    ext_order_id => 'e' x 64, count => 1);
my $empty = accepts('empty optional fields are absent', \&same, operator => '', device => '', ext_order_id => '');
is_deeply([ @{ $empty->{json}{data} }{qw(operator device)} ], [ undef, undef ], 'and read as null');
my $given = accepts('what is given is recorded', \&same, operator => '收银员 "1"', device => 'POS\\7',
    ext_order_id => 'A-1');
is_deeply([ @{ $given->{json}{data} }{qw(operator device ext_order_id)} ], [ '收银员 "1"', 'POS\\7', 'A-1' ],
    'to the letter');
my $null_given = accepts('null is absent', \&same, operator => $null, device => $null, short_link => $null);
is($null_given->{json}{data}{operator}, undef, 'and read as null');

# --- whole numbers as reals ---

my $order = $sandbox->mint(coupons => 2);
my $two = $gateway->client->call(POST => '/coupons/verify',
    qq({"poi_id":"${\POI}","short_link":" $order->{short_link}\\u3000","count":2.0}));
is(scalar(@{ $two->{json}{items} // [] }), 2, 'count 2.0 is two coupons') or diag $two->{body};
my $cancel = $gateway->client->call(POST => '/coupons/cancel', qq({"verification_id":$two->{json}{data}{id}.0}));
view_is($cancel, 'a verification_id with .0', verify_status => 'cancelled');
error_is($gateway->client->call(POST => '/coupons/cancel', '{"verification_id":9007199254740993.0}'), 400,
    'invalid_request', 'one that has lost digits is refused', field => 'verification_id');

$gateway->finish;
done_testing;
