/*
 * complete.c: what a row needs that the reply does not say.
 *
 * The ad account, the constants and the joined member that tell the rows of one
 * stream from those of another in the same table, the month that a request was
 * for, and the UTC of an hour that the API gives as the account's wall time.
 *
 * An hour that the clock shows twice is the second one, and one that it leaves
 * out is counted from before the change: as AT TIME ZONE has it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "store/target.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* Position of a column, -1 when there is none of that name. */
static int
column_find(const Target *target, const char *name)
{
	for (int i = 0; name != NULL && i < target->ncolumns; i++)
		if (strcmp(NameStr(TupleDescAttr(target->incoming, i)->attname), name) == 0)
			return i;
	return -1;
}

/* Position of a column that the stream names; an error when there is none. */
static int
column_need(const Target *target, const char *name)
{
	int			column = column_find(target, name);

	if (column < 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" of stream \"%s\" has no column \"%s\"",
						target->stream->target, target->stream->name, name),
				 errhint("Look at the stream's row in tiktokads.stream; CALL tiktokads.create_model() makes columns that are missing.")));
	return column;
}

/* A column's value from its text. */
static Datum
column_datum(const Target *target, int column, const char *text)
{
	Form_pg_attribute attribute = TupleDescAttr(target->incoming, column);
	Oid			function;
	Oid			parameter;

	getTypeInputInfo(attribute->atttypid, &function, &parameter);
	return OidInputFunctionCall(function, pstrdup(text), parameter, attribute->atttypmod);
}

/* Fills in a part's own values, as the target's columns have them; in a unit of work. */
void
target_each_own(const Target *target, EachPart *part)
{
	int			count = target->stream->each_columns.count;

	part->own = palloc0(count * sizeof(Datum));
	for (int i = 0; i < count; i++)
		if (target->completion.each[i] >= 0)
			part->own[i] = column_datum(target, target->completion.each[i], i < part->lead.count ? part->lead.items[i] : part->last.items[0]);
}

/* Finds the columns of what is gone through that no reply has; in the target's context. */
static void
each_prepare_columns(Target *target)
{
	const StreamDef *stream = target->stream;
	Completion *completion = &target->completion;

	completion->each = palloc0(Max(stream->each_columns.count, 1) * sizeof(int));
	for (int i = 0; i < stream->each_columns.count; i++)
	{
		const char *name = stream->each_columns.items[i];

		/* a dimension comes back with each row */
		completion->each[i] = names_contain(&stream->dimensions, name) ? -1 : column_need(target, name);
		if (completion->each[i] >= 0)
			completion->is_ours[completion->each[i]] = true;
	}
}

/* True when a completed row has all of its key. */
bool
target_has_key(const Target *target, const bool *nulls)
{
	for (int i = 0; i < target->stream->key_columns.count; i++)
		if (nulls[target->keys[i]])
			return false;
	return true;
}

/* Finds the columns that are ours to fill; in the target's context. */
void
completion_prepare(Target *target)
{
	const StreamDef *stream = target->stream;
	Completion *completion = &target->completion;

	target->keys = palloc0(Max(stream->key_columns.count, 1) * sizeof(int));
	for (int i = 0; i < stream->key_columns.count; i++)
		target->keys[i] = column_need(target, stream->key_columns.items[i]);
	completion->is_ours = palloc0(target->ncolumns * sizeof(bool));
	completion->constants = palloc0(Max(stream->constant_columns.count, 1) * sizeof(Constant));
	for (int i = 0; i < stream->constant_columns.count; i++)
	{
		Constant   *constant = &completion->constants[completion->nconstants++];

		constant->column = column_need(target, stream->constant_columns.items[i]);
		constant->value = column_datum(target, constant->column, stream->constant_values.items[i]);
		completion->is_ours[constant->column] = true;
	}
	completion->member = stream->member_column == NULL ? -1 : column_need(target, stream->member_column);
	completion->parts = palloc0(Max(stream->member_fields.count, 1) * sizeof(int));
	for (int i = 0; i < stream->member_fields.count; i++)
		completion->parts[i] = column_need(target, stream->member_fields.items[i]);
	completion->date = column_find(target, stream->date_column);
	each_prepare_columns(target);
	completion->utc = stream->utc_column == NULL ? -1 : column_need(target, stream->utc_column);
	if (completion->member >= 0)
		completion->is_ours[completion->member] = true;
	if (completion->utc >= 0)
		completion->is_ours[completion->utc] = true;
	completion->is_ours[target->advertiser_column] = true;
}

/* The instant at which a zone's clock shows a time. */
static TimestampTz
instant_of(Timestamp wall, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t		fsec;
	TimestampTz instant;
	int			offset;

	if (timestamp2tm(wall, NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "timestamp out of range");
	offset = DetermineTimeZoneOffset(&tm, zone);
	if (tm2timestamp(&tm, fsec, &offset, &instant) != 0)
		elog(ERROR, "timestamp out of range");
	return instant;
}

/* Joins the parts of a member by +. */
static Datum
member_join(const Target *target, const Datum *values, const bool *nulls)
{
	const Completion *completion = &target->completion;
	StringInfoData joined;

	initStringInfo(&joined);
	for (int i = 0; i < target->stream->member_fields.count; i++)
	{
		int			part = completion->parts[i];

		appendStringInfo(&joined, "%s%s", i == 0 ? "" : "+",
						 nulls[part] ? "NONE" : TextDatumGetCString(values[part]));
	}
	return PointerGetDatum(cstring_to_text_with_len(joined.data, joined.len));
}

/* Puts a value into a row. */
static inline void
fill(Datum *values, bool *nulls, int column, Datum value)
{
	values[column] = value;
	nulls[column] = false;
}

/* Completes a parsed row. */
void
target_complete(const Target *target, const Scope *scope, Datum *values, bool *nulls)
{
	const Completion *completion = &target->completion;

	if (nulls[target->advertiser_column])
		fill(values, nulls, target->advertiser_column, Int64GetDatum(scope->advertiser_id));
	for (int i = 0; i < completion->nconstants; i++)
		fill(values, nulls, completion->constants[i].column, completion->constants[i].value);
	for (int i = 0; i < target->stream->each_columns.count; i++)
		if (completion->each[i] >= 0)
			fill(values, nulls, completion->each[i], scope->each[scope->each_now].own[i]);
	if (completion->member >= 0)
		fill(values, nulls, completion->member, member_join(target, values, nulls));
	if (target->stream->by_month)
		fill(values, nulls, completion->date, DateADTGetDatum(scope->from));
	if (completion->utc >= 0 && !nulls[completion->date])
		fill(values, nulls, completion->utc,
			 TimestampTzGetDatum(instant_of(DatumGetTimestamp(values[completion->date]), scope->zone)));
}
