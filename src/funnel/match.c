/*
 * match.c: the aggregates sequence_match(), sequence_count() and
 * sequence_events(), which share one state.
 *
 * As in ClickHouse only rows that satisfy a condition exist.  Where ClickHouse
 * leaves the order of rows of one moment undefined, here the one with the
 * smaller conditions comes first.  Times in a pattern are seconds for
 * timestamps and the unit of the column for integers.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/aggregate.h"
#include "funnel/sequence.h"
#include "funnel/state.h"

PG_FUNCTION_INFO_V1(tiktokads_sequence_step);
PG_FUNCTION_INFO_V1(tiktokads_sequence_step_bigint);
PG_FUNCTION_INFO_V1(tiktokads_sequence_match_final);
PG_FUNCTION_INFO_V1(tiktokads_sequence_count_final);
PG_FUNCTION_INFO_V1(tiktokads_sequence_events_final);

/* Before the pattern, which ends with a zero byte. */
typedef struct MatchHead
{
	int64		unit;			/* a time of 1 in the pattern */
} MatchHead;

/* Reads a pattern; an error says where it is wrong. */
static void
match_parse(const char *text, int nsteps, int64 unit, Pattern *pattern)
{
	PatternError error;

	if (!pattern_parse(text, nsteps, unit, pattern, &error))
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("invalid sequence pattern \"%s\" at position %d: %s", text,
						pg_mbstrlen_with_len(text, (int) error.position) + 1, error.reason),
				 errhint("A pattern is made of (?N) for condition N, . for any event, .* for any number of events, and (?t<=v), (?t<v), (?t>=v), (?t>v), (?t==v) for the time since the event before.")));
}

/* The question that a pattern makes. */
static FunnelQuestion *
match_question(FunctionCallInfo fcinfo, int nsteps, int64 unit)
{
	MatchHead	head = {unit};
	Pattern		pattern;
	char	   *written;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("pattern must not be null")));
	written = text_to_cstring(PG_GETARG_TEXT_PP(1));
	match_parse(written, nsteps, unit, &pattern);
	return question_make(nsteps, &head, sizeof(head), written, strlen(written) + 1);
}

/* The question of a call over timestamps. */
static FunnelQuestion *
match_question_seconds(FunctionCallInfo fcinfo, int nsteps)
{
	return match_question(fcinfo, nsteps, USECS_PER_SEC);
}

/* The question of a call over integers. */
static FunnelQuestion *
match_question_bigint(FunctionCallInfo fcinfo, int nsteps)
{
	return match_question(fcinfo, nsteps, 1);
}

/* Adds a row: (state, pattern, at, conditions). */
static Datum
match_step(FunctionCallInfo fcinfo, QuestionMaker make)
{
	MemoryContext context = aggregate_context(fcinfo, "sequence_match");
	FunnelState *state = state_of_row(fcinfo, context, 1, make);

	if (!PG_ARGISNULL(2))
	{
		uint64		steps = state_steps(row_array(fcinfo), state->question->nsteps);

		if (steps != 0)
			state_add(state, PG_GETARG_INT64(2), steps);
	}
	PG_RETURN_POINTER(state);
}

/* Transition over timestamps. */
Datum
tiktokads_sequence_step(PG_FUNCTION_ARGS)
{
	return match_step(fcinfo, match_question_seconds);
}

/* Transition over integers. */
Datum
tiktokads_sequence_step_bigint(PG_FUNCTION_ARGS)
{
	return match_step(fcinfo, match_question_bigint);
}

/* Lets a long search be cancelled. */
static void
match_check(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Prepares the search of a state's pattern in its rows. */
static void
match_begin(FunnelState *state, Pattern *pattern, Sequence *sequence)
{
	const FunnelQuestion *question = state->question;
	const FunnelEvent *events;
	size_t		words;
	uint64_t   *failed = NULL;

	if (question->size <= sizeof(MatchHead) || question->bytes[question->size - 1] != '\0')
		state_refuse();
	match_parse(question->bytes + sizeof(MatchHead), question->nsteps, ((const MatchHead *) question->bytes)->unit, pattern);
	events = state_events(state);
	words = sequence_words(pattern, state->count);
	if (words > 0)
		failed = MemoryContextAllocExtended(CurrentMemoryContext, words * sizeof(uint64_t), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	sequence_begin(sequence, pattern, events, state->count, failed, match_check);
}

/* Frees what match_begin() allocated. */
static void
match_end(Sequence *sequence)
{
	if (sequence->failed != NULL)
		pfree(sequence->failed);
}

/* Does the pattern match? */
Datum
tiktokads_sequence_match_final(PG_FUNCTION_ARGS)
{
	Pattern		pattern;
	Sequence	sequence;
	size_t		from = 0;
	bool		found;

	(void) aggregate_context(fcinfo, "sequence_match");
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	match_begin((FunnelState *) PG_GETARG_POINTER(0), &pattern, &sequence);
	found = sequence_find(&sequence, &from);
	match_end(&sequence);
	PG_RETURN_BOOL(found);
}

/* How many times does it match without overlap? */
Datum
tiktokads_sequence_count_final(PG_FUNCTION_ARGS)
{
	Pattern		pattern;
	Sequence	sequence;
	int64		matches;

	(void) aggregate_context(fcinfo, "sequence_count");
	if (PG_ARGISNULL(0))
		PG_RETURN_INT32(0);
	match_begin((FunnelState *) PG_GETARG_POINTER(0), &pattern, &sequence);
	matches = sequence_count(&sequence);
	match_end(&sequence);
	if (matches > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of matches is out of range")));
	PG_RETURN_INT32((int32) matches);
}

/* When were the steps of the first match, or of the longest beginning of one? */
Datum
tiktokads_sequence_events_final(PG_FUNCTION_ARGS)
{
	Pattern		pattern;
	Sequence	sequence;
	size_t		from = 0;
	Datum		times[PATTERN_ACTIONS_MAX];
	bool		nulls[PATTERN_ACTIONS_MAX];
	int			low = 1;
	int			i;

	(void) aggregate_context(fcinfo, "sequence_events");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	match_begin((FunnelState *) PG_GETARG_POINTER(0), &pattern, &sequence);
	(void) sequence_find(&sequence, &from);
	for (i = 0; i < pattern.nsteps; i++)
	{
		nulls[i] = i >= sequence.nbest;
		times[i] = nulls[i] ? (Datum) 0 : Int64GetDatum(sequence.events[sequence.best[i]].at);
	}
	match_end(&sequence);
	if (pattern.nsteps == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(get_element_type(get_fn_expr_rettype(fcinfo->flinfo))));
	PG_RETURN_ARRAYTYPE_P(construct_md_array(times, nulls, 1, &pattern.nsteps, &low,
											 get_element_type(get_fn_expr_rettype(fcinfo->flinfo)),
											 sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
