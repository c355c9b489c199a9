# SPDX-License-Identifier: Apache-2.0
# What dygw-doctor asks from outside, as a till, a balancer and a stranger would: whether the
# gateway answers where it is mounted, or something else in its place.
package Doctor::Outside;

use strict;
use warnings;

use Exporter qw(import);

use Doctor::Ask qw(ask found no_answer);

our @EXPORT_OK = qw(changed_paths examine_place in_its_place places);

use constant { TIMEOUT_SEC => 5, PLACES_MAX => 24 };    # or --timeout, when that is less

my %KIND = ('dygw-open' => 'open', 'dygw-internal' => 'internal', 'dygw-health' => 'health');
my %USUAL = (open => '/v1/open', internal => '/v1/internal', health => '/health');
my %ASKED = (open => '/verifications', internal => '/apps?page_size=1', health => '');
my %EXAMINE = (open => \&of_open, internal => \&of_internal, health => \&of_health);

# Callers may use another name, and know another authority; the office's own place asks for more.
my %MILD = (hangs => 'warn', unresolved => 'warn', no_gateway => 'warn',
            authority_unknown => 'warn', wants_certificate => 'skipped');

sub origin_of { return $_[0] =~ m{\A(https?://[^/]+)} ? $1 : '' }
sub path_of   { return $_[0] =~ m{\Ahttps?://[^/]+(/.*)} ? $1 : '' }

sub ask_place {
    my ($option, $url) = @_;
    my $seconds = $option->{timeout} < TIMEOUT_SEC ? $option->{timeout} : TIMEOUT_SEC;
    return ask($option, $url, {}, $seconds);
}

# --- where to ask ---

# Whether a name and port mean something to somebody else than the configuration.
sub is_named { return $_[0] !~ m{\Ahttps?://(?:_default_|\*)} }

# The places to ask, {kind, url, given}: what the options name; else what the gateway says of its
# mounts, at --site where that is given.
sub places {
    my ($option, $mounts) = @_;
    my ($site, %seen) = ($option->{site});
    my @found = map { { kind => $KIND{ $_->{handler} // '' }, url => $_->{url} } }
        grep { ref eq 'HASH' } @{ ref $mounts eq 'ARRAY' ? $mounts : [] };
    @found = map { { kind => $_, url => $USUAL{$_} } } sort keys %USUAL if $site && !@found;
    for my $place ($site ? @found : ()) {
        $place->{url} = $site . ($place->{url} =~ m{\A/} ? $place->{url} : path_of($place->{url}));
    }
    @found = grep { $_->{kind} && is_named($_->{url}) && !defined $option->{ $_->{kind} } } @found;
    $_->{given} = $site for @found;
    unshift @found, map { { kind => $_, url => $option->{$_}, given => 1, one => 1 } }
        grep { defined $option->{$_} } qw(open health);
    @found = grep { !$seen{"$_->{kind} $_->{url}"}++ } @found;
    splice @found, PLACES_MAX if @found > PLACES_MAX;
    return @found;
}

# --- what is wrong with an answer ---

sub is_page {
    my ($answer) = @_;
    return ($answer->{headers}{'content-type'} // '') =~ m{\A(?:text/html|application/xhtml)}i
        || $answer->{content} =~ /\A\s*<(?:!doctype|html)/i;
}

# Whether Apache or a proxy does not let us in. Of Apache's own refusals at the gateway's places the
# gateway makes JSON, which looks like its own but for what Apache asks for.
sub is_shut {
    my ($answer) = @_;
    my ($status, $code) = ($answer->{status}, $answer->{json}{code});
    return !defined $code || defined $answer->{headers}{'www-authenticate'} if $status == 401;
    return $status == 403 && (!defined $code || $code eq 'forbidden');
}

# Whether a redirect leads to the same host and path, or one below it, over TLS.
sub is_made_secure {
    my ($url, $to) = @_;
    my ($host, $path) = $url =~ m{\Ahttp://([^/:]+)(?::\d+)?(.*)} or return 0;
    return $to =~ m{\Ahttps://\Q$host\E(?::\d+)?\Q$path\E(?:/|\?|\z)}i;
}

# What answers at `url` in the place of the gateway: (reason, facts); nothing when that cannot be
# told, or it is the gateway.
sub in_its_place {
    my ($url, $answer) = @_;
    my $status = $answer->{status};
    my %facts = (url => $url, http_status => $status);
    return no_answer($url, $answer) if $status == 599;
    return ('shut', %facts) if is_shut($answer);
    return if defined $answer->{json}{code} || defined $answer->{json}{checks};
    if ($status =~ /\A30[12378]\z/) {
        my $to = $answer->{headers}{location} // '';
        return (is_made_secure($url, $to) ? 'to_https' : 'redirected', %facts,
                location => $to =~ s/[?#].*//sr);     # a login's query is long, and its own
    }
    return ('proxy_failed', %facts) if $status =~ /\A50[0234]\z/;
    return ('not_mounted', %facts) if $status == 404 || !is_page($answer);
    return ('page_instead', %facts);
}

# A finding of a place.
sub of {
    my ($place, $state, $reason, %detail) = @_;
    return found($place->{kind}, $state, $reason, %detail,
                 $place->{one} ? () : (at => $place->{url}));
}

# The address of a redirect is shown as of the mount, not of what was asked below it.
sub wrong {
    my ($place, $reason, %facts) = @_;
    my $asked = $ASKED{ $place->{kind} } =~ s/\?.*//r;
    $facts{location} =~ s/\Q$asked\E\z// if defined $facts{location};
    return of($place, $reason eq 'to_https' && !$place->{given} ? 'warn' : 'fail', $reason,
              %facts, url => $place->{url});
}

# --- the three kinds ---

sub of_open {
    my ($option, $place, $answer) = @_;
    return wrong($place, 'not_mounted')
        if $answer->{status} != 401 || ($answer->{json}{code} // '') ne 'missing_credentials';
    return { %{ of($place, 'pass', undef) }, place => $place };
}

# That nobody is let in here, or only by a login, is as it should be.
sub of_internal {
    my ($option, $place, $answer) = @_;
    my ($status, $code) = ($answer->{status}, $answer->{json}{code});
    return of($place, 'fail', 'operator_for_all', url => $place->{url})
        if $status == 200 && ref $answer->{json}{data};
    return of($place, 'pass', undef,
              answered => join ' ', 'HTTP', $status, defined $code ? $code : ());
}

sub of_health {
    my ($option, $place, $answer) = @_;
    my $checks = $answer->{json}{checks};
    return wrong($place, 'not_mounted') if ref $checks ne 'HASH' || $answer->{status} !~ /200|503/;
    return of($place, 'pass', undef) if $answer->{status} == 200;
    my %all = map { $_ => ref $checks->{$_} ? '?' : $checks->{$_} } keys %$checks;
    my $what = join ', ', map { "$_: $all{$_}" } sort keys %all;
    return (of($place, 'fail', 'degraded', what => $what),
            map { found('health_check', 'fail', $all{$_}, member => $_, word => $all{$_}) }
            grep { $all{$_} ne 'ok' } sort keys %all);
}

# What an answer to `place` means. For the office alone a login or a refusal is no fault.
sub judge {
    my ($option, $place, $answer) = @_;
    my ($reason, %facts) = in_its_place($place->{url}, $answer);
    my $office = $place->{kind} eq 'internal'
        && grep { $_ eq ($reason // '') } qw(shut redirected not_mounted);
    return wrong($place, $reason, %facts) if defined $reason && !$office;
    return $EXAMINE{ $place->{kind} }->($option, $place, $answer);
}

# Where the gateway sees itself mounted: the description of its API, which anybody may read, tells.
sub mount_seen {
    my ($option, $url) = @_;
    my $servers = ask_place($option, "$url/openapi.json")->{json}{servers};
    return ref $servers eq 'ARRAY' && ref $servers->[0] eq 'HASH' ? $servers->[0]{url} : undef;
}

# The findings, those of an /open whose path a proxy changes corrected.
sub changed_paths {
    my ($option, @findings) = @_;
    for my $finding (grep { $_->{place} } @findings) {
        my $place = delete $finding->{place};
        my ($path, $mount) = (path_of($place->{url}), mount_seen($option, $place->{url}));
        $finding = of($place, 'fail', 'path_changed', path => $path || '/', mount => $mount)
            if defined $mount && $mount =~ s{/+\z}{}r ne $path;
    }
    return @findings;
}

# One finding, or several. What does not answer at all is asked once, and told once; when it was
# only guessed from the configuration, some of that is no failure.
sub examine_place {
    my ($option, $place, $silent) = @_;
    my $origin = origin_of($place->{url});
    return if $silent->{$origin};
    my $answer = ask_place($option, $place->{url} . $ASKED{ $place->{kind} });
    return ($answer, judge($option, $place, $answer)) if $answer->{status} != 599;
    my ($reason, %facts) = no_answer($place->{url}, $answer);
    return ($answer, wrong($place, $reason, %facts)) if $place->{one};
    $silent->{$origin} = 1;
    my $mild = $place->{given} ? undef : $MILD{$reason};
    my $unseen = ($mild // '') eq 'warn' && $reason ne 'authority_unknown';
    return ($answer, found('site', $mild // 'fail', $unseen ? 'site_unreached' : $reason,
                           %facts, url => $origin, origin => $origin));
}

1;
