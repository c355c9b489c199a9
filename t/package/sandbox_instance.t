# SPDX-License-Identifier: Apache-2.0
# The sandbox as a second instance beside Debian's Apache that serves a shop, by the commands of the manual.
# All of it in t/package/root.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";

use Test::More;

use HTTP::Tiny;
use JSON::PP;

use Dygw::Debian qw(command works packages installs);
use Dygw::Server qw(free_port poll slurp spew);

Dygw::Debian::go_inside();

use constant { MANUAL => "$Bin/../../mod_dygw/manual", PRODUCTION => '/etc/apache2' };

my %port = map { $_ => free_port() } qw(80 8090 8091);
my $http = HTTP::Tiny->new(timeout => 20, keep_alive => 0);

# The examples of the section, in their order; the ports of the page are the test's.
sub examples {
    my ($page) = @_;
    my ($text) = slurp($page) =~ /^### Beside a production Apache\n(.*?)(?=^##|\z)/ms;
    my @examples = map { s/^    //mgr } ($text // '') =~ /((?:^    .*\n)+)/mg;
    s/:(8090|8091)\b/:$port{$1}/g for @examples;
    return @examples;
}

sub serves { return $http->get("http://127.0.0.1:$port{80}/")->{content} =~ /A shop/ }

sub production {
    return (command('cd ' . PRODUCTION . ' && find . -type f -o -type l | sort | xargs ls -l | md5sum'))[1];
}

installs(packages());

# --- an Apache that serves a shop ---

spew(PRODUCTION . '/ports.conf', "Listen 127.0.0.1:$port{80}\nServerName localhost\n");
spew(PRODUCTION . '/sites-available/000-default.conf', "<VirtualHost *>\nDocumentRoot /var/www/html\n</VirtualHost>\n");
spew('/var/www/html/index.html', 'A shop');
works('the production starts', 'apachectl start');
ok(poll { serves() }, '... and serves');
my $before = production();

# --- the recipe ---

my ($set_up, $gateway, $start) = examples(MANUAL . '/clients.md');
ok($start, 'the manual has the recipe') or BAIL_OUT('no recipe');
works('the instance is set up', "set -e; $set_up");
# The module's own file has a port, too.
my $of_module = '/etc/apache2-sandbox/mods-available/dygw_sandbox.conf';
spew($of_module, slurp($of_module) =~ s/:8090\b/:$port{8090}/gr);
spew('/etc/apache2-sandbox/conf-enabled/gateway.conf', $gateway);
my ($test, $begin, $doctor) = split /\n/, $start;
unlike(works('its configtest', $test, qr/^Syntax OK$/m), qr/DYGW/, '... complains of nothing');
works('it starts', $begin);
my $health;
ok(poll { ($health = $http->get("http://127.0.0.1:$port{8091}/health"))->{status} == 200 },
    'its gateway becomes healthy') or diag $health->{content}, slurp('/var/log/apache2-sandbox/error.log');
works('the doctor finds nothing that failed', "LC_ALL=C $doctor", qr/^pass  Store 7012345678901234567/m);
my $minted = $http->post("http://127.0.0.1:$port{8090}/_sandbox/mint", { content => '{"coupons":2}' });
is(scalar @{ decode_json($minted->{content})->{orders}[0]{coupons} }, 2, 'it mints coupons');
ok(serves(), 'the production serves as before');
is(production(), $before, '... with the configuration that it had');

works('the instance stops', 'apache2ctl-sandbox stop');
ok(poll { $http->get("http://127.0.0.1:$port{8091}/health")->{status} == 599 }, '... indeed');
ok(serves(), 'the production goes on');

# Whoever puts it into the production all the same.
works('in the production it is refused', 'sed -i s/127.0.0.1:// ' . PRODUCTION . '/ports.conf && a2enmod dygw_sandbox');
my ($status, $said) = command('apachectl configtest');
ok($status != 0 && $said =~ /DYGW0900/, '... by configtest') or diag $said;
ok(serves(), '... while the one that runs goes on');

works('the production stops', 'a2dismod dygw_sandbox && apachectl stop');
done_testing;
