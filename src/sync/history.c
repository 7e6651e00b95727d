/*
 * history.c: what is on record about each run and each cursor.
 *
 * A run's end is written by the unit that stores its rows, so that history,
 * cursor and rows never disagree.
 */
#include "postgres.h"

#include "base/clock.h"
#include "executor/spi.h"
#include "sync/claim.h"
#include "sync/history.h"
#include "sync/parameter.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#define UNIX_TO_POSTGRES_US ((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

static const char *const end_name[] = {
	[SLICE_DONE] = "done",
	[SLICE_FAILED] = "failed",
	[SLICE_POSTPONED] = "postponed",
	[SLICE_SPLIT] = "split",
};

/*
 * Marks runs of this connection that nobody works at any more as interrupted.
 * First the runs are read, then who works at what: a run that was visible had
 * its claim marked with it before.
 */
void
history_sweep(const char *connection)
{
	Parameters	parameters = {0};
	Datum		runs;
	bool		isnull;

	add_text(&parameters, connection);
	execute("SELECT coalesce(pg_catalog.array_agg(run), '{}') FROM tiktokads.sync_history"
			" WHERE connection = $1 AND state = 'running'", &parameters, SPI_OK_SELECT);
	runs = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	add(&parameters, INT8ARRAYOID, runs, false);
	add(&parameters, INT8ARRAYOID, claim_runs(), false);
	execute("UPDATE tiktokads.sync_history SET state = 'interrupted', finished_at = pg_catalog.clock_timestamp(),"
			" error_message = 'the backend went away; nothing of this run was stored'"
			" WHERE connection = $1 AND state = 'running' AND run = ANY ($2) AND run <> ALL ($3)", &parameters, SPI_OK_UPDATE);
}

/* Records the claim of a slice and sets its run number. */
void
history_claim(const char *connection, Slice *slice)
{
	Parameters	parameters = {0};
	bool		dated = slice_days(slice) > 0;

	add_text(&parameters, connection);
	add_text(&parameters, slice->target->stream->name);
	add_int64(&parameters, slice->scope.advertiser_id);
	add(&parameters, DATEOID, DateADTGetDatum(slice->scope.from), !dated);
	add(&parameters, DATEOID, DateADTGetDatum(slice->scope.to), !dated);
	execute("INSERT INTO tiktokads.sync_history (connection, stream, advertiser_id, from_date, to_date)"
			" VALUES ($1, $2, $3, $4, $5) RETURNING run", &parameters, SPI_OK_INSERT_RETURNING);
	slice->run = row_int64(0, "run", NULL);
}

/* Adds what every end of a run records: $1 .. $8. */
static void
add_facts(Parameters *parameters, const Slice *slice, SliceEnd end)
{
	add_int64(parameters, slice->run);
	add_text(parameters, end_name[end]);
	add_int64(parameters, slice->pages_done);
	add_int64(parameters, slice->nrows);
	add_int64(parameters, slice->bytes);
	add(parameters, FLOAT8OID, Float8GetDatum(slice->api_seconds), false);
	add_text(parameters, slice->request_ids.len == 0 ? NULL : slice->request_ids.data);
	add_text(parameters, slice->note.len == 0 ? NULL : slice->note.data);
}

#define FACTS_SET \
	"state = $2, finished_at = pg_catalog.clock_timestamp(), pages = $3, rows_received = $4, bytes = $5," \
	" api_seconds = $6, request_ids = pg_catalog.string_to_array($7, ','), note = $8"

