/*
 * run.c: the engine that fetches and stores slices.
 *
 * claim (commit) -> fetch -> store, cursor and history (one commit).  Several
 * slices are read at once, and several of their pages; whatever is in flight
 * goes on arriving in the kernel's buffers while a slice is stored.  No
 * transaction crosses a wait.
 *
 * A slice that fails is recorded and stops no other, except that a refused
 * token ends the connection's run: every further request would be refused too.
 */
#include "postgres.h"

#include "account/advertiser.h"
#include "api/request.h"
#include "base/clock.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "sync/history.h"
#include "sync/run.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define SLICES_OPEN_MAX		4	/* read at once */
#define SLICE_PAGES_SPLIT	50	/* more pages than that: cut into days */
#define SLICE_REREADS		2	/* of a slice that moves while it is read */
#define PROGRESS_SECONDS	1.0

static int	max_requests = 8;
static int	max_pause = 600;

/* One run for one connection. */
typedef struct Run
{
	const Authority *authority;
	Connection *connection;
	const SyncRequest *request;
	RunTotals  *totals;
	MemoryContext context;		/* all of the run */
	MemoryContext page_context; /* one page being parsed */
	Caller		caller;
	SliceQueue	pending;		/* first to fetch is the last item */
	SliceQueue	open;
	bool		dead;			/* the token was refused */
	CallError	death;
	TimestampTz started;
	TimestampTz reported;
	int64		pages_expected;
	AdvertiserList advertisers;
	Target	   *advertiser_target;
} Run;

/* A slice and what a unit of work needs beside it. */
typedef struct SliceWork
{
	Run		   *run;
	Slice	   *slice;
	SliceEnd	end;
	CallError	error;
	bool		expired;		/* retention removed days of it meanwhile */
} SliceWork;

/* Which page a reply is of, in which reading of the slice. */
typedef struct PageCall
{
	Slice	   *slice;
	int			page;
	int			epoch;
	int			rows;
} PageCall;

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
}

/* The lock that one run holds for an app in this database. */
static void
app_lock_tag(LOCKTAG *tag, const char *app)
{
	uint32		hash = DatumGetUInt32(hash_any((const unsigned char *) app, strlen(app)));

	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, 0x74696b74 /* "tikt" */ , hash, 2);
}

/* Waits until no other run works for the app. */
static void
app_lock(const char *app)
{
	LOCKTAG		tag;

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

/* Unit: stores the ad accounts and plans the slices. */
static void
unit_plan(void *arg)
{
	Run		   *run = arg;
	SliceQueue	forward = {0};
	MemoryContext before;

	advertisers_store(run->connection, &run->advertisers);
	plan_make(run->context, run->connection, run->request, &forward);
	before = MemoryContextSwitchTo(run->context);
	for (int i = forward.count - 1; i >= 0; i--)
		*array_add(&run->pending) = forward.items[i];
	MemoryContextSwitchTo(before);
}

/* Unit: claims a slice; its history row and its partitions are committed. */
static void
unit_claim(void *arg)
{
	SliceWork  *work = arg;
	Slice	   *slice = work->slice;
	Oid			types[] = {TEXTOID, DATEOID, DATEOID};
	Datum		values[] = {
		CStringGetTextDatum(slice->target->stream->target),
		DateADTGetDatum(slice->scope.from),
		DateADTGetDatum(slice->scope.to)
	};

	if (slice_days(slice) > 0 && !plan_trim(slice))
	{
		work->expired = true;
		return;
	}
	history_claim(work->run->connection->name, slice);
	if (slice_days(slice) > 0)
		unit_execute("SELECT tiktokads.partition_ensure($1, $2, $3)", 3, types, values, NULL,
					 SPI_OK_SELECT);
}

/* Unit: stores a slice with its cursor and history. */
static void
unit_store(void *arg)
{
	SliceWork  *work = arg;
	Slice	   *slice = work->slice;
	TimestampTz start = GetCurrentTimestamp();
	bool		certain = !slice->truncated && slice_is_consistent(slice);
	int			days = slice_days(slice);

	if (days > 0 && (!plan_trim(slice) || slice_days(slice) < days))
	{
		work->expired = true;
		return;
	}
	target_store(slice->target, &slice->scope, slice->rows, slice->nrows, slice->filled,
				 certain ? slice->total_rows : -1, &slice->counts);
	if (slice->truncated)
		slice_note(slice, "the API cut the list short; nothing was removed");
	else if (!certain)
		slice_note(slice, "the list moved while it was read; nothing was removed");
	if (slice->counts.pending > 0)
		slice_note(slice, INT64_FORMAT " rows vanished: they stay until a second read agrees",
				   slice->counts.pending);
	slice->db_seconds = clock_seconds_since(start);
	history_done(slice);
}

/* Unit: records that a slice was not stored. */
static void
unit_not_done(void *arg)
{
	SliceWork  *work = arg;

	history_not_done(work->slice, work->end, &work->error);
}

/* Tells what this unit marks as unreadable. */
static void
unit_unreadable(void *arg)
{
	SliceWork  *work = arg;
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(work->slice->scope.advertiser_id)};

	history_not_done(work->slice, SLICE_FAILED, &work->error);
	unit_execute("UPDATE tiktokads.advertiser SET readable = false WHERE advertiser_id = $1 AND readable",
				 1, types, values, NULL, SPI_OK_UPDATE);
}

