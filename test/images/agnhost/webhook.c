/* webhook: judges and changes what the API server asks about, at one path for each kind of answer.
   crd-conversion-webhook: turns objects with `hostPort` (v1) into such with `host` and `port` (v2), and back. */
#define _GNU_SOURCE
#include "agnhost.h"
#include "json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *sidecar_image;

/* What is answered to a review: a refusal with a message, or leave and perhaps a JSON patch. */
struct answer {
  bool denied;
  char message[512];
  char patch[1024];
};

static void deny(struct answer *answer, const char *message) {
  answer->denied = true;
  strcat(answer->message, message);
}

static bool labelled(const struct json *object, const char *value) {
  return json_is(json_get(object, "metadata", "labels", "webhook-e2e-test", NULL), value);
}

static bool has_container(const struct json *containers, const char *name) {
  for (const struct json *one = containers->child; one != NULL; one = one->next)
    if (json_is(json_get(one, "name", NULL), name)) return true;
  return false;
}

static void always_allow_delayed(const struct json *review, struct answer *answer) {
  (void)review, (void)answer;
  sleep(5);
}

static void always_deny(const struct json *review, struct answer *answer) {
  (void)review;
  deny(answer, "this webhook denies all requests");
}

static void add_label(const struct json *review, struct answer *answer) {
  const struct json *labels = json_get(review, "object", "metadata", "labels", NULL);
  const struct json *label = json_get(labels, "added-label", NULL);
  if (labels->child == NULL) strcpy(answer->patch, "[{\"op\":\"add\",\"path\":\"/metadata/labels\",\"value\":{\"added-label\":\"yes\"}}]");
  else if (!json_is(label, "yes"))
    sprintf(answer->patch, "[{\"op\":\"%s\",\"path\":\"/metadata/labels/added-label\",\"value\":\"yes\"}]",
            label->kind == json_null ? "add" : "replace");
}

static void pods(const struct json *review, struct answer *answer) {
  const struct json *pod = json_get(review, "object", NULL);
  if (labelled(pod, "wait-forever"))
    for (;;) pause();
  if (labelled(pod, "webhook-disallow")) deny(answer, "the pod contains unwanted label; ");
  for (const struct json *one = json_get(pod, "spec", "containers", NULL)->child; one != NULL; one = one->next)
    if (strstr(json_value(json_get(one, "name", NULL)), "webhook-disallow") != NULL) deny(answer, "the pod contains unwanted container name; ");
  const size_t length = strlen(answer->message);
  if (length > 0) answer->message[length - 1] = 0;
}

static void attach(const struct json *review, struct answer *answer) {
  const struct json *options = json_get(review, "object", NULL);
  if (json_is(json_get(review, "name", NULL), "to-be-attached-pod") && json_is(json_get(options, "stdin", NULL), "true") &&
      json_is(json_get(options, "container", NULL), "container1"))
    deny(answer, "attaching to pod 'to-be-attached-pod' is not allowed");
}

static void mutating_pods(const struct json *review, struct answer *answer) {
  static const char name[] = "webhook-added-init-container";
  const struct json *pod = json_get(review, "object", NULL);
  if (!json_is(json_get(pod, "metadata", "name", NULL), "webhook-to-be-mutated")) return;
  if (!has_container(json_get(pod, "spec", "initContainers", NULL), name))
    sprintf(answer->patch, "[{\"op\":\"add\",\"path\":\"/spec/initContainers\",\"value\":[{\"image\":\"webhook-added-image\",\"name\":\"%s\",\"resources\":{}}]}]", name);
}

static void mutating_pods_sidecar(const struct json *review, struct answer *answer) {
  static const char name[] = "webhook-added-sidecar";
  if (sidecar_image == NULL) return deny(answer, "No image specified by the sidecar-image parameter");
  if (!has_container(json_get(review, "object", "spec", "containers", NULL), name))
    snprintf(answer->patch, sizeof answer->patch,
             "[{\"op\":\"add\",\"path\":\"/spec/containers/-\",\"value\":{\"image\":\"%s\",\"name\":\"%s\",\"resources\":{}}}]", sidecar_image, name);
}

