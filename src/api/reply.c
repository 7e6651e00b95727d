/*
 * reply.c: from the text of a reply to rows of a table.
 *
 * A reply is {code, message, request_id, data: {LIST: [rows], page_info}}, in
 * any order.  A row is flat, or {dimensions, metrics}.  Anything else in the
 * envelope is skipped, so that what the API adds there breaks nothing.
 */
#include "postgres.h"

#include "api/repair.h"
#include "api/reply.h"
#include "api/verdict.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#define TEXT_MAX	400			/* of the API's own words */

/* A reply being read. */
typedef struct Reading
{
	JsonReader	reader;
	RowShape   *shape;
	const char *list_name;
	RowSink		sink;
	void	   *arg;
	Envelope   *envelope;
	MemoryContext row_context;
} Reading;

/* Complains about a reply that is not what the API documents. */
static void
malformed(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_JSON_TEXT),
			 errmsg("malformed reply: %s", what),
			 errhint("A proxy or gateway may have cut or replaced it; the API itself answers in JSON.")));
}

/* True when a member has this name. */
static bool
named(const JsonValue *name, const char *wanted)
{
	return name->length == strlen(wanted) && memcmp(name->text, wanted, name->length) == 0;
}

/* Text of a value, cut to a sensible length. */
static char *
text_of(const JsonValue *value)
{
	char	   *text;
	size_t		length = Min(value->length, TEXT_MAX);

	if (value->kind == JSON_NULL)
		return NULL;
	if (value->kind != JSON_STRING || !value->escaped)
		return pnstrdup(value->text, pg_mbcliplen(value->text, value->length, length));
	text = palloc(value->length + 1);
	length = json_unescape(value, text);
	text[pg_mbcliplen(text, length, TEXT_MAX)] = '\0';
	return text;
}

/* Integer of a value, given as number or string; -1 when it is none. */
static int64
integer_of(const JsonValue *value)
{
	int64		number = 0;

	if ((value->kind != JSON_NUMBER && value->kind != JSON_STRING) ||
		value->length == 0 || value->length > 18)
		return -1;
	for (size_t i = 0; i < value->length; i++)
	{
		if (value->text[i] < '0' || value->text[i] > '9')
			return -1;
		number = number * 10 + value->text[i] - '0';
	}
	return number;
}

/* Reads page_info. */
static void
read_page_info(Reading *reading)
{
	Envelope   *envelope = reading->envelope;
	JsonValue	name;
	JsonValue	value;

	for (bool first = true; json_next_member(&reading->reader, first, &name); first = false)
	{
		if (!json_value(&reading->reader, &value))
			return;
		if (named(&name, "page"))
			envelope->page = integer_of(&value);
		else if (named(&name, "page_size"))
			envelope->page_size = integer_of(&value);
		else if (named(&name, "total_number"))
			envelope->total_number = integer_of(&value);
		else if (named(&name, "total_page"))
			envelope->total_page = integer_of(&value);
	}
}

/* Reads the fields of a row, or of its dimensions or metrics. */
static void
read_fields(Reading *reading, bool sections)
{
	JsonValue	name;
	JsonValue	value;
	JsonKind	kind;

	for (bool first = true; json_next_member(&reading->reader, first, &name); first = false)
	{
		if (sections && (named(&name, "dimensions") || named(&name, "metrics")) &&
			json_peek(&reading->reader, &kind) && kind == JSON_OBJECT)
		{
			(void) json_enter(&reading->reader, JSON_OBJECT);
			read_fields(reading, false);
		}
		else if (json_value(&reading->reader, &value))
			row_take(reading->shape, &name, &value);
		else
			return;
	}
}

