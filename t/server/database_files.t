#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Whose SQLite's files are, when root starts httpd: the User's from the first moment. Root gives the User what was
# another's, but nothing that a link points at: then httpd serves, and the gateway does not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use Test::More;

use Dygw::Gateway;
use Dygw::Server;

plan skip_all => 'only root can start httpd as another user' if $> != 0;

my $gateway = Dygw::Gateway->new;
my $server = $gateway->server;
my $user = getpwnam Dygw::Server::user();
my $file = $gateway->database->file;
my $elsewhere = tempdir('dygw-elsewhere-XXXXXX', TMPDIR => 1, CLEANUP => 1) . '/of-root';
chmod 0755, $elsewhere =~ s{/[^/]*\z}{}r;

sub owner { return (stat $_[0])[4] }
sub mode  { return sprintf '%04o', (stat $_[0])[2] & 07777 }

sub redeems {
    my ($name) = @_;
    return is($gateway->verify(code => $gateway->sandbox->mint_coupon->{code})->{status}, 200, $name);
}

# httpd starts without the gateway; what it says.
sub starts_without {
    my ($name) = @_;
    $server->announce(qw(DYGW0348));
    ok(eval { $server->start; 1 }, "$name: httpd starts");
    my $health = $gateway->health;
    is($health->{status}, 503, "$name: without the gateway");
    is($health->{json}{checks}{database}, 'files', "$name: for want of a file that it may write");
    like($server->log_text, qr/DYGW0348: .*may not write to \Q$file\E: chown it/, "$name: and says why");
    is(owner($elsewhere), 0, "$name: what it points at stays root's");
    $gateway->stop;
    return;
}

$gateway->start;
is(owner($file), $user, 'a new database is the User\'s');
is(mode($file), '0600', '... and no other user can read it');
is(mode("$file-wal"), '0600', '... nor what was written last');
redeems('it redeems');
$gateway->stop;
chown 0, 0, $file or die "$file: $!\n";
$server->start;
$gateway->wait_healthy;
is(owner($file), $user, 'one that was root\'s is given to the User');
redeems('and it redeems');
$gateway->stop;

rename $file, $elsewhere or die "$file: $!\n";
chown 0, 0, $elsewhere;
chmod 0644, $elsewhere;
symlink $elsewhere, $file or die "$file: $!\n";
starts_without('a symbolic link');
unlink $file;
link $elsewhere, $file or die "$file: $!\n";
starts_without('a hard link');

unlink $elsewhere;
$server->start;
$gateway->wait_healthy;
redeems('without the other name it is given to the User');
$gateway->finish;
done_testing;
