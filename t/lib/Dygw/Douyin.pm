# SPDX-License-Identifier: Apache-2.0
# Calls of Douyin's API, as the gateway makes them, for tests of the sandbox.
#
#   talk_to($sandbox);                                   # from now on
#   set_token(new_token());                              # the access token to send
#   set_account(ACCOUNT);                                # whose calls they are
#   my ($answer, $sent) = verify($order);                # prepares, verifies the first coupon
#   refused($answer, 1241, 'a name'); fine($answer, 'a name'); results($answer); data($answer)
package Dygw::Douyin;

use strict;
use warnings;

use Exporter qw(import);
use HTTP::Tiny;
use JSON::PP;
use Test::More ();

use Dygw::Sandbox;
use Dygw::Server qw(patience);

use constant POI     => '7012345678901234567';
use constant ACCOUNT => '7014065493820573710';
use constant FULFIL  => '/goodlife/v1/fulfilment/certificate';
use constant ORDERS  => '/goodlife/v1/trade/order/query';

our @EXPORT = qw(POI ACCOUNT FULFIL ORDERS talk_to set_token set_account ask get post prepare data results verify
    refused fine token_call new_token);

my ($sandbox, $token, $account);

sub talk_to   { ($sandbox) = @_; return }
sub set_token { ($token) = @_; return $token }

# The header Rpc-Transit-Life-Account of all calls from now on; undef: none.
sub set_account { ($account) = @_; return }

# One answer of one connection; undef as json when it is none. headers: undef takes one away.
sub ask {
    my ($method, $path, $content, %headers) = @_;
    my %all = ('access-token' => $token, 'content-type' => 'application/json',
        'Rpc-Transit-Life-Account' => $account, %headers);
    my %sent = map { $_ => $all{$_} } grep { defined $all{$_} } keys %all;
    my $http = HTTP::Tiny->new(max_redirect => 0, keep_alive => 0, timeout => patience(10));
    my $answer = $http->request($method, $sandbox->url . $path,
        { headers => \%sent, defined $content ? (content => $content) : () });
    $answer->{json} = eval { JSON::PP->new->utf8->allow_bignum->decode($answer->{content}) };
    return $answer;
}

sub get {
    my ($path, %query) = @_;
    return ask(GET => $path . '?' . join '&', map { "$_=" . Dygw::Sandbox::escape($query{$_}) } sort keys %query);
}

sub post { my ($path, $body, @more) = @_; return ask(POST => $path, ref $body ? encode_json($body) : $body, @more) }

sub prepare { return get(FULFIL . '/prepare/', @_) }
sub data    { return $_[0]{json}{data} }
sub results { return [ map { $_->{result} } @{ data($_[0])->{verify_results} } ] }

# Prepares an order, verifies `codes` of it (default: the first), with whatever is given instead.
sub verify {
    my ($order, %body) = @_;
    my $prepared = data(prepare(encrypted_data => $order->{object_id}));
    $body{encrypted_codes} //= [ $order->{coupons}[0]{encrypted_code} ];
    my %all = (verify_token => $prepared->{verify_token}, poi_id => POI, %body);
    return (post(FULFIL . '/verify/', \%all), \%all);
}

# Refused with this code on both levels, with HTTP status 200.
sub refused {
    my ($answer, $code, $name, $text) = @_;
    my $json = $answer->{json} // {};
    my @codes = map { $json->{$_}{error_code} // 'none' } qw(data extra);
    my $ok = Test::More::ok($answer->{status} == 200 && "@codes" eq "$code $code"
        && (!$text || $json->{data}{description} =~ $text), $name);
    Test::More::diag("$answer->{status} $answer->{content}") if !$ok;
    return $ok;
}

sub fine { my ($answer, $name) = @_; return refused($answer, 0, $name) }

sub token_call {
    my ($which, %body) = @_;
    return post("/oauth/$which/", { client_key => Dygw::Sandbox::CLIENT_KEY,
        client_secret => Dygw::Sandbox::CLIENT_SECRET, grant_type => 'client_credential', %body });
}

sub new_token { return data(token_call('stable_client_token'))->{access_token} }

1;
