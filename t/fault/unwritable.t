#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A database that answers and cannot be written: its disk is full, it is read-only, a write hangs. Nothing is redeemed,
# /health, metrics, log and diagnosis say why, also where nobody calls, and all is well again by itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Metrics;
use Dygw::Server qw(poll spew);

use constant MANY => 80;    # redemptions: more than a page of any table has room for

my $dir = tempdir(CLEANUP => 1);
chmod 0755, $dir;
my $full = "$dir/full";
is(system($ENV{CC} // 'cc', '-shared', '-fPIC', '-o', "$dir/full_disk.so", "$FindBin::Bin/full_disk.c", '-ldl'), 0,
    'what makes a disk full is built');
my %preload = (LD_PRELOAD => "$dir/full_disk.so", DYGW_FULL => $full);

# What is written below a directory that begins so.
sub preload_for { return (%preload, DYGW_FULL_DIR => $_[0]) }

sub database_of {
    my ($health) = @_;
    return $health->{json}{checks}{database};
}

sub database_metric { return Dygw::Metrics->scrape($_[0])->total('dygw_health', check => 'database') }

sub finding {
    my ($gateway) = @_;
    my $answer;
    poll { ($answer = $gateway->internal->call(GET => '/diagnosis'))->{status} != 429 || !sleep 0.2 };
    my ($found) = grep { $_->{name} eq 'database' } @{ $answer->{json}{data}{checks} };
    return join ' ', grep { defined } @$found{qw(state reason)};
}

sub lines_of { my ($gateway, $code) = @_; return scalar(() = $gateway->server->log_text =~ /$code: /g) }

my $said = 0;    # how often the log has said it before

# The gateway is `word` within some seconds.
sub becomes {
    my ($gateway, $word, $name) = @_;
    my $health;
    poll { database_of($health = $gateway->health) eq $word };
    is("$health->{status} " . database_of($health), "503 $word", "$name: /health says so");
    is(database_metric($gateway), 0, '... and so do the metrics');
    is(finding($gateway), "fail $word", '... and the diagnosis');
    ok(poll(sub { lines_of($gateway, '\[dygw:error\].*DYGW0370') > $said }), '... and the log');
    return;
}

sub heals {
    my ($gateway, $name) = @_;
    is(lines_of($gateway, 'DYGW0370'), ++$said, "$name: the log said it once");
    $gateway->wait_healthy;
    is(database_metric($gateway), 1, '... healthy again');
    ok(poll(sub { lines_of($gateway, 'DYGW0371') == $said }), '... the log says so');
    like($gateway->server->log_text, qr/DYGW0371: the database can be written again, after \d+ s/,
        '... and after how long');
    view_is($gateway->verify(code => $gateway->sandbox->mint_coupon->{code}), '... and redeems',
        verify_status => 'success');
    return;
}

sub refuses {
    my ($gateway, $name) = @_;
    my $coupon = $gateway->sandbox->mint_coupon;
    error_is($gateway->verify(code => $coupon->{code}), 503, 'database_unavailable', "$name: a redemption is refused");
    is($gateway->sandbox->coupon($coupon->{code})->{verify_calls}, 0, '... and Douyin is not asked for it');
    return;
}

# Redeems until one is refused, since there is room in what the database has of its disk already.
sub fill_up {
    my ($gateway, $name) = @_;
    my ($verifies, $refused, $n) = (0, undef, 0);
    while (!$refused && $n++ < MANY) {
        my $coupon = $gateway->sandbox->mint_coupon;
        my $answer = $gateway->verify(code => $coupon->{code});
        $refused = $answer if $answer->{status} != 200;
        $verifies = $gateway->sandbox->coupon($coupon->{code})->{verify_calls};
    }
    error_is($refused, 503, 'database_unavailable', "$name: a redemption is refused sooner or later");
    is($verifies, 0, '... and Douyin is not asked for it');
    return;
}

sub finish {
    my ($gateway) = @_;
    $said = 0;
    unlink $full;
    $gateway->finish;
    return;
}

# --- a full disk ---

my $gateway = Dygw::Gateway->new(env => { preload_for('/tmp/dygw-sqlite3-') })->start;
$gateway->server->announce(qw(DYGW0370 DYGW0601));
spew($full, '');
becomes($gateway, 'unwritable', 'SQLite, the disk is full, and nobody calls');
refuses($gateway, 'SQLite, the disk is full');
unlink $full;
heals($gateway, 'SQLite, there is room again');
finish($gateway);

$gateway = Dygw::Gateway->new(directives => { DygwWorker => 'off' }, env => { preload_for('/tmp/dygw-sqlite3-') });
$gateway->sandbox->start;
$gateway->server->announce(qw(DYGW0370 DYGW0601))->start;
poll { database_of($gateway->health) eq 'ok' };
spew($full, '');
becomes($gateway, 'unwritable', 'SQLite, the disk is full, nobody calls, and there is no background work');
finish($gateway);

# Says it as the administrator of the database's server.
sub administer {
    my (@statements) = @_;
    my $database = $gateway->database;
    for my $statement (@statements) {
        my $command = join ' ', $database->admin_command, $database->query_switch, Dygw::Database::quote($statement);
        my $said = `$command 2>&1`;
        $? == 0 or die "$statement: $said";
    }
    return;
}

my %READONLY = (
    pgsql => sub { administer("ALTER SYSTEM SET default_transaction_read_only = $_[0]", 'SELECT pg_reload_conf()') },
    mysql => sub { administer("SET GLOBAL read_only = $_[0]") },
);
for my $driver (sort keys %READONLY) {
    my %env = (server_env => { preload_for("/tmp/dygw-$driver-") });
    $gateway = Dygw::Gateway->new(database => Dygw::Database->new($driver, %env))->start;
    $gateway->server->announce(qw(DYGW0370 DYGW0411 DYGW0601));
    if ($driver eq 'pgsql') {    # MariaDB ends itself when its own files cannot grow
        spew($full, '');
        fill_up($gateway, 'pgsql, the disk is full');
        becomes($gateway, 'unwritable', 'pgsql, the disk is full');
        unlink $full;
        heals($gateway, 'pgsql, there is room again');
    }

    # It may only be read.
    $READONLY{$driver}->('on');
    becomes($gateway, 'readonly', "$driver, read-only");
    refuses($gateway, "$driver, read-only");
    $READONLY{$driver}->('off');
    heals($gateway, "$driver, it may be written again");
    finish($gateway);
}

# --- a write hangs ---

$gateway = Dygw::Gateway->new(directives => { DygwDatabaseTimeout => '1s' })->start;
$gateway->server->announce(qw(DYGW0370 DYGW0601 DYGW0603));
my $lock = $gateway->database->hold(q(BEGIN IMMEDIATE; SELECT 'held'));
becomes($gateway, 'unwritable', 'SQLite, somebody else keeps its lock');
close $lock;
heals($gateway, 'SQLite, the lock is given back');
finish($gateway);
done_testing;
