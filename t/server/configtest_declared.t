#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Apps and stores that are declared in the configuration: what `apachectl configtest` refuses, with the places of what
# collides, and never with a secret; what it accepts, wherever the lines come from; and what a real start goes on
# without.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use Test::More;

use Dygw::Gateway;
use Dygw::Metrics;
use Dygw::Server qw(poll spew);

use constant {
    APPS    => 500,
    STORES  => 5000,
    POI     => '6994674961470212127',
    OTHER   => '6994674961470212128',
    SECRET  => 'sk-that-nobody-may-see',
    ACCOUNT => '7014065493820573710',
    BOM     => "\xEF\xBB\xBF",
    HEAD    => "store,poi_id,account_id,name\n",
};

my $dir = tempdir('dygw-declared-XXXXXX', DIR => '/tmp', CLEANUP => 1);
chmod 0777, $dir;
spew("$dir/client-secret", "a-secret-of-an-application\n", 0600);
spew("$dir/key", 'ab' x 32 . "\n", 0600);
spew("$dir/pos", SECRET . "-pos\n", 0600);
spew("$dir/pos.old", SECRET . "-old\n", 0600);
spew("$dir/same", SECRET . "-pos\n", 0600);
spew("$dir/short", "fifteen-letters\n", 0600);
spew("$dir/long", 'x' x 129 . "\n", 0600);
spew("$dir/longest", 'x' x 128 . "\n", 0600);

my $SHARED = <<"END";
DBDriver sqlite3
DBDParams $dir/dygw.db
DygwClientSecret file:$dir/client-secret
DygwMasterKey file:$dir/key
DygwAccountId ${\ACCOUNT}
END
my $GATEWAY = "${SHARED}DygwClientKey aw05az2qjv000000\n";

# --- what is declared ---

sub app {
    my ($code, @lines) = @_;
    my ($word) = $code =~ /([\w-]+)/;
    return join '', map { "$_\n" } "<DygwApp $code>", "DygwAppClientKey key-of-$word", "DygwAppSecret file:$dir/pos",
        @lines, '</DygwApp>';
}

sub store {
    my ($code, $poi_id, @lines) = @_;
    return join '', map { "$_\n" } "<DygwStore $code>", "DygwStorePoi $poi_id", @lines, '</DygwStore>';
}

sub csv {
    my ($name, $text) = @_;
    return spew("$dir/$name.csv", $text, 0644);
}

# --- asking ---

