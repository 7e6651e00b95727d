/*
 * sync.c: CALL tiktokads.sync().
 *
 * The call drives the engine in the foreground, one connection after the other.
 * Arguments are checked, against the catalogue too, before anything is asked of
 * the API.
 */
#include "postgres.h"

#include "base/unit.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "model/model.h"
#include "sync/run.h"
#include "sync/sync.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(tiktokads_sync);

/* A call on its way. */
typedef struct Syncing
{
	MemoryContext context;
	SyncRequest request;
	Connection *connections;
	int			nconnections;
} Syncing;

/* Defines the room's settings. */
void
SyncInit(void)
{
	RunInit();
}

/* Takes the first five arguments; inverted dates are refused here. */
void
sync_take_request(FunctionCallInfo fcinfo, SyncRequest *request)
{
	request->connection = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	request->stream = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	request->advertiser_id = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);
	request->from = PG_ARGISNULL(3) ? DATEVAL_NOBEGIN : PG_GETARG_DATEADT(3);
	request->to = PG_ARGISNULL(4) ? DATEVAL_NOEND : PG_GETARG_DATEADT(4);
	if ((!PG_ARGISNULL(3) && DATE_NOT_FINITE(request->from)) ||
		(!PG_ARGISNULL(4) && DATE_NOT_FINITE(request->to)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("from_date and to_date must be finite"),
				 errhint("Leave them out for the last 30 days.")));
	request->due = false;
	if (request->from > request->to)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("from_date is after to_date"),
				 errhint("Give the first day first; both days are included.")));
}

/* Loads the connections that a request is for, and complains about what does not exist. */
Connection *
sync_resolve(MemoryContext context, const SyncRequest *request, int *count)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(request->advertiser_id)};
	Connection *connections;
	int			nstreams;

	if (request->stream != NULL)
	{
		StreamDef  *stream = stream_load(CurrentMemoryContext, request->stream, &nstreams);

		(void) target_load(CurrentMemoryContext, stream);
	}
	if (request->advertiser_id != 0)
	{
		unit_execute("SELECT FROM tiktokads.advertiser WHERE advertiser_id = $1", 1, types, values,
					 NULL, SPI_OK_SELECT);
		if (SPI_processed == 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("advertiser " INT64_FORMAT " is not known", request->advertiser_id),
					 errhint("SELECT advertiser_id, name FROM tiktokads.advertiser; lists those that were found.")));
	}
	connections = connection_load(context, request->connection, count);
	if (*count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("every connection is paused"),
				 errhint("CALL tiktokads.resume(name); lets one sync again.")));
	return connections;
}

/* Unit: loads what the call's request is for. */
static void
request_resolve(void *arg)
{
	Syncing    *syncing = arg;

	syncing->connections = sync_resolve(syncing->context, &syncing->request, &syncing->nconnections);
}

/* Says what the call came to; an error when slices failed. */
static void
totals_report(const RunTotals *totals)
{
	if (totals->failed > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
				 errmsg(INT64_FORMAT " of " INT64_FORMAT " slices failed; the others are stored",
						totals->failed, totals->slices),
				 errdetail("%s", totals->first_error == NULL ? "See the history." : totals->first_error),
				 errhint("%s%sSELECT * FROM tiktokads.sync_history WHERE state = 'failed' ORDER BY run DESC;",
						 totals->first_hint == NULL ? "" : totals->first_hint,
						 totals->first_hint == NULL ? "" : " ")));
	ereport(NOTICE,
			(errmsg(INT64_FORMAT " slices, " INT64_FORMAT " pages, " INT64_FORMAT " rows: " INT64_FORMAT
					" new, " INT64_FORMAT " changed, " INT64_FORMAT " removed",
					totals->done, totals->pages, totals->rows, totals->added, totals->changed,
					totals->removed)));
}

/* Takes the argument due, with which no days can be given. */
static void
sync_take_due(FunctionCallInfo fcinfo, SyncRequest *request)
{
	request->due = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	if (request->due && (!PG_ARGISNULL(3) || !PG_ARGISNULL(4)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("from_date and to_date cannot be given with due"),
				 errhint("What is due has days of its own: see tiktokads.sync_plan.")));
}

/* CALL tiktokads.sync(...): fetches and stores in the foreground. */
Datum
tiktokads_sync(PG_FUNCTION_ARGS)
{
	Syncing		syncing = {CurrentMemoryContext};
	RunTotals  *totals = palloc0(sizeof(RunTotals));
	Authority	authority;

	sync_take_request(fcinfo, &syncing.request);
	sync_take_due(fcinfo, &syncing.request);
	call_open(fcinfo, "tiktokads.sync", &authority);
	unit_run(&authority, request_resolve, &syncing);
	for (int i = 0; i < syncing.nconnections; i++)
		run_connection(&authority, &syncing.connections[i], &syncing.request, totals);
	totals_report(totals);
	call_close();
	PG_RETURN_VOID();
}
