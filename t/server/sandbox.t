#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The sandbox answers as Douyin is documented to, and its controls do what they say.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use HTTP::Tiny;
use JSON::PP;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

use Dygw::Douyin;
use Dygw::Sandbox;
use Dygw::Server qw(poll spew);

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

my $sandbox = Dygw::Sandbox->start_new;
talk_to($sandbox);

# --- tokens ---

my $first = token_call('stable_client_token');
like(data($first)->{access_token}, qr/\Aclt\.\w+\z/, 'a stable token');
is(data($first)->{expires_in}, 7200, 'for two hours');
is($first->{json}{message}, 'success', 'with its message');
ok(!exists $first->{json}{extra}, 'and without extra');
is(new_token(), data($first)->{access_token}, 'asked again: the same token');
is(data(token_call('client_token', grant_type => 'client_credentials'))->{error_code}, 10002, 'a wrong grant_type');
is(data(token_call('client_token', client_key => 'other'))->{error_code}, 10003, 'an unknown client_key');
my $wrong = token_call('client_token', client_secret => 'other');
is(data($wrong)->{error_code}, 10013, 'a wrong client_secret');
is($wrong->{json}{message}, 'error', 'as error');

my $token = set_token(data($first)->{access_token});
my $coupon = $sandbox->mint_coupon;
fine(prepare(code => $coupon->{code}), 'the token is good');
my @three = map { data(token_call('client_token'))->{access_token} } 1 .. 3;
is(scalar(keys %{ { map { $_ => 1 } @three } }), 3, 'client_token gives a new one each time');
for my $superseded (2190008, 2190002) {
    $sandbox->switch(superseded => $superseded);
    refused(ask(GET => FULFIL . '/prepare/?code=1', undef, 'access-token' => $three[0]), $superseded,
        "the last but two is dead: $superseded");
}
refused(ask(GET => FULFIL . '/prepare/?code=1', undef, 'access-token' => $_), 1212, 'the two newest live')
    for @three[1, 2];
my $bad = ask(GET => FULFIL . '/prepare/?code=1', undef, 'access-token' => undef, 'access_token' => $token);
refused($bad, 2190002, 'the header is called access-token', qr/access_token无效/);
is($bad->{json}{extra}{sub_description}, 'access_token无效', 'the gateway repeats itself in sub_description');
cmp_ok($bad->{json}{extra}{now}, '>', 10**12, 'and tells the time in ms');
ok(!exists data($bad)->{verify_token}, 'and knows nothing of verify_token');
refused(ask(GET => FULFIL . '/prepare/?code=1', undef, 'access-token' => 'clt.' . 'a' x 60), 2190002,
    'a made-up token');
is($sandbox->post('/token', do => 'expire')->{tokens}, 3, 'three tokens expire');
refused(prepare(code => 1), 2190008, 'an expired one');
isnt(new_token(), $token, 'the stable one is renewed then');
$token = set_token(new_token());
is($sandbox->kill_tokens->{tokens}, 1, 'one token is killed');
refused(prepare(code => 1), 2190002, 'a killed one');
token_call('client_token') for 1 .. 497;
is(data(token_call('client_token'))->{error_code}, 10020, 'the 501st call in five minutes');
$token = set_token(new_token());

# --- links ---

