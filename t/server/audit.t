#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The audit trail as it is read, and the reads of the token in it: every one, whatever dies or is away meanwhile.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use Dygw::Client qw(keys_in_order);
use Dygw::Expect;
use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant RING    => 2048;   # reads that a host keeps
use constant AT_ONCE => 24;

my $TOKEN = '/douyin/access-token';
my %ALLOWED = (allow_token_read => JSON::PP::true);
my @KEYS = qw(id at actor action target before after address request_id);
my $sandbox = Dygw::Sandbox->start_new;

# Reads the token from as many children as there are; gives the request ids of those that got it.
sub read_token {
    my ($client, $times) = @_;
    my @got;
    while ($times > 0) {
        my @handles = map { $client->begin(GET => $TOKEN) } 1 .. ($times < AT_ONCE ? $times : AT_ONCE);
        push @got, map { $_->{headers}{'x-request-id'} } grep { $_->{status} == 200 } map { $_->finish } @handles;
        $times -= @handles;
    }
    return @got;
}

# The request ids of the reads that are in the database.
sub recorded {
    my ($gateway) = @_;
    return map { $_->[0] } $gateway->database->query("SELECT request_id FROM dygw_audit WHERE action = 'token.read'");
}

# One test: the database has an entry for each of these reads, and no other, by itself. A child has it open first: a
# program of root's that opens SQLite's file alone would make its journal root's.
sub all_recorded {
    my ($gateway, $name, @ids) = @_;
    $gateway->internal->call(GET => '/apps');
    poll { (() = recorded($gateway)) >= @ids };
    my (%wanted, %found);
    $wanted{$_}++ for @ids;
    $found{$_}++ for recorded($gateway);
    return is_deeply(\%found, \%wanted, "$name: each of " . @ids . ' reads is recorded once');
}

# --- what an entry says ---

my $gateway = Dygw::Gateway->new(sandbox => $sandbox);
$gateway->start(%ALLOWED);
my ($client, $app, $internal) = ($gateway->client, $gateway->app, $gateway->internal);
my $actor = "app:$app->{client_key}";

sub list {
    my ($query) = @_;
    my $answer = $internal->call(GET => "/audit?$query");
    is($answer->{status}, 200, "/audit?$query") or diag $answer->{body};
    return $answer->{json};
}

my $before = time;
my $read = $client->call(GET => $TOKEN, undef, headers => { 'X-Request-Id' => 'read-1' });
my $answer = $internal->call(GET => "/audit?actor=$actor");
is($answer->{status}, 200, 'listed') or diag $answer->{body};
is($answer->{json}{total}, 1, 'a read of the token is in the list at once');
my $entry = $answer->{json}{data}[0];
is_deeply(keys_in_order($answer->{body}, 'data', 0), \@KEYS, 'the keys, in order');
is_deeply(keys_in_order($answer->{body}), [qw(data page page_size total)], 'and those of the list');
like($entry->{at}, instant(), 'when');
is_deeply({ map { $_ => $entry->{$_} } @KEYS[ 2 .. 8 ] }, {
    actor => $actor, action => 'token.read', target => "app:$app->{id}", before => undef, after => undef,
    address => '127.0.0.1', request_id => 'read-1'
}, 'who, what and from where');
error_is($gateway->create_app->call(GET => $TOKEN), 403, 'token_read_forbidden', 'what was refused');
is(list("action=token.read")->{total}, 1, 'is no read');
unlike($answer->{body}, qr/\Q$read->{json}{data}{access_token}\E/, 'no token');

# --- lists ---

my @more = map { "read-$_" } 2 .. 5;
$client->call(GET => $TOKEN, undef, headers => { 'X-Request-Id' => $_ }) for @more;
my $page = list("actor=$actor&page=2&page_size=2");
is_deeply([ map { $_->{request_id} } @{ $page->{data} } ], [qw(read-3 read-2)], 'the newest first, page by page');
is_deeply([ @$page{qw(page page_size total)} ], [ 2, 2, 5 ], 'and how many there are');
is_deeply(list("actor=$actor&page=4&page_size=2")->{data}, [], 'an empty page behind the last');
is(list("target=app:$app->{id}&action=token.read")->{total}, 5, 'by target and action');
is(list("actor=$actor&target=app:999")->{total}, 0, 'of another target: none');
is(list('actor=nobody')->{total}, 0, 'of another actor: none');
my $third = list("actor=$actor")->{data}[2]{at};
my $from = list("actor=$actor&start_time=$third")->{total};
my $until = list("actor=$actor&end_time=$third")->{total};
is($from + $until, 5, 'start_time is inclusive, end_time is not');
cmp_ok($from, '>=', 3, 'and both cut');
my ($today, $tomorrow) = map { my @t = gmtime($before + 8 * 3600 + $_ * 86400);
    sprintf '%04d-%02d-%02d', $t[5] + 1900, $t[4] + 1, $t[3] } 0, 1;
