#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Several merchants behind one application: each account is reconciled with its own records of ours, and has its own
# days; nothing of one is missed in another's.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Expect;
use Dygw::Gateway qw(ACCOUNT POI);
use Dygw::Ledger;
use Dygw::Sandbox;
use Dygw::Server qw(poll spew);

use constant SAME => 3;         # records of each account that match
use constant SOON => 30;        # seconds
use constant DAY  => 86_400;
use constant LAG  => 7200;      # from the end of a day until it is reconciled by itself

use constant { EAST => '7014065493820573711', WEST => '7014065493820573712', NEW => '7014065493820573713',
               FOREIGN => '7014065493820573714' };
use constant { EAST_1 => '7013000000000000001', EAST_2 => '7013000000000000002', WEST_1 => '7013000000000000003',
               NEW_1 => '7013000000000000004', FOREIGN_1 => '7013000000000000005' };

# --- what is declared ---

my %STORE = (e1 => [ EAST_1, EAST ], e2 => [ EAST_2, EAST ], w1 => [ WEST_1, WEST ], n1 => [ NEW_1, NEW ]);

sub declared {
    my (@codes) = @_;
    return join '', map {
        my ($poi_id, $account) = @{ $STORE{$_} };
        "<DygwStore $_>\n  DygwStorePoi $poi_id\n  DygwStoreAccount $account\n</DygwStore>\n";
    } @codes;
}

my $sandbox = Dygw::Sandbox->start_new;
$sandbox->account(EAST, stores => [ EAST_1, EAST_2 ]);
$sandbox->account(WEST, stores => [WEST_1]);
$sandbox->account(NEW, stores => [NEW_1]);
$sandbox->account(FOREIGN, stores => [FOREIGN_1]);
my $file = spew($sandbox->server->dir . '/stores.conf', declared(sort keys %STORE), 0644);
my $gateway = Dygw::Gateway->new(sandbox => $sandbox, conf => "Include $file\n");
$gateway->start;
my $ledger = Dygw::Ledger->new($gateway, days_ago => 2);

# --- a day of three merchants ---

my $second = 0;
my %only_here;          # account -> verify_ids

# The same redemption on both sides; account: what our record says of it (undef: it is an older one).
sub both {
    my ($account, $poi_id, $recorded, $store) = @_;
    my $at = $second += 60;
    my $there = $ledger->there(at => $at, account_id => $account, poi_id => $poi_id, pay_amount => 100);
    $ledger->here($there, poi_id => $poi_id, account_id => $recorded, store => $store);
    return $there->{verify_id};
}

# A redemption that Douyin has nothing of, and which is to be missed in the account's reconciliation.
sub ours {
    my ($missed_in, $poi_id, $recorded, $store) = @_;
    my $id = 'ours-' . ($second += 60);
    push @{ $only_here{$missed_in} }, $id;
    $ledger->here(undef, at => $second, verify_id => $id, certificate_id => "c$second", pay_amount => 7,
                  poi_id => $poi_id, account_id => $recorded, store => $store);
    return $id;
}

for (1 .. SAME) {
    both(ACCOUNT, POI, ACCOUNT);
    both(EAST, EAST_1, EAST, 'e1');
    both(WEST, WEST_1, WEST, 'w1');
}
both(ACCOUNT, POI, undef);                      # of a version that recorded no account
both(EAST, EAST_2, undef);
ours(ACCOUNT, POI, ACCOUNT);
ours(ACCOUNT, '7012345678901239999', undef);    # of a store that is not declared
my $shown = ours(EAST, EAST_1, EAST, 'e1');
ours(EAST, EAST_2, undef);
my $moved = ours(EAST, WEST_1, EAST, 'w1');     # the store was EAST's then
ours(WEST, WEST_1, WEST, 'w1');
# Douyin has it of an account that no store here is declared for: DygwAccountId's is told that it lacks it.
push @{ $only_here{ +ACCOUNT } }, both(FOREIGN, FOREIGN_1, undef);
$ledger->there(at => $second += 60, account_id => FOREIGN, poi_id => FOREIGN_1, pay_amount => 1);
my $elsewhere = $ledger->there(at => $second += 60, account_id => WEST, poi_id => WEST_1, pay_amount => 55);

my %matched = (ACCOUNT, SAME + 1, EAST, SAME + 1, WEST, SAME);
my %only_there = (WEST, [ $elsewhere->{verify_id} ]);

sub of_class {
    my ($data, $class, $side) = @_;
    return [ sort map { $_->{$side}{verify_id} } grep { $_->{class} eq $class } @{ $data->{items} } ];
}

for my $account (ACCOUNT, EAST, WEST) {
    my $data = $ledger->await(account_id => $account) // {};
    is($data->{account_id}, $account, "$account is reconciled");
    is($data->{counts}{matched}, $matched{$account}, "$account: its records match");
    is_deeply(of_class($data, 'only_here', 'ours'), [ sort @{ $only_here{$account} } ],
              "$account: what Douyin lacks is its own, and nothing of the others");
    is($data->{counts}{only_here}, scalar @{ $only_here{$account} }, "$account: which is counted");
    is_deeply(of_class($data, 'only_at_douyin', 'douyin'), $only_there{$account} // [],
              "$account: what only Douyin has is its own");
}

