/* A small static program for test containers, with the sub-commands of Kubernetes' agnhost that tests use. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Options are `--name=value`, `--name value`, or `--name` alone for "true"; NULL when absent. */
const char *option(int argc, char **argv, const char *name);
long number_option(int argc, char **argv, const char *name, long otherwise);

struct request {
  int socket;
  void *tls;         /* the connection's, where it has TLS */
  struct sockaddr_in6 peer;
  char method[16];
  char path[4096];   /* decoded, without the query */
  char query[8192];  /* raw */
  char head[16384];  /* all header lines */
  char *body;        /* ends with a zero byte that is not counted; never NULL for a handler */
  size_t body_length;
};

/* The decoded value of a query parameter; false when absent. */
bool parameter(const struct request *request, const char *name, char *value, size_t size);
/* The value of a header; false when absent. */
bool header(const struct request *request, const char *name, char *value, size_t size);
void reply(const struct request *request, int status, const char *type, const void *body, size_t length);
void reply_text(const struct request *request, int status, const char *text);
void reply_redirect(const struct request *request, int status, const char *location);
/* Appends a line `name: value` to the next reply's head. */
void reply_header(const char *name, const char *value);

typedef void (*handler)(const struct request *request);
/* Listens on all addresses of both families; serves each connection in a process of its own. Never returns. */
void serve_http(int port, handler handle);
/* The same with TLS; the files are PEM. Ends the program when they cannot be used. */
void serve_https(int port, const char *certificate, const char *key, handler handle);
/* GET of `http://` or `https://host[:port]/path`: the body, NULL after a failure (told in `problem`). `authority` (a PEM file)
   must have issued the server's certificate, NULL accepts any; `bearer` is a token or NULL. */
char *http_get(const char *url, const char *authority, const char *bearer, char *problem, size_t size);
/* The string value of a key in a JSON text, wherever it is; false when absent. */
bool json_text(const char *json, const char *key, char *value, size_t size);
int listen_tcp(int port);
/* A connection to a host's port, in five seconds; -1 after a failure (told in `problem`). */
int dial_tcp(const char *host, const char *port, char *problem, size_t size);
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
int run_porter(int argc, char **argv);
int run_logs_generator(int argc, char **argv);
int run_dns_suffix(int argc, char **argv);
int run_dns_server_list(int argc, char **argv);
int run_etc_hosts(int argc, char **argv);
int run_connect(int argc, char **argv);
int run_grpc_health_checking(int argc, char **argv);
int run_curl(int argc, char **argv);
int run_guestbook(int argc, char **argv);
int run_issuer_discovery(int argc, char **argv);
int run_webhook(int argc, char **argv);
int run_nettest(int argc, char **argv);
int run_conversion_webhook(int argc, char **argv);

/* tls.c: NULL and negative numbers tell failures. */
void *tls_server(const char *certificate, const char *key);
void *tls_accept(void *server, int socket);
void *tls_connect(int socket, const char *host, const char *authority);
ssize_t tls_read(void *connection, void *bytes, size_t length);
ssize_t tls_write(void *connection, const void *bytes, size_t length);
void tls_close(void *connection);
int run_probe(int argc, char **argv);
