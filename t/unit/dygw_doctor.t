# SPDX-License-Identifier: Apache-2.0
# The doctor: it has words in both languages for all that a gateway can say, says what to do, ends as it promises, and
# shows no secret.
use strict;
use warnings;
use utf8;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use IPC::Open3 qw(open3);
use JSON::PP;
use Symbol qw(gensym);
use Test::More;
use Time::HiRes qw(time);

use constant DEADLINE_SEC => 60;

binmode $_, ':encoding(UTF-8)' for *STDOUT, *STDERR;
my $root = abs_path(dirname(__FILE__) . '/../..');
my $doctor = "$root/build/dygw-doctor";
my $dir = tempdir(CLEANUP => 1);

delete @ENV{ grep { /_proxy\z|\ALC_|\ALANG/i } keys %ENV };
$SIG{ALRM} = sub { die "no end within the deadline\n" };
alarm DEADLINE_SEC;

package Doctor { require $doctor }

sub slurp { open my $file, '<:encoding(UTF-8)', $_[0] or die "$_[0]: $!\n"; local $/; return scalar <$file> }

# --- words ---

my $description = slurp("$root/conf/openapi.yaml");

sub described {
    my ($schema) = @_;
    my ($list) = $description =~ /^    $schema:\n(?:      .*\n)*?      enum:\n((?:        - .*\n)+)/m;
    return $list =~ /- (\w+)/g;
}

