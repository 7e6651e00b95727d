/*
 * engine.h: what the parts of the engine share: run.c drives, fetch.c reads
 * pages, settle.c ends slices.
 */
#ifndef TIKTOKADS_ENGINE_H
#define TIKTOKADS_ENGINE_H

#include "account/advertiser.h"
#include "base/unit.h"
#include "sync/run.h"

/* A stream that this run met in the tasks. */
typedef struct RunStream
{
	Target	   *target;
	RowShape   *shape;
} RunStream;

#define SLICES_OPEN_MAX		4	/* read at once */

/* One run for one connection. */
typedef struct Run
{
	const Authority *authority;
	Connection *connection;
	const SyncRequest *request; /* NULL: slices come from the tasks */
	RunAdvice	(*advise) (void);	/* NULL: go on to the end */
	RunTotals  *totals;
	MemoryContext context;		/* all of the run */
	MemoryContext page_context; /* one page being parsed */
	Caller		caller;
	SliceQueue	pending;		/* first to fetch is the last item */
	SliceQueue	open;
	ARRAY_OF(RunStream) streams;
	bool		drained;		/* no further slice is opened */
	bool		dead;			/* the token was refused */
	CallError	death;
	TimestampTz started;
	TimestampTz reported;
	AdvertiserList advertisers;
	Target	   *advertiser_target;
} Run;

/* fetch.c: asks for pages as far as there is room; handles a reply. */
extern void fetch_fill(Run *run, int max_requests);
extern void fetch_arrived(Run *run, Call *call);
extern void fetch_forget(Run *run, Slice *slice);
extern bool fetch_again(Slice *slice);
extern bool fetch_smaller(Slice *slice);
extern void fetch_submit(Run *run, Slice *slice, const char *method, const char *endpoint,
						 const char *url, const char *body, int64 not_before_us);

/* probe.c: finds the metrics that the API refuses. */
extern bool probe_begin(Run *run, Slice *slice, const CallError *error);
extern void probe_fill(Run *run, Slice *slice);
extern bool probe_arrived(Run *run, Slice *slice, Call *call);

/* each.c: goes through the rows of another stream, one request for each or some. */
extern void each_prepare(MemoryContext context, Slice *slice);
extern bool each_is_over(Slice *slice);
extern bool each_next(Slice *slice);
extern double each_pages(const Slice *slice);
extern bool each_waits(const Run *run, const Slice *slice);

/* remote.c: reads what the API cuts short in another way. */
extern bool remote_begin(Run *run, Slice *slice);
extern bool remote_next_part(Slice *slice);
extern void remote_fill(Run *run, Slice *slice);
extern bool remote_arrived(Run *run, Slice *slice, Call *call);

/* repeat.c: spares the parsing of pages that are what they were. */
extern void repeat_prepare(Slice *slice, MemoryContext context);
extern bool repeat_take(Slice *slice, int page, Reply *reply);
extern bool repeat_is_all(const Slice *slice);
extern bool repeat_ends(Slice *slice);
extern bool repeat_give(Slice *slice, int *page, char **body, size_t *length);
extern int64 repeat_rows(const Slice *slice);
extern void repeat_store(const Slice *slice, bool whole);

/* settle.c: ends slices, each with its record in one commit. */
extern void settle_store(Run *run, Slice *slice);
extern void settle_judge(Run *run, Slice *slice, const CallError *error);
extern void settle_split(Run *run, Slice *slice, int days_each, const CallError *error);
extern void settle_postpone(Run *run, Slice *slice, const char *why, int64 not_before_us);
extern void settle_abandon(Run *run, SliceEnd end, const CallError *error);
extern void settle_unopened(Run *run, Slice *slice, const ErrorData *failure);
extern void settle_expired(Run *run, Slice *slice);
extern void settle_refused(Run *run, const CallError *error);
extern void settle_pause_note(void *arg, const char *endpoint, int64 until_us, const char *reason);

/* open.c: begins the next slice; gives back the claim of one that has ended and is on record. */
extern bool open_next(Run *run);
extern int64 open_paused_until(Run *run, const Slice *slice);
extern void open_ended(Slice *slice);

/* An error that is ours, as a call's error. */
extern CallError settle_error(const ErrorData *failure);

#endif
