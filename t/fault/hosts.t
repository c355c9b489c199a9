#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Three hosts on one database, two of which do the background work; their clocks are 2 s behind, 2 s ahead and a minute
# behind. What one promises all keep; and the work goes on whatever becomes of the host that does it: a child of it
# stands still, it is cut off from the database, all of it stands still and wakes up again, it is killed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Client;
use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::OrderRate;
use Dygw::Sandbox;
use Dygw::Server qw(patience poll);
use Dygw::Truth;

use constant TAKE_OVER  => 15;      # seconds until another does the work
use constant HAND_OVER  => 5;       # seconds: a graceful restart, a look at the database, a busy machine
use constant NEWS       => 2;       # seconds until a change is known everywhere
use constant RATE       => 20;      # order queries a second: the default
use constant ORDERS     => 240;     # to enrich, 12 s at that rate
use constant AT_ONCE    => 24;
use constant REPLAYS    => 12;
use constant HOLD_MS    => 1500;
use constant IN_FLIGHT  => 8;
use constant QUEUED     => 120;     # orders to enrich by a host that stands still

my $TOKEN = '/douyin/access-token';

# A user of the database's own for the host that is cut off: it can be locked out without the others.
my %CUT_OFF = (
    pgsql => {
        make => q(CREATE ROLE cut LOGIN INHERIT IN ROLE dygw),
        cut  => q(ALTER ROLE cut NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'cut'),
        heal => q(ALTER ROLE cut LOGIN),
    },
    mysql => {
        make => q(CREATE USER cut@localhost IDENTIFIED BY 'dygw-test'; GRANT ALL ON dygw.* TO cut@localhost),
        cut  => q(ALTER USER cut@localhost ACCOUNT LOCK; KILL USER cut@localhost),
        heal => q(ALTER USER cut@localhost ACCOUNT UNLOCK),
    },
);

my ($driver, $sandbox, $database, $truth, $one, $two, $three);
my %failed;     # records, rightly

sub admin {
    my ($what) = @_;
    for my $statement (split /; /, $CUT_OFF{$driver}{$what}) {
        my $command = join ' ', $database->admin_command, $database->query_switch, Dygw::Database::quote($statement);
        my $output = `$command 2>&1`;
        die "$statement: $output" if $?;
    }
    return;
}

sub hosts { return ($one, $two, $three) }

# --- starting ---

