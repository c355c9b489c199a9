#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The sandbox plays several accounts behind one application: whose coupons, stores, records and orders are whose, and
# what a call is told that is for the wrong one.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Douyin;
use Dygw::Sandbox;
use Dygw::Webhook qw(notification);

use constant {
    OTHER   => '7014065493820573999',
    REFUSED => '7014065493820573888',
    CHAIN   => '7014065493820573777',    # of a directive
    CHAIN_STORE => '6601',
    ON => JSON::PP::true, OFF => JSON::PP::false,
};

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

my $sandbox = Dygw::Sandbox->start_new;
talk_to($sandbox);
set_token(new_token());

sub stores  { return get('/goodlife/v1/shop/poi/query/', page => 1, size => 50, @_) }
sub records { return get(FULFIL . '/verify_record/query/', cursor => 0, size => 20, @_) }
sub orders  { return get(ORDERS . '/', page_num => 1, page_size => 20, @_) }

sub poi_ids { return map { $_->{poi}{poi_id} } @{ data($_[0])->{pois} } }

# What runs with this header Rpc-Transit-Life-Account.
sub as {
    my ($account, $run) = @_;
    set_account($account);
    my @got = $run->();
    set_account(undef);
    return wantarray ? @got : $got[0];
}

# A coupon of an account, redeemed by it at a store: the minted order, the verify that was sent, what a cancel names.
sub redeemed {
    my ($account, $poi_id) = @_;
    my $order = $sandbox->mint(account_id => $account);
    my ($answer, $sent) = verify($order, poi_id => $poi_id);
    fine($answer, "a coupon of $account is redeemed");
    my $result = data($answer)->{verify_results}[0];
    return { order => $order, sent => $sent, encrypted_code => $order->{coupons}[0]{encrypted_code}, result => $result,
        naming => { map { $_ => $result->{$_} } qw(verify_id certificate_id) } };
}

# All calls about a coupon that was redeemed: their names, and what makes them, with further arguments.
sub calls_about {
    my ($it) = @_;
    my %code = (encrypted_code => $it->{encrypted_code});
    return (
        [ prepare => sub { prepare(code => $it->{order}{coupons}[0]{code}, @_) } ],
        [ verify => sub { post(FULFIL . '/verify/', { %{ $it->{sent} }, @_ }) } ],
        [ cancel => sub { post(FULFIL . '/cancel/', { %{ $it->{naming} }, @_ }) } ],
        [ get => sub { get(FULFIL . '/get/', %code, @_) } ],
        [ query => sub { get(FULFIL . '/query/', %code, @_) } ],
        [ 'query by order' => sub { get(FULFIL . '/query/', order_id => $it->{order}{order_id}, @_) } ],
    );
}

# --- one account: any id is taken for it ---

is_deeply([ map { "$_->{account_id} $_->{authorised}" } $sandbox->accounts ], [ ACCOUNT . ' 1' ],
    'at first it plays one account');
is(scalar(@{ ($sandbox->accounts)[0]{stores} }), 25, 'with its 25 stores');
is(($sandbox->accounts)[0]{stores}[0], POI, 'of which this is the first');
fine(stores(account_id => 'somebody'), 'and takes any id for it');
fine(as(OTHER, sub { prepare(code => $sandbox->mint_coupon->{code}) }), 'in the header as well');
fine(as(OTHER, sub { stores(account_id => 'somebody') }), 'even two in one call');
fine((verify(scalar $sandbox->mint, poi_id => 'anywhere'))[0], 'and any store for one of it');
is(data(records(account_id => 'somebody'))->{total}, 1, 'and lists its records');

# --- making and changing accounts ---

my $other = $sandbox->account(OTHER);
is("$other->{account_id} $other->{authorised} " . @{ $other->{stores} }, OTHER . ' 1 3',
    'another account: it has authorised the application, and has three stores');
my ($there, $there_too) = @{ $other->{stores} };
is(scalar(@{ $sandbox->account(OTHER, count => 2)->{stores} }), 2, 'or as many as are wanted');
is_deeply($sandbox->account(OTHER, account_name => '另一家')->{stores}, [ $there, $there_too ],
    'what is not said stays as it is');
is_deeply($sandbox->account(REFUSED, stores => [ '8801', '8802' ], authorised => 0),
    { account_id => REFUSED, account_name => '沙箱餐饮有限公司(3)', authorised => OFF, stores => [ '8801', '8802' ] },
    'an account with stores of its own choice, which has not authorised the application');
