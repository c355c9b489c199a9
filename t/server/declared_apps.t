#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Apps that httpd.conf declares: they sign in whether the database is there or not, their secrets are nowhere else, and
# httpd.conf alone changes them. What was /internal's is taken over and can be handed back; what collides is told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use Encode qw(encode);
use JSON::PP;
use Sys::Hostname qw(hostname);
use Test::More;

use Dygw::Client;
use Dygw::Expect;
use Dygw::Gateway qw(POI);
use Dygw::Server qw(poll slurp spew);

use constant UNKNOWN => 'invalid_credentials';

my $NAME = "\x{6536}\x{94f6}\x{53f0}"; # in UTF-8 in the file
my %SECRET = map { $_ => "sk_declared_$_" . '_0123456789' } qw(pos new old web kiosk mine late);

my $gateway = Dygw::Gateway->new(driver => 'pgsql', children => 2);
my ($database, $server) = ($gateway->database, $gateway->server);
my $file = $server->dir . '/apps.conf';
$gateway->{more} = "Include \"$file\"\n";
spew($_, '') for $file;
$gateway->start;
my $internal = $gateway->internal;

# --- tools ---

sub secret_file { return 'file:' . $gateway->secret_file("secret-$_[0]", $SECRET{ $_[0] }) }

# A section, as lines; `Secret` names secrets of ours.
sub section {
    my ($code, %directives) = @_;
    my @secrets = split / /, delete $directives{Secret} // $code;
    my $secrets = join ' ', map { secret_file($_) } @secrets;
    $directives{ClientKey} //= "key-of-$code";
    my @more = map { "    DygwApp$_ $directives{$_}" } sort keys %directives;
    return ("<DygwApp $code>", "    DygwAppSecret $secrets", @more, '</DygwApp>');
}

# Writes the sections and reloads; the background has looked since when this ends.
sub declare {
    my (@lines) = @_;
    spew($file, join '', map { "$_\n" } @lines);
    $_->disconnect for $internal, $gateway->client;
    $gateway->graceful;
    $gateway->wait_healthy;
    return;
}

sub client {
    my ($key, $secret) = @_;
    return Dygw::Client->new(port => $server->port, key => $key, secret => $SECRET{$secret} // $secret);
}

sub stores_of { return $_[0]->call(GET => '/douyin/stores?poi_id=' . POI, undef, headers => { Connection => 'close' }) }

sub signs_in {
    my ($client, $name) = @_;
    my $answer = stores_of($client);
    return is($answer->{status}, 200, $name) || diag $answer->{body};
}

sub is_refused {
    my ($client, $status, $code, $name) = @_;
    return error_is(stores_of($client), $status, $code, $name);
}

sub redeem {
    my ($client) = @_;
    my $coupon = $gateway->sandbox->mint_coupon;
    return $client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
        headers => { Connection => 'close' });
}

