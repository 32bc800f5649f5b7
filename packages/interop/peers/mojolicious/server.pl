# Mojolicious as a server.

use Mojolicious::Lite -signatures;
use Mojo::Server::Daemon;
use Mojo::WebSocket qw(WS_BINARY WS_CONTINUATION WS_PING WS_PONG);
use Conversation;

websocket '/*any' => sub ($c) {
  $c->tx->max_websocket_size(10_000_000);
  $c->send([1, 0, 0, 0, WS_PING, PING]);
  $c->on(text => sub ($c, $bytes) {
    $bytes eq CLOSE_REQUEST ? $c->finish(SERVER_CLOSE) : $c->send({text => $bytes});
  });
  $c->on(binary => sub ($c, $bytes) {
    my @parts = fragments($bytes);
    for my $i (0 .. $#parts) {
      $c->send([$i == $#parts ? 1 : 0, 0, 0, 0, $i == 0 ? WS_BINARY : WS_CONTINUATION, $parts[$i]]);
    }
  });
  $c->on(frame => sub ($c, $frame) { report('pong') if $frame->[4] == WS_PONG });
  $c->on(finish => sub ($c, $code, $reason = '') { report('closed', $code, $reason) });
};

app->log->level('error');
my $daemon = Mojo::Server::Daemon->new(app => app, listen => ['http://127.0.0.1'], silent => 1);
$daemon->start;
report('port', $daemon->ports->[0]);
$daemon->ioloop->start;
