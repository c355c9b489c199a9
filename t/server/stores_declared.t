#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Stores that httpd.conf declares: each endpoint and filter takes the shop's own code in place of poi_id; records keep
# code and account; an app may be limited to codes; GET /stores lists them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Text::CSV;
use Time::HiRes qw(time);

use Dygw::Client qw(keys_in_order);
use Dygw::Expect;
use Dygw::Gateway qw(POI ACCOUNT);
use Dygw::Server qw(spew);

use constant EAST     => '7012345678901234568';
use constant FAR      => '7012345678901234569';      # not declared
use constant MERCHANT => '7014065493820573711';      # whose EAST is
use constant MANY     => 5000;

my $gateway = Dygw::Gateway->new(children => 2);
my $file = $gateway->server->dir . '/stores.conf';
my $sandbox = $gateway->sandbox;

# A section; a value of undef has no directive.
sub section {
    my ($code, %value) = @_;
    my @lines = map { "    DygwStore$_ $value{$_}" } grep { defined $value{$_} } sort keys %value;
    return join "\n", "<DygwStore $code>", @lines, '</DygwStore>', '';
}

# The configuration has these sections from now on.
sub declare {
    spew($file, join '', @_);
    $gateway->set(Include => $file);
    $gateway->graceful;
    $gateway->wait_healthy;
    return;
}

my @sections = (section(7001, Poi => POI, Name => '"Changshu Road"'),
    section('east-1', Poi => EAST, Account => MERCHANT));

# --- before anything is declared ---

$gateway->start;
my ($client, $internal) = ($gateway->client, $gateway->internal);
sub told { return $internal->call(GET => '/stores')->{body} }
is(told(), '{"data":[]}', 'no store is declared');
error_is($gateway->verify(poi_id => undef, store => '7001', code => '123456789012'), 400, 'invalid_request',
    'so there is no code', field => 'store');
my $first = $gateway->verify(code => $sandbox->mint_coupon->{code});
view_is($first, 'redeemed before', verify_status => 'success', poi_id => POI, store => undef, account_id => ACCOUNT);
my %before = (poi_id => POI, code => $sandbox->mint_coupon->{code});
sub keyed {
    my ($key, %body) = @_;
    return $client->call(POST => '/coupons/verify', \%body, headers => { 'Idempotency-Key' => $key });
}
view_is(keyed('before', %before), 'and another, with a key', verify_status => 'success', store => undef);
$internal->disconnect;
declare(@sections);

# --- GET /stores ---

my $listed = $internal->call(GET => '/stores');
is($listed->{status}, 200, 'the declared stores') or diag $listed->{body};
is_deeply(keys_in_order($listed->{body}), ['data'], 'are a list');
is_deeply(keys_in_order($listed->{body}, 'data', $_), [qw(store poi_id account_id name declared_in)],
    "of all keys in order: $_") for 0, 1;
my @stores = @{ $listed->{json}{data} };
is_deeply([ map { [ @$_{qw(store poi_id account_id name)} ] } @stores ],
    [ [ '7001', POI, ACCOUNT, 'Changshu Road' ], [ 'east-1', EAST, MERCHANT, undef ] ],
    'with the account that counts, in the order of the configuration');
like("$stores[0]{declared_in} $stores[1]{declared_in}", qr{\A\S+/stores\.conf:1 \S+/stores\.conf:5\z},
    'and where each stands');
error_is($internal->call(GET => '/stores?store=7001'), 400, 'invalid_request', 'it has no filter', field => 'store');
error_is($internal->call(GET => '/stores?page=1'), 400, 'invalid_request', 'and no pages', field => 'page');
error_is($internal->call(POST => '/stores', {}), 405, 'method_not_allowed', 'it is read only');
error_is($gateway->plain('/v1/internal')->call(GET => '/stores'), 401, 'operator_required', 'an operator is needed');
is($internal->call(HEAD => '/stores')->{status}, 200, 'HEAD');

# --- redeeming ---

sub last_call { my ($kind) = @_; return (reverse $sandbox->calls(call => $kind, after => 0))[0] }

sub verify { my (%fields) = @_; return $client->call(POST => '/coupons/verify', \%fields) }