sub host {
    my ($name, $clock, %option) = @_;
    return Dygw::Gateway->new(
        name => "the $name host ($driver)", clock => $clock, database => $database, sandbox => $sandbox, threads => 8,
        directives => { DygwNonceStore => 'dbd', DygwUpstreamTimeout => '1s 2s', %{ $option{directives} // {} } });
}

sub set_up {
    $sandbox = Dygw::Sandbox->start_new(threads => 48);
    $sandbox->switch(order_qps => 0);   # keeps_the_rate allows for what a busy machine bunches, and Douyin would not
    $database = Dygw::Database->new($driver);
    admin('make');
    $one = host(first => '-2s')->start(allow_token_read => JSON::PP::true);
    my $params = $database->params =~ s/user=dygw\b/user=cut/r;
    $two = host(second => '+2s', directives => { DBDParams => qq("$params") });
    $three = host(third => '-60s', directives => { DygwWorker => 'off' });
    $_->start_beside($one) for $two, $three;
    $_->server->announce(qw(DYGW0363 DYGW0630 DYGW0500)) for hosts();
    $truth = Dygw::Truth->new($one);
    return;
}

# --- looking ---

sub leads {
    my ($host) = @_;
    my $leader = $one->leader_pid // return 0;
    return $host->server->is_running && !!grep { $_ == $leader } $host->server->child_pids;
}

sub await_leader {
    my ($host, $began, $name) = @_;
    poll { leads($host) } TAKE_OVER + 15;
    my $seconds = time - $began;
    return cmp_ok($seconds, '<', patience(TAKE_OVER), sprintf '%s: %s: another leads after %.1f s', $driver, $name,
        $seconds);
}

sub pending { return $one->rows('dygw_verifications', "enrichment_status = 'pending' AND verify_status = 'success'") }

sub token_calls { return $sandbox->count('stable_client_token') }

# Redeems a coupon at a host, under a key; {handle} when it is not waited for.
sub begin {
    my ($host, $coupon, $key) = @_;
    my @with = $key ? (headers => { 'Idempotency-Key' => $key }) : ();
    return $host->client->begin(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} }, @with);
}

# Many redemptions through hosts in turn; gives those that were not answered with `success`.
sub redeem_many {
    my ($count, @through) = @_;
    my @coupons = map { $_->{coupons}[0] } $sandbox->mint(orders => $count);
    my @bad;
    while (my @some = splice @coupons, 0, AT_ONCE) {
        my @handles = map { begin($through[ $_ % @through ], $some[$_]) } 0 .. $#some;
        push @bad, map { "$_->{status} $_->{body}" }
            grep { $_->{status} != 200 || $_->{json}{data}{verify_status} ne 'success' } map { $_->finish } @handles;
    }
    return @bad;
}

# --- the same promises through any host ---

sub one_token {
    my $before = token_calls();
    is($before, 1, "$driver: three hosts, one token");
    $sandbox->kill_tokens;
    my @handles = map {
        $_->client->begin(POST => '/coupons/prepare', { poi_id => POI, code => $sandbox->mint_coupon->{code} })
    } (hosts()) x 4;
    is(scalar(grep { $_->finish->{status} != 200 } @handles), 0, "$driver: it is refused, and nobody notices");
    is(token_calls(), $before + 1, "$driver: for it was renewed, once");
    return;
}

# One request at all hosts at the same moment.
sub nonces {
    my %heard;
    for (1 .. REPLAYS) {
        my $message = $one->client->message(GET => $TOKEN);
        my @sockets = map { $_->client->connection } hosts();
        print {$_} $message for @sockets;
        my @codes = sort map { $_->{json}{code} // $_->{status} }
            map { Dygw::Client::Handle::read_answer($_, 'GET') } @sockets;
        $heard{"@codes"}++;
    }
    is_deeply(\%heard, { '200 replayed_nonce replayed_nonce' => REPLAYS },
        "$driver: a request at three hosts at once is accepted by one");
    return;
}

# How long until `host` answers a reader of the token with this status.
sub seconds_until {
    my ($host, $status) = @_;
    my $began = time;
    poll { $host->client->call(GET => $TOKEN)->{status} == $status };
    return time - $began;
}

sub app_changes {
    my ($when, $through, @others) = @_;
    my $path = '/apps/' . $one->app->{id} . '/token-access';
    my @seconds;
    for my $allowed (JSON::PP::false, JSON::PP::true) {
        my $answer = $through->internal->call(PATCH => $path, { allow_token_read => $allowed });
        die "not changed: $answer->{body}" if $answer->{status} != 200;
        my $began = time;
        seconds_until($_, $allowed ? 200 : 403) for @others;
        push @seconds, time - $began;
    }
    my ($longest) = sort { $b <=> $a } @seconds;
    return cmp_ok($longest, '<', patience(NEWS), sprintf '%s: %s: a change of an app is known everywhere in %.2f s',
        $driver, $when, $longest);
}

# While one host redeems, another is asked the same.
sub idempotency {
    my $coupon = $sandbox->mint_coupon;
    my $key = "key-of-$driver";
    $sandbox->fault(call => 'prepare', fault => 'latency', ms => HOLD_MS);
    my $first = begin($three, $coupon, $key);
    poll { $one->rows('dygw_idempotency') > 0 };
    error_is(begin($two, $coupon, $key)->finish, 409, 'request_in_progress',
        "$driver: a key that another host is at, before there is a record");
    my $answer = $first->finish;
    is($answer->{json}{data}{verify_status}, 'success', "$driver: that host goes on");
    my $again = begin($one, $coupon, $key)->finish;
    is("$again->{headers}{'idempotency-replayed'} $again->{json}{data}{id}", "true $answer->{json}{data}{id}",
        "$driver: and the outcome is told by any");
    return;
}

# By the clocks of those that do the background work, what this host is at has long been due.
sub in_flight {
    $sandbox->fault(call => 'verify', fault => 'latency', ms => HOLD_MS, times => IN_FLIGHT);
    my @bad = redeem_many(IN_FLIGHT, $three);
    is("@bad", '', "$driver: redemptions of a host whose clock is a minute behind, while others look after them");
    return;
}

# --- the host that does the work ---

sub keeps_the_rate {
    my ($name) = @_;
    return keeps_order_rate($sandbox, RATE, "$driver: $name", hosts());
}

# A busy machine may take longer than a host waits for an answer.
sub failed_order_queries {
    return scalar map { $_->server->log_text =~ /DYGW0500: Douyin's order query/g } hosts();
}

# The child that leads stands still, in the midst of its work: the others of its host serve on, another host takes
# over, and what wakes up again does nothing that is not its own any more.
sub standstill {
    my $bad = join ' ', redeem_many(ORDERS, $one, $two);
    is($bad, '', "$driver: many redemptions");
    cmp_ok(pending(), '>', RATE, "$driver: their orders are not all known");
    my $leader = $one->leader_pid;
    kill STOP => $leader;
    my $began = time;
    app_changes('while the background of a host stands still', $two, $one);
    await_leader($two, $began, 'a child stands still');
    poll { sleep 0.1; pending() < ORDERS / 2 };
    kill CONT => $leader;
    poll { sleep 0.1; pending() == 0 } 30;
    is(pending(), 0, "$driver: every order becomes known");
    is($one->rows('dygw_verifications', "enrichment_status <> 'success'"), 0, "$driver: and is recorded");
    cmp_ok($one->rows('dygw_verifications', 'enrichment_retry_count > 0'), '<=', failed_order_queries(),
        "$driver: each at the first try that is answered");
    ok(leads($two), "$driver: who woke up does not take the work back");
    keeps_the_rate('all hosts together keep the rate of order queries');
    return;
}

# The second host loses the database, with redemptions of its own under way.
sub cut_off {
    my $settling = $sandbox->mint_coupon;
    $sandbox->fault(call => 'verify', fault => 'drop_after', times => 2);
    my $open = begin($one, $settling)->finish;
    is($open->{status}, 202, "$driver: a redemption is open");
    $two->server->announce(qw(DYGW0310 DYGW0370 DYGW0600 DYGW0601 AH00629 AH00633 AH00639 AH02655));
    admin('cut');
    my $began = time;
    my $coupon = $sandbox->mint_coupon;
    error_is(begin($two, $coupon)->finish, 503, 'database_unavailable', "$driver: a host that is cut off refuses");
    error_is($two->client->call(GET => $TOKEN), 503, 'database_unavailable', "$driver: whatever has a nonce");
    await_leader($one, $began, 'a host is cut off');
    poll { $two->health->{status} == 503 };
    is($two->health->{json}{checks}{database}, 'unreachable', "$driver: its health says so");
    is($two->plain->call(GET => '/health/live')->{status}, 200, "$driver: it lives");
    admin('heal');
    poll { begin($two, $coupon)->finish->{status} == 200 };
    is($sandbox->coupon($coupon->{code})->{status}, 2, "$driver: it serves again, by itself");
    ok(leads($one), "$driver: and leaves the work where it is");
    return;
}

# Two requests of a host: one that Douyin has redeemed without an answer yet, and one that has no record yet.
sub begin_two {
    my ($host, $what) = @_;
    my ($before, $begun) = map { $sandbox->mint_coupon } 1, 2;
    $sandbox->fault(call => 'verify', fault => 'hang', ms => HOLD_MS);
    my %two = (before => $before, begun => $begun, handle => begin($host, $before, "$what-after"));
    poll { $sandbox->coupon($before->{code})->{status} == 2 };
    $sandbox->fault(call => 'prepare', fault => 'hang', ms => HOLD_MS);
    my $prepares = $sandbox->count('prepare');
    $two{other} = begin($host, $begun, "$what-before");
    poll { $sandbox->count('prepare') > $prepares };
    return \%two;
}

# The host that leads has just gone, with the two: another renews the token, which is due, and settles what it left.
sub goes_on_without {
    my ($gone, $two, $heir, $what) = @_;
    my $replay = begin($heir, $two->{before}, "$what-after")->finish;
    is($replay->{status}, 202, "$driver: $what: a request that it is at, repeated to another host");
    is($replay->{headers}{'idempotency-replayed'}, 'true', "$driver: $what: is a replay");
    my $tokens = token_calls();
    $one->age_token;
    my ($id) = $replay->{headers}{location} =~ m{(/verifications/\d+)\z};
    my (%seconds, $view);
    poll {
        $seconds{token} //= time - $gone if token_calls() > $tokens;
        $view = $three->client->call(GET => $id)->{json}{data};
        $seconds{settlement} //= time - $gone if $view->{verify_status} ne 'processing';
        sleep 0.05;
        keys %seconds == 2;
    } 2 * TAKE_OVER;
    diag(sprintf '%s: %s: from there to the next token %.1f s, to the settlement of its redemption %.1f s', $driver,
        $what, map { $_ // 999 } @seconds{qw(token settlement)});
    cmp_ok($seconds{token} // 999, '<', patience(TAKE_OVER), "$driver: $what: another host renews the token");
    cmp_ok($seconds{settlement} // 999, '<', patience(TAKE_OVER), "$driver: $what: another host settles what it left");
    is("$view->{verify_status} " . ($view->{confirmed_by} // ''), 'success replay',
        "$driver: $what: as Douyin has it, and any host tells at its Location");
    is(token_calls(), $tokens + 1, "$driver: $what: the token was renewed once");
    my $again = begin($heir, $two->{before}, "$what-after")->finish;
    is("$again->{status} $again->{json}{data}{id}", "200 $view->{id}", "$driver: $what: the key answers with it");
    error_is(begin($three, $two->{begun}, "$what-before")->finish, 409, 'request_in_progress',
        "$driver: $what: a key whose request has no record is free later");
    is(begin($three, $two->{begun})->finish->{json}{data}{verify_status}, 'success',
        "$driver: $what: its coupon can be redeemed");
    return $view;
}

# The orders that Douyin was asked for after one call and up to another.
sub orders_asked {
    my ($after, $up_to) = @_;
    return map { $_->{args} =~ /\border_id=(\d+)/ ? $1 : () } grep { !$up_to || $_->{seq} <= $up_to }
        $sandbox->calls(call => 'orders', after => $after);
}

# All of the host that leads stands still, in the midst of its work, until others have done it.
sub stands_still {
    my ($still, $heir) = @_;
    my $what = 'standing-still';
    is(join(' ', redeem_many(QUEUED, $heir, $three)), '', "$driver: $what: many redemptions");
    my $two = begin_two($still, $what);
    cmp_ok(pending(), '>', RATE, "$driver: $what: the orders are not all known");
    my $host = $still->server->pid;
    kill STOP => -$host or die "cannot stop the host: $!\n";
    my $stopped = time;
    my $before = $sandbox->last_seq;
    my $view = goes_on_without($stopped, $two, $heir, $what);
    await_leader($heir, $stopped, 'a host stands still');
    poll { sleep 0.1; pending() < QUEUED / 4 && orders_asked($before) } 20;
    my $woken = $sandbox->last_seq;
    kill CONT => -$host;
    my ($first, $second) = map { $_->finish } @$two{qw(handle other)};
    is("$first->{status} $first->{json}{data}{id} $first->{json}{data}{verify_status}", "200 $view->{id} success",
        "$driver: $what: woken, it tells its caller what has become of the redemption");
    my $heard = "$second->{status} " . ($second->{json}{data}{verify_status} // $second->{json}{code});
    like($heard, qr/\A(?:200 failed|50[34] \w+)\z/, "$driver: $what: and redeems no coupon that is redeemed: $heard");
    $failed{ $second->{json}{data}{id} } = 1 if $second->{status} == 200;
    poll { sleep 0.1; pending() == 0 } 10;
    my %asked = map { $_ => 1 } orders_asked($before, $woken);
    cmp_ok(scalar keys %asked, '>', 0, "$driver: $what: another has asked for orders");
    is_deeply([ grep { $asked{$_} } orders_asked($woken) ], [], "$driver: $what: no order is asked for again");
    ok(leads($heir), "$driver: $what: it does not take the work back");
    return;
}

# The host that leads is told to leave the work to others, and to take part again.
sub hands_over {
    my ($from, $to) = @_;
    my $began = time;
    $from->work(0);
    poll { leads($to) } TAKE_OVER;
    cmp_ok(time - $began, '<', patience(HAND_OVER), "$driver: a host without DygwWorker hands over at once");
    $from->work(1);
    return;
}

# The host that leads is killed.
sub killed {
    my ($dying, $heir) = @_;
    my $two = begin_two($dying, 'killed');
    $dying->disconnect;
    $dying->server->kill;
    goes_on_without(time, $two, $heir, 'killed');
    poll { sleep 0.1; pending() == 0 } 10;
    is(pending(), 0, "$driver: and all are enriched");
    return;
}

# Nothing is open, and every record is what Douyin has.
sub all_true {
    ok($truth->await_settled, "$driver: in the end nothing is open");
    my %of = map { $_->{verify_token} => $_ } $truth->rows_where("verify_token <> ''");
    my @wrong = map { "record $_->{id}: $_->{verify_status}" }
        grep { $_->{verify_status} ne ($failed{ $_->{id} } ? 'failed' : 'success') } values %of;
    is("@wrong", '', "$driver: all " . keys(%of) . ' records are as callers have heard');
    is($sandbox->state->{double_redemptions}, 0, "$driver: no coupon was redeemed twice");
    keeps_the_rate('no second had more order queries than it may');
    return;
}

for my $with (@ARGV ? @ARGV : qw(pgsql mysql)) {
    $driver = $with;
    set_up();
    one_token();
    nonces();
    app_changes('three hosts', $one, $two, $three);
    idempotency();
    in_flight();
    standstill();
    cut_off();
    stands_still($one, $two);
    hands_over($two, $one);
    killed($one, $two);
    all_true();
    $_->disconnect for hosts();
    $_->server->check_log for hosts();
    $sandbox->check_log;
}
done_testing;
