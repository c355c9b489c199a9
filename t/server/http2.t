#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Over HTTP/2 each refusal reaches its caller, whatever of the body is still on its way, Apache's own as well; with
# curl, which forgets an answer when its stream is reset. Over HTTP/1.1 likewise.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Certificate qw(certificates);
use Dygw::Client;
use Dygw::Gateway qw(POI);
use Dygw::Needs;
use Dygw::Server qw(free_port spew);

use constant ALL => 40;    # requests of each kind

my $curl = Dygw::Needs::program('curl');
plan(skip_all => 'this curl knows no HTTP/2') if `$curl --version` !~ /\bHTTP2\b/;

my $dir = certificates(site => { name => 'localhost' });
my $tls = free_port();
my $gateway = Dygw::Gateway->new(children => 1, threads => 32, mpm => 'event', modules => [qw(dbd http2 ssl)],
    conf => <<"END");
Protocols h2 h2c http/1.1
<Location "/closed">
    SetHandler dygw-internal
    Require ip 192.0.2.7
</Location>
Listen 127.0.0.1:$tls https
<VirtualHost 127.0.0.1:$tls>
    SSLEngine on
    SSLCertificateFile "$dir/site.pem"
    SSLCertificateKeyFile "$dir/site.key"
</VirtualHost>
END
# Refused by Require; and what mod_ssl says of its version, of a cache and of the certificate.
$gateway->server->announce(qw(AH01630 AH01882 AH01873 AH01906 AH01909));
$gateway->start;
# Where, how, and how many one after the other over one connection; curl itself cannot do that in the clear.
my %ways = (
    'HTTP/2 over TLS' => [ "https://localhost:$tls", '--http2 --insecure', 4 ],
    'HTTP/2 in the clear' => [ $gateway->server->url, '--http2-prior-knowledge', 1 ],
    'HTTP/1.1' => [ $gateway->server->url, '--http1.1', 4 ],
);

# What many curls at a time are answered to the same request, each answer with how often it came.
sub answers {
    my ($way, $path, $size, @options) = @_;
    my ($url, $how, $each) = @{ $ways{$way} };
    my $body = spew("$dir/body", '{"poi_id":"' . 'x' x ($size - 13) . '"}', 0644);
    my @command = ($curl, '-s', split(' ', $how), '-m', 20, '-w', '%{http_code} %{http_version} %{exitcode}\n',
        '-H', 'Expect:', '-H', 'Content-Type: application/json', '--data-binary', "\@$body", @options,
        map { ('-o', '/dev/null', "$url$path") } 1 .. $each);
    my @pipes = map { open my $pipe, '-|', @command or die "curl: $!\n"; $pipe } 1 .. ALL / $each;
    my %count;
    for my $pipe (@pipes) {
        $count{$_}++ for map { s/ .*? / /r } grep { /\S/ } <$pipe>;
        close $pipe;
    }
    return join ', ', map { chomp(my $answer = $_); "$count{$_} x $answer" } sort keys %count;
}

# A body that stops: curl reads from a pipe that nobody writes to.
open my $stopped, '|-', "exec $curl -s -m 60 -o /dev/null --http2-prior-knowledge -X POST -T . -H 'X-XTJ-UID: zhang' " .
    '-H "Content-Type: application/json" ' . $gateway->server->url . '/v1/internal/apps 2>/dev/null'
    or die "curl: $!\n";
syswrite $stopped, '{';

my $verify = '/v1/open/coupons/verify';
my @cases = (
    [ 'no signature',             401, $verify, 200 ],
    [ 'no signature, 8 kB',       401, $verify, 8000 ],
    [ 'no signature, 60 kB',      401, $verify, 60000 ],
    [ 'no signature, 300 kB',     401, $verify, 300000 ],
    [ 'no operator',              401, '/v1/internal/apps', 8000 ],
    [ 'no such endpoint',         404, '/v1/open/nowhere', 8000 ],
    [ 'another method',           405, '/v1/open/douyin/stores', 8000 ],
    [ 'a body too large',         413, '/v1/internal/apps', 70000, '-H', 'X-XTJ-UID: zhang' ],
    [ 'one of unknown length',    413, '/v1/internal/apps', 300000, '-H', 'X-XTJ-UID: zhang',
        '-H', 'Transfer-Encoding: chunked' ],
    [ 'another type',             415, '/v1/internal/apps', 8000, '-H', 'X-XTJ-UID: zhang', '-H', 'Content-Type: a/b' ],
    [ 'Apache\'s own',            403, '/closed/apps', 8000 ],
    [ 'Apache\'s own, 300 kB',    403, '/closed/apps', 300000 ],
    [ 'what is no refusal',       200, '/health/live', 8000, '-X', 'GET' ],
);
for my $way (sort keys %ways) {
    for (@cases) {
        my ($what, $status, $path, $size, @options) = @$_;
        is(answers($way, $path, $size, @options), ALL . " x $status 0", "$way: $what");
    }
}

$gateway->server->log_like(qr/DYGW0211: refused with 400 invalid_request: the body did not arrive in time/,
    'a body that stops is given ten seconds');
close $stopped;

# --- and a redemption ---

my $coupon = $gateway->sandbox->mint_coupon;
my $message = $gateway->client->message(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} });
my ($head, $body) = split /\r\n\r\n/, $message, 2;
my @headers = map { ('-H', $_) } grep { /\AX-/ } split /\r\n/, $head;
open my $pipe, '-|', $curl, '-s', '--http2', '--insecure', '-H', 'Content-Type: application/json', @headers,
    '-d', $body, "https://localhost:$tls$verify" or die "curl: $!\n";
my $answer = JSON::PP->new->decode(join '', <$pipe>);
close $pipe;
is($answer->{data}{verify_status}, 'success', 'a coupon is redeemed over HTTP/2');
$gateway->finish;
done_testing;
