/*
 * remote.c: reports that are too large for one synchronous answer.
 *
 * When the API cuts a report short at its limit of objects, it is asked for as
 * an asynchronous task: create, check until it has succeeded, download as CSV.
 * The task's id is kept, so that after a crash it is found again.  Where the
 * account may have no tasks, that is on record, and the report is read in parts
 * of a few campaigns each, one after the other; then nothing is removed, because
 * campaigns that nobody knows are not in any part.
 *
 *	CREATE   -> CHECK		the task has an id
 *	CHECK    -> CHECK		not ready: again later
 *	CHECK    -> DOWNLOAD	it has succeeded
 *	DOWNLOAD -> (ready)		its rows are in the slice
 *	any      -> CREATE		it expired or failed, the first time
 *	any      -> (parts)		it may not be had
 */
#include "postgres.h"

#include "api/csv.h"
#include "base/clock.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "sync/engine.h"
#include "sync/parameter.h"
#include "utils/json.h"
#include "utils/memutils.h"

#define PART_CAMPAIGNS		30	/* as the API advises, */
#define PART_SHRINKS		6	/* and a sixth of that while it is still too much */
#define CHECK_FIRST_US		INT64CONST(500000)
#define CHECK_MOST_US		INT64CONST(60000000)
#define CREATIONS_MAX		2

typedef enum RemoteState
{
	REMOTE_CREATE,
	REMOTE_CHECK,
	REMOTE_DOWNLOAD
} RemoteState;

struct Remote
{
	RemoteState state;
	char	   *task_id;		/* NULL: not created yet */
	int			creations;
	int			checks;
};

/* What a unit of work reads or records. */
typedef struct RemoteWork
{
	Run		   *run;
	Slice	   *slice;
	const CallError *error;
	bool		allowed;
} RemoteWork;

/* Adds the key of the slice's task: $1 to $4. */
static void
add_slice(Parameters *parameters, const Slice *slice)
{
	add_text(parameters, slice->target->stream->name);
	add_int64(parameters, slice->scope.advertiser_id);
	add(parameters, DATEOID, DateADTGetDatum(slice->scope.from), false);
	add(parameters, DATEOID, DateADTGetDatum(slice->scope.to), false);
}

/* Unit: whether the account may have tasks, and a task that was made before. */
static void
unit_look(void *arg)
{
	RemoteWork *work = arg;
	Parameters	parameters = {0};
	Remote	   *remote = work->slice->remote;

	add_slice(&parameters, work->slice);
	execute("SELECT NOT EXISTS (SELECT FROM tiktokads.report_task_refused AS r WHERE r.advertiser_id = $2"
			" AND r.refused_at > tiktokads.clock_now() - interval '7 days') AS allowed,"
			" (SELECT t.task_id FROM tiktokads.report_task AS t WHERE t.stream = $1 AND t.advertiser_id = $2 AND t.from_date = $3"
			" AND t.to_date = $4 AND t.created_at > tiktokads.clock_now() - interval '12 hours') AS task_id", &parameters, SPI_OK_SELECT);
	work->allowed = row_bool(0, "allowed");
	remote->task_id = row_text(work->run->context, 0, "task_id");
}

/* Unit: records a task's id. */
static void
unit_created(void *arg)
{
	RemoteWork *work = arg;
	Parameters	parameters = {0};

	add_slice(&parameters, work->slice);
	add_text(&parameters, work->slice->remote->task_id);
	execute("INSERT INTO tiktokads.report_task (stream, advertiser_id, from_date, to_date, task_id, created_at)"
			" VALUES ($1, $2, $3, $4, $5, tiktokads.clock_now()) ON CONFLICT (stream, advertiser_id, from_date, to_date)"
			" DO UPDATE SET task_id = EXCLUDED.task_id, created_at = EXCLUDED.created_at", &parameters, SPI_OK_INSERT);
}

/* Unit: forgets a task that is over. */
static void
unit_forget(void *arg)
{
	RemoteWork *work = arg;
	Parameters	parameters = {0};

	add_slice(&parameters, work->slice);
	execute("DELETE FROM tiktokads.report_task WHERE stream = $1 AND advertiser_id = $2 AND from_date = $3 AND to_date = $4",
			&parameters, SPI_OK_DELETE);
}

