#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The commands of the manual back up and restore each database, and a restored state is what the manual says it is.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp;
use Test::More;

use Dygw::Database;
use Dygw::Gateway;
use Dygw::Ledger;
use Dygw::Server qw(poll slurp spew);

use constant PAGE   => "$FindBin::Bin/../../mod_dygw/manual/operation.md";
use constant WINDOW => 5;        # seconds
use constant SOON   => 30;

my %HEADING = (sqlite3 => 'SQLite', pgsql => 'PostgreSQL', mysql => 'MariaDB, MySQL');

# The blocks of commands below a heading of the page: to back up, and to restore.
sub commands_of {
    my ($driver) = @_;
    my ($section) = slurp(PAGE) =~ /^### Backup of \Q$HEADING{$driver}\E\n(.*?)^#/ms or die 'no such heading';
    return $section =~ /^((?:    .+\n)+)/mg;
}

# The files that the client libraries and programs read, as the manual has them; what names them in the environment, and
# what DBDParams are then.
sub write_client_files {
    my ($home, $database) = @_;
    if ($database->driver eq 'pgsql') {
        my $file = spew("$home/pg_service.conf", <<"END", 0640);
[dygw]
host=@{[$database->dir]}
port=5432
dbname=dygw
user=dygw
END
        return ('"service=dygw connect_timeout=3"', PGSERVICEFILE => $file);
    }
    return ($database->params) if $database->driver ne 'mysql';
    spew("$home/.my.cnf", "[client]\nsocket=@{[$database->socket_path]}\nuser=root\n");
    spew("$home/my.cnf", <<'END', 0640);
[dygw]
user=dygw
password=dygw-test
connect-timeout=3
default-character-set=utf8mb4
END
    my $place = 'sock=' . $database->socket_path;
    return ("\"$place,dbname=dygw,reconnect=0,flags=CLIENT_FOUND_ROWS,group=dygw\"", MYSQL_HOME => $home);
}

