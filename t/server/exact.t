#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# /coupons/prepare and /douyin/stores hand on what Douyin said, byte for byte; what they send and refuse.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI ACCOUNT);
use Dygw::Sandbox;
use Dygw::Server qw(spew);

# A Douyin whose answers to these two calls are the contents of files.
my $files = tempdir('dygw-exact-XXXXXX', DIR => '/tmp', CLEANUP => 1);
chmod 0755, $files;
my $sandbox = Dygw::Sandbox->new(modules => ['alias'], conf => <<"END");
<Directory "$files">
    ForceType application/json
</Directory>
AliasMatch "^/exact/goodlife/v1/fulfilment/certificate/prepare/?\$" "$files/answer"
AliasMatch "^/exact/goodlife/v1/shop/poi/query/?\$" "$files/answer"
AliasMatch "^/exact/goodlife/v1/goods/poi/query/?\$" "$files/answer"
<LocationMatch "^/exact/goodlife/">
    SetHandler default-handler
</LocationMatch>
END
my $gateway = Dygw::Gateway->new(sandbox => $sandbox, children => 1, timeout => 1);
$gateway->start;
my $client = $gateway->client;
$gateway->server->announce(qw(DYGW0210 DYGW0500 DYGW0501));

sub prepare { return $client->call(POST => '/coupons/prepare', { poi_id => POI, @_ }) }

sub stores { my ($query) = @_; return $client->call(GET => "/douyin/stores?$query") }

# --- prepare, of the sandbox ---

my $order = $sandbox->mint(coupons => 2);
for my $by ([ code => $order->{coupons}[0]{code} ], [ short_link => $order->{short_link} ]) {
    my $answer = prepare(@$by);
    is($answer->{status}, 200, "prepare by $by->[0]") or diag $answer->{body};
    like($answer->{headers}{'content-type'}, qr{\Aapplication/json}, 'JSON');
    is($answer->{headers}{'x-douyin-logid'}, $answer->{json}{extra}{logid}, 'with the log id');
    is_deeply([ map { "$_->{certificate_id}" } @{ $answer->{json}{data}{certificates} } ],
        [ map { $_->{certificate_id} } @{ $order->{coupons} } ], 'and both coupons of the order');
}
my ($call) = reverse $sandbox->calls(call => 'prepare', after => 0);
my $escaped = Dygw::Sandbox::escape($order->{object_id});
like($call->{args}, qr/(?:\A|&)encrypted_data=\Q$escaped\E(?:&|\z)/i, 'encrypted_data is percent-encoded once');
like($call->{args}, qr/(?:\A|&)poi_id=${\ POI}(?:&|\z)/, 'with the store');
is($sandbox->coupon($order->{coupons}[0]{code})->{status}, 1, 'nothing is redeemed');
is($gateway->rows('dygw_verifications'), 0, 'nor recorded');

for my $code (1508, 1212, 3000001, 1229) {
    $sandbox->fault(call => 'prepare', fault => 'error', error_code => $code, description => 'why');
    my $answer = prepare(code => $order->{coupons}[0]{code});
    error_is($answer, 502, 'upstream_refused', "prepare: $code is a refusal, the coupon's too");
    is($answer->{json}{douyin}{error_code}, $code, "$code: with Douyin's words");
}
my %trouble = (
    'busy' => [ { fault => 'error', error_code => 2119003 }, 503, 'upstream_unavailable' ],
    'HTTP 500' => [ { fault => 'status', http_status => 500 }, 503, 'upstream_unavailable' ],
    'our request is wrong' => [ { fault => 'error', error_code => 2100005 }, 502, 'upstream_error' ],
    'no JSON' => [ { fault => 'garbage' }, 502, 'upstream_error' ],
    'silence' => [ { fault => 'hang', ms => $gateway->too_long }, 504, 'upstream_timeout' ],
);
for my $what (sort keys %trouble) {
    my ($fault, $status, $code) = @{ $trouble{$what} };
    for my $of ([ prepare => sub { prepare(code => $order->{coupons}[0]{code}) } ],
                [ stores => sub { stores('poi_id=' . POI) } ]) {
        $sandbox->fault(call => $of->[0], times => -1, %$fault);
        error_is($of->[1]->(), $status, $code, "$of->[0]: $what: $code");
        $sandbox->clear;
    }
}

