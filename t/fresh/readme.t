# SPDX-License-Identifier: Apache-2.0
# What README tells to type for Debian, typed as it stands in minimal systems of Debian 12 and 13: the packages are
# built on one machine, and installed on another one, which has neither this checkout nor a compiler. As root, with the
# network, and with the ports 80, 443 and 8090 of this machine; minutes for each.
#
#   perl t/fresh/readme.t [bookworm|trixie]...
use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use Dygw::Readme;
use Dygw::Server qw(slurp spew);

chdir "$Bin/../.." or die "$!\n";
my ($build, @shop) = Dygw::Readme::blocks('README', 'Installation on Debian');

# A machine's name is in its /etc/hosts, and its own web is not behind a proxy.
use constant MACHINE => <<'END';
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
grep -q " $(hostname)$" /etc/hosts || echo "127.0.1.1 $(hostname)" >>/etc/hosts
END

use constant AFTERWARDS => <<'END';
echo "keys: $(stat -c '%a %U:%G' /etc/dygw/master-key /etc/dygw/douyin-secret | sort -u)"
echo "compilers: $(dpkg-query -W -f '${Package}\n' | grep -E -x 'gcc|make|clang|.*-dev' | tr '\n' ' ')"
END

# Each command with the seconds that it took, and the last lines of what it said.
sub transcript {
    my ($suite, @steps) = @_;
    for my $step (@steps) {
        my @said = grep { /\S/ } split /\n/, $step->{said};
        splice @said, 0, -12 if @said > 12;
        note(sprintf("%s %6.1f s  %s", $suite, $step->{seconds} // 0, $step->{command}),
             map { '            ' . substr($_, 0, 160) . "\n" } @said);
    }
    return;
}

# Runs the script `readme.sh` of a directory, which comes as a tar, in a minimal system. fd 4 is a file of ours.
sub typed {
    my ($suite, $name, $directory, $in, $out) = @_;
    my $said = `tar -c -C '$directory' . | sh build/fresh $suite sh -c '$in' 2>&1 4>'$out'`;
    my @steps = Dygw::Readme::steps($said);
    transcript($suite, @steps);
    is($?, 0, "$suite: $name") or diag($said);
    return ($said, @steps);
}

sub said {
    my ($beginning, @steps) = @_;
    my ($step) = grep { index($_->{command}, $beginning) == 0 } @steps;
    return $step ? $step->{said} : '';
}

sub built {
    my ($suite, $dir) = @_;
    spew("$dir/readme.sh", Dygw::Readme::script($build));
    typed($suite, 'the packages are built', $dir,
          'mkdir /root/in && tar -x -C /root/in && sh /root/in/readme.sh && tar -c -C .out/deb . >&4', "$dir/debs.tar");
    unlink "$dir/readme.sh";
    return system("tar -x -C '$dir' -f '$dir/debs.tar'") == 0 && unlink "$dir/debs.tar";
}

sub installed {
    my ($suite, $dir) = @_;
    spew("$dir/readme.sh", MACHINE . Dygw::Readme::script(@shop) . AFTERWARDS);
    my ($said, @steps) = typed($suite, 'each command works', $dir,
                               'rm -r /usr/src/mod_dygw; mkdir /root/shop && cd /root/shop && tar -x && sh readme.sh',
                               '/dev/null');
    is(scalar @steps, scalar Dygw::Readme::commands(@shop), "$suite: ... and all of them were run");
    like(said('apachectl configtest', @steps), qr/^Syntax OK$/m, "$suite: configtest finds nothing wrong");
    like(said('curl -fsS --retry', @steps), qr/"status":"ok"/, "$suite: the gateway is healthy");
    unlike(said('dygw-doctor', @steps), qr/^FAIL /m, "$suite: the doctor finds nothing wrong");
    like(said('dygw-call', @steps), qr/^200 OK\n.*"verify_status":"success"/ms, "$suite: the first redemption is one");
    ok($said =~ /^keys: 600 root:root$/m, "$suite: the keys are root's alone");
    ok($said =~ /^compilers: $/m, "$suite: no compiler was needed");
    return;
}

for my $suite (@ARGV ? @ARGV : qw(bookworm trixie)) {
    my $dir = tempdir('dygw-readme-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    installed($suite, $dir) if ok(built($suite, $dir), "$suite: they can be copied");
}
done_testing;
