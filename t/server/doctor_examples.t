#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The examples of dygw-doctor's help, its page and the manual run as they stand, with a sandbox for Douyin; and so does
# the private sandbox of the manual. In a network of its own, with an /etc of its own, for they name ports and paths.
use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Cwd qw(abs_path getcwd);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use Test::More;

# Once more, inside.
if (!$ENV{DYGW_TEST_ALONE}) {
    plan skip_all => 'only root has a network of its own' if $> != 0 || system('unshare --net --mount true') != 0;
    $ENV{DYGW_TEST_ALONE} = 1;
    { exec 'unshare', '--net', '--mount', $^X, abs_path($0); }
    die "unshare: $!\n";
}

use Dygw::Certificate qw(certificates);
use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server qw(poll slurp spew);

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

use constant { IFREQ => 'a16s', SIOCGIFFLAGS => 0x8913, SIOCSIFFLAGS => 0x8914, IFF_UP => 1 };

my $root = abs_path("$FindBin::Bin/../..");
$ENV{PATH} = "$root/build:$ENV{PATH}";
$ENV{LC_ALL} = 'C';

# --- the place ---

sub bring_up_loopback {
    socket my $any, 2, 2, 0 or die "socket: $!\n";
    my $request = pack IFREQ . 'x14', 'lo', 0;
    ioctl $any, SIOCGIFFLAGS, $request or die "flags of lo: $!\n";
    my ($name, $flags) = unpack IFREQ, $request;
    $request = pack IFREQ . 'x14', $name, $flags | IFF_UP;
    ioctl $any, SIOCSIFFLAGS, $request or die "lo: $!\n";
    return;
}

sub shell { my ($command) = @_; system('sh', '-ec', $command) == 0 or die "$command: failed\n"; return }

bring_up_loopback();
my $etc = tempdir(CLEANUP => 0);
my $dir = certificates('shop.example' => { name => 'shop.example' });
shell("mount --make-rprivate / && mount -t tmpfs tmpfs $etc && cp -a /etc/. $etc/ && mkdir -p $etc/dygw"
    . " && cp $dir/ca.pem $etc/dygw/ca.pem && mount --bind $etc /etc");
spew('/etc/hosts', "127.0.0.1 localhost shop.example\n");

my $gateway = Dygw::Gateway->new(port => 80, modules => [qw(dbd ssl)], conf => <<"END");
Listen 127.0.0.1:443
<VirtualHost *:443>
    ServerName shop.example
    SSLEngine on
    SSLCertificateFile $dir/shop.example.pem
    SSLCertificateKeyFile $dir/shop.example.key
</VirtualHost>
END
$gateway->server->announce(qw(AH01873 AH01882 AH01909));
$gateway->start;

# --- dygw-doctor ---

sub read_text { my ($path) = @_; my $text = slurp($path); utf8::decode($text); return $text }

my %texts = (
    '--help' => scalar `dygw-doctor --help`,
    'its page' => read_text("$root/build/man/dygw-doctor.1") =~ s/\\-/-/gr =~ s/^(?=dygw-doctor )/    /mgr,
    map { $_ => read_text("$root/mod_dygw/manual/$_") } map { ("$_.md", "zh/$_.md") } qw(operation security clients),
);
my %said;
for my $where (sort keys %texts) {
    my @examples = $texts{$where} =~ /^ +(dygw-doctor --.*)$/mg;
    ok(scalar @examples, "$where has examples") if $where !~ /security|clients/;
    # Those of the second instance are tried where there is one, see t/package/sandbox_instance.t.
    for my $example (grep { !/:8091/ } @examples) {
        my ($status, $said) = @{ $said{$example} //= do { my $text = `$example 2>&1`; [ $?, $text ] } };
        my $unknown = $example =~ /--ca-file/ ? '' : '(?!.*signed by nobody)';     # the authority is the test's own
        ok($status == 0 && $said !~ /^(?:FAIL|warn)(?!  Upstream)$unknown/m, "$where: $example") or diag $said;
    }
}
my $said = `dygw-doctor --site https://shop.example 2>&1`;
is($? >> 8, 1, 'without --ca-file the last one fails');
like($said, qr/^ +-> Name its authority with --ca-file FILE/m, '... and names it');
$gateway->finish;

# --- the private sandbox ---

my $page = slurp("$root/mod_dygw/manual/clients.md");
my ($section) = $page =~ /^Anywhere, without being root.*?\n(.*)\z/ms;
my ($conf, $commands) = map { s/^    //mgr } $section =~ /((?:^    .*\n)+)/mg;
my $modules = Dygw::Server::module_dir();
my $sandbox_module = Dygw::Server->module_path('dygw_sandbox');
$conf =~ s{\S+/mod_dygw_sandbox\.so}{$sandbox_module};
$conf =~ s{/usr/lib/apache2/modules}{$modules}g;
$conf =~ s{/usr/share/dygw/conf}{$root/conf};
my $place = tempdir(CLEANUP => 1);
spew("$place/httpd.conf", $conf);
my ($start, $stop) = split /\n/, $commands;
my $program = Dygw::Server::program();
s{^apache2}{$program} for $start, $stop;
shell("cd $place && $start");
my $http = HTTP::Tiny->new(keep_alive => 0);
ok(poll { $http->get('http://127.0.0.1:8090/_sandbox/state')->{success} }, 'the private sandbox serves')
    or diag slurp("$place/error.log");
my ($wordless) = $page =~ /^## The sandbox\n(.*?)^###/ms;
for my $example (grep { !/\.\.\./ } $wordless =~ /^    (curl .*)$/mg) {
    my $answer = `${\ $example =~ s/^curl/curl -sS --fail/r } 2>&1`;
    is($?, 0, $example) or diag $answer;
}
shell("cd $place && $stop");
ok(poll { !-e "$place/httpd.pid" }, '... and stops');
shell("umount /etc && umount $etc");
rmdir $etc;
done_testing;
