# The conversation as the Perl peers hold it; see conversation.mjs. Knows no library.

package Conversation;
use v5.20;
use warnings;
use utf8;
use Exporter 'import';

our @EXPORT = qw(PING CLOSE_REQUEST CLIENT_CLOSE SERVER_CLOSE steps fragments check report);

use constant PING => 'are you there';
use constant CLOSE_REQUEST => 'please close';
use constant CLIENT_CLOSE => (3001, 'done');
use constant SERVER_CLOSE => (3002, 'as you wish');

STDOUT->autoflush(1);

sub pattern {
  my ($length) = @_;
  return substr(join('', map { chr($_ * 7 % 251) } 0 .. 250) x ($length / 251 + 1), 0, $length);
}

# Name, whether it is text, and the message: characters for text, else bytes.
sub steps {
  return (
    ['text', 1, 'Grüße, 世界! 😀'],
    ['binary', 0, join('', map { chr } 0 .. 255)],
    ['large', 0, pattern(70_000)],
    ['fragmented', 0, pattern(1_048_576)],
  );
}

# A long message in pieces of 64 KiB, another in one.
sub fragments {
  my ($data) = @_;
  return length $data > 100_000 ? unpack('(a65536)*', $data) : ($data);
}

sub check {
  my ($step, $is_text, $answer) = @_;
  my ($name, $text, $message) = @$step;
  die sprintf("%s: got %d, wanted %d\n", $name, length $answer, length $message)
    if !!$is_text != !!$text || $answer ne $message;
  report("ok $name");
}

sub report { say join ' ', map { $_ // '' } @_ }

1;
