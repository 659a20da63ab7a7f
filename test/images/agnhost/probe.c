/* probe: tries many targets at once and says which answer. Arguments are a patience in milliseconds and targets
 * `tcp/ADDRESS/PORT` or `udp/ADDRESS/PORT` (IPv6 too); prints one character for each: `.` answered, `X` not. */
#define _GNU_SOURCE
#include "agnhost.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Starts one try; -1 when it fails at once. */
static int start(char *target) {
  char *rest = target, *protocol = strsep(&rest, "/"), *address = strsep(&rest, "/"), *port = rest;
  if (address == NULL || port == NULL) return -1;
  const bool udp = strcmp(protocol, "udp") == 0, six = strchr(address, ':') != NULL;
  const int s = socket(six ? AF_INET6 : AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(port))};
  inet_pton(six ? AF_INET6 : AF_INET, address, six ? (void *)&to6.sin6_addr : (void *)&four.sin_addr);
  const int connected = six ? connect(s, (void *)&to6, sizeof to6) : connect(s, (void *)&four, sizeof four);
  if (connected != 0 && errno != EINPROGRESS) {
    close(s);
    return -1;
  }
  if (udp && write(s, "hostname", 8) != 8) {
    close(s);
    return -1;
  }
  return s;
}

int run_probe(int argc, char **argv) {
  const int count = argc - 2;
  if (count < 1) return 1;
  struct pollfd *polls = calloc((size_t)count, sizeof *polls);
  char *results = calloc((size_t)count + 1, 1);
  int waiting = 0;
  for (int i = 0; i < count; i++) {
    const bool udp = strncmp(argv[i + 2], "udp", 3) == 0;
    polls[i] = (struct pollfd){.fd = start(argv[i + 2]), .events = udp ? POLLIN : POLLOUT};
    results[i] = 'X';
    if (polls[i].fd >= 0) waiting++;
  }
  const long end = now() + atol(argv[1]);
  for (long left; waiting > 0 && (left = end - now()) > 0;) {
    if (poll(polls, (nfds_t)count, (int)left) <= 0) continue;
    for (int i = 0; i < count; i++) {
      if (polls[i].fd < 0 || polls[i].revents == 0) continue;
      int problem = 0;
      socklen_t size = sizeof problem;
      getsockopt(polls[i].fd, SOL_SOCKET, SO_ERROR, &problem, &size);
      if (problem == 0) results[i] = '.';
      close(polls[i].fd);
      polls[i].fd = -1;
      waiting--;
    }
  }
  puts(results);
  return 0;
}
