/* porter: a text for each port that the environment names, over HTTP, HTTPS or UDP. */
#define _GNU_SOURCE
#include "agnhost.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *text;
static bool as_json;

static void answer(const struct request *request) {
  if (as_json) {
    static char body[16384] = "{\"Method\":\"";
    json_escape(request->method, body, sizeof body);
    strcat(body, "\",\"Body\":\"");
    json_escape(text, body, sizeof body - 3);
    strcat(body, "\"}");
    return reply(request, 200, "application/json", body, strlen(body));
  }
  /* The type is guessed from the text, as Go's server does. */
  reply(request, 200, text[0] == '<' ? "text/html; charset=utf-8" : "text/plain; charset=utf-8", text, strlen(text));
}

static void answer_udp(int port) {
  const int server = listen_udp(port);
  for (;;) {
    char dropped[16];
    struct sockaddr_in6 peer;
    socklen_t length = sizeof peer;
    if (recvfrom(server, dropped, sizeof dropped, 0, (struct sockaddr *)&peer, &length) >= 0)
      sendto(server, text, strlen(text), 0, (struct sockaddr *)&peer, length);
  }
}

static const char *or_default(const char *variable, const char *otherwise) {
  const char *value = getenv(variable);
  return value == NULL || value[0] == 0 ? otherwise : value;
}

static void terminate(int signal) {
  (void)signal;
  _exit(0);
}

int run_porter(int argc, char **argv) {
  static const char *const kinds[] = {"SERVE_PORT_", "SERVE_TCP_PORT_", "SERVE_TLS_PORT_", "SERVE_UDP_PORT_"};
  extern char **environ;
  const char *json = option(argc, argv, "json-response");
  as_json = json != NULL && strcmp(json, "true") == 0;
  for (char **variable = environ; *variable != NULL; variable++) {
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
      if (strncmp(*variable, kinds[kind], strlen(kinds[kind])) != 0) continue;
      const int port = atoi(*variable + strlen(kinds[kind]));
      text = strchr(*variable, '=') + 1;
      if (fork() != 0) continue;
      if (kind == 3) answer_udp(port);
      else if (kind == 2) serve_https(port, or_default("CERT_FILE", "/localhost.crt"), or_default("KEY_FILE", "/localhost.key"), answer);
      else serve_http(port, answer);
    }
  }
  signal(SIGTERM, terminate);
  for (;;) pause();
}
