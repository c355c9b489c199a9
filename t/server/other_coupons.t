#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What an app is shown of Douyin's answers: not what the order's other coupons could be redeemed with.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(poll);

my $gateway = Dygw::Gateway->new->start;
my $sandbox = $gateway->sandbox;
my $client = $gateway->client;

# The answers are Douyin's, of this coupon; nothing of the others is in them.
sub shows_its_own {
    my ($record, $own, $others, $name) = @_;
    my $text = JSON::PP->new->canonical->allow_nonref->allow_bignum->encode($record->{douyin_response});
    like($text, qr/\Q$own->{encrypted_code}\E/, "$name: its own encrypted code is in Douyin's answers");
    like($text, qr/"prepare":.*"certificates":/, "$name: which are there");
    unlike($text, qr/verify_token/, "$name: no verify_token");
    unlike($text, qr/\Q$_->{encrypted_code}\E|"\Q$_->{code}\E"/, "$name: nothing of another coupon") for @$others;
    return;
}

my $order = $sandbox->mint(coupons => 3);
my ($first, @others) = @{ $order->{coupons} };
my %key = (headers => { 'Idempotency-Key' => 'once' });
my @call = (POST => '/coupons/verify', { poi_id => POI, code => $first->{code} });
my $answer = $client->call(@call, %key);
view_is($answer, 'one of three is redeemed', verify_status => 'success');
shows_its_own($answer->{json}{data}, $first, \@others, 'verify');
is($client->call(@call, %key)->{body}, $answer->{body}, 'a replay is the same to the byte');
my $id = $answer->{json}{data}{id};
poll { $client->call(GET => "/verifications/$id")->{json}{data}{enrichment_status} eq 'success' } 20;
my $read = $client->call(GET => "/verifications/$id");
is($read->{json}{data}{enrichment_status}, 'success', 'later it is enriched');
shows_its_own($read->{json}{data}, $first, \@others, 'read');
ok($read->{json}{data}{douyin_response}{order}, 'and shows the order, too');

my $office = $gateway->internal->call(GET => '/reports/verifications');
my $whole = $office->{json}{data}[0]{douyin_response}{prepare}{data};
ok(length $whole->{verify_token}, 'the office sees all of it: verify_token');
is_deeply([ map { $_->{encrypted_code} } @{ $whole->{certificates} } ],
    [ map { $_->{encrypted_code} } $first, @others ], 'and each code');

my $cancelled = $client->call(POST => '/coupons/cancel', { verification_id => $id });
is($cancelled->{json}{data}{verify_status}, 'cancelled', 'cancelled');
shows_its_own($cancelled->{json}{data}, $first, \@others, 'cancel');

$order = $sandbox->mint(coupons => 3);
my @coupons = @{ $order->{coupons} };
my $two = $gateway->verify(short_link => $order->{short_link}, count => 2);
is($two->{status}, 200, 'two of three') or diag $two->{body};
shows_its_own($two->{json}{items}[0], $coupons[0], [ @coupons[ 1, 2 ] ], 'the first');
shows_its_own($two->{json}{items}[1], $coupons[1], [ @coupons[ 0, 2 ] ], 'the second');

$gateway->finish;
done_testing;
