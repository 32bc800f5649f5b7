# Protocol::WebSocket as a server, on blocking sockets, one connection at a time.

use v5.20;
use warnings;
use IO::Socket::INET;
use Protocol::WebSocket::Handshake::Server;
use Conversation;
use PerlSocket;

my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "cannot listen: $!\n";
report('port', $listener->sockport);

while (my $socket = $listener->accept) {
  my $end = eval { PerlSocket->new($socket, Protocol::WebSocket::Handshake::Server->new, 0) } or next;
  $end->send_frame(type => 'ping', buffer => PING);
  my $closing = 0;
  while (my ($kind, $bytes) = $end->next_event) {
    if ($kind eq 'pong') {
      report('pong');
    } elsif ($kind eq 'close') {
      $end->send_frame(type => 'close', buffer => $bytes) unless $closing;
      report('closed', unpack('n a*', $bytes));
      last;
    } elsif ($bytes eq CLOSE_REQUEST) {
      $end->send_close(SERVER_CLOSE);
      $closing = 1;
    } else {
      $end->send_message($kind, $bytes);
    }
  }
  close $socket;
}
