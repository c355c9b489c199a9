# SPDX-License-Identifier: Apache-2.0
# A client of the gateway: signs as the contract says, keeps its connection, and can also send what no decent client
# would. Every answer is held against conf/openapi.yaml.
#
#   my $client = Dygw::Client->new(port => 8080, key => 'ck_...', secret => 'sk_...');
#   my $answer = $client->call(POST => '/coupons/verify', { poi_id => '...', code => '...' });
#   $answer->{status}, $answer->{headers}{location}, $answer->{body}, $answer->{json}{data}{id}
#   my $handle = $client->begin(GET => '/douyin/access-token');    # sent; many at a time
#   my $answer = $handle->finish;
#   $client->raw("GET / HTTP/1.0\r\n\r\n");
package Dygw::Client;

use strict;
use warnings;

use Carp qw(croak);
use Digest::SHA qw(sha256_hex hmac_sha256_hex);
use Exporter qw(import);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw(time);

use Dygw::Contract;
use Dygw::Server qw(patience);

our @EXPORT_OK = qw(signature nonce keys_in_order);

use constant ANSWER_DEADLINE => 20;    # seconds

$SIG{PIPE} = 'IGNORE';

my $JSON = JSON::PP->new->utf8->canonical->allow_nonref->allow_bignum;

sub new {
    my ($class, %option) = @_;
    return bless { host => '127.0.0.1', base => '/v1/open', headers => {}, %option }, $class;
}

# The same server, another base and no signature: `$client->at('/v1/internal', 'X-XTJ-UID' => 'zhang')`.
sub at {
    my ($self, $base, %headers) = @_;
    return ref($self)->new(host => $self->{host}, port => $self->{port}, base => $base, headers => \%headers);
}

# --- signing ---

my $counter = 0;
sub nonce { return sprintf 'n%08x%08x%08x', $$, int(rand(2**32)), $counter++ }

# What X-Signature has to be.
sub signature {
    my ($secret, $method, $target, $timestamp, $nonce, $body) = @_;
    my @lines = ($method, $target, $timestamp, $nonce, sha256_hex($body));
    return hmac_sha256_hex(join('', map { "$_\n" } @lines), $secret);
}

sub sign {
    my ($self, $method, $target, $body, %with) = @_;
    my $timestamp = $with{timestamp} // int(time);
    my $nonce = $with{nonce} // nonce();
    return (
        'X-Client-Key' => $self->{key},
        'X-Timestamp' => $timestamp,
        'X-Nonce' => $nonce,
        'X-Signature' => $with{signature} // signature($self->{secret}, $method, $target, $timestamp, $nonce, $body)
    );
}

# --- calling ---

# A body that is a reference is sent as JSON, a plain text as it is. Options: timestamp, nonce, signature (instead
# of the right ones), headers (added; undef takes one away), type.
sub call {
    my ($self, $method, $path, $body, %with) = @_;
    return $self->exchange($self->message($method, $path, $body, %with), $method);
}

# The same with a connection of its own, sent but not yet answered.
sub begin {
    my ($self, $method, $path, $body, %with) = @_;
    my $message = $self->message($method, $path, $body, %with);
    my $handle = bless { method => $method, line => first_line($message), socket => $self->connection },
        'Dygw::Client::Handle';
    print { $handle->{socket} } $message;
    return $handle;
}

sub first_line { return $_[0] =~ /\A([^\r\n]*)/ ? $1 : '' }

