#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The examples of "Securing /internal", taken from the manual's page as they stand there: who gets in, who is in the
# audit trail, and that a forged header counts for nothing where Apache authenticates.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use HTTP::Tiny;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use Test::More;

use Dygw::Certificate qw(certificates);
use Dygw::Gateway;
use Dygw::Needs;
use Dygw::OpenId;
use Dygw::Sandbox;
use Dygw::Server qw(free_port slurp spew);

use constant PASSWORD => 'a password of tests';
use constant FORGED => ('X-XTJ-UID' => 'somebody-else' );

my $manual = "$FindBin::Bin/../../mod_dygw/manual";
my $page = slurp("$manual/security.md");
Dygw::Needs::missing_package('htpasswd', 'apache2-utils') if !-x '/usr/bin/htpasswd';
Dygw::Needs::missing_package('mod_auth_openidc', 'libapache2-mod-auth-openidc')
    if !-e Dygw::Server::module_dir() . '/mod_auth_openidc.so';

# --- the page ---

# The examples of a section: what stands indented, a text for each run of lines.
sub examples {
    my ($title) = @_;
    my ($text) = $page =~ /^### \Q$title\E\n(.*?)(?=^##|\z)/ms or die "the page has no section $title\n";
    return map { s/^    //mgr } indented($text);
}

sub indented { return $_[0] =~ /((?:^    .*\n|^\n(?=    ))+)/mg }

is_deeply([ indented(slurp("$manual/zh/security.md")) ], [ indented($page) ], 'the Chinese page has the same examples');

my $dir = certificates(
    tls => { name => 'localhost' },
    zhang => { subject => '/O=Shop/CN=zhang', ca => 'office-ca' },
    nameless => { subject => '/O=Shop', ca => 'office-ca' },
    stranger => { subject => '/CN=zhang', ca => 'another-ca' },
);
my %port = map { $_ => free_port() } qw(8080 8081 8443 tls);

# The names, paths and ports of the page are those of the test; all else stays.
sub here {
    my ($example) = @_;
    return $example =~ s{/etc/dygw}{$dir}gr =~ s/shop\.example/localhost/gr =~ s/^Listen (?=\d+$)/Listen 127.0.0.1:/mgr
        =~ s/\*:(?=\d)/127.0.0.1:/gr =~ s/:(80\d\d|8443)\b/:$port{$1}/gr;
}

# --- servers ---

my $gateway = Dygw::Gateway->new(
    sandbox => Dygw::Sandbox->start_new, children => 1,
    modules => [qw(dbd ssl auth_basic authn_core authn_file authz_user remoteip auth_openidc)],
    log_level => 'warn dygw:debug auth_openidc:crit',     # its lines have no codes
);
my @set_up = qw(AH01873 AH01882 AH01909);     # what mod_ssl says about it
my @refused = qw(AH01617 AH01629 AH01630 AH01631 AH02039 AH02219 AH02227);
$gateway->server->announce(@set_up, @refused, 'DYGW0214');
my $usual = $gateway->config_text =~ s{<Location.*}{}sr;     # all but the mounts

# Serves this configuration, and health.
sub serve {
    my ($conf) = @_;
    $gateway->server->set_conf("$usual$conf<Location \"/health\">\nSetHandler dygw-health\n</Location>\n");
    $gateway->server->is_running ? $gateway->restart : $gateway->server->start;
    $gateway->wait_healthy;
    return;
}

sub in_tls_host {
    my ($conf) = @_;
    return "Listen 127.0.0.1:$port{tls}\n<VirtualHost 127.0.0.1:$port{tls}>\nServerName localhost:$port{tls}\n"
        . "SSLEngine on\nSSLCertificateFile $dir/tls.pem\nSSLCertificateKeyFile $dir/tls.key\n$conf</VirtualHost>\n";
}

# --- requests ---

my $names = 0;

# Creates an app at a base; the answer, with its JSON.
sub create {
    my ($base, $headers, %ssl) = @_;
    my $http = HTTP::Tiny->new(verify_SSL => 1, max_redirect => 0, timeout => 20,
        SSL_options => { SSL_ca_file => "$dir/ca.pem", map { ("SSL_$_" => $ssl{$_}) } keys %ssl });
    my $answer = $http->post("$base/v1/internal/apps", {
        headers => { 'Content-Type' => 'application/json', %$headers },
        content => encode_json({ name => 'app ' . $names++ }) });
    $answer->{json} = eval { decode_json($answer->{content}) } // {};
    return $answer;
}

sub entries { return $gateway->rows('dygw_audit') }

sub last_entry {
    my ($column) = @_;
    return scalar $gateway->database->query("SELECT $column FROM dygw_audit ORDER BY id DESC LIMIT 1");
}

# One test each: who is let in, and is in the audit trail; who is not, and is not.
sub acts {
    my ($name, $operator, @request) = @_;
    my $answer = create(@request);
    is("$answer->{status} " . last_entry('actor'), "201 $operator", $name) or diag $answer->{content};
    return;
}

sub is_refused {
    my ($name, $statuses, @request) = @_;
    my $before = entries();
    my $answer = create(@request);
    like($answer->{status}, qr/\A(?:$statuses)\z/, $name) or diag $answer->{content};
    is(entries(), $before, '... and nothing is in the audit trail');
    return $answer;
}

sub basic { my ($user, $password) = @_; return (Authorization => 'Basic ' . encode_base64("$user:$password", '')) }

# --- a user and a password ---

my ($commands, $basic) = examples('A user and a password');
$commands =~ s/^chown.*\n//m if !defined Dygw::Server::user();
{
    local $ENV{password} = PASSWORD;
    my $said = `set -e; ( ${\ here($commands) } ) 2>&1`;
    is($?, 0, 'the commands for the users run') or diag $said;
}
$basic = here($basic);
serve($basic . in_tls_host($basic));
my ($tls, $plain) = ("https://localhost:$port{tls}", $gateway->server->url);
acts('Basic: a user acts in the own name', 'zhang', $tls, { basic('zhang', PASSWORD) });
acts('... whatever the header says', 'zhang', $tls, { basic('zhang', PASSWORD), FORGED });
is_refused('... with another password not at all', 401, $tls, { basic('zhang', 'x'), FORGED });
is_refused('... nor without one', 401, $tls, { FORGED });
is_refused('... nor without TLS', 403, $plain, { basic('zhang', PASSWORD) });

# Who writes neither `none` nor the header down is warned, and a user goes first all the same.
$gateway->server->announce('DYGW0134');
serve(in_tls_host($basic =~ s/^DygwOperatorHeader.*\n//mr));
acts('... a user goes before the header where that counts, too', 'zhang', $tls, { basic('zhang', PASSWORD), FORGED });

# --- client certificates ---

my ($certificates) = map { here($_) } examples('Client certificates');
serve($certificates);
my $office = "https://localhost:$port{8443}";
sub with { my ($who) = @_; return (cert_file => "$dir/$who.pem", key_file => "$dir/$who.key") }
acts('a certificate: its common name acts', 'zhang', $office, {}, with('zhang'));
acts('... whatever the header says', 'zhang', $office, { FORGED }, with('zhang'));
is_refused('... without one there is no connection', 599, $office, { FORGED });
is_refused("... nor with another authority's", 599, $office, { FORGED }, with('stranger'));
my $answer = is_refused('... one without a name is nobody', 401, $office, { FORGED }, with('nameless'));
is($answer->{json}{code}, 'operator_required', '... says the gateway');

# --- a proxy on the same host ---

my ($behind, $passes, $authenticates) = map { here($_) } examples('A proxy on the same host');
serve($behind);
my $proxy = Dygw::Server->new(name => 'the proxy', children => 1,
    modules => [qw(proxy proxy_http ssl headers auth_basic authn_core authn_file authz_user)],
    conf => sub { return $passes . in_tls_host($authenticates) });
$proxy->announce(@set_up, @refused);
$proxy->start;
acts('a proxy: the office has its own way in', 'zhang', "http://127.0.0.1:$port{8081}", { 'X-XTJ-UID' => 'zhang' });
is_refused('... which the proxy does not know', 404, $proxy->url, { FORGED });
is_refused('... nor the host that it passes on to', 404, "http://127.0.0.1:$port{8080}", { FORGED });
my $http = HTTP::Tiny->new;
is($http->get($proxy->url . '/health')->{status}, 200, '... /health is passed on');
my $open = Dygw::Client->new(port => $proxy->port, key => 'ck_nobody_knows', secret => 'sk_nobody_knows_this');
is($open->call(GET => '/verifications?idempotency_key=a%2Fb')->{json}{code}, 'invalid_credentials', '... and /open');
acts('a proxy that authenticates names its user', 'zhang', $tls, { basic('zhang', PASSWORD) });
acts('... whatever the header said', 'zhang', $tls, { basic('zhang', PASSWORD), FORGED });
is_refused('... and nobody else', 401, $tls, { FORGED });
$proxy->check_log;

# --- addresses behind a proxy ---

my ($remote) = map { here($_) } examples('Addresses behind a proxy');
sub from { return { 'X-XTJ-UID' => 'zhang', 'X-Forwarded-For' => $_[0] } }
serve($remote);
acts('mod_remoteip: an address that is let in', 'zhang', $plain, from('192.0.2.7'));
is(last_entry('address'), '192.0.2.7', '... is in the audit trail, not the proxy\'s');
is_refused('... another address is not', 403, $plain, from('198.51.100.7'));
is_refused('... nor one that says before the proxy that it were', 403, $plain, from('192.0.2.7, 198.51.100.7'));
is_refused('... nor this host', 403, $plain, { 'X-XTJ-UID' => 'zhang' });
serve($remote =~ s/Require ip .*/Require local/r);
acts('Require local: this host', 'zhang', $plain, { 'X-XTJ-UID' => 'zhang' });
is_refused("... and nobody of the shop's network behind the proxy", 403, $plain, from($_)) for qw(192.0.2.7 10.1.2.3);
serve($remote =~ s/Require ip .*/Require local/r =~ s/RemoteIPInternalProxy/RemoteIPTrustedProxy/r);
acts('... which RemoteIPTrustedProxy would have let in, as the page warns', 'zhang', $plain, from('10.1.2.3'));

# --- single sign-on ---

my ($openid) = map { here($_) } examples('Single sign-on');
my ($secret) = $openid =~ /^OIDCClientSecret (\S+)/m;
my $provider = Dygw::OpenId->new(client => 'gateway', secret => $secret, dir => $dir);
$openid =~ s{^OIDCProviderMetadataURL .*}{OIDCProviderMetadataURL ${\ $provider->metadata_url}}m;
$openid =~ s{(?<=https://localhost)(?=/)}{:$port{tls}};
serve(in_tls_host($openid));

# Follows a browser's way through the provider; the cookies at its end, and its last answer.
sub sign_in {
    my (%claims) = @_;
    $provider->becomes(%claims);
    my $browser = HTTP::Tiny->new(verify_SSL => 1, max_redirect => 0, SSL_options => { SSL_ca_file => "$dir/ca.pem" });
    my ($url, %cookies, $got) = ("$tls/v1/internal/apps");
    for (1 .. 6) {
        $got = $browser->get($url, { headers => { Accept => 'text/html', FORGED,
            %cookies ? (Cookie => join '; ', map { "$_=$cookies{$_}" } sort keys %cookies) : () } });
        my $set = $got->{headers}{'set-cookie'} // [];
        /\A([^=]+)=([^;]*)/ and $cookies{$1} = $2 for ref $set ? @$set : $set;
        last if $got->{status} !~ /\A30/;
        $url = $got->{headers}{location};
    }
    return ($got, { Cookie => join '; ', map { "$_=$cookies{$_}" } sort keys %cookies });
}

my %office = (sub => '17', email => 'zhang@shop.example', groups => [ 'till', 'office' ]);
my ($last, $session) = sign_in(%office);
is($last->{status}, 200, 'single sign-on: who belongs to the office is let in') or diag "$last->{url} $last->{content}";
acts('... and acts in the own name', 'zhang@shop.example', $tls, $session);
acts('... whatever the header says', 'zhang@shop.example', $tls, { %$session, FORGED });
is_refused('... without a session nobody is', '401|302', $tls, { FORGED });
is_refused('... nor with a made up one', '401|302', $tls, { FORGED, Cookie => 'mod_auth_openidc_session=x' });
($last, $session) = sign_in(%office, groups => ['till']);
like($last->{status}, qr/\A40[13]\z/, 'who does not belong to the office is not let in') or diag $last->{content};
is_refused('... and does nothing', '401|403', $tls, { %$session, FORGED });
($last, $session) = sign_in(sub => '18', groups => ['office']);
is_refused('... nor does who has no such claim', '401|403|500', $tls, { %$session, FORGED });

$gateway->finish;
done_testing;
