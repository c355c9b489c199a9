# SPDX-License-Identifier: Apache-2.0
# What README tells to type on a shop's machine, typed there as it stands, beside a site that Apache serves already:
# from the package to the first redemption. In t/package/root, with a network of its own, so that all ports are free.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use Dygw::Debian qw(works packages installs rights);
use Dygw::Readme;
use Dygw::Server qw(slurp spew);

Dygw::Debian::go_inside();

# A new network has a loopback device, which is not up.
use constant LOOPBACK_UP => <<'UP';
use Socket;
socket my $socket, PF_INET, SOCK_DGRAM, 0 or die "socket: $!\n";
my ($SIOCSIFFLAGS, $request) = (0x8914, pack 'Z16 s x22', 'lo', 1);
ioctl $socket, $SIOCSIFFLAGS, $request or die "lo: $!\n";
UP
use constant POLICY => '/usr/sbin/policy-rc.d';

# All but the first block, which builds the packages.
my (undef, @blocks) = Dygw::Readme::blocks('README', 'Installation on Debian');
cmp_ok(scalar @blocks, '>', 3, 'README has commands for Debian');

# With their servers, and those that README has installed from the network, which there is none of in there.
installs(packages());
works('what README installs is installed', '. build/packages; install_packages ssl-cert curl');
spew(POLICY, "#!/bin/sh\n", 0755);
spew('/etc/apt/apt.conf.d/99readme', qq(Acquire::Retries "0";\n));
chomp(my $host = `hostname`);
spew('/etc/hosts', "127.0.0.1 localhost\n127.0.1.1 $host\n");
works('the certificate is that of the host', 'make-ssl-cert generate-default-snakeoil --force-overwrite');
spew('/tmp/readme.sh', "service apache2 start\ncd '$ENV{DYGW_OUT}/deb'\n" . Dygw::Readme::script(@blocks));
spew('/tmp/lo.pl', LOOPBACK_UP);

my $said = `unshare --net sh -c '$^X /tmp/lo.pl && exec sh /tmp/readme.sh' 2>&1`;
my @steps = Dygw::Readme::steps($said);
my $ok = is($?, 0, 'each command works');
is(scalar @steps, scalar Dygw::Readme::commands(@blocks), '... and all of them were run');
note($said);
diag($said) if !$ok;

# What a command has said that begins so.
sub said {
    my ($beginning) = @_;
    my ($step) = grep { index($_->{command}, $beginning) == 0 } @steps;
    return $step ? $step->{said} : '';
}

is(rights("/etc/dygw/$_"), '600 root:root', "$_ is root's alone") for qw(master-key douyin-secret);
is(slurp('/etc/dygw/douyin-secret'), "secret-of-the-application\n", 'the secret is what was typed');
like(said('apachectl configtest'), qr/^Syntax OK$/m, 'configtest finds nothing wrong');
like(said('curl -fsS --retry'), qr/"status":"ok"/, 'the gateway is healthy');
unlike(said('dygw-doctor'), qr/^FAIL /m, 'the doctor finds nothing wrong');
like(said('dygw-call'), qr/^200 OK\n.*"verify_status":"success"/ms, 'the first redemption is one');
ok(-s '/var/lib/dygw/sandbox.db' && !-e '/var/lib/dygw/dygw.db', '... in a database for trying');
unlike(slurp('/var/log/apache2/error.log'), qr/:(?:error|crit|alert|emerg)\]|exit signal/,
       'nothing is wrong in the error log');
done_testing;
