// libwebsockets as a client: client URL CLOSER. It tells of the peer's Close, and not of the answer to its own.

#include <libwebsockets.h>

#include "../shared/conversation.h"

static Step step;
static int which, pinging, asking, ended, client_closes;
static size_t sent, received;
static unsigned char buffer[LWS_PRE + LONGEST], answer[LONGEST];

// One frame at a time, whenever the socket takes one. A result below 0 closes.
static int write_next(struct lws *wsi) {
  unsigned char *data = buffer + LWS_PRE;
  if (asking && client_closes) {
    lws_close_reason(wsi, CLIENT_CLOSE_CODE, (unsigned char *)CLIENT_CLOSE_REASON, sizeof CLIENT_CLOSE_REASON - 1);
    return -1;
  }
  if (asking || pinging) {
    const char *text = asking ? CLOSE_REQUEST : PING;
    memcpy(data, text, strlen(text));
    return lws_write(wsi, data, strlen(text), asking ? LWS_WRITE_TEXT : LWS_WRITE_PING) < 0 ? -1 : 0;
  }
  if (sent == step.length) return 0;
  size_t left = step.length - sent;
  size_t size = step.length > FRAGMENT_ABOVE && left > FRAGMENT ? FRAGMENT : left;
  memcpy(data, step.data + sent, size); // lws masks in place
  int flags = lws_write_ws_flags(step.text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY, sent == 0, size == left);
  if (lws_write(wsi, data, size, flags) < (int)size) return -1;
  sent += size;
  if (sent < step.length) lws_callback_on_writable(wsi);
  return 0;
}

static void take(struct lws *wsi, const void *in, size_t length) {
  if (received + length > LONGEST) exit(1);
  memcpy(answer + received, in, length);
  received += length;
  if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0) return;
  check_step(&step, !lws_frame_is_binary(wsi), answer, received);
  sent = received = 0;
  if (++which < STEPS) make_step(&step, which);
  else pinging = 1;
  lws_callback_on_writable(wsi);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length) {
  switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      lws_callback_on_writable(wsi);
      return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
      take(wsi, in, length);
      return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
      return write_next(wsi);
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
      puts("ok ping");
      asking = 1;
      lws_callback_on_writable(wsi);
      return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
      printf("closed %d %.*s\n", ((unsigned char *)in)[0] << 8 | ((unsigned char *)in)[1], (int)length - 2, (char *)in + 2);
      return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      printf("fail %s\n", in ? (char *)in : "cannot connect");
      ended = 1;
      return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
      if (client_closes) puts("none closed: it does not tell of the answer to its Close");
      ended = 1;
      return 0;
    default:
      return 0;
  }
}

int main(int count, char **arguments) {
  const char *scheme, *host, *path;
  char full[200];
  struct lws_protocols protocols[] = {{"", on_event, 0, FRAGMENT, 0, NULL, 0}, {0}};
  struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols};
  struct lws_client_connect_info to = {.ietf_version_or_minus_one = -1};
  client_closes = !strcmp(arguments[2], "client");
  setvbuf(stdout, NULL, _IOLBF, 0);
  lws_set_log_level(LLL_ERR, NULL);
  make_step(&step, 0);
  lws_parse_uri(arguments[1], &scheme, &host, &to.port, &path);
  snprintf(full, sizeof full, "/%s", path);
  to.context = lws_create_context(&info);
  to.address = to.host = host;
  to.path = full;
  lws_client_connect_via_info(&to);
  while (!ended && lws_service(to.context, 0) >= 0) continue;
  lws_context_destroy(to.context);
}