is(list("actor=$actor&start_time=$today&end_time=$tomorrow")->{total}, 5, 'dates are whole days in China');
is(list("actor=$actor&end_time=$today")->{total}, 5, 'the last one too');
is(list("actor=$actor&start_time=2001-01-01T00:00:00%2B08:00&end_time=2001-01-02T00:00:00Z")->{total}, 0,
    'none in another time');

for my $case (
    [ 'actor=' => 'actor' ], [ 'target=' => 'target' ], [ 'action=' => 'action' ], [ 'action=app.delete' => 'action' ],
    [ 'actor=' . 'x' x 129 => 'actor' ], [ 'start_time=yesterday' => 'start_time' ], [ 'end_time=' => 'end_time' ],
    [ 'end_time=2026-02-30' => 'end_time' ], [ 'start_time=2026-01-01T00:00:00' => 'start_time' ],
    [ 'start_time=2026-01-02&end_time=2026-01-01T00:00:00Z' => 'end_time' ], [ 'page=0' => 'page' ],
    [ 'page=x' => 'page' ], [ 'page_size=201' => 'page_size' ], [ 'page_size=0' => 'page_size' ],
    [ 'operator=x' => 'operator' ], [ 'actor=a&actor=b' => 'actor' ], [ 'export=csv' => 'export' ]
) {
    error_is($internal->call(GET => "/audit?$case->[0]"), 400, 'invalid_request', "/audit?$case->[0]",
        field => $case->[1]);
}
error_is($internal->call(POST => '/audit', {}), 405, 'method_not_allowed', 'nobody adds to it');
error_is($gateway->plain('/v1/internal')->call(GET => '/audit'), 401, 'operator_required', 'an operator reads it');
$gateway->finish;

# --- nothing is lost ---

for my $mpm (qw(event prefork)) {
    $gateway = Dygw::Gateway->new(sandbox => $sandbox, mpm => $mpm, children => 3);
    $gateway->start(%ALLOWED);
    my $server = $gateway->server;
    $server->announce('AH10392');      # of httpd, about children that are killed
    my @ids = read_token($gateway->client, AT_ONCE);
    all_recorded($gateway, "$mpm: without being asked for", @ids);

    push @ids, read_token($gateway->client, AT_ONCE);
    $gateway->disconnect;
    $server->kill_child($server->child_pids);
    all_recorded($gateway, "$mpm: every child is killed right after", @ids);

    push @ids, read_token($gateway->client, AT_ONCE);
    $gateway->graceful;
    all_recorded($gateway, "$mpm: a graceful restart", @ids);

    push @ids, read_token($gateway->client, AT_ONCE);
    $gateway->restart;
    all_recorded($gateway, "$mpm: a restart", @ids);

    for my $signal (qw(TERM WINCH)) {
        push @ids, read_token($gateway->client, AT_ONCE);
        $gateway->disconnect;
        $server->stop($signal);
        is(scalar(() = recorded($gateway)), scalar @ids, "$mpm: SIG$signal: all is recorded when it has stopped");
        $server->start;
        $gateway->wait_healthy;
    }
    push @ids, read_token($gateway->client, AT_ONCE);
    $gateway->disconnect;
    $server->kill_child($server->child_pids);
    $server->stop;
    is(scalar(() = recorded($gateway)), scalar @ids, "$mpm: nor does it need its children for that");
    $gateway->finish;
}

# --- the database is away ---

$gateway = Dygw::Gateway->new(sandbox => $sandbox, driver => 'pgsql', children => 2);
$gateway->start(%ALLOWED);
$client = $gateway->client;
$gateway->server->announce(qw(DYGW0310 DYGW0490 DYGW0600 DYGW0601 AH00629 AH00632 AH00633 AH00636 AH00639
    AH02655));
my @ids = read_token($client, AT_ONCE);
all_recorded($gateway, 'before', @ids);
$gateway->database->stop;
push @ids, read_token($client, RING - AT_ONCE);
is(scalar @ids, RING, 'the database is away: reads are answered all the same');
push @ids, read_token($client, AT_ONCE);
is(scalar @ids, RING + AT_ONCE, 'as many as can be kept');
error_is($client->call(GET => $TOKEN), 503, 'database_unavailable', 'no token goes unrecorded');
error_is($gateway->internal->call(GET => '/audit'), 503, 'database_unavailable', 'nor is the list incomplete');
$gateway->database->start;
all_recorded($gateway, 'it is back', @ids);
is($client->call(GET => $TOKEN, undef, headers => { 'X-Request-Id' => 'afterwards' })->{status}, 200,
    'and reads are answered again');
push @ids, 'afterwards';
all_recorded($gateway, 'afterwards', @ids);

# --- and stays away ---

$gateway->database->stop;
is($client->call(GET => $TOKEN, undef, headers => { 'X-Request-Id' => 'the-last-one' })->{status}, 200, 'a read');
$gateway->stop;
my @lines = $gateway->server->log_text =~ /(DYGW0490[^\n]*)/g;
is(scalar @lines, 1, 'the end: the log says what the trail lacks');
like($lines[0] // '', qr/app \d+ \($gateway->{app}{client_key}\) .* at 20\S+Z from 127\.0\.0\.1, request the-last-one/,
    'all of it');
$gateway->finish;
done_testing;
