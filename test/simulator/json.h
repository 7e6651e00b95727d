/*
 * json.h: reads small JSON texts (request bodies, list parameters) into a tree.
 */
#ifndef SIMULATOR_JSON_H
#define SIMULATOR_JSON_H

#include "base.h"

typedef enum JsonKind
{
	JSON_NULL, JSON_TRUE, JSON_FALSE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT
} JsonKind;

typedef struct Json
{
	JsonKind	kind;
	char	   *name;			/* member's name inside an object */
	char	   *text;			/* string's content, number's digits */
	struct Json *child;			/* first element or member */
	struct Json *next;			/* next element or member */
} Json;

extern Json *json_parse(const char *text);
extern void json_free(Json *json);
extern const Json *json_member(const Json *object, const char *name);
extern bool json_is_strings(const Json *json);
extern int	json_length(const Json *json);

#endif
