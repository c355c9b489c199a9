# SPDX-License-Identifier: Apache-2.0
# What the benchmarks of t/bench/ measure with: the CPU and the memory of processes, and the load generator.
package Dygw::Bench;

use strict;
use warnings;

use Exporter qw(import);
use List::Util qw(sum0);
use POSIX qw(sysconf _SC_CLK_TCK);

use Dygw::Gateway qw(POI);
use Dygw::Server;

our @EXPORT_OK = qw(cpu_seconds fine_cpu_seconds load_hosts load_once median memory_kib share_kib);

use constant CONNECTIONS => 32;

my $TICK = sysconf(_SC_CLK_TCK);
my $OUT  = Dygw::Server->out;

sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[ $#sorted / 2 ] }

# --- processes ---

# CPU seconds that these processes and all below them have used so far; those of children that ended count too.
sub cpu_seconds {
    my (@pids) = @_;
    return sum0(map { my @field = stat_of($_); @field[ 11 .. 14 ] } family_of(@pids)) / $TICK;
}

# The same to the nanosecond, for what uses little, without what has ended.
sub fine_cpu_seconds {
    my (@pids) = @_;
    my $sum = 0;
    for my $file (map { glob "/proc/$_/task/*/schedstat" } family_of(@pids)) {
        open my $schedstat, '<', $file or next;
        my ($ns) = split ' ', <$schedstat> // next;
        $sum += $ns;
    }
    return $sum / 1e9;
}

# The fields of /proc/PID/stat from the state on; none when there is no such process any more.
sub stat_of {
    my ($pid) = @_;
    open my $stat, '<', "/proc/$pid/stat" or return;
    my ($rest) = (<$stat> // '') =~ /^\d+ \(.*\) (.*)$/s or return;
    return split ' ', $rest;
}

# These processes and all below them.
sub family_of {
    my (@pids) = @_;
    my %parent = map { my @field = stat_of($_); @field ? ($_ => $field[1]) : () } map { m{(\d+)} } glob '/proc/[0-9]*';
    my $belongs;
    $belongs = sub {
        my ($pid) = @_;
        return (grep { $pid == $_ } @pids) || ($parent{$pid} && $belongs->($parent{$pid}));
    };
    return grep { $belongs->($_) } keys %parent;
}

# Of a child's own: the table of nonces, which all share and which requests fill, is not part of it.
sub memory_kib {
    my ($pid) = @_;
    open my $status, '<', "/proc/$pid/status" or die "no process $pid";
    my ($kib) = map { /^RssAnon:\s+(\d+)/ ? $1 : () } <$status>;
    return $kib;
}

# A process's share of memory: what it has with others is divided among them; and what it has alone.
sub share_kib {
    my ($pid) = @_;
    open my $rollup, '<', "/proc/$pid/smaps_rollup" or die "no process $pid";
    my %kib = map { /^(\w+):\s+(\d+)/ ? ($1 => $2) : () } <$rollup>;
    return ($kib{Pss}, $kib{Private_Clean} + $kib{Private_Dirty});
}

# --- load ---

# Starts the load generator with its share of the load.
sub start_load {
    my ($gateway, $share, $codes, %what) = @_;
    local @ENV{qw(DYGW_CLIENT_KEY DYGW_SECRET)} =
        $what{signed} ? @{ $gateway->client }{qw(key secret)} : (undef, undef);
    delete @ENV{qw(DYGW_CLIENT_KEY DYGW_SECRET)} if !$what{signed};
    my @command = ("$OUT/t/load", $what{rate} ? ('-r', $share * $what{rate}) : (),
                   $gateway->server->port, $share * ($what{connections} // CONNECTIONS),
                   $share * $what{requests}, $what{method} // 'GET', $what{target}, $codes ? ($codes, POI) : ());
    open my $run, '-|', @command or die "load: $!";
    return $run;
}

sub end_load {
    my ($run, %what) = @_;
    my $output = do { local $/; <$run> };
    my %figures = $output =~ /^(\w+)=(\S+)$/mg;
    die "$what{target}: the load generator failed\n" if !%figures;
    warn "$what{target}: $figures{failed} of $figures{requests} failed\n" if $figures{failed} && !$what{quiet};
    return \%figures;
}

# One run against hosts that share the load: what they did together, latencies in the mean, and the CPU of each group
# of processes in ms a request. codes: a file for each host.
sub load_hosts {
    my ($hosts, %what) = @_;
    my $first = $hosts->[0];
    my %pids = (cpu => [ map { $_->server->pid } @$hosts ], sandbox_cpu => [ $first->sandbox->server->pid ]);
    $pids{database_cpu} = [ $first->database->{pid} ] if $first->database->{pid};
    my %before = map { $_ => cpu_seconds(@{ $pids{$_} }) } keys %pids;
    my @codes = @{ $what{codes} // [] };
    my @runs = map { start_load($_, 1 / @$hosts, shift @codes, %what) } @$hosts;
    my @each = map { end_load($_, %what) } @runs;
    my %figures = map { my $name = $_; $name => sum0(map { $_->{$name} } @each) } keys %{ $each[0] };
    $figures{$_} /= @$hosts for grep { /_ms$|^seconds$/ } keys %figures;
    $figures{$_} = 1000 * (cpu_seconds(@{ $pids{$_} }) - $before{$_}) / $what{requests} for keys %pids;
    return \%figures;
}

sub load_once {
    my ($gateway, %what) = @_;
    return load_hosts([$gateway], %what, codes => $what{codes} ? [ $what{codes} ] : undef);
}

1;
