#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What Douyin, proxies and scanners really send: damaged text, answers compressed unasked, lists under their second
# name, blanks in links, and refusals that are not the coupon's fault. None of it decides what becomes of a coupon.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Encode qw(decode FB_CROAK);
use File::Temp qw(tempdir);
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Metrics;
use Dygw::Sandbox;
use Dygw::Server qw(poll spew);

use constant SETTLED_SEC => 60;

# A Douyin that also has an answer too large, compressed to little.
my $files = tempdir('dygw-field-XXXXXX', DIR => '/tmp', CLEANUP => 1);
chmod 0755, $files;
my $blanks = ' ' x (16 * 1024 * 1024);
spew("$files/bomb", qq({"data":{"error_code":0,"verify_token":"t","certificates":[]$blanks}}), 0644);
my $sandbox = Dygw::Sandbox->new(modules => [qw(alias deflate setenvif)], conf => <<"END");
<Directory "$files">
    ForceType application/json
</Directory>
AliasMatch "^/bomb/goodlife/v1/fulfilment/certificate/prepare/?\$" "$files/bomb"
<LocationMatch "^/bomb/goodlife/">
    SetHandler default-handler
    SetOutputFilter DEFLATE
    SetEnvIf Request_URI . force-gzip
</LocationMatch>
END
my $gateway = Dygw::Gateway->new(sandbox => $sandbox, timeout => 2, directives => { DygwEnrichRetry => '1s 2s 60s' });
$gateway->start;
my $client = $gateway->client;
$gateway->server->announce(qw(DYGW0210 DYGW0415 DYGW0500 DYGW0501 DYGW0512));

sub redeem { my ($coupon, @how) = @_; return $gateway->verify(@how ? @how : (code => $coupon->{code})) }

sub row {
    my ($answer, $columns) = @_;
    my ($row) = $gateway->database->query(
        "SELECT $columns FROM dygw_verifications WHERE id = $answer->{json}{data}{id}");
    return @$row;
}

# Its repetition is due now: nobody is at it yet.
sub hurry {
    my ($answer) = @_;
    $gateway->database->query('UPDATE dygw_verifications SET next_run_at = 1, sent_at = sent_at - 5000 ' .
        "WHERE id = $answer->{json}{data}{id}");
    return $answer;
}

# A verify that was done, and whose answer was lost.
sub lose {
    my ($coupon) = @_;
    $sandbox->fault(call => 'verify', fault => 'status_after', http_status => 502);
    my $answer = redeem($coupon);
    is($answer->{status}, 202, 'an answer that is lost') or diag $answer->{body};
    return $answer;
}

# Waits for the end of a redemption; its view.
sub settled {
    my ($answer) = @_;
    my $view;
    poll {
        $view = $client->call(GET => "/verifications/$answer->{json}{data}{id}");
        $view->{json}{data}{verify_status} ne 'processing';
    } SETTLED_SEC;
    return $view;
}

sub is_utf8 {
    my ($answer, $name) = @_;
    return ok(defined eval { decode('UTF-8', my $copy = $answer->{body}, FB_CROAK) }, "$name: the answer is UTF-8");
}

# --- damaged text ---

for my $how (qw(surrogate cut control nul bom)) {
    my %damage = (fault => 'damage', how => $how, times => -1);
    $sandbox->fault(call => $_, %damage) for qw(prepare verify query orders);
    my $coupon = $sandbox->mint_coupon;
    my $prepared = $client->call(POST => '/coupons/prepare', { poi_id => POI, code => $coupon->{code} });
    is($prepared->{status}, 200, "$how: prepare") or diag $prepared->{body};
    is_utf8($prepared, "$how: prepare");
    is("$prepared->{json}{data}{certificates}[0]{certificate_id}", $coupon->{certificate_id},
        "$how: and Douyin's own JSON, to the last digit");
    my $answer = redeem($coupon);
    view_is($answer, "$how: the coupon is redeemed at once", verify_status => 'success', origin_code => $coupon->{code},
        sku_name => qr{\A双人套餐}s);
    is_utf8($answer, "$how: verify");
    my $enriched = poll { (row($answer, 'enrichment_status'))[0] eq 'success' } SETTLED_SEC;
    ok($enriched, "$how: and enriched");
    $sandbox->clear;
    my $stores = $sandbox->fault(call => 'stores', %damage) && $client->call(GET => '/douyin/stores');
    is($stores->{status}, 200, "$how: stores");
    is_utf8($stores, "$how: stores");
    $sandbox->fault(call => 'token', %damage);
    $sandbox->kill_tokens;
    view_is(redeem($sandbox->mint_coupon), "$how: a token is had", verify_status => 'success');
    $sandbox->clear;
}

# An answer that is lost, and all that is asked afterwards comes damaged.
for my $how (qw(surrogate cut)) {
    my $answer = lose($sandbox->mint_coupon);
    $sandbox->fault(call => $_, fault => 'damage', how => $how, times => -1) for qw(verify query get);
    view_is(settled(hurry($answer)), "$how: is settled", verify_status => 'success', confirmed_by => 'replay');
    $sandbox->clear;
}

# Douyin shows our redemption, and no repetition is ever understood.
{
    my $answer = lose($sandbox->mint_coupon);
    $sandbox->fault(call => 'verify', fault => 'garbage', times => -1);
    view_is(settled(hurry($answer)), 'a fit that is seen settles, though no repetition is understood',
        verify_status => 'success', confirmed_by => 'status_query');
    $sandbox->clear;
}

