#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What `apachectl configtest` says of the places where the gateway is mounted: handlers that are none, plain http for
# other machines, /internal for everybody, and an operator that anybody can name. What is well is not spoken of.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use Test::More;

use Dygw::Certificate qw(certificates);
use Dygw::Server qw(free_port spew);

my $dir = tempdir('dygw-mounts-XXXXXX', DIR => '/tmp', CLEANUP => 1);
chmod 0777, $dir;
spew("$dir/secret", "a-secret-of-an-application\n", 0600);
spew("$dir/key", 'ab' x 32 . "\n", 0600);
my ($port, $other) = (free_port(), free_port());
my $GATEWAY = <<"END";
DBDriver sqlite3
DBDParams $dir/dygw.db
DygwClientKey aw05az2qjv000000
DygwClientSecret file:$dir/secret
DygwMasterKey file:$dir/key
DygwAccountId 7014065493820573710
END
my $place = qr/\(\S+httpd\.conf:\d+\)/;

sub mount {
    my ($path, $handler, $more) = @_;
    return qq(<Location "$path">\n    SetHandler $handler\n) . ($more ? "    $more\n" : '') . "</Location>\n";
}

sub server {
    my ($text) = @_;
    return Dygw::Server->new(load => { dygw => Dygw::Server->module_path('dygw') }, conf => "$GATEWAY$text",
        modules => [qw(dbd ssl socache_shmcb remoteip proxy proxy_http rewrite alias auth_basic authn_core authn_file
            authz_user access_compat)]);
}

# The lines of ours.
sub said {
    my ($text) = @_;
    my ($status, $output) = server($text)->configtest;
    is($status, 0, 'it is accepted') or diag $output;
    return grep { /DYGW\d/ } split /\n/, $output;
}

sub silent {
    my ($name, $text) = @_;
    return is(join("\n", said($text)), '', "nothing is said of $name");
}