sub item {
    my ($account, $verify_id) = @_;
    my $data = $ledger->await(account_id => $account);
    my ($found) = grep { ($_->{ours} // {})->{verify_id} eq $verify_id } grep { $_->{ours} } @{ $data->{items} };
    return [ @{ $found->{ours} }{qw(poi_id store account_id)} ];
}

is_deeply(item(EAST, $shown), [ EAST_1, 'e1', EAST ], 'an item shows store and account of our record');
is_deeply(item(EAST, $moved), [ WEST_1, 'w1', EAST ], 'that of a store that moved, as they were recorded');
is_deeply(item(ACCOUNT, $only_here{ +ACCOUNT }[1]), [ '7012345678901239999', undef, undef ],
          'and that of an older version, that it has none');
like($ledger->get(account_id => EAST, export => 'csv', raw => 1)->{body}, qr/,$shown,.*,e1,@{[EAST]},/, 'CSV, too');

# --- which account is meant ---

is($ledger->get->{json}{data}{account_id}, ACCOUNT, 'without account_id it is DygwAccountId');
my $foreign = $ledger->await(account_id => FOREIGN) // { counts => {} };
is($foreign->{counts}{only_here}, undef, "of an account that is nobody's here, only Douyin's side is told");
is("$foreign->{counts}{matched} $foreign->{counts}{only_at_douyin}", '1 1', 'compared with all that we have');

# --- what a host of an older version redeems meanwhile: its records have neither store nor account ---

sub of_an_older_host_is_worked_on {
    $gateway->work(0);
    $sandbox->fault(call => 'verify', fault => 'error', error_code => 2_100_004, description => 'busy', times => 1);
    my $coupon = sub { $sandbox->mint_coupon(account_id => EAST)->{code} };
    my @ids = map { $gateway->verify(poi_id => EAST_2, code => $coupon->())->{json}{data}{id} } 1 .. 2;
    my $mine = 'id IN (' . join(', ', @ids) . ')';
    $gateway->database->query("UPDATE dygw_verifications SET store = NULL, account_id = NULL WHERE $mine");
    is($gateway->rows('dygw_verifications', "$mine AND verify_status = 'processing'"), 1,
       'an older host leaves one open');
    my $before = $sandbox->last_seq;
    $gateway->work(1);
    my $good = "$mine AND verify_status = 'success' AND enrichment_status = 'success'";
    my $done = poll { sleep 0.2; $gateway->rows('dygw_verifications', $good) == 2 } SOON;
    ok($done, 'what it leaves is settled and enriched, with the account of its store');
    my @others = grep { ($_->{account_header} // EAST) ne EAST && $_->{call} !~ /^(?:verify_record|ledger)\z/ }
        $sandbox->calls(after => $before);
    is(scalar @others, 0, 'and with no other');
    is($gateway->rows('dygw_verifications', "$mine AND account_id IS NULL"), 2, 'and stays as it was recorded');
    return;
}

of_an_older_host_is_worked_on();

# --- by itself ---

my $last = Dygw::Ledger->new($gateway, days_ago => (time + Dygw::Ledger::CHINA) % DAY < LAG ? 2 : 1)->date;

sub reload {
    my (@codes) = @_;
    spew($file, declared(@codes), 0644);
    $gateway->graceful;
    $gateway->wait_healthy;
    return;
}

sub known {
    my ($where) = @_;
    return join ' ', sort map { $_->[0] } $gateway->database->query(
        "SELECT account_id FROM dygw_reconciliations WHERE $where");
}

sub by_itself {
    my ($name, $where, @accounts) = @_;
    my $found;
    poll { sleep 0.2; ($found = known("generated_at IS NOT NULL AND $where")) eq join ' ', sort @accounts } SOON;
    return is($found, join(' ', sort @accounts), $name);
}

$gateway->database->query("DELETE FROM $_") for qw(dygw_reconciliations dygw_reconciliation_items);
reload(sort keys %STORE);
by_itself('the last day that has ended is reconciled for each account', "day = '$last'", ACCOUNT, EAST, WEST);
is(known("account_id = '@{[NEW]}'"), '', 'but not for one without a redemption');

# An account that is gone tomorrow: what is due is done, and there is nothing new.
$gateway->database->query("DELETE FROM dygw_reconciliations WHERE day = '$last' AND account_id <> '@{[EAST]}'");
$gateway->database->query("UPDATE dygw_reconciliations SET generated_at = NULL, next_run_at = 1, day = '"
                          . $ledger->date . "' WHERE account_id = '@{[EAST]}'");
reload('w1');
by_itself('a day of an account that is gone is finished', "day = '" . $ledger->date . "'", EAST);
by_itself('and no day of it is begun', "day = '$last'", ACCOUNT, WEST);

# --- without DygwAccountId ---

$gateway->set(DygwAccountId => undef);
$gateway->server->announce('DYGW0121');
reload('w1');
is($ledger->get->{json}{data}{account_id}, WEST, 'without DygwAccountId, the only account there is needs no name');
reload('e1', 'w1');
error_is($ledger->get, 400, 'invalid_request', 'where there are several: 400', field => 'account_id');
is($ledger->get(account_id => EAST)->{json}{data}{account_id}, EAST, 'and one is to be named');

$gateway->finish;
done_testing;
