# SPDX-License-Identifier: Apache-2.0
# A business day, written on both sides: verifications of the sandbox, and rows of the gateway's table.
#
#   my $ledger = Dygw::Ledger->new($gateway, days_ago => 2);    # zone: seconds ahead of UTC; without it, China's
#   my $v = $ledger->there(at => 3600, pay_amount => 100);      # Douyin's; in order of time, seconds from midnight
#   $ledger->here($v, pay_amount => 99);                        # ours, of the same; what is given goes first
#   $ledger->here(undef, verify_id => '17', at => 5);           # ours alone
#   my $answer = $ledger->get(refresh => 1);
#   my $data = $ledger->await;                                  # when the background is done with it
package Dygw::Ledger;

use strict;
use warnings;

use Carp qw(croak);
use POSIX qw(strftime);
use Time::HiRes qw(sleep time);

use Dygw::Gateway qw(POI);
use Dygw::Server qw(poll);

use constant CHINA    => 8 * 3600;
use constant DAY      => 86_400;
use constant EPOCH_MS => 1_704_067_200_000;    # 2024-01-01T00:00:00Z
use constant DEADLINE => 40;                   # seconds

my $number = 0;

sub new {
    my ($class, $gateway, %option) = @_;
    my $zone = $option{zone} // CHINA;
    my $start = (int((time + $zone) / DAY) - $option{days_ago}) * DAY - $zone;
    return bless { gateway => $gateway, start => $start, date => strftime('%F', gmtime($start + $zone)) }, $class;
}

sub date  { return $_[0]{date} }
sub start { return $_[0]{start} }

# The moment so many seconds after midnight, in ms.
sub ms { my ($self, $seconds) = @_; return sprintf '%.0f', 1000 * ($self->{start} + $seconds) }

# Somebody verifies a coupon at Douyin, in a store of its account (poi_id, account_id; without them, the usual ones):
# {coupon, verify_id, certificate_id, at, pay_amount}.
sub there {
    my ($self, %what) = @_;
    my ($at, $type, $poi_id) = (delete $what{at}, delete $what{verify_type} // 4, delete $what{poi_id} // POI);
    my $sandbox = $self->{gateway}->sandbox;
    my $coupon = $sandbox->mint_coupon(%what);
    my $now = $sandbox->set_coupon($coupon->{code},
        used_elsewhere => { poi_id => $poi_id, verify_type => $type, at_ms => 0 + $self->ms($at) });
    return { coupon => $coupon, certificate_id => $coupon->{certificate_id}, at => $at,
             verify_id => $now->{verifications}[-1]{verify_id}, pay_amount => $what{pay_amount} // 19_400 };
}

sub sql { my ($value) = @_; return defined $value ? "'" . $value =~ s/'/''/gr . "'" : 'NULL' }

# The columns of a row of ours.
sub row {
    my ($self, $verification, %row) = @_;
    my %all = (at => 0, %{ $verification // {} }, verify_status => 'success', %row);
    my $t = $self->ms(delete $all{at});
    my $created = delete $all{created_ms} // $t;
    my $id = ($created - EPOCH_MS) * 4096 + $number++ % 4096;
    return (
        id => $id, first_id => $id, app_id => 1, app_name => 'app of a test', poi_id => POI, error_code => 0,
        enrichment_status => 'success', created_at => $created, updated_at => $created, mode => 'code',
        verify_time => $all{verify_status} =~ /success|cancelled/ ? $t : undef,
        map { $_ => $all{$_} } grep { $_ ne 'coupon' } keys %all
    );
}

# Rows with the same columns, each a hash.
sub insert {
    my ($self, @rows) = @_;
    my @names = sort keys %{ $rows[0] };
    while (my @some = splice @rows, 0, 100) {
        $self->{gateway}->database->query(sprintf 'INSERT INTO dygw_verifications (%s) VALUES %s', join(', ', @names),
            join ', ', map { my $row = $_; '(' . join(', ', map { sql($row->{$_}) } @names) . ')' } @some);
    }
    return;
}

# A row of ours; its id.
sub here {
    my ($self, @of) = @_;
    my %row = $self->row(@of);
    $self->insert(\%row);
    return $row{id};
}

# --- asking ---

sub get {
    my ($self, %query) = @_;
    my %all = (date => $self->{date}, %query);
    my $query = join '&', map { "$_=$all{$_}" } grep { defined $all{$_} } sort keys %all;
    return $self->{gateway}->internal->call(GET => "/reports/reconciliation?$query");
}

# What is stored, when nothing is pending any more; undef: it takes too long.
sub await {
    my ($self, %query) = @_;
    my $answer;
    poll {
        sleep 0.1;
        $answer = $self->get(%query);
        croak $answer->{body} if $answer->{status} !~ /\A20[02]\z/;
        $answer->{status} == 200 && $answer->{json}{data}{state} eq 'done';
    } DEADLINE or return;
    return $answer->{json}{data};
}

1;
