/*
 * collect.h: the events of a query, by person and in order of time.
 */
#ifndef TIKTOKADS_COLLECT_H
#define TIKTOKADS_COLLECT_H

#include "postgres.h"

#include "funnel/level.h"

/* What a row says beside its time and steps; NULL where it says nothing. */
typedef struct EventTag
{
	char	   *hold;			/* value that must not change within an attempt */
	char	   *breakdown;		/* value that an attempt is counted under */
} EventTag;

typedef struct Collection
{
	int			nsteps;
	bool		keep_all;		/* also events that satisfy no step */
	bool		tagged;			/* rows have a hold and a breakdown */
	int64		count;
	int64		npeople;
	FunnelEvent *events;		/* by person; within one, in order of time, then steps, then tag */
	int32	   *tags;			/* of each event, when tagged */
	int64	   *starts;			/* first event of each person, and the end */
	int			ntags;
	EventTag   *tag_values;		/* sorted by their texts */
} Collection;

extern Collection *collect_events(const char *query, int nsteps, bool keep_all, bool tagged);

#endif
