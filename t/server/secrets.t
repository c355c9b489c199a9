#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# No secret reaches a log, whatever the level: a run of everything at trace8, and then every secret is searched for in
# what httpd, the module and the access log have written. And none stands in an error body.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::SHA qw(sha256_hex);
use JSON::PP;
use Test::More;

use Dygw::Client;
use Dygw::Expect;
use Dygw::Gateway qw(POI MASTER_KEY);
use Dygw::Sandbox;
use Dygw::Server qw(slurp poll);
use Dygw::Webhook qw(douyin_signature notification);

my $TOKEN = '/douyin/access-token';
my %secret;         # value => what it is
my @bodies;         # of errors

sub keep { my ($what, @values) = @_; $secret{$_} = $what for grep { length } @values; return }

keep('the client secret', Dygw::Sandbox::CLIENT_SECRET);
keep('the master key', MASTER_KEY, pack 'H*', MASTER_KEY);

my $gateway = Dygw::Gateway->new(log_level => 'trace8', timeout => 0.7);
$gateway->start(allow_token_read => JSON::PP::true);
my ($client, $sandbox, $internal) = ($gateway->client, $gateway->sandbox, $gateway->internal);
keep('an app\'s secret', $client->{secret});

# Every answer's error body is kept, every signature that was sent is a secret.
sub call {
    my (@arguments) = @_;
    my $message = $client->message(@arguments);
    keep('a signature', $message =~ /X-Signature: (\S+)/);
    my $answer = $client->raw($message);
    push @bodies, $answer->{body} if $answer->{status} >= 400;
    return $answer;
}

sub coupon {
    my $coupon = $sandbox->mint_coupon(@_);
    keep('a coupon code', $coupon->{code});
    keep('an encrypted code', $coupon->{encrypted_code}, Dygw::Sandbox::escape($coupon->{encrypted_code}));
    keep('an object_id', $coupon->{order}{object_id}, Dygw::Sandbox::escape($coupon->{order}{object_id}));
    keep('a short link', $coupon->{order}{short_link} =~ m{/s/([^/?]+)});
    return $coupon;
}

sub read_token {
    my $data = call(GET => $TOKEN)->{json}{data};
    keep('an access token', $data->{access_token}) if $data;
    return $data->{access_token};
}

sub verify { return call(POST => '/coupons/verify', { poi_id => POI, @_ }) }

# --- what happens on a good day ---

my $first = read_token();
view_is(verify(code => coupon()->{code}), 'by code', verify_status => 'success');
view_is(verify(short_link => coupon()->{order}{short_link}), 'by short link', verify_status => 'success');
my $mine = coupon();
my $prepared = call(POST => '/coupons/prepare', { poi_id => POI, code => $mine->{code} })->{json}{data};
keep('a verify_token', $prepared->{verify_token});
my %encrypted = (encrypted_code => $mine->{encrypted_code}, verify_token => $prepared->{verify_token});
view_is(verify(%encrypted), 'by encrypted_code', verify_status => 'success') for 1, 2;
call(GET => '/douyin/stores?poi_id=' . POI);
call(GET => '/verifications/1');

# --- and on a bad one ---

verify(code => $mine->{code});
for my $call (qw(prepare verify)) {
    for my $fault ([ 'drop_before' ], [ 'drop_after' ], [ 'garbage' ], [ 'truncated' ],
        [ 'hang', ms => $gateway->too_long ],
        [ 'status', http_status => 500 ], [ 'error', error_code => 1508, description => 'no' ],
        [ 'error', error_code => 2100005, description => 'no' ], [ 'error', error_code => 2119003 ]) {
        my ($kind, %with) = @$fault;
        $sandbox->fault(call => $call, fault => $kind, times => -1, %with);
        verify(code => coupon()->{code});
        $sandbox->clear;
    }
}
for my $fault ([ 'drop_before' ], [ 'status', http_status => 500 ], [ 'hang', ms => $gateway->too_long ]) {
    my ($kind, %with) = @$fault;
    $sandbox->fault(call => 'short_link', fault => $kind, times => -1, %with);
    verify(short_link => coupon()->{order}{short_link});
    $sandbox->clear;
}
my $object_id = Dygw::Sandbox::escape(coupon()->{order}{object_id});
$sandbox->switch(link_target => "https://shop.localhost/?object_id=$object_id");
verify(short_link => coupon()->{order}{short_link});
$sandbox->switch(link_target => '');

# Tokens: refused, renewed, not to be had, rejected by a reader.
$sandbox->kill_tokens;
view_is(verify(code => coupon()->{code}), 'with a renewed token', verify_status => 'success');
my $second = read_token();
isnt($second, $first, 'which is another one');
$gateway->server->announce(qw(DYGW0210 DYGW0402 DYGW0415 DYGW0500 DYGW0501 DYGW0510 DYGW0511));
for my $fault (qw(status garbage truncated drop_before)) {
    $sandbox->fault(call => 'token', fault => $fault, $fault eq 'status' ? (http_status => 500) : ());
}
$sandbox->kill_tokens;
verify(code => coupon()->{code});
$sandbox->clear;
$gateway->wait_healthy;
my $third = read_token();
call(GET => "$TOKEN?rejected=" . substr sha256_hex($third), 0, 8);
read_token();

