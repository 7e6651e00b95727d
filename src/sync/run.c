/*
 * run.c: the engine that fetches and stores slices, whoever drives it.
 *
 * claim (commit) -> fetch -> store, cursor and history (one commit).  Several
 * slices are read at once, and several of their pages; whatever is in flight
 * goes on arriving in the kernel's buffers while a slice is stored.  No
 * transaction crosses a wait.
 *
 * A CALL plans its own slices and works to their end.  A worker takes them from
 * tiktokads.sync_task, as others do beside it, and leaves when it is advised to.
 */
#include "postgres.h"

#include "base/clock.h"
#include "base/shared.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "sync/claim.h"
#include "sync/engine.h"
#include "sync/history.h"
#include "sync/task.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define PROGRESS_SECONDS	1.0
#define LOOK_MS			500 /* a worker asks for advice at least so often */

static int	max_requests = 8;
static int	max_pause = 600;

/* Defines the settings of the engine. */
void
RunInit(void)
{
	DefineCustomIntVariable("tiktokads.max_requests",
							"Requests that one sync has in flight at once.",
							NULL,
							&max_requests, 8, 1, 64, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("tiktokads.max_pause",
							"Longest time that a sync waits for the API's rate budget.",
							"When the API asks for a longer pause, the slices concerned are postponed to a later sync.",
							&max_pause, 600, 0, INT_MAX / 1000, PGC_USERSET, GUC_UNIT_S,
							NULL, NULL, NULL);
	TaskInit();
	if (shared_preloading())
		ClaimInit();
}

/* The lock that one run holds for an app in this database. */
static void
app_lock_tag(LOCKTAG *tag, const char *app)
{
	uint32		hash = DatumGetUInt32(hash_any((const unsigned char *) app, strlen(app)));

	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, 0x74696b74 /* "tikt" */ , hash, 2);
}

/* Waits until no other run works for the app; with shared memory many may. */
static void
app_lock(const char *app)
{
	LOCKTAG		tag;

	if (shared_is_there())
		return;
	app_lock_tag(&tag, app);
	if (LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL)
		return;
	ereport(NOTICE,
			(errmsg("another sync works for this app; waiting for it")));
	(void) LockAcquire(&tag, ExclusiveLock, true, false);
}

/* Lets other runs work for the app. */
static void
app_unlock(const char *app)
{
	LOCKTAG		tag;

	if (shared_is_there())
		return;
	app_lock_tag(&tag, app);
	(void) LockRelease(&tag, ExclusiveLock, true);
}

/* Unit: what must be known before the first request. */
static void
unit_prepare(void *arg)
{
	Run		   *run = arg;

	connection_unlock(run->connection);
	history_sweep(run->connection->name);
	history_load_pauses(run->connection->app);
	run->advertiser_target = advertiser_target(run->context);
}

/* Unit: stores the ad accounts. */
static void
unit_list(void *arg)
{
	Run		   *run = arg;

	advertisers_store(run->connection, &run->advertisers);
	task_listed(run->connection->name);
}

/* Unit: stores the ad accounts and plans the slices of a CALL. */
static void
unit_plan(void *arg)
{
	Run		   *run = arg;
	SliceQueue	forward = {0};
	MemoryContext before;

	unit_list(run);
	plan_make(run->context, run->connection, run->request, &forward);
	before = MemoryContextSwitchTo(run->context);
	for (int i = forward.count - 1; i >= 0; i--)
		*array_add(&run->pending) = forward.items[i];
	MemoryContextSwitchTo(before);
}

/* Opens slices and asks for pages as far as there is room. */
static void
run_fill(Run *run)
{
	while (!run->drained && run->open.count < SLICES_OPEN_MAX && open_next(run))
		;
	/* a worker looks again in its next run; a CALL waits for what others have */
	if (run->open.count < SLICES_OPEN_MAX && run->request == NULL)
		run->drained = true;
	fetch_fill(run, max_requests);
}

/* A slice that is ready to be stored, or NULL. */
static Slice *
slice_ready(Run *run)
{
	for (int i = 0; i < run->open.count; i++)
		if (run->open.items[i]->state == SLICE_READY &&
			(run->open.items[i]->store_after == 0 || run->open.items[i]->store_after <= GetCurrentTimestamp()))
			return run->open.items[i];
	return NULL;
}

