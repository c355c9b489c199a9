#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Refunds that customers ask for after the redemption: Douyin's message, what becomes of them, and what they explain.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(ACCOUNT POI);
use Dygw::Ledger;
use Dygw::Server qw(poll);
use Dygw::Webhook;

use constant SOON  => 15;                               # seconds
use constant WORDS => 'I was never there, says Zhang';

my $gateway = Dygw::Gateway->new;
$gateway->start;
$gateway->server->announce('DYGW0881');
my $sandbox = $gateway->sandbox;
my $webhook = Dygw::Webhook->new($gateway);

sub sql { return $gateway->database->query($_[0]) }
sub last_error { return sql("SELECT last_error FROM dygw_verifications WHERE id = $_[0]") // '' }
sub record { return $gateway->client->call(GET => "/verifications/$_[0]") }
sub after_sale { return record($_[0])->{json}{data}{after_sale} // 'none' }
sub asked { return $sandbox->count('after_sale') }

sub redeemed {
    my $coupon = $sandbox->mint_coupon(@_);
    my $answer = $gateway->verify(code => $coupon->{code});
    is($answer->{json}{data}{verify_status}, 'success', 'a redemption') or diag $answer->{body};
    my $id = $answer->{json}{data}{id};
    poll { record($id)->{json}{data}{enrichment_status} eq 'success' } SOON;
    return ($coupon, $id);
}

# The customer asks for a refund, and Douyin tells of it.
sub applies {
    my ($coupon, %how) = @_;
    my $message = $sandbox->after_sale($coupon->{code}, 'apply', words => WORDS, %how)->{message};
    my $answer = $webhook->post($message, 'Msg-Id' => "sale-$coupon->{code}");
    is("$answer->{status} $answer->{body}", '200 {}', "Douyin's message is taken");
    return $message;
}

# The next look at the refund is made now.
sub look { return sql('UPDATE dygw_verifications SET errand_at = 1 WHERE errand_at IS NOT NULL AND news = 16') }

# Somebody does something, and the next look shows it; the redemption stays what it is.
sub becomes {
    my ($coupon, $id, $do, $state) = @_;
    $sandbox->after_sale($coupon->{code}, $do) if $do;
    look();
    ok(poll(sub { after_sale($id) eq $state }, SOON), ($do // 'nothing') . ": $state");
    view_is(record($id), 'and the redemption stays', verify_status => 'success', after_sale => $state, error_code => 0,
        verify_id => qr/\A\d+\z/);
    return;
}

sub followed { my ($id) = @_; return $gateway->rows('dygw_verifications', "id = $id AND errand_at IS NOT NULL") }

# --- reconciliation ---

my $ledger = Dygw::Ledger->new($gateway, days_ago => 2);
my %class;
for my $state (qw(requested refunded refused), undef) {
    my $v = $ledger->there(at => 1000 + keys %class, pay_amount => 100);
    $ledger->here($v, after_sale => $state);
    $sandbox->set_coupon($v->{coupon}{code}, cancelled_elsewhere => JSON::PP::true);
    $class{ $v->{verify_id} } = [ 'cancelled_at_douyin', $state, $state && $state ne 'refused' ? 'after_sale' : undef ];
}
my $dearer = $ledger->there(at => 2000, pay_amount => 900);
$ledger->here($dearer, pay_amount => 901, after_sale => 'agreed');
$class{ $dearer->{verify_id} } = [ 'amount_differs', 'agreed', 'after_sale' ];
$ledger->here(undef, at => 3000, verify_id => 'ours-1', certificate_id => 'c-1', pay_amount => 5,
    after_sale => 'refunded');
$class{'ours-1'} = [ 'only_here', 'refunded', 'after_sale' ];
$ledger->get;
my $data = $ledger->await;
my %found = map { ($_->{ours}{verify_id} => [ $_->{class}, $_->{ours}{after_sale}, $_->{explained_by} ]) }
    @{ $data->{items} };
is_deeply(\%found, \%class, 'a refund that is under way or done explains a difference');
is($data->{counts}{cancelled_at_douyin}, 4, 'which stays in its class');
my $items = $ledger->get(export => 'csv', raw => 1)->{body};
is(scalar(() = $items =~ /,after_sale\r$/mg), 4, 'CSV has the explanation');

# --- all ways through ---

my ($coupon, $id) = redeemed();
my $revision = sub { return sql("SELECT revision FROM dygw_verifications WHERE id = $id") };
view_is(record($id), 'at first', after_sale => undef);
my $message = applies($coupon);
view_is(record($id), 'is asked for', after_sale => 'requested', verify_status => 'success');
is(asked(), 0, 'Douyin is asked a minute later');
my $kept = $gateway->rows('dygw_webhooks');
my $before = $revision->();
is($webhook->post($message)->{status}, 200, 'the same message again') for 1 .. 3;
is($gateway->rows('dygw_webhooks'), $kept, 'counts once');
is($revision->(), $before, 'and changes nothing');
becomes($coupon, $id, undef, 'requested');
becomes($coupon, $id, 'agree', 'agreed');
becomes($coupon, $id, 'fail', 'agreed');
ok(followed($id), 'a payment that failed may be tried anew');
becomes($coupon, $id, 'refund', 'refunded');
ok(!followed($id), 'and that is the end');
my ($call) = $sandbox->calls(call => 'after_sale');
is($call->{account_header}, ACCOUNT, 'Douyin was asked in the name of the account');
like($call->{args}, qr/certificate_id=$coupon->{certificate_id}/, 'for this coupon');

($coupon, $id) = redeemed();
applies($coupon, ids => 'number', content => 'object');
becomes($coupon, $id, 'refuse', 'refused');
ok(followed($id), 'after a refusal the customer may go on');
becomes($coupon, $id, 'arbitrate', 'requested');
becomes($coupon, $id, 'withdraw', 'closed');
ok(!followed($id), 'what is withdrawn is done');

# A second application, with the Msg-Id of the first.
applies($coupon, amount => 5000);
is(after_sale($id), 'requested', 'asked for anew after it was closed');
becomes($coupon, $id, 'agree', 'agreed');
becomes($coupon, $id, 'refund', 'refunded');
is($sandbox->coupon($coupon->{code})->{status}, 2, 'a part was paid back');

# --- refund_success ---

($coupon, $id) = redeemed();
applies($coupon);
$sandbox->after_sale($coupon->{code}, 'agree');
my $done = $sandbox->after_sale($coupon->{code}, 'refund')->{message};
my $calls = asked();
is($webhook->post($done)->{status}, 200, 'Douyin tells that the money is back');
ok(poll(sub { after_sale($id) eq 'refunded' }, SOON), 'the coupon is looked at, and is refunded');
view_is(record($id), 'the redemption stays', verify_status => 'success', coupon_status => 'refunded');
is(asked(), $calls, 'nothing else had to be asked');
ok(!followed($id), 'nor is it asked any more');

# Out of order: the application comes after the end.
my $late = $sandbox->after_sale($coupon->{code}, 'apply')->{message};
$sandbox->after_sale($coupon->{code}, 'refund');
is($webhook->post($late)->{status}, 200, 'an application that comes late');
is(after_sale($id), 'refunded', 'does not undo the refund');
becomes($coupon, $id, undef, 'refunded');

# Without any application.
($coupon, $id) = redeemed();
$sandbox->set_coupon($coupon->{code}, status => 4);
is($webhook->notify($coupon, 'refund_success')->{status}, 200, 'refunded without an application');
ok(poll(sub { after_sale($id) eq 'refunded' }, SOON), 'is refunded all the same');

# --- times cards ---

my $card = $sandbox->mint_coupon(kind => 'times_card', times => 3);
my @uses = map { $gateway->verify(code => $card->{code})->{json}{data}{id} } 1, 2;
applies($card, amount => 1000);
is(after_sale($_), 'requested', 'of a times card each use is marked') for @uses;
$sandbox->after_sale($card->{code}, 'refund');
for my $use (@uses) {
    ok(poll(sub { look(); after_sale($use) eq 'refunded' }, SOON), 'and each is looked at');
}

# --- given away ---

($coupon, $id) = redeemed();
sql("UPDATE dygw_verifications SET source_order_id = 'paid-by-another' WHERE id = $id");
applies($coupon);
becomes($coupon, $id, 'agree', 'agreed');
sql("UPDATE dygw_verifications SET order_id = 'of-the-giver', source_order_id = NULL WHERE id = $id");
$sandbox->after_sale($coupon->{code}, 'refund');
look();
ok(poll(sub { last_error($id) =~ /shows no refund/ }, SOON),
    'under an order that has none, none is found');
is(after_sale($id), 'agreed', 'and the state stays');

# --- nobody's ---

my $stranger = $sandbox->mint_coupon;
$sandbox->set_coupon($stranger->{code}, used_elsewhere => JSON::PP::true);
applies($stranger);
is($gateway->rows('dygw_webhooks', "certificate_id = '$stranger->{certificate_id}' AND records = 0"), 1,
    'a coupon that we have no record of: the message is kept');

# --- without the permission ---

sql("UPDATE dygw_verifications SET errand_at = NULL, news = 0 WHERE news <> 0");
$sandbox->switch(no_after_sale_permission => JSON::PP::true);
my @waiting = map { [ redeemed() ] } 1, 2;
applies($_->[0]) for @waiting;
for my $pair (@waiting) {
    look();
    ok(poll(sub { last_error($pair->[1]) =~ /2190004/ }, SOON), 'Douyin refuses to tell');
    is(after_sale($pair->[1]), 'requested', 'what was asked for stays requested');
    cmp_ok(sql("SELECT errand_at FROM dygw_verifications WHERE id = $pair->[1]"), '>', 1000 * (time + 3 * 3600),
        'and is asked hours later');
}
my @said = $gateway->server->log_text =~ /DYGW0881: .*life\.capacity\.catering_after_sale_order/g;
is(scalar @said, 1, 'the log says once which permission is missing');
my ($free) = redeemed();
ok($free, 'redemptions go on');
$sandbox->switch(no_after_sale_permission => JSON::PP::false);
becomes(@{ $waiting[0] }, 'agree', 'agreed');

# --- what is kept, and shown ---

my $answer = record($waiting[0][1]);
my $raw = $answer->{json}{data}{douyin_response}{after_sale};
is($raw->{data}{after_sale_order_list}[0]{refund_info_list}[0]{refund_status}, 20, "Douyin's answer is kept");
ok(!exists $raw->{data}{after_sale_order_list}[0]{reason}{desc}, "without the customer's words");
is($gateway->rows('dygw_verifications', "douyin_response LIKE '%Zhang%'"), 0, 'which stand in no record');
unlike($gateway->server->log_text, qr/Zhang/, 'and in no log');
my $csv = $gateway->internal->call(GET => '/reports/verifications?export=csv&raw=1')->{body};
my ($head, @lines) = split /\r\n/, $csv;
like($head, qr/,after_sale,/, 'CSV has the column');
is(scalar(grep { /,refunded\b/ } @lines), $gateway->rows('dygw_verifications', "after_sale = 'refunded'"),
    'and the states') or diag $csv;
my $metrics = $gateway->plain('/v1/internal')->call(GET => '/metrics')->{body};
cmp_ok(($metrics =~ /^dygw_upstream_seconds_count\{[^}]*call="after_sale"[^}]*\} (\d+)/m)[0], '>', 9,
    'its calls are counted by themselves');

$webhook->disconnect;
$gateway->finish;
done_testing;