# Callers: wrong, strange, replayed.
my $code = coupon()->{code};
call(POST => '/coupons/verify', { poi_id => POI, code => $code, bogus => $code });
call(POST => '/coupons/verify', { poi_id => "$code/", code => $code });
call(POST => '/coupons/verify', { poi_id => POI, code => "${code}x" });
call(POST => '/coupons/verify', { poi_id => POI, code => $code, verify_token => $prepared->{verify_token} });
call(POST => '/coupons/verify', qq({"code":"$code"), type => 'application/json');
call(POST => '/coupons/verify', qq({"code":"$code"}), type => 'text/plain');
call(POST => '/coupons/verify', qq({"code":"$code"}) . ' ' x 70000);
call(GET => $TOKEN, undef, timestamp => time - 1000);
call(GET => $TOKEN, undef, signature => sha256_hex('wrong'));
call(GET => $TOKEN, undef, nonce => 'a-nonce-used-twice') for 1, 2;
call(GET => $TOKEN, undef, headers => { 'X-Client-Key' => 'ck_unknown_key' });

# Cancels, one of them refused.
my $redeemed = verify(code => coupon()->{code})->{json}{data};
$sandbox->fault(call => 'cancel', fault => 'error', error_code => 3000001);
call(POST => '/coupons/cancel', { verification_id => $redeemed->{id} }) for 1, 2;

# Webhooks, which may have a coupon's code in them.
my $told = coupon();
my $webhook = Dygw::Webhook->new($gateway);
for my $body (notification($told, 'verify', code => $told->{code}), qq({"event":"$told->{code}"}), $told->{code}, '{') {
    my $signature = douyin_signature(Dygw::Sandbox::CLIENT_SECRET, $body);
    my $wrong = douyin_signature('another', $body);
    keep('a signature of Douyin\'s', $signature, $wrong);
    push @bodies, map { $webhook->send($body, 'X-Douyin-Signature' => $_)->{body} } $signature, $wrong;
}
$webhook->disconnect;

# Apps: secrets given and generated, refused, taken.
for my $given (undef, 'a secret that was given: 4711', 'another one, of 4712') {
    my $answer = $internal->call(POST => '/apps', { name => 'x', client_key => 'ck_given_key',
        $given ? (secret => $given) : () });
    keep('an app\'s secret', $given // $answer->{json}{data}{secret});
    push @bodies, $answer->{body} if $answer->{status} >= 400;
}
keep('an app\'s secret', 'too short 123');
push @bodies, $internal->call(POST => '/apps', { name => 'x', secret => 'too short 123' })->{body};

$gateway->graceful;
view_is(verify(code => coupon()->{code}), 'after a graceful restart', verify_status => 'success');
keep('a verify_token', map { $_->[0] } $gateway->database->query(
        'SELECT verify_token FROM dygw_verifications WHERE verify_token IS NOT NULL'));
keep('a sealed text', map { $_->[0] } $gateway->database->query('SELECT secret_sealed FROM dygw_apps'));
keep('a sealed text', $gateway->database->query('SELECT sealed FROM dygw_tokens'));
my $arguments = join ' ', map { slurp("/proc/$_/cmdline") } $gateway->server->pid, $gateway->server->child_pids;
$gateway->stop;

# --- the search ---

my %written = (
    'the error log' => slurp($gateway->server->error_log),
    'the console' => slurp($gateway->server->dir . '/console.log'),
    'the access log' => slurp($gateway->server->access_log), 'an error body' => join("\n", @bodies),
    'the process list' => $arguments
);
like($written{'the error log'}, qr/\[dygw:trace/, 'the module said all it has to say');
like($written{'the error log'}, qr/\[http:trace4\].*X-Nonce: /, 'httpd too, down to the headers of requests');
like($written{'the access log'}, qr/ \Q$client->{key}\E "POST /, 'the access log names the app');
cmp_ok(scalar keys %secret, '>', 60, scalar(keys %secret) . ' secrets to look for');
for my $where (sort keys %written) {
    my @found = grep { index($written{$where}, $_) >= 0 } sort keys %secret;
    my %kinds = map { $secret{$_} => 1 } @found;
    ok(!@found, "no secret in $where") or diag join ', ', sort keys %kinds;
    for my $kind (sort keys %kinds) {
        my ($example) = grep { $secret{$_} eq $kind } @found;
        my ($line) = $written{$where} =~ /^(.*\Q$example\E.*)$/m;
        diag "$kind: $line";
    }
}
$internal->disconnect;
$gateway->finish;
done_testing;
