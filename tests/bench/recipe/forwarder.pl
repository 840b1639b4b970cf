#!/usr/bin/perl
# A forwarder on demand in POE, of the shape of minimail: it listens at a port, the first client has
# `ssh -N -L` started, lines are passed between the client and the tunnel's end, and some time behind
# the last client the tunnel is taken down.
#
#     forwarder.pl LISTEN_PORT TUNNEL_PORT LINGER COMMAND...
#
# COMMAND brings the tunnel up, LINGER is in seconds. A tunnel that is not there yet is tried again a
# second later, as it was there. SIGUSR1 takes the tunnel down at once.
use strict;
use warnings;
use POE qw(Component::Server::TCP Component::Client::TCP Wheel::Run);

my ($listen_port, $tunnel_port, $linger, @command) = @ARGV;
my ($tunnel, $clients) = (undef, 0);

POE::Session->create(inline_states => {
  _start => sub {
    $_[KERNEL]->alias_set('tunnel');
    $_[KERNEL]->sig(USR1 => 'take_down');
  },
  bring_up => sub {
    my $kernel = $_[KERNEL];
    $kernel->delay('take_down');
    return if $tunnel;
    # In our process group, so that it does not outlive us.
    $tunnel = POE::Wheel::Run->new(
      Program => \@command,
      NoSetSid => 1,
      NoSetPgrp => 1,
      StdoutEvent => 'said',
      StderrEvent => 'said',
    );
    $kernel->sig_child($tunnel->PID, 'ended');
  },
  client_left => sub { $_[KERNEL]->delay(take_down => $linger) unless $clients; },
  take_down => sub {
    $tunnel->kill('TERM') if $tunnel;
    $_[KERNEL]->sig_handled;
  },
  said => sub { print STDERR "$_[ARG0]\n"; },
  ended => sub { undef $tunnel; },
});

# The far end of one client's conversation.
sub dial {
  my ($client, $heap) = @_;
  return POE::Component::Client::TCP->new(
    RemoteAddress => '127.0.0.1',
    RemotePort => $tunnel_port,
    Connected => sub { $heap->{server} = $_[HEAP]{server}; },
    ServerInput => sub { $heap->{client}->put($_[ARG0]) if $heap->{client}; },
    Disconnected => sub { POE::Kernel->post($client, 'shutdown'); },
    ConnectError => sub { $_[KERNEL]->delay(reconnect => 1); },
  );
}

POE::Component::Server::TCP->new(
  Address => '127.0.0.1',
  Port => $listen_port,
  ClientConnected => sub {
    $clients++;
    POE::Kernel->post(tunnel => 'bring_up');
    $_[HEAP]{far_session} = dial($_[SESSION]->ID, $_[HEAP]);
  },
  ClientInput => sub { $_[HEAP]{server}->put($_[ARG0]) if $_[HEAP]{server}; },
  ClientDisconnected => sub {
    my ($kernel, $heap) = @_[KERNEL, HEAP];
    $clients--;
    $kernel->post($heap->{far_session}, 'shutdown');
    delete $heap->{server};
    $kernel->post(tunnel => 'client_left');
  },
);

POE::Kernel->run;
