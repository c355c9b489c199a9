# SPDX-License-Identifier: Apache-2.0
# Other servers of the same work, for the benchmark: a plain one in Go and a plain one in Node (t/bench/peers/), with
# the packages of Debian. They use a gateway's sandbox, database, token and client.
package Dygw::Peers;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

use Dygw::Gateway qw(ACCOUNT);
use Dygw::Server;

use constant START_DEADLINE => 20;      # seconds
use constant GO_SOURCES     => '/usr/share/gocode';
use constant NODE_MODULES   => '/usr/share/nodejs';

my $DIR = abs_path(dirname(__FILE__) . '/../../bench/peers');
my $OUT = Dygw::Server->out;

sub names { return qw(Go Node) }

# start(NAME, GATEWAY): the peer, or undef and why there is none.
sub start {
    my ($class, $name, $gateway) = @_;
    my ($why, @command) = $name eq 'Go' ? go_command() : node_command();
    return (undef, $why) if $why;
    my $self = bless { name => $name, port => free_port(), gateway => $gateway, owner => $$ }, $class;
    my %env = $self->environment;
    $self->{pid} = fork // die "fork: $!";
    if ($self->{pid} == 0) {
        open STDIN, '<', '/dev/null';
        %ENV = (%ENV, %env);
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    return $self->answers ? $self : (undef, 'it does not start');
}

# (why not, the command)
sub go_command {
    my $binary = "$OUT/t/peer-go";
    return 'there is no go: apt install golang-go' if !on_path('go');
    return 'there is no pgx: apt install golang-github-jackc-pgx-v4-dev'
        if !-d GO_SOURCES . '/src/github.com/jackc/pgx';
    local @ENV{qw(GO111MODULE GOPATH GOFLAGS GOCACHE)} = ('off', GO_SOURCES, '', "$OUT/go-cache");
    return 'it does not compile' if system('go', 'build', '-o', $binary, "$DIR/peer.go") != 0;
    return (undef, $binary);
}

sub node_command {
    return 'there is no node: apt install nodejs' if !on_path('node');
    local $ENV{NODE_PATH} = node_path();
    return 'there is no pg: apt install node-pg' if system(q(node -e 'require("pg")' 2>/dev/null)) != 0;
    return (undef, 'node', "$DIR/peer.js");
}

sub on_path { my ($name) = @_; return grep { -x "$_/$name" } split /:/, $ENV{PATH} }

# Another Node than Debian's does not look where Debian's packages are.
sub node_path { return join ':', grep { length } $ENV{NODE_PATH} // '', NODE_MODULES }

sub free_port {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no port: $!";
    return $socket->sockport;
}

sub environment {
    my ($self) = @_;
    my $gateway = $self->{gateway};
    my $answer = $gateway->client->call(GET => '/douyin/access-token');
    my $token = $answer->{json}{data}{access_token} // die "no token: $answer->{body}";
    return (NODE_PATH => node_path(), PEER_PORT => $self->{port}, PEER_UPSTREAM => $gateway->sandbox->url,
            PEER_TOKEN => $token, PEER_ACCOUNT => ACCOUNT, PEER_KEY => $gateway->client->{key},
            PEER_SECRET => $gateway->client->{secret}, PEER_DATABASE => $gateway->database->dir,
            PEER_DIR => $DIR);
}

sub answers {
    my ($self) = @_;
    my $until = time + START_DEADLINE;
    while (time < $until && waitpid($self->{pid}, POSIX::WNOHANG()) == 0) {
        return 1 if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port});
        sleep 0.05;
    }
    return 0;
}

# What Dygw::Bench asks of a gateway.
sub server   { return $_[0] }
sub pid      { return $_[0]{pid} }
sub port     { return $_[0]{port} }
sub client   { return $_[0]{gateway}->client }
sub sandbox  { return $_[0]{gateway}->sandbox }
sub database { return $_[0]{gateway}->database }

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    kill 'TERM', $pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);
    $self->stop if $self->{owner} == $$;
    return;
}

1;
