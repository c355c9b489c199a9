#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# New secrets with a grace time, on every host; what the audit trail says about apps; the change of the master key.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use Dygw::Client qw(keys_in_order);
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(poll patience);

use constant STALE_AT_MOST => 2;    # seconds
use constant MANY => 24;            # new connections, so that every child is met

my $TOKEN = '/douyin/access-token';
my %ALLOWED = (allow_token_read => JSON::PP::true);
my $NULL = undef;

my $gateway = Dygw::Gateway->new(mpm => 'event', children => 3);
my $other = Dygw::Gateway->new(database => $gateway->database, sandbox => $gateway->sandbox);
$gateway->start(%ALLOWED);
$other->server->start;
$other->wait_healthy;
my ($internal, $id) = ($gateway->internal, $gateway->app->{id});
my %key = (key => $gateway->app->{client_key});
my @shown = ($gateway->client->{secret});

sub with_secret { my ($secret, $where) = @_; return Dygw::Client->new(%key, secret => $secret,
    port => ($where // $gateway)->server->port) }

# What every child says to a secret, in one word when they agree.
sub says {
    my ($client) = @_;
    my %seen;
    $seen{ $_->{json}{code} // $_->{status} }++ for map { $_->finish } map { $client->begin(GET => $TOKEN) } 1 .. MANY;
    return join ' ', sort keys %seen;
}

sub rotate {
    my (%body) = @_;
    my $answer = $internal->call(POST => "/apps/$id/secret", \%body);
    is($answer->{status}, 200, 'a new secret') or diag $answer->{body};
    push @shown, $answer->{json}{data}{secret};
    return $answer;
}

sub settles_on {
    my ($client, $expected, $name) = @_;
    my $until = time + patience(STALE_AT_MOST);
    my ($said, $late);
    do { $late = time > $until; $said = says($client) } until $said eq $expected || $late;
    return is($said, $expected, $name);
}

# --- new secrets ---

settles_on(with_secret($shown[0], $_), '200', 'the first secret is known everywhere') for $gateway, $other;
my $answer = rotate();
is_deeply(keys_in_order($answer->{body}, 'data'), [qw(app secret)], 'app and secret, as when it was made');
is($answer->{json}{data}{app}{id}, $id, 'the app');
is($answer->{headers}{'cache-control'}, 'no-store', 'that nobody on the way keeps');
like($shown[-1], qr/\Ask_[A-Za-z0-9]{43}\z/, 'generated');
isnt($shown[-1], $shown[0], 'another one');
settles_on(with_secret($shown[0]), 'invalid_credentials', 'without a grace time the old one is refused');
settles_on(with_secret($shown[1]), '200', 'and the new one known');
settles_on(with_secret($shown[0], $other), 'invalid_credentials', 'within 2 s on another host too');
settles_on(with_secret($shown[1], $other), '200', 'as is the new one');

rotate(secret => 'a secret of my own: ~!@', grace_seconds => 600);
is($shown[-1], 'a secret of my own: ~!@', 'one that is given');
settles_on(with_secret($shown[$_]), '200', "in its grace time secret $_ signs") for 1, 2;
settles_on(with_secret($shown[$_], $other), '200', "so does secret $_ on another host") for 1, 2;
rotate(grace_seconds => 600);
settles_on(with_secret($shown[1]), 'invalid_credentials', 'the one before the one before does not');
settles_on(with_secret($shown[$_]), '200', "secret $_ does") for 2, 3;
$gateway->graceful;
settles_on(with_secret($shown[$_]), '200', "also after a restart secret $_") for 2, 3;
is($internal->call(PATCH => "/apps/$id", { name => 'another name' })->{status}, 200, 'other changes');
settles_on(with_secret($shown[2]), '200', 'leave the grace time alone');

my $began = time;
rotate(grace_seconds => 3);
my $old = with_secret($shown[3]);
is($old->call(GET => $TOKEN)->{status}, 200, 'a short grace time');
ok(poll { $old->call(GET => $TOKEN)->{status} == 401 }, 'ends');
cmp_ok(time - $began, '>=', 3, 'not before it is over');
settles_on(with_secret($shown[4]), '200', 'the new one stays');

for my $bad (
    [ grace_seconds => -1 ], [ grace_seconds => 604801 ], [ grace_seconds => '60' ], [ grace_seconds => 1.5 ],
    [ secret => 'x' x 15 ], [ secret => 'x' x 129 ], [ secret => 7 ], [ secret => '秘密秘密秘密秘密秘密秘密秘密秘密' ],
    [ bogus => 1 ], [ client_key => 'ck_of_another' ]
) {
    error_is($internal->call(POST => "/apps/$id/secret", {@$bad}), 400, 'invalid_request',
        'refused: ' . JSON::PP->new->ascii->encode({@$bad}), field => $bad->[0]);
}
error_is($internal->call(POST => "/apps/$id/secret", '[]'), 400, 'invalid_request', 'a body that is no object');
error_is($internal->call(POST => "/apps/$id/secret", ''), 400, 'invalid_json', 'an empty body');
error_is($internal->call(POST => "/apps/$id/secret?grace_seconds=5", {}), 400, 'invalid_request',
    'a parameter in the query', field => 'grace_seconds');
error_is($internal->call(POST => '/apps/999999/secret', {}), 404, 'not_found', 'an app that is not there');
error_is($internal->call(GET => "/apps/$id/secret"), 405, 'method_not_allowed', 'secrets are not read');
error_is($gateway->plain('/v1/internal')->call(POST => "/apps/$id/secret", {}), 401, 'operator_required',
    'nobody gets one without a name');
settles_on(with_secret($shown[4]), '200', 'after all this the secret is the same');

# --- the trail ---

sub trail {
    my ($app_id) = @_;
    my $list = $internal->call(GET => "/audit?target=app:$app_id&actor=operator-1&page_size=200");
    my @entries = reverse @{ $list->{json}{data} };
    return @entries;
}

my @entries = trail($id);
is_deeply([ map { $_->{action} } @entries ],
    [ 'app.create', ('app.secret') x 3, 'app.change', 'app.secret' ], 'each change has its entry');
is_deeply($entries[4]{before}, { name => 'app of a test' }, 'what was before');
is_deeply($entries[4]{after}, { name => 'another name' }, 'and after');
is($entries[0]{before}, undef, 'nothing was before it was made');
is_deeply([ sort keys %{ $entries[0]{after} } ],
    [qw(allow_token_read client_key code description name poi_ids source status)], 'then all of it');
is($entries[1]{after}{old_secret_until}, undef, 'no grace time');
like($entries[2]{after}{old_secret_until}, instant(), 'a grace time');
is($_->{actor}, 'operator-1', 'by whom') for @entries;
is($_->{address}, '127.0.0.1', 'from where') for @entries;
my @rows = $gateway->database->query('SELECT * FROM dygw_audit');
my $everything = join "\n", map { join '|', map { $_ // '' } @$_ } @rows;
unlike($everything, qr/\Q$_\E/, 'no secret is in it') for @shown;

# What is asked for and is so already.
my $before = $internal->call(GET => "/apps/$id")->{json}{data};
is($internal->call(PATCH => "/apps/$id", { name => 'another name', status => 'active' })->{status}, 200, 'no change');
is($internal->call(PATCH => "/apps/$id/token-access", \%ALLOWED)->{status}, 200, 'nor here');
is($internal->call(GET => "/apps/$id")->{json}{data}{updated_at}, $before->{updated_at}, 'updated_at stays');
is(scalar(trail($id)), scalar(@entries), 'and there is no entry');
my $refused = $internal->call(POST => '/apps', { name => 'x', client_key => $key{key} });
error_is($refused, 409, 'conflict', 'an app that cannot be made', field => 'client_key');
error_is($internal->call(PATCH => '/apps/999999', { name => 'x' }), 404, 'not_found', 'or changed');
is($gateway->rows('dygw_audit', "request_id = '$refused->{json}{request_id}'"), 0, 'has none either');

# Two hosts at once: no change is lost, and each entry begins where another ended.
my ($client, $app) = $gateway->create_app(name => 'n0', description => 'd0');
my @wanted = map { ({ name => "n$_" }, { description => "d$_" }) } 1 .. 15;
my @hosts = ($internal, $other->internal);
my @at_once = map { $hosts[ $_ % 2 ]->begin(PATCH => "/apps/$app->{id}", $wanted[$_]) } 0 .. $#wanted;
is(scalar(grep { $_->finish->{status} == 200 } @at_once), 30, 'thirty changes at once');
my (undef, @changes) = trail($app->{id});
is(scalar(@changes), 30, 'thirty entries');
my $now = $internal->call(GET => "/apps/$app->{id}")->{json}{data};
for my $field (qw(name description)) {
    my $letter = substr $field, 0, 1;
    my @from = sort map { $_->{before}{$field} // () } @changes;
    my @to = sort map { $_->{after}{$field} // () } @changes;
    is_deeply([ sort @from, $now->{$field} ], [ sort "${letter}0", @to ], "the $field went from one to the next");
}

# --- the master key ---

sub sealed {
    return map { @$_ } $gateway->database->query('SELECT secret_sealed FROM dygw_apps'),
        $gateway->database->query('SELECT old_secret_sealed FROM dygw_apps WHERE old_secret_sealed IS NOT NULL'),
        $gateway->database->query('SELECT sealed FROM dygw_tokens WHERE sealed IS NOT NULL');
}

sub key_ids { my %ids = map { /\Av1\.(\w+)\./ => 1 } sealed(); return sort keys %ids }

$other->server->check_log;
$other->stop;
rotate(grace_seconds => 600);
my ($first) = key_ids();
is(scalar(() = key_ids()), 1, 'all is sealed with one key');
my $version = $gateway->database->query('SELECT version FROM dygw_tokens');
my $apps = $internal->call(GET => "/apps/$id")->{body};
my $old_key = 'file:' . $gateway->secret_file('master-key', Dygw::Gateway::MASTER_KEY);
my $new_key = 'file:' . $gateway->secret_file('key-2', 'f' x 64);
$gateway->set(DygwMasterKey => "$new_key $old_key");
$gateway->graceful;
settles_on(with_secret($shown[$_]), '200', "with two keys secret $_ is known") for -1, -2;
ok(poll { my @ids = key_ids(); @ids == 1 && $ids[0] ne $first }, 'all is sealed anew, by itself')
    or diag join ' ', key_ids();
ok($gateway->server->log_like(qr/DYGW0461/), 'and the log says so');
$gateway->set(DygwMasterKey => $new_key);
$gateway->graceful;
settles_on(with_secret($shown[$_]), '200', "with the new key alone secret $_ is known") for -1, -2;
is($gateway->database->query('SELECT version FROM dygw_tokens'), $version, 'and so is the token');
is($internal->call(GET => "/apps/$id")->{json}{data}{updated_at}, JSON::PP->new->decode($apps)->{data}{updated_at},
    'for administrators nothing changed');

# A host that has the old key only makes an app meanwhile; the others do not mind.
$gateway->set(DygwMasterKey => "$old_key $new_key");
$gateway->graceful;
my $late = $gateway->create_app(%ALLOWED);
$gateway->set(DygwMasterKey => "$new_key $old_key");
$gateway->graceful;
ok(poll { my @ids = key_ids(); @ids == 1 && $ids[0] ne $first }, 'back and forth it ends well');
is(says($late), '200', 'with every secret known');

$_->disconnect for $internal, $client, $late;
$gateway->finish;
done_testing;
