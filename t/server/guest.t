#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A guest in somebody's httpd: whatever becomes of SQLite's files, of the schema, of the application that a database is
# of, or of a secret, a start and a graceful restart go on, and the static site beside the gateway is served all the
# time. The gateway answers 503, /health says why in a word, the error log once, and it heals without a restart.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);

use Dygw::Client;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(patience poll spew);
use Dygw::Traffic;

use constant PAGE => "the shop's own page\n";
use constant HEAL_DEADLINE => 20;

my $sandbox = Dygw::Sandbox->start_new;
my $user = defined Dygw::Server::user() ? (getpwnam Dygw::Server::user())[2] : $>;

# --- the site beside us ---

# What mod_dbd says of a database that it cannot open, and the gateway of statements that fail.
my @OF_DATABASES = qw(AH00629 AH00632 AH00633 AH00636 AH00639 AH02655 DYGW0600 DYGW0601);
# What a request of the old generation says whose database went away under it; and httpd of children that end late.
my @OF_RESTARTS = qw(AH00488 DYGW0411 DYGW0413 DYGW0414 DYGW0456);

sub gateway {
    my (%option) = @_;
    my $gateway = Dygw::Gateway->new(sandbox => $sandbox, children => 2, threads => 4, %option);
    $gateway->server->announce(@OF_DATABASES, @OF_RESTARTS);
    spew($gateway->server->dir . '/page.html', PAGE, 0644);
    return $gateway;
}

sub page_fault {
    my ($gateway) = @_;
    my $answer = $gateway->plain->call(GET => '/page.html', undef, headers => { Connection => 'close' });
    return $answer->{status} == 200 && $answer->{body} eq PAGE ? undef : "$answer->{status} $answer->{body}";
}

sub site_serves {
    my ($gateway, $name) = @_;
    return is(page_fault($gateway), undef, "$name: the site beside it serves");
}

# Somebody who looks at the site all the time.
sub visitor {
    my ($gateway) = @_;
    return Dygw::Traffic->start(1, sub {
        my $fault = page_fault($gateway);
        die "$fault\n" if defined $fault;
        select undef, undef, undef, 0.005;
    });
}

# --- a state, and what is promised of it ---

sub times_said {
    my ($gateway, $code) = @_;
    return scalar(() = $gateway->server->log_text =~ /\b\Q$code\E: /g);
}

sub is_degraded {
    my ($gateway, $name, $check, $word) = @_;
    my $health;
    poll { ($health = $gateway->health)->{status} == 503 && ($health->{json}{checks}{$check} // '') eq $word };
    is_deeply([ $health->{status}, $health->{json}{status}, $health->{json}{checks}{$check} ],
        [ 503, 'degraded', $word ], "$name: /health says $check $word") or diag $health->{body};
    is($gateway->plain->call(GET => '/health/live')->{status}, 200, "$name: alive");
    return;
}

sub refuses_all {
    my ($gateway, $name, $code, $client) = @_;
    my $coupon = $sandbox->mint_coupon;
    $client //= Dygw::Client->new(port => $gateway->server->port, key => 'ck_nobody', secret => 'sk_nobody');
    error_is($client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} }), 503, $code,
        "$name: /open is refused");
    error_is($gateway->internal->call(GET => '/apps'), 503, $code, "$name: and /internal");
    is($sandbox->coupon($coupon->{code})->{verify_calls}, 0, "$name: nothing is redeemed");
    return;
}

sub redeems {
    my ($gateway, $name, $client) = @_;
    my $coupon = $sandbox->mint_coupon;
    my $answer;
    # Another child may still have the state of a moment ago.
    $client->disconnect;
    poll { ($answer = $client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} }))->{status}
        != 503 } 3;
    return view_is($answer, "$name: it redeems", verify_status => 'success');
}

sub heals {
    my ($gateway, $name) = @_;
    my $healthy = poll { $gateway->health->{status} == 200 } HEAL_DEADLINE;
    ok($healthy, "$name: it heals by itself")
        or diag $gateway->health->{body}, "\n", $gateway->server->tail;
    return;
}

