/*
 * each.c: streams whose requests go through the rows of another.
 *
 * GMV Max reports are asked for each shop of an ad account by itself, those of
 * products for each campaign, those of creatives for each campaign and some
 * products of it.  A slice reads them one after the other and is stored whole,
 * so that its days are read or not read as with any other stream.  What is gone
 * through is found by tiktokads.each_part.
 *
 * What must stay true: rows of those that are not in the list any more (a shop
 * that is gone) are left alone, because nothing was asked about them; and what
 * goes through a report begins when that report has read its days, and ends
 * before they are read again.
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
	MemoryContext before;

	if (stream->each_stream == NULL)
		return;
	add_text(&parameters, stream->name);
	add_int64(&parameters, slice->scope.advertiser_id);
	execute("SELECT tiktokads.each_asked($1, $2) AS asked", &parameters, SPI_OK_SELECT);
	slice->scope.asked = row_text(context, 0, "asked");
	add(&parameters, DATEOID, DateADTGetDatum(slice->scope.from), false);
	add(&parameters, DATEOID, DateADTGetDatum(slice->scope.to), false);
	execute("SELECT lead_values, last_values FROM tiktokads.each_part($1, $2, $3, $4)", &parameters, SPI_OK_SELECT);
	slice->scope.each_count = (int) SPI_processed;
	slice->scope.each = MemoryContextAllocZero(context, Max(slice->scope.each_count, 1) * sizeof(EachPart));
	for (int i = 0; i < slice->scope.each_count; i++)
	{
		slice->scope.each[i].lead = row_names(context, i, "lead_values");
		slice->scope.each[i].last = row_names(context, i, "last_values");
	}
	before = MemoryContextSwitchTo(context);
	for (int i = 0; i < slice->scope.each_count; i++)
		target_each_own(slice->target, &slice->scope.each[i]);
	MemoryContextSwitchTo(before);
}

/* True when there is nothing to go through: the slice is read already. */
bool
each_is_over(Slice *slice)
{
	if (slice->target->stream->each_stream == NULL || slice->scope.each_count > 0)
		return false;
	slice->total_pages = 0;
	slice->total_rows = 0;
	return true;
}

/* After the pages of one: goes on with the next; false: it was the last, and the slice has all. */
bool
each_next(Slice *slice)
{
	if (slice->scope.each_count == 0)
		return false;
	slice->pages_before += slice->pages_done;
	slice->rows_before = slice->rows_before < 0 || slice->total_rows < 0 ? -1 : slice->rows_before + slice->total_rows;
	if (slice->scope.each_now + 1 >= slice->scope.each_count)
	{
		slice->pages_done = (int) (slice->total_pages = slice->pages_before);
		slice->total_rows = slice->rows_before;
		return false;
	}
	slice->scope.each_now++;
	slice_turn(slice);
	return true;
}

/* Full pages that the whole slice would have, by the parts that are read. */
double
each_pages(const Slice *slice)
{
	return slice->nrows / (double) slice->target->stream->page_size / (slice->scope.each_now + 1) * slice->scope.each_count;
}

/* True when one of two slices has to wait for the other: it goes through the other's rows of these days. */
static bool
slice_goes_through(const Slice *slice, const Slice *other)
{
	return slice->scope.advertiser_id == other->scope.advertiser_id &&
		slice->scope.from <= other->scope.to && other->scope.from <= slice->scope.to &&
		strcmp(slice->target->stream->each_stream, other->target->stream->name) == 0;
}

/* True while this run has still to read what a slice goes through. */
bool
each_waits(const Run *run, const Slice *slice)
{
	if (slice->target->stream->each_stream == NULL)
		return false;
	for (int i = 0; i < run->open.count; i++)
		if (slice_goes_through(slice, run->open.items[i]))
			return true;
	for (int i = 0; i < run->pending.count; i++)
		if (slice_goes_through(slice, run->pending.items[i]))
			return true;
	return false;
}
