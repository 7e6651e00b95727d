/*
 * settle.c: how slices end.
 *
 * Rows, removals, cursor, history and task of a slice are written in one
 * commit; a slice that is not stored leaves its history and its task alone.
 * What must stay true: a slice's claim is given back only after that commit, so
 * that nobody reads a slice again that is being recorded.
 *
 * A slice that fails stops no other, except that a refused token ends the
 * connection's run: every further request would be refused too.
 */
#include "postgres.h"

#include "base/clock.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "sync/claim.h"
#include "sync/engine.h"
#include "sync/follow.h"
#include "sync/history.h"
#include "sync/parameter.h"
#include "sync/plan.h"
#include "sync/task.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define STORE_AGAIN_MS	500

/* A slice and what a unit of work needs beside it. */
typedef struct SliceWork
{
	Run		   *run;
	Slice	   *slice;
	SliceEnd	end;
	CallError	error;
	int			days_each;		/* of a slice that is split */
	int64		not_before_us;	/* of a slice that is tried again */
	bool		moved;			/* rows came twice: others may be missing */
	bool		expired;		/* retention removed days of it meanwhile */
} SliceWork;

/* Records an endpoint's pause. */
typedef struct PauseWork
{
	Run		   *run;
	const char *endpoint;
	int64		until_us;
	const char *reason;
} PauseWork;

/* An error that is ours, as a call's error. */
CallError
settle_error(const ErrorData *failure)
{
	CallError	error = {0};

	error.verdict = VERDICT_GIVE_UP;
	error.message = failure->message;
	error.hint = failure->hint;
	return error;
}

/* True when a unit gave way to somebody else's locks. */
bool
settle_is_crossing(const ErrorData *failure)
{
	return failure->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		failure->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED;
}

/* Unit: stores a slice with its cursor, history and task. */
static void
unit_store(void *arg)
{
	SliceWork  *work = arg;
	Slice	   *slice = work->slice;
	TimestampTz start = GetCurrentTimestamp();
	bool		certain = !slice->truncated && slice_is_consistent(slice);
	int			days = slice_days(slice);

	work->expired = days > 0 && (!plan_trim(slice) || slice_days(slice) < days);
	if (work->expired)
		return;
	if (slice->unchanged)
	{
		slice->counts.unchanged = slice->nrows;
		follow_stored(work->run->connection, slice);
		history_done(slice);
		task_done(slice);
		return;
	}
	target_store(slice->target, &slice->scope, slice->rows, slice->nrows, slice->filled,
				 certain && !slice->modified_only ? slice->total_rows : -1, &slice->counts);
	if (slice->counts.duplicates > 0 && certain && slice->rereads < SLICE_REREADS)
	{
		/* pages shifted under way: what came twice stands for what did not come */
		work->moved = true;
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("rows came twice")));
	}
	if (slice->truncated)
		slice_note(slice, "the API cut the list short; nothing was removed");
	else if (!certain)
		slice_note(slice, "the list moved while it was read; nothing was removed");
	if (slice->counts.pending > 0)
		slice_note(slice, INT64_FORMAT " rows vanished: they stay until a second read agrees",
				   slice->counts.pending);
	repeat_store(slice, certain && slice->counts.pending == 0 && slice->counts.held == 0);
	slice->db_seconds = clock_seconds_since(start);
	follow_stored(work->run->connection, slice);
	history_done(slice);
	task_done(slice);
}

/* Unit: records that a slice was not stored, and what becomes of its task. */
static void
unit_not_done(void *arg)
{
	SliceWork  *work = arg;
	Slice	   *slice = work->slice;

	history_not_done(slice, work->end, &work->error);
	if (work->end == SLICE_SPLIT)
		task_split(slice, work->days_each);
	else if (work->end == SLICE_FAILED)
		task_failed(slice->task, work->not_before_us, &work->error);
	else
		task_postpone(slice->task, work->not_before_us);
}

/* Unit: marks an ad account as unreadable. */
static void
unit_unreadable(void *arg)
{
	SliceWork  *work = arg;

	history_not_done(work->slice, SLICE_FAILED, &work->error);
	advertiser_unreadable(work->slice->scope.advertiser_id);
	task_drop_advertiser(work->slice->scope.advertiser_id);
}

