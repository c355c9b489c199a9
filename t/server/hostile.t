#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Input that means harm, or that nobody meant: each gets its 4xx, nothing is stored, Douyin hears nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Client;
use Dygw::Expect;
use Dygw::Gateway qw(POI);

my $gateway = Dygw::Gateway->new(children => 1);
$gateway->start(allow_token_read => JSON::PP::true);
my $client = $gateway->client;
my @children = $gateway->server->child_pids;
my $apps = $gateway->rows('dygw_apps');
my $VERIFY = '/coupons/verify';

sub nested { my ($levels) = @_; return '{"poi_id":' . '[' x ($levels - 1) . ']' x ($levels - 1) . '}' }

# --- what is no JSON ---

my %broken = (
    'nothing'               => '',
    'blanks'                => "  \n",
    'half an object'        => '{"poi_id":"1","code":"12345',
    'an open object'        => '{',
    'a value is missing'    => '{"poi_id":}',
    'a comma too many'      => '{"poi_id":"1",}',
    'something after it'    => '{"poi_id":"1"} x',
    'two objects'           => '{"poi_id":"1"}{"poi_id":"1"}',
    'single quotes'         => q({'poi_id':'1'}),
    'a comment'             => '{"poi_id":"1"/* */}',
    'NaN'                   => '{"poi_id":NaN}',
    'a number too large'    => '{"poi_id":1e999}',
    'a byte-order mark'     => "\xef\xbb\xbf{}",
    'a duplicate key'       => '{"poi_id":"1","code":"123456789012","code":"123456789013"}',
    'an escaped duplicate'  => '{"code":"123456789012","c\u006fde":"123456789013"}',
    'a nested duplicate'    => '{"poi_id":{"a":1,"a":2}}',
    'nested 33 deep'        => nested(33),
    'nested 30000 deep'     => nested(30000),
    'a raw NUL'             => "{\"poi_id\":\"1\0\"}",
    'NUL after the object'  => "{\"poi_id\":\"1\"}\0",
    'a raw line end'        => "{\"poi_id\":\"1\n\"}",
    'a broken UTF-8 byte'   => "{\"poi_id\":\"\xff\"}",
    'a cut UTF-8 sequence'  => "{\"poi_id\":\"\xe6\x94\"}",
    'overlong UTF-8'        => "{\"poi_id\":\"\xc0\xaf\"}",
    'a UTF-8 surrogate'     => "{\"poi_id\":\"\xed\xa0\x80\"}",
    'beyond Unicode'        => "{\"poi_id\":\"\xf4\x90\x80\x80\"}",
    'half a surrogate pair' => '{"poi_id":"\ud800"}',
    'GBK'                   => "{\"operator\":\"\xca\xd5\"}",
    'UTF-16'                => "{\0\"\0a\0\"\0:\0" . "1\0}\0",
);
for my $path ($VERIFY, '/coupons/prepare', '/coupons/preview') {
    for my $what (sort keys %broken) {
        error_is($client->call(POST => $path, $broken{$what}), 400, 'invalid_json', "$path: $what");
    }
}
error_is($client->call(POST => $VERIFY, nested(32)), 400, 'invalid_request', 'nested 32 deep is JSON',
    field => 'poi_id');
my $escaped = '{"poi_id":"1","code":"123456789012","operator":"a\u0000b"}';
my $nul = $client->call(POST => $VERIFY, $escaped);
is($nul->{status}, 400, 'an escaped NUL is refused') or diag $nul->{body};
my $internal = $gateway->internal;
for my $what (sort keys %broken) {
    error_is($internal->call(POST => '/apps', $broken{$what}), 400, 'invalid_json', "/apps: $what");
}
is($internal->call(POST => '/apps', '{"name":"a\u0000b"}')->{status}, 400, '/apps: an escaped NUL');

# --- too much ---

my $huge = '{"poi_id":"' . 'x' x (10 * 1024 * 1024) . '"}';
sub chunked {
    my ($body, $size) = @_;
    my $text = '';
    $text .= sprintf "%x\r\n%s\r\n", length, $_ for unpack "(a$size)*", $body;
    return "${text}0\r\n\r\n";
}
sub chunked_message {
    my ($body, %with) = @_;
    my ($head) = $client->message(POST => $VERIFY, $body, %with,
        headers => { 'Content-Length' => undef, 'Transfer-Encoding' => 'chunked' }) =~ /\A(.*?\r\n\r\n)/s;
    return $head . chunked($body, 8000);
}
error_is($client->call(POST => $VERIFY, $huge), 413, 'body_too_large', '10 MB with their length');
$client->disconnect;
error_is($client->raw(chunked_message($huge)), 413, 'body_too_large', '10 MB in chunks');
error_is($client->raw(chunked_message('x' x 65537)), 413, 'body_too_large', 'one byte too many in chunks');
error_is($client->raw(chunked_message('x' x 65536)), 400, 'invalid_json', 'the largest body in chunks');
error_is($client->raw(chunked_message('{"poi_id":"1"}')), 400, 'invalid_request', 'a body in chunks is read',
    field => 'short_link');
