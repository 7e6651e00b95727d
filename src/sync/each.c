/*
 * each.c: streams whose requests go through the rows of a list.
 *
 * GMV Max reports are asked for each shop of an ad account by itself.  A slice
 * reads them one after the other and is stored whole, so that its days are read
 * or not read as with any other stream.
 *
 * What must stay true: rows of those that are not in the list any more are left
 * alone, because nothing was asked about them.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "sync/engine.h"
#include "sync/parameter.h"
#include "utils/memutils.h"

/* In a unit: what a slice has to go through. */
void
each_prepare(MemoryContext context, Slice *slice)
{
	const StreamDef *stream = slice->target->stream;
	Parameters	parameters = {0};
	const char *column;
	char	   *table;
	MemoryContext before;

	if (stream->each_column == NULL)
		return;
	add_text(&parameters, stream->each_stream);
	execute("SELECT target FROM tiktokads.stream WHERE stream = $1", &parameters, SPI_OK_SELECT);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("stream \"%s\" goes through stream \"%s\", which does not exist", stream->name, stream->each_stream),
				 errhint("Look at the stream's row in tiktokads.stream.")));
	table = row_text(CurrentMemoryContext, 0, "target");
	column = quote_identifier(stream->each_column);
	parameters.count = 0;
	add_int64(&parameters, slice->scope.advertiser_id);
	execute(psprintf("SELECT coalesce(pg_catalog.array_agg(o.%s::text ORDER BY o.%s), '{}') AS each"
					 " FROM tiktokads.%s AS o WHERE o.advertiser_id = $1 AND o.removed_at IS NULL",
					 column, column, quote_identifier(table)), &parameters, SPI_OK_SELECT);
	slice->scope.each = row_names(context, 0, "each");
	before = MemoryContextSwitchTo(context);
	slice->scope.each_values = palloc(Max(slice->scope.each.count, 1) * sizeof(Datum));
	for (int i = 0; i < slice->scope.each.count; i++)
		slice->scope.each_values[i] = target_each_value(slice->target, slice->scope.each.items[i]);
	MemoryContextSwitchTo(before);
}

/* True when there is nothing to go through: the slice is read already. */
bool
each_is_over(Slice *slice)
{
	if (slice->target->stream->each_column == NULL || slice->scope.each.count > 0)
		return false;
	slice->total_pages = 0;
	slice->total_rows = 0;
	return true;
}

/* After the pages of one: goes on with the next; false: it was the last, and the slice has all. */
bool
each_next(Slice *slice)
{
	if (slice->scope.each.count == 0)
		return false;
	slice->pages_before += slice->pages_done;
	slice->rows_before = slice->rows_before < 0 || slice->total_rows < 0 ? -1 : slice->rows_before + slice->total_rows;
	if (slice->scope.each_now + 1 >= slice->scope.each.count)
	{
		slice->pages_done = (int) (slice->total_pages = slice->pages_before);
		slice->total_rows = slice->rows_before;
		return false;
	}
	slice->scope.each_now++;
	slice_turn(slice);
	return true;
}
