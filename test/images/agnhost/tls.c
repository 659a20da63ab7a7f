/* TLS for servers and clients. Without OpenSSL's headers the program has none. */
#include "agnhost.h"
#ifdef WITH_TLS
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

void *tls_server(const char *certificate, const char *key) {
  SSL_CTX *server = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(server, certificate) != 1) return NULL;
  if (SSL_CTX_use_PrivateKey_file(server, key, SSL_FILETYPE_PEM) != 1) return NULL;
  return server;
}

void *tls_accept(void *server, int socket) {
  SSL *connection = SSL_new(server);
  SSL_set_fd(connection, socket);
  if (SSL_accept(connection) == 1) return connection;
  SSL_free(connection);
  return NULL;
}

void *tls_connect(int socket, const char *host, const char *authority) {
  SSL_CTX *client = SSL_CTX_new(TLS_client_method());
  if (authority != NULL) {
    if (SSL_CTX_load_verify_locations(client, authority, NULL) != 1) return NULL;
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
  }
  SSL *connection = SSL_new(client);
  SSL_set_fd(connection, socket);
  X509_VERIFY_PARAM *rules = SSL_get0_param(connection);
  /* An address in the URL must be among the certificate's addresses, a name among its names. */
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, host) != 1) {
    X509_VERIFY_PARAM_set1_host(rules, host, 0);
    SSL_set_tlsext_host_name(connection, host);
  }
  if (SSL_connect(connection) == 1) return connection;
  SSL_free(connection);
  return NULL;
}

ssize_t tls_read(void *connection, void *bytes, size_t length) { return SSL_read(connection, bytes, (int)length); }
ssize_t tls_write(void *connection, const void *bytes, size_t length) { return SSL_write(connection, bytes, (int)length); }
void tls_close(void *connection) { SSL_shutdown(connection); }

#else

void *tls_server(const char *certificate, const char *key) { return (void)certificate, (void)key, NULL; }
void *tls_accept(void *server, int socket) { return (void)server, (void)socket, NULL; }
void *tls_connect(int socket, const char *host, const char *authority) { return (void)socket, (void)host, (void)authority, NULL; }
ssize_t tls_read(void *connection, void *bytes, size_t length) { return (void)connection, (void)bytes, (void)length, -1; }
ssize_t tls_write(void *connection, const void *bytes, size_t length) { return (void)connection, (void)bytes, (void)length, -1; }
void tls_close(void *connection) { (void)connection; }

#endif
