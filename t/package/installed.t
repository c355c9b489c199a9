# SPDX-License-Identifier: Apache-2.0
# The Debian packages of $DYGW_OUT/deb as an administrator uses them, with Debian's Apache: installed, enabled,
# configured, used, removed and purged. All of it in t/package/root.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use HTTP::Tiny;
use JSON::PP;
use Test::More;

use Dygw::Debian qw(command works packages installs rights edit configtest is_enabled apache_starts apache_stops
                    MODS ERROR_LOG);
use Dygw::Server qw(free_port slurp spew);

Dygw::Debian::go_inside();

use constant {
    SECRET   => 'secret-of-the-sandbox',
    POI      => '7012345678901234567',
    KEY      => '00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef',
    EXAMPLES => '/usr/share/doc/libapache2-mod-dygw/examples',
    CONF_D   => '/etc/dygw/conf.d',
};

my ($port, $sandbox_port) = (free_port(), free_port());
my $url = "http://127.0.0.1:$port";
my $http = HTTP::Tiny->new(timeout => 20, keep_alive => 0);

# --- the stations ---

sub installed {
    is((command('dpkg-query -W -f \'${Status}\' libapache2-mod-dygw'))[1], 'install ok installed', 'it is installed');
    like((command('dpkg-query -W -f \'${Depends}\' libapache2-mod-dygw'))[1], qr/\bapache2-api-20120211\b/,
         'it needs the interface of its Apache');
    like((command('dpkg-query -W -f \'${Recommends}\' libapache2-mod-dygw'))[1],
         qr/sqlite3.*pgsql.*mysql/, 'it recommends the drivers');
    ok(!is_enabled('dygw') && !is_enabled('dygw_sandbox'), 'nothing of it is enabled');
    is(rights('/var/lib/dygw'), '700 www-data:www-data', 'the database\'s directory is Apache\'s');
    is(rights('/etc/dygw'), '710 root:www-data', 'the keys\' directory is root\'s');
    is(rights(CONF_D), '755 root:root', 'and so is that of the configuration');
    is_deeply([ glob CONF_D . '/*' ], [], '... which is the administrator\'s: there is nothing of dpkg\'s in it');
    my @settings = grep { !/^\s*(?:#|$)/ } split /\n/, slurp(MODS . '/dygw.conf');
    is_deeply(\@settings, [ 'IncludeOptional ' . CONF_D . '/*.conf' ], 'dygw.conf includes it and does nothing else');
    my $conffiles = (command('dpkg-query -W -f \'${Conffiles}\' libapache2-mod-dygw'))[1];
    is_deeply([ sort $conffiles =~ /^ (\S+)/mg ], [ map { MODS . "/dygw.$_" } qw(conf load) ],
              'dpkg asks about no other file');
    my @scripts = map { s{.*/}{}r } glob '/usr/bin/dygw-*';
    is_deeply([ map { m{([^/]+)\.1\.gz\z} } glob '/usr/share/man/man1/dygw-*' ], \@scripts, 'each script has its page');
    ok(scalar(grep { $_ eq 'dygw-migrate' } @scripts), 'and there are scripts');
    my @pages = map { s{.*/}{}r } glob '/usr/share/dygw/manual/*.md';
    is_deeply([ map { s{.*/}{}r } glob '/usr/share/dygw/manual/zh/*.md' ], \@pages, 'the manual is in both languages');
    is(readlink '/usr/share/doc/libapache2-mod-dygw/manual', '../../dygw/manual', '... and stands with the documents');
    for my $name (qw(dygw.conf gateway.conf gateway-ssl.conf shop.conf dygw-alerts.yml dygw-dashboard.json
                      openapi.yaml)) {
        ok(-s EXAMPLES . "/$name", "$name is among the examples");
    }
    ok(-s "/usr/share/doc/libapache2-mod-dygw/$_", "$_ stands with the documents")
        for qw(README.Debian README.gz README.zh.gz);
    return;
}

sub enabled {
    edit('/etc/apache2/ports.conf', sub { s/^Listen 80$/Listen 127.0.0.1:$port/m });
    works('a2enmod dygw', 'a2enmod dygw', qr/dbd/);
    configtest('as it comes');
    apache_starts("$url/v1/open", 404, 'Apache starts with the module as it comes');
    apache_stops();
    return;
}

# As an administrator edits it: examples are made valid.
sub configured {
    spew('/etc/dygw/douyin-secret', SECRET . "\n", 0600);
    spew('/etc/dygw/master-key', KEY . "\n", 0600);
    works('the reference is taken over', 'cp ' . EXAMPLES . '/dygw.conf ' . CONF_D . '/shop.conf');
    edit(CONF_D . '/shop.conf', sub {
        for my $name (qw(DBDriver DBDParams DBDMin DBDKeep DBDMax
                         DygwClientKey DygwClientSecret DygwMasterKey DygwAccountId)) {
            s/^#($name\s.*)$/$1/m;
        }
        s{^#DygwUpstream https.*}{DygwUpstream http://127.0.0.1:$sandbox_port}m;
        my $mounts = 0;
        my @lines = /^.*\n/mg;
        for my $line (@lines) {
            $mounts ||= $line =~ /Where it is mounted/;
            $line =~ s/^#(<|    )/$1/ if $mounts;
        }
        $_ = join '', @lines;
    });
    edit(MODS . '/dygw_sandbox.conf', sub { s/127\.0\.0\.1:8090/127.0.0.1:$sandbox_port/g });
    works('a2enmod dygw_sandbox', 'a2enmod dygw_sandbox');
    unlike(configtest('configured'), qr/DYGW/, 'and nothing is complained of');
    return;
}

sub post {
    my ($to, $body, %headers) = @_;
    my $answer = $http->post($to, { content => encode_json($body),
                                    headers => { 'Content-Type' => 'application/json', %headers } });
    return $answer->{success} ? decode_json($answer->{content}) : diag("$to: $answer->{content}");
}

sub used {
    apache_starts("$url/health", 200, 'the gateway becomes healthy');
    my $coupon = post("http://127.0.0.1:$sandbox_port/_sandbox/mint", { coupons => 1 })->{orders}[0]{coupons}[0];
    my $app = post("$url/v1/internal/apps", { name => 'Till 1' }, 'X-XTJ-UID' => 'administrator')->{data};
    local @ENV{qw(DYGW_CLIENT_KEY DYGW_SECRET)} = ($app->{app}{client_key}, $app->{secret});
    my $body = encode_json({ poi_id => POI, code => $coupon->{code} });
    works('dygw-call redeems a coupon', "dygw-call --idempotency-key sale-1 $url POST /v1/open/coupons/verify '$body'",
          qr/\A200 .*"verify_status":"success"/s);
    works('dygw-doctor finds nothing wrong', "LC_ALL=C dygw-doctor --url $url/v1/internal");
    apache_stops();
    unlike(slurp(ERROR_LOG), qr/:(?:warn|error|crit|alert|emerg)\]|exit signal/,
           'nothing is wrong in the error log');
    is(rights('/var/lib/dygw/dygw.db'), '600 www-data:www-data', 'the database is Apache\'s alone');
    return;
}

sub moved {
    works('the tables are made by hand', 'cat /usr/share/dygw/sql/sqlite3/*.sql | sqlite3 /tmp/other.db');
    works('dygw-migrate moves the database',
          'dygw-migrate --from sqlite3:/var/lib/dygw/dygw.db --to sqlite3:/tmp/other.db',
          qr/^dygw_verifications +1 copied.*^All rows are equal\.$/ms);
    return;
}

my $NAMES = 'libapache2-mod-dygw libapache2-mod-dygw-sandbox';

sub removed {
    works('it is removed', "dpkg --remove $NAMES");
    ok(!is_enabled('dygw'), 'and disabled');
    configtest('removed');
    ok(-s '/var/lib/dygw/dygw.db' && -s '/etc/dygw/master-key' && -s MODS . '/dygw.conf' && -s CONF_D . '/shop.conf',
       'database, keys and configuration stay');
    return;
}

sub purged {
    my $said = works('it is purged', "dpkg --purge $NAMES");
    like($said, qr/^libapache2-mod-dygw: $_ is not empty, and is kept$/m, "$_ is kept, and it is said")
        for '/etc/dygw', '/var/lib/dygw';
    ok(-s '/var/lib/dygw/dygw.db' && -s '/etc/dygw/master-key' && -s CONF_D . '/shop.conf', 'with all that is in it');
    my @left = grep { !m{\A/(?:etc|var/lib)/dygw} } split /\n/,
        (command('find /etc /usr/bin /usr/lib/apache2 /usr/share /var/lib -path "*dygw*"'))[1];
    is("@left", '', 'nothing else is left');
    works('and it can be installed again', 'dpkg --install ' . join ' ', packages());
    ok(-s CONF_D . '/shop.conf', 'with the configuration that there was');
    unlink glob(CONF_D . '/*'), glob('/etc/dygw/*'), glob('/var/lib/dygw/*');
    works('purged without a database', "dpkg --purge $NAMES");
    ok(!-e '/etc/dygw' && !-e '/var/lib/dygw', 'it takes the directories away');
    return;
}

installs(packages());
installed();
enabled();
configured();
used();
moved();
removed();
purged();
done_testing;
