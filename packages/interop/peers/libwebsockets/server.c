// libwebsockets as a server. It tells of the peer's Close, and not of the answer to its own.

#include <libwebsockets.h>

#include "../shared/conversation.h"

typedef struct {
  unsigned char buffer[LWS_PRE + LONGEST];
  size_t received, sent;
  int binary, ready, pinged, told;
} Session;

// One frame at a time, whenever the socket takes one. A result below 0 closes.
static int write_next(struct lws *wsi, Session *session) {
  unsigned char control[LWS_PRE + sizeof PING];
  unsigned char *data = session->buffer + LWS_PRE;
  if (!session->pinged) {
    session->pinged = 1;
    memcpy(control + LWS_PRE, PING, sizeof PING - 1);
    return lws_write(wsi, control + LWS_PRE, sizeof PING - 1, LWS_WRITE_PING) < 0 ? -1 : 0;
  }
  if (!session->ready) return 0;
  if (session->received == sizeof CLOSE_REQUEST - 1 && !memcmp(data, CLOSE_REQUEST, session->received)) {
    lws_close_reason(wsi, SERVER_CLOSE_CODE, (unsigned char *)SERVER_CLOSE_REASON, sizeof SERVER_CLOSE_REASON - 1);
    return -1;
  }
  size_t left = session->received - session->sent;
  size_t size = session->received > FRAGMENT_ABOVE && left > FRAGMENT ? FRAGMENT : left;
  int kind = session->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
  int flags = lws_write_ws_flags(kind, session->sent == 0, size == left);
  // What lws_write puts before the data was sent already.
  if (lws_write(wsi, data + session->sent, size, flags) < (int)size) return -1;
  session->sent += size;
  if (session->sent == session->received) session->ready = session->received = session->sent = 0;
  else lws_callback_on_writable(wsi);
  return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length) {
  Session *session = user;
  switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
      memset(session, 0, sizeof *session);
      lws_callback_on_writable(wsi);
      return 0;
    case LWS_CALLBACK_RECEIVE:
      if (session->received + length > LONGEST) return -1;
      memcpy(session->buffer + LWS_PRE + session->received, in, length);
      session->received += length;
      session->binary = lws_frame_is_binary(wsi);
      session->ready = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
      if (session->ready) lws_callback_on_writable(wsi);
      return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
      return write_next(wsi, session);
    case LWS_CALLBACK_RECEIVE_PONG:
      puts("pong");
      return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
      session->told = 1;
      printf("closed %d %.*s\n", ((unsigned char *)in)[0] << 8 | ((unsigned char *)in)[1], (int)length - 2, (char *)in + 2);
      return 0;
    case LWS_CALLBACK_CLOSED:
      if (!session->told) puts("none closed: it does not tell of the answer to its Close\nclosed");
      return 0;
    default:
      return 0;
  }
}

int main(void) {
  struct lws_protocols protocols[] = {{"echo", on_event, sizeof(Session), FRAGMENT, 0, NULL, 0}, {0}};
  struct lws_context_creation_info info = {.port = 0, .iface = "127.0.0.1", .protocols = protocols};
  setvbuf(stdout, NULL, _IOLBF, 0);
  lws_set_log_level(LLL_ERR, NULL);
  info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
  struct lws_context *context = lws_create_context(&info);
  struct lws_vhost *vhost = lws_create_vhost(context, &info);
  printf("port %d\n", lws_get_vhost_listen_port(vhost));
  while (lws_service(context, 0) >= 0) continue;
  lws_context_destroy(context);
}
