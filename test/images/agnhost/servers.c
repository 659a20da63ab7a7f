/* The sub-commands that serve. */
#define _GNU_SOURCE
#include "agnhost.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static time_t started;
static pid_t server_pid;
/* Shared with the processes that answer: UDP is up. */
static volatile int *udp_ready;

/* ---- netexec ---- */

static void udp_loop(int port) {
  const int server = listen_udp(port);
  *udp_ready = 1;
  for (;;) {
    char text[4096], answer[4200];
    struct sockaddr_in6 peer;
    socklen_t length = sizeof peer;
    const ssize_t got = recvfrom(server, text, sizeof text - 1, 0, (struct sockaddr *)&peer, &length);
    if (got < 0) continue;
    text[got] = 0;
    text[strcspn(text, "\r\n")] = 0;
    if (strncasecmp(text, "hostname", 8) == 0) host_name(answer, sizeof answer);
    else if (strncasecmp(text, "echo ", 5) == 0) snprintf(answer, sizeof answer, "%s", text + 5);
    else if (strncasecmp(text, "clientip", 8) == 0) peer_text(&peer, answer, sizeof answer);
    else if (text[0] == 0) continue;
    else snprintf(answer, sizeof answer, "unknown command: %s", text);
    sendto(server, answer, strlen(answer), 0, (struct sockaddr *)&peer, length);
  }
}

