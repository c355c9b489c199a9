# SPDX-License-Identifier: Apache-2.0
# build/dygw-migrate: from a SQLite file that a gateway has filled to PostgreSQL and to MariaDB, where another gateway
# goes on; and back; and from each of the two servers to the other.
use strict;
use warnings;
use utf8;

use Cwd qw(abs_path);
use Digest::SHA;
use File::Basename qw(dirname);
use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use Dygw::Client;
use Dygw::Database;
use Dygw::Gateway qw(POI);
use Dygw::Sandbox;
use Dygw::Server qw(slurp spew);
use DBI;

use constant { MANY => 450, LONG => 60_000, MAX => '9223372036854775807', UNFINISHED => 'dygw-migrate: not complete' };

binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output todo_output);

my $program = abs_path("$Bin/../../build/dygw-migrate");
my $sandbox = Dygw::Sandbox->new;
my $source = Dygw::Database->new('sqlite3');
my $version = @{[ $source->migrations ]};
my ($client, $coupon, $spent, $verification, $token);

# --- what is moved ---

sub fill_by_gateway {
    my $gateway = Dygw::Gateway->new(database => $source, sandbox => $sandbox,
                                     directives => { DygwNonceStore => 'dbd' });
    $gateway->start(allow_token_read => JSON::PP::true);
    $client = $gateway->client;
    $coupon = $sandbox->mint_coupon(coupons => 2);
    $spent = $client->message(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
                              headers => { 'Idempotency-Key' => 'moving' });
    my $answer = $client->exchange($spent, 'POST');
    is($answer->{json}{data}{verify_status}, 'success', 'a gateway on SQLite redeems');
    $verification = $answer->{json}{data};
    $token = $client->call(GET => '/douyin/access-token')->{json}{data}{access_token};

    my ($status, $said) = migrate('--from', 'sqlite3:' . $source->file, '--to', 'sqlite3:' . $source->file);
    is($status, 1, 'a source that a gateway uses is not moved');
    like($said, qr/the source is in use \(the background of \S+ works on it\)/, 'and it is said why');
    $gateway->finish;
    return;
}

my @NASTY = (
    '', ' ', 'ends in blanks  ', "quo'te \"quote\" `tick`", 'back\\slash \\n \\\\', "bell \a, back \b, escape \e",
    "lines\r\nand\ttabs", 'NULL', '券 🎫 e' . "\x{301}", '%_?$1:a::int', "\x{feff}bom", '🎫' x 32, "\x{10ffff}",
);
my %ROW = (app_id => 7, verify_status => 'failed', enrichment_status => 'skipped', created_at => 1, updated_at => 2,
           mode => 'code', first_id => 1);

sub insert {
    my ($dbh, $table, %row) = @_;
    my @columns = sort keys %row;
    $dbh->do("INSERT INTO $table (" . join(', ', @columns) . ') VALUES (' . join(', ', ('?') x @columns) . ')', undef,
             @row{@columns});
    return;
}

# What is declared: an app whose secret is in no database, stores of two merchants, and hosts; one of them was here
# a moment ago, and is no reason to wait.
sub declare {
    my ($dbh) = @_;
    insert($dbh, 'dygw_apps', id => 70, name => 'pos', code => 'pos', client_key => 'pos-2f7c9a10', secret_sealed => '',
           status => 'active', source => 'config', declared_in => "/etc/o'dd 券.conf:12", created_at => 1,
           updated_at => 2);
    insert($dbh, 'dygw_declarations', host => $_, client_key => 'pos-2f7c9a10', code => 'pos', fingerprint => "f-$_",
           declared_in => $_ eq 'b' ? undef : "/etc/$_:1") for qw(a b A);
    insert($dbh, 'dygw_leases', name => 'host:a', owner => 'a', until_at => MAX, renewed_at => 1);
    insert($dbh, 'dygw_verifications', %ROW, id => 70 + $_, store => (undef, '7001', 'east-1')[$_],
           account_id => $_ ? "701406549382057371$_" : undef) for 0 .. 2;
    return;
}

