#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What build/demo shows, once everything is built. From the environment: DYGW_OUT, the directory of
# the modules; DYGW_TEST_WRAP, a command to run httpd under.
use strict;
use warnings;

use Cwd qw(abs_path);
use Encode qw(decode encode);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

use constant {
    ACCOUNT       => '7014065493820573710',
    OTHER_ACCOUNT => '7014065493820573999',
    STORE         => '7001',                    # the shop's own codes; see %POI
    OTHER_STORE   => '8001',
    OPERATOR      => 'demo',
    THREADS       => 16,
    SPARE_COUPONS => 5,
    START_SEC     => 30,
    ENRICH_SEC    => 15,
    STOP_SEC      => 15,
    WRAPPER_TIMES => 10,     # slower, with DYGW_TEST_WRAP
    POLL_SEC      => 0.05,
    WIDTH         => 96,     # columns, for JSON that stays on one line
    LOG_TAIL      => 30,     # lines
};

# The stores at Douyin, by the codes of the configuration.
my %POI = (7001 => '7012345678901234567', 7002 => '7012345678901234568',
           8001 => '6994674961470212127');

my $here = dirname(__FILE__);
my $root = abs_path("$here/..");
my $out = abs_path($ENV{DYGW_OUT} // "$root/.out");
my @wrapper = split ' ', $ENV{DYGW_TEST_WRAP} // '';
my $once = grep { $_ eq '--once' } @ARGV;
my $owner = $$;
my $json = JSON::PP->new->utf8->allow_nonref;
my ($dir, $httpd, $port, $sandbox_port, $http, %app);

# --- what is shown ---

# The value that the tokens begin with, a member a line in the order that it came in. What lies
# deeper than two levels stays on one line, and is cut when that is too long.
sub layout {
    my ($tokens, $depth) = @_;
    my $open = shift @$tokens;
    my $close = $open eq '{' ? '}' : $open eq '[' ? ']' : return $open;
    my @members;
    while (@$tokens && $tokens->[0] ne $close) {
        my $name = $open eq '{' ? join '', splice(@$tokens, 0, 2), ' ' : '';
        push @members, $name . layout($tokens, $depth + 1);
        shift @$tokens if @$tokens && $tokens->[0] eq ',';
    }
    shift @$tokens;
    my $line = $open . join(', ', @members) . $close;
    return $line if !@members || $depth > 2;
    return length $line > WIDTH ? substr($line, 0, WIDTH - 4) . " ...$close" : $line if $depth == 2;
    my $pad = '    ' x $depth;
    return "$open\n" . join(",\n", map { "$pad    $_" } @members) . "\n$pad$close";
}

sub pretty {
    my ($bytes) = @_;
    my $text = decode('UTF-8', $bytes);
    my @tokens = $text =~ /"(?:\\.|[^"\\])*"|[\[\]{},:]|[^\s\[\]{},:"]+/g;
    return encode('UTF-8', @tokens ? layout(\@tokens, 0) : '');
}

sub title { print "\n\n--- $_[0] ---\n\n"; return }

# --- what is asked ---

sub asked {
    my ($method, $path, $who, $body) = @_;
    print "$method $path    ($who)\n", length $body ? pretty($body) . "\n" : '', "\n";
    return;
}

# Shows an answer, all of it or some members, and dies when it is not the one that was to come.
sub answered {
    my ($status, $body, $expected, @members) = @_;
    my $shown = $body;
    if (@members) {
        my $data = $json->decode($body)->{data};
        $shown = '{' . join(',', map { "\"$_\":" . $json->encode($data->{$_}) } @members) . '}';
    }
    print "$status\n", pretty($shown), "\n";
    die "an answer with $expected was expected\n" if $status !~ /\A$expected\b/;
    return $json->decode($body);
}

# As an operator, or as anybody.
sub plain {
    my ($method, $path, $body, $expected) = @_;
    my $operator = $path =~ m{/internal/};
    my %headers = $operator ? ('X-XTJ-UID' => OPERATOR) : ();
    $headers{'Content-Type'} = 'application/json' if length $body;
    asked($method, $path, $operator ? 'X-XTJ-UID: ' . OPERATOR : 'no signature', $body);
    my $answer = $http->request($method, "http://127.0.0.1:$port$path",
                                { headers => \%headers, content => $body });
    return answered("$answer->{status} $answer->{reason}", $answer->{content}, $expected);
}

# As the verifier app, with the client that a user would take. Each redemption has a key of its own,
# as each sale of a till has.
my $redemptions = 0;

