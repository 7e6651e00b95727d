/*
 * series.h: the state that all aggregates of this room share.
 */
#ifndef TIKTOKADS_SERIES_H
#define TIKTOKADS_SERIES_H

#include "postgres.h"

#include "anomaly/grid.h"
#include "fmgr.h"
#include "utils/jsonb.h"

/* The measurements of a group, in any order, and the arguments that its rows share. */
typedef struct Series
{
	int64		count;
	int64		capacity;
	Point	   *points;
	bool		has_number;		/* horizon or period was given */
	int32		number;
	Jsonb	   *options;		/* NULL: none */
} Series;

extern Series *series_argument(FunctionCallInfo fcinfo, const char *name);
extern bool series_grid(const Series *series, Grid *grid);
extern Datum series_array(FunctionCallInfo fcinfo, int count, Datum (*row) (void *arg, int i, TupleDesc desc),
						  void *arg);

#endif
