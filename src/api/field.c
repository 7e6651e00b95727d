/*
 * field.c: which field of a row goes to which column, and how.
 *
 * A column takes the field of its own name, or the one that the stream renames
 * to it; its type chooses the converter.  Money and ids go from digits to
 * numeric and bigint, never through floating point.  A value that its column
 * cannot take, and a field without a column, are kept in "extra" and named as
 * drift: they cost neither the row nor the page.
 *
 * Rows of one list have their fields in the same order nearly always, so each
 * field is first looked for where it came after its predecessor the last time.
 */
#include "postgres.h"

#include "api/field.h"
#include "base/array.h"
#include "base/compat.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/int.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#define DRIFT_MAX	1024

typedef bool (*Convert) (const JsonValue *value, Datum *result);

/* How values of one type are made; false: the value is none of that type. */
typedef struct Converter
{
	Oid			type;
	const char *type_name;
	Convert		convert;
} Converter;

/* A field that has a column. */
typedef struct Field
{
	char	   *name;
	size_t		length;
	int			column;			/* 0-based */
	const Converter *converter;
	bool		dash_is_null;	/* "-" means "not available" */
	int			follower;		/* field that came after this one, -1: unknown */
} Field;

struct RowShape
{
	bool		is_report;
	int			ncolumns;
	int			extra;			/* column of unknown fields, -1: none */
	Field	   *fields;
	int			nfields;
	int			nslots;			/* of the hash, a power of two */
	int		   *slots;			/* field number, -1: free */
	int			last;			/* field taken last, -1: none */
	int			first;			/* field that came first in the row before */
	Datum	   *values;
	bool	   *nulls;
	bool	   *filled;
	StringInfoData rest;		/* members of "extra" of this row */
	StringInfoData drift;
};

/* Text of a string value without escapes; or of anything else as it stands. */
static char *
value_text(const JsonValue *value, size_t *length)
{
	char	   *text = palloc(value->length + 1);

	if (value->kind == JSON_STRING && value->escaped)
		*length = json_unescape(value, text);
	else
	{
		memcpy(text, value->text, value->length);
		*length = value->length;
	}
	text[*length] = '\0';
	return text;
}

/* True for values that have a text of their own. */
static inline bool
is_scalar(const JsonValue *value)
{
	return value->kind == JSON_STRING || value->kind == JSON_NUMBER;
}

/* Text columns take any value; nested ones as their JSON. */
static bool
convert_text(const JsonValue *value, Datum *result)
{
	size_t		length;
	text	   *target;

	if (value->kind == JSON_STRING && value->escaped)
	{
		char	   *plain = value_text(value, &length);

		*result = PointerGetDatum(cstring_to_text_with_len(plain, length));
		return true;
	}
	target = (text *) palloc(value->length + VARHDRSZ);
	SET_VARSIZE(target, value->length + VARHDRSZ);
	memcpy(VARDATA(target), value->text, value->length);
	*result = PointerGetDatum(target);
	return true;
}

/* Reads digits with an optional sign; false when there is anything else, or too much. */
static bool
parse_int64(const char *text, size_t length, int64 *result)
{
	int64		value = 0;
	size_t		i = length > 0 && text[0] == '-' ? 1 : 0;

	if (i == length || length - i > 19)
		return false;
	for (; i < length; i++)
	{
		if (text[i] < '0' || text[i] > '9' ||
			pg_mul_s64_overflow(value, 10, &value) ||
			pg_sub_s64_overflow(value, text[i] - '0', &value))
			return false;
	}
	if (text[0] != '-')
	{
		if (value == PG_INT64_MIN)
			return false;
		value = -value;
	}
	*result = value;
	return true;
}