/* Tells how far the run is, at most once a second. */
static void
run_report(Run *run)
{
	double		seconds = clock_seconds_since(run->started);
	double		share;

	for (int i = 0; i < run->open.count; i++)
		claim_set_totals(run->open.items[i], run->totals->done + run->totals->failed,
						 Max(run->totals->slices, run->totals->done + run->totals->expected), run->started);
	if (run->request == NULL || clock_seconds_since(run->reported) < PROGRESS_SECONDS)
		return;
	run->reported = GetCurrentTimestamp();
	share = run->totals->slices == 0 ? 0 :
		(run->totals->done + run->totals->failed) / (double) run->totals->slices;
	ereport(NOTICE,
			(errmsg("%s: " INT64_FORMAT " of " INT64_FORMAT " slices, " INT64_FORMAT " pages, " INT64_FORMAT
					" rows, %.0f rows/s, %s",
					run->connection->name, run->totals->done + run->totals->failed, run->totals->slices,
					run->totals->pages, run->totals->rows, run->totals->rows / Max(seconds, 0.001),
					share <= 0 ? "estimating the rest" :
					psprintf("about %.0f s left", seconds / share - seconds))));
}

/* Postpones what the API's budget does not allow within tiktokads.max_pause. */
static bool
run_out_of_budget(Run *run)
{
	CallError	error = {VERDICT_WAIT, 0, "the API's rate budget is spent", NULL, NULL};
	int64		wait;

	if (exchange_in_flight(run->caller.exchange) > 0 || run->caller.queued == 0)
		return false;
	wait = caller_wait_us(&run->caller);
	if (wait <= (int64) max_pause * USECS_PER_SEC)
		return false;
	ereport(WARNING,
			(errmsg("the API's rate budget is spent for " INT64_FORMAT " s; the rest is postponed",
					wait / USECS_PER_SEC),
			 errhint("Sync again later, or raise tiktokads.max_pause to wait for it.")));
	settle_abandon(run, SLICE_POSTPONED, &error);
	return true;
}

/* Lets slices go whose endpoint is paused, so that a worker's others need not wait. */
static void
run_yield(Run *run)
{
	for (int i = run->open.count - 1; i >= 0; i--)
	{
		int64		until = open_paused_until(run, run->open.items[i]);

		if (until > 0 && run->open.items[i]->state == SLICE_FETCHING)
			settle_postpone(run, run->open.items[i], "the API's rate budget is spent", until);
	}
}

/* Does what the worker's advice is; true: leave. */
static bool
run_advised(Run *run)
{
	CallError	leaving = {VERDICT_WAIT, 0, "the worker was asked to leave", NULL, NULL};

	switch (run->advise())
	{
		case RUN_STOP:
			settle_abandon(run, SLICE_POSTPONED, &leaving);
			return true;
		case RUN_DRAIN:
			run->drained = true;
			break;
		case RUN_ON:
			break;
	}
	return false;
}

/* Says in pg_stat_activity and in the claims what this process does. */
static void
run_tell(Run *run)
{
	bool		waiting = exchange_in_flight(run->caller.exchange) == 0 && run->caller.queued > 0 &&
		caller_wait_us(&run->caller) > 0;
	Slice	   *slice;
	char		text[256];

	if (run->open.count == 0)
		return;
	slice = run->open.items[0];
	for (int i = 0; i < run->open.count; i++)
		claim_set_phase(run->open.items[i], waiting ? CLAIM_WAITING : CLAIM_FETCHING);
	if (run->request != NULL)
		return;
	snprintf(text, sizeof(text), "tiktokads: %s stream %s, advertiser " INT64_FORMAT ", page %d of " INT64_FORMAT "%s",
			 waiting ? "waiting to fetch" : "fetching", slice->target->stream->name, slice->scope.advertiser_id,
			 slice->pages_done + 1, Max(slice->total_pages, 1), run->open.count > 1 ? " (and others)" : "");
	pgstat_report_activity(STATE_RUNNING, text);
}

