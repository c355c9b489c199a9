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

    # A row that the database refuses.
    $database->query("ALTER TABLE dygw_apps ADD CONSTRAINT refused CHECK (code <> 'bad')");
    $one->server->announce(qw(DYGW0743 DYGW0601 DYGW0600));
    declare($one, map { section($one, $_, "key-of-$_", 'new') } qw(one two bad four));
    row_is($one, $_, "config active erased key-of-$_", SEEN, "a row is refused, but not that of $_")
        for qw(one two four);
    $one->server->log_like(qr/DYGW0743: the row of <DygwApp bad> /, '... and the log names it');

    $_->disconnect for $one, $two;
    $_->server->check_log for $one, $two;
    $sandbox->check_log;
}

# --- one host ---

my $gateway = gateway(driver => 'sqlite3');
$gateway->start(code => 'pos', client_key => 'key-of-pos', secret => $SECRET{old});

# A secret that cannot be read.
$gateway->server->announce(qw(DYGW0350 DYGW0400));
declare($gateway, section($gateway, 'pos', 'key-of-pos', 'file:/nowhere/pos'));
is(answer_of($gateway, 'key-of-pos', 'old'), '503 key_unavailable', 'a section without its secret: refused');
is(row($gateway, 'pos'), 'database active stored key-of-pos', '... but the app of the database is not taken over');
declare($gateway);
signs_in($gateway, 'key-of-pos', 'old', '... and is there when the section is taken away again');

# A take-over, and its section taken away at once: there is no other host that serves the app.
declare($gateway, section($gateway, 'pos', 'key-of-pos', 'new'));
row_is($gateway, 'pos', 'config active stored key-of-pos', SEEN, 'declared with its secret it is taken over');
signs_in($gateway, 'key-of-pos', 'new', '... and signs in with that');
declare($gateway);
row_is($gateway, 'pos', 'config disabled erased key-of-pos', SEEN, '... until its section is taken away');
is(answer_of($gateway, 'key-of-pos', 'old'), '401 invalid_credentials', '... and it is unknown');
my $taken = $gateway->database->query("SELECT id FROM dygw_apps WHERE code = 'pos'");
$gateway->internal->call(POST => "/apps/$taken/secret", { secret => $SECRET{old} });
row_is($gateway, 'pos', 'database active stored key-of-pos', SEEN, '... or handed back');
signs_in($gateway, 'key-of-pos', 'old', '... with the secret of there');

# The master key is lost.
$gateway->set(DygwMasterKey => 'file:' . $gateway->secret_file('another-master-key', 'ff' x 32));
$gateway->disconnect;
$gateway->server->stop;
spew($gateway->{apps}, section($gateway, 'pos', 'key-of-pos', 'new'));
$gateway->server->start;
$gateway->wait_healthy;
signs_in($gateway, 'key-of-pos', 'new', 'the master key is lost: an app that is declared instead signs in');
row_is($gateway, 'pos', 'config active stored key-of-pos', SEEN, '... its row is taken over');
is($gateway->health->{status}, 200, '... and the key is good');

# A request that outlasts the reload that takes its app away.
declare($gateway, section($gateway, 'pos', 'key-of-pos', 'new'), section($gateway, 'web', 'key-of-web', 'new'));
row_is($gateway, 'web', 'config active erased key-of-web', SEEN, 'a new app has its row');
my $client = Dygw::Client->new(port => $gateway->server->port, key => 'key-of-web', secret => $SECRET{new});
my $message = $client->message(POST => '/coupons/verify',
    { poi_id => POI, code => $gateway->sandbox->mint_coupon->{code} });
my $socket = $client->connection;
$socket->autoflush(1);
print {$socket} substr $message, 0, -4;
spew($gateway->{apps}, section($gateway, 'pos', 'key-of-pos', 'new'));
$gateway->disconnect;
$gateway->server->graceful(overlap => 1);
row_is($gateway, 'web', 'config disabled erased key-of-web', SEEN, 'its section is taken away: it is gone');
my $id = $gateway->database->query("SELECT id FROM dygw_apps WHERE code = 'web'");
my $answer = $gateway->internal->call(POST => "/apps/$id/secret", { secret => $SECRET{old} });
is($answer->{status}, 200, '... and handed back') or diag $answer->{body};
print {$socket} substr $message, -4;
Dygw::Client::Handle::read_answer($socket, 'POST');
look($gateway);
is(row($gateway, 'web'), 'database active stored key-of-web', '... which a request from before cannot undo');
signs_in($gateway, 'key-of-web', 'old', '... and signs in');

# A section gets the client_key of one that is taken away.
my $pos = section($gateway, 'pos', 'key-of-pos', 'new');
declare($gateway, $pos, section($gateway, 'till', 'key-of-till', 'new'),
    section($gateway, 'kiosk', 'key-of-kiosk', 'new'));
row_is($gateway, 'kiosk', 'config active erased key-of-kiosk', SEEN, 'two apps are declared');
declare($gateway, $pos, section($gateway, 'till', 'key-of-kiosk', 'old'));
row_is($gateway, 'till', 'config active erased key-of-kiosk', SEEN, '... and one gets the client_key of the other');
like(row($gateway, 'kiosk'), qr/\Aconfig \w+ erased given-up-by-\d+\z/, '... which leaves it');
signs_in($gateway, 'key-of-kiosk', 'old', '... and signs in with it');
row_is($gateway, 'kiosk', row($gateway, 'kiosk') =~ s/active/disabled/r, SEEN, '... and the other one is gone');

# A virtual host that is the same host to the database, and declares nothing.
$gateway->server->announce(qw(DYGW0705 DYGW0738 DYGW0374));
declare($gateway, $pos, sprintf <<'END', $gateway->server->port, Dygw::Sandbox::CLIENT_KEY);
<VirtualHost 127.0.0.2:%d>
    ServerName second
    DygwClientKey %s
</VirtualHost>
END
$gateway->server->log_like(qr/DYGW0705: the main server and second .* <DygwApp pos> .* differs/,
    'a virtual host that declares otherwise is told at a start');
signs_in($gateway, 'key-of-pos', 'new', '... which serves the app all the same');

$gateway->disconnect;
$gateway->finish;
done_testing;
