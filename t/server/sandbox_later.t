#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What becomes of a redemption in the sandbox afterwards: reviews that end by themselves, tokens that are forgotten,
# what somebody else does, what an order tells of it, and coupons that cannot be redeemed for the time being.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Douyin;
use Dygw::Sandbox;
use Dygw::Server qw(poll);

use constant { ON => JSON::PP::true, OFF => JSON::PP::false };

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

my $sandbox = Dygw::Sandbox->start_new;
talk_to($sandbox);
set_token(new_token());

sub verify_again { my ($body) = @_; return post(FULFIL . '/verify/', $body) }

# What get says of the last verification of a coupon.
sub seen {
    my ($coupon) = @_;
    return data(get(FULFIL . '/get/', encrypted_code => $coupon->{encrypted_code}))->{certificate}{verify};
}

# --- reviews: refused now, done later, and nothing is done before ---

for my $level (qw(data result)) {
    $sandbox->switch(refusal_level => $level);
    my $order = $sandbox->mint;
    my $code = $order->{coupons}[0]{code};
    $sandbox->fault(call => 'verify', fault => 'review', ms => 1000);
    my ($answer, $body) = verify($order);
    my $of_another = verify_again({ %$body, verify_token => data(prepare(code => $code))->{verify_token} });
    for my $case ([ 'under review', $answer ], [ 'the same again', verify_again($body) ],
        [ 'another verify of it', $of_another ]) {
        my ($what, $got) = @$case;
        $level eq 'data' ? refused($got, 1229, "$what: 1229 as error_code")
                         : is_deeply(results($got), [ 1229 ], "$what: 1229 as result");
    }
    is($sandbox->coupon($code)->{times_used}, 0, 'it is not redeemed yet');
    ok((poll { $sandbox->coupon($code)->{times_used} } 5), 'but when the review is over');
    is($sandbox->coupon($code)->{verifications}[0]{verify_token}, $body->{verify_token}, 'under its token');
    $sandbox->fault(call => 'verify', fault => 'review', ms => 1000);
    is_deeply(results(verify_again($body)), [ 0 ], 'which is not reviewed again');
}
$sandbox->switch(refusal_level => 'data');
my $mistake = post('/_sandbox/fault', { call => 'prepare', fault => 'review' });
like($mistake->{json}{error}, qr/for verify/, 'only a verify is reviewed');

# --- a verify that comes late, whatever happened meanwhile ---

{
    my $order = $sandbox->mint;
    my $code = $order->{coupons}[0]{code};
    $sandbox->fault(call => 'verify', fault => 'apply_late', ms => 1500, anew => ON);
    my ($busy, $body) = verify($order);
    refused($busy, 2100004, 'a verify that will be done later');
    my $made = data(verify_again($body))->{verify_results}[0];
    fine(post(FULFIL . '/cancel/', { map { $_ => $made->{$_} } qw(verify_id certificate_id) }),
        'it is repeated, and that is cancelled');
    is($sandbox->coupon($code)->{times_used}, 0, 'the coupon is free');
    ok((poll { $sandbox->coupon($code)->{times_used} } 5), 'until the first one is done');
    my @made = map { $_->{verify_token} } @{ $sandbox->coupon($code)->{verifications} };
    is_deeply(\@made, [ ($body->{verify_token}) x 2 ], 'under the same token');
}
like(post('/_sandbox/fault', { call => 'verify', fault => 'hang', anew => ON })->{json}{error}, qr/late/,
    'only what comes late comes anew');

# --- a verify that does not name what it made ---

$sandbox->switch(hide_verify_id => ON);
{
    my ($nameless) = verify($sandbox->mint);
    my $item = data($nameless)->{verify_results}[0];
    is("$item->{result} " . exists $item->{verify_id}, '0 ', 'a success without verify_id, if switched so');
}
$sandbox->switch(hide_verify_id => OFF);

# --- somebody else ---

