# SPDX-License-Identifier: Apache-2.0
# Douyin's webhooks: its messages, signed and posted as it does.
#
#   my $webhook = Dygw::Webhook->new($gateway);
#   my $answer = $webhook->notify($coupon, 'refund_success');       # a message about a coupon, in a fresh Msg-Id
#   my $answer = $webhook->post($body, 'Msg-Id' => 'msg-1');        # any body, rightly signed
#   my $answer = $webhook->send($body, 'X-Douyin-Signature' => '0' x 40);
package Dygw::Webhook;

use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use Exporter qw(import);
use JSON::PP;

use Dygw::Client;
use Dygw::Gateway qw(ACCOUNT);
use Dygw::Sandbox;

our @EXPORT_OK = qw(douyin_signature notification);

use constant PATH => '/douyin/webhook';

my $JSON = JSON::PP->new->utf8->canonical;
my $messages = 0;

sub new {
    my ($class, $gateway, %option) = @_;
    my $client = Dygw::Client->new(port => $gateway->server->port);
    return bless { client => $client, secret => Dygw::Sandbox::CLIENT_SECRET, %option }, $class;
}

# What X-Douyin-Signature has to be.
sub douyin_signature { my ($secret, $body) = @_; return sha1_hex($secret . $body) }

# The body of a message about a coupon ({certificate_id, order}), its content as a text as Douyin writes it; with
# as_object => 1 as an object. It is of the coupon's account, or of account_id. Other options are members of the
# message.
sub notification {
    my ($coupon, $action, %more) = @_;
    my $as_object = delete $more{as_object};
    my $account = delete $more{account_id} // $coupon->{order}{account_id} // ACCOUNT;
    my $content = {
        action => $action, msg_time => time,
        certificate => { certificate_id => $coupon->{certificate_id}, order_id => $coupon->{order}{order_id},
                         account_id => $account }
    };
    return $JSON->encode({
        event => 'life_trade_certificate_notify', client_key => Dygw::Sandbox::CLIENT_KEY, from_user_id => '',
        content => $as_object ? $content : $JSON->encode($content), %more
    });
}

sub new_id { return sprintf 'msg-%d-%d-%d', $$, time, ++$messages }

# Sends a body with these headers, and none of ours.
sub send {
    my ($self, $body, %headers) = @_;
    return $self->{client}->call(POST => PATH, $body, headers => { 'Content-Type' => 'application/json', %headers });
}

# The same, signed.
sub post {
    my ($self, $body, %headers) = @_;
    return $self->send($body, 'X-Douyin-Signature' => douyin_signature($self->{secret}, $body), %headers);
}

sub notify {
    my ($self, $coupon, $action, %more) = @_;
    return $self->post(notification($coupon, $action, %more), 'Msg-Id' => new_id());
}

sub disconnect { $_[0]{client}->disconnect; return }

1;
