/* A JSON text as a tree. Nothing is freed: each request has a process of its own. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct json {
  enum { json_null, json_plain, json_string, json_array, json_object } kind;
  char *key;  /* of a member of an object, as written */
  char *text; /* of a string, as written between its quotes; of a number, true or false */
  struct json *child, *next;
};

/* NULL when the text is not JSON. */
struct json *json_parse(const char *text);
/* A member by its path from an object; a null one when it, or one before it, is not there. Ends with NULL. */
const struct json *json_get(const struct json *from, ...);
/* The text of a string or number, "" of anything else. */
const char *json_value(const struct json *node);
bool json_is(const struct json *node, const char *text);
/* Sets or replaces a member that is a string; the text must need no escapes. */
void json_set(struct json *object, const char *key, const char *text);
void json_remove(struct json *object, const char *key);
/* The text of a tree. */
char *json_print(const struct json *node);
