/* The sub-commands that print something and end. */
#define _GNU_SOURCE
#include "agnhost.h"
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The words after a keyword in /etc/resolv.conf, joined by commas. The last `search` line holds, all `nameserver` lines do. */
static int print_resolver(const char *keyword, bool all) {
  FILE *file = fopen("/etc/resolv.conf", "r");
  if (file == NULL) return 1;
  char line[4096], out[8192] = "";
  while (fgets(line, sizeof line, file) != NULL) {
    char *rest = line, *word = strtok_r(rest, " \t\n", &rest);
    if (word == NULL || strcmp(word, keyword) != 0) continue;
    if (!all) out[0] = 0;
    while ((word = strtok_r(NULL, " \t\n", &rest)) != NULL) {
      if (out[0]) strcat(out, ",");
      strncat(out, word, sizeof out - strlen(out) - 2);
    }
  }
  fclose(file);
  printf("%s", out);
  return 0;
}

int run_dns_suffix(int argc, char **argv) {
  (void)argc, (void)argv;
  return print_resolver("search", false);
}

int run_dns_server_list(int argc, char **argv) {
  (void)argc, (void)argv;
  return print_resolver("nameserver", true);
}

int run_etc_hosts(int argc, char **argv) {
  (void)argc, (void)argv;
  FILE *file = fopen("/etc/hosts", "r");
  if (file == NULL) return 1;
  for (int c; (c = fgetc(file)) != EOF;) putchar(c);
  fclose(file);
  return 0;
}

int run_logs_generator(int argc, char **argv) {
  const long lines = number_option(argc, argv, "log-lines-total", 0);
  const long seconds = number_option(argc, argv, "run-duration", 1);
  const char *verbs[] = {"GET", "PUT", "POST"}, *spaces[] = {"kube-system", "ns", "default"};
  if (lines <= 0) {
    fprintf(stderr, "Invalid log-lines-total value\n");
    return 1;
  }
  const useconds_t pause_between = (useconds_t)(seconds * 1000000.0 / lines);
  for (long i = 0; i < lines; i++) {
    const time_t now = time(NULL);
    char stamp[32];
    strftime(stamp, sizeof stamp, "%m%d %H:%M:%S", gmtime(&now));
    printf("I%s.000000       1 logs_generator.go:76] %ld %s /api/v1/namespaces/%s/pods/%ld %ld\n", stamp, i, verbs[i % 3], spaces[i % 3], i, 200 + i % 300);
    usleep(pause_between);
  }
  return 0;
}

/* connect HOST:PORT [--timeout SECONDS]: ends with 0 when the connection is made. */
int run_connect(int argc, char **argv) {
  if (argc < 2) return 1;
  char host[256];
  snprintf(host, sizeof host, "%s", argv[1]);
  char *port = strrchr(host, ':');
  if (port == NULL) return 1;
  *port++ = 0;
  char *name = host;
  if (name[0] == '[') name++, name[strcspn(name, "]")] = 0;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  if (getaddrinfo(name, port, &hints, &found) != 0) {
    fprintf(stderr, "DNS: lookup %s: no such host\n", name);
    return 1;
  }
  const int s = socket(found->ai_family, found->ai_socktype, 0);
  const struct timeval patience = {.tv_sec = number_option(argc, argv, "timeout", 5)};
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(s, found->ai_addr, found->ai_addrlen) == 0) return 0;
  fprintf(stderr, "%s\n", "REFUSED or TIMEOUT");
  return 1;
}
