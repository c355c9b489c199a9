#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A gateway of several merchants: the diagnosis examines each account and each declared store, and tells what is wrong
# with an account, with a store, and with a declared app; the doctor says so in English and in Chinese.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep time);

use Dygw::Gateway qw(ACCOUNT POI);
use Dygw::Metrics;
use Dygw::Sandbox;
use Dygw::Server qw(poll spew);

use constant { SECOND => '7014065493820573722', THIRD => '7014065493820573733', OTHERS => '7014065493820573799' };
use constant MANY => 5000;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my $doctor = "$FindBin::Bin/../../build/dygw-doctor";
my $sandbox = Dygw::Sandbox->start_new;
my %stores = (
    second => $sandbox->account(SECOND, count => 2)->{stores}, third => $sandbox->account(THIRD, count => 2)->{stores},
    others => $sandbox->account(OTHERS, count => 1)->{stores},
);

sub store {
    my ($code, $poi_id, $account) = @_;
    return "<DygwStore $code>\n    DygwStorePoi $poi_id\n"
        . ($account ? "    DygwStoreAccount $account\n" : '') . "</DygwStore>\n";
}

sub app {
    my ($code, $key, $secret) = @_;
    return "<DygwApp $code>\n    DygwAppClientKey $key\n    DygwAppSecret $secret\n</DygwApp>\n";
}

my $right = store('7001', POI) . store('7002', $stores{second}[0], SECOND) . store('7003', $stores{third}[0], THIRD);
my $declared = $right;
my $gateway = Dygw::Gateway->new(sandbox => $sandbox, children => 1);
$gateway->server->set_conf(sub { return $gateway->config_text . $declared });

sub declare { ($declared) = @_; $gateway->graceful; $gateway->wait_healthy; return }

# --- what is found, and what the doctor says ---