is_deeply([ map { $_->{account_id} } $sandbox->accounts ], [ ACCOUNT, OTHER, REFUSED ], 'all are listed');
for my $case ([ 'a store of another account', OTHER, stores => ['8801'] ], [ 'no id', '' ], [ 'a strange id', 'a b' ],
    [ 'a long id', '7' x 65 ], [ 'stores and count', OTHER, stores => [], count => 1 ],
    [ 'a store that is a number', OTHER, stores => [8803] ], [ 'no list', OTHER, stores => '8803' ],
    [ 'a strange store', OTHER, stores => ['a/b'] ], [ 'too many', OTHER, count => 8192 ],
    [ 'an unknown word', OTHER, store => '8803' ]) {
    my ($what, $id, %to) = @$case;
    my $answer = post('/_sandbox/accounts', { account_id => $id, %to });
    ok($answer->{status} == 400 && $answer->{json}{error}, "refused: $what") or diag $answer->{content};
}
is_deeply([ map { scalar @{ $_->{stores} } } $sandbox->accounts ], [ 25, 2, 2 ], 'and nothing is changed by that');
is(post('/_sandbox/mint', { account_id => 'nobody' })->{status}, 400, 'nothing is minted for nobody');

# --- whose a coupon is ---

my $ours = redeemed(ACCOUNT, POI);
my $theirs = redeemed(OTHER, $there);
is($theirs->{order}{account_id} . ' ' . $sandbox->mint->{account_id}, OTHER . ' ' . ACCOUNT,
    'a minted coupon is of the account that is said, else of the first');
is($sandbox->coupon($theirs->{order}{coupons}[0]{code})->{account_id}, OTHER, 'the control interface tells it');
is($theirs->{result}{account_id}, OTHER, 'verify tells the account of the coupon');
is(data(get(FULFIL . '/get/', encrypted_code => $theirs->{encrypted_code}))->{certificate}{sku}{account_id}, OTHER,
    'and so does its product');
is(decode_json(notification({ order => $theirs->{order}, certificate_id => '1' }, 'verify', as_object => 1))
    ->{content}{certificate}{account_id}, OTHER, 'a webhook has the account of the coupon');

# --- which call is for which account ---

for my $it ($ours, $theirs) {
    my $mine = $it->{order}{account_id};
    my $not_mine = $mine eq OTHER ? ACCOUNT : OTHER;
    for my $case (calls_about($it)) {
        my ($name, $call) = @$case;
        my $code = $name eq 'prepare' ? 1508 : 2119005;
        next if $name eq 'verify';    # its account_id is a part of what is repeated, see below
        refused($call->(account_id => $not_mine), $code, "$name: a coupon of another account than account_id");
        refused(as($not_mine, $call), $code, "$name: or than the header");
        fine(as($mine, $call), "$name: for its own account") if $name ne 'cancel';
        fine($call->(account_id => $mine), "$name: in account_id") if $name ne 'cancel';
        fine($call->(), "$name: without an account it is found by the coupon") if $name ne 'cancel';
    }
}
fine(as(OTHER, sub { post(FULFIL . '/cancel/', $theirs->{naming}) }), 'cancel: for its own account');
fine(post(FULFIL . '/cancel/', { %{ $ours->{naming} }, account_id => ACCOUNT }), 'cancel: in account_id');
fine(post(FULFIL . '/cancel/', redeemed(OTHER, $there)->{naming}), 'cancel: without an account');
{
    my $it = redeemed(OTHER, $there_too);
    my $batch = { verify_id => '0', certificate_id => '0', batch_cancel_info => {
        order_id => $it->{order}{order_id}, verify_id_list => [ $it->{naming}{verify_id} ] } };
    my $cancel = sub { post(FULFIL . '/cancel/', $batch) };
    refused(as(ACCOUNT, $cancel), 2119005, 'cancel of a whole order: another account');
    fine(as(OTHER, $cancel), 'and its own');
}

# --- verify ---

for my $case (
    [ 'at a store of its account', { poi_id => $there }, 0 ],
    [ 'with account_id', { poi_id => $there, account_id => OTHER }, 0 ],
    [ 'at a store of another account', { poi_id => POI }, 2119005 ],
    [ 'for another account', { poi_id => $there, account_id => ACCOUNT }, 2119005 ],
    [ 'for its account, at a store of another', { poi_id => POI, account_id => OTHER }, 3000002 ],
    [ 'for its account, at a store that is in no list', { poi_id => '7', account_id => OTHER }, 3000002 ],
) {
    my ($what, $body, $code) = @$case;
    my $coupon = $sandbox->mint(account_id => OTHER);
    refused((verify($coupon, %$body))[0], $code, "verify $what: $code");
    is($sandbox->coupon($coupon->{coupons}[0]{code})->{times_used}, $code ? 0 : 1, $code ? 'not redeemed' : 'redeemed');
}
refused(prepare(code => $sandbox->mint_coupon(account_id => OTHER)->{code}, poi_id => POI), 1508,
    'prepare at a store of another account');
