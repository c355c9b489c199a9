#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Business days are reconciled with Douyin's records: by themselves when they have ended, and when somebody asks.
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
use Dygw::Sandbox;
use Dygw::Server qw(poll);
use Dygw::Webhook;

use constant SAME  => 45;       # records that match: three pages of Douyin's
use constant DAY   => 86_400;
use constant LAG   => 7200;     # from the end of a day until it is reconciled by itself
use constant SOON  => 30;       # seconds
use constant MANY  => 450;      # items, more than are read at once
use constant MEMBERS =>
    qw(date account_id generated_at compared_until counts amounts left_out items state last_error);
use constant CLASSES => qw(matched only_here only_at_douyin cancelled_at_douyin amount_differs);

my $sandbox = Dygw::Sandbox->start_new;
my $gateway = Dygw::Gateway->new(sandbox => $sandbox);
$gateway->start;
$gateway->server->announce('DYGW0481');     # what fails is tried again, and says so
my $ledger = Dygw::Ledger->new($gateway, days_ago => 2);
my $webhook = Dygw::Webhook->new($gateway);

# --- the day, and what is to come of it ---

my (%count, %amount, %item);

sub expect {
    my ($class, $fen, $key) = @_;
    $count{$class}++;
    $amount{$class} += $fen;
    $item{$key} = $class if defined $key;
    return;
}

sub write_the_day {
    $ledger->here($ledger->there(at => -1), at => -0.001);                          # the last second before
    expect(matched => 120, undef) if $ledger->here($ledger->there(at => 0, pay_amount => 120), at => 0);
    for my $i (1 .. SAME) {
        my $v = $ledger->there(at => 60 * $i, pay_amount => 100 + $i);
        $ledger->here($v, at => 60 * $i + 0.345);
        expect(matched => 100 + $i);
    }
    my $other = $ledger->there(at => 20_000, pay_amount => 700, verify_type => 2);
    $webhook->notify($other->{coupon}, 'verify');
    expect(only_at_douyin => 700, $other->{verify_id});
    my $twice = $ledger->there(at => 20_001, pay_amount => 801);
    my $open = $ledger->here($twice, verify_status => 'processing', verify_id => undef);
    expect(only_at_douyin => 801, $twice->{verify_id});
    my $dearer = $ledger->there(at => 20_002, pay_amount => 902);
    $ledger->here($dearer, pay_amount => 903);
    expect(amount_differs => 902, $dearer->{verify_id});
    my $back = $ledger->there(at => 20_003, pay_amount => 1003);
    $ledger->here($back);
    $sandbox->set_coupon($back->{coupon}{code}, cancelled_elsewhere => JSON::PP::true());
    expect(cancelled_at_douyin => 1003, $back->{verify_id});
    my $both = $ledger->there(at => 20_004, pay_amount => 1104);
    $ledger->here($both, verify_status => 'cancelled');
    $sandbox->set_coupon($both->{coupon}{code}, cancelled_elsewhere => JSON::PP::true());
    expect(matched => 0);
    my $loose = $ledger->there(at => 20_005, pay_amount => 1205);
    $ledger->here($loose, verify_id => undef);
    expect(matched => 1205);
    $ledger->here(undef, at => 30_000, verify_id => 'ours-1', certificate_id => 'c-1', pay_amount => 1300,
        product_name => '=双人套餐, "火锅"');
    expect(only_here => 1300, 'ours-1');
    $ledger->here(undef, at => DAY - 0.001, verify_id => 'ours-2', certificate_id => 'c-2', pay_amount => 1400);
    expect(only_here => 1400, 'ours-2');
    $ledger->here(undef, at => DAY, verify_id => 'ours-3', certificate_id => 'c-3', pay_amount => 1500);
    my $settled = $ledger->there(at => 40_000, pay_amount => 1600);     # redeemed long after it was sent
    $ledger->here($settled, created_ms => $ledger->ms(40_000 - 48 * 3600));
    expect(matched => 1600);
    my $late = $ledger->there(at => DAY - 1, pay_amount => 1700);       # by our clock after midnight
    $ledger->here($late, at => DAY + 0.2);
    expect(matched => 1700);
    $ledger->here($ledger->there(at => DAY, pay_amount => 1800), at => DAY);
    return $open;
}

