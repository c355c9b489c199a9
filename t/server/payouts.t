#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What will be paid out: the background asks Douyin's settlement ledger about our redemptions, and /reports/payouts
# tells it, one by one, in sums, and as CSV. The amounts are computed anew here.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use List::Util qw(sum);
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Client qw(keys_in_order);
use Dygw::Expect;
use Dygw::Gateway qw(ACCOUNT POI);
use Dygw::Ledger;
use Dygw::Metrics;
use Dygw::Sandbox;
use Dygw::Server qw(poll spew);

use constant { EAST => '7014065493820573711', EAST_POI => '7013000000000000001' };
use constant MANY => 55;        # more coupons than one call takes
use constant SOON => 40;        # seconds
use constant STATES  => qw(none initial settling settled failed void);
use constant AMOUNTS => qw(original pay pay_discount merchant_discount total goods pay_fee platform_fee
    talent_commission agent_commission operation_agent);
use constant HIDDEN => qw(platform_fee talent_commission agent_commission operation_agent);

my $sandbox = Dygw::Sandbox->start_new;
$sandbox->account(EAST, stores => [EAST_POI]);
my $file = spew($sandbox->server->dir . '/stores.conf', "<DygwStore e1>\n  DygwStorePoi @{[EAST_POI]}\n" .
    "  DygwStoreAccount @{[EAST]}\n</DygwStore>\n", 0644);
my $gateway = Dygw::Gateway->new(sandbox => $sandbox, conf => "Include $file\n");
$gateway->start;
$gateway->server->announce('DYGW0860');
my $ledger = Dygw::Ledger->new($gateway, days_ago => 2);
my $database = $gateway->database;

sub asked { my (%query) = @_; return $gateway->internal->call(GET => '/reports/payouts?' .
    join '&', map { "$_=$query{$_}" } sort keys %query) }

sub all_rows { return @{ asked(page_size => 200, @_)->{json}{data} } }

# --- the day: what the ledger is to say of each redemption, by its verify_id ---

my (%expected, %store_of, %id_of, %operator_of);

# As the sandbox makes it of the shares of one line.
sub line {
    my ($original, $pay) = @_;
    my ($platform, $talent, $agent) = map { int($pay * $_ / 1000) } 25, 30, 5;
    return { original => $original, pay => $pay, pay_discount => 0, merchant_discount => $original - $pay,
             total => $pay, goods => $pay - $platform - $talent - $agent, pay_fee => int($pay * 6 / 1000),
             platform_fee => $platform, talent_commission => $talent, agent_commission => $agent,
             operation_agent => 0 };
}

# A use of the coupon, in two lines when `double`.
sub of_use {
    my ($original, $pay, $double) = @_;
    return line($original, $pay) if !$double;
    my @first = map { int($_ * 60 / 100) } $original, $pay;
    my @lines = (line(@first), line($original - $first[0], $pay - $first[1]));
    return { map { my $key = $_; $key => sum(map { $_->{$key} } @lines) } AMOUNTS };
}

my $second = 0;
my %amounts;        # verify_id -> [original, pay]

