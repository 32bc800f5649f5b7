# Protocol::WebSocket as a client, on a blocking socket: client.pl URL CLOSER

use v5.20;
use warnings;
use Encode qw(decode encode);
use IO::Socket::INET;
use Protocol::WebSocket::Handshake::Client;
use Conversation;
use PerlSocket;

my ($url, $closer) = @ARGV;
my ($address) = $url =~ m{//([^/]+)};
my $socket = IO::Socket::INET->new(PeerAddr => $address) or die "cannot connect: $!\n";
my $end = PerlSocket->new($socket, Protocol::WebSocket::Handshake::Client->new(url => $url), 1);

for my $step (steps()) {
  my (undef, $text, $message) = @$step;
  $end->send_message($text ? 'text' : 'binary', $text ? encode('UTF-8', $message) : $message);
  my ($kind, $bytes) = $end->next_event;
  check($step, $kind eq 'text', $kind eq 'text' ? decode('UTF-8', $bytes) : $bytes);
}
$end->send_frame(type => 'ping', buffer => PING);
my ($kind, $bytes) = $end->next_event;
report('ok ping') if $kind eq 'pong' && $bytes eq PING;
$closer eq 'client' ? $end->send_close(CLIENT_CLOSE) : $end->send_message('text', CLOSE_REQUEST);
($kind, $bytes) = $end->next_event;
report('closed', unpack('n a*', $bytes)) if $kind eq 'close';
$end->send_frame(type => 'close', buffer => $bytes) if $closer eq 'server';
