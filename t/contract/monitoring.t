#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What Prometheus and Grafana make of it: promtool accepts the page and the alert rules, which alarm when they should,
# and each metric that the rules, the dashboard and the manual name is on the page, and the manual names them all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Gateway;
use Dygw::Metrics;
use Dygw::Needs;
use Dygw::Server qw(slurp spew);

use constant ALERTS => 20;

my $root = "$FindBin::Bin/../..";
my $promtool = Dygw::Server->out . '/promtool/promtool';
Dygw::Needs::built($promtool, 'sh build/promtool ' . Dygw::Server->out . '/promtool');

# One test: promtool has nothing to say against it.
sub promtool {
    my ($name, @command) = @_;
    my $output = `$promtool @command 2>&1`;
    return is($? >> 8, 0, $name) || diag $output;
}

# Names of metrics in an expression, without a histogram's suffixes.
sub named { return map { s/_seconds_(?:bucket|sum|count)\z/_seconds/r } $_[0] =~ /\b(dygw_[a-z_]+)\b/g }

sub missing {
    my ($known, @names) = @_;
    my %known = map { $_ => 1 } @$known;
    return [ grep { !$known{$_} } @names ];
}

my $gateway = Dygw::Gateway->new->start;
my $page = Dygw::Metrics->scrape($gateway);
my @names = $page->names;
my $file = spew($gateway->server->dir . '/metrics', $page->{answer}{body});
$gateway->finish;

promtool('the page', "check metrics < $file");
promtool('the alert rules', "check rules $root/conf/dygw-alerts.yml");
promtool('they alarm when they should, and not else', "test rules $FindBin::Bin/alerts.yml");

my $alerts = slurp("$root/conf/dygw-alerts.yml");
my @expressions = $alerts =~ /^\s+expr:\s+(.*?)^\s+(?:for|labels):/gms;
is(scalar(@expressions), ALERTS, 'expressions of alerts');
is_deeply(missing(\@names, map { named($_) } @expressions), [], 'alerts name metrics that exist');
my $tests = slurp("$FindBin::Bin/alerts.yml");
is_deeply([ grep { $tests !~ /alertname: $_\n(?:\s+exp_alerts:\n)/ } $alerts =~ /alert: (\w+)/g ], [],
    'each is seen to alarm');

my $dashboard = decode_json(slurp("$root/conf/dygw-dashboard.json"));
cmp_ok($dashboard->{schemaVersion}, '>=', 36, 'the dashboard can be imported');
my @panels = @{ $dashboard->{panels} };
my %ids = map { $_->{id} => 1 } @panels;
is(scalar(keys %ids), scalar(@panels), '... its panels have ids of their own');
is(scalar(grep { $_->{datasource}{uid} ne '${datasource}' } @panels), 0, '... and the data source that is chosen');
my @targets = map { $_->{expr} } map { @{ $_->{targets} } } @panels;
cmp_ok(scalar(@targets), '>', 10, '... and something to show');
is_deeply(missing(\@names, map { named($_) } @targets), [], '... of metrics that exist');

my ($section) = slurp("$root/mod_dygw/manual/operation.md") =~ /^## Metrics\n(.*?)^## /ms;
my @described = named($section // '');
is_deeply(missing(\@names, @described), [], 'the manual names metrics that exist');
is_deeply(missing(\@described, grep { !/^dygw_nonces/ } @names), [], 'and all of them');
done_testing;
