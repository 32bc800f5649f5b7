# Mojolicious as a client: client.pl URL CLOSER. Its calls send whole messages; fragments are frames of one's own.

use Mojo::Base -strict;
use Mojo::UserAgent;
use Mojo::WebSocket qw(WS_BINARY WS_CONTINUATION WS_PING WS_PONG);
use Conversation;

my ($url, $closer) = @ARGV;
my $agent = Mojo::UserAgent->new(inactivity_timeout => 20)->max_response_size(0);
my @steps = steps();

sub send_step {
  my ($socket) = @_;
  my (undef, $text, $message) = @{$steps[0]};
  return $socket->send({text => Mojo::Util::encode('UTF-8', $message)}) if $text;
  my @parts = fragments($message);
  for my $i (0 .. $#parts) {
    $socket->send([$i == $#parts ? 1 : 0, 0, 0, 0, $i == 0 ? WS_BINARY : WS_CONTINUATION, $parts[$i]]);
  }
}

sub answered {
  my ($socket, $text, $message) = @_;
  check(shift @steps, $text, $message);
  return send_step($socket) if @steps;
  $socket->send([1, 0, 0, 0, WS_PING, PING]);
}

$agent->websocket($url => sub {
  my ($agent, $socket) = @_;
  die 'cannot open: ' . $socket->res->code . "\n" unless $socket->is_websocket;
  $socket->max_websocket_size(10_000_000);
  $socket->on(text => sub { answered($socket, 1, Mojo::Util::decode('UTF-8', $_[1])) });
  $socket->on(binary => sub { answered($socket, 0, $_[1]) });
  $socket->on(frame => sub {
    my (undef, $frame) = @_;
    return unless $frame->[4] == WS_PONG && $frame->[5] eq PING;
    report('ok ping');
    $closer eq 'client' ? $socket->finish(CLIENT_CLOSE) : $socket->send(CLOSE_REQUEST);
  });
  # This comes before the Close has been written, so the loop ends with the connection.
  $socket->on(finish => sub { report('closed', @_[1, 2]) });
  Mojo::IOLoop->stream($socket->connection)->on(close => sub { Mojo::IOLoop->stop });
  send_step($socket);
});
Mojo::IOLoop->start;
