# SPDX-License-Identifier: Apache-2.0
# Many callers at once, at any of the hosts, while Douyin fails at random; some fight over the same coupon, some repeat
# what they got no outcome for, at another host perhaps, and some take back what they redeemed. What befalls the
# machines meanwhile is Dygw::Trouble's. Afterwards every answer can be compared with the record and with the coupon.
#
#   my $storm = Dygw::Storm->new(hosts => [$gateway], truth => $truth, seconds => 20, seed => 1, cancels => 0.1,
#                                trouble => { child => 0.5 });
#   my ($calls, @failures) = $storm->run;
#   my @wrong = $storm->compare('faults');              # or final_faults, when all is settled
package Dygw::Storm;

use strict;
use warnings;

use File::Temp qw(tempdir);
use JSON::PP;
use Time::HiRes qw(sleep time);

use Dygw::Server qw(poll slurp);
use Dygw::Traffic;
use Dygw::Trouble;

use constant CALLERS => 32;
use constant PAUSE   => 0.15;       # seconds at most between two calls of one
use constant CONTEST => 0.15;       # so often two callers want the same coupon
use constant KEYS    => 0.3;        # so often a caller gives an Idempotency-Key,
use constant TWICE   => 0.2;        # and what may be repeated is sent twice at once
use constant AGAIN   => 0.1;        # or again although the outcome is known
use constant CHANGE  => 0.25;       # seconds until Douyin fails in other ways, and machines perhaps, too
use constant LATE_MS => 1200;
use constant PER_SEC => 8;          # coupons for each caller, so that there are some left at the end
use constant MINT    => 800;        # at a time

my $DEAD = qr/no connection|closed without an answer/;

