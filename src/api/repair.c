/*
 * repair.c: text that the JSON reader and the database will accept.
 *
 * One bad name must not cost a page, so what PostgreSQL's text cannot hold
 * becomes U+FFFD.  Clean text, which is nearly all, is only looked at: eight
 * bytes at a time where it is ASCII without backslashes.
 */
#include "api/repair.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ONES	UINT64_C(0x0101010101010101)
#define HIGHS	UINT64_C(0x8080808080808080)

static const char replacement[] = "\xEF\xBF\xBD";

/* True when none of eight bytes is a backslash or beyond ASCII. */
static inline bool
word_is_plain(uint64_t word)
{
	uint64_t	backslash = word ^ (ONES * '\\');

	return (((((backslash - ONES) & ~backslash)) | word) & HIGHS) == 0;
}

/* Length of the valid UTF-8 sequence at the text, 0 when it is not valid. */
static size_t
utf8_length(const unsigned char *text, size_t left)
{
	size_t		length = text[0] < 0x80 ? 1 : text[0] >= 0xF0 ? 4 : text[0] >= 0xE0 ? 3 : 2;

	if (text[0] >= 0x80 && (text[0] < 0xC2 || text[0] > 0xF4))
		return 0;
	if (length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xC0) != 0x80)
			return 0;
	if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F) ||
		(text[0] == 0xF0 && text[1] < 0x90) || (text[0] == 0xF4 && text[1] > 0x8F))
		return 0;
	return length;
}

/* The code unit of the \uXXXX at the text, -1 when it is not one. */
static int
code_unit(const unsigned char *text, size_t left)
{
	int			unit = 0;

	if (left < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++)
	{
		int			c = text[i] | 0x20;

		if (text[i] >= '0' && text[i] <= '9')
			unit = unit * 16 + text[i] - '0';
		else if (c >= 'a' && c <= 'f')
			unit = unit * 16 + c - 'a' + 10;
		else
			return -1;
	}
	return unit;
}

/*
 * Steps over the escape at the text.  Returns its length; *bad tells that it
 * must be replaced.  Escapes that JSON does not know are bad too.
 */
static size_t
escape_step(const unsigned char *text, size_t left, bool *bad)
{
	int			unit = code_unit(text, left);

	*bad = false;
	if (unit < 0)
	{
		if (left < 2)
			return left;
		*bad = text[1] == '\0' || strchr("\"\\/bfnrtu", text[1]) == NULL || text[1] == 'u';
		if (*bad && text[1] >= 0x80)
			return 1;
		return 2;
	}
	if (unit >= 0xD800 && unit < 0xDC00)
	{
		int			low = code_unit(text + 6, left - 6);

		if (low >= 0xDC00 && low < 0xE000)
			return 12;
		*bad = true;
	}
	else if (unit == 0 || (unit >= 0xDC00 && unit < 0xE000))
		*bad = true;
	return 6;
}

/* Walks the text; with a target, writes the repaired one there. */
static size_t
walk(const char *start, size_t length, char *target, int *count)
{
	const unsigned char *text = (const unsigned char *) start;
	size_t		at = 0;
	size_t		out = 0;

	*count = 0;
	while (at < length)
	{
		size_t		step = 1;
		bool		bad = false;
		uint64_t	word;

		if (length - at >= 8 && (memcpy(&word, text + at, 8), word_is_plain(word)))
			step = 8;
		else if (text[at] == '\\')
			step = escape_step(text + at, length - at, &bad);
		else if (text[at] >= 0x80)
		{
			step = utf8_length(text + at, length - at);
			bad = step == 0;
			step = bad ? 1 : step;
		}
		if (target != NULL)
		{
			memcpy(target + out, bad ? replacement : start + at, bad ? 3 : step);
			out += bad ? 3 : step;
		}
		*count += bad;
		at += step;
	}
	return out;
}

/* Number of places that must be replaced. */
int
repair_count(const char *text, size_t length)
{
	int			count;

	(void) walk(text, length, NULL, &count);
	return count;
}

/* Writes the text with U+FFFD in each such place. */
size_t
repair_copy(const char *text, size_t length, char *target)
{
	int			count;

	return walk(text, length, target, &count);
}
