# SPDX-License-Identifier: Apache-2.0
# Douyin for a test: a private httpd with mod_dygw_sandbox, and its controls.
#
#   my $sandbox = Dygw::Sandbox->new;
#   my $order = $sandbox->mint(coupons => 2);            # {order_id, short_link, object_id, coupons => [...]}
#   $sandbox->fault(call => 'verify', fault => 'drop_after');
#   $sandbox->coupon($code)->{status};                   # the truth
#   $sandbox->account(OTHER, count => 2)->{stores};      # another merchant of the application, or a change of one
#   $sandbox->mint_coupon(account_id => OTHER);
package Dygw::Sandbox;

use strict;
use warnings;

use Carp qw(croak);
use JSON::PP ();

use Dygw::Client;
use Dygw::Server;

use constant CLIENT_KEY    => 'awtestkey0000001';
use constant CLIENT_SECRET => 'douyin-client-secret-of-tests-4711';

# conf: more directives. any_client: serves whoever names a key and a secret. Other options go to the server.
sub new {
    my ($class, %option) = @_;
    my $more = "GracefulShutdownTimeout 3\n" . (delete $option{conf} // "");
    my $client = delete $option{any_client} ? '' : 'DygwSandboxClient ' . CLIENT_KEY . ' ' . CLIENT_SECRET;
    my $server = Dygw::Server->new(
        name => 'the sandbox', threads => 16, children => 1, mpm => 'event', %option,
        load => { dygw_sandbox => Dygw::Server->module_path('dygw_sandbox') },
        conf => "$client\n<Location \"/\">\n    SetHandler dygw-sandbox\n</Location>\n$more\n"
    );
    my $self = bless { server => $server }, $class;
    $self->{client} = Dygw::Client->new(port => $server->port, base => '/_sandbox');
    return $self;
}

# Makes and starts one.
sub start_new {
    my ($class, @option) = @_;
    my $self = $class->new(@option);
    $self->{server}->start;
    return $self;
}

sub server    { return $_[0]{server} }
sub url       { return $_[0]{server}->url }
sub start     { $_[0]{server}->start; return }

# Gracefully: calls that a fault holds may be under way, and a stop at once can crash httpd, see await_quiet.
sub stop {
    my ($self) = @_;
    $self->{client}->disconnect;
    return $self->{server}->stop('WINCH');
}

sub check_log {
    my ($self) = @_;
    $self->stop;
    return $self->{server}->check_log;
}

# --- its controls ---

sub control {
    my ($self, $method, $path, $body) = @_;
    my $answer = $self->{client}->call($method, $path, $body);
    croak "sandbox: $path: $answer->{body}" if $answer->{status} != 200;
    return $answer->{json};
}

sub post { my ($self, $path, %body) = @_; return $self->control(POST => $path, \%body) }

sub escape { return $_[0] =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger }

# The minted orders; in scalar context the first.
sub mint {
    my ($self, %what) = @_;
    my $orders = $self->post('/mint', %what)->{orders};
    return wantarray ? @$orders : $orders->[0];
}

# One coupon: {code, encrypted_code, certificate_id}, and its order as {order}.
sub mint_coupon {
    my ($self, %what) = @_;
    my $order = $self->mint(%what);
    return { %{ $order->{coupons}[0] }, order => $order };
}

sub coupon {
    my ($self, $code, $by) = @_;
    return $self->control(GET => '/coupon?' . ($by // 'code') . '=' . escape($code));
}

# Makes an account, or changes one; returns it: {account_id, account_name, authorised, stores => [...]}. Options: stores
# (poi_ids) or count (so many, of poi_ids that are made up), authorised (a perl truth), account_name.
sub account {
    my ($self, $id, %to) = @_;
    $to{authorised} = $to{authorised} ? JSON::PP::true : JSON::PP::false if exists $to{authorised};
    return $self->post('/accounts', account_id => $id, %to);
}

sub accounts { return @{ $_[0]->control(GET => '/accounts')->{accounts} } }

# What becomes of a refund that a customer wants after the redemption: apply (amount, order_id, words), agree, refuse,
# withdraw, arbitrate, refund, fail; {refund_status, coupon_status, order_id, message}. message: the body of what Douyin
# sends then (with ids => 'number', content => 'object'), or undef; Dygw::Webhook posts it.
sub after_sale {
    my ($self, $code, $do, %more) = @_;
    return $self->post('/after_sale', code => $code, do => $do, %more);
}

sub set_coupon  { my ($self, $code, %to) = @_; return $self->post('/coupon', code => $code, %to) }
sub state       { return $_[0]->control(GET => '/state') }
sub count       { my ($self, $call) = @_; return $self->state->{calls}{$call} // croak "no such count: $call" }
sub fault       { my ($self, %what) = @_; return $self->post('/fault', times => 1, %what) }
sub clear       { return $_[0]->post('/faults/clear') }
sub switch      { my ($self, %to) = @_; return $self->post('/switch', %to) }
sub reset       { return $_[0]->post('/reset') }
sub kill_tokens { return $_[0]->post('/token', do => 'kill') }

# The calls after number `after`, of one kind when `call` is given. Whose each was meant to be: account_header (the
# header Rpc-Transit-Life-Account) and account_id (the parameter, or the member of the body), undef where it has none.
sub calls {
    my ($self, %which) = @_;
    my $query = join '&', map { "$_=" . escape($which{$_}) } sort keys %which;
    return @{ $self->control(GET => "/calls?$query")->{calls} };
}

# The number of the last call.
sub last_seq {
    my ($self) = @_;
    my @calls = $self->calls(after => 0);
    return @calls ? $calls[-1]{seq} : 0;
}

1;
