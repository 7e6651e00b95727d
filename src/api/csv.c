/*
 * csv.c: a reader of comma-separated text.
 *
 * Fields may be quoted; a quote inside is written twice.  Lines end with LF or
 * CRLF; the last one may lack it.  Nothing is an error: a stray quote is text.
 */
#include "api/csv.h"

#include <string.h>

/* Begins to read. */
void
csv_begin(CsvReader *reader, const char *text, size_t length)
{
	if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
	{
		text += 3;
		length -= 3;
	}
	reader->at = text;
	reader->end = text + length;
}

/* Finds the end of a quoted field, at its closing quote or the end of the text. */
static const char *
quoted_end(const char *at, const char *end, bool *doubled)
{
	for (; at < end; at++)
		if (*at == '"')
		{
			if (at + 1 == end || at[1] != '"')
				return at;
			*doubled = true;
			at++;
		}
	return end;
}

/* Reads the next field. */
bool
csv_next(CsvReader *reader, CsvField *field)
{
	const char *at = reader->at;

	if (at == NULL || at >= reader->end)
		return false;
	field->doubled = false;
	if (*at == '"')
	{
		field->text = at + 1;
		at = quoted_end(at + 1, reader->end, &field->doubled);
		field->length = at - field->text;
		while (at < reader->end && *at != ',' && *at != '\n')
			at++;
	}
	else
	{
		field->text = at;
		while (at < reader->end && *at != ',' && *at != '\n')
			at++;
		field->length = at - field->text;
		if (field->length > 0 && (at == reader->end || *at == '\n') && at[-1] == '\r')
			field->length--;
	}
	field->last = at >= reader->end || *at == '\n';
	reader->at = at < reader->end ? at + 1 : at;
	/* a comma at the very end has an empty field behind it, which is left out */
	return true;
}
