/* A small HTTP client, and as much of JSON as its answers need. */
#define _GNU_SOURCE
#include "agnhost.h"
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int dial_tcp(const char *host, const char *port, char *problem, size_t size) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  if (getaddrinfo(host, port, &hints, &found) != 0) {
    snprintf(problem, size, "lookup %s: no such host", host);
    return -1;
  }
  const int s = socket(found->ai_family, SOCK_STREAM, 0);
  const struct timeval patience = {.tv_sec = 5};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int connected = connect(s, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (connected == 0) return s;
  snprintf(problem, size, "dial tcp %s:%s: %s", host, port, strerror(errno));
  close(s);
  return -1;
}

struct url {
  bool tls;
  char host[256];
  char port[16];
  char path[4096];
};

static bool parse_url(const char *text, struct url *url) {
  url->tls = strncmp(text, "https://", 8) == 0;
  if (!url->tls && strncmp(text, "http://", 7) != 0) return false;
  const char *from = text + (url->tls ? 8 : 7);
  const size_t length = strcspn(from, "/");
  snprintf(url->host, sizeof url->host, "%.*s", (int)length, from);
  snprintf(url->path, sizeof url->path, "%s", from[length] == 0 ? "/" : from + length);
  strcpy(url->port, url->tls ? "443" : "80");
  char *colon = strrchr(url->host, ':');
  if (colon != NULL && strchr(colon, ']') == NULL) {
    snprintf(url->port, sizeof url->port, "%s", colon + 1);
    *colon = 0;
  }
  if (url->host[0] == '[') {
    memmove(url->host, url->host + 1, strlen(url->host));
    url->host[strcspn(url->host, "]")] = 0;
  }
  return true;
}

static char *exchange(int socket, void *tls, const char *message) {
  const size_t length = strlen(message);
  if ((tls != NULL ? tls_write(tls, message, length) : write(socket, message, length)) != (ssize_t)length) return NULL;
  size_t size = 0, room = 65536;
  char *answer = malloc(room + 1);
  for (;;) {
    const ssize_t got = tls != NULL ? tls_read(tls, answer + size, room - size) : read(socket, answer + size, room - size);
    if (got <= 0) break;
    size += (size_t)got;
    if (size == room) answer = realloc(answer, (room *= 2) + 1);
  }
  answer[size] = 0;
  return answer;
}

char *http_get(const char *text, const char *authority, const char *bearer, char *problem, size_t size) {
  static struct url url;
  if (!parse_url(text, &url)) {
    snprintf(problem, size, "unsupported protocol scheme: %s", text);
    return NULL;
  }
  const int s = dial_tcp(url.host, url.port, problem, size);
  if (s < 0) return NULL;
  void *tls = NULL;
  if (url.tls && (tls = tls_connect(s, url.host, authority)) == NULL) {
    snprintf(problem, size, "TLS with %s failed", url.host);
    close(s);
    return NULL;
  }
  static char message[16384];
  /* HTTP/1.0: the body ends with the connection and is not chunked. */
  snprintf(message, sizeof message, "GET %s HTTP/1.0\r\nHost: %s\r\n%s%s%sConnection: close\r\n\r\n", url.path, url.host,
           bearer == NULL ? "" : "Authorization: Bearer ", bearer == NULL ? "" : bearer, bearer == NULL ? "" : "\r\n");
  char *answer = exchange(s, tls, message);
  if (tls != NULL) tls_close(tls);
  close(s);
  char *body = answer == NULL ? NULL : strstr(answer, "\r\n\r\n");
  int status = 0;
  if (body == NULL || sscanf(answer, "HTTP/%*s %d", &status) != 1 || status != 200) {
    snprintf(problem, size, "GET %s: status %d", text, status);
    free(answer);
    return NULL;
  }
  body = strdup(body + 4);
  free(answer);
  return body;
}

bool json_text(const char *json, const char *key, char *value, size_t size) {
  char quoted[256];
  snprintf(quoted, sizeof quoted, "\"%s\"", key);
  for (const char *at = json; (at = strstr(at, quoted)) != NULL; at++) {
    const char *from = at + strlen(quoted);
    from += strspn(from, " \t\r\n");
    if (*from++ != ':') continue;
    from += strspn(from, " \t\r\n");
    if (*from++ != '"') continue;
    size_t length = 0;
    for (; *from != 0 && *from != '"' && length + 1 < size; from++) {
      if (*from == '\\' && from[1] != 0) from++;
      value[length++] = *from;
    }
    value[length] = 0;
    return true;
  }
  if (size > 0) value[0] = 0;
  return false;
}

/* What tests ask of curl: `curl [-g] [-q] [-s] [-k] [--cacert FILE] [--connect-timeout N] [--max-time N] [-H "Authorization: …"] URL`. */
int run_curl(int argc, char **argv) {
  static const char scheme[] = "Authorization: Bearer ";
  const char *url = NULL, *authority = "/etc/ssl/certs/ca-certificates.crt", *bearer = NULL;
  char problem[512], full[4096];
  for (int i = 1; i < argc; i++) {
    const bool valued = strcmp(argv[i], "--connect-timeout") == 0 || strcmp(argv[i], "--max-time") == 0;
    if (strcmp(argv[i], "-k") == 0 || strcmp(argv[i], "--insecure") == 0) authority = NULL;
    else if (strcmp(argv[i], "--cacert") == 0 && i + 1 < argc) authority = argv[++i];
    else if (strcmp(argv[i], "-H") == 0 && i + 1 < argc && strncmp(argv[++i], scheme, strlen(scheme)) == 0) bearer = argv[i] + strlen(scheme);
    else if (valued) i++;
    else if (argv[i][0] != '-') url = argv[i];
  }
  if (url == NULL) return 2;
  snprintf(full, sizeof full, "%s%s", strstr(url, "://") == NULL ? "http://" : "", url);
  const char *body = http_get(full, authority, bearer, problem, sizeof problem);
  if (body == NULL) {
    fprintf(stderr, "curl: (7) %s\n", problem);
    return 7;
  }
  fputs(body, stdout);
  return 0;
}
