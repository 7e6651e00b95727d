/*
 * series.c: gathers measurements for the aggregates forecast, stl and their kin.
 *
 * Rows come in any order, from any number of workers: states are joined by
 * appending, and ordered by time, then value, only when the answer is made, so
 * that sums are taken in one order.  The second part of each row, a number
 * (horizon, period) and an options object, must be the same for all rows.
 *
 * A serialised state may come from anywhere: its lengths are checked.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "anomaly/pause.h"
#include "anomaly/series.h"
#include "base/aggregate.h"
#include "base/compat.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(tiktokads_series_add);
PG_FUNCTION_INFO_V1(tiktokads_series_add_number);
PG_FUNCTION_INFO_V1(tiktokads_series_combine);
PG_FUNCTION_INFO_V1(tiktokads_series_serialize);
PG_FUNCTION_INFO_V1(tiktokads_series_deserialize);

#define SERIES_VERSION	1
#define POINTS_MAX		(INT32_MAX / 64)

/* Lets arithmetic be cancelled. */
static void
series_pause(void)
{
	CHECK_FOR_INTERRUPTS();
}

void		(*pause_hook) (void) = series_pause;

/* Makes an empty state. */
static Series *
series_make(MemoryContext context)
{
	return MemoryContextAllocZero(context, sizeof(Series));
}

/* Makes room for more measurements. */
static void
series_reserve(Series *series, MemoryContext context, int64 more)
{
	int64		wanted = series->count + more;

	if (wanted <= series->capacity)
		return;
	if (wanted > POINTS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a series cannot hold more than %d measurements", POINTS_MAX),
				 errhint("Aggregate it to a coarser step first, for example with date_trunc.")));
	series->capacity = Max(wanted, Max(64, series->capacity * 2));
	if (series->points == NULL)
		series->points = MemoryContextAllocHuge(context, series->capacity * sizeof(Point));
	else
		series->points = repalloc_huge(series->points, series->capacity * sizeof(Point));
}

/* Wall time of an argument that is a timestamp, timestamptz or date. */
static int64
wall_time(FunctionCallInfo fcinfo, int argument)
{
	Datum		at = PG_GETARG_DATUM(argument);

	switch (get_fn_expr_argtype(fcinfo->flinfo, argument))
	{
		case TIMESTAMPTZOID:
			return DatumGetTimestamp(DirectFunctionCall1(timestamptz_timestamp, at));
		case DATEOID:
			return DatumGetTimestamp(DirectFunctionCall1(date_timestamp, at));
		default:
			return DatumGetTimestamp(at);
	}
}

/* True when two options objects are the same, or both missing. */
static bool
same_options(const Jsonb *a, const Jsonb *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* Takes the arguments that all rows share from the first row, and holds the others to them. */
static void
series_share(Series *series, MemoryContext context, bool first, bool has_number, int32 number, const Jsonb *options)
{
	if (first)
	{
		series->has_number = has_number;
		series->number = number;
		if (options)
		{
			series->options = MemoryContextAlloc(context, VARSIZE(options));
			memcpy(series->options, options, VARSIZE(options));
		}
	}
	else if (series->has_number != has_number || series->number != number || !same_options(series->options, options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon, period and options must be the same for all rows of a group"),
				 errhint("Give constants, or columns of GROUP BY.")));
}

/* Adds a row: value, at [, number] [, options]. */
static Datum
series_add(FunctionCallInfo fcinfo, bool numbered, const char *name)
{
	MemoryContext context = aggregate_context(fcinfo, name);
	bool		first = PG_ARGISNULL(0);
	Series	   *series = first ? series_make(context) : (Series *) PG_GETARG_POINTER(0);
	int			next = 3;
	bool		has_number = false;
	int32		number = 0;
	Jsonb	   *options = NULL;
	int64		at;

	if (numbered)
	{
		has_number = !PG_ARGISNULL(next);
		number = has_number ? PG_GETARG_INT32(next) : 0;
		next++;
	}
	if (PG_NARGS() > next && !PG_ARGISNULL(next))
		options = PG_GETARG_JSONB_P(next);
	series_share(series, context, first, has_number, number, options);
	if (PG_ARGISNULL(2))
		PG_RETURN_POINTER(series);
	at = wall_time(fcinfo, 2);
	if (TIMESTAMP_NOT_FINITE(at))
		PG_RETURN_POINTER(series);
	series_reserve(series, context, 1);
	series->points[series->count].at = at;
	series->points[series->count].value = PG_ARGISNULL(1) || !isfinite(PG_GETARG_FLOAT8(1)) ? NAN : PG_GETARG_FLOAT8(1);
	series->count++;
	PG_RETURN_POINTER(series);
}

/* Transition of aggregates of (value, at [, options]). */
Datum
tiktokads_series_add(PG_FUNCTION_ARGS)
{
	return series_add(fcinfo, false, "tiktokads.series_add");
}

/* Transition of aggregates of (value, at, number [, options]). */
Datum
tiktokads_series_add_number(PG_FUNCTION_ARGS)
{
	return series_add(fcinfo, true, "tiktokads.series_add");
}

/* Joins two states. */
Datum
tiktokads_series_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "tiktokads.series_combine");
	Series	   *into = PG_ARGISNULL(0) ? NULL : (Series *) PG_GETARG_POINTER(0);
	Series	   *from = PG_ARGISNULL(1) ? NULL : (Series *) PG_GETARG_POINTER(1);
	bool		first = into == NULL;

	if (from == NULL)
	{
		if (into == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(into);
	}
	if (first)
		into = series_make(context);
	series_share(into, context, first, from->has_number, from->number, from->options);
	series_reserve(into, context, from->count);
	if (from->count > 0)
		memcpy(into->points + into->count, from->points, from->count * sizeof(Point));
	into->count += from->count;
	PG_RETURN_POINTER(into);
}

