#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The same code comes to two hosts while the first request stands at a step, and then dies there: its code redeems one
# coupon all the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Dygw::Database;
use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Steps;
use Dygw::Truth;

use constant SETTLED => 60;     # seconds

my $sandbox = Dygw::Sandbox->start_new;
my $database = Dygw::Database->new('pgsql');
my $steps = Dygw::Steps->new;
my %option = (database => $database, sandbox => $sandbox, directives => { DygwUpstreamTimeout => '500ms 1s' });
my $one = Dygw::Gateway->new(%option, name => 'the first host', steps => $steps, children => 1)->start;
my $two = Dygw::Gateway->new(%option, name => 'the second host')->start_beside($one);
$one->server->announce(qw(AH10392));
my $truth = Dygw::Truth->new($one);

sub redeemed {
    my ($order) = @_;
    return scalar grep { $sandbox->coupon($_->{code})->{status} == 2 } @{ $order->{coupons} };
}

sub row {
    my ($of) = @_;
    my @rows = $of->{json} ? $truth->rows_where("id = $of->{json}{data}{id}") : @{ $truth->rows_of($of) };
    return $rows[0] // {};
}

# The first request stops at the step, the second comes to the other host, and the first dies.
sub dies_at {
    my ($step) = @_;
    my $order = $sandbox->mint(coupons => 3);
    my $coupon = { %{ $order->{coupons}[0] }, order => $order };
    $steps->arm($step);
    my $first = $truth->begin($coupon, code => $coupon->{code});
    $steps->reached($step);
    my $second = $two->verify(code => $coupon->{code});
    $one->disconnect;
    $one->server->kill_child($one->server->child_pids);
    return ($order, $first, $second);
}

# It has sent nothing: both are about the same coupon.
my ($unsent, $unsent_first, $unsent_second) = dies_at('before_verify');
is("$unsent_second->{status} " . row($unsent_second)->{verify_status}, '200 success',
    'before its verify: the second redeems the coupon');
$one->wait_healthy;

# It has redeemed the coupon, and nobody knows: Douyin gives the second the next one.
my ($sent, $sent_first, $sent_second) = dies_at('after_verify');
is("$sent_second->{status} " . row($sent_second)->{verify_status}, '202 processing',
    'after its verify: the second waits');
is(row($sent_second)->{attempts}, 0, 'and nothing is sent for it');
$one->wait_healthy;

ok($truth->await_settled(SETTLED), 'all is settled by itself');
is(row($unsent_first)->{verify_status}, 'failed', 'before its verify: the first has failed');
is(redeemed($unsent), 1, 'and one coupon is redeemed');
is(row($sent_first)->{verify_status}, 'success', 'after its verify: the first has redeemed');
is(row($sent_second)->{verify_status} . row($sent_second)->{error_code}, 'failed-4', 'the second has not');
is(redeemed($sent), 1, 'and one coupon is redeemed');
is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
$two->disconnect;
$two->server->check_log;
$one->finish;
done_testing;