my @FAULTS = (
    { fault => 'latency', ms => 100 }, { fault => 'latency', ms => LATE_MS }, { fault => 'hang', ms => 1000 },
    { fault => 'drop_before' }, { fault => 'drop_after' }, { fault => 'status', http_status => 502 },
    { fault => 'status_after', http_status => 500 }, { fault => 'truncated' }, { fault => 'garbage' },
    { fault => 'error', error_code => 2100004 }, { fault => 'error', error_code => 1241 },
    { fault => 'error', error_code => 2119010 }, { fault => 'error_after', error_code => 2100001 },
);
my @OF_VERIFY = (
    @FAULTS, { fault => 'apply_late', ms => LATE_MS }, { fault => 'result', result => 1208, msg => 'used' },
    { fault => 'review', ms => LATE_MS },
);
# Without lies about the coupon: what these say is believed.
my @OF_QUESTIONS = grep { ($_->{error_code} // 0) != 1241 } @FAULTS;
my %OF = (
    verify => [ 20, 70, @OF_VERIFY ], prepare => [ 0, 25, @FAULTS ], short_link => [ 0, 25, @FAULTS[ 0 .. 4 ] ],
    get => [ 0, 40, @OF_QUESTIONS ], query => [ 0, 40, @OF_QUESTIONS ], cancel => [ 0, 40, @OF_QUESTIONS ],
    orders => [ 0, 40, @OF_QUESTIONS ],
);

# Beside what is said above: trouble: how often a second what happens, see Dygw::Trouble; calm: for this part of the
# time nothing does; truthful: no verify is answered "used" that is not, because then nobody can tell whose a coupon is
# that two callers want.
sub new {
    my ($class, %option) = @_;
    my $self = bless {
        cancels => 0, calm => 0, %option, dir => tempdir(CLEANUP => 1), turn => 0, verifies => [],
        trouble => Dygw::Trouble->new(hosts => $option{hosts}, rates => $option{trouble})
    }, $class;
    srand $self->{seed};
    my $wanted = CALLERS * $self->per_caller;
    my @coupons;
    while (@coupons < $wanted) {
        push @coupons, map { +{ code => $_->{coupons}[0]{code}, encrypted_code => $_->{coupons}[0]{encrypted_code},
            order => { short_link => $_->{short_link} } } } $self->sandbox->mint(orders => MINT);
    }
    $self->{coupons} = \@coupons;
    return $self;
}

sub per_caller { return PER_SEC * $_[0]{seconds} }
sub sandbox    { return $_[0]{hosts}[0]->sandbox }
sub trouble    { return $_[0]{trouble} }

# --- the callers ---

# What one call came to, for the comparison; no answer: its child or host was killed, or `why` says more.
sub keep {
    my ($self, $attempt, %more) = @_;
    my $answer = $attempt->{answer};
    print { $self->{log} } encode_json({ request_id => $attempt->{request_id}, code => $attempt->{coupon}{code},
        status => $answer ? $answer->{status} : 0, body => $answer ? $answer->{json} : undef,
        replayed => $answer && $answer->{headers}{'idempotency-replayed'} ? 1 : 0, %more }), "\n";
    return;
}

sub open_log {
    my ($self, $caller) = @_;
    srand $self->{seed} + $caller;
    open $self->{log}, '>', "$self->{dir}/$caller" or die "$self->{dir}/$caller: $!";
    $self->{log}->autoflush(1);
    return;
}

sub call_once {
    my ($self, $caller) = @_;
    $self->open_log($caller) if !$self->{log};
    sleep rand PAUSE;
    my $owner = rand() < CONTEST ? $caller ^ 1 : $caller;
    my $coupon = $self->{coupons}[ $owner * $self->per_caller + $self->{turn}++ ];
    if (!$coupon || $self->{turn} > $self->per_caller) {
        sleep 0.1;
        return;
    }
    my $mode = (qw(code short_link encrypted_code))[ int rand 3 ];
    my %fields = eval { $self->{truth}->fields($mode, $coupon, $self->client) };
    return if !%fields;             # no prepare, no verify
    my $request = "$caller-$self->{turn}";
    my $key = rand() < KEYS ? $request : undef;
    $fields{headers} = { 'Idempotency-Key' => $key } if $key;
    my %repeatable = $key || $mode eq 'encrypted_code' ? (request => $request) : ();
    my $first = %repeatable && rand() < TWICE ? $self->send_twice($coupon, \%fields, %repeatable)
        : $self->send_and_keep($coupon, \%fields, %repeatable);
    my $answer = $first->{answer};
    my $status = $answer ? $answer->{status} : 0;
    $self->send_and_keep($coupon, \%fields, %repeatable, $status == 202 ? (first => $first->{request_id}) : ())
        if %repeatable && ($status != 200 || rand() < AGAIN);
    $self->take_back($answer) if ($status == 200 || $status == 202) && rand() < $self->{cancels};
    return;
}

# A client of any host, with a connection of its own: a client would send it again over another when a kept one breaks.
sub client {
    my ($self) = @_;
    my $hosts = $self->{hosts};
    my $client = $hosts->[ rand @$hosts ]->client;
    $client->disconnect;
    return $client;
}

sub send_and_keep {
    my ($self, $coupon, $fields, %more) = @_;
    my $attempt = $self->{truth}->attempt($coupon, %$fields);
    $attempt->{answer} = eval { $self->client->call(@{ $attempt->{call} }) };
    $self->keep($attempt, %more, why => $@);
    return $attempt;
}

# The same at the same time; gives one of the attempts.
sub send_twice {
    my ($self, $coupon, $fields, %more) = @_;
    my @attempts = map { $self->{truth}->attempt($coupon, %$fields) } 1, 2;
    for my $attempt (@attempts) {
        $attempt->{handle} = eval { $self->client->begin(@{ $attempt->{call} }) };
        $attempt->{why} = $@;
    }
    for my $attempt (@attempts) {
        $attempt->{answer} = eval { $attempt->{handle}->finish } if $attempt->{handle};
        $self->keep($attempt, %more, why => $attempt->{why} || $@);
    }
    return $attempts[0];
}

sub take_back {
    my ($self, $answer) = @_;
    eval { $self->client->call(POST => '/coupons/cancel', { verification_id => $answer->{json}{data}{id} }) };
    return;
}

# --- Douyin ---

sub fail_otherwise {
    my ($self) = @_;
    my $sandbox = $self->sandbox;
    $sandbox->clear;
    for my $call (sort keys %OF) {
        my ($least, $more, @faults) = @{ $OF{$call} };
        @faults = grep { $_->{fault} ne 'result' } @faults if $self->{truthful};
        $sandbox->fault(call => $call, %{ $faults[ rand @faults ] }, percent => int($least + rand $more),
            times => -1);
    }
    $sandbox->fault(call => 'token', fault => 'error', error_code => 2100004, times => -1) if rand() < 0.02;
    $sandbox->post('/token', do => rand() < 0.5 ? 'kill' : 'expire') if rand() < 0.1;
    return;
}

sub take_verifies {
    my ($self) = @_;
    my $all = $self->{verifies};
    push @$all, map { { seq => $_->{seq}, verify_token => $_->{verify_token}, args => $_->{args} } }
        $self->sandbox->calls(call => 'verify', after => @$all ? $all->[-1]{seq} : 0);
    return;
}

# The storm: how many calls there were, and what went wrong in the callers themselves. At the end all is well.
sub run {
    my ($self) = @_;
    my $traffic = Dygw::Traffic->start(CALLERS, sub { return $self->call_once(@_) });
    my $began = time;
    while (time < $began + $self->{seconds}) {
        $self->fail_otherwise;
        sleep CHANGE;
        $self->trouble->strike if time >= $began + $self->{seconds} * $self->{calm};
        $traffic->calls;
        $self->take_verifies;
    }
    my @result = $traffic->stop;
    $self->trouble->mend;
    $self->sandbox->clear;
    $self->await_quiet;
    return @result;
}

# Until nothing that comes late is left.
sub await_quiet {
    my ($self) = @_;
    sleep LATE_MS / 1000;
    poll { $self->sandbox->state->{late} == 0 };
    return;
}

# --- the comparison ---

sub attempts {
    my ($self) = @_;
    return map { map { decode_json($_) } split /\n/, slurp("$self->{dir}/$_") } 0 .. CALLERS - 1;
}

# What is wrong, looked at with Truth's method. Leaves figures behind: {statuses}, {replays}, {answers},
# {records} (by status).
sub compare {
    my ($self, $faults) = @_;
    my @attempts = $self->attempts;
    my (%rows, %by_id, %by_token, %repeated, @wrong);
    @$self{qw(statuses records replays answers)} = ({}, {}, 0, scalar @attempts);
    $self->{doubtful} = { $self->doubtful };
    for my $row ($self->{truth}->rows_where('1 = 1')) {
        push @{ $rows{ $row->{request_id} } }, $row;
        $by_id{ $row->{id} } = $row;
        push @{ $by_token{ $row->{verify_token} } }, $row if $row->{verify_token};
        $self->{records}{ $row->{verify_status} }++;
    }
    my %truth = map { $_ => $self->sandbox->coupon($_) } keys %{ { map { $_->{code} => 1 } @attempts } };
    for my $attempt (@attempts) {
        my $rows = delete $rows{ $attempt->{request_id} } // [];
        @$attempt{qw(status body)} = (0) if !@$rows && $self->{doubtful}{ $attempt->{request_id} };
        push @{ $repeated{ $attempt->{request} } }, id_heard($attempt), map { $_->{id} } @$rows if $attempt->{request};
        push @wrong, map { "$attempt->{request_id} ($attempt->{status}): $_" }
            $self->wrong_with($attempt, $rows, $truth{ $attempt->{code} }, \%by_id, $faults, \%by_token);
    }
    push @wrong, map { wrong_with_repeated(@{ $repeated{$_} }) } sort keys %repeated;
    $self->{suspects} = [ keys %{ { map { /\A(r-\S+)/ ? ($1 => 1) : () } @wrong } } ];
    push @wrong, "$_: a record of no request that was made" for keys %rows;
    push @wrong, map { wrong_with_coupon($_, $truth{$_}, \%by_token) } sort keys %truth;
    return @wrong;
}

# The requests whose database went away with the commit and stayed away, so that whether there is a record was not
# known: 202 was right. Where there is none nothing was done.
sub doubtful {
    my ($self) = @_;
    return map { $_ => 1 } map { $_->in_doubt } @{ $self->{hosts} };
}

sub wrong_with {
    my ($self, $attempt, $rows, $truth, $by_id, $faults, $by_token) = @_;
    my $body = delete $attempt->{body};
    $attempt->{answer} = { status => $attempt->{status}, json => $body } if $attempt->{status};
    $self->{statuses}{ $attempt->{status} . ' ' . ($body->{data}{verify_status} // $body->{code} // '') }++;
    if ($attempt->{replayed}) {
        $self->{replays}++;
        my $row = $by_id->{ $body->{data}{id} };
        return 'a replay made a record' if @$rows;
        return 'a replay of nothing' if !$row;
        # A statement that a killed child has sent may be carried out after the next request has looked.
        return 'a replay of another outcome'
            if $faults eq 'faults' && $row->{verify_status} ne $body->{data}{verify_status}
                && $body->{data}{verify_status} ne 'processing';
        return;
    }
    my @wrong = $self->{truth}->$faults($attempt, $rows, $truth, $by_token);
    push @wrong, $attempt->{why} if $attempt->{why} && $attempt->{why} !~ /$DEAD/;
    push @wrong, 'repeats a 202 and is no replay'
        if $attempt->{first} && !$self->{doubtful}{ $attempt->{first} } && $attempt->{status} =~ /[24]../;
    return @wrong;
}

sub id_heard {
    my ($attempt) = @_;
    my $body = $attempt->{body};
    return $body && $body->{data} ? $body->{data}{id} : undef;
}

# What may be repeated comes to one record, of which all hear.
sub wrong_with_repeated {
    my %ids = map { $_ => 1 } grep { defined } @_;
    return keys %ids > 1 ? 'repetitions of one request came to the records ' . join ' ', sort keys %ids : ();
}

# All that is known of what was wrong in the last comparison, for a diagnosis: of each coupon its records, what Douyin
# did, and what the log says.
sub evidence {
    my ($self, $limit) = @_;
    my @suspects = @{ $self->{suspects} };
    splice @suspects, $limit if @suspects > $limit;
    my $log = join '', map { $_->server->log_text } @{ $self->{hosts} };
    my @lines = $self->trouble->story;
    for my $request (@suspects) {
        my ($row) = $self->{truth}->rows_where("request_id = '$request'") or next;
        my @rows = $self->{truth}->rows_where("certificate_id = '$row->{certificate_id}'");
        my $coupon = $self->sandbox->coupon($row->{certificate_id}, 'certificate_id');
        push @lines, "--- $request", map { encode_json($_) } @rows, @{ $coupon->{verifications} };
        my $names = join '|', map { ($_->{id}, $_->{request_id}) } @rows;
        push @lines, grep { /$names/ } split /\n/, $log;
    }
    return map { "$_\n" } @lines;
}

sub wrong_with_coupon {
    my ($code, $truth, $by_token) = @_;
    my @wrong;
    for my $verification (@{ $truth->{verifications} }) {
        my $rows = $by_token->{ $verification->{verify_token} // '' } // [];
        push @wrong, "$code: redeemed, with " . @$rows . ' records' if @$rows != 1;
    }
    my @live = grep { !$_->{cancelled} } @{ $truth->{verifications} };
    push @wrong, "$code: redeemed more than once" if @live > 1;
    return @wrong;
}

# The verify_tokens that were sent with different bodies, and how often one was sent again.
sub changed_repetitions {
    my ($self) = @_;
    my (%bodies, $repeated);
    for my $call (@{ $self->{verifies} }) {
        $repeated += exists $bodies{ $call->{verify_token} };
        $bodies{ $call->{verify_token} }{ $call->{args} } = 1;
    }
    $self->{tokens_sent} = keys %bodies;
    return ([ grep { keys %{ $bodies{$_} } > 1 } keys %bodies ], $repeated // 0);
}

1;