/* bigint from digits, as string or number; a fraction of zeros is accepted. */
static bool
convert_int8(const JsonValue *value, Datum *result)
{
	size_t		length = value->length;
	const char *point;
	int64		number;

	if (!is_scalar(value))
		return false;
	point = memchr(value->text, '.', length);
	if (point != NULL)
	{
		for (const char *c = point + 1; c < value->text + length; c++)
			if (*c != '0')
				return false;
		length = point - value->text;
	}
	if (!parse_int64(value->text, length, &number))
		return false;
	*result = Int64GetDatum(number);
	return true;
}

/* True when the text is a plain decimal number: sign, digits, point, digits. */
static bool
is_decimal(const char *text, size_t length, size_t *point)
{
	size_t		i = length > 0 && text[0] == '-' ? 1 : 0;
	size_t		digits = 0;

	*point = length;
	for (; i < length; i++)
	{
		if (text[i] == '.' && *point == length)
			*point = i;
		else if (text[i] >= '0' && text[i] <= '9')
			digits++;
		else
			return false;
	}
	return digits > 0;
}

/* numeric from its decimal text, exactly, its scale kept; a trailing % is dropped. */
static bool
convert_numeric(const JsonValue *value, Datum *result)
{
	size_t		length = value->length;
	size_t		point;
	char		buffer[64];

	if (!is_scalar(value))
		return false;
	if (length > 1 && value->text[length - 1] == '%')
		length--;
	if (length >= sizeof(buffer))
		return false;
	if (!is_decimal(value->text, length, &point) && value->kind != JSON_NUMBER)
		return false;
	memcpy(buffer, value->text, length);
	buffer[length] = '\0';
	*result = DirectFunctionCall3(numeric_in, CStringGetDatum(buffer),
								  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return true;
}

/* boolean from true, false, 0, 1, also as strings. */
static bool
convert_bool(const JsonValue *value, Datum *result)
{
	bool		truth;

	if (value->kind == JSON_TRUE || value->kind == JSON_FALSE)
		truth = value->kind == JSON_TRUE;
	else if (!is_scalar(value) || !parse_bool_with_len(value->text, value->length, &truth))
		return false;
	*result = BoolGetDatum(truth);
	return true;
}

/* Two or four digits at a place of a date's text. */
static int
digits_at(const char *text, int count)
{
	int			number = 0;

	for (int i = 0; i < count; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + text[i] - '0';
	}
	return number;
}

/* Reads YYYY-MM-DD. */
static bool
parse_date(const char *text, size_t length, DateADT *date)
{
	int			year;
	int			month;
	int			day;
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (length < 10 || text[4] != '-' || text[7] != '-')
		return false;
	year = digits_at(text, 4);
	month = digits_at(text + 5, 2);
	day = digits_at(text + 8, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days[month - 1] ||
		(month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))))
		return false;
	*date = date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	return true;
}

