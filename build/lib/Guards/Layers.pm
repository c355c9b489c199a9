# SPDX-License-Identifier: Apache-2.0
# The layers: what a room may include and name.
package Guards::Layers;
use strict;
use warnings;

use Guards::Tree qw(%text c_files room without_comments search);

# What each room may include beside itself: the rooms below it, of which none may include it.
my @STORE = qw(store store/db store/verification util);
my @GATEWAY = (qw(gateway douyin), @STORE);
my @PROCESS = (qw(process cfg gateway/apps), @GATEWAY);
my @HANDLE = (qw(handle auth), @PROCESS);
my %MAY_INCLUDE = (
    util                 => [],
    'store/db'           => [qw(util)],
    'store/verification' => [qw(store/db util)],
    store                => [@STORE],
    douyin               => [qw(util)],
    gateway              => [@GATEWAY],
    'gateway/background' => [@GATEWAY],
    'gateway/apps'       => [@GATEWAY],
    'gateway/settle'     => [qw(gateway/background), @GATEWAY],
    'gateway/redeem'     => [qw(gateway/settle), @GATEWAY],
    'gateway/reports'    => [qw(gateway/apps), @GATEWAY],
    'gateway/diagnosis'  => [qw(gateway/apps), @GATEWAY],
    'sandbox/records'    => [qw(util)],
    sandbox              => [qw(sandbox/records util)],
    cfg                  => [qw(util)], # and the header below
    process              => [qw(cfg gateway/apps), @GATEWAY],
    auth                 => [qw(gateway/settle), @PROCESS],
    handle               => [qw(auth), @PROCESS],
    'handle/open'        => [qw(gateway/redeem gateway/settle), @HANDLE],
    'handle/internal'    => [qw(gateway/reports gateway/diagnosis), @HANDLE],
    worker               => [qw(gateway/background gateway/settle gateway/reports), @PROCESS],
    '.'                  => [qw(worker handle/open handle/internal handle auth process cfg
                                douyin util)],
);
# A header that rooms which may not use its own may include: it declares what they fill.
my %FILLED = ('gateway/declared.h' => 'cfg');
# What is built, by the room that includes it.
my %BUILT = qw(schema_files.inc store/db layouts.inc process openapi.inc handle);
my $LIBRARY = qr{\A(?:util|store|douyin|gateway)\b};

# --- whose words a room may use ---

sub httpd {
    return search(qr/\#include\s+<(?:httpd|http_\w+|ap_\w+|mod_\w+|mpm_\w+|util_\w+|unixd)\.h>
                     |\brequest_rec\b|\bserver_rec\b|\bap_\w+\(|\bAPLOG_\w+/x,
                  grep { room($_) =~ $LIBRARY } c_files());
}

sub curl {
    return search(qr/\bcurl_\w+|\bCURL\w*|\#include\s+<curl\/\w+\.h>/,
                  grep { !m{/(?:douyin/http\w*\.[ch]\z|sandbox/)} } c_files());
}

sub sql {
    return search(qr/"\s*(?:SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s
                     |(?:CREATE|ALTER|DROP)\s+TABLE\s|PRAGMA\s|BEGIN\s|COMMIT\b|ROLLBACK\b)/x,
                  grep { room($_) !~ m{\Astore\b} } c_files());
}

sub dbd {
    return search(qr/#include\s+<(?:apr_dbd|mod_dbd)\.h>/,
                  grep { room($_) !~ m{\A(?:store/db|process|cfg)\z} } c_files());
}

# Members of Douyin's answers that are numbers with a meaning, in C and in JSON.
my $MEANING = qr/(?:\b(?:(?:sub_)?error_code|refused_code|verify_type|groupon_type)
                   |(?:->|\.)result|\bcertificate(?:->|\.)status
                   |"(?:(?:sub_)?error_code|err_no|result|result_code|status|verify_type
                     |groupon_type|sub_order_type)"[^;&|?{}]*\))/x;
my $KIND = qr/CODE|CERTIFICATE|VERIFY_TYPE|VERIFY_STATUS|GROUPON_TYPE|SUB_ORDER_TYPE/;

# The names of douyin/codes.h have no alias. A number of four digits or more is found wherever it
# stands; so is one without a name that is in a range of codes.c and not round. A small one is found
# where a member is compared with it, and under a name of its own.
sub douyins_numbers {
    my @paths = grep { !m{/(?:douyin/codes\.[ch]\z|sandbox/)} } c_files();
    my $h = without_comments($text{'mod_dygw/douyin/codes.h'});
    my @codes = map { [/(\w+), (\d+)/] } $h =~ /\bX\((\w+, \d+), \w+\)/g;
    my @others = map { [/(\w+) = (\d+)/] } $h =~ /\bDYGW_${KIND}_(\w+ = \d+)\b/g;
    my @ranges = map { /(\d{7,}).*?(\d{7,})/ ? [$1, $2] : () }
        without_comments($text{'mod_dygw/douyin/codes.c'}) =~ /^    \{ (\S+, \S+), DYGW_REPLY_/mg;
    return 'douyin/codes.* is not as expected' if !@codes || !@others || !@ranges;
    my $large = join '|', grep { length > 3 } map { $_->[1] } @codes;
    my $own_name = join '|', map { "$_->[0]\\s*=?\\s*\\(?$_->[1]" } @codes, @others;
    my %names;
    return (map { "$_->[1] has two names" } grep { $names{ $_->[1] }++ } @codes),
        search(qr/#\s*define\s+\w+\s+\(?DYGW_${KIND}_\w+/, @paths),
        search(qr/\b(?:$large)\b/, @paths),
        grep({ my ($n) = /(\d+)\z/; $n % 1000 && grep { $n >= $_->[0] && $n <= $_->[1] } @ranges }
             search(qr/\b\d{7,10}\b/, @paths)),
        search(qr/$MEANING\s*[=!<>]=?\s*[1-9]\d*\b/, @paths),
        search(qr/\b(?:DYGW_|DOUYINS?_|COUPON_|RECORD_|TYPE_|STATUS_|${KIND}_)*(?:$own_name)\b/,
               @paths);
}

# --- what a file includes ---

sub includes_of {
    my ($path) = @_;
    my $room = room($path);
    my %allowed = map { $_ => 1 } $room, @{ $MAY_INCLUDE{$room} // [] };
    my @found;
    while ($text{$path} =~ /^#include "([^"]+)"/mg) {
        my $header = $1;
        my $of = room("mod_dygw/$header");
        next if ($BUILT{$header} // '') eq $room || ($FILLED{$header} // '') eq $room;
        push @found, "$path includes $header" if !$allowed{$of};
    }
    return @found;
}

sub includes { return map { includes_of($_) } c_files() }

1;
