#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Several merchants behind one application: one virtual host with one token serves the stores of three accounts. Each
# call to Douyin names the account of its own coupon, in the header and in account_id, and the sandbox refuses it where
# that is another one's.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Expect;
use Dygw::Gateway qw(POI ACCOUNT);
use Dygw::Server qw(poll);
use Dygw::Webhook;

use constant {
    EAST => '7014065493820573711', EAST_POI => '7012345678901234601',
    WEST => '7014065493820573712', WEST_POI => '7012345678901234602',
};

my $gateway = Dygw::Gateway->new(children => 2, timeout => 1, directives => { DygwEnrichRetry => '200ms 1s 5min' },
    conf => declared(EAST, WEST));
my $sandbox = $gateway->sandbox;
$gateway->start;
$sandbox->account(EAST, stores => [EAST_POI]);
$sandbox->account(WEST, stores => [WEST_POI]);
$sandbox->switch(need_account => JSON::PP::true);
my $client = $gateway->client;
my $webhook = Dygw::Webhook->new($gateway);
my %store_of = (ACCOUNT, { poi_id => POI }, EAST, { store => 'east' }, WEST, { poi_id => WEST_POI });

# The stores as httpd.conf declares them; the one of POI is not declared.
sub declared {
    my ($east, $west) = @_;
    return <<"END";
<DygwStore east>
    DygwStorePoi     ${\ EAST_POI}
    DygwStoreAccount $east
</DygwStore>
<DygwStore west>
    DygwStorePoi     ${\ WEST_POI}
    DygwStoreAccount $west
</DygwStore>
END
}

# A coupon of an account, and its redemption in a store of that account.
sub redeem {
    my ($account, %how) = @_;
    my $coupon = $sandbox->mint_coupon(account_id => $account);
    my $answer = $client->call(POST => '/coupons/verify', { %{ $store_of{$account} }, code => $coupon->{code}, %how });
    return ($coupon, $answer);
}

sub record { return $client->call(GET => "/verifications/$_[0]") }