/* A state as bytes. */
Datum
tiktokads_series_serialize(PG_FUNCTION_ARGS)
{
	Series	   *series;
	StringInfoData bytes;

	aggregate_context(fcinfo, "tiktokads.series_serialize");
	series = (Series *) PG_GETARG_POINTER(0);
	pq_begintypsend(&bytes);
	pq_sendint8(&bytes, SERIES_VERSION);
	pq_sendint8(&bytes, series->has_number);
	pq_sendint32(&bytes, series->number);
	pq_sendint32(&bytes, series->options == NULL ? 0 : VARSIZE(series->options));
	if (series->options)
		pq_sendbytes(&bytes, (char *) series->options, VARSIZE(series->options));
	pq_sendint32(&bytes, (int32) series->count);
	for (int64 i = 0; i < series->count; i++)
	{
		pq_sendint64(&bytes, series->points[i].at);
		pq_sendfloat8(&bytes, series->points[i].value);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&bytes));
}

/* Complains of bytes that are no state. */
static void
series_refuse(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("invalid serialized state of a series")));
}

/* A state from bytes. */
Datum
tiktokads_series_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *state;
	StringInfoData bytes;
	Series	   *series;
	int32		size;
	int32		count;

	aggregate_context(fcinfo, "tiktokads.series_deserialize");
	state = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&bytes);
	appendBinaryStringInfo(&bytes, VARDATA_ANY(state), VARSIZE_ANY_EXHDR(state));
	if (pq_getmsgbyte(&bytes) != SERIES_VERSION)
		series_refuse();
	series = series_make(CurrentMemoryContext);
	series->has_number = pq_getmsgbyte(&bytes) != 0;
	series->number = (int32) pq_getmsgint(&bytes, 4);
	size = (int32) pq_getmsgint(&bytes, 4);
	if (size != 0)
	{
		if (size < (int32) sizeof(Jsonb) || size > bytes.len - bytes.cursor)
			series_refuse();
		series->options = palloc(size);
		memcpy(series->options, pq_getmsgbytes(&bytes, size), size);
		if (VARATT_IS_EXTENDED(series->options) || VARSIZE(series->options) != size)
			series_refuse();
	}
	count = (int32) pq_getmsgint(&bytes, 4);
	if (count < 0 || (int64) count * 16 != bytes.len - bytes.cursor)
		series_refuse();
	series_reserve(series, CurrentMemoryContext, count);
	for (int i = 0; i < count; i++)
	{
		series->points[i].at = pq_getmsgint64(&bytes);
		series->points[i].value = pq_getmsgfloat8(&bytes);
	}
	series->count = count;
	pq_getmsgend(&bytes);
	PG_RETURN_POINTER(series);
}

/* The state that a final function was given; NULL when the group had no row. */
Series *
series_argument(FunctionCallInfo fcinfo, const char *name)
{
	aggregate_context(fcinfo, name);
	return PG_ARGISNULL(0) ? NULL : (Series *) PG_GETARG_POINTER(0);
}

/*
 * Puts the measurements on a grid, in the current context; false when there is
 * none.  The state is left as it was: final functions may be called again.
 */
bool
series_grid(const Series *series, Grid *grid)
{
	Point	   *points;
	int64	   *distances;
	int			first = 0;
	int			n;

	if (series == NULL || series->count == 0)
		return false;
	points = palloc_extended(series->count * sizeof(Point), MCXT_ALLOC_HUGE);
	memcpy(points, series->points, series->count * sizeof(Point));
	grid_order(points, (int) series->count);
	/* a series begins and ends with a measurement */
	n = (int) series->count;
	while (n > 0 && isnan(points[n - 1].value))
		n--;
	while (first < n && isnan(points[first].value))
		first++;
	if (first == n)
		return false;
	distances = palloc_extended(n * sizeof(int64), MCXT_ALLOC_HUGE);
	grid_plan(grid, points + first, n - first, distances);
	grid->value = palloc_extended(abs(grid->n) * sizeof(double), MCXT_ALLOC_HUGE);
	grid->filled = palloc_extended(abs(grid->n) * sizeof(bool), MCXT_ALLOC_HUGE);
	grid_fill(grid, points + first, n - first);
	pfree(distances);
	pfree(points);
	return true;
}

/* An array of the aggregate's result type, whose elements row() makes. */
Datum
series_array(FunctionCallInfo fcinfo, int count, Datum (*row) (void *arg, int i, TupleDesc desc), void *arg)
{
	Oid			element = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	TupleDesc	desc;
	Datum	   *items = palloc_extended(Max(count, 1) * sizeof(Datum), MCXT_ALLOC_HUGE);

	if (!OidIsValid(element))
		elog(ERROR, "result of the aggregate is no array");
	desc = lookup_rowtype_tupdesc(element, -1);
	for (int i = 0; i < count; i++)
	{
		items[i] = row(arg, i, desc);
		if (i % 10000 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	ReleaseTupleDesc(desc);
	PG_RETURN_ARRAYTYPE_P(construct_array(items, count, element, -1, false, TYPALIGN_DOUBLE));
}