my %of_7001 = (poi_id => POI, store => '7001', account_id => ACCOUNT, verify_status => 'success');
my %of_east = (poi_id => EAST, store => 'east-1', account_id => MERCHANT, verify_status => 'success');
my $made = verify(store => '7001', code => $sandbox->mint_coupon->{code});
view_is($made, 'verify by code and store', %of_7001);
view_is($client->call(GET => "/verifications/$made->{json}{data}{id}"), 'is told so later', %of_7001);
my $poi = POI;
like(last_call('prepare')->{args}, qr/\bpoi_id=$poi\b/, 'Douyin hears the poi_id: prepare');
view_is(verify(store => 'east-1', short_link => $sandbox->mint_coupon->{order}{short_link}), 'verify by link and store',
    %of_east);
view_is(verify(store => 'east-1', poi_id => '', code => $sandbox->mint_coupon->{code}), 'an empty poi_id is none',
    %of_east);
view_is(verify(poi_id => EAST, code => $sandbox->mint_coupon->{code}), 'a poi_id that is declared has its code, too',
    %of_east);
view_is(verify(poi_id => FAR, code => $sandbox->mint_coupon->{code}), 'one that is not goes on with DygwAccountId',
    poi_id => FAR, store => undef, account_id => ACCOUNT, verify_status => 'success');
my $order = $sandbox->mint(coupons => 2);
my $two = verify(store => '7001', code => $order->{coupons}[0]{code}, count => 2);
view_is($two, "each of several: $_", item => $_, %of_7001) for 0, 1;

my $coupon = $sandbox->mint_coupon;
my $prepared = $client->call(POST => '/coupons/prepare', { store => 'east-1', code => $coupon->{code} });
is($prepared->{status}, 200, 'prepare by store') or diag $prepared->{body};
my $east = EAST;
like(last_call('prepare')->{args}, qr/\bpoi_id=$east\b/, 'asks for its poi_id');
view_is(verify(store => 'east-1', verify_token => $prepared->{json}{data}{verify_token},
    encrypted_code => $prepared->{json}{data}{certificates}[0]{encrypted_code}), 'verify what was prepared', %of_east);
view_is(verify(store => 'east-1', code => $coupon->{code}), 'what prepare refuses has store and account, too', %of_east,
    verify_status => 'failed');

# --- /douyin/stores ---