static void run_shell(const struct request *request) {
  static char command[8192], output[262144], body[600000];
  if (!parameter(request, "cmd", command, sizeof command)) parameter(request, "shellCommand", command, sizeof command);
  strcat(command, " 2>&1");
  FILE *pipe = popen(command, "r");
  size_t size = 0;
  for (size_t got; pipe != NULL && (got = fread(output + size, 1, sizeof output - 1 - size, pipe)) > 0;) size += got;
  output[size] = 0;
  const int status = pipe == NULL ? -1 : pclose(pipe);
  strcpy(body, "{\"output\":\"");
  json_escape(output, body, sizeof body);
  strcat(body, "\"");
  if (status != 0) sprintf(body + strlen(body), ",\"error\":\"exit status %d\"", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  strcat(body, "}");
  reply(request, 200, "text/plain; charset=utf-8", body, strlen(body));
}

/* One try of /dial; the answer or the error goes to `text`. */
static bool dial_once(const char *protocol, const char *host, const char *port, const char *what, char *text, size_t size) {
  const bool udp = strcmp(protocol, "udp") == 0;
  struct addrinfo hints = {.ai_socktype = udp ? SOCK_DGRAM : SOCK_STREAM}, *found;
  if (getaddrinfo(host, port, &hints, &found) != 0) {
    snprintf(text, size, "lookup %s: no such host", host);
    return false;
  }
  const int s = socket(found->ai_family, found->ai_socktype, 0);
  const struct timeval patience = {.tv_sec = 5};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int connected = connect(s, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  char message[4096], answer[65536];
  if (udp) snprintf(message, sizeof message, "%s", what);
  else snprintf(message, sizeof message, "GET /%s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n", what, host, port);
  size_t length = 0;
  if (connected == 0 && write(s, message, strlen(message)) > 0)
    for (ssize_t got; length < sizeof answer - 1 && (got = read(s, answer + length, sizeof answer - 1 - length)) > 0;) {
      length += got;
      if (udp) break;
    }
  const int reason = errno;
  close(s);
  answer[length] = 0;
  if (length == 0) {
    snprintf(text, size, "%s %s:%s: %s", udp ? "reading from udp" : "dial tcp", host, port, strerror(reason));
    return false;
  }
  const char *body = udp ? NULL : strstr(answer, "\r\n\r\n");
  snprintf(text, size, "%s", body == NULL ? answer : body + 4);
  return true;
}

static void dial(const struct request *request) {
  static char responses[300000], errors[100000], body[500000];
  char host[256], port[16], what[1024], protocol[16], tries[16], text[65536];
  parameter(request, "host", host, sizeof host);
  parameter(request, "port", port, sizeof port);
  if (!parameter(request, "request", what, sizeof what)) strcpy(what, "hostName");
  if (!parameter(request, "protocol", protocol, sizeof protocol)) strcpy(protocol, "http");
  if (host[0] == 0 || port[0] == 0) return reply_text(request, 400, "host and port are needed");
  int times = parameter(request, "tries", tries, sizeof tries) ? atoi(tries) : 1;
  if (times < 1 || times > 100) times = 1;
  for (int i = 0; i < times; i++) {
    const bool good = dial_once(protocol, host, port, what, text, sizeof text);
    char *list = good ? responses : errors;
    const size_t room = good ? sizeof responses : sizeof errors;
    strcat(list, list[0] == 0 ? "\"" : ",\"");
    json_escape(text, list, room - 4);
    strcat(list, "\"");
  }
  strcpy(body, "{");
  if (responses[0]) sprintf(body + strlen(body), "\"responses\":[%s]", responses);
  if (errors[0]) sprintf(body + strlen(body), "%s\"errors\":[%s]", responses[0] ? "," : "", errors);
  strcat(body, "}");
  reply_text(request, 200, body);
}

/* Seconds of a duration such as "1m30s" or "500ms". */
static double duration(const char *text) {
  double seconds = 0;
  for (char *end; *text != 0; text = end) {
    const double amount = strtod(text, &end);
    if (end == text) break;
    const double unit = strncmp(end, "ms", 2) == 0 ? 0.001 : *end == 'm' ? 60 : *end == 'h' ? 3600 : 1;
    end += strspn(end, "mshuµn");
    seconds += amount * unit;
  }
  return seconds;
}

static void exit_server(const struct request *request) {
  char code[16], wait[32];
  parameter(request, "code", code, sizeof code);
  if (parameter(request, "wait", wait, sizeof wait)) usleep((useconds_t)(duration(wait) * 1e6));
  reply_text(request, 200, "");
  shutdown(request->socket, SHUT_WR);
  /* The server takes its exit code from this signal's value. */
  sigqueue(server_pid, SIGUSR1, (union sigval){.sival_int = atoi(code)});
}

static void on_exit_asked(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  _exit(info->si_value.sival_int);
}

/* Keeps the file of a form and tells its name. */
static void upload(const struct request *request) {
  char text[256] = "/uploads/uploadXXXXXX";
  mkdir("/uploads", 0755);
  const char *from = strstr(request->body, "\r\n\r\n");
  const size_t line = strcspn(request->body, "\r\n");
  /* The body begins with the boundary that also ends it. */
  const char *end = from == NULL ? NULL : memmem(from + 4, request->body_length - (size_t)(from + 4 - request->body), request->body, line);
  const int file = end == NULL ? -1 : mkstemp(text);
  if (file < 0) return reply_text(request, 200, "{\"error\":\"Unable to upload file.\"}");
  if (write(file, from + 4, (size_t)(end - 2 - from - 4)) >= 0) fchmod(file, 0744);
  close(file);
  char body[400];
  snprintf(body, sizeof body, "{\"output\":\"%s\"}", text);
  reply_text(request, 200, body);
}

static const char *http_override;

static void netexec_path(const struct request *request);

static void netexec(const struct request *request) {
  if (http_override == NULL) return netexec_path(request);
  /* Whatever was asked for, this is what is answered. */
  static struct request other;
  other = *request;
  snprintf(other.path, sizeof other.path, "%.*s", (int)strcspn(http_override, "?"), http_override);
  const char *query = strchr(http_override, '?');
  snprintf(other.query, sizeof other.query, "%s", query == NULL ? "" : query + 1);
  netexec_path(&other);
}

static void netexec_path(const struct request *request) {
  char text[8192];
  const char *path = request->path;
  /* Tests read in the log who asked for what. */
  printf("%s %s%s%s\n", request->method, path, request->query[0] ? "?" : "", request->query);
  if (strcmp(path, "/hostname") == 0 || strcasecmp(path, "/hostName") == 0) {
    host_name(text, sizeof text);
    reply_text(request, 200, text);
  } else if (strcmp(path, "/clientip") == 0) {
    peer_text(&request->peer, text, sizeof text);
    reply_text(request, 200, text);
  } else if (strcmp(path, "/echo") == 0) {
    char code[16];
    const bool coded = parameter(request, "code", code, sizeof code);
    parameter(request, "msg", text, sizeof text);
    reply_text(request, coded ? atoi(code) : 200, text);
  } else if (strcmp(path, "/header") == 0) {
    char key[256];
    parameter(request, "key", key, sizeof key);
    header(request, key, text, sizeof text);
    reply_text(request, 200, text);
  } else if (strcmp(path, "/healthz") == 0) {
    reply_text(request, *udp_ready ? 200 : 412, "");
  } else if (strcmp(path, "/redirect") == 0) {
    char code[16], location[4096];
    parameter(request, "location", location, sizeof location);
    reply_redirect(request, parameter(request, "code", code, sizeof code) ? atoi(code) : 302, location);
  } else if (strcmp(path, "/shell") == 0) run_shell(request);
  else if (strcmp(path, "/dial") == 0) dial(request);
  else if (strcmp(path, "/exit") == 0 || strcmp(path, "/shutdown") == 0) exit_server(request);
  else if (strcmp(path, "/upload") == 0) upload(request);
  else {
    const time_t now = time(NULL);
    snprintf(text, sizeof text, "NOW: %s", asctime(gmtime(&now)));
    reply_text(request, 200, text);
  }
}

static long shutdown_delay;

static void on_terminate(int signal) {
  (void)signal;
  if (shutdown_delay > 0) sleep((unsigned)shutdown_delay);
  _exit(0);
}

int run_netexec(int argc, char **argv) {
  udp_ready = mmap(NULL, sizeof *udp_ready, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  server_pid = getpid();
  shutdown_delay = number_option(argc, argv, "delay-shutdown", 0);
  const long http = number_option(argc, argv, "http-port", 8080), udp = number_option(argc, argv, "udp-port", 8081);
  if (udp >= 0 && fork() == 0) udp_loop((int)udp);
  signal(SIGTERM, on_terminate);
  const struct sigaction asked = {.sa_sigaction = on_exit_asked, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &asked, NULL);
  http_override = option(argc, argv, "http-override");
  const char *certificate = option(argc, argv, "tls-cert-file"), *key = option(argc, argv, "tls-private-key-file");
  printf("Started HTTP server on port %ld\n", http);
  if (udp >= 0) printf("Started UDP server on port %ld\n", udp);
  if (certificate != NULL) serve_https((int)http, certificate, key == NULL ? "/localhost.key" : key, netexec);
  serve_http((int)http, netexec);
  return 0;
}

/* ---- test-webserver: the files of the container ---- */

static void send_directory(const struct request *request) {
  static char body[262144];
  DIR *dir = opendir(request->path);
  if (dir == NULL) return reply_text(request, 404, "404 page not found\n");
  strcpy(body, "<pre>\n");
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (entry->d_name[0] == '.' || strlen(body) + 600 > sizeof body) continue;
    const char *slash = entry->d_type == DT_DIR ? "/" : "";
    sprintf(body + strlen(body), "<a href=\"%s%s\">%s%s</a>\n", entry->d_name, slash, entry->d_name, slash);
  }
  strcat(body, "</pre>\n");
  closedir(dir);
  reply(request, 200, "text/html; charset=utf-8", body, strlen(body));
}

static void send_file(const struct request *request) {
  struct stat info;
  if (stat(request->path, &info) != 0) return reply_text(request, 404, "404 page not found\n");
  if (S_ISDIR(info.st_mode)) return send_directory(request);
  const int file = open(request->path, O_RDONLY);
  char *bytes = malloc((size_t)info.st_size + 1);
  size_t size = 0;
  for (ssize_t got; file >= 0 && size < (size_t)info.st_size && (got = read(file, bytes + size, (size_t)info.st_size - size)) > 0;) size += (size_t)got;
  reply(request, file < 0 ? 500 : 200, "text/plain; charset=utf-8", bytes, size);
}

int run_test_webserver(int argc, char **argv) {
  serve_http((int)number_option(argc, argv, "port", 80), send_file);
  return 0;
}

/* ---- serve-hostname ---- */

static void send_host_name(const struct request *request) {
  char name[256];
  host_name(name, sizeof name);
  reply_text(request, 200, name);
}

int run_serve_hostname(int argc, char **argv) {
  const int port = (int)number_option(argc, argv, "port", 9376);
  const char *tcp = option(argc, argv, "tcp"), *udp = option(argc, argv, "udp"), *http = option(argc, argv, "http");
  char name[256];
  host_name(name, sizeof name);
  signal(SIGTERM, on_terminate);
  if (udp != NULL && strcmp(udp, "true") == 0) {
    const int server = listen_udp(port);
    for (;;) {
      char text[1024];
      struct sockaddr_in6 peer;
      socklen_t length = sizeof peer;
      if (recvfrom(server, text, sizeof text, 0, (struct sockaddr *)&peer, &length) >= 0)
        sendto(server, name, strlen(name), 0, (struct sockaddr *)&peer, length);
    }
  }
  if (tcp != NULL && strcmp(tcp, "true") == 0 && (http == NULL || strcmp(http, "false") == 0)) {
    const int server = listen_tcp(port);
    for (;;) {
      const int peer = accept(server, NULL, NULL);
      if (peer >= 0 && write(peer, name, strlen(name)) >= 0) close(peer);
    }
  }
  printf("Serving on port %d.\n", port);
  serve_http(port, send_host_name);
  return 0;
}

/* ---- liveness: healthy for ten seconds ---- */

static void liveness(const struct request *request) {
  char text[256];
  const double age = difftime(time(NULL), started);
  if (strcmp(request->path, "/started") == 0) {
    snprintf(text, sizeof text, "%.0fs", age);
    reply_text(request, 200, text);
  } else if (strcmp(request->path, "/healthz") == 0) {
    if (age > 10) {
      snprintf(text, sizeof text, "error: %f", age);
      reply_text(request, 500, text);
    } else reply_text(request, 200, "ok");
  } else if (strcmp(request->path, "/redirect") == 0) {
    char location[4096];
    parameter(request, "loc", location, sizeof location);
    reply_redirect(request, 302, location);
  } else reply_text(request, 404, "404 page not found\n");
}

int run_liveness(int argc, char **argv) {
  started = time(NULL);
  serve_http((int)number_option(argc, argv, "port", 8080), liveness);
  return 0;
}
