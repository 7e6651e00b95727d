/*
 * task.c: the slices that the workers have to do, as rows.
 *
 * A task goes in when its slice is due and out in the commit that stores its
 * rows, so a crash at any instant loses none.  Who works at one is not said
 * here but in shared memory (claim.c), which forgets with the process.
 *
 * Before a slice is begun its crash is counted; any orderly end takes that
 * back.  Slices with a crash behind them come last and one at a time, so that a
 * third crash is this slice's own and not its neighbour's.
 */
#include "postgres.h"

#include "base/clock.h"
#include "base/row.h"
#include "base/unit.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "sync/task.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#define RETRY_CAP_US		INT64CONST(3600000000)
#define CONNECTION_DOUBLINGS 4	/* an API that is away is looked for every 8 minutes at least */
#define UNIX_TO_POSTGRES_US ((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

static int	slice_retry_delay = 30;

/* Defines how soon a slice is tried again. */
void
TaskInit(void)
{
	DefineCustomIntVariable("tiktokads.slice_retry_delay",
							"Time after which a worker tries a slice again that failed; it doubles with each further failure.",
							"The wait is drawn at random between half of it and the whole, and is an hour at most.",
							&slice_retry_delay, 30, 1, 3600, PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
}

/* Executes a statement with one bigint. */
static void
execute_int64(const char *sql, int64 value, int expected)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(value)};

	unit_execute(sql, 1, types, values, NULL, expected);
}

/* Executes a statement with a connection's name and the time. */
static void
execute_connection(const char *sql, const char *connection, int expected)
{
	Oid			types[] = {TEXTOID, TIMESTAMPTZOID};
	Datum		values[] = {CStringGetTextDatum(connection), TimestampTzGetDatum(clock_now())};

	unit_execute(sql, 2, types, values, NULL, expected);
}

/* A column of the first row. */
static Datum
first_value(const char *name, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
						 SPI_fnumber(SPI_tuptable->tupdesc, name), isnull);
}

/* Plans what is due for a connection. */
int64
task_plan(const char *connection)
{
	execute_connection("SELECT tiktokads.task_plan($1) AS planned WHERE $2 IS NOT NULL", connection, SPI_OK_SELECT);
	return row_int64(0, "planned", NULL);
}

/* Tells what there is to do for a connection. */
TaskOutlook
task_outlook(const char *connection)
{
	TaskOutlook outlook;
	bool		isnull;
	Datum		next;

	execute_connection("SELECT t.ready, t.open, least(t.next, d.next) AS next FROM"
					   " (SELECT pg_catalog.count(*) FILTER (WHERE not_before <= $2) AS ready, pg_catalog.count(*) AS open,"
					   " pg_catalog.min(not_before) FILTER (WHERE not_before > $2) AS next"
					   " FROM tiktokads.sync_task WHERE connection = $1 AND set_aside_at IS NULL) AS t,"
					   " (SELECT pg_catalog.min(due_at) FILTER (WHERE due_at > $2) AS next FROM tiktokads.sync_due($1)) AS d",
					   connection, SPI_OK_SELECT);
	outlook.ready = row_int64(0, "ready", NULL);
	outlook.open = row_int64(0, "open", NULL);
	next = first_value("next", &isnull);
	outlook.next = isnull ? DT_NOEND : DatumGetTimestampTz(next);
	return outlook;
}

/* The tasks that may be tried, best first. */
Task *
task_candidates(const char *connection, int limit, int *count)
{
	Oid			types[] = {TEXTOID, TIMESTAMPTZOID, INT8OID};
	Datum		values[] = {
		CStringGetTextDatum(connection), TimestampTzGetDatum(clock_now()), Int64GetDatum(limit)
	};
	Task	   *tasks;

	/* what goes through another's rows comes after it */
	unit_execute("SELECT t.task, t.stream, t.advertiser_id, t.from_date, t.to_date, t.crashes FROM tiktokads.sync_task AS t"
				 " LEFT JOIN tiktokads.stream AS s ON s.stream = t.stream"
				 " WHERE t.connection = $1 AND t.not_before <= $2 AND t.set_aside_at IS NULL"
				 " AND NOT EXISTS (SELECT FROM tiktokads.sync_task AS a WHERE a.stream = s.each_stream AND a.advertiser_id = t.advertiser_id"
				 " AND a.from_date <= t.to_date AND a.to_date >= t.from_date AND a.not_before <= $2 AND a.set_aside_at IS NULL)"
				 " ORDER BY t.crashes > 0, t.priority, t.to_date DESC, t.task LIMIT $3",
				 lengthof(types), types, values, NULL, SPI_OK_SELECT);
	*count = (int) SPI_processed;
	tasks = palloc0(Max(*count, 1) * sizeof(Task));
	for (int i = 0; i < *count; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;

		tasks[i].task = row_int64(i, "task", NULL);
		tasks[i].stream = row_text(CurrentMemoryContext, i, "stream");
		tasks[i].advertiser_id = row_int64(i, "advertiser_id", NULL);
		tasks[i].from = DatumGetDateADT(SPI_getbinval(tuple, desc, SPI_fnumber(desc, "from_date"), &isnull));
		tasks[i].to = DatumGetDateADT(SPI_getbinval(tuple, desc, SPI_fnumber(desc, "to_date"), &isnull));
		tasks[i].crashes = (int) row_int64(i, "crashes", NULL);
	}
	return tasks;
}

