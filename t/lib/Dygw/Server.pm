# SPDX-License-Identifier: Apache-2.0
# A private httpd for a test: everything of it in a temporary directory, on free ports of the loopback, stopped and
# removed with the object or with the test, however the test ends.
#
#   my $server = Dygw::Server->new(conf => sub { my ($s) = @_; return "..." }, modules => ['dbd']);
#   $server->start;               $server->port, $server->url, $server->dir
#   $server->announce('AH00128'); # lines with these codes may be in its log; check_log fails on any other
#   $server->graceful; $server->restart; $server->stop; $server->kill;
#   $server->kill_child($pid);    # kill -9
#   $server->configtest;          # (exit status, what it printed)
#   $server->check_log;           # stops it; the last thing that a test does with it. A test that forgets it fails
#
# From the environment: DYGW_OUT (where the modules are, .out), DYGW_TEST_MPM (event, worker, prefork),
# DYGW_TEST_WRAP (a command to run httpd under, as "valgrind -q"; deadlines are ten times as long then),
# DYGW_TEST_ANNOUNCE (codes that are announced in every test), DYGW_TEST_KEEP (leave the temporary directories behind).
package Dygw::Server;

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Scalar::Util qw(weaken);
use Test::More ();
use Time::HiRes qw(sleep time);

use Dygw::Needs;

our @EXPORT_OK = qw(poll patience free_port slurp spew);

use constant START_DEADLINE => 20;     # seconds, as all of these
use constant STOP_DEADLINE  => 15;     # httpd itself kills its children after 9
use constant SLOWER         => 10;     # times, under a wrapper
use constant POLL_PAUSE     => 0.01;

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my %LIMITS = map { $_ => 1 } qw(emerg alert crit error warn);
my $FATAL = qr/exit \s signal | Assertion | Segmentation \s fault | pool \s concurrency | AddressSanitizer
               | LeakSanitizer | UndefinedBehaviorSanitizer | runtime \s error | double \s free
               | malloc\(\): | free\(\): | corrupted | Invalid \s (?:read|write)
               | uninitialised \s value | definitely \s lost/x;
my @alive;
my $unchecked = 0;

# Ctrl-C and kill end a test as usual, so that END blocks and destructors run.
for my $signal (qw(INT TERM HUP)) {
    $SIG{$signal} ||= sub { exit 130 };
}

# --- waiting ---