/* Reads HH:MM:SS into microseconds. */
static bool
parse_time(const char *text, size_t length, int64 *time)
{
	int			hour;
	int			minute;
	int			second;

	if (length < 8 || text[2] != ':' || text[5] != ':')
		return false;
	hour = digits_at(text, 2);
	minute = digits_at(text + 3, 2);
	second = digits_at(text + 6, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;
	*time = ((int64) (hour * 60 + minute) * 60 + second) * USECS_PER_SEC;
	return true;
}

/* date from "YYYY-MM-DD" with or without a time of midnight. */
static bool
convert_date(const JsonValue *value, Datum *result)
{
	DateADT		date;
	int64		time = 0;

	if (value->kind != JSON_STRING || !parse_date(value->text, value->length, &date))
		return false;
	if (value->length != 10 &&
		(value->length != 19 || !parse_time(value->text + 11, 8, &time) || time != 0))
		return false;
	*result = DateADTGetDatum(date);
	return true;
}

/* timestamp, a wall time of no known zone, from "YYYY-MM-DD HH:MM:SS". */
static bool
convert_timestamp(const JsonValue *value, Datum *result)
{
	DateADT		date;
	int64		time;

	if (value->kind != JSON_STRING || value->length != 19 || value->text[10] != ' ' ||
		!parse_date(value->text, 10, &date) || !parse_time(value->text + 11, 8, &time))
		return false;
	*result = TimestampGetDatum((int64) date * USECS_PER_DAY + time);
	return true;
}

/* timestamptz from epoch seconds, "YYYY-MM-DD HH:MM:SS" in UTC, or ISO 8601. */
static bool
convert_timestamptz(const JsonValue *value, Datum *result)
{
	DateADT		date;
	int64		time;
	int64		epoch;

	if (is_scalar(value) && parse_int64(value->text, value->length, &epoch))
	{
		if (epoch < 0 || epoch > INT64CONST(253402300799))
			return false;
		*result = TimestampTzGetDatum((epoch - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY) * USECS_PER_SEC);
		return true;
	}
	if (value->kind != JSON_STRING || value->length < 19 ||
		(value->text[10] != ' ' && value->text[10] != 'T') ||
		!parse_date(value->text, 10, &date) ||
		!parse_time(value->text + 11, 8, &time) ||
		!(value->length == 19 || (value->length == 20 && value->text[19] == 'Z')))
		return false;
	*result = TimestampTzGetDatum((int64) date * USECS_PER_DAY + time);
	return true;
}

/* jsonb of any value. */
static bool
convert_jsonb(const JsonValue *value, Datum *result)
{
	char	   *text = value->kind == JSON_STRING ?
		psprintf("\"%.*s\"", (int) value->length, value->text) : pnstrdup(value->text, value->length);

	*result = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
	return true;
}

/* Items of an array on their way. */
typedef struct Items
{
	ARRAY_OF(Datum) values;
	ARRAY_OF(bool) nulls;
} Items;

/* Collects the items of an array by their converter; no catalogue is asked, as there may be no transaction. */
static bool
convert_items(const JsonValue *value, Items *items, Convert convert)
{
	JsonReader	reader;
	JsonValue	item;

	if (value->kind != JSON_ARRAY)
		return false;
	json_begin(&reader, value->text, value->length);
	(void) json_enter(&reader, JSON_ARRAY);
	for (bool first = true; json_next_item(&reader, first); first = false)
	{
		Datum		datum = (Datum) 0;

		(void) json_value(&reader, &item);
		if (item.kind != JSON_NULL && !convert(&item, &datum))
			return false;
		*array_add(&items->values) = datum;
		*array_add(&items->nulls) = item.kind == JSON_NULL;
	}
	return true;
}

/* The array of collected items. */
static Datum
items_array(Items *items, Oid type, int length, bool by_value, char align)
{
	int			lower = 1;

	if (items->values.count == 0)
		return PointerGetDatum(construct_empty_array(type));
	return PointerGetDatum(construct_md_array(items->values.items, items->nulls.items, 1,
											  &items->values.count, &lower, type, length, by_value, align));
}

/* text[] of an array. */
static bool
convert_text_array(const JsonValue *value, Datum *result)
{
	Items		items = {{0}};

	if (!convert_items(value, &items, convert_text))
		return false;
	*result = items_array(&items, TEXTOID, -1, false, TYPALIGN_INT);
	return true;
}

/* bigint[] of an array of integers. */
static bool
convert_int8_array(const JsonValue *value, Datum *result)
{
	Items		items = {{0}};

	if (!convert_items(value, &items, convert_int8))
		return false;
	*result = items_array(&items, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	return true;
}

static const Converter converters[] = {
	{INT8OID, "bigint", convert_int8},
	{NUMERICOID, "numeric", convert_numeric},
	{TEXTOID, "text", convert_text},
	{BOOLOID, "boolean", convert_bool},
	{DATEOID, "date", convert_date},
	{TIMESTAMPOID, "timestamp", convert_timestamp},
	{TIMESTAMPTZOID, "timestamptz", convert_timestamptz},
	{JSONBOID, "jsonb", convert_jsonb},
	{TEXTARRAYOID, "text[]", convert_text_array},
	{INT8ARRAYOID, "bigint[]", convert_int8_array},
};

/* The converter of a type; an error when replies cannot fill such a column. */
static const Converter *
converter_of(Form_pg_attribute column)
{
	for (int i = 0; i < lengthof(converters); i++)
		if (converters[i].type == column->atttypid)
			return &converters[i];
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" is of type %s, which replies cannot fill",
					NameStr(column->attname), format_type_be(column->atttypid)),
			 errhint("Use bigint, numeric, text, boolean, date, timestamp, timestamptz, jsonb, text[] or bigint[].")));
}

