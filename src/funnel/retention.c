/*
 * retention.c: the aggregate retention(), ClickHouse's: the first value tells
 * whether condition 1 was ever true, the i-th whether conditions 1 and i were.
 *
 * The state is FunnelState's with one event: the conditions seen so far.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "base/aggregate.h"
#include "funnel/state.h"

PG_FUNCTION_INFO_V1(tiktokads_retention_step);
PG_FUNCTION_INFO_V1(tiktokads_retention_combine);
PG_FUNCTION_INFO_V1(tiktokads_retention_final);

/* The question of retention: how many conditions there are, and nothing else. */
static FunnelQuestion *
retention_question(FunctionCallInfo fcinfo, int nsteps)
{
	return question_make(nsteps, NULL, 0, NULL, 0);
}

/* Notes that conditions were true. */
static void
retention_note(FunnelState *state, MemoryContext context, uint64 steps)
{
	if (state->count == 0)
		state_add(state, context, 0, 0);
	state->events[0].steps |= steps;
}

/* Adds a row: (state, conditions). */
Datum
tiktokads_retention_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "retention");
	FunnelState *state = state_of_row(fcinfo, context, 0, retention_question);

	retention_note(state, context, state_steps(PG_GETARG_ARRAYTYPE_P(1), state->question->nsteps));
	PG_RETURN_POINTER(state);
}

/* Combines the states of two workers: what each saw, seen by one. */
Datum
tiktokads_retention_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "retention_combine");
	FunnelState *state = (FunnelState *) DatumGetPointer(tiktokads_funnel_combine(fcinfo));
	int64		i;

	if (state == NULL)
		return (Datum) 0;		/* the call has set isnull */
	for (i = 0; i < state->count; i++)
		retention_note(state, context, state->events[i].steps);
	state->count = Min(state->count, 1);
	PG_RETURN_POINTER(state);
}

/* Which conditions were ever true, given that the first was. */
Datum
tiktokads_retention_final(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	Datum		values[FUNNEL_STEPS_MAX];
	uint64		seen;
	int			i;

	(void) aggregate_context(fcinfo, "retention");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (FunnelState *) PG_GETARG_POINTER(0);
	seen = state->count > 0 ? state->events[0].steps : 0;
	for (i = 0; i < state->question->nsteps; i++)
		values[i] = BoolGetDatum((seen & 1) && (seen >> i & 1));
	PG_RETURN_ARRAYTYPE_P(construct_array(values, state->question->nsteps, BOOLOID, 1, true, TYPALIGN_CHAR));
}
