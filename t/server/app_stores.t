#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# An app that is limited to stores: every endpoint that names a store refuses the others, before anything is looked at
# or sent to Douyin; and a change of its stores is known to all within 2 s.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(poll);

my $OTHER = '7000000000000000009';      # a store of somebody else's
my $FAR = '7000000000000000001';        # a second one of ours

my $gateway = Dygw::Gateway->new(children => 3);
$gateway->start;
my ($internal, $sandbox) = ($gateway->internal, $gateway->sandbox);

# The calls that name a store, by what they are called with.
my %calls = (
    'verify by code' => sub { ('/coupons/verify', { poi_id => $_[0], code => '123456789012' }) },
    'verify by link' => sub { ('/coupons/verify', { poi_id => $_[0], short_link => $sandbox->url . '/s/none' }) },
    'verify by encrypted_code' => sub {
        ('/coupons/verify', { poi_id => $_[0], encrypted_code => 'abc', verify_token => 'def' });
    },
    'verify of nonsense' => sub { ('/coupons/verify', { poi_id => $_[0], count => 'many', bogus => 1 }) },
    'prepare by code' => sub { ('/coupons/prepare', { poi_id => $_[0], code => '123456789012' }) },
    'prepare by link' => sub { ('/coupons/prepare', { poi_id => $_[0], short_link => $sandbox->url . '/s/none' }) },
    'preview by code' => sub { ('/coupons/preview', { poi_id => $_[0], code => '123456789012' }) },
    'preview by link' => sub { ('/coupons/preview', { poi_id => $_[0], short_link => $sandbox->url . '/s/none' }) },
    'stores' => sub { "/douyin/stores?poi_id=$_[0]" },
    'stores of an account' => sub { "/douyin/stores?account_id=7014065493820573710&poi_id=$_[0]" },
);

sub answer_to {
    my ($client, $name, $poi_id) = @_;
    my ($path, $body) = $calls{$name}->($poi_id);
    return $client->call($body ? 'POST' : 'GET', $path, $body);
}

sub refuses_all {
    my ($client, $poi_id, $what) = @_;
    error_is(answer_to($client, $_, $poi_id), 403, 'store_forbidden', "$what: $_") for sort keys %calls;
    return;
}

sub admits_all {
    my ($client, $poi_id, $what) = @_;
    for my $name (sort keys %calls) {
        my $code = answer_to($client, $name, $poi_id)->{json}{code} // '';
        isnt($code, 'store_forbidden', "$what: $name");
    }
    return;
}

my ($client, $app) = $gateway->create_app(poi_ids => [ POI, $FAR ]);
my $nobody = $gateway->create_app(poi_ids => []);
refuses_all($client, $OTHER, 'another store');
refuses_all($client, lc(POI) . '0', 'a store whose id begins alike');
refuses_all($client, substr(POI, 0, 18), 'a store whose id is shorter');
refuses_all($nobody, POI, 'an app for no store');
error_is($client->call(GET => '/douyin/stores'), 403, 'store_forbidden', 'stores: one has to be named');
error_is($client->call(GET => '/douyin/stores?account_id=1'), 403, 'store_forbidden', 'also with an account');
error_is($client->call(GET => '/douyin/stores?account_id=1&poi_id=' . POI), 403, 'store_forbidden',
    'or with another account than that of its store, all of whose stores would be listed');
error_is($nobody->call(GET => '/douyin/stores'), 403, 'store_forbidden', 'an app for none has none to name');
is($sandbox->count($_), 0, "Douyin heard nothing of it: $_") for qw(prepare verify);
is($gateway->rows('dygw_verifications'), 0, 'nothing is recorded');

admits_all($client, POI, 'its own store');
admits_all($client, $FAR, 'its second store');
admits_all($gateway->client, $OTHER, 'an app for all stores');

# What names no store asks for none: the app's own records are its own.
my $coupon = $sandbox->mint_coupon;
my $redeemed = $client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
    headers => { 'Idempotency-Key' => 'k-1' });
view_is($redeemed, 'redeemed in its own store', verify_status => 'success');
my $id = $redeemed->{json}{data}{id};

sub set_stores {
    my ($poi_ids) = @_;
    my $answer = $internal->call(PATCH => "/apps/$app->{id}", { poi_ids => $poi_ids });
    is_deeply($answer->{json}{data}{poi_ids}, $poi_ids, 'other stores') or diag $answer->{body};
    return;
}

set_stores([$OTHER]);
refuses_all($client, POI, 'a store that was its own');
admits_all($client, $OTHER, 'one that is now');
error_is($client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
    headers => { 'Idempotency-Key' => 'k-1' }), 403, 'store_forbidden', 'a replay names a store too');
view_is($client->call(GET => "/verifications/$id"), 'its record is there', poi_id => POI);
view_is($client->call(GET => '/verifications?idempotency_key=k-1'), 'by its key', id => $id);
view_is($client->call(POST => '/coupons/cancel', { verification_id => $id }), 'and can be taken back',
    verify_status => 'cancelled');
set_stores(undef);
admits_all($client, $_, 'all stores again') for POI, $OTHER;
set_stores([]);
refuses_all($client, $_, 'none at all') for POI, $OTHER;
$_->disconnect for $client, $nobody, $internal;
$gateway->finish;
done_testing;
