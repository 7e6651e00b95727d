/*
 * aggregate.h: the guard at the door of every aggregate support function.
 */
#ifndef TIKTOKADS_AGGREGATE_H
#define TIKTOKADS_AGGREGATE_H

#include "postgres.h"

#include "fmgr.h"

/* The context that the aggregate's state lives in; an error when called from elsewhere. */
static inline MemoryContext
aggregate_context(FunctionCallInfo fcinfo, const char *name)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s called outside an aggregate", name),
				 errhint("It is a support function: call the aggregate that uses it.")));
	return context;
}

#endif
