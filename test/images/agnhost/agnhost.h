/* A small static program for test containers, with the sub-commands of Kubernetes' agnhost that tests use. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* Options are `--name=value`, `--name value`, or `--name` alone for "true"; NULL when absent. */
const char *option(int argc, char **argv, const char *name);
long number_option(int argc, char **argv, const char *name, long otherwise);

struct request {
  int socket;
  struct sockaddr_in6 peer;
  char method[16];
  char path[4096];   /* decoded, without the query */
  char query[8192];  /* raw */
  char head[16384];  /* all header lines */
};

/* The decoded value of a query parameter; false when absent. */
bool parameter(const struct request *request, const char *name, char *value, size_t size);
/* The value of a header; false when absent. */
bool header(const struct request *request, const char *name, char *value, size_t size);
void reply(const struct request *request, int status, const char *type, const void *body, size_t length);
void reply_text(const struct request *request, int status, const char *text);
void reply_redirect(const struct request *request, int status, const char *location);

typedef void (*handler)(const struct request *request);
/* Listens on all addresses of both families; serves each connection in a process of its own. Never returns. */
void serve_http(int port, handler handle);
int listen_tcp(int port);
int listen_udp(int port);
/* A peer as "1.2.3.4:80" or "[fd00::1]:80". */
void peer_text(const struct sockaddr_in6 *peer, char *text, size_t size);
void host_name(char *name, size_t size);
/* Appends text to a JSON string body, escaped. */
void json_escape(const char *text, char *out, size_t size);

int run_entrypoint_tester(int argc, char **argv);
int run_mounttest(int argc, char **argv);
int run_netexec(int argc, char **argv);
int run_test_webserver(int argc, char **argv);
int run_serve_hostname(int argc, char **argv);
int run_liveness(int argc, char **argv);
int run_grpc_health_checking(int argc, char **argv);
int run_porter(int argc, char **argv);
int run_logs_generator(int argc, char **argv);
int run_dns_suffix(int argc, char **argv);
int run_dns_server_list(int argc, char **argv);
int run_etc_hosts(int argc, char **argv);
int run_connect(int argc, char **argv);
