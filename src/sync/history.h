/*
 * history.h: what is on record about each run and each cursor.
 */
#ifndef TIKTOKADS_HISTORY_H
#define TIKTOKADS_HISTORY_H

#include "api/caller.h"
#include "sync/slice.h"

/* Each works inside the current unit. */

/* Marks runs of this connection that nobody works at any more as interrupted. */
extern void history_sweep(const char *connection);

/* Records the claim of a slice and sets its run number. */
extern void history_claim(const char *connection, Slice *slice);

/* Records that a slice was stored, and moves the cursor. */
extern void history_done(Slice *slice);

/* Records that a slice was not stored. */
extern void history_not_done(Slice *slice, SliceEnd end, const CallError *error);

/* Records an endpoint's pause. */
extern void history_pause(const char *app, const char *endpoint, int64 until_us, const char *reason);

/* Lets this process know of an app's pauses. */
extern void history_load_pauses(const char *app);

#endif
