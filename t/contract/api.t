#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The description of the API and a live gateway agree: linters find nothing in the document and in what is served, and
# a tester that makes requests up from the schemas finds no answer that is not as described.
#   DYGW_NPM: the directory with the npm packages (made by build/npm-packages)
#   DYGW_SEED, DYGW_RUNS: another series of requests, and how many for each property
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Cwd qw(abs_path);
use File::Copy qw(copy);
use JSON::PP;
use Test::More;

use Dygw::Gateway qw(POI ACCOUNT);
use Dygw::Needs;
use Dygw::Server qw(slurp spew);

use constant COUPONS => 40;

my $npm = $ENV{DYGW_NPM} || Dygw::Server->out . '/npm';
Dygw::Needs::built("$npm/node_modules", "sh build/npm-packages $npm");
$npm = abs_path($npm);
my $node = Dygw::Needs::program('node');
my $JSON = JSON::PP->new->utf8->canonical;

# Node looks for packages beside the program.
copy($_, $npm) or die "$_: $!\n" for glob "$FindBin::Bin/*.mjs";

# Runs a program whose TAP becomes a test of ours each.
sub run_tap {
    my ($program, @arguments) = @_;
    open my $tap, '-|', $node, "$npm/$program", @arguments or die "node: $!\n";
    my ($plan, $count) = (-1, 0);
    while (<$tap>) {
        $plan = $1 if /\A1\.\.(\d+)/;
        next if !/\A(not )?ok \d+ - (.*)/;
        $count++;
        ok(!$1, $2);
    }
    close $tap;
    is($count, $plan, "$program came to its end");
    return;
}

my $gateway = Dygw::Gateway->new(conf => <<"END")->start;
<DygwStore 7001>
    DygwStorePoi @{[ POI ]}
</DygwStore>
<DygwStore east-1>
    DygwStorePoi     7012345678901234568
    DygwStoreAccount @{[ ACCOUNT ]}
    DygwStoreName    "a store"
</DygwStore>
END
# The first ids are those that a generator tries first: they are nobody's.
$gateway->create_app(name => "app $_") for 2 .. 9;
my ($client, $app) = $gateway->create_app(name => 'the caller', allow_token_read => JSON::PP::true);
my $dir = $gateway->server->dir;
# Days of long ago are asked for, and Douyin knows nothing of them.
$gateway->server->announce('DYGW0481');

my %served = map { $_ => $gateway->plain("/v1/$_")->call(GET => '/openapi.json')->{body} } qw(open internal);
my @halves = map { spew("$dir/$_.json", $served{$_}) } sort keys %served;
run_tap('lint.mjs', "$FindBin::Bin/../../conf/openapi.yaml", Dygw::Server->out . '/openapi.json', @halves);

my @codes = map { $gateway->sandbox->mint_coupon->{code} } 1 .. COUPONS;
my $coupon = $gateway->sandbox->mint_coupon;
my $redeemed = $client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
    headers => { 'Idempotency-Key' => 'a key' })->{json}{data};
my %hints = (
    poi_id => [POI], store => [qw(7001 east-1)], code => \@codes, verification_id => [ $redeemed->{id} ],
    id => [ 1, 2, $redeemed->{id} ],
    app_id => [ $app->{id} ], idempotency_key => ['a key'], account_id => [ACCOUNT],
    certificate_id => [ $redeemed->{certificate_id} ], order_id => [ $redeemed->{order_id} ], q => ['app'],
    client_key => [ $app->{client_key} ], actor => ['operator-1'], target => ["app:$app->{id}"],
);
run_tap('tester.mjs', spew("$dir/setup.json", $JSON->encode({
    port => $gateway->server->port + 0, document => Dygw::Server->out . '/openapi.json',
    key => $client->{key}, secret => $client->{secret}, douyinSecret => Dygw::Sandbox::CLIENT_SECRET,
    hints => \%hints, taken => [ $app->{id} + 0 ],
    (defined $ENV{DYGW_SEED} ? (seed => $ENV{DYGW_SEED} + 0) : ()),
    (defined $ENV{DYGW_RUNS} ? (runs => $ENV{DYGW_RUNS} + 0) : ()),
})));

is($gateway->health->{status}, 200, 'the gateway is well afterwards');
$gateway->finish;
done_testing;
