# SPDX-License-Identifier: Apache-2.0
# The libcurl that is loaded need not be the one that the module was built with: configtest refuses one that is too old,
# and httpd starts without the gateway.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

use File::Temp qw(tempdir);
use Test::More;

use Dygw::Expect;
use Dygw::Gateway;
use Dygw::Server qw(spew);

my $dir = tempdir('dygw-libcurl-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $source = spew("$dir/libcurl.c", <<'END');
#include <curl/curl.h>

curl_version_info_data *curl_version_info(CURLversion age)
{
    static curl_version_info_data it = { .version = PRETENDED, .version_num = PRETENDED_NUM };

    it.age = age;
    return &it;
}
END

# A server whose libcurl says that it is another.
sub server {
    my ($version, $number) = @_;
    my $library = "$dir/libcurl-$version.so";
    my $said = `cc -shared -fPIC '-DPRETENDED="$version"' -DPRETENDED_NUM=$number -o $library $source 2>&1`;
    $? == 0 or die "cc: $said";
    return Dygw::Server->new(load => { dygw => Dygw::Server->module_path('dygw') }, modules => ['dbd'],
        env => { LD_PRELOAD => $library });
}

my $refusal = qr/DYGW0003: libcurl 7\.86\.0 is loaded, and 7\.87\.0 or later is needed: install it/;
my $old = server('7.86.0', '0x075600');
$old->expect_refusal('configtest refuses a libcurl that is too old', $refusal);
$old->announce('DYGW0003');
ok(eval { $old->start; 1 }, 'httpd starts with it') or diag $@;
like($old->log_text, $refusal, '... and says what is wrong');
$old->check_log('nothing else was wrong');

my $gateway = Dygw::Gateway->new(env => { LD_PRELOAD => "$dir/libcurl-7.86.0.so" });
$gateway->server->announce('DYGW0003');
$gateway->server->start;
my $health = $gateway->health;
is($health->{status}, 503, 'the gateway is not healthy with it');
is($health->{json}{checks}{start}, 'libcurl', '... as it did not start');
error_is($gateway->internal->call(GET => '/apps'), 503, 'database_unavailable', '... and answers nobody');
$gateway->server->check_log('and nothing else was wrong');

my $young = server('7.87.0', '0x075700');
$young->start;
pass('it starts with the oldest that will do');
$young->check_log;

done_testing();