/* Records an endpoint's pause. */
typedef struct PauseWork
{
	Run		   *run;
	const char *endpoint;
	int64		until_us;
	const char *reason;
} PauseWork;

/* Unit: records an endpoint's pause. */
static void
unit_pause(void *arg)
{
	PauseWork  *work = arg;

	history_pause(work->run->connection->app, work->endpoint, work->until_us, work->reason);
}

/* Called by the caller when an endpoint is paused for long. */
static void
run_pause_note(void *arg, const char *endpoint, int64 until_us, const char *reason)
{
	Run		   *run = arg;
	PauseWork	work = {run, endpoint, until_us, reason};

	unit_run(run->authority, unit_pause, &work);
	ereport(NOTICE,
			(errmsg("endpoint %s is paused for " INT64_FORMAT " s: %s", endpoint,
					(until_us - clock_now_us()) / USECS_PER_SEC,
					reason == NULL ? "too many requests" : reason)));
}

/* Remembers the first error for the end of the call. */
static void
run_remember(Run *run, const Slice *slice, const CallError *error)
{
	MemoryContext before;

	if (run->totals->first_error != NULL)
		return;
	before = MemoryContextSwitchTo(GetMemoryChunkContext(run->totals));
	run->totals->first_error = psprintf("%s: %s", slice_describe(slice), error->message);
	if (error->code != 0)
		run->totals->first_error = psprintf("%s (code " INT64_FORMAT "%s%s)", run->totals->first_error,
											error->code, error->request_id == NULL ? "" : ", request ",
											error->request_id == NULL ? "" : error->request_id);
	run->totals->first_hint = error->hint == NULL ? NULL : pstrdup(error->hint);
	MemoryContextSwitchTo(before);
}

/* Takes a slice out of the open ones; pages still in flight are ignored when they come. */
static void
slice_close(Run *run, Slice *slice)
{
	for (int i = 0; i < run->open.count; i++)
		if (run->open.items[i] == slice)
		{
			run->open.items[i] = run->open.items[--run->open.count];
			break;
		}
	slice->epoch++;
	slice_end(slice);
}

/* Ends a slice that is not stored, and records why. */
static void
slice_give_up(Run *run, Slice *slice, SliceEnd end, const CallError *error, UnitBody record)
{
	SliceWork	work = {run, slice, end, *error};

	slice_close(run, slice);
	unit_run(run->authority, record, &work);
	if (end == SLICE_FAILED)
	{
		run->totals->failed++;
		run_remember(run, slice, error);
	}
	else if (end == SLICE_POSTPONED)
		run->totals->postponed++;
}

/* Drops what is pending for an advertiser that may not be read. */
static void
advertiser_drop(Run *run, int64 advertiser_id)
{
	int			kept = 0;

	for (int i = 0; i < run->pending.count; i++)
		if (run->pending.items[i]->scope.advertiser_id != advertiser_id)
			run->pending.items[kept++] = run->pending.items[i];
	run->totals->slices -= run->pending.count - kept;
	run->pending.count = kept;
}

/* Marks an advertiser as unreadable; other advertisers go on. */
static void
slice_unreadable(Run *run, Slice *slice, const CallError *error)
{
	SliceWork	work = {run, slice, SLICE_FAILED, *error};

	ereport(WARNING,
			(errmsg("ad account " INT64_FORMAT " may not be read and is skipped: %s",
					slice->scope.advertiser_id, error->message),
			 error->hint == NULL ? 0 : errhint("%s", error->hint)));
	slice_close(run, slice);
	unit_run(run->authority, unit_unreadable, &work);
	advertiser_drop(run, slice->scope.advertiser_id);
	run->totals->slices--;
}

