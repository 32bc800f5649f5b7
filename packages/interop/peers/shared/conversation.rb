# The conversation as the Ruby peers hold it; see conversation.mjs. Knows no library.

PING = 'are you there'
CLOSE_REQUEST = 'please close'
CLIENT_CLOSE = ['done', 3001].freeze
SERVER_CLOSE = ['as you wish', 3002].freeze

$stdout.sync = true

def pattern(length)
  Array.new(length) { |i| i * 7 % 251 }
end

# Text as a string, bytes as an array of numbers.
STEPS = [
  ['text', 'Grüße, 世界! 😀'],
  ['binary', (0..255).to_a],
  ['large', pattern(70_000)],
  ['fragmented', pattern(1_048_576)]
].freeze

def check((name, message), answer)
  abort "#{name}: got #{answer.length}, wanted #{message.length}" unless answer == message
  puts "ok #{name}"
end
