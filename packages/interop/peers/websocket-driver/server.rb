# websocket-driver as a server, on blocking sockets, one connection at a time. It sends no fragments.

require 'socket'
require 'websocket/driver'
require 'conversation'

Wire = Struct.new(:socket) do
  def write(bytes)
    socket.write(bytes)
  end
end

def echo(socket)
  driver = WebSocket::Driver.server(Wire.new(socket))
  closed = false
  driver.on(:connect) { driver.start }
  driver.on(:open) { driver.ping(PING) { puts 'pong' } }
  driver.on(:message) do |event|
    if event.data == CLOSE_REQUEST
      driver.close(*SERVER_CLOSE)
    else
      event.data.is_a?(String) ? driver.text(event.data) : driver.binary(event.data)
    end
  end
  driver.on(:error) { |event| puts "fail #{event.message}" }
  driver.on(:close) do |event|
    closed = true
    puts "closed #{event.code} #{event.reason}"
  end
  driver.parse(socket.readpartial(65_536)) until closed
rescue EOFError, SystemCallError => e
  puts "fail #{e.message}"
ensure
  socket.close
end

listener = TCPServer.new('127.0.0.1', 0)
puts "port #{listener.addr[1]}"
loop { echo(listener.accept) }
