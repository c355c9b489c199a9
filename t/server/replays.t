#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A captured request redeems nothing more: not when its body comes slowly, and not when its nonce has been forgotten.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(time);

use Dygw::Client;
use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(free_port poll);

use constant WINDOW => 3;    # seconds

my $sandbox = Dygw::Sandbox->start_new;

sub message_for { my ($client, $fields, %with) = @_;
    return $client->message(POST => '/coupons/verify', { poi_id => POI, %$fields }, %with) }

# A card whose second use nobody may take.
sub card { return $sandbox->mint_coupon(kind => 'times_card', times => 6) }

sub uses_of { my ($card) = @_; return scalar @{ $sandbox->coupon($card->{code})->{verifications} } }

# All but the last byte of each now, that when the window has closed.
sub trickle {
    my ($client, $timestamp, @messages) = @_;
    my @sockets = map { $client->connection } @messages;
    print { $sockets[$_] } substr $messages[$_], 0, -1 for 0 .. $#messages;
    poll { time > $timestamp + WINDOW + 0.1 } 2 * WINDOW;
    print { $sockets[$_] } substr $messages[$_], -1 for 0 .. $#messages;
    return map { Dygw::Client::Handle::read_answer($_, 'POST') } @sockets;
}

# --- a body that outlives the window ---

for my $store ('shm', 'dbd') {
    my $gateway = Dygw::Gateway->new(sandbox => $sandbox,
        directives => { DygwNonceStore => $store, DygwSignatureWindow => WINDOW . 's' })->start;
    my $card = card();
    my $timestamp = int time;
    my ($spent, $fresh) = map {
        message_for($gateway->client, { code => $card->{code} }, timestamp => $timestamp)
    } 1, 2;
    view_is($gateway->client->raw($spent), "$store: a request", verify_status => 'success');
    my @late = trickle($gateway->client, $timestamp, $spent, $fresh);
    error_is($late[0], 401, 'stale_timestamp', "$store: the same, whose last byte comes after the window");
    error_is($late[1], 401, 'stale_timestamp', "$store: one that was never seen is too late as well");
    is(uses_of($card), 1, "$store: neither redeems anything");
    $gateway->finish;
}

# --- nonces that are forgotten ---

my $gateway = Dygw::Gateway->new(sandbox => $sandbox, directives => { DygwNonceStore => 'shm 1000' })->start;
my $client = $gateway->client;

# What is captured: each a message, its coupon, and what it is.
sub captured {
    my ($by) = @_;
    my $sent = [];
    my $send = sub {
        my ($name, $fields, %with) = @_;
        my $message = message_for($by, $fields, %with);
        my $answer = $by->raw($message);
        diag $answer->{body} if $answer->{status} != 200;
        push @$sent, { name => $name, message => $message, fields => $fields };
        return $answer->{json}{data};
    };
    $send->('by code', { code => card()->{code} });
    $send->('with a key', { code => card()->{code} }, headers => { 'Idempotency-Key' => "k-$$-" . rand });
    $send->('several', { code => card()->{code}, count => 2 });
    my $used = $sandbox->mint_coupon;
    $sandbox->set_coupon($used->{code}, status => 2);
    my $failed = $send->('refused by prepare', { code => $used->{code} });
    is($failed->{verify_status}, 'failed', 'a used coupon is refused');
    my $prepared = $by->call(POST => '/coupons/prepare', { poi_id => POI, code => card()->{code} })->{json}{data};
    $send->('with its own prepare', { encrypted_code => $prepared->{certificates}[0]{encrypted_code},
                                      verify_token => $prepared->{verify_token} });
    return $sent;
}

sub is_forgotten {
    my ($to, $name, $sent) = @_;
    my $verifies = $sandbox->count('verify');
    my $rows = $gateway->rows('dygw_verifications');
    for my $one (@$sent) {
        # A header that is not signed may be taken away.
        my $message = $one->{message} =~ s/^Idempotency-Key: [^\r\n]*\r\n//mr;
        error_is($to->raw($message), 401, 'replayed_nonce', "$name: $one->{name}");
    }
    is($sandbox->count('verify'), $verifies, "$name: nothing was sent that redeems");
    is($gateway->rows('dygw_verifications'), $rows, "$name: nothing was recorded");
    return;
}

my $sent = captured($client);
is_forgotten($client, 'at once', $sent);
$gateway->stop;
$gateway->server->start;
$gateway->wait_healthy;
is_forgotten($client, 'after a stop and a start', $sent);
my ($keyed) = grep { $_->{name} eq 'with a key' } @$sent;
$gateway->stop;
$gateway->server->start;
$gateway->wait_healthy;
my $replayed = $client->raw($keyed->{message});
is($replayed->{headers}{'idempotency-replayed'}, 'true', 'with its Idempotency-Key it tells what is recorded');

$gateway->set(DygwNonceStore => 'dbd');
$gateway->graceful;
is_forgotten($client, 'in the database from now on', [ grep { $_ != $keyed } @$sent ]);
my $by_database = captured($client);
$gateway->set(DygwNonceStore => 'shm 1000');
$gateway->graceful;
is_forgotten($client, 'in memory again', $by_database);
$gateway->finish;

# Two hosts, each with a memory of its own; and two virtual hosts of one application with different stores.
my $database = Dygw::Database->new('sqlite3');
my $port = free_port();
$gateway = Dygw::Gateway->new(sandbox => $sandbox, database => $database, conf => <<"END")->start;
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
    DygwNonceStore dbd
    <Location "/v1/open">
        SetHandler dygw-open
    </Location>
</VirtualHost>
END
my $there = Dygw::Gateway->new(sandbox => $sandbox, database => $database)->start_beside($gateway);
$sent = captured($gateway->client);
is_forgotten($there->client, 'another host', $sent);
is_forgotten(Dygw::Client->new(%{ $gateway->client }, port => $port, socket => undef), 'another virtual host', $sent);
is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$there->disconnect;
$there->server->check_log;
$gateway->finish;
done_testing;
