/*
 * slice.c: a slice while it is read.
 *
 * Rows wait in a tuplestore that spills to disk beyond work_mem, so a slice of
 * any size needs the same memory.  Pages may arrive in any order: a row's
 * ordinal is its page and its place there, and decides which duplicate is last.
 */
#include "postgres.h"

#include "base/clock.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "sync/slice.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"

#define ORDINALS_PER_PAGE	INT64CONST(1000000)
#define DRIFT_MAX	65536

/* Days that a dated slice covers, 0 for an undated one; a month is one piece. */
int
slice_days(const Slice *slice)
{
	const StreamDef *stream = slice->target->stream;

	if (stream->date_column == NULL)
		return 0;
	return stream->by_month ? 1 : slice->scope.to - slice->scope.from + 1;
}

/* A date as text. */
static char *
date_text(DateADT date)
{
	return DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(date)));
}

/* Names the slice for messages. */
char *
slice_describe(const Slice *slice)
{
	if (slice_days(slice) == 0)
		return psprintf("stream %s, advertiser " INT64_FORMAT,
						slice->target->stream->name, slice->scope.advertiser_id);
	return psprintf("stream %s, advertiser " INT64_FORMAT ", %s to %s",
					slice->target->stream->name, slice->scope.advertiser_id,
					date_text(slice->scope.from), date_text(slice->scope.to));
}

/* What of the stream is asked for. */
RequestScope
slice_request(const Slice *slice, const Connection *connection)
{
	RequestScope scope = {
		.advertiser_id = slice->scope.advertiser_id,
		.from = slice->scope.from,
		.to = slice->scope.to,
		.modified_only = slice->modified_only,
		.totals = connection != NULL && strcmp(connection->tier, "sandbox") != 0,
		.page_size = slice->page_size,
		.metrics = slice->metrics,
		.campaign_ids = slice->campaign_ids,
		.each = slice->scope.each_count > 0 ? &slice->scope.each[slice->scope.each_now] : NULL
	};

	return scope;
}

/* Begins reading, for the first time or again. */
void
slice_begin(Slice *slice)
{
	MemoryContext before = MemoryContextSwitchTo(slice->context);

	if (slice->rows == NULL)
	{
		slice->filled = palloc0(slice->target->ncolumns * sizeof(bool));
		initStringInfo(&slice->request_ids);
		initStringInfo(&slice->note);
		initStringInfo(&slice->drift);
	}
	else
		tuplestore_end(slice->rows);
	slice->rows = incoming_begin();
	slice->state = SLICE_FETCHING;
	slice->nrows = 0;
	slice->next_page = 1;
	slice->pages_done = 0;
	slice->total_pages = -1;
	slice->total_rows = -1;
	slice->shifted = false;
	slice->totals = NULL;
	slice->unchanged = false;
	slice->scope.each_now = 0;
	slice->pages_before = 0;
	slice->rows_before = 0;
	repeat_restart(slice);
	slice->rejected = 0;
	slice->read_at = clock_now();
	resetStringInfo(&slice->drift);
	slice->epoch++;
	MemoryContextSwitchTo(before);
}

/* Asks for page 1 of the next part, and keeps the rows of those before. */
void
slice_turn(Slice *slice)
{
	slice->next_page = 1;
	slice->pages_done = 0;
	slice->total_pages = -1;
	slice->total_rows = -1;
	slice->epoch++;
}

/* Puts one parsed row of a page into the slice. */
void
slice_add_row(Slice *slice, int page, int row, Datum *values, bool *nulls)
{
	Target	   *target = slice->target;

	target_complete(target, &slice->scope, values, nulls);
	if (!target_has_key(target, nulls))
	{
		slice->rejected++;
		return;
	}
	values[target->ncolumns] = Int64GetDatum(page * ORDINALS_PER_PAGE + row);
	nulls[target->ncolumns] = false;
	tuplestore_putvalues(slice->rows, target->incoming, values, nulls);
	slice->nrows++;
}

/* Takes note of what a page's envelope says. */
void
slice_add_page(Slice *slice, const Envelope *envelope, int page)
{
	slice->pages_done++;
	if (envelope->request_id != NULL)
		appendStringInfo(&slice->request_ids, "%s%s", slice->request_ids.len == 0 ? "" : ",",
						 envelope->request_id);
	if (envelope->repaired > 0)
		slice_note(slice, "invalid text was replaced by U+FFFD");
	if (envelope->drift != NULL)
	{
		slice_note(slice, "drift: %s", envelope->drift);
		if (slice->drift.len < DRIFT_MAX)
			appendStringInfo(&slice->drift, "%s%s", slice->drift.len == 0 ? "" : ", ", envelope->drift);
	}
	if (envelope->code != 0)
	{
		/* well, but not wholly: what is missing is not gone */
		slice->shifted = true;
		slice_note(slice, "the API answered in part, with code " INT64_FORMAT, envelope->code);
	}
	if (envelope->totals != NULL)
		slice->totals = MemoryContextStrdup(slice->context, envelope->totals);
	if (slice->total_pages < 0)
	{
		slice->total_rows = envelope->total_number;
		slice->total_pages = Max(envelope->total_page, 1);
		slice->next_page = 2;
	}
	else if (envelope->total_number != slice->total_rows)
		slice->shifted = true;
}

/* True when every page is there. */
bool
slice_is_whole(const Slice *slice)
{
	return slice->total_pages > 0 && slice->pages_done >= slice->total_pages;
}

/* True when the rows are as many as the API says and nothing moved meanwhile. */
bool
slice_is_consistent(const Slice *slice)
{
	return !slice->shifted && slice->rejected == 0 &&
		(slice->total_rows < 0 || slice->nrows == slice->total_rows);
}

/* Frees what reading needed. */
void
slice_end(Slice *slice)
{
	slice->state = SLICE_OVER;
	if (slice->rows != NULL)
		tuplestore_end(slice->rows);
	slice->rows = NULL;
	repeat_forget(slice);
}

/* Frees what the record of its end needed. */
void
slice_recorded(Slice *slice)
{
	pfree(slice->filled);
	pfree(slice->request_ids.data);
	pfree(slice->note.data);
	slice->filled = NULL;
}

/* Appends to the slice's note for the history, once. */
void
slice_note(Slice *slice, const char *format,...)
{
	char		text[512];
	va_list		arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text[pg_mbcliplen(text, strlen(text), sizeof(text) - 1)] = '\0';
	if (strstr(slice->note.data, text) == NULL && slice->note.len < 4096)
		appendStringInfo(&slice->note, "%s%s", slice->note.len == 0 ? "" : "; ", text);
}