/* Unit: records that the account may have no tasks. */
static void
unit_unavailable(void *arg)
{
	RemoteWork *work = arg;
	Parameters	parameters = {0};

	add_int64(&parameters, work->slice->scope.advertiser_id);
	add_int64(&parameters, work->error->code);
	add_text(&parameters, work->error->message);
	execute("SELECT tiktokads.report_task_refuse($1, $2, $3)", &parameters, SPI_OK_SELECT);
}

/* Unit: the account's campaigns, in parts. */
static void
unit_parts(void *arg)
{
	RemoteWork *work = arg;
	Parameters	parameters = {0};

	add_int64(&parameters, work->slice->scope.advertiser_id);
	add_int64(&parameters, work->slice->part_size);
	execute("SELECT coalesce(pg_catalog.array_agg(p.ids ORDER BY p.part), '{}') AS parts FROM ("
			"SELECT c.n / $2 AS part, pg_catalog.json_agg(c.campaign_id::text ORDER BY c.n)::text AS ids FROM ("
			"SELECT d.campaign_id, pg_catalog.row_number() OVER (ORDER BY d.campaign_id) - 1 AS n"
			" FROM tiktokads.campaign AS d WHERE d.advertiser_id = $1) AS c GROUP BY 1) AS p", &parameters, SPI_OK_SELECT);
	work->slice->parts = row_names(work->run->context, 0, "parts");
}

/* Begins to read the slice in parts of some campaigns; false: there are none. */
static bool
parts_begin(Run *run, Slice *slice)
{
	RemoteWork	work = {run, slice};

	slice->remote = NULL;
	slice->part_size = slice->part_size == 0 ? PART_CAMPAIGNS : Max(1, slice->part_size / PART_SHRINKS);
	unit_run(run->authority, unit_parts, &work);
	if (slice->parts.count == 0)
		return false;
	slice_note(slice, "read in %d parts of some campaigns each", slice->parts.count);
	slice->part = 0;
	slice->campaign_ids = slice->parts.items[0];
	slice->truncated = false;
	slice_begin(slice);
	return true;
}

/* Goes on with the next part of a slice; false: it was the last one. */
bool
remote_next_part(Slice *slice)
{
	if (slice->part + 1 >= slice->parts.count)
		return false;
	slice->campaign_ids = slice->parts.items[++slice->part];
	slice_turn(slice);
	return true;
}

/*
 * Takes a slice that the API cut short: true when it is asked for in another
 * way, false when it has to be stored as it is.
 */
bool
remote_begin(Run *run, Slice *slice)
{
	const StreamDef *stream = slice->target->stream;
	RemoteWork	work = {run, slice};

	if (slice->parts.count > 0)
		return slice->part_size > 1 && parts_begin(run, slice);
	if (slice->remote != NULL || !stream->is_report || stream->each_stream != NULL || stream->key_columns.count < 2 ||
		names_contain(&stream->dimensions, "advertiser_id"))
		return false;
	slice->remote = MemoryContextAllocZero(run->context, sizeof(Remote));
	unit_run(run->authority, unit_look, &work);
	/* tasks name countries in full, where a report has codes */
	if (!work.allowed || names_contain(&stream->dimensions, "country_code"))
		return parts_begin(run, slice);
	slice_note(slice, "read by an asynchronous task");
	slice->truncated = false;
	slice_begin(slice);
	slice->remote->state = slice->remote->task_id == NULL ? REMOTE_CREATE : REMOTE_CHECK;
	return true;
}

