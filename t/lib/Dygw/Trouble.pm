# SPDX-License-Identifier: Apache-2.0
# What befalls machines, at random: children, whole hosts, the database's connections and its server are killed, and
# come back within seconds; hosts are gracefully restarted.
#
#   my $trouble = Dygw::Trouble->new(hosts => [...], rates => { child => 0.3, host => 0.02 });     # a second
#   $trouble->strike;                   # again and again
#   $trouble->mend;                     # all serve again
#   $trouble->times('child'), $trouble->summary, $trouble->story
package Dygw::Trouble;

use strict;
use warnings;

use Time::HiRes ();

use constant KINDS         => qw(child connections database graceful host);
use constant HOST_AWAY     => 4;    # seconds at most until it is started again
use constant DATABASE_AWAY => 3;

my %STRIKE = (child => \&kill_child, connections => \&kill_connections, database => \&end_database,
              graceful => \&restart_gracefully, host => \&kill_host);

# hosts: Dygw::Gateways on one database. rates: by kind, how often a second.
sub new {
    my ($class, %option) = @_;
    my $now = Time::HiRes::time;
    return bless { rates => {}, %option, database => $option{hosts}[0]->database, count => {}, away => [],
        story => [], began => $now, last => $now }, $class;
}

sub times { my ($self, $kind) = @_; return $self->{count}{$kind} // 0 }

# How often what happened, in words.
sub summary {
    my ($self) = @_;
    return join ', ', map { $self->times($_) . " x $_" } grep { $self->{rates}{$_} } KINDS;
}

# What happened when, in seconds since the beginning.
sub story { return @{ $_[0]{story} } }

sub tell {
    my ($self, $what) = @_;
    push @{ $self->{story} }, sprintf '%.1f s: %s', Time::HiRes::time - $self->{began}, $what;
    return;
}

sub strike {
    my ($self) = @_;
    my $now = Time::HiRes::time;
    my $seconds = $now - $self->{last};
    $self->{last} = $now;
    $self->bring_back($now);
    for my $kind (KINDS) {
        $self->{count}{$kind} += $STRIKE{$kind}->($self) if rand() < $seconds * ($self->{rates}{$kind} // 0);
    }
    return;
}

sub mend {
    my ($self) = @_;
    $self->bring_back;
    return;
}

# --- away and back ---

sub lose {
    my ($self, $what, $seconds, $back) = @_;
    $self->tell("$what is gone");
    push @{ $self->{away} }, { what => $what, at => Time::HiRes::time + rand $seconds, back => $back };
    return;
}

# What is due by now, or all.
sub bring_back {
    my ($self, $now) = @_;
    my @due = grep { !defined $now || $_->{at} <= $now } @{ $self->{away} };
    for my $gone (sort { $a->{at} <=> $b->{at} } @due) {
        $gone->{back}->();
        $self->{away} = [ grep { $_ != $gone } @{ $self->{away} } ];
        $self->tell("$gone->{what} is back");
    }
    return;
}

sub is_here { my ($self, $what) = @_; return !grep { $_->{what} eq $what } @{ $self->{away} } }

sub name_of { my ($host) = @_; return $host->server->{name} }

# A host that runs; none when all are away.
sub any_host {
    my ($self) = @_;
    my @here = grep { $self->is_here(name_of($_)) } @{ $self->{hosts} };
    return @here ? $here[ rand @here ] : undef;
}

# --- what happens; each gives whether it did ---

sub kill_child {
    my ($self) = @_;
    my $host = $self->any_host or return 0;
    my @children = $host->server->child_pids or return 0;
    my $pid = $children[ rand @children ];
    $host->server->kill_child($pid);
    $self->tell("child $pid of ${\ name_of($host) } is killed");
    return 1;
}

sub kill_host {
    my ($self) = @_;
    my $host = $self->any_host or return 0;
    $host->server->kill;
    $self->lose(name_of($host), HOST_AWAY, sub { $host->server->start });
    return 1;
}

sub restart_gracefully {
    my ($self) = @_;
    my $host = $self->any_host or return 0;
    $host->graceful(overlap => 1);
    $self->tell(name_of($host) . ' is gracefully restarted');
    return 1;
}

sub kill_connections {
    my ($self) = @_;
    return 0 if !$self->is_here('the database');
    $self->{database}->kill_connections;
    $self->tell('connections to the database are killed');
    return 1;
}

# By an administrator, or as by a power cut.
sub end_database {
    my ($self) = @_;
    return 0 if !$self->is_here('the database');
    my $database = $self->{database};
    rand() < 0.5 ? $database->stop : $database->kill;
    $self->lose('the database', DATABASE_AWAY, sub { $database->start });
    return 1;
}

1;
