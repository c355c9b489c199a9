# SPDX-License-Identifier: Apache-2.0
# A private database for a test: a SQLite file, or a PostgreSQL or MariaDB server of its own in a temporary
# directory, reachable through a unix socket only. It is stopped and removed with the object, or with the test.
package Dygw::Database;

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use POSIX qw(WNOHANG);
use Scalar::Util qw(weaken);
use Test::More ();
use Time::HiRes qw(sleep time);

use Dygw::Needs;
use Dygw::Server qw(poll slurp);

use constant START_DEADLINE => 30;    # seconds
use constant STOP_DEADLINE  => 20;    # seconds

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my %CLASS = map { $_ => "Dygw::Database::$_" } qw(sqlite3 pgsql mysql);
my @alive;

# new(DRIVER, durable => 1): DRIVER as DBDriver spells it. A test server does without fsync unless it is `durable`.
# memory => '1GB': of the server, for its pages (64 MB).
# through => a Dygw::Relay: the module reaches the server through it. server_env => { NAME => text }: for the server.
# Dies with the reason when the server cannot be had: a test that needs it must fail, not be skipped.
sub new {
    my ($class, $driver, %option) = @_;
    my $kind = $CLASS{$driver // ''} or croak "no such database: " . ($driver // 'undef');
    my $self = bless { driver => $driver, owner => $$, %option }, $kind;
    $self->{dir} = tempdir("dygw-$driver-XXXXXX", DIR => '/tmp');
    chmod 0755, $self->{dir};
    push @alive, $self;
    weaken($alive[-1]);
    $self->create;
    $self->start;
    $self->prepare;
    return $self;
}

sub driver { return $_[0]{driver} }

# The argument of DBDParams.
sub params { croak 'abstract' }

# What the environment of a program must hold for time-outs.
sub env { return () }

# What gives the database's clock in ms, in its SQL.
sub now_ms { croak 'abstract' }

# The unix socket that the server listens on.
sub socket_path { croak 'abstract' }

# The directory that holds everything of this database.
sub dir { return $_[0]{dir} }

# The migrations of this dialect, in order, as absolute paths.
sub migrations {
    my ($self) = @_;
    my @files = sort glob "$ROOT/sql/$self->{driver}/[0-9]*.sql";
    return @files;
}

# Runs an SQL file by hand, as an administrator would; without an argument all migrations.
sub sql_file {
    my ($self, @files) = @_;
    for my $file (@files ? @files : $self->migrations) {
        my $command = $self->client_command . ' ' . $self->file_switch . ' < ' . quote($file);
        my $output = `$command 2>&1`;
        croak "$file: $output" if $?;
    }
    return 1;
}

# The rows of a statement, each an array of texts; in scalar context the first column of the first row. SQL NULL is
# an empty text with SQLite and PostgreSQL, "NULL" with MariaDB.
sub query {
    my ($self, $sql) = @_;
    my $command = $self->client_command . ' ' . $self->query_switch . ' ' . quote($sql);
    my $output = `$command 2>&1`;
    croak "$sql: $output" if $?;
    my @rows = map { [ split /\t/, $_, -1 ] } split /\n/, $output;
    return wantarray ? @rows : @rows ? $rows[0][0] : undef;
}

# Another session, which has said these statements, and ends when the handle is closed. The last tells 'held', by which
# we know that all are done.
sub hold {
    my ($self, $sql) = @_;
    my $said = $self->dir . '/held';
    unlink $said;
    open my $session, '|-', $self->client_command . ' ' . $self->session_switch . " > $said" or croak "no client: $!";
    $session->autoflush(1);
    print {$session} "$sql;\n";
    poll { slurp($said) =~ /held/ } or croak "$sql: not done";
    return $session;
}

# For a client that is told one statement after another.
sub session_switch { return $_[0]->file_switch }

# A shell command that breaks every connection of the module: the server ends them; SQLite, which has no server,
# changes the schema, which breaks all prepared statements.
sub kill_command { croak 'abstract' }

sub kill_connections {
    my ($self) = @_;
    my $command = $self->kill_command;
    my $output = `{ $command; } 2>&1`;
    croak "cannot kill connections: $output" if $?;
    return 1;
}

# Is there a server that can be stopped?
sub has_server { return 1 }

# Stops the server; the data stay. start() brings it back under the same params. Nothing to do with SQLite.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    my $until = time + STOP_DEADLINE;
    CORE::kill $self->stop_signal, $pid;
    while (waitpid($pid, WNOHANG) == 0) {
        if (time > $until) {
            CORE::kill 'KILL', $pid;
            waitpid $pid, 0;
            last;
        }
        sleep 0.02;
    }
    return;
}