# Keys over several pages, of one column and of four, and texts that order in another way elsewhere.
sub insert_many {
    my ($dbh) = @_;
    for my $i (1 .. MANY) {
        insert($dbh, 'dygw_nonces', nonce_key => sprintf('%x', $i * 7919), expires_at => MAX);
        insert($dbh, 'dygw_reconciliation_items', day => $i % 3 ? '2026-01-02' : '2026-01-03', account_id => $i % 2,
               generation => $i % 5, item_no => $i, item => '{}');
    }
    my $n = 0;
    insert($dbh, 'dygw_webhooks', msg_id => $_, received_at => $n++) for qw(a A ä Z é 😀 _ - b B 1 10 9 stop);
    return;
}

sub fill_by_hand {
    my $dbh = DBI->connect('dbi:SQLite:dbname=' . $source->file, '', '', { RaiseError => 1, sqlite_unicode => 1 });
    $dbh->begin_work;
    my $id = 100;
    insert($dbh, 'dygw_verifications', %ROW, id => $id++, app_name => $_, device => undef, error_description => "$_$_",
           douyin_response => $_) for @NASTY;
    insert($dbh, 'dygw_verifications', %ROW, id => MAX, pay_amount => '-' . MAX, receipt_amount => 0,
           expire_time => MAX, device => 'x  ', encrypted_code => '券' x 2048, douyin_response => '🎫' x LONG);
    insert($dbh, 'dygw_verifications', %ROW, id => '-9223372036854775808', item_no => 32767, item_count => -32768);
    declare($dbh);
    insert_many($dbh);
    $dbh->commit;
    $dbh->disconnect;
    return;
}

# --- the program ---

sub migrate {
    my (@arguments) = @_;
    my $pid = open(my $pipe, '-|') // die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        { exec $^X, $program, @arguments; }
        POSIX::_exit(127);
    }
    binmode $pipe, ':encoding(UTF-8)';
    my $said = do { local $/; <$pipe> } // '';
    close $pipe;
    return ($? >> 8, $said);
}

# For --from and --to: params may hold a password, so they come by the environment.
sub named {
    my ($option, $database) = @_;
    my $name = 'DYGW_TEST_' . uc $option;
    $ENV{$name} = $database->driver . ':' . $database->params;
    return ("--$option", "env:$name");
}

sub ends {
    my ($expected, $pattern, $name, @arguments) = @_;
    my ($status, $said) = migrate(@arguments);
    my $ok = ok($status == $expected && $said =~ $pattern, $name);
    diag("exit code $status, and it said:\n$said") if !$ok;
    return $said;
}

sub moves {
    my ($from, $to, $name, @options) = @_;
    return ends(0, qr/^All rows are equal\.$/m, $name, @options, named(from => $from), named(to => $to));
}

sub refuses {
    my ($from, $to, $pattern, $name, @options) = @_;
    return ends(1, $pattern, $name, @options, named(from => $from), named(to => $to));
}

sub marker { return scalar $_[0]->query("SELECT value FROM dygw_meta WHERE name = 'douyin_client_key'") }

# --- what may be wrong before ---

