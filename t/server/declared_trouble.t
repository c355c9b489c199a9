#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Declared apps where something is amiss: a host that is held up in a reload, a request that outlasts one, a lost master
# key, a secret that cannot be read, a section in the way of another. What was in use goes on, and nothing that may be
# needed yet is lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Client;
use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(poll spew);

use constant {
    SEEN   => 20,    # seconds, in which a host has seen what another one declares
    LOOKED => 2,     # and in which a host that leads looks at what is gone
};

my %SECRET = (old => 'sk_of_pos_before_0123456789', new => 'sk_of_pos_after_9876543210');

# --- tools ---

sub gateway {
    my (%more) = @_;
    my $gateway = Dygw::Gateway->new(threads => 8, children => 1, %more);
    $gateway->{apps} = spew($gateway->server->dir . '/apps.conf', '');
    $gateway->{more} = "Include \"$gateway->{apps}\"\n";
    return $gateway;
}

# A section; secrets are names of ours, or file:paths.
sub section {
    my ($gateway, $code, $key, $secret) = @_;
    my $file = $SECRET{$secret} ? 'file:' . $gateway->secret_file($secret, $SECRET{$secret}) : $secret;
    return "<DygwApp $code>\n    DygwAppClientKey $key\n    DygwAppSecret $file\n</DygwApp>\n";
}

sub declare {
    my ($gateway, @sections) = @_;
    spew($gateway->{apps}, join '', @sections);
    $gateway->disconnect;
    $gateway->graceful;
    $gateway->wait_healthy;
    return;
}

# Signed in, an app is told that there is no such record: "404 not_found".
sub answer_of {
    my ($gateway, $key, $secret) = @_;
    my $client = Dygw::Client->new(port => $gateway->server->port, key => $key, secret => $SECRET{$secret});
    my $answer = $client->call(GET => '/verifications/1', undef, headers => { Connection => 'close' });
    $client->disconnect;
    return "$answer->{status} $answer->{json}{code}";
}

sub signs_in {
    my ($gateway, $key, $secret, $name) = @_;
    return is(answer_of($gateway, $key, $secret), '404 not_found', $name);
}

# "source status stored|erased client_key"
sub row {
    my ($gateway, $code) = @_;
    my ($row) = $gateway->database->query("SELECT source, status, CASE secret_sealed WHEN '' THEN 'erased' ELSE "
            . "'stored' END, client_key FROM dygw_apps WHERE code = '$code'");
    return join ' ', @{ $row // [] };
}

sub row_is {
    my ($gateway, $code, $wanted, $seconds, $name) = @_;
    poll { row($gateway, $code) eq $wanted } $seconds;
    return is(row($gateway, $code), $wanted, $name);
}

# Whether the host that leads has looked meanwhile: it does so at once when apps have changed.
sub look {
    my ($gateway) = @_;
    my (undef, $app) = $gateway->create_app(name => 'another');
    my $until = time + LOOKED;
    poll { time > $until } 2 * LOOKED;
    return $app;
}

# --- the background of a host is held up in its reload, and its requests come first ---

{
    my $database = Dygw::Database->new('pgsql');
    my $sandbox = Dygw::Sandbox->start_new;
    my ($one, $two) = map { gateway(name => "the $_ host", database => $database, sandbox => $sandbox) }
        qw(first second);
    $one->start(code => 'pos', client_key => 'key-of-pos', secret => $SECRET{old});
    $two->start_beside($one);
    poll { answer_of($two, 'key-of-pos', 'old') eq '404 not_found' };
    my ($child) = $two->server->child_pids;
    spew($two->{apps}, section($two, 'pos', 'key-of-pos', 'new'));
    $two->disconnect;
    kill STOP => $child; # the child that has the background
    $two->server->graceful(overlap => 1);
    poll { answer_of($two, 'key-of-pos', 'new') eq '404 not_found' };
    signs_in($two, 'key-of-pos', 'new', 'held up in a reload: the host serves what it declares');
    look($one);
    is(row($one, 'pos'), 'database active stored key-of-pos', '... and takes nothing over yet');
    signs_in($one, 'key-of-pos', 'old', '... and a host that is not reloaded goes on');
    kill CONT => $child;
    row_is($one, 'pos', 'config active stored key-of-pos', SEEN, '... until its background goes on');
    look($one);
    signs_in($one, 'key-of-pos', 'old', '... and still does');
    is($one->rows('dygw_audit', "action = 'app.undeclare'"), 0, '... nothing was ever taken for gone');
    $_->disconnect for $one, $two;
    $_->server->check_log for $one, $two;
    $sandbox->check_log;
}

done_testing;
