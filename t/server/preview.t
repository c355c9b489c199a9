#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What the cashier sees before redeeming: each kind of coupon, each reason for which it may not be used, and nothing
# that changes by looking.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use POSIX qw(strftime);
use Test::More;

use Dygw::Client qw(keys_in_order);
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Reasons qw(reason_is sentences);

use constant { ON => JSON::PP::true, OFF => JSON::PP::false };
use constant OTHER_POI => '7012345678901234568';
use constant { HOUR => 3600, DAY => 86400 };
use constant CHINA => 8 * HOUR;

my @KEYS = qw(encrypted_code certificate_id kind title sku_id face_value pay_amount uses_total uses_left start_time
              expire_time usable_now reason advice);

my $gateway = Dygw::Gateway->new(timeout => 2, conf => <<"END")->start;
<DygwStore east-1>
    DygwStorePoi @{[ POI ]}
</DygwStore>
END
my $sandbox = $gateway->sandbox;
my $client = $gateway->client;
# Faults, and a clock of Douyin's that is off.
$gateway->server->announce(qw(DYGW0210 DYGW0360 DYGW0362 DYGW0363 DYGW0500 DYGW0501 DYGW0632 DYGW0633));

sub preview { return $client->call(POST => '/coupons/preview', { poi_id => POI, @_ }) }

sub utc { return strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime $_[0]) }

# Seconds from now as "HH:MM" of China, and as the day of its week, from Monday 1.
sub clock_in { return strftime('%H:%M', gmtime(time + CHINA + $_[0])) }
sub weekday_in { return strftime('%u', gmtime(time + CHINA + $_[0])) + 0 }