/* Puts slices for the parts of one that was too large in front of the queue. */
static void
slice_split(Run *run, Slice *slice, int days_each, const CallError *error)
{
	MemoryContext before = MemoryContextSwitchTo(run->context);

	for (DateADT from = slice->scope.from; from <= slice->scope.to; from += days_each)
	{
		*array_add(&run->pending) =
			plan_copy(run->context, slice, from, Min(from + days_each - 1, slice->scope.to));
		run->totals->slices++;
	}
	run->totals->slices--;
	MemoryContextSwitchTo(before);
	slice_give_up(run, slice, SLICE_SPLIT, error, unit_not_done);
}

/* Ends a slice by the verdict on one of its requests. */
static void
slice_judge(Run *run, Slice *slice, const CallError *error)
{
	if (error->verdict == VERDICT_SPLIT && slice_days(slice) > 1)
		slice_split(run, slice, (slice_days(slice) + 1) / 2, error);
	else if (verdict_of_account(error->code))
		slice_unreadable(run, slice, error);
	else
	{
		if (error->verdict == VERDICT_REAUTHORISE)
		{
			run->dead = true;
			run->death = *error;
		}
		slice_give_up(run, slice, SLICE_FAILED, error, unit_not_done);
	}
}

/* An error that is ours, as a call's error. */
static CallError
error_from(const ErrorData *failure)
{
	CallError	error = {0};

	error.verdict = VERDICT_GIVE_UP;
	error.message = failure->message;
	error.hint = failure->hint;
	return error;
}

/* Forgets a page whose reply was handled, or is not wanted any more. */
static void
page_finish(Run *run, Call *call)
{
	pfree(call->owner);
	caller_finish(&run->caller, call);
}

/* Asks for the next page of a slice. */
static void
page_submit(Run *run, Slice *slice)
{
	PageCall   *page = MemoryContextAllocZero(run->context, sizeof(PageCall));
	const StreamDef *stream = slice->target->stream;
	char	   *url = request_url(run->connection->base_url, stream, slice->scope.advertiser_id,
								  slice->scope.from, slice->scope.to, slice->next_page);

	page->slice = slice;
	page->page = slice->next_page++;
	page->epoch = slice->epoch;
	slice->in_flight++;
	caller_submit(&run->caller, "GET", stream->path, url, NULL, page);
	pfree(url);
}

/* True when there is a page to ask for now: the first, or any once the first came. */
static bool
page_is_due(const Slice *slice)
{
	if (slice->state != SLICE_FETCHING)
		return false;
	return slice->total_pages < 0 ? slice->next_page == 1 : slice->next_page <= slice->total_pages;
}

/* Claims the next pending slice and begins to read it. */
static void
slice_open(Run *run)
{
	Slice	   *slice = run->pending.items[--run->pending.count];
	Slice	   *rest = plan_narrow(run->context, slice);
	SliceWork	work = {run, slice};
	ErrorData  *failure;
	CallError	error;
	MemoryContext before = MemoryContextSwitchTo(run->context);

	if (rest != NULL)
	{
		*array_add(&run->pending) = rest;
		run->totals->slices++;
	}
	slice->context = run->context;
	*array_add(&run->open) = slice;
	MemoryContextSwitchTo(before);
	slice_begin(slice);
	failure = unit_try(run->authority, unit_claim, &work);
	if (failure != NULL)
	{
		error = error_from(failure);
		slice_close(run, slice);
		run->totals->failed++;
		run_remember(run, slice, &error);
	}
	else if (work.expired)
	{
		slice_close(run, slice);
		run->totals->slices--;
	}
}

/* Opens slices and asks for pages as far as there is room. */
static void
run_fill(Run *run)
{
	while (run->open.count < SLICES_OPEN_MAX && run->pending.count > 0)
		slice_open(run);
	for (int i = 0; i < run->open.count; i++)
		while (page_is_due(run->open.items[i]) && run->caller.queued < max_requests)
			page_submit(run, run->open.items[i]);
}

/* Reads a slice again from its first page, because it moved while it was read. */
static void
slice_reread(Slice *slice)
{
	slice->rereads++;
	slice_note(slice, "read again because it changed meanwhile");
	slice_begin(slice);
}

