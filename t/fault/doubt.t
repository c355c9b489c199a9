#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A row that is seen is not yet a row that survives. A commit whose connection ends is shown by the server before it is
# safe: by PostgreSQL, whose standby has not answered, and by MariaDB, whose log is not written yet. Nothing is sent to
# Douyin that only such a row stands for.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(time);

use Dygw::Database;
use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server qw(patience poll spew);
use Dygw::Truth;

use constant TIMEOUT_SEC => 1;      # DygwDatabaseTimeout: of each try to make certain

my $sandbox = Dygw::Sandbox->start_new;
my ($gateway, $truth, $database);

sub begin_gateway {
    ($database) = @_;
    $gateway = Dygw::Gateway->new(database => $database, sandbox => $sandbox, children => 1, idle => 1,
        directives => { DygwDatabaseTimeout => TIMEOUT_SEC . 's', DygwUpstreamTimeout => '500ms 1s' });
    $gateway->start;
    # What is given up.
    $gateway->server->announce(qw(DYGW0310 DYGW0370 DYGW0411 DYGW0414 DYGW0456 DYGW0600 DYGW0601 DYGW0610));
    $gateway->server->announce(qw(AH00629 AH00633 AH00636 AH00639 AH02655));
    $truth = Dygw::Truth->new($gateway);
    return;
}

sub end_gateway {
    my ($name) = @_;
    is($gateway->wait_healthy->{status}, 200, "$name: healthy again");
    $gateway->disconnect;
    $gateway->server->check_log("$name: the log tells of the database, and of nothing else");
    $database->destroy;
    return;
}

# The request's row is there for others to see.
sub is_seen {
    my ($attempt, $name) = @_;
    my $seen = poll { scalar @{ $truth->rows_of($attempt) } };
    is($seen, 1, "$name: the row is seen");
    return;
}

sub is_in_doubt {
    my ($attempt, $name) = @_;
    $truth->finish($attempt);
    my $answer = $attempt->{answer};
    is($answer ? "$answer->{status} $answer->{json}{data}{verify_status}" : 'none', '202 processing', "$name: 202")
        or diag($answer ? $answer->{body} : '');
    is($sandbox->coupon($attempt->{coupon}{code})->{status}, 1, "$name: nothing was redeemed that may be lost");
    return;
}

# --- PostgreSQL: a standby that does not answer ---

sub admin {
    my ($sql) = @_;
    my $output = `{ ${\ $database->admin_command } -c "$sql"; } 2>&1`;
    die "$sql: $output" if $?;
    return $output;
}

sub await_standby {
    my ($names) = @_;
    admin("ALTER SYSTEM SET synchronous_standby_names = '$names'");
    admin('SELECT pg_reload_conf()');
    return;
}

# The server takes its time to heed that: from now on a commit waits.
sub commits_wait {
    my $commit = 'timeout 0.3 ' . $database->client_command .
        q( -c "INSERT INTO dygw_nonces VALUES (md5(random()::text), 0)");
    my $waits = poll { `$commit 2>&1`; $? >> 8 == 124 };
    ok($waits, 'pgsql: commits wait for a standby');
    return;
}

# Ends the session that waits for the standby with such a statement, or only its wait.
sub end_waiting {
    my ($pattern, $name, $end) = @_;
    my $waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%$pattern%'";
    my $found = poll { admin("SELECT COUNT(*) $waiting") > 0 };
    ok($found, "$name: it waits for the standby");
    admin('SELECT ' . ($end // 'pg_terminate_backend') . "(pid) $waiting");
    return;
}

sub standby {
    begin_gateway(Dygw::Database->new('pgsql'));
    my $name = 'pgsql: redeemed while no standby answers';
    my $coupon = $sandbox->mint_coupon;
    my $redeemed = $truth->verify($coupon, code => $coupon->{code});
    is($redeemed->{answer}{status}, 200, 'pgsql: redeemed before');
    await_standby('nobody');
    commits_wait();

    $coupon = $sandbox->mint_coupon;
    my $attempt = $truth->begin($coupon, code => $coupon->{code});
    end_waiting('INSERT INTO dygw_verifications', $name);
    is_seen($attempt, $name);
    my $cancelled = 'pgsql: cancelled while no standby answers';
    my $id = $redeemed->{answer}{json}{data}{id};
    my $cancels = $sandbox->count('cancel');
    my $cancel = $gateway->client->begin(POST => '/coupons/cancel', { verification_id => $id });
    end_waiting('UPDATE dygw_verifications', $cancelled);
    my $seen = poll { $gateway->rows('dygw_verifications', "id = $id AND cancel_since IS NOT NULL") };
    is($seen, 1, "$cancelled: the wish is seen");
    is_in_doubt($attempt, $name);
    is($cancel->finish->{status}, 202, "$cancelled: 202");
    is($sandbox->count('cancel'), $cancels, "$cancelled: nothing was cancelled that is not certain to be wanted");

    $name = 'pgsql: told not to wait for the standby';
    $coupon = $sandbox->mint_coupon;
    my $alone = $truth->begin($coupon, code => $coupon->{code});
    end_waiting('INSERT INTO dygw_verifications', $name, 'pg_cancel_backend');
    is_seen($alone, $name);
    is_in_doubt($alone, $name);

    await_standby('');
    $gateway->work(1);
    ok($truth->await_settled, 'pgsql: and without a standby to wait for: all is settled');
    $truth->settled($_, 'pgsql: what was in doubt is redeemed once', verify_status => 'success') for $attempt, $alone;
    $truth->settled($redeemed, 'pgsql: and what was to be cancelled is', verify_status => 'cancelled');
    end_gateway('pgsql');
    return;
}

# --- MariaDB: a log that is not written ---

sub unwritten_log {
    my $dir = tempdir('dygw-hold-XXXXXX', DIR => '/tmp', CLEANUP => 1);
    my $hold = "$dir/hold";
    chmod 0755, $dir;
    is(system($ENV{CC} // 'cc', '-shared', '-fPIC', '-o', "$dir/hold_log.so", "$FindBin::Bin/hold_log.c", '-ldl'), 0,
        'what holds the log up is built');
    begin_gateway(Dygw::Database->new('mysql', durable => 1,
        server_env => { LD_PRELOAD => "$dir/hold_log.so", DYGW_HOLD => $hold }));
    my $name = 'mysql: redeemed while no log is written';
    # What the background writes when it begins is not to be what waits.
    my $begun = "SELECT COUNT(*) FROM dygw_meta WHERE name = 'reasons_filled' AND value = 'all'";
    poll { $gateway->database->query($begun) } 30;
    spew($hold, '');

    my $coupon = $sandbox->mint_coupon;
    my $attempt = $truth->begin($coupon, code => $coupon->{code});
    is_seen($attempt, $name);
    $database->kill_connections;
    is_in_doubt($attempt, $name);

    $database->kill;
    unlink $hold;
    $database->start;
    is_deeply($truth->rows_of($attempt), [], "$name: and then the server dies: the row is lost");
    $gateway->wait_healthy;
    is($gateway->client->call(GET => "/verifications/$attempt->{answer}{json}{data}{id}")->{status}, 404,
        "$name, and lost: there is no such record");
    $truth->agrees($truth->verify($coupon, code => $coupon->{code}), "$name, and lost: redeemed by the next request",
        status => 200, verify_status => 'success', applied => 1);
    end_gateway('mysql');
    return;
}

standby();
unwritten_log();
is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
