#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Why a coupon was refused is recorded with it: by its number, or by a look at it where the number does not tell. The
# look decides nothing, holds nobody up for long, and leaves nothing open where a process dies in it.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);

use Dygw::Gateway qw(POI);
use Dygw::Reasons qw(reason_is);
use Dygw::Server qw(poll);
use Dygw::Truth;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

use constant { HOUR => 3600, DAY => 86400, CHINA => 8 * 3600 };
use constant PAST    => time - DAY;
use constant SETTLED => 60;             # seconds

my $gateway = Dygw::Gateway->new(timeout => 4, children => 1)->start;
my $sandbox = $gateway->sandbox;
my ($client, $internal) = ($gateway->client, $gateway->internal);
my $database = $gateway->database;
# A look that gets no answer in time, a clock of Douyin's that is off, and a child that is killed.
$gateway->server->announce(qw(DYGW0500 DYGW0362 DYGW0363 AH00051 AH00052 AH10392));

sub recorded {
    my ($column, $id) = @_;
    return $database->query("SELECT $column FROM dygw_verifications WHERE id = $id");
}

# Which looks there were since.
sub looks {
    my ($since) = @_;
    return join ' ', grep {/\A(?:get|query)\z/} map { $_->{call} } $sandbox->calls(after => $since);
}

