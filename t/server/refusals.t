#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What Apache refuses by itself at the gateway's places has the form of all other errors, whatever pages the site has
# for errors; elsewhere these pages are the site's.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use MIME::Base64 qw(encode_base64);
use Test::More;

use Dygw::Client;
use Dygw::Expect;
use Dygw::Gateway;
use Dygw::Metrics;
use Dygw::Server qw(free_port slurp spew);

my $site = tempdir('dygw-site-XXXXXX', DIR => '/tmp', CLEANUP => 1);
chmod 0755, $site;
spew("$site/page.html", "the site's page\n");
spew("$site/users", 'zhang:' . crypt('office', '$1$saltsalt$') . "\n", 0644);

# The site's pages for errors: none of its own, a file, a text, another host's.
my @PAGES = ('', '/page.html', '"the site is sorry"', 'https://shop.example/sorry');
my @port = map { free_port() } @PAGES;

sub documents {
    my ($page) = @_;
    my @statuses = $page ? (400, 403, 404, 405, 408, 413, 414, 417, 431, 500, 503) : ();
    push @statuses, 401 if $page !~ /https/;    # which httpd does not take for 401
    return join '', map { "ErrorDocument $_ $page\n" } $page ? @statuses : ();
}

my $mounts = <<"END";
<Location "/v1/open/verifications">
    AuthType Basic
    AuthName "the tills"
    AuthUserFile "$site/users"
    Require valid-user
</Location>
<Location "/v1/internal">
    AuthType Basic
    AuthName "the office"
    AuthUserFile "$site/users"
    Require valid-user
</Location>
<Location "/v1/internal/reports">
    Require ip 192.0.2.7
</Location>
<Location "/v1/internal/apps">
    AllowMethods GET
</Location>
<Location "/v1/internal/audit">
    AuthType None
</Location>
<Location "/health">
    Require ip 192.0.2.7
</Location>
<Location "/own">
    SetHandler dygw-health
    ErrorDocument 403 /page.html
    Require ip 192.0.2.7
</Location>
<Location "/secret">
    Require ip 192.0.2.7
</Location>
END

my $hosts = join '', map { <<"END" . documents($PAGES[$_]) . "$mounts</VirtualHost>\n" } 0 .. $#PAGES;
Listen 127.0.0.1:$port[$_]
<VirtualHost 127.0.0.1:$port[$_]>
    RequestReadTimeout header=1
END
my $gateway = Dygw::Gateway->new(children => 1, mpm => 'event',
    modules => [qw(dbd dir auth_basic authn_core authn_file authz_user allowmethods headers)],
    conf => <<"END");
DocumentRoot "$site"
<Directory "$site">
    Require all granted
</Directory>
Header always set X-Shop yes
$hosts
END
# What Apache says of those whom it refuses; and that a header names operators as well.
$gateway->server->announce(qw(AH01630 AH01618 AH01617 AH00027 AH01623 AH10244 DYGW0134));
$gateway->start;

my %zhang = (Authorization => 'Basic ' . encode_base64('zhang:office', ''));
my %nobody = (Authorization => 'Basic ' . encode_base64('zhang:wrong', ''));

sub is_clean {
    my ($answer, $name) = @_;
    is($answer->{headers}{'cache-control'}, 'no-store', "$name: is not kept by anybody");
    unlike($answer->{body}, qr/the site|Apache\/|<html/i, "$name: nothing of a page is left");
    is($answer->{headers}{'x-shop'}, 'yes', "$name: the administrator's header is there");
    return;
}

