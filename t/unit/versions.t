# SPDX-License-Identifier: Apache-2.0
# The oldest versions of what the module stands on: an older one stops the build with a sentence that says what to do,
# and the READMEs and the package say the same numbers.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find qw(find);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

chdir dirname(abs_path(__FILE__)) . '/../..' or die "$!\n";
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL OUT)};

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    local $/;
    return <$file>;
}

# Its version in words, where its headers have it, the last that is too old and the first that will do, and Debian's
# packages. No 2.x of APR and APR-util will do.
my @needs = (
    ['Apache httpd', '2.4.53', 'ap_mmn.h', { MODULE_MAGIC_NUMBER_MINOR => [121, 122] }, 'apache2-dev', 'apache2-bin'],
    ['APR', '1.7.0', 'apr_version.h', { APR_MAJOR_VERSION => [1, 1], APR_MINOR_VERSION => [6, 7] }, 'libapr1-dev'],
    ['APR', '1.7.0', 'apr_version.h', { APR_MAJOR_VERSION => [2, 1], APR_MINOR_VERSION => [7, 7] }, 'libapr1-dev'],
    ['APR-util', '1.3.0', 'apu_version.h', { APU_MAJOR_VERSION => [1, 1], APU_MINOR_VERSION => [2, 3] },
        'libaprutil1-dev'],
    ['libcurl', '7.87.0', 'curl/curlver.h', { LIBCURL_VERSION_NUM => ['0x0756ff', '0x075700'] },
        'libcurl4-openssl-dev', 'libcurl4-gnutls-dev'],
    ['jansson', '2.11', 'jansson.h', { JANSSON_VERSION_HEX => ['0x020aff', '0x020b00'] }, 'libjansson-dev'],
    ['OpenSSL', '3.0.0', 'openssl/opensslv.h', { OPENSSL_VERSION_NUMBER => ['0x101011ffL', '0x30000000L'] },
        'libssl-dev'],
);

# A header that tells another version than the one that is installed.
sub pretend {
    my ($header, $macros, $which) = @_;
    my $dir = tempdir(CLEANUP => 1);
    make_path(dirname("$dir/$header"));
    open my $file, '>', "$dir/$header" or die "$dir/$header: $!\n";
    print {$file} "#include_next <$header>\n";
    print {$file} "#undef $_\n#define $_ $macros->{$_}[$which]\n" for sort keys %$macros;
    close $file or die "$dir/$header: $!\n";
    return $dir;
}

# What make says of a target while the headers pretend; and whether it succeeds.
sub make {
    my ($out, $target, $includes) = @_;
    my $said = `make -s -f Makefile.apxs -j 2 OUT=$out EXTRA_CFLAGS=-I$includes $target 2>&1`;
    return ($? == 0, $said);
}

for my $need (@needs) {
    my ($name, $version, $header, $macros, @packages) = @$need;
    my $out = tempdir(CLEANUP => 1);
    my ($built, $said) = make($out, "$out/versions", pretend($header, $macros, 0));
    ok(!$built, "$name that is too old is refused");
    like($said, qr/#error "[^"]*\Q$name\E [^"]*\b\Q$version\E or (?:a )?later[^"]* is needed[^"]*Install[^"]*"/,
        '... and what to install is said');
    is(() = $said =~ /error:/g, 1, '... and nothing else') or diag $said;
    ($built, $said) = make($out, "$out/versions", pretend($header, $macros, 1));
    ok($built, "$name $version will do") or diag $said;
    like(slurp('README') =~ s/\s+/ /gr, qr/Needed, these versions or later:[^;]*\b\Q$name $version\E\b/,
        '... and the README says so');
    like(slurp('README.zh'), qr/\Q$name $version\E(?![\d.])/, '... and so does the Chinese one');
    like(slurp('build/debian/control'), qr/[ \n]\Q$_ (>= $version)\E/, "... and the package, of $_") for @packages;
}

my $out = tempdir(CLEANUP => 1);
my ($built, $said) = make($out, 'all', pretend(@{ $needs[0] }[2, 3], 0));
my @objects;
find(sub { push @objects, $_ if /\.o\z/ }, $out);
ok(!$built && $said =~ /#error "Apache httpd is too old/, 'a whole build says it');
is_deeply(\@objects, [], '... before anything is compiled');

done_testing();
