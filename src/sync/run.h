/*
 * run.h: the engine that fetches and stores slices, whoever drives it.
 */
#ifndef TIKTOKADS_RUN_H
#define TIKTOKADS_RUN_H

#include "account/connection.h"
#include "sync/plan.h"

/* What a run came to. */
typedef struct RunTotals
{
	int64		slices;			/* planned, parts included */
	int64		expected;		/* of a worker: tasks that were open when it began */
	int64		done;
	int64		failed;
	int64		postponed;
	int64		pages;
	int64		rows;
	int64		added;
	int64		changed;
	int64		removed;
	bool		unreachable;	/* of a worker: perhaps the API is not there at all */
	char	   *first_error;	/* NULL: none */
	char	   *first_hint;
} RunTotals;

extern void RunInit(void);

/*
 * Syncs one connection: finds its advertisers, plans, fetches and stores.
 * Unpreloaded, one run works for an app in a database at a time and another
 * waits here; preloaded, they share out the slices by claim.
 */
extern void run_connection(const Authority *authority, Connection *connection,
						   const SyncRequest *request, RunTotals *totals);

/* What a worker should do next. */
typedef enum RunAdvice
{
	RUN_ON,
	RUN_DRAIN,					/* end what is open, begin nothing */
	RUN_STOP					/* leave now; what is open is done later */
} RunAdvice;

/*
 * Works at the tasks of one connection until none can be taken, asking for
 * advice twice a second or more; lists its ad accounts first where asked to.
 */
extern void run_tasks(const Authority *authority, Connection *connection, bool list,
					  RunAdvice (*advise) (void), RunTotals *totals);

/* True when a unit gave way to somebody else's locks and may be tried again. */
extern bool settle_is_crossing(const ErrorData *failure);

/*
 * Takes back the crashes that were counted against tasks this worker has begun,
 * and its claims: when it leaves in good order, though by an error.
 */
extern void open_take_back(const Authority *authority);

#endif
