#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A guest in the Apache of a shop's site: whatever lies in the site's DocumentRoot, and whatever its .htaccess says, the
# gateway is what answers at its places, and the site is what answers everywhere else. The front controller is a CGI
# script with the rules that WordPress writes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use Test::More;

use Dygw::Client;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(free_port spew);

my $site = tempdir('dygw-site-XXXXXX', DIR => '/tmp', CLEANUP => 1);
chmod 0755, $site;
spew("$site/index.php", <<'END', 0755);
#!/usr/bin/perl
print "Content-Type: text/html\n\n<h1>the shop, $ENV{REQUEST_METHOD} $ENV{REQUEST_URI}</h1>\n";
END
spew("$site/style.css", "the style\n");

my $WORDPRESS = <<'END';
# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /
RewriteRule ^index\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
</IfModule>
# END WordPress
END

my ($rewritten, $excepted) = (free_port(), free_port());
my $gateway = Dygw::Gateway->new(children => 1, mpm => 'event', name => 'the shop',
    modules => [qw(dbd rewrite cgi dir mime negotiation speling alias autoindex auth_basic authn_core authn_file
        authz_user access_compat include)],
    conf => <<"END");
DocumentRoot "$site"
TypesConfig /dev/null
AddType text/css .css
AddHandler cgi-script .php
DirectoryIndex index.php
CheckSpelling On
ErrorDocument 404 /index.php
<Directory "$site">
    Options All
    AllowOverride All
    Require all granted
</Directory>
<Directory "$site/v1">
    Require all denied
</Directory>
Alias "/assets" "$site"
# The administrator's own: what he rewrites on its way in is rewritten.
Listen 127.0.0.1:$rewritten
<VirtualHost 127.0.0.1:$rewritten>
    RewriteEngine On
    RewriteRule "^/till/(.*)" "/v1/open/\$1" [PT]
    RewriteRule "^/pos/openapi.json" "/index.php" [PT]
    RewriteRule "^/alive/live" "$site/style.css" [H=default-handler]
    RewriteRule "^/alive" "/style.css"
    <Location "/alive">
        SetHandler dygw-health
    </Location>
    <Location "/pos">
        SetHandler "Dygw-%{tolower:OPEN}"
    </Location>
    <LocationMatch "^/pos/logo/">
        SetHandler none
    </LocationMatch>
    <Location "/unless">
        SetHandler dygw-health
    </Location>
    <If "%{QUERY_STRING} == 'file'">
        SetHandler none
    </If>
</VirtualHost>
# A front controller of the server itself, which leaves our places out as the manual says; and a FallbackResource.
Listen 127.0.0.1:$excepted
<VirtualHost 127.0.0.1:$excepted>
    RewriteEngine On
    RewriteRule ^/(v1/)?(open|internal)/|^/health - [END]
    RewriteRule ^ /index.php [PT]
    FallbackResource /index.php
</VirtualHost>
END
$gateway->start;
# What .htaccess and the site's own pages have to say is none of the gateway's.
$gateway->server->announce(qw(AH01630 AH01797 AH00686 AH10508));
my $client = $gateway->client;
my $plain = $gateway->plain;

sub page { my ($path) = @_; return $plain->call(GET => $path) }

# --- the site ---

sub site_is_there {
    my ($what) = @_;
    my $deep = page('/produkte/kaffee?x=1');
    like($deep->{body}, qr{the shop, GET /produkte/kaffee\?x=1<}, "$what: the site answers");
    is($deep->{status}, 200, "$what: with 200");
    is(page('/style.css')->{body}, "the style\n", "$what: and its files");
    return;
}

# --- the gateway ---

