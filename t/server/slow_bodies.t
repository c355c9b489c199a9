#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Bodies that do not come to an end, unsigned and more than there are threads, in every way that a body can be slow:
# the gateway gives each ten seconds, whatever trickles, and serves again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Select;
use Test::More;
use Time::HiRes qw(time sleep);

use Dygw::Client;
use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server qw(patience);

use constant DEADLINE => 10;    # seconds, of the gateway
use constant SLACK    => 6;     # for children that are still being started, and httpd's lingering close
use constant PAUSE    => 0.4;   # between two bytes
use constant CHILDREN => 1;
use constant THREADS  => 8;

my %hopeless = (nonce => 'n' x 20, signature => '0' x 64);
my %chunked = ('Content-Length' => undef, 'Transfer-Encoding' => 'chunked');

# What is sent at once; then a byte now and then, or none.
sub slow {
    my ($client, $path, $more, %with) = @_;
    my $method = delete $with{method} // 'POST';
    my %headers = ('Content-Length' => 60000, %{ delete $with{headers} // {} });
    my $head = $client->message($method => $path, '', %hopeless, %with, headers => \%headers);
    return $head . $more;
}

# name => [what is sent at once, byte that trickles]
sub ways {
    my ($gateway) = @_;
    my $client = $gateway->client;
    my $plain = $gateway->plain;
    my $verify = '/coupons/verify';
    return (
        'a body that trickles' => [ slow($client, $verify, '{'), ' ' ],
        'a body that does not come' => [ slow($client, $verify, '{'), '' ],
        'a chunk that trickles' => [ slow($client, $verify, "1000\r\n", headers => {%chunked}), ' ' ],
        'the length of a chunk' => [ slow($client, $verify, '1;', headers => {%chunked}), 'x' ],
        'a trailer' => [ slow($client, $verify, "1\r\n{\r\n0\r\nX-A: ", headers => {%chunked}), 'x' ],
        'of Douyin\'s webhook' => [ slow($plain, '/v1/open/douyin/webhook', '{'), ' ' ],
        'that nobody reads' => [ slow($client, '/no/such/endpoint', '{'), ' ' ],
        'of malformed headers' => [ slow($client, $verify, '{', nonce => 'x'), ' ' ],
        'of a request without headers' => [ slow($plain, "/v1/open$verify", '{'), ' ' ],
        'of /health' => [ slow($plain, '/health/live', '{', method => 'GET'), ' ' ],
        'of an operator' => [ slow($plain, '/v1/internal/apps', '{', headers => { 'X-XTJ-UID' => 'zhang' }), ' ' ],
    );
}

my $sandbox = Dygw::Sandbox->start_new;

# As many connections of that way as there are threads, and some.
sub attack {
    my ($mpm) = @_;
    my $gateway = Dygw::Gateway->new(sandbox => $sandbox, mpm => $mpm, children => CHILDREN, threads => THREADS,
        without => ['reqtimeout']);
    $gateway->start;
    $gateway->server->announce('DYGW0125', 'AH00484', 'AH00286');     # all threads are in use
    my %ways = ways($gateway);
    my @names = sort keys %ways;
    my $threads = (CHILDREN + 2) * THREADS;     # MaxRequestWorkers of Dygw::Server
    my @slow = map { my $name = $names[ $_ % @names ]; { name => $name, byte => $ways{$name}[1], said => '' } }
        0 .. $threads + 1;
    my $began = time;
    for (@slow) {
        $_->{socket} = $gateway->client->connection;
        $_->{socket}->blocking(0);
        syswrite $_->{socket}, $ways{ $_->{name} }[0];
    }
    my $probe = $gateway->plain->connection;
    # The first of each way have a thread; the last of all may have to wait for one.
    return { gateway => $gateway, mpm => $mpm, slow => \@slow, first => [ @slow[ 0 .. $#names ] ], began => $began,
             probe => $probe };
}

# Sends one byte more to each, and looks at what they say.
sub trickle {
    my ($attack) = @_;
    for (grep { !$_->{ended} } @{ $attack->{slow} }) {
        my $gone = length $_->{byte} && !defined syswrite($_->{socket}, $_->{byte});
        my $got = sysread $_->{socket}, $_->{said}, 4096, length $_->{said};
        $_->{ended} = time if defined $got && $got == 0 || !defined $got && !$!{EAGAIN} || $gone && !$!{EAGAIN};
    }
    return;
}

sub has_answer { return IO::Select->new($_[0]{probe})->can_read(0) }

# --- both at once: most of it is waiting ---

my @attacks = map { attack($_) } qw(event worker);
sleep 1;
for (@attacks) {
    print { $_->{probe} } "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    ok(!has_answer($_), "$_->{mpm}: all threads are taken");
}
my $until = time + patience(DEADLINE + SLACK);
sub is_over { return $_[0]{served} && !grep { !$_->{ended} } @{ $_[0]{first} } }
while (time < $until && grep { !is_over($_) } @attacks) {
    trickle($_) for @attacks;
    for (grep { !$_->{served} && has_answer($_) } @attacks) {
        $_->{served} = time - $_->{began};
    }
    sleep PAUSE;
}

for my $attack (@attacks) {
    my $mpm = $attack->{mpm};
    my $answer = has_answer($attack) && Dygw::Client::Handle::read_answer($attack->{probe}, 'GET');
    is($answer && $answer->{status}, 200, "$mpm: /health/live is answered");
    cmp_ok($attack->{served} // 99, '<', patience(DEADLINE + SLACK), "$mpm: within the deadline");
    for my $first (@{ $attack->{first} }) {
        ok($first->{ended}, "$mpm: $first->{name}: the connection is closed") or diag $first->{said};
    }
    my ($late) = grep { $_->{name} eq 'a body that trickles' } @{ $attack->{first} };
    like($late->{said}, qr/\AHTTP\/1\.1 400 .*"the body did not arrive in time"/s, "$mpm: and says why");
    close $_->{socket} for @{ $attack->{slow} };
    $attack->{gateway}->finish;
}
done_testing;
