// Boost Beast as a server, synchronous, one connection at a time.

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <iostream>
#include <string>

#include "../shared/conversation.h"

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = boost::asio::ip::tcp;

static void echo(tcp::socket accepted) {
  websocket::stream<tcp::socket> socket(std::move(accepted));
  socket.control_callback([](websocket::frame_type kind, beast::string_view) {
    if (kind == websocket::frame_type::pong) std::cout << "pong" << std::endl;
  });
  socket.auto_fragment(true);
  socket.write_buffer_bytes(FRAGMENT);
  socket.accept();
  socket.ping(PING);
  beast::flat_buffer buffer;
  beast::error_code error;
  for (;;) {
    buffer.consume(buffer.size());
    socket.read(buffer, error);
    if (error) break;
    if (beast::buffers_to_string(buffer.data()) == CLOSE_REQUEST) {
      socket.close({websocket::close_code(SERVER_CLOSE_CODE), SERVER_CLOSE_REASON}, error); // waits for the answer
      break;
    }
    socket.text(socket.got_text());
    socket.write(buffer.data());
  }
  if (error && error != websocket::error::closed) std::cout << "fail " << error.message() << std::endl;
  std::cout << "closed " << socket.reason().code << " " << socket.reason().reason << std::endl;
}

int main() {
  boost::asio::io_context context;
  tcp::acceptor acceptor(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
  std::cout << "port " << acceptor.local_endpoint().port() << std::endl;
  for (;;) {
    try {
      echo(acceptor.accept());
    } catch (const std::exception &error) {
      std::cout << "fail " << error.what() << std::endl;
    }
  }
}