error_is($internal->call(POST => '/apps', $huge), 413, 'body_too_large', '/apps: 10 MB');
$internal->disconnect;

# --- headers and lines ---

for my $bytes (
    "GET /v1/open/douyin/access-token HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\n b\r\n\r\n",
    "GET /v1/open/douyin/access-token HTTP/1.1\r\nHost: x\r\nX-Nonce: a\0b\r\n\r\n",
    "GET /v1/open/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /v1/open/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /v1/open/douyin%2faccess-token HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST $client->{base}$VERIFY HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "POST $client->{base}$VERIFY HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "BREW /v1/open/coupons/verify HTTP/1.1\r\nHost: x\r\n\r\n",
    "\0\0\0\0\0\0\r\n\r\n",
) {
    my $answer = $client->raw($bytes, half_close => 1);
    my ($line) = $bytes =~ /\A([^\r]*)/;
    like($answer ? $answer->{status} : 'closed', qr/\A4\d\d\z|\Aclosed\z/, 'refused: ' . $line =~ s/\0/\\0/gr);
}
my $answer = $client->raw("GET /v1/open/x HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\x0dSet-Cookie: b\r\n\r\n");
unlike($answer->{head} // '', qr/Set-Cookie/i, 'no header comes out of X-Request-Id');

# --- TRACE, which httpd itself would answer with all that was sent ---

my %allowed = ("$client->{base}$VERIFY" => 'POST', '/v1/internal/apps' => 'GET, HEAD, POST', '/health' => 'GET, HEAD',
    "$client->{base}//coupons/verify" => undef);
for my $path (sort keys %allowed) {
    my $trace = $gateway->plain->raw("TRACE $path HTTP/1.1\r\nHost: x\r\nX-Signature: abcdef\r\n\r\n");
    unlike($trace->{body}, qr/abcdef/, "TRACE $path: nothing is echoed");
    like($trace->{status}, qr/\A40[45]\z/, "TRACE $path is refused");
    next if !$allowed{$path};
    error_is($trace, 405, 'method_not_allowed', "TRACE $path: as any other method");
    is($trace->{headers}{allow}, $allowed{$path}, "TRACE $path: Allow");
}
is($gateway->plain->raw("TRACE /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n")->{status}, 200, 'elsewhere it is httpd\'s');

# --- queries ---

my %queries = (
    'bogus=1' => 'bogus', 'rejected=xyz' => 'rejected', 'rejected=' => 'rejected',
    'rejected=0123456' => 'rejected', 'rejected=0123456789' => 'rejected',
    'rejected=01234567&rejected=01234567' => 'rejected', 'rejected=%zz' => undef, 'rejected=0123456%00' => undef,
    '%00=1' => undef, 'rejected=%ff%fe1234' => undef
);
for my $query (sort { $a cmp $b } keys %queries) {
    error_is($client->call(GET => "/douyin/access-token?$query"), 400, 'invalid_request',
        "access-token?$query", field => $queries{$query});
}
error_is($client->call(POST => "$VERIFY?dry=1", { poi_id => POI, code => '123456789012' }), 400,
    'invalid_request', 'verify takes no query', field => 'dry');
for my $id ('0', '-1', '1x', '1.0', '9' x 30, '%31x', 'x', '+1') {
    error_is($client->call(GET => "/verifications/$id"), 404, 'not_found', "verification $id");
}

is($gateway->rows('dygw_verifications'), 0, 'nothing was recorded');
is($gateway->rows('dygw_apps'), $apps, 'no app was made');
is_deeply([ grep { $_->{call} !~ /token/ } $gateway->sandbox->calls(after => 0) ], [], 'Douyin was not asked');
is_deeply([ $gateway->server->child_pids ], \@children, 'no child has ended');
is($client->call(GET => '/douyin/access-token')->{status}, 200, 'and it still serves');
$gateway->finish;
done_testing;
