/* grpc-health-checking: grpc.health.v1.Health/Check, as much HTTP/2 as it takes, and a switch over HTTP. */
#define _GNU_SOURCE
#include "agnhost.h"
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { data_frame = 0, headers_frame = 1, settings_frame = 4, ping_frame = 6, ack = 1, end_stream = 1, end_headers = 4 };

static time_t started;
static const char *service;
static long unhealthy_after;
/* Shared: 0 as time says, 1 serving, 2 not serving. */
static volatile int *forced;

static bool serving(void) {
  if (*forced != 0) return *forced == 1;
  return unhealthy_after < 0 || time(NULL) - started < unhealthy_after;
}

static bool read_exactly(int socket, void *bytes, size_t length) {
  for (char *at = bytes; length > 0;) {
    const ssize_t got = read(socket, at, length);
    if (got <= 0) return false;
    at += got;
    length -= (size_t)got;
  }
  return true;
}

static void send_frame(int socket, int type, int flags, uint32_t stream, const void *payload, size_t length) {
  unsigned char frame[1024] = {(unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length,
                               (unsigned char)type, (unsigned char)flags, (unsigned char)(stream >> 24),
                               (unsigned char)(stream >> 16), (unsigned char)(stream >> 8), (unsigned char)stream};
  memcpy(frame + 9, payload, length);
  if (write(socket, frame, 9 + length) < 0) _exit(0);
}

/* A header as HPACK has it without compression or tables. */
static size_t literal(unsigned char *at, const char *name, const char *value) {
  const size_t n = strlen(name), v = strlen(value);
  at[0] = 0;
  at[1] = (unsigned char)n;
  memcpy(at + 2, name, n);
  at[2 + n] = (unsigned char)v;
  memcpy(at + 3 + n, value, v);
  return 3 + n + v;
}

/* Answers a call whose message (behind its five bytes of frame) is `message`. */
static void answer(int socket, uint32_t stream, const unsigned char *message, size_t length) {
  unsigned char block[256] = {0x88}; /* :status 200 of the static table */
  size_t size = 1 + literal(block + 1, "content-type", "application/grpc");
  /* The message is field 1, the name of a service, or empty. */
  const size_t named = length > 6 && message[5] == 0x0a ? message[6] : 0;
  const bool known = strlen(service) == named && length >= 7 + named - (named == 0 ? 2 : 0) && memcmp(message + 7, service, named) == 0;
  if (!known) {
    size += literal(block + size, "grpc-status", "5");
    size += literal(block + size, "grpc-message", "unknown service");
    return send_frame(socket, headers_frame, end_headers | end_stream, stream, block, size);
  }
  send_frame(socket, headers_frame, end_headers, stream, block, size);
  const unsigned char status[] = {0, 0, 0, 0, 2, 0x08, serving() ? 1 : 2};
  send_frame(socket, data_frame, 0, stream, status, sizeof status);
  send_frame(socket, headers_frame, end_headers | end_stream, stream, block, literal(block, "grpc-status", "0"));
}

static void serve_connection(int socket) {
  static unsigned char payload[1 << 20];
  char preface[24];
  if (!read_exactly(socket, preface, sizeof preface)) return;
  send_frame(socket, settings_frame, 0, 0, "", 0);
  for (unsigned char head[9]; read_exactly(socket, head, sizeof head);) {
    const size_t length = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    const uint32_t stream = ((uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8]) & 0x7fffffff;
    if (length > sizeof payload || !read_exactly(socket, payload, length)) return;
    if (head[3] == settings_frame && !(head[4] & ack)) send_frame(socket, settings_frame, ack, 0, "", 0);
    else if (head[3] == ping_frame && !(head[4] & ack)) send_frame(socket, ping_frame, ack, 0, payload, length);
    /* The request is small: its message comes in one frame. An empty frame may follow to end the stream. */
    else if (head[3] == data_frame && length > 0) answer(socket, stream, payload, length);
  }
}

static void switch_health(const struct request *request) {
  char text[64];
  if (strcmp(request->path, "/make-serving") == 0) *forced = 1;
  else if (strcmp(request->path, "/make-not-serving") == 0) *forced = 2;
  else return reply_text(request, 404, "404 page not found\n");
  snprintf(text, sizeof text, "%lds", (long)(time(NULL) - started));
  reply_text(request, 200, text);
}

int run_grpc_health_checking(int argc, char **argv) {
  started = time(NULL);
  service = option(argc, argv, "service") ?: "";
  unhealthy_after = number_option(argc, argv, "delay-unhealthy-sec", -1);
  forced = mmap(NULL, sizeof *forced, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (fork() == 0) serve_http((int)number_option(argc, argv, "http-port", 8080), switch_health);
  const int server = listen_tcp((int)number_option(argc, argv, "port", 5000));
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    const int socket = accept(server, NULL, NULL);
    if (socket < 0) continue;
    if (fork() == 0) {
      serve_connection(socket);
      _exit(0);
    }
    close(socket);
  }
}
