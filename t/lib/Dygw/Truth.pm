# SPDX-License-Identifier: Apache-2.0
# A redemption seen from its three sides: what the caller heard, what is recorded, and what Douyin did.
#
#   my $truth = Dygw::Truth->new($gateway);
#   my $attempt = $truth->verify($coupon, code => $coupon->{code});     # {answer, request_id, coupon}
#   $truth->agrees($attempt, 'a name', status => 202, applied => 1);    # one test
#   my @wrong = $truth->faults($attempt, [rows], {truth});              # the same without asking anybody
#   $truth->await_settled;                                              # nothing is open any more
#   $truth->settled($attempt, 'a name', verify_status => 'success', confirmed_by => 'replay');
#   my @wrong = $truth->final_faults($attempt, [rows], {truth});
package Dygw::Truth;

use strict;
use warnings;

use Carp qw(croak);
use Test::More ();
use Time::HiRes qw(sleep);

use Dygw::Gateway qw(POI);
use Dygw::Server qw(poll);

# What is looked at of a record.
our @COLUMNS = qw(
    id request_id verify_status error_code verify_id verify_token encrypted_code certificate_id order_id poi_id
    attempts next_run_at lease_until mode app_id confirmed_by repeats errand_at cancel_since review_since already
    news
);

# A cancel, or news of a webhook. Looks for what a lost verify may still redeem (news 2) go on for a quarter of an hour,
# beside all else, and are not waited for.
our $ERRAND = "(errand_at IS NOT NULL AND (news <> 2 OR verify_status = 'success' AND cancel_since IS NOT NULL))";

use constant SETTLE_DEADLINE => 60;     # seconds
use constant SETTLE_PAUSE    => 0.25;   # between two looks at the database

my $NUMBER = qr/news|_at|_until|_since|attempts|already|repeats|error_code|app_id|\Aid/;

sub new {
    my ($class, $gateway) = @_;
    return bless { gateway => $gateway, requests => 0, run => sprintf('%x-%x', $$, time) }, $class;
}

sub gateway { return $_[0]{gateway} }
sub sandbox { return $_[0]{gateway}->sandbox }

sub new_request_id {
    my ($self) = @_;
    return sprintf 'r-%s-%d-%d', $self->{run}, $$, ++$self->{requests};
}

# --- one attempt ---

# Redeems with the first app, under a request id of its own.
sub verify {
    my ($self, $coupon, %fields) = @_;
    my $attempt = $self->attempt($coupon, %fields);
    $attempt->{answer} = $self->gateway->client->call(@{ $attempt->{call} });
    return $attempt;
}

# The same, sent but not yet answered: {handle} gives the answer.
sub begin {
    my ($self, $coupon, %fields) = @_;
    my $attempt = $self->attempt($coupon, %fields);
    $attempt->{handle} = $self->gateway->client->begin(@{ $attempt->{call} });
    return $attempt;
}

# The answer to what begin() sent; none when the connection ended without.
sub finish {
    my ($self, $attempt) = @_;
    $attempt->{answer} = eval { $attempt->{handle}->finish };
    return $attempt;
}

sub attempt {
    my ($self, $coupon, %fields) = @_;
    my $id = $self->new_request_id;
    my $headers = delete $fields{headers} // {};
    return { coupon => $coupon, request_id => $id, call => [ POST => '/coupons/verify', { poi_id => POI, %fields },
             headers => { 'X-Request-Id' => $id, %$headers } ] };
}

# The fields that redeem a coupon in a mode; for encrypted_code after a prepare of the caller's own, with a client
# that may be another gateway's.
sub fields {
    my ($self, $mode, $coupon, $client) = @_;
    return (code => $coupon->{code}) if $mode eq 'code';
    return (short_link => $coupon->{order}{short_link}) if $mode eq 'short_link';
    $client //= $self->gateway->client;
    my $answer = $client->call(POST => '/coupons/prepare', { poi_id => POI, code => $coupon->{code} });
    croak "prepare: $answer->{body}" if $answer->{status} != 200;
    return (encrypted_code => $coupon->{encrypted_code}, verify_token => $answer->{json}{data}{verify_token});
}

# --- the record ---

# The records that match a condition, each by the names of its columns; what is NULL is empty.
sub rows_where {
    my ($self, $condition) = @_;
    my @select = map { "COALESCE($_, " . (/$NUMBER/ ? '0' : "''") . ')' } @COLUMNS;
    my @rows = $self->gateway->database->query('SELECT ' . join(', ', @select) .
        " FROM dygw_verifications WHERE $condition ORDER BY id");
    return map { my %row; @row{@COLUMNS} = @$_; \%row } @rows;
}

sub rows_of {
    my ($self, $attempt) = @_;
    return [ $self->rows_where("request_id = '$attempt->{request_id}'") ];
}

