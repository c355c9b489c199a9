#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# DygwRetention: what is old and finished goes in the background, all else stays; off, which is the default, removes
# nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use Dygw::Expect;
use Dygw::Gateway qw(ACCOUNT);
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant DAYS => 30;
use constant MANY => 1300;      # more than two batches

my $DAY_MS = 86400 * 1000;
my $NOW = int(time * 1000);
my $OLD = $NOW - (DAYS + 2) * $DAY_MS;
my $YOUNG = $NOW - (DAYS - 2) * $DAY_MS;
my $sandbox = Dygw::Sandbox->start_new;

my $VERIFICATION = 'INSERT INTO dygw_verifications (id, app_id, verify_status, enrichment_status, created_at, '
    . 'updated_at, mode, first_id, errand_at) VALUES ';

# Many rows at a time; each text is between the brackets of a row.
sub insert {
    my ($database, $into, @rows) = @_;
    while (my @some = splice @rows, 0, 500) {
        $database->query($into . join ', ', map {"($_)"} @some);
    }
    return;
}

sub verification {
    my ($id, $status, $enrichment, $created, $updated, $first, $errand) = @_;
    return join ', ', $id, 1, "'$status'", "'$enrichment'", $created, $updated // $created, "'code'", $first // $id,
        $errand // 'NULL';
}

# What has to go, and what has to stay, by table.
sub fill {
    my ($database) = @_;
    insert($database, $VERIFICATION,
        (map { verification($_, 'success', 'success', $OLD + $_) } 1 .. MANY),
        verification(10001, 'failed', 'skipped', $OLD), verification(10002, 'cancelled', 'skipped', $OLD),
        # These stay; those of the background have no time at which they are due.
        verification(20001, 'processing', 'pending', $OLD), verification(20002, 'success', 'pending', $OLD),
        verification(20003, 'failed', 'skipped', $OLD, $OLD, 20001),
        verification(20004, 'success', 'success', $OLD, $OLD, 20004, $NOW + 20 * 60_000),
        verification(20005, 'success', 'success', $OLD, $YOUNG), verification(20006, 'success', 'success', $YOUNG));
    insert($database, 'INSERT INTO dygw_audit (id, at, actor, action) VALUES ',
        (map { "$_, $OLD, 'somebody', 'app.change'" } 1 .. MANY), "20001, $YOUNG, 'somebody', 'app.change'");
    insert($database, 'INSERT INTO dygw_webhooks (msg_id, received_at) VALUES ',
        (map { "'old-$_', $OLD" } 1 .. MANY), "'young', $YOUNG");
    insert($database, 'INSERT INTO dygw_payouts (verification_id) VALUES ', 1 .. MANY, 10002, 20001, 20006);
    my ($old_day, $young_day) = map { my @t = gmtime($_ / 1000); sprintf '%04d-%02d-%02d', $t[5] + 1900, $t[4] + 1,
        $t[3] } $OLD, $YOUNG;
    insert($database, 'INSERT INTO dygw_reconciliations (day, account_id, wanted_at, generated_at) VALUES ',
        map { "'$_', '" . ACCOUNT . "', 1, $NOW" } $old_day, $young_day);
    insert($database, 'INSERT INTO dygw_reconciliation_items (day, account_id, generation, item_no, item) VALUES ',
        map { ("'$old_day', '" . ACCOUNT . "', 2, $_, '{}'", "'$young_day', '" . ACCOUNT . "', 2, $_, '{}'") } 1 .. 3);
    return;
}

my %OLD_ROWS = (
    dygw_verifications => "created_at < $YOUNG AND id < 20000", dygw_audit => "at < $YOUNG",
    dygw_webhooks => "received_at < $YOUNG", dygw_payouts => 'verification_id < 20000',
    dygw_reconciliations => "wanted_at = 1",
    dygw_reconciliation_items => 'generation = 2'
);
my %LEFT = (dygw_reconciliations => 1, dygw_reconciliation_items => 3);

for my $driver (qw(sqlite3 pgsql mysql)) {
    my $gateway = Dygw::Gateway->new(driver => $driver, sandbox => $sandbox, children => 1);
    $gateway->start;
    my $database = $gateway->database;
    fill($database);

    # --- off: several looks at the database, and nothing is gone ---

    my %before = map { $_ => $gateway->rows($_) } keys %OLD_ROWS;
    my $renewed = $database->query("SELECT renewed_at FROM dygw_leases WHERE name = 'worker'");
    ok(scalar(poll { $database->query("SELECT renewed_at FROM dygw_leases WHERE name = 'worker'") > $renewed }),
        "$driver: off: the background has worked");
    is_deeply({ map { $_ => $gateway->rows($_) } keys %OLD_ROWS }, \%before, "$driver: off: nothing is removed");

    # --- on ---

    $gateway->set(DygwRetention => DAYS . 'd');
    $gateway->graceful;
    for my $table (sort keys %OLD_ROWS) {
        ok(scalar(poll { $gateway->rows($table, $OLD_ROWS{$table}) == ($LEFT{$table} // 0) } 60),
            "$driver: $table: what is old goes");
    }
    ok(scalar(poll { $gateway->server->log_text =~ /DYGW0491/ } 60), "$driver: and the log says so");
    my @ids = map { $_->[0] } $database->query('SELECT id FROM dygw_verifications ORDER BY id');
    is_deeply(\@ids, [ 20001 .. 20006 ], "$driver: what is young or has work stays");
    is($gateway->rows('dygw_audit', "id = 20001"), 1, "$driver: a young entry of the audit trail");
    is($gateway->rows('dygw_audit', "action = 'app.create'"), 1, "$driver: and the newest");
    is($gateway->rows('dygw_webhooks'), 1, "$driver: a young webhook");
    is($gateway->rows('dygw_payouts', 'verification_id > 20000'), 2, "$driver: payouts stay with their verifications");
    my ($most) = sort { $b <=> $a } map { /removed: (\d+) verifications/ ? $1 : 0 } $gateway->server->log_text =~
        /(DYGW0491[^\n]*)/g;
    is($most, MANY + 2, "$driver: as many as there were");
    $gateway->finish;
}
done_testing;
