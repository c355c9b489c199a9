# SPDX-License-Identifier: Apache-2.0
# Certificates for a test, of an authority of its own, all in one directory that goes with the test.
#
#   my $dir = certificates(site => { name => 'shop.example' }, user => { subject => '/CN=zhang' });
#   # $dir/ca.pem, $dir/site.pem, $dir/site.key
package Dygw::Certificate;

use strict;
use warnings;

use Exporter qw(import);
use File::Temp qw(tempdir);

use Dygw::Server qw(spew);

our @EXPORT_OK = qw(certificates);

use constant EC => 'ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';

sub run {
    my ($command) = @_;
    my $said = `( $command ) 2>&1`;
    die "$command\n$said" if $? != 0;
    return;
}

# name: of a server (its subjectAltName); or subject, of somebody. days_ago: its two days began then. ca: another
# authority's name. An authority is made when it is first named.
sub certificates {
    my (%wanted) = @_;
    my $dir = tempdir(CLEANUP => 1);
    chmod 0755, $dir;
    for my $file (sort keys %wanted) {
        my %one = %{ $wanted{$file} };
        my $ca = $one{ca} // 'ca';
        my $subject = $one{subject} // "/CN=$one{name}";
        my $faked = $one{days_ago} ? "faketime -f -$one{days_ago}d" : '';     # openssl makes none that has expired
        run("cd $dir && openssl req -x509 -newkey ${\ EC} -days 9 -subj '/CN=authority $ca' "
            . "-keyout $ca.key -out $ca.pem") if !-e "$dir/$ca.pem";
        my $kind = ($one{name} // '') =~ /\A[\d.]+\z/ ? 'IP' : 'DNS';
        spew("$dir/$file.ext", $one{name} ? "subjectAltName=$kind:$one{name}" : 'extendedKeyUsage=clientAuth');
        run("cd $dir && openssl req -new -newkey ${\ EC} -subj '$subject' -keyout $file.key -out $file.csr && "
            . "$faked openssl x509 -req -in $file.csr -CA $ca.pem -CAkey $ca.key -CAcreateserial -days 2 "
            . "-extfile $file.ext -out $file.pem");
    }
    return $dir;
}

1;