my $open = write_the_day();

sub key_of { my ($i) = @_; return ($i->{ours} // {})->{verify_id} // ($i->{douyin} // {})->{verify_id} }

sub is_as_written {
    my ($data, $name) = @_;
    is_deeply($data->{counts}, { map { $_ => $count{$_} // 0 } CLASSES }, "$name: every class has its count");
    is_deeply($data->{amounts}, { map { $_ => $amount{$_} // 0 } CLASSES }, "$name: and its amount");
    is_deeply({ map { key_of($_) => $_->{class} } @{ $data->{items} } }, \%item,
        "$name: items are all but what matched");
    return;
}

sub a_day_is_made_when_somebody_asks {
    my $answer = $ledger->get;
    is($answer->{status}, 202, 'a day that was not reconciled yet: 202');
    like($answer->{headers}{'retry-after'}, qr/\A[1-9]\d*\z/, 'with Retry-After');
    my $data = $answer->{json}{data};
    is_deeply([ @{$data}{+MEMBERS} ],
        [ $ledger->date, ACCOUNT, undef, undef, undef, undef, undef, [], 'pending', undef ], 'and nothing to see');
    my $pages = $sandbox->count('verify_record');
    $data = $ledger->await;
    ok($data, 'it is reconciled soon') or return;
    like($data->{generated_at}, instant(), 'and says when');
    cmp_ok($sandbox->count('verify_record') - $pages, '>=', 3, 'Douyin was asked for each page');
    is_as_written($data, 'the day');
    is_deeply(keys_in_order($ledger->get->{body}, 'data'), [MEMBERS], 'its members are in order');
    is_deeply([ @{$data}{qw(compared_until left_out)} ], [ undef, undef ], 'all of it is compared');
    return;
}

sub only {
    my ($key) = @_;
    my ($found) = grep { key_of($_) eq $key } @{ $ledger->get->{json}{data}{items} };
    return $found;
}

sub items_tell_both_sides {
    my ($other) = grep { $_->{class} eq 'only_at_douyin' && !$_->{ours} } @{ $ledger->get->{json}{data}{items} };
    is("$other->{douyin}{status} $other->{douyin}{pay_amount} $other->{douyin}{verify_type}", 'verified 700 2',
        "somebody else's verification, as Douyin has it");
    is($other->{webhook}{action}, 'verify', 'with the message that told of it');
    my ($lost) = grep { $_->{class} eq 'only_at_douyin' && $_->{ours} } @{ $ledger->get->{json}{data}{items} };
    is("$lost->{ours}{id} $lost->{ours}{verify_status}", "$open processing", 'one of ours that is still open is shown');
    my $ours = only('ours-1');
    is("$ours->{ours}{pay_amount} $ours->{ours}{poi_id}", '1300 ' . POI, 'what only we have');
    is($ours->{douyin}, undef, 'has nothing of Douyin');
    my ($back) = grep { $_->{class} eq 'cancelled_at_douyin' } @{ $ledger->get->{json}{data}{items} };
    is("$back->{ours}{verify_status} $back->{douyin}{status}", 'success cancelled', 'what was cancelled at Douyin');
    like($back->{douyin}{cancel_time}, instant(), 'has its time');
    return;
}

# --- anew ---

sub audited {
    my $answer = $gateway->internal->call(GET => '/audit?action=reconciliation.refresh');
    return @{ $answer->{json}{data} };
}

sub refreshing_asks_douyin_anew {
    my $before = $ledger->get->{json}{data};
    my @entries = audited();
    my ($gone) = map { $_->{douyin}{certificate_id} } grep { $_->{class} eq 'amount_differs' } @{ $before->{items} };
    my $coupon = $sandbox->coupon($gone, 'certificate_id');
    $sandbox->set_coupon($coupon->{code}, cancelled_elsewhere => JSON::PP::true());
    is($ledger->get->{json}{data}{generated_at}, $before->{generated_at}, 'what is stored stays as it is');
    my $answer = $ledger->get(refresh => 1);
    is($answer->{status}, 202, 'refresh=1: 202');
    is($answer->{json}{data}{generated_at}, $before->{generated_at}, 'with what there is');
    is($answer->{json}{data}{state}, 'pending', 'as long as there is nothing new');
    my $after = $ledger->await;
    cmp_ok($after->{generated_at}, 'gt', $before->{generated_at}, 'then there is');
    is("$after->{counts}{amount_differs} $after->{counts}{cancelled_at_douyin}", '0 2',
        'and it is what Douyin says now');
    is($gateway->rows('dygw_reconciliations'), 1, 'the day is there once');
    my @more = audited();
    is(scalar(@more) - @entries, 1, 'the wish is in the audit trail');
    is("$more[0]{actor} $more[0]{target} $more[0]{after}{account_id}",
        'operator-1 reconciliation:' . $ledger->date . ' ' . ACCOUNT, 'with who and what');
    return;
}

sub what_fails_is_tried_again {
    my $before = $ledger->get->{json}{data}{generated_at};
    $sandbox->kill_tokens;
    $sandbox->fault(call => 'verify_record', fault => 'error', error_code => 2_119_003, times => 2);
    $ledger->get(refresh => 1);
    cmp_ok($ledger->await->{generated_at}, 'gt', $before, 'a dead token and a busy Douyin are got over');
    $before = $ledger->get->{json}{data}{generated_at};
    $sandbox->fault(call => 'verify_record', fault => 'error', error_code => 2_190_004, description => 'no scope');
    $ledger->get(refresh => 1);
    ok((poll { sleep 0.1; $ledger->get->{json}{data}{last_error} } SOON), 'a refusal is told');
    my $data = $ledger->get->{json}{data};
    like($data->{last_error}, qr/2190004.*no scope/, 'in words');
    is("$data->{state} $data->{generated_at}", "pending $before", 'what there was is served meanwhile');
    $ledger->get(refresh => 1);
    my $after = $ledger->await;
    cmp_ok($after->{generated_at}, 'gt', $before, 'whoever does not want to wait for the next try refreshes');
    is($after->{last_error}, undef, 'and the error is history');
    return;
}

# --- mistakes ---

sub mistakes_are_told {
    my $tomorrow = Dygw::Ledger->new($gateway, days_ago => -1)->date;
    for ([ date => $tomorrow ], [ date => '2026-02-30' ], [ date => 'yesterday' ], [ date => '' ],
         [ account_id => '' ], [ account_id => 'a b' ], [ refresh => 'yes' ], [ refresh => 2 ], [ export => 'xml' ],
         [ bom => 1 ], [ raw => 1 ], [ page => 1 ]) {
        my ($field, $value) = @$_;
        my $answer = $ledger->get($field => $value =~ s/ /%20/r);
        error_is($answer, 400, 'invalid_request', "$field=$value: 400", field => $field);
    }
    my $nobody = $gateway->plain('/v1/internal')->call(GET => '/reports/reconciliation');
    error_is($nobody, 401, 'operator_required', 'without an operator: 401');
    error_is($gateway->internal->call(POST => '/reports/reconciliation', {}), 405, 'method_not_allowed', 'POST: 405');
    return;
}

# --- CSV ---

# By the rules of RFC 4180.
sub parse_csv {
    my ($text) = @_;
    my @rows = ([]);
    while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gc) {
        my ($quoted, $plain, $end) = ($1, $2, $3);
        push @{ $rows[-1] }, defined $quoted ? $quoted =~ s/""/"/gr : $plain;
        push @rows, [] if $end ne ',';
    }
    die 'no CSV: ' . substr($text, pos($text) // 0, 100) if (pos($text) // 0) != length $text;
    pop @rows;
    return @rows;
}

sub items_as_csv {
    my $answer = $ledger->get(export => 'csv', raw => 1);
    is($answer->{headers}{'content-type'}, 'text/csv; charset=utf-8', 'export=csv is CSV');
    my ($names, @rows) = parse_csv($answer->{body});
    my @items = @{ $ledger->get->{json}{data}{items} };
    is(scalar(@rows), scalar(@items), 'a line for each item');
    my @lines = map { my %row; @row{@$names} = @$_; \%row } @rows;
    is_deeply([ map { $_->{class} } @lines ], [ map { $_->{class} } @items ], 'in the same order');
    is(sum(map { $_->{douyin_pay_amount} || 0 } @lines), sum(map { ($_->{douyin} // {})->{pay_amount} // 0 } @items),
        "with Douyin's amounts");
    my ($ours) = grep { $_->{verify_id} eq 'ours-1' } @lines;
    is($ours->{pay_amount_yuan}, '13.00', 'in yuan too');
    is($ours->{verify_time}, $ledger->date . ' 08:20:00', 'with times of the time zone');
    is($ours->{product_name}, "=\xe5\x8f\x8c\xe4\xba\xba\xe5\xa5\x97\xe9\xa4\x90, \"\xe7\x81\xab\xe9\x94\x85\"",
        'raw=1: as it is');
    my ($first, @safe) = parse_csv($ledger->get(export => 'csv', bom => 1)->{body} =~ s/\A\xEF\xBB\xBF//r);
    my %row;
    (@row{@$first}) = @{ (grep { grep { /ours-1/ } @$_ } @safe)[0] };
    like($row{product_name}, qr/\A'=/, 'without: no formula');
    like($row{poi_id}, qr/\A="\d+"\z/, 'and identifiers stay text');
    like($ledger->get(export => 'csv', bom => 1)->{body}, qr/\A\xEF\xBB\xBFclass,/, 'bom=1 puts a mark first');
    return;
}

# --- many ---

sub many_items_come_piece_by_piece {
    my $day = Dygw::Ledger->new($gateway, days_ago => 9);
    my @ids = map { { verify_id => "many-$_", certificate_id => "many-c-$_" } } 1 .. MANY;
    $day->insert(map { +{ $day->row($_, at => 60, pay_amount => 1) } } @ids);
    my $data = $day->await;
    is("$data->{counts}{only_here} $data->{amounts}{only_here}", MANY . ' ' . MANY, 'a day of many items');
    my %seen = map { $_->{ours}{verify_id} => 1 } @{ $data->{items} };
    is(scalar(@{ $data->{items} }) . ' ' . keys %seen, MANY . ' ' . MANY, 'has each of them once');
    my ($names, @rows) = parse_csv($day->get(export => 'csv')->{body});
    is(scalar(@rows), MANY, 'as CSV too');
    return;
}

# --- by itself ---

sub days_that_have_ended_are_reconciled {
    $gateway->database->query("DELETE FROM $_") for qw(dygw_reconciliations dygw_reconciliation_items);
    $gateway->graceful;
    $gateway->wait_healthy;
    my $last = Dygw::Ledger->new($gateway, days_ago => (time + Dygw::Ledger::CHINA) % DAY < LAG ? 2 : 1);
    my $found = poll {
        sleep 0.2;
        $gateway->rows('dygw_reconciliations', "generated_at IS NOT NULL AND day = '" . $last->date . "'");
    } SOON;
    ok($found, 'the last day that has ended is reconciled by itself');
    is($gateway->rows('dygw_reconciliations'), 1, 'and none of the days before it');
    my $old = Dygw::Ledger->new($gateway, days_ago => 5)->date;
    $gateway->database->query("UPDATE dygw_reconciliations SET day = '$old'");
    $gateway->graceful;
    $gateway->wait_healthy;
    my $days = int(($last->start - Dygw::Ledger->new($gateway, days_ago => 5)->start) / DAY);
    ok((poll { sleep 0.2; $gateway->rows('dygw_reconciliations', 'generated_at IS NOT NULL') == $days + 1 } SOON),
        'days that were missed are made up for');
    return;
}

sub a_gateway_that_begins_asks_for_no_day {
    my $new = Dygw::Gateway->new(sandbox => $sandbox);
    my $pages = $sandbox->count('verify_record');
    $new->start;
    sleep 4;        # it looks each 1.3 s
    is($new->rows('dygw_reconciliations'), 0, 'a gateway that begins asks for no day before it');
    is($sandbox->count('verify_record'), $pages, 'and Douyin for nothing');
    $new->server->check_log;
    return;
}

a_day_is_made_when_somebody_asks();
items_tell_both_sides();
items_as_csv();
mistakes_are_told();
refreshing_asks_douyin_anew();
what_fails_is_tried_again();
many_items_come_piece_by_piece();
days_that_have_ended_are_reconciled();
a_gateway_that_begins_asks_for_no_day();
$gateway->finish;
done_testing;
