/*
 * state.h: what the aggregates over a person's events have in common.
 */
#ifndef TIKTOKADS_STATE_H
#define TIKTOKADS_STATE_H

#include "postgres.h"

#include "utils/array.h"

#include "funnel/question.h"

/* Rows that are kept inside the state before they join the events. */
#define STATE_RECENT_NARROW	9
#define STATE_RECENT_WIDE	4

/*
 * Events are narrow, 8 bytes each, as long as they satisfy the first 16 steps
 * only and lie within about four years (2^47 units) of the first one; wide,
 * 16 bytes each, once one of them does not.
 */
typedef struct FunnelState
{
	const FunnelQuestion *question;
	MemoryContext context;		/* of the events */
	void	   *events;			/* uint64 or FunnelEvent */
	int64		count;
	int64		capacity;
	int64		base;			/* what the times of narrow events count from */
	bool		wide;
	bool		sorted;			/* events, by time, then steps */
	int			nrecent;		/* rows that are not among the events yet */
	union
	{
		uint64		narrow[STATE_RECENT_NARROW];
		FunnelEvent wide[STATE_RECENT_WIDE];
	}			recent;
} FunnelState;

StaticAssertDecl(sizeof(FunnelState) <= 128, "a group's state should fit two cache lines");

/* Orders events by time, then steps. */
static inline int
event_order(const FunnelEvent *a, const FunnelEvent *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (a->steps > b->steps) - (a->steps < b->steps);
}

extern void events_sort(FunnelEvent *events, size_t count);
extern FunnelState *state_make(MemoryContext context, const FunnelQuestion *question);
extern FunnelState *state_of_row(FunctionCallInfo fcinfo, MemoryContext context, int constants, QuestionMaker make);
extern void state_add(FunnelState *state, int64 at, uint64 steps);
extern const FunnelEvent *state_events(FunnelState *state);
extern void state_absorb(FunnelState *into, FunnelState *from);
extern void state_bytes(StringInfo in, bytea *bytes);
extern void events_write(StringInfo out, FunnelState *state);
extern void events_read(StringInfo in, FunnelState *state);
extern uint64 state_steps(ArrayType *array, int nsteps);

#endif
