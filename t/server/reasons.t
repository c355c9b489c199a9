#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Why a coupon was not redeemed, and what a cashier says or does: each of Douyin's numbers, as the answer to prepare, to
# verify, and as the result of a coupon, has its reason and its sentence, in both languages; in JSON, in CSV, in the
# bodies of errors and in the figures.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Encode qw(decode_utf8);
use JSON::PP;
use Test::More;
use Text::CSV;

use Dygw::Client qw(keys_in_order);
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Metrics;
use Dygw::Reasons qw(numbers sentences reason_is);
use Dygw::Server qw(poll);

use constant OTHER_POI => '7012345678901234999';

my %ACCEPT = (zh => 'zh-CN,zh;q=0.9,en;q=0.8', en => 'en-GB,en;q=0.9,zh;q=0.1');
my %number = numbers();
my %said = sentences();
# What a number with such a reason is to a call; all others are the coupon's.
my %CLASS = (busy => 'busy', token => 'token', bad_request => 'request', risk_review => 'review',
    map { $_ => 'setup' } qw(not_authorised not_permitted address_not_allowed));
# Those of the token calls mean nothing to these.
my @codes = sort { $a <=> $b } grep { $_ > 0 && ($_ < 10_000 || $_ > 10_020) } keys %number;

my $gateway = Dygw::Gateway->new(idle => 1, directives => { DygwRateLimit => '1000 1000' }, conf => <<'END');
<Location "/v1/open/douyin/stores">
    Require all denied
</Location>
END
# Of refused set-ups, of numbers that nobody knows, of no answer or one that is none, of what Apache refuses.
$gateway->server->announce(qw(DYGW0210 DYGW0404 DYGW0415 DYGW0512 DYGW0500 DYGW0501 AH01630));
$gateway->start;
my ($sandbox, $client, $internal) = ($gateway->sandbox, $gateway->client, $gateway->internal);

