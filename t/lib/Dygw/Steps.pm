# SPDX-License-Identifier: Apache-2.0
# Stops a gateway at named steps, see util/step.h. Its module is built with -DDYGW_TEST_STEPS, in $DYGW_OUT-steps.
#
#   my $steps = Dygw::Steps->new;
#   my $gateway = Dygw::Gateway->new(steps => $steps);
#   $steps->arm('after_insert');          # the next to come by stops there
#   $steps->reached('after_insert');      # waits until one has
#   $steps->release('after_insert');      # and lets it go on
package Dygw::Steps;

use strict;
use warnings;

use Carp qw(croak);
use File::Temp qw(tempdir);

use Dygw::Needs;
use Dygw::Server qw(poll spew);

use constant REACH_DEADLINE => 30;     # seconds

sub new {
    my ($class) = @_;
    my $dir = tempdir('dygw-steps-XXXXXX', DIR => '/tmp', CLEANUP => 1);
    chmod 0777, $dir;       # the children rename files there
    return bless { dir => $dir }, $class;
}

sub env { return (DYGW_TEST_STEPS => $_[0]{dir}) }

# The module that has the steps.
sub module {
    my $out = Dygw::Server->out . '-steps';
    return Dygw::Needs::built("$out/mod_dygw.so",
                              Dygw::Needs::make($out, 'EXTRA_CFLAGS=-DDYGW_TEST_STEPS', 'all'));
}

sub arm {
    my ($self, @names) = @_;
    for my $name (@names) {
        unlink map { "$self->{dir}/$name$_" } '.here', '.go';
        spew("$self->{dir}/$name", '');
    }
    return;
}

sub is_reached { my ($self, $name) = @_; return -e "$self->{dir}/$name.here" }

sub reached {
    my ($self, $name) = @_;
    poll { $self->is_reached($name) } REACH_DEADLINE or croak "nobody comes to $name";
    return;
}

sub release {
    my ($self, @names) = @_;
    for my $name (@names) {
        unlink "$self->{dir}/$name";
        spew("$self->{dir}/$name.go", '');
    }
    return;
}

1;
