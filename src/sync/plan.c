/*
 * plan.c: which slices are due.
 *
 * A slice is as wide as the API allows, counted back from the newest day, so
 * that requests are as few as possible; but no wider than SLICE_PAGES pages
 * once the first page has told how dense the stream is, so that what a failure
 * costs is bounded.  "Today" is the advertiser's own: its IANA zone decides.
 *
 * Days that retention removed (tiktokads.expired_range) are left out, when the
 * plan is made and again when a slice is claimed and stored: it may run meanwhile.
 */
#include "postgres.h"

#include "base/clock.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "pgtime.h"
#include "sync/parameter.h"
#include "sync/plan.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/memutils.h"

#define SLICE_PAGES		50
#define DEFAULT_DAYS	30

/* An ad account as the plan sees it. */
typedef struct PlanAdvertiser
{
	int64		id;
	pg_tz	   *zone;
	DateADT		today;
} PlanAdvertiser;

/* A time zone by name; UTC when it is unknown. */
static pg_tz *
zone_find(const char *name)
{
	pg_tz	   *zone = name == NULL ? NULL : pg_tzset(name);

	return zone != NULL ? zone : pg_tzset("GMT");
}

/* Reads the advertisers of a connection that are to be synced. */
static PlanAdvertiser *
advertisers_load(MemoryContext context, const Connection *connection,
				 const SyncRequest *request, int *count)
{
	Oid			types[] = {TEXTOID, INT8OID};
	Datum		values[] = {
		CStringGetTextDatum(connection->name), Int64GetDatum(request->advertiser_id)
	};
	PlanAdvertiser *advertisers;

	unit_execute("SELECT advertiser_id, display_timezone FROM tiktokads.advertiser"
				 " WHERE connection = $1 AND sync AND readable AND ($2 = 0 OR advertiser_id = $2)"
				 " ORDER BY advertiser_id", 2, types, values, NULL, SPI_OK_SELECT);
	*count = (int) SPI_processed;
	advertisers = MemoryContextAlloc(context, Max(*count, 1) * sizeof(PlanAdvertiser));
	for (int i = 0; i < *count; i++)
	{
		const char *zone = row_text(CurrentMemoryContext, i, "display_timezone");

		advertisers[i].id = row_int64(i, "advertiser_id", NULL);
		advertisers[i].zone = zone_find(zone);
		advertisers[i].today = clock_today(zone);
	}
	return advertisers;
}

/* The first day of a day's month. */
static DateADT
month_of(DateADT day)
{
	int			year;
	int			month;
	int			mday;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	return day - mday + 1;
}

/* The last day of a day's month. */
static DateADT
month_end(DateADT day)
{
	return month_of(month_of(day) + 31) - 1;
}

/* Adds a pending slice. */
static Slice *
queue_add(SliceQueue *queue, Target *target, RowShape *shape, Density *density,
		  const PlanAdvertiser *advertiser, DateADT from, DateADT to)
{
	Slice	   *slice = palloc0(sizeof(Slice));

	slice->state = SLICE_PENDING;
	slice->target = target;
	slice->shape = shape;
	slice->density = density;
	slice->scope.advertiser_id = advertiser->id;
	slice->scope.from = from;
	slice->scope.to = to;
	*array_add(queue) = slice;
	return slice;
}

/* Lists what retention left of a range of a stream's days, the newest first; returns how many parts. */
static int
days_left(const StreamDef *stream, DateADT from, DateADT to)
{
	Oid			types[] = {TEXTOID, DATEOID, DATEOID, TEXTOID};
	Datum		values[] = {
		CStringGetTextDatum(stream->target), DateADTGetDatum(from), DateADTGetDatum(to),
		stream->each_stream == NULL ? (Datum) 0 : CStringGetTextDatum(stream->each_stream)
	};
	MemoryContext before = CurrentMemoryContext;

	unit_execute("SELECT lower(r) - date '2000-01-01' AS from_day, upper(r) - 1 - date '2000-01-01' AS to_day"
				 " FROM pg_catalog.unnest(pg_catalog.datemultirange(pg_catalog.daterange($2, $3, '[]'))"
				 " - tiktokads.stream_expired_days($1, $4)) AS r ORDER BY 1 DESC",
				 lengthof(types), types, values, stream->each_stream == NULL ? "   n" : NULL, SPI_OK_SELECT);
	MemoryContextSwitchTo(before);
	return (int) SPI_processed;
}

/* Narrows a slice to the newest days that retention left, a month as a whole; false when none are. */
bool
plan_trim(Slice *slice)
{
	const StreamDef *stream = slice->target->stream;

	if (stream->by_month)
		return days_left(stream, slice->scope.from, slice->scope.from) > 0;
	if (days_left(stream, slice->scope.from, slice->scope.to) == 0)
		return false;
	slice->scope.from = (DateADT) row_int64(0, "from_day", NULL);
	slice->scope.to = (DateADT) row_int64(0, "to_day", NULL);
	return true;
}

