# SPDX-License-Identifier: Apache-2.0
# The Debian packages of $DYGW_OUT/deb with Debian's Apache, in a copy of the root directory that is gone afterwards
# (t/package/root): for the tests of t/package.
#
#   BEGIN { Dygw::Debian::go_inside() }      # runs the test once more, in there
#   installs(packages());
#   works('a2enmod', 'a2enmod dygw', qr/dbd/);
#   apache_starts('http://127.0.0.1:1234/', 200, 'Apache starts');  apache_stops();
package Dygw::Debian;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use HTTP::Tiny;
use POSIX qw(WNOHANG);
use Test::More;

use Dygw::Server qw(poll slurp spew);

our @EXPORT_OK = qw(command works packages installs rights edit configtest is_enabled apache_starts apache_stops
                    apache_pid MODS ERROR_LOG);

use constant {
    MODS      => '/etc/apache2/mods-available',
    ERROR_LOG => '/var/log/apache2/error.log',
};

my $http = HTTP::Tiny->new(timeout => 20, keep_alive => 0);
my $apache;

sub go_inside {
    return if $ENV{DYGW_TEST_ROOT};
    my $root = abs_path(__FILE__) =~ s{/t/lib/Dygw/[^/]+\z}{}r;
    my $test = abs_path($0);
    chdir $root or die "$root: $!\n";
    $ENV{DYGW_OUT} = abs_path($ENV{DYGW_OUT} || '.out');
    { exec 'sh', 't/package/root', $^X, $test; }
    die "t/package/root: $!\n";
}

# The exit status of a command of the shell, and what it said.
sub command {
    my ($command) = @_;
    my $said = `{ $command\n} 2>&1 </dev/null`;
    return ($? >> 8, $said);
}

sub works {
    my ($name, $command, $pattern) = @_;
    my ($status, $said) = command($command);
    my $ok = ok($status == 0 && (!$pattern || $said =~ $pattern), $name);
    diag("$command: exit status $status\n$said") if !$ok;
    return $said;
}

sub packages {
    my @packages = sort grep { !/dbgsym/ } glob "$ENV{DYGW_OUT}/deb/*.deb";
    @packages == 2 or die "the packages are not in $ENV{DYGW_OUT}/deb: sh build/deb\n";
    return @packages;
}

sub installs {
    my (@debs) = @_;
    works('the packages install beside Debian\'s apache2', ". build/packages; install_packages apache2 @debs");
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

# Up when this URL is answered so.
sub apache_starts {
    my ($url, $status, $name) = @_;
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
    my $up = poll { ($answer = $http->get($url))->{status} == $status };
    ok($up, $name) or diag($answer->{content}, slurp(ERROR_LOG));
    return;
}

sub apache_pid { return $apache }

# Gracefully: at once it may trip over a connection that is just being closed.
sub apache_stops {
    kill 'WINCH', $apache if $apache;
    my $ended = poll { waitpid($apache, WNOHANG) != 0 };
    ok($ended, 'Apache stops');
    undef $apache;
    return;
}

END { kill 'KILL', $apache if $apache }

1;