# The bytes of a request.
sub message {
    my ($self, $method, $path, $body, %with) = @_;
    my $target = $self->{base} . $path;
    my $text = ref $body ? $JSON->encode($body) : $body // '';
    my %headers = (Host => "$self->{host}:$self->{port}", %{ $self->{headers} });
    %headers = (%headers, $self->sign($method, $target, $text, %with)) if defined $self->{key};
    if (defined $body) {
        $headers{'Content-Type'} = $with{type} // 'application/json';
        $headers{'Content-Length'} = length $text;
    }
    %headers = (%headers, %{ $with{headers} // {} });
    my $head = join '', map { "$_: $headers{$_}\r\n" } grep { defined $headers{$_} } sort keys %headers;
    return "$method $target HTTP/1.1\r\n$head\r\n$text";
}

sub connection {
    my ($self) = @_;
    return IO::Socket::INET->new(PeerAddr => $self->{host}, PeerPort => $self->{port}, Proto => 'tcp',
                                 Timeout => patience(5)) // croak "no connection to port $self->{port}: $@";
}

# Over the kept connection; over a new one when httpd has closed that in the meantime.
sub exchange {
    my ($self, $message, $method) = @_;
    for my $try (1, 2) {
        my $kept = $self->{socket};
        $self->{socket} //= $self->connection;
        print { $self->{socket} } $message;
        my $answer = Dygw::Client::Handle::read_answer($self->{socket}, $method);
        delete $self->{socket} if !$answer || !$answer->{keep};
        Dygw::Contract::check(first_line($message), $answer) if $answer;
        return $answer if $answer;
        croak 'the connection was closed without an answer' if !$kept;
    }
}

sub disconnect { delete $_[0]{socket}; return }

# Sends bytes as they are over a connection of its own; undef when it is closed without an answer.
sub raw {
    my ($self, $bytes, %option) = @_;
    my $socket = $self->connection;
    print {$socket} $bytes;
    shutdown $socket, 1 if $option{half_close};
    my $answer = Dygw::Client::Handle::read_answer($socket, $option{method} // 'GET');
    Dygw::Contract::check(first_line($bytes), $answer) if $answer;
    return $answer;
}

# --- looking at answers ---

# The names of an object's members as they are written, from raw JSON: keys_in_order($text, 'data'), or with a
# number for an element of an array. Understands only what is valid.
sub keys_in_order {
    my ($text, @path) = @_;
    my $found;
    my $value;
    $value = sub {
        my (@at) = @_;
        my $here = "@at" eq "@path" && @at == @path;
        $text =~ /\G\s+/gc;
        if ($text =~ /\G\{\s*/gc) {
            my @keys;
            while ($text =~ /\G\s*"((?:[^"\\]|\\.)*)"\s*:/gcs) {
                push @keys, $1;
                $value->(@at, $keys[-1]);
                last if $text !~ /\G\s*,/gc;
            }
            $text =~ /\G\s*\}/gc or croak 'not an object';
            $found = \@keys if $here;
        }
        elsif ($text =~ /\G\[\s*/gc) {
            my $i = 0;
            while ($text !~ /\G\s*\]/gc) {
                $value->(@at, $i++);
                $text =~ /\G\s*,/gc;
            }
        }
        else {
            $text =~ /\G(?:"(?:[^"\\]|\\.)*"|[-+.eE0-9]+|true|false|null)/gcs or croak 'not JSON';
        }
    };
    pos($text) = 0;
    $value->();
    return $found;
}

package Dygw::Client::Handle;

use Time::HiRes qw(time);

# The answer to what begin() sent.
sub finish {
    my ($self) = @_;
    my $answer = read_answer($self->{socket}, $self->{method});
    close delete $self->{socket};
    Carp::croak('the connection was closed without an answer') if !$answer;
    Dygw::Contract::check($self->{line}, $answer);
    return $answer;
}

# Reads one answer; undef when the connection ends before it has begun.
sub read_answer {
    my ($socket, $method) = @_;
    my $until = time + Dygw::Server::patience(Dygw::Client::ANSWER_DEADLINE());
    my $began = time;
    my $text = '';
    my ($head, $end);
    while (1) {
        if (!defined $head && $text =~ s/\A(.*?)\r\n\r\n//s) {
            $head = parse_head($1);
            ($head, $text) = (undef, $text) if $head->{status} == 100;
            next if !defined $head;
        }
        last if defined $head && ($end = is_whole($head, $method, $text));
        my $got = more($socket, \$text, $until);
        if (!$got) {
            return if !defined $head;
            last;
        }
    }
    $head->{whole} = $end ? 1 : !defined $head->{headers}{'content-length'} && !is_chunked($head);
    $head->{body} = is_chunked($head) ? join('', chunks($text)) : $text;
    $head->{seconds} = time - $began;
    $head->{keep} = $end && ($head->{headers}{connection} // '') !~ /close/i;
    $head->{json} = eval { $JSON->decode($head->{body}) } if ($head->{headers}{'content-type'} // '') =~ /json/;
    return $head;
}

sub parse_head {
    my ($text) = @_;
    my ($line, @lines) = split /\r\n/, $text;
    my ($status) = $line =~ m{\AHTTP/1\.[01] (\d{3})} or Carp::croak("not HTTP: $line");
    my %headers;
    for (@lines) {
        my ($name, $value) = /\A([^:]+):\s*(.*?)\s*\z/s or next;
        $name = lc $name;
        $headers{$name} = defined $headers{$name} ? "$headers{$name}, $value" : $value;
    }
    return { status => $status, headers => \%headers, head => $text };
}

sub is_chunked { return ($_[0]{headers}{'transfer-encoding'} // '') =~ /chunked/i }

sub is_whole {
    my ($head, $method, $text) = @_;
    return 1 if $method eq 'HEAD' || $head->{status} == 204 || $head->{status} == 304;
    return $text =~ /(?:\A|\r\n)0\r\n\r\n\z/ if is_chunked($head);
    my $length = $head->{headers}{'content-length'};
    return defined $length && length($text) >= $length;
}

sub chunks {
    my ($text) = @_;
    my @chunks;
    while ($text =~ s/\A([0-9a-fA-F]+)[^\r]*\r\n//) {
        my $length = hex $1;
        last if !$length;
        push @chunks, substr $text, 0, $length, '';
        $text =~ s/\A\r\n//;
    }
    return @chunks;
}

sub more {
    my ($socket, $text, $until) = @_;
    my $select = IO::Select->new($socket);
    my $left;
    # A signal ends the wait early.
    while (($left = $until - time) > 0 && !$select->can_read($left)) { }
    Carp::croak('no answer in time') if $left <= 0;
    return sysread $socket, $$text, 65536, length $$text;
}

1;
