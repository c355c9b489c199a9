#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# GET /diagnosis finds a healthy gateway healthy, and each thing that is not as it has to be; dygw-doctor tells.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw(sleep);

use Dygw::Expect;
use Dygw::Gateway qw(POI MASTER_KEY);
use Dygw::Sandbox;
use Dygw::Server qw(free_port poll spew);

use constant ANOTHER_KEY => 'ff' x 32;
use constant ACCOUNT_OF_OTHERS => '7014065493820573711';

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my $doctor = "$FindBin::Bin/../../build/dygw-doctor";
my @everything = qw(upstream douyin_connection douyin_clock secret token address authorisation scope_certificate
    scope_store scope_order scope_billing scope_ledger database database_clock schema connections master_key worker
    nonces pool);
my @scopes = grep { /\Ascope_/ } @everything;

# Douyin over TLS too, with a certificate of its own and one that has expired.
my $dir = File::Temp::tempdir(CLEANUP => 1);
chmod 0755, $dir;
my %tls = (good => free_port(), old => free_port());
for my $name (sort keys %tls) {
    my $then = $name eq 'old' ? 'faketime -f -3d' : '';    # openssl makes none that has expired
    my $said = `cd $dir && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $name.key \\
        -subj /CN=127.0.0.1 -out $name.csr 2>&1 && printf 'subjectAltName=IP:127.0.0.1' > $name.ext \\
        && $then openssl x509 -req -in $name.csr -signkey $name.key -days 2 -extfile $name.ext -out $name.pem 2>&1`;
    $? == 0 or die "openssl: $said";
}
my $hosts = join '', map { <<"END" } sort keys %tls;
Listen 127.0.0.1:$tls{$_}
<VirtualHost 127.0.0.1:$tls{$_}>
    SSLEngine on
    SSLCertificateFile $dir/$_.pem
    SSLCertificateKeyFile $dir/$_.key
    <Location "/">
        SetHandler dygw-sandbox
    </Location>
</VirtualHost>
END
my $sandbox = Dygw::Sandbox->new(modules => ['ssl'], conf => $hosts);
$sandbox->server->announce(qw(AH01873 AH01882 AH01909));    # of mod_ssl, about its set-up

my $gateway;

