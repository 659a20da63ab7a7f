/* grpc-health-checking: a gRPC server that answers every call with grpc.health.v1's SERVING, or NOT_SERVING once somebody
   asked /make-not-serving on the HTTP port. Only as much of HTTP/2 as that takes: headers of requests are not read. */
#define _GNU_SOURCE
#include "agnhost.h"
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATA = 0, HEADERS = 1, SETTINGS = 4, PING = 6, GOAWAY = 7 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

/* The status in the answer: 1 SERVING, 2 NOT_SERVING. Shared by all processes. */
static volatile char *health;

static bool read_all(int peer, void *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t got = read(peer, (char *)bytes + done, size - done);
    if (got <= 0) return false;
    done += (size_t)got;
  }
  return true;
}

static void frame(int peer, int type, int flags, uint32_t stream, const void *payload, size_t size) {
  unsigned char bytes[256] = {0, 0, (unsigned char)size, (unsigned char)type, (unsigned char)flags,
                              (unsigned char)(stream >> 24), (unsigned char)(stream >> 16), (unsigned char)(stream >> 8), (unsigned char)stream};
  memcpy(bytes + 9, payload, size);
  send(peer, bytes, 9 + size, MSG_NOSIGNAL);
}

static void answer(int peer, uint32_t stream) {
  /* :status 200 by its index; the others as literals that are not indexed. */
  static const char head[] = "\x88\x00\x0c" "content-type\x10" "application/grpc";
  static const char trailers[] = "\x00\x0bgrpc-status\x01" "0";
  const char message[] = {0, 0, 0, 0, 2, 8, *health};
  frame(peer, HEADERS, END_HEADERS, stream, head, sizeof head - 1);
  frame(peer, DATA, 0, stream, message, sizeof message);
  frame(peer, HEADERS, END_HEADERS | END_STREAM, stream, trailers, sizeof trailers - 1);
}

static void serve(int peer) {
  unsigned char head[9];
  char preface[24];
  static char payload[1 << 20];
  if (!read_all(peer, preface, sizeof preface)) return;
  frame(peer, SETTINGS, 0, 0, "", 0);
  while (read_all(peer, head, sizeof head)) {
    const size_t size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    const uint32_t stream = (uint32_t)(head[5] & 127) << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8];
    if (size > sizeof payload || !read_all(peer, payload, size)) return;
    if (head[3] == SETTINGS && !(head[4] & ACK)) frame(peer, SETTINGS, ACK, 0, "", 0);
    else if (head[3] == PING && !(head[4] & ACK)) frame(peer, PING, ACK, 0, payload, size);
    else if (head[3] == GOAWAY) return;
    else if ((head[3] == DATA || head[3] == HEADERS) && head[4] & END_STREAM) answer(peer, stream);
  }
}

static void control(const struct request *request) {
  if (strcmp(request->path, "/make-not-serving") == 0) *health = 2;
  else if (strcmp(request->path, "/make-serving") == 0) *health = 1;
  reply_text(request, 200, "");
}

static void end(int signal) {
  (void)signal;
  _exit(0);
}

int run_grpc_health_checking(int argc, char **argv) {
  health = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  *health = 1;
  signal(SIGTERM, end);
  signal(SIGCHLD, SIG_IGN);
  if (fork() == 0) serve_http((int)number_option(argc, argv, "http-port", 8080), control);
  const int server = listen_tcp((int)number_option(argc, argv, "port", 5000));
  for (;;) {
    const int peer = accept(server, NULL, NULL);
    if (peer < 0) continue;
    if (fork() == 0) {
      close(server);
      serve(peer);
      _exit(0);
    }
    close(peer);
  }
}
