#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# dygw-doctor asks the mounts of a gateway from outside, as a till or a balancer would, and tells what answers in its
# place, and what is wrong with a certificate; it ends in seconds, whatever hangs.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);

use Dygw::Certificate qw(certificates);
use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server qw(free_port spew);

use constant IN_SECONDS => 9;     # a mount has five

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my $doctor = "$FindBin::Bin/../../build/dygw-doctor";
my $dir = certificates(
    good => { name => 'localhost' }, other => { name => 'shop.example' }, old => { name => 'localhost', days_ago => 3 },
);
my %port = map { $_ => free_port() } qw(good other old to_https page login moved broken anybody asks);

# --- a site that has other things than the gateway, and proxies to it ---

sub host {
    my ($name, $conf) = @_;
    return "Listen 127.0.0.1:$port{$name}\n<VirtualHost 127.0.0.1:$port{$name}>\n$conf\n</VirtualHost>\n";
}

sub tls { return "SSLEngine on\nSSLCertificateFile $dir/$_[0].pem\nSSLCertificateKeyFile $dir/$_[0].key\n" }

my $gateway = Dygw::Gateway->new;
my $origin = $gateway->server->url;
my $pass = "ProxyPass \"/\" \"$origin/\"\n";
my $dead = free_port();
my $no_diagnosis = "http://127.0.0.1:$dead/v1/internal";     # which would take a second each
my $site = Dygw::Server->new(
    name => 'the site', children => 1,
    modules => [qw(ssl proxy proxy_http rewrite headers alias auth_basic authn_core authn_file authz_user mime dir)],
    conf => sub {
        my ($s) = @_;
        spew($s->dir . '/index.html', '<!doctype html><title>A shop</title>');
        spew($s->dir . '/users', '');
        return "TypesConfig /dev/null\nAddType text/html .html\n"
            . join '', (map { host($_, tls($_) . $pass) } qw(good other old)),
            host('to_https', "Redirect permanent \"/\" \"https://localhost:$port{good}/\""),
            host('page', "RewriteEngine on\nRewriteRule .* /index.html [L]"),
            host('login', "RewriteEngine on\nRewriteRule ^/(.*) /sign-in?to=\$1 [R=302,L]"),
            host('asks', "$pass<Location \"/\">\nAuthType Basic\nAuthName x\nAuthBasicProvider file\n"
                     . 'AuthUserFile "' . $s->dir . "/users\"\nRequire valid-user\n</Location>"),
            host('moved', "ProxyPass \"/api/open\" \"$origin/v1/open\"\n"),
            host('broken', "ProxyPass \"/\" \"http://127.0.0.1:$dead/\"\n"),
            host('anybody', "${pass}RequestHeader set X-XTJ-UID office");
    },
);
$site->announce(qw(AH00957 AH01114 AH01873 AH01882 AH01909));     # the proxy that reaches nobody; mod_ssl's set-up
$gateway->start;
$gateway->server->announce('DYGW0214');     # /internal through a proxy
$site->start;

