#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A host's clock that is wrong: Douyin's tells, and so do the log, the metrics and /health; what cannot be taken back
# waits; and it is over as soon as the clock is set right.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(time);

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Metrics;
use Dygw::Server qw(poll spew);

use constant SOON_SEC => 15;
use constant YEARS_SEC => 3 * 365 * 86400;
use constant REST_SEC => 600;

my $database = Dygw::Database->new('sqlite3');
my $clock = $database->dir . '/clock';
my $gateway = Dygw::Gateway->new(database => $database, clock => $clock, directives => { DygwRetention => '30d' });
my $sandbox = $gateway->sandbox;

sub set_clock { my ($sec) = @_; spew($clock, sprintf("%+d\n", $sec), 0644); return }

sub call_at {
    my ($sec, @what) = @_;
    return $gateway->client->call(@what, timestamp => int(time + $sec));
}

sub verify_at {
    my ($sec, $coupon, %with) = @_;
    return $gateway->client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
        timestamp => int(time + $sec), %with);
}

sub soon {
    my ($name, $come) = @_;
    ok((poll { $come->() } SOON_SEC), $name);
    return;
}

# What /health says of the clock; '' where it says nothing.
sub health { my $health = $gateway->health; return "$health->{status} " . ($health->{json}{checks}{clock} // '') }

sub renewed { return $database->query("SELECT renewed_at FROM dygw_leases WHERE name = 'worker'") / 1000 }

sub lines { my ($code) = @_; return scalar(() = $gateway->server->log_text =~ /\b$code:/g) }

sub offset { return Dygw::Metrics->scrape($gateway)->total('dygw_clock_offset_seconds', clock => $_[0]) }

set_clock(0);
$gateway->start;
$gateway->server->announce(qw(DYGW0360 DYGW0362 DYGW0363 DYGW0632 DYGW0633));
my $coupon = $sandbox->mint_coupon;
my $first = verify_at(0, $coupon, headers => { 'Idempotency-Key' => 'till-1-0001' });
is($first->{json}{data}{verify_status}, 'success', 'by a clock that is right a coupon is redeemed');
is(health(), '200 ', '... and /health does not speak of clocks');
cmp_ok(abs offset('douyin'), '<', 5, '... and the metrics know how far it is from Douyin\'s');
cmp_ok(abs offset('database'), '<', 2, '... and from the database\'s');

# Too little to refuse anybody.
$sandbox->switch(clock_ahead_s => 60);
verify_at(0, $sandbox->mint_coupon);
$gateway->server->log_like(qr/DYGW0363: .* behind Douyin's/, 'a minute behind is a warning');
is(health(), '200 ', '... and no failure');

# So much that callers are refused.
$sandbox->switch(clock_ahead_s => 200);
verify_at(0, $sandbox->mint_coupon);
soon('behind by more than half of the window: /health says so', sub { health() eq '503 behind' });
$gateway->server->log_like(qr/DYGW0362: .* 3m \d+s behind Douyin's/, '... and the log');
cmp_ok(offset('douyin'), '<', -190, '... and the metrics');
is(Dygw::Metrics->scrape($gateway)->total('dygw_health', check => 'clock'), 0, '... as a check that fails');
my $refused = verify_at(400, $sandbox->mint_coupon);
error_is($refused, 401, 'stale_timestamp', 'a caller is refused');
like($refused->{json}{message},
    qr/\AX-Timestamp is (?:3\d\d|400) s ahead of the server's clock, which says \d{10}; 300 s/,
    '... and told by how much they differ');
$sandbox->switch(clock_ahead_s => 0);
verify_at(0, $sandbox->mint_coupon);
soon('right again: /health is, too', sub { health() eq '200 ' });
$gateway->server->log_like(qr/DYGW0364/, '... and the log says it');
is(lines('DYGW0362') . lines('DYGW0363') . lines('DYGW0364'), '111', '... each once');

# Years ahead, as nobody's clock but this host's.
my $done = "id = $first->{json}{data}{id} AND enrichment_status <> 'pending'";
soon('nothing is left to be done for it', sub { $gateway->rows('dygw_verifications', $done) });
my $records = $gateway->rows('dygw_verifications');
set_clock(YEARS_SEC);
soon('years ahead: /health says so, though nobody calls', sub { health() eq '503 ahead' });
soon('... and the background works on', sub { renewed() > time + YEARS_SEC / 2 });
my $renewed = renewed();
soon('... and on', sub { renewed() > $renewed });
set_clock(YEARS_SEC + REST_SEC);
soon('... and after the rest of what removes old records', sub { renewed() > time + YEARS_SEC + REST_SEC - 60 });
is($gateway->rows('dygw_verifications'), $records, '... and DygwRetention removes no record');
cmp_ok($gateway->rows('dygw_idempotency'), '>', 0, '... and no Idempotency-Key is forgotten');
my $again = verify_at(YEARS_SEC + REST_SEC, $coupon, headers => { 'Idempotency-Key' => 'till-1-0001' });
is($again->{json}{data}{id}, $first->{json}{data}{id}, '... and a request that is repeated redeems nothing anew');
set_clock(0);
soon('set back: /health is right', sub { health() eq '200 ' });
$gateway->server->log_like(qr/DYGW0360/, '... and the log says it');
is(verify_at(0, $sandbox->mint_coupon)->{json}{data}{verify_status}, 'success', '... and a coupon is redeemed');
is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
