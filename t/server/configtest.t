#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What `apachectl configtest` refuses: it names the directive, the place and the remedy, and never a secret. And what
# it accepts.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use Test::More;

use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server qw(spew slurp);

my $dir = tempdir('dygw-configtest-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $KEY = 'ab' x 32;
my $SECRET = 'a-secret-that-nobody-may-see';

# The children are another user, and SQLite makes files beside the database.
my $db = "$dir/db";
chmod 0755, $dir;
mkdir $db or die "$db: $!\n";
chmod 0777, $db;

spew("$dir/secret", "$SECRET\n", 0600);
spew("$dir/key", "$KEY\n", 0600);
spew("$dir/open-secret", "$SECRET\n", 0644);
spew("$dir/empty", '', 0600);
spew("$dir/two-lines", "$SECRET\n$SECRET\n", 0600);
spew("$dir/short-key", "abcd\n", 0600);
spew("$dir/long-key", 'ab' x 33 . "\n", 0600);
spew("$dir/base64-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", 0600);
spew("$dir/program", "#!/bin/sh\necho $SECRET\n", 0700);
spew("$dir/key-program", "#!/bin/sh\ntest \"\$1\" = the-key && echo $KEY\n", 0700);
spew("$dir/silent", "#!/bin/sh\nexit 0\n", 0700);
spew("$dir/hangs", "#!/bin/sh\nexec sleep 60\n", 0700);

my %GOOD = (
    DBDriver => 'sqlite3', DBDParams => "$db/dygw.db", DygwClientKey => 'aw05az2qjv000000',
    DygwClientSecret => "file:$dir/secret", DygwMasterKey => "file:$dir/key", DygwAccountId => '7014065493820573710'
);
my $mounted = qq(<Location "/v1/open">\n    SetHandler dygw-open\n</Location>\n);
my %loaded = (modules => ['dbd'], load => { dygw => Dygw::Server->module_path('dygw') });

sub lines {
    my (%directives) = @_;
    return join '', map { "$_ $directives{$_}\n" } grep { defined $directives{$_} } sort keys %directives;
}

# A server with the good configuration, changed; undef takes a directive away.
sub server {
    my ($change, %option) = @_;
    my $text = lines(%GOOD, %$change) . $mounted;
    return Dygw::Server->new(%loaded, conf => $text, %option);
}

sub accepts {
    my ($name, $change, %option) = @_;
    my $silent = delete $option{silent};
    my $says = delete $option{says};
    my ($status, $output) = server($change, %option)->configtest;
    my $ok = $status == 0 && (!$silent || $output !~ /DYGW/) && (!$says || $output =~ $says)
        && $output !~ /\Q$SECRET\E|$KEY/;
    ok($ok, "accepts $name") or diag $output;
    return;
}

sub refuses {
    my ($name, $change, @patterns) = @_;
    my $server = server($change);
    my ($status, $output) = $server->configtest;
    unlike($output, qr/\Q$SECRET\E|$KEY/, "$name: no secret is shown");
    return $server->expect_refusal("refuses $name", @patterns);
}

# Takes its time, and is looked at in the end.
my $hanging = server({ DygwClientSecret => "exec:$dir/hangs" });
$hanging->write_conf;
open my $said_of_hanging, '-|', join(' ', $hanging->command('-t')) . ' 2>&1' or die "configtest: $!\n";

accepts('a complete configuration, without a word', {}, silent => 1);
ok(!-e "$db/dygw.db", 'configtest makes no database');

# --- what is required ---

my $place = qr/httpd\.conf:\d+/;
for my $required (qw(DygwClientKey DygwClientSecret DygwMasterKey)) {
    refuses("no $required", { $required => undef }, qr/$required/, qr/missing/, $place, qr/: add /);
}
refuses('no DBDriver', { DBDriver => undef }, qr/DBDriver/, qr/add DBDriver/);
refuses('no DBDParams', { DBDParams => undef }, qr/DBDParams/, qr/add/);
refuses('another DBDriver', { DBDriver => 'sqlite2' }, qr/sqlite2/);
accepts('no DygwAccountId, and says what that means', { DygwAccountId => undef },
    says => qr/DygwAccountId.*stores/);
Dygw::Server->new(%loaded, modules => [], conf => lines(map { $_ => $GOOD{$_} } grep { /^Dygw/ } keys %GOOD) .
        $mounted)->expect_refusal('refuses to be without mod_dbd', qr/mod_dbd is not loaded/,
            qr/a2enmod dbd|load it/);

# --- the database's pool ---

refuses('DBDKeep over DBDMax', { DBDKeep => 30 }, qr/DBDKeep 30/, qr/DBDMax 10/, qr/raise DBDMax or lower DBDKeep/);
refuses('DBDMax under the default DBDKeep', { DBDMax => 1 }, qr/DBDMax/, qr/at least 5/);
refuses('DBDMin over DBDKeep', { DBDMin => 5 }, qr/DBDMin 5/, qr/DBDKeep/);
accepts('a pool in which requests wait for each other, and says so', { DBDMax => 4 },
    says => qr/DBDMax 4.*leave DBDMax out, or give at least 5/s);
accepts('a pool that is smaller than the threads, without a word', { DBDMax => 5 }, silent => 1);
refuses('a relative path of SQLite', { DBDParams => 'dygw.db' }, qr/DBDParams/, qr/absolute/);
refuses('a directory that is not there', { DBDParams => '/nowhere/at/all/dygw.db' },
    qr/DBDParams/, qr/does not exist/, qr/create it/);

# --- what stat() tells of SQLite's files ---

my $root = $> == 0;
my $www = $root ? (getpwnam Dygw::Server::user())[2] : $>;
my $host_place = qr/DBDParams of the main server/;
accepts('a directory that the start can make', { DBDParams => "$db/new/dygw.db" }, silent => 1);
ok(!-e "$db/new", '... and does not make it');
mkdir "$dir/shut" or die;
chmod 0555, "$dir/shut";
refuses('a directory that the User may not write to', { DBDParams => "$dir/shut/dygw.db" }, $host_place,
    qr/may not write to the directory \Q$dir\E\/shut/, qr/chown it/);
refuses('a directory below one that is not there', { DBDParams => "$dir/no/where/dygw.db" }, $host_place,
    qr/does not exist: create it/);
spew("$db/file", '', 0644);
refuses('a file in the place of the directory', { DBDParams => "$db/file/dygw.db" }, $host_place,
    qr/is no directory|cannot reach the directory/);
mkdir "$db/directory" or die;
refuses('a directory in the place of the file', { DBDParams => "$db/directory" }, $host_place, qr/is no file/);
spew("$db/shut.db", '', 0444);
symlink "$db/shut.db", "$db/link.db" or die;
refuses('a link to a file that the User may not write', { DBDParams => "$db/link.db" }, $host_place,
    qr/may not write to \Q$db\E\/link\.db: chown it/);
if ($root) {
    accepts("a file of root's, which the start gives to the User", { DBDParams => "$db/shut.db" }, silent => 1);
    link "$db/shut.db", "$db/shut-too.db" or die;
}
refuses('a file that the User may not write', { DBDParams => "$db/shut.db" }, $host_place,
    qr/may not write to \Q$db\E\/shut\.db: chown it/);
spew("$db/open.db", '', 0666);
spew("$db/open.db-wal", '', 0444);
link "$db/open.db-wal", "$db/open.db-wal-too" or die;
refuses('a log beside it that the User may not write', { DBDParams => "$db/open.db" }, $host_place,
    qr/may not write to \Q$db\E\/open\.db-wal: chown it/);
unlink "$db/open.db-wal";
accepts('a file that the User may write', { DBDParams => "$db/open.db" }, silent => 1);
SKIP: {
    skip 'only root can have another User', 1 if !$root;
    mkdir "$dir/of-a-group" or die;
    my $group = getgrgid((getpwnam Dygw::Server::user())[3]);
    chown 0, scalar(getgrnam $group), "$dir/of-a-group";
    chmod 0770, "$dir/of-a-group";
    accepts("a directory of the User's group", { DBDParams => "$dir/of-a-group/dygw.db" }, silent => 1);
}

# mod_dbd refuses a driver that is not there before anybody else can.
spew("$dir/apr_dbd_pgsql-1.so", slurp(Dygw::Server::module_dir() . '/mod_reqtimeout.so'), 0755);
my ($without_status, $without) = server({ DBDriver => 'pgsql', DBDParams => 'dbname=dygw' },
    env => { LD_LIBRARY_PATH => $dir })->configtest;
ok($without_status != 0 && $without =~ /DYGW0355: DBDriver \(\S+httpd\.conf:\d+\).*install.*libaprutil1-dbd-pgsql/,
    'names the package of a driver that is not there') or diag $without;

accepts('mysql without a group of an option file, and says so',
    { DBDriver => 'mysql', DBDParams => '"host=db1,dbname=dygw,reconnect=0"', DygwSchema => 'check' },
    says => qr/DYGW0612: DBDParams.*add group=dygw/);

# --- httpd's other modules ---

accepts('no mod_reqtimeout, and says so', {}, without => ['reqtimeout'],
    says => qr/DYGW0125: mod_reqtimeout.*a2enmod reqtimeout/);
my ($unused_status, $unused) = Dygw::Server->new(%loaded, without => ['reqtimeout'])->configtest;
ok($unused_status == 0 && $unused !~ /DYGW/, 'where no gateway is used nothing is said') or diag $unused;

# --- secrets ---

accepts('a secret of a program', { DygwClientSecret => "exec:$dir/program" }, silent => 1);
accepts('a program with an argument', { DygwMasterKey => qq("exec:$dir/key-program the-key") }, silent => 1);
accepts('a secret of the environment', { DygwClientSecret => 'env:DYGW_TEST_SECRET' },
    env => { DYGW_TEST_SECRET => $SECRET }, silent => 1);
accepts('a key in base64', { DygwMasterKey => "file:$dir/base64-key" }, silent => 1);
accepts('two keys', { DygwMasterKey => "file:$dir/base64-key file:$dir/key" }, silent => 1);
accepts('a secret that others can read, and warns', { DygwClientSecret => "file:$dir/open-secret" },
    says => qr/DygwClientSecret \(\S+httpd\.conf:\d+\).*chmod 600/);
accepts('a secret in the configuration, and warns', { DygwClientSecret => 'in-the-open-configuration' },
    says => qr/DygwClientSecret \(\S+httpd\.conf:\d+\).*mod_info/);
my @secrets = (
    [ 'a file that is not there', "file:$dir/none", qr/none/, qr/create it/ ],
    [ 'a directory', "file:$dir", qr/directory/ ],
    [ 'an empty file', "file:$dir/empty", qr/empty/ ],
    [ 'a file of two lines', "file:$dir/two-lines", qr/more than one line/ ],
    [ 'a program that is not there', "exec:$dir/none", qr/absolute path/ ],
    [ 'a program that says nothing', "exec:$dir/silent", qr/printed nothing/ ],
    [ 'a variable that is not set', 'env:DYGW_TEST_NOT_SET', qr/DYGW_TEST_NOT_SET/, qr/set it/ ],
    [ 'a misspelled source', 'flie:/etc/secret', qr/file:\/path/ ],
);
for my $directive (qw(DygwClientSecret DygwMasterKey)) {
    for (@secrets) {
        my ($what, $value, @patterns) = @$_;
        refuses("$directive: $what", { $directive => $value }, qr/line \d+ of \S+httpd\.conf/,
            qr/$directive/, @patterns);
    }
}
for my $key ('short-key', 'long-key', 'secret') {
    refuses("a master key of the wrong length ($key)", { DygwMasterKey => "file:$dir/$key" },
        qr/DygwMasterKey/, qr/32 bytes/,
        qr/openssl rand -hex 32/);
    refuses("an old master key of the wrong length ($key)", { DygwMasterKey => "file:$dir/key file:$dir/$key" },
        qr/DygwMasterKey/, qr/32 bytes/);
}

# --- words, numbers, URLs ---

my %bad = (
    DygwUpstream => [ 'open.douyin.com', 'http://open.douyin.com', 'ftp://open.douyin.com', 'https://',
        'https://u:p@open.douyin.com', 'https://open.douyin.com:99999',
            'https://open.douyin.com/?x=1', '"https://open douyin.com"' ],
    DygwUpstreamTimeout => [ '2s', '5s 2s', 'x 5s', '2s 0', '0 5s', '2s 2h', '-1s 5s' ],
    DygwUpstreamCAFile => [ "$dir/none", $dir ],
    DygwUpstreamProxy => [ 'proxy:3128x', 'ftp://proxy:3128', 'http://proxy:3128/path' ],
    DygwTokenEndpoint => [ 'unstable', '""' ],
    DygwShortLinkHosts => [ 'https://v.douyin.com', 'v.douyin.com/x', '*', '*.', 'http://v.douyin.com', 'a..b',
        '"v douyin"' ],
    DygwSignatureWindow => [ '0', 'x', '2h', '-5s' ],
    DygwDatabaseTimeout => [ '0', '999ms', 'x', '301s' ],
    DygwNonceStore => [ 'redis', 'shm 999', 'shm x', 'dbd 1000', 'shm 99999999999' ],
    DygwOperatorHeader => [ '"X Y"', 'X:Y', '""' ],
    DygwMaxBody => [ '0', '1023', 'x', '64k', '99999999999', '-1' ],
    DygwRateLimit => [ '10', '0 10', '10 0', 'x y', 'on' ],
    DygwTimeZone => [ 'Asia/Shanghai', '+8', '+25:00', '08:00', '+08:60' ],
    DygwSchema => [ 'never', 'on' ],
    DygwWorker => [ 'yes', 'maybe' ],
    DygwEnrichRetry => [ '2s 1h', '1h 2s 24h', 'x 1h 24h', '2s 25h 24h' ],
    DygwOrderRate => [ '0', '1001', '-1', 'x', 'on', '""' ],
    DygwCancelToken => [ 'yes', '1', '""' ],
    DygwRetention => [ '6d', '0', '36501d', '1y', 'on', '""', '-30d', '99999999999d' ],
    DygwClientKey => [ '""', '"a b"', 'x' x 65, 'a/b' ],
    DygwAccountId => [ '""', '"7 1"', '7' x 65 ],
);
for my $directive (sort keys %bad) {
    for my $value (@{ $bad{$directive} }) {
        refuses("$directive $value", { $directive => $value }, qr/line \d+ of \S+httpd\.conf/,
            qr/$directive.{20}/s);
    }
}

my %good = (
    DygwUpstream => [ 'https://open.douyin.com/', 'http://127.0.0.1:8080', 'http://localhost:8080',
        'http://[::1]:8080' ],
    DygwUpstreamTimeout => [ '500ms 1500ms', '2s 60s', '1 5' ],
    DygwUpstreamCAFile => [ "$dir/secret" ],
    DygwUpstreamProxy => [ 'http://proxy.example:3128', 'socks5h://127.0.0.1:1080' ],
    DygwTokenEndpoint => [ 'stable', 'client' ],
    DygwShortLinkHosts => [ 'v.douyin.com *.iesdouyin.com', 'http://127.0.0.1:8080 v.douyin.com' ],
    DygwSignatureWindow => [ '1s', '5min', '1h' ],
    DygwDatabaseTimeout => [ '1s', '2500ms', '5min' ],
    DygwNonceStore => [ 'shm', 'shm 1000', 'shm 10000000', 'dbd' ],
    DygwOperatorHeader => [ 'none', 'X-Operator' ],
    DygwMaxBody => [ '1024', '16777216' ],
    DygwRateLimit => [ 'off', '50 100', '1 1' ],
    DygwTimeZone => [ '+08:00', '-03:30', '+00:00' ],
    DygwSchema => [ 'auto', 'check' ],
    DygwWorker => [ 'on', 'off', 'Off' ],
    DygwEnrichRetry => [ '2s 1h 24h', '100ms 100ms 1s' ],
    DygwOrderRate => [ '1', '1000', 'off' ],
    DygwCancelToken => [ 'on', 'off' ],
    DygwRetention => [ 'off', '7d', '17520h', '36500d' ],
);
for my $directive (sort keys %good) {
    accepts("$directive $_", { $directive => $_ }, silent => 1) for @{ $good{$directive} };
}
my $in_location = Dygw::Server->new(%loaded,
    conf => lines(%GOOD) . qq(<Location "/">\nDygwMaxBody 2000\n</Location>\n));
$in_location->expect_refusal('refuses our directives in a <Location>', qr/DygwMaxBody not allowed/);

# --- virtual hosts ---

my $port = Dygw::Server::free_port();
sub vhosts {
    my ($base, @hosts) = @_;
    my $text = $base;
    $text .= qq(<VirtualHost 127.0.0.1:$port>\nServerName h$_\n$hosts[$_]</VirtualHost>\n) for 0 .. $#hosts;
    return Dygw::Server->new(%loaded, conf => $text);
}
my %one = %GOOD;
my %two = (%GOOD, DygwClientKey => 'aw05az2qjv000001', DBDParams => "$db/other.db");
my ($status, $output) = vhosts('', lines(%one) . $mounted, lines(%two) . $mounted)->configtest;
is($status, 0, 'accepts two merchants in two virtual hosts') or diag $output;
my %shared = map { $_ => $GOOD{$_} } grep { !/ClientKey|DBDParams/ } keys %GOOD;
my @own = map { "DygwClientKey $_->{DygwClientKey}\nDBDParams $_->{DBDParams}\n$mounted" } \%one, \%two;
($status, $output) = vhosts(lines(%shared), @own)->configtest;
is($status, 0, 'accepts a common base') or diag $output;
my $third = vhosts('', lines(%one) . $mounted, lines(%two, DygwMasterKey => undef) . $mounted);
$third->expect_refusal('names the virtual host that lacks something',
    qr/DygwMasterKey is missing in .*h1 \(\S+httpd\.conf:\d+\)/);

my @alike = ({ DBDParams => "$db/one.db" }, { DBDParams => "$db/one.db", DygwClientKey => 'aw05az2qjv000001' });
my $double = vhosts('', map { lines(%GOOD, %$_) . $mounted } @alike);
$double->expect_refusal('refuses two Douyin applications on one database',
    qr/DBDParams of h(\d) \(\S+httpd\.conf:\d+\) and of h(?!\1)\d \(\S+httpd\.conf:\d+\) are one database/,
    qr/give each a database of its own/);
spew("$db/one.db", '', 0666);
symlink "$db/one.db", "$db/another-name.db" or die;
$alike[1]{DBDParams} = "$db/another-name.db";
vhosts('', map { lines(%GOOD, %$_) . $mounted } @alike)->expect_refusal('... also by another name of the file',
    qr/are one database/);
$alike[1] = { DBDParams => "$db/one.db" };
($status, $output) = vhosts('', map { lines(%GOOD, %$_) . $mounted } @alike)->configtest;
is($status, 0, 'accepts one application in two virtual hosts') or diag $output;

# --- the real start refuses as well ---

my $server = server({ DygwMasterKey => undef });
ok(!eval { $server->start; 1 }, 'the real start refuses');
like($@, qr/DygwMasterKey/, 'saying why');
$server->announce('DYGW0110');
$server->check_log;

my $hanging_says = do { local $/; <$said_of_hanging> };
ok(!close $said_of_hanging, 'refuses a program that does not end');
like($hanging_says, qr/DygwClientSecret: .*hangs \(it printed nothing within 10 s\)/, '... and waits no longer');

# --- the sandbox ---

my %sandbox = (load => { dygw_sandbox => Dygw::Server->module_path('dygw_sandbox') });
my $sandbox_conf = qq(<Location "/">\n    SetHandler dygw-sandbox\n</Location>\n);
my $public = Dygw::Server->new(%sandbox, conf => "Listen 0.0.0.0:$port\n$sandbox_conf");
ok(!eval { $public->start; 1 }, 'the sandbox refuses to start on a public address');
like($public->log_text, qr/DYGW\d{4}.*(?:Listen|loopback)/i, 'saying why');
$public->announce($public->log_text =~ /(DYGW\d{4})/g);
$public->check_log;
done_testing;