# Seconds of patience, more of them under a wrapper.
sub patience {
    my ($seconds) = @_;
    return $seconds * (length($ENV{DYGW_TEST_WRAP} // '') ? SLOWER : 1);
}

# Asks until the answer is true, and gives it; nothing when `seconds` have passed.
sub poll(&;$) {
    my ($question, $seconds) = @_;
    my $until = time + patience($seconds // START_DEADLINE);
    while (1) {
        my $answer = $question->();
        return $answer if $answer;
        return if time > $until;
        sleep POLL_PAUSE;
    }
}

# --- files and ports ---

sub slurp {
    my ($path) = @_;
    open my $file, '<:raw', $path or return '';
    local $/;
    return scalar(<$file>) // '';
}

sub spew {
    my ($path, $text, $mode) = @_;
    open my $file, '>:raw', $path or croak "$path: $!";
    print {$file} $text;
    close $file or croak "$path: $!";
    chmod $mode, $path if defined $mode;
    return $path;
}

# A port of 127.0.0.1 that is ours as long as the process lives: it stays bound, but nobody listens, so that a
# server can, and until one does connections are refused.
my %reserved;
sub free_port {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp', ReuseAddr => 1,
                                       Type => SOCK_STREAM) or croak "no free port: $@";
    my $port = $socket->sockport;
    $reserved{$port} = $socket;
    return $port;
}

# --- making one ---

# conf: a text, or code that makes one of the server. modules: names of httpd's modules without mod_, beside those
# that every server here has; without: names of these that it does not have. load: paths of modules by name. mpm,
# children, threads, log_level, env, access_log (a format; none: no access log), name (for messages), clock ('+2s': how
# wrong its clock is; or the path of a file that says so, and may be changed while it runs). one_process: as `httpd -X`,
# without children; it cannot restart.
sub new {
    my ($class, %option) = @_;
    my $self = bless {
        mpm => $ENV{DYGW_TEST_MPM} || 'event',
        children => 2, threads => 8, name => 'httpd',
        modules => [], load => {}, env => {}, conf => '',
        %option, owner => $$, announced => {}, generation => 0
    }, $class;
    $self->announce(split ' ', $ENV{DYGW_TEST_ANNOUNCE} // '');
    $self->{dir} = tempdir('dygw-httpd-XXXXXX', DIR => '/tmp');
    chmod 0755, $self->{dir};
    $self->{port} ||= free_port();
    push @alive, $self;
    weaken($alive[-1]);
    return $self;
}

sub dir        { return $_[0]{dir} }
sub port       { return $_[0]{port} }
sub mpm        { return $_[0]{mpm} }
sub url        { return "http://127.0.0.1:$_[0]{port}" }
sub error_log  { return "$_[0]{dir}/error.log" }
sub access_log { return "$_[0]{dir}/access.log" }

# Where our modules are.
sub out {
    my $out = $ENV{DYGW_OUT} || "$ROOT/.out";
    return abs_path($out) // $out;
}

sub module_path {
    my ($self, $name) = @_;
    return Dygw::Needs::built(out() . "/mod_$name.so", Dygw::Needs::make(out(), 'all'));
}

sub program {
    for my $path (qw(/usr/sbin/apache2 /usr/sbin/httpd /usr/local/apache2/bin/httpd)) {
        return $path if -x $path;
    }
    return Dygw::Needs::missing_package('httpd', 'apache2-bin');
}

sub module_dir {
    for my $path (qw(/usr/lib/apache2/modules /usr/lib64/httpd/modules /usr/local/apache2/modules)) {
        return $path if -d $path;
    }
    return Dygw::Needs::missing_package('httpd', 'apache2-bin');
}

# Whom the children run as; undef when we are not root.
sub user {
    return if $> != 0;
    for my $name (qw(www-data apache nobody)) {
        return $name if defined getpwnam $name;
    }
    croak 'no user to run httpd as';
}

sub user_lines {
    my $user = user() // return '';
    my $group = getgrgid((getpwnam $user)[3]);
    return "User $user\nGroup $group\n";
}

sub module_lines {
    my ($self) = @_;
    my $dir = module_dir();
    my @names = ("mpm_$self->{mpm}", qw(authz_core authz_host unixd log_config reqtimeout), @{ $self->{modules} });
    my $lines = '';
    my %seen = map { $_ => 1 } @{ $self->{without} // [] };
    for my $name (grep { !$seen{$_}++ } @names) {
        my $path = "$dir/mod_$name.so";     # one that is not there is compiled in
        $lines .= "LoadModule ${name}_module $path\n" if -e $path;
    }
    for my $name (sort keys %{ $self->{load} }) {
        $lines .= "LoadModule ${name}_module $self->{load}{$name}\n";
    }
    return $lines;
}

# `warn`, and all that our modules have to say, unless the test wants it otherwise.
sub log_level {
    my ($self) = @_;
    return $self->{log_level} // join ' ', 'warn', map { "$_:debug" } sort keys %{ $self->{load} };
}

# As many children from the start as asked for, and room for those of the generation before.
sub mpm_lines {
    my ($self) = @_;
    my ($children, $threads) = @$self{qw(children threads)};
    my $limit = 4 * $children + 4;
    if ($self->{mpm} eq 'prefork') {
        $limit = 48 if $limit < 48;
        return "StartServers $children\nMinSpareServers $children\nMaxSpareServers " . ($children + 4) .
               "\nServerLimit $limit\nMaxRequestWorkers $limit\n";
    }
    return "ThreadsPerChild $threads\nThreadLimit $threads\nServerLimit $limit\nStartServers $children\n" .
           "MinSpareThreads 1\nMaxSpareThreads " . ($children + 1) * $threads . "\nMaxRequestWorkers " .
           ($children + 2) * $threads . "\n";
}

sub config_text {
    my ($self) = @_;
    my $conf = ref $self->{conf} ? $self->{conf}->($self) : $self->{conf};
    my $log = $self->{access_log} ? qq(CustomLog "$self->{dir}/access.log" "$self->{access_log}"\n) : '';
    return $self->module_lines . user_lines() . $self->mpm_lines . <<"END" . $log . $conf;
ServerRoot "$self->{dir}"
DefaultRuntimeDir "$self->{dir}"
PidFile "$self->{dir}/httpd.pid"
ServerName localhost
Listen 127.0.0.1:$self->{port}
ErrorLog "$self->{dir}/error.log"
LogLevel @{[ $self->log_level ]}
DocumentRoot "$self->{dir}"
Timeout 30
KeepAliveTimeout 2
MaxKeepAliveRequests 0
END
}

sub set_conf {
    my ($self, $conf) = @_;
    $self->{conf} = $conf;
    return;
}

sub write_conf {
    my ($self) = @_;
    return spew("$self->{dir}/httpd.conf", $self->config_text);
}

sub command {
    my ($self, @arguments) = @_;
    my @wrap = split ' ', $ENV{DYGW_TEST_WRAP} // '';
    return (@wrap, program(), '-d', $self->{dir}, '-f', "$self->{dir}/httpd.conf", @arguments);
}

# --- starting and stopping ---

# Starts it and waits until it serves; dies with what it said when it does not.
sub start {
    my ($self) = @_;
    croak "$self->{name} runs already" if $self->{child};
    $self->write_conf;
    my $before = $self->generations;
    $unchecked++ unless $self->{started}++;
    $self->{child} = $self->spawn;
    my $up = poll { $self->has_ended || ($self->{one_process} || $self->generations > $before) && $self->listens };
    return $self if $up && $self->{child};
    my $said = $self->tail;
    $self->kill;
    croak "$self->{name} does not start:\n$said";
}

sub spawn {
    my ($self) = @_;
    my @command = $self->command($self->{one_process} ? '-X' : '-DFOREGROUND');
    # httpd ends when the test is killed.
    unshift @command, 'setpriv', '--pdeathsig=TERM', '--' if -x '/usr/bin/setpriv';
    my $pid = fork // croak "fork: $!";
    # What faketime leaves behind when it is killed.
    push @{ $self->{litter} }, "/dev/shm/faketime_shm_$pid", "/dev/shm/sem.faketime_sem_$pid" if $self->{clock};
    return $pid if $pid;
    POSIX::setpgid(0, 0);
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', "$self->{dir}/console.log";
    open STDERR, '>&', \*STDOUT;
    my %env = (%{ $self->{env} }, $self->clock_env);
    $ENV{$_} = $env{$_} for keys %env;
    chdir $self->{dir};
    { exec { $command[0] } @command; }
    POSIX::_exit(127);
}

sub clock_env {
    my ($self) = @_;
    my $clock = $self->{clock} // return;
    my ($library) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
    my @clock = $clock =~ m{^/} ? (FAKETIME_TIMESTAMP_FILE => $clock, FAKETIME_NO_CACHE => 1) : (FAKETIME => $clock);
    $library // Dygw::Needs::missing_package('faketime', 'faketime');
    return (LD_PRELOAD => $library, FAKETIME_DONT_FAKE_MONOTONIC => 1, @clock);
}

# How many configurations it has begun to serve.
sub generations {
    my ($self) = @_;
    return scalar(() = slurp($self->error_log) =~ /resuming normal operations/g);
}

sub listens {
    my ($self) = @_;
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Timeout => 5);
}

# Has the parent ended? Collects it.
sub has_ended {
    my ($self) = @_;
    return 1 if !$self->{child};
    return 0 if waitpid($self->{child}, WNOHANG) == 0;
    $self->{exit} = $?;
    delete $self->{child};
    return 1;
}

sub is_running { return !$_[0]->has_ended }

# The parent's pid.
sub pid {
    my ($self) = @_;
    my ($pid) = slurp("$self->{dir}/httpd.pid") =~ /(\d+)/;
    return $pid // croak "$self->{name} has no PidFile";
}

# The pids of the children that live now.
sub child_pids {
    my ($self) = @_;
    my $pid = $self->pid;
    return split ' ', slurp("/proc/$pid/task/$pid/children");
}

sub send_signal {
    my ($self, $signal) = @_;
    CORE::kill $signal, $self->pid or croak "$self->{name}: $!";
    return;
}

# Graceful restart: the new generation serves, and unless told `overlap => 1` the old one is gone.
sub graceful { my ($self, %option) = @_; return $self->renew('USR1', %option) }

# Restart: requests in progress are cut off.
sub restart { my ($self, %option) = @_; return $self->renew('HUP', %option) }

sub renew {
    my ($self, $signal, %option) = @_;
    my $before = $self->generations;
    my %old = map { $_ => 1 } $self->child_pids;
    $self->write_conf;
    $self->await_quiet if $signal eq 'HUP' && !$option{overlap};
    $self->send_signal($signal);
    poll { $self->has_ended || $self->generations > $before } or croak "$self->{name}: no new generation";
    croak "$self->{name} ended instead of restarting:\n" . $self->tail if !$self->{child};
    return $self if $option{overlap};
    poll { !grep { $old{$_} } $self->child_pids } or croak "$self->{name}: old children stay";
    return $self;
}

# How many connections its side has not closed yet (all states of /proc/net/tcp but LISTEN and TIME_WAIT).
sub open_connections {
    my ($self) = @_;
    my $local = sprintf '0100007F:%04X', $self->{port};
    return scalar grep { / \d+: \Q$local\E \S+ (\S+)/ && $1 ne '0A' && $1 ne '06' } split /\n/, slurp('/proc/net/tcp');
}

# A child is being started until it has its threads.
sub is_being_started {
    my ($pid) = @_;
    return slurp("/proc/$pid/status") =~ /^Threads:\s+1$/m;
}

# The threaded MPMs of httpd 2.4 may crash in two ways when they are told to stop at once, with any module or none. A
# connection is just being closed: close_worker_sockets looks at a socket whose pool is gone. Or a child is being
# started: until signals are blocked in it, it runs exit() in the middle of malloc(). So the connections of a client
# that has left come to their end first, and children are up; neither keeps it waiting for longer than this.
sub await_quiet {
    my ($self) = @_;
    return if $self->{mpm} eq 'prefork';
    poll { !$self->open_connections } 3;
    poll { !grep { is_being_started($_) } $self->child_pids } 3;
    return;
}

# A test that stops or restarts it under traffic all the same says so: then that crash of httpd's is no complaint.
sub expect_stop_race {
    my ($self) = @_;
    $self->{stop_race} = 1 if $self->{mpm} ne 'prefork';
    return;
}

# Stops it, returns the seconds it took. One that has to be killed fails the test.
sub stop {
    my ($self, $signal) = @_;
    return 0 if $self->has_ended;
    $signal //= 'TERM';
    $self->await_quiet if $signal eq 'TERM' && !$self->{stop_race};
    my $began = time;
    $self->send_signal($signal);
    if (!poll { $self->has_ended } STOP_DEADLINE) {
        $self->kill;
        Test::More::fail("$self->{name} stops within " . patience(STOP_DEADLINE) . ' s');
    }
    return time - $began;
}

# Kills it and its children on the spot, as a power cut does.
sub kill {
    my ($self) = @_;
    my $pid = delete $self->{child} or return;
    CORE::kill 'KILL', -$pid;
    waitpid $pid, 0;
    # The mutexes and the pid are gone with it; children are init's, and dead in a moment.
    poll { !CORE::kill 0, -$pid } 5;
    unlink "$self->{dir}/httpd.pid";
    return;
}

# Kills children on the spot, as the kernel does when memory runs out. httpd says nothing about it.
sub kill_child {
    my ($self, @pids) = @_;
    CORE::kill 'KILL', @pids;
    poll { !grep { slurp("/proc/$_/stat") =~ /\A\d+ \(.*\) [^Z]/s } @pids }
        or croak "$self->{name}: children do not die";
    return;
}

# What `apachectl configtest` does: (exit status, output).
sub configtest {
    my ($self) = @_;
    $self->write_conf;
    my $line = join ' ', map { s/'/'\\''/gr =~ s/\A|\z/'/gr } $self->command('-t');
    local %ENV = (%ENV, %{ $self->{env} });
    my $output = `cd '$self->{dir}' && $line 2>&1 </dev/null`;
    return ($? >> 8, $output);
}

# Passes when configtest refuses the configuration and its output matches all patterns.
sub expect_refusal {
    my ($self, $name, @patterns) = @_;
    my ($status, $output) = $self->configtest;
    my @missing = grep { $output !~ $_ } @patterns;
    my $ok = Test::More::ok($status != 0 && !@missing, $name);
    if (!$ok) {
        Test::More::diag("exit status $status", map { "\nnot said: $_" } @missing);
        Test::More::diag($output);
    }
    return $ok;
}

# --- what it said ---

# Both of its logs: what it says before it has opened the error log is on the console.
sub log_text {
    my ($self) = @_;
    return slurp("$self->{dir}/console.log") . slurp($self->error_log);
}

sub tail {
    my ($self) = @_;
    my @lines = split /\n/, $self->log_text;
    splice @lines, 0, -25 if @lines > 25;
    return join "\n", @lines;
}

# Waits for a line in the log that matches.
sub log_like {
    my ($self, $pattern, $name, $seconds) = @_;
    my $found = poll { $self->log_text =~ $pattern } $seconds;
    my $ok = Test::More::ok($found, $name);
    Test::More::diag("no line matches $pattern in:\n" . $self->tail) if !$ok;
    return $ok;
}

# What the log says of one request, for a diagnosis.
sub lines_about {
    my ($self, $answer) = @_;
    my $id = $answer->{headers}{'x-request-id'} // return '';
    return join "\n", grep { /\[request \Q$id\E\]/ } split /\n/, $self->log_text;
}

# Codes (DYGW0402, AH00045) that lines of level warn and above may carry.
sub announce {
    my ($self, @codes) = @_;
    $self->{announced}{$_} = 1 for @codes;
    return $self;
}

# The lines that nobody announced.
sub complaints {
    my ($self) = @_;
    return grep { $self->is_complaint($_) } split /\n/, $self->log_text;
}

sub is_complaint {
    my ($self, $line) = @_;
    return 0 if $self->is_of_stopping($line);
    return 1 if $line =~ $FATAL;
    return 0 if $line !~ /\A \[ [^\]]+ \] \s \[ [\w-]* : (\w+) \]/x || !$LIMITS{$1};
    my @codes = $line =~ /\b ( DYGW\d{4} | AH\d{5} ) : /gx;
    return !grep { $self->{announced}{$_} } @codes;
}

# Crashes of httpd's own. The threaded MPMs': see await_quiet. A child that is told to end while it is being started
# runs exit() in the middle of malloc(): with prefork any, as one that has our thread ends in another way; with the
# others one that has not said anything yet, as await_quiet cannot know which one is going to be started in a moment.
sub is_of_stopping {
    my ($self, $line) = @_;
    my $anybody = $self->{mpm} eq 'prefork' || $self->{stop_race};
    return $self->{stop_race} || $1 eq 'Abort' && ($anybody || !$self->has_spoken($2))
        if $line =~ /AH0005[12]: child pid (?=\d+ exit signal (Segmentation fault|Abort))(\d+)/;
    return 0 if $line !~ /\A(?:corrupted |free\(\): |malloc|double free|munmap_chunk)/;
    return 1 if $anybody;
    return scalar grep { !$self->has_spoken($_) } $self->log_text =~ /AH0005[12]: child pid (\d+) exit signal Abort/g;
}

# Whether a line of the log is that child's.
sub has_spoken {
    my ($self, $pid) = @_;
    return $self->log_text =~ /\[pid $pid:/;
}

# Stops the server and fails unless its log is clean and no crash ended the parent, which has no log any more then.
sub check_log {
    my ($self, $name) = @_;
    $self->stop;
    $unchecked-- if $self->{started} && !$self->{checked}++;
    my @bad = $self->complaints;
    push @bad, 'the parent ended with signal ' . ($self->{exit} & 127) if ($self->{exit} // 0) & 127;
    my $ok = Test::More::ok(!@bad, $name // "the log of $self->{name} holds nothing that was not announced");
    splice @bad, 20 if @bad > 20;
    Test::More::diag(join "\n", @bad) if !$ok;
    return $ok;
}

# For what is no test: the log need not be checked.
sub forget_log {
    my ($self) = @_;
    $unchecked-- if $self->{started} && !$self->{checked}++;
    return;
}

# --- the end ---

sub destroy {
    my ($self) = @_;
    return if $self->{owner} != $$ || !$self->{dir};
    local ($?, $@, $!);
    if (!$self->has_ended) {
        eval { $self->send_signal('TERM'); 1 } && poll { $self->has_ended } STOP_DEADLINE;
        $self->kill;
    }
    my $dir = delete $self->{dir};
    unlink @{ $self->{litter} // [] };
    $ENV{DYGW_TEST_KEEP} ? Test::More::diag("$self->{name} was in $dir") : remove_tree($dir);
    return;
}

sub DESTROY { $_[0]->destroy; return }

END {
    my $ours = grep { $_ && $_->{owner} == $$ } @alive;
    for my $server (@alive) {
        next if !$server;
        # The test died before it could look.
        Test::More::diag("the end of the log of $server->{name}:\n" . $server->tail)
            if $server->{started} && !$server->{checked} && $server->{owner} == $$;
        $server->destroy;
    }
    if ($ours && $unchecked > 0 && $? == 0) {
        Test::More::diag('a server was started, and its log never checked');
        $? = 1;
    }
}

1;