sub prepared {
    my ($target) = @_;
    my $driver = $target->driver;
    refuses($source, $target, qr{no tables of mod_dygw: run the files of sql/$driver/}, "$driver: needs the tables");
    $target->sql_file;
    my $older = $version - 1;
    $target->query("UPDATE dygw_meta SET value = '$older' WHERE name = 'schema_version'");
    refuses($source, $target, qr/of version $version, that of the target of $older\b/,
            "$driver: needs the same version");
    $target->query("UPDATE dygw_meta SET value = '$version' WHERE name = 'schema_version'");
    $target->query('CREATE TABLE dygw_odd (id INT NOT NULL PRIMARY KEY, x REAL)');
    refuses($source, $target, qr/^dygw-migrate: dygw_odd\.x of the target is of the unknown type \w+/m,
            "$driver: a column of an unknown type is not moved by guess");
    $target->query('ALTER TABLE dygw_odd DROP COLUMN x');
    refuses($source, $target, qr/dygw_odd is not the same table/, "$driver: a table of one side only is named");
    $target->query('DROP TABLE dygw_odd');
    $target->query("INSERT INTO dygw_meta (name, value) VALUES ('douyin_client_key', 'awother')");
    refuses($source, $target, qr/of the application awother/, "$driver: another application's is not taken");
    $target->query("DELETE FROM dygw_meta WHERE name = 'douyin_client_key'");
    refuses($source, $target, qr/nothing to resume/, "$driver: there is nothing to resume", '--resume');
    return;
}

# A row that the target does not take stops it in the middle.
sub interrupted {
    my ($target) = @_;
    my $driver = $target->driver;
    $target->query("ALTER TABLE dygw_webhooks ADD CONSTRAINT dygw_stop CHECK (msg_id <> 'stop')");
    refuses($source, $target, qr/^dygw-migrate: .*dygw_stop/m, "$driver: stops when the target refuses a row");
    is(marker($target), UNFINISHED, "$driver: what is half moved is no gateway's");
    my $gateway = Dygw::Gateway->new(database => $target, sandbox => $sandbox);
    $gateway->server->announce('DYGW0343');
    ok(eval { $gateway->server->start }, "$driver: httpd starts, and no gateway on it");
    is($gateway->health->{json}{checks}{database}, 'foreign', "$driver: which /health says");
    is($gateway->internal->call(GET => '/apps')->{status}, 503, "$driver: nothing is read from it");
    like($gateway->server->log_text, qr/DYGW0343: .*application @{[UNFINISHED]},/, "$driver: and says why");
    $gateway->server->check_log;
    isnt($target->query('SELECT COUNT(*) FROM dygw_verifications'), 0, "$driver: something is moved already");
    $target->query('ALTER TABLE dygw_webhooks DROP CONSTRAINT dygw_stop');
    refuses($source, $target, qr/did not end: say --resume/, "$driver: does not begin anew unasked");
    my $said = moves($source, $target, "$driver: goes on with --resume", '--resume');
    like($said, qr/^dygw_verifications +0 copied/m, "$driver: what was moved is not moved again");
    is(marker($target), Dygw::Sandbox::CLIENT_KEY, "$driver: and then it is the application's");
    return;
}

# --- the verification ---

sub finds {
    my ($target, $what, $change, $pattern, $back) = @_;
    my $driver = $target->driver;
    $target->query($change);
    my $said = refuses($source, $target, $pattern, "$driver: finds $what", '--verify-only');
    like($said, qr/^NOT all rows are equal$/m, "$driver: and says so");
    $target->query($back);
    return;
}