my $taken = $sandbox->mint_coupon;
$sandbox->set_coupon($taken->{code}, used_elsewhere => { poi_id => '6601', verify_type => 4 });
is("@{ seen($taken) }{qw(verify_type poi_id)}", '4 6601', 'somebody else redeems it over the API, in another store');
$sandbox->switch(hide_poi_id => ON);
ok(!exists seen($taken)->{poi_id}, 'which is not told, if switched so');
$sandbox->switch(hide_poi_id => OFF);
$sandbox->set_coupon($taken->{code}, cancelled_elsewhere => ON);
is($sandbox->coupon($taken->{code})->{status}, 1, 'and takes it back');
is_deeply(seen($taken), {}, 'so that it does not show');
my $twice = post('/_sandbox/coupon', { code => $taken->{code}, cancelled_elsewhere => ON });
like($twice->{json}{error}, qr/no verification/, 'which can be done once');

# --- tokens that are forgotten ---

my $card = $sandbox->mint(kind => 'times_card', times => 3);
my $plain = $sandbox->mint;
$sandbox->switch(token_window_ms => 1000);
my ($of_card, $card_sent) = verify($card);
my (undef, $plain_sent) = verify($plain);
is_deeply(results(verify_again($_)), [ 0 ], 'a token in its time: the same result') for $card_sent, $plain_sent;
is($sandbox->coupon($card->{coupons}[0]{code})->{times_used}, 1, 'and nothing more is redeemed');
my $late = poll { my $results = results(verify_again($plain_sent)); $results->[0] ? $results : undef } 5;
is_deeply($late, [ 1208 ], 'after that a coupon is used already');
my $more = verify_again($card_sent);
is($sandbox->coupon($card->{coupons}[0]{code})->{times_used}, 2, 'and another use of a times card is redeemed');
isnt(data($more)->{verify_results}[0]{verify_id}, data($of_card)->{verify_results}[0]{verify_id},
    'as another verification');

my $taken_back = $sandbox->mint(coupons => 2);
$sandbox->fault(call => 'verify', fault => 'result', result => 2100004, msg => 'busy', item => 1);
my ($half, $half_sent) = verify($taken_back,
    encrypted_codes => [ map { $_->{encrypted_code} } @{ $taken_back->{coupons} } ]);
is_deeply([ map { "$_->{result} $_->{msg}" } @{ data($half)->{verify_results} } ], [ '0 验券成功', '2100004 busy' ],
    'one item is refused, the other is redeemed');
is_deeply([ map { $sandbox->coupon($_->{code})->{times_used} } @{ $taken_back->{coupons} } ], [ 1, 0 ], 'in truth');
$sandbox->set_coupon($taken_back->{coupons}[0]{code}, cancelled_elsewhere => ON);
$sandbox->switch(token_window_ms => 1, forgotten_token => 'refused');
refused(verify_again($half_sent), 3000001, 'a forgotten token is refused, if switched so', qr/verify_token/);
$sandbox->switch(forgotten_token => 'new');
is_deeply(results(verify_again($half_sent)), [ 0, 0 ], 'else what was taken back is redeemed again');
$sandbox->switch(token_window_ms => 0);

# --- cancels that are repeated ---

my ($one) = verify($sandbox->mint);
my %naming = map { $_ => data($one)->{verify_results}[0]{$_} } qw(verify_id certificate_id);
$sandbox->switch(refuse_cancel_token => ON);
refused(post(FULFIL . '/cancel/', { %naming, cancel_token => 'once' }), 3000001,
    'a cancel_token where stores settle separately');
$sandbox->switch(refuse_cancel_token => OFF);
fine(post(FULFIL . '/cancel/', \%naming), 'cancel');
for my $case ([ 1265 => 1265 ], [ 3000001 => 3000001 ], [ success => 0 ]) {
    my ($word, $code) = @$case;
    $sandbox->switch(cancel_again => "$word");
    refused(post(FULFIL . '/cancel/', \%naming), $code, "again: $code, as switched");
}
is($sandbox->coupon(data($one)->{verify_results}[0]{origin_code})->{cancelled}, 1, 'it is cancelled once');

# --- orders ---