fine(prepare(code => $sandbox->mint_coupon(account_id => OTHER)->{code}, poi_id => $there), 'or of its own');
{
    my $of_head_office = sub { scalar $sandbox->mint(poi_ids => [$there]) };
    fine((verify($of_head_office->(), poi_id => $there, account_id => ACCOUNT))[0],
        "a store of another account may redeem what it is listed for, for the coupon's account");
    refused((verify($of_head_office->(), poi_id => $there))[0], 2119005, 'and not for its own');
}
{
    my $order = $sandbox->mint(account_id => OTHER);
    my ($answer, $sent) = verify($order, poi_id => $there, account_id => OTHER);
    is_deeply(data(as(OTHER, sub { post(FULFIL . '/verify/', $sent) })), data($answer), 'the same verify again');
    my %without = %$sent;
    delete $without{account_id};
    refused(post(FULFIL . '/verify/', \%without), 3000001, 'without its account_id it is another one', qr/其他核销请求/);
}

# --- header and parameter ---

{
    my $coupon = $sandbox->mint_coupon;
    for my $case (calls_about($ours), [ stores => \&stores ], [ records => \&records ], [ orders => \&orders ]) {
        my ($name, $call) = @$case;
        refused(as(OTHER, sub { $call->(account_id => ACCOUNT) }), 2119001, "$name: header and account_id differ",
            qr/不一致/);
    }
    my $seq = $sandbox->last_seq;
    as(OTHER, sub { prepare(code => '1', account_id => ACCOUNT) });
    as(OTHER, sub { post(FULFIL . '/verify/', {}) });
    post(FULFIL . '/cancel/', { account_id => 7014 });
    is_deeply([ map { [ @{$_}{qw(call account_header account_id)} ] } $sandbox->calls(after => $seq) ],
        [ [ 'prepare', OTHER, ACCOUNT ], [ 'verify', OTHER, undef ], [ 'cancel', undef, '7014' ] ],
        'the calls tell what was in the header and in account_id');
}

# --- accounts that have not authorised the application, or that nobody knows ---

{
    my $it = { order => scalar $sandbox->mint(account_id => REFUSED), sent => {}, naming => {} };
    my $stranger = '7014065493820570000';
    my %code = (prepare => 1508, stores => 3000004);
    $it->{encrypted_code} = $it->{order}{coupons}[0]{encrypted_code};
    for my $case (calls_about($it), [ stores => \&stores ], [ records => \&records ], [ orders => \&orders ]) {
        my ($name, $call) = @$case;
        my $code = $code{$name} // 2119005;
        refused($call->(account_id => $_), $code, "$name for an account that has not authorised: $code")
            for REFUSED, $stranger;
        refused(as(REFUSED, $call), $code, "$name: in the header, too");
    }
    refused(prepare(code => $it->{order}{coupons}[0]{code}), 1508, 'prepare without an account: the coupon tells');
    refused(get(FULFIL . '/get/', encrypted_code => $it->{encrypted_code}), 2119005, 'get as well');
    refused(stores(poi_id => '8801'), 3000004, 'one store of it');
    $sandbox->account(REFUSED, authorised => 1);
    my ($answer) = verify($it->{order}, poi_id => '8801');
    fine($answer, 'when it has authorised, its coupons are redeemed');
    is(data($answer)->{verify_results}[0]{account_id}, REFUSED, 'for it');
    my $naming = { map { $_ => data($answer)->{verify_results}[0]{$_} } qw(verify_id certificate_id) };
    $sandbox->account(REFUSED, authorised => 0);
    refused(post(FULFIL . '/cancel/', $naming), 2119005, 'when it has withdrawn that, nothing of it is cancelled');
    fine(prepare(code => $sandbox->mint_coupon->{code}), 'and the others go on');
    $sandbox->account(ACCOUNT, authorised => 0);
    refused(stores(account_id => ACCOUNT), 3000004, 'the first account can withdraw it, too');
    $sandbox->account(ACCOUNT, authorised => 1);
}

# --- verify records and orders ---

