#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A rolling upgrade: the database has the next version's schema already, and a host of this one goes on, and can be
# restarted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Gateway qw(POI);
use Dygw::NextSchema;
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant BEFORE => 6;
use constant WHILE  => 24;      # redemptions that are under way during the migration

my $sandbox = Dygw::Sandbox->start_new;
my $gateway;

sub begin {
    my ($count) = @_;
    return map {
        $gateway->client->begin(POST => '/coupons/verify', { poi_id => POI, code => $_->{coupons}[0]{code} })
    } $sandbox->mint(orders => $count);
}

sub failures {
    return map { "$_->{status} $_->{body}" } grep { $_->{status} != 200 } map { $_->finish } @_;
}

# Everything that a host does: redeems, takes back, works in the background, lists, changes apps.
sub all_goes_on {
    my ($name) = @_;
    my $client = $gateway->client;
    my $coupon = $sandbox->mint_coupon;
    my $answer = $gateway->verify(code => $coupon->{code});
    my $id = $answer->{json}{data}{id};
    is($answer->{json}{data}{verify_status}, 'success', "$name: redeems");
    ok(poll { $gateway->rows('dygw_verifications', "enrichment_status = 'pending'") == 0 }, "$name: enriches");
    $sandbox->fault(call => 'verify', fault => 'error', error_code => 2_100_001, description => 'busy', times => 2);
    my $open = $gateway->verify(code => $sandbox->mint_coupon->{code});
    is($open->{status}, 202, "$name: has one to settle");
    my $cancelled = $client->call(POST => '/coupons/cancel', { verification_id => $id });
    is($cancelled->{json}{data}{verify_status}, 'cancelled', "$name: takes back");
    my $list = $gateway->internal->call(GET => '/reports/verifications?page_size=1');
    is($list->{json}{data}[0]{id}, $open->{json}{data}{id}, "$name: lists");
    is($gateway->internal->call(GET => '/reports/summary')->{status}, 200, "$name: sums up");
    my $app = $gateway->app->{id};
    my $changed = $gateway->internal->call(PATCH => "/apps/$app", { description => $name });
    is($changed->{json}{data}{description}, $name, "$name: changes an app");
    my $path = "/verifications/$open->{json}{data}{id}";
    ok(poll { $client->call(GET => $path)->{json}{data}{verify_status} eq 'success' }, "$name: settles");
    is($gateway->health->{status}, 200, "$name: is healthy");
    return;
}

for my $driver (qw(sqlite3 pgsql mysql)) {
    $gateway = Dygw::Gateway->new(driver => $driver, sandbox => $sandbox, directives => { DygwNonceStore => 'dbd' });
    $gateway->server->announce('DYGW0500');
    $gateway->start;
    is(join('', failures(begin(BEFORE))), '', "$driver: before the migration");
    my @under_way = begin(WHILE);
    Dygw::NextSchema::apply($gateway->database);
    is(join('', failures(@under_way)), '', "$driver: redemptions during the migration");
    all_goes_on("$driver, a newer schema");
    $gateway->graceful;
    is(join('', failures(begin(BEFORE))), '', "$driver: after a graceful restart");
    is($gateway->wait_healthy->{status}, 200, "$driver: healthy");
    $gateway->set(DygwSchema => 'check');
    $gateway->stop;
    $gateway->server->start;
    $gateway->wait_healthy;
    is(join('', failures(begin(BEFORE))), '', "$driver: and started anew, with DygwSchema check");
    $gateway->disconnect;
    $gateway->server->check_log;
}
is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
