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
	int64		done;
	int64		failed;
	int64		postponed;
	int64		pages;
	int64		rows;
	int64		added;
	int64		changed;
	int64		removed;
	char	   *first_error;	/* NULL: none */
	char	   *first_hint;
} RunTotals;

extern void RunInit(void);

/*
 * Syncs one connection: finds its advertisers, plans, fetches and stores.  Only
 * one run works for an app in a database at a time; another waits here.
 */
extern void run_connection(const Authority *authority, Connection *connection,
						   const SyncRequest *request, RunTotals *totals);

#endif