{
    $sandbox->switch(order_qps => 0);
    my $it = redeemed(OTHER, $there);
    my $mine = redeemed(ACCOUNT, POI);
    my %in = map { my $account = $_; my @got = @{ data(records(account_id => $account))->{records} };
        $account => { map { $_->{verify_id} => $_ } @got } } ACCOUNT, OTHER;
    ok($in{+OTHER}{ $it->{result}{verify_id} }, 'verify records of an account: its own');
    ok($in{+ACCOUNT}{ $mine->{result}{verify_id} }, 'of each');
    is(scalar(grep { $in{+ACCOUNT}{$_} } keys %{ $in{+OTHER} }), 0, 'and none of another one');
    is(data(records(account_id => OTHER, size => 1))->{total}, scalar(keys %{ $in{+OTHER} }), 'nor in the total');
    my @pages;
    for (my $cursor = 0; ; $cursor = $pages[-1]{cursor}) {
        my @page = @{ data(records(account_id => OTHER, size => 2, cursor => $cursor))->{records} };
        push @pages, @page;
        last if @page < 2;
    }
    is_deeply([ sort map { $_->{verify_id} } @pages ], [ sort keys %{ $in{+OTHER} } ], 'page by page as well');

    my $orders = data(orders(account_id => OTHER))->{orders};
    my %listed = map { $_->{order_id} => 1 } @$orders;
    ok($listed{ $it->{order}{order_id} }, 'orders of an account: its own');
    ok(!$listed{ $mine->{order}{order_id} }, 'and none of another one');
    fine(orders(account_id => OTHER, order_id => $it->{order}{order_id}), 'one order of it');
    refused(orders(account_id => OTHER, order_id => $mine->{order}{order_id}), 3100101, 'one of another is unknown');
    $sandbox->switch(unknown_order => 'empty');
    is_deeply(data(orders(account_id => OTHER, order_id => $mine->{order}{order_id}))->{orders}, [],
        'or not found, as unknown ones are');
    $sandbox->switch(unknown_order => 'error');
    for my $case ([ records => \&records ], [ orders => \&orders ], [ stores => \&stores ]) {
        my ($name, $call) = @$case;
        refused($call->(), 2119001, "$name of nobody");
        refused(as(OTHER, $call), 2119001, "$name: the header does not stand for account_id");
    }
}

# --- refunds after the redemption ---

{
    my $after_sale = sub { return get('/goodlife/v1/akte/after_sale/order_detail/get/', @_) };
    my $listed = sub { return scalar @{ data($after_sale->(@_))->{after_sale_order_list} } };
    my $it = redeemed(OTHER, $there);
    my $code = $it->{order}{coupons}[0]{code};
    my $made = $sandbox->after_sale($code, 'apply', amount => 1, ids => 'number', content => 'object');
    my %asked = (account_id => OTHER, order_id => $it->{order}{order_id});
    is("$made->{refund_status} $made->{coupon_status}", '10 3', 'a refund that is asked for');
    like($made->{message}, qr/"account_id":${\OTHER},"order_id":$asked{order_id},/, 'its message, with numbers');
    is($listed->(%asked), 1, 'its account finds it');
    is($listed->(%asked, account_id => ACCOUNT), 0, 'another one does not');
    is($listed->(%asked, certificate_id => '1'), 0, 'nor by another coupon');
    is($listed->(%asked, order_id => '1'), 0, 'nor by another order');
    refused($after_sale->(account_id => OTHER), 2119001, 'without an order');
    refused($after_sale->(order_id => $asked{order_id}), 2119001, 'without an account');
    is($sandbox->after_sale($code, 'refuse')->{coupon_status}, 2, 'refused: the coupon is used, as before');
    is($sandbox->after_sale($code, 'arbitrate')->{refund_status}, 30, 'the customer goes on to Douyin');
    is($sandbox->after_sale($code, 'agree')->{coupon_status}, 6, 'which agrees');
    is($sandbox->after_sale($code, 'refund')->{coupon_status}, 2, 'of a part of the money the coupon stays used');
    ok(!eval { $sandbox->after_sale($code, 'agree'); 1 }, 'what is paid back is over');
    $sandbox->switch(no_after_sale_permission => JSON::PP::true);
    refused($after_sale->(%asked), 2190004, 'without the permission');
    $sandbox->switch(no_after_sale_permission => JSON::PP::false);
}

# --- stores ---

is_deeply([ poi_ids(stores(account_id => OTHER)) ], [ $there, $there_too ], 'stores of an account: its own');
is(data(stores(account_id => OTHER))->{total}, 2, 'and their number');
is(scalar(poi_ids(stores(account_id => ACCOUNT))), 25, 'and those of the first account');
is_deeply([ map { $_->{root_account} } @{ data(stores(account_id => OTHER, size => 1, page => 2))->{pois} } ],
    [ { account_id => OTHER, account_name => '另一家' } ], 'each tells its root account');