sub warns {
    my ($name, $text, $code, @patterns) = @_;
    my @lines = said($text);
    is(scalar @lines, 1, "one line about $name") or diag @lines;
    like($lines[0] // '', $_, "$name: $_") for qr/$code: /, qr/:warn\]/, @patterns;
    return;
}

my $open = mount('/v1/open', 'dygw-open');
my $internal = mount('/v1/internal', 'dygw-internal', 'Require local');
my $health = mount('/health', 'dygw-health');

silent('the configuration of the README', $open . $internal . $health);

# --- handlers ---

my %typos = (
    dygw_open => 'dygw-open', 'dygw-opne' => 'dygw-open', 'dygw-intern' => 'dygw-internal', dygwhealth => 'dygw-health',
    'dygw-internals' => 'dygw-internal', DYGW_Open => 'dygw-open', dygw => 'dygw-open',
    'dygw-sand-box' => 'dygw-sandbox', 'dygw-' . 'x' x 300 => 'dygw-'
);
for my $typo (sort keys %typos) {
    server(mount('/v1/open', $typo))->expect_refusal("refuses $typo",
        qr/DYGW0130: SetHandler \L\Q$typo\E\E \(\S+httpd\.conf:\d+\): there is no such handler/,
        qr/did you mean $typos{$typo}/);
}
my %sections = (
    'a <VirtualHost>' => "<VirtualHost 127.0.0.1:$port>\n" . mount('/x', 'dygw_open') . "</VirtualHost>\n",
    'a <Directory>' => qq(<Directory "$dir">\nSetHandler dygw_open\n</Directory>\n),
    'a <Files> in it' => qq(<Directory "$dir">\n<Files x>\nSetHandler dygw_open\n</Files>\n</Directory>\n),
    'a <LocationMatch>' => qq(<LocationMatch "^/x">\nSetHandler dygw_open\n</LocationMatch>\n),
    'an <If>' => qq(<If "true">\nSetHandler dygw_open\n</If>\n),
    'an <IfModule>' => qq(<Location "/x">\n<IfModule dbd_module>\nSetHandler dygw_open\n</IfModule>\n</Location>\n),
    'AddHandler' => "AddHandler dygw_open .x\n",
);
my $mime = 'LoadModule mime_module ' . Dygw::Server::module_dir() . "/mod_mime.so\nTypesConfig /dev/null\n";
for my $section (sort keys %sections) {
    server("$mime$sections{$section}")->expect_refusal("finds one in $section", qr/DYGW0130/,
        qr/did you mean dygw-open/);
}
silent('capitals', mount('/v1/open', 'DYGW-Open'));
silent('an <IfModule> in between', qq(<Location "/v1/open">\n<IfModule dbd_module>\nSetHandler dygw-open\n) .
    "Require all granted\n</IfModule>\n</Location>\n");
silent('an expression', mount('/v1/open', '"dygw-%{tolower:OPEN}"'));
silent('handlers of others', mount('/x', 'server-status'));

my %misplaced = (
    '<LocationMatch>' => qq(<LocationMatch "^/x">\nSetHandler dygw-open\n</LocationMatch>\n),
    '<Location ~>' => qq(<Location ~ "^/x">\nSetHandler dygw-open\n</Location>\n),
    'a <Location> with an asterisk' => mount('/*/open', 'dygw-open'),
    '<Directory>' => qq(<Directory "$dir">\nSetHandler dygw-open\n</Directory>\n),
    'no section' => "SetHandler dygw-open\n",
);
warns("a handler in $_", $misplaced{$_}, 'DYGW0131', $place, qr/directly inside a <Location>/) for sort keys %misplaced;

# --- plain http ---

my $public = "Listen 0.0.0.0:$port\n";
sub vhost {
    my ($address, $text) = @_;
    return "<VirtualHost $address>\nServerName shop.example\n$text</VirtualHost>\n";
}
my $site = certificates(site => { name => 'shop.example' });
my $tls = "SSLEngine on\nSSLCertificateFile $site/site.pem\nSSLCertificateKeyFile $site/site.key\n";

warns('plain http', $public . $open . $internal, 'DYGW0132', $place, qr{/v1/open}, qr/0\.0\.0\.0:$port/,
    qr/the main server/, qr/SSLEngine on/, qr/127\.0\.0\.1/, qr/RemoteIPHeader/);
warns('plain http of IPv6', "Listen [::]:$port\n$open", 'DYGW0132', qr/\[::\]:$port/);
warns('plain http of /internal', $public . $internal, 'DYGW0132', qr{/v1/internal});
warns('a virtual host with plain http', $public . vhost("*:$port", $open), 'DYGW0132', qr/shop\.example $place/);
warns('one that is shared with the main server', "Listen $port\n" . vhost("127.0.0.1:$port", '') . $open, 'DYGW0132',
    qr/the main server/);
warns('a redirect of something else', "$public${open}Redirect /old https://shop.example/new\n", 'DYGW0132');
is(scalar(() = said($public . "Listen 0.0.0.0:$other\n$open" . vhost("*:$port", '') . vhost("*:$other", ''))), 2,
    'a line for each virtual host that has the main server\'s mounts');

my %fine = (
    'loopback' => "Listen 127.0.0.9:$port\nListen [::1]:$port\n$open",
    'a virtual host on loopback' => $public . vhost("127.0.0.1:$other", $open),
    'one of a loopback address behind a public Listen' => $public . vhost("127.0.0.1:$port", $open),
    'health on plain http' => $public . $health,
    'SSLEngine' => $public . vhost("*:$port", $tls . $open),
    'SSLEngine of the main server' => "$public$tls$open",
    'Listen ... https' => "Listen 0.0.0.0:$port https\n$open",
    'SSLRequireSSL' => $public . mount('/v1/open', 'dygw-open', 'SSLRequireSSL'),
    'Require ssl' => $public . mount('/v1/open', 'dygw-open', 'Require ssl'),
    'a proxy that is named' => "$public${open}RemoteIPHeader X-Forwarded-For\n",
    'a virtual host that redirects all' => $public . $open .
        vhost("*:$port", "Redirect permanent / https://shop.example/\n"),
    'one that rewrites all' => $public . $open .
        vhost("*:$port", "RewriteEngine On\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n"),
);
silent($_, $fine{$_}) for sort keys %fine;

# --- /internal for everybody ---

my $bare = mount('/v1/internal', 'dygw-internal');
warns('no Require', $open . $bare, 'DYGW0133', $place, qr{/v1/internal}, qr/Require local/);
warns('a Require of <Directory>', qq($bare<Directory "$dir">\nRequire local\n</Directory>\n), 'DYGW0133');
warns('a Require of another <Location>', qq($bare<Location "/v1/internals">\nRequire local\n</Location>\n), 'DYGW0133');
warns('a Require of a part', qq($bare<Location "/v1/internal/metrics">\nRequire local\n</Location>\n), 'DYGW0133');
warns('no Require in a virtual host', vhost("127.0.0.1:$port", $bare), 'DYGW0133', qr/shop\.example/);
warns('one that many virtual hosts have', $bare . vhost("127.0.0.1:$port", '') . vhost("127.0.0.1:$other", ''),
    'DYGW0133');
my %closed = (
    '<Location />' => qq($bare<Location "/">\nRequire local\n</Location>\n),
    'the <Location> above' => qq($bare<Location "/v1/">\nRequire local\n</Location>\n),
    '<LocationMatch>' => qq($bare<LocationMatch "^/v1/(internal|x)/">\nRequire local\n</LocationMatch>\n),
    '<Location ~>' => qq($bare<Location ~ "/internal">\nRequire local\n</Location>\n),
    '<If>' => qq($bare<If "%{REMOTE_ADDR} != '127.0.0.1'">\nRequire all denied\n</If>\n),
    '<RequireAny>' => mount('/v1/internal', 'dygw-internal', "<RequireAny>\nRequire local\n</RequireAny>"),
    'Order, Deny' => mount('/v1/internal', 'dygw-internal', "Order deny,allow\nDeny from all"),
    'Require all granted, which is said' => mount('/v1/internal', 'dygw-internal', 'Require all granted'),
    'client certificates' => vhost("127.0.0.1:$port",
        "${tls}SSLVerifyClient require\nSSLCACertificateFile $site/ca.pem\n$bare"),
    'the main server\'s for the same place' => $internal . vhost("127.0.0.1:$port", $bare),
);
silent($_, $closed{$_}) for sort keys %closed;

# --- who names himself ---

my $basic = mount('/v1/internal', 'dygw-internal',
    "AuthType Basic\n    AuthName x\n    AuthUserFile $dir/users\n    Require valid-user");
warns('a header beside Basic', $basic, 'DYGW0134', $place, qr/DygwOperatorHeader none/);
silent('none beside Basic', "${basic}DygwOperatorHeader none\n");
silent('a header beside Basic that is meant', "${basic}DygwOperatorHeader X-Operator\n");
warns('a header beside certificates', vhost("127.0.0.1:$port", "${tls}SSLVerifyClient require\n" .
    "SSLCACertificateFile $site/ca.pem\nSSLUserName SSL_CLIENT_S_DN_CN\n$internal"), 'DYGW0134');
my %proxies = (
    RemoteIPHeader => "RemoteIPHeader X-Forwarded-For\n",
    RemoteIPProxyProtocol => "RemoteIPProxyProtocol On\n",
    ProxyPass => "Listen 127.0.0.1:$port\n" . vhost("127.0.0.1:$other",
        "ProxyPass / http://localhost:$port/\n") . "Listen 127.0.0.1:$other\n",
    RewriteRule => "Listen 127.0.0.1:$port\n" . vhost("127.0.0.1:$other",
        "RewriteEngine On\nRewriteRule ^/(.*) http://127.0.0.1:$port/\$1 [P]\n") . "Listen 127.0.0.1:$other\n",
);
for my $directive (sort keys %proxies) {
    warns("a header behind $directive", $internal . $proxies{$directive}, 'DYGW0135',
        qr/\($directive, \S+httpd\.conf:\d+\)/, qr/DygwOperatorHeader none/);
    silent("none behind $directive", "$internal$proxies{$directive}DygwOperatorHeader none\n");
}
silent('a ProxyPass to another machine', "${internal}ProxyPass /app http://192.0.2.1:$port/\n");
silent('a ProxyPass to another port', "${internal}ProxyPass /app http://localhost:9/\n");
silent('a ProxyPass to /open', "$open${internal}Listen 127.0.0.1:$port\nListen 127.0.0.1:$other\n" .
    vhost("127.0.0.1:$other", "ProxyPass /v1/open http://localhost:$port/v1/open\n"));

# --- and nothing where there is no gateway ---

my ($status, $output) = Dygw::Server->new(load => { dygw => Dygw::Server->module_path('dygw') },
    conf => "Listen 0.0.0.0:$port\n")->configtest;
ok($status == 0 && $output !~ /DYGW/, 'nothing is said where there is no gateway') or diag $output;
done_testing;
