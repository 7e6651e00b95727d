/*
 * slice.h: the unit that is claimed, fetched, stored and retried.
 */
#ifndef TIKTOKADS_SLICE_H
#define TIKTOKADS_SLICE_H

#include "postgres.h"

#include "account/connection.h"
#include "api/reply.h"
#include "api/request.h"
#include "lib/stringinfo.h"
#include "store/target.h"

/*
 * The states of a slice.
 *
 *	PENDING   -> FETCHING		claimed: its history row and partitions are committed
 *	FETCHING  -> READY			every page is there
 *	FETCHING  -> FETCHING		it changed while it was read: read again
 *	READY     -> OVER			rows, removals, cursor and history committed together
 *	any       -> OVER			failed, split or postponed, and recorded as such
 */
typedef enum SliceState
{
	SLICE_PENDING,
	SLICE_FETCHING,
	SLICE_READY,
	SLICE_OVER
} SliceState;

/* How a slice ended, as sync_history.state says it. */
typedef enum SliceEnd
{
	SLICE_DONE,
	SLICE_FAILED,
	SLICE_POSTPONED,
	SLICE_SPLIT
} SliceEnd;

/* How often a slice is read again that moves while it is read. */
#define SLICE_REREADS	2

/* What an advertiser's stream is known to hold, to cut later slices well. */
typedef struct Density
{
	const StreamDef *stream;
	int64		advertiser_id;
	double		pages_per_day;	/* 0: not known yet */
} Density;

typedef struct Probe Probe;
typedef struct Repeat Repeat;
typedef struct Remote Remote;

typedef struct Slice
{
	SliceState	state;
	Target	   *target;
	RowShape   *shape;			/* shared by the slices of a stream */
	Density    *density;
	Scope		scope;
	int64		run;			/* number in sync_history */
	int64		task;			/* in sync_task, 0: none */
	int			claim;			/* in shared memory, 0: none */
	MemoryContext context;		/* holds the pages' bookkeeping */
	Tuplestorestate *rows;
	int64		nrows;
	bool	   *filled;			/* columns that some reply had */
	int			next_page;		/* to ask for */
	int			in_flight;
	int			pages_done;
	int64		total_pages;	/* -1: not known yet */
	int64		total_rows;		/* -1: the API did not say */
	bool		shifted;		/* the API's totals changed between pages */
	bool		truncated;		/* the API cut the list short */
	int			pages_before;	/* and rows, of what was gone through */
	int64		rows_before;
	int			rereads;
	TimestampTz store_after;	/* 0: at once */
	int			epoch;			/* replies of an earlier reading are ignored */
	StringInfoData request_ids; /* text of a text[] */
	StringInfoData note;
	StringInfoData drift;		/* what was unexpected in the replies */
	char	   *totals;			/* the API's totals as JSON, NULL: none */
	TimestampTz read_at;		/* when reading began, clock_now() */
	bool		modified_only;	/* of an undated stream: what was modified since scope.from */
	const Names *metrics;		/* to ask for, NULL: the stream's */
	int			page_size;		/* 0: the stream's */
	Probe	   *probe;			/* while refused metrics are looked for */
	bool		probed;			/* that was done */
	Repeat	   *repeat;			/* hashes of pages, NULL: not used */
	bool		unchanged;		/* all pages are what was stored last time */
	Remote	   *remote;			/* while it is read by an asynchronous task */
	Names		parts;			/* campaigns to read one after the other, as JSON arrays */
	int			part;
	int			part_size;		/* campaigns in each */
	char	   *campaign_ids;	/* JSON array, of a part of a report; NULL: all */
	int64		rejected;		/* rows without a key */
	int64		requests;		/* sent for it, repeated ones included */
	int64		retries;
	int64		throttles;
	int64		http_errors;
	int64		api_errors;
	int64		bytes;
	double		api_seconds;
	double		db_seconds;
	StoreCounts counts;
} Slice;

/* Days that a dated slice covers, 0 for an undated one; a month is one piece. */
extern int	slice_days(const Slice *slice);

/* "stream, advertiser 123, 2024-01-01 to 2024-01-30", palloc'd. */
extern char *slice_describe(const Slice *slice);

/* What of the stream is asked for. */
extern RequestScope slice_request(const Slice *slice, const Connection *connection);

/* Begins reading: an empty tuplestore and page 1 to ask for. */
extern void slice_begin(Slice *slice);

/* Asks for page 1 of the next part, and keeps the rows of those before. */
extern void slice_turn(Slice *slice);

/* Puts one parsed row of a page into the slice. */
extern void slice_add_row(Slice *slice, int page, int row, Datum *values, bool *nulls);

/* Takes note of what a page's envelope says. */
extern void slice_add_page(Slice *slice, const Envelope *envelope, int page);

/* True when every page is there. */
extern bool slice_is_whole(const Slice *slice);

/* True when the rows are as many as the API says and nothing moved meanwhile. */
extern bool slice_is_consistent(const Slice *slice);

/* Frees what was held of pages that are the same, or begins anew with them (repeat.c). */
extern void repeat_forget(Slice *slice);
extern void repeat_restart(Slice *slice);

/* Frees what reading needed. */
extern void slice_end(Slice *slice);

/* Frees what the record of its end needed; late replies find the slice itself still there. */
extern void slice_recorded(Slice *slice);

/* Appends to the slice's note for the history, once. */
extern void slice_note(Slice *slice, const char *format,...) pg_attribute_printf(2, 3);

#endif
