# SPDX-License-Identifier: Apache-2.0
# The signing client: the contract's vectors, what it sends, what it prints and how it ends.
use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA qw(hmac_sha256_hex sha256_hex);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Socket::INET;
use IPC::Open3 qw(open3);
use Symbol qw(gensym);
use Test::More;

use constant DEADLINE_SEC => 20;

my $client = abs_path(dirname(__FILE__) . '/../../build/dygw-call');
my ($key, $secret) = ('ck_test', 'sk_test_5f0c6f0e9d1b4f2a8c7e3d2b1a0f9e8d');

delete @ENV{ grep { /_proxy\z/i } keys %ENV };
$SIG{ALRM} = sub { die "no end within the deadline\n" };
alarm DEADLINE_SEC;

package Client { require $client }

is(Client::signature($secret, 'POST', '/v1/open/coupons/verify', 1767225600,
                     'b7f1c2d3e4a5968712345678',
                     '{"poi_id":"7012345678901234567","code":"123456789012"}'),
   'b3072fcd39aed657e9d7eb0fb88ef7055e01a77e45344ceb4f7e3abd1632652e',
   'a POST is signed as the contract says');
is(Client::signature($secret, 'GET', '/v1/open/douyin/stores?poi_id=7012345678901234567&page=1',
                     1767225600, '0123456789abcdef', ''),
   'a34a75aff5f73e57890592ad76aeca9751d1eca85914d1ed052cccca52e5c96a',
   'a GET is signed with its query and the hash of the empty string');

