#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The words for the layouts of what is shared: they change with a structure, and with nothing else.
use strict;
use warnings;
use FindBin;

use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $ROOT = "$FindBin::Bin/../..";
my $SCRIPT = "$ROOT/build/embed-layouts";

sub slurp { my ($path) = @_; local (@ARGV, $/) = ($path); return scalar <> }

# The words, of sources in which one file is changed by `edit`; undef: there are none.
sub words {
    my ($changed, $edit) = @_;
    my $dir = tempdir(CLEANUP => 1);
    for my $path (split ' ', `perl $SCRIPT --files`) {
        my $text = slurp("$ROOT/$path");
        if ($path eq ($changed // '')) {
            my $before = $text;
            $edit->() for $text;
            isnt($text, $before, "$path is edited");
        }
        make_path(dirname("$dir/$path"));
        open my $file, '>', "$dir/$path" or die "$path: $!\n";
        print {$file} $text;
        close $file or die "$path: $!\n";
    }
    my $output = `cd $dir && perl $SCRIPT 2>&1`;
    return if $?;
    return { $output =~ /^#define DYGW_LAYOUT_(\w+) "([0-9a-f]{12})"$/mg };
}

sub changes {
    my ($before, $after) = @_;
    return join ' ', grep { ($after->{$_} // '') ne $before->{$_} } sort keys %$before;
}

my $before = words();
is(join(' ', sort keys %$before), 'HOST LOCK METER METRICS NONCES READS', 'each part of what is shared has a word');

is(changes($before, words('mod_dygw/gateway/gateway.h', sub { s{(int token_refused;)}{$1  /* or so */} })), '',
    'a comment changes nothing');
is(changes($before, words('mod_dygw/gateway/gateway.h', sub { s/(int token_refused;)/$1 int also;/ })), 'HOST',
    'a member more is another layout of that part');
is(changes($before, words('mod_dygw/gateway/apps/meter.c',
        sub { s/(_Atomic apr_int64_t filled_at;.*?\n)(.*?\n)/$2$1/ })), 'METER', 'another order is');
is(changes($before, words('mod_dygw/gateway/apps/reads.c', sub { s/dygw_ms_t at;/dygw_ms_t read_at;/ })), 'READS',
    'a name that says what it means by now is');
is(changes($before, words('mod_dygw/process/nonce.c', sub { s/apr_uint32_t share;/apr_uint64_t share;/ })), 'NONCES',
    'another type is');
is(changes($before, words('mod_dygw/util/lock.h', sub { s/pthread_mutex_t mutex;/pthread_rwlock_t mutex;/ })),
    'HOST LOCK METER READS', 'the lock is part of all that it is in');
is(words('mod_dygw/util/metrics.c', sub { s/typedef struct copy_t/typedef struct copies_t/ }), undef,
    'a structure that is gone is an error');
done_testing;
