# SPDX-License-Identifier: Apache-2.0
# Runs the store's contract suite on a private database, and what needs two programs or the server's own view.
# The program is $DYGW_OUT/t/db_suite (DYGW_OUT: .out when it is not set).
package Dygw::DbSuite;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Handle;
use Test::More;

use Dygw::Database;
use Dygw::Needs;
use Dygw::Server qw(slurp spew);

use constant MEANWHILE => 200;  # records

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');

sub program {
    my $out = $ENV{DYGW_OUT} // '.out';
    my $path = ($out =~ m{^/} ? $out : "$ROOT/$out") . '/t/db_suite';
    return Dygw::Needs::built($path, Dygw::Needs::make($path =~ s{/t/db_suite\z}{}r, 'db'));
}

# The environment that tells the program its database.
sub environment {
    my ($database) = @_;
    return (DYGW_DB_DRIVER => $database->driver, DYGW_DB_PARAMS => $database->params,
            DYGW_DB_KILL => $database->kill_command);
}

# Starts the program; gives its pid and its output.
sub start {
    my ($database, @arguments) = @_;
    local %ENV = (%ENV, environment($database));
    my $pid = open(my $output, '-|', program(), @arguments) // BAIL_OUT("cannot run: $!");
    return ($pid, $output);
}

# The program's output, and whether it ended well.
sub run {
    my ($database, @arguments) = @_;
    my (undef, $output) = start($database, @arguments);
    my $text = do { local $/; <$output> } // '';
    my $ended = close $output;
    return ($text, $ended);
}

