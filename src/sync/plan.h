/*
 * plan.h: which slices are due.
 */
#ifndef TIKTOKADS_PLAN_H
#define TIKTOKADS_PLAN_H

#include "account/connection.h"
#include "base/array.h"
#include "sync/slice.h"

/* What a call asked for. */
typedef struct SyncRequest
{
	char	   *connection;		/* NULL: all */
	char	   *stream;			/* NULL: every enabled one */
	int64		advertiser_id;	/* 0: all */
	DateADT		from;			/* DATEVAL_NOBEGIN: the default */
	DateADT		to;				/* DATEVAL_NOEND: today */
	bool		due;			/* only what is due, whatever the days */
} SyncRequest;

typedef struct SliceQueue
{
	Slice	  **items;
	int			count;
	int			capacity;
} SliceQueue;

/*
 * Lists the slices that the request means for a connection, first to fetch
 * first; in a unit of work, in the given context.
 */
extern void plan_make(MemoryContext context, const Connection *connection,
					  const SyncRequest *request, SliceQueue *queue);

/*
 * Narrows a slice to what is bounded well, given what is known of its density;
 * the rest comes back as a slice of its own, NULL when nothing is cut.
 */
extern Slice *plan_narrow(MemoryContext context, Slice *slice);

/*
 * Looks up what a slice needs beside its stream, in a unit of work: the
 * account's zone and the metrics that the API refuses it.
 */
extern void plan_prepare(MemoryContext context, Slice *slice);

/*
 * Narrows a slice to the newest days that retention left (the next plan has the
 * others); false when none are left.  In a unit of work.
 */
extern bool plan_trim(Slice *slice);

/* A copy of a slice, pending, for other days. */
extern Slice *plan_copy(MemoryContext context, const Slice *slice, DateADT from, DateADT to);

#endif