/* Asks for the next step of the slice's task, when nothing is on its way. */
void
remote_fill(Run *run, Slice *slice)
{
	Remote	   *remote = slice->remote;
	RequestScope scope = slice_request(slice, run->connection);
	const char *names[] = {"advertiser_id", "task_id"};
	char	   *values[] = {psprintf(INT64_FORMAT, slice->scope.advertiser_id), remote->task_id};
	const char *path = remote->state == REMOTE_CHECK ? "report/task/check/" : "report/task/download/";
	int64		wait = Min(CHECK_FIRST_US << Min(remote->checks, 7), CHECK_MOST_US);

	if (slice->in_flight > 0)
		return;
	if (remote->state == REMOTE_CREATE)
		fetch_submit(run, slice, "POST", "report/task/create/",
					 psprintf("%sreport/task/create/", run->connection->base_url),
					 request_body(slice->target->stream, &scope), 0);
	else
		fetch_submit(run, slice, "GET", path,
					 request_url_parts(run->connection->base_url, path, names, (const char *const *) values, 2), NULL,
					 remote->state == REMOTE_CHECK ? clock_now_us() + wait : 0);
}

/* Takes one CSV field as a field of a row. */
static void
field_take(RowShape *shape, const CsvField *name, const CsvField *field)
{
	JsonValue	json_name = {JSON_STRING, name->text, name->length, false};
	JsonValue	value = {JSON_STRING, field->text, field->length, false};

	if (field->doubled || memchr(field->text, '\\', field->length) != NULL || memchr(field->text, '"', field->length) != NULL)
	{
		StringInfoData plain;
		StringInfoData escaped;

		initStringInfo(&plain);
		for (size_t i = 0; i < field->length; i++)
		{
			appendStringInfoChar(&plain, field->text[i]);
			i += field->doubled && field->text[i] == '"';
		}
		initStringInfo(&escaped);
		escape_json(&escaped, plain.data);
		value.text = escaped.data + 1;
		value.length = escaped.len - 2;
		value.escaped = true;
	}
	row_take(shape, &json_name, &value);
}

/* Puts the rows of a CSV text into the slice. */
static void
csv_store(Slice *slice, const char *text, size_t length)
{
	CsvReader	reader;
	CsvField	header[512];
	CsvField	field;
	int			columns = 0;
	int			row = 0;

	csv_begin(&reader, text, length);
	do
	{
		if (columns == lengthof(header) || !csv_next(&reader, &header[columns]))
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("malformed report file: it has no line of names")));
	} while (!header[columns++].last);

	row_shape_reset(slice->shape);
	while (csv_next(&reader, &field))
	{
		Datum	   *values;
		bool	   *nulls;
		int			column = 0;

		row_begin(slice->shape);
		for (;;)
		{
			if (column < columns)
				field_take(slice->shape, &header[column], &field);
			column++;
			if (field.last || !csv_next(&reader, &field))
				break;
		}
		if (column != columns)
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("malformed report file: row %d has %d fields, not %d", row + 1, column, columns)));
		row_end(slice->shape, &values, &nulls);
		slice_add_row(slice, 1 + row / 100000, row % 100000, values, nulls);
		row++;
		CHECK_FOR_INTERRUPTS();
	}
	for (int i = 0; i < slice->target->ncolumns; i++)
		slice->filled[i] |= row_shape_filled(slice->shape)[i];
	slice->total_rows = slice->nrows;
	slice->total_pages = slice->pages_done = 1;
}

/* Text of a member of a reply's data, NULL when it has none. */
static char *
data_text(const Reply *reply, const char *name)
{
	JsonReader	reader;
	JsonReader	inner;
	JsonValue	member;
	JsonValue	value;

	json_begin(&reader, reply->body, reply->body_len);
	if (!json_enter(&reader, JSON_OBJECT))
		return NULL;
	for (bool first = true; json_next_member(&reader, first, &member) && json_value(&reader, &value); first = false)
	{
		if (member.length != 4 || memcmp(member.text, "data", 4) != 0 || value.kind != JSON_OBJECT)
			continue;
		json_begin(&inner, value.text, value.length);
		(void) json_enter(&inner, JSON_OBJECT);
		for (bool begin = true; json_next_member(&inner, begin, &member) && json_value(&inner, &value); begin = false)
			if (member.length == strlen(name) && memcmp(member.text, name, member.length) == 0 &&
				(value.kind == JSON_STRING || value.kind == JSON_NUMBER))
			{
				char	   *text = palloc(value.length + 1);
				size_t		length = value.escaped ? json_unescape(&value, text) :
					(memcpy(text, value.text, value.length), value.length);

				text[length] = '\0';
				return text;
			}
	}
	return NULL;
}

