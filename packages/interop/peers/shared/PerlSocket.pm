# Protocol::WebSocket is bytes and frames; this gives it a blocking socket, for its client and its server. Its Frame gives messages put
# together, the kind of the last frame's message, and control frames as they come.

package PerlSocket;
use v5.20;
use warnings;
use Protocol::WebSocket::Frame;
use Conversation;

sub new {
  my ($class, $socket, $handshake, $masked) = @_;
  my $frame = Protocol::WebSocket::Frame->new(max_payload_size => 10_000_000, max_fragments_amount => 1_000);
  my $self = bless {socket => $socket, masked => $masked, frame => $frame}, $class;
  $self->write($handshake->to_string) if $masked;
  while (!$handshake->is_done) {
    my $bytes = $self->read // die "ended in the handshake\n";
    $handshake->parse($bytes);
    die $handshake->error . "\n" if $handshake->error;
    $frame->append($bytes);
  }
  $self->write($handshake->to_string) unless $masked;
  return $self;
}

sub read {
  my ($self) = @_;
  my $length = sysread($self->{socket}, my $bytes, 65_536);
  return $length ? $bytes : undef;
}

sub write {
  my ($self, $bytes) = @_;
  while (length $bytes) {
    my $written = syswrite($self->{socket}, $bytes) // die "cannot write: $!\n";
    substr($bytes, 0, $written, '');
  }
}

sub send_frame {
  my ($self, %frame) = @_;
  $self->write(Protocol::WebSocket::Frame->new(masked => $self->{masked}, max_payload_size => 10_000_000, %frame)->to_bytes);
}

sub send_message {
  my ($self, $type, $bytes) = @_;
  my @parts = fragments($bytes);
  for my $i (0 .. $#parts) {
    $self->send_frame(type => $i == 0 ? $type : 'continuation', fin => $i == $#parts ? 1 : 0, buffer => $parts[$i]);
  }
}

sub send_close {
  my ($self, $code, $reason) = @_;
  $self->send_frame(type => 'close', buffer => pack('n', $code) . $reason);
}

# The next frame that is no ping: its kind and its bytes; nothing at the end. Answers pings.
sub next_event {
  my ($self) = @_;
  while (1) {
    my $bytes = $self->{frame}->next_bytes;
    if (!defined $bytes) {
      $self->{frame}->append($self->read // return);
    } elsif ($self->{frame}->is_ping) {
      $self->send_frame(type => 'pong', buffer => $bytes);
    } else {
      my ($kind) = grep { $self->{frame}->${\"is_$_"} } qw(text binary pong close);
      return ($kind, $bytes);
    }
  }
}

1;