sub signed {
    my ($method, $path, $body, $expected, @members) = @_;
    my @key = $path =~ m{/coupons/verify\z} ? 'demo-' . ++$redemptions : ();
    my $who = join ', ', "signed by $app{client_key}", map { "Idempotency-Key: $_" } @key;
    asked($method, $path, $who, $body);
    local @ENV{qw(DYGW_CLIENT_KEY DYGW_SECRET)} = @app{qw(client_key secret)};
    my @command = ($^X, "$here/dygw-call", (map { ('--idempotency-key', $_) } @key),
                   "http://127.0.0.1:$port", $method, $path);
    open my $pipe, '-|', @command, length $body ? $body : () or die "dygw-call: $!\n";
    my $status = <$pipe> // die "no answer\n";
    my $answer = do { local $/; <$pipe> } // '';
    close $pipe;
    chomp $status;
    return answered($status, $answer, $expected, @members);
}

# The simulator's own ways; not shown.
sub sandbox {
    my ($path, $request) = @_;
    my $answer = $http->post("http://127.0.0.1:$sandbox_port/_sandbox/$path",
                             { headers => { 'Content-Type' => 'application/json' },
                               content => $json->encode($request) });
    die "the sandbox answered $path with $answer->{status}: $answer->{content}\n"
        if $answer->{status} != 200;
    return $json->decode($answer->{content});
}

# The body of a request about a coupon, in this order; of the first store, unless it names another.
sub coupon_json {
    my @members = $_[0] eq 'store' ? @_ : (store => STORE, @_);
    my @texts;
    while (my ($name, $value) = splice @members, 0, 2) {
        push @texts, "\"$name\":" . $json->encode($value);
    }
    return '{' . join(',', @texts) . '}';
}

sub redeem {
    my ($status, @request) = @_;
    my $answer = signed('POST', '/v1/open/coupons/verify', coupon_json(@request), 200);
    my $got = $answer->{data}{verify_status} // '';
    die "verify_status $status was expected, not $got\n" if $got ne $status;
    return $answer->{data}{id};
}

# --- the private Apache ---

sub free_ports {
    my @sockets = map {
        IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') // die "no free port: $@\n"
    } 1 .. $_[0];
    return map { $_->sockport } @sockets;
}

sub write_file {
    my ($name, $mode, $text) = @_;
    open my $file, '>', "$dir/$name" or die "$dir/$name: $!\n";
    chmod $mode, $file;
    print {$file} $text;
    close $file or die "$dir/$name: $!\n";
    return;
}

sub random_hex {
    my ($bytes) = @_;
    open my $random, '<:raw', '/dev/urandom' or die "/dev/urandom: $!\n";
    sysread($random, my $got, $bytes) == $bytes or die "/dev/urandom: too short\n";
    return unpack 'H*', $got;
}

sub apxs {
    my ($name) = @_;
    chomp(my $value = `apxs -q $name`);
    return $value;
}

# A child of root's httpd is another user, and that user has to be able to reach the database.
sub user_lines {
    return '' if $> != 0;
    my ($user) = grep { defined getpwnam $_ } qw(www-data apache daemon nobody);
    my $group = getgrgid((getpwnam $user)[3]);
    return "User $user\nGroup $group\n";
}

sub load_lines {
    my $libexec = apxs('LIBEXECDIR');
    my @names = qw(mpm_event unixd authz_core authz_host dbd reqtimeout);
    return join('', map {
        "<IfModule !${_}_module>\n    LoadModule ${_}_module \"$libexec/mod_$_.so\"\n</IfModule>\n"
    } @names), map { "LoadModule ${_}_module \"$out/mod_$_.so\"\n" } qw(dygw dygw_sandbox);
}