# One a second is all that a gateway does.
sub diagnose {
    my ($query) = @_;
    my $answer;
    poll { ($answer = $gateway->internal->call(GET => '/diagnosis' . ($query // '')))->{status} != 429 || !sleep 0.2 };
    is($answer->{status}, 200, 'a diagnosis') or diag $answer->{body};
    my %found;
    $found{ $_->{name} . ($_->{detail}{poi_id} // '') } = $_ for @{ $answer->{json}{data}{checks} };
    return \%found;
}

sub word { my ($check) = @_; return join ' ', grep { defined } @$check{qw(state reason)} }

# One test: these checks are so, each other one passes (or could not fail here).
sub diagnosis_is {
    my ($name, $query, %expected) = @_;
    my $found = diagnose($query);
    my %usual = (upstream => 'warn sandbox', connections => qr/\A(?:pass|skipped no_server)\z/,
        database => qr/\Apass|warn slow\z/);
    my @wrong;
    for my $check (sort keys %{ { %$found, %expected } }) {
        my $want = $expected{$check} // $usual{$check} // 'pass';
        my $got = $found->{$check} ? word($found->{$check}) : 'absent';
        push @wrong, "$check: $got, not $want" if ref $want ? $got !~ $want : $got ne $want;
    }
    ok(!@wrong, $name) or diag join "\n", @wrong;
    return $found;
}

# What the script prints, and how it ends.
sub consult {
    my (@arguments) = @_;
    my $command = join ' ', map { "'$_'" } $^X, $doctor, '--url', $gateway->server->url . '/v1/internal', @arguments;
    my $printed = `$command 2>&1`;
    my $status = $? >> 8;
    utf8::decode($printed);
    unlike($printed, qr/${\ Dygw::Sandbox::CLIENT_SECRET}|${\ MASTER_KEY}|clt\./, 'no secret is shown');
    return ($status, $printed);
}

# The next calls of a kind fail so, until they are cleared.
sub failing {
    my ($call, %fault) = @_;
    $sandbox->clear;
    $sandbox->fault(call => $call, fault => 'error', times => -1, %fault);
    return;
}

sub reconfigured { my (%to) = @_; $gateway->set(%to); $gateway->graceful; return }

# --- a healthy gateway ---

$gateway = Dygw::Gateway->new(sandbox => $sandbox, timeout => 2)->start;
my $url = $gateway->server->url;
my $other = '7012345678901234568';
my $found = diagnosis_is('all is well', '?peak=100&poi_id=' . POI . ",$other");
is_deeply([ sort keys %$found ], [ sort @everything, 'store' . POI, "store$other" ], 'all of it was examined');
is($found->{nonces}{detail}{per_second}, 166, 'how many requests the nonces have room for');
is($found->{authorisation}{detail}{account_id}, Dygw::Gateway::ACCOUNT, 'whose authorisation it is');
is($found->{'store' . POI}{detail}{account_id}, Dygw::Gateway::ACCOUNT, '... and whose the store');
is($found->{master_key}{detail}{opened}, 2, "the app's secret and the token open");
is($found->{pool}{detail}{threads}, 8, 'the threads of a child');
cmp_ok(abs $found->{douyin_clock}{detail}{difference_ms}, '<', 5000, "Douyin's clock is read");
is($sandbox->count('client_token') + 0, 0, 'no token is fetched that would end another');
is($sandbox->count($_) + 0, 0, "no $_ was sent") for qw(prepare verify cancel);

my ($status, $printed) = consult('--poi', POI, '--peak', 100, '--open', "$url/v1/open", '--health', "$url/health");
is($status, 0, 'the doctor finds nothing');
unlike($printed, qr/^(?:FAIL|warn(?!  Upstream: ))/m, '... says so');
like($printed, qr/^warn  Upstream: What answers is not Douyin but the sandbox.*\n +-> .*DygwUpstream/m,
    '... but that Douyin is the sandbox');
like($printed, qr{^pass  /open\npass  /health$}m, '... of /open and /health as well');
like($printed, qr/^pass  Authorisation by the merchant: account ${\ Dygw::Gateway::ACCOUNT}$/m,
    '... names the account');
error_is($gateway->internal->call(GET => '/diagnosis'), 429, 'rate_limited', 'once a second is enough');
($status, $printed) = consult('--operator-header', 'X-Other');
is($status, 2, 'without an operator there is no diagnosis');
like($printed, qr/--operator-header/, '... and the doctor says why');

my $plain = $gateway->plain('/v1/internal');
error_is($plain->call(GET => '/diagnosis'), 401, 'operator_required', 'an operator is required');
my $internal = $gateway->internal;
for my $wrong ('', ',', 'a,', ',a', 'a,,b', 'a%20b', join(',', 1 .. 21), 'x' x 33) {
    error_is($internal->call(GET => "/diagnosis?poi_id=$wrong"), 400, 'invalid_request', "poi_id=$wrong",
        field => 'poi_id');
}
error_is($internal->call(GET => "/diagnosis?peak=$_"), 400, 'invalid_request', "peak=$_", field => 'peak') for qw(0 x);
error_is($internal->call(POST => '/diagnosis', {}), 405, 'method_not_allowed', 'it is a GET');

# --- what Douyin says ---

failing(orders => (error_code => 2190004));
diagnosis_is('2190004: the permission is missing', '', scope_order => 'fail no_permission');
($status, $printed) = consult();
is($status, 1, 'the doctor fails');
like($printed, qr/^FAIL  .*life\.capacity\.order\.query: .*error_code 2190004 .*logid \w+\n.*Apply for life\.capacity/m,
    '... and says what to apply for');
($status, $printed) = consult('--lang', 'zh');
like($printed, qr/^失败  .*life\.capacity\.order\.query.*\n.*能力申请/m, '... in Chinese, too');

failing(get => (error_code => 2190004));
$sandbox->fault(call => 'orders', fault => 'error', error_code => 2119003, times => -1);
$sandbox->fault(call => 'verify_record', fault => 'error', error_code => 2119010, times => -1);
$sandbox->fault(call => 'ledger', fault => 'error', error_code => 2190004, times => -1);
diagnosis_is('2190004, 2119003, 2119010: each interface by itself, and redemptions can do without the ledger', '',
    scope_ledger => 'warn no_permission', scope_certificate => 'fail no_permission',
    scope_order => 'warn busy', scope_billing => 'fail taken_down');
for my $code (2100007, 2119013) {
    failing(any => (error_code => $code));
    diagnosis_is("$code: the address is not allow-listed", '', address => 'fail address_refused',
        secret => 'skipped address_refused', authorisation => 'skipped no_answer',
        map { $_ => 'skipped address_refused' } @scopes);
}
failing(get => (error_code => 2100007, description => '无权限操作'));
diagnosis_is('2100007 whose text speaks of no address', '', scope_certificate => 'fail no_permission');
failing(orders => (error_code => 2190005));
$sandbox->fault(call => 'get', fault => 'error', error_code => 28001018, times => -1);
$sandbox->fault(call => 'verify_record', fault => 'error', error_code => 2119099, times => -1);
diagnosis_is('2190005, 28001018, and a number of the platform\'s that nobody knows', '',
    authorisation => 'fail not_authorised', scope_order => 'skipped not_authorised',
    scope_certificate => 'fail no_permission', scope_billing => 'fail no_permission');
failing(stores => (error_code => 1508));
diagnosis_is('1508: the merchant has not authorised', '?poi_id=' . POI, authorisation => 'fail not_authorised',
    scope_store => 'skipped not_authorised', 'store' . POI() => 'fail not_authorised');
failing(stores => (error_code => 3000001));
diagnosis_is('3000001: a store that Douyin will not tell about', '?poi_id=' . POI, 'store' . POI() => 'fail refused');
failing(verify_record => (error_code => 2119005));
$sandbox->fault(call => 'orders', fault => 'error', error_code => 2119008, times => -1);
$sandbox->fault(call => 'get', fault => 'error', error_code => 2119001, times => -1);
diagnosis_is('2119005, 2119008, 2119001: not authorised, punished, and a question that was not taken', '',
    authorisation => 'fail not_authorised', scope_billing => 'skipped not_authorised', scope_order => 'fail punished',
    scope_certificate => 'skipped not_understood');
failing(orders => (error_code => 2119003));
is((consult())[0], 0, 'a warning is no failure');
failing(get => (fault => 'garbage'));
diagnosis_is('an interface whose answer nobody understands', '', scope_certificate => 'warn no_answer');
failing(token => (error_code => 10013));
diagnosis_is('10013: the secret is wrong', '', secret => 'fail refused');
like((consult())[1], qr/^FAIL  Client key and secret: The secret does not belong/m, '... says the doctor');
failing(token => (error_code => 10020));
diagnosis_is('10020: too many token calls; and a store that Douyin does not know', '?poi_id=99,' . POI,
    secret => 'warn busy', store99 => 'fail unknown_store');
$sandbox->clear;

# --- the way ---

# The gateway's own background does not ask meanwhile: its token is good.
$gateway->server->announce(qw(DYGW0500 DYGW0501 DYGW0512));
my %unasked = (secret => 'skipped no_answer', address => 'skipped no_answer', authorisation => 'skipped no_answer',
               douyin_clock => 'skipped no_answer', map { $_ => 'skipped no_answer' } @scopes);
$sandbox->fault(call => 'token', fault => 'hang', ms => $gateway->too_long);
diagnosis_is('no answer in time', '?poi_id=' . POI, %unasked, douyin_connection => 'fail timeout',
    'store' . POI() => 'skipped no_answer');
$sandbox->fault(call => 'token', fault => 'drop_before');
diagnosis_is('the connection breaks', '', %unasked, douyin_connection => 'fail connection_broken');
my %answered = map { $_ => 'pass' } keys %unasked;
$sandbox->fault(call => 'token', fault => 'garbage');
diagnosis_is('an answer that is none of Douyin', '', %answered, douyin_connection => 'fail unreadable',
    secret => 'skipped no_answer');
$sandbox->fault(call => 'token', fault => 'status', http_status => 503);
diagnosis_is('a server error', '', %answered, douyin_connection => 'warn server_error', secret => 'warn busy');

reconfigured(DygwUpstream => 'http://127.0.0.1:' . free_port());
diagnosis_is('nobody listens', '', %unasked, douyin_connection => 'fail not_connected');
reconfigured(DygwUpstream => $sandbox->url =~ s/^http:/https:/r);
diagnosis_is('no TLS', '', %unasked, douyin_connection => 'fail tls_failed');
reconfigured(DygwUpstream => "https://127.0.0.1:$tls{good}");
diagnosis_is('a certificate that nobody vouches for', '', %unasked, douyin_connection => 'fail certificate_untrusted');
like((consult())[1], qr/^FAIL  DNS, connection and TLS.*\n.*DygwUpstreamCAFile/m, '... the doctor names the directive');
reconfigured(DygwUpstreamCAFile => "$dir/good.pem");
diagnosis_is('... until DygwUpstreamCAFile does', '');
reconfigured(DygwUpstream => "https://127.0.0.1:$tls{old}", DygwUpstreamCAFile => "$dir/old.pem");
diagnosis_is('a certificate that has expired', '', %unasked,
    douyin_connection => qr/\Afail certificate_(?:expired|untrusted)\z/);

# --- what is configured ---

# From here on the background may find what the diagnosis finds.
$gateway->server->announce(qw(DYGW0118 DYGW0121 DYGW0400 DYGW0401 DYGW0372));
$gateway->set(DygwUpstreamCAFile => undef, DygwUpstream => $sandbox->url);
reconfigured(DygwAccountId => undef, DBDMax => 3, DBDKeep => 3, DygwNonceStore => 'shm 1000');
my %no_account = (authorisation => 'warn no_account', map { $_ => 'skipped no_account' } @scopes[ 1 .. 4 ]);
$found = diagnosis_is('without an account, with small pools', '?peak=2&poi_id=' . POI, %no_account,
    pool => 'warn too_small', nonces => 'fail too_small');
is($found->{nonces}{detail}{capacity_needed}, 1200, 'how large the table has to be');
diagnosis_is('a store is found without an account', '?peak=1&poi_id=99,' . POI, %no_account, pool => 'warn too_small',
    store99 => 'fail unknown_store');
like((consult())[1], qr/^warn  Pool.*\n.*Leave DBDMax out/m, '... the doctor says what to do about the pool');
# A nonce each.
$gateway->client->call(GET => '/verifications?idempotency_key=x') for 1 .. 810;
$gateway->disconnect;
diagnosis_is('a table of nonces that is nearly full', '', %no_account, pool => 'warn too_small',
    nonces => 'warn nearly_full');

reconfigured(DygwAccountId => ACCOUNT_OF_OTHERS, DBDMax => 9, DBDKeep => 4, DygwNonceStore => 'dbd',
    DygwTokenEndpoint => 'client');
my $calls = $sandbox->count('client_token');
diagnosis_is('the client token call is left alone while a token is held', '', secret => 'skipped not_asked',
    nonces => 'skipped in_database');
is($sandbox->count('client_token'), $calls, '... indeed');
reconfigured(DygwAccountId => Dygw::Gateway::ACCOUNT, DBDKeep => 9, DygwTokenEndpoint => undef,
    DygwNonceStore => undef, DygwWorker => 'off');

# --- the token ---

$sandbox->kill_tokens;
diagnosis_is('a token that Douyin refuses, while a new one is to be had', '?poi_id=' . POI,
    token => 'fail token_refused');
failing(token => (error_code => 10013));
diagnosis_is('... and while none is', '?poi_id=' . POI, token => 'fail token_refused', secret => 'fail refused',
    address => 'skipped no_answer', authorisation => 'skipped no_answer', 'store' . POI() => 'skipped token_refused',
    map { $_ => 'skipped token_refused' } @scopes);
$sandbox->clear;

# --- the database ---

my $database = $gateway->database;
$database->query('UPDATE dygw_leases SET renewed_at = renewed_at - 120000');
diagnosis_is('nobody does the background work', '', worker => 'fail stalled', token => 'fail token_refused');
reconfigured(DygwMasterKey => 'file:' . $gateway->secret_file('another-key', ANOTHER_KEY));
$found = diagnosis_is('another master key', '', worker => 'fail stalled', token => 'fail token_refused',
    master_key => 'fail wrong_key');
is($found->{master_key}{detail}{not_opened}, 2, "the app's secret and the token do not open");
reconfigured(DygwMasterKey => join ' ', map { 'file:' . $gateway->secret_file($_->[0], $_->[1]) }
    [ 'another-key', ANOTHER_KEY ], [ 'master-key', MASTER_KEY ]);
$found = diagnosis_is('the old key is needed', '', worker => 'fail stalled', token => 'fail token_refused',
    master_key => 'warn old_key');
is($found->{master_key}{detail}{opened_with_old_key}, 2, '... by both');
$gateway->finish;

$database = Dygw::Database->new('pgsql');
$sandbox = Dygw::Sandbox->new;
$gateway = Dygw::Gateway->new(database => $database, sandbox => $sandbox)->start;
$found = diagnosis_is('PostgreSQL, all is well', '', connections => 'pass');
is_deeply([ @{ $found->{connections}{detail} }{qw(needed max_connections)} ], [ 4 * 9, 197 ],
    'connections are counted');
my $version = $database->query("SELECT value FROM dygw_meta WHERE name = 'schema_version'");
$database->query("UPDATE dygw_meta SET value = '1' WHERE name = 'schema_version'");
$found = diagnosis_is('a schema of yesterday', '', schema => 'fail behind', map { $_ => 'skipped no_schema' }
    qw(master_key worker));
like($found->{schema}{detail}{next_file}, qr{\Apgsql/0002_\w+\.sql\z}, '... the file to run is named');
$database->query("UPDATE dygw_meta SET value = '$version' WHERE name = 'schema_version'");
# What each child may open is what its threads use, however large the pool may get.
reconfigured(map { $_ => undef } qw(DBDMin DBDKeep DBDMax));
$found = diagnosis_is("mod_dbd's own sizes", '');
is($found->{connections}{detail}{needed}, 4 * 9, '... of which no more than one for each thread is needed');
sub leaving {
    my ($for_us) = @_;
    $gateway->disconnect;
    $database->limit_connections($for_us + 3);
    $database->stop;
    $database->start;
    return $gateway->wait_healthy;
}
leaving(40);
diagnosis_is('nearly all connections that the server has', '', connections => 'warn nearly_full');
leaving(30);
diagnosis_is('more connections than the server has', '', connections => 'fail too_many');
# What mod_dbd and the module say of it.
$gateway->server->announce(qw(AH00629 AH00632 AH00633 AH00636 AH00639 AH02655 DYGW0310 DYGW0600 DYGW0601));
$database->stop;
diagnosis_is('the database is away', '', database => 'fail unreachable', map { $_ => 'skipped no_database' }
    qw(database_clock schema connections master_key worker));
like((consult())[1], qr/^FAIL  Database, pgsql: .*\n.*DBDParams/m, '... says the doctor');
$database->limit_connections(200);
$database->start;
$gateway->wait_healthy;
diagnosis_is('and back', '', connections => 'pass');
$gateway->disconnect;
$gateway->server->check_log;

# Hosts on it whose own clocks are off: Douyin's and the database's agree.
for my $case ([ '+20s', 'warn', -20_000 ], [ '-90s', 'fail', 90_000 ]) {
    my ($clock, $state, $ahead) = @$case;
    $gateway = Dygw::Gateway->new(name => "the host of $clock", clock => $clock, database => $database,
        sandbox => $sandbox);
    $gateway->server->announce('DYGW0630');
    $gateway->start;
    $found = diagnosis_is("a clock of $clock", '', map { $_ => "$state clock_off" } qw(database_clock douyin_clock));
    cmp_ok(abs($found->{$_}{detail}{difference_ms} - $ahead), '<', 5000, "... $_: by how much")
        for qw(database_clock douyin_clock);
    my $shown = $state eq 'fail' ? 'FAIL' : $state;
    like((consult())[1], qr/^$shown  Clock of the gateway and the database: .*\n +-> .*NTP/m, '... the doctor tells');
    $gateway->disconnect;
    $gateway->server->check_log;
}
$sandbox->check_log;

$gateway = Dygw::Gateway->new(driver => 'mysql', sandbox => Dygw::Sandbox->new)->start;
$found = diagnosis_is('MariaDB, all is well', '', connections => 'pass');
is($found->{connections}{detail}{max_connections}, 200, 'its connections are counted');
$gateway->finish;
done_testing;
