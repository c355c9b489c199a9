#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# /internal: verifier apps are created, listed, read and changed; who may do so; their secrets are shown once.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP;
use Test::More;

use Dygw::Client qw(keys_in_order);
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(slurp);

my ($true, $false, $null) = (JSON::PP::true, JSON::PP::false, undef);
my @APP_KEYS = qw(
    id created_at updated_at name code description client_key status allow_token_read last_used_at poi_ids
    source declared_in
);

my $gateway = Dygw::Gateway->new;
$gateway->start;
my $internal = $gateway->internal;
my $first_id = $gateway->app->{id};

sub create { return $internal->call(POST => '/apps', {@_}) }

sub list { my ($query) = @_; return $internal->call(GET => "/apps?$query") }

sub names { my ($query) = @_; return join ' ', map { $_->{name} } @{ list($query)->{json}{data} // [] } }

# --- create ---

my $made = create(name => '门店一', code => 'shop-1', description => '前台 "A"', client_key => 'ck_chosen-key_1',
    secret => 'S3cret of the first: ~!@', allow_token_read => $true, poi_ids => [ POI, '7000000000000000001' ]);
is($made->{status}, 201, 'created') or diag $made->{body};
my ($app, $secret) = @{ $made->{json}{data} }{qw(app secret)};
is_deeply(keys_in_order($made->{body}, 'data', 'app'), \@APP_KEYS, 'every key in order');
is($secret, 'S3cret of the first: ~!@', 'with the secret that was given');
is_deeply([ @$app{qw(name code description client_key status)} ],
    [ '门店一', 'shop-1', '前台 "A"', 'ck_chosen-key_1', 'active' ], 'as asked for');
is_deeply($app->{poi_ids}, [ POI, '7000000000000000001' ], 'its stores');
like($made->{body}, qr/"allow_token_read":\s*true/, 'may read the token');
like($made->{body}, qr/"id":\s*\d+[,}]/, 'the id is a number');
like($app->{$_}, instant(), $_) for qw(created_at updated_at);
is($app->{last_used_at}, undef, 'not used yet');
my $client = Dygw::Client->new(port => $gateway->server->port, key => $app->{client_key}, secret => $secret);
is($client->call(GET => '/douyin/access-token')->{status}, 200, 'it can be used at once');

my $plain = create(name => 'x' x 64);
is($plain->{status}, 201, 'a name is enough') or diag $plain->{body};
($app, $secret) = @{ $plain->{json}{data} }{qw(app secret)};
like($app->{client_key}, qr/\A[A-Za-z0-9_-]{8,64}\z/, 'a key is generated');
like($secret, qr/\A[!-~]{32,128}\z/, 'a secret too');
is_deeply([ @$app{qw(code description poi_ids)} ], [ undef, undef, undef ], 'the rest is null');
like($plain->{body}, qr/"allow_token_read":\s*false/, 'no token');
my $again = create(name => 'y');
isnt($again->{json}{data}{secret}, $secret, 'generated secrets differ');
isnt($again->{json}{data}{app}{client_key}, $app->{client_key}, 'keys too');
is_deeply(create(name => 'no stores', poi_ids => [])->{json}{data}{app}{poi_ids}, [], 'no stores at all');
is(create(name => '名' x 64, status => 'disabled')->{json}{data}{app}{status}, 'disabled', 'created disabled');

my $rows = $gateway->rows('dygw_apps');
error_is(create(name => 'z', code => 'shop-1'), 409, 'conflict', 'a code that is taken', field => 'code');
error_is(create(name => 'z', client_key => 'ck_chosen-key_1'), 409, 'conflict', 'a key that is taken',
    field => 'client_key');
my @refused = (
    [ name => {} ], [ name => { name => '' } ], [ name => { name => $null } ], [ name => { name => 'x' x 65 } ],
    [ name => { name => '名' x 65 } ], [ name => { name => 5 } ], [ name => { name => "a\nb" } ],
    [ code => { code => 'with blank' } ], [ code => { code => 'c' x 33 } ], [ code => { code => '店' } ],
    [ code => { code => 7 } ], [ description => { description => 'd' x 256 } ],
    [ description => { description => {} } ], [ client_key => { client_key => 'short' } ],
    [ client_key => { client_key => 'k' x 65 } ], [ client_key => { client_key => 'with blank' } ],
    [ secret => { secret => 'x' x 15 } ], [ secret => { secret => 'x' x 129 } ],
    [ secret => { secret => '秘密秘密秘密秘密秘密秘密秘密秘密' } ], [ secret => { secret => "0123456789abcde\t" } ],
    [ status => { status => 'asleep' } ], [ status => { status => 1 } ],
    [ allow_token_read => { allow_token_read => 'true' } ], [ allow_token_read => { allow_token_read => 1 } ],
    [ poi_ids => { poi_ids => POI } ], [ poi_ids => { poi_ids => [7] } ], [ poi_ids => { poi_ids => [''] } ],
    [ poi_ids => { poi_ids => ['a/b'] } ], [ poi_ids => { poi_ids => [$null] } ],
    [ id => { id => 1 } ], [ bogus => { bogus => $null } ],
);
for (@refused) {
    my ($field, $fields) = @$_;
    my %body = ($field eq 'name' ? () : (name => 'n'), %$fields);
    error_is($internal->call(POST => '/apps', \%body), 400, 'invalid_request',
        'create refuses ' . JSON::PP->new->ascii->canonical->encode($fields), field => $field);
}
is($gateway->rows('dygw_apps'), $rows, 'none of these is made');

# --- secrets are shown once, and sealed ---

my $everything = join '', map { join '|', @$_ } $gateway->database->query('SELECT * FROM dygw_apps');
for my $shown ($secret, 'S3cret of the first: ~!@') {
    unlike($everything, qr/\Q$shown\E/, 'the secret is sealed in the database');
    unlike(list('page_size=200')->{body}, qr/\Q$shown\E/, 'not listed');
    unlike($internal->call(GET => "/apps/$app->{id}")->{body}, qr/\Q$shown\E/, 'not read');
}
$gateway->graceful;
is($client->call(GET => '/douyin/access-token')->{status}, 200, 'and known after a restart');
$gateway->set(DygwMasterKey => 'file:' . $gateway->secret_file('key-2', 'f' x 64) . ' file:' .
    $gateway->secret_file('master-key', Dygw::Gateway::MASTER_KEY));
$gateway->graceful;
is($client->call(GET => '/douyin/access-token')->{status}, 200, 'and with a new master key beside the old one');

# --- list ---

my $all = list('');
is($all->{status}, 200, 'list');
is_deeply(keys_in_order($all->{body}), [qw(data page page_size total)], 'with page, page_size and total');
is_deeply(keys_in_order($all->{body}, 'data', 0), \@APP_KEYS, 'of apps with every key');
is($all->{json}{total}, $rows, 'all of them');
my %id = map { $_->{name} => $_->{id} } @{ list('page_size=200')->{json}{data} };
create(name => "paged $_", code => "p_$_") for 1 .. 5;
my @paged = map { names("q=paged&page_size=2&page=$_") } 1 .. 4;
is_deeply([ sort map { split /(?<=\d) /, $_ } @paged ], [ map { "paged $_" } 1 .. 5 ], 'pages make up the whole');
is_deeply([ map { scalar(() = /paged/g) } @paged ], [ 2, 2, 1, 0 ], 'of their size');
is(list('q=paged&page_size=2')->{json}{total}, 5, 'total counts all pages');
create(name => '100% sure'); create(name => '100 sure'); create(name => 'a_b'); create(name => 'aXb');
create(name => 'back\\slash');
is(names('q=100%25'), '100% sure', 'q: % is a percent sign');
is(names('q=a_b'), 'a_b', 'q: _ is an underscore');
is(names('q=k%5Cs'), 'back\\slash', 'q: \\ is a backslash');
is(names('q=%E9%97%A8%E5%BA%97'), '门店一', 'q: in the name');
is(names('q=p_3'), 'paged 3', 'q: in the code');
is(names('q=chosen-key'), '门店一', 'q: in the client_key');
is(names('q=%27%20OR%201%3D1'), '', 'q: is no SQL');
is(names('status=disabled'), '名' x 64, 'status');
for my $bad (qw(page=0 page=x page=-1 page_size=0 page_size=201 status=asleep bogus=1 page=1&page=1)) {
    error_is(list($bad), 400, 'invalid_request', "list?$bad", field => ($bad =~ /\A(\w+)/)[0]);
}

# --- read and change ---

my $id = $id{'门店一'};
my $read = $internal->call(GET => "/apps/$id");
is($read->{status}, 200, 'read');
is_deeply(keys_in_order($read->{body}, 'data'), \@APP_KEYS, 'every key in order');
my $changed = $internal->call(PATCH => "/apps/$id", { name => 'renamed', description => $null, poi_ids => $null });
is($changed->{status}, 200, 'change') or diag $changed->{body};
is_deeply([ @{ $changed->{json}{data} }{qw(name description poi_ids code)} ], [ 'renamed', undef, undef, 'shop-1' ],
    'what was given is changed, the rest not');
cmp_ok($changed->{json}{data}{updated_at}, 'gt', $read->{json}{data}{updated_at}, 'updated_at moves');
is($changed->{json}{data}{created_at}, $read->{json}{data}{created_at}, 'created_at does not');
for my $fixed (qw(client_key code secret allow_token_read id)) {
    error_is($internal->call(PATCH => "/apps/$id", { $fixed => 'x' x 20 }), 400, 'invalid_request',
        "$fixed cannot be changed there", field => $fixed);
}
for my $missing ('/apps/999999', '/apps/0', '/apps/-1', '/apps/x', '/apps/1.0', '/apps/' . '9' x 30) {
    error_is($internal->call(GET => $missing), 404, 'not_found', "GET $missing");
    error_is($internal->call(PATCH => $missing, { name => 'x' }), 404, 'not_found', "PATCH $missing");
}

my $access = $internal->call(PATCH => "/apps/$first_id/token-access", { allow_token_read => $true });
is($access->{status}, 200, 'token access') or diag $access->{body};
is_deeply(keys_in_order($access->{body}), ['message'], 'a message');
is($gateway->client->call(GET => '/douyin/access-token')->{status}, 200, 'the app may read the token');
for my $bad ({}, { allow_token_read => 'yes' }, { allow_token_read => $null }) {
    error_is($internal->call(PATCH => "/apps/$first_id/token-access", $bad), 400, 'invalid_request',
        'token-access refuses ' . JSON::PP->new->canonical->encode($bad), field => 'allow_token_read');
}
error_is($internal->call(PATCH => "/apps/$first_id/token-access", { allow_token_read => $true, x => 1 }), 400,
    'invalid_request', 'and what it does not know', field => 'x');
error_is($internal->call(PATCH => '/apps/999999/token-access', { allow_token_read => $true }), 404, 'not_found',
    'an app that is not there');
error_is($internal->call(DELETE => "/apps/$first_id"), 405, 'method_not_allowed', 'apps are not deleted');
like($internal->call(PUT => '/apps', {})->{headers}{allow}, qr/GET.*POST|POST.*GET/, 'Allow names both methods');
error_is($internal->call(GET => '/nothing'), 404, 'not_found', 'no such route');
error_is($internal->call(POST => '/apps', '{"name":"x"}', type => 'text/plain'), 415, 'unsupported_media_type',
    'bodies are JSON');

# --- who acts ---

my $nobody = $gateway->plain('/v1/internal');
error_is($nobody->call(GET => '/apps'), 401, 'operator_required', 'without an operator not even reading');
error_is($nobody->call(POST => '/apps', { name => 'x' }), 401, 'operator_required', 'nor creating');
for my $name ('', "zh\x01ang") {
    my $answer = $nobody->call(GET => '/apps', undef, headers => { 'X-XTJ-UID' => $name });
    like($answer->{status}, qr/\A40[01]\z/, 'nor with an operator that is none');
}
my $operators = $internal->message(GET => '/apps') =~ s/(X-XTJ-UID: .*\r\n)/$1$1/r;
error_is($internal->raw($operators), 400, 'invalid_request', 'nor with two of them', field => 'X-XTJ-UID');
error_is($client->call(GET => '/../internal/apps'), 401, 'operator_required', 'an app is no operator');

$gateway->set(DygwOperatorHeader => 'X-Operator');
$gateway->graceful;
error_is($internal->call(GET => '/apps'), 401, 'operator_required', 'another header: the usual one is nobody');
is($nobody->call(GET => '/apps', undef, headers => { 'X-Operator' => 'li' })->{status}, 200, 'the other is');
$gateway->set(DygwOperatorHeader => 'none');
$gateway->graceful;
error_is($internal->call(GET => '/apps'), 401, 'operator_required', 'no header at all: Apache has to say who');
$_->disconnect for $internal, $nobody, $client;
$gateway->finish;

# Apache's own user comes first.
$gateway = Dygw::Gateway->new(modules => [qw(dbd auth_basic authn_core authn_file authz_user)], children => 1);
my $users = $gateway->server->dir . '/users';
Dygw::Server::spew($users, "zhang:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n", 0644);       # "password"
$gateway->{more} = <<"END";
<Location "/auth">
    SetHandler dygw-internal
    AuthType Basic
    AuthName x
    AuthBasicProvider file
    AuthUserFile "$users"
    Require valid-user
</Location>
END
$gateway->set(DygwOperatorHeader => 'none');
$gateway->sandbox->start;
$gateway->server->start;
$gateway->wait_healthy;
my $authenticated = $gateway->plain('/auth', Authorization => 'Basic emhhbmc6cGFzc3dvcmQ=');
is($authenticated->call(GET => '/apps')->{status}, 200, 'Apache\'s authenticated user is the operator');
is($authenticated->call(GET => '/apps', undef, headers => { Authorization => undef })->{status}, 401,
    'and whom Apache refuses is refused');
$authenticated->disconnect;
$gateway->finish;
done_testing;
