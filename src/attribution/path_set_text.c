/*
 * path_set_text.c: the text form of a path_set, which is JSON.
 *
 * {"alpha > beta": [conversions, value, nulls], ...} with the text form of each
 * journey.  A sum that no double holds exactly is a list of doubles that add up
 * to it: [[0.3, 5.5e-17], 0, 0].
 */
#include "postgres.h"

#include "attribution/journey.h"
#include "attribution/path_set.h"
#include "attribution/path_table.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(tiktokads_path_set_in);
PG_FUNCTION_INFO_V1(tiktokads_path_set_out);

/* Appends an exact sum. */
static void
sum_append(StringInfo text, const Exact *sum)
{
	double		parts[EXACT_PARTS_MAX];
	int			count = exact_parts(sum, parts);

	if (count != 1)
		appendStringInfoChar(text, count == 0 ? '0' : '[');
	for (int i = 0; i < count; i++)
	{
		char	   *number = float8out_internal(parts[i]);

		appendStringInfo(text, "%s%s", i > 0 ? ", " : "", number);
		pfree(number);
	}
	if (count > 1)
		appendStringInfoChar(text, ']');
}

/* Appends the text of a journey as a JSON string. */
static void
key_append(StringInfo text, const PathEntry *entry)
{
	StringInfoData journey;
	int			count;
	Touch	   *touch = journey_touches(entry->key, entry->size, &count);

	initStringInfo(&journey);
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoString(&journey, " > ");
		journey_append_touch(&journey, &touch[i]);
	}
	escape_json(text, journey.data);
	pfree(journey.data);
	pfree(touch);
}

/* Text form of a set. */
Datum
tiktokads_path_set_out(PG_FUNCTION_ARGS)
{
	struct varlena *set = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	PathTable  *table = path_table_new(CurrentMemoryContext, true);
	PathEntry **entry;
	StringInfoData text;

	path_set_load(table, VARDATA_ANY(set), VARSIZE_ANY_EXHDR(set));
	entry = path_table_sorted(table);
	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	for (uint32 i = 0; i < table->count; i++)
	{
		if (i > 0)
			appendStringInfoString(&text, ", ");
		key_append(&text, entry[i]);
		appendStringInfoString(&text, ": [");
		sum_append(&text, &entry[i]->sums.conversions);
		appendStringInfoString(&text, ", ");
		sum_append(&text, &entry[i]->sums.value);
		appendStringInfoString(&text, ", ");
		sum_append(&text, &entry[i]->sums.nulls);
		appendStringInfoChar(&text, ']');
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

/* Ends with an error about a text that is no set. */
static void
text_fail(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s", "path_set"),
			 errhint("A set of paths reads: {\"alpha > beta\": [conversions, value, nulls]}")));
}

/* Adds one number of JSON to an exact sum, in the current context. */
static void
number_add(Exact *sum, const JsonbValue *value)
{
	double		number;

	if (value->type != jbvNumeric)
		text_fail();
	number = DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
	exact_add(sum, number);
}

/* Reads a number, or a list of numbers that add up. */
static void
sum_parse(Exact *sum, JsonbIterator **iterator)
{
	JsonbValue	value;
	JsonbIteratorToken token = JsonbIteratorNext(iterator, &value, false);

	if (token == WJB_ELEM)
		number_add(sum, &value);
	else if (token == WJB_BEGIN_ARRAY)
		while ((token = JsonbIteratorNext(iterator, &value, false)) == WJB_ELEM)
			number_add(sum, &value);
	if (token != WJB_ELEM && token != WJB_END_ARRAY)
		text_fail();
	if (exact_value(sum) < 0)
		text_fail();
}

/* Reads one path and its numbers. */
static void
entry_parse(PathTable *table, const JsonbValue *key, JsonbIterator **iterator)
{
	int			count;
	Touch	   *touch = journey_parse(pnstrdup(key->val.string.val, key->val.string.len), &count);
	struct varlena *journey = journey_make(touch, count);
	PathEntry  *entry = path_table_entry(table, JOURNEY_PAYLOAD(journey), JOURNEY_SIZE(journey));
	JsonbValue	value;

	if (JsonbIteratorNext(iterator, &value, false) != WJB_BEGIN_ARRAY)
		text_fail();
	sum_parse(&entry->sums.conversions, iterator);
	sum_parse(&entry->sums.value, iterator);
	sum_parse(&entry->sums.nulls, iterator);
	if (JsonbIteratorNext(iterator, &value, false) != WJB_END_ARRAY)
		text_fail();
}

/* Reads the text form of a set. */
Datum
tiktokads_path_set_in(PG_FUNCTION_ARGS)
{
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0)));
	PathTable  *table = path_table_new(CurrentMemoryContext, true);
	JsonbIterator *iterator = JsonbIteratorInit(&json->root);
	JsonbValue	key;
	JsonbIteratorToken token;

	if (JsonbIteratorNext(&iterator, &key, false) != WJB_BEGIN_OBJECT)
		text_fail();
	while ((token = JsonbIteratorNext(&iterator, &key, false)) == WJB_KEY)
		entry_parse(table, &key, &iterator);
	PG_RETURN_POINTER(path_set_make(table));
}