/* Fetches and stores until nothing is left. */
static void
run_loop(Run *run)
{
	for (;;)
	{
		Slice	   *ready;
		Call	   *call;

		if (run->advise != NULL && run_advised(run))
			break;
		run_fill(run);
		if (run->open.count == 0 && run->pending.count == 0)
			break;
		if (run->request == NULL)
			run_yield(run);
		else if (run_out_of_budget(run))
			break;
		run_tell(run);
		ready = slice_ready(run);
		/* with slices pending that others work at, look again soon */
		call = caller_wait(&run->caller, ready != NULL ? 0 : run->open.count == 0 ? 50 : LOOK_MS);
		if (call != NULL)
			fetch_arrived(run, call);
		else if (ready != NULL)
			settle_store(run, ready);
		if (run->dead)
			settle_abandon(run, SLICE_FAILED, &run->death);
		run_report(run);
	}
}

/* Frees what a failed run left open. */
static void
run_release(Run *run)
{
	for (int i = 0; i < run->open.count; i++)
		slice_end(run->open.items[i]);
	run->open.count = 0;
	if (run->advertisers.rows != NULL)
		tuplestore_end(run->advertisers.rows);
	exchange_close(run->caller.exchange);
	connection_lock(run->connection);
	if (run->request != NULL)
		claim_release_all();
	app_unlock(run->connection->app);
}

/* Asks the API for the ad accounts; a refused token is put on record. */
static void
run_list(Run *run)
{
	MemoryContext before = MemoryContextSwitchTo(run->context);

	PG_TRY();
	{
		advertisers_fetch(&run->caller, run->connection, run->advertiser_target, &run->advertisers);
	}
	PG_CATCH();
	{
		ErrorData  *failure;

		MemoryContextSwitchTo(run->context);
		failure = CopyErrorData();
		if (failure->sqlerrcode == ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION)
		{
			CallError	error = settle_error(failure);

			FlushErrorState();
			settle_refused(run, &error);
			ReThrowError(failure);
		}
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(before);
}

/* Finds the advertisers where that is due, plans and syncs; the app's lock is held. */
static void
run_locked(Run *run, bool list)
{
	unit_run(run->authority, unit_prepare, run);
	connection_caller(run->connection, run->caller.exchange, &run->caller);
	if (list)
	{
		run_list(run);
		unit_run(run->authority, run->request != NULL ? unit_plan : unit_list, run);
	}
	run->totals->slices += run->pending.count;
	run->caller.context = run->context;
	run->caller.max_in_flight = max_requests;
	run->caller.pause_note = settle_pause_note;
	run->caller.pause_arg = run;
	run_loop(run);
}

/* Runs in a context of its own, and leaves nothing open. */
static void
run_whole(Run *run, bool list)
{
	run->context = AllocSetContextCreate(CurrentMemoryContext, "tiktokads run", ALLOCSET_DEFAULT_SIZES);
	run->page_context = AllocSetContextCreate(run->context, "tiktokads page", ALLOCSET_DEFAULT_SIZES);
	run->started = run->reported = GetCurrentTimestamp();

	app_lock(run->connection->app);
	PG_TRY();
	{
		run->caller.exchange = exchange_open();
		run_locked(run, list);
	}
	PG_FINALLY();
	{
		run_release(run);
	}
	PG_END_TRY();
	MemoryContextDelete(run->context);
}

/* Syncs one connection for a CALL. */
void
run_connection(const Authority *authority, Connection *connection,
			   const SyncRequest *request, RunTotals *totals)
{
	Run		   *run = palloc0(sizeof(Run));

	run->authority = authority;
	run->connection = connection;
	run->request = request;
	run->totals = totals;
	run_whole(run, true);
	pfree(run);
}

/* Works at the tasks of one connection for a worker. */
void
run_tasks(const Authority *authority, Connection *connection, bool list,
		  RunAdvice (*advise) (void), RunTotals *totals)
{
	Run		   *run = palloc0(sizeof(Run));

	run->authority = authority;
	run->connection = connection;
	run->advise = advise;
	run->totals = totals;
	run_whole(run, list);
	pfree(run);
}
