# SPDX-License-Identifier: Apache-2.0
# The packages that build/packages installs: what dpkg-buildpackage asks for is among them, on a machine that has
# nothing of it yet.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Test::More;

chdir dirname(abs_path(__FILE__)) . '/../..' or die "$!\n";

# By whom what is no package by itself is provided.
my %provided = ('debhelper-compat' => 'debhelper', 'dh-apache2' => 'apache2-dev', 'libapr1-dev' => 'apache2-dev',
                'libaprutil1-dev' => 'apache2-dev');

my %installed = map { $_ => 1 } split /[\s|]+/, `. build/packages && echo \$PACKAGES_RUN \$PACKAGES_DEB`;
open my $file, '<', 'build/debian/control' or die "build/debian/control: $!\n";
my ($wanted) = do { local $/; <$file> } =~ /^Build-Depends:((?:.*\n)(?:\s.*\n)*)/m;
my @groups = split /,\s*/, $wanted =~ s/\A\s+|\s+\z//gr;
cmp_ok(scalar @groups, '>', 5, 'the package says what it is built with');

for my $group ('build-essential', @groups) {
    my @choices = map { /([\w.+-]+)/ } split /\|/, $group;
    ok((grep { $installed{ $provided{$_} // $_ } } @choices), "build/deb installs $group");
}

# The shell's way of saying which are missing.
my $missing = `. build/packages && missing_packages 'no-such-package|perl-base' 'no-such-one|no-such-other' perl-base`;
is($missing, "no-such-one\n", 'of alternatives one will do, and the first is what is missing');

done_testing();