/* Adds a run to the counters of its stream; last in its unit, because all wait for the row. */
static void
history_count(const Slice *slice, SliceEnd end)
{
	Parameters	parameters = {0};
	static const StoreCounts none;
	const StoreCounts *counts = end == SLICE_DONE ? &slice->counts : &none;

	add_text(&parameters, slice->target->stream->name);
	add_int64(&parameters, end == SLICE_DONE);
	add_int64(&parameters, end == SLICE_FAILED);
	add_int64(&parameters, slice->requests);
	add_int64(&parameters, slice->retries);
	add_int64(&parameters, slice->throttles);
	add_int64(&parameters, slice->http_errors);
	add_int64(&parameters, slice->api_errors);
	add_int64(&parameters, counts->added);
	add_int64(&parameters, counts->changed);
	add_int64(&parameters, counts->unchanged);
	add_int64(&parameters, counts->removed);
	add_int64(&parameters, slice->rejected);
	add_int64(&parameters, slice->bytes);
	add(&parameters, FLOAT8OID, Float8GetDatum(slice->api_seconds), false);
	add(&parameters, FLOAT8OID, Float8GetDatum(slice->db_seconds), false);
	execute("INSERT INTO tiktokads.sync_counter AS c (stream, slices, slices_failed, requests, retries, throttles, http_errors, api_errors,"
			" rows_new, rows_changed, rows_unchanged, rows_removed, rows_rejected, bytes, api_seconds, db_seconds)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (stream) DO UPDATE SET"
			" slices = c.slices + $2, slices_failed = c.slices_failed + $3, requests = c.requests + $4, retries = c.retries + $5,"
			" throttles = c.throttles + $6, http_errors = c.http_errors + $7, api_errors = c.api_errors + $8, rows_new = c.rows_new + $9,"
			" rows_changed = c.rows_changed + $10, rows_unchanged = c.rows_unchanged + $11, rows_removed = c.rows_removed + $12,"
			" rows_rejected = c.rows_rejected + $13, bytes = c.bytes + $14, api_seconds = c.api_seconds + $15, db_seconds = c.db_seconds + $16",
			&parameters, SPI_OK_INSERT);
}

/* Records that a slice was stored, and moves the cursor. */
void
history_done(Slice *slice)
{
	Parameters	parameters = {0};
	Parameters	cursor = {0};
	bool		dated = slice_days(slice) > 0;

	add_facts(&parameters, slice, SLICE_DONE);
	add_int64(&parameters, slice->counts.added);
	add_int64(&parameters, slice->counts.changed);
	add_int64(&parameters, slice->counts.unchanged);
	add_int64(&parameters, slice->counts.removed);
	add_int64(&parameters, slice->counts.duplicates);
	add(&parameters, FLOAT8OID, Float8GetDatum(slice->db_seconds), false);
	execute("UPDATE tiktokads.sync_history SET " FACTS_SET
			", rows_new = $9, rows_changed = $10, rows_unchanged = $11, rows_removed = $12,"
			" duplicates = $13, db_seconds = $14 WHERE run = $1", &parameters, SPI_OK_UPDATE);

	add_text(&cursor, slice->target->stream->name);
	add_int64(&cursor, slice->scope.advertiser_id);
	add(&cursor, DATEOID, DateADTGetDatum(slice->scope.from), !dated);
	add(&cursor, DATEOID, DateADTGetDatum(slice->scope.to), !dated);
	add(&cursor, FLOAT8OID, Float8GetDatum(slice->nrows / (double) Max(slice_days(slice), 1)), false);
	execute("INSERT INTO tiktokads.sync_state AS s (stream, advertiser_id, last_success_at, covered, rows_per_day)"
			" VALUES ($1, $2, tiktokads.clock_now(), CASE WHEN $3 IS NULL THEN '{}'"
			" ELSE pg_catalog.datemultirange(pg_catalog.daterange($3, $4, '[]')) END, $5)"
			" ON CONFLICT (stream, advertiser_id) DO UPDATE SET last_success_at = EXCLUDED.last_success_at,"
			" rows_per_day = EXCLUDED.rows_per_day,"
			" covered = s.covered + EXCLUDED.covered, consecutive_failures = 0, last_error_at = NULL,"
			" last_error_code = NULL, last_error_message = NULL, last_error_request_id = NULL",
			&cursor, SPI_OK_INSERT);
	history_count(slice, SLICE_DONE);
}

