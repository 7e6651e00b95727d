/*
 * claim.h: the slices that processes of this server work at, and how far they are.
 */
#ifndef TIKTOKADS_CLAIM_H
#define TIKTOKADS_CLAIM_H

#include "sync/slice.h"

/* What a process does with its slice. */
typedef enum ClaimPhase
{
	CLAIM_FETCHING,
	CLAIM_WAITING,				/* for the API's rate budget */
	CLAIM_STORING
} ClaimPhase;

/* How taking a claim ended. */
typedef enum ClaimResult
{
	CLAIM_TAKEN,
	CLAIM_BUSY,					/* another process works at some of it */
	CLAIM_FULL					/* no room for one more claim */
} ClaimResult;

/* No claim: not taken, or the server has no shared memory of ours. */
#define CLAIM_NONE	0

/* Asks for the shared memory; only while preloading. */
extern void ClaimInit(void);

/*
 * Takes a slice for this process, unless another process has one of the same
 * stream and advertiser with a day in common.  Of suspects (slices that were
 * there when a server crashed) one at a time is worked at in a database.
 * Unpreloaded, everything is taken: the app's lock keeps others away.
 */
extern ClaimResult claim_take(Slice *slice, const char *connection, bool suspect, bool worker);

/* Tells others of the slice's run, of its progress, and of that of all slices. */
extern void claim_set_run(const Slice *slice);
extern void claim_set_phase(const Slice *slice, ClaimPhase phase);
extern void claim_set_totals(const Slice *slice, int64 slices_done, int64 slices_expected,
							 TimestampTz started);

/* Gives the slice back. */
extern void claim_release(Slice *slice);

/* Gives everything back that this process holds. */
extern void claim_release_all(void);

/* Runs that are worked at in this database, as a bigint[]. */
extern Datum claim_runs(void);

/* How many processes may hold claims at most, and slices. */
extern int	claim_capacity(void);

#endif
