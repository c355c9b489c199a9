#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What Dygw::Client holds every answer against is the description, and it finds what is not as it says.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Client;
use Dygw::Contract;
use Dygw::Expect;
use Dygw::Gateway qw(POI);

my $gateway = Dygw::Gateway->new->start;
my $coupon = $gateway->sandbox->mint_coupon;
my $answer = $gateway->verify(code => $coupon->{code});
my $line = 'POST /v1/open/coupons/verify HTTP/1.1';
is($answer->{status}, 200, 'a redemption');
cmp_ok(Dygw::Contract::checked(), '>', 1, 'it was held against the description, as those before');
is_deeply([ Dygw::Contract::faults($line, $answer) ], [], 'and is as described');

# A copy of the answer, changed.
sub changed {
    my ($change) = @_;
    my %copy = (%$answer, headers => { %{ $answer->{headers} } }, json => JSON::PP->new->decode(
        JSON::PP->new->encode($answer->{json})));
    $change->(\%copy, $copy{json}{data});
    return \%copy;
}

sub found {
    my ($name, $change, $request_line) = @_;
    my @faults = Dygw::Contract::faults($request_line // $line, changed($change));
    return ok(scalar @faults, "found: $name");
}

found('a status that is not described', sub { $_[0]{status} = 418 });
found('no X-Request-Id', sub { delete $_[0]{headers}{'x-request-id'} });
found('an X-Request-Id that is none', sub { $_[0]{headers}{'x-request-id'} = 'a b' });
found('another type', sub { $_[0]{headers}{'content-type'} = 'text/plain' });
found('no JSON', sub { delete $_[0]{json} });
found('a member that is not described', sub { $_[0]{json}{more} = 1 });
found('a field that is not described', sub { $_[1]{more} = 1 });
found("no $_", sub { delete $_[1]{$_} }) for @VIEW_KEYS;
found('a number as a text', sub { $_[1]{id} = "$_[1]{id}" });
found('a text as a number', sub { $_[1]{poi_id} = 7 });
found('a broken amount', sub { $_[1]{pay_amount} = 1.5 });
found('a word that is none of the enum', sub { $_[1]{verify_status} = 'done' });
found('a time without milliseconds', sub { $_[1]{created_at} = '2019-08-24T14:15:22Z' });
found('null where a value must be', sub { $_[1]{app_name} = undef });
found('202 without a Location', sub { $_[0]{status} = 202 });
found('an answer of another operation', sub { }, 'GET /v1/open/douyin/access-token HTTP/1.1');
found('an answer where there is no operation', sub { }, 'GET /v1/open/nowhere HTTP/1.1');
found('an error with the wrong code', sub { $_[0]{status} = 404; $_[0]{json} = { code => 'conflict', message => 'm',
    request_id => 'r' } }, 'GET /v1/open/verifications/1 HTTP/1.1');

# The same of a preview.
$line = 'POST /v1/open/coupons/preview HTTP/1.1';
my $order = $gateway->sandbox->mint(coupons => 2, weekdays => [ 1 .. 7 ]);
$answer = $gateway->client->call(POST => '/coupons/preview', { poi_id => POI, code => $order->{coupons}[0]{code} });
is_deeply([ Dygw::Contract::faults($line, $answer) ], [], 'a preview is as described');
found("a preview without $_", sub { delete $_[1]{$_} }) for qw(order_id verify_token coupons);
found("a coupon without $_", sub { delete $_[1]{coupons}[1]{$_} }) for keys %{ $answer->{json}{data}{coupons}[1] };
found('a coupon with more', sub { $_[1]{coupons}[0]{more} = 1 });
found('a kind that is none', sub { $_[1]{coupons}[0]{kind} = 'set' });
found('a reason that is none', sub { $_[1]{coupons}[0]{reason} = 'closed' });
found('a number for usable_now', sub { $_[1]{coupons}[0]{usable_now} = 1 });
found('no text as encrypted_code', sub { $_[1]{coupons}[0]{encrypted_code} = '' });
found('a broken amount', sub { $_[1]{coupons}[0]{face_value} = 0.5 });
found('a time in seconds', sub { $_[1]{coupons}[0]{start_time} = 1650278040 });

is_deeply(Dygw::Contract::document()->{components}{schemas}{VerificationView}{required}, \@VIEW_KEYS,
    'every key of a VerificationView is required, in order');
is_deeply([ Dygw::Contract::faults('GET /_sandbox/state HTTP/1.1', { status => 418 }) ], [],
    'other servers are not looked at');

$gateway->finish;
done_testing;
