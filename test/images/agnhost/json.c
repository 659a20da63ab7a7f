#define _GNU_SOURCE
#include "json.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json *make(int kind, const char *from, size_t length) {
  struct json *node = calloc(1, sizeof *node);
  node->kind = kind;
  node->text = strndup(from, length);
  return node;
}

static const char *skip(const char *at) { return at + strspn(at, " \t\r\n"); }

/* The end of a string that begins after its quote; NULL when it has none. */
static const char *string_end(const char *at) {
  for (; *at != 0 && *at != '"'; at++)
    if (*at == '\\' && *++at == 0) return NULL;
  return *at == 0 ? NULL : at;
}

static struct json *value(const char **at);

static struct json *members(const char **at, bool named) {
  struct json *all = make(named ? json_object : json_array, "", 0), **to = &all->child;
  const char end = named ? '}' : ']';
  *at = skip(*at + 1);
  if (**at == end) return ++*at, all;
  for (;;) {
    char *key = NULL;
    if (named) {
      const char *from = *at + 1, *last = **at == '"' ? string_end(from) : NULL;
      if (last == NULL) return NULL;
      key = strndup(from, (size_t)(last - from));
      *at = skip(last + 1);
      if (**at != ':') return NULL;
      *at = skip(*at + 1);
    }
    if ((*to = value(at)) == NULL) return NULL;
    (*to)->key = key;
    to = &(*to)->next;
    *at = skip(*at);
    if (**at == end) return ++*at, all;
    if (**at != ',') return NULL;
    *at = skip(*at + 1);
  }
}

static struct json *value(const char **at) {
  const char *from = *at;
  if (*from == '{' || *from == '[') return members(at, *from == '{');
  if (*from == '"') {
    const char *end = string_end(from + 1);
    if (end == NULL) return NULL;
    *at = end + 1;
    return make(json_string, from + 1, (size_t)(end - from - 1));
  }
  while (isalnum((unsigned char)**at) || (**at != 0 && strchr("+-.", **at) != NULL)) ++*at;
  const size_t length = (size_t)(*at - from);
  if (length == 0) return NULL;
  return length == 4 && memcmp(from, "null", 4) == 0 ? make(json_null, "", 0) : make(json_plain, from, length);
}

struct json *json_parse(const char *text) {
  const char *at = skip(text);
  struct json *node = value(&at);
  return node == NULL || *skip(at) != 0 ? NULL : node;
}

static const struct json *member(const struct json *object, const char *key) {
  for (const struct json *one = object->kind == json_object ? object->child : NULL; one != NULL; one = one->next)
    if (strcmp(one->key, key) == 0) return one;
  return NULL;
}

const struct json *json_get(const struct json *from, ...) {
  static const struct json nothing = {.kind = json_null, .text = ""};
  va_list keys;
  va_start(keys, from);
  for (const char *key; from != NULL && (key = va_arg(keys, const char *)) != NULL;) from = member(from, key);
  va_end(keys);
  return from == NULL ? &nothing : from;
}

const char *json_value(const struct json *node) { return node->text; }
bool json_is(const struct json *node, const char *text) { return node->kind > json_null && node->kind < json_array && strcmp(node->text, text) == 0; }

void json_remove(struct json *object, const char *key) {
  for (struct json **at = &object->child; *at != NULL; at = &(*at)->next)
    if (strcmp((*at)->key, key) == 0) {
      *at = (*at)->next;
      return;
    }
}

void json_set(struct json *object, const char *key, const char *text) {
  json_remove(object, key);
  struct json *node = make(json_string, text, strlen(text));
  node->key = strdup(key);
  node->next = object->child;
  object->child = node;
}

static void print(FILE *out, const struct json *node) {
  const bool named = node->kind == json_object;
  if (node->kind == json_null) fputs("null", out);
  else if (node->kind == json_plain) fputs(node->text, out);
  else if (node->kind == json_string) fprintf(out, "\"%s\"", node->text);
  else {
    fputc(named ? '{' : '[', out);
    for (const struct json *one = node->child; one != NULL; one = one->next) {
      if (one != node->child) fputc(',', out);
      if (named) fprintf(out, "\"%s\":", one->key);
      print(out, one);
    }
    fputc(named ? '}' : ']', out);
  }
}

char *json_print(const struct json *node) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  print(out, node);
  fclose(out);
  return text;
}
