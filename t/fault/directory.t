#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The directory of SQLite's file, which root makes for the User: whoever swaps it for a link at that very moment, gets
# nothing of root's.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use POSIX ();
use Test::More;

use Dygw::Gateway;
use Dygw::Sandbox;
use Dygw::Server;
use Dygw::Steps;

plan skip_all => 'only root can start httpd as another user' if $> != 0;

my ($uid, $gid) = (getpwnam Dygw::Server::user())[2, 3];
my $above = tempdir('dygw-above-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $sandbox = Dygw::Sandbox->start_new;

sub owner { return (stat $_[0])[4] }

# Swaps the directory for what `change` makes of it, as soon as it is made.
sub swapped {
    my ($steps, $step, $dir, $change) = @_;
    $steps->arm($step);
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    my $done = eval {
        $steps->reached($step);
        $change->($dir);
        1;
    };
    $steps->release($step);
    POSIX::_exit($done ? 0 : 1);
}

sub gateway {
    my ($dir, $steps) = @_;
    return Dygw::Gateway->new(sandbox => $sandbox, steps => $steps, children => 1,
        directives => { DBDParams => qq("$dir/dygw.db") });
}

# Directories above it, of whom and with which mode; which step it comes to; what somebody does there; and what the log
# says.
my @cases = (
    [ 'by root, a link', 0, 'directory_made_by_root', \&link_away, 'DYGW0349' ],
    [ 'by root, another directory', 0, 'directory_made_by_root', \&move_there, 'DYGW0349' ],
    [ 'by the User, a link', $uid, 'directory_made', \&link_away, undef ],
);

my $precious;

sub link_away {
    my ($dir) = @_;
    rmdir $dir or die;
    symlink $precious, $dir or die;
    return;
}

sub move_there {
    my ($dir) = @_;
    rmdir $dir or die;
    rename $precious, $dir or die;
    return;
}

chmod 0755, $above;
for my $n (0 .. $#cases) {
    my ($name, $of, $step, $change, $code) = @{ $cases[$n] };
    my $parent = "$above/$n";
    mkdir $parent or die;
    $precious = "$parent/precious";
    mkdir $_ or die for $precious, "$precious/within";
    chown $of, -1, $parent or die;
    my $dir = "$parent/db";
    my $steps = Dygw::Steps->new;
    my $gateway = gateway($dir, $steps);
    my $server = $gateway->server;
    # And what mod_dbd's children say of it.
    $server->announce(qw(DYGW0345 DYGW0346 DYGW0348 DYGW0349 DYGW0600 AH00629 AH00633 AH00636));
    my $pid = swapped($steps, $step, $dir, $change);
    ok(eval { $server->start; 1 }, "$name: httpd starts, without the gateway");
    waitpid $pid, 0;
    is($?, 0, "$name: somebody was quick enough");
    is($gateway->health->{json}{checks}{database}, 'files', "$name: for want of a directory");
    like($server->log_text, qr/$code: somebody replaced/, "$name: and says why") if $code;
    my ($there) = grep { -d "$_/within" } $precious, $dir;
    is(owner($there), 0, "$name: what was root's stays so");
    is_deeply([ glob "$there/*" ], [ "$there/within" ], "$name: and nothing is made in it");
    $server->check_log;
}

# --- and when nobody does ---

for my $of (0, $uid) {
    my $parent = "$above/of-$of";
    mkdir $parent or die;
    chown $of, -1, $parent or die;
    my $gateway = gateway("$parent/db", Dygw::Steps->new);
    $gateway->start;
    is_deeply([ (stat "$parent/db")[ 4, 5 ], (stat _)[2] & 07777 ], [ $uid, $gid, 0700 ],
        "below a directory of $of it is the User's alone");
    $gateway->disconnect;
    $gateway->server->check_log;
}
$sandbox->check_log;
done_testing;