my %orders = (account_id => ACCOUNT, page_num => 1, page_size => 20);
sub order_of { my ($id) = @_; return get(ORDERS . '/', %orders, order_id => $id) }

$sandbox->switch(unknown_order => 'empty');
my $empty = order_of('7000277894522046508');
fine($empty, 'an unknown order is no error, if switched so');
is_deeply(data($empty)->{orders}, [], 'but an empty list');
$sandbox->switch(unknown_order => 'error', sub_order_amounts => ON);
my $uneven = $sandbox->mint(coupons => 3, receipt_amount => 50000);
my $it = data(order_of($uneven->{order_id}))->{orders}[0];
is($it->{receipt_amount}, 50000, 'what the shop receives for an order');
my @parts = @{ $it->{sub_order_amount_infos} };
is_deeply([ map { [ @{$_}{qw(sub_order_type receipt_amount pay_amount)} ] } @parts ],
    [ [ 100, 16666, 19400 ], [ 100, 16666, 19400 ], [ 100, 16668, 19400 ] ], 'and for each of its coupons');
is_deeply([ map { $_->{sub_order_id} } @parts ], [ map { $_->{order_item_id} } @{ $it->{certificate} } ],
    'by order_item_id');
$sandbox->switch(sub_order_amounts => OFF);
ok(!exists data(order_of($uneven->{order_id}))->{orders}[0]{sub_order_amount_infos}, 'or not, if switched so');
order_of($uneven->{order_id}) for 1 .. 5;
cmp_ok($sandbox->state->{order_queries_peak}, '>', 3, 'the state tells how many came in a second at most');

# --- coupons of which nothing may be redeemed for the time being ---

for my $case ([ given_away => 2119006 ], [ ordering => 2119007 ]) {
    my ($word, $code) = @$case;
    my $order = $sandbox->mint(coupons => 2, blocked => $word);
    my ($first, $second) = @{ $order->{coupons} };
    refused(prepare(code => $first->{code}), $code, "$word: prepare of its code");
    for my $all (OFF, ON) {             # which is about their status
        $sandbox->switch(list_all => $all);
        refused(prepare(encrypted_data => $order->{object_id}), $code, "$word: and of its link");
    }
    my $shown = data(get(FULFIL . '/get/', encrypted_code => $first->{encrypted_code}))->{certificate};
    is($shown->{status}, 1, "$word: get shows nothing of it");
    $sandbox->set_coupon($second->{code}, blocked => 'none');
    for my $all (ON, OFF) {
        $sandbox->switch(list_all => $all);
        my $left = prepare(encrypted_data => $order->{object_id});
        is_deeply([ map { $_->{encrypted_code} } @{ data($left)->{certificates} } ], [ $second->{encrypted_code} ],
            "$word: the link lists what is left");
    }
    my ($tried) = verify($order, encrypted_codes => [ $first->{encrypted_code} ]);
    refused($tried, $code, "$word: nor is it verified");
    is_deeply([ map { $sandbox->coupon($_->{code})->{blocked} } $first, $second ], [ $word, 'none' ],
        "$word: the truth tells");
}
my $typed = $sandbox->mint(blocked => 'no_code');
refused(prepare(code => $typed->{coupons}[0]{code}), 3000001, 'one that cannot be typed in', qr/该券不可使用券码查询/);
fine(prepare(encrypted_data => $typed->{object_id}), 'but scanned');
my $ended = $sandbox->mint(blocked => 'qr_ended');
refused(prepare(encrypted_data => $ended->{object_id}), 45005117, 'one whose link has ended');
fine(prepare(code => $ended->{coupons}[0]{code}), 'may be typed in');
my %no_such = (blocked => 'away');
is($sandbox->{client}->call(POST => '/mint', \%no_such)->{status}, 400, 'there is no such block to mint with');
is($sandbox->{client}->call(POST => '/coupon', { code => $ended->{coupons}[0]{code}, %no_such })->{status}, 400,
    'nor to set');

is($sandbox->state->{double_redemptions}, 0, 'nothing was redeemed twice');
$sandbox->check_log;
done_testing;
