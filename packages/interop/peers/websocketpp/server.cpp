// websocketpp (on Boost Asio) as a server. It sends no fragments.

#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/server.hpp>

#include "../shared/conversation.h"

using Server = websocketpp::server<websocketpp::config::asio>;
using websocketpp::connection_hdl;

int main() {
  Server server;
  setvbuf(stdout, nullptr, _IOLBF, 0);
  server.clear_access_channels(websocketpp::log::alevel::all);
  server.clear_error_channels(websocketpp::log::elevel::all);
  server.init_asio();

  server.set_open_handler([&](connection_hdl end) { server.ping(end, PING); });
  server.set_pong_handler([](connection_hdl, std::string) { puts("pong"); });
  server.set_message_handler([&](connection_hdl end, Server::message_ptr message) {
    if (message->get_payload() == CLOSE_REQUEST) server.close(end, SERVER_CLOSE_CODE, SERVER_CLOSE_REASON);
    else server.send(end, message->get_payload(), message->get_opcode());
  });
  server.set_close_handler([&](connection_hdl end) {
    auto connection = server.get_con_from_hdl(end);
    printf("closed %d %s\n", connection->get_remote_close_code(), connection->get_remote_close_reason().c_str());
  });

  server.listen(boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  server.start_accept();
  websocketpp::lib::asio::error_code error;
  printf("port %d\n", server.get_local_endpoint(error).port());
  server.run();
}