sub asked {
    my ($query) = @_;
    my $answer = $client->call(GET => "/douyin/stores?$query");
    my %args = map { split /=/, $_, 2 } split /&/, last_call('stores')->{args};
    return join ' ', $answer->{status}, map { "$_=" . ($args{$_} // '') } qw(account_id poi_id);
}
is(asked('store=east-1'), '200 account_id=' . MERCHANT . ' poi_id=' . EAST, 'stores: the store, of its account');
is(asked('poi_id=' . EAST), '200 account_id=' . MERCHANT . ' poi_id=' . EAST, 'the same by its poi_id');
is(asked('store=7001'), '200 account_id=' . ACCOUNT . ' poi_id=' . POI, 'DygwAccountId where it has none');
is(asked('poi_id=' . FAR), '200 account_id=' . ACCOUNT . ' poi_id=' . FAR, 'and where it is not declared');
is(asked('store=east-1&account_id=' . ACCOUNT), '200 account_id=' . ACCOUNT . ' poi_id=' . EAST,
    'an account that is given goes first');
is(asked(''), '200 account_id=' . ACCOUNT . ' poi_id=', 'without a store as ever');

# --- what is refused ---

my $rows = $gateway->rows('dygw_verifications');
# How many calls of ours Douyin has had so far, but for the background's.
sub heard {
    return join ' ', map { scalar(my @calls = $sandbox->calls(call => $_, after => 0)) } qw(prepare verify stores);
}

my $heard = heard();
for my $case (
    [ {}, 'poi_id', 'no store' ], [ { store => '' }, 'poi_id', 'an empty one' ],
    [ { store => '7001', poi_id => POI }, 'store', 'two, even of the same' ],
    [ { store => '7001', poi_id => FAR }, 'store', 'two of different ones' ],
    [ { store => '7002' }, 'store', 'a code that is not declared' ], [ { store => POI }, 'store', 'a poi_id as code' ],
    [ { store => 'EAST-1' }, 'store', 'other letters' ], [ { store => 'x' x 33 }, 'store', 'too long' ],
    [ { store => '70 01' }, 'store', 'a blank' ], [ { store => 7001 }, 'store', 'a number' ],
    [ { store => ['7001'] }, 'store', 'a list' ], [ { poi_id => '7001', store => '7001' }, 'store', 'the code twice' ],
    ) {
    my ($fields, $field, $name) = @$case;
    error_is($client->call(POST => "/coupons/$_", { code => '123456789012', %$fields }), 400, 'invalid_request',
        "$_: $name", field => $field) for qw(verify prepare);
}
for my $query ('store=7001&poi_id=' . POI, 'store=7002', 'store=', 'store=70%2001', 'store=7001&store=7001') {
    error_is($client->call(GET => "/douyin/stores?$query"), 400, 'invalid_request', "stores: $query", field => 'store');
}
is(heard(), $heard, 'Douyin hears nothing of it');
is($gateway->rows('dygw_verifications'), $rows, 'and nothing is recorded');

# --- apps that are limited to stores ---

# What an app is answered in a store, by each endpoint; the rest of its requests is wrong.
sub answers {
    my ($app, %store) = @_;
    my @answers = (map({ $app->call(POST => "/coupons/$_", { %store, code => '1', bogus => 1 }) } qw(verify prepare)),
        $app->call(GET => '/douyin/stores?size=0&' . join '&', map { "$_=$store{$_}" } sort keys %store));
    return join ' ', map { "$_->{status} $_->{json}{code}" } @answers;
}
my $FORBIDDEN = join ' ', ('403 store_forbidden') x 3;
my $ADMITTED = join ' ', ('400 invalid_request') x 3;
my %app = map { ("@$_" => scalar $gateway->create_app(poi_ids => $_)) }
    ['east-1'], [EAST], [ 'east-1', '7009' ], [], [FAR];
for my $case (
    [ 'east-1', 1, store => 'east-1' ], [ 'east-1', 1, poi_id => EAST ], [ 'east-1', 0, store => '7001' ],
    [ 'east-1', 0, poi_id => POI ], [ 'east-1', 0, poi_id => FAR ], [ 'east-1', 0, store => '7009' ],
    [ EAST, 1, store => 'east-1' ], [ EAST, 1, poi_id => EAST ], [ EAST, 0, store => '7001' ],
    [ EAST, 0, store => '7009' ], [ 'east-1 7009', 1, store => '7009' ], [ '', 0, store => 'east-1' ],
    [ '', 0, store => '7009' ], [ FAR, 1, poi_id => FAR ], [ FAR, 0, store => 'east-1' ],
    [ 'east-1', 0, store => 'east-1', poi_id => POI ], [ 'east-1', 0, store => '7001', poi_id => EAST ],
    [ 'east-1', 1, store => 'east-1', poi_id => EAST ],
    ) {
    my ($stores, $may, %store) = @$case;
    is(answers($app{$stores}, %store), $may ? $ADMITTED : $FORBIDDEN,
        "an app of '$stores' " . ($may ? 'may ' : 'may not ') . join ' ', %store);
}
error_is($app{'east-1'}->call(GET => '/douyin/stores'), 403, 'store_forbidden', 'it has to name one');
view_is($app{'east-1'}->call(POST => '/coupons/verify', { store => 'east-1', code => $sandbox->mint_coupon->{code} }),
    'it redeems in its store', %of_east);

# --- Idempotency-Key ---

my %again = (store => '7001', code => $sandbox->mint_coupon->{code});
view_is(keyed('k-1', %again), 'with a key', %of_7001);
error_is(keyed('k-1', poi_id => POI, code => $again{code}), 422, 'idempotency_key_reused',
    'the poi_id is another request');
error_is(keyed('k-1', store => 'east-1', code => $again{code}), 422, 'idempotency_key_reused',
    'and so is another store');
my $replayed = keyed('before', %before);
view_is($replayed, 'a key from before the store was declared', poi_id => POI, store => undef);
is($replayed->{headers}{'idempotency-replayed'}, 'true', 'stands for the same request');

# --- reports ---

my $id_of_first = $first->{json}{data}{id};
sub list { my ($query) = @_; return $internal->call(GET => "/reports/verifications?page_size=200&$query") }

# The values that a key has in a list.
sub told_in {
    my ($key, $query) = @_;
    my %seen = map { ($_->{$key} // 'null') => 1 } @{ list($query)->{json}{data} };
    return join ' ', sort keys %seen;
}

is(told_in(poi_id => 'store=7001'), POI, 'the filter store');
is(list('store=7001')->{json}{total}, list('poi_id=' . POI)->{json}{total}, 'finds what its poi_id finds');
ok(scalar(grep { $_->{id} == $id_of_first } @{ list('store=7001')->{json}{data} }),
    'also what was recorded before it was declared');
is(told_in(account_id => 'account_id=' . MERCHANT), MERCHANT, 'the filter account_id');
is(told_in(store => 'account_id=' . ACCOUNT), '7001 null', 'goes by what was recorded');
is(list('store=7001&account_id=' . MERCHANT)->{json}{total}, 0, 'filters go together');
is(list('account_id=unheard-of')->{json}{total}, 0, 'an account without records');
for my $report ('verifications?', 'verifications?export=csv&', 'summary?', 'summary?export=csv&') {
    for my $query ('store=7002', 'store=', 'store=7001&poi_id=' . POI, 'store=a%20b') {
        error_is($internal->call(GET => "/reports/$report$query"), 400, 'invalid_request', "$report$query",
            field => 'store');
    }
    error_is($internal->call(GET => "/reports/${report}account_id=$_"), 400, 'invalid_request',
        "${report}account_id=$_", field => 'account_id') for '', 'a%20b', 'x' x 65;
}

sub csv_rows {
    my ($path) = @_;
    my $text = $internal->call(GET => $path)->{body};
    my $parser = Text::CSV->new({ binary => 1, eol => "\r\n" });
    open my $handle, '<:encoding(UTF-8)', \$text or die;
    my $names = $parser->getline($handle);
    my @rows;
    while (my $row = $parser->getline($handle)) {
        push @rows, { map { $names->[$_] => $row->[$_] } 0 .. $#$names };
    }
    return ($names, @rows);
}
my ($names, @csv) = csv_rows('/reports/verifications?export=csv&raw=1&store=east-1');
like("@$names", qr/ confirmed_by request_id store account_id after_sale /, 'CSV has both columns');
is(scalar @csv, list('store=east-1')->{json}{total}, 'of the rows of the store');
is(scalar(grep { $_->{store} ne 'east-1' || $_->{account_id} ne MERCHANT } @csv), 0, 'with code and account');

sub summary { my ($query) = @_; return $internal->call(GET => "/reports/summary?$query") }

# How many records a summary counts, by these keys.
sub counts {
    my ($answer, @by) = @_;
    my %count;
    for my $row (@{ $answer->{json}{data} }) {
        $count{ join ' ', map { $row->{$_} // 'null' } @by } = $row->{total_count};
    }
    return \%count;
}

my %expected;
for my $v (@{ list('')->{json}{data} }) {
    $expected{ join ' ', map { $_ // 'null' } @$v{qw(store account_id)} }++;
}
my $summed = summary('group_by=store,account_id');
is_deeply(counts($summed, qw(store account_id)), \%expected, 'sums by store and account') or diag $summed->{body};
is_deeply([ @{ keys_in_order($summed->{body}, 'data', 0) }[ 0, 1 ] ], [qw(store account_id)], 'which come first');
my $all_keys = keys_in_order(summary('group_by=account_id,store,product_id,app_id,poi_id,day')->{body}, 'data', 0);
is_deeply([ @$all_keys[ 0 .. 6 ] ], [qw(day poi_id store account_id app_id app_name product_id)],
    'the order of group_by is no matter');
is_deeply(counts(summary('group_by=store&store=7001'), 'store'),
    { null => $expected{ 'null ' . ACCOUNT } - list('poi_id=' . FAR)->{json}{total},
      7001 => $expected{ '7001 ' . ACCOUNT } }, 'of a store with what was recorded before');
is_deeply(counts(summary('group_by=account_id&account_id=' . MERCHANT), 'account_id'),
    { MERCHANT, $expected{ 'east-1 ' . MERCHANT } }, 'of an account');
($names, @csv) = csv_rows('/reports/summary?export=csv&raw=1&group_by=store,account_id');
like("@$names", qr/\Astore account_id total_count /, 'CSV of sums');
is_deeply({ map { ("$_->{store} $_->{account_id}" => $_->{total_count}) } @csv },
    { map { (s/null//r => $expected{$_}) } keys %expected }, 'by store and account');
error_is(summary('group_by=store,store'), 400, 'invalid_request', 'a key twice', field => 'group_by');

# --- another configuration ---

$_->disconnect for $internal, values %app;
declare(section(7001, Poi => FAR));
$replayed = keyed('k-1', %again);
view_is($replayed, 'a code with another poi_id: the key stands for the same request', poi_id => POI, store => '7001');
is($replayed->{headers}{'idempotency-replayed'}, 'true', 'and nothing is redeemed');
view_is(verify(store => '7001', code => $sandbox->mint_coupon->{code}), 'a new one is redeemed in the new store',
    poi_id => FAR, store => '7001', verify_status => 'success');
error_is(verify(store => 'east-1', code => '123456789012'), 400, 'invalid_request', 'a code that is gone',
    field => 'store');
error_is(list('store=east-1'), 400, 'invalid_request', 'also as a filter', field => 'store');
is(told_in(store => 'poi_id=' . EAST), 'east-1', 'records keep it');

# --- whose reconciliation ---

sub reconciled { return $internal->call(GET => '/reports/reconciliation' . ($_[0] // '')) }

# 202 until the background has made it.
sub account_of { return $_[0]{status} =~ /\A20[02]\z/ ? $_[0]{json}{data}{account_id} : $_[0]{body} }

is(account_of(reconciled()), ACCOUNT, 'DygwAccountId by default');
is(account_of(reconciled('?account_id=7000000000000000001')), '7000000000000000001', 'any account may be asked for');
$internal->disconnect;
$gateway->set(DygwAccountId => undef);
$gateway->server->announce('DYGW0121');     # there is none
declare(section(7001, Poi => POI, Account => MERCHANT), section(7002, Poi => EAST, Account => MERCHANT));
is(account_of(reconciled()), MERCHANT, 'the only account where there is no DygwAccountId');
$internal->disconnect;
declare(section(7001, Poi => POI, Account => MERCHANT), section(7002, Poi => EAST, Account => ACCOUNT));
error_is(reconciled(), 400, 'invalid_request', 'of several one has to be given', field => 'account_id');
is(account_of(reconciled('?account_id=' . ACCOUNT)), ACCOUNT, 'this one');
error_is($client->call(GET => '/douyin/stores'), 400, 'invalid_request', 'stores of nobody', field => 'account_id');
is(asked('store=7002'), '200 account_id=' . ACCOUNT . ' poi_id=' . EAST, 'but of a store');
is(asked('poi_id=' . FAR), '200 account_id= poi_id=' . FAR, 'one that is not declared is asked for without an account');
$internal->disconnect;

# --- as many as a chain has ---

declare(map { section("s$_", Poi => 7_100_000_000_000_000_000 + $_, Account => 7_200_000_000_000_000_000 + $_ % 7,
    Name => "\"shop $_\"") } 1 .. MANY);
my $began = time;
my $whole = $internal->call(GET => '/stores');
note sprintf '%d stores in %.0f ms, %d bytes', MANY, 1000 * (time - $began), length $whole->{body};
is(join(' ', map { $_->{store} } @{ $whole->{json}{data} }), join(' ', map { "s$_" } 1 .. MANY),
    'thousands of stores are one list');
is(list('store=s4711')->{json}{total}, 0, 'each is known');
$internal->disconnect;
$gateway->finish;
done_testing;