sub configuration {
    my ($threads, $connections) = (THREADS, THREADS + 1);
    my ($account, $other) = (ACCOUNT, OTHER_ACCOUNT);
    my ($loads, $user) = (join('', load_lines()), user_lines());
    return <<"CONF";
ServerRoot "$dir"
ServerName 127.0.0.1
DefaultRuntimeDir "$dir"
PidFile "$dir/httpd.pid"
ErrorLog "$dir/error.log"
LogLevel warn dygw:info
Listen 127.0.0.1:$port
Listen 127.0.0.1:$sandbox_port
$loads$user
ServerLimit 2
StartServers 2
ThreadsPerChild $threads
MaxRequestWorkers @{[2 * $threads]}
MinSpareThreads 1
MaxSpareThreads @{[2 * $threads]}

DBDriver  sqlite3
DBDParams "$dir/db/dygw.db"
DBDKeep   $connections
DBDMax    $connections

DygwClientKey      awdemo0000000000
DygwClientSecret   "file:$dir/douyin-secret"
DygwMasterKey      "file:$dir/master-key"
DygwAccountId      $account
DygwUpstream       http://127.0.0.1:$sandbox_port
DygwShortLinkHosts http://127.0.0.1:$sandbox_port

# Three stores, by the shop's own codes; the last one is another merchant's.
<DygwStore 7001>
    DygwStorePoi     $POI{7001}
    DygwStoreName    "Changshu Road"
</DygwStore>
<DygwStore 7002>
    DygwStorePoi     $POI{7002}
    DygwStoreName    "Huaihai Road"
</DygwStore>
<DygwStore 8001>
    DygwStorePoi     $POI{8001}
    DygwStoreAccount $other
    DygwStoreName    "Nanjing Road"
</DygwStore>

<Location "/v1/open">
    SetHandler dygw-open
</Location>
<Location "/v1/internal">
    SetHandler dygw-internal
    Require local
</Location>
<Location "/health">
    SetHandler dygw-health
</Location>

# Douyin's side.
DygwSandboxClient  awdemo0000000000 demo-secret-of-the-application
DygwSandboxAccount $other $POI{8001}
<VirtualHost 127.0.0.1:$sandbox_port>
    ServerName 127.0.0.1
    <Location "/">
        SetHandler dygw-sandbox
    </Location>
</VirtualHost>
CONF
}

sub set_up {
    -e "$out/mod_$_.so" or die "$out/mod_$_.so is not built\n" for qw(dygw dygw_sandbox);
    $dir = tempdir('dygw-demo-XXXXXX', TMPDIR => 1);
    chmod 0755, $dir;
    ($port, $sandbox_port) = free_ports(2);
    delete @ENV{ grep { /_proxy\z/i } keys %ENV };
    $http = HTTP::Tiny->new(timeout => patience(START_SEC), max_redirect => 0);
    write_file('douyin-secret', 0600, "demo-secret-of-the-application\n");
    write_file('master-key', 0600, random_hex(32) . "\n");
    write_file('httpd.conf', 0644, configuration());
    return;
}

sub patience { return $_[0] * (@wrapper ? WRAPPER_TIMES : 1) }

sub ended { return !$httpd || waitpid($httpd, WNOHANG) != 0 }

# httpd is told when this program dies, whatever it dies of. Its own process group keeps Ctrl-C away
# from it, so that it is stopped in order. valgrind is to see one process only.
sub start {
    my $program = apxs('SBINDIR') . '/' . apxs('PROGNAME');
    my $mode = "@wrapper" =~ /valgrind/ ? '-X' : '-DFOREGROUND';
    my @arguments = ('-f', "$dir/httpd.conf", $mode);
    my @command = (qw(setpriv --pdeathsig=TERM --), @wrapper, $program, @arguments);
    $httpd = fork // die "fork: $!\n";
    if ($httpd == 0) {
        POSIX::setpgid(0, 0);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$dir/error.log";
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    my $until = time + patience(START_SEC);
    while ($http->get("http://127.0.0.1:$port/health")->{status} != 200) {
        if (ended()) {
            undef $httpd;
            die "Apache does not start\n";
        }
        die "/health does not become ok\n" if time > $until;
        sleep POLL_SEC;
    }
    return;
}

# Its exit status, or -1 when it had to be killed.
sub stop {
    my $pid = $httpd // return 0;
    undef $httpd;
    my $until = time + patience(STOP_SEC);
    kill 'TERM', $pid;
    while (waitpid($pid, WNOHANG) == 0) {
        if (time > $until) {
            kill 'KILL', -$pid;
            waitpid $pid, 0;
            return -1;
        }
        sleep POLL_SEC;
    }
    return $?;
}

sub log_lines {
    open my $file, '<', "$dir/error.log" or return;
    return <$file>;
}

# What the log should not hold after a demo that went well.
sub complaints {
    return grep {
        /:(?:emerg|alert|crit|error|warn)\]|exit signal|Assertion|Sanitizer|runtime error|^==\d+==/
    } log_lines();
}

# --- the demo ---

