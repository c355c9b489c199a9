# SPDX-License-Identifier: Apache-2.0
# The whole of it for a test: a database, the sandbox, and a httpd with the gateway between them.
#
#   my $gateway = Dygw::Gateway->new(driver => 'pgsql', mpm => 'worker');
#   $gateway->start;                                     # healthy, with one app
#   my $coupon = $gateway->sandbox->mint_coupon;
#   my $answer = $gateway->client->call(POST => '/coupons/verify', { poi_id => POI, code => $coupon->{code} });
#   ...
#   $gateway->finish;                                    # both logs are clean
package Dygw::Gateway;

use strict;
use warnings;

use Carp qw(croak);
use Exporter qw(import);

use Dygw::Client;
use Dygw::Database;
use Dygw::Sandbox;
use Dygw::Server qw(patience poll spew);

use constant POI        => '7012345678901234567';
use constant ACCOUNT    => '7014065493820573710';
use constant MASTER_KEY => '00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef';

our @EXPORT_OK = qw(POI ACCOUNT MASTER_KEY);

use constant HEALTH_DEADLINE => 20;     # seconds

# driver (sqlite3), database, sandbox (made unless given), directives => { DygwMaxBody => 2000, DBDMax => undef },
# timeout (seconds that an upstream call may take), conf (more text), steps (Dygw::Steps), and what Dygw::Server takes.
# idle: once it is healthy, no background work is done, so that what is `processing` stays so.
sub new {
    my ($class, %option) = @_;
    my $self = bless {
        database => delete $option{database} // Dygw::Database->new(delete $option{driver} // 'sqlite3'),
        sandbox => delete $option{sandbox} // Dygw::Sandbox->new,
        directives => delete $option{directives} // {},
        timeout => patience(delete $option{timeout} // 4),
        more => delete $option{conf} // '', idle => delete $option{idle},
    }, $class;
    delete $option{driver};
    my $steps = delete $option{steps};
    $self->{server} = Dygw::Server->new(
        name => 'the gateway', modules => ['dbd'],
        access_log => '%h %u \"%r\" %>s %{dygw-code}n %{dygw-verification}n %{dygw-upstream-us}n',
        load => { dygw => $steps ? $steps->module : Dygw::Server->module_path('dygw') },
        env => { $self->{database}->env, $steps ? $steps->env : () }, %option,
        conf => sub { return $self->config_text }
    );
    return $self;
}

# Milliseconds for a fault that outlasts the upstream time-out.
sub too_long { return int(2000 * $_[0]{timeout}) }

sub server   { return $_[0]{server} }
sub sandbox  { return $_[0]{sandbox} }
sub database { return $_[0]{database} }
sub client   { return $_[0]{client} }
sub app      { return $_[0]{app} }

# Changes directives; start, graceful or restart write them. undef takes one away.
sub set {
    my ($self, %directives) = @_;
    $self->{directives} = { %{ $self->{directives} }, %directives };
    return;
}

sub secret_file {
    my ($self, $name, $text) = @_;
    return spew($self->{server}->dir . "/$name", "$text\n", 0600);
}

sub connections {
    my ($self) = @_;
    return $self->{server}->mpm eq 'prefork' ? 2 : $self->{server}{threads} + 1;
}

sub defaults {
    my ($self) = @_;
    my $connections = $self->connections;
    return (
        DBDriver => $self->{database}->driver,
        DBDParams => '"' . $self->{database}->params . '"',
        DBDMin => 1, DBDKeep => $connections, DBDMax => $connections,
        DygwClientKey => Dygw::Sandbox::CLIENT_KEY,
        DygwClientSecret => 'file:' . $self->secret_file('client-secret', Dygw::Sandbox::CLIENT_SECRET),
        DygwMasterKey => 'file:' . $self->secret_file('master-key', MASTER_KEY),
        DygwAccountId => ACCOUNT,
        DygwUpstream => $self->{sandbox}->url,
        DygwUpstreamTimeout => sprintf('%dms %dms', 500 * $self->{timeout}, 1000 * $self->{timeout}),
        DygwShortLinkHosts => $self->{sandbox}->url,
        DygwSchema => 'auto',
    );
}

sub config_text {
    my ($self) = @_;
    my %all = ($self->defaults, %{ $self->{directives} });
    my $text = join '', map { "$_ $all{$_}\n" } grep { defined $all{$_} } sort keys %all;
    return $text . $self->{more} . <<'END';
<Location "/v1/open">
    SetHandler dygw-open
</Location>
<Location "/v1/internal">
    SetHandler dygw-internal
    Require local
</Location>
<Location "/health">
    SetHandler dygw-health
</Location>
END
}

# Starts the sandbox, unless it runs, and the gateway; waits for its health and creates an app.
sub start {
    my ($self, %app) = @_;
    $self->{sandbox}->start if $self->{sandbox}->server->has_ended;
    $self->{server}->start;
    $self->wait_healthy;
    ($self->{client}, $self->{app}) = $self->create_app(%app);
    $self->work(0) if $self->{idle};
    return $self;
}

# Starts it as another host beside one that has been: the same app, with a client of its own.
sub start_beside {
    my ($self, $first) = @_;
    $self->{server}->start;
    $self->wait_healthy;
    $self->{app} = $first->app;
    $self->{client} = Dygw::Client->new(%{ $first->client }, port => $self->{server}->port, socket => undef);
    return $self;
}

# Whether there is background work from now on.
sub work {
    my ($self, $on) = @_;
    $self->set(DygwWorker => $on ? 'on' : 'off');
    $self->graceful;
    $self->wait_healthy;
    return;
}

# A client without a signature: of /health, or with a base and headers of its own.
sub plain {
    my ($self, $base, %headers) = @_;
    return Dygw::Client->new(port => $self->{server}->port, base => $base // '', headers => \%headers);
}

sub internal { return $_[0]->plain('/v1/internal', 'X-XTJ-UID' => 'operator-1') }

sub health { return $_[0]->plain->call(GET => '/health') }

sub wait_healthy {
    my ($self) = @_;
    my $health;
    poll { ($health = $self->health)->{status} == 200 } HEALTH_DEADLINE
        or croak 'the gateway does not become healthy: ' . $health->{body};
    return $health;
}

# Creates an app: its client, and in list context the app as well.
sub create_app {
    my ($self, %app) = @_;
    my $answer = $self->internal->call(POST => '/apps', { name => 'app of a test', %app });
    croak "no app: $answer->{body}" if $answer->{status} != 201;
    my ($created, $secret) = @{ $answer->{json}{data} }{qw(app secret)};
    my $client = Dygw::Client->new(port => $self->{server}->port, key => $created->{client_key}, secret => $secret);
    return wantarray ? ($client, $created) : $client;
}

# Redeems with the first app; what is not said is ours.
sub verify {
    my ($self, %fields) = @_;
    return $self->{client}->call(POST => '/coupons/verify', { poi_id => POI, %fields });
}

# How many rows a table holds.
sub rows {
    my ($self, $table, $where) = @_;
    return $self->{database}->query("SELECT COUNT(*) FROM $table" . ($where ? " WHERE $where" : ''));
}

# The server's, without a kept connection of ours that an old child would wait for.
sub graceful { my ($self, @option) = @_; $self->disconnect; return $self->{server}->graceful(@option) }
sub restart  { my ($self, @option) = @_; $self->disconnect; return $self->{server}->restart(@option) }
sub stop     { my ($self) = @_; $self->disconnect; return $self->{server}->stop }

sub disconnect {
    my ($self) = @_;
    $self->{client}->disconnect if $self->{client};
    return;
}

# The lease of the background that is held now: whose, the pid in it, when it was renewed (ms); nothing when it is free.
sub lease {
    my ($self) = @_;
    my ($row) = $self->{database}->query("SELECT COALESCE(owner, ''), COALESCE(renewed_at, 0) FROM dygw_leases " .
        "WHERE name = 'worker' AND until_at > " . $self->{database}->now_ms);
    return if !$row;
    my ($pid) = $row->[0] =~ /-(\d+)-\w+\z/;
    return { owner => $row->[0], pid => $pid, renewed_at => $row->[1] };
}

sub leader_pid {
    my $lease = $_[0]->lease;
    return $lease ? $lease->{pid} : undef;
}

# The token that is held ends so soon that the background renews it.
sub age_token {
    my ($self) = @_;
    my $now = $self->{database}->now_ms;
    $self->{database}->query("UPDATE dygw_tokens SET version = version + 1, obtained_at = $now - 7000000, " .
        "expires_at = $now + 400000");
    return;
}

# The requests of which nobody knew whether they were recorded, because the database went away with the commit and
# stayed away.
sub in_doubt { return $_[0]{server}->log_text =~ /DYGW0414: .* \[request (\S+)\]$/mg }

# Stops both and checks their logs.
sub finish {
    my ($self) = @_;
    $self->disconnect;
    $self->{server}->check_log;
    $self->{sandbox}->check_log if $self->{sandbox}->server->{started};
    return;
}

1;
