/*
 * open.c: how slices begin.
 *
 * A CALL opens the slices that it planned.  A worker takes tasks from
 * tiktokads.sync_task, as others do beside it; what must stay true: a task's
 * crash is counted before it is begun, and taken back when the worker leaves it
 * in good order.  The claim of a slice, its history row and its partitions are
 * committed before the first request.
 */
#include "postgres.h"

#include "base/clock.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "sync/claim.h"
#include "sync/engine.h"
#include "sync/history.h"
#include "sync/plan.h"
#include "sync/task.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define YIELD_US	(2 * USECS_PER_SEC) /* a worker waits no longer for one endpoint */

/* Tasks that this worker has begun and not ended. */
static int64 begun[SLICES_OPEN_MAX];
static int	nbegun = 0;

/* A slice on its way to be opened. */
typedef struct OpenWork
{
	Run		   *run;
	int64		task;			/* being looked at */
	Slice	   *slice;			/* NULL: none could be taken */
	CallError	error;
	bool		expired;		/* retention removed all days of it */
} OpenWork;

/* In a unit: records the claim of a slice, and makes the partitions it needs; false: retention removed all of its days. */
static bool
slice_claim(Run *run, Slice *slice)
{
	Oid			types[] = {TEXTOID, DATEOID, DATEOID};
	Datum		values[3];

	if (slice_days(slice) > 0 && !plan_trim(slice))
		return false;
	plan_prepare(run->context, slice);
	each_prepare(run->context, slice);
	repeat_prepare(slice, run->context);
	history_claim(run->connection->name, slice);
	claim_set_run(slice);
	values[0] = CStringGetTextDatum(slice->target->stream->target);
	values[1] = DateADTGetDatum(slice->scope.from);
	values[2] = DateADTGetDatum(slice->scope.to);
	if (slice_days(slice) > 0)
		unit_execute("SELECT tiktokads.partition_ensure($1, $2, $3)", 3, types, values, NULL,
					 SPI_OK_SELECT);
	return true;
}

/* Unit: claims a slice of a CALL; its history row and its partitions are committed. */
static void
unit_claim(void *arg)
{
	OpenWork   *work = arg;

	work->expired = !slice_claim(work->run, work->slice);
}

/* The stream of a task as this run knows it, loaded when it is met first. */
static RunStream *
run_stream(Run *run, const char *name)
{
	MemoryContext before;
	RunStream	stream;
	int			count;

	for (int i = 0; i < run->streams.count; i++)
		if (strcmp(run->streams.items[i].target->stream->name, name) == 0)
			return &run->streams.items[i];
	stream.target = target_load(run->context, stream_load(run->context, name, &count));
	before = MemoryContextSwitchTo(run->context);
	stream.shape = row_shape_build(stream.target->incoming, stream.target->stream);
	*array_add(&run->streams) = stream;
	MemoryContextSwitchTo(before);
	return &run->streams.items[run->streams.count - 1];
}

/* A slice for a task; in the run's context. */
static Slice *
slice_of_task(Run *run, const Task *task)
{
	RunStream  *stream = run_stream(run, task->stream);
	Slice	   *slice = MemoryContextAllocZero(run->context, sizeof(Slice));

	slice->state = SLICE_PENDING;
	slice->target = stream->target;
	slice->shape = stream->shape;
	slice->density = MemoryContextAllocZero(run->context, sizeof(Density));
	slice->scope.advertiser_id = task->advertiser_id;
	slice->scope.from = task->from;
	slice->scope.to = task->to;
	slice->task = task->task;
	return slice;
}

/* Until when a slice's endpoint is paused, 0: it is not, or not for long. */
int64
open_paused_until(Run *run, const Slice *slice)
{
	int64		until = pace_paused_until(pace_find(run->connection->app, slice->target->stream->path));

	return until > clock_now_us() + YIELD_US ? until : 0;
}

/* In a unit: takes one task, if nobody works at it and nothing speaks against it. */
static bool
task_take(Run *run, const Task *task, Slice *slice)
{
	int64		paused = open_paused_until(run, slice);

	if (paused > 0)
	{
		task_postpone(task->task, paused);
		return false;
	}
	if (claim_take(slice, run->connection->name, task->crashes > 0, true) != CLAIM_TAKEN)
		return false;
	if (task->crashes < TASK_CRASHES_MAX && task_begin(task->task))
		return true;
	if (task->crashes >= TASK_CRASHES_MAX)
		task_set_aside(task->task);
	claim_release(slice);
	return false;
}