/* Where a name is, or would be, in the hash. */
static int
slot_of(const RowShape *shape, const char *name, size_t length)
{
	int			slot = hash_bytes((const unsigned char *) name, (int) length) & (shape->nslots - 1);

	while (shape->slots[slot] >= 0)
	{
		const Field *field = &shape->fields[shape->slots[slot]];

		if (field->length == length && memcmp(field->name, name, length) == 0)
			break;
		slot = (slot + 1) & (shape->nslots - 1);
	}
	return slot;
}

/* Adds the field of a column. */
static void
field_add(RowShape *shape, const char *name, int column, Form_pg_attribute attribute)
{
	Field	   *field = &shape->fields[shape->nfields];

	field->name = pstrdup(name);
	field->length = strlen(name);
	field->column = column;
	field->converter = converter_of(attribute);
	field->dash_is_null = shape->is_report || attribute->atttypid != TEXTOID;
	field->follower = -1;
	shape->slots[slot_of(shape, name, field->length)] = shape->nfields++;
}

/* The field that fills a column. */
static const char *
field_name(const StreamDef *stream, const char *column)
{
	for (int i = 0; i < stream->rename_to.count; i++)
		if (strcmp(stream->rename_to.items[i], column) == 0)
			return stream->rename_from.items[i];
	return column;
}

/* Builds the table of fields for rows of this shape. */
RowShape *
row_shape_build(TupleDesc tupdesc, const StreamDef *stream)
{
	RowShape   *shape = palloc0(sizeof(RowShape));

	shape->is_report = stream->is_report;
	shape->ncolumns = tupdesc->natts;
	shape->extra = -1;
	shape->last = shape->first = -1;
	shape->fields = palloc(tupdesc->natts * sizeof(Field));
	for (shape->nslots = 16; shape->nslots < tupdesc->natts * 3;)
		shape->nslots *= 2;
	shape->slots = palloc(shape->nslots * sizeof(int));
	memset(shape->slots, -1, shape->nslots * sizeof(int));
	shape->values = palloc0(tupdesc->natts * sizeof(Datum));
	shape->nulls = palloc0(tupdesc->natts * sizeof(bool));
	shape->filled = palloc0(tupdesc->natts * sizeof(bool));
	initStringInfo(&shape->rest);
	initStringInfo(&shape->drift);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(tupdesc, i);
		const char *name = NameStr(column->attname);

		if (strcmp(name, "extra") == 0 && column->atttypid == JSONBOID)
			shape->extra = i;
		else if (strncmp(name, "__", 2) != 0)
			field_add(shape, field_name(stream, name), i, column);
	}
	if (shape->extra >= 0)
		shape->filled[shape->extra] = true;
	return shape;
}

/* True when rows are {dimensions, metrics}. */
bool
row_shape_is_report(const RowShape *shape)
{
	return shape->is_report;
}

/* Which columns some row filled since the last reset. */
bool *
row_shape_filled(RowShape *shape)
{
	return shape->filled;
}

/* Forgets which columns were filled and what was unexpected. */
void
row_shape_reset(RowShape *shape)
{
	memset(shape->filled, 0, shape->ncolumns * sizeof(bool));
	if (shape->extra >= 0)
		shape->filled[shape->extra] = true;
	resetStringInfo(&shape->drift);
}

