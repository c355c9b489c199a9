#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Whatever Douyin does, a redemption ends as the contract says: refused, failed, redeemed, or processing with a record
# that is complete enough to be settled.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(poll);

my @UNKNOWN = (2100099, 2119099, 2190099, 28001099, 28003099, 987654321);     # whose fault is nobody's guess
my @SETUP   = (1508, 2119005, 2119008, 2119010, 2190004, 2100007, 3000004, 2119013, 2190005, 28001018, @UNKNOWN);
my @REQUEST = (1502, 2100005, 2119001, 200002, 4000001, 4000002, 3000005, 28001007);
my @BUSY    = (2100001, 2100004, 2119002, 2119003, 5000001, 6001001, 28001005, 28003018);
my @QUOTA   = (2190001, 28003017);
my @TOKEN   = (2190002, 2190008, 28001003, 28001008);
my @COUPON  = (1212, 1221, 1241, 1250, 1265, 2119006, 2119007, 3000001, 3000002, 45005117, 1033000519, 1999);
my $REVIEW  = 1229;

my $gateway = Dygw::Gateway->new(timeout => 0.8, idle => 1);   # nothing is repeated meanwhile
$gateway->start;
my $sandbox = $gateway->sandbox;
# Douyin refuses for a reason that is not the coupon's; no answer; one that cannot be understood.
$gateway->server->announce(qw(DYGW0210 DYGW0415 DYGW0500 DYGW0501 DYGW0512));

sub recorded { return $gateway->rows('dygw_verifications') }

# Redeems a new coupon while Douyin misbehaves; the answer, the coupon and what Douyin knows of it afterwards.
sub redeem_with {
    my ($fault, %fields) = @_;
    my $coupon = $sandbox->mint_coupon;
    $sandbox->fault(%$fault);
    my $answer = $gateway->verify($fields{encrypted_code} ? %fields : (code => $coupon->{code}, %fields));
    $sandbox->clear;
    return ($answer, $coupon, $sandbox->coupon($coupon->{code}));
}

# --- before anything can be redeemed: prepare ---

