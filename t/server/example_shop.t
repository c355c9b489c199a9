#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# conf/shop.conf as it stands, but for its paths: an Apache starts with it; both of its apps redeem over HTTPS in stores
# named by their codes, whosever these are; the balancer sees its health, Prometheus its figures, and nobody from
# outside /internal. In a network of its own, where the ports and addresses are the example's.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Cwd qw(abs_path);
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use Test::More;

# Once more, inside.
if (!$ENV{DYGW_TEST_ALONE}) {
    plan skip_all => 'only root has a network of its own' if $> != 0 || system('unshare --net true') != 0;
    $ENV{DYGW_TEST_ALONE} = 1;
    { exec 'unshare', '--net', $^X, abs_path($0); }
    die "unshare: $!\n";
}

use Dygw::Certificate qw(certificates);
use Dygw::Client;
use Dygw::Needs;
use Dygw::Sandbox;
use Dygw::Server qw(poll slurp spew);

use constant { SERVER => '192.0.2.1', BALANCER => '192.0.2.10', PROMETHEUS => '192.0.2.20', NOBODY => '192.0.2.99' };
use constant { HOST => 'pos-gateway.example', FRANCHISE => '7014065493820573799', PASSWORD => 'a password of tests' };

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my $curl = Dygw::Needs::program('curl');
Dygw::Needs::missing_package('htpasswd', 'apache2-utils') if !-x '/usr/bin/htpasswd';
my $doctor = "$FindBin::Bin/../../build/dygw-doctor";

# --- the example, here ---

my %secrets = ('douyin-secret' => 'secret-of-the-sandbox', 'master-key' => '5a' x 32,
    'pos-secret' => 'sk-of-the-tills-4711', 'kiosk-secret' => 'sk-of-the-kiosks-4711');
my $dir = certificates(tls => { name => HOST });
spew("$dir/$_", "$secrets{$_}\n", 0600) for keys %secrets;
is(system("htpasswd -cbB $dir/operators zhang '${\ PASSWORD}' 2>/dev/null"), 0, 'an operator');
chmod 0644, "$dir/operators";
chmod 0644, glob "$dir/tls.*";

my $example = slurp("$FindBin::Bin/../../conf/shop.conf");
utf8::decode($example);

