#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# From version 4 of the schema, which knew no store and no account of a record: what a gateway of that version has left,
# and what one beside us still writes, is settled, enriched, reconciled and listed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep);

use Dygw::Gateway qw(ACCOUNT POI);
use Dygw::Ledger;
use Dygw::Older;
use Dygw::Sandbox;
use Dygw::Server qw(poll);
use Dygw::Webhook;

use constant SOON => 30;        # seconds

my ($sandbox, $gateway);

# --- the version before ---

sub version { return $gateway->database->query("SELECT value FROM dygw_meta WHERE name = 'schema_version'") }

# --- what there is ---

# A redemption that is not settled, and one that is not enriched; their ids.
sub leave_work {
    my ($name) = @_;
    $sandbox->fault(call => 'verify', fault => 'error', error_code => 2_100_004, description => 'busy', times => 1);
    my $open = $gateway->verify(code => $sandbox->mint_coupon->{code});
    is($open->{status}, 202, "$name: one is left to settle");
    my $done = $gateway->verify(code => $sandbox->mint_coupon->{code});
    is($done->{json}{data}{enrichment_status}, 'pending', "$name: and one to enrich");
    return map { $_->{json}{data}{id} } $open, $done;
}

sub record { my ($id) = @_; return $gateway->client->call(GET => "/verifications/$id")->{json}{data} // {} }

sub is_worked_on {
    my ($name, $open, $done) = @_;
    ok((poll { record($open)->{verify_status} eq 'success' } SOON), "$name: settles what was left");
    ok((poll { record($done)->{enrichment_status} eq 'success' } SOON), "$name: enriches what was left");
    ok((poll { record($open)->{enrichment_status} eq 'success' } SOON), "$name: and then the other");
    return;
}

# A day of before, with a redemption on both sides, and one that Douyin lacks.
sub write_the_day {
    my ($ledger) = @_;
    $ledger->here($ledger->there(at => 60, pay_amount => 100));
    my $name = $gateway->database->driver;
    $ledger->here(undef, at => 120, verify_id => "lost-$name", certificate_id => "c-$name", pay_amount => 7);
    return;
}

sub reconciles {
    my ($name, $ledger) = @_;
    my $data = $ledger->await // { counts => {} };
    is("$data->{account_id} $data->{counts}{matched} $data->{counts}{only_here}", ACCOUNT . ' 1 1',
       "$name: reconciles what was recorded without an account");
    return;
}

sub lists {
    my ($name, $total) = @_;
    my $list = $gateway->internal->call(GET => '/reports/verifications?poi_id=' . POI);
    is($list->{json}{total}, $total, "$name: lists all");
    my $sums = $gateway->internal->call(GET => '/reports/summary?group_by=day');
    is($sums->{json}{total}{total_count}, $total, "$name: and sums them up");
    return;
}

sub back_on { $gateway->set(DygwWorker => 'on'); $gateway->server->start; $gateway->wait_healthy; return }

for my $driver (qw(sqlite3 pgsql mysql)) {
    $sandbox = Dygw::Sandbox->start_new;
    $gateway = Dygw::Gateway->new(driver => $driver, sandbox => $sandbox, idle => 1,
                                  directives => { DygwNonceStore => 'dbd' });
    $gateway->start;
    my $version = version();
    my $ledger = Dygw::Ledger->new($gateway, days_ago => 2);
    write_the_day($ledger);
    my @old = leave_work("$driver, version 4");
    my $unknown = $sandbox->mint_coupon;
    Dygw::Webhook->new($gateway)->notify($unknown, 'verify');
    my $changed = $gateway->internal->call(PATCH => '/apps/' . $gateway->app->{id}, { description => 'of old' });
    is($changed->{status}, 200, "$driver: an app of the version before");
    $gateway->stop;
    Dygw::Older::make($gateway->database, 4);
    is(version(), 4, "$driver: a database of version 4");

    back_on();
    is(version(), $version, "$driver: is brought to the present one at a start");
    is_worked_on($driver, @old);
    reconciles($driver, $ledger);
    lists($driver, 4);
    is($gateway->rows('dygw_webhooks'), 1, "$driver: messages are there");
    my $app = $gateway->internal->call(GET => '/apps/' . $gateway->app->{id})->{json}{data};
    is("$app->{description} $app->{client_key}", 'of old ' . $gateway->app->{client_key},
       "$driver: the app is as it was");

    # A host of the version before writes on: its records have neither.
    $gateway->work(0);
    my @beside = leave_work("$driver, an old host beside");
    $gateway->database->query('UPDATE dygw_verifications SET store = NULL, account_id = NULL');
    $gateway->work(1);
    is_worked_on("$driver, an old host beside", @beside);
    lists("$driver, an old host beside", 6);
    is($sandbox->state->{double_redemptions}, 0, "$driver: no coupon was redeemed twice");
    $gateway->finish;
}
done_testing;