sub becomes {
    my ($id, $name, %expected) = @_;
    my $answer;
    poll {
        $answer = record($id);
        !grep { ($answer->{json}{data}{$_} // '') ne $expected{$_} } keys %expected;
    } 30;
    return view_is($answer, $name, %expected);
}

# The number of the last call, when no work is left that would make others.
sub quiet {
    poll { !$gateway->rows('dygw_verifications', "enrichment_status = 'pending' AND verify_status <> 'failed'") } 30;
    return $sandbox->last_seq;
}

# Whom the calls of a kind after number `after` were for: "header account_id" of each.
sub whose {
    my ($call, $after) = @_;
    return map { join ' ', map { $_ // '-' } @$_{qw(account_header account_id)} }
        $sandbox->calls(call => $call, after => $after);
}

# All calls of these kinds since then name this account, in both places; a verify for the store that is not declared in
# its header alone, as ever.
sub all_for {
    my ($account, $after, @kinds) = @_;
    for my $kind (@kinds) {
        my $expected = $account . ($kind eq 'verify' && $account eq ACCOUNT ? ' -' : " $account");
        my @whose = whose($kind, $after);
        my @others = grep { $_ ne $expected } @whose;
        ok(@whose && !@others, "$kind names account $account, and no other") or diag "@{[ map { qq('$_') } @whose ]}";
    }
    return;
}

# --- while the caller waits ---

for my $account (ACCOUNT, EAST, WEST) {
    my $before = $sandbox->last_seq;
    my ($coupon, $answer) = redeem($account);
    my $id = $answer->{json}{data}{id};
    view_is($answer, "a coupon of account $account is redeemed", verify_status => 'success', account_id => $account);
    all_for($account, $before, qw(prepare verify));
    becomes($id, 'and enriched', enrichment_status => 'success');
    all_for($account, $before, qw(orders get));
    view_is($client->call(POST => '/coupons/cancel', { verification_id => $id }), 'and taken back',
        verify_status => 'cancelled');
    all_for($account, $before, 'cancel');
    is($sandbox->coupon($coupon->{code})->{status}, 1, 'which Douyin has carried out');
}

my $order = $sandbox->mint(account_id => EAST);
my $before = $sandbox->last_seq;
my $prepared = $client->call(POST => '/coupons/prepare', { store => 'east', short_link => $order->{short_link} });
my $certificate = $prepared->{json}{data}{certificates}[0];
view_is($client->call(POST => '/coupons/verify', { store => 'east', encrypted_code => $certificate->{encrypted_code},
    verify_token => $prepared->{json}{data}{verify_token} }), 'what its caller has prepared is redeemed',
    verify_status => 'success', account_id => EAST, store => 'east');
all_for(EAST, $before, qw(prepare verify));

$before = $sandbox->last_seq;
my @asked = ([ 'poi_id=' . WEST_POI, WEST ], [ 'store=east', EAST ], [ 'poi_id=' . POI, ACCOUNT ], [ '', ACCOUNT ],
    [ 'account_id=' . EAST, EAST ]);
is($client->call(GET => "/douyin/stores?$_->[0]")->{status}, 200, "stores: $_->[0]") for @asked;
is_deeply([ whose(stores => $before) ], [ map { "$_->[1] $_->[1]" } @asked ],
    'are asked for with the account of the store, or the one that is named');

# --- a coupon of somebody else's ---

$gateway->server->announce(qw(DYGW0210 DYGW0500));
my $foreign = $sandbox->mint_coupon(account_id => WEST);
error_is($client->call(POST => '/coupons/verify', { store => 'east', code => $foreign->{code} }), 502,
    'upstream_refused', 'a coupon of another merchant is refused');
like($gateway->server->log_text, qr/DYGW0210: .*error_code 1508 \(account ${\ EAST}\)/,
    'and the log names the account');
is($sandbox->coupon($foreign->{code})->{status}, 1, 'it is not redeemed');

$sandbox->switch(wrong_account => 'empty');
view_is($client->call(POST => '/coupons/verify', { store => 'east', code => $foreign->{code} }),
    'or Douyin lists nothing', verify_status => 'failed');
like($gateway->server->log_text, qr/DYGW0760: .*store ${\ EAST_POI} and account ${\ EAST};/,
    'and the log asks whether the store is of this account');
$sandbox->switch(wrong_account => 'refuse');

# One merchant withdraws; the others go on.
$sandbox->account(WEST, authorised => 0);
error_is((redeem(WEST))[1], 502, 'upstream_refused', 'a merchant that has not authorised the application is refused');
like($gateway->server->log_text, qr/DYGW0210: .*error_code 1508 \(account ${\ WEST}\)/, 'and named in the log');
view_is((redeem($_))[1], 'the others go on', verify_status => 'success', account_id => $_) for ACCOUNT, EAST;
$sandbox->account(WEST, authorised => 1);

# --- afterwards ---

# As redeem, when Douyin's answer does not come.
sub lost {
    my ($account, $fault) = @_;
    $sandbox->fault(call => 'verify', fault => $fault, times => -1);
    my ($coupon, $answer) = redeem($account);
    $sandbox->clear;
    is($answer->{status}, 202, "$fault: an answer is lost") or diag $answer->{body};
    return ($coupon, $answer->{json}{data}{id});
}

for my $fault (qw(drop_before drop_after)) {
    $before = quiet();
    my ($coupon, $id) = lost(WEST, $fault);
    becomes($id, "$fault: it is settled", verify_status => 'success', account_id => WEST,
        enrichment_status => 'success');
    all_for(WEST, $before, qw(verify query orders));
    is($sandbox->coupon($coupon->{code})->{status}, 2, "$fault: it is redeemed, once");
}

# What an older version has sent had no account_id in its body, so its repetition has none.
$gateway->work(0);
$before = $sandbox->last_seq;
my (undef, $id) = lost(EAST, 'drop_before');
$gateway->database->query("UPDATE dygw_verifications SET account_id = NULL WHERE id = $id");
$gateway->work(1);
becomes($id, 'a record without an account is settled', verify_status => 'success');
is((whose(verify => $before))[-1], EAST . ' -', 'its repetition has the account in the header alone');
becomes($id, 'and enriched', enrichment_status => 'success');
all_for(EAST, $before, qw(query orders));

# A reload gives the store to another merchant: what is recorded stays whose it was.
$gateway->work(0);
(undef, $id) = lost(EAST, 'drop_before');
$before = $sandbox->last_seq;
$gateway->{more} = declared(WEST, WEST);
$gateway->work(1);
becomes($id, 'a record keeps its account', verify_status => 'success', account_id => EAST,
    enrichment_status => 'success');
all_for(EAST, $before, qw(verify query orders));
$gateway->{more} = declared(EAST, WEST);
$gateway->graceful;
$gateway->wait_healthy;

# --- webhooks: one address for all ---

# A coupon of an account is cancelled at Douyin, which names an account in its message. Returns what has to come of it.
sub cancelled_there {
    my ($account, $named, $what) = @_;
    my ($coupon, $answer) = redeem($account);
    $sandbox->set_coupon($coupon->{code}, cancelled_elsewhere => JSON::PP::true);
    is($webhook->notify($coupon, 'verify_cancel', account_id => $named)->{status}, 200, "a message $what");
    is($gateway->rows('dygw_webhooks', "certificate_id = '$coupon->{certificate_id}' AND account_id = '$named'"), 1,
        'is kept, with its account');
    return sub {
        becomes($answer->{json}{data}{id}, "its coupon is looked at: $what", verify_status => 'cancelled',
            confirmed_by => 'webhook');
    };
}

$gateway->server->announce(qw(DYGW0762));
my @to_come = map { cancelled_there($_, $_, "about a coupon of account $_") } ACCOUNT, EAST, WEST;
unlike($gateway->server->log_text, qr/DYGW076[12]/, 'these accounts are known');
push @to_come, cancelled_there(WEST, '7014065493820573799', 'that names an account of nobody\'s');
like($gateway->server->log_text, qr/DYGW0761: .*account 7014065493820573799,/, 'which the log tells');
push @to_come, cancelled_there(WEST, EAST, 'that names another account than the record has');
like($gateway->server->log_text, qr/DYGW0762: .*account ${\ EAST}, which is recorded with account ${\ WEST}/,
    'which the log tells, too');
$_->() for @to_come;

is($sandbox->count('stable_client_token'), 1, 'one token was enough for all');

# --- no account at all ---

$sandbox->switch(need_account => JSON::PP::false);
$gateway->set(DygwAccountId => undef);
$gateway->server->announce(qw(DYGW0121));
$gateway->graceful;
$gateway->wait_healthy;
$before = $sandbox->last_seq;
view_is((redeem(ACCOUNT))[1], 'without any account a store is served all the same', verify_status => 'success',
    account_id => undef);
is_deeply([ map { whose($_ => $before) } qw(prepare verify) ], [ ('- -') x 2 ], 'and no call names one');
view_is((redeem(EAST))[1], 'while a declared one keeps its own', verify_status => 'success', account_id => EAST);

$webhook->disconnect;
$gateway->finish;
done_testing;
