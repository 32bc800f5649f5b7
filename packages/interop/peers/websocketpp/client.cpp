// websocketpp (on Boost Asio) as a client: client URL CLOSER. It sends no fragments.

#include <memory>
#include <websocketpp/client.hpp>
#include <websocketpp/config/asio_no_tls_client.hpp>

#include "../shared/conversation.h"

using Client = websocketpp::client<websocketpp::config::asio_client>;
using websocketpp::connection_hdl;
namespace opcode = websocketpp::frame::opcode;

int main(int, char **arguments) {
  Client client;
  auto step = std::make_unique<Step>();
  int which = 0;
  bool client_closes = !strcmp(arguments[2], "client");
  client.clear_access_channels(websocketpp::log::alevel::all);
  client.clear_error_channels(websocketpp::log::elevel::all);
  client.init_asio();

  auto send = [&](connection_hdl end) {
    make_step(step.get(), which);
    client.send(end, step->data, step->length, step->text ? opcode::text : opcode::binary);
  };
  client.set_open_handler(send);
  client.set_message_handler([&](connection_hdl end, Client::message_ptr message) {
    auto &data = message->get_payload();
    check_step(step.get(), message->get_opcode() == opcode::text, data.data(), data.size());
    if (++which < STEPS) send(end);
    else client.ping(end, PING);
  });
  client.set_pong_handler([&](connection_hdl end, std::string data) {
    if (data == PING) puts("ok ping");
    if (client_closes) client.close(end, CLIENT_CLOSE_CODE, CLIENT_CLOSE_REASON);
    else client.send(end, std::string(CLOSE_REQUEST), opcode::text);
  });
  client.set_close_handler([&](connection_hdl end) {
    auto connection = client.get_con_from_hdl(end);
    printf("closed %d %s\n", connection->get_remote_close_code(), connection->get_remote_close_reason().c_str());
  });
  client.set_fail_handler([&](connection_hdl end) {
    printf("fail %s\n", client.get_con_from_hdl(end)->get_ec().message().c_str());
  });

  websocketpp::lib::error_code error;
  client.connect(client.get_connection(arguments[1], error));
  client.run();
}
