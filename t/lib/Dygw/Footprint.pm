# SPDX-License-Identifier: Apache-2.0
# What a process takes of the machine, and what it has more of later than before.
#
#   my $before = Dygw::Footprint->of($server->pid);
#   ...
#   my $after = Dygw::Footprint->of($server->pid);
#   $after->is_no_more_than($before, 'after 25 restarts', anonymous_kib => 64);        # a test
#   diag($after->text);
package Dygw::Footprint;

use strict;
use warnings;
no warnings qw(portable);     # addresses have more than 32 bits

use Test::More ();

use Dygw::Server qw(slurp);

# Memory in KiB: anonymous is the process's own, segments are shared with its children. Mappings are of all kinds;
# zombies are children; semaphores are the machine's.
use constant NAMES => qw(anonymous_kib rss_kib heap_kib descriptors segments segment_kib mappings threads children
    semaphores);

sub of {
    my ($class, $pid) = @_;
    my $rollup = slurp("/proc/$pid/smaps_rollup");
    my $self = bless { map { $_ => 0 } NAMES }, $class;
    ($self->{rss_kib}) = $rollup =~ /^Rss:\s+(\d+)/m;
    ($self->{anonymous_kib}) = $rollup =~ /^Anonymous:\s+(\d+)/m;
    ($self->{threads}) = slurp("/proc/$pid/status") =~ /^Threads:\s+(\d+)/m;
    $self->{children} = () = slurp("/proc/$pid/task/$pid/children") =~ /\d+/g;
    $self->{semaphores} = () = slurp('/proc/sysvipc/sem') =~ /\n(?=.)/g;
    opendir my $dir, "/proc/$pid/fd" or die "/proc/$pid/fd: $!\n";
    $self->{descriptors} = grep { /\A\d/ } readdir $dir;
    $self->take_mapping($_) for split /\n/, slurp("/proc/$pid/maps");
    return $self;
}

sub take_mapping {
    my ($self, $line) = @_;
    my ($from, $to, $rights, $name) = $line =~ /\A([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)/ or return;
    my $kib = (hex($to) - hex($from)) / 1024;
    $self->{mappings}++;
    $self->{heap_kib} += $kib if $name eq '[heap]';
    if ($rights =~ /s\z/) {
        $self->{segments}++;
        $self->{segment_kib} += $kib;
    }
    return;
}

# Passes when nothing but what the kernel pages in as it likes has grown by more than is allowed.
sub is_no_more_than {
    my ($self, $before, $name, %allowed) = @_;
    my @grown = grep { $_ ne 'rss_kib' && $self->{$_} > $before->{$_} + ($allowed{$_} // 0) } NAMES;
    my $ok = Test::More::ok(!@grown, $name);
    Test::More::diag("more: @grown\nbefore: ", $before->text, "\nafter:  ", $self->text) if !$ok;
    return $ok;
}

sub text {
    my ($self) = @_;
    return join ', ', map { "$_ $self->{$_}" } NAMES;
}

1;
