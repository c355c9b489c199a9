#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Many callers at once while Douyin fails at random; some fight over the same coupon, some repeat what they got no
# outcome for; and in the second half connections to the database and children of httpd are killed as well. Afterwards
# every answer is compared with the record and with the coupon: none contradicts another, no coupon was redeemed twice,
# and no redemption is without its record.
#   DYGW_TEST_SEED=n repeats the choices of a run, DYGW_TEST_SECONDS=n runs longer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use JSON::PP;
use List::Util qw(sum0);
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(poll slurp);
use Dygw::Traffic;
use Dygw::Truth;

use constant CALLERS  => 32;
use constant SECONDS  => $ENV{DYGW_TEST_SECONDS} || 20;
use constant COUPONS  => 20 * SECONDS;      # for each caller, so that there are some left at the end
use constant PAUSE    => 0.15;      # seconds at most between two calls of one
use constant CONTEST  => 0.15;      # so often two callers want the same coupon
use constant CHANGE   => 0.25;      # seconds until Douyin fails in other ways
use constant CUT      => 0.4;       # and so often then the database's connections are killed,
use constant KILL     => 0.3;       # or a child
use constant LATE_MS  => 1200;

my $seed = $ENV{DYGW_TEST_SEED} || int(time * 1000) % 1_000_000_000;
diag("DYGW_TEST_SEED=$seed");
srand $seed;

my $sandbox = Dygw::Sandbox->new(threads => 64, conf => "DygwSandboxCoupons 100000");
my $gateway = Dygw::Gateway->new(driver => 'pgsql', sandbox => $sandbox, children => 2, threads => 24,
    directives => { DygwUpstreamTimeout => '500ms 600ms' });
$gateway->start;
# All that failing Douyin means; no connection to the database; "children are killed successively!".
$gateway->server->announce(qw(DYGW0210 DYGW0402 DYGW0404 DYGW0500 DYGW0501 DYGW0511 AH10392));
$gateway->server->announce(qw(DYGW0310 DYGW0411 DYGW0600 DYGW0601 AH00629 AH00639 AH02655));
my $truth = Dygw::Truth->new($gateway);
my $dir = tempdir(CLEANUP => 1);

my @coupons;
while (@coupons < CALLERS * COUPONS) {
    push @coupons, map { +{ %{ $_->{coupons}[0] }, order => $_ } } $sandbox->mint(orders => 800);
}

# --- the callers ---

my $turn = 0;
my $log;

# What one call came to, for the comparison; no answer: its child was killed.
sub keep {
    my ($attempt, $answer, %more) = @_;
    print {$log} encode_json({ request_id => $attempt->{request_id}, code => $attempt->{coupon}{code},
        status => $answer ? $answer->{status} : 0, body => $answer ? $answer->{json} : undef,
        replayed => $answer && $answer->{headers}{'idempotency-replayed'} ? 1 : 0, %more }), "\n";
    return;
}

sub call_once {
    my ($caller) = @_;
    if (!$log) {
        srand $seed + $caller;
        open $log, '>', "$dir/$caller" or die "$dir/$caller: $!";
        $log->autoflush(1);
    }
    sleep rand PAUSE;
    my $owner = rand() < CONTEST ? $caller ^ 1 : $caller;
    my $coupon = $coupons[ $owner * COUPONS + $turn++ ];
    if (!$coupon || $turn > COUPONS) {
        sleep 0.1;
        return;
    }
    my $mode = (qw(code short_link encrypted_code))[ int rand 3 ];
    my %fields = eval { $truth->fields($mode, $coupon) };
    return if !%fields;             # no prepare, no verify
    my $first = send_and_keep($coupon, \%fields);
    return if $mode ne 'encrypted_code' || $first == 200;
    send_and_keep($coupon, \%fields, first => $first);
    return;
}

# Over a connection of its own: a client would send it again over another when a kept one breaks.
sub send_and_keep {
    my ($coupon, $fields, %more) = @_;
    my $attempt = $truth->attempt($coupon, %$fields);
    $gateway->client->disconnect;
    $attempt->{answer} = eval { $gateway->client->call(@{ $attempt->{call} }) };
    keep($attempt, $attempt->{answer}, %more);
    return $attempt->{answer} ? $attempt->{answer}{status} : 0;
}

# --- Douyin ---

my @FAULTS = (
    { fault => 'latency', ms => 100 }, { fault => 'latency', ms => LATE_MS }, { fault => 'hang', ms => 1000 },
    { fault => 'drop_before' }, { fault => 'drop_after' }, { fault => 'status', http_status => 502 },
    { fault => 'status_after', http_status => 500 }, { fault => 'truncated' }, { fault => 'garbage' },
    { fault => 'error', error_code => 2100004 }, { fault => 'error', error_code => 1241 },
    { fault => 'error', error_code => 2119010 }, { fault => 'error_after', error_code => 2100001 },
);
my @OF_VERIFY = (
    @FAULTS, { fault => 'apply_late', ms => LATE_MS }, { fault => 'result', result => 1208, msg => 'used' },
    { fault => 'result', result => 1229, msg => 'risk' }, { fault => 'error', error_code => 1229 },
);

