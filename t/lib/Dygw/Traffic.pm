# SPDX-License-Identifier: Apache-2.0
# Callers that go on calling while a test does something to the server.
#
#   my $traffic = Dygw::Traffic->start(4, sub { my ($process) = @_; ...one call, dies with what was wrong... });
#   ...
#   my ($calls, @failures) = $traffic->stop;
#   $traffic->stop_well('a graceful restart');           # the same as a test
#
#   my $traffic = Dygw::Traffic->redeem($gateway, 4);    # redemptions, and reads of the token in between
package Dygw::Traffic;

use strict;
use warnings;

use Carp qw(croak);
use POSIX ();
use Scalar::Util qw(weaken);

use Test::More ();

use Dygw::Gateway qw(POI);
use Dygw::Server qw(poll);

use constant COUPONS => 800;
use constant SHOWN   => 5;          # failures

my @alive;

# As many processes, each of which calls again and again. The code is told which of them it is in, from 0.
sub start {
    my ($class, $processes, $call) = @_;
    my $self = bless { owner => $$, processes => [] }, $class;
    push @alive, $self;
    weaken($alive[-1]);
    push @{ $self->{processes} }, $self->spawn($call, $_) for 0 .. $processes - 1;
    return $self;
}

# Callers that redeem one coupon after another and read the token in between; with a new connection each time, because
# one that is kept may be closed at the moment of the next request.
sub redeem {
    my ($class, $gateway, $processes) = @_;
    my @codes = map { $_->{coupons}[0]{code} } $gateway->sandbox->mint(orders => COUPONS);
    my $client = $gateway->client;
    my %close = (headers => { Connection => 'close' });
    my $calls = 0;
    return $class->start($processes, sub {
        my ($process) = @_;
        my $code = $calls++ % 2 ? $codes[ $processes * int($calls / 2) + $process ] : undef;
        $client->disconnect;
        my $answer = defined $code
            ? $client->call(POST => '/coupons/verify', { poi_id => POI, code => $code }, %close)
            : $client->call(GET => '/douyin/access-token', undef, %close);
        die "$answer->{status} $answer->{body}\n" if $answer->{status} != 200;
        die "$answer->{body}\n" if ($answer->{json}{data}{verify_status} // 'success') ne 'success';
    });
}

sub spawn {
    my ($self, $call, $number) = @_;
    pipe(my $read, my $write) or croak "pipe: $!";
    my $pid = fork // croak "fork: $!";
    if ($pid == 0) {
        close $read;
        my $go_on = 1;
        $SIG{TERM} = sub { $go_on = 0 };
        $write->autoflush(1);
        srand;
        my $parent = getppid;
        while ($go_on && getppid == $parent) {
            my $went_well = eval { $call->($number); 1 };
            my $wrong = $went_well ? '' : $@ || 'no reason given';
            $wrong =~ s/\s+/ /g;
            print {$write} $went_well ? "ok\n" : "$wrong\n";
        }
        POSIX::_exit(0);
    }
    close $write;
    $read->blocking(0);
    return { pid => $pid, read => $read, text => '' };
}

# Takes in what the processes have told so far, so that no pipe fills up; how many calls there were.
sub calls {
    my ($self) = @_;
    for my $process (@{ $self->{processes} }) {
        while (sysread $process->{read}, $process->{text}, 65536, length $process->{text}) { }
    }
    return scalar map { $_->{text} =~ /\n/g } @{ $self->{processes} };
}

# Waits until so many more calls have been made, however long that takes a busy machine; meanwhile: called now and then.
sub go_on {
    my ($self, $more, $meanwhile) = @_;
    my $calls = $self->calls;
    my $enough = $calls + $more;
    while ($calls < $enough) {
        my $before = $calls;
        poll {
            $meanwhile->() if $meanwhile;
            $calls = $self->calls;
            return $calls > $before;
        } or croak 'the traffic has stopped';
    }
    return;
}

# Lets each end its call: how many calls there were, and what was wrong with those that failed.
sub stop {
    my ($self) = @_;
    kill 'TERM', map { $_->{pid} } @{ $self->{processes} };
    for my $process (@{ $self->{processes} }) {
        my $ended = poll { $self->calls; waitpid($process->{pid}, POSIX::WNOHANG) != 0 } 30;
        kill 'KILL', $process->{pid} if !$ended;
    }
    my $calls = $self->calls;
    my @failures = map { grep { $_ ne 'ok' } split /\n/, $_->{text} } @{ $self->{processes} };
    $self->{processes} = [];
    return ($calls, @failures);
}

sub stop_well {
    my ($self, $name) = @_;
    my ($calls, @failures) = $self->stop;
    my $ok = Test::More::ok(!@failures, "$name: none of $calls requests failed");
    splice @failures, SHOWN if @failures > SHOWN;
    Test::More::diag("\n", map { "$_\n" } @failures) if @failures;
    return $ok;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $@, $!);
    for my $process (@{ $self->{processes} }) {
        kill 'KILL', $process->{pid};
        waitpid $process->{pid}, 0;
    }
    return;
}

END {
    for my $traffic (@alive) {
        $traffic->DESTROY if $traffic;
    }
}

1;
