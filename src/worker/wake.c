/*
 * wake.c: what wakes the workers: commits that change a plan, and sync_now().
 *
 * Triggers on the tables that plans are made of take note, and the note is
 * delivered when the transaction commits, not before and once.  One callback is
 * registered for the life of the session.  Unpreloaded, nobody is to be woken.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/shared.h"
#include "base/unit.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/latch.h"
#include "sync/sync.h"
#include "utils/builtins.h"
#include "worker/roster.h"
#include "worker/worker.h"

#define LOOK_MS		200
#define NOTICE_MS	1000

PG_FUNCTION_INFO_V1(tiktokads_worker_wake);
PG_FUNCTION_INFO_V1(tiktokads_sync_now);

/* A sync_now() on its way. */
typedef struct Asking
{
	SyncRequest request;
	int64		number;			/* of the request */
	int64		tasks;
	int64		open;			/* not tried yet */
	int64		failed;
} Asking;

static bool wake_noted = false;

/* Wakes at commit. */
static void
wake_at_commit(XactEvent event, void *arg)
{
	if (!wake_noted)
		return;
	if (event == XACT_EVENT_COMMIT)
		roster_wake(MyDatabaseId);
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		wake_noted = false;
}

/* Takes note that this transaction changes a plan. */
static void
wake_note(void)
{
	static bool registered = false;

	if (!shared_is_there())
		return;
	if (!registered)
		RegisterXactCallback(wake_at_commit, NULL);
	registered = true;
	wake_noted = true;
}

/* Trigger: the workers' plan changes with this transaction. */
Datum
tiktokads_worker_wake(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("worker_wake() was not called as a trigger"),
				 errhint("It belongs to the triggers of tiktokads.")));
	/* a worker's own plans are no news to it */
	if (MyBackendType != B_BG_WORKER)
		wake_note();
	return PointerGetDatum(NULL);
}

/* Complains unless there are workers that serve this database. */
static void
workers_check(void)
{
	const char *database = get_database_name(MyDatabaseId);

	if (!shared_is_there() || roster_max_workers() == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there are no workers in this server"),
				 errhint("Add tiktokads to shared_preload_libraries and restart, or CALL tiktokads.sync() to fetch in this session.")));
	if (!worker_enabled)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("workers are switched off"),
				 errhint("Set tiktokads.worker_enabled to on, or CALL tiktokads.sync() to fetch in this session.")));
	if (!worker_database_listed(database))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("workers do not serve database \"%s\"", database),
				 errhint("Add it to tiktokads.databases and reload, or CALL tiktokads.sync() to fetch in this session.")));
}

/* Unit: puts the request's slices before the workers. */
static void
unit_ask(void *arg)
{
	Asking	   *asking = arg;
	SyncRequest *request = &asking->request;
	Connection *connections;
	int			count;
	Oid			types[] = {TEXTOID, TEXTOID, INT8OID, DATEOID, DATEOID, INT8OID};
	Datum		values[6];
	char		nulls[6] = {' ', ' ', ' ', ' ', ' ', ' '};

	workers_check();
	connections = sync_resolve(CurrentMemoryContext, request, &count);
	unit_execute("SELECT pg_catalog.nextval('tiktokads.sync_task_task_seq') AS number", 0, NULL, NULL, NULL, SPI_OK_SELECT);
	asking->number = row_int64(0, "number", NULL);
	for (int i = 0; i < count; i++)
	{
		values[0] = CStringGetTextDatum(connections[i].name);
		values[1] = request->stream == NULL ? (Datum) 0 : CStringGetTextDatum(request->stream);
		values[2] = Int64GetDatum(request->advertiser_id);
		values[3] = DateADTGetDatum(request->from);
		values[4] = DateADTGetDatum(request->to);
		values[5] = Int64GetDatum(asking->number);
		nulls[1] = request->stream == NULL ? 'n' : ' ';
		nulls[2] = request->advertiser_id == 0 ? 'n' : ' ';
		nulls[3] = DATE_IS_NOBEGIN(request->from) ? 'n' : ' ';
		nulls[4] = DATE_IS_NOEND(request->to) ? 'n' : ' ';
		unit_execute("SELECT tiktokads.task_request($1, $2, $3, $4, $5, $6)", lengthof(types), types, values,
					 nulls, SPI_OK_SELECT);
		asking->tasks += SPI_processed;
	}
	asking->open = asking->tasks;
	wake_note();
}

/* Unit: looks how far the request is. */
static void
unit_look(void *arg)
{
	Asking	   *asking = arg;
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(asking->number)};

	unit_execute("SELECT pg_catalog.count(*) FILTER (WHERE attempts = 0 AND set_aside_at IS NULL) AS open,"
				 " pg_catalog.count(*) FILTER (WHERE attempts > 0 OR set_aside_at IS NOT NULL) AS failed"
				 " FROM tiktokads.sync_task WHERE request = $1", 1, types, values, NULL, SPI_OK_SELECT);
	asking->open = row_int64(0, "open", NULL);
	asking->failed = row_int64(0, "failed", NULL);
}

/* Waits until every slice of the request was tried. */
static void
asking_wait(const Authority *authority, Asking *asking)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tiktokads sync_now", ALLOCSET_SMALL_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	int			waited = 0;

	while (asking->open > 0)
	{
		if (WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, LOOK_MS, PG_WAIT_EXTENSION) & WL_LATCH_SET)
			ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(context);
		unit_run(authority, unit_look, asking);
		waited += LOOK_MS;
		if (waited % NOTICE_MS == 0 && asking->open > 0)
			ereport(NOTICE,
					(errmsg(INT64_FORMAT " slices of the request are still to be done", asking->open)));
	}
	MemoryContextSwitchTo(before);
}

/* CALL tiktokads.sync_now(...): hands work to the workers, and waits for it where asked to. */
Datum
tiktokads_sync_now(PG_FUNCTION_ARGS)
{
	Asking		asking = {{0}};
	Authority	authority;

	sync_take_request(fcinfo, &asking.request);
	call_open(fcinfo, "tiktokads.sync_now", &authority);
	unit_run(&authority, unit_ask, &asking);
	if (!PG_ARGISNULL(5) && PG_GETARG_BOOL(5))
	{
		asking_wait(&authority, &asking);
		if (asking.failed > 0)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
					 errmsg(INT64_FORMAT " slices failed; the others are stored", asking.failed),
					 errdetail("See tiktokads.sync_task and tiktokads.sync_history."),
					 errhint("The workers try them again by themselves.")));
	}
	else
		ereport(NOTICE,
				(errmsg(INT64_FORMAT " slices are with the workers", asking.tasks),
				 errhint("SELECT * FROM tiktokads.sync_progress; tells how far they are.")));
	call_close();
	PG_RETURN_VOID();
}
