# SPDX-License-Identifier: Apache-2.0
# Lists that stand in two places: in the sources, and in the manual or the description of the API.
package Guards::Lists;
use strict;
use warnings;

use Guards::Tree qw(%text c_files room without_comments);

my %LEVEL = (
    (map { $_ => $_ } qw(emerg alert crit err warning notice info debug trace)),
    error => 'err', warn => 'warning',
);

# Each message code in the sources: [code, path, level as far as it stands in the same statement].
sub codes {
    my @codes;
    for my $path (c_files()) {
        my $c = without_comments($text{$path});
        while ($c =~ /\bDYGWNO\((\w+)\)/g) {
            my ($code, $before) = ($1, substr $c, 0, $-[0]);
            next if $before =~ /#define\s+\z/;
            my ($statement) = $before =~ /([^;{}]*)\z/;
            my ($level) = $statement =~ /\bdygw_log\([^,]*,\s*(\w+)|\bAPLOG_(?!MARK)(\w+)/
                ? lc($1 // $2) : undef;
            push @codes, [$code, $path, $level];
        }
    }
    return @codes;
}

# {code} = path, of each that is used.
sub used_codes { return { map { $_->[0] => $_->[1] } codes() } }

# [code, level] of each that is explained.
sub explanations {
    return map { [/(\d+)\s+(\w+)/] }
        $text{'mod_dygw/manual/log-codes.md'} =~ /^\s*DYGW(\d{4}\s+\w+)\s/mg;
}

sub explained_codes { return { map { $_->[0] => $LEVEL{ lc $_->[1] } // '' } explanations() } }

sub codes_twice {
    my (%used, %explained);
    push @{ $used{ $_->[0] } }, $_->[1] for codes();
    return (map { "DYGWNO($_) in " . join ' and in ', @{ $used{$_} } }
            grep { @{ $used{$_} } > 1 } sort keys %used),
        map { "DYGW$_->[0] is explained twice" } grep { $explained{ $_->[0] }++ } explanations();
}

sub codes_malformed {
    my $explained = explained_codes();
    my @findings = map { "DYGW$_->[0]: no such level: $_->[1]" }
        grep { !$LEVEL{ lc $_->[1] } } explanations();
    for (codes()) {
        my ($code, $path, $level) = @$_;
        push @findings, "$path: DYGWNO($code) has not four digits" if $code !~ /\A\d{4}\z/;
        push @findings, "DYGW$code is logged as $level in $path, explained as $explained->{$code}"
            if defined $level && defined $explained->{$code}
                && ($LEVEL{$level} // '') ne $explained->{$code};
    }
    return @findings;
}

sub codes_unexplained {
    my ($used, $explained) = (used_codes(), explained_codes());
    return map { "DYGWNO($_) of $used->{$_}" } grep { !exists $explained->{$_} } sort keys %$used;
}

sub codes_gone {
    my ($used, $explained) = (used_codes(), explained_codes());
    return map { "DYGW$_" } grep { !exists $used->{$_} } sort keys %$explained;
}

# --- directives ---

# The directives that a room has: of a table that makes the list of commands, or of the list, where
# the names of sections begin with "<".
sub directives {
    my ($room) = @_;
    my %found;
    for my $path (grep { room($_) eq $room } c_files()) {
        my $c = without_comments($text{$path});
        $found{$1} = 1 while $c =~ /\b(?:DIRECTIVE|AP_INIT_[A-Z_]+\d*)\(\s*"?<?(Dygw\w+)/g;
    }
    return \%found;
}

sub directives_named { return { map { $_ => 1 } $text{ $_[0] } =~ /\b(Dygw[A-Z]\w*)/g } }

sub compare {
    my ($table, $where, $mentioned) = @_;
    return ((map { "$_ is not in $where" } grep { !$mentioned->{$_} } sort keys %$table),
            (map { "$where names $_, which does not exist" }
                grep { !$table->{$_} } sort keys %$mentioned));
}

sub directives_described {
    my $gateway = directives('cfg');
    return (%$gateway ? () : 'no table of directives was found'),
        map { compare($gateway, $_ =~ s{\Amod_dygw/}{}r, directives_named($_)) }
        qw(conf/dygw.conf mod_dygw/manual/configuration.md);
}

# What the sources say of directives, in messages and comments: DygwSandbox is the prefix alone.
sub directives_misspelled {
    my %known = (DygwSandbox => 1, %{ directives('cfg') }, %{ directives('sandbox') });
    return map {
        my $path = $_;
        map { "$path names $_, which does not exist" }
            grep { !$known{$_} } sort keys %{ directives_named($path) };
    } c_files();
}

sub directives_of_sandbox {
    my $sandbox = directives('sandbox');
    return 'no table of directives was found' if !%$sandbox;
    return 'there is no such file' if !exists $text{'conf/dygw_sandbox.conf'};
    my $named = directives_named('conf/dygw_sandbox.conf');
    return map { "$_ is missing" } grep { !$named->{$_} } sort keys %$sandbox;
}

# --- the description of the API ---

# "METHOD /path" of every route, at the mounts of the shipped configuration.
sub routes {
    my %mount = (open => '/v1/open', internal => '/v1/internal', health => '/health');
    my $c = without_comments($text{'mod_dygw/dispatch.c'});
    my %found;
    for my $half (sort keys %mount) {
        my ($table) = $c =~ /\b${half}_routes\[\] = \{(.*?)^\};/ms or next;
        $found{"$2 $mount{$half}" . ($1 eq '/' ? '' : $1)} = 1
            while $table =~ /\{\s*"([^"]*)",\s*M_(\w+)/g;
    }
    return \%found;
}

sub described_endpoints {
    my (%found, $path);
    for (split /\n/, $text{'conf/openapi.yaml'}) {
        $path = $1 if m{^  (/\S*):$};
        $found{ uc($1) . " $path" } = 1 if defined $path && /^    (get|post|patch|put|delete):$/;
        last if /^components:/;
    }
    return \%found;
}

sub endpoints {
    my $routes = routes();
    return (%$routes ? () : 'no table of routes was found'),
        compare($routes, 'conf/openapi.yaml', described_endpoints());
}

# The words of an enum in the description.
sub described_words {
    my ($schema) = @_;
    my ($text) = $text{'conf/openapi.yaml'} =~ /^    $schema:\n((?:      .*\n)*)/m or return {};
    my ($list) = $text =~ /^      enum:\s*(?|\[(.*?)\]|\n((?:        - .*\n)*))/m or return {};
    return { map { $_ => 1 } $list =~ /([\w.]+)/g };
}

# The texts in a C array.
sub words_in {
    my ($path, $array) = @_;
    my ($list) = without_comments($text{$path}) =~ /\b$array\[[^\]]*\] = \{(.*?)\};/s or return {};
    return { map { $_ => 1 } grep { length } $list =~ /"(\w[\w.]*)"/g };
}

# The catalogue of reasons, in its order: each [word, retryable, who can help, Chinese, English].
sub reasons {
    my ($list) = $text{'mod_dygw/gateway/reasons.h'} =~ /#define DYGW_REASONS\(X\)((?:.*\\\n)+.*)/
        or return;
    $list =~ s/\\\n//g;
    $list =~ s/"\s+"//g;    # one text in two pieces
    my @reasons;
    push @reasons, [$1, $2, lc $3, $4, $5]
        while $list =~ /\bX\(\w+, "(\w+)", ([01]), (\w+),\s+"([^"]*)",\s+"([^"]*)"\)/g;
    return @reasons;
}

my %WORDS = (
    Reason              => ['mod_dygw/gateway/reasons.h', 'DYGW_REASONS'],
    AfterSale           => ['mod_dygw/store/verification/words.c', 'after_sale_words'],
    ErrorCode           => ['mod_dygw/process/code.c', 'codes'],
    VerificationStatus  => ['mod_dygw/store/verification/words.c', 'verify_status_words'],
    EnrichmentStatus    => ['mod_dygw/store/verification/words.c', 'enrich_status_words'],
    CouponStatus        => ['mod_dygw/store/verification/words.c', 'coupon_status_words'],
    CouponKind          => ['mod_dygw/handle/open/preview.c', 'kind_words'],
    Mode                => ['mod_dygw/store/verification/words.c', 'mode_words'],
    ConfirmedBy         => ['mod_dygw/store/verification/words.c', 'confirmed_by_words'],
    AuditAction         => ['mod_dygw/gateway/apps/audit.c', 'dygw_audit_actions'],
    DiagnosisName       => ['mod_dygw/gateway/diagnosis/finding.c', 'check_words'],
    DiagnosisState      => ['mod_dygw/gateway/diagnosis/finding.c', 'state_words'],
    DiagnosisReason     => ['mod_dygw/gateway/diagnosis/finding.c', 'why_words'],
);

sub api_words {
    my @findings;
    for my $schema (sort keys %WORDS) {
        my $words = $schema eq 'Reason' ? { map { $_->[0] => 1 } reasons() }
            : words_in(@{ $WORDS{$schema} });
        delete $words->{ok};
        push @findings, "$schema: no words in $WORDS{$schema}[0]" if !%$words;
        push @findings, compare($words, "$schema in conf/openapi.yaml", described_words($schema));
    }
    return @findings;
}

1;
