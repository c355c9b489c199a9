# SPDX-License-Identifier: Apache-2.0
# An upgrade of the Debian package asks nothing and loses nothing: not what an administrator wrote into dygw.conf when
# that was the file to edit. It has Apache take the new module, without a request that fails; but not where the
# configuration is broken, nor before a migration. All of it in t/package/root.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use HTTP::Tiny;
use Test::More;
use Time::HiRes qw(sleep);

use Dygw::Debian qw(command works packages installs edit apache_starts apache_stops apache_pid MODS ERROR_LOG);
use Dygw::Server qw(free_port poll slurp spew);

Dygw::Debian::go_inside();

use constant {
    NAME    => 'libapache2-mod-dygw',
    CONF    => MODS . '/dygw.conf',
    CONF_D  => '/etc/dygw/conf.d',
    TAKEN   => '/etc/dygw/conf.d/dygw.conf',
    SQL     => '/usr/share/dygw/sql/sqlite3',
    POLICY  => '/usr/sbin/policy-rc.d',
    EARLIER => '/tmp/earlier.deb',
};

my ($new) = grep { m{/libapache2-mod-dygw_} } packages();
my $now;    # the text of dygw.conf in this version

# A version that had all directives in dygw.conf, to be edited there.
sub make_earlier {
    my $tree = '/tmp/earlier';
    works('the package is taken apart', "dpkg-deb -R $new $tree");
    $now = slurp("$tree/etc/apache2/mods-available/dygw.conf");
    edit("$tree/DEBIAN/control", sub { s/^Version: .*/Version: 0.0.9/m });
    spew("$tree/etc/apache2/mods-available/dygw.conf", slurp('conf/dygw.conf'));
    unlink "$tree/DEBIAN/preinst" or die "preinst: $!\n";
    rmdir "$tree/etc/dygw/conf.d" or die "conf.d: $!\n";
    works('... and is one of the kind before', "dpkg-deb --root-owner-group -b $tree " . EARLIER);
    return;
}

sub install_earlier {
    command('dpkg --purge ' . NAME . '; rm -rf /etc/dygw /var/lib/dygw');
    works('the version before is installed', 'dpkg --install ' . EARLIER);
    return;
}

# dpkg has nobody to ask here, and fails where it would.
sub upgrades { return works("$_[0]: upgraded without a question", "dpkg --install $new") }

sub files_in_conf_d { return join ' ', map { s{.*/}{}r } glob CONF_D . '/*' }

# --- what administrators did with dygw.conf ---

sub left_alone {
    install_earlier();
    upgrades('left alone');
    is(slurp(CONF), $now, 'left alone: dygw.conf is the new one');
    is(files_in_conf_d(), '', '... and nothing else is configured');
    return;
}

sub deleted {
    install_earlier();
    unlink CONF or die CONF . ": $!\n";
    upgrades('deleted');
    is(slurp(CONF), $now, 'deleted: dygw.conf is the new one');
    return;
}

sub edited_and_removed {
    install_earlier();
    edit(CONF, sub { $_ .= "# mine\n" });
    my $mine = slurp(CONF);
    works('edited: the package is removed', 'dpkg --remove ' . NAME);
    upgrades('edited and removed');
    is(slurp(CONF), $now, 'edited and removed: dygw.conf is the new one');
    is(slurp(TAKEN), $mine, '... and what was edited is in conf.d');
    return;
}

# Moved there, it would include itself.
sub includes_conf_d {
    install_earlier();
    edit(CONF, sub { $_ .= 'IncludeOptional ' . CONF_D . "/*.conf\n" });
    my $mine = slurp(CONF);
    works('one that includes conf.d is for dpkg to ask about', "dpkg --force-confold --install $new");
    is(slurp(CONF), $mine, '... and stays as it is');
    is(files_in_conf_d(), '', '... where it is');
    return;
}

# --- one that serves ---

my $port = free_port();
my $url = "http://127.0.0.1:$port";
my $CONFIGURATION = <<'CONF';
DBDriver         sqlite3
DBDParams        /var/lib/dygw/dygw.db
DygwClientKey    awtest0000000000
DygwClientSecret file:/etc/dygw/secret
DygwMasterKey    file:/etc/dygw/master-key
DygwUpstream     http://127.0.0.1:1
<Location "/health">
    SetHandler dygw-health
</Location>
CONF