# The findings, each by its name with what it is about.
sub diagnose {
    my ($query) = @_;
    my $answer;
    poll { ($answer = $gateway->internal->call(GET => '/diagnosis' . ($query // '')))->{status} != 429 || !sleep 0.2 };
    is($answer->{status}, 200, 'a diagnosis') or diag $answer->{body};
    my %found;
    for my $check (@{ $answer->{json}{data}{checks} }) {
        my $detail = $check->{detail};
        my ($about) = grep { defined } @$detail{qw(app poi_id)},
            $check->{name} eq 'authorisation' ? $detail->{account_id} : undef, '';
        $found{"$check->{name} $about" =~ s/ \z//r} = $check;
    }
    return \%found;
}

sub word { my ($check) = @_; return $check ? join ' ', grep { defined } @$check{qw(state reason)} : 'absent' }

# One test: these findings are so, and nothing else warns or fails.
sub finds {
    my ($name, $query, %expected) = @_;
    my $found = diagnose($query);
    %expected = (upstream => 'warn sandbox', %expected);
    my @wrong = map { "$_: " . word($found->{$_}) . ", not $expected{$_}" }
        grep { word($found->{$_}) ne $expected{$_} } sort keys %expected;
    push @wrong, map { "$_: " . word($found->{$_}) }
        grep { !$expected{$_} && $found->{$_}{state} =~ /fail|warn/ } sort keys %$found;
    ok(!@wrong, $name) or diag join "\n", @wrong;
    return $found;
}

sub consult {
    my (@arguments) = @_;
    my $command = join ' ', map { "'$_'" } $^X, $doctor, '--url', $gateway->server->url . '/v1/internal', @arguments;
    my $printed = `$command 2>&1`;
    my $status = $? >> 8;
    utf8::decode($printed);
    return ($status, $printed);
}

sub says {
    my ($name, $arguments, @patterns) = @_;
    my ($status, $printed) = consult(@$arguments);
    my @missing = grep { $printed !~ $_ } @patterns;
    ok(!@missing, $name) or diag "exit $status", (map { "\nnot said: $_" } @missing), "\n$printed";
    return $status;
}

# --- all is well ---

$gateway->start;
my %well = (map({ ("authorisation $_" => 'pass') } ACCOUNT, SECOND, THIRD), declared_stores => 'pass',
    map { ("scope_$_" => 'pass') } qw(certificate store order billing));
my $before = $sandbox->last_seq;
my $found = finds('three merchants with a store each', '', %well);
is($found->{declared_stores}{detail}{right}, 3, '... all of them are right');
my @asked = $sandbox->calls(after => $before);
my %count;
$count{ $_->{call} }++ for @asked;
is_deeply([ @count{qw(get stores orders verify_record)} ], [ 1, 3, 3, 3 ], '... each was asked about, and no store')
    or diag explain \%count;
is(says('the doctor has a line for each account', [ '--poi', '7002', '--poi', $stores{third}[0] ],
        map({ qr/^pass  Authorisation by the merchant: account $_$/m } ACCOUNT, SECOND, THIRD),
        qr/^pass  Store $stores{second}[0]: declared as 7002$/m, qr/^pass  Store $stores{third}[0]: declared as 7003$/m,
        qr/^pass  Declared stores: 3 of 3 are right$/m), 0, '... and is content');

# --- a merchant ---

$sandbox->account(SECOND, authorised => 0);
finds('a merchant who has not authorised', '', %well, 'authorisation ' . SECOND() => 'fail not_authorised',
    declared_stores => 'skipped not_authorised');
is(says('... is named', [], qr/^FAIL  Authorisation .*of account ${\ SECOND} has not.*\n +-> .*${\ SECOND}/m,
        qr/^skip  Declared stores: 1 stores were not examined/m), 1, '... and fails');
says('... in Chinese', [qw(--lang zh)], qr/^失败  商家授权.*账户 ${\ SECOND} 的商家未授权.*\n +-> .*来客/m);
$sandbox->account(SECOND, authorised => 1);

# --- stores ---

declare($right . store('8001', $stores{second}[1]) . store('8002', $stores{others}[0], THIRD)
    . store('8003', '99', THIRD));
$found = finds('stores that are wrong', '', %well, "declared_store $stores{second}[1]" => 'fail other_account',
    "declared_store $stores{others}[0]" => 'fail other_account', 'declared_store 99' => 'fail unknown_store');
is_deeply([ @{ $found->{"declared_store $stores{second}[1]"}{detail} }{qw(store account_id expected_account_id)} ],
    [ '8001', SECOND, ACCOUNT ], '... whose they are, and whose they should be');
is_deeply([ @{ $found->{declared_stores}{detail} }{qw(stores right wrong unasked)} ], [ 6, 3, 3, 0 ],
    '... the others are right');
my $place = qr{\S+httpd\.conf:\d+};
is(says('the doctor says what to do about each', [],
        qr/^FAIL  Declared store 8001, $stores{second}[1]: .*belongs to account ${\ SECOND}, not to ${\ ACCOUNT}\.\n/m,
        qr/^ +-> Set DygwStoreAccount ${\ SECOND} for it in $place/m,
        qr/^FAIL  Declared store 8002, .*belongs to account ${\ OTHERS}, not to ${\ THIRD}\.\n/m,
        qr/^FAIL  Declared store 8003, 99: .*account ${\ THIRD}\.\n +-> Correct the poi_id in $place/m,
        qr/^pass  Declared stores: 3 of 6 are right$/m), 1, '... and fails');
says('... in Chinese', [qw(--lang zh)], qr/^失败  已声明门店 8001, .*属于账户 ${\ SECOND}，而不是 ${\ ACCOUNT}/m,
    qr/^通过  已声明的门店: 6 家中 3 家正确$/m);
says('a store that is named is told as such', [qw(--poi 8003)], qr/^FAIL  Store 99: .*declared as 8003/m);

# --- thousands of them, from a file ---

my @thousands = map { $sandbox->account($_, count => MANY / 2)->{stores} } map { '70990000000000000' . $_ } 11, 12;
my $csv = "store,poi_id,account_id,name\n";
for my $n (0, 1) {
    $csv .= "s$n-$_,$thousands[$n][$_],709900000000000001" . ($n + 1) . ",\n" for 0 .. $#{ $thousands[$n] };
}
spew($gateway->server->dir . '/stores.csv', $csv, 0644);
declare($right . 'DygwStores ' . $gateway->server->dir . "/stores.csv\n");
my $calls = $sandbox->count('stores');
my $began = time;
$found = finds('5,000 stores', '', %well, map { ("authorisation 709900000000000001$_" => 'pass') } 1, 2);
my $seconds = time - $began;
is($found->{declared_stores}{detail}{right}, MANY + 3, '... all of them are right');
cmp_ok($sandbox->count('stores') - $calls, '<=', 110, '... found by pages');
cmp_ok($seconds, '<', 25, '... before the doctor stops waiting') and note sprintf '%.1f s', $seconds;

# --- files that are left out ---

$gateway->server->announce(qw(DYGW0350 DYGW0702 DYGW0704));
my ($gone, $again) = map { $gateway->server->dir . "/$_.csv" } qw(gone again);
spew($again, "store,poi_id\n7001,98\n9001,97\n", 0644);
declare($right . "DygwStores $gone\n");
$found = finds('a file of stores that is gone', '', %well, declared_file => 'fail unreadable');
is($found->{declared_file}{detail}{file}, $gone, '... is named');
is(says('the doctor says what to do about it', [],
        qr/^FAIL  File of stores \Q$gone\E: .*none of its stores is declared\.\n +-> Mend .*\($place\).*configtest/m),
    1, '... and fails');
says('... in Chinese', [qw(--lang zh)], qr/^失败  门店文件 \Q$gone\E: .*\n +-> .*$place 处的 DygwStores/m);
declare($right . "DygwStores $again\n");
$found = finds('one that collides', '', %well, declared_file => 'fail conflict');
is_deeply([ @{ $found->{declared_file}{detail} }{qw(file wrong)} ], [ $again, 1 ], '... in how many places');
says('... the doctor says so', [], qr/^FAIL  File of stores \Q$again\E: It collides .* 1 places: none of its stores/m);
spew($again, "store,poi_id,account_id\n9001,$stores{second}[1],${\ SECOND}\n", 0644);
declare($right . "DygwStores $again\n");
is(finds('one that was mended', '', %well)->{declared_stores}{detail}{right}, 4, '... declares its stores');

# --- declared apps ---

my $secret = 'file:' . $gateway->secret_file('till-secret', 'sk-of-the-tills-4711');
my ($client, $other) = $gateway->create_app(code => 'till', client_key => 'ck_of_the_office');
declare($right . app('pos', 'pos-2f7c9a10', $secret));
finds('a declared app', '', %well, declared_apps => 'pass');
declare($right . app('pos', 'pos-2f7c9a10', $secret) . app('till', 'till-2f7c9a10', $secret));
$gateway->server->announce('DYGW0720');
$found = finds('an app in the way of a declared one', '', %well, 'declared_app till' => 'fail conflict');
is_deeply([ @{ $found->{'declared_app till'}{detail} }{qw(field other other_id)} ], [ 'code', 'till', $other->{id} ],
    '... which one, and in what');
says('... the doctor knows two ways out', [], qr{^FAIL  Declared app till: .*app till .*the same code\.\n}m,
    qr{^ +-> Give the section another code \($place\).*takes over.*/apps/$other->{id}\.}m);
sub conflicts { return Dygw::Metrics->scrape($gateway)->total('dygw_declared_troubles', kind => 'conflict') }
ok(scalar(poll { conflicts() == 1 }), '... the metrics count it');
declare($right . app('pos', 'pos-2f7c9a10', $secret) . app('tills', 'till-2f7c9a10', $secret));
finds('the section has another code', '', %well, declared_apps => 'pass');
ok(scalar(poll { conflicts() == 0 }), '... which the metrics tell, too');
$client->disconnect;

# --- another host ---

$declared = $right . app('pos', 'pos-2f7c9a10', $secret);
$gateway->set(DygwNonceStore => 'dbd');
declare($declared);
my $beside = Dygw::Gateway->new(name => 'the other host', sandbox => $sandbox, database => $gateway->database,
    children => 1, directives => { DygwNonceStore => 'dbd' },
    conf => $right . app('pos', 'pos-2f7c9a10', 'file:' . $gateway->secret_file('other', 'sk-of-nobody-else-4711'))
        . app('kiosk', 'kiosk-2f7c9a10', $secret));
$beside->start_beside($gateway);
$found = {};
ok(poll(sub { ($found) = grep { $_->{name} eq 'declared_host' } values %{ diagnose() } }, 30),
    'another host that declares otherwise is found');
is($found->{detail}{wrong}, 2, '... in how many apps');
says('... the doctor names it and them', [],
    qr{^warn  Declared apps of host \S+: That host declares 2 apps otherwise than this one: .*(?:pos|kiosk)}m);
$beside->disconnect;
$beside->server->check_log;

$gateway->finish;
done_testing;
