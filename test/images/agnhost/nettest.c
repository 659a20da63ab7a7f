/* nettest: counts who has written to it, and tells. */
#define _GNU_SOURCE
#include "agnhost.h"
#include "json.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static struct counts {
  struct {
    char source[64];
    int times;
  } of[32];
} *counts; /* shared by the processes that serve connections */

static void count(const char *source) {
  for (size_t i = 0; i < sizeof counts->of / sizeof *counts->of; i++) {
    if (counts->of[i].source[0] == 0) snprintf(counts->of[i].source, sizeof counts->of[i].source, "%s", source);
    if (strcmp(counts->of[i].source, source) != 0) continue;
    __atomic_add_fetch(&counts->of[i].times, 1, __ATOMIC_SEQ_CST);
    return;
  }
}

static void tell(const struct request *request) {
  char name[256], received[4096] = "", text[8192], quoted[128];
  size_t used = 0;
  host_name(name, sizeof name);
  for (size_t i = 0; i < sizeof counts->of / sizeof *counts->of && counts->of[i].source[0] != 0; i++) {
    json_escape(counts->of[i].source, quoted, sizeof quoted);
    used += (size_t)snprintf(received + used, sizeof received - used, "%s\"%s\":%d", i > 0 ? "," : "", quoted, counts->of[i].times);
  }
  snprintf(text, sizeof text, "{\"Hostname\":\"%s\",\"Sent\":{},\"Received\":{%s},\"Errors\":[],\"Log\":[],\"StillContactingPeers\":false}",
           name, received);
  reply(request, 200, "application/json", text, strlen(text));
}

static void nettest(const struct request *request) {
  if (strcmp(request->path, "/read") == 0) return tell(request);
  if (strcmp(request->path, "/status") == 0) return reply_text(request, 200, "running");
  if (strcmp(request->path, "/write") != 0) return reply_text(request, 404, "404 page not found\n");
  struct json *said = json_parse(request->body);
  if (said == NULL) return reply_text(request, 500, "cannot parse the body");
  count(json_value(json_get(said, "Source", NULL)));
  reply_text(request, 200, "{}");
}

int run_nettest(int argc, char **argv) {
  counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (counts == MAP_FAILED) return 1;
  serve_http((int)number_option(argc, argv, "port", 8080), nettest);
  return 0;
}
