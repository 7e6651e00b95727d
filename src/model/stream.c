/*
 * stream.c: the stream catalogue, read into memory.
 *
 * The API is described by rows of tiktokads.stream; no other place in C knows
 * a path, a level, a metric or a page size.
 */
#include "postgres.h"

#include "base/unit.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "model/stream.h"
#include "utils/builtins.h"

static const char *stream_query =
	"SELECT stream, kind, target, path, list_name, date_column, utc_column, by_month, tombstone_column,"
	" key_columns, dimensions, metrics, paged, page_size, totals, max_days, lookback_days,"
	" member_column, member_fields, modified_parameter, each_stream, each_columns, each_parameters, own_permission,"
	" ARRAY(SELECT key FROM pg_catalog.jsonb_each_text(constants) ORDER BY key) AS constant_columns,"
	" ARRAY(SELECT value FROM pg_catalog.jsonb_each_text(constants) ORDER BY key) AS constant_values,"
	" ARRAY(SELECT key FROM pg_catalog.jsonb_each_text(parameters) ORDER BY key) AS parameter_names,"
	" ARRAY(SELECT value FROM pg_catalog.jsonb_each_text(parameters) ORDER BY key) AS parameter_values,"
	" ARRAY(SELECT key FROM pg_catalog.jsonb_each_text(deleted_when) ORDER BY key) AS deleted_columns,"
	" ARRAY(SELECT value FROM pg_catalog.jsonb_each_text(deleted_when) ORDER BY key) AS deleted_values,"
	" ARRAY(SELECT key FROM pg_catalog.jsonb_each_text(rename) ORDER BY key) AS rename_from,"
	" ARRAY(SELECT value FROM pg_catalog.jsonb_each_text(rename) ORDER BY key) AS rename_to"
	" FROM tiktokads.stream"
	" WHERE CASE WHEN $1 IS NULL THEN enabled AND kind IN ('entity', 'report') ELSE stream = $1 END"
	" ORDER BY priority, stream";

/* Copies one row of the catalogue. */
static void
stream_copy(MemoryContext context, int row, StreamDef *stream)
{
	char	   *kind = row_text(CurrentMemoryContext, row, "kind");

	stream->name = row_text(context, row, "stream");
	stream->is_report = strcmp(kind, "report") == 0;
	stream->target = row_text(context, row, "target");
	stream->path = row_text(context, row, "path");
	stream->list_name = row_text(context, row, "list_name");
	stream->date_column = row_text(context, row, "date_column");
	stream->utc_column = row_text(context, row, "utc_column");
	stream->by_month = row_bool(row, "by_month");
	stream->tombstone_column = row_text(context, row, "tombstone_column");
	stream->key_columns = row_names(context, row, "key_columns");
	stream->dimensions = row_names(context, row, "dimensions");
	stream->metrics = row_names(context, row, "metrics");
	stream->parameter_names = row_names(context, row, "parameter_names");
	stream->parameter_values = row_names(context, row, "parameter_values");
	stream->deleted_columns = row_names(context, row, "deleted_columns");
	stream->deleted_values = row_names(context, row, "deleted_values");
	stream->rename_from = row_names(context, row, "rename_from");
	stream->rename_to = row_names(context, row, "rename_to");
	stream->constant_columns = row_names(context, row, "constant_columns");
	stream->constant_values = row_names(context, row, "constant_values");
	stream->member_column = row_text(context, row, "member_column");
	stream->member_fields = row_names(context, row, "member_fields");
	stream->modified_parameter = row_text(context, row, "modified_parameter");
	stream->each_stream = row_text(context, row, "each_stream");
	stream->each_columns = row_names(context, row, "each_columns");
	stream->each_parameters = row_names(context, row, "each_parameters");
	stream->own_permission = row_bool(row, "own_permission");
	stream->paged = row_bool(row, "paged");
	stream->totals = row_bool(row, "totals");
	stream->page_size = (int) row_int64(row, "page_size", NULL);
	stream->max_days = (int) row_int64(row, "max_days", NULL);
	stream->lookback_days = (int) row_int64(row, "lookback_days", NULL);
}

/* Reads the stream of that name, or all enabled ones by priority. */
StreamDef *
stream_load(MemoryContext context, const char *name, int *count)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {name == NULL ? (Datum) 0 : CStringGetTextDatum(name)};
	StreamDef  *streams;

	unit_execute(stream_query, 1, types, values, name == NULL ? "n" : NULL, SPI_OK_SELECT);
	if (name != NULL && SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("stream \"%s\" does not exist", name),
				 errhint("SELECT stream, description FROM tiktokads.stream; lists them.")));
	*count = (int) SPI_processed;
	streams = MemoryContextAllocZero(context, Max(*count, 1) * sizeof(StreamDef));
	for (int i = 0; i < *count; i++)
		stream_copy(context, i, &streams[i]);
	return streams;
}