/* Counts a crash that has not happened yet; false when somebody was faster. */
bool
task_begin(int64 task)
{
	Oid			types[] = {INT8OID, TIMESTAMPTZOID};
	Datum		values[] = {Int64GetDatum(task), TimestampTzGetDatum(clock_now())};

	unit_execute("UPDATE tiktokads.sync_task SET crashes = crashes + 1"
				 " WHERE task = $1 AND not_before <= $2 AND set_aside_at IS NULL",
				 lengthof(types), types, values, NULL, SPI_OK_UPDATE);
	return SPI_processed > 0;
}

/* Sets a task aside that was begun too often. */
void
task_set_aside(int64 task)
{
	execute_int64("SELECT tiktokads.task_set_aside($1)", task, SPI_OK_SELECT);
}

/*
 * Takes out what a stored slice covers, unless it was asked for meanwhile; its
 * own task also where retention left it fewer days than it had.
 */
void
task_done(const Slice *slice)
{
	Oid			types[] = {TEXTOID, INT8OID, DATEOID, DATEOID, INT8OID, INT8OID};
	Datum		values[] = {
		CStringGetTextDatum(slice->target->stream->name), Int64GetDatum(slice->scope.advertiser_id),
		DateADTGetDatum(slice->scope.from), DateADTGetDatum(slice->scope.to), Int64GetDatum(slice->run), Int64GetDatum(slice->task)
	};

	unit_execute("DELETE FROM tiktokads.sync_task WHERE stream = $1 AND advertiser_id = $2"
				 " AND (from_date >= $3 AND to_date <= $4 OR task = $6)"
				 " AND created_at <= (SELECT started_at FROM tiktokads.sync_history WHERE run = $5)",
				 lengthof(types), types, values, NULL, SPI_OK_DELETE);
	if (slice->task != 0)
		execute_int64("UPDATE tiktokads.sync_task SET crashes = 0, attempts = 0 WHERE task = $1", slice->task, SPI_OK_UPDATE);
}

/* When to try again after so many failures. */
static int64
retry_at_us(int attempts)
{
	int64		ceiling = slice_retry_delay * USECS_PER_SEC;

	while (attempts-- > 0 && ceiling < RETRY_CAP_US)
		ceiling *= 2;
	ceiling = Min(ceiling, RETRY_CAP_US);
	return clock_now_us() + ceiling / 2 + (int64) (pg_prng_double(&pg_global_prng_state) * (ceiling / 2));
}

