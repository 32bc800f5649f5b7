# websocket-driver as a client, on a blocking socket: client.rb URL CLOSER. It sends no fragments.

require 'socket'
require 'uri'
require 'websocket/driver'
require 'conversation'

Wire = Struct.new(:url, :socket) do
  def write(bytes)
    socket.write(bytes)
  end
end

url, closer = ARGV
uri = URI(url)
wire = Wire.new(url, TCPSocket.new(uri.host, uri.port))
driver = WebSocket::Driver.client(wire)
steps = STEPS.dup
send_step = lambda do
  message = steps.first[1]
  message.is_a?(String) ? driver.text(message) : driver.binary(message)
end

driver.on(:open) { send_step.call }
driver.on(:message) do |event|
  check(steps.shift, event.data)
  if steps.any?
    send_step.call
  else
    driver.ping(PING) do
      puts 'ok ping'
      closer == 'client' ? driver.close(*CLIENT_CLOSE) : driver.text(CLOSE_REQUEST)
    end
  end
end
driver.on(:error) { |event| puts "fail #{event.message}" }
driver.on(:close) do |event|
  puts "closed #{event.code} #{event.reason}"
  exit
end

driver.start
loop { driver.parse(wire.socket.readpartial(65_536)) }
