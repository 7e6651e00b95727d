/*
 * json.c: a strict, single-pass reader of JSON text (RFC 8259), without copies.
 *
 * Strings are the bulk of a reply, and are skipped eight bytes at a time until
 * a quote, a backslash or a control character.  Nesting is limited, so that
 * no reply can exhaust the stack.
 */
#include "api/json.h"

#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 64

#define ONES	UINT64_C(0x0101010101010101)
#define HIGHS	UINT64_C(0x8080808080808080)

/* Remembers the first error and stops. */
static bool
fail(JsonReader *reader, const char *error)
{
	if (reader->error == NULL)
		reader->error = error;
	return false;
}

/* Begins to read. */
void
json_begin(JsonReader *reader, const char *text, size_t length)
{
	reader->at = text;
	reader->end = text + length;
	reader->error = NULL;
	reader->depth = 0;
}

/* Skips blanks. */
static inline void
skip_blanks(JsonReader *reader)
{
	while (reader->at < reader->end &&
		   (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\r' || *reader->at == '\t'))
		reader->at++;
}

/* Reads one given character after blanks. */
static inline bool
take(JsonReader *reader, char c)
{
	skip_blanks(reader);
	if (reader->at >= reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

/* True when one of eight bytes ends the plain part of a string. */
static inline bool
word_is_special(uint64_t word)
{
	uint64_t	quote = word ^ (ONES * '"');
	uint64_t	backslash = word ^ (ONES * '\\');

	return ((((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash) |
			 ((word - ONES * 0x20) & ~word)) & HIGHS) != 0;
}

/* Checks the escape at the reader and steps over it. */
static bool
skip_escape(JsonReader *reader)
{
	const char *at = reader->at + 1;

	if (at >= reader->end)
		return fail(reader, "a string is not closed");
	if (*at == 'u')
	{
		for (int i = 1; i <= 4; i++)
			if (at + i >= reader->end ||
				strchr("0123456789abcdefABCDEF", at[i]) == NULL || at[i] == '\0')
				return fail(reader, "four hexadecimal digits must follow \\u");
		reader->at = at + 5;
		return true;
	}
	if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL)
		return fail(reader, "a string holds an invalid escape");
	reader->at = at + 1;
	return true;
}

/* Reads a string whose opening quote is at the reader. */
static bool
read_string(JsonReader *reader, JsonValue *value)
{
	value->kind = JSON_STRING;
	value->escaped = false;
	value->text = ++reader->at;
	for (;;)
	{
		unsigned char c;
		uint64_t	word;

		while (reader->end - reader->at >= 8)
		{
			memcpy(&word, reader->at, 8);
			if (word_is_special(word))
				break;
			reader->at += 8;
		}
		if (reader->at >= reader->end)
			return fail(reader, "a string is not closed");
		c = (unsigned char) *reader->at;
		if (c == '"')
			break;
		if (c < 0x20)
			return fail(reader, "a string holds a control character");
		if (c == '\\')
		{
			value->escaped = true;
			if (!skip_escape(reader))
				return false;
		}
		else
			reader->at++;
	}
	value->length = (size_t) (reader->at - value->text);
	reader->at++;
	return true;
}

/* Steps over digits; false when there is none. */
static bool
skip_digits(JsonReader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
		reader->at++;
	return reader->at > start;
}

/* Reads a number. */
static bool
read_number(JsonReader *reader, JsonValue *value)
{
	value->kind = JSON_NUMBER;
	value->escaped = false;
	value->text = reader->at;
	if (*reader->at == '-')
		reader->at++;
	if (reader->at < reader->end && *reader->at == '0')
		reader->at++;
	else if (!skip_digits(reader))
		return fail(reader, "a number has no digits");
	if (reader->at < reader->end && *reader->at == '.')
	{
		reader->at++;
		if (!skip_digits(reader))
			return fail(reader, "a number has no digits after its point");
	}
	if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E'))
	{
		reader->at++;
		if (reader->at < reader->end && (*reader->at == '+' || *reader->at == '-'))
			reader->at++;
		if (!skip_digits(reader))
			return fail(reader, "a number has no digits in its exponent");
	}
	value->length = (size_t) (reader->at - value->text);
	return true;
}

/* Reads one of the three words. */
static bool
read_word(JsonReader *reader, JsonValue *value, const char *word, JsonKind kind)
{
	size_t		length = strlen(word);

	if ((size_t) (reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
		return fail(reader, "a value was expected");
	value->kind = kind;
	value->text = reader->at;
	value->length = length;
	value->escaped = false;
	reader->at += length;
	return true;
}

/* Kind of the value that comes next. */
bool
json_peek(JsonReader *reader, JsonKind *kind)
{
	skip_blanks(reader);
	if (reader->at >= reader->end)
		return fail(reader, "the text ends too early");
	switch (*reader->at)
	{
		case '{':
			*kind = JSON_OBJECT;
			return true;
		case '[':
			*kind = JSON_ARRAY;
			return true;
		case '"':
			*kind = JSON_STRING;
			return true;
		case 't':
			*kind = JSON_TRUE;
			return true;
		case 'f':
			*kind = JSON_FALSE;
			return true;
		case 'n':
			*kind = JSON_NULL;
			return true;
		default:
			*kind = JSON_NUMBER;
			if (*reader->at == '-' || (*reader->at >= '0' && *reader->at <= '9'))
				return true;
			return fail(reader, "a value was expected");
	}
}

/* Enters an object or array. */
bool
json_enter(JsonReader *reader, JsonKind kind)
{
	if (!take(reader, kind == JSON_OBJECT ? '{' : '['))
		return fail(reader, kind == JSON_OBJECT ? "an object was expected" : "an array was expected");
	if (++reader->depth > DEPTH_MAX)
		return fail(reader, "values are nested too deeply");
	return true;
}

/* Leaves an object or array if it ends here, else wants a comma but at first. */
static bool
next(JsonReader *reader, bool first, char closing)
{
	if (reader->error != NULL)
		return false;
	if (take(reader, closing))
	{
		reader->depth--;
		return false;
	}
	if (!first && !take(reader, ','))
		return fail(reader, "a comma or the end of the list was expected");
	return true;
}

/* Reads the name of the next member. */
bool
json_next_member(JsonReader *reader, bool first, JsonValue *name)
{
	if (!next(reader, first, '}'))
		return false;
	skip_blanks(reader);
	if (reader->at >= reader->end || *reader->at != '"')
		return fail(reader, "a member's name was expected");
	if (!read_string(reader, name))
		return false;
	if (!take(reader, ':'))
		return fail(reader, "a colon was expected");
	return true;
}

/* Moves to the next item. */
bool
json_next_item(JsonReader *reader, bool first)
{
	return next(reader, first, ']');
}

/* Reads an object or array as a whole. */
static bool
read_nested(JsonReader *reader, JsonValue *value, JsonKind kind)
{
	JsonValue	part;

	value->kind = kind;
	value->escaped = false;
	value->text = reader->at;
	if (!json_enter(reader, kind))
		return false;
	for (bool first = true;
		 kind == JSON_OBJECT ? json_next_member(reader, first, &part) : json_next_item(reader, first);
		 first = false)
		if (!json_value(reader, &part))
			return false;
	if (reader->error != NULL)
		return false;
	value->length = (size_t) (reader->at - value->text);
	return true;
}

/* Reads a whole value of any kind. */
bool
json_value(JsonReader *reader, JsonValue *value)
{
	JsonKind	kind;

	if (!json_peek(reader, &kind))
		return false;
	switch (kind)
	{
		case JSON_STRING:
			return read_string(reader, value);
		case JSON_NUMBER:
			return read_number(reader, value);
		case JSON_TRUE:
			return read_word(reader, value, "true", JSON_TRUE);
		case JSON_FALSE:
			return read_word(reader, value, "false", JSON_FALSE);
		case JSON_NULL:
			return read_word(reader, value, "null", JSON_NULL);
		default:
			return read_nested(reader, value, kind);
	}
}

/* True when nothing but blanks is left. */
bool
json_end(JsonReader *reader)
{
	if (reader->error != NULL)
		return false;
	skip_blanks(reader);
	return reader->at == reader->end || fail(reader, "text follows the value");
}

/* The number that four hexadecimal digits make. */
static unsigned
hex4(const char *digits)
{
	unsigned	value = 0;

	for (int i = 0; i < 4; i++)
	{
		char		c = digits[i];

		value = value * 16 + (unsigned) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

/* Writes a code point as UTF-8; returns how many bytes. */
static size_t
put_utf8(char *target, unsigned c)
{
	if (c < 0x80)
	{
		target[0] = (char) c;
		return 1;
	}
	if (c < 0x800)
	{
		target[0] = (char) (0xC0 | c >> 6);
		target[1] = (char) (0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000)
	{
		target[0] = (char) (0xE0 | c >> 12);
		target[1] = (char) (0x80 | (c >> 6 & 0x3F));
		target[2] = (char) (0x80 | (c & 0x3F));
		return 3;
	}
	target[0] = (char) (0xF0 | c >> 18);
	target[1] = (char) (0x80 | (c >> 12 & 0x3F));
	target[2] = (char) (0x80 | (c >> 6 & 0x3F));
	target[3] = (char) (0x80 | (c & 0x3F));
	return 4;
}

/* Writes a string's text without its escapes. */
size_t
json_unescape(const JsonValue *value, char *target)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *at = value->text;
	const char *end = at + value->length;
	char	   *out = target;

	while (at < end)
	{
		unsigned	c;

		if (*at != '\\')
		{
			*out++ = *at++;
			continue;
		}
		if (at[1] != 'u')
		{
			*out++ = meanings[strchr(names, at[1]) - names];
			at += 2;
			continue;
		}
		c = hex4(at + 2);
		at += 6;
		if (c >= 0xD800 && c < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u')
		{
			c = 0x10000 + ((c - 0xD800) << 10) + (hex4(at + 2) - 0xDC00);
			at += 6;
		}
		out += put_utf8(out, c);
	}
	return (size_t) (out - target);
}