static void configmaps(const struct json *review, struct answer *answer) {
  if (json_is(json_get(review, "object", "data", "webhook-e2e-test", NULL), "webhook-disallow"))
    deny(answer, "the configmap contains unwanted key and value");
}

/* Two stages: the second one needs what the first one adds. */
static void stages(const struct json *review, struct answer *answer) {
  const struct json *data = json_get(review, "object", "data", NULL);
  const bool first = json_is(json_get(data, "mutation-start", NULL), "yes"), second = json_is(json_get(data, "mutation-stage-1", NULL), "yes");
  static const char add[] = "{\"op\":\"add\",\"path\":\"/data/mutation-stage-%d\",\"value\":\"yes\"}";
  if (!first && !second) return;
  strcpy(answer->patch, "[");
  if (first) sprintf(answer->patch + 1, add, 1);
  if (first && second) strcat(answer->patch, ",");
  if (second) sprintf(answer->patch + strlen(answer->patch), add, 2);
  strcat(answer->patch, "]");
}

static void custom_resource(const struct json *review, struct answer *answer) {
  const bool deletion = json_is(json_get(review, "operation", NULL), "DELETE");
  const struct json *wanted = json_get(review, deletion ? "oldObject" : "object", "data", "webhook-e2e-test", NULL);
  if (deletion && json_is(wanted, "webhook-nondeletable"))
    deny(answer, "the custom resource cannot be deleted because it contains unwanted key and value");
  if (!deletion && json_is(wanted, "webhook-disallow")) deny(answer, "the custom resource contains unwanted data");
}

static void crd(const struct json *review, struct answer *answer) {
  if (labelled(json_get(review, "object", NULL), "webhook-disallow")) deny(answer, "the crd contains unwanted label");
}

static const struct {
  const char *path;
  void (*judge)(const struct json *review, struct answer *answer);
} judges[] = {
    {"/always-allow-delay-5s", always_allow_delayed},
    {"/always-deny", always_deny},
    {"/add-label", add_label},
    {"/pods", pods},
    {"/pods/attach", attach},
    {"/mutating-pods", mutating_pods},
    {"/mutating-pods-sidecar", mutating_pods_sidecar},
    {"/configmaps", configmaps},
    {"/mutating-configmaps", stages},
    {"/custom-resource", custom_resource},
    {"/mutating-custom-resource", stages},
    {"/crd", crd},
};

static void base64(const char *text, char *out) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t length = strlen(text); length > 0; text += 3, length = length > 3 ? length - 3 : 0) {
    const unsigned bits = (unsigned char)text[0] << 16 | (length > 1 ? (unsigned char)text[1] << 8 : 0) | (length > 2 ? (unsigned char)text[2] : 0);
    *out++ = digits[bits >> 18];
    *out++ = digits[bits >> 12 & 63];
    *out++ = length > 1 ? digits[bits >> 6 & 63] : '=';
    *out++ = length > 2 ? digits[bits & 63] : '=';
  }
  *out = 0;
}

/* A review's body; NULL after it was refused. `part` is the member that holds what is asked. */
static const struct json *asked(const struct request *request, const struct json **part) {
  const struct json *review = json_parse(request->body);
  if (review != NULL) *part = json_get(review, "request", NULL);
  if (review != NULL && (*part)->kind == json_object) return review;
  reply_text(request, 400, "no review");
  return NULL;
}

