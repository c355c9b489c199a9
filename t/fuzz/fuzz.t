#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Runs each fuzzer for a while, from its seeds: a test each. Their programs are in $DYGW_OUT. All
# runs try the same inputs in the same order, unless what was found is kept.
#   DYGW_FUZZ_SECONDS   for each; without, it has a number of inputs to try, and some seconds
#   DYGW_FUZZ_JOBS      at a time; 2
#   DYGW_FUZZ_ONLY      a word of their names; all
#   DYGW_FUZZ_KEEP      a directory: what is found is kept there, and gone on from
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Basename qw(basename);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use MIME::Base64 qw(encode_base64);

use Dygw::Needs;

use constant {
    SEED         => 1,
    INPUTS       => 30_000,
    SECONDS      => 8,         # enough for as many, if the machine is not too busy
    INPUT_MAX    => 4096,      # bytes of an input
    UNIT_SEC     => 25,        # an input that takes longer is a finding; on a busy machine, too
    MEMORY_MB    => 1024,
    SHOWN_MAX    => 8192,      # bytes of a finding that are printed
    SHOWN_LINES  => 60,
};

my $out = $ENV{DYGW_OUT} // '.out-fuzz';
my $seconds = $ENV{DYGW_FUZZ_SECONDS};
my $jobs = $ENV{DYGW_FUZZ_JOBS} // 2;
my $keep = $ENV{DYGW_FUZZ_KEEP};
my $only = $ENV{DYGW_FUZZ_ONLY} // '';
my $scratch = tempdir(CLEANUP => 1);

# Leaks are looked for by the fuzzers themselves: pools at the end of a program look lost.
$ENV{ASAN_OPTIONS} = join ':', grep { length } $ENV{ASAN_OPTIONS} // '', 'detect_leaks=0';
$ENV{UBSAN_OPTIONS} = join ':', grep { length } $ENV{UBSAN_OPTIONS} // '', 'print_stacktrace=1';

my @names = grep { index($_, $only) >= 0 }
    map { basename($_, '.c') =~ s/\Afuzz_//r } sort glob 't/fuzz/fuzz_*.c';
Dygw::Needs::built("$out/t/fuzz_$_", Dygw::Needs::make($out =~ s/-fuzz\z//r, 'fuzz')) for @names;

sub read_file {
    my ($path) = @_;
    open my $file, '<:raw', $path or return '';
    local $/;
    return <$file> // '';
}

# A file each.
sub unpack_seeds {
    my ($name, $directory) = @_;
    my (undef, @seeds) = split /^%%\n/m, read_file("t/fuzz/corpus/$name.txt");
    die "there are no seeds in t/fuzz/corpus/$name.txt\n" if !@seeds;
    for my $number (1 .. @seeds) {
        open my $file, '>:raw', "$directory/$number" or die "$!\n";
        print {$file} $seeds[$number - 1] =~ s/\n\z//r;
        close $file or die "$!\n";
    }
    return;
}

sub command {
    my ($name) = @_;
    my $found = defined $keep ? "$keep/$name" : "$scratch/$name.found";
    my $dict = "t/fuzz/$name.dict";
    make_path($found, "$scratch/$name.bad", "$scratch/$name.seeds");
    unpack_seeds($name, "$scratch/$name.seeds");
    return ("$out/t/fuzz_$name", '-max_total_time=' . ($seconds // SECONDS),
            defined $seconds ? () : '-runs=' . INPUTS, '-max_len=' . INPUT_MAX,
            '-timeout=' . UNIT_SEC, '-rss_limit_mb=' . MEMORY_MB, '-print_final_stats=1',
            '-use_value_profile=1', defined $keep ? () : '-seed=' . SEED,
            "-artifact_prefix=$scratch/$name.bad/", -e $dict ? "-dict=$dict" : (),
            $found, "$scratch/$name.seeds");
}

sub start {
    my ($name) = @_;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    open STDOUT, '>', "$scratch/$name.log" or die "$!\n";
    open STDERR, '>&', \*STDOUT or die "$!\n";
    my @command = command($name);
    exec { $command[0] } @command or die "$command[0]: $!\n";
}

# Everything that is needed to see it again.
sub show_findings {
    my ($name) = @_;
    for my $path (glob "$scratch/$name.bad/*") {
        my $input = read_file($path);
        print STDERR "# ", length $input, " bytes, in base64; decoded into a file, which is the only "
            . "argument of $out/t/fuzz_$name, they do it again:\n";
        print STDERR "#   $_\n"
            for split /\n/, encode_base64(substr($input, 0, SHOWN_MAX));
    }
    return;
}

sub report {
    my ($number, $name, $status) = @_;
    my $log = read_file("$scratch/$name.log");
    my ($runs) = $log =~ /^stat::number_of_executed_units: (\d+)/m;
    my ($covered) = $log =~ /.*^#\d+\s+DONE\s+cov: (\d+)/ms;
    my $ok = $status == 0 && $runs;
    if ($ok) {
        print STDERR "# $name: $runs inputs, ", $covered // 0, " places\n";
    }
    else {
        my @lines = grep { !/^#\d|^INFO|^0x|^Base64|^stat|^\s*$/ } split /\n/, $log;
        print STDERR map { "# $_\n" } @lines > SHOWN_LINES ? @lines[0 .. SHOWN_LINES - 1] : @lines;
        show_findings($name);
    }
    print $ok ? '' : 'not ', "ok $number - $name: every claim holds\n";
    return $ok;
}

my (%running, %status);
$| = 1;
$SIG{$_} = sub { kill 'TERM', keys %running; exit 1 } for qw(INT TERM);
print '1..' . @names . "\n";
my @waiting = @names;
while (@waiting || %running) {
    while (@waiting && keys %running < $jobs) {
        my $name = shift @waiting;
        $running{ start($name) } = $name;
    }
    my $pid = wait;
    $status{ delete $running{$pid} } = $? if exists $running{$pid};
}
my $good = grep { report($_ + 1, $names[$_], $status{ $names[$_] }) } 0 .. $#names;
exit($good == @names && @names ? 0 : 1);
