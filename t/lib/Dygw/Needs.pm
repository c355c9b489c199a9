# SPDX-License-Identifier: Apache-2.0
# What a test, or a script of the build, cannot do without. Where it is missing, the test ends before it begins and says
# what to install or to build: loading this module makes Perl name the Debian package of a module that is not installed.
#
#   my $path = Dygw::Needs::program('psql', '/usr/lib/postgresql/15/bin');
#   my $path = Dygw::Needs::built('/tmp/out/mod_dygw.so', Dygw::Needs::make('/tmp/out', 'all'));
package Dygw::Needs;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);

use constant PLACES => qw(/usr/sbin /usr/bin /usr/local/sbin /usr/local/bin);

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');

# Debian's packages of programs that have another name.
my %PACKAGE = (
    (map { $_ => 'postgresql' } qw(initdb postgres psql)),
    (map { $_ => 'mariadb-server-core' } qw(mariadbd mariadb-install-db)),
    mariadb => 'mariadb-client-core',
    node    => 'nodejs',
);

sub missing {
    my ($what, $remedy) = @_;
    die "$0 cannot run: $what. $remedy\n";
}

# The Debian package is one of build/packages, whose names are to be had here without a shell.
sub missing_package {
    my ($what, $package) = @_;
    return missing("$what is not installed",
                   "Install it: apt-get install $package; or sh build/check, which installs all that tests need.");
}

# --- Perl's modules ---

sub packages {
    open my $file, '<', "$ROOT/build/packages" or die "$ROOT/build/packages: $!\n";
    local $/;
    return <$file> =~ /\b(lib[\w-]+-perl)\b/g;
}

# JSON/Validator/Schema/Draft7.pm is in libjson-validator-perl, DBD/SQLite.pm in libdbd-sqlite3-perl. Nothing for a
# module that no package of ours has.
sub package_of {
    my ($path) = @_;
    my @words = split m{/}, lc $path =~ s/\.pm\z//r;
    while (@words) {
        my $name = join '-', map { tr/_/-/r } @words;
        my ($package) = grep { /\Alib\Q$name\E\d*-perl\z/ } packages();
        return $package if $package;
        pop @words;
    }
    return;
}

# Perl comes here with what it found nowhere else. What does not need the module asks for it in an eval.
push @INC, sub {
    my (undef, $path) = @_;
    my $package = package_of($path) // return;
    return missing_package("Perl's module " . $path =~ s{/}{::}gr =~ s/\.pm\z//r, $package);
};

# Whether a module that is loaded later will be there.
sub module {
    my ($name) = @_;
    my $path = $name =~ s{::}{/}gr . '.pm';
    $INC{$path} || grep { !ref && -e "$_/$path" } @INC
        or missing_package("Perl's module $name", package_of($path) // $name);
    return;
}

# --- programs ---

# The path of a program, which is looked for in these places first.
sub program {
    my ($name, @places) = @_;
    for my $place (@places, PLACES) {
        return "$place/$name" if -x "$place/$name";
    }
    return missing_package($name, $PACKAGE{$name} // $name);
}

# --- what is built ---

# The command that makes a target in a directory.
sub make {
    my ($out, @arguments) = @_;
    $out =~ s{\A\Q$ROOT\E/}{};
    return join ' ', 'make -f Makefile.apxs', $out eq '.out' ? () : "OUT=$out", @arguments;
}

# The path, when it is there; else what has to be run for it.
sub built {
    my ($path, $command) = @_;
    return -e $path ? $path : missing("$path is not there", "Run: $command");
}

1;
