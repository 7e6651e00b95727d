/*
 * window.c: the aggregate window_funnel().
 *
 * Rows without a time are left out; rows that satisfy no step are kept only
 * under strict_order, where they can break a chain.
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/aggregate.h"
#include "funnel/state.h"
#include "funnel/window.h"

PG_FUNCTION_INFO_V1(tiktokads_window_funnel_step);
PG_FUNCTION_INFO_V1(tiktokads_window_funnel_step_bigint);
PG_FUNCTION_INFO_V1(tiktokads_window_funnel_final);

/* The window in microseconds of an interval without months; a day is 24 hours. */
int64
window_microseconds(const Interval *window)
{
	int64		days;
	int64		span;

	if (window->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("window must not contain months or years"),
				 errhint("Give it in days, for example interval '30 days'; a day is 24 hours.")));
	if (pg_mul_s64_overflow(window->day, USECS_PER_DAY, &days) || pg_add_s64_overflow(days, window->time, &span))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("window is out of range")));
	return window_check(span);
}

/* Refuses a window that is negative. */
int64
window_check(int64 window)
{
	if (window < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("window must not be negative")));
	return window;
}

/* The words of a mode; an error names the one that is not known. */
unsigned
window_mode(const char *text)
{
	unsigned	mode;
	const char *bad;
	size_t		bad_length;

	if (!funnel_mode_parse(text, &mode, &bad, &bad_length))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown funnel mode \"%s\"", pnstrdup(bad, bad_length)),
				 errhint("A mode is a comma-separated list of strict_order, strict_deduplication, strict_increase, strict_once and allow_reentry, or empty.")));
	if ((mode & FUNNEL_ALLOW_REENTRY) && !(mode & FUNNEL_STRICT_ORDER))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("allow_reentry needs strict_order"),
				 errhint("Write strict_order,allow_reentry: without strict_order, events that come too early are ignored anyway.")));
	return mode;
}

/* Refuses a NULL where there must be a window. */
static void
window_required(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("window must not be null")));
}

/* The question that a window and a mode make. */
static FunnelQuestion *
window_question(FunctionCallInfo fcinfo, int nsteps, int64 window)
{
	FunnelRules rules;

	memset(&rules, 0, sizeof(rules));
	rules.window = window;
	rules.entry_until = PG_INT64_MAX;
	rules.nsteps = nsteps;
	rules.mode = PG_ARGISNULL(2) ? 0 : window_mode(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	return question_make(nsteps, &rules, sizeof(rules), NULL, 0);
}

/* The question of a call whose window is an interval. */
static FunnelQuestion *
window_question_interval(FunctionCallInfo fcinfo, int nsteps)
{
	window_required(fcinfo, 1);
	return window_question(fcinfo, nsteps, window_microseconds(PG_GETARG_INTERVAL_P(1)));
}

/* The question of a call whose window is a number. */
static FunnelQuestion *
window_question_bigint(FunctionCallInfo fcinfo, int nsteps)
{
	window_required(fcinfo, 1);
	return window_question(fcinfo, nsteps, window_check(PG_GETARG_INT64(1)));
}

/* Adds a row: (state, window, mode, at, steps). */
static Datum
window_step(FunctionCallInfo fcinfo, QuestionMaker make)
{
	MemoryContext context = aggregate_context(fcinfo, "window_funnel");
	FunnelState *state = state_of_row(fcinfo, context, 2, make);
	const FunnelRules *rules = (const FunnelRules *) state->question->bytes;

	if (!PG_ARGISNULL(3))
	{
		uint64		steps = state_steps(row_array(fcinfo), rules->nsteps);

		if (steps != 0 || (rules->mode & FUNNEL_STRICT_ORDER))
			state_add(state, PG_GETARG_INT64(3), steps);
	}
	PG_RETURN_POINTER(state);
}

/* Transition of window_funnel() over timestamps. */
Datum
tiktokads_window_funnel_step(PG_FUNCTION_ARGS)
{
	return window_step(fcinfo, window_question_interval);
}

/* Transition of window_funnel() over integers. */
Datum
tiktokads_window_funnel_step_bigint(PG_FUNCTION_ARGS)
{
	return window_step(fcinfo, window_question_bigint);
}

/* The rules that a state's question holds; an error when bytes from elsewhere are none. */
const FunnelRules *
window_rules(const FunnelState *state)
{
	const FunnelRules *rules = (const FunnelRules *) state->question->bytes;

	if (state->question->size < sizeof(FunnelRules) || rules->nsteps != state->question->nsteps || rules->window < 0)
		state_refuse();
	return rules;
}

/* The level that the rows reach. */
Datum
tiktokads_window_funnel_final(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	const FunnelEvent *events;

	(void) aggregate_context(fcinfo, "window_funnel");
	if (PG_ARGISNULL(0))
		PG_RETURN_INT32(0);
	state = (FunnelState *) PG_GETARG_POINTER(0);
	events = state_events(state);
	PG_RETURN_INT32(funnel_level(events, state->count, window_rules(state), NULL));
}