/* What was unexpected since the last reset. */
char *
row_shape_drift(RowShape *shape)
{
	return shape->drift.len == 0 ? NULL : pstrdup(shape->drift.data);
}

/* Begins a row: all columns NULL. */
void
row_begin(RowShape *shape)
{
	memset(shape->nulls, true, shape->ncolumns * sizeof(bool));
	shape->last = -1;
	resetStringInfo(&shape->rest);
}

/* Names something unexpected, once. */
static void
drift_add(RowShape *shape, const char *text)
{
	if (shape->drift.len < DRIFT_MAX && strstr(shape->drift.data, text) == NULL)
		appendStringInfo(&shape->drift, "%s%s", shape->drift.len == 0 ? "" : ", ", text);
}

/* Keeps a value under its name in "extra". */
static void
extra_add(RowShape *shape, const JsonValue *name, const JsonValue *value)
{
	appendStringInfoString(&shape->rest, shape->rest.len == 0 ? "{\"" : ",\"");
	appendBinaryStringInfo(&shape->rest, name->text, name->length);
	appendStringInfoString(&shape->rest, value->kind == JSON_STRING ? "\":\"" : "\":");
	appendBinaryStringInfo(&shape->rest, value->text, value->length);
	if (value->kind == JSON_STRING)
		appendStringInfoChar(&shape->rest, '"');
}

/* The field of a name, NULL when it has no column. */
static inline Field *
field_find(RowShape *shape, const JsonValue *name)
{
	int			guess = shape->last < 0 ? shape->first : shape->fields[shape->last].follower;
	int			found;

	if (guess >= 0 && shape->fields[guess].length == name->length &&
		memcmp(shape->fields[guess].name, name->text, name->length) == 0)
		found = guess;
	else
	{
		found = shape->slots[slot_of(shape, name->text, name->length)];
		if (found < 0)
			return NULL;
		if (shape->last < 0)
			shape->first = found;
		else
			shape->fields[shape->last].follower = found;
	}
	shape->last = found;
	return &shape->fields[found];
}

/* True when a value means that there is none. */
static inline bool
value_is_missing(const Field *field, const JsonValue *value)
{
	if (value->kind == JSON_NULL)
		return true;
	if (value->kind != JSON_STRING)
		return false;
	return (value->length == 0 && field->converter->type != TEXTOID) ||
		(value->length == 1 && value->text[0] == '-' && field->dash_is_null);
}

/* Takes a field of the row. */
void
row_take(RowShape *shape, const JsonValue *name, const JsonValue *value)
{
	Field	   *field = field_find(shape, name);

	if (field == NULL)
	{
		if (value->kind != JSON_NULL)
			extra_add(shape, name, value);
		drift_add(shape, psprintf("unknown field %.*s", (int) Min(name->length, 63), name->text));
		return;
	}
	shape->filled[field->column] = true;
	if (value_is_missing(field, value))
	{
		shape->nulls[field->column] = true;
		return;
	}
	if (field->converter->convert(value, &shape->values[field->column]))
	{
		shape->nulls[field->column] = false;
		return;
	}
	shape->nulls[field->column] = true;
	extra_add(shape, name, value);
	if (value->kind != JSON_STRING || value->length == 0 || value->text[0] != '<')
		drift_add(shape, psprintf("field %s does not fit type %s", field->name, field->converter->type_name));
}

/* Ends the row. */
void
row_end(RowShape *shape, Datum **values, bool **nulls)
{
	if (shape->extra >= 0 && shape->rest.len > 0)
	{
		appendStringInfoChar(&shape->rest, '}');
		shape->values[shape->extra] = DirectFunctionCall1(jsonb_in, CStringGetDatum(shape->rest.data));
		shape->nulls[shape->extra] = false;
	}
	*values = shape->values;
	*nulls = shape->nulls;
}