sub status { return HTTP::Tiny->new(keep_alive => 0)->get($url . $_[0])->{status} }

# How many requests of the site beside, and of the gateway, failed meanwhile.
sub failures_while {
    my ($work) = @_;
    pipe my $from, my $to or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        my ($ended, $asked, $failed) = (0, 0, 0);
        local $SIG{TERM} = sub { $ended = 1 };
        while (!$ended) {
            for my $path ('/', '/health/live') {
                $asked++;
                $failed++ if status($path) != 200;
            }
            sleep 0.005;
        }
        syswrite $to, "$asked $failed\n";
        POSIX::_exit(0);
    }
    $work->();
    kill 'TERM', $pid;
    my ($asked, $failed) = split ' ', readline $from;
    waitpid $pid, 0;
    cmp_ok($asked, '>', 2, 'requests were sent meanwhile');
    return $failed;
}

sub reloads { return scalar(() = slurp(ERROR_LOG) =~ /AH00493: SIGUSR1 received/g) }

sub has_new_module {
    my $maps = slurp('/proc/' . apache_pid() . '/maps');
    return $maps =~ m{/mod_dygw\.so$}m && $maps !~ m{/mod_dygw\.so \(deleted\)$}m;
}

sub is_served {
    my ($path, $reloads, $name) = @_;
    is(status($path), 200, $name);
    is(reloads(), $reloads, '... and it was not reloaded');
    return;
}

sub serving {
    install_earlier();
    edit('/etc/apache2/ports.conf', sub { s/^Listen 80$/Listen 127.0.0.1:$port/m });
    command('(umask 077; cd /etc/dygw; echo a-secret >secret; openssl rand -hex 32 >master-key)');
    edit(CONF, sub { $_ .= $CONFIGURATION });
    my $mine = slurp(CONF);
    works('the version before is enabled', 'a2enmod dygw');
    apache_starts("$url/health/live", 200, '... and serves');
    spew(POLICY, "#!/bin/sh\n", 0755);
    my $failed = failures_while(sub {
        upgrades('edited and serving');
        ok(poll { reloads() == 1 && has_new_module() }, '... and Apache is reloaded, and has the new module');
    });
    is($failed, 0, '... and no request failed');
    is(slurp(TAKEN), $mine, '... and what was edited is in conf.d');
    is(files_in_conf_d(), 'dygw.conf', '... and nothing else');
    is(slurp(CONF), $now, '... and dygw.conf is the new one');
    is((command('dpkg --verify ' . NAME))[1], '', '... and all files are those of the package');
    my $health = HTTP::Tiny->new->get("$url/health")->{content};
    like($health, qr/"database":"ok"/, '... and the gateway is configured as before');
    return;
}

sub serving_again {
    my $mine = slurp(TAKEN);
    unlike(upgrades('once more'), qr/edited/, '... and there is nothing to be taken over any more');
    ok(poll { reloads() == 2 }, '... and Apache is reloaded');
    is(slurp(TAKEN), $mine, '... with the same configuration');
    return;
}

sub broken {
    my $mine = slurp(TAKEN);
    spew(TAKEN, $mine . "Nonsense on\n");
    my $said = upgrades('a broken configuration');
    like($said, qr/configuration is broken.*Nonsense/s, '... is told');
    is_served('/health/live', 2, '... and Apache goes on as it was');
    spew(TAKEN, $mine);
    return;
}

sub migrations {
    my ($newest) = reverse glob SQL . '/*.sql';
    unlink $newest or die "$newest: $!\n";
    my $said = upgrades('a version with a migration');
    like($said, qr{the new files of /usr/share/dygw/sql first}, '... says what comes before its module');
    is_served('/health/live', 2, '... and Apache goes on with the module that it has');
    upgrades('the version after that');
    ok(poll { reloads() == 3 }, '... is taken by Apache');
    return;
}

sub disabled {
    works('the module is disabled', 'a2dismod dygw');
    upgrades('a module that is not enabled');
    is_served('/', 3, '... does not concern Apache');
    return;
}

sub stopped {
    works('it is enabled again', 'a2enmod dygw');
    apache_stops();
    upgrades('an Apache that was stopped');
    is(status('/'), 599, '... is not started');
    return;
}

installs(packages());
make_earlier();
left_alone();
deleted();
edited_and_removed();
includes_conf_d();
serving();
serving_again();
broken();
migrations();
disabled();
stopped();
done_testing;