sub at { my ($name, $scheme) = @_; return ($scheme // 'http') . "://localhost:$port{$name}" }

# (exit status, what it printed, seconds)
sub consult {
    my (@arguments) = @_;
    my $began = time;
    my $command = join ' ', map { "'$_'" } $^X, $doctor, '--lang', 'en', @arguments;
    my $printed = `$command 2>&1`;
    my $status = $? >> 8;
    utf8::decode($printed);
    return ($status, $printed, time - $began);
}

# One test: what is printed has these lines.
sub told {
    my ($name, $arguments, @lines) = @_;
    my ($status, $printed) = consult((grep { $_ eq '--url' } @$arguments) ? () : ('--url', $no_diagnosis), @$arguments);
    my @missing = grep { $printed !~ $_ } @lines;
    ok(!@missing, $name) or diag "exit $status", (map { "\nnot said: $_" } @missing), "\n$printed";
    return $printed;
}

# --- where it is mounted by its configuration ---

my ($status, $printed) = consult('--url', "$origin/v1/internal");
is($status, 0, 'without options the mounts of the configuration are asked, and all is well') or diag $printed;
(my $named = $origin) =~ s/127\.0\.0\.1/localhost/;
like($printed, qr{^pass  /open, \Q$named\E/v1/open$}m, '... /open');
like($printed, qr{^pass  /internal, \Q$named\E/v1/internal: HTTP 401 operator_required$}m, '... /internal');
like($printed, qr{^pass  /health, \Q$named\E/health$}m, '... /health');

# --- what else may answer ---

told('a front controller that takes every path', [ '--site', at('page') ],
    map { qr{^FAIL  $_, .*: A page of something else answers at .*HTTP status 200\.\n +-> .*Fallback.*htaccess}m }
        '/open', '/health', '/internal');
told('... of the diagnosis, too', [ '--url', at('page') . '/v1/internal' ],
    qr{^FAIL  Gateway: A page of something else answers}m);
told('a login that redirects', [ '--site', at('login') ],
    qr{^FAIL  /open, .* leads elsewhere: http://localhost:\d+/sign-in\n}m,
    qr{^FAIL  /health, .* leads elsewhere}m, qr{^pass  /internal, .*: HTTP 302$}m);
told('... the diagnosis, too', [ '--url', at('login') . '/v1/internal' ],
    qr{^FAIL  Gateway: This program is sent elsewhere, .*/sign-in\n +-> .*--url}m);
told('a login in front of all', [ '--site', at('asks') ],
    qr{^FAIL  /open, .*not let in at .*401\.\n.*Require all granted}m, qr{^FAIL  /health, .*not let in}m,
    qr{^pass  /internal, .*: HTTP 401$}m);
told('http that redirects to https', [ '--open', at('to_https') . '/v1/open' ],
    qr{^FAIL  /open: .* leads to https\.\n +-> Use https://localhost:$port{good}/v1/open, }m);
told('... of the diagnosis, too', [ '--url', at('to_https') . '/v1/internal' ],
    qr{^FAIL  Gateway: .* leads to https\.\n +-> Use https://localhost:$port{good}/v1/internal, }m);
told('a proxy that reaches nobody', [ '--site', at('broken') ],
    qr{^FAIL  /health, .*A proxy answers at .*HTTP status 503\.\n +-> .*ProxyPass}m);
told('a proxy that changes the path', [ '--open', at('moved') . '/api/open' ],
    qr{^FAIL  /open: Asked at /api/open, the gateway sees /v1/open: a proxy changes the path\.\n.*Signatures}m);
told('a proxy that names an operator for everybody', [ '--site', at('anybody') ],
    qr{^FAIL  /internal, .*Whoever comes to .* is let in as an operator\.\n.*security\.md}m, qr{^pass  /open, }m);

# --- certificates ---

my $ca = [ '--ca-file', "$dir/ca.pem" ];
told('a certificate of an own authority', [ '--site', at('good', 'https') ],
    qr{^FAIL  https://localhost:\d+, from outside: .*signed by nobody that this host knows.*\n +-> .*--ca-file FILE}m);
unlike(told('... with --ca-file', [ '--site', at('good', 'https'), @$ca ],
        qr{^pass  /open, https://localhost:\d+/v1/open$}m),
    qr/^(?:FAIL|warn)(?!  (?:Gateway|Upstream))/m, '... nothing is wrong');
told('a certificate for another name', [ '--site', at('other', 'https'), @$ca ],
    qr{^FAIL  .*for another name: shop\.example\.\n +-> .*subjectAltName.*--ca-file}m);
told('a certificate that has expired', [ '--site', at('old', 'https'), @$ca ],
    qr{^FAIL  .*has expired, or is not valid yet\.\n +-> .*timedatectl.*--ca-file}m);
told('http where https is asked for', [ '--site', at('page', 'https') ], qr{^FAIL  .*no TLS at .*\n +-> .*--ca-file}m);
for my $case ([ good => qr/signed by nobody/ ], [ other => qr/another name/, @$ca ], [ old => qr/expired/, @$ca ]) {
    my ($name, $pattern, @more) = @$case;
    ($status, $printed) = consult('--url', at($name, 'https') . '/v1/internal', @more);
    is($status, 2, "$name: no diagnosis");
    like($printed, qr/^FAIL  Gateway: .*$pattern.*\n +-> .*--ca-file/m, '... and the certificate is told');
}
($status, $printed) = consult('--ca-file', "$dir/none.pem");
is($status, 2, 'a --ca-file that is not there is wrong usage');
like($printed, qr{--ca-file \Q$dir\E/none\.pem: No such file}, '... and named');

# --- what hangs ---

my $silent = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1') or die "cannot listen: $@";
for my $scheme (qw(http https)) {
    my $url = "$scheme://127.0.0.1:" . $silent->sockport;
    my $seconds;
    my $patience = $scheme eq 'https' ? 5 : 2;
    ($status, $printed, $seconds) = consult('--url', $no_diagnosis, '--site', $url,
        $patience == 5 ? () : ('--timeout', $patience));
    cmp_ok($seconds, '<', IN_SECONDS, "$scheme that never answers: it ends in seconds");
    like($printed, qr{^FAIL  \Q$url\E, from outside: There is no answer from \Q$url\E within $patience s\.}m,
        '... and says so, once');
    ($status, $printed, $seconds) = consult('--url', "$url/v1/internal", '--timeout', 1);
    cmp_ok($seconds, '<', IN_SECONDS, '... nor to the diagnosis');
    is($status, 2, '... which there is none of');
    like($printed, qr{^FAIL  Gateway: There is no answer from \S+ within 1 s\.\n +-> .*mod_status.*--timeout}m,
        '... it says so');
}
$gateway->server->set_conf(sub { return "ServerName no-such-name.invalid\n" . $gateway->config_text });
$gateway->graceful;
told('a name of the configuration that means nothing here is no failure', [ '--url', "$origin/v1/internal" ],
    qr{^warn  http://no-such-name\.invalid:\d+, from outside: From here there is no answer.*\n +-> .*--site URL}m);

# --- virtual hosts ---

my %listen = map { $_ => free_port() } qw(tls inside office);
my $hosts = Dygw::Gateway->new(sandbox => $gateway->sandbox, modules => [qw(dbd ssl)], children => 1, conf => <<"END");
Listen 127.0.0.1:$listen{tls}
<VirtualHost 127.0.0.1:$listen{tls}>
    ServerName localhost
    @{[ tls('good') ]}
</VirtualHost>
Listen 127.0.0.1:$listen{inside}
<VirtualHost 127.0.0.1:$listen{inside}>
    ServerName shop.example
    <Location "/v1">
        SetHandler none
    </Location>
    <Location "/office">
        SetHandler dygw-internal
        Require local
    </Location>
</VirtualHost>
Listen 127.0.0.1:$listen{office}
<VirtualHost 127.0.0.1:$listen{office}>
    ServerName localhost
    @{[ tls('good') ]}
    SSLCACertificateFile $dir/ca.pem
    SSLVerifyClient require
</VirtualHost>
END
$hosts->server->announce(qw(AH01873 AH01882 AH01909 AH02261));
$hosts->start;
$origin = $hosts->server->url;
$printed = told('virtual hosts with TLS and on the loopback', [ '--url', "$origin/v1/internal", @$ca ],
    qr{^pass  /open, https://localhost:$listen{tls}/v1/open$}m,
    qr{^pass  /health, https://localhost:$listen{tls}/health$}m,
    qr{^pass  /internal, http://127\.0\.0\.1:$listen{inside}/office: HTTP 401 operator_required$}m,
    qr{^skip  https://localhost:$listen{office}, from outside: .* asks for a client certificate}m);
unlike($printed, qr{127\.0\.0\.1:$listen{inside}/v1|shop\.example|^(?:FAIL|warn)(?!  Upstream)}m,
    '... what a later section hides is not asked');
$hosts->disconnect;
$hosts->server->check_log;

$site->check_log;
$gateway->finish;
done_testing;