sub gateway_is_there {
    my ($what) = @_;
    my $health = page('/health');
    is($health->{status}, 200, "$what: /health");
    is(($health->{json} // {})->{checks}{worker}, 'ok', "$what: is the gateway's") or diag $health->{body};
    is(page('/health/live')->{body}, '{"status":"ok"}', "$what: /health/live");
    error_is($gateway->plain('/v1/open')->call(POST => '/coupons/verify', {}), 401, 'missing_credentials',
        "$what: an unsigned verify");
    error_is($client->call(GET => '/douyin/access-token'), 403, 'token_read_forbidden', "$what: a signed request");
    error_is($gateway->plain('/v1/internal')->call(GET => '/apps'), 401, 'operator_required', "$what: /internal");
    is($gateway->internal->call(GET => '/apps')->{status}, 200, "$what: with an operator");
    error_is($plain->call(POST => '/health', ''), 405, 'method_not_allowed', "$what: another method");
    my $document = page('/v1/open/openapi.json');
    is($document->{json}{openapi}, '3.1.0', "$what: a path that looks like a file");
    is(join(',', grep { /\A(?:content-(?:language|encoding|location)|location)\z/ } keys %{ $document->{headers} }), '',
        "$what: without a header of a file's");
    return;
}

gateway_is_there('an empty .htaccess');

my @quiet = (
    [ 'WordPress', $WORDPRESS ],
    [ 'FallbackResource', "FallbackResource /index.php\n" ],
);
for (@quiet) {
    my ($what, $text) = @$_;
    spew("$site/.htaccess", $text);
    site_is_there($what);
    gateway_is_there($what);
}
my $code = $gateway->sandbox->mint_coupon->{code};
spew("$site/.htaccess", $WORDPRESS);
view_is($gateway->verify(code => $code), 'a coupon is redeemed beside WordPress', verify_status => 'success');

# --- what may stand in .htaccess ---

my %htaccess = (
    'a rule for all' => "RewriteEngine On\nRewriteRule ^ - [F]\n",
    'a redirect for all' => "RewriteEngine On\nRewriteRule ^ https://example.com/ [R=301,L]\n",
    'mod_alias' => "RedirectMatch ^/(health|v1) https://example.com/\n",
    'Require all denied' => "Require all denied\n",
    'Deny from all' => "Order deny,allow\nDeny from all\n",
    'a password' => "AuthType Basic\nAuthName x\nAuthUserFile /dev/null\nRequire valid-user\n",
    'a type and a handler' => "ForceType text/html\nSetHandler default-handler\nAddHandler cgi-script .json\n",
    'types, languages, encodings by name' => "AddType text/html .json\nAddLanguage de .json\n" .
        "AddEncoding x-gzip .json\nDefaultLanguage de\nAddOutputFilter INCLUDES .json\n",
    'no options' => "Options None\n",
    'pages for errors' => "ErrorDocument 401 /index.php\nErrorDocument 403 /index.php\nErrorDocument 405 /index.php\n",
    'MultiViews' => "Options +MultiViews\n",
    'a limit' => "LimitRequestBody 1\n<LimitExcept GET>\nRequire all denied\n</LimitExcept>\n",
    'a mistake' => "NoSuchDirective\n",
);
$gateway->server->announce(qw(AH00526 AH00036 AH01618 AH00670));
for my $what (sort keys %htaccess) {
    spew("$site/.htaccess", $htaccess{$what});
    gateway_is_there($what);
}

# --- what may lie in the DocumentRoot ---

my %contents = (
    'directories of these names' => sub {
        make_path(map { "$site/$_" } qw(health/live v1/open/coupons/verify v1/internal));
    },
    'files of these names' => sub { spew("$site/$_", 'a file') for qw(health v1) },
    'files of like names' => sub { spew("$site/$_", 'a file') for qw(health.html healht v1.php v1.html) },
    'a .htaccess in between' => sub {
        make_path("$site/v1/open");
        spew("$site/v1/open/.htaccess", "NoSuchDirective\n");
    },
    'links to nowhere' => sub { symlink '/nowhere', "$site/$_" for qw(health v1) },
    'what nobody may read' => sub { make_path("$site/v1", "$site/health"); chmod 0000, "$site/v1", "$site/health" },
);
for my $what (sort keys %contents) {
    spew("$site/.htaccess", $WORDPRESS);
    $contents{$what}->();
    gateway_is_there($what);
    remove_tree("$site/health", "$site/v1");
    unlink map { "$site/$_" } qw(health v1 health.html healht v1.php v1.html);
}

# --- no DocumentRoot at all ---

chmod 0000, $site;
gateway_is_there('a DocumentRoot that nobody may read');
chmod 0755, $site;

# --- what is rewritten on its way in is the administrator's ---

spew("$site/.htaccess", $WORDPRESS);
my $other = Dygw::Client->new(%$plain, port => $rewritten, socket => undef);
my $till = Dygw::Client->new(%$client, port => $rewritten, socket => undef, base => '/till');
error_is($till->call(GET => '/douyin/access-token'), 403, 'token_read_forbidden',
    'a place that is rewritten to ours is ours, and its signature over what was sent');
like($other->call(GET => '/pos/openapi.json')->{body}, qr/the shop/, 'what he takes away from us is his');
is($other->call(GET => '/alive/live')->{body}, "the style\n", 'with a handler of his as well');
is($other->call(GET => '/alive')->{json}{status}, 'ok', 'but a file for a place of ours is none');

# --- handlers that are not to be seen in the <Location> alone ---

error_is($other->call(GET => '/pos/douyin/stores'), 401, 'missing_credentials', 'one that an expression tells is ours');
make_path("$site/pos/logo");
spew("$site/pos/logo/style.css", "the logo\n");
is($other->call(GET => '/pos/logo/style.css')->{body}, "the logo\n", 'one that is put out of force is not');
spew("$site/pos/logo/.htaccess", "Require all denied\n");
is($other->call(GET => '/pos/logo/style.css')->{status}, 403, 'and what .htaccess says holds there');

is($other->call(GET => '/unless')->{json}{status}, 'ok', 'a place of ours');
is($other->call(GET => '/unless?file')->{status}, 200, 'that an <If> takes away');
like($other->call(GET => '/unless?file')->{body}, qr/the shop/, 'is the site\'s');
my $except = Dygw::Client->new(%$plain, port => $excepted, socket => undef);
is($except->call(GET => '/health')->{json}{status}, 'ok', 'places that are left out of a rule of the server');
error_is($except->at('/v1/open')->call(GET => '/openapi.jso'), 404, 'not_found', 'are ours, all of them');
like($except->call(GET => '/v1/other')->{body}, qr/the shop/, 'and others are the site\'s');

# --- our places as parts of others' pages ---

spew("$site/page.shtml", qq(<p><!--#include virtual="/health/live" --></p>\n));
spew("$site/.htaccess", "$WORDPRESS\nOptions +Includes\nAddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\n");
is(page('/page.shtml')->{body}, qq(<p>{"status":"ok"}</p>\n), 'included in a page');
make_path("$site/list/health", "$site/list/secret");
spew("$site/list/.htaccess", "Options +Indexes\nIndexIgnore secret\n");
like(page('/list/')->{body}, qr/health/, 'a list of files has names of ours');
$_->disconnect for $other, $till, $except;
$gateway->finish;
done_testing;
