#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# From version 5 of the schema, which knew no reasons and no last digits: what a gateway of that version has left, and
# what one beside us still writes, is found, settled and summed up; and its own statements go on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Gateway qw(POI);
use Dygw::Older;
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant SOON => 30;        # seconds

my ($sandbox, $gateway, $on);

# --- the version before ---

# A record as version 5 inserts and settles it; gives its id.
sub write_as_5 {
    my (%value) = @_;
    my $id = $gateway->database->query('SELECT MAX(id) FROM dygw_verifications') + 4096;
    my $at = 1_704_067_200_000 + int $id / 4096;
    my %row = (
        id => $id, first_id => $id, app_id => $gateway->app->{id}, app_name => 'till', poi_id => POI,
        verify_status => 'processing', error_code => 0, enrichment_status => 'pending', enrichment_retry_count => 0,
        created_at => $at, updated_at => $at, mode => 'code', item_no => 0, item_count => 1, attempts => 1,
        lease_until => 0, %value,
    );
    my @names = sort keys %row;
    $gateway->database->query('INSERT INTO dygw_verifications (' . join(', ', @names) . ') VALUES ('
        . join(', ', map { "'$row{$_}'" } @names) . ')');
    return $id;
}

sub version { return $gateway->database->query("SELECT value FROM dygw_meta WHERE name = 'schema_version'") }

# --- what there is ---

sub record { my ($id) = @_; return $gateway->client->call(GET => "/verifications/$id")->{json}{data} // {} }

sub found {
    my (%by) = @_;
    my $list = $gateway->internal->call(
        GET => '/reports/verifications?' . join '&', map { "$_=" . Dygw::Sandbox::escape($by{$_}) } sort keys %by);
    return join ' ', map { $_->{id} } @{ $list->{json}{data} // [] };
}

# A redemption, a refusal, one to settle and one to enrich: their answers.
sub leave_all_kinds {
    my $done = $gateway->verify(code => $sandbox->mint_coupon->{code}, operator => 'old', device => 'till 5',
                                ext_order_id => "bill of $on");
    $sandbox->fault(call => 'verify', fault => 'result', result => 1208, msg => 'already used');
    my $refused = $gateway->verify(code => $sandbox->mint_coupon->{code});
    $sandbox->fault(call => 'verify', fault => 'error', error_code => 2_100_004, description => 'busy', times => 1);
    my $open = $gateway->verify(code => $sandbox->mint_coupon->{code});
    my @rows = map { $_->{json}{data} } $done, $refused, $open;
    is(join(' ', map { $_->{verify_status} } @rows), 'success failed processing', "$on: one of each kind is left");
    return @rows;
}

sub are_found {
    my ($what, $done, $refused, $open) = @_;
    ok((poll { record($open->{id})->{verify_status} eq 'success' } SOON), "$what: what was open is settled");
    ok((poll { record($done->{id})->{enrichment_status} eq 'success' } SOON), "$what: what was redeemed is enriched");
    is(found(code => $_->{origin_code}), $_->{id}, "$what: found by its number: $_->{verify_status}")
        for $done, $refused, $open;
    is(found(code => substr($refused->{origin_code}, -5), start_time => $refused->{created_at}, error_code => 1208),
       $refused->{id}, "$what: a refusal is found by its last digits and its number at Douyin");
    is(found(verify_id => $done->{verify_id}, operator => 'old', device => 'till 5', ext_order_id => "bill of $on",
             request_id => $done->{request_id}), $done->{id}, "$what: and a redemption by all that it has");
    return;
}

for my $driver (qw(sqlite3 pgsql mysql)) {
    $on = $driver;
    $sandbox = Dygw::Sandbox->start_new;
    $gateway = Dygw::Gateway->new(driver => $driver, sandbox => $sandbox, idle => 1);
    $gateway->start;
    my $version = version();
    my @old = leave_all_kinds();
    $gateway->stop;
    Dygw::Older::make($gateway->database, 5);
    is(version(), 5, "$driver: a database of version 5");

    $gateway->set(DygwWorker => 'on');
    $gateway->server->start;
    $gateway->wait_healthy;
    is(version(), $version, "$driver: is brought to the present one at a start");
    are_found("$driver, of before", @old);

    # A host of the version before goes on beside us, with its own statements.
    my $refused = write_as_5(verify_status => 'failed', error_code => 1212, origin_code => '880000001212',
                             enrichment_status => 'skipped', request_id => 'of-5');
    is(found(code => '880000001212', request_id => 'of-5', status => 'failed'), $refused,
       "$driver: what an old host refuses is found");
    is($gateway->database->query("SELECT COUNT(*) FROM dygw_verifications WHERE first_id = $refused"), 1,
       "$driver: it finds its rows as ever");
    my $open = write_as_5(origin_code => '880000000001');
    is(found(reason => 'waiting'), $open, "$driver: what it has not settled waits");
    $gateway->database->query("UPDATE dygw_verifications SET verify_status = 'success', verify_id = 'v5-$driver', "
        . "enrichment_status = 'failed' WHERE id = $open AND verify_status = 'processing'");
    is(found(verify_id => "v5-$driver", status => 'success', error_code => 0), $open, "$driver: until it does");
    is($gateway->internal->call(GET => '/reports/summary?group_by=day')->{json}{total}{total_count}, 5,
       "$driver: all are summed up");
    $gateway->finish;
}
done_testing;