# --- copies ---

my $usual = $sandbox->switch;
for my $copies (qw(v2 v2_null v2_empty)) {
    $sandbox->switch(copies => $copies);
    my $coupon = $sandbox->mint_coupon;
    view_is(redeem($coupon), "$copies: the coupon is found and redeemed", verify_status => 'success',
        origin_code => $coupon->{code});
    view_is(settled(hurry(lose($sandbox->mint_coupon))), "$copies: and found again", verify_status => 'success');
}
$sandbox->switch(copies => $usual->{copies});

# --- compression ---

for my $call (qw(token short_link prepare verify)) {
    my $coupon = $sandbox->mint_coupon;
    $sandbox->kill_tokens if $call eq 'token';
    $sandbox->fault(call => $call, fault => 'compress', times => -1);
    view_is(redeem($coupon, short_link => $coupon->{order}{short_link}), "$call: compressed, and understood",
        verify_status => 'success', origin_code => $coupon->{code});
    $sandbox->clear;
}
my $coupon = $sandbox->mint_coupon;
$sandbox->fault(call => 'prepare', fault => 'compress');
my $prepared = $client->call(POST => '/coupons/prepare', { poi_id => POI, code => $coupon->{code} });
is($prepared->{status}, 200, 'prepare, compressed');
is($prepared->{headers}{'content-encoding'}, undef, 'is handed on as it is');
is("$prepared->{json}{data}{certificates}[0]{certificate_id}", $coupon->{certificate_id}, 'and understood');
{
    my $answer = lose($sandbox->mint_coupon);
    $sandbox->fault(call => 'any', fault => 'compress', times => -1);
    view_is(settled(hurry($answer)), 'the background understands it, too', verify_status => 'success');
    $sandbox->clear;
}

# --- links ---

for my $blank (qw(blank tab)) {
    $sandbox->switch(link_blank => $blank);
    my $linked = $sandbox->mint_coupon;
    view_is(redeem($linked, short_link => $linked->{order}{short_link}), "a Location with a $blank",
        verify_status => 'success', origin_code => $linked->{code});
}
$sandbox->switch(link_blank => $usual->{link_blank});

# --- refused for what is not the coupon's fault ---

my @refused;
for my $case ([ 2119013, 'a known number' ], [ 2190099, 'a number nobody knows' ], [ 2100005, 'a wrong request' ]) {
    my ($code, $what) = @$case;
    my $waiting = $sandbox->mint_coupon;
    $sandbox->fault(call => 'verify', fault => 'error', error_code => $code, description => 'why');
    my $answer = redeem($waiting);
    is($answer->{status}, 202, "verify, $what: 202") or diag $answer->{body};
    view_is($answer, "$what: processing", verify_status => 'processing', error_code => 0);
    push @refused, [ $what, $waiting, $answer ];
}
$sandbox->fault(call => 'verify', fault => 'error', error_code => 2119013, times => 3);
hurry($_->[2]) for @refused;
for my $case (@refused) {
    my ($what, $waiting, $answer) = @$case;
    view_is(settled($answer), "$what: redeemed when that is mended", verify_status => 'success',
        origin_code => $waiting->{code});
    is(@{ $sandbox->coupon($waiting->{code})->{verifications} }, 1, "$what: once");
}
$sandbox->clear;

# --- counting ---

sub refusals { return Dygw::Metrics->scrape($gateway)->total('dygw_refusals_total', @_) }

for my $code (1212, 45005117, 2119006, 2119007, 1033000519) {
    my $before = refusals(code => $code, kind => 'coupon');
    $sandbox->fault(call => 'prepare', fault => 'error', error_code => $code);
    redeem($sandbox->mint_coupon);
    is(refusals(code => $code, kind => 'coupon') - $before, 1, "$code has a series of its own");
}
$sandbox->fault(call => 'prepare', fault => 'error', error_code => 2119098, times => 2);
error_is(redeem($sandbox->mint_coupon), 502, 'upstream_refused', 'a number that nobody knows is not about the coupon')
    for 1 .. 2;
is(refusals(code => 2119098, kind => 'setup'), 2, 'and counted as itself');
like($gateway->server->log_text, qr/DYGW0512: .* error_code 2119098 /, 'and logged');
is(refusals(code => 2190099), 1, 'so is the answer to a verify');
$sandbox->fault(call => 'prepare', fault => 'error', error_code => $_) for map { 2119500 + $_ } 0 .. 39;
redeem($sandbox->mint_coupon) for 0 .. 39;
my $page = Dygw::Metrics->scrape($gateway);
my $own = grep { $page->total('dygw_refusals_total', code => $_) // 0 } map { 2119500 + $_ } 0 .. 39;
is($own, 30, 'there is room for 32 of these numbers');
is($page->total('dygw_refusals_total', code => 'other', kind => 'setup'), 10, 'all others are others');
$gateway->graceful;
is(refusals(code => 2119098), 2, 'a restart keeps them');

# --- an answer that is small only while it is compressed ---

$gateway->set(DygwUpstream => $sandbox->url . '/bomb');
$gateway->graceful;
$prepared = $gateway->client->call(POST => '/coupons/prepare', { poi_id => POI, code => '123456789012' });
error_is($prepared, 502, 'upstream_error', 'an answer over 1 MiB when it is decoded is refused');
like($gateway->server->log_text, qr/DYGW0500: .*\(the answer is too large\)/, 'and the log says why');

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$gateway->finish;
done_testing;
