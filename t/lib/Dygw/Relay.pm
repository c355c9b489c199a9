# SPDX-License-Identifier: Apache-2.0
# A network between a program and a server: a TCP port of the loopback whose connections go on to a unix socket, and
# which can break in the ways that networks do. It ends with the object, or with the test.
#
#   my $relay = Dygw::Relay->new;
#   $relay->target('/path/of/socket');      # where new connections go
#   $relay->cut;                            # resets those that there are
#   $relay->freeze;                         # nothing goes through, of new connections neither
#   $relay->vanish;                         # both: those that there are break, new ones hang
#   $relay->refuse;                         # cuts, and refuses new ones
#   $relay->drop;                           # cuts, and resets each new one
#   $relay->count;                          # how many connections have come so far, whatever became of them
#   $relay->trap(refuse => 'text');         # does that, or another of these, when a client says the text, which is lost
#   $relay->pass;                           # all is well again; what was held up goes on
package Dygw::Relay;

use strict;
use warnings;

use Carp qw(croak);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER SOMAXCONN AF_UNIX SOCK_STREAM PF_UNSPEC);

use Dygw::Server qw(free_port);

use constant CHUNK => 65536;

sub new {
    my ($class) = @_;
    socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or croak "socketpair: $!";
    my $self = bless { owner => $$, port => free_port(), control => $ours }, $class;
    my $pid = fork // croak "fork: $!";
    if ($pid == 0) {
        close $ours;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $SIG{PIPE} = 'IGNORE';
        @$self{qw(control peers)} = ($theirs, {});
        eval { $self->serve };
        POSIX::_exit(0);
    }
    close $theirs;
    $self->{pid} = $pid;
    $self->pass;
    return $self;
}

sub port { return $_[0]{port} }

# Tells the process what to do, and waits until it does it.
sub tell {
    my ($self, @words) = @_;
    syswrite $self->{control}, "@words\n" or croak "the relay is gone: $!";
    sysread $self->{control}, my $answer, CHUNK or croak 'the relay is gone';
    chomp $answer;
    return $answer;
}

sub target { my ($self, $path) = @_; return $self->tell(target => $path) }
sub cut    { return $_[0]->tell('cut') }
sub freeze { return $_[0]->tell('freeze') }
sub vanish { return $_[0]->tell('vanish') }
sub refuse { return $_[0]->tell('refuse') }
sub drop   { return $_[0]->tell('drop') }
sub count  { return $_[0]->tell('count') }
sub pass   { return $_[0]->tell('pass') }
sub trap   { my ($self, $what, $text) = @_; return $self->tell(trap => $what, $text) }

# --- the process ---

sub serve {
    my ($self) = @_;
    $self->{select} = IO::Select->new($self->{control});
    while (1) {
        for my $ready ($self->{select}->can_read) {
            if ($ready == $self->{control}) {
                $self->obey or return;
                last;       # what else was ready may be closed
            }
            $self->{listener} && $ready == $self->{listener} ? $self->connect_next : $self->forward($ready);
        }
    }
    return;
}

sub obey {
    my ($self) = @_;
    sysread $self->{control}, my $line, CHUNK or return 0;
    my ($command, @arguments) = split ' ', $line;
    if    ($command eq 'target') { $self->{target} = $arguments[0] }
    elsif ($command eq 'trap')   { @$self{qw(trap trapped)} = @arguments }
    elsif ($command ne 'count')  { $self->become($command) }
    syswrite $self->{control}, ($command eq 'count' ? $self->{came} // 0 : 'done') . "\n";
    return 1;
}

sub become {
    my ($self, $state) = @_;
    delete @$self{qw(trap trapped)};
    $self->reset_all if $state =~ /\A(?:cut|vanish|refuse|drop)\z/;
    $self->{drops} = $state eq 'drop';
    $self->listen_on if $state ne 'refuse';
    close delete $self->{listener} if $state eq 'refuse';
    $self->watch($state =~ /\A(?:cut|pass|drop)\z/ ? $self->everything : $self->{control});
    return;
}

sub everything {
    my ($self) = @_;
    return ($self->{control}, $self->{listener}, map { @$_ } values %{ $self->{peers} });
}

sub watch {
    my ($self, @handles) = @_;
    $self->{select} = IO::Select->new(@handles);
    return;
}

sub listen_on {
    my ($self) = @_;
    $self->{listener} //= IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $self->{port}, ReuseAddr => 1,
        Listen => SOMAXCONN, Proto => 'tcp') // die "listen: $@";
    return;
}

sub connect_next {
    my ($self) = @_;
    my $client = $self->{listener}->accept or return;
    $self->{came}++;
    return reset_one($client) if $self->{drops};
    my $server = IO::Socket::UNIX->new(Peer => $self->{target}, Type => SOCK_STREAM);
    return reset_one($client) if !$server;
    $self->{peers}{$client} = [ $client, $server ];
    $self->{peers}{$server} = [ $server, $client ];
    $self->{select}->add($client, $server);
    return;
}

sub forward {
    my ($self, $from) = @_;
    my $pair = $self->{peers}{$from} or return;     # ended by the other one a moment ago
    my $to = $pair->[1];
    my $read = sysread $from, my $bytes, CHUNK;
    return $self->become($self->{trap}) if $read && $self->{trap} && index($bytes, $self->{trapped}) >= 0;
    my $written = 0;
    while ($read && $written < $read) {
        $written += syswrite($to, $bytes, $read - $written, $written) // last;
    }
    return if $read && $written == $read;
    delete @{ $self->{peers} }{ $from, $to };
    $self->{select}->remove($from, $to);
    close $_ for $from, $to;
    return;
}

sub reset_one {
    my ($socket) = @_;
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack('II', 1, 0);
    close $socket;
    return;
}

sub reset_all {
    my ($self) = @_;
    for my $pair (values %{ $self->{peers} }) {
        $self->{select}->remove($pair->[0]);
        reset_one($pair->[0]);
    }
    $self->{peers} = {};
    return;
}

# --- the end ---

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$ || !$self->{pid};
    local ($?, $@, $!);
    close $self->{control};
    kill 'KILL', $self->{pid};
    waitpid delete $self->{pid}, 0;
    return;
}

1;
