#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Races of a redemption with a Douyin that forgets verify_tokens soon, works late, and serves other systems of the same
# store: no cancel is undone by our own repetition, nothing is called ours that is not, nothing failed that comes later.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Gateway qw(POI);
use Dygw::Server qw(patience poll);
use Dygw::Truth;

use constant ON         => JSON::PP::true;
use constant BUSY       => 2100004;
use constant CATCH_ALL  => 3000001;
use constant LATE_MS    => 9000;        # after the refusal of the first repetition
use constant ON_THE_WAY => 2500;        # ms that a repetition takes; the upstream time-out is longer
use constant SETTLED    => 45;          # seconds
use constant QUARTER_MS => 900_000;     # so long after the last verify an unused coupon counts as not redeemed

my $gateway = Dygw::Gateway->new;
$gateway->start;
my $sandbox = $gateway->sandbox;
my $truth = Dygw::Truth->new($gateway);

sub row { my ($id) = @_; return ($truth->rows_where("id = $id"))[0] }

sub becomes {
    my ($id, $status, $name) = @_;
    poll { row($id)->{verify_status} eq $status } SETTLED;
    return is(row($id)->{verify_status}, $status, $name);
}

# Two coupons in one verify, of which Douyin redeems the first and is busy with the second: the order and the ids.
sub redeem_one_of_two {
    my $order = $sandbox->mint(coupons => 2);
    $sandbox->fault(call => 'verify', fault => 'result', result => BUSY, item => 1);
    my $answer = $gateway->verify(short_link => $order->{short_link}, count => 2);
    my @items = @{ $answer->{json}{data}{items} // $answer->{json}{items} // [] };
    is(join(' ', $answer->{status}, map { $_->{verify_status} } @items), '202 success processing',
        'of two coupons one is redeemed, the other is not known') or diag($answer->{body});
    return ($order, map { $_->{id} } @items);
}

# --- "ours", and failed ---

# Its own prepare showed it usable; half a minute before our verify another system of the store redeems it.
my $foreign = $sandbox->mint_coupon;
my %foreign = $truth->fields('encrypted_code', $foreign);
$sandbox->set_coupon($foreign->{code},
    used_elsewhere => { poi_id => POI, verify_type => 4, at_ms => int(time * 1000) - 30_000 });
$sandbox->fault(call => 'verify', fault => 'error', error_code => BUSY);
my $not_ours = $truth->verify($foreign, %foreign);
is($not_ours->{answer}{status}, 202, 'redeemed by another system: our verify is not answered');

my $coupon = $sandbox->mint_coupon;
$sandbox->fault(call => 'verify', fault => 'apply_late', ms => LATE_MS);
my $late = $truth->verify($coupon, code => $coupon->{code});
is($late->{answer}{status}, 202, 'a verify that comes late is not answered');
my $late_id = $late->{answer}{json}{data}{id};

$sandbox->fault(call => 'verify', fault => 'error', error_code => CATCH_ALL, times => -1);
my $after = $sandbox->last_seq;
ok((poll { my @refused = grep { grep { $_ eq $coupon->{encrypted_code} } @{ $_->{codes} } }
        $sandbox->calls(call => 'verify', after => $after); @refused > 0 } SETTLED), 'its repetition is refused');
ok((poll { row($late_id)->{repeats} == 1 && row($late_id)->{lease_until} == 0 } 5), 'and the refusal is noted');
is(row($late_id)->{verify_status}, 'processing', 'so it stays open: the first one may still be done');
is($sandbox->coupon($coupon->{code})->{status}, 1, 'which it is not yet');
my $foreign_id = $not_ours->{answer}{json}{data}{id};
ok((poll { row($foreign_id)->{verify_status} ne 'processing' } SETTLED), 'the other is settled');
$truth->settled($not_ours, 'what another system redeemed before is not ours', verify_status => 'failed',
    error_code => 1208);
$sandbox->clear;

# --- cancels ---

$sandbox->switch(token_window_ms => 1);
my ($order, $first, $second) = redeem_one_of_two();
my ($gone, $gone_first, $gone_second) = redeem_one_of_two();
$sandbox->set_coupon($gone->{coupons}[0]{code}, cancelled_elsewhere => ON);
$sandbox->fault(call => 'verify', fault => 'latency', ms => ON_THE_WAY, times => -1);
$after = $sandbox->last_seq;

ok((poll { row($second)->{repeats} == 1 } SETTLED), 'the repetition of both is on its way');
my $cancel = $gateway->client->call(POST => '/coupons/cancel', { verification_id => $first });
is($cancel->{status}, 202, 'meanwhile the first is cancelled, as a wish only') or diag($cancel->{body});
is($sandbox->coupon($order->{coupons}[0]{code})->{status}, 2, 'Douyin has not heard of it');

becomes($first, 'cancelled', 'it is cancelled when the repetition has ended');
becomes($second, 'success', 'and the second was redeemed by that');
is($sandbox->coupon($order->{coupons}[0]{code})->{status}, 1, 'the cancel is not undone');

becomes($gone_first, 'cancelled', 'what was cancelled in Douyin\'s own app is recorded so');
my @repeated = grep { grep { $_ eq $gone->{coupons}[1]{encrypted_code} } @{ $_->{codes} } }
    $sandbox->calls(call => 'verify', after => $after);
is(scalar @repeated, 0, 'and not redeemed again by repeating the other');
is($sandbox->coupon($gone->{coupons}[0]{code})->{status}, 1, 'its coupon stays free');
is(row($gone_second)->{verify_status}, 'processing', 'the other is followed by looks');
$gateway->database->query('UPDATE dygw_verifications SET sent_at = sent_at - ' . QUARTER_MS .
    ", next_run_at = 1 WHERE id = $gone_second");
becomes($gone_second, 'failed', 'until it is certain');

becomes($late_id, 'success', 'the verify that came late is found');
$truth->settled($late, 'and is ours', verify_status => 'success', confirmed_by => 'status_query');

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
