/* A plain HTTP/1.1 server: one request a connection, one process a connection. */
#define _GNU_SOURCE
#include "agnhost.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int listen_on(int port, int kind) {
  const int on = 1, off = 0;
  int s = socket(AF_INET6, kind, 0);
  if (s >= 0) {
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any, .sin6_port = htons(port)};
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(s, (struct sockaddr *)&any, sizeof any) == 0 && (kind == SOCK_DGRAM || listen(s, 512) == 0)) return s;
    close(s);
  }
  /* No IPv6 here. */
  s = socket(AF_INET, kind, 0);
  struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(s, (struct sockaddr *)&any4, sizeof any4) == 0 && (kind == SOCK_DGRAM || listen(s, 512) == 0)) return s;
  perror("listen");
  exit(1);
}

int listen_tcp(int port) { return listen_on(port, SOCK_STREAM); }
int listen_udp(int port) { return listen_on(port, SOCK_DGRAM); }

void host_name(char *name, size_t size) {
  if (gethostname(name, size) != 0) snprintf(name, size, "localhost");
}

void peer_text(const struct sockaddr_in6 *peer, char *text, size_t size) {
  char address[INET6_ADDRSTRLEN];
  if (peer->sin6_family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *)peer;
    inet_ntop(AF_INET, &four->sin_addr, address, sizeof address);
    snprintf(text, size, "%s:%d", address, ntohs(four->sin_port));
  } else if (IN6_IS_ADDR_V4MAPPED(&peer->sin6_addr)) {
    inet_ntop(AF_INET, peer->sin6_addr.s6_addr + 12, address, sizeof address);
    snprintf(text, size, "%s:%d", address, ntohs(peer->sin6_port));
  } else {
    inet_ntop(AF_INET6, &peer->sin6_addr, address, sizeof address);
    snprintf(text, size, "[%s]:%d", address, ntohs(peer->sin6_port));
  }
}

static void decode(char *text, bool plus) {
  char *to = text;
  for (char *from = text; *from; from++) {
    if (*from == '%' && isxdigit((unsigned char)from[1]) && isxdigit((unsigned char)from[2])) {
      const char digits[] = {from[1], from[2], 0};
      *to++ = (char)strtol(digits, NULL, 16);
      from += 2;
    } else *to++ = plus && *from == '+' ? ' ' : *from;
  }
  *to = 0;
}

bool parameter(const struct request *request, const char *name, char *value, size_t size) {
  char query[sizeof request->query];
  snprintf(query, sizeof query, "%s", request->query);
  char *rest = query;
  for (char *part; (part = strsep(&rest, "&")) != NULL;) {
    char *equals = strchr(part, '=');
    if (equals != NULL) *equals = 0;
    decode(part, true);
    if (strcmp(part, name) != 0) continue;
    snprintf(value, size, "%s", equals == NULL ? "" : equals + 1);
    decode(value, true);
    return true;
  }
  if (size > 0) value[0] = 0;
  return false;
}

bool header(const struct request *request, const char *name, char *value, size_t size) {
  const size_t length = strlen(name);
  for (const char *line = request->head; line != NULL && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
    if (strncasecmp(line, name, length) != 0 || line[length] != ':') continue;
    const char *from = line + length + 1 + strspn(line + length + 1, " ");
    snprintf(value, size, "%.*s", (int)strcspn(from, "\r\n"), from);
    return true;
  }
  if (size > 0) value[0] = 0;
  return false;
}

static ssize_t receive(const struct request *request, void *bytes, size_t length) {
  return request->tls != NULL ? tls_read(request->tls, bytes, length) : read(request->socket, bytes, length);
}

static void write_all(const struct request *request, const void *bytes, size_t length) {
  for (const char *at = bytes; length > 0;) {
    const ssize_t sent = request->tls != NULL ? tls_write(request->tls, at, length) : write(request->socket, at, length);
    if (sent <= 0) return;
    at += sent;
    length -= sent;
  }
}

static const char *reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 412: return "Precondition Failed";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

/* One request a process: the headers are the next reply's. */
static char more_headers[4096];

void reply_header(const char *name, const char *value) {
  const size_t size = strlen(more_headers);
  snprintf(more_headers + size, sizeof more_headers - size, "%s: %s\r\n", name, value);
}

void reply(const struct request *request, int status, const char *type, const void *body, size_t length) {
  char head[8192];
  const int size = snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n",
                            status, reason(status), type, length, more_headers);
  write_all(request, head, size);
  if (strcmp(request->method, "HEAD") != 0) write_all(request, body, length);
}

void reply_text(const struct request *request, int status, const char *text) {
  reply(request, status, "text/plain; charset=utf-8", text, strlen(text));
}

