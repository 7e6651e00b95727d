/*
 * json.c: a strict recursive reader of small JSON texts.
 *
 * Stays true: anything that is not exactly one JSON value gives NULL and
 * leaks nothing; nesting is limited, so the stack is safe.
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 16

static Json *read_value(const char **p, int depth);

/* Moves over white space. */
static void
skip_space(const char **p)
{
	while (**p == ' ' || **p == '\t' || **p == '\n' || **p == '\r')
		(*p)++;
}

/* Makes a node of a kind. */
static Json *
json_node(JsonKind kind)
{
	Json	   *result = must_alloc(sizeof(Json));

	result->kind = kind;
	return result;
}

/* Frees a tree. */
void
json_free(Json *json)
{
	while (json != NULL)
	{
		Json	   *next = json->next;

		json_free(json->child);
		free(json->name);
		free(json->text);
		free(json);
		json = next;
	}
}

/* Writes a code point as UTF-8. */
static char *
put_utf8(char *out, uint32 c)
{
	if (c < 0x80)
		*out++ = (char) c;
	else if (c < 0x800)
	{
		*out++ = (char) (0xc0 | c >> 6);
		*out++ = (char) (0x80 | (c & 0x3f));
	}
	else if (c < 0x10000)
	{
		*out++ = (char) (0xe0 | c >> 12);
		*out++ = (char) (0x80 | (c >> 6 & 0x3f));
		*out++ = (char) (0x80 | (c & 0x3f));
	}
	else
	{
		*out++ = (char) (0xf0 | c >> 18);
		*out++ = (char) (0x80 | (c >> 12 & 0x3f));
		*out++ = (char) (0x80 | (c >> 6 & 0x3f));
		*out++ = (char) (0x80 | (c & 0x3f));
	}
	return out;
}

/* Reads four hexadecimal digits. */
static bool
read_hex(const char **p, uint32 *value)
{
	int			i;

	*value = 0;
	for (i = 0; i < 4; i++, (*p)++)
	{
		const char *digits = "0123456789abcdef";
		const char *at = **p ? strchr(digits, **p | (**p >= 'A' ? 0x20 : 0)) : NULL;

		if (at == NULL)
			return false;
		*value = *value * 16 + (uint32) (at - digits);
	}
	return true;
}

/* Reads the code point of a \u escape, joining surrogate pairs. */
static bool
read_unicode(const char **p, char **out)
{
	uint32		high,
				low;

	if (!read_hex(p, &high) || high == 0)
		return false;
	if (high >= 0xd800 && high < 0xdc00)
	{
		if (strncmp(*p, "\\u", 2) != 0)
			return false;
		*p += 2;
		if (!read_hex(p, &low) || low < 0xdc00 || low > 0xdfff)
			return false;
		high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	*out = put_utf8(*out, high);
	return true;
}

/* Reads a string's content; p stands behind the opening quote. */
static char *
read_string(const char **p)
{
	char	   *result = must_alloc(strlen(*p) + 1);
	char	   *out = result;
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";

	while (**p != '"')
	{
		unsigned char c = (unsigned char) *(*p)++;
		const char *at;

		if (c < 0x20)
			goto bad;
		if (c != '\\')
		{
			*out++ = (char) c;
			continue;
		}
		c = (unsigned char) *(*p)++;
		if (c == 'u')
		{
			if (!read_unicode(p, &out))
				goto bad;
		}
		else if (c != 0 && (at = strchr(names, c)) != NULL)
			*out++ = values[at - names];
		else
			goto bad;
	}
	(*p)++;
	return result;
bad:
	free(result);
	return NULL;
}

/* Reads a number's digits. */
static Json *
read_number(const char **p)
{
	const char *from = *p;
	Json	   *result;
	char	   *end;

	if (**p == '-')
		(*p)++;
	if (**p < '0' || **p > '9')
		return NULL;
	strtod(from, &end);
	result = json_node(JSON_NUMBER);
	result->text = must_alloc((size_t) (end - from) + 1);
	memcpy(result->text, from, (size_t) (end - from));
	*p = end;
	return result;
}

/* Reads one element, or one member with its name. */
static Json *
read_item(const char **p, bool object, int depth)
{
	char	   *name = NULL;
	Json	   *item;

	skip_space(p);
	if (object)
	{
		if (*(*p)++ != '"' || (name = read_string(p)) == NULL)
			return NULL;
		skip_space(p);
		if (*(*p)++ != ':')
		{
			free(name);
			return NULL;
		}
	}
	item = read_value(p, depth);
	if (item == NULL)
		free(name);
	else
		item->name = name;
	return item;
}

/* Reads an array or object; p stands behind the opening bracket. */
static Json *
read_container(const char **p, bool object, int depth)
{
	Json	   *result = json_node(object ? JSON_OBJECT : JSON_ARRAY);
	Json	  **tail = &result->child;
	char		close = object ? '}' : ']';

	skip_space(p);
	if (**p == close)
	{
		(*p)++;
		return result;
	}
	for (;;)
	{
		Json	   *item = read_item(p, object, depth);

		if (item == NULL)
			break;
		*tail = item;
		tail = &item->next;
		skip_space(p);
		if (**p == close)
		{
			(*p)++;
			return result;
		}
		if (**p != ',')
			break;
		(*p)++;
	}
	json_free(result);
	return NULL;
}

/* Reads any value. */
static Json *
read_value(const char **p, int depth)
{
	static const struct
	{
		const char *word;
		JsonKind	kind;
	}			words[] = {{"true", JSON_TRUE}, {"false", JSON_FALSE}, {"null", JSON_NULL}};
	int			i;

	if (depth > MAX_DEPTH)
		return NULL;
	skip_space(p);
	for (i = 0; i < COUNT_OF(words); i++)
	{
		if (strncmp(*p, words[i].word, strlen(words[i].word)) == 0)
		{
			*p += strlen(words[i].word);
			return json_node(words[i].kind);
		}
	}
	if (**p == '"')
	{
		Json	   *result = json_node(JSON_STRING);

		(*p)++;
		if ((result->text = read_string(p)) != NULL)
			return result;
		free(result);
		return NULL;
	}
	if (**p == '[' || **p == '{')
		return read_container(p, *(*p)++ == '{', depth + 1);
	return read_number(p);
}

/* Reads a text that is exactly one JSON value; NULL when it is not. */
Json *
json_parse(const char *text)
{
	Json	   *result = read_value(&text, 0);

	if (result == NULL)
		return NULL;
	skip_space(&text);
	if (*text != '\0')
	{
		json_free(result);
		return NULL;
	}
	return result;
}

/* Finds an object's member. */
const Json *
json_member(const Json *object, const char *name)
{
	const Json *item;

	for (item = object->child; item != NULL; item = item->next)
		if (strcmp(item->name, name) == 0)
			return item;
	return NULL;
}

/* Tells whether a value is an array of nothing but strings. */
bool
json_is_strings(const Json *json)
{
	const Json *item;

	if (json->kind != JSON_ARRAY)
		return false;
	for (item = json->child; item != NULL; item = item->next)
		if (item->kind != JSON_STRING)
			return false;
	return true;
}

/* Counts elements or members. */
int
json_length(const Json *json)
{
	const Json *item;
	int			result = 0;

	for (item = json->child; item != NULL; item = item->next)
		result++;
	return result;
}