sub verified {
    my ($target) = @_;
    my $driver = $target->driver;
    moves($source, $target, "$driver: all is equal to one that only looks", '--verify-only');
    refuses($source, $target, qr/the target is not empty: there are rows in dygw_apps/,
            "$driver: a target with rows is refused");
    finds($target, 'a blank too many', "UPDATE dygw_verifications SET device = 'x   ' WHERE id = " . MAX,
          qr/^dygw_verifications \(@{[MAX]}\): differs in device$/m,
          "UPDATE dygw_verifications SET device = 'x  ' WHERE id = " . MAX);
    finds($target, 'another owner of an app', "UPDATE dygw_apps SET source = 'database' WHERE id = 70",
          qr/^dygw_apps \(70\): differs in source$/m, "UPDATE dygw_apps SET source = 'config' WHERE id = 70");
    finds($target, 'a store that is gone', 'UPDATE dygw_verifications SET store = NULL WHERE id = 71',
          qr/^dygw_verifications \(71\): differs in store$/m,
          "UPDATE dygw_verifications SET store = '7001' WHERE id = 71");
    finds($target, 'a declaration that is missing', "DELETE FROM dygw_declarations WHERE host = 'A'",
          qr/^dygw_declarations \(A, pos-2f7c9a10\): is not in the target$/m,
          q(INSERT INTO dygw_declarations (host, client_key, code, fingerprint, declared_in) VALUES )
          . q(('A', 'pos-2f7c9a10', 'pos', 'f-A', '/etc/A:1')));
    finds($target, "'' that was NULL", "UPDATE dygw_verifications SET device = '' WHERE id = 100",
          qr/^dygw_verifications \(100\): differs in device$/m,
          'UPDATE dygw_verifications SET device = NULL WHERE id = 100');
    finds($target, 'another spelling of a key', "UPDATE dygw_webhooks SET msg_id = 'A ' WHERE msg_id = 'A'",
          qr/^dygw_webhooks \(A\): is not in the target$/m,
          "UPDATE dygw_webhooks SET msg_id = 'A' WHERE msg_id = 'A '");
    finds($target, 'a row too many', "INSERT INTO dygw_nonces (nonce_key, expires_at) VALUES ('more', 1)",
          qr/^dygw_nonces .*DIFFERENT$/m, "DELETE FROM dygw_nonces WHERE nonce_key = 'more'");
    moves($source, $target, "$driver: and after all that they are equal again", '--verify-only');
    return;
}

# --- the gateway after it ---

sub goes_on {
    my ($target) = @_;
    my $driver = $target->driver;
    # The host that was made up never ends, nor has its app a secret here.
    $target->query($_) for 'DELETE FROM dygw_apps WHERE id = 70', 'DELETE FROM dygw_declarations',
        "DELETE FROM dygw_leases WHERE name = 'host:a'";
    my $gateway = Dygw::Gateway->new(database => $target, sandbox => $sandbox,
                                     directives => { DygwNonceStore => 'dbd' });
    $gateway->start;
    my $old = Dygw::Client->new(port => $gateway->server->port, map { $_ => $client->{$_} } qw(key secret));
    my $answer = $old->call(GET => "/verifications/$verification->{id}");
    is_deeply([ $answer->{status}, $answer->{json}{data}{verify_id} ], [ 200, $verification->{verify_id} ],
              "$driver: an app signs with its old secret, and reads its old record");
    is($old->call(GET => '/douyin/access-token')->{json}{data}{access_token}, $token, "$driver: the token moved, too");
    is($old->exchange($spent, 'POST')->{json}{code}, 'replayed_nonce', "$driver: a spent nonce stays spent");
    $answer = $old->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} },
                         headers => { 'Idempotency-Key' => 'moving' });
    is_deeply([ $answer->{headers}{'idempotency-replayed'}, $answer->{json}{data}{id} ],
              [ 'true', $verification->{id} ], "$driver: an Idempotency-Key is answered with the old record");
    $answer = $old->call(POST => '/coupons/verify', { poi_id => POI, code => $sandbox->mint_coupon->{code} });
    is($answer->{json}{data}{verify_status}, 'success', "$driver: and coupons are redeemed");
    $gateway->finish;
    return;
}

# --- from server to server ---

# How a server itself spells what it holds, in hexadecimal digits: without the program, and without a client's charset.
my %HEX = (pgsql => sub { "encode(convert_to($_[0], 'UTF8'), 'hex')" }, mysql => sub { "LOWER(HEX($_[0]))" });