# The suite: its results become ours, one by one.
sub contract {
    my ($driver) = @_;
    my $database = Dygw::Database->new($driver);
    my (undef, $output) = start($database);
    my $planned = 0;
    my $seen = 0;
    while (my $line = <$output>) {
        if ($line =~ /^1\.\.(\d+)/) {
            $planned = $1;
        }
        elsif ($line =~ /^ok \d+ - (.*?)(?: # SKIP.*)?$/) {
            $seen++;
            pass("$driver: $1");
        }
        elsif ($line =~ /^not ok \d+ - (.*?)(?: # SKIP.*)?$/) {
            $seen++;
            fail("$driver: $1");
        }
        elsif ($line =~ /^(?:not )?ok \d+ # SKIP (.*)$/) {
            $seen++;
          SKIP: { skip "$1: not with $driver", 1 }
        }
        else {
            chomp $line;
            diag($line) if $line =~ /\S/ && $line !~ /^TAP version|^# .*(?:passed|skipped)/;
        }
    }
    ok(close $output, "$driver: the suite ends well");
    ok($planned > 0 && $seen == $planned, "$driver: all $planned tests ran");
    return $database;
}

# A description of all tables, the same for the same schema.
my %DESCRIBE = (
    sqlite3 => "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
    pgsql => "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default "
        . "FROM information_schema.columns WHERE table_schema = 'public' "
        . "UNION ALL SELECT tablename, indexname, indexdef, 0, '', '' FROM pg_indexes WHERE schemaname = 'public' "
        . "ORDER BY 1, 2",
    mysql => "SELECT table_name, column_name, column_type, is_nullable, column_default, collation_name "
        . "FROM information_schema.columns WHERE table_schema = 'dygw' "
        . "UNION ALL SELECT table_name, index_name, column_name, seq_in_index, non_unique, '' "
        . "FROM information_schema.statistics WHERE table_schema = 'dygw' ORDER BY 1, 2, 3",
);

sub description {
    my ($database) = @_;
    return join "\n", map { join '|', @{$_} } $database->query($DESCRIBE{ $database->driver });
}

# Every file once more. SQLite may say, and stop there, that the columns of a later version are there.
sub by_hand_again {
    my ($database) = @_;
    for my $file ($database->migrations) {
        next if eval { $database->sql_file($file) };
        my $error = $@;
        $database->driver eq 'sqlite3' && $error =~ /duplicate column name/ or die $error;
    }
    return;
}

# Files that run by hand, those built in, and two hosts at once: one schema.
sub migrations {
    my ($driver) = @_;
    my $by_hand = Dygw::Database->new($driver);
    my $built_in = Dygw::Database->new($driver);
    my $version = @{[ $by_hand->migrations ]};

    $by_hand->sql_file;
    my $made = description($by_hand);
    by_hand_again($by_hand);
    is(description($by_hand), $made, "$driver: by hand twice makes nothing else");
    my ($found) = run($by_hand, 'migrate');
    is($found, "found version $version, ran 0\n", "$driver: finds what was made by hand");

    my @hosts = map { [ start($built_in, 'migrate') ] } 1 .. 2;
    for my $host (@hosts) {
        my $output = $host->[1];
        like(scalar <$output>, qr/^found version \d+, ran \d+$/, "$driver: one of two hosts that start at once");
        ok(close $output, "$driver: and it ends well");
    }
    is(description($built_in), description($by_hand), "$driver: built in and by hand make the same tables");
    is($built_in->query("SELECT value FROM dygw_meta WHERE name = 'schema_version'"), $version,
       "$driver: version $version");
    return;
}

# A record as version 1 of the schema writes it. next_run_at: 1000 times its id.
my $INSERT_1 = 'INSERT INTO dygw_verifications (id, app_id, verify_status, error_code, enrichment_status, '
    . 'enrichment_retry_count, created_at, updated_at, mode, item_no, item_count, first_id, attempts, lease_until, '
    . "next_run_at) VALUES (%d, 7, '%s', 0, '%s', 0, 500, 600, 'code', 0, 1, 1, 1, %d, %s)";

sub insert_1 {
    my ($database, $id, $status, $enrichment, $lease_until, $next_run_at) = @_;
    $database->query(sprintf $INSERT_1, $id, $status, $enrichment, $lease_until, $next_run_at // $id * 1000);
    return;
}

# By version 3 a record's created_at is the time in its id.
sub upgrade_times {
    my ($database) = @_;
    my $ms = 1_764_000_000_000;
    my $id = ($ms - 1_704_067_200_000) * 4096 + 77;
    insert_1($database, $id + $_, 'success', 'success', 0, 'NULL') for 0, 1;
    $database->query('UPDATE dygw_verifications SET created_at = ' . ($ms - 2) . " WHERE id = $id");
    return sub {
        is_deeply([ map { $_->[0] } $database->query(
            'SELECT created_at FROM dygw_verifications WHERE id >= 3 ORDER BY id') ], [ 500, $ms, 500 ],
            $database->driver . ': created_at is what the id says, where it was about that');
    };
}

# A database with records of version 1, on which a host of version 1 goes on after the migration.
sub upgrade {
    my ($driver) = @_;
    my $database = Dygw::Database->new($driver);

    $database->sql_file(grep {/0001/} $database->migrations);
    insert_1($database, 1, 'processing', 'pending', 1000);
    insert_1($database, 2, 'success', 'pending', 0);
    insert_1($database, 3, 'failed', 'skipped', 0, 'NULL');
    my $times = upgrade_times($database);
    my ($found, $ended) = run($database, 'due');
    my $newer = $database->migrations - 1;
    is($found, "found version 1, ran $newer\nsettle 1 sent 1000\nenrich 2 sent 600\n",
       "$driver: what version 1 left is due after the migration");
    $times->();
    insert_1($database, 4, 'processing', 'pending', 4000);
    ($found) = run($database, 'due');
    like($found, qr/^settle 4 sent 4000$/m, "$driver: and so is what a host of version 1 still inserts");
    $database->query('UPDATE dygw_verifications SET verify_status = \'success\', lease_until = 0, next_run_at = 4100, '
            . "updated_at = 4100 WHERE id = 4 AND verify_status = 'processing'");
    ($found) = run($database, 'due');
    like($found, qr/^enrich 4 sent 4100$/m, "$driver: and settles");
    return;
}

# The statements that the manual has for a big PostgreSQL: the file of the version finds all done, and makes the rest.
sub by_hand_before {
    my ($name) = @_;
    my ($before, $plain) = map { Dygw::Database->new('pgsql') } 1 .. 2;
    $plain->sql_file;
    $before->sql_file(grep { m{(\w+)\.sql\z} && $1 lt $name } $before->migrations);
    my ($section) = slurp("$ROOT/mod_dygw/manual/operation.md") =~ /^### \Q$name\E\n(.*?)^##/ms;
    my $sql = join '', $section =~ /^    (.*\n)/mg;
    like($sql, qr/^CREATE INDEX CONCURRENTLY/m, "pgsql: the manual has what to say before $name");
    $before->sql_file(spew($before->dir . '/before.sql', $sql, 0644));
    my @made = $before->query(q(SELECT relname, relfilenode FROM pg_index JOIN pg_class c ON c.oid = indexrelid )
                              . q(WHERE indrelid = 'dygw_verifications'::regclass AND indisvalid));
    my ($found) = run($before, 'migrate');
    like($found, qr/ran [1-9]\d*$/m, 'pgsql: and the file runs');
    is(columns_by_name($before), columns_by_name($plain), 'pgsql: to the same tables');
    my %now = map { @$_ } $before->query(q(SELECT relname, relfilenode FROM pg_class WHERE relname LIKE 'dygw_verif%'));
    is_deeply([ grep { ($now{ $_->[0] } // $_->[1]) != $_->[1] } @made ], [], 'pgsql: nothing is made anew');
    return;
}

sub columns_by_name { my ($database) = @_; return join "\n", sort split /\n/, description($database) }

# A host of version 1 that goes on in one session while all migrations run.
sub go_on_meanwhile {
    my ($driver) = @_;
    my $database = Dygw::Database->new($driver);
    my $said = $database->dir . '/session.log';
    my $insert = sub {
        my ($id) = @_;
        return sprintf("$INSERT_1;\n", $id, 'processing', 'pending', 1000, $id)
            . "UPDATE dygw_verifications SET verify_status = 'success', updated_at = 700 WHERE id = $id;\n";
    };

    $database->sql_file(grep {/0001/} $database->migrations);
    open my $session, '|-', $database->client_command . " > $said 2>&1" or BAIL_OUT("no client: $!");
    $session->autoflush(1);
    print {$session} map { $insert->($_) } 1 .. MEANWHILE;
    my ($found, $ended) = run($database, 'migrate');
    ok($ended, "$driver: migrates while a host of version 1 works") or diag($found);
    print {$session} map { $insert->($_) } MEANWHILE + 1 .. 2 * MEANWHILE;
    ok(close $session, "$driver: which goes on in the same session") or diag(`cat $said`);
    is($database->query("SELECT COUNT(*) FROM dygw_verifications WHERE verify_status = 'success' AND revision = 0"),
       2 * MEANWHILE, "$driver: nothing of what it did is lost");
    return;
}

# Units of work on one connection cost no memory.
sub memory {
    my ($database, $units) = @_;
    my ($text, $ended) = run($database, 'units', $units);
    my ($before, $after) = $text =~ /(\d+) KiB after .* (\d+) KiB after/;
    my $what = $database->driver . ": $units units leave nothing behind";
  SKIP: {
        skip "$what: a sanitizer keeps it", 1 if $text =~ /sanitizer/;
        ok($ended && defined $after && $after - $before < 512, $what) or diag($text);
    }
    return;
}

1;
