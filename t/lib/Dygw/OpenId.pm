# SPDX-License-Identifier: Apache-2.0
# A small OpenID provider for a test, on a port of the loopback, that signs everybody in who comes, as whom the test
# says. It ends with the object.
#
#   my $provider = Dygw::OpenId->new(client => 'gateway', secret => '...');
#   $provider->becomes(sub => '1', email => 'zhang@shop.example', groups => ['office']);
#   $provider->metadata_url
package Dygw::OpenId;

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(encode_base64url);
use POSIX ();

use Dygw::Server qw(slurp spew);

use constant ID_TOKEN_SEC => 60;

my $JSON = JSON::PP->new->utf8->canonical;

sub new {
    my ($class, %option) = @_;
    my $listener = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1', ReuseAddr => 1)
        or die "cannot listen: $@";
    my $self = bless { %option, url => 'http://127.0.0.1:' . $listener->sockport, owner => $$ }, $class;
    $self->{who} = "$option{dir}/who.json";
    $self->becomes(sub => 'nobody');
    $self->{pid} = fork // die "fork: $!";
    if ($self->{pid} == 0) {
        $SIG{TERM} = 'DEFAULT';
        while (my $socket = $listener->accept) {
            $self->answer($socket);
            close $socket;
        }
        POSIX::_exit(0);
    }
    return $self;
}

sub metadata_url { return "$_[0]{url}/.well-known/openid-configuration" }

# Who signs in from now on.
sub becomes {
    my ($self, %claims) = @_;
    spew($self->{who}, $JSON->encode(\%claims));
    return;
}

sub metadata {
    my ($self) = @_;
    my $url = $self->{url};
    return {
        issuer => $url, authorization_endpoint => "$url/authorize", token_endpoint => "$url/token",
        jwks_uri => "$url/keys", response_types_supported => ['code'], subject_types_supported => ['public'],
        id_token_signing_alg_values_supported => ['HS256'],
    };
}

# The nonce of the request to sign in travels in the code.
sub id_token {
    my ($self, $nonce) = @_;
    my %claims = (iss => $self->{url}, aud => $self->{client}, iat => time, exp => time + ID_TOKEN_SEC,
                  nonce => $nonce, %{ $JSON->decode(slurp($self->{who})) });
    my $text = join '.', map { encode_base64url($JSON->encode($_)) } { alg => 'HS256', typ => 'JWT' }, \%claims;
    return $text . '.' . encode_base64url(hmac_sha256($text, $self->{secret}));
}

sub read_request {
    my ($socket) = @_;
    my ($target, $len) = ('', 0);
    while (defined(my $line = <$socket>)) {
        $target = $1 if $line =~ /\A[A-Z]+ (\S+)/ && !length $target;
        $len = $1 if $line =~ /\AContent-Length: *(\d+)/i;
        last if $line eq "\r\n";
    }
    read $socket, (my $body), $len;
    my ($path, $query) = split /\?/, $target;
    my %field = map { s/%(\w\w)/chr hex $1/ger } map { /\A(.*?)=(.*)\z/s ? ($1, $2) : () }
        split /&/, join '&', $query // (), $body // ();
    return ($path, \%field);
}

sub answer {
    my ($self, $socket) = @_;
    my ($path, $field) = read_request($socket);
    my ($status, $more, $json) = ('200 OK', '', {});
    if ($path eq '/authorize') {
        $status = '302 Found';
        $more = "Location: $field->{redirect_uri}?code=$field->{nonce}&state=$field->{state}\r\n";
    }
    elsif ($path eq '/token') {
        $json = { access_token => 'a', token_type => 'Bearer', expires_in => ID_TOKEN_SEC,
                  id_token => $self->id_token($field->{code}) };
    }
    else {
        $json = $path eq '/keys' ? { keys => [] } : $self->metadata;
    }
    my $text = $JSON->encode($json);
    print {$socket} "HTTP/1.1 $status\r\nContent-Type: application/json\r\n${more}Content-Length: ", length $text,
        "\r\nConnection: close\r\n\r\n$text";
    return;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $!);
    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