/* After a page: is the slice too large, whole, or in need of another reading? */
static void
slice_step(Run *run, Slice *slice)
{
	CallError	large = {VERDICT_SPLIT, 0, "more pages than a slice may have: cut into fewer days", NULL, NULL};
	int			days = slice_days(slice);

	if (slice->pages_done == 1 && days > 0)
		slice->density->pages_per_day = slice->total_pages / (double) days;
	if (slice->pages_done == 1 && days > 1 && slice->total_pages > SLICE_PAGES_SPLIT)
	{
		slice_split(run, slice, Max(1, (int) (SLICE_PAGES_SPLIT / slice->density->pages_per_day)), &large);
		return;
	}
	if (slice->pages_done == 1)
		run->pages_expected += slice->total_pages;
	if (!slice_is_whole(slice))
		return;
	if (!slice_is_consistent(slice) && slice->rereads < SLICE_REREADS)
		slice_reread(slice);
	else
		slice->state = SLICE_READY;
}

/* Takes one parsed row. */
static void
page_sink(void *arg, Datum *values, bool *nulls)
{
	PageCall   *page = arg;

	slice_add_row(page->slice, page->page, page->rows++, values, nulls);
}

/* Parses a page's reply into its slice; an error when it is malformed. */
static void
page_parse(Run *run, PageCall *page, const Reply *reply, Envelope *envelope)
{
	Slice	   *slice = page->slice;
	MemoryContext before = MemoryContextSwitchTo(run->page_context);

	row_shape_reset(slice->shape);
	reply_parse(reply->body, reply->body_len, slice->shape, slice->target->stream->list_name,
				page_sink, page, envelope);
	MemoryContextSwitchTo(before);
	for (int i = 0; i < slice->target->ncolumns; i++)
		slice->filled[i] |= row_shape_filled(slice->shape)[i];
}