my $order = $sandbox->mint(coupons => 3);
my $path = $order->{short_link} =~ s{\Ahttp://127\.0\.0\.1:\d+}{}r;
my $hop = ask(GET => $path);
is($hop->{status}, 302, 'a short link redirects');
my ($object_id) = $hop->{headers}{location} =~ /[?&]object_id=([^&]*)/;
is($object_id =~ s/%(..)/chr hex $1/ger, $order->{object_id}, 'to the long link with object_id');
like($order->{object_id}, qr/\A(?=.*\+)(?=.*\/)[A-Za-z0-9+\/]+=+\z/, 'which needs percent-encoding');
is(ask(GET => $hop->{headers}{location} =~ s{\Ahttp://[^/]+}{}r)->{status}, 200, 'where there is a page');
is(ask(GET => '/s/AAAAAAAAAA')->{status}, 404, 'an unknown short link');
$sandbox->switch(redirects => 3, redirect_status => 307);
my $next = $path;
my @statuses;
for (1 .. 3) {
    my $answer = ask(GET => $next);
    push @statuses, $answer->{status};
    $next = $answer->{headers}{location} =~ s{\Ahttp://[^/]+}{}r;
}
is("@statuses", '307 307 307', 'three hops of another status');
like($next, qr{\A/share/commerce/coupon/}, 'to the same end');
$sandbox->switch(redirects => 1, redirect_status => 302, link_target => 'https://example.org/');
is(ask(GET => $path)->{headers}{location}, 'https://example.org/', 'or somewhere else');
$sandbox->switch(link_target => '');

# --- prepare ---

my $prepared = prepare(encrypted_data => $order->{object_id}, poi_id => POI);
fine($prepared, 'prepare by encrypted_data');
is_deeply([ map { $_->{encrypted_code} } @{ data($prepared)->{certificates} } ],
    [ map { $_->{encrypted_code} } @{ $order->{coupons} } ], 'lists the coupons of the order');
like(data($prepared)->{verify_token}, qr/\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/, 'with a UUID to verify them');
is(data($prepared)->{order_id}, $order->{order_id}, 'and the order');
like($prepared->{json}{extra}{logid}, qr/\A\d{14}[0-9A-F]{20}\z/, 'and a log id of 34 characters');
cmp_ok(abs($prepared->{json}{extra}{now} - time), '<', 60, 'and the time in s');
like($prepared->{content}, qr/"certificate_id":$order->{coupons}[0]{certificate_id},/, 'certificate_id is a number');
unlike($prepared->{content}, qr/$order->{coupons}[0]{code}/, 'plain codes are not told');
$sandbox->switch(certificate_id => 'string', description => 'empty');
my $other = prepare(code => $order->{coupons}[1]{code});
like($other->{content}, qr/"certificate_id":"$order->{coupons}[0]{certificate_id}",/, 'or a string, if switched so');
is(data($other)->{description}, '', 'as the empty description');
is(scalar(@{ data($other)->{certificates} }), 3, 'a code stands for its order');
$sandbox->switch(certificate_id => 'number', description => 'success');
fine(ask(GET => FULFIL . "/prepare?code=$order->{coupons}[0]{code}"), 'without the slash at the end, too');

my $unescaped = ask(GET => FULFIL . "/prepare/?encrypted_data=$order->{object_id}");
refused($unescaped, 3000001, 'encrypted_data without percent-encoding', qr/\A二维码参数不合法\z/);
is(data($unescaped)->{verify_token}, '', 'an error has an empty verify_token');
cmp_ok($unescaped->{json}{extra}{now}, '<', 10**11, 'and the time in s');
refused(prepare(poi_id => POI), 1502, 'neither code nor encrypted_data');
refused(prepare(code => '123456789012'), 1212, 'an unknown code');

# --- verify ---

sub encrypted { return [ map { $_->{encrypted_code} } @_ ] }

my ($verified, $sent) = verify($order, encrypted_codes => encrypted(@{ $order->{coupons} }[0, 1]));
fine($verified, 'verify two of three');
is_deeply(results($verified), [ 0, 0 ], 'both are verified');
my $item = data($verified)->{verify_results}[1];
is("$item->{code} $item->{origin_code} $item->{order_id}",
    "$order->{coupons}[1]{encrypted_code} $order->{coupons}[1]{code} $order->{order_id}",
    'with code, plain code, order');
like($verified->{content}, qr/"certificate_id":"$order->{coupons}[1]{certificate_id}"/, 'and certificate_id as string');
my $truth = $sandbox->coupon($order->{coupons}[1]{code});
is("$truth->{status} $truth->{times_used} $truth->{verifications}[0]{verify_id} $truth->{verifications}[0]{poi_id}",
    "2 1 $item->{verify_id} ${\ POI}", 'the truth agrees');
is($truth->{verifications}[0]{verify_token}, $sent->{verify_token}, 'and names the token');

my $again = post(FULFIL . '/verify/', $sent);
is_deeply(data($again), data($verified), 'the same request again: the same results');
is($sandbox->coupon($order->{coupons}[1]{code})->{times_used}, 1, 'and nothing more is redeemed');
is($sandbox->count('verify_repeated'), 1, 'it counts as repeated');
refused(post(FULFIL . '/verify/', { %$sent, encrypted_codes => [ $order->{coupons}[2]{encrypted_code} ] }), 3000001,
    'the same token with other codes');
refused(post(FULFIL . '/verify/', { %$sent, poi_id => '1' }), 3000001, 'or for another store');
my ($used) = verify($order, encrypted_codes => encrypted(@{ $order->{coupons} }[0, 2]));
is_deeply(results($used), [ 1208, 0 ], 'a used one does not hinder the other');
ok(!exists data($used)->{verify_results}[0]{verify_id}, 'and has no verify_id');
for my $list ([ array => qr/"certificates":\[\]/ ], [ null => qr/"certificates":null/ ], [ missing => undef ]) {
    $sandbox->switch(empty_list => $list->[0]);
    my $none = prepare(encrypted_data => $order->{object_id});
    fine($none, "all is used: no list ($list->[0])");
    $list->[1] ? like($none->{content}, $list->[1], 'as said')
               : unlike($none->{content}, qr/certificates/, 'as said');
}
$sandbox->switch(empty_list => 'array');

my $fresh = $sandbox->mint;
for my $case (
    [ 'a token that prepare did not issue', 3000001, verify_token => '78a23d74-d0f5-4235-a491-5f68f8c23825' ],
    [ 'a token of another order', 3000001, verify_token => $sent->{verify_token} ],
    [ 'a plain code as encrypted_code', 1221, encrypted_codes => [ $fresh->{coupons}[0]{code} ] ],
    [ 'a changed encrypted_code', 1221,
      encrypted_codes => [ $fresh->{coupons}[0]{encrypted_code} =~ s/(.)(?=.{8}\z)/$1 eq 'A' ? 'B' : 'A'/er ] ],
    [ 'codes of two orders', 3000001,
      encrypted_codes => encrypted(map { $_->{coupons}[0] } $fresh, $sandbox->mint) ],
    [ 'no code', 1502, encrypted_codes => [] ],
    [ 'no store', 2100005, poi_id => '' ],
    [ 'no token', 2100005, verify_token => undef ],
    [ 'codes that are not encrypted', 3000001, codes => [ $fresh->{coupons}[0]{code} ] ],
) {
    my ($name, $code, %body) = @$case;
    my ($answer) = verify($fresh, %body);
    refused($answer, $code, $name);
}
my $form = post(FULFIL . '/verify/', '%7B%22verify_token%22%3A1%7D=');
refused($form, 2100005, 'a body that is no JSON');
like($form->{json}{extra}{sub_description}, qr/\AReadMapCB: expect \{ or n, but found %, .*\|%7B%22veri/,
    'in its words');
refused(post(FULFIL . '/verify/', $sent, 'content-type' => 'text/plain'), 2100005,
    'a body that is not said to be JSON');
is($sandbox->coupon($fresh->{coupons}[0]{code})->{status}, 1, 'none of that redeemed it');

for my $level (qw(data result)) {
    $sandbox->switch(refusal_level => $level);
    my %cases = (
        'another store' => [ 3000002, $sandbox->mint(poi_ids => [ '1', '2' ]) ],
        'expired'       => [ 1250, $sandbox->mint(expire_time => int(time) - 10) ],
        'refunded'      => [ 1250, $sandbox->mint(status => 4) ],
    );
    for my $name (sort keys %cases) {
        my ($code, $of) = @{ $cases{$name} };
        my ($answer) = verify($of);
        $level eq 'data' ? refused($answer, $code, "$name: $code as error_code")
                         : is_deeply(results($answer), [ $code ], "$name: $code as result");
        cmp_ok($sandbox->coupon($of->{coupons}[0]{code})->{times_used}, '==', 0, "$name: not redeemed");
    }
}
$sandbox->switch(refusal_level => 'data');
my ($allowed) = verify($sandbox->mint(poi_ids => [ '1', POI ]));
is_deeply(results($allowed), [ 0 ], 'one of several stores');

my $card = $sandbox->mint(kind => 'times_card', times => 3, pay_amount => 30000);
my $use = $card->{coupons}[0]{encrypted_code};
my ($two, $two_sent) = verify($card, encrypted_codes => [ $use, $use ]);
is_deeply(results($two), [ 0, 0 ], 'two uses of a times card');
is_deeply([ map { $_->{verify_amount_info}{times_card_serial_amount}{serial_numb} } @{ data($two)->{verify_results} } ],
    [ 1, 2 ], 'the first and the second');
is(data($two)->{verify_results}[0]{verify_amount_info}{time_card_amount}{amount}, 10000,
    'for a third of the price each');
is_deeply(data(post(FULFIL . '/verify/', $two_sent)), data($two), 'again: the same');
my $left = data(prepare(encrypted_data => $card->{object_id}))->{certificates}[0];
is("$left->{status} $left->{time_card}{times_used}/$left->{time_card}{times_count}", '1 2/3',
    'it stays unused till the last');
my ($over) = verify($card, encrypted_codes => [ $use, $use ]);
refused($over, 1241, 'more uses than are left');
is_deeply(results((verify($card))[0]), [ 0 ], 'the last use');
is($sandbox->coupon($card->{coupons}[0]{code})->{status}, 2, 'now it is used');

# --- what became of it: get, query ---

my $got = get(FULFIL . '/get/', encrypted_code => $order->{coupons}[0]{encrypted_code});
fine($got, 'get');
my $certificate = data($got)->{certificate};
cmp_ok($certificate->{expire_time}, '>', 10**12, 'tells expire_time in ms');
cmp_ok($certificate->{verify}{verify_time}, '<', 10**11, 'verify_time in s');
is("$certificate->{status} $certificate->{verify}{verify_type} $certificate->{verify}{verifier_unique_id}",
    '2 4 开放平台API', 'verified over the API');
ok($certificate->{verify}{can_cancel} && !exists $certificate->{code}, 'cancellable, and therefore without plain code');
my $queried = get(FULFIL . '/query/', order_id => $order->{order_id});
is_deeply([ map { $_->{status} } @{ data($queried)->{certificates} } ], [ 2, 2, 2 ], 'query by order');
cmp_ok(data($queried)->{certificates}[0]{expire_time}, '<', 10**11, 'tells expire_time in s');
my $all = data(get(FULFIL . '/query/', encrypted_code => $use))->{certificates}[0];
is(scalar(@{ $all->{verify_records} }), 3, 'every use of a card is told');
$sandbox->switch(times_in_ms => JSON::PP::true);
cmp_ok(data(get(FULFIL . '/query/', encrypted_code => $use))->{certificates}[0]{verify}{verify_time}, '>', 10**12,
    'times_in_ms: all in ms');
$sandbox->switch(times_in_ms => JSON::PP::false);
refused(get(FULFIL . '/query/'), 4000001, 'query without anything');
refused(get(FULFIL . '/query/', order_id => '7000277894522046508'), 1212, 'query for an unknown order');
refused(ask(GET => FULFIL . "/get/?encrypted_code=$use"), 1221, 'get without percent-encoding');
refused(get(FULFIL . '/get/'), 1502, 'get without anything');

my $taken = $sandbox->mint_coupon;
$sandbox->set_coupon($taken->{code}, used_elsewhere => JSON::PP::true);
is(data(get(FULFIL . '/get/', encrypted_code => $taken->{encrypted_code}))->{certificate}{verify}{verify_type}, 2,
    'somebody else scanned it');

# --- cancel ---

my ($one, $one_sent) = verify($sandbox->mint(coupons => 1));
# What a cancel of the first result of a verify has to name.
sub naming {
    my ($answer) = @_;
    return { map { $_ => data($answer)->{verify_results}[0]{$_} } qw(verify_id certificate_id) };
}

my %verification = %{ naming($one) };
my $code = data($one)->{verify_results}[0]{origin_code};
refused(post(FULFIL . '/cancel/', { %verification, certificate_id => $fresh->{coupons}[0]{certificate_id} }), 3000001,
    'cancel with another certificate_id');
refused(post(FULFIL . '/cancel/', { verify_id => $verification{verify_id} }), 2100005, 'cancel without certificate_id');
fine(post(FULFIL . '/cancel/', { %verification, cancel_token => 'once' }), 'cancel');
my $after = data(get(FULFIL . '/get/', encrypted_code => $one_sent->{encrypted_codes}[0]))->{certificate};
is($after->{status}, 1, 'the coupon is unused again');
is_deeply($after->{verify}, {}, 'and verify is empty');
fine(post(FULFIL . '/cancel/', { %verification, cancel_token => 'once' }), 'again with its cancel_token');
refused(post(FULFIL . '/cancel/', \%verification), 1265, 'again without');
is_deeply(data(post(FULFIL . '/verify/', $one_sent)), data($one), 'the old verify again: its old result');
is($sandbox->coupon($code)->{times_used}, 0, 'which redeems nothing');
my $late_order = $sandbox->mint;
my ($late) = verify($late_order);
$sandbox->switch(cancel_window_ms => 0);
poll { !data(get(FULFIL . '/get/', encrypted_code => $late_order->{coupons}[0]{encrypted_code}))
           ->{certificate}{verify}{can_cancel} } 5;
my $too_late = post(FULFIL . '/cancel/', naming($late));
refused($too_late, 3000001, 'cancel when the time is over', qr/已超过可撤销时限/);
is($too_late->{json}{extra}{sub_error_code}, 2034000910, 'with its sub_error_code');
is(data(get(FULFIL . '/get/', encrypted_code => $late_order->{coupons}[0]{encrypted_code}))->{certificate}{code},
    $late_order->{coupons}[0]{code}, 'then the plain code is told');
$sandbox->switch(cancel_window_ms => 3600000);
my @use_ids = map { $_->{verify_id} } @{ data($two)->{verify_results} };
my $uses = { order_id => $card->{order_id}, verify_id_list => \@use_ids };
fine(post(FULFIL . '/cancel/', { verify_id => '0', certificate_id => '0', batch_cancel_info => $uses }),
    'cancel two uses of a card');
is($sandbox->coupon($card->{coupons}[0]{code})->{times_used}, 1, 'one stays');

# --- verify_record ---

my %page = (account_id => ACCOUNT, size => 4, start_time => int(time) - 3600);
sub records { return data(get(FULFIL . '/verify_record/query/', %page, @_)) }

my @records;
my $cursor = 0;
while (my @got = @{ records(cursor => $cursor)->{records} }) {
    push @records, @got;
    $cursor = $got[-1]{cursor};
    last if @got < 4 || @records > 100;
}
my $total = records(cursor => 0)->{total};
is(scalar(@records), $total, 'verify_record, page by page');
is(scalar(keys %{ { map { $_->{verify_id} => 1 } @records } }), $total, 'each once');
my ($cancelled) = grep { $_->{verify_id} eq $verification{verify_id} } @records;
is("$cancelled->{status} $cancelled->{certificate_status}", '2 1', 'a cancelled one');
cmp_ok($cancelled->{cancel_time}, '>', 0, 'with its time');
is(records(cursor => 0, poi_ids => '5,6')->{total}, 0, 'of other stores: none');
is(records(cursor => 0, poi_ids => '5,' . POI)->{total}, $total - 1,
    'of ours: all but the one of somebody else');
is(records(cursor => 0, end_time => int(time) - 1800)->{total}, 0, 'of before: none');
$sandbox->switch(record_delay_ms => 3_600_000);
is(records(cursor => 0)->{total}, 0, 'none of the last hour where the records lag by one');
$sandbox->switch(record_delay_ms => 0);
refused(get(FULFIL . '/verify_record/query/', %page, cursor => 0, size => 21), 2119001, 'a page of 21');
refused(get(FULFIL . '/verify_record/query/', %page), 2119001, 'no cursor');
refused(get(FULFIL . '/verify_record/query/', cursor => 0, size => 1), 2119001, 'no account');

# --- stores ---

sub stores { return get('/goodlife/v1/shop/poi/query/', @_) }

my $stores = stores(account_id => ACCOUNT, page => 1, size => 20);
is(scalar(@{ data($stores)->{pois} }), 20, 'a page of stores');
is(data($stores)->{total}, 25, 'of 25');
is(scalar(@{ data(stores(account_id => ACCOUNT, page => 2, size => 20))->{pois} }), 5, 'the rest');
is(data(stores(poi_id => POI, page => 1, size => 20))->{pois}[0]{poi}{poi_id}, POI, 'one store');
refused(stores(account_id => ACCOUNT, page => 1, size => 51), 2119001, 'a page of 51');
refused(stores(page => 1, size => 20), 2119001, 'stores of nobody');

# --- orders ---

$sandbox->switch(order_qps => 0);
my %orders = (account_id => ACCOUNT, page_num => 1, page_size => 20);
my $found = get(ORDERS . '/', %orders, order_id => $order->{order_id});
fine($found, 'one order');
my $it = data($found)->{orders}[0];
is("$it->{order_status} $it->{count} $it->{pay_amount} $it->{discount_amount}", '1 3 58200 22500',
    'its state and money');
is_deeply([ map { $_->{item_status} } @{ $it->{certificate} } ], [ 401, 401, 401 ], 'its coupons are fulfilled');
$sandbox->switch(order_delay_ms => 3600000);
is(data(get(ORDERS . '/', %orders, order_id => $order->{order_id}))->{orders}[0]{order_status}, 201,
    'but not yet, if it lags');
$sandbox->switch(order_delay_ms => 0);
refused(get(ORDERS . '/', %orders, order_id => '7000277894522046508'), 3100101, 'an unknown order');
my $hidden = $sandbox->mint(order_visible_after_ms => 3600000);
refused(get(ORDERS . '/', %orders, order_id => $hidden->{order_id}), 3100101, 'one that is not visible yet');
fine(prepare(encrypted_data => $hidden->{object_id}), 'though it can be prepared');
my $listed = data(get(ORDERS . '/', %orders, page_size => 5));
is(scalar(@{ $listed->{orders} }), 5, 'a page of orders');
my $following = data(get(ORDERS . '/', %orders, page_size => 5, page_num => 2));
is_deeply(data(get(ORDERS . '/', %orders, page_size => 5, cursor => $listed->{search_after}{CursorValue}[0]))->{orders},
    $following->{orders}, 'the next one, by number or by cursor');
is(data(get(ORDERS . '/', %orders, create_order_end_time => int(time) - 3600))->{page}{total}, 0, 'of before: none');
for my $case ([ 'no account', 2119001, account_id => '' ], [ 'no page', 2119001, page_num => '' ],
    [ 'page 0', 2119001, page_num => 0 ], [ '101 a page', 2119001, page_size => 101 ],
    [ 'beyond 10000', 4000002, page_num => 101, page_size => 100 ]) {
    my ($name, $expected, %query) = @$case;
    refused(get(ORDERS . '/', %orders, %query), $expected, "orders: $name");
}
$sandbox->switch(order_qps => 1);
my @asked = map { data(get(ORDERS . '/', %orders))->{error_code} } 1 .. 8;
ok((grep { $_ == 2119003 } @asked), 'more than one a second') or diag "@asked";
$sandbox->switch(order_qps => 20);

# --- faults ---

sub prepare_with { $sandbox->fault(call => 'prepare', @_); return prepare(code => $coupon->{code}) }

# Twice, because HTTP::Tiny asks again when a GET has no whole answer.
is(prepare_with(fault => $_, times => 2)->{status}, 599, "$_: no answer") for qw(drop_before drop_after);
my $html = prepare_with(fault => 'status', http_status => 502);
ok($html->{status} == 502 && $html->{content} =~ /<html>/ && $html->{headers}{'content-type'} =~ m{\Atext/html},
    'status: HTML');
my $half = prepare_with(fault => 'truncated', times => 2);
like($half->{content}, qr/Unexpected end of stream/, 'truncated: the length promises more');
my $garbage = prepare_with(fault => 'garbage');
ok($garbage->{status} == 200 && !$garbage->{json}, 'garbage: 200, but no JSON');
refused(prepare_with(fault => 'error', error_code => 2119005), 2119005, 'error: with its usual text', qr/应用未获商家授权/);
my $sub = prepare_with(fault => 'error', error_code => 5, description => 'why', sub_error_code => 7);
is("@{ data($sub) }{qw(error_code description)} $sub->{json}{extra}{sub_error_code}", '5 why 7',
    'error: with all that is given');
fine(prepare(code => $coupon->{code}), 'then all is well again');
my $began = time;
prepare_with(fault => 'latency', ms => 300);
cmp_ok(time - $began, '>=', 0.3, 'latency');
$began = time;
prepare_with(fault => 'hang', ms => 300);
cmp_ok(time - $began, '>=', 0.3, 'hang');
$sandbox->fault(call => 'prepare', fault => 'error', error_code => 11, times => 2);
$sandbox->fault(call => 'any', fault => 'error', error_code => 12, times => -1);
is(join(' ', map { data(prepare(code => 1))->{error_code} } 1 .. 4), '11 11 12 12', 'faults queue up');
is(data(token_call('client_token'))->{error_code}, 12, 'any: tokens, too, in their own form');
is($sandbox->clear->{cleared}, 1, 'until they are cleared');
$sandbox->fault(call => 'prepare', fault => 'error', error_code => 11, percent => 0);
refused(prepare(code => 1), 1212, 'percent 0: never');
$sandbox->clear;

# Whether a verify with that fault redeemed the coupon.
sub redeemed_with {
    my ($fault, %more) = @_;
    my $of = $sandbox->mint;
    $sandbox->fault(call => 'verify', fault => $fault, %more);
    my ($answer, $body) = verify($of);
    return ($sandbox->coupon($of->{coupons}[0]{code})->{times_used}, $answer, $body, $of->{coupons}[0]{code});
}
for my $case ([ drop_before => 0 ], [ drop_after => 1 ], [ status => 0 ], [ status_after => 1 ], [ truncated => 1 ],
    [ garbage => 0 ], [ error => 0, error_code => 2100004 ], [ error_after => 1, error_code => 2100004 ],
    [ result => 0, result => 1229, msg => 'risk' ], [ latency => 1, ms => 1 ], [ hang => 1, ms => 1 ]) {
    my ($fault, $expected, %more) = @$case;
    my ($redeemed, $answer, $body) = redeemed_with($fault, %more);
    is($redeemed, $expected, "verify and $fault: " . ($expected ? 'redeemed' : 'not redeemed'));
    is_deeply(results(post(FULFIL . '/verify/', $body)), [ 0 ], "$fault: the same request again succeeds");
    is("@{ data($answer)->{verify_results}[0] }{qw(result msg)}", '1229 risk', 'result: as told') if $fault eq 'result';
}
my ($redeemed, $busy, undef, $late_code) = redeemed_with('apply_late', ms => 1000);
refused($busy, 2100004, 'apply_late: busy');
is($redeemed, 0, 'not redeemed yet');
ok((poll { $sandbox->coupon($late_code)->{times_used} } 5), 'but then');

# --- controls ---

my $seq = $sandbox->last_seq;
$sandbox->fault(call => 'verify', fault => 'drop_after');
my (undef, $body) = verify($fresh);
prepare(code => $coupon->{code});
my ($call) = $sandbox->calls(after => $seq, call => 'verify');
is($call->{verify_token} . $call->{poi_id} . "@{ $call->{codes} }",
    $body->{verify_token} . POI . "@{ $body->{encrypted_codes} }", 'calls: what a verify was about');
is("$call->{call} $call->{http_status} $call->{fault} $call->{token_ok}", 'verify 0 drop_after 1', 'and how it went');
is_deeply(decode_json($call->{args}), $body, 'and its body');
is_deeply([ map { $_->{call} } $sandbox->calls(after => $seq) ], [qw(prepare verify prepare)], 'in their order');
for my $mistake ([ '/fault', call => 'no', fault => 'hang' ], [ '/fault', call => 'verify', fault => 'no' ],
    [ '/fault', call => 'prepare', fault => 'apply_late' ], [ '/fault', call => 'verify', fault => 'hang', wait => 3 ],
    [ '/mint', orders => 1001 ], [ '/mint', kind => 'bread' ], [ '/mint', orders => '1' ], [ '/mint', coupon => 1 ],
    [ '/switch', redirects => 4 ], [ '/switch', nothing => 1 ], [ '/token', do => 'nothing' ],
    [ '/coupon', code => '1', status => 4 ], [ '/nothing' ]) {
    my ($where, %what) = @$mistake;
    my $answer = post("/_sandbox$where", \%what);
    ok($answer->{status} == 400 && $answer->{json}{error}, "a mistake: $where " . join ' ', %what)
        or diag $answer->{content};
}
is(ask(POST => FULFIL . '/prepare/', '{}')->{status}, 405, 'prepare is a GET');
is(ask(GET => '/nowhere')->{status}, 404, 'an unknown path');
my $brief = $sandbox->post('/mint', orders => 3, coupons => 2, brief => JSON::PP::true);
is(scalar(@{ $brief->{codes} }), 6, 'minted in brief: codes only');
is($sandbox->state->{double_redemptions}, 0, 'nothing was redeemed twice');
my $old_token = $token;
$sandbox->reset;
is($sandbox->state->{coupons}{minted}, 0, 'reset: no coupons');
refused(prepare(code => $coupon->{code}), 2190002, 'and no tokens');
$token = set_token(new_token());
isnt($token, $old_token, 'but new ones');
refused(prepare(code => $coupon->{code}), 1212, 'and what was minted before is unknown');
my $connections = $sandbox->state->{connections_seen};
my $keeping = HTTP::Tiny->new;
$keeping->get($sandbox->url . FULFIL . '/prepare/?code=1') for 1 .. 3;
is($sandbox->state->{connections_seen}, $connections + 1, 'three calls over one connection are one connection');

$sandbox->server->graceful;
is($sandbox->state->{coupons}{minted}, 0, 'a graceful restart starts anew');
$sandbox->check_log;

# --- many at once ---

use constant { CALLERS => 6, COUPONS => 60 };

# Each caller tries to redeem every coupon; tells how often it succeeded.
sub race {
    my ($codes) = @_;
    my $won = 0;
    for my $code (@$codes) {
        my $answer = data(prepare(code => $code));
        my ($listed) = @{ $answer->{certificates} } or next;
        my $verified = post(FULFIL . '/verify/', { verify_token => $answer->{verify_token}, poi_id => POI,
            encrypted_codes => [ $listed->{encrypted_code} ] });
        $won += results($verified)->[0] == 0;
    }
    return $won;
}

# Calls whatever comes, until it is told to stop.
sub disturb {
    my $order = { object_id => 'x', coupons => [ { encrypted_code => 'x' } ] };
    while (getppid() != 1 && !-e $sandbox->server->dir . '/enough') {
        my $minted = post('/_sandbox/mint', { coupons => 3 });
        $order = $minted->{json}{orders}[0] if $minted->{status} == 200;
        $token = set_token(new_token());
        verify($order);
        get(FULFIL . '/query/', order_id => $order->{order_id});
        get(FULFIL . '/verify_record/query/', account_id => ACCOUNT, cursor => 0, size => 20);
    }
    return 0;
}

# Runs code in so many processes; a handle of each, to read what it gives.
sub in_parallel {
    my ($code) = @_;
    my @pipes;
    for (1 .. CALLERS) {
        my $pid = open my $pipe, '-|';
        if (!$pid) {
            print $code->(), "\n";
            close STDOUT;
            POSIX::_exit(0);
        }
        push @pipes, $pipe;
    }
    return @pipes;
}

for my $mpm (qw(event worker prefork)) {
    $sandbox = Dygw::Sandbox->start_new(mpm => $mpm, children => 3);
    talk_to($sandbox);
    set_token(new_token());
    my @codes = map { $_->{coupons}[0]{code} } $sandbox->mint(orders => COUPONS);
    my @pipes = in_parallel(sub { return race(\@codes) });
    my $won = 0;
    $won += <$_> for @pipes;
    close $_ for @pipes;
    my $state = $sandbox->state;
    is("$won $state->{coupons}{used} $state->{calls}{verify_applied} $state->{double_redemptions}",
        "${\ COUPONS} ${\ COUPONS} ${\ COUPONS} 0", "$mpm: each coupon is redeemed once, whoever tries");
    my @disturbing = in_parallel(\&disturb);
    $sandbox->reset for 1 .. 200;
    open my $enough, '>', $sandbox->server->dir . '/enough' or die "enough: $!";
    close $_ for @disturbing;
    is($sandbox->state->{double_redemptions}, 0, "$mpm: 200 resets in the middle of it do no harm");
    $sandbox->check_log("$mpm: a clean log");
}

# --- beside a site ---

my $beside = Dygw::Sandbox->new(modules => ['rewrite'],
    conf => "<Directory />\n    AllowOverride All\n    Options FollowSymLinks\n</Directory>");
spew($beside->server->dir . '/.htaccess', "RewriteEngine On\nRewriteRule ^ - [F]\n");
$beside->start;
is(scalar(@{ $beside->mint->{coupons} }), 1, 'a .htaccess in the DocumentRoot does not take it away');
$beside->check_log;

# --- loopback only ---

for my $listen ('0.0.0.0', '[::]', '192.0.2.1') {
    Dygw::Sandbox->new(conf => "Listen $listen:8099")->server
        ->expect_refusal("Listen $listen is refused", qr/DYGW0900/, qr/Listen 127\.0\.0\.1:8099/);
}
my ($status) = Dygw::Sandbox->new(conf => 'Listen 127.8.8.8:8099')->server->configtest;
is($status, 0, 'any address of 127.0.0.0/8 is fine');
Dygw::Sandbox->new(conf => 'DygwSandboxCoupons 0')->server->expect_refusal('no coupons at all', qr/DygwSandboxCoupons/);
Dygw::Sandbox->new(conf => 'DygwSandboxTokenLife soon')->server->expect_refusal('no number', qr/DygwSandboxTokenLife/);

done_testing;