# The state from its beginning to its end. said: the code of the line in the error log, which the start says, once.
sub state_holds {
    my ($gateway, $name, $case, $client) = @_;
    is_degraded($gateway, $name, $case->{check} // 'database', $case->{word});
    site_serves($gateway, $name);
    refuses_all($gateway, $name, $case->{code} // 'database_unavailable', $client);
    return;
}

# case: break and mend get the gateway; word of /health; said.
sub at_start {
    my ($gateway, $case) = @_;
    my $name = "$case->{name}, at a start";
    $gateway->server->announce($case->{said}, qw(DYGW0310 DYGW0311 DYGW0352 DYGW0353));
    $gateway->stop;
    my $before = times_said($gateway, $case->{said});
    $case->{break}->($gateway, 'start');
    ok(eval { $gateway->server->start; 1 }, "$name: httpd starts") or diag $@;
    state_holds($gateway, $name, $case, $gateway->client);
    is(times_said($gateway, $case->{said}), $before + 1, "$name: said once") or diag $gateway->server->tail;
    $case->{mend}->($gateway, 'start');
    heals($gateway, $name);
    redeems($gateway, $name, $gateway->client);
    is(times_said($gateway, $case->{said}), $before + 1, "$name: and said no more");
    return;
}

sub at_reload {
    my ($gateway, $case) = @_;
    my $name = "$case->{name}, at a graceful restart";
    my $visitor = visitor($gateway);
    $visitor->go_on(3);
    my $before = times_said($gateway, $case->{said});
    # A request of the old generation goes on.
    $sandbox->fault(call => 'verify', fault => 'latency', ms => 700);
    my $coupon = $sandbox->mint_coupon;
    my $under_way = $gateway->client->begin(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} });
    poll { scalar grep { ($_->{fault} // '') eq 'latency' } $sandbox->calls(after => 0) } 2;
    $case->{break}->($gateway, 'reload');
    ok(eval { $gateway->graceful(overlap => 1); 1 }, "$name: httpd goes on") or diag $@;
    my $answer = $under_way->finish;
    ok($answer->{status} == 200 || $answer->{status} == 202 || $answer->{status} == 503,
        "$name: the request that was under way is answered") or diag $answer->{head};
    state_holds($gateway, $name, $case, $gateway->client);
    is(times_said($gateway, $case->{said}), $before + ($case->{twice} ? 2 : 1), "$name: said once")
        or diag $gateway->server->tail;
    $case->{mend}->($gateway, 'reload');
    heals($gateway, $name);
    redeems($gateway, $name, $gateway->client);
    $gateway->graceful;
    heals($gateway, "$name, and another one");
    redeems($gateway, "$name, and another one", $gateway->client);
    $visitor->stop_well("$name: the site beside it served all the time");
    return;
}

# --- SQLite ---

my $gateway = gateway(directives => { DygwSchema => 'check' });
my $file = $gateway->database->file;
my ($dir) = $file =~ m{(.*)/};
my $deep = "$dir/deep/db";

sub owners_are_right {
    my ($name) = @_;
    is_deeply([ grep { (lstat $_)[4] != $user } glob "$dir/*.db*" ], [], "$name: every file is the User's");
    return;
}

sub put_aside {
    rename "$file$_", "$file$_.aside" for grep { -e "$file$_" } '', '-wal', '-shm';
    return;
}

# Renames, as a restored copy comes into its place.
sub put_back {
    unlink map { "$file$_" } '', '-wal', '-shm';
    rename "$file$_.aside", "$file$_" for grep { -e "$file$_.aside" } '', '-wal', '-shm';
    return;
}

sub checkpoint {
    $gateway->database->query('PRAGMA wal_checkpoint(TRUNCATE)');
    chown $user, -1, map { "$file$_" } '', '-wal', '-shm';
    return;
}

my $last = ($gateway->database->migrations)[-1];
my ($wanted) = $last =~ /0*(\d+)_/;
my @states = (
    {
        name => "SQLite's directory is not writable", word => 'files', said => 'DYGW0348',
        break => sub { chmod 0555, $dir or die; chown 0, 0, $dir },
        mend => sub { chmod 0777, $dir or die },
    },
    {
        name => 'a corrupt file', word => 'damaged', said => 'DYGW0341',
        break => sub {
            put_aside();
            spew($file, 'this is no database' x 1000, 0666);
            chown $user, -1, $file;
        },
        mend => \&put_back,
    },
    {
        name => 'a schema one behind with check', word => 'schema', said => 'DYGW0340',
        break => sub { $_[0]->database->query("UPDATE dygw_meta SET value = '" . ($wanted - 1) .
            "' WHERE name = 'schema_version'") },
        mend => sub { $_[0]->database->query("UPDATE dygw_meta SET value = '$wanted' WHERE name = 'schema_version'") },
    },
    {
        name => "another application's database", word => 'foreign', said => 'DYGW0343',
        break => sub { $_[0]->database->query(
            "UPDATE dygw_meta SET value = 'awother' WHERE name = 'douyin_client_key'") },
        mend => sub { $_[0]->database->query("UPDATE dygw_meta SET value = '" . Dygw::Sandbox::CLIENT_KEY .
            "' WHERE name = 'douyin_client_key'") },
    },
);
push @states, {
    name => "a file that the User may not write", word => 'files', said => 'DYGW0348',
    break => sub {
        link $file, "$file.other-name" or die;
        chown 0, 0, $file or die;
        chmod 0644, $file;
    },
    mend => sub {
        unlink "$file.other-name" or die;
        chown $user, -1, $file or die;
    },
} if $> == 0;

{
    # Where nothing is made by itself, the administrator makes the tables.
    chmod 0777, $dir;
    $gateway->server->announce('DYGW0340');
    ok(eval { $gateway->server->start; 1 }, 'no tables yet, with check: httpd starts');
    is_degraded($gateway, 'no tables yet', 'database', 'schema');
    $gateway->database->sql_file;
    chown $user, -1, map { "$file$_" } '', '-wal', '-shm';
    heals($gateway, 'no tables yet');
    my ($client, $app) = $gateway->create_app;
    @$gateway{qw(client app)} = ($client, $app);
    redeems($gateway, 'no tables yet', $client);
}
for my $case (@states) {
    checkpoint();
    $gateway->server->announce(qw(DYGW0310 DYGW0311 DYGW0314 DYGW0352 DYGW0353));
    at_start($gateway, $case);
    owners_are_right($case->{name});
    checkpoint();
    at_reload($gateway, $case);
    owners_are_right("$case->{name}, after a graceful restart");
}
$gateway->disconnect;
$gateway->server->check_log('SQLite: a clean log');

# A directory that is not there, at the first start: nothing is mounted yet.
{
    my $early = gateway(directives => { DBDParams => qq("$deep/dygw.db") });
    $early->server->announce('DYGW0345', 'DYGW0348');
    ok(eval { $early->server->start; 1 }, 'no directory: httpd starts') or diag $@;
    is_degraded($early, 'no directory', 'database', 'files');
    site_serves($early, 'no directory');
    refuses_all($early, 'no directory', 'database_unavailable');
    is(times_said($early, 'DYGW0348') + times_said($early, 'DYGW0345'), 1, 'no directory: said once');
    is(times_said($early, 'DYGW0352'), 0, 'no directory: and not again by a child');
    mkdir "$dir/deep" or die;
    chmod 0777, "$dir/deep";
    heals($early, 'no directory');
    my $client = $early->create_app;
    redeems($early, 'no directory', $client);
    is_deeply([ grep { (lstat $_)[4] != $user } "$deep", glob "$deep/*" ], [], 'no directory: all is the User\'s');
    $early->disconnect;
    $early->server->check_log('no directory: a clean log');
}

# --- while it runs ---

{
    my $running = gateway();
    my $path = $running->database->file;
    $running->start;
    my $client = $running->client;
    redeems($running, 'before', $client);

    # A copy in the place of the file, as a restore by mv is.
    $running->database->query("VACUUM INTO '$path.copy'");
    chown $user, -1, "$path.copy";
    unlink "$path-wal", "$path-shm";
    rename "$path.copy", $path or die;
    my $rows = $running->rows('dygw_verifications');
    my $coupon = $sandbox->mint_coupon;
    my $answer = $running->verify(code => $coupon->{code});
    view_is($answer, 'a file that was replaced: it redeems', verify_status => 'success');
    is($running->rows('dygw_verifications'), $rows + 1, 'a file that was replaced: it is recorded in the new file');
    $running->server->log_like(qr/DYGW0357: \Q$path\E is another file now/, 'a file that was replaced: said');

    # A file that is taken away is not made anew.
    $running->server->announce('DYGW0352');
    rename "$path$_", "$path$_.away" for grep { -e "$path$_" } '', '-wal', '-shm';
    is_degraded($running, 'a file that was taken away', 'database', 'files');
    refuses_all($running, 'a file that was taken away', 'database_unavailable', $client);
    # SQLite makes an empty file for a child that is just starting.
    ok(!-s $path, 'a file that was taken away: no other database is made');
    is(times_said($running, 'DYGW0352'), 1, 'a file that was taken away: said once');
    rename "$path$_.away", "$path$_" for grep { -e "$path$_.away" } '', '-wal', '-shm';
    heals($running, 'a file that was taken away');
    redeems($running, 'a file that was taken away', $client);

    # A wrong dump is restored into it.
    $running->server->announce('DYGW0314');
    $running->database->query("UPDATE dygw_meta SET value = 'awother' WHERE name = 'douyin_client_key'");
    is_degraded($running, 'a wrong dump', 'database', 'foreign');
    refuses_all($running, 'a wrong dump', 'database_unavailable', $client);
    is(times_said($running, 'DYGW0314'), 1, 'a wrong dump: said once');
    is(times_said($running, 'DYGW0311'), 0, 'a wrong dump: and nothing of tables');
    my $diagnosis = $running->internal->call(GET => '/diagnosis');
    my ($finding) = grep { $_->{name} eq 'database' } @{ $diagnosis->{json}{data}{checks} // [] };
    is_deeply([ @$finding{qw(state reason)} ], [qw(fail foreign)], 'a wrong dump: the diagnosis tells it')
        or diag $diagnosis->{body};
    $running->database->query("UPDATE dygw_meta SET value = '" . Dygw::Sandbox::CLIENT_KEY .
        "' WHERE name = 'douyin_client_key'");
    heals($running, 'a wrong dump');
    redeems($running, 'a wrong dump', $client);
    $running->disconnect;
    $running->server->check_log('while it runs: a clean log');
}

# --- secrets ---

{
    my $secret = gateway();
    my $server = $secret->server;
    my $program = spew($server->dir . '/program', "#!/bin/sh\nexit 1\n", 0755);
    my $short = spew($server->dir . '/short-key', "abcd\n", 0600);
    $secret->start;
    my $client = $secret->client;
    my @cases = (
        [ 'a secret whose file is gone', 'secret', 'database_unavailable',
            DygwClientSecret => 'file:' . $server->dir . '/none' ],
        [ 'a secret whose program fails', 'secret', 'database_unavailable', DygwClientSecret => "exec:$program" ],
        [ 'a secret whose variable is not set', 'secret', 'database_unavailable', DygwClientSecret => 'env:DYGW_NONE' ],
        [ 'a master key whose file is gone', 'key', 'database_unavailable',
            DygwMasterKey => 'file:' . $server->dir . '/none' ],
        [ 'a master key of another length', 'key', 'database_unavailable', DygwMasterKey => "file:$short" ],
        [ 'an old master key of another length', 'key', 'database_unavailable',
            DygwMasterKey => 'file:' . $server->dir . "/master-key file:$short" ],
    );
    $server->announce('DYGW0350');
    for my $at (qw(start reload)) {
        my $visitor = $at eq 'reload' ? visitor($secret) : undef;
        for ($at eq 'start' ? @cases : @cases[ 0, 1, 4 ]) {
            my ($what, $word, $code, $directive, $value) = @$_;
            my $name = "$what, at a $at";
            my $before = times_said($secret, 'DYGW0350');
            $secret->set($directive => $value);
            $secret->stop if $at eq 'start';
            ok(eval { $at eq 'start' ? $server->start : $secret->graceful; 1 }, "$name: httpd goes on") or diag $@;
            is_degraded($secret, $name, 'start', $word);
            site_serves($secret, $name);
            refuses_all($secret, $name, $code, $client);
            is(times_said($secret, 'DYGW0350'), $before + 1, "$name: said once");
            is($secret->internal->call(GET => '/openapi.json')->{status}, 200, "$name: the description is there");
            error_is($secret->internal->call(GET => '/metrics'), 503, 'database_unavailable', "$name: no metrics are");
            error_is($secret->internal->call(GET => '/diagnosis'), 503, 'database_unavailable', "$name: nor findings");
            like($server->log_text, qr/DYGW0350: $directive: .*httpd\.conf:\d+.*503/, "$name: with its place");
            my %defaults = $secret->defaults;
            $secret->set($directive => $defaults{$directive});
            $secret->graceful;
            heals($secret, "$name, reloaded with it");
            redeems($secret, $name, $client);
        }
        $visitor->stop_well('secrets: the site beside it served all the time') if $visitor;
    }
    $secret->disconnect;
    $server->check_log('secrets: a clean log');
}

# --- PostgreSQL ---

{
    my $pgsql = gateway(driver => 'pgsql', directives => { DygwSchema => 'check' });
    $pgsql->server->announce(qw(DYGW0310 DYGW0311 DYGW0314 DYGW0340 DYGW0343 DYGW0346));
    my $database = $pgsql->database;
    my @files = $database->migrations;
    $database->sql_file(@files[ 0 .. $#files - 1 ]);
    ok(eval { $pgsql->server->start; 1 }, 'PostgreSQL, a schema one behind: httpd starts') or diag $@;
    is_degraded($pgsql, 'PostgreSQL, a schema one behind', 'database', 'schema');
    refuses_all($pgsql, 'PostgreSQL, a schema one behind', 'database_unavailable');
    is(times_said($pgsql, 'DYGW0340'), 1, 'PostgreSQL, a schema one behind: said once');
    $database->sql_file($files[-1]);
    heals($pgsql, 'PostgreSQL, a schema one behind');
    @$pgsql{qw(client app)} = $pgsql->create_app;
    redeems($pgsql, 'PostgreSQL, a schema one behind', $pgsql->client);
    for my $case (@states[ 2, 3 ]) {
        my %case = (%$case, name => "PostgreSQL, $case->{name}");
        at_start($pgsql, \%case);
        at_reload($pgsql, \%case);
    }
    my %away = (
        name => 'PostgreSQL, its server is away', word => 'unreachable', said => 'DYGW0346',
        break => sub { $database->stop }, mend => sub { $database->start },
    );
    at_start($pgsql, \%away);
    at_reload($pgsql, \%away);
    $pgsql->disconnect;
    $pgsql->server->check_log('PostgreSQL: a clean log');

    # Nothing is there yet when it starts, and the tables are made when the server comes.
    my $new = gateway(driver => 'pgsql');
    $new->server->announce(qw(DYGW0310 DYGW0346));
    $new->database->stop;
    ok(eval { $new->server->start; 1 }, 'PostgreSQL, an empty database that is away: httpd starts');
    site_serves($new, 'PostgreSQL, an empty database that is away');
    is_degraded($new, 'PostgreSQL, an empty database that is away', 'database', 'unreachable');
    $new->database->start;
    heals($new, 'PostgreSQL, an empty database that is away');
    redeems($new, 'PostgreSQL, an empty database that is away', scalar $new->create_app);
    $new->server->check_log('PostgreSQL, an empty database: a clean log');
}

# --- a server of which nothing comes ---

{
    my $hole = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, Proto => 'tcp') or die;
    my $lost = gateway(directives => { DBDriver => 'pgsql', DBDMin => 0,
        DBDParams => sprintf('"host=127.0.0.1 port=%d dbname=x user=x connect_timeout=5"', $hole->sockport) });
    $lost->server->announce(qw(DYGW0320 DYGW0346));
    ok(eval { $lost->server->start; 1 }, 'a server that accepts and says nothing: httpd starts') or diag $@;
    my $began = time;
    ok(eval { $lost->graceful(overlap => 1); 1 }, 'a server that says nothing: httpd goes on') or diag $@;
    site_serves($lost, 'a server that says nothing');
    cmp_ok(time - $began, '<', patience(4), 'a server that says nothing: a graceful restart does not wait for it');
    is_degraded($lost, 'a server that says nothing', 'database', 'unreachable');
    $lost->disconnect;
    $lost->server->check_log('a server that says nothing: a clean log');
}

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
