// The conversation as the C and C++ peers hold it; see conversation.mjs. Knows no library.

#ifndef CONVERSATION_H
#define CONVERSATION_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PING "are you there"
#define CLOSE_REQUEST "please close"
#define CLIENT_CLOSE_CODE 3001
#define CLIENT_CLOSE_REASON "done"
#define SERVER_CLOSE_CODE 3002
#define SERVER_CLOSE_REASON "as you wish"
#define FRAGMENT 65536
#define FRAGMENT_ABOVE 100000
#define LONGEST 1048576
#define STEPS 4

typedef struct {
  const char *name;
  int text;
  size_t length;
  unsigned char data[LONGEST];
} Step;

// Fills in the message of step 0 to 3.
static inline void make_step(Step *step, int which) {
  static const char text[] = "Grüße, 世界! 😀";
  static const char *names[] = {"text", "binary", "large", "fragmented"};
  static const size_t lengths[] = {sizeof text - 1, 256, 70000, LONGEST};
  step->name = names[which];
  step->text = which == 0;
  step->length = lengths[which];
  for (size_t i = 0; i < step->length; i++) {
    step->data[i] = which == 0 ? (unsigned char)text[i] : which == 1 ? i : i * 7 % 251;
  }
}

static inline void check_step(const Step *step, int text, const void *data, size_t length) {
  if (text != step->text || length != step->length || memcmp(data, step->data, length)) {
    fprintf(stderr, "%s: got %zu bytes, wanted %zu\n", step->name, length, step->length);
    exit(1);
  }
  printf("ok %s\n", step->name);
}

#endif