# A database with its gateway, and the environment in which the manual's commands find the database.
sub scene {
    my ($driver) = @_;
    my $database = Dygw::Database->new($driver);
    my $home = File::Temp::tempdir(CLEANUP => 1);
    my ($params, %env) = write_client_files($home, $database);
    my $group = (getpwnam(Dygw::Server->user // getpwuid $>))[3];
    for my $file ($home, glob "$home/*") {
        chown -1, $group, $file;
        chmod 0750, $file if -d $file;
    }
    my $gateway = Dygw::Gateway->new(database => $database, env => \%env,
        directives => { DBDParams => $params, DygwSignatureWindow => WINDOW . 's' })->start;
    $gateway->server->announce('DYGW0500');     # the answer that is lost
    my $path = join ':', $database->{bin} // (), $ENV{PATH};
    return { driver => $driver, gateway => $gateway, home => $home, env => { %env, HOME => $home, PATH => $path } };
}

sub run_line {
    my ($scene, $line) = @_;
    my $gateway = $scene->{gateway};
    return $gateway->stop if $line eq 'systemctl stop apache2';
    if ($line eq 'systemctl start apache2') {
        $gateway->server->start;
        return $gateway->wait_healthy;
    }
    my $user = $gateway->server->user // getpwuid $>;
    my $group = getgrgid((getpwnam $user)[3]);
    my $file = $scene->{driver} eq 'sqlite3' ? $gateway->database->file : '';
    $line =~ s{/var/lib/dygw/dygw\.db}{$file}g;
    $line =~ s{/backup/}{$scene->{home}/}g;
    $line =~ s{-o www-data -g www-data}{-o $user -g $group};
    local %ENV = (%ENV, %{ $scene->{env} });
    my $said = `$line 2>&1`;
    is($?, 0, "$scene->{driver}: $line") or diag $said;
    return;
}

sub run_block {
    my ($scene, $block) = @_;
    run_line($scene, $_) for map { s/^\s+//r } split /\n/, $block;
    return;
}

sub status_of {
    my ($scene, $id) = @_;
    my $answer = $scene->{gateway}->client->call(GET => "/verifications/$id");
    return $answer->{status} == 200 ? $answer->{json}{data}{verify_status} : $answer->{status};
}

sub redeem {
    my ($scene) = @_;
    my $gateway = $scene->{gateway};
    return $gateway->verify(code => $gateway->sandbox->mint_coupon->{code})->{json}{data}{id};
}

# A redemption whose answer was lost, with nobody to settle it.
sub leave_unsettled {
    my ($scene) = @_;
    my $gateway = $scene->{gateway};
    $gateway->work(0);
    $gateway->sandbox->fault(call => 'verify', fault => 'drop_after', times => -1);
    my $id = redeem($scene);
    $gateway->sandbox->clear;
    is(status_of($scene, $id), 'processing', "$scene->{driver}: one is under way");
    return $id;
}

sub is_found_in_the_reconciliation {
    my ($scene, $ledger, %class_of) = @_;
    $ledger->get(refresh => 1);
    my $data = $ledger->await;
    my %found = map { (($_->{ours} // {})->{verify_id} // $_->{douyin}{verify_id}) => $_->{class} } @{ $data->{items} };
    is_deeply(\%found, \%class_of, "$scene->{driver}: reconciliation shows what the backup does not know")
        or diag explain $data;
    return;
}

sub a_copy_of_the_file_is_no_backup {
    my ($scene) = @_;
    my $file = $scene->{gateway}->database->file;
    system 'cp', $file, "$scene->{home}/copy.db";
    my $there = `sqlite3 $scene->{home}/copy.db 'SELECT COUNT(*) FROM dygw_verifications' 2>&1`;
    isnt($there, $scene->{gateway}->rows('dygw_verifications') . "\n", 'sqlite3: a copy of the file lacks rows');
    return;
}

sub a_backup_is_restored {
    my ($driver) = @_;
    my $scene = scene($driver);
    my $gateway = $scene->{gateway};
    my $ledger = Dygw::Ledger->new($gateway, days_ago => 2);
    my ($back_up, $restore) = commands_of($driver);
    my ($known_of_the_day, $lost_of_the_day) = map { $ledger->there(at => 60 * $_) } 1, 2;
    my ($kept, $taken_back) = (redeem($scene), redeem($scene));
    $ledger->here($known_of_the_day);
    my $unsettled = leave_unsettled($scene);

    a_copy_of_the_file_is_no_backup($scene) if $driver eq 'sqlite3';
    run_block($scene, $back_up);
    my $lost = redeem($scene);
    $ledger->here($lost_of_the_day);
    $gateway->client->call(POST => '/coupons/cancel', { verification_id => $taken_back });
    is(status_of($scene, $taken_back), 'cancelled', "$driver: one is cancelled after the backup");
    $gateway->set(DygwWorker => 'on');
    run_block($scene, $restore);

    is(status_of($scene, $kept), 'success', "$driver: what was in the backup is there, and its app signs in");
    is(status_of($scene, $lost), 404, "$driver: what came later is not");
    is(status_of($scene, $taken_back), 'success', "$driver: what was cancelled later is not cancelled any more");
    ok((poll { status_of($scene, $unsettled) eq 'success' } SOON), "$driver: what was under way is settled");
    is_found_in_the_reconciliation($scene, $ledger, $lost_of_the_day->{verify_id} => 'only_at_douyin');
    ok($gateway->verify(code => $gateway->sandbox->mint_coupon->{code})->{json}{data}{id} > $lost,
        "$driver: numbers of records go on");
    is($gateway->sandbox->state->{double_redemptions}, 0, "$driver: no coupon was redeemed twice");
    $gateway->finish;
    return;
}

a_backup_is_restored($_) for sort keys %HEADING;
done_testing;