# Kills the server and what it has started, as a power cut does: what is `durable` survives. start() brings it back.
sub kill {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    CORE::kill 'STOP', $pid;    # so that it starts nothing meanwhile
    my @all = ($pid, split ' ', slurp("/proc/$pid/task/$pid/children"));
    CORE::kill 'KILL', @all;
    waitpid $pid, 0;
    poll { !grep { slurp("/proc/$_/stat") =~ /\A\d+ \(.*\) [^Z]/s } @all }
        or croak "the $self->{driver} server does not die";
    return;
}

# The server stands still until thaw(): it keeps its connections and does not answer.
sub freeze {
    my ($self) = @_;
    CORE::kill 'STOP', $self->processes or croak "cannot stop the $self->{driver} server: $!";
    return;
}

sub thaw {
    my ($self) = @_;
    CORE::kill 'CONT', $self->processes;
    return;
}

sub processes {
    my ($self) = @_;
    my $pid = $self->{pid} // return ();
    return ($pid, map { split ' ', slurp($_) } glob "/proc/$pid/task/*/children");
}

# Another server takes over, with the same data, at another place. The relay, when there is one, goes there from now on.
sub replace {
    my ($self) = @_;
    $self->kill;
    my $place = tempdir("dygw-$self->{driver}-XXXXXX", DIR => '/tmp');
    chmod 0755, $place;
    my $old = $self->{dir};
    $self->{dir} = $place;
    $self->give_dir;
    for my $path (glob "$old/*") {
        rename $path, $place . substr $path, length $old or croak "$path: $!";
    }
    remove_tree($old);
    $self->start;
    $self->{through}->target($self->socket_path) if $self->{through};
    return;
}

