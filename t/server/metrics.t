#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# /metrics: each figure moves when its thing happens, none goes back, and nothing secret is among them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::SHA qw(sha256_hex);
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use Dygw::Client qw(nonce);
use Dygw::Database;
use Dygw::Expect;
use Dygw::Gateway qw(POI MASTER_KEY);
use Dygw::Metrics;
use Dygw::Server qw(poll);
use Dygw::Webhook qw(notification);

use constant LATE_MS => 900_000;        # so long Douyin may apply a verify that was lost

my $database = Dygw::Database->new('pgsql');
my $gateway = Dygw::Gateway->new(database => $database, children => 2, timeout => 1,
    directives => { DygwRateLimit => '1000 1000' }, conf => <<'END');
<Location "/closed">
    SetHandler dygw-internal
    Require all denied
</Location>
<Location "/closed/metrics">
    Require all granted
</Location>
END
# Of /closed, of a refused set-up, of lost answers, of no code, of what is redeemed late.
$gateway->server->announce(qw(AH01630 DYGW0210 DYGW0500 DYGW0512 DYGW0442 DYGW0444));
$gateway->start(allow_token_read => JSON::PP::true);
my ($sandbox, $client) = ($gateway->sandbox, $gateway->client);
my $plain = $gateway->plain('/v1/internal');
my @codes;

sub page { return Dygw::Metrics->scrape($gateway) }
sub minted { my $coupon = $sandbox->mint_coupon; push @codes, $coupon->{code}; return $coupon }

# One test: by how much a sum grows while something happens. What the background does is waited for.
sub grows {
    my ($what, $by, $name, $happens) = @_;
    my ($metric, @labels) = @$what;
    my $before = page()->total($metric, @labels);
    $happens->();
    my $now;
    poll { ($now = page()->total($metric, @labels)) >= $before + $by } 30;
    return is($now - $before, $by, $name);
}

# --- how it is served ---