my $before = recorded();
for my $code (@SETUP, @REQUEST) {
    my $expected = (grep { $_ == $code } @SETUP) ? 'upstream_refused' : 'upstream_error';
    my ($answer) = redeem_with({ call => 'prepare', fault => 'error', error_code => $code,
        description => 'reason', sub_error_code => 77, times => -1 });
    error_is($answer, 502, $expected, "prepare answers $code: $expected");
    my $douyin = $answer->{json}{douyin};
    is("$douyin->{error_code} $douyin->{description} $douyin->{sub_error_code}", "$code reason 77",
        "$code: with Douyin's words");
    like($douyin->{logid}, qr/\A\w{20,}\z/, "$code: and its log id");
}
for my $code (@BUSY, @QUOTA) {
    my %fault = (call => 'prepare', fault => 'error', error_code => $code, description => 'busy');
    my ($answer) = redeem_with({ %fault, times => -1 });
    error_is($answer, 503, 'upstream_unavailable', "prepare answers $code: busy");
}
my %harmless = (
    'no JSON'       => [ { fault => 'garbage' }, 502, 'upstream_error' ],
    'HTTP 500'      => [ { fault => 'status', http_status => 500 }, 503, 'upstream_unavailable' ],
    'HTTP 502'      => [ { fault => 'status', http_status => 502 }, 503, 'upstream_unavailable' ],
    'a lost connection' => [ { fault => 'drop_before' }, 503, 'upstream_unavailable' ],
    'silence'       => [ { fault => 'hang', ms => $gateway->too_long }, 504, 'upstream_timeout' ],
);
for my $what (sort keys %harmless) {
    my ($fault, $status, $code) = @{ $harmless{$what} };
    my ($answer) = redeem_with({ call => 'prepare', times => -1, %$fault });
    error_is($answer, $status, $code, "prepare: $what: $code");
    is($answer->{json}{douyin}, undef, "$what: Douyin said nothing") if $status == 502;
}
is(recorded(), $before, 'none of these is recorded');
is($sandbox->count('verify'), 0, 'and none verified');
cmp_ok($gateway->verify(code => '123456789012')->{headers}{'retry-after'} // 0, '<', 10, 'busy: in a few seconds again')
    if $sandbox->fault(call => 'prepare', fault => 'error', error_code => $BUSY[1], times => 2);
cmp_ok($gateway->verify(code => '123456789012')->{headers}{'retry-after'} // 0, '>=', 60, 'a quota: in a minute')
    if $sandbox->fault(call => 'prepare', fault => 'error', error_code => $QUOTA[0], times => 2);
for my $code (@TOKEN) {
    for my $call (qw(prepare verify)) {
        my $coupon = $sandbox->mint_coupon;
        my %what = (code => $coupon->{code});
        if ($call eq 'verify') {
            my $prepared = $gateway->client->call(POST => '/coupons/prepare', { poi_id => POI, %what });
            %what = (encrypted_code => $coupon->{encrypted_code},
                verify_token => $prepared->{json}{data}{verify_token});
        }
        $sandbox->kill_tokens;
        $sandbox->fault(call => $call, fault => 'error', error_code => $code);
        my $renewed = $sandbox->count('stable_client_token');
        view_is($gateway->verify(%what), "$call answers $code: a new token, and the same again",
            verify_status => 'success', origin_code => $coupon->{code});
        is($sandbox->count('stable_client_token'), $renewed + 1, "$code: with one call for a new token");
    }
}
for my $code ($BUSY[0], $BUSY[2]) {
    my ($answer, $coupon) = redeem_with({ call => 'prepare', fault => 'error', error_code => $code, times => 1 });
    view_is($answer, "busy once ($code), it is asked once more", verify_status => 'success',
        origin_code => $coupon->{code});
}

for my $code (@COUPON) {
    my ($answer) = redeem_with({ call => 'prepare', fault => 'error', error_code => $code, description => 'why' });
    is($answer->{status}, 200, "prepare answers $code: 200");
    view_is($answer, "$code is about the coupon: failed", verify_status => 'failed', error_code => $code,
        error_description => 'why', verify_id => undef, certificate_id => undef, enrichment_status => 'skipped',
        mode => 'code');
}

my $used = $sandbox->mint(coupons => 2);
$sandbox->set_coupon($_->{code}, status => 4) for @{ $used->{coupons} };
for my $shape (qw(array null missing)) {
    $sandbox->switch(empty_list => $shape);
    view_is($gateway->verify(short_link => $used->{short_link}), "an order without usable coupon ($shape)",
        verify_status => 'failed', error_code => qr/\A-1\z|\A[1-9]/, verify_id => undef);
}
my $three = $sandbox->mint(coupons => 3);
$before = recorded();
my $short = $gateway->verify(short_link => $three->{short_link}, count => 5);
error_is($short, 409, 'not_enough_coupons', 'fewer coupons than count');
is($short->{json}{available}, 3, 'it says how many there are');
is(recorded(), $before, 'nothing is recorded');
is_deeply([ map { $sandbox->coupon($_->{code})->{status} } @{ $three->{coupons} } ], [ 1, 1, 1 ], 'nor redeemed');

# --- verify: final answers ---

for my $code (@COUPON) {
    my ($answer, $coupon, $truth) = redeem_with({ call => 'verify', fault => 'error', error_code => $code,
        description => 'why' });
    is($answer->{status}, 200, "verify answers $code: 200");
    view_is($answer, "$code is final: failed", verify_status => 'failed', error_code => $code,
        error_description => 'why', certificate_id => $coupon->{certificate_id}, verify_id => undef,
        enrichment_status => 'skipped');
    is($truth->{status}, 1, "$code: not redeemed");
}
for my $result (1208, 2, 1241, 3000002) {
    my ($answer, $coupon) = redeem_with({ call => 'verify', fault => 'result', result => $result, msg => 'why' });
    view_is($answer, "verify: result $result at the first attempt: failed", verify_status => 'failed',
        error_code => $result, error_description => 'why', verify_id => undef, confirmed_by => undef);
}

# --- verify: not known yet ---

# The record has all that repeating the call or asking Douyin needs.
sub is_complete_row {
    my ($answer, $coupon, $name) = @_;
    my ($row) = $gateway->database->query('SELECT verify_status, poi_id, encrypted_code, certificate_id, order_id, ' .
        'verify_token, next_run_at > 0, enrichment_status, attempts FROM dygw_verifications ' .
        "WHERE id = $answer->{json}{data}{id}");
    my $token = $row ? $row->[5] : '';
    is_deeply([ @$row[ 0 .. 7 ] ], [ 'processing', POI, $coupon->{encrypted_code}, $coupon->{certificate_id},
        $coupon->{order}{order_id}, $token, 1, 'pending' ], "$name: the record is complete");
    # What is sent anew because a kept connection was dead counts as well.
    like($row->[8], qr/\A[12]\z/, "$name: with the number of attempts");
    my ($call) = reverse $sandbox->calls(call => 'verify', after => 0);
    is($call->{verify_token}, $token, "$name: the verify_token that was sent is recorded");
    return;
}

sub is_processing {
    my ($answer, $coupon, $name) = @_;
    is($answer->{status}, 202, "$name: 202") or diag $answer->{body};
    view_is($answer, "$name: processing", verify_status => 'processing', error_code => 0, error_description => '',
        certificate_id => $coupon->{certificate_id}, encrypted_code => $coupon->{encrypted_code},
        order_id => $coupon->{order}{order_id}, verify_id => undef, verify_time => undef, confirmed_by => undef,
        cancelable_until => undef, enrichment_status => 'pending');
    my $id = $answer->{json}{data}{id};
    is($answer->{headers}{location}, "/v1/open/verifications/$id", "$name: Location");
    my $read = $gateway->client->call(GET => "/verifications/$id");
    view_is($read, "$name: and reads so", id => $id, verify_status => 'processing');
    is_complete_row($answer, $coupon, $name);
    return;
}

my %unclear = (     # fault => was it applied?
    'a lost connection before'  => [ { fault => 'drop_before' }, 0 ],
    'a lost connection after'   => [ { fault => 'drop_after' }, 1 ],
    'silence'                   => [ { fault => 'hang', ms => $gateway->too_long }, undef ],
    'HTTP 500 before'           => [ { fault => 'status', http_status => 500 }, 0 ],
    'HTTP 504 after'            => [ { fault => 'status_after', http_status => 504 }, 1 ],
    'no JSON'                   => [ { fault => 'garbage' }, 0 ],
    'half an answer'            => [ { fault => 'truncated' }, 1 ],
    'risk review'               => [ { fault => 'error', error_code => $REVIEW, description => 'risk' }, 0 ],
    'risk review as result'     => [ { fault => 'result', result => $REVIEW, msg => 'risk' }, 0 ],
    (map { +"busy $_ before" => [ { fault => 'error', error_code => $_, description => 'busy' }, 0 ] } @BUSY, @QUOTA),
    (map { +"$_, not the coupon's fault" => [ { fault => 'error', error_code => $_, description => 'why' }, 0 ] }
        @SETUP, @REQUEST),
    (map { +"$_ as result" => [ { fault => 'result', result => $_, msg => 'why' }, 0 ] }
        $SETUP[0], @UNKNOWN, $REQUEST[1], $QUOTA[1]),
    'busy after'                => [ { fault => 'error_after', error_code => 2100004, description => 'busy' }, 1 ],
    'applied late'              => [ { fault => 'apply_late', ms => 600 }, undef ],
);
for my $what (sort keys %unclear) {
    my ($fault, $applied) = @{ $unclear{$what} };
    my ($answer, $coupon, $truth) = redeem_with({ call => 'verify', times => -1, %$fault });
    is_processing($answer, $coupon, $what);
    is($truth->{status}, $applied ? 2 : 1, "$what: Douyin has " . ($applied ? '' : 'not ') . 'redeemed it')
        if defined $applied;
}

# --- a replay of one that is still processing ---

my $coupon = $sandbox->mint_coupon;
my $prepared = $gateway->client->call(POST => '/coupons/prepare', { poi_id => POI, code => $coupon->{code} });
my %mine = (encrypted_code => $coupon->{encrypted_code}, verify_token => $prepared->{json}{data}{verify_token});
my ($first) = redeem_with({ call => 'verify', fault => 'drop_before', times => -1 }, %mine);
is($first->{status}, 202, 'by encrypted_code: processing');
my $again = $gateway->verify(%mine);
is($again->{status}, 202, 'the same again: processing');
is($again->{headers}{'idempotency-replayed'}, 'true', 'replayed');
is($again->{headers}{location}, $first->{headers}{location}, 'the same record');
is($sandbox->coupon($coupon->{code})->{status}, 1, 'no second verify was sent');

my $stranger = $gateway->create_app;
error_is($stranger->call(POST => '/coupons/verify', { poi_id => POI, %mine }), 409, 'conflict',
    'the same of another app');
error_is($stranger->call(GET => "/verifications/$first->{json}{data}{id}"), 404, 'not_found',
    'whose records are its own');
$stranger->disconnect;

# --- what is there before the verify is sent ---

$coupon = $sandbox->mint_coupon;
$sandbox->fault(call => 'verify', fault => 'latency', ms => 500);
my $handle = $gateway->client->begin(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} });
my $asked = poll { $sandbox->coupon($coupon->{code})->{verify_calls} > 0 || $gateway->rows('dygw_verifications',
        "encrypted_code = '$coupon->{encrypted_code}'") > 0 } 5;
ok($asked, 'the verify is on its way, and Douyin is slow');
my ($row) = $gateway->database->query('SELECT verify_status, verify_token, lease_until > 0 FROM dygw_verifications ' .
    "WHERE encrypted_code = '$coupon->{encrypted_code}'");
is($row->[0], 'processing', 'the record is there already');
like($row->[1], qr/./, 'with its verify_token');
is($row->[2], 1, 'and claimed by the request that is at work');
view_is($handle->finish, 'which then redeems it', verify_status => 'success', origin_code => $coupon->{code});

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
