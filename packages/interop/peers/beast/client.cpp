// Boost Beast as a client, synchronous: client URL CLOSER

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "../shared/conversation.h"

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = boost::asio::ip::tcp;

static void send(websocket::stream<tcp::socket> &socket, bool text, const void *data, size_t length) {
  socket.text(text);
  auto at = static_cast<const char *>(data);
  while (length > FRAGMENT_ABOVE || (at != data && length > FRAGMENT)) {
    socket.write_some(false, boost::asio::buffer(at, FRAGMENT));
    at += FRAGMENT;
    length -= FRAGMENT;
  }
  socket.write_some(true, boost::asio::buffer(at, length));
}

int main(int, char **arguments) {
  std::string url = arguments[1]; // ws://127.0.0.1:PORT/PATH
  auto colon = url.rfind(':'), slash = url.find('/', 5);
  auto host = url.substr(5, slash - 5);
  boost::asio::io_context context;
  websocket::stream<tcp::socket> socket(context);
  auto port = static_cast<unsigned short>(std::stoi(url.substr(colon + 1)));
  socket.next_layer().connect({boost::asio::ip::make_address("127.0.0.1"), port});
  bool ponged = false;
  socket.control_callback([&](websocket::frame_type kind, beast::string_view data) {
    if (kind == websocket::frame_type::pong && data == PING) ponged = true;
  });
  socket.auto_fragment(false);
  socket.handshake(host, url.substr(slash));
  beast::flat_buffer buffer;
  auto step = std::make_unique<Step>();
  for (int i = 0; i < STEPS; i++) {
    make_step(step.get(), i);
    send(socket, step->text, step->data, step->length);
    socket.read(buffer);
    check_step(step.get(), socket.got_text(), buffer.data().data(), buffer.size());
    buffer.consume(buffer.size());
  }
  // A read gives pongs to the callback only while it waits for a message, so one is asked for behind the ping.
  socket.ping(PING);
  send(socket, true, "behind the ping", 15);
  socket.read(buffer);
  if (ponged) puts("ok ping");
  beast::error_code error;
  if (!strcmp(arguments[2], "client")) {
    socket.close({websocket::close_code(CLIENT_CLOSE_CODE), CLIENT_CLOSE_REASON}, error); // waits for the answer
    if (error) std::cout << "fail " << error.message() << "\n";
  } else {
    send(socket, true, CLOSE_REQUEST, sizeof CLOSE_REQUEST - 1);
    socket.read(buffer, error);
    if (error != websocket::error::closed) std::cout << "fail " << error.message() << "\n";
  }
  std::cout << "closed " << socket.reason().code << " " << socket.reason().reason << std::endl;
}
