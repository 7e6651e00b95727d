/*
 * past.h: what entities were before.
 */
#ifndef TIKTOKADS_PAST_H
#define TIKTOKADS_PAST_H

#include "store/target.h"

/* Finds the columns that a target shares with its history table; none: it has no history. */
extern Names past_columns(MemoryContext context, const char *target);

/*
 * Adds to the history what this transaction changed of a target's rows, of one
 * ad account or of all (0); in the unit of work that changed them.
 */
extern void past_keep(const Target *target, int64 advertiser_id);

#endif