my $answer = $plain->call(GET => '/metrics');
is($answer->{status}, 200, 'served without an operator');
is($answer->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8', 'as Prometheus wants it');
my $same = $plain->call(GET => '/metrics', undef, headers => { Accept => 'application/openmetrics-text' });
is($same->{headers}{'content-type'}, $answer->{headers}{'content-type'}, 'whatever is accepted');
my $head = $plain->call(HEAD => '/metrics');
is("$head->{status} $head->{body}", '200 ', 'HEAD has no body');
error_is($plain->call(GET => '/metrics?name=x'), 400, 'invalid_request', 'no parameters', field => 'name');
error_is($plain->call(POST => '/metrics', {}), 405, 'method_not_allowed', 'no other method');
my $closed = $gateway->plain('/closed');
is($closed->call(GET => '/apps')->{status}, 403, 'where Require lets nobody in');
is($closed->call(GET => '/metrics')->{status}, 200, 'a section of its own lets Prometheus in');

my $first = page();
my @order = grep { /^#/ } split /\n/, $first->{answer}{body};
is_deeply([ grep { /^#/ } split /\n/, page()->{answer}{body} ], \@order, 'always in the same order');
is(scalar(grep { !/\{application="${\ Dygw::Sandbox::CLIENT_KEY}"/ } keys %{ $first->{series} }), 0,
    'every series names the application');
is($first->total('dygw_build_info', version => '0.1.0'), 1, 'the version');
cmp_ok(abs(time - $first->total('dygw_start_timestamp_seconds')), '<', 60, 'the start');

# --- redemptions ---

grows([ dygw_redemptions_total => outcome => 'success' ], 1, 'a redemption', sub {
    view_is($gateway->verify(code => minted()->{code}), 'succeeds', verify_status => 'success');
});
my $used = minted();
$gateway->verify(code => $used->{code});
my $early = $used;      # redeemed long before it is looked at again
grows([ dygw_redemptions_total => outcome => 'failed' ], 1, 'one that fails', sub {
    $gateway->verify(code => $used->{code});
});
my $coupon = minted();
grows([ dygw_redemptions_total => outcome => 'replayed' ], 1, 'a replay', sub {
    $client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
        headers => { 'Idempotency-Key' => 'metrics' }) for 1 .. 2;
});
$sandbox->fault(call => 'prepare', fault => 'error', error_code => 2190004);
grows([ dygw_refusals_total => code => '2190004', kind => 'setup' ], 1, 'a refusal of the set-up, by its code', sub {
    error_is($gateway->verify(code => minted()->{code}), 502, 'upstream_refused', 'is told');
});
is(page()->total('dygw_redemptions_total', outcome => 'refused'), 1, 'is a redemption that was refused');
$sandbox->fault(call => 'prepare', fault => 'error', error_code => 987654);
grows([ dygw_refusals_total => code => 'other' ], 1, 'a code that nobody knows is another', sub {
    $gateway->verify(code => minted()->{code});
});
$sandbox->fault(call => 'verify', fault => 'result', result => 1228);
grows([ dygw_refusals_total => code => '1228', kind => 'coupon' ], 1, 'so is the result of a coupon', sub {
    $gateway->verify(code => minted()->{code});
});

# --- the background ---

$sandbox->fault(call => $_, fault => 'drop_before', times => -1) for qw(query get);
$sandbox->fault(call => 'verify', fault => 'hang', ms => $gateway->too_long);
grows([ dygw_upstream_errors_total => call => 'verify', kind => 'timeout' ], 1, 'an answer that does not come', sub {
    is($gateway->verify(code => minted()->{code})->{status}, 202, 'leaves the outcome open');
});
is(page()->total('dygw_redemptions_total', outcome => 'processing'), 1, 'which is counted');
ok(scalar(poll { page()->total('dygw_backlog', work => 'settle') == 1 }), 'it is in the backlog');
ok(scalar(poll { page()->total('dygw_oldest_processing_age_seconds') > 2 }), 'and gets older');
grows([ dygw_settled_total => outcome => 'success' ], 1, 'it is settled', sub { $sandbox->clear });
ok(scalar(poll { !page()->total('dygw_backlog') && !page()->total('dygw_oldest_processing_age_seconds') } 30),
    'and gone from the backlog');
$sandbox->fault(call => 'verify', fault => 'drop_before', times => 2);
my $refunded = minted();
$gateway->verify(code => $refunded->{code});
grows([ dygw_settled_total => outcome => 'failed' ], 1, 'one that is refunded meanwhile is settled, too', sub {
    $sandbox->set_coupon($refunded->{code}, status => 4);
});
is(page()->total('dygw_lease_held'), 1, 'this host holds the lease');
cmp_ok(abs(time - page()->total('dygw_lease_renewed_timestamp_seconds')), '<', 15, 'and renews it');
is(page()->total('dygw_health', check => $_), 1, "all is well: $_") for qw(database token worker key);

# --- cancels ---

sub redeemed { return $gateway->verify(code => minted()->{code})->{json}{data}{id} }
sub cancel { return $client->call(POST => '/coupons/cancel', { verification_id => $_[0] }) }
my $id = redeemed();
grows([ dygw_cancels_total => outcome => 'cancelled' ], 1, 'a cancel', sub { cancel($id) });
$sandbox->fault(call => 'cancel', fault => 'error', error_code => 3000001);
$id = redeemed();
grows([ dygw_cancels_total => outcome => 'refused' ], 1, 'one that is refused', sub { cancel($id) });
$sandbox->fault(call => 'cancel', fault => 'drop_after');
$id = redeemed();
grows([ dygw_cancels_total => outcome => 'unknown' ], 1, 'one whose outcome is not known', sub { cancel($id) });
ok(scalar(poll { page()->total('dygw_cancels_total', outcome => 'cancelled') == 2 } 30),
    'until the background finds out');

$sandbox->fault(call => 'verify', fault => 'drop_after', times => 2);
$id = $gateway->verify(code => minted()->{code})->{json}{data}{id};
grows([ dygw_cancels_total => outcome => 'given_up' ], 1, 'one of what is still open', sub { cancel($id) for 1 .. 2 });

# A record of which a verify was lost, as far as it says; it is cancelled, and Douyin redeems its coupon anew.
sub orphaned {
    my $coupon = minted();
    my $of = $gateway->verify(code => $coupon->{code})->{json}{data}{id};
    $database->query("UPDATE dygw_verifications SET attempts = 2, revision = revision + 1 WHERE id = $of");
    cancel($of);
    $sandbox->set_coupon($coupon->{code}, used_elsewhere => { poi_id => POI, verify_type => 4 });
    return $of;
}
grows([ dygw_cancels_total => outcome => 'orphan' ], 1, 'what is redeemed late is taken back', \&orphaned);
grows([ dygw_cancels_total => outcome => 'orphan_left' ], 1, 'or not, when it is too late', sub {
    $id = orphaned();
    $sandbox->switch(cancel_window_ms => 1);
    my $sent_at = int(1000 * time) - LATE_MS + 2000;
    $database->query(
        "UPDATE dygw_verifications SET sent_at = $sent_at, errand_at = 1, revision = revision + 1 WHERE id = $id");
});
$sandbox->switch(cancel_window_ms => 3_600_000);

# --- Douyin's messages ---

my $webhook = Dygw::Webhook->new($gateway);
my $news = minted();
$gateway->verify(code => $news->{code});
my $message = notification($news, 'refund_success');
grows([ dygw_webhooks_total => result => 'news' ], 1, 'a message', sub { $webhook->post($message, 'Msg-Id' => 'm-1') });
grows([ dygw_webhooks_total => result => 'repeated' ], 1, 'again', sub { $webhook->post($message, 'Msg-Id' => 'm-1') });
grows([ dygw_webhooks_total => result => 'unknown_coupon' ], 1, 'about a coupon of others', sub {
    $webhook->post(notification(minted(), 'refund_success'), 'Msg-Id' => 'm-2');
});
grows([ dygw_webhooks_total => result => 'ignored' ], 1, 'of no use', sub { $webhook->post('{"event":"x"}') });
grows([ dygw_webhooks_total => result => 'failed' ], 1, 'that is none', sub { $webhook->post('{') });
grows([ dygw_webhooks_total => result => 'url_check' ], 1, 'the check of the URL', sub {
    $webhook->post('{"event":"verify_webhook","content":{"challenge":1}}');
});
$sandbox->set_coupon($early->{code}, cancelled_elsewhere => JSON::PP::true);
grows([ dygw_cancels_total => outcome => 'elsewhere' ], 1, 'what it tells may be a cancel at Douyin', sub {
    $webhook->notify($early, 'verify_cancel');
});

# --- the token ---

is(page()->total('dygw_token_refreshes_total', cause => 'missing'), 1, 'the first token was missing');
my $left = page()->total('dygw_token_expiry_timestamp_seconds') - time;
ok($left > 3600 && $left < 7300, 'how long it is good for');
cmp_ok(page()->total('dygw_token_obtained_timestamp_seconds'), '<=', time, 'since when');
grows([ dygw_token_refreshes_total => cause => 'refused' ], 1, 'one that Douyin refuses is renewed', sub {
    $sandbox->kill_tokens;
    $gateway->verify(code => minted()->{code});
});

my $token = $client->call(GET => '/douyin/access-token')->{json}{data}{access_token};
grows([ dygw_token_refreshes_total => cause => 'told' ], 1, 'so is one that a reader speaks ill of', sub {
    $client->call(GET => '/douyin/access-token?rejected=' . substr sha256_hex($token), 0, 8);
});

grows([ dygw_token_refreshes_total => cause => 'due' ], 1, 'and one that ends soon', sub { $gateway->age_token });

# --- every series of these has moved ---

my $page = page();
is_deeply([ grep { /\Adygw_(?:redemptions|settled|cancels|token_refreshes|webhooks)_total/ && !$page->{series}{$_} }
    sort keys %{ $page->{series} } ], [], 'no outcome, cause or result is without its test');

# --- requests ---

my $nonce = nonce();
my @replayed = (handler => 'open', code => 'replayed_nonce', class => '4xx');
grows([ dygw_requests_total => @replayed ], 1, 'a replayed nonce', sub {
    $client->call(GET => '/verifications/1', undef, nonce => $nonce) for 1 .. 2;
});
grows([ dygw_requests_total => handler => 'open', code => 'not_found' ], 1, 'a path that is none', sub {
    $client->call(GET => '/nowhere');
});
grows([ dygw_requests_total => handler => 'internal', code => 'operator_required' ], 1, 'nobody on /internal', sub {
    $plain->call(GET => '/apps');
});
grows([ dygw_requests_total => handler => 'internal', code => 'ok' ], 2, 'an export, and the scrape', sub {
    $gateway->internal->call(GET => '/reports/summary?export=csv');
});
cmp_ok(page()->total('dygw_nonces_used'), '>', 10, 'nonces that are held');
is(page()->total('dygw_nonces_capacity'), 100000, 'of so many');
is(page()->total('dygw_apps', source => 'database', status => 'active'), 1, 'apps');
$gateway->create_app(status => 'disabled');
ok(scalar(poll { page()->total('dygw_apps', source => 'database', status => 'disabled') == 1 }), 'by status');
is(page()->total('dygw_apps', source => 'config'), 0, 'and by who owns them');
is(page()->total('dygw_declaration_differences'), 0, 'no other host declares others');
is(page()->total('dygw_declared_troubles', kind => $_), 0, "nothing declared is in trouble: $_")
    for qw(conflict secret stores_file);

# --- nothing secret, nobody's coupon ---

my @secret = (@codes, $client->{secret}, $client->{key}, MASTER_KEY, Dygw::Sandbox::CLIENT_SECRET,
    $client->call(GET => '/douyin/access-token')->{json}{data}{access_token});
my $body = page()->{answer}{body};
is_deeply([ grep { index($body, $_) >= 0 } @secret ], [], 'no secret, no token, no code, no app');

# --- nothing goes back ---

# What a counter lost; the page before it.
sub lost_since {
    my ($before) = @_;
    my $now = page();
    return [ grep { ($now->{series}{$_} // -1) < $before->{series}{$_} } $before->counters ];
}

my $before = page();
cmp_ok(scalar($before->counters), '>', 200, 'there are counters');
$gateway->disconnect;
$gateway->server->kill_child($gateway->server->child_pids);
ok(scalar(poll { eval { $plain->call(GET => '/health/live'); 1 } }), 'children were killed');
is_deeply(lost_since($before), [], 'counters outlive them');
$gateway->graceful;
is_deeply(lost_since($before), [], 'and a graceful restart');
$gateway->restart;
is_deeply(lost_since($before), [], 'and a restart');
is(page()->total('dygw_start_timestamp_seconds'), $first->total('dygw_start_timestamp_seconds'),
    'they are counted since the start');

# --- the database is away ---

$gateway->wait_healthy;
$gateway->server->announce(qw(AH00629 AH00632 AH00633 AH00636 AH00639 AH02655 DYGW0310 DYGW0600 DYGW0601));
$database->stop;
poll { $gateway->health->{status} == 503 };
my $away = page();
is($away->{answer}{status}, 200, 'served without the database');
is($away->total('dygw_health', check => 'database'), 0, 'which it says');
is($away->total('dygw_redemptions_total'), $before->total('dygw_redemptions_total'), 'with what it knows');
ok(scalar(poll {
    my $page = page();
    $page->total('dygw_database_errors_total') + $page->total('dygw_database_connection_failures_total') > 0;
}), 'failures of the database are counted');
$database->start;
$gateway->wait_healthy;
$database->kill_connections;
$gateway->verify(code => minted()->{code});
cmp_ok(page()->total('dygw_database_repairs_total'), '>', 0, 'and connections that were renewed');
$gateway->finish;
done_testing;
