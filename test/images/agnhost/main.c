#include "agnhost.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *option(int argc, char **argv, const char *name) {
  const size_t length = strlen(name);
  for (int i = 1; i < argc; i++) {
    const char *arg = argv[i];
    if (strncmp(arg, "--", 2) != 0 || strncmp(arg + 2, name, length) != 0) continue;
    const char *rest = arg + 2 + length;
    if (*rest == '=') return rest + 1;
    if (*rest == 0) return i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0 ? argv[i + 1] : "true";
  }
  return NULL;
}

long number_option(int argc, char **argv, const char *name, long otherwise) {
  const char *text = option(argc, argv, name);
  return text == NULL ? otherwise : strtol(text, NULL, 10);
}

int run_entrypoint_tester(int argc, char **argv) {
  /* Go prints its arguments in brackets. argv starts at the sub-command; the program's name is just before. */
  printf("[%s", argv[-1]);
  for (int i = 0; i < argc; i++) printf(" %s", argv[i]);
  printf("]\n");
  return 0;
}

static void end(int signal) {
  (void)signal;
  _exit(0);
}

static int run_pause(int argc, char **argv) {
  (void)argc;
  (void)argv;
  signal(SIGTERM, end);
  signal(SIGINT, end);
  printf("Paused\n");
  fflush(stdout);
  for (;;) pause();
  return 0;
}

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
} commands[] = {
    {"pause", run_pause},
    {"entrypoint-tester", run_entrypoint_tester},
    {"mounttest", run_mounttest},
    {"netexec", run_netexec},
    {"test-webserver", run_test_webserver},
    {"serve-hostname", run_serve_hostname},
    {"liveness", run_liveness},
    {"porter", run_porter},
    {"logs-generator", run_logs_generator},
    {"dns-suffix", run_dns_suffix},
    {"dns-server-list", run_dns_server_list},
    {"etc-hosts", run_etc_hosts},
    {"connect", run_connect},
    {"grpc-health-checking", run_grpc_health_checking},
    {"guestbook", run_guestbook},
    {"nettest", run_nettest},
    {"test-service-account-issuer-discovery", run_issuer_discovery},
    {"webhook", run_webhook},
    {"crd-conversion-webhook", run_conversion_webhook},
    {"probe", run_probe},
};

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  /* The image of the test of allowPrivilegeEscalation has the program under this name, as root's with the setuid bit. */
  if (argc > 0 && strcmp(argv[0], "/nnp") == 0) return printf("Effective uid: %d\n", (int)geteuid()) < 0;
  if (argc > 0 && strcmp(strrchr(argv[0], '/') == NULL ? argv[0] : strrchr(argv[0], '/') + 1, "curl") == 0) return run_curl(argc, argv);
  if (argc > 1)
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
      if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
  fprintf(stderr, "Error: unknown command \"%s\" for \"app\"\n", argc > 1 ? argv[1] : "");
  return 1;
}