/* Parses a page's reply; a malformed one is caught and returned. */
static ErrorData *
page_try_parse(Run *run, PageCall *page, const Reply *reply, Envelope *envelope)
{
	MemoryContext before = CurrentMemoryContext;
	ErrorData  *volatile failure = NULL;

	PG_TRY();
	{
		page_parse(run, page, reply, envelope);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(before);
		failure = CopyErrorData();
		if (failure->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			ERRCODE_TO_CATEGORY(failure->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION ||
			ERRCODE_TO_CATEGORY(failure->sqlerrcode) == ERRCODE_INSUFFICIENT_RESOURCES)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	return failure;
}

/* Handles a reply of a slice that is being read. */
static void
page_arrived(Run *run, Call *call, PageCall *page)
{
	Slice	   *slice = page->slice;
	Envelope	envelope;
	CallError	error;
	ErrorData  *failure;

	slice->bytes += call->reply->body_len;
	slice->api_seconds += call->reply->seconds;
	slice->truncated |= call->reply->truncated_header;
	if (caller_failed(call, &error))
	{
		slice_judge(run, slice, &error);
		page_finish(run, call);
		return;
	}
	page->rows = 0;
	failure = page_try_parse(run, page, call->reply, &envelope);
	if (failure == NULL && verdict_of_code(envelope.code)->verdict == VERDICT_OK)
	{
		slice_add_page(slice, &envelope, page->page);
		run->totals->pages++;
		run->totals->rows += page->rows;
		page_finish(run, call);
		slice_step(run, slice);
		return;
	}
	if (page->rows > 0)
	{
		/* rows of a reply that turned out bad: begin the slice anew, or give it up */
		error = failure != NULL ? error_from(failure) :
			(CallError) {VERDICT_GIVE_UP, envelope.code, envelope.message, envelope.request_id, NULL};
		page_finish(run, call);
		if (slice->rereads < SLICE_REREADS)
			slice_reread(slice);
		else
			slice_judge(run, slice, &error);
		return;
	}
	if (failure != NULL)
	{
		error = error_from(failure);
		if (caller_retry_malformed(&run->caller, call))
		{
			slice->in_flight++;
			return;
		}
	}
	else if (caller_retry(&run->caller, call, &envelope, &error))
	{
		slice->in_flight++;
		return;
	}
	slice_judge(run, slice, &error);
	page_finish(run, call);
}

/* Handles a reply, whichever slice it is for. */
static void
run_arrived(Run *run, Call *call)
{
	PageCall   *page = call->owner;
	MemoryContext before = MemoryContextSwitchTo(run->page_context);

	page->slice->in_flight--;
	if (page->slice->state == SLICE_FETCHING && page->epoch == page->slice->epoch)
		page_arrived(run, call, page);
	else
		page_finish(run, call);
	MemoryContextSwitchTo(before);
	MemoryContextReset(run->page_context);
}

/* Stores a slice whose pages are all there. */
static void
slice_store(Run *run, Slice *slice)
{
	SliceWork	work = {run, slice, SLICE_DONE};
	ErrorData  *failure = unit_try(run->authority, unit_store, &work);
	CallError	expired = {VERDICT_SPLIT, 0, "retention removed days of it while it was fetched: the others are fetched again", NULL, NULL};
	CallError	error;

	if (failure != NULL)
	{
		error = error_from(failure);
		slice_give_up(run, slice, SLICE_FAILED, &error, unit_not_done);
		return;
	}
	if (work.expired)
	{
		slice_split(run, slice, slice->scope.to - slice->scope.from + 1, &expired);
		return;
	}
	slice_close(run, slice);
	run->totals->done++;
	run->totals->added += slice->counts.added;
	run->totals->changed += slice->counts.changed;
	run->totals->removed += slice->counts.removed;
}

/* A slice that is ready to be stored, or NULL. */
static Slice *
slice_ready(Run *run)
{
	for (int i = 0; i < run->open.count; i++)
		if (run->open.items[i]->state == SLICE_READY)
			return run->open.items[i];
	return NULL;
}

/* Tells how far the run is, at most once a second. */
static void
run_report(Run *run)
{
	double		seconds = clock_seconds_since(run->started);
	double		share;

	if (clock_seconds_since(run->reported) < PROGRESS_SECONDS)
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

/* Ends everything that is open or pending with the same error. */
static void
run_abandon(Run *run, SliceEnd end, const CallError *error)
{
	while (run->open.count > 0)
		slice_give_up(run, run->open.items[0], end, error, unit_not_done);
	if (end == SLICE_FAILED)
		run->totals->failed += run->pending.count;
	else
		run->totals->postponed += run->pending.count;
	run->pending.count = 0;
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
	run_abandon(run, SLICE_POSTPONED, &error);
	return true;
}

/* Fetches and stores until nothing is left. */
static void
run_loop(Run *run)
{
	while (run->open.count > 0 || run->pending.count > 0)
	{
		Slice	   *ready;
		Call	   *call;

		run_fill(run);
		if (run_out_of_budget(run))
			break;
		ready = slice_ready(run);
		call = caller_wait(&run->caller, ready != NULL ? 0 : 1000);
		if (call != NULL)
			run_arrived(run, call);
		else if (ready != NULL)
			slice_store(run, ready);
		if (run->dead)
			run_abandon(run, SLICE_FAILED, &run->death);
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
	app_unlock(run->connection->app);
}

/* Finds the advertisers, plans and syncs; the app's lock is held. */
static void
run_locked(Run *run)
{
	MemoryContext before;

	unit_run(run->authority, unit_prepare, run);
	connection_caller(run->connection, run->caller.exchange, &run->caller);
	before = MemoryContextSwitchTo(run->context);
	advertisers_fetch(&run->caller, run->connection, run->advertiser_target, &run->advertisers);
	MemoryContextSwitchTo(before);
	unit_run(run->authority, unit_plan, run);

	run->totals->slices += run->pending.count;
	run->caller.context = run->context;
	run->caller.max_in_flight = max_requests;
	run->caller.pause_note = run_pause_note;
	run->caller.pause_arg = run;
	run_loop(run);
}

/* Syncs one connection. */
void
run_connection(const Authority *authority, Connection *connection,
			   const SyncRequest *request, RunTotals *totals)
{
	Run		   *run = palloc0(sizeof(Run));

	run->authority = authority;
	run->connection = connection;
	run->request = request;
	run->totals = totals;
	run->context = AllocSetContextCreate(CurrentMemoryContext, "tiktokads run", ALLOCSET_DEFAULT_SIZES);
	run->page_context = AllocSetContextCreate(run->context, "tiktokads page", ALLOCSET_DEFAULT_SIZES);
	run->started = run->reported = GetCurrentTimestamp();

	app_lock(connection->app);
	PG_TRY();
	{
		run->caller.exchange = exchange_open();
		run_locked(run);
	}
	PG_FINALLY();
	{
		run_release(run);
	}
	PG_END_TRY();
	MemoryContextDelete(run->context);
}
