#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SQLite's file is locked by another program, a backup say: requests wait for it as long as for any database, and no
# longer; nothing is redeemed that is not recorded.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Gateway qw(POI);
use Dygw::Server qw(patience);

use constant TIMEOUT_SEC => 4;
use constant TRY_SEC     => 1.6;    # of the driver
use constant SHORT_SEC   => 2.5;    # longer than one try
use constant AT_ONCE     => 4;

my $gateway = Dygw::Gateway->new(children => 2, threads => 8,
    directives => { DygwDatabaseTimeout => TIMEOUT_SEC . 's' })->start;
$gateway->server->announce(qw(DYGW0370 DYGW0601 DYGW0603));
my ($sandbox, $database) = ($gateway->sandbox, $gateway->database);

sub lock_file { return $database->hold("BEGIN IMMEDIATE; SELECT 'held'") }

sub begin {
    my (%headers) = @_;
    my $coupon = $sandbox->mint_coupon;
    return $gateway->client->begin(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
        headers => \%headers);
}

# For less than the time-out.
{
    my $lock = lock_file();
    my @handles = (begin(), begin('Idempotency-Key' => 'short'));
    sleep SHORT_SEC;
    close $lock;
    my @answers = map { $_->finish } @handles;
    is_deeply([ map { "$_->{status} $_->{json}{data}{verify_status}" } @answers ], [ ('200 success') x 2 ],
        'a lock that is given in time is waited for');
}

# For longer.
{
    my $verifies = $sandbox->count('verify');
    my $lock = lock_file();
    my $began = time;
    my @handles = map { begin($_ % 2 ? ('Idempotency-Key' => "long-$_") : ()) } 1 .. AT_ONCE;
    my @answers = map { $_->finish } @handles;
    my $took = time - $began;
    close $lock;
    is_deeply([ map { "$_->{status} $_->{json}{code}" } @answers ], [ ('503 database_unavailable') x AT_ONCE ],
        'one that is not given: 503');
    cmp_ok($took, '>=', TIMEOUT_SEC, '... not before DygwDatabaseTimeout');
    cmp_ok($took, '<', patience(1) + TIMEOUT_SEC + TRY_SEC, '... and not much later, with a key or without');
    is($sandbox->count('verify'), $verifies, '... and nothing was redeemed');
}

my $answer = begin()->finish;
is("$answer->{status} $answer->{json}{data}{verify_status}", '200 success', 'afterwards all is well');
$gateway->finish;
done_testing;