is(data(stores(poi_id => $there))->{pois}[0]{root_account}{account_id}, OTHER, 'one store tells whose it is');
is(data(as(ACCOUNT, sub { stores(poi_id => $there) }))->{pois}[0]{root_account}{account_id}, OTHER,
    'whoever asks');
is(data(stores(poi_id => '7'))->{total}, 0, 'and one that nobody has is not found');

# --- the switch wrong_account ---

{
    my $it = redeemed(OTHER, $there);
    my $fresh = $sandbox->mint_coupon(account_id => OTHER);
    $sandbox->switch(wrong_account => 'empty');
    for my $case (calls_about($it)) {
        my ($name, $call) = @$case;
        next if $name eq 'prepare';
        refused(as(ACCOUNT, $call), $name eq 'cancel' ? 3000001 : 1212, "$name: one of another account is unknown");
    }
    for my $list ([ array => [] ], [ null => undef ]) {
        $sandbox->switch(empty_list => $list->[0]);
        my $answer = as(ACCOUNT, sub { prepare(code => $fresh->{code}) });
        fine($answer, 'prepare is no error');
        is_deeply(data($answer)->{certificates}, $list->[1], "but its list is empty: $list->[0]");
    }
    is(as(ACCOUNT, sub { prepare(code => 'nothing') })->{json}{data}{error_code}, 1212, 'an unknown code is refused');
    refused(as(REFUSED, sub { prepare(code => $fresh->{code}) }), 1508,
        'and an account that has not authorised is refused as before');
    $sandbox->switch(wrong_account => 'refuse', empty_list => 'array');
    refused(as(ACCOUNT, sub { prepare(code => $fresh->{code}) }), 1508, 'switched back: refused');
}

# --- the switch need_account ---

{
    my $it = redeemed(OTHER, $there);
    $sandbox->switch(need_account => ON);
    for my $case (calls_about($it), [ stores => sub { stores(poi_id => $there, @_) } ]) {
        my ($name, $call) = @$case;
        refused($call->(), 2119001, "$name without any account is refused", qr/缺少/);
        next if $name eq 'cancel';
        fine(as(OTHER, $call), "$name: the header will do");
        fine($call->(account_id => OTHER), "$name: or account_id") if $name ne 'verify';
    }
    ok(new_token(), 'a token is of the whole application');
    is(ask(GET => $it->{order}{short_link} =~ s{\Ahttp://[^/]+}{}r)->{status}, 302, 'and so is a short link');
    $sandbox->switch(need_account => OFF);
    fine(post(FULFIL . '/cancel/', $it->{naming}), 'switched back: without');
}

# --- the start again ---

$sandbox->reset;
is_deeply([ map { $_->{account_id} } $sandbox->accounts ], [ACCOUNT], 'a reset takes all accounts away but the first');
$sandbox->check_log;

my $with = Dygw::Sandbox->start_new(conf => 'DygwSandboxAccount ' . CHAIN . ' ' . CHAIN_STORE . "\n" .
    'DygwSandboxAccount ' . OTHER . "\nDygwSandboxAccount " . ACCOUNT . " 7001 7002\n");
talk_to($with);
set_token(new_token());
my @declared = map { [ $_->{account_id}, scalar @{ $_->{stores} } ] } $with->accounts;
is_deeply(\@declared, [ [ ACCOUNT, 2 ], [ CHAIN, 1 ], [ OTHER, 3 ] ], 'DygwSandboxAccount makes accounts');
is_deeply([ poi_ids(stores(account_id => CHAIN)) ], [CHAIN_STORE], 'with the stores that it names');
$with->account(CHAIN, authorised => 0);
$with->account(REFUSED);
$with->reset;
set_token(new_token());
is_deeply([ map { [ $_->{account_id}, scalar @{ $_->{stores} } ] } $with->accounts ], \@declared,
    'they stay as they are after a reset');
fine(stores(account_id => CHAIN), 'and have authorised the application again');
$with->check_log;
for my $case ([ 'a store twice', 'DygwSandboxAccount 1 ' . POI ], [ 'no id', 'DygwSandboxAccount' ],
    [ 'a strange id', 'DygwSandboxAccount "a b"' ]) {
    my ($what, $conf) = @$case;
    my $wrong = Dygw::Sandbox->new(conf => "$conf\n");
    $wrong->server->expect_refusal("configtest refuses DygwSandboxAccount with $what", qr/DygwSandboxAccount: /);
}
done_testing;