sub fail_otherwise {
    $sandbox->clear;
    for my $call (qw(verify prepare short_link)) {
        my @faults = $call eq 'verify' ? @OF_VERIFY : $call eq 'prepare' ? @FAULTS : @FAULTS[ 0 .. 4 ];
        my $percent = $call eq 'verify' ? 20 + rand 70 : rand 25;
        $sandbox->fault(call => $call, %{ $faults[ rand @faults ] }, percent => int $percent, times => -1);
    }
    $sandbox->fault(call => 'token', fault => 'error', error_code => 2100004, times => -1) if rand() < 0.02;
    $sandbox->post('/token', do => rand() < 0.5 ? 'kill' : 'expire') if rand() < 0.1;
    return;
}

my $traffic = Dygw::Traffic->start(CALLERS, \&call_once);
my $until = time + SECONDS;
my $killed = 0;
my @verifies;

sub kill_something {
    $gateway->database->kill_connections if rand() < CUT;
    return if rand() >= KILL;
    my @children = $gateway->server->child_pids;
    $gateway->server->kill_child($children[ rand @children ]);
    $killed++;
    return;
}

while (time < $until) {
    fail_otherwise();
    sleep CHANGE;
    kill_something() if $until - time < SECONDS / 2;
    $traffic->calls;
    push @verifies, $sandbox->calls(call => 'verify', after => $verifies[-1] ? $verifies[-1]{seq} : 0);
}
my ($calls, @failures) = $traffic->stop;
$sandbox->clear;
splice @failures, 5 if @failures > 5;
is("@failures", '', "$calls turns of " . CALLERS . ' callers');

# --- the comparison ---

my $quiet = $sandbox->count('verify_applied');
sleep LATE_MS / 1000;
poll { my $before = $quiet; sleep 0.5; ($quiet = $sandbox->count('verify_applied')) == $before };

my @attempts = map { map { decode_json($_) } split /\n/, slurp("$dir/$_") } 0 .. CALLERS - 1;
my %coupon = map { $_->{code} => $_ } @coupons;
my (%rows, %by_id, %by_token);
for my $row ($truth->rows_where('1 = 1')) {
    push @{ $rows{ $row->{request_id} } }, $row;
    $by_id{ $row->{id} } = $row;
    push @{ $by_token{ $row->{verify_token} } }, $row if $row->{verify_token};
}
my %truth = map { $_ => $sandbox->coupon($_) } keys %{ { map { $_->{code} => 1 } @attempts } };

my (@wrong, %seen, %statuses, @replayed);
for my $attempt (@attempts) {
    my $body = delete $attempt->{body};
    $attempt->{answer} = { status => $attempt->{status}, json => $body };
    $statuses{ $attempt->{status} . ' ' . ($body->{data}{verify_status} // $body->{code} // '') }++;
    my $rows = delete $rows{ $attempt->{request_id} } // [];
    if ($attempt->{replayed}) {
        push @replayed, $attempt;
        push @wrong, "$attempt->{request_id}: a replay made a record" if @$rows;
        my $row = $by_id{ $body->{data}{id} };
        push @wrong, "$attempt->{request_id}: a replay of nothing, or of another outcome"
            if !$row || $row->{verify_status} ne $body->{data}{verify_status};
        next;
    }
    push @wrong, "$attempt->{request_id} ($attempt->{status}): repeats a 202 and is no replay"
        if ($attempt->{first} // 0) == 202 && $attempt->{status} < 500 && $attempt->{status};
    push @wrong, map { "$attempt->{request_id} ($attempt->{status}): $_" }
        $truth->faults($attempt, $rows, $truth{ $attempt->{code} });
}
push @wrong, "$_: a record of no request that was made" for keys %rows;
for my $code (sort keys %truth) {
    for my $verification (@{ $truth{$code}{verifications} }) {
        my $rows = $by_token{ $verification->{verify_token} // '' } // [];
        push @wrong, "$code: redeemed, with " . @$rows . ' records' if @$rows != 1;
    }
    push @wrong, "$code: redeemed more than once" if @{ $truth{$code}{verifications} } > 1;
}
ok(!@wrong, scalar(@attempts) . ' answers agree with record and coupon');
splice @wrong, 10 if @wrong > 10;
diag(map { "$_\n" } @wrong) if @wrong;

my (%bodies, $repeated);
for my $call (@verifies) {
    $repeated += exists $bodies{ $call->{verify_token} };
    $bodies{ $call->{verify_token} }{ $call->{args} } = 1;
}
is_deeply([ grep { keys %{ $bodies{$_} } > 1 } keys %bodies ], [],
    'what was sent again (' . ($repeated // 0) . ' times) was the same to the last byte');

is($sandbox->state->{double_redemptions}, 0, 'no coupon was redeemed twice');
diag(join ', ', map { "$statuses{$_} x $_" } sort keys %statuses);
cmp_ok($statuses{'0 '} // 0, '<=', CALLERS * $killed, "only $killed killed children left calls unanswered");
cmp_ok($statuses{'200 success'} // 0, '>', 20, 'there were redemptions');
cmp_ok($statuses{'202 processing'} // 0, '>', 20, 'and outcomes that are not known');
cmp_ok(scalar @replayed, '>', 0, 'and repetitions');
my $well = poll { $gateway->health->{status} == 200 };
ok($well, 'the gateway is well at the end');
$gateway->finish;
done_testing;
