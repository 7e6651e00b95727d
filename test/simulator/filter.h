/*
 * filter.h: which entities a request asks for.
 */
#ifndef SIMULATOR_FILTER_H
#define SIMULATOR_FILTER_H

#include "json.h"
#include "request.h"

#define MAX_FILTER_IDS 100

typedef struct Filter
{
	unsigned	states;			/* bits by State */
	bool		nothing;		/* no entity of ours can match */
	int			ids[ENTITY_LEVELS];	/* how many, 0: any */
	int64		id[ENTITY_LEVELS][MAX_FILTER_IDS];
	char		secondary[64];	/* "" any */
	char		name[128];
	char		objective[64];
	int			smart;			/* -1 any */
	int64		created_from;
	int64		created_to;
	int64		modified_after;
} Filter;

extern void filter_clear(Filter *filter);
extern int	filter_read_entities(Request *request, Level level, Filter *filter);
extern int	filter_read_report(Request *request, Level level, Filter *filter);
extern bool filter_matches(const Filter *filter, const Advertiser *adv, Level level, int index, int64 now);

#endif
