/* guestbook: a store of keys and values. A primary passes what is set on to the replicas that registered with it. */
#define _GNU_SOURCE
#include "agnhost.h"
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most = 64, width = 1024 };

/* Shared by the processes that answer; requests of this application come one after the other. */
static struct {
  int replicas, entries;
  char replica[most][64];
  char key[most][width], value[most][width];
} *store;
static const char *backend_port;

static void append(char *body, size_t size, const char *before, const char *text, const char *after) {
  strcat(body, before);
  json_escape(text, body, size - 8);
  strcat(body, after);
}

static void whole_store(char *body, size_t size) {
  strcpy(body, "{\"data\":{");
  for (int i = 0; i < store->entries; i++) {
    append(body, size, i == 0 ? "\"" : ",\"", store->key[i], "\":\"");
    append(body, size, "", store->value[i], "\"");
  }
  strcat(body, "}}");
}

static int entry(const char *key) {
  for (int i = 0; i < store->entries; i++)
    if (strcmp(store->key[i], key) == 0) return i;
  return -1;
}

static void encode(const char *text, char *out, size_t size) {
  size_t at = strlen(out);
  for (; *text && at + 4 < size; text++) at += (size_t)snprintf(out + at, size - at, "%%%02X", (unsigned char)*text);
}

/* The body that another guestbook answers; NULL after a failure. */
static char *ask(const char *host, const char *command, const char *key, const char *value, char *problem, size_t size) {
  static char url[16384];
  snprintf(url, sizeof url, strchr(host, ':') ? "http://[%s]:%s/%s?key=" : "http://%s:%s/%s?key=", host, backend_port, command);
  encode(key, url, sizeof url);
  strcat(url, "&value=");
  encode(value, url, sizeof url);
  return http_get(url, NULL, NULL, problem, size);
}

static void set(const struct request *request, const char *key, const char *value) {
  char problem[512];
  if (key[0] == 0) return reply_text(request, 400, "cannot set with empty key.\n");
  const int known = entry(key), at = known < 0 ? store->entries : known;
  if (at == most) return reply_text(request, 507, "the store is full\n");
  strcpy(store->key[at], key);
  strcpy(store->value[at], value);
  if (known < 0) store->entries++;
  for (int i = 0; i < store->replicas; i++) {
    char *answer = ask(store->replica[i], "set", key, value, problem, sizeof problem);
    if (answer == NULL) return reply_text(request, 417, problem);
    free(answer);
  }
  reply_text(request, 200, "{\"message\":\"Updated\"}");
}

static void get(const struct request *request, const char *key) {
  static char body[most * width * 2];
  if (key[0] == 0) whole_store(body, sizeof body);
  else append(body, sizeof body, "{\"data\":\"", entry(key) < 0 ? "" : store->value[entry(key)], "\"}");
  reply_text(request, 200, body);
}

static void pass_on(const struct request *request, const char *key, const char *value) {
  char command[16], problem[512];
  parameter(request, "cmd", command, sizeof command);
  const bool sets = strcasecmp(command, "set") == 0;
  if (!sets && strcasecmp(command, "get") != 0) return reply_text(request, 400, "unsupported cmd\n");
  char *answer = ask(sets ? "agnhost-primary" : "agnhost-replica", sets ? "set" : "get", key, value, problem, sizeof problem);
  if (answer == NULL) return reply_text(request, 417, problem);
  reply_text(request, 200, answer);
}

static void guestbook(const struct request *request) {
  static char body[most * width * 2];
  char key[width], value[width], host[64];
  parameter(request, "key", key, sizeof key);
  parameter(request, "value", value, sizeof value);
  if (strcmp(request->path, "/set") == 0) return set(request, key, value);
  if (strcmp(request->path, "/get") == 0) return get(request, key);
  if (strcmp(request->path, "/guestbook") == 0) return pass_on(request, key, value);
  if (strcmp(request->path, "/register") != 0) return reply_text(request, 404, "404 page not found\n");
  parameter(request, "host", host, sizeof host);
  if (store->replicas < most) strcpy(store->replica[store->replicas++], host);
  whole_store(body, sizeof body);
  reply_text(request, 200, body);
}

/* Tells the primary under which address it reaches us, and takes what it has. */
static void register_with(const char *primary) {
  char problem[512], url[512], address[64];
  for (int tries = 0; tries < 15; tries++, sleep(1)) {
    const int s = dial_tcp(primary, backend_port, problem, sizeof problem);
    if (s < 0) {
      fprintf(stderr, "unable to get IP %s: %s. Retrying.\n", primary, problem);
      continue;
    }
    struct sockaddr_storage own;
    socklen_t length = sizeof own;
    getsockname(s, (struct sockaddr *)&own, &length);
    getnameinfo((struct sockaddr *)&own, length, address, sizeof address, NULL, 0, NI_NUMERICHOST);
    close(s);
    snprintf(url, sizeof url, "http://%s:%s/register?host=%s", primary, backend_port, address);
    char *answer = http_get(url, NULL, NULL, problem, sizeof problem);
    if (answer == NULL) continue;
    for (char *at = strstr(answer, "{\"data\":{"); at != NULL && store->entries < most;) {
      char *from = strchr(at == strstr(answer, "{\"data\":{") ? at + 9 : at, '"');
      if (from == NULL) break;
      char *end = strchr(from + 1, '"');
      if (end == NULL) break;
      *end = 0;
      strcpy(store->key[store->entries], from + 1);
      *end = '"';
      json_text(from, store->key[store->entries], store->value[store->entries], width);
      store->entries++;
      at = strchr(end + 1, ',');
    }
    printf("Registered to node: %s\n", primary);
    return;
  }
  fprintf(stderr, "Timed out while registering to primary.\n");
  kill(getppid(), SIGKILL);
}

int run_guestbook(int argc, char **argv) {
  const char *primary = option(argc, argv, "replicaof");
  backend_port = option(argc, argv, "backend-port") ?: "6379";
  store = mmap(NULL, sizeof *store, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (primary != NULL && fork() == 0) {
    register_with(primary);
    _exit(0);
  }
  serve_http((int)number_option(argc, argv, "http-port", 80), guestbook);
  return 0;
}
