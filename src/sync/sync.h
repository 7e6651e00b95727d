/*
 * sync.h: CALL tiktokads.sync().
 */
#ifndef TIKTOKADS_SYNC_H
#define TIKTOKADS_SYNC_H

#include "fmgr.h"
#include "sync/plan.h"

/* Takes a request from a procedure's first five arguments; inverted dates are refused. */
extern void sync_take_request(FunctionCallInfo fcinfo, SyncRequest *request);

/*
 * Loads the connections that a request is for, and complains about what does
 * not exist; in a unit of work.
 */
extern Connection *sync_resolve(MemoryContext context, const SyncRequest *request, int *count);

/* Defines the room's settings. */
extern void SyncInit(void);

#endif
