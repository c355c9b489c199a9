#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# mod_status shows the figures of each gateway: as a table, without tables, and in lines with ?auto.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Client;
use Dygw::Database;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(free_port poll);

use constant OTHER => 'awothermerchant1';

my $other = Dygw::Database->new('sqlite3');
my $port = free_port();
my $gateway = Dygw::Gateway->new(sandbox => Dygw::Sandbox->start_new(any_client => 1), modules => [qw(dbd status)],
    conf => <<"END");
<Location "/server-status">
    SetHandler server-status
</Location>
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
    DygwClientKey ${\ OTHER}
    DBDParams "${\ $other->params}"
    <Location "/health">
        SetHandler dygw-health
    </Location>
</VirtualHost>
END
$gateway->start;
my $plain = $gateway->plain;
my $coupon = $gateway->sandbox->mint_coupon;
is($gateway->verify(code => $coupon->{code})->{status}, 200, 'a redemption');
$gateway->sandbox->fault(call => 'prepare', fault => 'error', error_code => 1502);
$gateway->verify(code => $coupon->{code});
poll { Dygw::Client->new(port => $port, base => '')->call(GET => '/health')->{status} == 200 };

sub lines { return grep { /^Dygw/ } split /\n/, $plain->call(GET => '/server-status?auto')->{body} }

my @lines = lines();
is_deeply([ grep { !/^Dygw\[\d\]\w+: \S+$/ } @lines ], [], '?auto has lines of a name and a value');
my %value = map { /^(\S+): (.*)$/ ? ($1 => $2) : () } @lines;
is(scalar(keys %value), scalar(@lines), 'each name once');
my %is = map { $value{"Dygw[$_]Application"} => $_ } 0, 1;
is_deeply([ sort keys %is ], [ sort { $a cmp $b } OTHER, Dygw::Sandbox::CLIENT_KEY ], 'a section for each application');
my ($first, $second) = @is{ Dygw::Sandbox::CLIENT_KEY, OTHER };
is($value{"Dygw[$first]RedemptionsSuccess"}, 1, 'redemptions');
is($value{"Dygw[$second]RedemptionsSuccess"}, 0, 'each application has its own');
is($value{"Dygw[$first]Refusals"}, 1, 'what has many series is summed up');
cmp_ok($value{"Dygw[$first]UpstreamSecondsCount"}, '>=', 3, 'calls to Douyin');
is($value{"Dygw[$first]HealthDatabase"}, 1, 'the health');
ok(scalar(poll { grep { $_ eq "Dygw[$first]AppsDatabaseActive: 1" } lines() }), 'apps by source and status');
is(scalar(grep { /^Dygw\[$first\]Apps(?:DatabaseDisabled|ConfigActive|ConfigDisabled): 0$/ } lines()), 3, '... each');
my @names = map { /^Dygw\[$first\](\w+):/ ? $1 : () } @lines;
is(shift @names, 'Application', 'the application comes first');
is_deeply(\@names, [ sort @names ], 'the others are sorted');
is_deeply([ map { s/: .*//r } lines() ], [ map { s/: .*//r } @lines ], 'and always the same');

my $page = $plain->call(GET => '/server-status')->{body};
for my $key (Dygw::Sandbox::CLIENT_KEY, OTHER) {
    like($page, qr{<h2>mod_dygw [\d.]+: $key</h2>\n<table}, "a table of $key");
}
like($page, qr{<td>RedemptionsSuccess</td><td align="right">1</td>}, 'with its figures');
my $plainer = $plain->call(GET => '/server-status?notable')->{body};
like($plainer, qr{^RedemptionsSuccess: 1<br />$}m, 'and without tables');
my @all = ($page, $plainer, @lines);
my @secret = ($coupon->{code}, $gateway->client->{secret});
is_deeply([ grep { my $secret = $_; grep { index($_, $secret) >= 0 } @all } @secret ], [], 'nothing secret');
$gateway->finish;
done_testing;
