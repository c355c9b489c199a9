# SPDX-License-Identifier: Apache-2.0
# What a gateway has used so far, counted by the kernel, by PostgreSQL, by strace and by a preloaded library. What is
# not at hand is told in words.
package Dygw::Cost;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use List::Util qw(sum0);
use POSIX qw(sysconf _SC_CLK_TCK);
use Time::HiRes qw(sleep);

use Dygw::Bench;
use Dygw::Server qw(poll slurp spew);

our @EXPORT_OK = qw(counts index_entries malloc_count malloc_env traced);

use constant REPORTED => 11;        # seconds; PostgreSQL's sessions report their counts only once idle for ten

my $DIR  = abs_path(dirname(__FILE__) . '/../../bench');
my $OUT  = Dygw::Server->out;
my $TICK = sysconf(_SC_CLK_TCK);

# --- the kernel and PostgreSQL ---

# (name => count) since the start of the server and of the database: CPU in ms.
sub counts {
    my ($gateway) = @_;
    sleep REPORTED;
    my %count;
    for my $pid (Dygw::Bench::family_of($gateway->server->pid)) {
        my @field = Dygw::Bench::stat_of($pid) or next;
        $count{'CPU user, ms'} += 1000 * $field[11] / $TICK;
        $count{'CPU system, ms'} += 1000 * $field[12] / $TICK;
        $count{'context switches'} += sum0(
            map { slurp($_) =~ /ctxt_switches:\s+(\d+)/g } glob "/proc/$pid/task/*/status");
    }
    $count{'CPU of the database, ms'} = 1000 * Dygw::Bench::cpu_seconds($gateway->database->{pid});
    my ($row) = $gateway->database->query('SELECT d.xact_commit, t.n_tup_ins, t.n_tup_upd, t.n_tup_hot_upd, '
        . 'w.wal_bytes, w.wal_sync, pg_current_wal_lsn() '
        . "FROM pg_stat_database d, pg_stat_user_tables t, pg_stat_wal w "
        . "WHERE d.datname = current_database() AND t.relname = 'dygw_verifications'");
    @count{'commits', 'rows inserted', 'rows updated', 'rows updated in place', 'WAL bytes', 'WAL flushes'} =
        @$row[ 0 .. 5 ];
    return (\%count, $row->[6]);
}

# Entries made in B-trees between two places of the log; undef: they cannot be counted.
sub index_entries {
    my ($database, $from, $to) = @_;
    my ($program) = grep { -x } map { "$_/pg_waldump" } $database->{bin} // (), split /:/, $ENV{PATH};
    return undef if !$program;
    my $said = `$program --stats=record -p $database->{dir}/data/pg_wal -s $from -e $to 2>/dev/null`;
    my @leaf = $said =~ m{^Btree/INSERT_LEAF\s+(\d+)}mg;
    return @leaf ? sum0(@leaf, $said =~ m{^Btree/SPLIT_[LR]\s+(\d+)}mg) : undef;
}

# --- strace ---

# What a child does while $run is called: ({ name => calls }, { sent, received, sendings } of the database's sockets);
# none where there is no strace, or where it may not look.
sub traced {
    my ($gateway, $run) = @_;
    my ($child) = $gateway->server->child_pids;
    my $file = $gateway->database->dir . '/strace';
    return if !grep { -x "$_/strace" } split /:/, $ENV{PATH};
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDERR, '>', "$file.said";
        exec 'strace', '-f', '-yy', '-s', '0', '-o', $file, '-p', $child or POSIX::_exit(127);
    }
    my $attached = poll { slurp("$file.said") =~ /attached/ };
    $run->();
    kill 'INT', $pid;
    waitpid $pid, 0;
    return $attached ? read_trace($file) : ();
}

# A call that another thread interrupts stands in two lines.
sub read_trace {
    my ($file) = @_;
    my (%calls, %begun);
    my %bytes = (sent => 0, received => 0, sendings => 0);
    open my $trace, '<', $file or return;
    while (<$trace>) {
        my ($thread, $rest) = /^(\d+) +(.*)/ or next;
        if ($rest =~ /^(\w+)\((?:\d+<(UNIX\w*))?/) {
            $calls{$1}++;
            $begun{$thread} = [ $1, $2 ];
        }
        my $call = $begun{$thread} or next;
        my ($result) = $rest =~ /= (\d+)(?: |$)/ or next;
        next if !$call->[1];
        $bytes{sent} += $result, $bytes{sendings}++ if $call->[0] =~ /^send/;
        $bytes{received} += $result if $call->[0] =~ /^recv/;
    }
    return (\%calls, \%bytes);
}

# --- malloc ---

# The environment of a server whose calls of malloc are counted in this file; none where there is no compiler.
sub malloc_env {
    my ($file) = @_;
    my $library = "$OUT/t/count_malloc.so";
    return if system("cc -O2 -shared -fPIC -o $library $DIR/count_malloc.c 2>/dev/null") != 0;
    spew($file, "\0" x 8, 0666);
    return (LD_PRELOAD => $library, DYGW_MALLOC_COUNT => $file);
}

sub malloc_count { return unpack 'Q', slurp($_[0]) }

1;