# One test: the first coupon of a preview has these values.
sub coupon_is {
    my ($answer, $name, %expected) = @_;
    my $coupon = ($answer->{json}{data}{coupons} // [])->[0] // {};
    my $keys = eval { keys_in_order($answer->{body}, 'data', 'coupons', 0) } // [];
    my @wrong = $answer->{status} == 200 ? () : "status $answer->{status}";
    push @wrong, "keys are @$keys" if "@$keys" ne "@KEYS";
    for my $key (sort keys %expected) {
        my ($got, $want) = ($coupon->{$key}, $expected{$key});
        my $same = defined $want ? defined $got && $got eq $want : !defined $got;
        push @wrong, "$key is " . ($got // 'null') . ', not ' . ($want // 'null') if !$same;
    }
    my $ok = ok(!@wrong, $name);
    diag(join('; ', @wrong), "\n", $answer->{body}) if !$ok;
    return $ok;
}

sub usable {
    my ($answer, $name, %more) = @_;
    return coupon_is($answer, $name, usable_now => ON, reason => undef, advice => undef, %more);
}

sub unusable {
    my ($answer, $reason, $name) = @_;
    coupon_is($answer, $name, usable_now => OFF, reason => $reason);
    like($answer->{json}{data}{coupons}[0]{advice}, qr/\p{Han}.*。\z/, '... with a sentence');
    return;
}

# --- an order, by its code and by its link ---

my $order = $sandbox->mint(coupons => 2, expire_time => 1893427199);
for my $by ([ code => $order->{coupons}[1]{code} ], [ short_link => $order->{short_link} ]) {
    my $answer = preview(@$by);
    is($answer->{status}, 200, "preview by $by->[0]") or diag $answer->{body};
    my $data = $answer->{json}{data};
    is_deeply(keys_in_order($answer->{body}, 'data'), [qw(order_id verify_token coupons)], 'these members, in order');
    is($data->{order_id}, $order->{order_id}, 'of this order');
    like($data->{verify_token}, qr/\A[0-9a-f-]{36}\z/, 'with a verify_token');
    is_deeply([ map { $_->{certificate_id} } @{ $data->{coupons} } ],
        [ map { $_->{certificate_id} } @{ $order->{coupons} } ], 'and both coupons');
    like($answer->{headers}{'x-douyin-logid'}, qr/\A[0-9A-F]{34}\z/i, 'and the log id');
    like($answer->{body}, qr/"certificate_id":"\d{19}"/, 'an id is a text');
}
usable(preview(code => $order->{coupons}[0]{code}), 'a set menu', kind => 'package', title => '双人套餐',
    sku_id => '1708941687677981', face_value => 26900, pay_amount => 19400, uses_total => undef, uses_left => undef,
    expire_time => '2029-12-31T15:59:59.000Z');

# --- kinds ---

usable(preview(code => $sandbox->mint_coupon(kind => 'voucher', original_amount => 10000, pay_amount => 8800)->{code}),
    'a voucher', kind => 'voucher', face_value => 10000, pay_amount => 8800, uses_total => undef);
my $card = $sandbox->mint_coupon(kind => 'times_card', times => 3, pay_amount => 900, original_amount => 1200);
usable(preview(code => $card->{code}), 'a times card: amounts are of its next use', kind => 'times_card',
    face_value => 400, pay_amount => 300, uses_total => 3, uses_left => 3);
is($gateway->verify(code => $card->{code}, count => 2)->{json}{data}{verify_status}, 'success', 'two uses');
usable(preview(code => $card->{code}), 'has one left', uses_total => 3, uses_left => 1);
is($gateway->verify(code => $card->{code})->{json}{data}{verify_status}, 'success', 'and the last one');
is_deeply(preview(code => $card->{code})->{json}{data}{coupons}, [], 'it is not listed any more');
$sandbox->set_coupon($card->{code}, status => 1);
unusable(preview(code => $card->{code}), 'no_uses_left', 'or it is, without a use');

# --- each reason: what Douyin shows, and what its verify says to it ---

my $now = time;
my @restricted = (
    [ not_yet_valid => 'from tomorrow on', 3000001, start_time => $now + DAY ],
    [ expired => 'that has expired and is still listed', 1250, expire_time => $now - 600 ],
    [ unusable_now => 'for no day of the week', 3000001, weekdays => [ 1 .. 7 ] ],
    [ unusable_now => 'not for today', 3000001, weekdays => [ weekday_in(0), weekday_in(HOUR) ] ],
    [ unusable_now => 'not for these dates', 3000001, dates => [ [ $now - DAY, $now + DAY ] ] ],
    [ unusable_now => 'for other hours', 3000001, hours => [ [ clock_in(2 * HOUR), clock_in(4 * HOUR) ] ] ],
    [ unusable_now => 'for other hours, on two sides', 3000001,
      hours => [ [ clock_in(-3 * HOUR), clock_in(-HOUR) ], [ clock_in(HOUR), clock_in(3 * HOUR) ] ] ],
    [ wrong_store => 'not for this store', 3000002, not_poi_ids => [ OTHER_POI, POI ] ],
);
for (@restricted) {
    my ($reason, $what, $error_code, %terms) = @$_;
    my $coupon = $sandbox->mint_coupon(%terms);
    my $answer = preview(code => $coupon->{code});
    unusable($answer, $reason, "a coupon $what: $reason");
    my $data = $answer->{json}{data};
    view_is($gateway->verify(encrypted_code => $data->{coupons}[0]{encrypted_code},
        verify_token => $data->{verify_token}), '... which its verify says, too', verify_status => 'failed',
        error_code => $error_code);
}
coupon_is(preview(code => $sandbox->mint_coupon(start_time => $now + DAY)->{code}), 'the first day is named',
    start_time => utc($now + DAY));

# The sentence is in the caller's language.
my $elsewhere = $sandbox->mint_coupon(not_poi_ids => [POI]);
my %said = sentences();
for my $case ([ undef, 'zh' ], [ 'zh-CN,zh;q=0.9,en;q=0.8', 'zh' ], [ 'en-GB,en;q=0.9,zh;q=0.1', 'en' ],
    [ 'en;q=0.1, zh;q=0.2', 'zh' ], [ 'de, en;q=0.1', 'en' ]) {
    my ($wish, $language) = @$case;
    my $name = 'Accept-Language: ' . ($wish // 'none');
    my %with = (headers => { 'Accept-Language' => $wish });
    my $answer = $client->call(POST => '/coupons/preview', { poi_id => POI, code => $elsewhere->{code} }, %with);
    coupon_is($answer, "$name: $language", reason => 'wrong_store', advice => $said{wrong_store}{$language});
    is($answer->{headers}{vary}, 'Accept-Language', '... and the answer varies');
    $sandbox->fault(call => 'prepare', fault => 'error', error_code => 2119006);
    $answer = $client->call(POST => '/coupons/preview', { poi_id => POI, code => $elsewhere->{code} }, %with);
    reason_is($answer->{json}, 'being_given_away', $language, '... so does a refusal');
    is($answer->{headers}{vary}, 'Accept-Language', '... which says so, too');
    $sandbox->clear;
}
is(preview(code => $sandbox->mint_coupon->{code})->{headers}{vary}, 'Accept-Language', 'so does one without advice');

my @allowed = (
    [ 'not for other days', weekdays => [ weekday_in(3 * DAY) ] ],
    [ 'not for other dates', dates => [ [ $now - 3 * DAY, $now - 2 * DAY ], [ $now + 2 * DAY, $now + 3 * DAY ] ] ],
    [ 'for these hours', hours => [ [ clock_in(-3 * HOUR), clock_in(3 * HOUR) ] ] ],
    [ 'for hours of which these are some',
      hours => [ [ clock_in(HOUR), clock_in(2 * HOUR) ], [ clock_in(-HOUR), clock_in(HOUR) ] ] ],
    [ 'not for another store', not_poi_ids => [OTHER_POI] ],
    [ 'for this store', poi_ids => [POI] ],
);
for (@allowed) {
    my ($what, %terms) = @$_;
    my $answer = preview(code => $sandbox->mint_coupon(%terms)->{code});
    usable($answer, "a coupon $what may be used");
    my $data = $answer->{json}{data};
    is($gateway->verify(encrypted_code => $data->{coupons}[0]{encrypted_code}, verify_token => $data->{verify_token})
            ->{json}{data}{verify_status}, 'success', '... and is redeemed');
}

# Prepare lists what it should not any more.
$sandbox->switch(list_all => ON);
my %ended = (2 => 'already_used', 3 => 'refunding', 4 => 'refunded', 6 => 'refunding', 5 => undef);
for my $status (sort keys %ended) {
    my $coupon = $sandbox->mint_coupon;
    $sandbox->set_coupon($coupon->{code}, status => $status);
    my $answer = preview(code => $coupon->{code});
    $ended{$status} ? unusable($answer, $ended{$status}, "a coupon of status $status: $ended{$status}")
                    : usable($answer, "a coupon of status $status may be used: Douyin decides");
}
$sandbox->switch(list_all => OFF);

# Coupons in another shape.
$sandbox->switch(copies => 'v2_null', times_in_ms => ON, certificate_id => 'string');
my $shaped = $sandbox->mint_coupon(start_time => $now - DAY, expire_time => 1893427199, weekdays => [ 1 .. 7 ]);
unusable(preview(code => $shaped->{code}), 'unusable_now', 'the second copy, with times in ms');
coupon_is(preview(code => $shaped->{code}), 'says the same', start_time => utc($now - DAY),
    expire_time => '2029-12-31T15:59:59.000Z', certificate_id => $shaped->{certificate_id});
$sandbox->switch(copies => 'first', times_in_ms => OFF, certificate_id => 'number');

# By Douyin's clock alone: for it, the coupon that this host thinks over is valid still.
$sandbox->switch(clock_behind_s => 20);
usable(preview(code => $sandbox->mint_coupon(expire_time => time - 3)->{code}), 'expired is by Douyin\'s clock');
$sandbox->switch(clock_behind_s => 0);

# --- one preview, one verify ---

my $two = $sandbox->mint(coupons => 2);
my $seen = preview(short_link => $two->{short_link})->{json}{data};
view_is($gateway->verify(encrypted_code => $seen->{coupons}[1]{encrypted_code}, verify_token => $seen->{verify_token},
    order_id => $seen->{order_id}, certificate_id => $seen->{coupons}[1]{certificate_id}), 'the second one is redeemed',
    verify_status => 'success', origin_code => $two->{coupons}[1]{code}, order_id => $two->{order_id});
is($sandbox->coupon($two->{coupons}[0]{code})->{status}, 1, 'and not the first');

# --- an order without a coupon, and what is refused as prepare is ---

for my $empty (qw(array null missing)) {
    $sandbox->switch(empty_list => $empty);
    my $used = $sandbox->mint_coupon;
    $sandbox->set_coupon($used->{code}, status => 2);
    my $answer = preview(code => $used->{code});
    is($answer->{status}, 200, "an order without a usable coupon ($empty)") or diag $answer->{body};
    is_deeply($answer->{json}{data}{coupons}, [], 'has an empty list');
    is($answer->{json}{data}{order_id}, $used->{order}{order_id}, 'and its number');
}
$sandbox->switch(empty_list => 'array');

my $coupon = $sandbox->mint_coupon;
my @refusals = (
    (map { [ { fault => 'error', error_code => $_, description => 'why' }, 502, 'upstream_refused' ] }
        1212, 1508, 1229, 2119006, 3000001, 45005117),
    [ { fault => 'error', error_code => 2100005 }, 502, 'upstream_error' ],
    [ { fault => 'error', error_code => 2119003 }, 503, 'upstream_unavailable' ],
    [ { fault => 'status', http_status => 500 }, 503, 'upstream_unavailable' ],
    [ { fault => 'garbage' }, 502, 'upstream_error' ],
    [ { fault => 'hang', ms => $gateway->too_long }, 504, 'upstream_timeout' ],
);
for (@refusals) {
    my ($fault, $status, $code) = @$_;
    my %answer;
    for my $path (qw(prepare preview)) {
        $sandbox->fault(call => 'prepare', times => -1, %$fault);
        $answer{$path} = $client->call(POST => "/coupons/$path", { poi_id => POI, code => $coupon->{code} });
        $sandbox->clear;
    }
    error_is($answer{preview}, $status, $code, join ' ', 'refused:', map { "$_ $fault->{$_}" } sort keys %$fault);
    for (values %answer) {
        delete $_->{json}{request_id};
        delete $_->{json}{douyin}{logid} if $_->{json}{douyin};
    }
    is_deeply($answer{preview}{json}, $answer{prepare}{json}, '... as prepare is');
}
error_is(preview(short_link => $sandbox->url . '/s/none'), 400, 'invalid_request', 'a dead link',
    field => 'short_link');

# --- fields, stores and rights ---

my %code = (code => $coupon->{code});
my @mistakes = (
    [ 'no store',        poi_id => { %code, poi_id => undef } ],
    [ 'both stores',     store => { %code, store => 'east-1' } ],
    [ 'unknown store',   store => { %code, poi_id => undef, store => 'west' } ],
    [ 'no coupon',       short_link => {} ],
    [ 'both coupons',    short_link => { %code, short_link => 'https://v.douyin.com/x/' } ],
    [ 'a short code',    code => { code => '1' } ],
    [ 'encrypted_code',  undef, { encrypted_code => 'x', verify_token => 'x' } ],
    [ 'count',           count => { %code, count => 1 } ],
    [ 'an unknown field', bogus => { %code, bogus => 1 } ],
);
for (@mistakes) {
    my ($what, $field, $fields) = @$_;
    error_is(preview(%$fields), 400, 'invalid_request', "refused: $what", field => $field);
}
error_is($client->call(POST => '/coupons/preview', '[]'), 400, 'invalid_request', 'no object');
error_is($client->call(POST => '/coupons/preview?poi_id=1', { poi_id => POI, %code }), 400, 'invalid_request',
    'a parameter', field => 'poi_id');
error_is($client->call(GET => '/coupons/preview'), 405, 'method_not_allowed', 'GET');
error_is($gateway->plain('/v1/open')->call(POST => '/coupons/preview', { poi_id => POI, %code }), 401,
    'missing_credentials', 'unsigned');
my ($limited) = $gateway->create_app(poi_ids => [OTHER_POI]);
my $asked = $sandbox->count('prepare');
error_is($limited->call(POST => '/coupons/preview', { poi_id => POI, %code }), 403, 'store_forbidden',
    'an app of another store');
error_is($limited->call(POST => '/coupons/preview', { store => 'east-1', %code }), 403, 'store_forbidden',
    'by its code, too');
is($sandbox->count('prepare'), $asked, 'Douyin was not asked');
usable($client->call(POST => '/coupons/preview', { store => 'east-1', code => " $coupon->{code}-" }),
    'a declared store, and a code as it was typed');

# --- nothing changes by looking ---

my $rows = $gateway->rows('dygw_verifications');
my %before = map { $_ => $sandbox->count($_) } qw(prepare verify get query cancel orders);
usable(preview(%code), 'looked at') for 1 .. 3;
is($sandbox->count('prepare') - $before{prepare}, 3, 'one prepare each');
is($sandbox->count($_), $before{$_}, "and no $_") for qw(verify get query cancel orders);
is($gateway->rows('dygw_verifications'), $rows, 'nothing is recorded');
is($sandbox->coupon($coupon->{code})->{status}, 1, 'the coupon is unused');
view_is($gateway->verify(%code), 'and can be redeemed', verify_status => 'success', origin_code => $coupon->{code});

$limited->disconnect;
$gateway->finish;
done_testing;
