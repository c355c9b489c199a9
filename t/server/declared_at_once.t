#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two hosts with several children each begin to declare the same hundreds of apps at the same moment, while these call
# already: each app gets one row and one entry in the audit trail, and nobody is refused.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Client;
use Dygw::Database;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(poll spew);

use constant APPS => 300;

my $sandbox = Dygw::Sandbox->start_new;

sub secret_of { return "sk_declared_$_[0]_0123456789" }

sub sections {
    my ($gateway) = @_;
    return join '', map {
        my $secret = $gateway->secret_file("secret-$_", secret_of($_));
        "<DygwApp pos-$_>\n    DygwAppClientKey key-of-pos-$_\n    DygwAppSecret file:$secret\n</DygwApp>\n";
    } 1 .. APPS;
}

sub caller_of {
    my ($gateway, $number) = @_;
    return Dygw::Client->new(port => $gateway->server->port, key => "key-of-pos-$number",
        secret => secret_of($number));
}

for my $driver (qw(sqlite3 pgsql mysql)) {
    my $database = Dygw::Database->new($driver);
    my @hosts = map { Dygw::Gateway->new(database => $database, sandbox => $sandbox, children => 3) } 1 .. 2;
    for my $host (@hosts) {
        my $file = $host->server->dir . '/apps.conf';
        spew($file, '');
        $host->{more} = "Include \"$file\"\n";
    }
    $hosts[0]->start;
    $hosts[1]->start_beside($hosts[0]);
    for my $host (@hosts) {
        spew($host->server->dir . '/apps.conf', sections($host));
        $host->disconnect;
        $host->server->send_signal('USR1');
    }
    # Callers of both hosts, from the first moment on that a host knows them.
    my (%seen, %ids);
    for my $number (1 .. 40) {
        my @clients = map { caller_of($_, $number) } @hosts;
        for my $client (@clients) {
            my $answer;
            poll {
                $answer = $client->call(POST => '/coupons/verify',
                    { poi_id => POI, code => $sandbox->mint_coupon->{code} }, headers => { Connection => 'close' });
                $answer->{status} != 401; # the generation before
            };
            $seen{ $answer->{status} }++;
            $ids{ $answer->{json}{data}{app_id} // 'none' }++;
        }
    }
    is_deeply(\%seen, { 200 => 80 }, "$driver: nobody is refused");
    is_deeply([ sort { $a <=> $b } values %ids ], [ (2) x 40 ], "$driver: each app has one id on both hosts");
    ok(poll(sub { $hosts[0]->rows('dygw_apps', "source = 'config'") == APPS }, 20),
        "$driver: each has its row");
    is($hosts[0]->rows('dygw_audit', "action = 'app.declare'"), APPS, "$driver: and its entry");
    $_->disconnect for @hosts;
    for my $host (@hosts) {
        $host->server->check_log("$driver: the log of a host is clean");
    }
}
$sandbox->check_log;
done_testing;
