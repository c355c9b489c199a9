# SPDX-License-Identifier: Apache-2.0
# What tests of the gateway expect of its answers, in one line each.
package Dygw::Expect;

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Test::More ();

use Dygw::Client qw(keys_in_order);

our @EXPORT = qw(error_is view_is instant @VIEW_KEYS);

# The keys of VerificationView, in order.
our @VIEW_KEYS = qw(
    id app_id app_name poi_id verify_status error_code error_description certificate_id encrypted_code origin_code
    coupon_status product_id product_name sku_id sku_name verify_records_count verify_id order_id source_order_id
    ext_order_id order_status pay_amount receipt_amount discount_amount enrichment_status enrichment_retry_count
    douyin_response expire_time verify_time create_order_time pay_time created_at updated_at mode operator device
    cancelable_until confirmed_by request_id store account_id after_sale reason retryable advice
);

my %INTEGER = map { $_ => 1 } qw(
    id app_id error_code verify_records_count order_status pay_amount receipt_amount discount_amount
    enrichment_retry_count
);
my %TIME = map { $_ => 1 } qw(
    expire_time verify_time create_order_time pay_time created_at updated_at cancelable_until
);

sub instant { return qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/ }

# One test: the answer is this error, in the contract's form. more: field => name.
sub error_is {
    my ($answer, $status, $code, $name, %more) = @_;
    my $json = ref $answer->{json} eq 'HASH' ? $answer->{json} : {};
    my @wrong;
    push @wrong, "status $answer->{status}, not $status" if $answer->{status} != $status;
    push @wrong, 'code ' . ($json->{code} // 'none') . ", not $code" if ($json->{code} // '') ne $code;
    push @wrong, 'no message' if !length($json->{message} // '');
    push @wrong, 'request_id is not X-Request-Id'
        if ($json->{request_id} // '') ne ($answer->{headers}{'x-request-id'} // '-');
    push @wrong, 'field ' . ($json->{field} // 'none') . ", not $more{field}"
        if defined $more{field} && lc($json->{field} // '') ne lc $more{field};
    push @wrong, 'no Retry-After' if $status =~ /429|503/ && ($answer->{headers}{'retry-after'} // '') !~ /\A[1-9]/;
    push @wrong, 'no Allow' if $status == 405 && !$answer->{headers}{allow};
    push @wrong, 'not application/json' if ($answer->{headers}{'content-type'} // '') !~ m{\Aapplication/json};
    my $ok = Test::More::ok(!@wrong, $name);
    Test::More::diag(join('; ', @wrong), "\n", $answer->{head}, "\n", $answer->{body}) if !$ok;
    return $ok;
}

sub type_fault {
    my ($key, $value) = @_;
    return if !defined $value;
    return "$key is not an integer" if $INTEGER{$key} && "$value" !~ /\A-?\d+\z/;
    return "$key is no time: $value" if $TIME{$key} && $value !~ instant();
    return "$key is not an object" if $key eq 'douyin_response' && ref $value ne 'HASH';
    return if $key eq 'douyin_response';
    return "$key is neither true nor false" if $key eq 'retryable' && !JSON::PP::is_bool($value);
    return "$key is not a text" if !$INTEGER{$key} && $key ne 'retryable' && ref $value;
    return;
}

# The raw text says whether a value is a number or a string; JSON::PP may not.
sub spelling_fault {
    my ($body, $key) = @_;
    return if $key eq 'douyin_response' || $body !~ /"$key"\s*:\s*("?)/;
    return "$key is written as a text" if $INTEGER{$key} && $1;
    return;
}

# One test: the record, at `data` or at items number `item`, has all keys in order, of the right types, and these
# values. A value may be a pattern.
sub view_is {
    my ($answer, $name, %expected) = @_;
    my $item = delete $expected{item};
    my $view = defined $item ? $answer->{json}{items}[$item] : $answer->{json}{data};
    my @path = defined $item ? ('items', $item) : 'data';
    my $keys = eval { keys_in_order($answer->{body}, @path) } // [];
    my @wrong;
    push @wrong, "keys are @$keys" if "@$keys" ne "@VIEW_KEYS";
    push @wrong, map { (type_fault($_, $view->{$_}), spelling_fault($answer->{body}, $_)) } @VIEW_KEYS;
    for my $key (sort keys %expected) {
        my ($got, $want) = ($view->{$key}, $expected{$key});
        my $same = ref $want ? defined $got && $got =~ $want
                 : defined $want ? defined $got && $got eq $want : !defined $got;
        push @wrong, "$key is " . ($got // 'null') . ', not ' . ($want // 'null') if !$same;
    }
    my $ok = Test::More::ok(!@wrong, $name);
    Test::More::diag(join('; ', @wrong), "\n", $answer->{head}, "\n", $answer->{body}) if !$ok;
    return $ok;
}

1;