sub class { my ($code) = @_; return $CLASS{ $number{$code}{word} } // 'coupon' }

# A number that leaves open why is followed by a look at the coupon, in which all is well.
sub words { my ($code) = @_; return $number{$code}{open} ? [ $number{$code}{word}, 'other' ] : $number{$code}{word} }

sub redeem {
    my ($language, %fields) = @_;
    my %headers = defined $language ? ('Accept-Language' => $ACCEPT{$language} // $language) : ();
    my $key = delete $fields{key};
    $headers{'Idempotency-Key'} = $key if defined $key;
    return $client->call(POST => '/coupons/verify', { poi_id => POI, %fields }, headers => \%headers);
}

sub varies { my ($answer, $name) = @_; return is($answer->{headers}{vary}, 'Accept-Language', "$name: varies") }

# --- the answer to prepare ---

my %status = (setup => 502, request => 502, busy => 503, token => 503);
my %code_of = (setup => 'upstream_refused', request => 'upstream_error', busy => 'upstream_unavailable',
    token => 'token_unavailable');

for my $code (@codes) {
    for my $language (qw(zh en)) {
        my $name = "prepare is answered $code, $language";
        my $class = class($code);
        # A text that tells nothing: those that tell are below.
        $sandbox->fault(call => 'prepare', fault => 'error', error_code => $code, description => '...', times => 2);
        my $answer = redeem($language, code => $sandbox->mint_coupon->{code});
        $sandbox->clear;
        if ($status{$class}) {
            error_is($answer, $status{$class}, $code_of{$class}, $name);
            reason_is($answer->{json}, words($code), $language, "$name: the reason");
            is(join(' ', (@{ keys_in_order($answer->{body}) })[ 2 .. 5 ]), 'request_id reason retryable advice',
                "$name: behind request_id");
            varies($answer, $name);
        }
        else {
            view_is($answer, $name, verify_status => 'failed', error_code => $code);
            reason_is($answer->{json}{data}, words($code), $language, "$name: the reason");
            varies($answer, $name);
        }
    }
}

# --- the answer to verify, and the result of one coupon ---

# Nobody works on what is left open, so that no repetition takes a fault.
for my $how (qw(error result)) {
    for my $code (grep { $how eq 'error' || class($_) ne 'token' } @codes) {
        my ($name, $class) = ("verify: $how $code", class($code));
        my %fault = $how eq 'error' ? (error_code => $code, description => '...') : (result => $code, msg => '...');
        $sandbox->fault(call => 'verify', fault => $how, %fault, times => 2);
        my $answer = redeem('zh', code => $sandbox->mint_coupon->{code}, key => "$how-$code");
        $sandbox->clear;
        if ($class eq 'coupon') {
            view_is($answer, $name, verify_status => 'failed', error_code => $code);
            reason_is($answer->{json}{data}, words($code), 'zh', "$name: the reason");
        }
        else {
            view_is($answer, $name, verify_status => 'processing', error_code => 0);
            reason_is($answer->{json}{data}, $class =~ /busy|token/ ? 'waiting' : words($code), 'zh',
                "$name: what it waits for");
        }
        my $word = $answer->{json}{data}{reason};
        my $again = redeem('en', code => '12345678', key => "$how-$code");
        is($again->{status}, 422, "$name: another request under the key");
        reason_is($again->{json}, undef, 'en', "$name: is no cashier's");
        my $read = $client->call(GET => "/verifications/$answer->{json}{data}{id}", undef,
            headers => { 'Accept-Language' => $ACCEPT{en} });
        reason_is($read->{json}{data}, $word, 'en', "$name: read again, in English");
    }
}

# --- what the text tells, and the second number ---

for my $case (
    [ 3000001, '二维码参数不合法', 'wrong_code' ], [ 3000001, '该券不可使用券码查询', 'code_not_allowed' ],
    [ 3000001, '请稍后重试', 'busy' ], [ 2100007, 'IP不在白名单，请开通权限', 'address_not_allowed' ],
    [ 2100007, '无权限操作', 'not_permitted' ], [ 1999, 'nobody knows it', 'other' ],
    [ 2119099, 'nor this', 'not_permitted' ], [ 5000002, 'nor that', 'busy' ]
) {
    my ($code, $text, $word) = @$case;
    $sandbox->fault(call => 'prepare', fault => 'error', error_code => $code, description => decode_utf8($text),
        times => 2);
    my $answer = redeem('zh', code => $sandbox->mint_coupon->{code});
    $sandbox->clear;
    reason_is($answer->{json}{data} // $answer->{json}, $word, 'zh', "$code $text");
}

my $redeemed = redeem(undef, code => $sandbox->mint_coupon->{code});
reason_is($redeemed->{json}{data}, undef, 'zh', 'a success has nothing to explain');
varies($redeemed, 'a success');
my $id = $redeemed->{json}{data}{id};
$sandbox->fault(call => 'cancel', fault => 'error', error_code => 3000001, sub_error_code => 2034000910,
    description => decode_utf8('已超过可撤销时限，无法撤销核销'));
my $late = $client->call(POST => '/coupons/cancel', { verification_id => $id });
view_is($late, 'a cancel that comes too late', verify_status => 'success', error_code => 3000001);
reason_is($late->{json}{data}, 'cancel_too_late', 'zh', '... is told');

# --- the languages ---

my $coupon = $sandbox->mint_coupon;
$sandbox->fault(call => 'verify', fault => 'result', result => 1228);
my $first = redeem('zh', code => $coupon->{code}, key => 'languages');
reason_is($first->{json}{data}, 'wrong_store', 'zh', 'in Chinese');
my %wishes = (
    'en' => 'en', 'EN-us' => 'en', 'zh;q=0.1, en;q=0.2' => 'en', 'en;q=0.1, zh;q=0.2' => 'zh', 'fr' => 'zh',
    '*' => 'zh', 'en;q=0' => 'zh', 'fr, en;q=0.3' => 'en', ';;q=,,' => 'zh', 'en;q=bogus' => 'zh', '' => 'zh',
    'zh-TW, en' => 'zh', "\xff\xfe" => 'zh', 'x' x 4000 => 'zh', 'en,' x 1000 => 'en', 'zh;q=0, *' => 'en'
);
for my $wish (sort keys %wishes) {
    my $replay = redeem($wish, code => $coupon->{code}, key => 'languages');
    my $name = 'Accept-Language: ' . substr $wish, 0, 20;
    is($replay->{headers}{'idempotency-replayed'}, 'true', "$name: a replay") or diag $replay->{body};
    reason_is($replay->{json}{data}, 'wrong_store', $wishes{$wish}, "$name: has its own language");
}
reason_is(redeem(undef, code => $coupon->{code}, key => 'languages')->{json}{data}, 'wrong_store', 'zh', 'without it');
is(scalar($gateway->database->query("SELECT COUNT(*) FROM dygw_verifications WHERE douyin_response LIKE '%advice%'")),
    0, 'advice is not kept');

# --- errors ---

my $order = $sandbox->mint(coupons => 1);
my $few = redeem('en', short_link => $order->{short_link}, count => 2);
error_is($few, 409, 'not_enough_coupons', 'too few');
reason_is($few->{json}, 'not_enough', 'en', '... is told');
is(join(' ', @{ keys_in_order($few->{body}) }), 'code message request_id reason retryable advice available',
    '... in order');
my $dead = redeem('en', short_link => $order->{short_link} . 'gone');
error_is($dead, 400, 'invalid_request', 'a dead link', field => 'short_link');
reason_is($dead->{json}, 'qr_expired', 'en', '... is out of date');
for my $case ([ 'no link' => short_link => 'hello' ], [ 'a link of others' => short_link => 'https://example.com/x' ],
    [ 'letters' => code => 'abcdefgh' ], [ 'too few digits' => code => '123' ]) {
    my ($what, $field, $value) = @$case;
    my $answer = redeem('zh', $field => $value);
    error_is($answer, 400, 'invalid_request', $what, field => $field);
    reason_is($answer->{json}, 'wrong_code', 'zh', "... $what is no coupon");
    varies($answer, $what);
}
my $typo = redeem('zh', code => '12345678', colour => 'red');
error_is($typo, 400, 'invalid_request', 'a mistake of the till', field => 'colour');
reason_is($typo->{json}, undef, 'zh', '... is none of the cashier\'s');
is($typo->{headers}{vary}, undef, '... and does not vary');
my ($narrow) = $gateway->create_app(poi_ids => [OTHER_POI]);
my $elsewhere = $narrow->call(POST => '/coupons/verify', { poi_id => POI, code => '12345678' });
error_is($elsewhere, 403, 'store_forbidden', 'another store');
reason_is($elsewhere->{json}, 'store_not_allowed', 'zh', '... is told');
$sandbox->fault(call => 'prepare', fault => 'hang', ms => $gateway->too_long);
my $slow = redeem('zh', code => '12345678');
error_is($slow, 504, 'upstream_timeout', 'no answer in time');
reason_is($slow->{json}, 'busy', 'zh', '... is told');
$sandbox->fault(call => 'prepare', fault => 'garbage', times => 2);
my $garbled = redeem('zh', code => '12345678');
error_is($garbled, 502, 'upstream_error', 'no answer that can be read');
reason_is($garbled->{json}, 'busy', 'zh', '... is told');
is($garbled->{json}{douyin}, undef, '... without words of Douyin\'s');
$sandbox->clear;
$sandbox->fault(call => 'prepare', fault => 'error', error_code => 1212);
my $looked = $client->call(POST => '/coupons/prepare', { poi_id => POI, code => '12345678' });
error_is($looked, 502, 'upstream_refused', 'a look at a coupon');
reason_is($looked->{json}, 'wrong_code', 'zh', '... that is none');
my $failed = $client->call(POST => '/coupons/cancel', { verification_id => $first->{json}{data}{id} });
error_is($failed, 409, 'conflict', 'what has failed is not cancelled');
reason_is($failed->{json}, 'wrong_store', 'zh', '... and why it has failed is told');
my $forgotten = $sandbox->mint_coupon->{code};
my $once = redeem('zh', code => $forgotten, key => 'forgotten');
$gateway->database->query("DELETE FROM dygw_verifications WHERE id = $once->{json}{data}{id}");
my $removed = redeem('zh', code => $forgotten, key => 'forgotten');
error_is($removed, 409, 'conflict', 'a key whose records were removed');
reason_is($removed->{json}, 'bad_request', 'zh', '... is none of the coupon\'s');

reason_is($client->call(GET => '/verifications/999999999')->{json}, undef, 'zh', '404 has none');
reason_is($client->call(GET => '/nothing')->{json}, undef, 'zh', 'nor has a path that is none');
reason_is($gateway->plain('/v1/open')->call(POST => '/coupons/verify', {})->{json}, undef, 'zh', 'nor 401');
my $closed = $client->call(GET => '/douyin/stores');
error_is($closed, 403, 'forbidden', 'what Apache refuses');
reason_is($closed->{json}, undef, 'zh', '... has none');
my $taken = $internal->call(POST => '/apps', { name => 'x', client_key => $gateway->app->{client_key} });
error_is($taken, 409, 'conflict', 'an error of /internal');
reason_is($taken->{json}, undef, 'zh', '... has none');

# --- the office ---

my $list = $internal->call(GET => '/reports/verifications?status=failed&page_size=200', undef,
    headers => { 'Accept-Language' => 'en' });
my @rows = @{ $list->{json}{data} };
cmp_ok(scalar(@rows), '>', 50, 'the list of what failed');
varies($list, 'the list');
is(scalar(grep { $_->{advice} ne $said{ $_->{reason} }{en} } @rows), 0, '... says what to do, in English');
my @written = map { { %$_, retryable => $_->{retryable} ? 'true' : 'false' } } @rows;
for my $case ([ '', 'zh' ], [ '&lang=zh', 'zh' ], [ '&lang=en', 'en' ]) {
    my ($lang, $language) = @$case;
    my $answer = $internal->call(GET => "/reports/verifications?status=failed&export=csv&raw=1$lang", undef,
        headers => { 'Accept-Language' => 'en' });
    open my $handle, '<:encoding(UTF-8)', \$answer->{body} or die;
    my ($names, @lines) = @{ Text::CSV->new({ binary => 1 })->getline_all($handle) };
    my %at = map { $names->[$_] => $_ } 0 .. $#$names;
    is_deeply([ map { [ @$_[ @at{qw(id reason retryable advice)} ] ] } @lines ],
        [ map { [ $_->{id}, @$_{qw(reason retryable)}, $said{ $_->{reason} }{$language} ] } @written ], "CSV$lang");
    is($answer->{headers}{vary}, undef, '... and does not go by the header');
}
for my $bad ([ 'export=csv&lang=fr', 'lang' ], [ 'export=csv&lang=', 'lang' ], [ 'lang=en', 'lang' ]) {
    error_is($internal->call(GET => "/reports/verifications?$bad->[0]"), 400, 'invalid_request', "?$bad->[0]",
        field => $bad->[1]);
}
error_is($internal->call(GET => '/reports/summary?export=csv&lang=en'), 400, 'invalid_request',
    'a summary advises nobody', field => 'lang');

# --- the figures ---

sub page { return Dygw::Metrics->scrape($gateway) }

sub grows {
    my ($reason, $by, $name, $happens) = @_;
    my $before = page()->total('dygw_reasons_total', reason => $reason);
    $happens->();
    my $now;
    poll { ($now = page()->total('dygw_reasons_total', reason => $reason)) >= $before + $by } 30;
    return is($now - $before, $by, $name);
}

my @series = keys %{ page()->{series} };
is_deeply([ sort map { /^dygw_reasons_total\{.*reason="(\w+)",help="(\w+)"/ ? "$1 $2" : () } @series ],
    [ sort map { "$_ $said{$_}{help}" } keys %said ], 'a series for each reason, with who can help');
grows(wrong_store => 1, 'a coupon that fails is counted', sub {
    $sandbox->fault(call => 'verify', fault => 'result', result => 1228);
    redeem('zh', code => $sandbox->mint_coupon->{code}, key => 'counted');
});
grows(wrong_store => 0, 'a replay is not', sub {
    redeem('zh', code => '12345678', key => 'languages') for 1 .. 2;
    $client->call(GET => "/verifications/$first->{json}{data}{id}");
});
grows(not_authorised => 1, 'an error with a reason is', sub {
    $sandbox->fault(call => 'prepare', fault => 'error', error_code => 1508);
    redeem('zh', code => $sandbox->mint_coupon->{code});
});
grows(waiting => 0, 'what is not settled is not', sub {
    $sandbox->fault(call => 'verify', fault => 'error', error_code => 2100004);
    $coupon = $sandbox->mint_coupon;
    redeem('zh', code => $coupon->{code}, key => 'waits');
});
$sandbox->set_coupon($coupon->{code}, status => 4);
my $before = page()->total('dygw_reasons_total');
$gateway->work(1);
ok(scalar(poll { $client->call(GET => '/verifications?idempotency_key=waits')->{json}{data}{verify_status} eq 'failed' }
        60), 'the background settles it');
ok(scalar(poll { page()->total('dygw_reasons_total') > $before } 10), '... and counts why');
is(page()->total('dygw_reasons_total'), $before + 1, '... once; what is redeemed after all has no reason');

$narrow->disconnect;
$gateway->finish;
done_testing;
