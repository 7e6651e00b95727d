/*
 * attribution.c: settings of the room, and memory for its arithmetic.
 *
 * The arithmetic (exact, chain, dense, walk, markov, heuristic, shapley,
 * incremental, score, paths, route) knows nothing of PostgreSQL and asks
 * memory.h for what it needs.  What it allocates it need not give back: callers
 * run it in a context of their own.
 */
#include "postgres.h"

#include <limits.h>

#include "attribution/attribution.h"
#include "attribution/memory.h"
#include "attribution/path_table.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"

static int	memory_limit_mb = 4096;

/* Defines the settings of the room. */
void
AttributionInit(void)
{
	DefineCustomIntVariable("tiktokads.attribution_memory",
							"Most memory that one attribution, path set or set of touches may take.",
							"It is taken by distinct journeys, states and touches; more is an error.",
							&memory_limit_mb, 4096, 1, MAX_KILOBYTES / 1024, PGC_USERSET, GUC_UNIT_MB,
							NULL, NULL, NULL);
}

/* Ends with an error when more memory was taken than tiktokads.attribution_memory allows. */
void
attribution_check_memory(Size memory)
{
	if (memory / 1024 / 1024 >= (Size) memory_limit_mb)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("attribution needs more than the %d MB of \"tiktokads.attribution_memory\"", memory_limit_mb),
				 errhint("Raise the setting, narrow the dates, or make paths more alike: tiktokads.path_exposure(), tiktokads.path_trim_long().")));
}

/* Zeroed memory of the current context. */
void *
attribution_alloc(size_t size)
{
	if (size > (Size) 1024 * 1024)
		attribution_check_memory(size);
	return MemoryContextAllocExtended(CurrentMemoryContext, size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* The same memory grown, its new part not zeroed. */
void *
attribution_realloc(void *memory, size_t size)
{
	if (size > (Size) 1024 * 1024)
		attribution_check_memory(size);
	return memory == NULL ? MemoryContextAllocHuge(CurrentMemoryContext, size) : repalloc_huge(memory, size);
}

/* Gives memory back before its context ends; NULL is none. */
void
attribution_free(void *memory)
{
	if (memory != NULL)
		pfree(memory);
}

/* Lets a cancel request through. */
void
attribution_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}
