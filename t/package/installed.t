# SPDX-License-Identifier: Apache-2.0
# The Debian packages of $DYGW_OUT/deb as an administrator uses them, with Debian's Apache: installed, enabled,
# configured, used, removed and purged. All of it in t/package/root.
use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin qw($Bin);

# Once more, inside.
if (!$ENV{DYGW_TEST_ROOT}) {
    chdir "$Bin/../.." or die "$!\n";
    $ENV{DYGW_OUT} = abs_path($ENV{DYGW_OUT} || '.out');
    { exec 'sh', 't/package/root', $^X, abs_path($0); }
    die "t/package/root: $!\n";
}

use lib "$Bin/../lib";
use HTTP::Tiny;
use JSON::PP;
use POSIX qw(WNOHANG);
use Test::More;

use Dygw::Server qw(free_port poll slurp spew);

use constant {
    MODS   => '/etc/apache2/mods-available',
    SECRET => 'secret-of-the-sandbox',
    POI    => '6994674961470212127',
    KEY    => '00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef',
};

my ($port, $sandbox_port) = (free_port(), free_port());
my $url = "http://127.0.0.1:$port";
my $http = HTTP::Tiny->new(timeout => 20, keep_alive => 0);
my $apache;

# The exit status of a command of the shell, and what it said.
sub command {
    my ($command) = @_;
    my $said = `{ $command; } 2>&1 </dev/null`;
    return ($? >> 8, $said);
}

sub works {
    my ($name, $command, $pattern) = @_;
    my ($status, $said) = command($command);
    my $ok = ok($status == 0 && (!$pattern || $said =~ $pattern), $name);
    diag("$command: exit status $status\n$said") if !$ok;
    return $said;
}

sub packages { return sort grep { !/dbgsym/ } glob "$ENV{DYGW_OUT}/deb/*.deb" }

sub installs {
    my $debs = join ' ', packages();
    works('the packages install beside Debian\'s apache2', ". build/packages; install_packages apache2 $debs");
    return;
}

# "0700 www-data:www-data"
sub rights { return (command("stat -c '%a %U:%G' $_[0]"))[1] =~ s/\n//r }

sub edit {
    my ($path, $work) = @_;
    local $_ = slurp($path);
    $work->();
    spew($path, $_);
    return;
}

sub configtest { return works("$_[0]: apachectl configtest", 'apachectl configtest', qr/^Syntax OK$/m) }

sub is_enabled { return -e "/etc/apache2/mods-enabled/$_[0].load" }

# --- Apache ---

sub start {
    my ($path, $status, $name) = @_;
    $apache = fork // die "fork: $!\n";
    if ($apache == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', '/var/log/apache2/console.log';
        open STDERR, '>&', \*STDOUT;
        # apachectl would stay before it, and keep the signals.
        { exec 'sh', '-c', '. /etc/apache2/envvars && exec apache2 -D FOREGROUND'; }
        POSIX::_exit(127);
    }
    my $answer;
    my $up = poll { ($answer = $http->get("$url$path"))->{status} == $status };
    ok($up, $name) or diag($answer->{content}, slurp('/var/log/apache2/error.log'));
    return;
}

# Gracefully: at once it may trip over a connection that is just being closed.
sub stop {
    kill 'WINCH', $apache if $apache;
    my $ended = poll { waitpid($apache, WNOHANG) != 0 };
    ok($ended, 'Apache stops');
    undef $apache;
    return;
}

END { kill 'KILL', $apache if $apache }

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
    my @scripts = map { s{.*/}{}r } glob '/usr/bin/dygw-*';
    is_deeply([ map { m{([^/]+)\.1\.gz\z} } glob '/usr/share/man/man1/dygw-*' ], \@scripts, 'each script has its page');
    ok(scalar(grep { $_ eq 'dygw-migrate' } @scripts), 'and there are scripts');
    my @pages = map { s{.*/}{}r } glob '/usr/share/dygw/manual/*.md';
    is_deeply([ map { s{.*/}{}r } glob '/usr/share/dygw/manual/zh/*.md' ], \@pages, 'the manual is in both languages');
    is(readlink '/usr/share/doc/libapache2-mod-dygw/manual', '../../dygw/manual', '... and stands with the documents');
    return;
}

sub enabled {
    edit('/etc/apache2/ports.conf', sub { s/^Listen 80$/Listen 127.0.0.1:$port/m });
    works('a2enmod dygw', 'a2enmod dygw', qr/dbd/);
    configtest('as it comes');
    start('/v1/open', 404, 'Apache starts with the module as it comes');
    stop();
    return;
}

# As an administrator edits it: examples are made valid.
sub configured {
    spew('/etc/dygw/douyin-secret', SECRET . "\n", 0600);
    spew('/etc/dygw/master-key', KEY . "\n", 0600);
    edit(MODS . '/dygw.conf', sub {
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
    start('/health', 200, 'the gateway becomes healthy');
    my $coupon = post("http://127.0.0.1:$sandbox_port/_sandbox/mint", { coupons => 1 })->{orders}[0]{coupons}[0];
    my $app = post("$url/v1/internal/apps", { name => 'Till 1' }, 'X-XTJ-UID' => 'administrator')->{data};
    local @ENV{qw(DYGW_CLIENT_KEY DYGW_SECRET)} = ($app->{app}{client_key}, $app->{secret});
    my $body = encode_json({ poi_id => POI, code => $coupon->{code} });
    works('dygw-call redeems a coupon', "dygw-call --idempotency-key sale-1 $url POST /v1/open/coupons/verify '$body'",
          qr/\A200 .*"verify_status":"success"/s);
    works('dygw-doctor finds nothing wrong', "LC_ALL=C dygw-doctor --url $url/v1/internal");
    stop();
    unlike(slurp('/var/log/apache2/error.log'), qr/:(?:warn|error|crit|alert|emerg)\]|exit signal/,
           'nothing is wrong in the error log');
    like(rights('/var/lib/dygw/dygw.db'), qr/ www-data:www-data\z/, 'the database is Apache\'s');
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
    ok(-s '/var/lib/dygw/dygw.db' && -s '/etc/dygw/master-key' && -s MODS . '/dygw.conf',
       'database, keys and configuration stay');
    return;
}

sub purged {
    my $said = works('it is purged', "dpkg --purge $NAMES");
    like($said, qr/^libapache2-mod-dygw: $_ is not empty, and is kept$/m, "$_ is kept, and it is said")
        for '/etc/dygw', '/var/lib/dygw';
    ok(-s '/var/lib/dygw/dygw.db' && -s '/etc/dygw/master-key', 'with all that is in it');
    my @left = grep { !m{\A/(?:etc|var/lib)/dygw} } split /\n/,
        (command('find /etc /usr/bin /usr/lib/apache2 /usr/share /var/lib -path "*dygw*"'))[1];
    is("@left", '', 'nothing else is left');
    works('and it can be installed again', 'dpkg --install ' . join ' ', packages());
    unlink glob('/etc/dygw/*'), glob('/var/lib/dygw/*');
    works('purged without a database', "dpkg --purge $NAMES");
    ok(!-e '/etc/dygw' && !-e '/var/lib/dygw', 'it takes the directories away');
    return;
}

my @packages = packages();
@packages == 2 or die "the packages are not in $ENV{DYGW_OUT}/deb: sh build/deb\n";
installs();
installed();
enabled();
configured();
used();
moved();
removed();
purged();
done_testing;
