#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What the access log can say of a call: the app as the user, the outcome, the verification, the time that Douyin took.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(slurp poll);
use Dygw::Webhook;

my $gateway = Dygw::Gateway->new(children => 1,
    access_log => '%{X-Request-Id}o %u %>s %{dygw-code}n %{dygw-verification}n %{dygw-upstream-us}n');
$gateway->start;
my ($sandbox, $client) = ($gateway->sandbox, $gateway->client);

# The fields that were logged of an answer, without its request id.
sub logged {
    my ($answer) = @_;
    my $id = $answer->{headers}{'x-request-id'};
    my $line = poll { (slurp($gateway->server->access_log) =~ /^\Q$id\E (.*)$/m)[0] } 5;
    return $line // 'nothing';
}

my $coupon = $sandbox->mint_coupon;
$sandbox->fault(call => 'verify', fault => 'latency', ms => 50);
my $answer = $gateway->verify(code => $coupon->{code});
my ($user, $status, $code, $verification, $microseconds) = split / /, logged($answer);
is("$user $status $verification", "$client->{key} 200 $answer->{json}{data}{id}",
    'a redemption: the app, the status, the verification');
like($code, qr/\A[a-z_]+\z/, 'its outcome in a word');
cmp_ok($microseconds, '>=', 50_000, 'the time that Douyin took, in microseconds');
cmp_ok($microseconds, '<', 5_000_000, 'and no more');

my $seen = $client->call(POST => '/coupons/preview', { poi_id => POI, code => $sandbox->mint_coupon->{code} });
like(logged($seen), qr/\A\Q$client->{key}\E 200 ok - [1-9]\d*\z/,
    'a preview: the time that Douyin took, and no verification');
like(logged($gateway->verify(code => '1')), qr/\A\Q$client->{key}\E 400 invalid_request - /, 'a mistake');
like(logged($client->call(GET => '/douyin/access-token')), qr/\A\Q$client->{key}\E 403 token_read_forbidden - /,
    'a call that is forbidden');
like(logged($client->call(GET => '/douyin/access-token', undef, signature => 'a' x 64)),
    qr/\A- 401 invalid_credentials - /, 'nobody, when the signature is wrong');
like(logged($gateway->internal->call(GET => '/apps')), qr/ 200 ok - -\z/, 'an operator\'s call');
like(logged($gateway->internal->call(GET => '/reports/summary?export=csv')), qr/ 200 ok - -\z/, 'an export');
like(logged($gateway->plain('/v1/internal')->call(GET => '/metrics')), qr/\A- 200 ok - -\z/, 'a scrape');
like(logged($gateway->internal->call(GET => '/nowhere')), qr/ 404 not_found - -\z/, 'a path that is none');
like(logged(Dygw::Webhook->new($gateway)->post('{"event":"x"}')), qr/\A- 200 ok - -\z/, 'a message of Douyin');
like(logged($gateway->health), qr/\A- 200 /, 'a look at the health');
$gateway->finish;
done_testing;
