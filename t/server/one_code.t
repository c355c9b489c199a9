#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Douyin answers the code of one coupon with all unused coupons of its order. A code that was redeemed takes none of the
# others, however often it comes; one whose redemption is not settled waits for it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use List::Util qw(sum0);
use Test::More;

use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(poll);

my $sandbox = Dygw::Sandbox->start_new;
my $gateway;

sub order { my (%what) = @_; return $sandbox->mint(coupons => 4, %what) }
sub code_of { my ($order, $number) = @_; return $order->{coupons}[ $number // 0 ]{code} }

# How many coupons of the order Douyin has redeemed.
sub redeemed {
    my ($order) = @_;
    return scalar grep { $sandbox->coupon($_->{code})->{status} == 2 } @{ $order->{coupons} };
}

sub outcomes {
    my (@answers) = @_;
    return join ' ', sort map { "$_->{status} " . ($_->{json}{data}{verify_status} // $_->{json}{code}) } @answers;
}

sub record { my ($answer) = @_; return $gateway->client->call(GET => "/verifications/$answer->{json}{data}{id}") }

sub settled {
    my (@answers) = @_;
    my $all = poll { !grep { record($_)->{json}{data}{verify_status} eq 'processing' } @answers } 40;
    ok($all, 'and all of them are settled') or diag map { record($_)->{body} } @answers;
    return map { record($_) } @answers;
}

# Failed, because the code was redeemed by that one.
sub is_refused_for {
    my ($answer, $first, $name, %more) = @_;
    return view_is($answer, $name, verify_status => 'failed', error_code => -4, coupon_status => undef,
        error_description => qr/\b$first->{json}{data}{id}\b/, verify_id => undef, enrichment_status => 'skipped',
        origin_code => $first->{json}{data}{origin_code}, mode => 'code', %more);
}

sub in_a_row {
    my ($on) = @_;
    my $order = order();
    my ($code) = code_of($order);
    my $first = $gateway->verify(code => $code);
    view_is($first, "$on: the first: redeemed", verify_status => 'success', origin_code => $code);
    my $other = $gateway->create_app;
    my @again = (
        $gateway->verify(code => $code),
        $gateway->verify(code => " \x{3000}$code\t"),
        $gateway->verify(code => $code, count => 2),
        $gateway->verify(code => $code, poi_id => '7012345678901234568'),
        $other->call(POST => '/coupons/verify', { poi_id => POI, code => $code })
    );
    is($_->{status}, 200, "$on: again: 200") || diag $_->{body} for @again;
    is_refused_for($_, $first, "$on: again: failed, and names the first") for @again;
    is(scalar(@{ $again[2]{json}{items} }), 1, "$on: again, of two: one record");
    is(redeemed($order), 1, "$on: and one coupon is redeemed");

    my $next = $gateway->verify(code => code_of($order, 1));
    view_is($next, "$on: the code of the next coupon: redeemed", verify_status => 'success',
        origin_code => code_of($order, 1));
    is_refused_for($gateway->verify(code => code_of($order, 1)), $next, "$on: that one again: failed");
    is(redeemed($order), 2, "$on: two codes, two coupons");
    return;
}

sub at_once {
    my ($on) = @_;
    my $order = order();
    $sandbox->switch(latency_ms => 30);
    my @begun = map { $gateway->client->begin(POST => '/coupons/verify', { poi_id => POI, code => code_of($order) }) }
        1 .. 4;
    my @answers = map { $_->finish } @begun;
    $sandbox->switch(latency_ms => 0);
    is(scalar(grep { $_->{json}{data}{verify_status} eq 'success' } settled(@answers)), 1,
        "$on: four at once: one success") or diag outcomes(@answers);
    is(redeemed($order), 1, "$on: four at once: one coupon");
    return;
}

# The answer to the first verify is lost, so that it is not settled when the second comes.
sub while_processing {
    my ($on, %second) = @_;
    my $order = order();
    $sandbox->fault(call => 'verify', fault => 'status_after', http_status => 502);
    my $first = $gateway->verify(code => code_of($order));
    is(outcomes($first), '202 processing', "$on: the first is not settled");
    is($first->{json}{data}{origin_code}, code_of($order), "$on: and has the code that was typed");
    my $calls = $sandbox->count('verify');
    my $second = $gateway->verify(code => code_of($order), %second);
    is(outcomes($second), '202 processing', "$on: the second waits") or diag $second->{body};
    is($sandbox->count('verify'), $calls, "$on: and nothing is sent for it");
    return sub {
        my ($one, $two) = settled($first, $second);
        view_is($one, "$on: the first is redeemed", verify_status => 'success', origin_code => code_of($order));
        is_refused_for($two, $one, "$on: and the second is not");
        is(redeemed($order), 1, "$on: one coupon is redeemed");
    };
}

sub after_failure {
    my $order = order();
    $sandbox->fault(call => 'verify', fault => 'status', http_status => 502);
    my $first = $gateway->verify(code => code_of($order));
    is(outcomes($first), '202 processing', 'the first is not settled');
    $sandbox->set_coupon(code_of($order), status => 4);
    my $second = $gateway->verify(code => code_of($order));
    is(outcomes($second), '202 processing', 'the second waits');
    my $third = $gateway->verify(code => code_of($order));
    is(outcomes($third), '202 processing', 'a third, too');
    return sub {
        my ($one, $two, $three) = settled($first, $second, $third);
        is($one->{json}{data}{verify_status}, 'failed', 'the first fails: its coupon was refunded');
        is(join(' ', sort map { $_->{json}{data}{verify_status} } $two, $three), 'failed success',
            'then one of the others is redeemed');
        is(redeemed($order), 1, 'one coupon is');
    };
}

sub given_up {
    my $order = order();
    $sandbox->fault(call => 'verify', fault => 'status_after', http_status => 502);
    my $first = $gateway->verify(code => code_of($order));
    my $second = $gateway->verify(code => code_of($order));
    is(outcomes($second), '202 processing', 'a second that waits');
    my $cancel = $gateway->client->call(POST => '/coupons/cancel', { verification_id => $second->{json}{data}{id} });
    is($cancel->{status}, 202, 'may be given up');
    return sub {
        my ($one, $two) = settled($first, $second);
        view_is($two, 'and ends so', verify_status => 'failed', error_code => -2);
        is($one->{json}{data}{verify_status}, 'success', 'the first is redeemed');
        is(redeemed($order), 1, 'one coupon is redeemed');
    };
}

sub cancelled {
    my $order = order();
    my $first = $gateway->verify(code => code_of($order));
    my $cancel = $gateway->client->call(POST => '/coupons/cancel', { verification_id => $first->{json}{data}{id} });
    is($cancel->{json}{data}{verify_status}, 'cancelled', 'a redemption is cancelled') or diag $cancel->{body};
    my $again = $gateway->verify(code => code_of($order));
    view_is($again, 'then its code is redeemed again', verify_status => 'success', origin_code => code_of($order),
        certificate_id => $first->{json}{data}{certificate_id});
    is_refused_for($gateway->verify(code => code_of($order)), $again, 'and then no more');
    is(redeemed($order), 1, 'one coupon is redeemed');
    return;
}

sub times_card {
    my $order = $sandbox->mint(coupons => 2, kind => 'times_card', times => 3);
    my @uses = map { $gateway->verify(code => code_of($order)) } 1 .. 3;
    is(outcomes(@uses), join(' ', ('200 success') x 3), 'a times card is redeemed as often as it has uses');
    is_refused_for($gateway->verify(code => code_of($order)), $uses[2], 'and the next card is not touched');
    is(sum0(map { $sandbox->coupon($_->{code})->{times_used} } @{ $order->{coupons} }), 3, 'three uses are taken');
    return;
}

sub several {
    my $order = order();
    my $first = $gateway->verify(code => code_of($order), count => 2);
    is(outcomes($first), '200 success', 'two coupons by one code');
    my $second = { json => { data => $first->{json}{items}[1] } };
    is_refused_for($gateway->verify(code => code_of($order, 0)), $first, 'the code of the first is redeemed');
    is_refused_for($gateway->verify(code => code_of($order, 1)), $second, 'that of the second, too');
    is(redeemed($order), 2, 'and two coupons are');
    return;
}

# However the code was redeemed.
sub other_modes {
    my $order = order();
    my $first = $gateway->verify(short_link => $order->{short_link});
    is_refused_for($gateway->verify(code => code_of($order)), $first, 'redeemed by link: the code takes no other');
    my $preview = $gateway->client->call(POST => '/coupons/prepare', { poi_id => POI, code => code_of($order, 1) });
    my $prepared = $gateway->verify(verify_token => $preview->{json}{data}{verify_token},
        encrypted_code => $preview->{json}{data}{certificates}[0]{encrypted_code});
    view_is($prepared, 'prepared by the caller: its record has the order that Douyin names', verify_status => 'success',
        order_id => $order->{order_id});
    is_refused_for($gateway->verify(code => code_of($order, 1)), $prepared, 'then the code takes no other, either');
    is(outcomes($gateway->verify(short_link => $order->{short_link})), '200 success', 'a link does, as it names none');
    is(redeemed($order), 3, 'three coupons are redeemed');
    return;
}

# What remains: the order's first coupon is another one than the code's.
sub another_coupon_first {
    my $order = order();
    my $first = $gateway->verify(code => code_of($order, 2));
    view_is($first, 'the code of the third: the first is redeemed, and said', verify_status => 'success',
        origin_code => code_of($order, 0));
    is(outcomes($gateway->verify(code => code_of($order, 2))), '200 success', 'again: its code was not redeemed');
    return;
}

sub with_a_key {
    my $order = order();
    my %key = (headers => { 'Idempotency-Key' => 'one-code' });
    my @call = (POST => '/coupons/verify', { poi_id => POI, code => code_of($order) });
    my $first = $gateway->client->call(@call, %key);
    my $again = $gateway->client->call(@call, %key);
    is("$again->{status} " . ($again->{headers}{'idempotency-replayed'} // ''), '200 true', 'with its key: a replay');
    is($again->{body}, $first->{body}, 'of the same record, to the byte');
    my $other = $gateway->client->call(@call, headers => { 'Idempotency-Key' => 'another-code' });
    is_refused_for($other, $first, 'with another key: refused');
    my $replay = $gateway->client->call(@call, headers => { 'Idempotency-Key' => 'another-code' });
    is($replay->{body}, $other->{body}, 'which is replayed, too');
    return;
}

for my $driver (qw(sqlite3 pgsql mysql)) {
    $gateway = Dygw::Gateway->new(database => Dygw::Database->new($driver), sandbox => $sandbox)->start;
    my @later = while_processing($driver);
    push @later, while_processing('two of an order', count => 2), after_failure(), given_up() if $driver eq 'sqlite3';
    in_a_row($driver);
    at_once($driver);
    if ($driver eq 'sqlite3') {
        cancelled();
        times_card();
        several();
        other_modes();
        another_coupon_first();
        with_a_key();
    }
    $_->() for @later;
    $gateway->disconnect;
    $gateway->server->check_log("$driver: a clean log");
}
is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
