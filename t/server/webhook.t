#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Douyin's webhooks: whose they are, what they change, and what they cannot.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(poll);
use Dygw::Webhook qw(douyin_signature notification);

my $gateway = Dygw::Gateway->new(directives => { DygwMaxBody => 4096 });
$gateway->start;
my $sandbox = $gateway->sandbox;
my $webhook = Dygw::Webhook->new($gateway);

sub accepted {
    my ($answer, $name, $body) = @_;
    return is("$answer->{status} $answer->{body}", '200 ' . ($body // '{}'), $name);
}

sub redeemed {
    my $coupon = $sandbox->mint_coupon(@_);
    my $answer = $gateway->verify(code => $coupon->{code});
    is($answer->{json}{data}{verify_status}, 'success', 'a redemption') or diag $answer->{body};
    return ($coupon, $answer->{json}{data}{id});
}

sub record { return $gateway->client->call(GET => "/verifications/$_[0]") }

# Asks for a record until it says so.
sub becomes {
    my ($id, $name, %expected) = @_;
    my $answer;
    poll {
        $answer = record($id);
        !grep { ($answer->{json}{data}{$_} // '') ne $expected{$_} } keys %expected;
    } 15;
    return view_is($answer, $name, %expected);
}

# No message waits to be looked into.
sub is_quiet {
    return $gateway->rows('dygw_verifications', "errand_at IS NOT NULL OR enrichment_status = 'pending'") == 0;
}

sub revision { return $gateway->database->query("SELECT revision FROM dygw_verifications WHERE id = $_[0]") }

# --- the check of the URL ---

my $check = '{"event":"verify_webhook","client_key":"","content":{"challenge":12345}}';
accepted($webhook->post($check), 'the check of the URL, signed', '{"challenge":12345}');
accepted($webhook->send($check), 'the check of the URL, unsigned', '{"challenge":12345}');
accepted($webhook->send($check =~ s/12345/"ab-12"/r), 'a challenge that is a text', '{"challenge":"ab-12"}');
accepted($webhook->post($check, 'Content-Type' => 'text/plain'), 'whatever its type', '{"challenge":12345}');
accepted($webhook->post($check, 'Content-Type' => undef), 'or without one', '{"challenge":12345}');
error_is($webhook->send($check, 'X-Douyin-Signature' => '0' x 40), 401, 'invalid_credentials',
    'the check of the URL, wrongly signed');

# --- whose messages count ---

my ($coupon, $id) = redeemed();
my $body = notification($coupon, 'refund_success');
my $right = douyin_signature(Dygw::Sandbox::CLIENT_SECRET, $body);
error_is($webhook->send($body), 401, 'missing_credentials', 'no signature');
my %wrong = (
    'an empty signature' => '', 'a wrong signature' => '0' x 40, 'a signature in capitals' => uc $right,
    'half a signature' => substr($right, 0, 20), 'two signatures' => "$right, $right", 'more than it' => "${right}0",
    'that of another secret' => douyin_signature('another secret', $body),
    'that of another body' => douyin_signature(Dygw::Sandbox::CLIENT_SECRET, "$body ")
);
for my $what (sort keys %wrong) {
    error_is($webhook->send($body, 'X-Douyin-Signature' => $wrong{$what}), 401, 'invalid_credentials', $what);
}
is($gateway->rows('dygw_webhooks'), 0, 'nothing of it was kept');
for my $method (qw(GET PUT PATCH DELETE)) {
    my $answer = $webhook->{client}->call($method => '/douyin/webhook');
    error_is($answer, 405, 'method_not_allowed', $method);
    is($answer->{headers}{allow}, 'POST', "$method: Allow");
}
is($webhook->{client}->call(HEAD => '/douyin/webhook')->{status}, 405, 'HEAD');
error_is($webhook->post('{"x":"' . 'y' x 5000 . '"}'), 413, 'body_too_large', 'a body over DygwMaxBody');
$webhook->disconnect;

# --- what is signed and odd ---

for my $odd ('', '{', "\xff", 'x', '{"event":"verify_webhook","content":{"challenge":1}') {
    error_is($webhook->post($odd), 400, 'invalid_json', 'signed, and no JSON: ' . unpack('H*', $odd));
}
my $nested = '{"event":' . '[' x 40 . ']' x 40 . '}';
error_is($webhook->post($nested), 400, 'invalid_json', 'nested too deep');
for my $odd ('{}', '[]', '17', '{"event":"life_trade_order_notify","content":"{}"}', '{"event":null}',
    '{"event":"life_trade_certificate_notify","content":"no json"}',
    '{"event":"life_trade_certificate_notify","content":{"action":"verify","certificate":{"certificate_id":{}}}}') {
    accepted($webhook->post($odd), "of no use here: $odd");
}
is($gateway->rows('dygw_webhooks'), 0, 'none of these is kept');
my $unknown = { certificate_id => '7999999999999999999', order => { order_id => "1' OR '1'='1" } };
accepted($webhook->notify($unknown, "x' OR 1=1 --" . 'y' x 500), 'a coupon that nobody knows, in strange words');
is($gateway->rows('dygw_webhooks'), 1, 'is kept');

# --- refunded ---

$sandbox->set_coupon($coupon->{code}, cancelled_elsewhere => JSON::PP::true);
accepted($webhook->notify($coupon, 'verify_cancel'), 'cancelled at Douyin');
becomes($id, 'its record becomes cancelled', verify_status => 'cancelled', confirmed_by => 'webhook');

# --- once ---

($coupon, $id) = redeemed();
my $calls = sub { scalar grep { $_->{call} =~ /get|query/ } $sandbox->calls(after => 0) };
$body = notification($coupon, 'verify', client_key => 'of-another-application');
my $kept = $gateway->rows('dygw_webhooks');
accepted($webhook->post($body, 'Msg-Id' => 'the-same'), 'a message') for 1 .. 3;
is($gateway->rows('dygw_webhooks') - $kept, 1, 'that comes three times counts once');
accepted($webhook->post($body), 'without a Msg-Id it is the same one') for 1 .. 2;
is($gateway->rows('dygw_webhooks') - $kept, 1, 'and counts once still');
ok(poll(\&is_quiet, 15), 'what it says is looked into');
my ($asked, $revision) = ($calls->(), revision($id));
my @copies = map { $webhook->post($body, 'Msg-Id' => "copy-$_") } 1 .. 200;
is(scalar(grep { $_->{status} == 200 } @copies), 200, '200 copies under 200 names');
is($gateway->rows('dygw_webhooks') - $kept, 1, 'are one message');
is_deeply([ revision($id), $calls->() ], [ $revision, $asked ], 'and make no work and no call');
like($gateway->server->log_text, qr/DYGW0450: .*, and it was told before \(Msg-Id copy-200\)/, 'the log names each');
becomes($id, 'what it says changes nothing: Douyin was asked', verify_status => 'success', coupon_status => 'used',
    confirmed_by => 'response');
accepted($webhook->notify($coupon, 'verify', as_object => 1), 'content may be an object');
poll { $gateway->rows('dygw_verifications', 'errand_at IS NOT NULL') == 0 } 15;

# --- cancelled again ---

# Redeem, cancel, redeem, cancel: Douyin gives both cancellations one Msg-Id.
my ($twice, @ids);
for my $round (1, 2) {
    $twice //= $sandbox->mint_coupon;
    my $answer = $gateway->verify(code => $twice->{code});
    push @ids, $answer->{json}{data}{id};
    is($answer->{json}{data}{verify_status}, 'success', "redeemed, $round") or diag $answer->{body};
    $sandbox->set_coupon($twice->{code}, cancelled_elsewhere => JSON::PP::true);
    my $cancelled = notification($twice, 'verify_cancel', log_id => "log-$round");
    accepted($webhook->post($cancelled, 'Msg-Id' => 'cancel-of-it'), "cancelled in Douyin's app, $round");
    becomes($ids[-1], "its record becomes cancelled, $round", verify_status => 'cancelled', confirmed_by => 'webhook');
}
isnt($ids[0], $ids[1], 'they are two records');

# --- a lie ---

my $before = record($id)->{json}{data};
accepted($webhook->notify($coupon, 'refund_success'), 'a refund that Douyin does not show');
poll { $gateway->rows('dygw_verifications', 'errand_at IS NOT NULL') == 0 } 15;
view_is(record($id), 'changes nothing', verify_status => 'success', coupon_status => 'used',
    verify_id => $before->{verify_id});

# --- in the log ---

my $log = $gateway->server->log_text;
like($log, qr/DYGW0450: Douyin tells of coupon \Q$coupon->{certificate_id}\E: verify;/, 'the log tells what came');
unlike($log, qr/\Q$coupon->{code}\E|\Q$right\E/, 'and neither codes nor signatures');

$webhook->disconnect;
$gateway->finish;

# --- without a database ---

my $on_pgsql = Dygw::Gateway->new(driver => 'pgsql', sandbox => Dygw::Sandbox->start_new);
$on_pgsql->start;
my $its = Dygw::Webhook->new($on_pgsql);
$on_pgsql->server->announce(qw(DYGW0600 DYGW0601 DYGW0310 AH00629 AH00632 AH00633 AH00636 AH00639 AH02655));
$on_pgsql->database->stop;
my $message = notification($unknown, 'verify');
error_is($its->post($message, 'Msg-Id' => 'm'), 503, 'database_unavailable', 'without database: send it again');
$on_pgsql->database->start;
poll { $its->post($message, 'Msg-Id' => 'm')->{status} == 200 } 15;
is($on_pgsql->rows('dygw_webhooks'), 1, 'and then it is kept');
$its->disconnect;
$on_pgsql->finish;
done_testing;