sub play {
    my $minted = sandbox('mint', { orders => 3 + SPARE_COUPONS });
    my ($by_code, $by_link, $by_encrypted, @spare) = @{ $minted->{orders} };
    my ($of_other) = @{ sandbox('mint', { account_id => OTHER_ACCOUNT })->{orders} };
    my @done;

    title('Is it well?');
    plain('GET', '/health', '', 200);

    title("The stores that the configuration declares, by the shop's own codes");
    plain('GET', '/v1/internal/stores', '', 200);

    title('An operator creates a verifier app; its secret is shown this once');
    my $request = '{"name":"Till 1","code":"till-1","allow_token_read":true}';
    my $created = plain('POST', '/v1/internal/apps', $request, 201)->{data};
    %app = (client_key => $created->{app}{client_key}, secret => $created->{secret});

    title('The till redeems a coupon by the code that the customer reads out');
    push @done, redeem('success', code => $by_code->{coupons}[0]{code});

    title('... by the link that the scanner read from the QR code');
    push @done, redeem('success', short_link => $by_link->{short_link});

    title('... and in two steps: first what Douyin says about the order,');
    my $question = coupon_json(code => $by_encrypted->{coupons}[0]{code});
    my $prepared = signed('POST', '/v1/open/coupons/prepare', $question, 200)->{data};
    title('then the coupon that was chosen from it, by its encrypted_code');
    push @done, redeem('success', encrypted_code => $prepared->{certificates}[0]{encrypted_code},
                       verify_token => $prepared->{verify_token});

    title("A coupon of another merchant, at that merchant's store: one gateway serves both");
    push @done, redeem('success', store => OTHER_STORE, code => $of_other->{coupons}[0]{code});

    title('A coupon that is used up is refused, and that is recorded too');
    push @done, redeem('failed', code => $by_code->{coupons}[0]{code});

    title('The access token of Douyin, for an app that may read it');
    signed('GET', '/v1/open/douyin/access-token', '', 200);

    title('What happened: each redemption as it is recorded (some of its members)');
    for my $id (@done) {
        signed('GET', "/v1/open/verifications/$id", '', 200,
               qw(id store account_id verify_status error_code error_description origin_code),
               qw(mode verify_time));
        print "\n";
    }
    return map { $_->{coupons}[0]{code} } @spare;
}

sub quoted {
    my ($word) = @_;
    return $word =~ m{\A[\w./:-]+\z} ? $word : "'" . $word =~ s/'/'\\''/gr . "'";
}

sub invite {
    my (@codes) = @_;
    my ($client, $store) = (quoted("$here/dygw-call"), STORE);
    title('Now you');
    print <<"TRY";
export DYGW_CLIENT_KEY=$app{client_key} DYGW_SECRET=$app{secret}
$client http://127.0.0.1:$port POST /v1/open/coupons/verify \\
    '{"store":"$store","code":"$codes[0]"}'

More coupons: @codes[1 .. $#codes]
Everything is in $dir (httpd.conf, error.log, db/dygw.db) until Ctrl-C.
TRY
    return;
}

sub wait_for_the_end {
    until (ended()) {
        sleep 0.5;
    }
    undef $httpd;
    die "Apache ended by itself\n";
}

# Until the background has completed what was redeemed: the simulator ends with the same Apache, and
# would leave its call without an answer.
sub wait_until_enriched {
    my $until = time + patience(ENRICH_SEC);
    my $url = "http://127.0.0.1:$port/v1/internal/reports/verifications";
    while (time < $until) {
        my $answer = $http->get($url, { headers => { 'X-XTJ-UID' => OPERATOR } });
        return if $answer->{content} !~ /"enrichment_status":"pending"/;
        sleep POLL_SEC;
    }
    return;
}

sub finish {
    wait_until_enriched();
    my $status = stop();
    die "Apache could not be stopped\n" if $status == -1;
    die "Apache ended with status $status\n" if $status != 0;
    my @complaints = complaints();
    die "the error log complains:\n@complaints" if @complaints;
    return;
}

sub clean_up {
    return if $$ != $owner;
    local ($?, $!, $@);
    stop();
    remove_tree($dir) if defined $dir;
    return;
}

END { clean_up() }

my %EXIT = (INT => 130, TERM => 143, HUP => 129, PIPE => 141);
my $staying = 0;
for my $signal (keys %EXIT) {
    $SIG{$signal} = sub {
        print "\n" if $signal eq 'INT';
        exit($signal eq 'INT' && $staying ? 0 : $EXIT{$signal});
    };
}

$| = 1;
my $ok = eval {
    set_up();
    start();
    my @codes = play();
    if (!$once) {
        invite(@codes);
        $staying = 1;
        wait_for_the_end();
    }
    finish();
    1;
};
if (!$ok) {
    my $why = $@;
    my @lines = defined $dir ? log_lines() : ();
    splice @lines, 0, -LOG_TAIL() if @lines > LOG_TAIL;
    print STDERR "\nbuild/demo: $why", @lines ? ("\nThe end of the error log:\n", @lines) : ();
    exit 1;
}
print "\nThe demo went well.\n";
