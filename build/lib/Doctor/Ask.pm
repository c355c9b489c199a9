# SPDX-License-Identifier: Apache-2.0
# How dygw-doctor asks: one GET, that ends in time whatever hangs, and what becomes of it when there
# is no answer, a certificate's faults told apart.
package Doctor::Ask;

use strict;
use warnings;

use Exporter qw(import);
use HTTP::Tiny;
use JSON::PP;
use POSIX qw(SIGALRM);

our @EXPORT_OK = qw(ask found no_answer);

use constant { TYPE_DNS => 2, NAMES_SHOWN => 4 };

my $LATE = qr/\Alate\b|timed out/i;     # in_time's word; HTTP::Tiny's

# OpenSSL's numbers of what is wrong with a certificate.
my %CERTIFICATE = (
    2 => 'authority_unknown', 18 => 'authority_unknown', 19 => 'authority_unknown',
    20 => 'authority_unknown', 21 => 'authority_unknown', 24 => 'authority_unknown',
    9 => 'outdated', 10 => 'outdated', 62 => 'other_name', 64 => 'other_name',
);

sub found {
    my ($name, $state, $reason, %detail) = @_;
    return { name => $name, state => $state, reason => $reason, detail => \%detail };
}

# Notes what OpenSSL thinks of the server's certificate, and whose it is.
sub watch_certificate {
    my ($seen) = @_;
    return sub {
        my ($ok, $store, undef, undef, $certificate, $depth) = @_;
        if (!$depth) {
            my @names = Net::SSLeay::X509_get_subjectAltNames($certificate);
            my @hosts;
            while (my ($type, $name) = splice @names, 0, 2) {
                push @hosts, $name if $type == TYPE_DNS;
            }
            $seen->{names} = join ', ', splice(@hosts, 0, NAMES_SHOWN), @hosts ? '...' : ();
        }
        $seen->{error} ||= Net::SSLeay::X509_STORE_CTX_get_error($store) if !$ok;
        return $ok;
    };
}

sub client {
    my ($option, $seconds, $seen) = @_;
    return HTTP::Tiny->new(
        agent => 'dygw-doctor', max_redirect => 0, timeout => $seconds, verify_SSL => 1,
        # The gateway itself is asked, whatever the environment says.
        proxy => undef, http_proxy => undef, https_proxy => undef,
        SSL_options => { SSL_verify_callback => watch_certificate($seen),
                         $option->{'ca-file'} ? (SSL_ca_file => $option->{'ca-file'}) : () },
    );
}

# Neither a name that is being resolved nor a handshake knows HTTP::Tiny's time-out, and Perl's own
# signals wait for both; this one does not.
sub in_time {
    my ($seconds, $work) = @_;
    my $before = POSIX::SigAction->new;
    my $action = POSIX::SigAction->new(sub { die "late\n" }, POSIX::SigSet->new,
                                       POSIX::SA_NODEFER());
    POSIX::sigaction(SIGALRM, $action, $before);
    my $answer = eval { alarm $seconds; my $done = $work->(); alarm 0; $done };
    alarm 0;
    POSIX::sigaction(SIGALRM, $before);
    return $answer // { status => 599, headers => {}, content => 'Timed out' };
}

# Whether a server asks for a client certificate. One that insists ends the connection, with TLS 1.3
# only after the handshake, and to HTTP::Tiny that is any end.
sub wants_certificate {
    my ($url, $seconds) = @_;
    my ($host, $port) = $url =~ m{\Ahttps://([^/:]+)(?::(\d+))?} or return 0;
    my $wanted = 0;
    my $look = sub {
        my ($ssl) = @_;
        $wanted ||= Net::SSLeay::state_string_long($ssl) =~ /certificate request/;
    };
    in_time($seconds, sub {
        return IO::Socket::SSL->new(
            PeerHost => $host, PeerPort => $port // 443, SSL_verify_mode => 0,
            SSL_create_ctx_callback => sub { Net::SSLeay::CTX_set_info_callback($_[0], $look) },
        );
    });
    return $wanted;
}

# An answer, as HTTP::Tiny gives it, with its JSON as {json} and its certificate as {certificate}.
sub ask {
    my ($option, $url, $headers, $seconds) = @_;
    my %seen;
    my $http = client($option, $seconds, \%seen);
    my $answer = in_time($seconds, sub { return $http->get($url, { headers => $headers }) });
    $answer->{json} = eval { JSON::PP->new->utf8->decode($answer->{content}) };
    $answer->{json} = {} if ref $answer->{json} ne 'HASH';
    $seen{wanted} = $answer->{status} == 599 && $answer->{content} !~ /$LATE/ && !$seen{error}
        && wants_certificate($url, $seconds);
    $answer->{certificate} = \%seen;
    $answer->{seconds} = $seconds;
    return $answer;
}

sub reason_of {
    my ($said, $seen) = @_;
    return $CERTIFICATE{ $seen->{error} } // 'authority_unknown' if $seen->{error};
    return 'other_name' if $said =~ /hostname verification failed|certificate.*not match/i;
    return 'hangs' if $said =~ $LATE;
    return 'unresolved' if $said =~ /not known|resolve|No address|temporary failure in name/i;
    return 'wants_certificate' if $seen->{wanted};
    return 'no_tls' if $said =~ /SSL/;
    return 'no_gateway';
}

# Why there is no answer: (reason, facts).
sub no_answer {
    my ($url, $answer) = @_;
    my $seen = $answer->{certificate};
    my $said = $answer->{content} =~ s/\s+\z//r =~ s/ at \S+ line \d+\.?\z//r;
    my $what = $seen->{error} ? Net::SSLeay::X509_verify_cert_error_string($seen->{error}) : $said;
    return (reason_of($said, $seen), url => $url, what => $what, seconds => $answer->{seconds},
            names => length($seen->{names} // '') ? $seen->{names} : '?');
}

1;