# The app as /internal lists it; polled, as the row of an app is made after the start.
sub listed {
    my ($code) = @_;
    my $app;
    poll {
        ($app) = grep { ($_->{code} // '') eq $code } @{ $internal->call(GET => '/apps?page_size=200')->{json}{data} };
        $app;
    };
    return $app;
}

sub entries_of {
    my ($id) = @_;
    my $answer = $internal->call(GET => "/audit?target=app:$id&page_size=100");
    my @entries = reverse @{ $answer->{json}{data} };
    return @entries;
}

sub place_of {
    my ($code) = @_;
    my @lines = split /\n/, slurp($file);
    my ($line) = grep { $lines[ $_ - 1 ] =~ /<DygwApp \Q$code\E>/ } 1 .. @lines;
    return "$file:$line";
}

# Everything that the database holds, as text.
sub dump_of_database {
    my @tables = map { $_->[0] } $database->query(
        q(SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'));
    return join "\n", map { my $table = $_; map { @$_ } $database->query("SELECT t::text FROM $table t") } @tables;
}

# --- declared, and signed in ---

declare(section('pos', Name => encode('UTF-8', $NAME), Secret => 'new old', TokenRead => 'on'));
my $pos = client('key-of-pos', 'new');
signs_in($pos, 'a declared app signs in');
signs_in(client('key-of-pos', 'old'), 'and with its second secret');
is_refused(client('key-of-pos', 'web'), 401, UNKNOWN, 'with a third one it does not');
my $redeemed = redeem($pos);
view_is($redeemed, 'it redeems', verify_status => 'success', app_name => $NAME);
my $app = listed('pos');
is($redeemed->{json}{data}{app_id}, $app->{id}, 'the record has the id of its row');
is_deeply({ map { $_ => $app->{$_} } qw(name client_key status allow_token_read poi_ids source declared_in) },
    { name => $NAME, client_key => 'key-of-pos', status => 'active', allow_token_read => JSON::PP::true,
      poi_ids => undef, source => 'config', declared_in => place_of('pos') }, 'it is listed with its place');
is_deeply($internal->call(GET => "/apps/$app->{id}")->{json}{data}, $app, 'and read alike');
is($gateway->app->{source}, 'database', 'an app of /internal says so');
ok(exists $gateway->app->{declared_in} && !defined $gateway->app->{declared_in}, 'and has no place');
my $dump = dump_of_database();
like($dump, qr/key-of-pos/, 'the database knows its key');
unlike($dump, qr/$SECRET{$_}/, "but not the $_ secret") for qw(new old);
is($database->query("SELECT secret_sealed FROM dygw_apps WHERE id = $app->{id}") // '', '', 'nor a sealed one');
is($pos->call(GET => '/douyin/access-token')->{status}, 200, 'it reads the token');
poll { $database->query("SELECT COUNT(*) FROM dygw_audit WHERE action = 'token.read' AND target = 'app:$app->{id}'") };
my @entries = entries_of($app->{id});
is_deeply([ map { $_->{action} } @entries ], [qw(app.declare token.read)], 'its trail');
is($entries[0]{actor}, 'config:' . substr(hostname(), 0, 64), 'declared by this host');
is($entries[0]{before}, undef, 'it is new');
is($entries[0]{after}{source}, 'config', 'by httpd.conf');
ok(poll(sub { listed('pos')->{last_used_at} }, 10), 'its last use is kept');

# --- what httpd.conf owns is changed there ---

for my $call ([ PATCH => '', { name => 'x' } ], [ PATCH => '/token-access', { allow_token_read => JSON::PP::false } ],
    [ POST => '/secret', {} ]) {
    my ($method, $path, $body) = @$call;
    my $answer = $internal->call($method => "/apps/$app->{id}$path", $body);
    error_is($answer, 409, 'app_declared', "$method $path is refused");
    my $place = place_of('pos');
    like($answer->{json}{message}, qr/declared in \Q$place\E on this host/, 'and names the place');
}
error_is($internal->call(POST => '/apps', { name => 'x', code => 'pos' }), 409, 'conflict', 'its code is taken',
    field => 'code');
error_is($internal->call(POST => '/apps', { name => 'x', client_key => 'key-of-pos' }), 409, 'conflict',
    'so is its client_key', field => 'client_key');
is(scalar(() = entries_of($app->{id})), 2, 'all that left no entry');
signs_in($pos, 'and changed nothing');

# Nothing differs, so nothing is written; a line further down is no difference.
declare('# one line more', section('pos', Name => encode('UTF-8', $NAME), Secret => 'new', TokenRead => 'on'));
signs_in($pos, 'after a reload');
is_refused(client('key-of-pos', 'old'), 401, UNKNOWN, 'a secret that is gone from the file signs no more');
is(listed('pos')->{declared_in}, place_of('pos'), 'its place is the new one');
is(scalar(() = entries_of($app->{id})), 2, 'without an entry');
declare(section('pos', Secret => 'new', Status => 'disabled', Stores => 'none'));
is_refused($pos, 403, 'app_disabled', 'disabled by the file');
ok(poll(sub { listed('pos')->{status} eq 'disabled' }, 10), 'and shown so');
ok(poll(sub { (entries_of($app->{id}))[-1]{action} eq 'app.declare' }, 10), 'with an entry');
is_deeply((entries_of($app->{id}))[-1]{after},
    { name => 'pos', status => 'disabled', allow_token_read => JSON::PP::false, poi_ids => [] }, 'of what differs');

# --- the rate of its own ---

declare(section('pos', Secret => 'new', RateLimit => '1 2'), section('web', RateLimit => 'off'));
my $web = client('key-of-web', 'web');
is_deeply([ map { stores_of($pos)->{status} } 1 .. 3 ], [ 200, 200, 429 ], 'it has a rate of its own');
is_deeply([ map { stores_of($web)->{status} } 1 .. 4 ], [ (200) x 4 ], 'another one has none');

# --- the database is away ---

declare(section('pos', Secret => 'new old', TokenRead => 'on'), section('web', RateLimit => '1 2'));
signs_in($pos, 'with the database');
my $known = redeem($pos)->{json}{data}{id};
$server->announce(qw(AH00629 AH00632 AH00633 AH00636 AH00639 AH02655 DYGW0600 DYGW0601 DYGW0310 DYGW0346 DYGW0350));
$database->stop;
$gateway->restart; # no child has ever seen the apps
poll { $gateway->plain->call(GET => '/health/live')->{status} == 200 };
signs_in($pos, 'the database away since the start: it signs in');
signs_in(client('key-of-pos', 'old'), 'with both secrets');
is_refused(client('key-of-pos', 'web'), 401, UNKNOWN, 'a wrong one is refused');
is_deeply([ map { stores_of($web)->{status} } 1 .. 3 ], [ 200, 200, 429 ], 'its rate counts');
is_refused($gateway->client, 503, 'database_unavailable', 'an app of the database cannot be told from none');
my $sent = $gateway->sandbox->count('verify') + $gateway->sandbox->count('prepare');
error_is(redeem($pos), 503, 'database_unavailable', 'what is to be recorded cannot be done');
is($gateway->sandbox->count('verify') + $gateway->sandbox->count('prepare'), $sent, 'and nothing was sent');
error_is($pos->call(POST => '/coupons/cancel', { verification_id => $known }), 503, 'database_unavailable',
    'nor cancelled');
error_is($pos->call(GET => "/verifications/$known"), 503, 'database_unavailable', 'nor looked up');
error_is($pos->call(GET => '/verifications?idempotency_key=k'), 503, 'database_unavailable', 'by a key neither');
error_is($pos->call(GET => '/douyin/access-token'), 503, 'database_unavailable',
    'a read that would leave no entry is refused');
$pos->disconnect;
$database->start;
$gateway->wait_healthy;
my $again;
poll { ($again = redeem($pos))->{status} == 200 };
view_is($again, 'the database is back, and so is the app', verify_status => 'success', app_id => $app->{id});
is($gateway->rows('dygw_verifications', 'app_id = 0'), 0, 'nothing was recorded of nobody');

# --- taken over ---

my ($recorded, $mine) = $gateway->create_app(code => 'mine', client_key => 'key-of-mine', secret => $SECRET{late},
    description => 'by the door', name => 'Mine');
my $before = redeem($recorded)->{json}{data};
poll { listed('mine')->{last_used_at} } 10;
my $last_used = listed('mine')->{last_used_at};
$recorded->disconnect;
declare(section('pos', Secret => 'new'), section('mine', Name => 'Mine'));
signs_in(client('key-of-mine', 'mine'), 'an app of the database is declared: the secret of the file');
is_refused($recorded, 401, UNKNOWN, 'not the one before');
my $taken = listed('mine');
poll { ($taken = listed('mine'))->{source} eq 'config' };
is_deeply([ @$taken{qw(id source created_at last_used_at)} ],
    [ $mine->{id}, 'config', $mine->{created_at}, $last_used ], 'its id, its age and its last use stay');
my $entry;
poll { ($entry) = grep { $_->{action} eq 'app.declare' } entries_of($mine->{id}) };
is_deeply([ @$entry{qw(before after)} ], [ { source => 'database' }, { source => 'config' } ],
    'the entry says what it is');
is($internal->call(GET => "/reports/verifications?app_id=$mine->{id}")->{json}{data}[0]{id}, $before->{id},
    'its history is there');
ok(poll(sub {
        ($database->query("SELECT secret_sealed FROM dygw_apps WHERE id = $mine->{id}") // '') eq '';
    }, 60), 'its stored secret is erased');

# --- in each other's way ---

my ($kiosk_client, $kiosk) = $gateway->create_app(code => 'kiosk', client_key => 'key-of-others', name => 'theirs');
$server->announce('DYGW0720');
$kiosk_client->disconnect;
declare(section('pos', Secret => 'new'), section('mine', Name => 'Mine'), section('kiosk'),
    section('web', ClientKey => $gateway->app->{client_key}));
is_refused(client('key-of-kiosk', 'kiosk'), 401, UNKNOWN, 'a code of another app: it is not served');
signs_in($kiosk_client, 'the other app goes on');
is_refused(client($gateway->app->{client_key}, 'web'), 401, UNKNOWN, 'a client_key of another app: neither');
signs_in($gateway->client, 'that one goes on, too');
signs_in($pos, 'and so do the others');
ok(poll(sub { 2 <= (() = $server->log_text =~ /DYGW0720: /g) }, 10), 'the log tells of both');
my $place = place_of('kiosk');
my $why = qr/is not served: another app, kiosk \(id $kiosk->{id}\), has its code/;
$server->log_like(qr/DYGW0720: <DygwApp kiosk> \(\Q$place\E\) $why/,
    'which it is, where, and whose way it is in');
is($internal->call(PATCH => "/apps/$kiosk->{id}", { description => 'still theirs' })->{status}, 200,
    'the app of the database is changed as ever');
is(listed('kiosk')->{source}, 'database', 'and is the databases');

# --- gone, and handed back ---

declare(section('pos', Secret => 'new'));
is_refused(client('key-of-mine', 'mine'), 401, UNKNOWN, 'a section that is gone: the app is unknown');
ok(poll(sub { listed('mine')->{status} eq 'disabled' }, 40), 'its row stays, disabled');
($entry) = grep { $_->{action} eq 'app.undeclare' } entries_of($mine->{id});
is(($entry // {})->{actor}, 'config:' . substr(hostname(), 0, 64), 'with an entry');
my $answer = $internal->call(PATCH => "/apps/$mine->{id}", { name => 'x' });
error_is($answer, 409, 'app_declared', 'it is not changed');
like($answer->{json}{message}, qr{POST /apps/$mine->{id}/secret}, 'and the message says what to do');
$answer = $internal->call(POST => "/apps/$mine->{id}/secret", { secret => $SECRET{late} });
is($answer->{status}, 200, 'a new secret hands it back') or diag $answer->{body};
is_deeply([ @{ $answer->{json}{data}{app} }{qw(id source declared_in status)} ],
    [ $mine->{id}, 'database', undef, 'active' ], 'to the database, active');
signs_in(client('key-of-mine', 'late'), 'it signs in with that');
$entry = (entries_of($mine->{id}))[-1];
is_deeply([ @$entry{qw(action actor)} ], [ 'app.secret', 'operator-1' ], 'its entry');
is_deeply([ @{ $entry->{before} }{qw(source status)}, @{ $entry->{after} }{qw(source status)} ],
    [qw(config disabled database active)], 'says from what to what');
is($internal->call(PATCH => "/apps/$mine->{id}", { name => 'x' })->{status}, 200, 'and it is changed as others are');

# And once more into the file.
$internal->disconnect;
declare(section('pos', Secret => 'new'), section('mine'));
signs_in(client('key-of-mine', 'mine'), 'declared again');
ok(poll(sub { listed('mine')->{source} eq 'config' }, 10), 'it is the files again');

# --- a secret that cannot be read ---

declare(section('pos', Secret => 'new'), section('web'), section('mine'));
signs_in($web, 'with its secret');
unlink $server->dir . '/secret-web' or die "secret-web: $!";
$_->disconnect for $internal, $web;
$gateway->graceful;
$gateway->wait_healthy;
$answer = stores_of($web);
error_is($answer, 503, 'key_unavailable', 'an app whose secret cannot be read is refused');
like($answer->{json}{message}, qr/secret of this app could not be read/, 'and told so');
signs_in($pos, 'the others are served');
$dump = dump_of_database();
unlike($dump, qr/$SECRET{$_}/, "the database never knew the $_ secret") for qw(new old web kiosk mine);
$_->disconnect for $internal, $gateway->client, $pos, $web;
$gateway->finish;
done_testing;