# --- stores, of the sandbox ---

my $found = stores('poi_id=' . POI);
is($found->{status}, 200, 'stores') or diag $found->{body};
is($found->{json}{data}{error_code}, 0, 'Douyin\'s own answer');
is($found->{headers}{'x-douyin-logid'}, $found->{json}{extra}{logid}, 'with the log id');
sub asked {
    my ($query) = @_;
    my $answer = stores($query);
    my ($call) = reverse $sandbox->calls(call => 'stores', after => 0);
    my %args = map { split /=/, $_, 2 } split /&/, $call->{args};
    return join ' ', $answer->{status}, map { "$_=" . ($args{$_} // '') } qw(account_id poi_id page size);
}
is(asked(''), '200 account_id=' . ACCOUNT . ' poi_id= page=1 size=20', 'the configured account by default');
is(asked('poi_id=' . POI . '&page=3&size=50'), '200 account_id=' . ACCOUNT . ' poi_id=' . POI . ' page=3 size=50',
    'store and page are handed on');
is(asked('account_id=7000000000000000009'), '200 account_id=7000000000000000009 poi_id= page=1 size=20',
    'another account');
for my $bad (qw(page=0 page=-1 page=x page= page=99999999999999999999 size=0 size=51 size=1.5 bogus=1 page=1&page=2
        poi_id=a%2fb account_id=a%20b)) {
    my ($field) = $bad =~ /\A(\w+)=/;
    error_is(stores($bad), 400, 'invalid_request', "stores?$bad", field => $field);
}
my $local = $gateway->create_app(poi_ids => [POI]);
error_is($local->call(GET => '/douyin/stores'), 403, 'store_forbidden', 'an app limited to stores must name one');
error_is($local->call(GET => '/douyin/stores?poi_id=7000000000000000009'), 403, 'store_forbidden', 'of its own');
is($local->call(GET => '/douyin/stores?poi_id=' . POI)->{status}, 200, 'then it is told');
$local->disconnect;
error_is($client->call(POST => '/douyin/stores', {}), 405, 'method_not_allowed', 'stores is a GET');

# --- byte for byte ---

my %bytes = (
    'spaces and lines' => qq({ "data" :\r\n\t{"error_code": 0,  "description":"",%s "x" : [ ] },) .
        qq("extra":{"logid":"L1"}}\n),
    'numbers as they come' => '{"data":{"error_code":0,%s"a":7382420130108424203,"b":1.10,"c":1e5,"d":-0},' .
        '"extra":{"logid":"L2"}}',
    'large numbers' => '{"data":{"error_code":0,%s"a":18446744073709551615},"extra":{"logid":"L2"}}',
    'escapes' => '{"data":{"error_code":0,%s"a":"\u4e2d\/\\\\\"","b":"' . "\xe4\xb8\xad" . '"},' .
        '"extra":{"logid":"L3"}}',
    'no extra' => '{"data":{"error_code":0,%s"z":1,"a":2}}',
    'a large answer' => '{"data":{"error_code":0,%s"a":"' . 'x' x 200_000 . '"},"extra":{"logid":"L5"}}',
);
$gateway->set(DygwUpstream => $sandbox->url . '/exact');
my $based = 1;
for my $what (sort keys %bytes) {
    for my $of (qw(prepare stores)) {
        my $bytes = sprintf $bytes{$what}, $of eq 'prepare' ? '"verify_token":"t","certificates":[],' : '';
        spew("$files/answer", $bytes, 0644);
        if ($based) {
            $gateway->graceful;     # the token is held already; only these calls have the new base
            $based = 0;
        }
        my $answer = $of eq 'prepare' ? prepare(code => '123456789012') : stores('poi_id=' . POI);
        is($answer->{status}, 200, "$of: $what") or diag $answer->{body};
        ok($answer->{body} eq $bytes, "$of: $what: byte for byte") or diag substr $answer->{body}, 0, 300;
    }
}
$gateway->finish;
done_testing;