/* Reads the list of rows, each into the sink. */
static void
read_list(Reading *reading)
{
	MemoryContext before = MemoryContextSwitchTo(reading->row_context);
	Datum	   *values;
	bool	   *nulls;

	for (bool first = true; json_next_item(&reading->reader, first); first = false)
	{
		row_begin(reading->shape);
		if (!json_enter(&reading->reader, JSON_OBJECT))
			break;
		read_fields(reading, row_shape_is_report(reading->shape));
		if (reading->reader.error != NULL)
			break;
		row_end(reading->shape, &values, &nulls);
		reading->sink(reading->arg, values, nulls);
		reading->envelope->rows++;
		MemoryContextReset(reading->row_context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(before);
}

/* Reads data: the list and page_info, the rest is skipped. */
static void
read_data(Reading *reading)
{
	JsonValue	name;
	JsonValue	value;
	JsonKind	kind;

	for (bool first = true; json_next_member(&reading->reader, first, &name); first = false)
	{
		if (!json_peek(&reading->reader, &kind))
			return;
		if (reading->shape != NULL && named(&name, reading->list_name) && kind != JSON_NULL)
		{
			if (!json_enter(&reading->reader, JSON_ARRAY))
				return;
			reading->envelope->has_list = true;
			read_list(reading);
		}
		else if (named(&name, "page_info") && kind == JSON_OBJECT)
		{
			(void) json_enter(&reading->reader, JSON_OBJECT);
			read_page_info(reading);
		}
		else if (json_value(&reading->reader, &value) && named(&name, "total_metrics") && kind == JSON_OBJECT)
			reading->envelope->totals = pnstrdup(value.text, value.length);
	}
}

/* Reads the envelope. */
static void
read_envelope(Reading *reading)
{
	Envelope   *envelope = reading->envelope;
	JsonValue	name;
	JsonValue	value;
	JsonKind	kind;
	bool		code_seen = false;

	if (!json_enter(&reading->reader, JSON_OBJECT))
		return;
	for (bool first = true; json_next_member(&reading->reader, first, &name); first = false)
	{
		if (named(&name, "data") && json_peek(&reading->reader, &kind) && kind == JSON_OBJECT)
		{
			(void) json_enter(&reading->reader, JSON_OBJECT);
			read_data(reading);
			continue;
		}
		if (!json_value(&reading->reader, &value))
			return;
		if (named(&name, "code"))
		{
			code_seen = true;
			envelope->code = integer_of(&value);
		}
		else if (named(&name, "message"))
			envelope->message = text_of(&value);
		else if (named(&name, "request_id"))
			envelope->request_id = text_of(&value);
	}
	if (json_end(&reading->reader) && !code_seen)
		malformed("it has no code");
}

/* The text itself when it is clean, else a repaired copy. */
static const char *
text_repaired(const char *body, size_t *length, Envelope *envelope)
{
	char	   *copy;

	envelope->repaired = repair_count(body, *length);
	if (envelope->repaired == 0)
		return body;
	copy = palloc(*length + (Size) envelope->repaired * 2 + 1);
	*length = repair_copy(body, *length, copy);
	return copy;
}

/* Reads a reply, giving each row of its list to the sink. */
void
reply_parse(const char *body, size_t length, RowShape *shape, const char *list_name,
			RowSink sink, void *arg, Envelope *envelope)
{
	Reading		reading = {.shape = shape, .list_name = list_name, .sink = sink, .arg = arg,
		.envelope = envelope
	};

	memset(envelope, 0, sizeof(*envelope));
	envelope->page = envelope->page_size = envelope->total_number = envelope->total_page = -1;
	if (length == 0)
		malformed("it is empty");
	body = text_repaired(body, &length, envelope);
	reading.row_context = AllocSetContextCreate(CurrentMemoryContext, "tiktokads row",
												ALLOCSET_DEFAULT_SIZES);
	json_begin(&reading.reader, body, length);
	read_envelope(&reading);
	MemoryContextDelete(reading.row_context);
	if (reading.reader.error != NULL)
		malformed(reading.reader.error);
	if (shape != NULL)
		envelope->drift = row_shape_drift(shape);
	if (shape != NULL && !envelope->has_list && envelope->total_number != 0 && verdict_of_code(envelope->code)->verdict == VERDICT_OK)
		malformed("it has no list");
}