/* Unit: records that the API refused the connection's token. */
static void
unit_refused(void *arg)
{
	SliceWork  *work = arg;

	connection_refused(work->run->connection->name, &work->error);
}

/* Unit: records an endpoint's pause. */
static void
unit_pause(void *arg)
{
	PauseWork  *work = arg;

	history_pause(work->run->connection->app, work->endpoint, work->until_us, work->reason);
}

/* Called by the caller when an endpoint is paused for long. */
void
settle_pause_note(void *arg, const char *endpoint, int64 until_us, const char *reason)
{
	Run		   *run = arg;
	PauseWork	work = {run, endpoint, until_us, reason};

	unit_run(run->authority, unit_pause, &work);
	ereport(run->request == NULL ? LOG : NOTICE,
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
	fetch_forget(run, slice);
	slice_end(slice);
}

/* Ends a slice that is not stored, and records why. */
static void
slice_give_up(Run *run, SliceWork *work, UnitBody record)
{
	slice_close(run, work->slice);
	unit_run(run->authority, record, work);
	open_ended(work->slice);
	if (work->end == SLICE_FAILED)
	{
		run->totals->failed++;
		run_remember(run, work->slice, &work->error);
	}
	else if (work->end == SLICE_POSTPONED)
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
	open_ended(slice);
	advertiser_drop(run, slice->scope.advertiser_id);
	run->totals->slices--;
}

/* Unit: records that the API does not offer a stream to an ad account. */
static void
unit_degraded(void *arg)
{
	SliceWork  *work = arg;
	Slice	   *slice = work->slice;
	Parameters	parameters = {0};

	history_not_done(slice, SLICE_FAILED, &work->error);
	add_text(&parameters, slice->target->stream->name);
	add_int64(&parameters, slice->scope.advertiser_id);
	add_int64(&parameters, work->error.code);
	add_text(&parameters, work->error.message);
	execute("SELECT tiktokads.stream_degrade($1, $2, $3, $4)", &parameters, SPI_OK_SELECT);
	task_done(slice);
}

/* Leaves a stream out that the API does not offer; an error only where it was asked for by name. */
static void
slice_degraded(Run *run, Slice *slice, const CallError *error)
{
	SliceWork	work = {run, slice, SLICE_FAILED, *error};

	if (run->request != NULL && run->request->stream == NULL)
	{
		ereport(WARNING,
				(errmsg("stream %s is not to be had for ad account " INT64_FORMAT " and is left out: %s",
						slice->target->stream->name, slice->scope.advertiser_id, error->message),
				 error->hint == NULL ? 0 : errhint("%s", error->hint)));
		work.end = SLICE_SPLIT; /* which does not count as a failure */
		run->totals->slices--;
	}
	slice_give_up(run, &work, unit_degraded);
}

/* Puts slices for the parts of one that was too large in front of the queue. */
void
settle_split(Run *run, Slice *slice, int days_each, const CallError *error)
{
	SliceWork	work = {run, slice, SLICE_SPLIT, *error, days_each};
	MemoryContext before = MemoryContextSwitchTo(run->context);

	for (DateADT from = slice->scope.from; from <= slice->scope.to; from += days_each)
	{
		if (slice->task == 0)
			*array_add(&run->pending) =
				plan_copy(run->context, slice, from, Min(from + days_each - 1, slice->scope.to));
		run->totals->slices++;
	}
	run->totals->slices--;
	MemoryContextSwitchTo(before);
	slice_give_up(run, &work, unit_not_done);
}

/* Ends a slice that waits for its next try without having failed. */
void
settle_postpone(Run *run, Slice *slice, const char *why, int64 not_before_us)
{
	SliceWork	work = {run, slice, SLICE_POSTPONED, {VERDICT_WAIT, 0, why, NULL, NULL}, 0, not_before_us};

	slice_give_up(run, &work, unit_not_done);
}

/* Marks the connection whose token the API refused; its slices wait for new credentials. */
void
settle_refused(Run *run, const CallError *error)
{
	SliceWork	work = {run, NULL, SLICE_FAILED, *error};

	unit_run(run->authority, unit_refused, &work);
}

/* Ends a slice by the verdict on one of its requests. */
void
settle_judge(Run *run, Slice *slice, const CallError *error)
{
	SliceWork	work = {run, slice, SLICE_FAILED, *error};

	if (probe_begin(run, slice, error))
		return;
	if (error->verdict == VERDICT_SPLIT && slice_days(slice) > 1)
		settle_split(run, slice, (slice_days(slice) + 1) / 2, error);
	/* one day is too much for the API, which says so, or for the time that an answer may take */
	else if (error->verdict == VERDICT_SPLIT && ((error->code != 0 && remote_begin(run, slice)) || fetch_smaller(slice)))
		return;
	else if (verdict_of_stream(error->code) || (verdict_of_account(error->code) && slice->target->stream->own_permission))
		slice_degraded(run, slice, error);
	else if (verdict_of_account(error->code))
		slice_unreadable(run, slice, error);
	else
	{
		if (error->verdict == VERDICT_REAUTHORISE)
		{
			run->dead = true;
			run->death = *error;
			run->death.message = MemoryContextStrdup(run->context, error->message);
			if (error->request_id != NULL)
				run->death.request_id = MemoryContextStrdup(run->context, error->request_id);
			settle_refused(run, error);
		}
		else if (error->verdict == VERDICT_GIVE_UP && error->code == 0 && run->request == NULL)
			/* perhaps the network is gone: whoever looks next finds out with one request */
			run->drained = run->totals->unreachable = true;
		if (run->dead && slice->task != 0)
			work.end = SLICE_POSTPONED;
		slice_give_up(run, &work, unit_not_done);
	}
}

/* Records that a slice could not even be opened. */
void
settle_unopened(Run *run, Slice *slice, const ErrorData *failure)
{
	CallError	error = settle_error(failure);

	slice_close(run, slice);
	claim_release(slice);
	run->totals->failed++;
	run_remember(run, slice, &error);
}

/* Ends a slice all of whose days retention removed before it was opened. */
void
settle_expired(Run *run, Slice *slice)
{
	slice_close(run, slice);
	claim_release(slice);
	run->totals->slices--;
}

/* Ends everything that is open or pending with the same error. */
void
settle_abandon(Run *run, SliceEnd end, const CallError *error)
{
	while (run->open.count > 0)
	{
		SliceWork	work = {run, run->open.items[0], end, *error};

		if (work.slice->task != 0)
			work.end = SLICE_POSTPONED;
		slice_give_up(run, &work, unit_not_done);
	}
	if (end == SLICE_FAILED)
		run->totals->failed += run->pending.count;
	else
		run->totals->postponed += run->pending.count;
	run->pending.count = 0;
	run->drained = true;
}

/* Stores a slice whose pages are all there. */
void
settle_store(Run *run, Slice *slice)
{
	SliceWork	work = {run, slice, SLICE_DONE};
	CallError	expired = {VERDICT_SPLIT, 0, "retention removed days of it while it was fetched: the others are fetched again", NULL, NULL};
	ErrorData  *failure;

	claim_set_phase(slice, CLAIM_STORING);
	failure = unit_try(run->authority, unit_store, &work);
	if (failure != NULL && work.moved && fetch_again(slice))
		return;
	if (failure != NULL && settle_is_crossing(failure) && run->request == NULL)
	{
		/* what was read is kept for another try */
		slice->store_after = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), STORE_AGAIN_MS);
		return;
	}
	if (failure != NULL)
	{
		work.end = SLICE_FAILED;
		work.error = settle_error(failure);
		slice_give_up(run, &work, unit_not_done);
		return;
	}
	if (work.expired)
	{
		settle_split(run, slice, slice_days(slice), &expired);
		return;
	}
	slice_close(run, slice);
	open_ended(slice);
	run->totals->done++;
	run->totals->added += slice->counts.added;
	run->totals->changed += slice->counts.changed;
	run->totals->removed += slice->counts.removed;
}