/* Adds slices for a range of days, the newest first; those of months whose first day is in it. */
static void
plan_days(SliceQueue *queue, Target *target, RowShape *shape, Density *density,
		  const PlanAdvertiser *advertiser, DateADT from, DateADT to)
{
	const StreamDef *stream = target->stream;

	if (stream->by_month)
		to = Min(month_end(to), advertiser->today);
	while (from <= to)
	{
		DateADT		first = stream->by_month ? month_of(to) :
			Max(from, to - Max(stream->max_days, 1) + 1);

		if (first >= from)
			queue_add(queue, target, shape, density, advertiser, first, to);
		to = first - 1;
	}
}

/* Adds the slices of one stream and advertiser, the newest days first. */
static void
plan_stream(SliceQueue *queue, Target *target, RowShape *shape,
			const PlanAdvertiser *advertiser, const SyncRequest *request)
{
	const StreamDef *stream = target->stream;
	Density    *density = palloc0(sizeof(Density));
	DateADT		from;
	DateADT		to;
	int			nparts;

	density->stream = stream;
	density->advertiser_id = advertiser->id;
	if (stream->date_column == NULL)
	{
		queue_add(queue, target, shape, density, advertiser, DATEVAL_NOBEGIN, DATEVAL_NOEND);
		return;
	}
	to = DATE_IS_NOEND(request->to) ? advertiser->today : Min(request->to, advertiser->today);
	from = DATE_IS_NOBEGIN(request->from) ? to - DEFAULT_DAYS + 1 : request->from;
	if (from > to)
		return;
	if (stream->by_month)
		from = month_of(from);
	nparts = days_left(stream, from, to);
	for (int i = 0; i < nparts; i++)
		plan_days(queue, target, shape, density, advertiser,
				  (DateADT) row_int64(i, "from_day", NULL), (DateADT) row_int64(i, "to_day", NULL));
}

/* A stream with what its slices share. */
typedef struct PlanStream
{
	Target	   *target;
	RowShape   *shape;
} PlanStream;

/* Adds a slice of what is due; streams that are disabled meanwhile are left out. */
static void
plan_due_row(SliceQueue *queue, const PlanStream *streams, int nstreams, int row)
{
	char	   *name = row_text(CurrentMemoryContext, row, "stream");
	PlanAdvertiser advertiser = {row_int64(row, "advertiser_id", NULL)};

	for (int i = 0; i < nstreams; i++)
		if (strcmp(streams[i].target->stream->name, name) == 0)
		{
			Density    *density = palloc0(sizeof(Density));

			density->stream = streams[i].target->stream;
			density->advertiser_id = advertiser.id;
			queue_add(queue, streams[i].target, streams[i].shape, density, &advertiser,
					  (DateADT) row_int64(row, "from_day", NULL), (DateADT) row_int64(row, "to_day", NULL));
			return;
		}
}

/* Adds the slices that are due, the most urgent first. */
static void
plan_due(MemoryContext context, const Connection *connection, const SyncRequest *request, SliceQueue *queue)
{
	int			nstreams;
	StreamDef  *defs = stream_load(context, NULL, &nstreams);
	PlanStream *streams = palloc(Max(nstreams, 1) * sizeof(PlanStream));
	Parameters	parameters = {0};
	MemoryContext before;

	for (int i = 0; i < nstreams; i++)
	{
		streams[i].target = target_load(context, &defs[i]);
		before = MemoryContextSwitchTo(context);
		streams[i].shape = row_shape_build(streams[i].target->incoming, streams[i].target->stream);
		MemoryContextSwitchTo(before);
	}
	add_text(&parameters, connection->name);
	add_text(&parameters, request->stream);
	add_int64(&parameters, request->advertiser_id);
	execute("SELECT d.stream, d.advertiser_id,"
			" CASE WHEN pg_catalog.isfinite(p.from_date) THEN p.from_date - date '2000-01-01' ELSE -2147483648 END::bigint AS from_day,"
			" CASE WHEN pg_catalog.isfinite(p.to_date) THEN p.to_date - date '2000-01-01' ELSE 2147483647 END::bigint AS to_day"
			" FROM tiktokads.sync_due($1) AS d"
			" CROSS JOIN LATERAL tiktokads.task_slices(d.stream, d.from_date, d.to_date) AS p"
			" WHERE d.due_at <= tiktokads.clock_now() AND ($2 IS NULL OR d.stream = $2) AND ($3 = 0 OR d.advertiser_id = $3)"
			/* several reasons may make the same month due */
			" GROUP BY d.stream, d.advertiser_id, p.from_date, p.to_date"
			" ORDER BY pg_catalog.min(d.priority), pg_catalog.min(d.due_at), p.to_date DESC", &parameters, SPI_OK_SELECT);
	before = MemoryContextSwitchTo(context);
	for (int i = 0; i < (int) SPI_processed; i++)
		plan_due_row(queue, streams, nstreams, i);
	MemoryContextSwitchTo(before);
}

