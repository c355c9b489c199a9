#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two hosts on one database, reloaded one after the other while their callers go on: an app of the database is
# declared, its secret is changed, it is taken out of httpd.conf. No call is refused by a host that has to know the app;
# the app is gone only when no host declares it; and while the two differ, log and metrics say so.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Client;
use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway;
use Dygw::Metrics;
use Dygw::Sandbox;
use Dygw::Server qw(poll spew);
use Dygw::Traffic;

use constant {
    KEY     => 'key-of-pos',
    CALLS   => 200,     # at least, after each step
    KNOWN   => 30,      # seconds until each host has seen what the other declares
    ERASED  => 60,      # and until nobody needs the stored secret
    TOLD    => 100,     # and until what lasts is told
    CALLERS => 4,
    LASTS   => 30,      # seconds, in which a secret is erased that no host needs
    REST    => 0.02,    # seconds between two calls of a caller: it has only so many nonces
};

my %SECRET = (old => 'sk_of_pos_before_0123456789', new => 'sk_of_pos_after_9876543210');
my $driver = $ARGV[0] // 'pgsql';
my $database = Dygw::Database->new($driver);
my $sandbox = Dygw::Sandbox->start_new;

# --- hosts, and what they declare ---

sub host {
    my ($name) = @_;
    my $host = Dygw::Gateway->new(name => "the $name host", database => $database, sandbox => $sandbox, threads => 8,
        children => 2);
    my $file = $host->server->dir . '/apps.conf';
    $host->{apps} = spew($file, '');
    $host->{more} = "IncludeOptional \"$file\"\n";
    return $host;
}

# Reloads a host, with the app declared under these secrets; or with nothing declared.
sub declare {
    my ($host, @secrets) = @_;
    my @files = map { 'file:' . $host->secret_file("pos-$_", $SECRET{$_}) } @secrets;
    spew($host->{apps}, @secrets ? <<"END" : '');
<DygwApp pos>
    DygwAppClientKey ${\ KEY}
    DygwAppSecret @files
</DygwApp>
END
    $host->graceful;
    $host->wait_healthy;
    return;
}

my ($one, $two) = map { host($_) } qw(first second);
$one->start;
$two->start_beside($one);

# --- callers ---

sub client {
    my ($host, $secret) = @_;
    return Dygw::Client->new(port => $host->server->port, key => KEY, secret => $SECRET{$secret});
}

# Signed in, it is told that there is no such record.
sub answer_of {
    my ($client) = @_;
    my $answer = $client->call(GET => '/verifications/1', undef, headers => { Connection => 'close' });
    $client->disconnect;
    return $answer;
}

sub callers {
    my ($secret, @hosts) = @_;
    my @clients = map { client($_, $secret) } @hosts;
    return Dygw::Traffic->start(CALLERS, sub {
        my ($process) = @_;
        my $answer = answer_of($clients[ $process % @clients ]);
        die "$answer->{status} $answer->{body}\n" if $answer->{status} != 404;
        sleep REST;
    });
}

sub is_unknown {
    my ($host, $secret, $name) = @_;
    return error_is(answer_of(client($host, $secret)), 401, 'invalid_credentials', $name);
}

# --- looking ---

my $id;

sub row {
    my ($column) = @_;
    return $database->query("SELECT COALESCE($column, '') FROM dygw_apps WHERE id = $id") // '';
}

sub differences {
    my ($host) = @_;
    return Dygw::Metrics->scrape($host)->total('dygw_declaration_differences');
}

sub differ_by {
    my ($count, $name) = @_;
    return ok(scalar(poll { !grep { differences($_) != $count } $one, $two } KNOWN), $name);
}

sub trail { return join ' ', map { $_->[0] } $database->query(
    "SELECT action FROM dygw_audit WHERE target = 'app:$id' ORDER BY id") }

# --- an app of the database is declared, on one host after the other ---

my (undef, $app) = $one->create_app(code => 'pos', client_key => KEY, secret => $SECRET{old});
$id = $app->{id};
poll { answer_of(client($two, 'old'))->{status} == 404 };
my $traffic = callers('old', $one, $two);
$traffic->go_on(CALLS);
declare($one, 'old');
ok(scalar(poll { row('source') eq 'config' }), 'declared on one host: it is the configuration\'s');
is(row('status'), 'active', '... and active');
$traffic->go_on(CALLS);
differ_by(1, '... and both hosts say that they differ');
my $until = time + LASTS;
$traffic->go_on(CALLS) while time < $until;
isnt(row('secret_sealed'), '', '... the other one needs its stored secret');
declare($two, 'old');
ok(scalar(poll { row('secret_sealed') eq '' } ERASED), 'declared on both: its stored secret is erased');
differ_by(0, '... and they do not differ any more');
$traffic->go_on(CALLS);

# --- another secret ---

declare($one, qw(new old));
$traffic->go_on(CALLS);
differ_by(1, 'a second secret on one host is a difference');
declare($two, qw(new old));
my $with_new = callers('new', $one, $two);
$with_new->go_on(CALLS);
$traffic->go_on(CALLS);
$traffic->stop_well('taken over, and given a second secret');
declare($one, 'new');
declare($two, 'new');
$with_new->go_on(CALLS);
$with_new->stop_well('its callers have the new secret, and the old one is taken away');
is_unknown($_, 'old', 'the old secret signs no more') for $one, $two;

# --- taken out ---

$traffic = callers('new', $two);
$traffic->go_on(CALLS);
$_->server->announce('DYGW0736') for $one, $two;
declare($one);
is_unknown($one, 'new', 'taken out of one host: that refuses it');
differ_by(1, '... and they differ');
for my $host ($one, $two) {
    ok(scalar(poll { $host->server->log_text =~ /DYGW0736: host \S+ declares 1 apps .*: pos \(only (?:here|there)\)/ }
        TOLD), '... which each tells when it lasts: ' . $host->server->{name});
    unlike($host->server->log_text, qr/\b(?:sk_of_pos|[0-9a-f]{8}\.[0-9a-f]{40})/, '... without secret or fingerprint');
}
is(row('status'), 'active', '... the app is not gone, as the other one declares it');
unlike(trail(), qr/undeclare/, '... nothing says so');
$traffic->go_on(CALLS);
$traffic->stop_well('a host declares it yet');
declare($two);
is_unknown($two, 'new', 'taken out of both: the other refuses it, too');
ok(scalar(poll { row('status') eq 'disabled' } KNOWN), '... and it is gone');
like(trail(), qr/\Aapp\.create app\.declare app\.undeclare\z/, '... with an entry');
ok(scalar(poll { $one->server->log_text =~ /DYGW0737/ } KNOWN), '... that they do not differ any more is told');
differ_by(0, '... and shown');
is(scalar(answer_of($_->client)->{status}), 404, 'apps of the database go on') for $one, $two;

$_->disconnect for $one, $two;
$_->server->check_log for $one, $two;
$sandbox->check_log;
done_testing;
