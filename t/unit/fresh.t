# SPDX-License-Identifier: Apache-2.0
# What build/fresh promises: the command's status, a copy of the checkout and nothing of what was built, no variable of
# the caller's, and that nothing is left. A few programs of this machine play the bare system of Debian.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Path qw(make_path);
use File::Temp qw(tempdir);
use POSIX ();
use Test::More;

use Dygw::Server qw(poll slurp spew);

plan skip_all => 'only root can make a root directory' if $> != 0;

chdir "$FindBin::Bin/../.." or die "$!\n";
my $dir = tempdir(CLEANUP => 1);
my ($bare, $temporary, $mark) = ("$dir/bare", "$dir/temporary", "8642$$");

# With their libraries, as ldd names them.
sub make_bare {
    make_path("$dir/mod_dygw", $temporary,
              map { "$bare/$_" } qw(etc/apt/apt.conf.d proc dev usr/sbin usr/src tmp var/cache/apt/archives));
    my @programs = map { "/bin/$_" } qw(sh env ls sleep setsid);
    my %library = map { $_ => 1 } map { `ldd $_` =~ m{(/\S+)}g } @programs;
    for my $path (@programs, sort keys %library) {
        make_path($bare . $path =~ s{/[^/]+\z}{}r);
        system('cp', '-L', $path, "$bare$path") == 0 or die "cp $path\n";
    }
    system("tar -c -C $bare . >$dir/mod_dygw/trixie.tar") == 0 or die "tar\n";
    return;
}

# Begins a command in it, and gives the process.
sub begin {
    my (@command) = @_;
    my $process = fork // die "fork: $!\n";
    return $process if $process;
    @ENV{qw(XDG_CACHE_HOME TMPDIR CALLER http_proxy)} = ($dir, $temporary, 'is seen', 'http://127.0.0.1:9');
    open STDOUT, '>', "$dir/said";
    open STDERR, '>&', \*STDOUT;
    { exec 'sh', 'build/fresh', 'trixie', @command; }
    POSIX::_exit(127);
}

sub ends { waitpid $_[0], 0; return $? >> 8 }

sub mentions { return scalar grep { index(slurp($_), $_[0]) >= 0 } glob $_[1] }

# One that has just ended has no command line.
sub command_line {
    open my $file, '<', $_[0] or return '';
    return <$file> // '';
}

sub processes { return scalar grep { command_line($_) eq "sleep\0$mark\0" } glob '/proc/[0-9]*/cmdline' }

sub nothing_is_left {
    my ($name) = @_;
    is(processes(), 0, "$name: no process is left");
    is(join(' ', glob "$temporary/*"), '', "$name: no file is left");
    is(mentions($temporary, '/proc/mounts'), 0, "$name: no mount is left");
    return;
}

make_bare();
is(system('sh build/fresh potato true 2>/dev/null') >> 8, 2, 'there are two suites');

is(ends(begin('sh', '-c', 'exit 7')), 7, "the command's status is the script's") or diag slurp("$dir/said");
is(ends(begin('ls', '-a')), 0, 'it runs where the copy is');
my %here = map { $_ => 1 } split /\n/, slurp("$dir/said");
ok($here{build} && $here{'Makefile.apxs'} && $here{t}, 'the checkout is there');
is(join(' ', grep { /\A\.(?:git|out.*)\z/ } keys %here), '', 'without what was built, and without what is git\'s');
is(ends(begin('env')), 0, 'its environment');
my %variable = map { split /=/, $_, 2 } split /\n/, slurp("$dir/said");
is_deeply([ map { $variable{$_} } qw(CALLER http_proxy) ], [ undef, 'http://127.0.0.1:9' ],
          'has the proxy and nothing else of the caller');
is(ends(begin('sh', '-c', "setsid sleep $mark & kill -INT \$\$; sleep 60")), 130,
   'a signal inside ends what it is for');
nothing_is_left('a command that leaves something running');

for my $signal (qw(TERM INT)) {
    my $process = begin('sh', '-c', "setsid sleep $mark & sleep $mark");
    ok(poll { processes() == 2 }, "$signal: it runs");
    kill $signal, $process;
    isnt(ends($process), 0, "$signal: it ends");
    nothing_is_left($signal);
}
done_testing();
