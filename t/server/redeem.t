#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A coupon is redeemed: the same on every database and with every MPM.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Client;
use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;

my $sandbox = Dygw::Sandbox->start_new;

# What every record says of a coupon that was redeemed just now.
sub redeemed {
    my ($coupon, $mode) = @_;
    return (
        verify_status => 'success', error_code => 0, error_description => '', poi_id => POI,
        app_name => 'app of a test', certificate_id => $coupon->{certificate_id},
        encrypted_code => $coupon->{encrypted_code}, origin_code => $coupon->{code}, coupon_status => 'used',
        verify_id => qr/\A\d{19}\z/, order_id => $coupon->{order}{order_id},
        source_order_id => $coupon->{order}{order_id}, verify_time => instant(), cancelable_until => instant(),
        created_at => instant(), updated_at => instant(), enrichment_retry_count => qr/\A\d+\z/,
        confirmed_by => 'response', mode => $mode
    );
}

# What Douyin knows of it.
sub is_redeemed_once {
    my ($coupon, $answer, $name) = @_;
    my $truth = $sandbox->coupon($coupon->{code});
    my @verifications = @{ $truth->{verifications} };
    is("$truth->{status} " . @verifications . ' ' . ($verifications[0]{verify_id} // ''),
        "2 1 $answer->{json}{data}{verify_id}", $name);
    return;
}

sub redemption {
    my ($on, $gateway, $mode, %fields) = @_;
    my $coupon = delete $fields{coupon};
    my $answer = $gateway->verify(%fields);
    is($answer->{status}, 200, "$on: by $mode: 200") or diag $answer->{body};
    view_is($answer, "$on: by $mode: success, every key in order", redeemed($coupon, $mode));
    is_redeemed_once($coupon, $answer, "$on: by $mode: Douyin says so too");
    my $read = $gateway->client->call(GET => "/verifications/$answer->{json}{data}{id}");
    is($read->{status}, 200, "$on: by $mode: it is recorded");
    view_is($read, "$on: by $mode: and reads the same", redeemed($coupon, $mode),
        map { $_ => $answer->{json}{data}{$_} } qw(id verify_id verify_time created_at request_id));
    return $answer;
}

sub core {
    my ($on, $gateway) = @_;
    my $rows = $gateway->rows('dygw_verifications');

    my $coupon = $sandbox->mint_coupon;
    redemption($on, $gateway, code => coupon => $coupon, code => $coupon->{code});

    my $again = $gateway->verify(code => $coupon->{code});
    is($again->{status}, 200, "$on: a used coupon: 200") or diag $again->{body};
    view_is($again, "$on: a used coupon: failed", verify_status => 'failed', error_code => qr/\A-?[1-9]/,
        error_description => qr/./, verify_id => undef, enrichment_status => 'skipped', confirmed_by => undef);
    is(scalar(@{ $sandbox->coupon($coupon->{code})->{verifications} }), 1, "$on: and not redeemed twice");

    $coupon = $sandbox->mint_coupon;
    redemption($on, $gateway, short_link => coupon => $coupon, short_link => $coupon->{order}{short_link});

    $coupon = $sandbox->mint_coupon;
    my $prepared = $gateway->client->call(POST => '/coupons/prepare', { poi_id => POI, code => $coupon->{code} });
    is($prepared->{status}, 200, "$on: prepare") or diag $prepared->{body};
    my %mine = (encrypted_code => $prepared->{json}{data}{certificates}[0]{encrypted_code},
        verify_token => $prepared->{json}{data}{verify_token});
    is($mine{encrypted_code}, $coupon->{encrypted_code}, "$on: prepare gives the encrypted code");
    my $answer = redemption($on, $gateway, encrypted_code => coupon => $coupon, %mine,
        order_id => $coupon->{order}{order_id});
    my $replay = $gateway->verify(%mine);
    is($replay->{headers}{'idempotency-replayed'}, 'true', "$on: the same again is a replay");
    is($replay->{json}{data}{id}, $answer->{json}{data}{id}, "$on: of the same record");
    is($sandbox->coupon($coupon->{code})->{verify_calls}, 1, "$on: and Douyin hears nothing of it");

    my $order = $sandbox->mint(coupons => 3);
    my @coupons = @{ $order->{coupons} };
    my $many = $gateway->verify(short_link => $order->{short_link}, count => 2);
    is($many->{status}, 200, "$on: two of three") or diag $many->{body};
    for my $i (0, 1) {
        view_is($many, "$on: item $i", item => $i, redeemed({ %{ $coupons[$i] }, order => $order }, 'short_link'));
    }
    is_deeply($many->{json}{data}, $many->{json}{items}[0], "$on: data is the first of them");
    is($sandbox->coupon($coupons[2]{code})->{status}, 1, "$on: the third is unused");

    is($gateway->rows('dygw_verifications') - $rows, 6, "$on: one row each");
    is($gateway->rows('dygw_verifications', "verify_status = 'processing'"), 0, "$on: nothing is left open");
    return;
}

for my $driver (qw(sqlite3 pgsql mysql)) {
    my $database = Dygw::Database->new($driver);
    for my $mpm (qw(event worker prefork)) {
        my $gateway = Dygw::Gateway->new(database => $database, sandbox => $sandbox, mpm => $mpm);
        $gateway->start;
        core("$driver, $mpm", $gateway);
        $gateway->disconnect;
        $gateway->server->check_log("$driver, $mpm: a clean log");
    }
}
is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$sandbox->check_log;
done_testing;
