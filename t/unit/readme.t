# SPDX-License-Identifier: Apache-2.0
# What README shows is what there is: both languages show the same commands, the configuration is that of conf/, the
# shell understands the block for Debian, and the files that it copies are installed.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use Dygw::Readme;

my $root = "$Bin/../..";

sub slurp {
    open my $file, '<', "$root/$_[0]" or die "$_[0]: $!\n";
    local $/;
    return scalar <$file>;
}

# Directives one a line, whatever their indentation and alignment.
sub directives {
    my ($text) = @_;
    return join '', map { s/^\s+//r =~ s/\h+/ /gr } grep { !/^\s*(?:#|$)/ } $text =~ /^.*\n/mg;
}

sub without_loading { return directives(($_[0] // '') =~ s/^ *LoadModule .*\n//mr) }

my @sections = Dygw::Readme::sections('README');
my @chinese = Dygw::Readme::sections('README.zh');
is(scalar @chinese, scalar @sections, 'README.zh has the sections of README');
my ($debian) = grep { $sections[$_][0] =~ /Debian/ } 0 .. $#sections;
my ($elsewhere) = grep { $sections[$_][0] =~ /elsewhere/ } 0 .. $#sections;

my @commands = Dygw::Readme::blocks('README', $debian);
cmp_ok(scalar @commands, '>', 3, 'the section for Debian has commands');
is_deeply([ map { Dygw::Readme::without_comments($_) } Dygw::Readme::blocks('README.zh', $debian) ],
          [ map { Dygw::Readme::without_comments($_) } @commands ], 'README.zh has the same commands');

for my $number (1 .. @commands) {
    open my $shell, '|-', 'sh', '-n' or die "sh: $!\n";
    print {$shell} $commands[$number - 1];
    ok(close $shell, "the shell understands block $number");
}

for my $name (map { m{/usr/share/dygw/(\S+)}g } @commands) {
    ok(-e "$root/$name", "$name exists");
}

my $whole = directives(slurp('conf/gateway.conf') . slurp('conf/gateway-ssl.conf'));
for my $name (qw(README README.zh)) {
    my ($shown) = grep { /VirtualHost/ } Dygw::Readme::blocks($name, $elsewhere);
    is(without_loading($shown), $whole, "$name shows conf/gateway.conf and gateway-ssl.conf");
}
for my $page (qw(configuration.md zh/configuration.md)) {
    my ($shown) = grep { /VirtualHost/ } slurp("mod_dygw/manual/$page") =~ /((?:^ {4}.*\n(?:\n(?= {4}))*)+)/mg;
    is(without_loading($shown), $whole, "$page shows it, too");
}

done_testing();