my @names = (described('DiagnosisName'), qw(gateway clock site open internal health health_check upstream));
my @reasons = described('DiagnosisReason');
cmp_ok(scalar @names, '>', 15, 'names are described');
cmp_ok(scalar @reasons, '>', 30, 'reasons are described');
my $CHINESE = qr/\p{Han}/;
for my $name (@names) {
    my ($en, $zh) = map { Doctor::title({ name => $name, detail => {} }, $_) } 0, 1;
    ok(length $en && $en !~ $CHINESE && length $zh && $en ne $zh, "$name: a title in both languages");
    unlike("$en$zh", qr/[{}]/, '... whole without its facts');
}
my %texts = do { no warnings qw(once); %Doctor::TEXTS };
for my $reason (@reasons) {
    ok(scalar(grep { /(?:\A|\.)$reason(?:\.|\z)/ } keys %texts), "$reason: there are words");
}
for my $key (sort keys %texts) {
    my ($en, $en_remedy, $zh, $zh_remedy) = @{ $texts{$key} };
    # Douyin's console is quoted as it is.
    my $quoted = join '', $en_remedy =~ /(\(.*?\)|抖音来客|来客|店铺管理|第三方应用授权| - )/g;
    ok(length $en && length $zh, "$key: in both languages");
    unlike($en, $CHINESE, '... the English one');
    like("$zh$zh_remedy", $CHINESE, '... the Chinese one') if $zh ne '{what}';
    is(!!length $en_remedy, !!length $zh_remedy, '... a remedy in both or none');
    is_deeply([ sort $en =~ /\{\w+\}/g ], [ sort $zh =~ /\{\w+\}/g ], '... with the same facts');
    my ($what, $name) = ($key =~ s/.*?\.//r, $key =~ /\A(\w+)\./ ? $1 : undef);
    ok(!defined $name || grep({ $_ eq $name } @names), '... about something that exists');
}
for my $error (1508, 2100007, 2119005, 2190004, 10013) {
    my %reason = (1508 => 'not_authorised', 2119005 => 'not_authorised', 2100007 => 'address_refused',
                  2190004 => 'no_permission', 10013 => 'refused');
    my ($what, $remedy) = Doctor::texts({ name => $error == 10013 ? 'secret' : 'scope_order',
        reason => $reason{$error}, detail => { error_code => $error, scope => 'life.x' } }, 0);
    like($remedy, qr/console|Laike/, "$error: where in Douyin's pages it is set right");
}

# --- accounts, declared stores and declared apps ---

# What is said of a check, and what to do, in one text.
sub said {
    my ($lang, $name, $reason, %detail) = @_;
    my $check = { name => $name, state => 'fail', reason => $reason, detail => \%detail };
    return join ' / ', Doctor::title($check, $lang), Doctor::texts($check, $lang);
}

my %of_store = (store => '7001', poi_id => '701', account_id => '81', expected_account_id => '82',
    declared_in => '/etc/dygw/stores.csv:3');
like(said(0, authorisation => 'not_authorised', account_id => '81'), qr/of account 81 has not.*DygwStoreAccount/,
    'an account that has not authorised is named');
like(said(0, authorisation => 'not_authorised'), qr/The merchant has not/, '... where none is configured');
for my $lang (0, 1) {
    my $what = ('English', 'Chinese')[$lang];
    my $text = said($lang, declared_store => 'other_account', %of_store);
    like($text, qr/$_/, "$what: a declared store of another account: $_")
        for 7001, 701, 81, 82, 'stores\.csv:3', 'DygwStoreAccount \S*\s*81';
    $text = said($lang, declared_store => 'unknown_store', %of_store);
    like($text, qr/$_/, "$what: one that Douyin does not know: $_") for 7001, 82, 'stores\.csv:3';
    $text = said($lang, declared_app => 'conflict', app => 'pos', declared_in => 'a.conf:7', other => 'till',
        other_id => 5, field => 'client_key');
    like($text, qr/$_/, "$what: an app in the way: $_") for qw(pos till client_key a\.conf:7 apps/5);
    $text = said($lang, declared_app => 'unreadable_secret', app => 'pos', declared_in => 'a.conf:7');
    like($text, qr/pos.*DygwAppSecret.*a\.conf:7/, "$what: a secret that could not be read");
    like(said($lang, declared_host => 'differs', host => 'b-1', wrong => 2, apps => 'pos (differs), kiosk (only here)'),
        qr/b-1.* 2 .*pos \(differs\), kiosk \(only here\)/, "$what: a host that differs");
    like(said($lang, declared_stores => 'more', more => 33, right => 1, stores => 54), qr/33.*/, "$what: and more");
    my %of_file = (file => '/etc/dygw/stores.csv', declared_in => 'a.conf:9');
    like(said($lang, declared_file => 'unreadable', %of_file), qr{/etc/dygw/stores\.csv.*a\.conf:9.*configtest},
        "$what: a file of stores that is left out");
    like(said($lang, declared_file => 'conflict', %of_file, wrong => 3),
        qr{/etc/dygw/stores\.csv.* 3 .*a\.conf:9}, "$what: one that collides");
    like(said($lang, accounts => 'left_out', accounts => 60, unasked => 20), qr/60.*20.*--poi/,
        "$what: what is left out");
}
like(said(0, store => 'other_account', poi_id => 1, account_id => 81, expected_account_id => 82),
    qr/belongs to account 81, not to 82 \(DygwAccountId\)/, 'a store that is not declared should be of DygwAccountId');
like(said(0, store => 'other_account', %of_store), qr/Set DygwStoreAccount 81 .*stores\.csv:3/,
    '... a declared one not');

# --- a gateway that says what it is told to ---

sub read_request {
    my ($socket) = @_;
    my $text = '';
    while (defined(my $line = <$socket>)) {
        last if $line eq "\r\n";
        $text .= $line;
    }
    return $text;
}

# Serves one answer after the other; what it was asked is in a file.
sub serve {
    my (@answers) = @_;
    my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "cannot listen: $@";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open my $seen, '>', "$dir/seen" or die $!;
        for my $answer (@answers) {
            my $socket = $listener->accept;
            print {$seen} read_request($socket), "\n";
            $seen->flush;
            my ($status, $body, $more) = @$answer;
            $body = JSON::PP->new->utf8->encode(ref $body eq 'CODE' ? $body->() : $body) if ref $body;
            print {$socket} "HTTP/1.1 $status Word\r\nContent-Type: application/json\r\nContent-Length: ",
                length $body, "\r\nRetry-After: 1\r\n", $more // '', "Connection: close\r\n\r\n$body";
        }
        require POSIX;
        POSIX::_exit(0);
    }
    return ($pid, 'http://127.0.0.1:' . $listener->sockport);
}

