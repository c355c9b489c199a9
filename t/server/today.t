#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The day is closed in the evening: today is compared with Douyin's records as far as it has come, at once, for each
# account. What is only under way is told, and no difference; and when the day is over it is made anew, by itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::Local qw(timegm_modern);
use Time::HiRes qw(sleep time);

use Dygw::Expect;
use Dygw::Gateway qw(ACCOUNT POI);
use Dygw::Ledger;
use Dygw::Sandbox;
use Dygw::Server qw(patience poll spew);

use constant { WEST => '7014065493820573712', FOREIGN => '7014065493820573714' };
use constant { WEST_1 => '7013000000000000003', FOREIGN_1 => '7013000000000000005' };
use constant DAY   => 86_400;
use constant HOUR  => 3600;
use constant EDGE  => 300;      # seconds
use constant FRESH => 60;
use constant SOON  => 30;
use constant AT_ONCE => 5;      # the background begins within 1.3 s
use constant SAME  => 25;       # two pages of Douyin's
use constant NEW   => 3;

# A time zone in which it is afternoon, whenever this runs.
my $zone = 14 * HOUR - int(time % DAY / HOUR) * HOUR;
$zone -= DAY if $zone > 12 * HOUR;

my $database = Dygw::Database->new('sqlite3');
my ($ahead, $library) = map { $database->dir . "/$_" } qw(ahead clock_step.so);
is(system($ENV{CC} // 'cc', '-shared', '-fPIC', '-o', $library, "$FindBin::Bin/clock_step.c", '-ldl', '-lpthread'), 0,
    'what sets the clock is compiled') or BAIL_OUT('no compiler');
my $sandbox = Dygw::Sandbox->start_new;
$sandbox->account(WEST, stores => [WEST_1]);
$sandbox->account(FOREIGN, stores => [FOREIGN_1]);
my $gateway = Dygw::Gateway->new(database => $database, sandbox => $sandbox, children => 2,
    env => { LD_PRELOAD => $library, DYGW_CLOCK_AHEAD => $ahead },
    directives => { DygwTimeZone => sprintf('%s%02d:00', $zone < 0 ? '-' : '+', abs($zone) / HOUR) },
    conf => "<DygwStore w1>\n  DygwStorePoi " . WEST_1 . "\n  DygwStoreAccount " . WEST . "\n</DygwStore>\n");

# Of the host, and Douyin's with it. In place: no reader finds half of it.
sub set_clock {
    my ($sec) = @_;
    $sandbox->switch(clock_ahead_s => $sec);
    spew("$ahead.new", "$sec\n", 0644);
    rename "$ahead.new", $ahead or die "rename: $!";
    return;
}

set_clock(0);
$gateway->start;
$gateway->server->announce(qw(DYGW0360 DYGW0362 DYGW0363 DYGW0481 DYGW0632 DYGW0633));
my $ledger = Dygw::Ledger->new($gateway, days_ago => 0, zone => $zone);

sub at_of {
    my ($text) = @_;
    my ($y, $m, $d, @clock) = $text =~ /\A(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)\.\d+Z\z/;
    return timegm_modern(reverse(@clock), $d, $m - 1, $y);
}

sub left_out {
    my ($data) = @_;
    return join ' ', map { $_ // 'null' } @{ $data->{left_out} }{qw(recent_here recent_at_douyin processing)};
}

sub counts {
    my ($data) = @_;
    return join ' ', map { $_ // 'null' }
        @{ $data->{counts} }{qw(matched only_here only_at_douyin cancelled_at_douyin amount_differs)};
}

# The answer that is no 202 any more; undef: it takes too long.
sub soon {
    my (%query) = @_;
    my $answer;
    poll { sleep 0.1; $answer = $ledger->get(%query); $answer->{status} != 202 } SOON or return;
    return $answer;
}

sub entries {
    return $gateway->internal->call(GET => '/audit?action=reconciliation.refresh')->{json}{total};
}

sub redeem {
    my ($code, $poi_id) = @_;
    my $answer = $gateway->client->call(POST => '/coupons/verify', { poi_id => $poi_id // POI, code => $code });
    is($answer->{json}{data}{verify_status}, 'success', 'a coupon is redeemed');
    return $answer->{json}{data};
}

# --- until now ---

my $noon = int(time) - $ledger->start - 2 * HOUR;
for my $i (1 .. SAME) {
    $ledger->here($ledger->there(at => $noon + $i, pay_amount => 100), at => $noon + $i);
}
$ledger->there(at => $noon + 30, pay_amount => 700);
$ledger->here(undef, at => $noon + 31, verify_id => 'ours-1', certificate_id => 'c-1', pay_amount => 900);
my $dearer = $ledger->there(at => $noon + 32, pay_amount => 100);
$ledger->here($dearer, at => $noon + 32, pay_amount => 101);
my $unsettled = $ledger->there(at => $noon + 33, pay_amount => 300);
$ledger->here($unsettled, at => $noon + 33, verify_status => 'processing', verify_id => undef);
my $west = $ledger->there(at => $noon + 34, pay_amount => 50, account_id => WEST, poi_id => WEST_1);
$ledger->here($west, at => $noon + 34, poi_id => WEST_1, account_id => WEST, store => 'w1');
$ledger->there(at => $noon + 35, pay_amount => 60, account_id => FOREIGN, poi_id => FOREIGN_1);

# Douyin does not show the last ten minutes.
$sandbox->switch(record_delay_ms => 600_000);
my @new = map { redeem($sandbox->mint_coupon(pay_amount => 200)->{code}) } 1 .. NEW;
my $asked = time;
my $answer = $ledger->get;
is($answer->{status}, 202, 'today is not compared yet: 202');
cmp_ok($answer->{headers}{'retry-after'}, '<=', 2, '... and may be asked for again in a moment');
is_deeply([ @{ $answer->{json}{data} }{qw(date state generated_at compared_until counts left_out)} ],
    [ $ledger->date, 'open', undef, undef, undef, undef ], '... with nothing to see');
$answer = soon();
is($answer->{status}, 200, 'it is compared at once');
cmp_ok(time - $asked, '<', patience(AT_ONCE), sprintf '... in %.1f s', time - $asked);
my $data = $answer->{json}{data};
is($data->{state}, 'open', '... and is open');
cmp_ok(abs(time - EDGE - at_of($data->{compared_until})), '<', SOON,
    "... compared until five minutes ago, $data->{compared_until}");
is(counts($data), SAME . ' 1 1 0 1', '... with the differences of this afternoon');
is(left_out($data), NEW . ' 0 1', '... what Douyin does not show yet, and what is not settled, is left out');
is(scalar @{ $data->{items} }, 3, '... and in no item');
is(entries(), 1, '... and it was entered in the audit trail that somebody asked');

# --- again ---

my $pages = $sandbox->count('verify_record');
my @same = map { $ledger->get } 1 .. 5;
is_deeply([ map { "$_->{status} $_->{json}{data}{generated_at}" } @same ], [ ("200 $data->{generated_at}") x 5 ],
    'who looks again within a minute sees the same');
is($sandbox->count('verify_record'), $pages, '... and Douyin is not asked');
unlike($ledger->get(export => 'csv')->{body}, qr/\b$new[0]{verify_id}\b/, '... nor does CSV have what is left out');

$sandbox->switch(record_delay_ms => 0);
$ledger->there(at => time - $ledger->start, pay_amount => 400);
$answer = $ledger->get(refresh => 1);
is("$answer->{status} $answer->{json}{data}{generated_at}", "202 $data->{generated_at}",
    'refresh=1: 202, with what there is meanwhile');
$answer = soon();
my $after = $answer->{json}{data};
cmp_ok($after->{generated_at}, 'gt', $data->{generated_at}, '... and then anew');
is(counts($after), (SAME + NEW) . ' 1 1 0 1', '... what Douyin shows by now matches');
is(left_out($after), '0 1 1', '... and what it has of this minute, and we have not, is left out');
is(entries(), 2, '... which was entered too');

# As if it were of more than a minute ago.
my $age = 1000 * (FRESH + 5);
$database->query("UPDATE dygw_reconciliations SET generated_at = generated_at - $age, "
    . "compared_of = compared_of - $age, compared_until = compared_until - $age, wanted_at = wanted_at - $age");
$sandbox->switch(latency_ms => 300);
$answer = $ledger->get;
is("$answer->{status} " . counts($answer->{json}{data}), '202 ' . counts($after),
    'what is older than a minute is made anew for who looks: 202, with what there is');
is($ledger->get->{status}, 202, '... and 202 as long as that runs');
$sandbox->switch(latency_ms => 0);
cmp_ok(soon()->{json}{data}{generated_at}, 'gt', $after->{generated_at}, '... then it is new');
is(entries(), 2, '... which is not entered each minute');

# --- a redemption whose answer does not come, and Douyin has it ---

$gateway->server->announce(qw(DYGW0414 DYGW0500));
my $doubtful = $sandbox->mint_coupon(pay_amount => 500);
$sandbox->fault(call => 'verify', fault => 'drop_after', times => -1);
$sandbox->fault(call => $_, fault => 'drop_before', times => -1) for qw(query get);
my $sent = $gateway->client->call(POST => '/coupons/verify', { poi_id => POI, code => $doubtful->{code} });
is("$sent->{status} $sent->{json}{data}{verify_status}", '202 processing', 'one is in flight');
$ledger->get(refresh => 1);
is(left_out(soon()->{json}{data}), '0 1 2', '... which is told, and no difference, though Douyin has it');
$sandbox->clear;
ok((poll { sleep 0.2; $gateway->rows('dygw_verifications', "verify_status = 'processing'") == 1 } SOON), '... settled');
$ledger->get(refresh => 1);
$data = soon()->{json}{data};
is(counts($data) . ', ' . left_out($data), SAME + NEW + 1 . ' 1 1 0 1, 0 1 1', '... and then it matches');

# --- each account ---

is($ledger->get(account_id => WEST)->{status}, 202, 'another account has its own today');
$data = soon(account_id => WEST)->{json}{data};
is(counts($data) . ', ' . left_out($data), '1 0 0 0 0, 0 0 0', '... of its own records');
is($ledger->get(account_id => FOREIGN)->{status}, 202, 'so has one that is not ours');
$data = soon(account_id => FOREIGN)->{json}{data};
is(counts($data) . ', ' . left_out($data), '0 null 1 0 0, null 0 0', '... where nobody knows what is ours');

# --- what fails ---

$sandbox->fault(call => 'verify_record', fault => 'error', error_code => 2_190_004, times => -1);
$ledger->get(refresh => 1);
ok((poll { sleep 0.1; $ledger->get->{json}{data}{last_error} } SOON), 'what fails says why');
$answer = $ledger->get;
is("$answer->{status} $answer->{json}{data}{state}", '200 open', '... and the last result is shown, as nothing runs');
$sandbox->clear;
$ledger->get(refresh => 1);
is(soon()->{json}{data}{last_error}, undef, '... until it is asked for anew');

# --- when it is over ---

my $tomorrow = Dygw::Ledger->new($gateway, days_ago => -1, zone => $zone);
error_is($tomorrow->get, 400, 'invalid_request', 'tomorrow has not begun: 400', field => 'date');
# What a host of an older version leaves: a comparison that does not say how far it goes; and one that is given up.
$database->query('UPDATE dygw_reconciliations SET generated_at = generated_at + 1 WHERE account_id = ' . FOREIGN);
$data = $ledger->get(account_id => FOREIGN)->{json}{data};
is_deeply([ @{$data}{qw(state compared_until left_out)} ], [ 'open', undef, undef ],
    'what an older version compares today is open, too');
$database->query(q{UPDATE dygw_reconciliations SET next_run_at = NULL, tries = 24, last_error = 'no' }
    . 'WHERE account_id <> ' . ACCOUNT);
set_clock(DAY);
$gateway->client->call(POST => '/coupons/verify', { poi_id => POI, code => $sandbox->mint_coupon->{code} },
    timestamp => int(time + DAY));      # Douyin tells that it is tomorrow
my @accounts = (ACCOUNT, WEST, FOREIGN);
my $final = poll {
    sleep 0.2;
    @accounts == grep { $ledger->get(account_id => $_)->{json}{data}{state} eq 'done' } @accounts;
} SOON;
ok($final, 'when the day is over it is made anew, by itself, for each account');
$data = $ledger->get->{json}{data};
is_deeply([ @{$data}{qw(compared_until left_out)} ], [ undef, undef ], '... all of it');
is(counts($data), SAME + NEW + 1 . ' 1 3 0 1', '... where what is still not settled is a difference');
is($gateway->rows('dygw_reconciliations', 'day = \'' . $ledger->date . q{' AND next_run_at IS NULL}), 3,
    '... and never again');
is($tomorrow->get->{status}, 202, 'and there is a new today');
is(soon_of($tomorrow)->{json}{data}{state}, 'open', '... which is open');

sub soon_of {
    my ($of) = @_;
    my $found;
    poll { sleep 0.1; $found = $of->get; $found->{status} == 200 } SOON or return;
    return $found;
}

$gateway->finish;
done_testing;
