#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Where a scanned link may lead: only to hosts that are listed, never into the private network, not endlessly.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(free_port slurp spew);

# A server of redirects: /hop/N leads to /hop/N-1, /hop/0 to a long link.
my $sandbox = Dygw::Sandbox->start_new;
my $order = $sandbox->mint;
my $object_id = Dygw::Sandbox::escape($order->{object_id});
my $nobody = free_port();
my $hops = Dygw::Server->new(name => 'the redirects', modules => ['alias'], children => 1, access_log => '%U%q',
    conf => sub {
        my ($s) = @_;
        my $url = $s->url;
        my %to = (
            '/hop/0' => "$url/long/?a=1&object_id=$object_id", '/relative' => "/hop/0",
            '/loop' => "$url/loop", '/ping' => "$url/pong", '/pong' => "$url/ping",
            '/unlisted' => $sandbox->url . '/s/x', '/nobody' => "http://127.0.0.1:$nobody/",
            '/unlisted-with-id' => "http://shop.localhost:$nobody/?object_id=$object_id",
            '/private' => 'https://shop.localhost/?x=1', '/file' => 'file:///etc/passwd',
            '/user' => "http://127.0.0.1:$s->{port}\@shop.localhost:$nobody/",
            '/other-port' => "http://127.0.0.1:$nobody/",
            '/empty' => "$url/long/?object_id=", '/none' => "$url/long/?objectid=$object_id",
            '/fragment' => "$url/long/#object_id=$object_id",
            map { ("/hop/$_" => "$url/hop/" . ($_ - 1)) } 1 .. 9
        );
        my $text = join '', map { qq(RedirectMatch 302 "^\Q$_\E\$" "$to{$_}"\n) =~ s{\\/}{/}gr } sort keys %to;
        return $text . qq(Alias "/large" "$s->{dir}/large"\nRedirect 404 "/dead"\nRedirect 410 "/gone"\n) .
            qq(<Directory "$s->{dir}">\nRequire all granted\n</Directory>\n);
    });
spew($hops->dir . '/large', '<html>object_id=no</html>' . 'x' x (4 * 1024 * 1024), 0644);
$hops->start;
my $link = $hops->url;

my $gateway = Dygw::Gateway->new(sandbox => $sandbox, children => 1, timeout => 1,
    directives => { DygwShortLinkHosts => "$link shop.localhost" });
$gateway->start;
my $client = $gateway->client;
# A listed host at a private address; one that gives no answer.
$gateway->server->announce(qw(DYGW0510 DYGW0511));

# prepare shows which object_id was found, and redeems nothing.
sub scan { return $client->call(POST => '/coupons/prepare', { poi_id => POI, short_link => $_[0] }) }

sub leads_to_it {
    my ($what, $url) = @_;
    my $answer = scan($url);
    is($answer->{status}, 200, $what) or diag $answer->{body};
    my ($call) = reverse $sandbox->calls(call => 'prepare', after => 0);
    like($call->{args}, qr/(?:\A|&)encrypted_data=\Q$object_id\E(?:&|\z)/i, "$what: with its object_id");
    return;
}

sub is_no_link {
    my ($what, $url) = @_;
    return error_is(scan($url), 400, 'invalid_request', $what, field => 'short_link');
}

sub requests { my $log = slurp($hops->access_log); return scalar(() = $log =~ /\n/g) }

# --- what is followed ---

leads_to_it('one redirect', "$link/hop/0");
leads_to_it('five redirects', "$link/hop/4");
leads_to_it('a relative redirect', "$link/relative");
leads_to_it('white space around it', " \t$link/hop/0\r\n");
leads_to_it('a host in capitals', $link =~ s/http/HTTP/r . '/hop/0');
my $before = requests();
leads_to_it('the long link itself', "$link/share/?object_id=$object_id&x=1");
is(requests(), $before, 'which needs no request');

# --- what is not ---

is_no_link('six redirects', "$link/hop/5");
is_no_link('a link that leads to itself', "$link/loop");
is_no_link('two that lead to each other', "$link/ping");
is_no_link('a dead link', "$link/dead");
is_no_link('a link that is gone', "$link/gone");
is_no_link('a page without object_id, however large', "$link/large");
is_no_link('an empty object_id', "$link/empty");
is_no_link('another parameter', "$link/none");
is_no_link('an object_id in the fragment', "$link/fragment");

my $seen = $sandbox->state;
my $long = "http://127.0.0.1:$nobody/?object_id=$object_id";
is_no_link('a host that is not listed', $sandbox->url . '/s/x');
is_no_link('a redirect to one', "$link/unlisted");
is_no_link('a long link of one', $long);
is_no_link('a redirect to a long link of one', "$link/unlisted-with-id");
is_no_link('another port of a listed host', "http://127.0.0.1:$nobody/x");
is_no_link('a redirect there', "$link/other-port");
is_no_link('a listed name at a private address', 'https://shop.localhost/x');
is_no_link('a redirect there', "$link/private");
is_no_link('a listed name without TLS', 'http://shop.localhost/x');
is_no_link('a file', 'file:///etc/passwd');
is_no_link('a redirect to a file', "$link/file");
is_no_link('a user name that looks like a host', "http://127.0.0.1:$hops->{port}\@shop.localhost:$nobody/");
is_no_link('a redirect to one', "$link/user");
is_no_link("a private address: $_", "https://$_/x") for qw(127.0.0.1 2130706433 0x7f000001 127.1 [::1]
    [::ffff:127.0.0.1] 169.254.169.254 10.0.0.1);
is_no_link('another scheme', "$_:$link/hop/0") for qw(ftp gopher javascript data);
is_no_link('a line end within', "$link/hop/0\r\nX-Evil: 1");
is_no_link('a blank within', "$link/hop/0 x");
is_no_link('a scheme without host', 'https:///x');
is_no_link('nothing but a host', $link =~ s{http://}{}r);
is($sandbox->state->{calls}{short_link}, $seen->{calls}{short_link}, 'the host that is not listed heard nothing');

# --- trouble on the way ---

$gateway->set(DygwShortLinkHosts => "$link " . $sandbox->url . " http://127.0.0.1:$nobody");
$gateway->graceful;
error_is(scan("http://127.0.0.1:$nobody/x"), 503, 'upstream_unavailable', 'nobody listens there');
$sandbox->fault(call => 'short_link', fault => 'status', http_status => 502, times => -1);
error_is(scan($order->{short_link}), 503, 'upstream_unavailable', 'HTTP 502');
$sandbox->clear;
$sandbox->fault(call => 'short_link', fault => 'hang', ms => $gateway->too_long, times => -1);
error_is(scan($order->{short_link}), 504, 'upstream_timeout', 'silence');
$sandbox->clear;
is(scan($order->{short_link})->{status}, 200, 'afterwards it works');

is($gateway->rows('dygw_verifications'), 0, 'nothing of this was recorded');
my $verify = $client->call(POST => '/coupons/verify', { poi_id => POI, short_link => "$link/dead" });
error_is($verify, 400, 'invalid_request', 'verify says the same', field => 'short_link');
$gateway->finish;
$hops->check_log;
done_testing;