sub run {
    my (@arguments) = @_;
    my $pid = open3(my $in, my $out, my $err = gensym, $^X, $doctor, @arguments);
    close $in;
    binmode $_, ':encoding(UTF-8)' for $out, $err;
    my ($printed, $complaint) = map { local $/; scalar <$_> // '' } $out, $err;
    waitpid $pid, 0;
    return ($? >> 8, $printed, $complaint);
}

sub consult {
    my ($answers, @arguments) = @_;
    my ($pid, $url) = serve(@$answers);
    my @result = run('--url', $url, map { s/\{url\}/$url/r } @arguments);
    kill 'TERM', $pid;
    waitpid $pid, 0;
    return @result;
}

sub at {
    my ($ahead) = @_;
    my $now = time + $ahead;
    my @t = gmtime $now;
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', $t[5] + 1900, $t[4] + 1, @t[ 3, 2, 1, 0 ],
        1000 * ($now - int $now);
}

sub diagnosis {
    my (@checks) = @_;
    return [ 200, sub { return { data => { version => '1.2', at => at(0), checks => [
        map { { name => $_->[0], state => $_->[1], reason => $_->[2], detail => $_->[3] // {} } } @checks ] } } } ];
}

my $refused = [ scope_order => 'fail', 'no_permission', { scope => 'life.capacity.order.query', error_code => 2190004,
    description => "应用未获得该能力\n\e[2J", logid => '2025A' } ];
my @token = (token => 'pass', undef, { version => 3, expires_in => 9 });
my ($code, $printed, $complaint) = consult([ diagnosis([@token]) ]);
is($code, 0, 'all is well: 0');
like($printed, qr/^pass  Gateway: version 1\.2$/m, 'a line each');
like($printed, qr/^pass  Access token: version 3, good for 9 s$/m, '... with its facts');
unlike($printed, qr/->/, 'nothing is to be done');

($code, $printed) = consult([ diagnosis([ database => 'warn', 'slow', { driver => 'pgsql', round_trip_us => 5 } ]) ]);
is($code, 0, 'a warning: 0');
like($printed, qr/^warn  Database, pgsql: .*round trip 5 us\n +-> Look/m, '... with what to do');
like($printed, qr/\n3 checks; failed: 0; warnings: 1\n\z/, '... and the last line sums up');

($code, $printed) = consult([ diagnosis($refused) ]);
is($code, 1, 'a failure: 1');
like($printed, qr/^FAIL  .*life\.capacity\.order\.query: .*error_code 2190004 .*logid 2025A/m,
    '... with what Douyin says');
like($printed, qr/-> Apply for life\.capacity\.order\.query/, '... and what to do');
unlike($printed, qr/\e|能力\n/, '... in one line, without what a terminal obeys');

for my $case ([ LANG => 'zh_CN.UTF-8' ], [ LC_ALL => 'zh_TW' ], [ LANG => 'zh' ]) {
    local $ENV{ $case->[0] } = $case->[1];
    local $ENV{PERL_BADLANG} = 0;
    ($code, $printed) = consult([ diagnosis($refused) ]);
    like($printed, qr/^失败  订单查询能力.*\n +-> .*能力申请/m, "$case->[0]=$case->[1]: in Chinese");
    ($code, $printed) = consult([ diagnosis($refused) ], '--lang', 'en');
    like($printed, qr/^FAIL/m, '... unless told otherwise');
}
{
    local @ENV{qw(LANG LC_ALL PERL_BADLANG)} = ('zh_CN.UTF-8', 'C', 0);
    ($code, $printed) = consult([ diagnosis($refused) ]);
    like($printed, qr/^FAIL/m, 'LC_ALL counts before LANG');
}

($code, $printed) = consult([ diagnosis([ authorisation => 'pass', undef, { account_id => '81' } ],
    [ store => 'pass', undef, { poi_id => '701', store => '7001', account_id => '81' } ],
    [ declared_stores => 'pass', undef, { stores => 3, right => 3, wrong => 0, unasked => 0 } ]) ]);
like($printed, qr/^pass  Authorisation by the merchant: account 81$/m, 'an account has a line');
like($printed, qr/^pass  Store 701: declared as 7001$/m, '... a store that was named');
like($printed, qr/^pass  Declared stores: 3 of 3 are right$/m, '... and all that are right one');

($code, $printed) = consult([ diagnosis($refused) ], '--json', '--lang', 'zh');
my $json = JSON::PP->new->decode($printed);
is($code, 1, '--json ends the same');
is($json->{status}, 'fail', '... says how it is');
is_deeply([ map { $_->{name} } @{ $json->{checks} } ], [qw(gateway clock scope_order)], '... has each check');
my $check = $json->{checks}[2];
is_deeply([ @$check{qw(state reason)}, $check->{detail}{error_code} ], [qw(fail no_permission 2190004)],
    '... its facts');
like("$check->{title} $check->{text} $check->{remedy}", qr/订单.*应用未获得该能力.*能力申请/s, '... and its words');

($code, $printed) = consult([ diagnosis([ of_the_future => 'fail', 'x' ], $refused) ]);
like($printed, qr/FAIL  Permission/, 'what it does not know it leaves out');
($code, $printed) = consult([ diagnosis([ token => 'fail', 'of_the_future' ]) ]);
like($printed, qr/^FAIL  Access token: of_the_future/m, 'a reason that it does not know it shows as it is');

# --- the clock of this machine ---

for my $case ([ 3, 'pass', 0 ], [ -30, 'warn', 0 ], [ 3600, 'FAIL', 1 ]) {
    my $answer = sub { return { data => { version => '1', at => at($case->[0]), checks => [] } } };
    ($code, $printed) = consult([ [ 200, $answer ] ]);
    is($code, $case->[2], "a gateway that is $case->[0] s ahead: $case->[2]");
    like($printed, qr/^$case->[1]  Clock of this machine/m, "... $case->[1]");
}

# --- what it sends ---

open my $file, '>', "$dir/headers" or die $!;
print {$file} "Authorization: Basic c2VjcmV0\nX-More: 1\n";
close $file;
($code, $printed, $complaint) = consult([ diagnosis(), [ 401, { code => 'missing_credentials' } ],
        [ 200, { status => 'ok', checks => { token => 'ok' } } ] ],
    '--operator', 'zhang', '--poi', '71', '--poi', '72', '--peak', '50', '--header', "\@$dir/headers",
    '--header', 'X-One: 1', '--open', '{url}/o/', '--health', '{url}/h');
is($code, 0, 'with /open and /health');
like($printed, qr{^pass  /open\npass  /health$}m, '... each has a line');
unlike("$printed$complaint", qr/c2VjcmV0/, 'no header is shown');
my @seen = split /\n\n/, slurp("$dir/seen") =~ s/\r//gr;
like($seen[0], qr{\AGET /diagnosis\?poi_id=71,72&peak=50 HTTP}, 'stores and peak are sent');
like($seen[0], qr/^x-xtj-uid: zhang$/mi, '... the operator');
like($seen[0], qr/^authorization: Basic c2VjcmV0$/mi, '... headers of a file');
like($seen[0], qr/^x-one: 1$/mi, '... and of the command line');
like($seen[1], qr{\AGET /o/verifications HTTP}, '/open is asked');
unlike("$seen[1]$seen[2]", qr/authorization|x-xtj-uid/i, '... without them');

($code, $printed) = consult([ diagnosis(), [ 200, {} ], [ 503, { status => 'degraded', checks => { token => 'expired',
    database => 'ok' } } ] ], '--open', '{url}', '--health', '{url}');
is($code, 1, 'what answers otherwise fails');
like($printed, qr{^FAIL  /open: What answers at http://\S+ is not the gateway}m, '... /open');
like($printed, qr{^FAIL  /health: database: ok, token: expired}m, '... /health, with what it says');

# What Apache refuses at the gateway's places, in the gateway's form.
my @asks = ("WWW-Authenticate: Basic realm=x\r\n");
($code, $printed) = consult([ diagnosis(), [ 401, { code => 'missing_credentials' }, @asks ],
        [ 403, { code => 'forbidden' } ] ], '--open', '{url}', '--health', '{url}');
like($printed, qr{^FAIL  $_: Callers are not let in at .*HTTP status 40[13]\.\n +-> .*Require all granted}m,
    "$_ where Apache asks who it is, in JSON") for '/open', '/health';
($code, $printed) = consult([ [ 401, { code => 'operator_required' }, @asks ] ]);
like($printed, qr/Apache does not let this program in/, '... and the diagnosis');

# What /health says of itself, a word that nobody knows among it.
my %failing = (database => 'readonly', token => 'refused', worker => 'ok', key => 'wrong', clock => 'behind',
    future => 'x');
my $degraded = [ 503, { status => 'degraded', upstream => 'sandbox', checks => \%failing } ];
($code, $printed) = consult([ diagnosis(), $degraded ], '--health', '{url}');
is($code, 1, 'a /health that is degraded fails');
like($printed, qr{^FAIL  /health, $_\n +-> \S}m, "... each of its checks: $_") for
    'database readonly: The database can only be read.*', 'token refused: .*', 'key wrong: The master key.*',
    'clock behind: .*clock is wrong.*', 'future x: .*';
unlike($printed, qr{/health, worker}, '... but those that are ok');
like($printed, qr/^warn  Upstream: What answers is not Douyin but the sandbox.*\n +-> .*DygwUpstream/m,
    'the sandbox is told');
($code, $printed) = consult([ diagnosis(), [ 200, { status => 'ok', upstream => 'sandbox', checks => {} } ] ],
    '--health', '{url}');
is($code, 0, '... and is no failure');
my ($described) = $description =~ /^    Health:\n((?:      .*\n)+)/m;
my @member_words = $described =~ /^            (\w+):(?: \{|\n(?: {14}.*\n)*? {14}).*?enum: \[(.*?)\]/mg;
cmp_ok(scalar @member_words, '>=', 10, 'the words of /health are described');
while (my ($member, $words) = splice @member_words, 0, 2) {
    my ($lacking) = grep { !$texts{"health_check.$member.$_"} && !$texts{"health_check.$member"} }
        grep { $_ ne 'ok' } $words =~ /\w+/g;
    is($lacking, undef, "/health, $member: there are words for each state");
}

# --- no diagnosis ---

($code, $printed) = consult([ [ 429, {} ], diagnosis() ]);
is($code, 0, 'it asks again when it comes too soon');
for my $case ([ 401, { code => 'operator_required' }, qr/--operator/ ], [ 403, '<html>', qr/Apache does not let/ ],
              [ 404, '<html>', qr/is not the gateway/ ], [ 200, 'no JSON', qr/no diagnosis/ ],
              [ 400, { code => 'invalid_request', message => 'so' }, qr/no diagnosis: HTTP status 400 so/ ]) {
    ($code, $printed) = consult([ [ @$case[ 0, 1 ] ] ]);
    is($code, 2, "no diagnosis ($case->[0]): 2");
    like($printed, $case->[2], '... and says why');
}
my $apaches = "WWW-Authenticate: Basic realm=\"the office\"\r\n";
($code, $printed) = consult([ [ 401, { code => 'operator_required' }, $apaches ] ]);
like($printed, qr/Apache does not let/, 'a 401 of Apache\'s own, in our form, is Apache\'s');
(undef, $printed) = consult([ diagnosis(), [ 401, { code => 'missing_credentials' }, $apaches ] ], '--open', '{url}');
like($printed, qr{^FAIL  /open: Callers are not let in at http://}m, 'of /open too');
($code) = consult([ [ 302, '', "Location: /elsewhere\r\n" ], diagnosis() ]);
is($code, 2, 'a redirect is not followed, with all the headers');
($code, $printed) = run('--url', 'http://127.0.0.1:1/x');
is($code, 2, 'no gateway: 2');
like($printed, qr{^FAIL  Gateway: There is no answer from http://127\.0\.0\.1:1/x}m, '... and says so');
for my $wrong ([ '--url', 'ftp://x' ], [ '--url', 'http://u:p@x' ], [ '--poi', 'a b' ], [ '--peak', '0' ],
               [ '--peak', 'x' ], [ '--lang', 'fr' ], [ '--timeout', '0' ],
               [ '--site', 'http://x/y' ], [ '--ca-file', "$dir/none" ], ['more'], ['--nothing'],
               [ '--header', 'nothing' ],
               [ '--header', "\@$dir/none" ], [ map { ('--poi', $_) } 1 .. 21 ]) {
    ($code, $printed, $complaint) = run(@$wrong);
    is("$code$printed", '2', "wrong usage ends with 2: @$wrong[ 0 .. ($#$wrong > 1 ? 1 : $#$wrong) ]");
    like($complaint, qr/\Adygw-doctor: .+\nusage:/, '... and tells');
}
($code, $printed) = run('--help');
is($code, 0, '--help ends with 0');
like($printed, qr/--$_\b/, "... names --$_") for qw(url operator operator-header header ca-file poi peak site open
    health timeout lang json help);

done_testing;