sub held {
    my ($database) = @_;
    my @texts = map { "COALESCE(" . $HEX{ $database->driver }->($_) . ", '-')" } qw(app_name device douyin_response);
    my @rows = $database->query('SELECT id, ' . join(', ', @texts) . ', COALESCE(pay_amount, 1), expire_time IS NULL, '
                                . 'item_no, item_count FROM dygw_verifications ORDER BY id');
    my @ids = map { $_->[0] } $database->query('SELECT ' . $HEX{ $database->driver }->('msg_id')
                                               . ' AS h FROM dygw_webhooks ORDER BY h');
    return [ map { join ' ', map { s/\At\z/1/r =~ s/\Af\z/0/r } @$_ } @rows, \@ids ];
}

# What one server can hold and the other cannot is named, and not merged or cut.
my %CANNOT = (
    pgsql => [ 'a key that differs in a blank at its end only', "('stop ', -1)",
               qr/^dygw-migrate: .*Duplicate entry/m ],
    mysql => [ 'a NUL in a text', "(CONCAT('nu', CHAR(0), 'l'), -1)",
               qr/^dygw-migrate: dygw_webhooks \(nu\0l\): has a NUL in a text/m ],
);

sub across {
    my ($from, $to) = @_;
    my $pair = $from->driver . ' to ' . $to->driver;
    $to->sql_file;
    my ($what, $values, $complaint) = @{ $CANNOT{ $from->driver } };
    $from->query("INSERT INTO dygw_webhooks (msg_id, received_at) VALUES $values");
    refuses($from, $to, $complaint, "$pair: $what stops it");
    $from->query('DELETE FROM dygw_webhooks WHERE received_at = -1');
    moves($from, $to, "$pair: and when it is gone it goes on", '--resume');
    is_deeply(held($to), held($from), "$pair: texts, blanks, NULLs, cases of keys and numbers are the same");
    return;
}

# --- the command line ---

sub command_line {
    my ($target) = @_;
    ends(2, qr/^usage:/m, 'without arguments it says how it is used');
    ends(2, qr/^usage:/m, 'two modes at once are none', '--resume', '--verify-only', '--from', 'a', '--to', 'b');
    ends(1, qr/not driver:params/, 'an unknown driver is refused', '--from', 'oracle:x', '--to', 'oracle:y');
    my $params = $target->params;
    my $said = ends(1, qr/a password on the command line/, 'a password on the command line is refused',
                    '--from', 'sqlite3:' . $source->file, '--to', "mysql:$params");
    unlike($said, qr/dygw-test/, 'and not repeated');
    my $file = spew($source->dir . '/target', "mysql:$params\n", 0600);
    ends(0, qr/All rows are equal/, 'a database may be named in a file', '--verify-only',
         '--from', 'sqlite3:' . $source->file, '--to', "file:$file");
    my $without = 'unshift @INC, sub { $_[1] eq "DBD/Pg.pm" ? die "none" : () }';
    my $output = `$^X -e '$without; require shift; exit run(\@ARGV)' $program --from pgsql:x --to pgsql:y 2>&1`;
    like($output, qr/apt-get install libdbd-pg-perl$/, 'a missing driver of Perl is named, with its package');
    return;
}

fill_by_gateway();
fill_by_hand();
my %moved;
my $digest = Digest::SHA->new(256)->addfile($source->file)->hexdigest;
for my $driver (qw(pgsql mysql)) {
    my $target = Dygw::Database->new($driver);
    my $back = Dygw::Database->new('sqlite3');
    prepared($target);
    interrupted($target);
    verified($target);
    command_line($target) if $driver eq 'mysql';
    $back->sql_file;
    moves($target, $back, "$driver: moves back to SQLite");
    moves($source, $back, "$driver: where all is as it was", '--verify-only');
    goes_on($target);
    $moved{$driver} = $target;
}
across($moved{pgsql}, Dygw::Database->new('mysql'));
across($moved{mysql}, Dygw::Database->new('pgsql'));
is(Digest::SHA->new(256)->addfile($source->file)->hexdigest, $digest, 'the source is the same file, byte for byte');
$sandbox->check_log;
done_testing;
