/*
 * follow.c: what follows in the transaction that stores a slice.
 *
 * The cursor of readings, completeness checks, drift, the users' own hooks and
 * a notification: all of it commits with the rows, or nothing does.  What is
 * checked and what is told of it is SQL (tiktokads.slice_stored); here is only
 * what SQL cannot see: the rows while they wait, and other roles' functions.
 */
#include "postgres.h"

#include "base/clock.h"
#include "base/unit.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "sync/follow.h"
#include "sync/parameter.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* Metrics whose sums are compared with the API's totals. */
static const char *const compared[] = {"spend", "impressions", "clicks", "conversion"};

/* Position of a column that some reply filled, -1 when there is none. */
static int
filled_column(const Slice *slice, const char *name)
{
	for (int i = 0; i < slice->target->ncolumns; i++)
		if (slice->filled[i] && strcmp(NameStr(TupleDescAttr(slice->target->incoming, i)->attname), name) == 0)
			return i;
	return -1;
}

/* Sums of the incoming rows as a JSON object, NULL when there is nothing to compare. */
static char *
sums_take(const Slice *slice)
{
	StringInfoData sql;
	int			n = 0;

	if (slice->totals == NULL || slice->counts.duplicates > 0)
		return NULL;
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT pg_catalog.jsonb_build_object(");
	for (int i = 0; i < lengthof(compared); i++)
		if (filled_column(slice, compared[i]) >= 0)
			appendStringInfo(&sql, "%s'%s', coalesce(pg_catalog.sum(%s), 0)", n++ == 0 ? "" : ", ", compared[i], compared[i]);
	if (n == 0)
		return NULL;
	appendStringInfoString(&sql, ")::text AS sums FROM incoming");
	unit_execute(sql.data, 0, NULL, NULL, NULL, SPI_OK_SELECT);
	return row_text(CurrentMemoryContext, 0, "sums");
}

/* Metrics that have a column, were asked for and did not come; NULL when no row did. */
static ArrayType *
missing_metrics(const Slice *slice)
{
	const Names *metrics = slice->metrics != NULL ? slice->metrics : &slice->target->stream->metrics;
	TupleDesc	columns = slice->target->incoming;
	ArrayBuildState *missing;

	if (slice->nrows == 0 || !slice->target->stream->is_report)
		return NULL;
	missing = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	for (int i = 0; i < slice->target->ncolumns; i++)
		if (!slice->filled[i] && names_contain(metrics, NameStr(TupleDescAttr(columns, i)->attname)))
			(void) accumArrayResult(missing, CStringGetTextDatum(NameStr(TupleDescAttr(columns, i)->attname)),
									false, TEXTOID, CurrentMemoryContext);
	return DatumGetArrayTypeP(makeArrayResult(missing, CurrentMemoryContext));
}

/* Notes the reading and checks what was read. */
static void
follow_check(Slice *slice)
{
	Parameters	parameters = {0};
	bool		dated = slice->target->stream->date_column != NULL;
	char	   *sums = sums_take(slice);
	ArrayType  *missing = missing_metrics(slice);

	add_text(&parameters, slice->target->stream->name);
	add_int64(&parameters, slice->scope.advertiser_id);
	add(&parameters, DATEOID, DateADTGetDatum(slice->scope.from), !dated);
	add(&parameters, DATEOID, DateADTGetDatum(slice->scope.to), !dated);
	add(&parameters, TIMESTAMPTZOID, TimestampTzGetDatum(slice->read_at), false);
	add(&parameters, BOOLOID, BoolGetDatum(slice->modified_only), false);
	add(&parameters, BOOLOID, BoolGetDatum(slice->truncated), false);
	add_int64(&parameters, slice->counts.added + slice->counts.changed + slice->counts.removed);
	add_int64(&parameters, slice->pages_done);
	add_int64(&parameters, slice->rejected);
	add_text(&parameters, slice->drift.len == 0 ? NULL : slice->drift.data);
	add(&parameters, TEXTARRAYOID, PointerGetDatum(missing), missing == NULL);
	add_text(&parameters, sums == NULL ? NULL : slice->totals);
	add_text(&parameters, sums);
	add_int64(&parameters, slice->run);
	add(&parameters, BOOLOID, BoolGetDatum(slice->unchanged), false);
	add_int64(&parameters, slice->counts.added);
	add_int64(&parameters, slice->counts.removed);
	execute("SELECT tiktokads.slice_stored($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14::jsonb, $15, $16, $17, $18)",
			&parameters, SPI_OK_SELECT);
}

/* What follows in the transaction that stores a slice. */
void
follow_stored(const Connection *connection, Slice *slice)
{
	follow_check(slice);
	if (slice->counts.added + slice->counts.changed > 0)
		hooks_call(slice);
}