# The answer to a redemption is a failed record with this number and reason, and so many looks were made.
sub refused {
    my ($what, $fields, $error_code, $reason, $looks) = @_;
    my $since = $sandbox->last_seq;
    my $answer = $gateway->verify(%$fields);
    my $data = $answer->{json}{data} // {};
    is("$answer->{status} " . ($data->{verify_status} // $answer->{body}) . ' ' . ($data->{error_code} // ''),
        "200 failed $error_code", "$what: refused") or return;
    is(recorded(reason => $data->{id}), $reason, "$what: $reason");
    like(looks($since), qr/\A$looks\z/, "$what: " . ($looks ? "told by $looks" : 'by its number'));
    reason_is($data, $reason, 'zh', "$what: and told to the caller");
    return $data;
}

# Whoever reads the record is told the same as the caller was; in English, who wants that.
sub told_later {
    my ($data, $reason) = @_;
    my $id = $data->{id};
    for my $language (qw(zh en)) {
        my %wish = (headers => { 'Accept-Language' => $language });
        my $read = $client->call(GET => "/verifications/$id", undef, %wish);
        reason_is($read->{json}{data}, $reason, $language, "... to who reads it, $language");
        my $list = $internal->call(GET => "/reports/verifications?reason=$reason", undef, %wish);
        my ($row) = grep { $_->{id} eq $id } @{ $list->{json}{data} // [] };
        reason_is($row // {}, $reason, $language, "... and in the list of all that are so, $language");
    }
    return;
}

# Seconds from now as "HH:MM" of China, and as the day of its week, from Monday 1.
sub clock_in { return strftime('%H:%M', gmtime(time + CHINA + $_[0])) }
sub weekday_in { return strftime('%u', gmtime(time + CHINA + $_[0])) + 0 }

# Prepared by its caller; then something happens to it.
sub prepared {
    my (%then) = @_;
    my $coupon = $sandbox->mint_coupon;
    my $answer = $client->call(POST => '/coupons/prepare', { poi_id => POI, code => $coupon->{code} });
    $sandbox->set_coupon($coupon->{code}, %then) if %then;
    return { encrypted_code => $coupon->{encrypted_code}, verify_token => $answer->{json}{data}{verify_token} };
}

sub by_link { my (%what) = @_; return { short_link => $sandbox->mint(%what)->{short_link} } }
sub by_code { my (%what) = @_; return { code => $sandbox->mint_coupon(%what)->{code} } }

# --- prepare lists nothing ---

for my $by (\&by_link, \&by_code) {
    my $how = $by == \&by_link ? 'by its link' : 'by its code';
    refused("used, $how", $by->(status => 2), -1, 'already_used', 'query');
    refused("refunded, $how", $by->(status => 4), -1, 'refunded', 'query');
    refused("a refund asked for, $how", $by->(status => 3), -1, 'refunding', 'query');
    refused("being refunded, $how", $by->(status => 6), -1, 'refunding', 'query');
    refused("a refund that failed, $how", $by->(status => 5), -1, 'no_coupon_left', 'query');
}
$sandbox->switch(empty_list => 'missing');
refused('a list that is missing', by_link(status => 4), -1, 'refunded', 'query');
$sandbox->switch(empty_list => 'array');

# --- prepare refuses ---

refused('being given away', by_code(blocked => 'given_away'), 2119006, 'being_given_away', '');
refused('being given away, by its link', by_link(blocked => 'given_away'), 2119006, 'being_given_away', '');
refused('an order with it is not paid', by_code(blocked => 'ordering'), 2119007, 'not_paid', '');
refused('a link that has ended', by_link(blocked => 'qr_ended'), 45005117, 'qr_expired', '');
refused('a code that nobody knows', { code => '999999999999' }, 1212, 'wrong_code', '');
my $typed = by_code(blocked => 'no_code');
my $answer = $gateway->verify(%$typed);
is($answer->{json}{data}{error_code}, 3000001, 'one that cannot be typed in is refused');
like(recorded(reason => $answer->{json}{data}{id}), qr/\A(?:code_not_allowed|other)\z/,
    'with the reason of those words');

# --- verify refuses ---

refused('expired', by_code(expire_time => int PAST), 1250, 'expired', 'query');
refused('expired, by its link', by_link(expire_time => int PAST), 1250, 'expired', 'query');
refused('used meanwhile', prepared(used_elsewhere => { poi_id => '1', verify_type => 2 }), 1208, 'already_used', 'get');
refused('refunded meanwhile', prepared(status => 4), 1250, 'refunded', 'get');
refused('a refund asked for meanwhile', prepared(status => 3), 1250, 'refunding', 'get');
refused('being refunded by now', prepared(status => 6), 1250, 'refunding', 'get');
refused('given away meanwhile', prepared(blocked => 'given_away'), 2119006, 'being_given_away', '');
refused('another store\'s', by_code(poi_ids => ['6994674961470212127']), 3000002, 'wrong_store', '');
for my $told ([ 1228, 'wrong_store' ], [ 1241, 'no_uses_left' ], [ 1221, 'wrong_code' ], [ 45005117, 'qr_expired' ]) {
    my $coupon = by_code();
    $sandbox->fault(call => 'verify', fault => 'result', result => $told->[0], item => 0);
    refused("verify answers $told->[0]", $coupon, @$told, '');
}
for my $open ([ 1250, 'other' ], [ 1263, 'wrong_code' ], [ 1265, 'other' ], [ 3000001, 'other' ]) {
    my $coupon = by_code();
    $sandbox->fault(call => 'verify', fault => 'result', result => $open->[0], item => 0, description => 'no');
    refused("verify answers $open->[0] for a coupon like any other", $coupon, @$open, 'query');
}
my $card = by_code(kind => 'times_card', times => 2);
$sandbox->set_coupon($card->{code}, used_elsewhere => \1);
$sandbox->fault(call => 'verify', fault => 'result', result => 1250, item => 0);
refused('a card with a use left', $card, 1250, 'other', 'query');

# --- its terms: days, hours and stores ---

my $now = int time;
my @terms = (
    [ 'from tomorrow on', not_yet_valid => (start_time => $now + DAY) ],
    [ 'not for today', unusable_now => (weekdays => [ weekday_in(0), weekday_in(HOUR) ]) ],
    [ 'not for these dates', unusable_now => (dates => [ [ $now - DAY, $now + DAY ] ]) ],
    [ 'for other hours', unusable_now => (hours => [ [ clock_in(2 * HOUR), clock_in(4 * HOUR) ] ]) ],
    [ 'from tomorrow on, and not for any day', not_yet_valid => (start_time => $now + DAY, weekdays => [ 1 .. 7 ]) ],
);
for (@terms) {
    my ($what, $reason, %terms) = @$_;
    my $data = refused($what, by_code(%terms), 3000001, $reason, 'query') or next;
    told_later($data, $reason);
}
refused('not for today, by its link', by_link(weekdays => [ 1 .. 7 ]), 3000001, 'unusable_now', 'query');
my $own = $sandbox->mint_coupon(weekdays => [ 1 .. 7 ]);
my $listed = $client->call(POST => '/coupons/prepare', { poi_id => POI, code => $own->{code} })->{json}{data};
refused('not for today, of its caller\'s prepare', { encrypted_code => $own->{encrypted_code},
    verify_token => $listed->{verify_token} }, 3000001, 'unusable_now', 'get');
for my $told (
    [ 'not for this store', wrong_store => (not_poi_ids => [ '6994674961470212127', POI ]) ],
    [ 'not for another store', other => (not_poi_ids => ['6994674961470212127']) ],
    [ 'not for this store, nor this day', unusable_now => (not_poi_ids => [POI], weekdays => [ 1 .. 7 ]) ],
    [ 'for this hour and another day', other => (weekdays => [ weekday_in(3 * DAY) ],
      hours => [ [ clock_in(-HOUR), clock_in(HOUR) ] ]) ]
) {
    my ($what, $reason, %terms) = @$told;
    my $coupon = by_code(%terms);
    $sandbox->fault(call => 'verify', fault => 'result', result => 3000001, item => 0, description => 'no');
    my $data = refused("$what, of which the number tells nothing", $coupon, 3000001, $reason, 'query') or next;
    told_later($data, $reason);
}
refused('not for this store, by its number', by_code(not_poi_ids => [POI]), 3000002, 'wrong_store', '');

# --- clocks ---

my $early = by_code(start_time => int time);
$sandbox->fault(call => 'verify', fault => 'result', result => 1250, item => 0);
$sandbox->switch(clock_behind_s => 3600);
refused('not valid yet, by Douyin\'s clock', $early, 1250, 'not_yet_valid', 'query');
$sandbox->switch(clock_behind_s => 0);

# --- several at once: each has its own ---

my $three = $sandbox->mint(coupons => 3, expire_time => int PAST);
$sandbox->switch(refusal_level => 'result');
my $several = $gateway->verify(short_link => $three->{short_link}, count => 3);
$sandbox->switch(refusal_level => 'data');
is_deeply([ map { "$_->{error_code} " . recorded(reason => $_->{id}) } @{ $several->{json}{items} } ],
    [ ('1250 expired') x 3 ], 'three of an order, and one look for all') or diag $several->{body};

# --- a redemption is none of it ---

my $since = $sandbox->last_seq;
my $success = $gateway->verify(code => $sandbox->mint_coupon->{code});
is($success->{json}{data}{verify_status}, 'success', 'one that can be redeemed');
# The background asks for what else there is to know of it, by get.
unlike(looks($since), qr/query/, 'nobody looks at it');
is($gateway->rows('dygw_verifications', "id = $success->{json}{data}{id} AND reason IS NULL"), 1, 'there is no reason');

# --- a cancel that comes too late ---

$sandbox->switch(cancel_window_ms => 0);
my $late = $client->call(POST => '/coupons/cancel', { verification_id => $success->{json}{data}{id} });
is(recorded(reason => $success->{json}{data}{id}), 'cancel_too_late', 'a cancel that comes too late says so')
    or diag $late->{body};
is(recorded(verify_status => $success->{json}{data}{id}), 'success', 'and the redemption stays');
$sandbox->switch(cancel_window_ms => 3_600_000);
$client->call(POST => '/coupons/cancel', { verification_id => $success->{json}{data}{id} });
is($gateway->rows('dygw_verifications', "id = $success->{json}{data}{id} AND reason IS NULL"), 1,
    'one that is carried out leaves no reason');

# --- the look fails, or takes long ---

for my $fault ([ error => (error_code => 2100004) ], [ error => (error_code => 2190004) ], ['garbage'],
    [ status => (http_status => 502) ], ['drop_before'], [ error => (error_code => 2190002) ]) {
    my ($kind, %more) = @$fault;
    $sandbox->fault(call => 'query', fault => $kind, %more, times => -1);
    my $seq = $sandbox->last_seq;
    refused("the look: $kind " . join(' ', %more), by_code(expire_time => int PAST), 1250, 'other',
        $kind eq 'drop_before' ? 'query(?: query)?' : 'query');    # sent anew where a kept connection is dead
    is(scalar(grep { $_->{call} =~ /token/ } $sandbox->calls(after => $seq)), 0, 'and no token is renewed for it');
    $sandbox->clear;
}
$gateway->server->announce(qw(DYGW0501 DYGW0406));
for my $ms (300, 30_000) {              # of which Douyin has answered the first when we ask what it was asked
    my $slow = by_code(expire_time => int PAST);
    $sandbox->fault(call => 'query', fault => 'latency', ms => $ms);
    my $began = time;
    refused("the look takes $ms ms", $slow, 1250, $ms < 2000 ? 'expired' : 'other', $ms < 2000 ? 'query' : '');
    cmp_ok(time - $began, '<', 4, 'the caller does not wait for a whole call');
}
$sandbox->clear;

# --- what an older version has recorded ---

my $told = $gateway->rows('dygw_verifications', 'reason IS NOT NULL');
$database->query('UPDATE dygw_verifications SET reason = NULL');
$database->query("DELETE FROM dygw_meta WHERE name = 'reasons_filled'");
$gateway->restart;
$gateway->wait_healthy;
poll { $gateway->rows('dygw_verifications', 'reason IS NOT NULL') == $told } SETTLED;
is($gateway->rows('dygw_verifications', 'reason IS NULL AND error_code <> 0'), 0,
    'the reasons of an older version are filled in');
is($gateway->rows('dygw_verifications', "reason = 'wrong_code' AND error_code = 1212"), 1, 'by their numbers');
like($gateway->server->log_text, qr/DYGW0810: the reasons of $told verifications/, 'and the log says how many');

# --- a child dies in the look ---

sub dies_in_look {
    my ($call, $fields) = @_;
    my $truth = Dygw::Truth->new($gateway);
    my $after = $sandbox->count($call);
    $sandbox->fault(call => $call, fault => 'hang', ms => 3000);
    my $attempt = $truth->begin({ order => {} }, %$fields);
    poll { $sandbox->count($call) > $after } or die "no $call arrives\n";
    $gateway->disconnect;
    $gateway->server->kill_child($gateway->server->child_pids);
    $truth->finish($attempt);
    $gateway->wait_healthy;
    $sandbox->clear;
    return @{ $truth->rows_of($attempt) };
}

is(scalar dies_in_look(query => by_code(status => 4)), 0, 'before anything was sent: nothing is recorded');
my ($row) = dies_in_look(get => prepared(status => 4));
is($row->{verify_status}, 'processing', 'after a refused verify: it is recorded as sent');
poll { recorded(verify_status => $row->{id}) eq 'failed' } SETTLED;
is(recorded("verify_status || ' ' || error_code || ' ' || reason", $row->{id}), 'failed -1 refunded',
    'the background ends it, and tells why');
is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