/* Tells listeners, at commit, that a slice failed: ids and days alone. */
static void
history_tell_failed(const Slice *slice, const CallError *error)
{
	Parameters	parameters = {0};
	bool		dated = slice_days(slice) > 0;

	add_text(&parameters, slice->target->stream->name);
	add_int64(&parameters, slice->scope.advertiser_id);
	add(&parameters, DATEOID, DateADTGetDatum(slice->scope.from), !dated);
	add(&parameters, DATEOID, DateADTGetDatum(slice->scope.to), !dated);
	add_int64(&parameters, slice->run);
	add(&parameters, INT8OID, Int64GetDatum(error->code), error->code == 0);
	execute("SELECT pg_catalog.pg_notify('tiktokads_sync', pg_catalog.json_build_object('state', 'failed', 'advertiser_id', $2,"
			" 'stream', $1, 'from', $3, 'to', $4, 'run', $5, 'code', $6)::text)", &parameters, SPI_OK_SELECT);
}

/* Records that a slice was not stored. */
void
history_not_done(Slice *slice, SliceEnd end, const CallError *error)
{
	Parameters	parameters = {0};
	Parameters	cursor = {0};

	add_facts(&parameters, slice, end);
	add(&parameters, INT8OID, Int64GetDatum(error->code), error->code == 0);
	add_text(&parameters, error->message);
	add_text(&parameters, error->request_id);
	execute("UPDATE tiktokads.sync_history SET " FACTS_SET
			", error_code = $9, error_message = $10, error_request_id = $11 WHERE run = $1",
			&parameters, SPI_OK_UPDATE);
	history_count(slice, end);
	if (end != SLICE_FAILED)
		return;

	history_tell_failed(slice, error);
	add_text(&cursor, slice->target->stream->name);
	add_int64(&cursor, slice->scope.advertiser_id);
	add(&cursor, INT8OID, Int64GetDatum(error->code), error->code == 0);
	add_text(&cursor, error->message);
	add_text(&cursor, error->request_id);
	execute("INSERT INTO tiktokads.sync_state AS s (stream, advertiser_id, consecutive_failures, last_error_at,"
			" last_error_code, last_error_message, last_error_request_id)"
			" VALUES ($1, $2, 1, tiktokads.clock_now(), $3, $4, $5)"
			" ON CONFLICT (stream, advertiser_id) DO UPDATE SET consecutive_failures = s.consecutive_failures + 1,"
			" last_error_at = EXCLUDED.last_error_at, last_error_code = EXCLUDED.last_error_code,"
			" last_error_message = EXCLUDED.last_error_message,"
			" last_error_request_id = EXCLUDED.last_error_request_id", &cursor, SPI_OK_INSERT);
}

/* Records an endpoint's pause. */
void
history_pause(const char *app, const char *endpoint, int64 until_us, const char *reason)
{
	Parameters	parameters = {0};

	add_text(&parameters, app);
	add_text(&parameters, endpoint);
	add(&parameters, TIMESTAMPTZOID, TimestampTzGetDatum(until_us - UNIX_TO_POSTGRES_US), false);
	add_text(&parameters, reason);
	execute("INSERT INTO tiktokads.endpoint_pause AS p (app, endpoint, until, reason) VALUES ($1, $2, $3, $4)"
			" ON CONFLICT (app, endpoint) DO UPDATE SET until = EXCLUDED.until, reason = EXCLUDED.reason"
			" WHERE p.until < EXCLUDED.until", &parameters, SPI_OK_INSERT);
}

/* Lets this process know of an app's pauses. */
void
history_load_pauses(const char *app)
{
	Parameters	parameters = {0};

	add_text(&parameters, app);
	add(&parameters, TIMESTAMPTZOID, TimestampTzGetDatum(clock_now()), false);
	execute("SELECT endpoint, (extract(epoch FROM until) * 1000000)::bigint AS until_us"
			" FROM tiktokads.endpoint_pause WHERE app = $1 AND until > $2", &parameters, SPI_OK_SELECT);
	for (uint64 i = 0; i < SPI_processed; i++)
		pace_pause(pace_find(app, row_text(CurrentMemoryContext, (int) i, "endpoint")),
				   row_int64((int) i, "until_us", NULL));
}
