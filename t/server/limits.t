#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# DygwRateLimit: exact for all children together, in its place among the checks, with a Retry-After that is true; and
# last_used_at.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use POSIX qw(floor);
use Test::More;
use Time::HiRes qw(time sleep);

use Dygw::Client;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(poll patience);

my $TOKEN = '/douyin/access-token';
my %ALLOWED = (allow_token_read => JSON::PP::true);

# Sends so many at once, each with a connection of its own; gives how often each code came.
sub volley {
    my ($client, $count) = @_;
    my @handles = map { $client->begin(GET => $TOKEN) } 1 .. $count;
    my %seen;
    $seen{ $_->{json}{code} // $_->{status} }++ for map { $_->finish } @handles;
    return \%seen;
}

# Calls until the limit is reached; gives the answer that says so.
sub exhaust {
    my ($client) = @_;
    for (1 .. 1000) {
        my $answer = $client->call(GET => $TOKEN);
        return $answer if $answer->{status} == 429;
    }
    return { status => 'never' };
}

# --- exact ---

for my $mpm (qw(prefork event)) {
    my ($rate, $burst, $at_once, $seconds) = (9, 20, 40, 3);
    my $gateway = Dygw::Gateway->new(mpm => $mpm, children => 4, directives => { DygwRateLimit => "$rate $burst" });
    $gateway->start(%ALLOWED);
    my $client = $gateway->client;
    my %seen;
    my $began = time;
    my ($first_answered, $last_sent);
    do {
        $last_sent = time;
        my $some = volley($client, $at_once);
        $first_answered //= time;
        $seen{$_} += $some->{$_} for keys %$some;
    } until $last_sent - $began > $seconds;
    my $ended = time;
    is_deeply([ sort keys %seen ], [qw(200 rate_limited)], "$mpm: accepted or refused");
    cmp_ok($seen{200}, '>=', $burst + floor($rate * ($last_sent - $first_answered)), "$mpm: as many as there are due");
    cmp_ok($seen{200}, '<=', $burst + floor($rate * ($ended - $began)), "$mpm: and not one more");

    # Another app has its own; a restart gives nothing.
    my $second = $gateway->create_app(%ALLOWED);
    is(volley($second, 10)->{200}, 10, "$mpm: another app has an allowance of its own");
    volley($client, $at_once);
    do { $began = time } while $client->call(GET => $TOKEN)->{status} == 200;    # then there was less than one
    $gateway->graceful;
    my $after = volley($client, $at_once)->{200} // 0;
    cmp_ok($after, '<=', 1 + $rate * (time - $began), "$mpm: a graceful restart is no new allowance");

    # A child that dies in the middle of it all blocks nobody.
    my @handles = map { $second->begin(GET => $TOKEN) } 1 .. 30;
    $gateway->server->kill_child(($gateway->server->child_pids)[0]);
    eval { $_->finish } for @handles;
    like(exhaust($second)->{status}, qr/429/, "$mpm: a child's death does not stop the counting");
    $gateway->finish;
}

# --- its place among the checks, its answer ---

my $gateway = Dygw::Gateway->new(directives => { DygwRateLimit => '1 3' });
$gateway->start(%ALLOWED);
my ($client, $internal) = ($gateway->client, $gateway->internal);
for (1 .. 10) {
    $client->call(GET => $TOKEN, undef, signature => '0' x 64);
    $client->call(GET => $TOKEN, undef, timestamp => time - 1000);
}
my $seen = volley($client, 3);
is($seen->{200}, 3, 'what is not signed by the app costs it nothing') or diag explain $seen;

my $refused = exhaust($client);
error_is($refused, 429, 'rate_limited', 'over the limit');
my $wait = $refused->{headers}{'retry-after'};
sleep($wait);
is($client->call(GET => $TOKEN)->{status}, 200, 'after Retry-After it is let through');

exhaust($client);
error_is($client->call(GET => $TOKEN, undef, signature => '0' x 64), 401, 'invalid_credentials',
    'over it a wrong signature is a wrong signature');
exhaust($client);
my $message = $client->message(GET => $TOKEN);
my $answer = $client->raw($message);
error_is($answer, 429, 'rate_limited', 'one more') if $answer->{status} != 200;
ok($answer->{status} == 200 || scalar(poll { $client->raw($message)->{status} == 200 } 10),
    'has not spent its nonce, and is let through later');
error_is($client->raw($message), 401, 'replayed_nonce', 'which spends it');
exhaust($client);
error_is($client->call(POST => '/coupons/verify', '}'), 429, 'rate_limited', 'over it the body is not looked at');

my $no_token = $gateway->create_app;
my %codes;
$codes{ $no_token->call(GET => $TOKEN)->{json}{code} }++ for 1 .. 20;
ok($codes{token_read_forbidden} >= 3 && $codes{rate_limited},
    'the limit comes before permission, and counts what is forbidden');
my ($asleep, $app) = $gateway->create_app(%ALLOWED);
exhaust($asleep);
is($internal->call(PATCH => "/apps/$app->{id}", { status => 'disabled' })->{status}, 200, 'disabled');
error_is($asleep->call(GET => $TOKEN), 403, 'app_disabled', 'an app that is not active hears that first');
is(scalar(grep { $internal->call(GET => '/apps')->{status} == 200 } 1 .. 30), 30, '/internal has no limit');
is(scalar(grep { $gateway->health->{status} == 200 } 1 .. 30), 30, 'nor has /health');
is($gateway->sandbox->count('verify'), 0, 'Douyin heard nothing of it');

$gateway->set(DygwRateLimit => 'off');
$gateway->graceful;
is(volley($client, 40)->{200}, 40, 'off: no limit');

# --- last_used_at ---

sub last_used { my ($id) = @_; return $internal->call(GET => "/apps/$id")->{json}{data}{last_used_at} }

my ($fresh, $new) = $gateway->create_app(%ALLOWED);
my ($quiet, $unused) = $gateway->create_app(%ALLOWED);
my $tells = Dygw::Client->new(%$quiet, secret => 'another secret 0123456789', socket => undef);
error_is($tells->call(GET => $TOKEN), 401, 'invalid_credentials', 'a call with a wrong secret');
my $from = int(1000 * time);
is($fresh->call(GET => $TOKEN)->{status}, 200, 'an app is used');
my $to = int(1000 * time) + 1;
ok(poll { defined last_used($new->{id}) }, 'last_used_at is there a moment later');
like(last_used($new->{id}), instant(), 'a time');
my $at = $gateway->database->query("SELECT last_used_at FROM dygw_apps WHERE id = $new->{id}");
cmp_ok($at, '>=', $from, 'not before the call');
cmp_ok($at, '<=', $to, 'nor after it');
is(last_used($unused->{id}), undef, 'an app whose secret was not known is not used');
is($internal->call(GET => "/apps/$new->{id}")->{json}{data}{updated_at}, $new->{updated_at},
    'updated_at does not move');
my ($list) = grep { $_->{id} == $new->{id} } @{ $internal->call(GET => '/apps?page_size=200')->{json}{data} };
like($list->{last_used_at}, instant(), 'it is listed too');

# The next use is written when a minute is over; another app's at once.
is($fresh->call(GET => $TOKEN)->{status}, 200, 'used again');
is($quiet->call(GET => $TOKEN)->{status}, 200, 'and another one');
ok(poll { defined last_used($unused->{id}) }, 'the other one is written');
is($gateway->database->query("SELECT last_used_at FROM dygw_apps WHERE id = $new->{id}"), $at,
    'the first not so soon');
$_->disconnect for $client, $internal, $no_token, $asleep, $fresh, $quiet, $tells;
$gateway->finish;
done_testing;