void reply_redirect(const struct request *request, int status, const char *location) {
  char head[8192];
  const int size = snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status,
                            reason(status), location);
  write_all(request, head, size);
}

void json_escape(const char *text, char *out, size_t size) {
  size_t at = strlen(out);
  for (; *text && at + 8 < size; text++) {
    const unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') out[at++] = '\\', out[at++] = (char)c;
    else if (c == '\n') out[at++] = '\\', out[at++] = 'n';
    else if (c < 32) at += snprintf(out + at, size - at, "\\u%04x", c);
    else out[at++] = (char)c;
  }
  out[at] = 0;
}

static const size_t largest_body = 16 << 20;

/* Reads until the body has `length` bytes; what came with the head is there already. */
static bool fill_body(struct request *request, size_t length) {
  while (request->body_length < length) {
    const ssize_t got = receive(request, request->body + request->body_length, length - request->body_length);
    if (got <= 0) return false;
    request->body_length += (size_t)got;
  }
  return true;
}

/* Reads a body that is sent in chunks: all of it, then each chunk is moved to its place. */
static bool fill_chunks(struct request *request) {
  while (strstr(request->body, "\r\n0\r\n") == NULL && strncmp(request->body, "0\r\n", 3) != 0) {
    if (request->body_length == largest_body) return false;
    const ssize_t got = receive(request, request->body + request->body_length, largest_body - request->body_length);
    if (got <= 0) return false;
    request->body_length += (size_t)got;
    request->body[request->body_length] = 0;
  }
  const char *from = request->body, *end = request->body + request->body_length;
  char *to = request->body;
  for (;;) {
    char *data;
    const size_t size = strtoul(from, &data, 16);
    data = strchr(data, '\n');
    if (size == 0 || data == NULL || data + 1 + size > end) break;
    memmove(to, data + 1, size);
    to += size;
    from = data + 1 + size + 2;
  }
  request->body_length = (size_t)(to - request->body);
  return true;
}

static bool read_body(struct request *request, const char *start, size_t size) {
  char text[64];
  request->body = calloc(1, largest_body + 1);
  memcpy(request->body, start, size);
  request->body_length = size;
  if (header(request, "Expect", text, sizeof text)) write_all(request, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  if (header(request, "Transfer-Encoding", text, sizeof text)) {
    if (!fill_chunks(request)) return false;
  } else {
    const size_t length = header(request, "Content-Length", text, sizeof text) ? strtoul(text, NULL, 10) : 0;
    if (length > largest_body || !fill_body(request, length)) return false;
    request->body_length = length;
  }
  request->body[request->body_length] = 0;
  return true;
}

static bool read_request(struct request *request) {
  size_t size = 0;
  char *end;
  for (;;) {
    const ssize_t got = receive(request, request->head + size, sizeof request->head - 1 - size);
    if (got <= 0) return false;
    size += got;
    request->head[size] = 0;
    if ((end = strstr(request->head, "\r\n\r\n")) != NULL) break;
    if (size == sizeof request->head - 1) return false;
  }
  end += 2;
  *end = 0;
  if (!read_body(request, end + 2, (size_t)(request->head + size - end - 2))) return false;
  char target[8192];
  if (sscanf(request->head, "%15s %8191s", request->method, target) != 2) return false;
  char *query = strchr(target, '?');
  if (query != NULL) *query++ = 0;
  snprintf(request->query, sizeof request->query, "%s", query == NULL ? "" : query);
  if (strlen(target) >= sizeof request->path) return false;
  strcpy(request->path, target);
  decode(request->path, false);
  return true;
}

static void serve(int port, void *tls, handler handle) {
  const int server = listen_tcp(port);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    static struct request request;
    socklen_t length = sizeof request.peer;
    request.socket = accept(server, (struct sockaddr *)&request.peer, &length);
    if (request.socket < 0) continue;
    if (fork() == 0) {
      close(server);
      signal(SIGCHLD, SIG_DFL);
      if (tls == NULL || (request.tls = tls_accept(tls, request.socket)) != NULL)
        if (read_request(&request)) handle(&request);
      if (request.tls != NULL) tls_close(request.tls);
      shutdown(request.socket, SHUT_WR);
      _exit(0);
    }
    close(request.socket);
  }
}

void serve_http(int port, handler handle) { serve(port, NULL, handle); }

void serve_https(int port, const char *certificate, const char *key, handler handle) {
  void *tls = tls_server(certificate, key);
  if (tls == NULL) {
    fprintf(stderr, "cannot serve TLS with %s and %s\n", certificate, key);
    exit(1);
  }
  serve(port, tls, handle);
}