static void judge(const struct request *request) {
  if (strcmp(request->path, "/readyz") == 0) return reply_text(request, 200, "ok");
  for (size_t i = 0; i < sizeof judges / sizeof *judges; i++) {
    if (strcmp(request->path, judges[i].path) != 0) continue;
    static struct answer answer;
    static char patch[2048], body[8192];
    const struct json *part, *review = asked(request, &part);
    if (review == NULL) return;
    printf("%s %s %s\n", judges[i].path, json_value(json_get(part, "operation", NULL)), json_value(json_get(part, "name", NULL)));
    judges[i].judge(part, &answer);
    int at = sprintf(body, "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"%s\",\"response\":{\"uid\":\"%s\",\"allowed\":%s",
                     json_value(json_get(review, "apiVersion", NULL)), json_value(json_get(part, "uid", NULL)), answer.denied ? "false" : "true");
    if (answer.denied) at += sprintf(body + at, ",\"status\":{\"metadata\":{},\"message\":\"%s\"}", answer.message);
    base64(answer.patch, patch);
    if (patch[0]) at += sprintf(body + at, ",\"patch\":\"%s\",\"patchType\":\"JSONPatch\"", patch);
    strcat(body, "}}");
    return reply(request, 200, "application/json", body, strlen(body));
  }
  reply_text(request, 404, "404 page not found\n");
}

/* Whether the object could be turned into one of the wanted version. */
static bool turn(struct json *object, const char *wanted) {
  const char *has = json_value(json_get(object, "apiVersion", NULL));
  static const char first[] = "stable.example.com/v1", second[] = "stable.example.com/v2";
  char text[1024];
  if (strcmp(has, first) == 0 && strcmp(wanted, second) == 0) {
    const struct json *both = json_get(object, "hostPort", NULL);
    if (both->kind == json_string) {
      snprintf(text, sizeof text, "%s", json_value(both));
      char *port = strchr(text, ':');
      if (port == NULL) return false;
      *port++ = 0;
      json_remove(object, "hostPort");
      json_set(object, "host", text);
      json_set(object, "port", port);
    }
  } else if (strcmp(has, second) == 0 && strcmp(wanted, first) == 0) {
    const struct json *host = json_get(object, "host", NULL), *port = json_get(object, "port", NULL);
    snprintf(text, sizeof text, "%s:%s", json_value(host), json_value(port));
    if (host->kind == json_string || port->kind == json_string) json_set(object, "hostPort", text);
    json_remove(object, "host");
    json_remove(object, "port");
  } else return false;
  json_set(object, "apiVersion", wanted);
  return true;
}

static void convert(const struct request *request) {
  if (strcmp(request->path, "/readyz") == 0) return reply_text(request, 200, "ok");
  if (strcmp(request->path, "/crdconvert") != 0) return reply_text(request, 404, "404 page not found\n");
  const struct json *part, *review = asked(request, &part);
  if (review == NULL) return;
  const char *wanted = json_value(json_get(part, "desiredAPIVersion", NULL));
  const struct json *objects = json_get(part, "objects", NULL);
  bool good = true;
  for (struct json *one = objects->child; one != NULL; one = one->next) good = turn(one, wanted) && good;
  char *body;
  asprintf(&body, "{\"kind\":\"ConversionReview\",\"apiVersion\":\"%s\",\"response\":{\"uid\":\"%s\",\"result\":{\"metadata\":{},\"status\":\"%s\"%s},\"convertedObjects\":%s}}",
           json_value(json_get(review, "apiVersion", NULL)), json_value(json_get(part, "uid", NULL)), good ? "Success" : "Failure",
           good ? "" : ",\"message\":\"unexpected conversion\"", good ? json_print(objects) : "[]");
  reply(request, 200, "application/json", body, strlen(body));
}

static int serve_reviews(int argc, char **argv, handler handle) {
  const char *certificate = option(argc, argv, "tls-cert-file"), *key = option(argc, argv, "tls-private-key-file");
  serve_https((int)number_option(argc, argv, "port", 443), certificate ?: "/localhost.crt", key ?: "/localhost.key", handle);
  return 0;
}

int run_webhook(int argc, char **argv) {
  sidecar_image = option(argc, argv, "sidecar-image");
  return serve_reviews(argc, argv, judge);
}

int run_conversion_webhook(int argc, char **argv) { return serve_reviews(argc, argv, convert); }