# Starts the server and waits until it answers. new() does it the first time.
sub start {
    my ($self) = @_;
    return if $self->{pid};
    my @command = ($self->as_user, $self->server_command);
    my $pid = fork // croak "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $self->log_file;
        open STDERR, '>&', \*STDOUT;
        chdir $self->{dir};
        %ENV = (%ENV, %{ $self->{server_env} // {} });
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    $self->await;
    return;
}

sub log_file { return "$_[0]{dir}/server.log" }

sub await {
    my ($self) = @_;
    my $until = time + START_DEADLINE;
    until ($self->answers) {
        if (waitpid($self->{pid}, WNOHANG) != 0 || time > $until) {
            my $log = $self->log_file;
            my $tail = `tail -n 20 $log 2>&1`;
            $self->stop;
            croak "the $self->{driver} server does not start:\n$tail";
        }
        sleep 0.05;
    }
    return;
}

sub answers {
    my ($self) = @_;
    my $command = $self->admin_command . ' ' . $self->query_switch . " 'SELECT 1'";
    `$command 2>&1`;
    return $? == 0;
}

# PostgreSQL refuses to run as root, and MariaDB had better not.
sub user {
    for my $name (qw(postgres nobody)) {
        return $name if defined getpwnam $name;
    }
    croak 'no user to run a database server as';
}

sub as_user {
    my ($self) = @_;
    return () if $> != 0;
    my ($uid, $gid) = (getpwnam $self->user)[ 2, 3 ];
    return ('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', '--pdeathsig=INT', '--');
}

sub program {
    my ($self, $name, @places) = @_;
    return Dygw::Needs::program($name, @places);
}

# Runs a set-up program as the user of the server.
sub run {
    my ($self, @command) = @_;
    my $line = join ' ', map { quote($_) } $self->as_user, @command;
    my $dir = quote($self->{dir});
    my $output = `cd $dir && $line 2>&1 </dev/null`;
    croak "$command[0]: $output" if $?;
    return $output;
}

sub give_dir {
    my ($self) = @_;
    return if $> != 0;
    chown((getpwnam $self->user)[ 2, 3 ], $self->{dir}) or croak "chown: $!";
    return;
}

sub quote {
    my ($text) = @_;
    $text =~ s/'/'\\''/g;
    return "'$text'";
}

sub destroy {
    my ($self) = @_;
    return if $self->{owner} != $$ || !$self->{dir};
    local ($?, $@, $!);
    $self->thaw;
    $self->stop;
    my $dir = delete $self->{dir};
    $ENV{DYGW_TEST_KEEP} ? Test::More::diag("the $self->{driver} database was in $dir") : remove_tree($dir);
    return;
}

sub DESTROY { $_[0]->destroy; return }

END {
    for my $database (@alive) {
        $database->destroy if $database;
    }
}

package Dygw::Database::sqlite3;

our @ISA = ('Dygw::Database');

sub create {
    my ($self) = @_;
    # The children of a httpd that root started are another user, and SQLite makes files beside the database.
    mkdir "$self->{dir}/db" or Carp::croak("mkdir: $!");
    chmod 0777, "$self->{dir}/db";
    $self->{file} = "$self->{dir}/db/dygw.db";
    return;
}

sub has_server     { return 0 }
sub start          { return }
sub stop           { return }
sub prepare        { return }
sub params         { return $_[0]{file} }
sub file           { return $_[0]{file} }
sub file_switch    { return '' }
sub query_switch   { return '' }
sub client_command { return $_[0]->program('sqlite3') . " -batch -bail -list -separator '\t' " .
                            "-cmd '.timeout 5000' " . Dygw::Database::quote($_[0]{file}) }
sub processes      { return () }
sub kill_command   { return $_[0]->client_command .
                            ' "CREATE TABLE dygw_stir (n INTEGER); DROP TABLE dygw_stir"' }

package Dygw::Database::pgsql;

our @ISA = ('Dygw::Database');

sub create {
    my ($self) = @_;
    $self->give_dir;
    ($self->{bin}) = reverse sort { num($a) <=> num($b) } glob '/usr/lib/postgresql/*/bin';
    $self->run($self->program('initdb', $self->{bin} // ()), '-D', "$self->{dir}/data", '-U', 'postgres',
               '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync');
    return;
}

sub num { return $_[0] =~ m{/(\d+)[^/]*/bin} ? $1 : 0 }

sub server_command {
    my ($self) = @_;
    my @durable = $self->{durable} ? () : ('-c', 'fsync=off');
    return ($self->program('postgres', $self->{bin} // ()), '-D', "$self->{dir}/data", '-k', $self->{dir},
            '-c', 'listen_addresses=', '-c', 'port=5432', '-c',
            'shared_buffers=' . ($self->{memory} // '64MB'), '-c',
            'max_connections=' . ($self->{max_connections} // 200), @durable);
}

sub prepare {
    my ($self) = @_;
    my $admin = $self->admin_command;
    my $output = `{ $admin -c 'CREATE ROLE dygw LOGIN' && $admin -c 'CREATE DATABASE dygw OWNER dygw'; } 2>&1`;
    Carp::croak($output) if $?;
    return;
}

# From the next start on, three of them reserved for superusers.
sub limit_connections { my ($self, $max) = @_; $self->{max_connections} = $max; return }

sub stop_signal { return 'INT' }
sub socket_path { return "$_[0]{dir}/.s.PGSQL.5432" }
sub now_ms      { return 'EXTRACT(EPOCH FROM clock_timestamp()) * 1000' }

sub params {
    my ($self) = @_;
    my $through = $self->{through};
    my $place = $through ? 'host=127.0.0.1 port=' . $through->port : "host=$self->{dir} port=5432";
    return "$place dbname=dygw user=dygw connect_timeout=3 application_name=mod_dygw " .
           "options='-c statement_timeout=5000 -c lock_timeout=2000'";
}

sub psql {
    my ($self, $user, $name) = @_;
    return $self->program('psql', $self->{bin} // ()) .
           " -X -q -A -t -F '\t' -v ON_ERROR_STOP=1 -h $self->{dir} -p 5432 -U $user -d $name";
}

sub client_command { return $_[0]->psql('dygw', 'dygw') }
sub admin_command  { return $_[0]->psql('postgres', 'postgres') }
sub file_switch    { return '-f -' }
sub query_switch   { return '-c' }
sub kill_command {
    return $_[0]->admin_command .
           " -c \"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'dygw'\"";
}

package Dygw::Database::mysql;

our @ISA = ('Dygw::Database');

sub create {
    my ($self) = @_;
    $self->give_dir;
    $self->program('mariadbd');
    $self->run($self->program('mariadb-install-db'), '--no-defaults', "--datadir=$self->{dir}/data",
               '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve');
    return;
}

# A tmpdir of its own: at its start a server removes the temporary tables that it finds there, another's too.
sub server_command {
    my ($self) = @_;
    my @durable = $self->{durable} ? () : ('--innodb-flush-log-at-trx-commit=0', '--sync-binlog=0');
    return ($self->program('mariadbd'), '--no-defaults', "--datadir=$self->{dir}/data", "--tmpdir=$self->{dir}",
            "--socket=$self->{dir}/mysql.sock", "--pid-file=$self->{dir}/mariadbd.pid", '--skip-networking',
            '--skip-name-resolve', '--innodb-buffer-pool-size=' . $self->pages, '--max-connections=200', @durable);
}

sub pages {
    my ($self) = @_;
    return ($self->{memory} // '64MB') =~ s/B\z//r;
}

sub prepare {
    my ($self) = @_;
    $self->{home} = File::Temp::tempdir('dygw-home-XXXXXX', DIR => '/tmp', CLEANUP => 1);
    chmod 0755, $self->{home};
    open my $options, '>', "$self->{home}/my.cnf" or Carp::croak("my.cnf: $!");
    print {$options} "[dygw]\nconnect-timeout=3\n";
    close $options or Carp::croak("my.cnf: $!");
    my $admin = $self->admin_command;
    my $output = `$admin -e "CREATE DATABASE dygw CHARACTER SET utf8mb4; CREATE USER dygw\@localhost \\
        IDENTIFIED BY 'dygw-test'; GRANT ALL ON dygw.* TO dygw\@localhost" 2>&1`;
    Carp::croak($output) if $?;
    return;
}

sub stop_signal { return 'TERM' }
sub socket_path { return "$_[0]{dir}/mysql.sock" }
sub now_ms      { return 'UNIX_TIMESTAMP(NOW(3)) * 1000' }

# Where the client library looks for the option file.
sub env { return (MYSQL_HOME => $_[0]{home}) }

sub params {
    my ($self) = @_;
    my $through = $self->{through};
    my $place = $through ? 'host=127.0.0.1,port=' . $through->port : 'sock=' . $self->socket_path;
    return "$place,user=dygw,pass=dygw-test,dbname=dygw,reconnect=0,flags=CLIENT_FOUND_ROWS,group=dygw";
}

sub mariadb {
    my ($self, @arguments) = @_;
    return join ' ', $self->program('mariadb'), '--no-defaults -N -B --default-character-set=utf8mb4',
                "-S $self->{dir}/mysql.sock", @arguments;
}

sub client_command { return $_[0]->mariadb('-u dygw --password=dygw-test dygw') }
sub admin_command  { return $_[0]->mariadb('-u root') }
sub file_switch    { return '' }
sub query_switch   { return '-e' }
sub session_switch { return '-n' }
sub kill_command {
    my ($self) = @_;
    my $admin = $self->admin_command;
    return "$admin -e \"SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist " .
           "WHERE user = 'dygw'\" | $admin --force";
}

1;