# Runs the client; its exit code, what it printed, and what it complained of.
sub run {
    my ($input, @arguments) = @_;
    local @ENV{qw(DYGW_CLIENT_KEY DYGW_SECRET)} = ($key, $secret);
    my $pid = open3(my $in, my $out, my $err = gensym, $^X, $client, @arguments);
    print {$in} $input;
    close $in;
    my ($printed, $complaint) = map { local $/; scalar <$_> // '' } $out, $err;
    waitpid $pid, 0;
    return ($? >> 8, $printed, $complaint);
}

sub read_request {
    my ($socket) = @_;
    my %request = (line => scalar <$socket>, body => '');
    while (defined(my $line = <$socket>)) {
        last if $line eq "\r\n";
        $request{ lc $1 } = $2 if $line =~ /\A([^:]+): (.*)\r\n\z/;
    }
    read $socket, $request{body}, $request{'content-length'} // 0;
    return \%request;
}

# Runs the client against a server that gives one answer: the request, then as run().
sub exchange {
    my ($answer, $input, @arguments) = @_;
    my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
        or die "cannot listen: $@";
    pipe my $reader, my $writer or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        $SIG{ALRM} = 'DEFAULT';
        alarm DEADLINE_SEC;
        my $socket = $listener->accept;
        my $request = read_request($socket);
        print {$socket} "HTTP/1.1 $answer\r\nContent-Length: 4\r\nConnection: close\r\n\r\n{\"\"}";
        print {$writer} map { "$_\t$request->{$_}\n" } grep { defined $request->{$_} } keys %$request;
        close $writer;
        close $socket;
        require POSIX;
        POSIX::_exit(0);
    }
    close $writer;
    my @options = ($arguments[0] // '') =~ /\A--/ ? splice @arguments, 0, 2 : ();
    my @result = run($input, @options, 'http://127.0.0.1:' . $listener->sockport, @arguments);
    my %request;
    while (<$reader>) {
        $request{$1} = $2 if /\A([^\t]+)\t(.*?)\r?\n\z/;
    }
    waitpid $pid, 0;
    return (\%request, @result);
}

my $target = '/v1/open/x?b=%2B&a=1,2';
my $body = '{"name":"券"}';
my ($request, $code, $printed) = exchange('200 OK', '', 'POST', $target, $body);
is($request->{line}, "POST $target HTTP/1.1", 'the target is sent exactly as given');
is($request->{'x-client-key'}, $key, 'the key is sent');
cmp_ok(abs(time - $request->{'x-timestamp'}), '<=', DEADLINE_SEC, 'the timestamp is the time');
like($request->{'x-nonce'}, qr/\A[0-9a-f]{32}\z/, 'the nonce is random hex');
is($request->{'content-type'}, 'application/json', 'a body is JSON');
is($request->{body}, $body, 'the body is sent byte for byte');
my $signed = join '', map { "$_\n" } 'POST', $target, @$request{qw(x-timestamp x-nonce)},
    sha256_hex($body);
is($request->{'x-signature'}, hmac_sha256_hex($signed, $secret), 'the signature fits what was sent');
is($printed, "200 OK\n{\"\"}\n", 'status line and body are printed');
is($code, 0, '2xx ends with 0');

my ($again) = exchange('200 OK', '', 'POST', $target, $body);
isnt($again->{'x-nonce'}, $request->{'x-nonce'}, 'no nonce twice');

($request, $code) = exchange('404 Not Found', '', 'GET', '/nowhere');
is($code, 4, '4xx ends with 4');
ok(!exists $request->{'content-type'}, 'no body, no content type');

($request, $code) = exchange('503 Service Unavailable', $body, 'POST', '/x', '-');
is($code, 5, '5xx ends with 5');
is($request->{body}, $body, 'the body may come from standard input');

(undef, $code) = exchange("302 Found\r\nLocation: /elsewhere", '', 'GET', '/x');
is($code, 3, 'a redirect is not followed');

# --- the key of a redemption ---

my $complaint;
my $verify = '/v1/open/coupons/verify';
($request, $code, $printed, $complaint) = exchange('200 OK', '', 'POST', $verify, $body);
my ($shown) = $complaint =~ /--idempotency-key (\S+)$/m;
like($shown, qr/\A[0-9a-f]{32}\z/, 'a redemption is sent with a new key, which is shown');
is($request->{'idempotency-key'}, $shown, 'the key that is sent is the one that is shown');
is($printed, "200 OK\n{\"\"}\n", 'and it is no part of what is printed');
($again) = exchange('200 OK', '', 'POST', $verify, $body);
isnt($again->{'idempotency-key'}, $shown, 'the next redemption has another key');
($again, $code, $printed, $complaint) = exchange('200 OK', '', '--idempotency-key', $shown, 'POST', $verify, $body);
is("$again->{'idempotency-key'} $complaint", "$shown ", 'the same one has the key that it is given, and shows nothing');
isnt($again->{'x-nonce'}, $request->{'x-nonce'}, 'but is signed anew');
for my $other (['GET', $verify], ['POST', '/v1/open/coupons/prepare', $body], ['POST', '/x?a=/coupons/verify', $body]) {
    ($request, undef, undef, $complaint) = exchange('200 OK', '', @$other);
    is(($request->{'idempotency-key'} // 'no key') . $complaint, 'no key', "no redemption, no key: @$other[0, 1]");
}

# --- https ---

SKIP: {
    skip 'there is no IO::Socket::SSL', 3 if !HTTP::Tiny->can_ssl;
    my $dir = tempdir('dygw-call-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $made = system "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost " .
        "-addext subjectAltName=DNS:localhost -keyout $dir/key -out $dir/cert >$dir/log 2>&1";
    is($made, 0, 'a certificate of its own') or diag `cat $dir/log`;
    require IO::Socket::SSL;
    my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "cannot listen: $@";
    my $port = $listener->sockport;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        $SIG{ALRM} = 'DEFAULT';
        alarm DEADLINE_SEC;
        for (1, 2) {
            my $socket = $listener->accept;
            my %own = (SSL_cert_file => "$dir/cert", SSL_key_file => "$dir/key");
            IO::Socket::SSL->start_SSL($socket, SSL_server => 1, %own) or next;
            while (defined(my $line = <$socket>)) {
                last if $line eq "\r\n";
            }
            print {$socket} "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            close $socket;
        }
        require POSIX;
        POSIX::_exit(0);
    }
    close $listener;
    ($code, $printed, $complaint) = run('', "https://localhost:$port", 'GET', '/');
    is($code, 1, "an authority that nobody knows: no answer") or diag $printed;
    ($code, $printed, $complaint) = run('', '--ca-file', "$dir/cert", "https://localhost:$port", 'GET', '/');
    is($code, 0, '--ca-file names it') or diag $printed, $complaint;
    waitpid $pid, 0;
}
{
    my $dir = tempdir('dygw-call-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    make_path("$dir/IO/Socket");
    open my $file, '>', "$dir/IO/Socket/SSL.pm" or die "$dir: $!\n";
    print {$file} "die 'not installed'\n";
    close $file;
    local $ENV{PERL5LIB} = $dir;
    ($code, $printed, $complaint) = run('', 'https://127.0.0.1:1', 'GET', '/x');
    is($code, 1, 'https without its Perl module: no answer');
    like($complaint, qr/IO::Socket::SSL.*libio-socket-ssl-perl/, 'and what to install');
    ($code, $printed, $complaint) = run('', 'http://127.0.0.1:1', 'GET', '/x');
    unlike($complaint, qr/IO::Socket::SSL/, 'http needs none of that');
}

# --- what goes wrong ---

($code, $printed, $complaint) = run('', 'http://127.0.0.1:1', 'GET', '/x');
is($code, 1, 'no answer ends with 1');
unlike($complaint, qr/\Q$secret\E/, 'the secret is in no complaint');
for my $wrong (['GET'], ['ftp://x', 'GET', '/'], ['http://x', 'get', '/'], ['http://x', 'GET', 'x'],
               ['http://x', 'GET', '/#x'], ['http://x', 'GET', "/\n"], ['--bogus', 'http://x', 'GET', '/'],
               ['--idempotency-key', '', 'http://x', 'GET', '/'], ['--idempotency-key'],
               ['--idempotency-key', "a\n", 'http://x', 'GET', '/'],
               ['--idempotency-key', 'x' x 256, 'http://x', 'GET', '/'],
               ['--ca-file', '/nowhere', 'http://x', 'GET', '/']) {
    ($code) = run('', @$wrong);
    is($code, 2, 'wrong usage ends with 2: ' . join ' ', map { s/\n/\\n/r } @$wrong);
}
$key = '';
($code) = run('', 'http://127.0.0.1:1', 'GET', '/x');
is($code, 2, 'no key ends with 2');

done_testing;
