/*
 * json.h: a strict, single-pass reader of JSON text (RFC 8259), without copies.
 *
 * Plain C without PostgreSQL, so that it is tested and fuzzed alone.  A value
 * is a pointer and a length into the text; the caller pulls what it wants and
 * skips the rest, which is checked all the same.
 */
#ifndef TIKTOKADS_JSON_H
#define TIKTOKADS_JSON_H

#include <stdbool.h>
#include <stddef.h>

typedef enum JsonKind
{
	JSON_NULL,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NUMBER,
	JSON_STRING,				/* text: between the quotes */
	JSON_OBJECT,				/* text: braces included */
	JSON_ARRAY
} JsonKind;

typedef struct JsonValue
{
	JsonKind	kind;
	const char *text;
	size_t		length;
	bool		escaped;		/* a string that holds a backslash */
} JsonValue;

typedef struct JsonReader
{
	const char *at;
	const char *end;
	const char *error;			/* NULL: none yet; what was expected */
	int			depth;
} JsonReader;

/* Begins to read; the text need not end with a zero byte. */
extern void json_begin(JsonReader *reader, const char *text, size_t length);

/* Kind of the value that comes next; reads nothing but blanks.  False: error. */
extern bool json_peek(JsonReader *reader, JsonKind *kind);

/* Reads a whole value of any kind.  False: error. */
extern bool json_value(JsonReader *reader, JsonValue *value);

/*
 * Walk an object or array: enter it, then next as long as that is true; after
 * each, the member's value must be read.  False: the end, or an error.
 */
extern bool json_enter(JsonReader *reader, JsonKind kind);
extern bool json_next_member(JsonReader *reader, bool first, JsonValue *name);
extern bool json_next_item(JsonReader *reader, bool first);

/* True when nothing but blanks is left. */
extern bool json_end(JsonReader *reader);

/* Writes a string's text without its escapes, as UTF-8; returns the length. */
extern size_t json_unescape(const JsonValue *value, char *target);

#endif