# The text stands in a file of its own, so that its lines are counted from 1: app.conf.
sub server {
    my ($text, %option) = @_;
    spew("$dir/app.conf", $text, 0644);
    return Dygw::Server->new(load => { dygw => Dygw::Server->module_path('dygw') }, modules => [qw(dbd macro)],
        conf => ($option{gateway} // $GATEWAY) . "Include $dir/app.conf\n");
}

sub accepts {
    my ($name, $text, %option) = @_;
    my ($status, $output) = server($text, %option)->configtest;
    return ok($status == 0 && $output !~ /DYGW/, "accepts $name") || diag $output;
}

sub refuses {
    my ($name, $text, $patterns, %option) = @_;
    my $server = server($text, %option);
    my ($status, $output) = $server->configtest;
    unlike($output, qr/\Q${\SECRET}\E|fifteen-letters|x{128}/, "$name: no secret is shown");
    return $server->expect_refusal("refuses $name", @$patterns);
}

sub at { my ($line, $file) = @_; return qr/line $line of \Q$dir\E\/${\($file \/\/ 'app.conf')}:/ }
sub in { my ($line, $file) = @_; return "\Q$dir\E/" . ($file // 'app.conf') . ":$line" }

# --- what is accepted ---

my $whole = app('pos', 'DygwAppName "收银台"', "DygwAppStores 7001 ${\POI} 7000000000", 'DygwAppTokenRead off',
    'DygwAppStatus active', 'DygwAppRateLimit 50 100')
    . store('7001', POI, 'DygwStoreAccount 7014065493820573711', 'DygwStoreName "常熟路店"');
accepts('an app and a store with all their directives, without a word', $whole);
accepts('a code in quotes, and blanks', app('"pos"') . app('  kiosk  ') . store(' "7001" ', POI));
accepts('stores behind the app that names them', app('pos', 'DygwAppStores 7001') . store('7001', POI));
accepts('an app without stores, and one without limit',
    app('a', 'DygwAppStores none', 'DygwAppRateLimit off') . app('b', 'DygwAppStatus disabled', 'DygwAppTokenRead on'));
accepts('two secrets', "<DygwApp pos>\nDygwAppClientKey 12345678\nDygwAppSecret file:$dir/pos file:$dir/pos.old\n"
        . "</DygwApp>\n");
accepts('a secret of 128 characters', "<DygwApp pos>\nDygwAppClientKey 12345678\nDygwAppSecret file:$dir/longest\n"
        . "</DygwApp>\n");
accepts('a store whose code is its own poi_id', store(POI, POI));
accepts('many entries of DygwAppStores', app('pos', 'DygwAppStores ' . join ' ', 7_000_000_001 .. 7_000_000_200));
my ($warned, $said) = server(app('pos') =~ s/file:\S+/a-secret-in-the-configuration/r)->configtest;
ok($warned == 0, 'accepts a secret in the configuration');
is(scalar(() = $said =~ /DYGW\d+/g), 1, '... with one warning');
like($said, qr/DYGW0102: DygwAppSecret \(${\in(3)}\)/, '... that says where');
unlike($said, qr/a-secret-in-the-configuration/, '... and not what');

# --- DygwAccountId ---

my %without = (gateway => $GATEWAY =~ s/^DygwAccountId.*\n//mr);
accepts('no DygwAccountId where each store has an account', store(7001, POI, "DygwStoreAccount ${\ACCOUNT}"), %without);
for my $case ([ 'one store has none', store(7001, POI, "DygwStoreAccount ${\ACCOUNT}") . store(7002, OTHER) ],
    [ 'no store is declared', app('pos') ]) {
    my ($status, $output) = server($case->[1], %without)->configtest;
    ok($status == 0 && $output =~ /DYGW0121/, "a warning without DygwAccountId where $case->[0]");
}

# --- where the lines come from ---

mkdir "$dir/apps.d" or die "$!\n";
spew("$dir/apps.d/$_.conf", app($_, 'DygwAppStores 7001'), 0644) for qw(a b);
spew("$dir/inside.conf", "DygwAppClientKey key-of-all\nDygwAppSecret file:$dir/pos\n", 0644);
accepts('Include and IncludeOptional around sections, and inside', <<"END" . store('7001', POI));
IncludeOptional $dir/apps.d/*.conf
IncludeOptional $dir/none.d/*.conf
<DygwApp pos>
    Include $dir/inside.conf
    IncludeOptional $dir/none.d/*.conf
    DygwAppStatus active
</DygwApp>
END
accepts('Define around sections, and inside', <<"END" . store('7001', POI), gateway => "${GATEWAY}Define STORE 7001\n");
Define CODE pos
Define KEYS $dir
<DygwApp \${CODE}>
    Define KEY key-of-pos
    DygwAppClientKey \${KEY}
    DygwAppSecret file:\${KEYS}/pos
    DygwAppStores \${STORE}
</DygwApp>
END
accepts('<IfDefine> and <IfModule> around sections, and inside', <<"END" . store('7001', POI));
Define WITH_APP
<IfDefine WITH_APP>
<DygwApp pos>
    <IfModule mod_dbd.c>
        DygwAppClientKey key-of-pos
    </IfModule>
    <IfDefine !WITH_APP>
        DygwAppClientKey twice
        Nonsense
    </IfDefine>
    <IfDefine WITH_APP>
        DygwAppSecret file:$dir/pos
    </IfDefine>
</DygwApp>
</IfDefine>
<IfModule mod_none.c>
    <DygwApp pos>
    </DygwApp>
</IfModule>
END
my $macros = <<"END";
<Macro App \$code \$key>
    <DygwApp \$code>
        DygwAppClientKey \$key
        Use Secret pos
    </DygwApp>
</Macro>
<Macro Secret \$name>
    DygwAppSecret file:$dir/\$name
</Macro>
END
accepts('a macro that makes sections, and one inside', "${macros}Use App pos key-of-pos\nUse App kiosk key-of-kiosk\n");
refuses('what two uses of a macro make alike', "${macros}Use App pos key-of-pos\nUse App kiosk key-of-pos\n",
    [ qr/DYGW0701: <DygwApp kiosk> \(macro 'app'.*used on line 11 .*has the client_key of <DygwApp pos> \(macro/,
      qr/of <DygwApp pos> \(macro 'app'.*used on line 10 / ]);

# --- mistakes of one section: httpd tells the place ---

my $key = 'DygwAppClientKey key-of-pos';
my $secret = "DygwAppSecret file:$dir/pos";
my @grammar = (
    [ 'no code', "<DygwApp>\n$key\n$secret\n</DygwApp>\n", at(1),
      qr/<DygwApp> has no code: write it like <DygwApp pos>/ ],
    [ 'no >', "<DygwStore 7001\n</DygwStore>\n", at(1), qr/<DygwStore: the line does not end with >/ ],
    [ 'words behind the code', "<DygwApp pos till>\n$key\n$secret\n</DygwApp>\n", at(1), qr/there is 'till' behind/ ],
    [ 'a code of other characters', app('"p s"'), at(1), qr/'p s' is not 1 to 32 characters of A-Za-z0-9_-/ ],
    [ 'a code that is too long', app('p' x 33), at(1), qr/not 1 to 32/ ],
    [ 'no key', "<DygwApp pos>\n$secret\n</DygwApp>\n", at(1), qr/<DygwApp pos> has no DygwAppClientKey: add/ ],
    [ 'no secret', "<DygwApp pos>\n$key\n</DygwApp>\n", at(1),
      qr/<DygwApp pos> has no DygwAppSecret: add `DygwAppSecret/ ],
    [ 'no poi_id', "<DygwStore 7001>\n</DygwStore>\n", at(1), qr/<DygwStore 7001> has no DygwStorePoi: add/ ],
    [ 'an unknown directive', app('pos', 'DygwAppKey 1'), at(4),
      qr/DygwAppKey may not stand in <DygwApp pos>, which takes DygwAppName, .* and DygwAppRateLimit/ ],
    [ "httpd's directive inside", app('pos', 'ServerAdmin me'), at(4), qr/ServerAdmin may not stand in <DygwApp pos>/ ],
    [ 'ours of elsewhere', app('pos', 'DygwMaxBody 2000'), at(4), qr/DygwMaxBody may not stand in <DygwApp pos>/ ],
    [ 'a section inside', app('pos', '<DygwStore 1>', 'DygwStorePoi 1', '</DygwStore>'), at(4),
      qr/<DygwStore> may not stand in <DygwApp pos>/ ],
    [ "an app's directive in a store", store('7001', POI, 'DygwAppName x'), at(3),
      qr/DygwAppName may not stand in <DygwStore 7001>, which takes DygwStorePoi, DygwStoreAccount and DygwStoreName/ ],
    [ 'a directive twice', app('pos', 'DygwAppStatus active', 'dygwappstatus disabled'), at(5),
      qr/stands twice in <DygwApp pos>, first at ${\in(4)}: remove one/ ],
    [ 'one of them outside', "\nDygwAppName x\n", at(2), qr/DygwAppName stands in <DygwApp pos> only/ ],
    [ "a store's outside", "DygwStorePoi 1\n", at(1), qr/DygwStorePoi stands in <DygwStore 7001> only/ ],
    [ 'a section in a <Location>', qq(<Location "/">\n) . app('pos') . "</Location>\n", at(2),
      qr/not allowed in <Location>/ ],
    [ 'a secret that is too short', "<DygwApp pos>\n$key\nDygwAppSecret file:$dir/short\n</DygwApp>\n", at(3),
      qr/DygwAppSecret: the secret has 15 characters, and 16 to 128/ ],
    [ 'a secret that is too long', "<DygwApp pos>\n$key\nDygwAppSecret file:$dir/long\n</DygwApp>\n", at(3),
      qr/has 129/ ],
    [ 'a file that is not there', "<DygwApp pos>\n$key\nDygwAppSecret file:$dir/none\n</DygwApp>\n", at(3),
      qr/DygwAppSecret: cannot read the secret file '\Q$dir\E\/none'/ ],
    [ 'an old secret that is not there', "<DygwApp pos>\n$key\n$secret file:$dir/none\n</DygwApp>\n", at(3),
      qr/cannot read/ ],
    [ 'the same secret again', "<DygwApp pos>\n$key\n$secret file:$dir/same\n</DygwApp>\n", at(3),
      qr/DygwAppSecret: both secrets are the same/ ],
    [ 'a short key', "<DygwApp pos>\nDygwAppClientKey short\n$secret\n</DygwApp>\n", at(2),
      qr/'short' is not 8 to 64/ ],
    [ 'a name with a control character', app('pos', "DygwAppName \"a\tb\""), at(4), qr/is not a name: give 1 to 64/ ],
    [ 'a name that is too long', app('pos', 'DygwAppName ' . '店' x 65), at(4), qr/is not a name/ ],
    [ 'a name that is not UTF-8', app('pos', "DygwAppName \xB5\xEA"), at(4), qr/is not a name/ ],
    [ 'no stores', app('pos', 'DygwAppStores'), at(4),
      qr/DygwAppStores: name stores, by code or poi_id, or write none/ ],
    [ 'none beside stores', app('pos', 'DygwAppStores 7000000001 none'), at(4), qr/none stands beside stores/ ],
    [ 'a store of other characters', app('pos', 'DygwAppStores 70/01'), at(4), qr/'70\/01' is not 1 to 32/ ],
    [ 'a rate without burst', app('pos', 'DygwAppRateLimit 50'), at(4), qr/neither off nor two numbers/ ],
    [ 'a rate of zero', app('pos', 'DygwAppRateLimit 0 10'), at(4), qr/'0' is not a number from 1 to/ ],
    [ 'an unknown status', app('pos', 'DygwAppStatus off'), at(4), qr/write active or disabled/ ],
    [ 'an unknown word', app('pos', 'DygwAppTokenRead yes'), at(4), qr/write off or on/ ],
    [ 'an account that is too long', store('7001', POI, 'DygwStoreAccount ' . '7' x 65), at(3), qr/not 1 to 64/ ],
    [ 'a poi_id of other characters', "<DygwStore 1>\nDygwStorePoi 6.99467E+18\n</DygwStore>\n", at(2),
      qr/not 1 to 32/ ],
);
refuses(@$_[0, 1], [ @$_[2 .. $#$_] ]) for @grammar;
spew("$dir/bad.conf", "<DygwApp pos>\nDygwAppClientKey short\n$secret\n</DygwApp>\n", 0644);
refuses('a mistake in an included file', "Include $dir/bad.conf\n", [ at(2, 'bad.conf'), qr/'short' is not 8 to 64/ ]);

# --- what collides: all of it, each with both places ---

refuses('codes and keys that two apps have', app('pos') . app('pos') =~ s/key-of-pos/another-key/r
        . app('till') =~ s/key-of-till/key-of-pos/r,
    [ qr/DYGW0701: <DygwApp pos> \(${\in(5)}\) has the code of <DygwApp pos> \(${\in(1)}\): give/,
      qr/DYGW0701: <DygwApp till> \(${\in(9)}\) has the client_key of <DygwApp pos> \(${\in(1)}\)/ ]);
refuses('codes and poi_ids that two stores have',
    store('7001', POI) . store('7001', OTHER) . store('7002', POI) . store(POI, 3) . store('7004', '7001'),
    [ qr/DYGW0702: store 7001 \(${\in(4)}\) has the code of store 7001 \(${\in(1)}\): give/,
      qr/DYGW0702: store 7002 \(${\in(7)}\) has the poi_id of store 7001 \(${\in(1)}\)/,
      qr/DYGW0702: store ${\POI} \(${\in(10)}\) has as its code the poi_id of store 7001 \(${\in(1)}\)/,
      qr/DYGW0702: store 7004 \(${\in(13)}\) has as its poi_id the code of store 7001 \(${\in(1)}\)/ ]);
refuses('stores that are not there', app('a', 'DygwAppStores 7001 7002 123456789') . app('b', 'DygwAppStores x-1')
        . store('7001', POI),
    [ qr/DYGW0703: <DygwApp a> \(${\in(1)}\): DygwAppStores names 7002, and there is no such store: declare it/,
      qr/DYGW0703: <DygwApp a> \(${\in(1)}\): DygwAppStores names 123456789,.*10 digits/,
      qr/DYGW0703: <DygwApp b> \(${\in(6)}\): DygwAppStores names x-1,/ ]);
refuses('what two files collide in', "Include $dir/apps.d/a.conf\n" . app('a') . store('7001', POI),
    [ qr/DYGW0701: <DygwApp a> \(${\in(2)}\) has the code of <DygwApp a> \(${\in(1, 'apps.d\/a.conf')}\)/ ]);

# --- files of stores ---

csv('good', HEAD . "7001,${\POI},${\ACCOUNT},常熟路店\n7002,${\OTHER},,\n");
accepts('a file, and stores of it in an app', "DygwStores $dir/good.csv\n" . app('pos', "DygwAppStores 7002 ${\POI}"));
csv('excel', BOM . HEAD =~ s/\n/\r\n/r . qq(7001,${\POI},,"Chang""s, 2"\r\n\r\n"7002",${\OTHER},,\r\n));
accepts('one with a mark, CRLF, quotes and an empty line', "DygwStores $dir/excel.csv\n"
        . app('pos', 'DygwAppStores 7002'));
csv('order', "name,poi_id,store\nx,${\POI},7001\ny,${\OTHER},7002");
accepts('one with columns in another order, fewer, and no end of the last line', "DygwStores $dir/order.csv\n"
        . app('pos', 'DygwAppStores 7002'));
csv('none', HEAD);
accepts('one without stores', "DygwStores $dir/none.csv\n");
csv('more', HEAD . "7003,${\OTHER}1,,\n");
accepts('several, and sections beside them', "DygwStores $dir/good.csv\nDygwStores $dir/more.csv\n" . store('7005', 5)
        . app('pos', 'DygwAppStores 7001 7003 7005'));
{
    my $server = server("DygwStores stores/of-root.csv\n" . app('pos', 'DygwAppStores 7001'));
    mkdir $server->dir . '/stores';
    spew($server->dir . '/stores/of-root.csv', HEAD . "7001,${\POI},,\n");
    my ($status, $output) = $server->configtest;
    is($status, 0, 'a relative path starts at ServerRoot') or diag $output;
}

my @bad = (
    [ 'an empty file', '', qr/x\.csv:1: the file is empty: the first line names the columns/ ],
    [ 'a mark alone', BOM, qr/x\.csv:1: the file is empty/ ],
    [ 'no names of columns', "7001,${\POI},,\n", qr/x\.csv:1: there is no column '7001'/ ],
    [ 'an unknown column', "store,poi_id,acount_id\n", qr/x\.csv:1: there is no column 'acount_id'/ ],
    [ 'a column twice', "store,poi_id,store\n", qr/x\.csv:1: the column store is there twice/ ],
    [ 'no poi_id', "store,name\n7001,x\n", qr/x\.csv:1: the columns store and poi_id are needed/ ],
    [ 'semicolons', HEAD =~ tr/,/;/r, qr/x\.csv:1: there is no column 'store;poi_id/ ],
    [ 'too many columns', "store,poi_id,account_id,name,town\n", qr/x\.csv:1: there are 5 columns/ ],
    [ 'too few cells', HEAD . "7001,${\POI}\n", qr/x\.csv:2: there are 2 cells, and the first line has 4/ ],
    [ 'too many cells', HEAD . "\n7001,${\POI},,,\n", qr/x\.csv:3: there are 5 cells/ ],
    [ 'an empty code', HEAD . ",${\POI},,\n", qr/x\.csv:2: store: '' is not 1 to 32 characters/ ],
    [ 'an empty poi_id', HEAD . "7001,,,\n", qr/x\.csv:2: poi_id: '' is not 1 to 32 characters/ ],
    [ 'a number that a spreadsheet has spoilt', HEAD . "7001,6.99467E+18,,\n", qr/x\.csv:2: poi_id: '6.99467E\+18'/ ],
    [ 'a bad account', HEAD . "7001,${\POI},7 1,\n", qr/x\.csv:2: account_id: '7 1' is not 1 to 64/ ],
    [ 'a long name', HEAD . "7001,${\POI},," . '店' x 65 . "\n", qr/x\.csv:2: name: .* is not a name/ ],
    [ 'a name in GBK', HEAD . "7001,${\POI},,\xB5\xEA\n", qr/x\.csv:2: name: .* is not a name: .*UTF-8/ ],
    [ 'UTF-16', "s\0t\0o\0r\0e\0", qr/x\.csv: it is not in UTF-8/ ],
    [ 'a quote that is not closed', HEAD . qq(7001,${\POI},,"x\n7002,1,,\n), qr/x\.csv:2: a quote is not closed/ ],
    [ 'text behind a quote', HEAD . qq(7001,${\POI},,"x"y\n), qr/x\.csv:2: there is text behind a closing quote/ ],
    [ 'a quote within a cell', HEAD . qq(7001,${\POI},,x"y\n), qr/x\.csv:2: there is a quote inside a cell/ ],
    [ 'CR alone', HEAD =~ s/\n/\r/r . "7001,${\POI},,\r", qr/x\.csv:1: a line ends with CR alone/ ],
);
for (@bad) {
    my ($name, $text, $pattern) = @$_;
    csv('x', $text);
    refuses($name, "\nDygwStores $dir/x.csv\n", [ at(2), qr/DygwStores: / , $pattern ]);
}
csv('x', HEAD . "7 1,1,,\nok,2,,\n7 2,1,,\n" . "x,\n" x 20);
refuses('a file of many mistakes, telling the first ten', "DygwStores $dir/x.csv\n",
    [ qr/x\.csv:2: .*x\.csv:4: .*x\.csv:12: [^;]*; and 12 more$/m ]);
refuses('a file that is not there', "DygwStores $dir/gone.csv\n",
    [ at(1), qr/cannot read the file '\Q$dir\E\/gone\.csv'/ ]);
refuses('a directory', "DygwStores $dir\n", [ at(1), qr/it is no file/ ]);

csv('again', HEAD . "7009,1,,\n7001,2,,\n7008,${\OTHER},,\n7009,4,,\n");
refuses('what a file has of sections, of another file and of itself',
    "DygwStores $dir/more.csv\nDygwStores $dir/again.csv\n" . store('7001', POI) . store('7002', OTHER)
        . app('pos', 'DygwAppStores 7009'),
    [ qr/DYGW0702: store 7001 \(${\in(3, 'again\.csv')}\) has the code of store 7001 \(${\in(3)}\)/,
      qr/DYGW0702: store 7008 \(${\in(4, 'again\.csv')}\) has the poi_id of store 7002 \(${\in(6)}\)/,
      qr/DYGW0702: store 7009 \(${\in(5, 'again\.csv')}\) has the code of store 7009 \(${\in(2, 'again\.csv')}\)/,
      qr/DYGW0704: DygwStores \(${\in(2)}\): \Q$dir\E\/again\.csv collides with other stores in 3 places$/m ]);
my (undef, $twice) = server("DygwStores $dir/more.csv\nDygwStores $dir/more.csv\n" . app('pos', 'DygwAppStores 7003'))
    ->configtest;
like($twice, qr/DYGW0702: store 7003 .*DYGW0704/s, 'the same file twice is told');
unlike($twice, qr/DYGW0703/, '... and its stores are known for all that');

# --- virtual hosts ---

my $port = Dygw::Server::free_port();
sub vhost { my ($name, $text) = @_; return "<VirtualHost 127.0.0.1:$port>\nServerName $name\n$text</VirtualHost>\n" }

my $own = "DygwClientKey aw05az2qjv000001\nDBDParams $dir/other.db\n";
accepts('the same in the main server and in a virtual host with an application of its own',
    $whole . vhost('other', $own . $whole) . vhost('shared', ''));
refuses('a virtual host whose app names a store of the main server', store('7001', POI)
        . vhost('other', $own . app('pos', 'DygwAppStores 7001')),
    [ qr/DYGW0703: <DygwApp pos> \(${\in(8)}\): DygwAppStores names 7001/ ]);
refuses('sections in a virtual host without an application of its own', vhost('shared', app('pos')),
    [ qr/DYGW0700: <DygwApp> \(${\in(3)}\) stands in shared \(${\in(1)}\), which has no application of its own: /,
      qr/put it beside DygwClientKey/ ]);
refuses('a file of stores there', vhost('shared', "DygwStores $dir/good.csv\n"),
    [ qr/DYGW0700: DygwStores \(${\in(3)}\) stands in shared/ ]);
refuses('sections beside the applications of virtual hosts', store('7001', POI) . vhost('other', $own),
    [ qr/DYGW0700: <DygwStore> \(${\in(1)}\) stands in the main server, which has no application/ ],
    gateway => $SHARED);
refuses('sections without any application', app('pos'), [ qr/DYGW0700: /, qr/DYGW0110: DygwClientKey is missing/ ],
    gateway => $SHARED);

my $same = "DygwClientKey aw05az2qjv000000\nDBDParams $dir/dygw.db\n";
accepts('one application in two virtual hosts that declare the same', $whole . vhost('second', $same . $whole));
refuses('two that do not declare the same app', $whole
        . vhost('second', $same . $whole =~ s/DygwAppStatus active/DygwAppStatus disabled/r),
    [ qr/DYGW0705: the main server and second \(${\in(15)}\) are one application on one database, and do not declare/,
      qr/the same: <DygwApp pos> \(${\in(1)}\) differs. Put DygwClientKey and the sections into the main server/ ]);
refuses('one that declares a store more', $whole . vhost('second', $same . $whole . store('7002', OTHER)),
    [ qr/DYGW0705: .*: store 7002 \(\S+app\.conf:\d+\) differs/ ]);
refuses('one that declares nothing', $whole . vhost('second', $same), [ qr/DYGW0705: .*<DygwApp pos> \(${\in(1)}\)/ ]);

# --- many ---

my $many = join '', map { app("app$_", "DygwAppStores s$_ " . (7_000_000_000 + $_)) } 1 .. APPS;
csv('many', HEAD . join '', map { "s$_," . (7_000_000_000 + $_) . ",${\ACCOUNT},Store $_\n" } 1 .. STORES);
accepts("${\APPS} apps, and ${\STORES} stores", "DygwStores $dir/many.csv\n$many");

# --- a real start goes on without what is outside the configuration ---

# Of dygw_declared_troubles, by kind: "conflict secret stores_file".
sub troubles {
    my ($gateway) = @_;
    my $page = Dygw::Metrics->scrape($gateway);
    return join ' ', map { $page->total('dygw_declared_troubles', kind => $_) // '-' } qw(conflict secret stores_file);
}

sub starts {
    my ($name, $text, $troubles, @patterns) = @_;
    spew("$dir/app.conf", $text, 0644);
    my $gateway = Dygw::Gateway->new(conf => "Include $dir/app.conf\n");
    $gateway->server->announce(qw(DYGW0350 DYGW0702 DYGW0704));
    $gateway->start;
    my $log = $gateway->server->log_text;
    is(scalar(() = $log =~ /$_/g), 1, "$name: said once: $_") for @patterns;
    unlike($log, qr/\Q${\SECRET}\E/, "$name: no secret is shown");
    is(troubles($gateway), $troubles, "$name: the metrics tell how many");
    is($gateway->health->{status}, 200, "$name: the gateway is well");
    $gateway->finish;
    return;
}

starts('an app whose secret is gone',
    app('pos') . "<DygwApp kiosk>\nDygwAppClientKey key-of-kiosk\nDygwAppSecret file:$dir/none\n</DygwApp>\n"
        . "<DygwApp till>\nDygwAppClientKey key-of-till\n$secret file:$dir/short\n</DygwApp>\n", '0 1 0',
    qr/DYGW0350: DygwAppSecret: cannot read .* \(${\in(7)}\); this app is refused until Apache is reloaded/,
    qr/DYGW0350: DygwAppSecret: .* 15 characters.* \(${\in(11)}\); the old secret does not sign/);
csv('x', HEAD . "7 1,1,,\n");
starts('files of stores that are gone, and wrong',
    "DygwStores $dir/gone.csv\nDygwStores $dir/x.csv\n" . app('pos', 'DygwAppStores 7001 of-the-lost-file'), '0 0 2',
    qr/DYGW0350: DygwStores: cannot read .*gone\.csv.* \(${\in(1)}\); none of its stores is declared until/,
    qr/DYGW0350: DygwStores: .*x\.csv:2: store: .* \(${\in(2)}\); none of its stores/);
starts('a file of stores that collides', "DygwStores $dir/again.csv\n" . store('7001', POI) . store('7002', OTHER)
        . app('pos', 'DygwAppStores 7001 7009'), '0 0 1',
    qr/DYGW0702: store 7001 \(${\in(3, 'again\.csv')}\) has the code/,
    qr/DYGW0704: DygwStores \(${\in(1)}\): .* in 3 places; none of its stores is declared until Apache is reloaded/);
my $gateway = Dygw::Gateway->new(conf => "DygwStores $dir/excel.csv\n");
$gateway->server->announce('DYGW0350');
$gateway->start;
csv('excel', HEAD . "7001\n");
$gateway->graceful;
$gateway->wait_healthy;
$gateway->server->log_like(qr/DYGW0350: DygwStores: .*excel\.csv:2: there are 1 cells/);
is($gateway->health->{status}, 200, 'a reload goes on without a file that has become wrong');
ok(scalar(poll { troubles($gateway) eq '0 0 1' }), '... which the metrics tell');
csv('excel', HEAD . "7001,${\POI},,\n");
$gateway->graceful;
$gateway->wait_healthy;
ok(scalar(poll { troubles($gateway) eq '0 0 0' }), '... until it was mended, and reloaded');
$gateway->finish;
my $wrong = Dygw::Gateway->new(conf => app('pos') . app('pos'));
$wrong->sandbox->start;
$wrong->server->announce('DYGW0701');
ok(!eval { $wrong->server->start; 1 }, 'a mistake of the configuration is refused by a real start, too');
like($@, qr/DYGW0701/, '... which says why');
$wrong->server->check_log;
$wrong->sandbox->server->check_log;
done_testing;
