# SPDX-License-Identifier: Apache-2.0
# Verifications written into the table past the gateway, and what reports have to say of them, recomputed in the test.
#
#   my $records = Dygw::Records->new($gateway->database);
#   $records->add(poi_id => '1', created_at => 1764000000000, ...);     # what is not said is chosen
#   $records->write;
#   $records->matching(poi_id => '1', from => $ms, until => $ms);       # newest first
package Dygw::Records;

use strict;
use warnings;

use Exporter qw(import);
use List::Util qw(sum0);

our @EXPORT_OK = qw(id_at utc local_time sums);

use constant EPOCH => 1_704_067_200_000;
use constant PIECE => 200;              # rows of one INSERT
use constant CHINA => 8 * 3_600_000;    # ms

my @NUMBERS = qw(id app_id error_code verify_records_count order_status pay_amount receipt_amount discount_amount
    enrichment_retry_count expire_time verify_time create_order_time pay_time created_at updated_at cancelable_until
    item_no item_count first_id attempts lease_until
    review_since refused_code);
my %IS_NUMBER = map { $_ => 1 } @NUMBERS;
my @COLUMNS = (@NUMBERS, qw(app_name poi_id store account_id verify_status error_description certificate_id
    encrypted_code origin_code coupon_status product_id product_name sku_id sku_name verify_id order_id source_order_id
    ext_order_id enrichment_status douyin_response mode operator_name device confirmed_by request_id
    reason refused_description));

sub new { my ($class, $database) = @_; return bless { database => $database, rows => [], written => 0 }, $class }

# The smallest id of a millisecond.
sub id_at { my ($ms) = @_; return ($ms - EPOCH) * 4096 }

sub utc { my ($ms) = @_; my @t = gmtime int($ms / 1000);
          return sprintf '%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', $t[5] + 1900, $t[4] + 1, @t[ 3, 2, 1, 0 ], $ms % 1000 }

# As CSV has it, in China.
sub local_time { my ($ms) = @_; return utc($ms + CHINA) =~ s/T/ /r =~ s/\.\d+Z//r }

sub add {
    my ($self, %row) = @_;
    my $number = @{ $self->{rows} };
    my $at = $row{created_at};
    my $id = id_at($at) + $number % 4096;
    my $done = ($row{verify_status} // 'success') ne 'processing';
    push @{ $self->{rows} }, {
        id => $id, first_id => $id, app_id => 1, app_name => 'till', poi_id => '7012345678901234567',
        verify_status => 'success', error_code => 0, updated_at => $at, item_no => 0, item_count => 1, attempts => 1,
        lease_until => 0, enrichment_status => $done ? 'success' : 'pending', enrichment_retry_count => 0,
        mode => 'code', certificate_id => 70_000_000 + $number, order_id => 80_000_000 + $number,
        request_id => "r-$number", %row
    };
    return $self->{rows}[-1];
}

sub literal {
    my ($name, $value) = @_;
    return 'NULL' if !defined $value;
    return $value if $IS_NUMBER{$name};
    $value =~ s/'/''/g;
    return "'$value'";
}

# Puts what was added since the last time into the table.
sub write {
    my ($self) = @_;
    my @new = @{ $self->{rows} }[ $self->{written} .. $#{ $self->{rows} } ];
    $self->{written} = @{ $self->{rows} };
    while (my @piece = splice @new, 0, PIECE) {
        my $values = join ",\n", map { my $row = $_; '(' . join(', ', map { literal($_, $row->{$_}) } @COLUMNS) . ')' }
            @piece;
        $self->{database}->query('INSERT INTO dygw_verifications (' . join(', ', @COLUMNS) . ") VALUES $values");
    }
    return;
}

sub matches {
    my ($row, %filter) = @_;
    my ($from, $until) = delete @filter{qw(from until)};
    return 0 if defined $from && $row->{created_at} < $from || defined $until && $row->{created_at} >= $until;
    return !grep { ($row->{ $_ eq 'status' ? 'verify_status' : $_ } // '') ne $filter{$_} } keys %filter;
}

sub matching {
    my ($self, %filter) = @_;
    my @found = sort { $b->{id} <=> $a->{id} } grep { matches($_, %filter) } @{ $self->{rows} };
    return @found;
}

# The figures of a summary over rows.
sub sums {
    my (@rows) = @_;
    my %count = map { my $status = $_; $status => scalar grep { $_->{verify_status} eq $status } @rows }
        qw(success failed processing cancelled);
    my @redeemed = grep { $_->{verify_status} eq 'success' } @rows;
    return {
        total_count => scalar @rows, (map { ("${_}_count" => $count{$_}) } keys %count),
        map { my $amount = $_; $amount => sum0(map { $_->{$amount} // 0 } @redeemed) }
            qw(pay_amount receipt_amount discount_amount)
    };
}

1;
