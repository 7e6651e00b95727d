/*
 * retention.c: the aggregate retention(), ClickHouse's: the first value tells
 * whether condition 1 was ever true, the i-th whether conditions 1 and i were.
 *
 * The state is FunnelState's, wide, with one event for each process that took part:
 * the conditions that it saw.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "base/aggregate.h"
#include "funnel/state.h"

PG_FUNCTION_INFO_V1(tiktokads_retention_step);
PG_FUNCTION_INFO_V1(tiktokads_retention_final);

/* The question of retention: how many conditions there are, and nothing else. */
static FunnelQuestion *
retention_question(FunctionCallInfo fcinfo, int nsteps)
{
	return question_make(nsteps, NULL, 0, NULL, 0);
}

/* Adds a row: (state, conditions). */
Datum
tiktokads_retention_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "retention");
	FunnelState *state = state_of_row(fcinfo, context, 0, retention_question);

	state->wide = true;
	state->recent.wide[0].steps |= state_steps(row_array(fcinfo), state->question->nsteps);
	state->nrecent = 1;
	PG_RETURN_POINTER(state);
}

/* Which conditions were ever true, given that the first was: in one process or in several. */
Datum
tiktokads_retention_final(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	const FunnelEvent *events;
	Datum		values[FUNNEL_STEPS_MAX];
	uint64		seen = 0;
	int64		i;

	(void) aggregate_context(fcinfo, "retention");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (FunnelState *) PG_GETARG_POINTER(0);
	events = state_events(state);
	for (i = 0; i < state->count; i++)
		seen |= events[i].steps;
	for (i = 0; i < state->question->nsteps; i++)
		values[i] = BoolGetDatum((seen & 1) && (seen >> i & 1));
	PG_RETURN_ARRAYTYPE_P(construct_array(values, state->question->nsteps, BOOLOID, 1, true, TYPALIGN_CHAR));
}