/* Makes a task anew, once; then the slice is read in parts. */
static void
remote_again(Run *run, Slice *slice, const CallError *error)
{
	RemoteWork	work = {run, slice};

	unit_run(run->authority, unit_forget, &work);
	slice->remote->checks = 0;
	if (slice->remote->creations < CREATIONS_MAX)
		slice->remote->state = REMOTE_CREATE;
	else if (!parts_begin(run, slice))
		settle_judge(run, slice, error);
}

/* Takes the good answer to a step. */
static void
remote_step(Run *run, Slice *slice, const Reply *reply)
{
	Remote	   *remote = slice->remote;
	RemoteWork	work = {run, slice};
	CallError	failed = {VERDICT_GIVE_UP, 0, "the report task failed", NULL, "TikTok's support may know more."};
	CallError	linked = {VERDICT_GIVE_UP, 0, "the report task gives its file as a link to another host", NULL, NULL};
	char	   *text;

	switch (remote->state)
	{
		case REMOTE_CREATE:
			text = data_text(reply, "task_id");
			if (text == NULL)
				ereport(ERROR, (errcode(ERRCODE_INVALID_JSON_TEXT), errmsg("malformed reply: it has no task_id")));
			remote->task_id = MemoryContextStrdup(run->context, text);
			remote->creations++;
			remote->state = REMOTE_CHECK;
			unit_run(run->authority, unit_created, &work);
			break;
		case REMOTE_CHECK:
			text = data_text(reply, "status");
			remote->checks++;
			if (text != NULL && strcmp(text, "SUCCESS") == 0)
				remote->state = REMOTE_DOWNLOAD;
			else if (text != NULL && (strcmp(text, "FAILED") == 0 || strcmp(text, "CANCELED") == 0))
				remote_again(run, slice, &failed);
			break;
		case REMOTE_DOWNLOAD:
			text = reply->body[0] == '{' ? data_text(reply, "csv") : reply->body;
			if (text == NULL && data_text(reply, "download_url") != NULL)
			{
				/* a file on some other host, which nobody has allowed us to talk to */
				unit_run(run->authority, unit_forget, &work);
				if (!parts_begin(run, slice))
					settle_judge(run, slice, &linked);
				break;
			}
			if (text == NULL)
				ereport(ERROR, (errcode(ERRCODE_INVALID_JSON_TEXT), errmsg("malformed reply: it has no CSV")));
			csv_store(slice, text, reply->body[0] == '{' ? strlen(text) : reply->body_len);
			run->totals->rows += slice->nrows;
			unit_run(run->authority, unit_forget, &work);
			slice->state = SLICE_READY;
			break;
	}
}

/* Handles an answer; true when the call was queued again. */
bool
remote_arrived(Run *run, Slice *slice, Call *call)
{
	Envelope	envelope = {0};
	CallError	error;
	RemoteWork	work = {run, slice, &error};

	slice->bytes += call->reply->body_len;
	slice->api_seconds += call->reply->seconds;
	if (caller_failed(call, &error))
	{
		settle_judge(run, slice, &error);
		return false;
	}
	if (slice->remote->state != REMOTE_DOWNLOAD || call->reply->body[0] == '{')
		reply_parse(call->reply->body, call->reply->body_len, NULL, NULL, NULL, NULL, &envelope);
	if (verdict_of_code(envelope.code)->verdict == VERDICT_OK)
		remote_step(run, slice, call->reply);
	else if (caller_retry(&run->caller, call, &envelope, &error))
		return true;
	else if (verdict_of_stream(error.code))
	{
		unit_run(run->authority, unit_unavailable, &work);
		if (!parts_begin(run, slice))
			settle_judge(run, slice, &error);
	}
	else if (slice->remote->state != REMOTE_CREATE)
		remote_again(run, slice, &error);
	else
		settle_judge(run, slice, &error);
	return false;
}