/* Looks up what a slice needs beside its stream: the account's zone, the metrics that it is refused. */
void
plan_prepare(MemoryContext context, Slice *slice)
{
	const StreamDef *stream = slice->target->stream;
	Parameters	parameters = {0};
	char	   *zone;

	add_int64(&parameters, slice->scope.advertiser_id);
	add_text(&parameters, stream->name);
	execute("SELECT a.display_timezone, ARRAY(SELECT m.metric::text FROM tiktokads.metric_refused AS m"
			" WHERE m.advertiser_id = $1 AND m.stream = $2) AS refused"
			" FROM tiktokads.advertiser AS a WHERE a.advertiser_id = $1", &parameters, SPI_OK_SELECT);
	zone = SPI_processed == 0 ? NULL : row_text(CurrentMemoryContext, 0, "display_timezone");
	slice->scope.zone = zone == NULL ? NULL : pg_tzset(zone);
	if (slice->scope.zone == NULL)
		slice->scope.zone = pg_tzset("GMT");
	slice->modified_only = stream->modified_parameter != NULL && !DATE_IS_NOBEGIN(slice->scope.from);
	if (SPI_processed > 0)
	{
		Names		refused = row_names(CurrentMemoryContext, 0, "refused");

		slice->metrics = refused.count == 0 ? NULL : names_without(context, &stream->metrics, &refused);
	}
}

/* "stream advertiser" of what the API does not offer, and is not to be tried yet. */
static Names
degraded_load(MemoryContext context)
{
	/* nor may what goes through a report that is not offered */
	unit_execute("WITH RECURSIVE gone AS (SELECT d.stream, d.advertiser_id FROM tiktokads.stream_degraded AS d WHERE d.retry_at > tiktokads.clock_now()"
				 " UNION SELECT s.stream, g.advertiser_id FROM gone AS g JOIN tiktokads.stream AS p ON p.stream = g.stream AND p.date_column IS NOT NULL"
				 " JOIN tiktokads.stream AS s ON s.each_stream = g.stream)"
				 " SELECT coalesce(pg_catalog.array_agg(stream || ' ' || advertiser_id), '{}') AS degraded FROM gone",
				 0, NULL, NULL, NULL, SPI_OK_SELECT);
	return row_names(context, 0, "degraded");
}

/* Lists the slices that the request means for a connection. */
void
plan_make(MemoryContext context, const Connection *connection,
		  const SyncRequest *request, SliceQueue *queue)
{
	int			nstreams;
	int			nadvertisers;
	StreamDef  *streams;
	PlanAdvertiser *advertisers;
	Names		degraded;

	if (request->due)
	{
		plan_due(context, connection, request, queue);
		return;
	}
	streams = stream_load(context, request->stream, &nstreams);
	advertisers = advertisers_load(context, connection, request, &nadvertisers);
	degraded = degraded_load(context);
	for (int i = 0; i < nstreams; i++)
	{
		Target	   *target = target_load(context, &streams[i]);
		MemoryContext before = MemoryContextSwitchTo(context);
		RowShape   *shape = row_shape_build(target->incoming, target->stream);

		for (int j = 0; j < nadvertisers; j++)
			if (request->stream != NULL ||
				!names_contain(&degraded, psprintf("%s " INT64_FORMAT, streams[i].name, advertisers[j].id)))
				plan_stream(queue, target, shape, &advertisers[j], request);
		MemoryContextSwitchTo(before);
	}
}

/* A copy of a slice, pending, for other days. */
Slice *
plan_copy(MemoryContext context, const Slice *slice, DateADT from, DateADT to)
{
	Slice	   *copy = MemoryContextAllocZero(context, sizeof(Slice));

	copy->state = SLICE_PENDING;
	copy->target = slice->target;
	copy->shape = slice->shape;
	copy->density = slice->density;
	copy->scope = slice->scope;
	copy->scope.from = from;
	copy->scope.to = to;
	return copy;
}

/* Narrows a slice to SLICE_PAGES pages, keeping its newest days. */
Slice *
plan_narrow(MemoryContext context, Slice *slice)
{
	int			days = slice_days(slice);
	double		pages_per_day = slice->density->pages_per_day;
	int			keep;
	Slice	   *rest;

	if (days <= 1 || pages_per_day * days <= SLICE_PAGES)
		return NULL;
	keep = Max(1, (int) (SLICE_PAGES / pages_per_day));
	if (keep >= days)
		return NULL;
	rest = plan_copy(context, slice, slice->scope.from, slice->scope.to - keep);
	slice->scope.from = slice->scope.to - keep + 1;
	return rest;
}