# --- the three together ---

# What is wrong with a record that waits to be settled.
sub incomplete {
    my ($row) = @_;
    my @needed = qw(verify_token encrypted_code poi_id attempts next_run_at);
    push @needed, qw(certificate_id order_id) if $row->{mode} ne 'encrypted_code';
    return map { "the record has no $_" } grep { !$row->{$_} } @needed;
}

# What contradicts the contract's promises in one attempt. truth: what the sandbox says of the coupon. An attempt
# without an answer (its server died) may have a record or none.
sub faults {
    my ($self, $attempt, $rows, $truth) = @_;
    my $answer = $attempt->{answer};
    my $view = $answer ? $answer->{json}{data} : undef;
    my $status = $answer ? $answer->{status} : 0;
    my $row = $rows->[0];
    my @wrong;
    push @wrong, @$rows . ' records' if @$rows > 1 || ($status == 200 || $status == 202) && @$rows != 1;
    push @wrong, "a record after $status" if $status >= 300 && @$rows;
    return @wrong if !$row;

    my @ours = grep { $row->{verify_token} && ($_->{verify_token} // '') eq $row->{verify_token} }
        @{ $truth->{verifications} };
    push @wrong, 'Douyin redeemed it ' . @ours . ' times for this record' if @ours > 1;
    push @wrong, "the caller heard $view->{verify_status}, the record says $row->{verify_status}"
        if $view && $view->{verify_status} ne $row->{verify_status};
    push @wrong, "the caller heard of record $view->{id}" if $view && $view->{id} ne $row->{id};
    push @wrong, "status 200 and $row->{verify_status}" if $status == 200 && $row->{verify_status} eq 'processing';
    push @wrong, "status 202 and $row->{verify_status}" if $status == 202 && $row->{verify_status} ne 'processing';
    push @wrong, 'failed, and Douyin redeemed it' if $row->{verify_status} eq 'failed' && @ours;
    push @wrong, 'success, and Douyin did not redeem it' if $row->{verify_status} eq 'success' && !@ours;
    push @wrong, 'another verify_id than Douyin\'s'
        if $row->{verify_status} eq 'success' && @ours && $ours[0]{verify_id} ne $row->{verify_id};
    push @wrong, incomplete($row) if $row->{verify_status} eq 'processing';
    return @wrong;
}

# One test: the three sides agree, with this status and verify_status (of both), and Douyin has redeemed it or not.
sub agrees {
    my ($self, $attempt, $name, %expected) = @_;
    my $rows = $self->rows_of($attempt);
    my $truth = $self->sandbox->coupon($attempt->{coupon}{code});
    my $answer = $attempt->{answer};
    my @wrong = $self->faults($attempt, $rows, $truth);
    push @wrong, "status " . ($answer ? $answer->{status} : 'none') . ", not $expected{status}"
        if $expected{status} && (!$answer || $answer->{status} != $expected{status});
    push @wrong, "verify_status " . ($rows->[0] ? $rows->[0]{verify_status} : 'none') . ", not $expected{verify_status}"
        if exists $expected{verify_status} && ($rows->[0] ? $rows->[0]{verify_status} : '') ne $expected{verify_status};
    push @wrong, "Douyin's status is $truth->{status}"
        if defined $expected{applied} && $truth->{status} != ($expected{applied} ? 2 : 1);
    my $ok = Test::More::ok(!@wrong, $name);
    Test::More::diag(join('; ', @wrong), "\n", $answer ? "$answer->{status} $answer->{body}" : 'no answer') if !$ok;
    $attempt->{row} = $rows->[0];
    return $ok;
}

# --- when all is settled ---

# Waits until the background has nothing to settle, to cancel or to look into; gives whether it came to that.
sub await_settled {
    my ($self, $seconds) = @_;
    return $self->await_none("verify_status = 'processing' OR $ERRAND", $seconds // SETTLE_DEADLINE);
}

# Waits until no record is of that kind.
sub await_none {
    my ($self, $condition, $seconds) = @_;
    return poll {
        my $count = eval { $self->gateway->rows('dygw_verifications', $condition) };
        return 1 if defined $count && $count == 0;
        sleep SETTLE_PAUSE;
        return 0;
    } $seconds;
}

# Two records of one coupon that both callers gave up: neither may be sent again, so nobody can tell whose Douyin's one
# redemption was. Either may have it, cancelled, when the other has failed.
sub shared_when_given_up {
    my ($row, $truth, $by_token) = @_;
    return if !$row->{cancel_since} || $row->{verify_status} ne 'cancelled';
    my ($redemption) = grep { $_->{verify_id} eq $row->{verify_id} } @{ $truth->{verifications} };
    my ($other) = $redemption ? @{ $by_token->{ $redemption->{verify_token} // '' } // [] } : ();
    return $other && $other->{cancel_since} && $other->{verify_status} eq 'failed' ? $redemption : undef;
}

# What is wrong with a record that shall be final, beside what Douyin did with its token.
sub final_row_faults {
    my ($row, $truth, $by_token) = @_;
    my @ours = grep { $row->{verify_token} && ($_->{verify_token} // '') eq $row->{verify_token} }
        @{ $truth->{verifications} };
    my @live = grep { !$_->{cancelled} } @ours;
    my ($same) = grep { $_->{verify_id} eq $row->{verify_id} } @ours;
    $same //= shared_when_given_up($row, $truth, $by_token // {});
    my $status = $row->{verify_status};
    my @wrong;
    push @wrong, 'Douyin redeemed it ' . @ours . ' times for this record' if @ours > 1 && $truth->{times} == 1;
    push @wrong, 'still processing' if $status eq 'processing';
    push @wrong, 'an errand is left' if $row->{errand_at} && $row->{news} != 2;
    push @wrong, 'failed, and Douyin redeemed it' if $status eq 'failed' && @live;
    push @wrong, "failed without a reason" if $status eq 'failed' && !$row->{error_code};
    push @wrong, "$status, and Douyin has no such redemption" if $status =~ /success|cancelled/ && !$same;
    push @wrong, 'success, and Douyin has it cancelled' if $status eq 'success' && $same && $same->{cancelled};
    push @wrong, 'cancelled, and Douyin has not cancelled it' if $status eq 'cancelled' && $same && !$same->{cancelled};
    push @wrong, 'success, and nobody has confirmed it' if $status eq 'success' && !$row->{confirmed_by};
    return @wrong;
}

# What contradicts the contract's promises in an attempt of one coupon once all is settled. by_token: the records of all
# attempts, for those that fought over a coupon.
sub final_faults {
    my ($self, $attempt, $rows, $truth, $by_token) = @_;
    my $answer = $attempt->{answer};
    my $status = $answer ? $answer->{status} : 0;
    my $view = $answer && $answer->{json} ? $answer->{json}{data} : undef;
    my $row = $rows->[0];
    my @wrong;
    push @wrong, @$rows . ' records' if @$rows > 1 || ($status == 200 || $status == 202) && @$rows != 1;
    push @wrong, "a record after $status" if $status >= 300 && @$rows;
    return @wrong if !$row;
    push @wrong, final_row_faults($row, $truth, $by_token);
    push @wrong, "the caller heard $view->{verify_status}, the record says $row->{verify_status}"
        if $status == 200 && $view->{verify_status} ne $row->{verify_status} && $row->{verify_status} ne 'cancelled';
    push @wrong, "the caller heard of record $view->{id}" if $view && $view->{id} && $view->{id} ne $row->{id};
    return @wrong;
}

# One test: the attempt is settled, truly, and its record has these values (patterns, too); with none => 1 there is no
# record and the coupon is unused.
sub settled {
    my ($self, $attempt, $name, %expected) = @_;
    my $rows = $self->rows_of($attempt);
    my $truth = $self->sandbox->coupon($attempt->{coupon}{code});
    my @wrong = $self->final_faults($attempt, $rows, $truth);
    my $row = $attempt->{row} = $rows->[0];
    if (delete $expected{none}) {
        push @wrong, 'there is a record' if $row;
        push @wrong, "Douyin's status is $truth->{status}" if $truth->{status} != 1;
    }
    elsif (!$row) {
        push @wrong, 'there is no record';
    }
    for my $column ($row ? sort keys %expected : ()) {
        my ($got, $want) = ($row->{$column}, $expected{$column});
        push @wrong, "$column is $got, not $want" if ref $want ? $got !~ $want : $got ne $want;
    }
    my $ok = Test::More::ok(!@wrong, $name);
    Test::More::diag(join('; ', @wrong), "\n", $row ? join(' ', map { "$_=$row->{$_}" } @COLUMNS) : 'no record')
        if !$ok;
    return $ok;
}

# One test: all verify calls for a coupon since call number `after` say the same, and there are so many.
sub repeats_are_identical {
    my ($self, $coupon, $after, $name, $count) = @_;
    my @calls = grep { grep { $_ eq $coupon->{encrypted_code} } @{ $_->{codes} } }
        $self->sandbox->calls(call => 'verify', after => $after);
    my %bodies = map { $_->{args} => 1 } @calls;
    my $ok = Test::More::ok(keys %bodies == 1 && (!$count || @calls == $count), $name);
    Test::More::diag(scalar(@calls), " calls\n", join "\n", keys %bodies) if !$ok;
    return $ok;
}

1;
