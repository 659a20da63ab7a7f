/* test-service-account-issuer-discovery: finds the keys of a token's issuer as OpenID Connect says and checks the token. */
#define _GNU_SOURCE
#include "agnhost.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef WITH_TLS
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

static const char *const account = "/var/run/secrets/kubernetes.io/serviceaccount";

static void fail(const char *what) {
  fprintf(stderr, "failed to validate with in-cluster discovery: %s\n", what);
  exit(1);
}

static char *read_file(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(path);
  char *text = calloc(1, 65536);
  fread(text, 1, 65535, file);
  fclose(file);
  return text;
}

/* The bytes of base64url text; a zero byte follows that is not counted. */
static unsigned char *decoded(const char *text, size_t length, size_t *size) {
  char *plain = calloc(1, length + 5);
  memcpy(plain, text, length);
  for (char *at = plain; *at; at++) *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
  size_t padded = length;
  while (padded % 4 != 0) plain[padded++] = '=';
  unsigned char *bytes = calloc(1, padded + 1);
  if (EVP_DecodeBlock(bytes, (unsigned char *)plain, (int)padded) < 0) fail("malformed base64");
  *size = length * 3 / 4;
  bytes[*size] = 0;
  free(plain);
  return bytes;
}

static BIGNUM *number(const char *key, const char *name) {
  char text[4096];
  size_t size;
  if (!json_text(key, name, text, sizeof text)) fail("a key without its numbers");
  unsigned char *bytes = decoded(text, strlen(text), &size);
  return BN_bin2bn(bytes, (int)size, NULL);
}

/* The public key that a JSON Web Key describes. */
static EVP_PKEY *public_key(const char *key, bool rsa) {
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  unsigned char point[65] = {4};
  if (rsa) {
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, number(key, "n"));
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, number(key, "e"));
  } else {
    BN_bn2binpad(number(key, "x"), point + 1, 32);
    BN_bn2binpad(number(key, "y"), point + 33, 32);
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
  }
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, rsa ? "RSA" : "EC", NULL);
  EVP_PKEY *made = NULL;
  EVP_PKEY_fromdata_init(context);
  if (EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, OSSL_PARAM_BLD_to_param(builder)) != 1) fail("an unusable key");
  return made;
}

static bool signature_holds(const char *token, size_t signed_length, const char *signature, EVP_PKEY *key, bool rsa) {
  size_t size;
  unsigned char *bytes = decoded(signature, strlen(signature), &size);
  if (!rsa) {
    /* JOSE has the two numbers side by side; OpenSSL wants them in DER. */
    ECDSA_SIG *pair = ECDSA_SIG_new();
    ECDSA_SIG_set0(pair, BN_bin2bn(bytes, 32, NULL), BN_bin2bn(bytes + 32, 32, NULL));
    unsigned char *der = NULL;
    size = (size_t)i2d_ECDSA_SIG(pair, &der);
    bytes = der;
  }
  EVP_MD_CTX *digest = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key);
  return EVP_DigestVerify(digest, bytes, size, (const unsigned char *)token, signed_length) == 1;
}

int run_issuer_discovery(int argc, char **argv) {
  const char *path = option(argc, argv, "token-path"), *audience = option(argc, argv, "audience");
  char *token = read_file(path == NULL ? "" : path);
  token[strcspn(token, "\n")] = 0;
  printf("OK: Got token\n");
  const char *dot = strchr(token, '.'), *second = dot == NULL ? NULL : strchr(dot + 1, '.');
  if (second == NULL) fail("malformed token");
  size_t size;
  const char *head = (char *)decoded(token, (size_t)(dot - token), &size);
  const char *claims = (char *)decoded(dot + 1, (size_t)(second - dot - 1), &size);
  char issuer[1024], algorithm[16], id[256], found[1024], keys_url[2048], problem[512], ca[256], url[2048], text[512];
  if (!json_text(claims, "iss", issuer, sizeof issuer)) fail("no issuer");
  printf("OK: got issuer %s\n", issuer);

  snprintf(ca, sizeof ca, "%s/ca.crt", account);
  snprintf(text, sizeof text, "%s/token", account);
  char *bearer = read_file(text);
  snprintf(url, sizeof url, "%s/.well-known/openid-configuration", issuer);
  const char *document = http_get(url, ca, bearer, problem, sizeof problem);
  if (document == NULL) fail(problem);
  if (!json_text(document, "issuer", found, sizeof found) || strcmp(found, issuer) != 0) fail("the document is another issuer's");
  if (!json_text(document, "jwks_uri", keys_url, sizeof keys_url)) fail("no jwks_uri");
  printf("OK: Constructed OIDC provider for issuer %s\n", issuer);

  const char *keys = http_get(keys_url, ca, bearer, problem, sizeof problem);
  if (keys == NULL) fail(problem);
  json_text(head, "alg", algorithm, sizeof algorithm);
  json_text(head, "kid", id, sizeof id);
  const bool rsa = strcmp(algorithm, "RS256") == 0;
  if (!rsa && strcmp(algorithm, "ES256") != 0) fail("unsupported algorithm");
  /* Each key is one object: between its braces. */
  const char *key = keys;
  do key = strchr(key + 1, '{');
  while (key != NULL && (!json_text(key, "kid", found, sizeof found) || strcmp(found, id) != 0));
  if (key == NULL) fail("no key of this id");
  if (!signature_holds(token, (size_t)(second - token), second + 1, public_key(key, rsa), rsa)) fail("the signature is wrong");
  printf("OK: Validated signature on JWT\n");
  snprintf(text, sizeof text, "\"%s\"", audience == NULL ? "" : audience);
  const char *audiences = strstr(claims, "\"aud\"");
  if (audiences == NULL || strstr(audiences, text) == NULL) fail("the token is for another audience");
  printf("OK: Got valid claims from token!\n");
  return 0;
}

#else

int run_issuer_discovery(int argc, char **argv) {
  (void)argc, (void)argv;
  fprintf(stderr, "this program was made without TLS\n");
  return 1;
}

#endif