sub here {
    my ($server, $text) = @_;
    my $own = $server->dir;
    my $data = "$own/data";
    if (!-d $data) {
        mkdir $data;
        my $user = Dygw::Server::user();
        chown +(getpwnam $user)[ 2, 3 ], $data if defined $user;
    }
    $text =~ s{/etc/dygw/}{$dir/}g;
    $text =~ s{/var/lib/dygw/}{$data/}g;
    $text =~ s{/var/log/apache2/}{$own/}g;
    $text =~ s{^#(?=Listen 443$)}{}mg;     # as Debian's ports.conf has it
    utf8::encode($text);
    return $text;
}

# --- the network ---

use constant { SIOCSIFFLAGS => 0x8914, SIOCSIFADDR => 0x8916, IFF_UP => 1 };

sub set_interface {
    my ($name, $what, $value) = @_;
    socket my $any, 2, 2, 0 or die "socket: $!\n";
    my $request = pack 'a16 a24', $name, $value;
    ioctl $any, $what, $request or die "$name: $!\n";
    return;
}

# All of 192.0.2.0/24 is this host then.
set_interface('lo', SIOCSIFFLAGS, pack 's', IFF_UP);
set_interface('lo:1', SIOCSIFADDR, pack 'S n C4', 2, 0, split /\./, SERVER);

my @MODULES = qw(dbd ssl http2 remoteip status auth_basic authn_core authn_file authz_user);
my $sandbox = Dygw::Sandbox->new(any_client => 1);
$sandbox->start;
$sandbox->account(FRANCHISE, stores => ['7098765432109876001']);
my $server = Dygw::Server->new(
    name => 'the shop', children => 1, mpm => 'event',
    modules => \@MODULES,
    load => { dygw => Dygw::Server->module_path('dygw') },
    # What the example leaves to its place: Douyin is the sandbox here.
    conf => sub {
        my ($s) = @_;
        return 'DygwUpstream ' . $sandbox->url . "\nDygwShortLinkHosts " . $sandbox->url . "\n" . here($s, $example);
    },
);
# Refusals by Require and a password that lacks; what mod_ssl says about its version and a cache.
$server->announce(qw(AH01617 AH01618 AH01630 AH01631 AH01873 AH01882));
my ($status, $said) = $server->configtest;
is($status, 0, 'configtest takes it') or diag $said;
is(join("\n", grep { /DYGW/ } split /\n/, $said), '', '... and has nothing to say');

# What stands there as an alternative: mod_md, and the PROXY protocol.
{
    my $other = $example =~ s/^( *)#(?=MD|RemoteIPProxyProtocol )/$1/mgr =~ s/^ *SSLCertificate.*\n//mgr
        =~ s/^ *RemoteIP(?:Header|InternalProxy) .*\n//mgr;
    my $alternative = Dygw::Server->new(name => 'the alternative', mpm => 'event', modules => [ @MODULES, 'md' ],
        load => { dygw => Dygw::Server->module_path('dygw') }, conf => sub { return here($_[0], $other) });
    ($status, $said) = $alternative->configtest;
    is($status, 0, 'the alternatives in comments are valid, too') or diag $said;
}
$server->start;

# --- requests ---

# What curl is answered: {status, version, json, body}. from: the address of this host that it has.
sub curl {
    my ($from, $url, @options) = @_;
    my @command = ($curl, '-s', '--http2', '--noproxy', '*', '--interface', $from, '--cacert', "$dir/ca.pem",
        (map { ('--resolve', HOST . ":$_:" . SERVER) } 443, 8443), '-w', '\n%{http_code} %{http_version}', @options,
        $url);
    open my $pipe, '-|', @command or die "curl: $!";
    my $printed = do { local $/; <$pipe> };
    my ($text, $code, $version) = $printed =~ /\A(.*)\n(\d+) (\S+)\z/s or die "curl said: $printed";
    return { status => $code, version => $version, body => $text, json => scalar(eval { decode_json($text) }) };
}

# What comes through the balancer from an address.
sub through_balancer {
    my ($from, $method, $path, $body, %headers) = @_;
    $headers{'X-Forwarded-For'} = $from if defined $from;
    $headers{'Content-Type'} = 'application/json' if defined $body;
    return curl(BALANCER, 'https://' . HOST . $path, '-X', $method, defined $body ? ('--data-binary', $body) : (),
        map { ('-H', "$_: $headers{$_}") } sort keys %headers);
}

sub signed {
    my ($key, $secret, $method, $path, $body) = @_;
    my $text = $body ? encode_json($body) : '';
    my %headers = Dygw::Client->new(port => 1, key => $key, secret => $secret)->sign($method, "/v1/open$path", $text);
    return through_balancer('203.0.113.9', $method, "/v1/open$path", $body ? $text : undef, %headers);
}

sub pos_app { return signed('pos-2f7c9a10', $secrets{'pos-secret'}, @_) }
sub kiosk   { return signed('kiosk-81d3e5b7', $secrets{'kiosk-secret'}, @_) }

ok(poll { through_balancer(undef, GET => '/health')->{status} == 200 }, 'the balancer sees that it is healthy');

# --- redeeming ---

for my $case ([ 'a till', \&pos_app, '7001' ], [ 'a till', \&pos_app, '7002' ],
              [ 'a till', \&pos_app, '7003', FRANCHISE ], [ 'a kiosk', \&kiosk, '7001' ],
              [ 'a kiosk', \&kiosk, '7003', FRANCHISE ]) {
    my ($who, $app, $store, $account) = @$case;
    my $coupon = $sandbox->mint_coupon($account ? (account_id => $account) : ());
    my $answer = $app->(POST => '/coupons/verify', { store => $store, code => $coupon->{code} });
    my $view = ($answer->{json}{data}{verifications} // [ $answer->{json}{data} ])->[0];
    is("$answer->{status} $answer->{version} " . ($view->{verify_status} // ''), '200 2 success',
        "$who redeems in store $store over HTTPS, by HTTP/2") or diag $answer->{body};
    is("$view->{store} $view->{account_id}", "$store " . ($account // '7014065493820573710'), '... which is recorded');
    is($sandbox->coupon($coupon->{code})->{status}, 2, '... and Douyin knows');
}
my $answer = kiosk(POST => '/coupons/verify', { store => '7002', code => '123456789012' });
is("$answer->{status} $answer->{json}{code}", '403 store_forbidden', 'a kiosk redeems in its own stores only');
$answer = signed('kiosk-81d3e5b7', $secrets{'pos-secret'}, GET => '/verifications?idempotency_key=x');
is($answer->{status}, 401, 'a wrong secret is refused');

# --- /internal ---

my %zhang = (Authorization => 'Basic ' . encode_base64('zhang:' . PASSWORD, ''));
sub internal { my ($from, %headers) = @_; return through_balancer($from, GET => '/v1/internal/apps', undef, %headers) }
for my $case ([ 'from outside, with the password', '203.0.113.9', %zhang ],
              [ 'from the balancer itself', undef, %zhang ],
              [ 'from who says before the balancer that it were the office', '198.51.100.7, 203.0.113.9', %zhang ],
              [ 'from the office without a password', '198.51.100.7', 'X-XTJ-UID' => 'zhang' ],
              [ 'from outside, an operator by a header', '203.0.113.9', 'X-XTJ-UID' => 'zhang' ]) {
    my ($name, @request) = @$case;
    like(internal(@request)->{status}, qr/\A40[13]\z/, "/internal is refused $name");
}
$answer = internal('198.51.100.7', %zhang);
is($answer->{status}, 200, '/internal is open to the office, with a password') or diag $answer->{body};
is_deeply([ sort map { "$_->{code} $_->{source}" } @{ $answer->{json}{data} } ],
    [ 'kiosk config', 'pos config' ], '... and shows both apps') or diag $answer->{body};
unlike($answer->{body}, qr/\Q$secrets{'pos-secret'}\E|\Q$secrets{'kiosk-secret'}\E/, '... without their secrets');

$answer = curl(NOBODY, 'https://' . HOST . '/v1/internal/apps', '-H', 'X-Forwarded-For: 198.51.100.7',
    '-u', 'zhang:' . PASSWORD);
like($answer->{status}, qr/\A40[13]\z/, 'who is not the balancer cannot say that it were the office');

# --- monitoring ---

sub inside { my ($from, $path) = @_; return curl($from, 'https://' . HOST . ":8443$path") }

$answer = inside(PROMETHEUS, '/v1/internal/metrics');
is($answer->{status}, 200, 'Prometheus reads metrics past the balancer');
like($answer->{body}, qr/^dygw_apps\{(?=.*source="config")(?=.*status="active").*\} 2$/m, '... of two declared apps');
like($answer->{body}, qr/^dygw_redemptions_total\{.*\} 5$/m, '... and five redemptions')
    or diag join "\n", grep { /redem|verif/ && !/^#/ } split /\n/, $answer->{body};
$answer = inside(PROMETHEUS, '/server-status?auto');
is($answer->{status}, 200, '... mod_status');
like($answer->{body}, qr/^Dygw/mi, '... with the gateway\'s part');
is(inside(PROMETHEUS, '/v1/internal/apps')->{status}, 403, '... and nothing else');
is(inside(NOBODY, $_)->{status}, 403, "$_ is refused to others") for '/v1/internal/apps', '/v1/internal/metrics',
    '/server-status';
is(inside(BALANCER, $_)->{status}, 403, "$_ is refused to the balancer") for '/v1/internal/apps';
is(through_balancer('203.0.113.9', GET => $_)->{status}, 404, "$_ is not there through it") for '/server-status';

my $found = join ' ', $^X, $doctor, qw(--lang en --poi 7003 --ca-file), "$dir/ca.pem", '--url',
    'http://127.0.0.1:8081/v1/internal';
$found = `$found 2>&1`;
like($found, qr/^pass  Authorisation by the merchant: account ${\ FRANCHISE}$/m, 'the doctor: both accounts');
like($found, qr/^pass  Declared stores: 3 of 3 are right$/m, '... all stores');
like($found, qr/^pass  Store 7098765432109876001: declared as 7003$/m, '... one of them by its code');
unlike($found, qr/^FAIL/m, '... nothing fails') or diag $found;

my ($line) = grep { m{POST /v1/open/coupons/verify} } split /\n/, slurp($server->dir . '/pos-gateway.log');
like($line, qr/\A203\.0\.113\.9 - pos-2f7c9a10 .*" 200 \d+ \d+ \S+ [\w-]+ \d+\z/,
    'the access log has the caller, the app, and what the gateway noted');

$server->check_log;
$sandbox->check_log;
done_testing;