/* Lets a task be tried again later, and counts the failure. */
void
task_failed(int64 task, int64 not_before_us, const CallError *error)
{
	Oid			types[] = {INT8OID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[3];
	int64		attempts;

	if (task == 0)
		return;
	execute_int64("SELECT attempts FROM tiktokads.sync_task WHERE task = $1", task, SPI_OK_SELECT);
	if (SPI_processed == 0)
		return;
	attempts = row_int64(0, "attempts", NULL);
	values[0] = Int64GetDatum(task);
	values[1] = TimestampTzGetDatum(Max(retry_at_us((int) attempts), not_before_us) - UNIX_TO_POSTGRES_US);
	values[2] = CStringGetTextDatum(error->message);
	unit_execute("UPDATE tiktokads.sync_task SET crashes = 0, attempts = attempts + 1, not_before = $2, last_error = $3"
				 " WHERE task = $1", lengthof(types), types, values, NULL, SPI_OK_UPDATE);
}

/* Takes out a task of which nothing is left to do. */
void
task_drop(int64 task)
{
	execute_int64("DELETE FROM tiktokads.sync_task WHERE task = $1", task, SPI_OK_DELETE);
}

/* Lets a task be tried again later, without counting a failure. */
void
task_postpone(int64 task, int64 not_before_us)
{
	Oid			types[] = {INT8OID, TIMESTAMPTZOID};
	Datum		values[] = {Int64GetDatum(task), TimestampTzGetDatum(not_before_us - UNIX_TO_POSTGRES_US)};

	if (task != 0)
		unit_execute("UPDATE tiktokads.sync_task SET crashes = 0, not_before = greatest(not_before, $2) WHERE task = $1",
					 lengthof(types), types, values, NULL, SPI_OK_UPDATE);
}

/* Puts slices of so many days each in a task's place. */
void
task_split(const Slice *slice, int days_each)
{
	Oid			types[] = {INT8OID, INT4OID};
	Datum		values[] = {Int64GetDatum(slice->task), Int32GetDatum(days_each)};

	if (slice->task == 0)
		return;
	unit_execute("WITH whole AS (DELETE FROM tiktokads.sync_task WHERE task = $1 RETURNING *)"
				 " INSERT INTO tiktokads.sync_task (connection, stream, advertiser_id, from_date, to_date, priority, request, created_at)"
				 " SELECT w.connection, w.stream, w.advertiser_id, d, least(d + $2 - 1, w.to_date), w.priority, w.request, w.created_at"
				 " FROM whole AS w, LATERAL (SELECT w.from_date + i * $2 FROM pg_catalog.generate_series(0, (w.to_date - w.from_date) / $2) AS i) AS p (d)"
				 " ON CONFLICT (stream, advertiser_id, from_date, to_date) DO NOTHING",
				 lengthof(types), types, values, NULL, SPI_OK_INSERT);
}

/* Takes back the crashes that were counted for these tasks. */
void
task_unbegin(const int64 *tasks, int count)
{
	for (int i = 0; i < count; i++)
		execute_int64("UPDATE tiktokads.sync_task SET crashes = greatest(crashes - 1, 0) WHERE task = $1",
					  tasks[i], SPI_OK_UPDATE);
}

/* Takes note that a connection's ad accounts were listed. */
void
task_listed(const char *connection)
{
	execute_connection("INSERT INTO tiktokads.connection_state AS s (connection, listed_at) VALUES ($1, $2)"
					   " ON CONFLICT (connection) DO UPDATE SET listed_at = EXCLUDED.listed_at, failures = 0,"
					   " not_before = '-infinity', last_error = NULL", connection, SPI_OK_INSERT);
}

/* Takes note that they could not be, or that it is doubtful now; the wait grows with each failure. */
void
task_unlisted(const char *connection, const char *error)
{
	Oid			types[] = {TEXTOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[3] = {CStringGetTextDatum(connection)};

	unit_execute("SELECT failures FROM tiktokads.connection_state WHERE connection = $1", 1, types, values,
				 NULL, SPI_OK_SELECT);
	if (error == NULL)
	{
		execute_connection("UPDATE tiktokads.connection_state SET listed_at = NULL WHERE connection = $1 AND $2 IS NOT NULL",
						   connection, SPI_OK_UPDATE);
		return;
	}
	values[1] = TimestampTzGetDatum(retry_at_us(SPI_processed == 0 ? 0 : (int) Min(row_int64(0, "failures", NULL), CONNECTION_DOUBLINGS))
									- UNIX_TO_POSTGRES_US);
	values[2] = CStringGetTextDatum(error);
	unit_execute("INSERT INTO tiktokads.connection_state AS s (connection, failures, not_before, last_error) VALUES ($1, 1, $2, $3)"
				 " ON CONFLICT (connection) DO UPDATE SET listed_at = NULL, failures = s.failures + 1,"
				 " not_before = EXCLUDED.not_before, last_error = EXCLUDED.last_error",
				 lengthof(types), types, values, NULL, SPI_OK_INSERT);
}

/* Takes out tasks of an ad account. */
void
task_drop_advertiser(int64 advertiser_id)
{
	execute_int64("DELETE FROM tiktokads.sync_task WHERE advertiser_id = $1", advertiser_id, SPI_OK_DELETE);
}