sub refused {
    my ($port, $what) = @_;
    my $plain = Dygw::Client->new(port => $port, base => '');
    my $at = sub { my ($path, %with) = @_; return $plain->call(GET => $path, undef, %with) };

    for my $headers ({}, \%nobody) {
        my $unknown = $at->('/v1/internal/apps', headers => { %$headers, 'X-Request-Id' => 'mine-1' });
        error_is($unknown, 401, 'operator_required', "$what: whoever Apache does not know");
        is($unknown->{json}{request_id}, 'mine-1', "$what: with the caller's X-Request-Id");
        is($unknown->{headers}{'www-authenticate'}, 'Basic realm="the office"', "$what: and WWW-Authenticate");
        is_clean($unknown, $what);
    }
    is($at->('/v1/internal/apps', headers => \%zhang)->{status}, 200, "$what: whom it knows is served");
    my $till = $at->('/v1/open/verifications/1');
    error_is($till, 401, 'missing_credentials', "$what: on /open");
    is($till->{headers}{'www-authenticate'}, 'Basic realm="the tills"', "$what: with WWW-Authenticate too");

    my $forbidden = $at->('/v1/internal/reports/summary');
    error_is($forbidden, 403, 'forbidden', "$what: Require ip");
    is_clean($forbidden, "$what: 403");
    error_is($at->('/health'), 403, 'forbidden', "$what: of /health");
    my $posted = $plain->call(POST => '/v1/internal/reports/summary', { x => 'y' x 50000 });
    error_is($posted, 403, 'forbidden', "$what: with a body");
    ok($posted->{keep}, "$what: the connection stays");
    error_is($at->('/v1/internal/reports/summary'), 403, 'forbidden', "$what: and serves the next one");
    my $head = $plain->call(HEAD => '/v1/internal/reports/summary');
    is("$head->{status} $head->{body} $head->{headers}{'content-type'}", '403  application/json', "$what: HEAD");
    error_is($plain->call(POST => '/v1/internal/apps', {}, headers => \%zhang), 405, 'method_not_allowed',
        "$what: AllowMethods");
    error_is($at->('/v1/internal/audit'), 500, 'internal_error', "$what: Apache cannot decide");
    return;
}

# What is refused before httpd knows the place, or when it has read the first line alone.
sub not_understood {
    my ($port, $what) = @_;
    my $plain = Dygw::Client->new(port => $port, base => '');
    my $line = 'GET /v1/open/verifications/1 HTTP/1.1';
    my %broken = (
        'a header without a colon' => [ 400, "$line\r\nHost: x\r\nnonsense\r\n\r\n" ],
        'no Host' => [ 400, "$line\r\n\r\n" ],
        'a Content-Length that is none' => [ 400, "$line\r\nHost: x\r\nContent-Length: x\r\n\r\n" ],
        'headers without end' => [ 400, "$line\r\nHost: x\r\n" . 'X-A: b' x 2000 . "\r\n\r\n" ],
        'too many headers' => [ 400, "$line\r\nHost: x\r\n" . "X-A: b\r\n" x 200 . "\r\n" ],
        'a request line without end' => [ 414, 'GET /v1/open/verifications?idempotency_key=' . 'x' x 10000 .
            " HTTP/1.1\r\nHost: x\r\n\r\n" ],
        'another Expect' => [ 417, "$line\r\nHost: x\r\nExpect: more\r\n\r\n" ],
        'broken percents' => [ 400, "GET /v1/open/%zz HTTP/1.1\r\nHost: x\r\n\r\n" ],
        'headers that stop' => [ 408, "$line\r\nHost: x\r\n" ],
    );
    for my $case (sort keys %broken) {
        my ($status, $bytes) = @{ $broken{$case} };
        error_is($plain->raw($bytes), $status, 'invalid_request', "$what: $case");
    }
    error_is($plain->raw("GET /v1/open/a%2Fb HTTP/1.1\r\nHost: x\r\n\r\n"), 404, 'not_found',
        "$what: a slash that is none");
    return;
}

for my $i (0 .. $#PAGES) {
    my $what = $PAGES[$i] || 'no pages';
    refused($port[$i], $what);
    not_understood($port[$i], $what) if $PAGES[$i] !~ /https/;
    my $plain = Dygw::Client->new(port => $port[$i], base => '');
    my $secret = $plain->call(GET => '/secret');
    my @expected = ([ 403, qr/DOCTYPE/ ], [ 403, qr/the site's page/ ], [ 403, qr/the site is sorry/ ],
        [ 302, qr/sorry/ ]);
    is($secret->{status}, $expected[$i][0], "$what: elsewhere it is the site's");
    like($secret->{body}, $expected[$i][1], "$what: as it was");
    unlike($secret->{body}, qr/request_id/, "$what: without a word of ours");
    my $own = $plain->call(GET => '/own');
    is("$own->{status} $own->{body}", "403 the site's page\n", "$what: a page in the <Location> itself counts");
}

# --- it is counted and logged as every answer ---

my $page = Dygw::Metrics->scrape($gateway);
cmp_ok($page->total('dygw_requests_total', handler => 'internal', code => 'forbidden'), '>=', 16, '/metrics');
like(slurp($gateway->server->access_log), qr{"GET /v1/internal/reports/summary HTTP/1.1" 403 forbidden },
    '%{dygw-code}n');
$gateway->finish;
done_testing;