sub redeemed {
    my (%what) = @_;
    my %row = %{ delete $what{row} // {} };
    my $there = $ledger->there(at => $second += 60, original_amount => 26_900, %what);
    $amounts{ $there->{verify_id} } = [ 26_900, $there->{pay_amount} ];
    $id_of{ $there->{verify_id} } = $ledger->here($there, app_name => 'app', account_id => ACCOUNT, %row);
    $store_of{ $there->{verify_id} } = $row{poi_id} // POI;
    $operator_of{ $id_of{ $there->{verify_id} } } = $row{operator_name};
    return $there;
}

redeemed(pay_amount => 10_000 + 7 * $_, $_ < 5 ? (row => { operator_name => $_ < 4 ? 'ann' : 'bob', device => "till-$_",
    origin_code => 100_000_004_321 + 10_000 * $_ }) : ()) for 1 .. MANY;
redeemed(pay_amount => 3333, account_id => EAST, poi_id => EAST_POI,
    row => { poi_id => EAST_POI, account_id => EAST, store => 'e1', product_id => 'p1' }) for 1 .. 3;
my $nameless = redeemed(pay_amount => 5005, row => { verify_id => undef });
my $back = redeemed(pay_amount => 6006);

# A times card that was used three times.
my $card = $ledger->there(at => $second += 60, kind => 'times_card', times => 3, pay_amount => 10_000,
    original_amount => 20_000);
my @uses = $card->{verify_id};
for (1, 2) {
    my $now = $sandbox->set_coupon($card->{coupon}{code},
        used_elsewhere => { poi_id => POI, verify_type => 4, at_ms => 0 + $ledger->ms($second += 60) });
    push @uses, $now->{verifications}[-1]{verify_id};
}
for my $i (0 .. 2) {
    $amounts{ $uses[$i] } = [ map { int($_ * ($i + 1) / 3) - int($_ * $i / 3) } 20_000, 10_000 ];
    $id_of{ $uses[$i] } = $ledger->here({ %$card, verify_id => $uses[$i] }, account_id => ACCOUNT);
    $store_of{ $uses[$i] } = POI;
}

# What Douyin does not know, what was refused, what was cancelled before the ledger was asked, and what has no coupon.
my $unknown = $ledger->here(undef, at => $second += 60, certificate_id => '7000000000000000001', verify_id => '71',
    pay_amount => 100, account_id => ACCOUNT);
$ledger->here(undef, at => $second += 60, certificate_id => '7000000000000000002', verify_status => 'failed');
$ledger->here(undef, at => $second += 60, certificate_id => '7000000000000000003', verify_status => 'cancelled');
my $bare = $ledger->here(undef, at => $second += 60, pay_amount => 5);

sub expect_lines { my ($double) = @_; %expected = map { $_ => of_use(@{ $amounts{$_} }, $double) } keys %amounts;
    return }

sub by_id { return map { $_->{id} => $_ } @_ }

sub verifications { return join "\n", map { join '|', @$_ }
    $database->query('SELECT * FROM dygw_verifications ORDER BY id') }

# --- the background ---

sub await_state {
    my ($state, @query) = @_;
    return poll { sleep 0.2; (grep { $_->{state} eq $state } all_rows(@query)) == keys %amounts } SOON;
}

# All rows are due; those that have no next time, too.
sub ask_again { $database->query('UPDATE dygw_payouts SET next_ask_at = 1'); return }

sub are_as_computed {
    my ($lines, $name) = @_;
    my %row = by_id(all_rows());
    my @wrong = grep { my $v = $_; my $row = $row{ $id_of{$v} };
        $row->{lines} != $lines || grep { ($row->{expected}{$_} // 'null') ne ($expected{$v}{$_} // 'null') } AMOUNTS }
        sort keys %expected;
    is_deeply(\@wrong, [], "$name: each amount of each redemption") or diag explain $row{ $id_of{ $wrong[0] } };
    return;
}

sub the_ledger_is_asked_in_batches {
    my $before = verifications();
    my $seq = $sandbox->last_seq;
    is($gateway->rows('dygw_payouts'), 0, 'a redemption writes nothing about its payout');
    $gateway->restart;      # a host that begins to lead looks back
    $gateway->wait_healthy;
    ok(await_state('settling'), 'every redemption that has a line is known');
    my @calls = $sandbox->calls(after => $seq, call => 'ledger');
    is(scalar @calls, 3, 'more coupons than one call takes, and another merchant: three calls');
    is_deeply({ map { $_->{account_header} => 1 } @calls }, { ACCOUNT, 1, EAST, 1 }, 'each for one account');
    my @counts = map { scalar(() = $_->{args} =~ /\d{19}/g) } @calls;
    is(join(' ', sort { $a <=> $b } @counts), '3 9 50', 'of up to 50 coupons; a card is one, however often used');
    expect_lines(0);
    are_as_computed(1, 'one line');
    is(verifications(), $before, 'no verification has changed');
    is($gateway->rows('dygw_payouts'), keys(%amounts) + 1, 'no row of what was not redeemed, or has no coupon');
    return;
}

sub rows_tell_what_there_is {
    my %row = by_id(all_rows());
    my $row = $row{ $id_of{ $nameless->{verify_id} } };
    is_deeply(keys_in_order(asked(page_size => 1)->{body}, 'data', 0), [ qw(id created_at verify_time poi_id store
        account_id app_id app_name order_id certificate_id verify_id product_id product_name sku_id sku_name
        verify_status pay_amount state ledger_at lines expected) ], 'the members are in order');
    is($row->{verify_id}, undef, 'a verification without a verify_id finds the line of its coupon');
    like($row->{ledger_at}, instant(), 'when the ledger showed it');
    is($row->{pay_amount}, 5005, 'with what the customer paid');
    for my $id ($unknown, $bare) {
        is_deeply([ @{ $row{$id} }{qw(state ledger_at lines)}, grep { defined } values %{ $row{$id}{expected} } ],
            [ 'none', undef, 0 ], 'without a line nothing is told, not even 0');
    }
    my ($next) = $database->query("SELECT next_ask_at, ledger_asks FROM dygw_payouts WHERE verification_id = $unknown");
    cmp_ok(abs($next->[0] / 1000 - time - 86_400), '<', 120, 'an empty answer: not yet, asked again the next day');
    is($next->[1], 1, 'it was asked once');
    return;
}

sub lines_are_added_up_and_change {
    $sandbox->switch(ledger_two_lines => JSON::PP::true(), ledger_status => 2, ledger_shape => 'nested',
        ledger_text => JSON::PP::true());
    $sandbox->kill_tokens;
    ask_again();
    ok(await_state('settled'), 'the next day: settled, and a dead token is renewed');
    expect_lines(1);
    are_as_computed(2, 'two lines of one verify_id');
    is($gateway->rows('dygw_payouts', 'next_ask_at IS NOT NULL'), 1, 'what is settled is not asked about any more');
    return;
}

sub hidden_is_not_zero {
    $sandbox->switch(ledger_two_lines => JSON::PP::false(), ledger_hides_platform => JSON::PP::true(),
        ledger_status => 3);
    ask_again();
    ok(await_state('failed'), 'a state that Douyin goes back to');
    expect_lines(0);
    delete @{$_}{ +HIDDEN } for values %expected;
    are_as_computed(1, 'a service provider');
    my $total = asked(group_by => 'day')->{json}{total};
    is_deeply([ grep { defined $total->{expected}{$_} } HIDDEN ], [], 'what no line shows has no sum either');
    $sandbox->switch(ledger_hides_platform => JSON::PP::false(), ledger_status => 1);
    ask_again();
    ok(await_state('settling'), 'and back');
    expect_lines(0);
    are_as_computed(1, 'all of it is shown again');
    return;
}

sub what_is_cancelled_is_void {
    my $id = $id_of{ $back->{verify_id} };
    my $goods = $expected{ $back->{verify_id} }{goods};
    $database->query("UPDATE dygw_verifications SET verify_status = 'cancelled' WHERE id = $id");
    my %row = by_id(all_rows());
    is("$row{$id}{state} $row{$id}{expected}{goods}", "void $goods", 'cancelled: what the ledger said stays, as void');
    is_deeply([ map { $_->{id} } all_rows(status => 'cancelled') ], [$id], 'status=cancelled finds it');
    is(scalar(all_rows(status => 'failed')), 0, 'a redemption that failed has no payout');
    return;
}

# --- sums, of the rows as they are listed ---

sub summed {
    my (@rows) = @_;
    my @paid = grep { $_->{state} ne 'void' } @rows;
    my %sum = (count => scalar @rows, pay_amount => sum(0, map { $_->{pay_amount} // 0 } @paid));
    for my $state (STATES) { $sum{"${state}_count"} = grep { $_->{state} eq $state } @rows }
    for my $key (AMOUNTS) {
        my @told = grep { defined } map { $_->{expected}{$key} } @paid;
        $sum{expected}{$key} = @told ? sum(@told) : undef;
    }
    return \%sum;
}

# In China, whose hour is eight later.
sub hour_of { my ($row) = @_; my ($hour) = $row->{created_at} =~ /T(\d+):\d+:\d+(?:\.\d+)?Z/; return ($hour + 8) % 24 }

sub sums_are_those_of_the_rows {
    my @rows = all_rows();
    for my $row (@rows) {
        @{$row}{qw(day hour operator)} = ($ledger->date, hour_of($row), $operator_of{ $row->{id} });
    }
    is_deeply([ sort keys %{ { map { $_->{hour} => 1 } @rows } } ], [ 0, 1 ], 'the day has more than one hour');
    for my $by ('day', 'hour', 'poi_id', 'store', 'account_id', 'app_id', 'product_id', 'operator',
                'account_id,product_id', 'day,hour,poi_id,store,account_id,app_id,product_id,operator') {
        my @keys = split /,/, $by;
        my $data = asked(group_by => $by)->{json};
        my %group;
        push @{ $group{ join '/', map { $_ // '-' } @{$_}{@keys} } }, $_ for @rows;
        my %told;
        for my $row (@{ $data->{data} }) {
            my $key = join '/', map { $_ // '-' } delete @{$row}{@keys};
            delete $row->{app_name};
            $told{$key} = $row;
        }
        is_deeply(\%told, { map { $_ => summed(@{ $group{$_} }) } keys %group }, "by $by");
        is_deeply($data->{total}, summed(@rows), "by $by: the total");
    }
    my $east = asked(group_by => 'day', account_id => EAST)->{json};
    is("$east->{total}{count} $east->{total}{pay_amount}", '3 9999', 'filters count for sums');
    is(asked(group_by => 'day', start_time => '2020-01-01', end_time => '2020-01-02')->{json}{total}{count}, 0,
        'a time without redemptions');
    is(asked(group_by => 'day', start_time => '2020-01-01', end_time => '2020-01-02')->{json}{total}{expected}{goods},
        undef, 'has no sums');
    return;
}

# The ids of rows that the filters find, one by one, counted, and in the sums.
sub found {
    my (@query) = @_;
    my @ids = map { $_->{id} } all_rows(@query);
    is(asked(page_size => 1, page => 2, @query)->{json}{total}, scalar @ids, "@query: counted");
    is(asked(group_by => 'day', @query)->{json}{total}{count}, scalar @ids, "@query: summed");
    return \@ids;
}

sub filters_are_those_of_reports {
    my @of = map { $id_of{$_} } sort { $amounts{$a}[1] <=> $amounts{$b}[1] }
        grep { $amounts{$_}[1] > 10_000 && $amounts{$_}[1] < 10_035 } keys %amounts;
    is_deeply(found(operator => 'ann'), [ reverse @of[ 0 .. 2 ] ], 'of an operator');
    is_deeply(found(operator => 'ann', device => 'till-2'), [ $of[1] ], 'at one device');
    is_deeply(found(operator => 'bob', device => 'till-2'), [], 'both have to match');
    is_deeply(found(code => 100_000_034_321), [ $of[2] ], 'by the number of the coupon');
    is_deeply(found(code => 4321, start_time => $ledger->date, end_time => $ledger->date), [ reverse @of ],
        'by its last digits');
    is_deeply(found(code => 4321, operator => 'bob', start_time => $ledger->date), [ $of[3] ], 'and by the operator');
    is_deeply(found(verify_id => $nameless->{verify_id}), [], 'of a verify_id that is not recorded');
    is_deeply(found(reason => 'expired'), [], 'a redemption has no reason');
    is_deeply(found(reason => 'risk_review'), [], 'not even that of a review');
    error_is(asked(code => 4321), 400, 'invalid_request', 'last digits without a time', field => 'code');
    return;
}

sub pages_are_parts_of_the_list {
    my @all = map { $_->{id} } all_rows();
    is_deeply(\@all, [ sort { $b <=> $a } @all ], 'the newest first');
    my $page = asked(page => 2, page_size => 20)->{json};
    is_deeply([ map { $_->{id} } @{ $page->{data} } ], [ @all[ 20 .. 39 ] ], 'the second page');
    is("$page->{total} $page->{next_after_id}", scalar(@all) . " $all[39]", 'with the total, and how to go on');
    my $next = asked(after_id => $page->{next_after_id}, page_size => 200)->{json};
    is_deeply([ map { $_->{id} } @{ $next->{data} } ], [ @all[ 40 .. $#all ] ], 'after_id goes on there');
    is($next->{next_after_id}, undef, 'to the end');
    is(asked(page => 9, page_size => 200)->{json}{total}, scalar @all, 'a page behind the end has the total, too');
    is_deeply([ map { $_->{id} } all_rows(store => 'e1') ],
        [ map { $_->{id} } all_rows(account_id => EAST) ], 'filters as those of other reports');
    return;
}

# --- CSV ---

sub cells { my ($body) = @_; my ($head, @rows) = map { [ split /,/, $_, -1 ] } split /\r\n/, $body;
    return map { my %row; @row{@$head} = @$_; \%row } @rows }

sub yuan { my ($fen) = @_; return defined $fen ? sprintf('%d.%02d', int($fen / 100), $fen % 100) : '' }

sub csv_has_the_same {
    my $answer = asked(export => 'csv', raw => 1);
    like($answer->{headers}{'content-disposition'}, qr/payouts\.csv/, 'CSV has a name');
    my @rows = cells($answer->{body});
    my @list = all_rows();
    is_deeply([ map { [ @{$_}{qw(id state lines pay_amount_yuan)} ] } @rows ],
        [ map { [ @{$_}{qw(id state lines)}, yuan($_->{pay_amount}) ] } @list ], 'a row for each redemption');
    for my $key (AMOUNTS) {
        is_deeply([ map { "$_->{\"expected_$key\"} $_->{\"expected_${key}_yuan\"}" } @rows ],
            [ map { my $fen = $_->{expected}{$key}; ($fen // '') . ' ' . yuan($fen) } @list ], "with $key");
    }
    my ($group) = cells(asked(export => 'csv', raw => 1, group_by => 'account_id', account_id => EAST)->{body});
    is("$group->{account_id} $group->{count} $group->{settling_count} $group->{pay_amount_yuan}",
        EAST . ' 3 3 99.99', 'groups as CSV');
    is($group->{expected_goods_yuan}, yuan(3 * of_use(26_900, 3333)->{goods}), 'with their sums');
    return;
}

# --- mistakes, and what Douyin refuses ---

sub mistakes_are_told {
    for ([ group_by => 'hour,nothing' ], [ group_by => 'day,reason' ], [ group_by => '' ], [ group_by => 'day,day' ],
         [ page => 0 ],
         [ page_size => 201 ], [ export => 'xml' ], [ status => 'paid' ], [ start_time => 'x' ], [ state => 'void' ]) {
        my ($field, $value) = @$_;
        error_is(asked($field => $value), 400, 'invalid_request', "$field=$value: 400", field => $field);
    }
    error_is(asked(group_by => 'day', page => 1), 400, 'invalid_request', 'groups have no pages', field => 'page');
    error_is(asked(export => 'csv', after_id => 1), 400, 'invalid_request', 'nor has CSV', field => 'after_id');
    error_is($gateway->plain('/v1/internal')->call(GET => '/reports/payouts'), 401, 'operator_required',
        'without an operator: 401');
    return;
}

sub a_missing_permission_is_said_once {
    $sandbox->fault(call => 'ledger', fault => 'error', error_code => 2_190_004, times => -1);
    my @before = all_rows();
    ask_again();
    ok((poll { sleep 0.2; Dygw::Metrics->scrape($gateway)->total('dygw_ledger_refused_accounts') == 2 } SOON),
        'accounts whose ledger Douyin does not show are counted');
    ok((poll { sleep 0.2; $gateway->rows('dygw_payouts', 'next_ask_at = 1') == 0 } SOON), 'the rest is put off');
    my $asked = $sandbox->count('ledger');
    ask_again();
    ok((poll { sleep 0.2; $gateway->rows('dygw_payouts', 'next_ask_at = 1') == 0 } SOON), 'and again');
    is($sandbox->count('ledger'), $asked, 'without another call within the hour');
    for my $account (ACCOUNT, EAST) {
        my @said = grep { /DYGW0860/ && /account $account:/ } split /\n/, $gateway->server->log_text;
        is(scalar @said, 1, "it is said once of $account");
        like($said[0], qr/2190004.*life\.capacity\.billing/, 'with what to do');
    }
    is_deeply([ all_rows() ], \@before, 'what is known stays');
    is($gateway->verify(code => $sandbox->mint_coupon->{code})->{status}, 200, 'redemptions go on');
    $sandbox->clear;
    return;
}

the_ledger_is_asked_in_batches();
rows_tell_what_there_is();
lines_are_added_up_and_change();
hidden_is_not_zero();
what_is_cancelled_is_void();
sums_are_those_of_the_rows();
filters_are_those_of_reports();
pages_are_parts_of_the_list();
csv_has_the_same();
mistakes_are_told();
a_missing_permission_is_said_once();
$gateway->finish;
done_testing;