/* Unit: takes the best task that can be taken, its crash counted beforehand. */
static void
unit_take(void *arg)
{
	OpenWork   *work = arg;
	Run		   *run = work->run;
	int			count;
	Task	   *tasks = task_candidates(run->connection->name, claim_capacity() + SLICES_OPEN_MAX, &count);

	for (int i = 0; i < count; i++)
	{
		work->task = tasks[i].task;
		work->slice = slice_of_task(run, &tasks[i]);
		if (task_take(run, &tasks[i], work->slice))
		{
			if (slice_claim(run, work->slice))
				return;
			task_drop(work->task);
			claim_release(work->slice);
		}
		pfree(work->slice->density);
		pfree(work->slice);
		work->slice = NULL;
	}
}

/* Unit: records that a task could not be begun. */
static void
unit_untaken(void *arg)
{
	OpenWork   *work = arg;

	task_failed(work->task, 0, &work->error);
}

/* Puts a claimed slice among the open ones. */
static void
slice_open(Run *run, Slice *slice)
{
	MemoryContext before = MemoryContextSwitchTo(run->context);

	slice->context = run->context;
	*array_add(&run->open) = slice;
	MemoryContextSwitchTo(before);
	slice_begin(slice);
}

/* Opens the next slice of a CALL that nobody else works at; false: there is none. */
static bool
open_pending(Run *run)
{
	for (int i = run->pending.count - 1; i >= 0; i--)
	{
		Slice	   *slice = run->pending.items[i];
		Slice	   *rest;
		OpenWork	work = {run, 0, slice};
		ErrorData  *failure;
		MemoryContext before;

		if (each_waits(run, slice))
			continue;
		rest = plan_narrow(run->context, slice);
		if (rest != NULL)
		{
			before = MemoryContextSwitchTo(run->context);
			*array_add(&run->pending) = rest;
			MemoryContextSwitchTo(before);
			/* the rest is fetched after this one */
			run->pending.items[run->pending.count - 1] = slice;
			run->pending.items[i] = rest;
			i = run->pending.count - 1;
			run->totals->slices++;
		}
		if (claim_take(slice, run->connection->name, false, false) != CLAIM_TAKEN)
			continue;
		memmove(&run->pending.items[i], &run->pending.items[i + 1],
				(run->pending.count - i - 1) * sizeof(Slice *));
		run->pending.count--;
		slice_open(run, slice);
		failure = unit_try(run->authority, unit_claim, &work);
		if (failure != NULL)
			settle_unopened(run, slice, failure);
		else if (work.expired)
			settle_expired(run, slice);
		return true;
	}
	return false;
}

/* Opens the next task that nobody else works at; false: there is none. */
static bool
open_task(Run *run)
{
	OpenWork	work = {run};
	ErrorData  *failure = unit_try(run->authority, unit_take, &work);

	if (failure != NULL)
	{
		if (work.slice != NULL)
			claim_release(work.slice);
		if (work.task == 0)
			ReThrowError(failure);
		work.error = settle_error(failure);
		unit_run(run->authority, unit_untaken, &work);
		return true;
	}
	if (work.slice == NULL)
		return false;
	begun[nbegun++] = work.slice->task;
	run->totals->slices++;
	slice_open(run, work.slice);
	return true;
}

/* Opens the next slice that nobody else works at; false: there is none. */
bool
open_next(Run *run)
{
	return run->request != NULL ? open_pending(run) : open_task(run);
}

/* Takes note that an open slice has ended and is on record. */
void
open_ended(Slice *slice)
{
	claim_release(slice);
	slice_recorded(slice);
	for (int i = 0; i < nbegun; i++)
		if (begun[i] == slice->task)
			begun[i] = begun[--nbegun];
}

/* Unit: takes back the crashes that were counted. */
static void
unit_take_back(void *arg)
{
	task_unbegin(begun, nbegun);
}

/* Takes back what was counted against tasks that this worker leaves in good order. */
void
open_take_back(const Authority *authority)
{
	if (nbegun > 0)
		(void) unit_try(authority, unit_take_back, NULL);
	nbegun = 0;
	claim_release_all();
}
