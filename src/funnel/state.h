/*
 * state.h: what the aggregates over a person's events have in common.
 */
#ifndef TIKTOKADS_STATE_H
#define TIKTOKADS_STATE_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"

#include "funnel/level.h"

/*
 * What is asked, the same for every row of a group: compared, copied and sent
 * as bytes.  Each aggregate lays its own struct over `bytes`.
 */
typedef struct FunnelQuestion
{
	int			nsteps;
	int			size;			/* of bytes */
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} FunnelQuestion;

#define STATE_RECENT	5

typedef struct FunnelState
{
	const FunnelQuestion *question;
	FunnelEvent *events;
	int64		count;
	int64		capacity;
	bool		sorted;			/* events, by time, then steps */
	int			nrecent;		/* rows that are not among the events yet */
	FunnelEvent recent[STATE_RECENT];
} FunnelState;

StaticAssertDecl(sizeof(FunnelState) <= 128, "a group's state should fit two cache lines");

/* Makes the question of a call's arguments, in the current context. */
typedef FunnelQuestion *(*QuestionMaker) (FunctionCallInfo fcinfo, int nsteps);

extern FunnelQuestion *question_make(int nsteps, const void *head, int head_size, const char *tail, int tail_size);
extern bool question_equal(const FunnelQuestion *a, const FunnelQuestion *b);
extern FunnelState *state_of_row(FunctionCallInfo fcinfo, MemoryContext context, int constants, QuestionMaker make);
extern void state_add(FunnelState *state, int64 at, uint64 steps);
extern void state_sort(FunnelState *state);
extern uint64 state_steps(ArrayType *array, int nsteps);
extern int	state_step_count(ArrayType *array);

#endif
